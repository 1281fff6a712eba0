/* expect: success */
/* SPDX-License-Identifier: MIT
 *
 * The right way to do what the others here do wrongly: the flags alone refuse nothing.
 */
#include "axaddr_core/addr.h"

static axaddr_hpa_t translate(axaddr_gpa_t gpa) {
    return axaddr_hpa(gpa.raw);
}

axaddr_hpa_t misuse(axaddr_gva_t gva, axaddr_gpa_t gpa, axaddr_gpa_range_t range);
axaddr_hpa_t misuse(axaddr_gva_t gva, axaddr_gpa_t gpa, axaddr_gpa_range_t range) {
    axaddr_gpa_t next;

    if (axaddr_gpa_add(gpa, gva.raw, &next) != AXADDR_OK || axaddr_gpa_equal(gpa, next)) {
        return translate(axaddr_gpa(0x1000));
    }
    if (axaddr_gpa_range_contains(range, next) && axaddr_gpa_less(gpa, next)) {
        next = axaddr_gpa_wrapping_add(next, 1);
    }
    return translate(next);
}
