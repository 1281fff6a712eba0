/* SPDX-License-Identifier: MIT
 *
 * sim_x86.h: the regimes (sim_regime.h) of x86: Intel SDM vol. 3C, 29.3.2 and 29.3.3.1 (EPT;
 * chapter 28 in older editions); vol. 3A, 4.4 (PAE), 4.5 and 12.12.4 (PAT); AMD64 APM vol. 2, 5.3,
 * 7.10 (encryption) and 15.25 (nested paging).
 */
#ifndef AXADDR_TESTS_SIM_X86_H
#define AXADDR_TESTS_SIM_X86_H

#include "sim_regime.h"

/* ---- Intel EPT ---- */

#define SIM_X86_UC       0u
#define SIM_X86_WC       1u
#define SIM_X86_WT       4u
#define SIM_X86_WB       6u
#define SIM_X86_UC_MINUS 7u

static inline struct sim_entry sim_decode_ept(uint64_t entry, unsigned level) {
    unsigned rights = (unsigned)sim_bits(entry, 2, 0); /* R, W, X */
    unsigned type = (unsigned)sim_bits(entry, 5, 3);
    bool is_leaf = level == 0 || (level < 3 && (entry & SIM_BIT(7)) != 0);

    if (rights == 0) {
        return sim_absent();
    }
    if ((rights & (SIM_READ | SIM_WRITE)) == SIM_WRITE) {
        return sim_broken("writable and not readable");
    }
    if (!is_leaf) {
        return sim_bits(entry, 7, 3) != 0 ? sim_broken("bits 7:3 of a table entry are reserved")
                                          : sim_table(sim_address(entry, 51, 12), rights);
    }
    if (type == 2 || type == 3 || type == 7) {
        return sim_broken("a reserved memory type");
    }
    if (level > 0 && sim_bits(entry, 11 + 9 * level, 12) != 0) {
        return sim_broken("address bits of a large leaf are reserved");
    }
    /* bit 6, "ignore PAT", changes the type that results */
    return sim_leaf(sim_address(entry, 51, 12), rights,
                    type | ((entry & SIM_BIT(6)) != 0 ? 8u : 0));
}

/* ---- x86-64, and the same as AMD's nested tables ---- */

/** The type that reset's IA32_PAT has for PAT, PCD and PWT. */
static inline unsigned sim_x86_pat(bool pcd, bool pwt) {
    if (!pcd) {
        return pwt ? SIM_X86_WT : SIM_X86_WB;
    }
    return pwt ? SIM_X86_UC : SIM_X86_UC_MINUS;
}

static inline struct sim_entry sim_decode_x86_64(uint64_t entry, unsigned level) {
    unsigned rights = SIM_READ | (unsigned)(entry & SIM_BIT(1)) |
                      ((entry & SIM_BIT(2)) != 0 ? SIM_USER : 0) |
                      ((entry & SIM_BIT(63)) != 0 ? 0 : SIM_EXECUTE);
    bool has_size = level > 0 && (entry & SIM_BIT(7)) != 0;

    if ((entry & SIM_BIT(0)) == 0) {
        return sim_absent();
    }
    if (level >= 3 && has_size) {
        return sim_broken("bit 7 of a PML4E or PML5E is reserved");
    }
    if (level > 0 && !has_size) {
        return sim_table(sim_address(entry, 51, 12), rights);
    }
    /* Bit 8, global, is about how long a TLB keeps it. */
    if (level > 0 && sim_bits(entry, 11 + 9 * level, 13) != 0) {
        return sim_broken("address bits of a large leaf are reserved");
    }
    /* The PAT bit (7, of a large leaf 12) selects the upper four types: after reset, the same. */
    return sim_leaf(sim_address(entry, 51, 12) & ~sim_low_bits(12 + 9 * level), rights,
                    sim_x86_pat((entry & SIM_BIT(4)) != 0, (entry & SIM_BIT(3)) != 0));
}

/** Each access of a guest is one of user mode (APM vol. 2, 15.25.5). */
static inline struct sim_entry sim_decode_npt(uint64_t entry, unsigned level) {
    struct sim_entry said = sim_decode_x86_64(entry, level);

    if (said.kind == SIM_TABLE && level >= 3 && (entry & SIM_BIT(8)) != 0) {
        return sim_broken("bit 8 of a PML4E or PML5E must be zero");
    }
    said.rights = (said.rights & SIM_USER) != 0 ? said.rights & ~SIM_USER : 0;
    return said;
}

/* ---- x86 processors without 1 GiB leaves: bit 7 of a PDPTE is a reserved one ---- */

static inline struct sim_entry sim_without_1g(struct sim_entry said, unsigned level) {
    return said.kind == SIM_LEAF && level == 2 ? sim_broken("a leaf of 1 GiB") : said;
}

static inline struct sim_entry sim_decode_ept_2m(uint64_t entry, unsigned level) {
    return sim_without_1g(sim_decode_ept(entry, level), level);
}

static inline struct sim_entry sim_decode_x86_64_2m(uint64_t entry, unsigned level) {
    return sim_without_1g(sim_decode_x86_64(entry, level), level);
}

static inline struct sim_entry sim_decode_npt_2m(uint64_t entry, unsigned level) {
    return sim_without_1g(sim_decode_npt(entry, level), level);
}

/* ---- EPT with mode-based execute control, with suppressed #VE ---- */

/** SIM_EXECUTE: supervisor-mode addresses may be fetched from, bit 2; SIM_USER: others, bit 10. */
static inline struct sim_entry sim_decode_ept_modes(uint64_t entry, unsigned level) {
    bool is_user = (entry & SIM_BIT(10)) != 0;
    struct sim_entry said = sim_decode_ept(entry, level);

    if (said.kind == SIM_ABSENT && is_user) {
        said = sim_decode_ept(entry | SIM_BIT(2), level); /* present, for user mode alone */
        said.rights &= ~SIM_EXECUTE;
    }
    said.rights |= is_user && (said.kind == SIM_LEAF || said.kind == SIM_TABLE) ? SIM_USER : 0;
    return said;
}

/** Bit 63 counts in leaves and absent entries (25.5.7.1): the guest would handle what is ours. */
static inline struct sim_entry sim_decode_ept_suppress_ve(uint64_t entry, unsigned level) {
    struct sim_entry said = sim_decode_ept(entry, level);

    return (entry & SIM_BIT(63)) == 0 && (said.kind == SIM_LEAF || said.kind == SIM_ABSENT)
               ? sim_broken("a violation would be a #VE")
               : said;
}

/* ---- x86-64 with AMD's encryption bit (APM vol. 2, 7.10): all but device registers has it ---- */

static inline struct sim_entry sim_decode_encrypted(uint64_t entry, unsigned position,
                                                    struct sim_entry said) {
    bool is_encrypted = (entry & SIM_BIT(position)) != 0;

    if (said.kind != SIM_TABLE && said.kind != SIM_LEAF) {
        return said;
    }
    if (position < 51 && sim_bits(entry, 51, position + 1) != 0) {
        return sim_broken("address bits above the encryption bit are reserved");
    }
    if (is_encrypted == (said.kind == SIM_LEAF && said.type == SIM_X86_UC)) {
        return sim_broken("memory in the clear, or encrypted registers");
    }
    said.frame &= ~SIM_BIT(position);
    return said;
}

static inline struct sim_entry sim_decode_x86_64_c47(uint64_t entry, unsigned level) {
    return sim_decode_encrypted(entry, 47, sim_decode_x86_64(entry, level));
}

static inline struct sim_entry sim_decode_npt_c51(uint64_t entry, unsigned level) {
    return sim_decode_encrypted(entry, 51, sim_decode_npt(entry, level));
}

/* ---- x86 PAE: SDM vol. 3A, Tables 4-8 to 4-11 ---- */

static inline struct sim_entry sim_decode_pae(uint64_t entry, unsigned level) {
    if ((entry & SIM_BIT(0)) == 0) {
        return sim_absent();
    }
    if (level == 2) {
        return sim_bits(entry, 63, 52) != 0 || sim_bits(entry, 8, 5) != 0 ||
                       sim_bits(entry, 2, 1) != 0
                   ? sim_broken("a reserved bit of a PDPTE")
                   : sim_table(sim_address(entry, 51, 12), SIM_RIGHTS);
    }
    return sim_bits(entry, 62, 52) != 0 ? sim_broken("bits 62:52 are reserved")
                                        : sim_decode_x86_64(entry, level);
}

/* ---- what they have in common ---- */

#define SIM_FOUR_LEVELS                                                                            \
    .level_count = 4, .entry_shift = 3, .root_order = 0, .shift = {12, 21, 30, 39},                \
    .index_bits = {9, 9, 9, 9}
#define SIM_FIVE_LEVELS                                                                            \
    .level_count = 5, .entry_shift = 3, .root_order = 0, .shift = {12, 21, 30, 39, 48},            \
    .index_bits = {9, 9, 9, 9, 9}
#define SIM_EPT_BITS                                                                               \
    .accessed = SIM_BIT(8), .dirty = SIM_BIT(9), .has_table_accessed = true, .faults_forget = true
#define SIM_EPT_TYPES .types = {SIM_X86_WB, SIM_X86_UC, SIM_X86_WC}
#define SIM_X86_BITS                                                                               \
    .accessed = SIM_BIT(5), .dirty = SIM_BIT(6), .has_table_accessed = true,                       \
    .types = {SIM_X86_WB, SIM_X86_UC, SIM_X86_UC_MINUS}, .faults_forget = true
#define SIM_EPT(function) SIM_FOUR_LEVELS, .decode = function, SIM_EPT_BITS, SIM_EPT_TYPES
#define SIM_X86(function) SIM_FOUR_LEVELS, .decode = function, SIM_X86_BITS

/* ---- the list ---- */

static const struct sim_regime sim_x86_regimes[] = {
    {.name = "x86_ept", SIM_EPT(sim_decode_ept)},
    {.name = "x86_ept_2m", SIM_EPT(sim_decode_ept_2m)},
    {.name = "x86_64", SIM_X86(sim_decode_x86_64)},
    {.name = "x86_64_2m", SIM_X86(sim_decode_x86_64_2m)},
    {.name = "x86_npt", SIM_X86(sim_decode_npt)},
    {.name = "x86_npt_2m", SIM_X86(sim_decode_npt_2m)},
    {.name = "x86_64_la57", SIM_FIVE_LEVELS, .decode = sim_decode_x86_64, SIM_X86_BITS},
    {.name = "x86_npt_la57", SIM_FIVE_LEVELS, .decode = sim_decode_npt, SIM_X86_BITS},
    {.name = "x86_64_c47", SIM_X86(sim_decode_x86_64_c47)},
    {.name = "x86_npt_c51", SIM_FIVE_LEVELS, .decode = sim_decode_npt_c51, SIM_X86_BITS},
    {.name = "x86_ept_5", SIM_FIVE_LEVELS, .decode = sim_decode_ept, SIM_EPT_BITS, SIM_EPT_TYPES},
    {.name = "x86_ept_modes", SIM_EPT(sim_decode_ept_modes), .has_modes = true},
    {.name = "x86_ept_suppress_ve", SIM_EPT(sim_decode_ept_suppress_ve)},
    {.name = "x86_ept_ignore_pat",
     SIM_FOUR_LEVELS,
     .decode = sim_decode_ept,
     SIM_EPT_BITS,
     .types = {SIM_X86_WB | 8, SIM_X86_UC | 8, SIM_X86_WC | 8}},
    {.name = "x86_pae",
     .level_count = 3,
     .entry_shift = 3,
     .root_order = 0,
     .shift = {12, 21, 30},
     .index_bits = {9, 9, 2},
     .decode = sim_decode_pae,
     SIM_X86_BITS,
     .caches_absent = true},
};

#endif /* AXADDR_TESTS_SIM_X86_H */
