/* SPDX-License-Identifier: MIT
 *
 * x86_guest.h: an x86 guest's own page tables, for walks in software (axaddr_core/guest_walk.h). One
 * axaddr_x86_guest for all paging modes; which one is on is in the registers.
 *
 *     AXADDR_DEFINE_GUEST_WALK(vm_x86, vm, axaddr_x86_guest);
 *
 *     struct axaddr_x86_guest_regime regime = {0};
 *     regime.cr0 = ...; regime.cr3 = ...; regime.cr4 = ...; regime.efer = ...; regime.rflags = ...;
 *     regime.pat = AXADDR_X86_PAT_RESET;   // or the guest's IA32_PAT
 *     regime.physical_width = 46;          // what CPUID tells the guest
 *     regime.has_1g_pages = true;          // likewise
 *     access = AXADDR_EXECUTE | (cpl == 3 ? AXADDR_USER : 0);
 *     result = vm_x86_walk(&guest, &regime, axaddr_gva(rip), access, AXADDR_SET_NOTES, &page);
 *
 * Manuals: Intel 64 and IA-32 Architectures SDM, vol. 3A, 4.1 (modes), 4.3 (32-bit), 4.4 (PAE), 4.5
 * (4 and 5 levels), 4.6 (access rights), 4.7 (page faults), 4.8 (accessed, dirty), 4.9 (memory
 * types), 6.15 (interrupt 14); AMD64 APM, vol. 2, 5.2 to 5.6, 15.25.10 (PAE below nested paging).
 *
 *     CR0.PG  CR4.PAE  EFER.LMA  CR4.LA57   mode       levels            addresses
 *       0        -        -         -       none       none              32 bits, not translated
 *       1        0        -         -       32-bit     1 (PDE), 0        32 bits
 *       1        1        0         -       PAE        2 (PDPTE) to 0    32 bits
 *       1        1        1         0       4-level    3 (PML4E) to 0    48 bits, sign-extended
 *       1        1        1         1       5-level    4 (PML5E) to 0    57 bits, sign-extended
 *
 * Faults. fault.code is the error code of the page fault (#PF, vector 14; 4.7); CR2 is the address.
 *
 *   ABSENT        P is clear: code without bit 0.
 *   RESERVED      a reserved bit is set: bits 0 and 3.
 *   DENIED        bit 0, and bit 5 if a protection key denies it (also if other rights do, too).
 *   RANGE         the address is not canonical, or has more than 32 bits in a mode of 32: code 0, as
 *                 this is no page fault but #GP(0), or #SS(0) if the access was relative to SS: the
 *                 caller knows which. In compatibility mode it is to cut the address to 32 bits.
 *   ADDRESS_SIZE  CR3 has bits beyond the physical addresses, which no MOV to CR3 lets pass: as if
 *                 they were reserved ones of an entry.
 *   TABLE         an entry is in no memory (WALK_STAGE2, is_table). x86 has no answer to that: a bus
 *                 reads ones, a hypervisor may stop the guest or raise #MC. The code is that of an
 *                 entry that is not present.
 *
 * Accesses. AXADDR_USER: with the rights of CPL 3, otherwise explicit accesses of a supervisor.
 * regime.is_implicit: to a descriptor table or TSS, a supervisor's whatever the CPL (4.6.1). What is
 * both read and written (READ | WRITE) counts as a write.
 *
 * Accessed bits are set in each entry that leads on, also if an entry below it then faults (6.15),
 * and in the leaf, there with the dirty bit of a write, if the access is permitted; PDPTEs of PAE
 * have none. With no access (0) nothing is set.
 *
 * Flags that come back: what this mode (CPL, AC, keys) may do; USER for a page of user mode; the
 * memory type of the PAT: DEVICE for UC, UNCACHED for UC- and WC. MTRRs and CR0.CD are not looked at.
 *
 * Not in here: shadow stacks (their own accesses; ordinary ones are as without CET), linear-address
 * masking (LAM, UAI: take the tag off before), HLAT, LASS, encrypted guests (whose tables cannot be
 * read). Bit 8 of entries above level 1, which AMD reserves and Intel ignores, is ignored. The PAT
 * exists: bits 7 and 12 of leaves are never reserved for its lack.
 */
#ifndef AXADDR_ARCH_X86_GUEST_H
#define AXADDR_ARCH_X86_GUEST_H

#include "../axaddr_core/guest_format.h"

/* Bits of CR0, CR4, EFER and RFLAGS that count. */
#define AXADDR_X86_CR0_WP   (UINT64_C(1) << 16)
#define AXADDR_X86_CR0_PG   (UINT64_C(1) << 31)
#define AXADDR_X86_CR4_PSE  (UINT64_C(1) << 4)
#define AXADDR_X86_CR4_PAE  (UINT64_C(1) << 5)
#define AXADDR_X86_CR4_LA57 (UINT64_C(1) << 12)
#define AXADDR_X86_CR4_SMEP (UINT64_C(1) << 20)
#define AXADDR_X86_CR4_SMAP (UINT64_C(1) << 21)
#define AXADDR_X86_CR4_PKE  (UINT64_C(1) << 22)
#define AXADDR_X86_CR4_PKS  (UINT64_C(1) << 24)
#define AXADDR_X86_EFER_LME (UINT64_C(1) << 8)
#define AXADDR_X86_EFER_LMA (UINT64_C(1) << 10)
#define AXADDR_X86_EFER_NXE (UINT64_C(1) << 11)
#define AXADDR_X86_FLAGS_AC (UINT64_C(1) << 18)

/** IA32_PAT after reset (SDM vol. 3A, 12.12.4). */
#define AXADDR_X86_PAT_RESET UINT64_C(0x0007040600070406)

/* The error code of a page fault (SDM vol. 3A, 4.7). */
#define AXADDR_X86_FAULT_PRESENT  UINT32_C(1)
#define AXADDR_X86_FAULT_WRITE    UINT32_C(2)
#define AXADDR_X86_FAULT_USER     UINT32_C(4)
#define AXADDR_X86_FAULT_RESERVED UINT32_C(8)
#define AXADDR_X86_FAULT_FETCH    UINT32_C(16)
#define AXADDR_X86_FAULT_KEY      UINT32_C(32)

/** A guest's registers, as they are, and what its processor is like. Any values are welcome. */
struct axaddr_x86_guest_regime {
    uint64_t cr0;
    uint64_t cr3; /**< PCID, PCD, PWT, LAM are ignored */
    uint64_t cr4;
    uint64_t efer;   /**< LMA or LME: with paging on they are the same (4.1.1) */
    uint64_t rflags; /**< AC, for SMAP */
    uint64_t pat;    /**< IA32_PAT; 0 would be UC for all */
    /**
     * PAE with has_pdptes: the four PDPTEs that the processor has loaded, as Intel's do (4.4.1; with
     * EPT they are in the VMCS, fields 280AH to 2811H).
     */
    uint64_t pdptes[4];
    uint32_t pkru;          /**< user pages' keys (CR4.PKE) */
    uint32_t pkrs;          /**< IA32_PKRS: supervisor pages' keys (CR4.PKS) */
    uint8_t physical_width; /**< MAXPHYADDR, 32 to 52: CPUID 80000008H, EAX[7:0] */
    bool has_1g_pages;      /**< CPUID 80000001H, EDX[26] */
    bool has_pse36;         /**< CPUID 1, EDX[17]: 4 MiB pages above 4 GiB */
    /**
     * PAE: use `pdptes`. Otherwise they are read at CR3, as AMD's processors do below nested paging
     * (APM vol. 2, 15.25.10), where a reserved bit is found by the walk.
     */
    bool has_pdptes;
    bool is_implicit; /**< an access of the processor's own to GDT, LDT, IDT or TSS */
};

/* ---- what a walk carries along ----
 *
 * walk->rights: bits 1 (R/W) and 2 (U/S) are those of all entries so far; bit 63 is set if none of
 * them had NX. Others mean nothing.
 *
 * walk->fixed: bit 0 and the bits from 12 on that no 64-bit entry may have; in PAE without bit 0, so
 * that the test below fails for all its entries, and they are looked at more closely.
 */
#define AXADDR_X86_GUEST_WRITE   UINT64_C(2)
#define AXADDR_X86_GUEST_USER    UINT64_C(4)
#define AXADDR_X86_GUEST_EXECUTE (UINT64_C(1) << 63)

/* Bits of entries that both sizes have. */
#define AXADDR_X86_GUEST_PRESENT        UINT64_C(1)
#define AXADDR_X86_GUEST_ACCESSED       UINT64_C(0x20)
#define AXADDR_X86_GUEST_DIRTY          UINT64_C(0x40)
#define AXADDR_X86_GUEST_LARGE          UINT64_C(0x80)
/** Where a 64-bit entry holds an address. */
#define AXADDR_X86_GUEST_FRAME          UINT64_C(0x000ffffffffff000)
/** Bits 62:52 of PAE's entries. */
#define AXADDR_X86_GUEST_PAE_RESERVED   UINT64_C(0x7ff0000000000000)
/** Bits 8:5 and 2:1 of a PDPTE (Table 4-8), and 63:52. */
#define AXADDR_X86_GUEST_PDPTE_RESERVED UINT64_C(0xfff00000000001e6)

AXADDR_ALWAYS_INLINE const struct axaddr_x86_guest_regime *axaddr_x86_guest_of(const void *regime) {
    return (const struct axaddr_x86_guest_regime *)regime;
}

/** Whether it is 4-level or 5-level paging, given that it is some. */
AXADDR_ALWAYS_INLINE bool axaddr_x86_guest_is_long(const struct axaddr_x86_guest_regime *regime) {
    return (regime->cr4 & AXADDR_X86_CR4_PAE) != 0 &&
           (regime->efer & (AXADDR_X86_EFER_LMA | AXADDR_X86_EFER_LME)) != 0;
}

/** Whether an access has the rights of user mode. */
AXADDR_ALWAYS_INLINE bool axaddr_x86_guest_is_user(const struct axaddr_x86_guest_regime *regime,
                                                   uint32_t access) {
    return (access & AXADDR_USER) != 0 && !regime->is_implicit;
}

/** The code of a page fault. `bits`: what of it does not follow from the access. */
static inline uint32_t axaddr_x86_guest_code(const struct axaddr_x86_guest_regime *regime,
                                             uint32_t access, uint32_t bits) {
    bool tells_fetch =
        (regime->cr4 & AXADDR_X86_CR4_SMEP) != 0 ||
        ((regime->cr4 & AXADDR_X86_CR4_PAE) != 0 && (regime->efer & AXADDR_X86_EFER_NXE) != 0);

    bits |= (access & AXADDR_WRITE) != 0 ? AXADDR_X86_FAULT_WRITE : 0;
    bits |= axaddr_x86_guest_is_user(regime, access) ? AXADDR_X86_FAULT_USER : 0;
    bits |= tells_fetch && (access & AXADDR_EXECUTE) != 0 ? AXADDR_X86_FAULT_FETCH : 0;
    return bits;
}

AXADDR_ALWAYS_INLINE enum axaddr_guest_step
axaddr_x86_guest_fault(const struct axaddr_x86_guest_regime *regime, struct axaddr_guest_walk *walk,
                       enum axaddr_guest_fault_kind kind, uint32_t bits) {
    walk->fault.kind = kind;
    walk->fault.code = axaddr_x86_guest_code(regime, walk->access, bits);
    return AXADDR_GUEST_FAULT;
}

/** An entry that is not present, or, if it is, has a bit that it must not. */
AXADDR_ALWAYS_INLINE enum axaddr_guest_step
axaddr_x86_guest_unusable(const struct axaddr_x86_guest_regime *regime,
                          struct axaddr_guest_walk *walk, uint64_t entry) {
    return (entry & AXADDR_X86_GUEST_PRESENT) == 0
               ? axaddr_x86_guest_fault(regime, walk, AXADDR_GUEST_FAULT_ABSENT, 0)
               : axaddr_x86_guest_fault(regime, walk, AXADDR_GUEST_FAULT_RESERVED,
                                        AXADDR_X86_FAULT_PRESENT | AXADDR_X86_FAULT_RESERVED);
}

/** The address is none. */
AXADDR_ALWAYS_INLINE enum axaddr_guest_step axaddr_x86_guest_range(struct axaddr_guest_walk *walk) {
    walk->fault.kind = AXADDR_GUEST_FAULT_RANGE;
    walk->fault.code = 0;
    return AXADDR_GUEST_FAULT;
}

/* ---- access rights (SDM vol. 3A, 4.6) ---- */

/** What the key of a leaf of 4-level or 5-level paging denies (4.6.2): READ and WRITE, or WRITE. */
static inline uint32_t axaddr_x86_guest_key_denies(const struct axaddr_x86_guest_regime *regime,
                                                   uint64_t leaf, bool is_user_page, bool is_user) {
    bool heeds_write = is_user || (regime->cr0 & AXADDR_X86_CR0_WP) != 0;
    uint64_t enable = is_user_page ? AXADDR_X86_CR4_PKE : AXADDR_X86_CR4_PKS;
    unsigned key = (unsigned)(leaf >> 59) & 15;
    uint32_t rights = (is_user_page ? regime->pkru : regime->pkrs) >> (2 * key);

    if ((regime->cr4 & enable) == 0 || !axaddr_x86_guest_is_long(regime)) {
        return 0;
    }
    if ((rights & 1) != 0) {
        return AXADDR_READ | AXADDR_WRITE;
    }
    return (rights & 2) != 0 && heeds_write ? AXADDR_WRITE : 0;
}

/**
 * What a mode may do with a page whose entries together give `rights`, but for its key; and USER for
 * a page of user mode. Bit 1 is R/W and WRITE, U/S is one to the right of USER.
 */
AXADDR_ALWAYS_INLINE uint32_t axaddr_x86_guest_permits(const struct axaddr_x86_guest_regime *regime,
                                                       uint64_t rights, bool is_user) {
    bool is_user_page = (rights & AXADDR_X86_GUEST_USER) != 0;
    uint32_t permits = AXADDR_READ | ((uint32_t)rights & AXADDR_WRITE) |
                       ((uint32_t)(rights >> 61) & AXADDR_EXECUTE);

    if (is_user) {
        return is_user_page ? permits | AXADDR_USER : 0;
    }
    if ((regime->cr0 & AXADDR_X86_CR0_WP) == 0) {
        permits |= AXADDR_WRITE;
    }
    if (is_user_page) {
        if ((regime->cr4 & AXADDR_X86_CR4_SMEP) != 0) {
            permits &= ~AXADDR_EXECUTE;
        }
        if ((regime->cr4 & AXADDR_X86_CR4_SMAP) != 0 &&
            ((regime->rflags & AXADDR_X86_FLAGS_AC) == 0 || regime->is_implicit)) {
            permits &= ~(AXADDR_READ | AXADDR_WRITE);
        }
        permits |= AXADDR_USER;
    }
    return permits;
}

/** The memory type of a leaf (4.9.2; vol. 3A, Table 12-10), whose PAT bit is bit 7, or 12. */
AXADDR_ALWAYS_INLINE uint32_t axaddr_x86_guest_type(const struct axaddr_x86_guest_regime *regime,
                                                    uint64_t leaf, unsigned pat_shift) {
    unsigned type = (unsigned)regime->pat & 7;

    if (AXADDR_UNLIKELY((leaf & (UINT64_C(0x18) | UINT64_C(1) << pat_shift)) != 0)) {
        unsigned index = (unsigned)(leaf >> 3 & 3) | (unsigned)(leaf >> pat_shift & 1) << 2;

        type = (unsigned)(regime->pat >> (8 * index)) & 7;
    }

    /* 4 bits of 0x20000021 for each type: DEVICE for 0 (UC), UNCACHED for 1 (WC) and 7 (UC-) */
    return AXADDR_LIKELY(type == 6) ? 0 : (UINT32_C(0x20000021) >> (4 * type) & 3) << 4;
}

/** An entry that maps walk->page, with walk->rights: what the access comes to. */
AXADDR_ALWAYS_INLINE enum axaddr_guest_step
axaddr_x86_guest_leaf(const struct axaddr_x86_guest_regime *regime, struct axaddr_guest_walk *walk,
                      uint64_t leaf, unsigned pat_shift) {
    uint32_t wanted = walk->access & AXADDR_ACCESS_FLAGS;
    bool is_user = axaddr_x86_guest_is_user(regime, walk->access);
    bool is_user_page = (walk->rights & AXADDR_X86_GUEST_USER) != 0;
    uint32_t permits = axaddr_x86_guest_permits(regime, walk->rights, is_user);
    uint32_t by_key = 0;

    if (AXADDR_UNLIKELY((regime->cr4 & (AXADDR_X86_CR4_PKE | AXADDR_X86_CR4_PKS)) != 0)) {
        by_key = axaddr_x86_guest_key_denies(regime, leaf, is_user_page, is_user);
        permits &= ~by_key;
    }
    if (AXADDR_UNLIKELY((wanted & ~permits) != 0)) {
        return axaddr_x86_guest_fault(regime, walk, AXADDR_GUEST_FAULT_DENIED,
                                      AXADDR_X86_FAULT_PRESENT |
                                          ((wanted & by_key) != 0 ? AXADDR_X86_FAULT_KEY : 0));
    }
    /* WRITE is 5 bits to the right of D. */
    walk->update = leaf | AXADDR_X86_GUEST_ACCESSED | (uint64_t)(wanted & AXADDR_WRITE) << 5;
    walk->flags = permits | axaddr_x86_guest_type(regime, leaf, pat_shift);
    walk->fetch = is_user_page ? AXADDR_EXECUTE_USER : AXADDR_EXECUTE_KERNEL;
    return AXADDR_GUEST_LEAF;
}

/* ---- entries of 64 bits: PAE, 4 levels, 5 levels ---- */

/** Where the entry of `level` for an address is in the table at `table`. */
AXADDR_ALWAYS_INLINE uint64_t axaddr_x86_guest_slot(uint64_t table, uint64_t address,
                                                    unsigned level) {
    return table | (address >> (9 + 9 * level) & 0xff8);
}

/** PAE's PDPTE: P and an address, no rights and no accessed bit (4.4.1, Table 4-8). */
AXADDR_ALWAYS_INLINE enum axaddr_guest_step
axaddr_x86_guest_pdpte(const struct axaddr_x86_guest_regime *regime, struct axaddr_guest_walk *walk,
                       uint64_t entry) {
    uint64_t reserved = (walk->fixed & AXADDR_X86_GUEST_FRAME) | AXADDR_X86_GUEST_PDPTE_RESERVED;

    if ((entry & (reserved | AXADDR_X86_GUEST_PRESENT)) != AXADDR_X86_GUEST_PRESENT) {
        return axaddr_x86_guest_unusable(regime, walk, entry);
    }
    walk->level = 1;
    walk->slot = axaddr_x86_guest_slot(entry & AXADDR_X86_GUEST_FRAME, walk->address, 1);
    return AXADDR_GUEST_TABLE;
}

/** PS is set at a level above 0: a leaf, if there is one of that size. */
AXADDR_ALWAYS_INLINE enum axaddr_guest_step
axaddr_x86_guest_large(const struct axaddr_x86_guest_regime *regime, struct axaddr_guest_walk *walk,
                       uint64_t entry) {
    unsigned shift = 12 + 9 * walk->level;
    uint64_t offset = axaddr_low_bits(shift);

    /* Bits 20:13 or 29:13 are reserved, and PS is where there is no such leaf (4.5, Table 4-16). */
    if (walk->level > 2 || (walk->level == 2 && !regime->has_1g_pages) ||
        (entry & offset & ~UINT64_C(0x1fff)) != 0) {
        return axaddr_x86_guest_unusable(regime, walk, entry);
    }
    walk->page = entry & AXADDR_X86_GUEST_FRAME & ~offset;
    walk->shift = shift;
    return axaddr_x86_guest_leaf(regime, walk, entry, 12);
}

AXADDR_ALWAYS_INLINE enum axaddr_guest_step
axaddr_x86_guest_step_64(const struct axaddr_x86_guest_regime *regime,
                         struct axaddr_guest_walk *walk, uint64_t entry) {
    if (AXADDR_UNLIKELY((entry & walk->fixed) != AXADDR_X86_GUEST_PRESENT)) {
        bool is_pae = (walk->fixed & AXADDR_X86_GUEST_PRESENT) == 0;

        if (is_pae && walk->level == 2) {
            return axaddr_x86_guest_pdpte(regime, walk, entry);
        }
        if (!is_pae || (entry & AXADDR_X86_GUEST_PRESENT) == 0 || (entry & walk->fixed) != 0) {
            return axaddr_x86_guest_unusable(regime, walk, entry);
        }
    }
    walk->rights &= entry ^ AXADDR_X86_GUEST_EXECUTE; /* the bit is NX there */
    if (walk->level == 0) {
        walk->page = entry & AXADDR_X86_GUEST_FRAME;
        walk->shift = 12;
        return axaddr_x86_guest_leaf(regime, walk, entry, 7);
    }
    if ((entry & AXADDR_X86_GUEST_LARGE) != 0) {
        return axaddr_x86_guest_large(regime, walk, entry);
    }
    walk->update = entry | AXADDR_X86_GUEST_ACCESSED;
    walk->level--;
    walk->slot = axaddr_x86_guest_slot(entry & AXADDR_X86_GUEST_FRAME, walk->address, walk->level);
    return AXADDR_GUEST_TABLE;
}

/* ---- entries of 32 bits (4.3) ---- */

/** A PDE with PS, if CR4.PSE, maps 4 MiB: bits 39:32 of the address are in 20:13 (Table 4-4). */
AXADDR_ALWAYS_INLINE enum axaddr_guest_step
axaddr_x86_guest_step_32(const struct axaddr_x86_guest_regime *regime,
                         struct axaddr_guest_walk *walk, uint64_t entry) {
    uint64_t frame = entry & 0xfffff000;

    if ((entry & AXADDR_X86_GUEST_PRESENT) == 0) {
        return axaddr_x86_guest_unusable(regime, walk, entry);
    }
    walk->rights &= entry | AXADDR_X86_GUEST_EXECUTE;
    walk->page = frame;
    walk->shift = 12;
    if (walk->level > 0) {
        unsigned width = regime->physical_width < 40 ? regime->physical_width : 40;
        uint64_t high = (entry >> 13 & 0x1ff) << 32; /* and bit 21, which is always reserved */

        if ((entry & AXADDR_X86_GUEST_LARGE) == 0 || (regime->cr4 & AXADDR_X86_CR4_PSE) == 0) {
            walk->update = entry | AXADDR_X86_GUEST_ACCESSED;
            walk->level = 0;
            walk->slot = frame | (walk->address >> 12 & 1023) << 2;
            return AXADDR_GUEST_TABLE;
        }
        if (high >> (regime->has_pse36 && width > 32 ? width : 32) != 0) {
            return axaddr_x86_guest_unusable(regime, walk, entry);
        }
        walk->page = high | (entry & 0xffc00000);
        walk->shift = 22;
    }
    return axaddr_x86_guest_leaf(regime, walk, entry, walk->level == 0 ? 7 : 12);
}

/* ---- where a walk begins (4.1) ---- */

/** Bits 63 without NXE and 51:MAXPHYADDR, which no 64-bit entry may have. */
AXADDR_ALWAYS_INLINE uint64_t
axaddr_x86_guest_reserved_bits(const struct axaddr_x86_guest_regime *regime) {
    unsigned width = regime->physical_width & 63;
    uint64_t reserved = AXADDR_X86_GUEST_FRAME >> width << width;

    if (AXADDR_UNLIKELY((regime->efer & AXADDR_X86_EFER_NXE) == 0)) {
        reserved |= UINT64_C(1) << 63;
    }
    return reserved;
}

/** 4-level and 5-level paging: `level` 3 and 4, a constant. */
AXADDR_ALWAYS_INLINE enum axaddr_guest_step
axaddr_x86_guest_begin_long(const struct axaddr_x86_guest_regime *regime,
                            struct axaddr_guest_walk *walk, unsigned level) {
    uint64_t half = UINT64_C(1) << (20 + 9 * level); /* where the lower half ends */
    uint64_t reserved = axaddr_x86_guest_reserved_bits(regime);
    uint64_t root = regime->cr3 & AXADDR_X86_GUEST_FRAME;

    if (AXADDR_UNLIKELY(walk->address + half >= 2 * half)) {
        return axaddr_x86_guest_range(walk);
    }
    walk->level = level;
    if (AXADDR_UNLIKELY((root & reserved) != 0)) {
        return axaddr_x86_guest_fault(regime, walk, AXADDR_GUEST_FAULT_ADDRESS_SIZE,
                                      AXADDR_X86_FAULT_PRESENT | AXADDR_X86_FAULT_RESERVED);
    }
    walk->entry_shift = 3;
    walk->slot = axaddr_x86_guest_slot(root, walk->address, level);
    walk->fixed = reserved | AXADDR_X86_GUEST_PRESENT;
    return AXADDR_GUEST_TABLE;
}

/** PAE, with the root's entry loaded or in memory: 32 bytes at CR3[31:5]. */
AXADDR_ALWAYS_INLINE enum axaddr_guest_step
axaddr_x86_guest_begin_pae(const struct axaddr_x86_guest_regime *regime,
                           struct axaddr_guest_walk *walk) {
    unsigned index = (unsigned)(walk->address >> 30) & 3;

    walk->level = 2;
    walk->entry_shift = 3;
    walk->slot = (regime->cr3 & 0xffffffe0) | index << 3;
    walk->fixed = axaddr_x86_guest_reserved_bits(regime) | AXADDR_X86_GUEST_PAE_RESERVED;
    return regime->has_pdptes ? axaddr_x86_guest_pdpte(regime, walk, regime->pdptes[index])
                              : AXADDR_GUEST_TABLE;
}

/** Addresses of 32 bits: no paging, 32-bit paging, PAE. */
AXADDR_ALWAYS_INLINE enum axaddr_guest_step
axaddr_x86_guest_begin_32(const struct axaddr_x86_guest_regime *regime,
                          struct axaddr_guest_walk *walk) {
    if (walk->address >> 32 != 0) {
        return axaddr_x86_guest_range(walk);
    }
    if ((regime->cr0 & AXADDR_X86_CR0_PG) == 0) {
        walk->page = 0;
        walk->shift = 32;
        walk->flags = AXADDR_ACCESS_FLAGS | AXADDR_USER;
        walk->fetch = AXADDR_EXECUTE_USER; /* vol. 3C, Table 28-7, bit 9 */
        return AXADDR_GUEST_LEAF;
    }
    if ((regime->cr4 & AXADDR_X86_CR4_PAE) != 0) {
        return axaddr_x86_guest_begin_pae(regime, walk);
    }
    walk->level = 1;
    walk->entry_shift = 2;
    walk->slot = (regime->cr3 & 0xfffff000) | walk->address >> 22 << 2;
    return AXADDR_GUEST_TABLE;
}

/* ---- hooks ---- */

static inline enum axaddr_guest_step axaddr_x86_guest_begin(const void *regime,
                                                            struct axaddr_guest_walk *walk) {
    const struct axaddr_x86_guest_regime *x86 = axaddr_x86_guest_of(regime);

    walk->rights = ~UINT64_C(0);
    walk->fixed = 0;
    if ((x86->cr0 & AXADDR_X86_CR0_PG) == 0 || !axaddr_x86_guest_is_long(x86)) {
        return axaddr_x86_guest_begin_32(x86, walk);
    }
    return AXADDR_LIKELY((x86->cr4 & AXADDR_X86_CR4_LA57) == 0)
               ? axaddr_x86_guest_begin_long(x86, walk, 3)
               : axaddr_x86_guest_begin_long(x86, walk, 4);
}

static inline enum axaddr_guest_step
axaddr_x86_guest_step(const void *regime, struct axaddr_guest_walk *walk, uint64_t entry) {
    return AXADDR_LIKELY(walk->entry_shift == 3)
               ? axaddr_x86_guest_step_64(axaddr_x86_guest_of(regime), walk, entry)
               : axaddr_x86_guest_step_32(axaddr_x86_guest_of(regime), walk, entry);
}

static inline void axaddr_x86_guest_blocked(const void *regime, struct axaddr_guest_walk *walk) {
    (void)axaddr_x86_guest_fault(axaddr_x86_guest_of(regime), walk, AXADDR_GUEST_FAULT_TABLE, 0);
}

/** All paging modes of x86. */
AXADDR_UNUSED static const struct axaddr_guest_format axaddr_x86_guest = {
    .name = "x86",
    .begin = axaddr_x86_guest_begin,
    .step = axaddr_x86_guest_step,
    .blocked = axaddr_x86_guest_blocked,
};

#endif /* AXADDR_ARCH_X86_GUEST_H */
