/* SPDX-License-Identifier: MIT
 *
 * fixture.h: what the case-by-case tests of the space stand on: one space and its model (pair.h) in
 * one host, for one format after the other.
 *
 *     static void unmaps_a_hole(void) {
 *         begin_pages(home(), 64);              // a space of 64 pages
 *         GO_ON();                              // stop if that failed
 *         OK(pair_unmap(&pair, home(), PAGE));  // does it, compares everything; expects AXADDR_OK
 *         end();                                // destroys it; the ledger must balance
 *     }
 *     ... EACH(unmaps_a_hole);                  // over every format
 */
#ifndef AXADDR_TESTS_FIXTURE_H
#define AXADDR_TESTS_FIXTURE_H

#include "pair.h"
#include "windows.h"

#define RW           (AXADDR_READ | AXADDR_WRITE)
#define RWX          (AXADDR_READ | AXADDR_WRITE | AXADDR_EXECUTE)
#define PAGE         MODEL_PAGE
#define ARENA_FRAMES 700

static const struct space_ops *kind;
static const struct axaddr_format *format;
static struct host host;
static struct pair pair;
static uint64_t large; /**< a leaf of level 1 */
static uint64_t huge;  /**< a leaf of level 2, or 0 if the format has none */
static uint64_t reach; /**< end of the input space (for sign-extended ones: of its low half) */

static uint64_t arena_base(void) {
    return format->output_width > 39 ? HOST_BASE : HOST_LOW_BASE;
}

/** Begin with a space from cuts[0] to the last cut. */
AXADDR_UNUSED static void begin_cuts(const uint64_t *cuts, uint32_t cut_count) {
    pair_init(&pair, kind, &host, cuts, cut_count);
}

/** Begin with one of the windows.h windows. */
AXADDR_UNUSED static void begin_window(enum window window) {
    static uint64_t cuts[WINDOW_CUT_MAX];
    begin_cuts(cuts, window_cut(cuts, format, window, 1024));
}

/** Begin with a space of `page_count` pages from `start` on. */
AXADDR_UNUSED static void begin_pages(uint64_t start, uint32_t page_count) {
    static uint64_t cuts[WINDOW_CUT_MAX];
    begin_cuts(cuts, window_pages(cuts, start, page_count));
}

/** Where most cases work: a large leaf, or several, with room around it. */
AXADDR_UNUSED static uint64_t home(void) {
    return 4 * large;
}

AXADDR_UNUSED static void end(void) {
    if (!check_case_failed) {
        pair_destroy(&pair);
    }
}

AXADDR_UNUSED static void each(const struct space_ops *const *kinds, unsigned count,
                               const char *name, void (*function)(void), unsigned order) {
    unsigned i;
    for (i = 0; i < count; i++) {
        kind = kinds[i];
        format = kind->format;
        large = UINT64_C(1) << format->shift[1];
        huge = (format->leaf_levels & 4) != 0 ? UINT64_C(1) << format->shift[2] : 0;
        reach = UINT64_C(1) << (format->input_width - (format->is_sign_extended ? 1 : 0));
        host_init(&host, ARENA_FRAMES, arena_base(), order);
        snprintf(check_context, sizeof(check_context), "%s", kind->name);
        check_case_failed = false;
        function();
        if (pair.space != 0) {
            pair_abandon(&pair);
        }
        host_destroy(&host);
        check_end_case(name);
    }
}

/** Run a case over all formats, in a host that hands out frames in this order. */
#define EACH_IN(function, order) each(spaces, space_count, #function, function, order)
#define EACH(function)           EACH_IN(function, HOST_SCATTERED)
/** The same over the bare page tables. */
#define EACH_TABLE(function)     each(tables, table_count, #function, function, HOST_SCATTERED)

/** Stop the case when a helper has failed. */
#define GO_ON()                                                                                    \
    do {                                                                                           \
        if (check_case_failed) {                                                                   \
            return;                                                                                \
        }                                                                                          \
    } while (0)

/** An operation of pair.h that succeeds; one that fails. */
#define OK(call)                                                                                   \
    do {                                                                                           \
        call;                                                                                      \
        GO_ON();                                                                                   \
        CHECK_STR(axaddr_status_name(pair.status), "OK");                                          \
    } while (0)
#define FAILS(expected, call)                                                                      \
    do {                                                                                           \
        call;                                                                                      \
        GO_ON();                                                                                   \
        CHECK_STR(axaddr_status_name(pair.status), #expected);                                     \
    } while (0)

AXADDR_UNUSED static struct axaddr_stats stats_now(void) {
    struct axaddr_stats stats;
    memset(&stats, 0, sizeof(stats));
    kind->stats(pair.space, &stats);
    return stats;
}

AXADDR_UNUSED static uint64_t translated(uint64_t gpa) {
    uint64_t hpa = MODEL_UNKNOWN;
    return kind->translate(pair.space, gpa, &hpa) == AXADDR_OK ? hpa : MODEL_UNKNOWN;
}

#endif /* AXADDR_TESTS_FIXTURE_H */
