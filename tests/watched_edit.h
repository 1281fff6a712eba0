/* SPDX-License-Identifier: MIT
 *
 * watched_edit.h: edits of what is watched (watched.h), each with all its checks.
 *
 *     WATCHED_SPACE(ept, axaddr_x86_ept, watched_hal, no_runs);   // its kind is ept_kind
 *
 *     watched_begin(&ept_kind);
 *     OK(map_linear(watched.home, 0, 2 * PAGE, RW));
 *     OK(collapse(watched.home, 2 * PAGE));
 *     watched_end();
 *
 * When an edit is over, nothing is parked, no table is empty, no run incomplete, each frame is
 * accounted for, and whatever changed was flushed.
 */
#ifndef AXADDR_TESTS_WATCHED_EDIT_H
#define AXADDR_TESTS_WATCHED_EDIT_H

#include "check.h"
#include "toy_format.h"
#include "watched.h"

#include "area_frames.h"

#define RW  (AXADDR_READ | AXADDR_WRITE)
#define RWX (AXADDR_READ | AXADDR_WRITE | AXADDR_EXECUTE)

/* ---- the whole table ---- */

/** An entry that was found, and the address that it is for. */
struct found {
    void *slot;
    uint64_t entry;
    unsigned level;
    uint32_t index;
    uint64_t first;
    uint64_t last;
};

typedef void visitor(void *argument, const struct found *found);

/** Show all entries of a table and below it, in ascending order, a link before what it links. */
static void visit_table(uint64_t table, unsigned level, uint64_t first, visitor *visit,
                        void *argument) {
    uint32_t count = UINT32_C(1) << watched.format->index_bits[level];
    uint8_t *at = 0;
    struct found found;

    for (found.index = 0; found.index < count; found.index++) {
        /* A wide root goes on in the next frame. */
        if (found.index % 512 == 0) {
            at = (uint8_t *)slot_in(table, found.index);
        }
        if (at == 0) {
            watched_complain("a table that is not in use", first);
            return;
        }
        found.slot = at + ((size_t)(found.index % 512) << watched.format->entry_shift);
        found.level = level;
        found.entry = watched_load(found.slot);
        found.first = first + ((uint64_t)found.index << watched.format->shift[level]);
        found.last = found.first + (span_of(level) - 1);
        visit(argument, &found);
        if (kind_of(found.entry, level) == AXADDR_ENTRY_TABLE) {
            visit_table(watched.format->table_of(found.entry), level - 1, found.first, visit,
                        argument);
        }
    }
}

static void visit_all(visitor *visit, void *argument) {
    visit_table(watched.root, watched.format->level_count - 1u, watched.high, visit, argument);
}

/** The entry that decides an address. */
AXADDR_UNUSED static struct found find(uint64_t address) {
    struct found found;
    uint64_t table = watched.root;
    unsigned level = watched.format->level_count;

    do {
        level--;
        found.index = (uint32_t)(address >> watched.format->shift[level] &
                                 axaddr_low_bits(watched.format->index_bits[level]));
        found.slot = slot_in(table, found.index);
        found.entry = watched_load(found.slot);
        found.level = level;
        found.first = address & ~(span_of(level) - 1);
        found.last = found.first + (span_of(level) - 1);
        table = watched.format->table_of(found.entry);
    } while (kind_of(found.entry, level) == AXADDR_ENTRY_TABLE);
    return found;
}

/** The entry of `level` on the way to an address; of a level above, if the way ends there. */
AXADDR_UNUSED static struct found find_at(uint64_t address, unsigned level) {
    struct found found;
    uint64_t table = watched.root;
    unsigned at = watched.format->level_count;

    do {
        at--;
        found.index = (uint32_t)(address >> watched.format->shift[at] &
                                 axaddr_low_bits(watched.format->index_bits[at]));
        found.slot = slot_in(table, found.index);
        found.entry = watched_load(found.slot);
        found.level = at;
        found.first = address & ~(span_of(at) - 1);
        found.last = found.first + (span_of(at) - 1);
        table = watched.format->table_of(found.entry);
    } while (at > level && kind_of(found.entry, at) == AXADDR_ENTRY_TABLE);
    return found;
}

/** What a look at the whole table counts. */
struct census {
    uint64_t tables;                      /**< in frames, the root's among them */
    uint64_t leaves[AXADDR_LEVEL_MAX];    /**< of each level, */
    uint64_t hinted[AXADDR_LEVEL_MAX];    /**< and of these with the hint */
    uint64_t own_pages;                   /**< mapped pages of the arena */
    bool has_entries[AXADDR_LEVEL_MAX];   /**< of the table that is being looked at */
    uint32_t run_count[AXADDR_LEVEL_MAX]; /**< hinted leaves in the run that is being looked at */
};

static void census_visit(void *argument, const struct found *found) {
    struct census *census = (struct census *)argument;
    const struct axaddr_format *format = watched.format;
    uint32_t last_index = (UINT32_C(1) << format->index_bits[found->level]) - 1;
    uint64_t frame;
    uint32_t index;

    if (found->index == 0) {
        census->has_entries[found->level] = false;
    }
    if (found->index % WATCHED_RUN == 0) {
        census->run_count[found->level] = 0;
    }
    census->has_entries[found->level] =
        census->has_entries[found->level] || found->entry != format->empty;
    if (found->index == last_index && !census->has_entries[found->level] &&
        found->level != format->level_count - 1u) {
        watched_complain("an empty table was not freed", found->first);
    }
    switch (kind_of(found->entry, found->level)) {
    case AXADDR_ENTRY_TABLE:
        census->tables++;
        break;
    case AXADDR_ENTRY_LEAF:
        census->leaves[found->level]++;
        if (has_hint(found->entry, found->level)) {
            census->hinted[found->level]++;
            census->run_count[found->level]++;
        }
        frame = frame_of(found->entry, found->level, found->index);
        if (host_index(&watched.host, frame, &index)) {
            census->own_pages += span_of(found->level) / PAGE;
            census->own_pages -= watched.zero_frame - frame < span_of(found->level);
        }
        break;
    case AXADDR_ENTRY_ABSENT:
        if (axaddr_absent_is_parked(format->absent_kind(found->entry))) {
            watched_complain("a parked entry was left behind", found->first);
        }
        break;
    }
    if (found->index % WATCHED_RUN == WATCHED_RUN - 1 &&
        census->run_count[found->level] % WATCHED_RUN != 0) {
        watched_complain("a run is not complete", found->first);
    }
}

static struct census census_now(void) {
    struct census census;

    memset(&census, 0, sizeof(census));
    census.tables = UINT64_C(1) << watched.format->root_order;
    visit_all(census_visit, &census);
    return census;
}

/** Frames that the areas beyond those inside the space take. */
static uint64_t area_frames(void) {
    struct axaddr_stats stats;

    watched.kind->stats(watched.it, &stats);
    return area_frames_are_right(stats.area_count, stats.area_frame_count) ? stats.area_frame_count
                                                                           : UINT64_MAX;
}

/* ---- what a table says, as a number ---- */

/** A hash of all entries outside of [first, last]; tables count by their place only. */
struct imprint {
    uint64_t first;
    uint64_t last;
    bool is_loose; /**< what is noted, and the hints, do not count */
    uint64_t hash;
};

static void imprint_visit(void *argument, const struct found *found) {
    struct imprint *imprint = (struct imprint *)argument;
    uint64_t entry = found->entry;

    if (found->first >= imprint->first && found->last <= imprint->last) {
        return;
    }
    if (kind_of(entry, found->level) == AXADDR_ENTRY_TABLE) {
        entry = 0;
    } else if (imprint->is_loose && kind_of(entry, found->level) == AXADDR_ENTRY_LEAF) {
        entry = plain_of(entry, found->level, found->index) & ~watched.format->noted;
    }
    imprint->hash = (imprint->hash ^ entry) * UINT64_C(0x9e3779b97f4a7c15);
    imprint->hash = (imprint->hash ^ imprint->hash >> 29 ^ found->first ^ found->level) *
                    UINT64_C(0x100000001b3);
}

static uint64_t imprint_of(bool is_loose, uint64_t first, uint64_t last) {
    struct imprint imprint = {first, last, is_loose, UINT64_C(0xcbf29ce484222325)};

    visit_all(imprint_visit, &imprint);
    return imprint.hash;
}

/** Of the whole table: every bit of it. */
AXADDR_UNUSED static uint64_t imprint_now(void) {
    return imprint_of(false, 1, 0);
}

/** Of the whole table, but for what is noted and the hints. */
AXADDR_UNUSED static uint64_t loose_imprint_now(void) {
    return imprint_of(true, 1, 0);
}

/* ---- life ---- */

/** An empty one of a kind, for all addresses that it reaches; `start` is 0, or the high half. */
static void watched_begin_at(const struct kind *kind, uint64_t start) {
    const struct axaddr_format *format = kind->format;
    uint64_t base = format->output_width > 39 ? HOST_BASE : HOST_LOW_BASE;
    struct host host = watched.host;
    bool is_clean = watched.is_clean;
    uint64_t size = UINT64_C(1) << (format->input_width - (format->is_sign_extended ? 1 : 0));
    uint64_t i;

    if (host.memory != 0 && !is_clean) {
        host_destroy(&host);
        memset(watched.pending_of, 0, sizeof(watched.pending_of));
    }
    memset(watched.places, 0, sizeof(watched.places));
    watched.host = host;
    if (host.memory == 0) {
        host_init(&watched.host, WATCHED_FRAMES, base, HOST_STACK);
    } else {
        host_reuse(&watched.host, base, HOST_STACK);
    }
    watched.kind = kind;
    watched.format = format;
    watched.it = malloc(kind->size);
    watched.high = start & ~axaddr_low_bits(format->input_width);
    watched.home = start + span_of(format->level_count - 1u);
    watched.end = start + size;
    watched.is_clean = false;
    watched.slot = 0;
    watched.pending_count = 0;
    watched.zero_frame = 0;
    watched.next_frame = 0;
    watched.is_locked = false;
    watched.is_quiesced = false;
    watched.is_ending = false;
    watched.on_flush = 0;
    host_begin(&watched.host);
    CHECK(watched.it != 0);
    CHECK_EQ(kind->init(watched.it, &watched.host, start, size), AXADDR_OK);
    watched.slot = 0;
    watched.root = kind->root(watched.it);
    for (i = 0; i < UINT64_C(1) << format->root_order; i++) {
        struct place *place = place_of(watched.root + i * PAGE);
        place->state = PLACE_LIVE;
        place->level = format->level_count - 1u;
        place->first = watched.high + (i << (9 + format->shift[place->level]));
        place->is_seen = true;
    }
}

static void watched_begin(const struct kind *kind) {
    watched_begin_at(kind, 0);
}

/** All is as hardware and the ledger want it. */
static void watched_check(void) {
    struct census census;

    watched_finish();
    census = census_now();
    if (watched.pending_count != 0) {
        watched_complain("a change that no plan covered", watched.pending[0].first);
    }
    CHECK_STR(host_error(&watched.host), "");
    CHECK_EQ(watched.host.used_count,
             census.tables + census.own_pages + area_frames() + (watched.zero_frame != 0 ? 1 : 0));
    CHECK(!watched.is_locked);
}

/** Destroy it: everything has to come back. */
static void watched_end(void) {
    watched.on_flush = 0;
    if (!check_case_failed) {
        watched_check();
    }
    if (!check_case_failed) {
        host_begin(&watched.host);
        watched.is_ending = true;
        watched.kind->destroy(watched.it);
        watched.slot = 0;
        host_check_freed(&watched.host);
        free(watched.it);
        watched.it = 0;
        CHECK_STR(host_error(&watched.host), "");
        CHECK_EQ(watched.host.used_count, 0);
        watched.is_clean = true;
        return;
    }
    free(watched.it);
    watched.it = 0;
}

/* ---- operations: each with all its checks ---- */

static void before_operation(enum axaddr_operation operation) {
    host_begin(&watched.host);
    watched.operation = operation;
    watched.broken_count = 0;
    watched.changed_count = 0;
    watched.table_plan_count = 0;
}

static enum axaddr_status perform(const struct axaddr_request *request,
                                  struct axaddr_terms *terms) {
    uint32_t fail_in = watched.host.fail_in;
    enum axaddr_status status;

    before_operation(request->operation);
    host_fail_in(&watched.host, fail_in, watched.host.is_fail_sticky);
    status = watched.kind->perform(watched.it, request, terms);
    watched.host.fail_in = 0;
    watched_check();
    return status;
}

static enum axaddr_status perform_simple(enum axaddr_operation operation, uint64_t start,
                                         uint64_t size, uint32_t flags) {
    struct axaddr_request request = axaddr_request_of(operation, start, size, flags);

    return perform(&request, 0);
}

AXADDR_UNUSED static enum axaddr_status map_linear(uint64_t start, uint64_t host, uint64_t size,
                                                   uint32_t flags) {
    struct axaddr_request request = axaddr_request_of(AXADDR_OP_LINEAR, start, size, flags);

    request.host = host;
    return perform(&request, 0);
}

AXADDR_UNUSED static enum axaddr_status map_frames(uint64_t start, const uint64_t *frames,
                                                   uint64_t count, uint32_t flags) {
    struct axaddr_request request = axaddr_request_of(AXADDR_OP_FRAMES, start, count * PAGE, flags);

    request.frames = frames;
    return perform(&request, 0);
}

AXADDR_UNUSED static enum axaddr_status unmap(uint64_t start, uint64_t size) {
    return perform_simple(AXADDR_OP_UNMAP, start, size, 0);
}

AXADDR_UNUSED static enum axaddr_status protect(uint64_t start, uint64_t size, uint32_t flags) {
    return perform_simple(AXADDR_OP_PROTECT, start, size, flags);
}

AXADDR_UNUSED static enum axaddr_status split(uint64_t start, uint64_t size) {
    enum axaddr_status status;

    before_operation(AXADDR_OP_SPLIT);
    status = watched.kind->split(watched.it, start, size);
    watched_check();
    return status;
}

AXADDR_UNUSED static enum axaddr_status collapse(uint64_t start, uint64_t size) {
    enum axaddr_status status;

    before_operation(AXADDR_OP_COLLAPSE);
    status = watched.kind->collapse(watched.it, start, size);
    watched_check();
    return status;
}

/** Populate one page of an area of the space's own with a frame of our choice. */
AXADDR_UNUSED static enum axaddr_status populate_with(uint64_t start, uint64_t frame,
                                                      uint32_t flags) {
    struct axaddr_request request = axaddr_request_of(AXADDR_OP_POPULATE, start, PAGE, flags);
    enum axaddr_status status;

    before_operation(AXADDR_OP_POPULATE);
    watched.next_frame = frame;
    status = watched.kind->perform(watched.it, &request, 0);
    watched.next_frame = 0;
    watched_finish();
    return status;
}

/* ---- what callers see ---- */

/** [start, start + size - 1] is mapped to what begins at `host`, as query and translate tell. */
AXADDR_UNUSED static void check_mapped(uint64_t start, uint64_t host, uint64_t size,
                                       uint32_t flags) {
    uint64_t offset = 0;

    while (offset < size) {
        struct axaddr_mapping mapping;
        uint64_t found = 0;

        CHECK_EQ(watched.kind->query(watched.it, start + offset, &mapping), AXADDR_OK);
        CHECK_EQ(mapping.hpa.raw, host + offset);
        CHECK_EQ(mapping.flags, flags);
        CHECK_EQ(watched.kind->translate(watched.it, start + offset, &found), AXADDR_OK);
        CHECK_EQ(found, host + offset);
        /* A look at every page, or at the ends of large leaves. */
        offset +=
            mapping.size > PAGE && (offset & (mapping.size - 1)) == 0 ? mapping.size - PAGE : PAGE;
    }
}

AXADDR_UNUSED static void check_hole(uint64_t start, uint64_t size) {
    uint64_t offset;

    for (offset = 0; offset < size; offset += PAGE) {
        struct axaddr_mapping mapping;

        CHECK_EQ(watched.kind->query(watched.it, start + offset, &mapping), AXADDR_NOT_MAPPED);
        CHECK_EQ(mapping.kind, AXADDR_ABSENT_EMPTY);
    }
}

/** The smallest part of a case that has to stop if it failed. */
#define GO_ON()                                                                                    \
    do {                                                                                           \
        if (check_case_failed) {                                                                   \
            watched_end();                                                                         \
            return;                                                                                \
        }                                                                                          \
    } while (0)

#define OK(call)                                                                                   \
    do {                                                                                           \
        enum axaddr_status ok_status_ = (call);                                                    \
        if (ok_status_ != AXADDR_OK && !check_case_failed) {                                       \
            check_fail(__FILE__, __LINE__, "%s is %s", #call, axaddr_status_name(ok_status_));     \
        }                                                                                          \
        GO_ON();                                                                                   \
    } while (0)

#define SAME(actual, expected)                                                                     \
    do {                                                                                           \
        uint64_t same_actual_ = (uint64_t)(actual);                                                \
        uint64_t same_expected_ = (uint64_t)(expected);                                            \
        if (same_actual_ != same_expected_ && !check_case_failed) {                                \
            check_fail(__FILE__, __LINE__, "%s is 0x%" PRIx64 ", expected 0x%" PRIx64 " (%s)",     \
                       #actual, same_actual_, same_expected_, #expected);                          \
        }                                                                                          \
        GO_ON();                                                                                   \
    } while (0)

#endif /* AXADDR_TESTS_WATCHED_EDIT_H */
