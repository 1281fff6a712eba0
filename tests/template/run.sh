#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# run.sh <build-dir>: checks of the template mechanism: what the instantiating
# macros compile to, with every compiler and for every target that is here. Each check_*.sh beside this
# script says what it checks; this one runs their jobs side by side, gathers the results and counts.
#
# Prints a line for each check that failed, the sizes and the stack, and at the end
# "template: N passed, M failed[, K skipped (why; why)]". Exits non-zero if anything failed.
#
#     AXADDR_ROOT=DIR    check the headers in DIR instead of those of this tree (a changed copy)
#     ONLY="calls size"  run these checks only
#     JOBS=N             jobs at a time (default: the processors there are)
#     VERBOSE=1          a line for each check that passed, too

set -u
export LC_ALL=C # messages in plain ASCII, not translated

[ $# -eq 1 ] || { echo "usage: $0 <build-dir>" >&2; exit 2; }
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "${AXADDR_ROOT:-$here/../..}" && pwd)
build=$1/template
rm -rf "$build"
mkdir -p "$build/results" || exit 2
build=$(cd "$build" && pwd)
parallel=${JOBS:-$(nproc 2>/dev/null || echo 2)}
only=${ONLY:-headers calls hooks atomics executors programs order size stack}

warnings=(-Wall -Wextra -Wpedantic -Wconversion -Wshadow -Wundef -Werror)

# ---- results: a job writes lines to a file of its own; they are counted at the end ----

# One result of the check named $1: what else there is to say follows.
pass() { printf 'pass\t%s\n' "$1" >>"$build/results/$BASHPID"; }
fail() { printf 'fail\t%s: %s\n' "$1" "$2" >>"$build/results/$BASHPID"; }
skip() { printf 'skip\t%s\n' "$1" >>"$build/results/$BASHPID"; }
# A figure, printed in the order of names.
note() { printf 'note\t%s\n' "$1" >>"$build/results/$BASHPID"; }

# Whether the tool $1 is here; if not, what needs it counts as skipped, once.
need() {
    command -v "$1" >/dev/null 2>&1 && return
    skip "no $1"
    return 1
}

# Run a job in the background when a processor is free for it.
job() {
    while [ "$(jobs -rp | wc -l)" -ge "$parallel" ]; do
        wait -n
    done
    "$@" &
}

# ---- compiling ----

# Compile: check name, then a command. Fails the check with the first message if it is not silent.
compile() {
    local name=$1 messages
    shift
    if messages=$("$@" 2>&1) && [ -z "$messages" ]; then
        return 0
    fi
    fail "$name" "$(grep -m 1 -E 'error|warning|undefined|cannot' <<<"$messages" || head -n 1 <<<"$messages")"
    return 1
}

# The language's standard for compiler $1: the C++ compilers' names end in ++.
standard() {
    case $1 in
    *++) echo -std=c++20 ;;
    *) echo -std=c11 ;;
    esac
}
language() {
    case $1 in
    *++) echo c++ ;;
    *) echo c ;;
    esac
}

# Whether compiler $1 (with flags, one word) can compile for its target at all.
can_compile() {
    # shellcheck disable=SC2086
    (cd "$build" && echo 'typedef int axaddr_probe_t;' | $1 -x c -c - -o probe.o 2>/dev/null)
}

# Headers whose results matter to more than one check.
headers() {
    (cd "$root" && find axaddr.h axaddr_core axaddr_arch -name '*.h' | sort)
}

# The object $1 of the build named $2, disassembled with its relocations.
disassemble() {
    case $2 in
    gcc* | g++* | clang* | i386*) objdump -dr --no-show-raw-insn "$1" ;;
    *) llvm-objdump -dr --no-show-raw-insn "$1" ;;
    esac
}

for check in $only; do
    # shellcheck source=/dev/null
    . "$here/check_$check.sh"
done
for check in $only; do
    "check_$check"
done
wait
for check in $only; do # what a check has to print once its jobs are done
    ! declare -F "report_$check" >/dev/null || "report_$check"
done

# ---- the closing line ----

cat "$build"/results/* >"$build/results.txt" 2>/dev/null
[ -z "${VERBOSE:-}" ] || sed -n 's/^pass\t/ok /p' "$build/results.txt" | sort
sed -n 's/^note\t//p' "$build/results.txt" | sort
sed -n 's/^fail\t/FAIL /p' "$build/results.txt" | sort
passed=$(grep -c '^pass' "$build/results.txt")
failed=$(grep -c '^fail' "$build/results.txt")
skips=$(sed -n 's/^skip\t//p' "$build/results.txt" | sort -u)
summary="template: $passed passed, $failed failed"
if [ -n "$skips" ]; then
    summary+=", $(wc -l <<<"$skips") skipped ($(paste -sd ';' <<<"$skips" | sed 's/;/; /g'))"
fi
echo "$summary"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
