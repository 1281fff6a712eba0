/* SPDX-License-Identifier: MIT
 *
 * one_frame.c: owned frames with their whole API, for the stack that they take.
 */
#include "every.h"

AXADDR_DEFINE_FRAME(frame, arena_hal);
USE_FRAME(frame)
