/* SPDX-License-Identifier: MIT
 *
 * machine.c: a guest's tables at random, in all modes of vsatp, above a space of axaddr's with all
 * kinds of memory; its loads, stores and fetches, made by itself in VS- and VU-mode, or loads and
 * stores by the bed, with HLV and HSV; and what the machine makes of each, its result, cause, stval,
 * htval and the A and D that it sets, against axaddr_riscv_guest.
 *
 * Where QEMU 7.2 differs from the manual:
 *   - A and D are always set (as if ADUE were 1): the guest is one with Svadu. No case for Svade.
 *   - They are set in entries that the G-stage does not permit to be written: not compared.
 *   - A load, or the read of an entry, is let through by an execute-only page of the G-stage if
 *     vsstatus.MXR is 1: not compared.
 *   - The fault of the G-stage on an entry is told as a load's, whatever the access was: the cause
 *     may be 21.
 *   - HLV and HSV act as if vsstatus.SUM were 1 and MXR 0: they are, for these. Their page faults
 *     are told as access faults while satp is Bare: it is not. HLVX asks for R, not X: fetches are
 *     the guest's own.
 *   - With Svpbmt or Svnapot it does not look at bits 60:54, refuses no PBMT 3, and takes PBMT even
 *     where henvcfg.PBMTE is 0: the run on that CPU has none of this, the run without has all of
 *     63:54. It sets A and D before it refuses N: the entry is not compared then.
 */
#include "guest.h"

#define WALKS 30000u

#define RISCV_HSTATUS  0x600
#define RISCV_HENVCFG  0x60a
#define RISCV_VSSTATUS 0x200
#define HSTATUS_SPVP   UINT64_C(0x100)

uint64_t walk_load(uint64_t address, uint64_t *value);
uint64_t walk_store(uint64_t address, uint64_t *value);
uint64_t walk_guest(uint64_t pc, uint64_t address, uint64_t *value, uint64_t is_user);

/* ---- what boot.S and bed.c want ---- */

void machine_put(char c) {
    riscv_put(c);
}

void machine_exit(unsigned status) {
    riscv_exit(status);
}

void machine_bad_trap(uintptr_t cause, uintptr_t pc, uintptr_t value) {
    riscv_bad_trap(cause, pc, value);
}

/* ---- the machine ---- */

static struct outcome {
    uint64_t cause; /**< + 1; 0: none */
    uint64_t value; /**< what was read */
    uint64_t stval;
    uint64_t htval;
} machine_says;

static void load_registers(void) {
    RISCV_WRITE(RISCV_VSATP, regime.satp);
    if (RISCV_READ(RISCV_VSATP) != regime.satp) {
        bed_stop("vsatp does not hold", regime.satp);
    }
    RISCV_WRITE(RISCV_VSSTATUS, regime.status);
    RISCV_WRITE(RISCV_HENVCFG, regime.envcfg & AXADDR_RISCV_ENVCFG_PBMTE);
    if ((access & AXADDR_USER) != 0) {
        RISCV_WRITE(RISCV_HSTATUS, RISCV_READ(RISCV_HSTATUS) & ~HSTATUS_SPVP);
    } else {
        RISCV_WRITE(RISCV_HSTATUS, RISCV_READ(RISCV_HSTATUS) | HSTATUS_SPVP);
    }
    axaddr_riscv_hfence_gvma_all();
    axaddr_riscv_hfence_vvma_all();
}

#define WRITTEN UINT64_C(0x5a5a1234c3c3abcd)

/** A fetch: an ECALL is there meanwhile, if there is memory. */
static uint64_t fetch(uint64_t hpa) {
    volatile uint32_t *at = bed_at(hpa);
    uint64_t cause;
    uint32_t was = 0;

    if (hpa != 0) {
        was = *at;
        *at = 0x00000073;
        __asm__ volatile("fence.i" ::: "memory");
    }
    cause = walk_guest(address, 0, &machine_says.value, access & AXADDR_USER);
    if (hpa != 0) {
        *at = was;
    }
    return cause;
}

/** hpa: where it is expected to lead; 0: nowhere. */
static void ask_machine(uint64_t hpa) {
    bool is_write = (access & AXADDR_WRITE) != 0;
    uint64_t pc = code + (uint64_t)((is_write ? guest_write : guest_read) - guest_page);
    unsigned i;

    load_registers();
    machine_says.value = WRITTEN;
    if ((access & AXADDR_EXECUTE) != 0) {
        machine_says.cause = fetch(hpa);
    } else if (is_by_guest) {
        machine_says.cause = walk_guest(pc, address, &machine_says.value, access & AXADDR_USER);
    } else {
        machine_says.cause = is_write ? walk_store(address, &machine_says.value)
                                      : walk_load(address, &machine_says.value);
    }
    if (machine_says.cause == 8 + 1 || machine_says.cause == 10 + 1) {
        machine_says.cause = 0; /* the guest's ECALL: it came to its end */
    }
    machine_says.stval = RISCV_READ(RISCV_STVAL);
    machine_says.htval = RISCV_READ(RISCV_HTVAL);
    for (i = 0; i < path_count; i++) {
        path_after[i] = *path[i];
    }
    for (i = 0; i < path_count; i++) {
        *path[i] = path_before[i];
    }
}

/* ---- comparison ---- */

static unsigned passed_count;
static unsigned failed_count;
static unsigned skipped_count;
static unsigned counts[5]; /**< OK, INJECT, STAGE2 of a table, of the page, A or D set */

static void finish(void) __attribute__((noreturn));

static void tell(const char *what, uint64_t got, uint64_t right) {
    const uint64_t values[] = {got,           right,   regime.satp, regime.status,
                               regime.envcfg, address, access};
    static const char *const names[] = {"",         " not ",     "; satp ", " status ",
                                        " envcfg ", " address ", " access "};
    unsigned i;

    failed_count++;
    bed_print("FAIL walk: ");
    bed_print(what);
    bed_print(" ");
    for (i = 0; i < 7; i++) {
        bed_print(names[i]);
        bed_print_hex(values[i]);
    }
    for (i = 0; i < path_count; i++) {
        bed_print(i == 0 ? " entries " : ", ");
        bed_print_hex(path_before[i]);
    }
    bed_print("\n");
    if (BED_FAILED_MAX != 0 && failed_count >= BED_FAILED_MAX) {
        finish();
    }
}

static const char *wrong_outcome(enum axaddr_walk_result result,
                                 const struct axaddr_guest_page *page, uint64_t *got,
                                 uint64_t *right) {
    uint64_t cause = 0;

    if (result == AXADDR_WALK_INJECT) {
        cause = page->fault.code + 1u;
    } else if (result == AXADDR_WALK_STAGE2) {
        cause = (access & AXADDR_EXECUTE) != 0 ? 20 + 1
                : (access & AXADDR_WRITE) != 0 ? 23 + 1
                                               : 21 + 1;
        if (page->is_table && machine_says.cause == 21 + 1) {
            cause = 21 + 1;
        }
    }
    *got = machine_says.cause;
    *right = cause;
    if (machine_says.cause != cause) {
        return "cause + 1";
    }
    *got = machine_says.stval;
    *right = address;
    if (cause != 0 && machine_says.stval != address) {
        return "stval";
    }
    *got = machine_says.htval;
    *right = page->gpa.raw >> 2;
    if (result == AXADDR_WALK_STAGE2 && machine_says.htval != *right) {
        return "htval";
    }
    return 0;
}

/** What was read or written is what is where the walk leads. */
static const char *wrong_data(const struct axaddr_guest_page *page, uint64_t *got,
                              uint64_t *right) {
    volatile uint64_t *at = bed_at(page->hpa.raw);

    *got = machine_says.value;
    *right = page->hpa.raw;
    if ((access & AXADDR_EXECUTE) != 0) {
        return 0; /* it found the ECALL there */
    }
    if ((access & AXADDR_WRITE) != 0) {
        *got = *at;
        *at = *right;
        *right = WRITTEN;
    }
    return *got != *right ? "data" : 0;
}

/** The entries after the access are what a walk that notes makes of them. */
static const char *wrong_notes(uint64_t *got, uint64_t *right) {
    struct axaddr_guest_page page;
    unsigned i;

    (void)vm_guest_walk(&space, &regime, axaddr_gva(address), access, AXADDR_SET_NOTES, &page);
    for (i = 0; i < path_count; i++) {
        *got = path_after[i];
        *right = *path[i];
        if (*got != *right) {
            return "entry after it";
        }
        counts[4] += *right != path_before[i];
    }
    return 0;
}

/** What QEMU 7.2 does not judge (see the top of the file). */
static bool is_comparable(enum axaddr_walk_result result, const struct axaddr_guest_page *page) {
    struct axaddr_mapping mapping;

    if (result != AXADDR_WALK_STAGE2) {
        return true;
    }
    if (page->is_table && (page->access & AXADDR_WRITE) != 0) {
        return false;
    }
    return (regime.status & AXADDR_RISCV_STATUS_MXR) == 0 || page->access != AXADDR_READ ||
           vm_query(&space, page->gpa, &mapping) != AXADDR_OK || mapping.flags != AXADDR_EXECUTE;
}

/** Refused for N, when QEMU 7.2 has set A already. */
static bool is_bad_napot(enum axaddr_walk_result result, const struct axaddr_guest_page *page) {
    return result == AXADDR_WALK_INJECT && page->fault.kind == AXADDR_GUEST_FAULT_RESERVED &&
           has_extensions && path_count > 0 && path_before[path_count - 1] >> 63 != 0;
}

static void try_access(void) {
    struct axaddr_guest_page page;
    enum axaddr_walk_result result;
    const char *wrong;
    uint64_t got = 0;
    uint64_t right = 0;
    unsigned i;

    place_code();
    is_by_guest = code != 0 && below(2) == 0;
    if (!is_by_guest && (access & AXADDR_EXECUTE) == 0) {
        regime.status = AXADDR_RISCV_STATUS_SUM;
    }
    for (i = 0; i < path_count; i++) {
        path_before[i] = *path[i];
    }
    result = vm_guest_walk(&space, &regime, axaddr_gva(address), access, AXADDR_SET_NOTES, &page);
    for (i = 0; i < path_count; i++) {
        *path[i] = path_before[i];
    }
    if (result == AXADDR_WALK_OK && page.hpa.raw < SMALL_HPA + TABLES * PAGE) {
        return; /* it would read and write tables */
    }
    if (!is_comparable(result, &page)) {
        skipped_count++;
        return;
    }
    ask_machine(result == AXADDR_WALK_OK ? page.hpa.raw : 0);
    counts[result == AXADDR_WALK_STAGE2 && !page.is_table ? 3 : result]++;
    wrong = wrong_outcome(result, &page, &got, &right);
    if (wrong == 0 && result == AXADDR_WALK_OK) {
        wrong = wrong_data(&page, &got, &right);
    }
    if (wrong == 0 && !is_bad_napot(result, &page)) {
        wrong = wrong_notes(&got, &right);
    }
    if (wrong != 0) {
        tell(wrong, got, right);
    } else {
        passed_count++;
    }
}

static void try_walk(void) {
    static const uint32_t kinds[3] = {AXADDR_READ, AXADDR_WRITE, AXADDR_EXECUTE};
    unsigned i;

    is_tame = below(2) == 0;
    choose_walk();
    build_tables();
    for (i = 0; i < 2; i++) {
        regime.status = (uint64_t)below(4) << 18;
        access = kinds[below(3)] | (below(2) == 0 ? 0 : AXADDR_USER);
        try_access();
    }
}

static void print_number(const char *what, unsigned number) {
    char digits[11];
    unsigned at = sizeof(digits) - 1;

    digits[at] = 0;
    do {
        digits[--at] = (char)('0' + number % 10);
        number /= 10;
    } while (number > 0);
    bed_print(what);
    bed_print(digits + at);
}

static void finish(void) {
    print_number("note walks: OK ", counts[AXADDR_WALK_OK]);
    print_number(", INJECT ", counts[AXADDR_WALK_INJECT]);
    print_number(", STAGE2 of an entry ", counts[AXADDR_WALK_STAGE2]);
    print_number(", of a page ", counts[3]);
    print_number("; A or D set ", counts[4]);
    print_number("; not comparable ", skipped_count);
    print_number("\nbed-end ", passed_count);
    print_number(" passed, ", failed_count);
    bed_print(" failed\n");
    machine_exit(failed_count != 0);
}

void bed_main(void) {
    bed_print("\n");
    bed_pool_init(RISCV_POOL);
    make_space();
    turn_on();
    fill_memory();
    RISCV_WRITE(RISCV_HGATP, UINT64_C(8) << 60 | vm_root(&space).raw >> 12);
    has_extensions = BED_STRIDE > 1;
    regime.has_svnapot = has_extensions;
    regime.envcfg = AXADDR_RISCV_ENVCFG_ADUE | (has_extensions ? AXADDR_RISCV_ENVCFG_PBMTE : 0);
    while (passed_count + failed_count < WALKS) {
        try_walk();
    }
    finish();
}
