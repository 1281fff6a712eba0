/* SPDX-License-Identifier: MIT
 *
 * aarch64_stage2.h: AArch64 stage 2 tables with the 4 KiB granule, and what surrounds them: the
 * registers VTCR_EL2 and VTTBR_EL2, the decoding of a stage 2 abort, TLB maintenance
 * (aarch64_tlb.h).
 *
 * Manual: Arm Architecture Reference Manual for A-profile, ARM DDI 0487 (VMSAv8-64): D8.2
 * translation process, D8.3 descriptor formats, D8.4.2 stage 2 permissions, D8.5 access flag, D8.6
 * memory attributes; the chapter "TLB maintenance" is D8.16 or D8.17 by issue, so its rules are
 * named by their identifiers (R_WHZWS), which do not move.
 *
 *     our level   the manual's   spans     an entry is
 *     3           level 0        512 GiB   table              (axaddr_aarch64_stage2_48 only)
 *     2           level 1        1 GiB     table or block     (root of _40: two tables together)
 *     1           level 2        2 MiB     table or block
 *     0           level 3        4 KiB     page
 *
 *     63    55 54 53 52 51        48 47                    12 11 10  9 8  7  6 5      2  1   0
 *    | ignored | XN   |C |   RES0   |     output address     |0 |AF| SH | S2AP | MemAttr |T | V |
 *
 * These tables are for a stage 2 with HCR_EL2.FWB 0 (FEAT_S2FWB gives MemAttr other meanings),
 * HCR_EL2.PTW 0, and VTCR_EL2 as made below: no hardware A/D update (HA, HD), no 52-bit addresses
 * (DS), no permission indirection (S2PIE).
 */
#ifndef AXADDR_ARCH_AARCH64_STAGE2_H
#define AXADDR_ARCH_AARCH64_STAGE2_H

#include "../axaddr_core/absent.h"
#include "../axaddr_core/addr.h"
#include "../axaddr_core/base.h"
#include "../axaddr_core/exit.h"
#include "../axaddr_core/flags.h"
#include "../axaddr_core/format.h"

#include "aarch64_tlb.h"

/* ---- descriptor bits (D8.3) ---- */

#define AXADDR_AARCH64_S2_VALID         UINT64_C(1)
/** Of a valid entry: a table, or at level 0 (the manual's 3) a page. Clear: a block or reserved. */
#define AXADDR_AARCH64_S2_TABLE_OR_PAGE UINT64_C(2)
#define AXADDR_AARCH64_S2_MEMATTR       UINT64_C(0x3c)
#define AXADDR_AARCH64_S2_DEVICE_NGNRE  (UINT64_C(0x1) << 2)
#define AXADDR_AARCH64_S2_NORMAL_NC     (UINT64_C(0x5) << 2)
#define AXADDR_AARCH64_S2_NORMAL_WB     (UINT64_C(0xf) << 2)
#define AXADDR_AARCH64_S2_S2AP_SHIFT    6
#define AXADDR_AARCH64_S2_SH            (UINT64_C(3) << 8)
#define AXADDR_AARCH64_S2_SH_INNER      (UINT64_C(3) << 8)
#define AXADDR_AARCH64_S2_AF            (UINT64_C(1) << 10)
/** Dirty bit modifier: a leaf that would be writable, were it not waiting to be noted as written. */
#define AXADDR_AARCH64_S2_DBM           (UINT64_C(1) << 51)
#define AXADDR_AARCH64_S2_CONTIGUOUS    (UINT64_C(1) << 52)
/** Software's (58:55): the note "written" was cleared, and S2AP[1] tells whether it is back. */
#define AXADDR_AARCH64_S2_CLEAN         (UINT64_C(1) << 55)
#define AXADDR_AARCH64_S2_WRITE         (UINT64_C(1) << 7)
/** XN[1:0] is bits 54:53; 0b10 forbids EL1 and EL0, FEAT_XNX or not (Tables D8-77, D8-78). */
#define AXADDR_AARCH64_S2_XN            (UINT64_C(3) << 53)
#define AXADDR_AARCH64_S2_XN_ALL        (UINT64_C(2) << 53)
#define AXADDR_AARCH64_S2_ADDRESS       UINT64_C(0x0000fffffffff000)

AXADDR_STATIC_ASSERT(AXADDR_READ == 1 && AXADDR_WRITE == 2,
                     "S2AP[0] permits reads and S2AP[1] writes (DDI 0487 Table D8-76)");

/* ---- hooks (format.h) ---- */

static inline enum axaddr_entry_kind axaddr_aarch64_stage2_kind_of(uint64_t entry, unsigned level) {
    if ((entry & AXADDR_AARCH64_S2_VALID) == 0) {
        return AXADDR_ENTRY_ABSENT;
    }
    if ((entry & AXADDR_AARCH64_S2_TABLE_OR_PAGE) != 0) {
        return level == 0 ? AXADDR_ENTRY_LEAF : AXADDR_ENTRY_TABLE;
    }
    /* 0b01 is a block at the manual's levels 1 and 2; at its 0 and 3 it is reserved, and faults. */
    return level == 1 || level == 2 ? AXADDR_ENTRY_LEAF : AXADDR_ENTRY_ABSENT;
}

/**
 * Everything but USER, which stage 2 cannot express: S2AP does not tell EL0 from EL1 (I_HXWLL).
 * WRITE without READ is S2AP 0b10. EXECUTE without READ holds too: S2AP governs data accesses only,
 * XN alone governs fetches (D8.4.2.1, Tables D8-76 to D8-78; AArch32 stage 2 is different there).
 */
static inline bool axaddr_aarch64_stage2_can_hold(uint32_t flags) {
    return (flags & (AXADDR_USER | AXADDR_SPECIAL_FLAGS)) == 0 && axaddr_flags_agree(flags);
}

static inline uint64_t axaddr_aarch64_stage2_attributes_of(uint32_t flags, unsigned level) {
    uint64_t attributes = AXADDR_AARCH64_S2_VALID | AXADDR_AARCH64_S2_AF;

    if (level == 0) {
        attributes |= AXADDR_AARCH64_S2_TABLE_OR_PAGE;
    }
    attributes |= (uint64_t)(flags & (AXADDR_READ | AXADDR_WRITE)) << AXADDR_AARCH64_S2_S2AP_SHIFT;
    if ((flags & AXADDR_EXECUTE) == 0) {
        attributes |= AXADDR_AARCH64_S2_XN_ALL;
    }
    if ((flags & AXADDR_DEVICE) != 0) {
        return attributes | AXADDR_AARCH64_S2_DEVICE_NGNRE;
    }
    attributes |= AXADDR_AARCH64_S2_SH_INNER;
    return attributes | ((flags & AXADDR_UNCACHED) != 0 ? AXADDR_AARCH64_S2_NORMAL_NC
                                                        : AXADDR_AARCH64_S2_NORMAL_WB);
}

static inline uint64_t axaddr_aarch64_stage2_make_leaf(uint64_t frame, unsigned level,
                                                       uint64_t attributes) {
    (void)level;
    return frame | attributes;
}

static inline uint64_t axaddr_aarch64_stage2_next_leaf(uint64_t leaf, unsigned level) {
    return leaf + (UINT64_C(1) << (12 + 9 * level));
}

/** The address field of a leaf of `level`: bits 47:12, 47:21 or 47:30. */
AXADDR_ALWAYS_INLINE uint64_t axaddr_aarch64_stage2_leaf_address(unsigned level) {
    return AXADDR_AARCH64_S2_ADDRESS & (~UINT64_C(0) << (12 + 9 * level));
}

static inline uint64_t axaddr_aarch64_stage2_change_leaf(uint64_t leaf, unsigned level,
                                                         uint64_t attributes) {
    uint64_t kept = axaddr_aarch64_stage2_leaf_address(level) | AXADDR_AARCH64_S2_AF |
                    AXADDR_AARCH64_S2_CONTIGUOUS;

    attributes &= ~AXADDR_AARCH64_S2_AF;
    if (AXADDR_UNLIKELY((leaf & (AXADDR_AARCH64_S2_CLEAN | AXADDR_AARCH64_S2_WRITE)) ==
                        AXADDR_AARCH64_S2_CLEAN)) {
        /* Not written yet: it stays so. */
        attributes |= AXADDR_AARCH64_S2_CLEAN;
        if ((attributes & AXADDR_AARCH64_S2_WRITE) != 0) {
            attributes ^= AXADDR_AARCH64_S2_WRITE | AXADDR_AARCH64_S2_DBM;
        }
    }
    return (leaf & kept) | attributes;
}

/* ---- notes ----
 *
 * AF clear makes the next access fault. A writable leaf whose note "written" was cleared is
 * read-only and has DBM, the architecture's "writable-clean" (D8.5.5): the next write faults, and
 * sets S2AP[1]; so would hardware with VTCR_EL2.HD. Any leaf that never was cleared counts as
 * written.
 */

static inline uint32_t axaddr_aarch64_stage2_notes_of(uint64_t leaf, unsigned level) {
    bool is_clean =
        (leaf & (AXADDR_AARCH64_S2_CLEAN | AXADDR_AARCH64_S2_WRITE)) == AXADDR_AARCH64_S2_CLEAN;

    (void)level;
    return ((leaf & AXADDR_AARCH64_S2_AF) != 0 ? AXADDR_ACCESSED : 0) |
           (is_clean ? 0 : AXADDR_DIRTY);
}

static inline uint64_t axaddr_aarch64_stage2_clear_notes(uint64_t leaf, unsigned level,
                                                         uint32_t notes) {
    (void)level;
    if ((notes & AXADDR_ACCESSED) != 0) {
        leaf &= ~AXADDR_AARCH64_S2_AF;
    }
    if ((notes & AXADDR_DIRTY) != 0) {
        leaf |= AXADDR_AARCH64_S2_CLEAN;
        if ((leaf & AXADDR_AARCH64_S2_WRITE) != 0) {
            leaf = (leaf & ~AXADDR_AARCH64_S2_WRITE) | AXADDR_AARCH64_S2_DBM;
        }
    }
    return leaf;
}

static inline uint64_t axaddr_aarch64_stage2_note_access(uint64_t leaf, unsigned level,
                                                         uint32_t access) {
    (void)level;
    if ((access & AXADDR_WRITE) != 0 && (leaf & AXADDR_AARCH64_S2_DBM) != 0) {
        leaf |= AXADDR_AARCH64_S2_WRITE;
    }
    return leaf | AXADDR_AARCH64_S2_AF;
}

/**
 * The contiguous bit: 16 adjacent, aligned entries of one level that a TLB may cache as one (D8.7.1;
 * 64 KiB, 32 MiB or 16 GiB with the 4 KiB granule).
 */
static inline uint64_t axaddr_aarch64_stage2_make_run(uint64_t leaf, unsigned level) {
    (void)level;
    return leaf | AXADDR_AARCH64_S2_CONTIGUOUS;
}

static inline uint64_t axaddr_aarch64_stage2_plain_leaf(uint64_t entry, unsigned level,
                                                        uint64_t index) {
    (void)level;
    (void)index;
    return (entry & AXADDR_AARCH64_S2_VALID) != 0 ? entry & ~AXADDR_AARCH64_S2_CONTIGUOUS : entry;
}

static inline uint64_t axaddr_aarch64_stage2_split_leaf(uint64_t leaf, unsigned level) {
    uint64_t below = AXADDR_AARCH64_S2_ADDRESS & ~axaddr_aarch64_stage2_leaf_address(level);

    return (leaf & ~below) | (level == 1 ? AXADDR_AARCH64_S2_TABLE_OR_PAGE : 0);
}

static inline uint64_t axaddr_aarch64_stage2_frame_of(uint64_t leaf, unsigned level) {
    return leaf & axaddr_aarch64_stage2_leaf_address(level);
}

static inline uint32_t axaddr_aarch64_stage2_flags_of(uint64_t leaf, unsigned level) {
    uint32_t flags =
        (uint32_t)(leaf >> AXADDR_AARCH64_S2_S2AP_SHIFT) & (AXADDR_READ | AXADDR_WRITE);
    uint64_t memory = leaf & AXADDR_AARCH64_S2_MEMATTR;

    (void)level;
    if ((leaf & AXADDR_AARCH64_S2_DBM) != 0) {
        flags |= AXADDR_WRITE;
    }
    if ((leaf & AXADDR_AARCH64_S2_XN) == 0) {
        flags |= AXADDR_EXECUTE;
    }
    if (memory == AXADDR_AARCH64_S2_DEVICE_NGNRE) {
        flags |= AXADDR_DEVICE;
    } else if (memory == AXADDR_AARCH64_S2_NORMAL_NC) {
        flags |= AXADDR_UNCACHED;
    }
    return flags;
}

/** Stage 2 table descriptors have no attributes that restrict what is below (D8.3). */
static inline uint64_t axaddr_aarch64_stage2_make_table(uint64_t frame, unsigned level) {
    (void)level;
    return frame | AXADDR_AARCH64_S2_TABLE_OR_PAGE | AXADDR_AARCH64_S2_VALID;
}

static inline uint64_t axaddr_aarch64_stage2_table_of(uint64_t entry) {
    return entry & AXADDR_AARCH64_S2_ADDRESS;
}

static inline uint64_t axaddr_aarch64_stage2_make_absent(enum axaddr_absent_kind kind,
                                                         uint64_t value) {
    return axaddr_absent64_make(kind, value, 0);
}

static inline enum axaddr_absent_kind axaddr_aarch64_stage2_absent_kind(uint64_t entry) {
    return axaddr_absent64_kind(entry);
}

static inline uint64_t axaddr_aarch64_stage2_absent_value(uint64_t entry) {
    return axaddr_absent64_value(entry, 0);
}

static inline bool axaddr_aarch64_stage2_is_reserved(uint64_t entry, uint32_t *rights) {
    *rights = axaddr_absent64_flags(entry, 0);
    return axaddr_absent64_is_reserved(entry, AXADDR_AARCH64_S2_VALID);
}

/**
 * Break-before-make, R_WHZWS: a change of memory type, cacheability or shareability; of the output
 * address (the manual excuses read-only aliases of equal contents, which cannot be seen from here);
 * of block against table. The contiguous bit counts as a size. Permissions and AF do not (R_WHZWS
 * is exhaustive, and does not name them), nor the bits that hardware ignores.
 */
static inline bool axaddr_aarch64_stage2_needs_break(uint64_t from, uint64_t to, unsigned level) {
    uint64_t breaking = AXADDR_AARCH64_S2_ADDRESS | AXADDR_AARCH64_S2_TABLE_OR_PAGE |
                        AXADDR_AARCH64_S2_MEMATTR | AXADDR_AARCH64_S2_SH |
                        AXADDR_AARCH64_S2_CONTIGUOUS;

    (void)level;
    return (from & to & AXADDR_AARCH64_S2_VALID) != 0 && ((from ^ to) & breaking) != 0;
}

/**
 * The walker is an observer of its own: the store must have reached it (DSB), and what this CPU has
 * fetched ahead must be fetched again (ISB). Nothing is to be invalidated: a TLB never holds an
 * entry that faults (R_XCLRD).
 */
static inline void axaddr_aarch64_stage2_publish(void) {
#if defined(__aarch64__)
    __asm__ volatile("dsb ishst\n\tisb" ::: "memory");
#else
    __asm__ volatile("" ::: "memory"); /* host tests: no such walker is looking */
#endif
}

/* ---- the formats ---- */

/* All that follows the geometry. */
#define AXADDR_AARCH64_S2_HOOKS_                                                                   \
    .run_bits = 4, .run_levels = 0x7, .empty = 0, .noted = AXADDR_AARCH64_S2_AF,                   \
    .notes_of = axaddr_aarch64_stage2_notes_of, .clear_notes = axaddr_aarch64_stage2_clear_notes,  \
    .note_access = axaddr_aarch64_stage2_note_access, .kind_of = axaddr_aarch64_stage2_kind_of,    \
    .can_hold = axaddr_aarch64_stage2_can_hold,                                                    \
    .attributes_of = axaddr_aarch64_stage2_attributes_of,                                          \
    .make_leaf = axaddr_aarch64_stage2_make_leaf, .next_leaf = axaddr_aarch64_stage2_next_leaf,    \
    .change_leaf = axaddr_aarch64_stage2_change_leaf,                                              \
    .split_leaf = axaddr_aarch64_stage2_split_leaf, .make_run = axaddr_aarch64_stage2_make_run,    \
    .plain_leaf = axaddr_aarch64_stage2_plain_leaf, .frame_of = axaddr_aarch64_stage2_frame_of,    \
    .flags_of = axaddr_aarch64_stage2_flags_of, .make_table = axaddr_aarch64_stage2_make_table,    \
    .table_of = axaddr_aarch64_stage2_table_of, .make_absent = axaddr_aarch64_stage2_make_absent,  \
    .absent_kind = axaddr_aarch64_stage2_absent_kind,                                              \
    .absent_value = axaddr_aarch64_stage2_absent_value,                                            \
    .is_reserved = axaddr_aarch64_stage2_is_reserved, .populate = 0,                               \
    .needs_break = axaddr_aarch64_stage2_needs_break, .publish = axaddr_aarch64_stage2_publish,    \
    .caches_absent = false

/** 40-bit IPA: start level 1 (the manual's) with two concatenated tables, an 8 KiB root. */
AXADDR_UNUSED static const struct axaddr_format axaddr_aarch64_stage2_40 = {
    .name = "aarch64_stage2_40",
    .level_count = 3,
    .entry_shift = 3,
    .root_order = 1,
    .input_width = 40,
    .output_width = 48,
    .leaf_levels = 0x7,
    .is_sign_extended = false,
    .shift = {12, 21, 30, 0, 0},
    .index_bits = {9, 9, 10, 0, 0},
    AXADDR_AARCH64_S2_HOOKS_,
};

/** 48-bit IPA: start level 0 (the manual's), a 4 KiB root. Needs a CPU with PARange 48 or more. */
AXADDR_UNUSED static const struct axaddr_format axaddr_aarch64_stage2_48 = {
    .name = "aarch64_stage2_48",
    .level_count = 4,
    .entry_shift = 3,
    .root_order = 0,
    .input_width = 48,
    .output_width = 48,
    .leaf_levels = 0x7,
    .is_sign_extended = false,
    .shift = {12, 21, 30, 39, 0},
    .index_bits = {9, 9, 9, 9, 0},
    AXADDR_AARCH64_S2_HOOKS_,
};

/* ---- the registers around a table (D24.2: VTCR_EL2, VTTBR_EL2) ---- */

/**
 * VTCR_EL2 for one of the two formats above: its T0SZ and SL0, 4 KiB granule (TG0 0), walks through
 * write-back, inner shareable memory (IRGN0, ORGN0, SH0), RES1 bit 31.
 *
 * @param pa_range   ID_AA64MMFR0_EL1.PARange of the CPU, the least of all CPUs (0 to 7); more than
 *                   48 bits are used as 48
 * @param vmid_bits  8, or 16 where ID_AA64MMFR1_EL1.VMIDBits is 2 (sets VS)
 * @return AXADDR_INVALID for another pa_range or vmid_bits; AXADDR_UNSUPPORTED where the CPU has
 *         fewer physical address bits than the format has input bits: hardware would fault each
 *         access (level 0) rather than translate (D8.2, "IPA size")
 */
AXADDR_MUST_CHECK static inline enum axaddr_status
axaddr_aarch64_stage2_vtcr(const struct axaddr_format *format, unsigned pa_range,
                           unsigned vmid_bits, uint64_t *vtcr) {
    static const uint8_t pa_bits[8] = {32, 36, 40, 42, 44, 48, 52, 56};
    uint64_t size_offset = 64u - format->input_width; /* T0SZ, bits 5:0 */
    uint64_t start_level = format->level_count - 2u;  /* SL0, bits 7:6: 1 is level 1, 2 level 0 */
    uint64_t output_size = pa_range < 5 ? pa_range : 5u; /* PS, bits 18:16: 5 is 48 bits */

    if (pa_range >= 8 || (vmid_bits != 8 && vmid_bits != 16)) {
        return AXADDR_INVALID;
    }
    if (pa_bits[pa_range] < format->input_width) {
        return AXADDR_UNSUPPORTED;
    }
    *vtcr = (UINT64_C(1) << 31) | (vmid_bits == 16 ? UINT64_C(1) << 19 : 0) | (output_size << 16) |
            (UINT64_C(3) << 12) /* SH0 */ | (UINT64_C(1) << 10) /* ORGN0 */ |
            (UINT64_C(1) << 8) /* IRGN0 */ | (start_level << 6) | size_offset;
    return AXADDR_OK;
}

/**
 * VTTBR_EL2: the root and the VMID that tags its TLB entries; CnP clear.
 *
 * @param vmid_bits  as given for VTCR_EL2; hardware would silently drop a VMID's bits above them,
 *                   and two VMs would share TLB entries
 * @return AXADDR_INVALID for a root that is not aligned to all of its concatenated tables or is
 *         above 48 bits, and for a VMID that does not fit
 */
AXADDR_MUST_CHECK static inline enum axaddr_status
axaddr_aarch64_stage2_vttbr(const struct axaddr_format *format, axaddr_hpa_t root,
                            unsigned vmid_bits, uint32_t vmid, uint64_t *vttbr) {
    uint64_t root_size = UINT64_C(0x1000) << format->root_order;

    if ((root.raw & (root_size - 1)) != 0 || (root.raw >> 48) != 0) {
        return AXADDR_INVALID;
    }
    if ((vmid_bits != 8 && vmid_bits != 16) || (vmid >> vmid_bits) != 0) {
        return AXADDR_INVALID;
    }
    *vttbr = ((uint64_t)vmid << 48) | root.raw;
    return AXADDR_OK;
}

/* ---- decoding an abort (D24.2: ESR_EL2, HPFAR_EL2, FAR_EL2, PAR_EL1) ---- */

/** ESR_EL2: write, not read. Always set for cache maintenance. */
#define AXADDR_AARCH64_ESR_WNR   (UINT64_C(1) << 6)
/** ESR_EL2: the stage 2 fault was met by a stage 1 table walk. */
#define AXADDR_AARCH64_ESR_S1PTW (UINT64_C(1) << 7)
/** ESR_EL2: a cache maintenance instruction; never to be emulated as a store. */
#define AXADDR_AARCH64_ESR_CM    (UINT64_C(1) << 8)

/** What made a stage 2 abort: DFSC / IFSC, bits 5:0, without the level. */
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
        /* 0x2b: translation fault, level -1. Not of these tables, but QEMU 7.2 reports the level of
           the stage 1 walk with S1PTW, and the guest's may start there. */
        return status == 0x2b ? AXADDR_AARCH64_FAULT_TRANSLATION : AXADDR_AARCH64_FAULT_OTHER;
    }
}

/**
 * Whether HPFAR_EL2 was written by the abort that ESR_EL2 describes. It is for translation and
 * access flag faults, and for all faults of a stage 1 walk; for the permission fault of an ordinary
 * access it is UNKNOWN (QEMU fills it in; the architecture does not promise it). Then the guest's
 * stage 1 must be asked: AT S1E1R on FAR_EL2, and axaddr_aarch64_hpfar_from_par on PAR_EL1.
 */
static inline bool axaddr_aarch64_hpfar_is_valid(uint64_t esr) {
    return (esr & AXADDR_AARCH64_ESR_S1PTW) != 0 ||
           axaddr_aarch64_fault_of(esr) != AXADDR_AARCH64_FAULT_PERMISSION;
}

/**
 * From PAR_EL1 after AT S1E1R: what HPFAR_EL2 would have held.
 * @return AXADDR_BUSY if that translation failed (PAR_EL1.F): another CPU of the guest has changed
 *         its tables since. Resume the guest; it will fault again, or not.
 */
AXADDR_MUST_CHECK static inline enum axaddr_status axaddr_aarch64_hpfar_from_par(uint64_t par,
                                                                                 uint64_t *hpfar) {
    if ((par & 1) != 0) {
        return AXADDR_BUSY;
    }
    *hpfar = (par & UINT64_C(0x000ffffffffff000)) >> 8;
    return AXADDR_OK;
}

/** What a stage 1 walk was about when it met the fault; see axaddr_aarch64_stage2_decode. */
AXADDR_ALWAYS_INLINE uint32_t axaddr_aarch64_walk_access(enum axaddr_aarch64_fault fault) {
    return fault == AXADDR_AARCH64_FAULT_PERMISSION ? AXADDR_READ | AXADDR_WRITE : AXADDR_READ;
}

/** What a load, a store or a cache maintenance instruction needed. */
AXADDR_ALWAYS_INLINE uint32_t axaddr_aarch64_data_access(uint64_t esr,
                                                         enum axaddr_aarch64_fault fault) {
    if ((esr & AXADDR_AARCH64_ESR_CM) != 0) {
        return fault == AXADDR_AARCH64_FAULT_PERMISSION ? AXADDR_WRITE : AXADDR_READ;
    }
    return (esr & AXADDR_AARCH64_ESR_WNR) != 0 ? AXADDR_WRITE : AXADDR_READ;
}

/**
 * A stage 2 abort from a lower exception level, in words.
 *
 * The address is HPFAR_EL2's page and FAR_EL2's offset in it. For a fault that the guest's own
 * table walk met (S1PTW), FAR_EL2 is the address being translated, so only the page is known. WnR
 * then describes the instruction, not the walk, so it is not used: a walk whose page is absent is a
 * read; one that meets a permission fault is taken for a hardware update of the descriptor, which
 * reads and writes (Linux KVM reasons the same way). Cache maintenance reports WnR 1 but stores
 * nothing: it counts as a read where the page is absent, and as a write where it lacked permission
 * (DC IVAC needs to be able to write); test AXADDR_AARCH64_ESR_CM before emulating a device access.
 *
 * @param hpfar    HPFAR_EL2, or where axaddr_aarch64_hpfar_is_valid is false, its replacement
 * @param far_el2  FAR_EL2
 * @return AXADDR_INVALID if the exception is no abort from a lower level; AXADDR_UNSUPPORTED if it
 *         is one that mapping cannot cure (external, alignment, address size, TLB conflict). With
 *         HCR_EL2.TGE 1 these classes also report stage 1 faults of a host's EL0: not for here.
 */
AXADDR_MUST_CHECK static inline enum axaddr_status
axaddr_aarch64_stage2_decode(uint64_t esr, uint64_t hpfar, uint64_t far_el2,
                             struct axaddr_exit *exit) {
    unsigned exception_class = (unsigned)(esr >> 26) & 0x3f;
    enum axaddr_aarch64_fault fault = axaddr_aarch64_fault_of(esr);
    bool is_walk = (esr & AXADDR_AARCH64_ESR_S1PTW) != 0;
    uint64_t page = (hpfar & UINT64_C(0x00000ffffffffff0)) << 8; /* FIPA: bits 43:4 are 51:12 */

    if (exception_class != 0x20 && exception_class != 0x24) {
        return AXADDR_INVALID;
    }
    if (fault == AXADDR_AARCH64_FAULT_OTHER) {
        return AXADDR_UNSUPPORTED;
    }
    if (is_walk) {
        exit->access = axaddr_aarch64_walk_access(fault);
    } else if (exception_class == 0x20) {
        exit->access = AXADDR_EXECUTE;
    } else {
        exit->access = axaddr_aarch64_data_access(esr, fault);
    }
    exit->gpa = axaddr_gpa(is_walk ? page : page | (far_el2 & 0xfff));
    exit->is_page_only = is_walk;
    exit->is_guest_walk = is_walk;
    exit->is_permission = fault == AXADDR_AARCH64_FAULT_PERMISSION;
    exit->is_gva_valid = true;
    exit->gva = axaddr_gva(far_el2);
    return AXADDR_OK;
}

#if defined(__aarch64__)

/**
 * The HPFAR_EL2 of the abort just taken: read, or where that is UNKNOWN (see
 * axaddr_aarch64_hpfar_is_valid) found by asking the guest's stage 1. The guest's EL1 registers
 * must still be loaded; its PAR_EL1 is preserved.
 * @return AXADDR_BUSY as axaddr_aarch64_hpfar_from_par
 */
AXADDR_MUST_CHECK static inline enum axaddr_status
axaddr_aarch64_read_hpfar(uint64_t esr, uint64_t far_el2, uint64_t *hpfar) {
    uint64_t par;
    uint64_t guest_par;

    if (axaddr_aarch64_hpfar_is_valid(esr)) {
        __asm__ volatile("mrs %0, hpfar_el2" : "=r"(*hpfar)::"memory");
        return AXADDR_OK;
    }
    __asm__ volatile("mrs %0, par_el1" : "=r"(guest_par)::"memory");
    __asm__ volatile("at s1e1r, %1\n\tisb\n\tmrs %0, par_el1"
                     : "=&r"(par)
                     : "r"(far_el2)
                     : "memory");
    __asm__ volatile("msr par_el1, %0" ::"r"(guest_par) : "memory");
    return axaddr_aarch64_hpfar_from_par(par, hpfar);
}

#endif /* __aarch64__ */

#endif /* AXADDR_ARCH_AARCH64_STAGE2_H */
