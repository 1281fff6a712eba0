/* SPDX-License-Identifier: MIT
 *
 * frames.h: the host functions that axaddr stands on (axaddr_core/hal.h): a pool of page frames,
 * and the hart's TLB. The pool is deliberately unfriendly, as memory is in the long run: frames
 * come in a scattered order and full of old bytes. It keeps a ledger, so that a frame that is lost,
 * or freed twice, is noticed at the end.
 */
#ifndef VMM_RISCV_FRAMES_H
#define VMM_RISCV_FRAMES_H

#include "axaddr.h"

#define FRAME_SIZE     UINT64_C(0x1000)
#define FRAME_COUNT    UINT64_C(0x8000)
/** The upper half of 256 MiB. The VMM has no translation: a frame is seen at its own address. */
#define FRAME_POOL     UINT64_C(0x88000000)
/** Odd, so that its multiples modulo FRAME_COUNT (a power of two) are every frame once. */
#define FRAME_STRIDE   UINT64_C(12347)
/** What a frame holds when it is handed out: the library has to zero what must be. */
#define FRAME_OLD_WORD UINT64_C(0xa5a5a5a5a5a5a5a5)

/** The one VM's identifier in the TLB. */
#define VMM_VMID 1u

/** The `ctx` of the host functions: static, so all is 0 at first. */
struct host {
    bool is_taken[FRAME_COUNT];
    uint64_t next;             /**< how many frames the scattered order has gone through */
    uint64_t taken_count;      /**< frames that are taken now */
    uint64_t most_taken;       /**< the largest that ever was */
    uint64_t wrong_count;      /**< frames given back that were not taken */
    uint64_t flush_count;      /**< plans carried out */
    uint64_t flush_full_count; /**< those among them that asked for everything */
};

static inline void *host_frame_at(void *ctx, axaddr_hpa_t frame) {
    (void)ctx;
    return (void *)frame.raw;
}

static inline bool host_frame_is_taken(const struct host *host, axaddr_hpa_t frame) {
    uint64_t offset = frame.raw - FRAME_POOL;

    return offset % FRAME_SIZE == 0 && offset / FRAME_SIZE < FRAME_COUNT &&
           host->is_taken[offset / FRAME_SIZE];
}

static inline axaddr_hpa_t host_take(struct host *host, uint64_t index) {
    axaddr_hpa_t frame = axaddr_hpa(FRAME_POOL + index * FRAME_SIZE);
    uint64_t *words = host_frame_at(host, frame);

    for (size_t i = 0; i < FRAME_SIZE / sizeof *words; i++) {
        words[i] = FRAME_OLD_WORD;
    }
    host->is_taken[index] = true;
    host->taken_count++;
    if (host->taken_count > host->most_taken) {
        host->most_taken = host->taken_count;
    }
    return frame;
}

static inline bool host_alloc_frame(void *ctx, axaddr_hpa_t *frame) {
    struct host *host = ctx;

    for (uint64_t tried = 0; tried < FRAME_COUNT; tried++) {
        uint64_t index = host->next++ * FRAME_STRIDE % FRAME_COUNT;
        if (!host->is_taken[index]) {
            *frame = host_take(host, index);
            return true;
        }
    }
    return false;
}

static inline void host_free_frame(void *ctx, axaddr_hpa_t frame) {
    struct host *host = ctx;

    if (!host_frame_is_taken(host, frame)) {
        host->wrong_count++;
        return;
    }
    host->is_taken[(frame.raw - FRAME_POOL) / FRAME_SIZE] = false;
    host->taken_count--;
}

/** For the root of an x4 table, which is four frames: the first place where so many are free. */
static inline bool host_alloc_block(void *ctx, unsigned order, axaddr_hpa_t *block) {
    struct host *host = ctx;
    uint64_t size = UINT64_C(1) << order;

    for (uint64_t first = 0; first + size <= FRAME_COUNT; first += size) {
        uint64_t free_count = 0;
        while (free_count < size && !host->is_taken[first + free_count]) {
            free_count++;
        }
        if (free_count == size) {
            *block = host_take(host, first);
            for (uint64_t i = 1; i < size; i++) {
                (void)host_take(host, first + i);
            }
            return true;
        }
    }
    return false;
}

static inline void host_free_block(void *ctx, unsigned order, axaddr_hpa_t block) {
    for (uint64_t i = 0; i < UINT64_C(1) << order; i++) {
        host_free_frame(ctx, axaddr_hpa_wrapping_add(block, i * FRAME_SIZE));
    }
}

static inline void host_flush_tlb(void *ctx, const struct axaddr_flush *plan) {
    struct host *host = ctx;

    host->flush_count++;
    host->flush_full_count += axaddr_riscv_gstage_flush_is_full(plan) ? 1 : 0;
    axaddr_riscv_gstage_flush(plan, false);
}

#endif /* VMM_RISCV_FRAMES_H */
