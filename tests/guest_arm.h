/* SPDX-License-Identifier: MIT
 *
 * guest_arm.h: a second reading of the manual, to judge axaddr_arm_guest by; cases made of bytes.
 *
 * ARM DDI 0406C: B3.5.1 (short descriptors), B3.5.4 (TTBR0 and TTBR1), B3.6.1 (long descriptors),
 * B3.6.6 (regions), B3.7.1 (Tables B3-8 and B3-9: AP), B3.7.2 (XN, PXN, WXN, UWXN), B3.7.3 (domains),
 * B3.8.2 (Table B3-10: TEX, C, B), B3.13.3 (Tables B3-23 and B3-24: fault status).
 *
 *     void guest_arm_fuzz(const uint8_t *data, size_t size);
 */
#ifndef AXADDR_TESTS_GUEST_ARM_H
#define AXADDR_TESTS_GUEST_ARM_H

#include "../axaddr_arch/arm_guest.h"

#include "guest_arm_world.h"

WORLD_WALKS(a32, axaddr_arm_guest)

/* ---- the reference ---- */

static inline uint64_t a32_bits(uint64_t x, unsigned high, unsigned low) {
    return x << (63 - high) >> (63 - high + low);
}

static inline bool a32_bit(uint64_t x, unsigned at) {
    return a32_bits(x, at, at) == 1;
}

struct a32_ref {
    const struct axaddr_arm_guest_regime *regime;
    uint64_t va;
    uint32_t access;
    uint32_t how;
    unsigned number; /* of the world */
    bool is_long;
    /* what descriptors said so far */
    unsigned domain;
    bool is_xn, is_pxn, is_no_user, is_no_write;
    /* before an entry is read; 0 when it is only to be judged */
    void (*build)(struct a32_ref *ref, uint64_t slot, unsigned level);
    struct world_source *source;
    struct world_expect *expect;
};

/** Table B3-23 by the manual's level, and Table B3-24, whose level is in the last digits. */
static const struct a32_status {
    const char *name;
    uint32_t level1, level2, long0;
} a32_statuses[6] = {
    {"size", 0xff, 0xff, 0x00},   {"translation", 0x05, 0x07, 0x04}, {"flag", 0x03, 0x06, 0x08},
    {"domain", 0x09, 0x0b, 0xff}, {"permission", 0x0d, 0x0f, 0x0c},  {"external", 0x0c, 0x0e, 0x14},
};

static inline void a32_fault(struct a32_ref *ref, enum axaddr_guest_fault_kind kind,
                             const char *name, unsigned level) {
    const struct a32_status *status = a32_statuses;

    while (strcmp(status->name, name) != 0) {
        status++;
    }
    ref->expect->kind = kind;
    ref->expect->code = ref->is_long ? status->long0 + level
                        : level == 1 ? status->level1
                                     : status->level2;
    ref->expect->level = (ref->is_long ? 3 : 2) - level;
    ref->expect->result = AXADDR_WALK_INJECT;
}

/** The entry at `slot`, in the processor's order of bytes; false: there is none. */
static inline bool a32_fetch(struct a32_ref *ref, uint64_t slot, unsigned level, uint64_t *entry) {
    struct world_expect *expect = ref->expect;
    uint64_t raw;
    unsigned i;

    if (ref->build != 0) {
        ref->build(ref, slot, level);
    }
    if (!world_expect_entry(ref->number, slot, ref->how, false, expect)) {
        a32_fault(ref, AXADDR_GUEST_FAULT_TABLE, "external", level);
        expect->result = AXADDR_WALK_STAGE2;
        return false;
    }
    raw = world_load(ref->number, slot, expect->size);
    expect->slots[expect->count] = slot;
    expect->values[expect->count++] = raw;
    *entry = raw;
    if (a32_bit(ref->regime->sctlr, 25)) {
        *entry = 0;
        for (i = 0; i < expect->size; i++) {
            *entry = *entry << 8 | a32_bits(raw, 8 * i + 7, 8 * i);
        }
    }
    return true;
}

/** Table B3-8 (and B3-9, which is its odd lines): PL1's rights, then those of PL0. */
static inline const char *a32_rights(unsigned ap) {
    static const char *const rights[8] = {"----", "rw--", "rwr-", "rwrw",
                                          "----", "r---", "r-r-", "r-r-"};
    return rights[ap];
}

/**
 * The end, at an entry of `level` that maps 1 << shift bytes at `page`: what `ap` permits, or as the
 * manager of a domain, anything.
 */
static inline void a32_leaf(struct a32_ref *ref, uint64_t page, unsigned shift, unsigned level,
                            unsigned ap, bool is_manager, uint32_t memory) {
    struct world_expect *expect = ref->expect;
    const char *rights = a32_rights(ap);
    bool is_user = (ref->access & AXADDR_USER) != 0;
    const char *mine = is_user ? rights + 2 : rights;
    bool can_fetch = mine[0] == 'r' && !ref->is_xn;

    if (a32_bit(ref->regime->sctlr, 19) && mine[1] == 'w') { /* WXN */
        can_fetch = false;
    }
    if (!is_user && (ref->is_pxn || (a32_bit(ref->regime->sctlr, 20) && rights[3] == 'w'))) {
        can_fetch = false; /* UWXN */
    }
    expect->flags = rights[2] == 'r' ? AXADDR_USER : 0;
    expect->flags |= mine[0] == 'r' || is_manager ? AXADDR_READ : 0;
    expect->flags |= mine[1] == 'w' || is_manager ? AXADDR_WRITE : 0;
    expect->flags |= can_fetch || is_manager ? AXADDR_EXECUTE : 0;
    if ((ref->access & WORLD_ANY & ~expect->flags) != 0) {
        a32_fault(ref, AXADDR_GUEST_FAULT_DENIED, "permission", level);
        return;
    }
    expect->flags |= memory;
    expect->level = (ref->is_long ? 3 : 2) - level;
    expect->shift = shift;
    expect->gpa = page + ref->va % (UINT64_C(1) << shift);
    world_expect_page(ref->number, ref->access, ref->how, expect);
}

static inline bool a32_has_caches(const struct a32_ref *ref) {
    return a32_bit(ref->regime->sctlr, (ref->access & AXADDR_EXECUTE) != 0 ? 12 : 2);
}

/** Table B3-10 by TEX, C, B: device, uncached, or the other. With TRE PRRR and NMRR say it. */
static inline uint32_t a32_short_memory(const struct a32_ref *ref, unsigned tex, bool c, bool b) {
    static const char types[] = "dd..u...d.......u...............";
    unsigned remap = (tex & 1) << 2 | (c ? 2u : 0) | (b ? 1u : 0);
    char type = types[tex * 4 + (c ? 2 : 0) + (b ? 1 : 0)];

    if (a32_bit(ref->regime->sctlr, 28)) {
        uint32_t nmrr = ref->regime->nmrr;
        unsigned kind = (unsigned)a32_bits(ref->regime->prrr, 2 * remap + 1, 2 * remap);
        bool is_nc = a32_bits(nmrr, 2 * remap + 1, 2 * remap) == 0 &&
                     a32_bits(nmrr, 2 * remap + 17, 2 * remap + 16) == 0;

        type = kind == 0 || kind == 1 ? 'd' : is_nc ? 'u' : '.';
    }
    return type == 'd' ? AXADDR_DEVICE : type == 'u' || !a32_has_caches(ref) ? AXADDR_UNCACHED : 0;
}

/** The access flag, then the domain, then all else. */
static inline void a32_short_leaf(struct a32_ref *ref, uint64_t page, unsigned shift,
                                  unsigned level, unsigned ap, uint32_t memory) {
    unsigned role = (unsigned)a32_bits(ref->regime->dacr, 2 * ref->domain + 1, 2 * ref->domain);

    if (a32_bit(ref->regime->sctlr, 29) && ap % 2 == 0) {
        a32_fault(ref, AXADDR_GUEST_FAULT_ACCESSED, "flag", level);
    } else if (role == 0 || role == 2) {
        a32_fault(ref, AXADDR_GUEST_FAULT_DENIED, "domain", level);
    } else {
        a32_leaf(ref, page, shift, level, ap, role == 3, memory);
    }
}

static inline void a32_second(struct a32_ref *ref, uint64_t table) {
    unsigned ap;
    uint64_t entry;

    if (!a32_fetch(ref, table + 4 * a32_bits(ref->va, 19, 12), 2, &entry)) {
        return;
    }
    ap = (unsigned)(a32_bits(entry, 9, 9) * 4 + a32_bits(entry, 5, 4));
    switch (a32_bits(entry, 1, 0)) {
    case 0:
        a32_fault(ref, AXADDR_GUEST_FAULT_ABSENT, "translation", 2);
        break;
    case 1:
        ref->is_xn = a32_bit(entry, 15);
        a32_short_leaf(ref, a32_bits(entry, 31, 16) << 16, 16, 2, ap,
                       a32_short_memory(ref, (unsigned)a32_bits(entry, 14, 12), a32_bit(entry, 3),
                                        a32_bit(entry, 2)));
        break;
    default:
        ref->is_xn = a32_bit(entry, 0);
        a32_short_leaf(ref, a32_bits(entry, 31, 12) << 12, 12, 2, ap,
                       a32_short_memory(ref, (unsigned)a32_bits(entry, 8, 6), a32_bit(entry, 3),
                                        a32_bit(entry, 2)));
    }
}

static inline void a32_first(struct a32_ref *ref, uint64_t table) {
    uint64_t entry, page;
    uint32_t memory;
    unsigned ap;

    if (!a32_fetch(ref, table + 4 * a32_bits(ref->va, 31, 20), 1, &entry)) {
        return;
    }
    switch (a32_bits(entry, 1, 0)) {
    case 0:
        a32_fault(ref, AXADDR_GUEST_FAULT_ABSENT, "translation", 1);
        return;
    case 1:
        ref->domain = (unsigned)a32_bits(entry, 8, 5);
        ref->is_pxn = a32_bit(entry, 2);
        a32_second(ref, a32_bits(entry, 31, 10) << 10);
        return;
    default:
        break;
    }
    ref->is_pxn = a32_bit(entry, 0);
    ref->is_xn = a32_bit(entry, 4);
    ap = (unsigned)(a32_bits(entry, 15, 15) * 4 + a32_bits(entry, 11, 10));
    memory = a32_short_memory(ref, (unsigned)a32_bits(entry, 14, 12), a32_bit(entry, 3),
                              a32_bit(entry, 2));
    if (a32_bit(entry, 18)) {
        page = a32_bits(entry, 8, 5) << 36 | a32_bits(entry, 23, 20) << 32 |
               a32_bits(entry, 31, 24) << 24;
        ref->domain = 0;
        a32_short_leaf(ref, page, 24, 1, ap, memory);
    } else {
        ref->domain = (unsigned)a32_bits(entry, 8, 5);
        a32_short_leaf(ref, a32_bits(entry, 31, 20) << 20, 20, 1, ap, memory);
    }
}

/** B3.5.4: TTBCR.N is how many bits of an address have to be 0 for TTBR0. */
static inline void a32_short(struct a32_ref *ref) {
    unsigned n = (unsigned)a32_bits(ref->regime->ttbcr, 2, 0);
    uint64_t limit = UINT64_C(0x100000000) >> n;

    ref->expect->size = 4;
    if (ref->va >> 32 != 0) {
        a32_fault(ref, AXADDR_GUEST_FAULT_RANGE, "translation", 1);
    } else if (a32_bit(ref->regime->ttbcr, ref->va < limit ? 4 : 5)) {
        a32_fault(ref, AXADDR_GUEST_FAULT_ABSENT, "translation", 1);
    } else if (ref->va < limit) {
        a32_first(ref, a32_bits(ref->regime->ttbr0, 31, 14 - n) << (14 - n));
    } else {
        a32_first(ref, a32_bits(ref->regime->ttbr1, 31, 14) << 14);
    }
}

/** A level of long descriptors: the address bits high to 12 + 9 * (3 - level) choose. */
static inline void a32_long_level(struct a32_ref *ref, uint64_t table, unsigned level,
                                  unsigned high) {
    static const unsigned lows[4] = {39, 30, 21, 12};
    unsigned low = lows[level];
    uint64_t entry, attribute;
    unsigned ap, index;

    if (!a32_fetch(ref, table + 8 * a32_bits(ref->va, high, low), level, &entry)) {
        return;
    }
    if (!a32_bit(entry, 0)) {
        a32_fault(ref, AXADDR_GUEST_FAULT_ABSENT, "translation", level);
    } else if (level == 3 && !a32_bit(entry, 1)) {
        a32_fault(ref, AXADDR_GUEST_FAULT_RESERVED, "translation", level);
    } else if (ref->regime->is_armv8 && a32_bits(entry, 47, 40) != 0) {
        a32_fault(ref, AXADDR_GUEST_FAULT_ADDRESS_SIZE, "size", level);
    } else if (level < 3 && a32_bit(entry, 1)) {
        ref->is_no_write = ref->is_no_write || a32_bit(entry, 62);
        ref->is_no_user = ref->is_no_user || a32_bit(entry, 61);
        ref->is_xn = ref->is_xn || a32_bit(entry, 60);
        ref->is_pxn = ref->is_pxn || a32_bit(entry, 59);
        a32_long_level(ref, a32_bits(entry, 39, 12) << 12, level + 1, low - 1);
    } else if (!a32_bit(entry, 10)) {
        a32_fault(ref, AXADDR_GUEST_FAULT_ACCESSED, "flag", level);
    } else {
        ref->is_xn = ref->is_xn || a32_bit(entry, 54);
        ref->is_pxn = ref->is_pxn || a32_bit(entry, 53);
        ap = 1;
        ap += a32_bit(entry, 6) && !ref->is_no_user ? 2 : 0;
        ap += a32_bit(entry, 7) || ref->is_no_write ? 4 : 0;
        index = (unsigned)a32_bits(entry, 4, 2);
        attribute = (uint64_t)ref->regime->nmrr << 32 | ref->regime->prrr;
        attribute = a32_bits(attribute, 8 * index + 7, 8 * index);
        a32_leaf(ref, a32_bits(entry, 39, low) << low, low, level, ap, false,
                 attribute < 16                                                   ? AXADDR_DEVICE
                 : attribute == 0x44 || attribute == 0x40 || !a32_has_caches(ref) ? AXADDR_UNCACHED
                                                                                  : 0);
    }
}

/** B3.6.6, the use of TTBR0 and TTBR1: by the lengths of the two regions. */
static inline void a32_long(struct a32_ref *ref) {
    uint64_t ttbcr = ref->regime->ttbcr;
    unsigned t0 = (unsigned)a32_bits(ttbcr, 2, 0);
    unsigned t1 = (unsigned)a32_bits(ttbcr, 18, 16);
    uint64_t first_end = UINT64_C(0x100000000) >> t0;
    uint64_t second = t1 != 0   ? UINT64_C(0x100000000) - (UINT64_C(0x100000000) >> t1)
                      : t0 != 0 ? first_end
                                : UINT64_C(0x100000000);
    bool is_second = ref->va >= second;
    unsigned t = is_second ? t1 : t0;
    uint64_t ttbr = is_second ? ref->regime->ttbr1 : ref->regime->ttbr0;
    uint64_t size = t < 2 ? UINT64_C(32) >> t : UINT64_C(16384) >> t; /* the root's, in bytes */

    ref->expect->size = 8;
    if (ref->va >> 32 != 0 || (!is_second && ref->va >= first_end)) {
        a32_fault(ref, AXADDR_GUEST_FAULT_RANGE, "translation", 1);
    } else if (a32_bit(ttbcr, is_second ? 23 : 7)) {
        a32_fault(ref, AXADDR_GUEST_FAULT_ABSENT, "translation", 1);
    } else if (ref->regime->is_armv8 && a32_bits(ttbr, 47, 40) != 0) {
        a32_fault(ref, AXADDR_GUEST_FAULT_ADDRESS_SIZE, "size", 0);
    } else {
        a32_long_level(ref, a32_bits(ttbr, 39, 3) * 8 / size * size, t < 2 ? 1 : 2, 31 - t);
    }
}

/** All of it. What is to come is in *ref->expect afterwards. */
AXADDR_UNUSED static void a32_reference(struct a32_ref *ref) {
    struct world_expect *expect = ref->expect;

    memset(expect, 0, sizeof(*expect));
    ref->is_long = a32_bit(ref->regime->ttbcr, 31);
    ref->is_xn = ref->is_pxn = ref->is_no_user = ref->is_no_write = false;
    if (!a32_bit(ref->regime->sctlr, 0) && ref->va >> 32 == 0) {
        expect->flags = WORLD_ANY | AXADDR_USER;
        if ((ref->access & AXADDR_EXECUTE) == 0) {
            expect->flags |= AXADDR_DEVICE;
        } else if (!a32_bit(ref->regime->sctlr, 12)) {
            expect->flags |= AXADDR_UNCACHED;
        }
        expect->gpa = ref->va;
        expect->shift = 32;
        expect->level = 0;
        world_expect_page(ref->number, ref->access, ref->how, expect);
    } else if (ref->is_long) {
        a32_long(ref);
    } else {
        a32_short(ref);
    }
}

/* ---- cases ---- */

/** What the cases came to, so that a test can ask for all of it. */
static struct {
    uint64_t walks;
    uint64_t ok[2][3];     /* short, long: by level */
    uint64_t shifts[64];   /* of leaves */
    uint64_t codes[2][64]; /* of INJECT: short, long */
    uint64_t kinds[8];     /* of INJECT */
    uint64_t stage2[2][6]; /* of the page, of a table: by enum axaddr_fault */
    uint64_t off, upper, swapped, managed;
} a32_counts;

static void a32_build(struct a32_ref *ref, uint64_t slot, unsigned level) {
    struct world_source *source = ref->source;
    unsigned what = world_byte(source);
    uint64_t bits = world_word(source);
    uint64_t address = world_address(source);
    uint64_t entry = bits;
    unsigned i;

    if ((what & 0x1f) == 0x1e) {
        return; /* what is there */
    }
    if (ref->is_long && (what & 0x1f) != 0x1f) {
        entry = (address & UINT64_C(0xfffffff000)) | (bits & 0xdc) | 1;
        entry |= level == 3 || (what & 1) != 0 ? 2 : 0;
        entry |= (what & 0x06) != 0 ? 1u << 10 : 0;
        entry |= (what & 0x60) == 0 ? bits & UINT64_C(0x7860000000000000) : 0;
        entry |= (what & 0xe0) == 0xe0 ? bits & UINT64_C(0x0000ff0000000000) : 0;
        entry ^= (what & 0x1f) == 0x1d ? bits >> 8 & 3 : 0;
    } else if (!ref->is_long && (what & 0x1f) != 0x1f) {
        if (level == 2) {
            entry = (address & 0xfffff000) | (bits & 0xfff);
            entry |= (what & 0x06) != 0 ? 2 : 1;
        } else if ((what & 0x06) != 0) {
            entry = (address & 0xfffffc00) | (bits & 0x1fc) | 1;
        } else { /* a section, or a supersection */
            entry = (address & 0xfff00000) | (bits & 0x3ffff) | 2;
            entry |= (what & 0x60) == 0 ? 0x40000 : 0;
            entry &= (what & 0xe0) == 0 ? ~UINT64_C(0xf001e0) : ~UINT64_C(0);
        }
    }
    if (a32_bit(ref->regime->sctlr, 25)) {
        bits = entry;
        entry = 0;
        for (i = 0; i < ref->expect->size; i++) {
            entry = entry << 8 | (bits >> (8 * i) & 0xff);
        }
    }
    world_store(ref->number, slot, entry, ref->expect->size);
}

static void a32_registers(struct world_source *source, struct axaddr_arm_guest_regime *regime) {
    unsigned what = world_byte(source);
    unsigned more = world_byte(source);
    unsigned turned = world_byte(source);

    regime->sctlr = UINT32_C(0x1005);
    regime->ttbcr = (what & 1) != 0 ? UINT32_C(0x80000000) : 0;
    regime->ttbcr |= (what & 2) != 0 ? world_byte(source) & 7 : 0;
    regime->ttbcr |= (what & 4) != 0 ? (world_byte(source) & 7u) << 16 : 0;
    regime->ttbcr ^= (what & 0x38) == 0 ? (world_byte(source) & 3u) << 4 : 0;   /* PD */
    regime->ttbcr ^= (what & 0x38) == 8 ? (world_byte(source) & 1u) << 7 : 0;   /* EPD0 */
    regime->ttbcr ^= (what & 0x38) == 16 ? (world_byte(source) & 1u) << 23 : 0; /* EPD1 */
    regime->is_armv8 = (what & 0x40) != 0;
    regime->dacr = (more & 3) == 0 ? (uint32_t)world_word(source) : UINT32_C(0x55557555);
    regime->prrr = (more & 4) != 0 ? (uint32_t)world_word(source) : UINT32_C(0x004404ff);
    regime->nmrr = (more & 4) != 0 ? (uint32_t)world_word(source) : UINT32_C(0x44e048e0);
    regime->ttbr0 = world_address(source) & UINT64_C(0x00ff80ffffffffff);
    regime->ttbr1 = world_address(source) & UINT64_C(0x00ff80ffffffffff);
    regime->sctlr |= (more & 8) != 0 ? AXADDR_ARM_GUEST_AFE : 0;
    regime->sctlr |= (more & 0x30) == 0 ? AXADDR_ARM_GUEST_WXN : 0;
    regime->sctlr |= (more & 0x30) == 0x10 ? AXADDR_ARM_GUEST_UWXN : 0;
    regime->sctlr |= (more & 0xc0) == 0 ? AXADDR_ARM_GUEST_EE : 0;
    regime->sctlr |= (more & 0xc0) == 0x40 ? AXADDR_ARM_GUEST_TRE : 0;
    if (turned >= 0xc0) {
        regime->sctlr ^= UINT32_C(1) << (turned & 31);
        regime->ttbcr ^= UINT32_C(1) << (world_byte(source) & 31);
    } else if (turned < 8) {
        regime->sctlr ^= 1;
    }
}

static void a32_count(const struct a32_ref *ref) {
    const struct world_expect *expect = ref->expect;
    bool is_on = a32_bit(ref->regime->sctlr, 0);
    bool is_ok = is_on && expect->result == AXADDR_WALK_OK;

    a32_counts.walks++;
    a32_counts.off += !is_on;
    a32_counts.upper += is_ok && ref->va >= UINT64_C(0x80000000);
    a32_counts.swapped += is_ok && a32_bit(ref->regime->sctlr, 25);
    if (expect->result == AXADDR_WALK_STAGE2) {
        a32_counts.stage2[expect->is_table][expect->stage2]++;
    } else if (expect->result == AXADDR_WALK_INJECT) {
        a32_counts.kinds[expect->kind]++;
        a32_counts.codes[ref->is_long][expect->code]++;
    } else if (is_on) {
        a32_counts.ok[ref->is_long][expect->level]++;
        a32_counts.shifts[expect->shift]++;
        a32_counts.managed +=
            !ref->is_long && a32_bits(ref->regime->dacr, 2 * ref->domain + 1, 2 * ref->domain) == 3;
    }
}

/** One case: registers, tables and a few walks made of bytes. What was wrong, or 0. */
AXADDR_UNUSED static const char *a32_case(const uint8_t *data, size_t size) {
    struct axaddr_arm_guest_regime regime;
    struct world_source source = {data, size};
    struct world_expect expect;
    struct a32_ref ref;
    const char *wrong = 0;
    unsigned rounds = 4;
    unsigned what;

    memset(&ref, 0, sizeof(ref));
    ref.number = world_byte(&source) % WORLD_COUNT;
    if (world_get(ref.number) == 0) {
        return "no world";
    }
    world_reset(ref.number);
    a32_registers(&source, &regime);
    ref.regime = &regime;
    ref.source = &source;
    ref.expect = &expect;
    what = world_byte(&source);
    ref.va = (world_address(&source) + (world_word(&source) & 0xfff)) & UINT32_MAX;
    ref.va |= (what & 3) == 0 ? UINT64_C(0xffe00000) : 0;
    ref.va ^= (what & 0x0c) == 0 ? (uint64_t)world_byte(&source) << 24 : 0;
    ref.va ^= (what & 0xf0) == 0 ? (uint64_t)world_byte(&source) << 32 : 0;
    ref.access = world_access(&source);
    ref.build = a32_build;
    a32_reference(&ref);
    ref.build = 0;
    while (wrong == 0 && rounds-- > 0) {
        struct axaddr_guest_page page;
        enum axaddr_walk_result result;

        ref.how = world_how(&source);
        a32_reference(&ref);
        result = a32_walk(ref.number, &regime, ref.va, ref.access, ref.how, &page);
        a32_count(&ref);
        wrong = world_compare(ref.number, &expect, result, &page);
        ref.access = world_access(&source);
        ref.va ^= world_byte(&source);
    }
    return wrong;
}

/** For a fuzzer: a case for each 128 bytes. */
AXADDR_UNUSED static void guest_arm_fuzz(const uint8_t *data, size_t size) {
    while (size > 0) {
        size_t part = size < 128 ? size : 128;
        const char *wrong = a32_case(data, part);

        if (wrong != 0) {
            printf("guest_arm: %s differs\n", wrong);
            abort();
        }
        data += part;
        size -= part;
    }
}

#endif /* AXADDR_TESTS_GUEST_ARM_H */
