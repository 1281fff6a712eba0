# SPDX-License-Identifier: MIT
#
# check_stack.sh: the stack below a function, from gcc's call graph (-fcallgraph-info=su): its own
# frame and the deepest chain of what it calls, return addresses included, the HAL's functions not.
# What cannot be bounded so is a failure: recursion, frames of dynamic size (unless that is bounded:
# arguments that are pushed), indirect calls.
# check_size.sh compares the figures with budgets; this checks that they can be trusted.

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
                # The visitor that visit_data was given is a matter of the caller.
                if (list[i] == "__indirect_call" && title !~ /visit_data/)
                    print "! indirect call in " plain(title)
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
                if (substr(label, RSTART, RLENGTH) !~ /\(static\)|,bounded\)/)
                    print "! dynamic frame: " plain(title)
                if (title !~ /:/) entries[title] = 1 # those of static functions are file:name
            }
        }
        /^edge:/ {
            caller = field("sourcename")
            callees[caller] = callees[caller] "\n" field("targetname")
        }
        END {
            for (title in entries) { bytes = depth(title); print bytes, plain(title), path[title] }
        }' "$1" | sort -rn
}

# What keeps the depths in file $1, of object $2, from being bounds; nothing if they are.
stack_complaints() {
    local exported
    grep '^!' "$1" | sort -u | head -n 3
    exported=$(nm --defined-only "$2" | grep -c ' T ')
    if [ "$exported" -eq 0 ] || [ "$(grep -c '^[0-9]' "$1")" -ne "$exported" ]; then
        echo "the call graph does not have the object's $exported functions"
    fi
}

# That the above sees depth, recursion, dynamic frames and indirect calls.
stack_control() {
    local graph=$build/stack/control depths
    compile "control: stack" gcc -std=c11 -O2 -fcallgraph-info=su -c "$here/control_stack.c" \
        -o "$graph.o" || return
    depths=$(stack_depths "$graph.ci")
    if grep -qE '^1[0-9]{3} use_deep use_deep [0-9]+ > middle [0-9]+ > bottom [0-9]' <<<"$depths" &&
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
    if can_compile "gcc -fcallgraph-info=su"; then
        job stack_control
    else
        skip "stack: this gcc has no -fcallgraph-info"
    fi
}
