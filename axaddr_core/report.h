/* SPDX-License-Identifier: MIT
 *
 * report.h: what a space holds, checked and told: audit compares the areas with the table, entry by
 * entry; dump writes both as lines of text.
 */
#ifndef AXADDR_CORE_REPORT_H
#define AXADDR_CORE_REPORT_H

#include "range_build.h"
#include "space.h"
#include "text.h"

/* ---- audit ---- */

/** Whether a leaf is one that its area may have. */
AXADDR_ALWAYS_INLINE bool axaddr_audit_leaf(const struct axaddr_instance *self,
                                            const struct axaddr_entry_visit *visit,
                                            const struct axaddr_area *area) {
    const struct axaddr_format *format = self->format;
    unsigned level = visit->position.level;
    uint64_t frame = format->frame_of(visit->position.entry, level);
    uint32_t flags = format->flags_of(visit->position.entry, level);
    uint32_t expected = area->flags & AXADDR_MAPPING_FLAGS;

    if (flags != expected &&
        !(axaddr_area_is_upgraded(area) && flags == (expected & ~AXADDR_WRITE))) {
        return false;
    }
    return area->kind == AXADDR_AREA_LINEAR ? frame == area->hpa + (visit->first - area->first)
                                            : area->kind != AXADDR_AREA_DEVICE;
}

/** Whether an absent entry that is not empty is one that its area may have. */
AXADDR_ALWAYS_INLINE bool axaddr_audit_absent(const struct axaddr_instance *self, uint64_t entry,
                                              const struct axaddr_area *area) {
    uint64_t payload = self->format->absent_value(entry);
    uint32_t flags = axaddr_payload_flags(payload) | axaddr_payload_how(payload);
    enum axaddr_area_kind kind = AXADDR_AREA_ALLOC;

    switch (self->format->absent_kind(entry)) {
    case AXADDR_ABSENT_TRAPPED:
        kind = AXADDR_AREA_DEVICE;
        break;
    case AXADDR_ABSENT_BACKED:
        kind = AXADDR_AREA_BACKED;
        break;
    case AXADDR_ABSENT_RESERVED:
    case AXADDR_ABSENT_SPARSE:
        if ((self->format->absent_kind(entry) == AXADDR_ABSENT_SPARSE) !=
            ((area->flags & AXADDR_ZERO_PAGE) != 0)) {
            return false;
        }
        break;
    case AXADDR_ABSENT_EMPTY:
    case AXADDR_ABSENT_PARKED_LEAF:
    case AXADDR_ABSENT_PARKED_TABLE:
    case AXADDR_ABSENT_PARKED_LINK:
        return false;
    }
    return area->kind == kind && (area->flags & ~AXADDR_TRACK_FLAGS) == flags &&
           area->cookie == axaddr_payload_cookie(payload);
}

/** Whether an entry and the areas agree. */
AXADDR_ALWAYS_INLINE bool axaddr_audit_entry(const struct axaddr_instance *self,
                                             const struct axaddr_space *space,
                                             const struct axaddr_entry_visit *visit) {
    uint64_t entry = visit->position.entry;
    struct axaddr_area area;
    bool has_area =
        self->find_area(&space->areas, visit->first, &area) && area.first <= visit->last;

    if (entry == self->format->empty) {
        return !has_area;
    }
    if (!has_area || area.first > visit->first || area.last < visit->last) {
        return false;
    }
    return self->format->kind_of(entry, visit->position.level) == AXADDR_ENTRY_LEAF
               ? axaddr_audit_leaf(self, visit, &area)
               : axaddr_audit_absent(self, entry, &area);
}

/**
 * Whether areas and table agree, entry by entry, and the set of areas is what it has to be. INVALID
 * if not: a stray write, a HAL that gave a frame twice, an edit without the lock; then *where is the
 * first address that is wrong (the space's first for the set itself). Takes the lock, and time in
 * proportion to what is mapped.
 */
AXADDR_ALWAYS_INLINE enum axaddr_status axaddr_space_audit(const struct axaddr_instance *self,
                                                           const struct axaddr_space *space,
                                                           uint64_t *where) {
    const struct axaddr_table *table = &space->table;
    struct axaddr_entry_visit visit;
    enum axaddr_status status;

    axaddr_lock(self, table);
    status = axaddr_ranges_audit(self->areas, &space->areas.set);
    visit.first = table->first;
    axaddr_entry_visit_init(self, table, &visit);
    while (status == AXADDR_OK && axaddr_entry_visit_next(self, table, &visit)) {
        status = axaddr_audit_entry(self, space, &visit) ? AXADDR_OK : AXADDR_INVALID;
    }
    if (status != AXADDR_OK) {
        *where = visit.first;
    }
    axaddr_unlock(self, table);
    return status;
}

/* ---- dump ---- */

/**
 * Where a dump has got to; all zero: at its beginning. First come the areas, then what is mapped, a
 * line for each run of leaves that are of one size, alike, and follow each other on both sides:
 *
 *     0x0000000080000000-0x000000008fffffff 256M rwx- linear at 0x140000000 ram
 *       0x0000000080000000-0x000000008fffffff 256M rwx- at 0x140000000 by 2M
 */
struct axaddr_dump {
    uint64_t next; /**< the line that comes tells of what is here or above */
    bool is_begun;
    bool is_mapped; /**< the areas are done */
    bool is_done;
};

/** A line of it at most; what is longer is cut. */
#define AXADDR_DUMP_LINE_SIZE 160

static inline void axaddr_text_flag(struct axaddr_text *text, uint32_t flags, uint32_t flag,
                                    const char *name) {
    if ((flags & flag) != 0) {
        axaddr_text_string(text, name);
    }
}

/** "0x0000000080000000-0x000000008fffffff 256M rwx-": what a line begins with. */
static inline void axaddr_dump_range(struct axaddr_text *text, uint64_t first, uint64_t last,
                                     uint32_t flags) {
    axaddr_text_hex_padded(text, first, 16);
    axaddr_text_character(text, '-');
    axaddr_text_hex_padded(text, last, 16);
    axaddr_text_character(text, ' ');
    axaddr_text_size(text, last - first + 1);
    axaddr_text_character(text, ' ');
    axaddr_text_character(text, (flags & AXADDR_READ) != 0 ? 'r' : '-');
    axaddr_text_character(text, (flags & AXADDR_WRITE) != 0 ? 'w' : '-');
    axaddr_text_character(text, (flags & AXADDR_EXECUTE) != 0 ? 'x' : '-');
    axaddr_text_character(text, (flags & AXADDR_USER) != 0 ? 'u' : '-');
    axaddr_text_flag(text, flags, AXADDR_EXECUTE_USER, " execute-user");
    axaddr_text_flag(text, flags, AXADDR_EXECUTE_KERNEL, " execute-kernel");
    axaddr_text_flag(text, flags, AXADDR_GLOBAL, " global");
    axaddr_text_flag(text, flags, AXADDR_DEVICE, " device");
    axaddr_text_flag(text, flags, AXADDR_UNCACHED, " uncached");
    axaddr_text_flag(text, flags, AXADDR_LARGE, " large");
    axaddr_text_flag(text, flags, AXADDR_ZERO_PAGE, " zero-page");
    axaddr_text_flag(text, flags, AXADDR_OWNED, " owned");
}

/** The line of an area. */
static inline void axaddr_dump_area(struct axaddr_text *text, const struct axaddr_area *area) {
    axaddr_dump_range(text, area->first, area->last, area->flags);
    axaddr_text_character(text, ' ');
    axaddr_text_string(text, axaddr_area_kind_name(area->kind));
    if (area->kind == AXADDR_AREA_LINEAR) {
        axaddr_text_string(text, " at ");
        axaddr_text_hex(text, area->hpa);
    } else if (area->kind == AXADDR_AREA_DEVICE || area->kind == AXADDR_AREA_BACKED) {
        axaddr_text_string(text, " cookie ");
        axaddr_text_decimal(text, area->cookie);
    }
    if (area->name != 0) {
        axaddr_text_character(text, ' ');
        axaddr_text_string(text, area->name);
    }
    if (area->tag != 0) {
        axaddr_text_string(text, " tag ");
        axaddr_text_hex(text, area->tag);
    }
}

/** The next run of leaves from dump->next on, and its line; false if there is none. */
AXADDR_ALWAYS_INLINE bool axaddr_dump_leaves(const struct axaddr_instance *self,
                                             const struct axaddr_table *table,
                                             struct axaddr_dump *dump, struct axaddr_text *text) {
    const struct axaddr_format *format = self->format;
    unsigned level = 0;
    uint64_t first = 0;
    uint64_t host = 0;
    uint32_t flags = 0;
    bool is_open = false;

    while (!dump->is_done) {
        struct axaddr_position at = self->lookup(table, dump->next);
        uint64_t last = dump->next | axaddr_span_mask(self, at.level);
        bool is_leaf = format->kind_of(at.entry, at.level) == AXADDR_ENTRY_LEAF;
        uint64_t entry =
            is_leaf ? axaddr_entry_plain(self, at.slot, at.entry, at.level) : format->empty;

        if (is_open && (!is_leaf || at.level != level || format->flags_of(entry, level) != flags ||
                        format->frame_of(entry, level) != host + (dump->next - first))) {
            break;
        }
        if (is_leaf && !is_open) {
            is_open = true;
            level = at.level;
            first = dump->next;
            host = format->frame_of(entry, level);
            flags = format->flags_of(entry, level);
        }
        dump->is_done = last >= table->last;
        dump->next = last + 1;
    }
    if (is_open) {
        axaddr_text_string(text, "  ");
        axaddr_dump_range(text, first, dump->next - 1, flags);
        axaddr_text_string(text, " at ");
        axaddr_text_hex(text, host);
        axaddr_text_string(text, " by ");
        axaddr_text_size(text, axaddr_span_mask(self, level) + 1);
    }
    return is_open;
}

/**
 * Write the next line of a dump, without a newline and cut to `size`, into `line`; false when there
 * is no more:
 *
 *     struct axaddr_dump dump = {0};
 *     while (vm_dump(&vm, &dump, line, sizeof line)) { console_write(line); }
 *
 * Takes the lock for a line at a time. What is mapped takes time in proportion to its leaves.
 */
AXADDR_ALWAYS_INLINE bool axaddr_space_dump(const struct axaddr_instance *self,
                                            const struct axaddr_space *space,
                                            struct axaddr_dump *dump, char *line, size_t size) {
    const struct axaddr_table *table = &space->table;
    struct axaddr_text text;
    struct axaddr_area area;
    bool is_there = false;

    axaddr_text_init(&text, line, size);
    if (!dump->is_begun) {
        dump->is_begun = true;
        dump->next = table->first;
    }
    axaddr_lock(self, table);
    if (!dump->is_mapped && !dump->is_done && self->find_area(&space->areas, dump->next, &area)) {
        axaddr_dump_area(&text, &area);
        dump->is_done = area.last >= table->last;
        dump->next = area.last + 1;
        is_there = true;
    } else {
        if (!dump->is_mapped) {
            dump->is_mapped = true;
            dump->is_done = false;
            dump->next = table->first;
        }
        is_there = axaddr_dump_leaves(self, table, dump, &text);
    }
    axaddr_unlock(self, table);
    return is_there;
}

#endif /* AXADDR_CORE_REPORT_H */
