/* SPDX-License-Identifier: MIT
 *
 * tracking.h: what the tests of dirty tracking stand on: the spaces of fault_kinds.h as VMs, more
 * formats beside them, the functions of axaddr_core/tracking.h behind one table, and guests that
 * write. Each case runs over all formats, by either method, and by WRITES also as on machines that
 * note nothing.
 */
#ifndef AXADDR_TESTS_TRACKING_H
#define AXADDR_TESTS_TRACKING_H

#include "../axaddr.h"
#undef AXADDR_DEFINE_SPACE
#define AXADDR_DEFINE_SPACE(name, format, hal) AXADDR_DEFINE_VM(name, format, hal)
#include "area_frames.h"
#include "check.h"
#include "fault_kinds.h"

FAULT_KIND(npt_one, axaddr_x86_npt, machine_hal);
FAULT_KIND(sv39x4_one, axaddr_riscv_sv39x4, machine_hal);
FAULT_KIND(short_one, axaddr_arm_short, machine_hal);
FAULT_KIND(short_many, axaddr_arm_short, machine_many_hal);
FAULT_KIND(npt_many, axaddr_x86_npt, machine_many_hal);

#include "faults.h"

#define NOTES   AXADDR_TRACK_NOTES
#define WRITES  AXADDR_TRACK_WRITES
#define T_LARGE AXADDR_TRACK_LARGE

struct track_kind {
    const struct fault_kind *kind;
    enum axaddr_status (*cost)(void *g, uint64_t gpa, uint64_t size, uint32_t how,
                               uint64_t *frames);
    enum axaddr_status (*start)(void *g, uint64_t gpa, uint64_t size, uint32_t how);
    enum axaddr_status (*dirty)(void *g, uint64_t gpa, uint64_t size, uint64_t *bitmap,
                                uint64_t bits);
    enum axaddr_status (*step)(void *g, uint64_t gpa, uint64_t size, uint64_t *bitmap,
                               uint64_t bits, uint64_t budget, uint64_t *done);
    enum axaddr_status (*young)(void *g, uint64_t gpa, uint64_t size, uint64_t *bitmap,
                                uint64_t bits);
    enum axaddr_status (*stop)(void *g, uint64_t gpa, uint64_t size);
    enum axaddr_status (*write)(void *g, uint64_t gpa, const void *from, size_t size);
    enum axaddr_status (*label)(void *g, uint64_t gpa, uint64_t size, const char *label,
                                uint64_t tag);
    enum axaddr_status (*audit)(const void *g, axaddr_gpa_t *where);
};

#define TRACK_KIND(word)                                                                           \
    static enum axaddr_status word##_tr_cost(void *g, uint64_t gpa, uint64_t size, uint32_t how,   \
                                             uint64_t *frames) {                                   \
        return word##_tracking_cost((struct word *)g, axaddr_gpa(gpa), size, how, frames);         \
    }                                                                                              \
    static enum axaddr_status word##_tr_start(void *g, uint64_t gpa, uint64_t size,                \
                                              uint32_t how) {                                      \
        return word##_start_tracking((struct word *)g, axaddr_gpa(gpa), size, how);                \
    }                                                                                              \
    static enum axaddr_status word##_tr_dirty(void *g, uint64_t gpa, uint64_t size,                \
                                              uint64_t *bitmap, uint64_t bits) {                   \
        return word##_harvest_dirty((struct word *)g, axaddr_gpa(gpa), size, bitmap, bits);        \
    }                                                                                              \
    static enum axaddr_status word##_tr_step(void *g, uint64_t gpa, uint64_t size,                 \
                                             uint64_t *bitmap, uint64_t bits, uint64_t budget,     \
                                             uint64_t *done) {                                     \
        return word##_harvest_dirty_step((struct word *)g, axaddr_gpa(gpa), size, bitmap, bits,    \
                                         budget, done);                                            \
    }                                                                                              \
    static enum axaddr_status word##_tr_young(void *g, uint64_t gpa, uint64_t size,                \
                                              uint64_t *bitmap, uint64_t bits) {                   \
        return word##_harvest_young((struct word *)g, axaddr_gpa(gpa), size, bitmap, bits);        \
    }                                                                                              \
    static enum axaddr_status word##_tr_stop(void *g, uint64_t gpa, uint64_t size) {               \
        return word##_stop_tracking((struct word *)g, axaddr_gpa(gpa), size);                      \
    }                                                                                              \
    static enum axaddr_status word##_tr_write(void *g, uint64_t gpa, const void *from,             \
                                              size_t size) {                                       \
        return word##_write((struct word *)g, axaddr_gpa(gpa), from, size);                        \
    }                                                                                              \
    static enum axaddr_status word##_tr_label(void *g, uint64_t gpa, uint64_t size,                \
                                              const char *label, uint64_t tag) {                   \
        return word##_label((struct word *)g, axaddr_gpa(gpa), size, label, tag);                  \
    }                                                                                              \
    static enum axaddr_status word##_tr_audit(const void *g, axaddr_gpa_t *where) {                \
        return word##_audit((const struct word *)g, where);                                        \
    }                                                                                              \
    static const struct track_kind word##_track = {                                                \
        &word##_kind,    word##_tr_cost, word##_tr_start, word##_tr_dirty, word##_tr_step,         \
        word##_tr_young, word##_tr_stop, word##_tr_write, word##_tr_label, word##_tr_audit}

TRACK_KIND(ept);
TRACK_KIND(s2_40);
TRACK_KIND(sv48x4_svnapot);
TRACK_KIND(toy64);
TRACK_KIND(toy32_one);
TRACK_KIND(npt_one);
TRACK_KIND(sv39x4_one);
TRACK_KIND(short_one);
TRACK_KIND(ept_many);
TRACK_KIND(s2_48_many);
TRACK_KIND(sv39x4_many);
TRACK_KIND(toy32_many);
TRACK_KIND(short_many);
TRACK_KIND(npt_many);

static const struct track_kind *const track_kinds[] = {
    &ept_track,        &npt_one_track,    &s2_40_track,      &sv39x4_one_track,
    &toy64_track,      &toy32_one_track,  &short_one_track,  &sv48x4_svnapot_track,
    &ept_many_track,   &npt_many_track,   &s2_48_many_track, &sv39x4_many_track,
    &toy32_many_track, &short_many_track,
};
#define TRACK_KIND_COUNT (sizeof(track_kinds) / sizeof(track_kinds[0]))

static const struct track_kind *track;
static uint32_t how;         /**< the method of this case */
static bool has_noting;      /**< the machine notes by itself, where it can */
static uint64_t bitmap[128]; /**< of the last harvest */
static uint64_t answer;

#define BITS (sizeof(bitmap) * 8)

/* ---- operations ---- */

AXADDR_UNUSED static enum axaddr_status start(uint64_t gpa, uint64_t size, uint32_t how_) {
    enum axaddr_status status;

    machine.is_split = true;
    status = track->start(space, gpa, size, how_);
    machine.is_split = false;
    return status;
}

AXADDR_UNUSED static enum axaddr_status cost(uint64_t gpa, uint64_t size, uint32_t how_) {
    enum axaddr_status status;

    machine.is_split = true;
    answer = 999999;
    status = track->cost(space, gpa, size, how_, &answer);
    machine.is_split = false;
    return status;
}

AXADDR_UNUSED static enum axaddr_status stop(uint64_t gpa, uint64_t size) {
    return track->stop(space, gpa, size);
}

AXADDR_UNUSED static enum axaddr_status dirty(uint64_t gpa, uint64_t size) {
    memset(bitmap, 0, sizeof(bitmap));
    return track->dirty(space, gpa, size, bitmap, BITS);
}

AXADDR_UNUSED static enum axaddr_status young(uint64_t gpa, uint64_t size) {
    memset(bitmap, 0, sizeof(bitmap));
    return track->young(space, gpa, size, bitmap, BITS);
}

AXADDR_UNUSED static bool is_told(uint64_t page) {
    return (bitmap[page / 64] >> page % 64 & 1) != 0;
}

AXADDR_UNUSED static uint64_t told_count(void) {
    uint64_t count = 0;
    uint64_t i;

    for (i = 0; i < BITS; i++) {
        count += is_told(i) ? 1 : 0;
    }
    return count;
}

/** Of a harvest from home on: these pages, and no others. */
#define TOLD2(gpa, size, count, a, b)                                                              \
    do {                                                                                           \
        DO(OK, dirty(gpa, size));                                                                  \
        CHECK_EQ(told_count(), count);                                                             \
        CHECK((count) < 1 || is_told(a));                                                          \
        CHECK((count) < 2 || is_told(b));                                                          \
    } while (0)
#define TOLD(count, a, b) TOLD2(home, 2 * large, count, a, b)

/** A guest writes (or reads): its machine notes it, or faults until it may. */
AXADDR_UNUSED static void touch(uint64_t gpa, uint32_t access) {
    int i;

    for (i = 0; i < 5; i++) {
        struct seen at = see(gpa);

        if (is_leaf(&at) && (format->flags_of(plain(&at), at.level) & access) == access &&
            format->note_access == 0) {
            if (has_noting && format->noted != 0) {
                uint64_t accessed = format->noted & (0 - format->noted);
                uint64_t bits = (access & W) != 0 ? format->noted : accessed;

                scribble(&at, at.entry | bits);
                check_audit();
            }
            return;
        }
        faults_begin();
        result = (int)fault(gpa, access);
        if (at.level > 0 && format->caches_absent) {
            machine.on_flush = 0; /* of a large leaf, each page is flushed when it is met */
            check_audit();
        } else {
            faults_end(false);
        }
        GO_ON();
        if (result == (int)AXADDR_FAULT_SPURIOUS) {
            return;
        }
        CHECK_STR(axaddr_fault_name((enum axaddr_fault)result), "RESOLVED");
    }
    CHECK(i < 5); /* it comes to no end */
}

#define WRITE_TO(gpa)                                                                              \
    do {                                                                                           \
        touch(gpa, W);                                                                             \
        GO_ON();                                                                                   \
    } while (0)
#define READ_FROM(gpa)                                                                             \
    do {                                                                                           \
        touch(gpa, R);                                                                             \
        GO_ON();                                                                                   \
    } while (0)

AXADDR_UNUSED static enum axaddr_status map_frames(uint64_t gpa, const uint64_t *frames,
                                                   uint64_t count) {
    struct axaddr_request request = axaddr_request_of(AXADDR_OP_FRAMES, gpa, count * PAGE, RW);

    request.frames = frames;
    return kind->perform(space, &request, 0);
}

AXADDR_UNUSED static enum axaddr_status replace_linear(uint64_t gpa, uint64_t hpa, uint64_t size) {
    return map_linear(gpa, hpa, size, RW | AXADDR_REPLACE);
}

/** A machine that notes reads and writes in one bit: what was read is told, too. */
AXADDR_UNUSED static bool is_one_bit(void) {
    return format == &toy32 && how == NOTES;
}

AXADDR_UNUSED static void check_space(void) {
    axaddr_gpa_t where = axaddr_gpa(0);

    CHECK_EQ(track->audit(space, &where), AXADDR_OK);
}

AXADDR_UNUSED static uint32_t area_flags(uint64_t gpa) {
    struct axaddr_area area;

    if (kind->next_area(space, axaddr_gpa(gpa), &area) != AXADDR_OK || area.first > gpa) {
        return 0;
    }
    return area.flags;
}

AXADDR_UNUSED static uint64_t area_count(void) {
    struct axaddr_stats stats;

    kind->stats(space, &stats);
    return stats.area_count;
}

/* ---- the cases over all kinds and methods ---- */

AXADDR_UNUSED static void each_track(const char *name, void (*function)(void)) {
    unsigned i;

    for (i = 0; i < 3 * TRACK_KIND_COUNT; i++) {
        track = track_kinds[i / 3];
        how = i % 3 == 0 ? NOTES : WRITES;
        has_noting = i % 3 != 2; /* by writes also where the machine has the bits */
        if ((how == NOTES || i % 3 == 1) && track->kind->format->clear_notes == 0) {
            continue;
        }
        each(name, function, &track->kind, 1);
        if (check_case_failed) {
            printf("  ... with method %u, noting %d\n", i % 3, has_noting);
        }
    }
}
#define EACH_TRACK(function) each_track(#function, function)

#endif /* AXADDR_TESTS_TRACKING_H */
