/* SPDX-License-Identifier: MIT
 *
 * sim_regime.h: what a machine's page tables are to its hardware, as data and one function: a
 * "regime". Nothing of axaddr_arch is used, and no hook of a format: the regimes (sim_machines.h)
 * are written from the manuals, so that a format which is wrong differs from them.
 *
 * Words are the engine's: level 0 is the leaf level, an entry of level L spans 1 << shift[L] bytes.
 * Addresses are table addresses: input addresses cut to the input width.
 */
#ifndef AXADDR_TESTS_SIM_REGIME_H
#define AXADDR_TESTS_SIM_REGIME_H

#include <stdbool.h>
#include <stdint.h>

#define SIM_LEVEL_MAX 5
#define SIM_RUN_SHIFT 4     /**< log2 of the entries of a run, where a regime does not say else */
#define SIM_ANY_PART  1024u /**< it does not say: every entry of the run is the same */

/* Rights; together with the memory type they have the places of the library's flags. */
#define SIM_READ     1u
#define SIM_WRITE    2u
#define SIM_EXECUTE  4u
#define SIM_USER     8u
#define SIM_RIGHTS   15u
#define SIM_DEVICE   16u
#define SIM_UNCACHED 32u

enum sim_kind {
    SIM_ABSENT, /**< hardware goes no further, and ignores the rest of the entry */
    SIM_TABLE,
    SIM_LEAF,
    SIM_BROKEN, /**< present, but hardware faults: a reserved bit, a combination that is none */
};

/** What an entry says to hardware. */
struct sim_entry {
    enum sim_kind kind;
    uint64_t frame;  /**< the table, or where the leaf's first byte is */
    unsigned rights; /**< of a leaf; of a table: those that it leaves to what is below */
    unsigned type;   /**< of a leaf: its memory type, in the machine's own numbers */
    bool is_run;     /**< a leaf that says: the aligned entries around me are one leaf, whose first
                          byte is `frame` */
    unsigned part;   /**< of a run: the number of this entry in it, or SIM_ANY_PART */
    const char *why; /**< of a broken one */
};

/** Which changes of a live entry must go through an absent one and a flush. */
enum sim_break {
    SIM_BREAK_NONE, /**< none: hardware uses either entry until the flush */
    SIM_BREAK_ARM,  /**< output address, memory type, size: ARM DDI 0487, R_WHZWS */
    SIM_BREAK_ALL,  /**< those and rights */
};

struct sim_regime {
    const char *name; /**< that of the format */
    unsigned level_count;
    unsigned entry_shift; /**< log2 of an entry's bytes */
    unsigned root_order;  /**< the root is 2^root_order frames */
    unsigned shift[SIM_LEVEL_MAX];
    unsigned index_bits[SIM_LEVEL_MAX];
    unsigned run_bits; /**< log2 of the entries of a run; 0: SIM_RUN_SHIFT */
    struct sim_entry (*decode)(uint64_t entry, unsigned level);
    uint64_t accessed; /**< the bit in a leaf; 0 where hardware notes nothing */
    uint64_t dirty;
    bool has_table_accessed; /**< the accessed bit is in entries that point to tables, too */
    bool needs_accessed;     /**< a leaf without it faults, if hardware does not set it */
    unsigned types[3];       /**< memory types of plain, DEVICE and UNCACHED mappings */
    enum sim_break break_rule;
    bool
        has_modes; /**< of stage 2: SIM_EXECUTE is the guest's kernel's, SIM_USER its users' fetches */
    bool caches_absent; /**< TLBs may keep what was absent */
    bool faults_forget; /**< a fault drops what was cached for its address */
};

/* ---- geometry ---- */

static inline uint64_t sim_low_bits(unsigned count) {
    return count >= 64 ? ~UINT64_C(0) : (UINT64_C(1) << count) - 1;
}

static inline unsigned sim_top_level(const struct sim_regime *regime) {
    return regime->level_count - 1;
}

static inline unsigned sim_input_width(const struct sim_regime *regime) {
    return regime->shift[regime->level_count - 1] + regime->index_bits[regime->level_count - 1];
}

static inline uint32_t sim_index(const struct sim_regime *regime, unsigned level,
                                 uint64_t address) {
    return (uint32_t)(address >> regime->shift[level] & sim_low_bits(regime->index_bits[level]));
}

static inline unsigned sim_run_bits(const struct sim_regime *regime) {
    return regime->run_bits != 0 ? regime->run_bits : SIM_RUN_SHIFT;
}

/** Log2 of what a leaf, or the run of leaves that it belongs to, spans. */
static inline unsigned sim_leaf_shift(const struct sim_regime *regime, const struct sim_entry *leaf,
                                      unsigned level) {
    return regime->shift[level] + (leaf->is_run ? sim_run_bits(regime) : 0);
}

/* ---- entries ---- */

#define SIM_BIT(n) (UINT64_C(1) << (n))

/** Bits high:low of an entry. */
static inline uint64_t sim_bits(uint64_t entry, unsigned high, unsigned low) {
    return entry >> low & sim_low_bits(high - low + 1);
}

/** The address in bits high:low of an entry, in its place. */
static inline uint64_t sim_address(uint64_t entry, unsigned high, unsigned low) {
    return sim_bits(entry, high, low) << low;
}

static inline struct sim_entry sim_absent(void) {
    struct sim_entry entry = {SIM_ABSENT, 0, 0, 0, false, 0, 0};
    return entry;
}

static inline struct sim_entry sim_broken(const char *why) {
    struct sim_entry entry = {SIM_BROKEN, 0, 0, 0, false, 0, 0};
    entry.why = why;
    return entry;
}

static inline struct sim_entry sim_table(uint64_t frame, unsigned rights) {
    struct sim_entry entry = {SIM_TABLE, 0, 0, 0, false, 0, 0};
    entry.frame = frame;
    entry.rights = rights;
    return entry;
}

static inline struct sim_entry sim_leaf(uint64_t frame, unsigned rights, unsigned type) {
    struct sim_entry entry = {SIM_LEAF, 0, 0, 0, false, 0, 0};
    entry.frame = frame;
    entry.rights = rights;
    entry.type = type;
    return entry;
}

/** Make a leaf one of a run of 1 << bits leaves of 1 << shift bytes each. */
static inline struct sim_entry sim_run_of(struct sim_entry leaf, unsigned shift, unsigned bits,
                                          unsigned part) {
    leaf.is_run = true;
    leaf.part = part == SIM_ANY_PART ? part : part & (unsigned)sim_low_bits(bits);
    leaf.frame &= ~sim_low_bits(shift + bits);
    return leaf;
}

static inline struct sim_entry sim_run(struct sim_entry leaf, unsigned shift, unsigned part) {
    return sim_run_of(leaf, shift, SIM_RUN_SHIFT, part);
}

/** The memory type that a mapping with the library's `flags` must have. */
static inline unsigned sim_type_of(const struct sim_regime *regime, unsigned flags) {
    return regime->types[(flags & SIM_DEVICE) != 0 ? 1 : (flags & SIM_UNCACHED) != 0 ? 2 : 0];
}

/**
 * The rights that a mapping with the library's `flags` must have: 128 and 256 are fetches of the
 * guest's user mode and of its kernel only.
 */
static inline unsigned sim_rights_of(const struct sim_regime *regime, unsigned flags) {
    if (!regime->has_modes) {
        return flags & SIM_RIGHTS;
    }
    return (flags & (SIM_READ | SIM_WRITE)) |
           ((flags & (SIM_EXECUTE | 256)) != 0 ? SIM_EXECUTE : 0) |
           ((flags & (SIM_EXECUTE | 128)) != 0 ? SIM_USER : 0);
}

#endif /* AXADDR_TESTS_SIM_REGIME_H */
