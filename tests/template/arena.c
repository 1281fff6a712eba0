/* SPDX-License-Identifier: MIT
 *
 * arena.c: see arena.h. First fit, and no more bookkeeping than the programs ask about.
 */
#include "arena.h"

#include <stdlib.h>
#include <string.h>

#define ARENA_FRAME_SIZE 4096u
#define ARENA_ALIGNMENT  ((size_t)1 << 16) /* of the largest block: 2^4 frames */

bool arena_init(struct arena *arena) {
    size_t size = (size_t)ARENA_FRAME_COUNT * ARENA_FRAME_SIZE;

    memset(arena, 0, sizeof *arena);
    arena->bytes = (unsigned char *)aligned_alloc(ARENA_ALIGNMENT, size);
    if (arena->bytes == NULL) {
        return false;
    }
    memset(arena->bytes, 0xaa, size); /* the library zeroes what has to be zero */
    return true;
}

void arena_destroy(struct arena *arena) {
    free(arena->bytes);
}

bool arena_alloc_block(void *ctx, unsigned order, axaddr_hpa_t *block) {
    struct arena *arena = (struct arena *)ctx;
    size_t count = (size_t)1 << order;
    size_t head;
    size_t i;

    for (head = 0; head < ARENA_FRAME_COUNT; head += count) {
        for (i = 0; i < count && !arena->is_used[head + i]; i++) {
        }
        if (i == count) {
            memset(&arena->is_used[head], true, count);
            arena->used_count += (unsigned)count;
            arena->taken_count += (unsigned)count;
            *block = axaddr_hpa(ARENA_BASE + head * ARENA_FRAME_SIZE);
            return true;
        }
    }
    return false;
}

void arena_free_block(void *ctx, unsigned order, axaddr_hpa_t block) {
    struct arena *arena = (struct arena *)ctx;
    size_t head = (size_t)((block.raw - ARENA_BASE) / ARENA_FRAME_SIZE);
    size_t i;

    for (i = 0; i < (size_t)1 << order; i++) {
        if (head + i >= ARENA_FRAME_COUNT || !arena->is_used[head + i]) {
            arena->wrong_count++;
            return;
        }
        arena->is_used[head + i] = false;
        arena->used_count--;
        memset(arena->bytes + (head + i) * ARENA_FRAME_SIZE, 0xdd, ARENA_FRAME_SIZE);
    }
}

bool arena_alloc_frame(void *ctx, axaddr_hpa_t *frame) {
    return arena_alloc_block(ctx, 0, frame);
}

void arena_free_frame(void *ctx, axaddr_hpa_t frame) {
    arena_free_block(ctx, 0, frame);
}

void arena_flush_tlb(void *ctx, const struct axaddr_flush *plan) {
    (void)plan;
    ((struct arena *)ctx)->flush_count++;
}
