/* SPDX-License-Identifier: MIT
 *
 * faults.h: what the tests of the fault path stand on: a space of every format, with one CPU and
 * with many, in a host that also supplies frames, writes down what is harvested, and can have
 * "another CPU" do something while a HAL function is running.
 *
 *     static void reads_the_zero_frame(void) {
 *         DO(OK, map_alloc(AT(0), PAGE, RW | AXADDR_ZERO_PAGE));
 *         FAULT(RESOLVED, AT(0), AXADDR_READ);
 *         LEDGER(0, 0, 0);                     // frames taken and freed, plans flushed
 *     }
 *     ... EACH(reads_the_zero_frame);          // over all formats
 *
 * After each DO and FAULT the whole table is looked at (check_audit): every frame in use is a
 * table or mapped once, no frame is lost, the zero frame is not written to and never writable, what
 * was supplied is mapped where it belongs, each page that changed was flushed after it had changed,
 * through a break where the format asks for one, and published. What failed has changed nothing.
 */
#ifndef AXADDR_TESTS_FAULTS_H
#define AXADDR_TESTS_FAULTS_H

#include "area_frames.h"
#include "check.h"
#include "fault_kinds.h"

/* ---- the table, as hardware sees it ---- */

struct seen {
    uint64_t entry;
    uint64_t table;
    uint32_t index;
    unsigned level;
};

/** Where an entry is in the arena; 0, with a complaint, if its table is not in use. */
static uint8_t *see_slot(uint64_t table, uint32_t index) {
    uint64_t offset = (uint64_t)index << format->entry_shift;
    uint8_t *at = host_peek(host, table + offset);

    if (at == 0) {
        host_complain(host, "a table at 0x%" PRIx64 " is not in use", table);
        return 0;
    }
    return at + (offset & (PAGE - 1));
}

static uint64_t see_entry(uint64_t table, uint32_t index) {
    const uint8_t *at = see_slot(table, index);
    uint64_t entry = 0;
    uint32_t half = 0;

    if (at == 0) {
        return format->empty;
    }
    if (format->entry_shift == 2) {
        memcpy(&half, at, sizeof(half));
        return half;
    }
    memcpy(&entry, at, sizeof(entry));
    return entry;
}

/** The entry that decides an address: a leaf, or absent. */
static struct seen see(uint64_t gpa) {
    struct seen at;

    at.table = kind->root(space).raw;
    for (at.level = format->level_count - 1u;; at.level--) {
        at.index = (uint32_t)(gpa >> format->shift[at.level] &
                              axaddr_low_bits(format->index_bits[at.level]));
        at.entry = see_entry(at.table, at.index);
        if (at.level == 0 || format->kind_of(at.entry, at.level) != AXADDR_ENTRY_TABLE) {
            return at;
        }
        at.table = format->table_of(at.entry);
    }
}

/** Hardware, or somebody who scribbles, writes an entry. */
AXADDR_UNUSED static void scribble(const struct seen *at, uint64_t entry) {
    uint8_t *slot = see_slot(at->table, at->index);
    uint32_t half = (uint32_t)entry;

    if (slot != 0) {
        memcpy(slot, format->entry_shift == 2 ? (const void *)&half : (const void *)&entry,
               (size_t)1 << format->entry_shift);
    }
}

static bool is_leaf(const struct seen *at) {
    return format->kind_of(at->entry, at->level) == AXADDR_ENTRY_LEAF;
}

/** A leaf without the hint of a run. */
static uint64_t plain(const struct seen *at) {
    return format->run_bits == 0 ? at->entry : format->plain_leaf(at->entry, at->level, at->index);
}

/** What is at a page, and what happened to it since. */
struct page {
    uint64_t entry;
    uint64_t frame;
    uint32_t flags;
    unsigned level;
    bool is_mapped;
    bool is_flushed;        /**< a plan named it when it had changed */
    bool was_absent;        /**< ... when nothing was mapped there */
    unsigned publish_count; /**< what has been published by then */
};

/** What is at a page now. */
static struct page see_page(uint64_t gpa) {
    struct seen at = see(gpa);
    struct page page;

    memset(&page, 0, sizeof(page));
    page.entry = at.entry;
    page.level = at.level;
    page.is_mapped = is_leaf(&at);
    if (page.is_mapped) {
        page.frame = format->frame_of(plain(&at), at.level) +
                     (gpa & axaddr_low_bits(format->shift[at.level]) & ~(PAGE - 1));
        page.flags = format->flags_of(plain(&at), at.level);
    }
    return page;
}

/** The bytes of what is mapped at an address; 0 if it is not in the arena. */
AXADDR_UNUSED static uint8_t *bytes_at(uint64_t gpa) {
    struct page page = see_page(gpa);

    return page.is_mapped ? host_peek(host, page.frame) : 0;
}

/* ---- before, during and after an operation ---- */

#define SPAN_WATCH_MAX 16u
#define WATCH_COUNT    (4 * SPAN_WATCH_MAX)

static struct page pages[WATCH_COUNT]; /**< as they were before the operation */

/** The watched pages: both ends of each of the four spans from home on. */
static uint64_t watched(uint32_t index) {
    uint64_t span_count = large / PAGE;
    uint64_t page = index % SPAN_WATCH_MAX;

    if (page >= SPAN_WATCH_MAX / 2) {
        page = span_count - (SPAN_WATCH_MAX - page);
    }
    return AT(index / SPAN_WATCH_MAX * span_count + page);
}

static bool plan_names(const struct axaddr_flush *plan, uint64_t gpa) {
    unsigned i;

    for (i = 0; i < plan->range_count; i++) {
        if (plan->ranges[i].first <= gpa && plan->ranges[i].last >= gpa) {
            return true;
        }
    }
    return plan->is_full;
}

static void faults_on_flush(const struct axaddr_flush *plan) {
    uint32_t i;

    for (i = 0; i < WATCH_COUNT; i++) {
        struct page *was = &pages[i];

        if (plan_names(plan, watched(i))) {
            struct page now = see_page(watched(i));

            was->is_flushed = was->is_flushed || now.entry != was->entry;
            was->was_absent = was->was_absent || !now.is_mapped;
            was->publish_count = toy_publish_count;
        }
    }
    for (i = 0; i < machine.supplied_count; i++) {
        struct supplied *out = &machine.supplied[i];
        struct page now = see_page(out->address);

        /* A full one comes before destroy, when no CPU runs on the space any more. */
        if (plan->is_full || (plan_names(plan, out->address) && now.frame != out->frame)) {
            out->is_flushed = true;
        }
    }
}

static uint32_t pending_fail_in;
static bool pending_is_sticky;
static uint64_t pooled_count; /**< frames in pools of the test */
static int result;

/** The nth allocation of the next operation fails; with is_sticky, all that follow, too. */
AXADDR_UNUSED static void fail_in(uint32_t count, bool is_sticky) {
    pending_fail_in = count;
    pending_is_sticky = is_sticky;
}

/** What was seen of the whole table, and of the areas. */
struct audit {
    uint64_t table_count;
    uint64_t own_count;      /**< frames of the space's own that are mapped */
    uint64_t supplied_count; /**< pages that map what was supplied */
    uint64_t area_count;
    uint64_t hash;
    uint64_t loose_hash; /**< without the hints of runs, and what is noted */
};

static struct audit last_audit;
static uint8_t is_seen[ARENA_FRAMES];

static uint64_t audit_mix(uint64_t hash, uint64_t value) {
    return (hash ^ value) * UINT64_C(0x100000001b3);
}

static void audit_add(struct audit *audit, uint64_t value, uint64_t loose_value) {
    audit->hash = audit_mix(audit->hash, value);
    audit->loose_hash = audit_mix(audit->loose_hash, loose_value);
}

/** A page that is mapped: by what, and may it be? */
static void audit_page(struct audit *audit, uint64_t gpa, uint64_t frame, uint32_t flags) {
    uint32_t index;

    if (machine_find(gpa, frame) != 0) {
        audit->supplied_count++;
    } else if (frame == machine.zero_frame) {
        if ((flags & AXADDR_WRITE) != 0) {
            host_complain(host, "the zero frame is writable at 0x%" PRIx64, gpa);
        }
    } else if (host_index(host, frame, &index)) {
        if (is_seen[index]++ != 0) {
            host_complain(host, "frame 0x%" PRIx64 " is mapped twice", frame);
        }
        audit->own_count++;
        host_set_live(host, frame, gpa, gpa + PAGE - 1, false);
    } else if (frame >= SUPPLY_BASE && frame < machine.next_frame) {
        host_complain(host, "0x%" PRIx64 " maps 0x%" PRIx64 ", which is not supplied there", gpa,
                      frame);
    }
}

/** A table, and all below it: as deep as there are levels. */
static void audit_table(struct audit *audit, uint64_t table, unsigned level, uint64_t first) {
    uint64_t span = UINT64_C(1) << format->shift[level];
    uint32_t count = UINT32_C(1) << format->index_bits[level];
    uint64_t last = first + ((uint64_t)count << format->shift[level]) - 1;
    uint32_t i;
    uint64_t page;

    audit->table_count += level + 1 == format->level_count ? UINT64_C(1) << format->root_order : 1;
    host_set_live(host, table, first, last, true);
    for (i = 0; i < count; i++) {
        struct seen at = {see_entry(table, i), table, i, level};
        uint64_t gpa = first + i * span;

        if (at.entry == format->empty) {
            continue;
        }
        audit_add(audit, gpa | level, gpa | level);
        audit_add(audit, at.entry, is_leaf(&at) ? plain(&at) | format->noted : at.entry);
        switch (format->kind_of(at.entry, level)) {
        case AXADDR_ENTRY_TABLE:
            audit_table(audit, format->table_of(at.entry), level - 1, gpa);
            break;
        case AXADDR_ENTRY_LEAF:
            for (page = 0; page < span; page += PAGE) {
                audit_page(audit, gpa + page, format->frame_of(plain(&at), level) + page,
                           format->flags_of(plain(&at), level));
            }
            break;
        case AXADDR_ENTRY_ABSENT:
            if (axaddr_absent_is_parked(format->absent_kind(at.entry))) {
                host_complain(host, "0x%" PRIx64 " is left parked", gpa);
            }
            break;
        }
    }
}

/** Look at everything. */
static struct audit audit_all(void) {
    struct audit audit = {0, 0, 0, 0, 0, 0};
    struct axaddr_area area;
    uint64_t from = 0;

    memset(is_seen, 0, sizeof(is_seen));
    host_clear_live(host);
    audit_table(&audit, kind->root(space).raw, format->level_count - 1u, 0);
    while (kind->next_area(space, axaddr_gpa(from), &area) == AXADDR_OK) {
        audit_add(&audit, area.first, area.first);
        audit_add(&audit, area.last, area.last);
        audit_add(&audit, area.flags | (uint64_t)area.cookie << 32, area.flags);
        from = area.last + 1;
        audit.area_count++;
    }
    return audit;
}

/** What an audit must find after any operation. */
static void check_audit(void) {
    struct audit audit = audit_all();
    uint64_t area_frames;

    CHECK_STR(host_error(host), "");
    CHECK_EQ(audit.supplied_count, machine.supplied_count);
    /* The zero frame, and what holds areas that do not fit into the space itself. */
    area_frames = host->used_count - (1 + audit.table_count + audit.own_count + pooled_count);
    CHECK(area_frames_are_right(audit.area_count, area_frames));
    CHECK(host_bytes_are(host_peek(host, machine.zero_frame), 0));
    CHECK(!machine.is_locked);
    CHECK_EQ(machine.walk_count, 0);
    last_audit = audit;
}

/** Each page that changed was flushed, and where the format wants it, broken before it was made. */
static void check_changes(void) {
    uint32_t i;

    for (i = 0; i < WATCH_COUNT; i++) {
        const struct page *was = &pages[i];
        struct page now = see_page(watched(i));

        if (now.is_mapped && (!was->is_mapped || was->was_absent) &&
            format->publish == toy_publish) {
            CHECK(toy_publish_count != was->publish_count);
        }
        if (!was->is_mapped) {
            continue;
        }
        if (!now.is_mapped || now.frame != was->frame || now.flags != was->flags) {
            CHECK(was->is_flushed);
        }
        if (now.is_mapped && format->needs_break != 0 &&
            (now.level != was->level ||
             format->needs_break(was->entry | format->noted, now.entry | format->noted,
                                 now.level))) {
            CHECK(was->was_absent);
        }
    }
}

static void faults_begin(void) {
    uint32_t i;

    for (i = 0; i < WATCH_COUNT; i++) {
        pages[i] = see_page(watched(i));
        pages[i].publish_count = toy_publish_count;
    }
    machine.op_asked = 0;
    machine.op_returned = 0;
    machine.told_count = 0;
    host_begin(host);
    host_fail_in(host, pending_fail_in, pending_is_sticky);
    pending_fail_in = 0;
    machine.on_flush = faults_on_flush;
}

/** The operation has returned; it must not have changed anything, or it may have. */
static void faults_end(bool is_unchanged) {
    struct audit before = last_audit;

    machine.on_flush = 0;
    host->fail_in = 0;
    CHECK(machine.meanwhile == 0); /* another CPU had its chance */
    check_audit();
    if (!check_case_failed) {
        check_changes();
    }
    if (!check_case_failed && is_unchanged) {
        /* A run may have been unmade on the way, which is no change that a guest can see. */
        CHECK_EQ(last_audit.loose_hash, before.loose_hash);
        CHECK(last_audit.hash == before.hash || host->op_plan_count > 0);
        CHECK_EQ(machine.op_returned + machine.told_count, 0);
        CHECK_EQ(host->op_taken, host->op_freed);
    }
}

/** What changes nothing flushes nothing, unless TLBs may remember that nothing was there. */
AXADDR_UNUSED static void check_no_plan(uint64_t gpa) {
    bool is_flushed = result == (int)AXADDR_FAULT_SPURIOUS && format->caches_absent;

    CHECK_EQ(host->op_plan_count, is_flushed ? 1 : 0);
    CHECK(!is_flushed || (plan_names(&host->plans[0], gpa) && host->plans[0].has_tables));
}

/** Stop the case when a check has failed further down. */
#define GO_ON()                                                                                    \
    do {                                                                                           \
        if (check_case_failed) {                                                                   \
            return;                                                                                \
        }                                                                                          \
    } while (0)

/** An edit, and what it comes to. */
#define DO(expected, call)                                                                         \
    do {                                                                                           \
        faults_begin();                                                                            \
        result = (int)(call);                                                                      \
        CHECK_STR(axaddr_status_name((enum axaddr_status)result), #expected);                      \
        faults_end(result != (int)AXADDR_OK);                                                      \
        GO_ON();                                                                                   \
        CHECK(result == (int)AXADDR_OK || host->op_plan_count == 0);                               \
    } while (0)

/** A fault, and what it comes to. */
#define FAULT_BY(expected, gpa, call)                                                              \
    do {                                                                                           \
        faults_begin();                                                                            \
        result = (int)(call);                                                                      \
        CHECK_STR(axaddr_fault_name((enum axaddr_fault)result), #expected);                        \
        faults_end(result != (int)AXADDR_FAULT_RESOLVED);                                          \
        GO_ON();                                                                                   \
        if (result != (int)AXADDR_FAULT_RESOLVED) {                                                \
            check_no_plan(gpa);                                                                    \
            GO_ON();                                                                               \
        }                                                                                          \
    } while (0)
/** A fault that changes nothing, as the HAL, or a check here, knows. */
#define FAULT_UNCHANGED(expected, call)                                                            \
    do {                                                                                           \
        faults_begin();                                                                            \
        CHECK_EQ(call, expected);                                                                  \
        faults_end(true);                                                                          \
        GO_ON();                                                                                   \
        CHECK_EQ(host->op_plan_count, 0);                                                          \
    } while (0)
#define FAULT(expected, gpa, access) FAULT_BY(expected, gpa, fault(gpa, access))

/** A fault during which another CPU does something. */
#define RACE(expected, gpa, access, other)                                                         \
    do {                                                                                           \
        machine.meanwhile = other;                                                                 \
        faults_begin();                                                                            \
        result = (int)fault(gpa, access);                                                          \
        CHECK_STR(axaddr_fault_name((enum axaddr_fault)result), #expected);                        \
        faults_end(false);                                                                         \
        GO_ON();                                                                                   \
    } while (0)

/** Frames that the operation took and freed (but for those that it gave back itself), its plans. */
#define LEDGER(taken, freed, plan_count)                                                           \
    do {                                                                                           \
        CHECK_EQ(host->op_taken, taken);                                                           \
        CHECK_EQ(host->op_freed, freed);                                                           \
        CHECK_EQ(host->op_plan_count, plan_count);                                                 \
    } while (0)

/** The plans of the last operation name this page and nothing else, once. */
AXADDR_UNUSED static void check_one_page_flushed(uint64_t gpa) {
    CHECK_EQ(host->op_plan_count, 1);
    CHECK_EQ(host->plans[0].range_count, 1);
    CHECK(!host->plans[0].is_full);
    CHECK_EQ(host->plans[0].ranges[0].first, gpa);
    CHECK_EQ(host->plans[0].ranges[0].last, gpa + PAGE - 1);
    CHECK_EQ(host->plans[0].ranges[0].stride_shift, format->shift[0]);
}

/** What query says of a page. */
AXADDR_UNUSED static struct axaddr_mapping mapping;

#define MAPPED(gpa, flags_)                                                                        \
    do {                                                                                           \
        CHECK_STR(axaddr_status_name(kind->query(space, axaddr_gpa(gpa), &mapping)), "OK");        \
        CHECK_EQ(mapping.flags, flags_);                                                           \
        CHECK_EQ(mapping.hpa.raw & ~(PAGE - 1), see_page(gpa).frame);                              \
        CHECK_EQ(mapping.size, UINT64_C(1) << format->shift[see_page(gpa).level]);                 \
    } while (0)
#define ABSENT(gpa, kind_)                                                                         \
    do {                                                                                           \
        CHECK_STR(axaddr_status_name(kind->query(space, axaddr_gpa(gpa), &mapping)),               \
                  "NOT_MAPPED");                                                                   \
        CHECK_EQ(mapping.kind, AXADDR_ABSENT_##kind_);                                             \
        CHECK_EQ(mapping.hpa.raw, 0);                                                              \
        CHECK_EQ(mapping.notes, 0);                                                                \
    } while (0)

/* ---- what is done ---- */

static enum axaddr_fault fault(uint64_t gpa, uint32_t access) {
    return kind->handle_fault(space, axaddr_gpa(gpa), access);
}

AXADDR_UNUSED static enum axaddr_fault fault_from(uint64_t gpa, uint32_t access,
                                                  struct axaddr_pool *pool) {
    return kind->handle_fault_from(space, axaddr_gpa(gpa), access, pool);
}

AXADDR_UNUSED static enum axaddr_status edit(enum axaddr_operation operation, uint64_t gpa,
                                             uint64_t size, uint32_t flags) {
    struct axaddr_request request = axaddr_request_of(operation, gpa, size, flags);
    enum axaddr_status status;

    machine.is_split = operation == AXADDR_OP_SPLIT;
    status = kind->perform(space, &request, 0);
    machine.is_split = false;
    return status;
}

AXADDR_UNUSED static enum axaddr_status unmap(uint64_t gpa, uint64_t size) {
    return edit(AXADDR_OP_UNMAP, gpa, size, 0);
}

AXADDR_UNUSED static enum axaddr_status protect(uint64_t gpa, uint64_t size, uint32_t flags) {
    return edit(AXADDR_OP_PROTECT, gpa, size, flags);
}

AXADDR_UNUSED static enum axaddr_status split(uint64_t gpa, uint64_t size) {
    return edit(AXADDR_OP_SPLIT, gpa, size, 0);
}

AXADDR_UNUSED static enum axaddr_status collapse(uint64_t gpa, uint64_t size) {
    return edit(AXADDR_OP_COLLAPSE, gpa, size, 0);
}

AXADDR_UNUSED static enum axaddr_status harvest(uint64_t gpa, uint64_t size, uint32_t notes) {
    return kind->harvest(space, axaddr_gpa(gpa), size, notes);
}

AXADDR_UNUSED static enum axaddr_status map_alloc(uint64_t gpa, uint64_t size, uint32_t flags) {
    return kind->map_alloc(space, axaddr_gpa(gpa), size, flags, AXADDR_LAZY);
}

AXADDR_UNUSED static enum axaddr_status map_backed(uint64_t gpa, uint64_t size, uint32_t flags,
                                                   uint32_t cookie) {
    return kind->map_backed(space, axaddr_gpa(gpa), size, flags, cookie);
}

AXADDR_UNUSED static enum axaddr_status map_linear(uint64_t gpa, uint64_t hpa, uint64_t size,
                                                   uint32_t flags) {
    struct axaddr_request request = axaddr_request_of(AXADDR_OP_LINEAR, gpa, size, flags);

    request.host = hpa;
    return kind->perform(space, &request, 0);
}

/** What another CPU does (machine.meanwhile), and must succeed in. */
#define OTHER(name, call)                                                                          \
    static void name(void) {                                                                       \
        if ((int)(call) != 0) {                                                                    \
            host_complain(host, "the other CPU's %s failed", #call);                               \
        }                                                                                          \
    }

/* ---- one case over all formats ---- */

static void faults_init(void) {
    format = kind->format;
    large = UINT64_C(1) << format->shift[1];
    home = 4 * large;
    memset(&machine, 0, sizeof(machine));
    pooled_count = 0;
    pending_fail_in = 0;
    host_init(host, ARENA_FRAMES, ARENA_BASE, HOST_STACK); /* blocks stay free */
    host_begin(host);
    machine.zero_frame = host_donate(host);
    memset(host_peek(host, machine.zero_frame), 0, PAGE);
    machine.next_frame = SUPPLY_BASE;
    machine.has_lock = kind->hal->lock != 0;
    CHECK_EQ(kind->init(space, &machine, axaddr_gpa(0),
                        UINT64_C(1) << (format->input_width - (format->is_sign_extended ? 1 : 0))),
             AXADDR_OK);
    check_audit();
}

static void faults_destroy(void) {
    host_begin(host);
    machine.on_flush = faults_on_flush;
    kind->destroy(space);
    machine.on_flush = 0;
    CHECK_EQ(host->used_count, 1 + pooled_count);
    CHECK_EQ(machine.supplied_count, 0);
    host_check_freed(host);
    CHECK(host_bytes_are(host_peek(host, machine.zero_frame), 0));
    CHECK_STR(host_error(host), "");
}

static void each(const char *name, void (*function)(void), const struct fault_kind *const *kinds,
                 unsigned count) {
    unsigned i;

    for (i = 0; i < count; i++) {
        kind = kinds[i];
        snprintf(check_context, sizeof(check_context), "%s", kind->name);
        check_case_failed = false;
        faults_init();
        if (!check_case_failed) {
            function();
        }
        if (!check_case_failed) {
            faults_destroy();
        }
        host_destroy(host);
        check_end_case(name);
    }
}

/** Run a case over all formats; over those that many CPUs use; with the least of a HAL. */
#define EACH(function)      each(#function, function, fault_kinds, FAULT_KIND_COUNT)
#define EACH_MANY(function) each(#function, function, many_kinds, MANY_KIND_COUNT)
#define EACH_BARE(function) each(#function, function, bare_kinds, 1)

#endif /* AXADDR_TESTS_FAULTS_H */
