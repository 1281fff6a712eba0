/* expect: success */
/* SPDX-License-Identifier: MIT
 *
 * The right way to do what the programs about VMs, buses and guests' tables do wrongly.
 */
#include "axaddr.h"

bool my_alloc_at(void *ctx, axaddr_hpa_t host, uint64_t size);
void my_free_at(void *ctx, axaddr_hpa_t host, uint64_t size);
bool my_alloc(void *ctx, axaddr_hpa_t *frame);
void my_free(void *ctx, axaddr_hpa_t frame);
void *my_frame_at(void *ctx, axaddr_hpa_t frame);
void my_flush(void *ctx, const struct axaddr_flush *plan);

static const struct axaddr_hal my_hal = {
    .alloc_frame = my_alloc,
    .free_frame = my_free,
    .frame_at = my_frame_at,
    .flush_tlb = my_flush,
    .alloc_at = my_alloc_at,
    .free_at = my_free_at,
};

AXADDR_DEFINE_VM(vm, axaddr_x86_ept, my_hal);
AXADDR_DEFINE_GUEST_WALK(vm_x86, vm, axaddr_x86_guest);
AXADDR_DEFINE_DEVICE_BUS(ports, axaddr_port, 16);

enum axaddr_status misuse(struct vm *vm, void *ctx, const struct axaddr_vm_config *config);
enum axaddr_status misuse(struct vm *vm, void *ctx, const struct axaddr_vm_config *config) {
    enum axaddr_status status = vm_init(vm, ctx, axaddr_gpa(0), UINT64_C(1) << 39);
    size_t failed;

    return status == AXADDR_OK ? vm_apply(vm, config, AXADDR_UNRESERVED_FAIL, &failed) : status;
}

enum axaddr_status misuse_bus(struct ports *bus, struct ports_entry *entry,
                              struct axaddr_device_access *access);
enum axaddr_status misuse_bus(struct ports *bus, struct ports_entry *entry,
                              struct axaddr_device_access *access) {
    enum axaddr_status status = ports_find(bus, axaddr_port(0x3f8), entry);

    return status == AXADDR_OK ? ports_access(bus, 0, axaddr_port(0x3f8), access) : status;
}

enum axaddr_walk_result misuse_walk(struct vm *vm, const struct axaddr_x86_guest_regime *regime,
                                    struct axaddr_guest_page *page);
enum axaddr_walk_result misuse_walk(struct vm *vm, const struct axaddr_x86_guest_regime *regime,
                                    struct axaddr_guest_page *page) {
    return vm_x86_walk(vm, regime, axaddr_gva(0), AXADDR_READ, 0, page);
}
