/* SPDX-License-Identifier: MIT
 *
 * arena.h: the host that the programs of this directory stand on. As in a hypervisor, frame_at is
 * arithmetic in view of the instance and everything else is a call into another file (arena.c), so an
 * object made from a generated instance has these five undefined symbols and should have no others.
 */
#ifndef AXADDR_TESTS_TEMPLATE_ARENA_H
#define AXADDR_TESTS_TEMPLATE_ARENA_H

#include "axaddr.h"

/** Host-physical address of the arena: nothing that could pass for a pointer or an offset. */
#define ARENA_BASE        UINT64_C(0x40000000)
#define ARENA_FRAME_COUNT 512

struct arena {
    unsigned char *bytes; /**< where the hypervisor sees ARENA_BASE */
    bool is_used[ARENA_FRAME_COUNT];
    unsigned used_count;
    unsigned taken_count; /**< frames taken so far */
    unsigned flush_count; /**< plans carried out so far */
    unsigned wrong_count; /**< frames freed that were not in use */
};

#ifdef __cplusplus
extern "C" {
#endif
bool arena_alloc_frame(void *ctx, axaddr_hpa_t *frame);
void arena_free_frame(void *ctx, axaddr_hpa_t frame);
void arena_flush_tlb(void *ctx, const struct axaddr_flush *plan);
bool arena_alloc_block(void *ctx, unsigned order, axaddr_hpa_t *block);
void arena_free_block(void *ctx, unsigned order, axaddr_hpa_t block);

/* For the programs that run. */
bool arena_init(struct arena *arena);
void arena_destroy(struct arena *arena);
#ifdef __cplusplus
}
#endif

static inline void *arena_frame_at(void *ctx, axaddr_hpa_t frame) {
    return ((struct arena *)ctx)->bytes + (size_t)(frame.raw - ARENA_BASE);
}

AXADDR_UNUSED static const struct axaddr_hal arena_hal = {
    .alloc_frame = arena_alloc_frame,
    .free_frame = arena_free_frame,
    .frame_at = arena_frame_at,
    .flush_tlb = arena_flush_tlb,
    .alloc_block = arena_alloc_block,
    .free_block = arena_free_block,
};

#endif /* AXADDR_TESTS_TEMPLATE_ARENA_H */
