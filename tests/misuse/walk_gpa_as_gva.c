/* expect: incompatible type */
/* SPDX-License-Identifier: MIT
 *
 * A guest-physical address walked through the guest's own tables, which are for virtual ones.
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

enum axaddr_walk_result misuse(struct vm *vm, const struct axaddr_x86_guest_regime *regime,
                               axaddr_gpa_t gpa, struct axaddr_guest_page *page);
enum axaddr_walk_result misuse(struct vm *vm, const struct axaddr_x86_guest_regime *regime,
                               axaddr_gpa_t gpa, struct axaddr_guest_page *page) {
    return vm_x86_walk(vm, regime, gpa, AXADDR_READ, 0, page); /* wrong */
}
