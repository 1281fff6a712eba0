/* SPDX-License-Identifier: MIT
 *
 * guest_loongarch.h: random LoongArch64 guests over the spaces of guest_stage2.h, and a reference
 * walker of its own making that says what their accesses come to: a refill handler, LDDIR by LDDIR
 * and LDPTE, then the exceptions in the order of the manual. Shared by
 * test_guest_walk_loongarch.c and a fuzz target: guest_loongarch_fuzz.
 */
#ifndef AXADDR_TESTS_GUEST_LOONGARCH_H
#define AXADDR_TESTS_GUEST_LOONGARCH_H

#include "../axaddr_arch/loongarch64_guest.h"
#include "guest_random.h"

AXADDR_DEFINE_GUEST_WALK(loongarch_on_ept, below_ept, axaddr_loongarch64_guest);
AXADDR_DEFINE_GUEST_WALK(loongarch_on_ept_shared, below_ept_shared, axaddr_loongarch64_guest);
AXADDR_DEFINE_GUEST_WALK(loongarch_on_a64, below_a64, axaddr_loongarch64_guest);
AXADDR_DEFINE_GUEST_WALK(loongarch_on_rv, below_rv, axaddr_loongarch64_guest);

typedef struct axaddr_loongarch64_guest_regime loongarch_regime;

static inline enum axaddr_walk_result loongarch_walk(const loongarch_regime *regime,
                                                     uint64_t address, uint32_t access,
                                                     uint32_t how, struct axaddr_guest_page *page) {
    axaddr_gva_t gva = axaddr_gva(address);

    memset(page, 0xee, sizeof(*page));
    page->is_table = true; /* a bool has to be one */
    switch (below_index) {
    case 0:
        return loongarch_on_ept_walk(&below_ept_space, regime, gva, access, how, page);
    case 1:
        return loongarch_on_ept_shared_walk(&below_ept_shared_space, regime, gva, access, how,
                                            page);
    case 2:
        return loongarch_on_a64_walk(&below_a64_space, regime, gva, access, how, page);
    default:
        return loongarch_on_rv_walk(&below_rv_space, regime, gva, access, how, page);
    }
}

/* ---- the reference ---- */

struct loongarch_reference {
    const loongarch_regime *regime;
    uint64_t address;
    uint32_t access;
    uint32_t how;
    unsigned plv;
    unsigned palen;
    unsigned valen;   /**< what is left of it by RDVA */
    unsigned base[5]; /**< PT, Dir1 to Dir4 */
    unsigned width[5];
    unsigned entry_bytes;
    struct below_expected *out;
};

/** Bits `high` to `low`, as manuals write them. */
static inline uint64_t loongarch_field(uint64_t value, unsigned high, unsigned low) {
    return value << (63 - high) >> (63 - high + low);
}

static inline void loongarch_parse(struct loongarch_reference *reference,
                                   const loongarch_regime *regime, uint64_t address,
                                   uint32_t access) {
    uint64_t pwcl = regime->pwcl;
    uint64_t pwch = regime->pwch;
    unsigned reduction = (unsigned)loongarch_field(regime->rvacfg, 3, 0);

    memset(reference, 0, sizeof(*reference));
    reference->regime = regime;
    reference->address = address;
    reference->access = access;
    reference->base[0] = (unsigned)loongarch_field(pwcl, 4, 0);
    reference->width[0] = (unsigned)loongarch_field(pwcl, 9, 5);
    reference->base[1] = (unsigned)loongarch_field(pwcl, 14, 10);
    reference->width[1] = (unsigned)loongarch_field(pwcl, 19, 15);
    reference->base[2] = (unsigned)loongarch_field(pwcl, 24, 20);
    reference->width[2] = (unsigned)loongarch_field(pwcl, 29, 25);
    reference->base[3] = (unsigned)loongarch_field(pwch, 5, 0);
    reference->width[3] = (unsigned)loongarch_field(pwch, 11, 6);
    reference->base[4] = (unsigned)loongarch_field(pwch, 17, 12);
    reference->width[4] = (unsigned)loongarch_field(pwch, 23, 18);
    reference->entry_bytes = 8u << loongarch_field(pwcl, 31, 30);
    reference->palen = (unsigned)loongarch_field(regime->cpucfg1, 11, 4) + 1;
    reference->palen = reference->palen > 60 ? 60 : reference->palen;
    reference->valen = (unsigned)loongarch_field(regime->cpucfg1, 19, 12) + 1;
    reference->valen = reference->valen > 64 ? 64 : reference->valen;
    reduction = reduction > 8 ? 8 : reduction;
    reference->valen = reference->valen <= reduction ? 1 : reference->valen - reduction;
    if ((access & AXADDR_USER) != 0) {
        reference->plv = 3;
    } else if ((regime->crmd & 3) != 3) {
        reference->plv = (unsigned)regime->crmd & 3;
    }
}

/** The address of the entry that LDDIR or LDPTE reads. */
static inline uint64_t loongarch_slot(const struct loongarch_reference *reference, uint64_t table,
                                      unsigned level) {
    unsigned width = reference->width[level];
    uint64_t index =
        width == 0 ? 0
                   : reference->address >> reference->base[level] & (((uint64_t)1 << width) - 1);

    table = table >> 12 << 12 | index * reference->entry_bytes;
    return loongarch_field(table, reference->palen - 1, 0) / 8 * 8;
}

static inline void loongarch_refuse(const struct loongarch_reference *reference,
                                    enum axaddr_guest_fault_kind kind, uint32_t code) {
    reference->out->result = AXADDR_WALK_INJECT;
    reference->out->page.fault.kind = kind;
    reference->out->page.fault.code = code;
}

/** PIL, PIS or PIF. */
static inline uint32_t loongarch_page_invalid(uint32_t access) {
    static const uint32_t codes[8] = {1, 1, 2, 2, 3, 3, 2, 2}; /* by X, W, R */

    return codes[access & 7];
}

static inline uint32_t loongarch_mat(unsigned mat) {
    static const uint32_t types[4] = {AXADDR_DEVICE, 0, AXADDR_UNCACHED, AXADDR_DEVICE};

    return types[mat & 3];
}

/** What is in the TLB, against the access: 5.4.4. */
static inline void loongarch_translate(const struct loongarch_reference *reference, uint64_t pte,
                                       unsigned shift, uint64_t physical) {
    uint32_t cpucfg1 = reference->regime->cpucfg1;
    uint32_t access = reference->access;
    unsigned plv = reference->plv;
    unsigned its_plv = (unsigned)loongarch_field(pte, 3, 2);
    bool rplv = pte >> 63 != 0 && (cpucfg1 >> 23 & 1) != 0;
    bool nx = (pte >> 62 & 1) != 0 && (cpucfg1 >> 22 & 1) != 0;
    bool nr = (pte >> 61 & 1) != 0 && (cpucfg1 >> 21 & 1) != 0;
    bool d = (pte >> 1 & 1) != 0 || (plv < 3 && (reference->regime->misc >> 16 >> plv & 1) != 0);
    bool is_illegal = (!rplv && plv > its_plv) || (rplv && plv != its_plv);
    uint32_t flags;

    if ((pte & 1) == 0) {
        loongarch_refuse(reference, AXADDR_GUEST_FAULT_ABSENT, loongarch_page_invalid(access));
    } else if (is_illegal && (access & 7) != 0) {
        loongarch_refuse(reference, AXADDR_GUEST_FAULT_DENIED, 7);
    } else if ((access & AXADDR_WRITE) != 0 && !d) {
        loongarch_refuse(reference, AXADDR_GUEST_FAULT_DENIED, 4);
    } else if ((access & AXADDR_READ) != 0 && nr) {
        loongarch_refuse(reference, AXADDR_GUEST_FAULT_DENIED, 5);
    } else if ((access & AXADDR_EXECUTE) != 0 && nx) {
        loongarch_refuse(reference, AXADDR_GUEST_FAULT_DENIED, 6);
    } else {
        flags = is_illegal
                    ? 0
                    : (nr ? 0 : AXADDR_READ) | (d ? AXADDR_WRITE : 0) | (nx ? 0 : AXADDR_EXECUTE);
        flags |= its_plv == 3 ? AXADDR_USER : 0;
        flags |= loongarch_mat((unsigned)loongarch_field(pte, 5, 4));
        physical = physical >> shift << shift;
        below_read_page(physical + reference->address % (UINT64_C(1) << shift), shift, flags,
                        access, reference->how, reference->out);
    }
}

/** Log2 of a page's size, as far as processors have it. */
static inline unsigned loongarch_size(unsigned shift) {
    return shift < 12 ? 12 : shift > 63 ? 63 : shift;
}

/**
 * The rest of a refill handler: LDDIR for `level` and those below, and LDPTE. rj is what is in its
 * register, `is_entry` once that was read from a table.
 */
static inline void loongarch_refill(const struct loongarch_reference *reference, uint64_t rj,
                                    unsigned level, bool is_entry) {
    bool is_huge = is_entry && (rj >> 6 & 1) != 0;
    uint64_t slot;
    uint64_t entry = 0;

    if (level > 0 && reference->width[level] == 0) {
        loongarch_refill(reference, rj, level - 1, is_entry);
        return;
    }
    if (is_huge && level > 0) { /* LDDIR passes it on */
        if (reference->regime->has_huge_levels && loongarch_field(rj, 14, 13) == 0) {
            rj |= (uint64_t)level << 13;
        }
        loongarch_refill(reference, rj, level - 1, true);
        return;
    }
    if (is_huge) { /* LDPTE makes a pair of halves of it */
        unsigned from =
            reference->regime->has_huge_levels ? (unsigned)loongarch_field(rj, 14, 13) : 0;
        uint64_t low = reference->regime->has_huge_levels ? 0x7000 : 0x1000;

        loongarch_translate(reference, rj,
                            loongarch_size(reference->base[from] + reference->width[from]),
                            loongarch_field(rj, reference->palen - 1, 0) & ~low & ~UINT64_C(0xfff));
        return;
    }
    reference->out->page.level = level;
    slot = loongarch_slot(reference, rj, level);
    if (!below_read_entry(slot, 3, reference->how, &entry, reference->out)) {
        reference->out->page.fault.kind = AXADDR_GUEST_FAULT_TABLE;
        reference->out->page.fault.code = loongarch_page_invalid(reference->access);
        return;
    }
    if (level > 0) {
        loongarch_refill(reference, entry, level - 1, true);
        return;
    }
    loongarch_translate(reference, entry, loongarch_size(reference->base[0]),
                        loongarch_field(entry, reference->palen - 1, 0));
}

/** Direct, or by a window: the low bits of the address. */
static inline void loongarch_direct(const struct loongarch_reference *reference, uint32_t flags,
                                    unsigned mat) {
    below_read_page(loongarch_field(reference->address, reference->palen - 1, 0), reference->palen,
                    flags | loongarch_mat(mat), reference->access, reference->how, reference->out);
}

static inline void loongarch_expect(const loongarch_regime *regime, uint64_t address,
                                    uint32_t access, uint32_t how, struct below_expected *out) {
    bool is_fetch = (access & AXADDR_EXECUTE) != 0;
    struct loongarch_reference reference;
    int64_t high;
    unsigned i;

    memset(out, 0, sizeof(*out));
    loongarch_parse(&reference, regime, address, access);
    reference.how = how;
    reference.out = out;
    if ((regime->crmd & 0x18) == 0x08) {
        loongarch_direct(&reference, 7 | AXADDR_USER,
                         (unsigned)(is_fetch ? loongarch_field(regime->crmd, 6, 5)
                                             : loongarch_field(regime->crmd, 8, 7)));
        return;
    }
    for (i = 0; i < 4; i++) {
        bool is_hit = loongarch_field(regime->dmw[i], 63, 60) == loongarch_field(address, 63, 60) &&
                      (regime->dmw[i] & (1u << reference.plv)) != 0;

        if (is_hit && (i < 2 || !is_fetch)) {
            loongarch_direct(&reference,
                             (i < 2 ? 7u : 3u) | ((regime->dmw[i] & 8) != 0 ? AXADDR_USER : 0),
                             (unsigned)loongarch_field(regime->dmw[i], 5, 4));
            return;
        }
    }
    high = (int64_t)address >> (reference.valen - 1);
    if (high != 0 && high != -1) {
        loongarch_refuse(&reference, AXADDR_GUEST_FAULT_RANGE, is_fetch ? 0x8 : 0x48);
        return;
    }
    loongarch_refill(&reference, high == 0 ? regime->pgdl : regime->pgdh, 4, false);
}

/* ---- random guests ---- */

#define LOONGARCH_WALK_48  0x13e4d52cu, 0x267u    /* 4 KiB: 12, 9; 21, 9; 30, 9; 39, 9 */
#define LOONGARCH_WALK_39  0x13e4d52cu, 0x0u      /* no Dir3 */
#define LOONGARCH_WALK_16K 0x5e56eu, 0x2e4u       /* 16 KiB: 14, 11; 25, 11; Dir3 36, 11 */
#define LOONGARCH_WALK_57  0x13e4d52cu, 0x270267u /* and Dir4 48, 9: 57 */

static inline void loongarch_choose_regime(struct below_source *source, loongarch_regime *regime) {
    static const uint32_t shapes[4][2] = {
        {LOONGARCH_WALK_48}, {LOONGARCH_WALK_39}, {LOONGARCH_WALK_16K}, {LOONGARCH_WALK_57}};
    static const uint8_t bits[4] = {48, 40, 48, 58};
    unsigned shape = below_choose(source, 4);
    unsigned i;

    regime->crmd = 0xb0 | below_choose(source, 4);
    regime->misc = (uint64_t)below_choose(source, 8) << 16;
    regime->rvacfg = shape == 1 ? 8 : 0;
    regime->pgdl = below_some_table(source);
    regime->pgdh = below_some_table(source);
    regime->pwcl = shapes[shape][0];
    regime->pwch = shapes[shape][1];
    regime->has_huge_levels = below_choose(source, 2) != 0;
    regime->cpucfg1 = 47u << 4 | (bits[shape] + (uint32_t)regime->rvacfg - 1) << 12 |
                      below_choose(source, 8) << 21;
    for (i = 0; i < 4; i++) {
        regime->dmw[i] = (uint64_t)(9 + below_choose(source, 4)) << 60;
        regime->dmw[i] |= below_choose(source, 4) << 4;
        regime->dmw[i] |= below_choose(source, 16);
    }
    switch (below_choose(source, 12)) {
    case 0:
        regime->crmd = below_choose(source, 512);
        break;
    case 1:
        regime->pwcl = below_random(source);
        break;
    case 2:
        regime->pwch = below_random(source);
        break;
    case 3:
        regime->cpucfg1 = (uint32_t)below_random(source);
        regime->rvacfg = below_random(source);
        break;
    case 4:
        regime->pwcl |= (uint64_t)below_choose(source, 4) << 30; /* PTEWidth */
        break;
    case 5:
        regime->pgdl |= below_choose(source, 4096);
        i = below_choose(source, 4);
        regime->dmw[i] = below_random(source);
        break;
    case 6:
        regime->pwcl ^= UINT64_C(1) << below_choose(source, 30);
        break;
    default:
        break;
    }
}

static inline uint64_t loongarch_choose_address(struct below_source *source,
                                                const loongarch_regime *regime) {
    struct loongarch_reference reference;
    uint64_t address = below_random(source);

    loongarch_parse(&reference, regime, 0, 0);
    switch (below_choose(source, 12)) {
    case 0: /* in a window, or an illegal one */
    case 1:
        address = (uint64_t)(8 + below_choose(source, 6)) << 60;
        address |= below_some_page(source) & ~(UINT64_C(15) << 60);
        return address | below_choose(source, 4096);
    case 2: /* direct */
        address = below_some_page(source);
        return address + below_choose(source, 4096);
    case 3:
        return address;
    case 4: /* the ends of the halves */
        address = (UINT64_C(1) << (reference.valen - 1)) - below_choose(source, 2);
        break;
    default:
        if (below_choose(source, 2) == 0) { /* where huge pages meet memory */
            address = (address & ~UINT64_C(0xffffffff)) | BELOW_SMALL | (address & 0xffffff);
        }
        break;
    }
    return (uint64_t)((int64_t)(address << (64 - reference.valen)) >> (64 - reference.valen));
}

static inline uint64_t loongarch_choose_leaf(struct below_source *source, unsigned shift) {
    uint64_t page = below_some_page(source);
    uint64_t entry = 0x193 | (uint64_t)below_choose(source, 4) << 2;

    if (shift < 32 && below_choose(source, 4) != 0) {
        page = page >> shift << shift;
    }
    if (below_choose(source, 4) == 0) { /* one bit the other way round */
        entry ^= 1u << below_choose(source, 13);
    }
    if (below_choose(source, 4) == 0) {
        entry ^= UINT64_C(1) << (61 + below_choose(source, 3));
    }
    return below_choose(source, 24) == 0 ? below_random(source) : entry | page;
}

/** Write entries on the way of an address: as far as they are memory, and lead on. */
static inline void loongarch_build(struct below_source *source, const loongarch_regime *regime,
                                   uint64_t address) {
    struct loongarch_reference reference;
    uint64_t table;
    unsigned level;

    loongarch_parse(&reference, regime, address, 0);
    table = (address >> (reference.valen - 1) & 1) == 0 ? regime->pgdl : regime->pgdh;
    for (level = 4;; level--) {
        bool is_leaf = level == 0 || below_choose(source, 6) == 0;
        uint64_t slot = loongarch_slot(&reference, table, level);
        bool is_lazy = slot >= BELOW_LAZY && slot < BELOW_TRAPPED;
        uint64_t entry;

        if (level > 0 && reference.width[level] == 0) {
            continue;
        }
        if (below_at(slot) == 0 || is_lazy) {
            return;
        }
        if (is_leaf) {
            entry = loongarch_choose_leaf(source,
                                          level == 0 ? reference.base[0] : reference.base[level]);
            entry |= level == 0 ? 0 : 0x40;
            if (level > 0 && below_choose(source, 2) != 0) {
                entry &= ~UINT64_C(0x7000);
            }
        } else {
            entry = below_some_table(source);
            entry |= below_choose(source, 4) == 0 ? below_choose(source, 4096) & 0xfbf : 0;
            entry |=
                below_choose(source, 16) == 0 ? UINT64_C(1) << (48 + below_choose(source, 16)) : 0;
        }
        below_store(slot, 3, entry);
        below_expect_store(slot, 3, entry);
        if (level == 0 || (entry & 0x40) != 0) {
            return;
        }
        table = entry;
    }
}

/* ---- one of them; what was seen ---- */

/** Counted by loongarch_one: every kind has to occur. */
static struct {
    unsigned results[4];
    unsigned codes[0x49]; /**< INJECT */
    unsigned blocked[4];  /**< by code */
    unsigned tables[6];   /**< entries that the space stops, by enum axaddr_fault */
    unsigned pages[6];    /**< pages that it stops */
    unsigned leaves[5];   /**< OK, by level */
    unsigned shifts[64];  /**< and log2 of the guest's page; 48 are direct ones */
    unsigned types[2], users, data_windows;
    uint64_t walks;
} loongarch_seen;

static inline void loongarch_count(const struct below_expected *expected) {
    const struct axaddr_guest_page *page = &expected->page;

    loongarch_seen.walks++;
    loongarch_seen.results[expected->result]++;
    if (expected->result == AXADDR_WALK_INJECT) {
        loongarch_seen.codes[page->fault.code]++;
    } else if (expected->result == AXADDR_WALK_STAGE2 && page->is_table) {
        loongarch_seen.tables[page->stage2]++;
        loongarch_seen.blocked[page->fault.code]++;
    } else if (expected->result == AXADDR_WALK_STAGE2) {
        loongarch_seen.pages[page->stage2]++;
    } else {
        loongarch_seen.leaves[page->level]++;
        loongarch_seen.shifts[expected->shift]++;
        loongarch_seen.types[0] += (page->flags & AXADDR_UNCACHED) != 0;
        loongarch_seen.types[1] += (page->flags & AXADDR_DEVICE) != 0;
        loongarch_seen.users += (page->flags & AXADDR_USER) != 0;
        loongarch_seen.data_windows += expected->shift == 48 && (page->flags & AXADDR_EXECUTE) == 0;
    }
}

/** Some accesses of a random guest to one address; false: below_wrong tells what is wrong. */
static inline bool loongarch_one(struct below_source *source) {
    loongarch_regime regime;
    uint64_t address;
    unsigned count = 1 + below_choose(source, 3);

    memset(&regime, 0, sizeof(regime));
    loongarch_choose_regime(source, &regime);
    address = loongarch_choose_address(source, &regime);
    loongarch_build(source, &regime, address);
    for (; count > 0; count--) {
        uint32_t access = below_some_access(source);
        uint32_t how = below_some_how(source);
        struct below_expected expected;
        struct axaddr_guest_page page;

        loongarch_expect(&regime, address, access, how, &expected);
        loongarch_count(&expected);
        if (below_compare(loongarch_walk(&regime, address, access, how, &page), &page, &expected)) {
            size_t length = strlen(below_wrong);

            snprintf(below_wrong + length, sizeof(below_wrong) - length,
                     ": %s crmd 0x%" PRIx64 " misc 0x%" PRIx64 " pwcl 0x%" PRIx64 " pwch 0x%" PRIx64
                     " cpucfg1 0x%x rdva %u levels %d address 0x%" PRIx64 " access %u how 0x%x",
                     below->name, regime.crmd, regime.misc, regime.pwcl, regime.pwch,
                     regime.cpucfg1, (unsigned)regime.rvacfg & 15, regime.has_huge_levels, address,
                     access, how);
            return false;
        }
    }
    return true;
}

/** For a fuzzer: registers, tables and accesses out of its bytes. Aborts on a wrong walk. */
static inline void guest_loongarch_fuzz(const uint8_t *data, size_t size) {
    struct below_source source = {0, data, size, true};

    below_begin_input(below_choose(&source, BELOW_COUNT));
    while (source.size > 0) {
        if (!loongarch_one(&source)) {
            printf("%s\n", below_wrong);
            abort();
        }
    }
    below_end_input();
}

#endif /* AXADDR_TESTS_GUEST_LOONGARCH_H */
