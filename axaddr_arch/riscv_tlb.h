/* SPDX-License-Identifier: MIT
 *
 * riscv_tlb.h: TLB maintenance for RISC-V: what a plan comes to in HFENCE.GVMA, or HINVAL.GVMA with
 * Svinval, and in calls of the SBI for other harts.
 *
 * Manuals: The RISC-V Instruction Set Manual, Volume II: "Hypervisor Memory-Management Fence
 * Instructions", "SFENCE.VMA" (which it refers to), "Svinval"; RISC-V Supervisor Binary Interface
 * Specification: "RFENCE Extension", "Hart list parameter".
 *
 * A HAL's flush_tlb, in HS-mode, for a space with its VMID set; the first for a machine with one
 * hart, the second for any:
 *
 *     axaddr_riscv_gstage_flush(plan, has_svinval);
 *     status = axaddr_riscv_gstage_flush_harts(plan, has_svinval, first_hart);
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

/** SBI: EID "RFNC" and the functions of it that are used. */
#define AXADDR_RISCV_SBI_RFENCE           0x52464e43
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
    uint64_t vmid; /**< of function 3 */
};

/** What an executor is made of. `ctx` is what the caller of ..._with gave. */
struct axaddr_riscv_tlb {
    void (*fence)(void *ctx, enum axaddr_riscv_fence what, uint64_t gpa, uint32_t vmid);
    /** The SBI's error, 0 if it is done. */
    long (*rfence)(void *ctx, unsigned function, const struct axaddr_riscv_rfence *call);
};

/** Bits of hgatp.VMID at most (VMIDMAX). */
#define AXADDR_RISCV_VMID_MAX_BITS 14

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

/* ---- other harts ---- */

/** The part of axaddr_riscv_gstage_flush_harts that calls the SBI. */
AXADDR_MUST_CHECK AXADDR_ALWAYS_INLINE enum axaddr_status
axaddr_riscv_gstage_flush_remote_with(const struct axaddr_flush *plan, uint64_t first_hart,
                                      const struct axaddr_riscv_tlb *tlb, void *ctx) {
    uint32_t vmid = axaddr_tlb_vmid(plan, AXADDR_RISCV_VMID_MAX_BITS);
    unsigned function =
        vmid != 0 ? AXADDR_RISCV_SBI_HFENCE_GVMA_VMID : AXADDR_RISCV_SBI_HFENCE_GVMA;
    struct axaddr_riscv_rfence call = {plan->cpus, first_hart, 0, 0, vmid};
    long error = axaddr_riscv_gstage_flush_is_full(plan) ? -1 : 0;
    unsigned i;

    if (axaddr_flush_is_empty(plan)) {
        return AXADDR_OK;
    }
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
    if (error != 0 && vmid != 0) {
        error = tlb->rfence(ctx, AXADDR_RISCV_SBI_HFENCE_GVMA, &call);
    }
    return error == 0 ? AXADDR_OK : AXADDR_UNSUPPORTED;
}

/* ---- the instructions of this hart ---- */

#if defined(__riscv) && __riscv_xlen == 64

/*
 * As words, for assemblers without the H extension: hfence.gvma is 0x62000073, hinval.gvma
 * 0x66000073, with rs1 in bits 19:15 and rs2 in bits 24:20 (a0 is 10, a1 is 11). A register other
 * than x0 that holds 0 names address 0 or VMID 0; x0 itself means all. The address is shifted right
 * by 2.
 */
static inline void axaddr_riscv_fence(void *ctx, enum axaddr_riscv_fence what, uint64_t gpa,
                                      uint32_t vmid) {
    register uint64_t a0 __asm__("a0") = gpa >> 2;
    register uint64_t a1 __asm__("a1") = vmid;

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

/** SBI calling convention: a7 EID, a6 FID, a0 to a4 in, a0 (error) and a1 out, others preserved. */
static inline long axaddr_riscv_rfence(void *ctx, unsigned function,
                                       const struct axaddr_riscv_rfence *call) {
    register uint64_t a0 __asm__("a0") = call->hart_mask;
    register uint64_t a1 __asm__("a1") = call->hart_mask_base;
    register uint64_t a2 __asm__("a2") = call->start;
    register uint64_t a3 __asm__("a3") = call->size;
    register uint64_t a4 __asm__("a4") = call->vmid;
    register uint64_t a6 __asm__("a6") = function;
    register uint64_t a7 __asm__("a7") = AXADDR_RISCV_SBI_RFENCE;

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

#endif /* __riscv, 64 bits */

#endif /* AXADDR_ARCH_RISCV_TLB_H */
