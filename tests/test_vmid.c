/* SPDX-License-Identifier: MIT
 *
 * test_vmid.c: who gets which VMID. Single cases; then a model: simulated CPUs, each with a TLB
 * that is tagged by id, filled by walks and emptied only as the pool says, enter VMs, edit their
 * tables and come in between each other at every access to a shared word; then the same with
 * threads.
 */
#include <pthread.h>
#include <sched.h>
#include <time.h>
#include <unistd.h>

/* A case sets what comes in between two accesses of a pool; no thread runs meanwhile. */
static void (*in_between)(void);
#define AXADDR_ON_VMID_ACCESS() (in_between != 0 ? in_between() : (void)0)

/* A case sets what happens at a full fence. */
static void (*at_fence)(void);

static void fence(int order) {
    if (order == __ATOMIC_SEQ_CST && at_fence != 0) {
        at_fence();
    }
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
}
#define __atomic_thread_fence(order) fence(order)

#include "axaddr_core/vmid.h"

#include "check.h"

#define CPU_MAX 70

struct spin_lock {
    bool is_held;
    unsigned long count; /* how often it was taken */
};

static struct spin_lock pool_lock;

static void lock(void *ctx) {
    struct spin_lock *spin = (struct spin_lock *)ctx;

    while (__atomic_exchange_n(&spin->is_held, true, __ATOMIC_ACQUIRE)) {
        sched_yield();
    }
    spin->count++;
}

static void unlock(void *ctx) {
    struct spin_lock *spin = (struct spin_lock *)ctx;

    __atomic_store_n(&spin->is_held, false, __ATOMIC_RELEASE);
}

AXADDR_DEFINE_VMID_POOL(single, CPU_MAX, 0, 0);
AXADDR_DEFINE_VMID_POOL(shared, CPU_MAX, lock, unlock);
/* As on a processor without 64-bit atomics. */
AXADDR_VMID_POOL_(locked, CPU_MAX, lock, unlock, false);

/* ---- the three kinds of pools, as one ---- */

struct pool {
    const char *name;
    enum axaddr_status (*init)(unsigned id_bits, unsigned cpu_count);
    enum axaddr_vmid_entry (*enter)(unsigned cpu, struct axaddr_vmid *vmid, uint32_t *id);
    void (*leave)(unsigned cpu);
    bool (*holders)(const struct axaddr_vmid *vmid, struct axaddr_flush *plan);
    const struct axaddr_vmid_pool *state;
    const struct axaddr_vmid_cpu *cpus;
    bool is_shared;    /* CPUs may use it at once */
    bool is_lock_free; /* and come in between each other */
};

#define POOL(kind)                                                                                 \
    static struct kind kind##_pool;                                                                \
    static enum axaddr_status init_##kind(unsigned id_bits, unsigned cpu_count) {                  \
        return kind##_init(&kind##_pool, &pool_lock, id_bits, cpu_count);                          \
    }                                                                                              \
    static enum axaddr_vmid_entry enter_##kind(unsigned cpu, struct axaddr_vmid *vmid,             \
                                               uint32_t *id) {                                     \
        return kind##_enter(&kind##_pool, cpu, vmid, id);                                          \
    }                                                                                              \
    static void leave_##kind(unsigned cpu) {                                                       \
        kind##_leave(&kind##_pool, cpu);                                                           \
    }                                                                                              \
    static bool holders_##kind(const struct axaddr_vmid *vmid, struct axaddr_flush *plan) {        \
        return kind##_holders(&kind##_pool, vmid, plan);                                           \
    }
POOL(single)
POOL(shared)
POOL(locked)

#define POOL_OF(kind, is_shared, is_lock_free)                                                     \
    {                                                                                              \
#kind, init_##kind, enter_##kind, leave_##kind, holders_##kind, &kind##_pool.pool,         \
            kind##_pool.cpus, is_shared, is_lock_free                                              \
    }
static const struct pool pools[] = {
    POOL_OF(single, false, false),
    POOL_OF(shared, true, true),
    POOL_OF(locked, true, false),
};
#define POOL_COUNT (sizeof pools / sizeof pools[0])

static const struct pool *pool; /* the one that is tested */

/** Run a case for each kind of pool. */
#define CASE_FOR_POOLS(function)                                                                   \
    for (pool = pools; pool < pools + POOL_COUNT; pool++) {                                        \
        snprintf(check_context, sizeof check_context, "%s", pool->name);                           \
        CASE(function);                                                                            \
    }

/* ---- single cases ---- */

static uint32_t entered_id; /* of the last enter_flushes */

/** Enter, and whether all has to be flushed. */
static bool enter_flushes(unsigned cpu, struct axaddr_vmid *vmid) {
    return pool->enter(cpu, vmid, &entered_id) == AXADDR_VMID_FLUSH_ALL;
}

/** Enter without a flush; the id, or 0 if a flush is asked for. */
static uint32_t enter(unsigned cpu, struct axaddr_vmid *vmid) {
    return enter_flushes(cpu, vmid) ? 0 : entered_id;
}

/** Enter with a flush; the id, or 0 if none is asked for. */
static uint32_t enter_flushing(unsigned cpu, struct axaddr_vmid *vmid) {
    return enter_flushes(cpu, vmid) ? entered_id : 0;
}

/** The CPUs that may hold translations; *id is 0 if nobody does. */
static uint64_t holders(const struct axaddr_vmid *vmid, uint32_t *id) {
    struct axaddr_flush plan;

    axaddr_flush_init(&plan);
    *id = 0;
    if (!pool->holders(vmid, &plan)) {
        return 0;
    }
    *id = plan.vmid;
    return plan.cpus;
}

static void init_checks_its_arguments(void) {
    struct axaddr_vmid vmid = {0, 0};
    struct axaddr_vmid_pool before;

    CHECK_EQ(pool->init(2, 2), AXADDR_OK);
    CHECK_EQ(enter_flushing(0, &vmid), 1);
    before = *pool->state;
    CHECK_EQ(pool->init(0, 1), AXADDR_INVALID);
    CHECK_EQ(pool->init(17, 1), AXADDR_INVALID);
    CHECK_EQ(pool->init(64, 1), AXADDR_INVALID);
    CHECK_EQ(pool->init(8, 0), AXADDR_INVALID);
    CHECK_EQ(pool->init(8, CPU_MAX + 1), AXADDR_INVALID);
    /* As many ids as CPUs are not enough: all may be reserved. */
    CHECK_EQ(pool->init(1, 1), AXADDR_INVALID);
    CHECK_EQ(pool->init(2, 3), AXADDR_INVALID);
    CHECK_EQ(pool->init(6, 63), AXADDR_INVALID);
    CHECK(memcmp(&before, pool->state, sizeof before) == 0);
    CHECK_EQ(enter(0, &vmid), 1);
    CHECK_EQ(pool->init(2, 1), AXADDR_OK);
    CHECK_EQ(pool->init(6, 62), AXADDR_OK);
    CHECK_EQ(pool->init(16, CPU_MAX), AXADDR_OK);
}

/** A pool that is made anew knows nothing of what it was. */
static void init_starts_afresh(void) {
    struct axaddr_vmid vmids[4] = {{0, 0}, {0, 0}, {0, 0}, {0, 0}};
    struct axaddr_vmid fresh = {0, 0};
    unsigned i;

    CHECK_EQ(pool->init(2, 1), AXADDR_OK);
    for (i = 0; i < 4; i++) {
        (void)enter_flushes(0, &vmids[i]);
    }
    CHECK_EQ(pool->init(2, 1), AXADDR_OK);
    CHECK_EQ(enter_flushing(0, &fresh), 1);
}

static void ids_ascend_and_stay(void) {
    struct axaddr_vmid a = {0, 0};
    struct axaddr_vmid b = {0, 0};

    CHECK_EQ(pool->init(8, 2), AXADDR_OK);
    CHECK_EQ(enter_flushing(0, &a), 1); /* what a CPU held before is not trusted */
    CHECK_EQ(enter(0, &a), 1);
    CHECK_EQ(enter(0, &b), 2);
    CHECK_EQ(enter(0, &a), 1);
    CHECK_EQ(enter_flushing(1, &b), 2);
    CHECK_EQ(enter(1, &a), 1);
    CHECK_EQ(enter(0, &a), 1);
}

/** 2 bits, 1 CPU: the fourth VM begins a new generation, in which the third keeps its id. */
static void rollover_with_one_cpu(void) {
    struct axaddr_vmid a = {0, 0};
    struct axaddr_vmid b = {0, 0};
    struct axaddr_vmid c = {0, 0};
    struct axaddr_vmid d = {0, 0};

    CHECK_EQ(pool->init(2, 1), AXADDR_OK);
    CHECK_EQ(enter_flushing(0, &a), 1);
    CHECK_EQ(enter(0, &b), 2);
    CHECK_EQ(enter(0, &c), 3);
    CHECK_EQ(enter_flushing(0, &d), 1);
    CHECK_EQ(enter(0, &a), 2);
    CHECK_EQ(enter(0, &c), 3);
    CHECK_EQ(enter(0, &d), 1);
    CHECK_EQ(enter_flushing(0, &b), 2); /* d was running: 1 is reserved */
    CHECK_EQ(enter(0, &d), 1);
    CHECK_EQ(enter(0, &b), 2);
}

/** A CPU stays in its guest through many generations: nobody gets its id, and it flushes once. */
static void guest_outlasts_generations(void) {
    struct axaddr_vmid lasting = {0, 0};
    struct axaddr_vmid others[5] = {{0, 0}, {0, 0}, {0, 0}, {0, 0}, {0, 0}};
    unsigned flush_count = 0;
    unsigned i;

    CHECK_EQ(pool->init(2, 2), AXADDR_OK);
    CHECK_EQ(enter_flushing(0, &lasting), 1);
    for (i = 0; i < 50; i++) {
        flush_count += enter_flushes(1, &others[i % 5]);
        CHECK(entered_id == 2 || entered_id == 3);
    }
    CHECK(flush_count > 10);
    CHECK_EQ(enter_flushing(1, &lasting) | enter(1, &lasting), 1);
    CHECK_EQ(enter_flushing(0, &lasting), 1);
    CHECK_EQ(enter(0, &lasting), 1);
}

/** The VM that a CPU is in is entered by another one after a rollover: the same id for both. */
static void one_vm_on_two_cpus(void) {
    struct axaddr_vmid a = {0, 0};
    struct axaddr_vmid b = {0, 0};
    struct axaddr_vmid others[2] = {{0, 0}, {0, 0}};
    uint32_t id;

    CHECK_EQ(pool->init(2, 2), AXADDR_OK);
    CHECK_EQ(enter_flushing(0, &b), 1);
    CHECK_EQ(enter(0, &a), 2);
    CHECK_EQ(enter_flushing(1, &others[0]), 3);
    CHECK_EQ(enter_flushing(1, &others[1]), 1); /* 2 is a's, 3 was others[0]'s until now */
    CHECK_EQ(holders(&a, &id), 1);
    CHECK_EQ(enter(1, &a), 2);
    CHECK_EQ(holders(&a, &id), 3);
    CHECK_EQ(id, 2);
    CHECK_EQ(enter_flushing(0, &a), 2);
}

/** Without leave the last VM of an idle CPU keeps its id; with it, its id is free at a rollover. */
static void leave_spares_an_id(void) {
    struct axaddr_vmid a = {0, 0};
    struct axaddr_vmid others[5] = {{0, 0}, {0, 0}, {0, 0}, {0, 0}, {0, 0}};

    CHECK_EQ(pool->init(2, 2), AXADDR_OK);
    CHECK_EQ(enter_flushing(0, &a), 1);
    CHECK_EQ(enter_flushing(1, &others[0]), 2);
    CHECK_EQ(enter(1, &others[1]), 3);
    pool->leave(0);
    CHECK_EQ(enter_flushing(1, &others[2]), 1);
    CHECK_EQ(enter(1, &others[3]), 2);
    CHECK_EQ(enter_flushing(0, &a), 1); /* rolls over once more: 2 is reserved, 3 was others[1]'s */
}

/** After a leave the next enter is one as ever, without a flush. */
static void leave_and_come_back(void) {
    struct axaddr_vmid a = {0, 0};
    struct axaddr_vmid b = {0, 0};

    CHECK_EQ(pool->init(4, 1), AXADDR_OK);
    pool->leave(0); /* before it has ever entered */
    CHECK_EQ(enter_flushing(0, &a), 1);
    pool->leave(0);
    pool->leave(0);
    CHECK_EQ(enter(0, &a), 1);
    pool->leave(0);
    CHECK_EQ(enter(0, &b), 2);
}

/** A leave after a rollover must not make the CPU forget that it has to flush. */
static void leave_after_a_rollover(void) {
    struct axaddr_vmid a = {0, 0};
    struct axaddr_vmid others[3] = {{0, 0}, {0, 0}, {0, 0}};

    CHECK_EQ(pool->init(2, 2), AXADDR_OK);
    CHECK_EQ(enter_flushing(0, &a), 1);
    CHECK_EQ(enter_flushing(1, &others[0]), 2);
    CHECK_EQ(enter(1, &others[1]), 3);
    CHECK_EQ(enter_flushing(1, &others[2]), 2);
    pool->leave(0);
    CHECK_EQ(enter_flushing(0, &others[2]), 2);
}

static void forgotten_ids_wait_for_a_flush(void) {
    struct axaddr_vmid a = {0, 0};
    struct axaddr_vmid b = {0, 0};
    uint32_t id;

    CHECK_EQ(pool->init(2, 1), AXADDR_OK);
    CHECK_EQ(enter_flushing(0, &a), 1);
    CHECK_EQ(enter(0, &b), 2);
    axaddr_vmid_forget(&a);
    CHECK_EQ(holders(&a, &id), 0);
    CHECK_EQ(enter(0, &a), 3); /* another VM at the same place */
    CHECK_EQ(holders(&a, &id), 1);
    CHECK_EQ(id, 3);
    axaddr_vmid_forget(&a);
    CHECK_EQ(enter_flushing(0, &a), 1);
}

static void holders_are_those_who_entered(void) {
    struct axaddr_vmid a = {0, 0};
    struct axaddr_vmid b = {0, 0};
    uint32_t id;

    CHECK_EQ(pool->init(8, CPU_MAX), AXADDR_OK);
    CHECK_EQ(holders(&a, &id), 0);
    CHECK_EQ(enter_flushing(3, &b), 1);
    CHECK_EQ(enter_flushing(0, &a), 2);
    CHECK_EQ(enter_flushing(63, &a), 2);
    CHECK_EQ(enter(3, &a), 2);
    CHECK_EQ(enter(0, &b), 1); /* still holds some of a */
    CHECK_EQ(holders(&a, &id), UINT64_C(0x8000000000000009));
    CHECK_EQ(id, 2);
    CHECK_EQ(enter_flushing(66, &b), 1); /* bit 2 */
    CHECK_EQ(holders(&b, &id), 0xd);
    CHECK_EQ(id, 1);
}

/** With a number of another generation, those that have flushed since are holders no more. */
static void rollover_forgets_holders(void) {
    struct axaddr_vmid a = {0, 0};
    struct axaddr_vmid others[64];
    uint32_t id;
    unsigned i;

    memset(others, 0, sizeof others);
    CHECK_EQ(pool->init(6, 3), AXADDR_OK);
    for (i = 0; i < 3; i++) {
        CHECK_EQ(enter_flushing(i, &a), 1);
    }
    CHECK_EQ(holders(&a, &id), 7);
    for (i = 0; i < 63; i++) {
        (void)enter_flushes(1, &others[i]);
    }
    CHECK_EQ(holders(&a, &id), 7); /* CPUs 0 and 2 are in it, and 1 may still hold some */
    CHECK_EQ(enter_flushing(2, &others[62]), entered_id);
    CHECK_EQ(enter(2, &a), 1);
    CHECK_EQ(holders(&a, &id), 5);
}

/** All ids of 16 bits, each once; then the next generation. */
static void all_of_16_bits(void) {
    static bool is_given[1 << 16];
    struct axaddr_vmid vmid = {0, 0};
    uint32_t i;

    memset(is_given, 0, sizeof is_given);
    CHECK_EQ(pool->init(16, 1), AXADDR_OK);
    for (i = 1; i <= 0xffff; i++) {
        axaddr_vmid_forget(&vmid);
        CHECK_EQ(enter_flushes(0, &vmid), i == 1);
        CHECK(entered_id >= 1 && entered_id <= 0xffff && !is_given[entered_id]);
        is_given[entered_id] = true;
    }
    axaddr_vmid_forget(&vmid);
    CHECK_EQ(enter_flushing(0, &vmid), 1);
}

static unsigned long access_count;

static void count_access(void) {
    access_count++;
}

/** How often an operation takes the lock: never, or always where there is no other way. */
static void what_takes_the_lock(void) {
    unsigned long each = pool->is_shared && !pool->is_lock_free;
    struct axaddr_vmid a = {0, 0};
    struct axaddr_vmid b = {0, 0};
    uint32_t id;

    CHECK_EQ(pool->init(8, 1), AXADDR_OK);
    CHECK_EQ(enter_flushing(0, &a), 1);
    CHECK_EQ(enter(0, &b), 2);
    pool_lock.count = 0;
    CHECK_EQ(enter(0, &b), 2);
    CHECK_EQ(pool_lock.count, 1 * each);
    CHECK_EQ(enter(0, &a), 1);
    CHECK_EQ(pool_lock.count, 2 * each);
    pool->leave(0);
    CHECK_EQ(pool_lock.count, 3 * each);
    CHECK_EQ(enter(0, &a), 1);
    CHECK_EQ(pool_lock.count, 4 * each);
    CHECK_EQ(holders(&a, &id), 1);
    CHECK_EQ(pool_lock.count, 5 * each);
    /* To come back to the same VM is to read its number and what the CPU entered last. */
    in_between = count_access;
    access_count = 0;
    id = enter(0, &a);
    in_between = NULL;
    CHECK_EQ(id, 1);
    CHECK(access_count == 2 || each == 1);
}

/* What the next cases look at, at the fence. */
static struct axaddr_vmid fence_vmid;
static uint64_t fence_cpus;
static uint32_t fence_id;
static unsigned fence_count;

static void ask_for_holders(void) {
    at_fence = NULL;
    fence_count++;
    fence_cpus = holders(&fence_vmid, &fence_id);
}

/** Enter, with an editor that asks at the moment of the fence: what he has to know is written. */
static void enter_publishes_before_its_fence(void) {
    struct axaddr_vmid other = {0, 0};
    unsigned cpu;

    memset(&fence_vmid, 0, sizeof fence_vmid);
    fence_count = 0;
    CHECK_EQ(pool->init(8, CPU_MAX), AXADDR_OK);
    CHECK_EQ(enter_flushing(2, &other), 1);
    for (cpu = 0; cpu < 3; cpu++) { /* with a new number; without a flush yet; without the lock */
        at_fence = ask_for_holders;
        (void)enter_flushes(cpu, &fence_vmid);
        at_fence = NULL;
        CHECK_EQ(fence_count, pool->is_shared ? cpu + 1 : 0);
        CHECK_EQ(fence_cpus, pool->is_shared ? (2u << cpu) - 1 : 0);
        CHECK_EQ(fence_id, pool->is_shared ? 2 : 0);
    }
    /* Also if another CPU has set the bit; without the lock, and with it. */
    CHECK_EQ(enter_flushing(64, &other), 1);
    for (cpu = 64; cpu < 66; cpu++) {
        at_fence = ask_for_holders;
        (void)enter_flushes(cpu, &fence_vmid);
        at_fence = NULL;
    }
    CHECK_EQ(fence_count, pool->is_shared ? 5 : 0);
}

static void enter_meanwhile(void) {
    at_fence = NULL;
    fence_count++;
    (void)enter_flushes(1, &fence_vmid);
}

/** Holders, with a CPU that enters at the moment of the fence: it is in the answer. */
static void holders_reads_after_its_fence(void) {
    uint32_t id;

    memset(&fence_vmid, 0, sizeof fence_vmid);
    fence_count = 0;
    CHECK_EQ(pool->init(8, 2), AXADDR_OK);
    at_fence = enter_meanwhile;
    fence_cpus = holders(&fence_vmid, &id);
    at_fence = NULL;
    CHECK_EQ(fence_cpus, pool->is_shared ? 2 : 0);
    CHECK_EQ(id, pool->is_shared ? 1 : 0);
    CHECK_EQ(fence_count, pool->is_shared);
}

/* ---- the model ---- */

#define MODEL_CPU_MAX 6
#define MODEL_VM_MAX  24

/** A translation in a simulated TLB: whose, and of which version of its table. Serial 0: none. */
struct translation {
    uint32_t serial;
    uint32_t version;
};

struct model_vm {
    struct axaddr_vmid vmid;
    uint32_t serial;  /* no two VMs ever have the same */
    uint32_t version; /* of its table: what a walk finds */
    uint32_t edited;  /* the version as of the last edit that is done, flush included */
    bool is_edited;   /* an edit is under way: the instance's lock is held */
};

struct model_cpu {
    struct translation tlb[1 << AXADDR_VMID_BITS_MAX];
    struct model_vm *root; /* loaded, be it in the guest or not; 0: none */
    uint32_t root_id;
    struct model_vm *entering;
    bool is_in_pool; /* inside a call of it: can do nothing else */
    bool is_in_guest;
};

static struct model_cpu model_cpus[MODEL_CPU_MAX];
static struct model_vm model_vms[MODEL_VM_MAX];
static unsigned cpu_count;
static unsigned vm_count;
static uint32_t next_serial;
static uint32_t last_id;
static uint64_t random_state;
static unsigned depth;             /* operations that have come in between others */
static unsigned long flush_count;  /* that the pool has asked for */
static unsigned long number_count; /* that it has given */
static unsigned long between_count;
static const char *wrong; /* what went wrong first */

static uint32_t random_below(uint32_t limit) {
    random_state = random_state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)((random_state >> 33) % limit);
}

static void expect(bool condition, const char *otherwise) {
    if (!condition && wrong == NULL) {
        wrong = otherwise;
    }
}

/** What hardware may do at any time with the root that is loaded. */
static void walk(struct model_cpu *cpu) {
    struct translation *found;

    if (cpu->root == NULL) {
        return;
    }
    found = &cpu->tlb[cpu->root_id];
    if (found->serial == 0) {
        found->serial = cpu->root->serial;
        found->version = cpu->root->version;
    }
    if (cpu->is_in_guest) {
        expect(found->serial == cpu->root->serial, "a guest uses a translation of another");
        expect(found->version >= cpu->root->edited,
               "a guest uses a translation from before an edit");
    }
}

static void walk_perhaps(struct model_cpu *cpu) {
    if (random_below(2) == 0) {
        walk(cpu);
    }
}

/** Ids tell the VMs apart that are in use at this moment. */
static void compare_with_others(const struct model_cpu *self) {
    unsigned i;

    expect(self->root_id >= 1 && self->root_id <= last_id, "an id out of range");
    for (i = 0; i < cpu_count; i++) {
        const struct model_cpu *other = &model_cpus[i];

        if (other != self && other->is_in_guest) {
            expect((other->root == self->root) == (other->root_id == self->root_id),
                   "two VMs with one id, or one with two");
        }
    }
}

/** All that a CPU does to enter a guest; translations come into its TLB at every moment. */
static void model_enter(struct model_cpu *cpu, struct model_vm *vm) {
    uint64_t before = vm->vmid.number;
    uint32_t id;

    cpu->is_in_guest = false;
    cpu->is_in_pool = true;
    cpu->entering = vm;
    walk_perhaps(cpu);
    if (pool->enter((unsigned)(cpu - model_cpus), &vm->vmid, &id) == AXADDR_VMID_FLUSH_ALL) {
        flush_count++;
        walk_perhaps(cpu);
        memset(cpu->tlb, 0, (last_id + 1) * sizeof cpu->tlb[0]);
    }
    walk_perhaps(cpu);
    number_count += vm->vmid.number != before;
    cpu->root = vm;
    cpu->root_id = id;
    walk_perhaps(cpu);
    cpu->entering = NULL;
    cpu->is_in_pool = false;
    cpu->is_in_guest = true;
    compare_with_others(cpu);
    walk(cpu);
}

static void model_leave(struct model_cpu *cpu) {
    cpu->is_in_guest = false;
    cpu->is_in_pool = true;
    cpu->root = NULL;
    pool->leave((unsigned)(cpu - model_cpus));
    cpu->is_in_pool = false;
}

/** Write an entry, and flush whom the pool names; from then on nobody may use what was. */
static void model_edit(struct model_vm *vm) {
    struct axaddr_flush plan;
    uint32_t version = ++vm->version;
    unsigned i;

    vm->is_edited = true;
    axaddr_flush_init(&plan);
    if (pool->holders(&vm->vmid, &plan)) {
        expect(plan.vmid != 0, "a flush of id 0");
        for (i = 0; i < cpu_count; i++) {
            if ((plan.cpus >> i & 1) != 0) {
                model_cpus[i].tlb[plan.vmid].serial = 0;
            }
        }
    }
    vm->edited = version;
    vm->is_edited = false;
}

/** Another VM takes the place of this one, if no CPU has anything to do with it. */
static void model_replace(struct model_vm *vm) {
    unsigned i;

    for (i = 0; i < cpu_count; i++) {
        if (model_cpus[i].root == vm || model_cpus[i].entering == vm) {
            return;
        }
    }
    if (!vm->is_edited) {
        axaddr_vmid_forget(&vm->vmid);
        vm->serial = next_serial++;
    }
}

/** Whether the pool does not need its lock for this: it is held, by somebody who waits for us. */
static bool can_enter_now(const struct model_cpu *cpu, const struct model_vm *vm) {
    uint64_t running = pool->cpus[cpu - model_cpus].running;

    return !pool_lock.is_held || running == vm->vmid.number ||
           (running != AXADDR_VMID_STALE_ &&
            axaddr_vmid_is_of(vm->vmid.number, pool->state->generation));
}

/** One operation of anybody who is free. */
static void model_step(void) {
    struct model_cpu *cpu = &model_cpus[random_below(cpu_count)];
    struct model_vm *vm = &model_vms[random_below(vm_count)];
    uint32_t what = random_below(16);

    if (what < 3) {
        if (!vm->is_edited) {
            model_edit(vm);
        }
    } else if (what < 5) {
        model_replace(vm);
    } else if (!cpu->is_in_pool) {
        if (what < 7) {
            walk(cpu);
        } else if (what < 8) {
            model_leave(cpu);
        } else if (can_enter_now(cpu, vm)) {
            model_enter(cpu, vm);
        }
    }
}

/** Before an access of the pool to a shared word: others go on, and others during that. */
static void come_in_between(void) {
    if (depth < 3 && random_below(3) == 0) {
        depth++;
        between_count++;
        model_step();
        depth--;
    }
}

static void model_start(unsigned id_bits, unsigned cpus, unsigned vms) {
    memset(model_cpus, 0, sizeof model_cpus);
    memset(model_vms, 0, sizeof model_vms);
    last_id = (UINT32_C(1) << id_bits) - 1;
    cpu_count = cpus;
    vm_count = vms;
    wrong = NULL;
    flush_count = number_count = between_count = 0;
    for (next_serial = 1; next_serial <= vms; next_serial++) {
        model_vms[next_serial - 1].serial = next_serial;
    }
}

/** Generations after the first one. */
static uint64_t rollover_count(void) {
    return pool->state->generation / AXADDR_VMID_GENERATION_STEP_ - 1;
}

/** A VM that was never there before enters somewhere: an id is used up. */
static void model_new_vm(void) {
    struct model_cpu *cpu = &model_cpus[random_below(cpu_count)];
    struct model_vm *vm = &model_vms[random_below(vm_count)];

    model_replace(vm);
    model_enter(cpu, vm);
}

/** Random operations on a pool. */
static void run_model(unsigned id_bits, unsigned cpus, unsigned vms, unsigned steps) {
    unsigned i;

    snprintf(check_context, sizeof check_context, "%s, %u bits, %u CPUs, %u VMs, seed %" PRIu64,
             pool->name, id_bits, cpus, vms, random_state);
    model_start(id_bits, cpus, vms);
    CHECK_EQ(pool->init(id_bits, cpus), AXADDR_OK);
    in_between = pool->is_lock_free ? come_in_between : NULL;
    for (i = 0; i < steps && wrong == NULL; i++) {
        if (random_below(4) != 0) {
            model_new_vm();
        } else {
            model_step();
        }
    }
    in_between = NULL;
    CHECK_STR(wrong != NULL ? wrong : "nothing", "nothing");
    CHECK_EQ(between_count > 0, pool->is_lock_free);
    /* A new generation begins only when all ids are given, and a CPU flushes once in each. */
    CHECK(rollover_count() >= 1);
    CHECK(rollover_count() * (last_id - cpus) <= number_count);
    CHECK(flush_count <= (rollover_count() + 1) * cpus);
}

static void model_of_few_ids(void) {
    unsigned id_bits;
    unsigned cpus;

    random_state = 1;
    for (id_bits = 2; id_bits <= 5; id_bits++) {
        for (cpus = 1; cpus <= MODEL_CPU_MAX && cpus < (1u << id_bits) - 1; cpus++) {
            run_model(id_bits, cpus, 5, 3000);
            run_model(id_bits, cpus, MODEL_VM_MAX, 3000);
        }
    }
}

static void model_of_many_ids(void) {
    unsigned id_bits;

    random_state = 2;
    for (id_bits = 6; id_bits <= AXADDR_VMID_BITS_MAX; id_bits += 2) {
        run_model(id_bits, 1 + id_bits / 2 % MODEL_CPU_MAX, MODEL_VM_MAX, 3000 + (2u << id_bits));
    }
}

/* ---- threads ---- */

#define SECONDS_MAX 1 /* on a machine with other things to do, fewer rounds */

static bool is_over __attribute__((aligned(64)));

static uint32_t thread_random(uint32_t *state, uint32_t limit) {
    *state = *state * 1664525 + 1013904223;
    return (*state >> 16) % limit;
}

#define THREAD_COUNT 3
#define OWN_VM_COUNT 2 /* VMs that only one CPU enters, and replaces now and then */
#define ALL_VM_COUNT 3 /* that all enter, and whose tables are edited */
#define ENTRY_COUNT  100000
#define ID_BITS      3

struct thread_vm {
    struct axaddr_vmid vmid;
    uint32_t serial;
    uint32_t version __attribute__((aligned(64))); /* of its table */
    uint32_t edited;                               /* the version of the last edit that is done */
};

struct thread_cpu {
    struct thread_vm own_vms[OWN_VM_COUNT];
    struct spin_lock tlb_lock; /* a walk and a flush are not in the TLB at the same moment */
    struct translation tlb[1 << ID_BITS];
    uint64_t in_guest __attribute__((aligned(64))); /* serial << 32 | id; 0: not in one */
    const struct thread_vm *root;
    uint32_t root_id;
    unsigned number;
    uint32_t seed;
    const char *wrong;
};

static struct thread_cpu thread_cpus[THREAD_COUNT];
static struct thread_vm thread_vms[ALL_VM_COUNT];

/** Drop what a TLB holds from id `first` to `last`. */
static void drop(struct thread_cpu *cpu, uint32_t first, uint32_t last) {
    lock(&cpu->tlb_lock);
    for (; first <= last; first++) {
        cpu->tlb[first].serial = 0;
    }
    unlock(&cpu->tlb_lock);
}

/** What a CPU finds for its root and id, in the TLB or by a walk. */
static struct translation look_up(struct thread_cpu *cpu) {
    struct translation found;

    lock(&cpu->tlb_lock);
    if (cpu->tlb[cpu->root_id].serial == 0) {
        cpu->tlb[cpu->root_id].serial = cpu->root->serial;
        cpu->tlb[cpu->root_id].version = __atomic_load_n(&cpu->root->version, __ATOMIC_RELAXED);
    }
    found = cpu->tlb[cpu->root_id];
    unlock(&cpu->tlb_lock);
    return found;
}

static void run_guest(struct thread_cpu *cpu) {
    uint64_t in_guest = (uint64_t)cpu->root->serial << 32 | cpu->root_id;
    unsigned i;

    __atomic_store_n(&cpu->in_guest, in_guest, __ATOMIC_SEQ_CST);
    for (i = 0; i < THREAD_COUNT; i++) {
        uint64_t other = __atomic_load_n(&thread_cpus[i].in_guest, __ATOMIC_SEQ_CST);

        if (other != 0 && (other >> 32 == in_guest >> 32) != ((uint32_t)other == cpu->root_id)) {
            cpu->wrong = "two VMs with one id, or one with two";
        }
    }
    for (i = 0; i < 4; i++) {
        uint32_t edited = __atomic_load_n(&cpu->root->edited, __ATOMIC_ACQUIRE);
        struct translation found = look_up(cpu);

        if (found.serial != cpu->root->serial) {
            cpu->wrong = "a guest uses a translation of another";
        } else if (found.version < edited) {
            cpu->wrong = "a guest uses a translation from before an edit";
        }
    }
    __atomic_store_n(&cpu->in_guest, 0, __ATOMIC_SEQ_CST);
}

/** One of everybody's VMs, or one of this CPU's own, perhaps a new one in its place. */
static struct thread_vm *choose_vm(struct thread_cpu *cpu) {
    uint32_t choice = thread_random(&cpu->seed, OWN_VM_COUNT + ALL_VM_COUNT);
    struct thread_vm *vm;

    if (choice >= OWN_VM_COUNT) {
        return &thread_vms[choice - OWN_VM_COUNT];
    }
    vm = &cpu->own_vms[choice];
    if (cpu->root != vm && thread_random(&cpu->seed, 4) == 0) {
        axaddr_vmid_forget(&vm->vmid);
        vm->serial += 100;
    }
    return vm;
}

static void *cpu_thread(void *own) {
    struct thread_cpu *cpu = (struct thread_cpu *)own;
    unsigned i;

    for (i = 0; i < ENTRY_COUNT && !__atomic_load_n(&is_over, __ATOMIC_RELAXED); i++) {
        struct thread_vm *vm = choose_vm(cpu);
        uint32_t id;

        if (pool->enter(cpu->number, &vm->vmid, &id) == AXADDR_VMID_FLUSH_ALL) {
            drop(cpu, 0, (1 << ID_BITS) - 1);
        }
        if (cpu->root != NULL) {
            (void)look_up(cpu); /* speculation: the old root is still loaded */
        }
        cpu->root = vm;
        cpu->root_id = id;
        run_guest(cpu);
        if (thread_random(&cpu->seed, 8) == 0) {
            cpu->root = NULL;
            pool->leave(cpu->number);
        }
    }
    return NULL;
}

/** Edit everybody's VMs until the CPUs are done. */
static void *editor_thread(void *unused) {
    uint32_t seed = 99;

    while (!__atomic_load_n(&is_over, __ATOMIC_RELAXED)) {
        struct thread_vm *vm = &thread_vms[thread_random(&seed, ALL_VM_COUNT)];
        uint32_t version = vm->version + 1;
        struct axaddr_flush plan;
        unsigned i;

        __atomic_store_n(&vm->version, version, __ATOMIC_RELAXED);
        axaddr_flush_init(&plan);
        if (pool->holders(&vm->vmid, &plan)) {
            for (i = 0; i < THREAD_COUNT; i++) {
                if ((plan.cpus >> i & 1) != 0) {
                    drop(&thread_cpus[i], plan.vmid, plan.vmid);
                }
            }
        }
        __atomic_store_n(&vm->edited, version, __ATOMIC_RELEASE);
    }
    return unused;
}

static void start_threads(void) {
    uint32_t serial = 1;
    unsigned i;
    unsigned k;

    memset(thread_cpus, 0, sizeof thread_cpus);
    memset(thread_vms, 0, sizeof thread_vms);
    for (i = 0; i < ALL_VM_COUNT; i++) {
        thread_vms[i].serial = serial++;
    }
    for (i = 0; i < THREAD_COUNT; i++) {
        thread_cpus[i].number = i;
        thread_cpus[i].seed = i;
        for (k = 0; k < OWN_VM_COUNT; k++) {
            thread_cpus[i].own_vms[k].serial = serial++;
        }
    }
    is_over = false;
}

/** CPUs that enter, replace and leave VMs, and an editor, all at once. */
static void cpus_and_an_editor(void) {
    pthread_t threads[THREAD_COUNT];
    pthread_t editor;
    unsigned i;

    start_threads();
    CHECK_EQ(pool->init(ID_BITS, THREAD_COUNT), AXADDR_OK);
    CHECK_EQ(pthread_create(&editor, NULL, editor_thread, NULL), 0);
    for (i = 0; i < THREAD_COUNT; i++) {
        CHECK_EQ(pthread_create(&threads[i], NULL, cpu_thread, &thread_cpus[i]), 0);
    }
    for (i = 0; i < THREAD_COUNT; i++) {
        CHECK_EQ(pthread_join(threads[i], NULL), 0);
    }
    __atomic_store_n(&is_over, true, __ATOMIC_RELAXED);
    CHECK_EQ(pthread_join(editor, NULL), 0);
    for (i = 0; i < THREAD_COUNT; i++) {
        const char *what = thread_cpus[i].wrong;

        CHECK_STR(what != NULL ? what : "nothing", "nothing");
    }
    CHECK(rollover_count() > 100);
}

/* ---- two threads, in step ---- */

/*
 * Each round starts both at the same moment: one enters a VM for the first time, as CPU 0, and
 * reads its entry; the other, which was CPU 1 in that VM, writes the entry and asks who may hold
 * it. Without a full fence on both sides, one reads the old entry and the other does not hear of
 * CPU 0, in some rounds of a thousand.
 */
#define ROUND_COUNT 200000

static struct {
    uint32_t round __attribute__((aligned(64))); /* the last round that the thread has begun */
    uint32_t seed;
} steps[2];
static struct thread_vm step_vm;
static uint32_t step_entry
    __attribute__((aligned(64))); /* the last round in which it was written */
static uint32_t step_found __attribute__((aligned(64))); /* what CPU 0 has found there */
static uint32_t last_round; /* in which both stop: written before that round begins */

/** Wait for the other thread to begin this round, too. */
static void meet(unsigned self, uint32_t round) {
    unsigned tries = 0;

    __atomic_store_n(&steps[self].round, round, __ATOMIC_SEQ_CST);
    while (__atomic_load_n(&steps[1 - self].round, __ATOMIC_SEQ_CST) < round) {
        if (++tries % 128 == 0) {
            sched_yield();
        }
    }
}

/** Some moments, more or less. */
static void dawdle(unsigned self) {
    uint32_t moments;

    for (moments = thread_random(&steps[self].seed, 128); moments > 0; moments--) {
        __asm__ volatile("" : : : "memory");
    }
}

static void *enter_in_step(void *unused) {
    uint32_t round;

    for (round = 2;; round += 2) {
        uint32_t id;

        meet(0, round);
        if (__atomic_load_n(&last_round, __ATOMIC_RELAXED) == round) {
            return unused;
        }
        dawdle(0);
        (void)pool->enter(0, &step_vm.vmid, &id);
        step_found = __atomic_load_n(&step_entry, __ATOMIC_RELAXED);
        meet(0, round + 1);
    }
}

static void fences_on_both_sides(void) {
    time_t end = time(NULL) + SECONDS_MAX;
    unsigned long missed_count = 0;
    pthread_t thread;
    uint32_t round;

    memset(steps, 0, sizeof steps);
    memset(&step_vm, 0, sizeof step_vm);
    step_entry = 0;
    CHECK_EQ(pool->init(16, 2), AXADDR_OK);
    CHECK_EQ(pthread_create(&thread, NULL, enter_in_step, NULL), 0);
    for (round = 2;; round += 2) {
        struct axaddr_flush plan;
        uint32_t id;

        axaddr_vmid_forget(&step_vm.vmid);
        (void)pool->enter(1, &step_vm.vmid, &id);
        if (round > 2 * ROUND_COUNT || (round % 1024 == 0 && time(NULL) > end)) {
            __atomic_store_n(&last_round, round, __ATOMIC_RELAXED);
        }
        meet(1, round);
        if (last_round == round) {
            break;
        }
        dawdle(1);
        __atomic_store_n(&step_entry, round, __ATOMIC_RELAXED);
        if (!pool->holders(&step_vm.vmid, &plan)) {
            plan.cpus = 0;
        }
        meet(1, round + 1);
        missed_count += (plan.cpus & 1) == 0 && step_found != round;
    }
    CHECK_EQ(pthread_join(thread, NULL), 0);
    CHECK_EQ(missed_count, 0);
}

int main(void) {
    alarm(300);
    CASE_FOR_POOLS(init_checks_its_arguments);
    CASE_FOR_POOLS(init_starts_afresh);
    CASE_FOR_POOLS(ids_ascend_and_stay);
    CASE_FOR_POOLS(rollover_with_one_cpu);
    CASE_FOR_POOLS(guest_outlasts_generations);
    CASE_FOR_POOLS(one_vm_on_two_cpus);
    CASE_FOR_POOLS(leave_spares_an_id);
    CASE_FOR_POOLS(leave_and_come_back);
    CASE_FOR_POOLS(leave_after_a_rollover);
    CASE_FOR_POOLS(forgotten_ids_wait_for_a_flush);
    CASE_FOR_POOLS(holders_are_those_who_entered);
    CASE_FOR_POOLS(rollover_forgets_holders);
    CASE_FOR_POOLS(all_of_16_bits);
    CASE_FOR_POOLS(what_takes_the_lock);
    CASE_FOR_POOLS(enter_publishes_before_its_fence);
    CASE_FOR_POOLS(holders_reads_after_its_fence);
    CASE_FOR_POOLS(model_of_few_ids);
    CASE_FOR_POOLS(model_of_many_ids);
    for (pool = pools; pool < pools + POOL_COUNT; pool++) {
        if (pool->is_shared) {
            snprintf(check_context, sizeof check_context, "%s", pool->name);
            CASE(cpus_and_an_editor);
            CASE(fences_on_both_sides);
        }
    }
    return check_report("test_vmid");
}
