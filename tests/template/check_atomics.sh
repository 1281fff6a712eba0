# SPDX-License-Identifier: MIT
#
# check_atomics.sh: what locking costs, as seen in the code of one space:
#
# - without lock and unlock in the HAL there is no atomic read-modify-write and no barrier between
#   CPUs; what is left are stores with release, which walkers need to see a table before its link
#   (plain stores on x86, stlr on AArch64, after a fence rw, w on RISC-V);
# - with them, a fault that populates a page has just one compare-and-swap.

# name; what each atomic instruction or barrier looks like; the compare-and-swap; compiler and flags.
atomics_builds=(
    "x86_64|lock |[ml]fence|xchg .*\(|lock cmpxchg|gcc -O2"
    "x86_64-clang|lock |[ml]fence|xchg .*\(|lock cmpxchg|clang -O2"
    "x86_64-Os|lock |[ml]fence|xchg .*\(|lock cmpxchg|gcc -Os"
    "aarch64|ldax|ldx|stx|stlx|dmb|ldar|lda?xr|clang --target=aarch64-none-elf -ffreestanding -O2"
    "riscv64|lr\.|sc\.|amo|fence[ \t]+(rw, rw|r, rw|rw, r)|lr\.|clang --target=riscv64-none-elf -march=rv64imac -ffreestanding -O2"
)

# Instructions of object $1 that match the pattern $2, in function $3 if it is given.
count_instructions() {
    disassemble "$1" "${4/#x86_64/gcc}" | awk -v pattern="$2" -v wanted="$3" '
        /^[0-9a-f]+ <.*>:$/ { name = $2; gsub(/[<>:]/, "", name); next }
        wanted == "" || name == wanted { sub(/^[ ]*[0-9a-f]+:[ \t]*/, ""); if ($0 ~ "^(" pattern ")") count++ }
        END { print count + 0 }'
}

# One build ("name|patterns...|swap|command") over format $2.
atomics_one() {
    local name=${1%%|*} rest=${1#*|} format=$2 command swap patterns kind object count title
    command=${rest##*|}
    rest=${rest%|*}
    swap=${rest##*|}
    patterns=${rest%|*}
    can_compile "$command" || { skip "atomics: $command"; return; }
    for kind in single concurrent; do
        title="atomics: $name, $format, $kind"
        object=$build/atomics/$name-$format-$kind.o
        # shellcheck disable=SC2086
        compile "$title" $command -std=c11 "-DFORMAT=$format" \
            $([ $kind = concurrent ] && echo -DCONCURRENT) "-I$root" -c "$here/one_space.c" \
            -o "$object" || return
        if [ $kind = single ]; then
            count=$(count_instructions "$object" "$patterns" "" "$name")
            if [ "$count" -eq 0 ]; then pass "$title"; else fail "$title" "$count atomic instructions"; fi
        else
            count=$(count_instructions "$object" "$swap" "" "$name")
            if [ "$count" -ge 3 ]; then pass "$title"; else fail "$title" "only $count in all: what is looked for?"; fi
            case $name in *-Os) continue ;; esac
            count=$(count_instructions "$object" "$swap" space_handle_fault "$name")
            if [ "$count" -eq 1 ]; then pass "$title, a fault"; else fail "$title, a fault" "$count compare-and-swaps"; fi
        fi
    done
}

check_atomics() {
    local line format
    mkdir -p "$build/atomics"
    for line in "${atomics_builds[@]}"; do
        for format in axaddr_x86_ept axaddr_aarch64_stage2_40 axaddr_riscv_sv48x4; do
            job atomics_one "$line" "$format"
        done
    done
}
