/* SPDX-License-Identifier: MIT
 *
 * one_table.c: one page table over FORMAT with its whole API, for the size of its code.
 */
#include "arena.h"

AXADDR_DECLARE_PAGE_TABLE(guest);
AXADDR_IMPLEMENT_PAGE_TABLE(guest, FORMAT, arena_hal);
