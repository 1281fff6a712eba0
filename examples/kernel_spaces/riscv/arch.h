/* SPDX-License-Identifier: MIT
 *
 * riscv/arch.h: RISC-V, Sv39: the kernel is in S-mode, on QEMU's `virt` board with OpenSBI below
 * it. Manuals: RISC-V privileged architecture; RISC-V SBI: "HSM", "SRST".
 */
#ifndef KERNEL_SPACES_RISCV_ARCH_H
#define KERNEL_SPACES_RISCV_ARCH_H

#include "axaddr_arch/riscv_switch.h"

#define ARCH_FORMAT        axaddr_riscv_sv39
#define KERNEL_OFFSET      UINT64_C(0xffffffc000000000)
#define SPACE_BITS         UINT64_MAX
#define KERNEL_FIRST       KERNEL_OFFSET
#define KERNEL_SIZE        (UINT64_C(1) << 38)
#define KERNEL_SHARED      (UINT64_C(4) << 30)
#define RAM_START          UINT64_C(0x80000000)
#define UART_PHYSICAL      UINT64_C(0x10000000) /* 16550 */
#define LATER_PHYSICAL     UINT64_C(0x10001000)
#define RETURN_INSTRUCTION UINT32_C(0x00008067)

/** boot.S knows these places. */
struct context {
    uint64_t x[32]; /**< x[0] is not used */
    uint64_t pc;
    uint64_t kernel_sp; /**< the kernel's stack while the user runs */
};

enum { REG_SP = 2, REG_A0 = 10, REG_A1 = 11, REG_A7 = 17 };

static inline void context_init(struct context *context, uint64_t pc, uint64_t sp, uint64_t first,
                                uint64_t second) {
    *context = (struct context){.pc = pc};
    context->x[REG_SP] = sp;
    context->x[REG_A0] = first;
    context->x[REG_A1] = second;
}

static inline uint64_t call_number(const struct context *context) {
    return context->x[REG_A7];
}

static inline uint64_t call_argument(const struct context *context, unsigned which) {
    return context->x[REG_A0 + which];
}

static inline void call_return(struct context *context, uint64_t result) {
    context->x[REG_A0] = result;
}

#define USER_START "call user_main\n li a7, 3\n ecall\n"

static inline uint64_t user_call(uint64_t number, uint64_t first, uint64_t second) {
    register uint64_t a0 __asm__("a0") = first;
    register uint64_t a1 __asm__("a1") = second;
    register uint64_t a7 __asm__("a7") = number;

    __asm__ volatile("ecall" : "+r"(a0) : "r"(a1), "r"(a7) : "memory");
    return a0;
}

static inline void user_sync_code(void) {
    __asm__ volatile("fence.i" ::: "memory");
}

/** What the user stopped at; after a call it goes on behind it. */
static inline struct trap trap_of(struct context *context) {
    struct trap trap = {TRAP_OTHER, axaddr_gva(0), 0, 0};
    struct axaddr_riscv_page_fault fault;
    uint64_t stval, sstatus;

    __asm__ volatile("csrr %0, scause" : "=r"(trap.cause));
    __asm__ volatile("csrr %0, stval" : "=r"(stval));
    __asm__ volatile("csrr %0, sstatus" : "=r"(sstatus));
    if (trap.cause == 8) { /* environment call from U-mode */
        trap.kind = TRAP_CALL;
        context->pc += 4;
    } else if (axaddr_riscv_stage1_decode(trap.cause, stval, sstatus, &fault) == AXADDR_OK) {
        trap.kind = TRAP_FAULT;
        trap.at = fault.gva;
        trap.access = fault.access;
    }
    return trap;
}

/** The hart's number: boot.S puts it into tp. */
static inline unsigned this_cpu(void) {
    uint64_t tp;

    __asm__("mv %0, tp" : "=r"(tp));
    return (unsigned)tp;
}

static inline void uart_put(char character) {
    volatile uint8_t *uart = (volatile uint8_t *)(KERNEL_OFFSET + UART_PHYSICAL);

    while ((uart[5] & 0x20) == 0) { /* line status: can transmit */
    }
    uart[0] = (uint8_t)character;
}

/* ---- roots ---- */

/** Only with arguments that the format's own tables make true. */
static inline uint64_t satp_of(axaddr_hpa_t root, uint32_t asid) {
    uint64_t satp = 0;

    (void)!axaddr_riscv_stage1_satp(&ARCH_FORMAT, root, asid, &satp);
    return satp;
}

#define arch_turn_on(roots) axaddr_riscv_stage1_turn_on(satp_of((roots)->lower, 0))

/** Go on with another root for the kernel's half: from now on this CPU has no user. */
static inline enum axaddr_status use_kernel(axaddr_hpa_t root, const struct early_roots *early) {
    (void)early;
    return axaddr_riscv_stage1_turn_on(satp_of(root, 0));
}

static inline void use_user(axaddr_hpa_t root, uint32_t asid, enum axaddr_vmid_entry entry) {
    axaddr_riscv_stage1_switch(satp_of(root, asid), entry);
}

#define leave_user(kernel_root, early) use_user(kernel_root, 0, AXADDR_VMID_READY)

static inline uint32_t loaded_asid(void) {
    return (uint32_t)(axaddr_riscv_read_satp(0) >> 44) & 0xffff;
}

static inline unsigned asid_bits(void) {
    return axaddr_riscv_asid_bits();
}

/** CPU numbers are hart numbers. The SBI has the others do it. */
static inline enum axaddr_status flush_cpus(const struct axaddr_flush *plan, bool is_kernel) {
    return axaddr_riscv_stage1_flush_harts(plan, is_kernel, false, 0);
}

/* ---- firmware ---- */

static inline uint64_t sbi_call(uint64_t extension, uint64_t function, uint64_t first,
                                uint64_t second, uint64_t third) {
    register uint64_t a0 __asm__("a0") = first;
    register uint64_t a1 __asm__("a1") = second;
    register uint64_t a2 __asm__("a2") = third;
    register uint64_t a6 __asm__("a6") = function;
    register uint64_t a7 __asm__("a7") = extension;

    __asm__ volatile("ecall" : "+r"(a0), "+r"(a1) : "r"(a2), "r"(a6), "r"(a7) : "memory");
    return a0;
}

static inline bool start_cpu(unsigned cpu, uint64_t start) {
    return sbi_call(0x48534d, 0, cpu, start, 0) == 0;
}

static inline void stop_cpu(void) {
    (void)sbi_call(0x48534d, 1, 0, 0, 0);
}

static inline void power_off(void) {
    (void)sbi_call(0x53525354, 0, 0, 0, 0);
}

#endif /* KERNEL_SPACES_RISCV_ARCH_H */
