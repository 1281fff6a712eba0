/* SPDX-License-Identifier: MIT
 *
 * boot.S: from QEMU's loader to bed_main in mapped address translation mode, an access as a call at
 * PLV 0 or 3, and the exceptions that end it. CSR numbers: CRMD 0x0, PRMD 0x1, ERA 0x6, EENTRY 0xc,
 * SAVE0 0x30, TLBRENTRY 0x88, DMW0 0x180, DMW1 0x181.
 */
    .section .boot, "ax"
    .globl _start
_start:
    li.d $t0, 0x0000000000000011    /* DMW0: 0x0..., coherent cached, PLV 0 */
    csrwr $t0, 0x180
    li.d $t0, 0x8000000000000001    /* DMW1: 0x8..., strongly-ordered uncached, PLV 0: registers */
    csrwr $t0, 0x181
    csrwr $zero, 0x182
    csrwr $zero, 0x183
    la.pcrel $sp, stack_top
    la.pcrel $t0, bss_start
    la.pcrel $t1, bss_end
1:  bgeu $t0, $t1, 2f
    st.d $zero, $t0, 0
    addi.d $t0, $t0, 8
    b 1b
2:  la.pcrel $t0, machine_refill
    csrwr $t0, 0x88
    la.pcrel $t0, trap
    csrwr $t0, 0xc
    csrwr $zero, 0x30
    li.w $t0, 0xb0                  /* CRMD: PG 1, DA 0, PLV 0; DATF, DATM for when DA is 1 */
    csrwr $t0, 0x0
    bl bed_main

    .text
/* a0: struct access_run (pc, plv, address, value). Comes back, as from a call, when the access has
   ended; SAVE0 is the stack pointer meanwhile, and 0 otherwise. */
    .globl machine_run
machine_run:
    addi.d $sp, $sp, -112
    st.d $ra, $sp, 0
    st.d $fp, $sp, 8
    st.d $s0, $sp, 16
    st.d $s1, $sp, 24
    st.d $s2, $sp, 32
    st.d $s3, $sp, 40
    st.d $s4, $sp, 48
    st.d $s5, $sp, 56
    st.d $s6, $sp, 64
    st.d $s7, $sp, 72
    st.d $s8, $sp, 80
    st.d $a0, $sp, 88
    move $t0, $sp
    csrwr $t0, 0x30
    ld.d $t0, $a0, 0
    csrwr $t0, 0x6
    ld.d $t0, $a0, 8
    csrwr $t0, 0x1
    ld.d $a1, $a0, 16
    ld.d $a0, $a0, 24
    ertn

    .balign 4096
trap:
    csrwr $sp, 0x30
    beqz $sp, bad_trap
    csrwr $zero, 0x30
    ld.d $t0, $sp, 88
    st.d $a0, $t0, 24
    ld.d $ra, $sp, 0
    ld.d $fp, $sp, 8
    ld.d $s0, $sp, 16
    ld.d $s1, $sp, 24
    ld.d $s2, $sp, 32
    ld.d $s3, $sp, 40
    ld.d $s4, $sp, 48
    ld.d $s5, $sp, 56
    ld.d $s6, $sp, 64
    ld.d $s7, $sp, 72
    ld.d $s8, $sp, 80
    addi.d $sp, $sp, 112
    jr $ra

bad_trap:
    la.pcrel $sp, stack_top
    bl machine_bad_trap

/* What is run: one page that both privilege levels may fetch, at an address of its own. a1 is the
   address, a0 the value. */
    .balign 16384
    .globl guest_page, guest_read, guest_write, guest_fetch
guest_page:
guest_read:
    ld.d $a0, $a1, 0
    syscall 0
guest_write:
    st.d $a0, $a1, 0
    syscall 0
guest_fetch:
    jirl $ra, $a1, 0
    syscall 0
    .balign 16384
