/* SPDX-License-Identifier: MIT
 *
 * test_zero.c: areas that read as the zero frame until they are written (AXADDR_ZERO_PAGE): that
 * frame is shared by all, so it must never become writable, and never be freed.
 */
#include "faults.h"

static void zero_begin(uint64_t size, uint32_t flags) {
    DO(OK, kind->set_zero_frame(space, axaddr_hpa(machine.zero_frame)));
    DO(OK, map_alloc(home, size, flags | AXADDR_ZERO_PAGE));
}

/** A page that reads as the zero frame. */
static void check_zero(uint64_t gpa, uint32_t flags) {
    CHECK_EQ(see_page(gpa).frame, machine.zero_frame);
    CHECK_EQ(see_page(gpa).level, 0);
    MAPPED(gpa, flags);
}

/** A page of the space's own, which was just populated: zero. It is not any more after this. */
static void check_own(uint64_t gpa, uint32_t flags) {
    uint8_t *at = bytes_at(gpa);

    CHECK(at != 0 && see_page(gpa).frame != machine.zero_frame);
    CHECK(host_bytes_are(at, 0));
    MAPPED(gpa, flags);
    memset(at, 0x42, PAGE);
}

static void check_kept(uint64_t gpa, uint32_t flags) {
    CHECK(bytes_at(gpa) != 0 && host_bytes_are(bytes_at(gpa), 0x42));
    MAPPED(gpa, flags);
}

static void zero_frame_is_given_once(void) {
    uint64_t beyond = UINT64_C(1) << format->output_width;

    DO(UNSUPPORTED, map_alloc(home, large, RW | AXADDR_ZERO_PAGE));
    DO(INVALID, kind->set_zero_frame(space, axaddr_hpa(machine.zero_frame + 1)));
    DO(INVALID, kind->set_zero_frame(space, axaddr_hpa(machine.zero_frame + PAGE / 2)));
    DO(INVALID, kind->set_zero_frame(space, axaddr_hpa(beyond)));
    DO(INVALID, kind->set_zero_frame(space, axaddr_hpa(UINT64_MAX)));
    DO(INVALID, kind->set_zero_frame(space, axaddr_hpa(UINT64_MAX - PAGE + 1)));
    DO(UNSUPPORTED, map_alloc(home, large, RW | AXADDR_ZERO_PAGE));
    DO(OK, kind->set_zero_frame(space, axaddr_hpa(machine.zero_frame)));
    DO(INVALID, kind->set_zero_frame(space, axaddr_hpa(machine.zero_frame)));
    DO(INVALID, kind->set_zero_frame(space, axaddr_hpa(machine.zero_frame + PAGE)));
    DO(OK, map_alloc(home, large, R | AXADDR_ZERO_PAGE));
    FAULT(RESOLVED, AT(0), R);
    check_zero(AT(0), R);
}

static void reads_share_the_zero_frame(void) {
    zero_begin(large, RWX);
    GO_ON();
    ABSENT(AT(1), SPARSE);
    CHECK_EQ(mapping.flags, RWX);
    CHECK_EQ(mapping.cookie, 0);
    FAULT(RESOLVED, AT(1) + 77, R);
    LEDGER(1, 0, 0); /* a table */
    check_zero(AT(1), R | X);
    GO_ON();
    FAULT(RESOLVED, AT(2), X);
    LEDGER(0, 0, 0);
    check_zero(AT(2), R | X);
    GO_ON();
    FAULT(SPURIOUS, AT(2), R | X);
    ABSENT(AT(3), SPARSE);
    FAULT(RESOLVED, AT(3), W);
    LEDGER(1, 0, 0);
    check_own(AT(3), RWX);
    GO_ON();
    FAULT(RESOLVED, AT(4), R | W);
    check_own(AT(4), RWX);
    GO_ON();
    check_kept(AT(3), RWX);
    GO_ON();
    DO(OK, unmap(home, large));
    CHECK_EQ(host->op_freed, 2 + format->level_count - 1);
}

static void write_takes_a_frame_of_its_own(void) {
    zero_begin(large, RWX);
    GO_ON();
    FAULT(RESOLVED, AT(0), R);
    FAULT(RESOLVED, AT(1), R);
    FAULT(RESOLVED, AT(0) + 8, W);
    LEDGER(1, 0, 1);
    check_one_page_flushed(AT(0));
    CHECK(pages[0].was_absent); /* on every machine: no CPU may read the old one any more */
    check_own(AT(0), RWX);
    GO_ON();
    check_zero(AT(1), R | X);
    GO_ON();
    FAULT(SPURIOUS, AT(0), RWX);
    FAULT(RESOLVED, AT(1), R | W);
    LEDGER(1, 0, 1);
    check_own(AT(1), RWX);
    GO_ON();
    check_kept(AT(0), RWX);
    CHECK(see_page(AT(0)).frame != see_page(AT(1)).frame);
    DO(OK, unmap(AT(0), PAGE));
    CHECK_EQ(host->op_freed, 1);
}

static void zero_pages_are_denied_what_the_area_denies(void) {
    zero_begin(large, R);
    GO_ON();
    FAULT(DENIED, AT(0), W);
    FAULT(DENIED, AT(0), X);
    FAULT(RESOLVED, AT(0), R);
    check_zero(AT(0), R);
    GO_ON();
    FAULT(DENIED, AT(0), W);
    FAULT(DENIED, AT(0), R | X);
    FAULT(DENIED, AT(0), W | X);
    FAULT(DENIED, AT(0), W | (UINT32_C(1) << 31));
    DO(OK, map_linear(home + large, LINEAR_BASE, large, R));
    FAULT(DENIED, home + large, W);
    DO(OK, edit(AXADDR_OP_POPULATE, home + 2 * large, PAGE, R));
    FAULT(DENIED, home + 2 * large, W);
    DO(OK, map_alloc(home + 2 * large + PAGE, PAGE, R));
    FAULT(RESOLVED, home + 2 * large + PAGE, R);
    FAULT(DENIED, home + 2 * large + PAGE, W);
}

/** No memory, for the tables or the frame: the zero page stays. */
static void write_without_memory(void) {
    uint32_t i;

    zero_begin(large, RW);
    GO_ON();
    fail_in(1, false);
    FAULT(NO_MEMORY, AT(0), R); /* of a table */
    for (i = 1; i <= 2; i++) {
        fail_in(i, false);
        FAULT(NO_MEMORY, AT(0), W);
    }
    fail_in(3, false);
    FAULT(RESOLVED, AT(0), W);
    fail_in(1, true);
    FAULT(RESOLVED, AT(1), R);
    fail_in(1, false);
    FAULT(NO_MEMORY, AT(1), W);
    fail_in(2, false);
    FAULT(RESOLVED, AT(1), W);
    check_own(AT(1), RW);
}

static void unmap_between(void) {
    zero_begin(large, RW);
    GO_ON();
    FAULT(RESOLVED, AT(0), R);
    FAULT(RESOLVED, AT(1), R);
    FAULT(RESOLVED, AT(2), W);
    check_own(AT(2), RW);
    GO_ON();
    DO(OK, unmap(AT(0), PAGE));
    CHECK_EQ(host->op_freed, 0);
    FAULT(UNMAPPED, AT(0), W);
    DO(OK, map_alloc(AT(0), PAGE, RW | AXADDR_ZERO_PAGE));
    FAULT(RESOLVED, AT(0), R);
    FAULT(RESOLVED, AT(0), W);
    check_own(AT(0), RW);
    GO_ON();
    check_zero(AT(1), R);
    GO_ON();
    check_kept(AT(2), RW);
    GO_ON();
    DO(OK, unmap(AT(1), 2 * PAGE));
    CHECK_EQ(host->op_freed, 1);
}

/** Where a protect has to break, it may take WRITE away for as long as the page is not written. */
static void write_again(uint64_t gpa, uint32_t flags) {
    if ((see_page(gpa).flags & W) == 0) {
        FAULT(RESOLVED, gpa, W);
        LEDGER(0, 0, 1);
        check_one_page_flushed(gpa);
    }
    check_kept(gpa, flags);
}

static void protect_never_makes_it_writable(void) {
    uint32_t uncached = format->can_hold(RW | AXADDR_UNCACHED) ? AXADDR_UNCACHED : AXADDR_DEVICE;

    zero_begin(large, RW);
    GO_ON();
    FAULT(RESOLVED, AT(0), R);
    FAULT(RESOLVED, AT(1), W);
    check_own(AT(1), RW);
    GO_ON();
    DO(OK, protect(home, large, R));
    check_zero(AT(0), R);
    GO_ON();
    check_kept(AT(1), R);
    GO_ON();
    FAULT(DENIED, AT(0), W);
    FAULT(DENIED, AT(1), W);
    FAULT(DENIED, AT(2), W);
    DO(OK, protect(home, large, RWX));
    check_zero(AT(0), R | X);
    GO_ON();
    CHECK_EQ(see_page(AT(1)).flags & ~W, R | X);
    write_again(AT(1), RWX);
    GO_ON();
    DO(OK, protect(home, large, RW | uncached)); /* another memory type: a break, for some */
    check_zero(AT(0), R | uncached);
    GO_ON();
    write_again(AT(1), RW | uncached);
    GO_ON();
    FAULT(RESOLVED, AT(0), W);
    LEDGER(1, 0, 1);
    check_own(AT(0), RW | uncached);
    GO_ON();
    ABSENT(AT(2), SPARSE);
    CHECK_EQ(mapping.flags, RW | uncached);
    FAULT(RESOLVED, AT(2), R);
    check_zero(AT(2), R | uncached);
}

/** Two areas in one protect: one whose pages get WRITE at once, one whose pages do not. */
static void protect_across_areas(void) {
    zero_begin(2 * PAGE, RW);
    GO_ON();
    DO(OK, map_alloc(AT(2), 2 * PAGE, RW));
    DO(OK, map_alloc(AT(4), 2 * PAGE, R | AXADDR_ZERO_PAGE));
    FAULT(RESOLVED, AT(1), R);
    FAULT(RESOLVED, AT(2), R);
    FAULT(RESOLVED, AT(4), R);
    DO(OK, protect(home, 6 * PAGE, R));
    FAULT(DENIED, AT(2), W);
    DO(OK, protect(AT(1), 4 * PAGE, RW));
    check_zero(AT(1), R);
    GO_ON();
    check_zero(AT(4), R);
    GO_ON();
    MAPPED(AT(2), RW);
    FAULT(RESOLVED, AT(4), W);
    FAULT(DENIED, AT(5), W);
    FAULT(DENIED, AT(0), W);
}

/** Rights that do not include READ: an area may get them later. */
static void zero_page_without_read(void) {
    zero_begin(large, RWX);
    GO_ON();
    FAULT(RESOLVED, AT(0), R);
    if (format->can_hold(X)) {
        DO(OK, protect(home, large, X));
        check_zero(AT(0), X);
        GO_ON();
        FAULT(RESOLVED, AT(1), X);
        check_zero(AT(1), X);
        GO_ON();
        FAULT(DENIED, AT(1), R);
        FAULT(DENIED, AT(1), W);
    }
    if (format->can_hold(W)) {
        DO(OK, protect(home, large, W));
        CHECK_EQ(see_page(AT(0)).flags, 0);
        FAULT(DENIED, AT(0), R);
        FAULT(RESOLVED, AT(0), W);
        check_own(AT(0), W);
    }
}

/** User mode's accesses say so, and its pages: the rest is the same. */
static void zero_pages_of_user_mode(void) {
    uint32_t flags = RW | AXADDR_USER;

    if (!format->can_hold(flags)) {
        return;
    }
    zero_begin(large, flags);
    GO_ON();
    DO(OK, map_alloc(home + large, PAGE, RW | AXADDR_ZERO_PAGE));
    FAULT(RESOLVED, AT(0), R | AXADDR_USER);
    check_zero(AT(0), R | AXADDR_USER);
    GO_ON();
    FAULT(RESOLVED, AT(0), W | AXADDR_USER);
    check_own(AT(0), flags);
    GO_ON();
    FAULT(RESOLVED, home + large, R);
    FAULT(DENIED, home + large, R | AXADDR_USER);
    FAULT(DENIED, home + large, W | AXADDR_USER);
    check_zero(home + large, R);
}

/** Zero pages are no piece of memory; written ones that adjoin are, and stay the space's own. */
static void zero_pages_do_not_collapse(void) {
    uint32_t i;

    zero_begin(2 * large, RW | AXADDR_LARGE);
    GO_ON();
    for (i = 0; i < LARGE_PAGES && i < 64; i++) {
        FAULT(RESOLVED, AT(i), R);
        CHECK_EQ(see_page(AT(i)).level, 0);
    }
    FAULT(RESOLVED, home + large, W);
    CHECK_EQ(see_page(home + large).level, 0);
    DO(OK, split(home, 2 * large));
    DO(OK, collapse(home, 2 * large));
    check_zero(AT(1), R);
    GO_ON();
    FAULT(RESOLVED, AT(1), W);
    check_own(AT(1), RW);
}

/* Another CPU, while this one waits for the lock. */

OTHER(other_reads_2, fault(AT(2), R))
OTHER(other_writes_1, fault(AT(1), W))
OTHER(other_unmaps_1, unmap(AT(1), PAGE))
OTHER(other_protects_1, protect(AT(1), PAGE, R))

static void other_maps_1_linearly(void) {
    other_unmaps_1();
    if (map_linear(AT(1), LINEAR_BASE, PAGE, R) != AXADDR_OK) {
        host_complain(host, "the other CPU's map failed");
    }
}

static void upgrade_looks_again(void) {
    zero_begin(large, RW);
    GO_ON();
    FAULT(RESOLVED, AT(0), R);
    FAULT(RESOLVED, AT(1), R);
    RACE(SPURIOUS, AT(1), W, other_writes_1);
    LEDGER(1, 0, 1);
    check_own(AT(1), RW);
    GO_ON();
    DO(OK, unmap(AT(1), PAGE));
    DO(OK, map_alloc(AT(1), PAGE, RW | AXADDR_ZERO_PAGE));
    FAULT(RESOLVED, AT(1), R);
    RACE(DENIED, AT(1), W, other_protects_1);
    LEDGER(0, 0, host->op_plan_count);
    DO(OK, protect(AT(1), PAGE, RW));
    RACE(SPURIOUS, AT(1), W, other_unmaps_1);
    LEDGER(0, 0, 1);
    FAULT(UNMAPPED, AT(1), W);
    DO(OK, map_alloc(AT(1), PAGE, RW | AXADDR_ZERO_PAGE));
    FAULT(RESOLVED, AT(1), R);
    RACE(DENIED, AT(1), W, other_maps_1_linearly);
    DO(OK, unmap(AT(1), PAGE));
}

/** Two bring the same table for a zero page: one is given back, the frame is nobody's. */
static void slower_zero_page(void) {
    zero_begin(large, RW);
    GO_ON();
    RACE(SPURIOUS, AT(2), R, other_reads_2);
    LEDGER(2, 1, 0);
    check_zero(AT(2), R);
    GO_ON();
    DO(OK, map_alloc(home + large, large, RW | AXADDR_ZERO_PAGE)); /* keeps the tables above */
    DO(OK, unmap(home, large));
    DO(OK, map_alloc(home, large, RW | AXADDR_ZERO_PAGE));
    RACE(SPURIOUS, AT(5), W, other_reads_2);
    LEDGER(3, 2, 0);
    CHECK(!see_page(AT(5)).is_mapped);
}

int main(void) {
    EACH(zero_frame_is_given_once);
    EACH(reads_share_the_zero_frame);
    EACH(write_takes_a_frame_of_its_own);
    EACH(zero_pages_are_denied_what_the_area_denies);
    EACH(write_without_memory);
    EACH(unmap_between);
    EACH(protect_never_makes_it_writable);
    EACH(protect_across_areas);
    EACH(zero_page_without_read);
    EACH(zero_pages_of_user_mode);
    EACH(zero_pages_do_not_collapse);
    EACH_MANY(upgrade_looks_again);
    EACH_MANY(slower_zero_page);
    return check_report("test_zero");
}
