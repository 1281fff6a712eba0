/* SPDX-License-Identifier: MIT
 *
 * aarch64.h: what the AArch64 beds share: registers, QEMU's "virt" board, how the guest's code
 * (aarch64_common.S) is run. Semihosting ends the run with a status.
 */
#ifndef BED_AARCH64_H
#define BED_AARCH64_H

#include "bed.h"

/** What boot.S runs: the guest from `pc` on with x0 and x1 as given, until it comes back. */
struct aarch64_run {
    uint64_t pc;
    uint64_t value;   /**< x0: what is written; then what was read, or returned by a call */
    uint64_t address; /**< x1 */
    uint64_t spsr;
};
void machine_run(struct aarch64_run *run);
void machine_bad_trap(uint64_t esr, uint64_t elr, uint64_t far);
extern const char guest_page[], guest_read[], guest_write[], guest_fetch[], guest_vectors[];

#define AARCH64_READ(name, to) __asm__ volatile("mrs %0, " #name : "=r"(to))
#define AARCH64_WRITE(name, value)                                                                 \
    __asm__ volatile("msr " #name ", %0\n\tisb" ::"r"((uint64_t)(value)) : "memory")

#define AARCH64_UART       UINT64_C(0x09000000)
#define AARCH64_PROBE      UINT64_C(0x100000000) /* RAM is 0x40000000 to 0x13fffffff */
#define AARCH64_POOL       UINT64_C(0x50000000)
#define AARCH64_GUEST_SIZE UINT64_C(0x10000) /* a page of the largest granule */
/* All interrupts masked; a level's own stack pointer. */
#define AARCH64_SPSR_EL0   UINT64_C(0x3c0)
#define AARCH64_SPSR_EL1   UINT64_C(0x3c5)
#define AARCH64_SPSR_EL2   UINT64_C(0x3c9)

static inline void aarch64_put(char c) {
    *(volatile uint32_t *)bed_at(AARCH64_UART) = (uint8_t)c;
}

/** Semihosting: SYS_EXIT (0x18) with ADP_Stopped_ApplicationExit. */
static inline void __attribute__((noreturn)) aarch64_exit(unsigned status) {
    uint64_t block[2] = {0x20026, status};
    register uint64_t x0 __asm__("x0") = 0x18;
    register uint64_t x1 __asm__("x1") = (uintptr_t)block;

    __asm__ volatile("hlt #0xf000" ::"r"(x0), "r"(x1) : "memory");
    for (;;) {
    }
}

static inline void __attribute__((noreturn))
aarch64_bad_trap(uint64_t esr, uint64_t elr, uint64_t far) {
    bed_print("trap in the bed at ");
    bed_print_hex(elr);
    bed_print(", address ");
    bed_print_hex(far);
    bed_print("\n");
    bed_stop("ESR", esr);
}

/** What this CPU has. Returns its axaddr_aarch64_tlb_features for the format. */
static inline uint32_t aarch64_find_cpu(struct axaddr_aarch64_cpu *cpu) {
    uint64_t isar0;

    AARCH64_READ(id_aa64mmfr0_el1, cpu->mmfr0);
    AARCH64_READ(id_aa64mmfr1_el1, cpu->mmfr1);
    AARCH64_READ(s3_0_c0_c7_2, cpu->mmfr2); /* ID_AA64MMFR2_EL1 */
    AARCH64_READ(id_aa64isar0_el1, isar0);
    return axaddr_aarch64_tlb_features_for(&BED_FORMAT,
                                           axaddr_aarch64_tlb_features(isar0, cpu->mmfr2));
}

/** Fill in what is the same for all tables. Returns an address for the guest's code. */
static inline uint64_t aarch64_fill_machine(struct bed_machine *machine) {
    uint64_t size = UINT64_C(1) << BED_SHAPE.input_width;
    uint64_t quarter = size / 4 - 1;

    machine->last = size - 1;
    machine->middle = size / 2 + size / 4 + (UINT64_C(0x1b3355b000) & quarter);
    machine->probe = AARCH64_PROBE;
    machine->pool = AARCH64_POOL;
    machine->mode_count = 1;
    machine->tells_permission = true;
    machine->tells_gva = true;
    return size / 2 + (UINT64_C(0x140000000) & quarter);
}

/** An abort with the status "address size fault", at any level (ESR_ELx: EC, DFSC). */
static inline bool aarch64_is_size_fault(uint64_t esr) {
    uint64_t exception_class = esr >> 26 & 0x3f;
    bool is_abort = exception_class == 0x20 || exception_class == 0x21 || exception_class == 0x24 ||
                    exception_class == 0x25;

    return is_abort && ((esr & 0x3c) == 0 || (esr & 0x3f) == 0x29);
}

/** Whether PAR_EL1 has the type of memory that flags say (as MAIR has it; inner shareable). */
static inline bool aarch64_par_has_type(uint32_t flags) {
    uint64_t par;

    AARCH64_READ(par_el1, par);
    if ((flags & (AXADDR_DEVICE | AXADDR_UNCACHED)) != 0) {
        return (par & 1) == 0 && par >> 56 == ((flags & AXADDR_DEVICE) != 0 ? 0x04 : 0x44);
    }
    return (par & 1) == 0 && par >> 56 == 0xff && (par >> 7 & 3) == 3;
}

/** The guest's page at `address`, with more flags than those that it needs. */
static inline struct bed_fixture aarch64_guest_at(uint64_t address, uint32_t more) {
    struct bed_fixture guest = {address, (uintptr_t)guest_page, AARCH64_GUEST_SIZE,
                                AXADDR_READ | AXADDR_EXECUTE | more};

    return guest;
}

/** Run the code for an access, in the guest's page at `at`. */
static inline uint64_t aarch64_run_access(uint64_t at, uint64_t spsr, uint64_t address,
                                          uint32_t access, uint64_t value) {
    const char *code = (access & AXADDR_READ) != 0    ? guest_read
                       : (access & AXADDR_WRITE) != 0 ? guest_write
                                                      : guest_fetch;
    struct aarch64_run run = {at + (uint64_t)(code - guest_page), value, address, spsr};

    machine_run(&run);
    return run.value;
}

static inline void aarch64_write_code(void *at, uint32_t value) {
    volatile uint32_t *code = at;

    code[0] = 0x52800000 | (value & 0xffff) << 5; /* movz w0, #low */
    code[1] = 0x72a00000 | (value >> 16) << 5;    /* movk w0, #high, lsl #16 */
    code[2] = 0xd65f03c0;                         /* ret */
    __asm__ volatile("dsb ish\n\tic ialluis\n\tdsb ish\n\tisb" ::: "memory");
}

#endif /* BED_AARCH64_H */
