/* SPDX-License-Identifier: MIT
 *
 * flags.h: what a mapping permits and what memory it is, in the words of the caller. A format turns
 * them into its own bits and back (format.h). READ to UNCACHED have the values of the original's
 * MappingFlags, so a configuration's numbers can be used as they are.
 */
#ifndef AXADDR_CORE_FLAGS_H
#define AXADDR_CORE_FLAGS_H

#include "base.h"

#define AXADDR_READ     UINT32_C(1) /**< may be read */
#define AXADDR_WRITE    UINT32_C(2) /**< may be written */
#define AXADDR_EXECUTE  UINT32_C(4) /**< instructions may be fetched */
/** Stage 1: reachable from user mode. EXECUTE is user mode's then: privileged mode may not fetch. */
#define AXADDR_USER     UINT32_C(8)
#define AXADDR_DEVICE   UINT32_C(16) /**< device registers: strongly ordered, never speculated */
#define AXADDR_UNCACHED UINT32_C(32) /**< memory that no cache holds (DMA buffers, frame buffers) */
#define AXADDR_GLOBAL   UINT32_C(64) /**< stage 1: alike in all address spaces, kept across ASIDs */

/*
 * Where a second stage can tell the guest's modes apart (EPT with mode-based execute control,
 * FEAT_XNX), one of them stands in the place of EXECUTE, which permits fetches in both. A fault is
 * told the mode in the same way. Other formats refuse them.
 */
#define AXADDR_EXECUTE_USER   UINT32_C(128) /**< only the guest's user mode may fetch */
#define AXADDR_EXECUTE_KERNEL UINT32_C(256) /**< only the guest's privileged modes may fetch */

/* How a range is mapped, not what: given beside the flags, never part of them. */

/** Lazy memory: a fault may populate a whole large leaf at once, if the HAL has a block for it. */
#define AXADDR_LARGE     (UINT32_C(1) << 17)
/** Lazy memory: until a page is written it maps the zero frame (set_zero_frame), read-only. */
#define AXADDR_ZERO_PAGE (UINT32_C(1) << 18)
/** Use leaves of the smallest size only. */
#define AXADDR_SMALL     (UINT32_C(1) << 16)
/** map_linear: the space owns this memory, and gives it back (the HAL's free_at) once unmapped. */
#define AXADDR_OWNED     (UINT32_C(1) << 24)
/** Unmap what overlaps the range before, in the same step: nothing is lost if it fails. */
#define AXADDR_REPLACE   (UINT32_C(1) << 19)

/* How dirty pages are tracked (tracking.h): given to start_tracking, and kept in areas' flags. */

/** By what the format notes of pages (AXADDR_DIRTY). */
#define AXADDR_TRACK_NOTES  (UINT32_C(1) << 20)
/** By write protection: a page has WRITE only from its first write on. */
#define AXADDR_TRACK_WRITES (UINT32_C(1) << 21)
/** An option beside one of these, not kept: large leaves stay, and are told as a whole. */
#define AXADDR_TRACK_LARGE  (UINT32_C(1) << 22)

/* How the hypervisor accesses a guest's memory, beside the rights. */

/** Populate what is reserved, as the guest's own access would. */
#define AXADDR_ON_DEMAND (UINT32_C(1) << 26)

/* What is noted of a page: by hardware, or by the faults that the lack of a note leads to. */

#define AXADDR_ACCESSED UINT32_C(1) /**< it was accessed since the note was cleared */
#define AXADDR_DIRTY    UINT32_C(2) /**< it was written since the note was cleared */
#define AXADDR_NOTES    (AXADDR_ACCESSED | AXADDR_DIRTY)

/** The rights: at least one of them is in every mapping. Also what an access asks for. */
#define AXADDR_ACCESS_FLAGS  (AXADDR_READ | AXADDR_WRITE | AXADDR_EXECUTE)
/** Fetches of one mode of the guest only. */
#define AXADDR_EXECUTE_MODES (AXADDR_EXECUTE_USER | AXADDR_EXECUTE_KERNEL)
/** All flags that a mapping can have. */
#define AXADDR_MAPPING_FLAGS                                                                       \
    (AXADDR_ACCESS_FLAGS | AXADDR_USER | AXADDR_DEVICE | AXADDR_UNCACHED | AXADDR_GLOBAL |         \
     AXADDR_EXECUTE_MODES)
/** What only some formats can express, and others refuse. */
#define AXADDR_SPECIAL_FLAGS (AXADDR_GLOBAL | AXADDR_EXECUTE_MODES)
/** What a lazy area keeps of the way in which it was mapped. */
#define AXADDR_LAZY_FLAGS    (AXADDR_LARGE | AXADDR_ZERO_PAGE)
/** What an area keeps of how it is tracked. */
#define AXADDR_TRACK_FLAGS   (AXADDR_TRACK_NOTES | AXADDR_TRACK_WRITES)

/** Whether `flags` are known ones with at least one right: anything else is AXADDR_INVALID. */
AXADDR_ALWAYS_INLINE bool axaddr_flags_are_valid(uint32_t flags) {
    return (flags & ~AXADDR_MAPPING_FLAGS) == 0 &&
           (flags & (AXADDR_ACCESS_FLAGS | AXADDR_EXECUTE_MODES)) != 0;
}

/**
 * Whether valid flags do not contradict each other: one memory type, and no instruction fetch from
 * device registers, which a processor may read ahead of need. No format holds what fails this
 * (AXADDR_UNSUPPORTED); what else it cannot hold is its own to say (format.h, can_hold).
 */
AXADDR_ALWAYS_INLINE bool axaddr_flags_agree(uint32_t flags) {
    uint32_t fetches = flags & (AXADDR_EXECUTE | AXADDR_EXECUTE_MODES);

    if ((flags & AXADDR_DEVICE) != 0) {
        return (flags & AXADDR_UNCACHED) == 0 && fetches == 0;
    }
    return (fetches & (fetches - 1)) == 0; /* EXECUTE, or one mode in its place */
}

/** What accesses flags permit: with EXECUTE fetches of either mode. */
AXADDR_ALWAYS_INLINE uint32_t axaddr_flags_permit(uint32_t flags) {
    return flags | ((flags & AXADDR_EXECUTE) != 0 ? AXADDR_EXECUTE_MODES : 0);
}

#endif /* AXADDR_CORE_FLAGS_H */
