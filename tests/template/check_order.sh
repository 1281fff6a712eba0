# SPDX-License-Identifier: MIT
#
# check_order.sh: inclusion goes one way, and nothing that the headers define
# lacks its prefix:
#
# - a format includes the contract and other files of axaddr_arch, never the engine (and what changes
#   roots, *_switch.h, also vmid.h: who has which tag);
# - the engine includes nothing of axaddr_arch, the contract nothing of the engine;
# - nothing includes axaddr.h; there are no cycles;
# - macros begin with AXADDR_, identifiers at file scope with axaddr_ or AXADDR_, what the macros
#   generate with the name that the user chose.

# What a format may include, and what the engine stands on. All else in axaddr_core is the engine.
order_format_may=" absent addr base exit flags flush format guest_format text "
order_contract="$order_format_may hal require frame quiesce vmid "
# The engine without areas: what works on one table.
order_above_table=" areas upgrade space data report vm guest_memory guest_walk tracking generate "

# "includer included" for each #include "..." of the headers, as paths below the root.
inclusions() {
    local header
    for header in $(headers); do
        sed -n 's/^[ \t]*#[ \t]*include[ \t]*"\([^"]*\)".*/\1/p' "$root/$header" |
            while read -r included; do
                echo "$header $(cd "$root" && realpath -m --relative-to=. "$(dirname "$header")/$included")"
            done
    done
}

# Why an inclusion is not allowed; nothing if it is. $1 includes $2.
inclusion_complaint() {
    local from to
    from=$(basename "$1" .h)
    to=$(basename "$2" .h)
    [ -f "$root/$2" ] || echo "$1 includes $2, which is not there"
    case $1:$2 in
    axaddr.h:*) return ;;
    *:axaddr.h) echo "$1 includes axaddr.h" ;;
    axaddr_arch/*:axaddr_core/*)
        [[ $order_format_may == *" $to "* || $1:$to == *_switch.h:vmid ]] ||
            echo "$1, a format, includes $2" ;;
    axaddr_core/*:axaddr_arch/*) echo "$1 includes $2, a format" ;;
    axaddr_core/*:axaddr_core/*)
        if [[ $order_contract == *" $from "* && $order_contract != *" $to "* ]]; then
            echo "$1, of the contract, includes $2, of the engine"
        fi
        if [[ $order_above_table != *" $from "* && $order_above_table == *" $to "* ]]; then
            echo "$1, of one table, includes $2, which is above it"
        fi ;;
    esac
}

# What of a preprocessed C text has no prefix. $1: a pattern of names that are allowed. Only lines of
# files below $2 count. Outside of all braces and parentheses each identifier does, unless it belongs
# to the language; tags do anywhere; and the enumerators.
unprefixed() {
    awk -v allowed="$1" -v below="$2" '
        BEGIN {
            split("typedef struct enum union static const inline extern void bool _Bool char int " \
                  "unsigned signed long short volatile __inline __inline__ __extension__ " \
                  "__attribute__ __asm__ _Static_assert static_assert uint8_t uint16_t uint32_t " \
                  "uint64_t int32_t int64_t uintptr_t size_t", words, " ")
            for (i in words) is_language[words[i]] = 1
        }
        /^# [0-9]+ "/ {
            file = $3
            gsub(/"/, "", file)
            is_ours = index(file, below) == 1
            next
        }
        !is_ours { next }
        {
            gsub(/"([^"\\]|\\.)*"/, "0")
            gsub(/\x27([^\x27\\]|\\.)*\x27/, "0")
            text = $0
            while (match(text, /[A-Za-z_][A-Za-z_0-9]*|[0-9][A-Za-z_0-9.]*|[^ \t]/)) {
                token = substr(text, RSTART, RLENGTH)
                text = substr(text, RSTART + RLENGTH)
                if (token == "(" || token == "[") depth++
                else if (token == ")" || token == "]") depth--
                else if (token == "{") {
                    braces++
                    if (is_enum) { enum_at = braces; is_enumerator = 1 }
                    is_enum = 0
                } else if (token == "}") {
                    if (enum_at == braces) enum_at = 0
                    braces--
                } else if (token == ";") is_enum = 0
                else if (token ~ /^[A-Za-z_]/) {
                    is_tag = previous ~ /^(struct|union|enum)$/
                    if (token == "enum" && depth == 0) is_enum = 1
                    if (((braces == 0 && depth == 0) || is_tag || (enum_at == braces && is_enumerator)) &&
                        !(token in is_language) && token !~ allowed) print token
                    is_enumerator = 0
                }
                if (token == "," && depth == 0 && enum_at == braces) is_enumerator = 1
                if (depth == 0 && token ~ /^[(){]$/) is_enum = is_enum && token == "{"
                previous = token
            }
        }' | sort -u
}

# One name of each sort, and a few that are none: what unprefixed must make of them.
order_control() {
    local found
    found=$(unprefixed '^axaddr_' /x <<'END'
# 1 "/usr/include/other.h" 1
typedef int theirs_t;
# 1 "/x/axaddr.h" 1
typedef struct axaddr_good { int member; } bad_type_t;
struct bad_tag { enum axaddr_kind kind; };
enum axaddr_kind { axaddr_one = 1, BAD_ENUMERATOR, axaddr_three };
static inline enum axaddr_kind bad_function(int parameter) { int local = parameter; return local; }
static const struct axaddr_good bad_object = { .member = 1 };
static inline void axaddr_fine(struct axaddr_good *it, uint64_t (*hook)(int)) { it->member = "x y"[0]; }
END
    )
    if [ "$(paste -sd ' ' <<<"$found")" = "BAD_ENUMERATOR bad_function bad_object bad_tag bad_type_t" ]; then
        pass "control: unprefixed names"
    else
        fail "control: unprefixed names" "finds: $(paste -sd ' ' <<<"$found")"
    fi
}

# Names that axaddr.h and, through the macros, a user's file get.
order_names() {
    local all=$build/order/names.c
    printf '#include <stdbool.h>\n#include <stddef.h>\n#include <stdint.h>\n' >"$build/order/system.c"
    headers | sed 's/.*/#include "&"/' >"$all"
    comm -13 <(gcc -dM -E "$build/order/system.c" | awk '{ print $2 }' | sed 's/(.*//' | sort -u) \
        <(gcc -dM -E "-I$root" "$all" | awk '{ print $2 }' | sed 's/(.*//' | sort -u) |
        grep -v '^AXADDR_' | report_lines "macros without prefix"
    gcc -E "-I$root" "$all" | grep -v '^#pragma' | unprefixed '^(axaddr_|AXADDR_)' "$root" |
        report_lines "identifiers without prefix"
    gcc -E "-I$root" "-I$here" "$here/order_names.c" | grep -v '^#pragma' |
        unprefixed '^(axaddr_|zz$|zz_)' "$here/order_names.c" |
        report_lines "generated identifiers without the user's name"
}

# Report the list on stdin as a failure of check $1, or a pass.
report_lines() {
    local list
    list=$(cat)
    if [ -z "$list" ]; then
        pass "$1"
    else
        fail "$1" "$(paste -sd ' ' <<<"$list")"
    fi
}

check_order() {
    mkdir -p "$build/order"
    inclusions >"$build/order/inclusions"
    if [ "$(wc -l <"$build/order/inclusions")" -lt 20 ]; then
        fail "inclusion order" "the headers' #include lines are not seen"
    fi
    while read -r from to; do
        inclusion_complaint "$from" "$to"
    done <"$build/order/inclusions" | report_lines "inclusion order"
    tsort <"$build/order/inclusions" 2>&1 >/dev/null | grep -v '^tsort: -' | sed 's/^tsort: //' |
        report_lines "inclusion cycles"
    order_control
    need gcc && order_names
}
