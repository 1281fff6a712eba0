/* SPDX-License-Identifier: MIT
 *
 * shared.h: instances that several translation units share: declared here, implemented in
 * shared_code.c, used by shared_user.c and shared_other.c.
 */
#ifndef AXADDR_TESTS_TEMPLATE_SHARED_H
#define AXADDR_TESTS_TEMPLATE_SHARED_H

#include "axaddr.h"

/** A kind of address of the user's own: what a device puts on its bus. */
AXADDR_DEFINE_ADDR(bus);

#ifdef __cplusplus
extern "C" {
#endif

AXADDR_DECLARE_SPACE(shared_space);
AXADDR_DECLARE_PAGE_TABLE(shared_table);
AXADDR_DECLARE_SPACE_TYPED(shared_process, axaddr_gva, axaddr_hpa);
AXADDR_DECLARE_PAGE_TABLE_TYPED(shared_iommu, bus, axaddr_hpa);

/* shared_other.c */
enum axaddr_status other_map(struct shared_space *space, axaddr_gpa_t at, axaddr_hpa_t host);
enum axaddr_status other_look(const struct shared_iommu *iommu, bus_t at, axaddr_hpa_t *host);

#ifdef __cplusplus
}
#endif

#endif /* AXADDR_TESTS_TEMPLATE_SHARED_H */
