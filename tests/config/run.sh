#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# tests/config/run.sh BUILD-DIR: tools/axvmconfig and what it makes.
#
# - Machines (good/machines): their headers compile without a warning, as C11 and C++20, and a program
#   that prints them says what is expected (*.expected); the C validator has nothing against them.
# - Edited headers: with one number changed into a wrong one they do not compile any more.
# - broken/*.toml: each is refused with the words in its first line ("# expect: ..."). Its second
#   may give "# options: ..." or "# with: FILE", another VM that comes before it.
# - Usage, warnings, files that cannot be read or written.
# - agree.py: random machines, judged by both validators.
# - The headers of the library need no libc: nothing is undefined in an object that uses them all.
#
# Last line: "config: N passed, M failed".
set -u
export LC_ALL=C
build=${1:?usage: tests/config/run.sh BUILD-DIR}
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
tool=$root/tools/axvmconfig
mkdir -p "$build"
build=$(cd "$build" && pwd)
passed=0
failed=0
warnings=(-Wall -Wextra -Wpedantic -Wconversion -Wshadow -Wundef -Werror)

check() { # WHAT COMMAND...
    local what=$1
    shift
    if "$@" >"$build/log" 2>&1; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        echo "FAIL $what"
        head -n 20 "$build/log" | sed 's/^/    /'
    fi
}

fails() { ! "$@"; }

# ---- machines: what is right ----

configs_of() { # HEADER: "&axaddr_config_a,&axaddr_config_b"
    sed -n 's/^static const struct axaddr_vm_config \([a-z0-9_]*\) .*/\&\1/p' "$1" | paste -sd,
}

makes() { # NAME OPTIONS-AND-FILES...: without a message, and the same when asked again
    local name=$1
    shift
    (cd "$here/good" && "$tool" -o "$build/$name.h" "$@") >"$build/said" 2>&1 || { cat "$build/said"; return 1; }
    (cd "$here/good" && "$tool" "$@") >"$build/again.h" || return 1
    cat "$build/said"
    [ ! -s "$build/said" ] && cmp "$build/$name.h" "$build/again.h" && (cd "$here/good" && "$tool" --check "$@")
}

prints() { # NAME COMPILER...
    local name=$1
    shift
    "$@" "${warnings[@]}" "-I$root" "-DHEADER=\"$build/$name.h\"" "-DVMS=$(configs_of "$build/$name.h")" \
        "$here/print.c" -o "$build/print" && "$build/print" >"$build/printed" &&
        diff "$here/good/$name.expected" "$build/printed"
}

while read -r name arguments; do
    case $name in '' | '#'*) continue ;; esac
    # shellcheck disable=SC2086
    check "$name: axvmconfig" makes "$name" $arguments
    check "$name: gcc" prints "$name" gcc -std=c11 -O2
    check "$name: clang" prints "$name" clang -std=c11
    check "$name: g++" prints "$name" g++ -x c++ -std=c++20
    check "$name: clang++" prints "$name" clang++ -x c++ -std=c++20
done <"$here/good/machines"

# ---- edited headers ----

compiles() { gcc -std=c11 "-I$root" -fsyntax-only -x c "$1"; }

edited() { # MACHINE SED-SCRIPT: changes something, and then it does not compile for a failed assertion
    sed "$2" "$build/$1.h" >"$build/edited.h"
    if cmp -s "$build/$1.h" "$build/edited.h"; then
        echo "nothing to edit"
        return 1
    fi
    fails compiles "$build/edited.h" 2>"$build/said" && grep 'static assertion failed' "$build/said"
}

check "a header as it is compiles" compiles "$build/machine.h"
while read -r machine script; do
    case $machine in '' | '#'*) continue ;; esac
    check "$machine.h after $script" edited "$machine" "$script"
done <"$here/edits"

# ---- what is wrong ----

refused() { # FILE
    local expected second options=() before=()
    expected=$(sed -n '1s/^# expect: //p' "$1")
    second=$(sed -n '2p' "$1")
    case $second in
    "# options: "*) read -ra options <<<"${second#\# options: }" ;;
    "# with: "*) before=("${second#\# with: }") ;;
    esac
    [ -n "$expected" ] || { echo "no expectation in the first line"; return 1; }
    rm -f "$build/refused.h"
    (cd "$here/broken" && "$tool" "${options[@]}" -o "$build/refused.h" "${before[@]}" "$(basename "$1")") >"$build/said" 2>&1
    [ $? -eq 1 ] || { echo "exit status is not 1"; cat "$build/said"; return 1; }
    [ ! -e "$build/refused.h" ] || { echo "made a header all the same"; return 1; }
    grep -qF -- "$expected" "$build/said" || { echo "expected: $expected"; cat "$build/said"; return 1; }
    fails grep Traceback "$build/said"
}

for file in "$here"/broken/*.toml; do
    check "broken/$(basename "$file")" refused "$file"
done

# ---- the program itself ----

exits() { # STATUS TEXT ARGUMENT...: ends with that status, having said that
    local status=$1 text=$2
    shift 2
    (cd "$here/good" && "$tool" "$@") >"$build/said" 2>&1
    [ $? -eq "$status" ] && grep -qF -- "$text" "$build/said" && fails grep Traceback "$build/said" ||
        { cat "$build/said"; return 1; }
}

check "no file is wrong usage" exits 2 usage
check "an unknown option is wrong usage" exits 2 usage --colour nimbos-qemu.toml
check "a page of 3000 bytes is wrong usage" exits 2 "no power of two" --page 3000 nimbos-qemu.toml
check "a page of 0 bytes is wrong usage" exits 2 "no power of two" --page 0 nimbos-qemu.toml
check "a width of 65 is wrong usage" exits 2 "1 to 64" --width 65 nimbos-qemu.toml
check "a width of 0 is wrong usage" exits 2 "1 to 64" --output-width 0 nimbos-qemu.toml
check "an empty image is wrong usage" exits 2 "--image is empty" --image 0 0 nimbos-qemu.toml
check "an image beyond the last byte is wrong usage" exits 2 "ends beyond" --image 2 0xffffffffffffffff nimbos-qemu.toml
check "a file that is not there" exits 1 "nowhere.toml: error: cannot be read" nowhere.toml
check "a folder" exits 1 "cannot be read" .
check "an output that cannot be written" exits 1 "cannot be written" -o /nowhere/x.h nimbos-qemu.toml
check "a file twice" exits 1 "two VMs with one id" nimbos-qemu.toml nimbos-qemu.toml
check "the last line counts" exits 1 "1 error" nowhere.toml

warns() { # TEXT SED-SCRIPT: nimbos-qemu.toml, changed by the script, is fine, yet strange
    sed "$2" "$here/good/nimbos-qemu.toml" >"$build/strange.toml"
    exits 0 "warning: $1" --check --width 64 --output-width 64 "$build/strange.toml"
}

check "warning: same physical id" warns "base.phys_cpu_ids: two vCPUs have the physical id 0x5" \
    's/cpu_num = 1/cpu_num = 2/; s/phys_cpu_sets.*/phys_cpu_ids = [5, 5]/'
check "warning: a path without an address" warns "kernel.bios_path: without bios_load_addr" 's/^image_l/bios_path = "b"\n&/'
check "warning: same name" warns 'devices.passthrough_devices: two devices are called "PLIC' 's/UART@10000000/PLIC@c000000/'
check "warning: accepted, not there" warns 'devices.accepted_exposures[0]: there is no passthrough device "x"' \
    's/^emu_devices/accepted_exposures = ["x"]\n&/'
check "warning: excluded and passed" warns 'devices.excluded_devices: "UART@10000000" is both' \
    's/^emu_devices/excluded_devices = [["UART@10000000"]]\n&/'
check "warning: one interrupt for two" warns 'devices.emu_devices: two emulated devices have the interrupt 0x5' \
    's/^emu_devices.*/emu_devices = [["a", 0, 1, 5, 0, []], ["b", 1, 1, 5, 0, []]]/'
check "warning: a number that the original refuses" warns 'devices.emu_devices[0]: 0xffffffffffffffff: the original'\''s TOML reader stops at 0x7fffffffffffffff' \
    's/^emu_devices.*/emu_devices = [["a", 0xffffffffffffffff, 1, 0, 0, []]]/'

# ---- both validators ----

check "agree.py" python3 "$here/agree.py" "$root" "$build"
sed -n 's/^agree: //p' "$build/log"

# ---- no libc ----

for compiler in gcc "gcc -m32" clang "clang --target=armv7a-none-elf -mfloat-abi=soft" "clang --target=riscv32-none-elf"; do
    for level in -Os -O2 -O3; do
        object=$build/freestanding.o
        rm -f "$object"
        # shellcheck disable=SC2086
        check "no libc: $compiler $level" $compiler -std=c11 -ffreestanding -fno-pic $level "${warnings[@]}" \
            "-I$root" -c "$here/freestanding.c" -o "$object"
        check "no libc: $compiler $level: nothing undefined" test -z "$(nm -u "$object" 2>&1)"
    done
done

echo "config: $passed passed, $failed failed"
[ "$failed" -eq 0 ]
