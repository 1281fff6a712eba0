/* SPDX-License-Identifier: MIT
 *
 * spaces.c: a space of every format, instantiated once for all test programs (spaces.h).
 */
#include "sim_access.h"
#define AXADDR_ON_ENTRY_ACCESS(slot, is_write) sim_tell_access(slot, is_write)

#include "spaces.h"

void (*sim_on_access)(void *slot, bool is_write);

void sim_tell_access(const void *slot, bool is_write) {
    if (sim_on_access != 0) {
        sim_on_access((void *)(uintptr_t)slot, is_write);
    }
}

SPACE_KIND_IN(space_ept, axaddr_x86_ept, host_hal, 0)
SPACE_KIND_IN(space_x86_64, axaddr_x86_64, host_hal, 0)
SPACE_KIND_IN(space_s2_40, axaddr_aarch64_stage2_40, host_hal, 0)
SPACE_KIND_IN(space_s2_48, axaddr_aarch64_stage2_48, host_hal, 0)
SPACE_KIND_IN(space_sv39x4, axaddr_riscv_sv39x4, host_hal, 0)
SPACE_KIND_IN(space_sv48x4, axaddr_riscv_sv48x4, host_hal, 0)
SPACE_KIND_IN(space_toy, toy, host_hal, &toy_publish_count)
SPACE_KIND_IN(space_toy32, toy32, host_hal, &toy_publish_count)

/* With a lock, as for many CPUs, and for walkers that do not snoop. */
SPACE_KIND_IN(space_ept_shared, axaddr_x86_ept, host_hal_shared, 0)
SPACE_KIND_IN(space_s2_40_shared, axaddr_aarch64_stage2_40, host_hal_shared, 0)
SPACE_KIND_IN(space_sv39x4_shared, axaddr_riscv_sv39x4, host_hal_shared, 0)
SPACE_KIND_IN(space_toy32_shared, toy32, host_hal_shared, &toy_publish_count)
SPACE_KIND_IN(space_s2_48_unsnooped, axaddr_aarch64_stage2_48, host_hal_unsnooped, 0)
SPACE_KIND_IN(space_toy_unsnooped, toy, host_hal_unsnooped, &toy_publish_count)

const struct space_ops *const spaces[] = {
    &space_ept_ops,
    &space_x86_64_ops,
    &space_s2_40_ops,
    &space_s2_48_ops,
    &space_sv39x4_ops,
    &space_sv48x4_ops,
    &space_toy_ops,
    &space_toy32_ops,
    &space_ept_shared_ops,
    &space_s2_40_shared_ops,
    &space_sv39x4_shared_ops,
    &space_toy32_shared_ops,
    &space_s2_48_unsnooped_ops,
    &space_toy_unsnooped_ops,
};
const unsigned space_count = sizeof(spaces) / sizeof(spaces[0]);
