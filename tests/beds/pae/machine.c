/* SPDX-License-Identifier: MIT
 *
 * machine.c: 32-bit x86 with PAE. The bed itself runs on the tables under test, as a hypervisor does
 * on its own: its memory is mapped for ring 0 only. Accesses are made from ring 0 and ring 3.
 */
#include "../x86.h"
#include "axaddr_arch/x86_switch.h"

struct access_run {
    uint32_t code;
    uint32_t back; /* where a fetch comes back to */
    uint32_t address;
    uint32_t value;
    uint32_t cs, ss;
    uint32_t vector, error, cr2;
};
void machine_run(struct access_run *run); /* trap.S */
void machine_bad_trap(uint32_t vector, uint32_t eip, uint32_t cr2);
extern const char machine_vectors[], guest_page[], guest_read[], guest_write[], guest_fetch[],
    guest_back[];

#define VECTOR_END   6u /* an invalid instruction */
#define VECTOR_COUNT 32u
#define USER_CODE    0x2bu /* 0x28 of boot.S, for ring 3 */
#define USER_DATA    0x23u

static uint64_t vectors[VECTOR_COUNT] __attribute__((aligned(16)));
static struct bed_machine machine;
static uint32_t boot_cr3;

void machine_put(char c) {
    x86_put(c);
}

void machine_exit(unsigned status) {
    x86_exit(status);
}

void machine_bad_trap(uint32_t vector, uint32_t eip, uint32_t cr2) {
    bed_print("trap in the bed at ");
    bed_print_hex(eip);
    bed_print(", CR2 ");
    bed_print_hex(cr2);
    bed_print("\n");
    bed_stop("vector", vector);
}

/** Interrupt gates. */
static void set_vectors(void) {
    struct x86_table_register idtr = {sizeof(vectors) - 1, (uintptr_t)vectors};
    unsigned i;

    for (i = 0; i < VECTOR_COUNT; i++) {
        uint64_t target = x86_address(machine_vectors) + 16 * i;

        vectors[i] = (target & 0xffff) | (uint64_t)X86_CODE << 16 | UINT64_C(0x8e00) << 32 |
                     (target >> 16 & 0xffff) << 48;
    }
    __asm__ volatile("lidt %0" ::"m"(idtr));
}

/** Something is mapped in three of the four GiB. The fourth is for machine.fresh. */
const struct bed_machine *machine_init(void) {
    set_vectors();
    X86_READ_CR(3, boot_cr3);
    x86_fill_rings(&machine);
    x86_find_probe(&machine);
    machine.name = "pae";
    machine.last = UINT64_C(0xefffffff);
    machine.middle = UINT64_C(0xdb355000);
    machine.beyond[0] = UINT64_C(0xf0000000);
    machine.beyond[1] = UINT64_C(0xf8005000);
    machine.beyond[2] = UINT64_C(0xfffff000);
    machine.fresh = machine.probe >> 32 != 0 ? UINT64_C(0x5a355000) : UINT64_C(0x9a355000);
    x86_add_fixture(&machine, 0, UINT64_C(0xc5140000), x86_address(guest_page), BED_PAGE_SIZE,
                    AXADDR_READ | AXADDR_EXECUTE | AXADDR_USER);
    x86_add_fixture(&machine, 1, 0x100000, 0x100000, 0x300000,
                    AXADDR_READ | AXADDR_WRITE | AXADDR_EXECUTE);
    x86_add_fixture(&machine, 2, X86_POOL, X86_POOL, BED_POOL_FRAMES * BED_PAGE_SIZE,
                    AXADDR_READ | AXADDR_WRITE);
    x86_add_fixture(&machine, 3, x86_address(bed_at(machine.probe)), machine.probe,
                    machine.probe_size, AXADDR_READ | AXADDR_WRITE);
    return &machine;
}

void machine_load(axaddr_hpa_t root) {
    uint32_t cr3;

    if (axaddr_x86_pae_cr3(root, &cr3) != AXADDR_OK) {
        bed_stop("no CR3 for the root", root.raw);
    }
    if (axaddr_x86_pae_turn_on(cr3) != AXADDR_OK) {
        bed_stop("CR3 was refused", cr3);
    }
    axaddr_x86_pae_switch(cr3);
}

void machine_leave(void) {
    X86_WRITE_CR(3, boot_cr3);
}

void machine_flush(const struct axaddr_flush *plan) {
    axaddr_x86_pae_flush(plan, true);
}

void machine_access(uint64_t address, uint32_t access, uint64_t value,
                    struct bed_outcome *outcome) {
    const char *code = (access & AXADDR_READ) != 0    ? guest_read
                       : (access & AXADDR_WRITE) != 0 ? guest_write
                                                      : guest_fetch;
    uint32_t page = (uint32_t)machine.guest[0].address;
    bool is_user = (access & AXADDR_USER) != 0;
    struct access_run run = {.address = (uint32_t)address, .value = (uint32_t)value};

    run.code = page + (uint32_t)(code - guest_page);
    run.back = page + (uint32_t)(guest_back - guest_page);
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
