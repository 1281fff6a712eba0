/* SPDX-License-Identifier: MIT
 *
 * two_hals.c: instances of one format with different HALs, and two objects of one instance, in one
 * translation unit: each call reaches its own HAL and its own table, and no state is shared.
 */
#include "arena.h"

#include "../check.h"

/* A second HAL: the same functions, counted, with the arena one pointer further away. */
struct counted {
    struct arena *arena;
    unsigned call_count;
};

static bool counted_alloc_frame(void *ctx, axaddr_hpa_t *frame) {
    struct counted *counted = (struct counted *)ctx;
    counted->call_count++;
    return arena_alloc_frame(counted->arena, frame);
}
static void counted_free_frame(void *ctx, axaddr_hpa_t frame) {
    struct counted *counted = (struct counted *)ctx;
    counted->call_count++;
    arena_free_frame(counted->arena, frame);
}
static void *counted_frame_at(void *ctx, axaddr_hpa_t frame) {
    return arena_frame_at(((struct counted *)ctx)->arena, frame);
}
static void counted_flush_tlb(void *ctx, const struct axaddr_flush *plan) {
    struct counted *counted = (struct counted *)ctx;
    counted->call_count++;
    arena_flush_tlb(counted->arena, plan);
}
static const struct axaddr_hal counted_hal = {
    .alloc_frame = counted_alloc_frame,
    .free_frame = counted_free_frame,
    .frame_at = counted_frame_at,
    .flush_tlb = counted_flush_tlb,
    .alloc_block = 0, /* g++ warns of what is left out */
    .free_block = 0,
};

AXADDR_DEFINE_SPACE(plain, axaddr_x86_ept, arena_hal);
AXADDR_DEFINE_SPACE(other, axaddr_x86_ept, counted_hal);
AXADDR_DEFINE_PAGE_TABLE(bare, axaddr_x86_ept, arena_hal);

#define RW   (AXADDR_READ | AXADDR_WRITE)
#define GPA  axaddr_gpa(0x1000)
#define SIZE (UINT64_C(1) << 39)

static void spaces_are_apart(void) {
    static struct arena left;
    static struct arena right;
    struct counted counted = {&right, 0};
    struct plain plain;
    struct plain twin;
    struct other other;
    struct bare bare;
    axaddr_hpa_t host;
    unsigned taken;
    unsigned called;

    CHECK(arena_init(&left) && arena_init(&right));
    CHECK_EQ(plain_init(&plain, &left, axaddr_gpa(0), SIZE), AXADDR_OK);
    CHECK_EQ(plain_init(&twin, &left, axaddr_gpa(0), SIZE), AXADDR_OK);
    CHECK_EQ(bare_init(&bare, &left, axaddr_gpa(0), SIZE), AXADDR_OK);
    CHECK_EQ(right.taken_count, 0);
    taken = left.taken_count;
    CHECK_EQ(other_init(&other, &counted, axaddr_gpa(0), SIZE), AXADDR_OK);
    CHECK_EQ(left.taken_count, taken);

    /* The same address, in each to another place, with another right. */
    CHECK_EQ(plain_map_linear(&plain, GPA, axaddr_hpa(0x10000), 0x1000, RW), AXADDR_OK);
    CHECK_EQ(plain_translate(&twin, GPA, &host), AXADDR_NOT_MAPPED);
    CHECK_EQ(bare_translate(&bare, GPA, &host), AXADDR_NOT_MAPPED);
    CHECK_EQ(right.taken_count, 1);
    called = counted.call_count;
    CHECK_EQ(plain_map_linear(&twin, GPA, axaddr_hpa(0x20000), 0x1000, RW), AXADDR_OK);
    CHECK_EQ(bare_map(&bare, GPA, axaddr_hpa(0x30000), 0x1000, AXADDR_READ), AXADDR_OK);
    CHECK_EQ(counted.call_count, called);
    taken = left.taken_count;
    CHECK_EQ(other_map_alloc(&other, GPA, 0x1000, RW, AXADDR_LAZY), AXADDR_OK);
    CHECK_EQ(other_handle_fault(&other, GPA, AXADDR_WRITE), AXADDR_FAULT_RESOLVED);
    CHECK(counted.call_count > called);
    CHECK_EQ(left.taken_count, taken);

    /* Unmapping in one leaves the others. */
    CHECK_EQ(plain_unmap(&plain, GPA, 0x1000), AXADDR_OK);
    CHECK_EQ(left.flush_count, 1);
    CHECK_EQ(right.flush_count, 0);
    CHECK_EQ(plain_translate(&plain, GPA, &host), AXADDR_NOT_MAPPED);
    CHECK_EQ(plain_translate(&twin, GPA, &host), AXADDR_OK);
    CHECK_EQ(host.raw, 0x20000);
    CHECK_EQ(bare_translate(&bare, GPA, &host), AXADDR_OK);
    CHECK_EQ(host.raw, 0x30000);
    plain_destroy(&plain);
    plain_destroy(&twin);
    bare_destroy(&bare);
    CHECK_EQ(left.used_count, 0);
    CHECK_EQ(other_translate(&other, GPA, &host), AXADDR_OK);
    other_destroy(&other);
    CHECK_EQ(right.used_count, 0);
    CHECK_EQ(left.wrong_count + right.wrong_count, 0);
    arena_destroy(&left);
    arena_destroy(&right);
}

int main(void) {
    CASE(spaces_are_apart);
    return check_report("two_hals");
}
