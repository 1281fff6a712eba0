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
AXADDR_DEFINE_SPACE(vc, axaddr_x86_ept, arena_vcpu_hal);
AXADDR_DEFINE_SPACE(vh, axaddr_x86_ept, arena_hot_hal);

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
    struct vc vc;
    struct vh vh;
    uint32_t lock;        /* of vc and vh */
    struct arena *frames; /* where those of the scenario come from */
    uint64_t *root;       /* of the table, for the loops by hand and for checking */
    struct axaddr_request request;
    struct axaddr_terms terms;
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
    uint64_t areas;       /* how many areas there were, where this is of interest */
    double ns[ROUND_MAX]; /* of one; what comes after is not kept */
    unsigned rounds;
};

static struct result results[RESULT_MAX];
static unsigned result_count;
static bool is_timing;

static void check(bool is_true, const char *claim, const char *file, int line) {
    if (!is_true) {
        fprintf(stderr, "%s:%d: not so: %s\n", file, line, claim);
        exit(1);
    }
}
#define CHECK(claim) check((claim), #claim, __FILE__, __LINE__)

static double clock_ns(clockid_t clock) {
    struct timespec time;

    clock_gettime(clock, &time);
    return (double)time.tv_sec * 1e9 + (double)time.tv_nsec;
}

static double now_ns(void) {
    return clock_ns(CLOCK_MONOTONIC);
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

/** One more round: `ns` nanoseconds for `count` of whatever is counted. */
static void add_result(struct result *result, uint64_t count, double ns) {
    result->count = count;
    if (is_timing && result->rounds < ROUND_MAX) {
        result->ns[result->rounds++] = ns / (double)count;
    }
}

static struct result *measure(const char *name, void (*timed)(struct world *), uint64_t count) {
    struct result *result = result_of(name);
    double start;

    world.sum = 0;
    world.failure_count = 0;
    world.count = count;
    start = now_ns();
    timed(&world);
    add_result(result, count, now_ns() - start);
    if (world.failure_count != 0) {
        fprintf(stderr, "%s: failed\n", name);
        exit(1);
    }
    return result;
}
#define MEASURE(name, count) measure(#name, timed_##name, (count))

/* ---- setting up ---- */

/** An empty space `name` and an arena to itself. */
#define FRESH(name, ctx, arena, start, size)                                                       \
    do {                                                                                           \
        world.frames = (arena);                                                                    \
        arena_reset(world.frames);                                                                 \
        CHECK(name##_init(&world.name, (ctx), axaddr_gpa(start), (size)) == AXADDR_OK);            \
        world.root = (uint64_t *)arena_at(name##_root(&world.name).raw);                           \
    } while (0)

static void fresh_vm(uint64_t start, uint64_t size) {
    FRESH(vm, &world.arena, &world.arena, start, size);
}

static void fresh_vx(void) {
    FRESH(vx, &world.arena, &world.arena, 0, 1024 * GIB);
}

static void fresh_vc(void) {
    FRESH(vc, &world.lock, &arena_vcpu, 0, 1024 * GIB);
}

static void fresh_limit(void) {
    axaddr_hpa_t root;

    world.frames = &world.arena;
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

/** The table holds the leaves of one vm_map_linear from GPA_BASE to `host`, and nothing else. */
static void check_mapped(uint64_t size, unsigned level, uint64_t host, uint32_t flags) {
    uint64_t attributes = EPT_MEMORY | flags | (level > 0 ? LIMIT_LARGE : 0);
    uint64_t step = UINT64_C(1) << (12 + 9 * level);
    uint64_t at;

    CHECK(arena_live(world.frames) == tables_for(size, level) + 1);
    for (at = 0; at < size; at += step) {
        CHECK(limit_entry(world.root, level, GPA_BASE + at) == ((host + at) | attributes));
    }
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
        printf("%s\t%llu\t%llu\t%.4f\t%.4f\n", result->name, (unsigned long long)result->count,
               (unsigned long long)result->areas, result->ns[result->rounds / 2], result->ns[0]);
    }
}

#endif /* BENCH_MEASURE_H */
