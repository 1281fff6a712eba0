/* SPDX-License-Identifier: MIT
 *
 * aarch64_switch.h: loading the tables of stage 1: turning the MMU on (EL1&0, and EL2 without
 * FEAT_VHE's HCR_EL2.E2H), going from one user's table to another, and replacing the kernel's own.
 * Values: axaddr_aarch64_mair, axaddr_aarch64_el1_tcr, axaddr_aarch64_el1_ttbr and their kin
 * (aarch64_stage1.h); ASIDs: axaddr_core/vmid.h.
 *
 * Manual: ARM DDI 0487: D8.2 "Translation process" (enabling and disabling stage 1), D8.16 or D8.17
 * "TLB maintenance", D24.2 (SCTLR_ELx, TTBRn_ELx, TCR_ELx: ASIDs are TTBR0_EL1's, A1 0).
 *
 * Each CPU, the first and the others alike, when the kernel's tables are there:
 *
 *     struct axaddr_aarch64_regime regime = {mair, tcr, ttbr0, ttbr1};    // ASID 0
 *     status = axaddr_aarch64_el1_turn_on(&regime);
 *
 * and later, whenever another user's space is to be entered; the kernel's stays in TTBR1_EL1:
 *
 *     entry = vmids_enter(&vmids, this_cpu, &process->vmid, &asid);
 *     status = axaddr_aarch64_el1_ttbr(&axaddr_aarch64_el1, &cpu, root, asid, &ttbr0);
 *     axaddr_aarch64_el1_switch(ttbr0, entry);
 *
 * The code that turns the MMU on goes on at the address where it is: the table of TTBR0_ELx maps it
 * there, until it has jumped to where the kernel's maps it. Tables that were written with the MMU
 * off are in memory, not in the caches: lines that the caches may have of them from before (a boot
 * loader's) have to be invalidated by the caller, or the walks read these.
 *
 * What is decided (..._with) is apart from what is executed (struct axaddr_aarch64_switch), so that
 * it can be watched on any machine.
 */
#ifndef AXADDR_ARCH_AARCH64_SWITCH_H
#define AXADDR_ARCH_AARCH64_SWITCH_H

#include "../axaddr_core/vmid.h"
#include "aarch64_stage1.h"

/** Registers of stage 1 of one exception level, by what they are. */
enum axaddr_aarch64_stage1_register {
    AXADDR_AARCH64_MAIR,
    AXADDR_AARCH64_TCR,
    AXADDR_AARCH64_TTBR0,
    AXADDR_AARCH64_TTBR1, /**< not at EL2 */
    AXADDR_AARCH64_SCTLR,
};

/** SCTLR_EL1 and SCTLR_EL2: MMU on, data cacheable, instructions cacheable; writable is not XN. */
#define AXADDR_AARCH64_SCTLR_M   (UINT64_C(1) << 0)
#define AXADDR_AARCH64_SCTLR_C   (UINT64_C(1) << 2)
#define AXADDR_AARCH64_SCTLR_I   (UINT64_C(1) << 12)
#define AXADDR_AARCH64_SCTLR_WXN (UINT64_C(1) << 19)

/** What it is made of. `ctx` is what the caller of ..._with gave. */
struct axaddr_aarch64_switch {
    uint64_t (*read)(void *ctx, enum axaddr_aarch64_stage1_register which);
    void (*write)(void *ctx, enum axaddr_aarch64_stage1_register which, uint64_t value);
    /** DSB SY: stores, of whatever memory type, come before the walks. */
    void (*drain)(void *ctx);
    void (*isb)(void *ctx);
    /** TLBI VMALLE1 (ALLE2), DSB NSH: this CPU forgets all of the regime. */
    void (*forget_all)(void *ctx);
};

/** What a CPU needs to turn stage 1 on. ttbr1 is not for EL2. */
struct axaddr_aarch64_regime {
    uint64_t mair;
    uint64_t tcr;
    uint64_t ttbr0;
    uint64_t ttbr1;
};

/** axaddr_aarch64_el1_turn_on, axaddr_aarch64_el2_turn_on without their instructions. */
AXADDR_MUST_CHECK AXADDR_ALWAYS_INLINE enum axaddr_status
axaddr_aarch64_turn_on_with(const struct axaddr_aarch64_regime *regime, bool is_el2,
                            const struct axaddr_aarch64_switch *cpu, void *ctx) {
    uint64_t sctlr = cpu->read(ctx, AXADDR_AARCH64_SCTLR);

    if ((sctlr & AXADDR_AARCH64_SCTLR_M) != 0) {
        return AXADDR_INVALID;
    }
    cpu->drain(ctx);
    cpu->write(ctx, AXADDR_AARCH64_MAIR, regime->mair);
    cpu->write(ctx, AXADDR_AARCH64_TCR, regime->tcr);
    cpu->write(ctx, AXADDR_AARCH64_TTBR0, regime->ttbr0);
    if (!is_el2) {
        cpu->write(ctx, AXADDR_AARCH64_TTBR1, regime->ttbr1);
    }
    cpu->isb(ctx);
    cpu->forget_all(ctx);
    cpu->isb(ctx);
    cpu->write(ctx, AXADDR_AARCH64_SCTLR,
               (sctlr & ~AXADDR_AARCH64_SCTLR_WXN) | AXADDR_AARCH64_SCTLR_M |
                   AXADDR_AARCH64_SCTLR_C | AXADDR_AARCH64_SCTLR_I);
    cpu->isb(ctx);
    return AXADDR_OK;
}

/** axaddr_aarch64_el1_switch without its instructions. */
AXADDR_ALWAYS_INLINE void axaddr_aarch64_el1_switch_with(uint64_t ttbr0,
                                                         enum axaddr_vmid_entry entry,
                                                         const struct axaddr_aarch64_switch *cpu,
                                                         void *ctx) {
    cpu->drain(ctx);
    cpu->write(ctx, AXADDR_AARCH64_TTBR0, ttbr0);
    cpu->isb(ctx);
    if (entry == AXADDR_VMID_FLUSH_ALL) {
        cpu->forget_all(ctx);
        cpu->isb(ctx);
    }
}

#if defined(__aarch64__)

static inline uint64_t axaddr_aarch64_read_el1(void *ctx,
                                               enum axaddr_aarch64_stage1_register which) {
    uint64_t value = 0;

    (void)ctx;
    switch (which) {
    case AXADDR_AARCH64_MAIR:
        __asm__ volatile("mrs %0, mair_el1" : "=r"(value)::"memory");
        break;
    case AXADDR_AARCH64_TCR:
        __asm__ volatile("mrs %0, tcr_el1" : "=r"(value)::"memory");
        break;
    case AXADDR_AARCH64_TTBR0:
        __asm__ volatile("mrs %0, ttbr0_el1" : "=r"(value)::"memory");
        break;
    case AXADDR_AARCH64_TTBR1:
        __asm__ volatile("mrs %0, ttbr1_el1" : "=r"(value)::"memory");
        break;
    case AXADDR_AARCH64_SCTLR:
        __asm__ volatile("mrs %0, sctlr_el1" : "=r"(value)::"memory");
        break;
    }
    return value;
}

static inline void axaddr_aarch64_write_el1(void *ctx, enum axaddr_aarch64_stage1_register which,
                                            uint64_t value) {
    (void)ctx;
    switch (which) {
    case AXADDR_AARCH64_MAIR:
        __asm__ volatile("msr mair_el1, %0" ::"r"(value) : "memory");
        break;
    case AXADDR_AARCH64_TCR:
        __asm__ volatile("msr tcr_el1, %0" ::"r"(value) : "memory");
        break;
    case AXADDR_AARCH64_TTBR0:
        __asm__ volatile("msr ttbr0_el1, %0" ::"r"(value) : "memory");
        break;
    case AXADDR_AARCH64_TTBR1:
        __asm__ volatile("msr ttbr1_el1, %0" ::"r"(value) : "memory");
        break;
    case AXADDR_AARCH64_SCTLR:
        __asm__ volatile("msr sctlr_el1, %0" ::"r"(value) : "memory");
        break;
    }
}

static inline uint64_t axaddr_aarch64_read_el2(void *ctx,
                                               enum axaddr_aarch64_stage1_register which) {
    uint64_t value = 0;

    (void)ctx;
    switch (which) {
    case AXADDR_AARCH64_MAIR:
        __asm__ volatile("mrs %0, mair_el2" : "=r"(value)::"memory");
        break;
    case AXADDR_AARCH64_TCR:
        __asm__ volatile("mrs %0, tcr_el2" : "=r"(value)::"memory");
        break;
    case AXADDR_AARCH64_TTBR0:
        __asm__ volatile("mrs %0, ttbr0_el2" : "=r"(value)::"memory");
        break;
    case AXADDR_AARCH64_TTBR1:
        break;
    case AXADDR_AARCH64_SCTLR:
        __asm__ volatile("mrs %0, sctlr_el2" : "=r"(value)::"memory");
        break;
    }
    return value;
}

static inline void axaddr_aarch64_write_el2(void *ctx, enum axaddr_aarch64_stage1_register which,
                                            uint64_t value) {
    (void)ctx;
    switch (which) {
    case AXADDR_AARCH64_MAIR:
        __asm__ volatile("msr mair_el2, %0" ::"r"(value) : "memory");
        break;
    case AXADDR_AARCH64_TCR:
        __asm__ volatile("msr tcr_el2, %0" ::"r"(value) : "memory");
        break;
    case AXADDR_AARCH64_TTBR0:
        __asm__ volatile("msr ttbr0_el2, %0" ::"r"(value) : "memory");
        break;
    case AXADDR_AARCH64_TTBR1:
        break;
    case AXADDR_AARCH64_SCTLR:
        __asm__ volatile("msr sctlr_el2, %0" ::"r"(value) : "memory");
        break;
    }
}

static inline void axaddr_aarch64_drain(void *ctx) {
    (void)ctx;
    __asm__ volatile("dsb sy" ::: "memory");
}

static inline void axaddr_aarch64_isb(void *ctx) {
    (void)ctx;
    __asm__ volatile("isb" ::: "memory");
}

static inline void axaddr_aarch64_forget_all_el1(void *ctx) {
    (void)ctx;
    __asm__ volatile("tlbi vmalle1\n\tdsb nsh" ::: "memory");
}

static inline void axaddr_aarch64_forget_all_el2(void *ctx) {
    (void)ctx;
    __asm__ volatile("tlbi alle2\n\tdsb nsh" ::: "memory");
}

AXADDR_UNUSED static const struct axaddr_aarch64_switch axaddr_aarch64_switch_el1 = {
    .read = axaddr_aarch64_read_el1,
    .write = axaddr_aarch64_write_el1,
    .drain = axaddr_aarch64_drain,
    .isb = axaddr_aarch64_isb,
    .forget_all = axaddr_aarch64_forget_all_el1,
};

AXADDR_UNUSED static const struct axaddr_aarch64_switch axaddr_aarch64_switch_el2 = {
    .read = axaddr_aarch64_read_el2,
    .write = axaddr_aarch64_write_el2,
    .drain = axaddr_aarch64_drain,
    .isb = axaddr_aarch64_isb,
    .forget_all = axaddr_aarch64_forget_all_el2,
};

/**
 * Turn stage 1 of EL1&0 on on this CPU, at EL1, with the caches; WXN, with which the formats would
 * not mean what they say, is turned off. Interrupts are masked, and the code, its stack and what it
 * uses mapped where they are (see above). Each CPU calls it for itself, at any time.
 *
 * @return AXADDR_INVALID, with nothing done, if the MMU is on: TCR and MAIR must not change then
 */
AXADDR_MUST_CHECK static inline enum axaddr_status
axaddr_aarch64_el1_turn_on(const struct axaddr_aarch64_regime *regime) {
    return axaddr_aarch64_turn_on_with(regime, false, &axaddr_aarch64_switch_el1, 0);
}

/** The same for EL2, at EL2 with HCR_EL2.E2H 0: regime->ttbr1 is not used. */
AXADDR_MUST_CHECK static inline enum axaddr_status
axaddr_aarch64_el2_turn_on(const struct axaddr_aarch64_regime *regime) {
    return axaddr_aarch64_turn_on_with(regime, true, &axaddr_aarch64_switch_el2, 0);
}

/**
 * Go on with another user's table, and its ASID, in TTBR0_EL1: one write changes both. `entry` is
 * what the pool of ASIDs answered. An empty table with ASID 0 is for times without a user. Code,
 * stack and vectors are in TTBR1_EL1's range.
 */
static inline void axaddr_aarch64_el1_switch(uint64_t ttbr0, enum axaddr_vmid_entry entry) {
    axaddr_aarch64_el1_switch_with(ttbr0, entry, &axaddr_aarch64_switch_el1, 0);
}

/**
 * Replace the table of TTBR1_EL1 while the MMU is on, for instance a first one by the kernel's own:
 * by way of an empty one, as the two may have leaves of different sizes and types for the same
 * addresses (break-before-make, D8.16.1).
 *
 * The caller has interrupts masked, and runs at an address that TTBR0_EL1's table maps (identity):
 * nothing of TTBR1_EL1's range can be reached in between, and nothing is: it is one piece of code
 * without an access to memory. `empty` and `ttbr1` have the same ASID, and TCR_EL1 is right for
 * both. Each CPU calls it for itself.
 */
static inline void axaddr_aarch64_el1_replace_upper(uint64_t ttbr1, uint64_t empty) {
    __asm__ volatile("dsb sy\n\t"
                     "msr ttbr1_el1, %1\n\t"
                     "isb\n\t"
                     "tlbi vmalle1\n\t"
                     "dsb nsh\n\t"
                     "isb\n\t"
                     "msr ttbr1_el1, %0\n\t"
                     "isb"
                     :
                     : "r"(ttbr1), "r"(empty)
                     : "memory");
}

#endif /* __aarch64__ */

#endif /* AXADDR_ARCH_AARCH64_SWITCH_H */
