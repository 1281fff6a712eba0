#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# run.sh <build-dir>: the stress test. Threads work on one space, of each format and from fixed
# seeds: as fast as gcc makes it, and under the ThreadSanitizers of gcc and of clang, which must
# also report the race in control.c. A line for each build, format and seed; of one that fails,
# all that it printed. At the end "N passed, M failed".
set -u
[ $# -eq 1 ] || { echo "usage: $0 <build-dir>" >&2; exit 2; }
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
build=$1/stress
rm -rf "$build"
mkdir -p "$build" || exit 2

formats=(toy x86_ept aarch64_stage2_40 riscv_sv39x4)
warnings=(-Wall -Wextra -Wpedantic -Wconversion -Wshadow -Wundef -Werror)
export TSAN_OPTIONS="halt_on_error=0 exitcode=66"

# compile PROGRAM SOURCE COMPILER...
compile() {
    local program=$1 source=$2
    shift 2
    timeout -k 5 120 "$@" -std=c11 -g -pthread "${warnings[@]}" "$here/$source" \
        -o "$build/$program" >"$build/$program.build" 2>&1
}

# gcc warns that its ThreadSanitizer does not see fences. Those of quiesce.h order what is atomic.
gcc_tsan="gcc -O1 -fsanitize=thread -Wno-tsan"
clang_tsan="clang -O1 -fsanitize=thread"
compile fast stress.c gcc -O2 &
compile tsan_gcc stress.c $gcc_tsan &
wait
compile tsan_clang stress.c $clang_tsan &
compile control_gcc control.c $gcc_tsan
compile control_clang control.c $clang_tsan
wait

# cases BUILD ROUNDS SEED...: a line "name, program, arguments" for each
cases() {
    local program=$1 rounds=$2 format seed
    shift 2
    for format in "${formats[@]}"; do
        for seed in "$@"; do
            echo "$program.$format.$seed $build/$program $format $seed $rounds"
        done
    done
}
{
    echo "control_gcc $build/control_gcc"
    echo "control_clang $build/control_clang"
    cases tsan_gcc 2000 11 12
    cases tsan_clang 2000 21 22
    cases fast 20000 1 2
} >"$build/cases"
xargs -P 2 -L 1 sh -c 'log=$0/$1.log && shift && timeout -k 5 600 "$@" >"$log" 2>&1 </dev/null
    echo $? >>"$log"' "$build" <"$build/cases"

# What the log of a case must end with. No race is reported without ThreadSanitizer's own status.
is_good() {
    case $1 in
    control_*) [ "$(tail -n 1 "$2")" = 66 ] && grep -q 'data race' "$2" ;;
    *) [ "$(tail -n 1 "$2")" = 0 ] && tail -n 2 "$2" | grep -q '^ok ' ;;
    esac
}

passed=0
failed=0
while read -r name program _; do
    log=$build/$name.log
    if is_good "$name" "$log"; then
        passed=$((passed + 1))
        echo "${name%%.*} $(tail -n 2 "$log" | head -n 1 | cut -c 1-200)"
    else
        failed=$((failed + 1))
        cat "$program.build" "$log" | head -n 100
        echo "FAIL $name"
    fi
done <"$build/cases"
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
