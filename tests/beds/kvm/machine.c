/* SPDX-License-Identifier: MIT
 *
 * machine.c: 64-bit x86 with one stage on KVM. The bed is a process that makes the tables of its
 * guest; all memory of the guest is at the same address in the process. The guest makes accesses
 * from ring 0 and ring 3, and executes what TLB maintenance asks for.
 */
#define _GNU_SOURCE
#include "../x86.h"

#include "guest.h"
#include <errno.h>
#include <fcntl.h>
#include <linux/kvm.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

#define TOUCH_COUNT 256u

struct guest_run {
    uint64_t command;
    uint64_t code;
    uint64_t address;
    uint64_t value;
    uint64_t cs, ss;
    uint64_t vector, error, cr2;
    uint64_t count;
    uint64_t words[TOUCH_COUNT];
};
AXADDR_STATIC_ASSERT(offsetof(struct guest_run, address) == RUN_ADDRESS &&
                         offsetof(struct guest_run, ss) == RUN_SS &&
                         offsetof(struct guest_run, cr2) == RUN_CR2 &&
                         offsetof(struct guest_run, words) == RUN_WORDS,
                     "guest.S knows it, too");
extern const char guest_page[], guest_read[], guest_write[], guest_fetch[], guest_kernel[],
    guest_vectors[];

#define VECTOR_END   6u /* an invalid instruction */
#define VECTOR_COUNT 32u
#define USER_CODE    0x2bu /* 0x28 of the GDT, for ring 3 */
#define USER_DATA    0x23u
#define PROBE        UINT64_C(0x100000000)
#define SEEN_FRAMES  32u /* of the pool, from its start: more are not used at a time */

static struct bed_machine machine;
static int vm, vcpu;
static struct kvm_run *kvm_run;
static const struct axaddr_x86_64_use use = {48, true, false};
static const volatile uint64_t *const tables = (const volatile uint64_t *)X86_POOL;
static uint64_t seen[SEEN_FRAMES * BED_PAGE_SIZE / 8]; /* what was there last */

int main(void) {
    (void)setvbuf(stdout, 0, _IOLBF, 0);
    bed_main();
}

void machine_put(char c) {
    (void)putchar(c);
}

void machine_exit(unsigned status) {
    exit((int)status);
}

static int control(int file, unsigned long request, uintptr_t argument) {
    int result = ioctl(file, request, argument);

    if (result < 0) {
        bed_print("errno ");
        bed_print_hex((unsigned)errno);
        bed_print(": ");
        bed_stop("a request that KVM refuses:", request);
    }
    return result;
}

/* ---- the virtual machine ---- */

static void add_memory(unsigned slot, uint64_t address, uint64_t size) {
    struct kvm_userspace_memory_region region = {slot, 0, address, size, address};

    if (mmap(bed_at(address), size, PROT_READ | PROT_WRITE,
             MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE, -1,
             0) != bed_at(address)) {
        bed_stop("no memory at", address);
    }
    (void)control(vm, KVM_SET_USER_MEMORY_REGION, (uintptr_t)&region);
}

static void add_vcpu(int kvm) {
    static uint64_t cpuid_space[256 * sizeof(struct kvm_cpuid_entry2) / 8];
    struct kvm_cpuid2 *cpuid = (void *)cpuid_space;
    size_t size = (size_t)control(kvm, KVM_GET_VCPU_MMAP_SIZE, 0);

    vcpu = control(vm, KVM_CREATE_VCPU, 0);
    cpuid->nent = 255;
    (void)control(kvm, KVM_GET_SUPPORTED_CPUID, (uintptr_t)cpuid);
    (void)control(vcpu, KVM_SET_CPUID2, (uintptr_t)cpuid);
    kvm_run = mmap(0, size, PROT_READ | PROT_WRITE, MAP_SHARED, vcpu, 0);
    if (kvm_run == MAP_FAILED) {
        bed_stop("no struct kvm_run; size", size);
    }
}

/** Interrupt gates, IST 1; the GDT, and the TSS with its IST. */
static void fill_tables(void) {
    static const uint64_t gdt[6] = {0, UINT64_C(0x00af9b000000ffff), UINT64_C(0x00cf93000000ffff),
                                    0, UINT64_C(0x00cff3000000ffff), UINT64_C(0x00affb000000ffff)};
    uint64_t *vectors = bed_at(GUEST_TABLES);
    uint64_t stack = GUEST_STACK;
    unsigned i;

    for (i = 0; i < VECTOR_COUNT; i++) {
        uint64_t target = GUEST_KERNEL + (uint64_t)(guest_vectors - guest_kernel) + 16 * i;

        vectors[2 * i] = (target & 0xffff) | (uint64_t)X86_CODE << 16 | UINT64_C(0x8e01) << 32 |
                         (target >> 16 & 0xffff) << 48;
        vectors[2 * i + 1] = target >> 32;
    }
    memcpy(bed_at(GUEST_TABLES + 0x800), gdt, sizeof(gdt));
    memcpy(bed_at(GUEST_TABLES + 0xc00 + 36), &stack, sizeof(stack));
    memcpy(bed_at(GUEST_MEMORY), guest_page, BED_PAGE_SIZE);
    memcpy(bed_at(GUEST_KERNEL), guest_kernel, BED_PAGE_SIZE);
}

const struct bed_machine *machine_init(void) {
    int kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);

    if (kvm < 0) {
        bed_stop("/dev/kvm does not open; errno", (unsigned)errno);
    }
    vm = control(kvm, KVM_CREATE_VM, 0);
    add_memory(0, X86_POOL, BED_POOL_FRAMES * BED_PAGE_SIZE);
    add_memory(1, GUEST_MEMORY, GUEST_STACK - GUEST_MEMORY);
    add_memory(2, PROBE, UINT64_C(1) << 30);
    add_vcpu(kvm);
    fill_tables();
    x86_fill_stage1(&machine, GUEST_MEMORY);
    machine.name = "kvm";
    machine.probe = PROBE;
    x86_add_fixture(&machine, 1, GUEST_KERNEL, GUEST_KERNEL, BED_PAGE_SIZE,
                    AXADDR_READ | AXADDR_EXECUTE);
    x86_add_fixture(&machine, 2, GUEST_TABLES, GUEST_TABLES, 2 * BED_PAGE_SIZE,
                    AXADDR_READ | AXADDR_WRITE);
    x86_add_fixture(&machine, 3, X86_POOL, X86_POOL, BED_POOL_FRAMES * BED_PAGE_SIZE,
                    AXADDR_READ | AXADDR_WRITE);
    return &machine;
}

/* ---- the guest ---- */

/** Until it comes back to the process, by its port. */
static void run_guest(void) {
    int result;

    do {
        result = ioctl(vcpu, KVM_RUN, 0);
    } while (result < 0 && errno == EINTR);
    if (result < 0) {
        bed_stop("KVM_RUN; errno", (unsigned)errno);
    }
    if (kvm_run->exit_reason != KVM_EXIT_IO || kvm_run->io.port != GUEST_PORT) {
        bed_stop("another exit of KVM's", kvm_run->exit_reason);
    }
}

static volatile struct guest_run *guest_run(void) {
    return bed_at(GUEST_RUN);
}

static void touch(unsigned count) {
    if (count != 0) {
        guest_run()->command = COMMAND_TOUCH;
        guest_run()->count = count;
        run_guest();
    }
}

/**
 * Where KVM shadows a guest's tables (without EPT or NPT), it sees what the guest writes there, and
 * not what a process does: so the guest writes each word again that the process has changed.
 */
static void touch_changed(void) {
    unsigned count = 0;
    unsigned i;

    if (bed_pool_used() > SEEN_FRAMES) {
        bed_stop("frames in use", bed_pool_used());
    }
    for (i = 0; i < SEEN_FRAMES * BED_PAGE_SIZE / 8; i++) {
        if (seen[i] != tables[i]) {
            guest_run()->words[count++] = X86_POOL + 8 * (uint64_t)i;
            if (count == TOUCH_COUNT) {
                touch(count);
                count = 0;
            }
        }
    }
    touch(count);
}

/** What the processor has noted in the tables is no change of the process's. */
static void see_tables(void) {
    unsigned i;

    for (i = 0; i < SEEN_FRAMES * BED_PAGE_SIZE / 8; i++) {
        seen[i] = tables[i];
    }
}

static void command(uint64_t what, uint64_t address) {
    touch_changed();
    guest_run()->command = what;
    guest_run()->address = address;
    run_guest();
    see_tables();
}

static struct kvm_segment segment(uint16_t selector, uint8_t type, bool is_code) {
    struct kvm_segment made = {.limit = 0xffffffff,
                               .selector = selector,
                               .type = type,
                               .present = 1,
                               .db = !is_code,
                               .s = 1,
                               .l = is_code,
                               .g = 1};

    return made;
}

static void set_system(uint64_t cr3) {
    struct kvm_sregs system;

    (void)control(vcpu, KVM_GET_SREGS, (uintptr_t)&system);
    system.cs = segment(X86_CODE, 11, true);
    system.ds = system.es = system.fs = system.gs = system.ss = segment(X86_DATA, 3, false);
    system.tr = segment(X86_TSS, 11, false);
    system.tr.base = GUEST_TABLES + 0xc00;
    system.tr.limit = 0x67;
    system.tr.s = system.tr.g = system.tr.db = 0;
    system.ldt.unusable = 1;
    system.gdt.base = GUEST_TABLES + 0x800;
    system.gdt.limit = 6 * 8 - 1;
    system.idt.base = GUEST_TABLES;
    system.idt.limit = VECTOR_COUNT * 16 - 1;
    system.cr0 = 0x80010033; /* PG, WP, NE, ET, MP, PE */
    system.cr3 = cr3;
    system.cr4 = 0x620 | X86_CR4_PGE; /* and PAE, OSFXSR, OSXMMEXCPT */
    system.efer = 0xd00;              /* LME, LMA, NXE */
    (void)control(vcpu, KVM_SET_SREGS, (uintptr_t)&system);
}

/** In long mode on the tables; up to the first time that the guest comes back. */
void machine_load(axaddr_hpa_t root) {
    struct kvm_regs registers = {.rip = GUEST_KERNEL, .rsp = GUEST_STACK, .rflags = 2};
    uint64_t cr3;

    if (axaddr_x86_64_cr3(root, 0, false, &cr3) != AXADDR_OK) {
        bed_stop("no CR3 for the root", root.raw);
    }
    set_system(cr3);
    (void)control(vcpu, KVM_SET_REGS, (uintptr_t)&registers);
    run_guest();
}

void machine_leave(void) {
}

void machine_access(uint64_t address, uint32_t access, uint64_t value,
                    struct bed_outcome *outcome) {
    const char *code = (access & AXADDR_READ) != 0    ? guest_read
                       : (access & AXADDR_WRITE) != 0 ? guest_write
                                                      : guest_fetch;
    bool is_user = (access & AXADDR_USER) != 0;
    volatile struct guest_run *run = guest_run();

    run->code = machine.guest[0].address + (uint64_t)(code - guest_page);
    run->value = value;
    run->cs = is_user ? USER_CODE : X86_CODE;
    run->ss = is_user ? USER_DATA : X86_DATA;
    command(COMMAND_ACCESS, address);
    outcome->value = run->value;
    outcome->is_allowed = run->vector == VECTOR_END;
    if (!outcome->is_allowed) {
        x86_tell_exception(run->vector, run->error, run->cr2, outcome);
    }
}

bool machine_permits(uint32_t flags, uint32_t access) {
    return x86_stage1_permits(flags, access);
}

void machine_write_code(void *at, uint32_t value) {
    x86_write_code(at, value);
}

/* ---- TLB maintenance, by the guest's instructions ---- */

static uint32_t loaded_pcid(void *ctx) {
    (void)ctx;
    return AXADDR_X86_NO_PCID;
}

static void invlpg(void *ctx, axaddr_gva_t address) {
    (void)ctx;
    command(COMMAND_INVLPG, address.raw);
}

static void reload_cr3(void *ctx) {
    (void)ctx;
    command(COMMAND_RELOAD_CR3, 0);
}

static void toggle_pge(void *ctx) {
    (void)ctx;
    command(COMMAND_TOGGLE_PGE, 0);
}

void machine_flush(const struct axaddr_flush *plan) {
    static const struct axaddr_x86_tlb guest_tlb = {
        .invept = 0,
        .invlpg = invlpg,
        .invpcid = 0,
        .loaded_pcid = loaded_pcid,
        .reload_cr3 = reload_cr3,
        .toggle_pge = toggle_pge,
    };

    axaddr_x86_64_flush_as_with(plan, &use, &guest_tlb, 0);
}
