/* SPDX-License-Identifier: MIT
 *
 * edit.h: changing what is there: unmap, protect, split, and the harvest of notes.
 *
 * An edit first takes the tables that its splits need, then changes entries and cannot fail. What
 * hardware has to forget before something else happens is only parked: the entry becomes absent and
 * keeps the frame's number, in place, so no list has to be kept. Then the TLBs forget, once for all
 * of it, and only then frames and tables are freed, or new entries take the place of the old:
 *
 *     edit (changes, parks, flushes)  ->  release (frames of owned areas)  ->  settle (the rest)
 *
 * The first is here, the others in release.h. So a live entry never becomes another live one that
 * the ISA forbids (break-before-make), and nothing is freed that a TLB may still hold.
 *
 * Edits are serialised by the HAL's lock, but faults on other CPUs are not kept out: a reservation
 * may become a leaf or a table at any moment, and hardware may note accesses in a leaf. So these
 * are changed by compare-and-swap, and looked at again where that fails. A parked entry is frozen:
 * nobody but the edit that parked it changes it, and a fault that meets it is retried.
 */
#ifndef AXADDR_CORE_EDIT_H
#define AXADDR_CORE_EDIT_H

#include "path.h"
#include "request.h"
#include "run.h"

/** What to change; has_parked and the plan are the engine's. */
struct axaddr_edit {
    uint64_t first;
    uint64_t last;
    enum axaddr_operation operation; /**< UNMAP, PROTECT, SPLIT, HARVEST, COLLAPSE or LABEL */
    uint32_t flags;                  /**< PROTECT: the new flags; HARVEST: the notes */
    bool keeps_read_only;            /**< PROTECT: leaves without WRITE get none */
    bool keeps_tables;               /**< UNMAP: tables that reach beyond the range stay */
    bool has_parked;                 /**< something was parked: settle is due */
    struct axaddr_flush plan;        /**< what the TLBs have yet to forget */
};

AXADDR_ALWAYS_INLINE void axaddr_edit_init(struct axaddr_edit *edit,
                                           const struct axaddr_request *request, uint64_t last) {
    edit->first = request->start;
    edit->last = last;
    edit->operation = request->operation;
    edit->flags = request->flags;
    edit->keeps_read_only = false;
    edit->keeps_tables = false;
    edit->has_parked = false;
    axaddr_flush_init(&edit->plan);
}

/** Whether only leaves matter to it, and areas and reservations stay as they are. */
AXADDR_ALWAYS_INLINE bool axaddr_edit_is_leaves_only(const struct axaddr_edit *edit) {
    return edit->operation == AXADDR_OP_SPLIT || edit->operation == AXADDR_OP_HARVEST;
}

/* ---- counting ---- */

/** Tables that breaking up all leaves of [first, last] takes: one for each part that is not small. */
AXADDR_ALWAYS_INLINE uint64_t axaddr_count_splits(const struct axaddr_instance *self,
                                                  const struct axaddr_table *table, uint64_t first,
                                                  uint64_t last) {
    uint64_t count = 0;

    for (;;) {
        struct axaddr_position position = self->lookup(table, first);
        unsigned level = position.level;
        uint64_t done =
            first | (level == 0 ? axaddr_table_mask(self, 0) : axaddr_span_mask(self, level));

        done = done < last ? done : last;
        if (self->format->kind_of(position.entry, level) == AXADDR_ENTRY_LEAF) {
            for (; level > 0; level--) {
                unsigned shift = self->format->shift[level];
                count += (done >> shift) - (first >> shift) + 1;
            }
        }
        if (done == last) {
            return count;
        }
        first = done + 1;
    }
}

/**
 * Tables that it takes when each level at which one of the ends of [first, last] cuts a leaf or a
 * reservation in two gets one; with is_split, leaves have been counted already.
 */
AXADDR_ALWAYS_INLINE uint64_t axaddr_count_ends(const struct axaddr_instance *self,
                                                const struct axaddr_table *table, uint64_t first,
                                                uint64_t last, bool is_split) {
    uint64_t count = 0;
    uint64_t edge = first;

    for (;;) {
        struct axaddr_position position = self->lookup(table, edge);
        unsigned level = position.entry == self->format->empty ? 0 : position.level;

        if (is_split &&
            self->format->kind_of(position.entry, position.level) == AXADDR_ENTRY_LEAF) {
            level = 0;
        }
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

/**
 * Tables that an unmap or protect of [first, last] needs: one for each level at which one of its
 * ends cuts a leaf or a reservation in two. Faults beside it can only make it less.
 */
AXADDR_ALWAYS_INLINE uint64_t axaddr_count_cuts(const struct axaddr_instance *self,
                                                const struct axaddr_table *table, uint64_t first,
                                                uint64_t last) {
    return axaddr_count_ends(self, table, first, last, false);
}

/* ---- splits ---- */

/** Fill a new table of level - 1 so that it says of every part what `entry` of `level` says. */
AXADDR_ALWAYS_INLINE void axaddr_fill_parts(const struct axaddr_instance *self,
                                            const struct axaddr_table *table, void *at,
                                            uint64_t entry, unsigned level) {
    const struct axaddr_format *format = self->format;
    void *end = axaddr_table_end(self, table, at, level - 1);
    void *slot = at;

    if (format->kind_of(entry, level) != AXADDR_ENTRY_LEAF) {
        axaddr_entry_fill(self, table, at, end, entry);
        return;
    }
    entry = format->split_leaf(entry, level);
    for (; slot != end; slot = axaddr_slot_after(format, slot, 1)) {
        axaddr_entry_write_relaxed(self, slot, entry);
        entry = format->next_leaf(entry, level - 1);
    }
    axaddr_clean(self, table, at, end);
}

/**
 * Put a table in the place of `entry`, a leaf or a reservation, and step into it. Where that needs
 * a break, the entry is parked and the table not linked before settle, so that what the edit then
 * does in there needs no flush of its own. Does nothing if the entry has changed meanwhile.
 */
AXADDR_ALWAYS_INLINE void axaddr_edit_split(const struct axaddr_instance *self,
                                            const struct axaddr_table *table,
                                            struct axaddr_path *path, struct axaddr_edit *edit,
                                            struct axaddr_pool *pool, uint64_t address,
                                            uint64_t entry) {
    const struct axaddr_format *format = self->format;
    unsigned level = path->level;
    uint64_t mask = axaddr_span_mask(self, level);
    void *slot = axaddr_slot_at(self, table, path->at[level], level, address);
    uint64_t frame = axaddr_pool_take(self, table, pool);
    uint64_t link = format->make_table(frame, level);
    bool must_break = !axaddr_path_is_fresh(path) && format->needs_break != 0 &&
                      format->kind_of(entry, level) == AXADDR_ENTRY_LEAF &&
                      format->needs_break(entry, link, level);
    void *at = axaddr_frame_at(self, table, frame);

    axaddr_fill_parts(self, table, at, axaddr_entry_plain(self, slot, entry, level), level);
    if (must_break) {
        link = format->make_absent(AXADDR_ABSENT_PARKED_LINK, frame >> format->shift[0]);
    }
    if (!axaddr_entry_swap(self, table, slot, entry, link)) {
        axaddr_pool_put(self, table, pool, frame);
        return;
    }
    if (must_break) {
        edit->has_parked = true;
        axaddr_flush_add(&edit->plan, address & ~mask, address | mask, format->shift[level]);
        path->fresh_below = level;
    }
    path->at[level - 1] = at;
    path->level = level - 1;
}

/* ---- changing entries ---- */

/** Give a reservation the edit's flags; other absent entries stay. False: it has changed. */
AXADDR_ALWAYS_INLINE bool axaddr_protect_absent(const struct axaddr_instance *self,
                                                const struct axaddr_table *table,
                                                const struct axaddr_edit *edit, void *slot,
                                                uint64_t entry) {
    const struct axaddr_format *format = self->format;
    enum axaddr_absent_kind kind = format->absent_kind(entry);
    uint64_t payload = format->absent_value(entry);
    uint32_t flags = edit->flags | axaddr_payload_how(payload);

    if (!axaddr_has_areas(self) || !axaddr_absent_is_lazy(kind)) {
        return true;
    }
    payload = axaddr_payload(flags, axaddr_payload_cookie(payload));
    return axaddr_entry_swap(self, table, slot, entry, format->make_absent(kind, payload));
}

/** Take a leaf out, to be settled after the flush. */
AXADDR_ALWAYS_INLINE void axaddr_park_leaf(const struct axaddr_instance *self,
                                           const struct axaddr_table *table,
                                           struct axaddr_edit *edit, void *slot, uint64_t entry,
                                           unsigned level) {
    const struct axaddr_format *format = self->format;

    entry = axaddr_entry_plain(self, slot, entry, level);
    edit->has_parked = true;
    axaddr_entry_write(self, table, slot,
                       format->make_absent(AXADDR_ABSENT_PARKED_LEAF,
                                           format->frame_of(entry, level) >> format->shift[0]));
}

/**
 * Give a leaf other attributes: at once, or where that needs a break, when it is settled. False: it
 * has changed meanwhile.
 */
AXADDR_ALWAYS_INLINE bool axaddr_protect_leaf(const struct axaddr_instance *self,
                                              const struct axaddr_table *table,
                                              struct axaddr_edit *edit, void *slot, uint64_t entry,
                                              unsigned level, uint64_t attributes,
                                              bool is_private) {
    const struct axaddr_format *format = self->format;
    uint64_t to = format->change_leaf(entry, level, attributes);

    if (format->needs_break != 0 && !is_private && format->needs_break(entry, to, level)) {
        axaddr_park_leaf(self, table, edit, slot, entry, level);
        return true;
    }
    return axaddr_entry_swap(self, table, slot, entry, to);
}

/**
 * Change one entry that is not a table and lies within the range of an unmap or protect; it spans
 * from `address` on. False: it has changed meanwhile.
 */
AXADDR_ALWAYS_INLINE bool axaddr_edit_entry(const struct axaddr_instance *self,
                                            const struct axaddr_table *table,
                                            struct axaddr_edit *edit, void *slot, uint64_t entry,
                                            unsigned level, uint64_t address, bool is_private) {
    const struct axaddr_format *format = self->format;

    if (format->kind_of(entry, level) != AXADDR_ENTRY_LEAF) {
        return edit->operation == AXADDR_OP_UNMAP
                   ? axaddr_entry_swap(self, table, slot, entry, format->empty)
                   : axaddr_protect_absent(self, table, edit, slot, entry);
    }
    if (edit->operation == AXADDR_OP_UNMAP) {
        axaddr_park_leaf(self, table, edit, slot, entry, level);
    } else {
        uint32_t flags = edit->flags;

        if (edit->keeps_read_only && (format->flags_of(entry, level) & AXADDR_WRITE) == 0) {
            flags &= ~AXADDR_WRITE;
        }
        if (!axaddr_protect_leaf(self, table, edit, slot, entry, level,
                                 format->attributes_of(flags, level), is_private)) {
            return false;
        }
    }
    if (!is_private) {
        axaddr_flush_add(&edit->plan, address, address | axaddr_span_mask(self, level),
                         format->shift[level]);
    }
    return true;
}

/** Tell what was noted of a leaf, and clear it. False: it has changed meanwhile. */
AXADDR_ALWAYS_INLINE bool axaddr_harvest_leaf(const struct axaddr_instance *self,
                                              const struct axaddr_table *table,
                                              struct axaddr_edit *edit, void *slot, uint64_t entry,
                                              unsigned level, uint64_t address) {
    const struct axaddr_format *format = self->format;
    uint64_t first = address & ~axaddr_span_mask(self, level);
    uint64_t to = format->clear_notes(entry, level, edit->flags);
    uint32_t notes = format->notes_of(entry, level) & edit->flags;

    if (to != entry) {
        if (!axaddr_entry_swap(self, table, slot, entry, to)) {
            return false;
        }
        axaddr_flush_add(&edit->plan, first, first | axaddr_span_mask(self, level),
                         format->shift[level]);
    }
    if (notes != 0 && self->hal->harvested != 0) {
        self->hal->harvested(table->ctx, first, axaddr_span_mask(self, level) + 1, notes);
    }
    return true;
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
                                             uint64_t last, bool is_private) {
    const struct axaddr_format *format = self->format;
    uint64_t attributes = format->attributes_of(edit->flags, 0);
    uint64_t count = ((last - first) >> format->shift[0]) + 1;
    void *begin = slot;
    void *end = axaddr_slot_after(format, slot, count);
    uint64_t absent_count = 0;
    bool is_repeated = false;
    bool is_done;

    /* Should an entry change meanwhile, all are done once more: so the loop has no other in it. */
    do {
        is_done = true;
        AXADDR_UNROLL
        for (slot = begin; slot != end; slot = axaddr_slot_after(format, slot, 1)) {
            uint64_t entry = axaddr_entry_read(self, slot);

            if (AXADDR_LIKELY(format->kind_of(entry, 0) == AXADDR_ENTRY_LEAF)) {
                if (AXADDR_UNLIKELY(!axaddr_protect_leaf(self, table, edit, slot, entry, 0,
                                                         attributes, is_private))) {
                    is_done = false;
                }
            } else if (axaddr_protect_absent(self, table, edit, slot, entry)) {
                absent_count++;
            } else {
                is_done = false;
            }
        }
        is_repeated = is_repeated || !is_done;
    } while (!is_done);
    /* Reserved pages are in no TLB; a run that has any other is flushed as a whole. */
    if ((absent_count != count || is_repeated) && !is_private) {
        axaddr_flush_add(&edit->plan, first, last, format->shift[0]);
    }
}

/** Take a table that lies within the range of an unmap out, with all below it. */
AXADDR_ALWAYS_INLINE void axaddr_park_table(const struct axaddr_instance *self,
                                            const struct axaddr_table *table,
                                            struct axaddr_edit *edit, void *slot, uint64_t entry) {
    const struct axaddr_format *format = self->format;

    axaddr_entry_write(self, table, slot,
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
AXADDR_ALWAYS_INLINE bool axaddr_is_table_parked(const struct axaddr_instance *self,
                                                 const struct axaddr_table *table, void *at,
                                                 unsigned level, void *first, void *last) {
    const struct axaddr_format *format = self->format;
    void *end = axaddr_table_end(self, table, at, level);
    void *slot = last;
    bool has_wrapped = false;

    for (;;) {
        uint64_t entry = axaddr_entry_read(self, slot);

        if (entry != format->empty) {
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
            case AXADDR_ABSENT_PARKED_LINK:
            case AXADDR_ABSENT_SPARSE:
            case AXADDR_ABSENT_BACKED:
                return false;
            }
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
 * Step up from the path's lowest table, in which `inside` is an address of the range. One that an
 * unmap has emptied is parked in its turn.
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
    void *slot = axaddr_slot_at(self, table, path->at[level + 1], level + 1, inside);
    bool is_private = axaddr_path_is_fresh(path);

    path->level = level + 1;
    if (is_private) {
        path->fresh_below = level + 1 < path->fresh_below ? path->fresh_below : 0;
    } else if (edit->operation == AXADDR_OP_UNMAP && !edit->keeps_tables &&
               !axaddr_is_shared(self, table, level + 1, inside) &&
               axaddr_is_table_parked(self, table, at, level,
                                      axaddr_slot_at(self, table, at, level, part_first),
                                      axaddr_slot_at(self, table, at, level, part_last))) {
        axaddr_park_table(self, table, edit, slot, axaddr_entry_read(self, slot));
        /* Only reservations were here: walkers may still have cached the way to them. */
        if (edit->plan.range_count == 0 ||
            edit->plan.ranges[edit->plan.range_count - 1].last < part_first) {
            axaddr_flush_add(&edit->plan, part_first, part_last, format->shift[level + 1]);
        }
    }
}

/**
 * Change what the path's lowest table says of `address` and, at level 0, of what follows in the
 * table. Returns the last address that is done; or `address` - 1 when the path goes on downwards,
 * or the entry has to be looked at again.
 */
AXADDR_ALWAYS_INLINE uint64_t axaddr_edit_here(const struct axaddr_instance *self,
                                               const struct axaddr_table *table,
                                               struct axaddr_path *path, struct axaddr_edit *edit,
                                               struct axaddr_pool *pool, uint64_t address) {
    const struct axaddr_format *format = self->format;
    unsigned level = path->level;
    void *slot = axaddr_slot_at(self, table, path->at[level], level, address);
    uint64_t entry = axaddr_entry_read(self, slot);
    enum axaddr_entry_kind kind = format->kind_of(entry, level);
    uint64_t done = address | axaddr_span_mask(self, level);
    bool is_covered = (address & axaddr_span_mask(self, level)) == 0 && done <= edit->last;
    bool is_private = axaddr_path_is_fresh(path);

    if (edit->operation == AXADDR_OP_LABEL && is_covered) {
        return done; /* only what reaches across an end is cut: no entry is of two areas */
    }
    if (kind == AXADDR_ENTRY_TABLE) {
        if (edit->operation != AXADDR_OP_UNMAP || !is_covered ||
            axaddr_is_shared(self, table, level, address)) {
            path->at[level - 1] = axaddr_frame_at(self, table, format->table_of(entry));
            path->level = level - 1;
            return address - 1;
        }
        axaddr_park_table(self, table, edit, slot, entry);
        axaddr_flush_add(&edit->plan, address, done, format->shift[0]);
        return done;
    }
    if (level == 0 &&
        (edit->operation == AXADDR_OP_SPLIT ||
         (AXADDR_HAS_RUNS && edit->operation == AXADDR_OP_PROTECT && !edit->keeps_read_only))) {
        done = address | axaddr_table_mask(self, 0);
        done = done < edit->last ? done : edit->last;
        if (edit->operation == AXADDR_OP_PROTECT) {
            axaddr_protect_run(self, table, edit, slot, address, done, is_private);
        }
        return done;
    }
    if (entry == format->empty || (kind != AXADDR_ENTRY_LEAF && axaddr_edit_is_leaves_only(edit))) {
        return done;
    }
    if (edit->operation == AXADDR_OP_HARVEST && axaddr_is_in_run(self, slot, entry, level)) {
        self->rewrite_run(table, slot, level, address, false); /* its leaves will differ */
        return address - 1;
    }
    if (edit->operation == AXADDR_OP_HARVEST) {
        return axaddr_harvest_leaf(self, table, edit, slot, entry, level, address) ? done
                                                                                   : address - 1;
    }
    if (edit->operation == AXADDR_OP_SPLIT || !is_covered) {
        axaddr_edit_split(self, table, path, edit, pool, address, entry);
        return address - 1;
    }
    return axaddr_edit_entry(self, table, edit, slot, entry, level, address, is_private)
               ? done
               : address - 1;
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
        while (path.level < axaddr_top_level(self, table) &&
               (is_done || ((done + 1) & axaddr_table_mask(self, path.level)) == 0)) {
            axaddr_edit_step_up(self, table, &path, edit, address);
        }
        address = done + 1;
    }
}

/**
 * Change the edit's range, which is within the table's bounds, and flush. Cannot fail: `pool` has
 * the tables that were counted. For a protect every page must be mapped or reserved, and the flags
 * checked. If has_parked is set then, release (of an unmap) and settle are due. Generated once for
 * each instance.
 */
AXADDR_ALWAYS_INLINE void axaddr_table_edit(const struct axaddr_instance *self,
                                            const struct axaddr_table *table,
                                            struct axaddr_edit *edit, struct axaddr_pool *pool) {
    /* What becomes of a run within the range, becomes of all of it. */
    if (edit->operation != AXADDR_OP_HARVEST) {
        bool is_pages = edit->operation == AXADDR_OP_SPLIT || edit->operation == AXADDR_OP_LABEL;
        unsigned level_min = is_pages ? 1 : 0;

        axaddr_run_cut(self, table, edit->first, edit->first, edit->last, level_min);
        axaddr_run_cut(self, table, edit->last, edit->first, edit->last, level_min);
    }
    axaddr_edit_pass(self, table, edit, pool);
    if (!axaddr_flush_is_empty(&edit->plan)) {
        axaddr_flush_limit(&edit->plan);
        axaddr_flush_tlb(self, table, &edit->plan);
        /* The host may be writing what was checked and noted before (data.h). */
        if (edit->operation == AXADDR_OP_HARVEST || edit->operation == AXADDR_OP_PROTECT) {
            axaddr_quiesce(self, table);
        }
    } else if (self->format->publish != 0) {
        self->format->publish();
    }
}

#endif /* AXADDR_CORE_EDIT_H */
