/* SPDX-License-Identifier: MIT
 *
 * call.S: accesses by Hyp mode itself, and the way out of their aborts.
 */
    .syntax unified
    .arch_extension virt
    .arm
    .text
/* r0: struct arm_run, whose spsr becomes 1 if there was an abort, else 0. Hyp mode takes its own
   aborts in Hyp mode, so no register but the stack pointer has to be found again. */
    .globl machine_call
machine_call:
    push {r0, r4-r11, lr}
    ldr r3, =call_sp
    str sp, [r3]
    ldr r2, [r0]
    ldr r1, [r0, #8]
    ldr r0, [r0, #4]
    blx r2
    mov r2, #0
call_end:
    ldr r3, =call_sp
    mov r1, #0
    str r1, [r3]
    pop {r1, r4-r11, lr}
    str r0, [r1, #4]
    str r2, [r1, #12]
    bx lr

call_abort:
    ldr r3, =call_sp
    ldr sp, [r3]
    mov r2, #1
    cmp sp, #0
    bne call_end
call_bad:
    ldr sp, =stack_top
    mrc p15, 4, r0, c5, c2, 0       @ HSR
    mrs r1, elr_hyp
    mrc p15, 4, r2, c6, c0, 0       @ HDFAR
    bl machine_bad_trap
    .ltorg

    .balign 32
    .globl call_vectors
call_vectors:
    b call_bad
    b call_bad
    b call_bad
    b call_abort                    @ prefetch abort
    b call_abort                    @ data abort
    b call_bad
    b call_bad
    b call_bad

    .globl call_read, call_write, call_fetch
call_read:
    ldr r0, [r1]
    bx lr
call_write:
    str r0, [r1]
    bx lr
call_fetch:
    bx r1

    .bss
    .balign 4
call_sp:
    .space 4
