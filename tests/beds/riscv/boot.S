/* SPDX-License-Identifier: MIT
 *
 * boot.S: reset in M-mode to bed_main in HS-mode, the way into the guest and back, and the guest.
 */
#include "../riscv_common.S"

    .option norvc
    .section .boot, "ax"
    .globl _start
_start:
    start_hart
    la t0, bad_machine_trap
    csrw mtvec, t0
    li t0, 0xf0b5ff         /* every exception that can be delegated, to HS-mode */
    csrw medeleg, t0
    li t0, 0x1800
    csrc mstatus, t0
    li t0, 0x0800           /* MPP: S */
    csrs mstatus, t0
    la t0, supervisor
    csrw mepc, t0
    mret
park:
    wfi
    j park

    .balign 4
bad_machine_trap:
    csrr a0, mcause
    csrr a1, mepc
    csrr a2, mtval
    call machine_bad_trap

supervisor:
    la t0, trap
    csrw stvec, t0
    csrw sscratch, zero
    csrw 0x602, zero        /* hedeleg, hideleg: the guest handles nothing */
    csrw 0x603, zero
    call bed_main

    .text
/* a0: struct riscv_run. Comes back, as from a call, when the guest traps; sscratch is the stack
   pointer meanwhile, and 0 otherwise. */
    .globl machine_run
machine_run:
    save_registers
    csrw sscratch, sp
    LX t0, RUN_PC(a0)
    csrw sepc, t0
    li t0, 0x80
    csrs 0x600, t0          /* hstatus.SPV: to VS-mode ... */
    li t0, 0x100
    csrs sstatus, t0        /* ... not VU */
    load_guest
    sret

    .balign 4
trap:
    csrrw sp, sscratch, sp
    beqz sp, bad_trap
    csrw sscratch, zero
    store_guest_and_return

bad_trap:
    la sp, stack_top
    csrr a0, scause
    csrr a1, sepc
    csrr a2, stval
    call machine_bad_trap

    .balign 4096
    guest_code
    .balign 4096
