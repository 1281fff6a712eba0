/* SPDX-License-Identifier: MIT
 *
 * machine.c: QEMU's "virt" board, at EL2, with a guest at EL1 whose own MMU is off: its addresses
 * are IPAs as they are. Where a format tells EL0 from EL1, it is tried in both.
 */
#include "../aarch64.h"

#define VMID       5u
/* What aarch64_common.S calls with, as ESR_ELx has it. */
#define HVC_END    UINT64_C(0x5a000000) /* EL1 came to its end */
#define HVC_VECTOR UINT64_C(0x5a000001) /* something was taken to EL1 */
#define SVC_END    UINT64_C(0x56000000) /* EL0 came to its end */

static struct bed_machine machine;
static struct axaddr_aarch64_cpu cpu;
static axaddr_hpa_t loaded_root;
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

/** Whether EL0 and EL1 may have different rights to fetch. */
static bool has_modes(void) {
    return BED_FORMAT.can_hold(AXADDR_READ | AXADDR_EXECUTE_USER);
}

/**
 * With HCR_EL2.DC, by which all is write-back for a guest without MMU; but for what is write-back by
 * HCR_EL2.FWB, though it is device memory for the guest.
 */
static bool has_type(uint64_t address, uint32_t flags) {
    bool is_forced = (flags & (AXADDR_DEVICE | AXADDR_UNCACHED)) == 0;
    uint64_t hcr;

    AARCH64_READ(hcr_el2, hcr);
    is_forced = is_forced && (hcr >> 46 & 1) != 0;
    AARCH64_WRITE(hcr_el2, hcr | (is_forced ? 0 : UINT64_C(1) << 12));
    __asm__ volatile("at s12e1r, %0\n\tisb" ::"r"(address) : "memory");
    AARCH64_WRITE(hcr_el2, hcr);
    return aarch64_par_has_type(flags);
}

const struct bed_machine *machine_init(void) {
    uint64_t size = UINT64_C(1) << BED_SHAPE.input_width;
    uint64_t guest_at = aarch64_fill_machine(&machine);

    tlb_features = aarch64_find_cpu(&cpu);
    machine.name = "aarch64";
    machine.has_type = has_type;
    machine.output_bits = axaddr_aarch64_pa_bits(&cpu);
    machine.guest[0] = aarch64_guest_at(guest_at, 0);
    /* With its MMU off the guest forms IPAs up to the CPU's physical size only. */
    if (size >> axaddr_aarch64_pa_bits(&cpu) == 0) {
        machine.beyond[0] = size;
        machine.beyond[1] = size + size / 2 + 0x50000;
    }
    machine.ignored = (cpu.mmfr1 >> 28 & 0xf) != 0 ? 0 : UINT64_C(1) << 53; /* no FEAT_XNX */
    if (has_modes()) {
        machine.modes[0] = AXADDR_EXECUTE_KERNEL;
        machine.modes[1] = AXADDR_EXECUTE_USER;
        machine.mode_count = 2;
    }
    AARCH64_WRITE(sctlr_el1, 0x30d00800); /* reset value: MMU and caches off */
    AARCH64_WRITE(vbar_el1, guest_at + (uint64_t)(guest_vectors - guest_page));
    return &machine;
}

void machine_load(axaddr_hpa_t root) {
    struct axaddr_geometry geometry = axaddr_geometry_of(&BED_SHAPE);
    struct axaddr_aarch64_stage2_registers registers;

    if (axaddr_aarch64_stage2_load_sized(&BED_FORMAT, &geometry, &cpu, root, VMID, &registers) !=
        AXADDR_OK) {
        bed_stop("this CPU cannot have the format; ID_AA64MMFR0_EL1", cpu.mmfr0);
    }
    loaded_root = root;
    AARCH64_WRITE(vtcr_el2, registers.vtcr);
    AARCH64_WRITE(vttbr_el2, registers.vttbr);
    AARCH64_WRITE(hcr_el2, UINT64_C(1) << 31 | registers.hcr); /* RW: EL1 is AArch64 */
}

void machine_leave(void) {
}

void machine_flush(const struct axaddr_flush *plan) {
    struct axaddr_flush tagged = *plan;

    tagged.vmid = VMID;
    axaddr_aarch64_stage2_flush_granule(&tagged, BED_FORMAT.shift[0], loaded_root, tlb_features);
}

static enum axaddr_status decode(uint64_t esr, struct axaddr_exit *exit) {
    enum axaddr_status status;
    uint64_t far, hpfar, spsr;

    AARCH64_READ(far_el2, far);
    AARCH64_READ(spsr_el2, spsr);
    status = axaddr_aarch64_read_hpfar(esr, far, &hpfar);
    if (status != AXADDR_OK) {
        return status;
    }
    return has_modes() ? axaddr_aarch64_stage2_decode_mode(esr, hpfar, far,
                                                           axaddr_aarch64_is_user(spsr), exit)
                       : axaddr_aarch64_stage2_decode(esr, hpfar, far, exit);
}

static void access_from(uint64_t spsr, uint64_t address, uint32_t access, uint64_t value,
                        struct bed_outcome *outcome) {
    uint64_t esr;

    outcome->value = aarch64_run_access(machine.guest[0].address, spsr, address, access, value);
    AARCH64_READ(esr_el2, esr);
    if (esr == HVC_VECTOR) {
        AARCH64_READ(esr_el1, esr);
    }
    outcome->is_allowed = esr == HVC_END || esr == SVC_END;
    if (outcome->is_allowed) {
        return;
    }
    outcome->status = decode(esr, &outcome->exit);
    if (outcome->status != AXADDR_OK) {
        outcome->is_refused = aarch64_is_size_fault(esr);
        outcome->exit.gpa = axaddr_gpa(esr); /* to be seen in the message */
    }
}

/** Where a format does not tell EL0 from EL1, a fetch is made from both, and they must be alike. */
void machine_access(uint64_t address, uint32_t access, uint64_t value,
                    struct bed_outcome *outcome) {
    bool is_user = (access & AXADDR_EXECUTE_USER) != 0;
    struct bed_outcome of_user = *outcome;

    if (access == AXADDR_EXECUTE) {
        access_from(AARCH64_SPSR_EL0, address, access, value, &of_user);
    }
    access_from(is_user ? AARCH64_SPSR_EL0 : AARCH64_SPSR_EL1, address, access, value, outcome);
    if (access == AXADDR_EXECUTE && of_user.is_allowed != outcome->is_allowed) {
        outcome->is_allowed = false;
        outcome->status = AXADDR_INVALID;
    }
}

/* DDI 0487, D8.4.2: S2AP[0], S2AP[1] and XN each govern one kind of access, XN by mode. */
bool machine_permits(uint32_t flags, uint32_t access) {
    if ((access & (AXADDR_READ | AXADDR_WRITE)) != 0) {
        return (flags & access & (AXADDR_READ | AXADDR_WRITE)) != 0;
    }
    return (flags & (access | AXADDR_EXECUTE)) != 0;
}

void machine_write_code(void *at, uint32_t value) {
    aarch64_write_code(at, value);
}
