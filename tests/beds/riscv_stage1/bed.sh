# SPDX-License-Identifier: MIT
#
# Read by run.sh. RISC-V stage 1 on QEMU's virt board, from reset, without firmware; in both halves
# of the addresses.
emulator=qemu-system-riscv64
flags=(--target=riscv64-none-elf -march=rv64imac -mabi=lp64 -mcmodel=medany -mno-relax -fno-pic)
script=$here/riscv/link.ld
plain=rv64
extended=rv64,svpbmt=true,svnapot=true,svinval=true
runs=("axaddr_riscv_sv39 $plain" "axaddr_riscv_sv39 $plain -DBED_UPPER -DBED_STRIDE_OF=7"
    "axaddr_riscv_sv48 $plain" "axaddr_riscv_sv57 $plain -DBED_UPPER -DBED_STRIDE_OF=7"
    "axaddr_riscv_sv39_svpbmt $extended -DBED_STRIDE_OF=7"
    "axaddr_riscv_sv48_svpbmt $extended -DBED_STRIDE_OF=11 -DBED_UPPER"
    "axaddr_riscv_sv57_svpbmt $extended -DBED_STRIDE_OF=13"
    "axaddr_riscv_sv39_svnapot $extended -DBED_STRIDE_OF=7 -DBED_UPPER"
    "axaddr_riscv_sv48_svnapot $extended -DBED_STRIDE_OF=11"
    "axaddr_riscv_sv57_svnapot $extended -DBED_STRIDE_OF=13")

emulate() { # ELF CPU
    $emulator -M virt -cpu "$2" -m 3G -bios none -display none -nodefaults -serial stdio \
        -kernel "$1"
}
