/* SPDX-License-Identifier: MIT
 *
 * test_format_arm_lpae.c: 32-bit Arm's long descriptors, their registers and aborts, against what
 * was written out from ARM DDI 0406C by hand; and the simulated MMU's view of them (sim_arm.h).
 */
#include "../axaddr_arch/arm_lpae.h"
#include "check.h"
#include "format_check.h"
#include "sim_arm.h"

#define SEED          UINT64_C(0x2545f4914f6cdd1d)
#define RANDOM_ROUNDS 100000

#define R AXADDR_READ
#define W AXADDR_WRITE
#define X AXADDR_EXECUTE
#define U AXADDR_USER
#define D AXADDR_DEVICE
#define N AXADDR_UNCACHED
#define G AXADDR_GLOBAL

static uint64_t random_state = SEED;

static uint64_t random_next(void) {
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return random_state;
}

/* ---- leaves ---- */

struct golden {
    uint32_t flags;
    uint64_t page; /* the attributes at level 0; a block's have bit 1 clear */
};

/*
 * B3.6.1, stage 2: 0 valid, 1 page, 5:2 MemAttr (15 WB, 1 device, 5 NC), 7:6 HAP (bit 6 read, bit 7
 * write), 9:8 SH (11 inner; 00 for device), 10 AF, 54 XN. A fetch needs HAP[1].
 */
static const struct golden stage2_leaves[] = {
    {R, 0x004000000000077f},
    {W, 0x00400000000007bf},
    {R | W, 0x00400000000007ff},
    {R | X, 0x000000000000077f},
    {R | W | X, 0x00000000000007ff},
    {R | D, 0x0040000000000447},
    {W | D, 0x0040000000000487},
    {R | W | D, 0x00400000000004c7},
    {R | N, 0x0040000000000757},
    {W | N, 0x0040000000000797},
    {R | W | N, 0x00400000000007d7},
    {R | X | N, 0x0000000000000757},
    {R | W | X | N, 0x00000000000007d7},
};

/*
 * Stage 1 of PL1&0: 4:2 AttrIndx (0 WB, 1 device, 2 NC), 6 AP[1] User mode may, 7 AP[2] read-only,
 * 9:8 SH, 10 AF, 11 nG, 53 PXN (where User mode may access), 54 XN.
 */
static const struct golden pl1_leaves[] = {
    {R, 0x0040000000000f83},
    {R | W, 0x0040000000000f03},
    {R | X, 0x0000000000000f83},
    {R | W | X, 0x0000000000000f03},
    {R | U, 0x0060000000000fc3},
    {R | W | U, 0x0060000000000f43},
    {R | X | U, 0x0020000000000fc3},
    {R | W | X | U, 0x0020000000000f43},
    {R | D, 0x0040000000000c87},
    {R | W | D, 0x0040000000000c07},
    {R | U | D, 0x0060000000000cc7},
    {R | W | U | D, 0x0060000000000c47},
    {R | N, 0x0040000000000f8b},
    {R | W | N, 0x0040000000000f0b},
    {R | X | N, 0x0000000000000f8b},
    {R | W | X | N, 0x0000000000000f0b},
    {R | U | N, 0x0060000000000fcb},
    {R | W | U | N, 0x0060000000000f4b},
    {R | X | U | N, 0x0020000000000fcb},
    {R | W | X | U | N, 0x0020000000000f4b},
    {R | G, 0x0040000000000783},
    {R | W | G, 0x0040000000000703},
    {R | X | G, 0x0000000000000783},
    {R | W | X | G, 0x0000000000000703},
    {R | U | G, 0x00600000000007c3},
    {R | W | U | G, 0x0060000000000743},
    {R | X | U | G, 0x00200000000007c3},
    {R | W | X | U | G, 0x0020000000000743},
    {R | D | G, 0x0040000000000487},
    {R | W | D | G, 0x0040000000000407},
    {R | U | D | G, 0x00600000000004c7},
    {R | W | U | D | G, 0x0060000000000447},
    {R | N | G, 0x004000000000078b},
    {R | W | N | G, 0x004000000000070b},
    {R | X | N | G, 0x000000000000078b},
    {R | W | X | N | G, 0x000000000000070b},
    {R | U | N | G, 0x00600000000007cb},
    {R | W | U | N | G, 0x006000000000074b},
    {R | X | U | N | G, 0x00200000000007cb},
    {R | W | X | U | N | G, 0x002000000000074b},
};

/* Of PL2: AP[1] (6) RES1, nG (11) and bit 53 RES0. */
static const struct golden pl2_leaves[] = {
    {R, 0x00400000000007c3},         {R | W, 0x0040000000000743},
    {R | X, 0x00000000000007c3},     {R | W | X, 0x0000000000000743},
    {R | D, 0x00400000000004c7},     {R | W | D, 0x0040000000000447},
    {R | N, 0x00400000000007cb},     {R | W | N, 0x004000000000074b},
    {R | X | N, 0x00000000000007cb}, {R | W | X | N, 0x000000000000074b},
};

/** A format and what the manual says of it. */
struct subject {
    const struct axaddr_format *format;
    const char *name;
    const struct golden *leaves;
    size_t leaf_count;
    bool is_stage2;
    unsigned levels;
    unsigned width;
    unsigned root_order;
    uint8_t index_bits[3];
    unsigned run_levels;
};

#define F(name)       &axaddr_##name, #name
#define LEAVES(table) table, sizeof table / sizeof table[0]

/* B3.6.6, B3.6.7: up to 16 tables of level 2, or two of level 1, together; TTBR0 with T0SZ 0. */
static const struct axaddr_format stage2_34 = AXADDR_ARM_LPAE_STAGE2_FORMAT("stage2_34", 34);
static const struct axaddr_format stage2_35 = AXADDR_ARM_LPAE_STAGE2_FORMAT("stage2_35", 35);
static const struct axaddr_format stage2_39 = AXADDR_ARM_LPAE_STAGE2_FORMAT("stage2_39", 39);
/* What VTCR cannot say. */
static const struct axaddr_format stage2_31 = AXADDR_ARM_LPAE_STAGE2_FORMAT("stage2_31", 31);
static const struct axaddr_format stage2_41 = AXADDR_ARM_LPAE_STAGE2_FORMAT("stage2_41", 41);

static const struct subject subjects[] = {
    {F(arm_lpae_stage2_32), LEAVES(stage2_leaves), true, 2, 32, 2, {9, 11, 0}, 3},
    {F(arm_lpae_stage2_36), LEAVES(stage2_leaves), true, 3, 36, 0, {9, 9, 6}, 7},
    {F(arm_lpae_stage2_40), LEAVES(stage2_leaves), true, 3, 40, 1, {9, 9, 10}, 7},
    {&stage2_34, "stage2_34", LEAVES(stage2_leaves), true, 2, 34, 4, {9, 13, 0}, 3},
    {&stage2_35, "stage2_35", LEAVES(stage2_leaves), true, 3, 35, 0, {9, 9, 5}, 7},
    {&stage2_39, "stage2_39", LEAVES(stage2_leaves), true, 3, 39, 0, {9, 9, 9}, 7},
    {F(arm_lpae), LEAVES(pl1_leaves), false, 3, 32, 0, {9, 9, 2}, 3},
    {F(arm_lpae_hyp), LEAVES(pl2_leaves), false, 3, 32, 0, {9, 9, 2}, 3},
};

static const struct subject *at;
static const struct axaddr_format *format;

/* Addresses with bit 39 and the lowest bit of their size. */
static const uint64_t frames[3] = {0xfedcba9000, 0xfedca00000, 0xfec0000000};
static const unsigned shifts[3] = {12, 21, 30};

static uint64_t golden_of(uint32_t flags) {
    size_t i;

    for (i = 0; i < at->leaf_count; i++) {
        if (at->leaves[i].flags == flags) {
            return at->leaves[i].page;
        }
    }
    return 0;
}

static void geometry(void) {
    unsigned level;

    CHECK_STR(format->name, at->name);
    CHECK_EQ(format->level_count, at->levels);
    CHECK_EQ(format->entry_shift, 3);
    CHECK_EQ(format->root_order, at->root_order);
    CHECK_EQ(format->input_width, at->width);
    CHECK_EQ(format->output_width, 40);
    CHECK_EQ(format->leaf_levels, at->levels == 2 ? 3 : 7);
    CHECK_EQ(format->run_bits, 4);
    CHECK_EQ(format->run_levels, at->run_levels);
    for (level = 0; level < 5; level++) {
        CHECK_EQ(format->shift[level], level < at->levels ? shifts[level] : 0);
        CHECK_EQ(format->index_bits[level], level < 3 ? at->index_bits[level] : 0);
    }
    CHECK(!format->is_sign_extended && !format->caches_absent && format->publish != 0);
    CHECK(!format->is_sized);
}

static void leaves_are_the_manuals(void) {
    uint32_t flags;
    size_t held = 0;

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
        for (level = 0; page != 0 && level < at->levels; level++) {
            uint64_t attributes = level == 0 ? page : page & ~UINT64_C(2);
            uint64_t leaf = format->make_leaf(frames[level], level, attributes);

            CHECK_EQ(format->attributes_of(flags, level), attributes);
            CHECK_EQ(leaf, frames[level] | attributes);
            CHECK_EQ(format->kind_of(leaf, level), AXADDR_ENTRY_LEAF);
            CHECK_EQ(format->flags_of(leaf, level), flags);
            CHECK_EQ(format->frame_of(leaf, level), frames[level]);
            CHECK_EQ(format->next_leaf(leaf, level) - leaf, UINT64_C(1) << shifts[level]);
            if (level > 0) {
                CHECK_EQ(format->split_leaf(leaf, level), level == 1 ? leaf | 2 : leaf);
                CHECK_EQ(format->split_leaf(leaf | 0x1f000, level),
                         level == 1 ? leaf | 2 : leaf); /* no address there */
            }
        }
    }
    CHECK_EQ(held, at->leaf_count);
}

/** From any flags to any others; address, AF (bit 10) and the contiguous bit (52) stay. */
static void change_leaf_keeps_what_is_noted(void) {
    unsigned level;
    size_t from;
    size_t to;

    for (level = 0; level < at->levels; level++) {
        uint64_t kept = frames[level] | UINT64_C(1) << 52;
        uint64_t block = level == 0 ? 0 : 2;

        for (from = 0; from < at->leaf_count; from++) {
            for (to = 0; to < at->leaf_count; to++) {
                uint64_t old = at->leaves[from].page & ~block;
                uint64_t new = at->leaves[to].page & ~block;

                CHECK_EQ(format->change_leaf(kept | old, level, new), kept | new);
                CHECK_EQ(format->change_leaf((kept | old) & ~UINT64_C(0x400), level, new),
                         (kept | new) & ~UINT64_C(0x400));
            }
        }
    }
}

/** Software's bits: 55 the note "written" was cleared, 56 would be writable. Bit 7 is AP/HAP[2]. */
static void notes_are_kept(void) {
    const uint64_t cleared = UINT64_C(1) << 55;
    const uint64_t waits = UINT64_C(1) << 56;
    uint64_t leaf = frames[0] | golden_of(R | W);
    uint64_t read_only = frames[0] | golden_of(R);
    uint64_t clean = (leaf ^ 0x80) | waits | cleared;

    CHECK_EQ(format->noted, 0x400);
    CHECK_EQ(format->notes_of(leaf, 0), AXADDR_NOTES);
    CHECK_EQ(format->notes_of(read_only, 0), AXADDR_NOTES);
    CHECK_EQ(format->notes_of(leaf & ~UINT64_C(0x400), 0), AXADDR_DIRTY);
    CHECK_EQ(format->clear_notes(leaf, 0, AXADDR_ACCESSED), leaf & ~UINT64_C(0x400));
    CHECK_EQ(format->clear_notes(leaf, 0, AXADDR_DIRTY), clean);
    CHECK_EQ(format->clear_notes(clean, 0, AXADDR_NOTES), clean & ~UINT64_C(0x400));
    CHECK_EQ(format->clear_notes(read_only, 0, AXADDR_DIRTY), read_only | cleared);
    CHECK_EQ(format->notes_of(clean, 0), AXADDR_ACCESSED);
    CHECK_EQ(format->notes_of(read_only | cleared, 0), AXADDR_ACCESSED);
    CHECK_EQ(format->notes_of(clean & ~UINT64_C(0x400), 0), 0);
    CHECK_EQ(format->flags_of(clean, 0), R | W);
    CHECK_EQ(format->flags_of(read_only | cleared, 0), R);
    CHECK_EQ(format->change_leaf(clean, 0, golden_of(R)), read_only | cleared);
    CHECK_EQ(format->change_leaf(read_only | cleared, 0, golden_of(R | W)), clean);
    CHECK_EQ(format->note_access(clean, 0, R), clean);
    CHECK_EQ(format->note_access(clean & ~UINT64_C(0x400), 0, W), leaf | cleared);
    CHECK_EQ(format->note_access(read_only & ~UINT64_C(0x400), 0, W), read_only);
    CHECK_EQ(format->note_access(read_only | cleared, 0, W), read_only | cleared);
    CHECK_EQ(format->notes_of(leaf | cleared, 0), AXADDR_NOTES);
    CHECK_EQ(format->clear_notes(leaf | cleared, 0, AXADDR_DIRTY), clean);
    CHECK_EQ(format->change_leaf(leaf | cleared, 0, golden_of(R)), read_only);
}

/* ---- kinds ---- */

static void tables_and_absent_entries(void) {
    unsigned level;
    unsigned kind;

    for (level = 1; level < at->levels; level++) {
        uint64_t entry = format->make_table(0xfedcba9000, level);

        CHECK_EQ(entry, 0xfedcba9003); /* NSTable, APTable, XNTable, PXNTable: 0 */
        CHECK_EQ(format->kind_of(entry, level), AXADDR_ENTRY_TABLE);
        CHECK_EQ(format->table_of(entry), 0xfedcba9000);
    }
    CHECK_EQ(format->empty, 0);
    CHECK_EQ(format->make_absent(AXADDR_ABSENT_EMPTY, 0), 0);
    for (kind = AXADDR_ABSENT_RESERVED; kind <= AXADDR_ABSENT_BACKED; kind++) {
        uint64_t entry = format->make_absent((enum axaddr_absent_kind)kind, 0xfffffff);

        CHECK_EQ(format->absent_kind(entry), kind);
        CHECK_EQ(format->absent_value(entry), 0xfffffff); /* 40 bits of address are 28 of page */
        CHECK_EQ(entry & 1, 0);
        for (level = 0; level < at->levels; level++) {
            CHECK_EQ(format->kind_of(entry, level), AXADDR_ENTRY_ABSENT);
        }
    }
}

/** B3.6.1, by bits 1:0: 11 table, or page at level 0; 01 block, but at level 0. */
static enum axaddr_entry_kind spec_kind(uint64_t entry, unsigned level) {
    switch (entry & 3) {
    case 3:
        return level == 0 ? AXADDR_ENTRY_LEAF : AXADDR_ENTRY_TABLE;
    case 1:
        return level == 0 ? AXADDR_ENTRY_ABSENT : AXADDR_ENTRY_LEAF;
    default:
        return AXADDR_ENTRY_ABSENT;
    }
}

static void any_bits_have_a_kind(void) {
    size_t round;

    for (round = 0; round < RANDOM_ROUNDS; round++) {
        uint64_t entry = random_next();
        unsigned level;

        for (level = 0; level < at->levels; level++) {
            uint32_t flags = format->flags_of(entry, level);

            snprintf(check_context, sizeof check_context, "%s 0x%" PRIx64 " level %u", at->name,
                     entry, level);
            CHECK_EQ(format->kind_of(entry, level), spec_kind(entry, level));
            CHECK_EQ(format->table_of(entry), entry & 0xfffffff000);
            CHECK_EQ(format->frame_of(entry, level),
                     entry & 0xffffffffff & (~UINT64_C(0) << shifts[level]));
            CHECK_EQ(flags & ~(R | W | X | D | N | (at->leaves == pl1_leaves ? U | G : 0)), 0);
            CHECK((flags & (D | N)) != (D | N));
            CHECK((flags & R) != 0 || (at->is_stage2 && (flags & X) == 0));
        }
    }
}

/** Bits that our leaves do not have, but other software's may. */
static void scribbled_rights(void) {
    uint64_t plain = frames[0] | golden_of(R);

    CHECK_EQ(format->flags_of(plain & ~(UINT64_C(1) << 54), 0), R | X);
    if (at->is_stage2) {
        CHECK_EQ(format->flags_of(plain & ~(UINT64_C(1) << 54 | 0x40), 0), 0); /* no HAP, no XN */
        CHECK_EQ(format->flags_of(plain ^ 0x14, 0), R);                        /* write-through */
    } else {
        CHECK_EQ(format->flags_of(plain | 0x1c, 0), R); /* attribute 7 is none of ours */
    }
    if (at->leaves == pl1_leaves) {
        uint64_t fetch = frames[0] | golden_of(R | X);

        CHECK_EQ(format->flags_of(fetch | UINT64_C(1) << 53, 0), R); /* PXN, and no User mode */
        CHECK_EQ(format->flags_of(fetch | 0x40, 0), R | U | X);      /* no PXN */
    }
}

static void reserved_in_one_test(void) {
    check_reserved(format);
}

/* ---- runs and break-before-make ---- */

static void runs_have_the_contiguous_bit(void) {
    uint64_t leaf = frames[0] | golden_of(R);

    CHECK_EQ(format->make_run(leaf, 0), leaf | UINT64_C(1) << 52);
    CHECK_EQ(format->plain_leaf(leaf | UINT64_C(1) << 52, 0, 3), leaf);
    CHECK_EQ(format->plain_leaf(leaf, 0, 3), leaf);
    CHECK_EQ(format->plain_leaf(UINT64_C(1) << 52 | 2, 0, 3), UINT64_C(1) << 52 | 2);
}

/** B3.10.1: rights and AF need none; type, shareability, address, size, nG do. */
static void break_before_make(void) {
    static const uint64_t breaking[] = {2, 4, 8, 0x10, 0x100, 0x200, UINT64_C(1) << 52};
    static const uint64_t others[] = {0x80, 0x400, UINT64_C(3) << 53, UINT64_C(0xf) << 55};
    uint64_t leaf = frames[0] | golden_of(R | W);
    unsigned bit;
    size_t i;

    for (i = 0; i < sizeof breaking / sizeof breaking[0]; i++) {
        CHECK(format->needs_break(leaf, leaf ^ breaking[i], 1));
    }
    for (i = 0; i < sizeof others / sizeof others[0]; i++) {
        CHECK(!format->needs_break(leaf, leaf ^ others[i], 1));
    }
    for (bit = 12; bit < 40; bit++) {
        CHECK(format->needs_break(leaf, leaf ^ UINT64_C(1) << bit, 1));
    }
    CHECK(!format->needs_break(leaf, leaf ^ 0x40, 0)); /* AP[1], HAP[1] */
    CHECK_EQ(format->needs_break(leaf, leaf ^ 0x800, 0), !at->is_stage2);
    CHECK_EQ(format->needs_break(leaf, leaf ^ 0x20, 0), at->is_stage2); /* MemAttr[3], NS */
    CHECK(!format->needs_break(0, leaf, 0) && !format->needs_break(leaf, 0, 0));
}

/* ---- registers ---- */

static void mair(void) {
    CHECK_EQ(axaddr_arm_lpae_mair(0), 0x4404ff);
    CHECK_EQ(axaddr_arm_lpae_mair(0xbb0c0000ff123456), 0xbb0c0000ff4404ff);
    CHECK_EQ(axaddr_arm_lpae_mair(UINT64_MAX), 0xffffffffff4404ff);
}

/** B4.1.159, VTCR: T0SZ 3:0 and its sign S 4, SL0 7:6, IRGN0 9:8, ORGN0 11:10, SH0 13:12, RES1 31. */
static void vtcr(void) {
    uint32_t value = 77;

    CHECK_EQ(axaddr_arm_lpae_vtcr(&axaddr_arm_lpae, &value), AXADDR_INVALID);
    CHECK_EQ(axaddr_arm_lpae_vtcr(&axaddr_arm_lpae_hyp, &value), AXADDR_INVALID);
    CHECK_EQ(axaddr_arm_lpae_vtcr(&stage2_31, &value), AXADDR_INVALID);
    CHECK_EQ(axaddr_arm_lpae_vtcr(&stage2_41, &value), AXADDR_INVALID);
    CHECK_EQ(value, 77);
    CHECK_EQ(axaddr_arm_lpae_vtcr(&axaddr_arm_lpae_stage2_40, &value), AXADDR_OK);
    CHECK_EQ(value, 0x80003558); /* T0SZ -8 */
    CHECK_EQ(axaddr_arm_lpae_vtcr(&axaddr_arm_lpae_stage2_36, &value), AXADDR_OK);
    CHECK_EQ(value, 0x8000355c); /* T0SZ -4 */
    CHECK_EQ(axaddr_arm_lpae_vtcr(&axaddr_arm_lpae_stage2_32, &value), AXADDR_OK);
    CHECK_EQ(value, 0x80003500);
    CHECK_EQ(axaddr_arm_lpae_vtcr(&stage2_34, &value), AXADDR_OK);
    CHECK_EQ(value, 0x8000351e); /* T0SZ -2 */
    CHECK_EQ(axaddr_arm_lpae_vtcr(&stage2_35, &value), AXADDR_OK);
    CHECK_EQ(value, 0x8000355d);
}

/** VTTBR, TTBR0, HTTBR: VMID or ASID 55:48, BADDR 39:12. */
static void roots(void) {
    const struct axaddr_format *wide = &axaddr_arm_lpae_stage2_40;
    axaddr_hpa_t too_high = axaddr_hpa(UINT64_C(1) << 40);
    uint64_t value = 77;

    CHECK_EQ(axaddr_arm_lpae_vttbr(wide, axaddr_hpa(0x80001000), 1, &value), AXADDR_INVALID);
    CHECK_EQ(axaddr_arm_lpae_vttbr(wide, too_high, 1, &value), AXADDR_INVALID);
    CHECK_EQ(axaddr_arm_lpae_vttbr(wide, axaddr_hpa(0x80002000), 0x100, &value), AXADDR_INVALID);
    CHECK_EQ(axaddr_arm_lpae_vttbr(&axaddr_arm_lpae_stage2_32, axaddr_hpa(0x80002000), 1, &value),
             AXADDR_INVALID);
    CHECK_EQ(axaddr_arm_lpae_ttbr0(axaddr_hpa(0x80000800), 1, &value), AXADDR_INVALID);
    CHECK_EQ(axaddr_arm_lpae_ttbr0(axaddr_hpa(0x80001000), 0x100, &value), AXADDR_INVALID);
    CHECK_EQ(axaddr_arm_lpae_httbr(axaddr_hpa(0x80000800), &value), AXADDR_INVALID);
    CHECK_EQ(axaddr_arm_lpae_httbr(too_high, &value), AXADDR_INVALID);
    CHECK_EQ(value, 77);
    CHECK_EQ(axaddr_arm_lpae_vttbr(wide, axaddr_hpa(0xfe80002000), 0xff, &value), AXADDR_OK);
    CHECK_EQ(value, 0x00ff00fe80002000);
    CHECK_EQ(axaddr_arm_lpae_ttbr0(axaddr_hpa(0xfe80001000), 0xab, &value), AXADDR_OK);
    CHECK_EQ(value, 0x00ab00fe80001000);
    CHECK_EQ(axaddr_arm_lpae_httbr(axaddr_hpa(0xfe80001000), &value), AXADDR_OK);
    CHECK_EQ(value, 0xfe80001000);
}

/** TTBCR: EAE 31, T1SZ 18:16, T0SZ 2:0; HTCR: RES1 31 and 23; ID_MMFR0.VMSA 3:0. */
static void control_registers(void) {
    CHECK_EQ(AXADDR_ARM_LPAE_TTBCR, 0x80003500);
    CHECK_EQ(AXADDR_ARM_LPAE_HTCR, 0x80803500);
    CHECK(axaddr_arm_has_lpae(0x10201105) && !axaddr_arm_has_lpae(0x10201104));
    CHECK(!axaddr_arm_has_lpae(0x50000003));
}

/* ---- aborts ---- */

struct abort_case {
    uint32_t hsr;
    enum axaddr_status status;
    uint32_t access;
    bool is_walk;
    bool is_permission;
};

/* HSR: EC 31:26, CM 8, S1PTW 7, WnR 6, STATUS 5:0 (B3.13.3, B3.13.6). */
static const struct abort_case stage2_aborts[] = {
    {0x90000007, AXADDR_OK, R, false, false},
    {0x90000046, AXADDR_OK, W, false, false},
    {0x9200004f, AXADDR_OK, W, false, true},
    {0x9200000d, AXADDR_OK, R, false, true},
    {0x9200004b, AXADDR_OK, W, false, false}, /* access flag */
    {0x82000007, AXADDR_OK, X, false, false},
    {0x8200000f, AXADDR_OK, X, false, true},
    {0x920000c7, AXADDR_OK, R, true, false}, /* a walk; WnR is the instruction's */
    {0x820000c5, AXADDR_OK, R, true, false},
    {0x9200008f, AXADDR_OK, R, true, true},
    {0x92000147, AXADDR_OK, R, false, false}, /* cache maintenance */
    {0x9200014f, AXADDR_OK, W, false, true},
    {0x92000003, AXADDR_UNSUPPORTED, 0, false, false},
    {0x92000010, AXADDR_UNSUPPORTED, 0, false, false}, /* external */
    {0x92000021, AXADDR_UNSUPPORTED, 0, false, false}, /* alignment */
    {0x92000030, AXADDR_UNSUPPORTED, 0, false, false}, /* TLB conflict */
    {0x92000022, AXADDR_UNSUPPORTED, 0, false, false}, /* debug */
    {0x96000007, AXADDR_INVALID, 0, false, false},     /* Hyp mode's own */
    {0x86000007, AXADDR_INVALID, 0, false, false},
    {0x4a000000, AXADDR_INVALID, 0, false, false}, /* HVC */
};

/** HPFAR 31:4 is FIPA 39:12. */
static void stage2_aborts_are_told(void) {
    size_t i;

    for (i = 0; i < sizeof stage2_aborts / sizeof stage2_aborts[0]; i++) {
        const struct abort_case *one = &stage2_aborts[i];
        struct axaddr_exit exit;

        snprintf(check_context, sizeof check_context, "HSR 0x%" PRIx32, one->hsr);
        memset(&exit, 0x5a, sizeof exit);
        CHECK_EQ(axaddr_arm_stage2_decode(one->hsr, 0xfedcba9f, 0xc0ffe679, &exit), one->status);
        if (one->status != AXADDR_OK) {
            CHECK_EQ(exit.access, 0x5a5a5a5a);
            CHECK_EQ(exit.gpa.raw, 0x5a5a5a5a5a5a5a5a);
            continue;
        }
        CHECK_EQ(exit.access, one->access);
        CHECK_EQ(exit.gpa.raw, one->is_walk ? 0xfedcba9000 : 0xfedcba9679);
        CHECK_EQ(exit.is_page_only, one->is_walk);
        CHECK_EQ(exit.is_guest_walk, one->is_walk);
        CHECK_EQ(exit.is_permission, one->is_permission);
        CHECK_EQ(exit.is_gva_valid, true);
        CHECK_EQ(exit.gva.raw, 0xc0ffe679);
        CHECK_EQ(axaddr_arm_hpfar_is_valid(one->hsr), !one->is_permission || one->is_walk);
    }
}

/** PAR (64 bits): F 0, PA 39:12. */
static void hpfar_from_par(void) {
    uint32_t hpfar = 77;

    CHECK_EQ(axaddr_arm_hpfar_from_par(0x80d, &hpfar), AXADDR_BUSY);
    CHECK_EQ(hpfar, 77);
    CHECK_EQ(axaddr_arm_hpfar_from_par(0xff0000fedcba9b80, &hpfar), AXADDR_OK);
    CHECK_EQ(hpfar, 0xfedcba90);
}

static void hyp_aborts_are_told(void) {
    static const struct abort_case aborts[] = {
        {0x96000007, AXADDR_OK, R, false, false},
        {0x9600004e, AXADDR_OK, W, false, true},
        {0x86000005, AXADDR_OK, X, false, false},
        {0x8600000f, AXADDR_OK, X, false, true},
        {0x96000147, AXADDR_OK, R, false, false},
        {0x96000021, AXADDR_UNSUPPORTED, 0, false, false},
        {0x92000007, AXADDR_INVALID, 0, false, false},
        {0x82000007, AXADDR_INVALID, 0, false, false},
    };
    struct axaddr_arm_page_fault fault;
    size_t i;

    for (i = 0; i < sizeof aborts / sizeof aborts[0]; i++) {
        memset(&fault, 0x5a, sizeof fault);
        CHECK_EQ(axaddr_arm_hyp_abort(aborts[i].hsr, 0x12345678, &fault), aborts[i].status);
        CHECK_EQ(fault.access, aborts[i].status == AXADDR_OK ? aborts[i].access : 0x5a5a5a5a);
        if (aborts[i].status == AXADDR_OK) {
            CHECK_EQ(fault.gva.raw, 0x12345678);
            CHECK_EQ(fault.is_permission, aborts[i].is_permission);
            CHECK(!fault.is_access_flag);
        }
    }
    CHECK_EQ(axaddr_arm_hyp_abort(0x9600000a, 0, &fault), AXADDR_OK);
    CHECK(fault.is_access_flag && !fault.is_permission);
}

/** DFSR with LPAE (9): WnR 11, CM 13, STATUS 5:0; IFSR likewise. SPSR.M 0x10 is User mode. */
static void pl1_aborts_are_told(void) {
    static const struct {
        uint32_t dfsr;
        uint32_t access;
        bool is_permission;
        bool is_access_flag;
    } aborts[] = {
        {0x205, R, false, false},  {0xa07, W, false, false}, {0xa0f, W, true, false},
        {0x20e, R, true, false},   {0x20b, R, false, true},  {0xa09, W, false, true},
        {0x2a07, R, false, false}, {0x220f, W, true, false},
    };
    struct axaddr_arm_page_fault fault;
    size_t i;

    for (i = 0; i < sizeof aborts / sizeof aborts[0]; i++) {
        CHECK_EQ(axaddr_arm_data_abort(aborts[i].dfsr, 0xffffeffc, 0x600001d3, &fault), AXADDR_OK);
        CHECK_EQ(fault.access, aborts[i].access);
        CHECK_EQ(fault.gva.raw, 0xffffeffc);
        CHECK_EQ(fault.is_permission, aborts[i].is_permission);
        CHECK_EQ(fault.is_access_flag, aborts[i].is_access_flag);
        CHECK_EQ(axaddr_arm_data_abort(aborts[i].dfsr, 0, 0x60000110, &fault), AXADDR_OK);
        CHECK_EQ(fault.access, aborts[i].access | U);
    }
    CHECK_EQ(axaddr_arm_prefetch_abort(0x20f, 0x1000, 0x10, &fault), AXADDR_OK);
    CHECK_EQ(fault.access, X | U);
    CHECK(fault.is_permission);
    CHECK_EQ(axaddr_arm_prefetch_abort(0x206, 0x1000, 0x1f, &fault), AXADDR_OK);
    CHECK_EQ(fault.access, X);
    CHECK_EQ(fault.gva.raw, 0x1000);
    CHECK(axaddr_arm_is_user(0x60000310) && !axaddr_arm_is_user(0x11)); /* FIQ mode */
    memset(&fault, 0x5a, sizeof fault);
    CHECK_EQ(axaddr_arm_data_abort(0x221, 0, 0, &fault), AXADDR_UNSUPPORTED);
    CHECK_EQ(axaddr_arm_data_abort(0x230, 0, 0, &fault), AXADDR_UNSUPPORTED);
    CHECK_EQ(axaddr_arm_prefetch_abort(0x222, 0, 0, &fault), AXADDR_UNSUPPORTED);
    CHECK_EQ(fault.access, 0x5a5a5a5a);
}

/* ---- the simulated MMU ---- */

static const struct sim_regime *regime_of(const char *name) {
    size_t i;

    for (i = 0; i < sizeof sim_arm_regimes / sizeof sim_arm_regimes[0]; i++) {
        if (strcmp(sim_arm_regimes[i].name, name) == 0) {
            return &sim_arm_regimes[i];
        }
    }
    return 0;
}

struct view {
    unsigned level;
    uint64_t entry;
    enum sim_kind kind;
    uint64_t frame;
    unsigned rights;
    unsigned type;
};

#define RWX (SIM_READ | SIM_WRITE | SIM_EXECUTE)
#define RW  (SIM_READ | SIM_WRITE)

static void check_views(const char *name, const struct view *views, size_t count) {
    const struct sim_regime *regime = regime_of(name);
    size_t i;

    CHECK(regime != 0);
    for (i = 0; i < count; i++) {
        struct sim_entry said = regime->decode(views[i].entry, views[i].level);

        snprintf(check_context, sizeof check_context, "%s 0x%" PRIx64, name, views[i].entry);
        CHECK_EQ(said.kind, views[i].kind);
        CHECK_EQ(said.frame, views[i].frame);
        CHECK_EQ(said.rights, views[i].rights);
        CHECK_EQ(said.type, views[i].type);
    }
}

static void simulated(void) {
    static const struct view stage2[] = {
        {0, 0xfffffffffffffffe, SIM_ABSENT, 0, 0, 0},
        {0, 0xfe123457ff, SIM_LEAF, 0xfe12345000, RWX, 0x3f},
        {0, 0x004000fe123457bf, SIM_LEAF, 0xfe12345000, SIM_WRITE, 0x3f},
        {0, 0x123457bf, SIM_LEAF, 0x12345000, SIM_WRITE, 0x3f}, /* no read, so no fetch */
        {0, 0x0680000012345757, SIM_LEAF, 0x12345000, SIM_READ | SIM_EXECUTE, 0x35},
        {0, 0x12345447, SIM_LEAF, 0x12345000, SIM_READ | SIM_EXECUTE, 0x01},
        {0, 0x0100000012345757, SIM_BROKEN, 0, 0, 0}, /* waits to be noted as written */
        {0, 0x0000010012345fff, SIM_BROKEN, 0, 0, 0}, /* bit 40 */
        {0, 0x00200000123457ff, SIM_BROKEN, 0, 0, 0}, /* bit 53 */
        {0, 0x12345fff, SIM_BROKEN, 0, 0, 0},         /* bit 11 */
        {0, 0x12345753, SIM_BROKEN, 0, 0, 0},         /* MemAttr 4 */
        {0, 0x1234555f, SIM_BROKEN, 0, 0, 0},         /* SH 1 */
        {0, 0x123457fd, SIM_BROKEN, 0, 0, 0},
        {1, 0x122007fd, SIM_LEAF, 0x12200000, RWX, 0x3f},
        {1, 0x122017fd, SIM_BROKEN, 0, 0, 0},
        {1, 0x12345003, SIM_TABLE, 0x12345000, SIM_RIGHTS, 0},
        {1, 0x8000000012345003, SIM_BROKEN, 0, 0, 0},
    };
    static const struct view pl1[] = {
        {0, 0x0040000012345f83, SIM_LEAF, 0x12345000, SIM_READ, 0x3ff},
        {0, 0x0000000012345f03, SIM_LEAF, 0x12345000, RWX, 0x3ff},
        {0, 0x0020000012345f03, SIM_LEAF, 0x12345000, RW, 0x3ff}, /* PXN */
        {0, 0x0020000012345f43, SIM_LEAF, 0x12345000, RWX | SIM_USER, 0x3ff},
        {0, 0x0060000012345f47, SIM_LEAF, 0x12345000, RW | SIM_USER, 0x04},
        {0, 0x0060000012345f4b, SIM_LEAF, 0x12345000, RW | SIM_USER, 0x344},
        {0, 0x0000000012345f43, SIM_BROKEN, 0, 0, 0}, /* no PXN */
        {0, 0x0000000012345f0f, SIM_BROKEN, 0, 0, 0}, /* attribute 3 */
        {0, 0x0000000012345f23, SIM_BROKEN, 0, 0, 0}, /* NS */
        {0, 0x0000000012345d03, SIM_BROKEN, 0, 0, 0}, /* SH 1 */
        {2, 0x000000fec0000f01, SIM_LEAF, 0xfec0000000, RWX, 0x3ff},
        {1, 0x0800000012345003, SIM_BROKEN, 0, 0, 0}, /* PXNTable */
    };
    static const struct view pl2[] = {
        {0, 0x00400000123457c3, SIM_LEAF, 0x12345000, SIM_READ, 0x3ff},
        {0, 0x0000000012345743, SIM_LEAF, 0x12345000, RWX, 0x3ff},
        {0, 0x0000000012345703, SIM_BROKEN, 0, 0, 0}, /* AP[1] clear */
        {0, 0x0000000012345f43, SIM_BROKEN, 0, 0, 0}, /* nG */
        {0, 0x0020000012345743, SIM_BROKEN, 0, 0, 0}, /* bit 53 */
    };
    struct sim_entry run = sim_decode_lpae_stage2(0x00100000123457ff, 0);

    check_views("arm_lpae_stage2_40", stage2, sizeof stage2 / sizeof stage2[0]);
    check_views("arm_lpae_stage2_36", stage2, sizeof stage2 / sizeof stage2[0]);
    check_views("arm_lpae_stage2_32", stage2, sizeof stage2 / sizeof stage2[0]);
    check_views("arm_lpae", pl1, sizeof pl1 / sizeof pl1[0]);
    check_views("arm_lpae_hyp", pl2, sizeof pl2 / sizeof pl2[0]);
    CHECK(run.is_run);
    CHECK_EQ(run.frame, 0x12340000);
    CHECK_EQ(run.part, 5);
}

/** The simulated MMU, which does not know the format, sees the same in its entries. */
static void simulated_agrees(void) {
    const struct sim_regime *regime = regime_of(at->name);
    unsigned level;
    size_t i;

    CHECK(regime != 0);
    CHECK_EQ(regime->level_count, at->levels);
    CHECK_EQ(regime->root_order, at->root_order);
    for (level = 0; level < at->levels; level++) {
        CHECK_EQ(regime->shift[level], shifts[level]);
        CHECK_EQ(regime->index_bits[level], at->index_bits[level]);
        for (i = 0; i < at->leaf_count; i++) {
            uint32_t flags = at->leaves[i].flags;
            uint64_t leaf =
                format->make_leaf(frames[level], level, format->attributes_of(flags, level));
            struct sim_entry said = regime->decode(leaf, level);

            CHECK_EQ(said.kind, SIM_LEAF);
            CHECK_EQ(said.frame, frames[level]);
            CHECK_EQ(said.rights, flags & SIM_RIGHTS);
            CHECK_EQ(said.type, sim_type_of(regime, flags));
        }
    }
}

int main(void) {
    size_t i;

    printf("test_format_arm_lpae: seed 0x%" PRIx64 "\n", SEED);
    for (i = 0; i < sizeof subjects / sizeof subjects[0]; i++) {
        at = &subjects[i];
        format = at->format;
        snprintf(check_context, sizeof check_context, "%s", at->name);
        CASE(geometry);
        CASE(leaves_are_the_manuals);
        CASE(change_leaf_keeps_what_is_noted);
        CASE(notes_are_kept);
        CASE(tables_and_absent_entries);
        CASE(any_bits_have_a_kind);
        CASE(scribbled_rights);
        CASE(reserved_in_one_test);
        CASE(runs_have_the_contiguous_bit);
        CASE(break_before_make);
        if (strncmp(at->name, "stage2_", 7) != 0) {
            CASE(simulated_agrees);
        }
    }
    CASE(mair);
    CASE(vtcr);
    CASE(roots);
    CASE(control_registers);
    CASE(stage2_aborts_are_told);
    CASE(hpfar_from_par);
    CASE(hyp_aborts_are_told);
    CASE(pl1_aborts_are_told);
    CASE(simulated);
    return check_report("test_format_arm_lpae");
}
