/* SPDX-License-Identifier: MIT
 *
 * arm_guest.h: a 32-bit Arm guest's own stage 1, the PL1&0 regime, as guest_walk.h walks it: short
 * descriptors (TTBCR.EAE 0) with sections, supersections, large and small pages and domains, and long
 * ones (EAE 1).
 *
 * Manual: ARM DDI 0406C: B3.5 short descriptors, B3.6 long descriptors, B3.7 memory access control,
 * B3.8 memory attributes, B3.13.3 fault status, B3.19 pseudocode (TranslationTableWalkSD, LD), B4.1
 * registers. AArch32 of ARM DDI 0487 (G5, J1.2) is alike but for what is_armv8 says.
 *
 *     struct axaddr_arm_guest_regime regime = {sctlr, ttbcr, dacr, prrr, nmrr, false, ttbr0, ttbr1};
 *     AXADDR_DEFINE_GUEST_WALK(vm_arm, vm, axaddr_arm_guest);
 *     result = vm_arm_walk(&guest, &regime, axaddr_gva(dfar), AXADDR_WRITE | AXADDR_USER, 0, &page);
 *
 * fault.code is the fault status. With short descriptors FS[4:0], which goes to bits 10 and 3:0 of
 * DFSR or IFSR; with long ones STATUS, bits 5:0 beside bit 9, which is set. `L`: the manual's level.
 *
 *     fault.kind      when                                             short: L 1, 2    long
 *     ABSENT          0b00, or bit 0 clear; PD0, PD1, EPD0, EPD1        0x05, 0x07     0b0001LL
 *     RESERVED        long: 0b01 at level 3                                -           0b0001LL
 *     RANGE           neither TTBR0 nor TTBR1 is for the address (L 1)     -           0b0001LL
 *                     bits above 31 (L 1)                               0x05           0b000101
 *     ADDRESS_SIZE    with is_armv8: address bits 47:40 (root: L 0)        -           0b0000LL
 *     ACCESSED        AFE and AP[0] clear; AF clear                     0x03, 0x06     0b0010LL
 *     DENIED          the domain is not to be accessed                  0x09, 0x0b        -
 *     DENIED          it is not permitted                               0x0d, 0x0f     0b0011LL
 *     TABLE           the entry's own address leads nowhere             0x0c, 0x0e     0b0101LL
 *
 * page.level: long 3 less the manual's, short 2 less it. With the MMU off all of memory is one page.
 * Tables may be big-endian (SCTLR.EE). page.flags: what the mode of the access may
 * do, USER if PL0 may read; DEVICE or UNCACHED as TEX, C and B, or PRRR and NMRR, or MAIR, and
 * SCTLR.C and I say (UNCACHED if neither inner nor outer caches hold it).
 *
 * Where the manual leaves the choice: AP 0b100 (AFE 0) permits nothing; domain 0b10 in DACR is as
 * 0b00; bits of a base below the table's size are ignored; a large page or supersection is what the
 * one entry says that is looked up; reserved TEX, C and B are plain memory; fetches from Device
 * memory are permitted if XN is clear. There are PXN and supersections of 40 bits, as in every
 * implementation with the Large Physical Address Extension, and no SCTLR.HA.
 *
 * Not looked at: NS and NSTable, nG, S, FCSE, CPSR.PAN, TTBCR2 (hierarchical permissions stay).
 */
#ifndef AXADDR_ARCH_ARM_GUEST_H
#define AXADDR_ARCH_ARM_GUEST_H

#include "../axaddr_core/guest_format.h"

#include "aarch64_guest.h"

/* ---- registers (B4.1) ---- */

/** What a PL1&0 walk depends on: raw values. TTBR0 and TTBR1 of short descriptors are 32 bits. */
struct axaddr_arm_guest_regime {
    uint32_t sctlr; /**< M, C, I, WXN, UWXN, EE, TRE, AFE */
    uint32_t ttbcr;
    uint32_t dacr;
    uint32_t prrr; /**< with EAE: MAIR0, the same register */
    uint32_t nmrr; /**< with EAE: MAIR1 */
    bool is_armv8; /**< AArch32: address bits 47:40 of long descriptors must be 0 */
    uint64_t ttbr0;
    uint64_t ttbr1;
};

#define AXADDR_ARM_GUEST_M    UINT32_C(0x00000001)
#define AXADDR_ARM_GUEST_WXN  UINT32_C(0x00080000)
#define AXADDR_ARM_GUEST_UWXN UINT32_C(0x00100000)
#define AXADDR_ARM_GUEST_EE   UINT32_C(0x02000000)
#define AXADDR_ARM_GUEST_TRE  UINT32_C(0x10000000)
#define AXADDR_ARM_GUEST_AFE  UINT32_C(0x20000000)
#define AXADDR_ARM_GUEST_EAE  UINT32_C(0x80000000) /**< TTBCR */

/* Short descriptors: fault status of level 1; of level 2 it is 2 more, but of the access flag 3. */
#define AXADDR_ARM_FS_ACCESS_FLAG UINT32_C(0x03)
#define AXADDR_ARM_FS_TRANSLATION UINT32_C(0x05)
#define AXADDR_ARM_FS_DOMAIN      UINT32_C(0x09)
#define AXADDR_ARM_FS_EXTERNAL    UINT32_C(0x0c)
#define AXADDR_ARM_FS_PERMISSION  UINT32_C(0x0d)

AXADDR_ALWAYS_INLINE bool axaddr_arm_guest_is_long(const struct axaddr_arm_guest_regime *regime) {
    return (regime->ttbcr & AXADDR_ARM_GUEST_EAE) != 0;
}

/** A fault of walk->level with short descriptors. */
static inline enum axaddr_guest_step axaddr_arm_guest_fault(struct axaddr_guest_walk *walk,
                                                            enum axaddr_guest_fault_kind kind,
                                                            uint32_t status) {
    uint32_t more = status == AXADDR_ARM_FS_ACCESS_FLAG ? 3 : 2;

    walk->fault.kind = kind;
    walk->fault.code = walk->level == 0 ? status + more : status;
    return AXADDR_GUEST_FAULT;
}

/* ---- permissions, of both ---- */

/** What a leaf says of access, whatever its layout. */
struct axaddr_arm_guest_leaf {
    unsigned ap; /**< AP[2:0]; with the access flag, AP[0] is set */
    bool is_xn;
    bool is_pxn;
};

/**
 * What that permits the mode of the access: B3.7.1, Table B3-8; B3.7.2 (a fetch needs the right to
 * read; WXN, UWXN).
 */
static inline uint32_t axaddr_arm_guest_rights(const struct axaddr_arm_guest_regime *regime,
                                               uint32_t access,
                                               const struct axaddr_arm_guest_leaf *leaf) {
    /* READ and WRITE of PL1 in bits 1:0, of PL0 in 3:2 */
    static const uint8_t table[8] = {0x0, 0x3, 0x7, 0xf, 0x0, 0x1, 0x5, 0x5};
    uint32_t both = table[leaf->ap & 7];
    uint32_t user = both >> 2;
    uint32_t flags = (access & AXADDR_USER) != 0 ? user : both & 3;
    bool has_wxn = (regime->sctlr & AXADDR_ARM_GUEST_WXN) != 0;
    bool has_uwxn = (regime->sctlr & AXADDR_ARM_GUEST_UWXN) != 0;
    bool is_never = leaf->is_xn || (has_wxn && (flags & AXADDR_WRITE) != 0);

    if ((access & AXADDR_USER) == 0) {
        is_never = is_never || leaf->is_pxn || (has_uwxn && (user & AXADDR_WRITE) != 0);
    }
    if ((flags & AXADDR_READ) != 0 && !is_never) {
        flags |= AXADDR_EXECUTE;
    }
    return flags | ((user & AXADDR_READ) != 0 ? AXADDR_USER : 0);
}

/* ---- short descriptors (B3.5) ---- */

/** TEX, C and B (as five bits), B3.8.2 and with TRE B3.8.3. */
static inline uint32_t axaddr_arm_guest_texcb(const struct axaddr_arm_guest_regime *regime,
                                              uint32_t access, unsigned texcb) {
    bool is_cached = axaddr_aarch64_guest_is_cached(regime->sctlr, access);
    unsigned at = 2 * (texcb & 7);
    unsigned type, inner_outer;

    if ((regime->sctlr & AXADDR_ARM_GUEST_TRE) == 0) {
        if (texcb < 2 || texcb == 8) { /* strongly-ordered, device, not shareable device */
            return AXADDR_DEVICE;
        }
        return texcb == 4 || texcb == 0x10 || !is_cached ? AXADDR_UNCACHED : 0;
    }
    type = regime->prrr >> at & 3;
    inner_outer = (regime->nmrr >> at & 3) | (regime->nmrr >> (16 + at) & 3);
    if (type < 2) {
        return AXADDR_DEVICE;
    }
    return inner_outer == 0 || !is_cached ? AXADDR_UNCACHED : 0;
}

/** Which table, and where in it (B3.5.4); PD0 and PD1 turn them off. */
static inline enum axaddr_guest_step
axaddr_arm_guest_begin_short(const struct axaddr_arm_guest_regime *regime,
                             struct axaddr_guest_walk *walk) {
    uint32_t address = (uint32_t)walk->address;
    unsigned cut = regime->ttbcr & 7;
    bool is_upper = cut != 0 && address >> (32 - cut) != 0;
    uint32_t base = (uint32_t)(is_upper ? regime->ttbr1 : regime->ttbr0);
    uint32_t off = regime->ttbcr & (is_upper ? 0x20 : 0x10);
    unsigned table_shift = is_upper ? 14 : 14 - cut;

    walk->entry_shift = 2;
    walk->level = 1;
    if (walk->address > UINT32_MAX) {
        return axaddr_arm_guest_fault(walk, AXADDR_GUEST_FAULT_RANGE, AXADDR_ARM_FS_TRANSLATION);
    }
    if (off != 0) {
        return axaddr_arm_guest_fault(walk, AXADDR_GUEST_FAULT_ABSENT, AXADDR_ARM_FS_TRANSLATION);
    }
    walk->slot = (base & (~UINT32_C(0) << table_shift)) | address >> 20 << 2;
    return AXADDR_GUEST_TABLE;
}

/** A leaf whose domain, page, shift are known; `texcb` and `leaf` are its other fields. */
static inline enum axaddr_guest_step
axaddr_arm_guest_short_leaf(const struct axaddr_arm_guest_regime *regime,
                            struct axaddr_guest_walk *walk, unsigned domain, unsigned texcb,
                            struct axaddr_arm_guest_leaf *leaf) {
    unsigned role = regime->dacr >> (2 * domain) & 3;

    if ((regime->sctlr & AXADDR_ARM_GUEST_AFE) != 0) {
        if ((leaf->ap & 1) == 0) {
            return axaddr_arm_guest_fault(walk, AXADDR_GUEST_FAULT_ACCESSED,
                                          AXADDR_ARM_FS_ACCESS_FLAG);
        }
    }
    if ((role & 1) == 0) { /* no access, or reserved */
        return axaddr_arm_guest_fault(walk, AXADDR_GUEST_FAULT_DENIED, AXADDR_ARM_FS_DOMAIN);
    }
    walk->flags = axaddr_arm_guest_rights(regime, walk->access, leaf);
    if (role == 3) { /* a manager: nothing is checked, not even XN (B3.7.3) */
        walk->flags |= AXADDR_ACCESS_FLAGS;
    }
    if ((walk->access & AXADDR_ACCESS_FLAGS & ~walk->flags) != 0) {
        return axaddr_arm_guest_fault(walk, AXADDR_GUEST_FAULT_DENIED, AXADDR_ARM_FS_PERMISSION);
    }
    walk->flags |= axaddr_arm_guest_texcb(regime, walk->access, texcb);
    return AXADDR_GUEST_LEAF;
}

/** Level 1: a section, or a supersection (bit 18), which has address bits 39:32 and domain 0. */
static inline enum axaddr_guest_step
axaddr_arm_guest_section(const struct axaddr_arm_guest_regime *regime,
                         struct axaddr_guest_walk *walk, uint32_t entry) {
    bool is_super = (entry & 0x40000) != 0;
    unsigned field = entry >> 5 & 0xf;
    struct axaddr_arm_guest_leaf leaf;

    leaf.ap = (entry >> 13 & 4) | (entry >> 10 & 3);
    leaf.is_xn = (entry & 0x10) != 0;
    leaf.is_pxn = (entry & 1) != 0;
    walk->shift = is_super ? 24 : 20;
    walk->page = entry & (~UINT32_C(0) << walk->shift);
    if (is_super) {
        walk->page |= (uint64_t)(field << 4 | (entry >> 20 & 0xf)) << 32;
    }
    return axaddr_arm_guest_short_leaf(regime, walk, is_super ? 0 : field,
                                       (entry >> 10 & 0x1c) | (entry >> 2 & 3), &leaf);
}

/** Level 2: a large page (0b01) or a small one; rights: the table's domain, and in bit 4 its PXN. */
static inline enum axaddr_guest_step
axaddr_arm_guest_short_page(const struct axaddr_arm_guest_regime *regime,
                            struct axaddr_guest_walk *walk, uint32_t entry) {
    bool is_large = (entry & 2) == 0;
    unsigned tex = (is_large ? entry >> 12 : entry >> 6) & 7;
    struct axaddr_arm_guest_leaf leaf;

    leaf.ap = (entry >> 7 & 4) | (entry >> 4 & 3);
    leaf.is_xn = (entry & (is_large ? 0x8000 : 1)) != 0;
    leaf.is_pxn = (walk->rights & 0x10) != 0;
    walk->shift = is_large ? 16 : 12;
    walk->page = entry & (~UINT32_C(0) << walk->shift);
    return axaddr_arm_guest_short_leaf(regime, walk, (unsigned)walk->rights & 0xf,
                                       tex << 2 | (entry >> 2 & 3), &leaf);
}

static inline enum axaddr_guest_step
axaddr_arm_guest_step_short(const struct axaddr_arm_guest_regime *regime,
                            struct axaddr_guest_walk *walk, uint32_t entry) {
    if ((entry & 3) == 0) {
        return axaddr_arm_guest_fault(walk, AXADDR_GUEST_FAULT_ABSENT, AXADDR_ARM_FS_TRANSLATION);
    }
    if (walk->level == 0) {
        return axaddr_arm_guest_short_page(regime, walk, entry);
    }
    if ((entry & 2) != 0) {
        return axaddr_arm_guest_section(regime, walk, entry);
    }
    walk->rights = (entry >> 5 & 0xf) | ((entry & 4) != 0 ? 0x10 : 0);
    walk->level = 0;
    walk->slot = (entry & UINT32_C(0xfffffc00)) | (walk->address >> 12 & 0xff) << 2;
    return AXADDR_GUEST_TABLE;
}

/* ---- long descriptors (B3.6) ---- */

/** Whether an address, or a base, has bits that AArch32 does not have. */
static inline bool axaddr_arm_guest_is_beyond(const struct axaddr_arm_guest_regime *regime,
                                              uint64_t address) {
    return regime->is_armv8 && (address >> 40 & 0xff) != 0;
}

/**
 * Which table (B3.6.6): TTBR0's is for addresses with T0SZ zeros on top, TTBR1's for those with
 * T1SZ ones, or with 0, for all others. Returns false where there is none.
 */
static inline bool axaddr_arm_guest_side(const struct axaddr_arm_guest_regime *regime,
                                         uint32_t address, bool *is_upper) {
    unsigned zeros = regime->ttbcr & 7;
    unsigned ones = regime->ttbcr >> 16 & 7;
    bool is_lower = zeros == 0 || address >> (32 - zeros) == 0;

    *is_upper = ones == 0 ? !is_lower : address >> (32 - ones) == (UINT32_C(1) << ones) - 1;
    return is_lower || *is_upper;
}

static inline enum axaddr_guest_step
axaddr_arm_guest_begin_long(const struct axaddr_arm_guest_regime *regime,
                            struct axaddr_guest_walk *walk) {
    uint32_t address = (uint32_t)walk->address;
    unsigned size, shift;
    uint64_t base;
    bool is_upper;

    walk->entry_shift = 3;
    walk->level = 2; /* of the manual 1, as all that goes wrong here */
    if (walk->address > UINT32_MAX || !axaddr_arm_guest_side(regime, address, &is_upper)) {
        return axaddr_aarch64_guest_fault(walk, AXADDR_GUEST_FAULT_RANGE,
                                          AXADDR_AARCH64_STATUS_TRANSLATION);
    }
    if ((regime->ttbcr >> (is_upper ? 23 : 7) & 1) != 0) { /* EPD1, EPD0 */
        return axaddr_aarch64_guest_fault(walk, AXADDR_GUEST_FAULT_ABSENT,
                                          AXADDR_AARCH64_STATUS_TRANSLATION);
    }
    base = is_upper ? regime->ttbr1 : regime->ttbr0;
    if (axaddr_arm_guest_is_beyond(regime, base)) {
        walk->level = 3; /* but this */
        return axaddr_aarch64_guest_fault(walk, AXADDR_GUEST_FAULT_ADDRESS_SIZE,
                                          AXADDR_AARCH64_STATUS_ADDRESS_SIZE);
    }
    size = 32 - (is_upper ? regime->ttbcr >> 16 & 7 : regime->ttbcr & 7);
    walk->level = size > 30 ? 2 : 1;
    shift = 12 + 9 * walk->level;
    base &= axaddr_low_bits(40) & (~UINT64_C(0) << (size - shift + 3));
    walk->slot = axaddr_aarch64_guest_slot(base, address, shift, size);
    return AXADDR_GUEST_TABLE;
}

static inline enum axaddr_guest_step
axaddr_arm_guest_long_leaf(const struct axaddr_arm_guest_regime *regime,
                           struct axaddr_guest_walk *walk, uint64_t entry) {
    uint64_t rights = walk->rights;
    unsigned index = (unsigned)(entry >> 2) & 7;
    uint32_t mair = index < 4 ? regime->prrr : regime->nmrr;
    struct axaddr_arm_guest_leaf leaf;

    if ((entry & AXADDR_AARCH64_AF) == 0) {
        return axaddr_aarch64_guest_fault(walk, AXADDR_GUEST_FAULT_ACCESSED,
                                          AXADDR_AARCH64_STATUS_ACCESS_FLAG);
    }
    leaf.ap = 1u | ((entry & AXADDR_AARCH64_GUEST_USER) != 0 &&
                            (rights & AXADDR_AARCH64_AP_TABLE_USER) == 0
                        ? 2u
                        : 0);
    if ((entry & AXADDR_AARCH64_GUEST_READ_ONLY) != 0 ||
        (rights & AXADDR_AARCH64_AP_TABLE_READ) != 0) {
        leaf.ap |= 4;
    }
    leaf.is_xn =
        (entry & AXADDR_AARCH64_GUEST_UXN) != 0 || (rights & AXADDR_AARCH64_UXN_TABLE) != 0;
    leaf.is_pxn =
        (entry & AXADDR_AARCH64_GUEST_PXN) != 0 || (rights & AXADDR_AARCH64_PXN_TABLE) != 0;
    walk->shift = 12 + 9 * walk->level;
    walk->page = entry & axaddr_low_bits(40) & (~UINT64_C(0) << walk->shift);
    walk->flags = axaddr_arm_guest_rights(regime, walk->access, &leaf);
    if ((walk->access & AXADDR_ACCESS_FLAGS & ~walk->flags) != 0) {
        return axaddr_aarch64_guest_fault(walk, AXADDR_GUEST_FAULT_DENIED,
                                          AXADDR_AARCH64_STATUS_PERMISSION);
    }
    walk->flags |=
        axaddr_aarch64_guest_memory(mair >> (8 * (index & 3)) & 0xff,
                                    axaddr_aarch64_guest_is_cached(regime->sctlr, walk->access));
    return AXADDR_GUEST_LEAF;
}

static inline enum axaddr_guest_step
axaddr_arm_guest_step_long(const struct axaddr_arm_guest_regime *regime,
                           struct axaddr_guest_walk *walk, uint64_t entry) {
    bool is_high = (entry & AXADDR_AARCH64_TABLE_OR_PAGE) != 0; /* a table, or at level 0 a page */

    if ((entry & AXADDR_AARCH64_VALID) == 0 || (walk->level == 0 && !is_high)) {
        return axaddr_aarch64_guest_fault(walk,
                                          (entry & AXADDR_AARCH64_VALID) == 0
                                              ? AXADDR_GUEST_FAULT_ABSENT
                                              : AXADDR_GUEST_FAULT_RESERVED,
                                          AXADDR_AARCH64_STATUS_TRANSLATION);
    }
    if (axaddr_arm_guest_is_beyond(regime, entry)) {
        return axaddr_aarch64_guest_fault(walk, AXADDR_GUEST_FAULT_ADDRESS_SIZE,
                                          AXADDR_AARCH64_STATUS_ADDRESS_SIZE);
    }
    if (walk->level == 0 || !is_high) {
        return axaddr_arm_guest_long_leaf(regime, walk, entry);
    }
    walk->rights |= entry & AXADDR_AARCH64_TABLE_RIGHTS;
    walk->level--;
    walk->slot =
        axaddr_aarch64_guest_slot(entry & axaddr_low_bits(40) & ~UINT64_C(0xfff), walk->address,
                                  12 + 9 * walk->level, 21 + 9 * walk->level);
    return AXADDR_GUEST_TABLE;
}

/* ---- the hooks ---- */

static inline enum axaddr_guest_step axaddr_arm_guest_begin(const void *context,
                                                            struct axaddr_guest_walk *walk) {
    const struct axaddr_arm_guest_regime *regime = (const struct axaddr_arm_guest_regime *)context;

    walk->fetch = axaddr_aarch64_guest_fetch(walk->access);
    if ((regime->sctlr & AXADDR_ARM_GUEST_M) == 0 && walk->address <= UINT32_MAX) {
        return axaddr_aarch64_guest_off(walk, regime->sctlr, 32);
    }
    return axaddr_arm_guest_is_long(regime) ? axaddr_arm_guest_begin_long(regime, walk)
                                            : axaddr_arm_guest_begin_short(regime, walk);
}

static inline enum axaddr_guest_step
axaddr_arm_guest_step(const void *context, struct axaddr_guest_walk *walk, uint64_t entry) {
    const struct axaddr_arm_guest_regime *regime = (const struct axaddr_arm_guest_regime *)context;
    bool is_long = axaddr_arm_guest_is_long(regime);

    if ((regime->sctlr & AXADDR_ARM_GUEST_EE) != 0) {
        entry = axaddr_aarch64_guest_swap(entry) >> (is_long ? 0 : 32);
    }
    return is_long ? axaddr_arm_guest_step_long(regime, walk, entry)
                   : axaddr_arm_guest_step_short(regime, walk, (uint32_t)entry);
}

static inline void axaddr_arm_guest_blocked(const void *context, struct axaddr_guest_walk *walk) {
    const struct axaddr_arm_guest_regime *regime = (const struct axaddr_arm_guest_regime *)context;

    if (axaddr_arm_guest_is_long(regime)) {
        (void)axaddr_aarch64_guest_fault(walk, AXADDR_GUEST_FAULT_TABLE,
                                         AXADDR_AARCH64_STATUS_EXTERNAL);
    } else {
        (void)axaddr_arm_guest_fault(walk, AXADDR_GUEST_FAULT_TABLE, AXADDR_ARM_FS_EXTERNAL);
    }
}

AXADDR_UNUSED static const struct axaddr_guest_format axaddr_arm_guest = {
    .name = "arm_guest",
    .begin = axaddr_arm_guest_begin,
    .step = axaddr_arm_guest_step,
    .blocked = axaddr_arm_guest_blocked,
};

#endif /* AXADDR_ARCH_ARM_GUEST_H */
