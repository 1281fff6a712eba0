/* SPDX-License-Identifier: MIT
 *
 * test_random_64k.c: long pseudo-random sequences of operations over every format with pages of
 * 64 KiB (random_any.h).
 */
#define HOST_FRAME_SHIFT 16
#include "random_any.h"

int main(int argument_count, char **arguments) {
    return random_any("test_random_64k", argument_count, arguments);
}
