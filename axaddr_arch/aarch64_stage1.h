/* SPDX-License-Identifier: MIT
 *
 * aarch64_stage1.h: AArch64 stage 1 tables: the EL1&0 regime (axaddr_aarch64_el1: a kernel's, or a
 * hypervisor's own with FEAT_VHE's HCR_EL2.E2H, as EL2&0) and the EL2 regime (axaddr_aarch64_el2: a
 * hypervisor's own without it); and what surrounds them: MAIR, TCR and TTBR values, the decoding of
 * an abort, TLB maintenance (aarch64_tlb.h).
 *
 * Manual: ARM DDI 0487 (VMSAv8-64): D8.2 translation process, D8.3 descriptor formats, D8.4.1 stage
 * 1 permissions, D8.5 access flag, D8.6 memory attributes, D24.2 registers.
 *
 *     format                           start level (ours)   root           leaves
 *     axaddr_aarch64_el1, _el2         0 (3)                512 entries    4 KiB, 2 MiB, 1 GiB
 *     axaddr_aarch64_el1_16k, _el2_16k 0 (3)                2 entries      16 KiB, 32 MiB
 *     axaddr_aarch64_el1_64k, _el2_64k 1 (2)                64 entries     64 KiB, 512 MiB
 *
 * All have 48 bits of virtual address; stage 1 has no concatenated tables. EL1&0 has two tables: a
 * table of TTBR0_EL1 is for the addresses below 2^48, one of TTBR1_EL1 for those from 0xffff << 48
 * on, which are given without the ones (TTBR1's table translates bits 47:0 alike). Formats of 52
 * bits are in aarch64_52.h.
 *
 *     63   59 58 55 54   53   52 51  50  48 47         12  11 10  9 8   7    6   5  4   2  1   0
 *    | ignored | sw |UXN|PXN |C|DBM| RES0 |output address|nG|AF| SH |AP[2]|AP[1]|NS| Attr |T | V |
 *                    XN  RES0                             RES0             RES1                EL2
 *
 * What is held, and how
 *   READ            always: AP has no way to take it from EL1 or EL2.
 *   WRITE           AP[2] clear.
 *   USER            AP[1]: EL0 may access as EL1 may. axaddr_aarch64_el2 refuses it.
 *   EXECUTE         with USER EL0 may fetch and EL1 may not (UXN clear, PXN set); without USER EL1
 *                   may and EL0 may not (PXN clear, UXN set). SCTLR_ELx.WXN must be 0, or what is
 *                   writable is not executable.
 *   GLOBAL          nG clear. axaddr_aarch64_el2, which has no ASIDs, refuses it.
 *   no memory type  attribute index 0, DEVICE 1, UNCACHED 2: axaddr_aarch64_mair.
 *
 * For TCR_ELx as made below: no hardware A/D update (HA, HD), no permission indirection (PIE).
 * Table descriptors restrict nothing. While PSTATE.PAN is 1, EL1 does not access what has USER.
 */
#ifndef AXADDR_ARCH_AARCH64_STAGE1_H
#define AXADDR_ARCH_AARCH64_STAGE1_H

#include "../axaddr_core/absent.h"
#include "../axaddr_core/addr.h"
#include "../axaddr_core/base.h"
#include "../axaddr_core/flags.h"
#include "../axaddr_core/format.h"

#include "aarch64_common.h"
#include "aarch64_tlb.h"

/* ---- descriptor bits of stage 1 (D8.3) ---- */

#define AXADDR_AARCH64_S1_ATTR       (UINT64_C(7) << 2)
#define AXADDR_AARCH64_S1_ATTR_SHIFT 2
#define AXADDR_AARCH64_S1_USER       (UINT64_C(1) << 6) /**< AP[1]; RES1 in the EL2 regime */
#define AXADDR_AARCH64_S1_READ_ONLY  (UINT64_C(1) << 7) /**< AP[2] */
#define AXADDR_AARCH64_S1_NG         (UINT64_C(1) << 11)
#define AXADDR_AARCH64_S1_PXN        (UINT64_C(1) << 53)
#define AXADDR_AARCH64_S1_UXN        (UINT64_C(1) << 54) /**< of the EL2 regime: XN */

/* ---- memory attributes ---- */

/* The attribute indices of the formats. */
#define AXADDR_AARCH64_ATTR_NORMAL 0 /**< Normal, write-back, read- and write-allocate: 0xff */
#define AXADDR_AARCH64_ATTR_DEVICE 1 /**< Device-nGnRE: 0x04 */
#define AXADDR_AARCH64_ATTR_NC     2 /**< Normal non-cacheable: 0x44 */

/**
 * MAIR_EL1 or MAIR_EL2 (D24.2): the three attributes above in bits 23:0, the caller's own 3 to 7
 * from bits 63:24 of `others`.
 */
static inline uint64_t axaddr_aarch64_mair(uint64_t others) {
    return (others & ~axaddr_low_bits(24)) | UINT64_C(0xff) << (8 * AXADDR_AARCH64_ATTR_NORMAL) |
           UINT64_C(0x04) << (8 * AXADDR_AARCH64_ATTR_DEVICE) |
           UINT64_C(0x44) << (8 * AXADDR_AARCH64_ATTR_NC);
}

/** What a leaf has in both regimes alike. */
AXADDR_ALWAYS_INLINE uint64_t axaddr_aarch64_stage1_attributes(uint32_t flags, unsigned level) {
    uint64_t attributes = AXADDR_AARCH64_VALID | AXADDR_AARCH64_AF;
    uint64_t memory = AXADDR_AARCH64_ATTR_NORMAL;

    if (level == 0) {
        attributes |= AXADDR_AARCH64_TABLE_OR_PAGE;
    }
    if ((flags & AXADDR_WRITE) == 0) {
        attributes |= AXADDR_AARCH64_S1_READ_ONLY;
    }
    if ((flags & AXADDR_DEVICE) != 0) {
        memory = AXADDR_AARCH64_ATTR_DEVICE;
    } else {
        attributes |= AXADDR_AARCH64_SH_INNER;
    }
    if ((flags & AXADDR_UNCACHED) != 0) {
        memory = AXADDR_AARCH64_ATTR_NC;
    }
    return attributes | memory << AXADDR_AARCH64_S1_ATTR_SHIFT;
}

/** What is read of a leaf in both regimes; other attribute indices read as plain memory. */
AXADDR_ALWAYS_INLINE uint32_t axaddr_aarch64_stage1_flags(uint64_t leaf) {
    uint64_t memory = (leaf & AXADDR_AARCH64_S1_ATTR) >> AXADDR_AARCH64_S1_ATTR_SHIFT;
    uint32_t flags = AXADDR_READ;

    if ((leaf & AXADDR_AARCH64_S1_READ_ONLY) == 0 || (leaf & AXADDR_AARCH64_DBM) != 0) {
        flags |= AXADDR_WRITE;
    }
    if (memory == AXADDR_AARCH64_ATTR_DEVICE) {
        flags |= AXADDR_DEVICE;
    } else if (memory == AXADDR_AARCH64_ATTR_NC) {
        flags |= AXADDR_UNCACHED;
    }
    return flags;
}

/* ---- hooks of EL1&0 ---- */

static inline bool axaddr_aarch64_el1_can_hold(uint32_t flags) {
    return (flags & AXADDR_READ) != 0 && (flags & AXADDR_EXECUTE_MODES) == 0 &&
           axaddr_flags_agree(flags);
}

static inline uint64_t axaddr_aarch64_el1_attributes_of(uint32_t flags, unsigned level) {
    uint64_t attributes = axaddr_aarch64_stage1_attributes(flags, level);
    uint64_t fetches = 0;

    if ((flags & AXADDR_USER) != 0) {
        attributes |= AXADDR_AARCH64_S1_USER;
    }
    if ((flags & AXADDR_GLOBAL) == 0) {
        attributes |= AXADDR_AARCH64_S1_NG;
    }
    if ((flags & AXADDR_EXECUTE) != 0) {
        fetches = (flags & AXADDR_USER) != 0 ? AXADDR_AARCH64_S1_UXN : AXADDR_AARCH64_S1_PXN;
    }
    return attributes | ((AXADDR_AARCH64_S1_UXN | AXADDR_AARCH64_S1_PXN) ^ fetches);
}

/** EXECUTE is the right of the mode that the leaf is for: of EL0 with USER, else of EL1. */
static inline uint32_t axaddr_aarch64_el1_flags_of(uint64_t leaf, unsigned level) {
    bool is_user = (leaf & AXADDR_AARCH64_S1_USER) != 0;
    uint64_t never = is_user ? AXADDR_AARCH64_S1_UXN : AXADDR_AARCH64_S1_PXN;

    (void)level;
    return axaddr_aarch64_stage1_flags(leaf) | (is_user ? AXADDR_USER : 0) |
           ((leaf & AXADDR_AARCH64_S1_NG) == 0 ? AXADDR_GLOBAL : 0) |
           ((leaf & never) == 0 ? AXADDR_EXECUTE : 0);
}

/* ---- hooks of EL2 ---- */

static inline bool axaddr_aarch64_el2_can_hold(uint32_t flags) {
    return (flags & AXADDR_READ) != 0 && (flags & (AXADDR_USER | AXADDR_SPECIAL_FLAGS)) == 0 &&
           axaddr_flags_agree(flags);
}

static inline uint64_t axaddr_aarch64_el2_attributes_of(uint32_t flags, unsigned level) {
    return axaddr_aarch64_stage1_attributes(flags, level) | AXADDR_AARCH64_S1_USER |
           ((flags & AXADDR_EXECUTE) == 0 ? AXADDR_AARCH64_S1_UXN : 0);
}

static inline uint32_t axaddr_aarch64_el2_flags_of(uint64_t leaf, unsigned level) {
    (void)level;
    return axaddr_aarch64_stage1_flags(leaf) |
           ((leaf & AXADDR_AARCH64_S1_UXN) == 0 ? AXADDR_EXECUTE : 0);
}

/* ---- notes, of both: as in stage 2, with AP[2] for S2AP[1] the other way round (D8.5.5) ---- */

#define AXADDR_AARCH64_S1_UNWRITTEN (AXADDR_AARCH64_CLEAN | AXADDR_AARCH64_S1_READ_ONLY)

/** Whether the note "written" was cleared and is not back. */
AXADDR_ALWAYS_INLINE bool axaddr_aarch64_stage1_is_clean(uint64_t leaf) {
    return (leaf & AXADDR_AARCH64_S1_UNWRITTEN) == AXADDR_AARCH64_S1_UNWRITTEN;
}

static inline uint32_t axaddr_aarch64_stage1_notes_of(uint64_t leaf, unsigned level) {
    (void)level;
    return ((leaf & AXADDR_AARCH64_AF) != 0 ? AXADDR_ACCESSED : 0) |
           (axaddr_aarch64_stage1_is_clean(leaf) ? 0 : AXADDR_DIRTY);
}

static inline uint64_t axaddr_aarch64_stage1_clear_notes(uint64_t leaf, unsigned level,
                                                         uint32_t notes) {
    (void)level;
    if ((notes & AXADDR_ACCESSED) != 0) {
        leaf &= ~AXADDR_AARCH64_AF;
    }
    if ((notes & AXADDR_DIRTY) != 0) {
        leaf |= AXADDR_AARCH64_CLEAN;
        if ((leaf & AXADDR_AARCH64_S1_READ_ONLY) == 0) {
            leaf |= AXADDR_AARCH64_S1_READ_ONLY | AXADDR_AARCH64_DBM;
        }
    }
    return leaf;
}

static inline uint64_t axaddr_aarch64_stage1_note_access(uint64_t leaf, unsigned level,
                                                         uint32_t access) {
    (void)level;
    if ((access & AXADDR_WRITE) != 0 && (leaf & AXADDR_AARCH64_DBM) != 0) {
        leaf &= ~AXADDR_AARCH64_S1_READ_ONLY;
    }
    return leaf | AXADDR_AARCH64_AF;
}

/* ---- changes, of both ---- */

/** change_leaf, for leaves with these address bits. */
AXADDR_ALWAYS_INLINE uint64_t axaddr_aarch64_stage1_change(uint64_t leaf, uint64_t address_mask,
                                                           uint64_t attributes) {
    uint64_t kept = address_mask | AXADDR_AARCH64_AF | AXADDR_AARCH64_CONTIGUOUS;

    attributes &= ~AXADDR_AARCH64_AF;
    if (AXADDR_UNLIKELY(axaddr_aarch64_stage1_is_clean(leaf))) {
        /* Not written yet: it stays so. */
        attributes |= AXADDR_AARCH64_CLEAN;
        if ((attributes & AXADDR_AARCH64_S1_READ_ONLY) == 0) {
            attributes |= AXADDR_AARCH64_S1_READ_ONLY | AXADDR_AARCH64_DBM;
        }
    }
    return (leaf & kept) | attributes;
}

/**
 * Break-before-make, R_WHZWS, as in stage 2. And a global entry must not come where one with an
 * ASID may still be cached, so nG counts as well.
 */
AXADDR_ALWAYS_INLINE bool axaddr_aarch64_stage1_breaks(uint64_t from, uint64_t to,
                                                       uint64_t address_mask) {
    return axaddr_aarch64_breaks(from, to, address_mask,
                                 AXADDR_AARCH64_S1_ATTR | AXADDR_AARCH64_S1_NG);
}

static inline bool axaddr_aarch64_stage1_needs_break(uint64_t from, uint64_t to, unsigned level) {
    (void)level;
    return axaddr_aarch64_stage1_breaks(from, to, AXADDR_AARCH64_ADDRESS);
}

/* ---- the hooks of each granule ---- */

#define AXADDR_AARCH64_S1_GRANULE_(prefix, page_shift)                                             \
    AXADDR_AARCH64_GRANULE_HOOKS_(prefix, page_shift)                                              \
    static inline uint64_t prefix##_change_leaf(uint64_t leaf, unsigned level,                     \
                                                uint64_t attributes) {                             \
        return axaddr_aarch64_stage1_change(leaf, axaddr_aarch64_address_mask(page_shift, level),  \
                                            attributes);                                           \
    }

AXADDR_AARCH64_S1_GRANULE_(axaddr_aarch64_stage1_4k, 12)
AXADDR_AARCH64_S1_GRANULE_(axaddr_aarch64_stage1_16k, 14)
AXADDR_AARCH64_S1_GRANULE_(axaddr_aarch64_stage1_64k, 16)

/* ---- the formats ---- */

/**
 * A format's initialiser. `text` is its name; `width` that of a virtual address, a number from 32
 * to 48; `granule` is 4k, 16k or 64k; `regime` is axaddr_aarch64_el1 or axaddr_aarch64_el2.
 */
#define AXADDR_AARCH64_STAGE1_FORMAT(text, width, granule, regime)                                 \
    {                                                                                              \
        AXADDR_AARCH64_GEOMETRY_(                                                                  \
            text, width, AXADDR_AARCH64_PAGE_SHIFT_##granule##_,                                   \
            AXADDR_AARCH64_LEVELS_(width, AXADDR_AARCH64_PAGE_SHIFT_##granule##_, 0)),             \
            AXADDR_AARCH64_HOOKS_(axaddr_aarch64_stage1_##granule, axaddr_aarch64_stage1, regime)  \
    }

/** EL1&0, 4 KiB granule. */
AXADDR_UNUSED static const struct axaddr_format axaddr_aarch64_el1 =
    AXADDR_AARCH64_STAGE1_FORMAT("aarch64_el1", 48, 4k, axaddr_aarch64_el1);

/** EL1&0, 16 KiB granule. */
AXADDR_UNUSED static const struct axaddr_format axaddr_aarch64_el1_16k =
    AXADDR_AARCH64_STAGE1_FORMAT("aarch64_el1_16k", 48, 16k, axaddr_aarch64_el1);

/** EL1&0, 64 KiB granule. */
AXADDR_UNUSED static const struct axaddr_format axaddr_aarch64_el1_64k =
    AXADDR_AARCH64_STAGE1_FORMAT("aarch64_el1_64k", 48, 64k, axaddr_aarch64_el1);

/** EL2, 4 KiB granule. */
AXADDR_UNUSED static const struct axaddr_format axaddr_aarch64_el2 =
    AXADDR_AARCH64_STAGE1_FORMAT("aarch64_el2", 48, 4k, axaddr_aarch64_el2);

/** EL2, 16 KiB granule. */
AXADDR_UNUSED static const struct axaddr_format axaddr_aarch64_el2_16k =
    AXADDR_AARCH64_STAGE1_FORMAT("aarch64_el2_16k", 48, 16k, axaddr_aarch64_el2);

/** EL2, 64 KiB granule. */
AXADDR_UNUSED static const struct axaddr_format axaddr_aarch64_el2_64k =
    AXADDR_AARCH64_STAGE1_FORMAT("aarch64_el2_64k", 48, 64k, axaddr_aarch64_el2);

/* ---- the registers around a table (D24.2: TCR_EL1, TCR_EL2, TTBR0_EL1, TTBR0_EL2) ---- */

/** T0SZ, IRGN0, ORGN0 and SH0 of a TCR: walks through write-back, inner shareable memory. */
static inline uint64_t axaddr_aarch64_tcr_half(const struct axaddr_format *format) {
    return (64u - format->input_width) | UINT64_C(1) << 8 | UINT64_C(1) << 10 | UINT64_C(3) << 12;
}

/**
 * Whether the CPU has the granule and the address widths of a format. More than 48 bits of virtual
 * address need FEAT_LVA with the 64 KiB granule (ID_AA64MMFR2_EL1.VARange, 19:16); with others they
 * come with FEAT_LPA2.
 */
static inline bool axaddr_aarch64_stage1_has(const struct axaddr_format *format,
                                             const struct axaddr_aarch64_cpu *cpu) {
    unsigned page_shift = format->shift[0];

    if (!axaddr_aarch64_has_stage1_granule(cpu, page_shift)) {
        return false;
    }
    return !axaddr_aarch64_is_52(format) ||
           (axaddr_aarch64_has_stage1_52(cpu, page_shift) && axaddr_aarch64_pa_bits(cpu) >= 52 &&
            (page_shift < 16 || format->input_width <= 48 || (cpu->mmfr2 >> 16 & 0xf) != 0));
}

/** Whether one DS, which the 64 KiB granule does not look at, is right for both formats. */
static inline bool axaddr_aarch64_el1_agree(const struct axaddr_format *low,
                                            const struct axaddr_format *high) {
    return low->shift[0] == 16 || high->shift[0] == 16 ||
           axaddr_aarch64_has_ds(low) == axaddr_aarch64_has_ds(high);
}

/**
 * TCR_EL1 for the tables of TTBR0_EL1 and TTBR1_EL1 (for EL2&0: TCR_EL2, TTBR0_EL2 and TTBR1_EL2),
 * whose granules may differ. One of the formats may be 0: no walk is done with that register (EPD0,
 * EPD1). ASIDs are TTBR0's (A1 0), and have 16 bits (AS) where ID_AA64MMFR0_EL1.ASIDBits, 7:4, says
 * so.
 *
 * @return AXADDR_INVALID if both formats are 0, for a reserved PARange, and for two formats with
 *         the 4 KiB or the 16 KiB granule of which only one has 52 bits (there is one DS);
 *         AXADDR_UNSUPPORTED if the CPU lacks a granule or its 52 bits
 */
AXADDR_MUST_CHECK static inline enum axaddr_status
axaddr_aarch64_el1_tcr(const struct axaddr_format *lower, const struct axaddr_format *upper,
                       const struct axaddr_aarch64_cpu *cpu, uint64_t *tcr) {
    const struct axaddr_format *low = lower != 0 ? lower : upper;
    const struct axaddr_format *high = upper != 0 ? upper : lower;
    uint64_t granule1; /* TG1: 16 KiB 1, 4 KiB 2, 64 KiB 3; not as TG0 */
    bool is_52;
    bool has_ds;

    if (low == 0 || axaddr_aarch64_pa_bits(cpu) == 0 || !axaddr_aarch64_el1_agree(low, high)) {
        return AXADDR_INVALID;
    }
    if (!axaddr_aarch64_stage1_has(low, cpu) || !axaddr_aarch64_stage1_has(high, cpu)) {
        return AXADDR_UNSUPPORTED;
    }
    is_52 = axaddr_aarch64_is_52(low) || axaddr_aarch64_is_52(high);
    has_ds = axaddr_aarch64_has_ds(low) || axaddr_aarch64_has_ds(high);
    granule1 = high->shift[0] == 12 ? 2 : high->shift[0] == 14 ? 1 : 3;
    *tcr = axaddr_aarch64_tcr_half(low) | axaddr_aarch64_tg0(low->shift[0]) << 14 |
           axaddr_aarch64_tcr_half(high) << 16 | granule1 << 30 |
           (lower == 0 ? UINT64_C(1) << 7 : 0) | (upper == 0 ? UINT64_C(1) << 23 : 0) |
           axaddr_aarch64_output_size((unsigned)cpu->mmfr0 & 0xf, is_52) << 32 |
           ((cpu->mmfr0 >> 4 & 0xf) == 2 ? UINT64_C(1) << 36 : 0) |
           (has_ds ? UINT64_C(1) << 59 : 0);
    return AXADDR_OK;
}

/**
 * TCR_EL2 with HCR_EL2.E2H 0. Bits 31 and 23 are RES1, DS is bit 32. Errors as
 * axaddr_aarch64_el1_tcr.
 */
AXADDR_MUST_CHECK static inline enum axaddr_status
axaddr_aarch64_el2_tcr(const struct axaddr_format *format, const struct axaddr_aarch64_cpu *cpu,
                       uint64_t *tcr) {
    if (axaddr_aarch64_pa_bits(cpu) == 0) {
        return AXADDR_INVALID;
    }
    if (!axaddr_aarch64_stage1_has(format, cpu)) {
        return AXADDR_UNSUPPORTED;
    }
    *tcr = axaddr_aarch64_tcr_half(format) | axaddr_aarch64_tg0(format->shift[0]) << 14 |
           axaddr_aarch64_output_size((unsigned)cpu->mmfr0 & 0xf, axaddr_aarch64_is_52(format))
               << 16 |
           UINT64_C(1) << 31 | UINT64_C(1) << 23 |
           (axaddr_aarch64_has_ds(format) ? UINT64_C(1) << 32 : 0);
    return AXADDR_OK;
}

/**
 * TTBR0_EL1 or TTBR1_EL1: the root, and the ASID that tags its entries; CnP clear.
 * @return AXADDR_INVALID for a root that is not a granule or is above the format's output
 *         addresses, and for an ASID that has more bits than the CPU's: hardware would drop them,
 *         and two tables share entries
 */
AXADDR_MUST_CHECK static inline enum axaddr_status
axaddr_aarch64_el1_ttbr(const struct axaddr_format *format, const struct axaddr_aarch64_cpu *cpu,
                        axaddr_hpa_t root, uint32_t asid, uint64_t *ttbr) {
    unsigned asid_bits = (cpu->mmfr0 >> 4 & 0xf) == 2 ? 16 : 8;

    if ((root.raw & axaddr_low_bits(format->shift[0])) != 0 ||
        root.raw >> format->output_width != 0 || asid >> asid_bits != 0) {
        return AXADDR_INVALID;
    }
    *ttbr = (uint64_t)asid << 48 | axaddr_aarch64_baddr(root.raw);
    return AXADDR_OK;
}

/** TTBR0_EL2 with HCR_EL2.E2H 0: no ASID. Errors as axaddr_aarch64_el1_ttbr. */
AXADDR_MUST_CHECK static inline enum axaddr_status
axaddr_aarch64_el2_ttbr(const struct axaddr_format *format, axaddr_hpa_t root, uint64_t *ttbr) {
    struct axaddr_aarch64_cpu any = {0, 0, 0};

    return axaddr_aarch64_el1_ttbr(format, &any, root, 0, ttbr);
}

/* ---- aborts ---- */

/** What a stage 1 abort was. */
struct axaddr_aarch64_page_fault {
    axaddr_gva_t gva;    /**< the address accessed */
    uint32_t access;     /**< AXADDR_READ, WRITE or EXECUTE; and USER, if EL0 tried it */
    bool is_permission;  /**< an entry was there and did not permit it */
    bool is_access_flag; /**< an entry was there, and its note "accessed" was not */
};

/**
 * Decode an abort that a stage 1 table made, from ESR_ELx and FAR_ELx of the level that took it:
 * EL1; or EL2 for its own accesses (with HCR_EL2.TGE also for EL0's: else an abort from a lower
 * level is one of stage 2). Cache maintenance counts as a read, and where it lacked permission as a
 * write (as in stage 2).
 *
 * @return AXADDR_INVALID if the exception is no abort of stage 1; AXADDR_UNSUPPORTED if it is one
 *         that mapping cannot cure (external, alignment, address size, TLB conflict). *fault is
 *         untouched then.
 */
AXADDR_MUST_CHECK static inline enum axaddr_status
axaddr_aarch64_stage1_decode(uint64_t esr, uint64_t far_elx,
                             struct axaddr_aarch64_page_fault *fault) {
    unsigned exception_class = (unsigned)(esr >> 26) & 0x3f;
    enum axaddr_aarch64_fault made = axaddr_aarch64_fault_of(esr);
    bool is_fetch = (exception_class & ~1u) == 0x20;
    bool is_user = (exception_class & 1) == 0; /* from a lower level */

    if ((!is_fetch && (exception_class & ~1u) != 0x24) || (esr & AXADDR_AARCH64_ESR_S1PTW) != 0) {
        return AXADDR_INVALID;
    }
    if (made == AXADDR_AARCH64_FAULT_OTHER) {
        return AXADDR_UNSUPPORTED;
    }
    fault->gva = axaddr_gva(far_elx);
    fault->access = (is_fetch ? AXADDR_EXECUTE : axaddr_aarch64_data_access(esr, made)) |
                    (is_user ? AXADDR_USER : 0);
    fault->is_permission = made == AXADDR_AARCH64_FAULT_PERMISSION;
    fault->is_access_flag = made == AXADDR_AARCH64_FAULT_ACCESS_FLAG;
    return AXADDR_OK;
}

#endif /* AXADDR_ARCH_AARCH64_STAGE1_H */
