/* expect: incompatible pointer type */
/* SPDX-License-Identifier: MIT
 *
 * A result of one kind written to a variable of another.
 */
#include "axaddr_core/addr.h"

enum axaddr_status misuse(axaddr_gpa_t gpa, axaddr_hpa_t *out);
enum axaddr_status misuse(axaddr_gpa_t gpa, axaddr_hpa_t *out) {
    return axaddr_gpa_align_up_4k(gpa, out); /* wrong */
}
