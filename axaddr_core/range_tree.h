/* SPDX-License-Identifier: MIT
 *
 * range_tree.h: the B+tree under a range set (range_set.h): paths to ranges, and how entries are
 * put in and taken out. There are no pointers upward: a change is made along a path.
 */
#ifndef AXADDR_CORE_RANGE_TREE_H
#define AXADDR_CORE_RANGE_TREE_H

#include "range_node.h"

/* ---- an empty set ---- */

AXADDR_MUST_CHECK AXADDR_ALWAYS_INLINE enum axaddr_status
axaddr_ranges_init(struct axaddr_ranges *set, axaddr_word64_t *head, void *ctx, uint64_t first,
                   uint64_t last) {
    if (last < first) {
        return AXADDR_INVALID;
    }
    set->ctx = ctx;
    set->first = first;
    set->last = last;
    set->count = 0;
    set->root = 0;
    set->spare = AXADDR_RANGE_NO_FRAME;
    set->spare_count = 0;
    set->held.head = 0;
    set->held.count = 0;
    set->height = 0;
    set->is_inline = true;
    set->head = head;
    set->at = head;
    axaddr_range_set_fill(head, AXADDR_RANGE_INLINE_MAX, 0);
    return AXADDR_OK;
}

/* ---- paths ---- */

AXADDR_ALWAYS_INLINE void axaddr_ranges_descend(const struct axaddr_range_kind *self,
                                                const struct axaddr_ranges *set, uint64_t address,
                                                struct axaddr_range_path *path) {
    axaddr_word64_t *node = set->at;
    unsigned level = set->height;
    uint64_t within = address;

    path->node[1] = node; /* or else GCC does not see that it is read only where it was written */
    path->index[1] = 0;
    if (level > 0 && address > axaddr_range_lasts(node)[axaddr_range_fill(node) - 1]) {
        within = axaddr_range_lasts(node)[axaddr_range_fill(node) - 1];
    }
    for (; level > 0; level--) {
        unsigned index = axaddr_range_search(node, AXADDR_RANGE_FANOUT, within);

        path->node[level] = node;
        path->index[level] = index;
        node = axaddr_range_node(self, set, *axaddr_range_child(node, index));
    }
    path->node[0] = node;
    path->index[0] = axaddr_range_search(
        node, set->is_inline ? AXADDR_RANGE_INLINE_MAX : AXADDR_RANGE_FANOUT, address);
}

/** What is at the path's end; false if it is behind the last range. */
AXADDR_ALWAYS_INLINE bool axaddr_ranges_see(const struct axaddr_range_kind *self,
                                            const struct axaddr_ranges *set,
                                            const struct axaddr_range_path *path,
                                            struct axaddr_range_hit *hit) {
    struct axaddr_range_layout layout = axaddr_range_layout_of(self, set, 0);
    axaddr_word64_t *leaf = path->node[0];
    unsigned index = path->index[0];

    if (index >= axaddr_range_fill(leaf)) {
        return false;
    }
    hit->first = axaddr_range_firsts(&layout, leaf)[index];
    hit->last = axaddr_range_lasts(leaf)[index];
    hit->value = axaddr_range_payload(&layout, leaf, index);
    return true;
}

/** The first range that ends at or after an address. Generated once for each set. */
AXADDR_ALWAYS_INLINE bool axaddr_ranges_look(const struct axaddr_range_kind *self,
                                             const struct axaddr_ranges *set, uint64_t address,
                                             struct axaddr_range_hit *hit) {
    struct axaddr_range_layout layout = {AXADDR_RANGE_FANOUT, self->leaf_max, self->leaf_max,
                                         self->value_words};
    axaddr_word64_t *node = set->at;
    unsigned level = set->height;
    unsigned index;

    if (set->is_inline) {
        layout = axaddr_range_layout_of(self, set, 0);
        index = axaddr_range_search(node, AXADDR_RANGE_INLINE_MAX, address);
    } else {
        for (; level > 0; level--) {
            index = axaddr_range_search(node, AXADDR_RANGE_FANOUT, address);
            if (index >= axaddr_range_fill(node)) {
                return false;
            }
            node = axaddr_range_node(self, set, *axaddr_range_child(node, index));
        }
        index = axaddr_range_search(node, AXADDR_RANGE_FANOUT, address);
    }
    if (index >= axaddr_range_fill(node)) {
        return false;
    }
    hit->first = axaddr_range_firsts(&layout, node)[index];
    hit->last = axaddr_range_lasts(node)[index];
    hit->value = axaddr_range_payload(&layout, node, index);
    return true;
}

/* ---- what nodes say of those below ---- */

/**
 * The path's node at `level` has changed, and `gap` is its largest: tell the nodes above, as far as
 * it concerns them.
 */
static inline void axaddr_ranges_climb(const struct axaddr_ranges *set,
                                       const struct axaddr_range_path *path, unsigned level,
                                       uint64_t gap) {
    axaddr_word64_t *node = path->node[level];

    while (level < set->height) {
        uint64_t last = axaddr_range_lasts(node)[axaddr_range_fill(node) - 1];
        unsigned index = path->index[++level];
        axaddr_word64_t *at_last;
        axaddr_word64_t *at_gap;
        uint64_t lost;

        node = path->node[level];
        at_last = axaddr_range_lasts(node) + index;
        at_gap = axaddr_range_gaps(node) + index;
        lost = *at_gap;
        if (*at_last == last && lost == gap) {
            return;
        }
        *at_last = last;
        *at_gap = gap;
        if (level == set->height) {
            return; /* nobody asks for the root's largest gap */
        }
        gap = axaddr_range_regroup(node, index, lost);
    }
}

/**
 * The same of its leaf, of whose gaps `lost` is the largest that is no more, and `gained` the
 * largest new one. It is measured only if it may have lost its largest gap.
 */
static inline void axaddr_ranges_climb_from(const struct axaddr_range_kind *self,
                                            const struct axaddr_ranges *set,
                                            const struct axaddr_range_path *path, uint64_t lost,
                                            uint64_t gained) {
    struct axaddr_range_layout layout = axaddr_range_layout_of(self, set, 0);
    uint64_t gap;

    if (set->height == 0) {
        return;
    }
    gap = axaddr_range_gaps(path->node[1])[path->index[1]];
    if (gained >= gap) {
        gap = gained;
    } else if (lost == gap) {
        gap = axaddr_range_measure(&layout, path->node[0], true);
    }
    axaddr_ranges_climb(set, path, 0, gap);
}

/** A leaf's last range, which ends at `last`, is new or ended elsewhere: tell the next leaf. */
AXADDR_ALWAYS_INLINE void axaddr_ranges_follow(const struct axaddr_range_kind *self,
                                               const struct axaddr_ranges *set, uint64_t last) {
    struct axaddr_range_layout layout = axaddr_range_layout_of(self, set, 0);
    struct axaddr_range_path path;
    axaddr_word64_t *leaf;
    uint64_t lost;

    if (last >= axaddr_range_lasts(set->at)[axaddr_range_fill(set->at) - 1]) {
        return;
    }
    self->descend(set, last + 1, &path);
    leaf = path.node[0];
    if (path.index[0] == 0) {
        lost = *axaddr_range_before(leaf);
        *axaddr_range_before(leaf) = axaddr_range_firsts(&layout, leaf)[0] - last - 1;
        axaddr_ranges_climb_from(self, set, &path, lost, *axaddr_range_before(leaf));
    }
}

/** Write what the node above says of the entry `index` anew. */
AXADDR_ALWAYS_INLINE void axaddr_ranges_renew(const struct axaddr_range_kind *self,
                                              const struct axaddr_ranges *set,
                                              axaddr_word64_t *above, unsigned index,
                                              unsigned level) {
    struct axaddr_range_layout layout = axaddr_range_layout_of(self, set, level);
    axaddr_word64_t *node = axaddr_range_node(self, set, *axaddr_range_child(above, index));

    axaddr_range_lasts(above)[index] = axaddr_range_lasts(node)[axaddr_range_fill(node) - 1];
    axaddr_range_gaps(above)[index] = axaddr_range_measure(&layout, node, level == 0);
}

/* ---- putting in ---- */

/**
 * Nodes that it takes to put one range in at each of two paths, or at one (`other` is 0), or two at
 * one (the same twice), where leaves have `leaf_max` ranges. None is made twice: a node of at least
 * eight that was split has room for a second entry. Shared by all sets: no constant would fold.
 */
AXADDR_UNUSED AXADDR_NOINLINE static size_t
axaddr_ranges_nodes(const struct axaddr_ranges *set, unsigned leaf_max,
                    const struct axaddr_range_path *path, const struct axaddr_range_path *other) {
    unsigned max = set->is_inline ? AXADDR_RANGE_INLINE_MAX : leaf_max;
    unsigned more_there = other != 0 ? 1 : 0;
    unsigned more = 1;
    size_t count = 0;
    unsigned level;

    for (level = 0; level <= set->height; level++) {
        if (more_there != 0 && path->node[level] == other->node[level]) {
            more += more_there;
            more_there = 0;
        }
        more = more != 0 && axaddr_range_fill(path->node[level]) + more > max ? 1 : 0;
        if (more_there != 0) {
            more_there = axaddr_range_fill(other->node[level]) + 1 > max ? 1 : 0;
        }
        count += more + more_there;
        max = AXADDR_RANGE_FANOUT;
    }
    return count + (more != 0 && !set->is_inline ? 1u : 0u);
}

/** Hold what one entry more takes; false, and nothing changed, if there is no memory. */
AXADDR_ALWAYS_INLINE bool axaddr_ranges_prepare(const struct axaddr_range_kind *self,
                                                struct axaddr_ranges *set,
                                                const struct axaddr_range_path *path) {
    size_t need;

    if (AXADDR_LIKELY(axaddr_range_fill(path->node[0]) <
                      axaddr_range_layout_of(self, set, 0).max)) {
        return true;
    }
    need = axaddr_ranges_nodes(set, self->leaf_max, path, 0);
    return need <= AXADDR_RANGE_HEIGHT_MAX + 1 && self->reserve(set, need);
}

/** Put a node above the root, with the root as its only entry, of which nothing is said yet. */
AXADDR_ALWAYS_INLINE void axaddr_ranges_grow(const struct axaddr_range_kind *self,
                                             struct axaddr_ranges *set,
                                             struct axaddr_range_path *path) {
    uint64_t root = self->alloc_node(set);
    axaddr_word64_t *node = axaddr_range_node(self, set, root);

    *axaddr_range_child(node, 0) = set->root;
    node[0] = 1;
    set->height++;
    set->root = root;
    set->at = node;
    path->node[set->height] = node;
    path->index[set->height] = 0;
}

/** Move the ranges inside the set to a node. */
AXADDR_ALWAYS_INLINE void axaddr_ranges_leave_inline(const struct axaddr_range_kind *self,
                                                     struct axaddr_ranges *set,
                                                     struct axaddr_range_path *path) {
    struct axaddr_range_layout from = axaddr_range_layout_of(self, set, 0);
    struct axaddr_range_layout to;
    unsigned fill = axaddr_range_fill(set->at);
    axaddr_word64_t *node;

    set->root = self->alloc_node(set);
    set->is_inline = false;
    to = axaddr_range_layout_of(self, set, 0);
    node = axaddr_range_node(self, set, set->root);
    axaddr_range_move(&to, node, 0, &from, set->at, 0, fill);
    node[0] = fill;
    *axaddr_range_before(node) = *axaddr_range_before(set->at);
    set->at = node;
    path->node[0] = node;
}

/** Split the path's full node at `level`, with *entry in; it becomes what the node above gets. */
AXADDR_ALWAYS_INLINE void axaddr_ranges_divide(const struct axaddr_range_kind *self,
                                               struct axaddr_ranges *set,
                                               const struct axaddr_range_path *path, unsigned level,
                                               unsigned index, struct axaddr_range_entry *entry,
                                               axaddr_word64_t *name) {
    struct axaddr_range_layout layout = axaddr_range_layout_of(self, set, level);
    axaddr_word64_t *node = path->node[level];
    unsigned kept = (layout.max + (index > layout.max / 2)) / 2;
    uint64_t right_name = self->alloc_node(set);
    axaddr_word64_t *right = axaddr_range_node(self, set, right_name);

    axaddr_range_move(&layout, right, 0, &layout, node, kept, layout.max - kept);
    right[0] = layout.max - kept;
    axaddr_range_set_fill(node, layout.max, kept);
    axaddr_range_insert_rarely(&layout, index <= kept ? node : right,
                               index <= kept ? index : index - kept, entry);
    if (level == 0) {
        axaddr_range_part(&layout, node, right);
    }
    axaddr_ranges_renew(self, set, path->node[level + 1], path->index[level + 1], level);
    *name = right_name;
    entry->first = axaddr_range_measure(&layout, right, level == 0);
    entry->last = axaddr_range_lasts(right)[axaddr_range_fill(right) - 1];
    entry->payload = name;
}

/** Put an entry in at the path's leaf, which is full. */
AXADDR_ALWAYS_INLINE void axaddr_ranges_put_into_full(const struct axaddr_range_kind *self,
                                                      struct axaddr_ranges *set,
                                                      struct axaddr_range_path *path,
                                                      const struct axaddr_range_entry *entry) {
    struct axaddr_range_layout layout = axaddr_range_layout_of(self, set, 0);
    struct axaddr_range_entry carry = {entry->first, entry->last, entry->payload};
    unsigned index = path->index[0];
    unsigned level = 0;
    axaddr_word64_t name;

    while (axaddr_range_fill(path->node[level]) == layout.max) {
        if (level == set->height) {
            axaddr_ranges_grow(self, set, path);
        }
        axaddr_ranges_divide(self, set, path, level, index, &carry, &name);
        level++;
        index = path->index[level] + 1;
        layout = axaddr_range_inner();
    }
    axaddr_range_insert_rarely(&layout, path->node[level], index, &carry);
    axaddr_ranges_climb(set, path, level,
                        axaddr_range_measure(&layout, path->node[level], level == 0));
}

AXADDR_ALWAYS_INLINE void axaddr_ranges_put(const struct axaddr_range_kind *self,
                                            struct axaddr_ranges *set,
                                            struct axaddr_range_path *path,
                                            const struct axaddr_range_entry *entry) {
    struct axaddr_range_layout layout = axaddr_range_layout_of(self, set, 0);
    axaddr_word64_t *leaf = path->node[0];
    unsigned index = path->index[0];
    bool is_end = index == axaddr_range_fill(leaf);
    uint64_t lost = axaddr_range_gap(&layout, leaf, index);

    set->count++;
    if (index == 0) {
        *axaddr_range_before(leaf) =
            entry->first - (is_end ? set->first : axaddr_range_firsts(&layout, leaf)[0] - lost);
    }
    if (axaddr_range_fill(leaf) == layout.max) {
        if (set->is_inline) {
            axaddr_ranges_leave_inline(self, set, path);
        }
        axaddr_ranges_put_into_full(self, set, path, entry);
    } else {
        axaddr_range_insert_at(&layout, leaf, index, entry);
        axaddr_ranges_climb_from(self, set, path, lost,
                                 axaddr_range_gap_beside(&layout, leaf, index));
    }
    if (is_end) {
        self->follow(set, entry->last);
    }
}

/* ---- taking out ---- */

/**
 * The path's node at `level` is less than half full: join it with a neighbour, or take entries from
 * it. Whether they are one node now.
 */
AXADDR_ALWAYS_INLINE bool axaddr_ranges_balance(const struct axaddr_range_kind *self,
                                                struct axaddr_ranges *set,
                                                const struct axaddr_range_path *path,
                                                unsigned level) {
    struct axaddr_range_layout layout = axaddr_range_layout_of(self, set, level);
    struct axaddr_range_layout inner = axaddr_range_inner();
    axaddr_word64_t *above = path->node[level + 1];
    unsigned index = path->index[level + 1];
    unsigned left_index = index > 0 && index + 1 == axaddr_range_fill(above) ? index - 1 : index;
    uint64_t right_name = *axaddr_range_child(above, left_index + 1);
    axaddr_word64_t *left = axaddr_range_node(self, set, *axaddr_range_child(above, left_index));
    axaddr_word64_t *right = axaddr_range_node(self, set, right_name);
    unsigned left_fill = axaddr_range_fill(left);
    unsigned right_fill = axaddr_range_fill(right);
    unsigned half = (left_fill + right_fill) / 2;
    bool is_joined = left_fill + right_fill <= layout.max;

    if (is_joined) {
        axaddr_range_move(&layout, left, left_fill, &layout, right, 0, right_fill);
        left[0] = left_fill + right_fill;
        axaddr_range_move(&inner, above, left_index + 1, &inner, above, left_index + 2,
                          axaddr_range_fill(above) - left_index - 2);
        axaddr_range_set_fill(above, axaddr_range_fill(above), axaddr_range_fill(above) - 1);
        self->free_node(set, right_name);
    } else if (left_fill < half) {
        unsigned moved = half - left_fill;
        axaddr_range_move(&layout, left, left_fill, &layout, right, 0, moved);
        axaddr_range_move(&layout, right, 0, &layout, right, moved, right_fill - moved);
        left[0] = half;
        axaddr_range_set_fill(right, right_fill, right_fill - moved);
    } else {
        unsigned moved = left_fill - half;
        axaddr_range_move(&layout, right, moved, &layout, right, 0, right_fill);
        axaddr_range_move(&layout, right, 0, &layout, left, half, moved);
        right[0] = right_fill + moved;
        axaddr_range_set_fill(left, left_fill, half);
    }
    axaddr_ranges_renew(self, set, above, left_index, level);
    if (!is_joined) {
        if (level == 0) {
            axaddr_range_part(&layout, left, right);
        }
        axaddr_ranges_renew(self, set, above, left_index + 1, level);
    }
    return is_joined;
}

/** A root with one entry is not needed, nor a leaf whose ranges fit into the set. */
AXADDR_ALWAYS_INLINE void axaddr_ranges_shrink(const struct axaddr_range_kind *self,
                                               struct axaddr_ranges *set) {
    uint64_t root = set->root;

    while (set->height > 0 && axaddr_range_fill(set->at) == 1) {
        set->root = *axaddr_range_child(set->at, 0);
        set->at = axaddr_range_node(self, set, set->root);
        set->height--;
        self->free_node(set, root);
        root = set->root;
    }
    if (set->height == 0 && !set->is_inline && set->count <= AXADDR_RANGE_INLINE_AGAIN) {
        struct axaddr_range_layout from = axaddr_range_layout_of(self, set, 0);
        struct axaddr_range_layout to;
        axaddr_word64_t *node = set->at;

        set->is_inline = true;
        to = axaddr_range_layout_of(self, set, 0);
        set->at = set->head;
        axaddr_range_set_fill(set->at, AXADDR_RANGE_INLINE_MAX, 0);
        axaddr_range_move(&to, set->at, 0, &from, node, 0, (unsigned)set->count);
        set->at[0] = set->count;
        *axaddr_range_before(set->at) = *axaddr_range_before(node);
        self->free_node(set, root);
    }
}

AXADDR_ALWAYS_INLINE void axaddr_ranges_take(const struct axaddr_range_kind *self,
                                             struct axaddr_ranges *set,
                                             struct axaddr_range_path *path) {
    struct axaddr_range_layout layout = axaddr_range_layout_of(self, set, 0);
    axaddr_word64_t *leaf = path->node[0];
    unsigned index = path->index[0];
    uint64_t lost = axaddr_range_gap_beside(&layout, leaf, index);
    uint64_t gained;
    uint64_t last;
    unsigned level = 0;
    bool is_joined = true;
    bool is_end;

    if (index == 0 && axaddr_range_fill(leaf) > 1) {
        *axaddr_range_before(leaf) +=
            axaddr_range_firsts(&layout, leaf)[1] - axaddr_range_firsts(&layout, leaf)[0];
    }
    axaddr_range_remove_at(&layout, leaf, index);
    gained = axaddr_range_gap(&layout, leaf, index);
    is_end = index > 0 && index == axaddr_range_fill(leaf);
    last = is_end ? axaddr_range_lasts(leaf)[index - 1] : 0;
    set->count--;
    while (is_joined && level < set->height &&
           axaddr_range_fill(path->node[level]) <
               axaddr_range_layout_of(self, set, level).max / 2) {
        is_joined = axaddr_ranges_balance(self, set, path, level);
        level++;
    }
    if (level == 0) {
        axaddr_ranges_climb_from(self, set, path, lost, gained);
    } else {
        layout = axaddr_range_inner();
        axaddr_ranges_climb(set, path, level,
                            axaddr_range_measure(&layout, path->node[level], false));
    }
    axaddr_ranges_shrink(self, set);
    if (is_end) {
        self->follow(set, last);
    }
}

/** Take all out. A frame goes back with its last node, so what is above can still be read. */
AXADDR_ALWAYS_INLINE void axaddr_ranges_clear(const struct axaddr_range_kind *self,
                                              struct axaddr_ranges *set) {
    struct axaddr_range_path path;
    uint64_t name[AXADDR_RANGE_HEIGHT_MAX + 1];
    unsigned level = set->height;

    path.node[level] = set->at;
    path.index[level] = 0;
    name[level] = set->root;
    while (!set->is_inline) {
        if (level > 0 && path.index[level] < axaddr_range_fill(path.node[level])) {
            uint64_t child = *axaddr_range_child(path.node[level], path.index[level]);
            path.index[level]++;
            level--;
            path.node[level] = axaddr_range_node(self, set, child);
            path.index[level] = 0;
            name[level] = child;
            continue;
        }
        set->is_inline = level == set->height;
        self->free_node(set, name[level]);
        level++;
    }
    set->at = set->head;
    set->height = 0;
    set->count = 0;
    axaddr_range_set_fill(set->head, AXADDR_RANGE_INLINE_MAX, 0);
}

/* ---- changing ranges that are there ---- */

/** Let the path's range begin and end elsewhere, between its neighbours. */
AXADDR_ALWAYS_INLINE void axaddr_ranges_resize(const struct axaddr_range_kind *self,
                                               struct axaddr_ranges *set,
                                               const struct axaddr_range_path *path, uint64_t first,
                                               uint64_t last) {
    struct axaddr_range_layout layout = axaddr_range_layout_of(self, set, 0);
    axaddr_word64_t *leaf = path->node[0];
    unsigned index = path->index[0];
    uint64_t lost = axaddr_range_gap_beside(&layout, leaf, index);

    if (index == 0) {
        *axaddr_range_before(leaf) += first - axaddr_range_firsts(&layout, leaf)[0];
    }
    axaddr_range_firsts(&layout, leaf)[index] = first;
    axaddr_range_lasts(leaf)[index] = last;
    axaddr_ranges_climb_from(self, set, path, lost, axaddr_range_gap_beside(&layout, leaf, index));
    if (index + 1 == axaddr_range_fill(leaf)) {
        self->follow(set, last);
    }
}

/** Join the range that begins at an address with the one behind it, if they can be one. */
AXADDR_ALWAYS_INLINE void axaddr_ranges_join(const struct axaddr_range_kind *self,
                                             struct axaddr_ranges *set, uint64_t first) {
    struct axaddr_range_path path;
    struct axaddr_range_hit hit;
    struct axaddr_range_hit next;

    self->descend(set, first, &path);
    if (!axaddr_ranges_see(self, set, &path, &hit) || hit.last == UINT64_MAX) {
        return;
    }
    self->descend(set, hit.last + 1, &path);
    if (!axaddr_ranges_see(self, set, &path, &next) || next.first != hit.last + 1 ||
        !self->continues(hit.value, next.value, next.first - first)) {
        return;
    }
    self->take(set, &path);
    self->descend(set, first, &path);
    self->resize(set, &path, first, next.last);
}

#endif /* AXADDR_CORE_RANGE_TREE_H */
