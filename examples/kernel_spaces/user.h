/* SPDX-License-Identifier: MIT
 *
 * user.h: what the kernel and its users agree on: the addresses of a user's space, calls, programs.
 */
#ifndef KERNEL_SPACES_USER_H
#define KERNEL_SPACES_USER_H

#include <stdint.h>

/* All users have the same addresses. link.ld of user.c has the first, too. */
#define USER_FIRST      UINT64_C(0x10000)
#define USER_TEXT       UINT64_C(0x400000)
#define USER_HEAP       UINT64_C(0x10000000)
#define USER_HEAP_SIZE  UINT64_C(0x100000) /* lazy, as is the stack */
#define USER_STACK      UINT64_C(0x20000000)
#define USER_STACK_SIZE UINT64_C(0x10000)
#define USER_END        UINT64_C(0x40000000)

/** Calls: a number and two arguments, in the registers that arch.h says; one result. */
enum call { /* USER_START of arch.h knows one of the numbers */
            CALL_WRITE =
                1, /**< (text, length): the length, or CALL_FAILED if it may not read all of it */
            CALL_YIELD, /**< () */
            CALL_EXIT,  /**< (status) */
            CALL_SEAL,  /**< (page): it is only read from now on; 0, or CALL_FAILED */
};
#define CALL_FAILED (~UINT64_C(0))

/** What a process runs; each has one argument. */
enum program {
    PROGRAM_WORK,  /**< (number): what a good user does */
    PROGRAM_READ,  /**< (address): then exit */
    PROGRAM_WRITE, /**< (address): then exit */
    PROGRAM_RUN,   /**< (address): call it, then exit */
    PROGRAM_SEAL,  /**< (page): write it, have it sealed, write it again, then exit */
};

/* The work: in rounds, between which others run, a word in each of some pages of the heap. */
#define WORK_ROUNDS UINT64_C(4)
#define WORK_PAGES  UINT64_C(24)
/** What it says at the end if it found all as it should be; else which of its steps went wrong. */
#define WORK_DONE   UINT64_C(0x600d)

static inline uint64_t work_word(uint64_t number, uint64_t page, uint64_t round) {
    return (number << 32 | page << 16 | round) * UINT64_C(0x9e3779b97f4a7c15);
}

#endif /* KERNEL_SPACES_USER_H */
