/* expect: incompatible pointer type */
/* SPDX-License-Identifier: MIT
 *
 * The registers of one machine given to the walk of another's tables.
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
AXADDR_DEFINE_GUEST_WALK(vm_x86, vm, axaddr_x86_guest);

enum axaddr_walk_result misuse(struct vm *vm, const struct axaddr_riscv_guest_regime *regime,
                               struct axaddr_guest_page *page);
enum axaddr_walk_result misuse(struct vm *vm, const struct axaddr_riscv_guest_regime *regime,
                               struct axaddr_guest_page *page) {
    return vm_x86_walk(vm, regime, axaddr_gva(0), AXADDR_READ, 0, page); /* wrong */
}
