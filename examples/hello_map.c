/* SPDX-License-Identifier: MIT
 *
 * hello_map.c: the smallest complete program: an address space for a guest in an ordinary process,
 * with some of the process's memory playing the machine's. No privileges are needed: the tables are
 * real (x86 EPT), only no CPU walks them.
 *
 *     cc -O2 -I. examples/hello_map.c -o hello_map && ./hello_map
 *
 * Prints what happens; exits with 0 if all of it was as expected.
 */
#include "axaddr.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- the host: a stack of free frames ---- */

#define FRAME_COUNT 64u
#define FRAME_SIZE  4096u
/** Where the frames are "in physical memory". A hypervisor gets such addresses from its machine. */
#define HOST_BASE   UINT64_C(0x100000000)

struct host {
    unsigned char *memory;
    axaddr_hpa_t free_frames[FRAME_COUNT];
    unsigned free_count;
};

static inline bool my_alloc_frame(void *ctx, axaddr_hpa_t *frame) {
    struct host *host = ctx;

    if (host->free_count == 0) {
        return false;
    }
    *frame = host->free_frames[--host->free_count];
    return true;
}

static inline void my_free_frame(void *ctx, axaddr_hpa_t frame) {
    struct host *host = ctx;

    host->free_frames[host->free_count++] = frame;
}

static inline void *my_frame_at(void *ctx, axaddr_hpa_t frame) {
    struct host *host = ctx;

    return host->memory + (frame.raw - HOST_BASE);
}

static inline void my_flush_tlb(void *ctx, const struct axaddr_flush *plan) {
    (void)ctx;
    printf("  (flush: %u range(s)%s)\n", (unsigned)plan->range_count,
           plan->is_full ? ", everything" : "");
}

static const struct axaddr_hal my_hal = {
    .alloc_frame = my_alloc_frame,
    .free_frame = my_free_frame,
    .frame_at = my_frame_at,
    .flush_tlb = my_flush_tlb,
};

AXADDR_DEFINE_SPACE(vm, axaddr_x86_ept, my_hal);

/* ---- what happens, and whether it should ---- */

static int surprise_count;

static void expect(bool is_expected, const char *what, const char *result) {
    printf("%-44s %s%s\n", what, result, is_expected ? "" : "   <-- a surprise");
    surprise_count += !is_expected;
}

static void expect_status(enum axaddr_status status, enum axaddr_status expected,
                          const char *what) {
    expect(status == expected, what, axaddr_status_name(status));
}

static void expect_fault(enum axaddr_fault fault, enum axaddr_fault expected, const char *what) {
    expect(fault == expected, what, axaddr_fault_name(fault));
}

int main(void) {
    const axaddr_gpa_t ram = axaddr_gpa(0x40000000);
    const axaddr_gpa_t apic = axaddr_gpa(0xfee00000);
    const axaddr_gpa_t touched = axaddr_gpa(ram.raw + 0x12345678);
    static struct host host;
    struct axaddr_mapping mapping;
    struct axaddr_stats stats;
    axaddr_hpa_t hpa;
    struct vm guest;

    host.memory = malloc(FRAME_COUNT * (size_t)FRAME_SIZE);
    if (host.memory == NULL) {
        return EXIT_FAILURE;
    }
    memset(host.memory, 0xa5, FRAME_COUNT * (size_t)FRAME_SIZE); /* zeroing is the library's part */
    for (uint64_t i = 0; i < FRAME_COUNT; i++) {
        my_free_frame(&host, axaddr_hpa(HOST_BASE + i * FRAME_SIZE));
    }

    /* A space of 512 GiB: device registers passed through, 1 GiB of RAM that takes no memory. */
    expect_status(vm_init(&guest, &host, axaddr_gpa(0), UINT64_C(1) << 39), AXADDR_OK, "init");
    expect_status(vm_map_linear(&guest, apic, axaddr_hpa(apic.raw), FRAME_SIZE,
                                AXADDR_READ | AXADDR_WRITE | AXADDR_DEVICE),
                  AXADDR_OK, "map a device");
    expect_status(vm_map_alloc(&guest, ram, UINT64_C(1) << 30,
                               AXADDR_READ | AXADDR_WRITE | AXADDR_EXECUTE, AXADDR_LAZY),
                  AXADDR_OK, "map 1 GiB of lazy RAM");
    expect_status(vm_map_alloc(&guest, ram, FRAME_SIZE, AXADDR_READ, AXADDR_LAZY), AXADDR_EXISTS,
                  "map the same again");

    /* The guest touches its RAM: the first access of a page is a fault, which populates it. */
    expect_status(vm_translate(&guest, touched, &hpa), AXADDR_NOT_MAPPED, "translate, not touched");
    expect_fault(vm_handle_fault(&guest, touched, AXADDR_WRITE), AXADDR_FAULT_RESOLVED,
                 "the guest writes there");
    expect_fault(vm_handle_fault(&guest, touched, AXADDR_WRITE), AXADDR_FAULT_SPURIOUS,
                 "another CPU had the same fault");
    expect_fault(vm_handle_fault(&guest, apic, AXADDR_EXECUTE), AXADDR_FAULT_DENIED,
                 "the guest runs into the device");
    expect_fault(vm_handle_fault(&guest, axaddr_gpa(0), AXADDR_READ), AXADDR_FAULT_UNMAPPED,
                 "the guest follows a null pointer");

    /* The host looks at the same byte. Memory that a guest gets is zeroed. */
    expect_status(vm_translate(&guest, touched, &hpa), AXADDR_OK, "translate, touched");
    if (vm_query(&guest, touched, &mapping) == AXADDR_OK) {
        const unsigned char *byte = my_frame_at(&host, mapping.hpa);

        printf("  gpa 0x%llx is hpa 0x%llx, in a leaf of %llu bytes; it holds %u\n",
               (unsigned long long)touched.raw, (unsigned long long)mapping.hpa.raw,
               (unsigned long long)mapping.size, (unsigned)*byte);
        expect(axaddr_hpa_equal(mapping.hpa, hpa) && *byte == 0 && mapping.size == FRAME_SIZE,
               "query", "agrees with translate");
    } else {
        expect(false, "query", "is not mapped");
    }
    vm_stats(&guest, &stats);
    printf("  %llu tables; %llu bytes mapped, %llu reserved\n",
           (unsigned long long)stats.table_count, (unsigned long long)stats.mapped_bytes,
           (unsigned long long)stats.reserved_bytes);

    /* Half of the RAM is taken away, then the guest ends. */
    expect_status(vm_unmap(&guest, ram, UINT64_C(1) << 29), AXADDR_OK, "unmap the lower half");
    expect_fault(vm_handle_fault(&guest, touched, AXADDR_READ), AXADDR_FAULT_UNMAPPED,
                 "the guest reads there");
    vm_destroy(&guest);
    expect(host.free_count == FRAME_COUNT, "destroy", "gave back every frame");
    free(host.memory);
    return surprise_count == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
