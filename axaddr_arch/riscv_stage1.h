/* SPDX-License-Identifier: MIT
 *
 * riscv_stage1.h: RISC-V's one-stage tables: those of S-mode (HS-mode: the hypervisor's own), and of
 * a guest's VS-stage (RV64: Sv39, Sv48, Sv57; RV32: Sv32), and what surrounds them: satp, the
 * decoding of a page fault, TLB maintenance (riscv_tlb.h).
 *
 * Manual: The RISC-V Instruction Set Manual, Volume II: Privileged Architecture: "Sv32", "Sv39",
 * "Sv48", "Sv57", "Virtual Address Translation Process", "satp", "scause", "Svpbmt", "Svnapot", "Svade",
 * "Svadu", "Svvptc".
 *
 *     our level   spans      an entry is                          Sv32 spans
 *     4           256 TiB    table or leaf    (Sv57: its root)
 *     3           512 GiB    table or leaf    (Sv48: its root)
 *     2           1 GiB      table or leaf    (Sv39: its root)
 *     1           2 MiB      table or leaf                        4 MiB (its root)
 *     0           4 KiB      leaf                                 4 KiB
 *
 * Addresses are sign extended: bits 63:39 (63:48, 63:57) are all bit 38 (47, 56), or it faults.
 * Those of Sv32 have 32 bits.
 *
 *     63  62  61 60      54 53                      10 9 8  7 6 5 4 3 2 1 0
 *    | N | PBMT | reserved |   output address 55:12   | RSW |D A G U X W R V|
 *
 *    and of Sv32            31                      10 9 8  7 6 5 4 3 2 1 0
 *                          |   output address 33:12   | RSW |D A G U X W R V|
 *
 * What is held, and how
 *   READ, WRITE, EXECUTE   R, W, X. WRITE without READ is refused: the encoding is reserved.
 *   USER      U: user mode may access the page as the rights say. S-mode then never fetches from it,
 *             and reads and writes it only while sstatus.SUM is 1. Without USER user mode gets a
 *             fault.
 *   GLOBAL    G, in leaves: the page is in all address spaces, and an sfence.vma that names an ASID
 *             forgets it not (axaddr_riscv_stage1_flush: has_global). A pointer with G would make
 *             global all that is below it: none is made, and one that is found counts as absent.
 *   DEVICE, UNCACHED       as in riscv_gstage.h: by the physical memory attributes (DEVICE is only
 *             remembered, in RSW bit 8, and UNCACHED refused), or with the _svpbmt formats by PBMT.
 *             These need menvcfg.PBMTE, and in a guest henvcfg.PBMTE.
 *
 * A and D (riscv_common.h): with menvcfg.ADUE (in a guest: henvcfg.ADUE) 0 a hart works as Svade
 * says, and a leaf whose notes were cleared is a page fault, which handle_fault answers; with 1,
 * Svadu, it writes the bits itself.
 */
#ifndef AXADDR_ARCH_RISCV_STAGE1_H
#define AXADDR_ARCH_RISCV_STAGE1_H

#include "../axaddr_core/addr.h"
#include "../axaddr_core/base.h"
#include "../axaddr_core/flags.h"
#include "../axaddr_core/format.h"

#include "riscv_common.h"
#include "riscv_tlb.h"

/* ---- hooks that all formats share (format.h, riscv_common.h) ---- */

AXADDR_RISCV_HOOKS64_(axaddr_riscv_stage1)

/** D, A and U are reserved in a pointer; about G see above. `reserved`: what faults in a leaf. */
AXADDR_ALWAYS_INLINE enum axaddr_entry_kind
axaddr_riscv_stage1_classify(uint64_t entry, unsigned level, uint64_t reserved) {
    return axaddr_riscv_classify(entry, level, AXADDR_RISCV_VALID, reserved,
                                 AXADDR_RISCV_GLOBAL | AXADDR_RISCV_USER | AXADDR_RISCV_ACCESSED |
                                     AXADDR_RISCV_DIRTY | AXADDR_RISCV_PBMT |
                                     AXADDR_RISCV_RESERVED);
}

/** USER is where U is but for one bit to the left, G is one bit to the right of GLOBAL. */
AXADDR_ALWAYS_INLINE uint64_t axaddr_riscv_stage1_rights(uint32_t flags) {
    return axaddr_riscv_rights(flags) | ((uint64_t)(flags & AXADDR_USER) << 1) |
           ((flags & AXADDR_GLOBAL) >> 1);
}

AXADDR_ALWAYS_INLINE uint32_t axaddr_riscv_stage1_rights_of(uint64_t leaf) {
    return ((uint32_t)(leaf >> 1) & (AXADDR_ACCESS_FLAGS | AXADDR_USER)) |
           ((uint32_t)(leaf << 1) & AXADDR_GLOBAL);
}

/** EXECUTE is user mode's with USER, and S-mode's without: never one of a guest's modes. */
AXADDR_ALWAYS_INLINE bool axaddr_riscv_stage1_rights_fit(uint32_t flags) {
    return (flags & AXADDR_EXECUTE_MODES) == 0 && axaddr_riscv_rights_fit(flags);
}

/* ---- hooks without Svpbmt ---- */

static inline enum axaddr_entry_kind axaddr_riscv_stage1_kind_of(uint64_t entry, unsigned level) {
    return axaddr_riscv_stage1_classify(entry, level, AXADDR_RISCV_RESERVED | AXADDR_RISCV_PBMT);
}

static inline bool axaddr_riscv_stage1_can_hold(uint32_t flags) {
    return axaddr_riscv_stage1_rights_fit(flags) && (flags & AXADDR_UNCACHED) == 0;
}

static inline uint64_t axaddr_riscv_stage1_attributes_of(uint32_t flags, unsigned level) {
    (void)level;
    return axaddr_riscv_stage1_rights(flags) | axaddr_riscv_pma_type(flags);
}

static inline uint32_t axaddr_riscv_stage1_flags_of(uint64_t leaf, unsigned level) {
    (void)level;
    return axaddr_riscv_stage1_rights_of(leaf) | axaddr_riscv_pma_flags(leaf);
}

/* ---- hooks with Svpbmt ---- */

static inline enum axaddr_entry_kind axaddr_riscv_stage1_svpbmt_kind_of(uint64_t entry,
                                                                        unsigned level) {
    if ((entry & AXADDR_RISCV_PBMT) == AXADDR_RISCV_PBMT) {
        return AXADDR_ENTRY_ABSENT; /* 3 is reserved, and faults */
    }
    return axaddr_riscv_stage1_classify(entry, level, AXADDR_RISCV_RESERVED);
}

static inline bool axaddr_riscv_stage1_svpbmt_can_hold(uint32_t flags) {
    return axaddr_riscv_stage1_rights_fit(flags);
}

static inline uint64_t axaddr_riscv_stage1_svpbmt_attributes_of(uint32_t flags, unsigned level) {
    (void)level;
    return axaddr_riscv_stage1_rights(flags) | axaddr_riscv_pbmt_type(flags);
}

static inline uint32_t axaddr_riscv_stage1_svpbmt_flags_of(uint64_t leaf, unsigned level) {
    (void)level;
    return axaddr_riscv_stage1_rights_of(leaf) | axaddr_riscv_pbmt_flags(leaf);
}

/* ---- hooks with Svpbmt and Svnapot ---- */

static inline enum axaddr_entry_kind axaddr_riscv_stage1_svnapot_kind_of(uint64_t entry,
                                                                         unsigned level) {
    return axaddr_riscv_stage1_svpbmt_kind_of(axaddr_riscv_accept_napot(entry, level), level);
}

static inline bool axaddr_riscv_stage1_svnapot_can_hold(uint32_t flags) {
    return axaddr_riscv_stage1_rights_fit(flags);
}

static inline uint64_t axaddr_riscv_stage1_svnapot_attributes_of(uint32_t flags, unsigned level) {
    return axaddr_riscv_stage1_svpbmt_attributes_of(flags, level);
}

static inline uint32_t axaddr_riscv_stage1_svnapot_flags_of(uint64_t leaf, unsigned level) {
    return axaddr_riscv_stage1_svpbmt_flags_of(leaf, level);
}

/* ---- the formats ---- */

/* All that follows the geometry; `variant` is whose memory types the leaves have. */
#define AXADDR_RISCV_S1_HOOKS_(variant)                                                            \
    AXADDR_RISCV_DESCRIBE_(axaddr_riscv_stage1, variant, axaddr_riscv_stage1_make_run,             \
                           axaddr_riscv_stage1_plain_leaf)

/* Geometry of three, four or five levels; `log2_of_run` is 4 with Svnapot, 0 without. */
#define AXADDR_RISCV_SV39_(text, log2_of_run)                                                      \
    .name = text, .level_count = 3, .entry_shift = 3, .root_order = 0, .input_width = 39,          \
    .output_width = 56, .leaf_levels = 0x7, .is_sign_extended = true, .shift = {12, 21, 30, 0, 0}, \
    .index_bits = {9, 9, 9, 0, 0}, .run_bits = (log2_of_run), .run_levels = 0x1
#define AXADDR_RISCV_SV48_(text, log2_of_run)                                                      \
    .name = text, .level_count = 4, .entry_shift = 3, .root_order = 0, .input_width = 48,          \
    .output_width = 56, .leaf_levels = 0xf, .is_sign_extended = true,                              \
    .shift = {12, 21, 30, 39, 0}, .index_bits = {9, 9, 9, 9, 0}, .run_bits = (log2_of_run),        \
    .run_levels = 0x1
#define AXADDR_RISCV_SV57_(text, log2_of_run)                                                      \
    .name = text, .level_count = 5, .entry_shift = 3, .root_order = 0, .input_width = 57,          \
    .output_width = 56, .leaf_levels = 0x1f, .is_sign_extended = true,                             \
    .shift = {12, 21, 30, 39, 48}, .index_bits = {9, 9, 9, 9, 9}, .run_bits = (log2_of_run),       \
    .run_levels = 0x1

/** Sv39: 39-bit virtual addresses, satp mode 8. */
AXADDR_UNUSED static const struct axaddr_format axaddr_riscv_sv39 = {
    AXADDR_RISCV_SV39_("riscv_sv39", 0), AXADDR_RISCV_S1_HOOKS_(axaddr_riscv_stage1)};

/** Sv48: 48-bit virtual addresses, satp mode 9. */
AXADDR_UNUSED static const struct axaddr_format axaddr_riscv_sv48 = {
    AXADDR_RISCV_SV48_("riscv_sv48", 0), AXADDR_RISCV_S1_HOOKS_(axaddr_riscv_stage1)};

/** Sv57: 57-bit virtual addresses, satp mode 10. */
AXADDR_UNUSED static const struct axaddr_format axaddr_riscv_sv57 = {
    AXADDR_RISCV_SV57_("riscv_sv57", 0), AXADDR_RISCV_S1_HOOKS_(axaddr_riscv_stage1)};

/** All three on harts with Svpbmt. */
AXADDR_UNUSED static const struct axaddr_format axaddr_riscv_sv39_svpbmt = {
    AXADDR_RISCV_SV39_("riscv_sv39_svpbmt", 0), AXADDR_RISCV_S1_HOOKS_(axaddr_riscv_stage1_svpbmt)};
AXADDR_UNUSED static const struct axaddr_format axaddr_riscv_sv48_svpbmt = {
    AXADDR_RISCV_SV48_("riscv_sv48_svpbmt", 0), AXADDR_RISCV_S1_HOOKS_(axaddr_riscv_stage1_svpbmt)};
AXADDR_UNUSED static const struct axaddr_format axaddr_riscv_sv57_svpbmt = {
    AXADDR_RISCV_SV57_("riscv_sv57_svpbmt", 0), AXADDR_RISCV_S1_HOOKS_(axaddr_riscv_stage1_svpbmt)};

/** All three on harts with Svpbmt and Svnapot. */
AXADDR_UNUSED static const struct axaddr_format axaddr_riscv_sv39_svnapot = {
    AXADDR_RISCV_SV39_("riscv_sv39_svnapot", 4),
    AXADDR_RISCV_S1_HOOKS_(axaddr_riscv_stage1_svnapot)};
AXADDR_UNUSED static const struct axaddr_format axaddr_riscv_sv48_svnapot = {
    AXADDR_RISCV_SV48_("riscv_sv48_svnapot", 4),
    AXADDR_RISCV_S1_HOOKS_(axaddr_riscv_stage1_svnapot)};
AXADDR_UNUSED static const struct axaddr_format axaddr_riscv_sv57_svnapot = {
    AXADDR_RISCV_SV57_("riscv_sv57_svnapot", 4),
    AXADDR_RISCV_S1_HOOKS_(axaddr_riscv_stage1_svnapot)};

/* ---- Sv32: RV32 ---- */

AXADDR_RISCV_HOOKS32_(axaddr_riscv_sv32)

/** No bit is reserved in a leaf: 33:12 of the address take all that Sv39 reserves. */
static inline enum axaddr_entry_kind axaddr_riscv_sv32_kind_of(uint64_t entry, unsigned level) {
    return axaddr_riscv_classify(entry, level, AXADDR_RISCV_VALID, 0,
                                 AXADDR_RISCV_GLOBAL | AXADDR_RISCV_USER | AXADDR_RISCV_ACCESSED |
                                     AXADDR_RISCV_DIRTY);
}

/* Flags as without Svpbmt, which RV32 does not have. */

static inline bool axaddr_riscv_sv32_can_hold(uint32_t flags) {
    return axaddr_riscv_stage1_can_hold(flags);
}

static inline uint64_t axaddr_riscv_sv32_attributes_of(uint32_t flags, unsigned level) {
    return axaddr_riscv_stage1_attributes_of(flags, level);
}

static inline uint32_t axaddr_riscv_sv32_flags_of(uint64_t leaf, unsigned level) {
    return axaddr_riscv_stage1_flags_of(leaf, level);
}

/** Sv32: 32-bit virtual addresses, tables of 1024 entries of 32 bits. */
AXADDR_UNUSED static const struct axaddr_format axaddr_riscv_sv32 = {
    AXADDR_RISCV_32_("riscv_sv32", 0, 32, 10),
    AXADDR_RISCV_DESCRIBE_(axaddr_riscv_sv32, axaddr_riscv_sv32, 0, 0)};

/* ---- the register around a table ("satp") ---- */

/** Bits of satp.ASID (SXLEN 64); a hart may have fewer: write all ones and see what stays. */
#define AXADDR_RISCV_ASID_BITS 16

/**
 * satp (SXLEN 64; vsatp is alike) for one of the formats above: MODE in bits 63:60, ASID in 59:44,
 * the root's PPN in 43:0. Hardware ignores the write of a MODE that it does not have, so read it
 * back; and a change of satp forgets nothing: an ASID that was used for another table before needs
 * an sfence.vma.
 * @return AXADDR_INVALID for a root that is not aligned to 4 KiB or above 56 bits, an ASID above 16
 *         bits, or a format that is none of RV64's one-stage ones
 */
AXADDR_MUST_CHECK static inline enum axaddr_status
axaddr_riscv_stage1_satp(const struct axaddr_format *format, axaddr_hpa_t root, uint32_t asid,
                         uint64_t *satp) {
    uint64_t mode = format->level_count + 5u; /* 8: Sv39, three levels; 9: Sv48; 10: Sv57 */
    bool is_format = format->root_order == 0 && format->output_width == 56;

    if (!is_format || (root.raw & 0xfff) != 0 || (root.raw >> 56) != 0 ||
        (asid >> AXADDR_RISCV_ASID_BITS) != 0) {
        return AXADDR_INVALID;
    }
    *satp = (mode << 60) | ((uint64_t)asid << 44) | (root.raw >> 12);
    return AXADDR_OK;
}

/** Bits of satp.ASID with SXLEN 32, of which a hart may have fewer. */
#define AXADDR_RISCV_ASID32_BITS 9

/**
 * satp (vsatp) with SXLEN 32, for axaddr_riscv_sv32: MODE in bit 31, ASID in 30:22, the root's PPN
 * in 21:0.
 * @return AXADDR_INVALID for a root that is not aligned to 4 KiB or above 34 bits, or an ASID above
 *         9 bits
 */
AXADDR_MUST_CHECK static inline enum axaddr_status
axaddr_riscv_sv32_satp(axaddr_hpa_t root, uint32_t asid, uint32_t *satp) {
    if ((root.raw & 0xfff) != 0 || (root.raw >> 34) != 0 ||
        (asid >> AXADDR_RISCV_ASID32_BITS) != 0) {
        return AXADDR_INVALID;
    }
    *satp = UINT32_C(0x80000000) | (asid << 22) | (uint32_t)(root.raw >> 12);
    return AXADDR_OK;
}

/* ---- decoding a page fault ("scause", "stval") ---- */

#define AXADDR_RISCV_CAUSE_FETCH_PAGE 12
#define AXADDR_RISCV_CAUSE_LOAD_PAGE  13
#define AXADDR_RISCV_CAUSE_STORE_PAGE 15

/** sstatus.SPP: the trap was taken from S-mode. */
#define AXADDR_RISCV_SSTATUS_SPP UINT64_C(0x100)

/** What a page fault of one-stage tables was. */
struct axaddr_riscv_page_fault {
    axaddr_gva_t gva; /**< the address accessed; 0 may also mean that the hart does not tell it */
    uint32_t access;  /**< AXADDR_READ, WRITE or EXECUTE; and USER, if user mode tried it */
};

/**
 * A page fault taken to S-mode, in words. It is not told whether an entry was there, nor whether it
 * only lacked A or D (Svade).
 *
 * stval is the address; for a fetch across two pages the part that faulted, for other accesses too.
 * Without Sstvala a hart may leave it 0. An AMO, SC or LR counts as the manual says: AMO and SC are
 * stores, LR is a load.
 *
 * @param sstatus  of the trap: its SPP tells the mode (for a guest's own faults vsstatus; for those
 *                 that a hypervisor takes while a VM runs, hedeleg's bit clear, sstatus as well:
 *                 hstatus.SPV is 1 then)
 * @return AXADDR_INVALID if scause is none of 12, 13 and 15
 */
AXADDR_MUST_CHECK static inline enum axaddr_status
axaddr_riscv_stage1_decode(uint64_t scause, uint64_t stval, uint64_t sstatus,
                           struct axaddr_riscv_page_fault *fault) {
    uint32_t access;

    if (scause == AXADDR_RISCV_CAUSE_FETCH_PAGE) {
        access = AXADDR_EXECUTE;
    } else if (scause == AXADDR_RISCV_CAUSE_LOAD_PAGE) {
        access = AXADDR_READ;
    } else if (scause == AXADDR_RISCV_CAUSE_STORE_PAGE) {
        access = AXADDR_WRITE;
    } else {
        return AXADDR_INVALID;
    }
    fault->gva = axaddr_gva(stval);
    fault->access = access | ((sstatus & AXADDR_RISCV_SSTATUS_SPP) != 0 ? 0 : AXADDR_USER);
    return AXADDR_OK;
}

#endif /* AXADDR_ARCH_RISCV_STAGE1_H */
