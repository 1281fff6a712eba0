/* SPDX-License-Identifier: MIT
 *
 * riscv_common.h: what RISC-V's formats have in common (riscv_gstage.h, riscv_stage1.h): the entries
 * of both stages, of 64 bits (Sv39, Sv48, Sv57 and their x4) and of 32 (Sv32, Sv32x4).
 *
 * Manual: The RISC-V Instruction Set Manual, Volume II: Privileged Architecture: "Sv32", "Sv39",
 * "Virtual Address Translation Process", "Svpbmt", "Svnapot", "Svade", "Svadu".
 *
 *     63  62  61 60      54 53                      10 9 8  7 6 5 4 3 2 1 0
 *    | N | PBMT | reserved |   output address 55:12   | RSW |D A G U X W R V|
 *
 *                           31                      10 9 8  7 6 5 4 3 2 1 0
 *                          |   output address 33:12   | RSW |D A G U X W R V|
 *
 * A and D, in both stages. A leaf without A, or written without D, is an access that faults (Svade)
 * or that the hart itself notes in the leaf, atomically (Svadu). Leaves are made with both set, so
 * neither happens until notes are cleared (clear_notes: harvest). After that
 *   - with Svade the next access is a page fault of either stage. handle_fault answers it by
 *     note_access, which sets A, and D for a write; nothing else of the leaf changes.
 *   - with Svadu there is no fault, and the bits change under software's hands: the engine's
 *     changes of a live leaf take care of it on instances with a lock; all keep A and D.
 * The formats are the same for both. Which of them holds is menvcfg.ADUE (bit 61) for S-mode's own
 * tables and the G-stage, and henvcfg.ADUE (bit 61), 0 wherever menvcfg.ADUE is, for what a guest
 * maps by vsatp. 0 means Svade; both are 0 on harts without Svadu. M-mode sets menvcfg (the SBI's
 * FWFT extension: PTE_AD_HW_UPDATING); a hypervisor sets henvcfg, and sees a guest walker's own
 * update of A and D as a write to the guest's table: the G-stage must let it through. Harts from
 * before both extensions do either: be ready for the fault.
 */
#ifndef AXADDR_ARCH_RISCV_COMMON_H
#define AXADDR_ARCH_RISCV_COMMON_H

#include "../axaddr_core/absent.h"
#include "../axaddr_core/addr.h"
#include "../axaddr_core/base.h"
#include "../axaddr_core/flags.h"
#include "../axaddr_core/format.h"

/* ---- entry bits ("Sv39: Virtual-Memory System", "Sv32", figures of the entry) ---- */

#define AXADDR_RISCV_VALID       UINT64_C(0x01)
#define AXADDR_RISCV_READ        UINT64_C(0x02)
#define AXADDR_RISCV_WRITE       UINT64_C(0x04)
#define AXADDR_RISCV_EXECUTE     UINT64_C(0x08)
#define AXADDR_RISCV_USER        UINT64_C(0x10)
#define AXADDR_RISCV_GLOBAL      UINT64_C(0x20)
#define AXADDR_RISCV_ACCESSED    UINT64_C(0x40)
#define AXADDR_RISCV_DIRTY       UINT64_C(0x80)
/** Software's (RSW): a device, where the format has no PBMT to say so. */
#define AXADDR_RISCV_NOTE_DEVICE UINT64_C(0x100)
#define AXADDR_RISCV_PPN_SHIFT   10
#define AXADDR_RISCV_PPN         UINT64_C(0x003ffffffffffc00)
#define AXADDR_RISCV_PPN32       UINT64_C(0xfffffc00)
#define AXADDR_RISCV_PBMT        (UINT64_C(3) << 61)
#define AXADDR_RISCV_PBMT_NC     (UINT64_C(1) << 61)
#define AXADDR_RISCV_PBMT_IO     (UINT64_C(2) << 61)
/** Bits 63 (but for Svnapot) and 60:54: hardware faults if one is set. */
#define AXADDR_RISCV_RESERVED    UINT64_C(0x9fc0000000000000)
/** Svnapot: N, and the four bits of the PPN that then encode the size. */
#define AXADDR_RISCV_NAPOT       (UINT64_C(1) << 63)
#define AXADDR_RISCV_RUN_PPN     (UINT64_C(0xf) << 10)
#define AXADDR_RISCV_RUN_64K     (UINT64_C(0x8) << 10)

AXADDR_STATIC_ASSERT(AXADDR_READ == 1 && AXADDR_WRITE == 2 && AXADDR_EXECUTE == 4 &&
                         AXADDR_USER == 8 && AXADDR_GLOBAL == 64,
                     "R, W, X, U and G are bits 1, 2, 3, 4 and 5 of an entry (Sv39)");

/* ---- kinds ---- */

/**
 * The walk of "Virtual Address Translation Process", steps 3 to 5, with whatever faults there
 * called absent: V clear, W without R, reserved bits, a pointer at level 0.
 * @param must            the bits that a leaf needs
 * @param leaf_reserved   the bits that it must not have
 * @param table_reserved  the bits that a pointer must not have
 */
AXADDR_ALWAYS_INLINE enum axaddr_entry_kind axaddr_riscv_classify(uint64_t entry, unsigned level,
                                                                  uint64_t must,
                                                                  uint64_t leaf_reserved,
                                                                  uint64_t table_reserved) {
    uint64_t rights = AXADDR_RISCV_READ | AXADDR_RISCV_WRITE | AXADDR_RISCV_EXECUTE;

    if (level > 0 &&
        (entry & (AXADDR_RISCV_VALID | rights | table_reserved)) == AXADDR_RISCV_VALID) {
        return AXADDR_ENTRY_TABLE;
    }
    /* XWR 001, 011, 100, 101 and 111 are leaves: bits 1, 3, 4, 5 and 7 of 0xba. */
    if ((entry & (must | leaf_reserved)) == must && ((0xbau >> ((entry & rights) >> 1)) & 1) != 0) {
        return AXADDR_ENTRY_LEAF;
    }
    return AXADDR_ENTRY_ABSENT;
}

/** N is for leaves of level 0 with PPN[3:0] 0b1000 (64 KiB): clear it there, as it is in order. */
AXADDR_ALWAYS_INLINE uint64_t axaddr_riscv_accept_napot(uint64_t entry, unsigned level) {
    uint64_t low_ppn = AXADDR_RISCV_RUN_PPN | AXADDR_RISCV_NAPOT;

    if (level == 0 && (entry & low_ppn) == (AXADDR_RISCV_RUN_64K | AXADDR_RISCV_NAPOT)) {
        entry &= ~AXADDR_RISCV_NAPOT;
    }
    return entry;
}

/* ---- flags ---- */

/** Rights as R, W and X; A and D set: with Svade a leaf that lacks them faults, without it the
    update of a table shared by CPUs is saved. */
AXADDR_ALWAYS_INLINE uint64_t axaddr_riscv_rights(uint32_t flags) {
    return AXADDR_RISCV_VALID | AXADDR_RISCV_ACCESSED | AXADDR_RISCV_DIRTY |
           ((uint64_t)(flags & AXADDR_ACCESS_FLAGS) << 1);
}

/** No WRITE without READ: reserved (Sv39). */
AXADDR_ALWAYS_INLINE bool axaddr_riscv_rights_fit(uint32_t flags) {
    return (flags & (AXADDR_READ | AXADDR_WRITE)) != AXADDR_WRITE && axaddr_flags_agree(flags);
}

/* Memory types by the physical memory attributes: a device is only remembered. */

AXADDR_ALWAYS_INLINE uint64_t axaddr_riscv_pma_type(uint32_t flags) {
    return (flags & AXADDR_DEVICE) != 0 ? AXADDR_RISCV_NOTE_DEVICE : 0;
}

AXADDR_ALWAYS_INLINE uint32_t axaddr_riscv_pma_flags(uint64_t leaf) {
    return (leaf & AXADDR_RISCV_NOTE_DEVICE) != 0 ? AXADDR_DEVICE : 0;
}

/* Memory types by Svpbmt. */

AXADDR_ALWAYS_INLINE uint64_t axaddr_riscv_pbmt_type(uint32_t flags) {
    return ((flags & AXADDR_DEVICE) != 0 ? AXADDR_RISCV_PBMT_IO : 0) |
           ((flags & AXADDR_UNCACHED) != 0 ? AXADDR_RISCV_PBMT_NC : 0);
}

AXADDR_ALWAYS_INLINE uint32_t axaddr_riscv_pbmt_flags(uint64_t leaf) {
    return ((leaf & AXADDR_RISCV_PBMT_IO) != 0 ? AXADDR_DEVICE : 0) |
           ((leaf & AXADDR_RISCV_PBMT_NC) != 0 ? AXADDR_UNCACHED : 0);
}

/* ---- leaves and tables; `ppn` is where an entry has its PPN, `bits` the index bits a level ---- */

/** The bits of the PPN that a leaf of `level` translates by; those below must be 0. */
AXADDR_ALWAYS_INLINE uint64_t axaddr_riscv_leaf_ppn(unsigned level, uint64_t ppn, unsigned bits) {
    return ppn & (~UINT64_C(0) << (AXADDR_RISCV_PPN_SHIFT + bits * level));
}

AXADDR_ALWAYS_INLINE uint64_t axaddr_riscv_change_leaf(uint64_t leaf, unsigned level,
                                                       uint64_t attributes, uint64_t ppn,
                                                       unsigned bits) {
    uint64_t noted = AXADDR_RISCV_ACCESSED | AXADDR_RISCV_DIRTY;
    uint64_t kept = axaddr_riscv_leaf_ppn(level, ppn, bits) | noted | AXADDR_RISCV_NAPOT;

    return (leaf & kept) | (attributes & ~noted);
}

/* A and D are hardware's with Svadu; with Svade an access that they do not admit faults. */

AXADDR_ALWAYS_INLINE uint32_t axaddr_riscv_notes_of(uint64_t leaf) {
    return ((leaf & AXADDR_RISCV_ACCESSED) != 0 ? AXADDR_ACCESSED : 0) |
           ((leaf & AXADDR_RISCV_DIRTY) != 0 ? AXADDR_DIRTY : 0);
}

AXADDR_ALWAYS_INLINE uint64_t axaddr_riscv_clear_notes(uint64_t leaf, uint32_t notes) {
    return leaf & ~(((notes & AXADDR_ACCESSED) != 0 ? AXADDR_RISCV_ACCESSED : 0) |
                    ((notes & AXADDR_DIRTY) != 0 ? AXADDR_RISCV_DIRTY : 0));
}

AXADDR_ALWAYS_INLINE uint64_t axaddr_riscv_note_access(uint64_t leaf, uint32_t access) {
    return leaf | AXADDR_RISCV_ACCESSED | ((access & AXADDR_WRITE) != 0 ? AXADDR_RISCV_DIRTY : 0);
}

/* "Svnapot": 16 equal entries whose PPN[3:0] are 0b1000 map 64 KiB; the address says which page. */

AXADDR_ALWAYS_INLINE uint64_t axaddr_riscv_make_run(uint64_t leaf) {
    return (leaf & ~AXADDR_RISCV_RUN_PPN) | AXADDR_RISCV_RUN_64K | AXADDR_RISCV_NAPOT;
}

AXADDR_ALWAYS_INLINE uint64_t axaddr_riscv_plain_leaf(uint64_t entry, uint64_t index) {
    if ((entry & AXADDR_RISCV_VALID) == 0 || (entry & AXADDR_RISCV_NAPOT) == 0) {
        return entry;
    }
    return (entry & ~(AXADDR_RISCV_RUN_PPN | AXADDR_RISCV_NAPOT)) |
           (index << AXADDR_RISCV_PPN_SHIFT & AXADDR_RISCV_RUN_PPN);
}

/* ---- absent entries ----
 *
 * Of 64 bits: the kind in bits 63:61, the value where the PPN stands, for the 40 bits that absent.h
 * has for a value would not hold the page number of a 56-bit address. Of 32 bits: the kind in bits
 * 3:1, and 28 bits for the value, enough for a payload (27) and the page number of a 34-bit address
 * (22). V is clear in both.
 */
#define AXADDR_RISCV_ABSENT_KIND_SHIFT    61
#define AXADDR_RISCV_ABSENT32_KIND_SHIFT  1
#define AXADDR_RISCV_ABSENT32_VALUE_SHIFT 4

AXADDR_ALWAYS_INLINE bool axaddr_riscv_is_reserved(uint64_t entry, uint32_t *rights,
                                                   unsigned kind_shift, unsigned value_shift) {
    uint64_t kind = UINT64_C(7) << kind_shift;
    uint64_t reserved = (uint64_t)AXADDR_ABSENT_RESERVED << kind_shift;

    *rights = axaddr_payload_flags(entry >> value_shift);
    return (entry & (kind | AXADDR_RISCV_VALID)) == reserved;
}

/* ---- hooks ----
 *
 * The functions that a family of formats has all in common, under the family's own names.
 */

/* Those that both sizes of entries have. In a pointer only V may be set: make_table. */
#define AXADDR_RISCV_HOOKS_(family, ppn, bits)                                                     \
    static inline uint64_t family##_make_leaf(uint64_t frame, unsigned level,                      \
                                              uint64_t attributes) {                               \
        (void)level;                                                                               \
        return (frame >> 2) | attributes;                                                          \
    }                                                                                              \
    static inline uint64_t family##_next_leaf(uint64_t leaf, unsigned level) {                     \
        return leaf + (UINT64_C(1) << (AXADDR_RISCV_PPN_SHIFT + (bits)*level));                    \
    }                                                                                              \
    static inline uint64_t family##_change_leaf(uint64_t leaf, unsigned level,                     \
                                                uint64_t attributes) {                             \
        return axaddr_riscv_change_leaf(leaf, level, attributes, ppn, bits);                       \
    }                                                                                              \
    static inline uint64_t family##_split_leaf(uint64_t leaf, unsigned level) {                    \
        return leaf & ~((ppn) & ~axaddr_riscv_leaf_ppn(level, ppn, bits));                         \
    }                                                                                              \
    static inline uint64_t family##_frame_of(uint64_t leaf, unsigned level) {                      \
        return (leaf & axaddr_riscv_leaf_ppn(level, ppn, bits)) << 2;                              \
    }                                                                                              \
    static inline uint32_t family##_notes_of(uint64_t leaf, unsigned level) {                      \
        (void)level;                                                                               \
        return axaddr_riscv_notes_of(leaf);                                                        \
    }                                                                                              \
    static inline uint64_t family##_clear_notes(uint64_t leaf, unsigned level, uint32_t notes) {   \
        (void)level;                                                                               \
        return axaddr_riscv_clear_notes(leaf, notes);                                              \
    }                                                                                              \
    static inline uint64_t family##_note_access(uint64_t leaf, unsigned level, uint32_t access) {  \
        (void)level;                                                                               \
        return axaddr_riscv_note_access(leaf, access);                                             \
    }                                                                                              \
    static inline uint64_t family##_make_table(uint64_t frame, unsigned level) {                   \
        (void)level;                                                                               \
        return (frame >> 2) | AXADDR_RISCV_VALID;                                                  \
    }                                                                                              \
    static inline uint64_t family##_table_of(uint64_t entry) {                                     \
        return (entry & (ppn)) << 2;                                                               \
    }

/* Those of entries of 64 bits. */
#define AXADDR_RISCV_HOOKS64_(family)                                                              \
    AXADDR_RISCV_HOOKS_(family, AXADDR_RISCV_PPN, 9)                                               \
    static inline uint64_t family##_make_run(uint64_t leaf, unsigned level) {                      \
        (void)level;                                                                               \
        return axaddr_riscv_make_run(leaf);                                                        \
    }                                                                                              \
    static inline uint64_t family##_plain_leaf(uint64_t entry, unsigned level, uint64_t index) {   \
        (void)level;                                                                               \
        return axaddr_riscv_plain_leaf(entry, index);                                              \
    }                                                                                              \
    static inline uint64_t family##_make_absent(enum axaddr_absent_kind kind, uint64_t value) {    \
        return ((uint64_t)kind << AXADDR_RISCV_ABSENT_KIND_SHIFT) |                                \
               (value << AXADDR_RISCV_PPN_SHIFT);                                                  \
    }                                                                                              \
    static inline enum axaddr_absent_kind family##_absent_kind(uint64_t entry) {                   \
        return (enum axaddr_absent_kind)(entry >> AXADDR_RISCV_ABSENT_KIND_SHIFT);                 \
    }                                                                                              \
    static inline uint64_t family##_absent_value(uint64_t entry) {                                 \
        return (entry & AXADDR_RISCV_PPN) >> AXADDR_RISCV_PPN_SHIFT;                               \
    }                                                                                              \
    static inline bool family##_is_reserved(uint64_t entry, uint32_t *rights) {                    \
        return axaddr_riscv_is_reserved(entry, rights, AXADDR_RISCV_ABSENT_KIND_SHIFT,             \
                                        AXADDR_RISCV_PPN_SHIFT);                                   \
    }

/* Those of entries of 32 bits. */
#define AXADDR_RISCV_HOOKS32_(family)                                                              \
    AXADDR_RISCV_HOOKS_(family, AXADDR_RISCV_PPN32, 10)                                            \
    static inline uint64_t family##_make_absent(enum axaddr_absent_kind kind, uint64_t value) {    \
        return ((uint64_t)kind << AXADDR_RISCV_ABSENT32_KIND_SHIFT) |                              \
               (value << AXADDR_RISCV_ABSENT32_VALUE_SHIFT);                                       \
    }                                                                                              \
    static inline enum axaddr_absent_kind family##_absent_kind(uint64_t entry) {                   \
        return (enum axaddr_absent_kind)(entry >> AXADDR_RISCV_ABSENT32_KIND_SHIFT & 7);           \
    }                                                                                              \
    static inline uint64_t family##_absent_value(uint64_t entry) {                                 \
        return (entry & UINT32_MAX) >> AXADDR_RISCV_ABSENT32_VALUE_SHIFT;                          \
    }                                                                                              \
    static inline bool family##_is_reserved(uint64_t entry, uint32_t *rights) {                    \
        return axaddr_riscv_is_reserved(entry, rights, AXADDR_RISCV_ABSENT32_KIND_SHIFT,           \
                                        AXADDR_RISCV_ABSENT32_VALUE_SHIFT);                        \
    }

/* ---- descriptors ----
 *
 * needs_break and publish are 0: a live entry may be replaced by one store (until the fence, either
 * may be used), and no barrier makes a store visible to a walker sooner than a fault would. Instead
 * caches_absent: without Svvptc a hart may go on faulting on what it remembers as invalid, until it
 * executes a fence for it.
 */

/* The geometry of two levels with entries of 32 bits: pages of 4 KiB and 4 MiB. */
#define AXADDR_RISCV_32_(text, order_of_root, width, bits_of_root)                                 \
    .name = text, .level_count = 2, .entry_shift = 2, .root_order = order_of_root,                 \
    .input_width = width, .output_width = 34, .leaf_levels = 0x3, .is_sign_extended = false,       \
    .shift = {12, 22, 0, 0, 0}, .index_bits = {10, bits_of_root, 0, 0, 0}, .run_bits = 0,          \
    .run_levels = 0

/* All that follows the geometry; `variant` is whose memory types the leaves have, `to_run` and
   `from_run` are make_run and plain_leaf. */
#define AXADDR_RISCV_DESCRIBE_(family, variant, to_run, from_run)                                  \
    .empty = 0, .noted = AXADDR_RISCV_ACCESSED | AXADDR_RISCV_DIRTY,                               \
    .notes_of = family##_notes_of, .clear_notes = family##_clear_notes,                            \
    .note_access = family##_note_access, .kind_of = variant##_kind_of,                             \
    .can_hold = variant##_can_hold, .attributes_of = variant##_attributes_of,                      \
    .make_leaf = family##_make_leaf, .next_leaf = family##_next_leaf,                              \
    .change_leaf = family##_change_leaf, .split_leaf = family##_split_leaf, .make_run = to_run,    \
    .plain_leaf = from_run, .frame_of = family##_frame_of, .flags_of = variant##_flags_of,         \
    .make_table = family##_make_table, .table_of = family##_table_of,                              \
    .make_absent = family##_make_absent, .absent_kind = family##_absent_kind,                      \
    .absent_value = family##_absent_value, .is_reserved = family##_is_reserved, .populate = 0,     \
    .needs_break = 0, .publish = 0, .caches_absent = true

#endif /* AXADDR_ARCH_RISCV_COMMON_H */
