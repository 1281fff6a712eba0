/* SPDX-License-Identifier: MIT
 *
 * vmid.h: who gets which VMID. Hardware tags the translations in its TLBs with a short number, so
 * that those of several VMs (or address spaces) can be in there together. This file hands these
 * numbers out to any number of VMs, takes them back when they run out, and knows which CPUs may
 * hold translations of a VM. A complete example:
 *
 *     AXADDR_DEFINE_VMID_POOL(vmids, CPU_MAX, my_lock, my_unlock);   // one CPU only: 0, 0
 *     static struct vmids pool;
 *
 *     status = vmids_init(&pool, ctx, 8, cpu_count);                 // 8 bits: ids 1 to 255
 *
 *     struct vm { struct axaddr_vmid vmid; ... };                    // all bytes zero: none yet
 *
 *     // before each entry, on the CPU that enters; the guest then runs there until it exits
 *     if (vmids_enter(&pool, this_cpu, &vm->vmid, &id) == AXADDR_VMID_FLUSH_ALL) {
 *         flush_all_guest_translations_of_this_cpu();
 *     }
 *     load_root(vm->root, id);
 *     run_guest();
 *
 *     // in the HAL's flush_tlb
 *     struct axaddr_flush own = *plan;
 *     if (vmids_holders(&pool, &vm->vmid, &own)) {                   // fills in .vmid and .cpus
 *         execute(&own);
 *     }
 *
 * What AXADDR_DEFINE_VMID_POOL(name, cpu_max, lock, unlock) generates:
 *
 *     struct name                                    the pool: a cache line for each CPU, and one
 *     status name_init(pool, ctx, id_bits, cpu_count)  ids of 1 to 16 bits, for the CPUs 0 to
 *                                                    cpu_count - 1. INVALID if there are not more
 *                                                    ids than CPUs (id 0 is never given and does
 *                                                    not count), or more CPUs than cpu_max
 *     enum axaddr_vmid_entry name_enter(pool, cpu, vmid, &id)  the id (uint32_t) to enter this VM
 *                                                    with; cpu: below cpu_count
 *     void name_leave(pool, cpu)                     this CPU has no VM's root loaded any more.
 *                                                    Not required; spares an id at a rollover
 *     bool name_holders(pool, vmid, plan)            sets plan->vmid and plan->cpus: the id, and
 *                                                    who may hold translations with it. False:
 *                                                    nobody, so there is nothing to flush
 *     void axaddr_vmid_forget(vmid)                  (of any pool) the VM is gone
 *
 * `lock` and `unlock` are functions void (void *ctx) that keep other CPUs out. With them enter,
 * leave (each by the CPU in question) and holders may be called by any number of CPUs at once; if
 * interrupt handlers call them too, lock has to keep these out. Without them, 0 and 0, it is one
 * CPU at a time, and plain loads and stores are all that is left. Where a processor has no 64-bit
 * atomics, all three take the lock each time.
 *
 * ## How
 *
 * A VM's number is an id and the *generation* in which it was given. Ids are given in ascending
 * order and never twice in a generation. When they have run out, a new generation begins (a
 * *rollover*): all numbers of the old one are void, and each CPU has to flush all translations of
 * all guests once, before it enters a guest again: its next enter says AXADDR_VMID_FLUSH_ALL. A CPU
 * that is inside a guest at that moment is not disturbed: its VM keeps its id in the new
 * generation, and nobody else gets that id. So at most as many ids are reserved as there are CPUs,
 * and with more ids than CPUs one is always left.
 *
 * That is what Linux does for arm64 (arch/arm64/mm/context.c; arch/arm64/kvm/vmid.c differs in that
 * it flushes all CPUs at the rollover). RISC-V KVM's way is shorter: at a rollover, interrupt all
 * CPUs, throw them out of their guests and flush. But interrupts between CPUs are the user's, not
 * the library's, somebody would wait for the slowest CPU with the lock held, and all guests would
 * pay at the same moment.
 *
 * There is no bitmap: as ids ascend, only those that CPUs have reserved are skipped. Giving an id
 * looks at each CPU's reservation (as those systems do), once more for each id skipped, and nothing
 * depends on the number of ids. It is a macro so that lock and unlock fold into it.
 *
 * ## What is tagged, and what "flush all" is
 *
 * Everything on this CPU that carries an id as its tag, whichever id; before or after the new root
 * is loaded, but before the guest's first instruction. A CPU's first enter asks for it too, as what
 * was cached before there was a pool is not trusted.
 *
 * - AArch64 VMID (VTTBR_EL2; 8 bits, or 16 with VTCR_EL2.VS): TLBI ALLE1, DSB NSH, ISB. As ASID
 *   (TTBRn_EL1; 8, or 16 with TCR_EL1.AS): TLBI VMALLE1. The TLBI ...IS of an edit reach all CPUs,
 *   so plan->cpus is of no interest there.
 * - RISC-V VMID (hgatp; the bits that stay set when all are written, at most 7 or 14): HFENCE.GVMA
 *   x0, x0. As ASID (satp; at most 9 or 16): SFENCE.VMA x0, x0.
 * - Intel VPID (16 bits): INVVPID type 2. It tags linear and combined mappings; guest-physical ones
 *   go by the EPT pointer and need no id, but if plan->cpus is used for INVEPT, "flush all"
 *   includes INVEPT type 2 (SDM volume 3C, "VMX support for address translation").
 * - AMD ASID (the VMCB's; CPUID Fn8000_000A EBX of them, rounded down to a power of two):
 *   TLB_CONTROL 1 for the next VMRUN (APM volume 2, 15.16).
 * - x86 PCID (CR3 bits 11:0): INVPCID type 3, or CR4.PGE changed twice (SDM volume 3A, 4.10.4).
 *
 * An id tells VMs apart, not the virtual CPUs of one, which may use a guest ASID for different
 * things. Either each virtual CPU has a struct axaddr_vmid (usual for VPID and AMD's ASID; an edit
 * then asks for the holders of each), or what was cached for the guest's own tables under that id
 * is flushed where two virtual CPUs of a VM run on one CPU in turn. RISC-V: HFENCE.VVMA x0, x0 with
 * the new hgatp loaded whenever another virtual CPU is, as HFENCE.GVMA is about the G-stage only.
 *
 * ## Memory order: what an edit may rely on
 *
 * The danger: an edit changes an entry and flushes id 5 on the CPUs it knows of, while another CPU
 * enters the same VM with a new id, or as a CPU that is not known yet, and walks the old entry.
 *
 *     CPU that enters a VM                          editor
 *     C1  publish the VM's number and that CPU      E1  write entries
 *     C2  full fence              (enter: C1, C2)   E2  full fence         (holders: E2, E3)
 *     C3  load the root, walk                       E3  read number and CPUs
 *                                                   E4  flush that id on those CPUs
 *
 * Of the fences C2 and E2 one comes first. If C2, E3 reads what C1 published, and the flush reaches
 * this CPU. If E2, C3 walks what E1 wrote, and there is nothing to flush. So after E4 no CPU
 * translates with what was there before E1. Hence holders is called after the entries are written:
 * within flush_tlb that is so. The fences are __atomic_thread_fence(__ATOMIC_SEQ_CST); without lock
 * and unlock there are none, as what keeps CPUs out of each other's way orders them too.
 *
 * Enter does C1 and C2 whenever this CPU enters another VM than the last time, or the same one in
 * another generation or after a leave. Otherwise what it published then still stands, and it does
 * nothing. The CPUs of a VM become more until it gets its number in another generation: they are
 * then those that have reserved its id. All others flush all before they enter any guest again, so
 * what they still hold of this VM is never used. For the same reason E3 need not read number and
 * CPUs at one moment; and if the id goes to another VM before E4, that merely flushes too much.
 *
 * Fences order what instructions load and store. Walks have rules of the machine's own, and these
 * are the caller's:
 * - E4 begins with what makes E1 visible to walkers, and waits until all CPUs are done (the
 *   executors in axaddr_arch). A CPU that is in no guest at the moment flushes too, at the latest
 *   before it enters one.
 * - C3 on Arm: DSB ISH before VTTBR_EL2 is changed; walks begun under the old one are over then,
 *   too (DDI 0487, "Out-of-context translation regimes"). On x86 nothing: a VM entry, or a MOV to
 *   CR3, does not begin before the fence is done. On RISC-V hgatp is written after enter; as the
 *   manual orders walks by HFENCE.GVMA only, to its letter one for this id follows that.
 * - Where a CPU may walk tables while it is in the host (hgatp is active in HS-mode, see
 *   "Hypervisor Guest Address Translation and Protection Register"; stage 1), it takes the old root
 *   off (Bare, an empty table) before it enters another VM or leaves: from then on nobody flushes
 *   it for the old one. Everywhere, a VM is forgotten when no CPU has its root loaded any more.
 */
#ifndef AXADDR_CORE_VMID_H
#define AXADDR_CORE_VMID_H

#include "flush.h"

/** Most bits that an id can have. */
#define AXADDR_VMID_BITS_MAX 16

/** A pool for up to `cpu_max` CPUs, called `struct name`. See the top of this file. */
#define AXADDR_DEFINE_VMID_POOL(name, cpu_max, lock, unlock)                                       \
    AXADDR_VMID_POOL_(name, cpu_max, lock, unlock, AXADDR_VMID_HAS_ATOMICS_)

/** Whether a CPU may enter the guest at once. */
enum axaddr_vmid_entry {
    AXADDR_VMID_READY,     /**< yes */
    AXADDR_VMID_FLUSH_ALL, /**< this CPU has to flush all translations of all guests before */
};

/** 64 bits that are read and written at once: 32-bit processors may want them aligned for that. */
typedef uint64_t axaddr_vmid_word_t __attribute__((aligned(8)));

/** A VM's number, and who has used it. All bytes zero: none yet. Members are private. */
struct axaddr_vmid {
    axaddr_vmid_word_t number; /**< generation << 16 | id; 0: none yet */
    axaddr_vmid_word_t cpus;   /**< that entered with it: bit (CPU number % 64) */
};

/**
 * The VM is gone, or is to look as if it had never run: no CPU enters it, has its root loaded or
 * edits its tables any more. No CPU enters another VM with its id before it has flushed all.
 */
AXADDR_ALWAYS_INLINE void axaddr_vmid_forget(struct axaddr_vmid *vmid) {
    vmid->number = 0;
    vmid->cpus = 0;
}

/** What of a pool concerns one CPU, in a cache line of its own. */
struct axaddr_vmid_cpu {
    /** The number it entered with last. Written by this CPU; at a rollover by another: STALE_. */
    axaddr_vmid_word_t running __attribute__((aligned(AXADDR_CACHE_LINE_SIZE)));
    uint64_t reserved; /**< the number it had at the last rollover. Under the lock */
    uint64_t flushed;  /**< the generation in which it was told to flush. Under the lock */
};

/** What concerns all CPUs. Written under the lock. */
struct axaddr_vmid_pool {
    axaddr_vmid_word_t generation; /**< a number of it, but for the id */
    void *ctx;                     /**< for lock and unlock */
    uint32_t next_id;              /**< this one and higher ones are not given */
    uint32_t last_id;
    unsigned cpu_count;
};

/** How CPUs keep out of each other's way: constants of a pool, which fold into its functions. */
struct axaddr_vmid_sharing {
    void (*lock)(void *ctx); /**< 0: one CPU at a time */
    void (*unlock)(void *ctx);
    bool has_atomics; /**< false: nothing is touched without the lock */
};

/* What `running` is instead of a number. None looks like these: as numbers they have id 0. */
#define AXADDR_VMID_IDLE_            (UINT64_C(1) << 16) /* no VM */
#define AXADDR_VMID_STALE_           (UINT64_C(2) << 16) /* there was a rollover; see `reserved` */
#define AXADDR_VMID_GENERATION_STEP_ (UINT64_C(1) << 16)

AXADDR_ALWAYS_INLINE uint32_t axaddr_vmid_id_of(uint64_t number) {
    return (uint32_t)(number & 0xffff);
}

AXADDR_ALWAYS_INLINE bool axaddr_vmid_is_of(uint64_t number, uint64_t generation) {
    return (number ^ generation) >> 16 == 0;
}

/* ---- words that other CPUs may be changing ---- */

/**
 * Called before each access to such a word. Nothing, unless a test that wants to come in between
 * defines it before it includes this file.
 */
#ifndef AXADDR_ON_VMID_ACCESS
#define AXADDR_ON_VMID_ACCESS() ((void)0)
#endif

/* A compiler without 64-bit atomics is not to see any, even where they are never reached. */
#if defined(__GCC_HAVE_SYNC_COMPARE_AND_SWAP_8) || UINTPTR_MAX > UINT32_MAX
#define AXADDR_VMID_HAS_ATOMICS_          true
#define AXADDR_VMID_ATOMIC_(call, result) call
#else
#define AXADDR_VMID_HAS_ATOMICS_          false
#define AXADDR_VMID_ATOMIC_(call, result) result
#endif

/** Whether such words are accessed atomically, not plainly. */
AXADDR_ALWAYS_INLINE bool axaddr_vmid_is_atomic(const struct axaddr_vmid_sharing *sharing) {
    AXADDR_ON_VMID_ACCESS();
    return sharing->lock != 0 && sharing->has_atomics;
}

/** Read a word of which only the value itself is of interest. */
AXADDR_ALWAYS_INLINE uint64_t axaddr_vmid_peek(const struct axaddr_vmid_sharing *sharing,
                                               const axaddr_vmid_word_t *word) {
    return axaddr_vmid_is_atomic(sharing)
               ? AXADDR_VMID_ATOMIC_(__atomic_load_n(word, __ATOMIC_RELAXED), 0)
               : *word;
}

/** Read a word, and see all that was written before it was. */
AXADDR_ALWAYS_INLINE uint64_t axaddr_vmid_read(const struct axaddr_vmid_sharing *sharing,
                                               const axaddr_vmid_word_t *word) {
    return axaddr_vmid_is_atomic(sharing)
               ? AXADDR_VMID_ATOMIC_(__atomic_load_n(word, __ATOMIC_ACQUIRE), 0)
               : *word;
}

/** Write a word after all that was written before. */
AXADDR_ALWAYS_INLINE void axaddr_vmid_write(const struct axaddr_vmid_sharing *sharing,
                                            axaddr_vmid_word_t *word, uint64_t value) {
    if (axaddr_vmid_is_atomic(sharing)) {
        AXADDR_VMID_ATOMIC_(__atomic_store_n(word, value, __ATOMIC_RELEASE), (void)0);
    } else {
        *word = value;
    }
}

/** Write a word; what it was. */
AXADDR_ALWAYS_INLINE uint64_t axaddr_vmid_exchange(const struct axaddr_vmid_sharing *sharing,
                                                   axaddr_vmid_word_t *word, uint64_t value) {
    uint64_t before;

    if (axaddr_vmid_is_atomic(sharing)) {
        return AXADDR_VMID_ATOMIC_(__atomic_exchange_n(word, value, __ATOMIC_ACQ_REL), 0);
    }
    before = *word;
    *word = value;
    return before;
}

/** Write a word if it still is `from`; whether it was. Accessed plainly, it is. */
AXADDR_ALWAYS_INLINE bool axaddr_vmid_swap(const struct axaddr_vmid_sharing *sharing,
                                           axaddr_vmid_word_t *word, uint64_t from, uint64_t to) {
    if (axaddr_vmid_is_atomic(sharing)) {
        return AXADDR_VMID_ATOMIC_(
            __atomic_compare_exchange_n(word, &from, to, false, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED),
            false);
    }
    (void)from;
    *word = to;
    return true;
}

/** Set bits of a word. */
AXADDR_ALWAYS_INLINE void axaddr_vmid_set_bits(const struct axaddr_vmid_sharing *sharing,
                                               axaddr_vmid_word_t *word, uint64_t bits) {
    if (axaddr_vmid_is_atomic(sharing)) {
        (void)AXADDR_VMID_ATOMIC_(__atomic_fetch_or(word, bits, __ATOMIC_ACQ_REL), 0);
    } else {
        *word |= bits;
    }
}

/* ---- the lock ---- */

AXADDR_ALWAYS_INLINE void axaddr_vmid_lock(const struct axaddr_vmid_sharing *sharing,
                                           const struct axaddr_vmid_pool *pool) {
    if (sharing->lock != 0) {
        sharing->lock(pool->ctx);
    }
}

AXADDR_ALWAYS_INLINE void axaddr_vmid_unlock(const struct axaddr_vmid_sharing *sharing,
                                             const struct axaddr_vmid_pool *pool) {
    if (sharing->lock != 0) {
        sharing->unlock(pool->ctx);
    }
}

/** Whether words may be touched without the lock. */
AXADDR_ALWAYS_INLINE bool axaddr_vmid_is_lock_free(const struct axaddr_vmid_sharing *sharing) {
    return sharing->lock == 0 || sharing->has_atomics;
}

/** C2 and E2 of the protocol at the top. */
AXADDR_ALWAYS_INLINE void axaddr_vmid_fence(const struct axaddr_vmid_sharing *sharing) {
    if (sharing->lock != 0) {
        __atomic_thread_fence(__ATOMIC_SEQ_CST);
    }
}

/* ---- giving numbers, under the lock ---- */

/** Whether a CPU has kept this id from the generation before. */
AXADDR_ALWAYS_INLINE bool axaddr_vmid_is_reserved(const struct axaddr_vmid_pool *pool,
                                                  const struct axaddr_vmid_cpu *cpus, uint32_t id) {
    unsigned i;

    for (i = 0; i < pool->cpu_count; i++) {
        if (axaddr_vmid_id_of(cpus[i].reserved) == id) {
            return true;
        }
    }
    return false;
}

/** The next id of this generation that is nobody's, or 0. Skips at most one for each CPU. */
AXADDR_ALWAYS_INLINE uint32_t axaddr_vmid_take(struct axaddr_vmid_pool *pool,
                                               const struct axaddr_vmid_cpu *cpus) {
    while (pool->next_id <= pool->last_id) {
        uint32_t id = pool->next_id++;

        if (!axaddr_vmid_is_reserved(pool, cpus, id)) {
            return id;
        }
    }
    return 0;
}

/**
 * Begin a new generation. A CPU whose `running` is exchanged here was in time with its swap, so
 * that its id is reserved; one that comes later finds STALE_ and takes the lock. The old `reserved`
 * stays where a CPU has not entered anything since the last time: it may still be in that guest.
 */
AXADDR_ALWAYS_INLINE void axaddr_vmid_roll_over(const struct axaddr_vmid_sharing *sharing,
                                                struct axaddr_vmid_pool *pool,
                                                struct axaddr_vmid_cpu *cpus) {
    unsigned i;

    for (i = 0; i < pool->cpu_count; i++) {
        uint64_t running = axaddr_vmid_exchange(sharing, &cpus[i].running, AXADDR_VMID_STALE_);

        if (running != AXADDR_VMID_STALE_) {
            cpus[i].reserved = running;
        }
    }
    axaddr_vmid_write(sharing, &pool->generation, pool->generation + AXADDR_VMID_GENERATION_STEP_);
    pool->next_id = 1;
}

/** Bring what CPUs have reserved for a VM into this generation; the CPUs, 0 if there is none. */
AXADDR_ALWAYS_INLINE uint64_t axaddr_vmid_keep(const struct axaddr_vmid_pool *pool,
                                               struct axaddr_vmid_cpu *cpus, uint64_t number) {
    uint64_t keepers = 0;
    unsigned i;

    for (i = 0; i < pool->cpu_count; i++) {
        if (cpus[i].reserved == number) {
            cpus[i].reserved = pool->generation | axaddr_vmid_id_of(number);
            keepers |= UINT64_C(1) << i % 64;
        }
    }
    return keepers;
}

/**
 * Give a VM a number of this generation, or of the next one. Its CPUs are written first: who reads
 * the new number adds itself to the new CPUs.
 */
AXADDR_ALWAYS_INLINE void axaddr_vmid_renew(const struct axaddr_vmid_sharing *sharing,
                                            struct axaddr_vmid_pool *pool,
                                            struct axaddr_vmid_cpu *cpus,
                                            struct axaddr_vmid *vmid) {
    uint64_t number = axaddr_vmid_peek(sharing, &vmid->number);
    uint64_t keepers = axaddr_vmid_keep(pool, cpus, number);
    uint32_t id = axaddr_vmid_id_of(number);

    if (keepers == 0) {
        id = axaddr_vmid_take(pool, cpus);
        if (id == 0) {
            axaddr_vmid_roll_over(sharing, pool, cpus);
            id = axaddr_vmid_take(pool, cpus);
        }
    }
    axaddr_vmid_write(sharing, &vmid->cpus, keepers);
    axaddr_vmid_write(sharing, &vmid->number, pool->generation | id);
}

/* ---- the algorithms: each is what the generated function of the same name does ---- */

AXADDR_MUST_CHECK AXADDR_ALWAYS_INLINE enum axaddr_status
axaddr_vmid_pool_init(struct axaddr_vmid_pool *pool, struct axaddr_vmid_cpu *cpus, unsigned cpu_max,
                      void *ctx, unsigned id_bits, unsigned cpu_count) {
    unsigned i;

    if (id_bits > AXADDR_VMID_BITS_MAX || cpu_count < 1 || cpu_count > cpu_max ||
        axaddr_low_bits(id_bits) <= cpu_count) {
        return AXADDR_INVALID;
    }
    pool->generation = AXADDR_VMID_GENERATION_STEP_;
    pool->ctx = ctx;
    pool->next_id = 1;
    pool->last_id = (uint32_t)axaddr_low_bits(id_bits);
    pool->cpu_count = cpu_count;
    for (i = 0; i < cpu_count; i++) {
        cpus[i].running = AXADDR_VMID_STALE_;
        cpus[i].reserved = AXADDR_VMID_IDLE_;
        cpus[i].flushed = 0;
    }
    return AXADDR_OK;
}

/** Whether this VM is what the CPU entered last, in this generation: nothing is to be said. */
AXADDR_ALWAYS_INLINE bool axaddr_vmid_is_running(const struct axaddr_vmid_sharing *sharing,
                                                 const struct axaddr_vmid_cpu *self,
                                                 const struct axaddr_vmid *vmid, uint32_t *id) {
    uint64_t number;

    if (!axaddr_vmid_is_lock_free(sharing)) {
        return false;
    }
    number = axaddr_vmid_peek(sharing, &vmid->number);
    *id = axaddr_vmid_id_of(number);
    return number == axaddr_vmid_peek(sharing, &self->running);
}

/** Say that this CPU uses a VM's number. */
AXADDR_ALWAYS_INLINE void axaddr_vmid_add_cpu(const struct axaddr_vmid_sharing *sharing,
                                              struct axaddr_vmid *vmid, unsigned cpu) {
    uint64_t bit = UINT64_C(1) << cpu % 64;

    if ((axaddr_vmid_peek(sharing, &vmid->cpus) & bit) == 0) {
        axaddr_vmid_set_bits(sharing, &vmid->cpus, bit);
    }
}

/**
 * Change to a VM that has a number of this generation; false if it has none, or this CPU has not
 * been told to flush yet. The number is read with what was written before it: if a rollover was,
 * the swap finds STALE_. If the swap succeeds and a rollover comes after it, that sees the number.
 * Either way an old generation that is read here does no harm.
 */
AXADDR_ALWAYS_INLINE bool axaddr_vmid_change(const struct axaddr_vmid_sharing *sharing,
                                             const struct axaddr_vmid_pool *pool,
                                             struct axaddr_vmid_cpu *self, struct axaddr_vmid *vmid,
                                             uint64_t *number) {
    uint64_t running = axaddr_vmid_peek(sharing, &self->running);

    *number = axaddr_vmid_read(sharing, &vmid->number);
    return running != AXADDR_VMID_STALE_ &&
           axaddr_vmid_is_of(*number, axaddr_vmid_peek(sharing, &pool->generation)) &&
           axaddr_vmid_swap(sharing, &self->running, running, *number);
}

/**
 * Enter a VM that has a number of this generation, without the lock; false if it has none. The
 * fence is executed also if this CPU's bit was set: with more than 64 CPUs, another may have set
 * it.
 */
AXADDR_ALWAYS_INLINE bool axaddr_vmid_enter_current(const struct axaddr_vmid_sharing *sharing,
                                                    const struct axaddr_vmid_pool *pool,
                                                    struct axaddr_vmid_cpu *cpus, unsigned cpu,
                                                    struct axaddr_vmid *vmid, uint32_t *id) {
    uint64_t number;

    if (!axaddr_vmid_is_lock_free(sharing) ||
        !axaddr_vmid_change(sharing, pool, &cpus[cpu], vmid, &number)) {
        return false;
    }
    axaddr_vmid_add_cpu(sharing, vmid, cpu);
    axaddr_vmid_fence(sharing);
    *id = axaddr_vmid_id_of(number);
    return true;
}

/** Enter whatever the state of the VM and the CPU, with the lock. */
AXADDR_ALWAYS_INLINE enum axaddr_vmid_entry
axaddr_vmid_enter_locked(const struct axaddr_vmid_sharing *sharing, struct axaddr_vmid_pool *pool,
                         struct axaddr_vmid_cpu *cpus, unsigned cpu, struct axaddr_vmid *vmid,
                         uint32_t *id) {
    enum axaddr_vmid_entry entry = AXADDR_VMID_READY;
    uint64_t number;

    axaddr_vmid_lock(sharing, pool);
    if (!axaddr_vmid_is_of(axaddr_vmid_peek(sharing, &vmid->number), pool->generation)) {
        axaddr_vmid_renew(sharing, pool, cpus, vmid);
    }
    number = axaddr_vmid_peek(sharing, &vmid->number);
    if (cpus[cpu].flushed != pool->generation) {
        cpus[cpu].flushed = pool->generation;
        entry = AXADDR_VMID_FLUSH_ALL;
    }
    axaddr_vmid_write(sharing, &cpus[cpu].running, number);
    axaddr_vmid_add_cpu(sharing, vmid, cpu);
    axaddr_vmid_unlock(sharing, pool);
    axaddr_vmid_fence(sharing);
    *id = axaddr_vmid_id_of(number);
    return entry;
}

/** A rollover that comes first has reserved the id, and wants its flush: STALE_ stays. */
AXADDR_ALWAYS_INLINE void axaddr_vmid_leave(const struct axaddr_vmid_sharing *sharing,
                                            const struct axaddr_vmid_pool *pool,
                                            struct axaddr_vmid_cpu *self) {
    bool is_locked = !axaddr_vmid_is_lock_free(sharing);
    uint64_t running;

    if (is_locked) {
        axaddr_vmid_lock(sharing, pool);
    }
    running = axaddr_vmid_peek(sharing, &self->running);
    if (running != AXADDR_VMID_STALE_) {
        (void)axaddr_vmid_swap(sharing, &self->running, running, AXADDR_VMID_IDLE_);
    }
    if (is_locked) {
        axaddr_vmid_unlock(sharing, pool);
    }
}

AXADDR_MUST_CHECK AXADDR_ALWAYS_INLINE bool
axaddr_vmid_holders(const struct axaddr_vmid_sharing *sharing, const struct axaddr_vmid_pool *pool,
                    const struct axaddr_vmid *vmid, struct axaddr_flush *plan) {
    bool is_locked = !axaddr_vmid_is_lock_free(sharing);

    axaddr_vmid_fence(sharing);
    if (is_locked) {
        axaddr_vmid_lock(sharing, pool);
    }
    plan->cpus = axaddr_vmid_read(sharing, &vmid->cpus); /* somebody has entered: with a number */
    plan->vmid = axaddr_vmid_id_of(axaddr_vmid_peek(sharing, &vmid->number));
    if (is_locked) {
        axaddr_vmid_unlock(sharing, pool);
    }
    return plan->cpus != 0;
}

/* ---- what AXADDR_DEFINE_VMID_POOL generates ---- */

#define AXADDR_VMID_STATIC_ AXADDR_UNUSED static inline

#define AXADDR_VMID_POOL_(name, cpu_max, lock, unlock, has_atomics)                                \
    struct name {                                                                                  \
        struct axaddr_vmid_pool pool;                                                              \
        struct axaddr_vmid_cpu cpus[cpu_max];                                                      \
    };                                                                                             \
    static const struct axaddr_vmid_sharing name##_sharing_ = {lock, unlock, has_atomics};         \
    AXADDR_BEGIN_GENERATED_                                                                        \
    AXADDR_VMID_FUNCTIONS_(name, cpu_max)                                                          \
    AXADDR_END_GENERATED_                                                                          \
    struct name

#define AXADDR_VMID_FUNCTIONS_(name, cpu_max)                                                      \
    AXADDR_MUST_CHECK AXADDR_VMID_STATIC_ enum axaddr_status name##_init(                          \
        struct name *pool, void *ctx, unsigned id_bits, unsigned cpu_count) {                      \
        return axaddr_vmid_pool_init(&pool->pool, pool->cpus, cpu_max, ctx, id_bits, cpu_count);   \
    }                                                                                              \
    AXADDR_UNUSED AXADDR_NOINLINE static enum axaddr_vmid_entry name##_enter_locked_(              \
        struct name *pool, unsigned cpu, struct axaddr_vmid *vmid, uint32_t *id) {                 \
        return axaddr_vmid_enter_locked(&name##_sharing_, &pool->pool, pool->cpus, cpu, vmid, id); \
    }                                                                                              \
    AXADDR_UNUSED AXADDR_NOINLINE static enum axaddr_vmid_entry name##_enter_other_(               \
        struct name *pool, unsigned cpu, struct axaddr_vmid *vmid, uint32_t *id) {                 \
        return axaddr_vmid_enter_current(&name##_sharing_, &pool->pool, pool->cpus, cpu, vmid, id) \
                   ? AXADDR_VMID_READY                                                             \
                   : name##_enter_locked_(pool, cpu, vmid, id);                                    \
    }                                                                                              \
    AXADDR_MUST_CHECK AXADDR_VMID_STATIC_ enum axaddr_vmid_entry name##_enter(                     \
        struct name *pool, unsigned cpu, struct axaddr_vmid *vmid, uint32_t *id) {                 \
        return axaddr_vmid_is_running(&name##_sharing_, &pool->cpus[cpu], vmid, id)                \
                   ? AXADDR_VMID_READY                                                             \
                   : name##_enter_other_(pool, cpu, vmid, id);                                     \
    }                                                                                              \
    AXADDR_VMID_STATIC_ void name##_leave(struct name *pool, unsigned cpu) {                       \
        axaddr_vmid_leave(&name##_sharing_, &pool->pool, &pool->cpus[cpu]);                        \
    }                                                                                              \
    AXADDR_MUST_CHECK AXADDR_VMID_STATIC_ bool name##_holders(                                     \
        const struct name *pool, const struct axaddr_vmid *vmid, struct axaddr_flush *plan) {      \
        return axaddr_vmid_holders(&name##_sharing_, &pool->pool, vmid, plan);                     \
    }

#endif /* AXADDR_CORE_VMID_H */
