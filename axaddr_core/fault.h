/* SPDX-License-Identifier: MIT
 *
 * fault.h: what a fault at an address comes to, by one walk of the table. The entry itself says all
 * that is needed: a reserved page carries the flags that its area was given.
 *
 * No lock is taken. A page, or the tables down to it, are made ready in private and then put in the
 * place of the reservation that was read, by one compare-and-swap. Who loses it, to a fault on
 * another CPU or to an edit, gives his frames back and says SPURIOUS: the guest tries again.
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

/** The leaf of level 0 that a reserved page becomes with `frame`. */
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
 * Have the TLBs forget what they remember of the entry at a position, and of the way to it. Where
 * they remember what was absent, that may have been a page in what is a large leaf now: then it is
 * named by its own address, which holds for whatever there is at that address.
 */
AXADDR_ALWAYS_INLINE void axaddr_fault_flush(const struct axaddr_instance *self,
                                             const struct axaddr_table *table, uint64_t address,
                                             unsigned level) {
    uint64_t mask;
    struct axaddr_flush plan;

    level = self->format->caches_absent ? 0 : level;
    mask = axaddr_span_mask(self, level);
    axaddr_flush_init(&plan);
    plan.has_tables = self->format->caches_absent;
    axaddr_flush_add(&plan, address & ~mask, address | mask, self->format->shift[level]);
    axaddr_flush_tlb(self, table, &plan);
}

/**
 * Put `leaf`, of leaf_level, in the place of the reservation at `position`. The tables in between
 * come from `pool` and say what the reservation says, everywhere else. False: somebody was faster;
 * the tables are in the pool again.
 */
AXADDR_ALWAYS_INLINE bool axaddr_fault_install(const struct axaddr_instance *self,
                                               const struct axaddr_table *table,
                                               const struct axaddr_position *position,
                                               uint64_t address, uint64_t leaf, unsigned leaf_level,
                                               struct axaddr_pool *pool) {
    const struct axaddr_format *format = self->format;
    uint64_t frames[AXADDR_LEVEL_MAX]; /* of the tables, by the level of the entry above */
    uint64_t entry = leaf;
    unsigned level;

    for (level = leaf_level + 1; level <= position->level; level++) {
        void *at;
        void *slot;

        frames[level] = axaddr_pool_take(self, table, pool);
        at = axaddr_frame_at(self, table, frames[level]);
        slot = axaddr_slot_at(self, table, at, level - 1, address);
        axaddr_entry_fill(self, table, at, axaddr_table_end(self, table, at, level - 1),
                          position->entry);
        axaddr_entry_write_relaxed(self, slot, entry);
        axaddr_clean_entry(self, table, slot);
        entry = format->make_table(frames[level], level);
    }
    if (!axaddr_entry_swap(self, table, position->slot, position->entry, entry)) {
        while (--level > leaf_level) {
            axaddr_pool_put(self, table, pool, frames[level]);
        }
        return false;
    }
    if (format->publish != 0) {
        format->publish();
    }
    return true;
}

/** A fault's frames: of the caller's pool, or if there is none, `count` of the HAL's in `own`. */
AXADDR_ALWAYS_INLINE struct axaddr_pool *
axaddr_fault_pool(const struct axaddr_instance *self, const struct axaddr_table *table,
                  struct axaddr_pool *pool, struct axaddr_pool *own, uint64_t count) {
    own->count = 0;
    if (pool != 0) {
        return pool->count >= count ? pool : 0;
    }
    return self->resize(table, own, count) ? own : 0;
}

/** A range that is about to be replaced is empty now, or is not any more. With the lock held. */
AXADDR_ALWAYS_INLINE void axaddr_mark_replacing(const struct axaddr_instance *self,
                                                struct axaddr_table *table) {
    if (axaddr_is_concurrent(self)) {
        (void)__atomic_fetch_add(&table->replacing, 1, __ATOMIC_SEQ_CST);
    }
}

/** Before a walk whose end may be that nothing is mapped. */
AXADDR_ALWAYS_INLINE uint32_t axaddr_see_replacing(const struct axaddr_instance *self,
                                                   const struct axaddr_table *table) {
    return axaddr_is_concurrent(self) ? __atomic_load_n(&table->replacing, __ATOMIC_ACQUIRE) : 0;
}

/** After it: whether that may have been for a moment only. */
AXADDR_ALWAYS_INLINE bool axaddr_was_replacing(const struct axaddr_instance *self,
                                               const struct axaddr_table *table, uint32_t seen) {
    return (seen & 1) != 0 || axaddr_see_replacing(self, table) != seen;
}

/* ---- what a reserved page becomes ---- */

/** Blocks of at most so many frames are zeroed in one fault: 2^order. */
#ifndef AXADDR_FAULT_ORDER_MAX
#define AXADDR_FAULT_ORDER_MAX 9u
#endif

/**
 * Populate a whole large leaf below, or at, the level of the reservation. NO_MEMORY: the area does
 * not want it, or the format or the HAL have none, or leaves are just being split.
 */
AXADDR_ALWAYS_INLINE enum axaddr_fault axaddr_fault_large(const struct axaddr_instance *self,
                                                          const struct axaddr_table *table,
                                                          const struct axaddr_position *position,
                                                          uint64_t address) {
    const struct axaddr_format *format = self->format;
    uint64_t payload = format->absent_value(position->entry);
    unsigned level = axaddr_leaf_level_max(self, table);
    struct axaddr_pool own = {0, 0};
    axaddr_hpa_t block;
    unsigned order;
    enum axaddr_fault result = AXADDR_FAULT_NO_MEMORY;

    if (self->hal->alloc_block == 0 || (axaddr_payload_how(payload) & AXADDR_LARGE) == 0 ||
        __atomic_load_n(&table->is_splitting, __ATOMIC_RELAXED)) {
        return result;
    }
    while (level > position->level ||
           format->shift[level] - (unsigned)format->shift[0] > AXADDR_FAULT_ORDER_MAX) {
        level--;
    }
    order = format->shift[level] - (unsigned)format->shift[0];
    if (level == 0 || !self->resize(table, &own, position->level - level)) {
        return result;
    }
    if (self->hal->alloc_block(table->ctx, order, &block)) {
        uint64_t attributes = format->attributes_of(axaddr_payload_flags(payload), level);
        uint64_t leaf = format->make_leaf(block.raw, level, attributes);

        axaddr_frame_zero(self, table, block.raw, order);
        result = AXADDR_FAULT_RESOLVED;
        if (!axaddr_fault_install(self, table, position, address, leaf, level, &own)) {
            self->hal->free_block(table->ctx, order, block);
            result = AXADDR_FAULT_SPURIOUS;
        }
    }
    (void)self->resize(table, &own, 0);
    return result;
}

/** Map a page of the space's own, or one that the HAL supplies, or the zero frame. */
AXADDR_ALWAYS_INLINE enum axaddr_fault axaddr_fault_populate(const struct axaddr_instance *self,
                                                             const struct axaddr_table *table,
                                                             const struct axaddr_position *position,
                                                             uint64_t address, uint32_t access,
                                                             struct axaddr_pool *pool) {
    const struct axaddr_format *format = self->format;
    enum axaddr_absent_kind kind = format->absent_kind(position->entry);
    uint64_t payload = format->absent_value(position->entry);
    uint32_t flags = axaddr_payload_flags(payload);
    bool is_backed = self->hal->supply_frame != 0 && kind == AXADDR_ABSENT_BACKED;
    bool is_zero = kind == AXADDR_ABSENT_SPARSE && (access & AXADDR_WRITE) == 0;
    uint64_t count = position->level + (is_backed || is_zero ? UINT64_C(0) : UINT64_C(1));
    enum axaddr_fault result = AXADDR_FAULT_RESOLVED;
    uint64_t frame = table->zero_frame;
    struct axaddr_supply supply;
    struct axaddr_pool own;

    pool = axaddr_fault_pool(self, table, pool, &own, count);
    if (pool == 0) {
        return AXADDR_FAULT_NO_MEMORY;
    }
    supply.frame = axaddr_hpa(0);
    if (is_backed) {
        supply.address = address & ~axaddr_span_mask(self, 0);
        supply.cookie = axaddr_payload_cookie(payload);
        supply.access = access;
        supply.is_mapped = false;
        supply.is_read_only = false;
        result = self->hal->supply_frame(table->ctx, &supply);
        frame = supply.frame.raw;
    } else if (!is_zero) {
        frame = axaddr_pool_take(self, table, pool);
        axaddr_frame_zero(self, table, frame, 0);
    }
    if (result == AXADDR_FAULT_RESOLVED) {
        if (is_zero || (is_backed && supply.is_read_only)) {
            flags &= ~AXADDR_WRITE;
        }
        if (!axaddr_fault_install(self, table, position, address,
                                  format->make_leaf(frame, 0, format->attributes_of(flags, 0)), 0,
                                  pool)) {
            result = AXADDR_FAULT_SPURIOUS;
            if (is_backed) {
                self->hal->return_frame(table->ctx, supply.cookie, supply.address, supply.frame);
            } else if (!is_zero) {
                axaddr_pool_put(self, table, pool, frame);
            }
        }
    }
    (void)self->resize(table, &own, 0);
    return result;
}

/** A fault on a page that is reserved, and permits the access. */
AXADDR_ALWAYS_INLINE enum axaddr_fault axaddr_fault_lazy(const struct axaddr_instance *self,
                                                         const struct axaddr_table *table,
                                                         const struct axaddr_position *position,
                                                         uint64_t address, uint32_t access,
                                                         struct axaddr_pool *pool) {
    enum axaddr_fault result = AXADDR_FAULT_NO_MEMORY;

    if (pool == 0 && self->format->absent_kind(position->entry) == AXADDR_ABSENT_RESERVED) {
        result = axaddr_fault_large(self, table, position, address);
    }
    if (result != AXADDR_FAULT_NO_MEMORY) {
        return result;
    }
    return axaddr_fault_populate(self, table, position, address, access, pool);
}

/* ---- a page that is mapped ---- */

/**
 * A fault on a leaf: it does not permit the access, or machine and software share the work of
 * noting and this is to be noted, or nothing is wrong any more.
 */
AXADDR_ALWAYS_INLINE enum axaddr_fault axaddr_fault_mapped(const struct axaddr_instance *self,
                                                           const struct axaddr_table *table,
                                                           const struct axaddr_position *position,
                                                           uint64_t address, uint32_t access,
                                                           struct axaddr_pool *pool) {
    const struct axaddr_format *format = self->format;
    uint64_t leaf = position->entry;
    uint64_t plain = axaddr_entry_plain(self, position->slot, leaf, position->level);
    uint32_t lacking = axaddr_lacking(self, format->flags_of(plain, position->level), access);

    if (lacking != 0) {
        return axaddr_has_areas(self) && lacking == AXADDR_WRITE
                   ? self->upgrade(table, address, access, pool)
                   : AXADDR_FAULT_DENIED;
    }
    if (format->note_access != 0) {
        uint64_t noted = format->note_access(leaf, position->level, access);

        /* If it was changed meanwhile, the next fault will tell. */
        if (noted != leaf && axaddr_entry_swap(self, table, position->slot, leaf, noted)) {
            /* A TLB may hold what was there before the write; before an access it holds nothing. */
            if ((access & AXADDR_WRITE) != 0 || format->caches_absent) {
                axaddr_fault_flush(self, table, address, position->level);
            }
            return AXADDR_FAULT_RESOLVED;
        }
    }
    if (format->caches_absent) {
        /* What was remembered may be any entry on the way here, not only the leaf. */
        axaddr_fault_flush(self, table, address, position->level);
    }
    return AXADDR_FAULT_SPURIOUS;
}

/**
 * Any fault: the whole decision. Frames come from `pool` if there is one. Generated once for each
 * instance.
 */
AXADDR_ALWAYS_INLINE enum axaddr_fault axaddr_table_fault_slow(const struct axaddr_instance *self,
                                                               const struct axaddr_table *table,
                                                               uint64_t address, uint32_t access,
                                                               struct axaddr_pool *pool) {
    const struct axaddr_format *format = self->format;
    uint32_t seen = axaddr_see_replacing(self, table);
    struct axaddr_position position;
    enum axaddr_absent_kind kind;
    uint32_t flags;

    if (address < table->first || address > table->last) {
        return AXADDR_FAULT_UNMAPPED;
    }
    position = self->lookup(table, address);
    if (format->kind_of(position.entry, position.level) == AXADDR_ENTRY_LEAF) {
        return axaddr_fault_mapped(self, table, &position, address, access, pool);
    }
    kind = format->absent_kind(position.entry);
    if (kind == AXADDR_ABSENT_TRAPPED) {
        return AXADDR_FAULT_DEVICE;
    }
    if (axaddr_absent_is_lazy(kind)) {
        flags = axaddr_payload_flags(format->absent_value(position.entry));
        return axaddr_lacking(self, flags, access) != 0
                   ? AXADDR_FAULT_DENIED
                   : axaddr_fault_lazy(self, table, &position, address, access, pool);
    }
    return axaddr_absent_is_parked(kind) || axaddr_was_replacing(self, table, seen)
               ? AXADDR_FAULT_SPURIOUS
               : AXADDR_FAULT_UNMAPPED;
}

/** Whether an entry is of a trapped range, and its cookie. */
AXADDR_ALWAYS_INLINE bool axaddr_is_trapped(const struct axaddr_format *format,
                                            const struct axaddr_position *position,
                                            uint32_t *cookie) {
    if (format->kind_of(position->entry, position->level) != AXADDR_ENTRY_ABSENT ||
        format->absent_kind(position->entry) != AXADDR_ABSENT_TRAPPED) {
        return false;
    }
    *cookie = axaddr_payload_cookie(format->absent_value(position->entry));
    return true;
}

/** See axaddr_table_fault, and axaddr_table_fault_cookie, with `cookie`. */
AXADDR_ALWAYS_INLINE enum axaddr_fault axaddr_fault_walk(const struct axaddr_instance *self,
                                                         const struct axaddr_table *table,
                                                         uint64_t address, uint32_t access,
                                                         uint32_t *cookie) {
    const struct axaddr_format *format = self->format;
    struct axaddr_position position;
    axaddr_hpa_t frame;
    uint32_t rights;

    if (AXADDR_UNLIKELY(!axaddr_is_walkable(self, table, address))) {
        return AXADDR_FAULT_UNMAPPED;
    }
    if (AXADDR_UNLIKELY(!axaddr_walk(self, table, address, &position) ||
                        !axaddr_is_reserved(format, position.entry, &rights) ||
                        axaddr_lacking(self, rights, access) != 0)) {
        return cookie != 0 && axaddr_is_trapped(format, &position, cookie)
                   ? AXADDR_FAULT_DEVICE
                   : self->fault_slow(table, address, access, 0);
    }
    if (AXADDR_UNLIKELY(!self->hal->alloc_frame(table->ctx, &frame))) {
        return AXADDR_FAULT_NO_MEMORY;
    }
    axaddr_frame_zero(self, table, frame.raw, 0);
    if (AXADDR_UNLIKELY(!axaddr_entry_swap(self, table, position.slot, position.entry,
                                           axaddr_populated(format, position.entry, frame.raw)))) {
        axaddr_free_frame(self, table, frame.raw);
        return AXADDR_FAULT_SPURIOUS;
    }
    if (format->publish != 0) {
        format->publish();
    }
    return AXADDR_FAULT_RESOLVED;
}

/**
 * A guest's fault at `address`, wanting `access` (AXADDR_READ, WRITE, EXECUTE; on stage 1 also
 * USER). Any address is welcome: what lies outside the table's bounds is UNMAPPED. The fast path is
 * a reserved page whose leaf table exists: one walk, one frame, one store or compare-and-swap.
 */
AXADDR_ALWAYS_INLINE enum axaddr_fault axaddr_table_fault(const struct axaddr_instance *self,
                                                          const struct axaddr_table *table,
                                                          uint64_t address, uint32_t access) {
    enum axaddr_fault result;

    axaddr_enter_walk(self, table);
    result = axaddr_fault_walk(self, table, address, access, 0);
    axaddr_leave_walk(self, table);
    return result;
}

/**
 * The same, and where it is DEVICE, *cookie is what map_device was given, by the same walk: which
 * emulated device it is, unless several lie in one page (device_bus.h). Otherwise it is untouched.
 */
AXADDR_ALWAYS_INLINE enum axaddr_fault axaddr_table_fault_cookie(const struct axaddr_instance *self,
                                                                 const struct axaddr_table *table,
                                                                 uint64_t address, uint32_t access,
                                                                 uint32_t *cookie) {
    enum axaddr_fault result;

    axaddr_enter_walk(self, table);
    result = axaddr_fault_walk(self, table, address, access, cookie);
    axaddr_leave_walk(self, table);
    return result;
}

/**
 * The same with frames from a pool only: level_count of them always suffice. NO_MEMORY where it has
 * too few; large pages are not taken from it.
 */
AXADDR_ALWAYS_INLINE enum axaddr_fault axaddr_table_fault_from(const struct axaddr_instance *self,
                                                               const struct axaddr_table *table,
                                                               uint64_t address, uint32_t access,
                                                               struct axaddr_pool *pool) {
    enum axaddr_fault result;

    axaddr_enter_walk(self, table);
    result = self->fault_slow(table, address, access, pool);
    axaddr_leave_walk(self, table);
    return result;
}

#endif /* AXADDR_CORE_FAULT_H */
