/* SPDX-License-Identifier: MIT
 *
 * fault.h: what a fault at an address comes to, by one walk of the table. The entry itself says all
 * that is needed: a reserved page carries the flags that its area was given.
 */
#ifndef AXADDR_CORE_FAULT_H
#define AXADDR_CORE_FAULT_H

#include "pool.h"
#include "walk.h"

/** Whether an entry of level 0 is a reserved page, and its rights. */
AXADDR_ALWAYS_INLINE bool axaddr_is_reserved(const struct axaddr_format *format, uint64_t entry,
                                             uint32_t *rights) {
    if (format->is_reserved != 0) {
        return format->is_reserved(entry, rights);
    }
    *rights = axaddr_payload_flags(format->absent_value(entry));
    return format->kind_of(entry, 0) == AXADDR_ENTRY_ABSENT &&
           format->absent_kind(entry) == AXADDR_ABSENT_RESERVED;
}

/** The leaf that a reserved page becomes with `frame`. */
AXADDR_ALWAYS_INLINE uint64_t axaddr_populated(const struct axaddr_format *format, uint64_t entry,
                                               uint64_t frame) {
    uint32_t flags;

    if (format->populate != 0) {
        return format->populate(entry, frame);
    }
    flags = axaddr_payload_flags(format->absent_value(entry));
    return format->make_leaf(frame, 0, format->attributes_of(flags, 0));
}

/**
 * Populate the page of `address`, reserved by the entry at `position`, which is above level 0: the
 * tables below it are made, hold the same reservation, and are linked when they are complete.
 */
AXADDR_ALWAYS_INLINE enum axaddr_fault axaddr_fault_populate(const struct axaddr_instance *self,
                                                             const struct axaddr_table *table,
                                                             const struct axaddr_position *position,
                                                             uint64_t address) {
    const struct axaddr_format *format = self->format;
    unsigned level = position->level;
    struct axaddr_pool pool = {0, 0};
    void *slot = position->slot;
    uint64_t link = 0;
    uint64_t frame;

    if (!self->resize(table, &pool, level + UINT64_C(1))) {
        return AXADDR_FAULT_NO_MEMORY;
    }
    for (; level > 0; level--) {
        void *at;

        frame = axaddr_pool_take(self, table, &pool);
        at = axaddr_frame_at(self, table, frame);
        axaddr_entry_fill(format, at, axaddr_table_end(format, at, level - 1), position->entry);
        if (level == position->level) {
            link = format->make_table(frame, level);
        } else {
            axaddr_entry_write_relaxed(format, slot, format->make_table(frame, level));
        }
        slot = axaddr_slot_at(format, at, level - 1, address);
    }
    frame = axaddr_pool_take(self, table, &pool);
    axaddr_zero(axaddr_frame_at(self, table, frame), (size_t)axaddr_page_size(self));
    axaddr_entry_write_relaxed(format, slot, axaddr_populated(format, position->entry, frame));
    axaddr_entry_write(format, position->slot, link);
    if (format->publish != 0) {
        format->publish();
    }
    return AXADDR_FAULT_RESOLVED;
}

/** Any fault: the whole decision. Generated once for each instance. */
AXADDR_ALWAYS_INLINE enum axaddr_fault axaddr_table_fault_slow(const struct axaddr_instance *self,
                                                               const struct axaddr_table *table,
                                                               uint64_t address, uint32_t access) {
    const struct axaddr_format *format = self->format;
    struct axaddr_position position;
    struct axaddr_flush plan;
    uint32_t flags;

    if (address < table->first || address > table->last) {
        return AXADDR_FAULT_UNMAPPED;
    }
    position = self->lookup(table, address);
    if (format->kind_of(position.entry, position.level) == AXADDR_ENTRY_LEAF) {
        if ((access & ~format->flags_of(position.entry, position.level)) != 0) {
            return AXADDR_FAULT_DENIED;
        }
        if (format->caches_absent) {
            /* What was remembered may be any entry on the way here, not only the leaf. */
            address &= ~axaddr_span_mask(self, position.level);
            axaddr_flush_init(&plan);
            plan.has_tables = true;
            axaddr_flush_add(&plan, address, address | axaddr_span_mask(self, position.level),
                             format->shift[position.level]);
            self->hal->flush_tlb(table->ctx, &plan);
        }
        return AXADDR_FAULT_SPURIOUS;
    }
    switch (format->absent_kind(position.entry)) {
    case AXADDR_ABSENT_TRAPPED:
        return AXADDR_FAULT_DEVICE;
    case AXADDR_ABSENT_RESERVED:
        flags = axaddr_payload_flags(format->absent_value(position.entry));
        return (access & ~flags) != 0 ? AXADDR_FAULT_DENIED
                                      : axaddr_fault_populate(self, table, &position, address);
    case AXADDR_ABSENT_PARKED_LEAF:
    case AXADDR_ABSENT_PARKED_TABLE:
        return AXADDR_FAULT_SPURIOUS;
    case AXADDR_ABSENT_EMPTY:
        break;
    }
    return AXADDR_FAULT_UNMAPPED;
}

/**
 * A guest's fault at `address`, wanting `access` (AXADDR_READ, WRITE, EXECUTE; on stage 1 also
 * USER). Any address is welcome: what lies outside the table's bounds is UNMAPPED. The fast path is
 * a reserved page whose leaf table exists: one walk, one frame, one store.
 */
AXADDR_ALWAYS_INLINE enum axaddr_fault axaddr_table_fault(const struct axaddr_instance *self,
                                                          const struct axaddr_table *table,
                                                          uint64_t address, uint32_t access) {
    const struct axaddr_format *format = self->format;
    struct axaddr_position position;
    axaddr_hpa_t frame;
    uint32_t rights;

    if (AXADDR_UNLIKELY(!axaddr_is_walkable(self, table, address))) {
        return AXADDR_FAULT_UNMAPPED;
    }
    if (AXADDR_UNLIKELY(!axaddr_walk(self, table, address, &position) ||
                        !axaddr_is_reserved(format, position.entry, &rights) ||
                        (access & ~rights) != 0)) {
        return self->fault_slow(table, address, access);
    }
    if (AXADDR_UNLIKELY(!self->hal->alloc_frame(table->ctx, &frame))) {
        return AXADDR_FAULT_NO_MEMORY;
    }
    axaddr_zero(axaddr_frame_at(self, table, frame.raw), (size_t)axaddr_page_size(self));
    axaddr_entry_write(format, position.slot, axaddr_populated(format, position.entry, frame.raw));
    if (format->publish != 0) {
        format->publish();
    }
    return AXADDR_FAULT_RESOLVED;
}

#endif /* AXADDR_CORE_FAULT_H */
