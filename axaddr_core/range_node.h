/* SPDX-License-Identifier: MIT
 *
 * range_node.h: the nodes of the B+tree under a range set (range_set.h): how they are laid out, how
 * entries are moved, and where nodes come from.
 *
 * A node is 128 words: how many entries it has, a word that only leaves use, and three arrays: the
 * last address of each entry, the first, and its payload. In a leaf an entry is a range and the
 * payload is the user's value. In an inner node an entry is a subtree, and the payload is the node:
 * then the largest gap in the subtree is where a range has its first address. So one set of
 * functions moves entries in both. The last addresses of absent entries are UINT64_MAX: a search is
 * five steps without a look at the count.
 *
 * The gap of a range is what is free just before it. That of a leaf's first range begins in another
 * leaf (or at the set's first bound), so it is in the leaf's second word. The largest gap of a node
 * is thus the largest of its entries' gaps, and stays with them wherever they are moved. An inner
 * node also has the largest of each eight of them: when one changes, twelve words are looked at.
 *
 * While there are at most AXADDR_RANGE_INLINE_MAX ranges, the root is a smaller leaf inside the
 * set. Other nodes are parts of a HAL frame, of 1 KiB each. The first has, behind the node, what
 * concerns the frame: which parts are free, and the neighbours in the list of frames that have a
 * free one beside others in use. Every node but the root is at least half full.
 *
 * Frames without any node in use are held in a pool: a change takes them from there, leaves them
 * there, and cannot fail if it was filled before. What is left goes back to the HAL at its end.
 */
#ifndef AXADDR_CORE_RANGE_NODE_H
#define AXADDR_CORE_RANGE_NODE_H

#include "pool.h"

#define AXADDR_RANGE_NODE_SHIFT   10
#define AXADDR_RANGE_NODE_BYTES   (UINT64_C(1) << AXADDR_RANGE_NODE_SHIFT)
#define AXADDR_RANGE_NODE_WORDS   125u
#define AXADDR_RANGE_HEAD_WORDS   2u /* before the arrays */
#define AXADDR_RANGE_FANOUT       31u
#define AXADDR_RANGE_GAPS         32u /* places for gaps in an inner node, the last one unused */
#define AXADDR_RANGE_GROUPS       4u
#define AXADDR_RANGE_INLINE_MAX   7u
#define AXADDR_RANGE_VALUE_MAX    80 /* bytes: eight ranges in a leaf */
#define AXADDR_RANGE_INLINE_AGAIN 3u /* a leaf with so few ranges is put into the set again */
/** Levels above the leaves: more than any memory can fill. */
#define AXADDR_RANGE_HEIGHT_MAX   8u
/** No frame: the list ends. Frames are aligned, so none is called this. */
#define AXADDR_RANGE_NO_FRAME     UINT64_MAX

/** Words of a payload of `size` bytes, and ranges in a leaf of such. */
#define AXADDR_RANGE_VALUE_WORDS(size) ((unsigned)(((size) + 7) / 8))
#define AXADDR_RANGE_LEAF_ROOM_(size)                                                              \
    ((AXADDR_RANGE_NODE_WORDS - AXADDR_RANGE_HEAD_WORDS - AXADDR_RANGE_FANOUT) /                   \
     (1u + AXADDR_RANGE_VALUE_WORDS(size)))
#define AXADDR_RANGE_LEAF_MAX(size)                                                                \
    (AXADDR_RANGE_LEAF_ROOM_(size) < AXADDR_RANGE_FANOUT ? AXADDR_RANGE_LEAF_ROOM_(size)           \
                                                         : AXADDR_RANGE_FANOUT)
/** Words of the leaf inside a set. */
#define AXADDR_RANGE_INLINE_WORDS(size)                                                            \
    (AXADDR_RANGE_HEAD_WORDS + AXADDR_RANGE_INLINE_MAX * (2u + AXADDR_RANGE_VALUE_WORDS(size)))

/** A set of any type. Its inline leaf is in the generated struct. */
struct axaddr_ranges {
    void *ctx;               /**< the HAL's first argument */
    uint64_t first;          /**< bounds of what may be in the set */
    uint64_t last;           /**< the same */
    size_t count;            /**< ranges */
    uint64_t root;           /**< the root, where it is not inline */
    uint64_t spare;          /**< the first frame with free nodes and others */
    size_t spare_count;      /**< free nodes in such frames */
    struct axaddr_pool held; /**< frames of free nodes only */
    unsigned height;         /**< levels above the leaves */
    bool is_inline;          /**< the root is the leaf inside the set */
    axaddr_word64_t *at;     /**< where the root is seen */
    axaddr_word64_t *head;   /**< the leaf inside the generated struct */
};

/** The nodes from a leaf (level 0) to the root, and the entry of each that leads on. */
struct axaddr_range_path {
    axaddr_word64_t *node[AXADDR_RANGE_HEIGHT_MAX + 1];
    unsigned index[AXADDR_RANGE_HEIGHT_MAX + 1];
};

/** How a node is laid out. */
struct axaddr_range_layout {
    unsigned slots;  /**< places for last addresses */
    unsigned places; /**< for first ones */
    unsigned max;    /**< most entries */
    unsigned words;  /**< of a payload */
};

/** An entry of any node. */
struct axaddr_range_entry {
    uint64_t first; /**< of a subtree: its largest gap */
    uint64_t last;
    const axaddr_word64_t *payload;
};

/** What was found: [first, last], and where its value is. */
struct axaddr_range_hit {
    uint64_t first;
    uint64_t last;
    axaddr_word64_t *value;
};

/** What makes the functions those of one set: constants, and its functions out of line. */
struct axaddr_range_kind {
    const struct axaddr_hal *hal;
    const struct axaddr_format *format; /**< frames are its smallest pages; 0: they have 4 KiB */
    unsigned value_words;
    unsigned leaf_max;
    /** Whether two touching ranges can be one; distance: from first address to first address. */
    bool (*continues)(const void *value, const void *next, uint64_t distance);
    /** The path to the first range that ends at or after an address; behind the last if none. */
    void (*descend)(const struct axaddr_ranges *set, uint64_t address,
                    struct axaddr_range_path *path);
    uint64_t (*alloc_node)(struct axaddr_ranges *set);
    void (*free_node)(struct axaddr_ranges *set, uint64_t node);
    /** Tell the leaf behind the one whose last range ends at `last` that it does. */
    void (*follow)(struct axaddr_ranges *set, uint64_t last);
    /** Put an entry in before the path's; there are nodes for it. */
    void (*put)(struct axaddr_ranges *set, struct axaddr_range_path *path,
                const struct axaddr_range_entry *entry);
    /** Take the path's entry out. */
    void (*take)(struct axaddr_ranges *set, struct axaddr_range_path *path);
    /** Let the path's range begin and end elsewhere, between its neighbours. */
    void (*resize)(struct axaddr_ranges *set, const struct axaddr_range_path *path, uint64_t first,
                   uint64_t last);
    /** Have at least `count` free nodes; false, and nothing changed, if there is no memory. */
    bool (*reserve)(struct axaddr_ranges *set, size_t count);
};

/* ---- nodes ---- */

AXADDR_ALWAYS_INLINE unsigned axaddr_range_fill(const axaddr_word64_t *node) {
    return (unsigned)node[0];
}

/** In a leaf: the gap of its first range. */
AXADDR_ALWAYS_INLINE axaddr_word64_t *axaddr_range_before(axaddr_word64_t *leaf) {
    return leaf + 1;
}

AXADDR_ALWAYS_INLINE axaddr_word64_t *axaddr_range_lasts(axaddr_word64_t *node) {
    return node + AXADDR_RANGE_HEAD_WORDS;
}

AXADDR_ALWAYS_INLINE axaddr_word64_t *axaddr_range_firsts(const struct axaddr_range_layout *layout,
                                                          axaddr_word64_t *node) {
    return axaddr_range_lasts(node) + layout->slots;
}

AXADDR_ALWAYS_INLINE axaddr_word64_t *axaddr_range_payload(const struct axaddr_range_layout *layout,
                                                           axaddr_word64_t *node, unsigned index) {
    return axaddr_range_firsts(layout, node) + layout->places + index * layout->words;
}

/** The layout of an inner node. */
AXADDR_ALWAYS_INLINE struct axaddr_range_layout axaddr_range_inner(void) {
    struct axaddr_range_layout layout = {AXADDR_RANGE_FANOUT, AXADDR_RANGE_GAPS,
                                         AXADDR_RANGE_FANOUT, 1};
    return layout;
}

AXADDR_ALWAYS_INLINE struct axaddr_range_layout
axaddr_range_layout_of(const struct axaddr_range_kind *self, const struct axaddr_ranges *set,
                       unsigned level) {
    struct axaddr_range_layout layout = axaddr_range_inner();

    if (level == 0) {
        layout.slots = set->is_inline ? AXADDR_RANGE_INLINE_MAX : AXADDR_RANGE_FANOUT;
        layout.max = set->is_inline ? AXADDR_RANGE_INLINE_MAX : self->leaf_max;
        layout.places = layout.max;
        layout.words = self->value_words;
    }
    return layout;
}

/** The largest gap of each entry of an inner node. */
AXADDR_ALWAYS_INLINE axaddr_word64_t *axaddr_range_gaps(axaddr_word64_t *node) {
    struct axaddr_range_layout inner = axaddr_range_inner();
    return axaddr_range_firsts(&inner, node);
}

/** The largest of each eight of these. */
AXADDR_ALWAYS_INLINE axaddr_word64_t *axaddr_range_groups(axaddr_word64_t *node) {
    struct axaddr_range_layout inner = axaddr_range_inner();
    return axaddr_range_payload(&inner, node, AXADDR_RANGE_FANOUT);
}

/** The node that an entry of an inner node stands for. */
AXADDR_ALWAYS_INLINE axaddr_word64_t *axaddr_range_child(axaddr_word64_t *node, unsigned index) {
    struct axaddr_range_layout inner = axaddr_range_inner();
    return axaddr_range_payload(&inner, node, index);
}

/** The gap of a leaf's range; 0 if there is no such range. */
AXADDR_ALWAYS_INLINE uint64_t axaddr_range_gap(const struct axaddr_range_layout *layout,
                                               axaddr_word64_t *leaf, unsigned index) {
    if (index >= axaddr_range_fill(leaf)) {
        return 0;
    }
    return index == 0
               ? *axaddr_range_before(leaf)
               : axaddr_range_firsts(layout, leaf)[index] - axaddr_range_lasts(leaf)[index - 1] - 1;
}

AXADDR_ALWAYS_INLINE uint64_t axaddr_range_larger(uint64_t a, uint64_t b) {
    return a > b ? a : b;
}

/** The larger one of the gaps at both sides of a leaf's range; that of the next leaf apart. */
static inline uint64_t axaddr_range_gap_beside(const struct axaddr_range_layout *layout,
                                               axaddr_word64_t *leaf, unsigned index) {
    return axaddr_range_larger(axaddr_range_gap(layout, leaf, index),
                               axaddr_range_gap(layout, leaf, index + 1));
}

/** What the right one of two neighbours has to say of its first gap. */
AXADDR_ALWAYS_INLINE void axaddr_range_part(const struct axaddr_range_layout *layout,
                                            axaddr_word64_t *left, axaddr_word64_t *right) {
    *axaddr_range_before(right) = axaddr_range_firsts(layout, right)[0] -
                                  axaddr_range_lasts(left)[axaddr_range_fill(left) - 1] - 1;
}

/** The first entry that ends at or after an address; the number of entries if none does. */
AXADDR_ALWAYS_INLINE unsigned axaddr_range_search(const axaddr_word64_t *node, unsigned slots,
                                                  uint64_t address) {
    const axaddr_word64_t *lasts = node + AXADDR_RANGE_HEAD_WORDS;
    const axaddr_word64_t *base = lasts;

    if (slots == AXADDR_RANGE_FANOUT) {
        base = base[15] < address ? base + 16 : base;
        base = base[7] < address ? base + 8 : base;
    }
    base = base[3] < address ? base + 4 : base;
    base = base[1] < address ? base + 2 : base;
    base = base[0] < address ? base + 1 : base;
    return (unsigned)(base - lasts);
}

/* Volatile: what the compiler recognises as memmove, it replaces by a call of memmove. */
static inline void axaddr_range_move_words(axaddr_word64_t *to, const axaddr_word64_t *from,
                                           unsigned count) {
    volatile axaddr_word64_t *out = to;

    if (to <= from) {
        for (; count >= 4; count -= 4, out += 4, from += 4) {
            out[0] = from[0];
            out[1] = from[1];
            out[2] = from[2];
            out[3] = from[3];
        }
        for (; count > 0; count--) {
            *out++ = *from++;
        }
        return;
    }
    out += count;
    from += count;
    for (; count >= 4; count -= 4) {
        out -= 4;
        from -= 4;
        out[3] = from[3];
        out[2] = from[2];
        out[1] = from[1];
        out[0] = from[0];
    }
    for (; count > 0; count--) {
        *--out = *--from;
    }
}

/** Copy `count` entries from place `index` of a node to place `target` of this or another. */
static inline void axaddr_range_move(const struct axaddr_range_layout *to_layout,
                                     axaddr_word64_t *to, unsigned target,
                                     const struct axaddr_range_layout *layout,
                                     axaddr_word64_t *node, unsigned index, unsigned count) {
    axaddr_range_move_words(axaddr_range_lasts(to) + target, axaddr_range_lasts(node) + index,
                            count);
    axaddr_range_move_words(axaddr_range_firsts(to_layout, to) + target,
                            axaddr_range_firsts(layout, node) + index, count);
    axaddr_range_move_words(axaddr_range_payload(to_layout, to, target),
                            axaddr_range_payload(layout, node, index), count * layout->words);
}

/** Say how many entries there are, of `before`; those that are gone do not stop a search. */
AXADDR_ALWAYS_INLINE void axaddr_range_set_fill(axaddr_word64_t *node, unsigned before,
                                                unsigned count) {
    volatile axaddr_word64_t *lasts = axaddr_range_lasts(node);

    node[0] = count;
    for (; count < before; count++) {
        lasts[count] = UINT64_MAX;
    }
}

/** Write an entry over what is there. */
AXADDR_ALWAYS_INLINE void axaddr_range_write(const struct axaddr_range_layout *layout,
                                             axaddr_word64_t *node, unsigned index,
                                             const struct axaddr_range_entry *entry) {
    axaddr_range_lasts(node)[index] = entry->last;
    axaddr_range_firsts(layout, node)[index] = entry->first;
    axaddr_range_move_words(axaddr_range_payload(layout, node, index), entry->payload,
                            layout->words);
}

/** Put an entry into a node that has room. Quick where the layout is a constant. */
AXADDR_ALWAYS_INLINE void axaddr_range_insert_at(const struct axaddr_range_layout *layout,
                                                 axaddr_word64_t *node, unsigned index,
                                                 const struct axaddr_range_entry *entry) {
    unsigned fill = axaddr_range_fill(node);
    volatile axaddr_word64_t *last = axaddr_range_lasts(node) + fill;
    volatile axaddr_word64_t *first = axaddr_range_firsts(layout, node) + fill;
    volatile axaddr_word64_t *value = axaddr_range_payload(layout, node, fill);
    const axaddr_word64_t *end = axaddr_range_lasts(node) + index;
    unsigned i;

    AXADDR_UNROLL
    for (; last != end; last--, first--, value -= layout->words) {
        *last = last[-1];
        *first = first[-1];
        for (i = 0; i < layout->words; i++) {
            value[i] = *(value - layout->words + i);
        }
    }
    axaddr_range_write(layout, node, index, entry);
    node[0] = fill + 1;
}

AXADDR_ALWAYS_INLINE void axaddr_range_remove_at(const struct axaddr_range_layout *layout,
                                                 axaddr_word64_t *node, unsigned index) {
    unsigned fill = axaddr_range_fill(node) - 1;
    volatile axaddr_word64_t *last = axaddr_range_lasts(node) + index;
    volatile axaddr_word64_t *first = axaddr_range_firsts(layout, node) + index;
    volatile axaddr_word64_t *value = axaddr_range_payload(layout, node, index);
    const axaddr_word64_t *end = axaddr_range_lasts(node) + fill;
    unsigned i;

    AXADDR_UNROLL
    for (; last != end; last++, first++, value += layout->words) {
        *last = last[1];
        *first = first[1];
        for (i = 0; i < layout->words; i++) {
            value[i] = value[i + layout->words];
        }
    }
    axaddr_range_set_fill(node, fill + 1, fill);
}

/** The same where it is rare, for little code. */
static inline void axaddr_range_insert_rarely(const struct axaddr_range_layout *layout,
                                              axaddr_word64_t *node, unsigned index,
                                              const struct axaddr_range_entry *entry) {
    unsigned fill = axaddr_range_fill(node);

    axaddr_range_move(layout, node, index + 1, layout, node, index, fill - index);
    axaddr_range_write(layout, node, index, entry);
    node[0] = fill + 1;
}

/** The largest of eight gaps of an inner node. */
static inline uint64_t axaddr_range_group(const axaddr_word64_t *gaps, unsigned group) {
    const axaddr_word64_t *gap = gaps + group * 8;
    uint64_t largest = gap[0];
    unsigned i;

    _Pragma("GCC unroll 8") for (i = 1; i < 8; i++) {
        largest = axaddr_range_larger(gap[i], largest);
    }
    return largest;
}

AXADDR_ALWAYS_INLINE uint64_t axaddr_range_largest(axaddr_word64_t *node) {
    const axaddr_word64_t *groups = axaddr_range_groups(node);

    return axaddr_range_larger(axaddr_range_larger(groups[0], groups[1]),
                               axaddr_range_larger(groups[2], groups[3]));
}

/** The largest gap of an inner node, of which that of one entry was `lost` until now. */
static inline uint64_t axaddr_range_regroup(axaddr_word64_t *node, unsigned index, uint64_t lost) {
    axaddr_word64_t *group = axaddr_range_groups(node) + index / 8;
    uint64_t gap = axaddr_range_gaps(node)[index];

    if (gap >= *group) {
        *group = gap;
    } else if (lost == *group) {
        *group = axaddr_range_group(axaddr_range_gaps(node), index / 8);
    }
    return axaddr_range_largest(node);
}

/** The largest gap of a node of which more has changed. */
static inline uint64_t axaddr_range_measure(const struct axaddr_range_layout *layout,
                                            axaddr_word64_t *node, bool is_leaf) {
    const axaddr_word64_t *first = axaddr_range_firsts(layout, node) + 1;
    const axaddr_word64_t *last = axaddr_range_lasts(node);
    const axaddr_word64_t *end = last + axaddr_range_fill(node) - 1;
    uint64_t largest = 0;
    unsigned i;

    if (is_leaf) {
        AXADDR_UNROLL
        for (; last != end; last++, first++) {
            largest = axaddr_range_larger(*first - *last, largest);
        }
        return axaddr_range_larger(largest == 0 ? 0 : largest - 1, *axaddr_range_before(node));
    }
    for (i = axaddr_range_fill(node); i < AXADDR_RANGE_GAPS; i++) {
        ((volatile axaddr_word64_t *)axaddr_range_gaps(node))[i] = 0;
    }
    for (i = 0; i < AXADDR_RANGE_GROUPS; i++) {
        axaddr_range_groups(node)[i] = axaddr_range_group(axaddr_range_gaps(node), i);
    }
    return axaddr_range_largest(node);
}

/* ---- where nodes come from ---- */

AXADDR_ALWAYS_INLINE unsigned axaddr_range_frame_shift(const struct axaddr_range_kind *self) {
    return self->format != 0 ? self->format->shift[0] : 12u;
}

/** A bit for each node of a frame. */
AXADDR_ALWAYS_INLINE uint64_t axaddr_range_all_free(const struct axaddr_range_kind *self) {
    return axaddr_low_bits(1u << (axaddr_range_frame_shift(self) - AXADDR_RANGE_NODE_SHIFT));
}

AXADDR_ALWAYS_INLINE size_t axaddr_range_nodes_per_frame(const struct axaddr_range_kind *self) {
    return (size_t)1 << (axaddr_range_frame_shift(self) - AXADDR_RANGE_NODE_SHIFT);
}

/** Where in its frame a node is. */
AXADDR_ALWAYS_INLINE uint64_t axaddr_range_offset(const struct axaddr_range_kind *self,
                                                  uint64_t node) {
    return node & axaddr_low_bits(axaddr_range_frame_shift(self));
}

AXADDR_ALWAYS_INLINE axaddr_word64_t *axaddr_range_node(const struct axaddr_range_kind *self,
                                                        const struct axaddr_ranges *set,
                                                        uint64_t node) {
    uint64_t offset = axaddr_range_offset(self, node);

    return (axaddr_word64_t *)(void *)((unsigned char *)self->hal->frame_at(
                                           set->ctx, axaddr_hpa(node - offset)) +
                                       (size_t)offset);
}

/** What concerns a frame: [0] its free nodes, a bit each; [1] the next frame, [2] the previous. */
AXADDR_ALWAYS_INLINE axaddr_word64_t *axaddr_range_frame(const struct axaddr_range_kind *self,
                                                         const struct axaddr_ranges *set,
                                                         uint64_t frame) {
    return axaddr_range_node(self, set, frame) + AXADDR_RANGE_NODE_WORDS;
}

AXADDR_ALWAYS_INLINE void axaddr_range_link(const struct axaddr_range_kind *self,
                                            struct axaddr_ranges *set, uint64_t frame) {
    axaddr_word64_t *at = axaddr_range_frame(self, set, frame);

    at[1] = set->spare;
    at[2] = AXADDR_RANGE_NO_FRAME;
    if (set->spare != AXADDR_RANGE_NO_FRAME) {
        axaddr_range_frame(self, set, set->spare)[2] = frame;
    }
    set->spare = frame;
}

AXADDR_ALWAYS_INLINE void axaddr_range_unlink(const struct axaddr_range_kind *self,
                                              struct axaddr_ranges *set, uint64_t frame) {
    axaddr_word64_t *at = axaddr_range_frame(self, set, frame);

    if (at[1] != AXADDR_RANGE_NO_FRAME) {
        axaddr_range_frame(self, set, at[1])[2] = at[2];
    }
    if (at[2] != AXADDR_RANGE_NO_FRAME) {
        axaddr_range_frame(self, set, at[2])[1] = at[1];
    } else {
        set->spare = at[1];
    }
}

/** Frames that have to be held for `count` nodes. */
AXADDR_ALWAYS_INLINE size_t axaddr_ranges_frames_for(const struct axaddr_range_kind *self,
                                                     const struct axaddr_ranges *set,
                                                     size_t count) {
    unsigned shift = axaddr_range_frame_shift(self) - AXADDR_RANGE_NODE_SHIFT;

    return count <= set->spare_count
               ? 0
               : (count - set->spare_count + axaddr_range_nodes_per_frame(self) - 1) >> shift;
}

/** Give back to the HAL what is held beyond `count` frames. */
AXADDR_ALWAYS_INLINE void axaddr_ranges_trim(const struct axaddr_range_kind *self,
                                             struct axaddr_ranges *set, uint64_t count) {
    while (set->held.count > count) {
        uint64_t frame = axaddr_pool_pop(self->hal, set->ctx, &set->held);

        self->hal->free_frame(set->ctx, axaddr_hpa(frame));
    }
}

/** Hold what `count` nodes take; false, and nothing changed, if there is no memory. */
AXADDR_ALWAYS_INLINE bool axaddr_ranges_reserve(const struct axaddr_range_kind *self,
                                                struct axaddr_ranges *set, size_t count) {
    size_t need = axaddr_ranges_frames_for(self, set, count);

    while (set->held.count < need) {
        axaddr_hpa_t frame;

        if (!self->hal->alloc_frame(set->ctx, &frame)) {
            axaddr_ranges_trim(self, set, 0);
            return false;
        }
        axaddr_pool_push(self->hal, set->ctx, &set->held, frame.raw);
    }
    return true;
}

/** An empty node, of those that were reserved. */
AXADDR_ALWAYS_INLINE uint64_t axaddr_ranges_alloc_node(const struct axaddr_range_kind *self,
                                                       struct axaddr_ranges *set) {
    uint64_t number = 0;
    uint64_t frame;
    uint64_t node;
    axaddr_word64_t *at;

    if (set->spare == AXADDR_RANGE_NO_FRAME) {
        frame = axaddr_pool_pop(self->hal, set->ctx, &set->held);
        axaddr_range_link(self, set, frame);
        axaddr_range_frame(self, set, frame)[0] = axaddr_range_all_free(self);
        set->spare_count += axaddr_range_nodes_per_frame(self);
    }
    frame = set->spare;
    at = axaddr_range_frame(self, set, frame);
    while ((at[0] >> number & 1) == 0) {
        number++;
    }
    at[0] &= at[0] - 1;
    set->spare_count--;
    if (at[0] == 0) {
        axaddr_range_unlink(self, set, frame);
    }
    node = frame + (number << AXADDR_RANGE_NODE_SHIFT);
    axaddr_range_set_fill(axaddr_range_node(self, set, node), AXADDR_RANGE_FANOUT, 0);
    return node;
}

AXADDR_ALWAYS_INLINE void axaddr_ranges_free_node(const struct axaddr_range_kind *self,
                                                  struct axaddr_ranges *set, uint64_t node) {
    uint64_t frame = node - axaddr_range_offset(self, node);
    axaddr_word64_t *at = axaddr_range_frame(self, set, frame);

    if (at[0] == 0) {
        axaddr_range_link(self, set, frame);
    }
    at[0] |= UINT64_C(1) << ((node - frame) >> AXADDR_RANGE_NODE_SHIFT);
    set->spare_count++;
    if (at[0] == axaddr_range_all_free(self)) {
        axaddr_range_unlink(self, set, frame);
        set->spare_count -= axaddr_range_nodes_per_frame(self);
        axaddr_pool_push(self->hal, set->ctx, &set->held, frame);
    }
}

#endif /* AXADDR_CORE_RANGE_NODE_H */
