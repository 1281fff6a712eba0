/* SPDX-License-Identifier: MIT
 *
 * machine.c: AMD's SVM with nested paging. Offsets in the VMCB: APM vol. 2, appendix B.
 */
#include "../x86.h"

struct guest_run {
    uint64_t vmcb;
    uint64_t rsi;
};
void machine_run(struct guest_run *run); /* svm.S */

#define VM_CR        UINT32_C(0xc0010114)
#define HSAVE        UINT32_C(0xc0010117)
#define EFER_SVME    UINT64_C(0x1000)
#define EXIT_NPF     0x400
#define EXIT_VMMCALL 0x81
#define ASID         1u

static uint8_t vmcb[BED_PAGE_SIZE] __attribute__((aligned(4096)));
static uint8_t host_save[BED_PAGE_SIZE] __attribute__((aligned(4096)));
static uint8_t permission_maps[5 * BED_PAGE_SIZE] __attribute__((aligned(4096)));
static struct bed_machine machine;
X86_BOOT_FORMAT;
static bool has_flush_by_asid;

static volatile uint64_t *field64(unsigned offset) {
    return (volatile uint64_t *)(void *)(vmcb + offset);
}

static volatile uint32_t *field32(unsigned offset) {
    return (volatile uint32_t *)(void *)(vmcb + offset);
}

static void set_segment(unsigned offset, uint16_t selector, uint16_t attributes, uint32_t limit,
                        uint64_t base) {
    *field32(offset) = selector | (uint32_t)attributes << 16;
    *field32(offset + 4) = limit;
    *field64(offset + 8) = base;
}

void machine_put(char c) {
    x86_put(c);
}

void machine_exit(unsigned status) {
    x86_exit(status);
}

static void set_controls(void) {
    *field32(0x0c) = 1u << 24 | 1u << 27 | 1u << 28 | 1u << 31; /* HLT, IO, MSR, shutdown */
    *field32(0x10) = 3;                                         /* VMRUN, VMMCALL */
    *field32(0x08) = 0xffffffff;                                /* exceptions */
    *field64(0x40) = x86_address(permission_maps);
    *field64(0x48) = x86_address(permission_maps) + 3 * BED_PAGE_SIZE;
    *field32(0x58) = ASID;
    *field64(0x90) = 1; /* nested paging */
}

/** The guest is in long mode, with four levels; it has no IDT and no stack, and needs none. */
static void set_guest(uint64_t cr3) {
    uint64_t cr0, cr4;
    unsigned offset;

    X86_READ_CR(0, cr0);
    X86_READ_CR(4, cr4);
    for (offset = 0x400; offset <= 0x450; offset += 0x10) {
        set_segment(offset, X86_DATA, 0xc93, 0xffffffff, 0);
    }
    set_segment(0x410, X86_CODE, 0xa9b, 0xffffffff, 0);
    set_segment(0x490, X86_TSS, 0x8b, 0x67, x86_address(x86_tss));
    *field64(0x4d0) = x86_read_msr(X86_EFER);
    *field64(0x548) = cr4 & ~X86_CR4_LA57;
    *field64(0x550) = cr3;
    *field64(0x558) = cr0;
    *field64(0x560) = 0x400;
    *field64(0x568) = 0xffff0ff0;
    *field64(0x668) = x86_read_msr(X86_PAT);
}

const struct bed_machine *machine_init(void) {
    if ((x86_cpuid(0x80000001, 2) & 4) == 0 || (x86_cpuid(0x8000000a, 3) & 1) == 0) {
        bed_stop("no SVM with nested paging; its features", x86_cpuid(0x8000000a, 3));
    }
    has_flush_by_asid = (x86_cpuid(0x8000000a, 3) & 0x40) != 0;
    x86_write_msr(X86_EFER, x86_read_msr(X86_EFER) | EFER_SVME);
    x86_write_msr(HSAVE, x86_address(host_save));
    x86_fill_machine(&machine);
    machine.name = "npt";
    machine.tells_permission = true;
    machine.tells_gva = false;
    set_controls();
    set_guest(x86_make_guest_tables(machine.guest[0].address));
    return &machine;
}

void machine_load(axaddr_hpa_t root) {
    uint64_t ncr3;

    if (axaddr_x86_npt_ncr3(root, &ncr3) != AXADDR_OK) {
        bed_stop("no nCR3 for the root", root.raw);
    }
    *field64(0xb0) = ncr3;
}

void machine_leave(void) {
}

void machine_flush(const struct axaddr_flush *plan) {
    axaddr_x86_npt_flush(plan, has_flush_by_asid, &vmcb[0x5c]);
}

void machine_access(uint64_t address, uint32_t access, uint64_t value,
                    struct bed_outcome *outcome) {
    struct guest_run run = {x86_address(vmcb), X86_WINDOW + (address & (BED_PAGE_SIZE - 1))};
    uint64_t code;

    x86_point_window(address);
    *field64(0x578) = x86_guest_code(access);
    *field64(0x570) = 2; /* RFLAGS */
    *field64(0x5f8) = value;
    machine_run(&run);
    vmcb[0x5c] = 0; /* what a plan asked for is done */
    code = *field64(0x70);
    outcome->value = *field64(0x5f8);
    outcome->is_allowed = code == EXIT_VMMCALL;
    if (outcome->is_allowed) {
        return;
    }
    outcome->status = AXADDR_INVALID;
    outcome->exit.gpa = axaddr_gpa(code); /* to be seen in the message */
    if (code == EXIT_NPF) {
        outcome->status = axaddr_x86_npt_decode(*field64(0x78), *field64(0x80), &outcome->exit);
        outcome->is_refused = outcome->status != AXADDR_OK;
    }
}

/* APM vol. 2, 15.25.5: as by a user, and nothing present is unreadable. */
bool machine_permits(uint32_t flags, uint32_t access) {
    return (flags & access) != 0;
}

void machine_write_code(void *at, uint32_t value) {
    x86_write_code(at, value);
}
