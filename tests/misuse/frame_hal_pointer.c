/* expect: the second argument is the HAL itself */
/* SPDX-License-Identifier: MIT
 *
 * A pointer to the HAL instead of its name.
 */
#include "axaddr_core/frame.h"

bool my_alloc(void *ctx, axaddr_hpa_t *frame);
void my_free(void *ctx, axaddr_hpa_t frame);
void *my_frame_at(void *ctx, axaddr_hpa_t frame);
void my_flush(void *ctx, const struct axaddr_flush *plan);

static const struct axaddr_hal my_hal = {
    .alloc_frame = my_alloc,
    .free_frame = my_free,
    .frame_at = my_frame_at,
    .flush_tlb = my_flush,
    .alloc_block = NULL,
    .free_block = NULL,
};

static const struct axaddr_hal *const pointer = &my_hal;

AXADDR_DEFINE_FRAME(guest_page, pointer);
