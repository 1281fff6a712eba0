/* expect: incompatible type */
/* SPDX-License-Identifier: MIT
 *
 * A guest-virtual address where a guest-physical one is wanted.
 */
#include "axaddr_core/addr.h"

static axaddr_hpa_t translate(axaddr_gpa_t gpa) {
    return axaddr_hpa(gpa.raw);
}

axaddr_hpa_t misuse(axaddr_gva_t gva);
axaddr_hpa_t misuse(axaddr_gva_t gva) {
    return translate(gva); /* wrong */
}
