/* SPDX-License-Identifier: MIT
 *
 * test_format_loongarch64.c: the formats of LoongArch64 against entries, registers and exceptions
 * that were written out from the Reference Manual (Volume 1) by hand, and against the simulated
 * MMU's view of it (sim_loongarch.h). Nothing in here asks the header for a bit.
 */
#include "../axaddr_arch/loongarch64.h"
#include "../axaddr_arch/riscv_stage1.h"
#include "check.h"
#include "format_check.h"
#include "sim_loongarch.h"

#define SEED          UINT64_C(0x9e3779b97f4a7c15)
#define RANDOM_ROUNDS 200000

/* The flags, in one letter each so that the table below can be read. */
#define R AXADDR_READ
#define W AXADDR_WRITE
#define X AXADDR_EXECUTE
#define U AXADDR_USER
#define G AXADDR_GLOBAL
#define D AXADDR_DEVICE
#define N AXADDR_UNCACHED

/** Mapping flags, and all bits of a page and of a huge page that hold them but for the address. */
struct golden {
    uint32_t flags;
    uint64_t page;
    uint64_t huge;
};

/*
 * 5.4.5, Figures 8 and 9: V 0, D 1, PLV 3:2, MAT 5:4 (5.3: 0 strongly-ordered uncached, 1 cached, 2
 * weakly-ordered uncached), G 6 or H 6 and G 12, P 7, W 8, NR 61, NX 62, RPLV 63.
 */
static const struct golden leaves[] = {{R | W | X, 0x193, 0x1d3},
                                       {R | W, 0x4000000000000193, 0x40000000000001d3},
                                       {R | X, 0x91, 0xd1},
                                       {R, 0x4000000000000091, 0x40000000000000d1},
                                       {W | X, 0x2000000000000193, 0x20000000000001d3},
                                       {W, 0x6000000000000193, 0x60000000000001d3},
                                       {X, 0x2000000000000091, 0x20000000000000d1},
                                       {R | W | X | U, 0x19f, 0x1df},
                                       {R | W | U, 0x400000000000019f, 0x40000000000001df},
                                       {R | X | U, 0x9d, 0xdd},
                                       {R | U, 0x400000000000009d, 0x40000000000000dd},
                                       {W | X | U, 0x200000000000019f, 0x20000000000001df},
                                       {W | U, 0x600000000000019f, 0x60000000000001df},
                                       {X | U, 0x200000000000009d, 0x20000000000000dd},
                                       {R | W | X | G, 0x1d3, 0x11d3},
                                       {R | W | G, 0x40000000000001d3, 0x40000000000011d3},
                                       {R | X | G, 0xd1, 0x10d1},
                                       {R | G, 0x40000000000000d1, 0x40000000000010d1},
                                       {W | X | G, 0x20000000000001d3, 0x20000000000011d3},
                                       {W | G, 0x60000000000001d3, 0x60000000000011d3},
                                       {X | G, 0x20000000000000d1, 0x20000000000010d1},
                                       {R | W | X | U | G, 0x1df, 0x11df},
                                       {R | W | U | G, 0x40000000000001df, 0x40000000000011df},
                                       {R | X | U | G, 0xdd, 0x10dd},
                                       {R | U | G, 0x40000000000000dd, 0x40000000000010dd},
                                       {W | X | U | G, 0x20000000000001df, 0x20000000000011df},
                                       {W | U | G, 0x60000000000001df, 0x60000000000011df},
                                       {X | U | G, 0x20000000000000dd, 0x20000000000010dd},
                                       {R | W | D, 0x4000000000000183, 0x40000000000001c3},
                                       {R | D, 0x4000000000000081, 0x40000000000000c1},
                                       {W | D, 0x6000000000000183, 0x60000000000001c3},
                                       {R | W | U | D, 0x400000000000018f, 0x40000000000001cf},
                                       {R | U | D, 0x400000000000008d, 0x40000000000000cd},
                                       {W | U | D, 0x600000000000018f, 0x60000000000001cf},
                                       {R | W | G | D, 0x40000000000001c3, 0x40000000000011c3},
                                       {R | G | D, 0x40000000000000c1, 0x40000000000010c1},
                                       {W | G | D, 0x60000000000001c3, 0x60000000000011c3},
                                       {R | W | U | G | D, 0x40000000000001cf, 0x40000000000011cf},
                                       {R | U | G | D, 0x40000000000000cd, 0x40000000000010cd},
                                       {W | U | G | D, 0x60000000000001cf, 0x60000000000011cf},
                                       {R | W | X | N, 0x1a3, 0x1e3},
                                       {R | W | N, 0x40000000000001a3, 0x40000000000001e3},
                                       {R | X | N, 0xa1, 0xe1},
                                       {R | N, 0x40000000000000a1, 0x40000000000000e1},
                                       {W | X | N, 0x20000000000001a3, 0x20000000000001e3},
                                       {W | N, 0x60000000000001a3, 0x60000000000001e3},
                                       {X | N, 0x20000000000000a1, 0x20000000000000e1},
                                       {R | W | X | U | N, 0x1af, 0x1ef},
                                       {R | W | U | N, 0x40000000000001af, 0x40000000000001ef},
                                       {R | X | U | N, 0xad, 0xed},
                                       {R | U | N, 0x40000000000000ad, 0x40000000000000ed},
                                       {W | X | U | N, 0x20000000000001af, 0x20000000000001ef},
                                       {W | U | N, 0x60000000000001af, 0x60000000000001ef},
                                       {X | U | N, 0x20000000000000ad, 0x20000000000000ed},
                                       {R | W | X | G | N, 0x1e3, 0x11e3},
                                       {R | W | G | N, 0x40000000000001e3, 0x40000000000011e3},
                                       {R | X | G | N, 0xe1, 0x10e1},
                                       {R | G | N, 0x40000000000000e1, 0x40000000000010e1},
                                       {W | X | G | N, 0x20000000000001e3, 0x20000000000011e3},
                                       {W | G | N, 0x60000000000001e3, 0x60000000000011e3},
                                       {X | G | N, 0x20000000000000e1, 0x20000000000010e1},
                                       {R | W | X | U | G | N, 0x1ef, 0x11ef},
                                       {R | W | U | G | N, 0x40000000000001ef, 0x40000000000011ef},
                                       {R | X | U | G | N, 0xed, 0x10ed},
                                       {R | U | G | N, 0x40000000000000ed, 0x40000000000010ed},
                                       {W | X | U | G | N, 0x20000000000001ef, 0x20000000000011ef},
                                       {W | U | G | N, 0x60000000000001ef, 0x60000000000011ef},
                                       {X | U | G | N, 0x20000000000000ed, 0x20000000000010ed}

};
#define LEAF_COUNT (sizeof leaves / sizeof leaves[0])

/** A format and what the manual says of it. */
struct subject {
    const struct axaddr_format *format;
    const char *name;
    unsigned level_count;
    unsigned page_shift;
    unsigned input_width;
    bool is_sign_extended;
    uint64_t
        frames[2]; /**< of a page and a huge page: bit 47 and the lowest bit of each are used */
    uint64_t sizes[2];
};

static const struct subject subjects[] = {
    {&axaddr_loongarch64_39,
     "loongarch64_39",
     3,
     12,
     39,
     false,
     {0xfedcba985000, 0xfedcbaa00000},
     {0x1000, 0x200000}},
    {&axaddr_loongarch64_48,
     "loongarch64_48",
     4,
     12,
     48,
     true,
     {0xfedcba985000, 0xfedcbaa00000},
     {0x1000, 0x200000}},
    {&axaddr_loongarch64_16k_47,
     "loongarch64_16k_47",
     3,
     14,
     47,
     false,
     {0xfedcba984000, 0xfedcba000000},
     {0x4000, 0x2000000}},
};

static const struct subject *subject;
static const struct axaddr_format *format;
static uint64_t random_state;

static uint64_t random_next(void) {
    uint64_t z = (random_state += UINT64_C(0x9e3779b97f4a7c15));
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

static const struct golden *golden_of(uint32_t flags) {
    size_t i;

    for (i = 0; i < LEAF_COUNT; i++) {
        if (leaves[i].flags == flags) {
            return &leaves[i];
        }
    }
    return 0;
}

static uint64_t bits_of(const struct golden *golden, unsigned level) {
    return level == 0 ? golden->page : golden->huge;
}

/* ---- geometry ---- */

/** 4.2.5, 5.4.5: a table fills a page; entries of 64 bits. */
static void geometry(void) {
    unsigned level;

    CHECK_STR(format->name, subject->name);
    CHECK_EQ(format->level_count, subject->level_count);
    CHECK_EQ(format->entry_shift, 3);
    CHECK_EQ(format->root_order, 0);
    CHECK_EQ(format->input_width, subject->input_width);
    CHECK_EQ(format->output_width, 48);
    CHECK_EQ(format->leaf_levels, 3);
    CHECK_EQ(format->is_sign_extended, subject->is_sign_extended);
    CHECK(format->caches_absent && format->needs_break == 0 && format->publish == 0);
    for (level = 0; level < format->level_count; level++) {
        CHECK_EQ(format->index_bits[level], subject->page_shift - 3);
        CHECK_EQ(format->shift[level], subject->page_shift + level * (subject->page_shift - 3));
        CHECK(level > 1 || UINT64_C(1) << format->shift[level] == subject->sizes[level]);
    }
    CHECK_EQ(format->shift[level - 1] + format->index_bits[level - 1], subject->input_width);
}

/* ---- leaves ---- */

/** All combinations: the expressible ones are those of the table above, bit by bit. */
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
        for (level = 0; level < 2; level++) {
            uint64_t frame = subject->frames[level];
            uint64_t attributes = format->attributes_of(flags, level);
            uint64_t leaf = format->make_leaf(frame, level, attributes);

            CHECK_EQ(leaf, frame | bits_of(golden, level));
            CHECK_EQ(format->kind_of(leaf, level), AXADDR_ENTRY_LEAF);
            CHECK_EQ(format->flags_of(leaf, level), flags);
            CHECK_EQ(format->frame_of(leaf, level), frame);
        }
        CHECK_EQ(format->kind_of(subject->frames[1] | golden->huge, 2), AXADDR_ENTRY_ABSENT);
    }
    CHECK_EQ(held, LEAF_COUNT);
    CHECK_EQ(format->flags_of(0x197, 0), R | W | X); /* PLV 1 */
    CHECK_EQ(format->flags_of(0x19b, 0), R | W | X); /* PLV 2 */
    CHECK_EQ(format->flags_of(0x093, 0), R | W | X); /* D without W */
}

/** Every address bit is held and found again; G of a huge page is none. */
static void addresses_are_held(void) {
    unsigned level;
    unsigned bit;

    for (level = 0; level < 2; level++) {
        for (bit = format->shift[level]; bit < 48; bit++) {
            uint64_t leaf =
                format->make_leaf(UINT64_C(1) << bit, level, format->attributes_of(R | G, level));

            CHECK_EQ(format->frame_of(leaf, level), UINT64_C(1) << bit);
        }
    }
    CHECK_EQ(format->frame_of(0xffffffffffffffff, 0), 0x1000000000000 - subject->sizes[0]);
    CHECK_EQ(format->frame_of(0xffffffffffffffff, 1), 0x1000000000000 - subject->sizes[1]);
}

static void next_leaf_maps_the_next_frame(void) {
    unsigned level;
    size_t i;

    for (level = 0; level < 2; level++) {
        uint64_t frame = UINT64_C(0x7f0000000000) - 2 * subject->sizes[level];

        for (i = 0; i < LEAF_COUNT; i++) {
            uint64_t leaf = frame | bits_of(&leaves[i], level);
            unsigned step;

            for (step = 1; step <= 4; step++) {
                leaf = format->next_leaf(leaf, level);
                CHECK_EQ(leaf, (frame + step * subject->sizes[level]) | bits_of(&leaves[i], level));
            }
        }
    }
}

/* ---- notes: V (bit 0) accessed; bit 9 and D (bit 1) written ---- */

static void notes(void) {
    unsigned level;

    CHECK_EQ(format->noted, 1);
    for (level = 0; level < 2; level++) {
        uint64_t leaf = subject->frames[level] | (level == 0 ? 0x193 : 0x1d3);
        uint64_t idle = leaf - 1;
        uint64_t clean = (leaf - 2) | 0x200;
        uint64_t read_only = subject->frames[level] | (level == 0 ? 0x91 : 0xd1);

        CHECK_EQ(format->notes_of(leaf, level), AXADDR_NOTES);
        CHECK_EQ(format->notes_of(idle, level), AXADDR_DIRTY);
        CHECK_EQ(format->notes_of(clean, level), AXADDR_ACCESSED);
        CHECK_EQ(format->notes_of(clean | 2, level), AXADDR_NOTES);
        CHECK_EQ(format->clear_notes(leaf, level, 0), leaf);
        CHECK_EQ(format->clear_notes(leaf, level, AXADDR_ACCESSED), idle);
        CHECK_EQ(format->clear_notes(leaf, level, AXADDR_DIRTY), clean);
        CHECK_EQ(format->clear_notes(leaf, level, AXADDR_NOTES), clean - 1);
        CHECK_EQ(format->clear_notes(clean | 2, level, AXADDR_DIRTY), clean);
        CHECK_EQ(format->note_access(clean - 1, level, R), clean);
        CHECK_EQ(format->note_access(clean - 1, level, X | U), clean);
        CHECK_EQ(format->note_access(clean - 1, level, W), clean | 2);
        CHECK_EQ(format->note_access(leaf, level, W), leaf);
        CHECK_EQ(format->notes_of(read_only, level), AXADDR_NOTES);
        CHECK_EQ(format->clear_notes(read_only, level, AXADDR_DIRTY), read_only | 0x200);
        /* D without W is no leaf of ours, but permits writes, and goes on to do so. */
        CHECK_EQ(format->clear_notes(leaf & ~UINT64_C(0x100), level, AXADDR_DIRTY), clean);
        CHECK_EQ(format->note_access(read_only, level, W), read_only); /* D would let it write */
        /* A leaf without V is still one, with its flags. */
        CHECK_EQ(format->kind_of(clean - 1, level), AXADDR_ENTRY_LEAF);
        CHECK_EQ(format->flags_of(clean - 1, level), R | W | X);
    }
}

/** From any flags to any others: V stays, and what is not written stays so. */
static void change_leaf_keeps_address_and_notes(void) {
    unsigned level;
    unsigned cleared;
    size_t from;
    size_t to;

    for (level = 0; level < 2; level++) {
        for (from = 0; from < LEAF_COUNT; from++) {
            for (to = 0; to < LEAF_COUNT; to++) {
                uint64_t attributes = format->attributes_of(leaves[to].flags, level);

                for (cleared = 0; cleared < 4; cleared++) {
                    uint64_t leaf = subject->frames[level] | bits_of(&leaves[from], level);
                    uint64_t expected = subject->frames[level] | bits_of(&leaves[to], level);

                    if ((cleared & 1) != 0) {
                        leaf &= ~UINT64_C(1);
                        expected &= ~UINT64_C(1);
                    }
                    if ((cleared & 2) != 0) {
                        leaf = (leaf & ~UINT64_C(2)) | 0x200;
                        expected = (expected & ~UINT64_C(2)) | 0x200;
                    }
                    CHECK_EQ(format->change_leaf(leaf, level, attributes), expected);
                }
            }
        }
    }
    /* Written again: nothing is left of the cleared note. */
    CHECK_EQ(format->change_leaf(0x393, 0, format->attributes_of(R | X, 0)), 0x91);
}

/** A page of a huge page: no H, G at its place, V, D and the cleared note as they were. */
static void split_leaf_maps_the_first_part(void) {
    static const uint64_t cleared[] = {0, 1, 2, 3};
    size_t note;
    size_t i;

    for (i = 0; i < LEAF_COUNT; i++) {
        for (note = 0; note < 4; note++) {
            uint64_t clean = (cleared[note] & 2) != 0 ? 0x200 : 0;
            uint64_t huge = subject->frames[1] | (leaves[i].huge & ~cleared[note]) | clean;
            uint64_t part = format->split_leaf(huge, 1);

            CHECK_EQ(part, subject->frames[1] | (leaves[i].page & ~cleared[note]) | clean);
            CHECK_EQ(format->flags_of(part, 0), leaves[i].flags);
        }
    }
    /* Bits below a huge page's own address (LDPTE adds to them) are no address of its parts. */
    CHECK_EQ(format->split_leaf(0x80001dd3 | (subject->sizes[1] / 2), 1), 0x80000d93 | 0x40);
}

/* ---- tables, absent entries, kinds ---- */

static void tables(void) {
    unsigned level;

    for (level = 1; level < subject->level_count; level++) {
        CHECK_EQ(format->make_table(subject->frames[0], level), subject->frames[0]);
        CHECK_EQ(format->kind_of(subject->frames[0], level), AXADDR_ENTRY_TABLE);
        CHECK_EQ(format->kind_of(0, level), AXADDR_ENTRY_TABLE); /* at address 0 */
        CHECK_EQ(format->table_of(subject->frames[0]), subject->frames[0]);
    }
    CHECK_EQ(format->kind_of(subject->sizes[0] / 2, 1), AXADDR_ENTRY_ABSENT); /* not aligned */
    CHECK_EQ(format->kind_of(0, 0), AXADDR_ENTRY_ABSENT);
    CHECK_EQ(format->table_of(0xffffffffffffffff), 0x1000000000000 - subject->sizes[0]);
}

/**
 * LDDIR passes on what has bit 6; LDPTE makes of it a pair whose V is bit 0, and whose G is bit 12.
 * Bits 14:13 tell a level to processors that have huge pages of several. P (7) and W (8) would have
 * a hardware walker make it valid.
 */
static void absent_entries(void) {
    static const uint64_t values[] = {
        0, 1, 7, 0x5555555, 0x7ffffff, UINT64_C(0x800000000), UINT64_C(0xfffffffff)};
    unsigned kind;
    unsigned level;
    size_t i;

    CHECK_EQ(format->empty, 0x40);
    CHECK_EQ(format->make_absent(AXADDR_ABSENT_EMPTY, 0), format->empty);
    CHECK_EQ(format->absent_kind(format->empty), AXADDR_ABSENT_EMPTY);
    CHECK_EQ(format->make_absent(AXADDR_ABSENT_RESERVED, 0x5a5a5a5), 0x02d2d2d28048);
    CHECK_EQ(format->make_absent(AXADDR_ABSENT_PARKED_TABLE, 0xfffffffff), 0x7ffffffff8060);
    for (kind = AXADDR_ABSENT_RESERVED; kind <= AXADDR_ABSENT_BACKED; kind++) {
        for (i = 0; i < sizeof values / sizeof values[0]; i++) {
            uint64_t entry = format->make_absent((enum axaddr_absent_kind)kind, values[i]);

            CHECK_EQ(format->absent_kind(entry), kind);
            CHECK_EQ(format->absent_value(entry), values[i]);
            CHECK_EQ(entry & 0x71c3, 0x40);
            for (level = 0; level < subject->level_count; level++) {
                CHECK_EQ(format->kind_of(entry, level), AXADDR_ENTRY_ABSENT);
            }
        }
    }
    CHECK_EQ(format->absent_value(0xffffffffffffffff), 0xfffffffff);
}

static void reserved_in_one_test(void) {
    check_reserved(format);
}

/** 4.2.5 and 5.4.5 spelled out; what no table of ours can say is absent. */
static enum axaddr_entry_kind spec_kind(uint64_t entry, unsigned level) {
    bool has_v = (entry & 1) != 0;
    bool has_p = (entry & 0x80) != 0;
    bool is_directory = level > 0;
    bool is_huge = (entry & 0x40) != 0;

    if (is_directory && !is_huge) {
        uint64_t address = entry % 0x1000000000000 / subject->sizes[0] * subject->sizes[0];
        return entry == address ? AXADDR_ENTRY_TABLE : AXADDR_ENTRY_ABSENT;
    }
    if ((!has_v && !has_p) || entry / 16 % 4 == 3 || level > 1) {
        return AXADDR_ENTRY_ABSENT;
    }
    return AXADDR_ENTRY_LEAF;
}

/** Any 64 bits, with few high bits most of the time, or nearly everything would be broken. */
static uint64_t random_entry(size_t round) {
    uint64_t entry = random_next();

    if (round < 4096) {
        return (round % 1024) | (round / 1024 << 61);
    }
    if (round % 4 == 1) {
        return entry & (UINT64_C(0x1000000000000) - subject->sizes[0]);
    }
    if (round % 4 == 2) {
        /* As ours: D as W, PLV 0 or 3, an aligned address. */
        entry = (entry & UINT64_C(0x6000ffffc00002f1)) | (random_next() % 2 != 0 ? 0x102 : 0) |
                (random_next() % 2 != 0 ? 0xc : 0);
    }
    return entry;
}

static void any_bits_have_a_kind(void) {
    size_t seen[3] = {0, 0, 0};
    size_t round;

    random_state = SEED;
    for (round = 0; round < RANDOM_ROUNDS; round++) {
        uint64_t entry = random_entry(round);
        unsigned level;

        for (level = 0; level < subject->level_count; level++) {
            enum axaddr_entry_kind kind = format->kind_of(entry, level);

            snprintf(check_context, sizeof check_context, "%s 0x%" PRIx64 " level %u", format->name,
                     entry, level);
            CHECK_EQ(kind, spec_kind(entry, level));
            seen[kind]++;
            CHECK_EQ(format->table_of(entry) % subject->sizes[0], 0);
            CHECK_EQ(format->frame_of(entry, level) & axaddr_low_bits(format->shift[level]), 0);
            CHECK_EQ(format->frame_of(entry, level) >> 48, 0);
            CHECK_EQ(format->flags_of(entry, level) & ~AXADDR_MAPPING_FLAGS, 0);
        }
    }
    CHECK(seen[0] > 1000 && seen[1] > 1000 && seen[2] > 1000);
}

/* ---- the simulated MMU ---- */

struct decoded {
    unsigned level;
    uint64_t entry;
    enum sim_kind kind;
    uint64_t frame;
    unsigned rights;
    unsigned type;
};

/* Of the formats with pages of 4 KiB. */
static const struct decoded decodes[] = {
    {0, 0, SIM_ABSENT, 0, 0, 0},
    {0, 0xffffffffffffff7e, SIM_ABSENT, 0, 0, 0}, /* V and P clear */
    {0, 0x12345193, SIM_LEAF, 0x12345000, 7, 1},
    {0, 0x12345192, SIM_LEAF, 0x12345000, 7, 1}, /* without V: its note */
    {0, 0x12345113, SIM_LEAF, 0x12345000, 7, 1}, /* without P, which hardware does not read */
    {0, 0x12345fd3, SIM_LEAF, 0x12345000, 7, 1}, /* G, and bits 11:9 */
    {0, 0x1fff000012345193, SIM_LEAF, 0x12345000, 7, 1},
    {0, 0x1234519f, SIM_LEAF, 0x12345000, 15, 1},
    {0, 0x4000000012345193, SIM_LEAF, 0x12345000, 3, 1}, /* NX */
    {0, 0x2000000012345193, SIM_LEAF, 0x12345000, 6, 1}, /* NR */
    {0, 0x12345091, SIM_LEAF, 0x12345000, 5, 1},
    {0, 0x40000000123451a3, SIM_LEAF, 0x12345000, 3, 2},
    {0, 0x4000000012345183, SIM_LEAF, 0x12345000, 3, 0},
    {0, 0x123451b3, SIM_BROKEN, 0, 0, 0},         /* MAT 3 */
    {0, 0x12345093, SIM_BROKEN, 0, 0, 0},         /* D without W */
    {0, 0x12345191, SIM_BROKEN, 0, 0, 0},         /* W without D */
    {0, 0x12345197, SIM_BROKEN, 0, 0, 0},         /* PLV 1 */
    {0, 0x1234519b, SIM_BROKEN, 0, 0, 0},         /* PLV 2 */
    {0, 0x8000000012345193, SIM_BROKEN, 0, 0, 0}, /* RPLV */
    {1, 0, SIM_TABLE, 0, 15, 0},
    {1, 0x12345000, SIM_TABLE, 0x12345000, 15, 0},
    {1, 0x12345001, SIM_BROKEN, 0, 0, 0},
    {1, 0x12345193, SIM_BROKEN, 0, 0, 0}, /* no H: a table, with bits that no address has */
    {1, 0x1000000012345000, SIM_BROKEN, 0, 0, 0},
    {1, 0x122001d3, SIM_LEAF, 0x12200000, 7, 1},
    {1, 0x122011d3, SIM_LEAF, 0x12200000, 7, 1}, /* G */
    {1, 0x122021d3, SIM_BROKEN, 0, 0, 0},        /* bits 20:13 */
    {1, 0x123001d3, SIM_BROKEN, 0, 0, 0},
    {1, 0x40, SIM_ABSENT, 0, 0, 0},
    {1, 0xffffffffffff8e7e, SIM_ABSENT, 0, 0, 0},
    {1, 0x1040, SIM_BROKEN, 0, 0, 0}, /* a global invalid pair */
    {1, 0x4040, SIM_BROKEN, 0, 0, 0}, /* one of another size */
    {2, 0x12345000, SIM_TABLE, 0x12345000, 15, 0},
    {2, 0x400001d3, SIM_BROKEN, 0, 0, 0}, /* 1 GiB */
    {2, 0x40, SIM_ABSENT, 0, 0, 0},
};

/* Of the one with pages of 16 KiB. */
static const struct decoded decodes_16k[] = {
    {0, 0x12344193, SIM_LEAF, 0x12344000, 7, 1},   {0, 0x12345193, SIM_BROKEN, 0, 0, 0},
    {1, 0x12344000, SIM_TABLE, 0x12344000, 15, 0}, {1, 0x12345000, SIM_BROKEN, 0, 0, 0},
    {1, 0x120011d3, SIM_LEAF, 0x12000000, 7, 1},   {1, 0x121001d3, SIM_BROKEN, 0, 0, 0},
};

static const struct sim_regime *regime_of(void) {
    return &sim_loongarch_regimes[subject - subjects];
}

static void simulated_entries(void) {
    bool is_16k = subject->page_shift == 14;
    const struct decoded *decoded = is_16k ? decodes_16k : decodes;
    size_t count =
        is_16k ? sizeof decodes_16k / sizeof decodes_16k[0] : sizeof decodes / sizeof decodes[0];
    size_t i;

    for (i = 0; i < count; i++) {
        struct sim_entry said = regime_of()->decode(decoded[i].entry, decoded[i].level);

        snprintf(check_context, sizeof check_context, "%s 0x%" PRIx64 " level %u", format->name,
                 decoded[i].entry, decoded[i].level);
        CHECK_EQ(said.kind, decoded[i].kind);
        CHECK_EQ(said.frame, decoded[i].frame);
        CHECK_EQ(said.rights, decoded[i].rights);
        CHECK_EQ(said.type, decoded[i].type);
        CHECK((said.kind == SIM_BROKEN) == (said.why != 0));
    }
}

static void simulated_geometry(void) {
    const struct sim_regime *regime = regime_of();
    unsigned level;

    CHECK_STR(regime->name, format->name);
    CHECK_EQ(regime->level_count, format->level_count);
    CHECK_EQ(regime->entry_shift, format->entry_shift);
    CHECK_EQ(regime->root_order, format->root_order);
    CHECK_EQ(sim_input_width(regime), format->input_width);
    CHECK_EQ(regime->caches_absent, format->caches_absent);
    for (level = 0; level < format->level_count; level++) {
        CHECK_EQ(regime->shift[level], format->shift[level]);
        CHECK_EQ(regime->index_bits[level], format->index_bits[level]);
    }
}

/** What the format makes is what the simulated MMU finds. */
static void simulated_leaves_agree(void) {
    unsigned level;
    size_t i;

    for (i = 0; i < LEAF_COUNT; i++) {
        for (level = 0; level < 2; level++) {
            uint32_t flags = leaves[i].flags;
            uint64_t leaf = format->make_leaf(subject->frames[level], level,
                                              format->attributes_of(flags, level));
            struct sim_entry said = regime_of()->decode(leaf, level);

            CHECK_EQ(said.kind, SIM_LEAF);
            CHECK_EQ(said.frame, subject->frames[level]);
            CHECK_EQ(said.rights, flags & SIM_RIGHTS);
            CHECK_EQ(said.type, sim_type_of(regime_of(), flags));
        }
    }
}

/** Whatever is in an entry, the engine follows no more than hardware does, and sees the same. */
static void simulated_entries_agree(void) {
    size_t leaf_count = 0;
    size_t round;

    random_state = SEED;
    for (round = 0; round < RANDOM_ROUNDS; round++) {
        uint64_t entry = random_entry(round);
        unsigned level = (unsigned)(random_next() % subject->level_count);
        struct sim_entry said = regime_of()->decode(entry, level);
        enum axaddr_entry_kind kind = format->kind_of(entry, level);

        snprintf(check_context, sizeof check_context, "%s 0x%" PRIx64 " level %u", format->name,
                 entry, level);
        CHECK_EQ(kind == AXADDR_ENTRY_TABLE, said.kind == SIM_TABLE);
        if (kind == AXADDR_ENTRY_TABLE) {
            CHECK_EQ(format->table_of(entry), said.frame);
        } else if (kind == AXADDR_ENTRY_ABSENT) {
            CHECK(said.kind == SIM_ABSENT || said.kind == SIM_BROKEN);
        } else if (said.kind == SIM_LEAF) {
            leaf_count++;
            CHECK_EQ(format->frame_of(entry, level), said.frame);
            CHECK_EQ(format->flags_of(entry, level) & SIM_RIGHTS, said.rights);
        } else {
            CHECK_EQ(said.kind, SIM_BROKEN);
        }
    }
    CHECK(leaf_count > 1000);
}

/* ---- registers (7.5.4 to 7.5.10, 7.4.11) ---- */

struct walk_case {
    unsigned valen;
    enum axaddr_status status;
    struct axaddr_loongarch64_walk_registers walk;
};

static void walk_says(const struct walk_case *cases, size_t count) {
    size_t i;

    for (i = 0; i < count; i++) {
        const struct axaddr_loongarch64_walk_registers *expected = &cases[i].walk;
        struct axaddr_loongarch64_walk_registers walk = {77, 77, 77, 77};

        snprintf(check_context, sizeof check_context, "%s VALEN %u", format->name, cases[i].valen);
        CHECK_EQ(axaddr_loongarch64_walk(format, cases[i].valen, &walk), cases[i].status);
        CHECK_EQ(walk.pwcl, expected->pwcl);
        CHECK_EQ(walk.pwch, expected->pwch);
        CHECK_EQ(walk.stlbps, expected->stlbps);
        CHECK_EQ(walk.rvacfg, expected->rvacfg);
    }
}

#define WALK_SAYS(cases) walk_says(cases, sizeof cases / sizeof cases[0])
#define REFUSED                                                                                    \
    AXADDR_UNSUPPORTED, {                                                                          \
        77, 77, 77, 77                                                                             \
    }

/* PWCL: PTbase 4:0, PTwidth 9:5, Dir1 14:10, 19:15, Dir2 24:20, 29:25; PWCH: Dir3 5:0, 11:6. */
static void walk_registers(void) {
    static const struct walk_case of_39[] = {
        {40, AXADDR_OK, {0x13e4d52c, 0, 12, 0}},
        {39, AXADDR_OK, {0x13e4d52c, 0, 12, 0}},
        {48, AXADDR_OK, {0x13e4d52c, 0, 12, 8}}, /* RVACFG: 48 - 8 */
        {49, REFUSED},
    };
    static const struct walk_case of_48[] = {
        {48, AXADDR_OK, {0x13e4d52c, 0x267, 12, 0}},
        {40, AXADDR_OK, {0x13e4d52c, 0x267, 12, 0}},
        {56, AXADDR_OK, {0x13e4d52c, 0x267, 12, 8}},
        {57, REFUSED},
    };
    static const struct walk_case of_16k[] = {
        {48, AXADDR_OK, {0x5e56e, 0x2e4, 14, 0}}, /* Dir2 has bases up to 31: none */
        {49, AXADDR_OK, {0x5e56e, 0x2e4, 14, 1}},
        {57, REFUSED},
    };
    struct axaddr_loongarch64_walk_registers walk = {77, 77, 77, 77};

    if (format == &axaddr_loongarch64_39) {
        WALK_SAYS(of_39);
    } else if (format == &axaddr_loongarch64_48) {
        WALK_SAYS(of_48);
    } else {
        WALK_SAYS(of_16k);
    }
    CHECK_EQ(axaddr_loongarch64_walk(&axaddr_riscv_sv48, 48, &walk), AXADDR_INVALID);
    CHECK_EQ(walk.pwcl, 77);
}

static void root_registers(void) {
    uint64_t pgd = 77;

    CHECK_EQ(axaddr_loongarch64_pgd(format, axaddr_hpa(subject->sizes[0] / 2), &pgd),
             AXADDR_INVALID);
    CHECK_EQ(axaddr_loongarch64_pgd(format, axaddr_hpa(0x1000000000000), &pgd), AXADDR_INVALID);
    CHECK_EQ(pgd, 77);
    CHECK_EQ(axaddr_loongarch64_pgd(format, axaddr_hpa(0xffffffffc000), &pgd), AXADDR_OK);
    CHECK_EQ(pgd, 0xffffffffc000);
}

static void asid_register(void) {
    uint32_t value = 77;

    CHECK_EQ(axaddr_loongarch64_asid(0x0a0000, 0x400, &value), AXADDR_INVALID);
    CHECK_EQ(axaddr_loongarch64_asid(0x080000, 0x100, &value), AXADDR_INVALID);
    CHECK_EQ(axaddr_loongarch64_asid(0x0b0000, 1, &value), AXADDR_INVALID); /* more than INVTLB's */
    CHECK_EQ(value, 77);
    CHECK_EQ(axaddr_loongarch64_asid(0x0a03ff, 5, &value), AXADDR_OK);
    CHECK_EQ(value, 0x0a0005);
    CHECK_EQ(axaddr_loongarch64_asid(0x0a0000, 0x3ff, &value), AXADDR_OK);
    CHECK_EQ(value, 0x0a03ff);
}

/* ---- exceptions ---- */

/* Encodings as an assembler makes them (appendix B), rd $a0 or $fa0, rj $a1. */
static const uint32_t stores[] = {
    0x210000a4, 0x230000a4, 0x250000a4, 0x270000a4, /* sc.w, sc.d, stptr.w, stptr.d */
    0x290000a4, 0x294000a4, 0x298000a4, 0x29ffe0a4, /* st.b, st.h, st.w, st.d */
    0x2f0000a4, 0x2f4000a4, 0x2f8000a4, 0x2ffffca4, /* stl.w, str.w, stl.d, str.d */
    0x311400a0, 0x31bffca0, 0x331400a0, 0x33fffca0, /* vstelm.d, .b, xvstelm.d, .b */
    0x2b4000a0, 0x2bfffca0, 0x2c4000a0, 0x2cfffca0, /* fst.s, fst.d, vst, xvst */
    0x381018a4, 0x381418a4, 0x381818a4, 0x381c18a4, /* stx.b, .h, .w, .d */
    0x383818a0, 0x383c18a0, 0x384418a0, 0x384c18a0, /* fstx.s, fstx.d, vstx, xvstx */
    0x385718a4, 0x385784a4, 0x38578ca4,             /* sc.q, screl.w, screl.d */
    0x385818a4, 0x385b98a4, 0x385c18a4, 0x385f98a4, /* amcas.b, _db.d, amswap.b, amadd_db.h */
    0x386018a4, 0x386198a4, 0x387198a4,             /* amswap.w, amadd.d, ammin_db.du */
    0x387618a0, 0x387698a0, 0x387718a0, 0x387798a0, /* fstgt.s, .d, fstle.s, .d */
    0x387c18a4, 0x387d98a4, 0x387e18a4, 0x387f98a4, /* stgt.b, .d, stle.b, .d */
};
static const uint32_t loads[] = {
    0x200000a4, 0x220000a4, 0x240000a4, 0x26fffca4, /* ll.w, ll.d, ldptr.w, ldptr.d */
    0x280000a4, 0x28fffca4, 0x2a0000a4, 0x2abffca4, /* ld.b, ld.d, ld.bu, ld.wu */
    0x2ac000a0, 0x2b3ffca0, 0x2bbffca0, 0x2c3ffca0, /* preld, fld.s, fld.d, vld */
    0x2cbffca0, 0x2e0000a4, 0x2e8000a4, 0x2e4000a4, /* xvld, ldl.w, ldl.d, ldr.w */
    0x2efffca4, 0x301000a0, 0x30bffca0, 0x321000a0, /* ldr.d, vldrepl.d, .b, xvldrepl.d */
    0x32bffca0, 0x380018a4, 0x380418a4, 0x380818a4, /* xvldrepl.b, ldx.b, .h, .w */
    0x380c18a4, 0x382018a4, 0x382418a4, 0x382818a4, /* ldx.d, .bu, .hu, .wu */
    0x382c18a0, 0x383018a0, 0x383418a0, 0x384018a0, /* preldx, fldx.s, fldx.d, vldx */
    0x384818a0, 0x385780a4, 0x385788a4, 0x387418a0, /* xvldx, llacq.w, llacq.d, fldgt.s */
    0x387498a0, 0x387518a0, 0x387598a0, 0x387818a4, /* fldgt.d, fldle.s, fldle.d, ldgt.b */
    0x387998a4, 0x387a18a4, 0x387b98a4,             /* ldgt.d, ldle.b, ldle.d */
    0x38ffffff, 0x39ffffff, 0xffffffff, 0x00000000,
};

#define STORE 0x29c000a4
#define LOAD  0x28c000a4

struct trap_case {
    struct axaddr_loongarch64_trap trap;
    enum axaddr_status status;
    uint32_t access;
    bool is_permission;
    const char *what;
};

/* ESTAT.Ecode is bits 21:16, EsubCode 30:22, IS 12:0; PRMD.PPLV bits 1:0, PIE 2. */
static const struct trap_case traps[] = {
    {{4, 0x011804, 0x1000, 0x5008, LOAD}, AXADDR_OK, R, false, "PIL"},
    {{7, 0x010000, 0x1000, 0x5008, STORE}, AXADDR_OK, R | U, false, "PIL of PLV 3"},
    {{0, 0x020000, 0x1000, 0x5008, LOAD}, AXADDR_OK, W, false, "PIS"},
    {{3, 0x020000, 0x1000, 0x5008, STORE}, AXADDR_OK, W | U, false, "PIS of PLV 3"},
    {{0, 0x030000, 0x5008, 0x5008, LOAD}, AXADDR_OK, X, false, "PIF"},
    {{3, 0x030000, 0x5008, 0x5008, 0}, AXADDR_OK, X | U, false, "PIF of PLV 3"},
    {{0, 0x040000, 0x1000, 0x5008, LOAD}, AXADDR_OK, W, true, "PME"},
    {{1, 0x840000, 0x1000, 0x5008, STORE}, AXADDR_OK, W, true, "PME of PLV 1, EsubCode 2"},
    {{2, 0x050000, 0x1000, 0xffff800000005008, 0}, AXADDR_OK, R, true, "PNR of PLV 2"},
    {{3, 0x060000, 0x5008, 0x5008, 0}, AXADDR_OK, X | U, true, "PNX of PLV 3"},
    {{3, 0x070000, 0x1000, 0x5008, LOAD}, AXADDR_OK, R | U, true, "PPI of a load"},
    {{3, 0x070000, 0x1000, 0x5008, STORE}, AXADDR_OK, W | U, true, "PPI of a store"},
    {{3, 0x070000, 0x5008, 0x5008, STORE}, AXADDR_OK, X | U, true, "PPI of a fetch"},
    {{3, 0x080000, 0x5008, 0x5008, LOAD}, AXADDR_OK, X | U, false, "ADEF"},
    {{3, 0x480000, 0x1000, 0x800000000000, LOAD}, AXADDR_OK, R | U, false, "ADEM of a load"},
    {{0, 0x480000, 0x1000, 0x800000000000, STORE}, AXADDR_OK, W, false, "ADEM of a store"},
    {{0, 0x000000, 0x1000, 0x5008, LOAD}, AXADDR_INVALID, 0, false, "an interrupt"},
    {{0, 0x090000, 0x1000, 0x5008, LOAD}, AXADDR_INVALID, 0, false, "ALE"},
    {{0, 0x0a0000, 0x5008, 0x5008, LOAD}, AXADDR_INVALID, 0, false, "BCE"},
    {{3, 0x0b0000, 0x1000, 0x5008, 0}, AXADDR_INVALID, 0, false, "SYS"},
    {{3, 0x210000, 0x1000, 0x5008, 0}, AXADDR_INVALID, 0, false, "reserved, 0x21"},
    {{3, 0x3f0000, 0x1000, 0x5008, 0}, AXADDR_INVALID, 0, false, "0x3f"},
};

static void traps_are_decoded(void) {
    size_t i;

    for (i = 0; i < sizeof traps / sizeof traps[0]; i++) {
        const struct trap_case *t = &traps[i];
        bool is_ok = t->status == AXADDR_OK;
        struct axaddr_loongarch64_page_fault fault = {axaddr_gva(77), 77, !t->is_permission};

        snprintf(check_context, sizeof check_context, "%s", t->what);
        CHECK_EQ(axaddr_loongarch64_decode(&t->trap, &fault), t->status);
        CHECK_EQ(fault.access, is_ok ? t->access : 77);
        CHECK_EQ(fault.gva.raw, is_ok ? t->trap.badv : 77);
        CHECK_EQ(fault.is_permission, is_ok ? t->is_permission : !t->is_permission);
    }
}

static void stores_are_told_from_loads(void) {
    size_t i;

    for (i = 0; i < sizeof stores / sizeof stores[0]; i++) {
        snprintf(check_context, sizeof check_context, "0x%" PRIx32, stores[i]);
        CHECK(axaddr_loongarch64_is_store(stores[i]));
        CHECK(axaddr_loongarch64_is_store(stores[i] ^ 0x3ff)); /* other registers */
    }
    for (i = 0; i < sizeof loads / sizeof loads[0]; i++) {
        snprintf(check_context, sizeof check_context, "0x%" PRIx32, loads[i]);
        CHECK(!axaddr_loongarch64_is_store(loads[i]));
        CHECK(!axaddr_loongarch64_is_store(loads[i] ^ 0x3ff));
    }
}

int main(void) {
    size_t i;

    printf("test_format_loongarch64: seed 0x%" PRIx64 "\n", SEED);
    for (i = 0; i < sizeof subjects / sizeof subjects[0]; i++) {
        subject = &subjects[i];
        format = subject->format;
        CASE(geometry);
        CASE(leaves_are_the_manuals);
        CASE(addresses_are_held);
        CASE(next_leaf_maps_the_next_frame);
        CASE(notes);
        CASE(change_leaf_keeps_address_and_notes);
        CASE(split_leaf_maps_the_first_part);
        CASE(tables);
        CASE(absent_entries);
        CASE(reserved_in_one_test);
        CASE(any_bits_have_a_kind);
        CASE(simulated_geometry);
        CASE(simulated_entries);
        CASE(simulated_leaves_agree);
        CASE(simulated_entries_agree);
        CASE(walk_registers);
        CASE(root_registers);
    }
    CASE(asid_register);
    CASE(traps_are_decoded);
    CASE(stores_are_told_from_loads);
    return check_report("test_format_loongarch64");
}
