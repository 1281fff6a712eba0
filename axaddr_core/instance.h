/* SPDX-License-Identifier: MIT
 *
 * instance.h: what one use of an instantiating macro ties together, and the state of one table.
 *
 * Every algorithm of the engine is an always_inline function whose first argument is a constant
 * `struct axaddr_instance`. In the function that the macro generates, the instance is known, so the
 * format's data and hooks and the HAL's functions fold into it and no call through a pointer is
 * left. What is long or cold is generated once for each instance, out of line, and reached through
 * the members below, which fold to direct calls just the same.
 */
#ifndef AXADDR_CORE_INSTANCE_H
#define AXADDR_CORE_INSTANCE_H

#include "exit.h"
#include "format.h"
#include "hal.h"

struct axaddr_area;
struct axaddr_areas;
struct axaddr_edit;
struct axaddr_range_hit;
struct axaddr_range_kind;
struct axaddr_range_path;
struct axaddr_request;
struct axaddr_space;
struct axaddr_terms;

/** One page table: a root and the addresses it may map. */
struct axaddr_table {
    void *ctx;             /**< the HAL's first argument */
    uint64_t root;         /**< host-physical address of the root */
    void *root_at;         /**< where the hypervisor sees the root */
    uint64_t first;        /**< first address that may be mapped */
    uint64_t last;         /**< last address that may be mapped (the last byte of a page) */
    uint32_t vmid;         /**< the tag of its translations, for plans */
    uint64_t zero_frame;   /**< what pages of zero-page areas are until they are written */
    uint32_t cpus[2];      /**< who may hold translations: bits of CPU number % 64, for plans */
    bool is_splitting;     /**< leaves have been counted to be split: faults add no large ones */
    uint32_t replacing;    /**< odd while a range is empty that a map is about to replace */
    uint64_t shared_first; /**< root entries that several roots have: share.h */
    uint64_t shared_last;  /**< below shared_first: none */
    struct axaddr_geometry geometry; /**< of the root; read only where the format is_sized */
};

/** Frames taken ahead (pool.h). All zero: none. */
struct axaddr_pool {
    uint64_t head;  /**< the frame that comes next; meaningful while count is not 0 */
    uint64_t count; /**< frames in the pool */
};

/** An entry that was found, and where. */
struct axaddr_position {
    void *slot;
    uint64_t entry;
    unsigned level;
};

/** What to do to a range of a set of areas (areas.h). */
enum axaddr_area_change {
    AXADDR_AREA_INSERT,    /**< put an area there, in the place of what overlaps it */
    AXADDR_AREA_REMOVE,    /**< cut the range out of the areas that overlap it */
    AXADDR_AREA_SET_FLAGS, /**< give it other flags; areas cover it without gaps */
    AXADDR_AREA_LABEL,     /**< give it another name and tag; likewise */
};

struct axaddr_instance {
    const struct axaddr_format *format;
    const struct axaddr_hal *hal;

    /* ---- the table's shared and cold paths ---- */

    /** Where `address` is decided: the entry on its path that is not a table (walk.h). */
    struct axaddr_position (*lookup)(const struct axaddr_table *table, uint64_t address);
    /** Take or give back frames until a pool has `count` (pool.h). */
    bool (*resize)(const struct axaddr_table *table, struct axaddr_pool *pool, uint64_t count);
    /** Check and count what a request maps, or, with the frames in hand, map it (map.h). */
    enum axaddr_status (*map)(const struct axaddr_table *table,
                              const struct axaddr_request *request, uint64_t last,
                              struct axaddr_pool *pool, bool is_commit);
    /** Change a range, with tables from a pool, and flush: cannot fail (edit.h). */
    void (*edit)(const struct axaddr_table *table, struct axaddr_edit *edit,
                 struct axaddr_pool *pool);
    /** Give back the frames that leaves of a range of an area map; the entries stay (release.h). */
    void (*release)(const struct axaddr_table *table, uint64_t first, uint64_t last,
                    uint32_t cookie);
    /** Free, or make anew, what an edit has parked (release.h). */
    void (*settle)(const struct axaddr_table *table, const struct axaddr_edit *edit);
    /** Make large leaves of full tables (collapse.h). */
    void (*collapse)(const struct axaddr_table *table, struct axaddr_edit *edit);
    /** Give a run of leaves its hint, or take it away (run.h). */
    void (*rewrite_run)(const struct axaddr_table *table, void *slot, unsigned level,
                        uint64_t address, bool is_run);
    /** Free a table that nothing points to any more, and all below it (release.h). */
    void (*free_tables)(const struct axaddr_table *table, uint64_t frame, unsigned level);
    /** Whatever a fault can be besides a reserved page whose leaf table exists (fault.h). */
    enum axaddr_fault (*fault_slow)(const struct axaddr_table *table, uint64_t address,
                                    uint32_t access, struct axaddr_pool *pool);
    /** All that changes a table goes through here (table.h); 0 in the instance of a space. */
    enum axaddr_status (*perform_table)(struct axaddr_table *table,
                                        const struct axaddr_request *request,
                                        struct axaddr_terms *terms, uint64_t *count);

    /* ---- a space's; 0 in the instance of a bare table ---- */

    /** What its areas are kept in (range_node.h). */
    const struct axaddr_range_kind *areas;
    /** The first area that ends at or after an address; false if there is none (areas.h). */
    bool (*find_area)(const struct axaddr_areas *areas, uint64_t address, struct axaddr_area *area);
    /** The same as the set sees it (range_tree.h). */
    bool (*look_area)(const struct axaddr_areas *areas, uint64_t address,
                      struct axaddr_range_hit *hit);
    /** Whether an area reaches across the border before an address, and the path (areas.h). */
    bool (*cross)(const struct axaddr_areas *areas, uint64_t address,
                  struct axaddr_range_path *path, struct axaddr_range_hit *hit);
    /** Cut that area in two (areas.h). */
    void (*cut_area)(struct axaddr_areas *areas, uint64_t address);
    /** Join the area that begins at an address with the next, if they are one (range_tree.h). */
    void (*join_areas)(struct axaddr_areas *areas, uint64_t first);
    /** Frames that a change of areas takes; false if there cannot be so many (areas.h). */
    bool (*count_areas)(const struct axaddr_areas *areas, enum axaddr_area_change change,
                        const struct axaddr_area *with, uint64_t *frames);
    /** Take a range out of the areas; put an area in where there is none (areas.h). */
    void (*carve_areas)(struct axaddr_areas *areas, uint64_t first, uint64_t last);
    void (*insert_area)(struct axaddr_areas *areas, const struct axaddr_area *with);
    /** Change what the areas say of the range of `with`, with frames from a pool (areas.h). */
    void (*change)(struct axaddr_areas *areas, enum axaddr_area_change change,
                   const struct axaddr_area *with, struct axaddr_pool *pool);
    /** A write to a page that is mapped read-only and whose area permits it (upgrade.h). */
    enum axaddr_fault (*upgrade)(const struct axaddr_table *table, uint64_t address,
                                 uint32_t access, struct axaddr_pool *pool);
    /** All that changes a space goes through here (space.h). */
    enum axaddr_status (*perform_space)(struct axaddr_space *space,
                                        const struct axaddr_request *request,
                                        struct axaddr_terms *terms, uint64_t *count);
};

/**
 * Whether the HAL has every function that the format needs. With optimisation a lack does not
 * compile (require.h); without, _init says AXADDR_UNSUPPORTED.
 */
AXADDR_ALWAYS_INLINE bool axaddr_instance_is_complete(const struct axaddr_instance *self) {
    const struct axaddr_hal *hal = self->hal;

    return hal->alloc_frame != 0 && hal->free_frame != 0 && hal->frame_at != 0 &&
           hal->flush_tlb != 0 &&
           (self->format->root_order == 0 || (hal->alloc_block != 0 && hal->free_block != 0)) &&
           (hal->lock != 0) == (hal->unlock != 0) &&
           (hal->enter_walk != 0) == (hal->leave_walk != 0) &&
           (hal->supply_frame != 0) == (hal->return_frame != 0) &&
           (hal->alloc_at != 0) == (hal->free_at != 0);
}

/** No frame: not aligned to anything. */
#define AXADDR_NO_FRAME UINT64_MAX

/** Whether there can be reservations and owned frames: in spaces; never in a bare table. */
AXADDR_ALWAYS_INLINE bool axaddr_has_areas(const struct axaddr_instance *self) {
    return self->perform_space != 0;
}

/* ---- the HAL, with raw addresses ---- */

AXADDR_ALWAYS_INLINE void *axaddr_frame_at(const struct axaddr_instance *self,
                                           const struct axaddr_table *table, uint64_t frame) {
    return self->hal->frame_at(table->ctx, axaddr_hpa(frame));
}

AXADDR_ALWAYS_INLINE void axaddr_free_frame(const struct axaddr_instance *self,
                                            const struct axaddr_table *table, uint64_t frame) {
    self->hal->free_frame(table->ctx, axaddr_hpa(frame));
}

AXADDR_ALWAYS_INLINE void axaddr_lock(const struct axaddr_instance *self,
                                      const struct axaddr_table *table) {
    if (self->hal->lock != 0) {
        self->hal->lock(table->ctx);
    }
}

AXADDR_ALWAYS_INLINE void axaddr_unlock(const struct axaddr_instance *self,
                                        const struct axaddr_table *table) {
    if (self->hal->lock != 0) {
        self->hal->unlock(table->ctx);
    }
}

/**
 * What of an access flags do not permit; 0 if they permit it. A page for user mode permits no fetch
 * of privileged mode, whatever the machine would do: most cannot do it (SMEP), and a caller that
 * resumes after the fault would be back at once.
 */
AXADDR_ALWAYS_INLINE uint32_t axaddr_lacking(const struct axaddr_instance *self, uint32_t flags,
                                             uint32_t access) {
    const struct axaddr_format *format = self->format;
    uint32_t lacking = access & ~flags;

    if (format->can_hold(AXADDR_READ | AXADDR_EXECUTE_USER)) {
        lacking = access & ~axaddr_flags_permit(flags);
    }
    if (format->can_hold(AXADDR_READ | AXADDR_USER) && (flags & AXADDR_USER) != 0 &&
        (access & AXADDR_USER) == 0) {
        lacking |= access & AXADDR_EXECUTE;
    }
    return lacking;
}

/** After a flush, before what it took away is freed: wait for those who walk without the lock. */
AXADDR_ALWAYS_INLINE void axaddr_quiesce(const struct axaddr_instance *self,
                                         const struct axaddr_table *table) {
    if (self->hal->lock != 0 && self->hal->quiesce != 0) {
        self->hal->quiesce(table->ctx);
    }
}

/** A walk without the lock begins. */
AXADDR_ALWAYS_INLINE void axaddr_enter_walk(const struct axaddr_instance *self,
                                            const struct axaddr_table *table) {
    if (self->hal->lock != 0 && self->hal->enter_walk != 0) {
        self->hal->enter_walk(table->ctx);
    }
}

/** It ends: nothing that it found may be looked at any more. */
AXADDR_ALWAYS_INLINE void axaddr_leave_walk(const struct axaddr_instance *self,
                                            const struct axaddr_table *table) {
    if (self->hal->lock != 0 && self->hal->leave_walk != 0) {
        self->hal->leave_walk(table->ctx);
    }
}

/**
 * Carry out a plan. A CPU that begins to run on this table says so in `cpus` (table.h) and then
 * walks; here the entries are changed and then `cpus` is read, with a full fence between the two on
 * both sides: either it is seen there, or it sees the change.
 */
AXADDR_ALWAYS_INLINE void axaddr_flush_tlb(const struct axaddr_instance *self,
                                           const struct axaddr_table *table,
                                           struct axaddr_flush *plan) {
    if (self->hal->lock != 0) {
        __atomic_thread_fence(__ATOMIC_SEQ_CST);
    }
    plan->vmid = __atomic_load_n(&table->vmid, __ATOMIC_RELAXED);
    plan->cpus = (uint64_t)__atomic_load_n(&table->cpus[1], __ATOMIC_RELAXED) << 32 |
                 __atomic_load_n(&table->cpus[0], __ATOMIC_RELAXED);
    self->hal->flush_tlb(table->ctx, plan);
}

/* ---- geometry ---- */

/** The level of the root. */
AXADDR_ALWAYS_INLINE unsigned axaddr_top_level(const struct axaddr_instance *self,
                                               const struct axaddr_table *table) {
    return (self->format->is_sized ? table->geometry.level_count : self->format->level_count) - 1u;
}

/** log2 of the entries of a table of `level`; of the root's level, there is the root only. */
AXADDR_ALWAYS_INLINE unsigned axaddr_index_bits(const struct axaddr_instance *self,
                                                const struct axaddr_table *table, unsigned level) {
    return self->format->is_sized && level == axaddr_top_level(self, table)
               ? table->geometry.root_bits
               : self->format->index_bits[level];
}

/** Bits of the addresses that the tables reach. */
AXADDR_ALWAYS_INLINE unsigned axaddr_input_width(const struct axaddr_instance *self,
                                                 const struct axaddr_table *table) {
    return self->format->is_sized ? axaddr_geometry_width(self->format, &table->geometry)
                                  : self->format->input_width;
}

/** The root is 2^this frames. */
AXADDR_ALWAYS_INLINE unsigned axaddr_root_order(const struct axaddr_instance *self,
                                                const struct axaddr_table *table) {
    return self->format->is_sized ? axaddr_geometry_order(self->format, &table->geometry)
                                  : self->format->root_order;
}

AXADDR_ALWAYS_INLINE uint64_t axaddr_page_size(const struct axaddr_instance *self) {
    return UINT64_C(1) << self->format->shift[0];
}

/** What an entry of `level` spans, minus one: a mask of the address bits below it. */
AXADDR_ALWAYS_INLINE uint64_t axaddr_span_mask(const struct axaddr_instance *self, unsigned level) {
    return (UINT64_C(1) << self->format->shift[level]) - 1;
}

/** What a whole table of `level` spans, minus one. */
AXADDR_ALWAYS_INLINE uint64_t axaddr_table_mask(const struct axaddr_instance *self,
                                                unsigned level) {
    return axaddr_low_bits(self->format->shift[level] + (unsigned)self->format->index_bits[level]);
}

/** Whether the entry of `level` for an address is of the root and never taken away (share.h). */
AXADDR_ALWAYS_INLINE bool axaddr_is_shared(const struct axaddr_instance *self,
                                           const struct axaddr_table *table, unsigned level,
                                           uint64_t address) {
    return level == axaddr_top_level(self, table) && address >= table->shared_first &&
           address <= table->shared_last;
}

/** The largest level whose entries may be leaves. */
AXADDR_ALWAYS_INLINE unsigned axaddr_leaf_level_max(const struct axaddr_instance *self,
                                                    const struct axaddr_table *table) {
    unsigned level = 0;
    while (level < axaddr_top_level(self, table) &&
           (self->format->leaf_levels >> (level + 1) & 1) != 0) {
        level++;
    }
    return level;
}

/** Whether the tables of the format reach `address` (without aliasing another). */
AXADDR_ALWAYS_INLINE bool axaddr_is_reachable(const struct axaddr_instance *self,
                                              const struct axaddr_table *table, uint64_t address) {
    unsigned width = axaddr_input_width(self, table);

    return address >> width == 0 || (self->format->is_sign_extended &&
                                     address >> (width - 1u) == axaddr_low_bits(65u - width));
}

/**
 * Turn (start, size) into [first, last]; false if it is empty, unaligned, overflows or leaves the
 * table's bounds.
 */
AXADDR_ALWAYS_INLINE bool axaddr_table_range(const struct axaddr_instance *self,
                                             const struct axaddr_table *table, uint64_t start,
                                             uint64_t size, uint64_t *last) {
    uint64_t end = start + (size - 1);

    if (size == 0 || ((start | size) & (axaddr_page_size(self) - 1)) != 0 || end < start ||
        start < table->first || end > table->last) {
        return false;
    }
    *last = end;
    return true;
}

/** The size in bytes of `count` pages; 0, which every check refuses, if there is no such number. */
AXADDR_ALWAYS_INLINE uint64_t axaddr_pages_size(const struct axaddr_instance *self, size_t count) {
    uint64_t size = (uint64_t)count << self->format->shift[0];

    return size >> self->format->shift[0] == count ? size : 0;
}

/** Whether the frames [start, start + size - 1] can stand in an entry. `size` is not 0. */
AXADDR_ALWAYS_INLINE bool axaddr_is_output(const struct axaddr_instance *self, uint64_t start,
                                           uint64_t size) {
    uint64_t end = start + (size - 1);

    return (start & (axaddr_page_size(self) - 1)) == 0 && end >= start &&
           end <= axaddr_low_bits(self->format->output_width);
}

#endif /* AXADDR_CORE_INSTANCE_H */
