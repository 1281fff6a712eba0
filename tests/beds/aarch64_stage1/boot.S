/* SPDX-License-Identifier: MIT
 *
 * boot.S: reset to bed_main at EL3, the way to lower levels and back.
 */
#include "../aarch64_common.S"

    .section .boot, "ax"
    .globl _start
_start:
    start_cpu
    ldr x1, =vectors
    msr vbar_el3, x1
    mov x1, #0x531          /* RW: EL2 is AArch64; HCE; RES1; NS: lower levels are non-secure */
    msr scr_el3, x1
    isb
    bl bed_main

    .text
/* x0: struct aarch64_run. Comes back, as from a call, with SMC. */
    .globl machine_run
machine_run:
    enter_guest el3
guest_left:
    leave_guest
    vectors_of el3
    guest_code smc
