/* SPDX-License-Identifier: MIT
 *
 * supply.h: the host of host.h with all that a HAL may have beyond it: it supplies frames and gets
 * them back, writes down what is harvested, checks who holds the lock, and can have "another CPU"
 * do something while one of its functions is running.
 *
 * Supplied frames lie outside the arena: nobody may look into them. Each is known by the address
 * and cookie that it was supplied for, and must come back with these, once, when no TLB holds it.
 */
#ifndef AXADDR_TESTS_SUPPLY_H
#define AXADDR_TESTS_SUPPLY_H

#include "host.h"

#define R    AXADDR_READ
#define W    AXADDR_WRITE
#define X    AXADDR_EXECUTE
#define RW   (R | W)
#define RWX  (R | W | X)
#define PAGE HOST_FRAME_SIZE

#define SUPPLIED_MAX 80
#define TOLD_MAX     4096
#define ARENA_FRAMES 3072
/* Below 4 GiB, as toy32 wants it. What is supplied, or mapped linearly, lies outside. */
#define ARENA_BASE   UINT64_C(0x40073000)
#define SUPPLY_BASE  UINT64_C(0x80000000)
#define LINEAR_BASE  UINT64_C(0x60000000)

/** A frame that was supplied and has not come back. */
struct supplied {
    uint64_t address;
    uint64_t frame;
    uint32_t cookie;
    uint32_t operation; /**< in which it was supplied */
    bool is_flushed;    /**< since it is not mapped any more */
};

struct told {
    uint64_t address;
    uint64_t size;
    uint32_t notes;
};

struct machine {
    struct host host; /**< the first member: host.h's functions get a pointer to it */
    uint64_t zero_frame;
    uint64_t next_frame; /**< that will be supplied */

    enum axaddr_fault answer; /**< of supply_frame */
    bool is_read_only;
    bool keeps_frame; /**< where it is mapped already: the same frame */
    struct axaddr_supply asked;
    struct supplied supplied[SUPPLIED_MAX];
    uint32_t supplied_count;
    uint32_t op_asked;
    uint32_t op_returned;

    struct told told[TOLD_MAX];
    uint32_t told_count;

    void (*on_flush)(const struct axaddr_flush *plan);
    void (*meanwhile)(void); /**< what another CPU does, once, at the next chance */
    bool has_lock;
    bool is_locked;
    bool is_split;     /**< the operation is a split: it waits for faults before it counts leaves */
    int walk_count;    /**< this CPU is in a walk without the lock */
    int waiting_count; /**< ... and the one that is interrupted is in one */
};

static struct machine machine;

/** Another CPU does what it has to do. */
static void machine_meanwhile(void) {
    void (*meanwhile)(void) = machine.meanwhile;
    int walk_count = machine.walk_count;

    machine.meanwhile = 0;
    if (meanwhile != 0) {
        machine.waiting_count = walk_count;
        machine.walk_count = 0;
        meanwhile();
        machine.walk_count = walk_count;
        machine.waiting_count = 0;
    }
}

static inline bool machine_alloc_frame(void *ctx, axaddr_hpa_t *frame) {
    machine_meanwhile();
    return host_alloc_frame(ctx, frame);
}

static inline bool machine_alloc_block(void *ctx, unsigned order, axaddr_hpa_t *block) {
    machine_meanwhile();
    return host_alloc_block(ctx, order, block);
}

/** The supplied frame that is out at `address`; 0 if there is none. */
static struct supplied *machine_find(uint64_t address, uint64_t frame) {
    uint32_t i;

    for (i = 0; i < machine.supplied_count; i++) {
        if (machine.supplied[i].address == address && machine.supplied[i].frame == frame) {
            return &machine.supplied[i];
        }
    }
    return 0;
}

static inline enum axaddr_fault machine_supply(void *ctx, struct axaddr_supply *supply) {
    struct supplied *out;

    (void)ctx;
    machine.asked = *supply;
    machine.op_asked++;
    machine_meanwhile();
    if (machine.answer != AXADDR_FAULT_RESOLVED) {
        return machine.answer;
    }
    supply->is_read_only = machine.is_read_only;
    if (supply->is_mapped && machine.keeps_frame) {
        return AXADDR_FAULT_RESOLVED;
    }
    if (machine.supplied_count == SUPPLIED_MAX) {
        return AXADDR_FAULT_NO_MEMORY;
    }
    supply->frame = axaddr_hpa(machine.next_frame);
    machine.next_frame += PAGE;
    out = &machine.supplied[machine.supplied_count++];
    memset(out, 0, sizeof(*out));
    out->address = supply->address;
    out->frame = supply->frame.raw;
    out->cookie = supply->cookie;
    out->operation = machine.host.operation;
    return AXADDR_FAULT_RESOLVED;
}

static inline void machine_return(void *ctx, uint32_t cookie, uint64_t address,
                                  axaddr_hpa_t frame) {
    struct supplied *out = machine_find(address, frame.raw);

    (void)ctx;
    machine.op_returned++;
    if (out == 0 || out->cookie != cookie) {
        host_complain(&machine.host,
                      "frame 0x%" PRIx64 " is returned at 0x%" PRIx64 ", cookie 0x%x: it was not "
                      "supplied so",
                      frame.raw, address, cookie);
        return;
    }
    if (!out->is_flushed && out->operation != machine.host.operation) {
        host_complain(&machine.host,
                      "frame 0x%" PRIx64 " is returned before the flush of 0x%" PRIx64, frame.raw,
                      address);
    }
    *out = machine.supplied[--machine.supplied_count];
}

static inline void machine_harvested(void *ctx, uint64_t address, uint64_t size, uint32_t notes) {
    (void)ctx;
    if (machine.has_lock && !machine.is_locked) {
        host_complain(&machine.host, "harvested without the lock");
    }
    if (machine.told_count < TOLD_MAX) {
        machine.told[machine.told_count].address = address;
        machine.told[machine.told_count].size = size;
        machine.told[machine.told_count].notes = notes;
    }
    machine.told_count++;
}

static inline void machine_lock(void *ctx) {
    (void)ctx;
    machine_meanwhile();
    if (machine.is_locked || machine.walk_count > 0) {
        host_complain(&machine.host, machine.is_locked ? "the lock is taken twice"
                                                       : "the lock is taken within a walk");
    }
    machine.is_locked = true;
}

static inline void machine_unlock(void *ctx) {
    (void)ctx;
    if (!machine.is_locked) {
        host_complain(&machine.host, "an unlock without a lock");
    }
    machine.is_locked = false;
}

static inline void machine_quiesce(void *ctx) {
    (void)ctx;
    if (!machine.is_locked || (machine.host.op_plan_count == 0 && !machine.is_split) ||
        machine.waiting_count > 0) {
        host_complain(&machine.host, "quiesce without the lock, before a flush, or for ever");
    }
}

static inline void machine_enter_walk(void *ctx) {
    (void)ctx;
    machine.walk_count++;
}

static inline void machine_leave_walk(void *ctx) {
    (void)ctx;
    machine.walk_count--;
}

static inline void machine_flush(void *ctx, const struct axaddr_flush *plan) {
    host_flush_tlb(ctx, plan);
    if (machine.on_flush != 0) {
        machine.on_flush(plan);
    }
}

#define MACHINE_HAL                                                                                \
    .alloc_frame = machine_alloc_frame, .free_frame = host_free_frame, .frame_at = host_frame_at,  \
    .flush_tlb = machine_flush, .alloc_block = machine_alloc_block, .free_block = host_free_block, \
    .supply_frame = machine_supply, .return_frame = machine_return, .harvested = machine_harvested

static const struct axaddr_hal machine_hal = {MACHINE_HAL};
static const struct axaddr_hal machine_many_hal = {
    MACHINE_HAL,
    .lock = machine_lock,
    .unlock = machine_unlock,
    .quiesce = machine_quiesce,
    .enter_walk = machine_enter_walk,
    .leave_walk = machine_leave_walk,
};

/** As few functions as it takes. */
static const struct axaddr_hal machine_bare_hal = {
    .alloc_frame = machine_alloc_frame,
    .free_frame = host_free_frame,
    .frame_at = host_frame_at,
    .flush_tlb = machine_flush,
};

#endif /* AXADDR_TESTS_SUPPLY_H */
