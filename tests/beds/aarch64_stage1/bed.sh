# SPDX-License-Identifier: MIT
#
# Read by run.sh. AArch64 stage 1 on QEMU's virt board, from EL3: EL1&0 in both halves of the
# addresses, and EL2. -cpu max has all granules, a57 no TTL and no TLBIRANGE.
emulator=qemu-system-aarch64
flags=(--target=aarch64-none-elf -mgeneral-regs-only -mstrict-align -fno-pic)
script=$here/aarch64/link.ld
runs=("axaddr_aarch64_el1 max" "axaddr_aarch64_el1 max -DBED_UPPER -DBED_STRIDE_OF=7"
    "axaddr_aarch64_el1 cortex-a57 -DBED_STRIDE_OF=7"
    "axaddr_aarch64_el1_16k max -DBED_STRIDE_OF=7"
    "axaddr_aarch64_el1_16k max -DBED_UPPER -DBED_STRIDE_OF=7"
    "axaddr_aarch64_el1_64k max -DBED_STRIDE_OF=13"
    "axaddr_aarch64_el1_64k max -DBED_UPPER -DBED_STRIDE_OF=13"
    "axaddr_aarch64_el2 max" "axaddr_aarch64_el2 cortex-a57"
    "axaddr_aarch64_el2_16k max" "axaddr_aarch64_el2_64k max")

for format in el1_52 el1_16k_52 el1_64k_52; do
    runs+=("axaddr_aarch64_$format max -DBED_STRIDE_OF=13"
        "axaddr_aarch64_$format max -DBED_UPPER -DBED_STRIDE_OF=13")
done
for format in el2_52 el2_16k_52 el2_64k_52; do
    runs+=("axaddr_aarch64_$format max")
done

emulate() { # ELF CPU
    $emulator -M virt,secure=on,virtualization=on -cpu "$2" -m 4G -display none -nodefaults \
        -serial stdio -semihosting-config enable=on,target=native -kernel "$1"
}
