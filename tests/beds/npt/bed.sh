# SPDX-License-Identifier: MIT
#
# Read by run.sh. AMD's nested paging on QEMU's SVM, and on Bochs' where it is there.
. "$here/x86.sh"
sources+=("$folder/svm.S" "$here/x86_guest.S")
flags+=(-DHYPERCALL=vmmcall)
runs=("axaddr_x86_npt EPYC" "axaddr_x86_npt_2m EPYC" "axaddr_x86_npt_la57 max"
    "axaddr_x86_npt bochs:ryzen" "axaddr_x86_npt_2m bochs:ryzen")
limit=120
