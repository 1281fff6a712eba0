/* SPDX-License-Identifier: MIT
 *
 * edit.h: changing what is there: unmap and protect.
 *
 * An edit first takes the tables that its splits need, then changes entries and cannot fail. What
 * it takes out of use it only parks: the entry becomes absent and keeps the frame's number, in
 * place, so no list has to be kept. Then the TLBs forget, and only then frames and tables are
 * freed:
 *
 *     edit (changes, parks, flushes)  ->  release (frames of owned areas)  ->  sweep (tables)
 *
 * The first is here, the others in release.h.
 */
#ifndef AXADDR_CORE_EDIT_H
#define AXADDR_CORE_EDIT_H

#include "path.h"

/** What to change; the plan is the engine's. */
struct axaddr_edit {
    uint64_t first;
    uint64_t last;
    bool is_removal;          /**< unmap; otherwise protect */
    uint32_t flags;           /**< protect: the new flags */
    bool has_parked;          /**< something was parked: release and sweep are due */
    struct axaddr_flush plan; /**< what the TLBs have yet to forget */
};

AXADDR_ALWAYS_INLINE void axaddr_edit_init(struct axaddr_edit *edit, uint64_t first, uint64_t last,
                                           bool is_removal, uint32_t flags) {
    edit->first = first;
    edit->last = last;
    edit->is_removal = is_removal;
    edit->flags = flags;
    edit->has_parked = false;
    axaddr_flush_init(&edit->plan);
}

/** Have the TLBs forget what has been gathered so far. */
AXADDR_ALWAYS_INLINE void axaddr_edit_flush(const struct axaddr_instance *self,
                                            const struct axaddr_table *table,
                                            struct axaddr_edit *edit) {
    axaddr_flush_limit(&edit->plan);
    self->hal->flush_tlb(table->ctx, &edit->plan);
    axaddr_flush_init(&edit->plan);
}

/* ---- the choke point ---- */

/**
 * Replace what may be live at `slot`. The one place where a live entry becomes another live entry:
 * where the ISA demands it, it is taken away, the TLBs forget it (and what else was gathered), and
 * only then the new one is written. Meanwhile the entry is parked: a fault that meets it is
 * retried.
 */
AXADDR_ALWAYS_INLINE void axaddr_entry_replace(const struct axaddr_instance *self,
                                               const struct axaddr_table *table,
                                               struct axaddr_edit *edit, void *slot, unsigned level,
                                               uint64_t address, uint64_t from, uint64_t to) {
    const struct axaddr_format *format = self->format;

    if (format->needs_break != 0 && format->kind_of(from, level) != AXADDR_ENTRY_ABSENT &&
        format->kind_of(to, level) != AXADDR_ENTRY_ABSENT && format->needs_break(from, to, level)) {
        uint64_t mask = axaddr_span_mask(self, level);

        axaddr_flush_cover(&edit->plan, address & ~mask, address | mask, format->shift[level]);
        axaddr_entry_write(format, slot, format->make_absent(AXADDR_ABSENT_PARKED_LEAF, 0));
        axaddr_edit_flush(self, table, edit);
    }
    axaddr_entry_write(format, slot, to);
}

/* ---- splits ---- */

/**
 * Tables that an edit of [first, last] needs: one for each level at which one of its ends cuts a
 * leaf or a reservation in two.
 */
AXADDR_ALWAYS_INLINE uint64_t axaddr_count_splits(const struct axaddr_instance *self,
                                                  const struct axaddr_table *table, uint64_t first,
                                                  uint64_t last) {
    uint64_t count = 0;
    uint64_t edge = first;

    for (;;) {
        struct axaddr_position position = self->lookup(table, edge);
        unsigned level = position.entry == self->format->empty ? 0 : position.level;

        for (; level > 0; level--) {
            uint64_t mask = axaddr_span_mask(self, level);
            if ((edge & ~mask) >= first && (edge | mask) <= last) {
                break;
            }
            /* Where both ends cut the same entry, it was counted at the first. */
            if (edge == first || (edge & ~mask) > first) {
                count++;
            }
        }
        if (edge == last) {
            return count;
        }
        edge = last;
    }
}

/** Step into a new table that says of every part what `entry`, to be replaced by it, says now. */
AXADDR_ALWAYS_INLINE void axaddr_edit_split(const struct axaddr_instance *self,
                                            const struct axaddr_table *table,
                                            struct axaddr_path *path, struct axaddr_pool *pool,
                                            uint64_t address, uint64_t entry) {
    const struct axaddr_format *format = self->format;
    unsigned level = path->level;
    bool is_leaf = format->kind_of(entry, level) == AXADDR_ENTRY_LEAF;
    void *slot = axaddr_path_push(self, table, path, axaddr_pool_take(self, table, pool), address);
    void *end = axaddr_table_end(format, slot, level - 1);

    if (axaddr_has_areas(self) && !is_leaf) {
        axaddr_entry_fill(format, slot, end, entry);
        return;
    }
    entry = format->split_leaf(entry, level);
    for (; slot != end; slot = axaddr_slot_after(format, slot, 1)) {
        axaddr_entry_write_relaxed(format, slot, entry);
        entry = format->next_leaf(entry, level - 1);
    }
}

/* ---- changing entries ---- */

/** Give a reservation the edit's flags; other absent entries stay as they are. */
AXADDR_ALWAYS_INLINE void axaddr_edit_absent(const struct axaddr_instance *self,
                                             const struct axaddr_edit *edit, void *slot) {
    const struct axaddr_format *format = self->format;
    uint64_t entry = axaddr_entry_read(format, slot);
    uint32_t cookie = axaddr_payload_cookie(format->absent_value(entry));

    if (axaddr_has_areas(self) && format->absent_kind(entry) == AXADDR_ABSENT_RESERVED) {
        axaddr_entry_write(
            format, slot,
            format->make_absent(AXADDR_ABSENT_RESERVED, axaddr_payload(edit->flags, cookie)));
    }
}

/** Change one entry that is not a table and lies within the range; it spans from `address` on. */
AXADDR_ALWAYS_INLINE void axaddr_edit_entry(const struct axaddr_instance *self,
                                            const struct axaddr_table *table,
                                            struct axaddr_edit *edit, void *slot, uint64_t entry,
                                            unsigned level, uint64_t address) {
    const struct axaddr_format *format = self->format;

    if (format->kind_of(entry, level) != AXADDR_ENTRY_LEAF) {
        if (edit->is_removal) {
            axaddr_entry_write(format, slot, format->empty);
        } else {
            axaddr_edit_absent(self, edit, slot);
        }
        return;
    }
    axaddr_flush_add(&edit->plan, address, address | axaddr_span_mask(self, level),
                     format->shift[level]);
    if (edit->is_removal) {
        edit->has_parked = true;
        axaddr_entry_write(format, slot,
                           format->make_absent(AXADDR_ABSENT_PARKED_LEAF,
                                               format->frame_of(entry, level) >> format->shift[0]));
    } else {
        axaddr_entry_replace(
            self, table, edit, slot, level, address, entry,
            format->change_leaf(entry, level, format->attributes_of(edit->flags, level)));
    }
}

/* Where size matters most, pages are changed one by one, as all other entries. */
#ifdef __OPTIMIZE_SIZE__
#define AXADDR_HAS_RUNS false
#else
#define AXADDR_HAS_RUNS true
#endif

/** Change the flags of the pages [first, last] of one table; all of them are mapped or reserved. */
AXADDR_ALWAYS_INLINE void axaddr_protect_run(const struct axaddr_instance *self,
                                             const struct axaddr_table *table,
                                             struct axaddr_edit *edit, void *slot, uint64_t first,
                                             uint64_t last) {
    const struct axaddr_format *format = self->format;
    uint64_t attributes = format->attributes_of(edit->flags, 0);
    uint64_t count = ((last - first) >> format->shift[0]) + 1;
    void *begin = slot;
    void *end = axaddr_slot_after(format, slot, count);
    uint64_t absent_count = 0;

    AXADDR_UNROLL
    for (; slot != end; slot = axaddr_slot_after(format, slot, 1)) {
        uint64_t entry = axaddr_entry_read(format, slot);

        if (AXADDR_UNLIKELY(format->kind_of(entry, 0) != AXADDR_ENTRY_LEAF)) {
            absent_count++;
            axaddr_edit_absent(self, edit, slot);
        } else if (format->needs_break == 0) {
            axaddr_entry_write_relaxed(format, slot, format->change_leaf(entry, 0, attributes));
        } else {
            size_t offset = (size_t)((unsigned char *)slot - (unsigned char *)begin);
            axaddr_entry_replace(
                self, table, edit, slot, 0,
                first + ((uint64_t)(offset >> format->entry_shift) << format->shift[0]), entry,
                format->change_leaf(entry, 0, attributes));
        }
    }
    /* Reserved pages are in no TLB; a run that has any other is flushed as a whole. */
    if (absent_count != count) {
        axaddr_flush_add(&edit->plan, first, last, format->shift[0]);
    }
}

/** Change a table that lies within the range of an unmap: take it out, with all below it. */
AXADDR_ALWAYS_INLINE void axaddr_park_table(const struct axaddr_instance *self,
                                            struct axaddr_edit *edit, void *slot, uint64_t entry) {
    const struct axaddr_format *format = self->format;

    axaddr_entry_write(format, slot,
                       format->make_absent(AXADDR_ABSENT_PARKED_TABLE,
                                           format->table_of(entry) >> format->shift[0]));
    edit->plan.has_tables = true;
    edit->has_parked = true;
}

/**
 * Whether nothing is left in the table at `at`, when the entries between `first` and `last` are
 * known to be empty or parked. Looks from `last` on, around the end, up to `first`: the next
 * neighbours most likely hold what keeps a table.
 */
AXADDR_ALWAYS_INLINE bool axaddr_is_table_parked(const struct axaddr_instance *self, void *at,
                                                 unsigned level, void *first, void *last) {
    const struct axaddr_format *format = self->format;
    void *end = axaddr_table_end(format, at, level);
    void *slot = last;
    bool has_wrapped = false;

    for (;;) {
        uint64_t entry = axaddr_entry_read(format, slot);

        if (format->kind_of(entry, level) != AXADDR_ENTRY_ABSENT) {
            return false;
        }
        switch (format->absent_kind(entry)) {
        case AXADDR_ABSENT_EMPTY:
        case AXADDR_ABSENT_PARKED_LEAF:
        case AXADDR_ABSENT_PARKED_TABLE:
            break;
        case AXADDR_ABSENT_RESERVED:
        case AXADDR_ABSENT_TRAPPED:
            return false;
        }
        if (slot == first && has_wrapped) {
            return true;
        }
        slot = axaddr_slot_after(format, slot, 1);
        if (slot == end) {
            has_wrapped = true;
            slot = at;
        }
    }
}

/**
 * Step up from the path's lowest table, in which `inside` is an address of the range. A new table
 * is complete now and is linked; one that an unmap has emptied is parked in its turn.
 */
AXADDR_ALWAYS_INLINE void axaddr_edit_step_up(const struct axaddr_instance *self,
                                              const struct axaddr_table *table,
                                              struct axaddr_path *path, struct axaddr_edit *edit,
                                              uint64_t inside) {
    const struct axaddr_format *format = self->format;
    unsigned level = path->level;
    uint64_t mask = axaddr_table_mask(self, level);
    uint64_t part_first = (inside & ~mask) > edit->first ? inside & ~mask : edit->first;
    uint64_t part_last = (inside | mask) < edit->last ? inside | mask : edit->last;
    void *at = path->at[level];
    void *slot = axaddr_slot_at(format, path->at[level + 1], level + 1, inside);
    bool is_fresh = axaddr_path_is_fresh(path);

    path->level = level + 1;
    if (is_fresh) {
        if (!axaddr_path_is_fresh(path)) {
            path->fresh_below = 0;
            axaddr_entry_replace(self, table, edit, slot, level + 1, inside,
                                 axaddr_entry_read(format, slot), path->link_entry);
        }
    } else if (edit->is_removal) {
        if (axaddr_is_table_parked(self, at, level, axaddr_slot_at(format, at, level, part_first),
                                   axaddr_slot_at(format, at, level, part_last))) {
            axaddr_park_table(self, edit, slot, axaddr_entry_read(format, slot));
            /* Only reservations were here: walkers may still have cached the way to them. */
            if (edit->plan.range_count == 0 ||
                edit->plan.ranges[edit->plan.range_count - 1].last < part_first) {
                axaddr_flush_add(&edit->plan, part_first, part_last, format->shift[level + 1]);
            }
        }
    }
}

/**
 * Change what the path's lowest table says of `address` and, at level 0, of what follows in the
 * table. Returns the last address that is done; or `address` - 1 when the path goes on downwards.
 */
AXADDR_ALWAYS_INLINE uint64_t axaddr_edit_here(const struct axaddr_instance *self,
                                               const struct axaddr_table *table,
                                               struct axaddr_path *path, struct axaddr_edit *edit,
                                               struct axaddr_pool *pool, uint64_t address) {
    const struct axaddr_format *format = self->format;
    unsigned level = path->level;
    void *slot = axaddr_slot_at(format, path->at[level], level, address);
    uint64_t entry = axaddr_entry_read(format, slot);
    uint64_t mask = axaddr_span_mask(self, level);
    uint64_t done = address | mask;
    bool is_covered = (address & mask) == 0 && done <= edit->last;

    if (format->kind_of(entry, level) == AXADDR_ENTRY_TABLE) {
        if (!edit->is_removal || !is_covered) {
            path->at[level - 1] = axaddr_frame_at(self, table, format->table_of(entry));
            path->level = level - 1;
            return address - 1;
        }
        axaddr_park_table(self, edit, slot, entry);
        axaddr_flush_add(&edit->plan, address, done, format->shift[0]);
    } else if (AXADDR_HAS_RUNS && level == 0 && !edit->is_removal) {
        done = address | axaddr_table_mask(self, 0);
        done = done < edit->last ? done : edit->last;
        axaddr_protect_run(self, table, edit, slot, address, done);
    } else if (entry != format->empty) {
        if (!is_covered) {
            axaddr_edit_split(self, table, path, pool, address, entry);
            return address - 1;
        }
        axaddr_edit_entry(self, table, edit, slot, entry, level, address);
    }
    return done;
}

/** Work through the range: cannot fail, takes its tables from `pool`. */
AXADDR_ALWAYS_INLINE void axaddr_edit_pass(const struct axaddr_instance *self,
                                           const struct axaddr_table *table,
                                           struct axaddr_edit *edit, struct axaddr_pool *pool) {
    struct axaddr_path path;
    uint64_t address = edit->first;
    bool is_done = false;

    axaddr_path_init(self, table, &path);
    while (!is_done) {
        uint64_t done = axaddr_edit_here(self, table, &path, edit, pool, address);

        if (done == address - 1) {
            continue;
        }
        is_done = done >= edit->last;
        while (path.level < axaddr_top_level(self) &&
               (is_done || ((done + 1) & axaddr_table_mask(self, path.level)) == 0)) {
            axaddr_edit_step_up(self, table, &path, edit, address);
        }
        address = done + 1;
    }
}

/**
 * Change the edit's range, which is within the table's bounds, and flush. Cannot fail: `pool` has
 * the tables that axaddr_count_splits asks for. For a protect every page must be mapped or
 * reserved, and the flags checked. If has_parked is set then, release and sweep are due. Generated
 * once for each instance.
 */
AXADDR_ALWAYS_INLINE void axaddr_table_edit(const struct axaddr_instance *self,
                                            const struct axaddr_table *table,
                                            struct axaddr_edit *edit, struct axaddr_pool *pool) {
    axaddr_edit_pass(self, table, edit, pool);
    if (!axaddr_flush_is_empty(&edit->plan)) {
        axaddr_edit_flush(self, table, edit);
    } else if (self->format->publish != 0) {
        self->format->publish();
    }
}

/** Prepare an edit: false if there is no memory for the tables that it needs. */
AXADDR_ALWAYS_INLINE bool axaddr_edit_begin(const struct axaddr_instance *self,
                                            const struct axaddr_table *table,
                                            struct axaddr_edit *edit, struct axaddr_pool *pool,
                                            uint64_t first, uint64_t last, bool is_removal,
                                            uint32_t flags) {
    axaddr_edit_init(edit, first, last, is_removal, flags);
    pool->count = 0;
    return self->resize(table, pool, axaddr_count_splits(self, table, first, last));
}

#endif /* AXADDR_CORE_EDIT_H */
