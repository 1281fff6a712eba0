/* SPDX-License-Identifier: MIT
 *
 * range_node.h: the nodes of the B+tree under a range set (range_set.h): how they are laid out, how
 * entries are moved, and where nodes come from.
 *
 * A node is 128 words: how many entries it has, then three arrays: the last address of each entry,
 * the first, and its payload. In a leaf an entry is a range and the payload is the user's value. In
 * an inner node an entry is a subtree, from the first to the last address of its ranges, and the
 * payload is two words: the largest gap between two neighbours inside the subtree, and the node. So
 * one set of functions moves entries in both. The last addresses of absent entries are UINT64_MAX:
 * a search is five steps without a look at the count.
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
#define AXADDR_RANGE_FANOUT       31u
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
    ((AXADDR_RANGE_NODE_WORDS - 1u - AXADDR_RANGE_FANOUT) / (1u + AXADDR_RANGE_VALUE_WORDS(size)))
#define AXADDR_RANGE_LEAF_MAX(size)                                                                \
    (AXADDR_RANGE_LEAF_ROOM_(size) < AXADDR_RANGE_FANOUT ? AXADDR_RANGE_LEAF_ROOM_(size)           \
                                                         : AXADDR_RANGE_FANOUT)
/** Words of the leaf inside a set. */
#define AXADDR_RANGE_INLINE_WORDS(size)                                                            \
    (1u + AXADDR_RANGE_INLINE_MAX * (2u + AXADDR_RANGE_VALUE_WORDS(size)))

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
    unsigned slots; /**< places for last addresses */
    unsigned max;   /**< most entries */
    unsigned words; /**< of a payload */
};

/** A node's entry as a node above holds it, or a new one. */
struct axaddr_range_entry {
    uint64_t first;
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
    void (*free_node)(struct axaddr_ranges *set, uint64_t node);
    /** Put an entry in before the path's; there are nodes for it. */
    void (*put)(struct axaddr_ranges *set, struct axaddr_range_path *path,
                const struct axaddr_range_entry *entry);
    /** Take the path's entry out. */
    void (*take)(struct axaddr_ranges *set, struct axaddr_range_path *path);
    /** Have at least `count` free nodes; false, and nothing changed, if there is no memory. */
    bool (*reserve)(struct axaddr_ranges *set, size_t count);
};

/* ---- nodes ---- */

AXADDR_ALWAYS_INLINE unsigned axaddr_range_fill(const axaddr_word64_t *node) {
    return (unsigned)node[0];
}

AXADDR_ALWAYS_INLINE axaddr_word64_t *axaddr_range_lasts(axaddr_word64_t *node) {
    return node + 1;
}

AXADDR_ALWAYS_INLINE axaddr_word64_t *axaddr_range_firsts(const struct axaddr_range_layout *layout,
                                                          axaddr_word64_t *node) {
    return node + 1 + layout->slots;
}

AXADDR_ALWAYS_INLINE axaddr_word64_t *axaddr_range_payload(const struct axaddr_range_layout *layout,
                                                           axaddr_word64_t *node, unsigned index) {
    return node + 1 + layout->slots + layout->max + index * layout->words;
}

/** The layout of an inner node. */
AXADDR_ALWAYS_INLINE struct axaddr_range_layout axaddr_range_inner(void) {
    struct axaddr_range_layout layout = {AXADDR_RANGE_FANOUT, AXADDR_RANGE_FANOUT, 2};
    return layout;
}

AXADDR_ALWAYS_INLINE struct axaddr_range_layout
axaddr_range_layout_of(const struct axaddr_range_kind *self, const struct axaddr_ranges *set,
                       unsigned level) {
    struct axaddr_range_layout layout = axaddr_range_inner();

    if (level == 0) {
        layout.slots = set->is_inline ? AXADDR_RANGE_INLINE_MAX : AXADDR_RANGE_FANOUT;
        layout.max = set->is_inline ? AXADDR_RANGE_INLINE_MAX : self->leaf_max;
        layout.words = self->value_words;
    }
    return layout;
}

/** The largest gap inside an entry of an inner node. */
AXADDR_ALWAYS_INLINE axaddr_word64_t *axaddr_range_gap(axaddr_word64_t *node, unsigned index) {
    struct axaddr_range_layout inner = axaddr_range_inner();
    return axaddr_range_payload(&inner, node, index);
}

/** The node that an entry of an inner node stands for. */
AXADDR_ALWAYS_INLINE axaddr_word64_t *axaddr_range_child(axaddr_word64_t *node, unsigned index) {
    return axaddr_range_gap(node, index) + 1;
}

/** Free addresses between an entry, which is not the last of its node, and the next. */
AXADDR_ALWAYS_INLINE uint64_t axaddr_range_between(const struct axaddr_range_layout *layout,
                                                   axaddr_word64_t *node, unsigned index) {
    return axaddr_range_firsts(layout, node)[index + 1] - axaddr_range_lasts(node)[index] - 1;
}

/** The first entry that ends at or after an address; the number of entries if none does. */
AXADDR_ALWAYS_INLINE unsigned axaddr_range_search(const axaddr_word64_t *node, unsigned slots,
                                                  uint64_t address) {
    const axaddr_word64_t *base = node + 1;

    if (slots == AXADDR_RANGE_FANOUT) {
        base = base[15] < address ? base + 16 : base;
        base = base[7] < address ? base + 8 : base;
    }
    base = base[3] < address ? base + 4 : base;
    base = base[1] < address ? base + 2 : base;
    base = base[0] < address ? base + 1 : base;
    return (unsigned)(base - (node + 1));
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
    for (; count >= 4; count -= 4) {
        out[count - 1] = from[count - 1];
        out[count - 2] = from[count - 2];
        out[count - 3] = from[count - 3];
        out[count - 4] = from[count - 4];
    }
    for (; count > 0; count--) {
        out[count - 1] = from[count - 1];
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

/** Put an entry into a node that has room. */
static inline void axaddr_range_insert_at(const struct axaddr_range_layout *layout,
                                          axaddr_word64_t *node, unsigned index,
                                          const struct axaddr_range_entry *entry) {
    unsigned fill = axaddr_range_fill(node);

    axaddr_range_move(layout, node, index + 1, layout, node, index, fill - index);
    axaddr_range_write(layout, node, index, entry);
    node[0] = fill + 1;
}

static inline void axaddr_range_remove_at(const struct axaddr_range_layout *layout,
                                          axaddr_word64_t *node, unsigned index) {
    unsigned fill = axaddr_range_fill(node);

    axaddr_range_move(layout, node, index, layout, node, index + 1, fill - index - 1);
    axaddr_range_set_fill(node, fill, fill - 1);
}

AXADDR_ALWAYS_INLINE uint64_t axaddr_range_larger(uint64_t a, uint64_t b) {
    return a > b ? a : b;
}

/** The largest gap inside a node; `limit` if there is one of that size: none is larger. */
static inline uint64_t axaddr_range_measure(const struct axaddr_range_layout *layout,
                                            axaddr_word64_t *node, bool is_leaf, uint64_t limit) {
    const axaddr_word64_t *last = axaddr_range_lasts(node);
    const axaddr_word64_t *first = axaddr_range_firsts(layout, node) + 1;
    const axaddr_word64_t *end = last + axaddr_range_fill(node) - 1;
    const axaddr_word64_t *gap = axaddr_range_payload(layout, node, 0);
    uint64_t largest = is_leaf ? 0 : gap[0];

    if (is_leaf) {
        for (; last != end && largest != limit; last++, first++) {
            largest = axaddr_range_larger(*first - *last - 1, largest);
        }
        return largest;
    }
    for (; last != end && largest != limit; last++, first++) {
        gap += 2;
        largest = axaddr_range_larger(*first - *last - 1, largest);
        largest = axaddr_range_larger(*gap, largest);
    }
    return largest;
}

/** What the node above has to say of a node; `payload` gets its largest gap in the first word. */
AXADDR_ALWAYS_INLINE void axaddr_range_summary(const struct axaddr_range_layout *layout,
                                               axaddr_word64_t *node, bool is_leaf,
                                               axaddr_word64_t *payload,
                                               struct axaddr_range_entry *entry) {
    entry->first = axaddr_range_firsts(layout, node)[0];
    entry->last = axaddr_range_lasts(node)[axaddr_range_fill(node) - 1];
    payload[0] = axaddr_range_measure(layout, node, is_leaf, UINT64_MAX);
    entry->payload = payload;
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
AXADDR_ALWAYS_INLINE uint64_t axaddr_range_alloc_node(const struct axaddr_range_kind *self,
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
