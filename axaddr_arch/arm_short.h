/* SPDX-License-Identifier: MIT
 *
 * arm_short.h: 32-bit Arm's tables with short descriptors, stage 1 of PL1&0; and what surrounds
 * them: TTBR0, TTBCR, DACR, the decoding of aborts (arm_fault.h), TLB maintenance (arm_tlb.h).
 *
 * Manual: ARM DDI 0406C: B3.5 "Short-descriptor translation table format", B3.5.1 descriptors, B3.7
 * "Memory access control", B3.8.2 memory attributes without TEX remap, B4.1 registers.
 *
 *     our level   the manual's   spans   an entry is                    runs of 16
 *     1           level 1        1 MiB   table or section (root of      supersections, 16 MiB
 *                                        4096 entries, 16 KiB)
 *     0           level 2        4 KiB   small page (256 entries)       large pages, 64 KiB
 *
 * A table of level 0 is 1 KiB; it gets a frame of 4 KiB of its own, whose rest is not used.
 *
 *     31               20 19 18 17 16 15   14 12 11 10  9 8     5  4  3 2 1 0
 *    |  section 31:20    |NS|0 |nG|S |AP[2]| TEX |AP[1:0]|0|domain|XN|C|B|1|PXN|
 *    | 31:24 | 39:32 = 0 |NS|1 |nG|S |AP[2]| TEX |AP[1:0]|0|   0  |XN|C|B|1|PXN|   supersection
 *    |           table 31:10                            |0|domain|0|NS|PXN|0|1|
 *
 *     31                      12 11 10   9   8 6 5   4  3 2 1 0
 *    |      small page 31:12    |nG|S |AP[2]|TEX|AP[1:0]|C|B|1|XN|
 *    |large page 31:16|XN| TEX  |nG|S |AP[2]| 0 |AP[1:0]|C|B|0|1 |
 *                      15 14 12
 *
 * A supersection or large page is 16 equal entries, as a run of sections or small pages is 16 that
 * count up: that is what make_run and plain_leaf convert. While a run is being mapped or changed
 * not all of its entries are equal, and which of them counts is open, until the flush. CPUs may
 * lack supersections: axaddr_arm_short_load.
 *
 * What is held, and how (SCTLR: TRE, WXN and UWXN 0; AFE may be either, see below)
 *   READ            always: AP has no way to take it from PL1 without taking all.
 *   WRITE           AP[2] clear.
 *   USER            AP[1]: User mode may access as PL1 may.
 *   EXECUTE         XN clear. Without USER it is PL1's alone, as a fetch by User mode would have to
 *                   read. With USER PL1 may fetch too: for small pages PXN is a bit of the table,
 *                   so a page cannot have it, and a section does not, lest splitting it takes it
 *                   away. (x86 is alike without SMEP.)
 *   GLOBAL          nG clear.
 *   no memory type  write-back, write-allocate: TEX 1, C 1, B 1. DEVICE: TEX 0, C 0, B 1. UNCACHED:
 *                   TEX 1, C 0, B 0. Memory is shareable (S).
 *   domain          0, which DACR has as a client: permissions are checked.
 *
 * AP[0] is set in every leaf. So it means the same with SCTLR.AFE 1, where AP[0] is the access
 * flag, and with AFE 0, where AP[2:0] are 1, 3, 5 or 7. Nothing is noted: these entries have no bit
 * for software in which the note "written" could be kept.
 */
#ifndef AXADDR_ARCH_ARM_SHORT_H
#define AXADDR_ARCH_ARM_SHORT_H

#include "../axaddr_core/absent.h"
#include "../axaddr_core/addr.h"
#include "../axaddr_core/base.h"
#include "../axaddr_core/flags.h"
#include "../axaddr_core/format.h"

#include "arm_fault.h"
#include "arm_tlb.h"

/* ---- descriptor bits (B3.5.1) ---- */

#define AXADDR_ARM_SHORT_TYPE          UINT64_C(3)
/** A table at level 1, a large page at level 0. */
#define AXADDR_ARM_SHORT_TABLE         UINT64_C(1)
#define AXADDR_ARM_SHORT_LARGE         UINT64_C(1)
/** A section or small page, whose bit 0 is PXN or XN. */
#define AXADDR_ARM_SHORT_SECTION       UINT64_C(2)
#define AXADDR_ARM_SHORT_SMALL         UINT64_C(2)
#define AXADDR_ARM_SHORT_TABLE_ADDRESS UINT64_C(0xfffffc00)
#define AXADDR_ARM_SHORT_SUPERSECTION  (UINT64_C(1) << 18)

/* Of sections, bits 17:4: */
#define AXADDR_ARM_SHORT_SECTION_PXN (UINT64_C(1) << 0)
#define AXADDR_ARM_SHORT_SECTION_XN  (UINT64_C(1) << 4)
#define AXADDR_ARM_SHORT_SECTION_RUN UINT64_C(0x00f00000) /**< address bits below 16 MiB */

/* Of small pages, which have the attributes of sections, from AP[0] up, six bits lower: */
#define AXADDR_ARM_SHORT_SMALL_XN    (UINT64_C(1) << 0)
#define AXADDR_ARM_SHORT_B           (UINT64_C(1) << 2) /**< of sections too */
#define AXADDR_ARM_SHORT_C           (UINT64_C(1) << 3) /**< of sections too */
#define AXADDR_ARM_SHORT_AP0         (UINT64_C(1) << 4)
#define AXADDR_ARM_SHORT_AP1         (UINT64_C(1) << 5)
#define AXADDR_ARM_SHORT_TEX         (UINT64_C(7) << 6)
#define AXADDR_ARM_SHORT_TEX_1       (UINT64_C(1) << 6)
#define AXADDR_ARM_SHORT_AP2         (UINT64_C(1) << 9)
#define AXADDR_ARM_SHORT_S           (UINT64_C(1) << 10)
#define AXADDR_ARM_SHORT_NG          (UINT64_C(1) << 11)
#define AXADDR_ARM_SHORT_UPPER       UINT64_C(0xff0) /**< AP[0] to nG */
#define AXADDR_ARM_SHORT_UPPER_SHIFT 6

/* Of large pages: as small pages, but XN and TEX. */
#define AXADDR_ARM_SHORT_LARGE_TEX     (UINT64_C(7) << 12)
#define AXADDR_ARM_SHORT_LARGE_XN      (UINT64_C(1) << 15)
#define AXADDR_ARM_SHORT_LARGE_SAME    UINT64_C(0xe3c) /**< nG, S, AP, C, B */
#define AXADDR_ARM_SHORT_LARGE_ADDRESS UINT64_C(0xffff0000)

/* ---- what a leaf permits, and its memory type: as small pages have it ---- */

static inline bool axaddr_arm_short_can_hold(uint32_t flags) {
    return (flags & AXADDR_READ) != 0 && (flags & AXADDR_EXECUTE_MODES) == 0 &&
           axaddr_flags_agree(flags);
}

/** The bits of a small page; of a section's, XN and the type apart, those up to nG. */
static inline uint64_t axaddr_arm_short_attributes_of(uint32_t flags, unsigned level) {
    uint64_t attributes = AXADDR_ARM_SHORT_AP0;
    uint64_t memory = AXADDR_ARM_SHORT_C | AXADDR_ARM_SHORT_B;
    bool is_never = (flags & AXADDR_EXECUTE) == 0;

    attributes |= (flags & AXADDR_USER) != 0 ? AXADDR_ARM_SHORT_AP1 : 0;
    attributes |= (flags & AXADDR_WRITE) == 0 ? AXADDR_ARM_SHORT_AP2 : 0;
    attributes |= (flags & AXADDR_GLOBAL) == 0 ? AXADDR_ARM_SHORT_NG : 0;
    if ((flags & AXADDR_DEVICE) != 0) {
        memory = AXADDR_ARM_SHORT_B;
    } else {
        attributes |= AXADDR_ARM_SHORT_TEX_1 | AXADDR_ARM_SHORT_S;
    }
    if ((flags & AXADDR_UNCACHED) != 0) {
        memory = 0;
    }
    if (level == 0) {
        return attributes | memory | AXADDR_ARM_SHORT_SMALL |
               (is_never ? AXADDR_ARM_SHORT_SMALL_XN : 0);
    }
    return attributes << AXADDR_ARM_SHORT_UPPER_SHIFT | memory | AXADDR_ARM_SHORT_SECTION |
           (is_never ? AXADDR_ARM_SHORT_SECTION_XN : 0);
}

/** Other memory types read as plain memory. PXN, which no leaf of ours has, is for PL1 alone. */
static inline uint32_t axaddr_arm_short_flags_of(uint64_t leaf, unsigned level) {
    uint64_t upper = level == 0 ? leaf : leaf >> AXADDR_ARM_SHORT_UPPER_SHIFT;
    uint64_t never = level == 0 ? AXADDR_ARM_SHORT_SMALL_XN : AXADDR_ARM_SHORT_SECTION_XN;
    uint64_t memory =
        (upper & AXADDR_ARM_SHORT_TEX) | (leaf & (AXADDR_ARM_SHORT_C | AXADDR_ARM_SHORT_B));
    uint32_t flags = AXADDR_READ;

    if ((upper & AXADDR_ARM_SHORT_AP1) != 0) {
        flags |= AXADDR_USER;
    } else if (level != 0) {
        never |= AXADDR_ARM_SHORT_SECTION_PXN;
    }
    flags |= (upper & AXADDR_ARM_SHORT_AP2) == 0 ? AXADDR_WRITE : 0;
    flags |= (upper & AXADDR_ARM_SHORT_NG) == 0 ? AXADDR_GLOBAL : 0;
    flags |= (leaf & never) == 0 ? AXADDR_EXECUTE : 0;
    if (memory == AXADDR_ARM_SHORT_B) {
        flags |= AXADDR_DEVICE;
    } else if (memory == AXADDR_ARM_SHORT_TEX_1) {
        flags |= AXADDR_UNCACHED;
    }
    return flags;
}

/* ---- leaves and tables ---- */

/** At level 1: 0b01 table, 0b1x section. At level 0: 0b01 large page, 0b1x small page. */
static inline enum axaddr_entry_kind axaddr_arm_short_kind_of(uint64_t entry, unsigned level) {
    uint64_t type = entry & AXADDR_ARM_SHORT_TYPE;

    if (type == AXADDR_ARM_SHORT_TABLE && level > 0) {
        /* Ours begin a frame: a HAL is never asked for the middle of one. */
        return (entry & AXADDR_ARM_SHORT_TABLE_ADDRESS & 0xfff) == 0 ? AXADDR_ENTRY_TABLE
                                                                     : AXADDR_ENTRY_ABSENT;
    }
    return type == 0 ? AXADDR_ENTRY_ABSENT : AXADDR_ENTRY_LEAF;
}

/** The address field of a small page or section. */
AXADDR_ALWAYS_INLINE uint64_t axaddr_arm_short_address(unsigned level) {
    return UINT32_MAX & (~UINT64_C(0) << (12 + 8 * level));
}

static inline uint64_t axaddr_arm_short_make_leaf(uint64_t frame, unsigned level,
                                                  uint64_t attributes) {
    (void)level;
    return frame | attributes;
}

static inline uint64_t axaddr_arm_short_next_leaf(uint64_t leaf, unsigned level) {
    return leaf + (UINT64_C(1) << (12 + 8 * level));
}

static inline uint64_t axaddr_arm_short_frame_of(uint64_t leaf, unsigned level) {
    return leaf & axaddr_arm_short_address(level);
}

/** The small page has the section's attributes in its own places; not PXN, which it cannot have. */
/** A foreign section whose PXN forbids all fetches splits into pages with XN: they have no PXN. */
static inline uint64_t axaddr_arm_short_split_leaf(uint64_t leaf, unsigned level) {
    bool is_never = (axaddr_arm_short_flags_of(leaf, level) & AXADDR_EXECUTE) == 0;

    return axaddr_arm_short_frame_of(leaf, level) |
           (leaf >> AXADDR_ARM_SHORT_UPPER_SHIFT & AXADDR_ARM_SHORT_UPPER) |
           (leaf & (AXADDR_ARM_SHORT_C | AXADDR_ARM_SHORT_B)) | AXADDR_ARM_SHORT_SMALL |
           (is_never ? AXADDR_ARM_SHORT_SMALL_XN : 0);
}

/** Domain 0, no PXN, no NS. */
static inline uint64_t axaddr_arm_short_make_table(uint64_t frame, unsigned level) {
    (void)level;
    return frame | AXADDR_ARM_SHORT_TABLE;
}

static inline uint64_t axaddr_arm_short_table_of(uint64_t entry) {
    return entry & AXADDR_ARM_SHORT_TABLE_ADDRESS;
}

/* ---- runs: supersections and large pages ---- */

static inline uint64_t axaddr_arm_short_make_run(uint64_t leaf, unsigned level) {
    if (level > 0) {
        return (leaf & ~AXADDR_ARM_SHORT_SECTION_RUN) | AXADDR_ARM_SHORT_SUPERSECTION;
    }
    return (leaf & (AXADDR_ARM_SHORT_LARGE_ADDRESS | AXADDR_ARM_SHORT_LARGE_SAME)) |
           (leaf & AXADDR_ARM_SHORT_TEX) << 6 | (leaf & AXADDR_ARM_SHORT_SMALL_XN) << 15 |
           AXADDR_ARM_SHORT_LARGE;
}

/** Whether an entry of `level` is a large page or a supersection. */
AXADDR_ALWAYS_INLINE bool axaddr_arm_short_is_run(uint64_t entry, unsigned level) {
    uint64_t super = AXADDR_ARM_SHORT_SECTION | AXADDR_ARM_SHORT_SUPERSECTION;

    return level > 0 ? (entry & super) == super
                     : (entry & AXADDR_ARM_SHORT_TYPE) == AXADDR_ARM_SHORT_LARGE;
}

static inline uint64_t axaddr_arm_short_plain_leaf(uint64_t entry, unsigned level, uint64_t index) {
    if (!axaddr_arm_short_is_run(entry, level)) {
        return entry;
    }
    if (level > 0) {
        return (entry & ~(AXADDR_ARM_SHORT_SECTION_RUN | AXADDR_ARM_SHORT_SUPERSECTION)) |
               (index & 0xf) << 20;
    }
    return (entry & (AXADDR_ARM_SHORT_LARGE_ADDRESS | AXADDR_ARM_SHORT_LARGE_SAME)) |
           (index & 0xf) << 12 | (entry & AXADDR_ARM_SHORT_LARGE_TEX) >> 6 |
           (entry & AXADDR_ARM_SHORT_LARGE_XN) >> 15 | AXADDR_ARM_SHORT_SMALL;
}

static inline uint64_t axaddr_arm_short_change_leaf(uint64_t leaf, unsigned level,
                                                    uint64_t attributes) {
    uint64_t changed = (leaf & axaddr_arm_short_address(level)) | attributes;

    return axaddr_arm_short_is_run(leaf, level) ? axaddr_arm_short_make_run(changed, level)
                                                : changed;
}

/* ---- absent entries ----
 *
 *     31                     5 4  2 1 0
 *    |          value         |kind| 0 |   27 bits: a payload, or a page number (20)
 */
#define AXADDR_ARM_SHORT_ABSENT_KIND_SHIFT  2
#define AXADDR_ARM_SHORT_ABSENT_VALUE_SHIFT 5

static inline uint64_t axaddr_arm_short_make_absent(enum axaddr_absent_kind kind, uint64_t value) {
    return (uint64_t)kind << AXADDR_ARM_SHORT_ABSENT_KIND_SHIFT |
           value << AXADDR_ARM_SHORT_ABSENT_VALUE_SHIFT;
}

static inline enum axaddr_absent_kind axaddr_arm_short_absent_kind(uint64_t entry) {
    return (enum axaddr_absent_kind)(entry >> AXADDR_ARM_SHORT_ABSENT_KIND_SHIFT & 7);
}

static inline uint64_t axaddr_arm_short_absent_value(uint64_t entry) {
    return (entry & UINT32_MAX) >> AXADDR_ARM_SHORT_ABSENT_VALUE_SHIFT;
}

static inline bool axaddr_arm_short_is_reserved(uint64_t entry, uint32_t *rights) {
    uint64_t kind = UINT64_C(7) << AXADDR_ARM_SHORT_ABSENT_KIND_SHIFT;
    uint64_t reserved = (uint64_t)AXADDR_ABSENT_RESERVED << AXADDR_ARM_SHORT_ABSENT_KIND_SHIFT;

    *rights = axaddr_payload_flags(entry >> AXADDR_ARM_SHORT_ABSENT_VALUE_SHIFT);
    return (entry & (kind | AXADDR_ARM_SHORT_TYPE)) == reserved;
}

/* ---- rules of the machine ---- */

/** The bits of a leaf that say who may do what. */
AXADDR_ALWAYS_INLINE uint64_t axaddr_arm_short_rights(uint64_t leaf, unsigned level) {
    uint64_t upper = AXADDR_ARM_SHORT_AP0 | AXADDR_ARM_SHORT_AP1 | AXADDR_ARM_SHORT_AP2;

    if (level > 0) {
        return upper << AXADDR_ARM_SHORT_UPPER_SHIFT | AXADDR_ARM_SHORT_SECTION_XN |
               AXADDR_ARM_SHORT_SECTION_PXN;
    }
    return upper | ((leaf & AXADDR_ARM_SHORT_SMALL) != 0 ? AXADDR_ARM_SHORT_SMALL_XN
                                                         : AXADDR_ARM_SHORT_LARGE_XN);
}

/**
 * Break-before-make (B3.10.1, "Using break-before-make when updating translation table entries"):
 * every change of a live entry (memory type, shareability, address, size, global against not) but
 * one of a leaf's permissions.
 */
static inline bool axaddr_arm_short_needs_break(uint64_t from, uint64_t to, unsigned level) {
    bool is_leaf = axaddr_arm_short_kind_of(from, level) == AXADDR_ENTRY_LEAF;

    return (from & AXADDR_ARM_SHORT_TYPE) != 0 && (to & AXADDR_ARM_SHORT_TYPE) != 0 &&
           ((from ^ to) & ~(is_leaf ? axaddr_arm_short_rights(from, level) : 0)) != 0;
}

/** All of the 4 GiB, by TTBR0. */
AXADDR_UNUSED static const struct axaddr_format axaddr_arm_short = {
    .name = "arm_short",
    .level_count = 2,
    .entry_shift = 2,
    .root_order = 2,
    .input_width = 32,
    .output_width = 32,
    .leaf_levels = 0x3,
    .is_sign_extended = false,
    .shift = {12, 20, 0, 0, 0},
    .index_bits = {8, 12, 0, 0, 0},
    .run_bits = 4,
    .run_levels = 0x3,
    .empty = 0,
    .noted = 0,
    .notes_of = 0,
    .clear_notes = 0,
    .note_access = 0,
    .kind_of = axaddr_arm_short_kind_of,
    .can_hold = axaddr_arm_short_can_hold,
    .attributes_of = axaddr_arm_short_attributes_of,
    .make_leaf = axaddr_arm_short_make_leaf,
    .next_leaf = axaddr_arm_short_next_leaf,
    .change_leaf = axaddr_arm_short_change_leaf,
    .split_leaf = axaddr_arm_short_split_leaf,
    .make_run = axaddr_arm_short_make_run,
    .plain_leaf = axaddr_arm_short_plain_leaf,
    .frame_of = axaddr_arm_short_frame_of,
    .flags_of = axaddr_arm_short_flags_of,
    .make_table = axaddr_arm_short_make_table,
    .table_of = axaddr_arm_short_table_of,
    .make_absent = axaddr_arm_short_make_absent,
    .absent_kind = axaddr_arm_short_absent_kind,
    .absent_value = axaddr_arm_short_absent_value,
    .is_reserved = axaddr_arm_short_is_reserved,
    .populate = 0,
    .needs_break = axaddr_arm_short_needs_break,
    .publish = axaddr_arm_publish,
    .caches_absent = false,
};

/* ---- the registers around a table (B4.1: TTBR0, TTBCR, DACR, CONTEXTIDR) ---- */

/** What to load to use a table; and in SCTLR: M 1, TRE (28), WXN (19) and UWXN (20) 0. */
struct axaddr_arm_short_registers {
    uint32_t ttbr0;
    uint32_t ttbcr;      /**< EAE 0, N 0: TTBR0 for all addresses */
    uint32_t dacr;       /**< domain 0 is a client, the others have no access */
    uint32_t contextidr; /**< the ASID, 7:0; the process number is the caller's */
};

/**
 * The registers for a table of axaddr_arm_short. Walks go through write-back, inner shareable memory
 * (TTBR0, with the Multiprocessing Extensions: IRGN 0 and 6, S 1, RGN 4:3, NOS 5).
 *
 * @param mmfr3  ID_MMFR3 of the CPU
 * @param root   vm_root()
 * @return AXADDR_UNSUPPORTED if the CPU has no supersections (ID_MMFR3, 31:28); AXADDR_INVALID for a
 *         root that is not aligned to 16 KiB or above 32 bits, and for an ASID above 8 bits.
 *         *registers is untouched then.
 */
AXADDR_MUST_CHECK static inline enum axaddr_status
axaddr_arm_short_load(uint32_t mmfr3, axaddr_hpa_t root, uint32_t asid,
                      struct axaddr_arm_short_registers *registers) {
    if (mmfr3 >> 28 == 0xf) {
        return AXADDR_UNSUPPORTED;
    }
    if ((root.raw & 0x3fff) != 0 || root.raw >> 32 != 0 || asid >> 8 != 0) {
        return AXADDR_INVALID;
    }
    registers->ttbr0 = (uint32_t)root.raw | UINT32_C(0x6a); /* RGN, IRGN 1; S; NOS */
    registers->ttbcr = 0;
    registers->dacr = 1;
    registers->contextidr = asid;
    return AXADDR_OK;
}

#endif /* AXADDR_ARCH_ARM_SHORT_H */
