# SPDX-License-Identifier: MIT
#
# Read by run.sh. LoongArch64 on QEMU's virt board: the bed is at PLV 0, in a direct mapping window
# of the lower half; accesses are made from PLV 0 and PLV 3 to the upper half (PGDH), and from PLV 3
# to the lower half (PGDL), where PLV 0 would meet the window.
#
# What QEMU 7.2 does not let a bed judge:
#   - Pages of 4 KiB: it takes them for 16 KiB. So axaddr_loongarch64_39 and _48 are not run.
#   - LDDIR and LDPTE drop bits 63:61. The refill handler puts NR, NX and RPLV back (machine.c).
#   - A fetch that NX or PLV forbids hangs it: it fetches the instruction for BADI once more, and
#     faults again for ever. machine.c looks the entry up by the manual, and does not try what is
#     forbidden there: no case; a line "note" tells how many. Fetches that are permitted, or of what is
#     absent, are tried.
#   - G of the even page alone decides for the pair; and NR is not asked again for a page that was
#     written before: machine.c has QEMU forget its own cache, but not the TLB, before each access.
emulator=qemu-system-loongarch64
limit=120
cc=clang-19 # older ones do not know LoongArch
ld=ld.lld-19
if [ -z "$(type -P $cc)" ] || [ -z "$(type -P $ld)" ]; then
    lacks="$cc or $ld is missing; tools/setup beds installs them"
fi
flags=(--target=loongarch64-none-gnusf -mno-lsx -fno-pic)
runs=("axaddr_loongarch64_16k_47 la464 -DBED_UPPER"
    "axaddr_loongarch64_16k_47 la464 -DBED_STRIDE_OF=7")

# QEMU always ends with 0: what the bed said last is the status. When it hangs it does not hear
# SIGTERM.
emulate() { # ELF CPU
    timeout -s KILL "$((limit - 10))" $emulator -M virt -cpu "$2-loongarch-cpu" -m 3G -display none \
        -nodefaults -serial stdio -kernel "$1" | tee "$1.said"
    tr -d '\r' <"$1.said" | grep -q '^bed-exit 0$'
}
