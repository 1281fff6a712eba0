/* SPDX-License-Identifier: MIT
 *
 * x86_rom.S: 256 KiB at the top of 4 GiB: the bed as a flat binary, and the way from the reset vector
 * to where QEMU's PVH entry would be: 32-bit protected mode, the bed at 1 MiB.
 */
    .section .payload, "a"
payload:
    .incbin "payload.bin"
payload_end:

    .section .stub, "ax"
    .code16
stub16:
    cli
    lgdtl %cs:(stub_gdtr - 0xffff0000)
    mov %cr0, %eax
    or $1, %al
    mov %eax, %cr0
    ljmpl $0x08, $stub32
    .code32
stub32:
    mov $0x10, %eax
    mov %eax, %ds
    mov %eax, %es
    mov %eax, %ss
    cld
    mov $payload, %esi
    mov $0x100000, %edi
    mov $(payload_end - payload + 3), %ecx
    shr $2, %ecx
    rep movsl
    mov $x86_start, %eax
    jmp *%eax
    .align 8
stub_gdt:
    .quad 0, 0x00cf9b000000ffff, 0x00cf93000000ffff
stub_gdtr:
    .word 23
    .long stub_gdt

    .section .reset, "ax"
    .code16
    .byte 0xe9              /* jmp, 16 bits */
    .word stub16 - (. + 2)
    .skip 13, 0x90
