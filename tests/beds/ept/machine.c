/* SPDX-License-Identifier: MIT
 *
 * machine.c: Intel's VMX with EPT. Fields of the VMCS: SDM vol. 3D, appendix B.
 */
#include "../x86.h"

struct guest_run {
    uint64_t rax;
    uint64_t rsi;
};
unsigned machine_run(struct guest_run *run, uint64_t is_launched); /* vmx.S */

#define MSR_FEATURE_CONTROL UINT32_C(0x3a)
#define MSR_VMX_BASIC       UINT32_C(0x480)
#define MSR_EPT_VPID_CAP    UINT32_C(0x48c)

#define EXIT_VMCALL               18
#define EXIT_EPT_VIOLATION        48
#define EXIT_EPT_MISCONFIGURATION 49

static uint32_t vmxon_region[BED_PAGE_SIZE / 4] __attribute__((aligned(4096)));
static uint32_t vmcs[BED_PAGE_SIZE / 4] __attribute__((aligned(4096)));
static uint32_t ve_information[BED_PAGE_SIZE / 4] __attribute__((aligned(4096)));
static struct bed_machine machine;
X86_BOOT_FORMAT;
static uint64_t capabilities;
static uint64_t eptp;
static bool is_launched;

void machine_put(char c) {
    x86_put(c);
}

void machine_exit(unsigned status) {
    x86_exit(status);
}

static void write_field(uint64_t field, uint64_t value) {
    uint8_t has_failed;

    __asm__ volatile("vmwrite %2, %1\n\tsetna %0"
                     : "=qm"(has_failed)
                     : "r"(field), "r"(value)
                     : "cc");
    if (has_failed != 0) {
        bed_stop("VMWRITE to field", field);
    }
}

static uint64_t read_field(uint64_t field) {
    uint64_t value = 0;

    __asm__ volatile("vmread %1, %0" : "=r"(value) : "r"(field) : "cc");
    return value;
}

/** Controls as wanted, and as the processor demands (appendix A.2 to A.5: must be 1, may be 1). */
static void write_controls(uint64_t field, uint32_t msr, uint32_t wanted) {
    uint64_t bounds = x86_read_msr(msr);
    uint32_t controls = (wanted | (uint32_t)bounds) & (uint32_t)(bounds >> 32);

    if ((controls & wanted) != wanted) {
        bed_stop("VMX lacks a control; MSR", msr);
    }
    write_field(field, controls);
}

static void enter_vmx(void) {
    uint64_t control = x86_read_msr(MSR_FEATURE_CONTROL);
    uint64_t address = x86_address(vmxon_region);
    uint64_t cr0, cr4;
    uint8_t has_failed;

    if ((x86_cpuid(1, 2) & 0x20) == 0) {
        bed_stop("no VMX; CPUID 1, ECX", x86_cpuid(1, 2));
    }
    if ((control & 1) == 0) {
        x86_write_msr(MSR_FEATURE_CONTROL, control | 5);
    }
    X86_READ_CR(0, cr0);
    X86_READ_CR(4, cr4);
    X86_WRITE_CR(0, (cr0 | x86_read_msr(0x486)) & x86_read_msr(0x487));
    X86_WRITE_CR(4, (cr4 | 0x2000 | x86_read_msr(0x488)) & x86_read_msr(0x489));
    vmxon_region[0] = (uint32_t)x86_read_msr(MSR_VMX_BASIC);
    vmcs[0] = vmxon_region[0];
    __asm__ volatile("vmxon %1\n\tsetna %0" : "=qm"(has_failed) : "m"(address) : "cc", "memory");
    if (has_failed != 0) {
        bed_stop("VMXON failed", 0);
    }
    address = x86_address(vmcs);
    __asm__ volatile("vmclear %1\n\tvmptrld %1\n\tsetna %0"
                     : "=qm"(has_failed)
                     : "m"(address)
                     : "cc", "memory");
    if (has_failed != 0) {
        bed_stop("VMPTRLD failed", 0);
    }
}

/**
 * With a format that suppresses it in its entries, "EPT-violation #VE" is on: where the bit were
 * missing, the guest would get the exception, which is an exit of another kind.
 */
static void set_controls(void) {
    bool has_true = (x86_read_msr(MSR_VMX_BASIC) >> 55 & 1) != 0;
    uint64_t entries = BED_FORMAT.empty | BED_FORMAT.attributes_of(AXADDR_READ, 0);
    bool has_ve = (entries & AXADDR_X86_EPT_SVE) != 0;

    write_controls(0x4000, has_true ? 0x48d : 0x481, 0);
    write_controls(0x4002, has_true ? 0x48e : 0x482, 1u << 31 | 1u << 7); /* secondary, HLT */
    write_controls(0x401e, 0x48b, 1u << 1 | (has_ve ? 1u << 18 : 0));     /* EPT, #VE */
    if (has_ve) {
        write_field(0x202a, x86_address(ve_information));
    }
    /* Exit: a 64-bit host, PAT and EFER saved and loaded. Entry: a long-mode guest, PAT, EFER. */
    write_controls(0x400c, has_true ? 0x48f : 0x483,
                   1u << 9 | 1u << 18 | 1u << 19 | 1u << 20 | 1u << 21);
    write_controls(0x4012, has_true ? 0x490 : 0x484, 1u << 9 | 1u << 14 | 1u << 15);
    write_field(0x4004, 0xffffffff); /* all exceptions exit */
    write_field(0x2800, ~UINT64_C(0));
}

static void set_host(uint64_t cr0, uint64_t cr3, uint64_t cr4) {
    uint64_t field;

    write_field(0x6c00, cr0);
    write_field(0x6c02, cr3);
    write_field(0x6c04, cr4);
    write_field(0x2c00, x86_read_msr(X86_PAT));
    write_field(0x2c02, x86_read_msr(X86_EFER));
    for (field = 0xc00; field <= 0xc0a; field += 2) {
        write_field(field, field == 0xc02 ? X86_CODE : X86_DATA);
    }
    write_field(0xc0c, X86_TSS);
    write_field(0x6c0a, x86_address(x86_tss));
    write_field(0x6c0c, x86_gdtr.base);
}

/** `index`: ES, CS, SS, DS, FS, GS, LDTR, TR */
static void set_segment(unsigned index, uint16_t selector, uint64_t base, uint32_t limit,
                        uint32_t rights) {
    write_field(0x800 + 2 * index, selector);
    write_field(0x6806 + 2 * index, base);
    write_field(0x4800 + 2 * index, limit);
    write_field(0x4814 + 2 * index, rights);
}

/** The guest is in long mode like the host; it has no IDT and no stack, and needs none. */
static void set_guest(uint64_t cr0, uint64_t cr3, uint64_t cr4) {
    unsigned index;

    for (index = 0; index < 6; index++) {
        set_segment(index, X86_DATA, 0, 0xffffffff, 0xc093);
    }
    set_segment(1, X86_CODE, 0, 0xffffffff, 0xa09b);
    set_segment(6, 0, 0, 0, 0x10000);
    set_segment(7, X86_TSS, x86_address(x86_tss), 0x67, 0x8b);
    write_field(0x6800, cr0);
    write_field(0x6802, cr3);
    write_field(0x6804, cr4);
    write_field(0x2804, x86_read_msr(X86_PAT));
    write_field(0x2806, x86_read_msr(X86_EFER));
    write_field(0x681a, 0x400);
    write_field(0x681c, 0);
}

const struct bed_machine *machine_init(void) {
    uint64_t cr0, cr3, cr4, missing;

    enter_vmx();
    capabilities = x86_read_msr(MSR_EPT_VPID_CAP);
    missing =
        axaddr_x86_ept_missing(capabilities, &BED_FORMAT,
                               AXADDR_X86_EPT_CAP_EXECUTE_ONLY | AXADDR_X86_EPT_CAP_ACCESSED_DIRTY);
    if (missing != 0) {
        bed_stop(axaddr_x86_ept_cap_name(missing), missing);
    }
    x86_fill_machine(&machine);
    machine.name = "ept";
    machine.tells_permission = true;
    machine.tells_gva = true;
    X86_READ_CR(0, cr0);
    X86_READ_CR(3, cr3);
    X86_READ_CR(4, cr4);
    set_controls();
    set_host(cr0, cr3, cr4);
    set_guest(cr0, x86_make_guest_tables(machine.guest[0].address), cr4);
    return &machine;
}

void machine_load(axaddr_hpa_t root) {
    if (axaddr_x86_ept_eptp_of(&BED_FORMAT, root, true, capabilities, &eptp) != AXADDR_OK) {
        bed_stop("no EPTP for the root", root.raw);
    }
    write_field(0x201a, eptp);
    if (axaddr_x86_ept_invept_all() != AXADDR_OK) {
        bed_stop("INVEPT is refused", eptp);
    }
}

void machine_leave(void) {
}

void machine_flush(const struct axaddr_flush *plan) {
    if (axaddr_x86_ept_flush(plan, eptp) != AXADDR_OK) {
        bed_stop("INVEPT is refused", eptp);
    }
}

void machine_access(uint64_t address, uint32_t access, uint64_t value,
                    struct bed_outcome *outcome) {
    struct guest_run run = {value, X86_WINDOW + (address & (BED_PAGE_SIZE - 1))};
    uint64_t reason;

    x86_point_window(address);
    write_field(0x681e, x86_guest_code(access));
    write_field(0x6820, 2); /* RFLAGS */
    if (machine_run(&run, is_launched) != 0) {
        bed_stop("no VM entry; error", read_field(0x4400));
    }
    is_launched = true;
    reason = read_field(0x4402);
    outcome->value = run.rax;
    outcome->is_allowed = reason == EXIT_VMCALL;
    if (outcome->is_allowed) {
        return;
    }
    outcome->status = AXADDR_INVALID;
    outcome->is_refused = reason == EXIT_EPT_MISCONFIGURATION;
    outcome->exit.gpa = axaddr_gpa(reason); /* to be seen in the message */
    if (reason == EXIT_EPT_VIOLATION) {
        axaddr_x86_ept_decode(read_field(0x6400), read_field(0x2400), read_field(0x640a),
                              &outcome->exit);
        /* Each of these accesses is at a linear address. */
        outcome->status = outcome->exit.is_gva_valid ? AXADDR_OK : AXADDR_INVALID;
        /* The window stands for the page: told is where the guest saw it. */
        if (outcome->exit.gva.raw == run.rsi) {
            outcome->exit.gva = axaddr_gva(address);
        }
    }
}

/* SDM vol. 3C, 29.3.2: bits 0, 1 and 2 each govern one kind of access. */
bool machine_permits(uint32_t flags, uint32_t access) {
    return (flags & access) != 0;
}

void machine_write_code(void *at, uint32_t value) {
    x86_write_code(at, value);
}
