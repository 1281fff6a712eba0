/* SPDX-License-Identifier: MIT
 *
 * test_tracking.c: dirty tracking (axaddr_core/tracking.h), case by case: both methods over machines
 * that note by hardware, by faults, and not at all; every kind of area; large leaves and runs; exact
 * costs, refusals, and each allocation failing. After each operation the whole table is looked at
 * (faults.h). Machines with TLBs are in test_tracking_sim.c.
 */
#include "tracking.h"

/** What is told is what was written since it was last told, of every kind of area. */
static void written_pages_are_told_once(void) {
    const uint64_t frames[] = {LINEAR_BASE + large * 3, LINEAR_BASE + large * 3 + 2 * PAGE,
                               LINEAR_BASE};
    uint32_t i;

    DO(OK, kind->set_zero_frame(space, axaddr_hpa(machine.zero_frame)));
    DO(OK, map_linear(AT(0), LINEAR_BASE + large, 2 * PAGE, RW));
    DO(OK, map_frames(AT(2), frames, 3));
    DO(OK, map_alloc(AT(5), 2 * PAGE, RW));
    DO(OK, map_alloc(AT(7), 2 * PAGE, RW | AXADDR_ZERO_PAGE));
    DO(OK, map_backed(AT(9), 2 * PAGE, RW, 7));
    DO(OK, edit(AXADDR_OP_DEVICE, AT(11), PAGE, 3));
    machine.keeps_frame = true;
    for (i = 5; i < 11; i++) {
        WRITE_TO(AT(i));
    }
    DO(OK, start(home, 2 * large, how));
    TOLD(0, 0, 0);
    for (i = 0; i < 11; i++) {
        READ_FROM(AT(i));
        DO(OK, dirty(home, 2 * large));
        CHECK(told_count() == 0 || is_one_bit());
        WRITE_TO(AT(i));
        WRITE_TO(AT((i + 3) % 11));
        WRITE_TO(AT(i));
        TOLD(2, i, (i + 3) % 11);
        TOLD(0, 0, 0);
        check_space();
        GO_ON();
    }
    FAULT(DEVICE, AT(11), W);
    for (i = 0; i < 11; i += 2) {
        WRITE_TO(AT(i));
    }
    DO(OK, stop(home, 2 * large));
    for (i = 0; i < 11; i++) {
        CHECK_EQ(area_flags(AT(i)) & AXADDR_TRACK_FLAGS, 0);
        CHECK_EQ(format->flags_of(see(AT(i)).entry, 0) & W,
                 (i == 9 && how == WRITES) || (see_page(AT(i)).flags & W) == 0 ? 0 : W);
        CHECK(i >= 9 || (see_page(AT(i)).flags & W) != 0);
        WRITE_TO(AT(i));
    }
    check_space();
}

/** A harvest flushes once, before it returns, just what was told; and nothing if there is nothing. */
static void harvests_flush_once(void) {
    DO(OK, map_alloc(home, 16 * PAGE, RW));
    WRITE_TO(AT(3));
    WRITE_TO(AT(4));
    WRITE_TO(AT(9));
    DO(OK, start(home, 16 * PAGE, how));
    CHECK(host->op_plan_count >= 1);
    TOLD2(home, 16 * PAGE, 0, 0, 0);
    CHECK_EQ(host->op_plan_count, 0);
    WRITE_TO(AT(4));
    WRITE_TO(AT(9));
    TOLD2(home, 16 * PAGE, 2, 4, 9);
    if (how == NOTES || format->needs_break != toy_needs_break) {
        CHECK_EQ(host->op_plan_count, 1);
        CHECK_EQ(host->plans[0].range_count, 2);
        CHECK(!host->plans[0].is_full && !host->plans[0].has_tables);
    }
    CHECK(plan_names(&host->plans[0], AT(4)));
    CHECK(plan_names(&host->plans[host->op_plan_count - 1], AT(9)));
}

/** What is populated in a lazy area meanwhile; what is mapped read-only is not dirty by itself. */
static void populated_pages(void) {
    DO(OK, kind->set_zero_frame(space, axaddr_hpa(machine.zero_frame)));
    DO(OK, map_alloc(AT(0), 4 * PAGE, RW));
    DO(OK, map_alloc(AT(4), 4 * PAGE, RW | AXADDR_ZERO_PAGE));
    DO(OK, map_backed(AT(8), 4 * PAGE, RW, 7));
    DO(OK, start(home, 2 * large, how));
    TOLD(0, 0, 0);
    WRITE_TO(AT(1));
    TOLD(1, 1, 1);
    READ_FROM(AT(2));
    DO(OK, dirty(home, 2 * large));
    if (how == WRITES) {
        CHECK_EQ(told_count(), 1);
        CHECK(is_told(2));
    }
    READ_FROM(AT(4)); /* the zero frame */
    DO(OK, dirty(home, 2 * large));
    if (how == WRITES) {
        CHECK_EQ(told_count(), 0);
    }
    WRITE_TO(AT(4));
    WRITE_TO(AT(5));
    TOLD(2, 4, 5);
    machine.is_read_only = true;
    READ_FROM(AT(8));
    DO(OK, dirty(home, 2 * large));
    if (how == WRITES) {
        CHECK_EQ(told_count(), 0);
    }
    machine.is_read_only = false;
    WRITE_TO(AT(8)); /* another frame takes its place */
    WRITE_TO(AT(9));
    TOLD(2, 8, 9);
    TOLD(0, 0, 0);
    READ_FROM(AT(6)); /* the zero frame again */
    machine.is_read_only = true;
    READ_FROM(AT(10));
    DO(OK, stop(home, 2 * large));
    machine.is_read_only = false;
    CHECK_EQ(see_page(AT(6)).flags & W, 0);
    CHECK_EQ(see_page(AT(10)).flags & W, 0);
    WRITE_TO(AT(10));
    WRITE_TO(AT(6));
    /* The zero frame is never given WRITE, nor is a page that the HAL may have wanted read-only. */
    WRITE_TO(AT(8));
    check_space();
}

/** The host's own writes. */
static void host_writes_are_told(void) {
    uint64_t word = 5;
    uint32_t i;

    DO(OK, map_alloc(home, 8 * PAGE, RW));
    for (i = 0; i < 8; i++) {
        WRITE_TO(AT(i));
    }
    DO(OK, start(home, 8 * PAGE, how));
    DO(OK, track->write(space, AT(3) + 8, &word, sizeof(word)));
    TOLD2(home, 8 * PAGE, 1, 3, 3);
    DO(OK, track->write(space, AT(5) - 4, &word, sizeof(word)));
    TOLD2(home, 8 * PAGE, 2, 4, 5);
    TOLD2(home, 8 * PAGE, 0, 0, 0);
    CHECK_EQ(bytes_at(AT(3))[8], 5);
}

/** Large leaves become pages; the cost is what it then takes; at the end they are large again. */
static void large_leaves_are_split(void) {
    uint64_t need;
    uint32_t i;

    DO(OK, map_linear(home, LINEAR_BASE, 2 * large, RW));
    DO(OK, cost(home, 2 * large, how));
    need = answer;
    CHECK_EQ(need, 2);
    for (i = 1; i <= need; i++) {
        fail_in(i, false);
        DO(NO_MEMORY, start(home, 2 * large, how));
        CHECK_EQ(area_flags(home), RW);
    }
    DO(OK, start(home, 2 * large, how));
    LEDGER(need, 0, host->op_plan_count);
    DO(OK, cost(home, 2 * large, how));
    CHECK_EQ(answer, 0);
    CHECK_EQ(see(home).level, 0);
    TOLD(0, 0, 0);
    WRITE_TO(AT(3));
    WRITE_TO(AT(LARGE_PAGES + 1));
    TOLD(2, 3, LARGE_PAGES + 1);
    fail_in(1, true); /* of all of it, needs no memory */
    DO(OK, stop(home, 2 * large));
    CHECK_EQ(see(home).level, 1);
    CHECK_EQ(see(home + large).level, 1);
    MAPPED(home, RW);
    CHECK_EQ(host->op_freed, 2);
    CHECK_EQ(area_flags(home), RW);
}

/** Parts of leaves, reservations and areas: what the range's ends cut, and what not. */
static void ends_are_cut(void) {
    uint64_t need;
    uint32_t option;

    for (option = 0; option <= 1; option++) {
        uint32_t what = how | (option != 0 ? T_LARGE : 0);

        DO(OK, map_linear(home, LINEAR_BASE, large, RW));
        DO(OK, map_alloc(home + large, large, RW));
        DO(OK, cost(AT(3), large, what));
        need = answer;
        CHECK_EQ(need, 2);
        fail_in(1, true);
        DO(NO_MEMORY, start(AT(3), large, what));
        DO(OK, start(AT(3), large, what));
        LEDGER(need, 0, host->op_plan_count);
        CHECK_EQ(area_count(), 4);
        CHECK_EQ(area_flags(AT(2)), RW);
        CHECK_EQ(area_flags(AT(3)), RW | how);
        CHECK_EQ(area_flags(AT(LARGE_PAGES + 2)), RW | how);
        CHECK_EQ(area_flags(AT(LARGE_PAGES + 3)), RW);
        check_space();
        GO_ON();
        WRITE_TO(AT(2));
        WRITE_TO(AT(3));
        WRITE_TO(AT(LARGE_PAGES + 3));
        TOLD2(AT(3), large, 1, 0, 0);
        DO(OK, cost(AT(5), 2 * PAGE, what)); /* is tracked so already: nothing to cut */
        CHECK_EQ(answer, 0);
        DO(OK, start(AT(5), 2 * PAGE, what));
        CHECK_EQ(area_count(), 4);
        /* What is not tracked is told, whole, time and again. */
        TOLD(4, 0, 1);
        CHECK(is_told(2) && is_told(LARGE_PAGES + 3));
        TOLD(4, 0, 1);
        DO(OK, stop(AT(3), large));
        CHECK_EQ(area_count(), 2);
        DO(OK, unmap(home, 2 * large));
    }
}

/** Large leaves that stay are told as a whole, and by a part of them, but then not cleared. */
static void large_leaves_are_kept(void) {
    DO(OK, map_linear(home, LINEAR_BASE, 2 * large, RW));
    DO(OK, cost(home, 2 * large, how | T_LARGE));
    CHECK_EQ(answer, 0);
    DO(OK, start(home, 2 * large, how | T_LARGE));
    LEDGER(0, 0, host->op_plan_count);
    CHECK_EQ(see(home).level, 1);
    TOLD(0, 0, 0);
    WRITE_TO(AT(5));
    CHECK_EQ(see(home).level, 1);
    TOLD2(AT(2), 3 * PAGE, 3, 0, 2); /* page 5 is not among them: its bit would be lost */
    TOLD2(AT(5), PAGE, 1, 0, 0);
    CHECK_EQ(host->op_plan_count, 0);
    TOLD2(home, large - PAGE, LARGE_PAGES - 1, 0, 1);
    TOLD(LARGE_PAGES, 0, LARGE_PAGES - 1);
    TOLD(0, 0, 0);
    WRITE_TO(AT(2 * LARGE_PAGES - 1));
    TOLD(LARGE_PAGES, LARGE_PAGES, 2 * LARGE_PAGES - 1);
    DO(OK, split(home, 2 * large)); /* clean ones split into clean ones */
    TOLD(0, 0, 0);
    WRITE_TO(AT(5));
    TOLD(1, 5, 5);
    DO(OK, stop(home, 2 * large));
    CHECK_EQ(see(home).level, 1);
    check_space();
}

/** A fault populates a whole large leaf. */
static void large_leaves_are_populated(void) {
    DO(OK, map_alloc(home, 2 * large, RW | AXADDR_LARGE));
    DO(OK, start(home, 2 * large, how));
    WRITE_TO(AT(7));
    CHECK_EQ(see(home).level, large / PAGE <= UINT64_C(1) << AXADDR_FAULT_ORDER_MAX ? 1 : 0);
    DO(OK, dirty(home, 2 * large));
    CHECK(is_told(7));
    TOLD(0, 0, 0);
    WRITE_TO(AT(7));
    DO(OK, dirty(home, 2 * large));
    CHECK(is_told(7));
    DO(OK, stop(home, 2 * large));
    check_space();
}

/* ---- runs ---- */

static bool is_in_run(uint64_t gpa) {
    struct seen at = see(gpa);

    return plain(&at) != at.entry;
}

static void runs_are_taken_back(void) {
    uint32_t run = UINT32_C(1) << format->run_bits;

    if (format->run_bits == 0) {
        return;
    }
    DO(OK, map_linear(home, LINEAR_BASE, 2 * run * PAGE, RW));
    CHECK(is_in_run(home) && is_in_run(AT(run)));
    DO(OK, start(home, run * PAGE, how));
    CHECK(!is_in_run(home) && is_in_run(AT(run)));
    TOLD2(home, run * PAGE, 0, 0, 0);
    WRITE_TO(AT(3));
    TOLD2(home, run * PAGE, 1, 3, 3);
    DO(OK, collapse(home, run * PAGE)); /* clean ones are a run again */
    CHECK(is_in_run(home) || how == NOTES);
    DO(OK, dirty(home, run * PAGE)); /* a run has notes as a whole, and maybe all */
    CHECK(told_count() == 0 || how == NOTES);
    TOLD2(home, run * PAGE, 0, 0, 0);
    WRITE_TO(AT(5));
    DO(OK, dirty(home, run * PAGE));
    CHECK(is_told(5));
    check_space();
    GO_ON();
    DO(OK, stop(home, run * PAGE));
    CHECK(is_in_run(home) || how == NOTES);
    MAPPED(AT(5), RW);
    WRITE_TO(AT(5));
    WRITE_TO(AT(6));
    check_space();
}

/* ---- steps ---- */

/** A range in steps of a budget: each page is told in one of them, once. */
static void steps(void) {
    uint64_t size = 4 * large;
    uint64_t budget;
    uint64_t done;

    DO(OK, map_alloc(home, large, RW));
    DO(OK, map_linear(home + large, LINEAR_BASE, large, RW));
    DO(OK, map_linear(home + 3 * large, LINEAR_BASE + large, large, RW));
    DO(OK, start(home, 3 * large, how));
    DO(OK, start(home + 3 * large, large, how | T_LARGE));
    for (budget = 1; budget < 40; budget += 7) {
        uint64_t step_count = 0;
        uint64_t last_done = 0;

        WRITE_TO(AT(1));
        WRITE_TO(AT(LARGE_PAGES + 2));
        WRITE_TO(home + 4 * large - PAGE);
        memset(bitmap, 0, sizeof(bitmap));
        for (done = 0; done < size; last_done = done) {
            DO(OK, track->step(space, home, size, bitmap, BITS, budget, &done));
            CHECK(done > last_done && done <= size);
            step_count++;
        }
        CHECK(step_count >= LARGE_PAGES / budget);
        CHECK_EQ(told_count(), 2 + LARGE_PAGES);
        CHECK(is_told(1) && is_told(LARGE_PAGES + 2) && is_told(3 * LARGE_PAGES));
        TOLD2(home, size, 0, 0, 0);
    }
    done = 0;
    WRITE_TO(AT(2));
    memset(bitmap, 0, sizeof(bitmap));
    DO(OK, track->step(space, home, size, bitmap, BITS, 0, &done)); /* all at once */
    CHECK_EQ(done, size);
    CHECK(is_told(2));
    done = PAGE + 1;
    DO(INVALID, track->step(space, home, size, bitmap, BITS, 4, &done));
    done = size;
    DO(INVALID, track->step(space, home, size, bitmap, BITS, 4, &done));
    CHECK_EQ(done, size);
}

/* ---- young ---- */

static void accessed_pages_are_told(void) {
    if (format->clear_notes == 0) {
        DO(OK, map_linear(home, LINEAR_BASE, PAGE, RW));
        DO(UNSUPPORTED, young(home, PAGE));
        return;
    }
    DO(OK, map_linear(home, LINEAR_BASE, 8 * PAGE, RW));
    DO(OK, split(home, 8 * PAGE));
    DO(OK, harvest(home, 8 * PAGE, AXADDR_NOTES));
    DO(OK, start(home, 4 * PAGE, how));
    DO(OK, young(home, 8 * PAGE));
    CHECK(told_count() == 0 || format->needs_break == toy_needs_break);
    DO(OK, harvest(home, 8 * PAGE, AXADDR_NOTES));
    READ_FROM(AT(1));
    WRITE_TO(AT(2));
    READ_FROM(AT(6));
    DO(OK, young(home, 8 * PAGE));
    if (has_noting || format->note_access != 0) {
        CHECK(is_told(1) && is_told(2) && is_told(6));
        CHECK_EQ(told_count(), 3);
        if (format->noted != 0x100) { /* toy32 has one bit for both */
            DO(OK, young(home, 8 * PAGE));
            CHECK_EQ(told_count(), 0);
        }
    }
    DO(OK, dirty(home, 4 * PAGE)); /* that took nothing from who tracks */
    CHECK(is_told(2));
    DO(OK, young(home, 8 * PAGE));
    READ_FROM(AT(6));
    DO(OK, young(AT(5), 2 * PAGE));
    if (has_noting || format->note_access != 0) {
        CHECK_EQ(told_count(), 1);
        CHECK(is_told(1));
    }
}

/* ---- bitmaps, bounds, refusals ---- */

static void bitmaps_are_ored(void) {
    uint64_t words[3] = {0x10, 0, UINT64_MAX};

    DO(OK, map_linear(home, LINEAR_BASE, 70 * PAGE > large ? large : 70 * PAGE, RW));
    DO(OK, start(home, large, how));
    WRITE_TO(AT(1));
    WRITE_TO(AT(LARGE_PAGES > 64 ? 65 : 8));
    DO(OK, track->dirty(space, home, LARGE_PAGES > 64 ? 70 * PAGE : large, words,
                        LARGE_PAGES > 64 ? 70 : LARGE_PAGES));
    CHECK_EQ(words[0], LARGE_PAGES > 64 ? 0x12 : 0x112);
    CHECK_EQ(words[1], LARGE_PAGES > 64 ? 2 : 0);
    CHECK_EQ(words[2], UINT64_MAX);
}

static void bad_arguments(void) {
    uint64_t words[2] = {0, 0};
    const uint32_t bad[] = {
        0, NOTES | WRITES, T_LARGE, how | 1, how | 1u << 31, how | AXADDR_SMALL, UINT32_MAX};
    uint64_t end = UINT64_C(1) << format->input_width;
    unsigned i;

    DO(OK, map_linear(home, LINEAR_BASE, 8 * PAGE, RW));
    for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        DO(INVALID, start(home, PAGE, bad[i]));
        DO(INVALID, cost(home, PAGE, bad[i]));
        CHECK_EQ(answer, 999999);
    }
    DO(INVALID, start(home + 1, PAGE, how));
    DO(INVALID, start(home, PAGE - 1, how));
    DO(INVALID, start(home, 0, how));
    DO(INVALID, start(home, UINT64_MAX - PAGE + 1, how));
    DO(INVALID, start(end - PAGE, 2 * PAGE, how));
    DO(INVALID, stop(end, PAGE));
    DO(INVALID, stop(home, 0));
    DO(OK, start(home, 8 * PAGE, how));
    DO(INVALID, track->dirty(space, home, 8 * PAGE, 0, 8));
    DO(INVALID, track->dirty(space, home, 8 * PAGE, words, 7));
    DO(INVALID, track->dirty(space, home, 8 * PAGE, words, 0));
    DO(INVALID, track->dirty(space, home + 4, PAGE, words, 64));
    DO(INVALID, track->young(space, home, 8 * PAGE, words, 7));
    DO(OK, track->dirty(space, home, 8 * PAGE, words, 8));
    CHECK_EQ(words[0] | words[1], 0);
    if (format->clear_notes == 0) {
        DO(UNSUPPORTED, start(home, PAGE, NOTES));
        DO(UNSUPPORTED, cost(home, PAGE, NOTES));
    }
    if (format->can_hold(W)) { /* nothing would be left of it */
        DO(OK, map_linear(AT(20), LINEAR_BASE, PAGE, W));
        DO(UNSUPPORTED, start(home, 64 * PAGE, WRITES));
        DO(UNSUPPORTED, cost(home, 64 * PAGE, WRITES));
    }
}

/** Nothing there; the first and the last page of all. */
static void bounds(void) {
    uint64_t end = UINT64_C(1) << format->input_width;

    DO(OK, start(home, 2 * large, how));
    LEDGER(0, 0, 0);
    TOLD(0, 0, 0);
    DO(OK, stop(home, 2 * large));
    DO(OK, map_linear(0, LINEAR_BASE, PAGE, RW));
    DO(OK, map_linear(end - PAGE, LINEAR_BASE + PAGE, PAGE, RW));
    DO(OK, start(0, end, how));
    WRITE_TO(0);
    TOLD2(0, 4 * PAGE, 1, 0, 0);
    WRITE_TO(end - PAGE);
    TOLD2(end - 4 * PAGE, 4 * PAGE, 1, 3, 3);
    DO(OK, start(end - 4 * PAGE, 4 * PAGE, how));
    TOLD2(end - 4 * PAGE, 4 * PAGE, 0, 0, 0);
    DO(OK, stop(0, end));
    check_space();
}

/* ---- another CPU ---- */

static uint64_t other_gpa;
OTHER(other_unmaps, unmap(other_gpa, PAGE))
OTHER(other_starts, track->start(space, home, 8 * PAGE, how))
OTHER(other_harvests, track->dirty(space, home, 8 * PAGE, bitmap, BITS))

/** A write's fault waits for the lock while another CPU changes what it is about. */
static void faults_beside_it(void) {
    if (kind->hal->lock == 0 || how != WRITES) {
        return;
    }
    DO(OK, map_linear(home, LINEAR_BASE, 8 * PAGE, RW));
    DO(OK, start(home, 8 * PAGE, how));
    memset(bitmap, 0, sizeof(bitmap));
    RACE(RESOLVED, AT(3), W, other_harvests);
    CHECK_EQ(told_count(), 0);
    TOLD2(home, 8 * PAGE, 1, 3, 3);
    machine.is_split = true;
    RACE(RESOLVED, AT(3), W, other_starts);
    machine.is_split = false;
    TOLD2(home, 8 * PAGE, 1, 3, 3);
    other_gpa = AT(3);
    RACE(SPURIOUS, AT(3), W, other_unmaps);
    FAULT(UNMAPPED, AT(3), W);
    TOLD2(home, 8 * PAGE, 0, 0, 0);
}

int main(void) {
    EACH_TRACK(written_pages_are_told_once);
    EACH_TRACK(harvests_flush_once);
    EACH_TRACK(populated_pages);
    EACH_TRACK(host_writes_are_told);
    EACH_TRACK(large_leaves_are_split);
    EACH_TRACK(ends_are_cut);
    EACH_TRACK(large_leaves_are_kept);
    EACH_TRACK(large_leaves_are_populated);
    EACH_TRACK(runs_are_taken_back);
    EACH_TRACK(steps);
    EACH_TRACK(accessed_pages_are_told);
    EACH_TRACK(bitmaps_are_ored);
    EACH_TRACK(bad_arguments);
    EACH_TRACK(bounds);
    EACH_TRACK(faults_beside_it);
    return check_report("test_tracking");
}
