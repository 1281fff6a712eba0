/* SPDX-License-Identifier: MIT
 *
 * arch.h: the machine that the kernel is built for: what both folders define, for C.
 *
 * Constants: ARCH_FORMAT, KERNEL_OFFSET, SPACE_BITS (kernel.h), KERNEL_FIRST and KERNEL_SIZE (the
 * kernel's addresses as axaddr takes them), KERNEL_SHARED (how much of them users' tables share; 0:
 * the kernel has its own root), RAM_START, UART_PHYSICAL, LATER_PHYSICAL, RETURN_INSTRUCTION.
 *
 * `struct context` is a user's registers. boot.S has what cannot be written in C: the beginning,
 * user_run and the probes.
 */
#ifndef KERNEL_SPACES_ARCH_H
#define KERNEL_SPACES_ARCH_H

#include "axaddr.h"

/** Physical addresses of the roots of before (early.c). */
struct early_roots {
    axaddr_hpa_t lower; /**< RAM where it is; if there is one root, also what upper has */
    axaddr_hpa_t upper; /**< RAM where the kernel is linked for */
    axaddr_hpa_t empty; /**< nothing */
};

enum trap_kind { TRAP_CALL, TRAP_FAULT, TRAP_OTHER };

/** What a user came back with. */
struct trap {
    enum trap_kind kind;
    axaddr_gva_t at; /**< of a fault: the address, */
    uint32_t access; /**< and what was tried there (AXADDR_USER included) */
    uint64_t cause;  /**< the machine's own number for it */
};

#if defined(__riscv)
#include "riscv/arch.h"
#elif defined(__aarch64__)
#include "aarch64/arch.h"
#endif

/** Run a user from its context on until it traps. Looks like an ordinary call. */
void user_run(struct context *context);

/** Whether the kernel itself may do this at an address now; what is fetched there has to return. */
bool probe_read(uint64_t address);
bool probe_write(uint64_t address);
bool probe_fetch(uint64_t address);

/** Where another CPU begins: a physical address. */
extern char second_start[];

#endif /* KERNEL_SPACES_ARCH_H */
