/* SPDX-License-Identifier: MIT
 *
 * spaces.c: a space of every format, instantiated once for all test programs (spaces.h).
 */
#include "spaces.h"

SPACE_KIND(space_ept, axaddr_x86_ept, 0, 0)
SPACE_KIND(space_x86_64, axaddr_x86_64, 0, 0)
SPACE_KIND(space_s2_40, axaddr_aarch64_stage2_40, 0, 0)
SPACE_KIND(space_s2_48, axaddr_aarch64_stage2_48, 0, 0)
SPACE_KIND(space_sv39x4, axaddr_riscv_sv39x4, 0, 0)
SPACE_KIND(space_sv48x4, axaddr_riscv_sv48x4, 0, 0)
SPACE_KIND(space_toy, toy, TOY_NOTED, &toy_publish_count)
SPACE_KIND(space_toy32, toy32, TOY32_NOTED, &toy_publish_count)

const struct space_ops *const spaces[] = {
    &space_ept_ops,    &space_x86_64_ops, &space_s2_40_ops, &space_s2_48_ops,
    &space_sv39x4_ops, &space_sv48x4_ops, &space_toy_ops,   &space_toy32_ops,
};
const unsigned space_count = sizeof(spaces) / sizeof(spaces[0]);
