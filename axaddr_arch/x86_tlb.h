/* SPDX-License-Identifier: MIT
 *
 * x86_tlb.h: TLB maintenance for x86: INVEPT (Intel's second stage), TLB_CONTROL and INVLPGA
 * (AMD's), INVLPG, INVPCID and the control registers (stage 1).
 *
 * Manuals: Intel 64 and IA-32 Architectures SDM, vol. 3A, 4.10.4 "Invalidation of TLBs and
 * Paging-Structure Caches"; vol. 3C, 29.4.3 "Invalidating Cached Translation Information" (28.3.3,
 * 28.4.3 and 30.4.3 in other editions) and chapter 31; AMD64 APM, vol. 2, 15.16 "TLB Control".
 *
 * All of it acts on one logical processor. A HAL's flush_tlb runs the executor on each that may
 * have used the table (plan.cpus, or all if that is 0), by an interrupt, and waits for it:
 *
 *     axaddr_x86_ept_flush(plan, eptp);                        // in VMX root operation
 *     axaddr_x86_npt_flush(plan, has_flush_by_asid, &vmcb->tlb_control);   // for each vCPU
 *     axaddr_x86_64_flush(plan, has_invpcid);                  // 48 bits, no AXADDR_GLOBAL
 *     axaddr_x86_64_flush_as(plan, &use);                      // any (struct axaddr_x86_64_use)
 *     axaddr_x86_pae_flush(plan, has_global);                  // 32-bit
 *
 * What is decided (..._with) is apart from what is executed (struct axaddr_x86_tlb), so that it can
 * be watched on any machine.
 */
#ifndef AXADDR_ARCH_X86_TLB_H
#define AXADDR_ARCH_X86_TLB_H

#include "../axaddr_core/addr.h"
#include "tlb_steps.h"

/* ---- the instructions ---- */

/** INVPCID's types (vol. 2A). Only 2 reaches global entries. */
#define AXADDR_X86_INVPCID_ADDRESS 0 /**< one address of a PCID */
#define AXADDR_X86_INVPCID_PCID    1 /**< a PCID */
#define AXADDR_X86_INVPCID_GLOBAL  2 /**< all PCIDs, and global entries */
#define AXADDR_X86_INVPCID_ALL     3 /**< all PCIDs */

/** INVEPT's types (vol. 3C, chapter 31). */
#define AXADDR_X86_INVEPT_SINGLE 1 /**< all that was derived from one EPTP, for all VPIDs, PCIDs */
#define AXADDR_X86_INVEPT_ALL    2 /**< from any EPTP */

/** loaded_pcid's answer while CR4.PCIDE is 0: the TLB does not tell tables apart. */
#define AXADDR_X86_NO_PCID UINT32_MAX

/** What an executor is made of. `ctx` is what the caller of ..._with gave. */
struct axaddr_x86_tlb {
    /** INVEPT; AXADDR_INVALID if the processor refuses it. */
    enum axaddr_status (*invept)(void *ctx, uint64_t type, uint64_t eptp);
    void (*invlpg)(void *ctx, axaddr_gva_t address);
    void (*invpcid)(void *ctx, uint64_t type, uint64_t pcid, axaddr_gva_t address);
    /** CR3[11:0], or AXADDR_X86_NO_PCID. */
    uint32_t (*loaded_pcid)(void *ctx);
    /** Write CR3 to itself: forget the loaded PCID, but for global entries. */
    void (*reload_cr3)(void *ctx);
    /** Change CR4.PGE and change it back: forget all PCIDs, and global entries. */
    void (*toggle_pge)(void *ctx);
};

/* ---- EPT ---- */

/** axaddr_x86_ept_flush without its instructions. */
AXADDR_MUST_CHECK AXADDR_ALWAYS_INLINE enum axaddr_status
axaddr_x86_ept_flush_with(const struct axaddr_flush *plan, uint64_t eptp,
                          const struct axaddr_x86_tlb *tlb, void *ctx) {
    if (axaddr_flush_is_empty(plan) ||
        tlb->invept(ctx, AXADDR_X86_INVEPT_SINGLE, eptp) == AXADDR_OK) {
        return AXADDR_OK;
    }
    return tlb->invept(ctx, AXADDR_X86_INVEPT_ALL, 0);
}

/* ---- stage 1 ---- */

/** `address` with the bits from `width` on like the one below them: what "canonical" means. */
AXADDR_ALWAYS_INLINE axaddr_gva_t axaddr_x86_canonical(uint64_t address, unsigned width) {
    uint64_t above = ~axaddr_low_bits(width);

    return axaddr_gva((address >> (width - 1) & 1) != 0 ? address | above : address & ~above);
}

/**
 * The address that INVLPG and INVPCID want for a 48-bit one: bits 63:48 are bit 47. INVLPG does
 * nothing for one that is not canonical, INVPCID faults.
 */
static inline axaddr_gva_t axaddr_x86_64_canonical(uint64_t address) {
    return axaddr_x86_canonical(address, 48);
}

/** The same for a 57-bit one (CR4.LA57; SDM vol. 3A, 4.5.1): bits 63:57 are bit 56. */
static inline axaddr_gva_t axaddr_x86_64_la57_canonical(uint64_t address) {
    return axaddr_x86_canonical(address, 57);
}

/** Whether an address is canonical: with `width` 48, or 57 if CR4.LA57 is set. */
static inline bool axaddr_x86_64_is_canonical(axaddr_gva_t address, unsigned width) {
    return axaddr_x86_canonical(address.raw, width).raw == address.raw;
}

/** How a table of stage 1 is used, as far as it matters for its TLB maintenance. */
struct axaddr_x86_64_use {
    uint8_t input_width; /**< the format's: 48, or 57 with LA57 */
    bool has_global;     /**< mappings may have AXADDR_GLOBAL */
    bool has_invpcid;    /**< the processor has INVPCID (CPUID 7.0, EBX[10]) */
};

/**
 * Forget the pages of a plan, in the loaded PCID or another. Of all that names an address only
 * INVLPG reaches global entries, and whichever PCID is loaded (4.10.4.1).
 */
AXADDR_ALWAYS_INLINE void axaddr_x86_64_flush_pages_with(const struct axaddr_flush *plan,
                                                         const struct axaddr_x86_64_use *use,
                                                         uint32_t pcid, bool is_loaded,
                                                         const struct axaddr_x86_tlb *tlb,
                                                         void *ctx) {
    unsigned i;

    for (i = 0; i < plan->range_count; i++) {
        struct axaddr_tlb_steps steps = axaddr_tlb_steps_of(&plan->ranges[i]);
        uint64_t step;

        for (step = steps.first; step <= steps.last; step++) {
            axaddr_gva_t address = axaddr_x86_canonical(step << steps.shift, use->input_width);

            if (is_loaded || use->has_global) {
                tlb->invlpg(ctx, address);
            }
            if (!is_loaded) {
                tlb->invpcid(ctx, AXADDR_X86_INVPCID_ADDRESS, pcid, address);
            }
        }
    }
}

/**
 * axaddr_x86_64_flush_as without its instructions. Unlinked tables forget a whole PCID: INVLPG
 * drops all cached table entries on Intel's processors (4.10.4.1), but with EFER.TCE on AMD's only
 * those that lead to its page (APM vol. 2, 3.1.7). Where there are global entries, they have to go
 * as well: a CR3 reload and most types of INVPCID leave them.
 */
AXADDR_ALWAYS_INLINE void axaddr_x86_64_flush_as_with(const struct axaddr_flush *plan,
                                                      const struct axaddr_x86_64_use *use,
                                                      const struct axaddr_x86_tlb *tlb, void *ctx) {
    uint32_t pcid = axaddr_tlb_vmid(plan, 12);
    uint32_t loaded;
    bool is_loaded;

    if (axaddr_flush_is_empty(plan)) {
        return;
    }
    loaded = tlb->loaded_pcid(ctx);
    is_loaded = loaded == AXADDR_X86_NO_PCID || (pcid != 0 && pcid == loaded);
    if ((is_loaded || (use->has_invpcid && pcid != 0)) && axaddr_tlb_step_count(plan) != 0) {
        axaddr_x86_64_flush_pages_with(plan, use, pcid, is_loaded, tlb, ctx);
    } else if (!use->has_invpcid && (use->has_global || !is_loaded)) {
        tlb->toggle_pge(ctx);
    } else if (use->has_global) {
        tlb->invpcid(ctx, AXADDR_X86_INVPCID_GLOBAL, 0, axaddr_gva(0));
    } else if (is_loaded) {
        tlb->reload_cr3(ctx);
    } else {
        tlb->invpcid(ctx, pcid == 0 ? AXADDR_X86_INVPCID_ALL : AXADDR_X86_INVPCID_PCID, pcid,
                     axaddr_gva(0));
    }
}

/** axaddr_x86_64_flush without its instructions. */
AXADDR_ALWAYS_INLINE void axaddr_x86_64_flush_with(const struct axaddr_flush *plan,
                                                   bool has_invpcid,
                                                   const struct axaddr_x86_tlb *tlb, void *ctx) {
    const struct axaddr_x86_64_use use = {48, false, has_invpcid};

    axaddr_x86_64_flush_as_with(plan, &use, tlb, ctx);
}

/**
 * axaddr_x86_pae_flush without its instructions. Any plan that is not empty loads the PDPTE
 * registers again, which INVLPG would not do: MOV to CR3 does, and so does a change of CR4.PGE
 * (SDM vol. 3A, 4.4.1). Both forget all of the TLB, the second also global entries.
 */
AXADDR_ALWAYS_INLINE void axaddr_x86_pae_flush_with(const struct axaddr_flush *plan,
                                                    bool has_global,
                                                    const struct axaddr_x86_tlb *tlb, void *ctx) {
    if (axaddr_flush_is_empty(plan)) {
        return;
    }
    if (has_global) {
        tlb->toggle_pge(ctx);
    } else {
        tlb->reload_cr3(ctx);
    }
}

/* ---- AMD's second stage ---- */

/* VMCB offset 05CH, TLB_CONTROL: what the next VMRUN does first (APM vol. 2, 15.16.1) */
#define AXADDR_X86_TLB_CONTROL_NOTHING UINT8_C(0)
#define AXADDR_X86_TLB_CONTROL_ALL     UINT8_C(1) /**< every entry of every ASID */
#define AXADDR_X86_TLB_CONTROL_GUEST   UINT8_C(3) /**< this guest's entries, global ones too */

/**
 * The TLB_CONTROL that a plan asks for. NPT has nothing finer than an ASID: INVLPGA and INVLPGB
 * take a guest-virtual address, and what maps a given guest-physical one is not known. Not 7, which
 * keeps what the guest calls global. Without `has_flush_by_asid` (CPUID 8000000AH, EDX[6]) only
 * "all" is defined.
 */
static inline uint8_t axaddr_x86_npt_tlb_control(const struct axaddr_flush *plan,
                                                 bool has_flush_by_asid) {
    if (axaddr_flush_is_empty(plan)) {
        return AXADDR_X86_TLB_CONTROL_NOTHING;
    }
    return has_flush_by_asid ? AXADDR_X86_TLB_CONTROL_GUEST : AXADDR_X86_TLB_CONTROL_ALL;
}

/**
 * Carry out a plan for one vCPU: note in its VMCB's TLB_CONTROL what the next VMRUN has to forget.
 * A flush that is noted already stays. The HAL calls it for every vCPU of the guest while none
 * runs: it makes those that do exit (by an IPI) and waits until they have, as what a TLB holds for
 * an ASID is used only inside the guest. VMRUN does not change the field, so after it the caller
 * sets it back to NOTHING; a vCPU that moves to another processor needs a new ASID or a flush there
 * in any case. (Another way to carry out a plan is to give the guest a new ASID.)
 */
static inline void axaddr_x86_npt_flush(const struct axaddr_flush *plan, bool has_flush_by_asid,
                                        uint8_t *tlb_control) {
    uint8_t wanted = axaddr_x86_npt_tlb_control(plan, has_flush_by_asid);

    if (wanted != AXADDR_X86_TLB_CONTROL_NOTHING && *tlb_control != AXADDR_X86_TLB_CONTROL_ALL) {
        *tlb_control = wanted;
    }
}

/* ---- the instructions of this processor ---- */

#if defined(__x86_64__) || defined(__i386__)

static inline void axaddr_x86_reload_cr3(void *ctx) {
    uintptr_t cr3;

    (void)ctx;
    /* Bit 63 reads as 0: with PCIDs, too, the write invalidates. */
    __asm__ volatile("mov %%cr3, %0\n\tmov %0, %%cr3" : "=r"(cr3) : : "memory");
}

/** Bit 7. It invalidates whichever way it changes; no interrupt handler may write CR4 meanwhile. */
static inline void axaddr_x86_toggle_pge(void *ctx) {
    uintptr_t cr4;

    (void)ctx;
    __asm__ volatile("mov %%cr4, %0\n\txor $0x80, %0\n\tmov %0, %%cr4\n\t"
                     "xor $0x80, %0\n\tmov %0, %%cr4"
                     : "=r"(cr4)
                     :
                     : "memory", "cc");
}

AXADDR_UNUSED static const struct axaddr_x86_tlb axaddr_x86_pae_tlb_here = {
    .invept = 0,
    .invlpg = 0,
    .invpcid = 0,
    .loaded_pcid = 0,
    .reload_cr3 = axaddr_x86_reload_cr3,
    .toggle_pge = axaddr_x86_toggle_pge,
};

/**
 * Carry out a plan for a PAE table on this logical processor, which runs on such a table. The HAL
 * calls it on each one that uses the table or may come back to it without a load of CR3.
 * `has_global`: mappings may have AXADDR_GLOBAL.
 */
static inline void axaddr_x86_pae_flush(const struct axaddr_flush *plan, bool has_global) {
    axaddr_x86_pae_flush_with(plan, has_global, &axaddr_x86_pae_tlb_here, 0);
}

#endif /* __x86_64__ || __i386__ */

#if defined(__x86_64__)

/** INVEPT of `type` (1: single context, 2: all). INVALID if the processor refuses it. */
AXADDR_MUST_CHECK static inline enum axaddr_status axaddr_x86_invept(void *ctx, uint64_t type,
                                                                     uint64_t eptp) {
    struct {
        uint64_t eptp;
        uint64_t reserved;
    } descriptor;
    bool is_refused; /* CF or ZF: VMfailInvalid, VMfailValid */

    (void)ctx;
    descriptor.eptp = eptp;
    descriptor.reserved = 0;
    __asm__ volatile("invept %[descriptor], %[type]"
                     : "=@ccbe"(is_refused)
                     : [descriptor] "m"(descriptor), [type] "r"(type)
                     : "memory");
    return is_refused ? AXADDR_INVALID : AXADDR_OK;
}

/** Forget one page on this logical processor, for the current PCID and globally. */
static inline void axaddr_x86_invlpg(void *ctx, axaddr_gva_t address) {
    (void)ctx;
    __asm__ volatile("invlpg (%0)" : : "r"(address.raw) : "memory");
}

/** INVPCID (CPUID 7.0, EBX[10]). Types 0 and 1 need CR4.PCIDE for a PCID other than 0. */
static inline void axaddr_x86_invpcid(void *ctx, uint64_t type, uint64_t pcid,
                                      axaddr_gva_t address) {
    struct {
        uint64_t pcid;
        uint64_t address;
    } descriptor;

    (void)ctx;
    descriptor.pcid = pcid;
    descriptor.address = address.raw;
    __asm__ volatile("invpcid %0, %1" : : "m"(descriptor), "r"(type) : "memory");
}

static inline uint32_t axaddr_x86_loaded_pcid(void *ctx) {
    uint64_t cr3;
    uint64_t cr4;

    (void)ctx;
    __asm__ volatile("mov %%cr3, %0\n\tmov %%cr4, %1" : "=r"(cr3), "=r"(cr4) : : "memory");
    return (cr4 >> 17 & 1) != 0 ? (uint32_t)cr3 & 0xfff : AXADDR_X86_NO_PCID;
}

AXADDR_UNUSED static const struct axaddr_x86_tlb axaddr_x86_tlb_here = {
    .invept = axaddr_x86_invept,
    .invlpg = axaddr_x86_invlpg,
    .invpcid = axaddr_x86_invpcid,
    .loaded_pcid = axaddr_x86_loaded_pcid,
    .reload_cr3 = axaddr_x86_reload_cr3,
    .toggle_pge = axaddr_x86_toggle_pge,
};

/**
 * Carry out a plan on this logical processor, in VMX root operation. The HAL calls it on each one
 * that has run the guest since it last did so (by an IPI, or at the latest before the next entry of
 * a processor whose guest has been stopped).
 *
 * EPT has nothing finer than a context: any plan that is not empty is one INVEPT, by EPTP or, where
 * that is refused, of everything. INVVPID and INVLPG would be wrong. They take guest-linear
 * addresses, which a plan does not know; and INVVPID need not touch guest-physical mappings
 * (29.4.3.2), so that the walker would go on using them. INVEPT drops combined mappings of all
 * VPIDs too (29.4.3.1): nothing has to follow it.
 *
 * @return AXADDR_INVALID if both were refused (not in VMX operation, or without INVEPT): the plan
 *         is not done then
 */
AXADDR_MUST_CHECK static inline enum axaddr_status
axaddr_x86_ept_flush(const struct axaddr_flush *plan, uint64_t eptp) {
    return axaddr_x86_ept_flush_with(plan, eptp, &axaddr_x86_tlb_here, 0);
}

/** Forget what this logical processor derived from any EPT: after VMXON. */
AXADDR_MUST_CHECK static inline enum axaddr_status axaddr_x86_ept_invept_all(void) {
    return axaddr_x86_invept(0, AXADDR_X86_INVEPT_ALL, 0);
}

/**
 * Carry out a plan on this logical processor. The HAL calls it on each one that uses the table, or
 * has used it and may do so again: none of the instructions reaches the others. The plan's VMID is
 * the table's PCID. With CR4.PCIDE, 0 is taken for "not told", and all PCIDs are forgotten.
 *
 * For tables of four levels without AXADDR_GLOBAL mappings; axaddr_x86_64_flush_as is for all.
 */
static inline void axaddr_x86_64_flush(const struct axaddr_flush *plan, bool has_invpcid) {
    axaddr_x86_64_flush_with(plan, has_invpcid, &axaddr_x86_tlb_here, 0);
}

/** axaddr_x86_64_flush for a table of four or five levels, with or without global mappings. */
static inline void axaddr_x86_64_flush_as(const struct axaddr_flush *plan,
                                          const struct axaddr_x86_64_use *use) {
    axaddr_x86_64_flush_as_with(plan, use, &axaddr_x86_tlb_here, 0);
}

/**
 * INVLPGA (APM vol. 3; needs EFER.SVME): forget what maps one guest-virtual address in `asid`, on
 * this processor. For those who intercept a guest's INVLPG. Of no use after an edit of nested
 * tables: see axaddr_x86_npt_tlb_control.
 */
static inline void axaddr_x86_npt_invlpga(axaddr_gva_t address, uint32_t asid) {
    /* 0f 01 df: the operands' spelling differs between assemblers, rAX and ECX are fixed */
    __asm__ volatile(".byte 0x0f, 0x01, 0xdf" : : "a"(address.raw), "c"(asid) : "memory");
}

#endif /* __x86_64__ */

#endif /* AXADDR_ARCH_X86_TLB_H */
