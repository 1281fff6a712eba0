/* SPDX-License-Identifier: MIT
 *
 * collapse.h: the inverse of a split: a table whose leaves map one piece of memory alike becomes one
 * large leaf, and where that cannot be, runs get their hint. For each level from below: the tables
 * are taken out (parked), the TLBs forget them, who still walks them leaves; only then, when
 * neither hardware nor a fault on another CPU can change them any more, the leaves are made, with
 * all that hardware noted, and the tables freed.
 */
#ifndef AXADDR_CORE_COLLAPSE_H
#define AXADDR_CORE_COLLAPSE_H

#include "edit.h"
#include "release.h"
#include "run.h"

/** What leaves have in common that are alike. */
struct axaddr_alike {
    uint64_t frame; /**< of the first */
    uint32_t flags;
    uint64_t noted; /**< in any of them */
    bool is_clean; /**< format->noted does not tell of writes, and none of them was noted written */
};

/**
 * Whether `count` leaves of `level` from `slot` on map one piece of memory with the same flags,
 * aligned to what all of them map, and say nothing else but what is noted of them. In a run
 * (is_run), of which a TLB may hold any entry for all, they also have to be the same bit by bit but
 * for format->noted. The zero frame is never part of one: it may not become writable with others.
 */
AXADDR_ALWAYS_INLINE bool axaddr_is_uniform(const struct axaddr_instance *self,
                                            const struct axaddr_table *table, void *slot,
                                            uint64_t count, unsigned level, bool is_run,
                                            struct axaddr_alike *alike) {
    const struct axaddr_format *format = self->format;
    void *end = axaddr_slot_after(format, slot, count);
    uint64_t mask = (count << format->shift[level]) - 1;
    uint64_t entry = axaddr_entry_plain(self, slot, axaddr_entry_read(self, slot), level);
    uint64_t may_differ = 0; /* besides format->noted */
    uint64_t expected;

    if (format->kind_of(entry, level) != AXADDR_ENTRY_LEAF) {
        return false;
    }
    alike->frame = format->frame_of(entry, level);
    alike->flags = format->flags_of(entry, level);
    alike->noted = 0;
    alike->is_clean = true;
    if ((alike->frame & mask) != 0 || alike->frame == (table->zero_frame & ~mask)) {
        return false;
    }
    expected = format->make_leaf(alike->frame, level, format->attributes_of(alike->flags, level));
    if (!is_run && format->clear_notes != 0) {
        may_differ = expected ^ format->clear_notes(expected, level, AXADDR_NOTES);
    }
    for (; slot != end; slot = axaddr_slot_after(format, slot, 1)) {
        uint64_t differs;

        entry = axaddr_entry_plain(self, slot, axaddr_entry_read(self, slot), level);
        differs = (entry ^ expected) & ~format->noted;
        if ((differs & ~may_differ) != 0 ||
            (differs != 0 && format->flags_of(entry, level) != alike->flags)) {
            return false;
        }
        if (differs == 0 || (format->notes_of(entry, level) & AXADDR_DIRTY) != 0) {
            alike->is_clean = false;
        }
        alike->noted |= entry & format->noted;
        expected = format->next_leaf(expected, level);
    }
    return true;
}

/** The leaf of `level` that says what all leaves of the table at `at` say; false if there is none. */
AXADDR_ALWAYS_INLINE bool axaddr_merge(const struct axaddr_instance *self,
                                       const struct axaddr_table *table, void *at, unsigned level,
                                       uint64_t *leaf) {
    const struct axaddr_format *format = self->format;
    uint64_t count = UINT64_C(1) << format->index_bits[level - 1];
    struct axaddr_alike alike;

    if (!axaddr_is_uniform(self, table, at, count, level - 1, false, &alike)) {
        return false;
    }
    *leaf = format->make_leaf(alike.frame, level, format->attributes_of(alike.flags, level));
    if (alike.is_clean) {
        *leaf = format->clear_notes(*leaf, level, AXADDR_DIRTY);
    }
    *leaf = (*leaf & ~format->noted) | alike.noted;
    return true;
}

/** Give the leaves of one table that form runs within [first, last] their hint. */
AXADDR_ALWAYS_INLINE void axaddr_hint_runs(const struct axaddr_instance *self,
                                           const struct axaddr_table *table, void *at,
                                           unsigned level, uint64_t first, uint64_t last) {
    uint64_t mask = axaddr_run_mask(self, level);
    uint64_t address = (first + mask) & ~mask;

    while (address >= first && address <= last && last - address >= mask) {
        void *slot = axaddr_slot_at(self, table, at, level, address);
        struct axaddr_alike alike;

        if (axaddr_is_uniform(self, table, slot, UINT64_C(1) << self->format->run_bits, level, true,
                              &alike) &&
            !axaddr_is_in_run(self, slot, axaddr_entry_read(self, slot), level)) {
            self->rewrite_run(table, slot, level, address, true);
        }
        address += mask + 1;
    }
}

/** What one walk over a range does. */
enum axaddr_collapse_step {
    AXADDR_COLLAPSE_PARK, /**< take the tables of level - 1 out that can be a leaf of `level` */
    AXADDR_COLLAPSE_MAKE, /**< make these leaves */
    AXADDR_COLLAPSE_HINT, /**< hint at runs of `level` */
};

/** Do it to the entry of edit->level at `slot`, and all that it spans lies in the range. */
AXADDR_ALWAYS_INLINE void axaddr_collapse_entry(const struct axaddr_instance *self,
                                                const struct axaddr_table *table,
                                                struct axaddr_edit *edit, void *slot,
                                                unsigned level, uint64_t address, bool is_park) {
    const struct axaddr_format *format = self->format;
    uint64_t entry = axaddr_entry_read(self, slot);
    uint64_t leaf;
    uint64_t frame;

    if (is_park) {
        if (format->kind_of(entry, level) == AXADDR_ENTRY_TABLE &&
            !axaddr_is_shared(self, table, level, address) &&
            axaddr_merge(self, table, axaddr_frame_at(self, table, format->table_of(entry)), level,
                         &leaf)) {
            axaddr_park_table(self, table, edit, slot, entry);
            axaddr_flush_add(&edit->plan, address, address | axaddr_span_mask(self, level),
                             format->shift[level - 1]);
        }
    } else if (format->kind_of(entry, level) == AXADDR_ENTRY_ABSENT &&
               format->absent_kind(entry) == AXADDR_ABSENT_PARKED_TABLE) {
        frame = format->absent_value(entry) << format->shift[0];
        if (axaddr_merge(self, table, axaddr_frame_at(self, table, frame), level, &leaf)) {
            axaddr_entry_write(self, table, slot, leaf);
            axaddr_free_frame(self, table, frame);
        } else { /* a fault changed a leaf in between */
            axaddr_entry_write(self, table, slot, format->make_table(frame, level));
        }
    }
}

/** One walk over the edit's range, to the entries of `level`. */
AXADDR_ALWAYS_INLINE void axaddr_collapse_walk(const struct axaddr_instance *self,
                                               const struct axaddr_table *table,
                                               struct axaddr_edit *edit, unsigned level,
                                               enum axaddr_collapse_step step) {
    const struct axaddr_format *format = self->format;
    uint64_t address = edit->first;
    struct axaddr_path path;

    axaddr_path_init(self, table, &path);
    for (;;) {
        void *slot = axaddr_slot_at(self, table, path.at[path.level], path.level, address);
        uint64_t done = address | axaddr_span_mask(self, path.level);

        if (path.level > level) {
            uint64_t entry = axaddr_entry_read(self, slot);

            if (format->kind_of(entry, path.level) == AXADDR_ENTRY_TABLE) {
                path.level--;
                path.at[path.level] = axaddr_frame_at(self, table, format->table_of(entry));
                continue;
            }
        } else if (step == AXADDR_COLLAPSE_HINT) {
            done = address | axaddr_table_mask(self, level);
            axaddr_hint_runs(self, table, path.at[level], level, address,
                             done < edit->last ? done : edit->last);
        } else if ((address & axaddr_span_mask(self, level)) == 0 && done <= edit->last) {
            axaddr_collapse_entry(self, table, edit, slot, level, address,
                                  step == AXADDR_COLLAPSE_PARK);
        }
        if (done >= edit->last) {
            return;
        }
        address = done + 1;
        while (axaddr_path_leaves(self, table, &path, address)) {
            path.level++;
        }
    }
}

/**
 * Collapse what can be within the edit's range, which lies in one area. Needs no memory and cannot
 * fail; frees tables. With the lock held. Generated once for each instance.
 */
AXADDR_ALWAYS_INLINE void axaddr_table_collapse(const struct axaddr_instance *self,
                                                const struct axaddr_table *table,
                                                struct axaddr_edit *edit) {
    enum axaddr_collapse_step step = AXADDR_COLLAPSE_PARK;
    unsigned level = 1;

    /* Level by level: park and make its leaves, then look for runs in what remains below. */
    while (level <= axaddr_leaf_level_max(self, table) + 1) {
        bool is_hint = step == AXADDR_COLLAPSE_HINT;

        if (is_hint ? axaddr_has_runs(self, level - 1)
                    : level <= axaddr_leaf_level_max(self, table)) {
            axaddr_collapse_walk(self, table, edit, is_hint ? level - 1 : level, step);
        }
        if (edit->has_parked && step == AXADDR_COLLAPSE_PARK) {
            axaddr_flush_limit(&edit->plan);
            axaddr_flush_tlb(self, table, &edit->plan);
            axaddr_quiesce(self, table);
            axaddr_flush_init(&edit->plan);
            step = AXADDR_COLLAPSE_MAKE;
        } else {
            edit->has_parked = false;
            level += is_hint ? 1 : 0;
            step = is_hint ? AXADDR_COLLAPSE_PARK : AXADDR_COLLAPSE_HINT;
        }
    }
    if (self->format->publish != 0) {
        self->format->publish();
    }
}

#endif /* AXADDR_CORE_COLLAPSE_H */
