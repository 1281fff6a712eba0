/* SPDX-License-Identifier: MIT
 *
 * test_random_4k.c: long pseudo-random sequences of operations over every format with pages of
 * 4 KiB (random_any.h).
 */
#include "random_any.h"

int main(int argument_count, char **arguments) {
    return random_any("test_random_4k", argument_count, arguments);
}
