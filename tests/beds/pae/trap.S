/* SPDX-License-Identifier: MIT
 *
 * trap.S: an access as a call, in ring 0 or 3, and the exceptions that end it.
 */
    .text
/* struct access_run (code, back, address, value, cs, ss, vector, error, cr2). Comes back, as from a
   call, with what ended the access in `vector`. */
    .globl machine_run
machine_run:
    push %ebx
    push %ebp
    push %esi
    push %edi
    mov 20(%esp), %edi
    mov %esp, run_stack
    mov 8(%edi), %esi
    mov 12(%edi), %eax
    testl $3, 16(%edi)
    jz 1f
    pushl 20(%edi)          /* to ring 3: SS */
    pushl $0                /* ESP: the code has no stack */
1:  pushl $2                /* EFLAGS */
    pushl 16(%edi)          /* CS */
    pushl (%edi)            /* EIP */
    mov 4(%edi), %edi
    iret

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

trap:
    mov run_stack, %ebx
    test %ebx, %ebx
    jz bad_trap
    mov 20(%ebx), %edi
    mov %eax, 12(%edi)
    mov (%esp), %eax
    mov %eax, 24(%edi)
    mov 4(%esp), %eax
    mov %eax, 28(%edi)
    mov %cr2, %eax
    mov %eax, 32(%edi)
    mov %ebx, %esp
    movl $0, run_stack
    pop %edi
    pop %esi
    pop %ebp
    pop %ebx
    ret

bad_trap:
    mov (%esp), %eax
    mov 8(%esp), %ecx
    mov %cr2, %edx
    push %edx
    push %ecx
    push %eax
    call machine_bad_trap

/* What is run: a page that both rings may execute, at an address of its own. esi is the address, edi
   where a fetch comes back to; an invalid instruction ends the access. */
    .balign 4096
    .globl guest_page, guest_read, guest_write, guest_fetch, guest_back
guest_page:
guest_read:
    mov (%esi), %eax
    ud2
guest_write:
    mov %eax, (%esi)
    ud2
guest_fetch:
    jmp *%esi
guest_back:
    ud2
    .balign 4096

    .section .bss
    .balign 4
run_stack: .skip 4
