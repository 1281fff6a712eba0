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

#include "entry.h"
#include "exit.h"
#include "hal.h"

struct axaddr_area;
struct axaddr_areas;
struct axaddr_edit;
struct axaddr_source;
struct axaddr_space;

/** One page table: a root and the addresses it may map. */
struct axaddr_table {
    void *ctx;      /**< the HAL's first argument */
    uint64_t root;  /**< host-physical address of the root */
    void *root_at;  /**< where the hypervisor sees the root */
    uint64_t first; /**< first address that may be mapped */
    uint64_t last;  /**< last address that may be mapped (the last byte of a page) */
};

/** Frames taken ahead (pool.h). */
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
    AXADDR_AREA_INSERT,    /**< put an area there; the range is free */
    AXADDR_AREA_REMOVE,    /**< cut the range out of the areas that overlap it */
    AXADDR_AREA_SET_FLAGS, /**< give it other flags; areas cover it without gaps */
};

struct axaddr_instance {
    const struct axaddr_format *format;
    const struct axaddr_hal *hal;

    /* ---- the table's shared and cold paths ---- */

    /** Where `address` is decided: the entry on its path that is not a table (walk.h). */
    struct axaddr_position (*lookup)(const struct axaddr_table *table, uint64_t address);
    /** Take or give back frames until a pool has `count` (pool.h). */
    bool (*resize)(const struct axaddr_table *table, struct axaddr_pool *pool, uint64_t count);
    /** Enter a source into a range that must be free: all or nothing (map.h). */
    enum axaddr_status (*map)(const struct axaddr_table *table, struct axaddr_source *source,
                              uint64_t start, uint64_t size, uint64_t *count);
    /** Unmap or protect a range, with tables from a pool, and flush: cannot fail (edit.h). */
    void (*edit)(const struct axaddr_table *table, struct axaddr_edit *edit,
                 struct axaddr_pool *pool);
    /** Free the frames that leaves of a range map; the entries stay (release.h). */
    void (*release)(const struct axaddr_table *table, uint64_t first, uint64_t last);
    /** Free what an unmap has parked in a range, and clear it (release.h). */
    void (*sweep)(const struct axaddr_table *table, uint64_t first, uint64_t last);
    /** Free a table that nothing points to any more, and all below it (release.h). */
    void (*free_tables)(const struct axaddr_table *table, uint64_t frame, unsigned level);
    /** Whatever a fault can be besides a reserved page whose leaf table exists (fault.h). */
    enum axaddr_fault (*fault_slow)(const struct axaddr_table *table, uint64_t address,
                                    uint32_t access);

    /* ---- a space's; 0 in the instance of a bare table ---- */

    /** The area at an index (areas.h). */
    struct axaddr_area *(*area_at)(const struct axaddr_table *table, struct axaddr_areas *areas,
                                   uint32_t index);
    /** The index of the first area that ends at or after an address (areas.h). */
    uint32_t (*search)(const struct axaddr_table *table, const struct axaddr_areas *areas,
                       uint64_t address);
    /** Have room for `more` areas, and no more frames than that takes (areas.h). */
    bool (*make_room)(const struct axaddr_table *table, struct axaddr_areas *areas, uint32_t more);
    /** Put in, take out or change what the areas say of a range (areas.h). */
    void (*change)(const struct axaddr_table *table, struct axaddr_areas *areas,
                   enum axaddr_area_change change, uint64_t first, uint64_t last,
                   const struct axaddr_area *with);
    /** Unmap or protect a range of a space, table and areas alike (space.h). */
    enum axaddr_status (*edit_area)(struct axaddr_space *space, uint64_t first, uint64_t last,
                                    bool is_removal, uint32_t flags);
    /** Enter a source as an area of a space: all or nothing (space.h). */
    enum axaddr_status (*map_area)(struct axaddr_space *space, struct axaddr_source *source,
                                   struct axaddr_area *area, uint64_t size);
};

/**
 * Whether the HAL has every function that the format needs. With optimisation a lack does not
 * compile (require.h); without, _init says AXADDR_UNSUPPORTED.
 */
AXADDR_ALWAYS_INLINE bool axaddr_instance_is_complete(const struct axaddr_instance *self) {
    const struct axaddr_hal *hal = self->hal;

    return hal->alloc_frame != 0 && hal->free_frame != 0 && hal->frame_at != 0 &&
           hal->flush_tlb != 0 &&
           (self->format->root_order == 0 || (hal->alloc_block != 0 && hal->free_block != 0));
}

/** Whether there can be reservations and owned frames: in spaces; never in a bare table. */
AXADDR_ALWAYS_INLINE bool axaddr_has_areas(const struct axaddr_instance *self) {
    return self->map_area != 0;
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

/* ---- geometry ---- */

AXADDR_ALWAYS_INLINE unsigned axaddr_top_level(const struct axaddr_instance *self) {
    return self->format->level_count - 1u;
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

/** The largest level whose entries may be leaves. */
AXADDR_ALWAYS_INLINE unsigned axaddr_leaf_level_max(const struct axaddr_instance *self) {
    unsigned level = 0;
    while (level + 1 < self->format->level_count &&
           (self->format->leaf_levels >> (level + 1) & 1) != 0) {
        level++;
    }
    return level;
}

/** Whether the tables of the format reach `address` (without aliasing another). */
AXADDR_ALWAYS_INLINE bool axaddr_is_reachable(const struct axaddr_instance *self,
                                              uint64_t address) {
    const struct axaddr_format *format = self->format;
    uint64_t above = address >> format->input_width;

    return above == 0 ||
           (format->is_sign_extended &&
            address >> (format->input_width - 1u) == axaddr_low_bits(65u - format->input_width));
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
