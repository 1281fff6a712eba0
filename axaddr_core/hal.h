/* SPDX-License-Identifier: MIT
 *
 * hal.h: the host functions that the library stands on. A hypervisor writes them once, puts them
 * into one `static const struct axaddr_hal` and names that in its instantiating macros. Write them
 * as plain `static inline` functions in view of the macro: they are then compiled into the paths
 * that use them, and no call through a pointer is left.
 *
 * A frame is one page of the format's smallest size (4 KiB in every format so far), named by its
 * host-physical address. Each function gets the `ctx` that was given to the instance's _init.
 */
#ifndef AXADDR_CORE_HAL_H
#define AXADDR_CORE_HAL_H

#include "addr.h"
#include "exit.h"
#include "flush.h"

/** What supply_frame is asked and what it answers. */
struct axaddr_supply {
    uint64_t address;   /**< the page's address in the space */
    uint32_t cookie;    /**< the area's, as given to map_backed */
    uint32_t access;    /**< what the guest wants, of what the area permits */
    bool is_mapped;     /**< `frame` is mapped already, read-only, and is to be written */
    axaddr_hpa_t frame; /**< result: the page. Leave it, where is_mapped, to have it writable */
    bool is_read_only;  /**< result: map it without WRITE, and ask again when it is written */
};

/** What trace is told. */
enum axaddr_event_kind {
    /** map_identical: alloc_at could not reserve it, and it is mapped nevertheless. */
    AXADDR_EVENT_NOT_RESERVED,
};

struct axaddr_event {
    enum axaddr_event_kind kind;
    uint64_t start; /**< the first address in the space */
    uint64_t host;  /**< and where it leads */
    uint64_t size;
};

struct axaddr_hal {
    /**
     * Take one frame, aligned to its size. The contents may be anything: the library zeroes what
     * needs to be zeroed. Returns false, with *frame untouched, when there is none.
     */
    bool (*alloc_frame)(void *ctx, axaddr_hpa_t *frame);

    /** Give back one frame that alloc_frame gave, or one frame of a block. Never fails. */
    void (*free_frame)(void *ctx, axaddr_hpa_t frame);

    /**
     * Where the hypervisor sees a frame: a pointer, aligned as the frame is, through which all its
     * bytes (all bytes of the block, for the first frame of a block) can be read and written, the
     * same at every call.
     */
    void *(*frame_at)(void *ctx, axaddr_hpa_t frame);

    /**
     * Carry out a plan on every CPU that may have used this table, and return when it is done
     * everywhere: the frames that it protects are freed next. Must not call back into the instance.
     * With lock below, an edit calls it with the lock held, and faults may call it beside that.
     */
    void (*flush_tlb)(void *ctx, const struct axaddr_flush *plan);

    /* ---- optional: 0 where not needed ---- */

    /**
     * Take 2^order frames that lie together, aligned to their total size. Needed by formats whose
     * root is wider than a frame (root_order above 0: AArch64 stage 2 with concatenated roots,
     * RISC-V x4 modes); a format that needs it and a HAL that lacks it do not compile.
     */
    bool (*alloc_block)(void *ctx, unsigned order, axaddr_hpa_t *block) AXADDR_OPTIONAL_;

    /** Give back a whole block. Needed wherever alloc_block is. */
    void (*free_block)(void *ctx, unsigned order, axaddr_hpa_t block) AXADDR_OPTIONAL_;

    /* ---- for memory that a guest is to have at its host address (map_identical) ---- */

    /**
     * Take the memory [host, host + size - 1], all of it, multiples of the page size; frame_at has
     * to know it. False, and nothing taken, if any of it is in use or is no memory.
     */
    bool (*alloc_at)(void *ctx, axaddr_hpa_t host, uint64_t size) AXADDR_OPTIONAL_;

    /**
     * Give memory back that alloc_at gave: a part of it, or several of those at once that adjoin. No
     * TLB holds it any more. May come with the lock held. Needed wherever alloc_at is.
     */
    void (*free_at)(void *ctx, axaddr_hpa_t host, uint64_t size) AXADDR_OPTIONAL_;

    /** Something happened that its owner should be told, but that is no failure. */
    void (*trace)(void *ctx, const struct axaddr_event *event) AXADDR_OPTIONAL_;

    /* ---- for many vCPUs: without lock, one CPU at a time may be in an instance ---- */

    /**
     * Keep other edits of this instance out, and let them in again. With these two, any number of
     * CPUs may call anything at once: what changes the instance takes the lock; translate, query
     * and root never do, and handle_fault only to give a page of a zero-page or backed area more
     * rights. Both or neither; needs entries that the processor can compare and swap. flush_tlb and
     * quiesce are called with the lock held: a CPU that waits in here must not keep them waiting.
     */
    void (*lock)(void *ctx) AXADDR_OPTIONAL_;
    void (*unlock)(void *ctx) AXADDR_OPTIONAL_;

    /**
     * Return when every CPU that was walking this instance without the lock when the call began has
     * come to the end of that: it may be reading a table that is about to be freed. Called after
     * flush_tlb. Leave it out only where flush_tlb sees to it, by interrupts that a CPU takes
     * outside these walks only; otherwise frames would be freed under readers.
     */
    void (*quiesce)(void *ctx) AXADDR_OPTIONAL_;

    /**
     * This CPU begins, ends a walk without the lock: for a quiesce that needs to be told
     * (axaddr_core/quiesce.h is one). Both or neither.
     */
    void (*enter_walk)(void *ctx) AXADDR_OPTIONAL_;
    void (*leave_walk)(void *ctx) AXADDR_OPTIONAL_;

    /* ---- for areas whose frames come from somewhere else (map_backed) ---- */

    /**
     * A guest needs a page of a backed area: say which frame it is. See struct axaddr_supply. Any
     * number of CPUs may be in here at once, even for the same page: all but one of the frames come
     * back by return_frame. Anything but AXADDR_FAULT_RESOLVED is passed on to the caller of
     * handle_fault. Must not call back into the instance.
     */
    enum axaddr_fault (*supply_frame)(void *ctx, struct axaddr_supply *supply) AXADDR_OPTIONAL_;

    /**
     * A frame that supply_frame gave is not mapped at `address` any more, and no TLB holds it there.
     * Needed wherever supply_frame is.
     */
    void (*return_frame)(void *ctx, uint32_t cookie, uint64_t address,
                         axaddr_hpa_t frame) AXADDR_OPTIONAL_;

    /* ---- for dirty tracking (harvest) ---- */

    /**
     * [address, address + size - 1], one leaf, was accessed or written since it was last harvested:
     * AXADDR_ACCESSED, AXADDR_DIRTY. Called by harvest, with the lock held. Copy what was written
     * only after harvest has returned: until then a guest may still write to it unnoticed.
     */
    void (*harvested)(void *ctx, uint64_t address, uint64_t size, uint32_t notes) AXADDR_OPTIONAL_;

    /* ---- for walkers that do not snoop the caches (some IOMMUs, early boot) ---- */

    /**
     * Make [at, at + size - 1] in memory what it is in the caches: these bytes are entries that
     * were just written, or the contents of a frame that is about to be mapped. Returns when it is
     * done.
     */
    void (*clean_dcache)(void *ctx, const void *at, size_t size) AXADDR_OPTIONAL_;
};

#endif /* AXADDR_CORE_HAL_H */
