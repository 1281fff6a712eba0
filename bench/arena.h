/* SPDX-License-Identifier: MIT
 *
 * arena.h: the host of the benchmarks: memory by mmap at a fixed address, physical = virtual - a
 * constant, as a hypervisor with a direct map has it. The allocator is a bump pointer and a LIFO free
 * list threaded through the frames; it does not zero. TLB flushes are counted, nothing more.
 *
 * Two HALs over the same arena: arena_hal knows the offset at compile time, arena_ctx_hal reads it
 * from its ctx, as a host does whose direct map is placed at run time.
 */
#ifndef BENCH_ARENA_H
#define BENCH_ARENA_H

#include "../axaddr.h"

#define ARENA_PHYSICAL UINT64_C(0x40000000)
#define ARENA_VIRTUAL  UINT64_C(0x20000000000)
#define ARENA_OFFSET   (ARENA_VIRTUAL - ARENA_PHYSICAL)
#define ARENA_SIZE     (UINT64_C(3) << 30)
#define ARENA_FRAME    UINT64_C(4096)

struct arena {
    uint64_t free_head; /* physical; 0: the list is empty */
    uint64_t next;      /* physical; frames from here to `end` have not been used */
    uint64_t end;
    uint64_t offset; /* for arena_ctx_hal */
    uint64_t flush_count;
};

/** Where a frame is seen; the compile-time offset. */
static inline void *arena_at(uint64_t frame) {
    return (void *)(uintptr_t)(frame + ARENA_OFFSET);
}

/** Back to an arena of which no frame is taken. */
static inline void arena_reset(struct arena *arena) {
    arena->free_head = 0;
    arena->next = ARENA_PHYSICAL;
    arena->end = ARENA_PHYSICAL + ARENA_SIZE;
    arena->offset = ARENA_OFFSET;
    arena->flush_count = 0;
}

/** Frames that are taken: counted here, so that the allocator has nothing to count. */
static inline uint64_t arena_live(const struct arena *arena) {
    uint64_t count = (arena->next - ARENA_PHYSICAL) / ARENA_FRAME;
    uint64_t frame = arena->free_head;

    for (; frame != 0; frame = *(const uint64_t *)arena_at(frame)) {
        count--;
    }
    return count;
}

static inline bool arena_take(struct arena *arena, uint64_t offset, axaddr_hpa_t *frame) {
    if (arena->free_head != 0) {
        frame->raw = arena->free_head;
        arena->free_head = *(const uint64_t *)(uintptr_t)(frame->raw + offset);
        return true;
    }
    if (arena->next == arena->end) {
        return false;
    }
    frame->raw = arena->next;
    arena->next += ARENA_FRAME;
    return true;
}

static inline void arena_give(struct arena *arena, uint64_t offset, axaddr_hpa_t frame) {
    *(uint64_t *)(uintptr_t)(frame.raw + offset) = arena->free_head;
    arena->free_head = frame.raw;
}

static inline void arena_hal_flush(void *ctx, const struct axaddr_flush *plan) {
    (void)plan;
    ((struct arena *)ctx)->flush_count++;
}

/* ---- the offset is a constant ---- */

static inline bool arena_hal_alloc(void *ctx, axaddr_hpa_t *frame) {
    return arena_take((struct arena *)ctx, ARENA_OFFSET, frame);
}

static inline void arena_hal_free(void *ctx, axaddr_hpa_t frame) {
    arena_give((struct arena *)ctx, ARENA_OFFSET, frame);
}

static inline void *arena_hal_at(void *ctx, axaddr_hpa_t frame) {
    (void)ctx;
    return arena_at(frame.raw);
}

static const struct axaddr_hal arena_hal = {
    .alloc_frame = arena_hal_alloc,
    .free_frame = arena_hal_free,
    .frame_at = arena_hal_at,
    .flush_tlb = arena_hal_flush,
};

/* ---- the offset is in the ctx ---- */

static inline bool arena_ctx_alloc(void *ctx, axaddr_hpa_t *frame) {
    return arena_take((struct arena *)ctx, ((struct arena *)ctx)->offset, frame);
}

static inline void arena_ctx_free(void *ctx, axaddr_hpa_t frame) {
    arena_give((struct arena *)ctx, ((struct arena *)ctx)->offset, frame);
}

static inline void *arena_ctx_at(void *ctx, axaddr_hpa_t frame) {
    return (void *)(uintptr_t)(frame.raw + ((const struct arena *)ctx)->offset);
}

static const struct axaddr_hal arena_ctx_hal = {
    .alloc_frame = arena_ctx_alloc,
    .free_frame = arena_ctx_free,
    .frame_at = arena_ctx_at,
    .flush_tlb = arena_hal_flush,
};

#endif /* BENCH_ARENA_H */
