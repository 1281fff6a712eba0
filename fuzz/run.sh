#!/bin/sh
# SPDX-License-Identifier: MIT
#
# fuzz/run.sh BUILD_DIR SECONDS [TARGET]: fuzz with AFL++ for so long: one target, or all of them in
# turn for an equal part of it. Two fuzzers run at once and share what they find, a fast build and
# one under AddressSanitizer and UBSan. What is compiled comes on top of the time. In the environment:
#
#     FUZZ_SEEDS=DIR  begin with the files of DIR/TARGET, or of DIR, and not with fuzz/corpus
#     FUZZ_FRESH=1    begin with one trivial seed
#
# Fails if there was a crash or a hang, and says where it is; fuzz/replay.sh shows it again. What was
# found to be new stays in BUILD_DIR/TARGET/out until the next run: fuzz/minimise takes it from there.
set -eu

if [ $# -lt 2 ] || [ $# -gt 3 ]; then
    echo "usage: fuzz/run.sh BUILD_DIR SECONDS [TARGET]" >&2
    exit 2
fi
for tool in afl-fuzz afl-clang-fast; do
    command -v "$tool" >/dev/null || {
        echo "fuzz: $tool is not installed (apt-get install afl++)" >&2
        exit 2
    }
done
root=$(cd "$(dirname "$0")/.." && pwd)
mkdir -p "$1"
build=$(cd "$1" && pwd)
seconds=$2
targets=${3:-$(cd "$root/fuzz" && ls fuzz_*.c | sed 's/fuzz_\(.*\)\.c/\1/')}
for target in $targets; do
    [ -e "$root/fuzz/fuzz_$target.c" ] || {
        echo "fuzz: there is no target $target" >&2
        exit 2
    }
done
# shellcheck disable=SC2086
set -- $targets
share=$((seconds / $#))
if [ "$share" -lt 5 ]; then
    echo "fuzz: $seconds s are too few for $# targets" >&2
    exit 2
fi

# No look at the CPU's governor or at core dumps, no screen, no pinning. A hang is what takes more
# than 10 s: some inputs take a tenth of one under sanitizers, on a machine that does nothing else.
export AFL_QUIET=1 AFL_SKIP_CPUFREQ=1 AFL_NO_UI=1 AFL_I_DONT_CARE_ABOUT_MISSING_CRASHES=1
export AFL_NO_AFFINITY=1 AFL_HANG_TMOUT=10000
export ASAN_OPTIONS=abort_on_error=1:symbolize=0:detect_leaks=0
export UBSAN_OPTIONS=abort_on_error=1

# compile TARGET NAME FLAGS: BUILD_DIR/TARGET/NAME
compile() {
    sources=$root/fuzz/fuzz_$1.c
    case $1 in
    space | request) sources="$sources $root/tests/spaces.c $root/tests/tables.c" ;;
    esac
    # shellcheck disable=SC2086
    afl-clang-fast -std=c11 -g1 -fsanitize=fuzzer -I"$root" $3 $sources -o "$build/$1/$2"
}

# seeds_of TARGET: the folder of its seeds
seeds_of() {
    if [ -n "${FUZZ_FRESH-}" ]; then
        mkdir -p "$build/$1/fresh"
        printf 'axaddr' >"$build/$1/fresh/seed"
        echo "$build/$1/fresh"
    elif [ -d "${FUZZ_SEEDS:-$root/fuzz/corpus}/$1" ]; then
        echo "${FUZZ_SEEDS:-$root/fuzz/corpus}/$1"
    else
        echo "$FUZZ_SEEDS"
    fi
}

# start TARGET -M|-S NAME SEEDS: AFL on the build NAME
start() {
    dictionary=$root/fuzz/$1.dict
    [ -e "$dictionary" ] || dictionary=
    afl-fuzz -V "$share" -t 10000 -m none -G 1024 ${dictionary:+-x "$dictionary"} -i "$4" \
        -o "$build/$1/out" "$2" "$3" -- "$build/$1/$3" >"$build/$1/$3.log" 2>&1
}

# tell TARGET: what the fuzzers of a target have done
tell() {
    for name in fast checked; do
        [ ! -e "$build/$1/out/$name/fuzzer_stats" ] || awk -F ' *: *' -v name="$1, $name" '
            { value[$1] = $2 }
            END { printf "fuzz: %s: %s runs (%s/s), %s inputs kept, %s edges, %s stable\n", name,
                  value["execs_done"], value["execs_per_sec"], value["corpus_count"],
                  value["edges_found"], value["stability"] }' "$build/$1/out/$name/fuzzer_stats"
    done
}

# fuzz TARGET
fuzz() {
    rm -rf "$build/$1/out"
    seeds=$(seeds_of "$1")
    status=0
    start "$1" -S checked "$seeds" &
    start "$1" -M fast "$seeds" || status=$?
    wait $! || status=$?
    if [ "$status" -ne 0 ]; then
        echo "fuzz: $1: afl-fuzz failed with status $status:"
        tail -n 20 "$build/$1/fast.log" "$build/$1/checked.log"
        exit 1
    fi
    tell "$1"
}

for target in $targets; do
    echo "fuzz: $target: building"
    mkdir -p "$build/$target"
    compile "$target" fast -O2 &
    AFL_USE_ASAN=1 AFL_USE_UBSAN=1 compile "$target" checked -O1
    wait $!
    echo "fuzz: $target: running for $share s"
    fuzz "$target"
done
found=$(for target in $targets; do
    find "$build/$target/out" -path '*/crashes/id:*' -o -path '*/hangs/id:*'
done | sort)
if [ -n "$found" ]; then
    echo "fuzz: $(echo "$found" | wc -l) crashes or hangs were found, the first ones:"
    echo "$found" | head -n 5
    exit 1
fi
echo "fuzz: no crash, no hang"
