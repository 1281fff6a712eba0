/* SPDX-License-Identifier: MIT
 *
 * machine.c: Hyp mode's own stage 1 of 32-bit Arm. The bed runs on the table that it tries: its
 * code and the frames are where they are, the RAM above 4 GiB is at BED_HIGH.
 */
#include "../arm/arm.h"

/** call.S: call `pc` with r0 and r1 as given; spsr is then whether that ended by an abort. */
void machine_call(struct arm_run *run);
extern const char call_vectors[], call_read[], call_write[], call_fetch[];

#define GIGABYTE (UINT64_C(1) << 30)

static struct bed_machine machine;

void machine_put(char c) {
    arm_put(c);
}

void machine_exit(unsigned status) {
    arm_exit(status);
}

void machine_bad_trap(uint32_t hsr, uint32_t pc, uint32_t address) {
    arm_bad_trap(hsr, pc, address);
}

const struct bed_machine *machine_init(void) {
    static const struct bed_fixture own[3] = {
        {ARM_UART, ARM_UART, BED_PAGE_SIZE, AXADDR_READ | AXADDR_WRITE | AXADDR_DEVICE},
        {GIGABYTE, GIGABYTE, GIGABYTE, AXADDR_READ | AXADDR_WRITE | AXADDR_EXECUTE},
        {BED_HIGH, 4 * GIGABYTE, GIGABYTE, AXADDR_READ | AXADDR_WRITE},
    };
    unsigned i;

    for (i = 0; i < 3; i++) {
        machine.guest[i] = own[i];
    }
    machine.name = "arm_hyp";
    machine.last = UINT32_MAX;
    machine.middle = 0xdb355000;
    machine.probe = 4 * GIGABYTE;
    machine.output_bits = ARM_OUTPUT_BITS;
    machine.pool = ARM_POOL;
    machine.mode_count = 1;
    machine.tells_permission = true;
    machine.tells_gva = true;
    ARM_WRITE(4, c12, c0, 0, (uintptr_t)call_vectors); /* HVBAR */
    return &machine;
}

void machine_load(axaddr_hpa_t root) {
    uint64_t mair = axaddr_arm_lpae_mair(0);
    uint64_t httbr;

    if (axaddr_arm_lpae_httbr(root, &httbr) != AXADDR_OK) {
        bed_stop("no HTTBR for the root", root.raw);
    }
    ARM_WRITE(4, c10, c2, 0, mair);       /* HMAIR0 */
    ARM_WRITE(4, c10, c2, 1, mair >> 32); /* HMAIR1 */
    ARM_WRITE(4, c2, c0, 2, AXADDR_ARM_LPAE_HTCR);
    ARM_WRITE_TTBR(4, httbr);
    ARM_WRITE(4, c1, c0, 0, ARM_READ(4, c1, c0, 0) | 1); /* HSCTLR.M */
}

void machine_leave(void) {
    ARM_WRITE(4, c1, c0, 0, ARM_READ(4, c1, c0, 0) & ~UINT32_C(1));
}

void machine_flush(const struct axaddr_flush *plan) {
    axaddr_arm_hyp_flush(plan);
}

void machine_access(uint64_t address, uint32_t access, uint64_t value,
                    struct bed_outcome *outcome) {
    const char *code = (access & AXADDR_READ) != 0    ? call_read
                       : (access & AXADDR_WRITE) != 0 ? call_write
                                                      : call_fetch;
    struct arm_run run = {(uintptr_t)code, (uint32_t)value, (uint32_t)address, 0};
    struct axaddr_arm_page_fault fault;
    uint32_t hsr;

    machine_call(&run);
    outcome->value = run.r0;
    outcome->is_allowed = run.spsr == 0;
    if (outcome->is_allowed) {
        return;
    }
    hsr = ARM_READ(4, c5, c2, 0);
    outcome->status = axaddr_arm_hyp_abort(hsr,
                                           hsr >> 26 == AXADDR_ARM_EC_HYP_PREFETCH_ABORT
                                               ? ARM_READ(4, c6, c0, 2)  /* HIFAR */
                                               : ARM_READ(4, c6, c0, 0), /* HDFAR */
                                           &fault);
    if (outcome->status != AXADDR_OK) {
        outcome->exit.gpa = axaddr_gpa(hsr); /* to be seen in the message */
        return;
    }
    outcome->exit.gpa = axaddr_gpa(fault.gva.raw);
    outcome->exit.access = fault.access;
    outcome->exit.is_permission = fault.is_permission;
    outcome->exit.is_gva_valid = true;
    outcome->exit.gva = fault.gva;
}

/* DDI 0406C, B3.7: what is there may be read; AP[2] and XN. */
bool machine_permits(uint32_t flags, uint32_t access) {
    return (flags & access) != 0;
}

void machine_write_code(void *at, uint32_t value) {
    arm_write_code(at, value);
}
