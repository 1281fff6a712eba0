/* SPDX-License-Identifier: MIT
 *
 * machine.c: QEMU's "virt" board, at EL2, with a guest at EL1 whose own MMU is off: its addresses
 * are IPAs as they are. Semihosting ends the run with a status.
 */
#include "../bed.h"

/** boot.S: run the guest at `pc` with x0 and x1 as given, until it comes back to EL2. */
struct guest_run {
    uint64_t pc;
    uint64_t x0;
    uint64_t x1;
};
void machine_run(struct guest_run *run);
void machine_bad_trap(uint64_t esr, uint64_t elr, uint64_t far);
extern const char guest_page[], guest_read[], guest_write[], guest_fetch[];

#define READ_REGISTER(name, to) __asm__ volatile("mrs %0, " #name : "=r"(to))
#define WRITE_REGISTER(name, value)                                                                \
    __asm__ volatile("msr " #name ", %0\n\tisb" ::"r"((uint64_t)(value)) : "memory")

#define UART  UINT64_C(0x09000000)
#define VMID  5u
#define PROBE UINT64_C(0x100000000) /* RAM is 0x40000000 to 0x13fffffff */
#define POOL  UINT64_C(0x50000000)

static struct bed_machine machine;
static axaddr_hpa_t loaded_root;
static uint32_t tlb_features;
static unsigned vmid_bits;

void machine_put(char c) {
    *(volatile uint32_t *)bed_at(UART) = (uint8_t)c;
}

/** Semihosting: SYS_EXIT (0x18) with ADP_Stopped_ApplicationExit. */
void machine_exit(unsigned status) {
    uint64_t block[2] = {0x20026, status};
    register uint64_t x0 __asm__("x0") = 0x18;
    register uint64_t x1 __asm__("x1") = (uintptr_t)block;

    __asm__ volatile("hlt #0xf000" ::"r"(x0), "r"(x1) : "memory");
    for (;;) {
    }
}

void machine_bad_trap(uint64_t esr, uint64_t elr, uint64_t far) {
    bed_print("trap in EL2 at ");
    bed_print_hex(elr);
    bed_print(", address ");
    bed_print_hex(far);
    bed_print("\n");
    bed_stop("ESR_EL2", esr);
}

const struct bed_machine *machine_init(void) {
    uint64_t mmfr0, mmfr1, mmfr2, isar0, vtcr;
    uint64_t size = UINT64_C(1) << BED_FORMAT.input_width;

    READ_REGISTER(id_aa64mmfr0_el1, mmfr0);
    READ_REGISTER(id_aa64mmfr1_el1, mmfr1);
    READ_REGISTER(s3_0_c0_c7_2, mmfr2); /* ID_AA64MMFR2_EL1 */
    READ_REGISTER(id_aa64isar0_el1, isar0);
    vmid_bits = (mmfr1 >> 4 & 0xf) == 2 ? 16 : 8;
    tlb_features = axaddr_aarch64_tlb_features(isar0, mmfr2);
    if (axaddr_aarch64_stage2_vtcr(&BED_FORMAT, (unsigned)mmfr0 & 0xf, vmid_bits, &vtcr) !=
        AXADDR_OK) {
        bed_stop("this CPU cannot have the format; ID_AA64MMFR0_EL1", mmfr0);
    }
    WRITE_REGISTER(vtcr_el2, vtcr);
    WRITE_REGISTER(sctlr_el1, 0x30d00800);          /* reset value: MMU and caches off */
    WRITE_REGISTER(hcr_el2, UINT64_C(1) << 31 | 1); /* RW: EL1 is AArch64; VM: stage 2 on */

    machine.name = "aarch64";
    machine.last = size - 1;
    machine.middle = size / 2 + size / 4 + UINT64_C(0x1b3355b000);
    /* With its MMU off the guest forms IPAs up to the CPU's physical size only. */
    machine.beyond[0] = BED_FORMAT.input_width < 44 ? size : 0;
    machine.beyond[1] = BED_FORMAT.input_width < 44 ? size + size / 2 + 0x5000 : 0;
    machine.probe = PROBE;
    machine.pool = POOL;
    machine.guest[0].address = size / 2 + UINT64_C(0x140000000);
    machine.guest[0].hpa = (uintptr_t)guest_page;
    machine.guest[0].size = BED_PAGE_SIZE;
    machine.guest[0].flags = AXADDR_READ | AXADDR_EXECUTE;
    machine.mode_count = 1;
    machine.tells_permission = true;
    machine.tells_gva = true;
    return &machine;
}

void machine_load(axaddr_hpa_t root) {
    uint64_t vttbr;

    if (axaddr_aarch64_stage2_vttbr(&BED_FORMAT, root, vmid_bits, VMID, &vttbr) != AXADDR_OK) {
        bed_stop("no VTTBR_EL2 for the root", root.raw);
    }
    loaded_root = root;
    WRITE_REGISTER(vttbr_el2, vttbr);
}

void machine_leave(void) {
}

void machine_flush(const struct axaddr_flush *plan) {
    struct axaddr_flush tagged = *plan;

    tagged.vmid = VMID;
    axaddr_aarch64_stage2_flush(&tagged, loaded_root, tlb_features);
}

void machine_access(uint64_t address, uint32_t access, uint64_t value,
                    struct bed_outcome *outcome) {
    const char *code = access == AXADDR_READ    ? guest_read
                       : access == AXADDR_WRITE ? guest_write
                                                : guest_fetch;
    struct guest_run run = {0, value, address};
    uint64_t esr, far, hpfar;

    run.pc = machine.guest[0].address + (uint64_t)(code - guest_page);
    machine_run(&run);
    READ_REGISTER(esr_el2, esr);
    READ_REGISTER(far_el2, far);
    outcome->value = run.x0;
    outcome->is_allowed = (esr >> 26 & 0x3f) == 0x16; /* HVC: it came to its end */
    if (outcome->is_allowed) {
        return;
    }
    outcome->status = axaddr_aarch64_read_hpfar(esr, far, &hpfar);
    if (outcome->status == AXADDR_OK) {
        outcome->status = axaddr_aarch64_stage2_decode(esr, hpfar, far, &outcome->exit);
    }
    if (outcome->status != AXADDR_OK) {
        outcome->exit.gpa = axaddr_gpa(esr); /* to be seen in the message */
    }
}

/* DDI 0487, D8.4.2: S2AP[0], S2AP[1] and XN each govern one kind of access. */
bool machine_permits(uint32_t flags, uint32_t access) {
    return (flags & access) != 0;
}

void machine_write_code(void *at, uint32_t value) {
    volatile uint32_t *code = at;

    code[0] = 0x52800000 | (value & 0xffff) << 5; /* movz w0, #low */
    code[1] = 0x72a00000 | (value >> 16) << 5;    /* movk w0, #high, lsl #16 */
    code[2] = 0xd65f03c0;                         /* ret */
    __asm__ volatile("dsb ish\n\tic ialluis\n\tdsb ish\n\tisb" ::: "memory");
}
