#!/bin/bash
# SPDX-License-Identifier: MIT
#
# tests/beds/all.sh MACHINE...: the beds of these folders, one after the other, and their sum. A bed
# whose emulator cannot be had is named as skipped; SKIPS=0 makes that a failure.
set -uo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
build=${BUILD:-build}/beds
passed=0
failed=0
skipped=0

"$here/../../tools/setup" beds || echo "tools/setup beds failed: going on with what is there"
for machine in "$@"; do
    log=$build/$machine.log
    status=0
    mkdir -p "$build"
    "$here/run.sh" "$machine" "$build/$machine" 2>&1 | tee "$log" || status=$?
    counts=$(tail -n 1 "$log" | sed -n \
        's/^bed-[a-z0-9]*: \([0-9]*\) passed, \([0-9]*\) failed\(, \([0-9]*\) skipped\)\?$/\1 \2 \4/p')
    read -r bed_passed bed_failed bed_skipped <<<"${counts:-0 1 0}"
    if [ "$status" -ne 0 ] && [ "$bed_failed" -eq 0 ]; then
        bed_failed=1
    fi
    passed=$((passed + bed_passed))
    failed=$((failed + bed_failed))
    skipped=$((skipped + ${bed_skipped:-0}))
done
if [ "$skipped" -gt 0 ]; then
    echo "beds: $passed passed, $failed failed, $skipped skipped"
    [ "${SKIPS:-1}" -ne 0 ] || exit 1
else
    echo "beds: $passed passed, $failed failed"
fi
[ "$failed" -eq 0 ]
