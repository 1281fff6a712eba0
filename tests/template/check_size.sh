# SPDX-License-Identifier: MIT
#
# check_size.sh: the code of one space with its whole API, and of one page table, at gcc -Os on x86_64:
# all .text sections of an object that has nothing else. The aims are 8 KiB and 3 KiB; the limits are
# what has been reached so far, for the largest format, so that it does not grow unnoticed. The figures
# of other compilers and targets are printed beside, without a limit.

size_limit_space=10496
size_limit_table=7168
size_formats=(axaddr_x86_ept axaddr_x86_64 axaddr_aarch64_stage2_40 axaddr_aarch64_stage2_48
    axaddr_riscv_sv39x4 axaddr_riscv_sv48x4 axaddr_riscv_sv48x4_svpbmt)

# Bytes of the .text sections of object $1.
text_size() {
    local tool=llvm-size
    command -v llvm-size >/dev/null 2>&1 || tool=size
    "$tool" -A "$1" | awk '/^\.text/ { total += $2 } END { print total + 0 }'
}

# Compile one_$1.c over format $2 with the command in $3 and print its size. $4: a limit, or nothing.
size_one() {
    local what=$1 format=$2 limit=${4:-} name object bytes command
    read -ra command <<<"$3"
    name="text: one $what, $format, $3"
    object=$build/size/$(tr -c 'a-zA-Z0-9_\n' _ <<<"$name").o
    compile "$name" "${command[@]}" -std=c11 "-DFORMAT=$format" "-I$root" -c "$here/one_$what.c" \
        -o "$object" || return
    bytes=$(text_size "$object")
    note "$(printf 'text: one %-5s %5d bytes%s  %s, %s' "$what" "$bytes" "${limit:+ of $limit}" \
        "$3" "$format")"
    if [ "$bytes" -lt 500 ]; then
        fail "$name" "$bytes bytes: nothing was measured"
    elif [ -n "$limit" ] && [ "$bytes" -gt "$limit" ]; then
        fail "$name" "$bytes bytes, more than $limit; largest: $(largest "$object")"
    else
        pass "$name"
    fi
}

# The largest functions of object $1.
largest() {
    nm --size-sort -r -S -t d "$1" 2>/dev/null | awk '$3 ~ /[tT]/ { printf "%s%s %d", sep, $4, $2
        sep = ", "; if (++count == 8) exit }'
}

check_size() {
    local format
    mkdir -p "$build/size"
    if need gcc && gcc -dumpmachine | grep -q '^x86_64'; then
        for format in "${size_formats[@]}"; do
            job size_one space "$format" "gcc -Os" "$size_limit_space"
            job size_one table "$format" "gcc -Os" "$size_limit_table"
        done
    else
        skip "size limits: gcc for x86_64"
    fi
    need clang || return
    job size_one space axaddr_x86_ept "clang -Os"
    job size_one table axaddr_x86_ept "clang -Os"
    job size_one space axaddr_aarch64_stage2_48 "clang --target=aarch64-none-elf -ffreestanding -Os"
    job size_one table axaddr_aarch64_stage2_48 "clang --target=aarch64-none-elf -ffreestanding -Os"
    job size_one space axaddr_riscv_sv39x4 "clang --target=riscv64-none-elf -march=rv64imac -ffreestanding -Os"
    job size_one table axaddr_riscv_sv39x4 "clang --target=riscv64-none-elf -march=rv64imac -ffreestanding -Os"
}
