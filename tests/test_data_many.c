/* SPDX-License-Identifier: MIT
 *
 * test_data_many.c: the cases of data_cases.h on an instance for many CPUs.
 */
#define DATA_HAS_LOCK 1
#include "data_cases.h"

int main(void) {
    return data_main("test_data_many");
}
