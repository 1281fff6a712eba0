/* SPDX-License-Identifier: MIT
 *
 * machine.c: QEMU's "virt" board for LoongArch64. The bed is at PLV 0 in a direct mapping window;
 * accesses are made through the tables, from PLV 0 and PLV 3 in the upper half of the addresses, or
 * from PLV 3 in the lower half. bed.sh says what QEMU does not let it judge.
 */
#include "../bed.h"

#include "axaddr_arch/loongarch64_switch.h"

/** boot.S: go on at `pc` and `plv` with a0 and a1 as given, until an exception. */
struct access_run {
    uint64_t pc;
    uint64_t plv;
    uint64_t address; /* a1 */
    uint64_t value;   /* a0 */
};
void machine_run(struct access_run *run);
void machine_bad_trap(void);
extern const char guest_page[], guest_read[], guest_write[], guest_fetch[], machine_refill[];

#define READ(csr)                                                                                  \
    __extension__({                                                                                \
        uint64_t csr_value_;                                                                       \
        __asm__ volatile("csrrd %0, " #csr : "=r"(csr_value_)::"memory");                          \
        csr_value_;                                                                                \
    })
#define WRITE(csr, value) /* the instruction swaps */                                              \
    do {                                                                                           \
        uint64_t csr_value_ = (value);                                                             \
        __asm__ volatile("csrwr %0, " #csr : "+r"(csr_value_)::"memory");                          \
    } while (0)

#define REGISTERS UINT64_C(0x8000000000000000) /* DMW1 of boot.S */
#define UART      (REGISTERS | 0x1fe001e0)
#define POWER     (REGISTERS | 0x100e001c) /* of the ACPI event device: 0x34 ends the run */
#define ASID      5u
#define SYSCALL   0xbu
#define PROBE     UINT64_C(0xc0000000) /* RAM is 0x90000000 to 0x13fffffff, and below 256 MiB */
#define POOL      UINT64_C(0x92000000)

static struct bed_machine machine;
static struct axaddr_loongarch64_tables tables = {.has_global = true};
static uint64_t table_root;
static unsigned untried_count;
static uint64_t empty_root[2048] __attribute__((aligned(16384)));

/* ---- the refill handler ----
 *
 * The library's, with in the middle of it what QEMU 7.2 lacks: the bits 63:61 of the pair, which
 * LDDIR and LDPTE drop, are walked for by hand. $t1 and $t2 are saved in SAVE1 and SAVE2.
 */
__asm__(".text\n.balign 4096\n.globl machine_refill\nmachine_refill:\n" /* */
        AXADDR_LOONGARCH64_WALK_16K_47 "csrwr $t1, 0x31\n"
        "csrwr $t2, 0x32\n"
        "lu52i.d $t2, $zero, -512\n" /* bits 63:61 */
        "csrrd $t0, 0x1b\n"
        "csrrd $t1, 0x89\n" /* TLBRBADV */
        "bstrpick.d $t1, $t1, 46, 36\n"
        "alsl.d $t0, $t1, $t0, 3\n"
        "ld.d $t0, $t0, 0\n"
        "andi $t1, $t0, 0x40\n"
        "bnez $t1, 8f\n"
        "csrrd $t1, 0x89\n"
        "bstrpick.d $t1, $t1, 35, 25\n"
        "alsl.d $t0, $t1, $t0, 3\n"
        "ld.d $t0, $t0, 0\n"
        "andi $t1, $t0, 0x40\n"
        "bnez $t1, 8f\n"
        "csrrd $t1, 0x89\n"
        "bstrpick.d $t1, $t1, 24, 15\n" /* the pair */
        "alsl.d $t0, $t1, $t0, 4\n"
        "ld.d $t1, $t0, 0\n"
        "csrxchg $t1, $t2, 0x8c\n"
        "ld.d $t1, $t0, 8\n"
        "csrxchg $t1, $t2, 0x8d\n"
        "b 9f\n"
        "8: move $t1, $t0\n" /* a huge page: the same for both halves */
        "csrxchg $t1, $t2, 0x8c\n"
        "csrxchg $t0, $t2, 0x8d\n"
        "9: csrrd $t1, 0x31\n"
        "csrrd $t2, 0x32\n" /* */
        AXADDR_LOONGARCH64_FILL_16K);

/* Those of the other formats are only assembled here. */
__asm__(".text\n.balign 4096\n" AXADDR_LOONGARCH64_REFILL_39 /* */
        ".balign 4096\n" AXADDR_LOONGARCH64_REFILL_48        /* */
        ".balign 4096\n" AXADDR_LOONGARCH64_REFILL_16K_47);

/* ---- the board ---- */

void machine_put(char c) {
    *(volatile uint8_t *)UART = (uint8_t)c;
}

void machine_exit(unsigned status) {
    bed_print("bed-exit ");
    machine_put((char)('0' + status));
    bed_print("\n");
    *(volatile uint8_t *)POWER = 0x34;
    for (;;) {
    }
}

void machine_bad_trap(void) {
    bed_print("trap outside the access at ");
    bed_print_hex(READ(0x6));
    bed_print(", BADV ");
    bed_print_hex(READ(0x7));
    bed_print("\n");
    bed_stop("ESTAT", READ(0x5));
}

/** What the bits above an address of the tables are: ones in the upper half. */
static uint64_t above(void) {
    return BED_IS_UPPER ? ~UINT64_C(0) << BED_FORMAT.input_width : 0;
}

const struct bed_machine *machine_init(void) {
    uint64_t size = UINT64_C(1) << BED_FORMAT.input_width;

    tables.above = above();
    machine.name = "loongarch";
    machine.last = size - 1;
    machine.middle = size / 2 + size / 4 + UINT64_C(0x1b33558000);
    machine.fresh = BED_IS_UPPER ? size / 8 : 0; /* what is there is for PLV 0 */
    machine.probe = PROBE;
    machine.output_bits = 48;
    machine.pool = POOL;
    machine.guest[0].address = size / 2 + UINT64_C(0x140000000);
    machine.guest[0].hpa = (uintptr_t)guest_page;
    machine.guest[0].size = BED_FRAME_SIZE;
    machine.guest[0].flags = AXADDR_READ | AXADDR_EXECUTE | AXADDR_USER;
    if (!BED_IS_UPPER) {
        machine.beyond[0] = size; /* not legal */
        machine.beyond[1] = size + size / 2 + 0x50000;
        machine.beyond[2] = 0 - size; /* PGDH's */
        machine.beyond[3] = 0 - BED_FRAME_SIZE;
        machine.modes[0] = AXADDR_USER;
        machine.mode_count = 1;
    } else {
        machine.modes[1] = AXADDR_USER;
        machine.mode_count = 2;
    }
    machine.tells_permission = true;
    machine.tells_gva = true;
    machine.ignored = 0x20 | 0x1ffc000; /* MAT; address bits within a huge page */
    return &machine;
}

/** The other half has an empty table. */
void machine_load(axaddr_hpa_t root) {
    struct axaddr_loongarch64_regime regime = {.refill = (uintptr_t)machine_refill};
    uint64_t word1, pgd, empty_pgd;
    unsigned i;

    for (i = 0; i < 2048; i++) {
        empty_root[i] = BED_FORMAT.empty;
    }
    __asm__ volatile("cpucfg %0, %1" : "=r"(word1) : "r"((uint64_t)1));
    if (axaddr_loongarch64_walk(&BED_FORMAT, (unsigned)(word1 >> 12 & 0xff) + 1, &regime.walk) !=
            AXADDR_OK ||
        axaddr_loongarch64_pgd(&BED_FORMAT, root, &pgd) != AXADDR_OK ||
        axaddr_loongarch64_pgd(&BED_FORMAT, axaddr_hpa((uintptr_t)empty_root), &empty_pgd) !=
            AXADDR_OK) {
        bed_stop("this CPU cannot have the format; CPUCFG 1", word1);
    }
    table_root = root.raw;
    regime.pgdl = BED_IS_UPPER ? empty_pgd : pgd;
    regime.pgdh = BED_IS_UPPER ? pgd : empty_pgd;
    if (axaddr_loongarch64_turn_on(&regime) != AXADDR_OK ||
        axaddr_loongarch64_switch(regime.pgdl, ASID, AXADDR_VMID_FLUSH_ALL) != AXADDR_OK) {
        bed_stop("this CPU cannot have the ASID; its register", READ(0x18));
    }
}

void machine_leave(void) {
    bed_print("note ");
    bed_print(BED_FORMAT.name);
    bed_print(": fetches that were not tried, as QEMU would hang: ");
    bed_print_hex(untried_count);
    bed_print("\n");
}

void machine_flush(const struct axaddr_flush *plan) {
    struct axaddr_flush tagged = *plan;

    tagged.vmid = ASID;
    axaddr_loongarch64_flush(&tagged, &tables);
}

/* ---- an access ---- */

static unsigned ecode_of(const struct axaddr_loongarch64_trap *trap) {
    return (unsigned)(trap->estat >> 16) & 0x3f;
}

/** PIL, PIS or PIF: V of an entry in the TLB is 0. */
static bool is_invalid(const struct axaddr_loongarch64_trap *trap) {
    return ecode_of(trap) >= 1 && ecode_of(trap) <= 3;
}

/**
 * The entry that a fetch would be judged by, or 0 (invalid): 5.4.5, by the shifts of PWCL and PWCH
 * for pages of 16 KiB.
 */
static uint64_t entry_of(uint64_t address) {
    static const unsigned shifts[3] = {36, 25, 14};
    uint64_t entry = table_root;
    unsigned i;

    if (address >> 47 != 0) {
        return 0;
    }
    for (i = 0; i < 3 && (i == 0 || (entry & 0x40) == 0); i++) {
        entry = *(const volatile uint64_t *)bed_at(entry + 8 * (address >> shifts[i] & 0x7ff));
    }
    return entry;
}

/** Whether NX (bit 62) or PLV (bits 3:2) of a valid entry (bit 0) forbid a fetch: 5.4.4. */
static bool would_hang(uint64_t address, bool is_user) {
    uint64_t entry = entry_of(address);
    bool is_kernels = (entry & 0xc) == 0;

    return (entry & 1) != 0 && ((entry >> 62 & 1) != 0 || (is_user && is_kernels));
}

/** QEMU makes an ADE of what no RAM answers. */
static bool is_bus_error(const struct axaddr_loongarch64_trap *trap) {
    return ecode_of(trap) == AXADDR_LOONGARCH64_ADE && (trap->badv ^ above()) <= machine.last;
}

static void decode(const struct axaddr_loongarch64_trap *trap, struct bed_outcome *outcome) {
    struct axaddr_loongarch64_page_fault fault;

    outcome->status = axaddr_loongarch64_decode(trap, &fault);
    if (outcome->status != AXADDR_OK || (fault.gva.raw & above()) != above() ||
        is_bus_error(trap)) {
        outcome->status = AXADDR_INVALID;
        outcome->exit.gpa = axaddr_gpa(trap->estat); /* to be seen in the message */
        return;
    }
    if (!fault.is_permission) {
        axaddr_loongarch64_forget(fault.gva.raw, ASID);
    }
    outcome->exit.gpa = axaddr_gpa(fault.gva.raw & ~above());
    outcome->exit.access = fault.access;
    outcome->exit.is_permission = fault.is_permission;
    outcome->exit.is_gva_valid = true;
    outcome->exit.gva = axaddr_gva(fault.gva.raw & ~above());
}

/** QEMU's own cache goes with each change of the ASID, and what the TLB holds stays. */
static void forget_qemus_cache(void) {
    uint64_t asid = READ(0x18);

    WRITE(0x18, asid ^ 1);
    WRITE(0x18, asid);
}

/**
 * What the refill handler has put into the TLB for an address that was found invalid there (it is
 * in TLBEHI, as the exception left it): a pair of pages; and with an invalid even page global only
 * if the odd one is valid and global.
 */
static void check_invalid_pair(void) {
    uint64_t asid = READ(0x18);
    uint64_t index, even, odd;

    __asm__ volatile("tlbsrch\n\ttlbrd" ::: "memory");
    index = READ(0x10);
    even = READ(0x12);
    odd = READ(0x13);
    WRITE(0x18, asid); /* TLBRD writes it */
    if (index >> 31 != 0 || (index >> 24 & 0x3f) != BED_FORMAT.shift[0]) {
        bed_stop("not found as a pair of pages; TLBIDX", index);
    }
    if ((even & 1) == 0 && ((even & 0x40) != 0) != ((odd & 0x41) == 0x41)) {
        bed_stop("a pair that is global for an invalid page, or not for a valid one; TLBELO0",
                 even);
    }
}

/** Access as `run` says, and what it led to. */
static struct axaddr_loongarch64_trap try_access(struct access_run *run) {
    struct axaddr_loongarch64_trap trap;

    forget_qemus_cache();
    machine_run(run);
    trap.prmd = READ(0x1);
    trap.estat = READ(0x5);
    trap.era = READ(0x6);
    trap.badv = READ(0x7);
    trap.badi = (uint32_t)READ(0x8);
    if (is_invalid(&trap)) {
        check_invalid_pair();
    }
    return trap;
}

/**
 * What a handler of PIL, PIS and PIF does: the TLB may hold that the address was absent,
 * as it was when the other page of the pair was accessed. The second of them counts.
 */
static struct axaddr_loongarch64_trap run_access(struct access_run run, uint64_t *value) {
    struct access_run again = run;
    struct axaddr_loongarch64_trap trap = try_access(&run);

    *value = run.value;
    if (is_invalid(&trap)) {
        axaddr_loongarch64_forget(trap.badv, ASID);
        trap = try_access(&again);
        *value = again.value;
    }
    return trap;
}

void machine_access(uint64_t address, uint32_t access, uint64_t value,
                    struct bed_outcome *outcome) {
    bool is_user = (access & AXADDR_USER) != 0;
    bool is_fetch = (access & AXADDR_EXECUTE) != 0;
    const char *code = (access & AXADDR_READ) != 0 ? guest_read
                       : is_fetch                  ? guest_fetch
                                                   : guest_write;
    struct access_run run = {0, is_user ? 3 : 0, address | above(), value};
    struct axaddr_loongarch64_trap trap;

    if (is_fetch && would_hang(address, is_user)) {
        untried_count++;
        outcome->is_untried = true;
        return;
    }
    run.pc = (machine.guest[0].address | above()) + (uint64_t)(code - guest_page);
    trap = run_access(run, &outcome->value);
    outcome->is_allowed = ecode_of(&trap) == SYSCALL;
    if (!outcome->is_allowed) {
        decode(&trap, outcome);
    }
}

/* 5.4.4: RPLV is 0, so PLV 0 may do what PLV 3 may. */
bool machine_permits(uint32_t flags, uint32_t access) {
    return (flags & access & AXADDR_ACCESS_FLAGS) != 0 &&
           ((access & AXADDR_USER) == 0 || (flags & AXADDR_USER) != 0);
}

void machine_write_code(void *at, uint32_t value) {
    volatile uint32_t *code = at;

    code[0] = 0x14000004 | (value >> 12) << 5;    /* lu12i.w $a0, upper */
    code[1] = 0x03800084 | (value & 0xfff) << 10; /* ori $a0, $a0, lower */
    code[2] = 0x00df0084;                         /* bstrpick.d $a0, $a0, 31, 0 */
    code[3] = 0x4c000020;                         /* jr $ra */
    __asm__ volatile("dbar 0\n\tibar 0" ::: "memory");
}
