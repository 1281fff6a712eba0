/* SPDX-License-Identifier: MIT
 *
 * range_free.h: where in a range set there is room (range_set.h: find_free). Each entry of an inner
 * node has the largest gap of its subtree, so subtrees without a gap that is large enough are
 * passed by. A gap is that of the range behind it; what is behind the last range comes apart.
 */
#ifndef AXADDR_CORE_RANGE_FREE_H
#define AXADDR_CORE_RANGE_FREE_H

#include "range_tree.h"

/** What a free place has to be like; all zero but `size` and `high`: any. */
struct axaddr_placement {
    uint64_t size;      /**< addresses, not 0 */
    uint64_t alignment; /**< of the first one: a power of two, or 0 for any */
    uint64_t low;       /**< no address below */
    uint64_t high;      /**< none above */
    uint64_t hint;      /**< with has_hint: taken, if it is such a place */
    bool has_hint;
    bool is_top_down; /**< the highest place is wanted, not the lowest */
};

/**
 * Let the path lead to the first range from its own on, in one direction, that has a gap of at
 * least `size` addresses. False if there is none.
 */
AXADDR_ALWAYS_INLINE bool axaddr_ranges_seek(const struct axaddr_range_kind *self,
                                             const struct axaddr_ranges *set,
                                             struct axaddr_range_path *path, uint64_t size,
                                             bool is_down) {
    struct axaddr_range_layout layout = axaddr_range_layout_of(self, set, 0);
    unsigned index = path->index[0];
    unsigned level = 0;

    for (;;) {
        axaddr_word64_t *node = path->node[level];
        unsigned fill = axaddr_range_fill(node);

        while (index < fill && (level == 0 ? axaddr_range_gap(&layout, node, index)
                                           : axaddr_range_gaps(node)[index]) < size) {
            index += is_down ? -1u : 1u; /* one below 0 is not below `fill` */
        }
        path->index[level] = index;
        if (index < fill && level == 0) {
            return true;
        }
        if (index < fill) {
            node = axaddr_range_node(self, set, *axaddr_range_child(node, index));
            level--;
            path->node[level] = node;
            index = is_down ? axaddr_range_fill(node) - 1 : 0;
            continue;
        }
        if (level == set->height) {
            return false;
        }
        level++;
        index = path->index[level] + (is_down ? -1u : 1u);
    }
}

/** Where in [first, last] the request fits; false if it does not. */
AXADDR_ALWAYS_INLINE bool axaddr_range_place(const struct axaddr_placement *request, uint64_t first,
                                             uint64_t last, uint64_t *place) {
    uint64_t mask = request->alignment - 1;
    uint64_t more = request->size - 1;
    uint64_t lowest = first + (-first & mask);

    if (lowest < first || lowest > last || last - lowest < more) {
        return false;
    }
    *place = request->is_top_down ? (last - more) & ~mask : lowest;
    return true;
}

/** Whether the hint is such a place. */
AXADDR_ALWAYS_INLINE bool axaddr_ranges_can_take(const struct axaddr_range_kind *self,
                                                 const struct axaddr_ranges *set,
                                                 const struct axaddr_placement *request) {
    struct axaddr_range_path path;
    struct axaddr_range_hit hit;
    uint64_t hint = request->hint;

    if (!request->has_hint || (hint & (request->alignment - 1)) != 0 || hint < request->low ||
        hint > request->high || request->high - hint < request->size - 1) {
        return false;
    }
    self->descend(set, hint, &path);
    return !axaddr_ranges_see(self, set, &path, &hit) ||
           (hit.first > hint && hit.first - hint > request->size - 1);
}

/** Whether it fits between two addresses, or what of them is within its limits. */
static inline bool axaddr_range_fits(const struct axaddr_placement *request, uint64_t first,
                                     uint64_t last, uint64_t *place) {
    return axaddr_range_place(request, axaddr_range_larger(first, request->low),
                              last < request->high ? last : request->high, place);
}

/** Behind the last range. */
AXADDR_ALWAYS_INLINE bool axaddr_ranges_fits_behind(const struct axaddr_ranges *set,
                                                    const struct axaddr_placement *request,
                                                    uint64_t *place) {
    unsigned fill = axaddr_range_fill(set->at);
    uint64_t last = fill > 0 ? axaddr_range_lasts(set->at)[fill - 1] : 0;

    return fill == 0 ? axaddr_range_fits(request, set->first, set->last, place)
                     : last < set->last && axaddr_range_fits(request, last + 1, set->last, place);
}

/** Between ranges, or before the first. What does not fit decides from where on to look further. */
AXADDR_ALWAYS_INLINE bool axaddr_ranges_fits_before(const struct axaddr_range_kind *self,
                                                    const struct axaddr_ranges *set,
                                                    const struct axaddr_placement *request,
                                                    uint64_t *place) {
    struct axaddr_range_layout layout = axaddr_range_layout_of(self, set, 0);
    uint64_t mask = request->alignment - 1;
    uint64_t more = request->size - 1;
    bool is_down = request->is_top_down;
    uint64_t at = is_down ? request->high : request->low;
    struct axaddr_range_path path;

    while (at >= request->low && at <= request->high) {
        uint64_t gap;
        uint64_t end;

        self->descend(set, at, &path);
        path.index[0] -= is_down && path.index[0] == axaddr_range_fill(path.node[0]);
        if (!axaddr_ranges_seek(self, set, &path, request->size, is_down)) {
            return false;
        }
        gap = axaddr_range_gap(&layout, path.node[0], path.index[0]);
        end = axaddr_range_firsts(&layout, path.node[0])[path.index[0]];
        if (axaddr_range_fits(request, end - gap, end - 1, place)) {
            return true;
        }
        if (is_down) {
            if (end - gap <= more) {
                return false;
            }
            at = ((end - gap - 1 - more) & ~mask) + more; /* where the next one may end */
        } else {
            at = axaddr_range_lasts(path.node[0])[path.index[0]];
            if (at + 1 + (-(at + 1) & mask) <= at) {
                return false;
            }
            at += 1 + (-(at + 1) & mask); /* where the next one may begin */
        }
    }
    return false;
}

AXADDR_MUST_CHECK AXADDR_ALWAYS_INLINE enum axaddr_status
axaddr_ranges_find_free(const struct axaddr_range_kind *self, const struct axaddr_ranges *set,
                        struct axaddr_placement *request, uint64_t *result) {
    request->alignment += request->alignment == 0;
    if (request->size == 0 || request->low > request->high ||
        !axaddr_is_power_of_two(request->alignment)) {
        return AXADDR_INVALID;
    }
    request->low = axaddr_range_larger(request->low, set->first);
    request->high = request->high < set->last ? request->high : set->last;
    if (axaddr_ranges_can_take(self, set, request)) {
        *result = request->hint;
        return AXADDR_OK;
    }
    if ((request->is_top_down && axaddr_ranges_fits_behind(set, request, result)) ||
        axaddr_ranges_fits_before(self, set, request, result) ||
        (!request->is_top_down && axaddr_ranges_fits_behind(set, request, result))) {
        return AXADDR_OK;
    }
    return AXADDR_NO_MEMORY;
}

#endif /* AXADDR_CORE_RANGE_FREE_H */
