/* expect: invalid operands to binary */
/* SPDX-License-Identifier: MIT
 *
 * Two addresses added with the operator: a sum of addresses is no address.
 */
#include "axaddr_core/addr.h"

axaddr_gpa_t misuse(axaddr_gpa_t a, axaddr_gpa_t b);
axaddr_gpa_t misuse(axaddr_gpa_t a, axaddr_gpa_t b) {
    return a + b; /* wrong */
}
