/* SPDX-License-Identifier: MIT
 *
 * aarch64_common.S: what the boot.S of the AArch64 beds share: macros.
 */

/* struct aarch64_run of aarch64.h */
#define RUN_PC      0
#define RUN_VALUE   8
#define RUN_ADDRESS 16
#define RUN_SPSR    24

/* A stack, and .bss cleared. */
    .macro start_cpu
    ldr x1, =stack_top
    mov sp, x1
    ldr x1, =bss_start
    ldr x2, =bss_end
1:  cmp x1, x2
    b.hs 2f
    str xzr, [x1], #8
    b 1b
2:
    .endm

/* Run the guest of x0, a struct aarch64_run, from exception level `el`. It has its own stack
   pointer, so what is pushed here is where it was when it comes back. x2: whether it is EL0. */
    .macro enter_guest el
    stp x19, x20, [sp, #-112]!
    stp x21, x22, [sp, #16]
    stp x23, x24, [sp, #32]
    stp x25, x26, [sp, #48]
    stp x27, x28, [sp, #64]
    stp x29, x30, [sp, #80]
    str x0, [sp, #96]
    ldr x2, [x0, #RUN_PC]
    msr elr_\el, x2
    ldr x2, [x0, #RUN_SPSR]
    msr spsr_\el, x2
    tst x2, #0xf
    cset x2, eq
    ldr x1, [x0, #RUN_ADDRESS]
    ldr x0, [x0, #RUN_VALUE]
    isb
    eret
    .endm
/* And back: return to whoever called. */
    .macro leave_guest
    ldr x1, [sp, #96]
    str x0, [x1, #RUN_VALUE]
    ldp x21, x22, [sp, #16]
    ldp x23, x24, [sp, #32]
    ldp x25, x26, [sp, #48]
    ldp x27, x28, [sp, #64]
    ldp x29, x30, [sp, #80]
    ldp x19, x20, [sp], #112
    ret
    .endm

/* The vectors of level `el`: guest_left for what a lower level makes happen, or bad_trap. */
    .macro vectors_of el
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
bad_trap:
    mrs x0, esr_\el
    mrs x1, elr_\el
    mrs x2, far_\el
    b machine_bad_trap
    .endm

/* The guest: one page, of any granule, that may lie at any address. x1 is the address, x0 the value.
   It ends with a `call` to the bed; EL0, which cannot, with SVC. What comes to the guest's vectors
   is passed on with a `call`, numbered 1. */
    .macro guest_code call
    .balign 65536
    .globl guest_page, guest_read, guest_write, guest_fetch, guest_vectors
guest_page:
guest_read:
    ldr x0, [x1]
    b guest_end
guest_write:
    str x0, [x1]
    b guest_end
guest_fetch:
    blr x1
guest_end:
    cbnz x2, 1f             /* EL0 */
    \call #0
1:  svc #0
    .balign 2048
guest_vectors:
    .rept 16
    .balign 128
    \call #1
    .endr
    .balign 65536
    .endm
