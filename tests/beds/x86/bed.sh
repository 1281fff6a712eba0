# SPDX-License-Identifier: MIT
#
# Read by run.sh. The stage 1 of 64-bit x86 on QEMU: the bed runs on its own tables and accesses
# them from rings 0 and 3.
. "$here/x86.sh"
sources+=("$folder/trap.S")
runs=("axaddr_x86_64 max" "axaddr_x86_64 Haswell-noTSX" "axaddr_x86_64_2m max"
    "axaddr_x86_64_la57 max" "axaddr_x86_64 max -DBED_UPPER -DBED_STRIDE_OF=7"
    "axaddr_x86_64_la57 max -DBED_UPPER -DBED_STRIDE_OF=7")
