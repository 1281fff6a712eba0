/* SPDX-License-Identifier: MIT
 *
 * order_names.c: all macros that generate something, with names of the user that begin with zz:
 * check_order.sh looks for others in what they expand to.
 */
#include "axaddr.h"

static const struct axaddr_hal zz_hal;

static void zz_lock(void *ctx) {
    (void)ctx;
}
static void zz_unlock(void *ctx) {
    (void)ctx;
}

AXADDR_DEFINE_VMID_POOL(zz_vmid, 4, zz_lock, zz_unlock);
AXADDR_DEFINE_ADDR(zz_address);
AXADDR_DEFINE_ADDR_LABELLED(zz_labelled, "label");
AXADDR_DEFINE_FRAME(zz_frame, zz_hal);
AXADDR_DEFINE_SPACE(zz_space, axaddr_x86_ept, zz_hal);
AXADDR_DEFINE_PAGE_TABLE(zz_table, axaddr_x86_ept, zz_hal);
AXADDR_DEFINE_SPACE_TYPED(zz_space_typed, axaddr_x86_ept, zz_hal, zz_address, zz_labelled);
AXADDR_DEFINE_PAGE_TABLE_TYPED(zz_table_typed, axaddr_x86_ept, zz_hal, zz_address, zz_labelled);
AXADDR_DECLARE_SPACE(zz_space_shared);
AXADDR_IMPLEMENT_SPACE(zz_space_shared, axaddr_x86_ept, zz_hal);
AXADDR_DECLARE_PAGE_TABLE(zz_table_shared);
AXADDR_IMPLEMENT_PAGE_TABLE(zz_table_shared, axaddr_x86_ept, zz_hal);
AXADDR_DEFINE_VM(zz_vm, axaddr_x86_ept, zz_hal);
AXADDR_DEFINE_VM_TYPED(zz_vm_typed, axaddr_x86_ept, zz_hal, zz_address, zz_labelled);
AXADDR_DECLARE_VM(zz_vm_shared);
AXADDR_IMPLEMENT_VM(zz_vm_shared, axaddr_x86_ept, zz_hal);
AXADDR_DECLARE_VM_TYPED(zz_vm_typed_shared, zz_address, zz_labelled);
AXADDR_IMPLEMENT_VM_TYPED(zz_vm_typed_shared, axaddr_x86_ept, zz_hal, zz_address, zz_labelled);
AXADDR_DEFINE_DEVICE_BUS(zz_bus, zz_address, 8);
AXADDR_DEFINE_GUEST_WALK(zz_walk, zz_vm, axaddr_x86_guest);
AXADDR_DEFINE_RANGE_SET(zz_ranges, zz_address, uint64_t, 0, zz_hal);
