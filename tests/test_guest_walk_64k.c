/* SPDX-License-Identifier: MIT
 *
 * test_guest_walk_64k.c: a guest's tables of 4 KiB each below a space with pages of 64 KiB and leaves
 * of 512 MiB.
 */
#define HOST_FRAME_SHIFT 16
#include "../axaddr.h"
#include "../axaddr_arch/x86_guest.h"
#include "check.h"
#include "host.h"

AXADDR_DEFINE_VM(vm, axaddr_aarch64_stage2_64k_40, host_hal_shared);
AXADDR_DEFINE_GUEST_WALK(vm_x86, vm, axaddr_x86_guest);

#define PAGE  UINT64_C(0x10000)
#define LARGE UINT64_C(0x20000000) /* 512 MiB */
#define RWX   (AXADDR_READ | AXADDR_WRITE | AXADDR_EXECUTE)

static struct host host;
static struct vm space;
static uint64_t frames[3];

static uint64_t entry_at(uint64_t gpa) {
    uint64_t entry;

    memcpy(&entry, host_peek(&host, frames[gpa / PAGE]) + gpa % PAGE, 8);
    return entry;
}

static void put(uint64_t gpa, uint64_t entry) {
    memcpy(host_peek(&host, frames[gpa / PAGE]) + gpa % PAGE, &entry, 8);
}

static void tables_within_a_page(void) {
    struct axaddr_x86_guest_regime regime;
    struct axaddr_guest_page page;
    unsigned i;

    host_init(&host, 64, HOST_LOW_BASE, HOST_SCATTERED);
    CHECK_EQ(vm_init(&space, &host, axaddr_gpa(0), UINT64_C(1) << 40), AXADDR_OK);
    for (i = 0; i < 3; i++) {
        frames[i] = host_donate(&host);
        memset(host_peek(&host, frames[i]), 0, PAGE);
        CHECK_EQ(vm_map_linear(&space, axaddr_gpa(i * PAGE), axaddr_hpa(frames[i]), PAGE, RWX),
                 AXADDR_OK);
    }
    CHECK_EQ(vm_map_linear(&space, axaddr_gpa(4 * LARGE), axaddr_hpa(8 * LARGE), LARGE, RWX),
             AXADDR_OK);
    CHECK_EQ(vm_map_alloc(&space, axaddr_gpa(8 * LARGE), 4 * PAGE, RWX, AXADDR_LAZY), AXADDR_OK);
    memset(&regime, 0, sizeof regime);
    regime.cr0 = 0x80010001;
    regime.cr3 = 0xf000; /* the last table of the first page */
    regime.cr4 = 0x20;
    regime.efer = 0x500;
    regime.pat = AXADDR_X86_PAT_RESET;
    regime.physical_width = 40;
    regime.has_1g_pages = true;
    put(0xfff8, 0x12007);                      /* the last entry: addresses that begin with ones */
    put(0x12ff8, 0x11007);                     /* a PDPT in the middle of the second page */
    put(0x11ff8, 0x2f007);                     /* a PD, a PT at the end of the third */
    put(0x2fff8, 0x2e003);                     /* one page of 4 KiB, */
    put(0x2fff0, 4 * LARGE | 0x123003);        /* one in the large leaf, */
    put(0x2ffe8, (8 * LARGE + PAGE) | 0x1003); /* and one in lazy memory */
    put(0x12ff0, 4 * LARGE | 0x83);            /* 1 GiB, of which the first half is there */

    CHECK_EQ(vm_x86_walk(&space, &regime, axaddr_gva(0xfffffffffffff123), AXADDR_WRITE,
                         AXADDR_SET_NOTES, &page),
             AXADDR_WALK_OK);
    CHECK_EQ(page.gpa.raw, 0x2e123);
    CHECK_EQ(page.hpa.raw, frames[2] + 0xe123);
    CHECK_EQ(page.size, 0x1000);
    CHECK_EQ(entry_at(0xfff8), 0x12027);
    CHECK_EQ(entry_at(0x12ff8), 0x11027);
    CHECK_EQ(entry_at(0x11ff8), 0x2f027);
    CHECK_EQ(entry_at(0x2fff8), 0x2e063);
    CHECK_EQ(vm_x86_walk(&space, &regime, axaddr_gva(0xffffffffffffe123), AXADDR_WRITE, 0, &page),
             AXADDR_WALK_OK);
    CHECK_EQ(page.hpa.raw, 8 * LARGE + 0x123123);
    CHECK_EQ(page.size, 0x1000);
    CHECK_EQ(vm_x86_walk(&space, &regime, axaddr_gva(0xffffffff80000000), AXADDR_WRITE, 0, &page),
             AXADDR_WALK_OK);
    CHECK_EQ(page.hpa.raw, 8 * LARGE);
    CHECK_EQ(page.size, LARGE);
    CHECK_EQ(vm_x86_walk(&space, &regime, axaddr_gva(0xffffffffa0000000), AXADDR_WRITE, 0, &page),
             AXADDR_WALK_STAGE2);
    CHECK_EQ(page.gpa.raw, 5 * LARGE);
    CHECK_EQ(page.level, 2);
    CHECK_EQ(vm_x86_walk(&space, &regime, axaddr_gva(0xffffffffffffd123), AXADDR_WRITE, 0, &page),
             AXADDR_WALK_STAGE2);
    CHECK_EQ(page.stage2, AXADDR_FAULT_RESOLVED);
    CHECK_EQ(vm_handle_fault(&space, page.gpa, page.access), AXADDR_FAULT_RESOLVED);
    CHECK_EQ(vm_x86_walk(&space, &regime, axaddr_gva(0xffffffffffffd123), AXADDR_WRITE, 0, &page),
             AXADDR_WALK_OK);
    CHECK_EQ(page.gpa.raw, 8 * LARGE + PAGE + 0x1123);
    CHECK_EQ(page.hpa.raw & (PAGE - 1), 0x1123);
    CHECK_STR(host_error(&host), "");
    vm_destroy(&space);
    host_destroy(&host);
}

int main(void) {
    CASE(tables_within_a_page);
    return check_report("test_guest_walk_64k");
}
