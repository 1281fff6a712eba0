/* SPDX-License-Identifier: MIT
 *
 * names.c: a program whose own globals are called what the parameters of generated functions are:
 * no macro may make a warning of that (-Wshadow).
 */
#include "../../axaddr.h"

/* clang-format off */
#define GLOBALS(X)                                                                                 \
    X(a) X(access) X(address) X(alignment) X(area) X(areas) X(arg) X(at) X(b) X(backing) X(base)   \
    X(bitmap) X(bits) X(budget) X(buffer) X(bus) X(byte) X(change) X(config) X(cookie) X(core)     \
    X(count) X(cpu) X(cpus) X(ctx) X(cursor) X(desired) X(device) X(distance) X(done) X(dump)      \
    X(edit) X(entry) X(expected) X(failed) X(first) X(flags) X(frame) X(frame_count) X(frames)     \
    X(from) X(geometry) X(guest) X(head) X(high) X(hint) X(hit) X(host) X(how) X(id) X(inner)      \
    X(is_commit) X(is_done) X(is_run) X(is_top_down) X(label) X(last) X(length) X(level) X(line)   \
    X(low) X(mapping) X(max) X(more) X(next) X(node) X(notes) X(operation) X(order) X(outer)       \
    X(owned) X(page) X(page_size) X(path) X(plan) X(pool) X(position) X(range) X(raw) X(regime)    \
    X(region) X(regions) X(removed) X(request) X(result) X(segments) X(self) X(set) X(size)        \
    X(slot) X(slots) X(source) X(space) X(start) X(stats) X(status) X(table) X(tag) X(terms)       \
    X(text) X(to) X(unreserved) X(value) X(visit) X(vmid) X(wanted) X(where) X(width) X(words)
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

static inline void my_flush_tlb(void *my_ctx, const struct axaddr_flush *my_plan) {
    (void)my_ctx;
    (void)my_plan;
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
AXADDR_DEFINE_RANGE_SET(my_ranges, axaddr_gpa, uint64_t, 0, my_hal);
AXADDR_DEFINE_VM(my_vm, axaddr_x86_ept, my_hal);
AXADDR_DECLARE_VM(my_shared_vm);
AXADDR_IMPLEMENT_VM(my_shared_vm, axaddr_x86_ept, my_hal);
AXADDR_DEFINE_DEVICE_BUS(my_bus, axaddr_gpa, 8);
AXADDR_DEFINE_GUEST_WALK(my_walk, my_vm, axaddr_x86_guest);

int main(void) {
    struct my_space my_guest;
    int sum = 0 GLOBALS(ADD);

    return my_space_init(&my_guest, 0, axaddr_gpa(0), UINT64_C(1) << 39) == AXADDR_NO_MEMORY &&
                   sum > 0
               ? 0
               : 1;
}
