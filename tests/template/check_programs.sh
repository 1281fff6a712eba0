# SPDX-License-Identifier: MIT
#
# check_programs.sh: programs that use the generated functions in other ways than most do, built and
# run: two HALs in one translation unit, one instance in several, other kinds of addresses, C++20.

programs_builds=("gcc -O0" "gcc -O2" "clang -Os" "g++ -O2" "clang++ -O0")

# Build and run a program. $1: its name, $2: a line of programs_builds, then its sources.
program() {
    local name="program: $1: $2" binary output command sources=()
    read -ra command <<<"$2"
    binary=$build/programs/$(tr -c 'a-zA-Z0-9_+\n' _ <<<"$1 $2")
    sources=("${@:3}")
    compile "$name" "${command[@]}" -x "$(language "${command[0]}")" "$(standard "${command[0]}")" \
        "${warnings[@]}" "-I$root" "-I$here" "${sources[@]/#/$here/}" -o "$binary" || return
    if output=$("$binary" 2>&1); then
        pass "$name"
    else
        fail "$name" "$(head -n 1 <<<"${output:-exits with $?}")"
    fi
}

# C++ code that uses instances which a C compiler made. $1: C, $2: C++ compiler.
program_mixed() {
    local name="program: shared_user: $2 with code by $1" base
    base=$build/programs/mixed_$1
    compile "$name" "$1" -std=c11 "${warnings[@]}" -O2 "-I$root" -c "$here/shared_code.c" \
        -o "$base.code.o" || return
    compile "$name" "$1" -std=c11 "${warnings[@]}" -O2 "-I$root" -c "$here/arena.c" \
        -o "$base.arena.o" || return
    compile "$name" "$2" -std=c++20 "${warnings[@]}" -O2 "-I$root" -x c++ "$here/shared_user.c" \
        "$here/shared_other.c" -x none "$base.code.o" "$base.arena.o" -o "$base" || return
    if "$base" >/dev/null; then
        pass "$name"
    else
        fail "$name" "exits with $?"
    fi
}

# Mixing kinds of addresses does not compile, for the reason meant. $1: compiler, $2: which.
typed_refused() {
    local name="mixed kinds are refused: $1 $2" messages line
    line=$(awk -v which="WRONG == $2\$" '$0 ~ which { getline; print NR; exit }' "$here/typed.c")
    if messages=$("$1" -std=c11 -Werror -O1 "-DWRONG=$2" "-I$root" -c "$here/typed.c" -o /dev/null 2>&1); then
        fail "$name" "compiles"
    elif ! grep -m 1 'error: ' <<<"$messages" | grep -qE "^[^:]*typed.c:$line:.*(incompatible|different)"; then
        fail "$name" "$(grep -m 1 'error: ' <<<"$messages")"
    else
        pass "$name"
    fi
}

check_programs() {
    local line compiler which
    mkdir -p "$build/programs"
    for line in "${programs_builds[@]}"; do
        need "${line%% *}" || continue
        job program two_hals "$line" two_hals.c arena.c
        job program shared_user "$line" shared_user.c shared_other.c shared_code.c arena.c
        job program typed "$line" typed.c arena.c
        job program names "$line" names.c
    done
    for line in "g++ -O0" "g++ -O2" "clang++ -O2"; do
        need "${line%% *}" || continue
        job program cplusplus "$line" cplusplus.cpp arena.c
    done
    for compiler in gcc clang; do
        need "$compiler" || continue
        for which in 1 2 3 4; do
            job typed_refused "$compiler" "$which"
        done
    done
    need gcc && need g++ && job program_mixed gcc g++
    need clang && need clang++ && job program_mixed clang clang++
}
