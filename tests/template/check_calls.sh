# SPDX-License-Identifier: MIT
#
# check_calls.sh: what every.c, that is every generated function over every format, compiles to:
#
# - it compiles without a warning, by each compiler, optimisation, language and target;
# - no call or jump through a register or memory is left, so that format and HAL have folded in
#   (from -Og on; jump tables are turned off, as they would be jumps through memory, too), but for
#   the functions that users hand in: visitors, and the handlers of devices;
# - compiled freestanding, it needs nothing from outside but the HAL: no memset, no division helper.
#
# And every.c is complete: it has all formats and guests of axaddr_arch, and all functions of the
# macros.

# name; FORMATS (every.c); what to look at besides the warnings; compiler and flags.
calls_builds=(
    "gcc-O0 0 - gcc -O0"
    "gcc-Og 3 calls gcc -Og"
    "gcc-O1 1 calls gcc -O1"
    "gcc-Os 2 calls,symbols gcc -Os -ffreestanding -fno-pic"
    "gcc-O2 2 calls,symbols gcc -O2 -ffreestanding -fno-pic"
    "gcc-O3 1 calls gcc -O3"
    "clang-O0 0 - clang -O0"
    "clang-Og 2 calls clang -Og"
    "clang-Os 2 calls,symbols clang -Os -ffreestanding"
    "clang-O2 2 calls,symbols clang -O2 -ffreestanding"
    "clang-O3 1 calls clang -O3"
    "g++-O0 0 - g++ -O0"
    "g++-Og 0 calls g++ -Og"
    "g++-Os 0 calls g++ -Os"
    "g++-O2 1 calls g++ -O2"
    "clang++-O0 0 - clang++ -O0"
    "clang++-Og 0 calls clang++ -Og"
    "clang++-Os 0 calls clang++ -Os"
    "clang++-O2 1 calls clang++ -O2"
    "aarch64-Og 1 calls clang --target=aarch64-none-elf -ffreestanding -Og"
    "aarch64-Os 1 calls,symbols clang --target=aarch64-none-elf -ffreestanding -Os"
    "aarch64-O2 1 calls,symbols clang --target=aarch64-none-elf -ffreestanding -O2"
    "riscv64-Og 1 calls clang --target=riscv64-none-elf -march=rv64imac -ffreestanding -Og"
    "riscv64-Os 1 calls,symbols clang --target=riscv64-none-elf -march=rv64imac -ffreestanding -Os"
    "riscv64-O2 1 calls,symbols clang --target=riscv64-none-elf -march=rv64imac -ffreestanding -O2"
    "armv7a-Os 1 symbols clang --target=armv7a-none-elf -mfloat-abi=soft -ffreestanding -Os"
    "armv7a-O2 0 symbols clang --target=armv7a-none-elf -mfloat-abi=soft -ffreestanding -O2"
    "riscv32-Os 1 symbols clang --target=riscv32-none-elf -march=rv32imac -ffreestanding -Os"
    "riscv32-O2 0 symbols clang --target=riscv32-none-elf -march=rv32imac -ffreestanding -O2"
    "i386-Os 1 symbols gcc -m32 -fno-pic -ffreestanding -Os"
    "i386-O2 0 symbols gcc -m32 -fno-pic -ffreestanding -O2"
    "i386-clang-O2 0 symbols clang --target=i386-none-elf -ffreestanding -O2"
)

# From a disassembly: "function: instruction" for each indirect call or jump. Returns are none, and
# RISC-V's jalr or jr right after the auipc of its register is a direct one.
indirect_calls() {
    awk '
        /^[0-9a-f]+ <.*>:$/ { function_name = $2; gsub(/[<>:]/, "", function_name); near = ""; next }
        /R_[A-Z0-9]+_/ { next }
        {
            text = $0
            sub(/^[ ]*[0-9a-f]+:[ \t]*/, "", text)
            if (text ~ /^(c\.)?(jalr|jr)[ \t]/) {
                base = text
                sub(/.*[ \t(,]/, "", base)
                sub(/\).*/, "", base)
                if (base != near) print function_name ": " text
            } else if (text ~ /^(blr|br)[a-z]*[ \t]/ ||
                       text ~ /^((notrack|bnd) )?l?(call|jmp)[a-z]*[ \t]+\*/) {
                print function_name ": " text
            }
            near = ""
            if (text ~ /^auipc[ \t]/) {
                near = $3
                sub(/,.*/, "", near)
            }
        }'
}

# Of such a list, without the calls of what users hand in: the visitor of visit_data, where that is not
# inlined, and a device's handler, at the two places where a bus has found it.
unexpected_calls() {
    awk '
        /(space|vm)_visit_data/ { next }
        /bus_access/ && ++handlers[$1] <= 2 { next }
        { print }'
}

# The undefined symbols of object $1 that the HAL does not declare, each with a function that wants it.
foreign_symbols() {
    local tool=llvm-nm symbol where
    command -v llvm-nm >/dev/null 2>&1 || tool="nm"
    "$tool" -u "$1" | awk '{ print $NF }' | grep -vE '^arena_|^$' | sort -u | while read -r symbol; do
        where=$(disassemble "$1" "$2" | awk -v symbol="$symbol" '
            /^[0-9a-f]+ <.*>:$/ { function_name = $2; gsub(/[<>:]/, "", function_name) }
            /R_[A-Z0-9]+_/ && $0 ~ ("[ \t]" symbol "([-+ \t]|$)") { print function_name; exit }')
        echo "$symbol (in ${where:-?})"
    done
}

# Report the list on stdin as one failure of check $1 ("$2: first three, and how many"), or a pass.
report_list() {
    local list count
    list=$(cat)
    if [ -z "$list" ]; then
        pass "$1"
        return
    fi
    count=$(wc -l <<<"$list")
    fail "$1" "$2 ($count): $(head -n 3 <<<"$list" | paste -sd ',' | sed 's/\t/ /g; s/,/, /g')"
}

# One line of calls_builds.
calls_build() {
    local name formats looks object
    local -a command
    read -r name formats looks command <<<"$1"
    read -ra command <<<"$command"
    object=$build/calls/$name.o
    compile "every.c: $name" "${command[@]}" -x "$(language "${command[0]}")" \
        "$(standard "${command[0]}")" "${warnings[@]}" -fno-jump-tables "-DFORMATS=$formats" "-I$root" \
        -c "$here/every.c" -o "$object" || return
    pass "every.c: $name"
    if [[ $looks == *calls* ]]; then
        disassemble "$object" "$name" >"$object.s"
        if [ "$(grep -c '^[0-9a-f]* <use_.*>:' "$object.s")" -lt 40 ] && [[ $name != *++* ]]; then
            fail "indirect calls: $name" "the disassembly is not what this check can read"
        fi
        indirect_calls <"$object.s" | unexpected_calls |
            report_list "indirect calls: $name" "indirect calls"
    fi
    if [[ $looks == *symbols* ]]; then
        foreign_symbols "$object" "$name" |
            report_list "undefined symbols: $name" "not the HAL's"
    fi
}

# That the checks above see what they look for: $1 is a line of calls_builds.
calls_control() {
    local name formats looks object
    local -a command
    read -r name formats looks command <<<"$1"
    read -ra command <<<"$command"
    object=$build/calls/control-$name.o
    compile "control: $name" "${command[@]}" -x "$(language "${command[0]}")" -fno-jump-tables \
        -c "$here/control_calls.c" -o "$object" || return
    if [[ $looks == *calls* ]]; then
        if [ "$(disassemble "$object" "$name" | indirect_calls | wc -l)" -eq 2 ]; then
            pass "control: indirect calls: $name"
        else
            fail "control: indirect calls: $name" "an indirect call and an indirect jump are not seen"
        fi
    fi
    if [[ $looks == *symbols* ]]; then
        if foreign_symbols "$object" "$name" | grep -q '^memset (in [^?]'; then
            pass "control: undefined symbols: $name"
        else
            fail "control: undefined symbols: $name" "a memset is not seen"
        fi
    fi
}

# That a user's own function is let through, and no other.
calls_expected_control() {
    local left
    left=$(unexpected_calls <<'END'
use_ept_vm_visit_data: call *%rax
mmio_bus_access: call *%rax
mmio_bus_access: call *%rbx
mmio_bus_access: call *%rcx
use_mmio_bus_find: call *%rax
use_ept_vm_apply: call *%rax
END
    )
    if [ "$(cut -d: -f1 <<<"$left" | paste -sd ' ')" = "mmio_bus_access use_mmio_bus_find use_ept_vm_apply" ]; then
        pass "control: users' functions"
    else
        fail "control: users' functions" "leaves: $(paste -sd ' ' <<<"$left")"
    fi
}

# The names of the functions that macro use $1 ("AXADDR_DEFINE_SPACE(zz, ...)") generates for users.
generated_names() {
    printf '#include "axaddr.h"\nBEGIN_HERE\n%s\n' "$1" | gcc -E -P "-I$root" - |
        sed '1,/BEGIN_HERE/d' | grep -oE '\bzz_[a-z0-9_]*[a-z0-9] *\(' | tr -d ' (' | sort -u
}
# Those that the wrapper lists $@ of every.h use.
wrapped_names() {
    local list
    for list in "$@"; do
        sed -n "/^#define $list(/,/^\$/p" "$here/every.h"
    done | grep -oE 'name##_[a-z0-9_]+\(' | sed 's/name##/zz/; s/(//' | sort -u
}
complete() {
    comm -3 <(generated_names "$2") <(wrapped_names "${@:3}") | tr -d '\t' |
        report_list "every.h is complete: $1" "not in both"
}
# The constants of type struct $1 that axaddr_arch defines, against those of a list on stdin.
complete_constants() {
    comm -3 <(cd "$root/axaddr_arch" &&
        grep -ohE "static const struct $1 axaddr_[a-z0-9_]+" -- *.h | sed 's/.* //' | sort -u) \
        <(grep -oE ' X\([a-z0-9_]+, axaddr_[a-z0-9_]+' | sed 's/.* //' | sort -u) |
        tr -d '\t' | report_list "$2 is complete" "not in both"
}

check_calls() {
    local line name formats looks command tool
    mkdir -p "$build/calls"
    for line in "${calls_builds[@]}"; do
        read -r name formats looks command <<<"$line"
        need "${command%% *}" || continue
        tool=objdump
        case $name in aarch64* | riscv* | armv7a*) tool=llvm-objdump ;; esac
        need "$tool" || continue
        if ! can_compile "$command"; then
            skip "cannot compile with $command"
            continue
        fi
        job calls_build "$line"
        [[ $name != *-O2 ]] || job calls_control "$line"
    done
    if need gcc; then
        complete space 'AXADDR_DEFINE_SPACE(zz, axaddr_x86_ept, hal);' USE_COMMON USE_SPACE
        complete table 'AXADDR_DEFINE_PAGE_TABLE(zz, axaddr_x86_ept, hal);' USE_COMMON USE_TABLE
        complete frame 'AXADDR_DEFINE_FRAME(zz, hal);' USE_FRAME
        complete vm 'AXADDR_DEFINE_VM(zz, axaddr_x86_ept, hal);' USE_COMMON USE_SPACE USE_VM
        complete bus 'AXADDR_DEFINE_DEVICE_BUS(zz, axaddr_gpa, 8);' USE_BUS
        complete walk 'AXADDR_DEFINE_GUEST_WALK(zz, vm, axaddr_x86_guest);' USE_WALK
    fi
    complete_constants axaddr_format every_format.h <"$here/../every_format.h"
    complete_constants axaddr_guest_format "every.h: guests" <"$here/every.h"
    calls_expected_control
}
