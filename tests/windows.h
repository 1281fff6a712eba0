/* SPDX-License-Identifier: MIT
 *
 * windows.h: what part of a format's addresses a test's space is, and where its cells are cut
 * (model.h). The interesting places are the same in every format: boundaries between tables, the
 * ends of the input space, the insides and edges of large leaves.
 */
#ifndef AXADDR_TESTS_WINDOWS_H
#define AXADDR_TESTS_WINDOWS_H

#include "../axaddr_core/format.h"
#include "model.h"

enum window {
    WINDOW_LOW,   /**< pages around the first boundary of the third level, unaligned start */
    WINDOW_END,   /**< the last pages of the input space */
    WINDOW_WIDE,  /**< several of the largest leaves, around a boundary of the highest level */
    WINDOW_WHOLE, /**< the whole input space */
};
#define WINDOW_COUNT   4
#define WINDOW_CUT_MAX 2200

/** What an entry of `level` spans; beyond the format's levels, four times the one below. */
AXADDR_UNUSED static uint64_t window_unit(const struct axaddr_format *format, unsigned level) {
    return level < format->level_count
               ? UINT64_C(1) << format->shift[level]
               : (UINT64_C(1) << format->shift[format->level_count - 1]) * 4;
}

AXADDR_UNUSED static void window_add(uint64_t *cuts, uint32_t *count, uint64_t low, uint64_t high,
                                     uint64_t cut) {
    uint32_t at = *count;
    uint32_t i;
    if (cut < low || cut > high || *count == WINDOW_CUT_MAX) {
        return;
    }
    while (at > 0 && cuts[at - 1] >= cut) {
        at--;
    }
    if (at < *count && cuts[at] == cut) {
        return;
    }
    for (i = *count; i > at; i--) {
        cuts[i] = cuts[i - 1];
    }
    cuts[at] = cut;
    (*count)++;
}

/** Cuts around an address: pages and second-level leaves before and after it. */
AXADDR_UNUSED static void window_add_around(uint64_t *cuts, uint32_t *count, uint64_t low,
                                            uint64_t high, uint64_t at, uint64_t unit) {
    static const int near[] = {-3, -2, -1, 0, 1, 2, 3};
    unsigned i;
    for (i = 0; i < sizeof(near) / sizeof(near[0]); i++) {
        uint64_t pages = (uint64_t)(int64_t)near[i] * MODEL_PAGE;
        window_add(cuts, count, low, high, at + pages);
        window_add(cuts, count, low, high, at + (uint64_t)(int64_t)near[i] * unit);
        if (near[i] == -1 || near[i] == 1) {
            window_add(cuts, count, low, high, at + unit + pages);
            window_add(cuts, count, low, high, at - unit + pages);
        }
    }
}

AXADDR_UNUSED static uint32_t window_pages(uint64_t *cuts, uint64_t start, uint32_t page_count) {
    uint32_t i;
    for (i = 0; i <= page_count; i++) {
        cuts[i] = start + i * MODEL_PAGE;
    }
    return page_count + 1;
}

/**
 * Cut a window. `page_count` is for LOW and END.
 */
AXADDR_UNUSED static uint32_t window_cut(uint64_t *cuts, const struct axaddr_format *format,
                                         enum window window, uint32_t page_count) {
    uint64_t page_end = UINT64_C(1) << format->input_width;
    uint64_t unit1 = window_unit(format, 1);
    uint64_t unit2 = window_unit(format, 2);
    uint64_t boundary = format->level_count > 3 ? window_unit(format, 3) : 2 * unit2;
    uint64_t low;
    uint64_t high;
    uint32_t count = 0;
    uint64_t i;

    if (format->is_sign_extended) {
        page_end = window == WINDOW_END ? 0 : page_end / 2;
    }
    switch (window) {
    case WINDOW_LOW:
        low = unit2 / MODEL_PAGE < page_count / 2 + 3 ? MODEL_PAGE
                                                      : unit2 - (page_count / 2 + 3) * MODEL_PAGE;
        count = window_pages(cuts, low, page_count);
        break;
    case WINDOW_END:
        count = window_pages(cuts, page_end - page_count * MODEL_PAGE, page_count);
        break;
    case WINDOW_WIDE:
        low = boundary - unit2;
        high = boundary + 2 * unit2 + unit1;
        high = page_end - 1 < high ? page_end : high; /* 0 is the end of 64 bits */
        window_add(cuts, &count, low, high, low);
        for (i = 0; i < 4; i++) {
            window_add_around(cuts, &count, low, high, low + i * unit2, unit1);
        }
        window_add(cuts, &count, low, high, high);
        break;
    case WINDOW_WHOLE:
        window_add_around(cuts, &count, 0, page_end, 0, unit1);
        window_add_around(cuts, &count, 0, page_end, unit2, unit1);
        window_add_around(cuts, &count, 0, page_end, page_end / 2, unit2);
        window_add_around(cuts, &count, 0, page_end, page_end, unit1);
        window_add_around(cuts, &count, 0, page_end, page_end, unit2);
        break;
    }
    return count;
}

#endif /* AXADDR_TESTS_WINDOWS_H */
