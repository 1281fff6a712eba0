/* SPDX-License-Identifier: MIT
 *
 * test_format_aarch64_stage1.c: the AArch64 stage 1 formats, their registers and aborts, against
 * what was written out from ARM DDI 0487 by hand.
 */
#include "../axaddr_arch/aarch64_stage1.h"
#include "check.h"
#include "format_check.h"
#include "golden_aarch64.h"

#define SEED          UINT64_C(0x2545f4914f6cdd1d)
#define RANDOM_ROUNDS 100000

static uint64_t random_state = SEED;

static uint64_t random_next(void) {
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return random_state;
}

/* ---- geometry: D8.2, 48 bits, no concatenation in stage 1 ---- */

struct geometry {
    const struct axaddr_format *format;
    const char *name;
    bool is_el2;
    unsigned levels;
    unsigned leaf_levels;
    uint8_t shift[4];
    uint8_t index_bits[4];
    unsigned run_bits;
    unsigned run_levels;
};

#define F(name) &axaddr_aarch64_##name, "aarch64_" #name

static const struct geometry geometries[] = {
    {F(el1), false, 4, 7, {12, 21, 30, 39}, {9, 9, 9, 9}, 4, 7},
    {F(el1_16k), false, 4, 3, {14, 25, 36, 47}, {11, 11, 11, 1}, 7, 1},
    {F(el1_64k), false, 3, 3, {16, 29, 42, 0}, {13, 13, 6, 0}, 5, 3},
    {F(el2), true, 4, 7, {12, 21, 30, 39}, {9, 9, 9, 9}, 4, 7},
    {F(el2_16k), true, 4, 3, {14, 25, 36, 47}, {11, 11, 11, 1}, 7, 1},
    {F(el2_64k), true, 3, 3, {16, 29, 42, 0}, {13, 13, 6, 0}, 5, 3},
};

static const struct geometry *at;
static const struct axaddr_format *format;

static void geometry(void) {
    unsigned level;

    CHECK_STR(format->name, at->name);
    CHECK_EQ(format->level_count, at->levels);
    CHECK_EQ(format->entry_shift, 3);
    CHECK_EQ(format->root_order, 0);
    CHECK_EQ(format->input_width, 48);
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

/* ---- leaves ---- */

/** A frame with the highest address bit and the lowest one of a leaf of `level`. */
static uint64_t frame_at(unsigned level) {
    return UINT64_C(0x0000fedcba000000) >> at->shift[level] << at->shift[level] |
           UINT64_C(1) << at->shift[level];
}

static const struct golden *leaves;
static size_t leaf_count;

/** The attributes of a page; 0 if the format refuses the flags. */
static uint64_t golden_of(uint32_t flags) {
    size_t i;

    for (i = 0; i < leaf_count; i++) {
        if (leaves[i].flags == flags) {
            return leaves[i].page;
        }
    }
    return 0;
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
        for (level = 0; page != 0 && (at->leaf_levels >> level & 1) != 0; level++) {
            uint64_t attributes = level == 0 ? page : page & ~UINT64_C(2);
            uint64_t leaf = format->make_leaf(frame_at(level), level, attributes);

            CHECK_EQ(format->attributes_of(flags, level), attributes);
            CHECK_EQ(leaf, frame_at(level) | attributes);
            CHECK_EQ(format->kind_of(leaf, level), AXADDR_ENTRY_LEAF);
            CHECK_EQ(format->flags_of(leaf, level), flags);
            CHECK_EQ(format->frame_of(leaf, level), frame_at(level));
            CHECK_EQ(format->next_leaf(leaf, level) - leaf, UINT64_C(1) << at->shift[level]);
            if (level > 0) {
                CHECK_EQ(format->split_leaf(leaf, level), level == 1 ? leaf | 2 : leaf);
                CHECK_EQ(format->frame_of(format->split_leaf(leaf | 0x10000, level), level - 1),
                         frame_at(level));
            }
        }
    }
    CHECK_EQ(held, leaf_count);
}

/** From any flags to any others; address, AF (bit 10) and the contiguous bit (52) stay. */
static void change_leaf_keeps_what_is_hardwares(void) {
    unsigned level;
    size_t from;
    size_t to;

    for (level = 0; (at->leaf_levels >> level & 1) != 0; level++) {
        uint64_t kept = frame_at(level) | UINT64_C(1) << 52;
        uint64_t block = level == 0 ? 0 : 2;

        for (from = 0; from < leaf_count; from++) {
            for (to = 0; to < leaf_count; to++) {
                uint64_t old = leaves[from].page & ~block;
                uint64_t new = leaves[to].page & ~block;

                CHECK_EQ(format->change_leaf(kept | old, level, new), kept | new);
                CHECK_EQ(format->change_leaf((kept | old) & ~UINT64_C(0x400), level, new),
                         (kept | new) & ~UINT64_C(0x400));
            }
        }
    }
}

/** Writable-clean (D8.5.5): AP[2] and DBM (51) set; bit 55, software's, says "cleared". */
static void notes_are_kept(void) {
    uint64_t leaf = frame_at(0) | golden_of(R | W);
    uint64_t read_only = frame_at(0) | golden_of(R);
    uint64_t clean = leaf | UINT64_C(0x80) | UINT64_C(1) << 51 | UINT64_C(1) << 55;

    CHECK_EQ(format->noted, 0x400);
    CHECK_EQ(format->notes_of(leaf, 0), AXADDR_NOTES);
    CHECK_EQ(format->notes_of(read_only, 0), AXADDR_NOTES);
    CHECK_EQ(format->notes_of(leaf & ~UINT64_C(0x400), 0), AXADDR_DIRTY);
    CHECK_EQ(format->clear_notes(leaf, 0, AXADDR_ACCESSED), leaf & ~UINT64_C(0x400));
    CHECK_EQ(format->clear_notes(leaf, 0, AXADDR_DIRTY), clean);
    CHECK_EQ(format->clear_notes(read_only, 0, AXADDR_DIRTY), read_only | UINT64_C(1) << 55);
    CHECK_EQ(format->notes_of(clean, 0), AXADDR_ACCESSED);
    CHECK_EQ(format->flags_of(clean, 0), R | W);
    CHECK_EQ(format->change_leaf(clean, 0, golden_of(R)), read_only | UINT64_C(1) << 55);
    CHECK_EQ(format->change_leaf(read_only | UINT64_C(1) << 55, 0, golden_of(R | W)), clean);
    CHECK_EQ(format->note_access(clean, 0, AXADDR_READ), clean);
    CHECK_EQ(format->note_access(clean & ~UINT64_C(0x400), 0, AXADDR_WRITE),
             clean & ~UINT64_C(0x80));
    CHECK_EQ(format->note_access(read_only, 0, AXADDR_WRITE), read_only);
    CHECK_EQ(format->notes_of(clean & ~UINT64_C(0x80), 0), AXADDR_NOTES);
}

/* ---- kinds ---- */

static void tables_and_absent_entries(void) {
    uint64_t page_number_max = (UINT64_C(1) << (48 - at->shift[0])) - 1;
    unsigned level;
    unsigned kind;

    for (level = 1; level < at->levels; level++) {
        uint64_t entry = format->make_table(frame_at(0), level);
        CHECK_EQ(entry, frame_at(0) + 3); /* NSTable, APTable, UXNTable, PXNTable: 0 */
        CHECK_EQ(format->kind_of(entry, level), AXADDR_ENTRY_TABLE);
        CHECK_EQ(format->table_of(entry), frame_at(0));
    }
    CHECK_EQ(format->empty, 0);
    for (kind = AXADDR_ABSENT_RESERVED; kind <= AXADDR_ABSENT_BACKED; kind++) {
        uint64_t entry = format->make_absent((enum axaddr_absent_kind)kind, page_number_max);
        CHECK_EQ(format->absent_kind(entry), kind);
        CHECK_EQ(format->absent_value(entry), page_number_max);
        for (level = 0; level < at->levels; level++) {
            CHECK_EQ(format->kind_of(entry, level), AXADDR_ENTRY_ABSENT);
        }
    }
}

static enum axaddr_entry_kind spec_kind(uint64_t entry, unsigned level) {
    if ((entry & 3) == 3) {
        return level == 0 ? AXADDR_ENTRY_LEAF : AXADDR_ENTRY_TABLE;
    }
    return (entry & 3) == 1 && (level == 1 || (level == 2 && at->shift[0] == 12))
               ? AXADDR_ENTRY_LEAF
               : AXADDR_ENTRY_ABSENT;
}

static void any_bits_have_a_kind(void) {
    uint64_t page_mask = UINT64_C(0x0000ffffffffffff) & (~UINT64_C(0) << at->shift[0]);
    size_t round;

    for (round = 0; round < RANDOM_ROUNDS; round++) {
        uint64_t entry = random_next();
        unsigned level;

        for (level = 0; level < at->levels; level++) {
            snprintf(check_context, sizeof check_context, "%s 0x%" PRIx64 " level %u", at->name,
                     entry, level);
            CHECK_EQ(format->kind_of(entry, level), spec_kind(entry, level));
            CHECK_EQ(format->table_of(entry), entry & page_mask);
            if ((at->leaf_levels >> level & 1) != 0) {
                uint32_t flags = format->flags_of(entry, level);
                CHECK_EQ(format->frame_of(entry, level),
                         entry & page_mask & (~UINT64_C(0) << at->shift[level]));
                CHECK((flags & ~(R | W | X | D | N | (at->is_el2 ? 0 : U | G))) == 0);
                CHECK((flags & R) != 0 && (flags & (D | N)) != (D | N));
            }
        }
    }
}

/** What a fetch of either mode may do, of any UXN and PXN; EXECUTE is USER's where that is. */
static void scribbled_rights(void) {
    uint64_t kernel = frame_at(0) | golden_of(R);

    if (!at->is_el2) {
        uint64_t user = frame_at(0) | golden_of(R | U);
        CHECK_EQ(format->flags_of(kernel & ~(UINT64_C(3) << 53), 0), R | X);
        CHECK_EQ(format->flags_of(user & ~(UINT64_C(3) << 53), 0), R | U | X);
        CHECK_EQ(format->flags_of(kernel & ~(UINT64_C(1) << 54), 0), R);
        CHECK_EQ(format->flags_of(user & ~(UINT64_C(1) << 53), 0), R | U);
    } else {
        CHECK_EQ(format->flags_of(kernel | UINT64_C(1) << 53, 0), R);
        CHECK_EQ(format->flags_of(kernel & ~(UINT64_C(1) << 54), 0), R | X);
    }
    CHECK_EQ(format->flags_of(kernel | 0x1c, 0), R); /* attribute 7 is none of ours */
}

static void reserved_in_one_test(void) {
    check_reserved(format);
}

static void runs_and_breaks(void) {
    static const uint64_t breaking[] = {2, 4, 8, 0x10, 0x100, 0x200, 0x800, UINT64_C(1) << 52};
    static const uint64_t others[] = {0x40, 0x80, 0x400, UINT64_C(3) << 53, UINT64_C(1) << 55};
    uint64_t leaf = frame_at(0) | golden_of(R | W);
    unsigned bit;
    size_t i;

    CHECK_EQ(format->make_run(leaf, 0), leaf | UINT64_C(1) << 52);
    CHECK_EQ(format->plain_leaf(leaf | UINT64_C(1) << 52, 0, 3), leaf);
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

/** 48 bits (5 in 3:0), 16-bit ASIDs (2 in 7:4), all granules (TGran16 1 in 23:20). */
#define MMFR0 UINT64_C(0x00100025)

static void mair(void) {
    CHECK_EQ(axaddr_aarch64_mair(0), 0x4404ff);
    CHECK_EQ(axaddr_aarch64_mair(0xbb0c000000123456), 0xbb0c0000004404ff);
}

/*
 * D24.2, TCR_EL1: T0SZ 5:0, EPD0 7, IRGN0 9:8, ORGN0 11:10, SH0 13:12, TG0 15:14 (4K 0, 64K 1, 16K
 * 2), T1SZ 21:16, A1 22, EPD1 23, IRGN1 25:24, ORGN1 27:26, SH1 29:28, TG1 31:30 (16K 1, 4K 2, 64K
 * 3), IPS 34:32, AS 36.
 */
static void tcr_el1(void) {
    const struct axaddr_format *small = &axaddr_aarch64_el1;
    const struct axaddr_format *medium = &axaddr_aarch64_el1_16k;
    const struct axaddr_format *large = &axaddr_aarch64_el1_64k;
    struct axaddr_aarch64_cpu cpu = {MMFR0, 0, 0};
    uint64_t tcr = 77;

    CHECK_EQ(axaddr_aarch64_el1_tcr(small, small, &cpu, &tcr), AXADDR_OK);
    CHECK_EQ(tcr, 0x00000015b5103510);
    CHECK_EQ(axaddr_aarch64_el1_tcr(small, 0, &cpu, &tcr), AXADDR_OK);
    CHECK_EQ(tcr, 0x00000015b5903510);
    CHECK_EQ(axaddr_aarch64_el1_tcr(0, large, &cpu, &tcr), AXADDR_OK);
    CHECK_EQ(tcr, 0x00000015f5107590);
    CHECK_EQ(axaddr_aarch64_el1_tcr(medium, small, &cpu, &tcr), AXADDR_OK);
    CHECK_EQ(tcr, 0x00000015b510b510);
    cpu.mmfr0 = UINT64_C(0x00100002); /* 40 bits, 8-bit ASIDs */
    CHECK_EQ(axaddr_aarch64_el1_tcr(large, medium, &cpu, &tcr), AXADDR_OK);
    CHECK_EQ(tcr, 0x0000000275107510);
    cpu.mmfr0 = UINT64_C(0x00100006); /* 52 bits: used as 48 */
    CHECK_EQ(axaddr_aarch64_el1_tcr(small, small, &cpu, &tcr), AXADDR_OK);
    CHECK_EQ(tcr, 0x00000005b5103510);
    tcr = 77;
    CHECK_EQ(axaddr_aarch64_el1_tcr(0, 0, &cpu, &tcr), AXADDR_INVALID);
    cpu.mmfr0 = UINT64_C(0x00100008);
    CHECK_EQ(axaddr_aarch64_el1_tcr(small, small, &cpu, &tcr), AXADDR_INVALID);
    cpu.mmfr0 = UINT64_C(0x00000005); /* no 16 KiB */
    CHECK_EQ(axaddr_aarch64_el1_tcr(medium, small, &cpu, &tcr), AXADDR_UNSUPPORTED);
    CHECK_EQ(axaddr_aarch64_el1_tcr(small, medium, &cpu, &tcr), AXADDR_UNSUPPORTED);
    cpu.mmfr0 = UINT64_C(0xff000005); /* no 4 KiB, no 64 KiB */
    CHECK_EQ(axaddr_aarch64_el1_tcr(small, small, &cpu, &tcr), AXADDR_UNSUPPORTED);
    CHECK_EQ(axaddr_aarch64_el1_tcr(large, large, &cpu, &tcr), AXADDR_UNSUPPORTED);
    CHECK_EQ(tcr, 77);
}

/** TCR_EL2 (E2H 0): as the lower half, PS 18:16, RES1 bits 31 and 23. */
static void tcr_el2(void) {
    struct axaddr_aarch64_cpu cpu = {MMFR0, 0, 0};
    uint64_t tcr = 77;

    CHECK_EQ(axaddr_aarch64_el2_tcr(&axaddr_aarch64_el2, &cpu, &tcr), AXADDR_OK);
    CHECK_EQ(tcr, 0x80853510);
    CHECK_EQ(axaddr_aarch64_el2_tcr(&axaddr_aarch64_el2_16k, &cpu, &tcr), AXADDR_OK);
    CHECK_EQ(tcr, 0x8085b510);
    cpu.mmfr0 = 4; /* 44 bits, no 16 KiB */
    CHECK_EQ(axaddr_aarch64_el2_tcr(&axaddr_aarch64_el2_64k, &cpu, &tcr), AXADDR_OK);
    CHECK_EQ(tcr, 0x80847510);
    tcr = 77;
    CHECK_EQ(axaddr_aarch64_el2_tcr(&axaddr_aarch64_el2_16k, &cpu, &tcr), AXADDR_UNSUPPORTED);
    cpu.mmfr0 = 0xf;
    CHECK_EQ(axaddr_aarch64_el2_tcr(&axaddr_aarch64_el2, &cpu, &tcr), AXADDR_INVALID);
    CHECK_EQ(tcr, 77);
}

/** TTBR: ASID 63:48, BADDR. */
static void ttbr(void) {
    const struct axaddr_format *small = &axaddr_aarch64_el1;
    struct axaddr_aarch64_cpu wide = {MMFR0, 0, 0};
    struct axaddr_aarch64_cpu narrow = {5, 0, 0};
    axaddr_hpa_t root = axaddr_hpa(0x0000876543211000);
    uint64_t value = 77;

    CHECK_EQ(axaddr_aarch64_el1_ttbr(small, &narrow, root, 0x100, &value), AXADDR_INVALID);
    CHECK_EQ(axaddr_aarch64_el1_ttbr(small, &wide, root, 0x10000, &value), AXADDR_INVALID);
    CHECK_EQ(axaddr_aarch64_el1_ttbr(small, &wide, axaddr_hpa(0x800), 1, &value), AXADDR_INVALID);
    CHECK_EQ(axaddr_aarch64_el1_ttbr(small, &wide, axaddr_hpa(UINT64_C(1) << 48), 1, &value),
             AXADDR_INVALID);
    CHECK_EQ(axaddr_aarch64_el1_ttbr(&axaddr_aarch64_el1_64k, &wide, root, 1, &value),
             AXADDR_INVALID);
    CHECK_EQ(axaddr_aarch64_el2_ttbr(&axaddr_aarch64_el2_16k, root, &value), AXADDR_INVALID);
    CHECK_EQ(value, 77);
    CHECK_EQ(axaddr_aarch64_el1_ttbr(small, &wide, root, 0xfffe, &value), AXADDR_OK);
    CHECK_EQ(value, 0xfffe876543211000);
    CHECK_EQ(axaddr_aarch64_el1_ttbr(small, &narrow, root, 0xff, &value), AXADDR_OK);
    CHECK_EQ(value, 0x00ff876543211000);
    CHECK_EQ(axaddr_aarch64_el2_ttbr(&axaddr_aarch64_el2, root, &value), AXADDR_OK);
    CHECK_EQ(value, 0x0000876543211000);
}

/* ---- aborts ---- */

struct abort_case {
    uint64_t esr;
    enum axaddr_status status;
    uint32_t access;
    bool is_permission;
    bool is_access_flag;
};

/* ESR_ELx: EC 31:26: 0x20 and 0x24 from a lower level, 0x21 and 0x25 from the same one. */
static const struct abort_case aborts[] = {
    {0x92000007, AXADDR_OK, R | U, false, false},
    {0x92000047, AXADDR_OK, W | U, false, false},
    {0x9200004f, AXADDR_OK, W | U, true, false},
    {0x82000006, AXADDR_OK, X | U, false, false},
    {0x8200000f, AXADDR_OK, X | U, true, false},
    {0x96000007, AXADDR_OK, R, false, false},
    {0x96000044, AXADDR_OK, W, false, false},
    {0x9600004d, AXADDR_OK, W, true, false},
    {0x8600000f, AXADDR_OK, X, true, false},
    {0x86000005, AXADDR_OK, X, false, false},
    {0x9600000b, AXADDR_OK, R, false, true},
    {0x9200004a, AXADDR_OK, W | U, false, true},
    {0x96000147, AXADDR_OK, R, false, false}, /* cache maintenance */
    {0x9200014f, AXADDR_OK, W | U, true, false},
    {0x96000010, AXADDR_UNSUPPORTED, 0, false, false},
    {0x96000021, AXADDR_UNSUPPORTED, 0, false, false},
    {0x86000003, AXADDR_UNSUPPORTED, 0, false, false},
    {0x96000030, AXADDR_UNSUPPORTED, 0, false, false},
    {0x92000087, AXADDR_INVALID, 0, false, false}, /* stage 2's: S1PTW */
    {0x5a000000, AXADDR_INVALID, 0, false, false},
    {0x02000007, AXADDR_INVALID, 0, false, false},
    {0x8a000000, AXADDR_INVALID, 0, false, false}, /* PC alignment, 0x22 */
    {0x9a000000, AXADDR_INVALID, 0, false, false}, /* SP alignment, 0x26 */
};

static void aborts_are_decoded(void) {
    size_t i;

    for (i = 0; i < sizeof aborts / sizeof aborts[0]; i++) {
        const struct abort_case *a = &aborts[i];
        struct axaddr_aarch64_page_fault fault;

        memset(&fault, 0x5a, sizeof fault);
        snprintf(check_context, sizeof check_context, "ESR 0x%" PRIx64, a->esr);
        CHECK_EQ(axaddr_aarch64_stage1_decode(a->esr, 0xffff800012345abc, &fault), a->status);
        if (a->status != AXADDR_OK) {
            CHECK_EQ(fault.access, 0x5a5a5a5a);
            continue;
        }
        CHECK_EQ(fault.gva.raw, 0xffff800012345abc);
        CHECK_EQ(fault.access, a->access);
        CHECK_EQ(fault.is_permission, a->is_permission);
        CHECK_EQ(fault.is_access_flag, a->is_access_flag);
    }
}

int main(void) {
    size_t i;

    printf("test_format_aarch64_stage1: seed 0x%" PRIx64 "\n", SEED);
    for (i = 0; i < sizeof geometries / sizeof geometries[0]; i++) {
        at = &geometries[i];
        format = at->format;
        leaves = at->is_el2 ? el2_leaves : el1_leaves;
        leaf_count = at->is_el2 ? sizeof el2_leaves / sizeof el2_leaves[0]
                                : sizeof el1_leaves / sizeof el1_leaves[0];
        CASE(geometry);
        CASE(leaves_are_the_manuals);
        CASE(change_leaf_keeps_what_is_hardwares);
        CASE(notes_are_kept);
        CASE(tables_and_absent_entries);
        CASE(any_bits_have_a_kind);
        CASE(scribbled_rights);
        CASE(reserved_in_one_test);
        CASE(runs_and_breaks);
    }
    CASE(mair);
    CASE(tcr_el1);
    CASE(tcr_el2);
    CASE(ttbr);
    CASE(aborts_are_decoded);
    return check_report("test_format_aarch64_stage1");
}
