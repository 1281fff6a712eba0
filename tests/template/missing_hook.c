/* SPDX-License-Identifier: MIT
 *
 * missing_hook.c: a HAL without the hook that LACKS_... names; GUEST says what is made with it. With
 * optimisation it must not compile; without, the program runs and _init says AXADDR_UNSUPPORTED.
 */
#include "arena.h"

#include <stdio.h>

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
#ifndef LACKS_flush_tlb
    .flush_tlb = arena_flush_tlb,
#endif
#ifndef LACKS_alloc_block
    .alloc_block = arena_alloc_block,
#endif
#ifndef LACKS_free_block
    .free_block = arena_free_block,
#endif
};

#if GUEST == 1
AXADDR_DEFINE_SPACE(guest, FORMAT, broken_hal); /* -DGUEST=1 */
#elif GUEST == 2
AXADDR_DEFINE_PAGE_TABLE(guest, FORMAT, broken_hal); /* -DGUEST=2 */
#elif GUEST == 3
AXADDR_DECLARE_SPACE(guest);
AXADDR_IMPLEMENT_SPACE(guest, FORMAT, broken_hal); /* -DGUEST=3 */
#endif

int main(void) {
    static struct arena arena;
    struct guest guest;
    enum axaddr_status status;

    if (!arena_init(&arena)) {
        return 2;
    }
    status = guest_init(&guest, &arena, axaddr_gpa(0), UINT64_C(1) << 32);
    puts(axaddr_status_name(status));
    arena_destroy(&arena);
    return status != AXADDR_UNSUPPORTED || arena.taken_count != 0;
}
