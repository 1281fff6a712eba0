/* SPDX-License-Identifier: MIT
 *
 * missing_hook_frame.c: like missing_hook.c, for AXADDR_DEFINE_FRAME, which needs three of the hooks.
 */
#include "arena.h"

static const struct axaddr_hal broken_hal = {
#ifndef LACKS_alloc_frame
    .alloc_frame = arena_alloc_frame,
#endif
#ifndef LACKS_free_frame
    .free_frame = arena_free_frame,
#endif
#ifndef LACKS_frame_at
    .frame_at = arena_frame_at,
#endif
};

AXADDR_DEFINE_FRAME(page, broken_hal);

bool use_page(void *ctx);
bool use_page(void *ctx) {
    struct page page = page_empty();
    bool is_zeroed = page_alloc_zeroed(ctx, &page) == AXADDR_OK;

    page_release(&page);
    return is_zeroed;
}
