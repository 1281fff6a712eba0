/* SPDX-License-Identifier: MIT
 *
 * absent.h: what an entry whose valid bits are clear can say. Hardware ignores all its other bits
 * in every format here, so the library keeps there what a fault needs to know: the fault path is
 * one walk, without looking an area up.
 *
 * An absent entry has a kind and a value. For reservations the value is a payload (flags and
 * cookie); for entries that an edit has taken out of use, and will free once the TLBs have
 * forgotten them, it is the page number of the frame.
 */
#ifndef AXADDR_CORE_ABSENT_H
#define AXADDR_CORE_ABSENT_H

#include "flags.h"

enum axaddr_absent_kind {
    AXADDR_ABSENT_EMPTY = 0,    /**< nothing is here; the value is 0 */
    AXADDR_ABSENT_RESERVED,     /**< a lazy area: a permitted access populates the page */
    AXADDR_ABSENT_TRAPPED,      /**< an emulated device: every access is for the caller to serve */
    AXADDR_ABSENT_PARKED_LEAF,  /**< was a leaf: the edit that parked it frees or remakes it */
    AXADDR_ABSENT_PARKED_TABLE, /**< was a table: likewise */
    AXADDR_ABSENT_PARKED_LINK,  /**< was a leaf, will be a table, once the TLBs forgot the leaf */
    AXADDR_ABSENT_SPARSE,       /**< as RESERVED; until it is written, a page is the zero frame */
    AXADDR_ABSENT_BACKED,       /**< as RESERVED, but the HAL supplies the frame, by the cookie */
};

/** Whether a permitted access may populate the page. */
AXADDR_ALWAYS_INLINE bool axaddr_absent_is_lazy(enum axaddr_absent_kind kind) {
    return kind == AXADDR_ABSENT_RESERVED || kind >= AXADDR_ABSENT_SPARSE;
}

/** Whether an edit is at work on the entry just now: the frozen state, which nobody else changes. */
AXADDR_ALWAYS_INLINE bool axaddr_absent_is_parked(enum axaddr_absent_kind kind) {
    return kind >= AXADDR_ABSENT_PARKED_LEAF && kind <= AXADDR_ABSENT_PARKED_LINK;
}

/* ---- the payload: 27 bits, so that it fits formats with 32-bit entries too ----
 *
 *      26          11 10 9 8         0
 *     |    cookie    | how |  flags   |   how: AXADDR_LARGE, AXADDR_ZERO_PAGE
 */

#define AXADDR_PAYLOAD_FLAGS_BITS 11
#define AXADDR_PAYLOAD_HOW        UINT32_C(0x600)
#define AXADDR_PAYLOAD_HOW_SHIFT  8 /* from there to where the flags have them */
#define AXADDR_COOKIE_BITS        16
/** The largest cookie that a reservation or a trapped range can carry. */
#define AXADDR_COOKIE_MAX         ((UINT32_C(1) << AXADDR_COOKIE_BITS) - 1)

AXADDR_STATIC_ASSERT((AXADDR_LAZY_FLAGS >> AXADDR_PAYLOAD_HOW_SHIFT) == AXADDR_PAYLOAD_HOW &&
                         (AXADDR_MAPPING_FLAGS & AXADDR_PAYLOAD_HOW) == 0,
                     "a payload has a bit for each flag that a reservation keeps");

AXADDR_ALWAYS_INLINE uint64_t axaddr_payload(uint32_t flags, uint32_t cookie) {
    return ((uint64_t)cookie << AXADDR_PAYLOAD_FLAGS_BITS) |
           (flags >> AXADDR_PAYLOAD_HOW_SHIFT & AXADDR_PAYLOAD_HOW) |
           (flags & AXADDR_MAPPING_FLAGS);
}

/** The flags of what a fault would map. */
AXADDR_ALWAYS_INLINE uint32_t axaddr_payload_flags(uint64_t payload) {
    return (uint32_t)payload & AXADDR_MAPPING_FLAGS;
}

/** The way in which it was mapped: of AXADDR_LAZY_FLAGS. */
AXADDR_ALWAYS_INLINE uint32_t axaddr_payload_how(uint64_t payload) {
    return ((uint32_t)payload & AXADDR_PAYLOAD_HOW) << AXADDR_PAYLOAD_HOW_SHIFT;
}

AXADDR_ALWAYS_INLINE uint32_t axaddr_payload_cookie(uint64_t payload) {
    return (uint32_t)(payload >> AXADDR_PAYLOAD_FLAGS_BITS) & AXADDR_COOKIE_MAX;
}

/* ---- the layout shared by formats with 64-bit entries ----
 *
 *     63            52 51                          12 11    6 5    3 2    0
 *    |  the format's  |  value, each bit ^ invert    |   0   | kind |  0   |
 *
 * Bits 2:0 are 0, which clears every valid bit of the formats that use this. `invert` is 0, or for
 * x86 ones in bits 51:12: the address bits of an absent x86 entry may be used speculatively to read
 * the L1 cache (L1TF, CVE-2018-3646), so small values must read as addresses beyond any memory.
 */

#define AXADDR_ABSENT64_VALUE_SHIFT 12
#define AXADDR_ABSENT64_VALUE_MASK  UINT64_C(0x000ffffffffff000)
#define AXADDR_ABSENT64_KIND_SHIFT  3

AXADDR_ALWAYS_INLINE uint64_t axaddr_absent64_make(enum axaddr_absent_kind kind, uint64_t value,
                                                   uint64_t invert) {
    return ((value << AXADDR_ABSENT64_VALUE_SHIFT) ^ invert) |
           ((uint64_t)kind << AXADDR_ABSENT64_KIND_SHIFT);
}

AXADDR_ALWAYS_INLINE enum axaddr_absent_kind axaddr_absent64_kind(uint64_t entry) {
    return (enum axaddr_absent_kind)((entry >> AXADDR_ABSENT64_KIND_SHIFT) & 7);
}

AXADDR_ALWAYS_INLINE uint64_t axaddr_absent64_value(uint64_t entry, uint64_t invert) {
    return ((entry ^ invert) & AXADDR_ABSENT64_VALUE_MASK) >> AXADDR_ABSENT64_VALUE_SHIFT;
}

/**
 * Whether an entry is absent and RESERVED. `live_bits` are bits of which a live entry has at least
 * one and an absent one none.
 */
AXADDR_ALWAYS_INLINE bool axaddr_absent64_is_reserved(uint64_t entry, uint64_t live_bits) {
    return (entry & (UINT64_C(7) << AXADDR_ABSENT64_KIND_SHIFT | live_bits)) ==
           (uint64_t)AXADDR_ABSENT_RESERVED << AXADDR_ABSENT64_KIND_SHIFT;
}

/** The flags of a payload, without the rest of it. */
AXADDR_ALWAYS_INLINE uint32_t axaddr_absent64_flags(uint64_t entry, uint64_t invert) {
    return axaddr_payload_flags((entry ^ invert) >> AXADDR_ABSENT64_VALUE_SHIFT);
}

#endif /* AXADDR_CORE_ABSENT_H */
