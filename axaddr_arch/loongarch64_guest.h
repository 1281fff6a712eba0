/* SPDX-License-Identifier: MIT
 *
 * loongarch64_guest.h: a LoongArch64 guest's own tables, for axaddr_core/guest_walk.h.
 *
 *     AXADDR_DEFINE_VM(vm, my_format, my_hal);
 *     AXADDR_DEFINE_GUEST_WALK(vm_guest, vm, axaddr_loongarch64_guest);
 *
 *     result = vm_guest_walk(&guest, &regime, axaddr_gva(badv), access, how, &page);
 *
 * Manual: LoongArch Reference Manual, Volume 1: Basic Architecture: 4.2.5 LDDIR and LDPTE, 5.2
 * address translation modes, 5.3 memory access types, 5.4 page table mapping, 7.4.1 CRMD, 7.4.4
 * MISC, 7.5 registers of address translation.
 *
 * The machine asks in this order:
 *   CRMD.DA 1, PG 0   direct: the address is physical, its bits above PALEN are dropped; type DATF
 *                     or DATM. Nothing is denied. (DA and PG alike is undefined; here it is as
 *                     with DA 0 and PG 1.)
 *   DMW0 to DMW3      a window whose VSEG is bits 63:60, enabled for the PLV: bits PALEN-1:0 are
 *                     physical. Windows 2 and 3 are for loads and stores only. The first that is
 *                     hit counts.
 *   else the tables   bits above VALEN - RDVA must be a sign extension, or it is ADEF, ADEM; the
 *                     root is PGDL, or PGDH for the upper half.
 *
 * The refill of the TLB is the guest's software. This is what one does that uses LDDIR for each
 * directory that PWCL and PWCH give a width, from Dir4 (our level 4) down to Dir1 (level 1), and
 * then LDPTE (level 0). Bits of table addresses above PALEN and below 12 are dropped. A directory's
 * entry has no valid bit: without H (bit 6) it is an address, be it 0. With H it is a huge page;
 * LDPTE makes it as large as an entry of Dir1 reaches, wherever it stood. With has_huge_levels (LDDIR
 * of later processors) it has the size that its place says, or bits 14:13 if they are not 0.
 *
 *     63   62 61 60 48 47                12 11 9  8 7 6 5 4 3 2 1 0
 *    |RPLV|NX|NR|     |   output address   |     |W|P|G|MAT|PLV|D|V|   a page; huge: G is bit 12
 *
 * fault.code is ESTAT.Ecode, and EsubCode above it: ESTAT bits 30:16.
 *
 *                               fetch       load       store
 *     V 0                       PIF 3       PIL 1      PIS 2
 *     PLV, RPLV                 PPI 7       PPI 7      PPI 7       then
 *     NX, NR, D                 PNX 6       PNR 5      PME 4       D also lets DWPL0 to DWPL2 pass
 *     an illegal address        ADEF 0x8    ADEM 0x48  ADEM 0x48
 *     an entry is not memory    PIF 3       PIL 1      PIS 2       STAGE2 and is_table
 *
 * The last one is a choice, as LDDIR has no fault for it: it is as if the page were invalid. READ |
 * WRITE (an atomic) is a store that has to be readable, too. Without READ, WRITE and EXECUTE the
 * walk asks what is there, as a load that nothing is denied but V. The machine sets no bits itself:
 * D is a right, and walk->update never differs.
 *
 * PLV: AXADDR_USER is PLV 3; without it the access is that of CRMD.PLV, or of PLV 0 if that is 3.
 * USER of a page says that PLV 3 may reach it. MAT 0 is DEVICE, 2 UNCACHED; 3, reserved, is DEVICE.
 *
 * Out of scope: LA32; 32-bit address mode (MISC.VA32L1 to 3: the address given is what it was
 * extended to); alignment; pages smaller than 4 KiB, which no processor has (their size is 4 KiB);
 * ASIDs and what a TLB may still hold.
 */
#ifndef AXADDR_ARCH_LOONGARCH64_GUEST_H
#define AXADDR_ARCH_LOONGARCH64_GUEST_H

#include "../axaddr_core/guest_format.h"
#include "loongarch64.h"
#include "loongarch64_switch.h"

/** What a guest's walk goes by; registers as the guest (or its VMM's vCPU) has them. */
struct axaddr_loongarch64_guest_regime {
    uint64_t crmd;        /**< CSR 0x0: PLV, DA, PG, DATF, DATM */
    uint64_t misc;        /**< CSR 0x3: DWPL0 to DWPL2, bits 18:16 */
    uint64_t rvacfg;      /**< CSR 0x1f: RDVA, bits 3:0 (above 8: as 8) */
    uint64_t pgdl;        /**< CSR 0x19 */
    uint64_t pgdh;        /**< CSR 0x1a */
    uint64_t pwcl;        /**< CSR 0x1c: PT, Dir1, Dir2, PTEWidth */
    uint64_t pwch;        /**< CSR 0x1d: Dir3, Dir4 */
    uint64_t dmw[4];      /**< CSR 0x180 to 0x183 */
    uint32_t cpucfg1;     /**< CPUCFG word 1: PALEN, VALEN; RI, EP, RPLV: of NR, NX, RPLV */
    bool has_huge_levels; /**< LDDIR tells LDPTE how large a huge page is */
};

#define AXADDR_LOONGARCH64_RPLV         (UINT64_C(1) << 63)
/** ADEM is ADE with EsubCode 1, ADEF with 0. */
#define AXADDR_LOONGARCH64_ADEM         (AXADDR_LOONGARCH64_ADE | 1u << 6)
/** CPUCFG word 1 */
#define AXADDR_LOONGARCH64_CPUCFG1_RI   (UINT32_C(1) << 21)
#define AXADDR_LOONGARCH64_CPUCFG1_EP   (UINT32_C(1) << 22)
#define AXADDR_LOONGARCH64_CPUCFG1_RPLV (UINT32_C(1) << 23)

/* ---- faults ---- */

AXADDR_ALWAYS_INLINE enum axaddr_guest_step
axaddr_loongarch64_guest_fault(struct axaddr_guest_walk *walk, enum axaddr_guest_fault_kind kind,
                               uint32_t code) {
    walk->fault.kind = kind;
    walk->fault.code = code;
    return AXADDR_GUEST_FAULT;
}

/** PIL, PIS or PIF. */
AXADDR_ALWAYS_INLINE uint32_t axaddr_loongarch64_guest_invalid(uint32_t access) {
    if ((access & AXADDR_WRITE) != 0) {
        return AXADDR_LOONGARCH64_PIS;
    }
    return (access & AXADDR_EXECUTE) != 0 ? AXADDR_LOONGARCH64_PIF : AXADDR_LOONGARCH64_PIL;
}

static inline void axaddr_loongarch64_guest_blocked(const void *regime,
                                                    struct axaddr_guest_walk *walk) {
    (void)regime;
    (void)axaddr_loongarch64_guest_fault(walk, AXADDR_GUEST_FAULT_TABLE,
                                         axaddr_loongarch64_guest_invalid(walk->access));
}

/* ---- registers ---- */

/** Bits of a physical address: at most 60 (5.1). */
AXADDR_ALWAYS_INLINE unsigned
axaddr_loongarch64_guest_palen(const struct axaddr_loongarch64_guest_regime *regime) {
    unsigned bits = (regime->cpucfg1 >> 4 & 0xff) + 1;

    return bits < 60 ? bits : 60;
}

/** Bits of a virtual address (5.2.3). */
AXADDR_ALWAYS_INLINE unsigned
axaddr_loongarch64_guest_valen(const struct axaddr_loongarch64_guest_regime *regime) {
    unsigned bits = (regime->cpucfg1 >> 12 & 0xff) + 1;
    unsigned reduction = (unsigned)regime->rvacfg & 0xf;

    bits = bits < 64 ? bits : 64;
    reduction = reduction < 8 ? reduction : 8;
    return bits > reduction ? bits - reduction : 1;
}

AXADDR_ALWAYS_INLINE unsigned
axaddr_loongarch64_guest_plv(const struct axaddr_loongarch64_guest_regime *regime,
                             uint32_t access) {
    unsigned plv = (unsigned)regime->crmd & 3;

    if ((access & AXADDR_USER) != 0) {
        return 3;
    }
    return plv == 3 ? 0 : plv;
}

/** Where the bits of an address that index a table begin: PT 0, Dir1 to Dir4. */
AXADDR_ALWAYS_INLINE unsigned
axaddr_loongarch64_guest_base(const struct axaddr_loongarch64_guest_regime *regime,
                              unsigned level) {
    return level < 3 ? (unsigned)(regime->pwcl >> 10 * level) & 0x1f
                     : (unsigned)(regime->pwch >> 12 * (level - 3)) & 0x3f;
}

/** How many they are; a directory with none is passed over. */
AXADDR_ALWAYS_INLINE unsigned
axaddr_loongarch64_guest_width(const struct axaddr_loongarch64_guest_regime *regime,
                               unsigned level) {
    return level < 3 ? (unsigned)(regime->pwcl >> (10 * level + 5)) & 0x1f
                     : (unsigned)(regime->pwch >> (12 * (level - 3) + 6)) & 0x3f;
}

/** The next directory below `level`; 0, the page table, if there is none. */
AXADDR_ALWAYS_INLINE unsigned
axaddr_loongarch64_guest_below(const struct axaddr_loongarch64_guest_regime *regime,
                               unsigned level) {
    do {
        level--;
    } while (level > 0 && axaddr_loongarch64_guest_width(regime, level) == 0);
    return level;
}

/** MAT, as flags. */
AXADDR_ALWAYS_INLINE uint32_t axaddr_loongarch64_guest_type(uint64_t type) {
    switch (type & 3) {
    case 1:
        return 0;
    case 2:
        return AXADDR_UNCACHED;
    default:
        return AXADDR_DEVICE;
    }
}

/* ---- where the tables begin ---- */

/** An address that is its low bits: the second stage's leaf decides the size. */
AXADDR_ALWAYS_INLINE enum axaddr_guest_step
axaddr_loongarch64_guest_direct(const struct axaddr_loongarch64_guest_regime *regime,
                                struct axaddr_guest_walk *walk, uint32_t flags, uint64_t type) {
    walk->shift = axaddr_loongarch64_guest_palen(regime);
    walk->page = 0;
    walk->flags = flags | axaddr_loongarch64_guest_type(type);
    return AXADDR_GUEST_LEAF;
}

/** Go on at the entry of `level` in the table at `table`. */
AXADDR_ALWAYS_INLINE enum axaddr_guest_step
axaddr_loongarch64_guest_table(const struct axaddr_loongarch64_guest_regime *regime,
                               struct axaddr_guest_walk *walk, uint64_t table, unsigned level) {
    unsigned entry_shift = 3 + (unsigned)(regime->pwcl >> 30 & 3); /* PTEWidth */
    uint64_t index = walk->address >> axaddr_loongarch64_guest_base(regime, level) &
                     axaddr_low_bits(axaddr_loongarch64_guest_width(regime, level));

    walk->level = level;
    walk->entry_shift = 3;
    walk->slot = ((table & ~UINT64_C(0xfff)) | index << entry_shift) &
                 axaddr_low_bits(axaddr_loongarch64_guest_palen(regime)) & ~UINT64_C(7);
    return AXADDR_GUEST_TABLE;
}

static inline enum axaddr_guest_step
axaddr_loongarch64_guest_begin(const void *regime, struct axaddr_guest_walk *walk) {
    const struct axaddr_loongarch64_guest_regime *registers =
        (const struct axaddr_loongarch64_guest_regime *)regime;
    bool is_fetch = (walk->access & AXADDR_EXECUTE) != 0;
    unsigned plv = axaddr_loongarch64_guest_plv(registers, walk->access);
    unsigned valen = axaddr_loongarch64_guest_valen(registers);
    uint64_t sign = walk->address >> (valen - 1);
    uint64_t mode = registers->crmd & (AXADDR_LOONGARCH64_CRMD_DA | AXADDR_LOONGARCH64_CRMD_PG);
    unsigned i;

    if (mode == AXADDR_LOONGARCH64_CRMD_DA) {
        return axaddr_loongarch64_guest_direct(registers, walk, AXADDR_ACCESS_FLAGS | AXADDR_USER,
                                               registers->crmd >> (is_fetch ? 5 : 7));
    }
    for (i = 0; i < (is_fetch ? 2u : 4u); i++) {
        uint64_t window = registers->dmw[i];

        if (window >> 60 == walk->address >> 60 && (window >> plv & 1) != 0) {
            return axaddr_loongarch64_guest_direct(registers, walk,
                                                   AXADDR_READ | AXADDR_WRITE |
                                                       (i < 2 ? AXADDR_EXECUTE : 0) |
                                                       ((window & 8) != 0 ? AXADDR_USER : 0),
                                                   window >> 4);
        }
    }
    if (sign != 0 && sign != axaddr_low_bits(65 - valen)) {
        return axaddr_loongarch64_guest_fault(walk, AXADDR_GUEST_FAULT_RANGE,
                                              is_fetch ? (uint32_t)AXADDR_LOONGARCH64_ADE
                                                       : AXADDR_LOONGARCH64_ADEM);
    }
    return axaddr_loongarch64_guest_table(registers, walk,
                                          sign == 0 ? registers->pgdl : registers->pgdh,
                                          axaddr_loongarch64_guest_below(registers, 5));
}

/* ---- entries ---- */

/** Log2 of the bytes that a leaf at walk->level maps. */
AXADDR_ALWAYS_INLINE unsigned
axaddr_loongarch64_guest_shift(const struct axaddr_loongarch64_guest_regime *regime, unsigned level,
                               uint64_t leaf) {
    unsigned shift = axaddr_loongarch64_guest_base(regime, 0);

    if (level > 0) {
        unsigned from = 0;

        if (regime->has_huge_levels) {
            from = (unsigned)(leaf >> 13) & 3;
            from = from != 0 ? from : axaddr_loongarch64_guest_below(regime, level);
        }
        shift = axaddr_loongarch64_guest_base(regime, from) +
                axaddr_loongarch64_guest_width(regime, from);
    }
    if (shift < 12) {
        return 12;
    }
    return shift < 63 ? shift : 63;
}

/** Whether a PLV may access what a leaf maps. */
AXADDR_ALWAYS_INLINE bool
axaddr_loongarch64_guest_admits(const struct axaddr_loongarch64_guest_regime *regime, unsigned plv,
                                uint64_t leaf) {
    unsigned least = (unsigned)(leaf >> 2) & 3;
    bool is_restricted = (leaf & AXADDR_LOONGARCH64_RPLV) != 0 &&
                         (regime->cpucfg1 & AXADDR_LOONGARCH64_CPUCFG1_RPLV) != 0;

    return is_restricted ? plv == least : plv <= least;
}

/** What a PLV that it admits may do there. */
AXADDR_ALWAYS_INLINE uint32_t axaddr_loongarch64_guest_rights(
    const struct axaddr_loongarch64_guest_regime *regime, unsigned plv, uint64_t leaf) {
    bool is_unprotected = plv < 3 && (regime->misc >> (16 + plv) & 1) != 0;
    uint32_t rights = 0;

    if ((leaf & AXADDR_LOONGARCH64_NR) == 0 ||
        (regime->cpucfg1 & AXADDR_LOONGARCH64_CPUCFG1_RI) == 0) {
        rights |= AXADDR_READ;
    }
    if ((leaf & AXADDR_LOONGARCH64_DIRTY) != 0 || is_unprotected) {
        rights |= AXADDR_WRITE;
    }
    if ((leaf & AXADDR_LOONGARCH64_NX) == 0 ||
        (regime->cpucfg1 & AXADDR_LOONGARCH64_CPUCFG1_EP) == 0) {
        rights |= AXADDR_EXECUTE;
    }
    return rights;
}

/** The exception of an access that lacks rights: PPI if it was not admitted. */
AXADDR_ALWAYS_INLINE uint32_t axaddr_loongarch64_guest_denial(uint32_t lacking, bool is_admitted) {
    if (!is_admitted) {
        return AXADDR_LOONGARCH64_PPI;
    }
    if ((lacking & AXADDR_WRITE) != 0) {
        return AXADDR_LOONGARCH64_PME;
    }
    return (lacking & AXADDR_READ) != 0 ? AXADDR_LOONGARCH64_PNR : AXADDR_LOONGARCH64_PNX;
}

/** "TLB-based translation", 5.4.4: what a pair in the TLB would say. */
AXADDR_ALWAYS_INLINE enum axaddr_guest_step
axaddr_loongarch64_guest_leaf(const struct axaddr_loongarch64_guest_regime *regime,
                              struct axaddr_guest_walk *walk, uint64_t leaf) {
    unsigned plv = axaddr_loongarch64_guest_plv(regime, walk->access);
    bool is_admitted = axaddr_loongarch64_guest_admits(regime, plv, leaf);
    uint32_t rights = is_admitted ? axaddr_loongarch64_guest_rights(regime, plv, leaf) : 0;
    uint32_t lacking = walk->access & AXADDR_ACCESS_FLAGS & ~rights;

    if ((leaf & AXADDR_LOONGARCH64_VALID) == 0) {
        return axaddr_loongarch64_guest_fault(walk, AXADDR_GUEST_FAULT_ABSENT,
                                              axaddr_loongarch64_guest_invalid(walk->access));
    }
    if (lacking != 0) {
        return axaddr_loongarch64_guest_fault(
            walk, AXADDR_GUEST_FAULT_DENIED, axaddr_loongarch64_guest_denial(lacking, is_admitted));
    }
    walk->shift = axaddr_loongarch64_guest_shift(regime, walk->level, leaf);
    if (walk->level > 0) { /* G, and the level, are no part of the address */
        leaf &= regime->has_huge_levels ? ~UINT64_C(0x7000) : ~AXADDR_LOONGARCH64_HUGE_GLOBAL;
    }
    walk->page = leaf & axaddr_low_bits(axaddr_loongarch64_guest_palen(regime)) &
                 ~axaddr_low_bits(walk->shift);
    walk->flags = rights | axaddr_loongarch64_guest_type(leaf >> 4) |
                  ((leaf & AXADDR_LOONGARCH64_PLV3) == AXADDR_LOONGARCH64_PLV3 ? AXADDR_USER : 0);
    return AXADDR_GUEST_LEAF;
}

static inline enum axaddr_guest_step
axaddr_loongarch64_guest_step(const void *regime, struct axaddr_guest_walk *walk, uint64_t entry) {
    const struct axaddr_loongarch64_guest_regime *registers =
        (const struct axaddr_loongarch64_guest_regime *)regime;

    if (walk->level == 0 || (entry & AXADDR_LOONGARCH64_HUGE) != 0) {
        return axaddr_loongarch64_guest_leaf(registers, walk, entry);
    }
    return axaddr_loongarch64_guest_table(registers, walk, entry,
                                          axaddr_loongarch64_guest_below(registers, walk->level));
}

/** LoongArch64: direct, by windows, and by tables. */
AXADDR_UNUSED static const struct axaddr_guest_format axaddr_loongarch64_guest = {
    .name = "loongarch64",
    .begin = axaddr_loongarch64_guest_begin,
    .step = axaddr_loongarch64_guest_step,
    .blocked = axaddr_loongarch64_guest_blocked,
};

#endif /* AXADDR_ARCH_LOONGARCH64_GUEST_H */
