/* SPDX-License-Identifier: MIT
 *
 * riscv_tlb.h: TLB maintenance for RISC-V: what a plan comes to in HFENCE.GVMA and, for one-stage
 * tables, SFENCE.VMA, or HINVAL.GVMA and SINVAL.VMA with Svinval, and in calls of the SBI for other
 * harts.
 *
 * Manuals: The RISC-V Instruction Set Manual, Volume II: "Hypervisor Memory-Management Fence
 * Instructions", "SFENCE.VMA" (which it refers to), "Svinval"; RISC-V Supervisor Binary Interface
 * Specification: "RFENCE Extension", "Hart list parameter".
 *
 * A HAL's flush_tlb, in HS-mode, for a space with its VMID (ASID) set; the first for a machine with
 * one hart, the second for any:
 *
 *     axaddr_riscv_gstage_flush(plan, has_svinval);
 *     status = axaddr_riscv_gstage_flush_harts(plan, has_svinval, first_hart);
 *
 *     axaddr_riscv_stage1_flush(plan, has_global, has_svinval);        // in S-mode or HS-mode
 *     status = axaddr_riscv_stage1_flush_harts(plan, has_global, has_svinval, first_hart);
 *
 * A leaf of Sv32, 4 MiB, is named twice: steps have nine bits a level.
 *
 * What is decided (..._with) is apart from what is executed (struct axaddr_riscv_tlb), so that it
 * can be watched on any machine.
 */
#ifndef AXADDR_ARCH_RISCV_TLB_H
#define AXADDR_ARCH_RISCV_TLB_H

#include "../axaddr_core/addr.h"
#include "tlb_steps.h"

/* ---- the instructions ---- */

enum axaddr_riscv_fence {
    AXADDR_RISCV_HFENCE_GVMA,      /**< one address of a VMID */
    AXADDR_RISCV_HFENCE_GVMA_VMID, /**< a VMID: rs1 is x0 */
    AXADDR_RISCV_HFENCE_GVMA_GPA,  /**< one address of all VMIDs: rs2 is x0 */
    AXADDR_RISCV_HFENCE_GVMA_ALL,  /**< everything: both are x0 */
    AXADDR_RISCV_HINVAL_GVMA,      /**< as the first, ordered only by the next two */
    AXADDR_RISCV_HINVAL_GVMA_GPA,  /**< as the third, likewise */
    AXADDR_RISCV_SFENCE_W_INVAL,   /**< stores before it come before HINVALs after it */
    AXADDR_RISCV_SFENCE_INVAL_IR,  /**< HINVALs before it come before walks after it */
    AXADDR_RISCV_FENCE,            /**< fence rw, rw: other harts see the stores before it */
};

/** Those of one-stage tables. An ASID's do not reach global mappings, the others do. */
enum axaddr_riscv_sfence {
    AXADDR_RISCV_SFENCE_VMA,      /**< one address of an ASID */
    AXADDR_RISCV_SFENCE_VMA_ASID, /**< an ASID: rs1 is x0 */
    AXADDR_RISCV_SFENCE_VMA_GVA,  /**< one address of all ASIDs: rs2 is x0 */
    AXADDR_RISCV_SFENCE_VMA_ALL,  /**< everything: both are x0 */
    AXADDR_RISCV_SINVAL_VMA,      /**< as the first, ordered only by the next two of the others */
    AXADDR_RISCV_SINVAL_VMA_GVA,  /**< as the third, likewise */
};

/** SBI: EID "RFNC" and the functions of it that are used. */
#define AXADDR_RISCV_SBI_RFENCE           0x52464e43
#define AXADDR_RISCV_SBI_SFENCE_VMA       1
#define AXADDR_RISCV_SBI_SFENCE_VMA_ASID  2
#define AXADDR_RISCV_SBI_HFENCE_GVMA_VMID 3
#define AXADDR_RISCV_SBI_HFENCE_GVMA      4
/** As hart_mask_base: every hart, whatever hart_mask says. */
#define AXADDR_RISCV_SBI_EVERY_HART       (~UINT64_C(0))

/** A call of the RFENCE extension, a0 to a4. Start and size 0 mean all addresses. */
struct axaddr_riscv_rfence {
    uint64_t hart_mask;
    uint64_t hart_mask_base; /**< the hart of bit 0 */
    uint64_t start;
    uint64_t size;
    uint64_t vmid; /**< of function 3; of function 2 the ASID */
};

/** What an executor is made of. `ctx` is what the caller of ..._with gave. */
struct axaddr_riscv_tlb {
    void (*fence)(void *ctx, enum axaddr_riscv_fence what, uint64_t gpa, uint32_t vmid);
    /** The SBI's error, 0 if it is done. */
    long (*rfence)(void *ctx, unsigned function, const struct axaddr_riscv_rfence *call);
};

/** What an executor for one-stage tables is made of: the second is for orders and other harts. */
struct axaddr_riscv_stage1_tlb {
    void (*sfence)(void *ctx, enum axaddr_riscv_sfence what, uint64_t gva, uint32_t asid);
    struct axaddr_riscv_tlb common;
};

/** Bits of hgatp.VMID at most (VMIDMAX), and of satp.ASID (ASIDMAX). */
#define AXADDR_RISCV_VMID_MAX_BITS 14
#define AXADDR_RISCV_ASID_MAX_BITS 16

/* ---- this hart ---- */

/** Whether a plan is carried out by forgetting all addresses: see axaddr_riscv_gstage_flush. */
static inline bool axaddr_riscv_gstage_flush_is_full(const struct axaddr_flush *plan) {
    return !axaddr_flush_is_empty(plan) && axaddr_tlb_step_count(plan) == 0;
}

/** axaddr_riscv_gstage_flush without its instructions. */
AXADDR_ALWAYS_INLINE void axaddr_riscv_gstage_flush_with(const struct axaddr_flush *plan,
                                                         bool has_svinval,
                                                         const struct axaddr_riscv_tlb *tlb,
                                                         void *ctx) {
    uint32_t vmid = axaddr_tlb_vmid(plan, AXADDR_RISCV_VMID_MAX_BITS);
    unsigned i;

    if (axaddr_flush_is_empty(plan)) {
        return;
    }
    if (axaddr_riscv_gstage_flush_is_full(plan)) {
        tlb->fence(ctx, vmid != 0 ? AXADDR_RISCV_HFENCE_GVMA_VMID : AXADDR_RISCV_HFENCE_GVMA_ALL, 0,
                   vmid);
        return;
    }
    if (has_svinval) {
        tlb->fence(ctx, AXADDR_RISCV_SFENCE_W_INVAL, 0, 0);
    }
    for (i = 0; i < plan->range_count; i++) {
        struct axaddr_tlb_steps steps = axaddr_tlb_steps_of(&plan->ranges[i]);
        uint64_t step;

        for (step = steps.first; step <= steps.last; step++) {
            uint64_t gpa = step << steps.shift;

            if (has_svinval) {
                tlb->fence(ctx, vmid != 0 ? AXADDR_RISCV_HINVAL_GVMA : AXADDR_RISCV_HINVAL_GVMA_GPA,
                           gpa, vmid);
            } else {
                tlb->fence(ctx, vmid != 0 ? AXADDR_RISCV_HFENCE_GVMA : AXADDR_RISCV_HFENCE_GVMA_GPA,
                           gpa, vmid);
            }
        }
    }
    if (has_svinval) {
        tlb->fence(ctx, AXADDR_RISCV_SFENCE_INVAL_IR, 0, 0);
    }
}

/** Whether a plan is carried out by forgetting all addresses: see axaddr_riscv_stage1_flush. */
static inline bool axaddr_riscv_stage1_flush_is_full(const struct axaddr_flush *plan) {
    return axaddr_riscv_gstage_flush_is_full(plan);
}

/** The ASID that a plan is carried out for; 0, all, where an ASID's fences would not do. */
static inline uint32_t axaddr_riscv_stage1_asid(const struct axaddr_flush *plan, bool has_global) {
    return has_global ? 0 : axaddr_tlb_vmid(plan, AXADDR_RISCV_ASID_MAX_BITS);
}

/** axaddr_riscv_stage1_flush without its instructions. */
AXADDR_ALWAYS_INLINE void axaddr_riscv_stage1_flush_with(const struct axaddr_flush *plan,
                                                         bool has_global, bool has_svinval,
                                                         const struct axaddr_riscv_stage1_tlb *tlb,
                                                         void *ctx) {
    uint32_t asid = axaddr_riscv_stage1_asid(plan, has_global);
    enum axaddr_riscv_sfence what;
    unsigned i;

    if (axaddr_flush_is_empty(plan)) {
        return;
    }
    if (axaddr_riscv_stage1_flush_is_full(plan)) {
        what = asid != 0 ? AXADDR_RISCV_SFENCE_VMA_ASID : AXADDR_RISCV_SFENCE_VMA_ALL;
        tlb->sfence(ctx, what, 0, asid);
        return;
    }
    if (has_svinval) {
        tlb->common.fence(ctx, AXADDR_RISCV_SFENCE_W_INVAL, 0, 0);
        what = asid != 0 ? AXADDR_RISCV_SINVAL_VMA : AXADDR_RISCV_SINVAL_VMA_GVA;
    } else {
        what = asid != 0 ? AXADDR_RISCV_SFENCE_VMA : AXADDR_RISCV_SFENCE_VMA_GVA;
    }
    for (i = 0; i < plan->range_count; i++) {
        struct axaddr_tlb_steps steps = axaddr_tlb_steps_of(&plan->ranges[i]);
        uint64_t step;

        for (step = steps.first; step <= steps.last; step++) {
            tlb->sfence(ctx, what, step << steps.shift, asid);
        }
    }
    if (has_svinval) {
        tlb->common.fence(ctx, AXADDR_RISCV_SFENCE_INVAL_IR, 0, 0);
    }
}

/* ---- other harts ---- */

/**
 * Have the SBI carry out a plan that is not empty, by function `tagged` for its tag, or where that
 * is 0 by `all`, which is for every tag.
 */
AXADDR_MUST_CHECK AXADDR_ALWAYS_INLINE enum axaddr_status
axaddr_riscv_rfence_with(const struct axaddr_flush *plan, uint64_t first_hart, uint32_t tag,
                         unsigned tagged, unsigned all, const struct axaddr_riscv_tlb *tlb,
                         void *ctx) {
    unsigned function = tag != 0 ? tagged : all;
    struct axaddr_riscv_rfence call = {plan->cpus, first_hart, 0, 0, tag};
    long error = axaddr_riscv_gstage_flush_is_full(plan) ? -1 : 0;
    unsigned i;

    if (plan->cpus == 0) {
        call.hart_mask_base = AXADDR_RISCV_SBI_EVERY_HART;
    }
    tlb->fence(ctx, AXADDR_RISCV_FENCE, 0, 0);
    for (i = 0; i < plan->range_count && error == 0; i++) {
        call.start = plan->ranges[i].first;
        call.size = plan->ranges[i].last - plan->ranges[i].first + 1;
        error = tlb->rfence(ctx, function, &call);
    }
    if (error != 0) {
        call.start = 0;
        call.size = 0;
        error = tlb->rfence(ctx, function, &call);
    }
    if (error != 0) {
        call.hart_mask = 0;
        call.hart_mask_base = AXADDR_RISCV_SBI_EVERY_HART;
        error = tlb->rfence(ctx, function, &call);
    }
    if (error != 0 && tag != 0) {
        error = tlb->rfence(ctx, all, &call);
    }
    return error == 0 ? AXADDR_OK : AXADDR_UNSUPPORTED;
}

/** The part of axaddr_riscv_gstage_flush_harts that calls the SBI. */
AXADDR_MUST_CHECK AXADDR_ALWAYS_INLINE enum axaddr_status
axaddr_riscv_gstage_flush_remote_with(const struct axaddr_flush *plan, uint64_t first_hart,
                                      const struct axaddr_riscv_tlb *tlb, void *ctx) {
    if (axaddr_flush_is_empty(plan)) {
        return AXADDR_OK;
    }
    return axaddr_riscv_rfence_with(
        plan, first_hart, axaddr_tlb_vmid(plan, AXADDR_RISCV_VMID_MAX_BITS),
        AXADDR_RISCV_SBI_HFENCE_GVMA_VMID, AXADDR_RISCV_SBI_HFENCE_GVMA, tlb, ctx);
}

/** The part of axaddr_riscv_stage1_flush_harts that calls the SBI. */
AXADDR_MUST_CHECK AXADDR_ALWAYS_INLINE enum axaddr_status
axaddr_riscv_stage1_flush_remote_with(const struct axaddr_flush *plan, bool has_global,
                                      uint64_t first_hart,
                                      const struct axaddr_riscv_stage1_tlb *tlb, void *ctx) {
    if (axaddr_flush_is_empty(plan)) {
        return AXADDR_OK;
    }
    return axaddr_riscv_rfence_with(plan, first_hart, axaddr_riscv_stage1_asid(plan, has_global),
                                    AXADDR_RISCV_SBI_SFENCE_VMA_ASID, AXADDR_RISCV_SBI_SFENCE_VMA,
                                    &tlb->common, ctx);
}

/* ---- the instructions of this hart ---- */

#if defined(__riscv)

/*
 * As words, for assemblers without the H extension: hfence.gvma is 0x62000073, hinval.gvma
 * 0x66000073, with rs1 in bits 19:15 and rs2 in bits 24:20 (a0 is 10, a1 is 11). A register other
 * than x0 that holds 0 names address 0 or VMID 0; x0 itself means all. The address is shifted right
 * by 2.
 */
static inline void axaddr_riscv_fence(void *ctx, enum axaddr_riscv_fence what, uint64_t gpa,
                                      uint32_t vmid) {
    register uintptr_t a0 __asm__("a0") = (uintptr_t)(gpa >> 2);
    register uintptr_t a1 __asm__("a1") = vmid;

    (void)ctx;
    switch (what) {
    case AXADDR_RISCV_HFENCE_GVMA:
        __asm__ volatile(".word 0x62b50073" ::"r"(a0), "r"(a1) : "memory");
        break;
    case AXADDR_RISCV_HFENCE_GVMA_VMID:
        __asm__ volatile(".word 0x62b00073" ::"r"(a1) : "memory");
        break;
    case AXADDR_RISCV_HFENCE_GVMA_GPA:
        __asm__ volatile(".word 0x62050073" ::"r"(a0) : "memory");
        break;
    case AXADDR_RISCV_HFENCE_GVMA_ALL:
        __asm__ volatile(".word 0x62000073" ::: "memory");
        break;
    case AXADDR_RISCV_HINVAL_GVMA:
        __asm__ volatile(".word 0x66b50073" ::"r"(a0), "r"(a1) : "memory");
        break;
    case AXADDR_RISCV_HINVAL_GVMA_GPA:
        __asm__ volatile(".word 0x66050073" ::"r"(a0) : "memory");
        break;
    case AXADDR_RISCV_SFENCE_W_INVAL:
        __asm__ volatile(".word 0x18000073" ::: "memory");
        break;
    case AXADDR_RISCV_SFENCE_INVAL_IR:
        __asm__ volatile(".word 0x18100073" ::: "memory");
        break;
    case AXADDR_RISCV_FENCE:
        __asm__ volatile("fence rw, rw" ::: "memory");
        break;
    }
}

/*
 * As words, too, for Svinval: sfence.vma is 0x12000073, sinval.vma 0x16000073. The address is not
 * shifted. One that is not sign extended would make them do nothing; a plan's are.
 */
static inline void axaddr_riscv_sfence(void *ctx, enum axaddr_riscv_sfence what, uint64_t gva,
                                       uint32_t asid) {
    register uintptr_t a0 __asm__("a0") = (uintptr_t)gva;
    register uintptr_t a1 __asm__("a1") = asid;

    (void)ctx;
    switch (what) {
    case AXADDR_RISCV_SFENCE_VMA:
        __asm__ volatile(".word 0x12b50073" ::"r"(a0), "r"(a1) : "memory");
        break;
    case AXADDR_RISCV_SFENCE_VMA_ASID:
        __asm__ volatile(".word 0x12b00073" ::"r"(a1) : "memory");
        break;
    case AXADDR_RISCV_SFENCE_VMA_GVA:
        __asm__ volatile(".word 0x12050073" ::"r"(a0) : "memory");
        break;
    case AXADDR_RISCV_SFENCE_VMA_ALL:
        __asm__ volatile(".word 0x12000073" ::: "memory");
        break;
    case AXADDR_RISCV_SINVAL_VMA:
        __asm__ volatile(".word 0x16b50073" ::"r"(a0), "r"(a1) : "memory");
        break;
    case AXADDR_RISCV_SINVAL_VMA_GVA:
        __asm__ volatile(".word 0x16050073" ::"r"(a0) : "memory");
        break;
    }
}

/**
 * SBI calling convention: a7 EID, a6 FID, a0 to a4 in, a0 (error) and a1 out, others preserved. On
 * RV32 what does not fit a register asks for more: harts beyond the 32nd for every hart, addresses
 * beyond 4 GiB for all.
 */
static inline long axaddr_riscv_rfence(void *ctx, unsigned function,
                                       const struct axaddr_riscv_rfence *call) {
    uint64_t last = call->size != 0 ? call->start + (call->size - 1) : 0;
    bool is_mask_wide = (uintptr_t)call->hart_mask != call->hart_mask;
    bool is_range_wide = (uintptr_t)last != last;
    register uintptr_t a0 __asm__("a0") = is_mask_wide ? 0 : (uintptr_t)call->hart_mask;
    register uintptr_t a1 __asm__("a1") =
        is_mask_wide ? UINTPTR_MAX : (uintptr_t)call->hart_mask_base;
    register uintptr_t a2 __asm__("a2") = is_range_wide ? 0 : (uintptr_t)call->start;
    register uintptr_t a3 __asm__("a3") = is_range_wide ? 0 : (uintptr_t)call->size;
    register uintptr_t a4 __asm__("a4") = (uintptr_t)call->vmid;
    register uintptr_t a6 __asm__("a6") = function;
    register uintptr_t a7 __asm__("a7") = AXADDR_RISCV_SBI_RFENCE;

    (void)ctx;
    __asm__ volatile("ecall"
                     : "+r"(a0), "+r"(a1)
                     : "r"(a2), "r"(a3), "r"(a4), "r"(a6), "r"(a7)
                     : "memory");
    return (long)a0;
}

AXADDR_UNUSED static const struct axaddr_riscv_tlb axaddr_riscv_tlb_hs = {
    .fence = axaddr_riscv_fence,
    .rfence = axaddr_riscv_rfence,
};

AXADDR_UNUSED static const struct axaddr_riscv_stage1_tlb axaddr_riscv_stage1_tlb_here = {
    .sfence = axaddr_riscv_sfence,
    .common = {.fence = axaddr_riscv_fence, .rfence = axaddr_riscv_rfence},
};

/**
 * hfence.gvma x0, x0: forget all VMs (after a change of PMP, of menvcfg.PBMTE, and once before the
 * first guest: nobody knows what an hgatp of before left behind).
 */
static inline void axaddr_riscv_hfence_gvma_all(void) {
    axaddr_riscv_fence(0, AXADDR_RISCV_HFENCE_GVMA_ALL, 0, 0);
}

/** hfence.vvma x0, x0: forget what the VM whose VMID is in hgatp has of its own VS-stage tables. */
static inline void axaddr_riscv_hfence_vvma_all(void) {
    __asm__ volatile(".word 0x22000073" ::: "memory");
}

/**
 * Carry out a plan on this hart, in HS-mode with mstatus.TVM 0; the plan's VMID need not be the one
 * loaded.
 *
 * An address orders leaf entries only, all of the leaf that holds it; after a change to a non-leaf
 * entry rs1 must be x0 ("SFENCE.VMA"). Translations that a hart has combined of both stages go with
 * it ("any entry whose guest virtual address maps to a guest physical address that matches"), so
 * that no HFENCE.VVMA is needed.
 *
 * @param has_svinval  all harts have Svinval, which lets them overlap
 */
static inline void axaddr_riscv_gstage_flush(const struct axaddr_flush *plan, bool has_svinval) {
    axaddr_riscv_gstage_flush_with(plan, has_svinval, &axaddr_riscv_tlb_hs, 0);
}

/**
 * Carry out a plan on this hart and, through the SBI, on those of plan->cpus or on every one if
 * that is 0; returns when they have done it (the SBI interrupts them and waits: Linux relies on it
 * as well). If this hart is among them, it forgets twice.
 *
 * CPU n is hart first_hart + n. As bits of plan->cpus are CPU numbers modulo 64, a machine with
 * more CPUs, or with other hart IDs, sets it to 0 in a copy of the plan.
 *
 * What the SBI refuses is asked for again for all addresses, then for every hart, then for every
 * VM: it may know fewer harts, or lack function 3.
 *
 * @return AXADDR_UNSUPPORTED if it did not do that either: nothing that the plan protects may be
 *         freed then. Interrupt the harts yourself.
 */
AXADDR_MUST_CHECK static inline enum axaddr_status
axaddr_riscv_gstage_flush_harts(const struct axaddr_flush *plan, bool has_svinval,
                                uint64_t first_hart) {
    axaddr_riscv_gstage_flush(plan, has_svinval);
    return axaddr_riscv_gstage_flush_remote_with(plan, first_hart, &axaddr_riscv_tlb_hs, 0);
}

/** sfence.vma x0, x0: forget all ASIDs and global mappings (once before the first satp, and after a
    change of menvcfg.PBMTE or menvcfg.ADUE). */
static inline void axaddr_riscv_sfence_vma_all(void) {
    axaddr_riscv_sfence(0, AXADDR_RISCV_SFENCE_VMA_ALL, 0, 0);
}

/**
 * Carry out a plan for one-stage tables on this hart, in S-mode or HS-mode with mstatus.TVM 0; the
 * plan's VMID is the table's ASID, which need not be the one loaded. 0 stands for all.
 *
 * An address orders leaf entries only, all of the leaf that holds it; after a change to a non-leaf
 * entry rs1 must be x0. An ASID orders nothing of global mappings ("SFENCE.VMA").
 *
 * In a guest (VS-mode) these are about its own tables. A hypervisor that edits them for it needs
 * HFENCE.VVMA, which acts on the VMID in hgatp, instead.
 *
 * @param has_global   the table has mappings that are AXADDR_GLOBAL, or may have had when they were
 *                     changed: then no ASID is named
 * @param has_svinval  all harts have Svinval, which lets them overlap
 */
static inline void axaddr_riscv_stage1_flush(const struct axaddr_flush *plan, bool has_global,
                                             bool has_svinval) {
    axaddr_riscv_stage1_flush_with(plan, has_global, has_svinval, &axaddr_riscv_stage1_tlb_here, 0);
}

/** The same on this hart and, through the SBI, on others: as axaddr_riscv_gstage_flush_harts. */
AXADDR_MUST_CHECK static inline enum axaddr_status
axaddr_riscv_stage1_flush_harts(const struct axaddr_flush *plan, bool has_global, bool has_svinval,
                                uint64_t first_hart) {
    axaddr_riscv_stage1_flush(plan, has_global, has_svinval);
    return axaddr_riscv_stage1_flush_remote_with(plan, has_global, first_hart,
                                                 &axaddr_riscv_stage1_tlb_here, 0);
}

#endif /* __riscv */

#endif /* AXADDR_ARCH_RISCV_TLB_H */
