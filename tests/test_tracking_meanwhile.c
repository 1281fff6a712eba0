/* SPDX-License-Identifier: MIT
 *
 * test_tracking_meanwhile.c: what else is done to a range while it is tracked
 * (axaddr_core/tracking.h): protect, unmap, map, label, collapse, and another start.
 */
#include "tracking.h"

/** A protect keeps notes, and ends tracking by writes: then all is told, until it is begun anew. */
static void protect_meanwhile(void) {
    uint32_t i;

    DO(OK, map_linear(home, LINEAR_BASE, 8 * PAGE, RW));
    DO(OK, start(home, 2 * large, how));
    WRITE_TO(AT(1));
    WRITE_TO(AT(6));
    DO(OK, protect(home, 4 * PAGE, R));
    FAULT(DENIED, AT(1), W);
    DO(OK, dirty(home, 2 * large));
    CHECK(is_told(1) && is_told(6));
    if (how == NOTES && format->needs_break != toy_needs_break) {
        CHECK_EQ(told_count(), 2);
    }
    DO(OK, protect(home, 4 * PAGE, RW));
    for (i = 0; i < 4; i++) {
        WRITE_TO(AT(i));
    }
    DO(OK, dirty(home, 2 * large));
    CHECK(is_told(0) && is_told(1) && is_told(2) && is_told(3) && !is_told(6));
    if (how == WRITES) {
        TOLD(4, 0, 3);
        CHECK_EQ(area_flags(AT(0)), RW);
        CHECK_EQ(area_flags(AT(4)), RW | how);
        DO(OK, start(home, 4 * PAGE, how));
    }
    TOLD(0, 0, 0);
    WRITE_TO(AT(2));
    TOLD(1, 2, 2);
    check_space();
    GO_ON();
    DO(OK, protect(home, 8 * PAGE, RW)); /* even one that changes nothing */
    WRITE_TO(AT(3));
    DO(OK, dirty(home, 2 * large));
    CHECK(is_told(3));
    check_space();
}

/** Read-only memory is never told, but may become writable. */
static void read_only_areas(void) {
    DO(OK, map_linear(home, LINEAR_BASE, 4 * PAGE, R));
    DO(OK, map_linear(AT(4), LINEAR_BASE, 4 * PAGE, RW));
    DO(OK, start(home, 2 * large, how));
    TOLD(0, 0, 0);
    FAULT(DENIED, AT(1), W);
    TOLD(0, 0, 0);
    DO(OK, protect(AT(1), PAGE, RW));
    WRITE_TO(AT(1));
    DO(OK, dirty(home, 2 * large));
    CHECK(is_told(1));
    CHECK_EQ(told_count(), 1);
    FAULT(DENIED, AT(2), W);
    DO(OK, stop(home, 2 * large));
    FAULT(DENIED, AT(2), W);
    check_space();
}

/** What is mapped anew is not tracked, so it is told; what stays, stays tracked. */
static void unmap_and_map_meanwhile(void) {
    DO(OK, map_linear(home, LINEAR_BASE, 8 * PAGE, RW));
    DO(OK, start(home, 2 * large, how));
    WRITE_TO(AT(1));
    WRITE_TO(AT(5));
    DO(OK, unmap(AT(4), 2 * PAGE));
    TOLD(1, 1, 1);
    DO(OK, replace_linear(AT(2), LINEAR_BASE + large, PAGE));
    CHECK_EQ(area_flags(AT(2)), RW);
    TOLD(1, 2, 2);
    DO(OK, map_alloc(AT(4), 2 * PAGE, RW)); /* a balloon: whoever forgets it loses nothing */
    TOLD(1, 2, 2);
    WRITE_TO(AT(5));
    TOLD(2, 2, 5);
    TOLD(2, 2, 5);
    DO(OK, start(AT(2), 4 * PAGE, how));
    TOLD(0, 0, 0);
    WRITE_TO(AT(2));
    WRITE_TO(AT(7));
    TOLD(2, 2, 7);
    DO(OK, unmap(home, 2 * large));
    TOLD(0, 0, 0);
    DO(OK, stop(home, 2 * large));
}

/** Labels cut areas and say nothing of tracking; equal ones are one again. */
static void label_meanwhile(void) {
    static const char name[] = "n";

    DO(OK, map_linear(home, LINEAR_BASE, 8 * PAGE, RW));
    DO(OK, start(home, 8 * PAGE, how));
    WRITE_TO(AT(3));
    DO(OK, track->label(space, AT(2), 3 * PAGE, name, 5));
    CHECK_EQ(area_count(), 3);
    CHECK_EQ(area_flags(AT(3)), RW | how);
    TOLD(1, 3, 3);
    WRITE_TO(AT(4));
    TOLD(1, 4, 4);
    DO(OK, track->label(space, AT(2), 3 * PAGE, 0, 0));
    CHECK_EQ(area_count(), 1);
    DO(OK, stop(AT(2), 2 * PAGE));
    CHECK_EQ(area_count(), 3);
    CHECK_EQ(area_flags(AT(1)) & how, how);
    CHECK_EQ(area_flags(AT(2)) & how, 0);
    CHECK_EQ(area_flags(AT(4)) & how, how);
    DO(OK, stop(home, 8 * PAGE));
    CHECK_EQ(area_count(), 1);
}

/** Pages that were split collapse meanwhile: no write is forgotten, and none invented of clean ones. */
static void collapse_meanwhile(void) {
    DO(OK, map_linear(home, LINEAR_BASE, 2 * large, RW));
    DO(OK, start(home, 2 * large, how));
    WRITE_TO(AT(3));
    DO(OK, collapse(home, 2 * large));
    CHECK_EQ(see(home + large).level, 1);
    check_space();
    GO_ON();
    DO(OK, dirty(home, 2 * large));
    CHECK(is_told(3) && !is_told(LARGE_PAGES));
    TOLD(0, 0, 0);
    WRITE_TO(AT(LARGE_PAGES + 4));
    TOLD(LARGE_PAGES, LARGE_PAGES, LARGE_PAGES + 4);
    DO(OK, collapse(home, 2 * large));
    WRITE_TO(AT(9));
    DO(OK, dirty(home, 2 * large));
    CHECK(is_told(9) && !is_told(LARGE_PAGES));
    DO(OK, stop(home, 2 * large));
    check_space();
}

/** From one method to the other, and ends in parts. */
static void methods_change(void) {
    uint32_t i;

    if (format->clear_notes == 0 || (!has_noting && format->note_access == 0) ||
        format->needs_break ==
            toy_needs_break) { /* breaks, then flushes what it notes: unseen here */
        return;
    }
    DO(OK, map_linear(home, LINEAR_BASE, 8 * PAGE, RW));
    DO(OK, start(home, 8 * PAGE, WRITES));
    WRITE_TO(AT(2));
    DO(OK, start(AT(0), 4 * PAGE, NOTES)); /* rights are given back */
    CHECK_EQ(area_flags(AT(3)), RW | NOTES);
    for (i = 0; i < 4; i++) {
        CHECK_EQ(see_page(AT(i)).flags, RW);
    }
    TOLD(0, 0, 0);
    WRITE_TO(AT(3));
    WRITE_TO(AT(4));
    TOLD(2, 3, 4);
    DO(OK, start(AT(0), 8 * PAGE, WRITES));
    CHECK_EQ(area_count(), 1);
    TOLD(0, 0, 0);
    CHECK_EQ(see_page(AT(3)).flags, R);
    WRITE_TO(AT(3));
    TOLD(1, 3, 3);
    DO(OK, stop(AT(2), 2 * PAGE));
    CHECK_EQ(see_page(AT(2)).flags, RW);
    CHECK_EQ(see_page(AT(3)).flags, RW);
    CHECK_EQ(see_page(AT(4)).flags, R);
    DO(OK, stop(home, 8 * PAGE));
    CHECK_EQ(see_page(AT(4)).flags, RW);
    check_space();
}

int main(void) {
    EACH_TRACK(protect_meanwhile);
    EACH_TRACK(read_only_areas);
    EACH_TRACK(unmap_and_map_meanwhile);
    EACH_TRACK(label_meanwhile);
    EACH_TRACK(collapse_meanwhile);
    EACH_TRACK(methods_change);
    return check_report("test_tracking_meanwhile");
}
