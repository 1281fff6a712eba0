/* SPDX-License-Identifier: MIT
 *
 * memory.c: page frames, the host functions of axaddr, and the kernel's own space. Frames are
 * handed out full of old bytes, and counted: one that is lost, or given back twice, is noticed.
 */
#include "kernel.h"

#define OLD_WORD UINT64_C(0xa5a5a5a5a5a5a5a5)

struct vm kernel_space;
struct asids asid_pool;

/* ---- page frames ---- */

static struct lock frames_lock;
static bool is_taken[FRAME_COUNT];
static uint64_t next_frame;
static uint64_t taken_count;
static uint64_t wrong_count;

uint64_t frames_taken(void) {
    return __atomic_load_n(&taken_count, __ATOMIC_RELAXED);
}

uint64_t frames_wrong(void) {
    return __atomic_load_n(&wrong_count, __ATOMIC_RELAXED);
}

static inline void *host_frame_at(void *ctx, axaddr_hpa_t frame) {
    (void)ctx;
    return virtual(frame.raw);
}

static inline bool host_alloc_frame(void *ctx, axaddr_hpa_t *frame) {
    bool is_found = false;

    lock_take(&frames_lock);
    for (uint64_t tried = 0; tried < FRAME_COUNT && !is_found; tried++) {
        uint64_t index = next_frame++ % FRAME_COUNT;

        if (!is_taken[index]) {
            is_taken[index] = true;
            taken_count++;
            *frame = axaddr_hpa(POOL_START + index * PAGE_SIZE);
            is_found = true;
        }
    }
    lock_give(&frames_lock);
    for (uint64_t i = 0; is_found && i < PAGE_SIZE / 8; i++) {
        ((uint64_t *)host_frame_at(ctx, *frame))[i] = OLD_WORD;
    }
    return is_found;
}

static inline void host_free_frame(void *ctx, axaddr_hpa_t frame) {
    uint64_t index = (frame.raw - POOL_START) / PAGE_SIZE;

    (void)ctx;
    lock_take(&frames_lock);
    if (frame.raw % PAGE_SIZE == 0 && index < FRAME_COUNT && is_taken[index]) {
        is_taken[index] = false;
        taken_count--;
    } else {
        wrong_count++;
    }
    lock_give(&frames_lock);
}

/* ---- TLBs ---- */

static struct lock asids_lock;

void lock_asids(void *ctx) {
    (void)ctx;
    lock_take(&asids_lock);
}

void unlock_asids(void *ctx) {
    (void)ctx;
    lock_give(&asids_lock);
}

/**
 * The kernel's mappings are global, and on all CPUs. A user's are known under its ASID, on those
 * CPUs that have run it; if none has, there is nothing to flush.
 */
static inline void host_flush_tlb(void *ctx, const struct axaddr_flush *plan) {
    struct owner *owner = ctx;
    struct axaddr_flush own = *plan;

    if (owner->is_kernel || asids_holders(&asid_pool, &owner->vmid, &own)) {
        require(flush_cpus(&own, owner->is_kernel), "flush the TLBs");
    }
}

/* No lock: each space is edited by one CPU at a time. */
static const struct axaddr_hal kernel_hal = {
    .alloc_frame = host_alloc_frame,
    .free_frame = host_free_frame,
    .frame_at = host_frame_at,
    .flush_tlb = host_flush_tlb,
};

AXADDR_IMPLEMENT_SPACE_TYPED(vm, ARCH_FORMAT, kernel_hal, axaddr_gva, axaddr_hpa);

/* ---- the kernel's space ---- */

/** [start, end) of what the kernel is, where it is linked for. */
static struct axaddr_region region(const char *name, const char *start, const char *end,
                                   uint32_t flags) {
    struct axaddr_region made = {in_kernel((uintptr_t)start).raw, physical(start),
                                 (uint64_t)(end - start), flags | AXADDR_GLOBAL, name};

    return made;
}

void memory_init(void) {
    static struct owner owner = {.is_kernel = true};
    const uint32_t read_write = AXADDR_READ | AXADDR_WRITE;
    const char *pool = virtual(POOL_START);
    const char *uart = virtual(UART_PHYSICAL);
    const struct axaddr_region regions[] = {
        region("text", text_start, text_end, AXADDR_READ | AXADDR_EXECUTE),
        region("rodata", text_end, rodata_end, AXADDR_READ),
        region("data", rodata_end, data_end, read_write),
        region("frames", pool, pool + FRAME_COUNT * PAGE_SIZE, read_write),
        region("uart", uart, uart + PAGE_SIZE, read_write | AXADDR_DEVICE),
    };

    require(vm_init(&kernel_space, &owner, axaddr_gva(KERNEL_FIRST), KERNEL_SIZE), "init");
    require(vm_map_regions(&kernel_space, regions, sizeof regions / sizeof *regions),
            "map the kernel's regions");
    if (KERNEL_SHARED != 0) {
        require(vm_share(&kernel_space, axaddr_gva(KERNEL_FIRST), KERNEL_SHARED), "share");
    }
    require(use_kernel(vm_root(&kernel_space), &early_roots), "use the kernel's space");
}

/**
 * Nothing was mapped there, so the library asks for no flush. A RISC-V hart may remember that (it
 * would only fault once, but here the kernel itself would); so all are told.
 */
void memory_map_later(void) {
    const uint64_t at = in_kernel(LATER_AT).raw;
    const struct axaddr_region regions[] = {
        {at, LATER_PHYSICAL, PAGE_SIZE, AXADDR_READ | AXADDR_WRITE | AXADDR_DEVICE | AXADDR_GLOBAL,
         "virtio"},
        {at + PAGE_SIZE, physical(user_image), PAGE_SIZE, AXADDR_READ | AXADDR_GLOBAL, "image"},
    };
    struct axaddr_flush plan;

    require(vm_map_regions(&kernel_space, regions, 2), "map regions later");
    axaddr_flush_init(&plan);
    axaddr_flush_add(&plan, at, at + 2 * PAGE_SIZE - 1, 12);
    require(flush_cpus(&plan, true), "flush the TLBs");
    later_is_mapped = true;
}

void memory_unmap_later(void) {
    later_is_mapped = false;
    require(vm_unmap(&kernel_space, in_kernel(LATER_MEMORY), PAGE_SIZE), "unmap the memory");
}
