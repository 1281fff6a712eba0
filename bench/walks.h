/* SPDX-License-Identifier: MIT
 *
 * walks.h: the scenarios of one walk each: faults and translations.
 */
#ifndef BENCH_WALKS_H
#define BENCH_WALKS_H

#include "measure.h"

/* ---- faults on reserved pages whose leaf table exists, in random order ---- */

/** As a hypervisor's exit handler has it: one call in the program. */
NOIPA FLAT static enum axaddr_fault exit_fault(struct vm *vm, uint64_t gpa, uint32_t access) {
    return vm_handle_fault(vm, axaddr_gpa(gpa), access);
}

NOIPA FLAT static enum axaddr_fault exit_fault_ctx(struct vx *vx, uint64_t gpa, uint32_t access) {
    return vx_handle_fault(vx, axaddr_gpa(gpa), access);
}

NOIPA static enum axaddr_fault exit_nothing(struct vm *vm, uint64_t gpa, uint32_t access) {
    __asm__ volatile("" : : "r"(vm), "r"(gpa), "r"(access));
    return AXADDR_FAULT_RESOLVED;
}

#define FAULT_LOOP(resolved)                                                                       \
    const uint64_t *gpa = w->order;                                                                \
    const uint64_t *end = gpa + w->count;                                                          \
                                                                                                   \
    for (; gpa != end; gpa++) {                                                                    \
        if (!(resolved)) {                                                                         \
            w->failure_count++;                                                                    \
            return;                                                                                \
        }                                                                                          \
    }

FLAT TIMED timed_fault(struct world *w){
    FAULT_LOOP(vm_handle_fault(&w->vm, axaddr_gpa(*gpa), AXADDR_WRITE) == AXADDR_FAULT_RESOLVED)}

FLAT TIMED timed_fault_ctx(struct world *w){
    FAULT_LOOP(vx_handle_fault(&w->vx, axaddr_gpa(*gpa), AXADDR_WRITE) == AXADDR_FAULT_RESOLVED)}

FLAT TIMED timed_fault_32(struct world *w){
    FAULT_LOOP(vm_handle_fault(&w->vm, axaddr_gpa(*gpa), AXADDR_WRITE) == AXADDR_FAULT_RESOLVED)}

FLAT TIMED timed_fault_65536(struct world *w){
    FAULT_LOOP(vm_handle_fault(&w->vm, axaddr_gpa(*gpa), AXADDR_WRITE) == AXADDR_FAULT_RESOLVED)}

TIMED timed_fault_call(struct world *w){
    FAULT_LOOP(exit_fault(&w->vm, *gpa, AXADDR_WRITE) == AXADDR_FAULT_RESOLVED)}

TIMED timed_fault_call_ctx(struct world *w){
    FAULT_LOOP(exit_fault_ctx(&w->vx, *gpa, AXADDR_WRITE) == AXADDR_FAULT_RESOLVED)}

/** The loop of timed_fault. */
TIMED timed_fault_loop(struct world *w){FAULT_LOOP(*gpa != 0)}

/** The loop of timed_fault_call, with its call. */
TIMED timed_fault_call_loop(struct world *w){
    FAULT_LOOP(exit_nothing(&w->vm, *gpa, AXADDR_WRITE) == AXADDR_FAULT_RESOLVED)}

TIMED timed_limit_fault(struct world *w){FAULT_LOOP(limit_fault(&w->arena, w->root, *gpa))}

TIMED timed_limit_fault_checked(struct world *w){
    FAULT_LOOP(limit_fault_checked(&w->arena, w->root, *gpa, AXADDR_WRITE))}

/** A spurious fault: the page is mapped already. */
FLAT TIMED timed_fault_spurious(struct world *w) {
    FAULT_LOOP(vm_handle_fault(&w->vm, axaddr_gpa(*gpa), AXADDR_WRITE) == AXADDR_FAULT_SPURIOUS)
}

/** Reserve `count` areas of `size` bytes side by side; flags alternate, so that they stay apart. */
static uint64_t reserve_areas(uint64_t count, uint64_t size) {
    uint64_t i;

    for (i = 0; i < count; i++) {
        if (vm_map_alloc(&world.vm, axaddr_gpa(GPA_BASE + i * size), size,
                         (i & 1) != 0 ? RWX : AXADDR_READ | AXADDR_WRITE,
                         AXADDR_LAZY) != AXADDR_OK) {
            break;
        }
    }
    return i;
}

/** Fault one page of each 2 MiB of `size` bytes, so that all leaf tables exist. */
#define FAULT_TABLES(handle_fault, space, size)                                                    \
    do {                                                                                           \
        uint64_t at_;                                                                              \
                                                                                                   \
        for (at_ = 3 * ARENA_FRAME; at_ < (size); at_ += 2 * MIB) {                                \
            CHECK(handle_fault((space), axaddr_gpa(GPA_BASE + at_), AXADDR_READ) ==                \
                  AXADDR_FAULT_RESOLVED);                                                          \
        }                                                                                          \
    } while (0)

/** Every `stride`th page of `size` bytes but for those that FAULT_TABLES took. */
static uint64_t list_pages(uint64_t size, uint64_t stride) {
    uint64_t count = 0;
    uint64_t at;

    for (at = 0; at < size; at += stride) {
        if ((at & (2 * MIB - 1)) != 3 * ARENA_FRAME) {
            order[count++] = GPA_BASE + at;
        }
    }
    world.order = order;
    return count;
}

/** The same in random order. */
static uint64_t order_pages(uint64_t size, uint64_t stride) {
    uint64_t count = list_pages(size, stride);

    shuffle(order, count);
    return count;
}

/** Have something in the `count` frames from `frame` on. */
static void dirty_frames(uint64_t frame, uint64_t count) {
    uint64_t end = frame + count * ARENA_FRAME;

    for (; frame != end; frame += ARENA_FRAME) {
        *(uint64_t *)arena_at(frame) = 1;
    }
}

/** The same, of those that are taken next. */
static void dirty_next(uint64_t count) {
    CHECK(world.frames->free_head == 0);
    dirty_frames(world.frames->next, count);
}

/** `count` faults took `count` frames, and each page has a zeroed frame of its own. */
static void check_faulted(uint64_t live, uint64_t count) {
    uint64_t host = 0;
    uint64_t seen = 0;
    uint64_t i;

    CHECK(arena_live(world.frames) == live + count && world.frames->flush_count == 0);
    for (i = 0; i < count; i++) {
        uint64_t hpa;

        CHECK(limit_translate_checked(world.root, order[i], &hpa));
        seen += *(const uint64_t *)arena_at(hpa);
        CHECK(hpa > host); /* the bump pointer gave them in this order */
        host = hpa;
    }
    CHECK(seen == 0);
}

static struct result *run_fault_areas(const char *name, void (*timed)(struct world *),
                                      uint64_t areas, uint64_t size, uint64_t stride) {
    struct result *result;
    uint64_t live;
    uint64_t made;
    uint64_t count;

    fresh_vm(0, 1024 * GIB);
    made = reserve_areas(areas, size);
    FAULT_TABLES(vm_handle_fault, &world.vm, made * size);
    count = order_pages(made * size, stride);
    dirty_next(count);
    live = arena_live(&world.arena);
    result = measure(name, timed, count);
    result->areas = made;
    check_faulted(live, count);
    return result;
}

static void run_fault(void) {
    const uint64_t size = 256 * MIB;
    uint64_t count;
    uint64_t at;

    run_fault_areas("fault_65536", timed_fault_65536, 65536, 16 * KIB, 16 * KIB);
    run_fault_areas("fault_32", timed_fault_32, 32, size / 32, ARENA_FRAME);
    run_fault_areas("fault_call", timed_fault_call, 1, size, ARENA_FRAME);
    count = run_fault_areas("fault", timed_fault, 1, size, ARENA_FRAME)->count;
    MEASURE(fault_spurious, count);
    MEASURE(fault_loop, count);
    MEASURE(fault_call_loop, count);

    fresh_vx();
    CHECK(vx_map_alloc(&world.vx, axaddr_gpa(GPA_BASE), size, RWX, AXADDR_LAZY) == AXADDR_OK);
    FAULT_TABLES(vx_handle_fault, &world.vx, size);
    dirty_next(count);
    MEASURE(fault_ctx, count);
    fresh_vx();
    CHECK(vx_map_alloc(&world.vx, axaddr_gpa(GPA_BASE), size, RWX, AXADDR_LAZY) == AXADDR_OK);
    FAULT_TABLES(vx_handle_fault, &world.vx, size);
    dirty_next(count);
    MEASURE(fault_call_ctx, count);

    /* The loops by hand work on a table that the library reserved. */
    fresh_vm(0, 1024 * GIB);
    reserve_areas(1, size);
    FAULT_TABLES(vm_handle_fault, &world.vm, size);
    dirty_next(count);
    at = arena_live(&world.arena);
    MEASURE(limit_fault, count);
    check_faulted(at, count);
    fresh_vm(0, 1024 * GIB);
    reserve_areas(1, size);
    FAULT_TABLES(vm_handle_fault, &world.vm, size);
    dirty_next(count);
    MEASURE(limit_fault_checked, count);
    check_faulted(at, count);
}

/* ---- translate at random over 4 GiB of 4K pages ---- */

#define TRANSLATE_SIZE  (4 * GIB)
#define TRANSLATE_COUNT (UINT64_C(1) << 19)

NOIPA FLAT static enum axaddr_status call_translate(const struct vm *vm, uint64_t gpa,
                                                    axaddr_hpa_t *hpa) {
    return vm_translate(vm, axaddr_gpa(gpa), hpa);
}

/** `hpa` is what one random address `gpa` gives. */
#define TRANSLATE_LOOP(is_done)                                                                    \
    uint64_t state = 42;                                                                           \
    uint64_t sum = 0;                                                                              \
    uint64_t i;                                                                                    \
                                                                                                   \
    for (i = w->count; i != 0; i--) {                                                              \
        axaddr_hpa_t hpa;                                                                          \
        uint64_t gpa;                                                                              \
                                                                                                   \
        state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);             \
        gpa = GPA_BASE + (state >> 32);                                                            \
        if (!(is_done)) {                                                                          \
            w->failure_count++;                                                                    \
            return;                                                                                \
        }                                                                                          \
        sum += hpa.raw;                                                                            \
        __asm__ volatile("" : : : "memory"); /* or the root's entry is read once for all */        \
    }                                                                                              \
    w->sum = sum;

FLAT TIMED timed_translate(struct world *w){
    TRANSLATE_LOOP(vm_translate(&w->vm, axaddr_gpa(gpa), &hpa) == AXADDR_OK)}

FLAT TIMED timed_translate_ctx(struct world *w){
    TRANSLATE_LOOP(vx_translate(&w->vx, axaddr_gpa(gpa), &hpa) == AXADDR_OK)}

TIMED timed_translate_call(struct world *w){
    TRANSLATE_LOOP(call_translate(&w->vm, gpa, &hpa) == AXADDR_OK)}

TIMED timed_limit_translate(struct world *w){
    TRANSLATE_LOOP((hpa.raw = limit_translate(w->root, gpa), true))}

TIMED timed_limit_translate_checked(struct world *w){
    TRANSLATE_LOOP(limit_translate_checked(w->root, gpa, &hpa.raw))}

/** The loop of timed_translate: random number, address, sum, count. */
TIMED timed_translate_loop(struct world *w){TRANSLATE_LOOP((hpa.raw = gpa, true))}

NOIPA static void sum_addresses(struct world *w) {
    TRANSLATE_LOOP((hpa.raw = gpa + (HPA_4K - GPA_BASE), true))
}

/** What the translations have to sum up to. */
static uint64_t translate_sum(void) {
    world.count = TRANSLATE_COUNT;
    sum_addresses(&world);
    return world.sum;
}

static void run_translate(void) {
    const uint64_t sum = translate_sum();

    fresh_vx();
    CHECK(vx_map_linear(&world.vx, axaddr_gpa(GPA_BASE), axaddr_hpa(HPA_4K), TRANSLATE_SIZE, RWX) ==
          AXADDR_OK);
    MEASURE(translate_ctx, TRANSLATE_COUNT);
    CHECK(world.sum == sum);

    fresh_vm(0, 1024 * GIB);
    CHECK(vm_map_linear(&world.vm, axaddr_gpa(GPA_BASE), axaddr_hpa(HPA_4K), TRANSLATE_SIZE, RWX) ==
          AXADDR_OK);
    MEASURE(translate, TRANSLATE_COUNT);
    CHECK(world.sum == sum);
    MEASURE(translate_call, TRANSLATE_COUNT);
    CHECK(world.sum == sum);
    MEASURE(limit_translate, TRANSLATE_COUNT);
    CHECK(world.sum == sum);
    MEASURE(limit_translate_checked, TRANSLATE_COUNT);
    CHECK(world.sum == sum);
    MEASURE(translate_loop, TRANSLATE_COUNT);
    CHECK(world.sum + TRANSLATE_COUNT * (HPA_4K - GPA_BASE) == sum);
}

#endif /* BENCH_WALKS_H */
