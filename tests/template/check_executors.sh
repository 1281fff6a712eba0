# SPDX-License-Identifier: MIT
#
# check_executors.sh: the TLB maintenance and the loading of roots of each machine
# (axaddr_arch/*_tlb.h, *_switch.h) compile for it, and are made of its instructions. The host tests
# run the same code over simulated ones (test_tlb.c, test_switch.c).

# name; what to find, as llvm-objdump shows it with the bytes, separated by commas; compiler and flags.
executors_builds=(
    "x86_64|invept,invpcid,invlpg[^a],invlpga,%cr3,%cr4,%cr0,rdmsr,wrmsr|clang --target=x86_64-none-elf -ffreestanding"
    "i386|%cr3,%cr4,%cr0,rdmsr,wrmsr|clang --target=i386-none-elf -ffreestanding"
    # TLBI RIPAS2E1IS is not named before v8.4: SYS #4, C8, C0, #2.
    "aarch64|tlbi.ipas2e1is,sys.#4. c8. c0. #2,tlbi.vmalle1is,tlbi.vmalls12e1is,tlbi.alle1is,tlbi.vae1is,tlbi.vaae1is,tlbi.aside1is,tlbi.vae2is,tlbi.alle2is,sys.#0. c8. c2. #1,sys.#4. c8. c2. #1,dsb.ishst,dsb.ish$,isb,msr.*MAIR_EL1,msr.*TCR_EL1,msr.*TTBR0_EL1,msr.*TTBR1_EL1,msr.*SCTLR_EL1,msr.*MAIR_EL2,msr.*TCR_EL2,msr.*TTBR0_EL2,msr.*SCTLR_EL2,tlbi.vmalle1$,tlbi.alle2$,dsb.nsh,dsb.sy|clang --target=aarch64-none-elf -ffreestanding"
    # TLBIALLIS, TLBIMVAAIS, TLBIMVAIS, TLBIASIDIS; in Hyp mode TLBIALLNSNHIS, TLBIMVAHIS, TLBIALLHIS.
    "arm|mcr p15. #0. r[0-9]*. c8. c3. #0,c8. c3. #3,c8. c3. #1,c8. c3. #2,mcr p15. #4. r[0-9]*. c8. c3. #4,#4. r[0-9]*. c8. c3. #1,#4. r[0-9]*. c8. c3. #0,mcrr p15. #6,dsb.ishst,dsb.ish$,isb|clang --target=armv7a-none-elf -mfloat-abi=soft -ffreestanding"
    "loongarch64|invtlb 0,invtlb 4,invtlb [56],csrwr .*. 0$,csrwr .*. 24$,csrwr .*. 25$,csrwr .*. 26$,csrwr .*. 31$,csrwr .*. 136$|clang-19 --target=loongarch64-none-gnusf -mno-lsx -ffreestanding -S"
    # hfence.gvma and hfence.vvma; hinval.gvma; sfence.w.inval and sfence.inval.ir (Svinval); SBI;
    # sfence.vma, sinval.vma.
    "riscv64|73 .. .. 62,73 .. .. 22,73 .. .. 66,73 00 00 18,73 00 10 18,ecall,73 00 00 12,73 .. .. 16,satp|clang --target=riscv64-none-elf -march=rv64imac -ffreestanding"
)

# One build ("name|patterns|command") at optimisation $2.
executors_one() {
    local name=${1%%|*} rest=${1#*|} level=$2 pattern title object
    local command=${rest#*|} listing
    local -a patterns
    can_compile "$command" || { skip "executors: $command"; return; }
    title="executors: $name, $level"
    object=$build/executors/$name$level.o
    # shellcheck disable=SC2086
    compile "$title" $command -std=c11 "${warnings[@]}" "$level" "-I$root" -c "$here/executors.c" \
        -o "$object" || return
    case $command in
    *" -S") listing=$(tr '\t' ' ' <"$object") ;; # no llvm-objdump here knows it
    *) listing=$(llvm-objdump -d "$object" | tr '\t' ' ') ;;
    esac
    IFS=, read -ra patterns <<<"${rest%%|*}"
    for pattern in "${patterns[@]}"; do
        if grep -q -- "$pattern" <<<"$listing"; then
            pass "$title: $pattern"
        else
            fail "$title" "no $pattern"
        fi
    done
}

check_executors() {
    local line level
    need llvm-objdump || return
    mkdir -p "$build/executors"
    for line in "${executors_builds[@]}"; do
        for level in -O0 -Og -Os -O2; do
            job executors_one "$line" "$level"
        done
    done
}
