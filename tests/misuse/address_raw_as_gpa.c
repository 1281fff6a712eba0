/* expect: incompatible type */
/* SPDX-License-Identifier: MIT
 *
 * A plain number where an address is wanted: nobody said which kind it is.
 */
#include "axaddr_core/addr.h"

static axaddr_hpa_t translate(axaddr_gpa_t gpa) {
    return axaddr_hpa(gpa.raw);
}

axaddr_hpa_t misuse(void);
axaddr_hpa_t misuse(void) {
    return translate(0x1000); /* wrong */
}
