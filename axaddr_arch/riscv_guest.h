/* SPDX-License-Identifier: MIT
 *
 * riscv_guest.h: a RISC-V guest's own tables, for axaddr_core/guest_walk.h: the VS-stage, or the
 * only stage of a hart without the hypervisor extension.
 *
 *     AXADDR_DEFINE_VM(vm, axaddr_riscv_sv39x4, my_hal);
 *     AXADDR_DEFINE_GUEST_WALK(vm_guest, vm, axaddr_riscv_guest);
 *
 *     struct axaddr_riscv_guest_regime regime = {vsatp, vsstatus, henvcfg, false, has_svnapot};
 *     result = vm_guest_walk(&guest, &regime, axaddr_gva(pc), AXADDR_EXECUTE | user, how, &page);
 *
 * Manual: The RISC-V Instruction Set Manual, Volume II: Privileged Architecture: "Virtual Address
 * Translation Process", "Sv32" to "Sv57", "Memory Privilege in mstatus Register", "Svnapot",
 * "Svpbmt", "Svade", "Svadu", "henvcfg", "vsatp", "Two-Stage Address Translation".
 *
 *     satp.MODE             levels   of the entries, level 0 the last   addresses
 *     0       Bare          0                                           as they are
 *     1 (32)  Sv32          2        4 bytes, 4 MiB, 4 KiB              32 bits
 *     8       Sv39          3        8 bytes, 1 GiB, 2 MiB, 4 KiB       39 bits, sign extended
 *     9       Sv48          4        and 512 GiB                        48
 *     10      Sv57          5        and 256 TiB                        57
 *
 * fault.code is the cause that the guest reads from scause; stval is the address.
 *
 *                      instruction   load   store, AMO
 *     page fault       12            13     15
 *     access fault     1             5      7          STAGE2 and is_table: the entry is not in
 *                                                      memory (step 2 of the process)
 *
 * An access with AXADDR_WRITE, READ | WRITE for an AMO, is a store; one with EXECUTE a fetch. HLVX
 * is judged as EXECUTE, but is told as a load (13, 5; of the second stage 21). Without any of them
 * the walk asks what is there: nothing is denied, and A and D are left alone.
 *
 * A and D: set in the leaf alone, after all else has been checked, and D for stores only. With
 * ADUE 0 an entry that lacks one is a page fault (ACCESSED). That a page has WRITE says what its W
 * says; a write itself has to be walked for, as D may still be clear.
 *
 * USER says that U-mode may reach the page; with no tables (Bare) it may reach all.
 *
 * Out of scope: sstatus.MXR of HS-mode, which holds for both stages while V is 1 (keep it 0; if not,
 * OR it into `status`: then the first stage is right, and the second wants the READ that it lacks);
 * pointer masking; Zicfiss (the encoding R 0, W 1, X 0 is reserved here); Svrsw60t59b.
 */
#ifndef AXADDR_ARCH_RISCV_GUEST_H
#define AXADDR_ARCH_RISCV_GUEST_H

#include "../axaddr_core/guest_format.h"
#include "riscv_stage1.h"

/** What a guest's walk goes by; each register as the guest (or its VMM's vCPU) has it. */
struct axaddr_riscv_guest_regime {
    uint64_t satp;    /**< vsatp while a guest runs, or satp; 32 bits of it if is_rv32 */
    uint64_t status;  /**< vsstatus, or sstatus: SUM (18), MXR (19) */
    uint64_t envcfg;  /**< henvcfg, or menvcfg: ADUE (61), PBMTE (62); RV32: ..cfgh in 63:32 */
    bool is_rv32;     /**< VSXLEN (SXLEN) is 32: Sv32 */
    bool has_svnapot; /**< the guest has Svnapot */
};

#define AXADDR_RISCV_STATUS_SUM   (UINT64_C(1) << 18)
#define AXADDR_RISCV_STATUS_MXR   (UINT64_C(1) << 19)
#define AXADDR_RISCV_ENVCFG_ADUE  (UINT64_C(1) << 61)
#define AXADDR_RISCV_ENVCFG_PBMTE (UINT64_C(1) << 62)

#define AXADDR_RISCV_CAUSE_FETCH_ACCESS 1
#define AXADDR_RISCV_CAUSE_LOAD_ACCESS  5
#define AXADDR_RISCV_CAUSE_STORE_ACCESS 7

/* ---- faults ---- */

/** The one of three causes that an access has. */
AXADDR_ALWAYS_INLINE uint32_t axaddr_riscv_guest_cause(uint32_t access, uint32_t fetch,
                                                       uint32_t load, uint32_t store) {
    if ((access & AXADDR_WRITE) != 0) {
        return store;
    }
    return (access & AXADDR_EXECUTE) != 0 ? fetch : load;
}

AXADDR_ALWAYS_INLINE enum axaddr_guest_step
axaddr_riscv_guest_fault(struct axaddr_guest_walk *walk, enum axaddr_guest_fault_kind kind) {
    walk->fault.kind = kind;
    walk->fault.code =
        axaddr_riscv_guest_cause(walk->access, AXADDR_RISCV_CAUSE_FETCH_PAGE,
                                 AXADDR_RISCV_CAUSE_LOAD_PAGE, AXADDR_RISCV_CAUSE_STORE_PAGE);
    return AXADDR_GUEST_FAULT;
}

/** The entry cannot be read: an access fault, by the kind of the original access. */
static inline void axaddr_riscv_guest_blocked(const void *regime, struct axaddr_guest_walk *walk) {
    (void)regime;
    walk->fault.kind = AXADDR_GUEST_FAULT_TABLE;
    walk->fault.code =
        axaddr_riscv_guest_cause(walk->access, AXADDR_RISCV_CAUSE_FETCH_ACCESS,
                                 AXADDR_RISCV_CAUSE_LOAD_ACCESS, AXADDR_RISCV_CAUSE_STORE_ACCESS);
}

/* ---- from table to table ---- */

/** Go on at the entry of `level` in the table with this page number. */
AXADDR_ALWAYS_INLINE enum axaddr_guest_step
axaddr_riscv_guest_table(const struct axaddr_riscv_guest_regime *regime,
                         struct axaddr_guest_walk *walk, uint64_t ppn, unsigned level) {
    unsigned bits = regime->is_rv32 ? 10 : 9;
    uint64_t index = walk->address >> (12 + bits * level) & axaddr_low_bits(bits);

    walk->level = level;
    walk->entry_shift = regime->is_rv32 ? 2 : 3;
    walk->slot = (ppn << 12) + (index << walk->entry_shift);
    return AXADDR_GUEST_TABLE;
}

/** Bare: every address is physical, and nothing is denied. */
AXADDR_ALWAYS_INLINE enum axaddr_guest_step
axaddr_riscv_guest_bare(struct axaddr_guest_walk *walk) {
    walk->shift = 63; /* the second stage's leaf decides the size */
    walk->page = walk->address & ~axaddr_low_bits(63);
    walk->flags = AXADDR_ACCESS_FLAGS | AXADDR_USER;
    return AXADDR_GUEST_LEAF;
}

/**
 * Step 1. A MODE that is none is a page fault (RESERVED) for every access: registers do not hold
 * one. So is an address of more than 32 bits on RV32 (RANGE).
 */
static inline enum axaddr_guest_step axaddr_riscv_guest_begin(const void *regime,
                                                              struct axaddr_guest_walk *walk) {
    const struct axaddr_riscv_guest_regime *registers =
        (const struct axaddr_riscv_guest_regime *)regime;
    unsigned mode = (unsigned)(registers->satp >> 60);
    unsigned levels = mode - 5; /* 8: Sv39, three; 9: Sv48, four; 10: Sv57, five */
    uint64_t sign;

    if (registers->is_rv32) {
        if (walk->address >> 32 != 0) {
            return axaddr_riscv_guest_fault(walk, AXADDR_GUEST_FAULT_RANGE);
        }
        return (registers->satp & UINT64_C(0x80000000)) == 0
                   ? axaddr_riscv_guest_bare(walk)
                   : axaddr_riscv_guest_table(registers, walk,
                                              registers->satp & axaddr_low_bits(22), 1);
    }
    if (mode == 0) {
        return axaddr_riscv_guest_bare(walk);
    }
    if (mode < 8 || mode > 10) {
        return axaddr_riscv_guest_fault(walk, AXADDR_GUEST_FAULT_RESERVED);
    }
    sign = walk->address >> (11 + 9 * levels);
    if (sign != 0 && sign != axaddr_low_bits(64 - (11 + 9 * levels))) {
        return axaddr_riscv_guest_fault(walk, AXADDR_GUEST_FAULT_RANGE);
    }
    return axaddr_riscv_guest_table(registers, walk, registers->satp & axaddr_low_bits(44),
                                    levels - 1);
}

/* ---- entries ---- */

/** The bits of an entry of 64 bits, its address apart, that must be 0 for what it is. */
AXADDR_ALWAYS_INLINE uint64_t axaddr_riscv_guest_reserved(
    const struct axaddr_riscv_guest_regime *regime, uint64_t entry, bool is_pointer) {
    uint64_t reserved = AXADDR_RISCV_RESERVED | AXADDR_RISCV_PBMT;

    if (is_pointer) {
        return reserved;
    }
    if ((regime->envcfg & AXADDR_RISCV_ENVCFG_PBMTE) != 0 &&
        (entry & AXADDR_RISCV_PBMT) != AXADDR_RISCV_PBMT) {
        reserved &= ~AXADDR_RISCV_PBMT;
    }
    return reserved;
}

/** What the mode of the access may do with a leaf: step 5, or 6 and 7, of the process. */
AXADDR_ALWAYS_INLINE uint32_t axaddr_riscv_guest_flags(
    const struct axaddr_riscv_guest_regime *regime, uint32_t access, uint64_t leaf) {
    bool is_user_page = (leaf & AXADDR_RISCV_USER) != 0;
    uint32_t flags = (uint32_t)(leaf >> 1) & AXADDR_ACCESS_FLAGS;

    if ((regime->status & AXADDR_RISCV_STATUS_MXR) != 0 && (flags & AXADDR_EXECUTE) != 0) {
        flags |= AXADDR_READ;
    }
    if ((access & AXADDR_USER) != 0) {
        flags = is_user_page ? flags : 0;
    } else if (is_user_page) { /* S-mode never fetches from it */
        flags &= (regime->status & AXADDR_RISCV_STATUS_SUM) != 0 ? AXADDR_READ | AXADDR_WRITE : 0;
    }
    return flags | (is_user_page ? AXADDR_USER : 0);
}

/** Where a leaf leads: false if it is misaligned. */
AXADDR_ALWAYS_INLINE bool axaddr_riscv_guest_page(const struct axaddr_riscv_guest_regime *regime,
                                                  struct axaddr_guest_walk *walk, uint64_t leaf) {
    uint64_t ppn = regime->is_rv32 ? (leaf & AXADDR_RISCV_PPN32) >> AXADDR_RISCV_PPN_SHIFT
                                   : (leaf & AXADDR_RISCV_PPN) >> AXADDR_RISCV_PPN_SHIFT;

    walk->shift = 12 + (regime->is_rv32 ? 10 : 9) * walk->level;
    if (!regime->is_rv32 && (leaf & AXADDR_RISCV_NAPOT) != 0) {
        walk->shift = 16; /* PPN[3:0] is 8, the size; the address says which page */
        ppn &= ~UINT64_C(0xf);
    }
    walk->page = ppn << 12;
    return (walk->page & axaddr_low_bits(walk->shift)) == 0;
}

/** Steps 5 to 7: a leaf, of which no bit is reserved. */
AXADDR_ALWAYS_INLINE enum axaddr_guest_step
axaddr_riscv_guest_leaf(const struct axaddr_riscv_guest_regime *regime,
                        struct axaddr_guest_walk *walk, uint64_t leaf) {
    uint32_t access = walk->access & AXADDR_ACCESS_FLAGS;
    uint64_t noted = leaf;

    if (!axaddr_riscv_guest_page(regime, walk, leaf)) {
        return axaddr_riscv_guest_fault(walk, AXADDR_GUEST_FAULT_RESERVED);
    }
    walk->flags = axaddr_riscv_guest_flags(regime, walk->access, leaf);
    if ((access & ~walk->flags) != 0) {
        return axaddr_riscv_guest_fault(walk, AXADDR_GUEST_FAULT_DENIED);
    }
    if (access != 0) {
        noted = axaddr_riscv_note_access(leaf, access);
    }
    if (noted != leaf && (regime->envcfg & AXADDR_RISCV_ENVCFG_ADUE) == 0) {
        return axaddr_riscv_guest_fault(walk, AXADDR_GUEST_FAULT_ACCESSED);
    }
    walk->update = noted;
    if (!regime->is_rv32) {
        walk->flags |= axaddr_riscv_pbmt_flags(leaf);
    }
    return AXADDR_GUEST_LEAF;
}

/** Steps 3 and 4. */
static inline enum axaddr_guest_step
axaddr_riscv_guest_step(const void *regime, struct axaddr_guest_walk *walk, uint64_t entry) {
    const struct axaddr_riscv_guest_regime *registers =
        (const struct axaddr_riscv_guest_regime *)regime;
    uint64_t rights = AXADDR_RISCV_READ | AXADDR_RISCV_WRITE | AXADDR_RISCV_EXECUTE;
    bool is_pointer = (entry & rights) == 0;
    uint64_t must_not = AXADDR_RISCV_USER | AXADDR_RISCV_ACCESSED | AXADDR_RISCV_DIRTY;
    uint64_t checked = entry;

    if ((entry & AXADDR_RISCV_VALID) == 0) {
        return axaddr_riscv_guest_fault(walk, AXADDR_GUEST_FAULT_ABSENT);
    }
    if (!is_pointer) {
        must_not = 0;
    }
    if (!registers->is_rv32) {
        must_not |= axaddr_riscv_guest_reserved(registers, entry, is_pointer);
        if (registers->has_svnapot && !is_pointer) {
            checked = axaddr_riscv_accept_napot(entry, walk->level);
        }
    }
    if ((checked & must_not) != 0 || (is_pointer && walk->level == 0) ||
        (entry & (AXADDR_RISCV_READ | AXADDR_RISCV_WRITE)) == AXADDR_RISCV_WRITE) {
        return axaddr_riscv_guest_fault(walk, AXADDR_GUEST_FAULT_RESERVED);
    }
    if (!is_pointer) {
        return axaddr_riscv_guest_leaf(registers, walk, entry);
    }
    return axaddr_riscv_guest_table(
        registers, walk,
        (entry & (registers->is_rv32 ? AXADDR_RISCV_PPN32 : AXADDR_RISCV_PPN)) >>
            AXADDR_RISCV_PPN_SHIFT,
        walk->level - 1);
}

/** RISC-V: VS-stage and S-stage of RV64 and RV32. */
AXADDR_UNUSED static const struct axaddr_guest_format axaddr_riscv_guest = {
    .name = "riscv",
    .begin = axaddr_riscv_guest_begin,
    .step = axaddr_riscv_guest_step,
    .blocked = axaddr_riscv_guest_blocked,
};

#endif /* AXADDR_ARCH_RISCV_GUEST_H */
