/* SPDX-License-Identifier: MIT
 *
 * measure.h: what the scenarios share: the spaces, the measuring of one function, the results, and
 * setting up.
 */
#ifndef BENCH_MEASURE_H
#define BENCH_MEASURE_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "arena.h"
#include "limit.h"

AXADDR_DEFINE_SPACE(vm, axaddr_x86_ept, arena_hal);
AXADDR_DEFINE_SPACE(vx, axaddr_x86_ept, arena_ctx_hal);

#define GIB        (UINT64_C(1) << 30)
#define MIB        (UINT64_C(1) << 20)
#define KIB        (UINT64_C(1) << 10)
#define RWX        (AXADDR_READ | AXADDR_WRITE | AXADDR_EXECUTE)
#define RX         (AXADDR_READ | AXADDR_EXECUTE)
#define GPA_BASE   (4 * GIB)
#define HPA_4K     (256 * GIB + 4 * KIB) /* no large leaf fits */
#define HPA_2M     (256 * GIB + 2 * MIB) /* nothing larger than 2 MiB fits */
#define EPT_MEMORY (UINT64_C(6) << 3)

/* Measured: never inlined, cloned or analysed together with its caller. FLAT: with every generated
 * function that it calls inlined, as in a program that has one such call. */
#ifdef __clang__
#define NOIPA __attribute__((noinline))
#else
#define NOIPA __attribute__((noipa))
#endif
#define TIMED NOIPA static void
#define FLAT  __attribute__((flatten))

/** What a scenario works on. */
struct world {
    struct arena arena;
    struct vm vm;
    struct vx vx;
    uint64_t *root; /* of the loops by hand */
    const uint64_t *order;
    uint64_t count;
    struct axaddr_area *areas; /* the space's, in one array */
    uint64_t area_count;
    uint64_t sum;
    uint64_t failure_count;
};

static struct world world;
static uint64_t order[1 << 17];

/* ---- measuring ---- */

#define ROUND_MAX  101
#define RESULT_MAX 96

struct result {
    const char *name;
    uint64_t count;
    uint64_t areas; /* how many areas there were, where this is of interest */
    double ns[ROUND_MAX];
    unsigned rounds;
};

static struct result results[RESULT_MAX];
static unsigned result_count;
static bool is_timing;

static void check(bool is_true, const char *claim, int line) {
    if (!is_true) {
        fprintf(stderr, "bench.c:%d: not so: %s\n", line, claim);
        exit(1);
    }
}
#define CHECK(claim) check((claim), #claim, __LINE__)

static double now_ns(void) {
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec * 1e9 + (double)time.tv_nsec;
}

static struct result *result_of(const char *name) {
    unsigned i;

    for (i = 0; i < result_count; i++) {
        if (strcmp(results[i].name, name) == 0) {
            return &results[i];
        }
    }
    CHECK(result_count < RESULT_MAX);
    results[result_count].name = name;
    return &results[result_count++];
}

static struct result *measure(const char *name, void (*timed)(struct world *), uint64_t count) {
    struct result *result = result_of(name);
    double start;

    world.sum = 0;
    world.failure_count = 0;
    world.count = count;
    result->count = count;
    start = now_ns();
    timed(&world);
    if (is_timing) {
        result->ns[result->rounds++] = (now_ns() - start) / (double)count;
    }
    if (world.failure_count != 0) {
        fprintf(stderr, "%s: failed\n", name);
        exit(1);
    }
    return result;
}
#define MEASURE(name, count) measure(#name, timed_##name, (count))

/* ---- setting up ---- */

static void fresh_vm(uint64_t start, uint64_t size) {
    arena_reset(&world.arena);
    CHECK(vm_init(&world.vm, &world.arena, axaddr_gpa(start), size) == AXADDR_OK);
}

static void fresh_vx(void) {
    arena_reset(&world.arena);
    CHECK(vx_init(&world.vx, &world.arena, axaddr_gpa(0), 1024 * GIB) == AXADDR_OK);
}

static void fresh_limit(void) {
    axaddr_hpa_t root;

    arena_reset(&world.arena);
    CHECK(arena_take(&world.arena, ARENA_OFFSET, &root));
    world.root = (uint64_t *)arena_at(root.raw);
    memset(world.root, 0, ARENA_FRAME);
}

static uint64_t random_state;

static uint64_t random_next(void) {
    random_state = random_state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return random_state >> 33;
}

static void shuffle(uint64_t *numbers, uint64_t count) {
    uint64_t i;

    random_state = 42;
    for (i = count - 1; i > 0; i--) {
        uint64_t j = random_next() % (i + 1);
        uint64_t number = numbers[i];

        numbers[i] = numbers[j];
        numbers[j] = number;
    }
}

/** The tables that mapping `size` bytes from GPA_BASE on with leaves of `level` takes (no root). */
static uint64_t tables_for(uint64_t size, unsigned level) {
    uint64_t count = 0;

    for (; level < 3; level++) {
        uint64_t mask = (UINT64_C(1) << (21 + 9 * level)) - 1;

        count += ((GPA_BASE + size - 1) >> (21 + 9 * level)) - (GPA_BASE >> (21 + 9 * level)) + 1;
        CHECK(level > 0 || ((GPA_BASE | size) & mask) == 0);
    }
    return count;
}

/* ---- printing ---- */

static int compare_doubles(const void *left, const void *right) {
    double a = *(const double *)left;
    double b = *(const double *)right;

    return (a > b) - (a < b);
}

static void print_results(void) {
    unsigned i;

    for (i = 0; i < result_count; i++) {
        struct result *result = &results[i];

        qsort(result->ns, result->rounds, sizeof result->ns[0], compare_doubles);
        printf("%s\t%llu\t%llu\t%.4f\n", result->name, (unsigned long long)result->count,
               (unsigned long long)result->areas,
               result->rounds > 0 ? result->ns[result->rounds / 2] : 0.0);
    }
}

#endif /* BENCH_MEASURE_H */
