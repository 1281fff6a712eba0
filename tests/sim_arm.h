/* SPDX-License-Identifier: MIT
 *
 * sim_arm.h: the regimes (sim_regime.h) of 32-bit Arm: DDI 0406C, B3.5 (short descriptors), B3.6
 * (long descriptors), B3.7 (access control), B3.8 (memory attributes).
 */
#ifndef AXADDR_TESTS_SIM_ARM_H
#define AXADDR_TESTS_SIM_ARM_H

#include "sim_regime.h"

/* ---- long descriptors, 40 bits of output address ---- */

/** What a descriptor is and where it points (B3.6.1). */
static inline struct sim_entry sim_lpae_place(uint64_t entry, unsigned level) {
    unsigned span = 12 + 9 * level;
    bool is_high = (entry & SIM_BIT(1)) != 0; /* a table, or at the last level a page */
    struct sim_entry leaf;

    if ((entry & SIM_BIT(0)) == 0) {
        return sim_absent();
    }
    if (sim_bits(entry, 51, 40) != 0) {
        return sim_broken("bits 51:40 are reserved");
    }
    if (level > 0 && is_high) {
        return sim_bits(entry, 63, 59) != 0
                   ? sim_broken("bits 63:59 of a table are reserved, or take rights away")
                   : sim_table(sim_address(entry, 39, 12), SIM_RIGHTS);
    }
    if (!is_high && level == 0) {
        return sim_broken("a block where there is none");
    }
    if (level > 0 && sim_bits(entry, span - 1, 12) != 0) {
        return sim_broken("address bits of a block are reserved");
    }
    if ((entry & SIM_BIT(56)) != 0) {
        return sim_broken("software's: less rights than were given, until a fault");
    }
    leaf = sim_leaf(sim_address(entry, 39, 12), 0, 0);
    return (entry & SIM_BIT(52)) == 0
               ? leaf
               : sim_run(leaf, span, (unsigned)(leaf.frame >> span) % SIM_ANY_PART);
}

/** Types: MemAttr, and for Normal memory SH above it. */
static inline struct sim_entry sim_decode_lpae_stage2(uint64_t entry, unsigned level) {
    struct sim_entry said = sim_lpae_place(entry, level);
    unsigned memory = (unsigned)sim_bits(entry, 5, 2);
    unsigned share = (unsigned)sim_bits(entry, 9, 8);
    bool is_device = memory < 4;

    if (said.kind != SIM_LEAF) {
        return said;
    }
    if ((entry & (SIM_BIT(11) | SIM_BIT(53))) != 0) {
        return sim_broken("bits 11 and 53 are reserved");
    }
    if (is_device ? memory > 1 : (memory & 3) == 0 || share == 1) {
        return sim_broken("a reserved MemAttr or SH");
    }
    said.type = memory | (is_device ? 0 : share << 4);
    said.rights = (unsigned)sim_bits(entry, 7, 6); /* HAP: read, write */
    if ((entry & SIM_BIT(54)) == 0 && (said.rights & SIM_READ) != 0) {
        said.rights |= SIM_EXECUTE; /* which only what may be read has (B3.7.2) */
    }
    return said;
}

/** Types: of MAIR's bytes 0xff, 0x04 and 0x44, with SH above them for Normal memory. */
static inline struct sim_entry sim_lpae_stage1(uint64_t entry, unsigned level) {
    static const unsigned types[3] = {0xff, 0x04, 0x44};
    struct sim_entry said = sim_lpae_place(entry, level);
    unsigned index = (unsigned)sim_bits(entry, 4, 2);
    unsigned share = (unsigned)sim_bits(entry, 9, 8);

    if (said.kind != SIM_LEAF) {
        return said;
    }
    if (index > 2 || (entry & SIM_BIT(5)) != 0) {
        return sim_broken("a memory attribute or NS that is none of ours");
    }
    if (index != 1 && share == 1) {
        return sim_broken("a reserved shareability");
    }
    said.rights = SIM_READ | ((entry & SIM_BIT(7)) != 0 ? 0 : SIM_WRITE);
    said.type = types[index] | (index != 1 ? share << 8 : 0);
    return said;
}

/** PL1&0: AP[1] (6) lets User mode in; XN (54) is for all, PXN (53) for PL1. */
static inline struct sim_entry sim_decode_lpae(uint64_t entry, unsigned level) {
    struct sim_entry said = sim_lpae_stage1(entry, level);
    bool is_user = (entry & SIM_BIT(6)) != 0;
    bool is_never = (entry & SIM_BIT(54)) != 0;
    bool is_never_pl1 = is_never || (entry & SIM_BIT(53)) != 0;

    if (said.kind != SIM_LEAF) {
        return said;
    }
    if (is_user && !is_never_pl1) {
        return sim_broken("PL1 could fetch what is User mode's");
    }
    said.rights |= is_user ? SIM_USER : 0;
    said.rights |= (is_user ? is_never : is_never_pl1) ? 0 : SIM_EXECUTE;
    return said;
}

/** PL2: AP[1] is RES1, nG (11) and bit 53 are RES0. */
static inline struct sim_entry sim_decode_lpae_hyp(uint64_t entry, unsigned level) {
    struct sim_entry said = sim_lpae_stage1(entry, level);

    if (said.kind != SIM_LEAF) {
        return said;
    }
    if ((entry & SIM_BIT(6)) == 0 || (entry & (SIM_BIT(11) | SIM_BIT(53))) != 0) {
        return sim_broken("AP[1] is RES1, nG and bit 53 are RES0");
    }
    said.rights |= (entry & SIM_BIT(54)) == 0 ? SIM_EXECUTE : 0;
    return said;
}

/* ---- short descriptors, SCTLR.TRE 0, AFE 1, domain 0 ---- */

/** What the attributes say; types: TEX 4:2, C 1, B 0, and of memory S in 5. */
static inline struct sim_entry sim_short_leaf(uint64_t frame, unsigned ap, unsigned tex, bool c,
                                              bool b, bool s, bool is_never) {
    unsigned type = tex << 2 | (c ? 2u : 0) | (b ? 1u : 0);
    bool is_device = type == 0 || type == 1 || type == 8;

    if (type == 5 || type == 6 || (type > 8 && type < 16)) {
        return sim_broken("TEX, C and B that are reserved, or the implementation's");
    }
    if ((ap & 1) == 0) {
        return sim_broken("AP[0], the access flag, is clear");
    }
    return sim_leaf(frame,
                    SIM_READ | ((ap & 4) != 0 ? 0 : SIM_WRITE) | ((ap & 2) != 0 ? SIM_USER : 0) |
                        (is_never ? 0 : SIM_EXECUTE),
                    type | (s && !is_device ? 0x20u : 0));
}

/** B3.5.1, level 1: table, section, supersection. */
static inline struct sim_entry sim_short_level1(uint64_t entry) {
    bool is_super = (entry & SIM_BIT(18)) != 0;
    unsigned ap = (unsigned)(sim_bits(entry, 15, 15) << 2 | sim_bits(entry, 11, 10));
    bool is_pxn = (entry & SIM_BIT(0)) != 0;
    struct sim_entry said;

    if (sim_bits(entry, 1, 0) == 1) {
        return sim_bits(entry, 9, 2) != 0 ? sim_broken("a domain, NS, PXN or what is reserved")
                                          : sim_table(sim_address(entry, 31, 10), SIM_RIGHTS);
    }
    if ((entry & (SIM_BIT(19) | SIM_BIT(9))) != 0 || sim_bits(entry, 8, 5) != 0 ||
        (is_super && sim_bits(entry, 23, 20) != 0)) {
        return sim_broken("NS, the implementation's bit, a domain or more than 32 address bits");
    }
    said = sim_short_leaf(sim_address(entry, 31, 20), ap, (unsigned)sim_bits(entry, 14, 12),
                          (entry & SIM_BIT(3)) != 0, (entry & SIM_BIT(2)) != 0,
                          (entry & SIM_BIT(16)) != 0,
                          (entry & SIM_BIT(4)) != 0 || (is_pxn && (ap & 2) == 0));
    return said.kind == SIM_LEAF && is_super ? sim_run(said, 20, SIM_ANY_PART) : said;
}

/** B3.5.1, level 2: small and large pages. */
static inline struct sim_entry sim_decode_short(uint64_t entry, unsigned level) {
    bool is_large = sim_bits(entry, 1, 0) == 1;
    unsigned ap = (unsigned)(sim_bits(entry, 9, 9) << 2 | sim_bits(entry, 5, 4));
    unsigned tex = (unsigned)(is_large ? sim_bits(entry, 14, 12) : sim_bits(entry, 8, 6));
    bool is_never = (entry & SIM_BIT(is_large ? 15 : 0)) != 0;
    struct sim_entry said;

    if (sim_bits(entry, 1, 0) == 0) {
        return sim_absent();
    }
    if (level > 0) {
        return sim_short_level1(entry);
    }
    if (is_large && sim_bits(entry, 8, 6) != 0) {
        return sim_broken("bits 8:6 of a large page are reserved");
    }
    said = sim_short_leaf(sim_address(entry, 31, is_large ? 16 : 12), ap, tex,
                          (entry & SIM_BIT(3)) != 0, (entry & SIM_BIT(2)) != 0,
                          (entry & SIM_BIT(10)) != 0, is_never);
    return said.kind == SIM_LEAF && is_large ? sim_run(said, 12, SIM_ANY_PART) : said;
}

/* ---- the list ---- */

#define SIM_LPAE(function)                                                                         \
    .entry_shift = 3, .decode = function, .accessed = SIM_BIT(10), .needs_accessed = true,         \
    .break_rule = SIM_BREAK_ARM
#define SIM_LPAE_STAGE2 SIM_LPAE(sim_decode_lpae_stage2), .types = {0x3f, 0x01, 0x35}
#define SIM_LPAE_STAGE1(function)                                                                  \
    SIM_LPAE(function), .types = {0x3ff, 0x04, 0x344}, .level_count = 3, .shift = {12, 21, 30},    \
                        .index_bits = {9, 9, 2}

static const struct sim_regime sim_arm_regimes[] = {
    {.name = "arm_lpae_stage2_32",
     .level_count = 2,
     .root_order = 2,
     .shift = {12, 21},
     .index_bits = {9, 11},
     SIM_LPAE_STAGE2},
    {.name = "arm_lpae_stage2_36",
     .level_count = 3,
     .shift = {12, 21, 30},
     .index_bits = {9, 9, 6},
     SIM_LPAE_STAGE2},
    {.name = "arm_lpae_stage2_40",
     .level_count = 3,
     .root_order = 1,
     .shift = {12, 21, 30},
     .index_bits = {9, 9, 10},
     SIM_LPAE_STAGE2},
    {.name = "arm_lpae", SIM_LPAE_STAGE1(sim_decode_lpae)},
    {.name = "arm_lpae_hyp", SIM_LPAE_STAGE1(sim_decode_lpae_hyp)},
    {.name = "arm_short",
     .level_count = 2,
     .entry_shift = 2,
     .root_order = 2,
     .shift = {12, 20},
     .index_bits = {8, 12},
     .decode = sim_decode_short,
     .types = {0x27, 0x01, 0x24},
     .break_rule = SIM_BREAK_ARM},
};

#endif /* AXADDR_TESTS_SIM_ARM_H */
