/* SPDX-License-Identifier: MIT
 *
 * bench.c: what the library's operations cost on x86 EPT with four levels: in the instance for one
 * vCPU, beside loops written by hand that do the same loads and stores, and in the one for many.
 * Run it by bench/run.sh, which prints the table.
 *
 *     bench ns [rounds]   each scenario `rounds` times: name, count, areas, and nanoseconds of one:
 *                         the median of the rounds, and the best
 *     bench instr         each scenario once, under callgrind: the same, without the nanoseconds
 *
 * What is measured is in functions timed_*, and nothing else is in them: callgrind collects inside
 * them only. Each scenario proves afterwards that the work was done.
 */
#define _GNU_SOURCE
#include <sys/mman.h>

#include "areas.h"
#include "concurrent.h"
#include "devices.h"
#include "guest_walks.h"
#include "measure.h"
#include "ranges.h"
#include "steps.h"
#include "threads.h"
#include "walks.h"

/* ---- map, protect, unmap: 1 GiB of 4K pages, 64 GiB of 2M leaves ---- */

TIMED timed_map_4k(struct world *w) {
    w->failure_count +=
        vm_map_linear(&w->vm, axaddr_gpa(GPA_BASE), axaddr_hpa(HPA_4K), GIB, RWX) != AXADDR_OK;
}

TIMED timed_map_2m(struct world *w) {
    w->failure_count +=
        vm_map_linear(&w->vm, axaddr_gpa(GPA_BASE), axaddr_hpa(HPA_2M), 64 * GIB, RWX) != AXADDR_OK;
}

TIMED timed_protect_4k(struct world *w) {
    w->failure_count += vm_protect(&w->vm, axaddr_gpa(GPA_BASE), GIB, RX) != AXADDR_OK;
}

TIMED timed_unmap_4k(struct world *w) {
    w->failure_count += vm_unmap(&w->vm, axaddr_gpa(GPA_BASE), GIB) != AXADDR_OK;
}

TIMED timed_unmap_2m(struct world *w) {
    w->failure_count += vm_unmap(&w->vm, axaddr_gpa(GPA_BASE), 64 * GIB) != AXADDR_OK;
}

TIMED timed_limit_map_4k(struct world *w) {
    limit_map(&w->arena, w->root, 0, GPA_BASE, GIB, HPA_4K | EPT_MEMORY | 7);
}

TIMED timed_limit_map_2m(struct world *w) {
    limit_map(&w->arena, w->root, 1, GPA_BASE, 64 * GIB, HPA_2M | LIMIT_LARGE | EPT_MEMORY | 7);
}

TIMED timed_limit_protect_4k(struct world *w) {
    limit_protect(w->root, GPA_BASE, GIB, EPT_MEMORY | 5);
}

TIMED timed_limit_unmap_4k(struct world *w) {
    limit_unmap(&w->arena, w->root, 0, GPA_BASE, GIB);
}

TIMED timed_limit_unmap_2m(struct world *w) {
    limit_unmap(&w->arena, w->root, 1, GPA_BASE, 64 * GIB);
}

static void run_map_4k(void) {
    fresh_vm(0, 1024 * GIB);
    MEASURE(map_4k, GIB / (4 * KIB));
    check_mapped(GIB, 0, HPA_4K, RWX);
    CHECK(world.arena.flush_count == 0);
    MEASURE(protect_4k, GIB / (4 * KIB));
    check_mapped(GIB, 0, HPA_4K, RX);
    CHECK(world.arena.flush_count == 1);
    MEASURE(unmap_4k, GIB / (4 * KIB));
    CHECK(world.arena.flush_count == 2 && arena_live(&world.arena) == 1);

    fresh_limit();
    MEASURE(limit_map_4k, GIB / (4 * KIB));
    check_mapped(GIB, 0, HPA_4K, RWX);
    MEASURE(limit_protect_4k, GIB / (4 * KIB));
    check_mapped(GIB, 0, HPA_4K, RX);
    MEASURE(limit_unmap_4k, GIB / (4 * KIB));
    CHECK(arena_live(&world.arena) == 3);
}

static void run_map_2m(void) {
    fresh_vm(0, 1024 * GIB);
    MEASURE(map_2m, 64 * GIB / (2 * MIB));
    check_mapped(64 * GIB, 1, HPA_2M, RWX);
    MEASURE(unmap_2m, 64 * GIB / (2 * MIB));
    CHECK(world.arena.flush_count == 1 && arena_live(&world.arena) == 1);

    fresh_limit();
    MEASURE(limit_map_2m, 64 * GIB / (2 * MIB));
    check_mapped(64 * GIB, 1, HPA_2M, RWX);
    MEASURE(limit_unmap_2m, 64 * GIB / (2 * MIB));
    CHECK(arena_live(&world.arena) == 2);
}

/* ---- populate 256 MiB; what zeroing and the allocator cost by themselves ---- */

TIMED timed_populate(struct world *w) {
    w->failure_count +=
        vm_map_alloc(&w->vm, axaddr_gpa(GPA_BASE), 256 * MIB, RWX, AXADDR_POPULATE) != AXADDR_OK;
}

TIMED timed_unmap_owned(struct world *w) {
    w->failure_count += vm_unmap(&w->vm, axaddr_gpa(GPA_BASE), 256 * MIB) != AXADDR_OK;
}

TIMED timed_limit_populate(struct world *w) {
    limit_populate(&w->arena, w->root, GPA_BASE, 256 * MIB, EPT_MEMORY | 7);
}

TIMED timed_zero(struct world *w) {
    uint64_t frame = ARENA_PHYSICAL;
    uint64_t end = frame + w->count * ARENA_FRAME;

    for (; frame != end; frame += ARENA_FRAME) {
        axaddr_zero(arena_at(frame), ARENA_FRAME);
    }
}

/** The loop of timed_zero. */
TIMED timed_zero_loop(struct world *w) {
    uint64_t frame = ARENA_PHYSICAL;
    uint64_t end = frame + w->count * ARENA_FRAME;

    for (; frame != end; frame += ARENA_FRAME) {
        __asm__ volatile("" : : "r"(frame));
    }
}

#define ALLOC_LOOP(alloc)                                                                          \
    uint64_t i;                                                                                    \
                                                                                                   \
    for (i = w->count; i != 0; i--) {                                                              \
        axaddr_hpa_t frame;                                                                        \
                                                                                                   \
        if (!(alloc)) {                                                                            \
            w->failure_count++;                                                                    \
            return;                                                                                \
        }                                                                                          \
        __asm__ volatile("" : : "r"(frame.raw) : "memory");                                        \
    }

TIMED timed_alloc(struct world *w){ALLOC_LOOP(arena_hal_alloc(&w->arena, &frame))}

TIMED timed_alloc_vc(struct world *w){ALLOC_LOOP(arena_vcpu_alloc(&w->lock, &frame))}

/** The loop of timed_alloc. */
TIMED timed_alloc_loop(struct world *w) {
    uint64_t i;

    for (i = w->count; i != 0; i--) {
        __asm__ volatile("" : : "r"(i) : "memory");
    }
}

static void run_populate(void) {
    const uint64_t count = 256 * MIB / ARENA_FRAME;
    const uint64_t *last = (const uint64_t *)arena_at(ARENA_PHYSICAL + (count - 1) * ARENA_FRAME);
    struct axaddr_stats stats;

    fresh_vm(0, 1024 * GIB);
    MEASURE(populate, count);
    vm_stats(&world.vm, &stats);
    CHECK(stats.leaf_count[0] == count);
    CHECK(arena_live(&world.arena) == count + tables_for(256 * MIB, 0) + 1);
    MEASURE(unmap_owned, count);
    CHECK(arena_live(&world.arena) == 1);

    fresh_limit();
    MEASURE(limit_populate, count);
    CHECK(arena_live(&world.arena) == count + tables_for(256 * MIB, 0) + 1);

    arena_reset(&world.arena);
    MEASURE(alloc, count);
    CHECK(arena_live(&world.arena) == count);
    MEASURE(alloc_loop, count);
    arena_reset(&arena_vcpu);
    MEASURE(alloc_vc, count);
    CHECK(arena_live(&arena_vcpu) == count);
    memset(arena_at(ARENA_PHYSICAL), 1, count * ARENA_FRAME);
    MEASURE(zero, count);
    CHECK(last[0] == 0 && last[511] == 0);
    MEASURE(zero_loop, count);
}

/* ---- reserve 512 GiB ---- */

TIMED timed_reserve_aligned(struct world *w) {
    w->failure_count +=
        vm_map_alloc(&w->vm, axaddr_gpa(0), 512 * GIB, RWX, AXADDR_LAZY) != AXADDR_OK;
}

TIMED timed_reserve_4g(struct world *w) {
    w->failure_count +=
        vm_map_alloc(&w->vm, axaddr_gpa(GPA_BASE), 512 * GIB, RWX, AXADDR_LAZY) != AXADDR_OK;
}

static void check_reserved(uint64_t frame_count) {
    struct axaddr_stats stats;

    vm_stats(&world.vm, &stats);
    CHECK(stats.reserved_bytes == 512 * GIB && stats.mapped_bytes == 0);
    CHECK(arena_live(&world.arena) == frame_count && stats.table_count == frame_count);
}

static void run_reserve(void) {
    fresh_vm(0, 512 * GIB);
    MEASURE(reserve_aligned, 1);
    check_reserved(1); /* one entry of the root */
    fresh_vm(0, 1024 * GIB);
    MEASURE(reserve_4g, 1);
    check_reserved(3); /* the root, and two tables whose entries span 1 GiB */
}

/* ---- all of it ---- */

int main(int argc, char **argv) {
    static void (*const scenarios[])(void) = {run_map_4k,
                                              run_map_4k_vc,
                                              run_map_2m,
                                              run_map_2m_vc,
                                              run_populate,
                                              run_unmap_owned_vc,
                                              run_reserve,
                                              run_fault,
                                              run_fault_vc,
                                              run_areas,
                                              run_translate,
                                              run_translate_vc,
                                              run_guest_walk,
                                              run_split,
                                              run_steps,
                                              run_ranges,
                                              run_devices,
                                              run_threads,
                                              0};
    unsigned rounds = 1;
    unsigned i;
    unsigned j;

    is_timing = argc > 1 && strcmp(argv[1], "ns") == 0;
    if (argc < 2 || (!is_timing && strcmp(argv[1], "instr") != 0)) {
        fprintf(stderr, "usage: bench ns [rounds] | bench instr\n");
        return 2;
    }
    if (is_timing) {
        rounds = argc > 2 ? (unsigned)strtoul(argv[2], 0, 10) : 9;
        rounds = rounds < 1 ? 1 : rounds > ROUND_MAX ? ROUND_MAX : rounds;
    }
    CHECK(mmap((void *)(uintptr_t)ARENA_VIRTUAL, ARENA_SIZE, PROT_READ | PROT_WRITE,
               MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE, -1,
               0) == (void *)(uintptr_t)ARENA_VIRTUAL);
    world.areas = (struct axaddr_area *)calloc(65536, sizeof *world.areas);
    CHECK(world.areas != 0);
    for (i = 0; scenarios[i] != 0; i++) {
        if (scenarios[i] == run_threads && !is_timing) {
            continue; /* callgrind runs one thread at a time */
        }
        for (j = 0; j < rounds; j++) {
            scenarios[i]();
        }
    }
    print_results();
    return 0;
}
