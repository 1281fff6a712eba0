/* SPDX-License-Identifier: MIT
 *
 * fuzz_space.c: bytes -> operations on a space (or a bare table) of one format, each compared with
 * the model (tests/pair.h). Allocation failures, bad arguments and faults are among the operations.
 * A difference ends the program by abort().
 *
 *     byte 0   which space or table (space_kind.h)
 *     byte 1   the window (bits 0, 1), its size (2, 3), the order of frames (4, 5)
 *     the rest the choices of tests/steps.h, in the order in which it asks for them
 *
 * The entry is LLVMFuzzerTestOneInput, for AFL++ and libFuzzer; with replay.c it is an ordinary
 * program that takes files.
 */
#include "space_kind.h"

#include "../tests/steps.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define FUZZ_FRAMES   256
#define FUZZ_STEP_MAX 100

/** Steps until the bytes are used up. */
static void fuzz_steps(struct steps *steps) {
    unsigned step;
    for (step = 0; step < FUZZ_STEP_MAX && steps->source.left > 0 && !check_case_failed; step++) {
        snprintf(check_context, sizeof(check_context), "%s %s step %u", steps->pair.ops->name,
                 steps->pair.ops->format->name, step);
        steps_one(steps);
    }
    if (!check_case_failed) {
        pair_destroy(&steps->pair);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const uint32_t page_counts[] = {24, 80, 300, 600};
    static uint64_t cuts[WINDOW_CUT_MAX];
    static struct steps steps;
    static struct host host;
    const struct space_ops *kind = size < 3 ? 0 : space_kind(data[0] % space_kind_count());

    if (kind == 0) {
        return 0;
    }
    memset(&steps, 0, sizeof(steps));
    steps.source.bytes = data + 2;
    steps.source.left = size - 2;
    steps.fail_rarity = 6;
    check_case_failed = false;
    if (host.memory == 0) {
        host_init(&host, FUZZ_FRAMES, HOST_BASE, HOST_STACK);
    }
    host_reuse(&host, kind->format->output_width > 39 ? HOST_BASE : HOST_LOW_BASE,
               data[1] >> 4 & 3);
    pair_init(
        &steps.pair, kind, &host, cuts,
        window_cut(cuts, kind->format, (enum window)(data[1] & 3), page_counts[data[1] >> 2 & 3]));
    if (!check_case_failed) {
        fuzz_steps(&steps);
    }
    if (check_case_failed) {
        fflush(stdout);
        abort();
    }
    return 0;
}
