# SPDX-License-Identifier: MIT
#
# Read by run.sh. AArch64 stage 2 on QEMU's virt board: -cpu max has all features, a57 none of
# TTL, TLBIRANGE and 16-bit VMIDs, and 44 bits of physical addresses.
emulator=qemu-system-aarch64
flags=(--target=aarch64-none-elf -mgeneral-regs-only -mstrict-align -fno-pic)
runs=("axaddr_aarch64_stage2_40 max" "axaddr_aarch64_stage2_40 cortex-a57"
    "axaddr_aarch64_stage2_48 max")

emulate() { # ELF CPU
    $emulator -M virt,virtualization=on -cpu "$2" -m 4G -display none -nodefaults -serial stdio \
        -semihosting-config enable=on,target=native -kernel "$1"
}
