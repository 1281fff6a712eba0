/* SPDX-License-Identifier: MIT
 *
 * share.h: one kernel in many spaces, where the machine has one root for all addresses (x86,
 * RISC-V): every root holds the same entries for the kernel's part.
 *
 *     kernel_init(&kernel, ctx, KERNEL_START, KERNEL_SIZE);
 *     kernel_share(&kernel, KERNEL_START, KERNEL_SIZE);       // before anything that large is mapped
 *     ...
 *     user_init(&user, ctx, USER_START, USER_SIZE);
 *     user_copy_mappings_from(&user, kernel_table(&kernel), KERNEL_START, KERNEL_SIZE);
 *
 * `share` makes a table of each root entry of the range, which stays until the space is destroyed,
 * whatever is mapped and unmapped in it: so what the kernel maps later is seen in all roots. The
 * user's space has these entries in its root and nothing else of them: its bounds keep edits, faults
 * and translations out, and its destroy frees nothing of it. What the kernel unmaps has to be
 * flushed for all ASIDs: the kernel's flush_tlb sees to that. The order of their ends: users first.
 *
 * On AArch64 and LoongArch64 the kernel has a root register of its own, and needs none of this.
 */
#ifndef AXADDR_CORE_SHARE_H
#define AXADDR_CORE_SHARE_H

#include "table.h"

/** Turn (start, size) into [start, *last]; false unless these are whole entries of the root. */
AXADDR_ALWAYS_INLINE bool axaddr_share_range(const struct axaddr_instance *self,
                                             const struct axaddr_table *table, uint64_t start,
                                             uint64_t size, uint64_t *last) {
    uint64_t mask = axaddr_span_mask(self, axaddr_top_level(self, table));

    *last = start + (size - 1);
    return size != 0 && ((start | size) & mask) == 0 && *last >= start &&
           axaddr_is_reachable(self, table, start) && axaddr_is_reachable(self, table, *last);
}

/** The root's entry for an address. */
AXADDR_ALWAYS_INLINE void *axaddr_root_slot(const struct axaddr_instance *self,
                                            const struct axaddr_table *table, uint64_t address) {
    return axaddr_slot_at(self, table, table->root_at, axaddr_top_level(self, table), address);
}

/** Root entries of [first, last] that have no table yet; false if one of them is a leaf or lazy. */
AXADDR_ALWAYS_INLINE bool axaddr_share_count(const struct axaddr_instance *self,
                                             const struct axaddr_table *table, uint64_t first,
                                             uint64_t last, uint64_t *count) {
    const struct axaddr_format *format = self->format;
    unsigned top = axaddr_top_level(self, table);
    uint64_t step = axaddr_span_mask(self, top);

    for (*count = 0;; first += step + 1) {
        uint64_t entry = axaddr_entry_read(self, axaddr_root_slot(self, table, first));

        if (format->kind_of(entry, top) != AXADDR_ENTRY_TABLE) {
            if (entry != format->empty) {
                return false;
            }
            (*count)++;
        }
        if (last - first <= step) {
            return true;
        }
    }
}

/** Have the TLBs forget that a range's root entries were absent, where they remember such. */
AXADDR_ALWAYS_INLINE void axaddr_share_publish(const struct axaddr_instance *self,
                                               struct axaddr_table *table, uint64_t first,
                                               uint64_t last) {
    struct axaddr_flush plan;

    table->shared_first = first;
    table->shared_last = last;
    if (self->format->publish != 0) {
        self->format->publish();
    }
    if (self->format->caches_absent) {
        axaddr_flush_init(&plan);
        plan.has_tables = true;
        axaddr_flush_add(&plan, first, last, self->format->shift[axaddr_top_level(self, table)]);
        axaddr_flush_tlb(self, table, &plan);
    }
}

/**
 * Give a range root entries that other roots may hold, too. Once for a table. INVALID: not whole
 * root entries within the bounds; EXISTS: it shares a range already, or something there is as large
 * as a root entry; NO_MEMORY; UNSUPPORTED: a format whose walks do not look at the bounds (only those
 * of two halves, and those of 32 bits, do).
 */
AXADDR_ALWAYS_INLINE enum axaddr_status axaddr_table_share(const struct axaddr_instance *self,
                                                           struct axaddr_table *table,
                                                           uint64_t start, uint64_t size) {
    unsigned top = axaddr_top_level(self, table);
    uint64_t address = start;
    struct axaddr_pool pool = {0, 0};
    enum axaddr_status status = AXADDR_OK;
    uint64_t count;
    uint64_t last;

    if (!axaddr_checks_bounds(self)) {
        return AXADDR_UNSUPPORTED;
    }
    if (!axaddr_share_range(self, table, start, size, &last) || start < table->first ||
        last > table->last) {
        return AXADDR_INVALID;
    }
    axaddr_lock(self, table);
    if (table->shared_first <= table->shared_last ||
        !axaddr_share_count(self, table, start, last, &count)) {
        status = AXADDR_EXISTS;
    } else if (!self->resize(table, &pool, count)) {
        status = AXADDR_NO_MEMORY;
    }
    while (status == AXADDR_OK && pool.count > 0) {
        void *slot = axaddr_root_slot(self, table, address);

        if (axaddr_entry_read(self, slot) == self->format->empty) {
            uint64_t frame = axaddr_pool_take(self, table, &pool);
            void *at = axaddr_frame_at(self, table, frame);

            axaddr_entry_fill(self, table, at, axaddr_table_end(self, table, at, top - 1),
                              self->format->empty);
            axaddr_entry_write(self, table, slot, self->format->make_table(frame, top));
        }
        address += axaddr_span_mask(self, top) + 1;
    }
    if (status == AXADDR_OK) {
        axaddr_share_publish(self, table, start, last);
    }
    axaddr_unlock(self, table);
    return status;
}

/**
 * Put root entries that `from`, of the same format, shares into this root. Once for a table.
 * INVALID: not whole root entries, not all of them shared, or some within this table's bounds;
 * EXISTS: it has such a range already; UNSUPPORTED.
 */
AXADDR_ALWAYS_INLINE enum axaddr_status axaddr_table_copy_from(const struct axaddr_instance *self,
                                                               struct axaddr_table *table,
                                                               const struct axaddr_table *from,
                                                               uint64_t start, uint64_t size) {
    uint64_t step = axaddr_span_mask(self, axaddr_top_level(self, table));
    uint64_t address = start;
    uint64_t last;

    if (!axaddr_checks_bounds(self)) {
        return AXADDR_UNSUPPORTED;
    }
    if (!axaddr_share_range(self, table, start, size, &last) || start < from->shared_first ||
        last > from->shared_last || start < from->first || last > from->last ||
        (start <= (table->last | step) && last >= (table->first & ~step))) {
        return AXADDR_INVALID;
    }
    if (table->shared_first <= table->shared_last) {
        return AXADDR_EXISTS;
    }
    axaddr_lock(self, table);
    for (;;) {
        axaddr_entry_write(self, table, axaddr_root_slot(self, table, address),
                           axaddr_entry_read(self, axaddr_root_slot(self, from, address)));
        if (last - address <= step) {
            break;
        }
        address += step + 1;
    }
    axaddr_share_publish(self, table, start, last);
    axaddr_unlock(self, table);
    return AXADDR_OK;
}

#endif /* AXADDR_CORE_SHARE_H */
