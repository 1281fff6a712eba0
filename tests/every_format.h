/* SPDX-License-Identifier: MIT
 *
 * every_format.h: every format that axaddr_arch has, as lists of X(tag, format). The template check
 * "every_format.h is complete" compares them with the headers.
 */
#ifndef AXADDR_TESTS_EVERY_FORMAT_H
#define AXADDR_TESTS_EVERY_FORMAT_H

#include "../axaddr.h"

/** A wide root and break-before-make: where all code of the engine is. */
#define EVERY_ONE(X) X(arm40, axaddr_aarch64_stage2_40)

/** With it, all geometries: for the builds that repeat what others have shown. */
#define EVERY_FEW(X)                                                                               \
    X(ept, axaddr_x86_ept)                                                                         \
    X(sv48x4_svnapot, axaddr_riscv_sv48x4_svnapot)

/** What most builds have beside these. */
#define EVERY_MORE(X)                                                                              \
    X(x64, axaddr_x86_64)                                                                          \
    X(npt, axaddr_x86_npt)                                                                         \
    X(arm48, axaddr_aarch64_stage2_48)                                                             \
    X(sv39x4, axaddr_riscv_sv39x4)                                                                 \
    X(sv48x4, axaddr_riscv_sv48x4)                                                                 \
    X(sv39x4_svpbmt, axaddr_riscv_sv39x4_svpbmt)                                                   \
    X(sv48x4_svpbmt, axaddr_riscv_sv48x4_svpbmt)

/** Formats that differ from one of the above by a number: for one build. */
#define EVERY_VARIANT(X)                                                                           \
    X(sv39x4_svnapot, axaddr_riscv_sv39x4_svnapot)                                                 \
    X(ept_2m, axaddr_x86_ept_2m)                                                                   \
    X(x64_2m, axaddr_x86_64_2m)                                                                    \
    X(npt_2m, axaddr_x86_npt_2m)

/**
 * Members of families whose other members are above. No template build instantiates them: that is
 * left to their own tests (test_format_*.c, test_sized.c) and to test_random_*.c.
 */
#define EVERY_OTHER(X)                                                                             \
    X(aarch64_el1, axaddr_aarch64_el1)                                                             \
    X(aarch64_el1_16k, axaddr_aarch64_el1_16k)                                                     \
    X(aarch64_el1_16k_52, axaddr_aarch64_el1_16k_52)                                               \
    X(aarch64_el1_52, axaddr_aarch64_el1_52)                                                       \
    X(aarch64_el1_64k, axaddr_aarch64_el1_64k)                                                     \
    X(aarch64_el1_64k_52, axaddr_aarch64_el1_64k_52)                                               \
    X(aarch64_el2, axaddr_aarch64_el2)                                                             \
    X(aarch64_el2_16k, axaddr_aarch64_el2_16k)                                                     \
    X(aarch64_el2_16k_52, axaddr_aarch64_el2_16k_52)                                               \
    X(aarch64_el2_52, axaddr_aarch64_el2_52)                                                       \
    X(aarch64_el2_64k, axaddr_aarch64_el2_64k)                                                     \
    X(aarch64_el2_64k_52, axaddr_aarch64_el2_64k_52)                                               \
    X(aarch64_stage2, axaddr_aarch64_stage2)                                                       \
    X(aarch64_stage2_16k_40, axaddr_aarch64_stage2_16k_40)                                         \
    X(aarch64_stage2_16k_48, axaddr_aarch64_stage2_16k_48)                                         \
    X(aarch64_stage2_16k_52, axaddr_aarch64_stage2_16k_52)                                         \
    X(aarch64_stage2_32, axaddr_aarch64_stage2_32)                                                 \
    X(aarch64_stage2_36, axaddr_aarch64_stage2_36)                                                 \
    X(aarch64_stage2_40_fwb, axaddr_aarch64_stage2_40_fwb)                                         \
    X(aarch64_stage2_40_xnx, axaddr_aarch64_stage2_40_xnx)                                         \
    X(aarch64_stage2_40_xnx_fwb, axaddr_aarch64_stage2_40_xnx_fwb)                                 \
    X(aarch64_stage2_42, axaddr_aarch64_stage2_42)                                                 \
    X(aarch64_stage2_44, axaddr_aarch64_stage2_44)                                                 \
    X(aarch64_stage2_48_fwb, axaddr_aarch64_stage2_48_fwb)                                         \
    X(aarch64_stage2_48_xnx, axaddr_aarch64_stage2_48_xnx)                                         \
    X(aarch64_stage2_48_xnx_fwb, axaddr_aarch64_stage2_48_xnx_fwb)                                 \
    X(aarch64_stage2_52, axaddr_aarch64_stage2_52)                                                 \
    X(aarch64_stage2_52_5, axaddr_aarch64_stage2_52_5)                                             \
    X(aarch64_stage2_64k_40, axaddr_aarch64_stage2_64k_40)                                         \
    X(aarch64_stage2_64k_48, axaddr_aarch64_stage2_64k_48)                                         \
    X(aarch64_stage2_64k_52, axaddr_aarch64_stage2_64k_52)                                         \
    X(arm_lpae, axaddr_arm_lpae)                                                                   \
    X(arm_lpae_hyp, axaddr_arm_lpae_hyp)                                                           \
    X(arm_lpae_stage2_32, axaddr_arm_lpae_stage2_32)                                               \
    X(arm_lpae_stage2_36, axaddr_arm_lpae_stage2_36)                                               \
    X(arm_lpae_stage2_40, axaddr_arm_lpae_stage2_40)                                               \
    X(arm_short, axaddr_arm_short)                                                                 \
    X(loongarch64_16k_47, axaddr_loongarch64_16k_47)                                               \
    X(loongarch64_39, axaddr_loongarch64_39)                                                       \
    X(loongarch64_48, axaddr_loongarch64_48)                                                       \
    X(riscv_gstage, axaddr_riscv_gstage)                                                           \
    X(riscv_sv32, axaddr_riscv_sv32)                                                               \
    X(riscv_sv32x4, axaddr_riscv_sv32x4)                                                           \
    X(riscv_sv39, axaddr_riscv_sv39)                                                               \
    X(riscv_sv39_svnapot, axaddr_riscv_sv39_svnapot)                                               \
    X(riscv_sv39_svpbmt, axaddr_riscv_sv39_svpbmt)                                                 \
    X(riscv_sv48, axaddr_riscv_sv48)                                                               \
    X(riscv_sv48_svnapot, axaddr_riscv_sv48_svnapot)                                               \
    X(riscv_sv48_svpbmt, axaddr_riscv_sv48_svpbmt)                                                 \
    X(riscv_sv57, axaddr_riscv_sv57)                                                               \
    X(riscv_sv57_svnapot, axaddr_riscv_sv57_svnapot)                                               \
    X(riscv_sv57_svpbmt, axaddr_riscv_sv57_svpbmt)                                                 \
    X(riscv_sv57x4, axaddr_riscv_sv57x4)                                                           \
    X(riscv_sv57x4_svnapot, axaddr_riscv_sv57x4_svnapot)                                           \
    X(riscv_sv57x4_svpbmt, axaddr_riscv_sv57x4_svpbmt)                                             \
    X(x86_64_la57, axaddr_x86_64_la57)                                                             \
    X(x86_ept_5, axaddr_x86_ept_5)                                                                 \
    X(x86_npt_la57, axaddr_x86_npt_la57)                                                           \
    X(x86_pae, axaddr_x86_pae)

/** All of them. */
#define EVERY_FORMAT(X) EVERY_ONE(X) EVERY_FEW(X) EVERY_MORE(X) EVERY_VARIANT(X) EVERY_OTHER(X)

#endif /* AXADDR_TESTS_EVERY_FORMAT_H */
