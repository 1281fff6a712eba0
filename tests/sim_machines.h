/* SPDX-License-Identifier: MIT
 *
 * sim_machines.h: the regimes (sim_regime.h), one for each format by its name. What hardware makes
 * of an entry is copied from the manuals:
 *
 *   x86     Intel SDM vol. 3C, 29.3.2 and 29.3.3.1 (EPT; chapter 28 in older editions); vol. 3A, 4.5
 *           and 12.12.4 (PAT); AMD64 APM vol. 2, 5.3 and 15.25 (nested paging)
 *   Arm     DDI 0487, D8.3 (descriptors), D8.4.2 (stage 2 permissions), D8.6 (memory attributes)
 *   RISC-V  Privileged Architecture, "Sv39" and "Virtual Address Translation Process", "Two-Stage
 *           Address Translation", "Svnapot", "Svpbmt"
 *   toys    the drawings on top of toy_format.h
 *
 * Where a manual leaves a bit to software or ignores it, nothing is made of it; where a bit is
 * reserved, faults, or would mean what no mapping of ours can mean, the entry is broken.
 */
#ifndef AXADDR_TESTS_SIM_MACHINES_H
#define AXADDR_TESTS_SIM_MACHINES_H

#include "sim_regime.h"

#include <string.h>

#define SIM_BIT(n) (UINT64_C(1) << (n))

/** Bits high:low of an entry. */
static inline uint64_t sim_bits(uint64_t entry, unsigned high, unsigned low) {
    return entry >> low & sim_low_bits(high - low + 1);
}

/** The address in bits high:low of an entry, in its place. */
static inline uint64_t sim_address(uint64_t entry, unsigned high, unsigned low) {
    return sim_bits(entry, high, low) << low;
}

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

/** The rights that a mapping with the library's `flags` must have: 128 and 256 are fetches of the
    guest's user mode and of its kernel only. */
static inline unsigned sim_rights_of(const struct sim_regime *regime, unsigned flags) {
    if (regime->decode != sim_decode_ept_modes) {
        return flags & SIM_RIGHTS;
    }
    return (flags & (SIM_READ | SIM_WRITE)) |
           ((flags & (SIM_EXECUTE | 256)) != 0 ? SIM_EXECUTE : 0) |
           ((flags & (SIM_EXECUTE | 128)) != 0 ? SIM_USER : 0);
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

/* ---- RISC-V G-stage ---- */

/** Types: 0 the physical memory's own; with Svpbmt also 1 NC, 2 IO. */
static inline struct sim_entry sim_decode_gstage(uint64_t entry, unsigned level, bool has_pbmt,
                                                 bool has_napot) {
    bool is_read = (entry & SIM_BIT(1)) != 0;
    bool is_write = (entry & SIM_BIT(2)) != 0;
    bool is_execute = (entry & SIM_BIT(3)) != 0;
    bool is_napot = (entry & SIM_BIT(63)) != 0;
    unsigned type = (unsigned)sim_bits(entry, 62, 61);
    uint64_t frame = sim_bits(entry, 53, 10) << 12;
    struct sim_entry leaf;

    if ((entry & SIM_BIT(0)) == 0) {
        return sim_absent();
    }
    if (!is_read && is_write) {
        return sim_broken("W without R is reserved");
    }
    if (sim_bits(entry, 60, 54) != 0 || (type != 0 && !has_pbmt) || type == 3) {
        return sim_broken("a reserved bit in 62:54");
    }
    if (!is_read && !is_execute) {
        return level == 0 || is_napot || type != 0 || sim_bits(entry, 7, 4) != 0
                   ? sim_broken("a pointer at level 0, or with N, PBMT, D, A, G or U")
                   : sim_table(frame, SIM_RIGHTS);
    }
    if ((entry & SIM_BIT(5)) != 0) {
        return sim_broken("G is reserved in the G-stage");
    }
    if ((entry & SIM_BIT(4)) == 0) {
        return sim_broken("without U no guest gets through");
    }
    if ((frame & sim_low_bits(12 + 9 * level)) != 0) {
        return sim_broken("a misaligned superpage");
    }
    leaf = sim_leaf(frame,
                    (is_read ? SIM_READ : 0) | (is_write ? SIM_WRITE : 0) |
                        (is_execute ? SIM_EXECUTE : 0),
                    type);
    if (is_napot) {
        /* The one encoding there is: 64 KiB, in every entry of the run alike. */
        return !has_napot || level != 0 || sim_bits(frame, 15, 12) != 8
                   ? sim_broken("N is reserved but for 64 KiB")
                   : sim_run(leaf, 12, SIM_ANY_PART);
    }
    return leaf;
}

static inline struct sim_entry sim_decode_pma(uint64_t entry, unsigned level) {
    return sim_decode_gstage(entry, level, false, false);
}

static inline struct sim_entry sim_decode_pbmt(uint64_t entry, unsigned level) {
    return sim_decode_gstage(entry, level, true, false);
}

static inline struct sim_entry sim_decode_napot(uint64_t entry, unsigned level) {
    return sim_decode_gstage(entry, level, true, true);
}

/* ---- the toys: their "memory type" is the two flags that are none of the rights ---- */

static inline struct sim_entry sim_decode_toy(uint64_t entry, unsigned level) {
    unsigned code = (unsigned)sim_bits(entry, 1, 0);
    unsigned flags = (unsigned)sim_bits(entry, 62, 57) ^ 0x3f;
    uint64_t frame = sim_bits(entry, 40, 5) << 12;
    bool is_leaf = code == level + 1 && level < 2;
    bool is_table = (level == 1 && code == 1) || (level == 2 && code == 3);

    if ((entry & SIM_BIT(63)) != 0 || (!is_leaf && !is_table)) {
        return sim_absent();
    }
    if (sim_bits(entry, 56, 41) != 0xc3a5 || (entry & SIM_BIT(4)) != 0) {
        return sim_broken("not signed");
    }
    if (is_table) {
        return sim_table(frame, SIM_RIGHTS);
    }
    if (level == 1) {
        flags = (flags << 3 | flags >> 3) & 0x3f;
        if (sim_bits(frame, 15, 12) != 0) {
            return sim_broken("a misaligned leaf");
        }
    }
    return sim_leaf(frame, flags & SIM_RIGHTS, flags & ~SIM_RIGHTS);
}

static inline struct sim_entry sim_decode_toy32(uint64_t entry, unsigned level) {
    unsigned flags = (unsigned)sim_bits(entry, 7, 2);
    uint64_t frame = sim_address(entry, 31, 12);

    if ((entry & SIM_BIT(0)) == 0) {
        return sim_absent();
    }
    if (sim_bits(entry, 11, 9) != 0) {
        return sim_broken("bits 11:9 are not there");
    }
    if ((entry & SIM_BIT(1)) != 0) {
        return level == 0 ? sim_broken("a table at level 0") : sim_table(frame, SIM_RIGHTS);
    }
    if (level == 1 && sim_bits(frame, 17, 12) != 0) {
        return sim_broken("a misaligned leaf");
    }
    return sim_leaf(frame, flags & SIM_RIGHTS, flags & ~SIM_RIGHTS);
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

/** Rights and type are as with 4 KiB. Runs are longer than 16, and a hint: not looked at. */
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
    return page;
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
    if (page_shift == 12 && (entry & SIM_BIT(52)) != 0) {
        place = sim_run(place, 12 + 9 * level,
                        (unsigned)(place.frame >> (12 + 9 * level)) % SIM_ANY_PART);
    }
    return place;
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

/* ---- the list ---- */

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
/* Normal write-back inner shareable; Device-nGnRE; Normal non-cacheable. */
#define SIM_STAGE2                                                                                 \
    .entry_shift = 3, .decode = sim_decode_stage2, .accessed = SIM_BIT(10),                        \
    .needs_accessed = true, .types = {0x3f, 0x01, 0x35}, .break_rule = SIM_BREAK_ARM
#define SIM_GSTAGE(function)                                                                       \
    .entry_shift = 3, .root_order = 2, .decode = function, .accessed = SIM_BIT(6),                 \
    .dirty = SIM_BIT(7), .needs_accessed = true, .caches_absent = true
#define SIM_SV39X4(function)                                                                       \
    SIM_GSTAGE(function), .level_count = 3, .shift = {12, 21, 30}, .index_bits = {9, 9, 11}
#define SIM_SV48X4(function)                                                                       \
    SIM_GSTAGE(function), .level_count = 4, .shift = {12, 21, 30, 39}, .index_bits = {9, 9, 9, 11}

#define SIM_SV57X4(function)                                                                       \
    SIM_GSTAGE(function), .level_count = 5, .shift = {12, 21, 30, 39, 48},                         \
                          .index_bits = {9, 9, 9, 9, 11}

/*
 * RISC-V's one-stage tables: as the G-stage's, but that U is a right and G is heard. G keeps a leaf
 * in the TLB when an ASID is forgotten, which nothing is made of here; in a pointer it would be for
 * all below, which no mapping of ours can mean.
 */
static inline struct sim_entry sim_decode_riscv(uint64_t entry, unsigned level, bool has_pbmt,
                                                bool has_napot) {
    bool is_pointer = sim_bits(entry, 3, 1) == 0;
    struct sim_entry said = sim_decode_gstage(
        is_pointer ? entry : (entry | SIM_BIT(4)) & ~SIM_BIT(5), level, has_pbmt, has_napot);

    if (said.kind == SIM_LEAF && (entry & SIM_BIT(4)) != 0) {
        said.rights |= SIM_USER;
    }
    return said;
}

static inline struct sim_entry sim_decode_riscv_pma(uint64_t entry, unsigned level) {
    return sim_decode_riscv(entry, level, false, false);
}

static inline struct sim_entry sim_decode_riscv_pbmt(uint64_t entry, unsigned level) {
    return sim_decode_riscv(entry, level, true, false);
}

static inline struct sim_entry sim_decode_riscv_napot(uint64_t entry, unsigned level) {
    return sim_decode_riscv(entry, level, true, true);
}

#define SIM_RISCV(function)                                                                        \
    .entry_shift = 3, .decode = function, .accessed = SIM_BIT(6), .dirty = SIM_BIT(7),             \
    .needs_accessed = true, .caches_absent = true
#define SIM_SV39(function)                                                                         \
    SIM_RISCV(function), .level_count = 3, .shift = {12, 21, 30}, .index_bits = {9, 9, 9}
#define SIM_SV48(function)                                                                         \
    SIM_RISCV(function), .level_count = 4, .shift = {12, 21, 30, 39}, .index_bits = {9, 9, 9, 9}
#define SIM_SV57(function)                                                                         \
    SIM_RISCV(function), .level_count = 5, .shift = {12, 21, 30, 39, 48},                          \
                         .index_bits = {9, 9, 9, 9, 9}

/* RISC-V with entries of 32 bits: 22 bits of page number, none reserved; megapages of 4 MiB. */
static inline struct sim_entry sim_decode_sv32(uint64_t entry, unsigned level) {
    unsigned rights = (unsigned)sim_bits(entry, 4, 1); /* R, W, X, U */
    uint64_t frame = sim_bits(entry, 31, 10) << 12;

    if ((entry & SIM_BIT(0)) == 0) {
        return sim_absent();
    }
    if ((rights & (SIM_READ | SIM_WRITE)) == SIM_WRITE) {
        return sim_broken("W without R is reserved");
    }
    if ((rights & (SIM_READ | SIM_EXECUTE)) == 0) {
        return level == 0 || sim_bits(entry, 7, 4) != 0
                   ? sim_broken("a pointer at level 0, or with D, A, G or U")
                   : sim_table(frame, SIM_RIGHTS);
    }
    if (level == 1 && sim_bits(frame, 21, 12) != 0) {
        return sim_broken("a misaligned megapage");
    }
    return sim_leaf(frame, rights, 0);
}

static inline struct sim_entry sim_decode_sv32x4(uint64_t entry, unsigned level) {
    struct sim_entry said = sim_decode_sv32(entry, level);

    if (said.kind == SIM_LEAF && (entry & SIM_BIT(5)) != 0) {
        return sim_broken("G is reserved in the G-stage");
    }
    if (said.kind == SIM_LEAF && (said.rights & SIM_USER) == 0) {
        return sim_broken("without U no guest gets through");
    }
    if (said.kind == SIM_LEAF) {
        said.rights &= ~SIM_USER;
    }
    return said;
}

#define SIM_RISCV32(function)                                                                      \
    .level_count = 2, .entry_shift = 2, .decode = function, .accessed = SIM_BIT(6),                \
    .dirty = SIM_BIT(7), .needs_accessed = true, .caches_absent = true, .shift = {12, 22}

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

static const struct sim_regime sim_regimes[] = {
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
    {.name = "x86_ept_modes", SIM_EPT(sim_decode_ept_modes)},
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
    {.name = "riscv_sv39x4", SIM_SV39X4(sim_decode_pma)},
    {.name = "riscv_sv48x4", SIM_SV48X4(sim_decode_pma)},
    {.name = "riscv_sv39x4_svpbmt", SIM_SV39X4(sim_decode_pbmt), .types = {0, 2, 1}},
    {.name = "riscv_sv48x4_svpbmt", SIM_SV48X4(sim_decode_pbmt), .types = {0, 2, 1}},
    {.name = "riscv_sv39x4_svnapot", SIM_SV39X4(sim_decode_napot), .types = {0, 2, 1}},
    {.name = "riscv_sv48x4_svnapot", SIM_SV48X4(sim_decode_napot), .types = {0, 2, 1}},
    {.name = "toy",
     .level_count = 3,
     .entry_shift = 3,
     .root_order = 0,
     .shift = {12, 16, 20},
     .index_bits = {4, 4, 5},
     .decode = sim_decode_toy,
     .accessed = SIM_BIT(2),
     .dirty = SIM_BIT(3),
     .types = {0, SIM_DEVICE, SIM_UNCACHED},
     .break_rule = SIM_BREAK_ALL,
     .caches_absent = true},
    {.name = "toy32",
     .level_count = 2,
     .entry_shift = 2,
     .root_order = 0,
     .shift = {12, 18},
     .index_bits = {6, 7},
     .decode = sim_decode_toy32,
     .accessed = SIM_BIT(8),
     .types = {0, SIM_DEVICE, SIM_UNCACHED},
     .break_rule = SIM_BREAK_ALL,
     .caches_absent = true},
    {.name = "riscv_sv57x4", SIM_SV57X4(sim_decode_pma)},
    {.name = "riscv_sv57x4_svpbmt", SIM_SV57X4(sim_decode_pbmt), .types = {0, 2, 1}},
    {.name = "riscv_sv57x4_svnapot", SIM_SV57X4(sim_decode_napot), .types = {0, 2, 1}},
    {.name = "riscv_sv39", SIM_SV39(sim_decode_riscv_pma)},
    {.name = "riscv_sv48", SIM_SV48(sim_decode_riscv_pma)},
    {.name = "riscv_sv57", SIM_SV57(sim_decode_riscv_pma)},
    {.name = "riscv_sv39_svpbmt", SIM_SV39(sim_decode_riscv_pbmt), .types = {0, 2, 1}},
    {.name = "riscv_sv48_svpbmt", SIM_SV48(sim_decode_riscv_pbmt), .types = {0, 2, 1}},
    {.name = "riscv_sv57_svpbmt", SIM_SV57(sim_decode_riscv_pbmt), .types = {0, 2, 1}},
    {.name = "riscv_sv39_svnapot", SIM_SV39(sim_decode_riscv_napot), .types = {0, 2, 1}},
    {.name = "riscv_sv48_svnapot", SIM_SV48(sim_decode_riscv_napot), .types = {0, 2, 1}},
    {.name = "riscv_sv57_svnapot", SIM_SV57(sim_decode_riscv_napot), .types = {0, 2, 1}},
    {.name = "riscv_sv32", SIM_RISCV32(sim_decode_sv32), .index_bits = {10, 10}},
    {.name = "riscv_sv32x4",
     SIM_RISCV32(sim_decode_sv32x4),
     .index_bits = {10, 12},
     .root_order = 2},
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
     .level_count = 2,
     .root_order = 4,
     .shift = {14, 25},
     .index_bits = {11, 15},
     SIM_ARM_STAGE2(sim_decode_stage2_16k)},
    {.name = "aarch64_stage2_16k_48",
     .level_count = 3,
     .root_order = 1,
     .shift = {14, 25, 36},
     .index_bits = {11, 11, 12},
     SIM_ARM_STAGE2(sim_decode_stage2_16k)},
    {.name = "aarch64_stage2_64k_40",
     .level_count = 2,
     .shift = {16, 29},
     .index_bits = {13, 11},
     SIM_ARM_STAGE2(sim_decode_stage2_64k)},
    {.name = "aarch64_stage2_64k_48",
     .level_count = 3,
     .shift = {16, 29, 42},
     .index_bits = {13, 13, 6},
     SIM_ARM_STAGE2(sim_decode_stage2_64k)},
    {.name = "aarch64_el1_16k",
     .level_count = 4,
     .shift = {14, 25, 36, 47},
     .index_bits = {11, 11, 11, 1},
     SIM_ARM_STAGE1(sim_decode_el1_16k)},
    {.name = "aarch64_el1_64k",
     .level_count = 3,
     .shift = {16, 29, 42},
     .index_bits = {13, 13, 6},
     SIM_ARM_STAGE1(sim_decode_el1_64k)},
    {.name = "aarch64_el2_16k",
     .level_count = 4,
     .shift = {14, 25, 36, 47},
     .index_bits = {11, 11, 11, 1},
     SIM_ARM_STAGE1(sim_decode_el2_16k)},
    {.name = "aarch64_el2_64k",
     .level_count = 3,
     .shift = {16, 29, 42},
     .index_bits = {13, 13, 6},
     SIM_ARM_STAGE1(sim_decode_el2_64k)},
};
#define SIM_REGIME_COUNT (sizeof(sim_regimes) / sizeof(sim_regimes[0]))

/** The regime of a format; 0 if there is none. */
static inline const struct sim_regime *sim_regime_of(const char *name) {
    unsigned i;
    for (i = 0; i < SIM_REGIME_COUNT; i++) {
        if (strcmp(sim_regimes[i].name, name) == 0) {
            return &sim_regimes[i];
        }
    }
    return 0;
}

#endif /* AXADDR_TESTS_SIM_MACHINES_H */
