/* SPDX-License-Identifier: MIT
 *
 * loongarch64_tlb.h: TLB maintenance for LoongArch64: what a plan comes to in INVTLB.
 *
 * Manual: LoongArch Reference Manual, Volume 1: 4.2.4.7 INVTLB, 5.4.2 TLB entries.
 *
 * INVTLB is about the CPU that executes it. A HAL's flush_tlb, for a space with its ASID set, has
 * every CPU of plan->cpus execute
 *
 *     axaddr_loongarch64_flush(plan, &tables);
 *
 * by an interrupt, and waits for all of them. It has to interrupt them even where there is nothing
 * to forget (a plan that only has tables): a refill of the TLB, which cannot be interrupted, may be
 * walking through a table that is freed next.
 *
 * What is decided (..._with) is apart from what is executed (struct axaddr_loongarch64_tlb), so
 * that it can be watched on any machine.
 */
#ifndef AXADDR_ARCH_LOONGARCH64_TLB_H
#define AXADDR_ARCH_LOONGARCH64_TLB_H

#include "../axaddr_core/addr.h"
#include "tlb_steps.h"

/** Bits of CSR.ASID.ASID at most; CSR.ASID.ASIDBITS tells how many there are. */
#define AXADDR_LOONGARCH64_ASID_BITS 10

/** The operations of INVTLB (4.2.4.7, Table 13). One that names an address drops its whole pair. */
enum axaddr_loongarch64_invtlb {
    AXADDR_LOONGARCH64_INVTLB_ALL = 0,
    AXADDR_LOONGARCH64_INVTLB_ASID = 4,      /**< an ASID; global ones stay */
    AXADDR_LOONGARCH64_INVTLB_GVA = 5,       /**< an address of an ASID; global ones stay */
    AXADDR_LOONGARCH64_INVTLB_GVA_GLOBAL = 6 /**< an address, of an ASID or global */
};

/** What an executor is made of. `ctx` is what the caller of ..._with gave. */
struct axaddr_loongarch64_tlb {
    void (*invtlb)(void *ctx, enum axaddr_loongarch64_invtlb operation, uint32_t asid,
                   uint64_t gva);
};

/** Which tables a plan is for. */
struct axaddr_loongarch64_tables {
    bool has_global; /**< they may have AXADDR_GLOBAL leaves, or may have had before the edit */
    uint64_t above;  /**< for a half in PGDH ~axaddr_low_bits(format.input_width); else 0 */
};

/** How many leaves a plan names one by one; 0 if everything has to be forgotten instead. */
static inline unsigned axaddr_loongarch64_step_count(const struct axaddr_flush *plan) {
    uint64_t count = 0;
    unsigned i;

    if (plan->is_full || plan->has_tables || plan->range_count > AXADDR_FLUSH_RANGE_MAX) {
        return 0;
    }
    for (i = 0; i < plan->range_count; i++) {
        const struct axaddr_flush_range *range = &plan->ranges[i];

        if (range->last < range->first) {
            return 0;
        }
        count += (range->last >> range->stride_shift) - (range->first >> range->stride_shift) + 1;
    }
    return count <= AXADDR_FLUSH_PAGE_MAX ? (unsigned)count : 0;
}

/** axaddr_loongarch64_flush without its instructions. */
AXADDR_ALWAYS_INLINE void
axaddr_loongarch64_flush_with(const struct axaddr_flush *plan,
                              const struct axaddr_loongarch64_tables *tables,
                              const struct axaddr_loongarch64_tlb *tlb, void *ctx) {
    uint32_t asid = axaddr_tlb_vmid(plan, AXADDR_LOONGARCH64_ASID_BITS);
    enum axaddr_loongarch64_invtlb by_address =
        tables->has_global ? AXADDR_LOONGARCH64_INVTLB_GVA_GLOBAL : AXADDR_LOONGARCH64_INVTLB_GVA;
    unsigned i;

    if (axaddr_flush_is_empty(plan)) {
        return;
    }
    if (asid == 0 || axaddr_loongarch64_step_count(plan) == 0) {
        tlb->invtlb(ctx,
                    asid == 0 || tables->has_global ? AXADDR_LOONGARCH64_INVTLB_ALL
                                                    : AXADDR_LOONGARCH64_INVTLB_ASID,
                    asid, 0);
        return;
    }
    for (i = 0; i < plan->range_count; i++) {
        unsigned shift = plan->ranges[i].stride_shift;
        uint64_t last = plan->ranges[i].last >> shift;
        uint64_t step;

        for (step = plan->ranges[i].first >> shift; step <= last; step++) {
            tlb->invtlb(ctx, by_address, asid, (step << shift) | tables->above);
        }
    }
}

/* ---- the instruction ---- */

#if defined(__loongarch__) && __loongarch_grlen == 64

/** The operation is part of the instruction. */
static inline void axaddr_loongarch64_invtlb(void *ctx, enum axaddr_loongarch64_invtlb operation,
                                             uint32_t asid, uint64_t gva) {
    (void)ctx;
    switch (operation) {
    case AXADDR_LOONGARCH64_INVTLB_ALL:
        __asm__ volatile("invtlb 0, $zero, $zero" ::: "memory");
        break;
    case AXADDR_LOONGARCH64_INVTLB_ASID:
        __asm__ volatile("invtlb 4, %0, $zero" ::"r"((uint64_t)asid) : "memory");
        break;
    case AXADDR_LOONGARCH64_INVTLB_GVA:
        __asm__ volatile("invtlb 5, %0, %1" ::"r"((uint64_t)asid), "r"(gva) : "memory");
        break;
    case AXADDR_LOONGARCH64_INVTLB_GVA_GLOBAL:
        __asm__ volatile("invtlb 6, %0, %1" ::"r"((uint64_t)asid), "r"(gva) : "memory");
        break;
    }
}

AXADDR_UNUSED static const struct axaddr_loongarch64_tlb axaddr_loongarch64_tlb_here = {
    .invtlb = axaddr_loongarch64_invtlb,
};

/** Forget everything (5.4.3.4: once before the first table, as the TLB may hold anything). */
static inline void axaddr_loongarch64_flush_all(void) {
    axaddr_loongarch64_invtlb(0, AXADDR_LOONGARCH64_INVTLB_ALL, 0, 0);
}

/** Forget all of an ASID but what is global. */
static inline void axaddr_loongarch64_flush_asid(uint32_t asid) {
    axaddr_loongarch64_invtlb(0, AXADDR_LOONGARCH64_INVTLB_ASID, asid, 0);
}

/** Forget the pair that holds an address, under this ASID or global: see loongarch64.h. */
static inline void axaddr_loongarch64_forget(uint64_t gva, uint32_t asid) {
    axaddr_loongarch64_invtlb(0, AXADDR_LOONGARCH64_INVTLB_GVA_GLOBAL, asid, gva);
}

/**
 * Carry out a plan on this CPU, at PLV 0. Its VMID is the table's ASID, which need not be the one
 * loaded; 0 stands for all, and drops everything: give a space that is changed often another.
 */
static inline void axaddr_loongarch64_flush(const struct axaddr_flush *plan,
                                            const struct axaddr_loongarch64_tables *tables) {
    axaddr_loongarch64_flush_with(plan, tables, &axaddr_loongarch64_tlb_here, 0);
}

#endif /* LoongArch64 */

#endif /* AXADDR_ARCH_LOONGARCH64_TLB_H */
