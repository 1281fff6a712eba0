#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# run.sh <build-dir>: the interleaving test. Two or three calls of the engine run in every order of
# their steps, on each format; cases.h has the scenarios. A line for each, with the number of
# orders; for one that fails, the order step by step. At the end "N passed, M failed".
set -u
[ $# -eq 1 ] || { echo "usage: $0 <build-dir>" >&2; exit 2; }
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
build=$1/interleave
rm -rf "$build"
mkdir -p "$build" || exit 2

parts=(x86_ept aarch64_stage2_40 toy toy32 riscv_sv39x4 scheduler)
warnings=(-Wall -Wextra -Wpedantic -Wconversion -Wshadow -Wundef -Werror)

if ! gcc -std=gnu11 -O2 -g "${warnings[@]}" "$here/interleave.c" -o "$build/interleave"; then
    echo "0 passed, 1 failed"
    exit 1
fi
printf '%s\n' "${parts[@]}" | xargs -P "$(nproc)" -I{} sh -c \
    'timeout -k 5 1200 "$1/interleave" "$2" >"$1/$2.log" 2>&1 </dev/null' _ "$build" {}

passed=0
failed=0
for part in "${parts[@]}"; do
    log=$build/$part.log
    if counts=$(tail -n 1 "$log" | grep -o '[0-9]* passed, [0-9]* failed$'); then
        sed '$d' "$log"
    else
        cat "$log"
        echo "FAIL $part: it ended before its last line"
        counts="0 passed, 1 failed"
    fi
    read -r p _ f _ <<<"$counts"
    passed=$((passed + p))
    failed=$((failed + f))
done
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
