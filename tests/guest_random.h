/* SPDX-License-Identifier: MIT
 *
 * guest_random.h: what the random guests of guest_riscv.h and guest_loongarch.h are made of: numbers
 * of a seed, or out of a fuzzer's bytes. No two of them in one expression, unless one comes first
 * (?:), so that all compilers take them in the same order.
 */
#ifndef AXADDR_TESTS_GUEST_RANDOM_H
#define AXADDR_TESTS_GUEST_RANDOM_H

#include "guest_stage2.h"

struct below_source {
    uint64_t state; /**< of the generator, if `size` is 0 and always was */
    const uint8_t *data;
    size_t size;
    bool is_data;
};

static inline uint64_t below_random(struct below_source *source) {
    uint64_t value = 0;
    size_t count = source->size < 8 ? source->size : 8;

    if (source->is_data) {
        memcpy(&value, source->data, count);
        source->data += count;
        source->size -= count;
        return value;
    }
    source->state ^= source->state << 13;
    source->state ^= source->state >> 7;
    source->state ^= source->state << 17;
    return source->state * UINT64_C(0x2545f4914f6cdd1d);
}

/** 0 to count - 1; takes one byte of a fuzzer's, or two. */
static inline unsigned below_choose(struct below_source *source, unsigned count) {
    unsigned value = 0;

    if (!source->is_data) {
        return (unsigned)(below_random(source) >> 33) % count;
    }
    while (source->size > 0 && count > 256 && value == 0) {
        value = *source->data++ * 256u;
        source->size--;
    }
    if (source->size > 0) {
        value += *source->data++;
        source->size--;
    }
    return value % count;
}

/** A guest-physical page for a table: mostly one that has entries. */
static inline uint64_t below_some_table(struct below_source *source) {
    static const uint64_t odd[] = {
        BELOW_LAZY, BELOW_LAZY + 40 * BELOW_PAGE,  BELOW_TRAPPED, BELOW_DEVICE, BELOW_CODE,
        BELOW_HOLE, BELOW_SMALL + 142 * BELOW_PAGE};

    unsigned number;

    switch (below_choose(source, 20)) {
    case 0:
        return odd[below_choose(source, 7)];
    case 1: /* beyond the space, or anywhere */
        return (UINT64_C(1) << below->width) << below_choose(source, 4);
    case 2:
        return below_random(source) & UINT64_C(0x00fffffffffff000);
    default:
        number = below_choose(source, BELOW_TABLE_COUNT);
        return below_table_gpa(number, below_choose(source, 16));
    }
}

/** How to walk. */
static inline uint32_t below_some_how(struct below_source *source) {
    uint32_t how = below_choose(source, 2) != 0 ? AXADDR_SET_NOTES : 0;

    return below_choose(source, 2) != 0 ? how | AXADDR_ON_DEMAND : how;
}

/** An access; rarely one that no instruction makes, or one that asks nothing. */
static inline uint32_t below_some_access(struct below_source *source) {
    static const uint8_t kinds[8] = {AXADDR_READ,
                                     AXADDR_WRITE,
                                     AXADDR_EXECUTE,
                                     AXADDR_READ | AXADDR_WRITE,
                                     AXADDR_READ,
                                     AXADDR_EXECUTE,
                                     0,
                                     AXADDR_ACCESS_FLAGS};
    uint32_t access = kinds[below_choose(source, 8)];

    return below_choose(source, 2) != 0 ? access | AXADDR_USER : access;
}

/** A guest-physical page to be mapped: mostly some 16 MiB with all kinds of memory. */
static inline uint64_t below_some_page(struct below_source *source) {
    uint64_t page;

    switch (below_choose(source, 16)) {
    case 0:
        return below_random(source) & UINT64_C(0x00fffffffffff000);
    case 1:
        return below_last_page();
    default:
        page = BELOW_SMALL + below_choose(source, 8) * BELOW_2M;
        return page + below_choose(source, 64) * BELOW_PAGE;
    }
}

#endif /* AXADDR_TESTS_GUEST_RANDOM_H */
