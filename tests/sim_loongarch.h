/* SPDX-License-Identifier: MIT
 *
 * sim_loongarch.h: the regimes (sim_regime.h) of LoongArch64: Reference Manual, Volume 1, 4.2.5
 * (LDDIR, LDPTE), 5.3 (memory access types), 5.4.4 and 5.4.5 (translation, table entries).
 */
#ifndef AXADDR_TESTS_SIM_LOONGARCH_H
#define AXADDR_TESTS_SIM_LOONGARCH_H

#include "sim_regime.h"

/**
 * A directory's entry: bit 6 says that it is a huge page; else it is the address of a table, and no
 * bit says that there is none. A huge page that is invalid passes for an absent entry, if the pair
 * that LDPTE makes of it is for this address space (bit 12, G) and of the usual size (bits 14:13).
 */
static inline struct sim_entry sim_decode_loongarch(uint64_t entry, unsigned level,
                                                    unsigned page_shift) {
    unsigned span = page_shift + (page_shift - 3) * level;
    bool is_writable = (entry & SIM_BIT(8)) != 0;
    unsigned privilege = (unsigned)sim_bits(entry, 3, 2);
    unsigned low = level == 0 ? 12 : 13; /* the lowest bit of an address */

    if (level > 0 && (entry & SIM_BIT(6)) == 0) {
        return entry != sim_address(entry, 47, page_shift)
                   ? sim_broken("a table's entry is its address")
                   : sim_table(entry, SIM_RIGHTS);
    }
    if ((entry & (SIM_BIT(0) | SIM_BIT(7))) == 0) {
        return level > 0 && sim_bits(entry, 14, 12) != 0
                   ? sim_broken("an invalid pair of all address spaces, or of another size")
                   : sim_absent();
    }
    if (level > 1 || sim_bits(entry, 5, 4) == 3) {
        return sim_broken(
            "a huge page that LDPTE takes for a smaller one, or the MAT that is none");
    }
    if ((entry & SIM_BIT(63)) != 0 || privilege == 1 || privilege == 2) {
        return sim_broken("RPLV, PLV 1 and PLV 2 are none of ours");
    }
    if (is_writable != ((entry & SIM_BIT(1)) != 0)) {
        return sim_broken("hardware goes by D, not by W");
    }
    if (span > low && sim_bits(entry, span - 1, low) != 0) {
        return sim_broken("an address that is not aligned");
    }
    return sim_leaf(sim_address(entry, 47, span),
                    ((entry & SIM_BIT(61)) != 0 ? 0 : SIM_READ) | (is_writable ? SIM_WRITE : 0) |
                        ((entry & SIM_BIT(62)) != 0 ? 0 : SIM_EXECUTE) |
                        (privilege == 3 ? SIM_USER : 0),
                    (unsigned)sim_bits(entry, 5, 4));
}

static inline struct sim_entry sim_decode_loongarch_4k(uint64_t entry, unsigned level) {
    return sim_decode_loongarch(entry, level, 12);
}

static inline struct sim_entry sim_decode_loongarch_16k(uint64_t entry, unsigned level) {
    return sim_decode_loongarch(entry, level, 14);
}

/* V as "accessed": without it the TLB gets an invalid pair, as it does of what is absent. */
#define SIM_LOONGARCH(function)                                                                    \
    .entry_shift = 3, .decode = function, .accessed = SIM_BIT(0), .needs_accessed = true,          \
    .types = {1, 0, 2}, .caches_absent = true

static const struct sim_regime sim_loongarch_regimes[] = {
    {.name = "loongarch64_39",
     SIM_LOONGARCH(sim_decode_loongarch_4k),
     .level_count = 3,
     .shift = {12, 21, 30},
     .index_bits = {9, 9, 9}},
    {.name = "loongarch64_48",
     SIM_LOONGARCH(sim_decode_loongarch_4k),
     .level_count = 4,
     .shift = {12, 21, 30, 39},
     .index_bits = {9, 9, 9, 9}},
    {.name = "loongarch64_16k_47",
     SIM_LOONGARCH(sim_decode_loongarch_16k),
     .level_count = 3,
     .shift = {14, 25, 36},
     .index_bits = {11, 11, 11}},
};

#endif /* AXADDR_TESTS_SIM_LOONGARCH_H */
