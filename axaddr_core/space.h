/* SPDX-License-Identifier: MIT
 *
 * space.h: an address space: a table and the areas that say what its ranges are. The areas decide
 * what an operation may do and which frames it frees; the table is what hardware sees; the two
 * always agree. Faults and translations need the table only.
 *
 * Operations take (start, size) in bytes, multiples of the page size. On any failure nothing has
 * changed. Until the engine's concurrency is in place, one CPU at a time may be in a space, apart
 * from translate, query and root beside each other.
 */
#ifndef AXADDR_CORE_SPACE_H
#define AXADDR_CORE_SPACE_H

#include "areas.h"
#include "table.h"

/** When the frames of an alloc area are taken. */
enum axaddr_backing {
    AXADDR_LAZY,     /**< page by page, by the faults that need them */
    AXADDR_POPULATE, /**< all at once, by map_alloc */
};

struct axaddr_space {
    struct axaddr_table table;
    struct axaddr_areas areas;
};

/* ---- life ---- */

/** Make an empty space for [start, start + size - 1]: see axaddr_table_init. */
AXADDR_ALWAYS_INLINE enum axaddr_status axaddr_space_init(const struct axaddr_instance *self,
                                                          struct axaddr_space *space, void *ctx,
                                                          uint64_t start, uint64_t size) {
    axaddr_areas_init(&space->areas);
    return axaddr_table_init(self, &space->table, ctx, start, size);
}

/** The first area that ends at or after `address`; 0 if there is none. */
AXADDR_ALWAYS_INLINE const struct axaddr_area *axaddr_space_area(const struct axaddr_instance *self,
                                                                 const struct axaddr_space *space,
                                                                 uint64_t address) {
    uint32_t index = self->search(&space->table, &space->areas, address);

    return index == space->areas.count
               ? 0
               : axaddr_areas_see(self, &space->table, &space->areas, index);
}

/** Free the frames that alloc areas own in [first, last]; the TLBs have forgotten them. */
AXADDR_ALWAYS_INLINE void axaddr_space_release(const struct axaddr_instance *self,
                                               struct axaddr_space *space, uint64_t first,
                                               uint64_t last) {
    uint32_t index = self->search(&space->table, &space->areas, first);

    for (; index < space->areas.count; index++) {
        const struct axaddr_area *area =
            axaddr_areas_see(self, &space->table, &space->areas, index);
        if (area->first > last) {
            return;
        }
        if (area->kind == AXADDR_AREA_ALLOC) {
            self->release(&space->table, area->first > first ? area->first : first,
                          area->last < last ? area->last : last);
        }
    }
}

/**
 * Unmap everything, free what the space owns, the tables and the root, after one flush of it all.
 * The space must not be used again before an init. No CPU may run on it any more.
 */
AXADDR_ALWAYS_INLINE void axaddr_space_destroy(const struct axaddr_instance *self,
                                               struct axaddr_space *space) {
    struct axaddr_table *table = &space->table;

    axaddr_table_flush_all(self, table);
    axaddr_space_release(self, space, table->first, table->last);
    self->free_tables(table, table->root, axaddr_top_level(self));
    space->areas.count = 0;
    (void)self->make_room(table, &space->areas, 0);
    table->root = 0;
    table->root_at = 0;
}

/* ---- mapping ---- */

/**
 * Enter a source as an area, whose `last` is filled in here; `size` is the range's. All or nothing.
 * Generated once for each instance.
 */
AXADDR_ALWAYS_INLINE enum axaddr_status
axaddr_space_map_area(const struct axaddr_instance *self, struct axaddr_space *space,
                      struct axaddr_source *source, struct axaddr_area *area, uint64_t size) {
    struct axaddr_table *table = &space->table;
    bool has_room = self->make_room(table, &space->areas, 1);
    uint64_t count;
    /* Without room it cannot be done, but what else is wrong is told first. */
    enum axaddr_status status = self->map(table, source, area->first, size, has_room ? 0 : &count);

    if (!has_room) {
        return status == AXADDR_OK ? AXADDR_NO_MEMORY : status;
    }
    if (status == AXADDR_OK) {
        area->last = area->first + (size - 1);
        self->change(table, &space->areas, AXADDR_AREA_INSERT, area->first, area->last, area);
    }
    (void)self->make_room(table, &space->areas, 0);
    return status;
}

/**
 * Map host memory in one piece, with the largest leaves that fit (AXADDR_SMALL: the smallest only).
 * EXISTS if anything in the range is mapped, reserved or trapped. The frames stay the caller's.
 */
AXADDR_ALWAYS_INLINE enum axaddr_status axaddr_space_map_linear(const struct axaddr_instance *self,
                                                                struct axaddr_space *space,
                                                                uint64_t start, uint64_t host,
                                                                uint64_t size, uint32_t flags) {
    struct axaddr_source source = axaddr_source_of(AXADDR_SOURCE_LINEAR, flags);
    struct axaddr_area area = {start, 0, host, flags & ~AXADDR_SMALL, 0, AXADDR_AREA_LINEAR};

    source.host = host;
    return self->map_area(space, &source, &area, size);
}

/** Map `frame_count` host frames in the order of the array; where they adjoin, by larger leaves. */
AXADDR_ALWAYS_INLINE enum axaddr_status
axaddr_space_map_frames(const struct axaddr_instance *self, struct axaddr_space *space,
                        uint64_t start, const uint64_t *frames, size_t frame_count,
                        uint32_t flags) {
    struct axaddr_source source = axaddr_source_of(AXADDR_SOURCE_FRAMES, flags);
    struct axaddr_area area = {start, 0, 0, flags & ~AXADDR_SMALL, 0, AXADDR_AREA_FRAMES};

    source.frames = frames;
    return self->map_area(space, &source, &area, axaddr_pages_size(self, frame_count));
}

/** Map zeroed frames of the space's own: now (POPULATE) or when faults ask for them (LAZY). */
AXADDR_ALWAYS_INLINE enum axaddr_status
axaddr_space_map_alloc(const struct axaddr_instance *self, struct axaddr_space *space,
                       uint64_t start, uint64_t size, uint32_t flags, enum axaddr_backing backing) {
    struct axaddr_source source = axaddr_source_of(
        backing == AXADDR_POPULATE ? AXADDR_SOURCE_FRESH : AXADDR_SOURCE_RESERVE, flags);
    struct axaddr_area area = {start, 0, 0, flags & ~AXADDR_SMALL, 0, AXADDR_AREA_ALLOC};

    if (backing != AXADDR_LAZY && backing != AXADDR_POPULATE) {
        return AXADDR_INVALID;
    }
    return self->map_area(space, &source, &area, size);
}

/**
 * Trap a range: every access is a fault of kind DEVICE, and query tells `cookie`, up to
 * AXADDR_COOKIE_MAX.
 */
AXADDR_ALWAYS_INLINE enum axaddr_status axaddr_space_map_device(const struct axaddr_instance *self,
                                                                struct axaddr_space *space,
                                                                uint64_t start, uint64_t size,
                                                                uint32_t cookie) {
    struct axaddr_source source = axaddr_source_of(AXADDR_SOURCE_TRAP, 0);
    struct axaddr_area area = {start, 0, 0, 0, cookie, AXADDR_AREA_DEVICE};

    source.cookie = cookie;
    if (cookie > AXADDR_COOKIE_MAX) {
        return AXADDR_INVALID;
    }
    return self->map_area(space, &source, &area, size);
}

/* ---- changing ---- */

/**
 * Unmap or protect [first, last], table and areas alike. Whole areas need no memory, so everything
 * can be torn down without. Generated once for each instance.
 */
AXADDR_ALWAYS_INLINE enum axaddr_status axaddr_space_edit(const struct axaddr_instance *self,
                                                          struct axaddr_space *space,
                                                          uint64_t first, uint64_t last,
                                                          bool is_removal, uint32_t flags) {
    struct axaddr_table *table = &space->table;
    struct axaddr_edit edit;
    struct axaddr_area with;
    struct axaddr_pool pool;
    enum axaddr_status status = AXADDR_NO_MEMORY;

    if (!self->make_room(table, &space->areas,
                         axaddr_areas_count_cuts(self, table, &space->areas, first, last))) {
        return AXADDR_NO_MEMORY;
    }
    if (axaddr_edit_begin(self, table, &edit, &pool, first, last, is_removal, flags)) {
        self->edit(table, &edit, &pool);
        if (edit.has_parked) {
            axaddr_space_release(self, space, first, last);
            self->sweep(table, first, last);
        }
        with.flags = flags;
        self->change(table, &space->areas, is_removal ? AXADDR_AREA_REMOVE : AXADDR_AREA_SET_FLAGS,
                     first, last, &with);
        status = AXADDR_OK;
    }
    (void)self->make_room(table, &space->areas, 0);
    return status;
}

/**
 * Unmap a range, whatever is in it; holes are skipped. Areas lose just that part, and owned frames
 * are freed. NO_MEMORY: an area, a large leaf or a reservation had to be cut and there was no
 * frame.
 */
AXADDR_ALWAYS_INLINE enum axaddr_status axaddr_space_unmap(const struct axaddr_instance *self,
                                                           struct axaddr_space *space,
                                                           uint64_t start, uint64_t size) {
    uint64_t last;

    if (!axaddr_table_range(self, &space->table, start, size, &last)) {
        return AXADDR_INVALID;
    }
    return self->edit_area(space, start, last, true, 0);
}

/** Whether areas cover [first, last]: NOT_MAPPED where not, DENIED if one of them is a device. */
AXADDR_ALWAYS_INLINE enum axaddr_status axaddr_space_covers(const struct axaddr_instance *self,
                                                            struct axaddr_space *space,
                                                            uint64_t first, uint64_t last) {
    enum axaddr_status status = AXADDR_OK;
    uint32_t index = self->search(&space->table, &space->areas, first);

    for (; index < space->areas.count; index++) {
        const struct axaddr_area *area =
            axaddr_areas_see(self, &space->table, &space->areas, index);
        if (area->first > first) {
            break;
        }
        status = area->kind == AXADDR_AREA_DEVICE ? AXADDR_DENIED : status;
        if (area->last >= last) {
            return status;
        }
        first = area->last + 1;
    }
    return AXADDR_NOT_MAPPED;
}

/**
 * Give every page of a range these flags in the place of those that it has; reserved pages stay
 * reserved, with the new flags. NOT_MAPPED over a hole, DENIED over a trapped range.
 */
AXADDR_ALWAYS_INLINE enum axaddr_status axaddr_space_protect(const struct axaddr_instance *self,
                                                             struct axaddr_space *space,
                                                             uint64_t start, uint64_t size,
                                                             uint32_t flags) {
    enum axaddr_status status;
    uint64_t last;

    if (!axaddr_table_range(self, &space->table, start, size, &last)) {
        return AXADDR_INVALID;
    }
    status = axaddr_check_flags(self, flags);
    if (status == AXADDR_OK) {
        status = axaddr_space_covers(self, space, start, last);
    }
    if (status != AXADDR_OK) {
        return status;
    }
    return self->edit_area(space, start, last, false, flags);
}

/* ---- looking ---- */

/** The area that holds `address`; NOT_MAPPED if none does. */
AXADDR_ALWAYS_INLINE enum axaddr_status axaddr_space_find_area(const struct axaddr_instance *self,
                                                               const struct axaddr_space *space,
                                                               uint64_t address,
                                                               struct axaddr_area *area) {
    const struct axaddr_area *found = axaddr_space_area(self, space, address);

    if (found == 0 || found->first > address) {
        return AXADDR_NOT_MAPPED;
    }
    axaddr_area_copy(area, found);
    return AXADDR_OK;
}

/**
 * The first area that ends at or after `from`; NOT_MAPPED if there is none. To visit all, begin
 * with the lowest address and go on at the address after each area's last byte.
 */
AXADDR_ALWAYS_INLINE enum axaddr_status axaddr_space_next_area(const struct axaddr_instance *self,
                                                               const struct axaddr_space *space,
                                                               uint64_t from,
                                                               struct axaddr_area *area) {
    const struct axaddr_area *found = axaddr_space_area(self, space, from);

    if (found == 0) {
        return AXADDR_NOT_MAPPED;
    }
    axaddr_area_copy(area, found);
    return AXADDR_OK;
}

/** Count what the space holds, by walking its table. */
AXADDR_ALWAYS_INLINE void axaddr_space_stats(const struct axaddr_instance *self,
                                             const struct axaddr_space *space,
                                             struct axaddr_stats *stats) {
    axaddr_table_stats(self, &space->table, stats);
    stats->area_count = space->areas.count;
}

#endif /* AXADDR_CORE_SPACE_H */
