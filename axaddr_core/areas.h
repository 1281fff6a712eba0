/* SPDX-License-Identifier: MIT
 *
 * areas.h: the set of areas of a space: which ranges are mapped, as what, in ascending order
 * without overlap; equal neighbours are one area. A sorted array: the first AXADDR_AREA_INLINE_MAX
 * areas are inside the space itself, so a small VM allocates nothing, the rest are in frames of the
 * HAL behind one frame that lists them (over 50,000 areas).
 *
 * Room is made before an edit begins and what is unused is given back after it, so that changing
 * the set never fails half-way: make_room(n), at most n more areas, make_room(0).
 */
#ifndef AXADDR_CORE_AREAS_H
#define AXADDR_CORE_AREAS_H

#include "pool.h"

enum axaddr_area_kind {
    AXADDR_AREA_LINEAR, /**< host memory in one piece from `hpa` on; not owned */
    AXADDR_AREA_FRAMES, /**< host frames that the caller gave one by one; not owned */
    AXADDR_AREA_ALLOC,  /**< frames that the space takes from the HAL, owns, and frees */
    AXADDR_AREA_BACKED, /**< frames that the HAL supplies, and gets back */
    AXADDR_AREA_DEVICE, /**< trapped: no memory */
};

struct axaddr_area {
    uint64_t first;  /**< first byte */
    uint64_t last;   /**< last byte */
    uint64_t hpa;    /**< LINEAR: host address of the first byte; otherwise 0 */
    uint32_t flags;  /**< of its mappings (lazy memory: and AXADDR_LAZY_FLAGS); 0 for DEVICE */
    uint32_t cookie; /**< DEVICE, BACKED: the caller's number for it */
    enum axaddr_area_kind kind;
};

/** The name of an area's kind, for messages: "linear". */
static inline const char *axaddr_area_kind_name(enum axaddr_area_kind kind) {
    switch (kind) {
    case AXADDR_AREA_LINEAR:
        return "linear";
    case AXADDR_AREA_FRAMES:
        return "frames";
    case AXADDR_AREA_ALLOC:
        return "alloc";
    case AXADDR_AREA_BACKED:
        return "backed";
    case AXADDR_AREA_DEVICE:
        return "device";
    }
    return "?";
}

/** A copy that no compiler turns into a call of memcpy. */
static inline void axaddr_area_copy(struct axaddr_area *to, const struct axaddr_area *from) {
    to->first = from->first;
    to->last = from->last;
    to->hpa = from->hpa;
    to->flags = from->flags;
    to->cookie = from->cookie;
    to->kind = from->kind;
}

#define AXADDR_AREA_INLINE_MAX 8u
#define AXADDR_AREAS_PER_FRAME ((uint32_t)(4096 / sizeof(struct axaddr_area)))
#define AXADDR_AREA_FRAME_MAX  ((uint32_t)(4096 / sizeof(uint64_t)))

struct axaddr_areas {
    uint32_t count;       /**< areas in the set */
    uint32_t frame_count; /**< frames that hold areas beyond the inline ones */
    bool has_upgrades;    /**< there was an area whose leaves faults may give more rights */
    uint64_t directory;   /**< the frame that lists those, if frame_count is not 0 */
    struct axaddr_area head[AXADDR_AREA_INLINE_MAX];
};

AXADDR_ALWAYS_INLINE void axaddr_areas_init(struct axaddr_areas *areas) {
    areas->count = 0;
    areas->frame_count = 0;
    areas->directory = 0;
    areas->has_upgrades = false;
}

/** Areas that fit without another frame. */
AXADDR_ALWAYS_INLINE uint32_t axaddr_areas_capacity(const struct axaddr_areas *areas) {
    return AXADDR_AREA_INLINE_MAX + areas->frame_count * AXADDR_AREAS_PER_FRAME;
}

/** The entry of the directory that names frame `index`. */
AXADDR_ALWAYS_INLINE uint64_t *axaddr_areas_frame(const struct axaddr_instance *self,
                                                  const struct axaddr_table *table,
                                                  const struct axaddr_areas *areas,
                                                  uint32_t index) {
    return (uint64_t *)axaddr_frame_at(self, table, areas->directory) + index;
}

/** Area `index`, which is below the capacity. Generated once for each instance. */
AXADDR_ALWAYS_INLINE struct axaddr_area *axaddr_areas_locate(const struct axaddr_instance *self,
                                                             const struct axaddr_table *table,
                                                             struct axaddr_areas *areas,
                                                             uint32_t index) {
    uint32_t beyond = index - AXADDR_AREA_INLINE_MAX;
    uint64_t frame;

    if (index < AXADDR_AREA_INLINE_MAX) {
        return &areas->head[index];
    }
    frame = *axaddr_areas_frame(self, table, areas, beyond / AXADDR_AREAS_PER_FRAME);
    return (struct axaddr_area *)axaddr_frame_at(self, table, frame) +
           beyond % AXADDR_AREAS_PER_FRAME;
}

/** Area `index`, to be looked at only. */
AXADDR_ALWAYS_INLINE const struct axaddr_area *axaddr_areas_see(const struct axaddr_instance *self,
                                                                const struct axaddr_table *table,
                                                                const struct axaddr_areas *areas,
                                                                uint32_t index) {
    return self->area_at(table, (struct axaddr_areas *)(uintptr_t)areas, index);
}

/** The index of the first area that ends at or after `address`; the count if there is none. */
AXADDR_ALWAYS_INLINE uint32_t axaddr_areas_search(const struct axaddr_instance *self,
                                                  const struct axaddr_table *table,
                                                  const struct axaddr_areas *areas,
                                                  uint64_t address) {
    uint32_t low = 0;
    uint32_t high = areas->count;

    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (axaddr_areas_see(self, table, areas, middle)->last < address) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

/* ---- room ---- */

/** Give back the last frame; there is one. */
AXADDR_ALWAYS_INLINE void axaddr_areas_shrink(const struct axaddr_instance *self,
                                              const struct axaddr_table *table,
                                              struct axaddr_areas *areas) {
    areas->frame_count--;
    axaddr_free_frame(self, table, *axaddr_areas_frame(self, table, areas, areas->frame_count));
    if (areas->frame_count == 0) {
        axaddr_free_frame(self, table, areas->directory);
    }
}

/** Frames that room for `more` areas takes; false if there cannot be so many. */
AXADDR_ALWAYS_INLINE bool axaddr_areas_need(const struct axaddr_areas *areas, uint32_t more,
                                            uint64_t *need) {
    uint32_t spare = axaddr_areas_capacity(areas) - areas->count;
    uint32_t frames =
        more > spare ? (more - spare + AXADDR_AREAS_PER_FRAME - 1) / AXADDR_AREAS_PER_FRAME : 0;

    *need = frames + (frames != 0 && areas->frame_count == 0 ? 1 : 0);
    return areas->frame_count + frames <= AXADDR_AREA_FRAME_MAX;
}

/**
 * Have room for `more` areas than there are, and no frame that this does not take: frames come from
 * the pool, which has what axaddr_areas_need counts, and go back to the HAL. Generated once for
 * each instance.
 */
AXADDR_ALWAYS_INLINE void axaddr_areas_make_room(const struct axaddr_instance *self,
                                                 const struct axaddr_table *table,
                                                 struct axaddr_areas *areas, uint32_t more,
                                                 struct axaddr_pool *pool) {
    while (axaddr_areas_capacity(areas) - areas->count < more) {
        if (areas->frame_count == 0) {
            areas->directory = axaddr_pool_take(self, table, pool);
        }
        *axaddr_areas_frame(self, table, areas, areas->frame_count) =
            axaddr_pool_take(self, table, pool);
        areas->frame_count++;
    }
    while (areas->frame_count > 0 &&
           axaddr_areas_capacity(areas) - AXADDR_AREAS_PER_FRAME >= areas->count + more) {
        axaddr_areas_shrink(self, table, areas);
    }
}

/* ---- changes ---- */

/** Areas that a change of [first, last] adds for a moment: one for each end that cuts one. */
AXADDR_ALWAYS_INLINE uint32_t axaddr_areas_count_cuts(const struct axaddr_instance *self,
                                                      const struct axaddr_table *table,
                                                      const struct axaddr_areas *areas,
                                                      uint64_t first, uint64_t last) {
    uint32_t at_first = self->search(table, areas, first);
    uint32_t at_last = self->search(table, areas, last);
    uint32_t count = 0;

    if (at_first < areas->count && axaddr_areas_see(self, table, areas, at_first)->first < first) {
        count++;
    }
    if (at_last < areas->count) {
        const struct axaddr_area *area = axaddr_areas_see(self, table, areas, at_last);
        count += area->first <= last && area->last > last ? 1 : 0;
    }
    return count;
}

/** Move the areas from index `from` on so that they begin at `to`. */
AXADDR_ALWAYS_INLINE void axaddr_areas_move(const struct axaddr_instance *self,
                                            const struct axaddr_table *table,
                                            struct axaddr_areas *areas, uint32_t from,
                                            uint32_t to) {
    uint32_t count = areas->count - from;
    bool is_up = to > from;
    uint32_t i;

    for (i = 0; i < count; i++) {
        uint32_t offset = is_up ? count - 1 - i : i;
        axaddr_area_copy(self->area_at(table, areas, to + offset),
                         axaddr_areas_see(self, table, areas, from + offset));
    }
    areas->count = to + count;
}

/** Let an area begin at `address`, inside it. */
AXADDR_ALWAYS_INLINE void axaddr_area_trim_front(struct axaddr_area *area, uint64_t address) {
    if (area->kind == AXADDR_AREA_LINEAR) {
        area->hpa += address - area->first;
    }
    area->first = address;
}

/** Whether `next`, which comes after `area`, is its continuation in every respect. */
AXADDR_ALWAYS_INLINE bool axaddr_area_continues(const struct axaddr_area *area,
                                                const struct axaddr_area *next) {
    return area->last + 1 == next->first && area->kind == next->kind &&
           area->flags == next->flags && area->cookie == next->cookie &&
           (area->kind != AXADDR_AREA_LINEAR || next->hpa - area->hpa == next->first - area->first);
}

/** Cut the area that reaches across `address` from below, if there is one, in two. */
AXADDR_ALWAYS_INLINE void axaddr_areas_cut(const struct axaddr_instance *self,
                                           const struct axaddr_table *table,
                                           struct axaddr_areas *areas, uint64_t address) {
    uint32_t index = self->search(table, areas, address);
    struct axaddr_area *area;

    if (index == areas->count || axaddr_areas_see(self, table, areas, index)->first >= address) {
        return;
    }
    axaddr_areas_move(self, table, areas, index, index + 1);
    area = self->area_at(table, areas, index);
    axaddr_area_copy(area, axaddr_areas_see(self, table, areas, index + 1));
    area->last = address - 1;
    axaddr_area_trim_front(self->area_at(table, areas, index + 1), address);
}

/** Join equal neighbours among the areas that touch [first, last]. */
AXADDR_ALWAYS_INLINE void axaddr_areas_merge(const struct axaddr_instance *self,
                                             const struct axaddr_table *table,
                                             struct axaddr_areas *areas, uint64_t first,
                                             uint64_t last) {
    uint32_t kept = self->search(table, areas, first - (first != 0));
    uint32_t next = kept + 1;

    for (; next < areas->count; next++) {
        struct axaddr_area *area = self->area_at(table, areas, kept);
        const struct axaddr_area *other = axaddr_areas_see(self, table, areas, next);

        if (area->last > last) {
            break;
        }
        if (axaddr_area_continues(area, other)) {
            area->last = other->last;
        } else {
            kept++;
            axaddr_area_copy(self->area_at(table, areas, kept), other);
        }
    }
    if (next > kept + 1) {
        axaddr_areas_move(self, table, areas, next, kept + 1);
    }
}

/**
 * Change what the set says of [first, last]; there is room for it. `with` is the area to insert, or
 * has the flags to set. Generated once for each instance.
 */
AXADDR_ALWAYS_INLINE void axaddr_areas_change(const struct axaddr_instance *self,
                                              const struct axaddr_table *table,
                                              struct axaddr_areas *areas,
                                              enum axaddr_area_change change, uint64_t first,
                                              uint64_t last, const struct axaddr_area *with) {
    uint64_t edge = first;
    uint32_t from;
    uint32_t to;

    /* From here on no area reaches across an end of the range. */
    for (;;) {
        axaddr_areas_cut(self, table, areas, edge);
        if (edge != first || last == ~UINT64_C(0)) {
            break;
        }
        edge = last + 1;
    }
    from = self->search(table, areas, first);
    for (to = from; to < areas->count; to++) {
        struct axaddr_area *area = self->area_at(table, areas, to);

        if (area->first > last) {
            break;
        }
        if (change == AXADDR_AREA_SET_FLAGS) {
            area->flags = with->flags | (area->flags & AXADDR_LAZY_FLAGS);
        }
    }
    switch (change) {
    case AXADDR_AREA_INSERT:
        axaddr_areas_move(self, table, areas, from, from + 1);
        axaddr_area_copy(self->area_at(table, areas, from), with);
        break;
    case AXADDR_AREA_REMOVE:
        axaddr_areas_move(self, table, areas, to, from);
        break;
    case AXADDR_AREA_SET_FLAGS:
        break;
    }
    axaddr_areas_merge(self, table, areas, first, last);
}

#endif /* AXADDR_CORE_AREAS_H */
