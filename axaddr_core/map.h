/* SPDX-License-Identifier: MIT
 *
 * map.h: entering a range into a table. What is entered is a "source": host memory in one piece, an
 * array of frames, fresh frames, or one absent entry over and over (a reservation). All four go
 * through the same pass, which runs twice: first it only checks that the range is free and counts
 * the tables it will take, then, with these in hand, it writes and cannot fail.
 */
#ifndef AXADDR_CORE_MAP_H
#define AXADDR_CORE_MAP_H

#include "path.h"

enum axaddr_source_kind {
    AXADDR_SOURCE_LINEAR,  /**< host memory from `host` on */
    AXADDR_SOURCE_FRAMES,  /**< the frames of an array, in order */
    AXADDR_SOURCE_FRESH,   /**< frames taken from the HAL and zeroed */
    AXADDR_SOURCE_RESERVE, /**< a reservation, in absent entries at the highest levels that fit */
    AXADDR_SOURCE_TRAP,    /**< a trapped range, likewise */
};

struct axaddr_source {
    enum axaddr_source_kind kind;
    uint32_t flags;           /**< of the mappings; AXADDR_SMALL for the smallest leaves only */
    uint32_t cookie;          /**< RESERVE, TRAP */
    uint64_t host;            /**< LINEAR: the host address of the range's first byte */
    const uint64_t *frames;   /**< FRAMES: one for each page of the range */
    struct axaddr_pool fresh; /**< FRESH: the engine's */
};

/** A source of a kind with these flags; the rest is 0. */
AXADDR_ALWAYS_INLINE struct axaddr_source axaddr_source_of(enum axaddr_source_kind kind,
                                                           uint32_t flags) {
    struct axaddr_source source; /* member by member: no memset */

    source.kind = kind;
    source.flags = flags;
    source.cookie = 0;
    source.host = 0;
    source.frames = 0;
    source.fresh.head = 0;
    source.fresh.count = 0;
    return source;
}

/** Whether a source is entered as absent entries. */
AXADDR_ALWAYS_INLINE bool axaddr_source_is_absent(const struct axaddr_instance *self,
                                                  const struct axaddr_source *source) {
    return axaddr_has_areas(self) && source->kind >= AXADDR_SOURCE_RESERVE;
}

/** Whether a source takes a frame for each page. */
AXADDR_ALWAYS_INLINE bool axaddr_source_is_fresh(const struct axaddr_instance *self,
                                                 const struct axaddr_source *source) {
    return axaddr_has_areas(self) && source->kind == AXADDR_SOURCE_FRESH;
}

/** A stretch of the range in which a source is one piece: its leaves may be as large as fits. */
struct axaddr_stretch {
    uint64_t first;
    uint64_t last;
    uint64_t host;      /**< host address that belongs to `first` */
    unsigned level_max; /**< no larger leaf is possible, whatever the place */
};

/**
 * The stretch that begins at `address`, [first, last] being the whole range. For an array of frames
 * it reaches as far as they adjoin.
 */
AXADDR_ALWAYS_INLINE struct axaddr_stretch axaddr_source_stretch(const struct axaddr_instance *self,
                                                                 const struct axaddr_source *source,
                                                                 uint64_t address, uint64_t first,
                                                                 uint64_t last) {
    struct axaddr_stretch stretch;
    uint64_t page = axaddr_page_size(self);
    unsigned shift = self->format->shift[0];

    stretch.first = address;
    stretch.last = last;
    stretch.host = source->host + (address - first);
    stretch.level_max = axaddr_leaf_level_max(self);
    if (axaddr_source_is_absent(self, source)) {
        stretch.host = address;
        stretch.level_max = axaddr_top_level(self);
        return stretch;
    }
    if (source->kind == AXADDR_SOURCE_FRAMES) {
        const uint64_t *frame = source->frames + (size_t)((address - first) >> shift);

        stretch.host = *frame;
        stretch.last = address + (page - 1);
        while (stretch.last != last && frame[1] == frame[0] + page) {
            frame++;
            stretch.last += page;
        }
    }
    if (axaddr_source_is_fresh(self, source) || (source->flags & AXADDR_SMALL) != 0) {
        stretch.level_max = 0;
    }
    while (((stretch.first ^ stretch.host) & axaddr_span_mask(self, stretch.level_max)) != 0) {
        stretch.level_max--;
    }
    return stretch;
}

/** The level of the largest entry that may stand at `address` within a stretch. */
AXADDR_ALWAYS_INLINE unsigned axaddr_stretch_level(const struct axaddr_instance *self,
                                                   const struct axaddr_stretch *stretch,
                                                   uint64_t address) {
    unsigned level = stretch->level_max;

    for (; level > 0; level--) {
        uint64_t mask = axaddr_span_mask(self, level);
        if ((address & mask) == 0 && stretch->last - address >= mask) {
            break;
        }
    }
    return level;
}

/** Whether `count` entries from `slot` on are all empty. */
AXADDR_ALWAYS_INLINE bool axaddr_is_run_empty(const struct axaddr_format *format, void *slot,
                                              uint64_t count) {
    void *end = axaddr_slot_after(format, slot, count);

    for (; slot != end; slot = axaddr_slot_after(format, slot, 1)) {
        if (axaddr_entry_read(format, slot) != format->empty) {
            return false;
        }
    }
    return true;
}

/** Write `count` entries of `level` from `slot` on; the first one belongs to address `host`. */
AXADDR_ALWAYS_INLINE void axaddr_write_run(const struct axaddr_instance *self,
                                           const struct axaddr_table *table,
                                           struct axaddr_source *source, void *slot, uint64_t count,
                                           unsigned level, uint64_t host) {
    const struct axaddr_format *format = self->format;
    void *end = axaddr_slot_after(format, slot, count);
    uint64_t attributes;
    uint64_t leaf;

    if (axaddr_source_is_absent(self, source)) {
        enum axaddr_absent_kind kind =
            source->kind == AXADDR_SOURCE_TRAP ? AXADDR_ABSENT_TRAPPED : AXADDR_ABSENT_RESERVED;
        axaddr_entry_fill(
            format, slot, end,
            format->make_absent(
                kind, axaddr_payload(source->flags & AXADDR_MAPPING_FLAGS, source->cookie)));
        return;
    }
    attributes = format->attributes_of(source->flags & AXADDR_MAPPING_FLAGS, level);
    if (axaddr_source_is_fresh(self, source)) {
        struct axaddr_pool fresh = source->fresh; /* in registers */

        for (; slot != end; slot = axaddr_slot_after(format, slot, 1)) {
            uint64_t frame = axaddr_pool_take(self, table, &fresh);
            axaddr_zero(axaddr_frame_at(self, table, frame), (size_t)axaddr_page_size(self));
            axaddr_entry_write(format, slot, format->make_leaf(frame, 0, attributes));
        }
        source->fresh = fresh;
        return;
    }
    leaf = format->make_leaf(host, level, attributes);
    for (;;) {
        axaddr_entry_write_relaxed(format, slot, leaf);
        slot = axaddr_slot_after(format, slot, 1);
        if (slot == end) {
            return;
        }
        leaf = format->next_leaf(leaf, level);
    }
}

/** Step from the path's lowest table into the one below, which is new where there was none. */
AXADDR_ALWAYS_INLINE bool axaddr_map_step_down(const struct axaddr_instance *self,
                                               const struct axaddr_table *table,
                                               struct axaddr_path *path, struct axaddr_pool *pool,
                                               uint64_t address, uint64_t last, bool is_commit) {
    const struct axaddr_format *format = self->format;
    unsigned level = path->level;
    bool is_fresh = axaddr_path_is_fresh(path);

    if (!is_fresh) {
        void *slot = axaddr_slot_at(format, path->at[level], level, address);
        uint64_t entry = axaddr_entry_read(format, slot);

        if (format->kind_of(entry, level) == AXADDR_ENTRY_TABLE) {
            path->at[level - 1] = axaddr_frame_at(self, table, format->table_of(entry));
            path->level = level - 1;
            return true;
        }
        if (entry != format->empty) {
            return false;
        }
    }
    if (is_commit) {
        /* Only what this range leaves out is cleared: the rest will be written anyway. */
        uint64_t part_last = address | axaddr_span_mask(self, level);
        void *at =
            axaddr_path_push(self, table, path, axaddr_pool_take(self, table, pool), address);
        void *part = axaddr_slot_at(format, at, level - 1, address);
        void *rest = axaddr_slot_at(format, at, level - 1, part_last < last ? part_last : last);
        void *end = axaddr_table_end(format, at, level - 1);

        axaddr_entry_fill(format, at, part, format->empty);
        axaddr_entry_fill(format, axaddr_slot_after(format, rest, 1), end, format->empty);
    } else {
        pool->count++;
        if (!is_fresh) {
            path->fresh_below = level;
        }
        path->level = level - 1;
    }
    return true;
}

/**
 * Write, or look at, as many entries from `address` on as fit, up to the end of the stretch or of the
 * path's lowest table. Returns the last address that is done; `address` - 1 if anything is there.
 */
AXADDR_ALWAYS_INLINE uint64_t axaddr_map_run(const struct axaddr_instance *self,
                                             const struct axaddr_table *table,
                                             struct axaddr_source *source,
                                             const struct axaddr_path *path,
                                             const struct axaddr_stretch *stretch, uint64_t address,
                                             bool is_commit) {
    const struct axaddr_format *format = self->format;
    unsigned level = path->level;
    uint64_t table_last = address | axaddr_table_mask(self, level);
    uint64_t run_last = table_last < stretch->last ? table_last : stretch->last;
    uint64_t count = ((run_last - address) >> format->shift[level]) +
                     (((run_last + 1) & axaddr_span_mask(self, level)) == 0 ? 1 : 0);

    if (is_commit || !axaddr_path_is_fresh(path)) {
        void *slot = axaddr_slot_at(format, path->at[level], level, address);

        if (is_commit) {
            axaddr_write_run(self, table, source, slot, count, level,
                             stretch->host + (address - stretch->first));
        } else if (!axaddr_is_run_empty(format, slot, count)) {
            return address - 1;
        }
    }
    return address + ((count << format->shift[level]) - 1);
}

/**
 * Tables that [address, last] of a stretch takes below a new table of `level`, which holds all of
 * it: one for each part that is not a leaf, at each level. So that counting takes no longer for a
 * large range.
 */
AXADDR_ALWAYS_INLINE uint64_t axaddr_count_below(const struct axaddr_instance *self,
                                                 const struct axaddr_stretch *stretch,
                                                 unsigned level, uint64_t address, uint64_t last) {
    uint64_t base = address & ~axaddr_table_mask(self, level);
    uint64_t count = 0;

    for (; level > 0; level--) {
        unsigned shift = self->format->shift[level];
        uint64_t parts = ((last - base) >> shift) - ((address - base) >> shift) + 1;
        uint64_t begin = (address - base + axaddr_span_mask(self, level)) >> shift;
        uint64_t end = (last - base + 1) >> shift;

        count += parts - (level <= stretch->level_max && end > begin ? end - begin : 0);
    }
    return count;
}

/**
 * Work through [first, last]. Counting: EXISTS if anything is there, else pool->count grows by the
 * tables that are needed. Committing: writes, with tables from the pool; cannot fail.
 */
AXADDR_ALWAYS_INLINE enum axaddr_status axaddr_map_pass(const struct axaddr_instance *self,
                                                        const struct axaddr_table *table,
                                                        struct axaddr_source *source,
                                                        uint64_t first, uint64_t last,
                                                        struct axaddr_pool *pool, bool is_commit) {
    const struct axaddr_format *format = self->format;
    struct axaddr_stretch stretch;
    struct axaddr_path path;
    uint64_t address = first;
    bool is_done = false;

    stretch.last = first - 1; /* none yet */
    axaddr_path_init(self, table, &path);
    while (!is_done) {
        uint64_t run_last;
        unsigned level;

        if (stretch.last == address - 1) {
            stretch = axaddr_source_stretch(self, source, address, first, last);
        }
        level = axaddr_stretch_level(self, &stretch, address);
        while (path.level > level) {
            if (!axaddr_map_step_down(self, table, &path, pool, address, last, is_commit)) {
                return AXADDR_EXISTS;
            }
            if (!is_commit && axaddr_path_is_fresh(&path)) {
                break;
            }
        }
        if (path.level == level) {
            run_last = axaddr_map_run(self, table, source, &path, &stretch, address, is_commit);
            if (run_last == address - 1) {
                return AXADDR_EXISTS;
            }
        } else {
            /* Counting, in a new table: if the stretch is all that it will hold, that is known. */
            run_last = address | axaddr_table_mask(self, path.level);
            run_last = run_last < last ? run_last : last;
            if (stretch.last < run_last) {
                continue;
            }
            pool->count += axaddr_count_below(self, &stretch, path.level, address, run_last);
        }
        is_done = run_last == last;
        address = run_last + 1;
        while (path.level < axaddr_top_level(self) &&
               (is_done || (address & axaddr_table_mask(self, path.level)) == 0)) {
            path.level++;
            if (path.level == path.fresh_below) {
                if (is_commit) {
                    axaddr_entry_write(format, path.link_slot, path.link_entry);
                }
                path.fresh_below = 0;
            }
        }
    }
    return AXADDR_OK;
}

/* ---- checks ---- */

/** Whether flags are valid (else INVALID) and the format holds them (else UNSUPPORTED). */
AXADDR_ALWAYS_INLINE enum axaddr_status axaddr_check_flags(const struct axaddr_instance *self,
                                                           uint32_t flags) {
    if (!axaddr_flags_are_valid(flags)) {
        return AXADDR_INVALID;
    }
    return self->format->can_hold(flags) ? AXADDR_OK : AXADDR_UNSUPPORTED;
}

/** Whether the host frames of a source can all stand in entries. */
AXADDR_ALWAYS_INLINE bool axaddr_is_source_in_reach(const struct axaddr_instance *self,
                                                    const struct axaddr_source *source,
                                                    uint64_t size) {
    uint64_t count = size >> self->format->shift[0];
    uint64_t i;

    if (source->kind == AXADDR_SOURCE_LINEAR) {
        return axaddr_is_output(self, source->host, size);
    }
    if (source->kind != AXADDR_SOURCE_FRAMES) {
        return true;
    }
    for (i = 0; source->frames != 0 && i < count; i++) {
        if (!axaddr_is_output(self, source->frames[(size_t)i], axaddr_page_size(self))) {
            return false;
        }
    }
    return source->frames != 0;
}

/**
 * Enter a source into [start, start + size - 1]: INVALID, UNSUPPORTED, EXISTS or NO_MEMORY, and
 * nothing has changed then. With `count`, nothing is entered: *count tells the frames that tables
 * would take. Generated once for each instance.
 */
AXADDR_ALWAYS_INLINE enum axaddr_status
axaddr_table_enter(const struct axaddr_instance *self, const struct axaddr_table *table,
                   struct axaddr_source *source, uint64_t start, uint64_t size, uint64_t *count) {
    struct axaddr_pool pool = {0, 0};
    enum axaddr_status status = AXADDR_OK;
    bool is_commit = false;
    uint64_t last;

    if (!axaddr_table_range(self, table, start, size, &last) ||
        !axaddr_is_source_in_reach(self, source, size)) {
        return AXADDR_INVALID;
    }
    if (source->kind != AXADDR_SOURCE_TRAP) {
        status = axaddr_check_flags(self, source->flags & ~AXADDR_SMALL);
    }
    while (status == AXADDR_OK) {
        uint64_t tables;

        status = axaddr_map_pass(self, table, source, start, last, &pool, is_commit);
        if (is_commit || status != AXADDR_OK) {
            break;
        }
        tables = pool.count;
        pool.count = 0;
        if (count != 0) {
            *count = tables;
            return AXADDR_OK;
        }
        if (!self->resize(table, &pool, tables)) {
            return AXADDR_NO_MEMORY;
        }
        if (axaddr_source_is_fresh(self, source) &&
            !self->resize(table, &source->fresh, size >> self->format->shift[0])) {
            (void)self->resize(table, &pool, 0);
            return AXADDR_NO_MEMORY;
        }
        is_commit = true;
    }
    if (is_commit && self->format->publish != 0) {
        self->format->publish();
    }
    return status;
}

#endif /* AXADDR_CORE_MAP_H */
