/* SPDX-License-Identifier: MIT
 *
 * guest.h: the guest's memory, and what it shares with the process.
 */
#ifndef BED_KVM_GUEST_H
#define BED_KVM_GUEST_H

#define GUEST_MEMORY 0x20000000 /* its pages: guest_page, guest_kernel, and two of data */
#define GUEST_KERNEL 0x20001000
#define GUEST_TABLES 0x20002000 /* IDT; GDT from 800H on, TSS from C00H on */
#define GUEST_RUN    0x20003000 /* struct guest_run; the stack is at the page's end */
#define GUEST_STACK  0x20004000
#define GUEST_PORT   0x10

/* Where the members of struct guest_run are. */
#define RUN_COMMAND 0
#define RUN_CODE    8
#define RUN_ADDRESS 16
#define RUN_VALUE   24
#define RUN_CS      32
#define RUN_SS      40
#define RUN_VECTOR  48
#define RUN_ERROR   56
#define RUN_CR2     64
#define RUN_COUNT   72
#define RUN_WORDS   80

/* Its commands; what is touched are the first RUN_COUNT of RUN_WORDS. */
#define COMMAND_ACCESS     0
#define COMMAND_TOUCH      1
#define COMMAND_INVLPG     2
#define COMMAND_RELOAD_CR3 3
#define COMMAND_TOGGLE_PGE 4

#endif /* BED_KVM_GUEST_H */
