/* SPDX-License-Identifier: MIT
 *
 * test_guest_memory_64k.c: the cases of guest_memory_cases.h over formats with pages of 64 KiB.
 */
#define HOST_FRAME_SHIFT 16
#define DATA_HAS_LOCK    1
#include "guest_memory_cases.h"

int main(void) {
    return guest_memory_main("test_guest_memory_64k");
}
