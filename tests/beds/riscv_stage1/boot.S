/* SPDX-License-Identifier: MIT
 *
 * boot.S: reset to bed_main in M-mode, the way to S- or U-mode and back, and what runs there.
 */
#include "../riscv_common.S"

    .option norvc
    .section .boot, "ax"
    .globl _start
_start:
    start_hart
    la t0, trap
    csrw mtvec, t0
    csrw mscratch, zero
    li t0, 0xb000           /* page faults are for S-mode, to be seen as it sees them */
    csrw medeleg, t0
    call bed_main
park:
    wfi
    j park

    .text
/* a0: struct riscv_run, to be run in the mode of mstatus.MPP. Comes back, as from a call, with what
   is taken to M-mode; mscratch is the stack pointer meanwhile, and 0 otherwise. */
    .globl machine_run
machine_run:
    save_registers
    csrw mscratch, sp
    LX t0, RUN_PC(a0)
    csrw mepc, t0
    load_guest
    mret

    .balign 4
trap:
    csrrw sp, mscratch, sp
    beqz sp, bad_trap
    csrw mscratch, zero
    store_guest_and_return

bad_trap:
    la sp, stack_top
    csrr a0, mcause
    csrr a1, mepc
    csrr a2, mtval
    call machine_bad_trap

/* Where S-mode's faults go to is in the page as well. */
    .balign 4096
    guest_code
    .balign 4
    .globl guest_vector
guest_vector:
    ecall
    .balign 4096
