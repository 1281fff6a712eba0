# SPDX-License-Identifier: MIT
#
# Read by run.sh. RISC-V G-stage on QEMU's virt board, from reset, without firmware.
emulator=qemu-system-riscv64
flags=(--target=riscv64-none-elf -march=rv64imac -mabi=lp64 -mcmodel=medany -mno-relax -fno-pic)
plain=rv64,h=true
extended=rv64,h=true,svpbmt=true,svnapot=true,svinval=true
runs=("axaddr_riscv_sv39x4 $plain" "axaddr_riscv_sv48x4 $plain" "axaddr_riscv_sv57x4 $plain"
    "axaddr_riscv_sv39x4_svpbmt $extended" "axaddr_riscv_sv48x4_svpbmt $extended"
    "axaddr_riscv_sv57x4_svpbmt $extended" "axaddr_riscv_sv39x4_svnapot $extended"
    "axaddr_riscv_sv48x4_svnapot $extended" "axaddr_riscv_sv57x4_svnapot $extended")
for width in 39 48 57; do
    runs+=("axaddr_riscv_gstage $plain -DBED_SHAPE_NAME=axaddr_riscv_sv${width}x4")
done

emulate() { # ELF CPU
    $emulator -M virt -cpu "$2" -m 3G -bios none -display none -nodefaults -serial stdio \
        -kernel "$1"
}
