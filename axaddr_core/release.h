/* SPDX-License-Identifier: MIT
 *
 * release.h: what follows an edit's flush. The edit has left parked entries behind, each with the
 * number of the frame that it mapped or will point to (edit.h). Two walks dispose of them: release
 * frees what owned areas mapped; then settle frees tables, and makes anew what has to be live.
 */
#ifndef AXADDR_CORE_RELEASE_H
#define AXADDR_CORE_RELEASE_H

#include "edit.h"

/** What an entry holds, or held before an unmap parked it. */
enum axaddr_holding {
    AXADDR_HOLDS_NOTHING,
    AXADDR_HOLDS_FRAME,
    AXADDR_HOLDS_TABLE,
};

/** What an entry of `level` holds or held, and the frame's or table's address. */
AXADDR_ALWAYS_INLINE enum axaddr_holding axaddr_holding_of(const struct axaddr_instance *self,
                                                           uint64_t entry, unsigned level,
                                                           uint64_t *frame) {
    const struct axaddr_format *format = self->format;

    switch (format->kind_of(entry, level)) {
    case AXADDR_ENTRY_LEAF:
        *frame = format->frame_of(entry, level);
        return AXADDR_HOLDS_FRAME;
    case AXADDR_ENTRY_TABLE:
        *frame = format->table_of(entry);
        return AXADDR_HOLDS_TABLE;
    case AXADDR_ENTRY_ABSENT:
        break;
    }
    *frame = format->absent_value(entry) << format->shift[0];
    switch (format->absent_kind(entry)) {
    case AXADDR_ABSENT_PARKED_LEAF:
        return AXADDR_HOLDS_FRAME;
    case AXADDR_ABSENT_PARKED_TABLE:
    case AXADDR_ABSENT_PARKED_LINK:
        return AXADDR_HOLDS_TABLE;
    case AXADDR_ABSENT_EMPTY:
    case AXADDR_ABSENT_RESERVED:
    case AXADDR_ABSENT_TRAPPED:
    case AXADDR_ABSENT_SPARSE:
    case AXADDR_ABSENT_BACKED:
        break;
    }
    return AXADDR_HOLDS_NOTHING;
}

/** In the place of a backed area's cookie: the frames are the space's own. */
#define AXADDR_OWN_FRAMES UINT32_MAX

/**
 * Give back the frames of one leaf, which maps `address`. Blocks may be given back in smaller pieces
 * (hal.h).
 */
AXADDR_ALWAYS_INLINE void axaddr_free_leaf(const struct axaddr_instance *self,
                                           const struct axaddr_table *table, uint32_t cookie,
                                           uint64_t frame, unsigned level, uint64_t address) {
    uint64_t end = frame + (axaddr_span_mask(self, level) + 1);

    for (; frame != end; frame += axaddr_page_size(self), address += axaddr_page_size(self)) {
        if (self->hal->return_frame != 0 && cookie != AXADDR_OWN_FRAMES) {
            self->hal->return_frame(table->ctx, cookie, address, axaddr_hpa(frame));
        } else if (frame != table->zero_frame) {
            axaddr_free_frame(self, table, frame);
        }
    }
}

/**
 * Give back the frames that the leaves of [first, last], part of an area, map or mapped before they
 * were parked; `cookie` says whose they are. Entries stay as they are: the tables go next.
 */
AXADDR_ALWAYS_INLINE void axaddr_table_release(const struct axaddr_instance *self,
                                               const struct axaddr_table *table, uint64_t first,
                                               uint64_t last, uint32_t cookie) {
    const struct axaddr_format *format = self->format;
    uint64_t address = first;

    for (;;) {
        unsigned level = axaddr_top_level(self, table);
        void *slot = axaddr_slot_at(self, table, table->root_at, level, address);
        enum axaddr_holding holding;
        uint64_t frame;

        /* Down to what decides, then on as long as the table of level 0 lasts. */
        for (;;) {
            holding = axaddr_holding_of(
                self, axaddr_entry_plain(self, slot, axaddr_entry_read(self, slot), level), level,
                &frame);
            if (holding == AXADDR_HOLDS_TABLE) {
                level--;
                slot = axaddr_slot_at(self, table, axaddr_frame_at(self, table, frame), level,
                                      address);
                continue;
            }
            if (holding == AXADDR_HOLDS_FRAME) {
                axaddr_free_leaf(self, table, cookie, frame, level, address);
            }
            address |= axaddr_span_mask(self, level);
            if (address >= last) {
                return;
            }
            address++;
            if (level != 0 || (address & axaddr_table_mask(self, 0)) == 0) {
                break;
            }
            slot = axaddr_slot_after(format, slot, 1);
        }
    }
}

/** Free one table of `level`. */
AXADDR_ALWAYS_INLINE void axaddr_free_table(const struct axaddr_instance *self,
                                            const struct axaddr_table *table, uint64_t frame,
                                            unsigned level) {
    if (axaddr_root_order(self, table) > 0 && level == axaddr_top_level(self, table)) {
        self->hal->free_block(table->ctx, axaddr_root_order(self, table), axaddr_hpa(frame));
    } else {
        axaddr_free_frame(self, table, frame);
    }
}

/** The next entry from `slot` on that holds a table, and that table; `end` if there is none. */
AXADDR_ALWAYS_INLINE void *axaddr_next_link(const struct axaddr_instance *self, void *slot,
                                            void *end, unsigned level, uint64_t *child) {
    const struct axaddr_format *format = self->format;
    uint64_t follower = ~UINT64_C(0); /* what goes on a run of leaves; at first, no entry at all */

    AXADDR_UNROLL
    for (; slot != end; slot = axaddr_slot_after(format, slot, 1)) {
        uint64_t entry = axaddr_entry_read(self, slot);

        /* A table of large leaves is most often one run: what follows a leaf is a leaf. */
        entry = axaddr_entry_plain(self, slot, entry, level);
        if (entry != follower && format->kind_of(entry, level) != AXADDR_ENTRY_LEAF) {
            if (entry != format->empty &&
                axaddr_holding_of(self, entry, level, child) == AXADDR_HOLDS_TABLE) {
                break;
            }
            follower = ~UINT64_C(0);
            continue;
        }
        follower = format->next_leaf(entry, level);
    }
    return slot;
}

/**
 * Free a table of `level` that nothing points to any more, and all tables below it. Bounded by the
 * number of entries; tables of level 0 are not looked into. Generated once for each instance.
 */
AXADDR_ALWAYS_INLINE void axaddr_table_free_tables(const struct axaddr_instance *self,
                                                   const struct axaddr_table *table, uint64_t frame,
                                                   unsigned level) {
    const struct axaddr_format *format = self->format;
    uint64_t frames[AXADDR_LEVEL_MAX]; /* the tables from the first one down to `level` */
    void *slots[AXADDR_LEVEL_MAX];     /* where to go on in each */
    unsigned top = level;

    frames[top] = frame;
    slots[top] = axaddr_frame_at(self, table, frame);
    for (;;) {
        void *at = axaddr_frame_at(self, table, frames[level]);
        void *end = level > 0 ? axaddr_table_end(self, table, at, level) : at;
        void *slot = axaddr_next_link(self, slots[level], end, level, &frame);

        if (slot == end) {
            axaddr_free_table(self, table, frames[level], level);
            if (level == top) {
                return;
            }
            level++;
        } else {
            slots[level] = axaddr_slot_after(format, slot, 1);
            level--;
            frames[level] = frame;
            slots[level] = axaddr_frame_at(self, table, frame);
        }
    }
}

/**
 * Dispose of a parked entry: link the table that waits for it; or, after an unmap, empty it and free
 * the table that it was; or, after a protect, map the frame that it mapped with the new flags. What
 * hardware had noted in that leaf may be lost, so it notes all.
 */
AXADDR_ALWAYS_INLINE void axaddr_settle_entry(const struct axaddr_instance *self,
                                              const struct axaddr_table *table,
                                              const struct axaddr_edit *edit,
                                              const struct axaddr_position *position) {
    const struct axaddr_format *format = self->format;
    unsigned level = position->level;
    uint64_t frame = format->absent_value(position->entry) << format->shift[0];
    enum axaddr_absent_kind kind = format->absent_kind(position->entry);
    uint64_t entry = format->empty;

    if (kind == AXADDR_ABSENT_PARKED_LINK) {
        entry = format->make_table(frame, level);
    } else if (edit->operation == AXADDR_OP_PROTECT) {
        /* Which leaves had no WRITE is lost: none gets it, and the next write is a fault's. */
        uint32_t flags = edit->flags & ~(edit->keeps_read_only ? AXADDR_WRITE : 0);

        entry =
            format->make_leaf(frame, level, format->attributes_of(flags, level)) | format->noted;
    }
    axaddr_entry_write(self, table, position->slot, entry);
    if (kind == AXADDR_ABSENT_PARKED_TABLE) {
        self->free_tables(table, frame, level - 1);
    }
}

/** Dispose of all that an edit has parked. Generated once for each instance. */
AXADDR_ALWAYS_INLINE void axaddr_table_settle(const struct axaddr_instance *self,
                                              const struct axaddr_table *table,
                                              const struct axaddr_edit *edit) {
    const struct axaddr_format *format = self->format;
    uint64_t address = edit->first;

    for (;;) {
        struct axaddr_position position = self->lookup(table, address);
        uint64_t done = address | axaddr_span_mask(self, position.level);
        enum axaddr_absent_kind kind = AXADDR_ABSENT_EMPTY;

        if (format->kind_of(position.entry, position.level) == AXADDR_ENTRY_ABSENT) {
            kind = format->absent_kind(position.entry);
        }
        if (axaddr_absent_is_parked(kind)) {
            axaddr_settle_entry(self, table, edit, &position);
            if (kind == AXADDR_ABSENT_PARKED_LINK && edit->operation != AXADDR_OP_SPLIT) {
                continue; /* what is parked in there comes next */
            }
        }
        if (done >= edit->last) {
            break;
        }
        address = done + 1;
    }
    if (format->publish != 0) {
        format->publish();
    }
}

#endif /* AXADDR_CORE_RELEASE_H */
