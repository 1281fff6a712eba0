/* SPDX-License-Identifier: MIT
 *
 * machine.c: QEMU's "virt" board with the hypervisor extension, of RV64 or RV32. The bed is in
 * HS-mode; its guest in VS-mode. On RV64 vsatp is 0: the guest's addresses are guest-physical as
 * they are. On RV32, where guest-physical ones have 2 bits more, the guest has a table of its own.
 */
#include "../riscv.h"

#define VMID 5u

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

#if __riscv_xlen == 64

/** The guest can form addresses beyond the space. Returns how much of it is tried. */
static uint64_t find_beyond(void) {
    uint64_t size = UINT64_C(1) << BED_SHAPE.input_width;

    machine.beyond[0] = size;
    machine.beyond[1] = size + size / 2 + 0x5000;
    /* QEMU 7.2 sign-extends guest-physical addresses: half of the space faults, mapped or not. */
    machine.beyond[2] = size / 2;
    return size / 2;
}

static void begin_guest(void) {
    RISCV_WRITE(RISCV_VSATP, 0);
}

static uintptr_t guest_address(uint64_t gpa) {
    return gpa;
}

#else

/** The guest's Sv32 root: the 4 MiB of its page, and a window to the 4 MiB that are tried. */
static uint32_t guest_table[1024] __attribute__((aligned(4096)));

#define WINDOW   UINT32_C(0x40000000)
#define VS_ENTRY UINT32_C(0xcf) /* V, R, W, X, A, D */
#define VSATP_ON UINT32_C(0x80000000)

/**
 * QEMU 7.2 walks Sv32x4 by bits 31:0 of the address, and tells all 34: what is mapped above 4 GiB
 * cannot be tried, but faults can, where nothing is mapped 4, 8 or 12 GiB below.
 */
static uint64_t find_beyond(void) {
    machine.beyond[0] = UINT64_C(0x100000000);
    machine.beyond[1] = UINT64_C(0x23355b000);
    machine.beyond[2] = UINT64_C(0x3ffffe000);
    return UINT64_C(1) << 32;
}

/** An entry for 4 MiB: bits 33:22 of the address are its bits 31:20. */
static uint32_t guest_entry(uint64_t gpa) {
    return (uint32_t)(gpa >> 22) << 20 | VS_ENTRY;
}

static void begin_guest(void) {
    uint64_t code = machine.guest[0].address;
    struct bed_fixture table = {code + 0x400000, (uintptr_t)guest_table, BED_PAGE_SIZE,
                                AXADDR_READ};

    machine.guest[1] = table;
    guest_table[code >> 22] = guest_entry(code);
    RISCV_WRITE(RISCV_VSATP, VSATP_ON | table.address >> 12);
}

/** Where the guest has an address: in the window, which is moved there. */
static uintptr_t guest_address(uint64_t gpa) {
    uint32_t *entry = &guest_table[WINDOW >> 22];

    if (*entry != guest_entry(gpa)) {
        *entry = guest_entry(gpa);
        axaddr_riscv_hfence_vvma_all();
    }
    return WINDOW | (uintptr_t)(gpa & 0x3fffff);
}

#endif

const struct bed_machine *machine_init(void) {
    uint64_t size = find_beyond();
    uint64_t quarter = size / 4 - 1;

    machine.name = "riscv";
    machine.output_bits = RISCV_OUTPUT_BITS;
    machine.last = size - 1;
    machine.middle = size / 2 + size / 4 + (UINT64_C(0x1b3355b000) & quarter);
    machine.probe = RISCV_PROBE;
    machine.pool = RISCV_POOL;
    machine.guest[0] = riscv_guest_at(size / 2 + (UINT64_C(0x140000000) & quarter), 0);
    machine.mode_count = 1;
    machine.ignored = UINT64_C(0x7f) << 54; /* where it has Svpbmt or Svnapot */
    machine.tells_permission = false;
    machine.tells_gva = true;
    begin_guest();
    return &machine;
}

static uintptr_t hgatp_for(axaddr_hpa_t root) {
    enum axaddr_status status;
#if __riscv_xlen == 64
    struct axaddr_geometry geometry = axaddr_geometry_of(&BED_SHAPE);
    uint64_t hgatp = 0;

    status = axaddr_riscv_gstage_hgatp_sized(&BED_FORMAT, &geometry, root, VMID, &hgatp);
#else
    uint32_t hgatp = 0;

    status = axaddr_riscv_sv32x4_hgatp(root, VMID, &hgatp);
#endif
    if (status != AXADDR_OK) {
        bed_stop("no hgatp for the root", root.raw);
    }
    return hgatp;
}

void machine_load(axaddr_hpa_t root) {
    uintptr_t hgatp = hgatp_for(root);

    RISCV_WRITE(RISCV_HGATP, hgatp);
    if (RISCV_READ(RISCV_HGATP) != hgatp) {
        bed_stop("the hart does not have this mode; hgatp", hgatp);
    }
    axaddr_riscv_hfence_gvma_all();
}

void machine_leave(void) {
}

void machine_flush(const struct axaddr_flush *plan) {
    struct axaddr_flush tagged = *plan;

    tagged.vmid = VMID;
    axaddr_riscv_gstage_flush(&tagged, BED_FORMAT.run_bits != 0); /* Svinval: bed.sh */
}

void machine_access(uint64_t address, uint32_t access, uint64_t value,
                    struct bed_outcome *outcome) {
    uintptr_t gva = guest_address(address);
    uintptr_t cause;

    outcome->value = riscv_run_access(machine.guest[0].address, gva, access, value);
    cause = RISCV_READ(RISCV_SCAUSE);
    outcome->is_allowed = cause == 10; /* ecall from VS-mode: it came to its end */
    if (outcome->is_allowed) {
        return;
    }
    outcome->status =
        axaddr_riscv_gstage_decode(cause, RISCV_READ(RISCV_STVAL), RISCV_READ(RISCV_HTVAL),
                                   RISCV_READ(RISCV_HTINST), &outcome->exit);
    if (outcome->status != AXADDR_OK) {
        outcome->exit.gpa = axaddr_gpa(cause); /* to be seen in the message */
    }
    outcome->exit.gva.raw += address - gva; /* tells_gva: `address`, if it was `gva` */
}

/* "Sv39", steps 5 to 7, MXR 0: R, W and X each govern one kind of access. */
bool machine_permits(uint32_t flags, uint32_t access) {
    return (flags & access) != 0;
}

void machine_write_code(void *at, uint32_t value) {
    riscv_write_code(at, value);
}
