/* SPDX-License-Identifier: MIT
 *
 * table.h: a page table by itself: its life, and its operations with their checks. A bare table
 * owns its own tables and never the frames that it maps; areas, owned frames and faults are the
 * space's (space.h). Addresses are raw here; the generated wrappers type them.
 *
 * Nothing here may run concurrently with anything else on the same table, except translate, query
 * and root with each other.
 */
#ifndef AXADDR_CORE_TABLE_H
#define AXADDR_CORE_TABLE_H

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
                                                          uint64_t start, uint64_t size) {
    const struct axaddr_format *format = self->format;
    unsigned top = axaddr_top_level(self);
    uint64_t last = start + (size - 1);
    axaddr_hpa_t root;
    void *root_at;

    if (!axaddr_instance_is_complete(self)) {
        return AXADDR_UNSUPPORTED;
    }
    /* Both ends reachable, and in the same half of a sign-extended space. */
    if (size == 0 || ((start | size) & (axaddr_page_size(self) - 1)) != 0 || last < start ||
        !axaddr_is_reachable(self, start) || !axaddr_is_reachable(self, last) ||
        start >> format->input_width != last >> format->input_width) {
        return AXADDR_INVALID;
    }
    if (format->root_order > 0 ? !self->hal->alloc_block(ctx, format->root_order, &root)
                               : !self->hal->alloc_frame(ctx, &root)) {
        return AXADDR_NO_MEMORY;
    }
    root_at = self->hal->frame_at(ctx, root);
    axaddr_entry_fill(format, root_at, axaddr_table_end(format, root_at, top), format->empty);
    table->ctx = ctx;
    table->root = root.raw;
    table->root_at = root_at;
    table->first = start;
    table->last = last;
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
    self->hal->flush_tlb(table->ctx, &plan);
}

/** Flush, and free all tables and the root. The table must not be used again before an init. */
AXADDR_ALWAYS_INLINE void axaddr_table_destroy(const struct axaddr_instance *self,
                                               struct axaddr_table *table) {
    axaddr_table_flush_all(self, table);
    self->free_tables(table, table->root, axaddr_top_level(self));
    table->root = 0;
    table->root_at = 0;
}

/** Map host memory in one piece; the frames stay the caller's. */
AXADDR_ALWAYS_INLINE enum axaddr_status axaddr_table_map_linear(const struct axaddr_instance *self,
                                                                struct axaddr_table *table,
                                                                uint64_t start, uint64_t host,
                                                                uint64_t size, uint32_t flags) {
    struct axaddr_source source = axaddr_source_of(AXADDR_SOURCE_LINEAR, flags);

    source.host = host;
    return self->map(table, &source, start, size, 0);
}

/** Map the frames of an array in order; where they adjoin, by larger leaves. */
AXADDR_ALWAYS_INLINE enum axaddr_status
axaddr_table_map_frames(const struct axaddr_instance *self, struct axaddr_table *table,
                        uint64_t start, const uint64_t *frames, size_t frame_count,
                        uint32_t flags) {
    struct axaddr_source source = axaddr_source_of(AXADDR_SOURCE_FRAMES, flags);

    source.frames = frames;
    return self->map(table, &source, start, axaddr_pages_size(self, frame_count), 0);
}

/** The exact number of frames that map_linear with the same arguments would take for tables. */
AXADDR_ALWAYS_INLINE enum axaddr_status
axaddr_table_tables_needed(const struct axaddr_instance *self, const struct axaddr_table *table,
                           uint64_t start, uint64_t host, uint64_t size, uint32_t flags,
                           uint64_t *count) {
    struct axaddr_source source = axaddr_source_of(AXADDR_SOURCE_LINEAR, flags);

    source.host = host;
    return self->map(table, &source, start, size, count);
}

/** Unmap what is mapped in a range; holes are skipped. NO_MEMORY if a split finds no table. */
AXADDR_ALWAYS_INLINE enum axaddr_status axaddr_table_unmap(const struct axaddr_instance *self,
                                                           struct axaddr_table *table,
                                                           uint64_t start, uint64_t size) {
    struct axaddr_edit edit;
    struct axaddr_pool pool;
    uint64_t last;

    if (!axaddr_table_range(self, table, start, size, &last)) {
        return AXADDR_INVALID;
    }
    if (!axaddr_edit_begin(self, table, &edit, &pool, start, last, true, 0)) {
        return AXADDR_NO_MEMORY;
    }
    self->edit(table, &edit, &pool);
    if (edit.has_parked) {
        self->sweep(table, start, last);
    }
    return AXADDR_OK;
}

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

/** Give every page of a range these flags, in the place of those that it has. */
AXADDR_ALWAYS_INLINE enum axaddr_status axaddr_table_protect(const struct axaddr_instance *self,
                                                             struct axaddr_table *table,
                                                             uint64_t start, uint64_t size,
                                                             uint32_t flags) {
    struct axaddr_edit edit;
    struct axaddr_pool pool;
    enum axaddr_status status;
    uint64_t last;

    if (!axaddr_table_range(self, table, start, size, &last)) {
        return AXADDR_INVALID;
    }
    status = axaddr_check_flags(self, flags);
    if (status == AXADDR_OK) {
        status = axaddr_table_check_mapped(self, table, start, last);
    }
    if (status != AXADDR_OK) {
        return status;
    }
    if (!axaddr_edit_begin(self, table, &edit, &pool, start, last, false, flags)) {
        return AXADDR_NO_MEMORY;
    }
    self->edit(table, &edit, &pool);
    return AXADDR_OK;
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
};

/** Count one entry that is not a table. */
AXADDR_ALWAYS_INLINE void axaddr_stats_add(const struct axaddr_instance *self,
                                           struct axaddr_stats *stats, uint64_t entry,
                                           unsigned level) {
    uint64_t size = axaddr_span_mask(self, level) + 1;

    if (self->format->kind_of(entry, level) == AXADDR_ENTRY_LEAF) {
        stats->leaf_count[level]++;
        stats->mapped_bytes += size;
    } else if (self->format->absent_kind(entry) == AXADDR_ABSENT_RESERVED) {
        stats->reserved_bytes += size;
    } else if (self->format->absent_kind(entry) == AXADDR_ABSENT_TRAPPED) {
        stats->trapped_bytes += size;
    }
}

/** Walk the whole table and count. Takes time in proportion to its entries. */
AXADDR_ALWAYS_INLINE void axaddr_table_stats(const struct axaddr_instance *self,
                                             const struct axaddr_table *table,
                                             struct axaddr_stats *stats) {
    const struct axaddr_format *format = self->format;
    struct axaddr_path path;
    uint64_t address = table->first;
    unsigned level;

    for (level = 0; level < AXADDR_LEVEL_MAX; level++) {
        stats->leaf_count[level] = 0;
    }
    stats->table_count = UINT64_C(1) << format->root_order;
    stats->mapped_bytes = 0;
    stats->reserved_bytes = 0;
    stats->trapped_bytes = 0;
    stats->area_count = 0;
    axaddr_path_init(self, table, &path);
    for (;;) {
        uint64_t entry = axaddr_entry_read(
            format, axaddr_slot_at(format, path.at[path.level], path.level, address));
        uint64_t done = address | axaddr_span_mask(self, path.level);

        if (format->kind_of(entry, path.level) == AXADDR_ENTRY_TABLE) {
            stats->table_count++;
            path.level--;
            path.at[path.level] = axaddr_frame_at(self, table, format->table_of(entry));
            continue;
        }
        axaddr_stats_add(self, stats, entry, path.level);
        if (done >= table->last) {
            return;
        }
        address = done + 1;
        while (axaddr_path_leaves(self, &path, address)) {
            path.level++;
        }
    }
}

#endif /* AXADDR_CORE_TABLE_H */
