/* SPDX-License-Identifier: MIT
 *
 * aarch64_tlb.h: TLB maintenance for AArch64: what a plan comes to in TLBI instructions, and the
 * instructions.
 *
 * Manual: Arm Architecture Reference Manual for A-profile, ARM DDI 0487: "TLB maintenance" (D8.16
 * or D8.17 by issue; rules by their identifiers), the TLBI instructions in C5.5.
 *
 * A HAL's flush_tlb, at EL2, for a space with its VMID set:
 *
 *     axaddr_aarch64_stage2_flush(plan, root, features);     // root: vm_root()
 *
 * All instructions here are broadcast to the inner shareable domain, so no other CPU has to be
 * asked and plan.cpus is not looked at.
 *
 * What is decided (..._with) is apart from what is executed (struct axaddr_aarch64_tlb), so that it
 * can be watched on any machine, and done by other means: through a firmware call, say.
 */
#ifndef AXADDR_ARCH_AARCH64_TLB_H
#define AXADDR_ARCH_AARCH64_TLB_H

#include "../axaddr_core/addr.h"
#include "tlb_steps.h"

/* ---- what all CPUs of the domain have ---- */

/** FEAT_TTL: a hint at the level of the leaf in TLBI's operand. */
#define AXADDR_AARCH64_HAS_TTL       UINT32_C(1)
/** FEAT_TLBIRANGE: TLBI by range. */
#define AXADDR_AARCH64_HAS_TLBIRANGE UINT32_C(2)

/** These features from ID_AA64ISAR0_EL1 (TLB, 59:56) and ID_AA64MMFR2_EL1 (TTL, 51:48). */
static inline uint32_t axaddr_aarch64_tlb_features(uint64_t isar0, uint64_t mmfr2) {
    return ((mmfr2 >> 48 & 0xf) >= 1 ? AXADDR_AARCH64_HAS_TTL : 0) |
           ((isar0 >> 56 & 0xf) >= 2 ? AXADDR_AARCH64_HAS_TLBIRANGE : 0);
}

/* ---- the instructions ---- */

enum axaddr_aarch64_tlbi {
    AXADDR_AARCH64_IPAS2E1IS,    /**< stage 2 entries of an IPA, current VMID */
    AXADDR_AARCH64_RIPAS2E1IS,   /**< the same of a range of IPAs */
    AXADDR_AARCH64_VMALLE1IS,    /**< stage 1 entries, combined ones too, current VMID */
    AXADDR_AARCH64_VMALLS12E1IS, /**< all entries of both stages, current VMID */
    AXADDR_AARCH64_ALLE1IS,      /**< all entries of both stages, all VMIDs */
};

enum axaddr_aarch64_barrier {
    AXADDR_AARCH64_DSB_ISHST,
    AXADDR_AARCH64_DSB_ISH,
    AXADDR_AARCH64_ISB,
};

/** What an executor is made of. `ctx` is what the caller of ..._with gave. */
struct axaddr_aarch64_tlb {
    void (*tlbi)(void *ctx, enum axaddr_aarch64_tlbi what, uint64_t operand);
    void (*barrier)(void *ctx, enum axaddr_aarch64_barrier what);
    uint64_t (*read_vttbr)(void *ctx);
    void (*write_vttbr)(void *ctx, uint64_t vttbr);
};

/**
 * The operand of a TLBI by address: the page's number, bits 43:0, and TTL in 47:44: 0 or, for 4 KiB
 * granules, 4 plus the manual's level of the leaf. A TLBI with a wrong level need not do anything.
 */
static inline uint64_t axaddr_aarch64_tlbi_page(uint64_t page, unsigned ttl) {
    return ((uint64_t)ttl << 44) | (page & axaddr_low_bits(44));
}

/**
 * The operand of a TLBI by range: (num + 1) * 2^(5 * scale + 1) pages from `page` on, num up to 31
 * and scale up to 3. BaseADDR is 36:0, TTL 38:37 (0: leaves of any level), NUM 43:39, SCALE 45:44,
 * TG 47:46 (1: 4 KiB).
 */
static inline uint64_t axaddr_aarch64_tlbi_range(uint64_t page, unsigned scale, unsigned num) {
    return (UINT64_C(1) << 46) | ((uint64_t)scale << 44) | ((uint64_t)num << 39) |
           (page & axaddr_low_bits(37));
}

/* ---- stage 2 ---- */

/** Forget `count` pages, exactly: by ranges from the largest scale down, and the odd page. */
AXADDR_ALWAYS_INLINE void
axaddr_aarch64_stage2_flush_pages_with(uint64_t page, uint64_t count,
                                       const struct axaddr_aarch64_tlb *tlb, void *ctx) {
    unsigned scale;

    for (scale = 4; scale-- > 0;) {
        unsigned unit_shift = 5 * scale + 1;

        /* Below the largest scale once at most: fewer than 32 units are left then. */
        while ((count >> unit_shift) != 0) {
            uint64_t units = count >> unit_shift < 32 ? count >> unit_shift : 32;

            tlb->tlbi(ctx, AXADDR_AARCH64_RIPAS2E1IS,
                      axaddr_aarch64_tlbi_range(page, scale, (unsigned)units - 1));
            page += units << unit_shift;
            count -= units << unit_shift;
        }
    }
    if (count != 0) {
        tlb->tlbi(ctx, AXADDR_AARCH64_IPAS2E1IS, axaddr_aarch64_tlbi_page(page, 0));
    }
}

/**
 * Forget one range. One that is a step long is one leaf of that size; a longer one may have larger
 * leaves as well, so no level is hinted at. One TLBI by address is for all of a block. Ranges are
 * for leaves of up to 1 GiB, which keeps their number small: 8 of the largest for 64 GiB.
 */
AXADDR_ALWAYS_INLINE void
axaddr_aarch64_stage2_flush_range_with(const struct axaddr_flush_range *range, uint32_t features,
                                       const struct axaddr_aarch64_tlb *tlb, void *ctx) {
    struct axaddr_tlb_steps steps = axaddr_tlb_steps_of(range);
    unsigned page_shift = steps.shift - 12;
    unsigned ttl = 0;
    uint64_t step;

    if (steps.first == steps.last) {
        if ((features & AXADDR_AARCH64_HAS_TTL) != 0 && steps.level < 3) {
            ttl = 4 + 3 - steps.level; /* the manual counts levels from the root to 3 */
        }
    } else if ((features & AXADDR_AARCH64_HAS_TLBIRANGE) != 0 && steps.level < 3) {
        axaddr_aarch64_stage2_flush_pages_with(
            steps.first << page_shift, (steps.last - steps.first + 1) << page_shift, tlb, ctx);
        return;
    }
    for (step = steps.first; step <= steps.last; step++) {
        tlb->tlbi(ctx, AXADDR_AARCH64_IPAS2E1IS, axaddr_aarch64_tlbi_page(step << page_shift, ttl));
    }
}

/**
 * What is between the first barrier and the last, with the VM's VMID in VTTBR_EL2. IPAS2E1IS drops
 * what was cached of stage 2 alone; entries that combine both stages, tagged with virtual
 * addresses, are not obliged to go with it (R_TVTYQ), hence VMALLE1IS, after a DSB so that no CPU
 * can combine anew from what was not dropped yet.
 */
AXADDR_ALWAYS_INLINE void
axaddr_aarch64_stage2_flush_loaded_with(const struct axaddr_flush *plan, uint32_t features,
                                        const struct axaddr_aarch64_tlb *tlb, void *ctx) {
    unsigned i;

    if (axaddr_tlb_step_count(plan) == 0) {
        tlb->tlbi(ctx, AXADDR_AARCH64_VMALLS12E1IS, 0);
        return;
    }
    for (i = 0; i < plan->range_count; i++) {
        axaddr_aarch64_stage2_flush_range_with(&plan->ranges[i], features, tlb, ctx);
    }
    tlb->barrier(ctx, AXADDR_AARCH64_DSB_ISH);
    tlb->tlbi(ctx, AXADDR_AARCH64_VMALLE1IS, 0);
}

/** axaddr_aarch64_stage2_flush without its instructions. */
AXADDR_ALWAYS_INLINE void axaddr_aarch64_stage2_flush_with(const struct axaddr_flush *plan,
                                                           axaddr_hpa_t root, uint32_t features,
                                                           const struct axaddr_aarch64_tlb *tlb,
                                                           void *ctx) {
    uint64_t vmid = axaddr_tlb_vmid(plan, 16);
    uint64_t loaded;
    bool is_away;

    if (axaddr_flush_is_empty(plan)) {
        return;
    }
    loaded = tlb->read_vttbr(ctx);
    is_away = vmid != 0 && vmid != loaded >> 48;
    if (is_away) {
        /* Not only stores: walks that the guest began must end before the register changes. */
        tlb->barrier(ctx, AXADDR_AARCH64_DSB_ISH);
        tlb->write_vttbr(ctx, (vmid << 48) | root.raw);
        tlb->barrier(ctx, AXADDR_AARCH64_ISB);
    } else {
        tlb->barrier(ctx, AXADDR_AARCH64_DSB_ISHST);
    }
    if (vmid == 0) {
        tlb->tlbi(ctx, AXADDR_AARCH64_ALLE1IS, 0);
    } else {
        axaddr_aarch64_stage2_flush_loaded_with(plan, features, tlb, ctx);
    }
    tlb->barrier(ctx, AXADDR_AARCH64_DSB_ISH);
    tlb->barrier(ctx, AXADDR_AARCH64_ISB);
    if (is_away) {
        tlb->write_vttbr(ctx, loaded);
        tlb->barrier(ctx, AXADDR_AARCH64_ISB);
    }
}

/* ---- the instructions of this CPU ---- */

#if defined(__aarch64__)

static inline void axaddr_aarch64_tlbi(void *ctx, enum axaddr_aarch64_tlbi what, uint64_t operand) {
    (void)ctx;
    switch (what) {
    case AXADDR_AARCH64_IPAS2E1IS:
        __asm__ volatile("tlbi ipas2e1is, %0" ::"r"(operand) : "memory");
        break;
    case AXADDR_AARCH64_RIPAS2E1IS:
        /* By its number, for assemblers that take armv8-a: op1 4, CRn 8, CRm 0, op2 2. */
        __asm__ volatile("sys #4, c8, c0, #2, %0" ::"r"(operand) : "memory");
        break;
    case AXADDR_AARCH64_VMALLE1IS:
        __asm__ volatile("tlbi vmalle1is" ::: "memory");
        break;
    case AXADDR_AARCH64_VMALLS12E1IS:
        __asm__ volatile("tlbi vmalls12e1is" ::: "memory");
        break;
    case AXADDR_AARCH64_ALLE1IS:
        __asm__ volatile("tlbi alle1is" ::: "memory");
        break;
    }
}

static inline void axaddr_aarch64_barrier(void *ctx, enum axaddr_aarch64_barrier what) {
    (void)ctx;
    switch (what) {
    case AXADDR_AARCH64_DSB_ISHST:
        __asm__ volatile("dsb ishst" ::: "memory");
        break;
    case AXADDR_AARCH64_DSB_ISH:
        __asm__ volatile("dsb ish" ::: "memory");
        break;
    case AXADDR_AARCH64_ISB:
        __asm__ volatile("isb" ::: "memory");
        break;
    }
}

static inline uint64_t axaddr_aarch64_read_vttbr(void *ctx) {
    uint64_t vttbr;

    (void)ctx;
    __asm__ volatile("mrs %0, vttbr_el2" : "=r"(vttbr)::"memory");
    return vttbr;
}

static inline void axaddr_aarch64_write_vttbr(void *ctx, uint64_t vttbr) {
    (void)ctx;
    __asm__ volatile("msr vttbr_el2, %0" ::"r"(vttbr) : "memory");
}

AXADDR_UNUSED static const struct axaddr_aarch64_tlb axaddr_aarch64_tlb_el2 = {
    .tlbi = axaddr_aarch64_tlbi,
    .barrier = axaddr_aarch64_barrier,
    .read_vttbr = axaddr_aarch64_read_vttbr,
    .write_vttbr = axaddr_aarch64_write_vttbr,
};

/**
 * Carry out a plan on all CPUs of the inner shareable domain, at EL2. With FEAT_VHE's HCR_EL2.E2H,
 * HCR_EL2.TGE must be 0, or VMALLE1IS is the host's own.
 *
 * The VM need not be the one that is loaded: VTTBR_EL2 is switched to `root` and the plan's VMID
 * and back. The CPU must stay in this call then (no preemption, no interrupt handler that uses
 * VTTBR_EL2 or runs a guest). The guest's stage 1 registers stay as they are, as EL2 does not walk
 * tables of EL1 meanwhile; but for the Cortex-A55, A57, A72 and A76 of the errata 1530923, 1319537,
 * 1319367 and 1165522, where a speculative AT instruction may: on these the caller sets
 * TCR_EL1.EPD0 and EPD1, and an ISB, around the call (Linux does so in arch/arm64/kvm/hyp).
 *
 * @param root      the table of the plan: vm_root()
 * @param features  axaddr_aarch64_tlb_features, what all CPUs have; 0 is always right
 */
static inline void axaddr_aarch64_stage2_flush(const struct axaddr_flush *plan, axaddr_hpa_t root,
                                               uint32_t features) {
    axaddr_aarch64_stage2_flush_with(plan, root, features, &axaddr_aarch64_tlb_el2, 0);
}

#endif /* __aarch64__ */

#endif /* AXADDR_ARCH_AARCH64_TLB_H */
