/* SPDX-License-Identifier: MIT
 *
 * test_unmap.c: unmap and protect, and what is flushed, over every format: large leaves cut at
 * every place, tables freed as soon as they are empty, plans that cover just what changed.
 */
#include "fixture.h"

/* ---- unmap, protect ---- */

static void partial_unmap_of_a_large_leaf(void) {
    uint32_t pages = (uint32_t)(large / PAGE);
    uint32_t i;
    unsigned k;

    begin_pages(home() - 2 * PAGE, pages + 4);
    GO_ON();
    for (i = 0; i < pages; i++) {
        uint32_t lengths[] = {1, pages - i, 3, i + 1};
        for (k = 0; k < (i % 13 == 0 ? 4u : 1u + i % 2); k++) {
            uint32_t from = k == 3 ? 0 : i;
            uint32_t count = lengths[k] < pages - from ? lengths[k] : pages - from;
            OK(pair_map_linear(&pair, home(), 8 * large, large, RWX));
            OK(pair_unmap(&pair, home() + from * PAGE, count * PAGE));
            OK(pair_unmap(&pair, home(), large));
            CHECK_EQ(stats_now().table_count, UINT64_C(1) << format->root_order);
        }
    }
    end();
}

static void partial_protect_of_a_large_leaf(void) {
    uint32_t pages = (uint32_t)(large / PAGE);
    uint32_t i;

    begin_pages(home() - 2 * PAGE, pages + 4);
    GO_ON();
    for (i = 0; i < pages; i += 1 + pages / 60) {
        uint32_t count = 1 + i * 7 % (pages - i);
        OK(pair_map_linear(&pair, home(), 8 * large, large, RW));
        pair_touch(&pair, home());
        OK(pair_protect(&pair, home() + i * PAGE, count * PAGE, AXADDR_READ));
        OK(pair_protect(&pair, home(), large, RWX));
        OK(pair_unmap(&pair, home(), large));
    }
    end();
}

/** Both ends of an unmap or a protect at every kind of place in a leaf of level 2. */
static void parts_of_a_huge_leaf(void) {
    uint64_t at = 3 * huge;
    uint64_t offsets[] = {0,
                          PAGE,
                          large - PAGE,
                          large,
                          large + 3 * PAGE,
                          2 * large,
                          huge / 2 - PAGE,
                          huge / 2,
                          huge / 2 + PAGE,
                          huge - large,
                          huge - large + PAGE,
                          huge - PAGE,
                          huge};
    const uint32_t count = sizeof(offsets) / sizeof(offsets[0]);
    uint64_t cuts[16];
    uint32_t i;
    uint32_t k;

    if (huge == 0) {
        return;
    }
    cuts[0] = at - large;
    for (i = 0; i < count; i++) {
        cuts[i + 1] = at + offsets[i];
    }
    cuts[count + 1] = at + huge + PAGE;
    begin_cuts(cuts, count + 2);
    GO_ON();
    for (i = 0; i < count; i++) {
        for (k = i + 1; k < count; k++) {
            uint64_t size = offsets[k] - offsets[i];
            OK(pair_map_linear(&pair, at, 8 * huge, huge, RW));
            CHECK_EQ(stats_now().leaf_count[2], 1);
            OK(pair_protect(&pair, at + offsets[i], size, AXADDR_READ));
            OK(pair_unmap(&pair, at, huge));
            OK(pair_map_linear(&pair, at, 8 * huge, huge, RW));
            OK(pair_unmap(&pair, at + offsets[i], size));
            OK(pair_unmap(&pair, at - large, huge + large + PAGE));
            CHECK_EQ(stats_now().table_count, UINT64_C(1) << format->root_order);
        }
    }
    end();
}

/** Each large slot of a huge leaf, unmapped alone, and a range that begins in the middle of it. */
static void every_slot_of_a_huge_leaf(void) {
    static uint64_t cuts[1100];
    uint64_t at = 3 * huge;
    uint32_t slots;
    uint32_t i;

    if (huge == 0) {
        return;
    }
    slots = (uint32_t)(huge / large);
    for (i = 0; i < slots; i++) {
        cuts[2 * i] = at + i * large;
        cuts[2 * i + 1] = at + i * large + large / 2;
    }
    cuts[2 * slots] = at + huge;
    begin_cuts(cuts, 2 * slots + 1);
    GO_ON();
    for (i = 0; i<slots; i += i> 8 && i < slots - 16 ? 7 : 1) {
        uint64_t slot = at + i * large;
        OK(pair_map_linear(&pair, at, 8 * huge, huge, RW));
        OK(pair_unmap(&pair, slot, large));
        OK(pair_unmap(&pair, at, huge));
        OK(pair_map_linear(&pair, at, 8 * huge, huge, RW));
        OK(pair_unmap(&pair, slot + large / 2, i + 1 < slots ? large : large / 2));
        OK(pair_unmap(&pair, at, huge));
    }
    end();
}

static void unmap_skips_holes(void) {
    uint64_t at = home();
    begin_pages(at, 256);
    GO_ON();
    OK(pair_unmap(&pair, at, 256 * PAGE));
    CHECK_EQ(host.op_plan_count, 0);
    OK(pair_map_linear(&pair, at + 3 * PAGE, 0, 2 * PAGE, RW));
    OK(pair_map_alloc(&pair, at + 7 * PAGE, 5 * PAGE, RW, AXADDR_POPULATE));
    OK(pair_map_alloc(&pair, at + 14 * PAGE, 5 * PAGE, RW, AXADDR_LAZY));
    OK(pair_map_device(&pair, at + 30 * PAGE, 5 * PAGE, 3));
    OK(pair_map_linear(&pair, at + 200 * PAGE, 0, 2 * PAGE, RW));
    OK(pair_unmap(&pair, at, 256 * PAGE));
    CHECK_EQ(stats_now().table_count, UINT64_C(1) << format->root_order);
    CHECK_EQ(stats_now().area_count, 0);
    end();
}

static void empty_tables_are_freed(void) {
    uint64_t cuts[] = {0,    PAGE, large, large + PAGE, reach / 2, reach / 2 + PAGE, reach - PAGE,
                       reach};
    uint64_t used;
    unsigned i;

    begin_cuts(cuts, 8);
    GO_ON();
    used = host.used_count;
    for (i = 0; i < 8; i += 2) {
        OK(pair_map_linear(&pair, cuts[i] + (i == 6 ? 0 : 0), 0, PAGE, RW));
        OK(pair_unmap(&pair, cuts[i], PAGE));
        CHECK_EQ(host.used_count, used);
        OK(pair_map_alloc(&pair, cuts[i], PAGE, RW, AXADDR_LAZY));
        OK(pair_unmap(&pair, cuts[i], PAGE));
        CHECK_EQ(host.used_count, used);
    }
    for (i = 0; i < 8; i += 2) {
        OK(pair_map_linear(&pair, cuts[i], 0, PAGE, RW));
    }
    for (i = 0; i < 8; i += 2) {
        OK(pair_unmap(&pair, cuts[i], PAGE));
    }
    CHECK_EQ(host.used_count, used);
    end();
}

static void protect_replaces_flags_wholly(void) {
    uint64_t at = home();
    begin_pages(at, 64);
    GO_ON();
    OK(pair_map_linear(&pair, at, 0, 16 * PAGE, AXADDR_READ | AXADDR_WRITE));
    OK(pair_map_alloc(&pair, at + 16 * PAGE, 8 * PAGE, RWX, AXADDR_LAZY));
    OK(pair_map_alloc(&pair, at + 24 * PAGE, 8 * PAGE, RWX, AXADDR_POPULATE));
    OK(pair_protect(&pair, at + 10 * PAGE, 20 * PAGE, AXADDR_READ | AXADDR_EXECUTE));
    OK(pair_fault(&pair, at + 17 * PAGE, AXADDR_WRITE));
    OK(pair_fault(&pair, at + 17 * PAGE, AXADDR_EXECUTE));
    OK(pair_protect(&pair, at, 32 * PAGE, AXADDR_READ));
    OK(pair_protect(&pair, at, 32 * PAGE, RW));
    FAILS(NOT_MAPPED, pair_protect(&pair, at, 33 * PAGE, AXADDR_READ));
    FAILS(NOT_MAPPED, pair_protect(&pair, at + 32 * PAGE, PAGE, AXADDR_READ));
    OK(pair_unmap(&pair, at + 5 * PAGE, PAGE));
    FAILS(NOT_MAPPED, pair_protect(&pair, at, 32 * PAGE, AXADDR_READ));
    OK(pair_map_device(&pair, at + 5 * PAGE, PAGE, 0));
    FAILS(DENIED, pair_protect(&pair, at, 32 * PAGE, AXADDR_READ));
    end();
}

/* ---- flushing ---- */

static void adding_flushes_nothing(void) {
    axaddr_hpa_t frames[2] = {{0}, {4 * PAGE}};
    uint64_t at = home();
    uint64_t plans;

    begin_pages(at, 64);
    GO_ON();
    plans = host.plan_count;
    OK(pair_map_linear(&pair, at, 0, 4 * PAGE, RW));
    OK(pair_map_frames(&pair, at + 8 * PAGE, frames, 2, RW));
    OK(pair_map_alloc(&pair, at + 16 * PAGE, 4 * PAGE, RW, AXADDR_POPULATE));
    OK(pair_map_alloc(&pair, at + 24 * PAGE, 16 * PAGE, RW, AXADDR_LAZY));
    OK(pair_map_device(&pair, at + 40 * PAGE, 4 * PAGE, 0));
    OK(pair_fault(&pair, at + 24 * PAGE, AXADDR_READ));
    OK(pair_fault(&pair, at + 25 * PAGE, AXADDR_READ));
    OK(pair_fault(&pair, at + 40 * PAGE, AXADDR_READ));
    OK(pair_fault(&pair, at + 50 * PAGE, AXADDR_READ));
    /* Nor does what touches reservations alone, as long as a table stays. */
    OK(pair_protect(&pair, at + 26 * PAGE, 4 * PAGE, AXADDR_READ));
    OK(pair_unmap(&pair, at + 26 * PAGE, 4 * PAGE));
    OK(pair_unmap(&pair, at + 41 * PAGE, PAGE));
    OK(pair_unmap(&pair, at + 50 * PAGE, 4 * PAGE));
    FAILS(EXISTS, pair_map_linear(&pair, at, 0, PAGE, RW));
    FAILS(NOT_MAPPED, pair_protect(&pair, at, 64 * PAGE, RW));
    CHECK_EQ(host.plan_count, plans);
    end();
}

/** One range from `first` to `last`, and nothing else. */
static void check_plan(uint64_t first, uint64_t last, unsigned stride_shift) {
    GO_ON();
    CHECK_EQ(host.op_plan_count, 1);
    CHECK_EQ(host.plans[0].range_count, 1);
    CHECK_EQ(host.plans[0].ranges[0].first, first);
    CHECK_EQ(host.plans[0].ranges[0].last, last);
    CHECK_EQ(host.plans[0].ranges[0].stride_shift, stride_shift);
    CHECK(!host.plans[0].is_full);
}

static void plans_cover_just_what_changed(void) {
    uint64_t at = home();
    begin_pages(at, (uint32_t)(2 * large / PAGE));
    GO_ON();
    OK(pair_map_linear(&pair, at + large, 8 * large, large, RW));
    OK(pair_map_linear(&pair, at + 2 * PAGE, 0, 8 * PAGE, RW));
    OK(pair_unmap(&pair, at, 4 * PAGE));
    check_plan(at + 2 * PAGE, at + 4 * PAGE - 1, 12);
    GO_ON();
    CHECK(!host.plans[0].has_tables);
    OK(pair_protect(&pair, at + 5 * PAGE, PAGE, AXADDR_READ));
    GO_ON();
    CHECK(host_is_covered(&host, at + 5 * PAGE, at + 6 * PAGE - 1));
    CHECK(!host_is_covered(&host, at + 6 * PAGE, at + 7 * PAGE - 1));
    CHECK(!host_is_covered(&host, at + 4 * PAGE, at + 5 * PAGE - 1));
    OK(pair_unmap(&pair, at, large));
    GO_ON();
    CHECK_EQ(host.op_plan_count, 1);
    CHECK(host.plans[0].has_tables || host.plans[0].is_full);
    OK(pair_unmap(&pair, at + large, large));
    check_plan(at + large, at + 2 * large - 1, format->shift[1]);
    end();
}

static void many_pages_make_a_full_plan(void) {
    uint64_t pages = large / PAGE - 2;
    begin_pages(home(), (uint32_t)(2 * large / PAGE));
    GO_ON();
    OK(pair_map_linear(&pair, home() + 2 * PAGE, 8 * large, large + pages * PAGE - 2 * PAGE,
                       RW | AXADDR_SMALL));
    OK(pair_unmap(&pair, home() + 3 * PAGE, large + (pages - 4) * PAGE));
    GO_ON();
    CHECK_EQ(host.plans[0].is_full, large / PAGE + pages - 4 > AXADDR_FLUSH_PAGE_MAX);
    end();
}

static void many_ranges_are_joined(void) {
    uint64_t i;
    begin_pages(home(), 64);
    GO_ON();
    for (i = 0; i < 30; i += 3) {
        OK(pair_map_linear(&pair, home() + i * PAGE, i * PAGE, PAGE, RW));
    }
    OK(pair_unmap(&pair, home(), 64 * PAGE));
    GO_ON();
    CHECK_EQ(host.op_plan_count, 1);
    CHECK(host_is_covered(&host, home() + 27 * PAGE, home() + 28 * PAGE - 1));
    end();
}

static void tables_of_reservations_are_flushed_too(void) {
    uint64_t used;
    begin_pages(home(), 64);
    GO_ON();
    used = host.used_count;
    OK(pair_map_alloc(&pair, home() + PAGE, 3 * PAGE, RW, AXADDR_LAZY));
    CHECK(host.used_count > used);
    OK(pair_unmap(&pair, home() + PAGE, 3 * PAGE));
    CHECK_EQ(host.used_count, used);
    CHECK_EQ(host.op_plan_count, 1);
    end();
}

int main(void) {
    EACH(partial_unmap_of_a_large_leaf);
    EACH(partial_protect_of_a_large_leaf);
    EACH(parts_of_a_huge_leaf);
    EACH(every_slot_of_a_huge_leaf);
    EACH(unmap_skips_holes);
    EACH(empty_tables_are_freed);
    EACH(protect_replaces_flags_wholly);
    EACH(adding_flushes_nothing);
    EACH(plans_cover_just_what_changed);
    EACH(many_pages_make_a_full_plan);
    EACH(many_ranges_are_joined);
    EACH(tables_of_reservations_are_flushed_too);
    return check_report("test_unmap");
}
