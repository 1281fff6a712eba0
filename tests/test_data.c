/* SPDX-License-Identifier: MIT
 *
 * test_data.c: the cases of data_cases.h for one CPU.
 */
#define DATA_HAS_LOCK 0
#include "data_cases.h"

int main(void) {
    return data_main("test_data");
}
