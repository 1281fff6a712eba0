/* SPDX-License-Identifier: MIT
 *
 * areas.h: the scenarios of a space with many areas.
 */
#ifndef BENCH_AREAS_H
#define BENCH_AREAS_H

#include "measure.h"

/* ---- areas: find one, insert and remove one ---- */

#define FIND_COUNT   (UINT64_C(1) << 16)
#define INSERT_COUNT UINT64_C(256)

#define FIND_LOOP(find)                                                                            \
    const uint64_t *gpa = w->order;                                                                \
    const uint64_t *end = gpa + w->count;                                                          \
    uint64_t sum = 0;                                                                              \
                                                                                                   \
    for (; gpa != end; gpa++) {                                                                    \
        struct axaddr_area area;                                                                   \
                                                                                                   \
        if (!(find)) {                                                                             \
            w->failure_count++;                                                                    \
            return;                                                                                \
        }                                                                                          \
        __asm__ volatile("" : : "r"(&area) : "memory"); /* all of it is wanted */                  \
        sum += area.first;                                                                         \
    }                                                                                              \
    w->sum = sum;

/** Copy what limit_find finds. */
static inline bool limit_find_area(const struct world *w, uint64_t gpa, struct axaddr_area *area) {
    const struct axaddr_area *found = limit_find(w->areas, (uint32_t)w->area_count, gpa);

    if (found == 0) {
        return false;
    }
    *area = *found;
    return true;
}

#define FIND_PAIR(count)                                                                           \
    FLAT TIMED timed_find_##count(struct world *w){                                                \
        FIND_LOOP(vm_find_area(&w->vm, axaddr_gpa(*gpa), &area) ==                                 \
                  AXADDR_OK)} TIMED timed_limit_find_##count(struct world *w) {                    \
        FIND_LOOP(limit_find_area(w, *gpa, &area))                                                 \
    }
FIND_PAIR(16)
FIND_PAIR(1024)
FIND_PAIR(16384)
FIND_PAIR(65536)

/** The loop of timed_find_*, and the copy of an area. */
TIMED timed_find_loop(struct world *w){FIND_LOOP((area = w->areas[0], *gpa != 0))}

/** Trap one page between two areas and let it go again. */
TIMED timed_insert_65536(struct world *w) {
    const uint64_t *gpa = w->order;
    const uint64_t *end = gpa + w->count;

    for (; gpa != end; gpa++) {
        if (vm_map_device(&w->vm, axaddr_gpa(*gpa), ARENA_FRAME, 7) != AXADDR_OK ||
            vm_unmap(&w->vm, axaddr_gpa(*gpa), ARENA_FRAME) != AXADDR_OK) {
            w->failure_count++;
            return;
        }
    }
}

/** The same beside a single area: what is the table's part. */
TIMED timed_insert_1(struct world *w) {
    const uint64_t *gpa = w->order;
    const uint64_t *end = gpa + w->count;

    for (; gpa != end; gpa++) {
        if (vm_map_device(&w->vm, axaddr_gpa(*gpa), ARENA_FRAME, 7) != AXADDR_OK ||
            vm_unmap(&w->vm, axaddr_gpa(*gpa), ARENA_FRAME) != AXADDR_OK) {
            w->failure_count++;
            return;
        }
    }
}

/** Trap `count` areas of a page each, `stride` bytes apart; equal neighbours are none. */
static uint64_t device_areas(uint64_t count, uint64_t stride) {
    uint64_t i;

    fresh_vm(0, 1024 * GIB);
    for (i = 0; i < count; i++) {
        if (vm_map_device(&world.vm, axaddr_gpa(GPA_BASE + i * stride), ARENA_FRAME,
                          (uint32_t)(i & 1)) != AXADDR_OK) {
            break;
        }
    }
    return i;
}

/** As many areas up to `count` as the set holds, those in an array, and where to look for them. */
static uint64_t areas_to_find(uint64_t count) {
    uint64_t i;

    count = device_areas(count, ARENA_FRAME);
    world.area_count = count;
    world.order = order;
    random_state = 42;
    for (i = 0; i < FIND_COUNT; i++) {
        order[i] = GPA_BASE + random_next() % (count * ARENA_FRAME);
    }
    for (i = 0; i < count; i++) {
        CHECK(vm_find_area(&world.vm, axaddr_gpa(GPA_BASE + i * ARENA_FRAME), &world.areas[i]) ==
              AXADDR_OK);
        CHECK(world.areas[i].first == GPA_BASE + i * ARENA_FRAME);
    }
    return count;
}

static void run_find_pair(const char *name, void (*timed)(struct world *), const char *limit_name,
                          void (*timed_limit)(struct world *), uint64_t areas) {
    uint64_t made = areas_to_find(areas);
    uint64_t sum;

    measure(name, timed, FIND_COUNT)->areas = made;
    sum = world.sum;
    measure(limit_name, timed_limit, FIND_COUNT)->areas = made;
    CHECK(world.sum == sum);
}
#define RUN_FIND(count)                                                                            \
    run_find_pair("find_" #count, timed_find_##count, "limit_find_" #count,                        \
                  timed_limit_find_##count, count)

static void run_areas(void) {
    uint64_t made;
    uint64_t live;
    uint64_t i;

    RUN_FIND(16);
    MEASURE(find_loop, FIND_COUNT);
    RUN_FIND(1024);
    RUN_FIND(16384);
    RUN_FIND(65536);

    made = device_areas(65536, 2 * ARENA_FRAME);
    if (made < 65536) {
        made = device_areas(made - 2, 2 * ARENA_FRAME); /* the set is full: leave it room */
    }
    for (i = 0; i < made; i++) {
        order[i] = GPA_BASE + (2 * i + 1) * ARENA_FRAME;
    }
    shuffle(order, made);
    world.order = order;
    live = arena_live(&world.arena);
    MEASURE(insert_65536, INSERT_COUNT)->areas = made;
    CHECK(arena_live(&world.arena) == live);

    /* The page below the only area: unmap finds at once that the table is still needed. */
    fresh_vm(0, 1024 * GIB);
    CHECK(vm_map_device(&world.vm, axaddr_gpa(GPA_BASE + MIB), MIB, 1) == AXADDR_OK);
    for (i = 0; i < INSERT_COUNT; i++) {
        order[i] = GPA_BASE + MIB - ARENA_FRAME;
    }
    MEASURE(insert_1, INSERT_COUNT)->areas = 1;
}

#endif /* BENCH_AREAS_H */
