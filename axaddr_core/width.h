/* SPDX-License-Identifier: MIT
 *
 * width.h: how many bytes a guest's access has: to a device (device_bus.h), or to memory in one
 * piece (guest_memory.h).
 */
#ifndef AXADDR_CORE_WIDTH_H
#define AXADDR_CORE_WIDTH_H

#include "base.h"

/** The bytes of an access, as a number of them: the values of the original's AccessWidth. */
enum axaddr_width {
    AXADDR_WIDTH_1 = 1,
    AXADDR_WIDTH_2 = 2,
    AXADDR_WIDTH_4 = 4,
    AXADDR_WIDTH_8 = 8,
};

/** The bits of a value of that width; 0 for what is no width. */
AXADDR_ALWAYS_INLINE uint64_t axaddr_width_mask(enum axaddr_width width) {
    static const uint64_t masks[] = {0, 0xff, 0xffff, 0, 0xffffffff, 0, 0, 0, UINT64_MAX};
    unsigned bytes = (unsigned)width;

    return bytes <= 8 ? masks[bytes] : 0;
}

#endif /* AXADDR_CORE_WIDTH_H */
