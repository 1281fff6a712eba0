/* SPDX-License-Identifier: MIT
 *
 * machine.c: 64-bit x86 with one stage. The bed itself runs on the tables under test, as a
 * hypervisor does on its own: its memory is mapped as it is, for ring 0 only; or it is left out of
 * the space, which is in the upper half then. Accesses are made from ring 0 and ring 3.
 */
#include "../x86.h"
#include "axaddr_arch/x86_switch.h"

struct access_run {
    uint64_t code;
    uint64_t address;
    uint64_t value;
    uint64_t cs, ss;
    uint64_t vector, error, cr2;
};
void machine_run(struct access_run *run); /* trap.S */
void machine_bad_trap(uint64_t vector, uint64_t rip, uint64_t cr2);
extern const char machine_vectors[], guest_page[], guest_read[], guest_write[], guest_fetch[];

#define VECTOR_END   6u /* an invalid instruction */
#define VECTOR_COUNT 32u
#define USER_CODE    0x33u /* 0x30 of x86_boot.S, for ring 3 */
#define USER_DATA    0x2bu

static uint64_t vectors[2 * VECTOR_COUNT] __attribute__((aligned(16)));
static uint8_t trap_stack[BED_PAGE_SIZE] __attribute__((aligned(16)));
static struct bed_machine machine;
static uint64_t boot_cr3;
static uint64_t *shared_entry; /* of the root, where the space is in the upper half */
static struct axaddr_x86_64_use use;
X86_BOOT_FORMAT;

void machine_put(char c) {
    x86_put(c);
}

void machine_exit(unsigned status) {
    x86_exit(status);
}

void machine_bad_trap(uint64_t vector, uint64_t rip, uint64_t cr2) {
    bed_print("trap in the bed at ");
    bed_print_hex(rip);
    bed_print(", CR2 ");
    bed_print_hex(cr2);
    bed_print("\n");
    bed_stop("vector", vector);
}

/** Interrupt gates, IST 1. */
static void set_vectors(void) {
    struct x86_table_register idtr = {sizeof(vectors) - 1, x86_address(vectors)};
    uint64_t stack = x86_address(trap_stack) + sizeof(trap_stack);
    unsigned i;

    for (i = 0; i < VECTOR_COUNT; i++) {
        uint64_t target = x86_address(machine_vectors) + 16 * i;

        vectors[2 * i] = (target & 0xffff) | (uint64_t)X86_CODE << 16 | UINT64_C(0x8e01) << 32 |
                         (target >> 16 & 0xffff) << 48;
        vectors[2 * i + 1] = target >> 32;
    }
    memcpy(x86_tss + 36, &stack, sizeof(stack)); /* IST 1 */
    __asm__ volatile("lidt %0" ::"m"(idtr));
}

static void add_own_memory(void) {
    x86_add_fixture(&machine, 1, 0x100000, 0x100000, 0x300000,
                    AXADDR_READ | AXADDR_WRITE | AXADDR_EXECUTE);
    x86_add_fixture(&machine, 2, X86_POOL, X86_POOL, BED_POOL_FRAMES * BED_PAGE_SIZE,
                    AXADDR_READ | AXADDR_WRITE);
    x86_add_fixture(&machine, 3, machine.probe, machine.probe, machine.probe_size,
                    AXADDR_READ | AXADDR_WRITE);
}

const struct bed_machine *machine_init(void) {
    uint64_t cr4;

    set_vectors();
    X86_READ_CR(3, boot_cr3);
    X86_READ_CR(4, cr4);
    X86_WRITE_CR(4, cr4 | X86_CR4_PGE);
    use.input_width = BED_FORMAT.input_width;
    use.has_global = true;
    use.has_invpcid = (x86_cpuid(7, 1) & 0x400) != 0;
    machine.name = "x86";
    x86_fill_stage1(&machine, x86_address(guest_page));
    x86_find_probe(&machine);
    if (!BED_IS_UPPER) {
        add_own_memory();
    }
    return &machine;
}

/** A space in the upper half leaves the lower one alone: that stays as x86_boot.S has made it. */
void machine_load(axaddr_hpa_t root) {
    uint64_t cr3;

    if (axaddr_x86_64_cr3(root, 0, false, &cr3) != AXADDR_OK) {
        bed_stop("no CR3 for the root", root.raw);
    }
    if (BED_IS_UPPER) {
        shared_entry = bed_at(root.raw);
        *shared_entry = *(const uint64_t *)bed_at(boot_cr3);
    }
    if (axaddr_x86_64_turn_on(cr3, false) != AXADDR_OK) {
        bed_stop("CR3 was refused", cr3);
    }
    axaddr_x86_64_switch(cr3, AXADDR_VMID_FLUSH_ALL, use.has_invpcid);
}

void machine_leave(void) {
    X86_WRITE_CR(3, boot_cr3);
    if (shared_entry != 0) {
        *shared_entry = BED_FORMAT.empty;
    }
}

void machine_flush(const struct axaddr_flush *plan) {
    axaddr_x86_64_flush_as(plan, &use);
}

void machine_access(uint64_t address, uint32_t access, uint64_t value,
                    struct bed_outcome *outcome) {
    const char *code = (access & AXADDR_READ) != 0    ? guest_read
                       : (access & AXADDR_WRITE) != 0 ? guest_write
                                                      : guest_fetch;
    bool is_user = (access & AXADDR_USER) != 0;
    struct access_run run = {.address = address, .value = value};

    run.code = machine.guest[0].address + (x86_address(code) - x86_address(guest_page));
    run.cs = is_user ? USER_CODE : X86_CODE;
    run.ss = is_user ? USER_DATA : X86_DATA;
    machine_run(&run);
    outcome->value = run.value;
    outcome->is_allowed = run.vector == VECTOR_END;
    if (!outcome->is_allowed) {
        x86_tell_exception(run.vector, run.error, run.cr2, outcome);
    }
}

bool machine_permits(uint32_t flags, uint32_t access) {
    return x86_stage1_permits(flags, access);
}

void machine_write_code(void *at, uint32_t value) {
    x86_write_code(at, value);
}
