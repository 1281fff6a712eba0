/* SPDX-License-Identifier: MIT
 *
 * tlb_steps.h: a plan as the addresses that an executor names one by one, for tables of 4 KiB pages
 * and nine bits a level (all machines here), and the tag that it names. What can be said of a plan
 * on every machine is said here:
 *
 *   - When a plan says "everything", and after tables were unlinked, no address is named: by an
 *     address a machine forgets a leaf, and at most the cached entries on the way to it, but a
 *     plan's ranges do not tell where a table was that had no leaves.
 *   - A plan that names no VMID (ASID, PCID) is carried out for all of them.
 */
#ifndef AXADDR_ARCH_TLB_STEPS_H
#define AXADDR_ARCH_TLB_STEPS_H

#include "../axaddr_core/base.h"
#include "../axaddr_core/flush.h"

/**
 * The steps of one range: numbers that, shifted left by `shift`, are addresses of which one is in
 * each leaf. As numbers, so that the one after the last page of all is a number as well.
 */
struct axaddr_tlb_steps {
    uint64_t first;
    uint64_t last;
    unsigned level; /**< of a leaf as large as a step */
    unsigned shift; /**< 12 + 9 * level */
};

/** A stride between two levels (a run of pages that hint at each other) is rounded down to one. */
static inline struct axaddr_tlb_steps axaddr_tlb_steps_of(const struct axaddr_flush_range *range) {
    struct axaddr_tlb_steps steps = {0, 0, 0, 12};

    while (steps.level < 4 && steps.shift + 9 <= range->stride_shift) {
        steps.level++;
        steps.shift += 9;
    }
    steps.first = range->first >> steps.shift;
    steps.last = range->last >> steps.shift;
    return steps;
}

/**
 * How many steps a plan that is not empty has: 1 to AXADDR_FLUSH_PAGE_MAX; or 0 if everything has
 * to be forgotten instead.
 */
static inline unsigned axaddr_tlb_step_count(const struct axaddr_flush *plan) {
    uint64_t count = 0;
    unsigned i;

    if (plan->is_full || plan->has_tables || plan->range_count > AXADDR_FLUSH_RANGE_MAX) {
        return 0;
    }
    for (i = 0; i < plan->range_count; i++) {
        struct axaddr_tlb_steps steps = axaddr_tlb_steps_of(&plan->ranges[i]);

        if (plan->ranges[i].last < plan->ranges[i].first) {
            return 0;
        }
        count += steps.last - steps.first + 1;
    }
    return count <= AXADDR_FLUSH_PAGE_MAX ? (unsigned)count : 0;
}

/** The plan's tag; 0, which stands for all, if it is not told or has more than `bits` bits. */
static inline uint32_t axaddr_tlb_vmid(const struct axaddr_flush *plan, unsigned bits) {
    return (plan->vmid >> bits) == 0 ? plan->vmid : 0;
}

#endif /* AXADDR_ARCH_TLB_STEPS_H */
