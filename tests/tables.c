/* SPDX-License-Identifier: MIT
 *
 * tables.c: a bare page table of every format, instantiated once for all test programs (spaces.h).
 */
#include "sim_access.h"
#define AXADDR_ON_ENTRY_ACCESS(slot, is_write) sim_tell_access(slot, is_write)

#include "spaces.h"

TABLE_KIND_IN(table_ept, axaddr_x86_ept, host_hal, 0)
TABLE_KIND_IN(table_x86_64, axaddr_x86_64, host_hal, 0)
TABLE_KIND_IN(table_s2_40, axaddr_aarch64_stage2_40, host_hal, 0)
TABLE_KIND_IN(table_s2_48, axaddr_aarch64_stage2_48, host_hal, 0)
TABLE_KIND_IN(table_sv39x4, axaddr_riscv_sv39x4, host_hal, 0)
TABLE_KIND_IN(table_sv48x4, axaddr_riscv_sv48x4, host_hal, 0)
TABLE_KIND_IN(table_toy, toy, host_hal, &toy_publish_count)
TABLE_KIND_IN(table_toy32, toy32, host_hal, &toy_publish_count)

/* With a lock, as for many CPUs, and for walkers that do not snoop. */
TABLE_KIND_IN(table_s2_40_shared, axaddr_aarch64_stage2_40, host_hal_shared, 0)
TABLE_KIND_IN(table_toy_unsnooped, toy, host_hal_unsnooped, &toy_publish_count)

const struct space_ops *const tables[] = {
    &table_ept_ops,          &table_x86_64_ops,        &table_s2_40_ops, &table_s2_48_ops,
    &table_sv39x4_ops,       &table_sv48x4_ops,        &table_toy_ops,   &table_toy32_ops,
    &table_s2_40_shared_ops, &table_toy_unsnooped_ops,
};
const unsigned table_count = sizeof(tables) / sizeof(tables[0]);
