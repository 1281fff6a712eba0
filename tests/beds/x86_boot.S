/* SPDX-License-Identifier: MIT
 *
 * x86_boot.S: from 32-bit protected mode without paging (where QEMU's PVH entry and x86_rom.S leave
 * off) to bed_main in long mode, with the first 8 GiB mapped as they are. With five levels if that is
 * what the format has.
 */
#define LEVEL_COUNT_AT 8    /* in struct axaddr_format: x86.h */
    .section .boot, "ax"
    .code32
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

    movl $pml4 + 7, pml5
    movl $pdpt + 7, pml4
    mov $pdpt, %edi         /* eight directories ... */
    mov $directories + 7, %eax
    mov $8, %ecx
1:  mov %eax, (%edi)
    add $0x1000, %eax
    add $8, %edi
    loop 1b
    mov $directories, %edi  /* ... of 2 MiB leaves */
    xor %edx, %edx
    mov $0x87, %eax
    mov $4096, %ecx
2:  mov %eax, (%edi)
    mov %edx, 4(%edi)
    add $0x200000, %eax
    adc $0, %edx
    add $8, %edi
    loop 2b

    mov $pml4, %eax
    mov %cr4, %ecx
    or $0x620, %ecx         /* PAE, OSFXSR, OSXMMEXCPT */
    mov x86_boot_format, %edx
    cmpb $5, LEVEL_COUNT_AT(%edx)
    jne 3f
    mov $pml5, %eax
    or $0x1000, %ecx        /* LA57 */
3:  mov %eax, %cr3
    mov %ecx, %cr4
    mov $0xc0000080, %ecx
    rdmsr
    or $0x900, %eax         /* EFER: LME, NXE */
    wrmsr
    mov %cr0, %eax
    and $~0x60000004, %eax  /* CD, NW, EM */
    or $0x80010023, %eax    /* PG, WP, NE, MP, PE */
    mov %eax, %cr0
    lgdt x86_gdtr
    ljmp $0x08, $long_mode

    .code64
long_mode:
    mov $0x10, %eax
    mov %eax, %ds
    mov %eax, %es
    mov %eax, %ss
    mov %eax, %fs
    mov %eax, %gs
    mov $stack_top, %rsp
    lea x86_tss(%rip), %rax
    lea tss_descriptor(%rip), %rdi
    mov %ax, 2(%rdi)
    shr $16, %rax
    mov %al, 4(%rdi)
    mov %ah, 7(%rdi)
    mov $0x18, %eax
    ltr %ax
    call bed_main

    .section .note.pvh, "a", @note
    .align 4
    .long 4, 4, 18          /* XEN_ELFNOTE_PHYS32_ENTRY */
    .asciz "Xen"
    .long x86_start

    .section .data
    .align 16
gdt:
    .quad 0
    .quad 0x00af9b000000ffff    /* 08 code */
    .quad 0x00cf93000000ffff    /* 10 data */
tss_descriptor:
    .quad 0x0000890000000067, 0 /* 18 task state */
    .quad 0x00cff3000000ffff    /* 28 user data */
    .quad 0x00affb000000ffff    /* 30 user code */
gdt_end:
    .globl x86_gdtr
x86_gdtr:
    .word gdt_end - gdt - 1
    .quad gdt

    .section .bss
    .align 4096
    .globl x86_tss
pml5:        .skip 4096
pml4:        .skip 4096
pdpt:        .skip 4096
directories: .skip 8 * 4096
x86_tss:     .skip 4096
             .skip 65536
stack_top:
