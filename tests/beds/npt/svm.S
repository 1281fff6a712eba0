/* SPDX-License-Identifier: MIT
 *
 * svm.S: VMRUN as a call. rdi: struct guest_run (vmcb, rsi); the guest's rax is in the VMCB.
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
    mov (%rdi), %rax
    mov 8(%rdi), %rsi
    vmload %rax
    vmrun %rax
    vmsave %rax
    pop %r15
    pop %r14
    pop %r13
    pop %r12
    pop %rbp
    pop %rbx
    ret
