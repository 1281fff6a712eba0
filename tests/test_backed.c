/* SPDX-License-Identifier: MIT
 *
 * test_backed.c: areas whose frames the HAL supplies (map_backed), all at once, read-only first
 * (copy-on-write) or not yet (post-copy). Each frame comes back once. And the requests for lazy
 * memory that are refused.
 */
#include "../axaddr.h"
#include "supply.h"
#include "toy_format.h"

/* Before faults.h, which has variables of the names that parameters have here. */

/** A format without notes: the toy, but for those; made at run time, as it is not worth more. */
static struct axaddr_format toy_silent;
AXADDR_DEFINE_SPACE(silent, toy_silent, machine_hal);
AXADDR_DEFINE_PAGE_TABLE(bare_table, axaddr_aarch64_stage2_40, machine_hal);

#include "faults.h"

#define COOKIE UINT32_C(0x1234)

/** What supply_frame was asked, once, since the operation began. */
static void check_asked(uint64_t gpa, uint32_t access, bool is_mapped, uint64_t frame) {
    CHECK_EQ(machine.op_asked, 1);
    CHECK_EQ(machine.asked.address, gpa);
    CHECK_EQ(machine.asked.cookie, COOKIE);
    CHECK_EQ(machine.asked.access, access);
    CHECK_EQ(machine.asked.is_mapped, is_mapped);
    CHECK_EQ(machine.asked.frame.raw, frame);
}

static void frames_are_supplied_and_returned(void) {
    uint64_t frame = machine.next_frame;
    struct axaddr_area area;

    DO(OK, map_backed(home, large, RWX, COOKIE));
    ABSENT(AT(9), BACKED);
    CHECK_EQ(mapping.flags, RWX);
    CHECK_EQ(mapping.cookie, COOKIE);
    CHECK_EQ(kind->next_area(space, axaddr_gpa(home), &area), AXADDR_OK);
    CHECK_EQ(area.kind, AXADDR_AREA_BACKED);
    CHECK_EQ(area.cookie, COOKIE);
    FAULT(RESOLVED, AT(9) + 0xffe, R | X);
    LEDGER(1, 0, 0); /* a table */
    check_asked(AT(9), R | X, false, 0);
    GO_ON();
    CHECK_EQ(see_page(AT(9)).frame, frame);
    MAPPED(AT(9), RWX);
    FAULT(SPURIOUS, AT(9), W);
    CHECK_EQ(machine.op_asked, 0);
    FAULT(RESOLVED, AT(10), W);
    LEDGER(0, 0, 0);
    check_asked(AT(10), W, false, 0);
    GO_ON();
    CHECK_EQ(see_page(AT(10)).frame, frame + PAGE);
    DO(OK, unmap(AT(8), 2 * PAGE));
    LEDGER(0, 0, 1);
    CHECK_EQ(machine.op_returned, 1);
    FAULT(UNMAPPED, AT(9), R);
    CHECK_EQ(machine.op_asked, 0);
    FAULT(SPURIOUS, AT(10), R);
    DO(OK, unmap(home, large));
    CHECK_EQ(machine.op_returned, 1);
    DO(OK, map_backed(home, large, RW, COOKIE));
    FAULT(RESOLVED, AT(0), R);
    FAULT(DENIED, AT(1), X);
    CHECK_EQ(machine.op_asked, 0);
    FAULT(RESOLVED, AT(LARGE_PAGES - 1), R); /* these two: by destroy */
}

static void cookies_stay_with_their_areas(void) {
    DO(OK, map_backed(AT(0), 2 * PAGE, RW, 0));
    DO(OK, map_backed(AT(2), 2 * PAGE, RW, AXADDR_COOKIE_MAX));
    DO(OK, map_alloc(AT(4), 2 * PAGE, RW));
    DO(OK, map_backed(AT(6), 2 * PAGE, RW, 1));
    FAULT(RESOLVED, AT(1), R);
    CHECK_EQ(machine.asked.cookie, 0);
    FAULT(RESOLVED, AT(2), R);
    CHECK_EQ(machine.asked.cookie, AXADDR_COOKIE_MAX);
    FAULT(RESOLVED, AT(4), R);
    CHECK_EQ(machine.op_asked, 0);
    FAULT(RESOLVED, AT(6), R);
    CHECK_EQ(machine.asked.cookie, 1);
    DO(OK, protect(AT(0), 8 * PAGE, RWX));
    ABSENT(AT(3), BACKED);
    CHECK_EQ(mapping.cookie, AXADDR_COOKIE_MAX);
    CHECK_EQ(mapping.flags, RWX);
    FAULT(RESOLVED, AT(3), X);
    CHECK_EQ(machine.asked.cookie, AXADDR_COOKIE_MAX);
    DO(OK, unmap(AT(1), 6 * PAGE));
    CHECK_EQ(machine.op_returned, 4);
    CHECK_EQ(host->op_freed, 1);
    DO(OK, map_backed(AT(1), PAGE, RW, 2));
    FAULT(RESOLVED, AT(1), R);
    CHECK_EQ(machine.asked.cookie, 2);
    FAULT(RESOLVED, AT(7), R);
    CHECK_EQ(machine.asked.cookie, 1);
}

/** What the HAL answers is passed on, and nothing has changed: for a new page and for a write. */
static void refusals_are_passed_on(void) {
    static const enum axaddr_fault answers[] = {AXADDR_FAULT_SPURIOUS, AXADDR_FAULT_DEVICE,
                                                AXADDR_FAULT_UNMAPPED, AXADDR_FAULT_DENIED,
                                                AXADDR_FAULT_NO_MEMORY};
    struct axaddr_pool pool = {0, 0};
    unsigned i;

    DO(OK, map_backed(home, large, RW, COOKIE));
    DO(OK, map_backed(home + large, large, RW, COOKIE));
    machine.is_read_only = true;
    FAULT(RESOLVED, AT(1), R);
    CHECK_EQ(kind->resize_pool(space, &pool, 1), AXADDR_OK);
    pooled_count = 1;
    for (i = 0; i < sizeof(answers) / sizeof(answers[0]); i++) {
        machine.answer = answers[i];
        FAULT_UNCHANGED(answers[i], fault(AT(2), R));
        FAULT_UNCHANGED(answers[i], fault(home + large, W));
        CHECK_EQ(host->op_taken, 1);
        FAULT_UNCHANGED(answers[i], fault_from(home + large, W, &pool));
        LEDGER(0, 0, 0);
        CHECK_EQ(pool.count, 1);
        FAULT_UNCHANGED(answers[i], fault(AT(1), W));
        CHECK_EQ(machine.op_asked, 1);
        CHECK(machine.asked.is_mapped);
    }
    machine.answer = AXADDR_FAULT_RESOLVED;
    pooled_count = 0;
    FAULT_BY(RESOLVED, 0, fault_from(home + large, W, &pool));
    LEDGER(0, 0, 0);
    CHECK_EQ(pool.count, 0);
}

/** Without memory for tables the HAL is not even asked. */
static void no_memory_for_tables(void) {
    uint64_t top = UINT64_C(1) << format->shift[format->level_count - 1];
    uint32_t i;

    DO(OK, map_backed(top, top, RW, COOKIE));
    for (i = 1; i < format->level_count; i++) {
        fail_in(i, false);
        FAULT(NO_MEMORY, top, R);
        CHECK_EQ(machine.op_asked, 0);
    }
    fail_in(i, false);
    FAULT(RESOLVED, top, R);
    LEDGER(format->level_count - 1, 0, 0);
    fail_in(1, true);
    FAULT(RESOLVED, top + PAGE, R); /* the frame is not the allocator's */
    DO(OK, unmap(top, top));
    CHECK_EQ(machine.op_returned, 2);
}

/** Read-only at first; at the write the HAL leaves the frame, or gives another one. */
static void copy_on_write(void) {
    uint64_t first = machine.next_frame;

    DO(OK, map_backed(home, large, RWX, COOKIE));
    machine.is_read_only = true;
    FAULT(RESOLVED, AT(0), W); /* the guest will fault again */
    MAPPED(AT(0), R | X);
    FAULT(RESOLVED, AT(1), R);
    MAPPED(AT(1), R | X);
    FAULT(SPURIOUS, AT(1), X);
    machine.is_read_only = false;
    machine.keeps_frame = true;
    FAULT(RESOLVED, AT(0) + 4, W);
    LEDGER(0, 0, 1);
    check_asked(AT(0), W, true, first);
    GO_ON();
    check_one_page_flushed(AT(0));
    CHECK_EQ(see_page(AT(0)).frame, first);
    CHECK_EQ(machine.op_returned, 0);
    MAPPED(AT(0), RWX);
    machine.keeps_frame = false;
    FAULT(RESOLVED, AT(1), R | W);
    LEDGER(0, 0, 1);
    check_asked(AT(1), R | W, true, first + PAGE);
    GO_ON();
    check_one_page_flushed(AT(1));
    CHECK(pages[1].was_absent);
    CHECK_EQ(see_page(AT(1)).frame, first + 2 * PAGE);
    CHECK_EQ(machine.op_returned, 1);
    MAPPED(AT(1), RWX);
    FAULT(SPURIOUS, AT(1), W);
    CHECK_EQ(machine.op_asked, 0);
    DO(OK, unmap(home, large));
    CHECK_EQ(machine.op_returned, 2);
}

/** A HAL that says read-only is taken at its word, at the second time of asking, too. */
static void read_only_again(void) {
    uint64_t first = machine.next_frame;

    DO(OK, map_backed(home, large, RW, COOKIE));
    machine.is_read_only = true;
    FAULT(RESOLVED, AT(0), R);
    FAULT(RESOLVED, AT(0), W);
    CHECK_EQ(see_page(AT(0)).frame, first + PAGE);
    CHECK_EQ(machine.op_returned, 1);
    MAPPED(AT(0), R);
    machine.is_read_only = false;
    FAULT(RESOLVED, AT(0), W);
    MAPPED(AT(0), RW);
}

static void protect_of_supplied_pages(void) {
    uint32_t uncached = format->can_hold(RW | AXADDR_UNCACHED) ? AXADDR_UNCACHED : AXADDR_DEVICE;
    uint64_t frame;

    DO(OK, map_backed(home, large, RW, COOKIE));
    machine.is_read_only = true;
    FAULT(RESOLVED, AT(0), R);
    machine.is_read_only = false;
    FAULT(RESOLVED, AT(1), W);
    DO(OK, protect(home, large, R));
    FAULT(DENIED, AT(0), W);
    FAULT(DENIED, AT(1), W);
    FAULT(DENIED, AT(2), W);
    CHECK_EQ(machine.op_asked, 0);
    DO(OK, protect(home, large, RW | uncached));
    MAPPED(AT(0), R | uncached);
    DO(OK, protect(home, large, RW));
    MAPPED(AT(0), R);
    frame = see_page(AT(0)).frame;
    FAULT(RESOLVED, AT(0), W);
    check_asked(AT(0), W, true, frame);
    GO_ON();
    MAPPED(AT(0), RW);
    CHECK_EQ(machine.op_returned, 1);
    FAULT(RESOLVED, AT(2), W);
    check_asked(AT(2), W, false, 0);
    GO_ON();
    MAPPED(AT(2), RW);
    machine.keeps_frame = true;
    frame = see_page(AT(1)).frame;
    FAULT(RESOLVED, AT(1), W); /* read-only since the first protect */
    check_asked(AT(1), W, true, frame);
    GO_ON();
    CHECK_EQ(see_page(AT(1)).frame, frame);
    MAPPED(AT(1), RW);
}

/** One frame at two addresses, and the zero frame: they come back like any other. */
static void shared_frames(void) {
    uint64_t frame = machine.next_frame;

    DO(OK, kind->set_zero_frame(space, axaddr_hpa(machine.zero_frame)));
    DO(OK, map_backed(home, large, RW, COOKIE));
    FAULT(RESOLVED, AT(0), R);
    machine.next_frame = frame;
    FAULT(RESOLVED, AT(1), R);
    machine.next_frame = machine.zero_frame;
    machine.is_read_only = true;
    FAULT(RESOLVED, AT(2), R);
    machine.next_frame = frame + PAGE;
    DO(OK, unmap(AT(0), PAGE));
    CHECK_EQ(machine.op_returned, 1);
    CHECK_EQ(see_page(AT(1)).frame, frame);
    machine.is_read_only = false;
    FAULT(RESOLVED, AT(2), W);
    CHECK_EQ(machine.asked.frame.raw, machine.zero_frame);
    CHECK_EQ(machine.op_returned, 1);
    DO(OK, unmap(home, large));
    CHECK_EQ(machine.op_returned, 2);
    CHECK_EQ(host->op_freed, format->level_count - 1);
}

/** Whatever a collapse makes of pages that may be written later: they may be written later. */
static void supplied_pages_and_collapse(void) {
    uint32_t i;

    if (LARGE_PAGES > 64) {
        return; /* as generic as it is, two formats will do */
    }
    DO(OK, map_backed(home, large, RW, COOKIE));
    machine.next_frame = (machine.next_frame + large) & ~(large - 1);
    machine.is_read_only = true;
    for (i = 0; i < LARGE_PAGES; i++) {
        FAULT(RESOLVED, AT(i), R);
    }
    DO(OK, collapse(home, large));
    machine.is_read_only = false;
    FAULT(RESOLVED, AT(3), W);
    CHECK_EQ(machine.asked.address, AT(3));
    CHECK((see_page(AT(3)).flags & W) != 0);
    CHECK((see_page(AT(4)).flags & W) == 0);
    machine.keeps_frame = true;
    FAULT(RESOLVED, AT(5), W);
    DO(OK, split(home, large));
    DO(OK, collapse(home, large));
    FAULT(RESOLVED, AT(6), W);
    DO(OK, unmap(AT(1), large - PAGE));
    CHECK_EQ(machine.op_returned, LARGE_PAGES - 1);
}

OTHER(other_reads_2, fault(AT(2), R))
OTHER(other_writes_1, fault(AT(1), W))
OTHER(other_unmaps_1, unmap(AT(1), PAGE))
OTHER(other_protects_1, protect(AT(1), PAGE, R))

/** While a frame is supplied, another CPU supplies itself, or takes the page away. */
static void slower_supply_is_returned(void) {
    DO(OK, map_backed(home, large, RW, COOKIE));
    RACE(SPURIOUS, AT(2), R, other_reads_2);
    LEDGER(2, 1, 0);
    CHECK_EQ(machine.op_asked, 2);
    CHECK_EQ(machine.op_returned, 1);
    RACE(SPURIOUS, AT(1), R, other_writes_1);
    LEDGER(0, 0, 0);
    CHECK_EQ(machine.op_asked, 2);
    CHECK_EQ(machine.op_returned, 1);
    DO(OK, unmap(AT(1), PAGE));
    CHECK_EQ(machine.op_returned, 1);
    DO(OK, map_backed(AT(1), PAGE, RW, COOKIE));
    RACE(SPURIOUS, AT(1), W, other_unmaps_1);
    CHECK_EQ(machine.op_returned, 1);
    FAULT(UNMAPPED, AT(1), R);
    DO(OK, map_backed(AT(1), PAGE, RW, COOKIE));
    RACE(SPURIOUS, AT(1), W, other_protects_1);
    CHECK_EQ(machine.op_returned, 1);
    FAULT(DENIED, AT(1), W);
    machine.is_read_only = true;
    DO(OK, protect(AT(1), PAGE, RW));
    FAULT(RESOLVED, AT(1), W);
    machine.is_read_only = false;
    RACE(SPURIOUS, AT(1), W, other_writes_1); /* at the lock: who comes second does not ask */
    CHECK_EQ(machine.op_asked, 1);
    CHECK_EQ(machine.op_returned, 1);
    MAPPED(AT(1), RW);
}

/* ---- what is refused ---- */

static void bad_lazy_requests(void) {
    const uint32_t lazy[] = {AXADDR_LARGE, AXADDR_ZERO_PAGE, AXADDR_LARGE | AXADDR_ZERO_PAGE};
    uint32_t never = R | X | AXADDR_DEVICE; /* no format holds it */
    unsigned i;

    DO(INVALID, map_alloc(home, large, RW | AXADDR_LARGE | AXADDR_SMALL));
    DO(INVALID, map_alloc(home, large, W | AXADDR_ZERO_PAGE));
    DO(INVALID, map_alloc(home, large, X | AXADDR_ZERO_PAGE));
    DO(INVALID, map_alloc(home, large, AXADDR_ZERO_PAGE));
    DO(INVALID, map_alloc(home, large, AXADDR_LARGE));
    DO(INVALID, map_alloc(home, large, RW | 512 | AXADDR_ZERO_PAGE));
    DO(INVALID, map_alloc(home, large + 1, RW | AXADDR_LARGE));
    DO(UNSUPPORTED, map_alloc(home, large, never | AXADDR_LARGE));
    DO(UNSUPPORTED, map_alloc(home, large, RW | AXADDR_ZERO_PAGE)); /* no zero frame */
    DO(OK, kind->set_zero_frame(space, axaddr_hpa(machine.zero_frame)));
    DO(INVALID, map_alloc(home, large, W | AXADDR_ZERO_PAGE));
    DO(UNSUPPORTED, map_alloc(home, large, never | AXADDR_ZERO_PAGE));
    DO(INVALID, map_alloc(home, large, RW | 512 | AXADDR_ZERO_PAGE));
    DO(INVALID, map_backed(home, large, RW, AXADDR_COOKIE_MAX + 1));
    DO(INVALID, map_backed(home, large, RW, UINT32_MAX));
    DO(INVALID, map_backed(home, large, 0, 0));
    DO(INVALID, map_backed(home, large, RW | AXADDR_SMALL, 0));
    DO(INVALID, map_backed(home + 1, large, RW, 0));
    DO(UNSUPPORTED, map_backed(home, large, never, 0));
    for (i = 0; i < 3; i++) {
        DO(INVALID, map_backed(home, large, RW | lazy[i], 0));
        DO(INVALID, map_linear(home, LINEAR_BASE, large, RW | lazy[i]));
        DO(INVALID, edit(AXADDR_OP_POPULATE, home, PAGE, RW | lazy[i]));
        DO(OK, map_backed(home, PAGE, RW, 0));
        DO(INVALID, protect(home, PAGE, RW | lazy[i]));
        DO(OK, unmap(home, PAGE));
    }
    DO(OK, map_alloc(home, PAGE, RW | AXADDR_ZERO_PAGE | AXADDR_LARGE));
    DO(EXISTS, map_backed(home, large, RW, 0));
    DO(EXISTS, map_alloc(home, large, RW | AXADDR_LARGE));
    DO(OK, map_backed(AT(1), PAGE, RW, 0));
    DO(EXISTS, map_alloc(AT(1), PAGE, RW | AXADDR_ZERO_PAGE));
}

/** Bytes that a fault would populate are reserved, whichever way it does. */
static void stats_count_what_is_reserved(void) {
    struct axaddr_stats stats;

    DO(OK, kind->set_zero_frame(space, axaddr_hpa(machine.zero_frame)));
    DO(OK, map_alloc(home, 4 * PAGE, RW | AXADDR_ZERO_PAGE));
    DO(OK, map_backed(AT(4), 4 * PAGE, RW, COOKIE));
    DO(OK, map_alloc(AT(8), 4 * PAGE, RW | AXADDR_LARGE));
    kind->stats(space, &stats);
    CHECK_EQ(stats.reserved_bytes, 12 * PAGE);
    CHECK_EQ(stats.mapped_bytes, 0);
    FAULT(RESOLVED, AT(0), R);
    FAULT(RESOLVED, AT(4), R);
    FAULT(RESOLVED, AT(8), R);
    kind->stats(space, &stats);
    CHECK_EQ(stats.reserved_bytes, 9 * PAGE);
    CHECK_EQ(stats.mapped_bytes, 3 * PAGE);
    CHECK_EQ(stats.leaf_count[0], 3);
}

/** A format that has no notes has none to harvest. */
static void silent_format(void) {
    struct silent silence;

    toy_silent = toy;
    toy_silent.noted = 0;
    toy_silent.notes_of = 0;
    toy_silent.clear_notes = 0;
    host_init(host, ARENA_FRAMES, ARENA_BASE, HOST_SCATTERED);
    CHECK_EQ(silent_init(&silence, &machine, axaddr_gpa(0), 1 << 25), AXADDR_OK);
    CHECK_EQ(silent_map_alloc(&silence, axaddr_gpa(0), 2 * PAGE, RW, AXADDR_LAZY), AXADDR_OK);
    CHECK_EQ(silent_handle_fault(&silence, axaddr_gpa(0), W), AXADDR_FAULT_RESOLVED);
    CHECK_EQ(silent_harvest(&silence, axaddr_gpa(0), PAGE, 0), AXADDR_INVALID);
    CHECK_EQ(silent_harvest(&silence, axaddr_gpa(0), PAGE, AXADDR_NOTES), AXADDR_UNSUPPORTED);
    CHECK_EQ(silent_query(&silence, axaddr_gpa(0), &mapping), AXADDR_OK);
    CHECK_EQ(mapping.notes, 0);
    silent_destroy(&silence);
    CHECK_EQ(host->used_count, 0);
    host_destroy(host);
}

/** A HAL with four functions: nothing is supplied, and no large leaf comes of a fault. */
static void without_the_hal_functions(void) {
    DO(UNSUPPORTED, map_backed(home, large, RW, COOKIE));
    DO(INVALID, map_backed(home, large, RW, AXADDR_COOKIE_MAX + 1));
    DO(OK, map_alloc(home, large, RW | AXADDR_LARGE));
    FAULT(RESOLVED, AT(0), W);
    LEDGER(2, 0, 0);
    MAPPED(AT(0), RW);
    CHECK_EQ(mapping.size, PAGE);
}

/** A table without areas has no lazy memory, but notes. */
static void bare_page_table(void) {
    struct bare_table table;
    struct axaddr_request request;

    memset(&machine, 0, sizeof(machine));
    host_init(host, ARENA_FRAMES, ARENA_BASE, HOST_SCATTERED);
    CHECK_EQ(bare_table_init(&table, &machine, axaddr_gpa(0), 1 << 25), AXADDR_OK);
    CHECK_EQ(bare_table_map(&table, axaddr_gpa(0), axaddr_hpa(LINEAR_BASE), 3 * PAGE, RW),
             AXADDR_OK);
    CHECK_EQ(bare_table_harvest(&table, axaddr_gpa(PAGE), PAGE, 0), AXADDR_INVALID);
    CHECK_EQ(bare_table_harvest(&table, axaddr_gpa(PAGE), PAGE, AXADDR_DIRTY), AXADDR_OK);
    CHECK_EQ(machine.told_count, 1);
    CHECK_EQ(machine.told[0].address, PAGE);
    CHECK_EQ(machine.told[0].notes, AXADDR_DIRTY);
    CHECK_EQ(bare_table_query(&table, axaddr_gpa(PAGE), &mapping), AXADDR_OK);
    CHECK_EQ(mapping.notes, AXADDR_ACCESSED);
    CHECK_EQ(bare_table_query(&table, axaddr_gpa(0), &mapping), AXADDR_OK);
    CHECK_EQ(mapping.notes, AXADDR_NOTES);
    request = axaddr_request_of(AXADDR_OP_RESERVE, 4 * PAGE, PAGE, RW);
    CHECK_EQ(bare_table_perform(&table, &request, 0), AXADDR_UNSUPPORTED);
    request.operation = AXADDR_OP_BACKED;
    CHECK_EQ(bare_table_perform(&table, &request, 0), AXADDR_UNSUPPORTED);
    bare_table_destroy(&table);
    CHECK_EQ(host->used_count, 0);
    CHECK_STR(host_error(host), "");
    host_destroy(host);
}

int main(void) {
    EACH(frames_are_supplied_and_returned);
    EACH(cookies_stay_with_their_areas);
    EACH(refusals_are_passed_on);
    EACH(no_memory_for_tables);
    EACH(copy_on_write);
    EACH(read_only_again);
    EACH(protect_of_supplied_pages);
    EACH(shared_frames);
    EACH(supplied_pages_and_collapse);
    EACH_MANY(slower_supply_is_returned);
    EACH(bad_lazy_requests);
    EACH(stats_count_what_is_reserved);
    CASE(silent_format);
    CASE(bare_page_table);
    EACH_BARE(without_the_hal_functions);
    return check_report("test_backed");
}
