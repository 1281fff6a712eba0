/* SPDX-License-Identifier: MIT
 *
 * machine.c: stage 2 of 32-bit Arm. The guest is in Supervisor mode. With its own MMU off it could
 * form 32 bits of address only, so it has a table, written here by hand: four entries of 1 GiB, the
 * first for the guest itself, the last a window on the address of the access.
 */
#include "arm.h"

#define VMID        5u
#define GUEST_BLOCK UINT32_C(0x701) /* a block: valid, AP 0, SH 3, AF; of MAIR0's byte 0 */
#define WINDOW      UINT32_C(0xc0000000)
#define GIGABYTE    (UINT64_C(1) << 30)

static struct bed_machine machine;
static axaddr_hpa_t loaded_root;

void machine_put(char c) {
    arm_put(c);
}

void machine_exit(unsigned status) {
    arm_exit(status);
}

void machine_bad_trap(uint32_t hsr, uint32_t pc, uint32_t address) {
    arm_bad_trap(hsr, pc, address);
}

/** Where the guest sees its own page. */
static uint32_t guest_at(void) {
    return (uint32_t)(machine.guest[0].address & (GIGABYTE - 1));
}

static void begin_guest(void) {
    uint64_t ttbr0 = machine.guest[0].address + BED_PAGE_SIZE;

    guest_table[0] = (machine.guest[0].address & ~(GIGABYTE - 1)) | GUEST_BLOCK;
    ARM_WRITE(0, c10, c2, 0, 0xff);       /* MAIR0 */
    ARM_WRITE(0, c2, c0, 2, 0x80003500u); /* TTBCR: EAE; walks as memory is */
    ARM_WRITE_TTBR(0, ttbr0);
    ARM_WRITE(0, c12, c0, 0, guest_at() + (uint32_t)(guest_vectors - guest_page)); /* VBAR */
    ARM_WRITE(0, c1, c0, 0, ARM_READ(0, c1, c0, 0) | 1);                           /* SCTLR.M */
}

const struct bed_machine *machine_init(void) {
    uint64_t size = UINT64_C(1) << BED_SHAPE.input_width;
    uint64_t quarter = size / 4 - 1;

    machine.name = "arm";
    machine.last = size - 1;
    machine.middle = size / 2 + size / 4 + (UINT64_C(0x1b3355b000) & quarter);
    if (BED_SHAPE.input_width < 40) { /* more cannot be formed */
        machine.beyond[0] = size;
        machine.beyond[1] = size + size / 2 + 0x50000;
        machine.beyond[2] = (UINT64_C(1) << 40) - BED_PAGE_SIZE;
    }
    machine.probe = ARM_PROBE;
    machine.output_bits = ARM_OUTPUT_BITS;
    machine.pool = ARM_POOL;
    machine.guest[0].address = size / 2 + (UINT64_C(0x154321000) & quarter);
    machine.guest[0].hpa = (uintptr_t)guest_page;
    machine.guest[0].size = 2 * BED_PAGE_SIZE; /* its code, its table */
    machine.guest[0].flags = AXADDR_READ | AXADDR_EXECUTE;
    machine.mode_count = 1;
    machine.tells_permission = true;
    machine.tells_gva = true;
    begin_guest();
    return &machine;
}

void machine_load(axaddr_hpa_t root) {
    uint32_t vtcr;
    uint64_t vttbr;

    if (!axaddr_arm_has_lpae(ARM_READ(0, c0, c1, 4)) ||
        axaddr_arm_lpae_vtcr(&BED_FORMAT, &vtcr) != AXADDR_OK ||
        axaddr_arm_lpae_vttbr(&BED_FORMAT, root, VMID, &vttbr) != AXADDR_OK) {
        bed_stop("no VTCR or VTTBR for the root", root.raw);
    }
    loaded_root = root;
    ARM_WRITE(4, c2, c1, 2, vtcr);
    ARM_WRITE_TTBR(6, vttbr);
    ARM_WRITE(4, c1, c1, 0, 1); /* HCR.VM */
}

void machine_leave(void) {
}

void machine_flush(const struct axaddr_flush *plan) {
    struct axaddr_flush tagged = *plan;

    tagged.vmid = VMID;
    axaddr_arm_stage2_flush(&tagged, loaded_root);
}

/** The virtual address that the guest uses; the window moves only where it must. */
static uint32_t look_at(uint64_t address) {
    uint64_t block = (address & ~(GIGABYTE - 1)) | GUEST_BLOCK;

    if (guest_table[3] != block) {
        guest_table[3] = block;
        __asm__ volatile("dsb ish" ::: "memory");
        ARM_WRITE(0, c8, c3, 0, 0); /* TLBIALLIS */
        __asm__ volatile("dsb ish\n\tisb" ::: "memory");
    }
    return WINDOW | (uint32_t)(address & (GIGABYTE - 1));
}

static enum axaddr_status decode(uint32_t hsr, uint32_t far, struct axaddr_exit *exit) {
    uint32_t hpfar;
    enum axaddr_status status = axaddr_arm_read_hpfar(hsr, far, &hpfar);

    return status == AXADDR_OK ? axaddr_arm_stage2_decode(hsr, hpfar, far, exit) : status;
}

void machine_access(uint64_t address, uint32_t access, uint64_t value,
                    struct bed_outcome *outcome) {
    uint32_t at = look_at(address);
    struct arm_run run = {guest_at() + arm_code_for(access), (uint32_t)value, at, ARM_SPSR_SVC};
    uint32_t hsr, far;

    machine_run(&run);
    hsr = ARM_READ(4, c5, c2, 0);
    outcome->value = run.r0;
    outcome->is_allowed = hsr >> 26 == ARM_HVC && (hsr & 0xffff) == 0;
    if (outcome->is_allowed) {
        return;
    }
    /* HIFAR, HDFAR */
    far =
        hsr >> 26 == AXADDR_ARM_EC_PREFETCH_ABORT ? ARM_READ(4, c6, c0, 2) : ARM_READ(4, c6, c0, 0);
    outcome->status = decode(hsr, far, &outcome->exit);
    if (outcome->status != AXADDR_OK) {
        outcome->exit.gpa = axaddr_gpa(hsr); /* to be seen in the message */
    } else if (outcome->exit.gva.raw == at) {
        outcome->exit.gva = axaddr_gva(address); /* as cases.c has it */
    }
}

/* DDI 0406C, B3.7: HAP[1], HAP[2] and XN govern one kind of access each; fetches need HAP[1]. */
bool machine_permits(uint32_t flags, uint32_t access) {
    uint32_t needed = access == AXADDR_EXECUTE ? AXADDR_READ | AXADDR_EXECUTE : access;

    return (flags & needed) == needed;
}

void machine_write_code(void *at, uint32_t value) {
    arm_write_code(at, value);
}
