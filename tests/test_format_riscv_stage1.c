/* SPDX-License-Identifier: MIT
 *
 * test_format_riscv_stage1.c: the one-stage formats of RV64 against entries, satp values and trap
 * registers that were written out from the privileged manual by hand. Nothing in here asks the
 * header for a bit.
 */
#include "../axaddr_arch/riscv_gstage.h"
#include "../axaddr_arch/riscv_stage1.h"
#include "check.h"
#include "format_check.h"

#define SEED          UINT64_C(0x9e3779b97f4a7c15)
#define RANDOM_ROUNDS 200000

/* The flags, in one letter each so that the tables below can be read. */
#define R AXADDR_READ
#define W AXADDR_WRITE
#define X AXADDR_EXECUTE
#define U AXADDR_USER
#define G AXADDR_GLOBAL
#define D AXADDR_DEVICE
#define N AXADDR_UNCACHED

/* Frames that use bit 55 and, but for the last, the lowest bit of their size: 4 KiB, 2 MiB, 1 GiB,
   512 GiB, 256 TiB; and where an entry has them: bits 53:10, the frame >> 12. */
static const uint64_t frames[5] = {0x00fedcba98765000, 0x00fedcba98600000, 0x00fedcba40000000,
                                   0x00fedc8000000000, 0x00fe000000000000};
static const uint64_t ppns[5] = {0x003fb72ea61d9400, 0x003fb72ea6180000, 0x003fb72e90000000,
                                 0x003fb72000000000, 0x003f800000000000};
static const uint64_t sizes[5] = {0x1000, 0x200000, 0x40000000, UINT64_C(0x8000000000),
                                  UINT64_C(0x1000000000000)};

/** Mapping flags, and all bits of a leaf that holds them but for its PPN: alike at every level. */
struct golden {
    uint32_t flags;
    uint64_t bits;
};

/*
 * Privileged manual, "Sv39", figure of the entry: V 0, R 1, W 2, X 3, U 4, G 5, A 6, D 7, RSW 9:8
 * (bit 8 is our device).
 */
static const struct golden leaves[] = {
    {R, 0xc3},          {R | U, 0xd3},          {R | G, 0xe3},          {R | U | G, 0xf3},
    {R | W, 0xc7},      {R | W | U, 0xd7},      {R | W | G, 0xe7},      {R | W | U | G, 0xf7},
    {X, 0xc9},          {X | U, 0xd9},          {X | G, 0xe9},          {X | U | G, 0xf9},
    {R | X, 0xcb},      {R | X | U, 0xdb},      {R | X | G, 0xeb},      {R | X | U | G, 0xfb},
    {R | W | X, 0xcf},  {R | W | X | U, 0xdf},  {R | W | X | G, 0xef},  {R | W | X | U | G, 0xff},
    {R | D, 0x1c3},     {R | U | D, 0x1d3},     {R | G | D, 0x1e3},     {R | U | G | D, 0x1f3},
    {R | W | D, 0x1c7}, {R | W | U | D, 0x1d7}, {R | W | G | D, 0x1e7}, {R | W | U | G | D, 0x1f7},
};

/* "Svpbmt": PBMT in bits 62:61, 1 NC, 2 IO. */
static const struct golden svpbmt_leaves[] = {
    {R, 0xc3},
    {R | U, 0xd3},
    {R | G, 0xe3},
    {R | U | G, 0xf3},
    {R | W, 0xc7},
    {R | W | U, 0xd7},
    {R | W | G, 0xe7},
    {R | W | U | G, 0xf7},
    {X, 0xc9},
    {X | U, 0xd9},
    {X | G, 0xe9},
    {X | U | G, 0xf9},
    {R | X, 0xcb},
    {R | X | U, 0xdb},
    {R | X | G, 0xeb},
    {R | X | U | G, 0xfb},
    {R | W | X, 0xcf},
    {R | W | X | U, 0xdf},
    {R | W | X | G, 0xef},
    {R | W | X | U | G, 0xff},
    {R | D, 0x40000000000000c3},
    {R | U | D, 0x40000000000000d3},
    {R | G | D, 0x40000000000000e3},
    {R | U | G | D, 0x40000000000000f3},
    {R | W | D, 0x40000000000000c7},
    {R | W | U | D, 0x40000000000000d7},
    {R | W | G | D, 0x40000000000000e7},
    {R | W | U | G | D, 0x40000000000000f7},
    {R | N, 0x20000000000000c3},
    {R | U | N, 0x20000000000000d3},
    {R | G | N, 0x20000000000000e3},
    {R | U | G | N, 0x20000000000000f3},
    {R | W | N, 0x20000000000000c7},
    {R | W | U | N, 0x20000000000000d7},
    {R | W | G | N, 0x20000000000000e7},
    {R | W | U | G | N, 0x20000000000000f7},
    {X | N, 0x20000000000000c9},
    {X | U | N, 0x20000000000000d9},
    {X | G | N, 0x20000000000000e9},
    {X | U | G | N, 0x20000000000000f9},
    {R | X | N, 0x20000000000000cb},
    {R | X | U | N, 0x20000000000000db},
    {R | X | G | N, 0x20000000000000eb},
    {R | X | U | G | N, 0x20000000000000fb},
    {R | W | X | N, 0x20000000000000cf},
    {R | W | X | U | N, 0x20000000000000df},
    {R | W | X | G | N, 0x20000000000000ef},
    {R | W | X | U | G | N, 0x20000000000000ff},
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
    {&axaddr_riscv_sv39, "riscv_sv39", LEAVES(leaves), 3, 39, false, false},
    {&axaddr_riscv_sv48, "riscv_sv48", LEAVES(leaves), 4, 48, false, false},
    {&axaddr_riscv_sv57, "riscv_sv57", LEAVES(leaves), 5, 57, false, false},
    {&axaddr_riscv_sv39_svpbmt, "riscv_sv39_svpbmt", LEAVES(svpbmt_leaves), 3, 39, true, false},
    {&axaddr_riscv_sv48_svpbmt, "riscv_sv48_svpbmt", LEAVES(svpbmt_leaves), 4, 48, true, false},
    {&axaddr_riscv_sv57_svpbmt, "riscv_sv57_svpbmt", LEAVES(svpbmt_leaves), 5, 57, true, false},
    {&axaddr_riscv_sv39_svnapot, "riscv_sv39_svnapot", LEAVES(svpbmt_leaves), 3, 39, true, true},
    {&axaddr_riscv_sv48_svnapot, "riscv_sv48_svnapot", LEAVES(svpbmt_leaves), 4, 48, true, true},
    {&axaddr_riscv_sv57_svnapot, "riscv_sv57_svnapot", LEAVES(svpbmt_leaves), 5, 57, true, true},
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

/** "Sv39", "Sv48", "Sv57": nine bits a level, tables of 4 KiB. */
static void geometry(void) {
    unsigned top = subject->level_count - 1u;
    unsigned level;

    CHECK_STR(format->name, subject->name);
    CHECK_EQ(format->level_count, subject->level_count);
    CHECK_EQ(format->entry_shift, 3);
    CHECK_EQ(format->root_order, 0);
    CHECK_EQ(format->input_width, subject->input_width);
    CHECK_EQ(format->output_width, 56);
    CHECK_EQ(format->leaf_levels, (1 << subject->level_count) - 1);
    CHECK_EQ(format->run_bits, subject->has_napot ? 4 : 0);
    CHECK_EQ(format->run_levels, 1);
    for (level = 0; level <= top; level++) {
        CHECK_EQ(UINT64_C(1) << format->shift[level], sizes[level]);
        CHECK_EQ(format->index_bits[level], 9);
    }
    CHECK(format->is_sign_extended && format->caches_absent);
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

            CHECK_EQ(leaf, ppns[level] | golden->bits);
            CHECK_EQ(attributes, golden->bits);
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
                    uint64_t leaf = (ppns[level] | subject->leaves[from].bits) & ~notes;
                    CHECK_EQ(format->change_leaf(leaf, level, attributes),
                             (ppns[level] | subject->leaves[to].bits) & ~notes);
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
                uint64_t leaf = (ppns[level] | subject->leaves[i].bits) & ~((uint64_t)clear << 6);
                uint64_t part = format->split_leaf(leaf, level);

                CHECK_EQ(part, leaf);
                CHECK_EQ(format->kind_of(part, level - 1), AXADDR_ENTRY_LEAF);
                CHECK_EQ(format->flags_of(part, level - 1), subject->leaves[i].flags);
                CHECK_EQ(format->frame_of(part, level - 1), frames[level]);
            }
        }
    }
    /* A misaligned 2 MiB leaf (PPN[0] not 0; hardware faults): its low PPN bits are no address. */
    CHECK_EQ(format->frame_of(0x00000000200204c7, 1), 0x80000000);
    CHECK_EQ(format->split_leaf(0x00000000200204c7, 1), 0x00000000200000c7);
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
    CHECK_EQ(format->change_leaf(run, 0, format->attributes_of(R | U, 0)), 0x803fb72ea61da0d3);
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
        CHECK_EQ(entry, 0x003fb72ea61d9401); /* only V: U, A, D and PBMT are reserved */
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
    bool u = bit(entry, 4), g = bit(entry, 5), a = bit(entry, 6), d = bit(entry, 7);
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
        /* G in a pointer is for all below it: nothing of ours, so not followed. */
        return level > 0 && !u && !g && !a && !d && pbmt == 0 ? AXADDR_ENTRY_TABLE
                                                              : AXADDR_ENTRY_ABSENT;
    }
    if (pbmt == 3 || (pbmt != 0 && !subject->has_pbmt)) {
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

/* ---- satp ---- */

/** "satp": MODE 63:60 (8, 9, 10: Sv39, Sv48, Sv57), ASID 59:44, PPN 43:0. */
static void satp(void) {
    static const uint64_t modes[] = {0x8000000000000000, 0x9000000000000000, 0xa000000000000000};
    uint64_t mode = modes[subject->level_count - 3];
    uint64_t value = 77;

    CHECK_EQ(axaddr_riscv_stage1_satp(format, axaddr_hpa(0x80200800), 1, &value), AXADDR_INVALID);
    CHECK_EQ(axaddr_riscv_stage1_satp(format, axaddr_hpa(UINT64_C(1) << 56), 1, &value),
             AXADDR_INVALID);
    CHECK_EQ(axaddr_riscv_stage1_satp(format, axaddr_hpa(0x80201000), 0x10000, &value),
             AXADDR_INVALID);
    CHECK_EQ(axaddr_riscv_stage1_satp(&axaddr_riscv_sv39x4, axaddr_hpa(0x80204000), 1, &value),
             AXADDR_INVALID);
    CHECK_EQ(value, 77);
    CHECK_EQ(axaddr_riscv_gstage_hgatp(format, axaddr_hpa(0x80204000), 1, &value), AXADDR_INVALID);
    CHECK_EQ(axaddr_riscv_stage1_satp(format, axaddr_hpa(0x80201000), 1, &value), AXADDR_OK);
    CHECK_EQ(value, mode | UINT64_C(0x0000100000080201));
    CHECK_EQ(axaddr_riscv_stage1_satp(format, axaddr_hpa(0x00fffffffffff000), 0xffff, &value),
             AXADDR_OK);
    CHECK_EQ(value, mode | UINT64_C(0x0fffffffffffffff));
    CHECK_EQ(axaddr_riscv_stage1_satp(format, axaddr_hpa(0), 0, &value), AXADDR_OK);
    CHECK_EQ(value, mode);
}

/* ---- traps ---- */

struct trap {
    uint64_t scause;
    uint64_t stval;
    uint64_t sstatus;
    enum axaddr_status status;
    uint32_t access;
    const char *what;
};

/* SPP is bit 8 of sstatus; SIE (1), SPIE (5), SUM (18) and MXR (19) change nothing. */
static const struct trap traps[] = {
    {12, 0xffffffff80001002, 0x100, AXADDR_OK, X, "fetch of S-mode"},
    {13, 0x0000000000402ffd, 0x100, AXADDR_OK, R, "load of S-mode"},
    {15, 0x0000000010000003, 0x120, AXADDR_OK, W, "store of S-mode"},
    {12, 0x0000000000010000, 0x000, AXADDR_OK, X | U, "fetch of user mode"},
    {13, 0x0000003fffffffff, 0xc0022, AXADDR_OK, R | U, "load of user mode"},
    {15, 0x0000000000000000, 0xfffffffffffffeff, AXADDR_OK, W | U, "store of user mode, address 0"},
    {14, 0x1000, 0x100, AXADDR_INVALID, 0, "reserved"},
    {16, 0x1000, 0x100, AXADDR_INVALID, 0, "double trap"},
    {1, 0x1000, 0x100, AXADDR_INVALID, 0, "fetch access fault"},
    {5, 0x1000, 0x100, AXADDR_INVALID, 0, "load access fault"},
    {7, 0x1000, 0x100, AXADDR_INVALID, 0, "store access fault"},
    {8, 0, 0, AXADDR_INVALID, 0, "ecall from user mode"},
    {20, 0x1000, 0x100, AXADDR_INVALID, 0, "guest-page fault of a fetch"},
    {21, 0x1000, 0x100, AXADDR_INVALID, 0, "guest-page fault of a load"},
    {23, 0x1000, 0x100, AXADDR_INVALID, 0, "guest-page fault of a store"},
    {UINT64_C(0x800000000000000d), 0, 0, AXADDR_INVALID, 0, "an interrupt numbered 13"},
    {0x8000000c, 0, 0, AXADDR_INVALID, 0, "an interrupt numbered 12, RV32"},
};

/** "scause", table of exception codes; "stval". */
static void traps_are_decoded(void) {
    size_t i;

    for (i = 0; i < sizeof traps / sizeof traps[0]; i++) {
        const struct trap *t = &traps[i];
        struct axaddr_riscv_page_fault fault;

        memset(&fault, 0x5a, sizeof fault);
        snprintf(check_context, sizeof check_context, "%s", t->what);
        CHECK_EQ(axaddr_riscv_stage1_decode(t->scause, t->stval, t->sstatus, &fault), t->status);
        CHECK_EQ(fault.access, t->status == AXADDR_OK ? t->access : 0x5a5a5a5a);
        CHECK_EQ(fault.gva.raw, t->status == AXADDR_OK ? t->stval : 0x5a5a5a5a5a5a5a5a);
    }
}

static void reserved_in_one_test(void) {
    check_reserved(format);
}

int main(void) {
    size_t i;

    printf("test_format_riscv_stage1: seed 0x%" PRIx64 "\n", SEED);
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
        CASE(satp);
    }
    CASE(traps_are_decoded);
    return check_report("test_format_riscv_stage1");
}
