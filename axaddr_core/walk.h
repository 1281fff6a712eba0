/* SPDX-License-Identifier: MIT
 *
 * walk.h: from an address to the entry that decides it, and what that entry says.
 *
 * There are two walkers. axaddr_walk is unrolled, with every level a constant: for the hot paths.
 * axaddr_lookup is the same as a loop, generated once for each instance: for everything else.
 */
#ifndef AXADDR_CORE_WALK_H
#define AXADDR_CORE_WALK_H

#include "entry.h"

/**
 * Whether walks look at the table's bounds: for formats that root entries may be shared in, as what
 * is outside the bounds is mapped then, but not by this table.
 */
AXADDR_ALWAYS_INLINE bool axaddr_checks_bounds(const struct axaddr_instance *self) {
    return self->format->is_sign_extended || self->format->input_width <= 32;
}

/**
 * Whether a walk for `address` ends at what was mapped there and nowhere else. Within the width
 * that the tables reach it does, as nothing is mapped outside the bounds; only addresses beyond it
 * alias.
 */
AXADDR_ALWAYS_INLINE bool axaddr_is_walkable(const struct axaddr_instance *self,
                                             const struct axaddr_table *table, uint64_t address) {
    unsigned top = axaddr_top_level(self, table);

    return axaddr_checks_bounds(self) ? address >= table->first && address <= table->last
                                      : address >> self->format->shift[top] <=
                                            axaddr_low_bits(axaddr_index_bits(self, table, top));
}

/** One step of the walk; false when the entry is not a table, and decides. */
AXADDR_ALWAYS_INLINE bool axaddr_walk_step(const struct axaddr_instance *self,
                                           const struct axaddr_table *table, uint64_t address,
                                           unsigned level, void **at,
                                           struct axaddr_position *position) {
    position->slot = axaddr_slot(self, table, *at, level, address);
    position->entry = axaddr_entry_read(self, position->slot);
    position->level = level;
    if (AXADDR_UNLIKELY(self->format->kind_of(position->entry, level) != AXADDR_ENTRY_TABLE)) {
        return false;
    }
    *at = axaddr_frame_at(self, table, self->format->table_of(position->entry));
    return true;
}

/**
 * Walk to level 0, or to the entry above it that ends the walk: false then. `address` must be
 * reachable. position->entry is never a table. Where size matters most, it is the shared walk.
 */
AXADDR_ALWAYS_INLINE bool axaddr_walk(const struct axaddr_instance *self,
                                      const struct axaddr_table *table, uint64_t address,
                                      struct axaddr_position *position) {
#ifdef __OPTIMIZE_SIZE__
    *position = self->lookup(table, address);
    return position->level == 0;
#else
    unsigned count = axaddr_top_level(self, table) + 1;
    void *at = table->root_at;

    if (count > 4 && !axaddr_walk_step(self, table, address, 4, &at, position)) {
        return false;
    }
    if (count > 3 && !axaddr_walk_step(self, table, address, 3, &at, position)) {
        return false;
    }
    if (count > 2 && !axaddr_walk_step(self, table, address, 2, &at, position)) {
        return false;
    }
    if (!axaddr_walk_step(self, table, address, 1, &at, position)) {
        return false;
    }
    position->slot = axaddr_slot(self, table, at, 0, address);
    position->entry = axaddr_entry_read(self, position->slot);
    position->level = 0;
    return true;
#endif
}

/** The same as a loop. `address` must be reachable. */
AXADDR_ALWAYS_INLINE struct axaddr_position axaddr_lookup(const struct axaddr_instance *self,
                                                          const struct axaddr_table *table,
                                                          uint64_t address) {
    struct axaddr_position position;
    unsigned level = axaddr_top_level(self, table);
    void *at = table->root_at;

    while (axaddr_walk_step(self, table, address, level, &at, &position)) {
        level--;
    }
    return position;
}

/* ---- what a table says of an address ---- */

/** What query tells of an address. */
struct axaddr_mapping {
    axaddr_hpa_t hpa;             /**< the byte that the address maps to (0 if not mapped) */
    uint64_t size;                /**< bytes of the leaf, or of the absent entry */
    uint32_t flags;               /**< of the leaf, or of the reservation */
    uint32_t notes;               /**< of the leaf: AXADDR_ACCESSED, AXADDR_DIRTY */
    uint32_t cookie;              /**< of a reserved or trapped entry */
    enum axaddr_absent_kind kind; /**< why it is not mapped: EMPTY, RESERVED, ... */
};

/** Whether an absent entry is one that an edit on another CPU is at work on. */
AXADDR_ALWAYS_INLINE bool axaddr_is_frozen(const struct axaddr_instance *self, uint64_t entry) {
    return axaddr_is_concurrent(self) && axaddr_absent_is_parked(self->format->absent_kind(entry));
}

/** The host address of a byte, by a leaf that maps it. */
AXADDR_ALWAYS_INLINE uint64_t axaddr_leaf_output(const struct axaddr_instance *self, uint64_t leaf,
                                                 unsigned level, uint64_t address) {
    return self->format->frame_of(leaf, level) | (address & axaddr_span_mask(self, level));
}

/**
 * Look at one level of the walk for a translation: true when it ends here, with or without a
 * result. Each level has its own end, so that a leaf's size is a constant there.
 */
AXADDR_ALWAYS_INLINE bool axaddr_translate_step(const struct axaddr_instance *self,
                                                const struct axaddr_table *table, uint64_t address,
                                                unsigned level, void **at,
                                                enum axaddr_status *status, uint64_t *output) {
    const struct axaddr_format *format = self->format;
    void *slot = axaddr_slot(self, table, *at, level, address);
    uint64_t entry = axaddr_entry_read(self, slot);
    enum axaddr_entry_kind kind = format->kind_of(entry, level);

    if (level > 0 && AXADDR_LIKELY(kind == AXADDR_ENTRY_TABLE)) {
        *at = axaddr_frame_at(self, table, format->table_of(entry));
        return false;
    }
    if (kind == AXADDR_ENTRY_LEAF) {
        entry = axaddr_entry_plain(self, slot, entry, level);
        *output = axaddr_leaf_output(self, entry, level, address);
        *status = AXADDR_OK;
    } else if (address < table->first || address > table->last) {
        *status = AXADDR_INVALID;
    } else {
        *status = axaddr_is_frozen(self, entry) ? AXADDR_BUSY : AXADDR_NOT_MAPPED;
    }
    return true;
}

/** See axaddr_table_translate. */
AXADDR_ALWAYS_INLINE enum axaddr_status axaddr_translate_walk(const struct axaddr_instance *self,
                                                              const struct axaddr_table *table,
                                                              uint64_t address, uint64_t *output) {
    unsigned count = axaddr_top_level(self, table) + 1;
    enum axaddr_status status;
    void *at = table->root_at;

    if (!axaddr_is_walkable(self, table, address)) {
        return AXADDR_INVALID;
    }
#ifdef __OPTIMIZE_SIZE__
    while (!axaddr_translate_step(self, table, address, --count, &at, &status, output)) {
    }
    return status;
#else
    if (count > 4 && axaddr_translate_step(self, table, address, 4, &at, &status, output)) {
        return status;
    }
    if (count > 3 && axaddr_translate_step(self, table, address, 3, &at, &status, output)) {
        return status;
    }
    if (count > 2 && axaddr_translate_step(self, table, address, 2, &at, &status, output)) {
        return status;
    }
    if (axaddr_translate_step(self, table, address, 1, &at, &status, output)) {
        return status;
    }
    (void)axaddr_translate_step(self, table, address, 0, &at, &status, output);
    return status;
#endif
}

/**
 * The host-physical address of a byte. INVALID outside the table's bounds, NOT_MAPPED where there
 * is no leaf (holes, reserved and trapped pages), BUSY where an edit on another CPU is at work just
 * now; *output is untouched then.
 */
AXADDR_ALWAYS_INLINE enum axaddr_status axaddr_table_translate(const struct axaddr_instance *self,
                                                               const struct axaddr_table *table,
                                                               uint64_t address, uint64_t *output) {
    enum axaddr_status status;

    axaddr_enter_walk(self, table);
    status = axaddr_translate_walk(self, table, address, output);
    axaddr_leave_walk(self, table);
    return status;
}

/**
 * All about an address. OK: it is mapped. NOT_MAPPED: it is not, and *mapping tells what is known
 * of it. INVALID: outside the bounds; BUSY: an edit on another CPU is at work on it just now;
 * *mapping is untouched.
 */
AXADDR_ALWAYS_INLINE enum axaddr_status axaddr_table_query(const struct axaddr_instance *self,
                                                           const struct axaddr_table *table,
                                                           uint64_t address,
                                                           struct axaddr_mapping *mapping) {
    const struct axaddr_format *format = self->format;
    struct axaddr_position position;
    uint64_t payload = 0;

    if (address < table->first || address > table->last) {
        return AXADDR_INVALID;
    }
    axaddr_enter_walk(self, table);
    position = self->lookup(table, address);
    axaddr_leave_walk(self, table);
    if (format->kind_of(position.entry, position.level) != AXADDR_ENTRY_LEAF &&
        axaddr_is_frozen(self, position.entry)) {
        return AXADDR_BUSY;
    }
    mapping->size = axaddr_span_mask(self, position.level) + 1;
    if (format->kind_of(position.entry, position.level) == AXADDR_ENTRY_LEAF) {
        position.entry = axaddr_entry_plain(self, position.slot, position.entry, position.level);
        mapping->hpa =
            axaddr_hpa(axaddr_leaf_output(self, position.entry, position.level, address));
        mapping->flags = format->flags_of(position.entry, position.level);
        mapping->notes =
            format->notes_of != 0 ? format->notes_of(position.entry, position.level) : 0;
        mapping->cookie = 0;
        mapping->kind = AXADDR_ABSENT_EMPTY;
        return AXADDR_OK;
    }
    mapping->hpa = axaddr_hpa(0);
    mapping->notes = 0;
    mapping->kind = format->absent_kind(position.entry);
    if (mapping->kind != AXADDR_ABSENT_EMPTY) {
        payload = format->absent_value(position.entry);
    }
    mapping->flags = axaddr_payload_flags(payload);
    mapping->cookie = axaddr_payload_cookie(payload);
    return AXADDR_NOT_MAPPED;
}

#endif /* AXADDR_CORE_WALK_H */
