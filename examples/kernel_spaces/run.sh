#!/bin/bash
# SPDX-License-Identifier: MIT
#
# run.sh <build-dir>: build the example kernel there for RISC-V and AArch64, and run it in QEMU with
# two CPUs. Shows the consoles (but for the firmware's part); the last line has the sum of the
# checks of both, and the exit status is 0 only if all passed.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
checks=31 # of each machine
passed=0
failed=0

[ $# -eq 1 ] || { echo "usage: $0 <build-dir>" >&2; exit 2; }
for tool in clang ld.lld qemu-system-riscv64 qemu-system-aarch64; do
    [ -n "$(type -P "$tool")" ] || {
        echo "$tool is missing; $root/tools/setup beds installs it" >&2
        exit 1
    }
done

# compile SOURCE OBJECT FLAGS...
compile() {
    clang "${flags[@]}" -std=c11 -O2 -g -ffreestanding -nostdlib -fno-pic -fno-stack-protector \
        -fno-jump-tables -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Wundef -Werror \
        -I "$root" -I "$here" -c "$1" -o "$2" "${@:3}"
}

# build MACHINE LOAD KERNEL_OFFSET, with the flags for the compiler in `flags`
build() {
    local source objects=()
    # Calls stay calls: one user wants to see its stack grow.
    compile "$here/user.c" "$build/user.o" -fno-optimize-sibling-calls
    ld.lld -T "$here/user.ld" --oformat=binary "$build/user.o" -o "$build/user.bin"
    for source in "$1/boot.S" early.c memory.c process.c main.c ../vmm_riscv/memory.c; do
        objects+=("$build/$(tr -c 'a-z_\n' _ <<<"$source").o")
        compile "$here/$source" "${objects[-1]}" "-DUSER_IMAGE_FILE=\"$build/user.bin\""
    done
    ld.lld -T "$here/link.ld" --defsym=LOAD="$2" --defsym=KERNEL_OFFSET="$3" "${objects[@]}" \
        -o "$build/kernel.elf"
}

# judge MACHINE COMMAND...: run it
judge() {
    local name=$1 status=0 counts
    shift
    echo "---- $name"
    timeout -k 2 60 "$@" -smp 2 -m 128 -display none -nodefaults -serial stdio \
        -kernel "$build/kernel.elf" </dev/null 2>&1 | tr -d '\r' >"$build/console.txt" || status=$?
    sed '/^OpenSBI/,/^Boot HART MEDELEG/d' "$build/console.txt"
    counts=$(sed -n 's/^kernel_spaces: \([0-9]*\) passed, \([0-9]*\) failed$/\1 \2/p' \
        "$build/console.txt")
    # shellcheck disable=SC2086
    set -- ${counts:-0 0}
    if [ "$status" -ne 0 ] || [ $(($1 + $2)) -ne "$checks" ]; then
        echo "FAIL: $name ended with status $status after $1 of $checks checks"
        failed=$((failed + 1))
    fi
    passed=$((passed + $1))
    failed=$((failed + $2))
}

mkdir -p "$1/riscv" "$1/aarch64"

build=$(cd "$1/riscv" && pwd)
flags=(--target=riscv64-none-elf -march=rv64imac -mabi=lp64 -mcmodel=medany -mno-relax
    -msmall-data-limit=0)
build riscv 0x80200000 0xffffffc000000000
judge riscv qemu-system-riscv64 -M virt -bios default

build=$(cd "$1/aarch64" && pwd)
flags=(--target=aarch64-none-elf -mgeneral-regs-only -mstrict-align)
build aarch64 0x40200000 0xffff800000000000
judge aarch64 qemu-system-aarch64 -M virt -cpu cortex-a72

echo "kernel-spaces: $passed passed, $failed failed"
[ "$failed" -eq 0 ]
