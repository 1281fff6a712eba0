#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# tests/all.sh: every test there is, a section at a time; `make test` calls it once its tools are
# there. A section counts its own cases and ends with "N passed, M failed[, K skipped]", or it is one
# case that its exit status decides. The last line is the sum of all. Logs: $BUILD/logs.
set -u
cd "$(dirname "$0")/.."
BUILD=${BUILD:-build}
mkdir -p "$BUILD/logs"

passed=0
failed=0
skipped=0

# say NAME STATUS LOG SECONDS: the section's line, and its log if something is wrong with it
say() {
    printf '%-12s %s (%ss)\n' "$1" "$2" "$4"
    case $2 in
    *" 0 failed"*) ;;
    *) sed 's/^/    /' "$3" | tail -n 200 ;;
    esac
    grep -i '^skipped\|^SKIP' "$3" | sed 's/^/    /'
}

# counted NAME COMMAND...: the log's last line has the counts
counted() {
    local name=$1 log=$BUILD/logs/$1.log status line counts start=$SECONDS
    shift
    "$@" >"$log" 2>&1 </dev/null
    status=$?
    line=$(tail -n 1 "$log")
    counts=$(sed -n 's/^.*\b\([0-9]\+\) passed, \([0-9]\+\) failed\(, \([0-9]\+\) skipped.*\)\?$/\1 \2 \4/p' <<<"$line")
    if [ -z "$counts" ]; then
        counts="0 1 0" # it broke off before its last line
    fi
    set -- $counts
    if [ "$status" -ne 0 ] && [ "$2" -eq 0 ]; then
        set -- "$1" 1 "${3:-0}" # it failed otherwise than by a case
    fi
    passed=$((passed + $1))
    failed=$((failed + $2))
    skipped=$((skipped + ${3:-0}))
    say "$name" "$1 passed, $2 failed${3:+, $3 skipped}" "$log" $((SECONDS - start))
}

# single NAME COMMAND...: one case
single() {
    local name=$1 log=$BUILD/logs/$1.log start=$SECONDS
    shift
    if "$@" >"$log" 2>&1 </dev/null; then
        passed=$((passed + 1))
        say "$name" "1 passed, 0 failed" "$log" $((SECONDS - start))
    else
        failed=$((failed + 1))
        say "$name" "0 passed, 1 failed" "$log" $((SECONDS - start))
    fi
}

make="make --no-print-directory BUILD=$BUILD"

counted host-gcc $make -j"$(nproc)" check-gcc
counted host-clang $make -j"$(nproc)" check-clang
counted threads $make check-threads
counted interleave tests/interleave/run.sh "$BUILD"
counted stress tests/stress/run.sh "$BUILD"
counted misuse tests/misuse/run.sh
counted beds env SKIPS=0 $make beds
counted template tests/template/run.sh "$BUILD/template"
counted config tests/config/run.sh "$BUILD/config"
counted readme tests/readme.sh "$BUILD/readme"
counted fuzz-corpus fuzz/replay.sh "$BUILD/fuzz_replay"
single hello $make hello
counted kernel-spaces timeout -k 5 300 examples/kernel_spaces/run.sh "$BUILD/kernel_spaces"
counted targets bench/run.sh instr --check "$BUILD/bench"
single guest timeout -k 5 300 examples/vmm_riscv/run.sh "$BUILD/vmm_riscv"

if [ "$skipped" -gt 0 ]; then
    echo "$passed passed, $failed failed, $skipped skipped"
else
    echo "$passed passed, $failed failed"
fi
[ "$failed" -eq 0 ]
