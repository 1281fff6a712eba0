/* SPDX-License-Identifier: MIT
 *
 * aarch64/arch.h: AArch64, 4 KiB granule, 48 bits: the kernel is at EL1, on QEMU's `virt` board,
 * whose firmware is PSCI by HVC.
 * Manuals: ARM DDI 0487; ARM DEN 0022 (PSCI).
 */
#ifndef KERNEL_SPACES_AARCH64_ARCH_H
#define KERNEL_SPACES_AARCH64_ARCH_H

#include "axaddr_arch/aarch64_switch.h"

#define ARCH_FORMAT        axaddr_aarch64_el1
#define KERNEL_OFFSET      UINT64_C(0xffff800000000000)
#define SPACE_BITS         UINT64_C(0x0000ffffffffffff)
#define KERNEL_FIRST       (KERNEL_OFFSET & SPACE_BITS)
#define KERNEL_SIZE        (UINT64_C(1) << 47)
#define KERNEL_SHARED      UINT64_C(0)
#define RAM_START          UINT64_C(0x40000000)
#define UART_PHYSICAL      UINT64_C(0x09000000) /* PL011 */
#define LATER_PHYSICAL     UINT64_C(0x0a000000)
#define RETURN_INSTRUCTION UINT32_C(0xd65f03c0)

/** boot.S knows these places. */
struct context {
    uint64_t x[31];
    uint64_t sp;
    uint64_t pc;
    uint64_t pstate;
};

static inline void context_init(struct context *context, uint64_t pc, uint64_t sp, uint64_t first,
                                uint64_t second) {
    *context = (struct context){.sp = sp, .pc = pc, .pstate = 0x3c0}; /* EL0, no interrupts */
    context->x[0] = first;
    context->x[1] = second;
}

static inline uint64_t call_number(const struct context *context) {
    return context->x[8];
}

static inline uint64_t call_argument(const struct context *context, unsigned which) {
    return context->x[which];
}

static inline void call_return(struct context *context, uint64_t result) {
    context->x[0] = result;
}

#define USER_START "bl user_main\n mov x8, #3\n svc #0\n"

static inline uint64_t user_call(uint64_t number, uint64_t first, uint64_t second) {
    register uint64_t x0 __asm__("x0") = first;
    register uint64_t x1 __asm__("x1") = second;
    register uint64_t x8 __asm__("x8") = number;

    __asm__ volatile("svc #0" : "+r"(x0) : "r"(x1), "r"(x8) : "memory");
    return x0;
}

/** EL0 may not clean caches here; QEMU has none. */
static inline void user_sync_code(void) {
    __asm__ volatile("isb" ::: "memory");
}

#define READ_REGISTER(name)                                                                        \
    __extension__({                                                                                \
        uint64_t value_;                                                                           \
        __asm__ volatile("mrs %0, " #name : "=r"(value_));                                         \
        value_;                                                                                    \
    })

/** What the user stopped at; after a call it goes on behind it: the pc is there already. */
static inline struct trap trap_of(struct context *context) {
    struct trap trap = {TRAP_OTHER, axaddr_gva(0), 0, READ_REGISTER(esr_el1)};
    struct axaddr_aarch64_page_fault fault;

    (void)context;
    if ((trap.cause >> 26 & 0x3f) == 0x15) { /* SVC of AArch64 */
        trap.kind = TRAP_CALL;
    } else if (axaddr_aarch64_stage1_decode(trap.cause, READ_REGISTER(far_el1), &fault) ==
               AXADDR_OK) {
        trap.kind = TRAP_FAULT;
        trap.at = fault.gva;
        trap.access = fault.access;
    }
    return trap;
}

static inline unsigned this_cpu(void) {
    return (unsigned)READ_REGISTER(mpidr_el1) & 0xff;
}

static inline void uart_put(char character) {
    volatile uint32_t *uart = (volatile uint32_t *)(KERNEL_OFFSET + UART_PHYSICAL);

    while ((uart[6] & 0x20) != 0) { /* flags: transmit FIFO full */
    }
    uart[0] = (uint8_t)character;
}

/* ---- roots ---- */

static inline struct axaddr_aarch64_cpu cpu_features(void) {
    struct axaddr_aarch64_cpu cpu = {READ_REGISTER(id_aa64mmfr0_el1),
                                     READ_REGISTER(id_aa64mmfr1_el1), 0};

    return cpu;
}

/** Only with arguments that the format's own tables make true. */
static inline uint64_t ttbr_of(axaddr_hpa_t root, uint32_t asid) {
    struct axaddr_aarch64_cpu cpu = cpu_features();
    uint64_t ttbr = 0;

    (void)!axaddr_aarch64_el1_ttbr(&ARCH_FORMAT, &cpu, root, asid, &ttbr);
    return ttbr;
}

#define arch_turn_on(roots) turn_on_with(ttbr_of((roots)->lower, 0), ttbr_of((roots)->upper, 0))

static inline enum axaddr_status turn_on_with(uint64_t ttbr0, uint64_t ttbr1) {
    struct axaddr_aarch64_regime regime = {axaddr_aarch64_mair(0), 0, ttbr0, ttbr1};
    struct axaddr_aarch64_cpu cpu = cpu_features();
    enum axaddr_status status =
        axaddr_aarch64_el1_tcr(&ARCH_FORMAT, &ARCH_FORMAT, &cpu, &regime.tcr);

    return status != AXADDR_OK ? status : axaddr_aarch64_el1_turn_on(&regime);
}

static inline void use_user(axaddr_hpa_t root, uint32_t asid, enum axaddr_vmid_entry entry) {
    axaddr_aarch64_el1_switch(ttbr_of(root, asid), entry);
}

#define leave_user(kernel_root, early) use_user((early)->empty, 0, AXADDR_VMID_READY)

__attribute__((noinline, unused)) static void replace_upper(uint64_t ttbr1, uint64_t empty) {
    axaddr_aarch64_el1_replace_upper(ttbr1, empty);
}

/**
 * Go on with another root for the kernel's half: from now on this CPU has no user. What replaces
 * the root is called where the lower half of the early table has it: at its physical address.
 */
static inline enum axaddr_status use_kernel(axaddr_hpa_t root, const struct early_roots *early) {
    uintptr_t at = (uintptr_t)replace_upper - KERNEL_OFFSET;

    use_user(early->lower, 0, AXADDR_VMID_READY);
    ((void (*)(uint64_t, uint64_t))at)(ttbr_of(root, 0), ttbr_of(early->empty, 0));
    use_user(early->empty, 0, AXADDR_VMID_FLUSH_ALL);
    return AXADDR_OK;
}

static inline uint32_t loaded_asid(void) {
    return (uint32_t)(READ_REGISTER(ttbr0_el1) >> 48);
}

/** ID_AA64MMFR0_EL1.ASIDBits; axaddr_aarch64_el1_tcr sets TCR_EL1.AS likewise. */
static inline unsigned asid_bits(void) {
    return (READ_REGISTER(id_aa64mmfr0_el1) >> 4 & 0xf) == 2 ? 16 : 8;
}

/** What it does is broadcast. */
static inline enum axaddr_status flush_cpus(const struct axaddr_flush *plan, bool is_kernel) {
    struct axaddr_aarch64_stage1_tables tables = {12, is_kernel, is_kernel, 48};

    axaddr_aarch64_el1_flush(plan, &tables, 0);
    return AXADDR_OK;
}

/* ---- firmware ---- */

static inline uint64_t psci_call(uint64_t function, uint64_t first, uint64_t second,
                                 uint64_t third) {
    register uint64_t x0 __asm__("x0") = function;
    register uint64_t x1 __asm__("x1") = first;
    register uint64_t x2 __asm__("x2") = second;
    register uint64_t x3 __asm__("x3") = third;

    __asm__ volatile("hvc #0" : "+r"(x0) : "r"(x1), "r"(x2), "r"(x3) : "memory");
    return x0;
}

static inline bool start_cpu(unsigned cpu, uint64_t start) {
    return psci_call(0xc4000003, cpu, start, 0) == 0;
}

static inline void stop_cpu(void) {
    (void)psci_call(0x84000002, 0, 0, 0);
}

static inline void power_off(void) {
    (void)psci_call(0x84000008, 0, 0, 0);
}

#endif /* KERNEL_SPACES_AARCH64_ARCH_H */
