/* SPDX-License-Identifier: MIT
 *
 * riscv_gstage.h: RISC-V G-stage tables (RV64: Sv39x4, Sv48x4, Sv57x4; RV32: Sv32x4), and what
 * surrounds them: hgatp, the decoding of a guest-page fault, TLB maintenance (riscv_tlb.h).
 *
 * Manual: The RISC-V Instruction Set Manual, Volume II: Privileged Architecture: "Hypervisor
 * extension" (Two-Stage Address Translation, Traps, hgatp, hfence), "Sv32", "Sv39", "Sv48" and
 * "Sv57" for the entries, which are the same here but for the U bit, "Svpbmt", "Svade", "Svadu",
 * "Svvptc".
 *
 *     our level   spans      an entry is                          Sv32x4 spans
 *     4           256 TiB    table or leaf    (Sv57x4: its root)
 *     3           512 GiB    table or leaf    (Sv48x4: its root)
 *     2           1 GiB      table or leaf    (Sv39x4: its root)
 *     1           2 MiB      table or leaf                        4 MiB (its root)
 *     0           4 KiB      leaf                                 4 KiB
 *
 * The root has 2 index bits more than other tables: 16 KiB, aligned to 16 KiB.
 *
 *     63  62  61 60      54 53                      10 9 8  7 6 5 4 3 2 1 0
 *    | N | PBMT | reserved |   output address 55:12   | RSW |D A G U X W R V|
 *
 *    and of Sv32x4          31                      10 9 8  7 6 5 4 3 2 1 0
 *                          |   output address 33:12   | RSW |D A G U X W R V|
 *
 * Memory types. Without Svpbmt they come from the physical memory attributes (PMA) of the output
 * address: a device's registers are I/O whatever the table says, so DEVICE is only remembered (in
 * RSW bit 8), and UNCACHED is refused, for RAM would stay cached. The _svpbmt formats write the
 * PBMT field instead; they need menvcfg.PBMTE. With henvcfg.PBMTE as well, a guest's VS-stage PBMT
 * overrides the G-stage's: leave that 0 where a guest must not choose.
 *
 * A and D (riscv_common.h): with menvcfg.ADUE 0 a hart works as Svade says, and a leaf whose notes
 * were cleared is a guest-page fault, which handle_fault answers; with 1, Svadu, it writes the bits
 * itself. henvcfg.ADUE, which is the hypervisor's to set, is about the guest's own tables only.
 */
#ifndef AXADDR_ARCH_RISCV_GSTAGE_H
#define AXADDR_ARCH_RISCV_GSTAGE_H

#include "../axaddr_core/addr.h"
#include "../axaddr_core/base.h"
#include "../axaddr_core/exit.h"
#include "../axaddr_core/flags.h"
#include "../axaddr_core/format.h"

#include "riscv_common.h"
#include "riscv_tlb.h"

/* ---- entry bits: those of riscv_common.h, which says what they are ---- */

#define AXADDR_RISCV_G_VALID       AXADDR_RISCV_VALID
#define AXADDR_RISCV_G_READ        AXADDR_RISCV_READ
#define AXADDR_RISCV_G_WRITE       AXADDR_RISCV_WRITE
#define AXADDR_RISCV_G_EXECUTE     AXADDR_RISCV_EXECUTE
/** Always set in leaves: every G-stage access is checked as one of user mode. */
#define AXADDR_RISCV_G_USER        AXADDR_RISCV_USER
#define AXADDR_RISCV_G_ACCESSED    AXADDR_RISCV_ACCESSED
#define AXADDR_RISCV_G_DIRTY       AXADDR_RISCV_DIRTY
#define AXADDR_RISCV_G_NOTE_DEVICE AXADDR_RISCV_NOTE_DEVICE
#define AXADDR_RISCV_G_PPN_SHIFT   AXADDR_RISCV_PPN_SHIFT
#define AXADDR_RISCV_G_PPN         AXADDR_RISCV_PPN
#define AXADDR_RISCV_G_PBMT        AXADDR_RISCV_PBMT
#define AXADDR_RISCV_G_PBMT_NC     AXADDR_RISCV_PBMT_NC
#define AXADDR_RISCV_G_PBMT_IO     AXADDR_RISCV_PBMT_IO
#define AXADDR_RISCV_G_RESERVED    AXADDR_RISCV_RESERVED
#define AXADDR_RISCV_G_NAPOT       AXADDR_RISCV_NAPOT
#define AXADDR_RISCV_G_RUN_PPN     AXADDR_RISCV_RUN_PPN
#define AXADDR_RISCV_G_RUN_64K     AXADDR_RISCV_RUN_64K

/* ---- hooks that all formats share (format.h, riscv_common.h) ---- */

AXADDR_RISCV_HOOKS64_(axaddr_riscv_gstage)

/**
 * A leaf that user mode cannot reach is absent to a guest. G is ignored in a leaf and a pointer
 * (the manual reserves it here, and tells hardware to ignore it); D, A and U are not to be in a
 * pointer. `reserved` are the bits that fault in a leaf.
 */
AXADDR_ALWAYS_INLINE enum axaddr_entry_kind
axaddr_riscv_gstage_classify(uint64_t entry, unsigned level, uint64_t reserved) {
    return axaddr_riscv_classify(entry, level, AXADDR_RISCV_VALID | AXADDR_RISCV_USER, reserved,
                                 AXADDR_RISCV_USER | AXADDR_RISCV_ACCESSED | AXADDR_RISCV_DIRTY |
                                     AXADDR_RISCV_PBMT | AXADDR_RISCV_RESERVED);
}

AXADDR_ALWAYS_INLINE uint64_t axaddr_riscv_gstage_common_attributes(uint32_t flags) {
    return AXADDR_RISCV_USER | axaddr_riscv_rights(flags);
}

/** No USER, for the guest's user mode is not told apart, and nothing that only stage 1 has. */
AXADDR_ALWAYS_INLINE bool axaddr_riscv_gstage_rights_fit(uint32_t flags) {
    return (flags & (AXADDR_USER | AXADDR_SPECIAL_FLAGS)) == 0 && axaddr_riscv_rights_fit(flags);
}

/* ---- hooks without Svpbmt ---- */

static inline enum axaddr_entry_kind axaddr_riscv_gstage_kind_of(uint64_t entry, unsigned level) {
    return axaddr_riscv_gstage_classify(entry, level, AXADDR_RISCV_RESERVED | AXADDR_RISCV_PBMT);
}

static inline bool axaddr_riscv_gstage_can_hold(uint32_t flags) {
    return axaddr_riscv_gstage_rights_fit(flags) && (flags & AXADDR_UNCACHED) == 0;
}

static inline uint64_t axaddr_riscv_gstage_attributes_of(uint32_t flags, unsigned level) {
    (void)level;
    return axaddr_riscv_gstage_common_attributes(flags) | axaddr_riscv_pma_type(flags);
}

static inline uint32_t axaddr_riscv_gstage_flags_of(uint64_t leaf, unsigned level) {
    (void)level;
    return ((uint32_t)(leaf >> 1) & AXADDR_ACCESS_FLAGS) | axaddr_riscv_pma_flags(leaf);
}

/* ---- hooks with Svpbmt ---- */

static inline enum axaddr_entry_kind axaddr_riscv_gstage_svpbmt_kind_of(uint64_t entry,
                                                                        unsigned level) {
    if ((entry & AXADDR_RISCV_PBMT) == AXADDR_RISCV_PBMT) {
        return AXADDR_ENTRY_ABSENT; /* 3 is reserved, and faults */
    }
    return axaddr_riscv_gstage_classify(entry, level, AXADDR_RISCV_RESERVED);
}

static inline bool axaddr_riscv_gstage_svpbmt_can_hold(uint32_t flags) {
    return axaddr_riscv_gstage_rights_fit(flags);
}

static inline uint64_t axaddr_riscv_gstage_svpbmt_attributes_of(uint32_t flags, unsigned level) {
    (void)level;
    return axaddr_riscv_gstage_common_attributes(flags) | axaddr_riscv_pbmt_type(flags);
}

static inline uint32_t axaddr_riscv_gstage_svpbmt_flags_of(uint64_t leaf, unsigned level) {
    (void)level;
    return ((uint32_t)(leaf >> 1) & AXADDR_ACCESS_FLAGS) | axaddr_riscv_pbmt_flags(leaf);
}

/* ---- hooks with Svpbmt and Svnapot ---- */

static inline enum axaddr_entry_kind axaddr_riscv_gstage_svnapot_kind_of(uint64_t entry,
                                                                         unsigned level) {
    return axaddr_riscv_gstage_svpbmt_kind_of(axaddr_riscv_accept_napot(entry, level), level);
}

static inline bool axaddr_riscv_gstage_svnapot_can_hold(uint32_t flags) {
    return axaddr_riscv_gstage_rights_fit(flags);
}

static inline uint64_t axaddr_riscv_gstage_svnapot_attributes_of(uint32_t flags, unsigned level) {
    return axaddr_riscv_gstage_svpbmt_attributes_of(flags, level);
}

static inline uint32_t axaddr_riscv_gstage_svnapot_flags_of(uint64_t leaf, unsigned level) {
    return axaddr_riscv_gstage_svpbmt_flags_of(leaf, level);
}

/* ---- the formats ---- */

/* All that follows the geometry; `variant` is whose memory types the leaves have. */
#define AXADDR_RISCV_G_HOOKS_(variant)                                                             \
    AXADDR_RISCV_DESCRIBE_(axaddr_riscv_gstage, variant, axaddr_riscv_gstage_make_run,             \
                           axaddr_riscv_gstage_plain_leaf)

/* Geometry of three, four or five levels; `log2_of_run` is 4 with Svnapot, 0 without. */
#define AXADDR_RISCV_G_SV39X4_(text, log2_of_run)                                                  \
    .name = text, .level_count = 3, .entry_shift = 3, .root_order = 2, .input_width = 41,          \
    .output_width = 56, .leaf_levels = 0x7, .is_sign_extended = false,                             \
    .shift = {12, 21, 30, 0, 0}, .index_bits = {9, 9, 11, 0, 0}, .run_bits = (log2_of_run),        \
    .run_levels = 0x1
#define AXADDR_RISCV_G_SV48X4_(text, log2_of_run)                                                  \
    .name = text, .level_count = 4, .entry_shift = 3, .root_order = 2, .input_width = 50,          \
    .output_width = 56, .leaf_levels = 0xf, .is_sign_extended = false,                             \
    .shift = {12, 21, 30, 39, 0}, .index_bits = {9, 9, 9, 11, 0}, .run_bits = (log2_of_run),       \
    .run_levels = 0x1
#define AXADDR_RISCV_G_SV57X4_(text, log2_of_run)                                                  \
    .name = text, .level_count = 5, .entry_shift = 3, .root_order = 2, .input_width = 59,          \
    .output_width = 56, .leaf_levels = 0x1f, .is_sign_extended = false,                            \
    .shift = {12, 21, 30, 39, 48}, .index_bits = {9, 9, 9, 9, 11}, .run_bits = (log2_of_run),      \
    .run_levels = 0x1

/** Sv39x4: 41-bit guest-physical addresses, hgatp mode 8. (QEMU 7.2 faults for ever on bit 40.) */
AXADDR_UNUSED static const struct axaddr_format axaddr_riscv_sv39x4 = {
    AXADDR_RISCV_G_SV39X4_("riscv_sv39x4", 0), AXADDR_RISCV_G_HOOKS_(axaddr_riscv_gstage)};

/** Sv48x4: 50-bit guest-physical addresses, hgatp mode 9. */
AXADDR_UNUSED static const struct axaddr_format axaddr_riscv_sv48x4 = {
    AXADDR_RISCV_G_SV48X4_("riscv_sv48x4", 0), AXADDR_RISCV_G_HOOKS_(axaddr_riscv_gstage)};

/** Sv57x4: 59-bit guest-physical addresses, hgatp mode 10. */
AXADDR_UNUSED static const struct axaddr_format axaddr_riscv_sv57x4 = {
    AXADDR_RISCV_G_SV57X4_("riscv_sv57x4", 0), AXADDR_RISCV_G_HOOKS_(axaddr_riscv_gstage)};

/** All three on harts with Svpbmt. */
AXADDR_UNUSED static const struct axaddr_format axaddr_riscv_sv39x4_svpbmt = {
    AXADDR_RISCV_G_SV39X4_("riscv_sv39x4_svpbmt", 0),
    AXADDR_RISCV_G_HOOKS_(axaddr_riscv_gstage_svpbmt)};
AXADDR_UNUSED static const struct axaddr_format axaddr_riscv_sv48x4_svpbmt = {
    AXADDR_RISCV_G_SV48X4_("riscv_sv48x4_svpbmt", 0),
    AXADDR_RISCV_G_HOOKS_(axaddr_riscv_gstage_svpbmt)};
AXADDR_UNUSED static const struct axaddr_format axaddr_riscv_sv57x4_svpbmt = {
    AXADDR_RISCV_G_SV57X4_("riscv_sv57x4_svpbmt", 0),
    AXADDR_RISCV_G_HOOKS_(axaddr_riscv_gstage_svpbmt)};

/** All three on harts with Svpbmt and Svnapot, as RVA22 and RVA23 profiles have them. */
AXADDR_UNUSED static const struct axaddr_format axaddr_riscv_sv39x4_svnapot = {
    AXADDR_RISCV_G_SV39X4_("riscv_sv39x4_svnapot", 4),
    AXADDR_RISCV_G_HOOKS_(axaddr_riscv_gstage_svnapot)};
AXADDR_UNUSED static const struct axaddr_format axaddr_riscv_sv48x4_svnapot = {
    AXADDR_RISCV_G_SV48X4_("riscv_sv48x4_svnapot", 4),
    AXADDR_RISCV_G_HOOKS_(axaddr_riscv_gstage_svnapot)};
AXADDR_UNUSED static const struct axaddr_format axaddr_riscv_sv57x4_svnapot = {
    AXADDR_RISCV_G_SV57X4_("riscv_sv57x4_svnapot", 4),
    AXADDR_RISCV_G_HOOKS_(axaddr_riscv_gstage_svnapot)};

/* ---- Sv32x4: RV32 ---- */

AXADDR_RISCV_HOOKS32_(axaddr_riscv_sv32x4)

/** No bit is reserved in a leaf: 33:12 of the address take all that Sv39 reserves. */
static inline enum axaddr_entry_kind axaddr_riscv_sv32x4_kind_of(uint64_t entry, unsigned level) {
    return axaddr_riscv_classify(entry, level, AXADDR_RISCV_VALID | AXADDR_RISCV_USER, 0,
                                 AXADDR_RISCV_USER | AXADDR_RISCV_ACCESSED | AXADDR_RISCV_DIRTY);
}

/* Flags as without Svpbmt, which RV32 does not have. */

static inline bool axaddr_riscv_sv32x4_can_hold(uint32_t flags) {
    return axaddr_riscv_gstage_can_hold(flags);
}

static inline uint64_t axaddr_riscv_sv32x4_attributes_of(uint32_t flags, unsigned level) {
    return axaddr_riscv_gstage_attributes_of(flags, level);
}

static inline uint32_t axaddr_riscv_sv32x4_flags_of(uint64_t leaf, unsigned level) {
    return axaddr_riscv_gstage_flags_of(leaf, level);
}

/** Sv32x4: 34-bit guest-physical addresses, a root of 4096 entries of 32 bits. */
AXADDR_UNUSED static const struct axaddr_format axaddr_riscv_sv32x4 = {
    AXADDR_RISCV_32_("riscv_sv32x4", 2, 34, 12),
    AXADDR_RISCV_DESCRIBE_(axaddr_riscv_sv32x4, axaddr_riscv_sv32x4, 0, 0)};

/**
 * With the root chosen by init_sized: three levels for Sv39x4, four for Sv48x4, five for Sv57x4;
 * the root has 2^11 entries in each.
 */
AXADDR_UNUSED static const struct axaddr_format axaddr_riscv_gstage = {
    .name = "riscv_gstage",
    .level_count = 5,
    .entry_shift = 3,
    .root_order = 2,
    .input_width = 59,
    .output_width = 56,
    .leaf_levels = 0x1f,
    .is_sign_extended = false,
    .shift = {12, 21, 30, 39, 48},
    .index_bits = {9, 9, 9, 9, 9},
    .run_bits = 0,
    .run_levels = 0,
    .is_sized = true,
    AXADDR_RISCV_G_HOOKS_(axaddr_riscv_gstage)};

/* ---- the register around a table ("hgatp") ---- */

/** Bits of hgatp.VMID (HSXLEN 64); a hart may have fewer: write all ones and see what stays. */
#define AXADDR_RISCV_VMID_BITS 14

/**
 * hgatp (HSXLEN 64) for a table with a root of `geometry` (for axaddr_riscv_gstage what init_sized
 * was given): MODE in bits 63:60, VMID in 57:44, the root's PPN in 43:0. Hardware ignores the write
 * of a MODE that it does not have, so read it back; and a change of VMID needs an hfence.gvma only
 * where the VMID was used for another table before.
 * @return AXADDR_INVALID for a root that is not aligned to 16 KiB or above 56 bits, a VMID above 14
 *         bits, a format that is none of the G-stage's of RV64, or a geometry that is none of its
 *         three: 2^11 entries in the root of three, four or five levels
 */
AXADDR_MUST_CHECK static inline enum axaddr_status
axaddr_riscv_gstage_hgatp_sized(const struct axaddr_format *format,
                                const struct axaddr_geometry *geometry, axaddr_hpa_t root,
                                uint32_t vmid, uint64_t *hgatp) {
    uint64_t mode = geometry->level_count + 5u; /* 8: Sv39x4, three levels; 9: Sv48x4; 10: Sv57x4 */
    bool is_format = format->root_order == 2 && format->output_width == 56 &&
                     axaddr_geometry_fits(format, geometry) && geometry->root_bits == 11 &&
                     geometry->level_count >= 3;

    if (!is_format || (root.raw & 0x3fff) != 0 || (root.raw >> 56) != 0 ||
        (vmid >> AXADDR_RISCV_VMID_BITS) != 0) {
        return AXADDR_INVALID;
    }
    *hgatp = (mode << 60) | ((uint64_t)vmid << 44) | (root.raw >> 12);
    return AXADDR_OK;
}

/** The same for a format whose root is not chosen, or is the widest. */
AXADDR_MUST_CHECK static inline enum axaddr_status
axaddr_riscv_gstage_hgatp(const struct axaddr_format *format, axaddr_hpa_t root, uint32_t vmid,
                          uint64_t *hgatp) {
    struct axaddr_geometry geometry = axaddr_geometry_of(format);

    return axaddr_riscv_gstage_hgatp_sized(format, &geometry, root, vmid, hgatp);
}

/** Bits of hgatp.VMID with HSXLEN 32, of which a hart may have fewer. */
#define AXADDR_RISCV_VMID32_BITS 7

/**
 * hgatp with HSXLEN 32, for axaddr_riscv_sv32x4: MODE in bit 31, VMID in 28:22, the root's PPN in
 * 21:0.
 * @return AXADDR_INVALID for a root that is not aligned to 16 KiB or above 34 bits, or a VMID above
 *         7 bits
 */
AXADDR_MUST_CHECK static inline enum axaddr_status
axaddr_riscv_sv32x4_hgatp(axaddr_hpa_t root, uint32_t vmid, uint32_t *hgatp) {
    if ((root.raw & 0x3fff) != 0 || (root.raw >> 34) != 0 ||
        (vmid >> AXADDR_RISCV_VMID32_BITS) != 0) {
        return AXADDR_INVALID;
    }
    *hgatp = UINT32_C(0x80000000) | (vmid << 22) | (uint32_t)(root.raw >> 12);
    return AXADDR_OK;
}

/* ---- decoding a guest-page fault ("Guest-Page Faults", "htinst") ---- */

#define AXADDR_RISCV_CAUSE_FETCH_GUEST_PAGE 20
#define AXADDR_RISCV_CAUSE_LOAD_GUEST_PAGE  21
#define AXADDR_RISCV_CAUSE_STORE_GUEST_PAGE 23

/**
 * A guest-page fault taken to HS-mode, in words.
 *
 * htval is the guest-physical address shifted right by 2; its low 2 bits are those of stval. If
 * the fault was met by the VS-stage walk, htinst holds a pseudoinstruction (the manual demands it
 * wherever htval tells the address), htval is the address of the guest's entry, and the access is
 * the walk's: a read, or the update of A and D. is_permission is never told.
 *
 * A hart may leave htval 0 ("either zero or the guest physical address"; Shtvala forbids it),
 * which looks like address 0: on such a hart the caller must walk the guest's tables itself. For a
 * fault of the hypervisor's own HLVX (hstatus.SPV is 0) a load is reported, but it needs EXECUTE.
 *
 * @return AXADDR_INVALID if scause is none of 20, 21 and 23
 */
AXADDR_MUST_CHECK static inline enum axaddr_status
axaddr_riscv_gstage_decode(uint64_t scause, uint64_t stval, uint64_t htval, uint64_t htinst,
                           struct axaddr_exit *exit) {
    bool is_walk_read = htinst == 0x2000 || htinst == 0x3000;  /* RV32, RV64 guests */
    bool is_walk_write = htinst == 0x2020 || htinst == 0x3020; /* the same */
    bool is_walk = is_walk_read || is_walk_write;
    uint32_t access;

    if (scause == AXADDR_RISCV_CAUSE_FETCH_GUEST_PAGE) {
        access = AXADDR_EXECUTE;
    } else if (scause == AXADDR_RISCV_CAUSE_LOAD_GUEST_PAGE) {
        access = AXADDR_READ;
    } else if (scause == AXADDR_RISCV_CAUSE_STORE_GUEST_PAGE) {
        access = AXADDR_WRITE;
    } else {
        return AXADDR_INVALID;
    }
    if (is_walk) {
        access = is_walk_write ? AXADDR_WRITE : AXADDR_READ;
    }
    exit->access = access;
    exit->gpa = axaddr_gpa((htval << 2) | (is_walk ? 0 : stval & 3));
    exit->is_page_only = false;
    exit->is_guest_walk = is_walk;
    exit->is_permission = false;
    exit->is_gva_valid = stval != 0; /* 0 is also what a hart writes that does not tell */
    exit->gva = axaddr_gva(stval);
    return AXADDR_OK;
}

#endif /* AXADDR_ARCH_RISCV_GSTAGE_H */
