# SPDX-License-Identifier: MIT
#
# check_size.sh: what an instance with its whole API costs, with gcc for x86_64, against the file
# budgets beside this one: the code (the .text sections of an object that has nothing else, at -Os)
# and the stack below each entry point (check_stack.sh). Instances are spaces, page tables and VMs
# over each format, for one vCPU and for many, and frames. The code that clang makes, and for other
# targets, is printed beside, without a limit.

# shellcheck source=tests/template/check_stack.sh
. "$here/check_stack.sh"

size_programs=(space table vm concurrent_space concurrent_table concurrent_vm)
size_formats=(axaddr_x86_ept axaddr_x86_64 axaddr_x86_npt axaddr_aarch64_stage2_40
    axaddr_aarch64_stage2_48 axaddr_riscv_sv39x4 axaddr_riscv_sv48x4 axaddr_riscv_sv39x4_svpbmt
    axaddr_riscv_sv48x4_svpbmt)
# Those that are compiled at -O2, too: of each architecture the one with most code.
size_formats_fast=(axaddr_x86_ept axaddr_aarch64_stage2_40 axaddr_riscv_sv48x4_svpbmt)
size_others=(
    "axaddr_x86_ept clang"
    "axaddr_aarch64_stage2_48 clang --target=aarch64-none-elf -ffreestanding"
    "axaddr_riscv_sv39x4 clang --target=riscv64-none-elf -march=rv64imac -ffreestanding"
)

# The column $2 (2: limit, 3: aim) of the first budget among the names that follow.
size_budget() {
    local column=$1 name
    shift
    for name in "$@"; do
        awk -v name="$name" -v column="$column" '$1 == name { print $column; exit }' "$here/budgets"
    done | head -n 1
}

# Bytes of the .text sections of object $1.
text_size() {
    local tool=llvm-size
    command -v llvm-size >/dev/null 2>&1 || tool=size
    "$tool" -A "$1" | awk '/^\.text/ { total += $2 } END { print total + 0 }'
}

# The largest functions of object $1.
largest() {
    nm --size-sort -r -S -t d "$1" 2>/dev/null | awk '$3 ~ /[tT]/ { printf "%s%s %d", sep, $4, $2
        sep = ", "; if (++count == 8) exit }'
}

# A figure for the tables: which table, row, column, bytes.
size_row() {
    printf '%s\t%s\t%s\t%s\n' "$@" >>"$build/size/rows.$BASHPID"
}

# Compile program $1 over format $2 with the command that follows, to an object whose name it sets.
size_compile() {
    local program=$1 format=$2
    local -a options=("-DFORMAT=$format")
    shift 2
    name="$program, $format, $*"
    name=${name/ -fcallgraph-info=su/}
    object=$build/size/$(tr -c 'a-zA-Z0-9_\n' _ <<<"$name").o
    [[ $program != concurrent_* ]] || options+=(-DCONCURRENT)
    compile "$name" "$@" -std=c11 "${options[@]}" "-I$root" \
        -c "$here/one_${program#concurrent_}.c" -o "$object"
}

# Program $1 over format $2 at level $3 (-Os: its code and stack; -O2: its stack), with gcc.
size_one() {
    local name object
    size_compile "$1" "$2" gcc "$3" $size_graph || return
    if [ "$3" = -Os ] && [ "$1" != frame ]; then
        text_one "$1" "$2"
    fi
    [ -z "$size_graph" ] || stack_one "$1" "$3"
}

# The code of object $object against the budget of program $1; $2: its format.
text_one() {
    local bytes limit
    bytes=$(text_size "$object")
    limit=$(size_budget 2 "text/$1")
    size_row text "$2" "$1" "$bytes"
    if [ "$bytes" -lt 500 ]; then
        fail "text: $name" "$bytes bytes: nothing was measured"
    elif [ "$bytes" -gt "${limit:-0}" ]; then
        fail "text: $name" "$bytes bytes, limit ${limit:-missing}; largest: $(largest "$object")"
    else
        pass "text: $name"
    fi
}

# The stack below the entry points of object $object, of program $1 at level $2, against budgets.
stack_one() {
    local bytes entry path limit complaints column=$2 over= more=0
    stack_depths "${object%.o}.ci" >"$object.depths"
    complaints=$(stack_complaints "$object.depths" "$object")
    if [ -n "$complaints" ]; then
        fail "stack: $name" "$(paste -sd ';' <<<"$complaints")"
        return
    fi
    [[ $1 != concurrent_* ]] || column="concurrent $2"
    while read -r bytes entry path; do
        entry=${entry#use_}
        limit=$(size_budget 2 "stack/$entry" stack)
        size_row stack "$entry" "$column" "$bytes"
        if [ "$bytes" -gt "${limit:-0}" ]; then
            [ -z "$over" ] || more=$((more + 1))
            over=${over:-"$bytes bytes, limit ${limit:-missing}: $path"}
        fi
    done <"$object.depths"
    if [ -n "$over" ]; then
        fail "stack: $name" "$over; $more others are over theirs"
    else
        pass "stack: $name"
    fi
}

# The code that another compiler or target makes, without a limit.
size_other() {
    local name object format=$2
    local -a command=("${@:3}")
    size_compile "$1" "$format" "${command[@]}" -Os || return
    size_row other "$format, ${command[0]}" "$1" "$(text_size "$object")"
    pass "text: $name"
}

check_size() {
    local program format other
    local -a words
    mkdir -p "$build/size"
    if need gcc && gcc -dumpmachine | grep -q '^x86_64'; then
        size_graph=-fcallgraph-info=su
        can_compile "gcc $size_graph" || size_graph= # check_stack.sh says so
        for program in "${size_programs[@]}"; do
            for format in "${size_formats[@]}"; do
                job size_one "$program" "$format" -Os
            done
            for format in "${size_formats_fast[@]}"; do
                [ -z "$size_graph" ] || job size_one "$program" "$format" -O2
            done
        done
        job size_one frame none -Os
        job size_one frame none -O2
    else
        skip "sizes: gcc for x86_64"
        size_graph=
    fi
    need clang || return 0
    for program in "${size_programs[@]}"; do
        for other in "${size_others[@]}"; do
            read -ra words <<<"$other"
            job size_other "$program" "${words[@]}"
        done
    done
}

# ---- the tables ----

# The figures of table $1, one line for each row, the columns being those that follow; where there
# are several figures the largest counts, and what has the largest stands first.
size_lines() {
    local what=$1 IFS='|'
    shift
    awk -F '\t' -v what="$what" -v columns="$*" '
        $1 == what {
            if ($4 > most[$2]) most[$2] = $4
            if ($4 > bytes[$2, $3]) bytes[$2, $3] = $4
        }
        END {
            count = split(columns, column, "|")
            for (row in most) {
                printf "%d\t%-40s", most[row], row
                for (i = 1; i <= count; i++) printf "%18s", bytes[row, column[i]]
                print ""
            }
        }' "$build/size/rows" | sort -k 1,1rn -k 2 | cut -f 2-
}

# The line $1 (limit or aim), column $2 of the file budgets, for the budgets that follow.
size_budget_line() {
    local name column=$2
    printf '%-40s' "$1"
    shift 2
    for name in "$@"; do
        printf '%18s' "$(size_budget "$column" "$name")"
    done
    echo
}

# Every budget is one of something that was measured.
size_budgets_apply() {
    local name
    for name in $(awk '!/^#/ { print $1 }' "$here/budgets"); do
        awk -F '\t' -v name="$name" '
            name == $1 || name == $1 "/" $2 || name == $1 "/" $3 { is_found = 1 }
            END { exit !is_found }' "$build/size/rows" ||
            fail "budgets" "$name is the name of no figure"
    done
}

report_size() {
    local columns=(-Os -O2 "concurrent -Os" "concurrent -O2")
    cat "$build"/size/rows.* >"$build/size/rows" 2>/dev/null
    if [ -n "$size_graph" ] && [ -s "$build/size/rows" ]; then
        size_budgets_apply
    fi

    printf '%-40s' "text in bytes, gcc -Os"
    printf '%18s' "${size_programs[@]}"
    echo
    size_lines text "${size_programs[@]}"
    size_budget_line limit 2 "${size_programs[@]/#/text/}"
    size_budget_line aim 3 "${size_programs[@]/#/text/}"
    size_lines other "${size_programs[@]}"

    printf '\n%-40s' "stack in bytes, gcc, of all formats"
    printf '%18s' "${columns[@]}"
    echo
    size_lines stack "${columns[@]}"
    size_budget_line limit 2 "${columns[@]/*/stack}"
    size_budget_line aim 3 "${columns[@]/*/stack}"
    grep '^stack/' "$here/budgets" # entry points with a budget of their own
    echo
}
