/* expect: incompatible type */
/* SPDX-License-Identifier: MIT
 *
 * "gpa - hpa", which gave offsets that wrapped in a system that people use.
 */
#include "axaddr_core/addr.h"

enum axaddr_status misuse(axaddr_gpa_t gpa, axaddr_hpa_t hpa, uint64_t *offset);
enum axaddr_status misuse(axaddr_gpa_t gpa, axaddr_hpa_t hpa, uint64_t *offset) {
    return axaddr_gpa_distance(hpa, gpa, offset); /* wrong */
}
