/* SPDX-License-Identifier: MIT
 *
 * guest_format.h: the contract between the walk of a guest's own tables (guest_walk.h) and an
 * architecture: what its entries and registers mean to a guest. An architecture is a file
 * axaddr_arch/..._guest.h with a `static const struct axaddr_guest_format` and the registers that it
 * looks at, `struct NAME_regime`. It knows nothing of the space below.
 */
#ifndef AXADDR_CORE_GUEST_FORMAT_H
#define AXADDR_CORE_GUEST_FORMAT_H

#include "addr.h"
#include "flags.h"

/** Why a guest's tables do not let an access through. */
enum axaddr_guest_fault_kind {
    AXADDR_GUEST_FAULT_NONE = 0,
    AXADDR_GUEST_FAULT_ABSENT,       /**< an entry is not valid */
    AXADDR_GUEST_FAULT_DENIED,       /**< it does not permit the access */
    AXADDR_GUEST_FAULT_ACCESSED,     /**< it wants software to set its accessed or dirty bit */
    AXADDR_GUEST_FAULT_RESERVED,     /**< it has bits that must not be, or is misaligned */
    AXADDR_GUEST_FAULT_ADDRESS_SIZE, /**< it, or a root, points beyond the physical addresses */
    AXADDR_GUEST_FAULT_RANGE,        /**< the address is none: not canonical, beyond the width */
    AXADDR_GUEST_FAULT_TABLE,        /**< an entry cannot be read: what the machine makes of that */
};

struct axaddr_guest_fault {
    enum axaddr_guest_fault_kind kind;
    /**
     * What the architecture tells the guest: x86: the error code of a page fault; AArch64: the
     * fault status code (ISS[5:0]); RISC-V: the cause. See each ..._guest.h.
     */
    uint32_t code;
};

/** In `how`: set the accessed and dirty bits in the guest's entries where the machine would. */
#define AXADDR_SET_NOTES (UINT32_C(1) << 27)

/** What an entry, or the registers at the beginning, come to. */
enum axaddr_guest_step {
    AXADDR_GUEST_TABLE, /**< go on: slot, level, entry_shift are those of the next entry */
    AXADDR_GUEST_LEAF,  /**< page, shift and flags say what it maps; the access is permitted */
    AXADDR_GUEST_FAULT, /**< fault says why not */
};

/** A walk on its way. Filled in by the hooks, but for the first three. */
struct axaddr_guest_walk {
    uint64_t address;     /**< guest-virtual */
    uint32_t access;      /**< AXADDR_READ, WRITE, EXECUTE; and USER: with the rights of users */
    uint32_t how;         /**< AXADDR_SET_NOTES, ... */
    unsigned level;       /**< of the entry that comes next; after that, of the last */
    unsigned entry_shift; /**< log2 of its bytes: 2 or 3 */
    uint64_t slot;        /**< its guest-physical address, a multiple of its size */
    uint64_t update;      /**< step: what is to stand in its place (A/D set); or the same */
    uint64_t rights;      /**< the architecture's own: what the tables so far leave over */
    uint64_t fixed;       /**< the architecture's own: what begin made of the registers for steps */
    uint64_t page;        /**< LEAF: guest-physical, a multiple of 1 << shift */
    unsigned shift;       /**< LEAF: log2 of its bytes */
    uint32_t flags;       /**< LEAF: AXADDR_READ, ... that this stage permits; memory type */
    uint32_t fetch;       /**< LEAF: what an EXECUTE is to a second stage that tells modes apart:
                               AXADDR_EXECUTE_USER or _KERNEL; without, AXADDR_EXECUTE */
    struct axaddr_guest_fault fault;
};

/**
 * A machine's first stage as a guest of it sees it. Hooks are plain static inline functions, pure,
 * without loops that depend on what they get, defined for every register value and every entry.
 * `regime` points to the architecture's struct NAME_regime.
 */
struct axaddr_guest_format {
    const char *name;
    /** Look at the address and the registers: where the root is, or LEAF where nothing is paged. */
    enum axaddr_guest_step (*begin)(const void *regime, struct axaddr_guest_walk *walk);
    /**
     * Look at an entry of walk->level, after `begin` or TABLE. Of the walk, only level, slot and
     * rights lead on: they are put back when a step has to be taken again. A bit that the machine sets
     * by itself (A/D) is set in walk->update; one that it leaves to software is a FAULT.
     */
    enum axaddr_guest_step (*step)(const void *regime, struct axaddr_guest_walk *walk,
                                   uint64_t entry);
    /** The entry at walk->slot is not in memory: what the guest is told (fault). */
    void (*blocked)(const void *regime, struct axaddr_guest_walk *walk);
};

#endif /* AXADDR_CORE_GUEST_FORMAT_H */
