/* SPDX-License-Identifier: MIT
 *
 * loongarch64.h: the tables of LoongArch64's page walk, and what surrounds them: the page walk
 * registers, the refill of the TLB, the decoding of an exception, TLB maintenance
 * (loongarch64_tlb.h).
 *
 * Manual: LoongArch Reference Manual, Volume 1: Basic Architecture: 4.2.5 LDDIR and LDPTE, 5.2.3
 * virtual address reduction, 5.3 memory access types, 5.4 memory management of page table mapping,
 * 7.4.6 ESTAT, 7.4.8 BADV, 7.5 registers of address translation.
 *
 *     our level   axaddr_loongarch64_39       axaddr_loongarch64_48    axaddr_loongarch64_16k_47
 *     3                                       Dir3    512 GiB (root)
 *     2           Dir2    1 GiB (root)        Dir2    1 GiB            Dir3    64 GiB (root)
 *     1           Dir1    2 MiB, or huge      Dir1    2 MiB, or huge   Dir1    32 MiB, or huge
 *     0           page    4 KiB               page    4 KiB            page    16 KiB
 *
 * Hardware takes the root of the lower half of its addresses from PGDL and that of the upper half
 * from PGDH. axaddr_loongarch64_48 has both halves: write its root to both. A table of the two
 * others is one half, and has addresses from 0; in PGDH, hardware has ones above them. Both
 * registers must hold a root, if only that of an empty table: the walk follows whatever it finds.
 *
 *     63   62 61 60 48 47                12 11 10 9   8 7 6 5 4 3 2 1 0
 *    |RPLV|NX|NR|  0  |   output address   | 0 |clean|W|P|G|MAT|PLV|D|V|   a page
 *    |RPLV|NX|NR|  0  | output address | G | 0 |clean|W|P|H|MAT|PLV|D|V|   a huge page: G is bit 12
 *    |        0       |   output address   |             0             |   a table: bare address
 *
 * What is held, and how
 *   READ, EXECUTE   NR, NX clear.
 *   WRITE           W, which only software reads, and D, without which a store is a PME exception
 *                   (as long as MISC.DWPL0 to DWPL2 are 0). Hardware never sets D.
 *   USER            PLV 3, without it PLV 0; RPLV 0: PLV 0 may do what PLV 3 may, fetches included.
 *   GLOBAL          G. The TLB holds pages by pairs (an even one and the next), and a pair is
 *                   global if both are: see "Global pages" below.
 *   no memory type  MAT 1, coherent cached; DEVICE 0, strongly-ordered uncached; UNCACHED 2,
 *                   weakly-ordered uncached. 3 is reserved.
 *
 * Notes: V is "accessed": a leaf without V, which still has P, leads to an exception PIL, PIS or
 * PIF, which handle_fault answers. "Written" is D of writable leaves, likewise by PME; `clean` (bit
 * 9, which LDPTE ignores) says that the note was cleared, so that a read-only leaf tells it, too.
 *
 * Huge pages are at level 1 only: LDPTE makes of any entry with H a pair of halves of that size.
 *
 * Absent entries: V, D, P and W are 0, and bit 6 is 1: H in a directory, G in a page table. A
 * directory has no valid bit: LDDIR takes any entry without H for the address of the next table. An
 * absent one therefore has H: LDDIR passes it on, LDPTE makes an invalid pair of it (V 0), and the
 * access becomes an exception PIL, PIS or PIF. A zeroed entry is a table at address 0, to hardware
 * and to us.
 *
 * The refill of the TLB is software: AXADDR_LOONGARCH64_REFILL_48 and its kin. A hypervisor that
 * writes its own has to do what these do after the walk: take G away from an even page that is
 * invalid, unless the odd one is valid and has it, and make such a pair no larger than pages. Or
 * else the TLB would hold it as a huge pair, perhaps one of all address spaces, beside pairs that
 * are valid; and where two match, behaviour is undefined (5.4.4). For the same reason the handler
 * of PIL, PIS and PIF begins with axaddr_loongarch64_forget, before handle_fault makes, perhaps, a
 * huge page of what the invalid pair is in.
 *
 * Global pages: mapping what was absent flushes nothing, so a pair that becomes global may still be
 * in a TLB under some ASID, and match beside itself. Map both pages of a pair alike, and before
 * anyone accesses them; or call axaddr_loongarch64_flush_all on all CPUs after it.
 */
#ifndef AXADDR_ARCH_LOONGARCH64_H
#define AXADDR_ARCH_LOONGARCH64_H

#include "../axaddr_core/absent.h"
#include "../axaddr_core/addr.h"
#include "../axaddr_core/base.h"
#include "../axaddr_core/flags.h"
#include "../axaddr_core/format.h"

#include "loongarch64_tlb.h"

/* ---- entry bits (5.4.5, Figures 8 and 9) ---- */

#define AXADDR_LOONGARCH64_VALID       UINT64_C(0x001)
#define AXADDR_LOONGARCH64_DIRTY       UINT64_C(0x002)
#define AXADDR_LOONGARCH64_PLV3        UINT64_C(0x00c)
#define AXADDR_LOONGARCH64_MAT         UINT64_C(0x030)
#define AXADDR_LOONGARCH64_MAT_CACHED  UINT64_C(0x010)
#define AXADDR_LOONGARCH64_MAT_WEAK    UINT64_C(0x020)
#define AXADDR_LOONGARCH64_GLOBAL      UINT64_C(0x040) /**< of a page */
#define AXADDR_LOONGARCH64_HUGE        UINT64_C(0x040) /**< in a directory */
#define AXADDR_LOONGARCH64_PRESENT     UINT64_C(0x080)
#define AXADDR_LOONGARCH64_WRITABLE    UINT64_C(0x100)
/** Software's: the note "written" was cleared; whether it is back, D tells. */
#define AXADDR_LOONGARCH64_CLEAN       UINT64_C(0x200)
#define AXADDR_LOONGARCH64_HUGE_GLOBAL UINT64_C(0x1000)
#define AXADDR_LOONGARCH64_NR          (UINT64_C(1) << 61)
#define AXADDR_LOONGARCH64_NX          (UINT64_C(1) << 62)
/** Bits 47:12, for PALEN up to 48. */
#define AXADDR_LOONGARCH64_ADDRESS     UINT64_C(0x0000fffffffff000)
/** A leaf has one of these, an absent entry none. */
#define AXADDR_LOONGARCH64_LIVE        (AXADDR_LOONGARCH64_VALID | AXADDR_LOONGARCH64_PRESENT)

/* ---- geometry, for pages of 1 << page_shift bytes (12 or 14) ---- */

AXADDR_ALWAYS_INLINE unsigned axaddr_loongarch64_level_shift(unsigned page_shift, unsigned level) {
    return page_shift + (page_shift - 3) * level;
}

/** The address field of a leaf of `level`; of level 0 also that of a table. */
AXADDR_ALWAYS_INLINE uint64_t axaddr_loongarch64_address_mask(unsigned page_shift, unsigned level) {
    return AXADDR_LOONGARCH64_ADDRESS &
           (~UINT64_C(0) << axaddr_loongarch64_level_shift(page_shift, level));
}

/**
 * What hardware would follow, but no table of ours says, counts as absent: tables with other bits
 * than an address, huge pages above level 1, MAT 3.
 */
AXADDR_ALWAYS_INLINE enum axaddr_entry_kind
axaddr_loongarch64_classify(uint64_t entry, unsigned page_shift, unsigned level) {
    bool is_table = (entry & ~axaddr_loongarch64_address_mask(page_shift, 0)) == 0;
    bool is_leaf = (entry & AXADDR_LOONGARCH64_LIVE) != 0 && level <= 1 &&
                   (entry & AXADDR_LOONGARCH64_MAT) != AXADDR_LOONGARCH64_MAT;

    if (level > 0 && (entry & AXADDR_LOONGARCH64_HUGE) == 0) {
        return is_table ? AXADDR_ENTRY_TABLE : AXADDR_ENTRY_ABSENT;
    }
    return is_leaf ? AXADDR_ENTRY_LEAF : AXADDR_ENTRY_ABSENT;
}

/* ---- flags ---- */

AXADDR_STATIC_ASSERT(AXADDR_WRITE == 2 && AXADDR_USER == 8 && AXADDR_GLOBAL == 64,
                     "D, the high bit of PLV, and G are bits 1, 3 and 6 of an entry (5.4.5)");

static inline bool axaddr_loongarch64_can_hold(uint32_t flags) {
    return (flags & AXADDR_EXECUTE_MODES) == 0 && axaddr_flags_agree(flags);
}

static inline uint64_t axaddr_loongarch64_attributes_of(uint32_t flags, unsigned level) {
    uint64_t write = flags & AXADDR_WRITE;
    uint64_t user = flags & AXADDR_USER;
    uint64_t global = flags & AXADDR_GLOBAL;
    uint64_t memory_type = (flags & AXADDR_DEVICE) != 0     ? 0
                           : (flags & AXADDR_UNCACHED) != 0 ? AXADDR_LOONGARCH64_MAT_WEAK
                                                            : AXADDR_LOONGARCH64_MAT_CACHED;

    return AXADDR_LOONGARCH64_LIVE | memory_type | write /* D */ | (write << 7) /* W */ | user |
           (user >> 1) /* PLV */ | (level == 0 ? global : AXADDR_LOONGARCH64_HUGE | (global << 6)) |
           ((flags & AXADDR_READ) != 0 ? 0 : AXADDR_LOONGARCH64_NR) |
           ((flags & AXADDR_EXECUTE) != 0 ? 0 : AXADDR_LOONGARCH64_NX);
}

static inline uint32_t axaddr_loongarch64_flags_of(uint64_t leaf, unsigned level) {
    uint64_t memory_type = leaf & AXADDR_LOONGARCH64_MAT;
    uint64_t global = level == 0 ? leaf : leaf >> 6;

    return ((leaf & AXADDR_LOONGARCH64_NR) != 0 ? 0 : AXADDR_READ) |
           ((uint32_t)(leaf | leaf >> 7) & AXADDR_WRITE) | /* hardware goes by D */
           ((leaf & AXADDR_LOONGARCH64_NX) != 0 ? 0 : AXADDR_EXECUTE) |
           ((leaf & AXADDR_LOONGARCH64_PLV3) == AXADDR_LOONGARCH64_PLV3 ? AXADDR_USER : 0) |
           (memory_type == 0 ? AXADDR_DEVICE : 0) |
           (memory_type == AXADDR_LOONGARCH64_MAT_WEAK ? AXADDR_UNCACHED : 0) |
           ((uint32_t)global & AXADDR_GLOBAL);
}

/* ---- notes ---- */

static inline uint32_t axaddr_loongarch64_notes_of(uint64_t leaf, unsigned level) {
    bool is_clean =
        (leaf & (AXADDR_LOONGARCH64_CLEAN | AXADDR_LOONGARCH64_DIRTY)) == AXADDR_LOONGARCH64_CLEAN;

    (void)level;
    return ((leaf & AXADDR_LOONGARCH64_VALID) != 0 ? AXADDR_ACCESSED : 0) |
           (is_clean ? 0 : AXADDR_DIRTY);
}

static inline uint64_t axaddr_loongarch64_clear_notes(uint64_t leaf, unsigned level,
                                                      uint32_t notes) {
    (void)level;
    if ((notes & AXADDR_ACCESSED) != 0) {
        /* P says that it is a leaf without V; in ours it is always there */
        leaf = (leaf & ~AXADDR_LOONGARCH64_VALID) | AXADDR_LOONGARCH64_PRESENT;
    }
    if ((notes & AXADDR_DIRTY) != 0) {
        /* A leaf with D alone is none of ours, but it permits writes, too: W keeps that. */
        leaf |= (leaf & AXADDR_LOONGARCH64_DIRTY) << 7 | AXADDR_LOONGARCH64_CLEAN;
        leaf &= ~AXADDR_LOONGARCH64_DIRTY;
    }
    return leaf;
}

static inline uint64_t axaddr_loongarch64_note_access(uint64_t leaf, unsigned level,
                                                      uint32_t access) {
    (void)level;
    if ((access & AXADDR_WRITE) != 0 && (leaf & AXADDR_LOONGARCH64_WRITABLE) != 0) {
        leaf |= AXADDR_LOONGARCH64_DIRTY;
    }
    return leaf | AXADDR_LOONGARCH64_VALID;
}

/* ---- leaves and tables ---- */

static inline uint64_t axaddr_loongarch64_make_leaf(uint64_t frame, unsigned level,
                                                    uint64_t attributes) {
    (void)level;
    return frame | attributes;
}

/** A leaf that was not written since its note was cleared stays so. */
AXADDR_ALWAYS_INLINE uint64_t axaddr_loongarch64_change(uint64_t leaf, unsigned page_shift,
                                                        unsigned level, uint64_t attributes) {
    uint64_t kept = axaddr_loongarch64_address_mask(page_shift, level) | AXADDR_LOONGARCH64_VALID;

    attributes &= ~AXADDR_LOONGARCH64_VALID;
    if ((axaddr_loongarch64_notes_of(leaf, level) & AXADDR_DIRTY) == 0) {
        attributes = (attributes & ~AXADDR_LOONGARCH64_DIRTY) | AXADDR_LOONGARCH64_CLEAN;
    }
    return (leaf & kept) | attributes;
}

/** From a huge page to a page: G comes back to where H was. */
AXADDR_ALWAYS_INLINE uint64_t axaddr_loongarch64_split(uint64_t leaf, unsigned page_shift,
                                                       unsigned level) {
    uint64_t below =
        AXADDR_LOONGARCH64_ADDRESS & ~axaddr_loongarch64_address_mask(page_shift, level);

    return (leaf & ~(below | AXADDR_LOONGARCH64_HUGE)) |
           ((leaf & AXADDR_LOONGARCH64_HUGE_GLOBAL) >> 6);
}

static inline uint64_t axaddr_loongarch64_make_table(uint64_t frame, unsigned level) {
    (void)level;
    return frame;
}

/* The hooks that the page size decides. */
#define AXADDR_LOONGARCH64_PAGE_HOOKS_(prefix, page_shift)                                         \
    static inline enum axaddr_entry_kind prefix##_kind_of(uint64_t entry, unsigned level) {        \
        return axaddr_loongarch64_classify(entry, page_shift, level);                              \
    }                                                                                              \
    static inline uint64_t prefix##_next_leaf(uint64_t leaf, unsigned level) {                     \
        return leaf + (UINT64_C(1) << axaddr_loongarch64_level_shift(page_shift, level));          \
    }                                                                                              \
    static inline uint64_t prefix##_change_leaf(uint64_t leaf, unsigned level,                     \
                                                uint64_t attributes) {                             \
        return axaddr_loongarch64_change(leaf, page_shift, level, attributes);                     \
    }                                                                                              \
    static inline uint64_t prefix##_split_leaf(uint64_t leaf, unsigned level) {                    \
        return axaddr_loongarch64_split(leaf, page_shift, level);                                  \
    }                                                                                              \
    static inline uint64_t prefix##_frame_of(uint64_t leaf, unsigned level) {                      \
        return leaf & axaddr_loongarch64_address_mask(page_shift, level);                          \
    }                                                                                              \
    static inline uint64_t prefix##_table_of(uint64_t entry) {                                     \
        return entry & axaddr_loongarch64_address_mask(page_shift, 0);                             \
    }

AXADDR_LOONGARCH64_PAGE_HOOKS_(axaddr_loongarch64_4k, 12)
AXADDR_LOONGARCH64_PAGE_HOOKS_(axaddr_loongarch64_16k, 14)

/* ---- absent entries ----
 *
 *     63  51 50                 15 14    7 6 5    3 2    0
 *    |  0   |       value         |   0   |1| kind |  0   |
 *
 * With H, LDPTE takes bit 12 for G, and QEMU bits 14:13 for the level of a huge page (later
 * processors know several sizes): these are 0. Page numbers have 36 bits.
 */
#define AXADDR_LOONGARCH64_ABSENT             AXADDR_LOONGARCH64_HUGE
#define AXADDR_LOONGARCH64_ABSENT_VALUE_SHIFT 15

static inline uint64_t axaddr_loongarch64_make_absent(enum axaddr_absent_kind kind,
                                                      uint64_t value) {
    return (value << AXADDR_LOONGARCH64_ABSENT_VALUE_SHIFT) | AXADDR_LOONGARCH64_ABSENT |
           ((uint64_t)kind << AXADDR_ABSENT64_KIND_SHIFT);
}

static inline enum axaddr_absent_kind axaddr_loongarch64_absent_kind(uint64_t entry) {
    return axaddr_absent64_kind(entry);
}

static inline uint64_t axaddr_loongarch64_absent_value(uint64_t entry) {
    return (entry >> AXADDR_LOONGARCH64_ABSENT_VALUE_SHIFT) & axaddr_low_bits(36);
}

static inline bool axaddr_loongarch64_is_reserved(uint64_t entry, uint32_t *rights) {
    *rights = axaddr_payload_flags(entry >> AXADDR_LOONGARCH64_ABSENT_VALUE_SHIFT);
    return axaddr_absent64_is_reserved(entry, AXADDR_LOONGARCH64_LIVE);
}

/* ---- the formats ---- */

/*
 * No break: until the flush a CPU goes by either of two live entries. A huge page that was split is
 * one pair in the TLB, which matches wherever its parts would; and the engine collapses pages by
 * way of an absent entry always. No publish: a refill that reads too early finds what was absent.
 */
#define AXADDR_LOONGARCH64_HOOKS_(page)                                                            \
    .empty = AXADDR_LOONGARCH64_ABSENT, .noted = AXADDR_LOONGARCH64_VALID,                         \
    .notes_of = axaddr_loongarch64_notes_of, .clear_notes = axaddr_loongarch64_clear_notes,        \
    .note_access = axaddr_loongarch64_note_access, .kind_of = page##_kind_of,                      \
    .can_hold = axaddr_loongarch64_can_hold, .attributes_of = axaddr_loongarch64_attributes_of,    \
    .make_leaf = axaddr_loongarch64_make_leaf, .next_leaf = page##_next_leaf,                      \
    .change_leaf = page##_change_leaf, .split_leaf = page##_split_leaf, .make_run = 0,             \
    .plain_leaf = 0, .frame_of = page##_frame_of, .flags_of = axaddr_loongarch64_flags_of,         \
    .make_table = axaddr_loongarch64_make_table, .table_of = page##_table_of,                      \
    .make_absent = axaddr_loongarch64_make_absent, .absent_kind = axaddr_loongarch64_absent_kind,  \
    .absent_value = axaddr_loongarch64_absent_value,                                               \
    .is_reserved = axaddr_loongarch64_is_reserved, .populate = 0, .needs_break = 0, .publish = 0,  \
    .caches_absent = true

/** Pages of 4 KiB, three levels: one half, of 39 bits. */
AXADDR_UNUSED static const struct axaddr_format axaddr_loongarch64_39 = {
    .name = "loongarch64_39",
    .level_count = 3,
    .entry_shift = 3,
    .root_order = 0,
    .input_width = 39,
    .output_width = 48,
    .leaf_levels = 0x3,
    .is_sign_extended = false,
    .shift = {12, 21, 30, 0, 0},
    .index_bits = {9, 9, 9, 0, 0},
    AXADDR_LOONGARCH64_HOOKS_(axaddr_loongarch64_4k)};

/** Pages of 4 KiB, four levels: both halves, 48 bits together. */
AXADDR_UNUSED static const struct axaddr_format axaddr_loongarch64_48 = {
    .name = "loongarch64_48",
    .level_count = 4,
    .entry_shift = 3,
    .root_order = 0,
    .input_width = 48,
    .output_width = 48,
    .leaf_levels = 0x3,
    .is_sign_extended = true,
    .shift = {12, 21, 30, 39, 0},
    .index_bits = {9, 9, 9, 9, 0},
    AXADDR_LOONGARCH64_HOOKS_(axaddr_loongarch64_4k)};

/** Pages of 16 KiB, three levels: one half, of 47 bits. */
AXADDR_UNUSED static const struct axaddr_format axaddr_loongarch64_16k_47 = {
    .name = "loongarch64_16k_47",
    .level_count = 3,
    .entry_shift = 3,
    .root_order = 0,
    .input_width = 47,
    .output_width = 48,
    .leaf_levels = 0x3,
    .is_sign_extended = false,
    .shift = {14, 25, 36, 0, 0},
    .index_bits = {11, 11, 11, 0, 0},
    AXADDR_LOONGARCH64_HOOKS_(axaddr_loongarch64_16k)};

/* ---- the registers around a table (7.5) ---- */

/** What to write once, before the first table of a format is used. */
struct axaddr_loongarch64_walk_registers {
    uint32_t pwcl;   /**< CSR 0x1c */
    uint32_t pwch;   /**< CSR 0x1d; the hardware page walker of later processors stays off */
    uint32_t stlbps; /**< CSR 0x1e; also what TLBIDX.PS and TLBREHI.PS are for pages */
    uint32_t rvacfg; /**< CSR 0x1f: without it hardware would ignore bits of some addresses */
};

/**
 * PWCL, PWCH, STLBPS and RVACFG for one of the formats above. Page table entries have 64 bits
 * (PTEWidth 0); a directory whose base is above 31 does not fit Dir2, so it is Dir3.
 *
 * @param valen  bits of a virtual address: CPUCFG word 1, VALEN (bits 19:12), + 1. Addresses with
 *               more bits than the tables tell apart would alias, but RVACFG makes up to 8 illegal.
 * @return AXADDR_INVALID for another format; AXADDR_UNSUPPORTED if the CPU's addresses cannot be
 *         made that short. *walk is untouched then.
 */
AXADDR_MUST_CHECK static inline enum axaddr_status
axaddr_loongarch64_walk(const struct axaddr_format *format, unsigned valen,
                        struct axaddr_loongarch64_walk_registers *walk) {
    unsigned width = format->input_width + (format->is_sign_extended ? 0u : 1u);
    unsigned reduction = valen > width ? valen - width : 0;
    unsigned level;

    if (format->empty != AXADDR_LOONGARCH64_ABSENT) {
        return AXADDR_INVALID;
    }
    if (reduction > 8) {
        return AXADDR_UNSUPPORTED;
    }
    walk->pwcl = format->shift[0] | (uint32_t)format->index_bits[0] << 5 |
                 (uint32_t)format->shift[1] << 10 | (uint32_t)format->index_bits[1] << 15;
    walk->pwch = 0;
    for (level = 2; level < format->level_count; level++) {
        if (format->shift[level] < 32) {
            walk->pwcl |= (uint32_t)format->shift[level] << 20 | (uint32_t)format->index_bits[level]
                                                                     << 25;
        } else {
            walk->pwch = format->shift[level] | (uint32_t)format->index_bits[level] << 6;
        }
    }
    walk->stlbps = format->shift[0];
    walk->rvacfg = reduction;
    return AXADDR_OK;
}

/**
 * PGDL (CSR 0x19) and PGDH (CSR 0x1a) for a table: its root, a physical address.
 * @return AXADDR_INVALID for one that is not aligned to the format's pages or above 48 bits
 */
AXADDR_MUST_CHECK static inline enum axaddr_status
axaddr_loongarch64_pgd(const struct axaddr_format *format, axaddr_hpa_t root, uint64_t *pgd) {
    if ((root.raw & axaddr_low_bits(format->shift[0])) != 0 || (root.raw >> 48) != 0) {
        return AXADDR_INVALID;
    }
    *pgd = root.raw;
    return AXADDR_OK;
}

/**
 * CSR.ASID (0x18), from what was read of it: ASIDBITS is in bits 23:16. Another table under an ASID
 * that was used before needs axaddr_loongarch64_flush_asid.
 * @return AXADDR_INVALID for an ASID of more bits than the CPU has
 */
AXADDR_MUST_CHECK static inline enum axaddr_status
axaddr_loongarch64_asid(uint32_t csr_asid, uint32_t asid, uint32_t *value) {
    unsigned bits = csr_asid >> 16 & 0xff;

    if (bits > AXADDR_LOONGARCH64_ASID_BITS || (asid >> bits) != 0) {
        return AXADDR_INVALID;
    }
    *value = (csr_asid & ~UINT32_C(0x3ff)) | asid;
    return AXADDR_OK;
}

/* ---- the refill of the TLB (4.2.5, 5.4.5, 6.3.4) ----
 *
 * The text of a handler, for a label that is aligned to 4 KiB and whose physical address is in
 * TLBRENTRY. It runs in direct address translation mode, and saves $t0 in TLBRSAVE.
 *
 *     __asm__(".balign 4096\nmy_refill:\n" AXADDR_LOONGARCH64_REFILL_48);
 *
 * LDDIR and LDPTE walk by TLBRBADV. If the even page is valid (as both halves of a huge one are),
 * that is all. If not, it is made what the odd one needs: global, if that is valid and global; and
 * as it may come from a directory, the pair is made one of pages. By number: PGD 0x1b, TLBRSAVE
 * 0x8b, TLBRELO0 0x8c, TLBRELO1 0x8d, TLBREHI 0x8e (PS: bits 5:0).
 */
#define AXADDR_LOONGARCH64_REFILL_39     AXADDR_LOONGARCH64_WALK_39 AXADDR_LOONGARCH64_FILL_4K
#define AXADDR_LOONGARCH64_REFILL_48     AXADDR_LOONGARCH64_WALK_48 AXADDR_LOONGARCH64_FILL_4K
#define AXADDR_LOONGARCH64_REFILL_16K_47 AXADDR_LOONGARCH64_WALK_16K_47 AXADDR_LOONGARCH64_FILL_16K

/* The first half: until the pair is in TLBRELO0 and TLBRELO1. */
#define AXADDR_LOONGARCH64_WALK_39 AXADDR_LOONGARCH64_WALK_("lddir $t0, $t0, 2\n")
#define AXADDR_LOONGARCH64_WALK_48                                                                 \
    AXADDR_LOONGARCH64_WALK_("lddir $t0, $t0, 3\nlddir $t0, $t0, 2\n")
#define AXADDR_LOONGARCH64_WALK_16K_47 AXADDR_LOONGARCH64_WALK_("lddir $t0, $t0, 3\n")
#define AXADDR_LOONGARCH64_WALK_(directories)                                                      \
    "csrwr $t0, 0x8b\n"                                                                            \
    "csrrd $t0, 0x1b\n" directories "lddir $t0, $t0, 1\n"                                          \
    "ldpte $t0, 0\n"                                                                               \
    "ldpte $t0, 1\n"

/* The second half. After addi.d bit 7 is set if V and G both were. */
#define AXADDR_LOONGARCH64_FILL_4K  AXADDR_LOONGARCH64_FILL_("12")
#define AXADDR_LOONGARCH64_FILL_16K AXADDR_LOONGARCH64_FILL_("14")
#define AXADDR_LOONGARCH64_FILL_(page_shift)                                                       \
    "csrrd $t0, 0x8c\n"                                                                            \
    "andi $t0, $t0, 1\n"                                                                           \
    "beqz $t0, 2f\n"                                                                               \
    "1: tlbfill\n"                                                                                 \
    "csrrd $t0, 0x8b\n"                                                                            \
    "ertn\n"                                                                                       \
    "2: csrrd $t0, 0x8d\n"                                                                         \
    "andi $t0, $t0, 0x41\n"                                                                        \
    "addi.d $t0, $t0, 0x3f\n"                                                                      \
    "srli.d $t0, $t0, 1\n"                                                                         \
    "andi $t0, $t0, 0x40\n"                                                                        \
    "csrwr $t0, 0x8c\n"                                                                            \
    "csrrd $t0, 0x8e\n"                                                                            \
    "bstrins.d $t0, $zero, 5, 0\n"                                                                 \
    "ori $t0, $t0, " page_shift "\n"                                                               \
    "csrwr $t0, 0x8e\n"                                                                            \
    "b 1b\n"

/* ---- decoding an exception (5.4.3.1, 7.4.6 to 7.4.9) ---- */

/** ESTAT.Ecode, bits 21:16. A TLB refill is none of these. */
enum axaddr_loongarch64_ecode {
    AXADDR_LOONGARCH64_PIL = 1, /**< a load found V 0 */
    AXADDR_LOONGARCH64_PIS = 2, /**< a store did */
    AXADDR_LOONGARCH64_PIF = 3, /**< a fetch did */
    AXADDR_LOONGARCH64_PME = 4, /**< a store found D 0 */
    AXADDR_LOONGARCH64_PNR = 5, /**< a load found NR 1 */
    AXADDR_LOONGARCH64_PNX = 6, /**< a fetch found NX 1 */
    AXADDR_LOONGARCH64_PPI = 7, /**< PLV does not permit any access */
    AXADDR_LOONGARCH64_ADE = 8, /**< ADEF, ADEM: an address that is not legal */
};

/** The registers of an exception, as it left them. */
struct axaddr_loongarch64_trap {
    uint64_t prmd;  /**< CSR 0x1: PPLV, bits 1:0 */
    uint64_t estat; /**< CSR 0x5 */
    uint64_t era;   /**< CSR 0x6 */
    uint64_t badv;  /**< CSR 0x7 */
    uint32_t badi;  /**< CSR 0x8: the instruction, for what the Ecode does not tell */
};

/** What a page fault was. */
struct axaddr_loongarch64_page_fault {
    axaddr_gva_t gva;   /**< the address accessed */
    uint32_t access;    /**< AXADDR_READ, WRITE or EXECUTE; and USER, if PLV 3 tried it */
    bool is_permission; /**< a valid entry was there and did not permit it */
};

/** Instructions 0x38xxxxxx, by bits 23:18: with an index register, atomic, bound checking. */
static inline bool axaddr_loongarch64_is_indexed_store(uint32_t instruction) {
    unsigned group = instruction >> 18 & 0x3f;

    switch (group) {
    case 0x15: /* sc.q; screl.w, screl.d; but not llacq.w, llacq.d (bits 15 and 10: 1, 0) */
        return (instruction & 0x8400) != 0x8000;
    case 0x1d: /* fstgt, fstle; but not fldgt, fldle */
        return (instruction & 0x20000) != 0;
    default: /* 4-7 stx, 0xe, 0xf fstx, 0x11 vstx, 0x13 xvstx, 0x16-0x1c am*, 0x1f stgt, stle */
        return group < 32 && (UINT32_C(0x9fcac0f0) >> group & 1) != 0;
    }
}

/** Whether a load or store instruction stores; those that do both count (appendix B). */
static inline bool axaddr_loongarch64_is_store(uint32_t instruction) {
    switch (instruction >> 24) {
    case 0x21: /* sc.w */
    case 0x23: /* sc.d */
    case 0x25: /* stptr.w */
    case 0x27: /* stptr.d */
    case 0x29: /* st.b to st.d */
    case 0x2f: /* stl, str */
    case 0x31: /* vstelm */
    case 0x33: /* xvstelm */
        return true;
    case 0x2b: /* fld, fst */
    case 0x2c: /* vld, vst, xvld, xvst */
        return (instruction & 0x400000) != 0;
    case 0x38:
        return axaddr_loongarch64_is_indexed_store(instruction);
    default:
        return false;
    }
}

/**
 * What a trap was after; 0 if it is none of ours. The Ecode tells, but for PPI, ADEF and ADEM:
 * there a fetch has its own address in BADV (a load of its own code cannot: that was fetched), and
 * of others the instruction tells.
 */
static inline uint32_t axaddr_loongarch64_access(const struct axaddr_loongarch64_trap *trap) {
    switch (trap->estat >> 16 & 0x3f) {
    case AXADDR_LOONGARCH64_PIL:
    case AXADDR_LOONGARCH64_PNR:
        return AXADDR_READ;
    case AXADDR_LOONGARCH64_PIS:
    case AXADDR_LOONGARCH64_PME:
        return AXADDR_WRITE;
    case AXADDR_LOONGARCH64_PIF:
    case AXADDR_LOONGARCH64_PNX:
        return AXADDR_EXECUTE;
    case AXADDR_LOONGARCH64_PPI:
    case AXADDR_LOONGARCH64_ADE:
        if (trap->badv == trap->era) {
            return AXADDR_EXECUTE;
        }
        return axaddr_loongarch64_is_store(trap->badi) ? AXADDR_WRITE : AXADDR_READ;
    default:
        return 0;
    }
}

/**
 * One of the exceptions above in words. PIL, PIS, PIF: axaddr_loongarch64_forget(BADV) comes before
 * handle_fault. An illegal address counts as one where no entry is.
 *
 * BADV has ones above the addresses of a half in PGDH: take them away before handle_fault.
 *
 * @return AXADDR_INVALID for any other exception; *fault is untouched then
 */
AXADDR_MUST_CHECK static inline enum axaddr_status
axaddr_loongarch64_decode(const struct axaddr_loongarch64_trap *trap,
                          struct axaddr_loongarch64_page_fault *fault) {
    unsigned ecode = (unsigned)(trap->estat >> 16) & 0x3f;
    uint32_t access = axaddr_loongarch64_access(trap);

    if (access == 0) {
        return AXADDR_INVALID;
    }
    fault->gva = axaddr_gva(trap->badv);
    fault->access = access | ((trap->prmd & 3) == 3 ? AXADDR_USER : 0);
    fault->is_permission = ecode >= AXADDR_LOONGARCH64_PME && ecode <= AXADDR_LOONGARCH64_PPI;
    return AXADDR_OK;
}

#endif /* AXADDR_ARCH_LOONGARCH64_H */
