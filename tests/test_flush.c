/* SPDX-License-Identifier: MIT
 *
 * test_flush.c: a plan, as an edit gathers it: what was added is covered, in steps that miss no leaf,
 * and what takes too many steps is "everything".
 */
#include "../axaddr_core/flush.h"
#include "check.h"

#define SHIFT_4K 12
#define SHIFT_2M 21
#define SHIFT_1G 30

static void add_pages(struct axaddr_flush *plan, uint64_t first_page, uint64_t count) {
    axaddr_flush_add(plan, first_page << 12, ((first_page + count) << 12) - 1, SHIFT_4K);
}

static void nothing_is_empty(void) {
    struct axaddr_flush plan;

    memset(&plan, 0xff, sizeof plan); /* whatever was on the stack */
    axaddr_flush_init(&plan);
    CHECK(axaddr_flush_is_empty(&plan));
    CHECK_EQ(plan.vmid, 0);
    CHECK_EQ(plan.cpus, 0);
    axaddr_flush_limit(&plan);
    CHECK(axaddr_flush_is_empty(&plan));

    plan.is_full = true;
    CHECK(!axaddr_flush_is_empty(&plan));
    axaddr_flush_init(&plan);
    plan.has_tables = true;
    CHECK(!axaddr_flush_is_empty(&plan));
    axaddr_flush_init(&plan);
    add_pages(&plan, 0, 1);
    CHECK(!axaddr_flush_is_empty(&plan));
}

static void ranges_that_adjoin_are_one(void) {
    struct axaddr_flush plan;

    axaddr_flush_init(&plan);
    add_pages(&plan, 0, 1);
    add_pages(&plan, 1, 2);
    CHECK_EQ(plan.range_count, 1);
    CHECK_EQ(plan.ranges[0].first, 0);
    CHECK_EQ(plan.ranges[0].last, 0x2fff);
    add_pages(&plan, 4, 1); /* page 3 is between them */
    CHECK_EQ(plan.range_count, 2);
    CHECK_EQ(plan.ranges[0].last, 0x2fff);
    CHECK_EQ(plan.ranges[1].first, 0x4000);
    CHECK_EQ(plan.ranges[1].last, 0x4fff);
}

/** Nor is what stands before a plan in memory a range of it. */
static void the_first_range_has_none_before(void) {
    struct {
        struct axaddr_flush_range before;
        struct axaddr_flush plan;
    } memory;
    _Static_assert(offsetof(struct axaddr_flush, ranges) == 0, "and `before` right before it");

    memory.before.first = 0;
    memory.before.last = 0xfff;
    memory.before.stride_shift = SHIFT_4K;
    axaddr_flush_init(&memory.plan);
    add_pages(&memory.plan, 1, 1);
    CHECK_EQ(memory.plan.range_count, 1);
    CHECK_EQ(memory.plan.ranges[0].first, 0x1000);
    CHECK_EQ(memory.before.last, 0xfff);
}

/** Large and small leaves in one range: the step is that of the small ones, whichever came first. */
static void the_smaller_stride_remains(void) {
    static const unsigned shifts[][3] = {{SHIFT_2M, SHIFT_4K, SHIFT_4K},
                                         {SHIFT_4K, SHIFT_2M, SHIFT_4K},
                                         {SHIFT_1G, SHIFT_2M, SHIFT_2M},
                                         {SHIFT_2M, SHIFT_2M, SHIFT_2M}};
    struct axaddr_flush plan;
    size_t i;

    for (i = 0; i < sizeof shifts / sizeof shifts[0]; i++) {
        axaddr_flush_init(&plan);
        axaddr_flush_add(&plan, 0, 0x3fffffff, shifts[i][0]);
        CHECK_EQ(plan.ranges[0].stride_shift, shifts[i][0]);
        axaddr_flush_add(&plan, 0x40000000, 0x7fffffff, shifts[i][1]);
        CHECK_EQ(plan.range_count, 1);
        CHECK_EQ(plan.ranges[0].last, 0x7fffffff);
        CHECK_EQ(plan.ranges[0].stride_shift, shifts[i][2]);
    }
}

static void what_finds_no_room_joins_the_last(void) {
    struct axaddr_flush plan;
    unsigned i;

    axaddr_flush_init(&plan);
    for (i = 0; i < AXADDR_FLUSH_RANGE_MAX; i++) {
        axaddr_flush_add(&plan, (uint64_t)i << 22, ((uint64_t)i << 22) + 0x1fffff, SHIFT_2M);
        CHECK_EQ(plan.range_count, i + 1);
    }
    add_pages(&plan, 0x100000, 1);
    CHECK_EQ(plan.range_count, AXADDR_FLUSH_RANGE_MAX);
    CHECK_EQ(plan.ranges[AXADDR_FLUSH_RANGE_MAX - 1].first, (AXADDR_FLUSH_RANGE_MAX - 1) << 22);
    CHECK_EQ(plan.ranges[AXADDR_FLUSH_RANGE_MAX - 1].last, 0x100000fff);
    CHECK_EQ(plan.ranges[AXADDR_FLUSH_RANGE_MAX - 1].stride_shift, SHIFT_4K);
    CHECK_EQ(plan.ranges[AXADDR_FLUSH_RANGE_MAX - 2].stride_shift, SHIFT_2M);
}

static void too_many_steps_are_everything(void) {
    struct axaddr_flush plan;

    axaddr_flush_init(&plan);
    add_pages(&plan, 10, AXADDR_FLUSH_PAGE_MAX);
    axaddr_flush_limit(&plan);
    CHECK(!plan.is_full);
    axaddr_flush_init(&plan);
    add_pages(&plan, 10, AXADDR_FLUSH_PAGE_MAX + 1);
    axaddr_flush_limit(&plan);
    CHECK(plan.is_full);

    /* It is the sum that counts, in steps: one of 2 MiB is no more than one of 4 KiB. */
    axaddr_flush_init(&plan);
    add_pages(&plan, 0, AXADDR_FLUSH_PAGE_MAX - 2);
    axaddr_flush_add(&plan, 0x40000000, 0x403fffff, SHIFT_2M);
    axaddr_flush_limit(&plan);
    CHECK(!plan.is_full);
    add_pages(&plan, 0x80000, 1);
    axaddr_flush_limit(&plan);
    CHECK(plan.is_full);
    CHECK_EQ(plan.range_count, 3); /* which stay, as a hint */

    /* Up to the last byte of all there is no overflow. */
    axaddr_flush_init(&plan);
    axaddr_flush_add(&plan, 0, UINT64_MAX, SHIFT_4K);
    axaddr_flush_limit(&plan);
    CHECK(plan.is_full);
    axaddr_flush_init(&plan);
    axaddr_flush_add(&plan, UINT64_MAX - 0xfff, UINT64_MAX, SHIFT_4K);
    axaddr_flush_limit(&plan);
    CHECK(!plan.is_full);
}

static void everything_stays_everything(void) {
    struct axaddr_flush plan;

    axaddr_flush_init(&plan);
    plan.is_full = true;
    axaddr_flush_limit(&plan);
    CHECK(plan.is_full);
    add_pages(&plan, 0, 1);
    axaddr_flush_limit(&plan);
    CHECK(plan.is_full);
}

int main(void) {
    CASE(nothing_is_empty);
    CASE(ranges_that_adjoin_are_one);
    CASE(the_first_range_has_none_before);
    CASE(the_smaller_stride_remains);
    CASE(what_finds_no_room_joins_the_last);
    CASE(too_many_steps_are_everything);
    CASE(everything_stays_everything);
    return check_report("test_flush");
}
