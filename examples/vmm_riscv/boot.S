/* SPDX-License-Identifier: MIT
 *
 * boot.S: from reset to main(), and from there into the guest and back.
 *
 * QEMU without firmware starts every hart in M-mode at 0x80000000. Hart 0 opens all memory to the
 * lower modes, delegates all traps to HS-mode and goes there; M-mode is then only heard of again if
 * something is broken.
 */
#include "hart.h"

    .section .boot, "ax"
    .globl _start
_start:
    csrr t0, mhartid
    bnez t0, park
    la sp, stack_top
    la t0, __bss_start
    la t1, __bss_end
1:  bgeu t0, t1, 2f
    sd zero, 0(t0)
    addi t0, t0, 8
    j 1b
2:  la t0, machine_trap_entry
    csrw mtvec, t0
    li t0, -1                   /* PMP entry 0: all addresses (NAPOT) ... */
    csrw pmpaddr0, t0
    li t0, 0x1f                 /* ... may be read, written and executed */
    csrw pmpcfg0, t0
    li t0, 0xf0b5ff             /* all exceptions but ecall from HS (9) and M (11) */
    csrw medeleg, t0
    li t0, -1
    csrw mideleg, t0
    li t0, 7                    /* cycle, time, instret */
    csrw mcounteren, t0
    li t0, 0x1800               /* mstatus.MPP = S */
    csrc mstatus, t0
    li t0, 0x0800
    csrs mstatus, t0
    la t0, supervisor
    csrw mepc, t0
    mret
supervisor:
    la t0, host_trap_entry
    csrw stvec, t0
    call main                   /* does not return */
park:
    wfi
    j park

    .balign 4
machine_trap_entry:
    la sp, stack_top            /* whoever's it is now */
    csrr a0, mcause
    csrr a1, mepc
    csrr a2, mtval
    call machine_trap           /* does not return */

    .balign 4
host_trap_entry:
    la sp, stack_top
    call host_trap              /* does not return */

/*
 * void vcpu_run(struct vcpu *vcpu): looks like an ordinary call to C. The callee-saved registers
 * wait on the VMM's stack, the vCPU's address in sscratch. gp and tp are the guest's: the VMM uses
 * neither.
 */
    .text
    .globl vcpu_run
vcpu_run:
    addi sp, sp, -112
    sd ra, 0(sp)
    .irp n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11
    sd s\n, 8 + 8 * \n(sp)
    .endr
    sd sp, VCPU_HOST_SP(a0)
    csrw sscratch, a0
    la t0, guest_trap_entry
    csrw stvec, t0
    ld t0, VCPU_PC(a0)
    csrw sepc, t0
    .irp n, 1, 2, 3, 4, 5, 6, 7, 8, 9
    ld x\n, 8 * \n(a0)
    .endr
    .irp n, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
    ld x\n, 8 * \n(a0)
    .endr
    ld x10, 8 * 10(a0)
    sret

    .balign 4
guest_trap_entry:
    csrrw a0, sscratch, a0
    .irp n, 1, 2, 3, 4, 5, 6, 7, 8, 9
    sd x\n, 8 * \n(a0)
    .endr
    .irp n, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
    sd x\n, 8 * \n(a0)
    .endr
    csrr t0, sscratch
    sd t0, 8 * 10(a0)
    csrr t0, sepc
    sd t0, VCPU_PC(a0)
    la t0, host_trap_entry
    csrw stvec, t0
    ld sp, VCPU_HOST_SP(a0)
    .irp n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11
    ld s\n, 8 + 8 * \n(sp)
    .endr
    ld ra, 0(sp)
    addi sp, sp, 112
    ret

/* The guest's files, as run.sh names them. */
    .section .rodata
    .balign 8
    .globl guest_image, guest_image_end, guest_dtb, guest_dtb_end
guest_image:
    .incbin GUEST_IMAGE_FILE
guest_image_end:
    .balign 8
guest_dtb:
    .incbin GUEST_DTB_FILE
guest_dtb_end:
