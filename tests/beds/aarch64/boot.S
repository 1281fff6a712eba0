/* SPDX-License-Identifier: MIT
 *
 * boot.S: reset to bed_main at EL2, the way into the guest and back, and the guest.
 */
    .section .boot, "ax"
    .globl _start
_start:
    ldr x1, =stack_top
    mov sp, x1
    ldr x1, =bss_start
    ldr x2, =bss_end
1:  cmp x1, x2
    b.hs 2f
    str xzr, [x1], #8
    b 1b
2:  ldr x1, =vectors
    msr vbar_el2, x1
    isb
    bl bed_main

    .text
/* x0: struct guest_run. Comes back, as from a call, when the guest traps. The guest has its own
   stack pointer, so what is pushed here is where it was. */
    .globl machine_run
machine_run:
    stp x19, x20, [sp, #-112]!
    stp x21, x22, [sp, #16]
    stp x23, x24, [sp, #32]
    stp x25, x26, [sp, #48]
    stp x27, x28, [sp, #64]
    stp x29, x30, [sp, #80]
    str x0, [sp, #96]
    ldr x2, [x0]
    msr elr_el2, x2
    mov x2, #0x3c5          /* EL1h, all interrupts masked */
    msr spsr_el2, x2
    ldr x1, [x0, #16]
    ldr x0, [x0, #8]
    isb
    eret

guest_left:
    ldr x1, [sp, #96]
    str x0, [x1, #8]
    ldp x21, x22, [sp, #16]
    ldp x23, x24, [sp, #32]
    ldp x25, x26, [sp, #48]
    ldp x27, x28, [sp, #64]
    ldp x29, x30, [sp, #80]
    ldp x19, x20, [sp], #112
    ret

bad_trap:
    mrs x0, esr_el2
    mrs x1, elr_el2
    mrs x2, far_el2
    b machine_bad_trap

    .balign 2048
vectors:
    .rept 8
    .balign 128
    b bad_trap
    .endr
    .balign 128
    b guest_left            /* synchronous, from a lower level in AArch64 */
    .rept 7
    .balign 128
    b bad_trap
    .endr

/* The guest: one page that may lie at any IPA. x1 is the address, x0 the value. */
    .balign 4096
    .globl guest_page, guest_read, guest_write, guest_fetch
guest_page:
guest_read:
    ldr x0, [x1]
    hvc #0
guest_write:
    str x0, [x1]
    hvc #0
guest_fetch:
    blr x1
    hvc #0
    .balign 4096
