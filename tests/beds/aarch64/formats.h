/* SPDX-License-Identifier: MIT
 *
 * formats.h: formats for the bed only.
 */
#include "axaddr.h"

/**
 * 52 bits of output, 48 of input: QEMU 7.2 does not start a stage 2 walk of the 16 KiB granule at
 * level 0, as axaddr_aarch64_stage2_16k_52 does; its entries are the same.
 */
static const struct axaddr_format bed_aarch64_stage2_16k_48_52 =
    AXADDR_AARCH64_STAGE2_FORMAT_52("aarch64_stage2_16k_48_52", 48, 16k, axaddr_aarch64_stage2);
