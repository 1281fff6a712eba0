/* SPDX-License-Identifier: MIT
 *
 * one_space.c: one space over FORMAT with its whole API, for the size of its code.
 */
#include "arena.h"

AXADDR_DECLARE_SPACE(guest);
AXADDR_IMPLEMENT_SPACE(guest, FORMAT, arena_hal);
