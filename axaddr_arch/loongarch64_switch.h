/* SPDX-License-Identifier: MIT
 *
 * loongarch64_switch.h: loading LoongArch64's page walk registers: mapped address translation on,
 * and going from one user's table to another. Values: axaddr_loongarch64_walk,
 * axaddr_loongarch64_pgd, axaddr_loongarch64_asid (loongarch64.h); ASIDs: axaddr_core/vmid.h.
 *
 * Manual: LoongArch Reference Manual, Volume 1: 5.2 (address translation modes), 5.4.3.4
 * (initialisation of the TLB), 7.4.1 CRMD, 7.5 registers of address translation.
 *
 * Each CPU, the first and the others alike, when the kernel's tables are there:
 *
 *     struct axaddr_loongarch64_regime regime = {walk, pgdl, pgdh, refill};
 *     status = axaddr_loongarch64_turn_on(&regime);                       // ASID 0
 *
 * and later, whenever another user's space is to be entered; the kernel's stays in PGDH:
 *
 *     entry = vmids_enter(&vmids, this_cpu, &process->vmid, &asid);
 *     status = axaddr_loongarch64_pgd(&axaddr_loongarch64_39, root, &pgdl);
 *     status = axaddr_loongarch64_switch(pgdl, asid, entry);
 *
 * PGDL may hold an empty table, but holds one. Of axaddr_loongarch64_48, whose root has both
 * halves, PGDH keeps the kernel's root likewise: nothing of the upper half of a user's root is
 * read.
 *
 * What is decided (..._with) is apart from what is executed (struct axaddr_loongarch64_switch), so
 * that it can be watched on any machine.
 */
#ifndef AXADDR_ARCH_LOONGARCH64_SWITCH_H
#define AXADDR_ARCH_LOONGARCH64_SWITCH_H

#include "../axaddr_core/vmid.h"
#include "loongarch64.h"

/** Registers by their numbers (7.5, Table 22). */
enum axaddr_loongarch64_csr {
    AXADDR_LOONGARCH64_CRMD = 0x0,       /**< PLV 1:0, IE 2, DA 3, PG 4, DATF 6:5, DATM 8:7 */
    AXADDR_LOONGARCH64_TLBIDX = 0x10,    /**< PS 29:24 */
    AXADDR_LOONGARCH64_RVACFG = 0x1f,    /**< address bits that are not there, RDVA */
    AXADDR_LOONGARCH64_ASID = 0x18,      /**< ASID 9:0, ASIDBITS 23:16 */
    AXADDR_LOONGARCH64_PGDL = 0x19,      /**< root of the lower half */
    AXADDR_LOONGARCH64_PGDH = 0x1a,      /**< root of the upper half */
    AXADDR_LOONGARCH64_PWCL = 0x1c,      /**< shape of the lower levels */
    AXADDR_LOONGARCH64_PWCH = 0x1d,      /**< and of the upper ones */
    AXADDR_LOONGARCH64_STLBPS = 0x1e,    /**< page size of the part of the TLB with one size */
    AXADDR_LOONGARCH64_TLBRENTRY = 0x88, /**< physical address of the refill handler */
    AXADDR_LOONGARCH64_TLBREHI = 0x8e,   /**< PS 5:0 */
};

#define AXADDR_LOONGARCH64_CRMD_DA UINT64_C(0x8)
#define AXADDR_LOONGARCH64_CRMD_PG UINT64_C(0x10)

/** What it is made of. `ctx` is what the caller of ..._with gave. */
struct axaddr_loongarch64_switch {
    uint64_t (*read)(void *ctx, enum axaddr_loongarch64_csr which);
    void (*write)(void *ctx, enum axaddr_loongarch64_csr which, uint64_t value);
    void (*forget_all)(void *ctx); /**< INVTLB 0 */
};

/** What a CPU needs for mapped address translation. */
struct axaddr_loongarch64_regime {
    struct axaddr_loongarch64_walk_registers walk;
    uint64_t pgdl;
    uint64_t pgdh;
    uint64_t refill; /**< physical address of an AXADDR_LOONGARCH64_REFILL_..., 4 KiB aligned */
};

/** axaddr_loongarch64_turn_on without its instructions. */
AXADDR_MUST_CHECK AXADDR_ALWAYS_INLINE enum axaddr_status
axaddr_loongarch64_turn_on_with(const struct axaddr_loongarch64_regime *regime,
                                const struct axaddr_loongarch64_switch *cpu, void *ctx) {
    uint64_t page_shift = regime->walk.stlbps;
    uint64_t crmd = cpu->read(ctx, AXADDR_LOONGARCH64_CRMD);

    if ((regime->refill & 0xfff) != 0 || regime->refill >> 48 != 0) {
        return AXADDR_INVALID;
    }
    cpu->write(ctx, AXADDR_LOONGARCH64_PWCL, regime->walk.pwcl);
    cpu->write(ctx, AXADDR_LOONGARCH64_PWCH, regime->walk.pwch);
    cpu->write(ctx, AXADDR_LOONGARCH64_STLBPS, page_shift);
    cpu->write(ctx, AXADDR_LOONGARCH64_TLBIDX,
               (cpu->read(ctx, AXADDR_LOONGARCH64_TLBIDX) & ~(UINT64_C(0x3f) << 24)) | page_shift
                                                                                           << 24);
    cpu->write(ctx, AXADDR_LOONGARCH64_TLBREHI,
               (cpu->read(ctx, AXADDR_LOONGARCH64_TLBREHI) & ~UINT64_C(0x3f)) | page_shift);
    cpu->write(ctx, AXADDR_LOONGARCH64_RVACFG, regime->walk.rvacfg);
    cpu->write(ctx, AXADDR_LOONGARCH64_TLBRENTRY, regime->refill);
    cpu->write(ctx, AXADDR_LOONGARCH64_PGDL, regime->pgdl);
    cpu->write(ctx, AXADDR_LOONGARCH64_PGDH, regime->pgdh);
    cpu->write(ctx, AXADDR_LOONGARCH64_ASID,
               cpu->read(ctx, AXADDR_LOONGARCH64_ASID) & ~UINT64_C(0x3ff));
    cpu->forget_all(ctx);
    cpu->write(ctx, AXADDR_LOONGARCH64_CRMD,
               (crmd & ~AXADDR_LOONGARCH64_CRMD_DA) | AXADDR_LOONGARCH64_CRMD_PG);
    return AXADDR_OK;
}

/** axaddr_loongarch64_switch without its instructions. */
AXADDR_MUST_CHECK AXADDR_ALWAYS_INLINE enum axaddr_status
axaddr_loongarch64_switch_with(uint64_t pgdl, uint32_t asid, enum axaddr_vmid_entry entry,
                               const struct axaddr_loongarch64_switch *cpu, void *ctx) {
    uint32_t value = 0;
    enum axaddr_status status =
        axaddr_loongarch64_asid((uint32_t)cpu->read(ctx, AXADDR_LOONGARCH64_ASID), asid, &value);

    if (status != AXADDR_OK) {
        return status;
    }
    cpu->write(ctx, AXADDR_LOONGARCH64_PGDL, pgdl);
    cpu->write(ctx, AXADDR_LOONGARCH64_ASID, value);
    if (entry == AXADDR_VMID_FLUSH_ALL) {
        cpu->forget_all(ctx);
    }
    return AXADDR_OK;
}

#if defined(__loongarch__) && __loongarch_grlen == 64

/* The number is part of the instruction. */
#define AXADDR_LOONGARCH64_CSRS_(CASE)                                                             \
    CASE(AXADDR_LOONGARCH64_CRMD, "0x0")                                                           \
    CASE(AXADDR_LOONGARCH64_TLBIDX, "0x10")                                                        \
    CASE(AXADDR_LOONGARCH64_RVACFG, "0x1f")                                                        \
    CASE(AXADDR_LOONGARCH64_ASID, "0x18")                                                          \
    CASE(AXADDR_LOONGARCH64_PGDL, "0x19")                                                          \
    CASE(AXADDR_LOONGARCH64_PGDH, "0x1a")                                                          \
    CASE(AXADDR_LOONGARCH64_PWCL, "0x1c")                                                          \
    CASE(AXADDR_LOONGARCH64_PWCH, "0x1d")                                                          \
    CASE(AXADDR_LOONGARCH64_STLBPS, "0x1e")                                                        \
    CASE(AXADDR_LOONGARCH64_TLBRENTRY, "0x88")                                                     \
    CASE(AXADDR_LOONGARCH64_TLBREHI, "0x8e")

#define AXADDR_LOONGARCH64_READ_(csr, number)                                                      \
    case csr:                                                                                      \
        __asm__ volatile("csrrd %0, " number : "=r"(value)::"memory");                             \
        break;
/* The instruction swaps. */
#define AXADDR_LOONGARCH64_WRITE_(csr, number)                                                     \
    case csr:                                                                                      \
        __asm__ volatile("csrwr %0, " number : "+r"(value)::"memory");                             \
        break;

static inline uint64_t axaddr_loongarch64_read_csr(void *ctx, enum axaddr_loongarch64_csr which) {
    uint64_t value = 0;

    (void)ctx;
    switch (which) { AXADDR_LOONGARCH64_CSRS_(AXADDR_LOONGARCH64_READ_) }
    return value;
}

static inline void axaddr_loongarch64_write_csr(void *ctx, enum axaddr_loongarch64_csr which,
                                                uint64_t value) {
    (void)ctx;
    switch (which) { AXADDR_LOONGARCH64_CSRS_(AXADDR_LOONGARCH64_WRITE_) }
}

static inline void axaddr_loongarch64_forget_all(void *ctx) {
    (void)ctx;
    axaddr_loongarch64_flush_all();
}

AXADDR_UNUSED static const struct axaddr_loongarch64_switch axaddr_loongarch64_switch_here = {
    .read = axaddr_loongarch64_read_csr,
    .write = axaddr_loongarch64_write_csr,
    .forget_all = axaddr_loongarch64_forget_all,
};

/**
 * Turn mapped address translation on on this CPU, at PLV 0, or change the kernel's own tables. The
 * TLB forgets all, and the ASID is 0. Interrupts are off, and what runs is in a direct mapping
 * window that is set already, or mapped where it is. Each CPU calls it for itself, at any time.
 *
 * @return AXADDR_INVALID, with nothing done, for a refill handler that is not at a physical address
 *         aligned to 4 KiB
 */
AXADDR_MUST_CHECK static inline enum axaddr_status
axaddr_loongarch64_turn_on(const struct axaddr_loongarch64_regime *regime) {
    return axaddr_loongarch64_turn_on_with(regime, &axaddr_loongarch64_switch_here, 0);
}

/**
 * Go on with another user's table. `entry` is what the pool of ASIDs answered. Interrupts are off
 * and no user's address is accessed meanwhile: a refill between the two writes would tag what is in
 * the new table with the old ASID. The kernel's own may be refilled: its pages are alike in both.
 *
 * @return AXADDR_INVALID, with nothing done, for an ASID of more bits than the CPU has
 */
AXADDR_MUST_CHECK static inline enum axaddr_status
axaddr_loongarch64_switch(uint64_t pgdl, uint32_t asid, enum axaddr_vmid_entry entry) {
    return axaddr_loongarch64_switch_with(pgdl, asid, entry, &axaddr_loongarch64_switch_here, 0);
}

#endif /* LoongArch64 */

#endif /* AXADDR_ARCH_LOONGARCH64_SWITCH_H */
