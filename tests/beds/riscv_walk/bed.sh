# SPDX-License-Identifier: MIT
#
# Read by run.sh. Walks through a guest's own tables (axaddr_arch/riscv_guest.h), judged by the MMU:
# accesses by HLV and HSV, and by a guest in VS- and VU-mode. The space below is Sv39x4. machine.c has
# its own cases in the place of cases.c; BED_STRIDE_OF other than 1 says that the CPU has Svpbmt and
# Svnapot.
emulator=qemu-system-riscv64
flags=(--target=riscv64-none-elf -march=rv64imac -mabi=lp64 -mcmodel=medany -mno-relax -fno-pic)
script=$here/riscv/link.ld
runs=("axaddr_riscv_sv39x4 rv64,h=true -DBED_STRIDE_OF=1"
    "axaddr_riscv_sv39x4 rv64,h=true,svpbmt=true,svnapot=true -DBED_STRIDE_OF=3")

link_bed() { # ELF OBJECT...
    local elf=$1 object objects=()
    for object in "${@:2}"; do
        [ "$(basename "$object")" = cases.c.o ] || objects+=("$object")
    done
    "$ld" -T "$script" "${objects[@]}" -o "$elf"
}

emulate() { # ELF CPU
    $emulator -M virt -cpu "$2" -m 3G -bios none -display none -nodefaults -serial stdio \
        -kernel "$1"
}
