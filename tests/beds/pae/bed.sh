# SPDX-License-Identifier: MIT
#
# Read by run.sh. 32-bit x86 with PAE: a 32-bit program that runs on its own tables, and accesses
# them from rings 0 and 3. QEMU has RAM above 4 GiB; Bochs has PDPTE registers, as processors do.
. "$here/x86.sh"
flags=(--target=i686-unknown-none-elf -mgeneral-regs-only -fno-pic -DBED_HIGH=0x80000000)
sources=("$folder/boot.S" "$folder/trap.S")
runs=("axaddr_x86_pae max" "axaddr_x86_pae bochs:corei7_skylake_x")
limit=120
