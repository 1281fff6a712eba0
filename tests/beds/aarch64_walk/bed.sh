# SPDX-License-Identifier: MIT
#
# Read by run.sh. Walks through a guest's own tables (axaddr_arch/aarch64_guest.h), judged by the
# MMU: AT instructions. machine.c has its own cases in the place of cases.c. -cpu max has all
# granules and features, a57 no 16 KiB, no 52 bits, no HPDS, TTST, HAFDBS, E0PD.
emulator=qemu-system-aarch64
flags=(--target=aarch64-none-elf -mgeneral-regs-only -mstrict-align -fno-pic)
script=$here/aarch64/link.ld
sources=("$here/aarch64/boot.S")
runs=("axaddr_aarch64_stage2_40 max" "axaddr_aarch64_stage2_40 cortex-a57")

link_bed() { # ELF OBJECT...
    local elf=$1 object objects=()
    for object in "${@:2}"; do
        [ "$(basename "$object")" = cases.c.o ] || objects+=("$object")
    done
    "$ld" -T "$script" "${objects[@]}" -o "$elf"
}

emulate() { # ELF CPU
    $emulator -M virt,virtualization=on -cpu "$2" -m 4G -display none -nodefaults -serial stdio \
        -semihosting-config enable=on,target=native -kernel "$1"
}
