/* SPDX-License-Identifier: MIT
 *
 * make_corpus.c: writes the seeds of fuzz/corpus, one for each space and table: a pseudo-random
 * sequence of steps, noted as the bytes that make the fuzz target choose the same ones. A seed is
 * the sequence, out of many, in which the most operations succeeded.
 *
 *     make_corpus DIRECTORY
 */
#include "../tests/steps.h"

#define SEED_BYTES 400
#define CANDIDATES 40

/** The format of fuzz_space.c: index, window, choices. Returns how many steps succeeded. */
static unsigned record(unsigned index, uint8_t how, uint64_t seed, uint8_t *bytes, size_t *size) {
    static const uint32_t page_counts[] = {24, 80, 300, 600};
    static uint64_t cuts[WINDOW_CUT_MAX];
    static struct steps steps;
    static struct host host;
    const struct space_ops *kind =
        index < space_count ? spaces[index] : tables[index - space_count];
    unsigned succeeded = 0;

    memset(&steps, 0, sizeof(steps));
    steps.source.random = seed * UINT64_C(0x9e3779b97f4a7c15);
    steps.source.record = bytes + 2;
    steps.source.record_max = SEED_BYTES - 2;
    steps.fail_rarity = 6;
    bytes[0] = (uint8_t)index;
    bytes[1] = how;
    host_init(&host, 256, kind->format->output_width > 39 ? HOST_BASE : 0x40073000, how >> 4 & 3);
    pair_init(&steps.pair, kind, &host, cuts,
              window_cut(cuts, kind->format, (enum window)(how & 3), page_counts[how >> 2 & 3]));
    while (steps.source.record_count + 20 < steps.source.record_max && !check_case_failed) {
        steps.pair.status = AXADDR_INVALID;
        steps_one(&steps);
        succeeded += steps.pair.status == AXADDR_OK;
    }
    *size = 2 + steps.source.record_count;
    if (check_case_failed) {
        printf("the engine differs from the model: run the tests first\n");
        exit(1);
    }
    pair_destroy(&steps.pair);
    host_destroy(&host);
    return succeeded;
}

int main(int argument_count, char **arguments) {
    unsigned index;

    if (argument_count != 2) {
        printf("usage: make_corpus DIRECTORY\n");
        return 1;
    }
    for (index = 0; index < space_count + table_count; index++) {
        /* Windows and orders in turn; windows of 80 pages, which mix well. */
        uint8_t how = (uint8_t)(index % 4 | 1 << 2 | (index / 2 % 4) << 4);
        uint8_t bytes[SEED_BYTES];
        size_t size = 0;
        uint64_t best = 1;
        unsigned most = 0;
        uint64_t seed;
        char path[512];
        FILE *file;

        for (seed = 1; seed <= CANDIDATES; seed++) {
            unsigned succeeded = record(index, how, seed, bytes, &size);
            if (succeeded > most) {
                most = succeeded;
                best = seed;
            }
        }
        record(index, how, best, bytes, &size);
        snprintf(path, sizeof(path), "%s/%s", arguments[1],
                 (index < space_count ? spaces[index] : tables[index - space_count])->name);
        file = fopen(path, "wb");
        if (file == 0 || fwrite(bytes, 1, size, file) != size || fclose(file) != 0) {
            printf("%s: cannot be written\n", path);
            return 1;
        }
        printf("%s: %u bytes, %u operations succeed\n", path, (unsigned)size, most);
    }
    return 0;
}
