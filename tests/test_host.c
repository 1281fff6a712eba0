/* SPDX-License-Identifier: MIT
 *
 * test_host.c: the tests' own machine: the ledger complains of what it should, the simulated MMU
 * and the toy formats keep the rules that the other tests rely on. A test that cannot fail is none.
 */
#include "check.h"
#include "host.h"
#include "mmu.h"
#include "toy_format.h"

static struct host host;

static void begin(void) {
    if (host.memory != 0) {
        host_destroy(&host);
    }
    host_init(&host, 64, HOST_BASE, HOST_SCATTERED | HOST_QUARANTINED);
    host_begin(&host);
}

static uint64_t take(void) {
    axaddr_hpa_t frame = axaddr_hpa(1);
    return host_hal.alloc_frame(&host, &frame) ? frame.raw : 1;
}

static bool complains(const char *about) {
    return strstr(host_error(&host), about) != 0;
}

/* ---- the ledger ---- */

static void balanced_books_are_fine(void) {
    axaddr_hpa_t block;
    uint64_t frame;
    begin();
    frame = take();
    CHECK(frame >= HOST_BASE && frame < HOST_BASE + 64 * HOST_FRAME_SIZE);
    CHECK(host_bytes_are(host_peek(&host, frame), HOST_FILL_TAKEN));
    CHECK(host_hal.alloc_block(&host, 2, &block));
    CHECK_EQ(block.raw & (4 * HOST_FRAME_SIZE - 1), 0);
    CHECK_EQ(host.used_count, 5);
    host_hal.free_block(&host, 2, block);
    host_hal.free_frame(&host, axaddr_hpa(frame));
    host_check_freed(&host);
    CHECK_EQ(host.used_count, 0);
    CHECK_STR(host_error(&host), "");
}

static void double_free(void) {
    uint64_t frame;
    begin();
    frame = take();
    host_hal.free_frame(&host, axaddr_hpa(frame));
    host_hal.free_frame(&host, axaddr_hpa(frame));
    CHECK(complains("is free"));
}

static void foreign_frame(void) {
    begin();
    host_hal.free_frame(&host, axaddr_hpa(HOST_BASE - HOST_FRAME_SIZE));
    CHECK(complains("not the allocator's"));
    begin();
    host_hal.free_frame(&host, axaddr_hpa(HOST_BASE + 64 * HOST_FRAME_SIZE));
    CHECK(complains("not the allocator's"));
    begin();
    host_hal.free_frame(&host, axaddr_hpa(take() + 8));
    CHECK(complains("not aligned"));
}

static void wrong_order(void) {
    axaddr_hpa_t block;
    begin();
    CHECK(host_hal.alloc_block(&host, 1, &block));
    host_hal.free_block(&host, 2, block);
    CHECK(complains("taken with order 1"));
    begin();
    CHECK(host_hal.alloc_block(&host, 1, &block));
    host_hal.free_frame(&host, block);
    host_hal.free_frame(&host, axaddr_hpa(block.raw + HOST_FRAME_SIZE));
    CHECK_STR(host_error(&host), ""); /* in smaller pieces is fine */
    CHECK(host_hal.alloc_block(&host, 1, &block));
    host_hal.free_frame(&host, axaddr_hpa(block.raw + HOST_FRAME_SIZE));
    host_hal.free_block(&host, 1, block);
    CHECK(complains("is free"));
}

static void use_after_free(void) {
    uint64_t frame;
    uint32_t index;
    begin();
    frame = take();
    host_hal.free_frame(&host, axaddr_hpa(frame));
    (void)host_hal.frame_at(&host, axaddr_hpa(frame));
    CHECK(complains("frame_at"));
    begin();
    frame = take();
    CHECK(host_index(&host, frame, &index));
    host_hal.free_frame(&host, axaddr_hpa(frame));
    HOST_SHOW(host_bytes(&host, index), HOST_FRAME_SIZE);
    host_bytes(&host, index)[4095] = 0;
    host_check_freed(&host);
    CHECK(complains("written after it was freed"));
}

static void nth_allocation_fails(void) {
    begin();
    host_fail_in(&host, 3, false);
    CHECK(take() != 1);
    CHECK(take() != 1);
    CHECK_EQ(take(), 1);
    CHECK(take() != 1);
    CHECK_EQ(host.op_refused, 1);
    host_fail_in(&host, 1, true);
    CHECK_EQ(take(), 1);
    CHECK_EQ(take(), 1);
    host_begin(&host);
    CHECK(take() != 1);
}

static void flush_plan(struct axaddr_flush *plan, uint64_t first, uint64_t last) {
    axaddr_flush_init(plan);
    plan->range_count = 1;
    plan->ranges[0].first = first;
    plan->ranges[0].last = last;
    plan->ranges[0].stride_shift = 12;
}

static void freed_before_the_flush(void) {
    struct axaddr_flush plan;
    uint64_t frame;

    begin();
    frame = take();
    host_begin(&host);
    host_set_live(&host, frame, 0x5000, 0x5fff, false);
    host_hal.free_frame(&host, axaddr_hpa(frame));
    CHECK(complains("before the flush"));

    begin();
    frame = take();
    host_begin(&host);
    host_set_live(&host, frame, 0x5000, 0x5fff, false);
    flush_plan(&plan, 0x6000, 0x6fff); /* of another page */
    host_hal.flush_tlb(&host, &plan);
    host_hal.free_frame(&host, axaddr_hpa(frame));
    CHECK(complains("before the flush"));

    begin();
    frame = take();
    host_begin(&host);
    host_set_live(&host, frame, 0x5000, 0x5fff, false);
    flush_plan(&plan, 0x4000, 0x4fff);
    host_hal.flush_tlb(&host, &plan);
    flush_plan(&plan, 0x5000, 0x6fff);
    host_hal.flush_tlb(&host, &plan);
    host_hal.free_frame(&host, axaddr_hpa(frame));
    CHECK_STR(host_error(&host), "");
    CHECK_EQ(host.cover_count, 1);
    CHECK(host_is_covered(&host, 0x4000, 0x6fff));
    CHECK(!host_is_covered(&host, 0x3000, 0x6fff));
    CHECK(!host_is_covered(&host, 0x4000, 0x7fff));

    frame = take();
    host_begin(&host);
    host_set_live(&host, frame, 0, 0xffff, true);
    flush_plan(&plan, 0, 0xffff); /* but a table was unlinked */
    host_hal.flush_tlb(&host, &plan);
    host_hal.free_frame(&host, axaddr_hpa(frame));
    CHECK(complains("before the flush"));

    begin();
    frame = take();
    host_begin(&host);
    host_set_live(&host, frame, 0, 0xffff, true);
    flush_plan(&plan, 0x8000, 0x8fff);
    plan.has_tables = true;
    host_hal.flush_tlb(&host, &plan);
    host_hal.free_frame(&host, axaddr_hpa(frame));
    CHECK_STR(host_error(&host), "");
}

static void malformed_plans(void) {
    struct axaddr_flush plan;
    begin();
    axaddr_flush_init(&plan);
    host_hal.flush_tlb(&host, &plan);
    CHECK(complains("asks for nothing"));
    begin();
    flush_plan(&plan, 0x1000, 0x2000);
    host_hal.flush_tlb(&host, &plan);
    CHECK(complains("a plan's range"));
    begin();
    flush_plan(&plan, 0x1000, 0x2fff);
    plan.ranges[1] = plan.ranges[0];
    plan.range_count = 2;
    host_hal.flush_tlb(&host, &plan);
    CHECK(complains("overlap"));
}

/* ---- the simulated MMU ---- */

/** A toy table by hand: root -> level 1 -> level 0 with one page at 0x123000. */
static struct mmu hand_made(uint64_t *leaf_table) {
    struct mmu mmu = {&toy, &host, 0};
    uint64_t tables[3];
    unsigned level;
    uint32_t i;

    for (level = 0; level < 3; level++) {
        tables[level] = take();
        for (i = 0; i < UINT32_C(1) << toy.index_bits[level]; i++) {
            mmu_write(&mmu, tables[level], i, toy.empty);
        }
    }
    mmu_write(&mmu, tables[2], 1, toy_make_table(tables[1], 2));
    mmu_write(&mmu, tables[1], 2, toy_make_table(tables[0], 1));
    mmu_write(&mmu, tables[0], 3, toy_make_leaf(0x777000, 0, toy_attributes_of(3, 0)));
    mmu.root = tables[2];
    *leaf_table = tables[0];
    return mmu;
}

static void mmu_walks(void) {
    struct mmu mmu;
    struct mmu_entry at;
    uint64_t table;

    begin();
    mmu = hand_made(&table);
    at = mmu_walk(&mmu, 0x123456);
    CHECK(mmu_is_leaf(&mmu, &at));
    CHECK_EQ(mmu_output(&mmu, &at, 0x123456), 0x777456);
    at = mmu_walk(&mmu, 0x124000);
    CHECK_EQ(at.level, 0);
    CHECK(!mmu_is_leaf(&mmu, &at));
    CHECK_EQ(mmu_walk(&mmu, 0x130000).level, 1);
    CHECK_EQ(mmu_walk(&mmu, 0x200000).level, 2);
    CHECK_STR(host_error(&host), "");
    host_hal.free_frame(&host, axaddr_hpa(table));
    (void)mmu_walk(&mmu, 0x123456);
    CHECK(complains("not in use"));
}

static void mmu_misses_no_late_flush(void) {
    struct mmu mmu;
    struct mmu_watch watch;
    struct axaddr_flush plan;
    uint64_t table;
    uint64_t other = toy_make_leaf(0x888000, 0, toy_attributes_of(3, 0));

    flush_plan(&plan, 0x123000, 0x123fff);
    begin();
    mmu = hand_made(&table);
    mmu_watch_start(&watch, &mmu, 0x123000); /* flushed first, changed after it */
    mmu_watch_flush(&watch, &mmu, &plan);
    mmu_write(&mmu, table, 3, toy.empty);
    CHECK(mmu_watch_verdict(&watch, &mmu)[0] != '\0');

    begin();
    mmu = hand_made(&table);
    mmu_watch_start(&watch, &mmu, 0x123000); /* right */
    mmu_write(&mmu, table, 3, toy.empty);
    mmu_watch_flush(&watch, &mmu, &plan);
    CHECK_STR(mmu_watch_verdict(&watch, &mmu), "");

    begin();
    mmu = hand_made(&table);
    mmu_watch_start(&watch, &mmu, 0x123000); /* replaced without a break */
    mmu_write(&mmu, table, 3, other);
    mmu_watch_flush(&watch, &mmu, &plan);
    CHECK(mmu_watch_verdict(&watch, &mmu)[0] != '\0');

    begin();
    mmu = hand_made(&table);
    mmu_watch_start(&watch, &mmu, 0x123000); /* broken, flushed, made */
    mmu_write(&mmu, table, 3, toy.empty);
    mmu_watch_flush(&watch, &mmu, &plan);
    mmu_write(&mmu, table, 3, other);
    CHECK_STR(mmu_watch_verdict(&watch, &mmu), "");
}

/* ---- the toy formats keep the rules of format.h ---- */

static void keeps_the_rules(const struct axaddr_format *format) {
    uint64_t pages = axaddr_low_bits(format->output_width - 12u);
    unsigned level;
    unsigned kind;
    uint32_t flags;

    CHECK_EQ(format->make_absent(AXADDR_ABSENT_EMPTY, 0), format->empty);
    for (kind = AXADDR_ABSENT_RESERVED; kind <= AXADDR_ABSENT_PARKED_TABLE; kind++) {
        uint64_t most = kind < AXADDR_ABSENT_PARKED_LEAF ? axaddr_low_bits(27) : pages;
        uint64_t values[] = {0, 1, most, most / 3};
        unsigned i;
        for (i = 0; i < 4; i++) {
            uint64_t entry = format->make_absent((enum axaddr_absent_kind)kind, values[i]);
            CHECK_EQ(format->kind_of(entry, 0), AXADDR_ENTRY_ABSENT);
            CHECK_EQ(format->kind_of(entry, 1), AXADDR_ENTRY_ABSENT);
            CHECK_EQ(format->absent_kind(entry), kind);
            CHECK_EQ(format->absent_value(entry), values[i]);
            CHECK(entry != format->empty);
        }
    }
    CHECK_EQ(format->shift[format->level_count - 1] + format->index_bits[format->level_count - 1],
             format->input_width);
    for (level = 0; level < 2; level++) {
        uint64_t frame = pages << 12 & ~axaddr_low_bits(format->shift[level]);
        for (flags = 1; flags <= AXADDR_MAPPING_FLAGS; flags++) {
            uint64_t leaf;
            if (!axaddr_flags_are_valid(flags) || !format->can_hold(flags)) {
                continue;
            }
            leaf = format->make_leaf(frame, level, format->attributes_of(flags, level));
            CHECK_EQ(format->kind_of(leaf, level), AXADDR_ENTRY_LEAF);
            CHECK_EQ(format->frame_of(leaf, level), frame);
            CHECK_EQ(format->flags_of(leaf, level), flags);
            leaf = format->change_leaf(leaf, level, format->attributes_of(AXADDR_READ, level));
            CHECK_EQ(format->flags_of(leaf, level), AXADDR_READ);
            CHECK_EQ(format->frame_of(leaf, level), frame);
            leaf = format->make_leaf(0, level, format->attributes_of(flags, level));
            leaf = format->next_leaf(leaf, level);
            CHECK_EQ(format->frame_of(leaf, level), UINT64_C(1) << format->shift[level]);
            CHECK_EQ(format->flags_of(leaf, level), flags);
        }
    }
    for (level = 1; level < format->level_count; level++) {
        uint64_t entry = format->make_table(pages << 12, level);
        CHECK_EQ(format->kind_of(entry, level), AXADDR_ENTRY_TABLE);
        CHECK_EQ(format->table_of(entry), pages << 12);
    }
    for (flags = 1; flags < 8; flags++) {
        if (format->can_hold(flags)) {
            uint64_t leaf = format->make_leaf(UINT64_C(1) << format->shift[1], 1,
                                              format->attributes_of(flags, 1));
            uint64_t part = format->split_leaf(leaf, 1);
            CHECK_EQ(format->kind_of(part, 0), AXADDR_ENTRY_LEAF);
            CHECK_EQ(format->flags_of(part, 0), flags);
            CHECK_EQ(format->frame_of(part, 0), UINT64_C(1) << format->shift[1]);
        }
    }
}

static void toy_keeps_the_rules(void) {
    keeps_the_rules(&toy);
}

static void toy32_keeps_the_rules(void) {
    keeps_the_rules(&toy32);
}

int main(void) {
    CASE(balanced_books_are_fine);
    CASE(double_free);
    CASE(foreign_frame);
    CASE(wrong_order);
    CASE(use_after_free);
    CASE(nth_allocation_fails);
    CASE(freed_before_the_flush);
    CASE(malformed_plans);
    CASE(mmu_walks);
    CASE(mmu_misses_no_late_flush);
    CASE(toy_keeps_the_rules);
    CASE(toy32_keeps_the_rules);
    host_destroy(&host);
    return check_report("test_host");
}
