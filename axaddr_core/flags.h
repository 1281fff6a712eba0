/* SPDX-License-Identifier: MIT
 *
 * flags.h: what a mapping permits and what memory it is, in the words of the caller. A format turns
 * them into its own bits and back (format.h). READ to UNCACHED have the values of the original's
 * MappingFlags, so a configuration's numbers can be used as they are.
 */
#ifndef AXADDR_CORE_FLAGS_H
#define AXADDR_CORE_FLAGS_H

#include "base.h"

#define AXADDR_READ     UINT32_C(1)  /**< may be read */
#define AXADDR_WRITE    UINT32_C(2)  /**< may be written */
#define AXADDR_EXECUTE  UINT32_C(4)  /**< instructions may be fetched */
#define AXADDR_USER     UINT32_C(8)  /**< stage 1: reachable from user mode */
#define AXADDR_DEVICE   UINT32_C(16) /**< device registers: strongly ordered, never speculated */
#define AXADDR_UNCACHED UINT32_C(32) /**< memory that no cache holds (DMA buffers, frame buffers) */

/** How to map, not what: use leaves of the smallest size only. Never part of a mapping's flags. */
#define AXADDR_SMALL (UINT32_C(1) << 16)

/** The rights: at least one of them is in every mapping. Also what an access asks for. */
#define AXADDR_ACCESS_FLAGS  (AXADDR_READ | AXADDR_WRITE | AXADDR_EXECUTE)
/** All flags that a mapping can have. */
#define AXADDR_MAPPING_FLAGS (AXADDR_ACCESS_FLAGS | AXADDR_USER | AXADDR_DEVICE | AXADDR_UNCACHED)

/** Whether `flags` are known ones with at least one right: anything else is AXADDR_INVALID. */
AXADDR_ALWAYS_INLINE bool axaddr_flags_are_valid(uint32_t flags) {
    return (flags & ~AXADDR_MAPPING_FLAGS) == 0 && (flags & AXADDR_ACCESS_FLAGS) != 0;
}

/**
 * Whether valid flags do not contradict each other: one memory type, and no instruction fetch from
 * device registers, which a processor may read ahead of need. No format holds what fails this
 * (AXADDR_UNSUPPORTED); what else it cannot hold is its own to say (format.h, can_hold).
 */
AXADDR_ALWAYS_INLINE bool axaddr_flags_agree(uint32_t flags) {
    if ((flags & AXADDR_DEVICE) != 0) {
        return (flags & (AXADDR_UNCACHED | AXADDR_EXECUTE)) == 0;
    }
    return true;
}

#endif /* AXADDR_CORE_FLAGS_H */
