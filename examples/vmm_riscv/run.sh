#!/bin/bash
# SPDX-License-Identifier: MIT
#
# run.sh <build-dir>: build the RISC-V example VMM there and run it in QEMU: Debian's U-Boot as its
# guest. Shows the console; exits 0 only if the VMM found all answers right and U-Boot printed them.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
guest_image=${AXADDR_GUESTS:-$root/build/guests}/qemu-riscv64_smode/u-boot.bin

fail() {
    echo "run.sh: $*" >&2
    exit 1
}

[ $# -eq 1 ] || fail "usage: $0 <build-dir>"
for tool in clang ld.lld dtc python3 qemu-system-riscv64; do
    [ -n "$(type -P "$tool")" ] || fail "$tool is missing; $root/tools/setup run installs it"
done
[ -s "$guest_image" ] || fail "$guest_image is missing; $root/tools/setup run fetches it"

mkdir -p "$1"
build=$(cd "$1" && pwd)

# ---- build ----

flags=(--target=riscv64-none-elf -march=rv64imac -mabi=lp64 -mcmodel=medany -mno-relax
    -std=c11 -O2 -g -ffreestanding -I "$root" -I "$build" -fno-pic -fno-stack-protector
    -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Wundef
    -DGUEST_IMAGE_FILE="\"$guest_image\"" -DGUEST_DTB_FILE="\"$build/guest.dtb\"")
objects=()
vmm_image=(0x80000000 0x10000000) # the VMM and its frames: link.ld, frames.h

"$root/tools/axvmconfig" --width 41 --output-width 56 --image "${vmm_image[@]}" \
    -o "$build/vm_config.h" "$here/uboot.toml"
dtc -q -I dts -O dtb -o "$build/guest.dtb" "$here/guest.dts"
for source in boot.S main.c verdict.c sbi.c console.c memory.c; do
    clang "${flags[@]}" -c "$here/$source" -o "$build/${source%.*}.o"
    objects+=("$build/${source%.*}.o")
done
ld.lld -T "$here/link.ld" "${objects[@]}" -o "$build/vmm.elf"

# ---- run ----

status=0
timeout -k 2 60 qemu-system-riscv64 -M virt -cpu rv64,h=true -m 256 -bios none \
    -display none -nodefaults -serial stdio -kernel "$build/vmm.elf" </dev/null |
    tr -d '\r' | tee "$build/console.txt" || status=$?

case $status in
0) ;;
124 | 137) fail "no end after 60 seconds" ;;
*) fail "the VMM failed (exit status $status)" ;;
esac

# The VMM judges by the guest's memory. What the guest prints is checked here, against CRCs that
# python3's zlib computed.
for line in "U-Boot 20" \
    "crc32 for 81000000 ... 817fffff ==> f7537d07" \
    "crc32 for 81800000 ... 81ffffff ==> f7537d07" \
    "crc32 for 82000000 ... 820fffff ==> a738ea1c" \
    "Total of 2097152 word(s) were the same" \
    "VMM: all answers are right"; do
    grep -qF -- "$line" "$build/console.txt" || fail "the console lacks: $line"
done
