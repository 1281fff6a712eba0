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
    axaddr_areas_init(&space->areas, ctx);
    return axaddr_table_init(self, &space->table, ctx, start, size, geometry);
}

/** Give back what areas own in [first, last]; the TLBs have forgotten it. */
AXADDR_ALWAYS_INLINE void axaddr_space_release(const struct axaddr_instance *self,
                                               struct axaddr_space *space, uint64_t first,
                                               uint64_t last) {
    struct axaddr_area_visit visit;
    struct axaddr_area area;

    axaddr_area_visit_init(&visit, first, last);
    while (axaddr_areas_visit(self, &space->areas, &visit, &area)) {
        uint64_t from = area.first > first ? area.first : first;
        uint64_t to = area.last < last ? area.last : last;

        if (area.kind == AXADDR_AREA_ALLOC || area.kind == AXADDR_AREA_BACKED) {
            self->release(&space->table, from, to,
                          area.kind == AXADDR_AREA_BACKED ? area.cookie : AXADDR_OWN_FRAMES);
        } else if (self->hal->free_at != 0 && (area.flags & AXADDR_OWNED) != 0) {
            self->hal->free_at(space->table.ctx, axaddr_hpa(area.hpa + (from - area.first)),
                               to - from + 1);
        }
    }
}

/** An area that stands for a range of it only. */
AXADDR_ALWAYS_INLINE void axaddr_area_of_range(uint64_t first, uint64_t last,
                                               struct axaddr_area *area) {
    area->first = first;
    area->last = last;
    area->kind = AXADDR_AREA_DEVICE;
    area->hpa = 0;
    area->flags = 0;
    area->cookie = 0;
    area->name = 0;
    area->tag = 0;
}

/**
 * Unmap everything, free what the space owns, the tables and the root, after one flush of it all.
 * The space must not be used again before an init. No CPU may run on it any more.
 */
AXADDR_ALWAYS_INLINE void axaddr_space_destroy(const struct axaddr_instance *self,
                                               struct axaddr_space *space) {
    struct axaddr_table *table = &space->table;
    struct axaddr_pool pool = {0, 0};
    struct axaddr_area all;

    axaddr_table_flush_all(self, table);
    axaddr_space_release(self, space, table->first, table->last);
    axaddr_table_free_all(self, table);
    axaddr_area_of_range(0, UINT64_MAX, &all);
    self->change(&space->areas, AXADDR_AREA_REMOVE, &all, &pool);
    (void)self->resize(table, &pool, 0);
}

/* ---- edits ---- */

/** Whether areas cover [first, last]: NOT_MAPPED where not, DENIED if one of them is a device. */
AXADDR_ALWAYS_INLINE enum axaddr_status axaddr_space_covers(const struct axaddr_instance *self,
                                                            struct axaddr_space *space,
                                                            uint64_t first, uint64_t last) {
    enum axaddr_status status = AXADDR_OK;
    struct axaddr_area_visit visit;
    struct axaddr_area area;

    axaddr_area_visit_init(&visit, first, last);
    while (axaddr_areas_visit(self, &space->areas, &visit, &area) && area.first <= first) {
        status = area.kind == AXADDR_AREA_DEVICE ? AXADDR_DENIED : status;
        if (area.last >= last) {
            return status;
        }
        first = area.last + 1;
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
    case AXADDR_OP_LABEL:
        break;
    }
    return AXADDR_AREA_ALLOC;
}

/** What a request up to `last` says of the areas there. */
AXADDR_ALWAYS_INLINE void axaddr_area_of(const struct axaddr_request *request, uint64_t last,
                                         struct axaddr_area *area) {
    axaddr_area_of_range(request->start, last, area);
    area->kind = axaddr_area_kind_of(request);
    area->hpa = area->kind == AXADDR_AREA_LINEAR ? request->host : 0;
    area->cookie = axaddr_request_cookie(request);
    area->name = request->name;
    area->tag = request->tag;
    if (area->kind != AXADDR_AREA_DEVICE) {
        area->flags = request->flags & (AXADDR_MAPPING_FLAGS | AXADDR_LAZY_FLAGS | AXADDR_OWNED);
    }
}

/** How a request changes the areas; false: it does not. */
AXADDR_ALWAYS_INLINE bool axaddr_area_change_of(const struct axaddr_request *request,
                                                enum axaddr_area_change *change) {
    *change = request->operation == AXADDR_OP_UNMAP     ? AXADDR_AREA_REMOVE
              : request->operation == AXADDR_OP_PROTECT ? AXADDR_AREA_SET_FLAGS
              : request->operation == AXADDR_OP_LABEL   ? AXADDR_AREA_LABEL
                                                        : AXADDR_AREA_INSERT;
    return *change != AXADDR_AREA_INSERT || axaddr_request_is_map(request);
}

/**
 * Check a request against what is there, and count what it takes up to `last`: frames, of which the
 * tables, the pages and those of the area set.
 */
AXADDR_ALWAYS_INLINE enum axaddr_status axaddr_space_count(const struct axaddr_instance *self,
                                                           struct axaddr_space *space,
                                                           const struct axaddr_request *request,
                                                           uint64_t last, uint64_t *need) {
    enum axaddr_status status = AXADDR_OK;
    enum axaddr_area_change change;
    uint64_t area_frames = 0;
    struct axaddr_area area;

    if (request->operation == AXADDR_OP_PROTECT || request->operation == AXADDR_OP_LABEL) {
        status = axaddr_space_covers(self, space, request->start, last);
    }
    if (status == AXADDR_DENIED && request->operation == AXADDR_OP_LABEL) {
        status = AXADDR_OK; /* a device has a name, too */
    }
    if (status == AXADDR_OK) {
        status = axaddr_table_count(self, &space->table, request, last, need);
    }
    if (status == AXADDR_OK && axaddr_area_change_of(request, &change)) {
        axaddr_area_of(request, last, &area);
        if (!self->count_areas(&space->areas, change, &area, &area_frames)) {
            return AXADDR_NO_MEMORY;
        }
        *need += area_frames;
    }
    return status;
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

/**
 * Carry out an edit at once, or area by area: a collapse, as a leaf never reaches across two; a
 * protect where leaves may have less rights than their area.
 */
AXADDR_ALWAYS_INLINE void axaddr_space_edit_areas(const struct axaddr_instance *self,
                                                  struct axaddr_space *space,
                                                  struct axaddr_edit *edit,
                                                  struct axaddr_pool *pool) {
    bool is_collapse = edit->operation == AXADDR_OP_COLLAPSE;
    uint64_t first = edit->first;
    uint64_t last = edit->last;
    struct axaddr_area_visit visit;
    struct axaddr_area area;

    if (!is_collapse && (edit->operation != AXADDR_OP_PROTECT || !space->areas.has_upgrades)) {
        axaddr_space_edit(self, space, edit, pool);
        return;
    }
    axaddr_area_visit_init(&visit, first, last);
    while (axaddr_areas_visit(self, &space->areas, &visit, &area)) {
        edit->first = area.first > first ? area.first : first;
        edit->last = area.last < last ? area.last : last;
        edit->keeps_read_only = axaddr_area_is_sparse(&area);
        edit->has_parked = false;
        axaddr_flush_init(&edit->plan);
        if (!is_collapse) {
            axaddr_space_edit(self, space, edit, pool);
        } else if (area.kind != AXADDR_AREA_BACKED) { /* whose pages are replaced one by one */
            self->collapse(&space->table, edit);
            __asm__("" : "+m"(edit->first)); /* or clang makes one indirect call of it and settle */
        }
    }
}

/** Do what has been checked and counted, with the frames in the pool: cannot fail. */
AXADDR_ALWAYS_INLINE void axaddr_space_commit(const struct axaddr_instance *self,
                                              struct axaddr_space *space,
                                              const struct axaddr_request *request, uint64_t last,
                                              struct axaddr_pool *pool) {
    struct axaddr_table *table = &space->table;
    enum axaddr_area_change change;
    struct axaddr_area area;
    struct axaddr_edit edit;

    axaddr_area_of(request, last, &area);
    if (axaddr_request_is_map(request) && axaddr_area_is_sparse(&area)) {
        __atomic_store_n(&space->areas.has_upgrades, true, __ATOMIC_RELAXED);
    }
    axaddr_edit_begin(self, table, &edit, request, last);
    if (edit.operation > AXADDR_OP_DEVICE) {
        axaddr_space_edit_areas(self, space, &edit, pool);
    }
    axaddr_edit_end(self, table, request, last, pool);
    if (axaddr_area_change_of(request, &change)) {
        self->change(&space->areas, change, &area, pool);
    }
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

    axaddr_lock(self, table);
    if (request->operation == AXADDR_OP_SPLIT) {
        axaddr_space_begin_split(self, table);
    }
    status = axaddr_request_range(self, table, request, terms != 0 ? terms->budget : 0, &last);
    if (status == AXADDR_OK) {
        status = axaddr_space_count(self, space, request, last, &need);
    }
    if (status == AXADDR_OK && count != 0) {
        *count = need;
    } else if (status == AXADDR_OK && !axaddr_take_ahead(self, table, terms, &pool, need)) {
        status = AXADDR_NO_MEMORY;
    } else if (status == AXADDR_OK) {
        axaddr_space_commit(self, space, request, last, &pool);
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

/** Unmap everything. */
AXADDR_ALWAYS_INLINE void axaddr_space_clear(const struct axaddr_instance *self,
                                             struct axaddr_space *space) {
    const struct axaddr_table *table = &space->table;
    struct axaddr_request request =
        axaddr_request_of(AXADDR_OP_UNMAP, table->first, table->last - table->first + 1, 0);

    /* No area, leaf or reservation is cut, so it takes no memory and cannot fail. */
    (void)self->perform_space(space, &request, 0, 0);
}

/**
 * Give the areas of a range a name, which is not copied, and a tag: both are the caller's, and told
 * by find_area and dump. Areas with different ones are not joined; large leaves and reservations are
 * cut where areas are. NOT_MAPPED over a hole, NO_MEMORY.
 */
AXADDR_ALWAYS_INLINE enum axaddr_status axaddr_space_label(const struct axaddr_instance *self,
                                                           struct axaddr_space *space,
                                                           uint64_t start, uint64_t size,
                                                           const char *name, uint64_t tag) {
    struct axaddr_request request = axaddr_request_of(AXADDR_OP_LABEL, start, size, 0);

    request.name = name;
    request.tag = tag;
    return self->perform_space(space, &request, 0, 0);
}

/** A piece of host memory and where it belongs: what map_regions takes an array of. */
struct axaddr_region {
    uint64_t start;   /**< first address in the space */
    uint64_t host;    /**< host address of the first byte */
    uint64_t size;    /**< bytes */
    uint32_t flags;   /**< as for map_linear; AXADDR_REPLACE is INVALID here */
    const char *name; /**< of the area, or 0 */
};

/**
 * Map regions, each like map_linear: a kernel's text, data and devices. All or none: the first
 * failure is the result.
 */
AXADDR_ALWAYS_INLINE enum axaddr_status
axaddr_space_map_regions(const struct axaddr_instance *self, struct axaddr_space *space,
                         const struct axaddr_region *regions, size_t count) {
    enum axaddr_status status = AXADDR_OK;
    struct axaddr_request request;
    size_t i;

    for (i = 0; i < count && status == AXADDR_OK; i++) {
        request = axaddr_request_of(AXADDR_OP_LINEAR, regions[i].start, regions[i].size,
                                    regions[i].flags);
        request.host = regions[i].host;
        request.name = regions[i].name;
        request.tag = ~(uint64_t)i; /* it joins with no other yet, so to unmap it takes no memory */
        status = (request.flags & AXADDR_REPLACE) != 0 ? AXADDR_INVALID
                                                       : self->perform_space(space, &request, 0, 0);
    }
    for (i -= status != AXADDR_OK; i > 0; i--) {
        request = axaddr_request_of(status == AXADDR_OK ? AXADDR_OP_LABEL : AXADDR_OP_UNMAP,
                                    regions[i - 1].start, regions[i - 1].size, 0);
        request.name = regions[i - 1].name;
        (void)self->perform_space(space, &request, 0, 0);
    }
    return status;
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
    struct axaddr_range_hit hit;

    axaddr_lock(self, &space->table);
    if (self->look_area(&space->areas, from, &hit) && hit.first <= to) {
        axaddr_area_of_hit(&hit, area);
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

/**
 * Where a request of its size would find a free place (range_free.h). INVALID: the size is not of
 * whole pages, or the request makes no sense; NO_MEMORY: there is no such place. Nothing is
 * reserved: on many CPUs another may take it, and the map then says EXISTS. Takes the lock.
 */
AXADDR_ALWAYS_INLINE enum axaddr_status
axaddr_space_find_free(const struct axaddr_instance *self, const struct axaddr_space *space,
                       const struct axaddr_placement *wanted, uint64_t *address) {
    uint64_t page = axaddr_page_size(self);
    struct axaddr_placement placement = *wanted;
    enum axaddr_status status;

    placement.alignment = wanted->alignment > page ? wanted->alignment : page;
    placement.low = axaddr_range_larger(wanted->low, space->table.first);
    placement.high = wanted->high < space->table.last ? wanted->high : space->table.last;
    if ((wanted->size & (page - 1)) != 0 || wanted->low > wanted->high ||
        (wanted->alignment & (wanted->alignment - 1)) != 0) {
        return AXADDR_INVALID;
    }
    if (placement.low > placement.high) {
        return AXADDR_NO_MEMORY;
    }
    axaddr_lock(self, &space->table);
    status = axaddr_ranges_find_free(self->areas, &space->areas.set, &placement, address);
    axaddr_unlock(self, &space->table);
    return status;
}

/** Count what the space holds, by walking its table. */
AXADDR_ALWAYS_INLINE void axaddr_space_stats(const struct axaddr_instance *self,
                                             const struct axaddr_space *space,
                                             struct axaddr_stats *stats) {
    axaddr_table_stats(self, &space->table, stats);
    axaddr_lock(self, &space->table);
    stats->area_count = space->areas.set.count;
    stats->area_frame_count = space->areas.frame_count;
    axaddr_unlock(self, &space->table);
}

#endif /* AXADDR_CORE_SPACE_H */
