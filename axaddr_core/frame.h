/* SPDX-License-Identifier: MIT
 *
 * frame.h: a frame that somebody owns. For the single pages that a hypervisor needs beside its
 * address spaces (a VMCS, a bitmap, a vCPU's save area): allocated through the HAL, filled, pointed
 * at, and given back once, by hand or at the end of a scope. A complete example:
 *
 *     AXADDR_DEFINE_FRAME(page, my_hal);             // my_hal: static const struct axaddr_hal
 *
 *     static enum axaddr_status make_vmcs(struct cpu *cpu) {
 *         axaddr_hpa_t base;
 *         AXADDR_SCOPED_FRAME(page, vmcs);           // empty; released on every way out of here
 *
 *         enum axaddr_status status = page_alloc_zeroed(cpu->ctx, &vmcs);
 *         if (status != AXADDR_OK) {
 *             return status;
 *         }
 *         *(uint32_t *)page_pointer(&vmcs) = cpu->vmcs_revision;
 *         status = page_base(&vmcs, &base);
 *         if (status != AXADDR_OK || !vmclear(base.raw)) {
 *             return AXADDR_INVALID;                 // the frame goes back to the HAL
 *         }
 *         return page_detach(&vmcs, &cpu->vmcs);     // the frame stays, and belongs to `cpu` now
 *     }
 *
 * What AXADDR_DEFINE_FRAME(page, hal) generates. A frame is *owned* or *empty*; no address says
 * which, so a frame at address 0 is a frame like any other. A `struct page` is not to be copied:
 * both copies would be released. Functions with a status change nothing unless it is AXADDR_OK.
 *
 *     struct page                                    the frame; its members are private
 *     struct page page_empty(void)                   an empty one: what a variable starts as.
 *                                                    (All bytes zero is an empty one too.)
 *     status page_alloc(void *ctx, struct page *)    take a frame; its contents may be anything.
 *                                                    NO_MEMORY if the HAL has none. What *frame was
 *                                                    before is not looked at: release it first
 *     status page_alloc_zeroed(void *ctx, struct page *)  the same, all bytes zero
 *     status page_adopt(void *ctx, axaddr_hpa_t base, struct page *)  own a frame that a detach
 *                                                    handed over; INVALID if base is not aligned
 *     bool page_is_owned(const struct page *)        whether there is a frame
 *     status page_base(const struct page *, axaddr_hpa_t *)  its address; INVALID if empty
 *     void *page_pointer(const struct page *)        its bytes, through the HAL; null if empty
 *     status page_fill(const struct page *, uint8_t byte)  set all its bytes; INVALID if empty
 *     void page_release(struct page *)               give it back. It is empty then; releasing an
 *                                                    empty one does nothing, so twice is harmless
 *     status page_detach(struct page *, axaddr_hpa_t *)  give up owning it, without freeing; it is
 *                                                    empty then. INVALID if empty already
 *
 *     AXADDR_SCOPED_FRAME(page, variable)            declare `struct page variable`, empty, to be
 *                                                    released when its scope is left: by its end,
 *                                                    return, break, continue or goto (not longjmp)
 *
 * `ctx` goes to the HAL's functions and is kept in the frame. Different frames may be used
 * concurrently if the HAL's functions may; one frame may not.
 */
#ifndef AXADDR_CORE_FRAME_H
#define AXADDR_CORE_FRAME_H

#include "require.h"

/** Bytes of a frame. */
#define AXADDR_FRAME_SIZE AXADDR_SIZE_4K

/** Owned frames from `hal`, called `struct name`. See the top of this file. */
#define AXADDR_DEFINE_FRAME(name, hal)                                                             \
    struct name {                                                                                  \
        struct axaddr_owned_frame owned;                                                           \
    };                                                                                             \
    AXADDR_BEGIN_GENERATED_                                                                        \
    AXADDR_FRAME_LIFE_(name, hal)                                                                  \
    AXADDR_FRAME_USE_(name, hal)                                                                   \
    AXADDR_END_GENERATED_                                                                          \
    AXADDR_STATIC_ASSERT(sizeof(hal) == sizeof(struct axaddr_hal),                                 \
                         "the second argument is the HAL itself, not a pointer to it")

/** Declare an empty `struct name variable` that is released when its scope is left. */
#define AXADDR_SCOPED_FRAME(name, variable)                                                        \
    struct name variable __attribute__((cleanup(name##_release))) = name##_empty()

/** What an owned frame of any HAL is. The generated struct holds one, so that HALs do not mix. */
struct axaddr_owned_frame {
    axaddr_hpa_t base; /**< meaningful only if is_owned */
    void *ctx;         /**< what its HAL's functions get */
    bool is_owned;     /**< false: empty */
};

/* ---- the algorithms: each is what the generated function of the same name does ---- */

/* The HAL's memory may hold objects of any type. */
typedef uintptr_t axaddr_frame_word_t __attribute__((may_alias));

/* Volatile: what the compiler recognises as memset, it replaces by a call of memset. */
AXADDR_ALWAYS_INLINE void axaddr_owned_frame_fill_at(void *at, uint8_t byte) {
    volatile axaddr_frame_word_t *word = (volatile axaddr_frame_word_t *)at;
    volatile axaddr_frame_word_t *end = word + AXADDR_FRAME_SIZE / sizeof *word;
    uintptr_t pattern = UINTPTR_MAX / 0xff * byte;

    for (; word != end; word++) {
        *word = pattern;
    }
}

AXADDR_ALWAYS_INLINE struct axaddr_owned_frame axaddr_owned_frame_empty(void) {
    struct axaddr_owned_frame frame;

    frame.base = axaddr_hpa(0);
    frame.ctx = NULL;
    frame.is_owned = false;
    return frame;
}

AXADDR_MUST_CHECK AXADDR_ALWAYS_INLINE enum axaddr_status
axaddr_owned_frame_alloc(const struct axaddr_hal *hal, void *ctx,
                         struct axaddr_owned_frame *frame) {
    axaddr_hpa_t base;

    if (hal->alloc_frame == 0 || hal->free_frame == 0 || hal->frame_at == 0) {
        return AXADDR_UNSUPPORTED; /* only without optimisation: require.h */
    }
    if (!hal->alloc_frame(ctx, &base)) {
        return AXADDR_NO_MEMORY;
    }
    frame->base = base;
    frame->ctx = ctx;
    frame->is_owned = true;
    return AXADDR_OK;
}

AXADDR_MUST_CHECK AXADDR_ALWAYS_INLINE enum axaddr_status
axaddr_owned_frame_alloc_zeroed(const struct axaddr_hal *hal, void *ctx,
                                struct axaddr_owned_frame *frame) {
    enum axaddr_status status = axaddr_owned_frame_alloc(hal, ctx, frame);

    if (status == AXADDR_OK) {
        axaddr_owned_frame_fill_at(hal->frame_at(ctx, frame->base), 0);
    }
    return status;
}

AXADDR_MUST_CHECK AXADDR_ALWAYS_INLINE enum axaddr_status
axaddr_owned_frame_adopt(void *ctx, axaddr_hpa_t base, struct axaddr_owned_frame *frame) {
    if (!axaddr_hpa_is_aligned(base, AXADDR_FRAME_SIZE)) {
        return AXADDR_INVALID;
    }
    frame->base = base;
    frame->ctx = ctx;
    frame->is_owned = true;
    return AXADDR_OK;
}

AXADDR_MUST_CHECK AXADDR_ALWAYS_INLINE enum axaddr_status
axaddr_owned_frame_base(const struct axaddr_owned_frame *frame, axaddr_hpa_t *base) {
    if (!frame->is_owned) {
        return AXADDR_INVALID;
    }
    *base = frame->base;
    return AXADDR_OK;
}

AXADDR_ALWAYS_INLINE void *axaddr_owned_frame_pointer(const struct axaddr_hal *hal,
                                                      const struct axaddr_owned_frame *frame) {
    return frame->is_owned ? hal->frame_at(frame->ctx, frame->base) : NULL;
}

AXADDR_MUST_CHECK AXADDR_ALWAYS_INLINE enum axaddr_status
axaddr_owned_frame_fill(const struct axaddr_hal *hal, const struct axaddr_owned_frame *frame,
                        uint8_t byte) {
    if (!frame->is_owned) {
        return AXADDR_INVALID;
    }
    axaddr_owned_frame_fill_at(hal->frame_at(frame->ctx, frame->base), byte);
    return AXADDR_OK;
}

AXADDR_MUST_CHECK AXADDR_ALWAYS_INLINE enum axaddr_status
axaddr_owned_frame_detach(struct axaddr_owned_frame *frame, axaddr_hpa_t *base) {
    enum axaddr_status status = axaddr_owned_frame_base(frame, base);

    if (status == AXADDR_OK) {
        *frame = axaddr_owned_frame_empty();
    }
    return status;
}

AXADDR_ALWAYS_INLINE void axaddr_owned_frame_release(const struct axaddr_hal *hal,
                                                     struct axaddr_owned_frame *frame) {
    struct axaddr_owned_frame released = *frame;

    /* Empty before it is freed: no moment at which both the HAL and *frame have it. */
    *frame = axaddr_owned_frame_empty();
    if (released.is_owned) {
        hal->free_frame(released.ctx, released.base);
    }
}

/* ---- what AXADDR_DEFINE_FRAME generates ---- */

#define AXADDR_FRAME_PLAIN_   AXADDR_UNUSED static inline
#define AXADDR_FRAME_CHECKED_ AXADDR_UNUSED AXADDR_MUST_CHECK static inline enum axaddr_status

#define AXADDR_FRAME_LIFE_(name, hal)                                                              \
    AXADDR_REQUIRE_FRAMES_(name, hal)                                                              \
    AXADDR_FRAME_PLAIN_ struct name name##_empty(void) {                                           \
        struct name frame;                                                                         \
        frame.owned = axaddr_owned_frame_empty();                                                  \
        return frame;                                                                              \
    }                                                                                              \
    AXADDR_FRAME_CHECKED_ name##_alloc(void *ctx, struct name *frame) {                            \
        return (AXADDR_REQUIRED_(name), axaddr_owned_frame_alloc(&(hal), ctx, &frame->owned));     \
    }                                                                                              \
    AXADDR_FRAME_CHECKED_ name##_alloc_zeroed(void *ctx, struct name *frame) {                     \
        return (AXADDR_REQUIRED_(name),                                                            \
                axaddr_owned_frame_alloc_zeroed(&(hal), ctx, &frame->owned));                      \
    }                                                                                              \
    AXADDR_FRAME_CHECKED_ name##_adopt(void *ctx, axaddr_hpa_t base, struct name *frame) {         \
        return axaddr_owned_frame_adopt(ctx, base, &frame->owned);                                 \
    }                                                                                              \
    AXADDR_FRAME_PLAIN_ void name##_release(struct name *frame) {                                  \
        axaddr_owned_frame_release(&(hal), &frame->owned);                                         \
    }                                                                                              \
    AXADDR_FRAME_CHECKED_ name##_detach(struct name *frame, axaddr_hpa_t *base) {                  \
        return axaddr_owned_frame_detach(&frame->owned, base);                                     \
    }

#define AXADDR_FRAME_USE_(name, hal)                                                               \
    AXADDR_FRAME_PLAIN_ bool name##_is_owned(const struct name *frame) {                           \
        return frame->owned.is_owned;                                                              \
    }                                                                                              \
    AXADDR_FRAME_CHECKED_ name##_base(const struct name *frame, axaddr_hpa_t *base) {              \
        return axaddr_owned_frame_base(&frame->owned, base);                                       \
    }                                                                                              \
    AXADDR_FRAME_PLAIN_ void *name##_pointer(const struct name *frame) {                           \
        return axaddr_owned_frame_pointer(&(hal), &frame->owned);                                  \
    }                                                                                              \
    AXADDR_FRAME_CHECKED_ name##_fill(const struct name *frame, uint8_t byte) {                    \
        return axaddr_owned_frame_fill(&(hal), &frame->owned, byte);                               \
    }

#endif /* AXADDR_CORE_FRAME_H */
