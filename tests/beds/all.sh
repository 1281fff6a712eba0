#!/bin/bash
# SPDX-License-Identifier: MIT
#
# tests/beds/all.sh MACHINE...: the beds of these folders, JOBS (2) at a time, and their sum; what
# they say comes in the order in which they are given. A bed whose emulator cannot be had is named as
# skipped; SKIPS=0 makes that a failure, but for KVM, which not every machine can have.
set -uo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
build=${BUILD:-build}/beds
machines=("$@")
pids=()
passed=0
failed=0
skipped=0
is_missing=0

"$here/../../tools/setup" beds || echo "tools/setup beds failed: going on with what is there"
mkdir -p "$build"
for i in "${!machines[@]}"; do
    while [ ${#pids[@]} -lt ${#machines[@]} ] && [ ${#pids[@]} -lt $((i + ${JOBS:-2})) ]; do
        next=${machines[${#pids[@]}]}
        "$here/run.sh" "$next" "$build/$next" >"$build/$next.log" 2>&1 &
        pids+=($!)
    done
    log=$build/${machines[i]}.log
    status=0
    wait "${pids[i]}" || status=$?
    cat "$log"
    counts=$(tail -n 1 "$log" | sed -n \
        's/^bed-[a-z0-9_]*: \([0-9]*\) passed, \([0-9]*\) failed\(, \([0-9]*\) skipped\)\?$/\1 \2 \4/p')
    read -r bed_passed bed_failed bed_skipped <<<"${counts:-0 1 0}"
    if [ "$status" -ne 0 ] && [ "$bed_failed" -eq 0 ]; then
        bed_failed=1
    fi
    passed=$((passed + bed_passed))
    failed=$((failed + bed_failed))
    skipped=$((skipped + ${bed_skipped:-0}))
    if [ "${bed_skipped:-0}" -gt 0 ] && [ "${machines[i]}" != kvm ]; then
        is_missing=1
    fi
done
if [ "$skipped" -gt 0 ]; then
    echo "beds: $passed passed, $failed failed, $skipped skipped"
    [ "${SKIPS:-1}" -ne 0 ] || [ "$is_missing" -eq 0 ] || exit 1
else
    echo "beds: $passed passed, $failed failed"
fi
[ "$failed" -eq 0 ]
