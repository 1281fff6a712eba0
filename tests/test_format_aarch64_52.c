/* SPDX-License-Identifier: MIT
 *
 * test_format_aarch64_52.c: the AArch64 formats with 52 address bits (FEAT_LPA, FEAT_LPA2), stage 2
 * and stage 1, their registers and aborts, against what was written out from ARM DDI 0487 by hand;
 * and the regimes of the simulated MMU for them.
 */
#include "../axaddr_arch/aarch64_52.h"
#include "check.h"
#include "format_check.h"
#include "golden_aarch64.h"
#include "sim_machines.h"

#define SEED          UINT64_C(0x2545f4914f6cdd1d)
#define RANDOM_ROUNDS 100000

#define XU AXADDR_EXECUTE_USER
#define XK AXADDR_EXECUTE_KERNEL

#define BIT(n) (UINT64_C(1) << (n))

static uint64_t random_state = SEED;

static uint64_t random_next(void) {
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return random_state;
}

/* ---- geometry: D8.2; the manual's level -1 is our 4 ---- */

enum stage { STAGE2, EL1, EL2 };

struct geometry {
    const struct axaddr_format *format;
    const char *name;
    enum stage stage;
    unsigned levels;
    unsigned order;
    unsigned leaf_levels;
    uint8_t shift[5];
    uint8_t index_bits[5];
    unsigned run_bits;
    unsigned run_levels;
};

#define F(name) &axaddr_aarch64_##name, "aarch64_" #name
#define G4K     15, {12, 21, 30, 39, 48}, {9, 9, 9, 9, 4}, 4, 7
#define G16K    7, {14, 25, 36, 47, 0}, {11, 11, 11, 5, 0}, 7, 1
#define G64K    7, {16, 29, 42, 0, 0}, {13, 13, 10, 0, 0}, 5, 3

static const struct geometry geometries[] = {
    {F(stage2_52), STAGE2, 4, 4, 15, {12, 21, 30, 39, 0}, {9, 9, 9, 13, 0}, 4, 7},
    {F(stage2_52_5), STAGE2, 5, 0, G4K},
    {F(stage2_16k_52), STAGE2, 4, 0, G16K},
    {F(stage2_64k_52), STAGE2, 3, 0, G64K},
    {F(el1_52), EL1, 5, 0, G4K},
    {F(el1_16k_52), EL1, 4, 0, G16K},
    {F(el1_64k_52), EL1, 3, 0, G64K},
    {F(el2_52), EL2, 5, 0, G4K},
    {F(el2_16k_52), EL2, 4, 0, G16K},
    {F(el2_64k_52), EL2, 3, 0, G64K},
};
#define GEOMETRY_COUNT (sizeof geometries / sizeof geometries[0])

/** What the case is about; main runs the cases of a format once for each. */
static const struct geometry *at;
static const struct axaddr_format *format;

static bool is_64k(void) {
    return at->shift[0] == 16;
}

static void geometry(void) {
    unsigned level;

    CHECK_STR(format->name, at->name);
    CHECK_EQ(format->level_count, at->levels);
    CHECK_EQ(format->entry_shift, 3);
    CHECK_EQ(format->root_order, at->order);
    CHECK_EQ(format->input_width, 52);
    CHECK_EQ(format->output_width, 52);
    CHECK_EQ(format->leaf_levels, at->leaf_levels);
    CHECK_EQ(format->run_bits, at->run_bits);
    CHECK_EQ(format->run_levels, at->run_levels);
    for (level = 0; level < 5; level++) {
        CHECK_EQ(format->shift[level], at->shift[level]);
        CHECK_EQ(format->index_bits[level], at->index_bits[level]);
    }
    CHECK(!format->is_sign_extended && !format->caches_absent && format->publish != 0);
}

/** Narrower inputs than outputs, which the macros can be given. */
static const struct axaddr_format narrower[] = {
    AXADDR_AARCH64_STAGE2_FORMAT_52("4k_33", 33, 4k, axaddr_aarch64_stage2),
    AXADDR_AARCH64_STAGE2_FORMAT_52("4k_43", 43, 4k, axaddr_aarch64_stage2_xnx),
    AXADDR_AARCH64_STAGE2_FORMAT_52("4k_49", 49, 4k, axaddr_aarch64_stage2_fwb),
    AXADDR_AARCH64_STAGE2_FORMAT_52("16k_40", 40, 16k, axaddr_aarch64_stage2),
    AXADDR_AARCH64_STAGE2_FORMAT_52("16k_51", 51, 16k, axaddr_aarch64_stage2_xnx_fwb),
    AXADDR_AARCH64_STAGE2_FORMAT_52("64k_46", 46, 64k, axaddr_aarch64_stage2_xnx_fwb),
    AXADDR_AARCH64_STAGE1_FORMAT_52("el1_4k_49", 49, 4k, axaddr_aarch64_el1),
    AXADDR_AARCH64_STAGE1_FORMAT_52("el1_64k_48", 48, 64k, axaddr_aarch64_el1),
};

static void other_widths(void) {
    /* levels, log2 of the root's tables, of its entries, levels of leaves */
    static const unsigned expected[][4] = {
        {2, 3, 12, 3}, {3, 4, 13, 7}, {4, 1, 10, 15}, {2, 4, 15, 3},
        {3, 4, 15, 7}, {2, 4, 17, 3}, {5, 0, 1, 15},  {3, 0, 6, 7},
    };
    unsigned i;

    for (i = 0; i < sizeof narrower / sizeof narrower[0]; i++) {
        const struct axaddr_format *made = &narrower[i];
        unsigned top = made->level_count - 1u;

        snprintf(check_context, sizeof check_context, "%s", made->name);
        CHECK_EQ(made->level_count, expected[i][0]);
        CHECK_EQ(made->root_order, expected[i][1]);
        CHECK_EQ(made->index_bits[top], expected[i][2]);
        CHECK_EQ(made->shift[top] + expected[i][2], made->input_width);
        CHECK_EQ(made->leaf_levels, expected[i][3]);
        CHECK_EQ(made->output_width, 52);
    }
}

/* ---- addresses ---- */

/** Addresses, and a descriptor's bits for them: 51:48 in 15:12 (64 KiB), 51:50 in 9:8 (others). */
struct address {
    unsigned page_shift;
    unsigned level;
    uint64_t address;
    uint64_t bits;
};

static const struct address addresses[] = {
    {12, 0, 0x000bedcba9876000, 0x0003edcba9876200},
    {12, 0, 0x0005123456789000, 0x0001123456789100},
    {12, 1, 0x000e000000200000, 0x0002000000200300},
    {12, 2, 0x0008fedc40000000, 0x0000fedc40000200},
    {12, 3, 0x0007008000000000, 0x0003008000000100},
    {12, 3, 0x000f800000000000, 0x0003800000000300},
    {14, 0, 0x000bedcba9874000, 0x0003edcba9874200},
    {14, 0, 0x0004000000004000, 0x0000000000004100},
    {14, 1, 0x000e000002000000, 0x0002000002000300},
    {14, 2, 0x000d123000000000, 0x0001123000000300},
    {16, 0, 0x000bedcba9870000, 0x0000edcba987b000},
    {16, 0, 0x0004000000010000, 0x0000000000014000},
    {16, 1, 0x0009123420000000, 0x0000123420009000},
    {16, 2, 0x000ffc0000000000, 0x0000fc000000f000},
    {16, 2, 0x0001040000000000, 0x0000040000001000},
};
#define ADDRESS_COUNT (sizeof addresses / sizeof addresses[0])

/** Where a descriptor has bit `bit` of an address. */
static uint64_t spec_bit(unsigned bit) {
    return is_64k() ? BIT(bit < 48 ? bit : bit - 36) : BIT(bit < 50 ? bit : bit - 42);
}

/** The address of a leaf of `level`, or of a table (level 0), in a descriptor. */
static uint64_t spec_address(uint64_t entry, unsigned level) {
    uint64_t address = 0;
    unsigned bit;

    for (bit = at->shift[level]; bit < 52; bit++) {
        address |= (entry & spec_bit(bit)) != 0 ? BIT(bit) : 0;
    }
    return address;
}

/** Attributes of a leaf of `level` without an address, as of a page of memory. */
static uint64_t plain(unsigned level) {
    return format->attributes_of(R | W, level);
}

static void addresses_are_the_manuals(void) {
    size_t i;

    for (i = 0; i < ADDRESS_COUNT; i++) {
        const struct address *a = &addresses[i];
        uint64_t leaf;

        if (a->page_shift != at->shift[0]) {
            continue;
        }
        snprintf(check_context, sizeof check_context, "%s 0x%" PRIx64, at->name, a->address);
        leaf = format->make_leaf(a->address, a->level, plain(a->level));
        CHECK_EQ(leaf, a->bits | plain(a->level));
        CHECK_EQ(leaf, a->bits + plain(a->level)); /* no bit is of both */
        CHECK_EQ(format->frame_of(leaf, a->level), a->address);
        CHECK_EQ(format->make_table(a->address, a->level + 1), a->bits | 3);
        CHECK_EQ(format->table_of(a->bits | 3), a->address);
    }
}

/** Every address bit at every level; what is around it is no address. */
static void each_address_bit_has_its_place(void) {
    unsigned level;
    unsigned bit;

    for (level = 0; (at->leaf_levels >> level & 1) != 0; level++) {
        uint64_t mask = 0;

        for (bit = at->shift[level]; bit < 52; bit++) {
            uint64_t leaf = format->make_leaf(BIT(bit), level, plain(level));
            CHECK_EQ(leaf, plain(level) + spec_bit(bit));
            CHECK_EQ(format->frame_of(leaf, level), BIT(bit));
            mask |= spec_bit(bit);
        }
        CHECK_EQ(format->frame_of(~mask, level), 0);
    }
    for (bit = at->shift[0]; bit < 52; bit++) {
        CHECK_EQ(format->make_table(BIT(bit), 1), spec_bit(bit) + 3);
        CHECK_EQ(format->table_of(spec_bit(bit) + 3), BIT(bit));
    }
}

/** The next leaf maps what follows, also where the carry crosses the place of the cut. */
static void next_leaf_carries(void) {
    unsigned level;
    unsigned bit;

    for (level = 0; (at->leaf_levels >> level & 1) != 0; level++) {
        uint64_t size = BIT(at->shift[level]);
        uint64_t rest = plain(level) | BIT(55);

        CHECK_EQ(format->next_leaf(rest, level), rest | size);
        for (bit = at->shift[level] + 1u; bit < 52; bit++) {
            uint64_t leaf = format->make_leaf(BIT(bit) - size, level, rest);
            CHECK_EQ(format->next_leaf(leaf, level), rest | spec_bit(bit));
        }
    }
    if (at->shift[0] == 12) {
        CHECK_EQ(format->next_leaf(0x0003fffffffff003, 0), 0x103);
        CHECK_EQ(format->next_leaf(0x0003ffffffe00301, 1), 0x001); /* past the last address */
    } else if (is_64k()) {
        CHECK_EQ(format->next_leaf(0x0000ffffffff7003, 0), 0x8003);
    }
}

/* ---- leaves ---- */

/*
 * Attributes of a page with SH (64 KiB granule); with DS bits 9:8 are the address's. The bits are
 * those of test_format_aarch64.c and golden_aarch64.h.
 */
static const struct golden stage2_leaves[] = {
    {R, 0x004000000000077f},
    {W, 0x00400000000007bf},
    {R | W, 0x00400000000007ff},
    {X, 0x000000000000073f},
    {R | X, 0x000000000000077f},
    {W | X, 0x00000000000007bf},
    {R | W | X, 0x00000000000007ff},
    {R | D, 0x0040000000000447},
    {W | D, 0x0040000000000487},
    {R | W | D, 0x00400000000004c7},
    {R | N, 0x0040000000000757},
    {W | N, 0x0040000000000797},
    {R | W | N, 0x00400000000007d7},
    {X | N, 0x0000000000000717},
    {R | X | N, 0x0000000000000757},
    {W | X | N, 0x0000000000000797},
    {R | W | X | N, 0x00000000000007d7},
};

static const struct golden *leaves;
static size_t leaf_count;

static uint64_t golden_page(const struct golden *golden) {
    return is_64k() ? golden->page : golden->page & ~UINT64_C(0x300);
}

/** The attributes of a page; 0 if the format refuses the flags. */
static uint64_t golden_of(uint32_t flags) {
    size_t i;

    for (i = 0; i < leaf_count; i++) {
        if (leaves[i].flags == flags) {
            return golden_page(&leaves[i]);
        }
    }
    return 0;
}

/** A frame with bits in both parts of the address, and the lowest one of a leaf of `level`. */
static uint64_t frame_at(unsigned level) {
    return UINT64_C(0x000aedcba9876000) >> at->shift[level] << at->shift[level] |
           BIT(at->shift[level]);
}

/** Its bits in a descriptor. */
static uint64_t bits_at(unsigned level) {
    uint64_t frame = frame_at(level);

    return is_64k() ? (frame & UINT64_C(0x0000ffffffff0000)) | frame >> 48 << 12
                    : (frame & UINT64_C(0x0003ffffffffffff)) | frame >> 50 << 8;
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
            CHECK_EQ(leaf, bits_at(level) | attributes);
            CHECK_EQ(format->kind_of(leaf, level), AXADDR_ENTRY_LEAF);
            CHECK_EQ(format->flags_of(leaf, level), flags);
            CHECK_EQ(format->frame_of(leaf, level), frame_at(level));
        }
    }
    CHECK_EQ(held, leaf_count);
}

/** FEAT_XNX and FEAT_S2FWB as without DS: XN 54:53, MemAttr 5:2 (Table D8-77; 0b0110 is WB). */
static void variants_have_no_sh_either(void) {
    const struct axaddr_format *xnx = &narrower[1];
    const struct axaddr_format *fwb = &narrower[2];
    const struct axaddr_format *both = &narrower[4];
    const struct axaddr_format *both_64k = &narrower[5];

    CHECK_EQ(xnx->attributes_of(R | XU, 0), 0x002000000000047f);
    CHECK_EQ(xnx->flags_of(0x002000000000047f, 0), R | XU);
    CHECK(xnx->can_hold(R | XK) && !xnx->can_hold(R | U));
    CHECK_EQ(fwb->attributes_of(R | W, 0), 0x00400000000004db);
    CHECK(!fwb->can_hold(R | XK));
    CHECK_EQ(both->attributes_of(R | XK, 1), 0x0060000000000459);
    CHECK_EQ(both->flags_of(0x0060000000000459, 1), R | XK);
    CHECK_EQ(both_64k->attributes_of(R | XK, 0), 0x006000000000075b);
}

/** From any flags to any others; address, AF (bit 10) and the contiguous bit (52) stay. */
static void change_leaf_keeps_what_is_hardwares(void) {
    unsigned level;
    size_t from;
    size_t to;

    for (level = 0; (at->leaf_levels >> level & 1) != 0; level++) {
        uint64_t kept = bits_at(level) | BIT(52);
        uint64_t block = level == 0 ? 0 : 2;

        for (from = 0; from < leaf_count; from++) {
            for (to = 0; to < leaf_count; to++) {
                uint64_t old = golden_page(&leaves[from]) & ~block;
                uint64_t new = golden_page(&leaves[to]) & ~block;

                CHECK_EQ(format->change_leaf(kept | old, level, new), kept | new);
                CHECK_EQ(format->change_leaf((kept | old) & ~BIT(10), level, new),
                         (kept | new) & ~BIT(10));
            }
        }
    }
}

/** A block's first part has its flags, its frame and its AF; strays below its address go. */
static void split_leaf_maps_the_first_part(void) {
    unsigned level;
    size_t i;

    for (level = 1; (at->leaf_levels >> level & 1) != 0; level++) {
        for (i = 0; i < leaf_count; i++) {
            uint64_t leaf = bits_at(level) | (golden_page(&leaves[i]) & ~UINT64_C(2));
            uint64_t first = leaf | (level == 1 ? 2 : 0);
            uint64_t stray = BIT(at->shift[level] - 1) | BIT(at->shift[level - 1]);

            CHECK_EQ(format->split_leaf(leaf, level), first);
            CHECK_EQ(format->split_leaf(leaf | stray, level), first);
            CHECK_EQ(format->split_leaf(leaf & ~BIT(10), level), first & ~BIT(10));
            CHECK_EQ(format->frame_of(first, level - 1), frame_at(level));
        }
    }
}

/** Writable-clean (D8.5.5), as without 52 bits: DBM 51, bit 55 software's, S2AP[1] or AP[2] 7. */
static void notes_are_kept(void) {
    uint64_t leaf = bits_at(0) | golden_of(R | W);
    uint64_t clean = (leaf ^ BIT(7)) | BIT(51) | BIT(55);

    CHECK_EQ(format->noted, 0x400);
    CHECK_EQ(format->notes_of(leaf, 0), AXADDR_NOTES);
    CHECK_EQ(format->clear_notes(leaf, 0, AXADDR_ACCESSED), leaf & ~BIT(10));
    CHECK_EQ(format->clear_notes(leaf, 0, AXADDR_DIRTY), clean);
    CHECK_EQ(format->notes_of(clean, 0), AXADDR_ACCESSED);
    CHECK_EQ(format->flags_of(clean, 0), R | W);
    CHECK_EQ(format->change_leaf(clean, 0, golden_of(R)), bits_at(0) | golden_of(R) | BIT(55));
    CHECK_EQ(format->note_access(clean & ~BIT(10), 0, AXADDR_WRITE), clean ^ BIT(7));
}

/* ---- kinds ---- */

static void tables_and_absent_entries(void) {
    uint64_t page_number_max = BIT(52 - at->shift[0]) - 1;
    unsigned level;
    unsigned kind;

    for (level = 1; level < at->levels; level++) {
        uint64_t entry = format->make_table(frame_at(0), level);
        CHECK_EQ(entry, bits_at(0) | 3);
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

/** D8.3.1, AArch64.BlockDescSupported: 4 KiB our levels 1 to 3, others 1 and 2. */
static enum axaddr_entry_kind spec_kind(uint64_t entry, unsigned level) {
    if ((entry & 3) == 3) {
        return level == 0 ? AXADDR_ENTRY_LEAF : AXADDR_ENTRY_TABLE;
    }
    return (entry & 3) == 1 && level >= 1 && level <= (at->shift[0] == 12 ? 3u : 2u)
               ? AXADDR_ENTRY_LEAF
               : AXADDR_ENTRY_ABSENT;
}

static void any_bits_have_a_kind(void) {
    uint32_t all = at->stage == STAGE2 ? R | W | X | D | N
                   : at->stage == EL1  ? R | W | X | D | N | U | G
                                       : R | W | X | D | N;
    size_t round;

    for (round = 0; round < RANDOM_ROUNDS; round++) {
        uint64_t entry = random_next();
        unsigned level;

        for (level = 0; level < at->levels; level++) {
            snprintf(check_context, sizeof check_context, "%s 0x%" PRIx64 " level %u", at->name,
                     entry, level);
            CHECK_EQ(format->kind_of(entry, level), spec_kind(entry, level));
            CHECK_EQ(format->table_of(entry), spec_address(entry, 0));
            if ((at->leaf_levels >> level & 1) != 0) {
                CHECK_EQ(format->frame_of(entry, level), spec_address(entry, level));
                CHECK_EQ(format->flags_of(entry, level) & ~all, 0);
            }
        }
    }
}

static void reserved_in_one_test(void) {
    check_reserved(format);
}

/** R_WHZWS: rights and AF need no break; type, address, size do (and nG, in stage 1). */
static void runs_and_breaks(void) {
    uint64_t leaf = bits_at(0) | golden_of(R | W);
    uint64_t others = BIT(7) | BIT(10) | BIT(53) | BIT(54) | BIT(55);
    unsigned bit;

    CHECK_EQ(format->make_run(leaf, 0), leaf | BIT(52));
    CHECK_EQ(format->plain_leaf(leaf | BIT(52), 0, 3), leaf);
    for (bit = at->shift[0]; bit < 52; bit++) {
        CHECK(format->needs_break(leaf, leaf ^ spec_bit(bit), 1));
    }
    for (bit = 1; bit < 56; bit++) {
        bool is_typed = (bit >= 1 && bit <= 4) || bit == 8 || bit == 9 || bit == 52;
        if (is_typed) {
            CHECK(format->needs_break(leaf, leaf ^ BIT(bit), 1));
        } else if ((others >> bit & 1) != 0) {
            CHECK(!format->needs_break(leaf, leaf ^ BIT(bit), 1));
        }
    }
    CHECK_EQ(format->needs_break(leaf, leaf ^ BIT(11), 1), at->stage != STAGE2);
    CHECK_EQ(format->needs_break(leaf, leaf ^ BIT(5), 1), at->stage == STAGE2);
    CHECK(!format->needs_break(0, leaf, 0) && !format->needs_break(leaf, 0, 0));
}

/* ---- registers ---- */

/**
 * ID_AA64MMFR0_EL1: PARange 3:0 (6: 52 bits), ASIDBits 7:4, TGran16 23:20 (2: with 52 bits),
 * TGran64 27:24, TGran4 31:28 (1: with 52 bits); ID_AA64MMFR1_EL1: VMIDBits 7:4;
 * ID_AA64MMFR2_EL1: VARange 19:16 (1: 52 bits).
 */
static const struct axaddr_aarch64_cpu full_cpu = {UINT64_C(0x10200026), 0x20, 0x10000};

/*
 * VTCR_EL2: T0SZ 5:0 (12), SL0 7:6, 0x3500 for the walks' memory, TG0 15:14, PS 18:16 (6), VS 19,
 * bit 31; DS 32; SL2 33. SL2:SL0 with 4 KiB: 2 for level 0, 4 for -1; SL0 with 16 KiB 3 for level
 * 0; with 64 KiB 2 for level 1. VTTBR_EL2: BADDR 47:1, of which 5:2 are the address's 51:48.
 */
static void stage2_registers(void) {
    static const struct {
        const struct axaddr_format *format;
        uint64_t vtcr;
        uint64_t root_size;
    } expected[] = {
        {&axaddr_aarch64_stage2_52, 0x1800e358c, 0x10000},
        {&axaddr_aarch64_stage2_52_5, 0x3800e350c, 0x1000},
        {&axaddr_aarch64_stage2_16k_52, 0x1800eb5cc, 0x4000},
        {&axaddr_aarch64_stage2_64k_52, 0x0800e758c, 0x10000},
        {&narrower[0], 0x1800e351f, 0x8000}, /* 33 bits, level 2; PS and DS as its outputs need */
    };
    size_t i;

    for (i = 0; i < sizeof expected / sizeof expected[0]; i++) {
        const struct axaddr_format *f = expected[i].format;
        uint64_t root = UINT64_C(0x000b900000000000) | expected[i].root_size;
        struct axaddr_aarch64_stage2_registers said = {77, 77, 77};
        struct axaddr_aarch64_cpu more = full_cpu;

        snprintf(check_context, sizeof check_context, "%s", f->name);
        CHECK_EQ(axaddr_aarch64_stage2_load(f, &full_cpu, axaddr_hpa(BIT(52)), 1, &said),
                 AXADDR_INVALID);
        CHECK_EQ(axaddr_aarch64_stage2_load(f, &full_cpu,
                                            axaddr_hpa(root + expected[i].root_size / 2), 1, &said),
                 AXADDR_INVALID);
        CHECK_EQ(said.vtcr + said.vttbr + said.hcr, 3 * 77);
        CHECK_EQ(axaddr_aarch64_stage2_load(f, &full_cpu, axaddr_hpa(root), 0xfedc, &said),
                 AXADDR_OK);
        CHECK_EQ(said.vtcr, expected[i].vtcr);
        CHECK_EQ(said.vttbr, 0xfedc90000000002c | expected[i].root_size);
        CHECK_EQ(said.hcr, 1);
        more.mmfr0 |= 7; /* 56 bits (FEAT_D128): used as 52 */
        CHECK_EQ(axaddr_aarch64_stage2_load(f, &more, axaddr_hpa(root), 1, &said), AXADDR_OK);
        CHECK_EQ(said.vtcr, expected[i].vtcr);
    }
}

static enum axaddr_status stage2_on(const struct axaddr_format *f, uint64_t mmfr0) {
    struct axaddr_aarch64_cpu cpu = {mmfr0, full_cpu.mmfr1, full_cpu.mmfr2};
    struct axaddr_aarch64_stage2_registers said;

    return axaddr_aarch64_stage2_load(f, &cpu, axaddr_hpa(0x100000), 1, &said);
}

/** TGran4_2 43:40, TGran64_2 39:36, TGran16_2 35:32: 0 as stage 1, 1 none, 2 yes, 3 and 52 bits. */
static void stage2_asks_the_cpu(void) {
    const struct axaddr_format *small = &axaddr_aarch64_stage2_52;
    const struct axaddr_format *medium = &axaddr_aarch64_stage2_16k_52;
    const struct axaddr_format *large = &axaddr_aarch64_stage2_64k_52;
    uint64_t full = full_cpu.mmfr0;
    uint64_t none = UINT64_C(0x00100026); /* the granules, but no FEAT_LPA2 */
    uint64_t range;

    for (range = 0; range < 9; range++) {
        enum axaddr_status status = range < 6    ? AXADDR_UNSUPPORTED
                                    : range == 8 ? AXADDR_INVALID
                                                 : AXADDR_OK;
        CHECK_EQ(stage2_on(small, (full & ~UINT64_C(0xf)) | range), status);
        CHECK_EQ(stage2_on(medium, (full & ~UINT64_C(0xf)) | range), status);
        CHECK_EQ(stage2_on(large, (full & ~UINT64_C(0xf)) | range), status);
        CHECK_EQ(stage2_on(&narrower[0], (full & ~UINT64_C(0xf)) | range), status);
    }
    CHECK_EQ(stage2_on(small, none), AXADDR_UNSUPPORTED);
    CHECK_EQ(stage2_on(medium, none), AXADDR_UNSUPPORTED);
    CHECK_EQ(stage2_on(large, none), AXADDR_OK);
    CHECK_EQ(stage2_on(small, none | UINT64_C(2) << 40), AXADDR_UNSUPPORTED);
    CHECK_EQ(stage2_on(small, none | UINT64_C(3) << 40), AXADDR_OK);
    CHECK_EQ(stage2_on(small, full | UINT64_C(1) << 40), AXADDR_UNSUPPORTED);
    CHECK_EQ(stage2_on(small, full | UINT64_C(2) << 40), AXADDR_UNSUPPORTED);
    CHECK_EQ(stage2_on(small, none | UINT64_C(0xf0000000)), AXADDR_UNSUPPORTED);
    CHECK_EQ(stage2_on(medium, none | UINT64_C(2) << 32), AXADDR_UNSUPPORTED);
    CHECK_EQ(stage2_on(medium, none | UINT64_C(3) << 32), AXADDR_OK);
    CHECK_EQ(stage2_on(medium, full | UINT64_C(1) << 32), AXADDR_UNSUPPORTED);
    CHECK_EQ(stage2_on(large, full | UINT64_C(1) << 36), AXADDR_UNSUPPORTED);
    CHECK_EQ(stage2_on(large, full | UINT64_C(2) << 36), AXADDR_OK);
    CHECK_EQ(stage2_on(large, full | UINT64_C(0x0f000000)), AXADDR_UNSUPPORTED);
    CHECK_EQ(stage2_on(large, full | UINT64_C(0x10100000000)), AXADDR_OK); /* no other granule */
}

/*
 * TCR_EL1, as in test_format_aarch64_stage1.c: T0SZ and T1SZ 12, IPS 34:32 6, DS 59.
 * Where there is but one table, its granule and width are in the other half as well.
 */
static void tcr_el1(void) {
    const struct axaddr_format *small = &axaddr_aarch64_el1_52;
    const struct axaddr_format *medium = &axaddr_aarch64_el1_16k_52;
    const struct axaddr_format *large = &axaddr_aarch64_el1_64k_52;
    uint64_t tcr = 77;

    CHECK_EQ(axaddr_aarch64_el1_tcr(small, &axaddr_aarch64_el1, &full_cpu, &tcr), AXADDR_INVALID);
    CHECK_EQ(axaddr_aarch64_el1_tcr(&axaddr_aarch64_el1_16k, small, &full_cpu, &tcr),
             AXADDR_INVALID);
    CHECK_EQ(tcr, 77);
    CHECK_EQ(axaddr_aarch64_el1_tcr(small, small, &full_cpu, &tcr), AXADDR_OK);
    CHECK_EQ(tcr, 0x08000016b50c350c);
    CHECK_EQ(axaddr_aarch64_el1_tcr(medium, large, &full_cpu, &tcr), AXADDR_OK);
    CHECK_EQ(tcr, 0x08000016f50cb50c);
    CHECK_EQ(axaddr_aarch64_el1_tcr(large, medium, &full_cpu, &tcr), AXADDR_OK);
    CHECK_EQ(tcr, 0x08000016750c750c);
    CHECK_EQ(axaddr_aarch64_el1_tcr(large, 0, &full_cpu, &tcr), AXADDR_OK);
    CHECK_EQ(tcr, 0x00000016f58c750c);
    CHECK_EQ(axaddr_aarch64_el1_tcr(&axaddr_aarch64_el1, large, &full_cpu, &tcr), AXADDR_OK);
    CHECK_EQ(tcr, 0x00000016f50c3510);
    CHECK_EQ(axaddr_aarch64_el1_tcr(small, &axaddr_aarch64_el1_64k, &full_cpu, &tcr), AXADDR_OK);
    CHECK_EQ(tcr, 0x08000016f510350c);
}

/** TCR_EL2: PS 18:16, RES1 bits 31 and 23, DS 32. */
static void tcr_el2(void) {
    uint64_t tcr = 77;

    CHECK_EQ(axaddr_aarch64_el2_tcr(&axaddr_aarch64_el2_52, &full_cpu, &tcr), AXADDR_OK);
    CHECK_EQ(tcr, 0x18086350c);
    CHECK_EQ(axaddr_aarch64_el2_tcr(&axaddr_aarch64_el2_16k_52, &full_cpu, &tcr), AXADDR_OK);
    CHECK_EQ(tcr, 0x18086b50c);
    CHECK_EQ(axaddr_aarch64_el2_tcr(&axaddr_aarch64_el2_64k_52, &full_cpu, &tcr), AXADDR_OK);
    CHECK_EQ(tcr, 0x08086750c);
}

/** What both registers say of a format on a CPU, as the lower or as the upper table. */
static void stage1_on(const struct axaddr_format *f, uint64_t mmfr0, uint64_t mmfr2,
                      enum axaddr_status status) {
    struct axaddr_aarch64_cpu cpu = {mmfr0, 0, mmfr2};
    uint64_t tcr;

    snprintf(check_context, sizeof check_context, "%s 0x%" PRIx64, f->name, mmfr0);
    CHECK_EQ(axaddr_aarch64_el2_tcr(f, &cpu, &tcr), status);
    CHECK_EQ(axaddr_aarch64_el1_tcr(f, 0, &cpu, &tcr), status);
    CHECK_EQ(axaddr_aarch64_el1_tcr(0, f, &cpu, &tcr), status);
}

/** Without FEAT_LPA2, FEAT_LVA (64 KiB only) or 52 physical bits they are refused. */
static void stage1_asks_the_cpu(void) {
    static const struct axaddr_aarch64_cpu none = {0xf0000000, 0, 0};
    const struct axaddr_format *small = &axaddr_aarch64_el1_52;
    const struct axaddr_format *medium = &axaddr_aarch64_el2_16k_52;
    const struct axaddr_format *large = &axaddr_aarch64_el1_64k_52;
    const struct axaddr_format *narrow = &narrower[7]; /* 64 KiB, 48 bits in, 52 out */

    stage1_on(small, 0x10200026, 0, AXADDR_OK);
    stage1_on(medium, 0x10200026, 0, AXADDR_OK);
    stage1_on(large, 0x10200026, 0, AXADDR_UNSUPPORTED);
    stage1_on(large, 0x10200026, 0x10000, AXADDR_OK);
    stage1_on(narrow, 0x10200026, 0, AXADDR_OK);
    stage1_on(small, 0x10200025, 0x10000, AXADDR_UNSUPPORTED);
    stage1_on(medium, 0x10200025, 0x10000, AXADDR_UNSUPPORTED);
    stage1_on(large, 0x10200025, 0x10000, AXADDR_UNSUPPORTED);
    stage1_on(narrow, 0x10200025, 0, AXADDR_UNSUPPORTED);
    stage1_on(small, 0x00200026, 0x10000, AXADDR_UNSUPPORTED);
    stage1_on(small, 0xf0200026, 0x10000, AXADDR_UNSUPPORTED);
    stage1_on(medium, 0x10100026, 0x10000, AXADDR_UNSUPPORTED);
    stage1_on(medium, 0x10000026, 0x10000, AXADDR_UNSUPPORTED);
    stage1_on(large, 0x1f200026, 0x10000, AXADDR_UNSUPPORTED);
    stage1_on(small, 0x10200028, 0x10000, AXADDR_INVALID);
    CHECK(!axaddr_aarch64_has_stage1_52(&none, 12) && !axaddr_aarch64_has_stage2_52(&none, 12));
}

/** Bits 5:2 are the root's 51:48; with 48 bits such a root is refused. */
static void ttbr(void) {
    axaddr_hpa_t root = axaddr_hpa(0x000d876543210000);
    uint64_t value = 77;

    CHECK_EQ(axaddr_aarch64_el1_ttbr(&axaddr_aarch64_el1, &full_cpu, root, 1, &value),
             AXADDR_INVALID);
    CHECK_EQ(
        axaddr_aarch64_el1_ttbr(&axaddr_aarch64_el1_52, &full_cpu, axaddr_hpa(BIT(52)), 1, &value),
        AXADDR_INVALID);
    CHECK_EQ(value, 77);
    CHECK_EQ(axaddr_aarch64_el1_ttbr(&axaddr_aarch64_el1_52, &full_cpu, root, 0xfffe, &value),
             AXADDR_OK);
    CHECK_EQ(value, 0xfffe876543210034);
    CHECK_EQ(axaddr_aarch64_el2_ttbr(&axaddr_aarch64_el2_64k_52, root, &value), AXADDR_OK);
    CHECK_EQ(value, 0x0000876543210034);
}

/* ---- aborts ---- */

/** HPFAR_EL2: FIPA 43:4 is the IPA's 51:12; bit 63 is NS. */
static void aborts_have_52_bits(void) {
    struct axaddr_exit exit;
    uint64_t hpfar = 0;

    CHECK_EQ(axaddr_aarch64_stage2_decode(0x92000047, 0x80000abcdef12340, 0x678, &exit), AXADDR_OK);
    CHECK_EQ(exit.gpa.raw, 0x000abcdef1234678);
    CHECK_EQ(exit.access, W);
    /* Level -1 has codes of its own: translation 0x2b; address size 0x29. Level 0: 8, 0xc. */
    CHECK_EQ(axaddr_aarch64_stage2_decode(0x9200002b, 0xffffffffff0, 0xfff, &exit), AXADDR_OK);
    CHECK_EQ(exit.gpa.raw, 0x000fffffffffffff);
    CHECK(!exit.is_permission);
    CHECK_EQ(axaddr_aarch64_stage2_decode(0x92000029, 0, 0, &exit), AXADDR_UNSUPPORTED);
    CHECK_EQ(axaddr_aarch64_stage2_decode(0x9200000c, 0, 0, &exit), AXADDR_OK);
    CHECK(exit.is_permission);
    CHECK_EQ(axaddr_aarch64_stage2_decode(0x92000008, 0, 0, &exit), AXADDR_OK);
    CHECK(!exit.is_permission);
    CHECK_EQ(axaddr_aarch64_hpfar_from_par(0xff0abcdef1234b80, &hpfar), AXADDR_OK);
    CHECK_EQ(hpfar, 0xabcdef12340);
}

/* ---- the simulated MMU ---- */

struct seen {
    const char *name;
    unsigned level;
    uint64_t entry;
    enum sim_kind kind;
    uint64_t frame;
    unsigned rights;
    unsigned type;
};

#define SR  SIM_READ
#define SRW (SIM_READ | SIM_WRITE)

/* Types of stage 2: MemAttr, and for memory SH (the register's with DS) in 5:4. */
static const struct seen seen[] = {
    {"aarch64_stage2_52", 0, 0x00400005123454ff, SIM_LEAF, 0x0000000512345000, SRW, 0x3f},
    {"aarch64_stage2_52", 0, 0x00430005123457ff, SIM_LEAF, 0x000f000512345000, SRW, 0x3f},
    {"aarch64_stage2_52", 0, 0x00410005123456c7, SIM_LEAF, 0x0009000512345000, SRW, 0x01},
    {"aarch64_stage2_52", 0, 0x00440005123454ff, SIM_BROKEN, 0, 0, 0}, /* bit 50 */
    {"aarch64_stage2_52", 0, 0x00410005123456fe, SIM_ABSENT, 0, 0, 0},
    {"aarch64_stage2_52", 0, 0x00410005123456fd, SIM_BROKEN, 0, 0, 0}, /* a block at level 3 */
    {"aarch64_stage2_52", 1, 0x004100051220057d, SIM_LEAF, 0x0005000512200000, SR, 0x3f},
    {"aarch64_stage2_52", 1, 0x004100051220157d, SIM_BROKEN, 0, 0, 0},
    {"aarch64_stage2_52", 3, 0x004100800000057d, SIM_LEAF, 0x0005008000000000, SR, 0x3f},
    {"aarch64_stage2_52", 3, 0x005100800000057d, SIM_BROKEN, 0, 0, 0}, /* contiguous */
    {"aarch64_stage2_52_5", 4, 0x00410000000005fd, SIM_BROKEN, 0, 0, 0},
    {"aarch64_stage2_52_5", 4, 0x0002000512345103, SIM_TABLE, 0x0006000512345000, SIM_RIGHTS, 0},
    {"aarch64_stage2_16k_52", 0, 0x00420005123446ff, SIM_LEAF, 0x000a000512344000, SRW, 0x3f},
    {"aarch64_stage2_16k_52", 0, 0x00420005123456ff, SIM_BROKEN, 0, 0, 0}, /* bit 12 */
    {"aarch64_stage2_16k_52", 2, 0x004200100000067d, SIM_LEAF, 0x000a001000000000, SR, 0x3f},
    {"aarch64_stage2_16k_52", 2, 0x005200100000067d, SIM_BROKEN, 0, 0, 0}, /* contiguous */
    {"aarch64_stage2_16k_52", 3, 0x00420000000006fd, SIM_BROKEN, 0, 0, 0}, /* a block at level 0 */
    {"aarch64_stage2_64k_52", 0, 0x004000051234c7ff, SIM_LEAF, 0x000c000512340000, SRW, 0x3f},
    {"aarch64_stage2_64k_52", 0, 0x004000051234c4ff, SIM_LEAF, 0x000c000512340000, SRW, 0x0f},
    {"aarch64_stage2_64k_52", 0, 0x004100051234c7ff, SIM_BROKEN, 0, 0, 0}, /* bit 48 */
    {"aarch64_stage2_64k_52", 2, 0x004004000000277d, SIM_LEAF, 0x0002040000000000, SR, 0x3f},
    {"aarch64_stage2_64k_52", 2, 0x000000051234f003, SIM_TABLE, 0x000f000512340000, SIM_RIGHTS, 0},
    {"aarch64_el1_52", 0, 0x0063000512345e03, SIM_LEAF, 0x000b000512345000, SRW, 0x3ff},
    {"aarch64_el1_16k_52", 1, 0x0060000002000d01, SIM_LEAF, 0x0004000002000000, SRW, 0x3ff},
    {"aarch64_el1_64k_52", 0, 0x0060000512342f03, SIM_LEAF, 0x0002000512340000, SRW, 0x3ff},
    {"aarch64_el2_52", 4, 0x1000000512345003, SIM_BROKEN, 0, 0, 0}, /* XNTable */
    {"aarch64_el2_16k_52", 0, 0x0040000512344543, SIM_LEAF, 0x0004000512344000, SRW, 0x3ff},
    {"aarch64_el2_64k_52", 1, 0x0040000520003741, SIM_LEAF, 0x0003000520000000, SRW, 0x3ff},
};

static void regimes_are_the_manuals(void) {
    struct sim_entry run = sim_decode_stage2_52(0x00520005123456ff, 0);
    size_t i;

    for (i = 0; i < sizeof seen / sizeof seen[0]; i++) {
        const struct sim_regime *regime = sim_regime_of(seen[i].name);
        struct sim_entry said = regime->decode(seen[i].entry, seen[i].level);

        snprintf(check_context, sizeof check_context, "%s 0x%" PRIx64, seen[i].name, seen[i].entry);
        CHECK_EQ(said.kind, seen[i].kind);
        CHECK_EQ(said.frame, seen[i].frame);
        if (said.kind == SIM_LEAF || said.kind == SIM_TABLE) {
            CHECK_EQ(said.rights, seen[i].rights);
            CHECK_EQ(said.type, seen[i].type);
        }
    }
    CHECK(run.is_run);
    CHECK_EQ(run.frame, 0x000a000512340000);
    CHECK_EQ(run.part, 5);
}

/** Leaves and tables that the format makes are to hardware what was asked for, and their parts. */
static void regimes_agree(void) {
    const struct sim_regime *regime = sim_regime_of(at->name);
    unsigned round;

    CHECK(regime != 0);
    CHECK_EQ(regime->level_count, at->levels);
    CHECK_EQ(regime->root_order, at->order);
    CHECK_EQ(sim_input_width(regime), 52);
    for (round = 0; round < 20000; round++) {
        unsigned level = (unsigned)(random_next() >> 32) % at->levels;
        uint32_t flags = (uint32_t)(random_next() >> 32) & AXADDR_MAPPING_FLAGS;
        uint64_t frame = random_next() & axaddr_low_bits(52) & ~axaddr_low_bits(at->shift[level]);
        struct sim_entry said;
        uint64_t leaf;

        if (level > 0) {
            uint64_t table = frame | BIT(at->shift[0]);
            said = regime->decode(format->make_table(table, level), level);
            CHECK_EQ(said.kind, SIM_TABLE);
            CHECK_EQ(said.frame, table);
        }
        if ((at->leaf_levels >> level & 1) == 0 || !axaddr_flags_are_valid(flags) ||
            !format->can_hold(flags)) {
            continue;
        }
        leaf = format->make_leaf(frame, level, format->attributes_of(flags, level));
        said = regime->decode(leaf, level);
        CHECK_EQ(said.kind, SIM_LEAF);
        CHECK_EQ(said.frame, frame);
        CHECK_EQ(said.rights, sim_rights_of(regime, flags));
        CHECK_EQ(said.type, sim_type_of(regime, flags));
        if (level > 0) {
            said = regime->decode(format->split_leaf(leaf, level), level - 1);
            CHECK_EQ(said.kind, SIM_LEAF);
            CHECK_EQ(said.frame, frame);
        }
        if ((at->run_levels >> level & 1) != 0 && at->shift[0] == 12) {
            said = regime->decode(format->make_run(leaf, level), level);
            CHECK(said.kind == SIM_LEAF && said.is_run);
            CHECK_EQ(said.part, frame >> at->shift[level] & 15);
        }
    }
}

int main(void) {
    size_t i;

    printf("test_format_aarch64_52: seed 0x%" PRIx64 "\n", SEED);
    for (i = 0; i < GEOMETRY_COUNT; i++) {
        at = &geometries[i];
        format = at->format;
        leaves = at->stage == STAGE2 ? stage2_leaves : at->stage == EL1 ? el1_leaves : el2_leaves;
        leaf_count = at->stage == STAGE2 ? sizeof stage2_leaves / sizeof stage2_leaves[0]
                     : at->stage == EL1  ? sizeof el1_leaves / sizeof el1_leaves[0]
                                         : sizeof el2_leaves / sizeof el2_leaves[0];
        snprintf(check_context, sizeof check_context, "%s", at->name);
        CASE(geometry);
        CASE(addresses_are_the_manuals);
        CASE(each_address_bit_has_its_place);
        CASE(next_leaf_carries);
        CASE(leaves_are_the_manuals);
        CASE(change_leaf_keeps_what_is_hardwares);
        CASE(split_leaf_maps_the_first_part);
        CASE(notes_are_kept);
        CASE(tables_and_absent_entries);
        CASE(any_bits_have_a_kind);
        CASE(reserved_in_one_test);
        CASE(runs_and_breaks);
        CASE(regimes_agree);
    }
    CASE(other_widths);
    CASE(variants_have_no_sh_either);
    CASE(stage2_registers);
    CASE(stage2_asks_the_cpu);
    CASE(tcr_el1);
    CASE(tcr_el2);
    CASE(stage1_asks_the_cpu);
    CASE(ttbr);
    CASE(aborts_have_52_bits);
    CASE(regimes_are_the_manuals);
    return check_report("test_format_aarch64_52");
}
