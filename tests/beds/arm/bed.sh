# SPDX-License-Identifier: MIT
#
# Read by run.sh. 32-bit Arm's stage 2 on QEMU's virt board, from reset in Hyp mode. (It has to be
# the emulator for 64 bits: qemu-system-arm 7.2 cuts intermediate physical addresses to 32 bits.)
emulator=qemu-system-aarch64
flags=(--target=armv7a-none-eabi -mcpu=cortex-a15 -mfloat-abi=soft -marm -mno-unaligned-access
    -fno-pic)
runs=("axaddr_arm_lpae_stage2_40 cortex-a15" "axaddr_arm_lpae_stage2_36 cortex-a7"
    "axaddr_arm_lpae_stage2_32 cortex-a15")

emulate() { # ELF CPU
    $emulator -M virt,virtualization=on -cpu "$2" -m 2G -display none -nodefaults -serial stdio \
        -semihosting-config enable=on,target=native -kernel "$1"
}
