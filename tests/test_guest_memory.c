/* SPDX-License-Identifier: MIT
 *
 * test_guest_memory.c: the cases of guest_memory_cases.h for one CPU.
 */
#define DATA_HAS_LOCK 0
#include "guest_memory_cases.h"

int main(void) {
    return guest_memory_main("test_guest_memory");
}
