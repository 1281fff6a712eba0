/* SPDX-License-Identifier: MIT
 *
 * test_random_16k.c: long pseudo-random sequences of operations over every format with pages of
 * 16 KiB (random_any.h).
 */
#define HOST_FRAME_SHIFT 14
#include "random_any.h"

int main(int argument_count, char **arguments) {
    return random_any("test_random_16k", argument_count, arguments);
}
