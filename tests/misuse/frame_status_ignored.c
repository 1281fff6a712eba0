/* expect: ignoring return value */
/* SPDX-License-Identifier: MIT
 *
 * A frame whose allocation nobody checked.
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

AXADDR_DEFINE_FRAME(page, my_hal);

void *misuse(void *ctx);
void *misuse(void *ctx) {
    struct page frame = page_empty();

    page_alloc(ctx, &frame); /* wrong */
    return page_pointer(&frame);
}
