/* SPDX-License-Identifier: MIT
 *
 * test_format_x86.c: the x86 formats against entries, registers and exit codes that were written
 * out from the manuals by hand. Nothing in here asks the headers for a bit.
 */
#include "../axaddr_arch/x86_64.h"
#include "../axaddr_arch/x86_ept.h"
#include "check.h"
#include "format_check.h"

#define SEED          UINT64_C(0x9e3779b97f4a7c15)
#define RANDOM_ROUNDS 200000

/* The flags, in one letter each so that the tables below can be read. */
#define R AXADDR_READ
#define W AXADDR_WRITE
#define X AXADDR_EXECUTE
#define U AXADDR_USER
#define D AXADDR_DEVICE
#define N AXADDR_UNCACHED
#define G AXADDR_GLOBAL

/* Frames that use every address bit up to 51 and the lowest one of their size. */
static const uint64_t frames[3] = {
    UINT64_C(0x000abcde12345000), /* 4 KiB */
    UINT64_C(0x000fbcde12200000), /* 2 MiB */
    UINT64_C(0x0008bcde40000000), /* 1 GiB */
};
static const uint64_t sizes[3] = {0x1000, 0x200000, 0x40000000};

/** Mapping flags, and the leaves of the three frames above that hold them. */
struct golden {
    uint32_t flags;
    uint64_t leaf[3];
};

/*
 * Intel SDM vol. 3C, 29.3.2, Figure 29-1. Bit 0 R, 1 W, 2 X, 5:3 memory type (0 UC, 1 WC, 6 WB), 6
 * ignore PAT (0), 7 large leaf (PDPTE and PDE), 8 accessed, 9 dirty.
 */
static const struct golden ept_leaves[] = {
    {R, {0x000abcde12345031, 0x000fbcde122000b1, 0x0008bcde400000b1}},
    {R | W, {0x000abcde12345033, 0x000fbcde122000b3, 0x0008bcde400000b3}},
    {X, {0x000abcde12345034, 0x000fbcde122000b4, 0x0008bcde400000b4}},
    {R | X, {0x000abcde12345035, 0x000fbcde122000b5, 0x0008bcde400000b5}},
    {R | W | X, {0x000abcde12345037, 0x000fbcde122000b7, 0x0008bcde400000b7}},
    {R | D, {0x000abcde12345001, 0x000fbcde12200081, 0x0008bcde40000081}},
    {R | W | D, {0x000abcde12345003, 0x000fbcde12200083, 0x0008bcde40000083}},
    {R | N, {0x000abcde12345009, 0x000fbcde12200089, 0x0008bcde40000089}},
    {R | W | N, {0x000abcde1234500b, 0x000fbcde1220008b, 0x0008bcde4000008b}},
    {X | N, {0x000abcde1234500c, 0x000fbcde1220008c, 0x0008bcde4000008c}},
    {R | X | N, {0x000abcde1234500d, 0x000fbcde1220008d, 0x0008bcde4000008d}},
    {R | W | X | N, {0x000abcde1234500f, 0x000fbcde1220008f, 0x0008bcde4000008f}},
};

/*
 * Intel SDM vol. 3A, 4.5.4, Figure 4-11; AMD APM vol. 2, 5.3.3, 5.4.1. Bit 0 P, 1 R/W, 2 U/S, 3
 * PWT, 4 PCD, 5 A, 6 D, 7 PS (PDPTE and PDE) or PAT (PTE), 8 G, 12 PAT (PDPTE and PDE), 63 NX. PAT
 * at reset (vol. 3A, 12.12.4): 0 WB, 1 WT, 2 UC-, 3 UC; the number is PAT:PCD:PWT.
 */
static const struct golden stage1_leaves[] = {
    {R, {0x800abcde12345001, 0x800fbcde12200081, 0x8008bcde40000081}},
    {R | W, {0x800abcde12345003, 0x800fbcde12200083, 0x8008bcde40000083}},
    {R | X, {0x000abcde12345001, 0x000fbcde12200081, 0x0008bcde40000081}},
    {R | W | X, {0x000abcde12345003, 0x000fbcde12200083, 0x0008bcde40000083}},
    {R | D, {0x800abcde12345019, 0x800fbcde12200099, 0x8008bcde40000099}},
    {R | W | D, {0x800abcde1234501b, 0x800fbcde1220009b, 0x8008bcde4000009b}},
    {R | N, {0x800abcde12345011, 0x800fbcde12200091, 0x8008bcde40000091}},
    {R | W | N, {0x800abcde12345013, 0x800fbcde12200093, 0x8008bcde40000093}},
    {R | X | N, {0x000abcde12345011, 0x000fbcde12200091, 0x0008bcde40000091}},
    {R | W | X | N, {0x000abcde12345013, 0x000fbcde12200093, 0x0008bcde40000093}},
    {R | U, {0x800abcde12345005, 0x800fbcde12200085, 0x8008bcde40000085}},
    {R | W | U, {0x800abcde12345007, 0x800fbcde12200087, 0x8008bcde40000087}},
    {R | X | U, {0x000abcde12345005, 0x000fbcde12200085, 0x0008bcde40000085}},
    {R | W | X | U, {0x000abcde12345007, 0x000fbcde12200087, 0x0008bcde40000087}},
    {R | D | U, {0x800abcde1234501d, 0x800fbcde1220009d, 0x8008bcde4000009d}},
    {R | W | D | U, {0x800abcde1234501f, 0x800fbcde1220009f, 0x8008bcde4000009f}},
    {R | N | U, {0x800abcde12345015, 0x800fbcde12200095, 0x8008bcde40000095}},
    {R | W | N | U, {0x800abcde12345017, 0x800fbcde12200097, 0x8008bcde40000097}},
    {R | X | N | U, {0x000abcde12345015, 0x000fbcde12200095, 0x0008bcde40000095}},
    {R | W | X | N | U, {0x000abcde12345017, 0x000fbcde12200097, 0x0008bcde40000097}},
    {R | G, {0x800abcde12345101, 0x800fbcde12200181, 0x8008bcde40000181}},
    {R | W | G, {0x800abcde12345103, 0x800fbcde12200183, 0x8008bcde40000183}},
    {R | X | G, {0x000abcde12345101, 0x000fbcde12200181, 0x0008bcde40000181}},
    {R | W | X | G, {0x000abcde12345103, 0x000fbcde12200183, 0x0008bcde40000183}},
    {R | D | G, {0x800abcde12345119, 0x800fbcde12200199, 0x8008bcde40000199}},
    {R | W | D | G, {0x800abcde1234511b, 0x800fbcde1220019b, 0x8008bcde4000019b}},
    {R | N | G, {0x800abcde12345111, 0x800fbcde12200191, 0x8008bcde40000191}},
    {R | W | N | G, {0x800abcde12345113, 0x800fbcde12200193, 0x8008bcde40000193}},
    {R | X | N | G, {0x000abcde12345111, 0x000fbcde12200191, 0x0008bcde40000191}},
    {R | W | X | N | G, {0x000abcde12345113, 0x000fbcde12200193, 0x0008bcde40000193}},
    {R | U | G, {0x800abcde12345105, 0x800fbcde12200185, 0x8008bcde40000185}},
    {R | W | U | G, {0x800abcde12345107, 0x800fbcde12200187, 0x8008bcde40000187}},
    {R | X | U | G, {0x000abcde12345105, 0x000fbcde12200185, 0x0008bcde40000185}},
    {R | W | X | U | G, {0x000abcde12345107, 0x000fbcde12200187, 0x0008bcde40000187}},
    {R | D | U | G, {0x800abcde1234511d, 0x800fbcde1220019d, 0x8008bcde4000019d}},
    {R | W | D | U | G, {0x800abcde1234511f, 0x800fbcde1220019f, 0x8008bcde4000019f}},
    {R | N | U | G, {0x800abcde12345115, 0x800fbcde12200195, 0x8008bcde40000195}},
    {R | W | N | U | G, {0x800abcde12345117, 0x800fbcde12200197, 0x8008bcde40000197}},
    {R | X | N | U | G, {0x000abcde12345115, 0x000fbcde12200195, 0x0008bcde40000195}},
    {R | W | X | N | U | G, {0x000abcde12345117, 0x000fbcde12200197, 0x0008bcde40000197}},
};

/* AMD APM vol. 2, 15.25.5: as above; U/S in every entry, whatever the guest's user mode may do. */
static const struct golden npt_leaves[] = {
    {R, {0x800abcde12345005, 0x800fbcde12200085, 0x8008bcde40000085}},
    {R | W, {0x800abcde12345007, 0x800fbcde12200087, 0x8008bcde40000087}},
    {R | X, {0x000abcde12345005, 0x000fbcde12200085, 0x0008bcde40000085}},
    {R | W | X, {0x000abcde12345007, 0x000fbcde12200087, 0x0008bcde40000087}},
    {R | D, {0x800abcde1234501d, 0x800fbcde1220009d, 0x8008bcde4000009d}},
    {R | W | D, {0x800abcde1234501f, 0x800fbcde1220009f, 0x8008bcde4000009f}},
    {R | N, {0x800abcde12345015, 0x800fbcde12200095, 0x8008bcde40000095}},
    {R | W | N, {0x800abcde12345017, 0x800fbcde12200097, 0x8008bcde40000097}},
    {R | X | N, {0x000abcde12345015, 0x000fbcde12200095, 0x0008bcde40000095}},
    {R | W | X | N, {0x000abcde12345017, 0x000fbcde12200097, 0x0008bcde40000097}},
};

/** A format and what the manual says of it. */
struct subject {
    const struct axaddr_format *format;
    const struct golden *leaves;
    unsigned leaf_count;
    uint64_t present; /**< an entry is present if one of these is set */
    uint64_t noted;   /**< accessed and dirty */
    uint64_t nothing; /**< bits of a leaf that mean nothing: ignored, or not written by us */
    uint64_t key;     /**< bits that are the user's, and stay */
    uint8_t leaf_levels;
    uint8_t level_count;
    bool is_sign_extended;
    const char *name;
};

#define LEAVES(table) table, sizeof table / sizeof table[0]
#define EPT_BITS      0x7, 0x300, UINT64_C(0xfff0000000000c00), 0
#define STAGE1_BITS   0x1, 0x60, UINT64_C(0x07f0000000000e00), UINT64_C(0x7800000000000000)

static const struct subject subjects[] = {
    {&axaddr_x86_ept, LEAVES(ept_leaves), EPT_BITS, 7, 4, false, "x86_ept"},
    {&axaddr_x86_ept_2m, LEAVES(ept_leaves), EPT_BITS, 3, 4, false, "x86_ept_2m"},
    {&axaddr_x86_ept_5, LEAVES(ept_leaves), EPT_BITS, 7, 5, false, "x86_ept_5"},
    {&axaddr_x86_64, LEAVES(stage1_leaves), STAGE1_BITS, 7, 4, true, "x86_64"},
    {&axaddr_x86_64_2m, LEAVES(stage1_leaves), STAGE1_BITS, 3, 4, true, "x86_64_2m"},
    {&axaddr_x86_64_la57, LEAVES(stage1_leaves), STAGE1_BITS, 7, 5, true, "x86_64_la57"},
    {&axaddr_x86_npt, LEAVES(npt_leaves), STAGE1_BITS, 7, 4, false, "x86_npt"},
    {&axaddr_x86_npt_2m, LEAVES(npt_leaves), STAGE1_BITS, 3, 4, false, "x86_npt_2m"},
    {&axaddr_x86_npt_la57, LEAVES(npt_leaves), STAGE1_BITS, 7, 5, false, "x86_npt_la57"},
};
#define SUBJECT_COUNT (sizeof subjects / sizeof subjects[0])

static const struct subject *subject;

static bool is_ept(void) {
    return subject->present == 7; /* R, W and X; elsewhere P alone */
}

/** splitmix64: the same numbers at each run. */
static uint64_t random_state = SEED;

static uint64_t random_next(void) {
    uint64_t z = (random_state += UINT64_C(0x9e3779b97f4a7c15));
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

/** The highest level, apart from which everything is tested, that may hold a leaf. */
static unsigned top_leaf_level(void) {
    return subject->leaf_levels == 7 ? 2 : 1;
}

/* ---- geometry: SDM vol. 3A, 4.5.4 and vol. 3C, 29.3.2 ---- */

static void has_the_geometry(void) {
    static const unsigned shifts[5] = {12, 21, 30, 39, 48};
    const struct axaddr_format *f = subject->format;
    unsigned level;

    CHECK_STR(f->name, subject->name);
    CHECK_EQ(f->level_count, subject->level_count);
    CHECK_EQ(f->entry_shift, 3);
    CHECK_EQ(f->root_order, 0);
    CHECK_EQ(f->input_width, subject->level_count == 4 ? 48 : 57);
    CHECK_EQ(f->output_width, 52);
    CHECK_EQ(f->leaf_levels, subject->leaf_levels);
    CHECK_EQ(f->is_sign_extended, subject->is_sign_extended);
    for (level = 0; level < subject->level_count; level++) {
        CHECK_EQ(f->shift[level], shifts[level]);
        CHECK_EQ(f->index_bits[level], 9);
    }
    CHECK(f->needs_break == 0 && f->publish == 0);
    CHECK_EQ(f->caches_absent, false);
}

/* ---- leaves ---- */

static const struct golden *find_golden(uint32_t flags) {
    unsigned i;
    for (i = 0; i < subject->leaf_count; i++) {
        if (subject->leaves[i].flags == flags) {
            return &subject->leaves[i];
        }
    }
    return 0;
}

static void encodes_every_combination_or_refuses_it(void) {
    const struct axaddr_format *f = subject->format;
    uint32_t flags;
    unsigned held = 0;
    unsigned level;

    for (flags = 0; flags <= AXADDR_MAPPING_FLAGS; flags++) {
        const struct golden *golden = find_golden(flags);
        CHECK_EQ(f->can_hold(flags), golden != 0);
        if (golden == 0) {
            continue;
        }
        held++;
        for (level = 0; level <= top_leaf_level(); level++) {
            uint64_t attributes = f->attributes_of(flags, level);
            uint64_t leaf = f->make_leaf(frames[level], level, attributes);
            CHECK_EQ(leaf, golden->leaf[level]);
            CHECK_EQ(f->kind_of(leaf, level), AXADDR_ENTRY_LEAF);
            CHECK_EQ(f->frame_of(leaf, level), frames[level]);
            CHECK_EQ(f->flags_of(leaf, level), flags);
        }
    }
    CHECK_EQ(held, subject->leaf_count);
}

static void decodes_whatever_hardware_noted(void) {
    const struct axaddr_format *f = subject->format;
    unsigned i;
    unsigned level;

    for (i = 0; i < subject->leaf_count; i++) {
        for (level = 0; level <= top_leaf_level(); level++) {
            uint64_t noise = subject->noted | subject->nothing | subject->key;
            uint64_t leaf = subject->leaves[i].leaf[level] | noise;
            CHECK_EQ(f->kind_of(leaf, level), AXADDR_ENTRY_LEAF);
            CHECK_EQ(f->frame_of(leaf, level), frames[level]);
            CHECK_EQ(f->flags_of(leaf, level), subject->leaves[i].flags);
        }
    }
}

static void steps_to_the_next_leaf(void) {
    const struct axaddr_format *f = subject->format;
    unsigned i;
    unsigned level;
    unsigned step;

    for (i = 0; i < subject->leaf_count; i++) {
        for (level = 0; level <= top_leaf_level(); level++) {
            uint64_t attributes = f->attributes_of(subject->leaves[i].flags, level);
            uint64_t leaf = subject->leaves[i].leaf[level];
            CHECK_EQ(f->next_leaf(leaf, level), leaf + sizes[level]);
            for (step = 1; step < 600; step++) {
                leaf = f->next_leaf(leaf, level);
                CHECK_EQ(leaf,
                         f->make_leaf(frames[level] + step * sizes[level], level, attributes));
            }
        }
    }
}

static void changes_a_leaf_and_keeps_what_hardware_noted(void) {
    const struct axaddr_format *f = subject->format;
    unsigned from;
    unsigned to;
    unsigned level;

    for (from = 0; from < subject->leaf_count; from++) {
        for (to = 0; to < subject->leaf_count; to++) {
            for (level = 0; level <= top_leaf_level(); level++) {
                uint64_t old_leaf = subject->leaves[from].leaf[level];
                uint64_t new_leaf = subject->leaves[to].leaf[level];
                uint64_t attributes = f->attributes_of(subject->leaves[to].flags, level);
                uint64_t low = subject->noted & (~subject->noted + 1); /* accessed, not dirty */

                CHECK_EQ(f->change_leaf(old_leaf, level, attributes), new_leaf);
                CHECK_EQ(f->change_leaf(old_leaf | low, level, attributes), new_leaf | low);
                CHECK_EQ(f->change_leaf(old_leaf | subject->noted, level, attributes),
                         new_leaf | subject->noted);
                /* Ignored bits above the attributes stay in EPT, and go elsewhere. */
                CHECK_EQ(f->change_leaf(old_leaf | subject->nothing, level, attributes),
                         is_ept() ? new_leaf | (subject->nothing & ~UINT64_C(0xff)) : new_leaf);
                /* A protection key stays. */
                CHECK_EQ(f->change_leaf(old_leaf | subject->key, level, attributes),
                         new_leaf | subject->key);
            }
        }
    }
}

/** What a large leaf becomes when it is split: the same in the next smaller size, first part. */
static void splits_large_leaves(void) {
    const struct axaddr_format *f = subject->format;
    unsigned i;
    unsigned level;

    for (i = 0; i < subject->leaf_count; i++) {
        for (level = 1; level <= top_leaf_level(); level++) {
            uint64_t leaf = subject->leaves[i].leaf[level];
            uint64_t part = subject->leaves[i].leaf[level - 1] - frames[level - 1] + frames[level];

            CHECK_EQ(f->split_leaf(leaf, level), part);
            CHECK_EQ(f->kind_of(part, level - 1), AXADDR_ENTRY_LEAF);
            CHECK_EQ(f->split_leaf(leaf | subject->noted, level), part | subject->noted);
            /* Neither ignored bits nor PAT (bit 12 of a large leaf) become part of anything. */
            CHECK_EQ(f->split_leaf(leaf | subject->nothing | 0x1000, level), part);
            CHECK_EQ(f->split_leaf(leaf | subject->key, level), part | subject->key);
        }
    }
    /* By hand, 2 MiB to 4 KiB, accessed: bit 7 goes. */
    CHECK_EQ(axaddr_x86_ept.split_leaf(UINT64_C(0x400001b7), 1), 0x40000137);
    CHECK_EQ(axaddr_x86_64.split_leaf(UINT64_C(0x80000000400000e3), 1),
             UINT64_C(0x8000000040000063));
}

/** Bit 12 of a large leaf is PAT or reserved, as are those up to its size: never an address. */
static void large_leaves_have_no_low_address_bits(void) {
    const struct axaddr_format *f = subject->format;
    uint64_t leaf = subject->leaves[0].leaf[1];

    CHECK_EQ(f->frame_of(leaf | 0x1000, 1), UINT64_C(0x000fbcde12200000));
    CHECK_EQ(f->frame_of(leaf | 0x1ff000, 1), UINT64_C(0x000fbcde12200000));
    if (!is_ept()) {
        CHECK_EQ(f->change_leaf(leaf | 0x1ff000, 1, f->attributes_of(R, 1)), leaf);
    }
    CHECK_EQ(f->flags_of(leaf | 0x1000, 1), R);
    leaf = subject->leaves[0].leaf[2];
    CHECK_EQ(f->frame_of(leaf | 0x1000, 2), UINT64_C(0x0008bcde40000000));
    CHECK_EQ(f->frame_of(leaf | 0x3ffff000, 2), UINT64_C(0x0008bcde40000000));
    if (!is_ept()) {
        CHECK_EQ(f->change_leaf(leaf | 0x3ffff000, 2, f->attributes_of(R, 2)), leaf);
    }
}

/* ---- tables and kinds ---- */

static void makes_tables(void) {
    const struct axaddr_format *f = subject->format;
    unsigned level;

    for (level = 1; level < subject->level_count; level++) {
        /* EPT: R, W, X; elsewhere P, R/W, U/S and no NX: bits 2:0. */
        uint64_t table = f->make_table(UINT64_C(0x000fedcba9876000), level);
        CHECK_EQ(table, UINT64_C(0x000fedcba9876007));
        CHECK_EQ(f->kind_of(table, level), AXADDR_ENTRY_TABLE);
        CHECK_EQ(f->table_of(table), UINT64_C(0x000fedcba9876000));
        /* What hardware or a debugger may have added is no address. */
        CHECK_EQ(f->table_of(table | UINT64_C(0xfff0000000000f00)), UINT64_C(0x000fedcba9876000));
        CHECK_EQ(f->kind_of(table | (is_ept() ? UINT64_C(0xfff0000000000f00)
                                              : UINT64_C(0xfff0000000000f60)),
                            level),
                 AXADDR_ENTRY_TABLE);
    }
    CHECK_EQ(f->make_table(0, 1), 7);
    CHECK_EQ(f->make_table(UINT64_C(0x000ffffffffff000), 3), UINT64_C(0x000fffffffffffff) - 0xff8);
}

/**
 * What the manual says an entry is; written again, and otherwise than in the headers. Of the tables
 * that EPT hardware would follow, only those count that permit everything and have no reserved bit:
 * the ones that make_table writes.
 */
static enum axaddr_entry_kind expected_kind(uint64_t entry, unsigned level) {
    bool is_present = (entry & subject->present) != 0;
    bool has_bit_7 = (entry >> 7) % 2 == 1;

    if (is_ept() && level > 0 && !has_bit_7) {
        return entry % 0x100 == 7 ? AXADDR_ENTRY_TABLE : AXADDR_ENTRY_ABSENT;
    }

    if (!is_present) {
        return AXADDR_ENTRY_ABSENT;
    }
    switch (level) {
    case 0:
        return AXADDR_ENTRY_LEAF; /* bit 7: ignored in EPT, PAT elsewhere */
    case 1:
    case 2:
        return has_bit_7 ? AXADDR_ENTRY_LEAF : AXADDR_ENTRY_TABLE;
    default:
        /* reserved in a PML4E and a PML5E */
        return has_bit_7 ? AXADDR_ENTRY_ABSENT : AXADDR_ENTRY_TABLE;
    }
}

static void classifies_any_entry(void) {
    const struct axaddr_format *f = subject->format;
    uint64_t low;
    unsigned i;
    unsigned level;

    /* Every combination of the low 13 bits, below several of the others. */
    for (low = 0; low < 0x2000; low++) {
        for (level = 0; level < subject->level_count; level++) {
            CHECK_EQ(f->kind_of(low, level), expected_kind(low, level));
            CHECK_EQ(f->kind_of(~UINT64_C(0x1fff) | low, level), expected_kind(low, level));
            CHECK_EQ(f->kind_of(UINT64_C(1) << 63 | low, level), expected_kind(low, level));
        }
    }
    random_state = SEED;
    for (i = 0; i < RANDOM_ROUNDS; i++) {
        uint64_t entry = random_next();
        if (i % 2 != 0) {
            entry &= ~subject->present; /* absent ones are not left to luck */
        }
        for (level = 0; level < subject->level_count; level++) {
            CHECK_EQ(f->kind_of(entry, level), expected_kind(entry, level));
            /* Defined for any input, and inside its field. */
            CHECK_EQ(f->frame_of(entry, level) & UINT64_C(0xfff0000000000fff), 0);
            CHECK_EQ(f->flags_of(entry, level) & ~AXADDR_MAPPING_FLAGS, 0);
        }
        CHECK_EQ(f->table_of(entry), entry & UINT64_C(0x000ffffffffff000));
    }
}

/** Entries that hardware never follows, one by one. */
static void never_follows_what_hardware_does_not(void) {
    unsigned i;

    for (i = 0; i < SUBJECT_COUNT; i++) {
        const struct axaddr_format *f = subjects[i].format;
        snprintf(check_context, sizeof check_context, "%s", f->name);
        /* Not present, with bit 7 and an address: guest memory must not be walked. */
        CHECK_EQ(f->kind_of(UINT64_C(0x0000000012345080), 1), AXADDR_ENTRY_ABSENT);
        CHECK_EQ(f->kind_of(UINT64_C(0xfffffffffffffff8), 1), AXADDR_ENTRY_ABSENT);
        CHECK_EQ(f->kind_of(UINT64_C(0xfffffffffffffff8), 0), AXADDR_ENTRY_ABSENT);
        CHECK_EQ(f->kind_of(UINT64_C(0xfffffffffffffff8), 3), AXADDR_ENTRY_ABSENT);
        /* A PML4E with bit 7 is malformed. */
        CHECK_EQ(f->kind_of(UINT64_C(0x0000000012345087), 3), AXADDR_ENTRY_ABSENT);
        CHECK_EQ(f->kind_of(UINT64_C(0xffffffffffffffff), 3), AXADDR_ENTRY_ABSENT);
        /* Bit 7 of a 4 KiB leaf does not make it large, nor change what it says. */
        CHECK_EQ(f->kind_of(UINT64_C(0x0000000012345087), 0), AXADDR_ENTRY_LEAF);
        CHECK_EQ(f->frame_of(UINT64_C(0x0000000012345087), 0), 0x12345000);
        CHECK_EQ(f->flags_of(subjects[i].leaves[0].leaf[0] | 0x80, 0), R);
    }
    /* P clear is all that counts in stage 1; any right makes an EPT entry present. */
    CHECK_EQ(axaddr_x86_64.kind_of(UINT64_C(0x0000000012345006), 1), AXADDR_ENTRY_ABSENT);
    CHECK_EQ(axaddr_x86_npt.kind_of(UINT64_C(0x80000000123450e6), 1), AXADDR_ENTRY_ABSENT);
    CHECK_EQ(axaddr_x86_ept.kind_of(UINT64_C(0x0000000012345004), 0), AXADDR_ENTRY_LEAF);
    CHECK_EQ(axaddr_x86_ept.kind_of(UINT64_C(0x0000000012345084), 1), AXADDR_ENTRY_LEAF);
    /* Types that are not written by us do not read as DEVICE or UNCACHED: EPT WT, WP; PAT WT. */
    CHECK_EQ(axaddr_x86_ept.flags_of(UINT64_C(0x12345023), 0), R | W);
    CHECK_EQ(axaddr_x86_ept.flags_of(UINT64_C(0x1234502b), 0), R | W);
    CHECK_EQ(axaddr_x86_64.flags_of(UINT64_C(0x1234500b), 0), R | W | X);
    /* Bit 8 of a nested leaf says nothing. */
    CHECK_EQ(axaddr_x86_npt.flags_of(UINT64_C(0x12345107), 0), R | W | X);
}

/* ---- absent entries ---- */

static void keeps_reservations_in_absent_entries(void) {
    static const enum axaddr_absent_kind kinds[] = {
        AXADDR_ABSENT_RESERVED,
        AXADDR_ABSENT_TRAPPED,
        AXADDR_ABSENT_PARKED_LEAF,
        AXADDR_ABSENT_PARKED_TABLE,
    };
    const struct axaddr_format *f = subject->format;
    unsigned i;
    unsigned k;
    unsigned level;

    CHECK_EQ(f->empty, 0);
    CHECK_EQ(f->make_absent(AXADDR_ABSENT_EMPTY, 0), 0);
    CHECK_EQ(f->absent_kind(0), AXADDR_ABSENT_EMPTY);
    random_state = SEED;
    for (i = 0; i < 20000; i++) {
        for (k = 0; k < 4; k++) {
            /* 28 bits of payload, or 40 of a page number; the extremes first */
            unsigned width = k < 2 ? 28 : 40;
            uint64_t most = (UINT64_C(1) << width) - 1;
            uint64_t value = i == 0 ? 0 : i == 1 ? most : i == 2 ? 1 : random_next() & most;
            uint64_t entry = f->make_absent(kinds[k], value);

            CHECK_EQ(f->absent_kind(entry), kinds[k]);
            CHECK_EQ(f->absent_value(entry), value);
            CHECK_EQ(entry & 7, 0);
            CHECK(entry != f->empty);
            if (k < 2) {
                CHECK_EQ(entry >> 40 & 0xfff, 0xfff); /* L1TF: an address beyond all memory */
            }
            for (level = 0; level < subject->level_count; level++) {
                CHECK_EQ(f->kind_of(entry, level), AXADDR_ENTRY_ABSENT);
            }
        }
    }
    /* By hand: kind in 5:3, the value inverted in 51:12; in EPT the leaf's attributes in 57:52. */
    if (is_ept()) {
        CHECK_EQ(f->make_absent(AXADDR_ABSENT_RESERVED, R), UINT64_C(0x031fffffffffe008));
        CHECK_EQ(f->make_absent(AXADDR_ABSENT_RESERVED, R | W | X), UINT64_C(0x037fffffffff8008));
    } else {
        CHECK_EQ(f->make_absent(AXADDR_ABSENT_RESERVED, R), UINT64_C(0x000fffffffffe008));
        CHECK_EQ(f->make_absent(AXADDR_ABSENT_RESERVED, 7), UINT64_C(0x000fffffffff8008));
    }
    CHECK_EQ(f->make_absent(AXADDR_ABSENT_TRAPPED, 0xfffffff), UINT64_C(0x000fff0000000010));
    CHECK_EQ(f->make_absent(AXADDR_ABSENT_PARKED_LEAF, 0x12345), UINT64_C(0x000fffffedcba018));
    CHECK_EQ(f->make_absent(AXADDR_ABSENT_PARKED_TABLE, UINT64_C(0xffffffffff)), 0x20);
}

/* ---- registers ---- */

static void writes_root_registers(void) {
    uint64_t value = 0x5555;

    /* EPTP, vol. 3C, 25.6.11: 2:0 type 6, 5:3 walk length - 1, 6 A/D enable. */
    CHECK_EQ(axaddr_x86_ept_eptp(axaddr_hpa(0x12345000), false, &value), AXADDR_OK);
    CHECK_EQ(value, 0x1234501e);
    CHECK_EQ(axaddr_x86_ept_eptp(axaddr_hpa(UINT64_C(0x000ffffffffff000)), true, &value),
             AXADDR_OK);
    CHECK_EQ(value, UINT64_C(0x000ffffffffff05e));
    value = 0x5555;
    CHECK_EQ(axaddr_x86_ept_eptp(axaddr_hpa(0x12345800), false, &value), AXADDR_INVALID);
    CHECK_EQ(axaddr_x86_ept_eptp(axaddr_hpa(UINT64_C(1) << 52), false, &value), AXADDR_INVALID);
    CHECK_EQ(value, 0x5555);

    /* CR3, vol. 3A, Tables 4-12 and 4-13: 11:0 PCID, 63 no flush. */
    CHECK_EQ(axaddr_x86_64_cr3(axaddr_hpa(0x12345000), 0, false, &value), AXADDR_OK);
    CHECK_EQ(value, 0x12345000);
    CHECK_EQ(axaddr_x86_64_cr3(axaddr_hpa(0x12345000), 0xfff, true, &value), AXADDR_OK);
    CHECK_EQ(value, UINT64_C(0x8000000012345fff));
    CHECK_EQ(axaddr_x86_npt_ncr3(axaddr_hpa(UINT64_C(0x000fedcba9876000)), &value), AXADDR_OK);
    CHECK_EQ(value, UINT64_C(0x000fedcba9876000));
    value = 0x5555;
    CHECK_EQ(axaddr_x86_64_cr3(axaddr_hpa(0x12345000), 0x1000, false, &value), AXADDR_INVALID);
    CHECK_EQ(axaddr_x86_64_cr3(axaddr_hpa(0x12345001), 0, false, &value), AXADDR_INVALID);
    CHECK_EQ(axaddr_x86_npt_ncr3(axaddr_hpa(UINT64_C(0x8000000000000000)), &value), AXADDR_INVALID);
    CHECK_EQ(value, 0x5555);
}

static void says_what_a_processor_lacks(void) {
    /* vol. 3D, A.10. Haswell and later: 6 walk, 8 UC, 14 WB, 16 2M, 17 1G, 20, 21, 25, 26; 0. */
    const uint64_t haswell = UINT64_C(0x0000000006334141);
    /* Nehalem: no 1G, no A/D. */
    const uint64_t nehalem = UINT64_C(0x0000000006114141);

    CHECK_EQ(axaddr_x86_ept_missing(haswell, &axaddr_x86_ept, 0), 0);
    CHECK_EQ(axaddr_x86_ept_missing(haswell, &axaddr_x86_ept, 0x4200001), 0);
    CHECK_EQ(axaddr_x86_ept_missing(nehalem, &axaddr_x86_ept, 0), 0x20000);
    CHECK_EQ(axaddr_x86_ept_missing(nehalem, &axaddr_x86_ept_2m, 0), 0);
    CHECK_EQ(axaddr_x86_ept_missing(nehalem, &axaddr_x86_ept_2m, AXADDR_X86_EPT_CAP_ACCESSED_DIRTY),
             0x200000);
    CHECK_EQ(axaddr_x86_ept_missing(haswell & ~UINT64_C(1), &axaddr_x86_ept,
                                    AXADDR_X86_EPT_CAP_EXECUTE_ONLY),
             1);
    /* Whatever is needed: bits 0, 6, 14, 16, 17, 20, 21, 25, 26. */
    CHECK_EQ(axaddr_x86_ept_missing(0, &axaddr_x86_ept, 0x4200001), 0x6334041);
    CHECK_EQ(axaddr_x86_ept_missing(0, &axaddr_x86_ept, 0), 0x2134040);
    CHECK_STR(axaddr_x86_ept_cap_name(0x20000), "1 GiB leaves");
    CHECK_STR(axaddr_x86_ept_cap_name(0x6334040), "4-level walk");
    CHECK_STR(axaddr_x86_ept_cap_name(UINT64_C(1) << 40), "?");
}

/* ---- exits ---- */

static void decodes_ept_violations(void) {
    /* vol. 3C, Table 28-7. 2:0 access, 5:3 rights, 7 linear address valid, 8 not a walk. */
    static const struct {
        uint64_t qualification;
        uint32_t access;
        bool is_gva_valid;
        bool is_guest_walk;
        bool is_permission;
    } rows[] = {
        {0x181, R, true, false, false},     /* read, nothing there */
        {0x182, W, true, false, false},     /* write, nothing there */
        {0x184, X, true, false, false},     /* fetch, nothing there */
        {0x183, R | W, true, false, false}, /* read-modify-write */
        {0x18a, W, true, false, true},      /* write to what is readable */
        {0x1aa, W, true, false, true},      /* write to what is readable, executable */
        {0x19c, X, true, false, true},      /* fetch from what is readable, writable */
        {0x1a1, R, true, false, true},      /* read of what is execute-only */
        {0x081, R, true, true, false},      /* the guest's walk */
        {0x083, R | W, true, true, false},  /* the guest's walk, A/D enabled */
        {0x08b, R | W, true, true, true},   /* the same in read-only memory */
        {0x001, R, false, false, false},    /* MOV to CR loads PDPTEs */
        {0x101, R, false, false, false},    /* bit 8 is undefined without bit 7 */
        {0x1181, R, true, false, false},    /* NMI unblocking due to IRET: not ours */
        {UINT64_C(0xfffffffffffffe44), X, false, false, false}, /* bits that we know nothing of */
        {0x180, R, true, false, false}, /* no access at all: never seen, still one */
    };
    unsigned i;

    for (i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct axaddr_exit exit_info;
        memset(&exit_info, 0xa5, sizeof exit_info);
        axaddr_x86_ept_decode(rows[i].qualification, UINT64_C(0x0000123456789abc),
                              UINT64_C(0xffff8000deadbeef), &exit_info);
        snprintf(check_context, sizeof check_context, "row %u", i);
        CHECK_EQ(exit_info.gpa.raw, UINT64_C(0x0000123456789abc));
        CHECK_EQ(exit_info.access, rows[i].access);
        CHECK_EQ(exit_info.is_page_only, false);
        CHECK_EQ(exit_info.is_gva_valid, rows[i].is_gva_valid);
        CHECK_EQ(exit_info.is_guest_walk, rows[i].is_guest_walk);
        CHECK_EQ(exit_info.is_permission, rows[i].is_permission);
        CHECK_EQ(exit_info.gva.raw, rows[i].is_gva_valid ? UINT64_C(0xffff8000deadbeef) : 0);
    }
}

static void decodes_nested_page_faults(void) {
    /* APM vol. 2, 15.25.6. 0 P, 1 RW, 2 US, 3 RSV, 4 ID, 32 final address, 33 guest's walk. */
    static const struct {
        uint64_t exitinfo1;
        uint32_t access;
        bool is_guest_walk;
        bool is_permission;
        enum axaddr_status status;
    } rows[] = {
        {UINT64_C(0x100000004), R, false, false, AXADDR_OK},
        {UINT64_C(0x100000006), W, false, false, AXADDR_OK},
        {UINT64_C(0x100000014), X, false, false, AXADDR_OK},
        {UINT64_C(0x100000007), W, false, true, AXADDR_OK},
        {UINT64_C(0x100000015), X, false, true, AXADDR_OK},
        {UINT64_C(0x200000006), W, true, false, AXADDR_OK},
        {UINT64_C(0x200000007), W, true, true, AXADDR_OK},
        {UINT64_C(0x10000000d), R, false, false, AXADDR_INVALID}, /* reserved bit: P=1 (Bochs) */
        {UINT64_C(0x10000000c), R, false, false, AXADDR_INVALID}, /* reserved bit: P=0 (QEMU) */
    };
    unsigned i;

    for (i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct axaddr_exit exit_info;
        memset(&exit_info, 0xa5, sizeof exit_info);
        snprintf(check_context, sizeof check_context, "row %u", i);
        CHECK_EQ(axaddr_x86_npt_decode(rows[i].exitinfo1, UINT64_C(0x0000123456789abc), &exit_info),
                 rows[i].status);
        CHECK_EQ(exit_info.gpa.raw, UINT64_C(0x0000123456789abc));
        CHECK_EQ(exit_info.access, rows[i].access);
        CHECK_EQ(exit_info.is_page_only, false);
        CHECK_EQ(exit_info.is_gva_valid, false);
        CHECK_EQ(exit_info.gva.raw, 0);
        CHECK_EQ(exit_info.is_guest_walk, rows[i].is_guest_walk);
        CHECK_EQ(exit_info.is_permission, rows[i].is_permission);
    }
}

static void decodes_page_faults(void) {
    /* SDM vol. 3A, 4.7, Figure 4-12. 0 P, 1 W/R, 2 U/S, 3 RSVD, 4 I/D. */
    static const struct {
        uint64_t error_code;
        uint32_t access;
        bool is_permission;
        bool is_reserved;
    } rows[] = {
        {0x00, R, false, false},     {0x02, W, false, false},    {0x10, X, false, false},
        {0x03, W, true, false},      {0x11, X, true, false},     {0x04, R | U, false, false},
        {0x06, W | U, false, false}, {0x07, W | U, true, false}, {0x05, R | U, true, false},
        {0x15, X | U, true, false},  {0x09, R, false, true},     {0x0b, W, false, true},
    };
    unsigned i;

    for (i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct axaddr_x86_page_fault fault;
        memset(&fault, 0xa5, sizeof fault);
        axaddr_x86_64_decode(rows[i].error_code, UINT64_C(0xffff800012345678), &fault);
        snprintf(check_context, sizeof check_context, "row %u", i);
        CHECK_EQ(fault.gva.raw, UINT64_C(0xffff800012345678));
        CHECK_EQ(fault.access, rows[i].access);
        CHECK_EQ(fault.is_permission, rows[i].is_permission);
        CHECK_EQ(fault.is_reserved, rows[i].is_reserved);
    }
}

/** Run one test function for each format. */
static void tells_reserved_in_one_test(void) {
    check_reserved(subject->format);
}

#define FOR_EACH_FORMAT(function)                                                                  \
    do {                                                                                           \
        unsigned format_index;                                                                     \
        for (format_index = 0; format_index < SUBJECT_COUNT; format_index++) {                     \
            subject = &subjects[format_index];                                                     \
            snprintf(check_context, sizeof check_context, "%s", subject->format->name);            \
            CASE(function);                                                                        \
        }                                                                                          \
    } while (0)

int main(void) {
    printf("test_format_x86: seed 0x%" PRIx64 "\n", SEED);
    FOR_EACH_FORMAT(has_the_geometry);
    FOR_EACH_FORMAT(encodes_every_combination_or_refuses_it);
    FOR_EACH_FORMAT(decodes_whatever_hardware_noted);
    FOR_EACH_FORMAT(steps_to_the_next_leaf);
    FOR_EACH_FORMAT(changes_a_leaf_and_keeps_what_hardware_noted);
    FOR_EACH_FORMAT(splits_large_leaves);
    FOR_EACH_FORMAT(large_leaves_have_no_low_address_bits);
    FOR_EACH_FORMAT(makes_tables);
    FOR_EACH_FORMAT(classifies_any_entry);
    CASE(never_follows_what_hardware_does_not);
    FOR_EACH_FORMAT(keeps_reservations_in_absent_entries);
    FOR_EACH_FORMAT(tells_reserved_in_one_test);
    CASE(writes_root_registers);
    CASE(says_what_a_processor_lacks);
    CASE(decodes_ept_violations);
    CASE(decodes_nested_page_faults);
    CASE(decodes_page_faults);
    return check_report("test_format_x86");
}
