/* SPDX-License-Identifier: MIT
 *
 * sim_toys.h: the regimes (sim_regime.h) of the toy formats: the drawings on top of toy_format.h.
 */
#ifndef AXADDR_TESTS_SIM_TOYS_H
#define AXADDR_TESTS_SIM_TOYS_H

#include "sim_regime.h"

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

/* ---- the list ---- */

static const struct sim_regime sim_toy_regimes[] = {
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
};

#endif /* AXADDR_TESTS_SIM_TOYS_H */
