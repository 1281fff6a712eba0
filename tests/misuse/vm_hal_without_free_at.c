/* expect: this HAL has one of .alloc_at and .free_at */
/* SPDX-License-Identifier: MIT
 *
 * A HAL that takes memory at its host address and has no way to give it back.
 */
#include "axaddr.h"

bool my_alloc_at(void *ctx, axaddr_hpa_t host, uint64_t size);
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
};

AXADDR_DEFINE_VM(vm, axaddr_x86_ept, my_hal);

enum axaddr_status misuse(struct vm *vm, void *ctx);
enum axaddr_status misuse(struct vm *vm, void *ctx) {
    return vm_init(vm, ctx, axaddr_gpa(0), UINT64_C(1) << 39);
}
