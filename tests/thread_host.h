/* SPDX-License-Identifier: MIT
 *
 * thread_host.h: the machine of the tests with threads: frames that are poisoned as soon as they are
 * freed, by plain stores, so that a sanitizer sees it if anybody is still at one; a lock for edits,
 * and quiesce.h. The test says how many frames and CPUs there are, and makes a HAL of these
 * functions. Programs that include pthread.h are also built with ThreadSanitizer.
 *
 *     #define THREAD_FRAME_COUNT 256u
 *     #define THREAD_CPU_COUNT   3u
 *     #include "thread_host.h"
 */
#ifndef AXADDR_TESTS_THREAD_HOST_H
#define AXADDR_TESTS_THREAD_HOST_H

#include <pthread.h>
#include <sched.h>
#include <unistd.h>

#define AXADDR_CPU_RELAX() sched_yield()

#include "../axaddr.h"

#define PAGE                4096u
#define THREAD_FREED        UINT64_C(0xdddddddddddddddd)
/** The last CPU edits; the others now and then take a while at a frame: every so many calls. */
#define THREAD_YIELD_PERIOD 37u

static uint64_t frames[THREAD_FRAME_COUNT][PAGE / 8] __attribute__((aligned(4096)));
static uint32_t free_frames[THREAD_FRAME_COUNT];
static uint32_t free_count;
static pthread_mutex_t pool_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_mutex_t edit_lock = PTHREAD_MUTEX_INITIALIZER;
static struct axaddr_quiesce_cpu cpus[THREAD_CPU_COUNT];
static _Thread_local unsigned this_cpu;
static _Thread_local unsigned frame_at_count;

static uint64_t *frame_words(axaddr_hpa_t frame) {
    return frames[frame.raw / PAGE];
}

static void fill(uint64_t *words, uint64_t word) {
    unsigned i;

    for (i = 0; i < PAGE / 8; i++) {
        words[i] = word;
    }
}

/** All frames are free. */
static void thread_begin(void) {
    uint32_t i;

    free_count = 0;
    for (i = 0; i < THREAD_FRAME_COUNT; i++) {
        free_frames[free_count++] = i;
    }
}

static inline bool thread_alloc(void *ctx, axaddr_hpa_t *frame) {
    bool is_there;

    (void)ctx;
    pthread_mutex_lock(&pool_lock);
    is_there = free_count > 0;
    if (is_there) {
        *frame = axaddr_hpa((uint64_t)free_frames[--free_count] * PAGE);
    }
    pthread_mutex_unlock(&pool_lock);
    return is_there;
}

static inline void thread_free(void *ctx, axaddr_hpa_t frame) {
    (void)ctx;
    fill(frame_words(frame), THREAD_FREED);
    pthread_mutex_lock(&pool_lock);
    free_frames[free_count++] = (uint32_t)(frame.raw / PAGE);
    pthread_mutex_unlock(&pool_lock);
}

static inline void *thread_at(void *ctx, axaddr_hpa_t frame) {
    (void)ctx;
    if (this_cpu + 1 < THREAD_CPU_COUNT && ++frame_at_count % THREAD_YIELD_PERIOD == 0) {
        sched_yield();
    }
    return frame_words(frame);
}

static inline void thread_flush(void *ctx, const struct axaddr_flush *plan) {
    (void)ctx;
    (void)plan;
}

static inline void thread_lock(void *ctx) {
    (void)ctx;
    pthread_mutex_lock(&edit_lock);
}

static inline void thread_unlock(void *ctx) {
    (void)ctx;
    pthread_mutex_unlock(&edit_lock);
}

static inline void thread_quiesce(void *ctx) {
    (void)ctx;
    axaddr_quiesce_wait(cpus, THREAD_CPU_COUNT);
}

static inline void thread_enter(void *ctx) {
    (void)ctx;
    axaddr_quiesce_enter(&cpus[this_cpu]);
}

static inline void thread_leave(void *ctx) {
    (void)ctx;
    axaddr_quiesce_leave(&cpus[this_cpu]);
}

#endif /* AXADDR_TESTS_THREAD_HOST_H */
