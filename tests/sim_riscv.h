/* SPDX-License-Identifier: MIT
 *
 * sim_riscv.h: the regimes (sim_regime.h) of RISC-V: Privileged Architecture, "Sv32", "Sv39" and
 * "Virtual Address Translation Process", "Two-Stage Address Translation", "Svnapot", "Svpbmt".
 */
#ifndef AXADDR_TESTS_SIM_RISCV_H
#define AXADDR_TESTS_SIM_RISCV_H

#include "sim_regime.h"

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

/* ---- stage 1 ---- */

/*
 * As the G-stage's, but that U is a right and G is heard. G keeps a leaf
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

/* ---- entries of 32 bits ---- */

/* 22 bits of page number, none reserved; megapages of 4 MiB. */
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

/* ---- the list ---- */

static const struct sim_regime sim_riscv_regimes[] = {
    {.name = "riscv_sv39x4", SIM_SV39X4(sim_decode_pma)},
    {.name = "riscv_sv48x4", SIM_SV48X4(sim_decode_pma)},
    {.name = "riscv_sv39x4_svpbmt", SIM_SV39X4(sim_decode_pbmt), .types = {0, 2, 1}},
    {.name = "riscv_sv48x4_svpbmt", SIM_SV48X4(sim_decode_pbmt), .types = {0, 2, 1}},
    {.name = "riscv_sv39x4_svnapot", SIM_SV39X4(sim_decode_napot), .types = {0, 2, 1}},
    {.name = "riscv_sv48x4_svnapot", SIM_SV48X4(sim_decode_napot), .types = {0, 2, 1}},
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
    {.name = "riscv_gstage", SIM_SV57X4(sim_decode_pma)},
    {.name = "riscv_sv32", SIM_RISCV32(sim_decode_sv32), .index_bits = {10, 10}},
    {.name = "riscv_sv32x4",
     SIM_RISCV32(sim_decode_sv32x4),
     .index_bits = {10, 12},
     .root_order = 2},
};

#endif /* AXADDR_TESTS_SIM_RISCV_H */
