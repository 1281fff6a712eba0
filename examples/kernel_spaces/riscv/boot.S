/* SPDX-License-Identifier: MIT
 *
 * riscv/boot.S: from OpenSBI, which gives each hart its number in a0, to main(); to users and back;
 * probes. In the kernel sscratch is 0, or where a probe goes on after a trap; while a user runs,
 * its context.
 */
#define CONTEXT_PC        256
#define CONTEXT_KERNEL_SP 264
#define KERNEL_OFFSET     0xffffffc000000000

    .option norvc
    .section .boot, "ax"
    .globl _start, second_start
_start:
    /* OpenSBI 1.1 (QEMU 7.2's) tells a hart to start before it says where, so that one that does
       not sleep just then begins here instead. The first hart goes on here, any other there. */
    la t0, first_is_here
    li t1, 1
    amoswap.w t1, t1, (t0)
    bnez t1, second_start
    la t0, bss_start
    la t1, data_end
1:  sd zero, 0(t0)
    addi t0, t0, 8
    bltu t0, t1, 1b
    la sp, stacks + 0x4000
    mv tp, a0
    li s1, 0
    call early_make_tables
    j enter
second_start:
    la sp, stacks + 0x8000
    mv tp, a0
    li s1, 1
enter:
    call early_turn_on
    li t0, KERNEL_OFFSET    /* to where the kernel is linked for */
    add sp, sp, t0
    la t1, 1f
    add t1, t1, t0
    jr t1
1:  csrw sscratch, zero
    la t0, kernel_trap
    csrw stvec, t0
    mv a0, s1
    call main               /* does not return */

    .text
    .balign 4
kernel_trap:
    csrrw t0, sscratch, zero
    beqz t0, 1f
    csrw sepc, t0
    sret
1:  csrr a0, scause
    csrr a1, sepc
    csrr a2, stval
    call bad_trap           /* does not return */

/* The callee-saved registers, and tp, wait on the kernel's stack. */
    .globl user_run
user_run:
    addi sp, sp, -112
    sd ra, 0(sp)
    sd tp, 104(sp)
    .irp n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11
    sd s\n, 8 + 8 * \n(sp)
    .endr
    sd sp, CONTEXT_KERNEL_SP(a0)
    csrw sscratch, a0
    la t0, user_trap
    csrw stvec, t0
    ld t0, CONTEXT_PC(a0)
    csrw sepc, t0
    li t0, 0x100            /* sstatus.SPP: to U-mode */
    csrc sstatus, t0
    .irp n, 1, 2, 3, 4, 5, 6, 7, 8, 9
    ld x\n, 8 * \n(a0)
    .endr
    .irp n, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
    ld x\n, 8 * \n(a0)
    .endr
    ld a0, 80(a0)
    sret

    .balign 4
user_trap:
    csrrw a0, sscratch, a0
    .irp n, 1, 2, 3, 4, 5, 6, 7, 8, 9
    sd x\n, 8 * \n(a0)
    .endr
    .irp n, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
    sd x\n, 8 * \n(a0)
    .endr
    csrrw t0, sscratch, zero
    sd t0, 80(a0)
    csrr t0, sepc
    sd t0, CONTEXT_PC(a0)
    la t0, kernel_trap
    csrw stvec, t0
    ld sp, CONTEXT_KERNEL_SP(a0)
    .irp n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11
    ld s\n, 8 + 8 * \n(sp)
    .endr
    ld ra, 0(sp)
    ld tp, 104(sp)
    addi sp, sp, 112
    ret

    .macro probe_begins failed
    la t1, \failed
    csrw sscratch, t1
    .endm
    .globl probe_read, probe_write, probe_fetch
probe_read:
    probe_begins probe_failed
    lb t1, 0(a0)
    j probe_done
probe_write:
    probe_begins probe_failed
    lb t1, 0(a0)
    sb t1, 0(a0)
    j probe_done
probe_fetch:
    mv t2, ra
    probe_begins fetch_failed
    jalr a0
    mv ra, t2
probe_done:
    csrw sscratch, zero
    li a0, 1
    ret
fetch_failed:
    mv ra, t2
probe_failed:
    li a0, 0
    ret

    .data
first_is_here:
    .word 0

#include "../image.S"
