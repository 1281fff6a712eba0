/* SPDX-License-Identifier: MIT
 *
 * areas.h: the areas of a space: which ranges are mapped, as what, in ascending order without
 * overlap; equal neighbours are one area. They are a range set (range_node.h): a small VM's are
 * inside the space itself, and there may be millions.
 *
 * An edit counts the frames that the set takes (axaddr_areas_count) before it begins, and changes
 * the set when it is done, with these in a pool: that never fails.
 */
#ifndef AXADDR_CORE_AREAS_H
#define AXADDR_CORE_AREAS_H

#include "range_free.h"

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
    uint32_t flags;  /**< of its mappings (lazy memory: and AXADDR_LAZY_FLAGS; LINEAR: and
                          AXADDR_OWNED); 0 for DEVICE. And of AXADDR_TRACK_FLAGS how it is tracked */
    uint32_t cookie; /**< DEVICE, BACKED: the caller's number for it */
    enum axaddr_area_kind kind;
    const char *name; /**< the caller's name for it, or 0: see label */
    uint64_t tag;     /**< the caller's own */
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

/* What the set keeps of an area beside its range: the words of a value. */
enum axaddr_area_word {
    AXADDR_AREA_SOURCE, /**< LINEAR: the host address; DEVICE, BACKED: the cookie */
    AXADDR_AREA_FLAGS,  /**< the flags, and the kind above them */
    AXADDR_AREA_TAG,
    AXADDR_AREA_NAME,
    AXADDR_AREA_WORDS,
};
#define AXADDR_AREA_KIND_SHIFT 32

struct axaddr_areas {
    struct axaddr_ranges set;
    uint32_t frame_count; /**< frames that the set has */
    bool has_upgrades;    /**< there was an area whose leaves faults may give more rights */
    axaddr_word64_t head[AXADDR_RANGE_INLINE_WORDS(AXADDR_AREA_WORDS * 8)];
};

/** More areas than this are NO_MEMORY: the set has as many levels as they can take. */
#define AXADDR_AREA_COUNT_MAX (UINT32_C(1) << 31)

/* ---- areas as values ---- */

AXADDR_ALWAYS_INLINE enum axaddr_area_kind axaddr_area_value_kind(const axaddr_word64_t *value) {
    return (enum axaddr_area_kind)(value[AXADDR_AREA_FLAGS] >> AXADDR_AREA_KIND_SHIFT);
}

AXADDR_ALWAYS_INLINE void axaddr_area_to_value(const struct axaddr_area *area,
                                               axaddr_word64_t *value) {
    value[AXADDR_AREA_SOURCE] = area->kind == AXADDR_AREA_LINEAR ? area->hpa : area->cookie;
    value[AXADDR_AREA_FLAGS] = area->flags | (uint64_t)area->kind << AXADDR_AREA_KIND_SHIFT;
    value[AXADDR_AREA_TAG] = area->tag;
    value[AXADDR_AREA_NAME] = (uintptr_t)area->name;
}

AXADDR_ALWAYS_INLINE void axaddr_area_of_hit(const struct axaddr_range_hit *hit,
                                             struct axaddr_area *area) {
    const axaddr_word64_t *value = hit->value;

    area->first = hit->first;
    area->last = hit->last;
    area->kind = axaddr_area_value_kind(value);
    area->hpa = area->kind == AXADDR_AREA_LINEAR ? value[AXADDR_AREA_SOURCE] : 0;
    area->cookie = area->kind == AXADDR_AREA_LINEAR ? 0 : (uint32_t)value[AXADDR_AREA_SOURCE];
    area->flags = (uint32_t)value[AXADDR_AREA_FLAGS];
    area->tag = value[AXADDR_AREA_TAG];
    area->name = (const char *)(uintptr_t)value[AXADDR_AREA_NAME];
}

/** The value of what is left of an area whose first `size` bytes are cut off. */
AXADDR_ALWAYS_INLINE void axaddr_area_trim_value(axaddr_word64_t *value, uint64_t size) {
    if (axaddr_area_value_kind(value) == AXADDR_AREA_LINEAR) {
        value[AXADDR_AREA_SOURCE] += size;
    }
}

/** Whether an area that begins `distance` behind another is its continuation in every respect. */
static inline bool axaddr_area_continues(const void *value, const void *next, uint64_t distance) {
    const axaddr_word64_t *a = (const axaddr_word64_t *)value;
    const axaddr_word64_t *b = (const axaddr_word64_t *)next;
    uint64_t more = axaddr_area_value_kind(a) == AXADDR_AREA_LINEAR ? distance : 0;

    return a[AXADDR_AREA_SOURCE] + more == b[AXADDR_AREA_SOURCE] &&
           a[AXADDR_AREA_FLAGS] == b[AXADDR_AREA_FLAGS] &&
           a[AXADDR_AREA_TAG] == b[AXADDR_AREA_TAG] && a[AXADDR_AREA_NAME] == b[AXADDR_AREA_NAME];
}

/**
 * The flags that a protect sets: with other rights, leaves do not tell any more who was written, so
 * it ends the tracking of writes.
 */
#define AXADDR_AREA_SET_MASK (AXADDR_MAPPING_FLAGS | AXADDR_TRACK_WRITES)

/** Change a value as SET_FLAGS, of the flags in `mask`, or LABEL says. */
AXADDR_ALWAYS_INLINE void axaddr_area_set(axaddr_word64_t *value, enum axaddr_area_change change,
                                          uint32_t mask, const struct axaddr_area *with) {
    if (change == AXADDR_AREA_LABEL) {
        value[AXADDR_AREA_TAG] = with->tag;
        value[AXADDR_AREA_NAME] = (uintptr_t)with->name;
    } else {
        value[AXADDR_AREA_FLAGS] &= ~(uint64_t)mask;
        value[AXADDR_AREA_FLAGS] |= with->flags;
    }
}

/** Whether that would make a difference. */
AXADDR_ALWAYS_INLINE bool axaddr_area_is_set(const axaddr_word64_t *value,
                                             enum axaddr_area_change change, uint32_t mask,
                                             const struct axaddr_area *with) {
    if (change == AXADDR_AREA_LABEL) {
        return value[AXADDR_AREA_TAG] == with->tag &&
               value[AXADDR_AREA_NAME] == (uintptr_t)with->name;
    }
    return (value[AXADDR_AREA_FLAGS] & mask) == with->flags;
}

/* ---- looking ---- */

AXADDR_ALWAYS_INLINE void axaddr_areas_init(struct axaddr_areas *areas, void *ctx) {
    /* The table has bounds; these cannot be wrong. */
    enum axaddr_status status = axaddr_ranges_init(&areas->set, areas->head, ctx, 0, UINT64_MAX);

    (void)status;
    areas->frame_count = 0;
    areas->has_upgrades = false;
}

/** The first area that ends at or after `address`; false if none does. Generated once. */
AXADDR_ALWAYS_INLINE bool axaddr_areas_find(const struct axaddr_instance *self,
                                            const struct axaddr_areas *areas, uint64_t address,
                                            struct axaddr_area *area) {
    struct axaddr_range_hit hit;

    if (!self->look_area(areas, address, &hit)) {
        return false;
    }
    axaddr_area_of_hit(&hit, area);
    return true;
}

/** A visit of all areas that touch [next, last], which may be changed meanwhile. */
struct axaddr_area_visit {
    uint64_t next;
    uint64_t last;
    bool is_done;
};

AXADDR_ALWAYS_INLINE void axaddr_area_visit_init(struct axaddr_area_visit *visit, uint64_t first,
                                                 uint64_t last) {
    visit->next = first;
    visit->last = last;
    visit->is_done = false;
}

/** The next area; false if there is none. */
AXADDR_ALWAYS_INLINE bool axaddr_areas_visit(const struct axaddr_instance *self,
                                             const struct axaddr_areas *areas,
                                             struct axaddr_area_visit *visit,
                                             struct axaddr_area *area) {
    if (visit->is_done || !self->find_area(areas, visit->next, area) || area->first > visit->last) {
        return false;
    }
    visit->is_done = area->last >= visit->last;
    visit->next = area->last + 1;
    return true;
}

/* ---- what a change takes ---- */

/** Most areas in a leaf of the set, beyond the small one inside the space. */
#define AXADDR_AREA_LEAF_MAX AXADDR_RANGE_LEAF_MAX(AXADDR_AREA_WORDS * 8)

/**
 * Whether an area reaches across the border before `address`; the path leads to it. Generated once.
 */
AXADDR_ALWAYS_INLINE bool axaddr_areas_cross(const struct axaddr_instance *self,
                                             const struct axaddr_areas *areas, uint64_t address,
                                             struct axaddr_range_path *path,
                                             struct axaddr_range_hit *hit) {
    self->areas->descend(&areas->set, address, path);
    return axaddr_ranges_see(self->areas, &areas->set, path, hit) && hit->first < address;
}

/** Whether [first, last] as `with` says would be one with the area before it, or after it. */
AXADDR_ALWAYS_INLINE bool axaddr_areas_is_joined(const struct axaddr_instance *self,
                                                 const struct axaddr_areas *areas,
                                                 const struct axaddr_area *with) {
    axaddr_word64_t value[AXADDR_AREA_WORDS];
    struct axaddr_range_hit hit;

    axaddr_area_to_value(with, value);
    if (with->first > 0 && self->look_area(areas, with->first - 1, &hit) &&
        hit.first < with->first &&
        axaddr_area_continues(hit.value, value, with->first - hit.first)) {
        return true;
    }
    return with->last < UINT64_MAX && self->look_area(areas, with->last + 1, &hit) &&
           hit.first <= with->last + 1 &&
           axaddr_area_continues(value, hit.value, hit.first - with->first);
}

/**
 * The path to where [first, last], once it is free, will be put in: behind the area that ends just
 * before it, or in front of the next one behind it. A set from which others are taken out before
 * has a node more for each that became full by it.
 */
AXADDR_ALWAYS_INLINE void axaddr_areas_place(const struct axaddr_instance *self,
                                             const struct axaddr_areas *areas, uint64_t first,
                                             uint64_t last, struct axaddr_range_path *path) {
    struct axaddr_range_hit hit;

    if (first > 0) {
        self->areas->descend(&areas->set, first - 1, path);
        if (axaddr_ranges_see(self->areas, &areas->set, path, &hit) && hit.first < first) {
            path->index[0]++;
            return;
        }
    }
    self->areas->descend(&areas->set, last < UINT64_MAX ? last + 1 : last, path);
}

/** Whether SET_FLAGS or LABEL has to cut an area at the border before `address`; the path to it. */
AXADDR_ALWAYS_INLINE bool axaddr_areas_is_cut(const struct axaddr_instance *self,
                                              const struct axaddr_areas *areas, uint64_t address,
                                              enum axaddr_area_change change, uint32_t mask,
                                              const struct axaddr_area *with,
                                              struct axaddr_range_path *path) {
    struct axaddr_range_hit hit;

    return self->cross(areas, address, path, &hit) &&
           !axaddr_area_is_set(hit.value, change, mask, with);
}

/** Whether one area has all of [first, last] and more at both ends; the path to it. */
AXADDR_ALWAYS_INLINE bool axaddr_areas_is_inside(const struct axaddr_instance *self,
                                                 const struct axaddr_areas *areas, uint64_t first,
                                                 uint64_t last, struct axaddr_range_path *path) {
    struct axaddr_range_hit hit;

    return self->cross(areas, first, path, &hit) && hit.last > last;
}

/** Nodes that SET_FLAGS, of the flags in `mask`, or LABEL takes. */
AXADDR_ALWAYS_INLINE size_t axaddr_areas_set_nodes(const struct axaddr_instance *self,
                                                   const struct axaddr_areas *areas,
                                                   enum axaddr_area_change change, uint32_t mask,
                                                   const struct axaddr_area *with) {
    struct axaddr_range_path path;
    struct axaddr_range_path other;
    bool is_first = axaddr_areas_is_cut(self, areas, with->first, change, mask, with, &path);
    bool is_last =
        with->last < UINT64_MAX && axaddr_areas_is_cut(self, areas, with->last + 1, change, mask,
                                                       with, is_first ? &other : &path);

    if (!is_first && !is_last) {
        return 0;
    }
    return axaddr_ranges_nodes(&areas->set, AXADDR_AREA_LEAF_MAX, &path,
                               is_first && is_last ? &other : 0);
}

/** Nodes that a change takes. */
AXADDR_ALWAYS_INLINE size_t axaddr_areas_change_nodes(const struct axaddr_instance *self,
                                                      const struct axaddr_areas *areas,
                                                      enum axaddr_area_change change,
                                                      const struct axaddr_area *with) {
    const struct axaddr_ranges *set = &areas->set;
    struct axaddr_range_path path;
    bool is_put;

    if (change == AXADDR_AREA_SET_FLAGS || change == AXADDR_AREA_LABEL) {
        return axaddr_areas_set_nodes(self, areas, change, AXADDR_AREA_SET_MASK, with);
    }
    is_put = change == AXADDR_AREA_INSERT && !axaddr_areas_is_joined(self, areas, with);
    if (axaddr_areas_is_inside(self, areas, with->first, with->last, &path)) {
        /* What is behind the range becomes an area of its own. */
        return axaddr_ranges_nodes(set, AXADDR_AREA_LEAF_MAX, &path, is_put ? &path : 0);
    }
    if (is_put) {
        axaddr_areas_place(self, areas, with->first, with->last, &path);
        return axaddr_ranges_nodes(set, AXADDR_AREA_LEAF_MAX, &path, 0);
    }
    return 0;
}

/** Frames that a change takes: false if there cannot be so many areas. Generated once. */
AXADDR_ALWAYS_INLINE bool axaddr_areas_count(const struct axaddr_instance *self,
                                             const struct axaddr_areas *areas,
                                             enum axaddr_area_change change,
                                             const struct axaddr_area *with, uint64_t *frames) {
    size_t nodes = axaddr_areas_change_nodes(self, areas, change, with);

    *frames = axaddr_ranges_frames_for(self->areas, &areas->set, nodes);
    return nodes == 0 || areas->set.count < AXADDR_AREA_COUNT_MAX;
}

/* ---- changes: there are frames in the pool for what they take ---- */

/** Cut the area that reaches across the border before `address`, if one does, in two. Generated once. */
AXADDR_ALWAYS_INLINE void axaddr_areas_cut(const struct axaddr_instance *self,
                                           struct axaddr_areas *areas, uint64_t address) {
    axaddr_word64_t value[AXADDR_AREA_WORDS];
    struct axaddr_range_entry rest;
    struct axaddr_range_path path;
    struct axaddr_range_hit hit;

    if (!self->cross(areas, address, &path, &hit)) {
        return;
    }
    axaddr_range_move_words(value, hit.value, AXADDR_AREA_WORDS);
    axaddr_area_trim_value(value, address - hit.first);
    rest.first = address;
    rest.last = hit.last;
    rest.payload = value;
    self->areas->resize(&areas->set, &path, hit.first, address - 1);
    path.index[0]++;
    self->areas->put(&areas->set, &path, &rest);
}

/** Take [first, last] out of the areas that have a part of it. Generated once. */
AXADDR_ALWAYS_INLINE void axaddr_areas_carve(const struct axaddr_instance *self,
                                             struct axaddr_areas *areas, uint64_t first,
                                             uint64_t last) {
    struct axaddr_range_path path;
    struct axaddr_range_hit hit;

    if (axaddr_areas_is_inside(self, areas, first, last, &path)) {
        self->cut_area(areas, last + 1);
    }
    for (;;) {
        self->areas->descend(&areas->set, first, &path);
        if (!axaddr_ranges_see(self->areas, &areas->set, &path, &hit) || hit.first > last) {
            return;
        }
        if (hit.first < first) {
            self->areas->resize(&areas->set, &path, hit.first, first - 1);
        } else if (hit.last > last) {
            axaddr_area_trim_value(hit.value, last + 1 - hit.first);
            self->areas->resize(&areas->set, &path, last + 1, hit.last);
        } else {
            self->areas->take(&areas->set, &path);
        }
    }
}

/** Put an area into a range that is free; with equal neighbours it becomes one. Generated once. */
AXADDR_ALWAYS_INLINE void axaddr_areas_insert(const struct axaddr_instance *self,
                                              struct axaddr_areas *areas,
                                              const struct axaddr_area *with) {
    axaddr_word64_t value[AXADDR_AREA_WORDS];
    struct axaddr_range_entry entry = {with->first, with->last, value};
    struct axaddr_range_path path;
    struct axaddr_range_hit hit;

    axaddr_area_to_value(with, value);
    if (with->first > 0) {
        self->areas->descend(&areas->set, with->first - 1, &path);
        if (axaddr_ranges_see(self->areas, &areas->set, &path, &hit) && hit.first < with->first &&
            axaddr_area_continues(hit.value, value, with->first - hit.first)) {
            self->areas->resize(&areas->set, &path, hit.first, with->last);
            self->join_areas(areas, hit.first);
            return;
        }
    }
    if (with->last < UINT64_MAX) {
        self->areas->descend(&areas->set, with->last + 1, &path);
        if (axaddr_ranges_see(self->areas, &areas->set, &path, &hit) &&
            hit.first == with->last + 1 &&
            axaddr_area_continues(value, hit.value, hit.first - with->first)) {
            hit.value[AXADDR_AREA_SOURCE] = value[AXADDR_AREA_SOURCE];
            self->areas->resize(&areas->set, &path, with->first, hit.last);
            return;
        }
    }
    axaddr_areas_place(self, areas, with->first, with->last, &path);
    self->areas->put(&areas->set, &path, &entry);
}

/** Join equal neighbours among the areas that touch [first, last]. */
AXADDR_ALWAYS_INLINE void axaddr_areas_merge(const struct axaddr_instance *self,
                                             struct axaddr_areas *areas, uint64_t first,
                                             uint64_t last) {
    uint64_t at = first - (first != 0);
    struct axaddr_range_hit hit;

    while (self->look_area(areas, at, &hit) && hit.first <= last) {
        size_t count = areas->set.count;

        self->join_areas(areas, hit.first);
        if (areas->set.count == count) {
            if (hit.last >= last) {
                return;
            }
            at = hit.last + 1;
        }
    }
}

/** Give [first, last] of `with` its flags, those in `mask`, or its name and tag. */
AXADDR_ALWAYS_INLINE void axaddr_areas_set(const struct axaddr_instance *self,
                                           struct axaddr_areas *areas,
                                           enum axaddr_area_change change, uint32_t mask,
                                           const struct axaddr_area *with) {
    uint64_t at = with->first;
    struct axaddr_range_path path;
    struct axaddr_range_hit hit;

    if (axaddr_areas_is_cut(self, areas, with->first, change, mask, with, &path)) {
        self->cut_area(areas, with->first);
    }
    if (with->last < UINT64_MAX &&
        axaddr_areas_is_cut(self, areas, with->last + 1, change, mask, with, &path)) {
        self->cut_area(areas, with->last + 1);
    }
    while (self->look_area(areas, at, &hit) && hit.first <= with->last) {
        axaddr_area_set(hit.value, change, mask, with);
        if (hit.last >= with->last) {
            break;
        }
        at = hit.last + 1;
    }
    axaddr_areas_merge(self, areas, with->first, with->last);
}

/** A change has been made with frames from set->held: what is left of them is in the pool again. */
AXADDR_ALWAYS_INLINE void axaddr_areas_end_change(struct axaddr_areas *areas,
                                                  struct axaddr_pool *pool) {
    struct axaddr_ranges *set = &areas->set;

    areas->frame_count += (uint32_t)(pool->count - set->held.count);
    *pool = set->held;
    set->held.head = 0;
    set->held.count = 0;
}

/** Change what the set says of [first, last] of `with`. Generated once for each instance. */
AXADDR_ALWAYS_INLINE void axaddr_areas_change(const struct axaddr_instance *self,
                                              struct axaddr_areas *areas,
                                              enum axaddr_area_change change,
                                              const struct axaddr_area *with,
                                              struct axaddr_pool *pool) {
    struct axaddr_ranges *set = &areas->set;
    struct axaddr_range_hit hit;

    set->held = *pool;
    switch (change) {
    case AXADDR_AREA_REMOVE:
        if ((with->last == UINT64_MAX || !self->look_area(areas, with->last + 1, &hit)) &&
            self->look_area(areas, 0, &hit) && hit.first >= with->first) {
            axaddr_ranges_clear(self->areas, set);
            break;
        }
        self->carve_areas(areas, with->first, with->last);
        break;
    case AXADDR_AREA_INSERT:
        self->carve_areas(areas, with->first, with->last);
        self->insert_area(areas, with);
        break;
    case AXADDR_AREA_SET_FLAGS:
    case AXADDR_AREA_LABEL:
        axaddr_areas_set(self, areas, change, AXADDR_AREA_SET_MASK, with);
        break;
    }
    axaddr_areas_end_change(areas, pool);
}

#endif /* AXADDR_CORE_AREAS_H */
