/* SPDX-License-Identifier: MIT
 *
 * run.h: runs of leaves that a TLB may hold as one (format.h: make_run). The hint stands in every
 * leaf of a run, and is only right while all of them are there and alike. So a run is made and
 * unmade as a whole, through a break, and an edit first unmakes a run that it would leave in part.
 */
#ifndef AXADDR_CORE_RUN_H
#define AXADDR_CORE_RUN_H

#include "entry.h"

/** Whether an entry of `level`, read at `slot`, has the hint. */
AXADDR_ALWAYS_INLINE bool axaddr_is_in_run(const struct axaddr_instance *self, const void *slot,
                                           uint64_t entry, unsigned level) {
    return axaddr_has_runs(self, level) &&
           self->format->kind_of(entry, level) == AXADDR_ENTRY_LEAF &&
           axaddr_entry_plain(self, slot, entry, level) != entry;
}

/** Where the run of the entry at `slot` begins. */
AXADDR_ALWAYS_INLINE void *axaddr_run_slot(const struct axaddr_instance *self, void *slot) {
    uintptr_t mask = ((uintptr_t)1 << (self->format->run_bits + self->format->entry_shift)) - 1;

    return (unsigned char *)slot - ((uintptr_t)slot & mask);
}

/**
 * Write the leaves around `slot`, at `address`, anew, with the hint or without; they are alike.
 * Hardware never sees some with and some without. What it notes meanwhile may be lost, so all is
 * noted. With the lock held. Generated once for each instance.
 */
AXADDR_ALWAYS_INLINE void axaddr_table_rewrite_run(const struct axaddr_instance *self,
                                                   const struct axaddr_table *table, void *slot,
                                                   unsigned level, uint64_t address, bool is_run) {
    const struct axaddr_format *format = self->format;
    uint64_t first = address & ~axaddr_run_mask(self, level);
    void *begin = axaddr_run_slot(self, slot);
    void *end = axaddr_slot_after(format, begin, UINT64_C(1) << format->run_bits);
    uint64_t leaf =
        axaddr_entry_plain(self, begin, axaddr_entry_read(self, begin), level) | format->noted;
    struct axaddr_flush plan;

    for (slot = begin; slot != end; slot = axaddr_slot_after(format, slot, 1)) {
        axaddr_entry_write(self, table, slot, format->make_absent(AXADDR_ABSENT_PARKED_LEAF, 0));
    }
    axaddr_flush_init(&plan);
    axaddr_flush_add(&plan, first, first | axaddr_run_mask(self, level), format->shift[level]);
    axaddr_flush_tlb(self, table, &plan);
    for (slot = begin; slot != end; slot = axaddr_slot_after(format, slot, 1)) {
        axaddr_entry_write(self, table, slot, is_run ? format->make_run(leaf, level) : leaf);
        leaf = format->next_leaf(leaf, level);
    }
    if (format->publish != 0) {
        format->publish();
    }
}

/**
 * Unmake the run of the leaf of `edge`, of level_min or above, if it reaches beyond [first, last].
 */
AXADDR_ALWAYS_INLINE void axaddr_run_cut(const struct axaddr_instance *self,
                                         const struct axaddr_table *table, uint64_t edge,
                                         uint64_t first, uint64_t last, unsigned level_min) {
    struct axaddr_position position;
    uint64_t mask;

    if (self->format->run_bits == 0) {
        return;
    }
    position = self->lookup(table, edge);
    mask = axaddr_run_mask(self, position.level);
    if (position.level >= level_min &&
        axaddr_is_in_run(self, position.slot, position.entry, position.level) &&
        ((edge & ~mask) < first || (edge | mask) > last)) {
        self->rewrite_run(table, position.slot, position.level, edge, false);
    }
}

#endif /* AXADDR_CORE_RUN_H */
