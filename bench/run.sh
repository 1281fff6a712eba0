#!/bin/sh
# SPDX-License-Identifier: MIT
#
# run.sh: build the benchmarks, run them, print a table and leave it as <build-dir>/bench-<mode>.tsv.
#
#   bench/run.sh ns <build-dir> [rounds]      nanoseconds: the median of several rounds; `ratio`, to the
#                                             loop by hand in the same run, is the figure to compare.
#                                             Zeroing is in, as it varies too much to be taken off.
#                                             Two threads: how many times as fast as one, by the median
#                                             and by the best rounds, as others on the machine disturb
#   bench/run.sh instr [--check] <build-dir>  instructions: exact, counted by callgrind inside the
#                                             measured function only. --check: count the targets that are
#                                             marked as held in the list below, exit 1 if one is missed
#
# CC, CFLAGS (default: gcc -O2) and AXADDR_DIR (another copy of the headers to measure) may be set.
set -eu

usage() {
    echo "usage: bench/run.sh ns|instr [--check] <build-dir> [rounds]" >&2
    exit 2
}

check=0
mode=
build=
rounds=9
for argument in "$@"; do
    case $argument in
    --check) check=1 ;;
    -*) usage ;;
    *)
        if [ -z "$mode" ]; then
            mode=$argument
        elif [ -z "$build" ]; then
            build=$argument
        else
            rounds=$argument
        fi
        ;;
    esac
done
[ -n "$build" ] || usage
case $mode in ns | instr) ;; *) usage ;; esac

here=$(cd "$(dirname "$0")" && pwd)
mkdir -p "$build"
source=$here
if [ -n "${AXADDR_DIR:-}" ]; then
    # The sources include ../axaddr.h: put them beside that copy.
    mkdir -p "$build/copy/bench"
    cp -r "$AXADDR_DIR/axaddr.h" "$AXADDR_DIR/axaddr_core" "$AXADDR_DIR/axaddr_arch" "$build/copy"
    cp "$here"/*.[ch] "$build/copy/bench"
    source=$build/copy/bench
fi
# shellcheck disable=SC2086 # CFLAGS is a list
${CC:-gcc} ${CFLAGS:--O2} -g -std=gnu11 -pthread -Wall -Wextra -Wpedantic -Wconversion -Wshadow \
    -Wundef "$source/bench.c" -o "$build/bench"

# The rows: label | unit | measured | minus | compared with | minus | target | held
# `minus` names measurements, each with a sign, whose cost per unit is taken off or put back:
# zero - zero_loop is what zeroing a frame costs, alloc - alloc_loop what the allocator does.
# A target is a number, or in terms of what the row is compared with: 1.3x times as much, +25 more; or,
# for what should be faster, >1.8x times as fast. A heading: # text | what rows are compared with now.
zero="-zero +zero_loop"
alloc="-alloc +alloc_loop"
cat >"$build/bench-rows" <<ROWS
#operation|limit
map 1 GiB as 4K pages|page|map_4k||limit_map_4k||6|held
map 64 GiB as 2M leaves|entry|map_2m||limit_map_2m||6.5|held
unmap 1 GiB of 4K pages|page|unmap_4k||limit_unmap_4k||7|held
unmap 64 GiB of 2M leaves|entry|unmap_2m||limit_unmap_2m||8|held
protect 1 GiB of 4K pages|page|protect_4k||limit_protect_4k||9|held
populate 256 MiB, but for zeroing and allocator|page|populate|$zero $alloc|limit_populate|$zero $alloc|30|held
unmap 256 MiB of owned pages|page|unmap_owned|||||
  zeroing a frame by itself|frame|zero|-zero_loop||||
  the allocator by itself|frame|alloc|-alloc_loop||||
reserve 512 GiB at 0 (no table)|call|reserve_aligned||||2000|held
reserve 512 GiB at 4 GiB (2 tables)|call|reserve_4g||||2000|
fault, but for zeroing (limit: unchecked)|fault|fault|$zero|limit_fault|$zero||
fault, but for zeroing (limit: checked)|fault|fault|$zero|limit_fault_checked|$zero|60|held
fault among 32 areas|fault|fault_32|$zero|limit_fault_checked|$zero|60|held
fault among 65,536 areas|fault|fault_65536|$zero|limit_fault_checked|$zero|60|held
fault, frame_at by ctx|fault|fault_ctx|$zero|limit_fault_checked|$zero||
fault, as a call|fault|fault_call|$zero|limit_fault_checked|$zero||
fault, as a call, frame_at by ctx|fault|fault_call_ctx|$zero|limit_fault_checked|$zero||
fault on a mapped page (spurious)|fault|fault_spurious|||||
  the loop of the fault rows by itself|fault|fault_loop|||||
  the loop of the calls by itself|fault|fault_call_loop|||||
translate (limit: unchecked)|call|translate||limit_translate|||
translate (limit: checked)|call|translate||limit_translate_checked||45|held
translate, frame_at by ctx|call|translate_ctx||limit_translate_checked|||
translate, as a call|call|translate_call||limit_translate_checked|||
  the loop of the translate rows by itself|call|translate_loop|||||
find_area among 16|call|find_16||limit_find_16||60|
find_area among 1,024|call|find_1024||limit_find_1024||120|
find_area among 16,384|call|find_16384||limit_find_16384|||
find_area among 65,536|call|find_65536||limit_find_65536||185|
  the loop of the find_area rows by itself|call|find_loop|||||
map_device + unmap a page among 65,536|pair|insert_65536||||1500|
  the same in a space of one area|pair|insert_1|||||
split 4 GiB of 2M leaves into 4K pages|page|split||limit_split|||
collapse them again|page|collapse|||||
unmap 1 GiB in steps of 512 pages (limit: at once)|page|step||unmap_gib|||
  its longest step|step|step_longest|||||
#walk of a guest's own tables, x86 4-level|limit
4 levels over 4 levels, 4K pages in both|walk|guest_walk||limit_guest_walk||400|held
  a write by user mode, accessed and dirty bits on|walk|guest_walk_noted||limit_guest_walk|||
  2M leaves in both|walk|guest_walk_2m|||||
  the loop of these rows by itself|walk|guest_walk_loop|||||
#range set by itself|binary search
range set: find among 65,536|call|range_find||limit_range_find||1.15x|held
range set: insert + remove among 1,024|pair|range_pair_1024||||1500|held
range set: insert + remove among 65,536|pair|range_pair_65536||||1500|held
range set: insert + remove among 1,000,000|pair|range_pair_1000000||||1500|held
  the same in its largest gap, 1,024|pair|range_hole_1024||||1500|held
  the same in its largest gap, 65,536|pair|range_hole_65536||||1500|held
  the same in its largest gap, 1,000,000|pair|range_hole_1000000||||1500|
range set: find_free among 1,000,000|call|range_find_free||||2000|held
range set: build 1,000,000 from an array|range|range_build|||||
range set: clear 1,000,000|range|range_clear|||||
#device bus of 64 devices, but for loop and handler|by hand
device access, another device each time|access|device_any|-device_loop|limit_device_any|-device_loop|40|
  the same with a hint, which is wrong|access|device_any_hint|-device_loop|limit_device_any|-device_loop||
device access, the same device again, with a hint|access|device_again|-device_loop|limit_device_any|-device_loop|40|held
  the loop with a handler that does nothing|access|device_loop|||||
#concurrent instance|one vCPU
concurrent: map 1 GiB as 4K pages|page|map_4k_vc||map_4k||1.3x|held
concurrent: map 64 GiB as 2M leaves|entry|map_2m_vc||map_2m||1.3x|held
concurrent: unmap 1 GiB of 4K pages|page|unmap_4k_vc||unmap_4k||1.3x|held
concurrent: unmap 64 GiB of 2M leaves|entry|unmap_2m_vc||unmap_2m||1.3x|held
concurrent: unmap 256 MiB of owned pages|page|unmap_owned_vc||unmap_owned||1.3x|held
concurrent: protect 1 GiB of 4K pages|page|protect_4k_vc||protect_4k||1.3x|held
concurrent: split 4 GiB of 2M leaves into 4K pages|page|split_vc||split|||
concurrent: collapse them again|page|collapse_vc||collapse|||
concurrent: fault, but for zeroing|fault|fault_vc|$zero|fault|$zero|+25|held
  the allocator of each vCPU by itself|frame|alloc_vc|-alloc_loop|alloc|-alloc_loop||
concurrent: translate|call|translate_vc||translate|||
ROWS

if [ "$mode" = ns ]; then
    # Not for callgrind, which runs one thread at a time.
    cat >>"$build/bench-rows" <<ROWS
#two vCPUs that fault at once in one area|one vCPU
in halves of it, 4 frames each (in the L1 cache)|fault|vcpus_hot||vcpu_hot||>1.8x
in halves of it, 32 MiB of frames each|fault|vcpus||vcpu||>1.8x
  zeroing these frames and nothing else|frame|vcpus_zero||vcpu_zero||>
anywhere in it (entries share cache lines), 4 each|fault|vcpus_mixed||vcpu_mixed||>
ROWS
    "$build/bench" ns "$rounds" >"$build/bench-raw"
    : >"$build/bench-counts"
else
    # One run. Each timed function is called once, from measure(): that call's inclusive cost is it.
    # Steps are called many times, and the costs since the last one are written out after each.
    rm -f "$build/callgrind.out"
    valgrind -q --tool=callgrind --toggle-collect='timed_*' --compress-strings=no \
        --dump-after=timed_step --combine-dumps=yes \
        --callgrind-out-file="$build/callgrind.out" "$build/bench" instr >"$build/bench-raw"
    awk '/^cfn=/ { name = /^cfn=timed_/ ? substr($0, 11) : "" }
         is_cost && name != "" {
             sum[name] += $2
             if ($2 > longest[name]) { longest[name] = $2 }
         }
         { is_cost = /^calls=/ }
         END { for (name in sum) { print name "\t" sum[name] "\t" longest[name] } }
    ' "$build/callgrind.out" >"$build/bench-counts"
fi

awk -F '\t' -v mode="$mode" -v check="$check" -v tsv="$build/bench-$mode.tsv" '
    FILENAME ~ /bench-raw$/ {
        count[$1] = $2
        areas[$1] = $3
        if (mode == "ns") {
            cost[$1] = $4
            best[$1] = $5
        }
        next
    }
    FILENAME ~ /bench-counts$/ { cost[$1] = $2 / count[$1]; cost[$1 "_longest"] = $3; next }
    function net(name, minus,   n, i, part, sum, sign) {
        if (!(name in cost)) {
            print "run.sh: not measured: " name > "/dev/stderr"
            failed = 1
            return 0
        }
        sum = cost[name]
        n = split(minus, part, " ")
        for (i = 1; i <= n; i++) {
            sign = substr(part[i], 1, 1) == "-" ? -1 : 1
            sum += sign * cost[substr(part[i], 2)]
        }
        return sum
    }
    function number(value) {
        return sprintf(value < 1000 ? "%.2f" : "%.0f", value)
    }
    function allowed(target, limit) {
        return target ~ /x$/ ? target * limit : target ~ /^\+/ ? limit + target : target
    }
    function times_as_fast(name, other, target) {
        target = target == "" ? "" : " (target " target ")"
        return sprintf("  %.2fx as fast, at best %.2fx%s", cost[other] / cost[name], best[other] / best[name], target)
    }
    BEGIN {
        unit_of_cost = mode == "ns" ? "ns" : "instructions"
        head = "operation\tunit\taxaddr\tlimit\tratio" (mode == "ns" ? "" : "\ttarget\tverdict")
        print head > tsv
    }
    {
        split($0, field, "|")
        if (sub(/^#/, "", field[1])) {
            printf "%-50s %-6s %10s %10s %6s", field[1] " (" unit_of_cost ")", "unit", "axaddr", field[2], "ratio"
            print mode == "ns" ? "" : sprintf(" %7s", "target")
            next
        }
        if (mode == "ns" && field[5] != "") {
            # Zeroing takes most of the time and varies more than the rest takes: leave it in.
            sub(/, but for zeroing and allocator/, ", zeroing and allocator in", field[1])
            sub(/, but for zeroing/, ", zeroing in", field[1])
            field[4] = field[6] = ""
        }
        value = net(field[3], field[4])
        limit = field[5] == "" ? "-" : net(field[5], field[6])
        ratio = limit == "-" || limit <= 0 ? "-" : sprintf("%.2f", value / limit)
        verdict = field[7] == "" ? "" : value <= allowed(field[7], limit) + 0.05 ? "ok" : "OVER"
        limit = limit == "-" ? "-" : number(limit)
        label = field[1]
        if (areas[field[3]] > 0 && label ~ /65,536/ && areas[field[3]] < 65536) {
            label = label " (" areas[field[3]] " fit)"
        }
        printf "%-50s %-6s %10s %10s %6s", label, field[2], number(value), limit, ratio
        if (mode == "ns") {
            print field[7] ~ /^>/ ? times_as_fast(field[3], field[5], substr(field[7], 2)) : ""
            print label "\t" field[2] "\t" value "\t" limit "\t" ratio > tsv
            next
        }
        print field[7] == "" ? "" : sprintf(" %7s %s", field[7], verdict)
        print label "\t" field[2] "\t" value "\t" limit "\t" ratio "\t" field[7] "\t" verdict > tsv
        if (field[8] == "held") {
            held_count++
            if (verdict == "OVER") {
                missed = missed "\n  " label
                missed_count++
            }
        }
    }
    END {
        if (check && missed != "") {
            print "targets missed:" missed
            failed = 1
        }
        if (check) {
            printf "targets: %d passed, %d failed\n", held_count - missed_count, missed_count
        }
        exit failed
    }' "$build/bench-raw" "$build/bench-counts" "$build/bench-rows"
