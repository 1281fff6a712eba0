/* SPDX-License-Identifier: MIT
 *
 * golden_aarch64.h: leaves of AArch64's stage 1, written out from ARM DDI 0487 by hand, for the tests
 * of the formats with 48 and with 52 bits of address; and letters for flags.
 */
#ifndef AXADDR_TESTS_GOLDEN_AARCH64_H
#define AXADDR_TESTS_GOLDEN_AARCH64_H

#include "../axaddr_core/flags.h"

#include <stdint.h>

#define R AXADDR_READ
#define W AXADDR_WRITE
#define X AXADDR_EXECUTE
#define U AXADDR_USER
#define D AXADDR_DEVICE
#define N AXADDR_UNCACHED
#define G AXADDR_GLOBAL

struct golden {
    uint32_t flags;
    uint64_t page; /* the attributes at level 0; a block's have bit 1 clear */
};

/*
 * D8.3.1 (stage 1 Block and Page descriptors): 0 valid, 1 page, 4:2 AttrIndx (0 WB, 1 device, 2
 * NC), 6 AP[1] EL0 may, 7 AP[2] read-only, 9:8 SH (11 inner; 00 for device), 10 AF, 11 nG, 53 PXN,
 * 54 UXN. EL0 alone may fetch where EL0 may access (PXN); EL1 alone elsewhere (UXN).
 */
static const struct golden el1_leaves[] = {
    {R, 0x0060000000000f83},
    {R | W, 0x0060000000000f03},
    {R | X, 0x0040000000000f83},
    {R | W | X, 0x0040000000000f03},
    {R | U, 0x0060000000000fc3},
    {R | W | U, 0x0060000000000f43},
    {R | X | U, 0x0020000000000fc3},
    {R | W | X | U, 0x0020000000000f43},
    {R | D, 0x0060000000000c87},
    {R | W | D, 0x0060000000000c07},
    {R | U | D, 0x0060000000000cc7},
    {R | W | U | D, 0x0060000000000c47},
    {R | N, 0x0060000000000f8b},
    {R | W | N, 0x0060000000000f0b},
    {R | X | N, 0x0040000000000f8b},
    {R | W | X | N, 0x0040000000000f0b},
    {R | U | N, 0x0060000000000fcb},
    {R | W | U | N, 0x0060000000000f4b},
    {R | X | U | N, 0x0020000000000fcb},
    {R | W | X | U | N, 0x0020000000000f4b},
    {R | G, 0x0060000000000783},
    {R | W | G, 0x0060000000000703},
    {R | X | G, 0x0040000000000783},
    {R | W | X | G, 0x0040000000000703},
    {R | U | G, 0x00600000000007c3},
    {R | W | U | G, 0x0060000000000743},
    {R | X | U | G, 0x00200000000007c3},
    {R | W | X | U | G, 0x0020000000000743},
    {R | D | G, 0x0060000000000487},
    {R | W | D | G, 0x0060000000000407},
    {R | U | D | G, 0x00600000000004c7},
    {R | W | U | D | G, 0x0060000000000447},
    {R | N | G, 0x006000000000078b},
    {R | W | N | G, 0x006000000000070b},
    {R | X | N | G, 0x004000000000078b},
    {R | W | X | N | G, 0x004000000000070b},
    {R | U | N | G, 0x00600000000007cb},
    {R | W | U | N | G, 0x006000000000074b},
    {R | X | U | N | G, 0x00200000000007cb},
    {R | W | X | U | N | G, 0x002000000000074b},
};

/* One privilege level: AP[1] (6) RES1, nG (11) and bit 53 RES0, XN 54. */
static const struct golden el2_leaves[] = {
    {R, 0x00400000000007c3},         {R | W, 0x0040000000000743},
    {R | X, 0x00000000000007c3},     {R | W | X, 0x0000000000000743},
    {R | D, 0x00400000000004c7},     {R | W | D, 0x0040000000000447},
    {R | N, 0x00400000000007cb},     {R | W | N, 0x004000000000074b},
    {R | X | N, 0x00000000000007cb}, {R | W | X | N, 0x000000000000074b},
};

#endif /* AXADDR_TESTS_GOLDEN_AARCH64_H */
