/* SPDX-License-Identifier: MIT
 *
 * one_space.c: one space over FORMAT with its whole API, for the size of its code and its stack.
 */
#include "one.h"

AXADDR_DECLARE_SPACE(space);
AXADDR_IMPLEMENT_SPACE(space, FORMAT, one_hal);
