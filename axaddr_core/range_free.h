/* SPDX-License-Identifier: MIT
 *
 * range_free.h: where in a range set there is room (range_set.h: find_free). Each entry of an inner
 * node has the largest gap inside its subtree, so subtrees without a gap that is large enough are
 * passed by.
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
 * From the path's range on in one direction, the first gap between two ranges that has `size`
 * addresses. False if there is none: then [*first, *last] is what is behind the set's last range
 * (before its first), up to the bounds, and may be empty.
 */
AXADDR_ALWAYS_INLINE bool axaddr_ranges_seek(const struct axaddr_range_kind *self,
                                             const struct axaddr_ranges *set,
                                             struct axaddr_range_path *path, uint64_t size,
                                             bool is_down, uint64_t *first, uint64_t *last) {
    unsigned level = 0;
    bool is_new = false; /* this entry was not reached from below */

    for (;;) {
        struct axaddr_range_layout layout = axaddr_range_layout_of(self, set, level);
        axaddr_word64_t *node = path->node[level];
        unsigned index = path->index[level];

        if (is_new && level > 0 && *axaddr_range_gap(node, index) >= size) {
            node = axaddr_range_node(self, set, *axaddr_range_child(node, index));
            level--;
            path->node[level] = node;
            path->index[level] = is_down ? axaddr_range_fill(node) - 1 : 0;
            continue;
        }
        if (is_down ? index > 0 : index + 1 < axaddr_range_fill(node)) {
            unsigned before = is_down ? index - 1 : index;

            if (axaddr_range_between(&layout, node, before) >= size) {
                *first = axaddr_range_lasts(node)[before] + 1;
                *last = axaddr_range_firsts(&layout, node)[before + 1] - 1;
                return true;
            }
            path->index[level] = is_down ? index - 1 : index + 1;
            is_new = true;
            continue;
        }
        if (level == set->height) {
            uint64_t end = is_down ? axaddr_range_firsts(&layout, node)[index]
                                   : axaddr_range_lasts(node)[index];
            bool is_empty = end == (is_down ? set->first : set->last);

            *first = is_empty ? 1 : is_down ? set->first : end + 1;
            *last = is_empty ? 0 : is_down ? end - 1 : set->last;
            return false;
        }
        level++;
        is_new = false;
    }
}

/**
 * The gap at `at`, or the next of at least `size` addresses in the direction, in bounds. False if
 * there is none: [*first, *last] is the last one, or empty.
 */
AXADDR_ALWAYS_INLINE bool axaddr_ranges_gap_from(const struct axaddr_range_kind *self,
                                                 const struct axaddr_ranges *set, uint64_t at,
                                                 uint64_t size, bool is_down, uint64_t *first,
                                                 uint64_t *last) {
    struct axaddr_range_path path;
    struct axaddr_range_hit hit;

    self->descend(set, at, &path);
    if (!axaddr_ranges_see(self, set, &path, &hit)) { /* behind all ranges */
        *first = at;
        *last = set->last;
        if (is_down && set->count > 0) {
            *first = axaddr_range_lasts(path.node[0])[path.index[0] - 1] + 1;
        } else if (is_down) {
            *first = set->first;
        }
        return is_down && set->count > 0;
    }
    if (!is_down && hit.first > at) {
        *first = at;
        *last = hit.first - 1;
        return true;
    }
    return axaddr_ranges_seek(self, set, &path, size, is_down, first, last);
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

AXADDR_MUST_CHECK AXADDR_ALWAYS_INLINE enum axaddr_status
axaddr_ranges_find_free(const struct axaddr_range_kind *self, const struct axaddr_ranges *set,
                        struct axaddr_placement *request, uint64_t *result) {
    uint64_t at;
    bool has_more = true;

    request->alignment += request->alignment == 0;
    if (request->size == 0 || request->low > request->high ||
        !axaddr_is_power_of_two(request->alignment)) {
        return AXADDR_INVALID;
    }
    request->low = axaddr_range_larger(request->low, set->first);
    request->high = request->high < set->last ? request->high : set->last;
    if (request->low > request->high) {
        return AXADDR_NO_MEMORY;
    }
    if (axaddr_ranges_can_take(self, set, request)) {
        *result = request->hint;
        return AXADDR_OK;
    }
    at = request->is_top_down ? request->high : request->low;
    while (has_more) {
        uint64_t first;
        uint64_t last;
        uint64_t low;
        uint64_t high;

        has_more = axaddr_ranges_gap_from(self, set, at, request->size, request->is_top_down,
                                          &first, &last);
        low = axaddr_range_larger(first, request->low);
        high = last < request->high ? last : request->high;
        if (axaddr_range_place(request, low, high, result)) {
            return AXADDR_OK;
        }
        has_more = has_more && (request->is_top_down ? first > request->low : last < request->high);
        at = request->is_top_down ? first - 1 : last + 1;
    }
    return AXADDR_NO_MEMORY;
}

#endif /* AXADDR_CORE_RANGE_FREE_H */
