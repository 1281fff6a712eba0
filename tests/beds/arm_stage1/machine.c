/* SPDX-License-Identifier: MIT
 *
 * machine.c: stage 1 of PL1&0 of 32-bit Arm, with long or short descriptors. The bed is in Hyp mode
 * without translation; accesses are made from Supervisor and from User mode. Their aborts are taken
 * by PL1, which passes them on.
 */
#include "../arm/arm.h"

#define ASID                5u
/* The numbers of HVC, by the vector that PL1 came through. */
#define FROM_PREFETCH_ABORT 3u
#define FROM_DATA_ABORT     4u

/* SCTLR: M; and what is cleared: AFE 29, TRE 28, UWXN 20, WXN 19. */
#define SCTLR_M       UINT32_C(1)
#define SCTLR_CLEARED UINT32_C(0x30180000)

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

static bool is_short(void) {
    return BED_FORMAT.entry_shift == 2;
}

static struct bed_fixture guest_at(uint64_t address, uint32_t mode) {
    struct bed_fixture fixture = {address, (uintptr_t)guest_page, BED_PAGE_SIZE,
                                  AXADDR_READ | AXADDR_EXECUTE | mode};

    return fixture;
}

const struct bed_machine *machine_init(void) {
    machine.name = "arm_stage1";
    machine.last = UINT32_MAX;
    machine.middle = 0xdb355000;
    machine.beyond[0] = 0; /* 32 bits are all that there are */
    machine.probe = ARM_PROBE;
    machine.output_bits = ARM_OUTPUT_BITS;
    machine.pool = ARM_POOL;
    /* For Supervisor mode, which may not fetch what is for User mode, and for User mode. */
    machine.guest[0] = guest_at(0x94321000, 0);
    machine.guest[1] = guest_at(0x94322000, AXADDR_USER);
    machine.modes[1] = AXADDR_USER;
    machine.mode_count = 2;
    /* A small page becomes a large one, another address; PXN, which no flag tells. */
    machine.ignored = is_short() ? 2 : UINT64_C(1) << 53;
    machine.tells_permission = true;
    machine.tells_gva = true;
    return &machine;
}

static void load_short(axaddr_hpa_t root) {
    struct axaddr_arm_short_registers registers;

    if (axaddr_arm_short_load(ARM_READ(0, c0, c1, 7), root, ASID, &registers) != AXADDR_OK) {
        bed_stop("no TTBR0 for the root", root.raw);
    }
    ARM_WRITE(0, c2, c0, 2, registers.ttbcr);
    ARM_WRITE(0, c2, c0, 0, registers.ttbr0);
    ARM_WRITE(0, c3, c0, 0, registers.dacr);
    ARM_WRITE(0, c13, c0, 1, registers.contextidr);
}

static void load_long(axaddr_hpa_t root) {
    uint64_t mair = axaddr_arm_lpae_mair(0);
    uint64_t ttbr0;

    if (axaddr_arm_lpae_ttbr0(root, ASID, &ttbr0) != AXADDR_OK) {
        bed_stop("no TTBR0 for the root", root.raw);
    }
    ARM_WRITE(0, c10, c2, 0, mair);       /* MAIR0 */
    ARM_WRITE(0, c10, c2, 1, mair >> 32); /* MAIR1 */
    ARM_WRITE(0, c2, c0, 2, AXADDR_ARM_LPAE_TTBCR);
    ARM_WRITE_TTBR(0, ttbr0);
    ARM_WRITE(0, c3, c0, 0, 0); /* DACR: no access to any domain, which must not matter */
}

void machine_load(axaddr_hpa_t root) {
    if (is_short()) {
        load_short(root);
    } else {
        load_long(root);
    }
    ARM_WRITE(0, c12, c0, 0, /* VBAR */
              machine.guest[0].address + (uint32_t)(guest_vectors - guest_page));
    ARM_WRITE(0, c1, c0, 0, (ARM_READ(0, c1, c0, 0) & ~SCTLR_CLEARED) | SCTLR_M);
}

void machine_leave(void) {
}

void machine_flush(const struct axaddr_flush *plan) {
    struct axaddr_arm_stage1_tables tables = {is_short(), true};
    struct axaddr_flush tagged = *plan;

    tagged.vmid = ASID;
    axaddr_arm_stage1_flush(&tagged, &tables);
}

/** What PL1 has seen of an abort: DFSR and DFAR, or IFSR and IFAR, and the SPSR of Abort mode. */
static enum axaddr_status decode(unsigned from, struct axaddr_arm_page_fault *fault) {
    uint32_t spsr;

    __asm__ volatile("mrs %0, spsr_abt" : "=r"(spsr)::"memory");
    if (from == FROM_PREFETCH_ABORT) {
        return axaddr_arm_prefetch_abort(ARM_READ(0, c5, c0, 1), ARM_READ(0, c6, c0, 2), spsr,
                                         fault);
    }
    if (from == FROM_DATA_ABORT) {
        return axaddr_arm_data_abort(ARM_READ(0, c5, c0, 0), ARM_READ(0, c6, c0, 0), spsr, fault);
    }
    return AXADDR_INVALID;
}

void machine_access(uint64_t address, uint32_t access, uint64_t value,
                    struct bed_outcome *outcome) {
    bool is_user = (access & AXADDR_USER) != 0;
    uint32_t guest = (uint32_t)machine.guest[is_user].address;
    struct arm_run run = {guest + arm_code_for(access), (uint32_t)value, (uint32_t)address,
                          is_user ? ARM_SPSR_USR : ARM_SPSR_SVC};
    struct axaddr_arm_page_fault fault;
    uint32_t hsr;

    machine_run(&run);
    hsr = ARM_READ(4, c5, c2, 0);
    outcome->value = run.r0;
    outcome->is_allowed = hsr >> 26 == ARM_HVC && (hsr & 0xffff) == 0;
    if (outcome->is_allowed) {
        return;
    }
    outcome->status = hsr >> 26 == ARM_HVC ? decode(hsr & 0xffff, &fault) : AXADDR_INVALID;
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

/*
 * DDI 0406C, B3.7: AP[1] lets User mode in; PL1 may read and write what User mode may. It may not
 * fetch it where there is PXN, which pages of short descriptors have not.
 */
bool machine_permits(uint32_t flags, uint32_t access) {
    bool is_user_page = (flags & AXADDR_USER) != 0;
    bool is_fetch = (access & AXADDR_EXECUTE) != 0;
    bool is_reachable =
        (access & AXADDR_USER) != 0 ? is_user_page : !is_user_page || !is_fetch || is_short();

    return is_reachable && (flags & access & AXADDR_ACCESS_FLAGS) != 0;
}

void machine_write_code(void *at, uint32_t value) {
    arm_write_code(at, value);
}
