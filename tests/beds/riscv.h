/* SPDX-License-Identifier: MIT
 *
 * riscv.h: what the RISC-V beds share, for RV64 and RV32: registers, QEMU's "virt" board, how the
 * guest's code (riscv_common.S) is run.
 */
#ifndef BED_RISCV_H
#define BED_RISCV_H

#include "bed.h"

/** What boot.S runs: the guest's code at `pc`, for `address`, until it comes back. */
struct riscv_run {
    uintptr_t pc;
    uintptr_t address;
    uint64_t value; /**< what is written; then what was read, or returned by a call */
};
void machine_run(struct riscv_run *run);
void machine_bad_trap(uintptr_t cause, uintptr_t pc, uintptr_t value);
extern const char guest_page[], guest_read[], guest_write[], guest_fetch[];

/* Registers by their numbers, as assemblers without the extension do not know their names. */
#define RISCV_SSTATUS       0x100
#define RISCV_STVEC         0x105
#define RISCV_SCAUSE        0x142
#define RISCV_STVAL         0x143
#define RISCV_SATP          0x180
#define RISCV_VSATP         0x280
#define RISCV_HTVAL         0x643
#define RISCV_HTINST        0x64a
#define RISCV_HGATP         0x680
#define RISCV_READ(csr)     RISCV_READ_(csr)
#define RISCV_WRITE(csr, v) RISCV_WRITE_(csr, v)
#define RISCV_READ_(csr)                                                                           \
    __extension__({                                                                                \
        uintptr_t csr_value_;                                                                      \
        __asm__ volatile("csrr %0, " #csr : "=r"(csr_value_)::"memory");                           \
        csr_value_;                                                                                \
    })
#define RISCV_WRITE_(csr, v) __asm__ volatile("csrw " #csr ", %0" ::"r"((uintptr_t)(v)) : "memory")

#define RISCV_UART UINT64_C(0x10000000)
#define RISCV_TEST UINT64_C(0x00100000) /* "sifive_test": ends the run */
#define RISCV_POOL UINT64_C(0x90000000)
/** RAM is 0x80000000 to 0x13fffffff, or to the end of 32 bits: QEMU 7.2 cuts the 34 of RV32. */
#if __riscv_xlen == 64
#define RISCV_PROBE       UINT64_C(0x100000000)
#define RISCV_OUTPUT_BITS 56
#else
#define RISCV_PROBE       UINT64_C(0xc0000000)
#define RISCV_OUTPUT_BITS 32
#endif

static inline void riscv_put(char c) {
    *(volatile uint8_t *)bed_at(RISCV_UART) = (uint8_t)c;
}

static inline void __attribute__((noreturn)) riscv_exit(unsigned status) {
    *(volatile uint32_t *)bed_at(RISCV_TEST) = status == 0 ? 0x5555 : status << 16 | 0x3333;
    for (;;) {
    }
}

static inline void __attribute__((noreturn))
riscv_bad_trap(uintptr_t cause, uintptr_t pc, uintptr_t value) {
    bed_print("trap outside the guest at ");
    bed_print_hex(pc);
    bed_print(", value ");
    bed_print_hex(value);
    bed_print("\n");
    bed_stop("cause", cause);
}

/** The guest's page at `address`, with more flags than those that it needs. */
static inline struct bed_fixture riscv_guest_at(uint64_t address, uint32_t more) {
    struct bed_fixture guest = {address, (uintptr_t)guest_page, BED_PAGE_SIZE,
                                AXADDR_READ | AXADDR_EXECUTE | more};

    return guest;
}

/** Run the code for an access, in the guest's page at `at`. */
static inline uint64_t riscv_run_access(uint64_t at, uint64_t address, uint32_t access,
                                        uint64_t value) {
    const char *code = (access & AXADDR_READ) != 0    ? guest_read
                       : (access & AXADDR_WRITE) != 0 ? guest_write
                                                      : guest_fetch;
    struct riscv_run run = {0, (uintptr_t)address, value};

    run.pc = (uintptr_t)at + (uintptr_t)(code - guest_page);
    machine_run(&run);
    return run.value;
}

static inline void riscv_write_code(void *at, uint32_t value) {
    volatile uint32_t *code = at;

    code[0] = 0x00000537 | ((value + 0x800) & 0xfffff000); /* lui a0, upper */
    code[1] = 0x00050513 | (value & 0xfff) << 20;          /* addi a0, a0, lower */
    code[2] = 0x00008067;                                  /* ret */
    __asm__ volatile("fence.i" ::: "memory");
}

#endif /* BED_RISCV_H */
