/* SPDX-License-Identifier: MIT
 *
 * locked.h: the HAL of arena.h for many vCPUs, and one that has all that a HAL can have. What they
 * add is declared only: programs with it are compiled and looked at, never linked.
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
bool arena_alloc_at(void *ctx, axaddr_hpa_t host, uint64_t size);
void arena_free_at(void *ctx, axaddr_hpa_t host, uint64_t size);
void arena_trace(void *ctx, const struct axaddr_event *event);
enum axaddr_fault arena_supply_frame(void *ctx, struct axaddr_supply *supply);
void arena_return_frame(void *ctx, uint32_t cookie, uint64_t address, axaddr_hpa_t frame);
void arena_harvested(void *ctx, uint64_t address, uint64_t size, uint32_t notes);
void arena_clean_dcache(void *ctx, const void *at, size_t size);
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

AXADDR_UNUSED static const struct axaddr_hal arena_full_hal = {
    .alloc_frame = arena_alloc_frame,
    .free_frame = arena_free_frame,
    .frame_at = arena_frame_at,
    .flush_tlb = arena_flush_tlb,
    .alloc_block = arena_alloc_block,
    .free_block = arena_free_block,
    .alloc_at = arena_alloc_at,
    .free_at = arena_free_at,
    .trace = arena_trace,
    .lock = arena_lock,
    .unlock = arena_unlock,
    .quiesce = arena_quiesce,
    .enter_walk = arena_enter_walk,
    .leave_walk = arena_leave_walk,
    .supply_frame = arena_supply_frame,
    .return_frame = arena_return_frame,
    .harvested = arena_harvested,
    .clean_dcache = arena_clean_dcache,
};

#endif /* AXADDR_TESTS_TEMPLATE_LOCKED_H */
