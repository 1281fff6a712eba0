/* expect: incompatible type */
/* SPDX-License-Identifier: MIT
 *
 * Two ranges of different kinds.
 */
#include "axaddr_core/addr.h"

bool misuse(axaddr_gpa_range_t guest, axaddr_hpa_range_t host);
bool misuse(axaddr_gpa_range_t guest, axaddr_hpa_range_t host) {
    return axaddr_gpa_range_overlaps(guest, host); /* wrong */
}
