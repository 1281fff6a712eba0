/* SPDX-License-Identifier: MIT
 *
 * memory.h: the machine of the stress test: frames that threads take and give back at once, and
 * vCPUs with TLBs that keep what they found until a plan covers it.
 *
 * Each frame has a serial number, new each time it is taken. A guest writes stamps that name the
 * page and the serial number of the frame; what it reads is 0 or a stamp of the same page and
 * frame. A freed frame is filled with something else by plain stores, so that whoever still uses it
 * is found out by what he reads, or by ThreadSanitizer. A vCPU's TLB and its accesses are under a
 * mutex of its own, which flush_tlb takes to have it forget: when flush_tlb returns, nobody is in
 * the middle of an access through what was flushed.
 */
#ifndef AXADDR_TESTS_STRESS_MEMORY_H
#define AXADDR_TESTS_STRESS_MEMORY_H

#include "../../axaddr.h"
#include "../../axaddr_core/quiesce.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FRAME_COUNT  3072u
#define FRAME_SIZE   4096u
#define FRAME_BASE   UINT64_C(0x40000000)
#define BLOCK_ORDER  9 /* the largest block that is handed out */
#define FILE_BASE    UINT64_C(0x60000000)
#define ZERO_FRAME   UINT64_C(0x70000000)
#define LINEAR_BASE  UINT64_C(0x80000000)
#define WINDOW_SIZE  (UINT64_C(32) << 20) /* at most so many bytes of guest memory */
#define FILL_TAKEN   0x55
#define FILL_FREED   0x5d
#define REFUSE_EVERY 97 /* about one in so many allocations fails */

#define VCPU_COUNT   3
#define THREAD_COUNT 6 /* vCPUs, two editors, one who looks */
#define TLB_SIZE     32

struct frame {
    _Atomic bool is_used;
    _Atomic uint32_t serial;
};

struct tlb_entry {
    bool is_valid;
    bool is_absent; /**< nothing was there, and the TLB keeps that in mind */
    uint64_t page;  /**< the guest's page */
    uint64_t first; /**< what the leaf maps begins here */
    uint64_t last;
    uint64_t hpa;
    uint32_t serial; /**< of the frame, if it is one of ours */
    uint32_t flags;
};

struct vcpu {
    pthread_mutex_t mutex;
    struct tlb_entry tlb[TLB_SIZE];
};

static uint8_t *frame_memory;
static uint8_t *linear_memory;
static uint8_t *file_memory; /**< all zero, and so it stays */
static uint8_t zero_memory[FRAME_SIZE] __attribute__((aligned(FRAME_SIZE)));
static struct frame frame_table[FRAME_COUNT];
static pthread_mutex_t frame_mutex = PTHREAD_MUTEX_INITIALIZER;
static uint64_t window_first; /**< the first guest address that is used */
static struct vcpu vcpus[VCPU_COUNT];
static struct axaddr_quiesce_cpu walkers[THREAD_COUNT];
static pthread_mutex_t edit_mutex = PTHREAD_MUTEX_INITIALIZER;
static const struct axaddr_format *format;

/* A thread's own. */
static _Thread_local unsigned thread_index;
static _Thread_local uint64_t thread_random;
static _Thread_local unsigned thread_refused; /**< allocations that failed */

static _Atomic unsigned error_count;
static _Atomic uint64_t flush_count;
static _Atomic uint64_t harvest_count;

__attribute__((format(printf, 1, 2))) static void complain(const char *text, ...) {
    va_list arguments;
    if (atomic_fetch_add(&error_count, 1) < 5) {
        va_start(arguments, text);
        flockfile(stdout);
        printf("  thread %u: ", thread_index);
        vprintf(text, arguments);
        printf("\n");
        funlockfile(stdout);
        va_end(arguments);
    }
}

static uint64_t next_random(void) {
    thread_random ^= thread_random << 13;
    thread_random ^= thread_random >> 7;
    thread_random ^= thread_random << 17;
    return thread_random * UINT64_C(0x2545f4914f6cdd1d) >> 16;
}

/** 0 to bound - 1 */
static unsigned pick(unsigned bound) {
    return (unsigned)(next_random() % bound);
}

/* ---- frames ---- */

static bool is_own(uint64_t hpa) {
    return hpa >= FRAME_BASE && hpa - FRAME_BASE < (uint64_t)FRAME_COUNT * FRAME_SIZE;
}

static unsigned frame_index(uint64_t hpa) {
    return (unsigned)((hpa - FRAME_BASE) / FRAME_SIZE);
}

/** Where the host sees a byte of any of its memory. */
static uint8_t *host_at(uint64_t hpa) {
    if (is_own(hpa)) {
        return frame_memory + (hpa - FRAME_BASE);
    }
    if (hpa - LINEAR_BASE < WINDOW_SIZE) {
        return linear_memory + (hpa - LINEAR_BASE);
    }
    if (hpa - FILE_BASE < WINDOW_SIZE) {
        return file_memory + (hpa - FILE_BASE);
    }
    if (hpa - ZERO_FRAME < FRAME_SIZE) {
        return zero_memory + (hpa - ZERO_FRAME);
    }
    complain("0x%" PRIx64 " is no memory of the host's", hpa);
    return frame_memory;
}

static bool is_block_free(unsigned index, unsigned count) {
    unsigned i;

    if (index % count != 0 || count > FRAME_COUNT - index) {
        return false;
    }
    for (i = index; i < index + count; i++) {
        if (atomic_load(&frame_table[i].is_used)) {
            return false;
        }
    }
    return true;
}

static bool memory_alloc_block(void *ctx, unsigned order, axaddr_hpa_t *block) {
    unsigned count = 1u << order;
    unsigned start = pick(FRAME_COUNT);
    unsigned tried;
    unsigned i;

    (void)ctx;
    if (order > BLOCK_ORDER || pick(REFUSE_EVERY) == 0) {
        thread_refused++;
        return false;
    }
    pthread_mutex_lock(&frame_mutex);
    for (tried = 0; tried < FRAME_COUNT; tried++) {
        unsigned index = (start + tried) % FRAME_COUNT;
        if (!is_block_free(index, count)) {
            continue;
        }
        for (i = index; i < index + count; i++) {
            atomic_store(&frame_table[i].is_used, true);
            atomic_fetch_add(&frame_table[i].serial, 1);
        }
        pthread_mutex_unlock(&frame_mutex);
        memset(frame_memory + (size_t)index * FRAME_SIZE, FILL_TAKEN, (size_t)count * FRAME_SIZE);
        *block = axaddr_hpa(FRAME_BASE + (uint64_t)index * FRAME_SIZE);
        return true;
    }
    pthread_mutex_unlock(&frame_mutex);
    thread_refused++;
    return false;
}

static bool memory_alloc_frame(void *ctx, axaddr_hpa_t *frame) {
    return memory_alloc_block(ctx, 0, frame);
}

/** Complain if a TLB has a frame that is given back. */
static void check_forgotten(uint64_t hpa) {
    unsigned v;
    unsigned i;

    for (v = 0; v < VCPU_COUNT; v++) {
        pthread_mutex_lock(&vcpus[v].mutex);
        for (i = 0; i < TLB_SIZE; i++) {
            const struct tlb_entry *entry = &vcpus[v].tlb[i];
            if (entry->is_valid && !entry->is_absent && entry->hpa == hpa) {
                complain("frame 0x%" PRIx64
                         " is freed while the TLB of vCPU %u has it for 0x%" PRIx64,
                         hpa, v, entry->page);
            }
        }
        pthread_mutex_unlock(&vcpus[v].mutex);
    }
}

static void memory_free_frame(void *ctx, axaddr_hpa_t hpa) {
    unsigned index = frame_index(hpa.raw);

    (void)ctx;
    if (!is_own(hpa.raw) || !atomic_load(&frame_table[index].is_used)) {
        complain("frame 0x%" PRIx64 " is freed, which is not in use", hpa.raw);
        return;
    }
    check_forgotten(hpa.raw);
    memset(frame_memory + (size_t)index * FRAME_SIZE, FILL_FREED, FRAME_SIZE);
    atomic_store(&frame_table[index].is_used, false);
}

static void memory_free_block(void *ctx, unsigned order, axaddr_hpa_t block) {
    unsigned i;

    for (i = 0; i < 1u << order; i++) {
        memory_free_frame(ctx, axaddr_hpa(block.raw + (uint64_t)i * FRAME_SIZE));
    }
}

static void *memory_frame_at(void *ctx, axaddr_hpa_t hpa) {
    (void)ctx;
    if (!is_own(hpa.raw) || !atomic_load(&frame_table[frame_index(hpa.raw)].is_used)) {
        complain("frame_at of 0x%" PRIx64 ", which is not in use", hpa.raw);
    }
    return host_at(hpa.raw);
}

static unsigned used_frame_count(void) {
    unsigned count = 0;
    unsigned i;

    for (i = 0; i < FRAME_COUNT; i++) {
        count += atomic_load(&frame_table[i].is_used);
    }
    return count;
}

/* ---- TLBs ---- */

static bool plan_covers(const struct axaddr_flush *plan, const struct tlb_entry *entry) {
    unsigned i;

    for (i = 0; i < plan->range_count; i++) {
        if (plan->ranges[i].first <= entry->last && plan->ranges[i].last >= entry->first) {
            return true;
        }
    }
    return plan->is_full;
}

static void memory_flush_tlb(void *ctx, const struct axaddr_flush *plan) {
    unsigned v;
    unsigned i;

    (void)ctx;
    atomic_fetch_add(&flush_count, 1);
    for (v = 0; v < VCPU_COUNT; v++) {
        if (plan->cpus != 0 && (plan->cpus >> v & 1) == 0) {
            continue;
        }
        pthread_mutex_lock(&vcpus[v].mutex);
        for (i = 0; i < TLB_SIZE; i++) {
            if (plan_covers(plan, &vcpus[v].tlb[i])) {
                vcpus[v].tlb[i].is_valid = false;
            }
        }
        pthread_mutex_unlock(&vcpus[v].mutex);
    }
}

/* ---- the rest of the HAL ---- */

static void memory_lock(void *ctx) {
    (void)ctx;
    pthread_mutex_lock(&edit_mutex);
}

static void memory_unlock(void *ctx) {
    (void)ctx;
    pthread_mutex_unlock(&edit_mutex);
}

static void memory_quiesce(void *ctx) {
    (void)ctx;
    axaddr_quiesce_wait(walkers, THREAD_COUNT);
}

static void memory_enter_walk(void *ctx) {
    (void)ctx;
    axaddr_quiesce_enter(&walkers[thread_index]);
}

static void memory_leave_walk(void *ctx) {
    (void)ctx;
    axaddr_quiesce_leave(&walkers[thread_index]);
}

/** A backed area is a private mapping of a file of zeros: read from it, copied when written. */
static enum axaddr_fault memory_supply_frame(void *ctx, struct axaddr_supply *supply) {
    if ((supply->access & AXADDR_WRITE) == 0) {
        supply->frame = axaddr_hpa(FILE_BASE + (supply->address - window_first));
        supply->is_read_only = true;
        return AXADDR_FAULT_RESOLVED;
    }
    if (!memory_alloc_frame(ctx, &supply->frame)) {
        return AXADDR_FAULT_NO_MEMORY;
    }
    memset(host_at(supply->frame.raw), 0, FRAME_SIZE);
    return AXADDR_FAULT_RESOLVED;
}

static void memory_return_frame(void *ctx, uint32_t cookie, uint64_t address, axaddr_hpa_t frame) {
    (void)cookie;
    if (is_own(frame.raw)) {
        memory_free_frame(ctx, frame);
    } else if (frame.raw != FILE_BASE + (address - window_first)) {
        complain("0x%" PRIx64 " is returned for 0x%" PRIx64, frame.raw, address);
    }
}

static void memory_harvested(void *ctx, uint64_t address, uint64_t size, uint32_t notes) {
    (void)ctx;
    (void)address;
    (void)size;
    atomic_fetch_add(&harvest_count, notes != 0);
}

static const struct axaddr_hal memory_hal = {
    .alloc_frame = memory_alloc_frame,
    .free_frame = memory_free_frame,
    .frame_at = memory_frame_at,
    .flush_tlb = memory_flush_tlb,
    .alloc_block = memory_alloc_block,
    .free_block = memory_free_block,
    .lock = memory_lock,
    .unlock = memory_unlock,
    .quiesce = memory_quiesce,
    .enter_walk = memory_enter_walk,
    .leave_walk = memory_leave_walk,
    .supply_frame = memory_supply_frame,
    .return_frame = memory_return_frame,
    .harvested = memory_harvested,
};

/* ---- accesses of the guest ---- */

enum access_result { ACCESS_DONE, ACCESS_FAULTS };

/** Read the entry at `slot` as hardware does. */
static uint64_t read_entry(const uint8_t *slot) {
    return __atomic_load_n((const uint64_t *)(const void *)slot, __ATOMIC_ACQUIRE);
}

/** Note an access in the leaf at `slot`, as hardware does. False: it has changed. */
static bool note_access(uint8_t *slot, uint64_t leaf, unsigned level, uint32_t access) {
    uint64_t noted =
        format->note_access != 0 ? format->note_access(leaf, level, access) : leaf | format->noted;

    return noted == leaf || __atomic_compare_exchange_n((uint64_t *)(void *)slot, &leaf, noted,
                                                        false, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED);
}

/** Walk as hardware does, and fill a TLB entry. False: nothing is there, or not for this access. */
static bool walk(uint64_t root, uint64_t address, uint32_t access, struct tlb_entry *found) {
    unsigned level = format->level_count - 1u;
    uint64_t table = root;

    for (;; level--) {
        uint64_t index =
            address >> format->shift[level] & axaddr_low_bits(format->index_bits[level]);
        uint64_t span = axaddr_low_bits(format->shift[level]);
        uint8_t *slot = host_at(table + index * 8);
        uint64_t entry = read_entry(slot);
        uint64_t leaf = format->run_bits == 0 ? entry : format->plain_leaf(entry, level, index);

        if (!is_own(table) || !atomic_load(&frame_table[frame_index(table)].is_used)) {
            complain("hardware walks through 0x%" PRIx64 ", which is not in use", table);
            return false;
        }
        switch (format->kind_of(entry, level)) {
        case AXADDR_ENTRY_TABLE:
            table = format->table_of(entry);
            continue;
        case AXADDR_ENTRY_LEAF:
            found->flags = format->flags_of(leaf, level);
            found->hpa = (format->frame_of(leaf, level) | (address & span)) & ~UINT64_C(0xfff);
            found->first = address & ~span;
            found->last = address | span;
            if (leaf != entry) { /* a run may be held as one, so any part of it drops it */
                span = axaddr_low_bits(format->shift[level] + (unsigned)format->run_bits);
                found->first = address & ~span;
                found->last = address | span;
            }
            return (access & ~found->flags) == 0 && note_access(slot, entry, level, access);
        case AXADDR_ENTRY_ABSENT:
            found->is_absent = true;
            found->first = address & ~span;
            found->last = address | span;
            return false;
        }
    }
}

/** The serial number of the frame of ours at `hpa`; 0 if it is not in use, or not ours. */
static uint32_t frame_serial(uint64_t hpa) {
    const struct frame *frame = is_own(hpa) ? &frame_table[frame_index(hpa)] : 0;
    return frame != 0 && atomic_load(&frame->is_used) ? atomic_load(&frame->serial) : 0;
}

/** What a guest finds in a word, and what it writes there. */
static void touch(uint64_t page, uint64_t hpa, uint32_t serial, uint32_t flags, uint32_t access) {
    uint64_t *word = (uint64_t *)(void *)(host_at(hpa) + 64u * pick(4));
    uint64_t stamp = (page - window_first) << 32 | (uint64_t)serial << 8 | 1;
    uint64_t seen = __atomic_load_n(word, __ATOMIC_RELAXED);

    if (serial != frame_serial(hpa)) {
        complain("page 0x%" PRIx64 " is frame 0x%" PRIx64 ", which is somebody else's", page, hpa);
    }
    if (seen != 0 && seen != stamp) {
        complain("page 0x%" PRIx64 " holds 0x%" PRIx64 ", not its own stamp 0x%" PRIx64, page, seen,
                 stamp);
    }
    if ((access & AXADDR_WRITE) == 0) {
        return;
    }
    if (hpa >= FILE_BASE && hpa < LINEAR_BASE) {
        complain("page 0x%" PRIx64 " can be written (flags 0x%" PRIx32 ") and is 0x%" PRIx64, page,
                 flags, hpa);
        return;
    }
    __atomic_store_n(word, stamp, __ATOMIC_RELAXED);
}

/** An access of a vCPU to a page; *used is the translation that was used, if it is done. */
static enum access_result guest_access(unsigned v, uint64_t root, uint64_t page, uint32_t access,
                                       struct tlb_entry *used) {
    struct vcpu *vcpu = &vcpus[v];
    struct tlb_entry *entry = &vcpu->tlb[(page / FRAME_SIZE) % TLB_SIZE];
    enum access_result result = ACCESS_DONE;

    pthread_mutex_lock(&vcpu->mutex);
    if (!entry->is_valid || entry->page != page ||
        (!entry->is_absent && (access & ~entry->flags) != 0)) {
        memset(entry, 0, sizeof(*entry));
        entry->page = page;
        entry->is_valid = walk(root, page, access, entry) ||
                          (entry->is_absent && format->caches_absent && pick(4) == 0);
        entry->serial = frame_serial(entry->hpa);
    }
    if (!entry->is_valid || entry->is_absent) {
        result = ACCESS_FAULTS;
    } else {
        *used = *entry;
        touch(page, entry->hpa, entry->serial, entry->flags, access);
    }
    pthread_mutex_unlock(&vcpu->mutex);
    return result;
}

/** A vCPU drops all that its TLB has. */
static void forget_all(unsigned v) {
    pthread_mutex_lock(&vcpus[v].mutex);
    memset(vcpus[v].tlb, 0, sizeof(vcpus[v].tlb));
    pthread_mutex_unlock(&vcpus[v].mutex);
}

static void memory_init(void) {
    unsigned v;

    frame_memory =
        (uint8_t *)aligned_alloc(FRAME_SIZE << BLOCK_ORDER, (size_t)FRAME_COUNT * FRAME_SIZE);
    linear_memory = (uint8_t *)calloc(1, (size_t)WINDOW_SIZE);
    file_memory = (uint8_t *)calloc(1, (size_t)WINDOW_SIZE);
    if (frame_memory == 0 || linear_memory == 0 || file_memory == 0) {
        abort();
    }
    for (v = 0; v < VCPU_COUNT; v++) {
        pthread_mutex_init(&vcpus[v].mutex, 0);
    }
}

#endif /* AXADDR_TESTS_STRESS_MEMORY_H */
