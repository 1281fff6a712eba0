/* SPDX-License-Identifier: MIT
 *
 * riscv_gstage.h: RISC-V G-stage tables (RV64: Sv39x4, Sv48x4), and what surrounds them: hgatp, the
 * decoding of a guest-page fault, TLB maintenance (riscv_tlb.h).
 *
 * Manual: The RISC-V Instruction Set Manual, Volume II: Privileged Architecture: "Hypervisor
 * extension" (Two-Stage Address Translation, Traps, hgatp, hfence), "Sv39" and "Sv48" for the
 * entries, which are the same here but for the U bit, "Svpbmt", "Svade", "Svvptc".
 *
 *     our level   spans      an entry is
 *     3           512 GiB    table or leaf    (Sv48x4 only: its root)
 *     2           1 GiB      table or leaf    (Sv39x4: its root)
 *     1           2 MiB      table or leaf
 *     0           4 KiB      leaf
 *
 * The root has 2 index bits more than other tables: 16 KiB, aligned to 16 KiB.
 *
 *     63  62  61 60      54 53                      10 9 8  7 6 5 4 3 2 1 0
 *    | N | PBMT | reserved |   output address 55:12   | RSW |D A G U X W R V|
 *
 * Memory types. Without Svpbmt they come from the physical memory attributes (PMA) of the output
 * address: a device's registers are I/O whatever the table says, so DEVICE is only remembered (in
 * RSW bit 8), and UNCACHED is refused, for RAM would stay cached. The _svpbmt formats write the
 * PBMT field instead; they need menvcfg.PBMTE. With henvcfg.PBMTE as well, a guest's VS-stage PBMT
 * overrides the G-stage's: leave that 0 where a guest must not choose.
 */
#ifndef AXADDR_ARCH_RISCV_GSTAGE_H
#define AXADDR_ARCH_RISCV_GSTAGE_H

#include "../axaddr_core/absent.h"
#include "../axaddr_core/addr.h"
#include "../axaddr_core/base.h"
#include "../axaddr_core/exit.h"
#include "../axaddr_core/flags.h"
#include "../axaddr_core/format.h"

#include "riscv_tlb.h"

/* ---- entry bits ("Sv39: Virtual-Memory System", figure of the entry) ---- */

#define AXADDR_RISCV_G_VALID       UINT64_C(0x01)
#define AXADDR_RISCV_G_READ        UINT64_C(0x02)
#define AXADDR_RISCV_G_WRITE       UINT64_C(0x04)
#define AXADDR_RISCV_G_EXECUTE     UINT64_C(0x08)
/** Always set in leaves: every G-stage access is checked as one of user mode. */
#define AXADDR_RISCV_G_USER        UINT64_C(0x10)
#define AXADDR_RISCV_G_ACCESSED    UINT64_C(0x40)
#define AXADDR_RISCV_G_DIRTY       UINT64_C(0x80)
/** Software's (RSW): a device, where the format has no PBMT to say so. */
#define AXADDR_RISCV_G_NOTE_DEVICE UINT64_C(0x100)
#define AXADDR_RISCV_G_PPN_SHIFT   10
#define AXADDR_RISCV_G_PPN         UINT64_C(0x003ffffffffffc00)
#define AXADDR_RISCV_G_PBMT        (UINT64_C(3) << 61)
#define AXADDR_RISCV_G_PBMT_NC     (UINT64_C(1) << 61)
#define AXADDR_RISCV_G_PBMT_IO     (UINT64_C(2) << 61)
/** Bits 63 (but for Svnapot) and 60:54: hardware faults if one is set. */
#define AXADDR_RISCV_G_RESERVED    UINT64_C(0x9fc0000000000000)
/** Svnapot: N, and the four bits of the PPN that then encode the size. */
#define AXADDR_RISCV_G_NAPOT       (UINT64_C(1) << 63)
#define AXADDR_RISCV_G_RUN_PPN     (UINT64_C(0xf) << 10)
#define AXADDR_RISCV_G_RUN_64K     (UINT64_C(0x8) << 10)

AXADDR_STATIC_ASSERT(AXADDR_READ == 1 && AXADDR_WRITE == 2 && AXADDR_EXECUTE == 4,
                     "R, W and X are bits 1, 2 and 3 of an entry (privileged manual, Sv39)");

/* ---- hooks that all four formats share (format.h) ---- */

/**
 * The walk of "Virtual Address Translation Process", steps 3 to 5, with whatever faults there
 * called absent: V clear, W without R, reserved bits, a non-leaf with D, A or U set or at level 0,
 * a leaf that user mode cannot reach. `reserved` are the bits that fault in a leaf.
 */
AXADDR_ALWAYS_INLINE enum axaddr_entry_kind
axaddr_riscv_gstage_classify(uint64_t entry, unsigned level, uint64_t reserved) {
    uint64_t rights = AXADDR_RISCV_G_READ | AXADDR_RISCV_G_WRITE | AXADDR_RISCV_G_EXECUTE;
    uint64_t leaf_only = AXADDR_RISCV_G_USER | AXADDR_RISCV_G_ACCESSED | AXADDR_RISCV_G_DIRTY |
                         AXADDR_RISCV_G_PBMT | AXADDR_RISCV_G_RESERVED;
    uint64_t must = AXADDR_RISCV_G_VALID | AXADDR_RISCV_G_USER;

    if (level > 0 &&
        (entry & (AXADDR_RISCV_G_VALID | rights | leaf_only)) == AXADDR_RISCV_G_VALID) {
        return AXADDR_ENTRY_TABLE;
    }
    /* XWR 001, 011, 100, 101 and 111 are leaves: bits 1, 3, 4, 5 and 7 of 0xba. */
    if ((entry & (must | reserved)) == must && ((0xbau >> ((entry & rights) >> 1)) & 1) != 0) {
        return AXADDR_ENTRY_LEAF;
    }
    return AXADDR_ENTRY_ABSENT;
}

static inline uint64_t axaddr_riscv_gstage_make_leaf(uint64_t frame, unsigned level,
                                                     uint64_t attributes) {
    (void)level;
    return (frame >> 2) | attributes;
}

static inline uint64_t axaddr_riscv_gstage_next_leaf(uint64_t leaf, unsigned level) {
    return leaf + (UINT64_C(1) << (AXADDR_RISCV_G_PPN_SHIFT + 9 * level));
}

/** The bits of the PPN that a leaf of `level` translates by; those below must be 0. */
AXADDR_ALWAYS_INLINE uint64_t axaddr_riscv_gstage_leaf_ppn(unsigned level) {
    return AXADDR_RISCV_G_PPN & (~UINT64_C(0) << (AXADDR_RISCV_G_PPN_SHIFT + 9 * level));
}

static inline uint64_t axaddr_riscv_gstage_change_leaf(uint64_t leaf, unsigned level,
                                                       uint64_t attributes) {
    uint64_t noted = AXADDR_RISCV_G_ACCESSED | AXADDR_RISCV_G_DIRTY;
    uint64_t kept = axaddr_riscv_gstage_leaf_ppn(level) | noted | AXADDR_RISCV_G_NAPOT;

    return (leaf & kept) | (attributes & ~noted);
}

/* "Svnapot": 16 equal entries whose PPN[3:0] are 0b1000 map 64 KiB; the address says which page. */

static inline uint64_t axaddr_riscv_gstage_make_run(uint64_t leaf, unsigned level) {
    (void)level;
    return (leaf & ~AXADDR_RISCV_G_RUN_PPN) | AXADDR_RISCV_G_RUN_64K | AXADDR_RISCV_G_NAPOT;
}

static inline uint64_t axaddr_riscv_gstage_plain_leaf(uint64_t entry, unsigned level,
                                                      uint64_t index) {
    (void)level;
    if ((entry & AXADDR_RISCV_G_VALID) == 0 || (entry & AXADDR_RISCV_G_NAPOT) == 0) {
        return entry;
    }
    return (entry & ~(AXADDR_RISCV_G_RUN_PPN | AXADDR_RISCV_G_NAPOT)) |
           (index << AXADDR_RISCV_G_PPN_SHIFT & AXADDR_RISCV_G_RUN_PPN);
}

static inline uint64_t axaddr_riscv_gstage_split_leaf(uint64_t leaf, unsigned level) {
    return leaf & ~(AXADDR_RISCV_G_PPN & ~axaddr_riscv_gstage_leaf_ppn(level));
}

static inline uint64_t axaddr_riscv_gstage_frame_of(uint64_t leaf, unsigned level) {
    return (leaf & axaddr_riscv_gstage_leaf_ppn(level)) << 2;
}

/* A and D are hardware's with Svadu; with Svade an access that they do not admit faults. */

static inline uint32_t axaddr_riscv_gstage_notes_of(uint64_t leaf, unsigned level) {
    (void)level;
    return ((leaf & AXADDR_RISCV_G_ACCESSED) != 0 ? AXADDR_ACCESSED : 0) |
           ((leaf & AXADDR_RISCV_G_DIRTY) != 0 ? AXADDR_DIRTY : 0);
}

static inline uint64_t axaddr_riscv_gstage_clear_notes(uint64_t leaf, unsigned level,
                                                       uint32_t notes) {
    (void)level;
    return leaf & ~(((notes & AXADDR_ACCESSED) != 0 ? AXADDR_RISCV_G_ACCESSED : 0) |
                    ((notes & AXADDR_DIRTY) != 0 ? AXADDR_RISCV_G_DIRTY : 0));
}

static inline uint64_t axaddr_riscv_gstage_note_access(uint64_t leaf, unsigned level,
                                                       uint32_t access) {
    (void)level;
    return leaf | AXADDR_RISCV_G_ACCESSED |
           ((access & AXADDR_WRITE) != 0 ? AXADDR_RISCV_G_DIRTY : 0);
}

/** In a non-leaf only V may be set: D, A and U are reserved there, PBMT too. */
static inline uint64_t axaddr_riscv_gstage_make_table(uint64_t frame, unsigned level) {
    (void)level;
    return (frame >> 2) | AXADDR_RISCV_G_VALID;
}

static inline uint64_t axaddr_riscv_gstage_table_of(uint64_t entry) {
    return (entry & AXADDR_RISCV_G_PPN) << 2;
}

/* Absent entries: the kind in bits 63:61, the value where the PPN stands. The 40 bits that absent.h
   has for a value would not hold the page number of a 56-bit address. */
#define AXADDR_RISCV_G_ABSENT_KIND_SHIFT 61

static inline uint64_t axaddr_riscv_gstage_make_absent(enum axaddr_absent_kind kind,
                                                       uint64_t value) {
    return ((uint64_t)kind << AXADDR_RISCV_G_ABSENT_KIND_SHIFT) |
           (value << AXADDR_RISCV_G_PPN_SHIFT);
}

static inline enum axaddr_absent_kind axaddr_riscv_gstage_absent_kind(uint64_t entry) {
    return (enum axaddr_absent_kind)(entry >> AXADDR_RISCV_G_ABSENT_KIND_SHIFT);
}

static inline uint64_t axaddr_riscv_gstage_absent_value(uint64_t entry) {
    return (entry & AXADDR_RISCV_G_PPN) >> AXADDR_RISCV_G_PPN_SHIFT;
}

static inline bool axaddr_riscv_gstage_is_reserved(uint64_t entry, uint32_t *rights) {
    uint64_t kind = UINT64_C(7) << AXADDR_RISCV_G_ABSENT_KIND_SHIFT;
    uint64_t reserved = (uint64_t)AXADDR_ABSENT_RESERVED << AXADDR_RISCV_G_ABSENT_KIND_SHIFT;

    *rights = axaddr_payload_flags(entry >> AXADDR_RISCV_G_PPN_SHIFT);
    return (entry & (kind | AXADDR_RISCV_G_VALID)) == reserved;
}

/** Rights as R, W and X; A and D set: with Svade a leaf that lacks them faults, without it the
    update of a table shared by CPUs is saved. */
AXADDR_ALWAYS_INLINE uint64_t axaddr_riscv_gstage_common_attributes(uint32_t flags) {
    return AXADDR_RISCV_G_VALID | AXADDR_RISCV_G_USER | AXADDR_RISCV_G_ACCESSED |
           AXADDR_RISCV_G_DIRTY | ((uint64_t)(flags & AXADDR_ACCESS_FLAGS) << 1);
}

/** No USER, for the guest's user mode is not told apart; no WRITE without READ, reserved (Sv39). */
AXADDR_ALWAYS_INLINE bool axaddr_riscv_gstage_rights_fit(uint32_t flags) {
    return (flags & (AXADDR_USER | AXADDR_SPECIAL_FLAGS)) == 0 &&
           (flags & (AXADDR_READ | AXADDR_WRITE)) != AXADDR_WRITE && axaddr_flags_agree(flags);
}

/* ---- hooks without Svpbmt ---- */

static inline enum axaddr_entry_kind axaddr_riscv_gstage_kind_of(uint64_t entry, unsigned level) {
    return axaddr_riscv_gstage_classify(entry, level,
                                        AXADDR_RISCV_G_RESERVED | AXADDR_RISCV_G_PBMT);
}

static inline bool axaddr_riscv_gstage_can_hold(uint32_t flags) {
    return axaddr_riscv_gstage_rights_fit(flags) && (flags & AXADDR_UNCACHED) == 0;
}

static inline uint64_t axaddr_riscv_gstage_attributes_of(uint32_t flags, unsigned level) {
    (void)level;
    return axaddr_riscv_gstage_common_attributes(flags) |
           ((flags & AXADDR_DEVICE) != 0 ? AXADDR_RISCV_G_NOTE_DEVICE : 0);
}

static inline uint32_t axaddr_riscv_gstage_flags_of(uint64_t leaf, unsigned level) {
    (void)level;
    return ((uint32_t)(leaf >> 1) & AXADDR_ACCESS_FLAGS) |
           ((leaf & AXADDR_RISCV_G_NOTE_DEVICE) != 0 ? AXADDR_DEVICE : 0);
}

/* ---- hooks with Svpbmt ---- */

static inline enum axaddr_entry_kind axaddr_riscv_gstage_svpbmt_kind_of(uint64_t entry,
                                                                        unsigned level) {
    if ((entry & AXADDR_RISCV_G_PBMT) == AXADDR_RISCV_G_PBMT) {
        return AXADDR_ENTRY_ABSENT; /* 3 is reserved, and faults */
    }
    return axaddr_riscv_gstage_classify(entry, level, AXADDR_RISCV_G_RESERVED);
}

static inline bool axaddr_riscv_gstage_svpbmt_can_hold(uint32_t flags) {
    return axaddr_riscv_gstage_rights_fit(flags);
}

static inline uint64_t axaddr_riscv_gstage_svpbmt_attributes_of(uint32_t flags, unsigned level) {
    (void)level;
    return axaddr_riscv_gstage_common_attributes(flags) |
           ((flags & AXADDR_DEVICE) != 0 ? AXADDR_RISCV_G_PBMT_IO : 0) |
           ((flags & AXADDR_UNCACHED) != 0 ? AXADDR_RISCV_G_PBMT_NC : 0);
}

static inline uint32_t axaddr_riscv_gstage_svpbmt_flags_of(uint64_t leaf, unsigned level) {
    (void)level;
    return ((uint32_t)(leaf >> 1) & AXADDR_ACCESS_FLAGS) |
           ((leaf & AXADDR_RISCV_G_PBMT_IO) != 0 ? AXADDR_DEVICE : 0) |
           ((leaf & AXADDR_RISCV_G_PBMT_NC) != 0 ? AXADDR_UNCACHED : 0);
}

/* ---- hooks with Svpbmt and Svnapot ---- */

/** N is for leaves of level 0, with PPN[3:0] 0b1000 (64 KiB); all else is reserved, and faults. */
static inline enum axaddr_entry_kind axaddr_riscv_gstage_svnapot_kind_of(uint64_t entry,
                                                                         unsigned level) {
    uint64_t low_ppn = AXADDR_RISCV_G_RUN_PPN | AXADDR_RISCV_G_NAPOT;

    if (level == 0 && (entry & low_ppn) == (AXADDR_RISCV_G_RUN_64K | AXADDR_RISCV_G_NAPOT)) {
        entry &= ~AXADDR_RISCV_G_NAPOT;
    }
    return axaddr_riscv_gstage_svpbmt_kind_of(entry, level);
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

/* ---- the formats ----
 *
 * needs_break and publish are 0: a live entry may be replaced by one store (until the hfence,
 * either may be used), and no barrier makes a store visible to a walker sooner than a fault would.
 * Instead caches_absent: without Svvptc a hart may go on faulting on what it remembers as invalid,
 * until it executes an hfence for it. All hooks are those above: only geometry and names differ.
 */

/* All that follows the geometry; `variant` is whose memory types the leaves have. */
#define AXADDR_RISCV_G_HOOKS_(variant)                                                             \
    .empty = 0, .noted = AXADDR_RISCV_G_ACCESSED | AXADDR_RISCV_G_DIRTY,                           \
    .notes_of = axaddr_riscv_gstage_notes_of, .clear_notes = axaddr_riscv_gstage_clear_notes,      \
    .note_access = axaddr_riscv_gstage_note_access, .kind_of = variant##_kind_of,                  \
    .can_hold = variant##_can_hold, .attributes_of = variant##_attributes_of,                      \
    .make_leaf = axaddr_riscv_gstage_make_leaf, .next_leaf = axaddr_riscv_gstage_next_leaf,        \
    .change_leaf = axaddr_riscv_gstage_change_leaf, .split_leaf = axaddr_riscv_gstage_split_leaf,  \
    .make_run = axaddr_riscv_gstage_make_run, .plain_leaf = axaddr_riscv_gstage_plain_leaf,        \
    .frame_of = axaddr_riscv_gstage_frame_of, .flags_of = variant##_flags_of,                      \
    .make_table = axaddr_riscv_gstage_make_table, .table_of = axaddr_riscv_gstage_table_of,        \
    .make_absent = axaddr_riscv_gstage_make_absent,                                                \
    .absent_kind = axaddr_riscv_gstage_absent_kind,                                                \
    .absent_value = axaddr_riscv_gstage_absent_value,                                              \
    .is_reserved = axaddr_riscv_gstage_is_reserved, .populate = 0, .needs_break = 0, .publish = 0, \
    .caches_absent = true

/* Geometry of three or four levels; `log2_of_run` is 4 with Svnapot, 0 without. */
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

/** Sv39x4: 41-bit guest-physical addresses, hgatp mode 8. (QEMU 7.2 faults for ever on bit 40.) */
AXADDR_UNUSED static const struct axaddr_format axaddr_riscv_sv39x4 = {
    AXADDR_RISCV_G_SV39X4_("riscv_sv39x4", 0), AXADDR_RISCV_G_HOOKS_(axaddr_riscv_gstage)};

/** Sv48x4: 50-bit guest-physical addresses, hgatp mode 9. */
AXADDR_UNUSED static const struct axaddr_format axaddr_riscv_sv48x4 = {
    AXADDR_RISCV_G_SV48X4_("riscv_sv48x4", 0), AXADDR_RISCV_G_HOOKS_(axaddr_riscv_gstage)};

/** Both on harts with Svpbmt. */
AXADDR_UNUSED static const struct axaddr_format axaddr_riscv_sv39x4_svpbmt = {
    AXADDR_RISCV_G_SV39X4_("riscv_sv39x4_svpbmt", 0),
    AXADDR_RISCV_G_HOOKS_(axaddr_riscv_gstage_svpbmt)};
AXADDR_UNUSED static const struct axaddr_format axaddr_riscv_sv48x4_svpbmt = {
    AXADDR_RISCV_G_SV48X4_("riscv_sv48x4_svpbmt", 0),
    AXADDR_RISCV_G_HOOKS_(axaddr_riscv_gstage_svpbmt)};

/** Both on harts with Svpbmt and Svnapot, as RVA22 and RVA23 profiles have them. */
AXADDR_UNUSED static const struct axaddr_format axaddr_riscv_sv39x4_svnapot = {
    AXADDR_RISCV_G_SV39X4_("riscv_sv39x4_svnapot", 4),
    AXADDR_RISCV_G_HOOKS_(axaddr_riscv_gstage_svnapot)};
AXADDR_UNUSED static const struct axaddr_format axaddr_riscv_sv48x4_svnapot = {
    AXADDR_RISCV_G_SV48X4_("riscv_sv48x4_svnapot", 4),
    AXADDR_RISCV_G_HOOKS_(axaddr_riscv_gstage_svnapot)};

/* ---- the register around a table ("hgatp", HSXLEN 64) ---- */

/** Bits of hgatp.VMID; a hart may have fewer: write all ones once and see what stays. */
#define AXADDR_RISCV_VMID_BITS 14

/**
 * hgatp for one of the formats above: MODE in bits 63:60, VMID in 57:44, the root's PPN in 43:0.
 * Hardware ignores the write of a MODE that it does not have, so read it back; and a change of VMID
 * needs an hfence.gvma only where the VMID was used for another table before.
 * @return AXADDR_INVALID for a root that is not aligned to 16 KiB or above 56 bits, or a VMID
 *         above 14 bits
 */
AXADDR_MUST_CHECK static inline enum axaddr_status
axaddr_riscv_gstage_hgatp(const struct axaddr_format *format, axaddr_hpa_t root, uint32_t vmid,
                          uint64_t *hgatp) {
    uint64_t mode = format->level_count + 5u; /* 8: Sv39x4, three levels; 9: Sv48x4, four */

    if ((root.raw & 0x3fff) != 0 || (root.raw >> 56) != 0 ||
        (vmid >> AXADDR_RISCV_VMID_BITS) != 0) {
        return AXADDR_INVALID;
    }
    *hgatp = (mode << 60) | ((uint64_t)vmid << 44) | (root.raw >> 12);
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
