/* SPDX-License-Identifier: MIT
 *
 * test_count.c: how much work it is to say no. Whether a range fits, and how many tables it takes, is
 * told without visiting what is not there yet, so a configuration with a huge range costs nothing.
 */
#include "../axaddr.h"
#include "check.h"
#include "cpu_limit.h"

#define FRAME_COUNT 64

static unsigned char memory[FRAME_COUNT][4096] __attribute__((aligned(16384)));
static unsigned used;
static unsigned long visit_count; /* of frames, through frame_at */

static inline bool count_alloc_block(void *ctx, unsigned order, axaddr_hpa_t *block) {
    unsigned first = (used + (1u << order) - 1) >> order << order;

    (void)ctx;
    if (first + (1u << order) > FRAME_COUNT) {
        return false;
    }
    used = first + (1u << order);
    *block = axaddr_hpa((uintptr_t)memory[first]);
    return true;
}

static inline bool count_alloc(void *ctx, axaddr_hpa_t *frame) {
    return count_alloc_block(ctx, 0, frame);
}

static inline void count_free(void *ctx, axaddr_hpa_t frame) {
    (void)ctx;
    (void)frame;
}

static inline void count_free_block(void *ctx, unsigned order, axaddr_hpa_t block) {
    (void)ctx;
    (void)order;
    (void)block;
}

static inline void *count_frame_at(void *ctx, axaddr_hpa_t frame) {
    (void)ctx;
    visit_count++;
    return (void *)(uintptr_t)frame.raw;
}

static inline void count_flush(void *ctx, const struct axaddr_flush *plan) {
    (void)ctx;
    (void)plan;
}

static const struct axaddr_hal count_hal = {
    .alloc_frame = count_alloc,
    .free_frame = count_free,
    .frame_at = count_frame_at,
    .flush_tlb = count_flush,
    .alloc_block = count_alloc_block,
    .free_block = count_free_block,
};

AXADDR_DEFINE_PAGE_TABLE(ept, axaddr_x86_ept, count_hal);
AXADDR_DEFINE_PAGE_TABLE(sv48, axaddr_riscv_sv48x4, count_hal);
AXADDR_DEFINE_SPACE(space, axaddr_x86_ept, count_hal);

/** A request to map where the host's address is the guest's. */
static struct axaddr_request same(uint64_t start, uint64_t size, uint32_t flags) {
    struct axaddr_request request = axaddr_request_of(AXADDR_OP_LINEAR, start, size, flags);

    request.host = start;
    return request;
}

/** All of 2^48 bytes by pages: a table for each 512 GiB, GiB and 2 MiB. */
static void whole_ept_by_pages(void) {
    struct axaddr_request all = same(0, UINT64_C(1) << 48, AXADDR_READ | AXADDR_SMALL);
    struct axaddr_request most = same(0x1000, (UINT64_C(1) << 48) - 0x2000, AXADDR_READ);
    struct ept table;
    uint64_t count;

    used = 0;
    CHECK_EQ(ept_init(&table, 0, axaddr_gpa(0), UINT64_C(1) << 48), AXADDR_OK);
    visit_count = 0;
    CHECK_EQ(ept_tables_needed(&table, &all, &count), AXADDR_OK);
    CHECK_EQ(count, 512 + 512 * 512 + UINT64_C(512) * 512 * 512);
    CHECK_EQ(visit_count, 0);
    /* One page off, and all but the last page: an end of each size at both sides. */
    CHECK_EQ(ept_tables_needed(&table, &most, &count), AXADDR_OK);
    CHECK_EQ(count, 512 + 2 + 2);
    ept_destroy(&table);
}

/** A root entry of Sv48x4 may be a leaf: with one page cut off at each end, two are not. */
static void whole_sv48x4(void) {
    struct axaddr_request all = same(0, UINT64_C(1) << 50, AXADDR_READ | AXADDR_SMALL);
    struct axaddr_request most = same(0x1000, (UINT64_C(1) << 50) - 0x2000, AXADDR_READ);
    struct sv48 table;
    uint64_t count;

    used = 0;
    CHECK_EQ(sv48_init(&table, 0, axaddr_gpa(0), UINT64_C(1) << 50), AXADDR_OK);
    CHECK_EQ(sv48_tables_needed(&table, &most, &count), AXADDR_OK);
    CHECK_EQ(count, 2 * 3);
    CHECK_EQ(sv48_tables_needed(&table, &all, &count), AXADDR_OK);
    CHECK_EQ(count, 2048 + 2048 * 512 + UINT64_C(2048) * 512 * 512);
    sv48_destroy(&table);
}

/** Memory that the host does not have: no, after the frames that it has, and not after 2^36. */
static void populating_too_much_ends_soon(void) {
    struct space space;

    used = 0;
    CHECK_EQ(space_init(&space, 0, axaddr_gpa(0), UINT64_C(1) << 48), AXADDR_OK);
    visit_count = 0;
    CHECK_EQ(
        space_map_alloc(&space, axaddr_gpa(0), UINT64_C(1) << 48, AXADDR_READ, AXADDR_POPULATE),
        AXADDR_NO_MEMORY);
    CHECK(visit_count <= 4 * FRAME_COUNT);
    space_destroy(&space);
}

int main(void) {
    cpu_limit(5); /* to visit each of the tables that are counted takes longer, on any machine */
    CASE(whole_ept_by_pages);
    CASE(whole_sv48x4);
    CASE(populating_too_much_ends_soon);
    return check_report("test_count");
}
