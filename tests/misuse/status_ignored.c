/* expect: ignoring return value */
/* SPDX-License-Identifier: MIT
 *
 * Checked arithmetic whose status nobody looks at.
 */
#include "axaddr_core/addr.h"

axaddr_gpa_t misuse(axaddr_gpa_t gpa);
axaddr_gpa_t misuse(axaddr_gpa_t gpa) {
    axaddr_gpa_add(gpa, 0x1000, &gpa); /* wrong */
    return gpa;
}
