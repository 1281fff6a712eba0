/* SPDX-License-Identifier: MIT
 *
 * arena.h: the host of the benchmarks: memory by mmap at a fixed address, physical = virtual - a
 * constant, as a hypervisor with a direct map has it. The allocator is a bump pointer and a LIFO
 * free list threaded through the frames; it does not zero. TLB flushes are counted, nothing more.
 *
 * HALs over the same arena: arena_hal knows the offset at compile time, arena_ctx_hal reads it from
 * its ctx, as a host does whose direct map is placed at run time. arena_vcpu_hal is for many vCPUs:
 * edits take a spinlock, and each vCPU takes frames from an arena of its own, at the same cost as
 * those of arena_hal. arena_hot_hal is like it, with few frames that it gives out over and over.
 */
#ifndef BENCH_ARENA_H
#define BENCH_ARENA_H

#include "../axaddr.h"
#include "../axaddr_core/quiesce.h"

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

/* ---- many vCPUs; the ctx is the lock ---- */

/** What the vCPU that this thread plays has: its frames, and the flushes that it asked for. */
static __thread struct arena arena_vcpu;

static inline bool arena_vcpu_alloc(void *ctx, axaddr_hpa_t *frame) {
    (void)ctx;
    return arena_take(&arena_vcpu, ARENA_OFFSET, frame);
}

static inline void arena_vcpu_free(void *ctx, axaddr_hpa_t frame) {
    (void)ctx;
    arena_give(&arena_vcpu, ARENA_OFFSET, frame);
}

static inline void arena_vcpu_flush(void *ctx, const struct axaddr_flush *plan) {
    (void)ctx;
    (void)plan;
    arena_vcpu.flush_count++;
}

static inline void arena_lock(void *ctx) {
    uint32_t *lock = (uint32_t *)ctx;

    while (__atomic_exchange_n(lock, 1, __ATOMIC_ACQUIRE) != 0) {
        while (__atomic_load_n(lock, __ATOMIC_RELAXED) != 0) {
            AXADDR_CPU_RELAX();
        }
    }
}

static inline void arena_unlock(void *ctx) {
    __atomic_store_n((uint32_t *)ctx, 0, __ATOMIC_RELEASE);
}

/** Nobody faults while the scenarios unmap. */
static inline void arena_quiesce(void *ctx) {
    (void)ctx;
}

static const struct axaddr_hal arena_vcpu_hal = {
    .alloc_frame = arena_vcpu_alloc,
    .free_frame = arena_vcpu_free,
    .frame_at = arena_hal_at,
    .flush_tlb = arena_vcpu_flush,
    .lock = arena_lock,
    .unlock = arena_unlock,
    .quiesce = arena_quiesce,
};

/* ---- many vCPUs with few frames each: zeroing stays in the first cache ---- */

#define ARENA_HOT_COUNT UINT64_C(4)

static inline bool arena_hot_alloc(void *ctx, axaddr_hpa_t *frame) {
    const uint64_t mask = ARENA_HOT_COUNT * ARENA_FRAME - 1;
    uint64_t next = arena_vcpu.next;

    (void)ctx;
    frame->raw = next;
    arena_vcpu.next = (next & ~mask) | ((next + ARENA_FRAME) & mask);
    return true;
}

static const struct axaddr_hal arena_hot_hal = {
    .alloc_frame = arena_hot_alloc,
    .free_frame = arena_vcpu_free,
    .frame_at = arena_hal_at,
    .flush_tlb = arena_vcpu_flush,
    .lock = arena_lock,
    .unlock = arena_unlock,
    .quiesce = arena_quiesce,
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
