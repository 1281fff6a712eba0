/* SPDX-License-Identifier: MIT
 *
 * space.h: an address space: a table and the areas that say what its ranges are. The areas decide
 * what an operation may do and which frames it frees; the table is what hardware sees; the two
 * always agree. Faults and translations need the table only.
 *
 * Operations take (start, size) in bytes, multiples of the page size. On any failure nothing has
 * changed. Who may be in a space at once: table.h.
 */
#ifndef AXADDR_CORE_SPACE_H
#define AXADDR_CORE_SPACE_H

#include "areas.h"
#include "table.h"
#include "upgrade.h"

/** When the frames of an alloc area are taken. */
enum axaddr_backing {
    AXADDR_LAZY,     /**< page by page, by the faults that need them */
    AXADDR_POPULATE, /**< all at once, by map_alloc */
};

struct axaddr_space {
    struct axaddr_table table; /**< the first member: faults know their space by it */
    struct axaddr_areas areas;
};

/* ---- life ---- */

/** Make an empty space for [start, start + size - 1]: see axaddr_table_init. */
AXADDR_ALWAYS_INLINE enum axaddr_status axaddr_space_init(const struct axaddr_instance *self,
                                                          struct axaddr_space *space, void *ctx,
                                                          uint64_t start, uint64_t size,
                                                          struct axaddr_geometry geometry) {
    axaddr_areas_init(&space->areas);
    return axaddr_table_init(self, &space->table, ctx, start, size, geometry);
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

/** Give back the frames of alloc and backed areas in [first, last]; the TLBs have forgotten them. */
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
        if (area->kind == AXADDR_AREA_ALLOC || area->kind == AXADDR_AREA_BACKED) {
            self->release(&space->table, area->first > first ? area->first : first,
                          area->last < last ? area->last : last,
                          area->kind == AXADDR_AREA_BACKED ? area->cookie : AXADDR_OWN_FRAMES);
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
    self->free_tables(table, table->root, axaddr_top_level(self, table));
    space->areas.count = 0;
    self->make_room(table, &space->areas, 0, 0);
    table->root = 0;
    table->root_at = 0;
}

/* ---- edits ---- */

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

/** What kind of area a request that maps becomes. */
AXADDR_ALWAYS_INLINE enum axaddr_area_kind
axaddr_area_kind_of(const struct axaddr_request *request) {
    switch (request->operation) {
    case AXADDR_OP_LINEAR:
        return AXADDR_AREA_LINEAR;
    case AXADDR_OP_FRAMES:
        return AXADDR_AREA_FRAMES;
    case AXADDR_OP_BACKED:
        return AXADDR_AREA_BACKED;
    case AXADDR_OP_DEVICE:
        return AXADDR_AREA_DEVICE;
    case AXADDR_OP_POPULATE:
    case AXADDR_OP_RESERVE:
    case AXADDR_OP_UNMAP:
    case AXADDR_OP_PROTECT:
    case AXADDR_OP_SPLIT:
    case AXADDR_OP_HARVEST:
    case AXADDR_OP_COLLAPSE:
        break;
    }
    return AXADDR_AREA_ALLOC;
}

/** The area that a request which maps up to `last` becomes. */
AXADDR_ALWAYS_INLINE struct axaddr_area axaddr_area_of(const struct axaddr_request *request,
                                                       uint64_t last) {
    struct axaddr_area area;

    area.first = request->start;
    area.last = last;
    area.kind = axaddr_area_kind_of(request);
    area.hpa = area.kind == AXADDR_AREA_LINEAR ? request->host : 0;
    area.flags = area.kind == AXADDR_AREA_DEVICE
                     ? 0
                     : request->flags & (AXADDR_MAPPING_FLAGS | AXADDR_LAZY_FLAGS);
    area.cookie = axaddr_request_cookie(request);
    return area;
}

/**
 * Check a request against what is there, and count what it takes up to `last`: frames, of which the
 * tables, the pages and those of the area set, and *more areas for a moment.
 */
AXADDR_ALWAYS_INLINE enum axaddr_status axaddr_space_count(const struct axaddr_instance *self,
                                                           struct axaddr_space *space,
                                                           const struct axaddr_request *request,
                                                           uint64_t last, uint64_t *need,
                                                           uint32_t *more) {
    struct axaddr_areas *areas = &space->areas;
    enum axaddr_status status = AXADDR_OK;
    uint64_t area_frames;

    if (request->operation == AXADDR_OP_PROTECT) {
        status = axaddr_space_covers(self, space, request->start, last);
    }
    if (status == AXADDR_OK) {
        status = axaddr_table_count(self, &space->table, request, last, need);
    }
    if (status != AXADDR_OK) {
        return status;
    }
    *more = 0;
    if (axaddr_request_is_map(request)) {
        *more = 1;
    } else if (axaddr_request_is_area_change(request)) {
        *more = axaddr_areas_count_cuts(self, &space->table, areas, request->start, last);
    }
    if (!axaddr_areas_need(areas, *more, &area_frames)) {
        return AXADDR_NO_MEMORY;
    }
    *need += area_frames;
    return AXADDR_OK;
}

/** Carry out an edit, and what has to follow its flush. */
AXADDR_ALWAYS_INLINE void axaddr_space_edit(const struct axaddr_instance *self,
                                            struct axaddr_space *space, struct axaddr_edit *edit,
                                            struct axaddr_pool *pool) {
    struct axaddr_table *table = &space->table;

    self->edit(table, edit, pool);
    if (edit->has_parked) {
        axaddr_quiesce(self, table);
        if (edit->operation == AXADDR_OP_UNMAP) {
            axaddr_space_release(self, space, edit->first, edit->last);
        }
        self->settle(table, edit);
    }
}

/** Limit an edit to the part of [first, last] that the area at *index has; false if it has none. */
AXADDR_ALWAYS_INLINE bool axaddr_edit_next_area(const struct axaddr_instance *self,
                                                struct axaddr_space *space, uint32_t *index,
                                                uint64_t last, struct axaddr_edit *edit,
                                                const struct axaddr_area **area) {
    if (*index == space->areas.count) {
        return false;
    }
    *area = axaddr_areas_see(self, &space->table, &space->areas, (*index)++);
    if ((*area)->first > last) {
        return false;
    }
    edit->first = (*area)->first > edit->first ? (*area)->first : edit->first;
    edit->last = (*area)->last < last ? (*area)->last : last;
    edit->keeps_read_only = axaddr_area_is_upgraded(*area);
    edit->has_parked = false;
    axaddr_flush_init(&edit->plan);
    return true;
}

/**
 * Carry out an edit at once, or area by area: a collapse, as a leaf
 * never reaches across two; a protect where leaves may have less rights than their area.
 */
AXADDR_ALWAYS_INLINE void axaddr_space_edit_areas(const struct axaddr_instance *self,
                                                  struct axaddr_space *space,
                                                  struct axaddr_edit *edit,
                                                  struct axaddr_pool *pool) {
    bool is_collapse = edit->operation == AXADDR_OP_COLLAPSE;
    bool is_by_area =
        is_collapse || (edit->operation == AXADDR_OP_PROTECT && space->areas.has_upgrades);
    const struct axaddr_area *area = 0;
    uint64_t last = edit->last;
    uint32_t index = is_by_area ? self->search(&space->table, &space->areas, edit->first) : 0;

    do {
        if (is_by_area && !axaddr_edit_next_area(self, space, &index, last, edit, &area)) {
            return;
        }
        if (!is_collapse) {
            axaddr_space_edit(self, space, edit, pool);
        } else if (area->kind != AXADDR_AREA_BACKED) { /* whose pages are replaced one by one */
            self->collapse(&space->table, edit);
        }
    } while (is_by_area);
}

/** Do what has been checked and counted, with the frames in the pool: cannot fail. */
AXADDR_ALWAYS_INLINE void axaddr_space_commit(const struct axaddr_instance *self,
                                              struct axaddr_space *space,
                                              const struct axaddr_request *request, uint64_t last,
                                              struct axaddr_pool *pool, uint32_t more) {
    struct axaddr_table *table = &space->table;
    struct axaddr_area area = axaddr_area_of(request, last);
    enum axaddr_area_change change = AXADDR_AREA_INSERT;
    struct axaddr_edit edit;

    self->make_room(table, &space->areas, more, pool);
    if (axaddr_request_is_map(request)) {
        if (axaddr_area_is_upgraded(&area)) {
            __atomic_store_n(&space->areas.has_upgrades, true, __ATOMIC_RELAXED);
        }
        (void)self->map(table, request, last, pool, true);
    } else {
        change = request->operation == AXADDR_OP_UNMAP ? AXADDR_AREA_REMOVE : AXADDR_AREA_SET_FLAGS;
        axaddr_edit_init(&edit, request, last);
        axaddr_space_edit_areas(self, space, &edit, pool);
    }
    if (axaddr_request_is_map(request) || axaddr_request_is_area_change(request)) {
        self->change(table, &space->areas, change, request->start, last, &area);
    }
    self->make_room(table, &space->areas, 0, pool);
}

/**
 * A split has the tables for the leaves that were counted, and for no more: until it is done, faults
 * map no large leaves. Those that have not seen this yet are waited for.
 */
AXADDR_ALWAYS_INLINE void axaddr_space_begin_split(const struct axaddr_instance *self,
                                                   struct axaddr_table *table) {
    if (axaddr_is_concurrent(self)) {
        __atomic_store_n(&table->is_splitting, true, __ATOMIC_RELAXED);
        axaddr_quiesce(self, table);
    }
}

/**
 * Change a space as a request says, table and areas alike, or with `count`, only tell the frames
 * that it would take. All or nothing. Unmapping whole areas needs no memory, so everything can be
 * torn down without. Generated once for each instance.
 */
AXADDR_ALWAYS_INLINE enum axaddr_status axaddr_space_perform(const struct axaddr_instance *self,
                                                             struct axaddr_space *space,
                                                             const struct axaddr_request *request,
                                                             struct axaddr_terms *terms,
                                                             uint64_t *count) {
    struct axaddr_table *table = &space->table;
    enum axaddr_status status;
    struct axaddr_pool pool;
    uint64_t last = 0;
    uint64_t need = 0;
    uint32_t more = 0;

    axaddr_lock(self, table);
    if (request->operation == AXADDR_OP_SPLIT) {
        axaddr_space_begin_split(self, table);
    }
    status = axaddr_request_range(self, table, request, terms != 0 ? terms->budget : 0, &last);
    if (status == AXADDR_OK) {
        status = axaddr_space_count(self, space, request, last, &need, &more);
    }
    if (status == AXADDR_OK && count != 0) {
        *count = need;
    } else if (status == AXADDR_OK && !axaddr_take_ahead(self, table, terms, &pool, need)) {
        status = AXADDR_NO_MEMORY;
    } else if (status == AXADDR_OK) {
        axaddr_space_commit(self, space, request, last, &pool, more);
        axaddr_give_back(self, table, terms, &pool);
    }
    __atomic_store_n(&table->is_splitting, false, __ATOMIC_RELAXED);
    axaddr_unlock(self, table);
    if (terms != 0) {
        terms->done = status == AXADDR_OK && count == 0 ? last - request->start + 1 : 0;
    }
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
    struct axaddr_request request = axaddr_request_of(AXADDR_OP_LINEAR, start, size, flags);

    request.host = host;
    return self->perform_space(space, &request, 0, 0);
}

/** Map `frame_count` host frames in the order of the array; where they adjoin, by larger leaves. */
AXADDR_ALWAYS_INLINE enum axaddr_status
axaddr_space_map_frames(const struct axaddr_instance *self, struct axaddr_space *space,
                        uint64_t start, const uint64_t *frames, size_t frame_count,
                        uint32_t flags) {
    struct axaddr_request request =
        axaddr_request_of(AXADDR_OP_FRAMES, start, axaddr_pages_size(self, frame_count), flags);

    request.frames = frames;
    return self->perform_space(space, &request, 0, 0);
}

/** Map zeroed frames of the space's own: now (POPULATE) or when faults ask for them (LAZY). */
AXADDR_ALWAYS_INLINE enum axaddr_status
axaddr_space_map_alloc(const struct axaddr_instance *self, struct axaddr_space *space,
                       uint64_t start, uint64_t size, uint32_t flags, enum axaddr_backing backing) {
    struct axaddr_request request = axaddr_request_of(
        backing == AXADDR_POPULATE ? AXADDR_OP_POPULATE : AXADDR_OP_RESERVE, start, size, flags);

    if (backing != AXADDR_LAZY && backing != AXADDR_POPULATE) {
        return AXADDR_INVALID;
    }
    return self->perform_space(space, &request, 0, 0);
}

/**
 * Lazy memory whose frames the HAL supplies when faults ask for them (supply_frame), and gets back
 * (return_frame): a file, a snapshot, shared memory, post-copy migration. `cookie`, up to
 * AXADDR_COOKIE_MAX, tells it which. UNSUPPORTED where the HAL has no supply_frame.
 */
AXADDR_ALWAYS_INLINE enum axaddr_status axaddr_space_map_backed(const struct axaddr_instance *self,
                                                                struct axaddr_space *space,
                                                                uint64_t start, uint64_t size,
                                                                uint32_t flags, uint32_t cookie) {
    struct axaddr_request request = axaddr_request_of(AXADDR_OP_BACKED, start, size, flags);

    request.cookie = cookie;
    return self->perform_space(space, &request, 0, 0);
}

/**
 * Trap a range: every access is a fault of kind DEVICE, and query tells `cookie`, up to
 * AXADDR_COOKIE_MAX.
 */
AXADDR_ALWAYS_INLINE enum axaddr_status axaddr_space_map_device(const struct axaddr_instance *self,
                                                                struct axaddr_space *space,
                                                                uint64_t start, uint64_t size,
                                                                uint32_t cookie) {
    struct axaddr_request request = axaddr_request_of(AXADDR_OP_DEVICE, start, size, 0);

    request.cookie = cookie;
    return self->perform_space(space, &request, 0, 0);
}

/**
 * What has only a range and flags:
 *
 * UNMAP    whatever is there; holes are skipped. Areas lose just that part, and owned frames are
 *          freed. NO_MEMORY: an area, a large leaf or a reservation had to be cut and there was no
 *          frame.
 * PROTECT  give every page these flags in the place of those that it has; reserved pages stay
 *          reserved, with the new flags. NOT_MAPPED over a hole, DENIED over a trapped range.
 * SPLIT    break large leaves up, as dirty logging wants it; translations stay.
 * HARVEST  tell the HAL (harvested) of every leaf of which any of the notes given in the place of
 *          flags (AXADDR_ACCESSED, AXADDR_DIRTY) was noted since it was last harvested, and clear
 *          them. Large leaves are told as a whole: split them before, where pages matter.
 *          UNSUPPORTED where the format has no notes.
 * COLLAPSE the inverse of SPLIT: where small leaves of one area map one piece of memory alike, they
 *          become large ones. Needs no memory, frees tables. Reservations stay as they are. Backed
 *          areas stay as they are, too: their pages are supplied and returned one by one.
 */
AXADDR_ALWAYS_INLINE enum axaddr_status axaddr_space_edit_range(const struct axaddr_instance *self,
                                                                struct axaddr_space *space,
                                                                enum axaddr_operation operation,
                                                                uint64_t start, uint64_t size,
                                                                uint32_t flags) {
    struct axaddr_request request = axaddr_request_of(operation, start, size, flags);

    return self->perform_space(space, &request, 0, 0);
}

/** A fault that an area may have more to say about than the leaf; `table` is the space's. */
AXADDR_ALWAYS_INLINE enum axaddr_fault axaddr_space_upgrade(const struct axaddr_instance *self,
                                                            const struct axaddr_table *table,
                                                            uint64_t address, uint32_t access,
                                                            struct axaddr_pool *pool) {
    const struct axaddr_space *space = (const struct axaddr_space *)(const void *)table;

    return axaddr_areas_upgrade(self, table, &space->areas, address, access, pool);
}

/* ---- looking ---- */

/**
 * The first area that ends at or after `from` and begins at or before `to`; NOT_MAPPED if there is
 * none. Takes the lock.
 */
AXADDR_ALWAYS_INLINE enum axaddr_status axaddr_space_copy_area(const struct axaddr_instance *self,
                                                               const struct axaddr_space *space,
                                                               uint64_t from, uint64_t to,
                                                               struct axaddr_area *area) {
    enum axaddr_status status = AXADDR_NOT_MAPPED;
    const struct axaddr_area *found;

    axaddr_lock(self, &space->table);
    found = axaddr_space_area(self, space, from);
    if (found != 0 && found->first <= to) {
        axaddr_area_copy(area, found);
        status = AXADDR_OK;
    }
    axaddr_unlock(self, &space->table);
    return status;
}

/** The area that holds `address`; NOT_MAPPED if none does. */
AXADDR_ALWAYS_INLINE enum axaddr_status axaddr_space_find_area(const struct axaddr_instance *self,
                                                               const struct axaddr_space *space,
                                                               uint64_t address,
                                                               struct axaddr_area *area) {
    return axaddr_space_copy_area(self, space, address, address, area);
}

/**
 * The first area that ends at or after `from`; NOT_MAPPED if there is none. To visit all, begin
 * with the lowest address and go on at the address after each area's last byte.
 */
AXADDR_ALWAYS_INLINE enum axaddr_status axaddr_space_next_area(const struct axaddr_instance *self,
                                                               const struct axaddr_space *space,
                                                               uint64_t from,
                                                               struct axaddr_area *area) {
    return axaddr_space_copy_area(self, space, from, ~UINT64_C(0), area);
}

/** Count what the space holds, by walking its table. */
AXADDR_ALWAYS_INLINE void axaddr_space_stats(const struct axaddr_instance *self,
                                             const struct axaddr_space *space,
                                             struct axaddr_stats *stats) {
    axaddr_table_stats(self, &space->table, stats);
    axaddr_lock(self, &space->table);
    stats->area_count = space->areas.count;
    axaddr_unlock(self, &space->table);
}

#endif /* AXADDR_CORE_SPACE_H */
