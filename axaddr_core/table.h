/* SPDX-License-Identifier: MIT
 *
 * table.h: a page table by itself: its life, and its operations with their checks. A bare table
 * owns its own tables and never the frames that it maps; areas, owned frames and faults are the
 * space's (space.h). Addresses are raw here; the generated wrappers type them.
 *
 * With lock and unlock in the HAL any number of CPUs may call anything here at once (init and
 * destroy apart): what changes the table takes the lock, translate, query, root and faults do not.
 * Without them one CPU at a time may be in a table, apart from translate, query and root beside
 * each other.
 */
#ifndef AXADDR_CORE_TABLE_H
#define AXADDR_CORE_TABLE_H

#include "collapse.h"
#include "edit.h"
#include "fault.h"
#include "map.h"
#include "release.h"

/**
 * Make an empty table for [start, start + size - 1]; takes the root's frames. INVALID: unaligned,
 * empty, overflowing, or not reachable by the format. NO_MEMORY. UNSUPPORTED: the HAL is
 * incomplete.
 */
AXADDR_ALWAYS_INLINE enum axaddr_status axaddr_table_init(const struct axaddr_instance *self,
                                                          struct axaddr_table *table, void *ctx,
                                                          uint64_t start, uint64_t size,
                                                          struct axaddr_geometry geometry) {
    const struct axaddr_format *format = self->format;
    uint64_t last = start + (size - 1);
    axaddr_hpa_t root;
    void *root_at;

    if (!axaddr_instance_is_complete(self)) {
        return AXADDR_UNSUPPORTED;
    }
    if (!axaddr_geometry_fits(format, &geometry)) {
        return AXADDR_INVALID;
    }
    table->geometry = geometry;
    /* Both ends reachable, and in the same half of a sign-extended space. */
    if (size == 0 || ((start | size) & (axaddr_page_size(self) - 1)) != 0 || last < start ||
        !axaddr_is_reachable(self, table, start) || !axaddr_is_reachable(self, table, last) ||
        start >> axaddr_input_width(self, table) != last >> axaddr_input_width(self, table)) {
        return AXADDR_INVALID;
    }
    if (axaddr_root_order(self, table) > 0
            ? !self->hal->alloc_block(ctx, axaddr_root_order(self, table), &root)
            : !self->hal->alloc_frame(ctx, &root)) {
        return AXADDR_NO_MEMORY;
    }
    root_at = self->hal->frame_at(ctx, root);
    table->ctx = ctx;
    table->root = root.raw;
    table->root_at = root_at;
    table->first = start;
    table->last = last;
    table->zero_frame = AXADDR_NO_FRAME;
    table->is_splitting = false;
    table->replacing = 0;
    table->shared_first = UINT64_MAX;
    table->shared_last = 0;
    table->vmid = 0;
    table->cpus[0] = 0;
    table->cpus[1] = 0;
    axaddr_entry_fill(self, table, root_at,
                      axaddr_table_end(self, table, root_at, axaddr_top_level(self, table)),
                      format->empty);
    if (format->publish != 0) {
        format->publish();
    }
    return AXADDR_OK;
}

/** Ask the TLBs to forget all of this table. */
AXADDR_ALWAYS_INLINE void axaddr_table_flush_all(const struct axaddr_instance *self,
                                                 const struct axaddr_table *table) {
    struct axaddr_flush plan;

    axaddr_flush_init(&plan);
    plan.is_full = true;
    plan.has_tables = true;
    axaddr_flush_tlb(self, table, &plan);
}

/** Free all tables and the root, but what the root shares with another (share.h). */
AXADDR_ALWAYS_INLINE void axaddr_table_free_all(const struct axaddr_instance *self,
                                                struct axaddr_table *table) {
    unsigned top = axaddr_top_level(self, table);
    uint64_t address = table->shared_first;

    if (address <= table->shared_last && (address < table->first || address > table->last)) {
        for (;;) {
            axaddr_entry_write(self, table,
                               axaddr_slot_at(self, table, table->root_at, top, address),
                               self->format->empty);
            if (table->shared_last - address <= axaddr_span_mask(self, top)) {
                break;
            }
            address += axaddr_span_mask(self, top) + 1;
        }
    }
    self->free_tables(table, table->root, top);
    table->root = 0;
    table->root_at = 0;
}

/** Flush, and free all tables and the root. The table must not be used again before an init. */
AXADDR_ALWAYS_INLINE void axaddr_table_destroy(const struct axaddr_instance *self,
                                               struct axaddr_table *table) {
    axaddr_table_flush_all(self, table);
    axaddr_table_free_all(self, table);
}

/**
 * The frame that pages of zero-page areas are until they are written: zeroed, aligned, the caller's
 * and never written to; once, before the first such area. INVALID if it cannot stand in an entry.
 */
AXADDR_ALWAYS_INLINE enum axaddr_status
axaddr_table_set_zero_frame(const struct axaddr_instance *self, struct axaddr_table *table,
                            uint64_t frame) {
    if (!axaddr_is_output(self, frame, axaddr_page_size(self)) ||
        table->zero_frame != AXADDR_NO_FRAME) {
        return AXADDR_INVALID;
    }
    table->zero_frame = frame;
    return AXADDR_OK;
}

/* ---- who runs on it ---- */

/** The tag (VMID, ASID) of the table's translations from now on, for plans to tell. */
AXADDR_ALWAYS_INLINE void axaddr_table_set_vmid(struct axaddr_table *table, uint32_t vmid) {
    __atomic_store_n(&table->vmid, vmid, __ATOMIC_RELAXED);
}

/**
 * CPU number `cpu` is about to run on this table: plans name it from now on. Called by that CPU,
 * after set_vmid and before it lets hardware walk. With more than 64 CPUs, those that are equal
 * modulo 64 are named together. Who never calls this gets plans for everybody.
 */
AXADDR_ALWAYS_INLINE void axaddr_table_enter_cpu(const struct axaddr_instance *self,
                                                 struct axaddr_table *table, unsigned cpu) {
    uint32_t bit = UINT32_C(1) << (cpu & 31);
    uint32_t *word = &table->cpus[cpu >> 5 & 1];

    if (self->hal->lock != 0) {
        (void)__atomic_fetch_or(word, bit, __ATOMIC_RELAXED);
        __atomic_thread_fence(__ATOMIC_SEQ_CST); /* the twin is in axaddr_flush_tlb */
    } else {
        *word |= bit;
    }
}

/**
 * CPU number `cpu` does not run on this table and has dropped all its translations: plans need not
 * name it any more, until it enters again.
 */
AXADDR_ALWAYS_INLINE void axaddr_table_leave_cpu(const struct axaddr_instance *self,
                                                 struct axaddr_table *table, unsigned cpu) {
    uint32_t bit = UINT32_C(1) << (cpu & 31);
    uint32_t *word = &table->cpus[cpu >> 5 & 1];

    if (self->hal->lock != 0) {
        (void)__atomic_fetch_and(word, ~bit, __ATOMIC_RELEASE);
    } else {
        *word &= ~bit;
    }
}

/* ---- edits ---- */

/** Whether every page of a range is mapped or reserved: NOT_MAPPED, or DENIED if one is trapped. */
AXADDR_ALWAYS_INLINE enum axaddr_status
axaddr_table_check_mapped(const struct axaddr_instance *self, const struct axaddr_table *table,
                          uint64_t first, uint64_t last) {
    const struct axaddr_format *format = self->format;
    enum axaddr_status status = AXADDR_OK;

    for (;;) {
        struct axaddr_position position = self->lookup(table, first);
        uint64_t done = first | axaddr_span_mask(self, position.level);

        if (format->kind_of(position.entry, position.level) != AXADDR_ENTRY_LEAF) {
            enum axaddr_absent_kind kind = format->absent_kind(position.entry);
            if (kind == AXADDR_ABSENT_EMPTY) {
                return AXADDR_NOT_MAPPED;
            }
            status = kind == AXADDR_ABSENT_RESERVED ? status : AXADDR_DENIED;
        }
        if (done >= last) {
            return status;
        }
        first = done + 1;
    }
}

/**
 * Where an edit of what is there may stop after about `budget` entries, or `last`. A leaf that is to
 * be split counts as the pages that it becomes, a table of them at a time.
 */
AXADDR_ALWAYS_INLINE uint64_t axaddr_edit_bound(const struct axaddr_instance *self,
                                                const struct axaddr_table *table,
                                                const struct axaddr_request *request, uint64_t last,
                                                uint64_t budget) {
    uint64_t first = request->start;

    for (;;) {
        struct axaddr_position position = self->lookup(table, first);
        bool is_split = request->operation == AXADDR_OP_SPLIT && position.level > 0 &&
                        self->format->kind_of(position.entry, position.level) == AXADDR_ENTRY_LEAF;
        uint64_t table_last = first | axaddr_table_mask(self, 0);
        uint64_t count = ((table_last - first) >> self->format->shift[0]) + 1;
        uint64_t done = first | axaddr_span_mask(self, position.level);

        if (is_split) {
            done = table_last;
            budget = budget > count ? budget - count : 0;
        } else if (position.level == 0) {
            /* As many pages as the budget and the table have left. */
            count = count < budget ? count : budget;
            done = (first + (count << self->format->shift[0])) - 1;
            budget -= count;
        } else {
            budget--;
        }
        if (done >= last || budget == 0) {
            return done < last ? done : last;
        }
        first = done + 1;
    }
}

/**
 * Find [start, *last] of a request: INVALID where it cannot be one. With a budget it ends where
 * that is used up. With the lock held.
 */
AXADDR_ALWAYS_INLINE enum axaddr_status axaddr_request_range(const struct axaddr_instance *self,
                                                             const struct axaddr_table *table,
                                                             const struct axaddr_request *request,
                                                             uint64_t budget, uint64_t *last) {
    if (!axaddr_table_range(self, table, request->start, request->size, last) ||
        (request->operation == AXADDR_OP_FRAMES && request->frames == 0)) {
        return AXADDR_INVALID;
    }
    if (budget != 0) {
        uint64_t end = axaddr_request_is_map(request)
                           ? axaddr_map_bound(self, table, request, *last, budget)
                           : axaddr_edit_bound(self, table, request, *last, budget);

        /* A step that ended within a table could never collapse it. */
        end |= request->operation == AXADDR_OP_COLLAPSE ? axaddr_table_mask(self, 0) : 0;
        *last = end < *last ? end : *last;
    }
    return axaddr_request_check(self, table, request, *last);
}

/** Count the tables (and pages) that a request takes up to `last`; EXISTS if it cannot be. */
AXADDR_ALWAYS_INLINE enum axaddr_status axaddr_table_count(const struct axaddr_instance *self,
                                                           const struct axaddr_table *table,
                                                           const struct axaddr_request *request,
                                                           uint64_t last, uint64_t *count) {
    struct axaddr_pool counted = {0, 0};
    enum axaddr_status status = AXADDR_OK;

    if (axaddr_request_is_map(request)) {
        status = self->map(table, request, last, &counted, false);
    } else if (request->operation == AXADDR_OP_SPLIT) {
        counted.count = axaddr_count_splits(self, table, request->start, last);
    }
    if (axaddr_request_is_area_change(request) || axaddr_request_is_replace(request)) {
        counted.count += axaddr_count_cuts(self, table, request->start, last);
    }
    *count = counted.count;
    return status;
}

/** Have `need` frames in the pool: the caller's, which must have them, or from the HAL. */
AXADDR_ALWAYS_INLINE bool axaddr_take_ahead(const struct axaddr_instance *self,
                                            const struct axaddr_table *table,
                                            const struct axaddr_terms *terms,
                                            struct axaddr_pool *pool, uint64_t need) {
    if (terms != 0 && terms->pool != 0) {
        *pool = *terms->pool;
        return pool->count >= need;
    }
    pool->count = 0;
    return self->resize(table, pool, need);
}

/** What a committed edit leaves of the pool: back to where it came from. */
AXADDR_ALWAYS_INLINE void axaddr_give_back(const struct axaddr_instance *self,
                                           const struct axaddr_table *table,
                                           const struct axaddr_terms *terms,
                                           struct axaddr_pool *pool) {
    if (terms != 0 && terms->pool != 0) {
        *terms->pool = *pool;
    } else {
        (void)self->resize(table, pool, 0);
    }
}

/**
 * What a request edits before it maps, if anything: for a map that replaces, an unmap. From here on
 * until axaddr_edit_end, faults that find nothing are told to try again.
 */
AXADDR_ALWAYS_INLINE void axaddr_edit_begin(const struct axaddr_instance *self,
                                            struct axaddr_table *table, struct axaddr_edit *edit,
                                            const struct axaddr_request *request, uint64_t last) {
    axaddr_edit_init(edit, request, last);
    if (axaddr_request_is_replace(request)) {
        edit->operation = AXADDR_OP_UNMAP;
        edit->keeps_tables = true;
        axaddr_mark_replacing(self, table);
    }
}

/** Map, if that is what was asked for: the last part of a commit. */
AXADDR_ALWAYS_INLINE void axaddr_edit_end(const struct axaddr_instance *self,
                                          struct axaddr_table *table,
                                          const struct axaddr_request *request, uint64_t last,
                                          struct axaddr_pool *pool) {
    if (axaddr_request_is_map(request)) {
        (void)self->map(table, request, last, pool, true);
    }
    if (axaddr_request_is_replace(request)) {
        axaddr_mark_replacing(self, table);
    }
}

/**
 * Change a table as a request says, or with `count`, only tell the frames that it would take. All
 * or nothing. Generated once for each instance.
 */
AXADDR_ALWAYS_INLINE enum axaddr_status axaddr_table_perform(const struct axaddr_instance *self,
                                                             struct axaddr_table *table,
                                                             const struct axaddr_request *request,
                                                             struct axaddr_terms *terms,
                                                             uint64_t *count) {
    enum axaddr_status status;
    struct axaddr_pool pool;
    struct axaddr_edit edit;
    uint64_t last = 0;
    uint64_t need = 0;

    axaddr_lock(self, table);
    status = axaddr_request_range(self, table, request, terms != 0 ? terms->budget : 0, &last);
    if (status == AXADDR_OK && request->operation == AXADDR_OP_PROTECT) {
        status = axaddr_table_check_mapped(self, table, request->start, last);
    }
    if (status == AXADDR_OK) {
        status = axaddr_table_count(self, table, request, last, &need);
    }
    if (status == AXADDR_OK && count != 0) {
        *count = need;
    } else if (status == AXADDR_OK && !axaddr_take_ahead(self, table, terms, &pool, need)) {
        status = AXADDR_NO_MEMORY;
    } else if (status == AXADDR_OK) {
        axaddr_edit_begin(self, table, &edit, request, last);
        if (edit.operation == AXADDR_OP_COLLAPSE) {
            self->collapse(table, &edit);
        } else if (edit.operation != AXADDR_OP_LINEAR && edit.operation != AXADDR_OP_FRAMES) {
            self->edit(table, &edit, &pool);
        }
        if (edit.has_parked) {
            axaddr_quiesce(self, table);
            self->settle(table, &edit);
        }
        axaddr_edit_end(self, table, request, last, &pool);
        axaddr_give_back(self, table, terms, &pool);
    }
    axaddr_unlock(self, table);
    if (terms != 0) {
        terms->done = status == AXADDR_OK && count == 0 ? last - request->start + 1 : 0;
    }
    return status;
}

/** Map host memory in one piece; the frames stay the caller's. */
AXADDR_ALWAYS_INLINE enum axaddr_status axaddr_table_map_linear(const struct axaddr_instance *self,
                                                                struct axaddr_table *table,
                                                                uint64_t start, uint64_t host,
                                                                uint64_t size, uint32_t flags) {
    struct axaddr_request request = axaddr_request_of(AXADDR_OP_LINEAR, start, size, flags);

    request.host = host;
    return self->perform_table(table, &request, 0, 0);
}

/** Map the frames of an array in order; where they adjoin, by larger leaves. */
AXADDR_ALWAYS_INLINE enum axaddr_status
axaddr_table_map_frames(const struct axaddr_instance *self, struct axaddr_table *table,
                        uint64_t start, const uint64_t *frames, size_t frame_count,
                        uint32_t flags) {
    struct axaddr_request request =
        axaddr_request_of(AXADDR_OP_FRAMES, start, axaddr_pages_size(self, frame_count), flags);

    request.frames = frames;
    return self->perform_table(table, &request, 0, 0);
}

/** What has only a range and flags: UNMAP, PROTECT, SPLIT, COLLAPSE. */
AXADDR_ALWAYS_INLINE enum axaddr_status axaddr_table_edit_range(const struct axaddr_instance *self,
                                                                struct axaddr_table *table,
                                                                enum axaddr_operation operation,
                                                                uint64_t start, uint64_t size,
                                                                uint32_t flags) {
    struct axaddr_request request = axaddr_request_of(operation, start, size, flags);

    return self->perform_table(table, &request, 0, 0);
}

/* ---- frames taken ahead ---- */

/** Bring a caller's pool to `count` frames: NO_MEMORY, and it is as before. */
AXADDR_ALWAYS_INLINE enum axaddr_status axaddr_table_resize_pool(const struct axaddr_instance *self,
                                                                 const struct axaddr_table *table,
                                                                 struct axaddr_pool *pool,
                                                                 uint64_t count) {
    return self->resize(table, pool, count) ? AXADDR_OK : AXADDR_NO_MEMORY;
}

/* ---- every entry that is not a table ---- */

/** A walk over all entries of a table that decide, in ascending order. With the lock held. */
struct axaddr_entry_visit {
    struct axaddr_path path;
    uint64_t next;
    bool is_done;
    uint64_t table_count;            /**< tables that were entered, but for the root */
    struct axaddr_position position; /**< the entry, without the hint of a run */
    uint64_t first;                  /**< what it says something of */
    uint64_t last;
};

AXADDR_ALWAYS_INLINE void axaddr_entry_visit_init(const struct axaddr_instance *self,
                                                  const struct axaddr_table *table,
                                                  struct axaddr_entry_visit *visit) {
    axaddr_path_init(self, table, &visit->path);
    visit->next = table->first;
    visit->is_done = false;
    visit->table_count = 0;
}

/** The next entry; false if there is none. */
AXADDR_ALWAYS_INLINE bool axaddr_entry_visit_next(const struct axaddr_instance *self,
                                                  const struct axaddr_table *table,
                                                  struct axaddr_entry_visit *visit) {
    const struct axaddr_format *format = self->format;
    struct axaddr_path *path = &visit->path;
    uint64_t entry;

    if (visit->is_done) {
        return false;
    }
    while (axaddr_path_leaves(self, table, path, visit->next) && visit->next != table->first) {
        path->level++;
    }
    for (;;) {
        void *slot = axaddr_slot_at(self, table, path->at[path->level], path->level, visit->next);

        entry = axaddr_entry_read(self, slot);
        visit->position.slot = slot;
        visit->position.level = path->level;
        if (format->kind_of(entry, path->level) != AXADDR_ENTRY_TABLE) {
            break;
        }
        visit->table_count++;
        path->level--;
        path->at[path->level] = axaddr_frame_at(self, table, format->table_of(entry));
    }
    visit->position.entry = axaddr_entry_plain(self, visit->position.slot, entry, path->level);
    visit->first = visit->next;
    visit->last = visit->next | axaddr_span_mask(self, path->level);
    visit->last = visit->last < table->last ? visit->last : table->last;
    visit->is_done = visit->last == table->last;
    visit->next = visit->last + 1;
    return true;
}

/* ---- counting ---- */

/** What a table or space holds at this moment, counted by walking it. */
struct axaddr_stats {
    uint64_t table_count;                  /**< frames that tables take, the root's among them */
    uint64_t leaf_count[AXADDR_LEVEL_MAX]; /**< leaves of each level */
    uint64_t mapped_bytes;                 /**< bytes that translate */
    uint64_t reserved_bytes;               /**< bytes that a fault would populate */
    uint64_t trapped_bytes;                /**< bytes of emulated devices */
    uint64_t area_count;                   /**< areas of a space (0 for a bare table) */
    uint64_t area_frame_count;             /**< frames that these take */
};

/** Count one entry that is not a table. */
AXADDR_ALWAYS_INLINE void axaddr_stats_add(const struct axaddr_instance *self,
                                           struct axaddr_stats *stats, uint64_t entry,
                                           unsigned level) {
    uint64_t size = axaddr_span_mask(self, level) + 1;

    if (self->format->kind_of(entry, level) == AXADDR_ENTRY_LEAF) {
        stats->leaf_count[level]++;
        stats->mapped_bytes += size;
    } else if (axaddr_absent_is_lazy(self->format->absent_kind(entry))) {
        stats->reserved_bytes += size;
    } else if (self->format->absent_kind(entry) == AXADDR_ABSENT_TRAPPED) {
        stats->trapped_bytes += size;
    }
}

/** Walk the whole table and count. Takes time in proportion to its entries; takes the lock. */
AXADDR_ALWAYS_INLINE void axaddr_table_stats(const struct axaddr_instance *self,
                                             const struct axaddr_table *table,
                                             struct axaddr_stats *stats) {
    struct axaddr_entry_visit visit;
    unsigned level;

    for (level = 0; level < AXADDR_LEVEL_MAX; level++) {
        stats->leaf_count[level] = 0;
    }
    stats->mapped_bytes = 0;
    stats->reserved_bytes = 0;
    stats->trapped_bytes = 0;
    stats->area_count = 0;
    stats->area_frame_count = 0;
    axaddr_lock(self, table);
    axaddr_entry_visit_init(self, table, &visit);
    while (axaddr_entry_visit_next(self, table, &visit)) {
        axaddr_stats_add(self, stats, visit.position.entry, visit.position.level);
    }
    stats->table_count = (UINT64_C(1) << axaddr_root_order(self, table)) + visit.table_count;
    axaddr_unlock(self, table);
}

#endif /* AXADDR_CORE_TABLE_H */
