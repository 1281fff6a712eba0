/* SPDX-License-Identifier: MIT
 *
 * aarch64_common.h: what AArch64's stage 1 and stage 2 have in common: the geometry of the three
 * granules, the descriptors' common bits, and the fault status of an abort.
 *
 * Manual: ARM DDI 0487 (VMSAv8-64): D8.2 translation process, D8.3 descriptor formats, D8.7.1 the
 * contiguous bit. A table fills one granule: 512, 2048 or 8192 descriptors.
 *
 *     granule   our level 0 (its 3)   1 (2)              2 (1)              3 (0)      contiguous
 *     4 KiB     page 4 KiB            block 2 MiB        block 1 GiB        512 GiB    16
 *     16 KiB    page 16 KiB           block 32 MiB       64 GiB             128 TiB    128 pages
 *     64 KiB    page 64 KiB           block 512 MiB      4 TiB              -          32
 *
 * (32 blocks of 32 MiB may be contiguous too; a format has one length of runs, so they are not.)
 * All addresses have up to 48 bits here; aarch64_52.h has those of FEAT_LPA and FEAT_LPA2.
 */
#ifndef AXADDR_ARCH_AARCH64_COMMON_H
#define AXADDR_ARCH_AARCH64_COMMON_H

#include "../axaddr_core/absent.h"
#include "../axaddr_core/addr.h"
#include "../axaddr_core/base.h"
#include "../axaddr_core/flags.h"
#include "../axaddr_core/format.h"

/* ---- descriptor bits of both stages (D8.3) ---- */

#define AXADDR_AARCH64_VALID         UINT64_C(1)
/** Of a valid entry: a table, or at level 0 (the manual's 3) a page. Clear: a block or reserved. */
#define AXADDR_AARCH64_TABLE_OR_PAGE UINT64_C(2)
#define AXADDR_AARCH64_SH            (UINT64_C(3) << 8)
#define AXADDR_AARCH64_SH_INNER      (UINT64_C(3) << 8)
#define AXADDR_AARCH64_AF            (UINT64_C(1) << 10)
/** Dirty bit modifier: a leaf that would be writable, but waits to be noted as written. */
#define AXADDR_AARCH64_DBM           (UINT64_C(1) << 51)
#define AXADDR_AARCH64_CONTIGUOUS    (UINT64_C(1) << 52)
/** Software's (58:55): the note "written" was cleared; whether it is back, the rights tell. */
#define AXADDR_AARCH64_CLEAN         (UINT64_C(1) << 55)
/** Bits 47:12; with larger granules their low ones are RES0. */
#define AXADDR_AARCH64_ADDRESS       UINT64_C(0x0000fffffffff000)

/* ---- geometry, for granules of 1 << page_shift bytes (12, 14 or 16) ---- */

/** Log2 of what an entry of `level` spans. */
AXADDR_ALWAYS_INLINE unsigned axaddr_aarch64_level_shift(unsigned page_shift, unsigned level) {
    return page_shift + (page_shift - 3) * level;
}

/** The address field of a leaf of `level`; of level 0 also that of a table descriptor. */
AXADDR_ALWAYS_INLINE uint64_t axaddr_aarch64_address_mask(unsigned page_shift, unsigned level) {
    return AXADDR_AARCH64_ADDRESS & (~UINT64_C(0) << axaddr_aarch64_level_shift(page_shift, level));
}

/** D8.3: blocks are at the manual's level 2, with the 4 KiB granule at its level 1 too. */
AXADDR_ALWAYS_INLINE enum axaddr_entry_kind
axaddr_aarch64_kind_of(uint64_t entry, unsigned page_shift, unsigned level) {
    if ((entry & AXADDR_AARCH64_VALID) == 0) {
        return AXADDR_ENTRY_ABSENT;
    }
    if ((entry & AXADDR_AARCH64_TABLE_OR_PAGE) != 0) {
        return level == 0 ? AXADDR_ENTRY_LEAF : AXADDR_ENTRY_TABLE;
    }
    /* 0b01 elsewhere is reserved, and faults. */
    return level == 1 || (level == 2 && page_shift == 12) ? AXADDR_ENTRY_LEAF : AXADDR_ENTRY_ABSENT;
}

/** The bits below a block's address are no address one level down; a page has bit 1. */
AXADDR_ALWAYS_INLINE uint64_t axaddr_aarch64_split_leaf(uint64_t leaf, unsigned page_shift,
                                                        unsigned level) {
    uint64_t below = axaddr_aarch64_address_mask(page_shift, 0) &
                     ~axaddr_aarch64_address_mask(page_shift, level);

    return (leaf & ~below) | (level == 1 ? AXADDR_AARCH64_TABLE_OR_PAGE : 0);
}

/** The hooks of format.h that only the granule decides; `prefix`_kind_of and so on. */
#define AXADDR_AARCH64_GRANULE_HOOKS_(prefix, page_shift)                                          \
    static inline enum axaddr_entry_kind prefix##_kind_of(uint64_t entry, unsigned level) {        \
        return axaddr_aarch64_kind_of(entry, page_shift, level);                                   \
    }                                                                                              \
    static inline uint64_t prefix##_next_leaf(uint64_t leaf, unsigned level) {                     \
        return leaf + (UINT64_C(1) << axaddr_aarch64_level_shift(page_shift, level));              \
    }                                                                                              \
    static inline uint64_t prefix##_split_leaf(uint64_t leaf, unsigned level) {                    \
        return axaddr_aarch64_split_leaf(leaf, page_shift, level);                                 \
    }                                                                                              \
    static inline uint64_t prefix##_frame_of(uint64_t leaf, unsigned level) {                      \
        return leaf & axaddr_aarch64_address_mask(page_shift, level);                              \
    }                                                                                              \
    static inline uint64_t prefix##_table_of(uint64_t entry) {                                     \
        return entry & axaddr_aarch64_address_mask(page_shift, 0);                                 \
    }

/* The granules by their names. */
#define AXADDR_AARCH64_PAGE_SHIFT_4k_  12
#define AXADDR_AARCH64_PAGE_SHIFT_16k_ 14
#define AXADDR_AARCH64_PAGE_SHIFT_64k_ 16

/* Levels for `width` bits of input, of which concatenated roots resolve up to `concatenated`. */
#define AXADDR_AARCH64_LEVELS_(width, page_shift, concatenated)                                    \
    ((width) <= (page_shift) + 2 * ((page_shift)-3) + (concatenated)   ? 2                         \
     : (width) <= (page_shift) + 3 * ((page_shift)-3) + (concatenated) ? 3                         \
     : (width) <= (page_shift) + 4 * ((page_shift)-3) + (concatenated) ? 4                         \
                                                                       : 5)
/* Log2 of the root's entries. */
#define AXADDR_AARCH64_TOP_BITS_(width, page_shift, levels)                                        \
    ((width) - (page_shift) - ((page_shift)-3) * ((levels)-1))
#define AXADDR_AARCH64_ROOT_ORDER_(top_bits, table_bits)                                           \
    ((top_bits) > (table_bits) ? (top_bits) - (table_bits) : 0)
#define AXADDR_AARCH64_SHIFT_(page_shift, levels, level)                                           \
    ((level) < (levels) ? (page_shift) + ((page_shift)-3) * (level) : 0)
#define AXADDR_AARCH64_INDEX_BITS_(width, page_shift, levels, level)                               \
    ((level) + 1 < (levels)    ? (page_shift)-3                                                    \
     : (level) + 1 == (levels) ? AXADDR_AARCH64_TOP_BITS_(width, page_shift, levels)               \
                               : 0)

/* The data of a struct axaddr_format from its name to its runs. */
#define AXADDR_AARCH64_GEOMETRY_(text, width, page_shift, levels)                                  \
    AXADDR_AARCH64_GEOMETRY_OF_(text, width, page_shift, levels, 48,                               \
                                (page_shift) == 12 && (levels) > 2 ? 0x7 : 0x3)
#define AXADDR_AARCH64_GEOMETRY_OF_(text, width, page_shift, levels, output, leaves)               \
    .name = (text), .level_count = (levels), .entry_shift = 3,                                     \
    .root_order = (uint8_t)AXADDR_AARCH64_ROOT_ORDER_(                                             \
        AXADDR_AARCH64_TOP_BITS_(width, page_shift, levels), (page_shift)-3),                      \
    .input_width = (width), .output_width = (output), .leaf_levels = (leaves),                     \
    .is_sign_extended = false,                                                                     \
    .shift = {(page_shift), AXADDR_AARCH64_SHIFT_(page_shift, levels, 1),                          \
              AXADDR_AARCH64_SHIFT_(page_shift, levels, 2),                                        \
              AXADDR_AARCH64_SHIFT_(page_shift, levels, 3),                                        \
              AXADDR_AARCH64_SHIFT_(page_shift, levels, 4)},                                       \
    .index_bits = {AXADDR_AARCH64_INDEX_BITS_(width, page_shift, levels, 0),                       \
                   AXADDR_AARCH64_INDEX_BITS_(width, page_shift, levels, 1),                       \
                   AXADDR_AARCH64_INDEX_BITS_(width, page_shift, levels, 2),                       \
                   AXADDR_AARCH64_INDEX_BITS_(width, page_shift, levels, 3),                       \
                   AXADDR_AARCH64_INDEX_BITS_(width, page_shift, levels, 4)},                      \
    .run_bits = (page_shift) == 12   ? 4                                                           \
                : (page_shift) == 14 ? 7                                                           \
                                     : 5,                                                          \
    .run_levels = (page_shift) == 14                   ? 0x1                                       \
                  : (page_shift) == 12 && (levels) > 2 ? 0x7                                       \
                                                       : 0x3

/* ---- what a CPU can do ---- */

/**
 * ID_AA64MMFR0_EL1, ID_AA64MMFR1_EL1 and ID_AA64MMFR2_EL1 of the CPU; of several different ones
 * each field as in the CPU that can do least.
 */
struct axaddr_aarch64_cpu {
    uint64_t mmfr0;
    uint64_t mmfr1;
    uint64_t mmfr2;
};

/** The width of physical addresses: ID_AA64MMFR0_EL1.PARange, bits 3:0; 0 for a reserved one. */
static inline unsigned axaddr_aarch64_pa_bits(const struct axaddr_aarch64_cpu *cpu) {
    static const uint8_t bits[8] = {32, 36, 40, 42, 44, 48, 52, 56};
    unsigned range = (unsigned)cpu->mmfr0 & 0xf;

    return range < 8 ? bits[range] : 0;
}

/** Stage 1: TGran4 (31:28) and TGran64 (27:24) are 0xf for none, TGran16 (23:20) is 0. */
static inline bool axaddr_aarch64_has_stage1_granule(const struct axaddr_aarch64_cpu *cpu,
                                                     unsigned page_shift) {
    switch (page_shift) {
    case 12:
        return (cpu->mmfr0 >> 28 & 0xf) != 0xf;
    case 14:
        return (cpu->mmfr0 >> 20 & 0xf) != 0;
    case 16:
        return (cpu->mmfr0 >> 24 & 0xf) != 0xf;
    default:
        return false;
    }
}

/** Stage 2: TGran4_2 (43:40), TGran64_2 (39:36), TGran16_2 (35:32): 0 as stage 1, 1 none, 2 yes. */
static inline bool axaddr_aarch64_has_stage2_granule(const struct axaddr_aarch64_cpu *cpu,
                                                     unsigned page_shift) {
    unsigned at = page_shift == 12 ? 40 : page_shift == 14 ? 32 : 36;
    unsigned field = (unsigned)(cpu->mmfr0 >> at) & 0xf;

    return field == 0 ? axaddr_aarch64_has_stage1_granule(cpu, page_shift) : field != 1;
}

/**
 * Stage 1 with descriptors that have 52 address bits (FEAT_LPA2): TGran4 is 1 (0xf is less than 0),
 * TGran16 2. With the 64 KiB granule FEAT_LPA is enough, which PARange tells.
 */
static inline bool axaddr_aarch64_has_stage1_52(const struct axaddr_aarch64_cpu *cpu,
                                                unsigned page_shift) {
    unsigned tgran4 = (unsigned)(cpu->mmfr0 >> 28) & 0xf;

    switch (page_shift) {
    case 12:
        return tgran4 >= 1 && tgran4 < 8;
    case 14:
        return (cpu->mmfr0 >> 20 & 0xf) >= 2;
    default:
        return true;
    }
}

/** The same of stage 2: TGran4_2 and TGran16_2 are 3, or 0 as stage 1. */
static inline bool axaddr_aarch64_has_stage2_52(const struct axaddr_aarch64_cpu *cpu,
                                                unsigned page_shift) {
    unsigned field = (unsigned)(cpu->mmfr0 >> (page_shift == 12 ? 40 : 32)) & 0xf;

    return page_shift == 16 || field >= 3 ||
           (field == 0 && axaddr_aarch64_has_stage1_52(cpu, page_shift));
}

/* ---- what the registers of both stages have alike ---- */

/** Whether a format's descriptors have 52 address bits (aarch64_52.h). */
static inline bool axaddr_aarch64_is_52(const struct axaddr_format *format) {
    return format->output_width > 48;
}

/**
 * Whether they are those of FEAT_LPA2, which the register has to say (DS): descriptors have no SH
 * then. The 64 KiB granule has 52 bits without, wherever PS says so.
 */
static inline bool axaddr_aarch64_has_ds(const struct axaddr_format *format) {
    return axaddr_aarch64_is_52(format) && format->shift[0] < 16;
}

/** TG0 of TCR and VTCR: 4 KiB 0, 64 KiB 1, 16 KiB 2. */
static inline uint64_t axaddr_aarch64_tg0(unsigned page_shift) {
    return page_shift == 12 ? 0 : page_shift == 14 ? 2 : 1;
}

/** PS of VTCR and TCR_EL2, IPS of TCR_EL1: PARange, but no more than the format: 5 is 48, 6 52. */
static inline uint64_t axaddr_aarch64_output_size(unsigned pa_range, bool is_52) {
    unsigned most = is_52 ? 6 : 5;

    return pa_range < most ? pa_range : most;
}

/** BADDR of TTBR and VTTBR: bits 51:48 of the address are in 5:2. */
static inline uint64_t axaddr_aarch64_baddr(uint64_t root) {
    return (root & axaddr_low_bits(48)) | (root >> 46 & 0x3c);
}

/* ---- hooks that both stages have alike ---- */

static inline uint64_t axaddr_aarch64_make_leaf(uint64_t frame, unsigned level,
                                                uint64_t attributes) {
    (void)level;
    return frame | attributes;
}

static inline uint64_t axaddr_aarch64_make_run(uint64_t leaf, unsigned level) {
    (void)level;
    return leaf | AXADDR_AARCH64_CONTIGUOUS;
}

static inline uint64_t axaddr_aarch64_plain_leaf(uint64_t entry, unsigned level, uint64_t index) {
    (void)level;
    (void)index;
    return (entry & AXADDR_AARCH64_VALID) != 0 ? entry & ~AXADDR_AARCH64_CONTIGUOUS : entry;
}

/** No attributes that restrict what is below: stage 2 has none, stage 1's are optional (D8.3). */
static inline uint64_t axaddr_aarch64_make_table(uint64_t frame, unsigned level) {
    (void)level;
    return frame | AXADDR_AARCH64_TABLE_OR_PAGE | AXADDR_AARCH64_VALID;
}

static inline uint64_t axaddr_aarch64_make_absent(enum axaddr_absent_kind kind, uint64_t value) {
    return axaddr_absent64_make(kind, value, 0);
}

static inline enum axaddr_absent_kind axaddr_aarch64_absent_kind(uint64_t entry) {
    return axaddr_absent64_kind(entry);
}

static inline uint64_t axaddr_aarch64_absent_value(uint64_t entry) {
    return axaddr_absent64_value(entry, 0);
}

static inline bool axaddr_aarch64_is_reserved(uint64_t entry, uint32_t *rights) {
    *rights = axaddr_absent64_flags(entry, 0);
    return axaddr_absent64_is_reserved(entry, AXADDR_AARCH64_VALID);
}

/**
 * What both stages' needs_break have in common (R_WHZWS): a change of the output address, of
 * shareability, of block against table, of the contiguous bit, or of what else the stage names.
 */
AXADDR_ALWAYS_INLINE bool axaddr_aarch64_breaks(uint64_t from, uint64_t to, uint64_t address_mask,
                                                uint64_t attributes) {
    uint64_t breaking = address_mask | AXADDR_AARCH64_TABLE_OR_PAGE | AXADDR_AARCH64_SH |
                        AXADDR_AARCH64_CONTIGUOUS | attributes;

    return (from & to & AXADDR_AARCH64_VALID) != 0 && ((from ^ to) & breaking) != 0;
}

/**
 * The walker is an observer of its own: the store must have reached it (DSB), and what this CPU has
 * fetched ahead must be fetched again (ISB). Nothing is to be invalidated: a TLB never holds an
 * entry that faults (R_XCLRD).
 */
static inline void axaddr_aarch64_publish(void) {
#if defined(__aarch64__)
    __asm__ volatile("dsb ishst\n\tisb" ::: "memory");
#else
    __asm__ volatile("" ::: "memory"); /* host tests: no such walker is looking */
#endif
}

/**
 * The hooks of a format: those above; the granule's, `granule`_kind_of and so on; and the stage's,
 * `stage`_notes_of and so on, of which `rights`_can_hold, _attributes_of and _flags_of may be a
 * variant's.
 */
#define AXADDR_AARCH64_HOOKS_(granule, stage, rights)                                              \
    AXADDR_AARCH64_HOOKS_OF_(granule, stage, rights, axaddr_aarch64, stage)
/* With `maker`_make_leaf and _make_table, and `breaker`_needs_break. */
#define AXADDR_AARCH64_HOOKS_OF_(granule, stage, rights, maker, breaker)                           \
    .empty = 0, .noted = AXADDR_AARCH64_AF, .notes_of = stage##_notes_of,                          \
    .clear_notes = stage##_clear_notes, .note_access = stage##_note_access,                        \
    .kind_of = granule##_kind_of, .can_hold = rights##_can_hold,                                   \
    .attributes_of = rights##_attributes_of, .make_leaf = maker##_make_leaf,                       \
    .next_leaf = granule##_next_leaf, .change_leaf = granule##_change_leaf,                        \
    .split_leaf = granule##_split_leaf, .make_run = axaddr_aarch64_make_run,                       \
    .plain_leaf = axaddr_aarch64_plain_leaf, .frame_of = granule##_frame_of,                       \
    .flags_of = rights##_flags_of, .make_table = maker##_make_table,                               \
    .table_of = granule##_table_of, .make_absent = axaddr_aarch64_make_absent,                     \
    .absent_kind = axaddr_aarch64_absent_kind, .absent_value = axaddr_aarch64_absent_value,        \
    .is_reserved = axaddr_aarch64_is_reserved, .populate = 0,                                      \
    .needs_break = breaker##_needs_break, .publish = axaddr_aarch64_publish,                       \
    .caches_absent = false

/* ---- aborts (D24.2: ESR_ELx) ---- */

/** ESR_ELx: write, not read. Always set for cache maintenance. */
#define AXADDR_AARCH64_ESR_WNR   (UINT64_C(1) << 6)
/** ESR_EL2: the stage 2 fault was met by a stage 1 table walk. */
#define AXADDR_AARCH64_ESR_S1PTW (UINT64_C(1) << 7)
/** ESR_ELx: a cache maintenance instruction; never to be emulated as a store. */
#define AXADDR_AARCH64_ESR_CM    (UINT64_C(1) << 8)

/** What made an abort: DFSC / IFSC, bits 5:0, without the level. */
enum axaddr_aarch64_fault {
    AXADDR_AARCH64_FAULT_OTHER = 0, /**< address size, external, alignment, TLB conflict, ... */
    AXADDR_AARCH64_FAULT_TRANSLATION,
    AXADDR_AARCH64_FAULT_ACCESS_FLAG,
    AXADDR_AARCH64_FAULT_PERMISSION,
};

static inline enum axaddr_aarch64_fault axaddr_aarch64_fault_of(uint64_t esr) {
    unsigned status = (unsigned)esr & 0x3f;

    switch (status >> 2) {
    case 1:
        return AXADDR_AARCH64_FAULT_TRANSLATION;
    case 2:
        return AXADDR_AARCH64_FAULT_ACCESS_FLAG;
    case 3:
        return AXADDR_AARCH64_FAULT_PERMISSION;
    default:
        /* 0x2b: translation fault, level -1. With S1PTW it may be the guest's level: QEMU 7.2. */
        return status == 0x2b ? AXADDR_AARCH64_FAULT_TRANSLATION : AXADDR_AARCH64_FAULT_OTHER;
    }
}

/** What a load, a store or a cache maintenance instruction needed. */
AXADDR_ALWAYS_INLINE uint32_t axaddr_aarch64_data_access(uint64_t esr,
                                                         enum axaddr_aarch64_fault fault) {
    if ((esr & AXADDR_AARCH64_ESR_CM) != 0) {
        return fault == AXADDR_AARCH64_FAULT_PERMISSION ? AXADDR_WRITE : AXADDR_READ;
    }
    return (esr & AXADDR_AARCH64_ESR_WNR) != 0 ? AXADDR_WRITE : AXADDR_READ;
}

#endif /* AXADDR_ARCH_AARCH64_COMMON_H */
