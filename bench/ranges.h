/* SPDX-License-Identifier: MIT
 *
 * ranges.h: the scenarios of a range set by itself, with values of 16 bytes.
 */
#ifndef BENCH_RANGES_H
#define BENCH_RANGES_H

#include "../axaddr_core/range_set.h"
#include "measure.h"

struct window {
    uint64_t target;
    uint64_t flags;
};

AXADDR_DEFINE_RANGE_SET(windows, axaddr_gpa, struct window, 0, arena_hal);

#define WINDOW_MAX  UINT64_C(1000000)
#define WINDOW_STEP UINT64_C(0x100000)
#define WINDOW_SIZE UINT64_C(0x80000)
#define WINDOW_HOLE (4 * WINDOW_STEP) /* the largest gap, in the middle */
#define PAIR_COUNT  UINT64_C(1024)

static struct windows windows;
static struct windows_entry *window_entries;
static uint64_t *window_lasts; /* keys of the plain binary search */
static struct windows_request window_request;

/* ---- find, and a binary search in an array of keys ---- */

#define WINDOW_LOOP(found)                                                                         \
    const uint64_t *gpa = w->order;                                                                \
    const uint64_t *end = gpa + w->count;                                                          \
    uint64_t sum = 0;                                                                              \
                                                                                                   \
    for (; gpa != end; gpa++) {                                                                    \
        struct windows_entry entry;                                                                \
                                                                                                   \
        if (!(found)) {                                                                            \
            w->failure_count++;                                                                    \
            return;                                                                                \
        }                                                                                          \
        __asm__ volatile("" : : "r"(&entry) : "memory"); /* all of it is wanted */                 \
        sum += entry.first.raw;                                                                    \
    }                                                                                              \
    w->sum = sum;

static inline bool limit_find_window(uint64_t count, uint64_t gpa, struct windows_entry *entry) {
    uint64_t low = 0;
    uint64_t high = count;

    while (low < high) {
        uint64_t middle = (low + high) / 2;

        if (window_lasts[middle] < gpa) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    if (low == count || window_entries[low].first.raw > gpa) {
        return false;
    }
    *entry = window_entries[low];
    return true;
}

FLAT TIMED timed_range_find(struct world *w){
    WINDOW_LOOP(windows_find(&windows, axaddr_gpa(*gpa), &entry) == AXADDR_OK)}

TIMED timed_limit_range_find(struct world *w){
    WINDOW_LOOP(limit_find_window(w->area_count, *gpa, &entry))}

/* ---- insert and remove, and find_free ---- */

#define RANGE_PAIR(name)                                                                           \
    TIMED timed_range_##name(struct world *w) {                                                    \
        const struct window window = {1, 2};                                                       \
        const uint64_t *gpa = w->order;                                                            \
        const uint64_t *end = gpa + w->count;                                                      \
                                                                                                   \
        for (; gpa != end; gpa++) {                                                                \
            if (windows_insert(&windows, axaddr_gpa(*gpa), axaddr_gpa(*gpa + w->area_count - 1),   \
                               &window) != AXADDR_OK ||                                            \
                windows_remove(&windows, axaddr_gpa(*gpa), 0) != AXADDR_OK) {                      \
                w->failure_count++;                                                                \
                return;                                                                            \
            }                                                                                      \
        }                                                                                          \
    }
RANGE_PAIR(pair_1024) RANGE_PAIR(pair_65536) RANGE_PAIR(pair_1000000) RANGE_PAIR(hole_1024)
    RANGE_PAIR(hole_65536) RANGE_PAIR(hole_1000000)

        TIMED timed_range_find_free(struct world *w) {
    uint64_t i;

    for (i = w->count; i != 0; i--) {
        axaddr_gpa_t place;

        if (windows_find_free(&windows, &window_request, &place) != AXADDR_OK) {
            w->failure_count++;
            return;
        }
        w->sum += place.raw;
    }
}

TIMED timed_range_build(struct world *w) {
    w->failure_count += windows_build(&windows, window_entries, w->count) != AXADDR_OK;
}

TIMED timed_range_clear(struct world *w) {
    (void)w;
    windows_clear(&windows);
}

/* ---- setting up ---- */

/** `count` windows with equal gaps but one in the middle, put in in random order. */
static void fresh_windows(uint64_t count) {
    uint64_t i;

    arena_reset(&world.arena);
    CHECK(windows_init(&windows, &world.arena, axaddr_gpa(0), axaddr_gpa(UINT64_MAX)) == AXADDR_OK);
    for (i = 0; i < count; i++) {
        uint64_t first = i * WINDOW_STEP + (i >= count / 2 ? WINDOW_HOLE : 0);

        window_entries[i].first = axaddr_gpa(first);
        window_entries[i].last = axaddr_gpa(first + WINDOW_SIZE - 1);
        window_lasts[i] = first + WINDOW_SIZE - 1;
    }
    random_state = 42;
    for (i = 0; i < count; i++) { /* 1000000 has no common factor with this */
        const struct windows_entry *entry = &window_entries[i * UINT64_C(611953) % count];

        CHECK(windows_insert(&windows, entry->first, entry->last, &entry->value) == AXADDR_OK);
    }
    CHECK(windows_audit(&windows) == AXADDR_OK);
    world.order = order;
}

/** Put one in and take it out again: in gaps like all others; then in the largest of all. */
static void run_range_pairs(uint64_t count, const char *pair, void (*timed_pair)(struct world *),
                            const char *hole, void (*timed_hole)(struct world *)) {
    uint64_t live;
    uint64_t i;

    fresh_windows(count);
    live = arena_live(&world.arena);
    for (i = 0; i < PAIR_COUNT; i++) {
        order[i] = random_next() % (count / 2 - 1) * WINDOW_STEP + WINDOW_SIZE + 0x1000;
    }
    world.area_count = 0x1000; /* of each range */
    measure(pair, timed_pair, PAIR_COUNT);
    for (i = 0; i < PAIR_COUNT; i++) {
        order[i] = (count / 2 - 1) * WINDOW_STEP + WINDOW_SIZE;
    }
    world.area_count = WINDOW_HOLE;
    measure(hole, timed_hole, PAIR_COUNT);
    CHECK(windows_audit(&windows) == AXADDR_OK && windows_count(&windows) == count);
    CHECK(arena_live(&world.arena) <= live + PAIR_COUNT / 4);
}
#define RUN_RANGE_PAIRS(count)                                                                     \
    run_range_pairs(count, "range_pair_" #count, timed_range_pair_##count, "range_hole_" #count,   \
                    timed_range_hole_##count)

static void run_ranges(void) {
    uint64_t sum;
    uint64_t i;

    window_entries = (struct windows_entry *)calloc(WINDOW_MAX, sizeof(*window_entries));
    window_lasts = (uint64_t *)calloc(WINDOW_MAX, sizeof(*window_lasts));
    CHECK(window_entries != 0 && window_lasts != 0);
    fresh_windows(65536);
    for (i = 0; i < FIND_COUNT; i++) {
        order[i] = window_lasts[random_next() % 65536] - random_next() % WINDOW_SIZE;
    }
    world.area_count = 65536;
    MEASURE(range_find, FIND_COUNT);
    sum = world.sum;
    MEASURE(limit_range_find, FIND_COUNT);
    CHECK(world.sum == sum);

    RUN_RANGE_PAIRS(1024);
    RUN_RANGE_PAIRS(65536);
    RUN_RANGE_PAIRS(1000000);
    memset(&window_request, 0, sizeof(window_request));
    window_request.size = WINDOW_HOLE;
    window_request.high = axaddr_gpa(UINT64_MAX);
    MEASURE(range_find_free, PAIR_COUNT);
    CHECK(world.sum == PAIR_COUNT * ((WINDOW_MAX / 2 - 1) * WINDOW_STEP + WINDOW_SIZE));

    MEASURE(range_clear, WINDOW_MAX);
    CHECK(arena_live(&world.arena) == 0);
    MEASURE(range_build, WINDOW_MAX);
    CHECK(windows_audit(&windows) == AXADDR_OK && windows_count(&windows) == WINDOW_MAX);
    windows_clear(&windows);
    CHECK(arena_live(&world.arena) == 0);
    free(window_entries);
    free(window_lasts);
}

#endif /* BENCH_RANGES_H */
