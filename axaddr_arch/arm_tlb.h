/* SPDX-License-Identifier: MIT
 *
 * arm_tlb.h: TLB maintenance for 32-bit Arm: what a plan comes to in CP15 operations, and the
 * operations.
 *
 * Manual: ARM DDI 0406C (ARMv7-A and -R, with the Multiprocessing and Virtualization Extensions):
 * B3.10 "TLB maintenance requirements", B4.2.2 "TLB maintenance operations", B2.2.9 on branch
 * predictors. AArch32 of ARM DDI 0487 has all of these.
 *
 * A HAL's flush_tlb, for a space with its VMID or ASID set:
 *
 *     axaddr_arm_stage2_flush(plan, root);         // in Hyp mode; root: vm_root()
 *     axaddr_arm_stage1_flush(plan, &tables);      // at PL1
 *     axaddr_arm_hyp_flush(plan);                  // in Hyp mode, for its own tables
 *
 * All operations here are broadcast to the inner shareable domain, so no other CPU has to be asked
 * and plan.cpus is not looked at.
 *
 * What is decided (..._with) is apart from what is executed (struct axaddr_arm_tlb), so that it can
 * be watched on any machine.
 */
#ifndef AXADDR_ARCH_ARM_TLB_H
#define AXADDR_ARCH_ARM_TLB_H

#include "../axaddr_core/addr.h"
#include "tlb_steps.h"

#if defined(__arm__) && __ARM_ARCH >= 7 && __ARM_ARCH_PROFILE == 'A'
#define AXADDR_HAS_ARM_ASM
#endif

/* ---- the operations ---- */

enum axaddr_arm_tlbi {
    AXADDR_ARM_TLBIMVAIS,     /**< PL1&0: an address of an ASID (operand 7:0), and global ones */
    AXADDR_ARM_TLBIMVAAIS,    /**< PL1&0: an address of all ASIDs */
    AXADDR_ARM_TLBIASIDIS,    /**< PL1&0: all of an ASID; global ones stay */
    AXADDR_ARM_TLBIALLIS,     /**< PL1&0: all of the current VMID; from Hyp mode of both stages */
    AXADDR_ARM_TLBIALLNSNHIS, /**< PL1&0: all of all VMIDs, both stages */
    AXADDR_ARM_TLBIMVAHIS,    /**< PL2: an address */
    AXADDR_ARM_TLBIALLHIS,    /**< PL2: all */
    AXADDR_ARM_BPIALLIS,      /**< all branch predictors */
};

enum axaddr_arm_barrier {
    AXADDR_ARM_DSB_ISHST,
    AXADDR_ARM_DSB_ISH,
    AXADDR_ARM_ISB,
};

/** What an executor is made of. `ctx` is what the caller of ..._with gave. */
struct axaddr_arm_tlb {
    void (*tlbi)(void *ctx, enum axaddr_arm_tlbi what, uint32_t operand);
    void (*barrier)(void *ctx, enum axaddr_arm_barrier what);
    uint64_t (*read_vttbr)(void *ctx);              /**< stage 2 only */
    void (*write_vttbr)(void *ctx, uint64_t vttbr); /**< stage 2 only */
};

/**
 * Mappings have changed, so what was predicted of their branches has to go as well (B2.2.9; CPUs
 * that need none of it ignore this), and all of it be done before what follows.
 */
AXADDR_ALWAYS_INLINE void axaddr_arm_tlb_end_with(const struct axaddr_arm_tlb *tlb, void *ctx) {
    tlb->tlbi(ctx, AXADDR_ARM_BPIALLIS, 0);
    tlb->barrier(ctx, AXADDR_ARM_DSB_ISH);
    tlb->barrier(ctx, AXADDR_ARM_ISB);
}

/* ---- stage 2 ---- */

/**
 * axaddr_arm_stage2_flush without its instructions. ARMv7 has no operation for an intermediate
 * physical address; and where ARMv8 has one (TLBIIPAS2IS), entries that combine both stages must be
 * forgotten besides, and what forgets these from Hyp mode, TLBIALLIS, forgets all of the VM.
 */
AXADDR_ALWAYS_INLINE void axaddr_arm_stage2_flush_with(const struct axaddr_flush *plan,
                                                       axaddr_hpa_t root,
                                                       const struct axaddr_arm_tlb *tlb,
                                                       void *ctx) {
    uint64_t vmid = axaddr_tlb_vmid(plan, 8);
    uint64_t loaded;

    if (axaddr_flush_is_empty(plan)) {
        return;
    }
    loaded = tlb->read_vttbr(ctx);
    if (vmid == 0 || vmid == (loaded >> 48 & 0xff)) {
        tlb->barrier(ctx, AXADDR_ARM_DSB_ISHST);
        tlb->tlbi(ctx, vmid == 0 ? AXADDR_ARM_TLBIALLNSNHIS : AXADDR_ARM_TLBIALLIS, 0);
        axaddr_arm_tlb_end_with(tlb, ctx);
        return;
    }
    /* Not only stores: walks that the guest began must end before the register changes. */
    tlb->barrier(ctx, AXADDR_ARM_DSB_ISH);
    tlb->write_vttbr(ctx, vmid << 48 | root.raw);
    tlb->barrier(ctx, AXADDR_ARM_ISB);
    tlb->tlbi(ctx, AXADDR_ARM_TLBIALLIS, 0);
    axaddr_arm_tlb_end_with(tlb, ctx);
    tlb->write_vttbr(ctx, loaded);
    tlb->barrier(ctx, AXADDR_ARM_ISB);
}

/* ---- stage 1 ---- */

/** Which table of the PL1&0 regime a plan is for. */
struct axaddr_arm_stage1_tables {
    bool is_short;   /**< short descriptors: leaves of 4 KiB and 1 MiB; else 4 KiB, 2 MiB, 1 GiB */
    bool has_global; /**< it may have AXADDR_GLOBAL leaves, which TLBIASIDIS does not drop */
};

/**
 * Log2 of the steps in which a range is named: the largest leaf not above its stride. (Runs count
 * as the leaves that they are made of: a TLB need not hold them as one.)
 */
AXADDR_ALWAYS_INLINE unsigned axaddr_arm_step_shift(const struct axaddr_flush_range *range,
                                                    bool is_short) {
    unsigned middle = is_short ? 20 : 21;

    if (range->stride_shift >= 30 && !is_short) {
        return 30;
    }
    return range->stride_shift >= middle ? middle : 12;
}

/** As axaddr_tlb_step_count: whether a plan that is not empty can be said address by address. */
AXADDR_ALWAYS_INLINE bool axaddr_arm_is_named(const struct axaddr_flush *plan, bool is_short) {
    uint64_t count = 0;
    unsigned i;

    if (plan->is_full || plan->has_tables || plan->range_count > AXADDR_FLUSH_RANGE_MAX) {
        return false;
    }
    for (i = 0; i < plan->range_count; i++) {
        const struct axaddr_flush_range *range = &plan->ranges[i];
        unsigned shift = axaddr_arm_step_shift(range, is_short);

        if (range->last < range->first || range->last > UINT32_MAX) {
            return false;
        }
        count += (range->last >> shift) - (range->first >> shift) + 1;
    }
    return count <= AXADDR_FLUSH_PAGE_MAX;
}

/** Name each range of a plan: MVA[31:12] in 31:12 of the operand, an ASID in 7:0. */
AXADDR_ALWAYS_INLINE void axaddr_arm_sweep_with(const struct axaddr_flush *plan, bool is_short,
                                                enum axaddr_arm_tlbi what, uint32_t asid,
                                                const struct axaddr_arm_tlb *tlb, void *ctx) {
    unsigned i;

    for (i = 0; i < plan->range_count; i++) {
        unsigned shift = axaddr_arm_step_shift(&plan->ranges[i], is_short);
        uint32_t step = (uint32_t)(plan->ranges[i].first >> shift);
        uint32_t last = (uint32_t)(plan->ranges[i].last >> shift);

        for (; step <= last; step++) {
            tlb->tlbi(ctx, what, step << shift | asid);
        }
    }
}

/** axaddr_arm_stage1_flush without its instructions. */
AXADDR_ALWAYS_INLINE void axaddr_arm_stage1_flush_with(const struct axaddr_flush *plan,
                                                       const struct axaddr_arm_stage1_tables *which,
                                                       const struct axaddr_arm_tlb *tlb,
                                                       void *ctx) {
    uint32_t asid = axaddr_tlb_vmid(plan, 8);

    if (axaddr_flush_is_empty(plan)) {
        return;
    }
    tlb->barrier(ctx, AXADDR_ARM_DSB_ISHST);
    if (axaddr_arm_is_named(plan, which->is_short)) {
        axaddr_arm_sweep_with(plan, which->is_short,
                              asid != 0 ? AXADDR_ARM_TLBIMVAIS : AXADDR_ARM_TLBIMVAAIS, asid, tlb,
                              ctx);
    } else if (asid != 0 && !which->has_global) {
        tlb->tlbi(ctx, AXADDR_ARM_TLBIASIDIS, asid);
    } else {
        tlb->tlbi(ctx, AXADDR_ARM_TLBIALLIS, 0);
    }
    axaddr_arm_tlb_end_with(tlb, ctx);
}

/** axaddr_arm_hyp_flush without its instructions. */
AXADDR_ALWAYS_INLINE void axaddr_arm_hyp_flush_with(const struct axaddr_flush *plan,
                                                    const struct axaddr_arm_tlb *tlb, void *ctx) {
    if (axaddr_flush_is_empty(plan)) {
        return;
    }
    tlb->barrier(ctx, AXADDR_ARM_DSB_ISHST);
    if (axaddr_arm_is_named(plan, false)) {
        axaddr_arm_sweep_with(plan, false, AXADDR_ARM_TLBIMVAHIS, 0, tlb, ctx);
    } else {
        tlb->tlbi(ctx, AXADDR_ARM_TLBIALLHIS, 0);
    }
    axaddr_arm_tlb_end_with(tlb, ctx);
}

/**
 * The publish hook of the formats: the walker is an observer of its own, so the store must have
 * reached it (DSB), and what this CPU has fetched ahead must be fetched again (ISB). Nothing is to
 * be invalidated: a TLB never holds an entry that faults (B3.10.1).
 */
static inline void axaddr_arm_publish(void) {
#ifdef AXADDR_HAS_ARM_ASM
    __asm__ volatile("dsb ishst\n\tisb" ::: "memory");
#else
    __asm__ volatile("" ::: "memory"); /* host tests: no such walker is looking */
#endif
}

/* ---- the instructions of this CPU ---- */

#ifdef AXADDR_HAS_ARM_ASM

static inline void axaddr_arm_tlbi(void *ctx, enum axaddr_arm_tlbi what, uint32_t operand) {
    (void)ctx;
    switch (what) {
    case AXADDR_ARM_TLBIMVAIS:
        __asm__ volatile("mcr p15, 0, %0, c8, c3, 1" ::"r"(operand) : "memory");
        break;
    case AXADDR_ARM_TLBIMVAAIS:
        __asm__ volatile("mcr p15, 0, %0, c8, c3, 3" ::"r"(operand) : "memory");
        break;
    case AXADDR_ARM_TLBIASIDIS:
        __asm__ volatile("mcr p15, 0, %0, c8, c3, 2" ::"r"(operand) : "memory");
        break;
    case AXADDR_ARM_TLBIALLIS:
        __asm__ volatile("mcr p15, 0, %0, c8, c3, 0" ::"r"(operand) : "memory");
        break;
    case AXADDR_ARM_TLBIALLNSNHIS:
        __asm__ volatile("mcr p15, 4, %0, c8, c3, 4" ::"r"(operand) : "memory");
        break;
    case AXADDR_ARM_TLBIMVAHIS:
        __asm__ volatile("mcr p15, 4, %0, c8, c3, 1" ::"r"(operand) : "memory");
        break;
    case AXADDR_ARM_TLBIALLHIS:
        __asm__ volatile("mcr p15, 4, %0, c8, c3, 0" ::"r"(operand) : "memory");
        break;
    case AXADDR_ARM_BPIALLIS:
        __asm__ volatile("mcr p15, 0, %0, c7, c1, 6" ::"r"(operand) : "memory");
        break;
    }
}

static inline void axaddr_arm_barrier(void *ctx, enum axaddr_arm_barrier what) {
    (void)ctx;
    switch (what) {
    case AXADDR_ARM_DSB_ISHST:
        __asm__ volatile("dsb ishst" ::: "memory");
        break;
    case AXADDR_ARM_DSB_ISH:
        __asm__ volatile("dsb ish" ::: "memory");
        break;
    case AXADDR_ARM_ISB:
        __asm__ volatile("isb" ::: "memory");
        break;
    }
}

static inline uint64_t axaddr_arm_read_vttbr(void *ctx) {
    uint32_t low;
    uint32_t high;

    (void)ctx;
    __asm__ volatile("mrrc p15, 6, %0, %1, c2" : "=r"(low), "=r"(high)::"memory");
    return (uint64_t)high << 32 | low;
}

static inline void axaddr_arm_write_vttbr(void *ctx, uint64_t vttbr) {
    (void)ctx;
    __asm__ volatile("mcrr p15, 6, %0, %1, c2" ::"r"((uint32_t)vttbr), "r"((uint32_t)(vttbr >> 32))
                     : "memory");
}

AXADDR_UNUSED static const struct axaddr_arm_tlb axaddr_arm_tlb_cp15 = {
    .tlbi = axaddr_arm_tlbi,
    .barrier = axaddr_arm_barrier,
    .read_vttbr = axaddr_arm_read_vttbr,
    .write_vttbr = axaddr_arm_write_vttbr,
};

/**
 * Carry out a stage 2 plan on all CPUs of the inner shareable domain, in Hyp mode.
 *
 * The VM need not be the one that is loaded: VTTBR is switched to `root` and the plan's VMID and
 * back. The CPU must stay in this call then (no preemption, no interrupt handler that uses VTTBR or
 * runs a guest).
 *
 * @param root  the table of the plan: vm_root()
 */
static inline void axaddr_arm_stage2_flush(const struct axaddr_flush *plan, axaddr_hpa_t root) {
    axaddr_arm_stage2_flush_with(plan, root, &axaddr_arm_tlb_cp15, 0);
}

/** Carry out a plan for a table of the PL1&0 regime, at PL1. */
static inline void axaddr_arm_stage1_flush(const struct axaddr_flush *plan,
                                           const struct axaddr_arm_stage1_tables *which) {
    axaddr_arm_stage1_flush_with(plan, which, &axaddr_arm_tlb_cp15, 0);
}

/** Carry out a plan for Hyp mode's own table, in Hyp mode. */
static inline void axaddr_arm_hyp_flush(const struct axaddr_flush *plan) {
    axaddr_arm_hyp_flush_with(plan, &axaddr_arm_tlb_cp15, 0);
}

#endif /* AXADDR_HAS_ARM_ASM */

#endif /* AXADDR_ARCH_ARM_TLB_H */
