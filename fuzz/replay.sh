#!/bin/sh
# SPDX-License-Identifier: MIT
#
# fuzz/replay.sh BUILD_DIR [TARGET [FILE...]]: build the fuzz targets as ordinary programs under the
# sanitizers of clang and run each over its files of fuzz/corpus, or over those that are given. Ends
# with the line "fuzz_replay: N passed, M failed". FUZZ_TRACE=1 in the environment shows what an
# input does (those of the targets request and vcpus).
set -eu

if [ $# -lt 1 ]; then
    echo "usage: fuzz/replay.sh BUILD_DIR [TARGET [FILE...]]" >&2
    exit 2
fi
root=$(cd "$(dirname "$0")/.." && pwd)
mkdir -p "$1"
build=$(cd "$1" && pwd)
shift
targets=${1:-$(cd "$root/fuzz" && ls fuzz_*.c | sed 's/fuzz_\(.*\)\.c/\1/')}
[ $# -eq 0 ] || shift
cc="clang -std=c11 -O1 -g1 -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Wundef -Werror \
    -fsanitize=address,undefined -fno-sanitize-recover=all -I$root"

# Spaces and tables: the objects of the host tests where they are there (make check-clang) and no older
# than what they are made of.
objects=$build/../clang
for object in spaces tables; do
    if [ ! -e "$objects/$object.o" ] ||
        [ -n "$(find "$root/axaddr.h" "$root/axaddr_core" "$root/axaddr_arch" "$root/tests" \
            \( -name '*.h' -o -name "$object.c" \) -newer "$objects/$object.o")" ]; then
        objects=$build
    fi
done
for target in spaces tables replay $targets; do
    case $target in
    spaces | tables)
        [ "$objects" != "$build" ] || echo "$root/tests/$target.c $build/$target.o"
        ;;
    replay) echo "$root/fuzz/replay.c $build/replay.o" ;;
    *) echo "$root/fuzz/fuzz_$target.c $build/fuzz_$target.o" ;;
    esac
done | xargs -P 2 -L 1 sh -c '$0 -c "$1" -o "$2"' "$cc" || {
    echo "fuzz_replay: 0 passed, 1 failed"
    exit 1
}

export ASAN_OPTIONS=abort_on_error=1 UBSAN_OPTIONS=abort_on_error=1:print_stacktrace=1
passed=0
failed=0
for target in $targets; do
    log=$build/replay_$target.log
    status=0
    $cc "$build/fuzz_$target.o" "$build/replay.o" "$objects/spaces.o" "$objects/tables.o" \
        -o "$build/replay_$target"
    if [ $# -gt 0 ]; then
        "$build/replay_$target" "$@" >"$log" 2>&1 || status=$?
    else
        "$build/replay_$target" "$root/fuzz/corpus/$target"/* >"$log" 2>&1 || status=$?
    fi
    counts=$(sed -n 's/^fuzz_replay: \([0-9]*\) passed, \([0-9]*\) failed$/\1 \2/p' "$log" | tail -n 1)
    good=${counts% *}
    bad=${counts#* }
    if [ "$status" -ne 0 ] && [ "${bad:-0}" -eq 0 ]; then
        bad=1 # a leak, or it broke off
    fi
    echo "fuzz_$target: ${good:-0} passed, ${bad:-0} failed"
    if [ "$status" -ne 0 ] || [ -n "${FUZZ_TRACE-}" ]; then
        cat "$log"
    fi
    passed=$((passed + ${good:-0}))
    failed=$((failed + ${bad:-0}))
done
echo "fuzz_replay: $passed passed, $failed failed"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
