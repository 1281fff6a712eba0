/* SPDX-License-Identifier: MIT
 *
 * x86.h: what the x86 beds share: ports, registers, the guest page's own tables.
 */
#ifndef BED_X86_H
#define BED_X86_H

#include "bed.h"

static inline void x86_out8(uint16_t port, uint8_t value) {
    __asm__ volatile("outb %0, %1" ::"a"(value), "Nd"(port));
}

static inline void x86_out32(uint16_t port, uint32_t value) {
    __asm__ volatile("outl %0, %1" ::"a"(value), "Nd"(port));
}

static inline uint64_t x86_read_msr(uint32_t msr) {
    uint32_t low, high;

    __asm__ volatile("rdmsr" : "=a"(low), "=d"(high) : "c"(msr));
    return low | (uint64_t)high << 32;
}

static inline void x86_write_msr(uint32_t msr, uint64_t value) {
    __asm__ volatile("wrmsr" ::"c"(msr), "a"((uint32_t)value), "d"((uint32_t)(value >> 32))
                     : "memory");
}

static inline uint32_t x86_cpuid(uint32_t leaf, unsigned which) {
    uint32_t words[4];

    __asm__ volatile("cpuid"
                     : "=a"(words[0]), "=b"(words[1]), "=c"(words[2]), "=d"(words[3])
                     : "a"(leaf), "c"(0));
    return words[which];
}

static inline uint64_t x86_address(const void *at) {
    return (uintptr_t)at;
}

#define X86_READ_CR(n, to) __asm__ volatile("mov %%cr" #n ", %0" : "=r"(to)::"memory")
#define X86_WRITE_CR(n, from)                                                                      \
    __asm__ volatile("mov %0, %%cr" #n ::"r"((uintptr_t)(from)) : "memory")

/** Frames; RAM ends at 1.25 GiB on Bochs, and goes on at 4 GiB on QEMU. */
#define X86_POOL UINT64_C(0x10000000)

/** RAM for leaves to map: above 4 GiB where there is some, so that more address bits are seen. */
static inline void x86_find_probe(struct bed_machine *machine) {
    volatile uint32_t *high = bed_at(UINT64_C(0x100000000));

    machine->output_bits = 40; /* of both emulators */
    *high = UINT32_C(0x5aa55aa5);
    machine->probe = UINT64_C(0x100000000);
    machine->probe_size = UINT64_C(1) << 30;
    if (*high != UINT32_C(0x5aa55aa5)) {
        machine->probe = UINT64_C(0x40000000);
        machine->probe_size = UINT64_C(1) << 28;
    }
}

#define X86_EFER     UINT32_C(0xc0000080)
#define X86_PAT      UINT32_C(0x277)
#define X86_CR4_PGE  UINT64_C(0x80)
#define X86_CR4_LA57 UINT64_C(0x1000)

/* The selectors that x86_boot.S makes. */
#define X86_CODE UINT16_C(0x08)
#define X86_DATA UINT16_C(0x10)
#define X86_TSS  UINT16_C(0x18)

/** x86_boot.S: struct of a table register, the task state segment. */
struct x86_table_register {
    uint16_t limit;
    uintptr_t base;
} __attribute__((packed));
extern const struct x86_table_register x86_gdtr;
extern uint8_t x86_tss[];
/** For x86_boot.S, which goes by its level_count: each machine.c has it, by X86_BOOT_FORMAT. */
extern const struct axaddr_format *const x86_boot_format;
#define X86_BOOT_FORMAT const struct axaddr_format *const x86_boot_format = &BED_FORMAT
AXADDR_STATIC_ASSERT(offsetof(struct axaddr_format, level_count) == sizeof(void *),
                     "x86_boot.S reads level_count");

/** Port e9 of both emulators is a console. */
static inline void x86_put(char c) {
    x86_out8(0xe9, (uint8_t)c);
}

/** End the run: with success for QEMU, for Bochs by a magic break; or without, for both. */
static inline void __attribute__((noreturn)) x86_exit(unsigned status) {
    const char *text = "Shutdown"; /* what Bochs takes for switching it off */

    x86_out32(0xf4, status == 0 ? 0x10 : status);
    if (status == 0) {
        __asm__ volatile("xchg %bx, %bx");
    }
    for (; *text != 0; text++) {
        x86_out8(0x8900, (uint8_t)*text);
    }
    for (;;) {
        __asm__ volatile("cli\n\thlt");
    }
}

/** `mov $value, %eax; jmp *%rdi`: the guest has no stack. */
static inline void x86_write_code(void *at, uint32_t value) {
    volatile uint8_t *code = at;
    unsigned i;

    code[0] = 0xb8;
    for (i = 0; i < 4; i++) {
        code[1 + i] = (uint8_t)(value >> 8 * i);
    }
    code[5] = 0xff;
    code[6] = 0xe7;
}

/* ---- stage 1: ring 0 and ring 3 are the modes, and the faults are page faults ---- */

#define X86_PAGE_FAULT 14u

static inline void x86_add_fixture(struct bed_machine *machine, unsigned index, uint64_t address,
                                   uint64_t hpa, uint64_t size, uint32_t flags) {
    machine->guest[index].address = address;
    machine->guest[index].hpa = hpa;
    machine->guest[index].size = size;
    machine->guest[index].flags = flags;
}

static inline void x86_fill_rings(struct bed_machine *machine) {
    machine->pool = X86_POOL;
    machine->modes[0] = 0;
    machine->modes[1] = AXADDR_USER;
    machine->mode_count = 2;
    machine->tells_permission = true;
    machine->tells_gva = true;
}

/**
 * In long mode: the lower or the upper half of the addresses, but for its end, so that there are
 * addresses beyond the space. guest[0] is a page of code at an address of its own.
 */
static inline void x86_fill_stage1(struct bed_machine *machine, uint64_t guest_page_hpa) {
    uint64_t size = UINT64_C(1) << (BED_FORMAT.input_width - 1);
    uint64_t first = BED_IS_UPPER ? 0 - size : 0;
    uint64_t end = first + size;
    uint64_t gap = UINT64_C(1) << 31;

    x86_fill_rings(machine);
    machine->first = first;
    machine->last = end - gap - 1;
    machine->middle = first + size / 2 + size / 4 + UINT64_C(0x1b3355b000);
    machine->beyond[0] = end - gap;
    machine->beyond[1] = end - gap / 2 + 0x5000;
    machine->beyond[2] = end - BED_PAGE_SIZE;
    x86_add_fixture(machine, 0, first + size / 2 + UINT64_C(0x140000000), guest_page_hpa,
                    BED_PAGE_SIZE, AXADDR_READ | AXADDR_EXECUTE | AXADDR_USER);
}

/** An access ended with this exception. */
static inline void x86_tell_exception(uint64_t vector, uint64_t error, uint64_t cr2,
                                      struct bed_outcome *outcome) {
    struct axaddr_x86_page_fault fault;

    outcome->status = AXADDR_INVALID;
    outcome->exit.gpa = axaddr_gpa(vector); /* to be seen in the message */
    if (vector == X86_PAGE_FAULT) {
        axaddr_x86_64_decode(error, cr2, &fault);
        outcome->status = fault.is_reserved ? AXADDR_INVALID : AXADDR_OK;
        outcome->is_refused = fault.is_reserved;
        outcome->exit.gpa = axaddr_gpa(fault.gva.raw);
        outcome->exit.access = fault.access;
        outcome->exit.is_permission = fault.is_permission;
        outcome->exit.is_gva_valid = true;
        outcome->exit.gva = fault.gva;
    }
}

/* SDM vol. 3A, 4.6, with CR0.WP, without SMEP and SMAP: all that is present is readable. */
static inline bool x86_stage1_permits(uint32_t flags, uint32_t access) {
    return (flags & access & AXADDR_ACCESS_FLAGS) != 0 &&
           ((access & AXADDR_USER) == 0 || (flags & AXADDR_USER) != 0);
}

/* ---- a guest of the second stages: long mode, with tables of its own ----
 *
 * Its pages lie together: the code (x86_guest.S), then four tables. It sees its code at X86_CODE_AT
 * and, through the next entry, the page under test at X86_WINDOW.
 */

#define X86_CODE_AT     UINT64_C(0x40000000)
#define X86_WINDOW      UINT64_C(0x40001000)
#define X86_GUEST_PAGES 5u

extern uint8_t x86_guest_pages[]; /* X86_GUEST_PAGES of them */
extern const char x86_guest_read[], x86_guest_write[], x86_guest_fetch[];

static inline uint64_t *x86_guest_table(unsigned level) {
    return (uint64_t *)(void *)(x86_guest_pages + (4 - level) * BED_PAGE_SIZE);
}

/** Let the guest's window be a page at `gpa`: present, writable, user, accessed, dirty. */
static inline void x86_point_window(uint64_t gpa) {
    volatile uint64_t *table = x86_guest_table(0);

    table[1] = (gpa & ~(BED_PAGE_SIZE - 1)) | 0x67;
}

/** The guest's tables, when its pages are at `gpa`. Returns its CR3. */
static inline uint64_t x86_make_guest_tables(uint64_t gpa) {
    x86_guest_table(3)[0] = (gpa + 2 * BED_PAGE_SIZE) | 0x67;
    x86_guest_table(2)[X86_CODE_AT >> 30] = (gpa + 3 * BED_PAGE_SIZE) | 0x67;
    x86_guest_table(1)[0] = (gpa + 4 * BED_PAGE_SIZE) | 0x67;
    x86_guest_table(0)[0] = gpa | 0x67;
    return gpa + BED_PAGE_SIZE;
}

static inline uint64_t x86_guest_code(uint32_t access) {
    const char *code = (access & AXADDR_READ) != 0    ? x86_guest_read
                       : (access & AXADDR_WRITE) != 0 ? x86_guest_write
                                                      : x86_guest_fetch;

    return X86_CODE_AT + (x86_address(code) - x86_address(x86_guest_pages));
}

/** What all second stages of x86 have in common. Both emulators have 40-bit physical addresses. */
static inline void x86_fill_machine(struct bed_machine *machine) {
    uint64_t size = UINT64_C(1) << 40;
    uint64_t gap = UINT64_C(1) << 31; /* so that the guest can form addresses beyond the space */

    machine->last = size - gap - 1;
    machine->middle = size / 2 + size / 4 + UINT64_C(0x1b3355b000);
    machine->beyond[0] = size - gap;
    machine->beyond[1] = size - gap / 2 + 0x5000;
    machine->beyond[2] = size - BED_PAGE_SIZE;
    x86_find_probe(machine);
    machine->pool = X86_POOL;
    machine->guest[0].address = size / 2 + UINT64_C(0x140000000);
    machine->guest[0].hpa = x86_address(x86_guest_pages);
    machine->guest[0].size = X86_GUEST_PAGES * BED_PAGE_SIZE;
    machine->guest[0].flags = AXADDR_READ | AXADDR_WRITE | AXADDR_EXECUTE;
    machine->mode_count = 1;
}

#endif /* BED_X86_H */
