/* SPDX-License-Identifier: MIT
 *
 * area_frames.h: how many frames the areas of a space may take. The space says how many they are
 * (stats); that number is right if the ledger of frames comes out with it, and it is not too large.
 */
#ifndef AXADDR_TESTS_AREA_FRAMES_H
#define AXADDR_TESTS_AREA_FRAMES_H

#include "../axaddr_core/areas.h"

#include <stdbool.h>
#include <stdint.h>

/** None while they fit into the space; leaves are at least half full, and so are nodes above. */
static inline bool area_frames_are_right(uint64_t area_count, uint64_t frame_count) {
    if (area_count <= AXADDR_RANGE_INLINE_AGAIN) {
        return frame_count == 0;
    }
    return frame_count >= (area_count > AXADDR_RANGE_INLINE_MAX ? 1u : 0u) &&
           frame_count <= 1 + area_count / (AXADDR_AREA_LEAF_MAX / 2);
}

#endif /* AXADDR_TESTS_AREA_FRAMES_H */
