/* SPDX-License-Identifier: MIT
 *
 * sim_tlb.h: what the CPUs of the simulated machine hold of page tables. One set of records for all
 * of them: a record is something that was once read from a table (a leaf's translation, a table
 * entry on the way, or for machines that cache it, that there was nothing), tagged with a VMID, and
 * the set of CPUs that hold it. A TLB here forgets nothing by itself: only a flush plan that names
 * it drops a record, and what a plan does not promise to drop stays.
 *
 * A plan's range is carried out as the executors do it (axaddr_core/flush.h): one step after the
 * other from the range's first address, aligned down to the stride; a step drops the leaf that maps
 * its address, and nothing on the way there. has_tables drops all that is held of entries above the
 * leaves; is_full drops all of the VMID.
 */
#ifndef AXADDR_TESTS_SIM_TLB_H
#define AXADDR_TESTS_SIM_TLB_H

#include "../axaddr_core/flush.h"
#include "host.h"
#include "sim_regime.h"

#define SIM_CPU_MAX    8
#define SIM_RECORD_MAX 4096 /**< above this a pseudo-random one is lost, as in small TLBs */
#define SIM_BUCKETS    1024

struct sim_record {
    uint64_t first; /**< table address of what it spans: 1 << shift bytes */
    uint64_t frame; /**< LEAF: of `first`; TABLE: the table */
    uint32_t vmid;
    uint32_t cpus; /**< who holds it: bit per CPU (by index). 0: the record is unused */
    uint32_t next; /**< in its bucket or among the unused: index + 1, 0 at the end */
    unsigned type; /**< LEAF */
    uint8_t kind;  /**< enum sim_kind: LEAF, TABLE or ABSENT */
    uint8_t level;
    uint8_t shift;      /**< TABLE and ABSENT: of their level. LEAF: more, if it is held as a run */
    uint8_t leaf_shift; /**< LEAF: what the leaf, or its run, spanned */
    uint8_t rights; /**< LEAF: with those of the way there; TABLE: those of the way through it */
    bool is_dirty;  /**< LEAF: known to be noted as written */
};

struct sim_tlb {
    struct host *host;
    struct sim_record *records;
    uint32_t high; /**< records below it may be in use */
    uint32_t used_count;
    uint32_t unused; /**< the first unused one below `high`: index + 1 */
    uint32_t buckets[SIM_BUCKETS];
    uint32_t *held; /**< [frame of the arena]: records that a CPU may reach it by */
    unsigned cpu_count;
    uint32_t cpu_numbers[SIM_CPU_MAX]; /**< as the plans' cpus mean them */
    uint64_t lost_count;
};

/** Three CPUs, with numbers that a plan's 64 bits tell apart; a test may give them others. */
static inline void sim_tlb_init(struct sim_tlb *tlb, struct host *host) {
    memset(tlb, 0, sizeof(*tlb));
    tlb->host = host;
    tlb->cpu_count = 3;
    tlb->cpu_numbers[0] = 1;
    tlb->cpu_numbers[1] = 30;
    tlb->cpu_numbers[2] = 64;
    tlb->records = (struct sim_record *)calloc(SIM_RECORD_MAX, sizeof(*tlb->records));
    tlb->held = (uint32_t *)calloc(host->frame_count, sizeof(*tlb->held));
    if (tlb->records == 0 || tlb->held == 0) {
        abort();
    }
}

static inline void sim_tlb_destroy(struct sim_tlb *tlb) {
    free(tlb->records);
    free(tlb->held);
    tlb->records = 0;
    tlb->held = 0;
}

/* ---- single records ---- */

static inline uint64_t sim_record_last(const struct sim_record *record) {
    return record->first | sim_low_bits(record->shift);
}

static inline uint32_t *sim_tlb_bucket(struct sim_tlb *tlb, uint32_t vmid, uint64_t first,
                                       unsigned shift) {
    uint64_t key = (first >> shift) + vmid * UINT64_C(0x51ed27) + shift * UINT64_C(0x9e3779b1);
    return &tlb->buckets[(key * UINT64_C(0x9e3779b97f4a7c15) >> 40) % SIM_BUCKETS];
}

/** Count the frames of the arena that a record reaches, up or down. */
static inline void sim_tlb_hold(struct sim_tlb *tlb, const struct sim_record *record,
                                uint32_t more) {
    uint64_t frame = record->frame;
    uint64_t size = record->kind == SIM_LEAF ? UINT64_C(1) << record->shift : HOST_FRAME_SIZE;
    uint64_t base = tlb->host->base;
    uint64_t end = base + (uint64_t)tlb->host->frame_count * HOST_FRAME_SIZE;
    uint64_t last = frame + (size - 1);

    if (record->kind == SIM_ABSENT || frame >= end || last < base) {
        return;
    }
    frame = frame < base ? base : frame & ~(HOST_FRAME_SIZE - 1);
    for (; frame < end && frame <= last; frame += HOST_FRAME_SIZE) {
        tlb->held[(frame - base) / HOST_FRAME_SIZE] += more;
    }
}

/** Have `cpus` forget a record. */
static inline void sim_tlb_drop(struct sim_tlb *tlb, struct sim_record *record, uint32_t cpus) {
    uint32_t *link;
    uint32_t index = (uint32_t)(record - tlb->records) + 1;

    record->cpus &= ~cpus;
    if (record->cpus != 0) {
        return;
    }
    link = sim_tlb_bucket(tlb, record->vmid, record->first, record->shift);
    while (*link != index) {
        link = &tlb->records[*link - 1].next;
    }
    *link = record->next;
    record->next = tlb->unused;
    tlb->unused = index;
    sim_tlb_hold(tlb, record, UINT32_MAX); /* - 1 */
    if (--tlb->used_count == 0) {
        tlb->high = 0;
        tlb->unused = 0;
    }
}

/** A record of this kind for exactly [first, first + (1 << shift) - 1] that one of `cpus` has. */
static inline struct sim_record *sim_tlb_find(struct sim_tlb *tlb, uint32_t vmid, uint32_t cpus,
                                              enum sim_kind kind, unsigned shift, uint64_t first) {
    uint32_t index = *sim_tlb_bucket(tlb, vmid, first, shift);

    while (index != 0) {
        struct sim_record *record = &tlb->records[index - 1];
        if (record->first == first && record->shift == shift && record->kind == kind &&
            record->vmid == vmid && (record->cpus & cpus) != 0) {
            return record;
        }
        index = record->next;
    }
    return 0;
}

static inline bool sim_record_is_same(const struct sim_record *a, const struct sim_record *b) {
    return a->first == b->first && a->shift == b->shift && a->kind == b->kind &&
           a->vmid == b->vmid && a->level == b->level && a->frame == b->frame &&
           a->rights == b->rights && a->type == b->type && a->leaf_shift == b->leaf_shift;
}

/** Have the CPUs in record.cpus hold it. */
static inline void sim_tlb_keep(struct sim_tlb *tlb, struct sim_record record) {
    uint32_t *bucket = sim_tlb_bucket(tlb, record.vmid, record.first, record.shift);
    uint32_t index = *bucket;

    for (; index != 0; index = tlb->records[index - 1].next) {
        struct sim_record *old = &tlb->records[index - 1];
        if (sim_record_is_same(old, &record)) {
            old->cpus |= record.cpus;
            old->is_dirty = old->is_dirty && record.is_dirty;
            return;
        }
    }
    if (tlb->used_count == SIM_RECORD_MAX) {
        struct sim_record *lost = &tlb->records[host_random(tlb->host) % SIM_RECORD_MAX];
        sim_tlb_drop(tlb, lost, lost->cpus);
        tlb->lost_count++;
    }
    index = tlb->unused;
    if (index == 0) {
        index = ++tlb->high;
    } else {
        tlb->unused = tlb->records[index - 1].next;
    }
    tlb->used_count++;
    record.next = *bucket;
    tlb->records[index - 1] = record;
    *bucket = index;
    sim_tlb_hold(tlb, &record, 1);
}

/** Have CPUs (by index) forget everything, of every VMID. */
AXADDR_UNUSED static void sim_tlb_clear(struct sim_tlb *tlb, uint32_t cpus) {
    uint32_t i;
    for (i = 0; i < tlb->high; i++) {
        if ((tlb->records[i].cpus & cpus) != 0) {
            sim_tlb_drop(tlb, &tlb->records[i], cpus);
        }
    }
}

/* ---- plans ---- */

/** The CPUs that a plan is for. */
static inline uint32_t sim_plan_cpus(const struct sim_tlb *tlb, const struct axaddr_flush *plan) {
    uint32_t cpus = 0;
    unsigned i;
    for (i = 0; i < tlb->cpu_count; i++) {
        if (plan->cpus == 0 || (plan->cpus >> (tlb->cpu_numbers[i] % 64) & 1) != 0) {
            cpus |= UINT32_C(1) << i;
        }
    }
    return cpus;
}

/** Whether one of the steps of [first, last] meets [low, high]. */
static inline bool sim_range_meets(uint64_t first, uint64_t last, unsigned stride_shift,
                                   uint64_t low, uint64_t high) {
    uint64_t stride = UINT64_C(1) << stride_shift;
    uint64_t step = first & ~(stride - 1);

    if (step < low) {
        step = (low + (stride - 1)) & ~(stride - 1);
        if (step < low) {
            return false; /* it wrapped */
        }
    }
    return step <= high && step <= last;
}

/** Whether a record goes with the single pages of a range, and not only with tables. */
static inline bool sim_record_is_leaf(const struct sim_record *record) {
    return record->kind == SIM_LEAF || (record->kind == SIM_ABSENT && record->level == 0);
}

/**
 * Carry out a plan. Its addresses are those of a table whose addresses have `high` above the width
 * of the tables.
 */
static inline void sim_tlb_flush(struct sim_tlb *tlb, const struct axaddr_flush *plan,
                                 uint64_t high) {
    uint32_t cpus = sim_plan_cpus(tlb, plan);
    uint32_t i;

    for (i = 0; i < tlb->high; i++) {
        struct sim_record *record = &tlb->records[i];
        bool is_gone = plan->is_full || (plan->has_tables && !sim_record_is_leaf(record));
        unsigned k;

        if ((record->cpus & cpus) == 0 || record->vmid != plan->vmid) {
            continue;
        }
        for (k = 0; k < plan->range_count && !is_gone; k++) {
            const struct axaddr_flush_range *range = &plan->ranges[k];
            is_gone = sim_record_is_leaf(record) &&
                      sim_range_meets(range->first, range->last, range->stride_shift,
                                      record->first + high, sim_record_last(record) + high);
        }
        if (is_gone) {
            sim_tlb_drop(tlb, record, cpus);
        }
    }
}

#endif /* AXADDR_TESTS_SIM_TLB_H */
