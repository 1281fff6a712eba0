/* SPDX-License-Identifier: MIT
 *
 * boot.S: reset to bed_main at EL2, the way into the guest and back.
 */
#include "../aarch64_common.S"

    .section .boot, "ax"
    .globl _start
_start:
    start_cpu
    ldr x1, =vectors
    msr vbar_el2, x1
    isb
    bl bed_main

    .text
/* x0: struct aarch64_run. Comes back, as from a call, when the guest traps. */
    .globl machine_run
machine_run:
    enter_guest el2
guest_left:
    leave_guest
    vectors_of el2
    guest_code hvc
