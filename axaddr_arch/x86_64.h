/* SPDX-License-Identifier: MIT
 *
 * x86_64.h: the page tables of 64-bit x86, of four levels and of five (LA57): stage 1
 * (axaddr_x86_64, axaddr_x86_64_la57) and AMD's second stage (axaddr_x86_npt, axaddr_x86_npt_la57);
 * the same with an encryption bit; and what surrounds them: CR3 and nCR3, the decoding of a page
 * fault and of a nested page fault, TLB maintenance (x86_tlb.h).
 *
 * Manuals: Intel 64 and IA-32 Architectures SDM, vol. 3A, 4.5 "4-Level Paging and 5-Level Paging"
 * (entries: Figure 4-11), 4.6.2 "Protection Keys" and 4.10 "Caching Translation Information"; AMD64
 * APM, vol. 2, 5.3 "Long-Mode Page Translation", 7.10 "Secure Memory Encryption", 15.25 "Nested
 * Paging" and 15.34 "Secure Encrypted Virtualization".
 *
 *     our level   Intel's   AMD's   an entry spans   may be a leaf
 *         4        PML5E    PML5E       256 TiB           no         (_la57 only)
 *         3        PML4E    PML4E       512 GiB           no
 *         2        PDPTE    PDPE          1 GiB           yes
 *         1        PDE      PDE           2 MiB           yes
 *         0        PTE      PTE           4 KiB           always
 *
 *      63  62 59 58   52 51               12 11   9  8   7   6 5   4     3    2    1    0
 *    | NX | key |ignored|  frame or table   | ... | G | PS |D|A| PCD | PWT | U/S | R/W | P |
 *
 * What is held, and how
 *   READ            bit 0, as nothing present is unreadable: WRITE or EXECUTE alone is refused.
 *   WRITE           bit 1; the processor heeds it in supervisor mode too if CR0.WP is set.
 *   EXECUTE         bit 63 (NX) clear. EFER.NXE must be set, or bit 63 is a reserved one.
 *   USER            bit 2. axaddr_x86_npt refuses the flag and sets the bit: below.
 *   GLOBAL          bit 8 of a leaf; needs CR4.PGE, and axaddr_x86_64_flush_as with has_global. The
 *                   nested formats refuse it: G means nothing there.
 *   no memory type  PAT entry 0, write-back.
 *   DEVICE          PCD and PWT: PAT entry 3, uncacheable (UC).
 *   UNCACHED        PCD: PAT entry 2, UC-, which an MTRR may make write-combining.
 *   EXECUTE_USER, EXECUTE_KERNEL   refused.
 *
 * IA32_PAT is taken to be what reset leaves in it (vol. 3A, 12.12.4). The PAT bit, which would
 * select entries 4 to 7, is never set: it is bit 7 at level 0, where a large leaf has PS, and bit
 * 12 of a large leaf, where a small one has its address.
 *
 * Protection keys (bits 62:59, used with CR4.PKE or CR4.PKS and otherwise ignored) are the user's:
 * leaves are made with key 0, and a key that was written into a leaf stays when its flags change
 * and when it is split, as losing it would give rights; leaves that have one are not collapsed.
 * Bits 58:52 and 11:9 are ignored by hardware and have no such meaning: they go.
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
/** NX, G, PCD, PWT, U/S, R/W, P: a leaf but for its address, size and key, and what was noted. */
#define AXADDR_X86_64_ATTRIBUTES     UINT64_C(0x800000000000011f)
/** Bits 62:59: the protection key. */
#define AXADDR_X86_64_KEY            UINT64_C(0x7800000000000000)
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
    return (flags & AXADDR_READ) != 0 && (flags & AXADDR_EXECUTE_MODES) == 0 &&
           axaddr_flags_agree(flags);
}

/**
 * All but G, branch-free. WRITE and DEVICE are where R/W and PCD are; USER, DEVICE and UNCACHED are
 * one bit to the left of U/S, PWT and PCD.
 */
AXADDR_ALWAYS_INLINE uint64_t axaddr_x86_64_common_attributes(uint32_t flags, unsigned level) {
    uint64_t no_execute = (uint64_t)(~flags & AXADDR_EXECUTE) << 61;
    uint32_t large = level == 0 ? 0 : (uint32_t)AXADDR_X86_LARGE;
    uint32_t in_place = flags & (AXADDR_WRITE | AXADDR_DEVICE);
    uint32_t moved = (flags >> 1) & ((AXADDR_USER | AXADDR_DEVICE | AXADDR_UNCACHED) >> 1);

    return no_execute | in_place | moved | large | AXADDR_X86_64_PRESENT;
}

/** GLOBAL is two bits to the right of G. */
static inline uint64_t axaddr_x86_64_attributes_of(uint32_t flags, unsigned level) {
    return axaddr_x86_64_common_attributes(flags, level) | (flags & AXADDR_GLOBAL) << 2;
}

/** A/D and the key stay. Others come from `attributes`: ignored ones are nobody's, so they go. */
static inline uint64_t axaddr_x86_64_change_leaf(uint64_t leaf, unsigned level,
                                                 uint64_t attributes) {
    return (leaf & (axaddr_x86_frame_mask(level) | AXADDR_X86_64_NOTED | AXADDR_X86_64_KEY)) |
           attributes;
}

/** PS goes with the last split, as bit 7 of a PTE is its PAT bit; a stray PAT bit 12 goes, too. */
static inline uint64_t axaddr_x86_64_split_leaf(uint64_t leaf, unsigned level) {
    return leaf & (axaddr_x86_frame_mask(level) | AXADDR_X86_64_NOTED | AXADDR_X86_64_KEY |
                   AXADDR_X86_64_ATTRIBUTES | (level > 1 ? AXADDR_X86_LARGE : 0));
}

/** All but G. PWT alone (write-through), which attributes_of never writes, reads as memory. */
AXADDR_ALWAYS_INLINE uint32_t axaddr_x86_64_common_flags(uint64_t leaf) {
    uint32_t low = (uint32_t)leaf;
    uint32_t execute = ~(uint32_t)(leaf >> 61) & AXADDR_EXECUTE;
    /* PCD, PWT as a number from 0 to 3: UNCACHED for 2, DEVICE for 3 */
    uint32_t type = (UINT32_C(0x10200000) >> (low & 0x18)) & (AXADDR_DEVICE | AXADDR_UNCACHED);

    return AXADDR_READ | execute | type | (low & AXADDR_WRITE) | ((low << 1) & AXADDR_USER);
}

static inline uint32_t axaddr_x86_64_flags_of(uint64_t leaf, unsigned level) {
    (void)level;
    return axaddr_x86_64_common_flags(leaf) | ((uint32_t)(leaf >> 2) & AXADDR_GLOBAL);
}

/* ---- hooks of the nested format, where they differ ----
 *
 * The nested walk treats each access of a guest, of any privilege, as a user access (APM vol. 2,
 * 15.25.5): a nested entry without U/S lets nothing through. So the bit is in each of them, and
 * says nothing about the guest's user mode: no flag goes with it.
 */

static inline bool axaddr_x86_npt_can_hold(uint32_t flags) {
    return (flags & (AXADDR_USER | AXADDR_GLOBAL)) == 0 && axaddr_x86_64_can_hold(flags);
}

static inline uint64_t axaddr_x86_npt_attributes_of(uint32_t flags, unsigned level) {
    return axaddr_x86_64_common_attributes(flags | AXADDR_USER, level);
}

static inline uint32_t axaddr_x86_npt_flags_of(uint64_t leaf, unsigned level) {
    (void)level;
    return axaddr_x86_64_common_flags(leaf & ~AXADDR_X86_64_USER);
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

/* 4 or 5 `levels`; `prefix` tells stage 1 from the nested formats; the hooks of `address` put the
   encryption bit beside an address and take it away. */
#define AXADDR_X86_64_FORMAT_(text, levels, output_bits, leaf_level_bits, sign_extended, prefix,   \
                              attributes, change, address)                                         \
    {                                                                                              \
        .name = text,                                                                              \
        AXADDR_X86_GEOMETRY_##levels##_(output_bits, leaf_level_bits, sign_extended), .empty = 0,  \
        .noted = AXADDR_X86_64_NOTED, .notes_of = axaddr_x86_64_notes_of,                          \
        .clear_notes = axaddr_x86_64_clear_notes, .kind_of = axaddr_x86_64_kind_of,                \
        .can_hold = prefix##_can_hold, .attributes_of = attributes,                                \
        .make_leaf = axaddr_x86_make_leaf, .next_leaf = axaddr_x86_next_leaf,                      \
        .change_leaf = change, .split_leaf = axaddr_x86_64_split_leaf,                             \
        .frame_of = address##_frame_of, .flags_of = prefix##_flags_of,                             \
        .make_table = address##_make_table, .table_of = address##_table_of,                        \
        .make_absent = axaddr_x86_make_absent, .absent_kind = axaddr_x86_absent_kind,              \
        .absent_value = axaddr_x86_absent_value, .is_reserved = axaddr_x86_64_is_reserved,         \
        .populate = 0, .needs_break = 0, .publish = 0, .caches_absent = false,                     \
    }
#define AXADDR_X86_64_PLAIN_(text, levels, leaf_level_bits, sign_extended, prefix)                 \
    AXADDR_X86_64_FORMAT_(text, levels, 52, leaf_level_bits, sign_extended, prefix,                \
                          prefix##_attributes_of, axaddr_x86_64_change_leaf, axaddr_x86)

/**
 * Stage 1, with leaves of 4 KiB, 2 MiB and 1 GiB: the hypervisor's own tables, or a guest's. (With
 * AXADDR_USER in every mapping it is what AMD nested paging reads, too.) Absent entries are never
 * cached (SDM vol. 3A, 4.10.2.3) and live ones may be replaced without a detour: until the flush it
 * is open which of the two a processor goes by, also where their sizes differ, and that is all. So
 * there is no break and no publish.
 */
AXADDR_UNUSED static const struct axaddr_format axaddr_x86_64 =
    AXADDR_X86_64_PLAIN_("x86_64", 4, 7, true, axaddr_x86_64);

/** The same without 1 GiB leaves, for processors without Page1GB (CPUID 80000001H, EDX[26]). */
AXADDR_UNUSED static const struct axaddr_format axaddr_x86_64_2m =
    AXADDR_X86_64_PLAIN_("x86_64_2m", 4, 3, true, axaddr_x86_64);

/**
 * Stage 1 with 57-bit addresses, for CR4.LA57 (CPUID 7.0, ECX[16]), which cannot change in long
 * mode. The CR3 is made as for four levels.
 */
AXADDR_UNUSED static const struct axaddr_format axaddr_x86_64_la57 =
    AXADDR_X86_64_PLAIN_("x86_64_la57", 5, 7, true, axaddr_x86_64);

/**
 * AMD nested paging. The walk follows the host's paging mode at VMRUN (APM vol. 2, 15.25.3): these
 * are its tables if the host is in long mode with CR4.LA57 clear and EFER.NXE set.
 */
AXADDR_UNUSED static const struct axaddr_format axaddr_x86_npt =
    AXADDR_X86_64_PLAIN_("x86_npt", 4, 7, false, axaddr_x86_npt);

/** The same without 1 GiB leaves. */
AXADDR_UNUSED static const struct axaddr_format axaddr_x86_npt_2m =
    AXADDR_X86_64_PLAIN_("x86_npt_2m", 4, 3, false, axaddr_x86_npt);

/** AMD nested paging of a host with CR4.LA57 set: 57-bit guest-physical addresses. */
AXADDR_UNUSED static const struct axaddr_format axaddr_x86_npt_la57 =
    AXADDR_X86_64_PLAIN_("x86_npt_la57", 5, 7, false, axaddr_x86_npt);

/* ---- formats with an encryption bit ----
 *
 * AMD's C-bit (APM vol. 2, 7.10.2, 15.34.5) says that what an entry points to, be it a table or a
 * page, is encrypted in memory. It is an address bit, CPUID 8000001FH, EBX[5:0] tells which,
 * and physical addresses are narrower than it (EBX[11:6]): frames that reach it are INVALID.
 *
 * Tables and leaves have it, but for DEVICE leaves: registers are not in memory that a key covers,
 * and what a guest maps with the bit is private, so that nobody could emulate or pass it through.
 * Memory that a guest shares with its host needs mappings without the bit: another format's.
 */

AXADDR_ALWAYS_INLINE uint64_t axaddr_x86_encrypted_attributes(uint64_t attributes, uint32_t flags,
                                                              unsigned position) {
    return attributes | ((flags & AXADDR_DEVICE) != 0 ? 0 : UINT64_C(1) << position);
}

/** Whether a leaf is encrypted goes by its new flags. */
AXADDR_ALWAYS_INLINE uint64_t axaddr_x86_encrypted_change(uint64_t leaf, unsigned level,
                                                          uint64_t attributes, unsigned position) {
    return axaddr_x86_64_change_leaf(leaf & ~(UINT64_C(1) << position), level, attributes);
}

/* The hooks of one format: name##_attributes_of and so on. */
#define AXADDR_X86_ENCRYPTED_HOOKS_(name, prefix, position)                                        \
    AXADDR_STATIC_ASSERT((position) >= 32 && (position) <= 51,                                     \
                         "an encryption bit is one of the upper address bits");                    \
    static inline uint64_t name##_attributes_of(uint32_t flags, unsigned level) {                  \
        return axaddr_x86_encrypted_attributes(prefix##_attributes_of(flags, level), flags,        \
                                               position);                                          \
    }                                                                                              \
    static inline uint64_t name##_change_leaf(uint64_t leaf, unsigned level,                       \
                                              uint64_t attributes) {                               \
        return axaddr_x86_encrypted_change(leaf, level, attributes, position);                     \
    }                                                                                              \
    static inline uint64_t name##_frame_of(uint64_t leaf, unsigned level) {                        \
        return axaddr_x86_frame_of(leaf, level) & axaddr_low_bits(position);                       \
    }                                                                                              \
    static inline uint64_t name##_make_table(uint64_t frame, unsigned level) {                     \
        return axaddr_x86_make_table(frame, level) | UINT64_C(1) << (position);                    \
    }                                                                                              \
    static inline uint64_t name##_table_of(uint64_t entry) {                                       \
        return axaddr_x86_table_of(entry) & axaddr_low_bits(position);                             \
    }

/**
 * Define a format `name` of stage 1 that is encrypted: 4 or 5 `levels`, all leaf sizes, the
 * encryption bit at `position` (32 to 51). For example
 *
 *     AXADDR_DEFINE_X86_64_ENCRYPTED(my_sev_tables, 4, 51)
 *     AXADDR_DEFINE_SPACE(my_space, my_sev_tables, my_hal);
 */
#define AXADDR_DEFINE_X86_64_ENCRYPTED(name, levels, position)                                     \
    AXADDR_X86_ENCRYPTED_HOOKS_(name, axaddr_x86_64, position)                                     \
    AXADDR_UNUSED static const struct axaddr_format name =                                         \
        AXADDR_X86_64_FORMAT_(#name, levels, position, 7, true, axaddr_x86_64,                     \
                              name##_attributes_of, name##_change_leaf, name);

/** The same for AMD nested paging: the host's tables, with its own encryption (SME). */
#define AXADDR_DEFINE_X86_NPT_ENCRYPTED(name, levels, position)                                    \
    AXADDR_X86_ENCRYPTED_HOOKS_(name, axaddr_x86_npt, position)                                    \
    AXADDR_UNUSED static const struct axaddr_format name =                                         \
        AXADDR_X86_64_FORMAT_(#name, levels, position, 7, false, axaddr_x86_npt,                   \
                              name##_attributes_of, name##_change_leaf, name);

/* ---- the root registers ---- */

/**
 * The CR3 of the table at `root` (SDM vol. 3A, Tables 4-12, 4-13). `pcid` and `keeps_cached` (bit
 * 63: what the TLB holds for that PCID is still good) are for CR4.PCIDE; 0 and false without it.
 * INVALID, with *cr3 untouched, if the root is not page aligned or not below 2^52, or the PCID has
 * more than 12 bits.
 *
 * CR4.LA57 changes nothing of it. For tables with an encryption bit, give the root with that bit
 * set: axaddr_x86_encrypted_root.
 */
AXADDR_MUST_CHECK static inline enum axaddr_status
axaddr_x86_64_cr3(axaddr_hpa_t root, unsigned pcid, bool keeps_cached, uint64_t *cr3) {
    if (!axaddr_x86_is_table_address(root) || pcid > 0xfff) {
        return AXADDR_INVALID;
    }
    *cr3 = root.raw | pcid | (keeps_cached ? UINT64_C(1) << 63 : 0);
    return AXADDR_OK;
}

/**
 * The root that CR3 or N_CR3 want for tables whose encryption bit is at `position`. A root that
 * reaches the bit comes back as one that axaddr_x86_64_cr3 refuses.
 */
static inline axaddr_hpa_t axaddr_x86_encrypted_root(axaddr_hpa_t root, unsigned position) {
    uint64_t encrypted = root.raw | UINT64_C(1) << position;

    return axaddr_hpa(root.raw >> position == 0 ? encrypted : UINT64_MAX);
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
