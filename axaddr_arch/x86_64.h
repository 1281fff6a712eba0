/* SPDX-License-Identifier: MIT
 *
 * x86_64.h: the four-level page tables of 64-bit x86: stage 1 (axaddr_x86_64) and AMD's second
 * stage (axaddr_x86_npt), and what surrounds them: CR3 and nCR3, the decoding of a page fault and
 * of a nested page fault, TLB maintenance (x86_tlb.h).
 *
 * Manuals: Intel 64 and IA-32 Architectures SDM, vol. 3A, 4.5 "4-Level Paging and 5-Level Paging"
 * (entries: Figure 4-11) and 4.10 "Caching Translation Information"; AMD64 APM, vol. 2, 5.3
 * "Long-Mode Page Translation" and 15.25 "Nested Paging".
 *
 *     our level   Intel's   AMD's   an entry spans   may be a leaf
 *         3        PML4E    PML4E       512 GiB           no
 *         2        PDPTE    PDPE          1 GiB           yes
 *         1        PDE      PDE           2 MiB           yes
 *         0        PTE      PTE           4 KiB           always
 *
 *      63  62     52 51               12 11   9  8   7   6 5   4     3    2    1    0
 *    | NX | ignored |  frame or table   | ... | G | PS |D|A| PCD | PWT | U/S | R/W | P |
 *
 * What is held, and how
 *   READ            bit 0, as nothing present is unreadable: WRITE or EXECUTE alone is refused.
 *   WRITE           bit 1; the processor heeds it in supervisor mode too if CR0.WP is set.
 *   EXECUTE         bit 63 (NX) clear. EFER.NXE must be set, or bit 63 is a reserved one.
 *   USER            bit 2. axaddr_x86_npt refuses the flag and sets the bit: below.
 *   no memory type  PAT entry 0, write-back.
 *   DEVICE          PCD and PWT: PAT entry 3, uncacheable (UC).
 *   UNCACHED        PCD: PAT entry 2, UC-, which an MTRR may make write-combining.
 *
 * IA32_PAT is taken to be what reset leaves in it (vol. 3A, 12.12.4). The PAT bit, which would
 * select entries 4 to 7, is never set: it is bit 7 at level 0, where a large leaf has PS, and bit
 * 12 of a large leaf, where a small one has its address. G is never set either: a CR3 reload
 * forgets all.
 *
 * With supervisor shadow stacks (CR4.CET) a leaf that is dirty and not writable is a shadow stack,
 * and taking WRITE away keeps D: don't turn that on for tables whose rights are reduced.
 */
#ifndef AXADDR_ARCH_X86_64_H
#define AXADDR_ARCH_X86_64_H

#include "../axaddr_core/exit.h"
#include "../axaddr_core/format.h"
#include "x86_common.h"
#include "x86_tlb.h"

#define AXADDR_X86_64_PRESENT        UINT64_C(1)
#define AXADDR_X86_64_USER           UINT64_C(4)
/** NX, PCD, PWT, U/S, R/W, P: what a leaf is but for its address, its size and what was noted. */
#define AXADDR_X86_64_ATTRIBUTES     UINT64_C(0x800000000000001f)
/** Bits 5 and 6: accessed, dirty. */
#define AXADDR_X86_64_NOTED          UINT64_C(0x60)
#define AXADDR_X86_64_ACCESSED_SHIFT 5

/* ---- hooks ---- */

/**
 * An entry without P is absent whatever else it has. So is a PML4E with bit 7, which is reserved
 * (SDM vol. 3A, Figure 4-11; "must be zero" in the APM): hardware faults on it.
 */
static inline enum axaddr_entry_kind axaddr_x86_64_kind_of(uint64_t entry, unsigned level) {
    /* Bit 7 of a PTE is its PAT bit. The walk's question comes first, as one compare. */
    if (level > 0 &&
        (entry & (AXADDR_X86_64_PRESENT | AXADDR_X86_LARGE)) == AXADDR_X86_64_PRESENT) {
        return AXADDR_ENTRY_TABLE;
    }
    if ((entry & AXADDR_X86_64_PRESENT) == 0 || level >= AXADDR_X86_TOP_LEVEL) {
        return AXADDR_ENTRY_ABSENT;
    }
    return AXADDR_ENTRY_LEAF;
}

static inline bool axaddr_x86_64_is_reserved(uint64_t entry, uint32_t *rights) {
    *rights = axaddr_absent64_flags(entry, AXADDR_X86_ADDRESS_MASK);
    return axaddr_absent64_is_reserved(entry, AXADDR_X86_64_PRESENT);
}

static inline bool axaddr_x86_64_can_hold(uint32_t flags) {
    return (flags & AXADDR_READ) != 0 && (flags & AXADDR_SPECIAL_FLAGS) == 0 &&
           axaddr_flags_agree(flags);
}

/**
 * Branch-free. WRITE and DEVICE are where R/W and PCD are; USER, DEVICE and UNCACHED are one bit to
 * the left of U/S, PWT and PCD.
 */
static inline uint64_t axaddr_x86_64_attributes_of(uint32_t flags, unsigned level) {
    uint64_t no_execute = (uint64_t)(~flags & AXADDR_EXECUTE) << 61;
    uint32_t large = level == 0 ? 0 : (uint32_t)AXADDR_X86_LARGE;
    uint32_t in_place = flags & (AXADDR_WRITE | AXADDR_DEVICE);
    uint32_t moved = (flags >> 1) & ((AXADDR_USER | AXADDR_DEVICE | AXADDR_UNCACHED) >> 1);

    return no_execute | in_place | moved | large | AXADDR_X86_64_PRESENT;
}

/** A/D stay. All other bits come from `attributes`: ignored ones are nobody's, so they go. */
static inline uint64_t axaddr_x86_64_change_leaf(uint64_t leaf, unsigned level,
                                                 uint64_t attributes) {
    return (leaf & (axaddr_x86_frame_mask(level) | AXADDR_X86_64_NOTED)) | attributes;
}

/** PS goes with the last split, as bit 7 of a PTE is its PAT bit; a stray PAT bit 12 goes, too. */
static inline uint64_t axaddr_x86_64_split_leaf(uint64_t leaf, unsigned level) {
    return leaf & (axaddr_x86_frame_mask(level) | AXADDR_X86_64_NOTED | AXADDR_X86_64_ATTRIBUTES |
                   (level > 1 ? AXADDR_X86_LARGE : 0));
}

/** PWT alone (write-through), which attributes_of does not write, reads as plain memory. */
static inline uint32_t axaddr_x86_64_flags_of(uint64_t leaf, unsigned level) {
    uint32_t low = (uint32_t)leaf;
    uint32_t execute = ~(uint32_t)(leaf >> 61) & AXADDR_EXECUTE;
    /* PCD, PWT as a number from 0 to 3: UNCACHED for 2, DEVICE for 3 */
    uint32_t type = (UINT32_C(0x10200000) >> (low & 0x18)) & (AXADDR_DEVICE | AXADDR_UNCACHED);

    (void)level;
    return AXADDR_READ | execute | type | (low & AXADDR_WRITE) | ((low << 1) & AXADDR_USER);
}

/* ---- hooks of the nested format, where they differ ----
 *
 * The nested walk treats each access of a guest, of any privilege, as a user access (APM vol. 2,
 * 15.25.5): a nested entry without U/S lets nothing through. So the bit is in each of them, and
 * says nothing about the guest's user mode: no flag goes with it.
 */

static inline bool axaddr_x86_npt_can_hold(uint32_t flags) {
    return (flags & AXADDR_USER) == 0 && axaddr_x86_64_can_hold(flags);
}

static inline uint64_t axaddr_x86_npt_attributes_of(uint32_t flags, unsigned level) {
    return axaddr_x86_64_attributes_of(flags | AXADDR_USER, level);
}

static inline uint32_t axaddr_x86_npt_flags_of(uint64_t leaf, unsigned level) {
    return axaddr_x86_64_flags_of(leaf & ~AXADDR_X86_64_USER, level);
}

/* ---- notes, of both ---- */

static inline uint32_t axaddr_x86_64_notes_of(uint64_t leaf, unsigned level) {
    (void)level;
    return axaddr_x86_notes_of(leaf, AXADDR_X86_64_ACCESSED_SHIFT);
}

static inline uint64_t axaddr_x86_64_clear_notes(uint64_t leaf, unsigned level, uint32_t notes) {
    (void)level;
    return axaddr_x86_clear_notes(leaf, notes, AXADDR_X86_64_ACCESSED_SHIFT);
}

/* ---- formats ---- */

#define AXADDR_X86_64_FORMAT(text, leaf_level_bits, prefix, sign_extended)                         \
    {                                                                                              \
        .name = text, .level_count = 4, .entry_shift = 3, .root_order = 0, .input_width = 48,      \
        .output_width = 52, .leaf_levels = leaf_level_bits, .is_sign_extended = sign_extended,     \
        .shift = {12, 21, 30, 39, 0}, .index_bits = {9, 9, 9, 9, 0}, .empty = 0,                   \
        .noted = AXADDR_X86_64_NOTED, .notes_of = axaddr_x86_64_notes_of,                          \
        .clear_notes = axaddr_x86_64_clear_notes, .kind_of = axaddr_x86_64_kind_of,                \
        .can_hold = prefix##_can_hold, .attributes_of = prefix##_attributes_of,                    \
        .make_leaf = axaddr_x86_make_leaf, .next_leaf = axaddr_x86_next_leaf,                      \
        .change_leaf = axaddr_x86_64_change_leaf, .split_leaf = axaddr_x86_64_split_leaf,          \
        .frame_of = axaddr_x86_frame_of, .flags_of = prefix##_flags_of,                            \
        .make_table = axaddr_x86_make_table, .table_of = axaddr_x86_table_of,                      \
        .make_absent = axaddr_x86_make_absent, .absent_kind = axaddr_x86_absent_kind,              \
        .absent_value = axaddr_x86_absent_value, .is_reserved = axaddr_x86_64_is_reserved,         \
        .populate = 0, .needs_break = 0, .publish = 0, .caches_absent = false,                     \
    }

/**
 * Stage 1, with leaves of 4 KiB, 2 MiB and 1 GiB: the hypervisor's own tables, or a guest's. (With
 * AXADDR_USER in every mapping it is what AMD nested paging reads, too.) Absent entries are never
 * cached (SDM vol. 3A, 4.10.2.3) and live ones may be replaced without a detour: until the flush it
 * is open which of the two a processor goes by, also where their sizes differ, and that is all. So
 * there is no break and no publish.
 */
AXADDR_UNUSED static const struct axaddr_format axaddr_x86_64 =
    AXADDR_X86_64_FORMAT("x86_64", 7, axaddr_x86_64, true);

/** The same without 1 GiB leaves, for processors without Page1GB (CPUID 80000001H, EDX[26]). */
AXADDR_UNUSED static const struct axaddr_format axaddr_x86_64_2m =
    AXADDR_X86_64_FORMAT("x86_64_2m", 3, axaddr_x86_64, true);

/**
 * AMD nested paging. The walk follows the host's paging mode at VMRUN (APM vol. 2, 15.25.3): these
 * are its tables if the host is in long mode with CR4.LA57 clear and EFER.NXE set.
 */
AXADDR_UNUSED static const struct axaddr_format axaddr_x86_npt =
    AXADDR_X86_64_FORMAT("x86_npt", 7, axaddr_x86_npt, false);

/** The same without 1 GiB leaves. */
AXADDR_UNUSED static const struct axaddr_format axaddr_x86_npt_2m =
    AXADDR_X86_64_FORMAT("x86_npt_2m", 3, axaddr_x86_npt, false);

/* ---- the root registers ---- */

/**
 * The CR3 of the table at `root` (SDM vol. 3A, Tables 4-12, 4-13). `pcid` and `keeps_cached` (bit
 * 63: what the TLB holds for that PCID is still good) are for CR4.PCIDE; 0 and false without it.
 * INVALID, with *cr3 untouched, if the root is not page aligned or not below 2^52, or the PCID has
 * more than 12 bits.
 */
AXADDR_MUST_CHECK static inline enum axaddr_status
axaddr_x86_64_cr3(axaddr_hpa_t root, unsigned pcid, bool keeps_cached, uint64_t *cr3) {
    if (!axaddr_x86_is_table_address(root) || pcid > 0xfff) {
        return AXADDR_INVALID;
    }
    *cr3 = root.raw | pcid | (keeps_cached ? UINT64_C(1) << 63 : 0);
    return AXADDR_OK;
}

/** The N_CR3 of a VMCB (offset 0B0H; APM vol. 2, appendix B) for the nested table at `root`. */
AXADDR_MUST_CHECK static inline enum axaddr_status axaddr_x86_npt_ncr3(axaddr_hpa_t root,
                                                                       uint64_t *ncr3) {
    return axaddr_x86_64_cr3(root, 0, false, ncr3);
}

/* ---- exits ---- */

/** What a page fault (#PF, vector 14) was. */
struct axaddr_x86_page_fault {
    axaddr_gva_t gva;   /**< the address accessed */
    uint32_t access;    /**< AXADDR_READ, WRITE or EXECUTE; and USER, if user mode tried it */
    bool is_permission; /**< an entry was there and did not permit it */
    bool is_reserved;   /**< an entry had a reserved bit set: the table is not what it should be */
};

/**
 * Decode a page fault from its error code and CR2 (SDM vol. 3A, 4.7, Figure 4-12). Fetches are told
 * from reads only if EFER.NXE or CR4.SMEP is set.
 */
static inline void axaddr_x86_64_decode(uint64_t error_code, uint64_t cr2,
                                        struct axaddr_x86_page_fault *fault) {
    uint32_t access = AXADDR_READ;

    if ((error_code & 2) != 0) {
        access = AXADDR_WRITE;
    } else if ((error_code & 0x10) != 0) {
        access = AXADDR_EXECUTE;
    }
    fault->gva = axaddr_gva(cr2);
    fault->access = access | ((error_code & 4) != 0 ? AXADDR_USER : 0);
    fault->is_reserved = (error_code & 8) != 0;
    fault->is_permission = (error_code & 1) != 0 && !fault->is_reserved;
}

/**
 * Decode a nested page fault (#VMEXIT 400H) from the VMCB's EXITINFO1 and EXITINFO2 (APM vol. 2,
 * 15.25.6). The guest's own page walk (bit 33; bit 32 is the final address) always counts as a
 * write at the nested level: guest tables in memory that is only readable fault for ever.
 *
 * INVALID, with *exit filled in, if a nested entry had a reserved bit set (bit 3): no access of the
 * guest's is to blame, and resuming would fault again.
 */
AXADDR_MUST_CHECK static inline enum axaddr_status
axaddr_x86_npt_decode(uint64_t exitinfo1, uint64_t exitinfo2, struct axaddr_exit *exit) {
    struct axaddr_x86_page_fault fault;

    axaddr_x86_64_decode(exitinfo1, 0, &fault);
    exit->gpa = axaddr_gpa(exitinfo2);
    exit->access = fault.access & ~AXADDR_USER;
    exit->is_page_only = false;
    exit->is_guest_walk = (exitinfo1 & (UINT64_C(1) << 33)) != 0;
    exit->is_permission = fault.is_permission;
    exit->is_gva_valid = false;
    exit->gva = axaddr_gva(0);
    return fault.is_reserved ? AXADDR_INVALID : AXADDR_OK;
}

#endif /* AXADDR_ARCH_X86_64_H */
