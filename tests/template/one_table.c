/* SPDX-License-Identifier: MIT
 *
 * one_table.c: one page table over FORMAT with its whole API, for the size of its code and its
 * stack.
 */
#include "one.h"

AXADDR_DECLARE_PAGE_TABLE(table);
AXADDR_IMPLEMENT_PAGE_TABLE(table, FORMAT, one_hal);
