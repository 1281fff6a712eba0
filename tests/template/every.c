/* SPDX-License-Identifier: MIT
 *
 * every.c: every generated function over every format, in one translation unit, C and C++. It is
 * compiled and looked at, never run. FORMATS is 0 for one format, 1 for a few and a HAL for many
 * vCPUs, 2 for most, 3 for all. VMs are over one format of each architecture, with the least and
 * with all of a HAL; guests' tables are walked above both.
 */
#include "every.h"

#define INSTANCES(tag, format)                                                                     \
    AXADDR_DEFINE_SPACE(tag##_space, format, arena_hal);                                           \
    AXADDR_DEFINE_PAGE_TABLE(tag##_table, format, arena_hal);                                      \
    USE_SPACE(tag##_space)                                                                         \
    USE_TABLE(tag##_table)

#define VM(name, format, hal)                                                                      \
    AXADDR_DEFINE_VM(name, format, hal);                                                           \
    USE_SPACE(name)                                                                                \
    USE_VM(name)

#define WALK(tag, guest, vm)                                                                       \
    AXADDR_DEFINE_GUEST_WALK(tag##_##vm, vm, guest);                                               \
    USE_WALK(tag##_##vm, vm, guest)

#define BUS(name, address, capacity)                                                               \
    AXADDR_DEFINE_DEVICE_BUS(name, address, capacity);                                             \
    USE_BUS(name, address)

EVERY_ONE(INSTANCES)
VM(arm40_vm, axaddr_aarch64_stage2_40, arena_hal)
EVERY_GUEST(WALK, arm40_vm)
BUS(mmio_bus, axaddr_gpa, 64)
#if FORMATS >= 1
EVERY_FEW(INSTANCES)
BUS(port_bus, axaddr_port, 5)
BUS(sysreg_bus, axaddr_sysreg, 1)

/* And for many vCPUs, where the processor can swap 64 bits. */
#if defined(__GCC_HAVE_SYNC_COMPARE_AND_SWAP_8) || UINTPTR_MAX > UINT32_MAX
AXADDR_DEFINE_SPACE(many_space, axaddr_aarch64_stage2_40, arena_locked_hal);
AXADDR_DEFINE_PAGE_TABLE(many_table, axaddr_aarch64_stage2_40, arena_locked_hal);
USE_SPACE(many_space)
USE_TABLE(many_table)
VM(many_ept_vm, axaddr_x86_ept, arena_full_hal)
EVERY_GUEST(WALK, many_ept_vm)
#if FORMATS >= 2
VM(many_arm40_vm, axaddr_aarch64_stage2_40, arena_full_hal)
VM(many_sv39x4_vm, axaddr_riscv_sv39x4, arena_full_hal)
#endif
#endif
#endif
#if FORMATS >= 2
EVERY_MORE(INSTANCES)
VM(ept_vm, axaddr_x86_ept, arena_hal)
VM(sv39x4_vm, axaddr_riscv_sv39x4, arena_hal)
#endif
#if FORMATS >= 3
EVERY_VARIANT(INSTANCES)
#endif

AXADDR_DEFINE_FRAME(page, arena_hal);
USE_FRAME(page)
