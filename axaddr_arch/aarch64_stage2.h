/* SPDX-License-Identifier: MIT
 *
 * aarch64_stage2.h: AArch64 stage 2 tables, and what surrounds them: the registers VTCR_EL2 and
 * VTTBR_EL2, the decoding of a stage 2 abort, TLB maintenance (aarch64_tlb.h).
 *
 * Manual: Arm Architecture Reference Manual for A-profile, ARM DDI 0487 (VMSAv8-64): D8.2
 * translation process, D8.3 descriptor formats, D8.4.2 stage 2 permissions, D8.5 access flag, D8.6
 * memory attributes; the chapter "TLB maintenance" is D8.16 or D8.17 by issue, so its rules are
 * named by their identifiers (R_WHZWS), which do not move.
 *
 * The formats are a family: a granule, a width of guest-physical addresses (IPA), and a variant.
 * Granule and width decide where a walk starts, as D8.2 ("Concatenated translation tables") has it:
 * up to 16 tables of the start level lie together where that saves a level above them.
 *
 *     format                      start level (ours)   root                   leaves
 *     axaddr_aarch64_stage2_32    2 (1)                4 tables, 16 KiB       4 KiB, 2 MiB
 *                          _36    1 (2)                64 entries             4 KiB, 2 MiB, 1 GiB
 *                          _40    1 (2)                2 tables, 8 KiB        4 KiB, 2 MiB, 1 GiB
 *                          _42    1 (2)                8 tables, 32 KiB       4 KiB, 2 MiB, 1 GiB
 *                          _44    0 (3)                32 entries             4 KiB, 2 MiB, 1 GiB
 *                          _48    0 (3)                512 entries            4 KiB, 2 MiB, 1 GiB
 *                      _16k_40    2 (1)                16 tables, 256 KiB     16 KiB, 32 MiB
 *                      _16k_48    1 (2)                2 tables, 32 KiB       16 KiB, 32 MiB
 *                      _64k_40    2 (1)                2048 entries           64 KiB, 512 MiB
 *                      _64k_48    1 (2)                64 entries             64 KiB, 512 MiB
 *
 * A HAL's frame is one granule. Other widths, and other variants of these, are made with
 * AXADDR_AARCH64_STAGE2_FORMAT. Formats of 52 bits are in aarch64_52.h.
 *
 *     63    55 54 53 52 51        48 47                    12 11 10  9 8  7  6 5      2  1   0
 *    | ignored | XN   |C |   RES0   |     output address     |0 |AF| SH | S2AP | MemAttr |T | V |
 *
 * These tables are for HCR_EL2.PTW 0 and VTCR_EL2 as made below: no hardware A/D update (HA, HD),
 * no permission indirection (S2PIE). HCR_EL2.FWB is 0 but for the
 * variants _fwb.
 */
#ifndef AXADDR_ARCH_AARCH64_STAGE2_H
#define AXADDR_ARCH_AARCH64_STAGE2_H

#include "../axaddr_core/absent.h"
#include "../axaddr_core/addr.h"
#include "../axaddr_core/base.h"
#include "../axaddr_core/exit.h"
#include "../axaddr_core/flags.h"
#include "../axaddr_core/format.h"

#include "aarch64_common.h"
#include "aarch64_tlb.h"

/* ---- descriptor bits of stage 2 (D8.3) ---- */

#define AXADDR_AARCH64_S2_MEMATTR       UINT64_C(0x3c)
#define AXADDR_AARCH64_S2_DEVICE_NGNRE  (UINT64_C(0x1) << 2)
#define AXADDR_AARCH64_S2_NORMAL_NC     (UINT64_C(0x5) << 2)
#define AXADDR_AARCH64_S2_NORMAL_WB     (UINT64_C(0xf) << 2)
/** With HCR_EL2.FWB: write-back whatever the guest says. The two above mean the same then. */
#define AXADDR_AARCH64_S2_FWB_NORMAL_WB (UINT64_C(0x6) << 2)
#define AXADDR_AARCH64_S2_S2AP_SHIFT    6
#define AXADDR_AARCH64_S2_DBM           AXADDR_AARCH64_DBM
#define AXADDR_AARCH64_S2_CONTIGUOUS    AXADDR_AARCH64_CONTIGUOUS
#define AXADDR_AARCH64_S2_WRITE         (UINT64_C(1) << 7)
/** XN[1:0] is bits 54:53; 0b10 forbids EL1 and EL0, FEAT_XNX or not (Tables D8-77, D8-78). */
#define AXADDR_AARCH64_S2_XN            (UINT64_C(3) << 53)
#define AXADDR_AARCH64_S2_XN_ALL        (UINT64_C(2) << 53)
/** With FEAT_XNX: only EL0 may fetch; only EL1 may (Table D8-77). */
#define AXADDR_AARCH64_S2_XN_EL1        (UINT64_C(1) << 53)
#define AXADDR_AARCH64_S2_XN_EL0        (UINT64_C(3) << 53)

AXADDR_STATIC_ASSERT(AXADDR_READ == 1 && AXADDR_WRITE == 2,
                     "S2AP[0] permits reads and S2AP[1] writes (DDI 0487 Table D8-76)");

/* ---- what a leaf permits, and its memory type ---- */

/**
 * Everything but USER and GLOBAL, which stage 2 cannot express: S2AP does not tell EL0 from EL1
 * (I_HXWLL). WRITE without READ is S2AP 0b10. EXECUTE without READ holds too: S2AP governs data
 * accesses only, XN alone governs fetches (D8.4.2.1, Tables D8-76 to D8-78; AArch32 stage 2 is
 * different there). Fetches of one mode only need FEAT_XNX.
 */
AXADDR_ALWAYS_INLINE bool axaddr_aarch64_stage2_can_hold_of(uint32_t flags, bool has_xnx) {
    uint32_t refused = AXADDR_USER | AXADDR_GLOBAL | (has_xnx ? 0 : AXADDR_EXECUTE_MODES);

    return (flags & refused) == 0 && axaddr_flags_agree(flags);
}

AXADDR_ALWAYS_INLINE uint64_t axaddr_aarch64_stage2_attributes(uint32_t flags, unsigned level,
                                                               bool has_xnx, bool has_fwb) {
    uint64_t attributes = AXADDR_AARCH64_VALID | AXADDR_AARCH64_AF;

    if (level == 0) {
        attributes |= AXADDR_AARCH64_TABLE_OR_PAGE;
    }
    attributes |= (uint64_t)(flags & (AXADDR_READ | AXADDR_WRITE)) << AXADDR_AARCH64_S2_S2AP_SHIFT;
    if (has_xnx && (flags & AXADDR_EXECUTE_USER) != 0) {
        attributes |= AXADDR_AARCH64_S2_XN_EL1;
    } else if (has_xnx && (flags & AXADDR_EXECUTE_KERNEL) != 0) {
        attributes |= AXADDR_AARCH64_S2_XN_EL0;
    } else if ((flags & AXADDR_EXECUTE) == 0) {
        attributes |= AXADDR_AARCH64_S2_XN_ALL;
    }
    if ((flags & AXADDR_DEVICE) != 0) {
        return attributes | AXADDR_AARCH64_S2_DEVICE_NGNRE;
    }
    attributes |= AXADDR_AARCH64_SH_INNER;
    return attributes | ((flags & AXADDR_UNCACHED) != 0 ? AXADDR_AARCH64_S2_NORMAL_NC
                         : has_fwb                      ? AXADDR_AARCH64_S2_FWB_NORMAL_WB
                                                        : AXADDR_AARCH64_S2_NORMAL_WB);
}

AXADDR_ALWAYS_INLINE uint32_t axaddr_aarch64_stage2_flags(uint64_t leaf, bool has_xnx) {
    uint32_t flags =
        (uint32_t)(leaf >> AXADDR_AARCH64_S2_S2AP_SHIFT) & (AXADDR_READ | AXADDR_WRITE);
    uint64_t memory = leaf & AXADDR_AARCH64_S2_MEMATTR;
    uint64_t never = leaf & AXADDR_AARCH64_S2_XN;

    if ((leaf & AXADDR_AARCH64_S2_DBM) != 0) {
        flags |= AXADDR_WRITE;
    }
    if (never == 0) {
        flags |= AXADDR_EXECUTE;
    } else if (has_xnx && never == AXADDR_AARCH64_S2_XN_EL1) {
        flags |= AXADDR_EXECUTE_USER;
    } else if (has_xnx && never == AXADDR_AARCH64_S2_XN_EL0) {
        flags |= AXADDR_EXECUTE_KERNEL;
    }
    if (memory == AXADDR_AARCH64_S2_DEVICE_NGNRE) {
        flags |= AXADDR_DEVICE;
    } else if (memory == AXADDR_AARCH64_S2_NORMAL_NC) {
        flags |= AXADDR_UNCACHED;
    }
    return flags;
}

/* The hooks that a variant decides. */
#define AXADDR_AARCH64_S2_VARIANT_(prefix, has_xnx, has_fwb)                                       \
    static inline bool prefix##_can_hold(uint32_t flags) {                                         \
        return axaddr_aarch64_stage2_can_hold_of(flags, has_xnx);                                  \
    }                                                                                              \
    static inline uint64_t prefix##_attributes_of(uint32_t flags, unsigned level) {                \
        return axaddr_aarch64_stage2_attributes(flags, level, has_xnx, has_fwb);                   \
    }                                                                                              \
    static inline uint32_t prefix##_flags_of(uint64_t leaf, unsigned level) {                      \
        (void)level;                                                                               \
        return axaddr_aarch64_stage2_flags(leaf, has_xnx);                                         \
    }

AXADDR_AARCH64_S2_VARIANT_(axaddr_aarch64_stage2, false, false)
AXADDR_AARCH64_S2_VARIANT_(axaddr_aarch64_stage2_xnx, true, false)
AXADDR_AARCH64_S2_VARIANT_(axaddr_aarch64_stage2_fwb, false, true)
AXADDR_AARCH64_S2_VARIANT_(axaddr_aarch64_stage2_xnx_fwb, true, true)

/* ---- notes ----
 *
 * AF clear makes the next access fault. A writable leaf whose note "written" was cleared is
 * read-only and has DBM, the architecture's "writable-clean" (D8.5.5): the next write faults, and
 * sets S2AP[1]; so would hardware with VTCR_EL2.HD. Any leaf that never was cleared counts as
 * written.
 */

static inline uint32_t axaddr_aarch64_stage2_notes_of(uint64_t leaf, unsigned level) {
    bool is_clean =
        (leaf & (AXADDR_AARCH64_CLEAN | AXADDR_AARCH64_S2_WRITE)) == AXADDR_AARCH64_CLEAN;

    (void)level;
    return ((leaf & AXADDR_AARCH64_AF) != 0 ? AXADDR_ACCESSED : 0) | (is_clean ? 0 : AXADDR_DIRTY);
}

static inline uint64_t axaddr_aarch64_stage2_clear_notes(uint64_t leaf, unsigned level,
                                                         uint32_t notes) {
    (void)level;
    if ((notes & AXADDR_ACCESSED) != 0) {
        leaf &= ~AXADDR_AARCH64_AF;
    }
    if ((notes & AXADDR_DIRTY) != 0) {
        leaf |= AXADDR_AARCH64_CLEAN;
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
    return leaf | AXADDR_AARCH64_AF;
}

/* ---- changes ---- */

/** change_leaf, for leaves with these address bits. */
AXADDR_ALWAYS_INLINE uint64_t axaddr_aarch64_stage2_change(uint64_t leaf, uint64_t address_mask,
                                                           uint64_t attributes) {
    uint64_t kept = address_mask | AXADDR_AARCH64_AF | AXADDR_AARCH64_CONTIGUOUS;

    attributes &= ~AXADDR_AARCH64_AF;
    if (AXADDR_UNLIKELY((leaf & (AXADDR_AARCH64_CLEAN | AXADDR_AARCH64_S2_WRITE)) ==
                        AXADDR_AARCH64_CLEAN)) {
        /* Not written yet: it stays so. */
        attributes |= AXADDR_AARCH64_CLEAN;
        if ((attributes & AXADDR_AARCH64_S2_WRITE) != 0) {
            attributes ^= AXADDR_AARCH64_S2_WRITE | AXADDR_AARCH64_S2_DBM;
        }
    }
    return (leaf & kept) | attributes;
}

/**
 * Break-before-make, R_WHZWS: a change of memory type, cacheability or shareability; of the output
 * address (the manual excuses read-only aliases of equal contents, which cannot be seen from here);
 * of block against table. The contiguous bit counts as a size. Permissions and AF do not (R_WHZWS
 * is exhaustive, and does not name them), nor the bits that hardware ignores.
 */
AXADDR_ALWAYS_INLINE bool axaddr_aarch64_stage2_breaks(uint64_t from, uint64_t to,
                                                       uint64_t address_mask) {
    return axaddr_aarch64_breaks(from, to, address_mask, AXADDR_AARCH64_S2_MEMATTR);
}

static inline bool axaddr_aarch64_stage2_needs_break(uint64_t from, uint64_t to, unsigned level) {
    (void)level;
    return axaddr_aarch64_stage2_breaks(from, to, AXADDR_AARCH64_ADDRESS);
}

/* ---- the hooks of each granule ---- */

#define AXADDR_AARCH64_S2_GRANULE_(prefix, page_shift)                                             \
    AXADDR_AARCH64_GRANULE_HOOKS_(prefix, page_shift)                                              \
    static inline uint64_t prefix##_change_leaf(uint64_t leaf, unsigned level,                     \
                                                uint64_t attributes) {                             \
        return axaddr_aarch64_stage2_change(leaf, axaddr_aarch64_address_mask(page_shift, level),  \
                                            attributes);                                           \
    }

AXADDR_AARCH64_S2_GRANULE_(axaddr_aarch64_stage2_4k, 12)
AXADDR_AARCH64_S2_GRANULE_(axaddr_aarch64_stage2_16k, 14)
AXADDR_AARCH64_S2_GRANULE_(axaddr_aarch64_stage2_64k, 16)

/* ---- the formats ---- */

/**
 * A format's initialiser. `text` is its name; `width` is that of an IPA, a number from 32 to 48;
 * `granule` is 4k, 16k or 64k; `variant` is one of
 *
 *     axaddr_aarch64_stage2           for any CPU
 *     axaddr_aarch64_stage2_xnx       FEAT_XNX: holds EXECUTE_USER and EXECUTE_KERNEL
 *     axaddr_aarch64_stage2_fwb       FEAT_S2FWB, HCR_EL2.FWB 1: memory is write-back, whatever the
 *                                     guest's stage 1 says (without, the weaker of the two counts)
 *     axaddr_aarch64_stage2_xnx_fwb   both
 *
 * axaddr_aarch64_stage2_load says whether a CPU can use it.
 */
#define AXADDR_AARCH64_STAGE2_FORMAT(text, width, granule, variant)                                \
    {                                                                                              \
        AXADDR_AARCH64_GEOMETRY_(                                                                  \
            text, width, AXADDR_AARCH64_PAGE_SHIFT_##granule##_,                                   \
            AXADDR_AARCH64_LEVELS_(width, AXADDR_AARCH64_PAGE_SHIFT_##granule##_, 4)),             \
            AXADDR_AARCH64_HOOKS_(axaddr_aarch64_stage2_##granule, axaddr_aarch64_stage2, variant) \
    }

/** 32-bit IPA: start level 2 (the manual's) with four concatenated tables, a 16 KiB root. */
AXADDR_UNUSED static const struct axaddr_format axaddr_aarch64_stage2_32 =
    AXADDR_AARCH64_STAGE2_FORMAT("aarch64_stage2_32", 32, 4k, axaddr_aarch64_stage2);

/** 36-bit IPA: start level 1, a root of 64 entries. */
AXADDR_UNUSED static const struct axaddr_format axaddr_aarch64_stage2_36 =
    AXADDR_AARCH64_STAGE2_FORMAT("aarch64_stage2_36", 36, 4k, axaddr_aarch64_stage2);

/** 40-bit IPA: start level 1 with two concatenated tables, an 8 KiB root. */
AXADDR_UNUSED static const struct axaddr_format axaddr_aarch64_stage2_40 =
    AXADDR_AARCH64_STAGE2_FORMAT("aarch64_stage2_40", 40, 4k, axaddr_aarch64_stage2);

/** 42-bit IPA: start level 1 with eight concatenated tables, a 32 KiB root. */
AXADDR_UNUSED static const struct axaddr_format axaddr_aarch64_stage2_42 =
    AXADDR_AARCH64_STAGE2_FORMAT("aarch64_stage2_42", 42, 4k, axaddr_aarch64_stage2);

/** 44-bit IPA: start level 0, a root of 32 entries. */
AXADDR_UNUSED static const struct axaddr_format axaddr_aarch64_stage2_44 =
    AXADDR_AARCH64_STAGE2_FORMAT("aarch64_stage2_44", 44, 4k, axaddr_aarch64_stage2);

/** 48-bit IPA: start level 0, a 4 KiB root. Needs a CPU with PARange 48 or more, as all of 48. */
AXADDR_UNUSED static const struct axaddr_format axaddr_aarch64_stage2_48 =
    AXADDR_AARCH64_STAGE2_FORMAT("aarch64_stage2_48", 48, 4k, axaddr_aarch64_stage2);

/** 16 KiB granule, 40-bit IPA: start level 2 with 16 concatenated tables, a 256 KiB root. */
AXADDR_UNUSED static const struct axaddr_format axaddr_aarch64_stage2_16k_40 =
    AXADDR_AARCH64_STAGE2_FORMAT("aarch64_stage2_16k_40", 40, 16k, axaddr_aarch64_stage2);

/** 16 KiB granule, 48-bit IPA: start level 1 with two concatenated tables, a 32 KiB root. */
AXADDR_UNUSED static const struct axaddr_format axaddr_aarch64_stage2_16k_48 =
    AXADDR_AARCH64_STAGE2_FORMAT("aarch64_stage2_16k_48", 48, 16k, axaddr_aarch64_stage2);

/** 64 KiB granule, 40-bit IPA: start level 2, a root of 2048 entries. */
AXADDR_UNUSED static const struct axaddr_format axaddr_aarch64_stage2_64k_40 =
    AXADDR_AARCH64_STAGE2_FORMAT("aarch64_stage2_64k_40", 40, 64k, axaddr_aarch64_stage2);

/** 64 KiB granule, 48-bit IPA: start level 1, a root of 64 entries. */
AXADDR_UNUSED static const struct axaddr_format axaddr_aarch64_stage2_64k_48 =
    AXADDR_AARCH64_STAGE2_FORMAT("aarch64_stage2_64k_48", 48, 64k, axaddr_aarch64_stage2);

/** axaddr_aarch64_stage2_40 with FEAT_XNX. */
AXADDR_UNUSED static const struct axaddr_format axaddr_aarch64_stage2_40_xnx =
    AXADDR_AARCH64_STAGE2_FORMAT("aarch64_stage2_40_xnx", 40, 4k, axaddr_aarch64_stage2_xnx);

/** With FEAT_S2FWB. */
AXADDR_UNUSED static const struct axaddr_format axaddr_aarch64_stage2_40_fwb =
    AXADDR_AARCH64_STAGE2_FORMAT("aarch64_stage2_40_fwb", 40, 4k, axaddr_aarch64_stage2_fwb);

/** With both. */
AXADDR_UNUSED static const struct axaddr_format axaddr_aarch64_stage2_40_xnx_fwb =
    AXADDR_AARCH64_STAGE2_FORMAT("aarch64_stage2_40_xnx_fwb", 40, 4k,
                                 axaddr_aarch64_stage2_xnx_fwb);

/** The same with FEAT_XNX. */
AXADDR_UNUSED static const struct axaddr_format axaddr_aarch64_stage2_48_xnx =
    AXADDR_AARCH64_STAGE2_FORMAT("aarch64_stage2_48_xnx", 48, 4k, axaddr_aarch64_stage2_xnx);

/** The same with FEAT_S2FWB. */
AXADDR_UNUSED static const struct axaddr_format axaddr_aarch64_stage2_48_fwb =
    AXADDR_AARCH64_STAGE2_FORMAT("aarch64_stage2_48_fwb", 48, 4k, axaddr_aarch64_stage2_fwb);

/** The same with both. */
AXADDR_UNUSED static const struct axaddr_format axaddr_aarch64_stage2_48_xnx_fwb =
    AXADDR_AARCH64_STAGE2_FORMAT("aarch64_stage2_48_xnx_fwb", 48, 4k,
                                 axaddr_aarch64_stage2_xnx_fwb);

/**
 * With the root chosen by init_sized, 4 KiB granule: start level 1 with up to 16 concatenated
 * tables (three levels: IPAs of 32 to 43 bits), or start level 0 (four, up to 48 bits). Registers:
 * axaddr_aarch64_stage2_load_sized.
 */
AXADDR_UNUSED static const struct axaddr_format axaddr_aarch64_stage2 = {
    .name = "aarch64_stage2",
    .level_count = 4,
    .entry_shift = 3,
    .root_order = 4,
    .input_width = 48,
    .output_width = 48,
    .leaf_levels = 0x7,
    .is_sign_extended = false,
    .shift = {12, 21, 30, 39, 0},
    .index_bits = {9, 9, 9, 9, 0},
    .run_bits = 4,
    .run_levels = 0x7,
    .is_sized = true,
    AXADDR_AARCH64_HOOKS_(axaddr_aarch64_stage2_4k, axaddr_aarch64_stage2, axaddr_aarch64_stage2)};

/* ---- the registers around a table (D24.2: VTCR_EL2, VTTBR_EL2) ---- */

/**
 * The fields of VTCR_EL2 that say where a walk starts: T0SZ 5:0; SL0 7:6, which counts levels above
 * the manual's 2 with the 4 KiB granule, above 3 with others; SL2, bit 33: level -1.
 */
static inline uint64_t axaddr_aarch64_stage2_start(const struct axaddr_format *format,
                                                   const struct axaddr_geometry *geometry) {
    uint64_t start_level = geometry->level_count - (format->shift[0] == 12 ? 2u : 1u);
    uint64_t size_offset = 64u - axaddr_geometry_width(format, geometry);

    if (format->shift[0] == 12 && geometry->level_count == 5) {
        return UINT64_C(1) << 33 | size_offset;
    }
    return start_level << 6 | size_offset;
}

/**
 * The width of physical addresses that a CPU must have for a geometry: its own width; for start
 * levels 0 (4 KiB granule) and 1 (16 KiB, 64 KiB) 44, 42 and 44 bits (D8.2, AArch64.S2InvalidSL).
 */
static inline unsigned axaddr_aarch64_stage2_pa_bits(const struct axaddr_format *format,
                                                     const struct axaddr_geometry *geometry) {
    unsigned width = axaddr_geometry_width(format, geometry);
    bool is_high = geometry->level_count > (format->shift[0] == 12 ? 3 : 2);
    unsigned least = !is_high ? 0 : format->shift[0] == 14 ? 42 : 44;

    if (axaddr_aarch64_is_52(format)) {
        return 52;
    }
    return width > least ? width : least;
}

/** axaddr_aarch64_stage2_vtcr for a geometry that the format has. */
AXADDR_MUST_CHECK static inline enum axaddr_status
axaddr_aarch64_stage2_vtcr_sized(const struct axaddr_format *format,
                                 const struct axaddr_geometry *geometry, unsigned pa_range,
                                 unsigned vmid_bits, uint64_t *vtcr) {
    struct axaddr_aarch64_cpu cpu = {pa_range & 7, 0, 0};

    if (pa_range >= 8 || (vmid_bits != 8 && vmid_bits != 16)) {
        return AXADDR_INVALID;
    }
    if (axaddr_aarch64_pa_bits(&cpu) < axaddr_aarch64_stage2_pa_bits(format, geometry)) {
        return AXADDR_UNSUPPORTED;
    }
    *vtcr = (axaddr_aarch64_has_ds(format) ? UINT64_C(1) << 32 : 0) | (UINT64_C(1) << 31) |
            (vmid_bits == 16 ? UINT64_C(1) << 19 : 0) |
            (axaddr_aarch64_output_size(pa_range, axaddr_aarch64_is_52(format)) << 16) |
            (axaddr_aarch64_tg0(format->shift[0]) << 14) | (UINT64_C(3) << 12) /* SH0 */ |
            (UINT64_C(1) << 10) /* ORGN0 */ | (UINT64_C(1) << 8) /* IRGN0 */ |
            axaddr_aarch64_stage2_start(format, geometry);
    return AXADDR_OK;
}

/**
 * VTCR_EL2 for a format: its T0SZ, SL0 (SL2) and TG0, DS for 52 bits, walks through write-back,
 * inner shareable memory (IRGN0, ORGN0, SH0), RES1 bit 31. Better: axaddr_aarch64_stage2_load,
 * which asks whether the CPU has the granule too.
 *
 * @param pa_range   ID_AA64MMFR0_EL1.PARange of the CPU, the least of all CPUs (0 to 7); more than
 *                   the format's addresses have are used as these
 * @param vmid_bits  8, or 16 where ID_AA64MMFR1_EL1.VMIDBits is 2 (sets VS)
 * @return AXADDR_INVALID for another pa_range or vmid_bits; AXADDR_UNSUPPORTED where the CPU has
 *         fewer physical address bits than the format has input bits, or less than 52 for a format
 *         of 52: hardware would fault each access (level 0) rather than translate (D8.2, "IPA
 *         size")
 */
AXADDR_MUST_CHECK static inline enum axaddr_status
axaddr_aarch64_stage2_vtcr(const struct axaddr_format *format, unsigned pa_range,
                           unsigned vmid_bits, uint64_t *vtcr) {
    struct axaddr_geometry geometry = axaddr_geometry_of(format);

    return axaddr_aarch64_stage2_vtcr_sized(format, &geometry, pa_range, vmid_bits, vtcr);
}

/** axaddr_aarch64_stage2_vttbr for a geometry that the format has. */
AXADDR_MUST_CHECK static inline enum axaddr_status
axaddr_aarch64_stage2_vttbr_sized(const struct axaddr_format *format,
                                  const struct axaddr_geometry *geometry, axaddr_hpa_t root,
                                  unsigned vmid_bits, uint32_t vmid, uint64_t *vttbr) {
    unsigned root_shift = format->shift[0] + axaddr_geometry_order(format, geometry);

    if ((root.raw & axaddr_low_bits(root_shift)) != 0 || root.raw >> format->output_width != 0) {
        return AXADDR_INVALID;
    }
    if ((vmid_bits != 8 && vmid_bits != 16) || (vmid >> vmid_bits) != 0) {
        return AXADDR_INVALID;
    }
    *vttbr = ((uint64_t)vmid << 48) | axaddr_aarch64_baddr(root.raw);
    return AXADDR_OK;
}

/**
 * VTTBR_EL2: the root and the VMID that tags its TLB entries; CnP clear.
 *
 * @param vmid_bits  as given for VTCR_EL2; hardware would silently drop a VMID's bits above them,
 *                   and two VMs would share TLB entries
 * @return AXADDR_INVALID for a root that is not aligned to all of its concatenated tables or is
 *         above the format's output addresses, and for a VMID that does not fit
 */
AXADDR_MUST_CHECK static inline enum axaddr_status
axaddr_aarch64_stage2_vttbr(const struct axaddr_format *format, axaddr_hpa_t root,
                            unsigned vmid_bits, uint32_t vmid, uint64_t *vttbr) {
    struct axaddr_geometry geometry = axaddr_geometry_of(format);

    return axaddr_aarch64_stage2_vttbr_sized(format, &geometry, root, vmid_bits, vmid, vttbr);
}

/** What to load to run a guest on a table. */
struct axaddr_aarch64_stage2_registers {
    uint64_t vtcr;  /**< VTCR_EL2 */
    uint64_t vttbr; /**< VTTBR_EL2 */
    uint64_t hcr;   /**< the bits VM (0) and FWB (46) of HCR_EL2; the others are the caller's */
};

/** Whether a format's leaves are for HCR_EL2.FWB 1. */
static inline bool axaddr_aarch64_stage2_is_fwb(const struct axaddr_format *format) {
    return (format->attributes_of(AXADDR_READ, 0) & AXADDR_AARCH64_S2_MEMATTR) ==
           AXADDR_AARCH64_S2_FWB_NORMAL_WB;
}

/** Whether the CPU has the features that a format's entries, and the size of its root, need. */
static inline bool axaddr_aarch64_stage2_has(const struct axaddr_format *format,
                                             const struct axaddr_geometry *geometry,
                                             const struct axaddr_aarch64_cpu *cpu) {
    unsigned page_shift = format->shift[0];
    bool is_xnx = format->can_hold(AXADDR_READ | AXADDR_EXECUTE_USER);
    bool is_fwb = axaddr_aarch64_stage2_is_fwb(format);
    /* T0SZ is at most 39 without FEAT_TTST. */
    bool is_small = axaddr_geometry_width(format, geometry) < 25;

    return axaddr_aarch64_has_stage2_granule(cpu, page_shift) &&
           (!axaddr_aarch64_is_52(format) || axaddr_aarch64_has_stage2_52(cpu, page_shift)) &&
           (!is_xnx || (cpu->mmfr1 >> 28 & 0xf) != 0) && /* ID_AA64MMFR1_EL1.XNX, 31:28 */
           (!is_fwb || (cpu->mmfr2 >> 40 & 0xf) != 0) && /* ID_AA64MMFR2_EL1.FWB, 43:40 */
           (!is_small || (cpu->mmfr2 >> 28 & 0xf) != 0); /* ID_AA64MMFR2_EL1.ST, 31:28 */
}

/**
 * As axaddr_aarch64_stage2_load, for a table whose root init_sized chose.
 *
 * @param geometry  what init_sized was given
 * @return as there; AXADDR_INVALID also for a geometry that the format does not have. Start levels
 *         that are higher than an IPA needs take a CPU with 42 or 44 physical address bits
 *         (axaddr_aarch64_stage2_pa_bits), IPAs of less than 25 bits FEAT_TTST: AXADDR_UNSUPPORTED
 *         where it has not
 */
AXADDR_MUST_CHECK static inline enum axaddr_status
axaddr_aarch64_stage2_load_sized(const struct axaddr_format *format,
                                 const struct axaddr_geometry *geometry,
                                 const struct axaddr_aarch64_cpu *cpu, axaddr_hpa_t root,
                                 uint32_t vmid, struct axaddr_aarch64_stage2_registers *registers) {
    unsigned vmid_bits = (cpu->mmfr1 >> 4 & 0xf) == 2 ? 16 : 8;
    enum axaddr_status status;
    uint64_t vtcr = 0;
    uint64_t vttbr = 0;

    if (!axaddr_geometry_fits(format, geometry)) {
        return AXADDR_INVALID;
    }
    if (!axaddr_aarch64_stage2_has(format, geometry, cpu)) {
        return AXADDR_UNSUPPORTED;
    }
    status = axaddr_aarch64_stage2_vtcr_sized(format, geometry, (unsigned)cpu->mmfr0 & 0xf,
                                              vmid_bits, &vtcr);
    if (status == AXADDR_OK) {
        status = axaddr_aarch64_stage2_vttbr_sized(format, geometry, root, vmid_bits, vmid, &vttbr);
    }
    if (status != AXADDR_OK) {
        return status;
    }
    registers->vtcr = vtcr;
    registers->vttbr = vttbr;
    registers->hcr = UINT64_C(1) | (axaddr_aarch64_stage2_is_fwb(format) ? UINT64_C(1) << 46 : 0);
    return AXADDR_OK;
}

/**
 * VTCR_EL2, VTTBR_EL2 and HCR_EL2's bits for a table of any of these formats, and of those of
 * aarch64_52.h. VMIDs have 16 bits where ID_AA64MMFR1_EL1.VMIDBits (7:4) says so, else 8. For a
 * table made by init_sized: axaddr_aarch64_stage2_load_sized.
 *
 * @param root  vm_root()
 * @return AXADDR_UNSUPPORTED if the CPU lacks the granule in stage 2, its 52 bits, the width,
 *         FEAT_XNX or FEAT_S2FWB that the format needs; AXADDR_INVALID for a reserved PARange, a
 *         root that is not aligned to all of its concatenated tables or is above the format's
 *         output addresses, and a VMID that does not fit. *registers is untouched then.
 */
AXADDR_MUST_CHECK static inline enum axaddr_status
axaddr_aarch64_stage2_load(const struct axaddr_format *format, const struct axaddr_aarch64_cpu *cpu,
                           axaddr_hpa_t root, uint32_t vmid,
                           struct axaddr_aarch64_stage2_registers *registers) {
    struct axaddr_geometry geometry = axaddr_geometry_of(format);

    return axaddr_aarch64_stage2_load_sized(format, &geometry, cpu, root, vmid, registers);
}

/* ---- decoding an abort (D24.2: ESR_EL2, HPFAR_EL2, FAR_EL2, PAR_EL1) ---- */

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
    /* FIPA: bits 43:4 are 51:12. (47:44, for FEAT_D128's 55:52, stay 0 with these tables.) */
    uint64_t page = (hpfar & UINT64_C(0x00000ffffffffff0)) << 8;

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

/**
 * Whether the guest was in its user mode: from SPSR_EL2.M[3:0], 0 for EL0t as for AArch32's User.
 */
static inline bool axaddr_aarch64_is_user(uint64_t spsr) {
    return (spsr & 0xf) == 0;
}

/**
 * The same for the formats of FEAT_XNX: a fetch is one of the guest's user mode or of its
 * privileged modes (AXADDR_EXECUTE_USER, _KERNEL), as the caller tells.
 */
AXADDR_MUST_CHECK static inline enum axaddr_status
axaddr_aarch64_stage2_decode_mode(uint64_t esr, uint64_t hpfar, uint64_t far_el2, bool is_user,
                                  struct axaddr_exit *exit) {
    enum axaddr_status status = axaddr_aarch64_stage2_decode(esr, hpfar, far_el2, exit);

    if (status == AXADDR_OK && exit->access == AXADDR_EXECUTE) {
        exit->access = is_user ? AXADDR_EXECUTE_USER : AXADDR_EXECUTE_KERNEL;
    }
    return status;
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
