/* SPDX-License-Identifier: MIT
 *
 * test_format_riscv.c: the G-stage formats of RV64 against entries, hgatp values and trap registers
 * that were written out from the privileged manual by hand. Nothing in here asks the header for a
 * bit.
 */
#include "../axaddr_arch/riscv_gstage.h"
#include "check.h"
#include "format_check.h"

#define SEED          UINT64_C(0x9e3779b97f4a7c15)
#define RANDOM_ROUNDS 200000

/* The flags, in one letter each so that the tables below can be read. */
#define R AXADDR_READ
#define W AXADDR_WRITE
#define X AXADDR_EXECUTE
#define D AXADDR_DEVICE
#define N AXADDR_UNCACHED

/* Frames that use bit 55 and, but for the last, the lowest bit of their size: 4 KiB, 2 MiB, 1 GiB,
   512 GiB, 256 TiB. */
static const uint64_t frames[5] = {0x00fedcba98765000, 0x00fedcba98600000, 0x00fedcba40000000,
                                   0x00fedc8000000000, 0x00fe000000000000};
static const uint64_t sizes[5] = {0x1000, 0x200000, 0x40000000, UINT64_C(0x8000000000),
                                  UINT64_C(0x1000000000000)};

/** Mapping flags, and the leaves of the five frames above that hold them. */
struct golden {
    uint32_t flags;
    uint64_t leaf[5];
};

/*
 * Privileged manual, "Sv39", figure of the entry: V 0, R 1, W 2, X 3, U 4 (set: "Guest Physical
 * Address Translation"), G 5, A 6, D 7, RSW 9:8 (bit 8 is our device), PPN 53:10, the frame >> 12.
 */
static const struct golden leaves[] = {
    {R,
     {0x003fb72ea61d94d3, 0x003fb72ea61800d3, 0x003fb72e900000d3, 0x003fb720000000d3,
      0x003f8000000000d3}},
    {R | W,
     {0x003fb72ea61d94d7, 0x003fb72ea61800d7, 0x003fb72e900000d7, 0x003fb720000000d7,
      0x003f8000000000d7}},
    {X,
     {0x003fb72ea61d94d9, 0x003fb72ea61800d9, 0x003fb72e900000d9, 0x003fb720000000d9,
      0x003f8000000000d9}},
    {R | X,
     {0x003fb72ea61d94db, 0x003fb72ea61800db, 0x003fb72e900000db, 0x003fb720000000db,
      0x003f8000000000db}},
    {R | W | X,
     {0x003fb72ea61d94df, 0x003fb72ea61800df, 0x003fb72e900000df, 0x003fb720000000df,
      0x003f8000000000df}},
    {R | D,
     {0x003fb72ea61d95d3, 0x003fb72ea61801d3, 0x003fb72e900001d3, 0x003fb720000001d3,
      0x003f8000000001d3}},
    {R | W | D,
     {0x003fb72ea61d95d7, 0x003fb72ea61801d7, 0x003fb72e900001d7, 0x003fb720000001d7,
      0x003f8000000001d7}},
};

/* "Svpbmt": PBMT in bits 62:61, 1 NC, 2 IO. */
static const struct golden svpbmt_leaves[] = {
    {R,
     {0x003fb72ea61d94d3, 0x003fb72ea61800d3, 0x003fb72e900000d3, 0x003fb720000000d3,
      0x003f8000000000d3}},
    {R | W,
     {0x003fb72ea61d94d7, 0x003fb72ea61800d7, 0x003fb72e900000d7, 0x003fb720000000d7,
      0x003f8000000000d7}},
    {X,
     {0x003fb72ea61d94d9, 0x003fb72ea61800d9, 0x003fb72e900000d9, 0x003fb720000000d9,
      0x003f8000000000d9}},
    {R | X,
     {0x003fb72ea61d94db, 0x003fb72ea61800db, 0x003fb72e900000db, 0x003fb720000000db,
      0x003f8000000000db}},
    {R | W | X,
     {0x003fb72ea61d94df, 0x003fb72ea61800df, 0x003fb72e900000df, 0x003fb720000000df,
      0x003f8000000000df}},
    {R | D,
     {0x403fb72ea61d94d3, 0x403fb72ea61800d3, 0x403fb72e900000d3, 0x403fb720000000d3,
      0x403f8000000000d3}},
    {R | W | D,
     {0x403fb72ea61d94d7, 0x403fb72ea61800d7, 0x403fb72e900000d7, 0x403fb720000000d7,
      0x403f8000000000d7}},
    {R | N,
     {0x203fb72ea61d94d3, 0x203fb72ea61800d3, 0x203fb72e900000d3, 0x203fb720000000d3,
      0x203f8000000000d3}},
    {R | W | N,
     {0x203fb72ea61d94d7, 0x203fb72ea61800d7, 0x203fb72e900000d7, 0x203fb720000000d7,
      0x203f8000000000d7}},
    {X | N,
     {0x203fb72ea61d94d9, 0x203fb72ea61800d9, 0x203fb72e900000d9, 0x203fb720000000d9,
      0x203f8000000000d9}},
    {R | X | N,
     {0x203fb72ea61d94db, 0x203fb72ea61800db, 0x203fb72e900000db, 0x203fb720000000db,
      0x203f8000000000db}},
    {R | W | X | N,
     {0x203fb72ea61d94df, 0x203fb72ea61800df, 0x203fb72e900000df, 0x203fb720000000df,
      0x203f8000000000df}},
};

/** A format and what the manual says of it. */
struct subject {
    const struct axaddr_format *format;
    const char *name;
    const struct golden *leaves;
    size_t leaf_count;
    uint8_t level_count;
    uint8_t input_width;
    bool has_pbmt;
    bool has_napot;
};

#define LEAVES(table) table, sizeof table / sizeof table[0]

static const struct subject subjects[] = {
    {&axaddr_riscv_sv39x4, "riscv_sv39x4", LEAVES(leaves), 3, 41, false, false},
    {&axaddr_riscv_sv48x4, "riscv_sv48x4", LEAVES(leaves), 4, 50, false, false},
    {&axaddr_riscv_sv57x4, "riscv_sv57x4", LEAVES(leaves), 5, 59, false, false},
    {&axaddr_riscv_sv39x4_svpbmt, "riscv_sv39x4_svpbmt", LEAVES(svpbmt_leaves), 3, 41, true, false},
    {&axaddr_riscv_sv48x4_svpbmt, "riscv_sv48x4_svpbmt", LEAVES(svpbmt_leaves), 4, 50, true, false},
    {&axaddr_riscv_sv57x4_svpbmt, "riscv_sv57x4_svpbmt", LEAVES(svpbmt_leaves), 5, 59, true, false},
    {&axaddr_riscv_sv39x4_svnapot, "riscv_sv39x4_svnapot", LEAVES(svpbmt_leaves), 3, 41, true,
     true},
    {&axaddr_riscv_sv48x4_svnapot, "riscv_sv48x4_svnapot", LEAVES(svpbmt_leaves), 4, 50, true,
     true},
    {&axaddr_riscv_sv57x4_svnapot, "riscv_sv57x4_svnapot", LEAVES(svpbmt_leaves), 5, 59, true,
     true},
};

/** What the case is about; main runs the format's cases once for each subject. */
static const struct subject *subject;
static const struct axaddr_format *format;

static uint64_t random_state;

static uint64_t random_next(void) {
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return random_state;
}

static const struct golden *golden_of(uint32_t flags) {
    size_t i;

    for (i = 0; i < subject->leaf_count; i++) {
        if (subject->leaves[i].flags == flags) {
            return &subject->leaves[i];
        }
    }
    return 0;
}

/* ---- geometry ---- */

/** "Guest Physical Address Translation": as Sv39, Sv48 and Sv57, with a root of 16 KiB. */
static void geometry(void) {
    unsigned top = subject->level_count - 1u;
    unsigned level;

    CHECK_STR(format->name, subject->name);
    CHECK_EQ(format->level_count, subject->level_count);
    CHECK_EQ(format->entry_shift, 3);
    CHECK_EQ(format->root_order, 2);
    CHECK_EQ(format->input_width, subject->input_width);
    CHECK_EQ(format->output_width, 56);
    CHECK_EQ(format->leaf_levels, (1 << subject->level_count) - 1);
    CHECK_EQ(format->run_bits, subject->has_napot ? 4 : 0);
    CHECK_EQ(format->run_levels, 1);
    for (level = 0; level <= top; level++) {
        CHECK_EQ(UINT64_C(1) << format->shift[level], sizes[level]);
        CHECK_EQ(format->index_bits[level], level == top ? 11 : 9);
    }
    CHECK(!format->is_sign_extended && format->caches_absent);
    CHECK(format->needs_break == 0 && format->publish == 0);
}

/* ---- leaves ---- */

/** All combinations: the expressible ones are those of the tables above, bit by bit. */
static void leaves_are_the_manuals(void) {
    size_t held = 0;
    uint32_t flags;

    for (flags = 0; flags <= AXADDR_MAPPING_FLAGS; flags++) {
        const struct golden *golden = golden_of(flags);
        unsigned level;

        snprintf(check_context, sizeof check_context, "%s flags %u", format->name, flags);
        if (!axaddr_flags_are_valid(flags)) {
            CHECK(golden == 0);
            continue;
        }
        CHECK_EQ(format->can_hold(flags), golden != 0);
        if (golden == 0) {
            continue;
        }
        held++;
        for (level = 0; level < subject->level_count; level++) {
            uint64_t attributes = format->attributes_of(flags, level);
            uint64_t leaf = format->make_leaf(frames[level], level, attributes);

            CHECK_EQ(leaf, golden->leaf[level]);
            CHECK_EQ(attributes, golden->leaf[level] - (frames[level] >> 2));
            CHECK_EQ(format->kind_of(leaf, level), AXADDR_ENTRY_LEAF);
            CHECK_EQ(format->flags_of(leaf, level), flags);
            CHECK_EQ(format->frame_of(leaf, level), frames[level]);
        }
    }
    CHECK_EQ(held, subject->leaf_count);
}

/** Every address bit is held and found again, at every level. */
static void addresses_are_held(void) {
    unsigned level;
    unsigned bit;

    for (level = 0; level < subject->level_count; level++) {
        uint64_t attributes = format->attributes_of(R | W, level);

        for (bit = format->shift[level]; bit < 56; bit++) {
            uint64_t frame = UINT64_C(1) << bit;
            uint64_t leaf = format->make_leaf(frame, level, attributes);
            CHECK_EQ(leaf, (UINT64_C(1) << (bit - 2)) + attributes);
            CHECK_EQ(format->frame_of(leaf, level), frame);
        }
    }
}

static void next_leaf_maps_the_next_frame(void) {
    unsigned level;
    size_t i;

    for (level = 0; level < subject->level_count; level++) {
        /* From just below a carry through all the lower index bits. */
        uint64_t frame = UINT64_C(0x007f000000000000) - 2 * sizes[level];

        for (i = 0; i < subject->leaf_count; i++) {
            uint64_t attributes = format->attributes_of(subject->leaves[i].flags, level);
            uint64_t leaf = format->make_leaf(frame, level, attributes);
            unsigned step;

            for (step = 1; step <= 4; step++) {
                leaf = format->next_leaf(leaf, level);
                CHECK_EQ(leaf, format->make_leaf(frame + step * sizes[level], level, attributes));
            }
        }
    }
}

/** From any flags to any others; A (bit 6) and D (bit 7) stay as they were. */
static void change_leaf_keeps_address_and_notes(void) {
    unsigned level;
    unsigned clear;
    size_t from;
    size_t to;

    for (level = 0; level < subject->level_count; level++) {
        for (from = 0; from < subject->leaf_count; from++) {
            for (to = 0; to < subject->leaf_count; to++) {
                uint64_t attributes = format->attributes_of(subject->leaves[to].flags, level);

                for (clear = 0; clear < 4; clear++) {
                    uint64_t notes = (uint64_t)clear << 6;
                    uint64_t leaf = subject->leaves[from].leaf[level] & ~notes;
                    CHECK_EQ(format->change_leaf(leaf, level, attributes),
                             subject->leaves[to].leaf[level] & ~notes);
                }
            }
        }
    }
}

/** Leaves look alike at every level, so a leaf's first part has its bits: A, D and all. */
static void split_leaf_maps_the_first_part(void) {
    unsigned level;
    unsigned clear;
    size_t i;

    for (level = 1; level < subject->level_count; level++) {
        for (i = 0; i < subject->leaf_count; i++) {
            for (clear = 0; clear < 4; clear++) {
                uint64_t leaf = subject->leaves[i].leaf[level] & ~((uint64_t)clear << 6);
                uint64_t part = format->split_leaf(leaf, level);

                CHECK_EQ(part, leaf);
                CHECK_EQ(format->kind_of(part, level - 1), AXADDR_ENTRY_LEAF);
                CHECK_EQ(format->flags_of(part, level - 1), subject->leaves[i].flags);
                CHECK_EQ(format->frame_of(part, level - 1), frames[level]);
            }
        }
    }
    /* A misaligned 2 MiB leaf (PPN[0] not 0; hardware faults): its low PPN bits are no address. */
    CHECK_EQ(format->frame_of(0x00000000200204d7, 1), 0x80000000);
    CHECK_EQ(format->split_leaf(0x00000000200204d7, 1), 0x00000000200000d7);
}

/** "Svnapot": N is bit 63, and PPN[3:0] is 0b1000, whichever page of the run it was. */
static void runs_are_the_manuals(void) {
    uint64_t leaf = 0x003fb72ea61d94df; /* PPN[3:0] is 5 */
    uint64_t run = 0x803fb72ea61da0df;
    unsigned low;

    CHECK_EQ(format->make_run(leaf, 0), run);
    CHECK_EQ(format->plain_leaf(run, 0, 5), leaf);
    CHECK_EQ(format->plain_leaf(run, 0, 0x1f5), leaf);
    CHECK_EQ(format->plain_leaf(leaf, 0, 6), leaf);
    CHECK_EQ(format->plain_leaf(run & ~UINT64_C(1), 0, 5), run & ~UINT64_C(1)); /* absent */
    CHECK_EQ(format->change_leaf(run, 0, format->attributes_of(R, 0)), 0x803fb72ea61da0d3);
    for (low = 0; low < 16; low++) {
        uint64_t entry = (run & ~UINT64_C(0x3c00)) | (uint64_t)low << 10;

        CHECK_EQ(format->kind_of(entry, 0),
                 subject->has_napot && low == 8 ? AXADDR_ENTRY_LEAF : AXADDR_ENTRY_ABSENT);
        CHECK_EQ(format->kind_of(entry, 1), AXADDR_ENTRY_ABSENT);
    }
    CHECK_EQ(format->kind_of(0x803fb72ea61da001, 0), AXADDR_ENTRY_ABSENT);
    CHECK_EQ(format->kind_of(0x803fb72ea61da001, 1), AXADDR_ENTRY_ABSENT); /* in a pointer */
}

/** A is bit 6, D bit 7; a write sets both, all else A only. */
static void notes(void) {
    uint64_t leaf = 0x003fb72ea61d941f;
    unsigned level;

    CHECK_EQ(format->noted, 0xc0);
    for (level = 0; level < subject->level_count; level++) {
        CHECK_EQ(format->notes_of(leaf, level), 0);
        CHECK_EQ(format->notes_of(leaf | 0x40, level), AXADDR_ACCESSED);
        CHECK_EQ(format->notes_of(leaf | 0x80, level), AXADDR_DIRTY);
        CHECK_EQ(format->clear_notes(leaf | 0xc0, level, AXADDR_ACCESSED), leaf | 0x80);
        CHECK_EQ(format->clear_notes(leaf | 0xc0, level, AXADDR_DIRTY), leaf | 0x40);
        CHECK_EQ(format->clear_notes(leaf | 0xc0, level, 0), leaf | 0xc0);
        CHECK_EQ(format->note_access(leaf, level, R), leaf | 0x40);
        CHECK_EQ(format->note_access(leaf, level, X), leaf | 0x40);
        CHECK_EQ(format->note_access(leaf, level, W), leaf | 0xc0);
        CHECK_EQ(format->note_access(leaf | 0x80, level, R), leaf | 0xc0);
    }
}

/* ---- tables, absent entries, kinds ---- */

static void tables(void) {
    unsigned level;

    for (level = 1; level < subject->level_count; level++) {
        uint64_t entry = format->make_table(0x00fedcba98765000, level);
        CHECK_EQ(entry, 0x003fb72ea61d9401); /* only V: U, A, D and PBMT are reserved in a table */
        CHECK_EQ(format->kind_of(entry, level), AXADDR_ENTRY_TABLE);
        CHECK_EQ(format->table_of(entry), 0x00fedcba98765000);
    }
    CHECK_EQ(format->table_of(0xffe00000000007ff), 0x0080000000001000);
}

static void absent_entries(void) {
    static const uint64_t values[] = {
        0,
        1,
        0x5555555,
        0xfffffff,
        UINT64_C(0x80000000000),
        UINT64_C(0x123456789ab),
        UINT64_C(0xfffffffffff), /* 44 bits: the page number of a 56-bit address */
    };
    unsigned kind;
    unsigned level;
    size_t i;

    CHECK_EQ(format->empty, 0);
    CHECK_EQ(format->make_absent(AXADDR_ABSENT_EMPTY, 0), format->empty);
    CHECK_EQ(format->absent_kind(format->empty), AXADDR_ABSENT_EMPTY);
    for (kind = AXADDR_ABSENT_RESERVED; kind <= AXADDR_ABSENT_BACKED; kind++) {
        for (i = 0; i < sizeof values / sizeof values[0]; i++) {
            uint64_t entry = format->make_absent((enum axaddr_absent_kind)kind, values[i]);

            CHECK_EQ(format->absent_kind(entry), kind);
            CHECK_EQ(format->absent_value(entry), values[i]);
            CHECK_EQ(entry & 1, 0); /* V clear: "all other bits ... are don't-cares" */
            CHECK(entry != format->empty);
            for (level = 0; level < subject->level_count; level++) {
                CHECK_EQ(format->kind_of(entry, level), AXADDR_ENTRY_ABSENT);
            }
        }
    }
}

static bool bit(uint64_t entry, unsigned number) {
    return ((entry >> number) & 1) != 0;
}

/** "Virtual Address Translation Process", steps 3 to 5, spelled out; what faults is absent. */
static enum axaddr_entry_kind spec_kind(uint64_t entry, unsigned level) {
    uint64_t pbmt = (entry >> 61) % 4;
    bool v = bit(entry, 0), r = bit(entry, 1), w = bit(entry, 2), x = bit(entry, 3);
    bool u = bit(entry, 4), a = bit(entry, 6), d = bit(entry, 7);
    unsigned number;

    if (!v || (!r && w)) {
        return AXADDR_ENTRY_ABSENT;
    }
    for (number = 54; number <= 60; number++) {
        if (bit(entry, number)) {
            return AXADDR_ENTRY_ABSENT; /* reserved for future standard use */
        }
    }
    if (bit(entry, 63) && !(subject->has_napot && level == 0 && ((entry >> 10) & 15) == 8)) {
        return AXADDR_ENTRY_ABSENT; /* N, of Svnapot: pages of 64 KiB only */
    }
    if (!r && !x) {
        return level > 0 && !u && !a && !d && pbmt == 0 ? AXADDR_ENTRY_TABLE : AXADDR_ENTRY_ABSENT;
    }
    if (!u || pbmt == 3 || (pbmt != 0 && !subject->has_pbmt)) {
        return AXADDR_ENTRY_ABSENT;
    }
    return AXADDR_ENTRY_LEAF;
}

/** Any 64 bits at any level: the manual's kind, and hooks that stay within their own ranges. */
static void any_bits_have_a_kind(void) {
    size_t seen[3] = {0, 0, 0};
    size_t round;

    random_state = SEED;
    for (round = 0; round < RANDOM_ROUNDS; round++) {
        uint64_t entry = random_next();
        unsigned level;

        /* All low bytes first, with the high bits that matter; then random ones, most of them with
           few high bits, for with many nearly everything is reserved. */
        if (round < 256 * 8) {
            entry = (round % 256) | ((uint64_t)(round / 256) << 61);
        } else if (round < 256 * 8 + 256 * 10) {
            entry = (round % 256) | (UINT64_C(1) << (54 + (round / 256) % 10));
        } else if (round % 4 == 1) {
            entry &= UINT64_C(0x003fffffffffff21); /* half of these are tables */
        } else if (round % 4 != 0) {
            entry &= UINT64_C(0x603fffffffffffff);
        }
        for (level = 0; level < subject->level_count; level++) {
            enum axaddr_entry_kind kind = format->kind_of(entry, level);

            snprintf(check_context, sizeof check_context, "%s 0x%" PRIx64 " level %u", format->name,
                     entry, level);
            CHECK_EQ(kind, spec_kind(entry, level));
            seen[kind]++;
            CHECK_EQ(format->table_of(entry) & ~UINT64_C(0x00fffffffffff000), 0);
            CHECK_EQ(format->frame_of(entry, level) & (sizes[level] - 1), 0);
            CHECK_EQ(format->frame_of(entry, level) >> 56, 0);
            CHECK_EQ(format->flags_of(entry, level) & ~AXADDR_MAPPING_FLAGS, 0);
        }
    }
    CHECK(seen[0] > 1000 && seen[1] > 1000 && seen[2] > 1000);
}

/* ---- hgatp ---- */

/** "hgatp": MODE 63:60 (8, 9, 10: Sv39x4, Sv48x4, Sv57x4), VMID 57:44, PPN 43:0; the root is 16 KiB aligned. */
static void hgatp(void) {
    static const uint64_t modes[] = {0x8000000000000000, 0x9000000000000000, 0xa000000000000000};
    uint64_t mode = modes[subject->level_count - 3];
    struct axaddr_format other = *format;
    uint64_t value = 77;
    unsigned i;

    other.root_order = 0; /* stage 1 */
    CHECK_EQ(axaddr_riscv_gstage_hgatp(&other, axaddr_hpa(0x80204000), 1, &value), AXADDR_INVALID);
    other.root_order = 2;
    other.output_width = 34; /* Sv32x4 */
    CHECK_EQ(axaddr_riscv_gstage_hgatp(&other, axaddr_hpa(0x80204000), 1, &value), AXADDR_INVALID);
    for (i = 12; i < 14; i++) {
        axaddr_hpa_t root = axaddr_hpa(0x80200000 + (UINT64_C(1) << i));
        CHECK_EQ(axaddr_riscv_gstage_hgatp(format, root, 1, &value), AXADDR_INVALID);
    }
    CHECK_EQ(axaddr_riscv_gstage_hgatp(format, axaddr_hpa(UINT64_C(1) << 56), 1, &value),
             AXADDR_INVALID);
    CHECK_EQ(axaddr_riscv_gstage_hgatp(format, axaddr_hpa(0x80204000), 0x4000, &value),
             AXADDR_INVALID);
    CHECK_EQ(value, 77);
    CHECK_EQ(axaddr_riscv_gstage_hgatp(format, axaddr_hpa(0x80204000), 1, &value), AXADDR_OK);
    CHECK_EQ(value, mode | UINT64_C(0x0000100000080204));
    CHECK_EQ(axaddr_riscv_gstage_hgatp(format, axaddr_hpa(0x00ffffffffffc000), 0x3fff, &value),
             AXADDR_OK);
    CHECK_EQ(value, mode | UINT64_C(0x03fffffffffffffc));
}

/** For a root that was chosen: that of the constant format of the same geometry, and no other. */
static void hgatp_of_a_chosen_root(void) {
    const struct axaddr_format *sized = &axaddr_riscv_gstage;
    axaddr_hpa_t root = axaddr_hpa(0x80204000);
    unsigned levels;
    unsigned bits;

    for (levels = 0; levels <= 6; levels++) {
        for (bits = 0; bits <= 12; bits++) {
            struct axaddr_geometry geometry = {(uint8_t)levels, (uint8_t)bits};
            bool is_good = bits == 11 && levels >= 3 && levels <= 5;
            uint64_t value = 77;

            CHECK_EQ(axaddr_riscv_gstage_hgatp_sized(sized, &geometry, root, 1, &value),
                     is_good ? AXADDR_OK : AXADDR_INVALID);
            CHECK_EQ(value, is_good ? (uint64_t)(levels + 5) << 60 | 0x100000080204 : 77);
            is_good = is_good && levels == format->level_count;
            CHECK_EQ(axaddr_riscv_gstage_hgatp_sized(format, &geometry, root, 1, &value),
                     is_good ? AXADDR_OK : AXADDR_INVALID);
        }
    }
}

/* ---- traps ---- */

struct trap {
    uint64_t scause;
    uint64_t stval;
    uint64_t htval;
    uint64_t htinst;
    enum axaddr_status status;
    uint64_t gpa;
    uint32_t access;
    bool is_walk;
    const char *what;
};

static const struct trap traps[] = {
    {20, 0xffffffff80001002, 0x20000400, 0, AXADDR_OK, 0x80001002, X, false, "fetch"},
    {21, 0x0000000000402ffd, 0x20000bff, 0, AXADDR_OK, 0x80002ffd, R, false, "load"},
    {23, 0x0000000010000003, 0x04000000, 0, AXADDR_OK, 0x10000003, W, false, "store"},
    {21, 0x00000000c0000000, 0x04000001, 0x00053503, AXADDR_OK, 0x10000004, R, false,
     "load with its transformed instruction (ld a0, 0(a0))"},
    {23, 0x00000000c0000001, 0x04000000, 0x00a50021, AXADDR_OK, 0x10000001, W, false,
     "store with a compressed one"},
    {21, 0xffffffff80001003, 0x10001000, 0x3000, AXADDR_OK, 0x40004000, R, true, "walk of a load"},
    {23, 0xffffffff80001007, 0x10001002, 0x3000, AXADDR_OK, 0x40004008, R, true, "walk of a store"},
    {20, 0xffffffff80001002, 0x10001000, 0x3000, AXADDR_OK, 0x40004000, R, true, "walk of a fetch"},
    {21, 0xffffffff80001001, 0x10001000, 0x3020, AXADDR_OK, 0x40004000, W, true, "A of a load"},
    {23, 0xffffffff80001001, 0x10001001, 0x2020, AXADDR_OK, 0x40004004, W, true,
     "A, D, RV32 guest"},
    {20, 0x80001002, 0x10001001, 0x2000, AXADDR_OK, 0x40004004, R, true, "walk, RV32 guest"},
    {21, 0x1001, 0x20000400, 0x300000003020, AXADDR_OK, 0x80001001, R, false,
     "no pseudoinstruction"},
    {21, 0x1000, UINT64_C(0x3fffffffffff), 0, AXADDR_OK, UINT64_C(0xfffffffffffc), R, false,
     "48-bit address"},
    {23, 0, 0x04000000, 0, AXADDR_OK, 0x10000000, W, false, "stval not told, or address 0"},
    {22, 0x1000, 0x400, 0, AXADDR_INVALID, 0, 0, false, "virtual instruction"},
    {13, 0x1000, 0x400, 0, AXADDR_INVALID, 0, 0, false, "load page fault (the guest's own)"},
    {5, 0x1000, 0x400, 0, AXADDR_INVALID, 0, 0, false, "load access fault"},
    {10, 0, 0, 0, AXADDR_INVALID, 0, 0, false, "ecall from VS-mode"},
    {UINT64_C(0x8000000000000015), 0, 0, 0, AXADDR_INVALID, 0, 0, false,
     "an interrupt numbered 21"},
    {0x80000014, 0, 0, 0, AXADDR_INVALID, 0, 0, false, "an interrupt numbered 20, RV32"},
};

/** "Guest-Page Faults", "htinst", table of pseudoinstructions. */
static void traps_are_decoded(void) {
    size_t i;

    for (i = 0; i < sizeof traps / sizeof traps[0]; i++) {
        const struct trap *t = &traps[i];
        struct axaddr_exit exit;

        memset(&exit, 0x5a, sizeof exit);
        snprintf(check_context, sizeof check_context, "%s", t->what);
        CHECK_EQ(axaddr_riscv_gstage_decode(t->scause, t->stval, t->htval, t->htinst, &exit),
                 t->status);
        if (t->status != AXADDR_OK) {
            CHECK_EQ(exit.access, 0x5a5a5a5a);
            continue;
        }
        CHECK_EQ(exit.gpa.raw, t->gpa);
        CHECK_EQ(exit.access, t->access);
        CHECK_EQ(exit.is_guest_walk, t->is_walk);
        CHECK(!exit.is_page_only && !exit.is_permission);
        CHECK_EQ(exit.gva.raw, t->stval);
        CHECK_EQ(exit.is_gva_valid, t->stval != 0);
    }
}

static void reserved_in_one_test(void) {
    check_reserved(format);
}

int main(void) {
    size_t i;

    printf("test_format_riscv: seed 0x%" PRIx64 "\n", SEED);
    for (i = 0; i < sizeof subjects / sizeof subjects[0]; i++) {
        subject = &subjects[i];
        format = subject->format;
        CASE(geometry);
        CASE(leaves_are_the_manuals);
        CASE(addresses_are_held);
        CASE(next_leaf_maps_the_next_frame);
        CASE(change_leaf_keeps_address_and_notes);
        CASE(split_leaf_maps_the_first_part);
        CASE(runs_are_the_manuals);
        CASE(notes);
        CASE(tables);
        CASE(absent_entries);
        CASE(reserved_in_one_test);
        CASE(any_bits_have_a_kind);
        CASE(hgatp);
        CASE(hgatp_of_a_chosen_root);
    }
    CASE(traps_are_decoded);
    return check_report("test_format_riscv");
}
