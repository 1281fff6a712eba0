/* SPDX-License-Identifier: MIT
 *
 * test_format_aarch64_family.c: the family of AArch64 stage 2 formats (granules, widths, FEAT_XNX,
 * FEAT_S2FWB), its registers and the decoding with the guest's mode, against what was written out
 * from ARM DDI 0487 by hand. The two first formats are test_format_aarch64.c's.
 */
#include "../axaddr_arch/aarch64_stage2.h"
#include "check.h"
#include "format_check.h"

#define SEED          UINT64_C(0x2545f4914f6cdd1d)
#define RANDOM_ROUNDS 100000

#define R  AXADDR_READ
#define W  AXADDR_WRITE
#define X  AXADDR_EXECUTE
#define D  AXADDR_DEVICE
#define N  AXADDR_UNCACHED
#define XU AXADDR_EXECUTE_USER
#define XK AXADDR_EXECUTE_KERNEL

static uint64_t random_state = SEED;

static uint64_t random_next(void) {
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return random_state;
}

/* ---- geometry ---- */

/*
 * D8.2, "Concatenated translation tables", and VTCR_EL2 (D24.2): T0SZ 5:0 is 64 - width; SL0 7:6
 * with 4 KiB granules 0 for start level 2, 1 for 1, 2 for 0, else 1 for level 2, 2 for 1; TG0 15:14
 * 4 KiB 0, 64 KiB 1, 16 KiB 2. Below PS 5 (48 bits), bit 31, and 0x3500 for the walks' memory.
 */
struct geometry {
    const struct axaddr_format *format;
    const char *name;
    unsigned levels;
    unsigned width;
    unsigned order; /* of the root, in frames */
    unsigned leaf_levels;
    uint8_t shift[4];
    uint8_t index_bits[4];
    unsigned run_bits;
    unsigned run_levels;
    uint64_t vtcr;
    uint64_t root; /* aligned to just what the root needs */
};

#define F(name) &axaddr_aarch64_stage2_##name, "aarch64_stage2_" #name

static const struct geometry geometries[] = {
    {F(32), 2, 32, 2, 3, {12, 21}, {9, 11}, 4, 3, 0x80053520, 0x4000},
    {F(36), 3, 36, 0, 7, {12, 21, 30}, {9, 9, 6}, 4, 7, 0x8005355c, 0x1000},
    {F(40), 3, 40, 1, 7, {12, 21, 30}, {9, 9, 10}, 4, 7, 0x80053558, 0x2000},
    {F(42), 3, 42, 3, 7, {12, 21, 30}, {9, 9, 12}, 4, 7, 0x80053556, 0x8000},
    {F(44), 4, 44, 0, 7, {12, 21, 30, 39}, {9, 9, 9, 5}, 4, 7, 0x80053594, 0x1000},
    {F(48), 4, 48, 0, 7, {12, 21, 30, 39}, {9, 9, 9, 9}, 4, 7, 0x80053590, 0x1000},
    {F(16k_40), 2, 40, 4, 3, {14, 25}, {11, 15}, 7, 1, 0x8005b558, 0x40000},
    {F(16k_48), 3, 48, 1, 3, {14, 25, 36}, {11, 11, 12}, 7, 1, 0x8005b590, 0x8000},
    {F(64k_40), 2, 40, 0, 3, {16, 29}, {13, 11}, 5, 3, 0x80057558, 0x10000},
    {F(64k_48), 3, 48, 0, 3, {16, 29, 42}, {13, 13, 6}, 5, 3, 0x80057590, 0x10000},
    {F(40_xnx), 3, 40, 1, 7, {12, 21, 30}, {9, 9, 10}, 4, 7, 0x80053558, 0x2000},
    {F(40_fwb), 3, 40, 1, 7, {12, 21, 30}, {9, 9, 10}, 4, 7, 0x80053558, 0x2000},
    {F(40_xnx_fwb), 3, 40, 1, 7, {12, 21, 30}, {9, 9, 10}, 4, 7, 0x80053558, 0x2000},
    {F(48_xnx), 4, 48, 0, 7, {12, 21, 30, 39}, {9, 9, 9, 9}, 4, 7, 0x80053590, 0x1000},
    {F(48_fwb), 4, 48, 0, 7, {12, 21, 30, 39}, {9, 9, 9, 9}, 4, 7, 0x80053590, 0x1000},
    {F(48_xnx_fwb), 4, 48, 0, 7, {12, 21, 30, 39}, {9, 9, 9, 9}, 4, 7, 0x80053590, 0x1000},
};
#define GEOMETRY_COUNT (sizeof geometries / sizeof geometries[0])

/** What the case is about; main runs the cases of a format once for each. */
static const struct geometry *at;
static const struct axaddr_format *format;

static void geometry(void) {
    unsigned level;

    CHECK_STR(format->name, at->name);
    CHECK_EQ(format->level_count, at->levels);
    CHECK_EQ(format->entry_shift, 3);
    CHECK_EQ(format->root_order, at->order);
    CHECK_EQ(format->input_width, at->width);
    CHECK_EQ(format->output_width, 48);
    CHECK_EQ(format->leaf_levels, at->leaf_levels);
    CHECK_EQ(format->run_bits, at->run_bits);
    CHECK_EQ(format->run_levels, at->run_levels);
    for (level = 0; level < 4; level++) {
        CHECK_EQ(format->shift[level], at->shift[level]);
        CHECK_EQ(format->index_bits[level], at->index_bits[level]);
    }
    CHECK(!format->is_sign_extended && !format->caches_absent && format->publish != 0);
}

/** Every width that the macro can be given starts where the manual's tables say. */
static void other_widths(void) {
    static const struct axaddr_format made[] = {
        AXADDR_AARCH64_STAGE2_FORMAT("4k_34", 34, 4k, axaddr_aarch64_stage2),
        AXADDR_AARCH64_STAGE2_FORMAT("4k_35", 35, 4k, axaddr_aarch64_stage2),
        AXADDR_AARCH64_STAGE2_FORMAT("4k_43", 43, 4k, axaddr_aarch64_stage2),
        AXADDR_AARCH64_STAGE2_FORMAT("16k_32", 32, 16k, axaddr_aarch64_stage2),
        AXADDR_AARCH64_STAGE2_FORMAT("16k_41", 41, 16k, axaddr_aarch64_stage2_xnx),
        AXADDR_AARCH64_STAGE2_FORMAT("64k_46", 46, 64k, axaddr_aarch64_stage2_fwb),
        AXADDR_AARCH64_STAGE2_FORMAT("64k_47", 47, 64k, axaddr_aarch64_stage2_xnx_fwb),
    };
    /* levels, log2 of the root's tables, of its entries */
    static const unsigned expected[][3] = {
        {2, 4, 13}, {3, 0, 5}, {3, 4, 13}, {2, 0, 7}, {3, 0, 5}, {2, 4, 17}, {3, 0, 5},
    };
    unsigned i;

    for (i = 0; i < sizeof made / sizeof made[0]; i++) {
        snprintf(check_context, sizeof check_context, "%s", made[i].name);
        CHECK_EQ(made[i].level_count, expected[i][0]);
        CHECK_EQ(made[i].root_order, expected[i][1]);
        CHECK_EQ(made[i].index_bits[made[i].level_count - 1], expected[i][2]);
        CHECK_EQ(made[i].shift[made[i].level_count - 1] + expected[i][2], made[i].input_width);
    }
}

/* ---- leaves ---- */

/*
 * D8.3.1 as in test_format_aarch64.c; frames that use the highest address bit and the lowest one of
 * their size: 4 KiB granule 47:12, 47:21, 47:30; 16 KiB 47:14, 47:25; 64 KiB 47:16, 47:29.
 */
static const uint64_t frames_4k[3] = {0x0000fedcba987000, 0x0000fedcba200000, 0x0000fedc40000000};
static const uint64_t frames_16k[3] = {0x0000fedcba984000, 0x0000fedcba000000, 0};
static const uint64_t frames_64k[3] = {0x0000fedcba970000, 0x0000fedca0000000, 0};

static const uint64_t *frames(void) {
    return format->shift[0] == 12 ? frames_4k : format->shift[0] == 14 ? frames_16k : frames_64k;
}

/** Flags, and the attributes of a page that hold them; a block's have bit 1 clear. */
struct golden {
    uint32_t flags;
    uint64_t plain; /* 0: the format refuses them */
    uint64_t xnx;   /* Table D8-77: XN 00 all, 01 EL0 only, 10 none, 11 EL1 only */
    uint64_t fwb;   /* MemAttr 0110: write-back, forced; 0101 NC and 0001 device as without */
};

#define SAME(attributes) attributes, attributes, attributes

static const struct golden leaves[] = {
    {R, 0x004000000000077f, 0x004000000000077f, 0x004000000000075b},
    {W, 0x00400000000007bf, 0x00400000000007bf, 0x004000000000079b},
    {R | W, 0x00400000000007ff, 0x00400000000007ff, 0x00400000000007db},
    {X, 0x000000000000073f, 0x000000000000073f, 0x000000000000071b},
    {R | X, 0x000000000000077f, 0x000000000000077f, 0x000000000000075b},
    {W | X, 0x00000000000007bf, 0x00000000000007bf, 0x000000000000079b},
    {R | W | X, 0x00000000000007ff, 0x00000000000007ff, 0x00000000000007db},
    {XU, 0, 0x002000000000073f, 0x002000000000071b},
    {R | XU, 0, 0x002000000000077f, 0x002000000000075b},
    {W | XU, 0, 0x00200000000007bf, 0x002000000000079b},
    {R | W | XU, 0, 0x00200000000007ff, 0x00200000000007db},
    {XK, 0, 0x006000000000073f, 0x006000000000071b},
    {R | XK, 0, 0x006000000000077f, 0x006000000000075b},
    {W | XK, 0, 0x00600000000007bf, 0x006000000000079b},
    {R | W | XK, 0, 0x00600000000007ff, 0x00600000000007db},
    {R | D, SAME(0x0040000000000447)},
    {W | D, SAME(0x0040000000000487)},
    {R | W | D, SAME(0x00400000000004c7)},
    {R | N, SAME(0x0040000000000757)},
    {W | N, SAME(0x0040000000000797)},
    {R | W | N, SAME(0x00400000000007d7)},
    {X | N, SAME(0x0000000000000717)},
    {R | X | N, SAME(0x0000000000000757)},
    {W | X | N, SAME(0x0000000000000797)},
    {R | W | X | N, SAME(0x00000000000007d7)},
    {XU | N, 0, 0x0020000000000717, 0x0020000000000717},
    {R | XU | N, 0, 0x0020000000000757, 0x0020000000000757},
    {W | XU | N, 0, 0x0020000000000797, 0x0020000000000797},
    {R | W | XU | N, 0, 0x00200000000007d7, 0x00200000000007d7},
    {XK | N, 0, 0x0060000000000717, 0x0060000000000717},
    {R | XK | N, 0, 0x0060000000000757, 0x0060000000000757},
    {W | XK | N, 0, 0x0060000000000797, 0x0060000000000797},
    {R | W | XK | N, 0, 0x00600000000007d7, 0x00600000000007d7},
};
#define LEAF_COUNT (sizeof leaves / sizeof leaves[0])

static bool is_xnx(void) {
    return strstr(at->name, "xnx") != 0;
}

/** The attributes at level 0 that the format's variant has for a line of the table; 0: refused. */
static uint64_t golden_page(const struct golden *golden) {
    if (!is_xnx() && (golden->flags & (XU | XK)) != 0) {
        return 0;
    }
    if (strstr(at->name, "fwb") != 0) {
        return golden->fwb;
    }
    return is_xnx() ? golden->xnx : golden->plain;
}

static uint64_t golden_of(uint32_t flags) {
    size_t i;

    for (i = 0; i < LEAF_COUNT; i++) {
        if (leaves[i].flags == flags) {
            return golden_page(&leaves[i]);
        }
    }
    return 0;
}

/** All combinations: the expressible ones are those of the table above, bit by bit. */
static void leaves_are_the_manuals(void) {
    unsigned held = 0;
    uint32_t flags;

    for (flags = 0; flags <= AXADDR_MAPPING_FLAGS; flags++) {
        uint64_t page = golden_of(flags);
        unsigned level;

        snprintf(check_context, sizeof check_context, "%s flags %u", at->name, flags);
        if (!axaddr_flags_are_valid(flags)) {
            CHECK(page == 0);
            continue;
        }
        CHECK_EQ(format->can_hold(flags), page != 0);
        held += page != 0;
        for (level = 0; page != 0 && (at->leaf_levels >> level & 1) != 0; level++) {
            uint64_t attributes = level == 0 ? page : page & ~UINT64_C(2);
            uint64_t leaf = format->make_leaf(frames()[level], level, attributes);

            CHECK_EQ(format->attributes_of(flags, level), attributes);
            CHECK_EQ(leaf, frames()[level] | attributes);
            CHECK_EQ(format->kind_of(leaf, level), AXADDR_ENTRY_LEAF);
            CHECK_EQ(format->flags_of(leaf, level), flags);
            CHECK_EQ(format->frame_of(leaf, level), frames()[level]);
        }
    }
    CHECK_EQ(held, is_xnx() ? 33 : 17);
}

/** Every address bit is held and found again, at every level; the next leaf maps what follows. */
static void addresses_are_held(void) {
    unsigned level;
    unsigned bit;

    for (level = 0; (at->leaf_levels >> level & 1) != 0; level++) {
        uint64_t attributes = format->attributes_of(R | W, level);
        uint64_t size = UINT64_C(1) << at->shift[level];
        uint64_t last = UINT64_C(0x0000800000000000) - size; /* a carry through all lower bits */

        for (bit = at->shift[level]; bit < 48; bit++) {
            uint64_t frame = UINT64_C(1) << bit;
            CHECK_EQ(format->frame_of(frame + attributes, level), frame);
            CHECK_EQ(format->frame_of(frame + attributes + (size - 1) / 4096 * 4096, level), frame);
        }
        CHECK_EQ(format->next_leaf(last + attributes, level), last + size + attributes);
    }
}

/** From any flags to any others; address, AF (bit 10) and the contiguous bit (52) stay. */
static void change_leaf_keeps_what_is_hardwares(void) {
    unsigned level;
    size_t from;
    size_t to;

    for (level = 0; (at->leaf_levels >> level & 1) != 0; level++) {
        uint64_t block = level == 0 ? 0 : 2;
        for (from = 0; from < LEAF_COUNT; from++) {
            for (to = 0; to < LEAF_COUNT; to++) {
                uint64_t old = frames()[level] | (golden_page(&leaves[from]) & ~block);
                uint64_t new = frames()[level] | (golden_page(&leaves[to]) & ~block);
                uint64_t attributes = new - frames()[level];

                if (golden_page(&leaves[from]) == 0 || golden_page(&leaves[to]) == 0) {
                    continue;
                }
                CHECK_EQ(format->change_leaf(old, level, attributes), new);
                CHECK_EQ(format->change_leaf(old & ~UINT64_C(0x400), level, attributes),
                         new & ~UINT64_C(0x400));
                CHECK_EQ(format->change_leaf(old | UINT64_C(1) << 52, level, attributes),
                         new | UINT64_C(1) << 52);
            }
        }
    }
}

/** A block's first part has its flags, its frame and its AF, and the right kind of descriptor. */
static void split_leaf_maps_the_first_part(void) {
    unsigned level;
    size_t i;

    for (level = 1; (at->leaf_levels >> level & 1) != 0; level++) {
        for (i = 0; i < LEAF_COUNT; i++) {
            uint64_t page = golden_page(&leaves[i]);
            uint64_t leaf = frames()[level] | (page & ~UINT64_C(2));
            uint64_t first = frames()[level] | (level == 1 ? page : page & ~UINT64_C(2));
            /* nT (bit 16) of a block, or any other bit below its address, is no address */
            uint64_t stray = UINT64_C(1) << (at->shift[level] - 1) |
                             UINT64_C(1) << at->shift[level - 1] |
                             (at->shift[0] < 16 ? UINT64_C(0x10000) : 0);

            if (page == 0) {
                continue;
            }
            CHECK_EQ(format->split_leaf(leaf, level), first);
            CHECK_EQ(format->split_leaf(leaf | stray, level) & ~UINT64_C(0x10000),
                     first & ~UINT64_C(0x10000));
            CHECK_EQ(format->frame_of(format->split_leaf(leaf | stray, level), level - 1),
                     frames()[level]);
            CHECK_EQ(format->split_leaf(leaf & ~UINT64_C(0x400), level), first & ~UINT64_C(0x400));
        }
    }
}

/* ---- notes ---- */

/** AF is bit 10, S2AP[1] 7, DBM 51, and bit 55 software's: as for the first two formats. */
static void notes_are_kept(void) {
    uint64_t leaf = frames()[0] | golden_of(R | W);
    uint64_t clean = (leaf & ~UINT64_C(0x80)) | UINT64_C(1) << 51 | UINT64_C(1) << 55;

    CHECK_EQ(format->noted, 0x400);
    CHECK_EQ(format->notes_of(leaf, 0), AXADDR_NOTES);
    CHECK_EQ(format->clear_notes(leaf, 0, AXADDR_ACCESSED), leaf & ~UINT64_C(0x400));
    CHECK_EQ(format->clear_notes(leaf, 0, AXADDR_DIRTY), clean);
    CHECK_EQ(format->notes_of(clean, 0), AXADDR_ACCESSED);
    CHECK_EQ(format->flags_of(clean, 0), R | W);
    CHECK_EQ(format->change_leaf(clean, 0, golden_of(R)),
             frames()[0] | golden_of(R) | UINT64_C(1) << 55);
    CHECK_EQ(format->change_leaf(clean, 0, golden_of(R | W)), clean);
    CHECK_EQ(format->note_access(clean, 0, AXADDR_READ), clean);
    CHECK_EQ(format->note_access(clean & ~UINT64_C(0x400), 0, AXADDR_WRITE),
             clean | UINT64_C(0x80));
}

/* ---- tables, absent entries, kinds ---- */

static void tables_and_absent_entries(void) {
    static const uint64_t values[] = {0, 1, 0x5555555, 0x7ffffff};
    uint64_t page_number_max = (UINT64_C(1) << (48 - at->shift[0])) - 1;
    unsigned level;
    unsigned kind;
    size_t i;

    for (level = 1; level < at->levels; level++) {
        uint64_t entry = format->make_table(frames()[0], level);
        CHECK_EQ(entry, frames()[0] + 3); /* D8.3.1.1: bits 1:0 are 11, no attributes */
        CHECK_EQ(format->kind_of(entry, level), AXADDR_ENTRY_TABLE);
        CHECK_EQ(format->table_of(entry), frames()[0]);
    }
    /* The bits around the address are ignored or RES0. */
    CHECK_EQ(format->table_of(0xffff1234abcdefff), at->shift[0] == 12   ? 0x00001234abcde000
                                                   : at->shift[0] == 14 ? 0x00001234abcdc000
                                                                        : 0x00001234abcd0000);
    CHECK_EQ(format->empty, 0);
    CHECK_EQ(format->make_absent(AXADDR_ABSENT_EMPTY, 0), 0);
    for (kind = AXADDR_ABSENT_RESERVED; kind <= AXADDR_ABSENT_BACKED; kind++) {
        for (i = 0; i <= sizeof values / sizeof values[0]; i++) {
            uint64_t value = i < sizeof values / sizeof values[0] ? values[i] : page_number_max;
            uint64_t entry = format->make_absent((enum axaddr_absent_kind)kind, value);

            CHECK_EQ(format->absent_kind(entry), kind);
            CHECK_EQ(format->absent_value(entry), value);
            CHECK_EQ(entry & 1, 0);
            for (level = 0; level < at->levels; level++) {
                CHECK_EQ(format->kind_of(entry, level), AXADDR_ENTRY_ABSENT);
            }
        }
    }
}

/** D8.3.1, by bits 1:0: 11 table, or page at level 0; 01 block where the granule has them. */
static enum axaddr_entry_kind spec_kind(uint64_t entry, unsigned level) {
    if ((entry & 3) == 3) {
        return level == 0 ? AXADDR_ENTRY_LEAF : AXADDR_ENTRY_TABLE;
    }
    /* 4 KiB: the manual's levels 1 and 2; 16 KiB and 64 KiB: its level 2. */
    return (entry & 3) == 1 && (level == 1 || (level == 2 && at->shift[0] == 12))
               ? AXADDR_ENTRY_LEAF
               : AXADDR_ENTRY_ABSENT;
}

/** Any 64 bits at any level: the manual's kind, and hooks that stay within their own ranges. */
static void any_bits_have_a_kind(void) {
    uint64_t page_mask = UINT64_C(0x0000ffffffffffff) & (~UINT64_C(0) << at->shift[0]);
    size_t round;

    for (round = 0; round < RANDOM_ROUNDS; round++) {
        uint64_t entry =
            round < 8 ? (round % 2 == 0 ? 0 : ~UINT64_C(3)) | round / 2 : random_next();
        unsigned level;

        for (level = 0; level < at->levels; level++) {
            snprintf(check_context, sizeof check_context, "%s 0x%" PRIx64 " level %u", at->name,
                     entry, level);
            CHECK_EQ(format->kind_of(entry, level), spec_kind(entry, level));
            CHECK_EQ(format->table_of(entry), entry & page_mask);
            if ((at->leaf_levels >> level & 1) != 0) {
                CHECK_EQ(format->frame_of(entry, level),
                         entry & page_mask & (~UINT64_C(0) << at->shift[level]));
                CHECK_EQ(format->flags_of(entry, level) & ~AXADDR_MAPPING_FLAGS, 0);
                CHECK(is_xnx() || (format->flags_of(entry, level) & (XU | XK)) == 0);
            }
        }
    }
}

static void reserved_in_one_test(void) {
    check_reserved(format);
}

/* ---- runs and break-before-make ---- */

static void runs_have_the_contiguous_bit(void) {
    uint64_t leaf = frames()[0] | golden_of(R);

    CHECK_EQ(format->make_run(leaf, 0), leaf | UINT64_C(1) << 52);
    CHECK_EQ(format->plain_leaf(leaf | UINT64_C(1) << 52, 0, 3), leaf);
    CHECK_EQ(format->plain_leaf(UINT64_C(1) << 52 | 2, 0, 3), UINT64_C(1) << 52 | 2);
}

/** R_WHZWS: rights and AF need none; type, shareability, address, size do. */
static void break_before_make(void) {
    static const uint64_t breaking[] = {2, 4, 8, 0x10, 0x20, 0x100, 0x200, UINT64_C(1) << 52};
    static const uint64_t others[] = {0x40, 0x80, 0x400, UINT64_C(3) << 53, UINT64_C(0xf) << 55};
    uint64_t leaf = frames()[0] | golden_of(R | W);
    unsigned bit;
    size_t i;

    for (i = 0; i < sizeof breaking / sizeof breaking[0]; i++) {
        CHECK(format->needs_break(leaf, leaf ^ breaking[i], 1));
    }
    for (i = 0; i < sizeof others / sizeof others[0]; i++) {
        CHECK(!format->needs_break(leaf, leaf ^ others[i], 1));
    }
    for (bit = at->shift[0]; bit < 48; bit++) {
        CHECK(format->needs_break(leaf, leaf ^ UINT64_C(1) << bit, 1));
    }
    CHECK(!format->needs_break(0, leaf, 0) && !format->needs_break(leaf, 0, 0));
}

/* ---- registers ---- */

/** 48 bits (5 in 3:0), all granules; 16-bit VMIDs, XNX, FWB. */
static const struct axaddr_aarch64_cpu full_cpu = {UINT64_C(0x00100005), UINT64_C(0x10000020),
                                                   UINT64_C(1) << 40};

static void registers(void) {
    struct axaddr_aarch64_stage2_registers said;
    struct axaddr_aarch64_cpu cpu = full_cpu;
    uint64_t root = UINT64_C(0x0000900000000000) | at->root;
    uint64_t hcr = strstr(at->name, "fwb") != 0 ? UINT64_C(0x400000000001) : 1;

    memset(&said, 0x5a, sizeof said);
    CHECK_EQ(axaddr_aarch64_stage2_load(format, &cpu, axaddr_hpa(root), 0xfedc, &said), AXADDR_OK);
    CHECK_EQ(said.vtcr, at->vtcr | UINT64_C(1) << 19); /* VS */
    CHECK_EQ(said.vttbr, UINT64_C(0xfedc) << 48 | root);
    CHECK_EQ(said.hcr, hcr);
    cpu.mmfr1 &= ~UINT64_C(0xf0);
    CHECK_EQ(axaddr_aarch64_stage2_load(format, &cpu, axaddr_hpa(root), 0xdc, &said), AXADDR_OK);
    CHECK_EQ(said.vtcr, at->vtcr);
    CHECK_EQ(said.vttbr, UINT64_C(0xdc) << 48 | root);
    memset(&said, 0x5a, sizeof said);
    CHECK_EQ(axaddr_aarch64_stage2_load(format, &cpu, axaddr_hpa(root), 0x100, &said),
             AXADDR_INVALID);
    CHECK_EQ(axaddr_aarch64_stage2_load(format, &cpu, axaddr_hpa(root + at->root / 2), 1, &said),
             AXADDR_INVALID);
    CHECK_EQ(axaddr_aarch64_stage2_load(format, &cpu, axaddr_hpa(UINT64_C(1) << 48), 1, &said),
             AXADDR_INVALID);
    cpu.mmfr0 = (cpu.mmfr0 & ~UINT64_C(0xf)) | 8;
    CHECK_EQ(axaddr_aarch64_stage2_load(format, &cpu, axaddr_hpa(root), 1, &said), AXADDR_INVALID);
    CHECK_EQ(said.vtcr, UINT64_C(0x5a5a5a5a5a5a5a5a));
    CHECK_EQ(said.vttbr, UINT64_C(0x5a5a5a5a5a5a5a5a));
    CHECK_EQ(said.hcr, UINT64_C(0x5a5a5a5a5a5a5a5a));
}

static enum axaddr_status load_on(uint64_t mmfr0, uint64_t mmfr1, uint64_t mmfr2) {
    struct axaddr_aarch64_cpu cpu = {mmfr0, mmfr1, mmfr2};
    struct axaddr_aarch64_stage2_registers said;

    return axaddr_aarch64_stage2_load(format, &cpu, axaddr_hpa(at->root), 1, &said);
}

/** D24.2, ID_AA64MMFR0_EL1: PARange 3:0; TGran4_2 43:40, TGran64_2 39:36, TGran16_2 35:32. */
static void registers_ask_the_cpu(void) {
    static const unsigned pa_bits[8] = {32, 36, 40, 42, 44, 48, 52, 56};
    uint64_t mmfr0 = full_cpu.mmfr0;
    uint64_t mmfr1 = full_cpu.mmfr1;
    uint64_t mmfr2 = full_cpu.mmfr2;
    bool is_fwb = strstr(at->name, "fwb") != 0;
    unsigned stage2 = at->shift[0] == 12 ? 40 : at->shift[0] == 14 ? 32 : 36;
    unsigned stage1 = at->shift[0] == 12 ? 28 : at->shift[0] == 14 ? 20 : 24;
    uint64_t lacks = at->shift[0] == 14 ? 0 : 0xf; /* in stage 1's field */
    uint64_t without = (mmfr0 & ~(UINT64_C(0xf) << stage1)) | lacks << stage1;
    unsigned range;

    for (range = 0; range < 8; range++) {
        CHECK_EQ(load_on((mmfr0 & ~UINT64_C(0xf)) | range, mmfr1, mmfr2),
                 pa_bits[range] >= at->width ? AXADDR_OK : AXADDR_UNSUPPORTED);
    }
    CHECK_EQ(load_on(mmfr0 | UINT64_C(1) << stage2, mmfr1, mmfr2), AXADDR_UNSUPPORTED);
    CHECK_EQ(load_on(mmfr0 | UINT64_C(2) << stage2, mmfr1, mmfr2), AXADDR_OK);
    CHECK_EQ(load_on(mmfr0 | UINT64_C(3) << stage2, mmfr1, mmfr2), AXADDR_OK);
    CHECK_EQ(load_on(without, mmfr1, mmfr2), AXADDR_UNSUPPORTED);
    CHECK_EQ(load_on(without | UINT64_C(2) << stage2, mmfr1, mmfr2), AXADDR_OK);
    /* The other granules' fields say nothing of this one. */
    CHECK_EQ(load_on(mmfr0 | (UINT64_C(0x111) << 32 & ~(UINT64_C(0xf) << stage2)), mmfr1, mmfr2),
             AXADDR_OK);
    CHECK_EQ(load_on(mmfr0, mmfr1 & ~UINT64_C(0xf0000000), mmfr2),
             is_xnx() ? AXADDR_UNSUPPORTED : AXADDR_OK);
    CHECK_EQ(load_on(mmfr0, mmfr1, 0), is_fwb ? AXADDR_UNSUPPORTED : AXADDR_OK);
}

/* ---- registers of a table whose root was chosen when it was made ---- */

static enum axaddr_status load_sized(unsigned levels, unsigned bits,
                                     const struct axaddr_aarch64_cpu *cpu, uint64_t root,
                                     struct axaddr_aarch64_stage2_registers *said) {
    struct axaddr_geometry geometry = {(uint8_t)levels, (uint8_t)bits};

    return axaddr_aarch64_stage2_load_sized(&axaddr_aarch64_stage2, &geometry, cpu,
                                            axaddr_hpa(root), 7, said);
}

/** The constant formats have a chosen root's registers; so says the table at the top, too. */
static void sized_registers_are_the_constant_ones(void) {
    unsigned found = 0;
    size_t i;

    for (i = 0; i < GEOMETRY_COUNT; i++) {
        const struct geometry *one = &geometries[i];
        uint64_t root = UINT64_C(0x0000900000000000) | one->root;
        struct axaddr_aarch64_stage2_registers fixed = {0, 0, 0};
        struct axaddr_aarch64_stage2_registers said = {1, 1, 1};

        if (one->shift[0] != 12 || strpbrk(one->name + sizeof "aarch64_stage2", "_") != 0) {
            continue; /* other granules and variants: no sized format is theirs */
        }
        found++;
        snprintf(check_context, sizeof check_context, "%s", one->name);
        CHECK_EQ(axaddr_aarch64_stage2_load(one->format, &full_cpu, axaddr_hpa(root), 7, &fixed),
                 AXADDR_OK);
        CHECK_EQ(load_sized(one->levels, one->index_bits[one->levels - 1], &full_cpu, root, &said),
                 AXADDR_OK);
        CHECK_EQ(said.vtcr, one->vtcr | UINT64_C(1) << 19);
        CHECK_EQ(said.vtcr, fixed.vtcr);
        CHECK_EQ(said.vttbr, fixed.vttbr);
        CHECK_EQ(said.hcr, fixed.hcr);
        CHECK_EQ(load_sized(one->levels, one->index_bits[one->levels - 1], &full_cpu,
                            root + one->root / 2, &said),
                 AXADDR_INVALID);
    }
    CHECK_EQ(found, 6);
}

/** What init chooses has 48 bits; others by hand: T0SZ 5:0, SL0 7:6. */
static void sized_registers(void) {
    struct axaddr_aarch64_stage2_registers said = {0, 0, 0};

    CHECK_EQ(
        axaddr_aarch64_stage2_load(&axaddr_aarch64_stage2, &full_cpu, axaddr_hpa(0x1000), 7, &said),
        AXADDR_OK);
    CHECK_EQ(said.vtcr, 0x800d3590);
    CHECK_EQ(said.vttbr, 0x0007000000001000);
    CHECK_EQ(load_sized(3, 13, &full_cpu, 0x10000, &said), AXADDR_OK); /* 43 bits, 16 tables */
    CHECK_EQ(said.vtcr, 0x800d3555);
    CHECK_EQ(load_sized(4, 2, &full_cpu, 0x1000, &said), AXADDR_OK); /* 41 bits, from level 0 */
    CHECK_EQ(said.vtcr, 0x800d3597);
    CHECK_EQ(load_sized(2, 4, &full_cpu, 0x1000, &said), AXADDR_OK); /* 25 bits */
    CHECK_EQ(said.vtcr, 0x800d3527);
}

/**
 * D8.2: start level 0 takes a CPU of 44 bits (AArch64.S2InvalidSL), a T0SZ above 39 FEAT_TTST
 * (ID_AA64MMFR2_EL1.ST, 31:28).
 */
static void sized_registers_ask_the_cpu(void) {
    struct axaddr_aarch64_stage2_registers said = {3, 3, 3};
    struct axaddr_aarch64_cpu cpu = full_cpu;
    struct axaddr_geometry of_40 = {3, 10};

    CHECK_EQ(load_sized(2, 3, &cpu, 0x1000, &said), AXADDR_UNSUPPORTED);
    CHECK_EQ(load_sized(3, 14, &cpu, 0x20000, &said), AXADDR_INVALID);
    CHECK_EQ(load_sized(4, 10, &cpu, 0x2000, &said), AXADDR_INVALID);
    CHECK_EQ(load_sized(1, 9, &cpu, 0x1000, &said), AXADDR_INVALID);
    CHECK_EQ(load_sized(5, 1, &cpu, 0x1000, &said), AXADDR_INVALID);
    CHECK_EQ(axaddr_aarch64_stage2_load_sized(&axaddr_aarch64_stage2_48, &of_40, &cpu,
                                              axaddr_hpa(0x2000), 7, &said),
             AXADDR_INVALID);
    cpu.mmfr0 = (cpu.mmfr0 & ~UINT64_C(0xf)) | 3; /* 42 bits */
    CHECK_EQ(load_sized(4, 2, &cpu, 0x1000, &said), AXADDR_UNSUPPORTED);
    CHECK_EQ(load_sized(3, 13, &cpu, 0x10000, &said), AXADDR_UNSUPPORTED); /* 43 bits */
    cpu.mmfr0 |= UINT64_C(1) << 40;                                        /* no 4 KiB in stage 2 */
    CHECK_EQ(load_sized(3, 11, &cpu, 0x4000, &said), AXADDR_UNSUPPORTED);
    CHECK_EQ(said.vtcr + said.vttbr + said.hcr, 9);
    cpu.mmfr0 &= ~(UINT64_C(1) << 40);
    CHECK_EQ(load_sized(3, 12, &cpu, 0x8000, &said), AXADDR_OK);
    cpu.mmfr0 = (cpu.mmfr0 & ~UINT64_C(0xf)) | 4;
    CHECK_EQ(load_sized(4, 2, &cpu, 0x1000, &said), AXADDR_OK);
    cpu.mmfr2 |= UINT64_C(1) << 28;
    CHECK_EQ(load_sized(2, 3, &cpu, 0x1000, &said), AXADDR_OK);
    CHECK_EQ(said.vtcr & 0xff, 40);
}

/** The start levels that need a wider CPU with the other granules, by their number of levels. */
static void start_levels_ask_the_cpu(void) {
    static const struct {
        const struct axaddr_format *format;
        unsigned levels;
        unsigned bits; /* of the root */
        unsigned pa_bits;
    } cases[] = {
        {&axaddr_aarch64_stage2_48, 3, 9, 39},     {&axaddr_aarch64_stage2_48, 4, 1, 44},
        {&axaddr_aarch64_stage2_48, 4, 9, 48},     {&axaddr_aarch64_stage2_16k_48, 2, 15, 40},
        {&axaddr_aarch64_stage2_16k_48, 3, 1, 42}, {&axaddr_aarch64_stage2_64k_48, 2, 12, 41},
        {&axaddr_aarch64_stage2_64k_48, 3, 1, 44},
    };
    size_t i;

    for (i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct axaddr_geometry geometry = {(uint8_t)cases[i].levels, (uint8_t)cases[i].bits};
        CHECK_EQ(axaddr_aarch64_stage2_pa_bits(cases[i].format, &geometry), cases[i].pa_bits);
    }
}

/* ---- aborts ---- */

/** SPSR_EL2.M: 0b00000 EL0t, 0b10000 AArch32 User; EL1h is 0b00101. */
static void decoding_knows_the_mode(void) {
    struct axaddr_exit exit;

    CHECK(axaddr_aarch64_is_user(0x00000000) && axaddr_aarch64_is_user(0x600003d0));
    CHECK(!axaddr_aarch64_is_user(0x600003c5) && !axaddr_aarch64_is_user(0x4));
    CHECK(!axaddr_aarch64_is_user(0x13)); /* AArch32 Supervisor */
    CHECK_EQ(axaddr_aarch64_stage2_decode_mode(0x8200000f, 0x123450, 0x678, true, &exit),
             AXADDR_OK);
    CHECK_EQ(exit.access, XU);
    CHECK_EQ(exit.gpa.raw, 0x12345678);
    CHECK(exit.is_permission);
    CHECK_EQ(axaddr_aarch64_stage2_decode_mode(0x82000007, 0x123450, 0x678, false, &exit),
             AXADDR_OK);
    CHECK_EQ(exit.access, XK);
    CHECK_EQ(axaddr_aarch64_stage2_decode_mode(0x92000047, 0x123450, 0x678, true, &exit),
             AXADDR_OK);
    CHECK_EQ(exit.access, W);
    CHECK_EQ(axaddr_aarch64_stage2_decode_mode(0x82000087, 0x123450, 0x678, true, &exit),
             AXADDR_OK); /* a walk for a fetch */
    CHECK_EQ(exit.access, R);
    memset(&exit, 0x5a, sizeof exit);
    CHECK_EQ(axaddr_aarch64_stage2_decode_mode(0x82000010, 0, 0, true, &exit), AXADDR_UNSUPPORTED);
    CHECK_EQ(axaddr_aarch64_stage2_decode_mode(0x5a000000, 0, 0, true, &exit), AXADDR_INVALID);
    CHECK_EQ(exit.access, 0x5a5a5a5a);
}

int main(void) {
    size_t i;

    printf("test_format_aarch64_family: seed 0x%" PRIx64 "\n", SEED);
    for (i = 0; i < GEOMETRY_COUNT; i++) {
        at = &geometries[i];
        format = at->format;
        snprintf(check_context, sizeof check_context, "%s", at->name);
        CASE(geometry);
        CASE(leaves_are_the_manuals);
        CASE(addresses_are_held);
        CASE(change_leaf_keeps_what_is_hardwares);
        CASE(split_leaf_maps_the_first_part);
        CASE(notes_are_kept);
        CASE(tables_and_absent_entries);
        CASE(any_bits_have_a_kind);
        CASE(reserved_in_one_test);
        CASE(runs_have_the_contiguous_bit);
        CASE(break_before_make);
        CASE(registers);
        CASE(registers_ask_the_cpu);
    }
    CASE(other_widths);
    CASE(sized_registers_are_the_constant_ones);
    CASE(sized_registers);
    CASE(sized_registers_ask_the_cpu);
    CASE(start_levels_ask_the_cpu);
    CASE(decoding_knows_the_mode);
    return check_report("test_format_aarch64_family");
}
