/* SPDX-License-Identifier: MIT
 *
 * aarch64_guest.h: an AArch64 guest's own stage 1, the EL1&0 regime, as guest_walk.h walks it: three
 * granules, two halves, all that permits or denies an access, FEAT_LPA, FEAT_LPA2, FEAT_TTST,
 * FEAT_HAFDBS, FEAT_HPDS, FEAT_PAN, FEAT_PAN3, FEAT_E0PD.
 *
 * Manual: ARM DDI 0487 (VMSAv8-64): D8.2 translation process, D8.3 descriptor formats, D8.4 access
 * control, D8.5 access flag and dirty state, D8.6 memory attributes, D8.15 faults; D24.2 registers;
 * J1.1 pseudocode, AArch64.S1Translate and what it calls, for the order of the checks.
 *
 *     struct axaddr_aarch64_guest_regime regime = {sctlr_el1, tcr_el1, ttbr0_el1, ttbr1_el1,
 *                                                  mair_el1, spsr_el2, {mmfr0, mmfr1, mmfr2}};
 *     AXADDR_DEFINE_GUEST_WALK(vm_arm64, vm, axaddr_aarch64_guest);
 *     result = vm_arm64_walk(&guest, &regime, axaddr_gva(far), AXADDR_READ | AXADDR_USER, 0, &page);
 *
 * An access with AXADDR_USER has the rights of EL0: also LDTR and the like at EL1, unless UAO is set.
 *
 * fault.code is the fault status, ISS[5:0] of an abort's ESR_EL1 (DFSC, IFSC):
 *
 *     fault.kind      when                                                      level 0 to 3   -1
 *     ABSENT          bit 0 of an entry is clear; EPDn (level 0)                0b0001LL   0b101011
 *     RESERVED        0b01 at a level without blocks                            0b0001LL   0b101011
 *     RANGE           bits above TxSZ differ; TxSZ is out of range              0b000100
 *     ADDRESS_SIZE    a table, page or root (level 0) beyond IPS and PARange    0b0000LL   0b101001
 *     ACCESSED        AF is clear and the CPU leaves it to software             0b0010LL
 *     DENIED          it is not permitted                                       0b0011LL
 *     DENIED          E0PDn                                                     0b000100
 *     TABLE           the entry's own address leads nowhere: external abort     0b0101LL   0b010011
 *
 * LL is the manual's level: 3 less page.level. With the MMU off, ADDRESS_SIZE is what lies beyond
 * PARange (level 0), and all of memory is one page. Tables may be big-endian (SCTLR_EL1.EE).
 *
 * page.flags: what the mode of the access may do, USER if EL0 may read; DEVICE or UNCACHED as MAIR,
 * SCTLR_EL1.C and I say (UNCACHED if neither inner nor outer caches hold it).
 *
 * Where the manual leaves the choice: a TxSZ out of range is a translation fault of level 0; a TGn
 * that is reserved or not implemented is the first of 4, 64, 16 KiB that is; IPS 7 is as 6; the
 * contiguous bit changes nothing; fetches from Device memory are permitted if XN is clear; an entry
 * whose access is denied does not get AF; bits of a base below the table's size are ignored.
 *
 * Not looked at: NSTable, nG, NFD, PBHA, GP, tags (MTE); FEAT_S1PIE, S1POE, D128, HAFT (TCR2_EL1 0).
 * With HCR_EL2.DC or TGE, which act as SCTLR_EL1.M 0, clear it: only the memory type is then another.
 */
#ifndef AXADDR_ARCH_AARCH64_GUEST_H
#define AXADDR_ARCH_AARCH64_GUEST_H

#include "../axaddr_core/guest_format.h"

#include "aarch64_common.h"

/* ---- registers (D24.2) ---- */

/** What an EL1&0 walk depends on. Raw values: those that the guest wrote, or would read. */
struct axaddr_aarch64_guest_regime {
    uint64_t sctlr_el1; /**< M, C, I, WXN, EE, EPAN */
    uint64_t tcr_el1;
    uint64_t ttbr0_el1;
    uint64_t ttbr1_el1;
    uint64_t mair_el1;
    uint64_t pstate; /**< as in SPSR_EL2: PAN, bit 22 */
    /**
     * The ID registers: PARange, TGran (mmfr0); HAFDBS, HPDS, PAN (mmfr1); VARange, ST, E0PD (mmfr2).
     * A bit in the registers above that needs a feature that is not in them does nothing.
     */
    struct axaddr_aarch64_cpu cpu;
};

#define AXADDR_AARCH64_GUEST_M    (UINT64_C(1) << 0)
#define AXADDR_AARCH64_GUEST_C    (UINT64_C(1) << 2)
#define AXADDR_AARCH64_GUEST_I    (UINT64_C(1) << 12)
#define AXADDR_AARCH64_GUEST_WXN  (UINT64_C(1) << 19)
#define AXADDR_AARCH64_GUEST_EE   (UINT64_C(1) << 25)
#define AXADDR_AARCH64_GUEST_EPAN (UINT64_C(1) << 57)
#define AXADDR_AARCH64_GUEST_PAN  (UINT64_C(1) << 22)

/* TCR_EL1: bits alike for both halves lie `upper` further up. */
#define AXADDR_AARCH64_GUEST_EPD_SHIFT  7 /**< EPD1: 23 */
#define AXADDR_AARCH64_GUEST_IPS_SHIFT  32
#define AXADDR_AARCH64_GUEST_TBI_SHIFT  37 /**< TBI1: 38 */
#define AXADDR_AARCH64_GUEST_HA         (UINT64_C(1) << 39)
#define AXADDR_AARCH64_GUEST_HD         (UINT64_C(1) << 40)
#define AXADDR_AARCH64_GUEST_HPD_SHIFT  41 /**< HPD1: 42 */
#define AXADDR_AARCH64_GUEST_TBID_SHIFT 51 /**< TBID1: 52 */
#define AXADDR_AARCH64_GUEST_E0PD_SHIFT 55 /**< E0PD1: 56 */
#define AXADDR_AARCH64_GUEST_DS         (UINT64_C(1) << 59)

/* Descriptor bits (D8.3) */
#define AXADDR_AARCH64_GUEST_USER      (UINT64_C(1) << 6) /**< AP[1] */
#define AXADDR_AARCH64_GUEST_READ_ONLY (UINT64_C(1) << 7) /**< AP[2] */
#define AXADDR_AARCH64_GUEST_PXN       (UINT64_C(1) << 53)
#define AXADDR_AARCH64_GUEST_UXN       (UINT64_C(1) << 54)
#define AXADDR_AARCH64_PXN_TABLE       (UINT64_C(1) << 59)
#define AXADDR_AARCH64_UXN_TABLE       (UINT64_C(1) << 60)
#define AXADDR_AARCH64_AP_TABLE_USER   (UINT64_C(1) << 61) /**< APTable[0]: not for EL0 */
#define AXADDR_AARCH64_AP_TABLE_READ   (UINT64_C(1) << 62) /**< APTable[1]: not to be written */
#define AXADDR_AARCH64_TABLE_RIGHTS                                                                \
    (AXADDR_AARCH64_PXN_TABLE | AXADDR_AARCH64_UXN_TABLE | AXADDR_AARCH64_AP_TABLE_USER |          \
     AXADDR_AARCH64_AP_TABLE_READ)

/* ---- what AArch32's long descriptors have alike (arm_guest.h) ---- */

/** The status of a fault at one of our levels, 0 to 4. `status` is that of the manual's level 0. */
#define AXADDR_AARCH64_STATUS_ADDRESS_SIZE UINT32_C(0x00)
#define AXADDR_AARCH64_STATUS_TRANSLATION  UINT32_C(0x04)
#define AXADDR_AARCH64_STATUS_ACCESS_FLAG  UINT32_C(0x08)
#define AXADDR_AARCH64_STATUS_PERMISSION   UINT32_C(0x0c)
#define AXADDR_AARCH64_STATUS_EXTERNAL     UINT32_C(0x14)

static inline uint32_t axaddr_aarch64_guest_status(uint32_t status, unsigned level) {
    if (level <= 3) {
        return status | (3 - level);
    }
    switch (status) { /* level -1 has no leaves */
    case AXADDR_AARCH64_STATUS_ADDRESS_SIZE:
        return 0x29;
    case AXADDR_AARCH64_STATUS_TRANSLATION:
        return 0x2b;
    default:
        return 0x13;
    }
}

/** A fault of walk->level. */
static inline enum axaddr_guest_step axaddr_aarch64_guest_fault(struct axaddr_guest_walk *walk,
                                                                enum axaddr_guest_fault_kind kind,
                                                                uint32_t status) {
    walk->fault.kind = kind;
    walk->fault.code = axaddr_aarch64_guest_status(status, walk->level);
    return AXADDR_GUEST_FAULT;
}

/** Tables are big-endian with SCTLR.EE. Compilers may make a call of __builtin_bswap64. */
static inline uint64_t axaddr_aarch64_guest_swap(uint64_t value) {
    value =
        (value & UINT64_C(0x00ff00ff00ff00ff)) << 8 | (value >> 8 & UINT64_C(0x00ff00ff00ff00ff));
    value =
        (value & UINT64_C(0x0000ffff0000ffff)) << 16 | (value >> 16 & UINT64_C(0x0000ffff0000ffff));
    return value << 32 | value >> 32;
}

/** A byte of MAIR (D24.2, MAIR_EL1), of memory that caches may hold if `is_cached`. */
static inline uint32_t axaddr_aarch64_guest_memory(uint32_t attribute, bool is_cached) {
    if ((attribute & 0xf0) == 0) {
        return AXADDR_DEVICE;
    }
    return attribute == 0x44 || attribute == 0x40 || !is_cached ? AXADDR_UNCACHED : 0;
}

/** For what is fetched SCTLR.I counts, for all else C; the bits are where they are in AArch32. */
static inline bool axaddr_aarch64_guest_is_cached(uint64_t sctlr, uint32_t access) {
    uint64_t on = (access & AXADDR_EXECUTE) != 0 ? AXADDR_AARCH64_GUEST_I : AXADDR_AARCH64_GUEST_C;

    return (sctlr & on) != 0;
}

/** All of memory as one page of 1 << shift bytes, while the MMU is off (D8.2.11; B3.2.1). */
static inline enum axaddr_guest_step axaddr_aarch64_guest_off(struct axaddr_guest_walk *walk,
                                                              uint64_t sctlr, unsigned shift) {
    walk->page = 0;
    walk->shift = shift;
    walk->flags = AXADDR_ACCESS_FLAGS | AXADDR_USER;
    if ((walk->access & AXADDR_EXECUTE) == 0) {
        walk->flags |= AXADDR_DEVICE;
    } else if ((sctlr & AXADDR_AARCH64_GUEST_I) == 0) {
        walk->flags |= AXADDR_UNCACHED;
    }
    return AXADDR_GUEST_LEAF;
}

/** What a fetch is to the second stage. */
static inline uint32_t axaddr_aarch64_guest_fetch(uint32_t access) {
    return (access & AXADDR_USER) != 0 ? AXADDR_EXECUTE_USER : AXADDR_EXECUTE_KERNEL;
}

/* ---- one half of the addresses: what TCR_EL1 and the CPU say of it ---- */

struct axaddr_aarch64_guest_half {
    unsigned upper;      /**< 1: TTBR1's */
    unsigned page_shift; /**< log2 of the granule */
    unsigned size_bits;  /**< TxSZ */
    unsigned width;      /**< of output addresses; entries may have less */
    bool has_ds;         /**< FEAT_LPA2's descriptors */
    bool is_52;          /**< descriptors have 52 address bits */
};

/** Log2 of the granule that TG0 or TG1 asks for; 0: a reserved value. */
static inline unsigned axaddr_aarch64_guest_tg(uint64_t tcr, unsigned upper) {
    static const uint8_t shifts[2][4] = {{12, 16, 14, 0}, {0, 14, 12, 16}};

    return shifts[upper][tcr >> (upper != 0 ? 30 : 14) & 3];
}

/** The granule: one that there is not is as another that there is (D24.2, TCR_EL1.TG0). */
static inline unsigned
axaddr_aarch64_guest_granule(const struct axaddr_aarch64_guest_regime *regime, unsigned upper) {
    unsigned shift = axaddr_aarch64_guest_tg(regime->tcr_el1, upper);

    if (axaddr_aarch64_has_stage1_granule(&regime->cpu, shift)) {
        return shift;
    }
    if (axaddr_aarch64_has_stage1_granule(&regime->cpu, 12)) {
        return 12;
    }
    return axaddr_aarch64_has_stage1_granule(&regime->cpu, 16) ? 16 : 14;
}

/** PARange; a reserved one is newer than this file. */
static inline unsigned axaddr_aarch64_guest_pa_bits(const struct axaddr_aarch64_cpu *cpu) {
    unsigned bits = axaddr_aarch64_pa_bits(cpu);

    return bits == 0 ? 52 : bits;
}

static inline void axaddr_aarch64_guest_look(const struct axaddr_aarch64_guest_regime *regime,
                                             uint64_t address,
                                             struct axaddr_aarch64_guest_half *half) {
    static const uint8_t widths[8] = {32, 36, 40, 42, 44, 48, 52, 52};
    unsigned pa_bits = axaddr_aarch64_guest_pa_bits(&regime->cpu);

    half->upper = (unsigned)(address >> 55) & 1;
    half->size_bits = (unsigned)(regime->tcr_el1 >> (16 * half->upper)) & 0x3f;
    half->page_shift = axaddr_aarch64_guest_granule(regime, half->upper);
    half->has_ds = half->page_shift != 16 && (regime->tcr_el1 & AXADDR_AARCH64_GUEST_DS) != 0 &&
                   axaddr_aarch64_has_stage1_52(&regime->cpu, half->page_shift);
    half->is_52 = half->has_ds || (half->page_shift == 16 && pa_bits >= 52);
    half->width = widths[regime->tcr_el1 >> AXADDR_AARCH64_GUEST_IPS_SHIFT & 7];
    if (half->width > pa_bits) {
        half->width = pa_bits;
    }
}

/** Bit `shift` of TCR_EL1, or for the upper half, the next. */
AXADDR_ALWAYS_INLINE bool axaddr_aarch64_guest_tcr(const struct axaddr_aarch64_guest_regime *regime,
                                                   const struct axaddr_aarch64_guest_half *half,
                                                   unsigned shift) {
    return (regime->tcr_el1 >> (shift + half->upper) & 1) != 0;
}

/** Whether TxSZ is one that there is: D8.2.5, AArch64.S1MinTxSZ, AArch64.MaxTxSZ. */
static inline bool axaddr_aarch64_guest_is_sized(const struct axaddr_aarch64_guest_regime *regime,
                                                 const struct axaddr_aarch64_guest_half *half) {
    bool has_lva = (regime->cpu.mmfr2 >> 16 & 0xf) != 0;
    bool has_ttst = (regime->cpu.mmfr2 >> 28 & 0xf) != 0;
    unsigned least = half->has_ds || (half->page_shift == 16 && has_lva) ? 12 : 16;
    unsigned most = !has_ttst ? 39 : half->page_shift == 16 ? 47 : 48;

    return half->size_bits >= least && half->size_bits <= most;
}

/** Whether bits 63:56 are a tag, which is not part of the address (D8.9: TBIn, TBIDn). */
static inline bool axaddr_aarch64_guest_has_tag(const struct axaddr_aarch64_guest_regime *regime,
                                                const struct axaddr_aarch64_guest_half *half,
                                                uint32_t access) {
    return axaddr_aarch64_guest_tcr(regime, half, AXADDR_AARCH64_GUEST_TBI_SHIFT) &&
           ((access & AXADDR_EXECUTE) == 0 ||
            !axaddr_aarch64_guest_tcr(regime, half, AXADDR_AARCH64_GUEST_TBID_SHIFT));
}

/** While the MMU is off addresses are physical; beyond PARange there are none. */
static inline enum axaddr_guest_step
axaddr_aarch64_guest_direct(const struct axaddr_aarch64_guest_regime *regime, bool has_tag,
                            struct axaddr_guest_walk *walk) {
    unsigned pa_bits = axaddr_aarch64_guest_pa_bits(&regime->cpu);
    uint64_t address = has_tag ? walk->address & axaddr_low_bits(56) : walk->address;

    if (address >> pa_bits != 0) {
        return axaddr_aarch64_guest_fault(walk, AXADDR_GUEST_FAULT_ADDRESS_SIZE,
                                          AXADDR_AARCH64_STATUS_ADDRESS_SIZE);
    }
    return axaddr_aarch64_guest_off(walk, regime->sctlr_el1, pa_bits);
}

/** Whether the address is one that is looked up at all (D8.2.5, D8.2.6, D8.4.8). */
static inline enum axaddr_guest_fault_kind
axaddr_aarch64_guest_is_asked(const struct axaddr_aarch64_guest_regime *regime,
                              const struct axaddr_aarch64_guest_half *half, bool has_tag,
                              const struct axaddr_guest_walk *walk) {
    bool has_e0pd = (regime->cpu.mmfr2 >> 60 & 0xf) != 0;
    uint64_t above;

    if (!axaddr_aarch64_guest_is_sized(regime, half)) {
        return AXADDR_GUEST_FAULT_RANGE;
    }
    above = (~UINT64_C(0) << (64 - half->size_bits)) & axaddr_low_bits(has_tag ? 56 : 64);
    if ((walk->address & above) != (half->upper != 0 ? above : 0)) {
        return AXADDR_GUEST_FAULT_RANGE;
    }
    if (has_e0pd && (walk->access & AXADDR_USER) != 0 &&
        axaddr_aarch64_guest_tcr(regime, half, AXADDR_AARCH64_GUEST_E0PD_SHIFT)) {
        return AXADDR_GUEST_FAULT_DENIED;
    }
    if ((regime->tcr_el1 >> (AXADDR_AARCH64_GUEST_EPD_SHIFT + 16 * half->upper) & 1) != 0) {
        return AXADDR_GUEST_FAULT_ABSENT;
    }
    return AXADDR_GUEST_FAULT_NONE;
}

/**
 * The root's address: BADDR, bits 47:1 of TTBRn_EL1; of 52 bits, 47:6 and in 5:2 bits 51:48. That
 * form is for DS, and for 64 KiB where IPS says 52 (D8.2.7). A root is as large as its entries.
 */
static inline uint64_t axaddr_aarch64_guest_root(const struct axaddr_aarch64_guest_regime *regime,
                                                 const struct axaddr_aarch64_guest_half *half,
                                                 unsigned table_shift) {
    uint64_t ttbr = half->upper != 0 ? regime->ttbr1_el1 : regime->ttbr0_el1;
    bool has_52 = half->has_ds ||
                  (half->is_52 && (regime->tcr_el1 >> AXADDR_AARCH64_GUEST_IPS_SHIFT & 7) >= 6);
    uint64_t base = ttbr & axaddr_low_bits(48) & (~UINT64_C(0) << table_shift);

    return has_52 ? (base & ~UINT64_C(0x3f)) | (ttbr & 0x3c) << 46 : base;
}

/** Where the entry for `address` is in a table at `base`, whose entries span 1 << shift each. */
AXADDR_ALWAYS_INLINE uint64_t axaddr_aarch64_guest_slot(uint64_t base, uint64_t address,
                                                        unsigned shift, unsigned width) {
    return base | (address >> shift & axaddr_low_bits(width - shift)) << 3;
}

/** The level at which a walk begins, 0 the last. Compared, as 32-bit processors may not divide. */
AXADDR_ALWAYS_INLINE unsigned axaddr_aarch64_guest_top(unsigned width, unsigned page_shift) {
    unsigned bits = page_shift - 3; /* of the index of each level */
    unsigned above = width - page_shift - 1;

    return (above >= bits ? 1u : 0) + (above >= 2 * bits ? 1u : 0) + (above >= 3 * bits ? 1u : 0) +
           (above >= 4 * bits ? 1u : 0);
}

static inline enum axaddr_guest_step axaddr_aarch64_guest_begin(const void *context,
                                                                struct axaddr_guest_walk *walk) {
    const struct axaddr_aarch64_guest_regime *regime =
        (const struct axaddr_aarch64_guest_regime *)context;
    struct axaddr_aarch64_guest_half half;
    enum axaddr_guest_fault_kind asked;
    unsigned width, shift, top;
    uint64_t root;
    bool has_tag;

    axaddr_aarch64_guest_look(regime, walk->address, &half);
    has_tag = axaddr_aarch64_guest_has_tag(regime, &half, walk->access);
    walk->entry_shift = 3;
    walk->fetch = axaddr_aarch64_guest_fetch(walk->access);
    walk->level = 3; /* what goes wrong before the first entry is of the manual's level 0 */
    if ((regime->sctlr_el1 & AXADDR_AARCH64_GUEST_M) == 0) {
        return axaddr_aarch64_guest_direct(regime, has_tag, walk);
    }
    asked = axaddr_aarch64_guest_is_asked(regime, &half, has_tag, walk);
    if (asked != AXADDR_GUEST_FAULT_NONE) {
        return axaddr_aarch64_guest_fault(walk, asked, AXADDR_AARCH64_STATUS_TRANSLATION);
    }
    width = 64 - half.size_bits;
    top = axaddr_aarch64_guest_top(width, half.page_shift);
    shift = axaddr_aarch64_level_shift(half.page_shift, top);
    root = axaddr_aarch64_guest_root(regime, &half, width - shift + 3);
    if (root >> half.width != 0) {
        return axaddr_aarch64_guest_fault(walk, AXADDR_GUEST_FAULT_ADDRESS_SIZE,
                                          AXADDR_AARCH64_STATUS_ADDRESS_SIZE);
    }
    walk->level = top;
    walk->slot = axaddr_aarch64_guest_slot(root, walk->address, shift, width);
    return AXADDR_GUEST_TABLE;
}

/* ---- entries ---- */

/** The address in an entry, of a table or of what spans 1 << shift (D8.3.1). */
static inline uint64_t axaddr_aarch64_guest_address(uint64_t entry, unsigned shift,
                                                    const struct axaddr_aarch64_guest_half *half) {
    uint64_t address = entry & axaddr_low_bits(48) & (~UINT64_C(0) << shift);

    if (half->has_ds) { /* 49:48 in their places, 51:50 in those of SH */
        return address | (entry & UINT64_C(3) << 48) | (entry >> 8 & 3) << 50;
    }
    return half->is_52 ? address | (entry >> 12 & 0xf) << 48 : address;
}

/** Whether 0b01 is a block (D8.3.1): with 52 address bits one level up, too. */
static inline bool axaddr_aarch64_guest_has_blocks(const struct axaddr_aarch64_guest_half *half,
                                                   unsigned level) {
    unsigned most = half->page_shift == 12 ? 2 : 1;

    return level > 0 && level <= most + (half->is_52 ? 1 : 0);
}

/** HA and HD, as far as the CPU has them: HAFDBS is 1 for AF, more for the dirty state as well. */
static inline bool axaddr_aarch64_guest_sets(const struct axaddr_aarch64_guest_regime *regime,
                                             unsigned least) {
    uint64_t wanted = AXADDR_AARCH64_GUEST_HA | (least > 1 ? AXADDR_AARCH64_GUEST_HD : 0);

    return (regime->cpu.mmfr1 & 0xf) >= least && (regime->tcr_el1 & wanted) == wanted;
}

/** PAN, and where it counts what EL0 may only fetch, FEAT_PAN3's EPAN (D8.4.3). */
static inline bool axaddr_aarch64_guest_pan(const struct axaddr_aarch64_guest_regime *regime,
                                            bool has_user_read, bool has_user_fetch) {
    unsigned pan = (unsigned)(regime->cpu.mmfr1 >> 20) & 0xf;
    bool has_epan = pan >= 3 && (regime->sctlr_el1 & AXADDR_AARCH64_GUEST_EPAN) != 0;

    return pan != 0 && (regime->pstate & AXADDR_AARCH64_GUEST_PAN) != 0 &&
           (has_user_read || (has_epan && has_user_fetch));
}

/**
 * What a leaf permits the mode of the access (D8.4.1, D8.4.2): `rights` are those bits of the
 * tables above. What EL0 may write, EL1 never fetches; with DBM and HD, AP[2] is only a note.
 */
static inline uint32_t axaddr_aarch64_guest_rights(const struct axaddr_aarch64_guest_regime *regime,
                                                   uint32_t access, uint64_t entry,
                                                   uint64_t rights) {
    bool has_wxn = (regime->sctlr_el1 & AXADDR_AARCH64_GUEST_WXN) != 0;
    bool is_marked = (entry & AXADDR_AARCH64_DBM) != 0 && axaddr_aarch64_guest_sets(regime, 2);
    bool is_writable = ((entry & AXADDR_AARCH64_GUEST_READ_ONLY) == 0 || is_marked) &&
                       (rights & AXADDR_AARCH64_AP_TABLE_READ) == 0;
    bool has_user_read =
        (entry & AXADDR_AARCH64_GUEST_USER) != 0 && (rights & AXADDR_AARCH64_AP_TABLE_USER) == 0;
    bool has_user_write = has_user_read && is_writable;
    bool has_user_fetch = (entry & AXADDR_AARCH64_GUEST_UXN) == 0 &&
                          (rights & AXADDR_AARCH64_UXN_TABLE) == 0 && !(has_wxn && has_user_write);
    bool has_fetch = (entry & AXADDR_AARCH64_GUEST_PXN) == 0 &&
                     (rights & AXADDR_AARCH64_PXN_TABLE) == 0 && !has_user_write &&
                     !(has_wxn && is_writable);
    bool is_kept_out = axaddr_aarch64_guest_pan(regime, has_user_read, has_user_fetch);
    uint32_t user = has_user_read ? AXADDR_USER : 0;

    if ((access & AXADDR_USER) != 0) {
        return user | (has_user_read ? AXADDR_READ : 0) | (has_user_write ? AXADDR_WRITE : 0) |
               (has_user_fetch ? AXADDR_EXECUTE : 0);
    }
    return user | (is_kept_out ? 0 : AXADDR_READ) |
           (is_writable && !is_kept_out ? AXADDR_WRITE : 0) | (has_fetch ? AXADDR_EXECUTE : 0);
}

static inline enum axaddr_guest_step
axaddr_aarch64_guest_leaf(const struct axaddr_aarch64_guest_regime *regime,
                          const struct axaddr_aarch64_guest_half *half,
                          struct axaddr_guest_walk *walk, uint64_t entry) {
    unsigned index = (unsigned)(entry >> 2) & 7;

    walk->shift = axaddr_aarch64_level_shift(half->page_shift, walk->level);
    walk->page = axaddr_aarch64_guest_address(entry, walk->shift, half);
    if (walk->page >> half->width != 0) {
        return axaddr_aarch64_guest_fault(walk, AXADDR_GUEST_FAULT_ADDRESS_SIZE,
                                          AXADDR_AARCH64_STATUS_ADDRESS_SIZE);
    }
    if ((entry & AXADDR_AARCH64_AF) == 0 && !axaddr_aarch64_guest_sets(regime, 1)) {
        return axaddr_aarch64_guest_fault(walk, AXADDR_GUEST_FAULT_ACCESSED,
                                          AXADDR_AARCH64_STATUS_ACCESS_FLAG);
    }
    walk->flags = axaddr_aarch64_guest_rights(regime, walk->access, entry, walk->rights);
    if ((walk->access & AXADDR_ACCESS_FLAGS & ~walk->flags) != 0) {
        return axaddr_aarch64_guest_fault(walk, AXADDR_GUEST_FAULT_DENIED,
                                          AXADDR_AARCH64_STATUS_PERMISSION);
    }
    walk->flags |= axaddr_aarch64_guest_memory(
        (uint32_t)(regime->mair_el1 >> (8 * index)) & 0xff,
        axaddr_aarch64_guest_is_cached(regime->sctlr_el1, walk->access));
    walk->update = entry | AXADDR_AARCH64_AF;
    if ((walk->access & AXADDR_WRITE) != 0) { /* permitted: AP[2] is clear, or a note */
        walk->update &= ~AXADDR_AARCH64_GUEST_READ_ONLY;
    }
    return AXADDR_GUEST_LEAF;
}

static inline enum axaddr_guest_step
axaddr_aarch64_guest_table(const struct axaddr_aarch64_guest_regime *regime,
                           const struct axaddr_aarch64_guest_half *half,
                           struct axaddr_guest_walk *walk, uint64_t entry) {
    uint64_t base = axaddr_aarch64_guest_address(entry, half->page_shift, half);
    bool has_hpd = (regime->cpu.mmfr1 >> 12 & 0xf) != 0 &&
                   axaddr_aarch64_guest_tcr(regime, half, AXADDR_AARCH64_GUEST_HPD_SHIFT);
    unsigned shift;

    if (base >> half->width != 0) {
        return axaddr_aarch64_guest_fault(walk, AXADDR_GUEST_FAULT_ADDRESS_SIZE,
                                          AXADDR_AARCH64_STATUS_ADDRESS_SIZE);
    }
    if (!has_hpd) {
        walk->rights |= entry & AXADDR_AARCH64_TABLE_RIGHTS;
    }
    walk->level--;
    shift = axaddr_aarch64_level_shift(half->page_shift, walk->level);
    walk->slot =
        axaddr_aarch64_guest_slot(base, walk->address, shift, shift + half->page_shift - 3);
    return AXADDR_GUEST_TABLE;
}

static inline enum axaddr_guest_step
axaddr_aarch64_guest_step(const void *context, struct axaddr_guest_walk *walk, uint64_t entry) {
    const struct axaddr_aarch64_guest_regime *regime =
        (const struct axaddr_aarch64_guest_regime *)context;
    bool is_swapped = (regime->sctlr_el1 & AXADDR_AARCH64_GUEST_EE) != 0;
    uint64_t value = is_swapped ? axaddr_aarch64_guest_swap(entry) : entry;
    struct axaddr_aarch64_guest_half half;
    enum axaddr_guest_step step;

    axaddr_aarch64_guest_look(regime, walk->address, &half);
    if ((value & AXADDR_AARCH64_VALID) == 0) {
        return axaddr_aarch64_guest_fault(walk, AXADDR_GUEST_FAULT_ABSENT,
                                          AXADDR_AARCH64_STATUS_TRANSLATION);
    }
    if ((value & AXADDR_AARCH64_TABLE_OR_PAGE) != 0 && walk->level > 0) {
        return axaddr_aarch64_guest_table(regime, &half, walk, value);
    }
    if ((value & AXADDR_AARCH64_TABLE_OR_PAGE) == 0 &&
        !axaddr_aarch64_guest_has_blocks(&half, walk->level)) {
        return axaddr_aarch64_guest_fault(walk, AXADDR_GUEST_FAULT_RESERVED,
                                          AXADDR_AARCH64_STATUS_TRANSLATION);
    }
    step = axaddr_aarch64_guest_leaf(regime, &half, walk, value);
    if (is_swapped) {
        walk->update = axaddr_aarch64_guest_swap(walk->update);
    }
    return step;
}

static inline void axaddr_aarch64_guest_blocked(const void *context,
                                                struct axaddr_guest_walk *walk) {
    (void)context;
    (void)axaddr_aarch64_guest_fault(walk, AXADDR_GUEST_FAULT_TABLE,
                                     AXADDR_AARCH64_STATUS_EXTERNAL);
}

AXADDR_UNUSED static const struct axaddr_guest_format axaddr_aarch64_guest = {
    .name = "aarch64_guest",
    .begin = axaddr_aarch64_guest_begin,
    .step = axaddr_aarch64_guest_step,
    .blocked = axaddr_aarch64_guest_blocked,
};

#endif /* AXADDR_ARCH_AARCH64_GUEST_H */
