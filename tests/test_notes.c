/* SPDX-License-Identifier: MIT
 *
 * test_notes.c: what is noted of pages, accessed and written: the bits in which it is noted, the
 * faults that note it where hardware does not, and its harvest, as dirty logging and working-set
 * estimates want it. No write is ever lost; what is told twice only costs time.
 */
#include "faults.h"

#define A  AXADDR_ACCESSED
#define D  AXADDR_DIRTY
#define AD AXADDR_NOTES

/* ---- the machine: what it notes by itself, and when it faults ---- */

/** The bits that hardware sets at an access; 0: it faults instead (and the format notes). */
static uint64_t bits_of(uint32_t access) {
    bool is_write = (access & W) != 0;

    if (format == &axaddr_x86_ept) {
        return is_write ? 0x300 : 0x100; /* SDM vol. 3C, 29.3.5: bits 8 and 9 */
    }
    if (format == &axaddr_x86_64) {
        return is_write ? 0x60 : 0x20; /* SDM vol. 3A, 4.8: bits 5 and 6 */
    }
    if (format == &toy) {
        return is_write ? 0xc : 0x4;
    }
    return format == &toy32 ? 0x100 : 0;
}

/**
 * A guest accesses a page that is mapped and permits it. Where its machine leaves notes to software
 * that may be a fault, and then only if there is something to note.
 */
static void touch(uint64_t gpa, uint32_t access) {
    struct seen at = see(gpa);

    if (bits_of(access) != 0) {
        scribble(&at, at.entry | bits_of(access));
        check_audit();
        return;
    }
    CHECK(format->note_access != 0);
    if (format->note_access(at.entry, at.level, access) == at.entry) {
        FAULT(SPURIOUS, gpa, access);
    } else {
        FAULT(RESOLVED, gpa, access);
        LEDGER(0, 0, (access & W) != 0 || format->caches_absent ? 1 : 0);
        CHECK(host->op_plan_count == 0 || plan_names(&host->plans[0], gpa));
        CHECK(host->op_plan_count == 0 || host->plans[0].ranges[0].stride_shift ==
                                              format->shift[format->caches_absent ? 0 : at.level]);
    }
}

/** Whether a harvest told of [gpa, gpa + size - 1], and what. */
static uint32_t told_of(uint64_t gpa, uint64_t size) {
    uint32_t i;

    for (i = 0; i < machine.told_count && i < TOLD_MAX; i++) {
        if (machine.told[i].address == gpa && machine.told[i].size == size) {
            return machine.told[i].notes;
        }
    }
    return 0;
}

/** What query says was noted of a page. */
static uint32_t notes_of(uint64_t gpa) {
    return kind->query(space, axaddr_gpa(gpa), &mapping) == AXADDR_OK ? mapping.notes : 0x80;
}

/** The first `count` pages from home, populated by writes, with their notes cleared. */
static void clean_pages(uint32_t count) {
    uint32_t i;

    DO(OK, map_alloc(home, count * PAGE, RW));
    for (i = 0; i < count; i++) {
        FAULT(RESOLVED, AT(i), W);
    }
    DO(OK, harvest(home, count * PAGE, AD));
    for (i = 0; i < count; i++) {
        CHECK_EQ(notes_of(AT(i)), 0);
    }
}

/* ---- entries, bit by bit ---- */

/** What is noted in the leaf at home and what not. */
static void check_entry(uint64_t attributes) {
    CHECK_EQ(see(home).entry & ~format->make_leaf(see_page(home).frame, 0, 0), attributes);
}

/**
 * DDI 0487, D8.3: AF bit 10, S2AP[1] bit 7, DBM bit 51; XN 54:53, SH 9:8, S2AP[0] bit 6, MemAttr
 * 5:2; bit 55 is software's.
 */
static void aarch64_entries(void) {
    uint64_t page = UINT64_C(0x40000000000000) | 0x37f; /* XN, inner shareable, R, write-back */

    if (format != &axaddr_aarch64_stage2_40 && format != &axaddr_aarch64_stage2_48) {
        return;
    }
    DO(OK, map_alloc(home, PAGE, RW));
    FAULT(RESOLVED, home, R);
    check_entry(page | 0x400 | 0x80);
    DO(OK, harvest(home, PAGE, A));
    check_entry(page | 0x80);
    FAULT(RESOLVED, home, R);
    check_entry(page | 0x400 | 0x80);
    DO(OK, harvest(home, PAGE, D));
    check_entry(page | 0x400 | UINT64_C(1) << 51 | UINT64_C(1) << 55);
    MAPPED(home, RW);
    DO(OK, harvest(home, PAGE, A));
    FAULT(RESOLVED, home, W);
    check_entry(page | 0x400 | 0x80 | UINT64_C(1) << 51 | UINT64_C(1) << 55);
    DO(OK, harvest(home, PAGE, AD));
    check_entry(page | UINT64_C(1) << 51 | UINT64_C(1) << 55);
    DO(OK, protect(home, PAGE, R)); /* clean, and not to be written: no DBM */
    check_entry(page | UINT64_C(1) << 55);
    FAULT(DENIED, home, W);
    DO(OK, protect(home, PAGE, RW));
    check_entry(page | UINT64_C(1) << 51 | UINT64_C(1) << 55);
    FAULT(RESOLVED, home, W);
    DO(OK, protect(home, PAGE, R)); /* written: it stays so */
    check_entry(page | 0x400);
    CHECK_EQ(notes_of(home), AD);
}

/** Privileged manual, Sv39: V, R, W, X, U, G, A, D are bits 0 to 7. */
static void riscv_entries(void) {
    if (format->name[0] != 'r') {
        return;
    }
    DO(OK, map_alloc(home, PAGE, RW));
    FAULT(RESOLVED, home, R);
    check_entry(0xd7);
    DO(OK, harvest(home, PAGE, A));
    check_entry(0x97);
    DO(OK, harvest(home, PAGE, D));
    check_entry(0x17);
    FAULT(RESOLVED, home, R);
    check_entry(0x57);
    FAULT(SPURIOUS, home, R);
    FAULT(RESOLVED, home, W);
    check_entry(0xd7);
    DO(OK, harvest(home, PAGE, AD));
    check_entry(0x17);
    DO(OK, protect(home, PAGE, R));
    check_entry(0x13);
    FAULT(DENIED, home, W);
    check_entry(0x13);
    DO(OK, protect(home, PAGE, RWX));
    FAULT(RESOLVED, home, X);
    check_entry(0x5f);
    FAULT(RESOLVED, home, W);
    check_entry(0xdf);
}

/** What hardware has set is cleared, and nothing else. */
static void hardware_entries(void) {
    struct seen at;
    uint64_t clean;

    if (bits_of(W) == 0) {
        return;
    }
    DO(OK, map_alloc(home, PAGE, RW));
    FAULT(RESOLVED, home, W);
    at = see(home);
    clean = at.entry;
    CHECK_EQ(clean & bits_of(W), 0);
    scribble(&at, clean | bits_of(R));
    CHECK_EQ(notes_of(home), format == &toy32 ? AD : A);
    scribble(&at, clean | bits_of(W));
    CHECK_EQ(notes_of(home), AD);
    check_audit();
    if (format != &toy32) {
        DO(OK, harvest(home, PAGE, D));
        CHECK_EQ(see(home).entry, clean | bits_of(R));
        scribble(&at, clean | bits_of(W));
        check_audit();
        DO(OK, harvest(home, PAGE, A));
        CHECK_EQ(see(home).entry, clean | (bits_of(W) & ~bits_of(R)));
    }
    scribble(&at, clean | bits_of(W));
    check_audit();
    DO(OK, harvest(home, PAGE, AD));
    CHECK_EQ(see(home).entry, clean);
}

/* ---- harvests ---- */

static void check_two_pages_flushed(uint64_t first, uint64_t second) {
    const struct axaddr_flush *plan = &host->plans[0];

    CHECK_EQ(host->op_plan_count, 1);
    CHECK_EQ(plan->range_count, 2);
    CHECK_EQ(plan->ranges[0].first, first);
    CHECK_EQ(plan->ranges[0].last, first + PAGE - 1);
    CHECK_EQ(plan->ranges[1].first, second);
    CHECK(!plan->has_tables && !plan->is_full);
}

static void harvest_tells_what_was_touched(void) {
    bool is_both = format == &toy32; /* one bit for both notes */

    clean_pages(8);
    GO_ON();
    DO(OK, harvest(home, 8 * PAGE, AD));
    CHECK_EQ(machine.told_count, 0);
    CHECK_EQ(host->op_plan_count, 0);
    touch(AT(1), W);
    touch(AT(4), R);
    GO_ON();
    CHECK_EQ(notes_of(AT(1)), AD);
    CHECK_EQ(notes_of(AT(4)), is_both ? AD : A);
    CHECK_EQ(notes_of(AT(2)), 0);
    if (!is_both) {
        DO(OK, harvest(home, 8 * PAGE, D));
        CHECK_EQ(machine.told_count, 1);
        CHECK_EQ(told_of(AT(1), PAGE), D);
        check_one_page_flushed(AT(1));
        GO_ON();
        DO(OK, harvest(home, 8 * PAGE, A));
    } else {
        DO(OK, harvest(home, 8 * PAGE, AD));
    }
    CHECK_EQ(machine.told_count, 2);
    CHECK_EQ(told_of(AT(1), PAGE), is_both ? AD : A);
    CHECK_EQ(told_of(AT(4), PAGE), is_both ? AD : A);
    check_two_pages_flushed(AT(1), AT(4));
    GO_ON();
    DO(OK, harvest(home, 8 * PAGE, AD));
    CHECK_EQ(machine.told_count, 0);
    touch(AT(1), W);
    touch(AT(6), W);
    GO_ON();
    DO(OK, harvest(home, 8 * PAGE, AD));
    CHECK_EQ(machine.told_count, 2);
    CHECK_EQ(told_of(AT(1), PAGE), AD);
    CHECK_EQ(told_of(AT(6), PAGE), AD);
}

static void harvest_keeps_to_its_range(void) {
    struct axaddr_request request;
    struct axaddr_terms terms = {.budget = 3};
    uint32_t told = 0;
    uint32_t i;

    clean_pages(10);
    GO_ON();
    for (i = 1; i < 9; i += 2) {
        touch(AT(i), W);
        GO_ON();
    }
    DO(OK, harvest(AT(2), 4 * PAGE, AD)); /* 3 and 5 */
    CHECK_EQ(machine.told_count, 2);
    CHECK_EQ(told_of(AT(3), PAGE), AD);
    CHECK_EQ(told_of(AT(5), PAGE), AD);
    CHECK_EQ(notes_of(AT(1)), AD);
    CHECK_EQ(notes_of(AT(7)), AD);
    request = axaddr_request_of(AXADDR_OP_HARVEST, home, 10 * PAGE, AD);
    while (request.size > 0) { /* in steps */
        DO(OK, kind->perform(space, &request, &terms));
        CHECK(terms.done > 0 && terms.done <= 3 * PAGE);
        told += machine.told_count;
        request.start += terms.done;
        request.size -= terms.done;
    }
    CHECK_EQ(told, 2);
    CHECK_EQ(notes_of(AT(1)) | notes_of(AT(7)), 0);
}

static void only_leaves_are_harvested(void) {
    DO(OK, kind->set_zero_frame(space, axaddr_hpa(machine.zero_frame)));
    DO(OK, map_alloc(AT(0), PAGE, RW));
    DO(OK, map_alloc(AT(1), PAGE, RW | AXADDR_ZERO_PAGE));
    DO(OK, map_backed(AT(2), PAGE, RW, 1));
    DO(OK, edit(AXADDR_OP_DEVICE, AT(3), PAGE, 0));
    DO(OK, map_alloc(home + large, large, RW | AXADDR_LARGE));
    DO(OK, harvest(0, home + 4 * large, AD));
    LEDGER(0, 0, 0);
    CHECK_EQ(machine.told_count, 0);
    ABSENT(AT(0), RESERVED);
    ABSENT(AT(1), SPARSE);
    ABSENT(AT(2), BACKED);
    FAULT(DEVICE, AT(3), W);
    ABSENT(AT(4), EMPTY);
    DO(OK, map_linear(AT(4), LINEAR_BASE, PAGE, R));
    DO(OK, harvest(0, home + 4 * large, AD));
    CHECK_EQ(notes_of(AT(4)), 0);
}

static void large_leaves_are_told_whole(void) {
    DO(OK, map_alloc(home, 2 * large, RW | AXADDR_LARGE));
    FAULT(RESOLVED, home, W);
    FAULT(RESOLVED, home + large, W);
    DO(OK, harvest(home, 2 * large, AD));
    touch(AT(5), W);
    GO_ON();
    CHECK_EQ(notes_of(AT(9)), AD);
    DO(OK, harvest(AT(3), PAGE, AD)); /* any part of it */
    CHECK_EQ(machine.told_count, 1);
    CHECK_EQ(told_of(home, large), AD);
    CHECK_EQ(host->plans[0].ranges[0].first, home);
    CHECK_EQ(host->plans[0].ranges[0].last, home + large - 1);
    CHECK_EQ(host->plans[0].ranges[0].stride_shift, format->shift[1]);
    touch(AT(5), W);
    GO_ON();
    DO(OK, split(home, large)); /* what was noted of all may be true of each */
    CHECK_EQ(notes_of(AT(0)), AD);
    CHECK_EQ(notes_of(AT(5)), AD);
    DO(OK, harvest(home, large, AD));
    CHECK_EQ(machine.told_count, LARGE_PAGES);
    CHECK_EQ(told_of(AT(5), PAGE), AD);
    touch(AT(5), W);
    GO_ON();
    DO(OK, harvest(home, 2 * large, AD));
    CHECK_EQ(machine.told_count, 1);
    CHECK_EQ(told_of(AT(5), PAGE), AD);
    DO(OK, split(home + large, large)); /* a clean one splits into clean ones */
    DO(OK, harvest(home, 2 * large, AD));
    CHECK_EQ(machine.told_count, 0);
}

/**
 * A CPU remembers a page as absent, in what is a large leaf now: it is the page that its fault has
 * to flush. An invalidation of where the leaf begins would leave it, and the fault come back.
 */
static void absent_pages_of_a_large_leaf(void) {
    DO(OK, map_linear(home, LINEAR_BASE, large, R));
    CHECK_EQ(see(home).level, 1);
    FAULT(SPURIOUS, AT(5), R);
    if (format->caches_absent) {
        CHECK_EQ(host->op_plan_count, 1);
        CHECK_EQ(host->plans[0].range_count, 1);
        CHECK_EQ(host->plans[0].ranges[0].first, AT(5));
        CHECK_EQ(host->plans[0].ranges[0].last, AT(5) + PAGE - 1);
        CHECK_EQ(host->plans[0].ranges[0].stride_shift, format->shift[0]);
        CHECK(host->plans[0].has_tables);
    }
}

/**
 * Pages that were harvested collapse into a large leaf: written if one of them is, told as a whole;
 * not so if none is. In a read-only one nothing is ever noted as written, and it collapses, too.
 */
static void collapsed_pages_keep_their_notes(void) {
    const uint32_t flags[] = {RW, RW, R};
    unsigned i;

    for (i = 0; i < 3 && format->notes_of != 0; i++) {
        uint32_t notes;

        DO(OK, map_linear(home, LINEAR_BASE, large, flags[i]));
        DO(OK, split(home, large));
        DO(OK, harvest(home, large, AD));
        if (i == 0) {
            touch(AT(3), W);
            touch(AT(LARGE_PAGES - 1), R);
            GO_ON();
        }
        notes = notes_of(AT(3));
        CHECK_EQ(notes, i == 0 ? AD : 0);
        DO(OK, collapse(home, large));
        CHECK_EQ(see(home).level, 1);
        CHECK_EQ(notes_of(AT(0)), notes);
        DO(OK, harvest(home, large, AD));
        CHECK_EQ(machine.told_count, i == 0 ? 1 : 0);
        CHECK_EQ(told_of(home, large), notes);
        DO(OK, unmap(home, large));
    }
}

/** Whatever an edit does to a page that was written: a harvest after it tells so. */
static void protect_keeps_what_was_noted(void) {
    clean_pages(8);
    GO_ON();
    touch(AT(1), W);
    touch(AT(3), R);
    GO_ON();
    DO(OK, protect(home, 8 * PAGE, R));
    CHECK_EQ(notes_of(AT(1)), AD);
    DO(OK, protect(home, 8 * PAGE, RW));
    CHECK_EQ(notes_of(AT(1)), AD);
    if (format->needs_break != toy_needs_break) {
        CHECK_EQ(notes_of(AT(3)), A);
        CHECK_EQ(notes_of(AT(2)), 0);
    }
    DO(OK, protect(home, 8 * PAGE, R));
    DO(OK, harvest(home, 8 * PAGE, AD));
    CHECK_EQ(told_of(AT(1), PAGE), AD);
    if (format->needs_break != toy_needs_break) {
        CHECK_EQ(machine.told_count, 2); /* those toys lose it in a break, and tell of all */
    }
    DO(OK, harvest(home, 8 * PAGE, AD));
    CHECK_EQ(machine.told_count, 0);
    DO(OK, protect(home, 8 * PAGE, RWX));
    touch(AT(5), W);
    GO_ON();
    CHECK_EQ(notes_of(AT(5)), AD);
}

/** A protect that has to break may lose what was noted: then all counts as noted. */
static void break_notes_all(void) {
    uint32_t uncached = format->can_hold(RW | AXADDR_UNCACHED) ? AXADDR_UNCACHED : AXADDR_DEVICE;

    clean_pages(2);
    GO_ON();
    touch(AT(1), W);
    GO_ON();
    DO(OK, protect(home, 2 * PAGE, RW | uncached));
    CHECK_EQ(notes_of(AT(1)), AD);
    CHECK_EQ(notes_of(AT(0)), format->needs_break != 0 ? AD : 0);
    DO(OK, harvest(home, 2 * PAGE, AD));
    CHECK_EQ(notes_of(AT(0)) | notes_of(AT(1)), 0);
    touch(AT(0), W);
    GO_ON();
    CHECK_EQ(notes_of(AT(0)), AD);
}

static void remapped_pages_begin_anew(void) {
    uint32_t fresh;

    DO(OK, map_alloc(home, PAGE, RW));
    FAULT(RESOLVED, home, R);
    fresh = notes_of(home);
    CHECK_EQ(fresh, bits_of(W) != 0 ? 0 : AD); /* where faults note, a page is born noted */
    DO(OK, harvest(home, PAGE, AD));
    CHECK_EQ(told_of(home, PAGE), fresh);
    DO(OK, unmap(home, PAGE));
    DO(OK, map_alloc(home, PAGE, RW));
    FAULT(RESOLVED, home, R);
    CHECK_EQ(notes_of(home), fresh);
}

/** A write that first has to get its frame, or WRITE, is told like any other. */
static void written(uint64_t gpa) {
    int i;

    for (i = 0; i < 3; i++) { /* one fault for the right to write, one to note it, none more */
        struct seen at = see(gpa);

        if (bits_of(W) != 0 && (see_page(gpa).flags & W) != 0) {
            scribble(&at, at.entry | bits_of(W));
            check_audit();
            return;
        }
        faults_begin();
        result = (int)fault(gpa, W);
        faults_end(false);
        GO_ON();
        if (result == (int)AXADDR_FAULT_SPURIOUS) {
            return;
        }
        CHECK_EQ(result, AXADDR_FAULT_RESOLVED);
    }
    CHECK(i < 3); /* it comes to no end */
}

static void upgraded_pages_are_told(void) {
    DO(OK, kind->set_zero_frame(space, axaddr_hpa(machine.zero_frame)));
    DO(OK, map_alloc(AT(0), 2 * PAGE, RW | AXADDR_ZERO_PAGE));
    DO(OK, map_backed(AT(2), 2 * PAGE, RW, 1));
    machine.is_read_only = true;
    FAULT(RESOLVED, AT(0), R);
    FAULT(RESOLVED, AT(1), W);
    FAULT(RESOLVED, AT(2), R);
    FAULT(RESOLVED, AT(3), R);
    DO(OK, protect(home, 2 * PAGE, R)); /* page 1, too, will get WRITE by a fault */
    DO(OK, harvest(home, 4 * PAGE, AD));
    DO(OK, protect(home, 2 * PAGE, RW));
    DO(OK, harvest(home, 4 * PAGE, AD));
    DO(OK, harvest(home, 4 * PAGE, AD));
    CHECK_EQ(machine.told_count, 0);
    machine.is_read_only = false;
    written(AT(0));
    written(AT(1));
    written(AT(2));
    machine.keeps_frame = true;
    written(AT(3));
    GO_ON();
    DO(OK, harvest(home, 4 * PAGE, AD));
    CHECK_EQ(machine.told_count, 4);
    CHECK_EQ(told_of(AT(0), PAGE) & told_of(AT(1), PAGE) & told_of(AT(2), PAGE) & D, D);
    CHECK_EQ(told_of(AT(3), PAGE) & D, D);
}

/* ---- runs ---- */

/** Whether the leaf of a page has the hint; if so, all of its run must say the same. */
static bool is_in_run(uint64_t gpa) {
    struct seen at = see(gpa);

    return plain(&at) != at.entry;
}

static void check_run(uint64_t first) {
    uint64_t i;

    for (i = 1; is_in_run(first) && i < UINT64_C(1) << format->run_bits; i++) {
        struct seen before = see(first + (i - 1) * PAGE);
        struct seen at = see(first + i * PAGE);

        CHECK(is_in_run(first + i * PAGE));
        CHECK_EQ(plain(&at), format->next_leaf(plain(&before), 0));
    }
}

/**
 * A TLB may hold a run as one, by any of its leaves. So no leaf may wait to be noted beside one
 * that does not; and while a run is one, what was noted of a page counts for all.
 */
static void runs_are_noted_as_one(void) {
    uint32_t run = UINT32_C(1) << format->run_bits;
    uint32_t i;

    if (format->run_bits == 0) {
        return;
    }
    DO(OK, map_linear(home, LINEAR_BASE, 2 * run * PAGE, RW));
    CHECK(is_in_run(home) && is_in_run(AT(run)));
    DO(OK, harvest(AT(3), PAGE, AD));
    CHECK((told_of(AT(3), PAGE) & D) != 0);
    check_run(home);
    check_run(AT(run));
    GO_ON();
    DO(OK, harvest(home, 2 * run * PAGE, AD));
    check_run(home);
    check_run(AT(run));
    GO_ON();
    CHECK_EQ(notes_of(AT(3)), 0);
    touch(AT(3), W);
    touch(AT(run + 5), W);
    GO_ON();
    check_run(home);
    check_run(AT(run));
    GO_ON();
    for (i = 0; i < 2 * run; i++) {
        bool is_written = i == 3 || i == run + 5;

        CHECK_EQ(notes_of(AT(i)), is_written || is_in_run(AT(i)) ? AD : 0);
    }
    DO(OK, harvest(home, 2 * run * PAGE, AD));
    CHECK((told_of(AT(3), PAGE) & told_of(AT(run + 5), PAGE) & D) != 0);
}

/** Whatever happens to its neighbours, and to the hint: a page that was written is told. */
static void runs_keep_what_was_written(void) {
    uint32_t run = UINT32_C(1) << format->run_bits;
    uint32_t i;

    for (i = 0; i < 4 && format->run_bits != 0; i++) {
        DO(OK, map_linear(home, LINEAR_BASE, run * PAGE, RW));
        DO(OK, harvest(home, run * PAGE, AD));
        if (i >= 2) {
            DO(OK, collapse(home, run * PAGE));
        }
        touch(AT(3), W);
        GO_ON();
        check_run(home);
        GO_ON();
        if (i % 2 == 0) {
            DO(OK, unmap(home, PAGE));
        } else {
            DO(OK, protect(home, PAGE, R));
        }
        DO(OK, harvest(home, run * PAGE, AD));
        CHECK((told_of(AT(3), PAGE) & D) != 0);
        DO(OK, unmap(home, run * PAGE));
    }
}

/* ---- what is refused, and hostile input ---- */

static void bad_harvests(void) {
    const uint32_t bad[] = {0, 4, AD | 4, UINT32_C(1) << 31, UINT32_MAX, AXADDR_LARGE | A};
    uint64_t reach = UINT64_C(1) << format->input_width;
    unsigned i;

    DO(OK, map_alloc(home, 2 * PAGE, RW));
    FAULT(RESOLVED, home, W);
    for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        DO(INVALID, harvest(home, PAGE, bad[i]));
    }
    DO(INVALID, harvest(home + 1, PAGE, AD));
    DO(INVALID, harvest(home, UINT64_MAX - PAGE + 1, AD));
    DO(INVALID, harvest(reach, PAGE, AD));
    DO(INVALID, harvest(reach - PAGE, 2 * PAGE, AD));
    fail_in(1, true);
    DO(OK, harvest(home, 2 * PAGE, AD)); /* needs no memory */
    LEDGER(0, 0, host->op_plan_count);
}

static void hostile_faults_do_no_harm(void) {
    const uint32_t accesses[] = {UINT32_C(1) << 31, UINT32_MAX, W | 0x100, 0x40,
                                 R | W | 0x80000000};
    const uint64_t addresses[] = {UINT64_MAX, home + (UINT64_C(1) << 63),
                                  home + (UINT64_C(1) << format->input_width), 0 - home};
    unsigned i;

    clean_pages(2);
    GO_ON();
    for (i = 0; i < sizeof(accesses) / sizeof(accesses[0]); i++) {
        FAULT(DENIED, home, accesses[i]);
        CHECK_EQ(notes_of(home), 0);
    }
    for (i = 0; i < sizeof(addresses) / sizeof(addresses[0]); i++) {
        FAULT(UNMAPPED, addresses[i], W);
        FAULT(UNMAPPED, addresses[i], UINT32_MAX);
    }
    faults_begin();
    (void)fault(home, 0); /* no access at all: it may count as one, not as a write */
    faults_end(false);
    GO_ON();
    CHECK_EQ(notes_of(home) & D, 0);
}

/** A HAL that does not want to be told: all is cleared, and flushed, the same. */
static void nobody_is_told(void) {
    clean_pages(2);
    GO_ON();
    touch(AT(1), W);
    GO_ON();
    DO(OK, harvest(home, 2 * PAGE, AD));
    CHECK_EQ(machine.told_count, 0);
    check_one_page_flushed(AT(1));
    CHECK_EQ(notes_of(AT(1)), 0);
}

int main(void) {
    EACH(aarch64_entries);
    EACH(riscv_entries);
    EACH(hardware_entries);
    EACH(harvest_tells_what_was_touched);
    EACH(harvest_keeps_to_its_range);
    EACH(only_leaves_are_harvested);
    EACH(large_leaves_are_told_whole);
    EACH(absent_pages_of_a_large_leaf);
    EACH(collapsed_pages_keep_their_notes);
    EACH(protect_keeps_what_was_noted);
    EACH(break_notes_all);
    EACH(remapped_pages_begin_anew);
    EACH(upgraded_pages_are_told);
    EACH(runs_are_noted_as_one);
    EACH(runs_keep_what_was_written);
    EACH(bad_harvests);
    EACH(hostile_faults_do_no_harm);
    EACH_BARE(nobody_is_told);
    return check_report("test_notes");
}
