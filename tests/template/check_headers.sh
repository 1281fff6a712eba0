# SPDX-License-Identifier: MIT
#
# check_headers.sh: every header compiles alone (and twice in a row), as C11 and as C++20, with gcc
# and clang, at every optimisation, without a warning; and freestanding for 32- and 64-bit targets.
# What the macros generate is compiled likewise in check_calls.sh, and further than the syntax.

# Targets beside the host's: for which headers (a pattern), then compiler and flags. One target of 32
# bits gets all headers from each compiler, the others those that are written with a target in mind.
header_targets=(
    "* clang --target=armv7a-none-elf -mfloat-abi=soft"
    "* gcc -m32 -fno-pic"
    "axaddr[_.][ah]* clang --target=riscv32-none-elf -march=rv32imac"
    "axaddr[_.][ah]* clang --target=i386-none-elf"
    "axaddr[_.][ah]* clang --target=aarch64-none-elf"
    "axaddr[_.][ah]* clang --target=riscv64-none-elf -march=rv64imac"
    "axaddr[_.][ah]* clang --target=x86_64-none-elf"
)

# Compile one header with compiler $2... at each optimisation. $1: the header.
header_alone() {
    local header=$1 compiler=$2 level name file
    file=$build/headers/$(tr / _ <<<"$header").c
    for level in -O0 -Og -Os -O2; do
        name="header alone: $header: $compiler $level"
        compile "$name" "$compiler" -x "$(language "$compiler")" "$(standard "$compiler")" \
            "${warnings[@]}" "$level" "-I$root" -fsyntax-only "$file" && pass "$name"
    done
}

# Compile one header for one target. $1: the header, $2: compiler and flags.
header_for_target() {
    local header=$1 name="header alone: $1: $2" command file
    read -ra command <<<"$2"
    file=$build/headers/$(tr / _ <<<"$header").c
    compile "$name" "${command[@]}" -std=c11 -ffreestanding "${warnings[@]}" -O2 "-I$root" \
        -fsyntax-only "$file" && pass "$name"
}

check_headers() {
    local header compiler target command
    mkdir -p "$build/headers"
    for header in $(headers); do
        printf '#include "%s"\n#include "%s"\n' "$header" "$header" \
            >"$build/headers/$(tr / _ <<<"$header").c"
    done
    for compiler in gcc g++ clang clang++; do
        need "$compiler" || continue
        for header in $(headers); do
            job header_alone "$header" "$compiler"
        done
    done
    for target in "${header_targets[@]}"; do
        command=${target#* }
        need "${command%% *}" || continue
        if ! can_compile "$command"; then
            skip "cannot compile with $command"
            continue
        fi
        for header in $(headers); do
            # shellcheck disable=SC2053
            [[ $header != ${target%% *} ]] || job header_for_target "$header" "$command"
        done
    done
}
