/* SPDX-License-Identifier: MIT
 *
 * map.h: entering a range into a table. What is entered is host memory in one piece, an array of
 * frames, fresh frames, or one absent entry over and over (a reservation, a trapped range). All go
 * through the same pass, which runs twice: first it only checks that the range is free and counts
 * the tables it will take, then, with these in hand, it writes and cannot fail. Nobody else writes
 * to empty entries, so faults on other CPUs do not matter to either.
 */
#ifndef AXADDR_CORE_MAP_H
#define AXADDR_CORE_MAP_H

#include "path.h"
#include "request.h"

/** A stretch of the range in which a request is one piece: its leaves may be as large as fits. */
struct axaddr_stretch {
    uint64_t first;
    uint64_t last;
    uint64_t host;      /**< host address that belongs to `first` */
    unsigned level_max; /**< no larger leaf is possible, whatever the place */
};

/**
 * The stretch that begins at `address`, within what ends at `last`. For an array of frames it
 * reaches as far as they adjoin.
 */
AXADDR_ALWAYS_INLINE struct axaddr_stretch
axaddr_request_stretch(const struct axaddr_instance *self, const struct axaddr_table *table,
                       const struct axaddr_request *request, uint64_t address, uint64_t last) {
    uint64_t first = request->start;
    struct axaddr_stretch stretch;
    uint64_t page = axaddr_page_size(self);
    unsigned shift = self->format->shift[0];

    stretch.first = address;
    stretch.last = last;
    stretch.host = request->host + (address - first);
    stretch.level_max = axaddr_leaf_level_max(self, table);
    if (axaddr_request_is_absent(self, request)) {
        stretch.host = address;
        stretch.level_max = axaddr_top_level(self, table);
    }
    if (stretch.level_max == axaddr_top_level(self, table) && address <= table->shared_last &&
        last >= table->shared_first) {
        stretch.level_max--; /* the root's entries are tables there, and stay */
    }
    if (axaddr_request_is_absent(self, request)) {
        return stretch;
    }
    if (request->operation == AXADDR_OP_FRAMES) {
        const uint64_t *frame = request->frames + (size_t)((address - first) >> shift);

        stretch.host = *frame;
        stretch.last = address + (page - 1);
        while (stretch.last != last && frame[1] == frame[0] + page) {
            frame++;
            stretch.last += page;
        }
    }
    if (axaddr_request_is_fresh(self, request) || (request->flags & AXADDR_SMALL) != 0) {
        stretch.level_max = 0;
    }
    while (stretch.level_max > 0 &&
           ((stretch.first ^ stretch.host) & axaddr_span_mask(self, stretch.level_max)) != 0) {
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
AXADDR_ALWAYS_INLINE bool axaddr_is_run_empty(const struct axaddr_instance *self, void *slot,
                                              uint64_t count) {
    const struct axaddr_format *format = self->format;
    void *end = axaddr_slot_after(format, slot, count);

    for (; slot != end; slot = axaddr_slot_after(format, slot, 1)) {
        if (axaddr_entry_read(self, slot) != format->empty) {
            return false;
        }
    }
    return true;
}

/** Write `count` leaves from `slot` on, `leaf` the first, and return the one after the last. */
AXADDR_ALWAYS_INLINE uint64_t axaddr_write_leaves(const struct axaddr_instance *self, void *slot,
                                                  uint64_t count, uint64_t leaf, unsigned level,
                                                  bool is_run) {
    const struct axaddr_format *format = self->format;
    void *end = axaddr_slot_after(format, slot, count);

    while (slot != end) {
        axaddr_entry_write_relaxed(self, slot, is_run ? format->make_run(leaf, level) : leaf);
        slot = axaddr_slot_after(format, slot, 1);
        leaf = format->next_leaf(leaf, level);
    }
    return leaf;
}

/** The same, with the hint wherever the leaves make up a run. */
AXADDR_ALWAYS_INLINE void axaddr_write_hinted(const struct axaddr_instance *self, void *slot,
                                              uint64_t count, uint64_t leaf, unsigned level) {
    const struct axaddr_format *format = self->format;
    uint64_t run = UINT64_C(1) << format->run_bits;
    uint64_t index = (uintptr_t)slot >> format->entry_shift & (run - 1);
    uint64_t host = format->frame_of(leaf, level);
    uint64_t lead = (run - index) & (run - 1); /* leaves before the first run */
    uint64_t body = count > lead ? (count - lead) & ~(run - 1) : 0;

    if ((host - (index << format->shift[level])) & axaddr_run_mask(self, level)) {
        body = 0;
    }
    lead = body != 0 ? lead : 0;
    leaf = axaddr_write_leaves(self, slot, lead, leaf, level, false);
    slot = axaddr_slot_after(format, slot, lead);
    leaf = axaddr_write_leaves(self, slot, body, leaf, level, true);
    slot = axaddr_slot_after(format, slot, body);
    (void)axaddr_write_leaves(self, slot, count - lead - body, leaf, level, false);
}

/** Write `count` entries of `level` from `slot` on; the first one belongs to address `host`. */
AXADDR_ALWAYS_INLINE void axaddr_write_run(const struct axaddr_instance *self,
                                           const struct axaddr_table *table,
                                           const struct axaddr_request *request,
                                           struct axaddr_pool *pool, void *slot, uint64_t count,
                                           unsigned level, uint64_t host) {
    const struct axaddr_format *format = self->format;
    void *end = axaddr_slot_after(format, slot, count);
    uint64_t attributes;
    uint64_t leaf;

    if (axaddr_request_is_absent(self, request)) {
        axaddr_entry_fill(self, table, slot, end, axaddr_request_entry(self, request));
        return;
    }
    attributes = format->attributes_of(request->flags & AXADDR_MAPPING_FLAGS, level);
    if (axaddr_request_is_fresh(self, request)) {
        struct axaddr_pool fresh = *pool; /* in registers */

        for (; slot != end; slot = axaddr_slot_after(format, slot, 1)) {
            uint64_t frame = axaddr_pool_take(self, table, &fresh);
            axaddr_frame_zero(self, table, frame, 0);
            axaddr_entry_write(self, table, slot, format->make_leaf(frame, 0, attributes));
        }
        *pool = fresh;
        return;
    }
    leaf = format->make_leaf(host, level, attributes);
    if (axaddr_has_runs(self, level) && (request->flags & AXADDR_SMALL) == 0) {
        axaddr_write_hinted(self, slot, count, leaf, level);
    } else {
        (void)axaddr_write_leaves(self, slot, count, leaf, level, false);
    }
    axaddr_clean(self, table, slot, end);
}

/** What the path's lowest table says of where to go on. */
enum axaddr_map_step {
    AXADDR_STEP_DOWN, /**< there is a table, and the path is in it now */
    AXADDR_STEP_NEW,  /**< there is nothing: it takes a table */
    AXADDR_STEP_STOP, /**< there is something else */
};

/** Step from the path's lowest table, which is linked, into the one below. */
AXADDR_ALWAYS_INLINE enum axaddr_map_step axaddr_map_step(const struct axaddr_instance *self,
                                                          const struct axaddr_table *table,
                                                          struct axaddr_path *path,
                                                          uint64_t address) {
    const struct axaddr_format *format = self->format;
    unsigned level = path->level;
    uint64_t entry =
        axaddr_entry_read(self, axaddr_slot_at(self, table, path->at[level], level, address));

    if (format->kind_of(entry, level) == AXADDR_ENTRY_TABLE) {
        path->at[level - 1] = axaddr_frame_at(self, table, format->table_of(entry));
        path->level = level - 1;
        return AXADDR_STEP_DOWN;
    }
    return entry == format->empty ? AXADDR_STEP_NEW : AXADDR_STEP_STOP;
}

/**
 * The same, for counting, as it will be when [first, last] has been unmapped and only tables that
 * lie within it are gone. What reaches beyond it has been cut then: the path goes into a table that
 * is not there yet (its place is 0), and which has what the entry above says.
 */
AXADDR_ALWAYS_INLINE enum axaddr_map_step
axaddr_map_step_replaced(const struct axaddr_instance *self, const struct axaddr_table *table,
                         struct axaddr_path *path, uint64_t address, uint64_t first,
                         uint64_t last) {
    unsigned level = path->level;
    uint64_t mask = axaddr_span_mask(self, level);
    enum axaddr_map_step step;

    if ((address & ~mask) >= first && (address | mask) <= last &&
        !axaddr_is_shared(self, table, level, address)) {
        return AXADDR_STEP_NEW;
    }
    step = path->at[level] != 0 ? axaddr_map_step(self, table, path, address) : AXADDR_STEP_STOP;
    if (step == AXADDR_STEP_STOP) {
        path->at[level - 1] = 0;
        path->level = level - 1;
        step = AXADDR_STEP_DOWN;
    }
    return step;
}

/** Step from the path's lowest table into the one below, which is new where there was none. */
AXADDR_ALWAYS_INLINE bool axaddr_map_step_down(const struct axaddr_instance *self,
                                               const struct axaddr_table *table,
                                               const struct axaddr_request *request,
                                               struct axaddr_path *path, struct axaddr_pool *pool,
                                               uint64_t address, uint64_t last, bool is_commit) {
    const struct axaddr_format *format = self->format;
    unsigned level = path->level;
    bool is_fresh = axaddr_path_is_fresh(path);

    if (!is_fresh) {
        enum axaddr_map_step step =
            !is_commit && axaddr_request_is_replace(request)
                ? axaddr_map_step_replaced(self, table, path, address, request->start, last)
                : axaddr_map_step(self, table, path, address);

        if (step != AXADDR_STEP_NEW) {
            return step == AXADDR_STEP_DOWN;
        }
    }
    if (is_commit) {
        /* Only what this range leaves out is cleared: the rest will be written anyway. */
        uint64_t part_last = address | axaddr_span_mask(self, level);
        void *at =
            axaddr_path_push(self, table, path, axaddr_pool_take(self, table, pool), address);
        void *part = axaddr_slot_at(self, table, at, level - 1, address);
        void *rest =
            axaddr_slot_at(self, table, at, level - 1, part_last < last ? part_last : last);
        void *end = axaddr_table_end(self, table, at, level - 1);

        axaddr_entry_fill(self, table, at, part, format->empty);
        axaddr_entry_fill(self, table, axaddr_slot_after(format, rest, 1), end, format->empty);
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
                                             const struct axaddr_request *request,
                                             const struct axaddr_path *path,
                                             const struct axaddr_stretch *stretch,
                                             struct axaddr_pool *pool, uint64_t address,
                                             bool is_commit) {
    const struct axaddr_format *format = self->format;
    unsigned level = path->level;
    uint64_t table_last = address | axaddr_table_mask(self, level);
    uint64_t run_last = table_last < stretch->last ? table_last : stretch->last;
    uint64_t count = ((run_last - address) >> format->shift[level]) +
                     (((run_last + 1) & axaddr_span_mask(self, level)) == 0 ? 1 : 0);

    if (is_commit || !(axaddr_path_is_fresh(path) || axaddr_request_is_replace(request))) {
        void *slot = axaddr_slot_at(self, table, path->at[level], level, address);

        if (is_commit) {
            axaddr_write_run(self, table, request, pool, slot, count, level,
                             stretch->host + (address - stretch->first));
        } else if (!axaddr_is_run_empty(self, slot, count)) {
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
 * Work through a request, up to `last`. Counting: EXISTS if anything is there, else pool->count
 * grows by the tables that are needed. Committing: writes, with frames from the pool; cannot fail.
 */
AXADDR_ALWAYS_INLINE enum axaddr_status axaddr_map_pass(const struct axaddr_instance *self,
                                                        const struct axaddr_table *table,
                                                        const struct axaddr_request *request,
                                                        uint64_t last, struct axaddr_pool *pool,
                                                        bool is_commit) {
    struct axaddr_stretch stretch;
    struct axaddr_path path;
    uint64_t first = request->start;
    uint64_t address = first;
    bool is_done = false;

    stretch.last = first - 1; /* none yet */
    axaddr_path_init(self, table, &path);
    while (!is_done) {
        uint64_t run_last;
        unsigned level;

        if (stretch.last == address - 1) {
            stretch = axaddr_request_stretch(self, table, request, address, last);
        }
        level = axaddr_stretch_level(self, &stretch, address);
        while (path.level > level) {
            if (!axaddr_map_step_down(self, table, request, &path, pool, address, last,
                                      is_commit)) {
                return AXADDR_EXISTS;
            }
            if (!is_commit && axaddr_path_is_fresh(&path)) {
                break;
            }
        }
        if (path.level == level) {
            run_last =
                axaddr_map_run(self, table, request, &path, &stretch, pool, address, is_commit);
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
        while (path.level < axaddr_top_level(self, table) &&
               (is_done || (address & axaddr_table_mask(self, path.level)) == 0)) {
            path.level++;
            if (path.level == path.fresh_below) {
                if (is_commit) {
                    axaddr_entry_write(self, table, path.link_slot, path.link_entry);
                }
                path.fresh_below = 0;
            }
        }
    }
    return AXADDR_OK;
}

/**
 * Check and count what a request needs up to `last`: EXISTS, or pool->count grows by the tables
 * and, for POPULATE, the pages. Or, with these in the pool, enter it. Generated once for each
 * instance.
 */
AXADDR_ALWAYS_INLINE enum axaddr_status axaddr_table_map(const struct axaddr_instance *self,
                                                         const struct axaddr_table *table,
                                                         const struct axaddr_request *request,
                                                         uint64_t last, struct axaddr_pool *pool,
                                                         bool is_commit) {
    enum axaddr_status status = axaddr_map_pass(self, table, request, last, pool, is_commit);

    if (!is_commit && axaddr_request_is_fresh(self, request)) {
        pool->count += (last - request->start + 1) >> self->format->shift[0];
    }
    if (is_commit && self->format->publish != 0) {
        self->format->publish();
    }
    return status;
}

/* ---- steps ---- */

/** Where a request that maps may stop after about `budget` entries: the end of a run, or `last`. */
AXADDR_ALWAYS_INLINE uint64_t axaddr_map_bound(const struct axaddr_instance *self,
                                               const struct axaddr_table *table,
                                               const struct axaddr_request *request, uint64_t last,
                                               uint64_t budget) {
    struct axaddr_stretch stretch;
    uint64_t address = request->start;

    stretch.last = address - 1; /* none yet */
    for (;;) {
        uint64_t fit;
        uint64_t run;
        unsigned level;
        unsigned shift;

        if (stretch.last == address - 1) {
            uint64_t end = last;

            /* No more frames are looked at than a step can map; no leaf crosses such an end. */
            if (request->operation == AXADDR_OP_FRAMES &&
                budget < (last - address) >> self->format->shift[0]) {
                unsigned top = axaddr_leaf_level_max(self, table);

                end = (address + (budget << self->format->shift[0])) |
                      axaddr_span_mask(self, top < 2 ? top : 2);
                end = end < last ? end : last;
            }
            stretch = axaddr_request_stretch(self, table, request, address, end);
        }
        level = axaddr_stretch_level(self, &stretch, address);
        shift = self->format->shift[level];
        /* As many entries of this level as follow here, in this table. */
        fit = (address | axaddr_table_mask(self, level)) < stretch.last
                  ? address | axaddr_table_mask(self, level)
                  : stretch.last;
        run = ((fit - address) >> shift) + (((fit + 1) & axaddr_span_mask(self, level)) == 0);
        run = run < budget ? run : budget;
        address += (run << shift) - 1;
        if (address >= last || run == budget) {
            return address;
        }
        budget -= run;
        address++;
    }
}

#endif /* AXADDR_CORE_MAP_H */
