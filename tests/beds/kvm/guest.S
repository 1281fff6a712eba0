/* SPDX-License-Identifier: MIT
 *
 * guest.S: two pages of code that are copied into the guest's memory. guest_page makes the accesses,
 * in ring 0 or 3, at an address of its own; guest_kernel does what struct guest_run says, and writes
 * there what came of it.
 */
#include "guest.h"

    .section .rodata
    .balign 4096
    .globl guest_page, guest_read, guest_write, guest_fetch, guest_kernel, guest_vectors
/* rsi is the address, rax the value; an invalid instruction ends the access. */
guest_page:
guest_read:
    mov (%rsi), %rax
    ud2
guest_write:
    mov %rax, (%rsi)
    ud2
guest_fetch:
    lea 1f(%rip), %rdi
    jmp *%rsi
1:  ud2

    .balign 4096
guest_kernel:
    out %al, $GUEST_PORT    /* the process fills in what to do */
    mov $GUEST_RUN, %edi
    mov $GUEST_STACK, %esp
    mov RUN_ADDRESS(%rdi), %rsi
    mov RUN_COMMAND(%rdi), %rax
    cmp $COMMAND_TOUCH, %rax
    je 1f
    cmp $COMMAND_INVLPG, %rax
    je 3f
    cmp $COMMAND_RELOAD_CR3, %rax
    je 4f
    cmp $COMMAND_TOGGLE_PGE, %rax
    je 5f
    mov RUN_VALUE(%rdi), %rax
    pushq RUN_SS(%rdi)
    pushq $0                /* RSP: the code has no stack */
    pushq $2                /* RFLAGS */
    pushq RUN_CS(%rdi)
    pushq RUN_CODE(%rdi)
    iretq
1:  mov RUN_COUNT(%rdi), %rcx
2:  mov RUN_WORDS-8(%rdi,%rcx,8), %rsi
    mov (%rsi), %rax
    mov %rax, (%rsi)
    dec %rcx
    jnz 2b
    jmp guest_kernel
3:  invlpg (%rsi)
    jmp guest_kernel
4:  mov %cr3, %rax
    mov %rax, %cr3
    jmp guest_kernel
5:  mov %cr4, %rax
    xor $0x80, %rax
    mov %rax, %cr4
    xor $0x80, %rax
    mov %rax, %cr4
    jmp guest_kernel

/* Every vector: push an error code where the processor pushes none, and the number. All of them come
   on GUEST_STACK, by IST 1. */
    .altmacro
    .macro entry number
    .balign 16
    .if (\number == 8) || ((\number >= 10) && (\number <= 14)) || (\number == 17)
    nop
    nop
    .else
    push $0
    .endif
    push $\number
    jmp trap
    .endm

    .balign 16
guest_vectors:
    .set number, 0
    .rept 32
    entry %number
    .set number, number + 1
    .endr

trap:
    mov $GUEST_RUN, %edi
    mov %rax, RUN_VALUE(%rdi)
    pop %rax
    mov %rax, RUN_VECTOR(%rdi)
    pop %rax
    mov %rax, RUN_ERROR(%rdi)
    mov %cr2, %rax
    mov %rax, RUN_CR2(%rdi)
    jmp guest_kernel
    .balign 4096

    .section .note.GNU-stack, "", @progbits
