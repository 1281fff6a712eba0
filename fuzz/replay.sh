#!/bin/sh
# SPDX-License-Identifier: MIT
#
# fuzz/replay.sh PROGRAM: build the fuzz target as an ordinary program under the sanitizers and run
# it over the seeds of fuzz/corpus. Ends with the line "fuzz_replay: N passed, M failed".
set -eu

if [ $# -ne 1 ]; then
    echo "usage: fuzz/replay.sh PROGRAM" >&2
    exit 2
fi
root=$(cd "$(dirname "$0")/.." && pwd)
mkdir -p "$(dirname "$1")"
# With the objects of the host tests where they are there (make check-gcc), else from source.
objects=$(dirname "$1")/gcc
if [ -e "$objects/spaces.o" ] && [ -e "$objects/tables.o" ]; then
    spaces="$objects/spaces.o $objects/tables.o"
else
    spaces="$root/tests/spaces.c $root/tests/tables.c"
fi
# shellcheck disable=SC2086
gcc -std=c11 -O1 -g -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Wundef -Werror \
    -fsanitize=address,undefined -fno-sanitize-recover=all -I"$root" \
    "$root/fuzz/fuzz_space.c" "$root/fuzz/replay.c" $spaces -o "$1"
"$1" "$root"/fuzz/corpus/*
