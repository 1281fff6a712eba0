/* SPDX-License-Identifier: MIT
 *
 * threads.h: the scenario of two vCPUs that fault at once in one area. Each plays on a thread with
 * frames of its own; one alone resolves the same faults, on the same pages with the same frames.
 */
#ifndef BENCH_THREADS_H
#define BENCH_THREADS_H

#include <pthread.h>
#include <sched.h>

#include "measure.h"
#include "walks.h"

#define THREAD_COUNT  2
#define THREAD_ROUNDS 5 /* in each one: short, so that others on the machine spoil fewer */
#define THREAD_SIZE   (64 * MIB)
#define THREAD_FRAMES (ARENA_PHYSICAL + 256 * MIB) /* below are those for tables */

struct vcpu {
    pthread_t thread;
    struct arena arena;
    void (*faults)(struct vcpu *w);
    const uint64_t *order;
    uint64_t count;
    uint64_t failure_count;
    double start;
    double end;
} __attribute__((aligned(128)));

static struct vcpu vcpus[THREAD_COUNT];
static unsigned expected_count;
static unsigned ready_count;

NOIPA FLAT static void vcpu_faults(struct vcpu *w){
    FAULT_LOOP(vc_handle_fault(&world.vc, axaddr_gpa(*gpa), AXADDR_WRITE) == AXADDR_FAULT_RESOLVED)}

NOIPA FLAT static void vcpu_faults_hot(struct vcpu *w){
    FAULT_LOOP(vh_handle_fault(&world.vh, axaddr_gpa(*gpa), AXADDR_WRITE) == AXADDR_FAULT_RESOLVED)}

/** What zeroing the same frames takes, and nothing else. */
NOIPA static void vcpu_zeroes(struct vcpu *w) {
    uint64_t frame = w->arena.next;
    uint64_t end = frame + w->count * ARENA_FRAME;

    for (; frame != end; frame += ARENA_FRAME) {
        axaddr_zero(arena_at(frame), ARENA_FRAME);
    }
}

/** Keep this thread on a CPU of its own, if there is one, or they may run by turns on the same. */
static void vcpu_pin(unsigned index) {
    cpu_set_t cpus;
    unsigned cpu;

    CHECK(sched_getaffinity(0, sizeof cpus, &cpus) == 0);
    for (cpu = 0; cpu < CPU_SETSIZE; cpu++) {
        if (CPU_ISSET(cpu, &cpus) && index-- == 0) {
            CPU_ZERO(&cpus);
            CPU_SET(cpu, &cpus);
            CHECK(sched_setaffinity(0, sizeof cpus, &cpus) == 0);
            return;
        }
    }
}

static void *vcpu_run(void *argument) {
    struct vcpu *vcpu = (struct vcpu *)argument;

    vcpu_pin((unsigned)(vcpu - vcpus));
    arena_vcpu = vcpu->arena;
    __atomic_fetch_add(&ready_count, 1, __ATOMIC_ACQ_REL);
    while (__atomic_load_n(&ready_count, __ATOMIC_ACQUIRE) != expected_count) {
        AXADDR_CPU_RELAX();
    }
    vcpu->start = now_ns();
    vcpu->faults(vcpu);
    vcpu->end = now_ns();
    return 0;
}

/** Resolve the faults of `order` by `vcpu_count` threads, a part each: nanoseconds in all. */
static double vcpus_run(void (*faults)(struct vcpu *), unsigned vcpu_count, uint64_t count) {
    double start = 0;
    double end = 0;
    unsigned i;

    expected_count = vcpu_count;
    ready_count = 0;
    for (i = 0; i < vcpu_count; i++) {
        struct vcpu *vcpu = &vcpus[i];

        vcpu->faults = faults;
        vcpu->count = count / vcpu_count;
        vcpu->order = order + i * vcpu->count;
        vcpu->failure_count = 0;
        arena_reset(&vcpu->arena);
        vcpu->arena.next = THREAD_FRAMES + i * vcpu->count * ARENA_FRAME;
        CHECK(pthread_create(&vcpu->thread, 0, vcpu_run, vcpu) == 0);
    }
    for (i = 0; i < vcpu_count; i++) {
        CHECK(pthread_join(vcpus[i].thread, 0) == 0);
        CHECK(vcpus[i].failure_count == 0);
        start = i == 0 || vcpus[i].start < start ? vcpus[i].start : start;
        end = i == 0 || vcpus[i].end > end ? vcpus[i].end : end;
    }
    return end - start;
}

/** Each page has the zeroed frame that its vCPU had next; of `frame_count`, over and over. */
static void check_vcpus(unsigned vcpu_count, uint64_t count, uint64_t frame_count) {
    uint64_t part = count / vcpu_count;
    uint64_t i;

    for (i = 0; i < count; i++) {
        uint64_t at = i / part * part + i % part % frame_count;
        uint64_t hpa;

        CHECK(limit_translate_checked(world.root, order[i], &hpa));
        CHECK(hpa == THREAD_FRAMES + at * ARENA_FRAME);
        CHECK(*(const uint64_t *)arena_at(hpa) == 0);
    }
}

/** Reserve an area, with all its leaf tables; where its pages are; dirty frames for them. */
static uint64_t vcpus_area(bool is_mixed) {
    uint64_t count;

    fresh_vc();
    CHECK(vc_map_alloc(&world.vc, axaddr_gpa(GPA_BASE), THREAD_SIZE, RWX, AXADDR_LAZY) ==
          AXADDR_OK);
    FAULT_TABLES(vc_handle_fault, &world.vc, THREAD_SIZE);
    world.vh.core = world.vc.core; /* the same table: its own HAL has no frames for tables */
    count = list_pages(THREAD_SIZE, ARENA_FRAME);
    if (is_mixed) {
        shuffle(order, count);
    } else {
        shuffle(order, count / 2);
        shuffle(order + count / 2, count / 2);
    }
    dirty_frames(THREAD_FRAMES, count);
    return count;
}

/** One and then two of them; `frame_count`: how many frames each has, 0 for one for each fault. */
static void run_vcpus(const char *one, const char *two, void (*faults)(struct vcpu *),
                      uint64_t frame_count, bool is_mixed) {
    unsigned i;

    for (i = 1; i <= THREAD_COUNT; i++) {
        uint64_t count = vcpus_area(is_mixed);

        add_result(result_of(i == 1 ? one : two), count, vcpus_run(faults, i, count));
        if (faults != vcpu_zeroes) {
            check_vcpus(i, count, frame_count != 0 ? frame_count : count);
        }
    }
}

static void run_threads(void) {
    unsigned i;

    for (i = 0; i < THREAD_ROUNDS; i++) {
        run_vcpus("vcpu", "vcpus", vcpu_faults, 0, false);
        run_vcpus("vcpu_zero", "vcpus_zero", vcpu_zeroes, 0, false);
        run_vcpus("vcpu_hot", "vcpus_hot", vcpu_faults_hot, ARENA_HOT_COUNT, false);
        run_vcpus("vcpu_mixed", "vcpus_mixed", vcpu_faults_hot, ARENA_HOT_COUNT, true);
    }
}

#endif /* BENCH_THREADS_H */
