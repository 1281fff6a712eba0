/* SPDX-License-Identifier: MIT
 *
 * guest_riscv.h: random RISC-V guests over the spaces of guest_stage2.h, and a reference walker
 * of its own making that says what their accesses come to: "Virtual Address Translation Process" as
 * a recursion over the levels, with the entry taken apart bit by bit. Shared by
 * test_guest_walk_riscv.c and a fuzz target: guest_riscv_fuzz.
 */
#ifndef AXADDR_TESTS_GUEST_RISCV_H
#define AXADDR_TESTS_GUEST_RISCV_H

#include "../axaddr_arch/riscv_guest.h"
#include "guest_random.h"

AXADDR_DEFINE_GUEST_WALK(riscv_on_ept, below_ept, axaddr_riscv_guest);
AXADDR_DEFINE_GUEST_WALK(riscv_on_ept_shared, below_ept_shared, axaddr_riscv_guest);
AXADDR_DEFINE_GUEST_WALK(riscv_on_a64, below_a64, axaddr_riscv_guest);
AXADDR_DEFINE_GUEST_WALK(riscv_on_rv, below_rv, axaddr_riscv_guest);

typedef struct axaddr_riscv_guest_regime riscv_regime;

static inline enum axaddr_walk_result riscv_walk(const riscv_regime *regime, uint64_t address,
                                                 uint32_t access, uint32_t how,
                                                 struct axaddr_guest_page *page) {
    axaddr_gva_t gva = axaddr_gva(address);

    memset(page, 0xee, sizeof(*page));
    page->is_table = true; /* a bool has to be one */
    switch (below_index) {
    case 0:
        return riscv_on_ept_walk(&below_ept_space, regime, gva, access, how, page);
    case 1:
        return riscv_on_ept_shared_walk(&below_ept_shared_space, regime, gva, access, how, page);
    case 2:
        return riscv_on_a64_walk(&below_a64_space, regime, gva, access, how, page);
    default:
        return riscv_on_rv_walk(&below_rv_space, regime, gva, access, how, page);
    }
}

/* ---- the reference ---- */

/** What the modes of satp are. */
struct riscv_mode {
    int levels;
    int index_bits;
    int va_bits;
    unsigned slot_shift;
};

static inline struct riscv_mode riscv_mode_of(const riscv_regime *regime) {
    static const struct riscv_mode modes[16] = {
        [8] = {3, 9, 39, 3}, [9] = {4, 9, 48, 3}, [10] = {5, 9, 57, 3}};
    static const struct riscv_mode sv32 = {2, 10, 32, 2};
    static const struct riscv_mode none = {0, 0, 0, 0};

    if (regime->is_rv32) {
        return (regime->satp >> 31 & 1) != 0 ? sv32 : none;
    }
    return modes[regime->satp >> 60];
}

struct riscv_reference {
    const riscv_regime *regime;
    struct riscv_mode mode;
    uint64_t address;
    uint32_t access;
    uint32_t how;
    struct below_expected *out;
};

#define RISCV_BIT(value, n) ((unsigned)((value) >> (n)) & 1u)

/** Causes: [0] page faults, [1] access faults; of a load, a fetch, a store. */
static const uint32_t riscv_causes[2][3] = {{13, 12, 15}, {5, 1, 7}};

static inline void riscv_tell(const struct riscv_reference *reference,
                              enum axaddr_guest_fault_kind kind) {
    unsigned column = 0;

    if ((reference->access & AXADDR_EXECUTE) != 0) {
        column = 1;
    }
    if ((reference->access & AXADDR_WRITE) != 0) {
        column = 2;
    }
    reference->out->page.fault.kind = kind;
    reference->out->page.fault.code = riscv_causes[kind == AXADDR_GUEST_FAULT_TABLE][column];
}

static inline void riscv_refuse(const struct riscv_reference *reference,
                                enum axaddr_guest_fault_kind kind) {
    reference->out->result = AXADDR_WALK_INJECT;
    riscv_tell(reference, kind);
}

/** Whether an access of one kind ('r', 'w', 'x') is allowed by a leaf. */
static inline bool riscv_may(const struct riscv_reference *reference, uint64_t entry, char what) {
    bool is_user_mode = (reference->access & AXADDR_USER) != 0;
    bool sum = RISCV_BIT(reference->regime->status, 18) != 0;
    bool mxr = RISCV_BIT(reference->regime->status, 19) != 0;
    bool u = RISCV_BIT(entry, 4) != 0;

    if (is_user_mode && !u) {
        return false;
    }
    if (!is_user_mode && u && (!sum || what == 'x')) {
        return false;
    }
    switch (what) {
    case 'r':
        return RISCV_BIT(entry, 1) != 0 || (mxr && RISCV_BIT(entry, 3) != 0);
    case 'w':
        return RISCV_BIT(entry, 2) != 0;
    default:
        return RISCV_BIT(entry, 3) != 0;
    }
}

/** Whether bits 63:54 are what a leaf, or a pointer, may have. */
static inline bool riscv_top_is_fine(const riscv_regime *regime, uint64_t entry, bool is_leaf,
                                     int level) {
    unsigned pbmt = (unsigned)(entry >> 61) & 3;
    bool has_pbmt = RISCV_BIT(regime->envcfg, 62) != 0;

    if (regime->is_rv32) {
        return true;
    }
    if ((entry >> 54 & 0x7f) != 0) {
        return false;
    }
    if (pbmt == 3 || (pbmt != 0 && (!has_pbmt || !is_leaf))) {
        return false;
    }
    if (RISCV_BIT(entry, 63) != 0) {
        return is_leaf && regime->has_svnapot && level == 0 && (entry >> 10 & 0xf) == 8;
    }
    return true;
}

static inline void riscv_at_leaf(const struct riscv_reference *reference, uint64_t entry,
                                 int level) {
    uint64_t ppn =
        reference->regime->is_rv32 ? entry >> 10 & 0x3fffff : entry >> 10 & UINT64_C(0xfffffffffff);
    unsigned shift = 12u + (unsigned)(level * reference->mode.index_bits);
    unsigned pbmt = reference->regime->is_rv32 ? 0 : (unsigned)(entry >> 61) & 3;
    uint64_t update = entry;
    uint32_t flags = 0;

    if ((ppn & (((uint64_t)1 << (shift - 12)) - 1)) != 0) {
        riscv_refuse(reference, AXADDR_GUEST_FAULT_RESERVED);
        return;
    }
    flags |= riscv_may(reference, entry, 'r') ? AXADDR_READ : 0;
    flags |= riscv_may(reference, entry, 'w') ? AXADDR_WRITE : 0;
    flags |= riscv_may(reference, entry, 'x') ? AXADDR_EXECUTE : 0;
    if ((reference->access & 7 & ~flags) != 0) {
        riscv_refuse(reference, AXADDR_GUEST_FAULT_DENIED);
        return;
    }
    if ((reference->access & 7) != 0) {
        update |= 0x40;
    }
    if ((reference->access & AXADDR_WRITE) != 0) {
        update |= 0x80;
    }
    if (update != entry) {
        if (RISCV_BIT(reference->regime->envcfg, 61) == 0) {
            riscv_refuse(reference, AXADDR_GUEST_FAULT_ACCESSED);
            return;
        }
        if (!below_write_entry(update, reference->how, reference->out)) {
            riscv_tell(reference, AXADDR_GUEST_FAULT_TABLE);
            return;
        }
    }
    flags |= RISCV_BIT(entry, 4) != 0 ? AXADDR_USER : 0;
    flags |= pbmt == 1 ? AXADDR_UNCACHED : 0;
    flags |= pbmt == 2 ? AXADDR_DEVICE : 0;
    if (!reference->regime->is_rv32 && RISCV_BIT(entry, 63) != 0) {
        shift = 16;
    }
    below_read_page((ppn << 12 >> shift << shift) + reference->address % (UINT64_C(1) << shift),
                    shift, flags, reference->access, reference->how, reference->out);
}

static inline void riscv_at_level(const struct riscv_reference *reference, uint64_t table,
                                  int level) {
    /* By X, W, R: a pointer, a leaf, or a reserved encoding. */
    static const char kinds[8] = {'p', 'l', '-', 'l', 'l', 'l', '-', 'l'};
    struct riscv_mode mode = reference->mode;
    uint64_t vpn =
        reference->address >> (12 + level * mode.index_bits) & ((1u << mode.index_bits) - 1);
    uint64_t entry = 0;
    char kind;

    reference->out->page.level = (unsigned)level;
    if (!below_read_entry(table + (vpn << mode.slot_shift), mode.slot_shift, reference->how, &entry,
                          reference->out)) {
        riscv_tell(reference, AXADDR_GUEST_FAULT_TABLE);
        return;
    }
    if (RISCV_BIT(entry, 0) == 0) {
        riscv_refuse(reference, AXADDR_GUEST_FAULT_ABSENT);
        return;
    }
    kind = kinds[entry >> 1 & 7];
    if (kind == '-' || !riscv_top_is_fine(reference->regime, entry, kind == 'l', level) ||
        (kind == 'p' && (level == 0 || (entry & 0xd0) != 0))) {
        riscv_refuse(reference, AXADDR_GUEST_FAULT_RESERVED);
        return;
    }
    if (kind == 'l') {
        riscv_at_leaf(reference, entry, level);
        return;
    }
    riscv_at_level(reference,
                   (reference->regime->is_rv32 ? entry >> 10 & 0x3fffff
                                               : entry >> 10 & UINT64_C(0xfffffffffff))
                       << 12,
                   level - 1);
}

static inline void riscv_expect(const riscv_regime *regime, uint64_t address, uint32_t access,
                                uint32_t how, struct below_expected *out) {
    struct riscv_reference reference = {regime, riscv_mode_of(regime), address, access, how, out};
    int64_t high;

    memset(out, 0, sizeof(*out));
    if (regime->is_rv32 && address > UINT32_MAX) {
        riscv_refuse(&reference, AXADDR_GUEST_FAULT_RANGE);
        return;
    }
    if (reference.mode.levels == 0) {
        if (!regime->is_rv32 && regime->satp >> 60 != 0) {
            riscv_refuse(&reference, AXADDR_GUEST_FAULT_RESERVED);
            return;
        }
        below_read_page(address, 63, AXADDR_ACCESS_FLAGS | AXADDR_USER, access, how, out);
        return;
    }
    high = (int64_t)address >> (reference.mode.va_bits - 1);
    if (!regime->is_rv32 && high != 0 && high != -1) {
        riscv_refuse(&reference, AXADDR_GUEST_FAULT_RANGE);
        return;
    }
    riscv_at_level(&reference,
                   (regime->satp & (regime->is_rv32 ? UINT64_C(0x3fffff) : UINT64_C(0xfffffffffff)))
                       << 12,
                   reference.mode.levels - 1);
}

/* ---- random guests ---- */

static inline void riscv_choose_regime(struct below_source *source, riscv_regime *regime) {
    static const unsigned modes[16] = {8, 9, 10, 8, 9, 10, 8, 9, 10, 8, 9, 10, 8, 9, 0, 15};
    uint64_t mode = modes[below_choose(source, 16)];
    uint64_t root = below_some_table(source) >> 12;

    if (mode == 15) {
        mode = below_choose(source, 16);
    }
    regime->status = (uint64_t)below_choose(source, 4) << 18;
    regime->envcfg = (uint64_t)below_choose(source, 4) << 61;
    regime->has_svnapot = below_choose(source, 2) != 0;
    regime->is_rv32 = below_choose(source, 5) == 0;
    if (regime->is_rv32) {
        regime->satp = (mode != 0 ? UINT64_C(0x80000000) : 0) | (root & 0x3fffff);
    } else {
        regime->satp = mode << 60 | (uint64_t)below_choose(source, 65536) << 44 | root;
    }
    if (below_choose(source, 8) == 0) { /* bits that are none of a walk's business */
        regime->status ^= below_random(source) & ~(UINT64_C(3) << 18);
        regime->envcfg ^= below_random(source) & ~(UINT64_C(3) << 61);
        regime->satp ^= regime->is_rv32 ? below_random(source) << 32 : 0;
    }
}

static inline uint64_t riscv_choose_address(struct below_source *source,
                                            const riscv_regime *regime) {
    int bits = riscv_mode_of(regime).va_bits;
    uint64_t address = below_random(source);

    if (bits == 0) {
        address = below_some_page(source);
        return address + below_choose(source, 4096);
    }
    switch (below_choose(source, 16)) {
    case 0: /* perhaps not canonical */
        return regime->is_rv32 ? address >> below_choose(source, 33) : address;
    case 1: /* the ends of the halves */
        address = UINT64_C(1) << (bits - (int)below_choose(source, 2));
        address -= below_choose(source, 2);
        break;
    case 2:
    case 3: /* where the largest leaves meet memory */
        address = (address & ~axaddr_low_bits((unsigned)bits - (regime->is_rv32 ? 10 : 9))) |
                  (BELOW_SMALL & axaddr_low_bits((unsigned)bits - (regime->is_rv32 ? 10 : 9))) |
                  (address & 0xffffff);
        break;
    default:
        if (below_choose(source, 4) != 0) {
            address &= ~UINT64_C(0x3f000000);
        }
        break;
    }
    if (regime->is_rv32) {
        return address & UINT32_MAX;
    }
    return (uint64_t)((int64_t)(address << (64 - bits)) >> (64 - bits));
}

/** A leaf: most of its bits as they should be. */
static inline uint64_t riscv_choose_leaf(struct below_source *source, const riscv_regime *regime,
                                         int level) {
    unsigned shift = 12u + (unsigned)(level * (regime->is_rv32 ? 10 : 9));
    uint64_t page = below_some_page(source);
    uint64_t entry = 0xcf | (uint64_t)below_choose(source, 2) << 4;

    if (below_choose(source, 8) != 0) {
        page = page >> shift << shift;
    }
    switch (below_choose(source, 8)) {
    case 0:
        entry = below_choose(source, 1024) | 1u;
        break;
    case 1:
    case 2:
    case 3: /* one bit, or two, the other way round */
        entry ^= 2u << below_choose(source, 9);
        entry ^= below_choose(source, 2) == 0 ? 0 : 2u << below_choose(source, 9);
        break;
    default:
        break;
    }
    entry |= page >> 2;
    if (regime->is_rv32) {
        return entry & UINT32_MAX;
    }
    entry &= UINT64_C(0x3fffffffffffff);
    if (below_choose(source, 8) == 0) {
        entry |= UINT64_C(1) << 63;
        entry = below_choose(source, 4) == 0 ? entry : (entry & ~UINT64_C(0x3c00)) | 0x2000;
    }
    if (below_choose(source, 6) == 0) {
        entry |= (uint64_t)below_choose(source, 4) << 61;
    }
    return entry;
}

static inline uint64_t riscv_choose_entry(struct below_source *source, const riscv_regime *regime,
                                          int level) {
    uint64_t entry;

    if (below_choose(source, level == 0 ? 16 : 5) == 0 ? level == 0 : level != 0) {
        entry = below_some_table(source) >> 2 | 1u;
        entry |= below_choose(source, 4) == 0 ? (uint64_t)below_choose(source, 8) << 8 | 0x20u : 0;
        if (below_choose(source, 24) == 0) {
            entry ^= 1u << below_choose(source, 8);
        }
    } else {
        entry = riscv_choose_leaf(source, regime, level);
    }
    if (!regime->is_rv32 && below_choose(source, 32) == 0) {
        entry ^= UINT64_C(1) << (54 + below_choose(source, 10));
    }
    return regime->is_rv32 ? entry & UINT32_MAX : entry;
}

/** Write entries on the way of an address: as far as they are memory, and lead on. */
static inline void riscv_build(struct below_source *source, const riscv_regime *regime,
                               uint64_t address) {
    struct riscv_mode mode = riscv_mode_of(regime);
    uint64_t table = regime->is_rv32 ? (regime->satp & 0x3fffff) << 12
                                     : (regime->satp & UINT64_C(0xfffffffffff)) << 12;
    int level;

    for (level = mode.levels - 1; level >= 0; level--) {
        uint64_t vpn = address >> (12 + level * mode.index_bits) & ((1u << mode.index_bits) - 1);
        uint64_t slot = table + (vpn << mode.slot_shift);
        uint64_t entry = riscv_choose_entry(source, regime, level);
        bool is_lazy = slot >= BELOW_LAZY && slot < BELOW_TRAPPED;

        if (below_at(slot) == 0 || is_lazy) {
            return;
        }
        below_store(slot, mode.slot_shift, entry);
        below_expect_store(slot, mode.slot_shift, entry);
        if ((entry & 0xf) != 1) {
            return;
        }
        table = (entry >> 10 & UINT64_C(0xfffffffffff)) << 12;
    }
}

/* ---- one of them; what was seen ---- */

/** Counted by riscv_one: every kind has to occur. */
static struct {
    unsigned results[4];
    unsigned faults[8][16]; /**< by kind and code */
    unsigned blocked[8];    /**< by code */
    unsigned tables[6];     /**< entries that the space stops, by enum axaddr_fault */
    unsigned pages[6];      /**< pages that it stops */
    unsigned leaves[5][5];  /**< OK: by levels of the mode, and level */
    unsigned napots, updates, undone_updates, refused_updates, bares, types[3], users;
    uint64_t walks;
} riscv_seen;

static inline void riscv_count(const riscv_regime *regime, uint32_t how,
                               const struct below_expected *expected) {
    const struct axaddr_guest_page *page = &expected->page;
    int levels = riscv_mode_of(regime).levels;

    riscv_seen.walks++;
    riscv_seen.results[expected->result]++;
    riscv_seen.updates += expected->has_update;
    if (expected->result == AXADDR_WALK_INJECT) {
        riscv_seen.faults[page->fault.kind][page->fault.code]++;
    } else if (expected->result == AXADDR_WALK_STAGE2 && page->is_table) {
        riscv_seen.tables[page->stage2]++;
        riscv_seen.blocked[page->fault.code]++;
        riscv_seen.refused_updates += (page->access & AXADDR_WRITE) != 0;
    } else if (expected->result == AXADDR_WALK_STAGE2) {
        riscv_seen.pages[page->stage2]++;
    } else if (levels == 0) {
        riscv_seen.bares++;
    } else {
        riscv_seen.leaves[levels - 1][page->level]++;
        riscv_seen.napots += expected->shift == 16;
        riscv_seen.types[0] += (page->flags & AXADDR_UNCACHED) != 0;
        riscv_seen.types[1] += (page->flags & AXADDR_DEVICE) != 0;
        riscv_seen.users += (page->flags & AXADDR_USER) != 0;
        riscv_seen.undone_updates += (how & AXADDR_SET_NOTES) == 0;
    }
}

/** Some accesses of a random guest to one address; false: below_wrong tells what is wrong. */
static inline bool riscv_one(struct below_source *source) {
    riscv_regime regime;
    uint64_t address;
    unsigned count = 1 + below_choose(source, 3);

    memset(&regime, 0, sizeof(regime));
    riscv_choose_regime(source, &regime);
    address = riscv_choose_address(source, &regime);
    riscv_build(source, &regime, address);
    for (; count > 0; count--) {
        uint32_t access = below_some_access(source);
        uint32_t how = below_some_how(source);
        struct below_expected expected;
        struct axaddr_guest_page page;

        riscv_expect(&regime, address, access, how, &expected);
        riscv_count(&regime, how, &expected);
        if (below_compare(riscv_walk(&regime, address, access, how, &page), &page, &expected)) {
            size_t length = strlen(below_wrong);

            snprintf(below_wrong + length, sizeof(below_wrong) - length,
                     ": %s satp 0x%" PRIx64 " status 0x%" PRIx64 " envcfg 0x%" PRIx64
                     " rv32 %d napot %d address 0x%" PRIx64 " access %u how 0x%x",
                     below->name, regime.satp, regime.status, regime.envcfg, regime.is_rv32,
                     regime.has_svnapot, address, access, how);
            return false;
        }
    }
    return true;
}

/** For a fuzzer: registers, tables and accesses out of its bytes. Aborts on a wrong walk. */
static inline void guest_riscv_fuzz(const uint8_t *data, size_t size) {
    struct below_source source = {0, data, size, true};

    below_begin_input(below_choose(&source, BELOW_COUNT));
    while (source.size > 0) {
        if (!riscv_one(&source)) {
            printf("%s\n", below_wrong);
            abort();
        }
    }
    below_end_input();
}

#endif /* AXADDR_TESTS_GUEST_RISCV_H */
