/* SPDX-License-Identifier: MIT
 *
 * request.h: an edit as data. Every call that changes a table or a space makes a request of its
 * arguments; a caller who wants to know beforehand what it takes, to bring the frames for it, or to
 * cut it into short steps fills in one himself:
 *
 *     struct axaddr_request request = {.operation = AXADDR_OP_UNMAP, .start = 0, .size = RAM_SIZE};
 *     struct axaddr_terms terms = {.budget = 1024};
 *
 *     do {                                          // interrupts are served between the steps
 *         status = vm_perform(&vm, &request, &terms);
 *         request.start += terms.done;
 *         request.size -= terms.done;
 *     } while (status == AXADDR_OK && request.size > 0);
 *
 * Each step is an edit of its own: it is done or it has failed and changed nothing. What LINEAR and
 * FRAMES map goes on with the address: `host` by terms.done, `frames` by its pages. A step of an
 * UNMAP or a PROTECT that ends within an area cuts it, for which it may take one frame more than
 * the whole would. What a map with AXADDR_REPLACE takes out does not count for its budget.
 */
#ifndef AXADDR_CORE_REQUEST_H
#define AXADDR_CORE_REQUEST_H

#include "instance.h"

enum axaddr_operation {
    AXADDR_OP_LINEAR,   /**< map host memory in one piece, from `host` on */
    AXADDR_OP_FRAMES,   /**< map the frames of an array, in order */
    AXADDR_OP_POPULATE, /**< space: map frames taken from the HAL and zeroed, owned by the space */
    AXADDR_OP_RESERVE,  /**< space: likewise, but taken by the faults that need them */
    AXADDR_OP_BACKED,   /**< space: likewise, but supplied by the HAL (supply_frame) */
    AXADDR_OP_DEVICE,   /**< space: trap accesses */
    AXADDR_OP_UNMAP,    /**< unmap whatever is there */
    AXADDR_OP_PROTECT,  /**< give what is mapped or reserved other flags */
    AXADDR_OP_SPLIT,    /**< break large leaves up, into leaves of the smallest size */
    AXADDR_OP_HARVEST,  /**< tell the HAL what was noted of pages (accessed, written), clear it */
    AXADDR_OP_COLLAPSE, /**< make large leaves, or runs, of small ones where they fit together */
    AXADDR_OP_LABEL,    /**< space: give areas a name and a tag */
};

struct axaddr_request {
    enum axaddr_operation operation;
    uint32_t flags;         /**< LINEAR to BACKED, PROTECT: of the mappings; HARVEST: the notes */
    uint32_t cookie;        /**< DEVICE, BACKED */
    uint64_t start;         /**< first address; all in bytes, multiples of the page size */
    uint64_t size;          /**< bytes */
    uint64_t host;          /**< LINEAR: host address of the first byte */
    const uint64_t *frames; /**< FRAMES: a host address for each page */
    const char *name;       /**< of areas, what is mapped and LABEL: the caller's name, or 0 */
    uint64_t tag;           /**< likewise: the caller's own */
};

/** How a request is to be carried out; all zero: at once, with frames of the HAL. */
struct axaddr_terms {
    struct axaddr_pool *pool; /**< frames taken ahead: no others are used. 0: the HAL is asked */
    uint64_t budget;          /**< stop after about so many entries. 0: do all */
    uint64_t done;            /**< result: bytes that are done, from the start on */
};

/** A request without what only some operations have. */
AXADDR_ALWAYS_INLINE struct axaddr_request
axaddr_request_of(enum axaddr_operation operation, uint64_t start, uint64_t size, uint32_t flags) {
    struct axaddr_request request; /* member by member: no memset */

    request.operation = operation;
    request.flags = flags;
    request.cookie = 0;
    request.start = start;
    request.size = size;
    request.host = 0;
    request.frames = 0;
    request.name = 0;
    request.tag = 0;
    return request;
}

/** Whether it enters something into a range that must be free. */
AXADDR_ALWAYS_INLINE bool axaddr_request_is_map(const struct axaddr_request *request) {
    return request->operation <= AXADDR_OP_DEVICE;
}

/** Whether it first takes out what is in its range. */
AXADDR_ALWAYS_INLINE bool axaddr_request_is_replace(const struct axaddr_request *request) {
    return axaddr_request_is_map(request) && (request->flags & AXADDR_REPLACE) != 0;
}

/** Whether it changes what areas say of a range, and cuts what reaches across its ends. */
AXADDR_ALWAYS_INLINE bool axaddr_request_is_area_change(const struct axaddr_request *request) {
    return request->operation == AXADDR_OP_UNMAP || request->operation == AXADDR_OP_PROTECT ||
           request->operation == AXADDR_OP_LABEL;
}

/** Whether it is entered as absent entries. */
AXADDR_ALWAYS_INLINE bool axaddr_request_is_absent(const struct axaddr_instance *self,
                                                   const struct axaddr_request *request) {
    return axaddr_has_areas(self) && request->operation >= AXADDR_OP_RESERVE &&
           request->operation <= AXADDR_OP_DEVICE;
}

/** The cookie of what it maps: only some operations have one. */
AXADDR_ALWAYS_INLINE uint32_t axaddr_request_cookie(const struct axaddr_request *request) {
    return request->operation == AXADDR_OP_DEVICE || request->operation == AXADDR_OP_BACKED
               ? request->cookie
               : 0;
}

/** The absent entry that it is entered as. */
AXADDR_ALWAYS_INLINE uint64_t axaddr_request_entry(const struct axaddr_instance *self,
                                                   const struct axaddr_request *request) {
    uint32_t flags = request->flags & (AXADDR_MAPPING_FLAGS | AXADDR_LAZY_FLAGS);
    enum axaddr_absent_kind kind = AXADDR_ABSENT_RESERVED;

    if (request->operation == AXADDR_OP_DEVICE) {
        kind = AXADDR_ABSENT_TRAPPED;
        flags = 0;
    } else if (request->operation == AXADDR_OP_BACKED) {
        kind = AXADDR_ABSENT_BACKED;
    } else if ((flags & AXADDR_ZERO_PAGE) != 0) {
        kind = AXADDR_ABSENT_SPARSE;
    }
    return self->format->make_absent(kind, axaddr_payload(flags, axaddr_request_cookie(request)));
}

/** Whether it takes a frame for each page. */
AXADDR_ALWAYS_INLINE bool axaddr_request_is_fresh(const struct axaddr_instance *self,
                                                  const struct axaddr_request *request) {
    return axaddr_has_areas(self) && request->operation == AXADDR_OP_POPULATE;
}

/* ---- checks that need no look at the table ---- */

/** Whether flags are valid (else INVALID) and the format holds them (else UNSUPPORTED). */
AXADDR_ALWAYS_INLINE enum axaddr_status axaddr_check_flags(const struct axaddr_instance *self,
                                                           uint32_t flags) {
    if (!axaddr_flags_are_valid(flags)) {
        return AXADDR_INVALID;
    }
    return self->format->can_hold(flags) ? AXADDR_OK : AXADDR_UNSUPPORTED;
}

/** Whether the host frames of a request's first `size` bytes can all stand in entries. */
AXADDR_ALWAYS_INLINE bool axaddr_request_is_in_reach(const struct axaddr_instance *self,
                                                     const struct axaddr_request *request,
                                                     uint64_t size) {
    uint64_t count = size >> self->format->shift[0];
    uint64_t i;

    if (request->operation == AXADDR_OP_LINEAR) {
        return axaddr_is_output(self, request->host, size);
    }
    if (request->operation != AXADDR_OP_FRAMES) {
        return true;
    }
    for (i = 0; request->frames != 0 && i < count; i++) {
        if (!axaddr_is_output(self, request->frames[(size_t)i], axaddr_page_size(self))) {
            return false;
        }
    }
    return request->frames != 0;
}

/** What is particular to RESERVE and BACKED. */
AXADDR_ALWAYS_INLINE enum axaddr_status axaddr_check_lazy(const struct axaddr_instance *self,
                                                          const struct axaddr_table *table,
                                                          const struct axaddr_request *request) {
    bool is_backed = request->operation == AXADDR_OP_BACKED;
    uint32_t how = request->flags & (AXADDR_SMALL | AXADDR_LAZY_FLAGS);
    uint32_t flags = request->flags & ~(how | AXADDR_REPLACE);

    if (!axaddr_flags_are_valid(flags) ||
        (is_backed && (how != 0 || request->cookie > AXADDR_COOKIE_MAX)) ||
        (how & (AXADDR_SMALL | AXADDR_LARGE)) == (AXADDR_SMALL | AXADDR_LARGE) ||
        ((how & AXADDR_ZERO_PAGE) != 0 && (request->flags & AXADDR_READ) == 0)) {
        return AXADDR_INVALID;
    }
    if (!axaddr_has_areas(self) || (is_backed && self->hal->supply_frame == 0) ||
        ((how & AXADDR_ZERO_PAGE) != 0 && table->zero_frame == AXADDR_NO_FRAME)) {
        return AXADDR_UNSUPPORTED;
    }
    return axaddr_check_flags(self, flags);
}

/** What may be said of a map beside its flags, where it is not lazy. */
AXADDR_ALWAYS_INLINE uint32_t axaddr_request_how(const struct axaddr_instance *self,
                                                 const struct axaddr_request *request) {
    bool may_own =
        axaddr_has_areas(self) && self->hal->free_at != 0 && request->operation == AXADDR_OP_LINEAR;

    return AXADDR_SMALL | AXADDR_REPLACE | (may_own ? AXADDR_OWNED : 0);
}

/** Check a request as far as its arguments go, `last` being the end of what is done of it now. */
AXADDR_ALWAYS_INLINE enum axaddr_status axaddr_request_check(const struct axaddr_instance *self,
                                                             const struct axaddr_table *table,
                                                             const struct axaddr_request *request,
                                                             uint64_t last) {
    enum axaddr_status status = AXADDR_INVALID;

    if (!axaddr_request_is_in_reach(self, request, last - request->start + 1)) {
        return AXADDR_INVALID;
    }
    switch (request->operation) {
    case AXADDR_OP_RESERVE:
    case AXADDR_OP_BACKED:
        return axaddr_check_lazy(self, table, request);
    case AXADDR_OP_POPULATE:
    case AXADDR_OP_LINEAR:
    case AXADDR_OP_FRAMES:
        status = axaddr_check_flags(self, request->flags & ~axaddr_request_how(self, request));
        break;
    case AXADDR_OP_PROTECT:
        return axaddr_check_flags(self, request->flags);
    case AXADDR_OP_DEVICE:
        status = request->cookie <= AXADDR_COOKIE_MAX ? AXADDR_OK : AXADDR_INVALID;
        break;
    case AXADDR_OP_HARVEST:
        if (request->flags == 0 || (request->flags & ~AXADDR_NOTES) != 0) {
            return AXADDR_INVALID;
        }
        return self->format->clear_notes != 0 ? AXADDR_OK : AXADDR_UNSUPPORTED;
    case AXADDR_OP_UNMAP:
    case AXADDR_OP_SPLIT:
    case AXADDR_OP_COLLAPSE:
        return AXADDR_OK;
    case AXADDR_OP_LABEL:
        return axaddr_has_areas(self) ? AXADDR_OK : AXADDR_UNSUPPORTED;
    }
    if (status == AXADDR_OK && !axaddr_has_areas(self) &&
        request->operation >= AXADDR_OP_POPULATE && request->operation <= AXADDR_OP_DEVICE) {
        status = AXADDR_UNSUPPORTED;
    }
    return status;
}

#endif /* AXADDR_CORE_REQUEST_H */
