/* SPDX-License-Identifier: MIT
 *
 * arm_lpae.h: 32-bit Arm's tables with long descriptors (the Large Physical Address Extension):
 * stage 2, stage 1 of PL1&0, stage 1 of Hyp mode (PL2); and what surrounds them: the registers, the
 * decoding of aborts (arm_fault.h), TLB maintenance (arm_tlb.h).
 *
 * Manual: ARM DDI 0406C: B3.6 "Long-descriptor translation table format", B3.6.1 descriptors, B3.6.2
 * attributes, B3.6.6 and B3.6.7 lookups, B3.7 "Memory access control", B4.1 registers. AArch32 of
 * ARM DDI 0487 (G5) is alike.
 *
 *     format                       start level (ours)   root                  leaves
 *     axaddr_arm_lpae_stage2_32    2 (1)                4 tables, 16 KiB      4 KiB, 2 MiB
 *                           _36    1 (2)                64 entries            4 KiB, 2 MiB, 1 GiB
 *                           _40    1 (2)                2 tables, 8 KiB       4 KiB, 2 MiB, 1 GiB
 *     axaddr_arm_lpae              1 (2)                4 entries             4 KiB, 2 MiB, 1 GiB
 *     axaddr_arm_lpae_hyp          1 (2)                4 entries             4 KiB, 2 MiB, 1 GiB
 *
 * Descriptors are those of AArch64 (aarch64_common.h), with 40 bits of output address. Of stage 2:
 *
 *     63    55 54  53 52 51        40 39                   12 11 10  9 8  7  6 5      2  1   0
 *    | ignored |XN| 0 |C |   RES0    |     output address    |0 |AF| SH | HAP  | MemAttr |T | V |
 *
 * and of stage 1:
 *
 *     63    55 54  53  52 51       40 39                   12 11 10  9 8   7    6   5  4   2  1   0
 *    | ignored |XN|PXN|C |   RES0    |     output address    |nG|AF| SH |AP[2]|AP[1]|NS| Attr |T |V|
 *                  RES0                                     RES0            RES1               PL2
 *
 * What is held, and how
 *   READ            stage 2: HAP[1]. Stage 1: always, AP has no way to take it.
 *   WRITE           HAP[2]; AP[2] clear.
 *   EXECUTE         XN clear. Stage 2 refuses it without READ, which a fetch needs in AArch32
 *                   (B3.7.2). With USER also PXN: User mode may fetch and PL1 may not; without USER
 *                   the other way round, as a fetch by User mode would have to read. SCTLR.WXN and
 *                   UWXN, and HSCTLR.WXN must be 0.
 *   USER            AP[1]. Refused by stage 2 and Hyp mode.
 *   GLOBAL          nG clear. Refused by stage 2 and Hyp mode, which have no ASIDs.
 *   no memory type  stage 2: write-back. Stage 1: attribute index 0, DEVICE 1, UNCACHED 2:
 *                   axaddr_arm_lpae_mair.
 *
 * There are no access permissions of domains (DACR) with these descriptors. No hardware sets AF.
 */
#ifndef AXADDR_ARCH_ARM_LPAE_H
#define AXADDR_ARCH_ARM_LPAE_H

#include "../axaddr_core/absent.h"
#include "../axaddr_core/addr.h"
#include "../axaddr_core/base.h"
#include "../axaddr_core/flags.h"
#include "../axaddr_core/format.h"

#include "aarch64_common.h"
#include "arm_fault.h"
#include "arm_tlb.h"

/* ---- descriptor bits (B3.6.1, B3.6.2) ---- */

#define AXADDR_ARM_LPAE_ADDRESS        UINT64_C(0x000000fffffff000)
/** HAP[2] permits writes in stage 2; in stage 1, where it is AP[2], it forbids them. */
#define AXADDR_ARM_LPAE_AP2            (UINT64_C(1) << 7)
#define AXADDR_ARM_LPAE_XN             (UINT64_C(1) << 54)
/** Software's (58:55): the note "written" was cleared; whether it is back, the rights tell. */
#define AXADDR_ARM_LPAE_CLEAN          (UINT64_C(1) << 55)
/** Software's: would be writable, but waits to be noted as written. */
#define AXADDR_ARM_LPAE_WAITS          (UINT64_C(1) << 56)
#define AXADDR_ARM_LPAE_HAP_SHIFT      6
#define AXADDR_ARM_LPAE_MEMATTR        (UINT64_C(0xf) << 2)
#define AXADDR_ARM_LPAE_MEMATTR_DEVICE (UINT64_C(0x1) << 2)
#define AXADDR_ARM_LPAE_MEMATTR_NC     (UINT64_C(0x5) << 2)
#define AXADDR_ARM_LPAE_MEMATTR_WB     (UINT64_C(0xf) << 2)
#define AXADDR_ARM_LPAE_ATTR_SHIFT     2
#define AXADDR_ARM_LPAE_ATTR           (UINT64_C(7) << AXADDR_ARM_LPAE_ATTR_SHIFT)
#define AXADDR_ARM_LPAE_USER           (UINT64_C(1) << 6) /**< AP[1]; RES1 in Hyp mode's */
#define AXADDR_ARM_LPAE_NG             (UINT64_C(1) << 11)
#define AXADDR_ARM_LPAE_PXN            (UINT64_C(1) << 53)

AXADDR_STATIC_ASSERT(AXADDR_READ == 1 && AXADDR_WRITE == 2,
                     "HAP[1] permits reads and HAP[2] writes (DDI 0406C, B3.7.1)");

/* ---- memory attributes of stage 1 ---- */

/* The attribute indices of the formats. */
#define AXADDR_ARM_LPAE_ATTR_NORMAL 0 /**< Normal, write-back, read- and write-allocate: 0xff */
#define AXADDR_ARM_LPAE_ATTR_DEVICE 1 /**< Device: 0x04 */
#define AXADDR_ARM_LPAE_ATTR_NC     2 /**< Normal non-cacheable: 0x44 */

/**
 * MAIR0 (bits 31:0) and MAIR1 (63:32), or HMAIR0 and HMAIR1: the three attributes above, the
 * caller's own 3 to 7 from bits 63:24 of `others`.
 */
static inline uint64_t axaddr_arm_lpae_mair(uint64_t others) {
    return (others & ~axaddr_low_bits(24)) | UINT64_C(0xff) << (8 * AXADDR_ARM_LPAE_ATTR_NORMAL) |
           UINT64_C(0x04) << (8 * AXADDR_ARM_LPAE_ATTR_DEVICE) |
           UINT64_C(0x44) << (8 * AXADDR_ARM_LPAE_ATTR_NC);
}

/* ---- hooks of all ---- */

/** Blocks are at the manual's levels 1 and 2; 0b01 at its 3 is reserved, and faults. */
static inline enum axaddr_entry_kind axaddr_arm_lpae_kind_of(uint64_t entry, unsigned level) {
    if ((entry & AXADDR_AARCH64_VALID) == 0) {
        return AXADDR_ENTRY_ABSENT;
    }
    if ((entry & AXADDR_AARCH64_TABLE_OR_PAGE) != 0) {
        return level == 0 ? AXADDR_ENTRY_LEAF : AXADDR_ENTRY_TABLE;
    }
    return level == 0 ? AXADDR_ENTRY_ABSENT : AXADDR_ENTRY_LEAF;
}

/** The address field of a leaf of `level`; of level 0 also that of a table descriptor. */
AXADDR_ALWAYS_INLINE uint64_t axaddr_arm_lpae_address(unsigned level) {
    return AXADDR_ARM_LPAE_ADDRESS & (~UINT64_C(0) << (12 + 9 * level));
}

static inline uint64_t axaddr_arm_lpae_next_leaf(uint64_t leaf, unsigned level) {
    return leaf + (UINT64_C(1) << (12 + 9 * level));
}

/** The bits below a block's address are no address one level down; a page has bit 1. */
static inline uint64_t axaddr_arm_lpae_split_leaf(uint64_t leaf, unsigned level) {
    uint64_t below = AXADDR_ARM_LPAE_ADDRESS & ~axaddr_arm_lpae_address(level);

    return (leaf & ~below) | (level == 1 ? AXADDR_AARCH64_TABLE_OR_PAGE : 0);
}

static inline uint64_t axaddr_arm_lpae_frame_of(uint64_t leaf, unsigned level) {
    return leaf & axaddr_arm_lpae_address(level);
}

static inline uint64_t axaddr_arm_lpae_table_of(uint64_t entry) {
    return entry & AXADDR_ARM_LPAE_ADDRESS;
}

/* ---- what a leaf permits, and its memory type: stage 2 ---- */

static inline bool axaddr_arm_lpae_stage2_can_hold(uint32_t flags) {
    return (flags & (AXADDR_USER | AXADDR_SPECIAL_FLAGS)) == 0 &&
           (flags & (AXADDR_READ | AXADDR_EXECUTE)) != AXADDR_EXECUTE && axaddr_flags_agree(flags);
}

static inline uint64_t axaddr_arm_lpae_stage2_attributes_of(uint32_t flags, unsigned level) {
    uint64_t attributes = AXADDR_AARCH64_VALID | AXADDR_AARCH64_AF;

    if (level == 0) {
        attributes |= AXADDR_AARCH64_TABLE_OR_PAGE;
    }
    attributes |= (uint64_t)(flags & (AXADDR_READ | AXADDR_WRITE)) << AXADDR_ARM_LPAE_HAP_SHIFT;
    if ((flags & AXADDR_EXECUTE) == 0) {
        attributes |= AXADDR_ARM_LPAE_XN;
    }
    if ((flags & AXADDR_DEVICE) != 0) {
        return attributes | AXADDR_ARM_LPAE_MEMATTR_DEVICE;
    }
    attributes |= AXADDR_AARCH64_SH_INNER;
    return attributes | ((flags & AXADDR_UNCACHED) != 0 ? AXADDR_ARM_LPAE_MEMATTR_NC
                                                        : AXADDR_ARM_LPAE_MEMATTR_WB);
}

/** Other memory attributes read as plain memory; a fetch needs HAP[1] as well. */
static inline uint32_t axaddr_arm_lpae_stage2_flags_of(uint64_t leaf, unsigned level) {
    uint32_t flags = (uint32_t)(leaf >> AXADDR_ARM_LPAE_HAP_SHIFT) & (AXADDR_READ | AXADDR_WRITE);
    uint64_t memory = leaf & AXADDR_ARM_LPAE_MEMATTR;

    (void)level;
    if ((leaf & AXADDR_ARM_LPAE_XN) == 0 && (flags & AXADDR_READ) != 0) {
        flags |= AXADDR_EXECUTE;
    }
    if ((leaf & AXADDR_ARM_LPAE_WAITS) != 0) {
        flags |= AXADDR_WRITE;
    }
    if (memory == AXADDR_ARM_LPAE_MEMATTR_DEVICE) {
        flags |= AXADDR_DEVICE;
    } else if (memory == AXADDR_ARM_LPAE_MEMATTR_NC) {
        flags |= AXADDR_UNCACHED;
    }
    return flags;
}

/* ---- stage 1, both regimes ---- */

AXADDR_ALWAYS_INLINE uint64_t axaddr_arm_lpae_stage1_attributes(uint32_t flags, unsigned level) {
    uint64_t attributes = AXADDR_AARCH64_VALID | AXADDR_AARCH64_AF;
    uint64_t memory = AXADDR_ARM_LPAE_ATTR_NORMAL;

    if (level == 0) {
        attributes |= AXADDR_AARCH64_TABLE_OR_PAGE;
    }
    if ((flags & AXADDR_WRITE) == 0) {
        attributes |= AXADDR_ARM_LPAE_AP2;
    }
    if ((flags & AXADDR_EXECUTE) == 0) {
        attributes |= AXADDR_ARM_LPAE_XN;
    }
    if ((flags & AXADDR_DEVICE) != 0) {
        memory = AXADDR_ARM_LPAE_ATTR_DEVICE;
    } else {
        attributes |= AXADDR_AARCH64_SH_INNER;
    }
    if ((flags & AXADDR_UNCACHED) != 0) {
        memory = AXADDR_ARM_LPAE_ATTR_NC;
    }
    return attributes | memory << AXADDR_ARM_LPAE_ATTR_SHIFT;
}

/** Other attribute indices read as plain memory. */
AXADDR_ALWAYS_INLINE uint32_t axaddr_arm_lpae_stage1_flags(uint64_t leaf) {
    uint64_t memory = (leaf & AXADDR_ARM_LPAE_ATTR) >> AXADDR_ARM_LPAE_ATTR_SHIFT;
    uint32_t flags = AXADDR_READ;

    if ((leaf & AXADDR_ARM_LPAE_AP2) == 0 || (leaf & AXADDR_ARM_LPAE_WAITS) != 0) {
        flags |= AXADDR_WRITE;
    }
    if ((leaf & AXADDR_ARM_LPAE_XN) == 0) {
        flags |= AXADDR_EXECUTE;
    }
    if (memory == AXADDR_ARM_LPAE_ATTR_DEVICE) {
        flags |= AXADDR_DEVICE;
    } else if (memory == AXADDR_ARM_LPAE_ATTR_NC) {
        flags |= AXADDR_UNCACHED;
    }
    return flags;
}

/* ---- stage 1 of PL1&0 ---- */

static inline bool axaddr_arm_lpae_can_hold(uint32_t flags) {
    return (flags & AXADDR_READ) != 0 && (flags & AXADDR_EXECUTE_MODES) == 0 &&
           axaddr_flags_agree(flags);
}

static inline uint64_t axaddr_arm_lpae_attributes_of(uint32_t flags, unsigned level) {
    uint64_t attributes = axaddr_arm_lpae_stage1_attributes(flags, level);

    if ((flags & AXADDR_USER) != 0) {
        attributes |= AXADDR_ARM_LPAE_USER | AXADDR_ARM_LPAE_PXN;
    }
    return attributes | ((flags & AXADDR_GLOBAL) == 0 ? AXADDR_ARM_LPAE_NG : 0);
}

/** EXECUTE is the right of the mode that the leaf is for: with USER PXN does not count. */
static inline uint32_t axaddr_arm_lpae_flags_of(uint64_t leaf, unsigned level) {
    uint32_t flags = axaddr_arm_lpae_stage1_flags(leaf);

    (void)level;
    if ((leaf & AXADDR_ARM_LPAE_USER) != 0) {
        flags |= AXADDR_USER;
    } else if ((leaf & AXADDR_ARM_LPAE_PXN) != 0) {
        flags &= ~AXADDR_EXECUTE;
    }
    return flags | ((leaf & AXADDR_ARM_LPAE_NG) == 0 ? AXADDR_GLOBAL : 0);
}

/* ---- stage 1 of Hyp mode ---- */

static inline bool axaddr_arm_lpae_hyp_can_hold(uint32_t flags) {
    return (flags & AXADDR_READ) != 0 && (flags & (AXADDR_USER | AXADDR_SPECIAL_FLAGS)) == 0 &&
           axaddr_flags_agree(flags);
}

static inline uint64_t axaddr_arm_lpae_hyp_attributes_of(uint32_t flags, unsigned level) {
    return axaddr_arm_lpae_stage1_attributes(flags, level) | AXADDR_ARM_LPAE_USER;
}

static inline uint32_t axaddr_arm_lpae_hyp_flags_of(uint64_t leaf, unsigned level) {
    (void)level;
    return axaddr_arm_lpae_stage1_flags(leaf);
}

/* ---- notes and changes, of all; `permits` is what AP[2] is where writes are permitted ----
 *
 * AF clear makes the next access fault. A writable leaf whose note "written" was cleared permits no
 * writes, and waits: the next write faults, and note_access makes it writable again. Any leaf that
 * never was cleared counts as written.
 */

#define AXADDR_ARM_LPAE_STAGE2_PERMITS_ AXADDR_ARM_LPAE_AP2
#define AXADDR_ARM_LPAE_STAGE1_PERMITS_ UINT64_C(0)

AXADDR_ALWAYS_INLINE bool axaddr_arm_lpae_is_writable(uint64_t leaf, uint64_t permits) {
    return (leaf & AXADDR_ARM_LPAE_AP2) == permits;
}

/** The note "written" was cleared, and is not back. */
AXADDR_ALWAYS_INLINE bool axaddr_arm_lpae_is_clean(uint64_t leaf, uint64_t permits) {
    return (leaf & AXADDR_ARM_LPAE_CLEAN) != 0 && !axaddr_arm_lpae_is_writable(leaf, permits);
}

AXADDR_ALWAYS_INLINE uint64_t axaddr_arm_lpae_make_clean(uint64_t leaf, uint64_t permits) {
    if (axaddr_arm_lpae_is_writable(leaf, permits)) {
        leaf = (leaf ^ AXADDR_ARM_LPAE_AP2) | AXADDR_ARM_LPAE_WAITS;
    }
    return leaf | AXADDR_ARM_LPAE_CLEAN;
}

AXADDR_ALWAYS_INLINE uint32_t axaddr_arm_lpae_notes(uint64_t leaf, uint64_t permits) {
    return ((leaf & AXADDR_AARCH64_AF) != 0 ? AXADDR_ACCESSED : 0) |
           (axaddr_arm_lpae_is_clean(leaf, permits) ? 0 : AXADDR_DIRTY);
}

AXADDR_ALWAYS_INLINE uint64_t axaddr_arm_lpae_clear(uint64_t leaf, uint32_t notes,
                                                    uint64_t permits) {
    if ((notes & AXADDR_ACCESSED) != 0) {
        leaf &= ~AXADDR_AARCH64_AF;
    }
    return (notes & AXADDR_DIRTY) != 0 ? axaddr_arm_lpae_make_clean(leaf, permits) : leaf;
}

AXADDR_ALWAYS_INLINE uint64_t axaddr_arm_lpae_note(uint64_t leaf, uint32_t access,
                                                   uint64_t permits) {
    if ((access & AXADDR_WRITE) != 0 && (leaf & AXADDR_ARM_LPAE_WAITS) != 0) {
        leaf = (leaf & ~(AXADDR_ARM_LPAE_AP2 | AXADDR_ARM_LPAE_WAITS)) | permits;
    }
    return leaf | AXADDR_AARCH64_AF;
}

/** What was not written yet stays so. */
AXADDR_ALWAYS_INLINE uint64_t axaddr_arm_lpae_change(uint64_t leaf, unsigned level,
                                                     uint64_t attributes, uint64_t permits) {
    uint64_t kept = axaddr_arm_lpae_address(level) | AXADDR_AARCH64_AF | AXADDR_AARCH64_CONTIGUOUS;

    if (axaddr_arm_lpae_is_clean(leaf, permits)) {
        attributes = axaddr_arm_lpae_make_clean(attributes, permits);
    }
    return (leaf & kept) | (attributes & ~AXADDR_AARCH64_AF);
}

/**
 * Break-before-make (B3.10.1, "Using break-before-make when updating translation table entries"): a
 * change of memory type, cacheability or shareability; of the output address; of block against
 * table (the contiguous bit counts as a size); of a global entry against one with an ASID. Not of
 * permissions and AF, nor of what hardware ignores.
 * @param memory  the bits that tell the memory type, and nG where there is one
 */
AXADDR_ALWAYS_INLINE bool axaddr_arm_lpae_breaks(uint64_t from, uint64_t to, uint64_t memory) {
    return axaddr_aarch64_breaks(from, to, AXADDR_ARM_LPAE_ADDRESS, memory);
}

/* The hooks of either stage, from what is above. */
#define AXADDR_ARM_LPAE_STAGE_(stage, permits, memory)                                             \
    static inline uint32_t stage##_notes_of(uint64_t leaf, unsigned level) {                       \
        (void)level;                                                                               \
        return axaddr_arm_lpae_notes(leaf, permits);                                               \
    }                                                                                              \
    static inline uint64_t stage##_clear_notes(uint64_t leaf, unsigned level, uint32_t notes) {    \
        (void)level;                                                                               \
        return axaddr_arm_lpae_clear(leaf, notes, permits);                                        \
    }                                                                                              \
    static inline uint64_t stage##_note_access(uint64_t leaf, unsigned level, uint32_t access) {   \
        (void)level;                                                                               \
        return axaddr_arm_lpae_note(leaf, access, permits);                                        \
    }                                                                                              \
    static inline uint64_t stage##_change_leaf(uint64_t leaf, unsigned level,                      \
                                               uint64_t attributes) {                              \
        return axaddr_arm_lpae_change(leaf, level, attributes, permits);                           \
    }                                                                                              \
    static inline bool stage##_needs_break(uint64_t from, uint64_t to, unsigned level) {           \
        (void)level;                                                                               \
        return axaddr_arm_lpae_breaks(from, to, memory);                                           \
    }

AXADDR_ARM_LPAE_STAGE_(axaddr_arm_lpae_stage2, AXADDR_ARM_LPAE_STAGE2_PERMITS_,
                       AXADDR_ARM_LPAE_MEMATTR)
AXADDR_ARM_LPAE_STAGE_(axaddr_arm_lpae_stage1, AXADDR_ARM_LPAE_STAGE1_PERMITS_,
                       AXADDR_ARM_LPAE_ATTR | AXADDR_ARM_LPAE_NG)

/* ---- the formats ---- */

/* All that follows the geometry; `rights` is the regime. */
#define AXADDR_ARM_LPAE_HOOKS_(stage, rights)                                                      \
    .empty = 0, .noted = AXADDR_AARCH64_AF, .notes_of = stage##_notes_of,                          \
    .clear_notes = stage##_clear_notes, .note_access = stage##_note_access,                        \
    .kind_of = axaddr_arm_lpae_kind_of, .can_hold = rights##_can_hold,                             \
    .attributes_of = rights##_attributes_of, .make_leaf = axaddr_aarch64_make_leaf,                \
    .next_leaf = axaddr_arm_lpae_next_leaf, .change_leaf = stage##_change_leaf,                    \
    .split_leaf = axaddr_arm_lpae_split_leaf, .make_run = axaddr_aarch64_make_run,                 \
    .plain_leaf = axaddr_aarch64_plain_leaf, .frame_of = axaddr_arm_lpae_frame_of,                 \
    .flags_of = rights##_flags_of, .make_table = axaddr_aarch64_make_table,                        \
    .table_of = axaddr_arm_lpae_table_of, .make_absent = axaddr_aarch64_make_absent,               \
    .absent_kind = axaddr_aarch64_absent_kind, .absent_value = axaddr_aarch64_absent_value,        \
    .is_reserved = axaddr_aarch64_is_reserved, .populate = 0, .needs_break = stage##_needs_break,  \
    .publish = axaddr_arm_publish, .caches_absent = false

/**
 * A stage 2 format's initialiser: `text` is its name, `width` that of an intermediate physical
 * address, a number from 32 to 40. Up to 34 bits the walk starts at the manual's level 2 with up to
 * 16 concatenated tables, above at its level 1.
 */
#define AXADDR_ARM_LPAE_STAGE2_FORMAT(text, width)                                                 \
    {                                                                                              \
        .name = (text), .level_count = (width) <= 34 ? 2 : 3, .entry_shift = 3,                    \
        .root_order = (width) <= 34   ? (width)-30                                                 \
                      : (width) == 40 ? 1                                                          \
                                      : 0,                                                         \
        .input_width = (width), .output_width = 40, .leaf_levels = (width) <= 34 ? 0x3 : 0x7,      \
        .is_sign_extended = false, .shift = {12, 21, (width) <= 34 ? 0 : 30, 0, 0},                \
        .index_bits = {9, (width) <= 34 ? (width)-21 : 9, (width) <= 34 ? 0 : (width)-30, 0, 0},   \
        .run_bits = 4, .run_levels = (width) <= 34 ? 0x3 : 0x7,                                    \
        AXADDR_ARM_LPAE_HOOKS_(axaddr_arm_lpae_stage2, axaddr_arm_lpae_stage2)                     \
    }

/* Stage 1: all of the 32 bits by one table, T0SZ 0. Its root is too short for runs of 16. */
#define AXADDR_ARM_LPAE_STAGE1_FORMAT_(text, regime)                                               \
    {                                                                                              \
        .name = (text), .level_count = 3, .entry_shift = 3, .root_order = 0, .input_width = 32,    \
        .output_width = 40, .leaf_levels = 0x7, .is_sign_extended = false,                         \
        .shift = {12, 21, 30, 0, 0}, .index_bits = {9, 9, 2, 0, 0}, .run_bits = 4,                 \
        .run_levels = 0x3, AXADDR_ARM_LPAE_HOOKS_(axaddr_arm_lpae_stage1, regime)                  \
    }

/** Stage 2, 32-bit addresses: start level 2 (the manual's), four concatenated tables, 16 KiB. */
AXADDR_UNUSED static const struct axaddr_format axaddr_arm_lpae_stage2_32 =
    AXADDR_ARM_LPAE_STAGE2_FORMAT("arm_lpae_stage2_32", 32);

/** Stage 2, 36-bit addresses: start level 1, a root of 64 entries. */
AXADDR_UNUSED static const struct axaddr_format axaddr_arm_lpae_stage2_36 =
    AXADDR_ARM_LPAE_STAGE2_FORMAT("arm_lpae_stage2_36", 36);

/** Stage 2, 40-bit addresses: start level 1, two concatenated tables, 8 KiB. */
AXADDR_UNUSED static const struct axaddr_format axaddr_arm_lpae_stage2_40 =
    AXADDR_ARM_LPAE_STAGE2_FORMAT("arm_lpae_stage2_40", 40);

/** Stage 1 of PL1&0: a kernel's table, of TTBR0, for all of its 4 GiB. */
AXADDR_UNUSED static const struct axaddr_format axaddr_arm_lpae =
    AXADDR_ARM_LPAE_STAGE1_FORMAT_("arm_lpae", axaddr_arm_lpae);

/** Stage 1 of Hyp mode: a hypervisor's own table, of HTTBR. */
AXADDR_UNUSED static const struct axaddr_format axaddr_arm_lpae_hyp =
    AXADDR_ARM_LPAE_STAGE1_FORMAT_("arm_lpae_hyp", axaddr_arm_lpae_hyp);

/* ---- the registers around a table (B4.1: VTCR, VTTBR, HTCR, HTTBR, TTBCR, TTBR0) ---- */

/** Whether a CPU has long descriptors: ID_MMFR0.VMSA, bits 3:0, is 5 (B4.1.89). */
static inline bool axaddr_arm_has_lpae(uint32_t mmfr0) {
    return (mmfr0 & 0xf) >= 5;
}

/** Walks through write-back, inner shareable memory: IRGN0 9:8, ORGN0 11:10, SH0 13:12. */
#define AXADDR_ARM_LPAE_WALK_ UINT32_C(0x3500)

/**
 * VTCR: T0SZ in 3:0, 32 minus the width, with its sign repeated in S (4); SL0 in 7:6, 0 for the
 * manual's level 2 and 1 for its level 1; bit 31 is RES1.
 * @return AXADDR_INVALID for what is no stage 2 format of these
 */
AXADDR_MUST_CHECK static inline enum axaddr_status
axaddr_arm_lpae_vtcr(const struct axaddr_format *format, uint32_t *vtcr) {
    /* Of all formats with 40 bits of output, only these hold what cannot be read. */
    bool is_stage2 = format->output_width == 40 && format->can_hold(AXADDR_WRITE);

    if (!is_stage2 || format->input_width < 32 || format->input_width > 40) {
        return AXADDR_INVALID;
    }
    *vtcr = UINT32_C(1) << 31 | AXADDR_ARM_LPAE_WALK_ | (format->level_count - 2u) << 6 |
            ((32u - format->input_width) & 0x1f);
    return AXADDR_OK;
}

/**
 * VTTBR: the root and the VMID, 55:48, that tags its TLB entries.
 * @return AXADDR_INVALID for a root that is not aligned to all of its concatenated tables or is
 *         above 40 bits, and for a VMID above 8 bits, which hardware would drop: two VMs would share
 *         TLB entries
 */
AXADDR_MUST_CHECK static inline enum axaddr_status
axaddr_arm_lpae_vttbr(const struct axaddr_format *format, axaddr_hpa_t root, uint32_t vmid,
                      uint64_t *vttbr) {
    if ((root.raw & axaddr_low_bits(12u + format->root_order)) != 0 || root.raw >> 40 != 0 ||
        vmid >> 8 != 0) {
        return AXADDR_INVALID;
    }
    *vttbr = (uint64_t)vmid << 48 | root.raw;
    return AXADDR_OK;
}

/** TTBCR for axaddr_arm_lpae: EAE (31), T0SZ and T1SZ 0 (TTBR0 for all), ASIDs from TTBR0. */
#define AXADDR_ARM_LPAE_TTBCR (UINT32_C(1) << 31 | AXADDR_ARM_LPAE_WALK_)

/** TTBR0 (64 bits): the root and the ASID, 55:48. Errors as axaddr_arm_lpae_vttbr. */
AXADDR_MUST_CHECK static inline enum axaddr_status
axaddr_arm_lpae_ttbr0(axaddr_hpa_t root, uint32_t asid, uint64_t *ttbr0) {
    return axaddr_arm_lpae_vttbr(&axaddr_arm_lpae, root, asid, ttbr0);
}

/** HTCR for axaddr_arm_lpae_hyp: T0SZ 0; bits 31 and 23 are RES1. */
#define AXADDR_ARM_LPAE_HTCR (UINT32_C(1) << 31 | UINT32_C(1) << 23 | AXADDR_ARM_LPAE_WALK_)

/** HTTBR: the root; no ASID. Errors as axaddr_arm_lpae_vttbr. */
AXADDR_MUST_CHECK static inline enum axaddr_status axaddr_arm_lpae_httbr(axaddr_hpa_t root,
                                                                         uint64_t *httbr) {
    return axaddr_arm_lpae_vttbr(&axaddr_arm_lpae_hyp, root, 0, httbr);
}

#endif /* AXADDR_ARCH_ARM_LPAE_H */
