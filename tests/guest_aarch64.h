/* SPDX-License-Identifier: MIT
 *
 * guest_aarch64.h: a second reading of the manual, to judge axaddr_aarch64_guest by: bits taken by
 * their numbers, levels and sizes from tables, rights as letters; and cases made of bytes.
 *
 * ARM DDI 0487: D8.2.5 (sizes), D8.2.7 to D8.2.9 (granules: which address bits a level resolves),
 * D8.3.1 (descriptors), D8.4.1 (Table: AP, APTable), D8.4.2 (UXN, PXN, WXN), D8.4.3 (PAN), D8.5.
 *
 *     void guest_aarch64_fuzz(const uint8_t *data, size_t size);
 */
#ifndef AXADDR_TESTS_GUEST_AARCH64_H
#define AXADDR_TESTS_GUEST_AARCH64_H

#include "../axaddr_arch/aarch64_guest.h"

#include "guest_arm_world.h"

WORLD_WALKS(a64, axaddr_aarch64_guest)

/* ---- the reference ---- */

/** x<high:low>. */
static inline uint64_t a64_bits(uint64_t x, unsigned high, unsigned low) {
    return x << (63 - high) >> (63 - high + low);
}

static inline bool a64_bit(uint64_t x, unsigned at) {
    return a64_bits(x, at, at) == 1;
}

static inline uint64_t a64_reversed(uint64_t x) {
    uint64_t reversed = 0;
    unsigned i;

    for (i = 0; i < 8; i++) {
        reversed |= a64_bits(x, 8 * i + 7, 8 * i) << (56 - 8 * i);
    }
    return reversed;
}

/** A granule: for the levels -1 to 3, which address bits they resolve, and where blocks are. */
struct a64_granule {
    unsigned kib;
    int high[5];
    int low[5];
    unsigned blocks;    /* levels, as bits: level -1 is bit 0 */
    unsigned blocks_52; /* with descriptors of 52 address bits */
    unsigned start[5];  /* the largest TxSZ at which a walk begins with this level; 0: none */
};

static const struct a64_granule a64_granules[3] = {
    {4, {51, 47, 38, 29, 20}, {48, 39, 30, 21, 12}, 0x0c, 0x0e, {15, 24, 33, 42, 48}},
    {16, {-1, 51, 46, 35, 24}, {-1, 47, 36, 25, 14}, 0x08, 0x0c, {0, 16, 27, 38, 48}},
    {64, {-1, -1, 51, 41, 28}, {-1, -1, 42, 29, 16}, 0x08, 0x0c, {0, 0, 21, 34, 47}},
};

/** What the reference knows on its way down. */
struct a64_ref {
    const struct axaddr_aarch64_guest_regime *regime;
    const struct a64_granule *granule;
    uint64_t va;
    uint32_t access;
    uint32_t how;
    unsigned number; /* of the world */
    bool is_high;
    bool has_lpa2;
    bool has_52;
    unsigned out; /* width of output addresses */
    unsigned txsz;
    uint64_t tables; /* bits 62:59 of the tables so far, or-ed */
    /* before an entry is read; 0 when it is only to be judged */
    void (*build)(struct a64_ref *ref, uint64_t slot, int level);
    struct world_source *source;
    struct world_expect *expect;
};

/** The end of a walk with a fault at a level of the manual's. */
static inline void a64_fault(struct a64_ref *ref, enum axaddr_guest_fault_kind kind,
                             const char *status, int level) {
    static const struct {
        const char *name;
        uint32_t zero, minus;
    } codes[5] = {{"size", 0, 0x29},
                  {"translation", 4, 0x2b},
                  {"flag", 8, 0xff},
                  {"permission", 12, 0xff},
                  {"external", 20, 0x13}};
    unsigned i = 0;

    while (strcmp(codes[i].name, status) != 0) {
        i++;
    }
    ref->expect->kind = kind;
    ref->expect->code = level < 0 ? codes[i].minus : codes[i].zero + (uint32_t)level;
    ref->expect->level = (unsigned)(3 - level);
    ref->expect->result = AXADDR_WALK_INJECT;
}

static inline unsigned a64_pa(const struct a64_ref *ref) {
    static const unsigned bits[8] = {32, 36, 40, 42, 44, 48, 52, 56};
    uint64_t range = a64_bits(ref->regime->cpu.mmfr0, 3, 0);

    return range > 7 ? 52 : bits[range];
}

static inline bool a64_has_granule(const struct a64_ref *ref, unsigned kib) {
    uint64_t id = ref->regime->cpu.mmfr0;

    return kib == 4    ? a64_bits(id, 31, 28) != 15
           : kib == 16 ? a64_bits(id, 23, 20) != 0
                       : kib == 64 && a64_bits(id, 27, 24) != 15;
}

/** TG0: 4, 64, 16; TG1: 16, 4, 64 from 1 on. */
static inline void a64_choose_granule(struct a64_ref *ref) {
    static const unsigned lower[4] = {4, 64, 16, 0};
    static const unsigned upper[4] = {0, 16, 4, 64};
    static const unsigned instead[3] = {4, 64, 16};
    uint64_t tcr = ref->regime->tcr_el1;
    unsigned kib = ref->is_high ? upper[a64_bits(tcr, 31, 30)] : lower[a64_bits(tcr, 15, 14)];
    unsigned i;

    for (i = 0; i < 3 && !a64_has_granule(ref, kib); i++) {
        kib = instead[i];
    }
    ref->granule = &a64_granules[kib == 4 ? 0 : kib == 16 ? 1 : 2];
}

static inline void a64_choose_sizes(struct a64_ref *ref) {
    static const unsigned ips[8] = {32, 36, 40, 42, 44, 48, 52, 52};
    uint64_t tcr = ref->regime->tcr_el1;
    uint64_t id = ref->regime->cpu.mmfr0;
    unsigned kib = ref->granule->kib;
    unsigned pa = a64_pa(ref);

    ref->txsz = (unsigned)(ref->is_high ? a64_bits(tcr, 21, 16) : a64_bits(tcr, 5, 0));
    ref->has_lpa2 =
        a64_bit(tcr, 59) && ((kib == 4 && a64_bits(id, 31, 28) >= 1 && a64_bits(id, 31, 28) <= 7) ||
                             (kib == 16 && a64_bits(id, 23, 20) >= 2));
    ref->has_52 = ref->has_lpa2 || (kib == 64 && pa >= 52);
    ref->out = ips[a64_bits(tcr, 34, 32)];
    ref->out = !ref->has_52 && ref->out > 48 ? 48 : ref->out;
    ref->out = pa < ref->out ? pa : ref->out;
}

/** OA: 47:low of the descriptor, and where the rest of 52 bits is. */
static inline uint64_t a64_output(const struct a64_ref *ref, uint64_t entry, unsigned low) {
    uint64_t oa = a64_bits(entry, 47, low) << low;

    if (ref->has_lpa2) {
        oa += a64_bits(entry, 49, 48) << 48;
        oa += a64_bits(entry, 9, 8) << 50;
    } else if (ref->has_52) {
        oa += a64_bits(entry, 15, 12) << 48;
    }
    return oa;
}

static inline bool a64_is_too_high(const struct a64_ref *ref, uint64_t oa) {
    return ref->out < 52 && a64_bits(oa, 51, ref->out) != 0;
}

static inline bool a64_sets_af(const struct a64_ref *ref) {
    return a64_bit(ref->regime->tcr_el1, 39) && a64_bits(ref->regime->cpu.mmfr1, 3, 0) >= 1;
}

static inline bool a64_sets_dirty(const struct a64_ref *ref) {
    return a64_sets_af(ref) && a64_bit(ref->regime->tcr_el1, 40) &&
           a64_bits(ref->regime->cpu.mmfr1, 3, 0) >= 2;
}

/**
 * What a leaf permits, as letters, of EL1 and then of EL0: Table "Stage 1 data accesses", by AP[2:1]
 * and then APTable; then what may be fetched; then what PAN takes away.
 */
static inline uint32_t a64_flags(const struct a64_ref *ref, uint64_t entry) {
    static const char *const data[4][4] = {
        /* APTable 0       1       2       3 */
        {"rw--", "rw--", "r---", "r---"}, /* AP 00 */
        {"rwrw", "rw--", "r-r-", "r---"}, /* 01 */
        {"r---", "r---", "r---", "r---"}, /* 10 */
        {"r-r-", "r---", "r-r-", "r---"}, /* 11 */
    };
    uint64_t sctlr = ref->regime->sctlr_el1;
    uint64_t pan_id = a64_bits(ref->regime->cpu.mmfr1, 23, 20);
    unsigned ap = (unsigned)a64_bits(entry, 7, 6);
    char rights[5];
    char fetch[2] = {'x', 'x'};
    uint32_t flags = 0;
    const char *mine;

    if (a64_bit(entry, 51) && a64_sets_dirty(ref)) {
        ap &= 1;
    }
    strcpy(rights, data[ap][a64_bits(ref->tables, 62, 61)]);
    if (a64_bit(entry, 53) || a64_bit(ref->tables, 59) || rights[3] == 'w' ||
        (a64_bit(sctlr, 19) && rights[1] == 'w')) {
        fetch[0] = '-';
    }
    if (a64_bit(entry, 54) || a64_bit(ref->tables, 60) ||
        (a64_bit(sctlr, 19) && rights[3] == 'w')) {
        fetch[1] = '-';
    }
    flags |= rights[2] == 'r' ? AXADDR_USER : 0;
    if (pan_id != 0 && a64_bit(ref->regime->pstate, 22) &&
        (rights[2] == 'r' || (pan_id > 2 && a64_bit(sctlr, 57) && fetch[1] == 'x'))) {
        rights[0] = rights[1] = '-';
    }
    mine = (ref->access & AXADDR_USER) != 0 ? rights + 2 : rights;
    flags |= mine[0] == 'r' ? AXADDR_READ : 0;
    flags |= mine[1] == 'w' ? AXADDR_WRITE : 0;
    flags |= fetch[(ref->access & AXADDR_USER) != 0] == 'x' ? AXADDR_EXECUTE : 0;
    return flags;
}

/** MAIR's byte, and whether caches are on. */
static inline uint32_t a64_memory(const struct a64_ref *ref, unsigned index) {
    uint64_t attribute = a64_bits(ref->regime->mair_el1, 8 * index + 7, 8 * index);
    bool is_on = a64_bit(ref->regime->sctlr_el1, (ref->access & AXADDR_EXECUTE) != 0 ? 12 : 2);

    if (attribute < 0x10) {
        return AXADDR_DEVICE;
    }
    return is_on && attribute != 0x44 && attribute != 0x40 ? 0 : AXADDR_UNCACHED;
}

/** The entry that was read last changes: perhaps it was read as a table's before. */
static inline void a64_note(struct world_expect *expect, uint64_t value) {
    uint64_t slot = expect->slots[expect->count - 1];
    unsigned i;

    expect->is_noted = true;
    for (i = 0; i < expect->count; i++) {
        expect->values[i] = expect->slots[i] == slot ? value : expect->values[i];
    }
}

/** A leaf of `level`, whose entry was read last. */
static inline void a64_leaf(struct a64_ref *ref, uint64_t entry, int level) {
    struct world_expect *expect = ref->expect;
    unsigned low = (unsigned)ref->granule->low[level + 1];
    uint64_t oa = a64_output(ref, entry, low);
    uint64_t noted = entry;

    if (a64_is_too_high(ref, oa)) {
        a64_fault(ref, AXADDR_GUEST_FAULT_ADDRESS_SIZE, "size", level);
        return;
    }
    if (!a64_bit(entry, 10) && !a64_sets_af(ref)) {
        a64_fault(ref, AXADDR_GUEST_FAULT_ACCESSED, "flag", level);
        return;
    }
    expect->flags = a64_flags(ref, entry);
    if ((ref->access & WORLD_ANY & ~expect->flags) != 0) {
        a64_fault(ref, AXADDR_GUEST_FAULT_DENIED, "permission", level);
        return;
    }
    noted |= UINT64_C(1) << 10;
    if ((ref->access & AXADDR_WRITE) != 0 && a64_bit(noted, 7)) {
        noted -= UINT64_C(1) << 7;
    }
    if (noted != entry && (ref->how & AXADDR_SET_NOTES) != 0 && (ref->access & WORLD_ANY) != 0) {
        if (!world_expect_entry(ref->number, expect->slots[expect->count - 1], ref->how, true,
                                expect)) {
            expect->level = (unsigned)(3 - level);
            a64_fault(ref, AXADDR_GUEST_FAULT_TABLE, "external", level);
            expect->result = AXADDR_WALK_STAGE2;
            return;
        }
        a64_note(expect, a64_bit(ref->regime->sctlr_el1, 25) ? a64_reversed(noted) : noted);
    }
    expect->flags |= a64_memory(ref, (unsigned)a64_bits(entry, 4, 2));
    expect->level = (unsigned)(3 - level);
    expect->shift = low;
    expect->gpa = oa + a64_bits(ref->va, low - 1, 0);
    world_expect_page(ref->number, ref->access, ref->how, expect);
}

/** The table at `base`, of which the address bits high:low choose the entry. */
static inline void a64_table(struct a64_ref *ref, uint64_t base, int level, unsigned high) {
    struct world_expect *expect = ref->expect;
    unsigned low = (unsigned)ref->granule->low[level + 1];
    uint64_t slot = base + 8 * a64_bits(ref->va, high, low);
    unsigned blocks = ref->has_52 ? ref->granule->blocks_52 : ref->granule->blocks;
    uint64_t entry, next;

    if (ref->build != 0) {
        ref->build(ref, slot, level);
    }
    if (!world_expect_entry(ref->number, slot, ref->how, false, expect)) {
        a64_fault(ref, AXADDR_GUEST_FAULT_TABLE, "external", level);
        expect->result = AXADDR_WALK_STAGE2;
        return;
    }
    entry = world_load(ref->number, slot, 8);
    expect->slots[expect->count] = slot;
    expect->values[expect->count++] = entry;
    entry = a64_bit(ref->regime->sctlr_el1, 25) ? a64_reversed(entry) : entry;
    if (!a64_bit(entry, 0)) {
        a64_fault(ref, AXADDR_GUEST_FAULT_ABSENT, "translation", level);
    } else if (level == 3 ? a64_bit(entry, 1)
                          : !a64_bit(entry, 1) && (blocks >> (level + 1) & 1) != 0) {
        a64_leaf(ref, entry, level);
    } else if (!a64_bit(entry, 1)) {
        a64_fault(ref, AXADDR_GUEST_FAULT_RESERVED, "translation", level);
    } else {
        next = a64_output(ref, entry, (unsigned)ref->granule->low[4]);
        if (a64_is_too_high(ref, next)) {
            a64_fault(ref, AXADDR_GUEST_FAULT_ADDRESS_SIZE, "size", level);
            return;
        }
        if (a64_bits(ref->regime->cpu.mmfr1, 15, 12) == 0 ||
            !a64_bit(ref->regime->tcr_el1, ref->is_high ? 42 : 41)) {
            ref->tables |= a64_bits(entry, 62, 59) << 59;
        }
        a64_table(ref, next, level + 1, (unsigned)ref->granule->high[level + 2]);
    }
}

/** The translation table base address. */
static inline void a64_root(struct a64_ref *ref) {
    uint64_t tcr = ref->regime->tcr_el1;
    uint64_t ttbr = ref->is_high ? ref->regime->ttbr1_el1 : ref->regime->ttbr0_el1;
    uint64_t base = a64_bits(ttbr, 47, 1) << 1;
    uint64_t size;
    unsigned i = 0;

    while (ref->granule->start[i] < ref->txsz) {
        i++;
    }
    size = UINT64_C(8) << (64 - ref->txsz - (unsigned)ref->granule->low[i]);
    if (ref->has_lpa2 || (ref->has_52 && a64_bits(tcr, 34, 32) >= 6)) {
        base = a64_bits(ttbr, 47, 6) << 6;
        base += a64_bits(ttbr, 5, 2) << 48;
    }
    base -= base % size;
    if (a64_is_too_high(ref, base)) {
        a64_fault(ref, AXADDR_GUEST_FAULT_ADDRESS_SIZE, "size", 0);
        return;
    }
    a64_table(ref, base, (int)i - 1, 63 - ref->txsz);
}

/** Addresses are as they are: to the page of a mapping of all physical memory. */
static inline void a64_flat(struct a64_ref *ref, unsigned top) {
    struct world_expect *expect = ref->expect;
    bool is_fetch = (ref->access & AXADDR_EXECUTE) != 0;
    uint64_t address = a64_bits(ref->va, top, 0);

    if (a64_bits(address, 63, a64_pa(ref)) != 0) {
        a64_fault(ref, AXADDR_GUEST_FAULT_ADDRESS_SIZE, "size", 0);
        return;
    }
    expect->flags = WORLD_ANY | AXADDR_USER;
    expect->flags |= !is_fetch                             ? AXADDR_DEVICE
                     : a64_bit(ref->regime->sctlr_el1, 12) ? 0
                                                           : AXADDR_UNCACHED;
    expect->level = 3;
    expect->shift = a64_pa(ref);
    expect->gpa = address;
    world_expect_page(ref->number, ref->access, ref->how, expect);
}

/** All of it. What is to come is in *ref->expect afterwards. */
AXADDR_UNUSED static void a64_reference(struct a64_ref *ref) {
    uint64_t tcr = ref->regime->tcr_el1;
    uint64_t ids = ref->regime->cpu.mmfr2;
    bool is_fetch = (ref->access & AXADDR_EXECUTE) != 0;
    unsigned most, least, top;
    uint64_t unused;

    memset(ref->expect, 0, sizeof(*ref->expect));
    ref->expect->size = 8;
    ref->tables = 0;
    ref->is_high = a64_bit(ref->va, 55);
    top =
        a64_bit(tcr, ref->is_high ? 38 : 37) && !(is_fetch && a64_bit(tcr, ref->is_high ? 52 : 51))
            ? 55
            : 63;
    if (!a64_bit(ref->regime->sctlr_el1, 0)) {
        a64_flat(ref, top);
        return;
    }
    a64_choose_granule(ref);
    a64_choose_sizes(ref);
    least = ref->has_lpa2 || (ref->granule->kib == 64 && a64_bits(ids, 19, 16) != 0) ? 12 : 16;
    most = a64_bits(ids, 31, 28) == 0 ? 39 : ref->granule->start[4];
    if (ref->txsz < least || ref->txsz > most) {
        a64_fault(ref, AXADDR_GUEST_FAULT_RANGE, "translation", 0);
        return;
    }
    unused = a64_bits(ref->va, top, 64 - ref->txsz);
    if (unused != (ref->is_high ? a64_bits(~UINT64_C(0), top, 64 - ref->txsz) : 0)) {
        a64_fault(ref, AXADDR_GUEST_FAULT_RANGE, "translation", 0);
    } else if (a64_bits(ids, 63, 60) != 0 && (ref->access & AXADDR_USER) != 0 &&
               a64_bit(tcr, ref->is_high ? 56 : 55)) {
        a64_fault(ref, AXADDR_GUEST_FAULT_DENIED, "translation", 0);
    } else if (a64_bit(tcr, ref->is_high ? 23 : 7)) {
        a64_fault(ref, AXADDR_GUEST_FAULT_ABSENT, "translation", 0);
    } else {
        a64_root(ref);
    }
}

/* ---- cases ---- */

/** What the cases came to, so that a test can ask for all of it. */
static struct {
    uint64_t walks;
    uint64_t ok[3][5];      /* by granule and level */
    uint64_t shifts[64];    /* of leaves */
    uint64_t kinds[8][5];   /* of INJECT: by kind and level */
    uint64_t codes[64];     /* of INJECT */
    uint64_t stage2[2][6];  /* of the page, of a table: by enum axaddr_fault */
    uint64_t noted[3];      /* AF, the dirty state, both */
    uint64_t denied_update; /* of an entry in read-only memory */
    uint64_t off, high, swapped, lpa2, lpa;
} a64_counts;

/** An entry with what tells entries apart, so that every kind comes about. */
static void a64_build(struct a64_ref *ref, uint64_t slot, int level) {
    struct world_source *source = ref->source;
    unsigned what = world_byte(source);
    unsigned bits = world_byte(source);
    uint64_t address = world_address(source);
    uint64_t entry;

    if ((what & 0x1f) == 0x1f) {
        entry = world_word(source); /* anything */
    } else {
        entry = (address & UINT64_C(0xfffffffff000)) | (level == 3 ? 3 : 1);
        entry |= (what & 0x0c) != 0x0c ? 1u << 10 : 0;
        entry |= (uint64_t)(bits & 7) << 2 | (uint64_t)(bits >> 3 & 3) << 6;
        entry |= (bits & 0x20) != 0 ? UINT64_C(1) << 51 : 0;
        entry |= (uint64_t)(bits >> 6) << 53;
        if (level < 3 && (what & 3) != 3) {
            entry |= 2;
            if ((what & 0x60) == 0) {
                entry |= (uint64_t)world_byte(source) << 59;
            }
        }
        if ((what & 0xe0) == 0xe0) { /* the places of bits 51:48 */
            entry |= (uint64_t)(world_byte(source) & 0xf) << ((bits & 1) != 0 ? 12 : 48);
            entry |= (uint64_t)(world_byte(source) & 3) << 8;
        }
        if ((what & 0x1f) == 0x1d) {
            entry ^= UINT64_C(1) << (world_byte(source) & 3);
        }
    }
    if (a64_bit(ref->regime->sctlr_el1, 25)) {
        entry = a64_reversed(entry);
    }
    if ((what & 0x1f) != 0x1e) { /* else what is there */
        world_store(ref->number, slot, entry, 8);
    }
}

/** Registers: sensible ones with a bit here and there, or anything. */
static void a64_registers(struct world_source *source, struct axaddr_aarch64_guest_regime *regime) {
    unsigned what = world_byte(source);
    uint64_t sizes = (uint64_t)(10 + world_byte(source) % 40);

    regime->sctlr_el1 = UINT64_C(0x1005);
    regime->mair_el1 = UINT64_C(0x00ff44040040fff0) ^ world_byte(source);
    regime->ttbr0_el1 = world_address(source);
    regime->ttbr1_el1 = world_address(source);
    regime->pstate = (uint64_t)(what & 1) << 22;
    regime->cpu.mmfr0 = UINT64_C(0x10200006);
    regime->cpu.mmfr1 = UINT64_C(0x00301002);
    regime->cpu.mmfr2 = UINT64_C(0x1000000010010000);
    regime->tcr_el1 = UINT64_C(0x80000000) | (what & 2 ? UINT64_C(3) << 39 : UINT64_C(1) << 39) |
                      UINT64_C(5) << 32 | (uint64_t)(world_byte(source) & 3) << 14 | sizes |
                      sizes << 16;
    regime->tcr_el1 ^= (uint64_t)(world_byte(source) & 3) << 30;
    regime->tcr_el1 ^= (what & 4) != 0 ? UINT64_C(3) << 37 : 0;
    regime->tcr_el1 ^= (what & 8) != 0 ? UINT64_C(1) << 59 | UINT64_C(3) << 32 : 0;
    if ((what & 0x70) == 0x70) {
        regime->tcr_el1 = world_word(source);
        regime->cpu.mmfr0 = world_word(source);
    }
    if ((what & 0x80) != 0) { /* bits turned: each is of some meaning, somewhere */
        regime->tcr_el1 ^= UINT64_C(1) << (world_byte(source) & 63);
        regime->sctlr_el1 ^= UINT64_C(1) << (world_byte(source) & 63);
        regime->cpu.mmfr0 ^= UINT64_C(1) << (world_byte(source) & 31);
        regime->cpu.mmfr1 ^= UINT64_C(1) << (world_byte(source) & 31);
        regime->cpu.mmfr2 ^= UINT64_C(1) << (world_byte(source) & 63);
    }
    what = world_byte(source);
    regime->sctlr_el1 ^= (what & 0x0f) == 1 ? 1u : 0;                   /* M */
    regime->sctlr_el1 ^= (what & 0x30) == 0x30 ? UINT64_C(1) << 19 : 0; /* WXN */
    regime->sctlr_el1 ^= (what & 0xc0) == 0xc0 ? UINT64_C(1) << 25 : 0; /* EE */
    regime->sctlr_el1 ^= (what & 0x0c) == 0x0c ? UINT64_C(1) << 57 : 0; /* EPAN */
}

/** Addresses whose lower bits lead into the world, whatever size the leaf is of. */
static uint64_t a64_address(struct world_source *source, uint64_t tcr) {
    unsigned what = world_byte(source);
    uint64_t va = world_address(source) + (world_word(source) & 0xfff);
    unsigned txsz;

    va |= (what & 0x0c) == 0 ? (uint64_t)(world_byte(source) & 15) << 36 : 0;
    txsz = (unsigned)((what & 1) != 0 ? a64_bits(tcr, 21, 16) : a64_bits(tcr, 5, 0));
    if (txsz != 0 && (what & 0xe) != 0) { /* one that is in range */
        va = va << txsz >> txsz;
        va |= (what & 1) != 0 ? ~UINT64_C(0) << (64 - txsz) : 0;
    }
    if ((what & 0x70) == 0x70) {
        va ^= (uint64_t)world_byte(source) << 56;
    }
    return va;
}

static void a64_count(const struct a64_ref *ref, uint64_t before) {
    const struct world_expect *expect = ref->expect;
    uint64_t turned = expect->is_noted ? before ^ expect->values[expect->count - 1] : 0;
    bool is_on = a64_bit(ref->regime->sctlr_el1, 0);

    a64_counts.walks++;
    a64_counts.off += !is_on;
    a64_counts.high += is_on && ref->is_high && expect->result == AXADDR_WALK_OK;
    if (a64_bit(ref->regime->sctlr_el1, 25)) {
        a64_counts.swapped += expect->is_noted;
        turned = a64_reversed(turned);
    }
    if (turned != 0) {
        a64_counts.noted[turned == 0x400 ? 0 : turned == 0x80 ? 1 : 2]++;
    }
    if (expect->result == AXADDR_WALK_STAGE2) {
        a64_counts.stage2[expect->is_table][expect->stage2]++;
        a64_counts.denied_update +=
            expect->is_table && expect->access == (AXADDR_READ | AXADDR_WRITE);
    } else if (expect->result == AXADDR_WALK_INJECT) {
        a64_counts.kinds[expect->kind][expect->level]++;
        a64_counts.codes[expect->code]++;
    } else if (is_on) {
        a64_counts.ok[ref->granule - a64_granules][expect->level]++;
        a64_counts.shifts[expect->shift]++;
        a64_counts.lpa2 += ref->has_lpa2 && expect->level > 0;
        a64_counts.lpa += !ref->has_lpa2 && ref->has_52;
    }
}

/** One case: registers, tables and a few walks made of bytes. What was wrong, or 0. */
AXADDR_UNUSED static const char *a64_case(const uint8_t *data, size_t size) {
    struct axaddr_aarch64_guest_regime regime;
    struct world_source source = {data, size};
    struct world_expect expect;
    struct a64_ref ref;
    const char *wrong = 0;
    unsigned rounds = 4;

    memset(&ref, 0, sizeof(ref));
    ref.number = world_byte(&source) % WORLD_COUNT;
    if (world_get(ref.number) == 0) {
        return "no world";
    }
    world_reset(ref.number);
    a64_registers(&source, &regime);
    ref.regime = &regime;
    ref.source = &source;
    ref.expect = &expect;
    ref.va = a64_address(&source, regime.tcr_el1);
    ref.access = world_access(&source);
    ref.build = a64_build;
    a64_reference(&ref);
    ref.build = 0;
    while (wrong == 0 && rounds-- > 0) {
        struct axaddr_guest_page page;
        enum axaddr_walk_result result;
        uint64_t before;

        ref.how = world_how(&source);
        a64_reference(&ref);
        before = expect.count > 0 ? world_load(ref.number, expect.slots[expect.count - 1], 8) : 0;
        result = a64_walk(ref.number, &regime, ref.va, ref.access, ref.how, &page);
        a64_count(&ref, before);
        wrong = world_compare(ref.number, &expect, result, &page);
        ref.access = world_access(&source);
        ref.va ^= world_byte(&source);
    }
    return wrong;
}

/** For a fuzzer: a case for each 128 bytes. */
AXADDR_UNUSED static void guest_aarch64_fuzz(const uint8_t *data, size_t size) {
    while (size > 0) {
        size_t part = size < 128 ? size : 128;
        const char *wrong = a64_case(data, part);

        if (wrong != 0) {
            printf("guest_aarch64: %s differs\n", wrong);
            abort();
        }
        data += part;
        size -= part;
    }
}

#endif /* AXADDR_TESTS_GUEST_AARCH64_H */
