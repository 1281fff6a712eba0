/* SPDX-License-Identifier: MIT
 *
 * test_data_64k.c: the cases of data_cases.h over formats with pages of 64 KiB.
 */
#define HOST_FRAME_SHIFT 16
#define DATA_HAS_LOCK    1
#include "data_cases.h"

int main(void) {
    return data_main("test_data_64k");
}
