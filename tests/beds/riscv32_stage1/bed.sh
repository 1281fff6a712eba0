# SPDX-License-Identifier: MIT
#
# Read by run.sh. The bed of riscv_stage1, for RV32: Sv32.
emulator=qemu-system-riscv32
flags=(--target=riscv32-none-elf -march=rv32imac -mabi=ilp32 -mno-relax -fno-pic)
code=$here/riscv_stage1/machine.c
sources=("$here/riscv_stage1/boot.S")
script=$here/riscv/link.ld
runs=("axaddr_riscv_sv32 rv32")

emulate() { # ELF CPU
    $emulator -M virt -cpu "$2" -m 2G -bios none -display none -nodefaults -serial stdio \
        -kernel "$1"
}
