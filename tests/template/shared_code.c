/* SPDX-License-Identifier: MIT
 *
 * shared_code.c: the one translation unit that has the code of the instances of shared.h.
 */
#include "arena.h"
#include "shared.h"

AXADDR_IMPLEMENT_SPACE(shared_space, axaddr_riscv_sv39x4, arena_hal);
AXADDR_IMPLEMENT_PAGE_TABLE(shared_table, axaddr_aarch64_stage2_48, arena_hal);
AXADDR_IMPLEMENT_SPACE_TYPED(shared_process, axaddr_x86_64, arena_hal, axaddr_gva, axaddr_hpa);
AXADDR_IMPLEMENT_PAGE_TABLE_TYPED(shared_iommu, axaddr_x86_ept, arena_hal, bus, axaddr_hpa);
