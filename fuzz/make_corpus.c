/* SPDX-License-Identifier: MIT
 *
 * make_corpus.c: candidates for the corpus of fuzz_space.c: for each space and table, pseudo-random
 * sequences of steps, noted as the bytes that make the fuzz target choose the same ones. Of these
 * and of what a fuzzer found, fuzz/minimise takes those that reach most:
 *
 *     cc -std=c11 -O2 -I. fuzz/make_corpus.c tests/spaces.c tests/tables.c -o build/make_corpus
 *     build/make_corpus build/more/space 30
 *     MORE=build/more fuzz/minimise build/fuzz space
 */
#include "space_kind.h"

#include "../tests/steps.h"

#define SEED_BYTES 400

/** The format of fuzz_space.c: index, window, choices. Returns how many bytes. */
static size_t record(unsigned index, uint8_t how, uint64_t seed, uint8_t *bytes) {
    static const uint32_t page_counts[] = {24, 80, 300, 600};
    static uint64_t cuts[WINDOW_CUT_MAX];
    static struct steps steps;
    static struct host host;
    const struct space_ops *kind = space_kind(index);

    memset(&steps, 0, sizeof(steps));
    steps.source.random = seed * UINT64_C(0x9e3779b97f4a7c15);
    steps.source.record = bytes + 2;
    steps.source.record_max = SEED_BYTES - 2;
    steps.fail_rarity = 6;
    bytes[0] = (uint8_t)index;
    bytes[1] = how;
    host_init(&host, 256, kind->format->output_width > 39 ? HOST_BASE : HOST_LOW_BASE,
              how >> 4 & 3);
    pair_init(&steps.pair, kind, &host, cuts,
              window_cut(cuts, kind->format, (enum window)(how & 3), page_counts[how >> 2 & 3]));
    while (steps.source.record_count + 20 < steps.source.record_max && !check_case_failed) {
        steps_one(&steps);
    }
    if (check_case_failed) {
        printf("the engine differs from the model: run the tests first\n");
        exit(1);
    }
    pair_destroy(&steps.pair);
    host_destroy(&host);
    return 2 + steps.source.record_count;
}

int main(int argument_count, char **arguments) {
    unsigned count = argument_count == 3 ? (unsigned)strtoul(arguments[2], 0, 10) : 0;
    unsigned kind_count = space_kind_count();
    unsigned i;

    if (count == 0) {
        printf("usage: make_corpus DIRECTORY COUNT\n");
        return 1;
    }
    for (i = 0; i < count * kind_count; i++) {
        unsigned index = i % kind_count;
        /* All windows, sizes and orders in turn. */
        uint8_t how = (uint8_t)((index + i / kind_count) % 64);
        uint8_t bytes[SEED_BYTES];
        size_t size;
        char path[512];
        FILE *file;

        if (space_kind(index) == 0) {
            continue;
        }
        size = record(index, how, i + 1, bytes);
        snprintf(path, sizeof(path), "%s/%s-%u-%u", arguments[1], space_kind(index)->name, index,
                 i / kind_count);
        file = fopen(path, "wb");
        if (file == 0 || fwrite(bytes, 1, size, file) != size || fclose(file) != 0) {
            printf("%s: cannot be written\n", path);
            return 1;
        }
    }
    return 0;
}
