/* SPDX-License-Identifier: MIT
 *
 * console.h: what the VMM says, on the UART that it shares with its guest, and how it ends.
 */
#ifndef VMM_RISCV_CONSOLE_H
#define VMM_RISCV_CONSOLE_H

#include <stdint.h>

/**
 * Print. Of printf's language it knows %s, %lu, %lx and %%, with a width, and the flags - (left)
 * and 0 (leading zeros).
 */
void console_print(const char *format, ...) __attribute__((format(printf, 1, 2)));

/** End the emulator with this exit status. */
_Noreturn void machine_exit(uint32_t status);

#endif /* VMM_RISCV_CONSOLE_H */
