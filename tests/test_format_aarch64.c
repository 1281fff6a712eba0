/* SPDX-License-Identifier: MIT
 *
 * test_format_aarch64.c: the AArch64 stage 2 formats against descriptors, registers and syndromes
 * that were written out from ARM DDI 0487 by hand. Nothing in here asks the header for a bit.
 */
#include "../axaddr_arch/aarch64_stage2.h"
#include "check.h"
#include "format_check.h"

#define SEED          UINT64_C(0x2545f4914f6cdd1d)
#define RANDOM_ROUNDS 200000

/* The flags, in one letter each so that the table below can be read. */
#define R AXADDR_READ
#define W AXADDR_WRITE
#define X AXADDR_EXECUTE
#define D AXADDR_DEVICE
#define N AXADDR_UNCACHED

/* Frames that use the highest address bit and the lowest one of their size: 4 KiB, 2 MiB, 1 GiB. */
static const uint64_t frames[3] = {0x0000fedcba987000, 0x0000fedcba200000, 0x0000fedc40000000};
static const uint64_t sizes[3] = {0x1000, 0x200000, 0x40000000};

/** Mapping flags, and the leaves of the three frames above that hold them. */
struct golden {
    uint32_t flags;
    uint64_t leaf[3];
};

/*
 * ARM DDI 0487, D8.3.1 (stage 2 Block and Page descriptors): bit 0 valid, bit 1 page (1) or block
 * (0), 5:2 MemAttr (1111 Normal WB, 0101 Normal NC, 0001 Device-nGnRE: D8.6), 7:6 S2AP (01 read, 10
 * write: Table D8-76), 9:8 SH (11 inner; 00 for device), 10 AF, 54:53 XN (10: never: Table D8-78).
 */
static const struct golden leaves[] = {
    {R, {0x0040fedcba98777f, 0x0040fedcba20077d, 0x0040fedc4000077d}},
    {W, {0x0040fedcba9877bf, 0x0040fedcba2007bd, 0x0040fedc400007bd}},
    {R | W, {0x0040fedcba9877ff, 0x0040fedcba2007fd, 0x0040fedc400007fd}},
    {X, {0x0000fedcba98773f, 0x0000fedcba20073d, 0x0000fedc4000073d}},
    {R | X, {0x0000fedcba98777f, 0x0000fedcba20077d, 0x0000fedc4000077d}},
    {W | X, {0x0000fedcba9877bf, 0x0000fedcba2007bd, 0x0000fedc400007bd}},
    {R | W | X, {0x0000fedcba9877ff, 0x0000fedcba2007fd, 0x0000fedc400007fd}},
    {R | D, {0x0040fedcba987447, 0x0040fedcba200445, 0x0040fedc40000445}},
    {W | D, {0x0040fedcba987487, 0x0040fedcba200485, 0x0040fedc40000485}},
    {R | W | D, {0x0040fedcba9874c7, 0x0040fedcba2004c5, 0x0040fedc400004c5}},
    {R | N, {0x0040fedcba987757, 0x0040fedcba200755, 0x0040fedc40000755}},
    {W | N, {0x0040fedcba987797, 0x0040fedcba200795, 0x0040fedc40000795}},
    {R | W | N, {0x0040fedcba9877d7, 0x0040fedcba2007d5, 0x0040fedc400007d5}},
    {X | N, {0x0000fedcba987717, 0x0000fedcba200715, 0x0000fedc40000715}},
    {R | X | N, {0x0000fedcba987757, 0x0000fedcba200755, 0x0000fedc40000755}},
    {W | X | N, {0x0000fedcba987797, 0x0000fedcba200795, 0x0000fedc40000795}},
    {R | W | X | N, {0x0000fedcba9877d7, 0x0000fedcba2007d5, 0x0000fedc400007d5}},
};
#define LEAF_COUNT (sizeof leaves / sizeof leaves[0])

/** The format that the case is about; main runs the format's cases once for each. */
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

    for (i = 0; i < LEAF_COUNT; i++) {
        if (leaves[i].flags == flags) {
            return &leaves[i];
        }
    }
    return 0;
}

/* ---- geometry ---- */

static void geometry_40(void) {
    const struct axaddr_format *f = &axaddr_aarch64_stage2_40;

    /* D8.2.9: 4K granule, IPA 40: start level 1, two concatenated tables; an index is 39:30. */
    CHECK_STR(f->name, "aarch64_stage2_40");
    CHECK_EQ(f->level_count, 3);
    CHECK_EQ(f->entry_shift, 3);
    CHECK_EQ(f->root_order, 1);
    CHECK_EQ(f->input_width, 40);
    CHECK_EQ(f->output_width, 48);
    CHECK_EQ(f->leaf_levels, 7);
    CHECK_EQ(f->shift[0], 12);
    CHECK_EQ(f->shift[1], 21);
    CHECK_EQ(f->shift[2], 30);
    CHECK_EQ(f->index_bits[0], 9);
    CHECK_EQ(f->index_bits[1], 9);
    CHECK_EQ(f->index_bits[2], 10);
    CHECK(!f->is_sign_extended && !f->caches_absent && f->publish != 0);
}

static void geometry_48(void) {
    const struct axaddr_format *f = &axaddr_aarch64_stage2_48;

    CHECK_STR(f->name, "aarch64_stage2_48");
    CHECK_EQ(f->level_count, 4);
    CHECK_EQ(f->entry_shift, 3);
    CHECK_EQ(f->root_order, 0);
    CHECK_EQ(f->input_width, 48);
    CHECK_EQ(f->output_width, 48);
    CHECK_EQ(f->leaf_levels, 7);
    CHECK_EQ(f->shift[3], 39);
    CHECK_EQ(f->index_bits[3], 9);
    CHECK_EQ(f->shift[2], 30);
    CHECK_EQ(f->index_bits[2], 9);
    CHECK(!f->is_sign_extended && !f->caches_absent && f->publish != 0);
}

/* ---- leaves ---- */

/** All 64 combinations: the expressible ones are those of the table above, bit by bit. */
static void leaves_are_the_manuals(void) {
    unsigned held = 0;
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
        for (level = 0; level < 3; level++) {
            uint64_t attributes = format->attributes_of(flags, level);
            uint64_t leaf = format->make_leaf(frames[level], level, attributes);

            CHECK_EQ(leaf, golden->leaf[level]);
            CHECK_EQ(attributes, golden->leaf[level] - frames[level]);
            CHECK_EQ(format->kind_of(leaf, level), AXADDR_ENTRY_LEAF);
            CHECK_EQ(format->flags_of(leaf, level), flags);
            CHECK_EQ(format->frame_of(leaf, level), frames[level]);
        }
    }
    CHECK_EQ(held, 17);
}

/** Every address bit is held and found again, at every level. */
static void addresses_are_held(void) {
    unsigned level;
    unsigned bit;

    for (level = 0; level < 3; level++) {
        uint64_t attributes = format->attributes_of(R | W, level);

        for (bit = format->shift[level]; bit < 48; bit++) {
            uint64_t frame = UINT64_C(1) << bit;
            uint64_t leaf = format->make_leaf(frame, level, attributes);
            CHECK_EQ(leaf, frame + attributes);
            CHECK_EQ(format->frame_of(leaf, level), frame);
        }
    }
}

static void next_leaf_maps_the_next_frame(void) {
    unsigned level;
    size_t i;

    for (level = 0; level < 3; level++) {
        /* From just below a carry through all the lower index bits. */
        uint64_t frame = UINT64_C(0x00007fff00000000) - 2 * sizes[level];

        for (i = 0; i < LEAF_COUNT; i++) {
            uint64_t attributes = format->attributes_of(leaves[i].flags, level);
            uint64_t leaf = format->make_leaf(frame, level, attributes);
            unsigned step;

            for (step = 1; step <= 4; step++) {
                leaf = format->next_leaf(leaf, level);
                CHECK_EQ(leaf, format->make_leaf(frame + step * sizes[level], level, attributes));
            }
        }
    }
}

/** From any flags to any others; AF (bit 10) stays as it was. */
static void change_leaf_keeps_address_and_access_flag(void) {
    unsigned level;
    size_t from;
    size_t to;

    for (level = 0; level < 3; level++) {
        for (from = 0; from < LEAF_COUNT; from++) {
            for (to = 0; to < LEAF_COUNT; to++) {
                uint64_t attributes = format->attributes_of(leaves[to].flags, level);
                uint64_t leaf = leaves[from].leaf[level];

                CHECK_EQ(format->change_leaf(leaf, level, attributes), leaves[to].leaf[level]);
                CHECK_EQ(format->change_leaf(leaf & ~UINT64_C(0x400), level, attributes),
                         leaves[to].leaf[level] & ~UINT64_C(0x400));
            }
        }
    }
}

/** A block's first part has its flags, its frame and its AF, and the right kind of descriptor. */
static void split_leaf_maps_the_first_part(void) {
    size_t i;

    for (i = 0; i < LEAF_COUNT; i++) {
        uint64_t gigabyte = leaves[i].leaf[2];
        uint64_t megabytes = leaves[i].leaf[1];

        /* The same bits one level down; a page has bit 1 set. */
        CHECK_EQ(format->split_leaf(gigabyte, 2), gigabyte);
        CHECK_EQ(format->split_leaf(megabytes, 1), megabytes | 2);
        CHECK_EQ(format->split_leaf(megabytes & ~UINT64_C(0x400), 1),
                 (megabytes & ~UINT64_C(0x400)) | 2);
        CHECK_EQ(format->flags_of(format->split_leaf(megabytes, 1), 0), leaves[i].flags);
        CHECK_EQ(format->frame_of(format->split_leaf(megabytes, 1), 0), frames[1]);
    }
    /* Bits 20:12 of a 2 MiB block are no address (bit 16 is nT); none becomes one. */
    CHECK_EQ(format->split_leaf(0x00400000402107fd, 1), 0x00400000402007ff);
}

/* ---- tables, absent entries, kinds ---- */

static void tables(void) {
    unsigned level;

    for (level = 1; level < format->level_count; level++) {
        uint64_t entry = format->make_table(0x0000fedcba987000, level);
        CHECK_EQ(entry, 0x0000fedcba987003); /* D8.3.1.1: bits 1:0 are 11, no attributes */
        CHECK_EQ(format->kind_of(entry, level), AXADDR_ENTRY_TABLE);
        CHECK_EQ(format->table_of(entry), 0x0000fedcba987000);
    }
    /* Bits 63:59 are RES0 and 58:51 and 11:2 ignored in a stage 2 table descriptor. */
    CHECK_EQ(format->table_of(0xffff123456789fff), 0x0000123456789000);
}

static void absent_entries(void) {
    static const uint64_t values[] = {0, 1, 0x5555555, 0xfffffff, 0x123456789, 0xfffffffff};
    unsigned kind;
    unsigned level;
    size_t i;

    CHECK_EQ(format->empty, 0);
    CHECK_EQ(format->make_absent(AXADDR_ABSENT_EMPTY, 0), format->empty);
    CHECK_EQ(format->absent_kind(format->empty), AXADDR_ABSENT_EMPTY);
    for (kind = AXADDR_ABSENT_RESERVED; kind <= AXADDR_ABSENT_PARKED_TABLE; kind++) {
        for (i = 0; i < sizeof values / sizeof values[0]; i++) {
            uint64_t entry = format->make_absent((enum axaddr_absent_kind)kind, values[i]);

            CHECK_EQ(format->absent_kind(entry), kind);
            CHECK_EQ(format->absent_value(entry), values[i]);
            CHECK_EQ(entry & 1, 0); /* D8.3: bit 0 clear is invalid, the rest is ignored */
            CHECK(entry != format->empty);
            for (level = 0; level < format->level_count; level++) {
                CHECK_EQ(format->kind_of(entry, level), AXADDR_ENTRY_ABSENT);
            }
        }
    }
}

/**
 * D8.3.1, by bits 1:0 and the manual's level (3 - ours): 00, 10 invalid; 11 table, or page at level
 * 3; 01 block at levels 1 and 2, reserved at level 3 and (4 KiB granule) at level 0.
 */
static enum axaddr_entry_kind spec_kind(uint64_t entry, unsigned level) {
    static const enum axaddr_entry_kind kinds[4][4] = {
        /* 00, 01, 10, 11 at the manual's level 3 */
        {AXADDR_ENTRY_ABSENT, AXADDR_ENTRY_ABSENT, AXADDR_ENTRY_ABSENT, AXADDR_ENTRY_LEAF},
        /* 2 */
        {AXADDR_ENTRY_ABSENT, AXADDR_ENTRY_LEAF, AXADDR_ENTRY_ABSENT, AXADDR_ENTRY_TABLE},
        /* 1 */
        {AXADDR_ENTRY_ABSENT, AXADDR_ENTRY_LEAF, AXADDR_ENTRY_ABSENT, AXADDR_ENTRY_TABLE},
        /* 0 */
        {AXADDR_ENTRY_ABSENT, AXADDR_ENTRY_ABSENT, AXADDR_ENTRY_ABSENT, AXADDR_ENTRY_TABLE},
    };

    return kinds[level][entry % 4];
}

/** Any 64 bits at any level: the manual's kind, and hooks that stay within their own ranges. */
static void any_bits_have_a_kind(void) {
    static const uint64_t picked[] = {
        0,
        1,
        2,
        3,
        ~UINT64_C(0),
        ~UINT64_C(1),
        ~UINT64_C(2),
        ~UINT64_C(3),
        UINT64_C(0x8000000000000000),
        UINT64_C(0x0000fffffffff001),
        UINT64_C(0x0000fffffffff002),
        UINT64_C(0x00000000deadbeef),
    };
    size_t picked_count = sizeof picked / sizeof picked[0];
    size_t round;

    random_state = SEED;
    for (round = 0; round < RANDOM_ROUNDS; round++) {
        uint64_t entry = round < picked_count ? picked[round] : random_next();
        unsigned level;

        for (level = 0; level < format->level_count; level++) {
            snprintf(check_context, sizeof check_context, "%s 0x%" PRIx64 " level %u", format->name,
                     entry, level);
            CHECK_EQ(format->kind_of(entry, level), spec_kind(entry, level));
            CHECK_EQ(format->table_of(entry) & ~UINT64_C(0x0000fffffffff000), 0);
            if (level < 3) {
                CHECK_EQ(format->frame_of(entry, level) & (sizes[level] - 1), 0);
                CHECK_EQ(format->frame_of(entry, level) >> 48, 0);
                CHECK_EQ(format->flags_of(entry, level) & ~AXADDR_MAPPING_FLAGS, 0);
            }
        }
    }
}

/* ---- break-before-make ---- */

struct replacement {
    uint64_t from;
    uint64_t to;
    bool needs_break;
    const char *what;
};

static const struct replacement replacements[] = {
    {0x00400000800007ff, 0x00400000800007ff, false, "nothing"},
    {0x00400000800007ff, 0x004000008000077f, false, "write taken away"},
    {0x004000008000077f, 0x00400000800007ff, false, "write given"},
    {0x00000000800007ff, 0x00400000800007ff, false, "execute taken away"},
    {0x00400000800007ff, 0x00600000800007ff, false, "XN[0]"},
    {0x00400000800003ff, 0x00400000800007ff, false, "access flag"},
    {0x00400000800007ff, 0x07c00000800007ff, false, "software bits 58:55"},
    {0x00400000800007ff, 0x00400000800017ff, true, "output address, bit 12"},
    {0x00400000800007ff, 0x00408000800007ff, true, "output address, bit 47"},
    {0x00400000800007ff, 0x00400000800007c7, true, "normal to device"},
    {0x00400000800007ff, 0x00400000800007d7, true, "cached to uncached"},
    {0x00400000800004ff, 0x00400000800007ff, true, "shareability"},
    {0x00400000800005ff, 0x00400000800007ff, true, "shareability, bit 9"},
    {0x00400000800007ff, 0x00500000800007ff, true, "contiguous"},
    {0x00400000800007fd, 0x0000000080000003, true, "block to table"},
    {0x0000000080000003, 0x00400000800007fd, true, "table to block"},
    {0x0000000080000003, 0x0000000080001003, true, "table to another table"},
    {0, 0x00400000800007ff, false, "made"},
    {0x00400000800007ff, 0, false, "broken"},
    {0x00100000800000fe, 0x00400000800007ff, false, "absent with bits to made"},
    {0x00400000800007ff, 0x00200000800000fe, false, "broken, with bits"},
};

/** R_WHZWS, "Using break-before-make when updating translation table entries". */
static void break_before_make(void) {
    size_t i;

    for (i = 0; i < sizeof replacements / sizeof replacements[0]; i++) {
        const struct replacement *r = &replacements[i];

        snprintf(check_context, sizeof check_context, "%s %s", format->name, r->what);
        CHECK_EQ(format->needs_break(r->from, r->to, 1), r->needs_break);
        CHECK_EQ(format->needs_break(r->to, r->from, 1), r->needs_break);
    }
}

/* ---- registers ---- */

/** Values that booted guests (and one with VS, by hand): D24.2, VTCR_EL2. */
static void vtcr(void) {
    const struct axaddr_format *narrow = &axaddr_aarch64_stage2_40;
    const struct axaddr_format *wide = &axaddr_aarch64_stage2_48;
    uint64_t value = 0;

    CHECK_EQ(axaddr_aarch64_stage2_vtcr(narrow, 4, 8, &value), AXADDR_OK);
    CHECK_EQ(value, 0x80043558); /* Cortex-A72: 44 bits */
    CHECK_EQ(axaddr_aarch64_stage2_vtcr(wide, 5, 8, &value), AXADDR_OK);
    CHECK_EQ(value, 0x80053590);
    CHECK_EQ(axaddr_aarch64_stage2_vtcr(narrow, 2, 8, &value), AXADDR_OK);
    CHECK_EQ(value, 0x80023558); /* Cortex-A53: 40 bits */
    CHECK_EQ(axaddr_aarch64_stage2_vtcr(narrow, 3, 8, &value), AXADDR_OK);
    CHECK_EQ(value, 0x80033558);
    CHECK_EQ(axaddr_aarch64_stage2_vtcr(wide, 6, 16, &value), AXADDR_OK);
    CHECK_EQ(value, 0x800d3590); /* 52 bits: used as 48; VS */
    CHECK_EQ(axaddr_aarch64_stage2_vtcr(narrow, 7, 16, &value), AXADDR_OK);
    CHECK_EQ(value, 0x800d3558);
}

static void vtcr_refuses(void) {
    const struct axaddr_format *narrow = &axaddr_aarch64_stage2_40;
    const struct axaddr_format *wide = &axaddr_aarch64_stage2_48;
    uint64_t value = 77;

    CHECK_EQ(axaddr_aarch64_stage2_vtcr(narrow, 0, 8, &value), AXADDR_UNSUPPORTED); /* 32 bits */
    CHECK_EQ(axaddr_aarch64_stage2_vtcr(narrow, 1, 8, &value), AXADDR_UNSUPPORTED); /* 36 bits */
    CHECK_EQ(axaddr_aarch64_stage2_vtcr(wide, 4, 8, &value), AXADDR_UNSUPPORTED);   /* 44 bits */
    CHECK_EQ(axaddr_aarch64_stage2_vtcr(wide, 8, 8, &value), AXADDR_INVALID);
    CHECK_EQ(axaddr_aarch64_stage2_vtcr(wide, ~0u, 8, &value), AXADDR_INVALID);
    CHECK_EQ(axaddr_aarch64_stage2_vtcr(wide, 5, 0, &value), AXADDR_INVALID);
    CHECK_EQ(axaddr_aarch64_stage2_vtcr(wide, 5, 12, &value), AXADDR_INVALID);
    CHECK_EQ(value, 77);
}

/** D24.2, VTTBR_EL2: VMID 63:48, BADDR, CnP bit 0. */
static void vttbr(void) {
    const struct axaddr_format *narrow = &axaddr_aarch64_stage2_40;
    const struct axaddr_format *wide = &axaddr_aarch64_stage2_48;
    axaddr_hpa_t even = axaddr_hpa(0x0000800048002000);
    axaddr_hpa_t odd = axaddr_hpa(0x0000000048003000);
    uint64_t value = 77;

    CHECK_EQ(axaddr_aarch64_stage2_vttbr(narrow, odd, 8, 1, &value), AXADDR_INVALID); /* 8 KiB */
    CHECK_EQ(axaddr_aarch64_stage2_vttbr(wide, axaddr_hpa(0x800), 8, 1, &value), AXADDR_INVALID);
    CHECK_EQ(axaddr_aarch64_stage2_vttbr(wide, axaddr_hpa(UINT64_C(1) << 48), 8, 1, &value),
             AXADDR_INVALID);
    CHECK_EQ(axaddr_aarch64_stage2_vttbr(wide, odd, 8, 0x100, &value), AXADDR_INVALID);
    CHECK_EQ(axaddr_aarch64_stage2_vttbr(wide, odd, 16, 0x10000, &value), AXADDR_INVALID);
    CHECK_EQ(axaddr_aarch64_stage2_vttbr(wide, odd, 32, 1, &value), AXADDR_INVALID);
    CHECK_EQ(value, 77);
    CHECK_EQ(axaddr_aarch64_stage2_vttbr(narrow, even, 8, 0xa5, &value), AXADDR_OK);
    CHECK_EQ(value, 0x00a5800048002000);
    CHECK_EQ(axaddr_aarch64_stage2_vttbr(wide, odd, 16, 0xfffe, &value), AXADDR_OK);
    CHECK_EQ(value, 0xfffe000048003000);
    CHECK_EQ(axaddr_aarch64_stage2_vttbr(wide, odd, 8, 0, &value), AXADDR_OK);
    CHECK_EQ(value, 0x0000000048003000);
}

/* ---- aborts ---- */

struct abort_case {
    uint64_t esr;
    enum axaddr_status status;
    uint32_t access;
    bool is_walk;
    bool is_permission;
    const char *what;
};

/*
 * D24.2, ESR_EL2: EC 31:26 (0x20 instruction, 0x24 data abort, from a lower level), IL 25; ISS: FnV
 * 10, CM 8, S1PTW 7, WnR 6, DFSC 5:0 (0001LL translation, 0010LL access flag, 0011LL permission).
 */
static const struct abort_case aborts[] = {
    {0x92000007, AXADDR_OK, R, false, false, "load, translation level 3"},
    {0x92000047, AXADDR_OK, W, false, false, "store, translation level 3"},
    {0x93c08046, AXADDR_OK, W, false, false, "store with ISV, translation level 2"},
    {0x92000005, AXADDR_OK, R, false, false, "load, translation level 1"},
    {0x92000004, AXADDR_OK, R, false, false, "load, translation level 0 (above the IPA size)"},
    {0x9200000f, AXADDR_OK, R, false, true, "load, permission level 3"},
    {0x9200004f, AXADDR_OK, W, false, true, "store, permission level 3"},
    {0x9200004d, AXADDR_OK, W, false, true, "store, permission level 1"},
    {0x9200000b, AXADDR_OK, R, false, false, "load, access flag level 3"},
    {0x82000007, AXADDR_OK, X, false, false, "fetch, translation level 3"},
    {0x8200000e, AXADDR_OK, X, false, true, "fetch, permission level 2"},
    {0x9200006b, AXADDR_OK, W, false, false, "store, translation level -1"},
    {0x92000087, AXADDR_OK, R, true, false, "walk for a load, translation"},
    {0x920000c7, AXADDR_OK, R, true, false, "walk for a store, translation: WnR is the store's"},
    {0x82000086, AXADDR_OK, R, true, false, "walk for a fetch, translation"},
    {0x9200008b, AXADDR_OK, R, true, false, "walk, access flag"},
    {0x9200008f, AXADDR_OK, R | W, true, true, "walk for a load, permission: an update"},
    {0x920000cf, AXADDR_OK, R | W, true, true, "walk for a store, permission: an update"},
    {0x8200008f, AXADDR_OK, R | W, true, true, "walk for a fetch, permission: an update"},
    {0x92000147, AXADDR_OK, R, false, false, "cache maintenance, translation"},
    {0x9200014f, AXADDR_OK, W, false, true, "cache maintenance, permission"},
    {0x92000010, AXADDR_UNSUPPORTED, 0, false, false, "external abort"},
    {0x92000410, AXADDR_UNSUPPORTED, 0, false, false, "external abort, FAR not valid"},
    {0x92000017, AXADDR_UNSUPPORTED, 0, false, false, "external abort on a walk"},
    {0x92000021, AXADDR_UNSUPPORTED, 0, false, false, "alignment"},
    {0x92000000, AXADDR_UNSUPPORTED, 0, false, false, "address size, level 0"},
    {0x82000003, AXADDR_UNSUPPORTED, 0, false, false, "address size, level 3"},
    {0x92000030, AXADDR_UNSUPPORTED, 0, false, false, "TLB conflict"},
    {0x92000029, AXADDR_UNSUPPORTED, 0, false, false, "address size, level -1"},
    {0x96000007, AXADDR_INVALID, 0, false, false, "data abort from EL2 itself"},
    {0x86000007, AXADDR_INVALID, 0, false, false, "instruction abort from EL2 itself"},
    {0x5a000000, AXADDR_INVALID, 0, false, false, "HVC"},
    {0x62300822, AXADDR_INVALID, 0, false, false, "trapped MSR"},
    {0x02000007, AXADDR_INVALID, 0, false, false, "unknown"},
};

static void aborts_are_decoded(void) {
    size_t i;

    for (i = 0; i < sizeof aborts / sizeof aborts[0]; i++) {
        const struct abort_case *a = &aborts[i];
        /* HPFAR_EL2: NS bit 63 set, FIPA 43:4 for IPA 0x000fedcba9876xxx, bits 3:0 RES0. */
        uint64_t hpfar = UINT64_C(0x80000fedcba98760);
        uint64_t far_el2 = UINT64_C(0xffff800012345abc);
        struct axaddr_exit exit;

        memset(&exit, 0x5a, sizeof exit);
        snprintf(check_context, sizeof check_context, "%s", a->what);
        CHECK_EQ(axaddr_aarch64_stage2_decode(a->esr, hpfar, far_el2, &exit), a->status);
        if (a->status != AXADDR_OK) {
            CHECK_EQ(exit.access, 0x5a5a5a5a);
            continue;
        }
        CHECK_EQ(exit.gpa.raw, a->is_walk ? 0x000fedcba9876000 : 0x000fedcba9876abc);
        CHECK_EQ(exit.access, a->access);
        CHECK_EQ(exit.is_guest_walk, a->is_walk);
        CHECK_EQ(exit.is_page_only, a->is_walk);
        CHECK_EQ(exit.is_permission, a->is_permission);
        CHECK(exit.is_gva_valid);
        CHECK_EQ(exit.gva.raw, far_el2);
    }
}

/** D24.2, HPFAR_EL2: not written by the permission fault of an ordinary access. */
static void hpfar_is_valid_or_not(void) {
    CHECK(axaddr_aarch64_hpfar_is_valid(0x92000007));  /* translation */
    CHECK(axaddr_aarch64_hpfar_is_valid(0x9200000b));  /* access flag */
    CHECK(!axaddr_aarch64_hpfar_is_valid(0x9200004f)); /* permission */
    CHECK(!axaddr_aarch64_hpfar_is_valid(0x8200000d)); /* permission, fetch */
    CHECK(axaddr_aarch64_hpfar_is_valid(0x9200008f));  /* permission, of a walk */
}

static void hpfar_from_par(void) {
    struct axaddr_exit exit;
    uint64_t hpfar = 77;

    /* PAR_EL1: F clear, PA 51:12, ATTR 63:56, SH 8:7. */
    CHECK_EQ(axaddr_aarch64_hpfar_from_par(0xff00000080abcb80, &hpfar), AXADDR_OK);
    CHECK_EQ(hpfar, 0x000000000080abc0);
    CHECK_EQ(axaddr_aarch64_stage2_decode(0x9200004f, hpfar, 0xffff800012345678, &exit), AXADDR_OK);
    CHECK_EQ(exit.gpa.raw, 0x80abc678);
    hpfar = 77;
    CHECK_EQ(axaddr_aarch64_hpfar_from_par(0x000000000000080f, &hpfar), AXADDR_BUSY);
    CHECK_EQ(hpfar, 77);
}

static void reserved_in_one_test(void) {
    check_reserved(format);
}

int main(void) {
    static const struct axaddr_format *const formats[] = {
        &axaddr_aarch64_stage2_40,
        &axaddr_aarch64_stage2_48,
    };
    size_t i;

    printf("test_format_aarch64: seed 0x%" PRIx64 "\n", SEED);
    CASE(geometry_40);
    CASE(geometry_48);
    for (i = 0; i < sizeof formats / sizeof formats[0]; i++) {
        format = formats[i];
        CASE(leaves_are_the_manuals);
        CASE(addresses_are_held);
        CASE(next_leaf_maps_the_next_frame);
        CASE(change_leaf_keeps_address_and_access_flag);
        CASE(split_leaf_maps_the_first_part);
        CASE(tables);
        CASE(absent_entries);
        CASE(reserved_in_one_test);
        CASE(any_bits_have_a_kind);
        CASE(break_before_make);
    }
    CASE(vtcr);
    CASE(vtcr_refuses);
    CASE(vttbr);
    CASE(aborts_are_decoded);
    CASE(hpfar_is_valid_or_not);
    CASE(hpfar_from_par);
    return check_report("test_format_aarch64");
}
