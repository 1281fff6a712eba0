/* SPDX-License-Identifier: MIT
 *
 * console.c: printing through the 16550 UART of QEMU's `virt` machine, polled, and its test device,
 * which ends the emulator. Both at the host's addresses: the VMM runs without translation.
 */
#include "console.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

#define UART_DATA          ((volatile uint8_t *)0x10000000)
#define UART_LINE_STATUS   ((volatile uint8_t *)0x10000005)
#define UART_CAN_TRANSMIT  0x20
#define TEST_FINISHER      ((volatile uint32_t *)0x100000)
#define TEST_FINISHER_PASS UINT32_C(0x5555)
#define TEST_FINISHER_FAIL UINT32_C(0x3333)

static void put(char character) {
    while ((*UART_LINE_STATUS & UART_CAN_TRANSMIT) == 0) {
    }
    *UART_DATA = (uint8_t)character;
}

static void put_padded(const char *text, size_t width, bool is_left, char padding) {
    size_t length = 0;

    while (text[length] != '\0') {
        length++;
    }
    for (size_t i = length; !is_left && i < width; i++) {
        put(padding);
    }
    for (size_t i = 0; i < length; i++) {
        put(text[i]);
    }
    for (size_t i = length; is_left && i < width; i++) {
        put(' ');
    }
}

/** The digits of a number, at the end of `buffer` (24 bytes). */
static const char *digits(char *buffer, uint64_t value, unsigned base) {
    char *at = buffer + 23;

    *at = '\0';
    do {
        *--at = "0123456789abcdef"[value % base];
        value /= base;
    } while (value != 0);
    return at;
}

void console_print(const char *format, ...) {
    char buffer[24];
    va_list arguments;

    va_start(arguments, format);
    for (; *format != '\0'; format++) {
        bool is_left = false;
        char padding = ' ';
        size_t width = 0;

        if (*format != '%') {
            put(*format);
            continue;
        }
        for (format++; *format == '-' || *format == '0'; format++) {
            is_left = is_left || *format == '-';
            padding = *format == '0' ? '0' : padding;
        }
        for (; *format >= '0' && *format <= '9'; format++) {
            width = width * 10 + (size_t)(*format - '0');
        }
        if (*format == 's') {
            put_padded(va_arg(arguments, const char *), width, is_left, padding);
        } else if (*format == 'l') {
            format++;
            put_padded(digits(buffer, va_arg(arguments, unsigned long), *format == 'x' ? 16 : 10),
                       width, is_left, padding);
        } else {
            put(*format);
        }
    }
    va_end(arguments);
}

_Noreturn void machine_exit(uint32_t status) {
    *TEST_FINISHER = status == 0 ? TEST_FINISHER_PASS : TEST_FINISHER_FAIL | status << 16;
    for (;;) {
    }
}
