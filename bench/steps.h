/* SPDX-License-Identifier: MIT
 *
 * steps.h: the scenarios of a table that changes its shape, and of a long edit in short steps.
 */
#ifndef BENCH_STEPS_H
#define BENCH_STEPS_H

#include "measure.h"

/* ---- split 4 GiB of 2M leaves into 4K pages, and collapse them again ---- */

#define SPLIT_SIZE (4 * GIB)

TIMED timed_split(struct world *w) {
    w->failure_count += vm_split(&w->vm, axaddr_gpa(GPA_BASE), SPLIT_SIZE) != AXADDR_OK;
}

TIMED timed_split_vc(struct world *w) {
    w->failure_count += vc_split(&w->vc, axaddr_gpa(GPA_BASE), SPLIT_SIZE) != AXADDR_OK;
}

TIMED timed_collapse(struct world *w) {
    w->failure_count += vm_collapse(&w->vm, axaddr_gpa(GPA_BASE), SPLIT_SIZE) != AXADDR_OK;
}

TIMED timed_collapse_vc(struct world *w) {
    w->failure_count += vc_collapse(&w->vc, axaddr_gpa(GPA_BASE), SPLIT_SIZE) != AXADDR_OK;
}

TIMED timed_limit_split(struct world *w) {
    limit_split(&w->arena, w->root, GPA_BASE, SPLIT_SIZE);
}

static void run_split(void) {
    const uint64_t count = SPLIT_SIZE / (4 * KIB);

    fresh_vm(0, 1024 * GIB);
    CHECK(vm_map_linear(&world.vm, axaddr_gpa(GPA_BASE), axaddr_hpa(HPA_2M), SPLIT_SIZE, RWX) ==
          AXADDR_OK);
    MEASURE(split, count);
    check_mapped(SPLIT_SIZE, 0, HPA_2M, RWX);
    MEASURE(collapse, count);
    check_mapped(SPLIT_SIZE, 1, HPA_2M, RWX);

    fresh_vc();
    CHECK(vc_map_linear(&world.vc, axaddr_gpa(GPA_BASE), axaddr_hpa(HPA_2M), SPLIT_SIZE, RWX) ==
          AXADDR_OK);
    MEASURE(split_vc, count);
    check_mapped(SPLIT_SIZE, 0, HPA_2M, RWX);
    MEASURE(collapse_vc, count);
    check_mapped(SPLIT_SIZE, 1, HPA_2M, RWX);

    fresh_limit();
    limit_map(&world.arena, world.root, 1, GPA_BASE, SPLIT_SIZE,
              HPA_2M | LIMIT_LARGE | EPT_MEMORY | RWX);
    MEASURE(limit_split, count);
    check_mapped(SPLIT_SIZE, 0, HPA_2M, RWX);
}

/* ---- unmap 1 GiB of owned pages at once, and in steps ---- */

#define STEP_BUDGET UINT64_C(512)

TIMED timed_unmap_gib(struct world *w) {
    w->failure_count += vm_unmap(&w->vm, axaddr_gpa(GPA_BASE), GIB) != AXADDR_OK;
}

/** One step; run.sh knows this name, and tells the sum of the calls and the longest. */
TIMED timed_step(struct world *w) {
    w->failure_count += vm_perform(&w->vm, &w->request, &w->terms) != AXADDR_OK;
}

/** Unmap 1 GiB in steps: what a page costs, and what the longest step costs. */
static void measure_steps(void) {
    double longest_ns = 0;
    double all_ns = 0;
    uint64_t count = 0;

    world.request.operation = AXADDR_OP_UNMAP;
    world.request.start = GPA_BASE;
    world.request.size = GIB;
    world.terms.budget = STEP_BUDGET;
    world.failure_count = 0;
    for (; world.request.size > 0 && world.failure_count == 0; count++) {
        double ns = clock_ns(CLOCK_THREAD_CPUTIME_ID); /* or others make one long */

        timed_step(&world);
        ns = clock_ns(CLOCK_THREAD_CPUTIME_ID) - ns;
        all_ns += ns;
        longest_ns = ns > longest_ns ? ns : longest_ns;
        world.request.start += world.terms.done;
        world.request.size -= world.terms.done;
    }
    CHECK(world.failure_count == 0 && count == GIB / (STEP_BUDGET * ARENA_FRAME));
    add_result(result_of("step"), GIB / ARENA_FRAME, all_ns);
    add_result(result_of("step_longest"), 1, longest_ns);
}

static void run_steps(void) {
    const uint64_t count = GIB / ARENA_FRAME;

    fresh_vm(0, 1024 * GIB);
    CHECK(vm_map_alloc(&world.vm, axaddr_gpa(GPA_BASE), GIB, RWX, AXADDR_POPULATE) == AXADDR_OK);
    MEASURE(unmap_gib, count);
    CHECK(arena_live(&world.arena) == 1);
    fresh_vm(0, 1024 * GIB);
    CHECK(vm_map_alloc(&world.vm, axaddr_gpa(GPA_BASE), GIB, RWX, AXADDR_POPULATE) == AXADDR_OK);
    measure_steps();
    CHECK(arena_live(&world.arena) == 1);
}

#endif /* BENCH_STEPS_H */
