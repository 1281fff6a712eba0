/* SPDX-License-Identifier: MIT
 *
 * one.h: the HAL that one_space.c and one_table.c are made with: the arena's, or with CONCURRENT
 * one for many vCPUs, which has the functions that make the engine safe for them.
 */
#ifndef AXADDR_TESTS_TEMPLATE_ONE_H
#define AXADDR_TESTS_TEMPLATE_ONE_H

#include "arena.h"

#ifdef CONCURRENT

/* Declared only: these programs are compiled and looked at, never linked. */
void arena_lock(void *ctx);
void arena_unlock(void *ctx);
void arena_quiesce(void *ctx);

static const struct axaddr_hal one_hal = {
    .alloc_frame = arena_alloc_frame,
    .free_frame = arena_free_frame,
    .frame_at = arena_frame_at,
    .flush_tlb = arena_flush_tlb,
    .alloc_block = arena_alloc_block,
    .free_block = arena_free_block,
    .lock = arena_lock,
    .unlock = arena_unlock,
    .quiesce = arena_quiesce,
};

#else
#define one_hal arena_hal
#endif

#endif /* AXADDR_TESTS_TEMPLATE_ONE_H */
