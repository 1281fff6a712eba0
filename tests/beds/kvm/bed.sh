# SPDX-License-Identifier: MIT
#
# Read by run.sh. The stage 1 of 64-bit x86 on KVM: the bed is an ordinary process, and its guest
# runs on the tables. KVM does not offer 1 GiB leaves everywhere.
emulator=clang
flags=(-fPIE)
sources=("$folder/guest.S")
runs=("axaddr_x86_64_2m kvm -DBED_STRIDE_OF=7")
limit=120

if [ "$(uname -m)" != x86_64 ]; then
    lacks="the host is no x86-64"
elif [ ! -e /dev/kvm ]; then
    lacks="/dev/kvm is missing"
elif [ ! -r /dev/kvm ] || [ ! -w /dev/kvm ]; then
    lacks="/dev/kvm may not be opened"
fi

link_bed() { # ELF OBJECT...
    clang -pie "${@:2}" -o "$1"
}

emulate() { # ELF CPU
    "$1"
}
