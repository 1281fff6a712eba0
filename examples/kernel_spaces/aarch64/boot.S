/* SPDX-License-Identifier: MIT
 *
 * aarch64/boot.S: from reset at EL1, or from PSCI, to main(); to users and back; probes. In the
 * kernel TPIDR_EL1 is 0, or where a probe goes on after a trap.
 */
#define CONTEXT_SP     248
#define CONTEXT_PC     256
#define CONTEXT_PSTATE 264
#define KERNEL_OFFSET  0xffff800000000000

    .macro address to, symbol   /* of where it is now: relative to the pc */
    adrp \to, \symbol
    add \to, \to, :lo12:\symbol
    .endm

    .section .boot, "ax"
    .globl _start, second_start
_start:
    address x1, bss_start
    address x2, data_end
1:  stp xzr, xzr, [x1], #16
    cmp x1, x2
    b.lo 1b
    address x1, stacks
    add sp, x1, #0x4000
    mov x19, #0
    bl early_make_tables
    b enter
second_start:
    address x1, stacks
    add sp, x1, #0x8000
    mov x19, #1
enter:
    bl early_turn_on
    ldr x0, =KERNEL_OFFSET      /* to where the kernel is linked for */
    mov x1, sp
    add sp, x1, x0
    address x1, 1f
    add x1, x1, x0
    br x1
1:  address x0, vectors
    msr vbar_el1, x0
    msr tpidr_el1, xzr
    isb
    mov x0, x19
    bl main                     /* does not return */

    .text
    .balign 2048
vectors:
    .rept 4
    .balign 128
    b to_bad_trap
    .endr
    .balign 128
    b kernel_trap               /* synchronous, from EL1 with its own stack pointer */
    .rept 3
    .balign 128
    b to_bad_trap
    .endr
    .balign 128
    b user_trap                 /* synchronous, from EL0 in AArch64 */
    .rept 7
    .balign 128
    b to_bad_trap
    .endr

kernel_trap:
    mrs x9, tpidr_el1
    cbz x9, to_bad_trap
    msr elr_el1, x9
    eret
to_bad_trap:
    mrs x0, esr_el1
    mrs x1, elr_el1
    mrs x2, far_el1
    bl bad_trap                 /* does not return */

/* The callee-saved registers and the context's address wait on the kernel's stack. */
    .globl user_run
user_run:
    stp x19, x20, [sp, #-112]!
    stp x21, x22, [sp, #16]
    stp x23, x24, [sp, #32]
    stp x25, x26, [sp, #48]
    stp x27, x28, [sp, #64]
    stp x29, x30, [sp, #80]
    str x0, [sp, #96]
    ldr x1, [x0, #CONTEXT_SP]
    msr sp_el0, x1
    ldr x1, [x0, #CONTEXT_PC]
    msr elr_el1, x1
    ldr x1, [x0, #CONTEXT_PSTATE]
    msr spsr_el1, x1
    .irp n, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25
    ldr x\n, [x0, #8 * \n]
    .endr
    .irp n, 26, 27, 28, 29, 30
    ldr x\n, [x0, #8 * \n]
    .endr
    ldp x0, x1, [x0]
    eret

user_trap:
    stp x0, x1, [sp, #-16]!
    ldr x0, [sp, #112]
    .irp n, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25
    str x\n, [x0, #8 * \n]
    .endr
    .irp n, 26, 27, 28, 29, 30
    str x\n, [x0, #8 * \n]
    .endr
    ldp x2, x3, [sp], #16
    stp x2, x3, [x0]
    mrs x1, sp_el0
    str x1, [x0, #CONTEXT_SP]
    mrs x1, elr_el1
    str x1, [x0, #CONTEXT_PC]
    mrs x1, spsr_el1
    str x1, [x0, #CONTEXT_PSTATE]
    ldp x21, x22, [sp, #16]
    ldp x23, x24, [sp, #32]
    ldp x25, x26, [sp, #48]
    ldp x27, x28, [sp, #64]
    ldp x29, x30, [sp, #80]
    ldp x19, x20, [sp], #112
    ret

    .macro probe_begins failed
    address x10, \failed
    msr tpidr_el1, x10
    .endm
    .globl probe_read, probe_write, probe_fetch
probe_read:
    probe_begins probe_failed
    ldrb w10, [x0]
    b probe_done
probe_write:
    probe_begins probe_failed
    ldrb w10, [x0]
    strb w10, [x0]
    b probe_done
probe_fetch:
    mov x11, x30
    probe_begins fetch_failed
    blr x0
    mov x30, x11
probe_done:
    msr tpidr_el1, xzr
    mov x0, #1
    ret
fetch_failed:
    mov x30, x11
probe_failed:
    msr tpidr_el1, xzr
    mov x0, #0
    ret

#include "../image.S"
