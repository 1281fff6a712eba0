/* SPDX-License-Identifier: MIT
 *
 * range_frames.h: frames for tests of range sets: counted, far apart and in no order, never clean,
 * and on demand there are no more. What a set keeps of them is no pointer. Their number is small
 * enough for a table and large enough for a million ranges.
 */
#ifndef AXADDR_TESTS_RANGE_FRAMES_H
#define AXADDR_TESTS_RANGE_FRAMES_H

#include "../axaddr_core/range_set.h"
#include "check.h"

#define FRAME_COUNT    26000u
#define FRAME_DISTANCE (UINT64_C(4096) * 0x12345)

static unsigned char *memory;
static bool is_used[FRAME_COUNT];
static uint32_t free_list[FRAME_COUNT];
static uint32_t free_count;
static uint32_t used_count;
static uint32_t allowed = UINT32_MAX; /**< allocations until one fails */
static unsigned long visit_count;     /**< of frames, through frame_at */
static bool is_misused;
static uint64_t random_state;

static inline uint64_t any(uint64_t below) {
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return below == 0 ? random_state : (random_state >> 11) % below;
}

static void frames_begin(uint64_t seed) {
    uint32_t i;

    random_state = seed * UINT64_C(0x9e3779b97f4a7c15) | 1;
    memory = (unsigned char *)aligned_alloc(4096, (size_t)FRAME_COUNT * 4096);
    for (i = 0; i < FRAME_COUNT; i++) {
        uint32_t other = (uint32_t)any(i + 1);

        free_list[i] = free_list[other];
        free_list[other] = i;
    }
    free_count = FRAME_COUNT;
}

/* The first frame is at address 0. */
static uint32_t frame_number(axaddr_hpa_t frame) {
    uint64_t number = frame.raw / FRAME_DISTANCE;

    if (memory == 0 || frame.raw % FRAME_DISTANCE != 0 || number >= FRAME_COUNT ||
        !is_used[number]) {
        is_misused = true;
        return 0;
    }
    return (uint32_t)number;
}

static inline bool test_alloc(void *ctx, axaddr_hpa_t *frame) {
    uint32_t number;

    (void)ctx;
    if (allowed == 0 || free_count == 0) {
        return false;
    }
    allowed--;
    free_count--;
    used_count++;
    number = free_list[free_count];
    is_used[number] = true;
    *frame = axaddr_hpa(number * FRAME_DISTANCE);
    memset(memory + (size_t)number * 4096, 0xa5, 4096);
    return true;
}

static inline void test_free(void *ctx, axaddr_hpa_t frame) {
    uint32_t number = frame_number(frame);

    (void)ctx;
    memset(memory + (size_t)number * 4096, 0x5a, 4096);
    is_used[number] = false;
    free_list[free_count++] = number;
    used_count--;
}

static inline void *test_at(void *ctx, axaddr_hpa_t frame) {
    (void)ctx;
    visit_count++;
    return memory + (size_t)frame_number(frame) * 4096;
}

static const struct axaddr_hal test_hal = {
    .alloc_frame = test_alloc,
    .free_frame = test_free,
    .frame_at = test_at,
};

#endif /* AXADDR_TESTS_RANGE_FRAMES_H */
