/* SPDX-License-Identifier: MIT
 *
 * image.S: included by boot.S: the users' programs as run.sh has built them, and the stacks.
 */
    .section .rodata
    .balign 4096
    .globl user_image, user_image_end
user_image:
    .incbin USER_IMAGE_FILE
    .balign 4096
user_image_end:

    .bss
    .balign 4096
stacks:
    .skip 0x8000
