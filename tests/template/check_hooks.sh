# SPDX-License-Identifier: MIT
#
# check_hooks.sh: a HAL that lacks a hook is exactly one error, which names the hook and the user's
# line (the macro's), from -Og on. Without optimisation it compiles, and _init says UNSUPPORTED.

hooks_narrow=axaddr_x86_ept
hooks_wide=axaddr_aarch64_stage2_40
hooks_levels=(-Og -O1 -Os -O2)

# Compile program $2 with compiler $1 at $3 and the definitions that follow $4, the hook it lacks: one
# error, with the hook's name, and the line of the instantiating macro in the message.
hook_refused() {
    local compiler=$1 program=$2 level=$3 hook=$4 name messages errors line
    shift 4
    name="missing hook: .$hook: $program $* $compiler $level"
    line=$(grep -n "^AXADDR_.*broken_hal.*${1:+/\\* $1 \\*/}" "$here/$program" | cut -d: -f1)
    if messages=$("$compiler" -std=c11 "$level" "-DLACKS_$hook" "$@" "-I$root" -c "$here/$program" \
        -o /dev/null 2>&1); then
        fail "$name" "compiles"
        return
    fi
    errors=$(grep -c 'error: ' <<<"$messages")
    if [ "$errors" -ne 1 ]; then
        fail "$name" "$errors errors: $(grep -m 1 'error: ' <<<"$messages")"
    elif ! grep 'error: ' <<<"$messages" | grep -qF ".$hook"; then
        fail "$name" "does not name the hook: $(grep 'error: ' <<<"$messages")"
    elif [ -z "$line" ] || ! grep -qF "$program:$line:" <<<"$messages"; then
        fail "$name" "does not name the user's line: $(grep 'error: ' <<<"$messages")"
    else
        pass "$name"
    fi
}

# The same at -O0: it is a program, which runs and finds AXADDR_UNSUPPORTED.
hook_unsupported() {
    local compiler=$1 program=$2 hook=$3 name output binary
    shift 3
    name="missing hook: .$hook: $program $* $compiler -O0"
    binary=$build/hooks/$(tr -c 'a-zA-Z0-9_\n' _ <<<"$name")
    compile "$name" "$compiler" -std=c11 "${warnings[@]}" -O0 "-DLACKS_$hook" "$@" "-I$root" \
        "$here/$program" "$here/arena.c" -o "$binary" || return
    if output=$("$binary") && [ "$output" = UNSUPPORTED ]; then
        pass "$name"
    else
        fail "$name" "_init says ${output:-nothing}, or took frames"
    fi
}

# All that is wrong with one hook, with one compiler. $3: a format that needs the hook.
hook_jobs() {
    local compiler=$1 hook=$2 format=$3 level guest
    for level in "${hooks_levels[@]}"; do
        hook_refused "$compiler" missing_hook.c "$level" "$hook" -DGUEST=1 "-DFORMAT=$format"
    done
    for guest in 2 3; do
        hook_refused "$compiler" missing_hook.c -O2 "$hook" "-DGUEST=$guest" "-DFORMAT=$format"
    done
    hook_unsupported "$compiler" missing_hook.c "$hook" -DGUEST=1 "-DFORMAT=$format"
    hook_unsupported "$compiler" missing_hook.c "$hook" -DGUEST=2 "-DFORMAT=$format"
}

# A HAL without any block functions is complete for a format with a narrow root.
hook_optional() {
    local compiler=$1 name="optional hooks: $1"
    compile "$name" "$compiler" -std=c11 "${warnings[@]}" -O2 -DLACKS_alloc_block -DLACKS_free_block \
        -DGUEST=1 "-DFORMAT=$hooks_narrow" "-I$root" -c "$here/missing_hook.c" -o /dev/null &&
        pass "$name"
}

check_hooks() {
    local compiler hook level
    mkdir -p "$build/hooks"
    for compiler in gcc clang; do
        need "$compiler" || continue
        for hook in alloc_frame free_frame frame_at flush_tlb; do
            job hook_jobs "$compiler" "$hook" "$hooks_narrow"
        done
        for hook in alloc_block free_block; do
            job hook_jobs "$compiler" "$hook" "$hooks_wide"
        done
        for hook in alloc_frame free_frame frame_at; do
            for level in "${hooks_levels[@]}"; do
                job hook_refused "$compiler" missing_hook_frame.c "$level" "$hook"
            done
        done
        job hook_optional "$compiler"
    done
}
