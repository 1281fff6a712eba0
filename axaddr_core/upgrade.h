/* SPDX-License-Identifier: MIT
 *
 * upgrade.h: a write to a page that is mapped read-only although its area permits the write: it is
 * the zero frame, or the HAL supplied it read-only (copy-on-write, snapshots), or an area's rights
 * were widened after, or its writes are tracked (tracking.h). The leaf alone does not tell, so the
 * area is looked up, with the lock held; and where another frame takes the place of one that TLBs
 * hold, through a break: otherwise one CPU could still read the old frame when another has written
 * to the new one.
 */
#ifndef AXADDR_CORE_UPGRADE_H
#define AXADDR_CORE_UPGRADE_H

#include "areas.h"
#include "fault.h"
#include "run.h"

/** Whether only faults may give some leaves more rights; only lazy areas have ZERO_PAGE. */
AXADDR_ALWAYS_INLINE bool axaddr_area_is_sparse(const struct axaddr_area *area) {
    return area->kind == AXADDR_AREA_BACKED || (area->flags & AXADDR_ZERO_PAGE) != 0;
}

/** Whether leaves of an area may have less rights than the area, which faults then give. */
AXADDR_ALWAYS_INLINE bool axaddr_area_is_upgraded(const struct axaddr_area *area) {
    return axaddr_area_is_sparse(area) || (area->flags & AXADDR_TRACK_WRITES) != 0;
}

/** Map `frame` in the place of a leaf, with an area's flags; through a break if it is another. */
AXADDR_ALWAYS_INLINE enum axaddr_fault axaddr_upgrade_leaf(const struct axaddr_instance *self,
                                                           const struct axaddr_table *table,
                                                           const struct axaddr_position *position,
                                                           uint64_t address, uint64_t frame,
                                                           uint32_t flags) {
    const struct axaddr_format *format = self->format;
    unsigned level = position->level;
    uint64_t attributes = format->attributes_of(flags & AXADDR_MAPPING_FLAGS, level);
    bool is_same = frame == format->frame_of(position->entry, level);
    uint64_t to = is_same ? format->change_leaf(position->entry, level, attributes)
                          : format->make_leaf(frame, level, attributes);

    if (is_same && (format->needs_break == 0 || !format->needs_break(position->entry, to, level))) {
        if (!axaddr_entry_swap(self, table, position->slot, position->entry, to)) {
            return AXADDR_FAULT_SPURIOUS;
        }
        axaddr_fault_flush(self, table, address, level);
        return AXADDR_FAULT_RESOLVED;
    }
    axaddr_entry_write(self, table, position->slot,
                       format->make_absent(AXADDR_ABSENT_PARKED_LEAF, frame >> format->shift[0]));
    axaddr_fault_flush(self, table, address, level);
    axaddr_entry_write(self, table, position->slot, to | format->noted);
    if (format->publish != 0) {
        format->publish();
    }
    return AXADDR_FAULT_RESOLVED;
}

/** The page is the zero frame, or one of the space's own. */
AXADDR_ALWAYS_INLINE enum axaddr_fault axaddr_upgrade_sparse(const struct axaddr_instance *self,
                                                             const struct axaddr_table *table,
                                                             const struct axaddr_position *position,
                                                             uint64_t address, uint32_t flags,
                                                             struct axaddr_pool *pool) {
    uint64_t frame = self->format->frame_of(position->entry, position->level);
    struct axaddr_pool own;

    if (frame == table->zero_frame) {
        pool = axaddr_fault_pool(self, table, pool, &own, 1);
        if (pool == 0) {
            return AXADDR_FAULT_NO_MEMORY;
        }
        frame = axaddr_pool_take(self, table, pool);
        axaddr_frame_zero(self, table, frame, 0);
    }
    return axaddr_upgrade_leaf(self, table, position, address, frame, flags);
}

/** The page is one that the HAL supplied read-only. */
AXADDR_ALWAYS_INLINE enum axaddr_fault axaddr_upgrade_backed(const struct axaddr_instance *self,
                                                             const struct axaddr_table *table,
                                                             const struct axaddr_position *position,
                                                             uint64_t address, uint32_t access,
                                                             const struct axaddr_area *area) {
    axaddr_hpa_t old = axaddr_hpa(self->format->frame_of(position->entry, position->level));
    enum axaddr_fault result;
    struct axaddr_supply supply;

    if (self->hal->supply_frame == 0 || position->level != 0) {
        return AXADDR_FAULT_DENIED;
    }
    supply.address = address & ~axaddr_span_mask(self, 0);
    supply.cookie = area->cookie;
    supply.access = access;
    supply.is_mapped = true;
    supply.frame = old;
    supply.is_read_only = false;
    result = self->hal->supply_frame(table->ctx, &supply);
    if (result != AXADDR_FAULT_RESOLVED) {
        return result;
    }
    result = axaddr_upgrade_leaf(self, table, position, address, supply.frame.raw,
                                 area->flags & ~(supply.is_read_only ? AXADDR_WRITE : 0));
    if (supply.frame.raw != old.raw) {
        axaddr_quiesce(self, table); /* the host may be reading the old one (data.h) */
        self->hal->return_frame(table->ctx, supply.cookie, supply.address, old);
    }
    return result;
}

/** A write to a page that its area permits and its leaf does not. */
AXADDR_ALWAYS_INLINE enum axaddr_fault
axaddr_upgrade_page(const struct axaddr_instance *self, const struct axaddr_table *table,
                    struct axaddr_position *position, uint64_t address, uint32_t access,
                    const struct axaddr_area *area, struct axaddr_pool *pool) {
    if (axaddr_is_in_run(self, position->slot, position->entry, position->level)) {
        self->rewrite_run(table, position->slot, position->level, address, false);
        *position = self->lookup(table, address);
    }
    return area->kind == AXADDR_AREA_BACKED
               ? axaddr_upgrade_backed(self, table, position, address, access, area)
               : axaddr_upgrade_sparse(self, table, position, address, area->flags, pool);
}

/**
 * A write to `address`, whose leaf does not permit it. Takes the lock, and looks again. Generated
 * once for each space.
 */
AXADDR_ALWAYS_INLINE enum axaddr_fault axaddr_areas_upgrade(const struct axaddr_instance *self,
                                                            const struct axaddr_table *table,
                                                            const struct axaddr_areas *areas,
                                                            uint64_t address, uint32_t access,
                                                            struct axaddr_pool *pool) {
    enum axaddr_fault result = AXADDR_FAULT_DENIED;
    struct axaddr_position position;
    struct axaddr_area area;

    if (!__atomic_load_n(&areas->has_upgrades, __ATOMIC_RELAXED)) {
        return AXADDR_FAULT_DENIED; /* the usual case needs no lock */
    }
    axaddr_leave_walk(self, table); /* who holds the lock may be waiting for us to leave */
    axaddr_lock(self, table);
    position = self->lookup(table, address);
    if (self->format->kind_of(position.entry, position.level) != AXADDR_ENTRY_LEAF) {
        result = AXADDR_FAULT_SPURIOUS; /* it was unmapped meanwhile: the next fault will tell */
    } else if (axaddr_lacking(
                   self,
                   self->format->flags_of(
                       axaddr_entry_plain(self, position.slot, position.entry, position.level),
                       position.level),
                   access) == 0) {
        result = AXADDR_FAULT_SPURIOUS; /* somebody else was faster */
    } else if (self->find_area(areas, address, &area) && area.first <= address &&
               axaddr_lacking(self, area.flags, access) == 0 && axaddr_area_is_upgraded(&area)) {
        result = axaddr_upgrade_page(self, table, &position, address, access, &area, pool);
    }
    axaddr_unlock(self, table);
    axaddr_enter_walk(self, table);
    return result;
}

#endif /* AXADDR_CORE_UPGRADE_H */
