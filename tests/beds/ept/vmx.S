/* SPDX-License-Identifier: MIT
 *
 * vmx.S: VM entry as a call. rdi: struct guest_run (rax, rsi); rsi: whether it was launched before.
 * Returns 0 after a VM exit, 1 if there was no entry.
 */
    .text
    .globl machine_run
machine_run:
    push %rbx
    push %rbp
    push %r12
    push %r13
    push %r14
    push %r15
    push %rdi
    mov $0x6c14, %eax       /* host RSP */
    vmwrite %rsp, %rax
    lea exited(%rip), %rdx
    mov $0x6c16, %eax       /* host RIP */
    vmwrite %rdx, %rax
    test %rsi, %rsi
    mov 8(%rdi), %rsi
    mov (%rdi), %rax
    jnz 1f
    vmlaunch
    jmp 2f
1:  vmresume
2:  pop %rdi
    mov $1, %eax
    jmp 3f
exited:
    pop %rdi
    mov %rax, (%rdi)
    xor %eax, %eax
3:  pop %r15
    pop %r14
    pop %r13
    pop %r12
    pop %rbp
    pop %rbx
    ret
