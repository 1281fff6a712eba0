/* SPDX-License-Identifier: MIT
 *
 * text.h: writing text where there is no libc: strings, numbers and sizes appended to a buffer of
 * the caller's. Addresses print themselves with it (addr.h), and so do dumps.
 *
 *     char line[64];
 *     struct axaddr_text text;
 *     axaddr_text_init(&text, line, sizeof line);
 *     axaddr_text_string(&text, "root at ");
 *     axaddr_text_hex(&text, root.raw);             // "root at 0x1000"
 *     console_write(line);
 *
 * The rule is snprintf's: the buffer always holds a string that ends in NUL (if it has any byte at
 * all), what does not fit is cut off, and `length` counts on, so that it tells how much was needed.
 * Nothing here can fail. Calls for one text must not run concurrently.
 *
 *     axaddr_text_init(&text, buffer, size)         start an empty text
 *     axaddr_text_character(&text, character)       append one character
 *     axaddr_text_string(&text, string)             append a string
 *     axaddr_text_hex(&text, value)                 "0x1f": lower case, no leading zeros
 *     axaddr_text_hex_padded(&text, value, count)   "0x001f": at least `count` digits, for columns
 *     axaddr_text_decimal(&text, value)             "31"
 *     axaddr_text_size(&text, byte_count)           "4K", "2M", "1G", "1T", "4097": always exact
 *     axaddr_text_is_cut(&text)                     whether something did not fit
 */
#ifndef AXADDR_CORE_TEXT_H
#define AXADDR_CORE_TEXT_H

#include "base.h"

/** A text that grows at the end of a buffer of fixed size. */
struct axaddr_text {
    char *buffer;  /**< the caller's; holds a string that ends in NUL */
    size_t size;   /**< bytes of the buffer, the NUL's included; 0 to measure only */
    size_t length; /**< characters appended so far, those that did not fit included; without NUL */
};

/** Start an empty text in `size` bytes at `buffer`, which may be null if `size` is 0. */
static inline void axaddr_text_init(struct axaddr_text *text, char *buffer, size_t size) {
    text->buffer = buffer;
    text->size = size;
    text->length = 0;
    if (size > 0) {
        buffer[0] = '\0';
    }
}

/** Whether something did not fit (the NUL, for size 0): the buffer holds the beginning only. */
static inline bool axaddr_text_is_cut(const struct axaddr_text *text) {
    return text->length >= text->size;
}

/** Append one character. The string is terminated after each, so a text can be read at any time. */
static inline void axaddr_text_character(struct axaddr_text *text, char character) {
    size_t at = text->length++;

    if (at < text->size && text->size - at > 1) {
        text->buffer[at] = character;
        text->buffer[at + 1] = '\0';
    }
}

/** Append a string that ends in NUL. */
static inline void axaddr_text_string(struct axaddr_text *text, const char *string) {
    for (; *string != '\0'; string++) {
        axaddr_text_character(text, *string);
    }
}

/** Append `value` in hexadecimal, after "0x", with at least `digit_count` (0 to 16) digits. */
static inline void axaddr_text_hex_padded(struct axaddr_text *text, uint64_t value,
                                          unsigned digit_count) {
    bool is_started = false;
    unsigned left;

    axaddr_text_string(text, "0x");
    /* Shifted by a constant: a variable shift of 64 bits is a library call on some targets. */
    for (left = 16; left > 0; left--, value <<= 4) {
        unsigned digit = (unsigned)(value >> 60);
        is_started = is_started || digit != 0 || left <= digit_count || left == 1;
        if (is_started) {
            axaddr_text_character(text, "0123456789abcdef"[digit]);
        }
    }
}

/** Append `value` in hexadecimal: "0x0", "0xfee00000". */
static inline void axaddr_text_hex(struct axaddr_text *text, uint64_t value) {
    axaddr_text_hex_padded(text, value, 1);
}

/** Append `value` in decimal. */
static inline void axaddr_text_decimal(struct axaddr_text *text, uint64_t value) {
    static const uint64_t powers[] = {
        UINT64_C(10000000000000000000),
        UINT64_C(1000000000000000000),
        UINT64_C(100000000000000000),
        UINT64_C(10000000000000000),
        UINT64_C(1000000000000000),
        UINT64_C(100000000000000),
        UINT64_C(10000000000000),
        UINT64_C(1000000000000),
        UINT64_C(100000000000),
        UINT64_C(10000000000),
        UINT64_C(1000000000),
        UINT64_C(100000000),
        UINT64_C(10000000),
        UINT64_C(1000000),
        UINT64_C(100000),
        UINT64_C(10000),
        UINT64_C(1000),
        UINT64_C(100),
        UINT64_C(10),
        UINT64_C(1),
    };
    bool is_started = false;
    size_t i;

    for (i = 0; i < sizeof powers / sizeof powers[0]; i++) {
        char digit = '0';
        while (value >= powers[i]) {
            value -= powers[i];
            digit++;
            /*
             * Or compilers see a 64-bit division in this loop, and call a library for it. In
             * memory, as 64 bits are no register operand on some 32-bit targets.
             */
            __asm__("" : "+m"(value));
        }
        is_started = is_started || digit != '0' || powers[i] == 1;
        if (is_started) {
            axaddr_text_character(text, digit);
        }
    }
}

/**
 * Append a number of bytes with the largest unit (K, M, G or T: powers of 1024) of which it is a
 * whole multiple; never rounded: 1.5 MiB is "1536K", 4097 is "4097".
 */
static inline void axaddr_text_size(struct axaddr_text *text, uint64_t byte_count) {
    unsigned unit = 0;

    while (unit < 4 && byte_count != 0 && (byte_count & 1023) == 0) {
        byte_count >>= 10;
        unit++;
    }
    axaddr_text_decimal(text, byte_count);
    if (unit > 0) {
        axaddr_text_character(text, "KMGT"[unit - 1]);
    }
}

#endif /* AXADDR_CORE_TEXT_H */
