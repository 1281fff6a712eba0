/* SPDX-License-Identifier: MIT
 *
 * x86_ept.h: Intel's second stage, extended page tables of four levels and of five, and what
 * surrounds them: the EPTP, the capability MSR, the decoding of an EPT violation, TLB maintenance
 * (x86_tlb.h).
 *
 * Manual: Intel 64 and IA-32 Architectures SDM, vol. 3C, 29.3 "The Extended Page Table Mechanism
 * (EPT)"; the entries' formats are in 29.3.2, all of them on one page in Figure 29-1. Sections are
 * numbered as in the editions of 2022 to 2024: VMCS 25, VM exits 28, address translation 29.
 *
 *     our level   the manual's   an entry spans   may be a leaf
 *         4        EPT PML5E         256 TiB           no         (axaddr_x86_ept_5 only)
 *         3        EPT PML4E         512 GiB           no
 *         2        EPT PDPTE           1 GiB           yes
 *         1        EPT PDE             2 MiB           yes
 *         0        EPT PTE             4 KiB           always
 *
 *     63  62      52 51               12 11 10  9 8    7     6    5    3 2   0
 *    |SVE| ignored |  frame or table   |   |XU|D|A| large | IPAT | type | XWR |
 *
 * What is held, and how
 *   READ, WRITE, EXECUTE   bits 0, 1, 2. EXECUTE alone is held, and needs IA32_VMX_EPT_VPID_CAP[0]:
 *                          ask axaddr_x86_ept_missing for AXADDR_X86_EPT_CAP_EXECUTE_ONLY. WRITE
 *                          without READ is refused: an EPT misconfiguration (29.3.3.1).
 *   no memory type         write-back (6). "Ignore PAT" is 0, so the guest's PAT has its say
 *                          (29.3.7.2): its UC is UC, its WB is what is written here.
 *   DEVICE                 uncacheable (0), whatever the guest's PAT says (but for its WC).
 *   UNCACHED               write-combining (1): what comes nearest to memory without a cache (no
 *                          cached copy, loads may run ahead, stores may merge), and other bits than
 *                          DEVICE has. The guest's UC still wins over it.
 *   USER, GLOBAL           refused: EPT knows neither.
 *   EXECUTE_USER, EXECUTE_KERNEL   held by the formats with AXADDR_X86_EPT_MODES only.
 *
 * Three VM-execution controls and habits change the bits, for all entries of a table at once, so
 * they are options of a format and not flags of a mapping (AXADDR_DEFINE_X86_EPT): "ignore PAT",
 * mode-based execute control, suppress-#VE. The formats without options want the last two off:
 * they never set bit 10, and "EPT-violation #VE" would tell a guest of absent entries without bit
 * 63 (25.5.7.1). Accessed and dirty bits (8, 9; 29.3.5) may be on or off in the EPTP.
 *
 * Processors with the multihit erratum (CVE-2018-12207; IA32_ARCH_CAPABILITIES[6] is 0) let a guest
 * stop the machine by way of executable large leaves: map executable memory with AXADDR_SMALL
 * there.
 */
#ifndef AXADDR_ARCH_X86_EPT_H
#define AXADDR_ARCH_X86_EPT_H

#include "../axaddr_core/exit.h"
#include "../axaddr_core/format.h"
#include "x86_common.h"
#include "x86_tlb.h"

/** Bits 2:0: an entry is present if any of them is set (29.3.2). */
#define AXADDR_X86_EPT_RIGHTS          UINT64_C(7)
/** Bits 5:3 of a leaf: its memory type (29.3.7.2). */
#define AXADDR_X86_EPT_TYPE            UINT64_C(0x38)
#define AXADDR_X86_EPT_TYPE_SHIFT      3
#define AXADDR_X86_EPT_UNCACHEABLE     UINT64_C(0)
#define AXADDR_X86_EPT_WRITE_COMBINING UINT64_C(1)
#define AXADDR_X86_EPT_WRITE_BACK      UINT64_C(6)
/** Bits 8 and 9: accessed, dirty. */
#define AXADDR_X86_EPT_NOTED           UINT64_C(0x300)
#define AXADDR_X86_EPT_ACCESSED_SHIFT  8

/* ---- hooks ---- */

/**
 * A table is what make_table writes, and nothing else: R, W and X, not large, no other bit in the
 * low byte (the accessed bit is above it). So one comparison decides the walk, and an entry that we
 * did not write is never followed: not one without rights, which is absent whatever else it has,
 * nor a PML4E with bit 7, which is reserved there and a misconfiguration (29.3.2).
 */
static inline enum axaddr_entry_kind axaddr_x86_ept_kind_of(uint64_t entry, unsigned level) {
    if (level == 0) {
        /* bit 7 of a PTE is ignored (29.3.2) */
        return (entry & AXADDR_X86_EPT_RIGHTS) != 0 ? AXADDR_ENTRY_LEAF : AXADDR_ENTRY_ABSENT;
    }
    if ((uint8_t)entry == AXADDR_X86_EPT_RIGHTS) {
        return AXADDR_ENTRY_TABLE;
    }
    return (entry & AXADDR_X86_EPT_RIGHTS) != 0 && (entry & AXADDR_X86_LARGE) != 0 &&
                   level < AXADDR_X86_TOP_LEVEL
               ? AXADDR_ENTRY_LEAF
               : AXADDR_ENTRY_ABSENT;
}

static inline bool axaddr_x86_ept_can_hold(uint32_t flags) {
    return (flags & AXADDR_ACCESS_FLAGS) != 0 &&
           (flags & (AXADDR_USER | AXADDR_SPECIAL_FLAGS)) == 0 &&
           (flags & (AXADDR_READ | AXADDR_WRITE)) != AXADDR_WRITE && axaddr_flags_agree(flags);
}

static inline uint64_t axaddr_x86_ept_attributes_of(uint32_t flags, unsigned level) {
    uint64_t rights = (flags & AXADDR_ACCESS_FLAGS) | (level == 0 ? 0 : AXADDR_X86_LARGE);

    if (AXADDR_LIKELY((flags & (AXADDR_DEVICE | AXADDR_UNCACHED)) == 0)) {
        return rights | AXADDR_X86_EPT_WRITE_BACK << AXADDR_X86_EPT_TYPE_SHIFT;
    }
    return rights | ((flags & AXADDR_DEVICE) != 0 ? AXADDR_X86_EPT_UNCACHEABLE
                                                  : AXADDR_X86_EPT_WRITE_COMBINING)
                        << AXADDR_X86_EPT_TYPE_SHIFT;
}

/** A reservation has the attributes of its pages ready, in bits 57:52. */
#define AXADDR_X86_EPT_READY_SHIFT 52

static inline uint64_t axaddr_x86_ept_make_absent(enum axaddr_absent_kind kind, uint64_t value) {
    uint64_t ready = 0;

    if (kind == AXADDR_ABSENT_RESERVED) {
        ready = axaddr_x86_ept_attributes_of(axaddr_payload_flags(value), 0);
    }
    return axaddr_x86_make_absent(kind, value) | ready << AXADDR_X86_EPT_READY_SHIFT;
}

/** Bits 5:3 hold the kind, 2:0 are 0; the rights are where they are in a leaf. */
static inline bool axaddr_x86_ept_is_reserved(uint64_t entry, uint32_t *rights) {
    *rights = (uint32_t)(entry >> AXADDR_X86_EPT_READY_SHIFT) & AXADDR_ACCESS_FLAGS;
    return axaddr_absent64_is_reserved(entry, AXADDR_X86_EPT_RIGHTS);
}

static inline uint64_t axaddr_x86_ept_populate(uint64_t entry, uint64_t frame) {
    return frame | entry >> AXADDR_X86_EPT_READY_SHIFT;
}

/** Bits 7:0 are what attributes_of gives. The address, A/D and the ignored bits stay. */
static inline uint64_t axaddr_x86_ept_change_leaf(uint64_t leaf, unsigned level,
                                                  uint64_t attributes) {
    (void)level;
    return (leaf & ~UINT64_C(0xff)) | attributes;
}

/** Rights, type and A/D are where they were; only "large" goes with the last split. */
static inline uint64_t axaddr_x86_ept_split_leaf(uint64_t leaf, unsigned level) {
    return leaf & (axaddr_x86_frame_mask(level) | AXADDR_X86_EPT_NOTED | AXADDR_X86_EPT_TYPE |
                   AXADDR_X86_EPT_RIGHTS | (level > 1 ? AXADDR_X86_LARGE : 0));
}

/** Types that attributes_of does not write (WT, WP, reserved ones) read as plain memory. */
static inline uint32_t axaddr_x86_ept_flags_of(uint64_t leaf, unsigned level) {
    uint32_t low = (uint32_t)leaf;

    (void)level;
    /* 4 bits of 0x210 for each type, at the place of the flags: DEVICE for 0, UNCACHED for 1 */
    return (low & AXADDR_ACCESS_FLAGS) |
           ((UINT32_C(0x210) >> ((low >> 1) & 0x1c)) & (AXADDR_DEVICE | AXADDR_UNCACHED));
}

/** Noted by hardware with the A/D flags of the EPTP (29.3.5); without, nothing ever is. */
static inline uint32_t axaddr_x86_ept_notes_of(uint64_t leaf, unsigned level) {
    (void)level;
    return axaddr_x86_notes_of(leaf, AXADDR_X86_EPT_ACCESSED_SHIFT);
}

static inline uint64_t axaddr_x86_ept_clear_notes(uint64_t leaf, unsigned level, uint32_t notes) {
    (void)level;
    return axaddr_x86_clear_notes(leaf, notes, AXADDR_X86_EPT_ACCESSED_SHIFT);
}

/* ---- hooks with options ----
 *
 * The same as above, for a set of options that is a constant.
 */

/**
 * Bit 6 of leaves: the memory type is the leaf's, whatever the guest's PAT says (29.3.7.2). For
 * guests without devices of their own to talk to: their idea of a type can only make memory slow,
 * or incoherent with the host's view of it. With passed-through devices whose DMA does not snoop,
 * the guest's types must count: without this option. It is one decision for a guest, so no flag.
 */
#define AXADDR_X86_EPT_IGNORE_PAT  1u
/**
 * Mode-based execute control (25.6.2; secondary control 22): bit 2 permits fetches from
 * supervisor-mode linear addresses only, bit 10 those from user-mode ones. EXECUTE sets both,
 * EXECUTE_KERNEL and EXECUTE_USER one. Entries that point to tables have both.
 */
#define AXADDR_X86_EPT_MODES       2u
/**
 * "EPT-violation #VE" (25.5.7.1; secondary control 18) may be on: bit 63 is set in every entry, the
 * absent ones too, so that each violation is an exit as before. To let the guest have the
 * violations of a page, somebody else clears the bit in its leaf; change_leaf sets it again.
 */
#define AXADDR_X86_EPT_SUPPRESS_VE 4u

/** Bit 6 of a leaf. */
#define AXADDR_X86_EPT_IPAT         UINT64_C(0x40)
/** Bit 10, with mode-based execute control: user mode may fetch. */
#define AXADDR_X86_EPT_USER_EXECUTE UINT64_C(0x400)
/** Bit 63 of a leaf or an absent entry; of one that points to a table it is ignored. */
#define AXADDR_X86_EPT_SVE          (UINT64_C(1) << 63)

/** What every live entry has, what every leaf has besides. */
AXADDR_ALWAYS_INLINE uint64_t axaddr_x86_ept_always(unsigned options) {
    return (options & AXADDR_X86_EPT_SUPPRESS_VE) != 0 ? AXADDR_X86_EPT_SVE : 0;
}

AXADDR_ALWAYS_INLINE uint64_t axaddr_x86_ept_always_in_leaf(unsigned options) {
    return axaddr_x86_ept_always(options) |
           ((options & AXADDR_X86_EPT_IGNORE_PAT) != 0 ? AXADDR_X86_EPT_IPAT : 0);
}

/** An entry is present if any of these is set (29.3.2). */
AXADDR_ALWAYS_INLINE uint64_t axaddr_x86_ept_rights(unsigned options) {
    return AXADDR_X86_EPT_RIGHTS |
           ((options & AXADDR_X86_EPT_MODES) != 0 ? AXADDR_X86_EPT_USER_EXECUTE : 0);
}

AXADDR_ALWAYS_INLINE enum axaddr_entry_kind axaddr_x86_ept_kind_with(uint64_t entry, unsigned level,
                                                                     unsigned options) {
    uint64_t rights = axaddr_x86_ept_rights(options);

    if (level > 0 && (entry & (rights | 0xff)) == rights) {
        return AXADDR_ENTRY_TABLE; /* all rights, and no other bit in the low byte */
    }
    return (entry & rights) != 0 &&
                   (level == 0 || ((entry & AXADDR_X86_LARGE) != 0 && level < AXADDR_X86_TOP_LEVEL))
               ? AXADDR_ENTRY_LEAF
               : AXADDR_ENTRY_ABSENT;
}

AXADDR_ALWAYS_INLINE bool axaddr_x86_ept_can_hold_with(uint32_t flags, unsigned options) {
    uint32_t refused = AXADDR_USER | AXADDR_GLOBAL |
                       ((options & AXADDR_X86_EPT_MODES) != 0 ? 0 : (uint32_t)AXADDR_EXECUTE_MODES);

    return (flags & (AXADDR_ACCESS_FLAGS | AXADDR_EXECUTE_MODES)) != 0 && (flags & refused) == 0 &&
           (flags & (AXADDR_READ | AXADDR_WRITE)) != AXADDR_WRITE && axaddr_flags_agree(flags);
}

/** EXECUTE is bit 2 and, 8 to the left, bit 10; KERNEL is 6 above the one, USER 3 below bit 10. */
AXADDR_ALWAYS_INLINE uint64_t axaddr_x86_ept_attributes_with(uint32_t flags, unsigned level,
                                                             unsigned options) {
    uint64_t attributes =
        axaddr_x86_ept_attributes_of(flags, level) | axaddr_x86_ept_always_in_leaf(options);

    if ((options & AXADDR_X86_EPT_MODES) != 0) {
        attributes |= (flags & AXADDR_EXECUTE_KERNEL) >> 6 | (flags & AXADDR_EXECUTE) << 8 |
                      (flags & AXADDR_EXECUTE_USER) << 3;
    }
    return attributes;
}

/** EXECUTE if both modes may fetch, which no flag stands beside. */
AXADDR_ALWAYS_INLINE uint32_t axaddr_x86_ept_flags_with(uint64_t leaf, unsigned level,
                                                        unsigned options) {
    uint32_t flags = axaddr_x86_ept_flags_of(leaf, level);
    uint32_t kernel = flags & AXADDR_EXECUTE;
    uint32_t user = (uint32_t)(leaf >> 8) & AXADDR_EXECUTE;

    if ((options & AXADDR_X86_EPT_MODES) == 0) {
        return flags;
    }
    return (flags & ~AXADDR_EXECUTE) | (kernel & user) | (kernel & ~user) << 6 |
           (user & ~kernel) << 5;
}

/** The ready attributes are bits 10:0 of the leaf, in bits 62:52; bit 63 is the entry's own. */
AXADDR_ALWAYS_INLINE uint64_t axaddr_x86_ept_absent_with(enum axaddr_absent_kind kind,
                                                         uint64_t value, unsigned options) {
    uint64_t ready = 0;

    if (kind == AXADDR_ABSENT_RESERVED) {
        ready = axaddr_x86_ept_attributes_with(axaddr_payload_flags(value), 0, options)
                << AXADDR_X86_EPT_READY_SHIFT;
    }
    return axaddr_x86_make_absent(kind, value) | ready | axaddr_x86_ept_always(options);
}

/** The rights as a fault may ask for them: of a fetch, also with the mode that did it. */
AXADDR_ALWAYS_INLINE bool axaddr_x86_ept_is_reserved_with(uint64_t entry, uint32_t *rights,
                                                          unsigned options) {
    *rights = axaddr_flags_permit(
        axaddr_x86_ept_flags_with(entry >> AXADDR_X86_EPT_READY_SHIFT, 0, options) &
        (AXADDR_ACCESS_FLAGS | AXADDR_EXECUTE_MODES));
    return axaddr_absent64_is_reserved(entry, axaddr_x86_ept_rights(options));
}

AXADDR_ALWAYS_INLINE uint64_t axaddr_x86_ept_populate_with(uint64_t entry, uint64_t frame,
                                                           unsigned options) {
    return frame | (entry >> AXADDR_X86_EPT_READY_SHIFT & 0x7ff) | axaddr_x86_ept_always(options);
}

AXADDR_ALWAYS_INLINE uint64_t axaddr_x86_ept_change_with(uint64_t leaf, uint64_t attributes,
                                                         unsigned options) {
    return (leaf & ~(axaddr_x86_ept_rights(options) | 0xff)) | attributes;
}

AXADDR_ALWAYS_INLINE uint64_t axaddr_x86_ept_split_with(uint64_t leaf, unsigned level,
                                                        unsigned options) {
    return axaddr_x86_ept_split_leaf(leaf, level) |
           (leaf & (axaddr_x86_ept_rights(options) | axaddr_x86_ept_always_in_leaf(options)));
}

AXADDR_ALWAYS_INLINE uint64_t axaddr_x86_ept_table_with(uint64_t frame, unsigned options) {
    return frame | axaddr_x86_ept_rights(options) | axaddr_x86_ept_always(options);
}

/* ---- formats ---- */

/* 4 or 5 `levels`; the hooks that begin with `prefix` depend on the options, `empty_entry` too. */
#define AXADDR_X86_EPT_FORMAT_(text, levels, leaf_level_bits, prefix, table, empty_entry)          \
    {                                                                                              \
        .name = text, AXADDR_X86_GEOMETRY_##levels##_(52, leaf_level_bits, false),                 \
        .empty = empty_entry, .noted = AXADDR_X86_EPT_NOTED, .notes_of = axaddr_x86_ept_notes_of,  \
        .clear_notes = axaddr_x86_ept_clear_notes, .kind_of = prefix##_kind_of,                    \
        .can_hold = prefix##_can_hold, .attributes_of = prefix##_attributes_of,                    \
        .make_leaf = axaddr_x86_make_leaf, .next_leaf = axaddr_x86_next_leaf,                      \
        .change_leaf = prefix##_change_leaf, .split_leaf = prefix##_split_leaf,                    \
        .frame_of = axaddr_x86_frame_of, .flags_of = prefix##_flags_of, .make_table = table,       \
        .table_of = axaddr_x86_table_of, .make_absent = prefix##_make_absent,                      \
        .absent_kind = axaddr_x86_absent_kind, .absent_value = axaddr_x86_absent_value,            \
        .is_reserved = prefix##_is_reserved, .populate = prefix##_populate, .needs_break = 0,      \
        .publish = 0, .caches_absent = false,                                                      \
    }

/**
 * EPT with leaves of 4 KiB, 2 MiB and 1 GiB. Absent entries are never cached and live ones may be
 * replaced without a detour (29.4.2, 29.4.3.4), so there is no break and no publish.
 */
AXADDR_UNUSED static const struct axaddr_format axaddr_x86_ept =
    AXADDR_X86_EPT_FORMAT_("x86_ept", 4, 7, axaddr_x86_ept, axaddr_x86_make_table, 0);

/** The same without 1 GiB leaves, for processors that lack AXADDR_X86_EPT_CAP_1G. */
AXADDR_UNUSED static const struct axaddr_format axaddr_x86_ept_2m =
    AXADDR_X86_EPT_FORMAT_("x86_ept_2m", 4, 3, axaddr_x86_ept, axaddr_x86_make_table, 0);

/** A walk of five levels, for AXADDR_X86_EPT_CAP_WALK_5: 57-bit guest-physical addresses. */
AXADDR_UNUSED static const struct axaddr_format axaddr_x86_ept_5 =
    AXADDR_X86_EPT_FORMAT_("x86_ept_5", 5, 7, axaddr_x86_ept, axaddr_x86_make_table, 0);

/**
 * Define a format `name` with options: 4 or 5 `levels`; `leaf_level_bits` 7 for all leaf sizes, 3
 * without 1 GiB, 1 for 4 KiB only; a set of AXADDR_X86_EPT_IGNORE_PAT, _MODES and _SUPPRESS_VE.
 *
 *     AXADDR_DEFINE_X86_EPT(my_ept, 5, 7, AXADDR_X86_EPT_MODES | AXADDR_X86_EPT_SUPPRESS_VE)
 *     AXADDR_DEFINE_SPACE(my_space, my_ept, my_hal);
 */
#define AXADDR_DEFINE_X86_EPT(name, levels, leaf_level_bits, options)                              \
    AXADDR_DEFINE_X86_EPT_NAMED_(name, #name, levels, leaf_level_bits, options)

#define AXADDR_DEFINE_X86_EPT_NAMED_(name, text, levels, leaf_level_bits, options)                 \
    static inline enum axaddr_entry_kind name##_kind_of(uint64_t entry, unsigned level) {          \
        return axaddr_x86_ept_kind_with(entry, level, options);                                    \
    }                                                                                              \
    static inline bool name##_can_hold(uint32_t flags) {                                           \
        return axaddr_x86_ept_can_hold_with(flags, options);                                       \
    }                                                                                              \
    static inline uint64_t name##_attributes_of(uint32_t flags, unsigned level) {                  \
        return axaddr_x86_ept_attributes_with(flags, level, options);                              \
    }                                                                                              \
    static inline uint32_t name##_flags_of(uint64_t leaf, unsigned level) {                        \
        return axaddr_x86_ept_flags_with(leaf, level, options);                                    \
    }                                                                                              \
    static inline uint64_t name##_make_absent(enum axaddr_absent_kind kind, uint64_t value) {      \
        return axaddr_x86_ept_absent_with(kind, value, options);                                   \
    }                                                                                              \
    static inline bool name##_is_reserved(uint64_t entry, uint32_t *rights) {                      \
        return axaddr_x86_ept_is_reserved_with(entry, rights, options);                            \
    }                                                                                              \
    static inline uint64_t name##_populate(uint64_t entry, uint64_t frame) {                       \
        return axaddr_x86_ept_populate_with(entry, frame, options);                                \
    }                                                                                              \
    static inline uint64_t name##_change_leaf(uint64_t leaf, unsigned level,                       \
                                              uint64_t attributes) {                               \
        (void)level;                                                                               \
        return axaddr_x86_ept_change_with(leaf, attributes, options);                              \
    }                                                                                              \
    static inline uint64_t name##_split_leaf(uint64_t leaf, unsigned level) {                      \
        return axaddr_x86_ept_split_with(leaf, level, options);                                    \
    }                                                                                              \
    static inline uint64_t name##_make_table(uint64_t frame, unsigned level) {                     \
        (void)level;                                                                               \
        return axaddr_x86_ept_table_with(frame, options);                                          \
    }                                                                                              \
    AXADDR_UNUSED static const struct axaddr_format name = AXADDR_X86_EPT_FORMAT_(                 \
        text, levels, leaf_level_bits, name, name##_make_table,                                    \
        (((options)&AXADDR_X86_EPT_SUPPRESS_VE) != 0 ? AXADDR_X86_EPT_SVE : 0));

/** One option each, with four levels and all leaf sizes. */
AXADDR_DEFINE_X86_EPT_NAMED_(axaddr_x86_ept_ignore_pat, "x86_ept_ignore_pat", 4, 7,
                             AXADDR_X86_EPT_IGNORE_PAT)
AXADDR_DEFINE_X86_EPT_NAMED_(axaddr_x86_ept_modes, "x86_ept_modes", 4, 7, AXADDR_X86_EPT_MODES)
AXADDR_DEFINE_X86_EPT_NAMED_(axaddr_x86_ept_suppress_ve, "x86_ept_suppress_ve", 4, 7,
                             AXADDR_X86_EPT_SUPPRESS_VE)

/* ---- capabilities: IA32_VMX_EPT_VPID_CAP (MSR 48CH; vol. 3D, A.10) ---- */

#define AXADDR_X86_EPT_CAP_EXECUTE_ONLY   (UINT64_C(1) << 0)
#define AXADDR_X86_EPT_CAP_WALK_4         (UINT64_C(1) << 6)
#define AXADDR_X86_EPT_CAP_WALK_5         (UINT64_C(1) << 7)
#define AXADDR_X86_EPT_CAP_WRITE_BACK     (UINT64_C(1) << 14)
#define AXADDR_X86_EPT_CAP_2M             (UINT64_C(1) << 16)
#define AXADDR_X86_EPT_CAP_1G             (UINT64_C(1) << 17)
#define AXADDR_X86_EPT_CAP_INVEPT         (UINT64_C(1) << 20)
#define AXADDR_X86_EPT_CAP_ACCESSED_DIRTY (UINT64_C(1) << 21)
#define AXADDR_X86_EPT_CAP_EXIT_INFO      (UINT64_C(1) << 22)
#define AXADDR_X86_EPT_CAP_INVEPT_SINGLE  (UINT64_C(1) << 25)
#define AXADDR_X86_EPT_CAP_INVEPT_ALL     (UINT64_C(1) << 26)

/**
 * What a processor lacks for `format` (one of the above): a set of AXADDR_X86_EPT_CAP_*, 0 if
 * nothing. `capabilities` is the MSR's value. `wanted` are those wished for beyond what the format
 * and its executor always need: EXECUTE_ONLY, ACCESSED_DIRTY, EXIT_INFO, INVEPT_ALL, or 0.
 *
 * This MSR does not tell of the options: IA32_VMX_PROCBASED_CTLS2 (48BH; A.3.3) has bit 54 set if
 * mode-based execute control may be 1, bit 50 for "EPT-violation #VE"; "ignore PAT" is everywhere.
 */
static inline uint64_t axaddr_x86_ept_missing(uint64_t capabilities,
                                              const struct axaddr_format *format, uint64_t wanted) {
    uint64_t needed = wanted | AXADDR_X86_EPT_CAP_WRITE_BACK | AXADDR_X86_EPT_CAP_INVEPT |
                      AXADDR_X86_EPT_CAP_INVEPT_SINGLE;

    needed |= format->level_count == 5 ? AXADDR_X86_EPT_CAP_WALK_5 : AXADDR_X86_EPT_CAP_WALK_4;
    if ((format->leaf_levels & 2) != 0) {
        needed |= AXADDR_X86_EPT_CAP_2M;
    }
    if ((format->leaf_levels & 4) != 0) {
        needed |= AXADDR_X86_EPT_CAP_1G;
    }
    return needed & ~capabilities;
}

/** The name of the lowest of `missing` (not 0), for messages: "4-level walk". */
static inline const char *axaddr_x86_ept_cap_name(uint64_t missing) {
    switch (missing & (~missing + 1)) {
    case AXADDR_X86_EPT_CAP_EXECUTE_ONLY:
        return "execute-only";
    case AXADDR_X86_EPT_CAP_WALK_4:
        return "4-level walk";
    case AXADDR_X86_EPT_CAP_WALK_5:
        return "5-level walk";
    case AXADDR_X86_EPT_CAP_WRITE_BACK:
        return "write-back tables";
    case AXADDR_X86_EPT_CAP_2M:
        return "2 MiB leaves";
    case AXADDR_X86_EPT_CAP_1G:
        return "1 GiB leaves";
    case AXADDR_X86_EPT_CAP_INVEPT:
        return "INVEPT";
    case AXADDR_X86_EPT_CAP_ACCESSED_DIRTY:
        return "accessed and dirty flags";
    case AXADDR_X86_EPT_CAP_EXIT_INFO:
        return "advanced exit information";
    case AXADDR_X86_EPT_CAP_INVEPT_SINGLE:
        return "single-context INVEPT";
    case AXADDR_X86_EPT_CAP_INVEPT_ALL:
        return "all-context INVEPT";
    default:
        return "?";
    }
}

/* ---- the root register: EPTP (VMCS field 201AH; 25.6.11) ---- */

/**
 * The EPTP of the table of four levels at `root`: write-back (6) in bits 2:0, the length of the
 * walk (4 - 1) in 5:3, accessed and dirty flags on in 6 if asked for (needs
 * AXADDR_X86_EPT_CAP_ACCESSED_DIRTY). INVALID, with *eptp untouched, if the root is not page
 * aligned or not below 2^52.
 */
AXADDR_MUST_CHECK static inline enum axaddr_status
axaddr_x86_ept_eptp(axaddr_hpa_t root, bool has_accessed_dirty, uint64_t *eptp) {
    if (!axaddr_x86_is_table_address(root)) {
        return AXADDR_INVALID;
    }
    *eptp = root.raw | (has_accessed_dirty ? 0x40 : 0) | (3 << 3) | 6;
    return AXADDR_OK;
}

/**
 * The EPTP of a table of any of the formats above, with the walk's length that it needs, on a
 * processor with these `capabilities` (the MSR's value). INVALID as above; UNSUPPORTED, with *eptp
 * untouched, if the processor lacks anything that the format, its executor or the A/D flags need:
 * VM entry would fail (26.2.1.1), or the leaves be misconfigured. axaddr_x86_ept_missing says what.
 */
AXADDR_MUST_CHECK static inline enum axaddr_status
axaddr_x86_ept_eptp_of(const struct axaddr_format *format, axaddr_hpa_t root,
                       bool has_accessed_dirty, uint64_t capabilities, uint64_t *eptp) {
    uint64_t wanted = has_accessed_dirty ? AXADDR_X86_EPT_CAP_ACCESSED_DIRTY : 0;
    uint64_t value;

    if (axaddr_x86_ept_eptp(root, has_accessed_dirty, &value) != AXADDR_OK) {
        return AXADDR_INVALID;
    }
    if (axaddr_x86_ept_missing(capabilities, format, wanted) != 0) {
        return AXADDR_UNSUPPORTED;
    }
    *eptp = (value & ~UINT64_C(0x38)) | (uint64_t)(format->level_count - 1u) << 3;
    return AXADDR_OK;
}

/* ---- exits: EPT violation (reason 48; 28.2.1, Table 28-7) ---- */

/**
 * Decode an EPT violation from the VMCS fields exit qualification (6400H), guest-physical address
 * (2400H) and guest-linear address (640AH).
 *
 * With accessed and dirty flags on, a guest's page walk counts as a write to its tables (29.3.3.2):
 * the processor reports it as read and write, and so does `access`. `is_permission` says that some
 * right was there (bits 5:3, the rights that all entries on the way grant together).
 *
 * An EPT misconfiguration (reason 49) has no qualification: somebody wrote to the tables. Bit 12
 * ("NMI unblocking due to IRET") is for the caller, before it resumes.
 */
static inline void axaddr_x86_ept_decode(uint64_t qualification, uint64_t guest_physical,
                                         uint64_t guest_linear, struct axaddr_exit *exit) {
    uint32_t access = (uint32_t)qualification & AXADDR_ACCESS_FLAGS;
    bool is_gva_valid = (qualification & 0x80) != 0;

    exit->gpa = axaddr_gpa(guest_physical);
    exit->access = access != 0 ? access : AXADDR_READ;
    exit->is_page_only = false;
    /* Bit 8 says "the translation of the linear address, not a walk for it"; valid if bit 7 is. */
    exit->is_guest_walk = is_gva_valid && (qualification & 0x100) == 0;
    exit->is_permission = (qualification & 0x38) != 0;
    exit->is_gva_valid = is_gva_valid;
    exit->gva = axaddr_gva(is_gva_valid ? guest_linear : 0);
}

/**
 * With AXADDR_X86_EPT_CAP_EXIT_INFO, whether a violation was at a user-mode linear address (bit 9).
 * True also if that is not told (bits 7 and 8 are not both set), when no fetch is to blame.
 */
static inline bool axaddr_x86_ept_is_user_address(uint64_t qualification) {
    return (qualification & 0x180) != 0x180 || (qualification & 0x200) != 0;
}

/**
 * The same as axaddr_x86_ept_decode with mode-based execute control: a fetch is EXECUTE_USER or
 * EXECUTE_KERNEL, and bit 6 is the right to fetch from user-mode linear addresses.
 *
 * Hardware goes by the linear address: user-mode if all the guest's entries have U/S set, or its
 * paging is off. `is_user` is axaddr_x86_ept_is_user_address, or else the guest's CPL being 3 or
 * its CR0.PG 0. The CPL is right if the guest has SMEP on (its kernel fetches from no user page);
 * without, a kernel's fetch from a user page is taken for EXECUTE_KERNEL.
 */
static inline void axaddr_x86_ept_modes_decode(uint64_t qualification, uint64_t guest_physical,
                                               uint64_t guest_linear, bool is_user,
                                               struct axaddr_exit *exit) {
    axaddr_x86_ept_decode(qualification, guest_physical, guest_linear, exit);
    if ((exit->access & AXADDR_EXECUTE) != 0) {
        exit->access ^= AXADDR_EXECUTE | (is_user ? AXADDR_EXECUTE_USER : AXADDR_EXECUTE_KERNEL);
    }
    exit->is_permission = (qualification & 0x78) != 0;
}

#endif /* AXADDR_ARCH_X86_EPT_H */
