/* SPDX-License-Identifier: MIT
 *
 * arm.h: what the beds of 32-bit Arm have in common: QEMU's "virt" board, with the bed in Hyp mode,
 * whose own MMU is off. Semihosting ends the run with a status.
 */
#ifndef BED_ARM_H
#define BED_ARM_H

#include "../bed.h"

/** boot.S: run the guest at `pc` with r0 and r1 as given, until it comes back to Hyp mode. */
struct arm_run {
    uint32_t pc;
    uint32_t r0;
    uint32_t r1;
    uint32_t spsr;
};
void machine_run(struct arm_run *run);
void machine_bad_trap(uint32_t hsr, uint32_t pc, uint32_t address);
extern const char guest_page[], guest_read[], guest_write[], guest_fetch[], guest_vectors[];
extern uint64_t guest_table[];

/* CP15 registers, by opc1, CRn, CRm, opc2. */
#define ARM_READ(opc1, crn, crm, opc2)                                                             \
    __extension__({                                                                                \
        uint32_t arm_value_;                                                                       \
        __asm__ volatile("mrc p15, " #opc1 ", %0, " #crn ", " #crm ", " #opc2                      \
                         : "=r"(arm_value_)::"memory");                                            \
        arm_value_;                                                                                \
    })
#define ARM_WRITE(opc1, crn, crm, opc2, value)                                                     \
    __asm__ volatile("mcr p15, " #opc1 ", %0, " #crn ", " #crm ", " #opc2                          \
                     "\n\tisb" ::"r"((uint32_t)(value))                                            \
                     : "memory")
/** TTBR0 (opc1 0) and VTTBR (6), of 64 bits. */
#define ARM_WRITE_TTBR(opc1, value)                                                                \
    __asm__ volatile("mcrr p15, " #opc1 ", %0, %1, c2\n\tisb" ::"r"((uint32_t)(value)),            \
                     "r"((uint32_t)((value) >> 32))                                                \
                     : "memory")

#define ARM_UART        UINT32_C(0x09000000)
#define ARM_PROBE       UINT64_C(0x80000000) /* RAM is 0x40000000 to 0xbfffffff */
#define ARM_POOL        UINT64_C(0x50000000)
#define ARM_OUTPUT_BITS 40
#define ARM_SPSR_SVC    UINT32_C(0x1d3) /* all interrupts masked */
#define ARM_SPSR_USR    UINT32_C(0x1d0)
#define ARM_HVC         0x12u /* HSR.EC */

static inline void arm_put(char c) {
    *(volatile uint32_t *)(uintptr_t)ARM_UART = (uint8_t)c;
}

/** Semihosting: SYS_EXIT_EXTENDED (0x20) with ADP_Stopped_ApplicationExit. */
static inline void __attribute__((noreturn)) arm_exit(unsigned status) {
    uint32_t block[2] = {0x20026, status};
    register uint32_t r0 __asm__("r0") = 0x20;
    register uint32_t r1 __asm__("r1") = (uintptr_t)block;

    __asm__ volatile("svc #0x123456" ::"r"(r0), "r"(r1) : "memory");
    for (;;) {
    }
}

static inline void arm_bad_trap(uint32_t hsr, uint32_t pc, uint32_t address) {
    bed_print("trap in Hyp mode at ");
    bed_print_hex(pc);
    bed_print(", address ");
    bed_print_hex(address);
    bed_print("\n");
    bed_stop("HSR", hsr);
}

/** The guest's code for an access, as an offset in its page. */
static inline uint32_t arm_code_for(uint32_t access) {
    const char *code = (access & AXADDR_READ) != 0    ? guest_read
                       : (access & AXADDR_WRITE) != 0 ? guest_write
                                                      : guest_fetch;

    return (uint32_t)(code - guest_page);
}

static inline void arm_write_code(void *at, uint32_t value) {
    volatile uint32_t *code = at;
    uint32_t low = value & 0xffff;
    uint32_t high = value >> 16;

    code[0] = 0xe3000000 | (low >> 12) << 16 | (low & 0xfff);   /* movw r0, #low */
    code[1] = 0xe3400000 | (high >> 12) << 16 | (high & 0xfff); /* movt r0, #high */
    code[2] = 0xe12fff1e;                                       /* bx lr */
    __asm__ volatile("dsb ish" ::: "memory");
    ARM_WRITE(0, c7, c1, 0, 0); /* ICIALLUIS */
    __asm__ volatile("dsb ish\n\tisb" ::: "memory");
}

#endif /* BED_ARM_H */
