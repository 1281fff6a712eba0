/* SPDX-License-Identifier: MIT
 *
 * machine.c: QEMU's "virt" board with the hypervisor extension. The bed is in HS-mode; its guest in
 * VS-mode, with vsatp 0: its addresses are guest-physical as they are.
 */
#include "../bed.h"

/** boot.S: run the guest at `pc` with a0 and a1 as given, until it comes back to HS-mode. */
struct guest_run {
    uint64_t pc;
    uint64_t a0;
    uint64_t a1;
};
void machine_run(struct guest_run *run);
void machine_bad_trap(uint64_t cause, uint64_t pc, uint64_t value);
extern const char guest_page[], guest_read[], guest_write[], guest_fetch[];

/* By their numbers, as assemblers without the extension do not know their names. */
#define HSTATUS       0x600
#define HTVAL         0x643
#define HTINST        0x64a
#define HGATP         0x680
#define VSATP         0x280
#define SCAUSE        0x142
#define STVAL         0x143
#define CSR_TEXT(n)   #n
#define READ(csr)     READ_(csr)
#define WRITE(csr, v) WRITE_(csr, v)
#define READ_(csr)                                                                                 \
    __extension__({                                                                                \
        uint64_t csr_value_;                                                                       \
        __asm__ volatile("csrr %0, " #csr : "=r"(csr_value_)::"memory");                           \
        csr_value_;                                                                                \
    })
#define WRITE_(csr, v) __asm__ volatile("csrw " #csr ", %0" ::"r"((uint64_t)(v)) : "memory")

#define UART  UINT64_C(0x10000000)
#define TEST  UINT64_C(0x00100000) /* "sifive_test": ends the run */
#define VMID  5u
#define PROBE UINT64_C(0x100000000) /* RAM is 0x80000000 to 0x13fffffff */
#define POOL  UINT64_C(0x90000000)

static struct bed_machine machine;

void machine_put(char c) {
    *(volatile uint8_t *)bed_at(UART) = (uint8_t)c;
}

void machine_exit(unsigned status) {
    *(volatile uint32_t *)bed_at(TEST) = status == 0 ? 0x5555 : status << 16 | 0x3333;
    for (;;) {
    }
}

void machine_bad_trap(uint64_t cause, uint64_t pc, uint64_t value) {
    bed_print("trap outside the guest at ");
    bed_print_hex(pc);
    bed_print(", value ");
    bed_print_hex(value);
    bed_print("\n");
    bed_stop("cause", cause);
}

const struct bed_machine *machine_init(void) {
    uint64_t size = UINT64_C(1) << BED_FORMAT.input_width;

    WRITE(VSATP, 0);
    machine.name = "riscv";
    machine.beyond[0] = size;
    machine.beyond[1] = size + size / 2 + 0x5000;
    /* QEMU 7.2 sign-extends guest-physical addresses: half of the space faults, mapped or not. */
    size /= 2;
    machine.beyond[2] = size;
    machine.last = size - 1;
    machine.middle = size / 2 + size / 4 + UINT64_C(0x1b3355b000);
    machine.probe = PROBE;
    machine.pool = POOL;
    machine.guest[0].address = size / 2 + UINT64_C(0x140000000);
    machine.guest[0].hpa = (uintptr_t)guest_page;
    machine.guest[0].size = BED_PAGE_SIZE;
    machine.guest[0].flags = AXADDR_READ | AXADDR_EXECUTE;
    machine.mode_count = 1;
    machine.tells_permission = false;
    machine.tells_gva = true;
    return &machine;
}

void machine_load(axaddr_hpa_t root) {
    uint64_t hgatp;

    if (axaddr_riscv_gstage_hgatp(&BED_FORMAT, root, VMID, &hgatp) != AXADDR_OK) {
        bed_stop("no hgatp for the root", root.raw);
    }
    WRITE(HGATP, hgatp);
    if (READ(HGATP) != hgatp) {
        bed_stop("the hart does not have this mode; hgatp", hgatp);
    }
    axaddr_riscv_hfence_gvma_all();
}

void machine_leave(void) {
}

void machine_flush(const struct axaddr_flush *plan) {
    struct axaddr_flush tagged = *plan;

    tagged.vmid = VMID;
    axaddr_riscv_gstage_flush(&tagged, false);
}

void machine_access(uint64_t address, uint32_t access, uint64_t value,
                    struct bed_outcome *outcome) {
    const char *code = access == AXADDR_READ    ? guest_read
                       : access == AXADDR_WRITE ? guest_write
                                                : guest_fetch;
    struct guest_run run = {0, value, address};
    uint64_t cause;

    run.pc = machine.guest[0].address + (uint64_t)(code - guest_page);
    machine_run(&run);
    cause = READ(SCAUSE);
    outcome->value = run.a0;
    outcome->is_allowed = cause == 10; /* ecall from VS-mode: it came to its end */
    if (outcome->is_allowed) {
        return;
    }
    outcome->status =
        axaddr_riscv_gstage_decode(cause, READ(STVAL), READ(HTVAL), READ(HTINST), &outcome->exit);
    if (outcome->status != AXADDR_OK) {
        outcome->exit.gpa = axaddr_gpa(cause); /* to be seen in the message */
    }
}

/* "Sv39", steps 5 to 7, MXR 0: R, W and X each govern one kind of access. */
bool machine_permits(uint32_t flags, uint32_t access) {
    return (flags & access) != 0;
}

void machine_write_code(void *at, uint32_t value) {
    volatile uint32_t *code = at;

    code[0] = 0x00000537 | ((value + 0x800) & 0xfffff000); /* lui a0, upper */
    code[1] = 0x0005051b | (value & 0xfff) << 20;          /* addiw a0, a0, lower */
    code[2] = 0x00008067;                                  /* ret */
    __asm__ volatile("fence.i" ::: "memory");
}
