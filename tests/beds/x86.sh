# SPDX-License-Identifier: MIT
#
# Read by the bed.sh of the x86 beds: how they are built, and the two emulators. Success is told to
# both (x86_exit in x86.h).
emulator=qemu-system-x86_64
flags=(--target=x86_64-unknown-none-elf -mno-red-zone -mgeneral-regs-only -mcmodel=small -fno-pic)
sources+=("$here/x86_boot.S")
script=$here/x86.ld

emulate() { # ELF CPU: on QEMU, or bochs:MODEL
    case $2 in
    bochs:*) run_bochs "$1" "${2#*:}" ;;
    *) run_qemu "$1" "$2" ;;
    esac
}

# isa-debug-exit makes a status of what is written: 2 * value + 1.
run_qemu() { # ELF CPU
    local status=0
    qemu-system-x86_64 -accel tcg -M pc -cpu "$2" -m 6G -display none -nodefaults -no-reboot \
        -device isa-debug-exit,iobase=0xf4,iosize=4 -debugcon stdio -kernel "$1" || status=$?
    [ "$status" -eq 33 ] # 0x10 was written
}

# Bochs starts from a ROM of our own: no BIOS, no disk. A magic break takes it into its debugger,
# which ends with status 0; other ends have status 1. Without a sound driver, as one in twenty runs
# would end with a segmentation fault of Bochs 2.7 when it is taken down. If that happens all the
# same, the bed having come to its end without a failure, it is run once more, and that run counts.
run_bochs() { # ELF MODEL
    local work=$1.$2.bochs status=0
    mkdir -p "$work"
    llvm-objcopy -O binary "$1" "$work/payload.bin"
    clang --target=x86_64-unknown-none-elf -I "$work" -c "$here/x86_rom.S" -o "$work/rom.o"
    ld.lld -T "$here/x86_rom.ld" \
        --defsym=x86_start="0x$(llvm-nm "$1" | sed -n 's/^0*\([0-9a-f]*\) . x86_start$/\1/p')" \
        "$work/rom.o" -o "$work/rom.elf"
    llvm-objcopy -O binary "$work/rom.elf" "$work/bed.rom"
    printf 'c\nq\n' >"$work/debugger"
    cat >"$work/bochsrc" <<END
display_library: term
cpu: model=$2, count=1, ips=50000000, reset_on_triple_fault=0
memory: guest=1280, host=1280
romimage: file="$work/bed.rom", address=0xfffc0000
vgaromimage: file=/usr/share/vgabios/vgabios.bin
port_e9_hack: enabled=1
magic_break: enabled=1
sound: driver=dummy
plugin_ctrl: speaker=0
clock: sync=none
log: "$work/log"
panic: action=fatal
END
    run_bochs_once "$work" || status=$?
    if [ "$status" -gt 128 ] && grep -aq '^bed-end [0-9]* passed, 0 failed' "$work/console"; then
        echo "note Bochs crashed after the bed's end (status $status): run again"
        status=0
        run_bochs_once "$work" || status=$?
    fi
    return "$status"
}

run_bochs_once() { # WORK
    TERM=dumb bochs -q -f "$1/bochsrc" -rc "$1/debugger" | tee "$1/console"
    return "${PIPESTATUS[0]}"
}
