/* SPDX-License-Identifier: MIT
 *
 * test_lazy.c: faults that populate a large leaf at once (AXADDR_LARGE), or take their frames from
 * a pool.
 */
#include "faults.h"

/** Tables between an entry of the root and one of level 1. */
#define UPPER_COUNT (format->level_count - 2u)

/** The last entry of the root: what it spans. Nothing else is mapped there. */
static uint64_t top_size(void) {
    return UINT64_C(1) << format->shift[format->level_count - 1];
}

static uint64_t top_home(void) {
    return 3 * top_size();
}

/** A large leaf at `gpa`: the block that it maps is zero from end to end. */
static void check_block(uint64_t gpa) {
    struct page first = see_page(gpa);
    uint64_t page;

    CHECK(first.is_mapped);
    CHECK_EQ(first.level, 1);
    CHECK_EQ(first.frame & (large - 1), 0);
    for (page = 0; page < large; page += PAGE) {
        const uint8_t *at = host_peek(host, first.frame + page);

        CHECK(at != 0 && host_bytes_are(at, 0));
    }
}

/** A page of level 0 that was just populated: zero. */
static void check_page(uint64_t gpa) {
    const uint8_t *at = bytes_at(gpa);

    CHECK_EQ(see_page(gpa).level, 0);
    CHECK(at != 0 && host_bytes_are(at, 0));
}

/* ---- large leaves ---- */

static void large_leaf_for_a_whole_span(void) {
    DO(OK, map_alloc(home, 2 * large, RWX | AXADDR_LARGE));
    ABSENT(AT(5), RESERVED);
    CHECK_EQ(mapping.flags, RWX);
    FAULT(RESOLVED, AT(5) + 0x123, W);
    LEDGER(LARGE_PAGES, 0, 0);
    check_block(home);
    GO_ON();
    MAPPED(AT(5) + 0x123, RWX);
    CHECK_EQ(mapping.size, large);
    ABSENT(home + large, RESERVED);
    CHECK_EQ(mapping.size, large);
    FAULT(SPURIOUS, AT(0), R);
    FAULT(SPURIOUS, home + large - 1, X);
    FAULT(RESOLVED, home + 2 * large - 1, X);
    LEDGER(LARGE_PAGES, 0, 0);
    check_block(home + large);
    GO_ON();
    FAULT(UNMAPPED, home + 2 * large, R);
    DO(OK, unmap(home, 2 * large));
    CHECK_EQ(host->op_freed, 2 * LARGE_PAGES + UPPER_COUNT);
}

/** The reservation is an entry of the root: the tables in between say the same everywhere else. */
static void large_leaf_below_a_larger_reservation(void) {
    uint64_t at = top_home() + top_size() - large;

    DO(OK, map_alloc(top_home(), top_size(), RW | AXADDR_LARGE));
    LEDGER(0, 0, 0);
    FAULT(RESOLVED, at, R);
    LEDGER(LARGE_PAGES + UPPER_COUNT, 0, 0);
    check_block(at);
    GO_ON();
    if (top_size() != large) {
        ABSENT(top_home(), RESERVED);
        CHECK_EQ(mapping.flags, RW);
        FAULT(RESOLVED, top_home(), R);
        check_block(top_home());
        GO_ON();
    }
    DO(OK, unmap(top_home(), top_size()));
}

static void no_large_leaf_beyond_the_area(void) {
    DO(OK, map_alloc(home, large - PAGE, RW | AXADDR_LARGE));
    FAULT(RESOLVED, AT(1), R);
    LEDGER(1, 0, 0);
    check_page(AT(1));
    GO_ON();
    DO(OK, unmap(home, large));
    DO(OK, map_alloc(AT(1), 2 * large - PAGE, RW | AXADDR_LARGE));
    FAULT(RESOLVED, AT(1), R);
    check_page(AT(1));
    GO_ON();
    FAULT(RESOLVED, home + 2 * large - 1, R);
    check_block(home + large);
    GO_ON();
    DO(OK, unmap(home, 2 * large));
    /* The span is two areas. */
    DO(OK, map_alloc(home, large / 2, RW | AXADDR_LARGE));
    DO(OK, map_alloc(home + large / 2, large / 2, R | AXADDR_LARGE));
    FAULT(RESOLVED, AT(0), W);
    FAULT(RESOLVED, home + large / 2, R);
    LEDGER(1, 0, 0);
    MAPPED(AT(0), RW);
    MAPPED(home + large / 2, R);
    FAULT(DENIED, home + large / 2, W);
}

/** What is left of a reservation that was cut, or had pages populated, is populated by pages. */
static void no_large_leaf_in_what_was_cut(void) {
    DO(OK, map_alloc(home, 4 * large, RW | AXADDR_LARGE));
    DO(OK, unmap(AT(3), PAGE));
    FAULT(RESOLVED, AT(2), R);
    LEDGER(1, 0, 0);
    FAULT(UNMAPPED, AT(3), R);
    DO(OK, protect(home + large + PAGE, PAGE, R));
    FAULT(RESOLVED, home + large, W);
    LEDGER(1, 0, 0);
    FAULT(DENIED, home + large + PAGE, W);
    FAULT(RESOLVED, home + large + PAGE, R);
    fail_in(1, false);
    FAULT(RESOLVED, home + 2 * large, R); /* no block: a page, and a table */
    LEDGER(2, 0, 0);
    check_page(home + 2 * large);
    GO_ON();
    *bytes_at(home + 2 * large) = 0x5a;
    FAULT(RESOLVED, home + 2 * large + PAGE, R);
    LEDGER(1, 0, 0);
    CHECK_EQ(*bytes_at(home + 2 * large), 0x5a);
    FAULT(RESOLVED, home + 3 * large + PAGE, R);
    check_block(home + 3 * large);
    GO_ON();
    CHECK_EQ(*bytes_at(home + 2 * large), 0x5a);
    /* Whole parts that are given other rights stay large. */
    DO(OK, unmap(home, 4 * large));
    DO(OK, map_alloc(home, 2 * large, RW | AXADDR_LARGE));
    DO(OK, protect(home, large, R));
    FAULT(DENIED, AT(0), W);
    FAULT(RESOLVED, AT(0), R);
    check_block(home);
    GO_ON();
    MAPPED(AT(0), R);
}

static void large_only_where_asked_and_permitted(void) {
    DO(OK, map_alloc(home, large, RW));
    FAULT(RESOLVED, AT(0), R);
    LEDGER(2, 0, 0);
    DO(OK, map_alloc(home + large, large, RW | AXADDR_SMALL));
    FAULT(RESOLVED, home + large, R);
    LEDGER(2, 0, 0);
    DO(OK, map_alloc(home + 2 * large, large, R | AXADDR_LARGE));
    FAULT(DENIED, home + 2 * large, W);
    FAULT(DENIED, home + 2 * large, X);
    FAULT(DENIED, home + 2 * large, UINT32_MAX);
    FAULT(RESOLVED, home + 2 * large, R);
    check_block(home + 2 * large);
    GO_ON();
    FAULT(DENIED, home + 2 * large, W);
}

/** Each allocation fails in turn: small pages in the place of a large leaf, or nothing at all. */
static void large_falls_back(void) {
    uint32_t large_count = UPPER_COUNT + 1; /* tables, and the block */
    uint32_t small_count = UPPER_COUNT + 2; /* one table more, and a page */
    uint32_t i;

    DO(OK, map_alloc(top_home(), top_size(), RW | AXADDR_LARGE));
    for (i = 1; i <= large_count + small_count - 1; i++) {
        fail_in(i, true);
        if (i <= large_count) {
            FAULT(NO_MEMORY, top_home(), W);
            continue;
        }
        FAULT(RESOLVED, top_home(), W); /* the large leaf needed no more */
        DO(OK, unmap(top_home(), top_size()));
        DO(OK, map_alloc(top_home(), top_size(), RW | AXADDR_LARGE));
    }
    for (i = 1; i <= large_count; i++) {
        fail_in(i, false);
        FAULT(RESOLVED, top_home(), W);
        CHECK_EQ(host->op_refused, 1);
        CHECK_EQ(host->op_taken - host->op_freed, small_count);
        check_page(top_home());
        GO_ON();
        FAULT(RESOLVED, top_home() + PAGE, W);
        LEDGER(1, 0, 0);
        DO(OK, unmap(top_home(), top_size()));
        DO(OK, map_alloc(top_home(), top_size(), RW | AXADDR_LARGE));
    }
}

/** Without a block at all, each allocation of the small page fails in turn. */
static void small_page_fails(void) {
    uint32_t i;

    DO(OK, map_alloc(top_home(), top_size(), RW));
    for (i = 1; i <= UPPER_COUNT + 2; i++) {
        fail_in(i, false);
        FAULT(NO_MEMORY, top_home(), W);
    }
    fail_in(UPPER_COUNT + 3, false);
    FAULT(RESOLVED, top_home(), W);
    LEDGER(UPPER_COUNT + 2, 0, 0);
    fail_in(1, false);
    FAULT(NO_MEMORY, top_home() + PAGE, W);
}

/** A large leaf that is cut later: single frames of the block are freed, the others stay. */
static void large_leaf_is_cut(void) {
    uint64_t frame;

    DO(OK, map_alloc(home, large, RW | AXADDR_LARGE));
    FAULT(RESOLVED, AT(0), W);
    frame = see_page(AT(0)).frame;
    *bytes_at(AT(1)) = 0x11;
    *bytes_at(AT(5)) = 0x55;
    fail_in(1, false);
    DO(NO_MEMORY, unmap(AT(2), 3 * PAGE));
    DO(OK, unmap(AT(2), 3 * PAGE));
    LEDGER(1, 3, 1);
    CHECK_EQ(see_page(AT(1)).frame, frame + PAGE);
    CHECK_EQ(see_page(AT(5)).frame, frame + 5 * PAGE);
    CHECK_EQ(*bytes_at(AT(1)), 0x11);
    CHECK_EQ(*bytes_at(AT(5)), 0x55);
    FAULT(UNMAPPED, AT(3), R);
    DO(OK, protect(AT(5), PAGE, R));
    FAULT(DENIED, AT(5), W);
    FAULT(SPURIOUS, AT(6), W);
    DO(OK, unmap(home, large - PAGE));
    CHECK_EQ(host->op_freed, LARGE_PAGES - 4);
    MAPPED(home + large - PAGE, RW);
}

/** A block's frames map one piece of memory: split and collapsed it is a large leaf again. */
static void large_leaf_is_split_and_collapsed(void) {
    DO(OK, map_alloc(home, large, RW | AXADDR_LARGE));
    FAULT(RESOLVED, AT(0), W);
    *bytes_at(AT(7)) = 0x77;
    DO(OK, split(home, large));
    LEDGER(1, 0, format->needs_break != 0 ? 1 : host->op_plan_count);
    CHECK_EQ(see_page(AT(7)).level, 0);
    CHECK_EQ(*bytes_at(AT(7)), 0x77);
    DO(OK, collapse(home, large));
    CHECK_EQ(host->op_freed, 1);
    CHECK_EQ(see_page(AT(7)).level, 1);
    CHECK_EQ(*bytes_at(AT(7)), 0x77);
    MAPPED(AT(7), RW);
}

/* ---- races for a reserved page; the other CPU is in the middle of an allocation of ours ---- */

OTHER(other_writes_2, fault(AT(2), W))
OTHER(other_unmaps_2, unmap(AT(2), PAGE))
OTHER(other_unmaps_span, unmap(home, large))

/** Who is slower gives all back: the block, its tables, the page. */
static void slower_fault_gives_back(void) {
    DO(OK, map_alloc(home, large, RW | AXADDR_LARGE));
    RACE(SPURIOUS, AT(5), R, other_writes_2);
    CHECK_EQ(host->op_taken - host->op_freed, LARGE_PAGES);
    check_block(home);
    GO_ON();
    DO(OK, unmap(home, large));
    DO(OK, map_alloc(home, large, RW));
    RACE(SPURIOUS, AT(5), R, other_writes_2); /* both bring a table */
    LEDGER(4, 2, 0);
    CHECK(!see_page(AT(5)).is_mapped);
    FAULT(RESOLVED, AT(5), R); /* so the guest tries again */
    LEDGER(1, 0, 0);
    DO(OK, unmap(AT(2), PAGE));
    DO(OK, map_alloc(AT(2), PAGE, RW));
    RACE(SPURIOUS, AT(2), R, other_writes_2); /* the table is there: the short path */
    LEDGER(2, 1, 0);
    check_page(AT(2));
}

/** The page is unmapped while its frame is taken: it stays unmapped. */
static void unmap_wins_over_fault(void) {
    DO(OK, map_alloc(home, large, RW | AXADDR_LARGE));
    DO(OK, map_alloc(home + large, large, RW)); /* keeps the tables above */
    RACE(SPURIOUS, AT(2), R, other_unmaps_span);
    CHECK_EQ(host->op_taken, host->op_freed);
    FAULT(UNMAPPED, AT(2), R);
    DO(OK, map_alloc(home, large, RW));
    FAULT(RESOLVED, AT(0), R);
    RACE(SPURIOUS, AT(2), R, other_unmaps_2);
    LEDGER(1, 1, 0);
    FAULT(UNMAPPED, AT(2), R);
}

/* ---- pools ---- */

static void fault_from_a_pool(void) {
    struct axaddr_pool pool = {0, 0};
    uint32_t need = UPPER_COUNT + 2;

    DO(OK, map_alloc(top_home(), top_size(), RW | AXADDR_LARGE));
    FAULT_BY(NO_MEMORY, AT(0), fault_from(top_home(), W, &pool));
    CHECK_EQ(kind->resize_pool(space, &pool, need - 1), AXADDR_OK);
    pooled_count = need - 1;
    FAULT_BY(NO_MEMORY, AT(0), fault_from(top_home(), W, &pool));
    CHECK_EQ(pool.count, need - 1);
    CHECK_EQ(kind->resize_pool(space, &pool, need + 3), AXADDR_OK);
    pooled_count = 3;
    fail_in(1, true);
    FAULT_BY(RESOLVED, AT(0), fault_from(top_home(), W, &pool));
    LEDGER(0, 0, 0);
    CHECK_EQ(pool.count, 3);
    check_page(top_home());
    GO_ON();
    pooled_count = 2;
    FAULT_BY(RESOLVED, AT(0), fault_from(top_home() + PAGE, R, &pool));
    LEDGER(0, 0, 0);
    CHECK_EQ(pool.count, 2);
    check_page(top_home() + PAGE);
    GO_ON();
    FAULT_BY(SPURIOUS, top_home(), fault_from(top_home(), R, &pool));
    FAULT_BY(DENIED, AT(0), fault_from(top_home(), X, &pool));
    FAULT_BY(UNMAPPED, AT(0), fault_from(AT(0), R, &pool));
    FAULT_BY(UNMAPPED, AT(0), fault_from(UINT64_MAX, R, &pool));
    FAULT_BY(UNMAPPED, AT(0),
             fault_from(top_home() + (UINT64_C(1) << format->input_width), R, &pool));
    CHECK_EQ(pool.count, 2);
    CHECK_EQ(kind->resize_pool(space, &pool, 0), AXADDR_OK);
    pooled_count = 0;
    FAULT_BY(RESOLVED, AT(0), fault_from(top_home() + 2 * PAGE, R, 0)); /* no pool: the HAL's */
    LEDGER(1, 0, 0);
}

static void zero_page_from_a_pool(void) {
    struct axaddr_pool pool = {0, 0};

    DO(OK, kind->set_zero_frame(space, axaddr_hpa(machine.zero_frame)));
    DO(OK, map_alloc(home, large, RW | AXADDR_ZERO_PAGE));
    CHECK_EQ(kind->resize_pool(space, &pool, 1), AXADDR_OK);
    pooled_count = 0;
    fail_in(1, true);
    FAULT_BY(RESOLVED, AT(0), fault_from(AT(0), R, &pool)); /* a table; the frame costs nothing */
    CHECK_EQ(pool.count, 0);
    CHECK_EQ(see_page(AT(0)).frame, machine.zero_frame);
    FAULT_BY(RESOLVED, AT(1), fault_from(AT(1), R, &pool));
    FAULT_BY(NO_MEMORY, AT(0), fault_from(AT(0), W, &pool));
    CHECK_EQ(kind->resize_pool(space, &pool, 2), AXADDR_OK);
    pooled_count = 1;
    fail_in(1, true);
    FAULT_BY(RESOLVED, AT(0), fault_from(AT(0), W, &pool));
    LEDGER(0, 0, 1);
    CHECK_EQ(pool.count, 1);
    check_page(AT(0));
    GO_ON();
    CHECK(see_page(AT(0)).frame != machine.zero_frame);
    CHECK_EQ(kind->resize_pool(space, &pool, 0), AXADDR_OK);
    pooled_count = 0;
}

int main(void) {
    EACH(large_leaf_for_a_whole_span);
    EACH(large_leaf_below_a_larger_reservation);
    EACH(no_large_leaf_beyond_the_area);
    EACH(no_large_leaf_in_what_was_cut);
    EACH(large_only_where_asked_and_permitted);
    EACH(large_falls_back);
    EACH(small_page_fails);
    EACH(large_leaf_is_cut);
    EACH(large_leaf_is_split_and_collapsed);
    EACH_MANY(slower_fault_gives_back);
    EACH_MANY(unmap_wins_over_fault);
    EACH(fault_from_a_pool);
    EACH(zero_page_from_a_pool);
    return check_report("test_lazy");
}
