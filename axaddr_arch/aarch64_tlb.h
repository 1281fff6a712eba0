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
 * (4 KiB granule; for others axaddr_aarch64_stage2_flush_granule.) For stage 1:
 * axaddr_aarch64_el1_flush and axaddr_aarch64_el2_flush.
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
#include "aarch64_common.h"
#include "tlb_steps.h"

/* ---- what all CPUs of the domain have ---- */

/** FEAT_TTL: a hint at the level of the leaf in TLBI's operand. */
#define AXADDR_AARCH64_HAS_TTL       UINT32_C(1)
/** FEAT_TLBIRANGE: TLBI by range. */
#define AXADDR_AARCH64_HAS_TLBIRANGE UINT32_C(2)
/**
 * Not the CPUs' but the table's: VTCR_EL2.DS or TCR_ELx.DS is 1 for it (FEAT_LPA2). TLBI by range
 * then has the address without its low 16 bits, whatever the granule. Must be given for such a
 * table, unless AXADDR_AARCH64_HAS_TLBIRANGE is not: axaddr_aarch64_tlb_features_for.
 */
#define AXADDR_AARCH64_HAS_DS        UINT32_C(4)

/** These features from ID_AA64ISAR0_EL1 (TLB, 59:56) and ID_AA64MMFR2_EL1 (TTL, 51:48). */
static inline uint32_t axaddr_aarch64_tlb_features(uint64_t isar0, uint64_t mmfr2) {
    return ((mmfr2 >> 48 & 0xf) >= 1 ? AXADDR_AARCH64_HAS_TTL : 0) |
           ((isar0 >> 56 & 0xf) >= 2 ? AXADDR_AARCH64_HAS_TLBIRANGE : 0);
}

/** What to give to the executors for a table of `format`, where all CPUs have `features`. */
static inline uint32_t axaddr_aarch64_tlb_features_for(const struct axaddr_format *format,
                                                       uint32_t features) {
    return features | (axaddr_aarch64_has_ds(format) ? AXADDR_AARCH64_HAS_DS : 0);
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

/** The granule in TLBI's operands (TG, and the upper half of TTL): 4 KiB 1, 16 KiB 2, 64 KiB 3. */
AXADDR_ALWAYS_INLINE unsigned axaddr_aarch64_tlbi_granule(unsigned page_shift) {
    return (page_shift - 12) / 2 + 1;
}

/**
 * The operand of a TLBI by address: the address without its low 12 bits in 43:0, whatever the
 * granule, and TTL in 47:44: 0 or four times the granule (above) plus the manual's level of the
 * leaf. A TLBI with a wrong level need not do anything.
 */
static inline uint64_t axaddr_aarch64_tlbi_page(uint64_t page, unsigned ttl) {
    return ((uint64_t)ttl << 44) | (page & axaddr_low_bits(44));
}

/**
 * The operand of a TLBI by range: (num + 1) * 2^(5 * scale + 1) pages from `page` on, num up to 31
 * and scale up to 3. BaseADDR is 36:0, a number of granules, or with DS of 64 KiB; TTL 38:37 (0:
 * leaves of any level), NUM 43:39, SCALE 45:44, TG 47:46 (1: 4 KiB).
 */
static inline uint64_t axaddr_aarch64_tlbi_range(uint64_t page, unsigned scale, unsigned num) {
    return (UINT64_C(1) << 46) | ((uint64_t)scale << 44) | ((uint64_t)num << 39) |
           (page & axaddr_low_bits(37));
}

/* ---- a plan as operands, for any granule ---- */

/** What is left to forget of a range. */
struct axaddr_aarch64_sweep {
    uint64_t page;       /**< the next one, as a number of granules */
    uint64_t count;      /**< granules left */
    uint64_t stride;     /**< granules in a step by address: in each there is one leaf */
    unsigned page_shift; /**< log2 of the granule */
    unsigned ttl;        /**< of a step by address */
    bool is_by_range;    /**< by ranges as long as there are two pages */
    unsigned base_shift; /**< log2 of the granules that BaseADDR counts in: ranges begin at such */
};

/** The steps of a range; a stride between two levels (a run of leaves) is rounded down to one. */
AXADDR_ALWAYS_INLINE unsigned axaddr_aarch64_step_level(const struct axaddr_flush_range *range,
                                                        unsigned page_shift) {
    unsigned level = 0;

    while (level < 3 && page_shift + (page_shift - 3) * (level + 1) <= range->stride_shift) {
        level++;
    }
    return level;
}

/**
 * Begin with a range. One that is a step long is one leaf of that size; a longer one may have
 * larger leaves as well, so no level is hinted at. One TLBI by address is for all of a block.
 * Ranges are for leaves of the manual's levels 1 to 3, which keeps their number small: 8 of the
 * largest for 64 GiB.
 */
AXADDR_ALWAYS_INLINE struct axaddr_aarch64_sweep
axaddr_aarch64_sweep_of(const struct axaddr_flush_range *range, unsigned page_shift,
                        uint32_t features) {
    unsigned level = axaddr_aarch64_step_level(range, page_shift);
    unsigned shift = (page_shift - 3) * level;
    uint64_t first = range->first >> (page_shift + shift);
    uint64_t last = range->last >> (page_shift + shift);
    struct axaddr_aarch64_sweep sweep;

    sweep.page = first << shift;
    sweep.count = (last - first + 1) << shift;
    sweep.stride = UINT64_C(1) << shift;
    sweep.page_shift = page_shift;
    sweep.ttl = 0;
    sweep.is_by_range = false;
    sweep.base_shift = (features & AXADDR_AARCH64_HAS_DS) != 0 ? 16 - page_shift : 0;
    if (level >= 3) {
        return sweep;
    }
    if (first == last) {
        if ((features & AXADDR_AARCH64_HAS_TTL) != 0) {
            /* The manual counts levels from the root to 3. */
            sweep.ttl = 4 * axaddr_aarch64_tlbi_granule(page_shift) + 3 - level;
        }
    } else {
        sweep.is_by_range = (features & AXADDR_AARCH64_HAS_TLBIRANGE) != 0;
    }
    return sweep;
}

/**
 * The next operand; false if there is none left. By ranges exactly the pages of the sweep are
 * named: from the largest scale down, and by their addresses the odd page, and those before the
 * first at which a range can begin.
 */
AXADDR_ALWAYS_INLINE bool axaddr_aarch64_sweep_next(struct axaddr_aarch64_sweep *sweep,
                                                    bool *is_range, uint64_t *operand) {
    unsigned scale = 3;
    uint64_t units;

    if (sweep->count == 0) {
        return false;
    }
    *is_range = sweep->is_by_range && sweep->count > 1 &&
                (sweep->page & axaddr_low_bits(sweep->base_shift)) == 0;
    if (!*is_range) {
        *operand = axaddr_aarch64_tlbi_page(sweep->page << (sweep->page_shift - 12), sweep->ttl);
        sweep->page += sweep->stride;
        sweep->count -= sweep->stride;
        return true;
    }
    while (sweep->count >> (5 * scale + 1) == 0) {
        scale--;
    }
    /* Below the largest scale this is said once at most: fewer than 32 units are left then. */
    units = sweep->count >> (5 * scale + 1);
    units = units < 32 ? units : 32;
    *operand =
        axaddr_aarch64_tlbi_range(sweep->page >> sweep->base_shift, scale, (unsigned)units - 1) +
        ((uint64_t)(axaddr_aarch64_tlbi_granule(sweep->page_shift) - 1) << 46);
    sweep->page += units << (5 * scale + 1);
    sweep->count -= units << (5 * scale + 1);
    return true;
}

/**
 * As axaddr_tlb_step_count, for any granule: whether a plan that is not empty can be said address
 * by address.
 */
AXADDR_ALWAYS_INLINE bool axaddr_aarch64_is_named(const struct axaddr_flush *plan,
                                                  unsigned page_shift) {
    uint64_t count = 0;
    unsigned i;

    if (plan->is_full || plan->has_tables || plan->range_count > AXADDR_FLUSH_RANGE_MAX) {
        return false;
    }
    for (i = 0; i < plan->range_count; i++) {
        const struct axaddr_flush_range *range = &plan->ranges[i];
        unsigned level = axaddr_aarch64_step_level(range, page_shift);
        unsigned shift = page_shift + (page_shift - 3) * level;

        if (range->last < range->first) {
            return false;
        }
        count += (range->last >> shift) - (range->first >> shift) + 1;
    }
    return count <= AXADDR_FLUSH_PAGE_MAX;
}

/* ---- stage 2 ---- */

/**
 * What is between the first barrier and the last, with the VM's VMID in VTTBR_EL2. IPAS2E1IS drops
 * what was cached of stage 2 alone; entries that combine both stages, tagged with virtual
 * addresses, are not obliged to go with it (R_TVTYQ), hence VMALLE1IS, after a DSB so that no CPU
 * can combine anew from what was not dropped yet.
 */
AXADDR_ALWAYS_INLINE void
axaddr_aarch64_stage2_flush_loaded_with(const struct axaddr_flush *plan, unsigned page_shift,
                                        uint32_t features, const struct axaddr_aarch64_tlb *tlb,
                                        void *ctx) {
    unsigned i;

    if (!axaddr_aarch64_is_named(plan, page_shift)) {
        tlb->tlbi(ctx, AXADDR_AARCH64_VMALLS12E1IS, 0);
        return;
    }
    for (i = 0; i < plan->range_count; i++) {
        struct axaddr_aarch64_sweep sweep =
            axaddr_aarch64_sweep_of(&plan->ranges[i], page_shift, features);
        uint64_t operand;
        bool is_range;

        while (axaddr_aarch64_sweep_next(&sweep, &is_range, &operand)) {
            tlb->tlbi(ctx, is_range ? AXADDR_AARCH64_RIPAS2E1IS : AXADDR_AARCH64_IPAS2E1IS,
                      operand);
        }
    }
    tlb->barrier(ctx, AXADDR_AARCH64_DSB_ISH);
    tlb->tlbi(ctx, AXADDR_AARCH64_VMALLE1IS, 0);
}

/** axaddr_aarch64_stage2_flush_granule without its instructions. */
AXADDR_ALWAYS_INLINE void
axaddr_aarch64_stage2_flush_granule_with(const struct axaddr_flush *plan, unsigned page_shift,
                                         axaddr_hpa_t root, uint32_t features,
                                         const struct axaddr_aarch64_tlb *tlb, void *ctx) {
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
        axaddr_aarch64_stage2_flush_loaded_with(plan, page_shift, features, tlb, ctx);
    }
    tlb->barrier(ctx, AXADDR_AARCH64_DSB_ISH);
    tlb->barrier(ctx, AXADDR_AARCH64_ISB);
    if (is_away) {
        tlb->write_vttbr(ctx, loaded);
        tlb->barrier(ctx, AXADDR_AARCH64_ISB);
    }
}

/** axaddr_aarch64_stage2_flush without its instructions. */
AXADDR_ALWAYS_INLINE void axaddr_aarch64_stage2_flush_with(const struct axaddr_flush *plan,
                                                           axaddr_hpa_t root, uint32_t features,
                                                           const struct axaddr_aarch64_tlb *tlb,
                                                           void *ctx) {
    axaddr_aarch64_stage2_flush_granule_with(plan, 12, root, features, tlb, ctx);
}

/* ---- stage 1 ----
 *
 * The plan's tag is an ASID. Operands have it in 63:48.
 */

enum axaddr_aarch64_stage1_tlbi {
    AXADDR_AARCH64_VAE1IS,     /**< EL1&0, by address: of an ASID, and global ones */
    AXADDR_AARCH64_RVAE1IS,    /**< the same of a range */
    AXADDR_AARCH64_VAAE1IS,    /**< EL1&0, by address: of all ASIDs */
    AXADDR_AARCH64_RVAAE1IS,   /**< the same of a range */
    AXADDR_AARCH64_ASIDE1IS,   /**< EL1&0, all of an ASID; global ones stay */
    AXADDR_AARCH64_S1_ALLE1IS, /**< VMALLE1IS: EL1&0, all of the current VMID */
    AXADDR_AARCH64_VAE2IS,     /**< EL2, by address */
    AXADDR_AARCH64_RVAE2IS,    /**< the same of a range */
    AXADDR_AARCH64_ALLE2IS,    /**< EL2, all */
};

/** What a stage 1 executor is made of. */
struct axaddr_aarch64_stage1_tlb {
    void (*tlbi)(void *ctx, enum axaddr_aarch64_stage1_tlbi what, uint64_t operand);
    void (*barrier)(void *ctx, enum axaddr_aarch64_barrier what);
};

/** Which table of stage 1 a plan is for. */
struct axaddr_aarch64_stage1_tables {
    uint8_t page_shift; /**< format.shift[0] */
    bool is_upper;      /**< the table of TTBR1_EL1: its addresses have ones above the format's */
    bool has_global;    /**< it may have AXADDR_GLOBAL leaves, which ASIDE1IS does not drop */
    uint8_t input_width AXADDR_OPTIONAL_; /**< format.input_width; 0 stands for 48 */
};

/** Name each range of a plan. `by_address` is followed by the same for ranges. */
AXADDR_ALWAYS_INLINE void axaddr_aarch64_stage1_sweep_with(
    const struct axaddr_flush *plan, const struct axaddr_aarch64_stage1_tables *tables,
    enum axaddr_aarch64_stage1_tlbi by_address, uint64_t asid, uint32_t features,
    const struct axaddr_aarch64_stage1_tlb *tlb, void *ctx) {
    /* The operands have more address bits (55:12) than a format: the sign's. */
    unsigned width = tables->input_width != 0 ? tables->input_width : 48;
    uint64_t above = tables->is_upper ? ~axaddr_low_bits(width - tables->page_shift) : 0;
    unsigned i;

    for (i = 0; i < plan->range_count; i++) {
        struct axaddr_aarch64_sweep sweep =
            axaddr_aarch64_sweep_of(&plan->ranges[i], tables->page_shift, features);
        uint64_t operand;
        bool is_range;

        sweep.page |= above;
        while (axaddr_aarch64_sweep_next(&sweep, &is_range, &operand)) {
            tlb->tlbi(ctx, (enum axaddr_aarch64_stage1_tlbi)(by_address + (unsigned)is_range),
                      asid << 48 | operand);
        }
    }
}

/** axaddr_aarch64_el1_flush without its instructions. */
AXADDR_ALWAYS_INLINE void
axaddr_aarch64_el1_flush_with(const struct axaddr_flush *plan,
                              const struct axaddr_aarch64_stage1_tables *tables, uint32_t features,
                              const struct axaddr_aarch64_stage1_tlb *tlb, void *ctx) {
    uint64_t asid = axaddr_tlb_vmid(plan, 16);

    if (axaddr_flush_is_empty(plan)) {
        return;
    }
    tlb->barrier(ctx, AXADDR_AARCH64_DSB_ISHST);
    if (axaddr_aarch64_is_named(plan, tables->page_shift)) {
        axaddr_aarch64_stage1_sweep_with(plan, tables,
                                         asid != 0 ? AXADDR_AARCH64_VAE1IS : AXADDR_AARCH64_VAAE1IS,
                                         asid, features, tlb, ctx);
    } else if (asid != 0 && !tables->has_global) {
        tlb->tlbi(ctx, AXADDR_AARCH64_ASIDE1IS, asid << 48);
    } else {
        tlb->tlbi(ctx, AXADDR_AARCH64_S1_ALLE1IS, 0);
    }
    tlb->barrier(ctx, AXADDR_AARCH64_DSB_ISH);
    tlb->barrier(ctx, AXADDR_AARCH64_ISB);
}

/** axaddr_aarch64_el2_flush without its instructions. */
AXADDR_ALWAYS_INLINE void
axaddr_aarch64_el2_flush_with(const struct axaddr_flush *plan,
                              const struct axaddr_aarch64_stage1_tables *tables, uint32_t features,
                              const struct axaddr_aarch64_stage1_tlb *tlb, void *ctx) {
    if (axaddr_flush_is_empty(plan)) {
        return;
    }
    tlb->barrier(ctx, AXADDR_AARCH64_DSB_ISHST);
    if (axaddr_aarch64_is_named(plan, tables->page_shift)) {
        axaddr_aarch64_stage1_sweep_with(plan, tables, AXADDR_AARCH64_VAE2IS, 0, features, tlb,
                                         ctx);
    } else {
        tlb->tlbi(ctx, AXADDR_AARCH64_ALLE2IS, 0);
    }
    tlb->barrier(ctx, AXADDR_AARCH64_DSB_ISH);
    tlb->barrier(ctx, AXADDR_AARCH64_ISB);
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
 * With features that include TLBI by range VTCR_EL2 must be that of the table's format: its TG0 and
 * DS say how these are read.
 *
 * @param page_shift  log2 of the granule: format.shift[0]
 * @param root      the table of the plan: vm_root()
 * @param features  axaddr_aarch64_tlb_features, what all CPUs have; 0 is always right. For formats
 *                  of 52 bits through axaddr_aarch64_tlb_features_for
 */
static inline void axaddr_aarch64_stage2_flush_granule(const struct axaddr_flush *plan,
                                                       unsigned page_shift, axaddr_hpa_t root,
                                                       uint32_t features) {
    axaddr_aarch64_stage2_flush_granule_with(plan, page_shift, root, features,
                                             &axaddr_aarch64_tlb_el2, 0);
}

/** The same for the 4 KiB granule. */
static inline void axaddr_aarch64_stage2_flush(const struct axaddr_flush *plan, axaddr_hpa_t root,
                                               uint32_t features) {
    axaddr_aarch64_stage2_flush_with(plan, root, features, &axaddr_aarch64_tlb_el2, 0);
}

/* By their numbers where they are named since v8.4 only (FEAT_TLBIRANGE). */
static inline void axaddr_aarch64_stage1_tlbi(void *ctx, enum axaddr_aarch64_stage1_tlbi what,
                                              uint64_t operand) {
    (void)ctx;
    switch (what) {
    case AXADDR_AARCH64_VAE1IS:
        __asm__ volatile("tlbi vae1is, %0" ::"r"(operand) : "memory");
        break;
    case AXADDR_AARCH64_RVAE1IS:
        __asm__ volatile("sys #0, c8, c2, #1, %0" ::"r"(operand) : "memory");
        break;
    case AXADDR_AARCH64_VAAE1IS:
        __asm__ volatile("tlbi vaae1is, %0" ::"r"(operand) : "memory");
        break;
    case AXADDR_AARCH64_RVAAE1IS:
        __asm__ volatile("sys #0, c8, c2, #3, %0" ::"r"(operand) : "memory");
        break;
    case AXADDR_AARCH64_ASIDE1IS:
        __asm__ volatile("tlbi aside1is, %0" ::"r"(operand) : "memory");
        break;
    case AXADDR_AARCH64_S1_ALLE1IS:
        __asm__ volatile("tlbi vmalle1is" ::: "memory");
        break;
    case AXADDR_AARCH64_VAE2IS:
        __asm__ volatile("tlbi vae2is, %0" ::"r"(operand) : "memory");
        break;
    case AXADDR_AARCH64_RVAE2IS:
        __asm__ volatile("sys #4, c8, c2, #1, %0" ::"r"(operand) : "memory");
        break;
    case AXADDR_AARCH64_ALLE2IS:
        __asm__ volatile("tlbi alle2is" ::: "memory");
        break;
    }
}

AXADDR_UNUSED static const struct axaddr_aarch64_stage1_tlb axaddr_aarch64_tlb_stage1 = {
    .tlbi = axaddr_aarch64_stage1_tlbi,
    .barrier = axaddr_aarch64_barrier,
};

/**
 * Carry out a plan for a table of the EL1&0 regime on all CPUs of the inner shareable domain: at
 * EL1, for the VM that runs; or at EL2 with HCR_EL2.E2H and TGE, for the EL2&0 regime, whose tables
 * are alike.
 */
static inline void axaddr_aarch64_el1_flush(const struct axaddr_flush *plan,
                                            const struct axaddr_aarch64_stage1_tables *tables,
                                            uint32_t features) {
    axaddr_aarch64_el1_flush_with(plan, tables, features, &axaddr_aarch64_tlb_stage1, 0);
}

/** The same for a table of the EL2 regime (HCR_EL2.E2H 0), at EL2. */
static inline void axaddr_aarch64_el2_flush(const struct axaddr_flush *plan,
                                            const struct axaddr_aarch64_stage1_tables *tables,
                                            uint32_t features) {
    axaddr_aarch64_el2_flush_with(plan, tables, features, &axaddr_aarch64_tlb_stage1, 0);
}

#endif /* __aarch64__ */

#endif /* AXADDR_ARCH_AARCH64_TLB_H */
