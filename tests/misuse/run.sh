#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# run.sh: programs that must not compile. Every *.c beside this script is compiled by gcc and by
# clang (those that are installed; COMPILERS="..." names others), and must be refused for the reason
# that its first line gives:
#
#     /* expect: TEXT */               the compiler's message contains TEXT (a plain string)
#     /* expect-gcc: A */ /* expect-clang: B */    where the compilers say it differently
#     /* expect: success */            a control: compiles, with the same flags, without a warning
#
# If a line of the program ends in the comment "wrong", the first error must be on that very line
# (more may follow from it). The closing line adds up: "misuse: N passed, M failed"; the exit status
# is non-zero if anything failed, or if there was nothing to check.

set -u
export LC_ALL=C # messages in plain ASCII, not translated

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
flags=(-std=c11 -O2 -Wall -Wextra -Werror=unused-result -Werror "-I$root")
passed=0
failed=0
control_count=0

# What the first line of $1 expects of the compiler family $2 (gcc or clang); empty if nothing.
expectation() {
    local line
    line=$(head -n 1 "$1")
    case $line in
    *"/* expect-$2: "*) line=${line#*"/* expect-$2: "} ;;
    *"/* expect: "*) line=${line#*"/* expect: "} ;;
    *) return ;;
    esac
    printf '%s' "${line%%" */"*}"
}

# Why the outcome of compiling $1 (exit status $2, messages $3) is not the expected $4, if so.
complaint() {
    local program=$1 status=$2 messages=$3 expected=$4 wrong_line first_error
    if [ "$expected" = success ]; then
        [ "$status" -eq 0 ] || printf 'is the control, and did not compile'
        return
    fi
    if [ -z "$expected" ]; then
        printf 'has no expectation on its first line'
        return
    fi
    if [ "$status" -eq 0 ]; then
        printf 'compiled'
        return
    fi
    if ! grep -qF -- "$expected" <<<"$messages"; then
        printf 'failed without saying "%s"' "$expected"
        return
    fi
    wrong_line=$(grep -n '/\* wrong \*/$' "$program" | cut -d: -f1)
    [ -n "$wrong_line" ] || return
    first_error=$(grep -m 1 -F 'error: ' <<<"$messages")
    case $first_error in
    "$program:$wrong_line:"*) ;;
    *) printf 'is wrong on line %s, but first refused elsewhere' "$wrong_line" ;;
    esac
}

# Compile program $2 with $1 and count the outcome.
check() {
    local compiler=$1 program=$2 family=gcc expected messages status why
    case $("$compiler" --version 2>/dev/null) in
    *clang*) family=clang ;;
    esac
    expected=$(expectation "$program" "$family")
    [ "$expected" = success ] && control_count=$((control_count + 1))
    # An object, not -fsyntax-only: some messages come from the optimiser (attribute error).
    messages=$("$compiler" "${flags[@]}" -c "$program" -o /dev/null 2>&1)
    status=$?
    why=$(complaint "$program" "$status" "$messages" "$expected")
    if [ -z "$why" ]; then
        passed=$((passed + 1))
        return
    fi
    failed=$((failed + 1))
    printf 'FAIL %s: %s %s\n' "$compiler" "$(basename "$program")" "$why"
    [ -z "$messages" ] || head -n 20 <<<"$messages"
}

for compiler in ${COMPILERS:-gcc clang}; do
    if ! command -v "$compiler" >/dev/null 2>&1; then
        echo "misuse: no $compiler here, skipped"
        continue
    fi
    for program in "$here"/*.c; do
        check "$compiler" "$program"
    done
done

# Without a control that compiles, wrong flags would make all of the others pass.
if [ "$control_count" -eq 0 ]; then
    echo "FAIL nothing was checked, or no control is among the programs"
    failed=$((failed + 1))
fi
echo "misuse: $passed passed, $failed failed"
[ "$failed" -eq 0 ]
