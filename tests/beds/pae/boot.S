/* SPDX-License-Identifier: MIT
 *
 * boot.S: from 32-bit protected mode without paging (where QEMU's PVH entry and x86_rom.S leave off)
 * to bed_main with PAE paging: addresses are as they are, but 1 GiB from BED_HIGH on shows what is
 * at 4 GiB.
 */
    .section .boot, "ax"
    .globl x86_start
x86_start:
    cli
    cld
    mov $stack_top, %esp
    mov $bss_start, %edi
    mov $bss_end, %ecx
    sub %edi, %ecx
    xor %eax, %eax
    rep stosb

    mov $pdpt, %edi         /* four directories ... */
    mov $directories + 1, %eax
    mov $4, %ecx
1:  mov %eax, (%edi)
    add $0x1000, %eax
    add $8, %edi
    loop 1b
    mov $directories, %edi  /* ... of 2 MiB leaves */
    mov $0x83, %eax
    mov $2048, %ecx
2:  mov %eax, (%edi)
    add $0x200000, %eax
    add $8, %edi
    loop 2b
    mov $directories + (BED_HIGH >> 18), %edi
    mov $0x83, %eax
    mov $512, %ecx
3:  mov %eax, (%edi)
    movl $1, 4(%edi)
    add $0x200000, %eax
    add $8, %edi
    loop 3b

    mov $pdpt, %eax
    mov %eax, %cr3
    mov %cr4, %eax
    or $0xa0, %eax          /* PGE, PAE */
    mov %eax, %cr4
    mov $0xc0000080, %ecx
    rdmsr
    or $0x800, %eax         /* EFER: NXE */
    wrmsr
    mov %cr0, %eax
    and $~0x60000004, %eax  /* CD, NW, EM */
    or $0x80010023, %eax    /* PG, WP, NE, MP, PE */
    mov %eax, %cr0
    lgdt x86_gdtr
    ljmp $0x08, $4f
4:  mov $0x10, %eax
    mov %eax, %ss
    mov $0x23, %eax         /* ring 3's: what a return there would not leave is cleared */
    mov %eax, %ds
    mov %eax, %es
    mov $x86_tss, %eax
    movl $trap_stack_top, 4(%eax)   /* ESP0, SS0 */
    movl $0x10, 8(%eax)
    mov %ax, task_descriptor + 2
    shr $16, %eax
    mov %al, task_descriptor + 4
    mov %ah, task_descriptor + 7
    mov $0x18, %eax
    ltr %ax
    call bed_main

    .section .note.pvh, "a", @note
    .align 4
    .long 4, 4, 18          /* XEN_ELFNOTE_PHYS32_ENTRY */
    .asciz "Xen"
    .long x86_start

    .section .data
    .align 8
gdt:
    .quad 0
    .quad 0x00cf9b000000ffff    /* 08 code */
    .quad 0x00cf93000000ffff    /* 10 data */
task_descriptor:
    .quad 0x0000890000000067    /* 18 task state */
    .quad 0x00cff3000000ffff    /* 20 user data */
    .quad 0x00cffb000000ffff    /* 28 user code */
gdt_end:
    .globl x86_gdtr
x86_gdtr:
    .word gdt_end - gdt - 1
    .long gdt

    .section .bss
    .align 4096
    .globl x86_tss
directories: .skip 4 * 4096
x86_tss:     .skip 4096
             .skip 4096
trap_stack_top:
             .skip 65536
stack_top:
pdpt:        .skip 32
