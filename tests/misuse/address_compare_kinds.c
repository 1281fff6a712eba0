/* expect: invalid operands to binary */
/* SPDX-License-Identifier: MIT
 *
 * A guest-physical address compared with a host-physical one.
 */
#include "axaddr_core/addr.h"

bool misuse(axaddr_gpa_t gpa, axaddr_hpa_t hpa);
bool misuse(axaddr_gpa_t gpa, axaddr_hpa_t hpa) {
    return gpa == hpa; /* wrong */
}
