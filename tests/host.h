/* SPDX-License-Identifier: MIT
 *
 * host.h: the machine that the host tests run on. An arena stands for physical memory at an address
 * of its own (so that a physical address used as a pointer or an offset shows), and a ledger knows
 * every frame: who may be freed, how, and when.
 *
 *     struct host host;
 *     host_init(&host, 1024, HOST_BASE, HOST_SCATTERED);
 *     vm_init(&vm, &host, ...);              // AXADDR_DEFINE_SPACE(vm, format, host_hal)
 *     host_begin(&host);                     // an operation begins
 *     host_fail_in(&host, 3, false);         // its third allocation fails
 *     ... vm_map_linear(&vm, ...) ...
 *     CHECK_STR(host_error(&host), "");      // the first thing that the ledger disliked
 *     host_destroy(&host);
 *
 * The ledger dislikes: freeing what is not in use, a block freed in another order than it was
 * taken, a frame outside the arena, frame_at of a frame that is not in use, a store to a freed
 * frame, a plan that is malformed, a frame that hardware could reach (host_set_live) freed before a
 * plan that covers it was flushed, and a lock that is taken twice or kept. Frames are filled with
 * 0xaa when taken and with 0xdd when freed; with AddressSanitizer a freed frame cannot even be read.
 *
 * There are three HALs: host_hal; host_hal_shared, with a lock, as for many CPUs; and
 * host_hal_unsnooped, for walkers that do not see the caches: those read host->shadow, which
 * host_split_memory makes, and which only clean_dcache brings up to date.
 */
#ifndef AXADDR_TESTS_HOST_H
#define AXADDR_TESTS_HOST_H

#include "../axaddr_core/flush.h"
#include "../axaddr_core/hal.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define HOST_HAS_ASAN 1
#endif
#endif
#if defined(__SANITIZE_ADDRESS__)
#define HOST_HAS_ASAN 1
#endif
#ifdef HOST_HAS_ASAN
#include <sanitizer/asan_interface.h>
#define HOST_HIDE(at, size) ASAN_POISON_MEMORY_REGION(at, size)
#define HOST_SHOW(at, size) ASAN_UNPOISON_MEMORY_REGION(at, size)
#else
#define HOST_HIDE(at, size) ((void)(at), (void)(size))
#define HOST_SHOW(at, size) ((void)(at), (void)(size))
#endif

/** Log2 of a frame and page; a test of formats with larger granules says so. */
#ifndef HOST_FRAME_SHIFT
#define HOST_FRAME_SHIFT 12
#endif
#define HOST_FRAME_SIZE (UINT64_C(1) << HOST_FRAME_SHIFT)
/** Where the arena is unless a test has a reason: 256 GiB and an odd number of frames. */
#define HOST_BASE       (UINT64_C(0x4000000000) + 0x73 * HOST_FRAME_SIZE)
#define HOST_LOW_BASE   (UINT64_C(0x40000000) + 0x73 * HOST_FRAME_SIZE)
#define HOST_PLAN_MAX   64
#define HOST_COVER_MAX  1024
#define HOST_FILL_TAKEN 0xaa
#define HOST_FILL_FREED 0xdd

/** In which order frames are handed out. May be combined with HOST_QUARANTINED. */
#define HOST_STACK       0u /**< the one freed last first: a stale reference meets its successor */
#define HOST_SCATTERED   1u /**< pseudo-random: no two frames adjoin but by chance */
#define HOST_QUARANTINED 2u /**< freed frames wait for host_begin before they are used again */

enum host_state { HOST_FREE, HOST_WAITING, HOST_USED };

struct host_frame {
    enum host_state state;
    unsigned order;      /**< of the block it was taken in */
    uint32_t head;       /**< the first frame of that block */
    uint32_t position;   /**< in `pool` or in `waiting` */
    uint32_t taken_in;   /**< the operation that took it */
    bool is_live;        /**< hardware could reach it when the operation began ... */
    bool is_live_table;  /**< ... as a table */
    uint64_t live_first; /**< ... for these input addresses */
    uint64_t live_last;
};

/** A call of the HAL, as the simulated MMU (sim.h) is told of it, before it is carried out. */
enum host_call_kind {
    HOST_CALL_OTHER, /**< a frame is taken or looked for, a lock taken or released */
    HOST_CALL_FREE,  /**< of a frame in use */
    HOST_CALL_FLUSH,
    HOST_CALL_CLEAN,
};

struct host_call {
    enum host_call_kind kind;
    uint32_t index;                  /**< FREE: of the frame */
    const struct axaddr_flush *plan; /**< FLUSH */
    uint8_t *at;                     /**< CLEAN */
    size_t size;
};

struct host {
    uint8_t *memory;
    uint8_t *shadow; /**< the arena as walkers see it that do not snoop; 0: they see `memory` */
    uint64_t base;
    uint32_t frame_count;
    unsigned order;
    struct host_frame *frames;
    uint32_t *pool; /**< free frames */
    uint32_t pool_count;
    uint32_t *waiting; /**< freed ones that wait for the next operation */
    uint32_t waiting_count;
    uint32_t used_count;
    uint64_t random;

    uint32_t operation;  /**< number of the operation */
    uint32_t op_taken;   /**< frames taken in it, */
    uint32_t op_freed;   /**< freed, */
    uint32_t op_refused; /**< and allocations refused */
    uint32_t op_plan_count;
    uint32_t fail_in;    /**< 1: the next allocation fails. 0: none does */
    bool is_fail_sticky; /**< and all after it */

    uint64_t plan_count;                             /**< since host_init */
    struct axaddr_flush plans[HOST_PLAN_MAX];        /**< of this operation, the first ones */
    struct axaddr_flush_range cover[HOST_COVER_MAX]; /**< what all of them cover */
    uint32_t cover_count;
    bool is_full_flushed;  /**< one of them was full */
    bool is_table_flushed; /**< one of them had has_tables */
    void (*on_call)(void *argument, const struct host_call *call);
    void *on_call_argument;
    bool is_locked;

    char error[200]; /**< "" or the first complaint */
};

__attribute__((unused, format(printf, 2, 3))) static void host_complain(struct host *host,
                                                                        const char *format, ...) {
    va_list arguments;
    if (host->error[0] != '\0') {
        return;
    }
    va_start(arguments, format);
    vsnprintf(host->error, sizeof(host->error), format, arguments);
    va_end(arguments);
}

AXADDR_UNUSED static const char *host_error(const struct host *host) {
    return host->error;
}

/* ---- frames ---- */

static inline uint64_t host_address(const struct host *host, uint32_t index) {
    return host->base + (uint64_t)index * HOST_FRAME_SIZE;
}

static inline uint8_t *host_bytes(const struct host *host, uint32_t index) {
    return host->memory + (size_t)index * HOST_FRAME_SIZE;
}

/** Whether `address` lies in the arena; then *index is its frame's. */
static inline bool host_index(const struct host *host, uint64_t address, uint32_t *index) {
    uint64_t offset = address - host->base;
    if (address < host->base || offset >= (uint64_t)host->frame_count * HOST_FRAME_SIZE) {
        return false;
    }
    *index = (uint32_t)(offset / HOST_FRAME_SIZE);
    return true;
}

/** The ledger's page for a frame, if it is in use; 0 if not. */
static inline struct host_frame *host_used_frame(const struct host *host, uint64_t address) {
    uint32_t index;
    if (!host_index(host, address, &index) || host->frames[index].state != HOST_USED) {
        return 0;
    }
    return &host->frames[index];
}

/** The bytes of a frame in use, without the ledger's taking notice; 0 if it is not in use. */
static inline uint8_t *host_peek(const struct host *host, uint64_t address) {
    const struct host_frame *frame = host_used_frame(host, address);
    return frame == 0 ? 0 : host_bytes(host, (uint32_t)(frame - host->frames));
}

/** The same as walkers see them that do not snoop. */
static inline uint8_t *host_peek_memory(const struct host *host, uint64_t address) {
    const struct host_frame *frame = host_used_frame(host, address);
    return frame == 0 ? 0 : host->shadow + (size_t)(frame - host->frames) * (size_t)HOST_FRAME_SIZE;
}

AXADDR_UNUSED static bool host_bytes_are(const uint8_t *at, uint8_t value) {
    return at[0] == value && memcmp(at, at + 1, HOST_FRAME_SIZE - 1) == 0;
}

static inline void host_pool_put(struct host *host, uint32_t index) {
    host->frames[index].state = HOST_FREE;
    host->frames[index].position = host->pool_count;
    host->pool[host->pool_count++] = index;
}

/** Take a free frame out of the pool, for use. */
static inline void host_take(struct host *host, uint32_t index, unsigned order, uint32_t head) {
    struct host_frame *frame = &host->frames[index];
    uint32_t other = host->pool[--host->pool_count];
    host->pool[frame->position] = other;
    host->frames[other].position = frame->position;

    HOST_SHOW(host_bytes(host, index), HOST_FRAME_SIZE);
    if (!host_bytes_are(host_bytes(host, index), HOST_FILL_FREED)) {
        host_complain(host, "frame 0x%" PRIx64 " was written after it was freed",
                      host_address(host, index));
    }
    memset(host_bytes(host, index), HOST_FILL_TAKEN, HOST_FRAME_SIZE);
    frame->state = HOST_USED;
    frame->order = order;
    frame->head = head;
    frame->taken_in = host->operation;
    frame->is_live = false;
    host->used_count++;
    host->op_taken++;
}

/** Whether the plans of this operation name every page of [first, last] (input addresses). */
static inline bool host_is_covered(const struct host *host, uint64_t first, uint64_t last) {
    for (;;) {
        uint32_t low = 0;
        uint32_t high = host->cover_count;
        while (low < high) {
            uint32_t middle = (low + high) / 2;
            if (host->cover[middle].last < first) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        if (low == host->cover_count || host->cover[low].first > first) {
            return false;
        }
        if (host->cover[low].last >= last) {
            return true;
        }
        first = host->cover[low].last + 1;
    }
}

/** Add a range to what is covered: `cover` stays sorted and without overlap. */
static inline void host_cover(struct host *host, const struct axaddr_flush_range *range) {
    struct axaddr_flush_range joined = *range;
    uint32_t i = host->cover_count;
    uint32_t from;
    uint32_t to;

    while (i > 0 && host->cover[i - 1].last >= range->first - (range->first != 0)) {
        i--;
    }
    from = i;
    to = i;
    while (to < host->cover_count &&
           host->cover[to].first <= range->last + (range->last != UINT64_MAX)) {
        joined.first = host->cover[to].first < joined.first ? host->cover[to].first : joined.first;
        joined.last = host->cover[to].last > joined.last ? host->cover[to].last : joined.last;
        to++;
    }
    if (from == to && host->cover_count == HOST_COVER_MAX) {
        host_complain(host, "the plans of one operation name too many places");
        return;
    }
    memmove(&host->cover[from + 1], &host->cover[to],
            (host->cover_count - to) * sizeof(host->cover[0]));
    host->cover[from] = joined;
    host->cover_count += 1 - (to - from);
}

/** Whether the plans of this operation name any page of [first, last]. */
static inline bool host_is_met(const struct host *host, uint64_t first, uint64_t last) {
    uint32_t i;
    for (i = 0; i < host->cover_count; i++) {
        if (host->cover[i].first <= last && host->cover[i].last >= first) {
            return true;
        }
    }
    return false;
}

/**
 * Whether the plans of this operation let go of what was live for [first, last]: they name all of
 * it; of what a table was for, an address is enough, if they say that tables went.
 */
static inline bool host_is_flushed(const struct host *host, uint64_t first, uint64_t last,
                                   bool is_table) {
    if (host->is_full_flushed) {
        return true;
    }
    return is_table ? host->is_table_flushed && host_is_met(host, first, last)
                    : host_is_covered(host, first, last);
}

static inline void host_tell(struct host *host, enum host_call_kind kind, uint32_t index) {
    if (host->on_call != 0) {
        struct host_call call = {kind, index, 0, 0, 0};
        host->on_call(host->on_call_argument, &call);
    }
}

static inline void host_give_back(struct host *host, uint32_t index) {
    struct host_frame *frame = &host->frames[index];
    host_tell(host, HOST_CALL_FREE, index);
    if (frame->is_live &&
        !host_is_flushed(host, frame->live_first, frame->live_last, frame->is_live_table)) {
        host_complain(host, "frame 0x%" PRIx64 " (%s of 0x%" PRIx64 ") was freed before the flush",
                      host_address(host, index), frame->is_live_table ? "a table" : "the page",
                      frame->live_first);
    }
    memset(host_bytes(host, index), HOST_FILL_FREED, HOST_FRAME_SIZE);
    HOST_HIDE(host_bytes(host, index), HOST_FRAME_SIZE);
    frame->is_live = false;
    host->used_count--;
    host->op_freed++;
    if ((host->order & HOST_QUARANTINED) != 0) {
        frame->state = HOST_WAITING;
        host->waiting[host->waiting_count++] = index;
    } else {
        host_pool_put(host, index);
    }
}

/** Whether this allocation is to be refused. */
static inline bool host_refuses(struct host *host) {
    if (host->fail_in == 0 || --host->fail_in > 0) {
        return false;
    }
    host->fail_in = host->is_fail_sticky ? 1 : 0;
    host->op_refused++;
    return true;
}

static inline uint64_t host_random(struct host *host) {
    host->random ^= host->random << 13;
    host->random ^= host->random >> 7;
    host->random ^= host->random << 17;
    return host->random;
}

/* ---- the HAL ---- */

static inline bool host_alloc_block(void *ctx, unsigned order, axaddr_hpa_t *block) {
    struct host *host = (struct host *)ctx;
    uint32_t count = UINT32_C(1) << order;
    uint32_t start = (uint32_t)(host_random(host) % host->frame_count);
    uint32_t tried;

    host_tell(host, HOST_CALL_OTHER, 0);
    if (host_refuses(host)) {
        return false;
    }
    for (tried = 0; tried < host->frame_count; tried++) {
        uint32_t head = (start + tried) % host->frame_count;
        uint32_t i = 0;
        if ((host_address(host, head) & (count * HOST_FRAME_SIZE - 1)) != 0 ||
            count > host->frame_count - head) {
            continue;
        }
        while (i < count && host->frames[head + i].state == HOST_FREE) {
            i++;
        }
        if (i == count) {
            for (i = 0; i < count; i++) {
                host_take(host, head + i, order, head);
            }
            *block = axaddr_hpa(host_address(host, head));
            return true;
        }
    }
    host->op_refused++;
    return false;
}

static inline bool host_alloc_frame(void *ctx, axaddr_hpa_t *frame) {
    struct host *host = (struct host *)ctx;
    uint32_t index;
    host_tell(host, HOST_CALL_OTHER, 0);
    if (host_refuses(host)) {
        return false;
    }
    if (host->pool_count == 0) {
        host->op_refused++;
        return false;
    }
    index = host->pool[(host->order & HOST_SCATTERED) != 0 ? host_random(host) % host->pool_count
                                                           : host->pool_count - 1];
    host_take(host, index, 0, index);
    *frame = axaddr_hpa(host_address(host, index));
    return true;
}

/** The ledger's page for something that is being freed or looked at; 0, with a complaint. */
static inline struct host_frame *host_expect_used(struct host *host, uint64_t address,
                                                  const char *what) {
    uint32_t index;
    if (!host_index(host, address, &index)) {
        host_complain(host, "%s of 0x%" PRIx64 ", which is not the allocator's", what, address);
        return 0;
    }
    if ((address & (HOST_FRAME_SIZE - 1)) != 0) {
        host_complain(host, "%s of 0x%" PRIx64 ", which is not aligned", what, address);
        return 0;
    }
    if (host->frames[index].state != HOST_USED) {
        host_complain(host, "%s of 0x%" PRIx64 ", which is free", what, address);
        return 0;
    }
    return &host->frames[index];
}

static inline void host_free_frame(void *ctx, axaddr_hpa_t frame) {
    struct host *host = (struct host *)ctx;
    struct host_frame *found = host_expect_used(host, frame.raw, "free_frame");
    if (found != 0) {
        host_give_back(host, (uint32_t)(found - host->frames));
    }
}

static inline void host_free_block(void *ctx, unsigned order, axaddr_hpa_t block) {
    struct host *host = (struct host *)ctx;
    struct host_frame *found = host_expect_used(host, block.raw, "free_block");
    uint32_t head;
    uint32_t i;

    if (found == 0) {
        return;
    }
    head = (uint32_t)(found - host->frames);
    if (found->head != head || found->order != order) {
        host_complain(host,
                      "free_block of order %u at 0x%" PRIx64 ", taken with order %u at 0x%" PRIx64,
                      order, block.raw, found->order, host_address(host, found->head));
        return;
    }
    for (i = 0; i < UINT32_C(1) << order; i++) {
        if (host_expect_used(host, host_address(host, head + i), "free_block") != 0) {
            host_give_back(host, head + i);
        }
    }
}

static inline void *host_frame_at(void *ctx, axaddr_hpa_t frame) {
    static uint64_t nowhere[HOST_FRAME_SIZE * 16 / sizeof(uint64_t)];
    struct host *host = (struct host *)ctx;
    struct host_frame *found = host_expect_used(host, frame.raw, "frame_at");
    host_tell(host, HOST_CALL_OTHER, 0);
    return found == 0 ? (void *)nowhere : host_bytes(host, (uint32_t)(found - host->frames));
}

/** Take the frames of [at, at + size - 1], if all of them are free. */
static inline bool host_alloc_at(void *ctx, axaddr_hpa_t at, uint64_t size) {
    struct host *host = (struct host *)ctx;
    uint64_t count = size / HOST_FRAME_SIZE;
    uint32_t first;
    uint32_t i;

    host_tell(host, HOST_CALL_OTHER, 0);
    if (host_refuses(host) || !host_index(host, at.raw, &first) ||
        ((at.raw | size) & (HOST_FRAME_SIZE - 1)) != 0 || count > host->frame_count - first) {
        return false;
    }
    for (i = 0; i < count; i++) {
        if (host->frames[first + i].state != HOST_FREE) {
            return false;
        }
    }
    for (i = 0; i < count; i++) {
        host_take(host, first + i, 0, first + i);
    }
    return true;
}

/** Give back frames that host_alloc_at gave. */
static inline void host_free_at(void *ctx, axaddr_hpa_t at, uint64_t size) {
    uint64_t done;

    for (done = 0; done < size; done += HOST_FRAME_SIZE) {
        host_free_frame(ctx, axaddr_hpa(at.raw + done));
    }
}

/** Complain of a plan that does not say what flush.h promises. */
static inline void host_check_plan(struct host *host, const struct axaddr_flush *plan) {
    unsigned i;
    if (axaddr_flush_is_empty(plan)) {
        host_complain(host, "a plan that asks for nothing");
    }
    if (plan->range_count > AXADDR_FLUSH_RANGE_MAX) {
        host_complain(host, "a plan with %u ranges", plan->range_count);
        return;
    }
    for (i = 0; i < plan->range_count; i++) {
        const struct axaddr_flush_range *range = &plan->ranges[i];
        if (range->first > range->last || (range->first & (HOST_FRAME_SIZE - 1)) != 0 ||
            (range->last & (HOST_FRAME_SIZE - 1)) != HOST_FRAME_SIZE - 1 ||
            range->stride_shift < HOST_FRAME_SHIFT) {
            host_complain(host, "a plan's range is 0x%" PRIx64 " to 0x%" PRIx64 ", stride %u",
                          range->first, range->last, range->stride_shift);
        }
        if (i > 0 && range->first <= plan->ranges[i - 1].last) {
            host_complain(host, "a plan's ranges overlap or descend at 0x%" PRIx64, range->first);
        }
    }
}

static inline void host_flush_tlb(void *ctx, const struct axaddr_flush *plan) {
    struct host *host = (struct host *)ctx;
    unsigned i;
    host_check_plan(host, plan);
    if (host->op_plan_count < HOST_PLAN_MAX) {
        host->plans[host->op_plan_count] = *plan;
    }
    for (i = 0; i < plan->range_count && i < AXADDR_FLUSH_RANGE_MAX; i++) {
        host_cover(host, &plan->ranges[i]);
    }
    host->is_full_flushed = host->is_full_flushed || plan->is_full;
    host->is_table_flushed = host->is_table_flushed || plan->has_tables;
    host->op_plan_count++;
    host->plan_count++;
    if (host->on_call != 0) {
        struct host_call call = {HOST_CALL_FLUSH, 0, plan, 0, 0};
        host->on_call(host->on_call_argument, &call);
    }
}

static inline void host_lock(void *ctx) {
    struct host *host = (struct host *)ctx;
    host_tell(host, HOST_CALL_OTHER, 0);
    if (host->is_locked) {
        host_complain(host, "the lock is taken by who has it");
    }
    host->is_locked = true;
}

static inline void host_unlock(void *ctx) {
    struct host *host = (struct host *)ctx;
    host_tell(host, HOST_CALL_OTHER, 0);
    if (!host->is_locked) {
        host_complain(host, "the lock is released by who does not have it");
    }
    host->is_locked = false;
}

static inline void host_quiesce(void *ctx) {
    struct host *host = (struct host *)ctx;
    host_tell(host, HOST_CALL_OTHER, 0);
    if (!host->is_locked) {
        host_complain(host, "quiesce without the lock");
    }
}

static inline void host_clean_dcache(void *ctx, const void *at, size_t size) {
    struct host *host = (struct host *)ctx;
    size_t offset = (size_t)((const uint8_t *)at - host->memory);
    uint64_t address = host->base + offset;

    if ((const uint8_t *)at < host->memory || size == 0 || host_used_frame(host, address) == 0 ||
        host_used_frame(host, address + (size - 1)) == 0) {
        host_complain(host, "%zu bytes are cleaned at 0x%" PRIx64 ", which are not all in use",
                      size, address);
        return;
    }
    if (host->shadow != 0) {
        if (host->on_call != 0) {
            struct host_call call = {HOST_CALL_CLEAN, 0, 0, host->memory + offset, size};
            host->on_call(host->on_call_argument, &call);
        }
        memcpy(host->shadow + offset, at, size);
    }
}

AXADDR_UNUSED static const struct axaddr_hal host_hal = {
    .alloc_frame = host_alloc_frame,
    .free_frame = host_free_frame,
    .frame_at = host_frame_at,
    .flush_tlb = host_flush_tlb,
    .alloc_block = host_alloc_block,
    .free_block = host_free_block,
};

/** For any number of CPUs at once. */
AXADDR_UNUSED static const struct axaddr_hal host_hal_shared = {
    .alloc_frame = host_alloc_frame,
    .free_frame = host_free_frame,
    .frame_at = host_frame_at,
    .flush_tlb = host_flush_tlb,
    .alloc_block = host_alloc_block,
    .free_block = host_free_block,
    .lock = host_lock,
    .unlock = host_unlock,
    .quiesce = host_quiesce,
};

/** For walkers that do not snoop. */
AXADDR_UNUSED static const struct axaddr_hal host_hal_unsnooped = {
    .alloc_frame = host_alloc_frame,
    .free_frame = host_free_frame,
    .frame_at = host_frame_at,
    .flush_tlb = host_flush_tlb,
    .alloc_block = host_alloc_block,
    .free_block = host_free_block,
    .clean_dcache = host_clean_dcache,
};

/* ---- for the tests ---- */

/** An operation begins: its counters are zero, no allocation fails, waiting frames become free. */
AXADDR_UNUSED static void host_begin(struct host *host) {
    while (host->waiting_count > 0) {
        host_pool_put(host, host->waiting[--host->waiting_count]);
    }
    host->operation++;
    host->op_taken = 0;
    host->op_freed = 0;
    host->op_refused = 0;
    host->op_plan_count = 0;
    host->cover_count = 0;
    host->is_full_flushed = false;
    host->is_table_flushed = false;
    host->fail_in = 0;
    if (host->is_locked) {
        host_complain(host, "the lock was kept");
    }
}

/** From now on walkers read what was cleaned: of what is there, nothing has been. */
AXADDR_UNUSED static void host_split_memory(struct host *host) {
    size_t size = (size_t)host->frame_count * HOST_FRAME_SIZE;
    host->shadow = (uint8_t *)malloc(size);
    if (host->shadow == 0) {
        abort();
    }
    memset(host->shadow, HOST_FILL_FREED, size);
}

/** The `count`th allocation from now fails (0: none), with is_sticky all that follow as well. */
AXADDR_UNUSED static void host_fail_in(struct host *host, uint32_t count, bool is_sticky) {
    host->fail_in = count;
    host->is_fail_sticky = is_sticky;
}

/** Hardware can reach this frame (a foreign one, too), for the input addresses [first, last]. */
AXADDR_UNUSED static void host_set_live(struct host *host, uint64_t address, uint64_t first,
                                        uint64_t last, bool is_table) {
    struct host_frame *frame = host_used_frame(host, address);
    if (frame != 0) {
        frame->is_live = true;
        frame->is_live_table = is_table;
        frame->live_first = first;
        frame->live_last = last;
    }
}

/** Hardware can reach nothing. */
AXADDR_UNUSED static void host_clear_live(struct host *host) {
    uint32_t i;
    for (i = 0; i < host->frame_count; i++) {
        host->frames[i].is_live = false;
    }
}

/** A frame for the test's own use, as another part of the hypervisor would take it. */
AXADDR_UNUSED static uint64_t host_donate(struct host *host) {
    axaddr_hpa_t frame = axaddr_hpa(0);
    if (!host_alloc_frame(host, &frame)) {
        host_complain(host, "the arena is too small for the test");
    }
    return frame.raw;
}

/** Look at every free frame: none may have been written since it was freed. */
AXADDR_UNUSED static void host_check_freed(struct host *host) {
    uint32_t i;
    for (i = 0; i < host->frame_count; i++) {
        if (host->frames[i].state == HOST_USED) {
            continue;
        }
        HOST_SHOW(host_bytes(host, i), HOST_FRAME_SIZE);
        if (!host_bytes_are(host_bytes(host, i), HOST_FILL_FREED)) {
            host_complain(host, "frame 0x%" PRIx64 " was written after it was freed",
                          host_address(host, i));
        }
        HOST_HIDE(host_bytes(host, i), HOST_FRAME_SIZE);
    }
}

/** Begin anew with an arena in which nothing is in use: as after host_init, but faster. */
AXADDR_UNUSED static void host_reuse(struct host *host, uint64_t base, unsigned order) {
    struct host kept = *host;
    uint32_t i;
    free(host->shadow);
    memset(host, 0, sizeof(*host));
    host->memory = kept.memory;
    host->frames = kept.frames;
    host->pool = kept.pool;
    host->waiting = kept.waiting;
    host->frame_count = kept.frame_count;
    host->base = base;
    host->order = order;
    host->random = UINT64_C(0x9e3779b97f4a7c15);
    memset(host->frames, 0, host->frame_count * sizeof(*host->frames));
    for (i = 0; i < host->frame_count; i++) {
        host_pool_put(host, i);
    }
}

AXADDR_UNUSED static void host_init(struct host *host, uint32_t frame_count, uint64_t base,
                                    unsigned order) {
    size_t size = (size_t)frame_count * HOST_FRAME_SIZE;
    host->frame_count = frame_count;
    host->shadow = 0;
    host->memory = (uint8_t *)aligned_alloc(HOST_FRAME_SIZE, size);
    host->frames = (struct host_frame *)calloc(frame_count, sizeof(*host->frames));
    host->pool = (uint32_t *)calloc(frame_count, sizeof(*host->pool));
    host->waiting = (uint32_t *)calloc(frame_count, sizeof(*host->waiting));
    if (host->memory == 0 || host->frames == 0 || host->pool == 0 || host->waiting == 0) {
        abort();
    }
    memset(host->memory, HOST_FILL_FREED, size);
    HOST_HIDE(host->memory, size);
    host_reuse(host, base, order);
}

AXADDR_UNUSED static void host_destroy(struct host *host) {
    HOST_SHOW(host->memory, (size_t)host->frame_count * HOST_FRAME_SIZE);
    free(host->memory);
    free(host->shadow);
    free(host->frames);
    free(host->pool);
    free(host->waiting);
    memset(host, 0, sizeof(*host));
}

#endif /* AXADDR_TESTS_HOST_H */
