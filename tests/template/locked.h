/* SPDX-License-Identifier: MIT
 *
 * locked.h: the HAL of arena.h for many vCPUs. What it adds is declared only: programs with it are
 * compiled and looked at, never linked.
 */
#ifndef AXADDR_TESTS_TEMPLATE_LOCKED_H
#define AXADDR_TESTS_TEMPLATE_LOCKED_H

#include "arena.h"

#ifdef __cplusplus
extern "C" {
#endif
void arena_lock(void *ctx);
void arena_unlock(void *ctx);
void arena_quiesce(void *ctx);
void arena_enter_walk(void *ctx);
void arena_leave_walk(void *ctx);
#ifdef __cplusplus
}
#endif

AXADDR_UNUSED static const struct axaddr_hal arena_locked_hal = {
    .alloc_frame = arena_alloc_frame,
    .free_frame = arena_free_frame,
    .frame_at = arena_frame_at,
    .flush_tlb = arena_flush_tlb,
    .alloc_block = arena_alloc_block,
    .free_block = arena_free_block,
    .lock = arena_lock,
    .unlock = arena_unlock,
    .quiesce = arena_quiesce,
    .enter_walk = arena_enter_walk,
    .leave_walk = arena_leave_walk,
};

#endif /* AXADDR_TESTS_TEMPLATE_LOCKED_H */
