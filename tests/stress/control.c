/* SPDX-License-Identifier: MIT
 *
 * control.c: a race that ThreadSanitizer must report, or its silence about stress.c says nothing:
 * one thread edits a space while another looks, and the HAL has no lock, so that the engine reads
 * and writes entries as if it were alone.
 */
#include "../../axaddr.h"

#include <pthread.h>
#include <stdio.h>

#define FRAME_COUNT 8
#define FRAME_SIZE  4096
#define FRAME_BASE  UINT64_C(0x100000)

static uint8_t memory[FRAME_COUNT][FRAME_SIZE] __attribute__((aligned(FRAME_SIZE)));
static bool is_used[FRAME_COUNT];

static bool control_alloc_frame(void *ctx, axaddr_hpa_t *frame) {
    unsigned i = 0;

    (void)ctx;
    while (i < FRAME_COUNT && is_used[i]) {
        i++;
    }
    if (i == FRAME_COUNT) {
        return false;
    }
    is_used[i] = true;
    *frame = axaddr_hpa(FRAME_BASE + i * FRAME_SIZE);
    return true;
}

static void control_free_frame(void *ctx, axaddr_hpa_t frame) {
    (void)ctx;
    is_used[(frame.raw - FRAME_BASE) / FRAME_SIZE] = false;
}

static void *control_frame_at(void *ctx, axaddr_hpa_t frame) {
    (void)ctx;
    return memory[(frame.raw - FRAME_BASE) / FRAME_SIZE];
}

static void control_flush_tlb(void *ctx, const struct axaddr_flush *plan) {
    (void)ctx;
    (void)plan;
}

static const struct axaddr_hal control_hal = {
    .alloc_frame = control_alloc_frame,
    .free_frame = control_free_frame,
    .frame_at = control_frame_at,
    .flush_tlb = control_flush_tlb,
};

AXADDR_DEFINE_SPACE(vm, axaddr_x86_ept, control_hal);

static struct vm guest;

static void *run_looker(void *argument) {
    unsigned *found = (unsigned *)argument;
    unsigned i;

    for (i = 0; i < 10000; i++) {
        axaddr_hpa_t hpa;
        *found += vm_translate(&guest, axaddr_gpa(0x1000), &hpa) == AXADDR_OK;
    }
    return 0;
}

int main(void) {
    const uint32_t flags[] = {AXADDR_READ, AXADDR_READ | AXADDR_WRITE};
    unsigned found = 0;
    pthread_t looker;
    unsigned i;

    if (vm_init(&guest, 0, axaddr_gpa(0), UINT64_C(1) << 30) != AXADDR_OK ||
        vm_map_linear(&guest, axaddr_gpa(0), axaddr_hpa(0), 0x2000, flags[1]) != AXADDR_OK ||
        pthread_create(&looker, 0, run_looker, &found) != 0) {
        return 2;
    }
    for (i = 0; i < 10000; i++) {
        if (vm_protect(&guest, axaddr_gpa(0x1000), 0x1000, flags[i % 2]) != AXADDR_OK) {
            return 2;
        }
    }
    pthread_join(looker, 0);
    printf("found %u times\n", found);
    return 0;
}
