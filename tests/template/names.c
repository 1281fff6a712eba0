/* SPDX-License-Identifier: MIT
 *
 * names.c: a program whose own globals are called what the parameters of generated functions are:
 * no macro may make a warning of that (-Wshadow).
 */
#include "../../axaddr.h"

/* clang-format off */
#define GLOBALS(X)                                                                                 \
    X(a) X(access) X(address) X(alignment) X(area) X(areas) X(b) X(backing) X(buffer) X(change)    \
    X(cookie) X(count) X(cpu) X(cpus) X(ctx) X(edit) X(entry) X(first) X(flags) X(frame)           \
    X(frame_count) X(frames) X(from) X(host) X(id) X(last) X(level) X(mapping) X(more) X(notes)    \
    X(order) X(page) X(pool) X(position) X(range) X(raw) X(request) X(self) X(size) X(slot)        \
    X(space) X(start) X(stats) X(status) X(table) X(terms) X(text) X(vmid)
#define DECLARE(word) extern int word; int word = 1;
#define ADD(word) + word
/* clang-format on */

GLOBALS(DECLARE)

static inline bool my_alloc_frame(void *my_ctx, axaddr_hpa_t *my_frame) {
    (void)my_ctx;
    (void)my_frame;
    return false;
}

static inline void my_free_frame(void *my_ctx, axaddr_hpa_t my_frame) {
    (void)my_ctx;
    (void)my_frame;
}

static inline void *my_frame_at(void *my_ctx, axaddr_hpa_t my_frame) {
    (void)my_frame;
    return my_ctx;
}

static inline void my_flush_tlb(void *my_ctx, const struct axaddr_flush *plan) {
    (void)my_ctx;
    (void)plan;
}

AXADDR_UNUSED static const struct axaddr_hal my_hal = {
    .alloc_frame = my_alloc_frame,
    .free_frame = my_free_frame,
    .frame_at = my_frame_at,
    .flush_tlb = my_flush_tlb,
};

AXADDR_DEFINE_ADDR(my_addr);
AXADDR_DEFINE_FRAME(my_frames, my_hal);
AXADDR_DEFINE_VMID_POOL(my_vmids, 4, 0, 0);
AXADDR_DEFINE_SPACE(my_space, axaddr_x86_ept, my_hal);
AXADDR_DEFINE_PAGE_TABLE(my_table, axaddr_x86_64, my_hal);
AXADDR_DECLARE_SPACE(my_shared_space);
AXADDR_IMPLEMENT_SPACE(my_shared_space, axaddr_x86_ept, my_hal);
AXADDR_DECLARE_PAGE_TABLE(my_shared_table);
AXADDR_IMPLEMENT_PAGE_TABLE(my_shared_table, axaddr_x86_64, my_hal);

int main(void) {
    struct my_space guest;
    int sum = 0 GLOBALS(ADD);

    return my_space_init(&guest, 0, axaddr_gpa(0), UINT64_C(1) << 39) == AXADDR_NO_MEMORY && sum > 0
               ? 0
               : 1;
}
