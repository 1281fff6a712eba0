# SPDX-License-Identifier: MIT
#
# Read by run.sh. 32-bit Arm's stage 1 on QEMU's virt board, from reset in Hyp mode; the accesses
# are made from Supervisor and User mode.
emulator=qemu-system-aarch64
flags=(--target=armv7a-none-eabi -mcpu=cortex-a15 -mfloat-abi=soft -marm -mno-unaligned-access
    -fno-pic)
sources=("$here/arm/boot.S")
script=$here/arm/link.ld
runs=("axaddr_arm_short cortex-a15" "axaddr_arm_lpae cortex-a15"
    "axaddr_arm_short cortex-a7 -DBED_STRIDE_OF=7" "axaddr_arm_lpae cortex-a7 -DBED_STRIDE_OF=7")

emulate() { # ELF CPU
    $emulator -M virt,virtualization=on -cpu "$2" -m 2G -display none -nodefaults -serial stdio \
        -semihosting-config enable=on,target=native -kernel "$1"
}
