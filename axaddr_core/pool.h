/* SPDX-License-Identifier: MIT
 *
 * pool.h: frames taken before an edit or a fault begins, so that it cannot fail half-way. They are
 * linked through their own first word: no frame in a pool has been seen by a guest or a walker yet.
 */
#ifndef AXADDR_CORE_POOL_H
#define AXADDR_CORE_POOL_H

#include "entry.h"

/** Take a frame out; the pool is not empty. */
AXADDR_ALWAYS_INLINE uint64_t axaddr_pool_pop(const struct axaddr_hal *hal, void *ctx,
                                              struct axaddr_pool *pool) {
    uint64_t frame = pool->head;

    pool->head = *(const axaddr_word64_t *)hal->frame_at(ctx, axaddr_hpa(frame));
    pool->count--;
    return frame;
}

/** Put a frame in. */
AXADDR_ALWAYS_INLINE void axaddr_pool_push(const struct axaddr_hal *hal, void *ctx,
                                           struct axaddr_pool *pool, uint64_t frame) {
    *(axaddr_word64_t *)hal->frame_at(ctx, axaddr_hpa(frame)) = pool->head;
    pool->head = frame;
    pool->count++;
}

/** The same for a table's frames. */
AXADDR_ALWAYS_INLINE uint64_t axaddr_pool_take(const struct axaddr_instance *self,
                                               const struct axaddr_table *table,
                                               struct axaddr_pool *pool) {
    return axaddr_pool_pop(self->hal, table->ctx, pool);
}

AXADDR_ALWAYS_INLINE void axaddr_pool_put(const struct axaddr_instance *self,
                                          const struct axaddr_table *table,
                                          struct axaddr_pool *pool, uint64_t frame) {
    axaddr_pool_push(self->hal, table->ctx, pool, frame);
}

/**
 * Bring a pool to `count` frames, by taking from the HAL or giving back. On false, which only
 * taking can come to, it is as before. Generated once for each instance.
 */
AXADDR_ALWAYS_INLINE bool axaddr_pool_resize(const struct axaddr_instance *self,
                                             const struct axaddr_table *table,
                                             struct axaddr_pool *pool, uint64_t count) {
    uint64_t before = pool->count;
    bool is_complete = true;

    while (pool->count < count) {
        axaddr_hpa_t frame;

        if (!self->hal->alloc_frame(table->ctx, &frame)) {
            is_complete = false;
            count = before;
            break;
        }
        axaddr_pool_put(self, table, pool, frame.raw);
    }
    while (pool->count > count) {
        axaddr_free_frame(self, table, axaddr_pool_take(self, table, pool));
    }
    return is_complete;
}

#endif /* AXADDR_CORE_POOL_H */
