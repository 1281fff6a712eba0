# SPDX-License-Identifier: MIT
#
# Read by run.sh. AArch64 stage 2 on QEMU's virt board: -cpu max has all features and granules, a57
# none of TTL, TLBIRANGE and 16-bit VMIDs, and 44 bits of physical addresses.
emulator=qemu-system-aarch64
flags=(--target=aarch64-none-elf -mgeneral-regs-only -mstrict-align -fno-pic)
runs=("axaddr_aarch64_stage2_40 cortex-a57" "axaddr_aarch64_stage2_64k_40 cortex-a57")
for variant in 32 36 40 42 44 48 16k_40 16k_48 64k_40 64k_48 40_xnx 40_fwb 48_fwb; do
    runs+=("axaddr_aarch64_stage2_$variant max")
done
for variant in 48_xnx 40_xnx_fwb 48_xnx_fwb; do
    runs+=("axaddr_aarch64_stage2_$variant max -DBED_STRIDE_OF=7")
done
for variant in 52 52_5 64k_52; do
    runs+=("axaddr_aarch64_stage2_$variant max")
done
runs+=("bed_aarch64_stage2_16k_48_52 max -include $folder/formats.h")
for width in 36 42 48; do
    runs+=("axaddr_aarch64_stage2 max -DBED_SHAPE_NAME=axaddr_aarch64_stage2_$width")
done

emulate() { # ELF CPU
    $emulator -M virt,virtualization=on -cpu "$2" -m 4G -display none -nodefaults -serial stdio \
        -semihosting-config enable=on,target=native -kernel "$1"
}
