/* expect: incompatible type */
/* SPDX-License-Identifier: MIT
 *
 * Whether a range of one kind contains an address of another.
 */
#include "axaddr_core/addr.h"

bool misuse(axaddr_gpa_range_t guest, axaddr_hpa_t host);
bool misuse(axaddr_gpa_range_t guest, axaddr_hpa_t host) {
    return axaddr_gpa_range_contains(guest, host); /* wrong */
}
