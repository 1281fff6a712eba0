#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# tests/run.sh PROGRAM...: run test programs, two at a time, each of which ends with a line
# "name: N passed, M failed". Shows what they print, and at the end their sum. A program that ends
# without its line (a crash, a sanitizer's report, a timeout) is a failure.
set -u

directory=$(mktemp -d)
trap 'rm -rf "$directory"' EXIT

run_one() {
    local name output status
    name=$(basename "$1")
    output=$2/$(echo "$1" | tr / _)
    timeout -k 5 "${TEST_TIMEOUT:-600}" "$1" >"$output" 2>&1 </dev/null
    status=$?
    if ! tail -n 1 "$output" | grep -q "^$name: [0-9]* passed, [0-9]* failed$"; then
        echo "$name: 0 passed, 1 failed" >>"$output"
        echo "(ended with status $status before its last line)" | cat - "$output" >"$output.new"
        mv "$output.new" "$output"
    fi
    cat "$output"
}
export -f run_one

printf '%s\n' "$@" | xargs -P 2 -I{} bash -c 'run_one "$1" "$2"' _ {} "$directory"

passed=0
failed=0
for output in "$directory"/*; do
    read -r _ p _ f _ < <(tail -n 1 "$output")
    passed=$((passed + p))
    failed=$((failed + f))
done
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
