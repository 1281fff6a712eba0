/* expect: incompatible type */
/* SPDX-License-Identifier: MIT
 *
 * The same comparison through the function that compares addresses of one kind.
 */
#include "axaddr_core/addr.h"

bool misuse(axaddr_gpa_t gpa, axaddr_hpa_t hpa);
bool misuse(axaddr_gpa_t gpa, axaddr_hpa_t hpa) {
    return axaddr_gpa_equal(gpa, hpa); /* wrong */
}
