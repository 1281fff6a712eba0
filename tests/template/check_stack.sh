# SPDX-License-Identifier: MIT
#
# check_stack.sh: what an entry point takes of the stack, everything below it included but the HAL's
# functions. From gcc's call graph (-fcallgraph-info=su); return addresses count. The aim is 384 bytes;
# the limit is what has been reached so far, so that it does not grow unnoticed. Recursion, frames of
# dynamic size and indirect calls fail as well.

stack_limit=640

# From a call graph: "bytes entry path" for each exported function, largest first; lines that begin
# with "!" are complaints.
stack_depths() {
    awk '
        function plain(title) { sub(/^.*:/, "", title); return title }
        function depth(title,    i, count, below, best, chosen, list) {
            if (title in known) return known[title]
            if (title in is_open) { print "! recursion through " plain(title); return 0 }
            is_open[title] = 1
            count = split(callees[title], list, "\n")
            for (i = 1; i <= count; i++) {
                if (list[i] == "") continue
                if (list[i] == "__indirect_call") print "! indirect call in " plain(title)
                below = depth(list[i])
                if (below > best) { best = below; chosen = list[i] }
            }
            delete is_open[title]
            path[title] = plain(title) " " (own[title] + 0) (chosen == "" ? "" : " > " path[chosen])
            return known[title] = own[title] + best
        }
        function field(name,    at) {
            at = index($0, name ": \"")
            if (at == 0) return ""
            at = substr($0, at + length(name) + 3)
            return substr(at, 1, index(at, "\"") - 1)
        }
        /^node:/ {
            title = field("title")
            label = field("label")
            if (match(label, /[0-9]+ bytes \([a-z,]+\)/)) {
                own[title] = substr(label, RSTART) + 0
                if (substr(label, RSTART, RLENGTH) !~ /\(static\)/) print "! dynamic frame: " plain(title)
                if (title ~ /^use_/) entries[title] = 1
            }
        }
        /^edge:/ { callees[field("sourcename")] = callees[field("sourcename")] "\n" field("targetname") }
        END {
            for (title in entries) { bytes = depth(title); print bytes, plain(title), path[title] }
        }' "$1" | sort -rn
}

# The stack of every entry point of source $2 at $1; fails over the limit $3.
stack_level() {
    local name="stack: gcc $1" graph=$build/stack/every$1 worst
    compile "$name" gcc -std=c11 "$1" -DFORMATS=1 -fcallgraph-info=su -fno-jump-tables "-I$root" \
        -c "$here/every.c" -o "$graph.o" || return
    stack_depths "$graph.ci" >"$graph.depths"
    if grep -q '^!' "$graph.depths"; then
        fail "$name" "$(grep '^!' "$graph.depths" | sort -u | head -n 3 | paste -sd ';')"
        return
    fi
    if [ "$(wc -l <"$graph.depths")" -lt 40 ]; then
        fail "$name" "the call graph is not what this check can read"
        return
    fi
    worst=$(head -n 1 "$graph.depths")
    note "$name: $(awk '{ print $1 " bytes of " limit ", below " $2 }' limit=$stack_limit <<<"$worst")"
    if [ "${worst%% *}" -gt "$stack_limit" ]; then
        fail "$name" "more than $stack_limit below $(awk '$1 > limit' limit=$stack_limit "$graph.depths" |
            wc -l) entry points; deepest: ${worst#* * }"
    else
        pass "$name"
    fi
}

# That the above sees depth, recursion, dynamic frames and indirect calls.
stack_control() {
    local graph=$build/stack/control depths
    compile "control: stack" gcc -std=c11 -O2 -fcallgraph-info=su -c "$here/control_stack.c" \
        -o "$graph.o" || return
    depths=$(stack_depths "$graph.ci")
    if grep -qE '^1[0-9]{3} use_deep use_deep [0-9]+ > middle [0-9]+ > bottom [0-9]+' <<<"$depths" &&
        grep -q '^! recursion through' <<<"$depths" &&
        grep -q '^! dynamic frame: use_dynamic' <<<"$depths" &&
        grep -q '^! indirect call in use_indirect' <<<"$depths"; then
        pass "control: stack"
    else
        fail "control: stack" "sees only: $(paste -sd ';' <<<"$depths")"
    fi
}

check_stack() {
    mkdir -p "$build/stack"
    need gcc || return
    if ! can_compile "gcc -fcallgraph-info=su"; then
        skip "stack: this gcc has no -fcallgraph-info"
        return
    fi
    job stack_control
    job stack_level -O2
    job stack_level -Os
}
