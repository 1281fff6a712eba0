/* SPDX-License-Identifier: MIT
 *
 * x86_guest.S: the pages of a guest of the second stages: its code, and room for its tables. rsi is
 * the address, rax the value; HYPERCALL ends the access.
 */
    .section .data
    .balign 4096
    .globl x86_guest_pages, x86_guest_read, x86_guest_write, x86_guest_fetch
x86_guest_pages:
x86_guest_read:
    mov (%rsi), %rax
    HYPERCALL
x86_guest_write:
    mov %rax, (%rsi)
    HYPERCALL
x86_guest_fetch:
    lea 1f(%rip), %rdi
    jmp *%rsi
1:  HYPERCALL
    .balign 4096
    .skip 4 * 4096
