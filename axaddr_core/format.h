/* SPDX-License-Identifier: MIT
 *
 * format.h: the contract between a page-table format and the engine. Geometry is data, bits are
 * functions. A format is one file in axaddr_arch that defines one or more
 * `static const struct axaddr_format` and the hooks that they name; it knows nothing of the engine,
 * and the engine nothing of its bits.
 *
 * Words: a table is an array of entries; level 0 is the leaf level (the one with pages of the
 * smallest size), level_count - 1 the root. An entry at level L spans 1 << shift[L] bytes of input
 * addresses. "Live" entries are leaves and tables: what hardware follows.
 *
 * Rules for hooks: plain `static inline` functions, pure (publish apart), no loops that depend on
 * an entry, defined for every 64-bit input: what they get may have been scribbled over.
 */
#ifndef AXADDR_CORE_FORMAT_H
#define AXADDR_CORE_FORMAT_H

#include "absent.h"
#include "addr.h"
#include "flags.h"

/** Levels that the engine has room for: five for LA57, Sv57x4 and LPA2 tables. */
#define AXADDR_LEVEL_MAX 5

/** What an entry is to hardware. */
enum axaddr_entry_kind {
    AXADDR_ENTRY_ABSENT = 0, /**< not followed; software's own (absent.h) */
    AXADDR_ENTRY_LEAF,       /**< maps 1 << shift[level] bytes */
    AXADDR_ENTRY_TABLE,      /**< points to a table of level - 1 */
};

/** The root of a table. Chosen when it is made, where the format is_sized; else the format's. */
struct axaddr_geometry {
    uint8_t level_count; /**< the root is of level_count - 1 */
    uint8_t root_bits;   /**< log2 of its entries */
};

struct axaddr_format {
    /* ---- geometry ---- */

    const char *name;      /**< for messages: "x86_ept" */
    uint8_t level_count;   /**< 2 to AXADDR_LEVEL_MAX */
    uint8_t entry_shift;   /**< log2 of an entry's bytes: 3, or 2 for 32-bit entries */
    uint8_t root_order;    /**< the root is 2^root_order frames that lie together */
    uint8_t input_width;   /**< bits of an input address: shift[top] + index_bits[top] */
    uint8_t output_width;  /**< bits of an output address: frames above are INVALID */
    uint8_t leaf_levels;   /**< bit L set: level L may have leaves. Bits 0 to n, no gaps */
    bool is_sign_extended; /**< stage 1: the bits above input_width may also be all ones */
    uint8_t shift[AXADDR_LEVEL_MAX];      /**< log2 of the bytes that an entry of level L spans */
    uint8_t index_bits[AXADDR_LEVEL_MAX]; /**< log2 of the entries of a table of level L */
    uint8_t run_bits
        AXADDR_OPTIONAL_; /**< log2 of the leaves in a run that a TLB may hold as one; 0: no runs */
    uint8_t run_levels AXADDR_OPTIONAL_; /**< bit L set: leaves of level L may form runs */
    /**
     * Whether a table's root is chosen when it is made (init_sized): by its level and its width.
     * level_count, input_width and root_order are the most that it can be, and what init chooses;
     * index_bits are those of tables below a root.
     */
    bool is_sized AXADDR_OPTIONAL_;

    /* ---- entries ---- */

    /** The entry that means "empty": fresh tables are filled with it. Its absent_kind is EMPTY. */
    uint64_t empty;

    /**
     * The bits of a leaf that say it was accessed or written (A, D, AF), set by hardware or by a
     * fault at any time. All of them set is the safe guess where the truth has been lost.
     */
    uint64_t noted;

    /**
     * What is noted of a leaf (AXADDR_ACCESSED, AXADDR_DIRTY), and the leaf with some notes
     * cleared, so that the next access is noted again. Needs no break. 0 where nothing is noted.
     */
    uint32_t (*notes_of)(uint64_t leaf, unsigned level) AXADDR_OPTIONAL_;
    uint64_t (*clear_notes)(uint64_t leaf, unsigned level, uint32_t notes) AXADDR_OPTIONAL_;

    /**
     * The leaf after an access that its flags permit: what a fault has to write, on machines that
     * leave it to software. 0 where hardware does it always.
     */
    uint64_t (*note_access)(uint64_t leaf, unsigned level, uint32_t access) AXADDR_OPTIONAL_;

    /** Classify an entry of `level`. Any bits have a kind; at level 0 it is never TABLE. */
    enum axaddr_entry_kind (*kind_of)(uint64_t entry, unsigned level);

    /**
     * Whether leaves of every size can hold exactly `flags` (valid ones: axaddr_flags_are_valid).
     * If so, flags_of(make_leaf(.., attributes_of(flags, level))) == flags at every leaf level.
     */
    bool (*can_hold)(uint32_t flags);

    /** The bits of a leaf of `level` apart from its address. For flags that it can hold. */
    uint64_t (*attributes_of)(uint32_t flags, unsigned level);

    /** A leaf of `level` that maps `frame` (aligned to the leaf's size, within output_width). */
    uint64_t (*make_leaf)(uint64_t frame, unsigned level, uint64_t attributes);

    /** The leaf with the attributes of `leaf` that maps what follows it in memory. */
    uint64_t (*next_leaf)(uint64_t leaf, unsigned level);

    /** `leaf` with other attributes, its address and what hardware noted in it (A/D) kept. */
    uint64_t (*change_leaf)(uint64_t leaf, unsigned level, uint64_t attributes);

    /**
     * The leaf of level - 1 that maps the first part of what `leaf` maps, with the same flags and
     * what hardware noted in it. `level` is above 0.
     */
    uint64_t (*split_leaf)(uint64_t leaf, unsigned level);

    /**
     * For formats with runs (AArch64's contiguous bit, RISC-V's Svnapot): a leaf with the hint that
     * it is one of an aligned run of 1 << run_bits leaves which map an aligned run of frames with
     * the same attributes; and any entry without that hint, being number `index` of its run, or its
     * table. Only make_run's result has the hint. All other hooks may be given plain leaves only,
     * but for kind_of, change_leaf, which keeps the hint, and needs_break.
     */
    uint64_t (*make_run)(uint64_t leaf, unsigned level) AXADDR_OPTIONAL_;
    uint64_t (*plain_leaf)(uint64_t entry, unsigned level, uint64_t index) AXADDR_OPTIONAL_;

    /** The frame that a leaf of `level` maps. */
    uint64_t (*frame_of)(uint64_t leaf, unsigned level);

    /** The flags that a leaf of `level` has: what attributes_of was given. */
    uint32_t (*flags_of)(uint64_t leaf, unsigned level);

    /** An entry of `level` that points to the table at `frame`; permits all, leaves decide. */
    uint64_t (*make_table)(uint64_t frame, unsigned level);

    /** The table that an entry (of kind TABLE) points to. */
    uint64_t (*table_of)(uint64_t entry);

    /**
     * An absent entry, and what it was made of. Kind EMPTY gives `empty` and has no value. Values
     * have 27 bits (payloads), or for PARKED kinds as many as a page number within output_width.
     */
    uint64_t (*make_absent)(enum axaddr_absent_kind kind, uint64_t value);
    enum axaddr_absent_kind (*absent_kind)(uint64_t entry);
    uint64_t (*absent_value)(uint64_t entry);

    /**
     * For the fault path, where one comparison tells it: whether an entry of level 0 is absent and
     * of kind RESERVED, and of its payload's flags those that an access may ask for (READ, WRITE,
     * EXECUTE, USER; the others may be there or not). 0 where the hooks above have to be asked.
     */
    bool (*is_reserved)(uint64_t entry, uint32_t *rights);

    /**
     * For the fault path, where the entry has it ready: the leaf that a RESERVED entry of level 0
     * becomes with `frame`. 0: make_leaf(frame, 0, attributes_of(the payload's flags, 0)).
     */
    uint64_t (*populate)(uint64_t entry, uint64_t frame);

    /* ---- rules of the machine ---- */

    /**
     * Whether replacing the live entry `from` by the live entry `to` (same place, same level) must
     * go through an absent entry and a flush (AArch64: break-before-make, ARM DDI 0487 D8.16.1).
     * 0 where the ISA never asks for it.
     */
    bool (*needs_break)(uint64_t from, uint64_t to, unsigned level);

    /**
     * Called after absent entries became live, before the caller may rely on it: the barrier that
     * makes stores to a table visible to the walker. 0 where none is needed.
     */
    void (*publish)(void);

    /**
     * Whether a TLB may remember that an entry was absent (RISC-V without Svvptc): a fault on a
     * page that is mapped then flushes that page, or it would come back for ever.
     */
    bool caches_absent;
};

/** Bits of the addresses that tables of a geometry reach. */
AXADDR_ALWAYS_INLINE unsigned axaddr_geometry_width(const struct axaddr_format *format,
                                                    const struct axaddr_geometry *geometry) {
    return format->shift[geometry->level_count - 1u] + (unsigned)geometry->root_bits;
}

/** Their root is 2^this frames. */
AXADDR_ALWAYS_INLINE unsigned axaddr_geometry_order(const struct axaddr_format *format,
                                                    const struct axaddr_geometry *geometry) {
    unsigned bits = geometry->root_bits + (unsigned)format->entry_shift;

    return bits > format->shift[0] ? bits - format->shift[0] : 0;
}

/** The widest geometry of a format, for those that are not is_sized the only one. */
AXADDR_ALWAYS_INLINE struct axaddr_geometry axaddr_geometry_of(const struct axaddr_format *format) {
    struct axaddr_geometry geometry;

    geometry.level_count = format->level_count;
    geometry.root_bits = (uint8_t)(format->input_width - format->shift[format->level_count - 1u]);
    return geometry;
}

/** Whether a format has a geometry: no more levels, and not wider or with a larger root. */
AXADDR_ALWAYS_INLINE bool axaddr_geometry_fits(const struct axaddr_format *format,
                                               const struct axaddr_geometry *geometry) {
    struct axaddr_geometry most = axaddr_geometry_of(format);

    if (!format->is_sized) {
        return geometry->level_count == most.level_count && geometry->root_bits == most.root_bits;
    }
    return geometry->level_count >= 2 && geometry->level_count <= most.level_count &&
           geometry->root_bits >= 1 && geometry->root_bits < 32 &&
           axaddr_geometry_width(format, geometry) <= format->input_width &&
           axaddr_geometry_order(format, geometry) <= format->root_order;
}

#endif /* AXADDR_CORE_FORMAT_H */
