/* SPDX-License-Identifier: MIT
 *
 * boot.S: reset in M-mode to bed_main in HS-mode, the way into the guest and back, and the guest.
 */
    .option norvc
    .section .boot, "ax"
    .globl _start
_start:
    csrr a0, mhartid
    bnez a0, park
    la sp, stack_top
    la t0, bss_start
    la t1, bss_end
1:  bgeu t0, t1, 2f
    sd zero, 0(t0)
    addi t0, t0, 8
    j 1b
2:  la t0, bad_machine_trap
    csrw mtvec, t0
    li t0, -1
    csrw pmpaddr0, t0       /* all of memory, for all modes */
    li t0, 0x1f
    csrw pmpcfg0, t0
    li t0, 0xf0b5ff         /* every exception that can be delegated, to HS-mode */
    csrw medeleg, t0
    li t0, 0x4000000000000000
    csrw 0x30a, t0          /* menvcfg.PBMTE; nothing without Svpbmt */
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
/* a0: struct guest_run. Comes back, as from a call, when the guest traps; sscratch is the stack
   pointer meanwhile, and 0 otherwise. */
    .globl machine_run
machine_run:
    addi sp, sp, -128
    sd ra, 0(sp)
    sd s0, 8(sp)
    sd s1, 16(sp)
    sd s2, 24(sp)
    sd s3, 32(sp)
    sd s4, 40(sp)
    sd s5, 48(sp)
    sd s6, 56(sp)
    sd s7, 64(sp)
    sd s8, 72(sp)
    sd s9, 80(sp)
    sd s10, 88(sp)
    sd s11, 96(sp)
    sd a0, 104(sp)
    csrw sscratch, sp
    ld t0, 0(a0)
    csrw sepc, t0
    li t0, 0x80
    csrs 0x600, t0          /* hstatus.SPV: to VS-mode ... */
    li t0, 0x100
    csrs sstatus, t0        /* ... not VU */
    ld a1, 16(a0)
    ld a0, 8(a0)
    sret

    .balign 4
trap:
    csrrw sp, sscratch, sp
    beqz sp, bad_trap
    csrw sscratch, zero
    ld t0, 104(sp)
    sd a0, 8(t0)
    ld ra, 0(sp)
    ld s0, 8(sp)
    ld s1, 16(sp)
    ld s2, 24(sp)
    ld s3, 32(sp)
    ld s4, 40(sp)
    ld s5, 48(sp)
    ld s6, 56(sp)
    ld s7, 64(sp)
    ld s8, 72(sp)
    ld s9, 80(sp)
    ld s10, 88(sp)
    ld s11, 96(sp)
    addi sp, sp, 128
    ret

bad_trap:
    la sp, stack_top
    csrr a0, scause
    csrr a1, sepc
    csrr a2, stval
    call machine_bad_trap

/* The guest: one page that may lie at any guest-physical address. a1 is the address, a0 the value. */
    .balign 4096
    .globl guest_page, guest_read, guest_write, guest_fetch
guest_page:
guest_read:
    ld a0, 0(a1)
    ecall
guest_write:
    sd a0, 0(a1)
    ecall
guest_fetch:
    jalr a1
    ecall
    .balign 4096
