/* SPDX-License-Identifier: MIT
 *
 * boot.S: reset to bed_main in Hyp mode, the way into the guest and back, and the guest; for both
 * stages.
 */
    .syntax unified
    .arch_extension virt
    .arm
    .section .boot, "ax"
    .globl _start
_start:
    ldr sp, =stack_top
    ldr r1, =bss_start
    ldr r2, =bss_end
    mov r0, #0
1:  cmp r1, r2
    strlo r0, [r1], #4
    blo 1b
    ldr r1, =vectors
    mcr p15, 4, r1, c12, c0, 0      @ HVBAR
    isb
    bl bed_main

    .text
/* r0: struct arm_run. Comes back, as from a call, when the guest traps. Hyp mode has a stack
   pointer of its own, so what is pushed here is where it was. */
    .globl machine_run
machine_run:
    push {r0, r4-r11, lr}
    ldr r2, [r0]
    msr elr_hyp, r2
    ldr r2, [r0, #12]
    msr spsr_cxsf, r2
    and r2, r2, #0xf                @ r2: 0 for User mode
    ldr r1, [r0, #8]
    ldr r0, [r0, #4]
    isb
    eret

guest_left:
    pop {r1, r4-r11, lr}
    str r0, [r1, #4]
    bx lr

bad_trap:
    ldr sp, =stack_top
    mrc p15, 4, r0, c5, c2, 0       @ HSR
    mrs r1, elr_hyp
    mrc p15, 4, r2, c6, c0, 0       @ HDFAR
    bl machine_bad_trap
    .ltorg

    .balign 32
vectors:
    b bad_trap
    b bad_trap
    b bad_trap
    b bad_trap
    b bad_trap
    b guest_left                    @ Hyp trap
    b bad_trap
    b bad_trap

/* What a compiler may call, by the names of Arm's run-time ABI; the rest is in bed.c. */
    .globl __aeabi_memcpy, __aeabi_memcpy4, __aeabi_memcpy8
__aeabi_memcpy:
__aeabi_memcpy4:
__aeabi_memcpy8:
    b memcpy
    .globl __aeabi_memclr, __aeabi_memclr4, __aeabi_memclr8
__aeabi_memclr:
__aeabi_memclr4:
__aeabi_memclr8:
    mov r2, r1
    mov r1, #0
    b memset

/* The guest: a page that may lie anywhere, and one for a table. r1 is the address, r0 the value. It
   ends with HVC #0; User mode with SVC, for which PL1's vectors do. Aborts that PL1 takes are told
   by the number of HVC, which is their place among the vectors. */
    .balign 4096
    .globl guest_page, guest_read, guest_write, guest_fetch, guest_vectors, guest_table
guest_page:
guest_read:
    ldr r0, [r1]
    b guest_end
guest_write:
    str r0, [r1]
    b guest_end
guest_fetch:
    blx r1
guest_end:
    cmp r2, #0
    bne 1f
    svc #0
1:  hvc #0
    .balign 32
guest_vectors:
    hvc #1
    hvc #1                          @ undefined
    hvc #0                          @ SVC
    hvc #3                          @ prefetch abort
    hvc #4                          @ data abort
    hvc #1
    hvc #1
    hvc #1
    .balign 4096
guest_table:
    .space 4096
