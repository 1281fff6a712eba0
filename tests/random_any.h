/* SPDX-License-Identifier: MIT
 *
 * random_any.h: the sequences of random.h over every format with pages of 1 << HOST_FRAME_SHIFT
 * bytes, on an instance that is told its format at run time (any.h).
 */
#ifndef AXADDR_TESTS_RANDOM_ANY_H
#define AXADDR_TESTS_RANDOM_ANY_H

#include "any.h"
#include "random.h"

#define ADDRESS_OF(tag, format) &format,
static const struct axaddr_format *const every_format[] = {EVERY_FORMAT(ADDRESS_OF)};
#undef ADDRESS_OF
#define EVERY_FORMAT_COUNT (sizeof(every_format) / sizeof(every_format[0]))

/** All windows of all formats, each on a kind of any_kinds in turn. */
static int random_any(const char *name, int argument_count, char **arguments) {
    unsigned number = 0;
    unsigned i;
    unsigned j;

    random_begin(name, 300, argument_count, arguments);
    for (i = 0; i < EVERY_FORMAT_COUNT; i++) {
        if (every_format[i]->shift[0] != HOST_FRAME_SHIFT || every_format[i]->is_sized) {
            continue;
        }
        any_format = *every_format[i];
        for (j = 0; j < WINDOW_COUNT; j++, number++) {
            random_sequence(any_kinds[(i + j) % ANY_KIND_COUNT], j, number / 4);
        }
    }
    return random_report(name);
}

#endif /* AXADDR_TESTS_RANDOM_ANY_H */
