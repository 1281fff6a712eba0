/* SPDX-License-Identifier: MIT
 *
 * test_guest_memory_many.c: the cases of guest_memory_cases.h on an instance for many CPUs.
 */
#define DATA_HAS_LOCK 1
#include "guest_memory_cases.h"

int main(void) {
    return guest_memory_main("test_guest_memory_many");
}
