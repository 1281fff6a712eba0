/* SPDX-License-Identifier: MIT
 *
 * boot.S: reset in M-mode to bed_main in HS-mode; the accesses to a guest's memory by the bed, which
 * may trap: to `trap`, which goes on behind them; and by the guest, of which each one traps in the
 * end: to `guest_trap`.
 */
#include "../riscv_common.S"

    .option norvc
    .section .boot, "ax"
    .globl _start
_start:
    start_hart
    la t0, bad_trap_m
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
bad_trap_m:
    csrr a0, mcause
    csrr a1, mepc
    csrr a2, mtval
    call machine_bad_trap

supervisor:
    la t0, trap
    csrw stvec, t0
    csrw 0x602, zero        /* hedeleg: the guest handles nothing */
    call bed_main

    .text
/* uint64_t walk_...(uint64_t address, uint64_t *value): the cause of the trap + 1, or 0. The
   instructions by number, as assemblers without the extension do not know their names. */
    .macro access name instruction
    .globl \name
\name:
    ld a3, 0(a1)
    li a2, 0
    .word \instruction
    sd a3, 0(a1)
    mv a0, a2
    ret
    .endm
accesses:
    access walk_load 0x6c0546f3     /* hlv.d a3, (a0) */
    access walk_store 0x6ed54073    /* hsv.d a3, (a0) */
accesses_end:

    .balign 4
trap:
    csrr t0, sepc
    la t1, accesses
    bltu t0, t1, bad_trap
    la t1, accesses_end
    bgeu t0, t1, bad_trap
    addi t0, t0, 4
    csrw sepc, t0
    csrr a2, scause
    addi a2, a2, 1
    sret

/* uint64_t walk_guest(uint64_t pc, uint64_t address, uint64_t *value, uint64_t is_user): the cause + 1
   of what ends it. sscratch is the stack pointer meanwhile. */
    .globl walk_guest
walk_guest:
    save_registers
    sd a2, 14*XB(sp)
    csrw sscratch, sp
    la t0, guest_trap
    csrw stvec, t0
    csrw sepc, a0
    li t0, 0x80
    csrs 0x600, t0          /* hstatus.SPV: to VS-mode, ... */
    li t0, 0x100
    csrs sstatus, t0
    beqz a3, 1f
    csrc sstatus, t0        /* ... or VU */
1:  ld a0, 0(a2)
    sret

    .balign 4
guest_trap:
    csrrw sp, sscratch, sp
    la t0, trap
    csrw stvec, t0
    ld t0, 14*XB(sp)
    sd a0, 0(t0)
    move_saved LX
    addi sp, sp, 16*XB
    csrr a0, scause
    addi a0, a0, 1
    ret

bad_trap:
    la sp, stack_top
    csrr a0, scause
    csrr a1, sepc
    csrr a2, stval
    call machine_bad_trap

/* The guest's own code, in its page. */
    .balign 4096
    guest_code
    .balign 4096
