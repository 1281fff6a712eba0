/* SPDX-License-Identifier: MIT
 *
 * tracking_cpus.h: for tracking_sim.h: a VM of any format, what is known of its pages, and CPUs that
 * read and write them through what their TLBs hold, also in the middle of an operation.
 */
#ifndef AXADDR_TESTS_TRACKING_CPUS_H
#define AXADDR_TESTS_TRACKING_CPUS_H

#include "sim_access.h"
#define AXADDR_ON_ENTRY_ACCESS(slot, is_write) sim_tell_access(slot, is_write)

#include "every_format.h"
#include "spaces.h"

#include "check.h"
#include "sim.h"

static struct axaddr_format any_format;
AXADDR_DEFINE_VM(one_vm, any_format, host_hal);
AXADDR_DEFINE_VM(many_vm, any_format, host_hal_shared);

#define RW       (AXADDR_READ | AXADDR_WRITE)
#define PAGE     HOST_FRAME_SIZE
#define PAGE_MAX (3u * 8192u)

/** What is known of a page. */
struct page_state {
    bool is_due;   /**< was written: the next harvest tells it */
    bool is_late;  /**< was written while this operation was at work */
    bool is_next;  /**< ... and not told by it: the harvest after this one tells it */
    bool was_late; /**< ... in any step of this harvest */
    bool is_loose; /**< may be told although it was not written */
};

static struct {
    union {
        struct one_vm one;
        struct many_vm many;
    } vm;
    bool is_many;
    bool has_updates; /**< hardware sets A and D */
    bool is_beside;   /**< an operation is at work, in which other CPUs do what they want */
    bool is_in_write; /**< ... which is just happening */
    bool is_step_on;  /**< a harvest has had a step before */
    struct host host;
    struct sim sim;
    struct sim_tlb tlb;
    uint64_t random;
    uint64_t home;
    uint64_t large;
    uint64_t page_count;
    struct page_state pages[PAGE_MAX];
    uint64_t bitmap[PAGE_MAX / 64 + 1];
    uint64_t write_count;
    uint64_t beside_count;
    uint64_t told_count;
    uint64_t cost_count;
} t;

/* A function of either instance. */
#define VM(function, ...)                                                                          \
    (t.is_many ? many_vm_##function(&t.vm.many, __VA_ARGS__)                                       \
               : one_vm_##function(&t.vm.one, __VA_ARGS__))

static uint64_t any_number(uint64_t below) {
    t.random = t.random * UINT64_C(6364136223846793005) + 1442695040888963407u;
    return (t.random >> 33) % below;
}

/** One of a hundred pages or so, spread over the range: they are met again and again. */
static uint64_t any_page(void) {
    return any_number(120) * 163 % t.page_count;
}

static axaddr_gpa_t page_at(uint64_t index) {
    return axaddr_gpa(t.home + index * PAGE);
}

/* ---- what CPUs do ---- */

static void beside(void *slot, bool is_write);

/** Each operation: what CPUs hold is checked at its end. */
static void op_begin(void) {
    host_begin(&t.host);
    sim_begin(&t.sim);
    sim_on_access = beside;
}

static void op_end(bool is_beside) {
    axaddr_gpa_t where = axaddr_gpa(0);

    t.is_beside = false;
    if (is_beside) {
        t.sim.pending_count = 0; /* what faults did beside it may be there for a while only */
    }
    sim_end(&t.sim);
    CHECK_STR(host_error(&t.host), "");
    CHECK_EQ(VM(audit, &where), AXADDR_OK);
}

/** Whether a fault for a write would need the lock. */
static bool needs_lock(uint64_t index) {
    struct axaddr_mapping mapping;

    return VM(query, page_at(index), &mapping) == AXADDR_OK && (mapping.flags & AXADDR_WRITE) == 0;
}

static enum axaddr_fault take_fault(uint64_t index, uint32_t access) {
    enum axaddr_fault result;

    if (t.is_beside) { /* nested in an operation, which goes on with the checks */
        return VM(handle_fault, page_at(index), access);
    }
    op_begin();
    result = VM(handle_fault, page_at(index), access);
    op_end(false);
    return result;
}

static uint32_t flags_of_area(uint64_t index) {
    struct axaddr_area area;

    area.flags = 0;
    return VM(find_area, page_at(index), &area) == AXADDR_OK ? area.flags : 0;
}

/** A CPU reads or writes a page, as far as it may: whether it could. */
static bool cpu_access(unsigned cpu, uint64_t index, bool is_write) {
    uint64_t address = t.home + index * PAGE;
    uint32_t access = is_write ? AXADDR_WRITE : AXADDR_READ;
    unsigned right = is_write ? SIM_WRITE : SIM_READ;
    int tries;

    for (tries = 0; tries < 8; tries++) {
        const struct sim_record *hit;
        enum axaddr_fault result;

        hit = sim_hit(&t.sim, UINT32_C(1) << cpu, address);
        t.sim.has_updates = t.has_updates;
        if (hit == 0 || hit->kind != SIM_LEAF || (hit->rights & right) != 0) {
            sim_access(&t.sim, cpu, address, is_write);
        }
        t.sim.has_updates = false;
        t.sim.note_count = 0; /* notes are meant to be cleared */
        hit = sim_hit(&t.sim, UINT32_C(1) << cpu, address);
        if (hit != 0 && hit->kind == SIM_LEAF && (hit->rights & right) != 0 &&
            (!is_write || hit->is_dirty || t.sim.regime->dirty == 0 ||
             any_format.note_access == 0)) {
            return true;
        }
        t.pages[index].is_loose = true;
        if (t.is_beside && needs_lock(index)) {
            return false; /* it would wait for the lock */
        }
        if (hit != 0 && t.sim.regime->faults_forget) {
            sim_tlb_drop(&t.tlb, &t.tlb.records[hit - t.tlb.records], UINT32_C(1) << cpu);
        }
        result = take_fault(index, access);
        if (result != AXADDR_FAULT_RESOLVED && result != AXADDR_FAULT_SPURIOUS) {
            if (result == AXADDR_FAULT_DENIED && !t.is_beside &&
                (flags_of_area(index) & access) == access) {
                check_fail(__FILE__, __LINE__, "page %u does not permit what its area does",
                           (unsigned)index);
            }
            return false;
        }
    }
    if (!t.is_beside) {
        check_fail(__FILE__, __LINE__, "page %u faults for ever", (unsigned)index);
    }
    return false;
}

/** Pages of which may be told what was not written, with their large leaves. */
static void loosen(uint64_t first, uint64_t count) {
    uint64_t span = t.large / PAGE;
    uint64_t i;

    for (i = first / span * span; i < t.page_count && i < first + count + span; i++) {
        t.pages[i].is_loose = true;
    }
}

static bool is_small(uint64_t index) {
    struct axaddr_mapping mapping;

    return VM(query, page_at(index), &mapping) != AXADDR_OK || mapping.size == PAGE;
}

/** A CPU writes a page. */
static void cpu_write(uint64_t index) {
    if (cpu_access((unsigned)any_number(3), index, true)) {
        t.write_count++;
        if (!is_small(index)) {
            loosen(index, 1);
        }
        if (t.is_beside) {
            t.beside_count++;
            t.pages[index].is_late = true;
        } else {
            t.pages[index].is_due = true;
        }
    }
}

/** Before each access of an operation to an entry. */
static void beside(void *slot, bool is_write) {
    if (t.is_beside && t.is_many && !t.is_in_write && any_number(24) == 0) {
        t.is_in_write = true;
        cpu_write(any_page());
        t.is_in_write = false;
    }
    sim_told_access(slot, is_write);
}

#endif /* AXADDR_TESTS_TRACKING_CPUS_H */
