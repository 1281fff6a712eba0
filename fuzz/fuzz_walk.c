/* SPDX-License-Identifier: MIT
 *
 * fuzz_walk.c: walks through guests' own tables (axaddr_core/guest_walk.h), each against a second
 * reading of its manual (tests/guest_ARCH.h), in spaces with memory of every kind: what they come
 * to, what they note in the tables, and what the host is asked for.
 *
 *     byte     whose tables, modulo 5: x86, AArch64, Arm, RISC-V, LoongArch
 *     then     registers, tables and accesses, as that guest_ARCH.h reads them; where bytes are used
 *              up, they are zeros
 */
#include "input.h"

#include "../tests/guest_aarch64.h"
#include "../tests/guest_arm.h"
#include "../tests/guest_loongarch.h"
#include "../tests/guest_riscv.h"
#include "../tests/guest_x86.h"

static const struct {
    const char *name;
    void (*walk)(const uint8_t *data, size_t size); /* aborts where the two do not agree */
} guests[] = {
    {"x86", guest_x86_fuzz},     {"aarch64", guest_aarch64_fuzz},     {"arm", guest_arm_fuzz},
    {"riscv", guest_riscv_fuzz}, {"loongarch", guest_loongarch_fuzz},
};

/** Fuzzers call this at first: the spaces are made, which is none of any input's doing. */
int LLVMFuzzerInitialize(int *argument_count, char ***arguments);
int LLVMFuzzerInitialize(int *argument_count, char ***arguments) {
    unsigned i;

    (void)argument_count;
    (void)arguments;
    for (i = 0; i < 8 * sizeof(guests) / sizeof(guests[0]); i++) {
        uint8_t space = (uint8_t)(i % 8); /* the first choice of each: modulo at most 6 */
        guests[i / 8].walk(&space, 1);
    }
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct input input = input_of(data, size);
    unsigned which = input_below(&input, sizeof(guests) / sizeof(guests[0]));

    fuzz_say("%s: %zu bytes\n", guests[which].name, input.left);
    guests[which].walk(input.bytes, input.left);
    return 0;
}
