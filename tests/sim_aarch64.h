/* SPDX-License-Identifier: MIT
 *
 * sim_aarch64.h: the regimes (sim_regime.h) of AArch64: DDI 0487, D8.3 (descriptors), D8.4.2
 * (permissions), D8.6 (memory attributes).
 */
#ifndef AXADDR_TESTS_SIM_AARCH64_H
#define AXADDR_TESTS_SIM_AARCH64_H

#include "sim_regime.h"

/* ---- Arm stage 2, 4 KiB granule, no FEAT_S2FWB, no FEAT_XNX, 48-bit addresses ---- */

static inline struct sim_entry sim_decode_stage2(uint64_t entry, unsigned level) {
    unsigned memory = (unsigned)sim_bits(entry, 5, 2);
    unsigned type = memory;
    bool is_high = (entry & SIM_BIT(1)) != 0; /* a table, or at the last level a page */
    struct sim_entry leaf;

    if ((entry & SIM_BIT(0)) == 0) {
        return sim_absent();
    }
    if (sim_bits(entry, 50, 48) != 0) {
        return sim_broken("bits 50:48 are reserved");
    }
    if (level > 0 && is_high) {
        return sim_bits(entry, 63, 59) != 0
                   ? sim_broken("bits 63:59 of a table descriptor are reserved")
                   : sim_table(sim_address(entry, 47, 12), SIM_RIGHTS);
    }
    if (!is_high && (level == 0 || level == 3)) {
        return sim_broken("a block where there is none");
    }
    if (sim_bits(entry, 54, 53) == 1 || sim_bits(entry, 54, 53) == 3) {
        return sim_broken("XN[0], bit 53, is FEAT_XNX's");
    }
    if ((entry & (SIM_BIT(11) | SIM_BIT(51))) != 0 || (entry & SIM_BIT(63)) != 0) {
        return sim_broken("bits 11, 51 and 63 are reserved");
    }
    if (level > 0 && sim_bits(entry, 11 + 9 * level, 12) != 0) {
        return sim_broken("address bits of a block are reserved");
    }
    if ((memory & 3) == 0 && memory != 0) {
        return sim_broken("a reserved MemAttr"); /* 0b0000 is Device-nGnRnE */
    }
    if ((memory & 12) != 0) {
        type |= (unsigned)sim_bits(entry, 9, 8) << 4; /* devices are outer shareable anyway */
        if (sim_bits(entry, 9, 8) == 1) {
            return sim_broken("a reserved shareability");
        }
    }
    leaf = sim_leaf(
        sim_address(entry, 47, 12),
        (unsigned)sim_bits(entry, 7, 6) | ((entry & SIM_BIT(54)) != 0 ? 0 : SIM_EXECUTE), type);
    return (entry & SIM_BIT(52)) == 0
               ? leaf
               : sim_run(leaf, 12 + 9 * level,
                         (unsigned)(leaf.frame >> (12 + 9 * level)) % SIM_ANY_PART);
}

/* ---- Arm: the variants of stage 2, other granules, stage 1 ---- */

/** FEAT_XNX (Table D8-77): what only one mode of the guest may fetch is not EXECUTE. */
static inline struct sim_entry sim_decode_stage2_xnx(uint64_t entry, unsigned level) {
    bool is_table = level > 0 && (entry & SIM_BIT(1)) != 0;
    uint64_t never = sim_bits(entry, 54, 53);
    struct sim_entry said =
        sim_decode_stage2(is_table ? entry : entry & ~(SIM_BIT(53) | SIM_BIT(54)), level);

    if (said.kind == SIM_LEAF && never != 0) {
        said.rights &= ~SIM_EXECUTE;
    }
    return said;
}

/** FEAT_S2FWB: MemAttr 0b0110 is write-back; 0b0111, the guest's own choice, is none of ours. */
static inline struct sim_entry sim_fwb(uint64_t entry, unsigned level,
                                       struct sim_entry (*decode)(uint64_t, unsigned)) {
    bool is_table = level > 0 && (entry & SIM_BIT(1)) != 0;
    uint64_t memory = sim_bits(entry, 5, 2);

    if ((entry & SIM_BIT(0)) == 0 || is_table) {
        return decode(entry, level);
    }
    if (memory == 4 || memory > 6) {
        return sim_broken("a MemAttr that is reserved, or the guest's to choose");
    }
    return decode(memory == 6 ? entry | (UINT64_C(0xf) << 2) : entry, level);
}

static inline struct sim_entry sim_decode_stage2_fwb(uint64_t entry, unsigned level) {
    return sim_fwb(entry, level, sim_decode_stage2);
}

static inline struct sim_entry sim_decode_stage2_xnx_fwb(uint64_t entry, unsigned level) {
    return sim_fwb(entry, level, sim_decode_stage2_xnx);
}

/**
 * A leaf with what its contiguous bit (52) says, D8.7.1: runs of 16 with 4 KiB, of 128 pages with 16
 * KiB, of 32 with 64 KiB. (16 KiB's runs of 32 blocks are none of ours.)
 */
static inline struct sim_entry sim_arm_run(struct sim_entry leaf, uint64_t entry, unsigned level,
                                           unsigned page_shift) {
    unsigned span = page_shift + (page_shift - 3) * level;
    unsigned bits = page_shift == 12 ? 4 : page_shift == 14 ? 7 : 5;

    if (leaf.kind != SIM_LEAF || (entry & SIM_BIT(52)) == 0) {
        return leaf;
    }
    return page_shift == 14 && level > 0
               ? sim_broken("a run of blocks of 32 MiB")
               : sim_run_of(leaf, span, bits, (unsigned)(leaf.frame >> span) % SIM_ANY_PART);
}

/** What a descriptor is and where it points (D8.3.1), for granules of 1 << page_shift bytes. */
static inline struct sim_entry sim_arm_place(uint64_t entry, unsigned level, unsigned page_shift) {
    unsigned span = page_shift + (page_shift - 3) * level;
    bool is_high = (entry & SIM_BIT(1)) != 0; /* a table, or at the last level a page */

    if ((entry & SIM_BIT(0)) == 0) {
        return sim_absent();
    }
    if (sim_bits(entry, 50, 48) != 0 || (page_shift > 12 && sim_bits(entry, page_shift - 1, 12))) {
        return sim_broken("bits 50:48, and those below a granule, are reserved");
    }
    if (level > 0 && is_high) {
        return sim_bits(entry, 63, 59) != 0
                   ? sim_broken("bits 63:59 of a table are reserved, or take rights away")
                   : sim_table(sim_address(entry, 47, page_shift), SIM_RIGHTS);
    }
    if (!is_high && level != 1 && (level != 2 || page_shift != 12)) {
        return sim_broken("a block where there is none");
    }
    if (level > 0 && sim_bits(entry, span - 1, page_shift) != 0) {
        return sim_broken("address bits of a block are reserved");
    }
    return sim_leaf(sim_address(entry, 47, page_shift), 0, 0);
}

/** Rights and type are as with 4 KiB. */
static inline struct sim_entry sim_stage2_granule(uint64_t entry, unsigned level,
                                                  unsigned page_shift) {
    struct sim_entry place = sim_arm_place(entry, level, page_shift);
    struct sim_entry page;

    if (place.kind != SIM_LEAF) {
        return place;
    }
    page = sim_decode_stage2((entry & ~SIM_BIT(52) & ~sim_address(entry, 47, 12)) | SIM_BIT(1), 0);
    if (page.kind == SIM_LEAF) {
        page.frame = place.frame;
    }
    return sim_arm_run(page, entry, level, page_shift);
}

static inline struct sim_entry sim_decode_stage2_16k(uint64_t entry, unsigned level) {
    return sim_stage2_granule(entry, level, 14);
}

static inline struct sim_entry sim_decode_stage2_64k(uint64_t entry, unsigned level) {
    return sim_stage2_granule(entry, level, 16);
}

/** Types: of MAIR's bytes 0xff, 0x04 and 0x44, with SH above them for Normal memory. */
static inline struct sim_entry sim_stage1(uint64_t entry, unsigned level, unsigned page_shift) {
    static const unsigned types[3] = {0xff, 0x04, 0x44};
    struct sim_entry place = sim_arm_place(entry, level, page_shift);
    unsigned index = (unsigned)sim_bits(entry, 4, 2);
    unsigned share = (unsigned)sim_bits(entry, 9, 8);

    if (place.kind != SIM_LEAF) {
        return place;
    }
    if (index > 2 || (entry & (SIM_BIT(5) | SIM_BIT(51))) != 0) {
        return sim_broken("a memory attribute, NS or DBM that is none of ours");
    }
    if (index != 1 && share == 1) {
        return sim_broken("a reserved shareability");
    }
    place.rights = SIM_READ | ((entry & SIM_BIT(7)) != 0 ? 0 : SIM_WRITE);
    place.type = types[index] | (index != 1 ? share << 8 : 0);
    return sim_arm_run(place, entry, level, page_shift);
}

/** EL1&0 (D8.4.1): AP[1] lets EL0 in; PXN is for EL1's fetches, UXN for EL0's. */
static inline struct sim_entry sim_el1(uint64_t entry, unsigned level, unsigned page_shift) {
    struct sim_entry said = sim_stage1(entry, level, page_shift);
    bool is_user = (entry & SIM_BIT(6)) != 0;
    bool has_kernel_fetch = (entry & SIM_BIT(53)) == 0;
    bool has_user_fetch = (entry & SIM_BIT(54)) == 0;

    if (said.kind == SIM_LEAF) {
        if (is_user ? has_kernel_fetch : has_user_fetch) {
            return sim_broken("EL1 could fetch what is EL0's, or EL0 what it may not read");
        }
        said.rights |=
            (is_user ? SIM_USER : 0) | (has_kernel_fetch || has_user_fetch ? SIM_EXECUTE : 0);
    }
    return said;
}

static inline struct sim_entry sim_decode_el1(uint64_t entry, unsigned level) {
    return sim_el1(entry, level, 12);
}

static inline struct sim_entry sim_decode_el1_16k(uint64_t entry, unsigned level) {
    return sim_el1(entry, level, 14);
}

static inline struct sim_entry sim_decode_el1_64k(uint64_t entry, unsigned level) {
    return sim_el1(entry, level, 16);
}

/** EL2: AP[1] is RES1, nG (11) and bit 53 are RES0, XN is bit 54. */
static inline struct sim_entry sim_el2(uint64_t entry, unsigned level, unsigned page_shift) {
    struct sim_entry said = sim_stage1(entry, level, page_shift);

    if (said.kind == SIM_LEAF) {
        if ((entry & SIM_BIT(6)) == 0 || (entry & (SIM_BIT(11) | SIM_BIT(53))) != 0) {
            return sim_broken("AP[1] is RES1, nG and bit 53 are RES0");
        }
        said.rights |= (entry & SIM_BIT(54)) == 0 ? SIM_EXECUTE : 0;
    }
    return said;
}

static inline struct sim_entry sim_decode_el2(uint64_t entry, unsigned level) {
    return sim_el2(entry, level, 12);
}

static inline struct sim_entry sim_decode_el2_16k(uint64_t entry, unsigned level) {
    return sim_el2(entry, level, 14);
}

static inline struct sim_entry sim_decode_el2_64k(uint64_t entry, unsigned level) {
    return sim_el2(entry, level, 16);
}

/* ---- Arm: 52 address bits: FEAT_LPA (64 KiB granule), FEAT_LPA2 (DS is 1; 4 KiB, 16 KiB) ---- */

/** D8.3: bits 51:48 are in 15:12 with 64 KiB; 51:50 in 9:8 with the others. */
static inline uint64_t sim_address_52(uint64_t entry, unsigned page_shift) {
    return page_shift == 16 ? sim_address(entry, 47, 16) | sim_bits(entry, 15, 12) << 48
                            : sim_address(entry, 49, page_shift) | sim_bits(entry, 9, 8) << 50;
}

/** What a descriptor is and where it points: as sim_arm_place. */
static inline struct sim_entry sim_place_52(uint64_t entry, unsigned level, unsigned page_shift) {
    unsigned span = page_shift + (page_shift - 3) * level;
    bool is_high = (entry & SIM_BIT(1)) != 0;

    if ((entry & SIM_BIT(0)) == 0) {
        return sim_absent();
    }
    if (sim_bits(entry, 50, page_shift == 16 ? 48 : 50) != 0 ||
        (page_shift == 14 && sim_bits(entry, 13, 12) != 0)) {
        return sim_broken("bit 50, and what is no address, is reserved");
    }
    if (level > 0 && is_high) {
        return sim_bits(entry, 63, 59) != 0
                   ? sim_broken("bits 63:59 of a table are reserved, or take rights away")
                   : sim_table(sim_address_52(entry, page_shift), SIM_RIGHTS);
    }
    if (!is_high && (level == 0 || level > (page_shift == 12 ? 3u : 2u))) {
        return sim_broken("a block where there is none");
    }
    if (level > 0 && sim_bits(entry, span - 1, page_shift) != 0) {
        return sim_broken("address bits of a block are reserved");
    }
    if ((entry & SIM_BIT(52)) != 0 && page_shift < 16 && level == (page_shift == 12 ? 3 : 2)) {
        return sim_broken("the contiguous bit is reserved in the largest blocks");
    }
    return sim_leaf(sim_address_52(entry, page_shift), 0, 0);
}

/** Rights and type are those of a page with 48 bits, with the register's SH, which is inner. */
static inline struct sim_entry sim_52(uint64_t entry, unsigned level, unsigned page_shift,
                                      struct sim_entry (*decode)(uint64_t, unsigned)) {
    struct sim_entry place = sim_place_52(entry, level, page_shift);
    uint64_t rest = entry & ~SIM_BIT(52) & ~sim_address(entry, 49, 12);
    struct sim_entry said;

    if (place.kind != SIM_LEAF) {
        return place;
    }
    said = decode((page_shift == 16 ? rest : rest | 3 << 8) | SIM_BIT(1), 0);
    if (said.kind != SIM_LEAF) {
        return said;
    }
    said.frame = place.frame;
    return sim_arm_run(said, entry, level, page_shift);
}

#define SIM_DECODE_52(name, page_shift, page_48)                                                   \
    static inline struct sim_entry name(uint64_t entry, unsigned level) {                          \
        return sim_52(entry, level, page_shift, page_48);                                          \
    }

SIM_DECODE_52(sim_decode_stage2_52, 12, sim_decode_stage2)
SIM_DECODE_52(sim_decode_stage2_16k_52, 14, sim_decode_stage2)
SIM_DECODE_52(sim_decode_stage2_64k_52, 16, sim_decode_stage2)
SIM_DECODE_52(sim_decode_el1_52, 12, sim_decode_el1)
SIM_DECODE_52(sim_decode_el1_16k_52, 14, sim_decode_el1)
SIM_DECODE_52(sim_decode_el1_64k_52, 16, sim_decode_el1)
SIM_DECODE_52(sim_decode_el2_52, 12, sim_decode_el2)
SIM_DECODE_52(sim_decode_el2_16k_52, 14, sim_decode_el2)
SIM_DECODE_52(sim_decode_el2_64k_52, 16, sim_decode_el2)

/* ---- what they have in common ---- */

/* Normal write-back inner shareable; Device-nGnRE; Normal non-cacheable. */
#define SIM_STAGE2                                                                                 \
    .entry_shift = 3, .decode = sim_decode_stage2, .accessed = SIM_BIT(10),                        \
    .needs_accessed = true, .types = {0x3f, 0x01, 0x35}, .break_rule = SIM_BREAK_ARM

/* Arm, by start level (D8.2); types of stage 2 as SIM_STAGE2. */
#define SIM_ARM(function)                                                                          \
    .entry_shift = 3, .decode = function, .accessed = SIM_BIT(10), .needs_accessed = true,         \
    .break_rule = SIM_BREAK_ARM
#define SIM_ARM_STAGE2(function) SIM_ARM(function), .types = {0x3f, 0x01, 0x35}
#define SIM_ARM_STAGE1(function) SIM_ARM(function), .types = {0x3ff, 0x04, 0x344}
#define SIM_ARM_4K(levels, top, order)                                                             \
    .level_count = levels, .root_order = order, .shift = {12, 21, 30, levels > 3 ? 39 : 0},        \
    .index_bits = {9, levels > 2 ? 9 : top,                                                        \
                   levels > 3   ? 9                                                                \
                   : levels > 2 ? top                                                              \
                                : 0,                                                               \
                   levels > 3 ? top : 0}

/* 52 bits: with 4 KiB pages from level -1, 16 entries (stage 2 also from 0, 16 tables). */
#define SIM_ARM_52_4K .level_count = 5, .shift = {12, 21, 30, 39, 48}, .index_bits = {9, 9, 9, 9, 4}

/* 16 KiB from level 0, 64 KiB from level 1. */
#define SIM_ARM_52_16K                                                                             \
    .run_bits = 7, .level_count = 4, .shift = {14, 25, 36, 47}, .index_bits = {11, 11, 11, 5}
#define SIM_ARM_52_64K                                                                             \
    .run_bits = 5, .level_count = 3, .shift = {16, 29, 42}, .index_bits = {13, 13, 10}

/* ---- the list ---- */

static const struct sim_regime sim_aarch64_regimes[] = {
    {.name = "aarch64_stage2_40",
     .level_count = 3,
     .root_order = 1,
     .shift = {12, 21, 30},
     .index_bits = {9, 9, 10},
     SIM_STAGE2},
    {.name = "aarch64_stage2_48",
     .level_count = 4,
     .root_order = 0,
     .shift = {12, 21, 30, 39},
     .index_bits = {9, 9, 9, 9},
     SIM_STAGE2},
    {.name = "aarch64_stage2_32", SIM_ARM_4K(2, 11, 2), SIM_ARM_STAGE2(sim_decode_stage2)},
    {.name = "aarch64_stage2_36", SIM_ARM_4K(3, 6, 0), SIM_ARM_STAGE2(sim_decode_stage2)},
    {.name = "aarch64_stage2_42", SIM_ARM_4K(3, 12, 3), SIM_ARM_STAGE2(sim_decode_stage2)},
    {.name = "aarch64_stage2_44", SIM_ARM_4K(4, 5, 0), SIM_ARM_STAGE2(sim_decode_stage2)},
    {.name = "aarch64_stage2_40_xnx", SIM_ARM_4K(3, 10, 1), SIM_ARM_STAGE2(sim_decode_stage2_xnx)},
    {.name = "aarch64_stage2_48_xnx", SIM_ARM_4K(4, 9, 0), SIM_ARM_STAGE2(sim_decode_stage2_xnx)},
    {.name = "aarch64_stage2_40_fwb", SIM_ARM_4K(3, 10, 1), SIM_ARM_STAGE2(sim_decode_stage2_fwb)},
    {.name = "aarch64_stage2_48_fwb", SIM_ARM_4K(4, 9, 0), SIM_ARM_STAGE2(sim_decode_stage2_fwb)},
    {.name = "aarch64_stage2_40_xnx_fwb",
     SIM_ARM_4K(3, 10, 1),
     SIM_ARM_STAGE2(sim_decode_stage2_xnx_fwb)},
    {.name = "aarch64_stage2_48_xnx_fwb",
     SIM_ARM_4K(4, 9, 0),
     SIM_ARM_STAGE2(sim_decode_stage2_xnx_fwb)},
    {.name = "aarch64_el1", SIM_ARM_4K(4, 9, 0), SIM_ARM_STAGE1(sim_decode_el1)},
    {.name = "aarch64_el2", SIM_ARM_4K(4, 9, 0), SIM_ARM_STAGE1(sim_decode_el2)},
    {.name = "aarch64_stage2_16k_40",
     .run_bits = 7,
     .level_count = 2,
     .root_order = 4,
     .shift = {14, 25},
     .index_bits = {11, 15},
     SIM_ARM_STAGE2(sim_decode_stage2_16k)},
    {.name = "aarch64_stage2_16k_48",
     .run_bits = 7,
     .level_count = 3,
     .root_order = 1,
     .shift = {14, 25, 36},
     .index_bits = {11, 11, 12},
     SIM_ARM_STAGE2(sim_decode_stage2_16k)},
    {.name = "aarch64_stage2_64k_40",
     .run_bits = 5,
     .level_count = 2,
     .shift = {16, 29},
     .index_bits = {13, 11},
     SIM_ARM_STAGE2(sim_decode_stage2_64k)},
    {.name = "aarch64_stage2_64k_48",
     .run_bits = 5,
     .level_count = 3,
     .shift = {16, 29, 42},
     .index_bits = {13, 13, 6},
     SIM_ARM_STAGE2(sim_decode_stage2_64k)},
    {.name = "aarch64_el1_16k",
     .run_bits = 7,
     .level_count = 4,
     .shift = {14, 25, 36, 47},
     .index_bits = {11, 11, 11, 1},
     SIM_ARM_STAGE1(sim_decode_el1_16k)},
    {.name = "aarch64_el1_64k",
     .run_bits = 5,
     .level_count = 3,
     .shift = {16, 29, 42},
     .index_bits = {13, 13, 6},
     SIM_ARM_STAGE1(sim_decode_el1_64k)},
    {.name = "aarch64_el2_16k",
     .run_bits = 7,
     .level_count = 4,
     .shift = {14, 25, 36, 47},
     .index_bits = {11, 11, 11, 1},
     SIM_ARM_STAGE1(sim_decode_el2_16k)},
    {.name = "aarch64_el2_64k",
     .run_bits = 5,
     .level_count = 3,
     .shift = {16, 29, 42},
     .index_bits = {13, 13, 6},
     SIM_ARM_STAGE1(sim_decode_el2_64k)},
    {.name = "aarch64_stage2", SIM_ARM_4K(4, 9, 0), SIM_ARM_STAGE2(sim_decode_stage2)},
    {.name = "aarch64_stage2_52", SIM_ARM_4K(4, 13, 4), SIM_ARM_STAGE2(sim_decode_stage2_52)},
    {.name = "aarch64_stage2_52_5", SIM_ARM_52_4K, SIM_ARM_STAGE2(sim_decode_stage2_52)},
    {.name = "aarch64_stage2_16k_52", SIM_ARM_52_16K, SIM_ARM_STAGE2(sim_decode_stage2_16k_52)},
    {.name = "aarch64_stage2_64k_52", SIM_ARM_52_64K, SIM_ARM_STAGE2(sim_decode_stage2_64k_52)},
    {.name = "aarch64_el1_52", SIM_ARM_52_4K, SIM_ARM_STAGE1(sim_decode_el1_52)},
    {.name = "aarch64_el1_16k_52", SIM_ARM_52_16K, SIM_ARM_STAGE1(sim_decode_el1_16k_52)},
    {.name = "aarch64_el1_64k_52", SIM_ARM_52_64K, SIM_ARM_STAGE1(sim_decode_el1_64k_52)},
    {.name = "aarch64_el2_52", SIM_ARM_52_4K, SIM_ARM_STAGE1(sim_decode_el2_52)},
    {.name = "aarch64_el2_16k_52", SIM_ARM_52_16K, SIM_ARM_STAGE1(sim_decode_el2_16k_52)},
    {.name = "aarch64_el2_64k_52", SIM_ARM_52_64K, SIM_ARM_STAGE1(sim_decode_el2_64k_52)},
};

#endif /* AXADDR_TESTS_SIM_AARCH64_H */
