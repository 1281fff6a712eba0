/* SPDX-License-Identifier: MIT
 *
 * every.c: every generated function over every format, in one translation unit, C and C++. It is
 * compiled and looked at, never run. FORMATS is 0 for one format, 1 for a few and a HAL for many
 * vCPUs, 2 for most, 3 for all.
 */
#include "every.h"

#define INSTANCES(tag, format)                                                                     \
    AXADDR_DEFINE_SPACE(tag##_space, format, arena_hal);                                           \
    AXADDR_DEFINE_PAGE_TABLE(tag##_table, format, arena_hal);                                      \
    USE_SPACE(tag##_space)                                                                         \
    USE_TABLE(tag##_table)

EVERY_ONE(INSTANCES)
#if FORMATS >= 1
EVERY_FEW(INSTANCES)

/* And for many vCPUs, where the processor can swap 64 bits. */
#if defined(__GCC_HAVE_SYNC_COMPARE_AND_SWAP_8) || UINTPTR_MAX > UINT32_MAX
AXADDR_DEFINE_SPACE(many_space, axaddr_aarch64_stage2_40, arena_locked_hal);
AXADDR_DEFINE_PAGE_TABLE(many_table, axaddr_aarch64_stage2_40, arena_locked_hal);
USE_SPACE(many_space)
USE_TABLE(many_table)
#endif
#endif
#if FORMATS >= 2
EVERY_MORE(INSTANCES)
#endif
#if FORMATS >= 3
EVERY_VARIANT(INSTANCES)
#endif

AXADDR_DEFINE_FRAME(page, arena_hal);
USE_FRAME(page)
