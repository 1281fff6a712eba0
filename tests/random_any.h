/* SPDX-License-Identifier: MIT
 *
 * random_any.h: the sequences of random.h over every format with pages of 1 << HOST_FRAME_SHIFT
 * bytes, on an instance that is told its format at run time (any.h).
 */
#ifndef AXADDR_TESTS_RANDOM_ANY_H
#define AXADDR_TESTS_RANDOM_ANY_H

#include "any.h"
#include "random.h"

/** All windows of all formats, each on a kind of any_kinds in turn. */
static int random_any(const char *name, int argument_count, char **arguments) {
    unsigned number = 0;
    unsigned i;
    unsigned j;

    /* Larger frames take longer to fill and to compare. */
    random_begin(name, 300u >> (HOST_FRAME_SHIFT - 12) / 2, argument_count, arguments);
    for (i = 0; i < ANY_FORMAT_COUNT; i++) {
        if (any_formats[i]->shift[0] != HOST_FRAME_SHIFT || any_formats[i]->is_sized) {
            continue; /* those are the constant ones bit by bit: test_sized.c */
        }
        any_format = *any_formats[i];
        for (j = 0; j < WINDOW_COUNT; j++, number++) {
            random_sequence(any_kinds[(i + j) % ANY_KIND_COUNT], j, number / 4);
        }
    }
    return random_report(name);
}

#endif /* AXADDR_TESTS_RANDOM_ANY_H */
