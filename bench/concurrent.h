/* SPDX-License-Identifier: MIT
 *
 * concurrent.h: scenarios of bench.c and walks.h once more, in a space that any number of vCPUs
 * may be in. Only one is: what is measured is what the lock and the atomic accesses cost.
 */
#ifndef BENCH_CONCURRENT_H
#define BENCH_CONCURRENT_H

#include "measure.h"
#include "walks.h"

TIMED timed_map_4k_vc(struct world *w) {
    w->failure_count +=
        vc_map_linear(&w->vc, axaddr_gpa(GPA_BASE), axaddr_hpa(HPA_4K), GIB, RWX) != AXADDR_OK;
}

TIMED timed_map_2m_vc(struct world *w) {
    w->failure_count +=
        vc_map_linear(&w->vc, axaddr_gpa(GPA_BASE), axaddr_hpa(HPA_2M), 64 * GIB, RWX) != AXADDR_OK;
}

TIMED timed_protect_4k_vc(struct world *w) {
    w->failure_count += vc_protect(&w->vc, axaddr_gpa(GPA_BASE), GIB, RX) != AXADDR_OK;
}

TIMED timed_unmap_4k_vc(struct world *w) {
    w->failure_count += vc_unmap(&w->vc, axaddr_gpa(GPA_BASE), GIB) != AXADDR_OK;
}

TIMED timed_unmap_2m_vc(struct world *w) {
    w->failure_count += vc_unmap(&w->vc, axaddr_gpa(GPA_BASE), 64 * GIB) != AXADDR_OK;
}

TIMED timed_unmap_owned_vc(struct world *w) {
    w->failure_count += vc_unmap(&w->vc, axaddr_gpa(GPA_BASE), 256 * MIB) != AXADDR_OK;
}

FLAT TIMED timed_fault_vc(struct world *w){
    FAULT_LOOP(vc_handle_fault(&w->vc, axaddr_gpa(*gpa), AXADDR_WRITE) == AXADDR_FAULT_RESOLVED)}

FLAT TIMED timed_translate_vc(struct world *w) {
    TRANSLATE_LOOP(vc_translate(&w->vc, axaddr_gpa(gpa), &hpa) == AXADDR_OK)
}

static void run_map_4k_vc(void) {
    fresh_vc();
    MEASURE(map_4k_vc, GIB / (4 * KIB));
    check_mapped(GIB, 0, HPA_4K, RWX);
    MEASURE(protect_4k_vc, GIB / (4 * KIB));
    check_mapped(GIB, 0, HPA_4K, RX);
    MEASURE(unmap_4k_vc, GIB / (4 * KIB));
    CHECK(arena_vcpu.flush_count == 2 && arena_live(&arena_vcpu) == 1);
}

static void run_map_2m_vc(void) {
    fresh_vc();
    MEASURE(map_2m_vc, 64 * GIB / (2 * MIB));
    check_mapped(64 * GIB, 1, HPA_2M, RWX);
    MEASURE(unmap_2m_vc, 64 * GIB / (2 * MIB));
    CHECK(arena_vcpu.flush_count == 1 && arena_live(&arena_vcpu) == 1);
}

static void run_unmap_owned_vc(void) {
    fresh_vc();
    CHECK(vc_map_alloc(&world.vc, axaddr_gpa(GPA_BASE), 256 * MIB, RWX, AXADDR_POPULATE) ==
          AXADDR_OK);
    MEASURE(unmap_owned_vc, 256 * MIB / ARENA_FRAME);
    CHECK(arena_live(&arena_vcpu) == 1);
}

static void run_fault_vc(void) {
    const uint64_t size = 256 * MIB;
    uint64_t count;
    uint64_t live;

    fresh_vc();
    CHECK(vc_map_alloc(&world.vc, axaddr_gpa(GPA_BASE), size, RWX, AXADDR_LAZY) == AXADDR_OK);
    FAULT_TABLES(vc_handle_fault, &world.vc, size);
    count = order_pages(size, ARENA_FRAME);
    dirty_next(count);
    live = arena_live(&arena_vcpu);
    MEASURE(fault_vc, count);
    check_faulted(live, count);
}

static void run_translate_vc(void) {
    const uint64_t sum = translate_sum();

    fresh_vc();
    CHECK(vc_map_linear(&world.vc, axaddr_gpa(GPA_BASE), axaddr_hpa(HPA_4K), TRANSLATE_SIZE, RWX) ==
          AXADDR_OK);
    MEASURE(translate_vc, TRANSLATE_COUNT);
    CHECK(world.sum == sum);
}

#endif /* BENCH_CONCURRENT_H */
