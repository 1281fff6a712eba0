/* SPDX-License-Identifier: MIT
 *
 * kernel.h: the example kernel: where things are, and what its files offer each other. What differs
 * between the machines is in arch.h and their two folders.
 *
 *     early.c     before translation: a first table, and turning it on
 *     memory.c    page frames, the host functions of axaddr, the kernel's own space
 *     process.c   users' spaces: made, run by turns, served, ended
 *     main.c      what is shown, and whether it is as it should be
 *     user.c      the users' programs
 */
#ifndef KERNEL_SPACES_KERNEL_H
#define KERNEL_SPACES_KERNEL_H

#include "axaddr.h"

#include "arch.h"
#include "user.h"

#define PAGE_SIZE UINT64_C(0x1000)
#define CPU_COUNT 2u

/* ---- addresses ----
 *
 * The kernel is linked for the upper half, at its physical address + KERNEL_OFFSET, and so it sees
 * all memory that it uses. axaddr's addresses of a table for the upper half alone (AArch64) are
 * without the ones above: SPACE_BITS.
 */

static inline uint64_t physical(const volatile void *at) {
    return (uintptr_t)at - KERNEL_OFFSET;
}

static inline void *virtual(uint64_t address) {
    return (void *)(uintptr_t)(address + KERNEL_OFFSET);
}

static inline axaddr_gva_t in_kernel(uint64_t address) {
    return axaddr_gva(address & SPACE_BITS);
}

/** Mapped only when users run already: the board's first virtio device, and a page of memory. */
#define LATER_AT     (KERNEL_OFFSET + UINT64_C(0xc0000000))
#define LATER_MEMORY (LATER_AT + PAGE_SIZE)
#define LATER_MAGIC  UINT32_C(0x74726976) /* the device's first register, "virt" */

/** The frames that are handed out: 16 MiB of the board's RAM, beyond the kernel. */
#define RAM_SIZE    UINT64_C(0x8000000)
#define POOL_START  (RAM_START + UINT64_C(0x4000000))
#define FRAME_COUNT UINT64_C(0x1000)

/* link.ld: beginnings and ends, of whole pages */
extern char text_start[], text_end[], rodata_end[], data_end[], user_image[], user_image_end[];

/* ---- early.c, all of it at physical addresses ---- */

void early_make_tables(void);
void early_turn_on(void);

extern struct early_roots early_roots;

/* ---- spaces: memory.c ---- */

/** `struct vm` and the functions vm_...: the kernel's space and the users'. */
AXADDR_DECLARE_SPACE_TYPED(vm, axaddr_gva, axaddr_hpa);

/** The `ctx` of the host functions. */
struct owner {
    bool is_kernel;
    struct axaddr_vmid vmid; /**< a user's ASID */
};

extern struct vm kernel_space;

/** The pool of ASIDs, for both CPUs. */
void lock_asids(void *ctx);
void unlock_asids(void *ctx);
AXADDR_DEFINE_VMID_POOL(asids, CPU_COUNT, lock_asids, unlock_asids);
extern struct asids asid_pool;

/** Build the kernel's space from its regions, and go on in it. */
void memory_init(void);

/** Map what is at LATER_AT, in the kernel's space; and unmap LATER_MEMORY of it. */
void memory_map_later(void);
void memory_unmap_later(void);

/** Page frames that are taken now, and those given back that were not. */
uint64_t frames_taken(void);
uint64_t frames_wrong(void);

/* ---- process.c ---- */

enum process_state { PROCESS_READY, PROCESS_EXITED, PROCESS_KILLED };

struct process {
    struct owner owner;
    struct vm space;
    struct context context; /**< arch.h: its registers */
    enum process_state state;
    bool is_entered[CPU_COUNT];
    uint32_t asid;         /**< with which it ran last, */
    uint32_t loaded;       /**< and what the root register had then */
    uint64_t status;       /**< what it said when it exited */
    struct trap killed_by; /**< arch.h: the access for which it was killed */
    uint64_t fault_count;  /**< faults that gave it a page */
    uint64_t yield_count;
    uint64_t written_count; /**< bytes */
    uint64_t later_count;   /**< calls while they were mapped ... */
    uint64_t later_seen;    /**< ... and seen, with this space loaded */
};

/** A new process that will run user.c's `program` with this argument. */
void process_make(struct process *process, enum program program, uint64_t argument);

/** Give each of them that is ready a turn, until it yields. Whether one is still ready. */
bool process_turn(struct process *processes, unsigned count);

/** Give back all that it had. No CPU is in its space any more. */
void process_end(struct process *process);

/** Set while both pages from LATER_AT on are mapped. */
extern bool later_is_mapped;

/** Entries of a CPU into a space for which all ASIDs had to be forgotten. */
extern uint64_t flush_all_count;

/* ---- main.c ---- */

/** A kernel's lock that spins. */
struct lock {
    bool is_held;
};
void lock_take(struct lock *lock);
void lock_give(struct lock *lock);

void print(const char *text);

/** Say why, and end the machine: nothing can be shown any more. */
_Noreturn void panic(const char *why, uint64_t number);
void require(enum axaddr_status status, const char *what);

#endif /* KERNEL_SPACES_KERNEL_H */
