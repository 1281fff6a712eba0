/* SPDX-License-Identifier: MIT
 *
 * test_tracking_64k.c: dirty tracking beside CPUs that write through stale TLBs (tracking_sim.h),
 * with pages of 64 KiB.
 */
#define HOST_FRAME_SHIFT 16
#include "tracking_sim.h"

static const struct axaddr_format *const formats[] = {&axaddr_aarch64_stage2_64k_40};

int main(void) {
    return tracking_sim("test_tracking_64k", formats, 1, 1000);
}
