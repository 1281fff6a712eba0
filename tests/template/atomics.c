/* SPDX-License-Identifier: MIT
 *
 * atomics.c: one space over FORMAT, for one CPU at a time or with CONCURRENT for many, to see which
 * atomic instructions it has (check_atomics.sh).
 */
#include "arena.h"

#ifdef CONCURRENT
void arena_lock(void *ctx);
void arena_unlock(void *ctx);
void arena_quiesce(void *ctx);
#endif

static const struct axaddr_hal atomics_hal = {
    .alloc_frame = arena_alloc_frame,
    .free_frame = arena_free_frame,
    .frame_at = arena_frame_at,
    .flush_tlb = arena_flush_tlb,
    .alloc_block = arena_alloc_block,
    .free_block = arena_free_block,
#ifdef CONCURRENT
    .lock = arena_lock,
    .unlock = arena_unlock,
    .quiesce = arena_quiesce,
#endif
};

AXADDR_DECLARE_SPACE(guest);
AXADDR_IMPLEMENT_SPACE(guest, FORMAT, atomics_hal);
