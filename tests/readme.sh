#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# tests/readme.sh BUILD-DIR: the README's program is compiled as it is printed, without a warning, by
# gcc and clang at several levels, and prints what it should. Every file and make target that the
# README names is there. Last line: "readme: N passed, M failed".
set -u
build=${1:?usage: tests/readme.sh BUILD-DIR}
root=$(cd "$(dirname "$0")/.." && pwd)
mkdir -p "$build"
passed=0
failed=0

check() { # WHAT COMMAND...
    local what=$1
    shift
    if "$@" >"$build/log" 2>&1; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        echo "FAIL $what"
        sed 's/^/    /' "$build/log"
    fi
}

awk '/^```c$/ { inside = 1; next } /^```$/ { inside = 0 } inside' "$root/README.md" >"$build/readme.c"
printf 'a write faults: RESOLVED\nand has a frame now: 1\n' >"$build/expected"

runs() {
    "$1" -std=c11 "$2" -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Wundef -Werror "-I$root" \
        "$build/readme.c" -o "$build/readme" && "$build/readme" >"$build/printed" &&
        diff "$build/expected" "$build/printed"
}
for compiler in gcc clang; do
    for level in -O0 -Og -Os -O2; do
        check "the README's program with $compiler $level" runs "$compiler" "$level"
    done
done

lines=$(wc -l <"$build/readme.c")
check "the README's program has about 30 lines, not $lines" test "$lines" -le 40

for name in $(grep -o '`[a-z_./A-Z0-9]*`' "$root/README.md" | tr -d '`' | grep '[/.]' | sort -u); do
    check "README.md names $name: is it there?" test -e "$root/$name" -o -e "$root/axaddr_core/$name"
done
for target in $(grep -o 'make [a-z-]\+' "$root/README.md" | cut -d' ' -f2 | sort -u); do
    case $target in and) continue ;; esac
    check "README.md names make $target: is there a target?" grep -q "^$target:" "$root/Makefile"
done

echo "readme: $passed passed, $failed failed"
[ "$failed" -eq 0 ]
