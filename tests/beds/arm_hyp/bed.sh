# SPDX-License-Identifier: MIT
#
# Read by run.sh. 32-bit Arm's Hyp mode on QEMU's virt board, which runs on its own table and makes
# the accesses itself. The RAM that is tried is above 4 GiB.
emulator=qemu-system-aarch64
flags=(--target=armv7a-none-eabi -mcpu=cortex-a15 -mfloat-abi=soft -marm -mno-unaligned-access
    -fno-pic -DBED_HIGH=0x80000000u)
sources=("$here/arm/boot.S" "$folder/call.S")
script=$here/arm/link.ld
runs=("axaddr_arm_lpae_hyp cortex-a15" "axaddr_arm_lpae_hyp cortex-a7")

emulate() { # ELF CPU
    $emulator -M virt,virtualization=on -cpu "$2" -m 4G -display none -nodefaults -serial stdio \
        -semihosting-config enable=on,target=native -kernel "$1"
}
