/* SPDX-License-Identifier: MIT
 *
 * x86_common.h: what the x86 formats (x86_ept.h, x86_64.h, x86_pae.h) have in common. All of them
 * are trees with 512 entries of 64 bits per table (but for PAE's root), an address in bits 51:12
 * and "this is a large leaf" in bit 7: Intel SDM vol. 3A, 4.4, 4.5 and vol. 3C, 29.3.2; AMD APM
 * vol. 2, 5.2.3 and 5.3.
 */
#ifndef AXADDR_ARCH_X86_COMMON_H
#define AXADDR_ARCH_X86_COMMON_H

#include "../axaddr_core/absent.h"
#include "../axaddr_core/addr.h"
#include "../axaddr_core/format.h"

/**
 * Where an entry, EPTP, CR3 and nCR3 hold a physical address. A machine implements fewer bits
 * (CPUID 80000008H, EAX[7:0]) and reserves the others: frames beyond them are the HAL's mistake.
 */
#define AXADDR_X86_ADDRESS_MASK UINT64_C(0x000ffffffffff000)
/** Levels 1 and 2: the entry is a leaf. At level 0 the bit means something else. */
#define AXADDR_X86_LARGE        UINT64_C(0x80)
/** From level 3 (PML4E) on, bit 7 is reserved and no leaf can be. */
#define AXADDR_X86_TOP_LEVEL    3u

AXADDR_STATIC_ASSERT(AXADDR_READ == 1 && AXADDR_WRITE == 2 && AXADDR_EXECUTE == 4 &&
                         AXADDR_USER == 8 && AXADDR_DEVICE == 16 && AXADDR_UNCACHED == 32,
                     "the hooks of the x86 formats turn flags into bits by shifting");

/** Log2 of the bytes that an entry of `level` spans: 12, 21, 30, 39, 48. */
AXADDR_ALWAYS_INLINE unsigned axaddr_x86_level_shift(unsigned level) {
    return 12 + 9 * level;
}

/**
 * Where a leaf of `level` holds its frame. Bits 20:12 (29:12) of a large leaf are not address bits:
 * they are reserved, and bit 12 is the PAT bit in stage-1 and AMD nested tables.
 */
AXADDR_ALWAYS_INLINE uint64_t axaddr_x86_frame_mask(unsigned level) {
    return AXADDR_X86_ADDRESS_MASK & ~axaddr_low_bits(axaddr_x86_level_shift(level));
}

/* Geometry of four levels, and of five: one more on top (LA57; EPT with a walk of five). */
#define AXADDR_X86_GEOMETRY_4_(output_bits, leaf_level_bits, sign_extended)                        \
    .level_count = 4, .entry_shift = 3, .root_order = 0, .input_width = 48,                        \
    .output_width = (output_bits), .leaf_levels = (leaf_level_bits),                               \
    .is_sign_extended = (sign_extended), .shift = {12, 21, 30, 39, 0},                             \
    .index_bits = {9, 9, 9, 9, 0}
#define AXADDR_X86_GEOMETRY_5_(output_bits, leaf_level_bits, sign_extended)                        \
    .level_count = 5, .entry_shift = 3, .root_order = 0, .input_width = 57,                        \
    .output_width = (output_bits), .leaf_levels = (leaf_level_bits),                               \
    .is_sign_extended = (sign_extended), .shift = {12, 21, 30, 39, 48},                            \
    .index_bits = {9, 9, 9, 9, 9}

/** Whether a root register can hold `root`: one 4 KiB frame below 2^52. */
AXADDR_ALWAYS_INLINE bool axaddr_x86_is_table_address(axaddr_hpa_t root) {
    return (root.raw & ~AXADDR_X86_ADDRESS_MASK) == 0;
}

/* ---- hooks that do not depend on the format (axaddr_core/format.h) ---- */

static inline uint64_t axaddr_x86_make_leaf(uint64_t frame, unsigned level, uint64_t attributes) {
    (void)level; /* attributes have AXADDR_X86_LARGE where it belongs */
    return frame | attributes;
}

/** The last frame below 2^52 has none after it: the sum runs into ignored bits, never wraps. */
static inline uint64_t axaddr_x86_next_leaf(uint64_t leaf, unsigned level) {
    return leaf + (UINT64_C(1) << axaddr_x86_level_shift(level));
}

static inline uint64_t axaddr_x86_frame_of(uint64_t leaf, unsigned level) {
    return leaf & axaddr_x86_frame_mask(level);
}

/* Where hardware notes: accessed and, one to the left, dirty. */

AXADDR_ALWAYS_INLINE uint32_t axaddr_x86_notes_of(uint64_t leaf, unsigned accessed_shift) {
    return (uint32_t)(leaf >> accessed_shift) & AXADDR_NOTES;
}

AXADDR_ALWAYS_INLINE uint64_t axaddr_x86_clear_notes(uint64_t leaf, uint32_t notes,
                                                     unsigned accessed_shift) {
    return leaf & ~((uint64_t)(notes & AXADDR_NOTES) << accessed_shift);
}

/** Bits 2:0: R, W and X in EPT; P, R/W and U/S elsewhere, where a table without NX permits it. */
static inline uint64_t axaddr_x86_make_table(uint64_t frame, unsigned level) {
    (void)level;
    return frame | 7;
}

static inline uint64_t axaddr_x86_table_of(uint64_t entry) {
    return entry & AXADDR_X86_ADDRESS_MASK;
}

/**
 * Absent entries hold their value inverted in the address bits. A processor with L1TF may use them
 * as an address before it notices that the entry is absent (CVE-2018-3646), though the manuals call
 * them ignored: small values must read as addresses beyond any memory.
 * "Empty" is 0 all the same: what lies in frame 0 is no secret, and tables are zeroed quickly.
 */
static inline uint64_t axaddr_x86_make_absent(enum axaddr_absent_kind kind, uint64_t value) {
    if (kind == AXADDR_ABSENT_EMPTY) {
        return 0;
    }
    return axaddr_absent64_make(kind, value, AXADDR_X86_ADDRESS_MASK);
}

static inline enum axaddr_absent_kind axaddr_x86_absent_kind(uint64_t entry) {
    return axaddr_absent64_kind(entry);
}

static inline uint64_t axaddr_x86_absent_value(uint64_t entry) {
    return axaddr_absent64_value(entry, AXADDR_X86_ADDRESS_MASK);
}

#endif /* AXADDR_ARCH_X86_COMMON_H */
