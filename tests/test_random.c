/* SPDX-License-Identifier: MIT
 *
 * test_random.c: long pseudo-random sequences of operations over the kinds of spaces.c and tables.c
 * in every window (random.h).
 */
#include "random.h"

int main(int argument_count, char **arguments) {
    unsigned i;

    random_begin("test_random", 700, argument_count, arguments);
    for (i = 0; i < (space_count + table_count) * WINDOW_COUNT; i++) {
        unsigned k = i / WINDOW_COUNT;
        random_sequence(k < space_count ? spaces[k] : tables[k - space_count], i, k);
    }
    return random_report("test_random");
}
