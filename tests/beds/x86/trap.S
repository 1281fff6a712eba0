/* SPDX-License-Identifier: MIT
 *
 * trap.S: an access as a call, in ring 0 or 3, and the exceptions that end it.
 */
    .text
/* rdi: struct access_run (code, address, value, cs, ss, vector, error, cr2). Comes back, as from a
   call, with what ended the access in `vector`. */
    .globl machine_run
machine_run:
    push %rbx
    push %rbp
    push %r12
    push %r13
    push %r14
    push %r15
    push %rdi
    mov %rsp, run_stack(%rip)
    mov 8(%rdi), %rsi
    mov 16(%rdi), %rax
    pushq 32(%rdi)          /* SS */
    pushq $0                /* RSP: the code has no stack */
    pushq $2                /* RFLAGS */
    pushq 24(%rdi)          /* CS */
    pushq (%rdi)            /* RIP */
    iretq

/* Every vector: push an error code where the processor pushes none, and the number. */
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
    .globl machine_vectors
machine_vectors:
    .set number, 0
    .rept 32
    entry %number
    .set number, number + 1
    .endr

/* Exceptions come on the stack of IST 1, so a bad access in ring 0 finds one, too. */
trap:
    mov run_stack(%rip), %rbx
    test %rbx, %rbx
    jz bad_trap
    mov (%rbx), %rdi
    mov %rax, 16(%rdi)
    mov (%rsp), %rax
    mov %rax, 40(%rdi)
    mov 8(%rsp), %rax
    mov %rax, 48(%rdi)
    mov %cr2, %rax
    mov %rax, 56(%rdi)
    mov %rbx, %rsp
    movq $0, run_stack(%rip)
    mov $0x10, %eax
    mov %eax, %ss
    mov %eax, %ds
    mov %eax, %es
    pop %rdi
    pop %r15
    pop %r14
    pop %r13
    pop %r12
    pop %rbp
    pop %rbx
    ret

bad_trap:
    mov (%rsp), %rdi
    mov 16(%rsp), %rsi
    mov %cr2, %rdx
    and $~15, %rsp
    call machine_bad_trap

/* What is run: a page that both rings may execute, at an address of its own. rsi is the address; an
   invalid instruction ends the access. */
    .balign 4096
    .globl guest_page, guest_read, guest_write, guest_fetch
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

    .section .bss
    .balign 8
run_stack: .skip 8
