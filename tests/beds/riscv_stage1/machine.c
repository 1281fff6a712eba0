/* SPDX-License-Identifier: MIT
 *
 * machine.c: QEMU's "virt" board, of RV64 or RV32, with one stage. The bed is in M-mode, which has
 * no translation; accesses are made from S- and from U-mode, with SUM 1 and MXR 0. Their page faults
 * are taken by S-mode, which passes them on.
 */
#include "../riscv.h"
#include "axaddr_arch/riscv_switch.h"

extern const char guest_vector[];

#define ASID          5u
#define MSTATUS       0x300
#define MSTATUS_MPP   UINT32_C(0x1800)
#define MSTATUS_MPP_S UINT32_C(0x0800)
#define MSTATUS_SUM   UINT32_C(0x40000)
#define MCAUSE        0x342
#define ECALL_U       8u
#define ECALL_S       9u
#define NO_FAULT      63u /* a cause that there is not */

static struct bed_machine machine;

void machine_put(char c) {
    riscv_put(c);
}

void machine_exit(unsigned status) {
    riscv_exit(status);
}

void machine_bad_trap(uintptr_t cause, uintptr_t pc, uintptr_t value) {
    riscv_bad_trap(cause, pc, value);
}

/** One half of the addresses, which are signed; what is beyond is no address at all. */
static void choose_half(void) {
    uint64_t size = UINT64_C(1) << (BED_FORMAT.input_width - 1);

    machine.last = size - 1;
    machine.beyond[0] = size;
    machine.beyond[1] = size + size / 2 + 0x5000;
    machine.beyond[2] = 0 - size - BED_PAGE_SIZE;
    if (BED_IS_UPPER) {
        machine.first = 0 - size;
        machine.last = UINT64_MAX;
    }
}

const struct bed_machine *machine_init(void) {
    uint64_t vector = (uint64_t)(guest_vector - guest_page);
    uint64_t half, quarter;

    machine.last = UINT32_MAX;
    if (BED_FORMAT.is_sign_extended) {
        choose_half();
    }
    half = (machine.last - machine.first) / 2 + 1;
    quarter = half / 2 - 1;
    machine.name = "riscv_stage1";
    machine.output_bits = RISCV_OUTPUT_BITS;
    machine.middle = machine.first + half + quarter + 1 + (UINT64_C(0x1b3355b000) & quarter);
    machine.probe = RISCV_PROBE;
    machine.pool = RISCV_POOL;
    /* For S-mode, which may not fetch what is for U-mode, and for U-mode. */
    machine.guest[0] = riscv_guest_at(machine.first + half + (0x114000000 & quarter), 0);
    machine.guest[1] = riscv_guest_at(machine.guest[0].address + BED_PAGE_SIZE, AXADDR_USER);
    machine.modes[1] = AXADDR_USER;
    machine.mode_count = 2;
    machine.ignored = UINT64_C(0x7f) << 54; /* where it has Svpbmt or Svnapot */
    machine.tells_permission = false;
    machine.tells_gva = true;
    RISCV_WRITE(RISCV_STVEC, machine.guest[0].address + vector);
    return &machine;
}

static uintptr_t satp_for(axaddr_hpa_t root) {
    enum axaddr_status status;
#if __riscv_xlen == 64
    uint64_t satp = 0;

    status = axaddr_riscv_stage1_satp(&BED_SHAPE, root, ASID, &satp);
#else
    uint32_t satp = 0;

    status = axaddr_riscv_sv32_satp(root, ASID, &satp);
#endif
    if (status != AXADDR_OK) {
        bed_stop("no satp for the root", root.raw);
    }
    return satp;
}

void machine_load(axaddr_hpa_t root) {
    uintptr_t satp = satp_for(root);

    if (axaddr_riscv_stage1_turn_on(satp) != AXADDR_OK) {
        bed_stop("the hart does not have this mode; satp", satp);
    }
    if (axaddr_riscv_asid_bits() != (__riscv_xlen == 32 ? 9 : 16)) {
        bed_stop("bits of ASID", axaddr_riscv_asid_bits());
    }
    axaddr_riscv_stage1_switch(satp, AXADDR_VMID_FLUSH_ALL);
}

void machine_leave(void) {
}

void machine_flush(const struct axaddr_flush *plan) {
    struct axaddr_flush tagged = *plan;

    tagged.vmid = ASID;
    axaddr_riscv_stage1_flush(&tagged, true, BED_FORMAT.run_bits != 0); /* Svinval: bed.sh */
}

void machine_access(uint64_t address, uint32_t access, uint64_t value,
                    struct bed_outcome *outcome) {
    bool is_user = (access & AXADDR_USER) != 0;
    uintptr_t mstatus = RISCV_READ(MSTATUS) & ~(uintptr_t)MSTATUS_MPP;
    struct axaddr_riscv_page_fault fault;
    uintptr_t cause;

    if (!is_user && (access & AXADDR_EXECUTE) != 0) {
        /* QEMU 7.2 lets S-mode fetch from a U page that a read has brought into its TLB. */
        axaddr_riscv_sfence_vma_all();
    }
    RISCV_WRITE(MSTATUS, mstatus | MSTATUS_SUM | (is_user ? 0 : MSTATUS_MPP_S));
    RISCV_WRITE(RISCV_SCAUSE, NO_FAULT);
    outcome->value = riscv_run_access(machine.guest[is_user].address, address, access, value);
    cause = RISCV_READ(MCAUSE);
    if ((cause == ECALL_U || cause == ECALL_S) && RISCV_READ(RISCV_SCAUSE) != NO_FAULT) {
        cause = RISCV_READ(RISCV_SCAUSE);
    }
    outcome->is_allowed = cause == ECALL_U || cause == ECALL_S;
    if (outcome->is_allowed) {
        return;
    }
    outcome->status = axaddr_riscv_stage1_decode(cause, RISCV_READ(RISCV_STVAL),
                                                 RISCV_READ(RISCV_SSTATUS), &fault);
    if (outcome->status != AXADDR_OK) {
        outcome->exit.gpa = axaddr_gpa(cause); /* to be seen in the message */
        return;
    }
    outcome->exit.gpa = axaddr_gpa(fault.gva.raw);
    outcome->exit.access = fault.access;
    outcome->exit.is_gva_valid = true;
    outcome->exit.gva = fault.gva;
}

/* "Sv39", steps 5 to 7, SUM 1 and MXR 0: U is for U-mode, and for S-mode's reads and writes. */
bool machine_permits(uint32_t flags, uint32_t access) {
    bool is_user_page = (flags & AXADDR_USER) != 0;
    bool is_fetch = (access & AXADDR_EXECUTE) != 0;
    bool is_reachable = (access & AXADDR_USER) != 0 ? is_user_page : !is_user_page || !is_fetch;

    return is_reachable && (flags & access & AXADDR_ACCESS_FLAGS) != 0;
}

void machine_write_code(void *at, uint32_t value) {
    riscv_write_code(at, value);
}
