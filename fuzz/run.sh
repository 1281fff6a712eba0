#!/bin/sh
# SPDX-License-Identifier: MIT
#
# fuzz/run.sh BUILD_DIR SECONDS: build the fuzz target with AFL++ and run it for so long, from the
# seeds of fuzz/corpus: one fuzzer with a fast build and, where there is a second CPU, one under
# AddressSanitizer and UBSan beside it. Fails if there was a crash or a hang, and says where it is;
# `BUILD_DIR/fuzz_replay FILE` shows it again.
set -eu

if [ $# -ne 2 ]; then
    echo "usage: fuzz/run.sh BUILD_DIR SECONDS" >&2
    exit 2
fi
root=$(cd "$(dirname "$0")/.." && pwd)
build=$1
seconds=$2
for tool in afl-fuzz afl-clang-fast; do
    command -v "$tool" >/dev/null || {
        echo "fuzz: $tool is not installed (apt-get install afl++)" >&2
        exit 2
    }
done
mkdir -p "$build"
flags="-std=c11 -g -I$root"
sources="$root/fuzz/fuzz_space.c $root/tests/spaces.c $root/tests/tables.c"

echo "fuzz: building"
export AFL_QUIET=1
# shellcheck disable=SC2086
afl-clang-fast $flags -O2 -fsanitize=fuzzer $sources -o "$build/fuzz_fast" &
# shellcheck disable=SC2086
AFL_USE_ASAN=1 AFL_USE_UBSAN=1 afl-clang-fast $flags -O1 -fsanitize=fuzzer $sources \
    -o "$build/fuzz_checked"
wait $!
# shellcheck disable=SC2086
cc $flags -O1 $sources "$root/fuzz/replay.c" -o "$build/fuzz_replay"

# No look at the CPU's governor or at core dumps, no screen, no pinning.
export AFL_SKIP_CPUFREQ=1 AFL_NO_UI=1 AFL_I_DONT_CARE_ABOUT_MISSING_CRASHES=1 AFL_NO_AFFINITY=1
export ASAN_OPTIONS=abort_on_error=1:symbolize=0:detect_leaks=0
out=$build/out
rm -rf "$out"
mkdir -p "$out"
start() {
    afl-fuzz -V "$seconds" -t 2000 -m none -i "$root/fuzz/corpus" -o "$out" "$1" "$2" \
        -- "$build/$3" >"$build/$2.log" 2>&1
}
echo "fuzz: running for $seconds s"
second=
if [ "$(nproc)" -gt 1 ]; then
    start -S checked fuzz_checked &
    second=$!
fi
status=0
start -M fast fuzz_fast || status=$?
if [ -n "$second" ]; then
    wait "$second" || status=$?
fi
if [ "$status" -ne 0 ]; then
    echo "fuzz: afl-fuzz failed with status $status:"
    tail -n 20 "$build"/fast.log "$build"/checked.log 2>/dev/null || true
    exit 1
fi

for name in fast checked; do
    if [ -e "$out/$name/fuzzer_stats" ]; then
        awk -F ' *: *' -v name="$name" '
            { value[$1] = $2 }
            END { printf "fuzz: %s: %s runs (%s/s), %s inputs kept, %s edges\n", name,
                  value["execs_done"], value["execs_per_sec"], value["corpus_count"],
                  value["edges_found"] }' "$out/$name/fuzzer_stats"
    fi
done
found=$(find "$out" -path '*/crashes/id:*' -o -path '*/hangs/id:*')
if [ -n "$found" ]; then
    echo "fuzz: $(echo "$found" | wc -l) crashes or hangs were found, the first ones:"
    echo "$found" | sort | head -n 5
    exit 1
fi
echo "fuzz: no crash, no hang"
