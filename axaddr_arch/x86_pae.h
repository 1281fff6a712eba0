/* SPDX-License-Identifier: MIT
 *
 * x86_pae.h: the page tables of 32-bit x86 with physical address extension (PAE): three levels,
 * 32-bit addresses, 64-bit entries; and CR3. Faults are decoded by axaddr_x86_64_decode (CR2 has 32
 * bits), TLB maintenance is axaddr_x86_pae_flush (x86_tlb.h).
 *
 * Manuals: Intel 64 and IA-32 Architectures SDM, vol. 3A, 4.4 "PAE Paging" (entries: Figure 4-7,
 * Tables 4-8 to 4-11); AMD64 APM, vol. 2, 5.2.3 "PAE Paging".
 *
 *     our level   Intel's   AMD's   an entry spans   entries   may be a leaf
 *         2        PDPTE     PDPE        1 GiB           4        no
 *         1        PDE       PDE         2 MiB         512        yes
 *         0        PTE       PTE         4 KiB         512        always
 *
 *      63  62    52 51               12 11   9  8   7   6 5   4     3    2    1    0
 *    | NX |reserved|  frame or table   | ... | G | PS |D|A| PCD | PWT | U/S | R/W | P |
 *    |   reserved  |  table            | ... | reserved   | PCD | PWT |reserved | P |   a PDPTE
 *
 * Leaves hold what those of axaddr_x86_64 do (x86_64.h), in the same bits. What differs:
 *   - A PDPTE has no rights: R/W, U/S, A and NX are reserved bits in it, so a table entry of level
 *     2 is its address and P, and nothing else.
 *   - Bits 62:52 are reserved, not ignored: there are no protection keys.
 *   - EXECUTE needs EFER.NXE as there; without, bit 63 is reserved, and nothing but EXECUTE works.
 *   - The root is 32 bytes, which CR3 has as an address of 32 bits: the HAL has to take the frame
 *     of a root below 4 GiB. The rest of that frame is not used.
 *
 * PDPTE registers. Intel's processors do not walk through the root: MOV to CR3 loads its four
 * entries into registers, which is when reserved bits are found (#GP), and a change of some bits of
 * CR0 and CR4 does (4.4.1). Until the next load the root is not read again, and it is as if absent
 * entries of it were cached. So caches_absent is set: a fault on a page that is mapped already asks
 * for a flush, and axaddr_x86_pae_flush loads the registers whatever the plan says. A hypervisor
 * that edits a table which is in use,
 *   - reloads CR3 after a call that may have made an entry of the root, or leaves it to the fault;
 *   - if a guest runs on the table without EPT, or its PAE tables are edited from outside: does so
 *     for the guest, which with EPT has the registers in its VMCS (guest-state fields 280AH to
 *     2811H, loaded by VM entry; vol. 3C, 25.4.2, 27.3.2.4);
 *   - on AMD, where with nested paging the walk reads the root itself (APM vol. 2, 15.25.10), may
 *     do the same: it does no harm.
 * Mapping anything in each of the four GiB before the first load of CR3 avoids all of it.
 */
#ifndef AXADDR_ARCH_X86_PAE_H
#define AXADDR_ARCH_X86_PAE_H

#include "x86_64.h"

/** Bits 62:52 of an entry below the root. */
#define AXADDR_X86_PAE_RESERVED       UINT64_C(0x7ff0000000000000)
/**
 * Bits 63:52, 8:5 and 2:1 of a PDPTE (Table 4-8), but for bit 5: a processor neither sets it nor
 * loads an entry that has it, but QEMU's TCG (7.2 and later) notes there that the entry was used.
 */
#define AXADDR_X86_PAE_PDPTE_RESERVED UINT64_C(0xfff00000000001c6)
/** The root's level. */
#define AXADDR_X86_PAE_TOP_LEVEL      2u

/* ---- hooks, where they differ from those of x86_64.h ---- */

/** A reserved bit makes an entry absent: hardware faults on it, and follows it nowhere. */
static inline enum axaddr_entry_kind axaddr_x86_pae_kind_of(uint64_t entry, unsigned level) {
    uint64_t reserved =
        level == AXADDR_X86_PAE_TOP_LEVEL ? AXADDR_X86_PAE_PDPTE_RESERVED : AXADDR_X86_PAE_RESERVED;

    if ((entry & (reserved | AXADDR_X86_64_PRESENT)) != AXADDR_X86_64_PRESENT) {
        return AXADDR_ENTRY_ABSENT;
    }
    return level == 0 || (level == 1 && (entry & AXADDR_X86_LARGE) != 0) ? AXADDR_ENTRY_LEAF
                                                                         : AXADDR_ENTRY_TABLE;
}

/** A/D stay; there is no key. */
static inline uint64_t axaddr_x86_pae_change_leaf(uint64_t leaf, unsigned level,
                                                  uint64_t attributes) {
    return axaddr_x86_64_change_leaf(leaf & ~AXADDR_X86_PAE_RESERVED, level, attributes);
}

static inline uint64_t axaddr_x86_pae_split_leaf(uint64_t leaf, unsigned level) {
    return axaddr_x86_64_split_leaf(leaf & ~AXADDR_X86_PAE_RESERVED, level);
}

static inline uint64_t axaddr_x86_pae_make_table(uint64_t frame, unsigned level) {
    return level == AXADDR_X86_PAE_TOP_LEVEL ? frame | AXADDR_X86_64_PRESENT
                                             : axaddr_x86_make_table(frame, level);
}

/* ---- the format ---- */

/**
 * PAE paging with leaves of 4 KiB and 2 MiB. A processor has fewer physical address bits than 52
 * (CPUID 80000008H, EAX[7:0]; 36 without that leaf): the others are reserved.
 */
AXADDR_UNUSED static const struct axaddr_format axaddr_x86_pae = {
    .name = "x86_pae",
    .level_count = 3,
    .entry_shift = 3,
    .root_order = 0,
    .input_width = 32,
    .output_width = 52,
    .leaf_levels = 3,
    .is_sign_extended = false,
    .shift = {12, 21, 30, 0, 0},
    .index_bits = {9, 9, 2, 0, 0},
    .empty = 0,
    .noted = AXADDR_X86_64_NOTED,
    .notes_of = axaddr_x86_64_notes_of,
    .clear_notes = axaddr_x86_64_clear_notes,
    .kind_of = axaddr_x86_pae_kind_of,
    .can_hold = axaddr_x86_64_can_hold,
    .attributes_of = axaddr_x86_64_attributes_of,
    .make_leaf = axaddr_x86_make_leaf,
    .next_leaf = axaddr_x86_next_leaf,
    .change_leaf = axaddr_x86_pae_change_leaf,
    .split_leaf = axaddr_x86_pae_split_leaf,
    .frame_of = axaddr_x86_frame_of,
    .flags_of = axaddr_x86_64_flags_of,
    .make_table = axaddr_x86_pae_make_table,
    .table_of = axaddr_x86_table_of,
    .make_absent = axaddr_x86_make_absent,
    .absent_kind = axaddr_x86_absent_kind,
    .absent_value = axaddr_x86_absent_value,
    .is_reserved = axaddr_x86_64_is_reserved,
    .populate = 0,
    .needs_break = 0,
    .publish = 0,
    .caches_absent = true,
};

/* ---- the root register ---- */

/**
 * The CR3 of the table at `root` (Table 4-7): its address in bits 31:5, write-back. INVALID, with
 * *cr3 untouched, if the root is not aligned to 32 bytes or not below 2^32.
 */
AXADDR_MUST_CHECK static inline enum axaddr_status axaddr_x86_pae_cr3(axaddr_hpa_t root,
                                                                      uint32_t *cr3) {
    if ((root.raw & 0x1f) != 0 || (root.raw >> 32) != 0) {
        return AXADDR_INVALID;
    }
    *cr3 = (uint32_t)root.raw;
    return AXADDR_OK;
}

#endif /* AXADDR_ARCH_X86_PAE_H */
