/* SPDX-License-Identifier: MIT
 *
 * range_build.h: a range set as a whole: filling an empty one from an array, level by level along
 * its right edge, and checking all that must be true of one.
 */
#ifndef AXADDR_CORE_RANGE_BUILD_H
#define AXADDR_CORE_RANGE_BUILD_H

#include "range_tree.h"

/** Entries of a generated type: two addresses, and a value somewhere behind. */
struct axaddr_range_array {
    const unsigned char *at;
    size_t count;
    size_t stride;
    size_t value_offset;
    void (*copy)(void *to, const void *from); /**< a value into words */
};

/**
 * How the levels are filled: evenly, with nodes that are full to three quarters at most, so that a
 * range that is put in later does not split one.
 */
struct axaddr_range_plan {
    uint64_t start;                                    /**< behind the ranges that were put in */
    axaddr_word64_t name[AXADDR_RANGE_HEIGHT_MAX + 1]; /**< the node that is being filled */
    size_t quota[AXADDR_RANGE_HEIGHT_MAX + 1];         /**< entries of a node */
    size_t more[AXADDR_RANGE_HEIGHT_MAX + 1];          /**< nodes to come that have one more */
    size_t fill[AXADDR_RANGE_HEIGHT_MAX + 1];          /**< entries to come in the node */
};

AXADDR_ALWAYS_INLINE void axaddr_range_array_get(const struct axaddr_range_array *array,
                                                 size_t index, axaddr_word64_t *value,
                                                 unsigned words, struct axaddr_range_entry *entry) {
    const unsigned char *at = array->at + index * array->stride;

    entry->first = ((const axaddr_word64_t *)(const void *)at)[0];
    entry->last = ((const axaddr_word64_t *)(const void *)at)[1];
    entry->payload = value;
    value[words - 1] = 0;
    array->copy(value, at + array->value_offset);
}

/** Whether the ranges are in bounds and in order. */
AXADDR_ALWAYS_INLINE bool axaddr_range_array_is_sorted(const struct axaddr_ranges *set,
                                                       const struct axaddr_range_array *array) {
    uint64_t low = set->first;
    size_t i;

    for (i = 0; i < array->count; i++) {
        const axaddr_word64_t *at =
            (const axaddr_word64_t *)(const void *)(array->at + i * array->stride);

        if (at[1] < at[0] || at[0] < low || at[1] > set->last ||
            (at[1] == UINT64_MAX && i + 1 < array->count)) {
            return false;
        }
        low = at[1] + 1;
    }
    return true;
}

/** count / divisor, where some processors would need a function for it. */
static inline size_t axaddr_range_divide(size_t count, size_t divisor, size_t *rest) {
    size_t quotient = 0;
    unsigned bit;

    *rest = 0;
    for (bit = sizeof(size_t) * 8; bit > 0; bit--) {
        *rest = *rest << 1 | (count >> (bit - 1) & 1);
        quotient <<= 1;
        if (*rest >= divisor) {
            *rest -= divisor;
            quotient++;
        }
    }
    return quotient;
}

/** Nodes for `count` ranges; the number of levels above the leaves is *height. */
AXADDR_ALWAYS_INLINE size_t axaddr_range_plan_make(const struct axaddr_range_kind *self,
                                                   struct axaddr_range_plan *plan, size_t count,
                                                   unsigned *height) {
    size_t total = 0;
    unsigned level;

    for (level = 0; level <= AXADDR_RANGE_HEIGHT_MAX; level++) {
        size_t max = level == 0 ? self->leaf_max : AXADDR_RANGE_FANOUT;
        size_t rest = 0;
        size_t nodes = 1;

        if (count > max) {
            nodes = axaddr_range_divide(count, max - max / 4, &rest);
            nodes += rest != 0;
        }
        plan->quota[level] = axaddr_range_divide(count, nodes, &plan->more[level]);
        plan->fill[level] = 0;
        total += nodes;
        count = nodes;
        if (count == 1) {
            *height = level;
            return total;
        }
    }
    return SIZE_MAX;
}

/** Begin a node at `level`. */
AXADDR_ALWAYS_INLINE void axaddr_range_plan_next(const struct axaddr_range_kind *self,
                                                 struct axaddr_ranges *set,
                                                 struct axaddr_range_plan *plan, unsigned level,
                                                 const struct axaddr_range_entry *entry) {
    plan->fill[level] = plan->quota[level] + (plan->more[level] > 0);
    plan->more[level] -= plan->more[level] > 0;
    plan->name[level] = self->alloc_node(set);
    if (level == 0) {
        *axaddr_range_before(axaddr_range_node(self, set, plan->name[0])) =
            entry->first - plan->start;
    }
}

/** Put one more entry at the right edge; a node that is complete goes into the one above it. */
AXADDR_ALWAYS_INLINE void axaddr_ranges_append(const struct axaddr_range_kind *self,
                                               struct axaddr_ranges *set,
                                               struct axaddr_range_plan *plan,
                                               struct axaddr_range_entry *entry) {
    uint64_t start = entry->last + 1;
    unsigned level;

    for (level = 0; level <= set->height; level++) {
        struct axaddr_range_layout layout = axaddr_range_layout_of(self, set, level);
        axaddr_word64_t *node;

        if (plan->fill[level] == 0) {
            axaddr_range_plan_next(self, set, plan, level, entry);
        }
        node = axaddr_range_node(self, set, plan->name[level]);
        axaddr_range_insert_rarely(&layout, node, axaddr_range_fill(node), entry);
        plan->fill[level]--;
        if (plan->fill[level] > 0) {
            break;
        }
        set->root = plan->name[level];
        entry->first = axaddr_range_measure(&layout, node, level == 0);
        entry->last = axaddr_range_lasts(node)[axaddr_range_fill(node) - 1];
        entry->payload = &plan->name[level];
    }
    plan->start = start;
}

AXADDR_MUST_CHECK AXADDR_ALWAYS_INLINE enum axaddr_status
axaddr_ranges_build(const struct axaddr_range_kind *self, struct axaddr_ranges *set,
                    const struct axaddr_range_array *array) {
    axaddr_word64_t value[AXADDR_RANGE_VALUE_WORDS(AXADDR_RANGE_VALUE_MAX)];
    struct axaddr_range_plan plan;
    struct axaddr_range_path path;
    struct axaddr_range_entry entry;
    bool is_small = array->count <= AXADDR_RANGE_INLINE_MAX;
    unsigned height = 0;
    size_t need;
    size_t i;

    if (set->count != 0) {
        return AXADDR_EXISTS;
    }
    if (!axaddr_range_array_is_sorted(set, array)) {
        return AXADDR_INVALID;
    }
    need = is_small ? 0 : axaddr_range_plan_make(self, &plan, array->count, &height);
    if (need == SIZE_MAX || !self->reserve(set, need)) {
        return AXADDR_NO_MEMORY;
    }
    set->is_inline = is_small;
    set->height = height;
    plan.start = set->first;
    for (i = 0; i < array->count; i++) {
        axaddr_range_array_get(array, i, value, self->value_words, &entry);
        if (is_small) {
            path.node[0] = set->head;
            path.index[0] = (unsigned)i;
            self->put(set, &path, &entry);
        } else {
            axaddr_ranges_append(self, set, &plan, &entry);
        }
    }
    set->count = array->count;
    set->at = is_small ? set->head : axaddr_range_node(self, set, set->root);
    return AXADDR_OK;
}

/* ---- audit ---- */

/** Whether a node is half full, or the root, and its entries are in order. */
AXADDR_ALWAYS_INLINE bool axaddr_range_is_sound(const struct axaddr_range_layout *layout,
                                                axaddr_word64_t *node, bool is_root) {
    const axaddr_word64_t *lasts = axaddr_range_lasts(node);
    uint64_t fill = node[0];
    unsigned i;

    if (fill > layout->max || (!is_root && fill < layout->max / 2)) {
        return false;
    }
    for (i = 0; i < layout->slots; i++) {
        if (i >= fill ? lasts[i] != UINT64_MAX : i > 0 && lasts[i] <= lasts[i - 1]) {
            return false;
        }
    }
    return true;
}

/** Whether a leaf's ranges are from *start on, which goes behind them, and its gap is right. */
AXADDR_ALWAYS_INLINE bool axaddr_range_is_in_order(const struct axaddr_range_layout *layout,
                                                   axaddr_word64_t *leaf, uint64_t *start) {
    const axaddr_word64_t *firsts = axaddr_range_firsts(layout, leaf);
    const axaddr_word64_t *lasts = axaddr_range_lasts(leaf);
    unsigned fill = axaddr_range_fill(leaf);
    unsigned i;

    for (i = 0; i < fill; i++) {
        if (firsts[i] < *start || firsts[i] > lasts[i] ||
            (i == 0 && *axaddr_range_before(leaf) != firsts[0] - *start)) {
            return false;
        }
        *start = lasts[i] + 1;
    }
    return true;
}

/** Whether an inner node's groups of gaps have the largest ones; the largest of all is *largest. */
AXADDR_ALWAYS_INLINE bool axaddr_range_is_grouped(axaddr_word64_t *node, uint64_t *largest) {
    const axaddr_word64_t *gaps = axaddr_range_gaps(node);
    unsigned fill = axaddr_range_fill(node);
    uint64_t group = 0;
    unsigned i;

    *largest = 0;
    for (i = 0; i < AXADDR_RANGE_GAPS; i++) {
        group = axaddr_range_larger(i % 8 == 0 ? 0 : group, gaps[i]);
        *largest = axaddr_range_larger(*largest, group);
        if ((i >= fill && gaps[i] != 0) ||
            (i % 8 == 7 && axaddr_range_groups(node)[i / 8] != group)) {
            return false;
        }
    }
    return true;
}

/** Whether a node is what the node above says. */
AXADDR_ALWAYS_INLINE bool axaddr_range_is_as_said(const struct axaddr_range_layout *layout,
                                                  axaddr_word64_t *node, bool is_leaf,
                                                  axaddr_word64_t *above, unsigned index) {
    uint64_t largest;

    if (is_leaf) {
        largest = axaddr_range_measure(layout, node, true);
    } else if (!axaddr_range_is_grouped(node, &largest)) {
        return false;
    }
    return largest == axaddr_range_gaps(above)[index] &&
           axaddr_range_lasts(node)[axaddr_range_fill(node) - 1] ==
               axaddr_range_lasts(above)[index];
}

/** Whether the list of frames with a free node is complete in itself. */
AXADDR_ALWAYS_INLINE bool axaddr_ranges_spare_is_sound(const struct axaddr_range_kind *self,
                                                       const struct axaddr_ranges *set) {
    uint64_t before = AXADDR_RANGE_NO_FRAME;
    uint64_t frame = set->spare;
    size_t left = set->spare_count;

    while (frame != AXADDR_RANGE_NO_FRAME) {
        axaddr_word64_t *at = axaddr_range_frame(self, set, frame);
        uint64_t mask = at[0];

        if (mask == 0 || mask >= axaddr_range_all_free(self) || at[2] != before) {
            return false;
        }
        for (; mask != 0; mask &= mask - 1) {
            if (left == 0) {
                return false;
            }
            left--;
        }
        before = frame;
        frame = at[1];
    }
    return left == 0 && set->held.count == 0;
}

/** Every node, in order, without looking at one before it was found to be as the one above says. */
AXADDR_MUST_CHECK AXADDR_ALWAYS_INLINE enum axaddr_status
axaddr_ranges_audit(const struct axaddr_range_kind *self, const struct axaddr_ranges *set) {
    struct axaddr_range_path path;
    unsigned level = set->height;
    uint64_t start = set->first;
    size_t count = 0;
    bool is_new = true;

    path.node[level] = set->at;
    path.index[level] = 0;
    for (;;) {
        struct axaddr_range_layout layout = axaddr_range_layout_of(self, set, level);
        axaddr_word64_t *node = path.node[level];

        if (is_new && !axaddr_range_is_sound(&layout, node, level == set->height)) {
            return AXADDR_INVALID;
        }
        if (is_new && level < set->height &&
            !axaddr_range_is_as_said(&layout, node, level == 0, path.node[level + 1],
                                     path.index[level + 1] - 1)) {
            return AXADDR_INVALID;
        }
        if (level == 0 && !axaddr_range_is_in_order(&layout, node, &start)) {
            return AXADDR_INVALID;
        }
        count += level == 0 ? axaddr_range_fill(node) : 0;
        is_new = level > 0 && path.index[level] < axaddr_range_fill(node);
        if (is_new) {
            uint64_t child = *axaddr_range_child(node, path.index[level]++);
            level--;
            path.node[level] = axaddr_range_node(self, set, child);
            path.index[level] = 0;
        } else if (level == set->height) {
            break;
        } else {
            level++;
        }
    }
    if (count != set->count || (set->height > 0 && axaddr_range_fill(set->at) < 2) ||
        (!set->is_inline && count <= AXADDR_RANGE_INLINE_AGAIN) ||
        (count > 0 && axaddr_range_lasts(set->at)[axaddr_range_fill(set->at) - 1] > set->last) ||
        !axaddr_ranges_spare_is_sound(self, set)) {
        return AXADDR_INVALID;
    }
    return AXADDR_OK;
}

#endif /* AXADDR_CORE_RANGE_BUILD_H */
