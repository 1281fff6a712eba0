# SPDX-License-Identifier: MIT
#
# Read by run.sh. Intel's EPT on Bochs' VMX.
. "$here/x86.sh"
emulator=bochs
sources+=("$folder/vmx.S" "$here/x86_guest.S")
flags+=(-DHYPERCALL=vmcall)
runs=("axaddr_x86_ept bochs:corei7_skylake_x" "axaddr_x86_ept bochs:tigerlake"
    "axaddr_x86_ept_2m bochs:corei7_skylake_x" "axaddr_x86_ept_ignore_pat bochs:corei7_skylake_x"
    "axaddr_x86_ept_suppress_ve bochs:corei7_skylake_x")
limit=120
