/* SPDX-License-Identifier: MIT
 *
 * riscv_switch.h: loading satp: turning one-stage translation on, and going from one address space
 * to another (S-mode or HS-mode with mstatus.TVM 0). Values: axaddr_riscv_stage1_satp and
 * axaddr_riscv_sv32_satp (riscv_stage1.h); ASIDs: axaddr_core/vmid.h.
 *
 * Manual: The RISC-V Instruction Set Manual, Volume II: Privileged Architecture: "satp",
 * "SFENCE.VMA", "Virtual Address Translation Process".
 *
 * Each hart, the first and the others alike, when the kernel's tables are there:
 *
 *     status = axaddr_riscv_stage1_turn_on(kernel_satp);        // ASID 0
 *
 * and later, whenever another space is to be entered:
 *
 *     entry = vmids_enter(&vmids, this_hart, &process->vmid, &asid);
 *     status = axaddr_riscv_stage1_satp(&axaddr_riscv_sv39, vm_root(&process->space), asid, &satp);
 *     axaddr_riscv_stage1_switch(satp, entry);
 *
 * There is one root: the code that runs, its stack and its trap vector have to be mapped alike in
 * the table of before and in the new one. So a space for a user has the kernel's top-level entries,
 * and the first satp of a hart, before which addresses are physical, is that of a table that also
 * maps this code where it is.
 *
 * What is decided (..._with) is apart from what is executed (struct axaddr_riscv_satp), so that it
 * can be watched on any machine.
 */
#ifndef AXADDR_ARCH_RISCV_SWITCH_H
#define AXADDR_ARCH_RISCV_SWITCH_H

#include "../axaddr_core/vmid.h"
#include "riscv_stage1.h"

/** What it is made of. `ctx` is what the caller of ..._with gave. */
struct axaddr_riscv_satp {
    uintptr_t (*read)(void *ctx);
    void (*write)(void *ctx, uintptr_t satp);
    void (*forget_all)(void *ctx); /**< SFENCE.VMA x0, x0 */
};

/** axaddr_riscv_stage1_turn_on without its instructions. */
AXADDR_MUST_CHECK AXADDR_ALWAYS_INLINE enum axaddr_status
axaddr_riscv_stage1_turn_on_with(uintptr_t satp, const struct axaddr_riscv_satp *hart, void *ctx) {
    uintptr_t before = hart->read(ctx);
    bool is_taken;

    hart->forget_all(ctx); /* what was stored to the tables comes before the walks */
    hart->write(ctx, satp);
    is_taken = hart->read(ctx) == satp;
    if (!is_taken) {
        hart->write(ctx, before);
    }
    hart->forget_all(ctx); /* and nothing is left of another table with this ASID */
    return is_taken ? AXADDR_OK : AXADDR_UNSUPPORTED;
}

/** axaddr_riscv_stage1_switch without its instructions. */
AXADDR_ALWAYS_INLINE void axaddr_riscv_stage1_switch_with(uintptr_t satp,
                                                          enum axaddr_vmid_entry entry,
                                                          const struct axaddr_riscv_satp *hart,
                                                          void *ctx) {
    hart->write(ctx, satp);
    if (entry == AXADDR_VMID_FLUSH_ALL) {
        hart->forget_all(ctx);
    }
}

/** axaddr_riscv_asid_bits without its instructions; `xlen` is 32 or 64. */
AXADDR_ALWAYS_INLINE unsigned
axaddr_riscv_asid_bits_with(unsigned xlen, const struct axaddr_riscv_satp *hart, void *ctx) {
    unsigned shift = xlen == 32 ? 22 : 44;
    unsigned most = xlen == 32 ? AXADDR_RISCV_ASID32_BITS : AXADDR_RISCV_ASID_BITS;
    uint64_t mode = xlen == 32 ? UINT64_C(1) << 31 : UINT64_C(15) << 60;
    uintptr_t satp = hart->read(ctx);
    unsigned bits = 0;
    uint64_t seen;

    if ((satp & mode) == 0) {
        return 0;
    }
    hart->write(ctx, satp | (uintptr_t)(axaddr_low_bits(most) << shift));
    seen = (uint64_t)hart->read(ctx) >> shift;
    hart->write(ctx, satp);
    hart->forget_all(ctx);
    while (bits < most && (seen >> bits & 1) != 0) {
        bits++;
    }
    return bits;
}

#if defined(__riscv)

/* satp by its number, 0x180. */
static inline uintptr_t axaddr_riscv_read_satp(void *ctx) {
    uintptr_t satp;

    (void)ctx;
    __asm__ volatile("csrr %0, 0x180" : "=r"(satp)::"memory");
    return satp;
}

static inline void axaddr_riscv_write_satp(void *ctx, uintptr_t satp) {
    (void)ctx;
    __asm__ volatile("csrw 0x180, %0" ::"r"(satp) : "memory");
}

static inline void axaddr_riscv_forget_all(void *ctx) {
    (void)ctx;
    axaddr_riscv_sfence_vma_all();
}

AXADDR_UNUSED static const struct axaddr_riscv_satp axaddr_riscv_satp_here = {
    .read = axaddr_riscv_read_satp,
    .write = axaddr_riscv_write_satp,
    .forget_all = axaddr_riscv_forget_all,
};

/**
 * Turn translation on on this hart, or change the kernel's own table. Interrupts off, and the code,
 * its stack and what it uses mapped where they are (see above). Each hart calls it for itself, at
 * any time.
 *
 * @return AXADDR_UNSUPPORTED if the hart has not got the mode, or fewer ASID bits: satp is then
 *         what it was
 */
AXADDR_MUST_CHECK static inline enum axaddr_status axaddr_riscv_stage1_turn_on(uintptr_t satp) {
    return axaddr_riscv_stage1_turn_on_with(satp, &axaddr_riscv_satp_here, 0);
}

/**
 * Go on in another space, with the ASID that is in `satp`. `entry` is what the pool of ASIDs
 * answered, and AXADDR_VMID_FLUSH_ALL where there is none (a hart without ASIDs) and when a hart
 * enters a space for the first time: stores to its tables are ordered before walks by SFENCE.VMA
 * only, and mapping what was absent executes none. The hart must have the mode and the ASID's bits
 * (turn_on has shown the one, asid_bits tells the other).
 *
 * Interrupt handlers that touch users' memory are kept out from vmids_enter to the end of this:
 * from there on the pool takes the hart for one that runs with the new ASID.
 */
static inline void axaddr_riscv_stage1_switch(uintptr_t satp, enum axaddr_vmid_entry entry) {
    axaddr_riscv_stage1_switch_with(satp, entry, &axaddr_riscv_satp_here, 0);
}

/**
 * How many bits of satp.ASID this hart has (ASIDLEN): 0 to 16, with SXLEN 32 to 9. All are set for
 * a moment, so interrupts are off, and translation is on: 0 if it is not, as other bits of satp
 * must not be set then.
 */
static inline unsigned axaddr_riscv_asid_bits(void) {
    return axaddr_riscv_asid_bits_with(__riscv_xlen, &axaddr_riscv_satp_here, 0);
}

#endif /* __riscv */

#endif /* AXADDR_ARCH_RISCV_SWITCH_H */
