/* SPDX-License-Identifier: MIT
 *
 * aarch64_52.h: AArch64 tables with addresses of 52 bits, stage 2 and stage 1. What is not said
 * here is as in aarch64_stage2.h and aarch64_stage1.h: the bits that are no address, what is held
 * and what is refused, decoding. Their registers come from axaddr_aarch64_stage2_load,
 * axaddr_aarch64_el1_tcr and so on, which refuse a CPU that has not what is needed.
 *
 * Manual: ARM DDI 0487 (VMSAv8-64): D8.2 translation process, D8.3 descriptor formats.
 *
 * 64 KiB granule (FEAT_LPA; virtual addresses of 52 bits: FEAT_LVA): address bits 51:48 are bits
 * 15:12, which are RES0 otherwise. That they are read so is for PS (6) to say.
 *
 *     63   59 58 55 54 53 52 51       48 47               16 15   12 11 10  9 8  7      2  1   0
 *    | ignored | sw |XN   |C |DBM  RES0 |   address 47:16   | 51:48 |  |AF| SH | rights  |T | V |
 *
 * 4 KiB and 16 KiB granule (FEAT_LPA2, with DS 1 in VTCR_EL2 or TCR_ELx): address bits 49:48 are in
 * their places, bits 51:50 are bits 9:8. There is no SH; SH0 (SH1) of the register, inner
 * shareable, is for all leaves. (Device memory is outer shareable whatever SH says.)
 *
 *     63   59 58 55 54 53 52 51  50 49                      12 11 10  9  8  7       2  1   0
 *    | ignored | sw |XN   |C |DBM  0 |      address 49:12       |  |AF| 51:50 | rights  |T | V |
 *
 *     format                      start level (ours)   root                   leaves
 *     axaddr_aarch64_stage2_52    0 (3)                16 tables, 64 KiB      4K, 2M, 1G, 512G
 *                         _52_5   -1 (4)               16 entries             4K, 2M, 1G, 512G
 *                      _16k_52    0 (3)                32 entries             16K, 32M, 64G
 *                      _64k_52    1 (2)                1024 entries           64K, 512M, 4T
 *     axaddr_aarch64_el1_52       -1 (4)               16 entries             4K, 2M, 1G, 512G
 *     axaddr_aarch64_el1_16k_52   0 (3)                32 entries             16K, 32M, 64G
 *     axaddr_aarch64_el1_64k_52   1 (2)                1024 entries           64K, 512M, 4T
 *     axaddr_aarch64_el2_52, _16k_52, _64k_52          as those of el1
 *
 * For a stage 2 of 52 bits with the 4 KiB granule the manual has both start levels. Concatenation
 * saves a level of each walk, as with the other formats (and is what Linux KVM does); _52_5 is for
 * HALs that have no 64 KiB in one piece.
 *
 * The largest leaves are never marked contiguous: that bit is RES0 in blocks of 512 GiB and 64 GiB.
 * TLB maintenance: executors take axaddr_aarch64_tlb_features_for of the format, and in struct
 * axaddr_aarch64_stage1_tables its input_width.
 */
#ifndef AXADDR_ARCH_AARCH64_52_H
#define AXADDR_ARCH_AARCH64_52_H

#include "aarch64_common.h"
#include "aarch64_stage1.h"
#include "aarch64_stage2.h"

/* ---- where an address is in a descriptor (D8.3), for granules of 1 << page_shift bytes ---- */

#define AXADDR_AARCH64_LPA_LOW      UINT64_C(0x0000ffffffff0000) /**< 64 KiB: bits 47:16 */
#define AXADDR_AARCH64_LPA_HIGH     UINT64_C(0x000000000000f000) /**< and 51:48 */
#define AXADDR_AARCH64_LPA_DISTANCE 36
#define AXADDR_AARCH64_DS_LOW       UINT64_C(0x0003fffffffff000) /**< 4 KiB, 16 KiB: bits 49:12 */
#define AXADDR_AARCH64_DS_HIGH      UINT64_C(0x0000000000000300) /**< and 51:50; SH without DS */
#define AXADDR_AARCH64_DS_DISTANCE  42

AXADDR_ALWAYS_INLINE uint64_t axaddr_aarch64_low_52(unsigned page_shift) {
    return page_shift == 16 ? AXADDR_AARCH64_LPA_LOW : AXADDR_AARCH64_DS_LOW;
}

AXADDR_ALWAYS_INLINE uint64_t axaddr_aarch64_high_52(unsigned page_shift) {
    return page_shift == 16 ? AXADDR_AARCH64_LPA_HIGH : AXADDR_AARCH64_DS_HIGH;
}

AXADDR_ALWAYS_INLINE unsigned axaddr_aarch64_distance_52(unsigned page_shift) {
    return page_shift == 16 ? AXADDR_AARCH64_LPA_DISTANCE : AXADDR_AARCH64_DS_DISTANCE;
}

/** The address bits of a leaf of `level`; of level 0 also those of a table descriptor. */
AXADDR_ALWAYS_INLINE uint64_t axaddr_aarch64_address_mask_52(unsigned page_shift, unsigned level) {
    uint64_t above = ~UINT64_C(0) << axaddr_aarch64_level_shift(page_shift, level);

    return (axaddr_aarch64_low_52(page_shift) & above) | axaddr_aarch64_high_52(page_shift);
}

/** An address as a descriptor has it. */
AXADDR_ALWAYS_INLINE uint64_t axaddr_aarch64_pack_52(uint64_t address, unsigned page_shift) {
    return (address & axaddr_aarch64_low_52(page_shift)) |
           (address >> axaddr_aarch64_distance_52(page_shift) & axaddr_aarch64_high_52(page_shift));
}

/** The address that a leaf of `level` has; of level 0 also that of a table descriptor. */
AXADDR_ALWAYS_INLINE uint64_t axaddr_aarch64_unpack_52(uint64_t entry, unsigned page_shift,
                                                       unsigned level) {
    uint64_t bits = entry & axaddr_aarch64_address_mask_52(page_shift, level);
    uint64_t high = bits & axaddr_aarch64_high_52(page_shift);

    return (bits & ~high) | high << axaddr_aarch64_distance_52(page_shift);
}

/* ---- hooks of both stages ---- */

/** D8.3, AArch64.BlockDescSupported: one more level has blocks than without. */
AXADDR_ALWAYS_INLINE enum axaddr_entry_kind
axaddr_aarch64_kind_of_52(uint64_t entry, unsigned page_shift, unsigned level) {
    bool is_block =
        (entry & (AXADDR_AARCH64_VALID | AXADDR_AARCH64_TABLE_OR_PAGE)) == AXADDR_AARCH64_VALID;

    if (is_block && (level == 2 || (level == 3 && page_shift == 12))) {
        return AXADDR_ENTRY_LEAF;
    }
    return axaddr_aarch64_kind_of(entry, page_shift, level);
}

/** The sum has a carry across the place where the address is cut. */
AXADDR_ALWAYS_INLINE uint64_t axaddr_aarch64_next_leaf_52(uint64_t leaf, unsigned page_shift,
                                                          unsigned level) {
    uint64_t next = axaddr_aarch64_unpack_52(leaf, page_shift, level) +
                    (UINT64_C(1) << axaddr_aarch64_level_shift(page_shift, level));

    return (leaf & ~axaddr_aarch64_address_mask_52(page_shift, level)) |
           axaddr_aarch64_pack_52(next, page_shift);
}

AXADDR_ALWAYS_INLINE uint64_t axaddr_aarch64_split_leaf_52(uint64_t leaf, unsigned page_shift,
                                                           unsigned level) {
    uint64_t below = axaddr_aarch64_address_mask_52(page_shift, 0) &
                     ~axaddr_aarch64_address_mask_52(page_shift, level);

    return (leaf & ~below) | (level == 1 ? AXADDR_AARCH64_TABLE_OR_PAGE : 0);
}

#define AXADDR_AARCH64_GRANULE_52_HOOKS_(prefix, page_shift)                                       \
    static inline enum axaddr_entry_kind prefix##_kind_of(uint64_t entry, unsigned level) {        \
        return axaddr_aarch64_kind_of_52(entry, page_shift, level);                                \
    }                                                                                              \
    static inline uint64_t prefix##_make_leaf(uint64_t frame, unsigned level,                      \
                                              uint64_t attributes) {                               \
        (void)level;                                                                               \
        return axaddr_aarch64_pack_52(frame, page_shift) | attributes;                             \
    }                                                                                              \
    static inline uint64_t prefix##_next_leaf(uint64_t leaf, unsigned level) {                     \
        return axaddr_aarch64_next_leaf_52(leaf, page_shift, level);                               \
    }                                                                                              \
    static inline uint64_t prefix##_split_leaf(uint64_t leaf, unsigned level) {                    \
        return axaddr_aarch64_split_leaf_52(leaf, page_shift, level);                              \
    }                                                                                              \
    static inline uint64_t prefix##_frame_of(uint64_t leaf, unsigned level) {                      \
        return axaddr_aarch64_unpack_52(leaf, page_shift, level);                                  \
    }                                                                                              \
    static inline uint64_t prefix##_make_table(uint64_t frame, unsigned level) {                   \
        return axaddr_aarch64_make_table(axaddr_aarch64_pack_52(frame, page_shift), level);        \
    }                                                                                              \
    static inline uint64_t prefix##_table_of(uint64_t entry) {                                     \
        return axaddr_aarch64_unpack_52(entry, page_shift, 0);                                     \
    }

/* `stage` is stage1 or stage2; bits 49:48 are RES0 with the 64 KiB granule, and never differ. */
#define AXADDR_AARCH64_STAGE_52_HOOKS_(stage, granule)                                             \
    AXADDR_AARCH64_GRANULE_52_HOOKS_(axaddr_aarch64_##stage##_##granule##_52,                      \
                                     AXADDR_AARCH64_PAGE_SHIFT_##granule##_)                       \
    static inline uint64_t axaddr_aarch64_##stage##_##granule##_52_change_leaf(                    \
        uint64_t leaf, unsigned level, uint64_t attributes) {                                      \
        uint64_t mask =                                                                            \
            axaddr_aarch64_address_mask_52(AXADDR_AARCH64_PAGE_SHIFT_##granule##_, level);         \
        return axaddr_aarch64_##stage##_change(leaf, mask, attributes);                            \
    }                                                                                              \
    static inline bool axaddr_aarch64_##stage##_##granule##_52_needs_break(                        \
        uint64_t from, uint64_t to, unsigned level) {                                              \
        (void)level;                                                                               \
        return axaddr_aarch64_##stage##_breaks(from, to, AXADDR_AARCH64_DS_LOW);                   \
    }

AXADDR_AARCH64_STAGE_52_HOOKS_(stage1, 4k)
AXADDR_AARCH64_STAGE_52_HOOKS_(stage1, 16k)
AXADDR_AARCH64_STAGE_52_HOOKS_(stage1, 64k)
AXADDR_AARCH64_STAGE_52_HOOKS_(stage2, 4k)
AXADDR_AARCH64_STAGE_52_HOOKS_(stage2, 16k)
AXADDR_AARCH64_STAGE_52_HOOKS_(stage2, 64k)

/* ---- rights: with DS there is no SH among the attributes ---- */

#define AXADDR_AARCH64_DS_RIGHTS_(rights)                                                          \
    static inline bool rights##_ds_can_hold(uint32_t flags) {                                      \
        return rights##_can_hold(flags);                                                           \
    }                                                                                              \
    static inline uint64_t rights##_ds_attributes_of(uint32_t flags, unsigned level) {             \
        return rights##_attributes_of(flags, level) & ~AXADDR_AARCH64_SH;                          \
    }                                                                                              \
    static inline uint32_t rights##_ds_flags_of(uint64_t leaf, unsigned level) {                   \
        return rights##_flags_of(leaf, level);                                                     \
    }

AXADDR_AARCH64_DS_RIGHTS_(axaddr_aarch64_stage2)
AXADDR_AARCH64_DS_RIGHTS_(axaddr_aarch64_stage2_xnx)
AXADDR_AARCH64_DS_RIGHTS_(axaddr_aarch64_stage2_fwb)
AXADDR_AARCH64_DS_RIGHTS_(axaddr_aarch64_stage2_xnx_fwb)
AXADDR_AARCH64_DS_RIGHTS_(axaddr_aarch64_el1)
AXADDR_AARCH64_DS_RIGHTS_(axaddr_aarch64_el2)

/* ---- the formats ---- */

#define AXADDR_AARCH64_RIGHTS_4k_(rights)  rights##_ds
#define AXADDR_AARCH64_RIGHTS_16k_(rights) rights##_ds
#define AXADDR_AARCH64_RIGHTS_64k_(rights) rights
#define AXADDR_AARCH64_LEAVES_52_(page_shift, levels)                                              \
    ((page_shift) == 12 && (levels) > 3 ? 0xf : (levels) > 2 ? 0x7 : 0x3)
#define AXADDR_AARCH64_GEOMETRY_52_(text, width, page_shift, levels)                               \
    AXADDR_AARCH64_GEOMETRY_OF_(text, width, page_shift, levels, 52,                               \
                                AXADDR_AARCH64_LEAVES_52_(page_shift, levels))
/* One step between, so that `rights` is a name when it is pasted. */
#define AXADDR_AARCH64_HOOKS_52_(granule, stage, rights)                                           \
    AXADDR_AARCH64_HOOKS_OF_(granule, stage, rights, granule, granule)

#define AXADDR_AARCH64_STAGE2_FORMAT_52_OF_(text, width, granule, variant, levels)                 \
    {                                                                                              \
        AXADDR_AARCH64_GEOMETRY_52_(text, width, AXADDR_AARCH64_PAGE_SHIFT_##granule##_, levels),  \
            AXADDR_AARCH64_HOOKS_52_(axaddr_aarch64_stage2_##granule##_52, axaddr_aarch64_stage2,  \
                                     AXADDR_AARCH64_RIGHTS_##granule##_(variant))                  \
    }

/**
 * A stage 2 format's initialiser, as AXADDR_AARCH64_STAGE2_FORMAT, with 52 bits of output address
 * and a `width` of 32 to 52.
 */
#define AXADDR_AARCH64_STAGE2_FORMAT_52(text, width, granule, variant)                             \
    AXADDR_AARCH64_STAGE2_FORMAT_52_OF_(                                                           \
        text, width, granule, variant,                                                             \
        AXADDR_AARCH64_LEVELS_(width, AXADDR_AARCH64_PAGE_SHIFT_##granule##_, 4))

/** A stage 1 format's initialiser, as AXADDR_AARCH64_STAGE1_FORMAT; likewise. */
#define AXADDR_AARCH64_STAGE1_FORMAT_52(text, width, granule, regime)                              \
    {                                                                                              \
        AXADDR_AARCH64_GEOMETRY_52_(                                                               \
            text, width, AXADDR_AARCH64_PAGE_SHIFT_##granule##_,                                   \
            AXADDR_AARCH64_LEVELS_(width, AXADDR_AARCH64_PAGE_SHIFT_##granule##_, 0)),             \
            AXADDR_AARCH64_HOOKS_52_(axaddr_aarch64_stage1_##granule##_52, axaddr_aarch64_stage1,  \
                                     AXADDR_AARCH64_RIGHTS_##granule##_(regime))                   \
    }

/** Stage 2, 4 KiB granule: start level 0 with 16 concatenated tables, a 64 KiB root. */
AXADDR_UNUSED static const struct axaddr_format axaddr_aarch64_stage2_52 =
    AXADDR_AARCH64_STAGE2_FORMAT_52("aarch64_stage2_52", 52, 4k, axaddr_aarch64_stage2);

/** The same with start level -1, five levels: a root of 16 entries. */
AXADDR_UNUSED static const struct axaddr_format axaddr_aarch64_stage2_52_5 =
    AXADDR_AARCH64_STAGE2_FORMAT_52_OF_("aarch64_stage2_52_5", 52, 4k, axaddr_aarch64_stage2, 5);

/** Stage 2, 16 KiB granule: start level 0, a root of 32 entries. */
AXADDR_UNUSED static const struct axaddr_format axaddr_aarch64_stage2_16k_52 =
    AXADDR_AARCH64_STAGE2_FORMAT_52("aarch64_stage2_16k_52", 52, 16k, axaddr_aarch64_stage2);

/** Stage 2, 64 KiB granule: start level 1, a root of 1024 entries. */
AXADDR_UNUSED static const struct axaddr_format axaddr_aarch64_stage2_64k_52 =
    AXADDR_AARCH64_STAGE2_FORMAT_52("aarch64_stage2_64k_52", 52, 64k, axaddr_aarch64_stage2);

/** EL1&0, 4 KiB granule: start level -1. */
AXADDR_UNUSED static const struct axaddr_format axaddr_aarch64_el1_52 =
    AXADDR_AARCH64_STAGE1_FORMAT_52("aarch64_el1_52", 52, 4k, axaddr_aarch64_el1);

/** EL1&0, 16 KiB granule. */
AXADDR_UNUSED static const struct axaddr_format axaddr_aarch64_el1_16k_52 =
    AXADDR_AARCH64_STAGE1_FORMAT_52("aarch64_el1_16k_52", 52, 16k, axaddr_aarch64_el1);

/** EL1&0, 64 KiB granule. */
AXADDR_UNUSED static const struct axaddr_format axaddr_aarch64_el1_64k_52 =
    AXADDR_AARCH64_STAGE1_FORMAT_52("aarch64_el1_64k_52", 52, 64k, axaddr_aarch64_el1);

/** EL2, 4 KiB granule: start level -1. */
AXADDR_UNUSED static const struct axaddr_format axaddr_aarch64_el2_52 =
    AXADDR_AARCH64_STAGE1_FORMAT_52("aarch64_el2_52", 52, 4k, axaddr_aarch64_el2);

/** EL2, 16 KiB granule. */
AXADDR_UNUSED static const struct axaddr_format axaddr_aarch64_el2_16k_52 =
    AXADDR_AARCH64_STAGE1_FORMAT_52("aarch64_el2_16k_52", 52, 16k, axaddr_aarch64_el2);

/** EL2, 64 KiB granule. */
AXADDR_UNUSED static const struct axaddr_format axaddr_aarch64_el2_64k_52 =
    AXADDR_AARCH64_STAGE1_FORMAT_52("aarch64_el2_64k_52", 52, 64k, axaddr_aarch64_el2);

#endif /* AXADDR_ARCH_AARCH64_52_H */
