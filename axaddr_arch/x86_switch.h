/* SPDX-License-Identifier: MIT
 *
 * x86_switch.h: loading CR3 for stage 1: a kernel's own table, with the control bits that the
 * formats count on; and going from one address space to another, with PCIDs. Values:
 * axaddr_x86_64_cr3 (x86_64.h), axaddr_x86_pae_cr3 (x86_pae.h); PCIDs: axaddr_core/vmid.h.
 *
 * Manual: Intel 64 and IA-32 Architectures SDM, vol. 3A, 2.5 "Control Registers", 4.1 "Paging Modes
 * and Control Bits", 4.4.1 "PDPTE Registers", 4.10.1 "Process-Context Identifiers", 4.10.4.1
 * "Operations that Invalidate TLBs and Paging-Structure Caches".
 *
 * Each processor, the first and the others alike, when the kernel's table is there:
 *
 *     status = axaddr_x86_64_cr3(vm_root(&kernel), 0, false, &cr3);         // PCID 0
 *     status = axaddr_x86_64_turn_on(cr3, has_pcid);           // CPUID 1, ECX[17]
 *
 * and later, whenever another space is to be entered:
 *
 *     entry = vmids_enter(&vmids, this_cpu, &process->vmid, &pcid);         // vmids_init: 12 bits
 *     status = axaddr_x86_64_cr3(vm_root(&process->space), pcid, has_pcid, &cr3);
 *     axaddr_x86_64_switch(cr3, entry, has_invpcid);
 *
 * There is one root: the code that runs, its stack and its descriptor tables have to be mapped
 * alike in the table of before and in the new one. So a space for a user has the kernel's top-level
 * entries. A processor in 64-bit mode has paging on: with the boot loader's table, or for one that
 * was started by an SIPI with that of its trampoline, which lies below 4 GiB.
 *
 * What is decided (..._with) is apart from what is executed (struct axaddr_x86_switch), so that it
 * can be watched on any machine.
 */
#ifndef AXADDR_ARCH_X86_SWITCH_H
#define AXADDR_ARCH_X86_SWITCH_H

#include "../axaddr_core/vmid.h"
#include "x86_64.h"
#include "x86_pae.h"

enum axaddr_x86_register { AXADDR_X86_CR0, AXADDR_X86_CR3, AXADDR_X86_CR4, AXADDR_X86_EFER };

#define AXADDR_X86_CR0_WP    (UINT64_C(1) << 16) /**< supervisor mode heeds R/W */
#define AXADDR_X86_CR0_PG    (UINT64_C(1) << 31)
#define AXADDR_X86_CR4_PAE   (UINT64_C(1) << 5)
#define AXADDR_X86_CR4_PGE   (UINT64_C(1) << 7)
#define AXADDR_X86_CR4_PCIDE (UINT64_C(1) << 17)
#define AXADDR_X86_EFER_NXE  (UINT64_C(1) << 11)

/** What it is made of. `ctx` is what the caller of ..._with gave. */
struct axaddr_x86_switch {
    uint64_t (*read)(void *ctx, enum axaddr_x86_register which);
    void (*write)(void *ctx, enum axaddr_x86_register which, uint64_t value);
    const struct axaddr_x86_tlb *tlb;
};

AXADDR_ALWAYS_INLINE void axaddr_x86_change(const struct axaddr_x86_switch *cpu, void *ctx,
                                            enum axaddr_x86_register which, uint64_t clear,
                                            uint64_t set) {
    cpu->write(ctx, which, (cpu->read(ctx, which) & ~clear) | set);
}

/**
 * axaddr_x86_64_turn_on without its instructions. Clearing PGE forgets the global entries of the
 * old table, setting it again all PCIDs; PCIDE may be set while CR3 has PCID 0 only.
 */
AXADDR_MUST_CHECK AXADDR_ALWAYS_INLINE enum axaddr_status
axaddr_x86_64_turn_on_with(uint64_t cr3, bool has_pcid, const struct axaddr_x86_switch *cpu,
                           void *ctx) {
    if ((cr3 & (UINT64_C(0xfff) | UINT64_C(1) << 63)) != 0) {
        return AXADDR_INVALID;
    }
    axaddr_x86_change(cpu, ctx, AXADDR_X86_EFER, 0, AXADDR_X86_EFER_NXE);
    axaddr_x86_change(cpu, ctx, AXADDR_X86_CR0, 0, AXADDR_X86_CR0_WP);
    axaddr_x86_change(cpu, ctx, AXADDR_X86_CR4, AXADDR_X86_CR4_PGE, 0);
    cpu->write(ctx, AXADDR_X86_CR3, cr3);
    axaddr_x86_change(cpu, ctx, AXADDR_X86_CR4, 0,
                      AXADDR_X86_CR4_PGE | (has_pcid ? AXADDR_X86_CR4_PCIDE : 0));
    return AXADDR_OK;
}

/** axaddr_x86_64_switch without its instructions. */
AXADDR_ALWAYS_INLINE void axaddr_x86_64_switch_with(uint64_t cr3, enum axaddr_vmid_entry entry,
                                                    bool has_invpcid,
                                                    const struct axaddr_x86_switch *cpu,
                                                    void *ctx) {
    cpu->write(ctx, AXADDR_X86_CR3, cr3);
    if (entry != AXADDR_VMID_FLUSH_ALL) {
        return;
    }
    if (has_invpcid) {
        cpu->tlb->invpcid(ctx, AXADDR_X86_INVPCID_ALL, 0, axaddr_gva(0));
    } else {
        cpu->tlb->toggle_pge(ctx);
    }
}

/** axaddr_x86_pae_turn_on without its instructions. PGE comes after PG (2.5). */
AXADDR_MUST_CHECK AXADDR_ALWAYS_INLINE enum axaddr_status
axaddr_x86_pae_turn_on_with(uint32_t cr3, const struct axaddr_x86_switch *cpu, void *ctx) {
    if ((cpu->read(ctx, AXADDR_X86_CR0) & AXADDR_X86_CR0_PG) != 0 &&
        (cpu->read(ctx, AXADDR_X86_CR4) & AXADDR_X86_CR4_PAE) == 0) {
        return AXADDR_INVALID;
    }
    axaddr_x86_change(cpu, ctx, AXADDR_X86_EFER, 0, AXADDR_X86_EFER_NXE);
    axaddr_x86_change(cpu, ctx, AXADDR_X86_CR4, AXADDR_X86_CR4_PGE, AXADDR_X86_CR4_PAE);
    cpu->write(ctx, AXADDR_X86_CR3, cr3);
    axaddr_x86_change(cpu, ctx, AXADDR_X86_CR0, 0, AXADDR_X86_CR0_PG | AXADDR_X86_CR0_WP);
    axaddr_x86_change(cpu, ctx, AXADDR_X86_CR4, 0, AXADDR_X86_CR4_PGE);
    return AXADDR_OK;
}

#if defined(__x86_64__) || defined(__i386__)

static inline uint64_t axaddr_x86_read_register(void *ctx, enum axaddr_x86_register which) {
    uintptr_t value = 0;
    uint32_t low, high;

    (void)ctx;
    switch (which) {
    case AXADDR_X86_CR0:
        __asm__ volatile("mov %%cr0, %0" : "=r"(value) : : "memory");
        break;
    case AXADDR_X86_CR3:
        __asm__ volatile("mov %%cr3, %0" : "=r"(value) : : "memory");
        break;
    case AXADDR_X86_CR4:
        __asm__ volatile("mov %%cr4, %0" : "=r"(value) : : "memory");
        break;
    case AXADDR_X86_EFER:
        __asm__ volatile("rdmsr" : "=a"(low), "=d"(high) : "c"(0xc0000080) : "memory");
        return (uint64_t)high << 32 | low;
    }
    return value;
}

static inline void axaddr_x86_write_register(void *ctx, enum axaddr_x86_register which,
                                             uint64_t value) {
    (void)ctx;
    switch (which) {
    case AXADDR_X86_CR0:
        __asm__ volatile("mov %0, %%cr0" : : "r"((uintptr_t)value) : "memory");
        break;
    case AXADDR_X86_CR3:
        __asm__ volatile("mov %0, %%cr3" : : "r"((uintptr_t)value) : "memory");
        break;
    case AXADDR_X86_CR4:
        __asm__ volatile("mov %0, %%cr4" : : "r"((uintptr_t)value) : "memory");
        break;
    case AXADDR_X86_EFER:
        __asm__ volatile("wrmsr"
                         :
                         : "a"((uint32_t)value), "d"((uint32_t)(value >> 32)), "c"(0xc0000080)
                         : "memory");
        break;
    }
}

#endif /* __x86_64__ || __i386__ */

#if defined(__x86_64__)

AXADDR_UNUSED static const struct axaddr_x86_switch axaddr_x86_switch_here = {
    .read = axaddr_x86_read_register,
    .write = axaddr_x86_write_register,
    .tlb = &axaddr_x86_tlb_here,
};

/**
 * Load a kernel's own table on this processor, in 64-bit mode at CPL 0, and set what the formats
 * count on: EFER.NXE, CR0.WP, CR4.PGE, and with `has_pcid` CR4.PCIDE. What was cached before is
 * forgotten. CR4.LA57 is what the format says already (it cannot change here); SMEP and SMAP are
 * the caller's. Interrupts are off, and code, stack and descriptor tables mapped alike in both
 * tables. Each processor calls it for itself, at any time.
 *
 * @return AXADDR_INVALID, with nothing done, for a cr3 with a PCID or with bit 63
 */
AXADDR_MUST_CHECK static inline enum axaddr_status axaddr_x86_64_turn_on(uint64_t cr3,
                                                                         bool has_pcid) {
    return axaddr_x86_64_turn_on_with(cr3, has_pcid, &axaddr_x86_switch_here, 0);
}

/**
 * Go on in another space, with the PCID that is in `cr3`. `entry` is what the pool of PCIDs
 * answered.
 *
 * With CR4.PCIDE, bit 63 of cr3 (axaddr_x86_64_cr3's keeps_cached) keeps what is cached for that
 * PCID, which is right whatever `entry` says: where all has to go, it goes here. Without CR4.PCIDE
 * bit 63 is reserved (#GP), the PCID is 0, and MOV to CR3 forgets all but global entries, so that
 * `entry` is AXADDR_VMID_READY. `has_invpcid` is CPUID 7.0, EBX[10].
 */
static inline void axaddr_x86_64_switch(uint64_t cr3, enum axaddr_vmid_entry entry,
                                        bool has_invpcid) {
    axaddr_x86_64_switch_with(cr3, entry, has_invpcid, &axaddr_x86_switch_here, 0);
}

#elif defined(__i386__)

AXADDR_UNUSED static const struct axaddr_x86_switch axaddr_x86_switch_here = {
    .read = axaddr_x86_read_register,
    .write = axaddr_x86_write_register,
    .tlb = &axaddr_x86_pae_tlb_here,
};

/**
 * Turn PAE paging on on this processor, or change the kernel's own table, and set what the format
 * counts on: EFER.NXE, CR0.WP, CR4.PGE. Interrupts are off, and code, stack and descriptor tables
 * mapped where they are: at their physical addresses, if paging was off. Each processor calls it
 * for itself, at any time.
 *
 * @return AXADDR_INVALID, with nothing done, if 32-bit paging without PAE is on
 */
AXADDR_MUST_CHECK static inline enum axaddr_status axaddr_x86_pae_turn_on(uint32_t cr3) {
    return axaddr_x86_pae_turn_on_with(cr3, &axaddr_x86_switch_here, 0);
}

/** Go on in another space: MOV to CR3 loads the PDPTEs and forgets all but global entries. */
static inline void axaddr_x86_pae_switch(uint32_t cr3) {
    axaddr_x86_write_register(0, AXADDR_X86_CR3, cr3);
}

#endif /* __i386__ */

#endif /* AXADDR_ARCH_X86_SWITCH_H */
