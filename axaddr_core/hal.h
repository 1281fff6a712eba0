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
#include "flush.h"

/* A C++ user may leave these out of a list of designated initialisers without a warning. */
#ifdef __cplusplus
#define AXADDR_HAL_OPTIONAL_ = nullptr
#else
#define AXADDR_HAL_OPTIONAL_
#endif

struct axaddr_hal {
    /**
     * Take one frame, aligned to its size. The contents may be anything: the library zeroes what
     * needs to be zeroed. Returns false, with *frame untouched, when there is none.
     */
    bool (*alloc_frame)(void *ctx, axaddr_hpa_t *frame);

    /** Give back one frame that alloc_frame gave, or one frame of a block. Never fails. */
    void (*free_frame)(void *ctx, axaddr_hpa_t frame);

    /**
     * Where the hypervisor sees a frame: a pointer through which all its bytes (all bytes of the
     * block, for the first frame of a block) can be read and written, the same at every call.
     */
    void *(*frame_at)(void *ctx, axaddr_hpa_t frame);

    /**
     * Carry out a plan on every CPU that may have used this table, and return when it is done
     * everywhere: the frames that it protects are freed next. Must not call back into the instance.
     */
    void (*flush_tlb)(void *ctx, const struct axaddr_flush *plan);

    /* ---- optional: 0 where not needed ---- */

    /**
     * Take 2^order frames that lie together, aligned to their total size. Needed by formats whose
     * root is wider than a frame (root_order above 0: AArch64 stage 2 with concatenated roots,
     * RISC-V x4 modes); a format that needs it and a HAL that lacks it do not compile.
     */
    bool (*alloc_block)(void *ctx, unsigned order, axaddr_hpa_t *block) AXADDR_HAL_OPTIONAL_;

    /** Give back a whole block. Needed wherever alloc_block is. */
    void (*free_block)(void *ctx, unsigned order, axaddr_hpa_t block) AXADDR_HAL_OPTIONAL_;
};

#endif /* AXADDR_CORE_HAL_H */
