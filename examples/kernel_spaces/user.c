/* SPDX-License-Identifier: MIT
 *
 * user.c: the users' programs, in one image that all users have at USER_TEXT. It has no data of its
 * own: what they write is on the heap and on the stack.
 */
#include "user.h"

#include "arch.h"

#include <stdbool.h>

/* Where users begin: user_main, with what the kernel gave them; then CALL_EXIT. */
__asm__(".section .start, \"ax\"\n.globl _start\n_start:\n" USER_START ".text\n");

uint64_t user_main(enum program program, uint64_t argument);

static volatile uint64_t *word_at(uint64_t page, uint64_t index) {
    return (volatile uint64_t *)(USER_HEAP + page * 0x1000) + index;
}

static uint64_t write_text(uint64_t at, uint64_t length) {
    return user_call(CALL_WRITE, at, length);
}

/** Pages that nobody has written are zero, whatever was in these frames before. */
static bool is_heap_zero(void) {
    for (uint64_t i = 0; i < WORK_PAGES * 512; i++) {
        if (*word_at(0, i) != 0) {
            return false;
        }
    }
    return true;
}

/** A word in each page in each round. Others write to the same addresses meanwhile: their own. */
static bool is_heap_its_own(uint64_t number) {
    for (uint64_t round = 0; round < WORK_ROUNDS; round++) {
        for (uint64_t page = 0; page < WORK_PAGES; page++) {
            *word_at(page, round) = work_word(number, page, round);
        }
        user_call(CALL_YIELD, 0, 0);
        for (uint64_t page = 0; page < WORK_PAGES; page++) {
            for (uint64_t i = 0; i <= round; i++) {
                if (*word_at(page, i) != work_word(number, page, i)) {
                    return false;
                }
            }
        }
    }
    return true;
}

/** 1 + 2 + ... + depth, with a piece of stack for each. */
static uint64_t sum(uint64_t depth) {
    volatile uint64_t piece[256];

    piece[depth] = depth;
    return depth == 0 ? 0 : sum(depth - 1) + piece[depth];
}

/** Text up to the end of a page, and four more bytes, which no access has given a page yet. */
static bool says_hello(uint64_t number) {
    static const char hello[] = "  user . says hello\n";
    const uint64_t length = sizeof hello - 1;
    uint64_t at = USER_HEAP + (WORK_PAGES + 2) * 0x1000 - length;
    volatile char *to = (volatile char *)at;

    for (uint64_t i = 0; i < length; i++) {
        to[i] = hello[i];
    }
    to[7] = (char)('0' + number);
    return write_text(at, length + 4) == length + 4;
}

/** Text that is not all its own to read. `kernel`: an address of the kernel's. */
static bool is_refused(uint64_t kernel) {
    return write_text(kernel, 8) == CALL_FAILED && write_text(0, 8) == CALL_FAILED &&
           write_text(USER_HEAP + USER_HEAP_SIZE - 4, 8) == CALL_FAILED &&
           write_text(UINT64_MAX - 3, 8) == CALL_FAILED &&
           write_text(USER_HEAP, UINT64_MAX) == CALL_FAILED;
}

static uint64_t work(uint64_t number) {
    if (!is_heap_zero()) {
        return 1;
    }
    if (!is_heap_its_own(number)) {
        return 2;
    }
    if (sum(20) != 210) {
        return 3;
    }
    if (!says_hello(number)) {
        return 4;
    }
    return is_refused(KERNEL_OFFSET + RAM_START + 0x200000) ? WORK_DONE : 5;
}

/** On the heap there is code: it returns. Elsewhere there is whatever there is. */
static void run(uint64_t address) {
    if (address == USER_HEAP) {
        *(volatile uint32_t *)address = RETURN_INSTRUCTION;
        user_sync_code();
    }
    ((void (*)(void))(uintptr_t)address)();
}

uint64_t user_main(enum program program, uint64_t argument) {
    for (uint64_t page = 0; page < 3; page++) {
        (void)*word_at(page, 0); /* something to be given back */
    }
    switch (program) {
    case PROGRAM_WORK:
        return work(argument);
    case PROGRAM_READ:
        (void)*(volatile uint32_t *)(uintptr_t)argument;
        break;
    case PROGRAM_WRITE:
        *(volatile uint32_t *)(uintptr_t)argument = 1;
        break;
    case PROGRAM_RUN:
        run(argument);
        break;
    case PROGRAM_SEAL:
        *(volatile uint32_t *)(uintptr_t)argument = 1;
        user_call(CALL_SEAL, argument, 0);
        *(volatile uint32_t *)(uintptr_t)argument += 1;
        break;
    }
    return 0;
}
