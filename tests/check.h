/* SPDX-License-Identifier: MIT
 *
 * check.h: the host tests' frame: checks that count, a line for each failure, one closing line for
 * each program ("test_x: N passed, M failed") that tests/run.sh adds up. A failed check ends its
 * case (by return), never the program, so one run shows every failing case.
 *
 *     static void maps_one_page(void) {
 *         CHECK_EQ(map(...), AXADDR_OK);
 *     }
 *     int main(void) {
 *         CASE(maps_one_page);
 *         return check_report("test_map");
 *     }
 */
#ifndef AXADDR_TESTS_CHECK_H
#define AXADDR_TESTS_CHECK_H

#include <inttypes.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int check_passed_count;
static int check_failed_count;
static bool check_case_failed;
/** What the case is working on (a format's name, a seed): shown with each failure. */
static char check_context[160];

__attribute__((unused, format(printf, 3, 4))) static void check_fail(const char *file, int line,
                                                                     const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    printf("%s:%d: ", file, line);
    if (check_context[0] != '\0') {
        printf("[%s] ", check_context);
    }
    vprintf(format, arguments);
    printf("\n");
    va_end(arguments);
    check_case_failed = true;
}

#define CHECK(condition)                                                                           \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            check_fail(__FILE__, __LINE__, "%s is false", #condition);                             \
            return;                                                                                \
        }                                                                                          \
    } while (0)

/** Equality of two integers of any kind, printed in hex when they differ. */
#define CHECK_EQ(actual, expected)                                                                 \
    do {                                                                                           \
        uint64_t check_actual_ = (uint64_t)(actual);                                               \
        uint64_t check_expected_ = (uint64_t)(expected);                                           \
        if (check_actual_ != check_expected_) {                                                    \
            check_fail(__FILE__, __LINE__, "%s is 0x%" PRIx64 ", expected 0x%" PRIx64 " (%s)",     \
                       #actual, check_actual_, check_expected_, #expected);                        \
            return;                                                                                \
        }                                                                                          \
    } while (0)

#define CHECK_STR(actual, expected)                                                                \
    do {                                                                                           \
        const char *check_actual_ = (actual);                                                      \
        const char *check_expected_ = (expected);                                                  \
        if (strcmp(check_actual_, check_expected_) != 0) {                                         \
            check_fail(__FILE__, __LINE__, "%s is \"%s\", expected \"%s\"", #actual,               \
                       check_actual_, check_expected_);                                            \
            return;                                                                                \
        }                                                                                          \
    } while (0)

/** Run one test function and count it. */
#define CASE(function)                                                                             \
    do {                                                                                           \
        check_case_failed = false;                                                                 \
        function();                                                                                \
        check_end_case(#function);                                                                 \
    } while (0)

__attribute__((unused)) static void check_end_case(const char *name) {
    if (check_case_failed) {
        printf("FAIL %s\n", name);
        check_failed_count++;
    } else {
        check_passed_count++;
    }
    check_context[0] = '\0';
    fflush(stdout);
}

/** The closing line; the program's exit status. */
__attribute__((unused)) static int check_report(const char *program) {
    printf("%s: %d passed, %d failed\n", program, check_passed_count, check_failed_count);
    return check_failed_count != 0;
}

#endif /* AXADDR_TESTS_CHECK_H */
