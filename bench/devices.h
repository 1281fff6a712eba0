/* SPDX-License-Identifier: MIT
 *
 * devices.h: the scenarios of a bus of emulated devices: accesses that go from any device to any
 * other, or stay with one. The handlers do nothing.
 */
#ifndef BENCH_DEVICES_H
#define BENCH_DEVICES_H

#include "../axaddr_core/device_bus.h"
#include "measure.h"

#define DEVICE_COUNT 64u
#define ACCESS_COUNT (UINT64_C(1) << 16)
#define DEVICE_BASE  UINT64_C(0x9000000)
#define DEVICE_STEP  UINT64_C(0x200) /* as virtio's: eight in a page */

AXADDR_DEFINE_DEVICE_BUS(devices, axaddr_gpa, DEVICE_COUNT);

static struct devices devices;

/* What the bus does in an array by hand, for one CPU that never edits: nothing is checked but
 * whether the access is in the range. */
struct plain_device {
    uint64_t first;
    uint64_t last;
    axaddr_device_handler handler;
    void *arg;
};
static struct plain_device plain_devices[DEVICE_COUNT];

NOIPA static enum axaddr_status serve_nothing(void *arg, struct axaddr_device_access *access) {
    (void)arg;
    (void)access;
    return AXADDR_OK;
}

static inline enum axaddr_status plain_access(uint64_t gpa, struct axaddr_device_access *access) {
    uint32_t low = 0;
    uint32_t high = DEVICE_COUNT;

    while (high - low > 1) {
        uint32_t middle = (low + high) / 2;

        if (plain_devices[middle].first <= gpa) {
            low = middle;
        } else {
            high = middle;
        }
    }
    if (gpa < plain_devices[low].first ||
        gpa + (uint64_t)access->width - 1 > plain_devices[low].last) {
        return AXADDR_NOT_MAPPED;
    }
    access->address = gpa;
    access->offset = gpa - plain_devices[low].first;
    return plain_devices[low].handler(plain_devices[low].arg, access);
}

#define ACCESS_LOOP(call)                                                                          \
    const uint64_t *gpa = w->order;                                                                \
    const uint64_t *end = gpa + w->count;                                                          \
    struct axaddr_device_access access;                                                            \
    struct axaddr_bus_hint hint = {0};                                                             \
    uint64_t sum = 0;                                                                              \
                                                                                                   \
    (void)hint;                                                                                    \
    access.address = 0;                                                                            \
    access.offset = 0;                                                                             \
    access.value = 0;                                                                              \
    access.width = AXADDR_WIDTH_4;                                                                 \
    access.is_write = false;                                                                       \
    __asm__ volatile("" : : "r"(&access) : "memory"); /* nothing is known of it */                 \
    for (; gpa != end; gpa++) {                                                                    \
        if ((call) != AXADDR_OK) {                                                                 \
            w->failure_count++;                                                                    \
            return;                                                                                \
        }                                                                                          \
        sum += access.offset;                                                                      \
    }                                                                                              \
    w->sum = sum;

FLAT TIMED timed_device_any(struct world *w){
    ACCESS_LOOP(devices_access(&devices, 0, axaddr_gpa(*gpa), &access))}

FLAT TIMED timed_device_any_hint(struct world *w){
    ACCESS_LOOP(devices_access(&devices, &hint, axaddr_gpa(*gpa), &access))}

FLAT TIMED timed_device_again(struct world *w){
    ACCESS_LOOP(devices_access(&devices, &hint, axaddr_gpa(*gpa), &access))}

FLAT TIMED timed_limit_device_any(struct world *w){ACCESS_LOOP(plain_access(*gpa, &access))}

FLAT TIMED timed_device_loop(struct world *w) {
    ACCESS_LOOP((access.offset = *gpa & 0x1ff, plain_devices[0].handler(w, &access)))
}

static void run_devices(void) {
    struct axaddr_device device = {serve_nothing, 0, 0, 0};
    uint64_t last = 0;
    uint64_t sum;
    uint64_t i;

    CHECK(devices_init(&devices, axaddr_gpa(0), axaddr_gpa(UINT64_MAX)) == AXADDR_OK);
    for (i = 0; i < DEVICE_COUNT; i++) {
        uint64_t first = DEVICE_BASE + i * DEVICE_STEP;

        CHECK(devices_add(&devices, axaddr_gpa(first), axaddr_gpa(first + DEVICE_STEP - 1),
                          &device) == AXADDR_OK);
        plain_devices[i].first = first;
        plain_devices[i].last = first + DEVICE_STEP - 1;
        plain_devices[i].handler = serve_nothing;
    }
    world.order = order;
    random_state = 42;
    for (i = 0; i < ACCESS_COUNT; i++) { /* never the same device twice in a row */
        last = (last + 1 + random_next() % (DEVICE_COUNT - 1)) % DEVICE_COUNT;
        order[i] = DEVICE_BASE + last * DEVICE_STEP + (random_next() % (DEVICE_STEP - 4));
    }
    MEASURE(device_any, ACCESS_COUNT);
    sum = world.sum;
    MEASURE(device_any_hint, ACCESS_COUNT);
    CHECK(world.sum == sum);
    MEASURE(limit_device_any, ACCESS_COUNT);
    CHECK(world.sum == sum);
    MEASURE(device_loop, ACCESS_COUNT);
    for (i = 0; i < ACCESS_COUNT; i++) {
        order[i] = DEVICE_BASE + 37 * DEVICE_STEP + (random_next() % (DEVICE_STEP - 4));
    }
    MEASURE(device_again, ACCESS_COUNT);
    CHECK(world.sum != 0);
}

#endif /* BENCH_DEVICES_H */
