/* expect: incompatible type */
/* SPDX-License-Identifier: MIT
 *
 * A host-physical address stored as a guest-physical one.
 */
#include "axaddr_core/addr.h"

axaddr_gpa_t misuse(axaddr_hpa_t hpa);
axaddr_gpa_t misuse(axaddr_hpa_t hpa) {
    axaddr_gpa_t gpa = axaddr_gpa(0);

    gpa = hpa; /* wrong */
    return gpa;
}
