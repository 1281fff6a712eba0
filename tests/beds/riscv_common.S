/* SPDX-License-Identifier: MIT
 *
 * riscv_common.S: what the boot.S of the RISC-V beds share, for RV64 and RV32: macros.
 */
#if __riscv_xlen == 64
#define LX ld
#define SX sd
#define XB 8
#else
#define LX lw
#define SX sw
#define XB 4
#endif

/* struct riscv_run of riscv.h */
#define RUN_PC      0
#define RUN_ADDRESS XB
#define RUN_VALUE   (2 * XB)

/* Clear .bss, and let all modes access all of memory. */
    .macro start_hart
    csrr a0, mhartid
    bnez a0, park
    la sp, stack_top
    la t0, bss_start
    la t1, bss_end
1:  bgeu t0, t1, 2f
    SX zero, 0(t0)
    addi t0, t0, XB
    j 1b
2:  li t0, -1
    csrw pmpaddr0, t0
    li t0, 0x1f
    csrw pmpcfg0, t0
#if __riscv_xlen == 64
    li t0, 0x4000000000000000
    csrw 0x30a, t0          /* menvcfg.PBMTE; nothing without Svpbmt */
#endif
    .endm

/* What a call must preserve; and a0, the struct riscv_run. */
    .macro move_saved move
    \move ra, 0*XB(sp)
    \move s0, 1*XB(sp)
    \move s1, 2*XB(sp)
    \move s2, 3*XB(sp)
    \move s3, 4*XB(sp)
    \move s4, 5*XB(sp)
    \move s5, 6*XB(sp)
    \move s6, 7*XB(sp)
    \move s7, 8*XB(sp)
    \move s8, 9*XB(sp)
    \move s9, 10*XB(sp)
    \move s10, 11*XB(sp)
    \move s11, 12*XB(sp)
    .endm
    .macro save_registers
    addi sp, sp, -16*XB
    move_saved SX
    SX a0, 13*XB(sp)
    .endm

/* The guest's address is a1, its value a0, on RV32 with a2. From a0, the struct riscv_run. */
    .macro load_guest
    LX a1, RUN_ADDRESS(a0)
#if __riscv_xlen == 32
    lw a2, RUN_VALUE+4(a0)
#endif
    LX a0, RUN_VALUE(a0)
    .endm
/* And back, to the struct that save_registers has saved; return to whoever called. */
    .macro store_guest_and_return
    LX t0, 13*XB(sp)
    SX a0, RUN_VALUE(t0)
#if __riscv_xlen == 32
    sw a2, RUN_VALUE+4(t0)
#endif
    move_saved LX
    addi sp, sp, 16*XB
    ret
    .endm

/* The guest, within a page that may lie at any address. */
    .macro guest_code
    .globl guest_page, guest_read, guest_write, guest_fetch
guest_page:
guest_read:
    LX a0, 0(a1)
#if __riscv_xlen == 32
    lw a2, 4(a1)
#endif
    ecall
guest_write:
    SX a0, 0(a1)
#if __riscv_xlen == 32
    sw a2, 4(a1)
#endif
    ecall
guest_fetch:
    jalr a1
    li a2, 0
    ecall
    .endm
