/* SPDX-License-Identifier: MIT
 *
 * toy_format.h: two deliberately odd formats that no machine has. They keep every rule of format.h
 * and no habit of the real ones, so generic code that peeks at bits, sizes or levels fails on them.
 *
 * toy: three levels, 4 KiB frames of which a table uses only the first 16 entries (32 in the root),
 * leaves at levels 0 and 1, level 2 the root. A live entry of 64 bits:
 *
 *     63 62   57 56     41 40        5  4  3 2  1  0
 *    | 0| rights|  0xc3a5 |page number| 0| D A| code |   code: level 0 leaf 1
 *                                                               level 1 leaf 2, table 1
 * and an absent one:                                             level 2 table 3
 *
 *     63 62      60 59 46 45        10 9      0
 *    | 1| kind ^ 5 |  0  |  ~ value   |  0x155 |
 *
 * "rights" are the six flags, inverted and turned differently at each level; entries whose code
 * does not belong to their level are absent, whatever else they say.
 *
 * toy32: two levels, entries of 32 bits, 64 in a table and 128 in the root, leaves at both levels.
 *
 *    live    31 12 page number, 8 accessed, 7:2 flags, 1 is table, 0 one
 *    absent  31 4 value, 3:1 kind ^ 7, 0 zero
 *
 * Both say that every change of a live entry needs a break, and that TLBs cache absent entries.
 */
#ifndef AXADDR_TESTS_TOY_FORMAT_H
#define AXADDR_TESTS_TOY_FORMAT_H

#include "../axaddr_core/format.h"

/** How often either format was told to publish. */
static unsigned toy_publish_count;

static inline void toy_publish(void) {
    toy_publish_count++;
}

static inline bool toy_needs_break(uint64_t from, uint64_t to, unsigned level) {
    (void)level;
    return from != to;
}

/** Everything that makes sense, but not WRITE and EXECUTE together without READ. */
static inline bool toy_can_hold(uint32_t flags) {
    return axaddr_flags_agree(flags) && (flags & AXADDR_SPECIAL_FLAGS) == 0 &&
           (flags & AXADDR_ACCESS_FLAGS) != (AXADDR_WRITE | AXADDR_EXECUTE);
}

/* ---- toy: 64-bit entries ---- */

#define TOY_ABSENT       (UINT64_C(1) << 63)
#define TOY_RIGHTS_SHIFT 57
#define TOY_SIGNATURE    (UINT64_C(0xc3a5) << 41)
#define TOY_PAGE_SHIFT   5
#define TOY_PAGE_BITS    36
#define TOY_NOTED        UINT64_C(0xc) /* accessed and dirty: hardware's own */
#define TOY_KIND_SHIFT   60
#define TOY_VALUE_SHIFT  10
#define TOY_ABSENT_LOW   UINT64_C(0x155)

static inline enum axaddr_entry_kind toy_kind_of(uint64_t entry, unsigned level) {
    unsigned code = (unsigned)entry & 3;
    if ((entry & TOY_ABSENT) != 0) {
        return AXADDR_ENTRY_ABSENT;
    }
    if ((level == 0 && code == 1) || (level == 1 && code == 2)) {
        return AXADDR_ENTRY_LEAF;
    }
    if ((level == 1 && code == 1) || (level == 2 && code == 3)) {
        return AXADDR_ENTRY_TABLE;
    }
    return AXADDR_ENTRY_ABSENT;
}

/** Six bits turned left by 3: its own inverse. */
static inline uint64_t toy_turn(uint64_t six) {
    return ((six << 3) | (six >> 3)) & 0x3f;
}

static inline uint64_t toy_attributes_of(uint32_t flags, unsigned level) {
    uint64_t six = (flags & 0x3f) ^ 0x3f;
    return ((level == 0) ? six : toy_turn(six)) << TOY_RIGHTS_SHIFT;
}

static inline uint32_t toy_flags_of(uint64_t leaf, unsigned level) {
    uint64_t six = (leaf >> TOY_RIGHTS_SHIFT) & 0x3f;
    return (uint32_t)(((level == 0) ? six : toy_turn(six)) ^ 0x3f);
}

static inline uint64_t toy_place(uint64_t frame) {
    return (frame >> 12 & axaddr_low_bits(TOY_PAGE_BITS)) << TOY_PAGE_SHIFT;
}

static inline uint64_t toy_address(uint64_t entry) {
    return (entry >> TOY_PAGE_SHIFT & axaddr_low_bits(TOY_PAGE_BITS)) << 12;
}

static inline uint64_t toy_make_leaf(uint64_t frame, unsigned level, uint64_t attributes) {
    return attributes | TOY_SIGNATURE | toy_place(frame) | (level == 0 ? 1 : 2);
}

static inline uint64_t toy_next_leaf(uint64_t leaf, unsigned level) {
    return leaf + (UINT64_C(1) << (TOY_PAGE_SHIFT + (level == 0 ? 0 : 4)));
}

static inline uint64_t toy_change_leaf(uint64_t leaf, unsigned level, uint64_t attributes) {
    (void)level;
    return (leaf & ~(UINT64_C(0x3f) << TOY_RIGHTS_SHIFT)) | attributes;
}

static inline uint64_t toy_frame_of(uint64_t leaf, unsigned level) {
    return toy_address(leaf) & ~axaddr_low_bits(level == 0 ? 12 : 16);
}

static inline uint64_t toy_split_leaf(uint64_t leaf, unsigned level) {
    uint64_t attributes = toy_attributes_of(toy_flags_of(leaf, level), level - 1);
    return toy_make_leaf(toy_frame_of(leaf, level), level - 1, attributes) | (leaf & TOY_NOTED);
}

static inline uint64_t toy_make_table(uint64_t frame, unsigned level) {
    return TOY_SIGNATURE | toy_place(frame) | (level == 1 ? 1 : 3);
}

static inline uint64_t toy_table_of(uint64_t entry) {
    return toy_address(entry);
}

static inline uint64_t toy_make_absent(enum axaddr_absent_kind kind, uint64_t value) {
    return TOY_ABSENT | ((uint64_t)kind ^ 5) << TOY_KIND_SHIFT |
           (~value & axaddr_low_bits(TOY_PAGE_BITS)) << TOY_VALUE_SHIFT | TOY_ABSENT_LOW;
}

static inline enum axaddr_absent_kind toy_absent_kind(uint64_t entry) {
    unsigned kind = ((unsigned)(entry >> TOY_KIND_SHIFT) & 7) ^ 5;
    if ((entry & TOY_ABSENT) == 0 || kind > AXADDR_ABSENT_BACKED) {
        return AXADDR_ABSENT_EMPTY;
    }
    return (enum axaddr_absent_kind)kind;
}

static inline uint64_t toy_absent_value(uint64_t entry) {
    return ~(entry >> TOY_VALUE_SHIFT) & axaddr_low_bits(TOY_PAGE_BITS);
}

static inline uint32_t toy_notes_of(uint64_t leaf, unsigned level) {
    (void)level;
    return (uint32_t)(leaf & TOY_NOTED) >> 2;
}

static inline uint64_t toy_clear_notes(uint64_t leaf, unsigned level, uint32_t notes) {
    (void)level;
    return leaf & ~((uint64_t)notes << 2);
}

AXADDR_UNUSED static const struct axaddr_format toy = {
    .name = "toy",
    .level_count = 3,
    .entry_shift = 3,
    .root_order = 0,
    .input_width = 25,
    .output_width = 48,
    .leaf_levels = 0x3,
    .is_sign_extended = false,
    .shift = {12, 16, 20},
    .index_bits = {4, 4, 5},
    /* toy_make_absent(AXADDR_ABSENT_EMPTY, 0), written out */
    .empty = UINT64_C(0xd0003ffffffffd55),
    .noted = TOY_NOTED,
    .notes_of = toy_notes_of,
    .clear_notes = toy_clear_notes,
    .kind_of = toy_kind_of,
    .can_hold = toy_can_hold,
    .attributes_of = toy_attributes_of,
    .make_leaf = toy_make_leaf,
    .next_leaf = toy_next_leaf,
    .change_leaf = toy_change_leaf,
    .split_leaf = toy_split_leaf,
    .frame_of = toy_frame_of,
    .flags_of = toy_flags_of,
    .make_table = toy_make_table,
    .table_of = toy_table_of,
    .make_absent = toy_make_absent,
    .absent_kind = toy_absent_kind,
    .absent_value = toy_absent_value,
    .needs_break = toy_needs_break,
    .publish = toy_publish,
    .caches_absent = true,
};

/* ---- toy32: 32-bit entries ---- */

#define TOY32_LIVE        UINT32_C(1)
#define TOY32_TABLE       UINT32_C(2)
#define TOY32_FLAGS_SHIFT 2
#define TOY32_NOTED       UINT64_C(0x100)
#define TOY32_PAGE_MASK   UINT32_C(0xfffff000)

static inline enum axaddr_entry_kind toy32_kind_of(uint64_t entry, unsigned level) {
    uint32_t bits = (uint32_t)entry;
    if ((bits & TOY32_LIVE) == 0) {
        return AXADDR_ENTRY_ABSENT;
    }
    if ((bits & TOY32_TABLE) == 0) {
        return AXADDR_ENTRY_LEAF;
    }
    return level == 0 ? AXADDR_ENTRY_ABSENT : AXADDR_ENTRY_TABLE;
}

static inline uint64_t toy32_attributes_of(uint32_t flags, unsigned level) {
    (void)level;
    return (flags & 0x3f) << TOY32_FLAGS_SHIFT;
}

static inline uint32_t toy32_flags_of(uint64_t leaf, unsigned level) {
    (void)level;
    return ((uint32_t)leaf >> TOY32_FLAGS_SHIFT) & 0x3f;
}

static inline uint64_t toy32_make_leaf(uint64_t frame, unsigned level, uint64_t attributes) {
    (void)level;
    return (frame & TOY32_PAGE_MASK) | attributes | TOY32_LIVE;
}

static inline uint64_t toy32_next_leaf(uint64_t leaf, unsigned level) {
    return (uint32_t)(leaf + (level == 0 ? 0x1000 : 0x40000));
}

static inline uint64_t toy32_change_leaf(uint64_t leaf, unsigned level, uint64_t attributes) {
    (void)level;
    return (leaf & ~(UINT64_C(0x3f) << TOY32_FLAGS_SHIFT)) | attributes;
}

static inline uint64_t toy32_frame_of(uint64_t leaf, unsigned level) {
    return leaf & TOY32_PAGE_MASK & ~axaddr_low_bits(level == 0 ? 12 : 18);
}

static inline uint64_t toy32_split_leaf(uint64_t leaf, unsigned level) {
    (void)level;
    return leaf; /* nothing in a leaf depends on its level */
}

static inline uint64_t toy32_make_table(uint64_t frame, unsigned level) {
    (void)level;
    return (frame & TOY32_PAGE_MASK) | TOY32_TABLE | TOY32_LIVE;
}

static inline uint64_t toy32_table_of(uint64_t entry) {
    return entry & TOY32_PAGE_MASK;
}

static inline uint64_t toy32_make_absent(enum axaddr_absent_kind kind, uint64_t value) {
    return (value & axaddr_low_bits(28)) << 4 | ((uint64_t)kind ^ 7) << 1;
}

static inline enum axaddr_absent_kind toy32_absent_kind(uint64_t entry) {
    unsigned kind = ((unsigned)entry >> 1 & 7) ^ 7;
    if (((unsigned)entry & TOY32_LIVE) != 0 || kind > AXADDR_ABSENT_BACKED) {
        return AXADDR_ABSENT_EMPTY;
    }
    return (enum axaddr_absent_kind)kind;
}

static inline uint64_t toy32_absent_value(uint64_t entry) {
    return entry >> 4 & axaddr_low_bits(28);
}

/** One bit for both: what was accessed counts as written. */
static inline uint32_t toy32_notes_of(uint64_t leaf, unsigned level) {
    (void)level;
    return (leaf & TOY32_NOTED) != 0 ? AXADDR_NOTES : 0;
}

static inline uint64_t toy32_clear_notes(uint64_t leaf, unsigned level, uint32_t notes) {
    (void)level;
    return notes == AXADDR_NOTES ? leaf & ~TOY32_NOTED : leaf;
}

AXADDR_UNUSED static const struct axaddr_format toy32 = {
    .name = "toy32",
    .level_count = 2,
    .entry_shift = 2,
    .root_order = 0,
    .input_width = 25,
    .output_width = 32,
    .leaf_levels = 0x3,
    .is_sign_extended = false,
    .shift = {12, 18},
    .index_bits = {6, 7},
    .empty = 0xe, /* toy32_make_absent(AXADDR_ABSENT_EMPTY, 0) */
    .noted = TOY32_NOTED,
    .notes_of = toy32_notes_of,
    .clear_notes = toy32_clear_notes,
    .kind_of = toy32_kind_of,
    .can_hold = toy_can_hold,
    .attributes_of = toy32_attributes_of,
    .make_leaf = toy32_make_leaf,
    .next_leaf = toy32_next_leaf,
    .change_leaf = toy32_change_leaf,
    .split_leaf = toy32_split_leaf,
    .frame_of = toy32_frame_of,
    .flags_of = toy32_flags_of,
    .make_table = toy32_make_table,
    .table_of = toy32_table_of,
    .make_absent = toy32_make_absent,
    .absent_kind = toy32_absent_kind,
    .absent_value = toy32_absent_value,
    .needs_break = toy_needs_break,
    .publish = toy_publish,
    .caches_absent = true,
};

#endif /* AXADDR_TESTS_TOY_FORMAT_H */
