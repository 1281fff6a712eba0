/* SPDX-License-Identifier: MIT
 *
 * machine.c: QEMU's "virt" board with stage 1 of EL1&0, by TTBR0_EL1 or TTBR1_EL1, or of EL2. The
 * bed is at EL3, with its MMU off; accesses are made from EL1 and EL0, or from EL2, whose faults are
 * taken there and passed on.
 */
#include "../aarch64.h"

#include "axaddr_arch/aarch64_switch.h"

#define ASID    5u
/* What aarch64_common.S calls with, as ESR_ELx has it. */
#define SMC_END UINT64_C(0x5e000000) /* EL1 or EL2 came to its end */
#define SVC_END UINT64_C(0x56000000) /* EL0 did */

static struct bed_machine machine;
static struct axaddr_aarch64_cpu cpu;
static struct axaddr_aarch64_stage1_tables tables;
static uint32_t tlb_features;

void machine_put(char c) {
    aarch64_put(c);
}

void machine_exit(unsigned status) {
    aarch64_exit(status);
}

void machine_bad_trap(uint64_t esr, uint64_t elr, uint64_t far) {
    aarch64_bad_trap(esr, elr, far);
}

static bool is_el2(void) {
    return !BED_FORMAT.can_hold(AXADDR_READ | AXADDR_USER);
}

/** What the bits above an address of the tables are: ones for TTBR1_EL1. */
static uint64_t above(void) {
    return BED_IS_UPPER ? ~UINT64_C(0) << BED_FORMAT.input_width : 0;
}

static bool has_type(uint64_t address, uint32_t flags) {
    if (is_el2()) {
        __asm__ volatile("at s1e2r, %0\n\tisb" ::"r"(address) : "memory");
    } else {
        __asm__ volatile("at s1e1r, %0\n\tisb" ::"r"(address | above()) : "memory");
    }
    return aarch64_par_has_type(flags);
}

const struct bed_machine *machine_init(void) {
    uint64_t size = UINT64_C(1) << BED_FORMAT.input_width;
    uint64_t guest_at = aarch64_fill_machine(&machine);

    tlb_features = aarch64_find_cpu(&cpu);
    tables.page_shift = BED_FORMAT.shift[0];
    tables.is_upper = BED_IS_UPPER;
    tables.has_global = true;
    tables.input_width = BED_FORMAT.input_width;
    machine.name = "aarch64_stage1";
    machine.has_type = has_type;
    machine.output_bits = axaddr_aarch64_pa_bits(&cpu);
    if (!BED_IS_UPPER) {
        machine.beyond[0] = size;
        machine.beyond[1] = size + size / 2 + 0x50000;
        machine.beyond[2] = 0 - size; /* TTBR1_EL1's: no walk is done there */
        machine.beyond[3] = 0 - BED_FRAME_SIZE;
    }
    /* For EL1, which may not fetch what is for EL0, and for EL0. */
    machine.guest[0] = aarch64_guest_at(guest_at, 0);
    if (!is_el2()) {
        machine.guest[1] = aarch64_guest_at(guest_at + AARCH64_GUEST_SIZE, AXADDR_USER);
        machine.modes[1] = AXADDR_USER;
        machine.mode_count = 2;
    }
    AARCH64_WRITE(hcr_el2, UINT64_C(1) << 31); /* RW: EL1 is AArch64; no stage 2 */
    guest_at = (guest_at | above()) + (uint64_t)(guest_vectors - guest_page);
    AARCH64_WRITE(vbar_el1, guest_at);
    AARCH64_WRITE(vbar_el2, guest_at);
    return &machine;
}

static void load_el1(axaddr_hpa_t root) {
    const struct axaddr_format *lower = BED_IS_UPPER ? 0 : &BED_FORMAT;
    const struct axaddr_format *upper = BED_IS_UPPER ? &BED_FORMAT : 0;
    uint64_t tcr, ttbr;

    if (axaddr_aarch64_el1_tcr(lower, upper, &cpu, &tcr) != AXADDR_OK ||
        axaddr_aarch64_el1_ttbr(&BED_FORMAT, &cpu, root, ASID, &ttbr) != AXADDR_OK) {
        bed_stop("this CPU cannot have the format; ID_AA64MMFR0_EL1", cpu.mmfr0);
    }
    AARCH64_WRITE(sctlr_el1, 0x30d00800); /* reset value: M is 0 */
    /* The ASID is TTBR0_EL1's in both cases. */
    if (axaddr_aarch64_el1_turn_on(&(struct axaddr_aarch64_regime){axaddr_aarch64_mair(0), tcr,
                                                                   ttbr, ttbr}) != AXADDR_OK) {
        bed_stop("the MMU is on", 0);
    }
}

static void load_el2(axaddr_hpa_t root) {
    uint64_t tcr, ttbr;

    if (axaddr_aarch64_el2_tcr(&BED_FORMAT, &cpu, &tcr) != AXADDR_OK ||
        axaddr_aarch64_el2_ttbr(&BED_FORMAT, root, &ttbr) != AXADDR_OK) {
        bed_stop("this CPU cannot have the format; ID_AA64MMFR0_EL1", cpu.mmfr0);
    }
    AARCH64_WRITE(sctlr_el2, 0x30c50830);
    if (axaddr_aarch64_el2_turn_on(
            &(struct axaddr_aarch64_regime){axaddr_aarch64_mair(0), tcr, ttbr, 0}) != AXADDR_OK) {
        bed_stop("the MMU is on", 0);
    }
}

void machine_load(axaddr_hpa_t root) {
    if (is_el2()) {
        load_el2(root);
    } else {
        load_el1(root);
    }
}

void machine_leave(void) {
}

void machine_flush(const struct axaddr_flush *plan) {
    struct axaddr_flush tagged = *plan;

    tagged.vmid = ASID;
    if (is_el2()) {
        axaddr_aarch64_el2_flush(&tagged, &tables, tlb_features);
    } else {
        axaddr_aarch64_el1_flush(&tagged, &tables, tlb_features);
    }
}

/** The fault that EL1 or EL2 took. */
static void decode(uint64_t esr, uint64_t far, struct bed_outcome *outcome) {
    struct axaddr_aarch64_page_fault fault;

    outcome->status = axaddr_aarch64_stage1_decode(esr, far, &fault);
    if (outcome->status != AXADDR_OK || (fault.gva.raw & above()) != above()) {
        outcome->status = AXADDR_INVALID;
        outcome->is_refused = aarch64_is_size_fault(esr);
        outcome->exit.gpa = axaddr_gpa(esr); /* to be seen in the message */
        return;
    }
    outcome->exit.gpa = axaddr_gpa(fault.gva.raw & ~above());
    outcome->exit.access = fault.access;
    outcome->exit.is_permission = fault.is_permission;
    outcome->exit.is_gva_valid = true;
    outcome->exit.gva = axaddr_gva(fault.gva.raw & ~above());
}

void machine_access(uint64_t address, uint32_t access, uint64_t value,
                    struct bed_outcome *outcome) {
    bool is_user = (access & AXADDR_USER) != 0;
    uint64_t spsr = is_user ? AARCH64_SPSR_EL0 : is_el2() ? AARCH64_SPSR_EL2 : AARCH64_SPSR_EL1;
    uint64_t esr, far;

    outcome->value = aarch64_run_access(machine.guest[is_user].address | above(), spsr,
                                        address | above(), access, value);
    AARCH64_READ(esr_el3, esr);
    if (esr == SMC_END) {
        outcome->is_allowed = true;
        return;
    }
    if (is_el2()) {
        AARCH64_READ(esr_el2, esr);
        AARCH64_READ(far_el2, far);
    } else {
        AARCH64_READ(esr_el1, esr);
        AARCH64_READ(far_el1, far);
    }
    outcome->is_allowed = esr == SVC_END;
    if (!outcome->is_allowed) {
        decode(esr, far, outcome);
    }
}

/* DDI 0487, D8.4.1: as AP and PXN, UXN of what aarch64_stage1.h promises, PSTATE.PAN being 0. */
bool machine_permits(uint32_t flags, uint32_t access) {
    bool is_user_page = (flags & AXADDR_USER) != 0;
    bool is_fetch = (access & AXADDR_EXECUTE) != 0;
    bool is_reachable = (access & AXADDR_USER) != 0 ? is_user_page : !is_user_page || !is_fetch;

    return is_reachable && (flags & access & AXADDR_ACCESS_FLAGS) != 0;
}

void machine_write_code(void *at, uint32_t value) {
    aarch64_write_code(at, value);
}
