/* SPDX-License-Identifier: MIT
 *
 * test_device_bus_threads.c: threads that access devices of a bus while another adds and removes
 * some: those that stay are always found, those that come and go are found whole or not at all, and
 * after a wait for the others nobody is in a handler of what was removed.
 */
#include <pthread.h>
#include <sched.h>
#include <unistd.h>

#define AXADDR_CPU_RELAX() sched_yield()

#include "axaddr_core/device_bus.h"
#include "check.h"

#define READER_COUNT 2u
#define DEVICE_COUNT 24u /* every third one stays */
#define EDIT_COUNT   4000u

AXADDR_DEFINE_DEVICE_BUS(mmio, axaddr_gpa, 32);

static struct mmio bus;
static struct axaddr_quiesce_cpu cpus[READER_COUNT];

/** What a handler needs of its device. Not atomic: only the wait keeps it from a race. */
struct thing {
    uint64_t first;
    uint64_t is_there;
    uint64_t access_count[READER_COUNT];
};
static struct thing things[DEVICE_COUNT];
static _Thread_local unsigned this_cpu;

static uint64_t first_of(unsigned number) {
    return 0x1000 + (uint64_t)number * 0x20;
}

static enum axaddr_status serve(void *arg, struct axaddr_device_access *access) {
    struct thing *thing = (struct thing *)arg;

    access->value = thing->is_there;
    if (thing->first != access->address - access->offset || access->offset > 0x1f) {
        access->value = 99; /* what was copied does not belong together */
    }
    thing->access_count[this_cpu]++;
    return AXADDR_OK;
}

static bool stays(unsigned number) {
    return number % 3 == 0;
}

static enum axaddr_status add(unsigned number) {
    struct axaddr_device device = {serve, &things[number], number, "thing"};

    things[number].first = first_of(number);
    things[number].is_there = 1;
    return mmio_add(&bus, axaddr_gpa(first_of(number)), axaddr_gpa(first_of(number) + 0x1f),
                    &device);
}

/* ---- those who access ---- */

static struct {
    pthread_t thread;
    unsigned number;
    uint64_t found_count;
    char error[120];
} readers[READER_COUNT];
static unsigned is_over;

static void check_next(unsigned reader, uint64_t at) {
    struct mmio_entry entry;
    enum axaddr_status status = mmio_next(&bus, axaddr_gpa(at), &entry);

    if (status == AXADDR_OK && (entry.device.cookie >= DEVICE_COUNT ||
                                entry.device.arg != (void *)&things[entry.device.cookie] ||
                                entry.first.raw != first_of(entry.device.cookie) ||
                                entry.last.raw != entry.first.raw + 0x1f || entry.last.raw < at)) {
        snprintf(readers[reader].error, sizeof readers[reader].error, "next of 0x%llx tells 0x%llx",
                 (unsigned long long)at, (unsigned long long)entry.first.raw);
    }
}

static void access_once(unsigned reader, uint64_t random, struct axaddr_bus_hint *hint) {
    unsigned number = (unsigned)(random % DEVICE_COUNT);
    uint64_t at = first_of(number) + random / 64 % 0x1d;
    struct axaddr_device_access access;
    enum axaddr_status status;

    access.address = 0;
    access.offset = 0;
    access.value = 55;
    access.width = AXADDR_WIDTH_4;
    access.is_write = false;
    axaddr_quiesce_enter(&cpus[reader]);
    status = mmio_access(&bus, random / 4096 % 2 == 0 ? hint : 0, axaddr_gpa(at), &access);
    axaddr_quiesce_leave(&cpus[reader]);
    __atomic_fetch_add(&readers[reader].found_count, status == AXADDR_OK ? 1u : 0u,
                       __ATOMIC_RELAXED);
    if (status == AXADDR_OK
            ? access.value != 1
            : status != AXADDR_BUSY && (status != AXADDR_NOT_MAPPED || stays(number))) {
        snprintf(readers[reader].error, sizeof readers[reader].error,
                 "0x%llx of device %u: %s, value %llu", (unsigned long long)at, number,
                 axaddr_status_name(status), (unsigned long long)access.value);
    }
    if (random / 8192 % 8 == 0) {
        check_next(reader, at);
    }
}

static void *read_all_the_time(void *argument) {
    unsigned reader = *(unsigned *)argument;
    struct axaddr_bus_hint hint = {0};
    uint64_t random = 77 + reader;

    this_cpu = reader;
    while (!__atomic_load_n(&is_over, __ATOMIC_ACQUIRE) && readers[reader].error[0] == '\0') {
        random = random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        access_once(reader, random >> 33, &hint);
    }
    __atomic_fetch_add(&readers[reader].found_count, 1000u, __ATOMIC_RELAXED); /* do not wait */
    return 0;
}

/** Whether each reader has met devices often enough; one may have to wait for a CPU for long. */
static bool all_have_found(void) {
    unsigned i;

    for (i = 0; i < READER_COUNT; i++) {
        if (__atomic_load_n(&readers[i].found_count, __ATOMIC_RELAXED) <= 100) {
            return false;
        }
    }
    return true;
}

/* ---- the case ---- */

static void edit(uint64_t random) {
    unsigned number = (unsigned)(random % DEVICE_COUNT);
    struct mmio_entry entry;

    if (stays(number)) {
        return;
    }
    if (mmio_find(&bus, axaddr_gpa(first_of(number)), &entry) != AXADDR_OK) {
        CHECK_EQ(add(number), AXADDR_OK);
        return;
    }
    CHECK_EQ(mmio_remove(&bus, axaddr_gpa(first_of(number))), AXADDR_OK);
    axaddr_quiesce_wait(cpus, READER_COUNT);
    things[number].is_there = 0; /* the device is gone: nobody may look at it any more */
}

static void devices_come_and_go(void) {
    uint64_t random = 4711;
    unsigned i;

    CHECK_EQ(mmio_init(&bus, axaddr_gpa(0), axaddr_gpa(UINT64_MAX)), AXADDR_OK);
    for (i = 0; i < DEVICE_COUNT; i++) {
        if (stays(i)) {
            CHECK_EQ(add(i), AXADDR_OK);
        }
    }
    for (i = 0; i < READER_COUNT; i++) {
        readers[i].number = i;
        if (pthread_create(&readers[i].thread, 0, read_all_the_time, &readers[i].number) != 0) {
            abort();
        }
    }
    for (i = 0; (i < EDIT_COUNT || !all_have_found()) && !check_case_failed; i++) {
        random = random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        edit(random >> 33);
        if (i % 16 == 0) {
            sched_yield();
        }
    }
    __atomic_store_n(&is_over, 1, __ATOMIC_RELEASE);
    for (i = 0; i < READER_COUNT; i++) {
        (void)pthread_join(readers[i].thread, 0);
    }
    for (i = 0; i < READER_COUNT; i++) {
        CHECK_STR(readers[i].error, "");
        CHECK(readers[i].found_count > 1100);
    }
}

int main(void) {
    alarm(300); /* to wait for what never comes is a failure */
    CASE(devices_come_and_go);
    return check_report("test_device_bus_threads");
}
