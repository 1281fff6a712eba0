/* SPDX-License-Identifier: MIT
 *
 * test_nomem.c: every operation with every allocation failing in turn, over every format: first its
 * first allocation fails, then its second, until it needs no more. Each time it must say NO_MEMORY
 * and have changed nothing, down to the last entry and frame (pair.h compares); the same call must
 * succeed right after.
 */
#include "fixture.h"

/** A place where tables of all levels meet, single pages and large leaves being cut around it. */
static uint64_t middle(void) {
    return pair.model.start + window_unit(format, 2);
}

static uint64_t span(void) {
    return window_unit(format, 2);
}

/* ---- what is there before, and what is done ---- */

static void nothing(void) {
}

static void reserve_all(void) {
    pair_map_alloc(&pair, pair.model.start, pair.model.last - pair.model.start + 1, RWX,
                   AXADDR_LAZY);
}

static void trap_all(void) {
    pair_map_device(&pair, pair.model.start, pair.model.last - pair.model.start + 1, 5);
}

static void linear_span(void) {
    pair_map_linear(&pair, middle(), 8 * span(), span(), RWX);
}

static void do_map_pages(void) {
    pair_map_linear(&pair, middle() - 2 * PAGE, 0, 4 * PAGE, RW);
}

static void do_map_leaves(void) {
    pair_map_linear(&pair, middle() - large - PAGE, 8 * large - PAGE, 2 * large + 2 * PAGE, RW);
}

static void do_map_frames(void) {
    axaddr_hpa_t frames[6];
    unsigned i;
    for (i = 0; i < 6; i++) {
        frames[i] = axaddr_hpa((17 * i + i / 3) * PAGE);
    }
    pair_map_frames(&pair, middle() - 3 * PAGE, frames, 6, RW);
}

static void do_populate(void) {
    pair_map_alloc(&pair, middle() - 3 * PAGE, 6 * PAGE, RW, AXADDR_POPULATE);
}

static void do_reserve(void) {
    pair_map_alloc(&pair, middle() - span() + PAGE, 2 * span() - 2 * PAGE, RW, AXADDR_LAZY);
}

static void do_trap(void) {
    pair_map_device(&pair, middle() - 3 * PAGE, large + 3 * PAGE, 99);
}

static void do_unmap_pages(void) {
    pair_unmap(&pair, middle() + PAGE, 2 * PAGE);
}

static void do_unmap_most(void) {
    pair_unmap(&pair, middle() + PAGE, span() - 2 * PAGE);
}

static void do_unmap_head(void) {
    pair_unmap(&pair, middle(), span() - PAGE);
}

static void do_protect_pages(void) {
    pair_protect(&pair, middle() + PAGE, 2 * PAGE, AXADDR_READ);
}

static void do_protect_most(void) {
    pair_protect(&pair, middle() + PAGE, span() - 2 * PAGE, AXADDR_READ);
}

static void do_protect_tail(void) {
    pair_protect(&pair, middle() + 2 * PAGE, span() - 2 * PAGE, AXADDR_READ);
}

static void do_fault(void) {
    pair_fault(&pair, middle() + 7, AXADDR_WRITE);
}

/* ---- areas: as many as fit where they are, so that one more needs room ---- */

/** The single pages around the places where tables meet: 24 of them. */
static uint64_t lone_page(unsigned index) {
    static const int offsets[] = {-3, -2, -1, 0, 1, 2};
    return pair.model.start + (1 + index / 6) * span() +
           (uint64_t)(int64_t)offsets[index % 6] * PAGE;
}

static unsigned area_count;

static void trap_lone_pages(void) {
    unsigned i;
    for (i = 0; i < area_count && !check_case_failed; i++) {
        pair_map_device(&pair, lone_page(6 + i), PAGE, i);
    }
    if (!check_case_failed) {
        pair_map_alloc(&pair, middle() - 3 * PAGE, 6 * PAGE, RW, AXADDR_LAZY);
    }
}

static void do_map_one(void) {
    pair_map_linear(&pair, middle() - 2 * large, 0, large - PAGE, RW);
}

static void do_unmap_one(void) {
    pair_unmap(&pair, middle(), PAGE);
}

static void do_protect_one(void) {
    pair_protect(&pair, middle(), PAGE, AXADDR_READ);
}

/* ---- every allocation in turn ---- */

/** After `before`, `act` with its nth allocation failing, for n = 1, 2, ... until none does. */
static void fail_in_turn(void (*before)(void), void (*act)(void), bool is_sticky) {
    uint32_t n;
    for (n = 1; n < 100; n++) {
        begin_window(WINDOW_WIDE);
        GO_ON();
        before();
        GO_ON();
        pair.fail_in = n;
        pair.is_fail_sticky = is_sticky;
        act();
        GO_ON();
        if (pair.refused == 0) {
            CHECK_STR(axaddr_status_name(pair.status), "OK");
            end();
            return;
        }
        CHECK_STR(axaddr_status_name(pair.status), "NO_MEMORY");
        act();
        GO_ON();
        CHECK_STR(axaddr_status_name(pair.status), "OK");
        end();
        GO_ON();
    }
    CHECK(n < 100);
}

static void in_turn(void (*before)(void), void (*act)(void)) {
    fail_in_turn(before, act, false);
    if (!check_case_failed) {
        fail_in_turn(before, act, true);
    }
}

#define IN_TURN(name, before, act)                                                                 \
    static void name(void) {                                                                       \
        in_turn(before, act);                                                                      \
    }

IN_TURN(map_pages, nothing, do_map_pages)
IN_TURN(map_leaves, nothing, do_map_leaves)
IN_TURN(map_frames, nothing, do_map_frames)
IN_TURN(populate, nothing, do_populate)
IN_TURN(reserve, nothing, do_reserve)
IN_TURN(trap, nothing, do_trap)
IN_TURN(unmap_pages, linear_span, do_unmap_pages)
IN_TURN(unmap_most, linear_span, do_unmap_most)
IN_TURN(unmap_head, linear_span, do_unmap_head)
IN_TURN(protect_pages, linear_span, do_protect_pages)
IN_TURN(protect_most, linear_span, do_protect_most)
IN_TURN(protect_tail, linear_span, do_protect_tail)
IN_TURN(unmap_reserved, reserve_all, do_unmap_most)
IN_TURN(unmap_trapped, trap_all, do_unmap_pages)
IN_TURN(protect_reserved, reserve_all, do_protect_most)
IN_TURN(fault, reserve_all, do_fault)

static void areas_find_no_room(void) {
    for (area_count = 4; area_count < 10 && !check_case_failed; area_count++) {
        in_turn(trap_lone_pages, do_map_one);
        if (!check_case_failed) {
            in_turn(trap_lone_pages, do_unmap_one);
        }
        if (!check_case_failed) {
            in_turn(trap_lone_pages, do_protect_one);
        }
    }
}

/** Giving back what needs no split succeeds in a host that has nothing left, or nobody could. */
static void whole_areas_unmap_without_memory(void) {
    unsigned i;
    begin_window(WINDOW_WIDE);
    GO_ON();
    OK(pair_map_alloc(&pair, middle(), PAGE, RW, AXADDR_POPULATE));
    for (i = 0; i < 11; i++) { /* more than a space holds by itself */
        OK(pair_map_device(&pair, lone_page(6 + i), PAGE, i));
    }
    for (i = 0; i < 11; i++) {
        pair.fail_in = 1;
        pair.is_fail_sticky = true;
        OK(pair_unmap(&pair, lone_page(6 + i), PAGE));
    }
    pair.fail_in = 1;
    pair.is_fail_sticky = true;
    OK(pair_unmap(&pair, middle() - large, 2 * large));
    CHECK_EQ(stats_now().table_count, UINT64_C(1) << format->root_order);
    end();
}

/** init itself: nothing is taken. */
static void init(void) {
    void *space = malloc(kind->size);
    enum axaddr_status status;
    host_begin(&host);
    host_fail_in(&host, 1, true);
    status = kind->init(space, &host, 0, PAGE);
    free(space);
    CHECK_EQ(status, AXADDR_NO_MEMORY);
    CHECK_EQ(host.used_count, 0);
}

int main(void) {
    EACH(init);
    EACH(map_pages);
    EACH(map_leaves);
    EACH(map_frames);
    EACH(populate);
    EACH(reserve);
    EACH(trap);
    EACH(unmap_pages);
    EACH(unmap_most);
    EACH(unmap_head);
    EACH(protect_pages);
    EACH(protect_most);
    EACH(protect_tail);
    EACH(unmap_reserved);
    EACH(unmap_trapped);
    EACH(protect_reserved);
    EACH(fault);
    EACH(areas_find_no_room);
    EACH(whole_areas_unmap_without_memory);
    EACH_TABLE(map_pages);
    EACH_TABLE(map_leaves);
    EACH_TABLE(map_frames);
    EACH_TABLE(unmap_most);
    EACH_TABLE(protect_most);
    return check_report("test_nomem");
}
