/* expect: ignoring return value */
/* SPDX-License-Identifier: MIT
 *
 * A configuration applied to a VM, and nobody looks whether it has its memory.
 */
#include "axaddr.h"

bool my_alloc(void *ctx, axaddr_hpa_t *frame);
void my_free(void *ctx, axaddr_hpa_t frame);
void *my_frame_at(void *ctx, axaddr_hpa_t frame);
void my_flush(void *ctx, const struct axaddr_flush *plan);

static const struct axaddr_hal my_hal = {
    .alloc_frame = my_alloc,
    .free_frame = my_free,
    .frame_at = my_frame_at,
    .flush_tlb = my_flush,
};

AXADDR_DEFINE_VM(vm, axaddr_x86_ept, my_hal);

void misuse(struct vm *vm, const struct axaddr_vm_config *config);
void misuse(struct vm *vm, const struct axaddr_vm_config *config) {
    size_t failed;

    vm_apply(vm, config, AXADDR_UNRESERVED_FAIL, &failed); /* wrong */
}
