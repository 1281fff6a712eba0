/* SPDX-License-Identifier: MIT
 *
 * path.h: a path from the root down into a table, kept while a range is worked through. It costs
 * one descent for each table, not for each page, and it carries the rule by which new tables become
 * visible: a new table, and all below it, is linked when the path leaves it, completely written.
 */
#ifndef AXADDR_CORE_PATH_H
#define AXADDR_CORE_PATH_H

#include "pool.h"
#include "walk.h"

/** Tables of levels below fresh_below are new: not linked, and read by nobody but us. */
struct axaddr_path {
    void *at[AXADDR_LEVEL_MAX]; /**< the table of each level down to `level`, if it exists yet */
    unsigned level;             /**< the lowest level that the path has reached */
    unsigned fresh_below;       /**< 0: no table on the path is new */
    void *link_slot;            /**< the entry that will link the topmost new table */
    uint64_t link_entry;        /**< and what will be written there */
};

AXADDR_ALWAYS_INLINE void axaddr_path_init(const struct axaddr_instance *self,
                                           const struct axaddr_table *table,
                                           struct axaddr_path *path) {
    path->level = axaddr_top_level(self, table);
    path->at[path->level] = table->root_at;
    path->fresh_below = 0;
    path->link_slot = 0;
    path->link_entry = 0;
}

/** Whether the path's lowest table is new. */
AXADDR_ALWAYS_INLINE bool axaddr_path_is_fresh(const struct axaddr_path *path) {
    return path->level < path->fresh_below;
}

/** Whether `address`, where the work goes on, lies beyond the path's lowest table. */
AXADDR_ALWAYS_INLINE bool axaddr_path_leaves(const struct axaddr_instance *self,
                                             const struct axaddr_table *table,
                                             const struct axaddr_path *path, uint64_t address) {
    return path->level < axaddr_top_level(self, table) &&
           (address & axaddr_table_mask(self, path->level)) == 0;
}

/**
 * Put `frame` as a new table below the path's lowest one, at `address`, and step into it; the
 * caller fills it. Returns where the table is.
 */
AXADDR_ALWAYS_INLINE void *axaddr_path_push(const struct axaddr_instance *self,
                                            const struct axaddr_table *table,
                                            struct axaddr_path *path, uint64_t frame,
                                            uint64_t address) {
    unsigned level = path->level;
    void *slot = axaddr_slot_at(self, table, path->at[level], level, address);
    uint64_t link = self->format->make_table(frame, level);
    void *at = axaddr_frame_at(self, table, frame);

    if (axaddr_path_is_fresh(path)) {
        axaddr_entry_write_relaxed(self, slot, link);
        axaddr_clean_entry(self, table, slot);
    } else {
        path->fresh_below = level;
        path->link_slot = slot;
        path->link_entry = link;
    }
    path->at[level - 1] = at;
    path->level = level - 1;
    return at;
}

#endif /* AXADDR_CORE_PATH_H */
