/* SPDX-License-Identifier: MIT
 *
 * flush.h: what an edit asks of the TLBs, as data. An edit gathers one plan; the HAL's flush_tlb
 * carries it out on every CPU that may hold translations of that table; only after it has returned
 * are frames and tables freed. An edit that only filled absent entries needs no plan and makes
 * none.
 *
 * The executors for real machines are in axaddr_arch (axaddr_x86_ept_flush and so on): a HAL calls
 * the one for its format and adds what only it knows (how to reach other CPUs, the root register).
 */
#ifndef AXADDR_CORE_FLUSH_H
#define AXADDR_CORE_FLUSH_H

#include "base.h"

/** Ranges that a plan can name one by one; more are joined to the nearest. */
#define AXADDR_FLUSH_RANGE_MAX 4
/** Pages above which a plan says "everything" rather than naming ranges. */
#define AXADDR_FLUSH_PAGE_MAX  64

/** A run of input addresses (of the table's own kind), both ends included. */
struct axaddr_flush_range {
    uint64_t first;       /**< first byte, page aligned */
    uint64_t last;        /**< last byte: the last of its page */
    uint8_t stride_shift; /**< log2 of the smallest leaf that was there: a step that misses none.
                               Where the range is one step, and the format breaks before it makes,
                               it was one leaf of just that size */
};

/** What must no longer be held by any TLB when flush_tlb returns. */
struct axaddr_flush {
    struct axaddr_flush_range ranges[AXADDR_FLUSH_RANGE_MAX];
    uint8_t range_count; /**< used ranges; they do not overlap. Also filled in when is_full. */
    bool is_full;        /**< forget every translation of this table; `ranges` is a hint then */
    bool has_tables;     /**< tables were unlinked: cached intermediate entries must go as well */
    uint32_t vmid; /**< the tag of this table's translations: VMID, ASID (0 until it is set) */
    uint64_t cpus; /**< who may hold some: bit (CPU number % 64). 0: not known, so everybody */
};

/** An empty plan. */
AXADDR_ALWAYS_INLINE void axaddr_flush_init(struct axaddr_flush *plan) {
    plan->range_count = 0;
    plan->is_full = false;
    plan->has_tables = false;
    plan->vmid = 0;
    plan->cpus = 0;
}

/** Whether the plan asks for nothing. */
AXADDR_ALWAYS_INLINE bool axaddr_flush_is_empty(const struct axaddr_flush *plan) {
    return plan->range_count == 0 && !plan->is_full && !plan->has_tables;
}

/** Say "everything" when naming each page would take longer. */
static inline void axaddr_flush_limit(struct axaddr_flush *plan) {
    uint64_t steps = 0;
    unsigned i;

    for (i = 0; i < plan->range_count; i++) {
        const struct axaddr_flush_range *range = &plan->ranges[i];
        steps += ((range->last - range->first) >> range->stride_shift) + 1;
    }
    plan->is_full = plan->is_full || steps > AXADDR_FLUSH_PAGE_MAX;
}

/**
 * Add [first, last], whose leaves are of 1 << stride_shift bytes or more. Ranges come in ascending
 * order; one that adjoins the one before, or finds no room, is joined to it. A gap that is
 * swallowed so has no live leaves, so the smaller stride of the two still misses none.
 */
static inline void axaddr_flush_add(struct axaddr_flush *plan, uint64_t first, uint64_t last,
                                    unsigned stride_shift) {
    struct axaddr_flush_range *range = &plan->ranges[plan->range_count];

    if (plan->range_count > 0 &&
        (range[-1].last + 1 == first || plan->range_count == AXADDR_FLUSH_RANGE_MAX)) {
        range--;
        if (stride_shift > range->stride_shift) {
            stride_shift = range->stride_shift;
        }
    } else {
        range->first = first;
        plan->range_count++;
    }
    range->last = last;
    range->stride_shift = (uint8_t)stride_shift;
}

#endif /* AXADDR_CORE_FLUSH_H */
