#!/bin/bash
# SPDX-License-Identifier: MIT
#
# tests/beds/run.sh MACHINE BUILD-DIR: build the bed of that folder for each of its formats, and run
# it. Prints a line for each case that fails (VERBOSE=1: for every case), and at the end
# "bed-MACHINE: N passed, M failed". CFLAGS_BED adds to the flags; ONLY names the formats to run, if
# not all; LIMIT is how many seconds a run may take, if not what bed.sh says (or 60); with FAIL_FAST=1
# a run ends with the first case that fails, and is the last one of its format.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
[ $# -eq 2 ] || { echo "usage: $0 MACHINE BUILD-DIR" >&2; exit 2; }
machine=$1
folder=$here/$machine
mkdir -p "$2"
build=$(cd "$2" && pwd)
export TERM=${TERM:-dumb}

# What a machine's bed.sh says: emulator, flags, runs ("FORMAT CPU [FLAGS]" each, flags for format.c)
# and emulate ELF CPU; and if need be another machine.c, other assembler sources, another linker
# script, another compiler (cc) and linker (ld, link_bed), or what this system lacks.
code=$folder/machine.c
cc=clang
ld=ld.lld
sources=()
script=$folder/link.ld
lacks=
limit=60
link_bed() { # ELF OBJECT...
    "$ld" -T "$script" "${@:2}" -o "$1"
}
. "$folder/bed.sh"
limit=${LIMIT:-$limit}
[ ${#sources[@]} -gt 0 ] || sources=("$folder/boot.S")

if [ -z "$(type -P "$emulator")" ]; then
    lacks="$emulator is missing; tools/setup beds installs it"
fi
if [ -n "$lacks" ]; then
    echo "skipped: bed-$machine ($lacks)"
    echo "bed-$machine: 0 passed, 0 failed, 1 skipped"
    exit 0
fi

warnings=(-Wall -Wextra -Wpedantic -Wconversion -Wshadow -Wundef -Werror)
common=(-std=c11 -O1 -g -ffreestanding -nostdlib -fno-stack-protector -I "$root"
    -DBED_VERBOSE="${VERBOSE:-0}" -DBED_FAILED_MAX="${FAIL_FAST:-0}")

compile() { # SOURCE OBJECT FLAGS...
    # shellcheck disable=SC2086
    "$cc" "${flags[@]}" "${common[@]}" "${warnings[@]}" ${CFLAGS_BED:-} "${@:3}" -c "$1" -o "$2"
}

# All but format.c, for all formats.
objects=()
for source in "$here/bed.c" "$here/cases.c" "$code" "${sources[@]}"; do
    objects+=("$build/$(basename "$source").o")
    compile "$source" "${objects[-1]}"
done

build_bed() { # FORMAT ELF FLAGS...
    compile "$here/format.c" "$2.o" -DBED_FORMAT_NAME="$1" "${@:3}"
    link_bed "$2" "${objects[@]}" "$2.o"
}

passed=0
failed=0
failed_formats=
for run in "${runs[@]}"; do
    read -r format cpu more <<<"$run"
    [ -z "${ONLY:-}" ] || [[ " $ONLY " == *" $format "* ]] || continue
    [ "${FAIL_FAST:-0}" -eq 0 ] || [[ " $failed_formats " != *" $format "* ]] || continue
    log=$build/$format.$cpu${more:+.${more//[^a-zA-Z0-9_]/}}.log
    note=$(grep -o 'BED_[^ ]*' <<<"$more" || true)
    note=${note:+ (${note//$'\n'/, })}
    status=0
    # shellcheck disable=SC2086
    build_bed "$format" "$build/$format.elf" $more
    (export emulator folder build here limit
        export -f $(compgen -A function)
        timeout -k 2 "$limit" bash -c 'emulate "$@"' emulate "$build/$format.elf" "$cpu") \
        </dev/null >"$log" 2>"$log.errors" || status=$?
    tr -d '\r' <"$log" | grep -a '^ok \|^FAIL \|^bed stopped\|^trap \|^note ' || true
    counts=$(tr -d '\r' <"$log" | sed -n 's/^bed-end \([0-9]*\) passed, \([0-9]*\) failed$/\1 \2/p')
    read -r run_passed run_failed <<<"${counts:-0 0}"
    # It must come to its end, and its status must say the same as its last line.
    if [ -z "$counts" ] || [ "$run_passed" -eq 0 ] ||
        { [ "$status" -eq 0 ] && [ "$run_failed" -ne 0 ]; } ||
        { [ "$status" -ne 0 ] && [ "$run_failed" -eq 0 ]; }; then
        echo "FAIL: $format on $cpu ended with status $status" \
            "after \"$(tail -n 1 "$log" | tr -d '\r')\""
        tail -n 5 "$log.errors"
        run_failed=$((run_failed + 1))
    fi
    echo "  $format on $cpu$note: $run_passed passed, $run_failed failed"
    passed=$((passed + run_passed))
    failed=$((failed + run_failed))
    [ "$run_failed" -eq 0 ] || failed_formats+=" $format"
done
echo "bed-$machine: $passed passed, $failed failed"
[ "$failed" -eq 0 ]
