/* SPDX-License-Identifier: MIT
 *
 * test_sized.c: spaces whose root is chosen when they are made (init_sized), beside the same spaces
 * with the root in the format: one pseudo-random sequence of operations is done to both, and after
 * each all results and all memory are alike, bit by bit. The seed is fixed, another one can be
 * asked for:
 *
 *     test_sized [seed] [steps]
 */
#include "check.h"
#include "host.h"

#include "../axaddr.h"

#define ARENA_FRAMES 600
#define PAGE         UINT64_C(0x1000)

static uint64_t seed = 1;
static unsigned step_count = 1500;

enum operation { MAP, RESERVE, POPULATE, TRAP, UNMAP, PROTECT, SPLIT, COLLAPSE, FAULT, LOOK };
#define OPERATION_COUNT (LOOK + 1)

struct step {
    enum operation operation;
    uint64_t gpa;
    uint64_t hpa;
    uint64_t size;
    uint32_t flags;
};

/** What a step came to. */
struct outcome {
    int status;
    uint64_t hpa;
    struct axaddr_mapping mapping;
    struct axaddr_stats stats;
};

/** A kind of space. */
struct kind {
    const struct axaddr_format *format;
    void *(*make)(struct host *host, uint64_t size, const struct axaddr_geometry *geometry,
                  enum axaddr_status *status);
    void (*run)(void *space, const struct step *step, struct outcome *outcome);
    void (*destroy)(void *space);
};

#define KIND(word, format_)                                                                        \
    AXADDR_DEFINE_SPACE(word, format_, host_hal);                                                  \
    static void *word##_make(struct host *host, uint64_t size,                                     \
                             const struct axaddr_geometry *geometry, enum axaddr_status *status) { \
        static struct word space;                                                                  \
        *status = geometry == 0 ? word##_init(&space, host, axaddr_gpa(0), size)                   \
                                : word##_init_sized(&space, host, axaddr_gpa(0), size, *geometry); \
        return &space;                                                                             \
    }                                                                                              \
    static void word##_run(void *at, const struct step *step, struct outcome *outcome) {           \
        struct word *space = (struct word *)at;                                                    \
        axaddr_gpa_t gpa = axaddr_gpa(step->gpa);                                                  \
        axaddr_hpa_t hpa = axaddr_hpa(0);                                                          \
        memset(outcome, 0, sizeof(*outcome));                                                      \
        switch (step->operation) {                                                                 \
        case MAP:                                                                                  \
            outcome->status = (int)word##_map_linear(space, gpa, axaddr_hpa(step->hpa),            \
                                                     step->size, step->flags);                     \
            break;                                                                                 \
        case RESERVE:                                                                              \
        case POPULATE:                                                                             \
            outcome->status =                                                                      \
                (int)word##_map_alloc(space, gpa, step->size, step->flags,                         \
                                      step->operation == RESERVE ? AXADDR_LAZY : AXADDR_POPULATE); \
            break;                                                                                 \
        case TRAP:                                                                                 \
            outcome->status = (int)word##_map_device(space, gpa, step->size, 7);                   \
            break;                                                                                 \
        case UNMAP:                                                                                \
            outcome->status = (int)word##_unmap(space, gpa, step->size);                           \
            break;                                                                                 \
        case PROTECT:                                                                              \
            outcome->status = (int)word##_protect(space, gpa, step->size, step->flags);            \
            break;                                                                                 \
        case SPLIT:                                                                                \
            outcome->status = (int)word##_split(space, gpa, step->size);                           \
            break;                                                                                 \
        case COLLAPSE:                                                                             \
            outcome->status = (int)word##_collapse(space, gpa, step->size);                        \
            break;                                                                                 \
        case FAULT:                                                                                \
            outcome->status = (int)word##_handle_fault(space, gpa, step->flags & 7);               \
            break;                                                                                 \
        case LOOK:                                                                                 \
            outcome->status = (int)word##_query(space, gpa, &outcome->mapping);                    \
            if (word##_translate(space, gpa, &hpa) == AXADDR_OK) {                                 \
                outcome->hpa = hpa.raw;                                                            \
            }                                                                                      \
            word##_stats(space, &outcome->stats);                                                  \
            break;                                                                                 \
        }                                                                                          \
    }                                                                                              \
    static void word##_end(void *at) {                                                             \
        word##_destroy((struct word *)at);                                                         \
    }                                                                                              \
    static const struct kind word##_kind = {&format_, word##_make, word##_run, word##_end};

KIND(arm_40, axaddr_aarch64_stage2_40)
KIND(arm_48, axaddr_aarch64_stage2_48)
KIND(arm_sized, axaddr_aarch64_stage2)
KIND(sv39, axaddr_riscv_sv39x4)
KIND(sv48, axaddr_riscv_sv48x4)
KIND(riscv_sized, axaddr_riscv_gstage)
KIND(ept, axaddr_x86_ept)

static const struct kind *fixed;
static const struct kind *sized;

/* ---- one sequence ---- */

struct side {
    const struct kind *kind;
    struct host host;
    void *space;
    struct outcome outcome;
};

static struct side sides[2];

static uint64_t next_random(uint64_t *state) {
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state >> 11;
}

/** A range of pages, or of larger units, near one of the places where tables meet. */
static struct step pick_step(uint64_t *random, unsigned width) {
    static const uint32_t flags[] = {AXADDR_READ, AXADDR_READ | AXADDR_WRITE,
                                     AXADDR_READ | AXADDR_EXECUTE,
                                     AXADDR_READ | AXADDR_WRITE | AXADDR_EXECUTE};
    uint64_t reach = UINT64_C(1) << width;
    uint64_t places[] = {0, UINT64_C(1) << 30, reach / 2, reach - (UINT64_C(1) << 22), reach};
    unsigned order = next_random(random) % 4 == 0 ? 21 : 12;
    uint64_t unit = UINT64_C(1) << order;
    struct step step;

    step.operation = (enum operation)(next_random(random) % OPERATION_COUNT);
    step.gpa = places[next_random(random) % 5] + (next_random(random) % 24) * unit - 4 * unit;
    step.size = (1 + next_random(random) % 12) * unit;
    step.hpa = (UINT64_C(1) << 36) + (step.gpa & (reach / 4 - 1));
    step.flags = flags[next_random(random) % 4];
    if (step.operation == POPULATE && order != 12) {
        step.operation = RESERVE;
    }
    if (step.operation == SPLIT && step.size > (UINT64_C(4) << 21)) {
        step.size = UINT64_C(4) << 21;
    }
    if (step.operation == MAP && next_random(random) % 8 == 0) { /* with the largest leaves */
        step.gpa = next_random(random) % 4 * (reach / 4);
        step.size = reach / 4;
        step.hpa = 0;
    }
    if (step.operation == UNMAP && next_random(random) % 16 == 0) {
        step.gpa = 0;
        step.size = reach;
    }
    return step;
}

/** Whether both hosts have the same frames in use, with the same in them. */
static void compare_memory(void) {
    uint32_t i;

    CHECK_EQ(sides[1].host.used_count, sides[0].host.used_count);
    for (i = 0; i < ARENA_FRAMES && !check_case_failed; i++) {
        uint64_t address = host_address(&sides[0].host, i);
        bool is_used = sides[0].host.frames[i].state == HOST_USED;

        CHECK_EQ(sides[1].host.frames[i].state == HOST_USED, is_used);
        if (is_used && memcmp(host_bytes(&sides[0].host, i), host_bytes(&sides[1].host, i),
                              HOST_FRAME_SIZE) != 0) {
            check_fail(__FILE__, __LINE__, "frame 0x%" PRIx64 " differs", address);
        }
    }
}

static void compare_outcomes(void) {
    const struct outcome *a = &sides[0].outcome;
    const struct outcome *b = &sides[1].outcome;
    unsigned level;

    CHECK_EQ(b->status, a->status);
    CHECK_EQ(b->hpa, a->hpa);
    CHECK_EQ(b->mapping.hpa.raw, a->mapping.hpa.raw);
    CHECK_EQ(b->mapping.size, a->mapping.size);
    CHECK_EQ(b->mapping.flags, a->mapping.flags);
    CHECK_EQ(b->mapping.kind, a->mapping.kind);
    CHECK_EQ(b->stats.table_count, a->stats.table_count);
    CHECK_EQ(b->stats.mapped_bytes, a->stats.mapped_bytes);
    CHECK_EQ(b->stats.reserved_bytes, a->stats.reserved_bytes);
    for (level = 0; level < AXADDR_LEVEL_MAX; level++) {
        CHECK_EQ(b->stats.leaf_count[level], a->stats.leaf_count[level]);
    }
    CHECK_STR(host_error(&sides[1].host), "");
}

static void both_are_alike(void) {
    struct axaddr_geometry geometry = axaddr_geometry_of(fixed->format);
    uint64_t random = seed * UINT64_C(0x9e3779b97f4a7c15);
    uint64_t reach = UINT64_C(1) << fixed->format->input_width;
    unsigned done = 0;
    unsigned i;

    sides[0].kind = fixed;
    sides[1].kind = sized;
    for (i = 0; i < 2; i++) {
        enum axaddr_status status;
        host_init(&sides[i].host, ARENA_FRAMES, HOST_BASE, HOST_SCATTERED);
        sides[i].space =
            sides[i].kind->make(&sides[i].host, reach, i == 0 ? 0 : &geometry, &status);
        CHECK_EQ(status, AXADDR_OK);
    }
    for (i = 0; i < step_count && !check_case_failed; i++) {
        struct step step = pick_step(&random, fixed->format->input_width);
        unsigned side;

        snprintf(check_context, sizeof(check_context), "%s step %u operation %d gpa 0x%" PRIx64,
                 fixed->format->name, i, (int)step.operation, step.gpa);
        for (side = 0; side < 2; side++) {
            host_begin(&sides[side].host);
            sides[side].kind->run(sides[side].space, &step, &sides[side].outcome);
        }
        done += sides[0].outcome.status == 0;
        compare_outcomes();
        compare_memory();
    }
    CHECK(done > step_count / 10);
    for (i = 0; i < 2; i++) {
        host_begin(&sides[i].host);
        sides[i].kind->destroy(sides[i].space);
        CHECK_EQ(sides[i].host.used_count, 0);
        host_destroy(&sides[i].host);
    }
}

/* ---- roots ---- */

/** Make a space of a geometry and take it apart again: what it comes to, and the root's frames. */
static enum axaddr_status try_root(const struct kind *kind, unsigned levels, unsigned bits,
                                   uint64_t size, uint32_t *root_frames) {
    struct axaddr_geometry geometry = {(uint8_t)levels, (uint8_t)bits};
    enum axaddr_status status;
    struct host host;
    void *space;

    host_init(&host, 64, HOST_BASE, HOST_SCATTERED);
    host_begin(&host);
    space = kind->make(&host, size, &geometry, &status);
    *root_frames = host.used_count;
    if (status == AXADDR_OK) {
        host_begin(&host);
        kind->destroy(space);
    }
    if (host.used_count != 0 || host_error(&host)[0] != '\0') {
        check_fail(__FILE__, __LINE__, "%u frames are lost; %s", host.used_count,
                   host_error(&host));
    }
    host_destroy(&host);
    return status;
}

static void roots_are_as_wide_as_asked(void) {
    uint32_t frames;

    /* AArch64: 1 to 16 tables at the manual's level 1, one at level 0 */
    CHECK_EQ(try_root(&arm_sized_kind, 3, 9, UINT64_C(1) << 39, &frames), AXADDR_OK);
    CHECK_EQ(frames, 1);
    CHECK_EQ(try_root(&arm_sized_kind, 3, 2, UINT64_C(1) << 32, &frames), AXADDR_OK);
    CHECK_EQ(frames, 1);
    CHECK_EQ(try_root(&arm_sized_kind, 3, 13, UINT64_C(1) << 43, &frames), AXADDR_OK);
    CHECK_EQ(frames, 16);
    CHECK_EQ(try_root(&arm_sized_kind, 4, 5, UINT64_C(1) << 44, &frames), AXADDR_OK);
    CHECK_EQ(frames, 1);
    CHECK_EQ(try_root(&riscv_sized_kind, 5, 11, UINT64_C(1) << 59, &frames), AXADDR_OK);
    CHECK_EQ(frames, 4);
}

static void other_roots_are_invalid(void) {
    uint32_t frames;

    CHECK_EQ(try_root(&arm_sized_kind, 3, 14, PAGE, &frames), AXADDR_INVALID); /* 32 tables */
    CHECK_EQ(try_root(&arm_sized_kind, 4, 10, PAGE, &frames), AXADDR_INVALID); /* 49 bits */
    CHECK_EQ(try_root(&arm_sized_kind, 5, 1, PAGE, &frames), AXADDR_INVALID);
    CHECK_EQ(try_root(&arm_sized_kind, 1, 9, PAGE, &frames), AXADDR_INVALID);
    CHECK_EQ(try_root(&arm_sized_kind, 0, 9, PAGE, &frames), AXADDR_INVALID);
    CHECK_EQ(try_root(&arm_sized_kind, 3, 0, PAGE, &frames), AXADDR_INVALID);
    CHECK_EQ(try_root(&arm_sized_kind, 3, 255, PAGE, &frames), AXADDR_INVALID);
    CHECK_EQ(try_root(&arm_sized_kind, 3, 9, (UINT64_C(1) << 39) + PAGE, &frames), AXADDR_INVALID);
    CHECK_EQ(try_root(&ept_kind, 3, 9, PAGE, &frames), AXADDR_INVALID);
    CHECK_EQ(try_root(&ept_kind, 4, 9, PAGE, &frames), AXADDR_OK); /* the only one that it has */
}

int main(int argument_count, char **arguments) {
    static const struct kind *const pairs[][2] = {{&arm_40_kind, &arm_sized_kind},
                                                  {&arm_48_kind, &arm_sized_kind},
                                                  {&sv39_kind, &riscv_sized_kind},
                                                  {&sv48_kind, &riscv_sized_kind}};
    unsigned i;

    if (argument_count > 1) {
        seed = strtoull(arguments[1], 0, 0);
    }
    if (argument_count > 2) {
        step_count = (unsigned)strtoul(arguments[2], 0, 0);
    }
    printf("test_sized: seed %" PRIu64 ", %u steps\n", seed, step_count);
    for (i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
        fixed = pairs[i][0];
        sized = pairs[i][1];
        snprintf(check_context, sizeof(check_context), "%s", fixed->format->name);
        CASE(both_are_alike);
    }
    CASE(roots_are_as_wide_as_asked);
    CASE(other_roots_are_invalid);
    return check_report("test_sized");
}
