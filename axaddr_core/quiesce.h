/* SPDX-License-Identifier: MIT
 *
 * quiesce.h: a ready-made quiesce for the HAL (hal.h): how an edit waits, without interrupts, until
 * no CPU can still be reading a table that the edit has unlinked and is about to free. Each CPU
 * says when it goes into an instance's calls that take no lock, and when it is out again:
 *
 *     static struct axaddr_quiesce_cpu cpus[CPU_COUNT];     // all bytes zero: everybody is outside
 *
 *     static inline void my_enter_walk(void *ctx) {         // .enter_walk of the HAL
 *         axaddr_quiesce_enter(&cpus[this_cpu()]);
 *     }
 *     static inline void my_leave_walk(void *ctx) {         // .leave_walk
 *         axaddr_quiesce_leave(&cpus[this_cpu()]);
 *     }
 *     static inline void my_quiesce(void *ctx) {            // .quiesce
 *         axaddr_quiesce_wait(cpus, CPU_COUNT);
 *     }
 *
 * One array will do for all instances (an edit then also waits for readers of others, which is
 * short), or each has its own.
 *
 * Rules. From enter to leave a CPU stays what it is: no migration, and nothing else that uses its
 * slot (an interrupt handler that faults in, a second enter); with preemptible threads give each
 * thread a slot. In between, nothing waits for the instance's lock, as the editor waits with the
 * lock held: the library sees to that, a HAL's supply_frame has to. So the wait is as long as the
 * longest walk, which is bounded. Hardware that walks the tables is not meant here: that is what
 * flush_tlb is for.
 *
 * ## Why it is right
 *
 *     reader (enter, use, leave)                  editor
 *     R1  count = odd          release            E1  unlink the table (stores to entries)
 *     R2  full fence                              E2  full fence
 *     R3  read entries                            E3  read count           acquire
 *     R4  count = even         release            E4  return; the table is freed
 *
 * Either E3 sees R1, or R3 sees E1: of the fences R2 and E2, one comes first in the single order of
 * sequentially consistent fences. If it is E2, R3 reads what E1 wrote (or newer) and never gets to
 * the table. If it is R2, E3 reads R1's odd number or a later one. Without either of the fences,
 * both may read the old values: a processor's own store may wait in its buffer while its loads go
 * ahead.
 *
 * If E3 sees the odd number, the editor reads on until it sees another. Whichever it is, a store of
 * the same CPU after its last read R3, made with release and read with acquire: the reads are over
 * before the editor returns, and what is done to the freed memory comes after them. That is so also
 * if it misses the even number and sees the odd one of the CPU's next round (or a later one): that
 * is why R1 is a release, too. That next round is not waited for, and need not be: its R1 is newer
 * than what the editor read at first, so E2 comes before its R2, and its R3 reads what E1 wrote.
 *
 * If E3 sees an even number, it is R4's of a round whose reads are over likewise, and the next
 * round is again one that need not be waited for.
 *
 * The count wraps after 2^32 steps. Should it do so exactly between two looks of an editor, the
 * editor waits for one round more: late, never early.
 */
#ifndef AXADDR_CORE_QUIESCE_H
#define AXADDR_CORE_QUIESCE_H

#include "base.h"

/** What a CPU does between two looks at what it waits for; define it before to do otherwise. */
#ifndef AXADDR_CPU_RELAX
#if defined(__i386__) || defined(__x86_64__)
#define AXADDR_CPU_RELAX() __asm__ volatile("pause" : : : "memory")
#elif defined(__aarch64__) || (defined(__arm__) && __ARM_ARCH >= 7)
#define AXADDR_CPU_RELAX() __asm__ volatile("yield" : : : "memory")
#elif defined(__riscv)
/* pause (Zihintpause), by its encoding: to others a fence that orders nothing. */
#define AXADDR_CPU_RELAX() __asm__ volatile(".4byte 0x0100000f" : : : "memory")
#else
#define AXADDR_CPU_RELAX() __asm__ volatile("" : : : "memory")
#endif
#endif

/** One CPU's slot, in a cache line of its own. All bytes zero: outside. Its member is private. */
struct axaddr_quiesce_cpu {
    /** Changes written by this CPU only: odd from enter to leave. */
    uint32_t count __attribute__((aligned(AXADDR_CACHE_LINE_SIZE)));
};

/** Say that this CPU goes in: what an editor unlinks from now on is not freed before it leaves. */
AXADDR_ALWAYS_INLINE void axaddr_quiesce_enter(struct axaddr_quiesce_cpu *cpu) {
    uint32_t count = __atomic_load_n(&cpu->count, __ATOMIC_RELAXED);

    __atomic_store_n(&cpu->count, count + 1, __ATOMIC_RELEASE);
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
}

/** Say that this CPU is out: it holds no pointer into a table any more. */
AXADDR_ALWAYS_INLINE void axaddr_quiesce_leave(struct axaddr_quiesce_cpu *cpu) {
    uint32_t count = __atomic_load_n(&cpu->count, __ATOMIC_RELAXED);

    __atomic_store_n(&cpu->count, count + 1, __ATOMIC_RELEASE);
}

/**
 * Return when each of the `count` CPUs has left that was inside when the call began. What was
 * unlinked before the call may then be freed. Not to be called from inside.
 */
static inline void axaddr_quiesce_wait(const struct axaddr_quiesce_cpu *cpus, size_t count) {
    size_t i;

    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    for (i = 0; i < count; i++) {
        uint32_t seen = __atomic_load_n(&cpus[i].count, __ATOMIC_ACQUIRE);

        if (seen % 2 == 0) {
            continue;
        }
        while (__atomic_load_n(&cpus[i].count, __ATOMIC_ACQUIRE) == seen) {
            AXADDR_CPU_RELAX();
        }
    }
}

#endif /* AXADDR_CORE_QUIESCE_H */
