/* SPDX-License-Identifier: MIT
 *
 * shared_other.c: the second user of the instances of shared.h; it knows no HAL.
 */
#include "shared.h"

enum axaddr_status other_map(struct shared_space *space, axaddr_gpa_t at, axaddr_hpa_t host) {
    return shared_space_map_linear(space, at, host, 0x2000, AXADDR_READ | AXADDR_WRITE);
}

enum axaddr_status other_look(const struct shared_iommu *iommu, bus_t at, axaddr_hpa_t *host) {
    return shared_iommu_translate(iommu, at, host);
}
