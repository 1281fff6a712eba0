/* SPDX-License-Identifier: MIT
 *
 * test_tracking_sim.c: dirty tracking beside CPUs that write through stale TLBs (tracking_sim.h),
 * over machines that note by hardware, by faults, and not at all, with pages of 4 KiB.
 */
#include "tracking_sim.h"

static const struct axaddr_format *const formats[] = {
    &axaddr_x86_ept,
    &axaddr_x86_npt,
    &axaddr_aarch64_stage2_40,
    &axaddr_riscv_sv39x4,
    &axaddr_arm_short,
    &toy,
    &axaddr_riscv_sv39x4_svnapot,
};

int main(void) {
    return tracking_sim("test_tracking_sim", formats, sizeof(formats) / sizeof(formats[0]), 1500);
}
