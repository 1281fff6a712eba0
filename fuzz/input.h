/* SPDX-License-Identifier: MIT
 *
 * input.h: the bytes that a fuzzer gives, as choices. When they are used up, every choice is 0. And
 * how a target says that something is wrong: it prints what, and ends the program by abort().
 */
#ifndef AXADDR_FUZZ_INPUT_H
#define AXADDR_FUZZ_INPUT_H

#include <inttypes.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* ---- findings ---- */

/** What the input is about just now (a format's name), for messages. */
static const char *fuzz_context = "";

__attribute__((noreturn, unused)) static void
fuzz_fail(const char *file, int line, const char *text, uint64_t actual, uint64_t expected) {
    printf("%s:%d: [%s] %s (0x%" PRIx64 ", 0x%" PRIx64 ")\n", file, line, fuzz_context, text,
           actual, expected);
    fflush(stdout);
    abort();
}

#define FUZZ_CHECK(condition)                                                                      \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            fuzz_fail(__FILE__, __LINE__, #condition, 0, 0);                                       \
        }                                                                                          \
    } while (0)

/** Equality of two integers of any kind; both are printed when they differ. */
#define FUZZ_EQ(actual, expected)                                                                  \
    do {                                                                                           \
        uint64_t fuzz_actual_ = (uint64_t)(actual);                                                \
        uint64_t fuzz_expected_ = (uint64_t)(expected);                                            \
        if (fuzz_actual_ != fuzz_expected_) {                                                      \
            fuzz_fail(__FILE__, __LINE__, #actual " == " #expected, fuzz_actual_, fuzz_expected_); \
        }                                                                                          \
    } while (0)

/** With FUZZ_TRACE in the environment: tell what is being done. */
__attribute__((format(printf, 1, 2), unused)) static void fuzz_say(const char *format, ...) {
    static int is_asked = -1;
    va_list arguments;

    if (is_asked < 0) {
        is_asked = getenv("FUZZ_TRACE") != 0;
    }
    if (is_asked > 0) {
        va_start(arguments, format);
        vprintf(format, arguments);
        va_end(arguments);
    }
}

/* ---- choices ---- */

struct input {
    const uint8_t *bytes;
    size_t left;
    uint64_t word; /**< the last one that input_word gave */
};

static inline struct input input_of(const uint8_t *data, size_t size) {
    struct input input = {data, size, 0};
    return input;
}

/** A number of `count` bytes. */
static inline uint64_t input_bytes(struct input *input, unsigned count) {
    uint64_t value = 0;

    for (; count > 0 && input->left > 0; count--, input->left--) {
        value = value << 8 | *input->bytes++;
    }
    return value;
}

static inline uint8_t input_byte(struct input *input) {
    return (uint8_t)input_bytes(input, 1);
}

/** A number below `count`, which is from 1 to 65536. */
static inline uint32_t input_below(struct input *input, uint32_t count) {
    return (uint32_t)input_bytes(input, count > 256 ? 2 : 1) % count;
}

static inline bool input_bool(struct input *input) {
    return (input_byte(input) & 1) != 0;
}

/** A number of 0 to 64 low bits that are set. */
static inline uint64_t input_low_bits(unsigned count) {
    return count >= 64 ? UINT64_MAX : (UINT64_C(1) << count) - 1;
}

/**
 * Any 64 bits, in few bytes where they are of the kind that finds mistakes. The first byte:
 *
 *     0-63     one bit                 192-247  the last word plus -28 to 27
 *     64-127   the lowest 0-63 bits    248-251  the last word, the next byte's bit turned over
 *     128-191  all but these           252      the next two bytes
 *                                      253      the next four bytes
 *                                      254, 255 the next eight bytes
 */
static inline uint64_t input_word(struct input *input) {
    unsigned how = input_byte(input);
    uint64_t word;

    if (how < 64) {
        word = UINT64_C(1) << how;
    } else if (how < 128) {
        word = input_low_bits(how - 64);
    } else if (how < 192) {
        word = ~input_low_bits(how - 128);
    } else if (how < 248) {
        word = input->word + how - 220;
    } else if (how < 252) {
        word = input->word ^ UINT64_C(1) << (input_byte(input) & 63);
    } else {
        word = input_bytes(input, how == 252 ? 2 : how == 253 ? 4 : 8);
    }
    input->word = word;
    return word;
}

#endif /* AXADDR_FUZZ_INPUT_H */
