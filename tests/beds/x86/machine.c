/* SPDX-License-Identifier: MIT
 *
 * machine.c: 64-bit x86 with one stage. The bed itself runs on the tables under test, as a
 * hypervisor does on its own: its memory is mapped as it is, for ring 0 only. Accesses are made
 * from ring 0 and ring 3.
 */
#include "../x86.h"

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

#define VECTOR_PAGE_FAULT 14u
#define VECTOR_END        32u
#define VECTOR_COUNT      33u
#define USER_CODE         0x33u /* 0x30 of x86_boot.S, for ring 3 */
#define USER_DATA         0x2bu

static uint64_t vectors[2 * VECTOR_COUNT] __attribute__((aligned(16)));
static uint8_t trap_stack[BED_PAGE_SIZE] __attribute__((aligned(16)));
static struct bed_machine machine;
static bool has_invpcid;

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

/** Interrupt gates, IST 1; the last may be called from ring 3. */
static void set_vectors(void) {
    struct x86_table_register idtr = {sizeof(vectors) - 1, x86_address(vectors)};
    uint64_t stack = x86_address(trap_stack) + sizeof(trap_stack);
    unsigned i;

    for (i = 0; i < VECTOR_COUNT; i++) {
        uint64_t target = x86_address(machine_vectors) + 16 * i;
        uint64_t rights = i == VECTOR_END ? 0xee01 : 0x8e01;

        vectors[2 * i] = (target & 0xffff) | (uint64_t)X86_CODE << 16 | rights << 32 |
                         (target >> 16 & 0xffff) << 48;
        vectors[2 * i + 1] = target >> 32;
    }
    memcpy(x86_tss + 36, &stack, sizeof(stack)); /* IST 1 */
    __asm__ volatile("lidt %0" ::"m"(idtr));
}

static void add_fixture(unsigned index, uint64_t address, uint64_t hpa, uint64_t size,
                        uint32_t flags) {
    machine.guest[index].address = address;
    machine.guest[index].hpa = hpa;
    machine.guest[index].size = size;
    machine.guest[index].flags = flags;
}

const struct bed_machine *machine_init(void) {
    uint64_t size = UINT64_C(1) << 47;
    uint64_t gap = UINT64_C(1) << 31; /* so that there are addresses beyond the space */

    set_vectors();
    has_invpcid = (x86_cpuid(7, 1) & 0x400) != 0;
    machine.name = "x86";
    machine.last = size - gap - 1;
    machine.middle = size / 2 + size / 4 + UINT64_C(0x1b3355b000);
    machine.beyond[0] = size - gap;
    machine.beyond[1] = size - gap / 2 + 0x5000;
    machine.beyond[2] = size - BED_PAGE_SIZE;
    machine.probe = x86_find_probe();
    machine.pool = X86_POOL;
    machine.modes[0] = 0;
    machine.modes[1] = AXADDR_USER;
    machine.mode_count = 2;
    machine.tells_permission = true;
    machine.tells_gva = true;
    add_fixture(0, size / 2 + UINT64_C(0x140000000), x86_address(guest_page), BED_PAGE_SIZE,
                AXADDR_READ | AXADDR_EXECUTE | AXADDR_USER);
    add_fixture(1, 0x100000, 0x100000, 0x300000, AXADDR_READ | AXADDR_WRITE | AXADDR_EXECUTE);
    add_fixture(2, X86_POOL, X86_POOL, BED_POOL_FRAMES * BED_PAGE_SIZE, AXADDR_READ | AXADDR_WRITE);
    add_fixture(3, machine.probe, machine.probe, UINT64_C(1) << 30, AXADDR_READ | AXADDR_WRITE);
    return &machine;
}

void machine_load(axaddr_hpa_t root) {
    uint64_t cr3;

    if (axaddr_x86_64_cr3(root, 0, false, &cr3) != AXADDR_OK) {
        bed_stop("no CR3 for the root", root.raw);
    }
    X86_WRITE_CR(3, cr3);
}

void machine_leave(void) {
    X86_WRITE_CR(3, x86_address(x86_boot_pml4));
}

void machine_flush(const struct axaddr_flush *plan) {
    axaddr_x86_64_flush(plan, has_invpcid);
}

void machine_access(uint64_t address, uint32_t access, uint64_t value,
                    struct bed_outcome *outcome) {
    const char *code = (access & AXADDR_READ) != 0    ? guest_read
                       : (access & AXADDR_WRITE) != 0 ? guest_write
                                                      : guest_fetch;
    bool is_user = (access & AXADDR_USER) != 0;
    struct access_run run = {.address = address, .value = value};
    struct axaddr_x86_page_fault fault;

    run.code = machine.guest[0].address + (x86_address(code) - x86_address(guest_page));
    run.cs = is_user ? USER_CODE : X86_CODE;
    run.ss = is_user ? USER_DATA : X86_DATA;
    machine_run(&run);
    outcome->value = run.value;
    outcome->is_allowed = run.vector == VECTOR_END;
    if (outcome->is_allowed) {
        return;
    }
    outcome->status = AXADDR_INVALID;
    outcome->exit.gpa = axaddr_gpa(run.vector); /* to be seen in the message */
    if (run.vector == VECTOR_PAGE_FAULT) {
        axaddr_x86_64_decode(run.error, run.cr2, &fault);
        outcome->status = fault.is_reserved ? AXADDR_INVALID : AXADDR_OK;
        outcome->exit.gpa = axaddr_gpa(fault.gva.raw);
        outcome->exit.access = fault.access;
        outcome->exit.is_permission = fault.is_permission;
        outcome->exit.is_gva_valid = true;
        outcome->exit.gva = fault.gva;
    }
}

/* SDM vol. 3A, 4.6, with CR0.WP, without SMEP and SMAP: all that is present is readable. */
bool machine_permits(uint32_t flags, uint32_t access) {
    return (flags & access & AXADDR_ACCESS_FLAGS) != 0 &&
           ((access & AXADDR_USER) == 0 || (flags & AXADDR_USER) != 0);
}

void machine_write_code(void *at, uint32_t value) {
    x86_write_code(at, value);
}
