/* SPDX-License-Identifier: MIT
 *
 * early.c: while addresses are physical: a first table, which maps the board's RAM where it is and
 * where the kernel is linked for. Each CPU turns translation on with it, jumps (boot.S), and leaves
 * it for the kernel's own space.
 *
 * The code runs at another address than it is linked for, so all addresses in it are relative to
 * the pc: no pointers in constants that it reads (the compiler's tables for `switch` included).
 * axaddr's constant ones fold away.
 */
#include "kernel.h"

#define EARLY_FRAME_COUNT 16u

static char frames[EARLY_FRAME_COUNT][PAGE_SIZE] __attribute__((aligned(4096)));
static unsigned frames_used;
struct early_roots early_roots;

static inline bool early_alloc_frame(void *ctx, axaddr_hpa_t *frame) {
    (void)ctx;
    if (frames_used == EARLY_FRAME_COUNT) {
        return false;
    }
    *frame = axaddr_hpa((uintptr_t)frames[frames_used++]);
    return true;
}

static inline void early_free_frame(void *ctx, axaddr_hpa_t frame) {
    (void)ctx;
    (void)frame;
}

static inline void *early_frame_at(void *ctx, axaddr_hpa_t frame) {
    (void)ctx;
    return (void *)(uintptr_t)frame.raw;
}

static inline void early_flush_tlb(void *ctx, const struct axaddr_flush *plan) {
    (void)ctx;
    (void)plan; /* nothing is translated yet */
}

static const struct axaddr_hal early_hal = {
    .alloc_frame = early_alloc_frame,
    .free_frame = early_free_frame,
    .frame_at = early_frame_at,
    .flush_tlb = early_flush_tlb,
};

AXADDR_DEFINE_SPACE_TYPED(early, ARCH_FORMAT, early_hal, axaddr_gva, axaddr_hpa);

static void insist(enum axaddr_status status) {
    while (status != AXADDR_OK) { /* there is nothing to say it with */
    }
}

void early_make_tables(void) {
    const uint32_t all = AXADDR_READ | AXADDR_WRITE | AXADDR_EXECUTE;
    axaddr_hpa_t ram = axaddr_hpa(RAM_START);
    axaddr_hpa_t uart = axaddr_hpa(UART_PHYSICAL);
    static struct early lower, upper, empty;

    insist(early_init(&upper, 0, axaddr_gva(KERNEL_FIRST), KERNEL_SIZE));
    insist(early_map_linear(&upper, in_kernel(ram.raw + KERNEL_OFFSET), ram, RAM_SIZE, all));
    insist(early_map_linear(&upper, in_kernel(uart.raw + KERNEL_OFFSET), uart, PAGE_SIZE,
                            AXADDR_READ | AXADDR_WRITE | AXADDR_DEVICE));
    insist(early_init(&lower, 0, axaddr_gva(ram.raw), RAM_SIZE));
    insist(early_map_linear(&lower, axaddr_gva(ram.raw), ram, RAM_SIZE, all));
    if (KERNEL_SHARED != 0) { /* there is one root at a time: the lower one has both */
        insist(early_share(&upper, axaddr_gva(KERNEL_FIRST), KERNEL_SHARED));
        insist(early_copy_mappings_from(&lower, early_table(&upper), axaddr_gva(KERNEL_FIRST),
                                        KERNEL_SHARED));
    }
    insist(early_init(&empty, 0, axaddr_gva(PAGE_SIZE), PAGE_SIZE));
    early_roots.lower = early_root(&lower);
    early_roots.upper = early_root(&upper);
    early_roots.empty = early_root(&empty);
}

void early_turn_on(void) {
    insist(arch_turn_on(&early_roots));
}
