/* SPDX-License-Identifier: MIT
 *
 * shared_user.c: the first user of the instances of shared.h: what one file maps, the other sees.
 * Built as C, and as C++ against the code that the C compiler made.
 */
#include "arena.h"
#include "shared.h"

#include "../check.h"

#define RW     (AXADDR_READ | AXADDR_WRITE)
#define SIZE   (UINT64_C(1) << 38)
/* The upper half of a sign-extended space: where kernels live. */
#define KERNEL UINT64_C(0xffff800000000000)

static struct arena arena;

static void space_is_shared(void) {
    struct shared_space space;
    axaddr_hpa_t host;

    CHECK_EQ(shared_space_init(&space, &arena, axaddr_gpa(0), SIZE), AXADDR_OK);
    CHECK_EQ(other_map(&space, axaddr_gpa(0x4000), axaddr_hpa(0x9000)), AXADDR_OK);
    CHECK_EQ(other_map(&space, axaddr_gpa(0x5000), axaddr_hpa(0x9000)), AXADDR_EXISTS);
    CHECK_EQ(shared_space_translate(&space, axaddr_gpa(0x5abc), &host), AXADDR_OK);
    CHECK_EQ(host.raw, 0xaabc);
    CHECK_EQ(shared_space_map_alloc(&space, axaddr_gpa(0x100000), 0x100000, RW, AXADDR_LAZY),
             AXADDR_OK);
    CHECK_EQ(shared_space_handle_fault(&space, axaddr_gpa(0x123456), AXADDR_READ),
             AXADDR_FAULT_RESOLVED);
    shared_space_destroy(&space);
    CHECK_EQ(arena.used_count, 0);
}

static void table_is_shared(void) {
    struct shared_table table;
    struct axaddr_mapping mapping;

    CHECK_EQ(shared_table_init(&table, &arena, axaddr_gpa(0), SIZE), AXADDR_OK);
    CHECK_EQ(shared_table_map(&table, axaddr_gpa(0x200000), axaddr_hpa(0x400000), 0x200000, RW),
             AXADDR_OK);
    CHECK_EQ(shared_table_query(&table, axaddr_gpa(0x200010), &mapping), AXADDR_OK);
    CHECK_EQ(mapping.hpa.raw, 0x400010);
    CHECK_EQ(mapping.size, 0x200000);
    shared_table_destroy(&table);
    CHECK_EQ(arena.used_count, 0);
}

static void typed_instances_are_shared(void) {
    struct shared_process process;
    struct shared_iommu iommu;
    axaddr_hpa_t host;

    CHECK_EQ(shared_process_init(&process, &arena, axaddr_gva(KERNEL), SIZE), AXADDR_OK);
    CHECK_EQ(shared_process_map_linear(&process, axaddr_gva(KERNEL + 0x1000), axaddr_hpa(0x3000),
                                       0x1000, RW),
             AXADDR_OK);
    CHECK_EQ(shared_process_translate(&process, axaddr_gva(KERNEL + 0x1008), &host), AXADDR_OK);
    CHECK_EQ(host.raw, 0x3008);
    CHECK_EQ(shared_iommu_init(&iommu, &arena, bus(0), SIZE), AXADDR_OK);
    CHECK_EQ(shared_iommu_map(&iommu, bus(0x7000), axaddr_hpa(0x8000), 0x1000, RW), AXADDR_OK);
    CHECK_EQ(other_look(&iommu, bus(0x7123), &host), AXADDR_OK);
    CHECK_EQ(host.raw, 0x8123);
    shared_process_destroy(&process);
    shared_iommu_destroy(&iommu);
    CHECK_EQ(arena.used_count, 0);
    CHECK_EQ(arena.wrong_count, 0);
}

int main(void) {
    if (!arena_init(&arena)) {
        return 2;
    }
    CASE(space_is_shared);
    CASE(table_is_shared);
    CASE(typed_instances_are_shared);
    arena_destroy(&arena);
    return check_report("shared_user");
}
