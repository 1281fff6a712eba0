/* SPDX-License-Identifier: MIT
 *
 * machine.c: a guest's tables at random, in both halves and all granules that the CPU has, above a
 * space of axaddr's with all kinds of memory; for loads and stores of EL1 and EL0, AT S12E1R and
 * its like, and AT S1E1R for the first stage alone; and what PAR_EL1 says of each, the address, the
 * memory type, the fault status, the stage, and the AF and dirty state that are set, against
 * axaddr_aarch64_guest.
 *
 * There is no AT for fetches: XN, WXN and TBID are not judged; nor is PAN, which S12E1R leaves out.
 *
 * Where QEMU 7.2 differs from the manual:
 *   - A block at a level that has none (level 0; 16 and 64 KiB: level 1) is taken: not compared.
 *   - Where a descriptor has bits above 47 of the address in other places (DS; 64 KiB, FEAT_LPA),
 *     and TTBR with DS, it does not look at them if IPS is less than 52 bits, where that is an
 *     address size fault: not compared. (S1TTBaseAddress, LeafBase, OAOutOfRange of J1.1.)
 *   - HPD counts on a CPU without FEAT_HPDS: it is not set there.
 *   - A fault of stage 2 on an entry of level -1 is told with another status, or ends it by an
 *     assertion: not asked.
 * The level of a fault of stage 2 is not compared: a walk does not tell it.
 */
#include "guest.h"

#define WALKS 20000u
#define VMID  5u

/* PAR_EL1 (D24.2) */
#define PAR_F       UINT64_C(1)
#define PAR_STATUS  UINT64_C(0x7e)
#define PAR_LEVEL   UINT64_C(0x06) /* of the fault status */
#define PAR_PTW     (UINT64_C(1) << 8)
#define PAR_S       (UINT64_C(1) << 9)
#define PAR_ADDRESS UINT64_C(0x000ffffffffff000)

/* ---- what boot.S and bed.c want ---- */

void machine_put(char c) {
    aarch64_put(c);
}

void machine_exit(unsigned status) {
    aarch64_exit(status);
}

void machine_bad_trap(uint64_t esr, uint64_t elr, uint64_t far) {
    aarch64_bad_trap(esr, elr, far);
}

/* ---- the machine ---- */

static void load_space(void) {
    struct axaddr_geometry geometry = axaddr_geometry_of(&BED_SHAPE);
    struct axaddr_aarch64_stage2_registers registers;

    if (axaddr_aarch64_stage2_load_sized(&BED_FORMAT, &geometry, &regime.cpu, vm_root(&space), VMID,
                                         &registers) != AXADDR_OK) {
        bed_stop("this CPU cannot have the format; ID_AA64MMFR0_EL1", regime.cpu.mmfr0);
    }
    AARCH64_WRITE(vtcr_el2, registers.vtcr);
    AARCH64_WRITE(vttbr_el2, registers.vttbr);
    AARCH64_WRITE(hcr_el2, UINT64_C(1) << 31 | registers.hcr); /* RW: EL1 is AArch64 */
}

static void load_guest(void) {
    AARCH64_WRITE(sctlr_el1, regime.sctlr_el1);
    AARCH64_WRITE(tcr_el1, regime.tcr_el1);
    AARCH64_WRITE(ttbr0_el1, regime.ttbr0_el1);
    AARCH64_WRITE(ttbr1_el1, regime.ttbr1_el1);
    AARCH64_WRITE(mair_el1, regime.mair_el1);
    __asm__ volatile("dsb ish\n\ttlbi alle1\n\tdsb ish\n\tisb" ::: "memory");
}

#define ASK(operation)                                                                             \
    __asm__ volatile("dsb ish\n\tat " operation ", %1\n\tisb\n\tmrs %0, par_el1"                   \
                     : "=r"(par)                                                                   \
                     : "r"(address)                                                                \
                     : "memory")

/** PAR_EL1 after an AT for `access`, of both stages or the first. */
static uint64_t ask_machine(uint32_t access, bool is_both) {
    bool is_user = (access & AXADDR_USER) != 0;
    bool is_write = (access & AXADDR_WRITE) != 0;
    uint64_t par;

    switch ((is_both ? 4 : 0) | (is_user ? 2 : 0) | (is_write ? 1 : 0)) {
    case 0:
        ASK("s1e1r");
        break;
    case 1:
        ASK("s1e1w");
        break;
    case 2:
        ASK("s1e0r");
        break;
    case 3:
        ASK("s1e0w");
        break;
    case 4:
        ASK("s12e1r");
        break;
    case 5:
        ASK("s12e1w");
        break;
    case 6:
        ASK("s12e0r");
        break;
    default:
        ASK("s12e0w");
        break;
    }
    return par;
}

static void restore_path(void) {
    unsigned i;

    for (i = 0; i < path_count; i++) {
        *path[i] = path_before[i];
    }
}

/* ---- comparison ---- */

static unsigned passed_count;
static unsigned failed_count;
static unsigned skipped_count;
static unsigned counts[5]; /**< OK, INJECT, STAGE2 of a table, of the page, AF or dirty state set */

static void finish(void) __attribute__((noreturn));

static void tell(const char *what, uint64_t got, uint64_t right, uint32_t access) {
    const uint64_t values[] = {got,
                               right,
                               regime.tcr_el1,
                               regime.sctlr_el1,
                               regime.mair_el1,
                               regime.ttbr0_el1,
                               regime.ttbr1_el1,
                               address,
                               access};
    static const char *const names[] = {"",        " not ",   "; tcr ",    " sctlr ", " mair ",
                                        " ttbr0 ", " ttbr1 ", " address ", " access "};
    unsigned i;

    failed_count++;
    bed_print("FAIL walk: ");
    bed_print(what);
    bed_print(" ");
    for (i = 0; i < 9; i++) {
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

/** What PAR_EL1 is to say in the bits of *mask. */
static uint64_t right_par(enum axaddr_walk_result result, const struct axaddr_guest_page *page,
                          bool is_both, uint64_t *mask) {
    bool is_denied = page->stage2 == AXADDR_FAULT_DENIED;

    *mask = PAR_F | PAR_STATUS | PAR_PTW | PAR_S;
    if (result == AXADDR_WALK_INJECT) {
        return PAR_F | (uint64_t)page->fault.code << 1;
    }
    if (result == AXADDR_WALK_STAGE2 && (is_both || page->is_table)) {
        *mask &= ~PAR_LEVEL; /* of the space's tables: nobody tells */
        return PAR_F | PAR_S | (page->is_table ? PAR_PTW : 0) |
               (is_denied ? AXADDR_AARCH64_STATUS_PERMISSION : AXADDR_AARCH64_STATUS_TRANSLATION)
                   << 1;
    }
    *mask = PAR_F | PAR_ADDRESS;
    return (is_both ? page->hpa.raw : page->gpa.raw) & PAR_ADDRESS;
}

/** What became of each of the four accesses (see `accesses`). */
static struct answer {
    bool is_asked;
    enum axaddr_walk_result result;
    struct axaddr_guest_page page;
    uint64_t pars[2]; /**< of stage 1, of both */
} answers[4];

static const uint32_t accesses[4] = {AXADDR_READ, AXADDR_WRITE, AXADDR_READ | AXADDR_USER,
                                     AXADDR_WRITE | AXADDR_USER};

static bool has_right_type(uint64_t par, uint32_t flags) {
    unsigned attribute = (unsigned)(par >> 56);
    bool is_uncached = attribute == 0x44 || attribute == 0x40; /* 0x40: FEAT_XS */
    uint32_t type = attribute < 0x10 ? AXADDR_DEVICE : is_uncached ? AXADDR_UNCACHED : 0;

    return type == (flags & (AXADDR_DEVICE | AXADDR_UNCACHED));
}

/** The entries after the access are what a walk that notes makes of them. */
static bool has_right_notes(uint64_t *got, uint64_t *right) {
    unsigned i;

    for (i = 0; i < path_count; i++) {
        *got = *path[i];
        *right = path_after[i];
        if (*got != *right) {
            return false;
        }
        counts[4] += *right != path_before[i];
    }
    return true;
}

/** Bits of an address above 47, in an entry or a root that has them elsewhere, but IPS says 48. */
static bool has_high_bits(void) {
    struct axaddr_aarch64_guest_half half;
    bool is_swapped = (regime.sctlr_el1 & AXADDR_AARCH64_GUEST_EE) != 0;
    uint64_t high;
    unsigned i;

    axaddr_aarch64_guest_look(&regime, address, &half);
    if (!half.is_52 || half.width > 48) {
        return false;
    }
    if (half.has_ds &&
        ((half.upper != 0 ? regime.ttbr1_el1 : regime.ttbr0_el1) & UINT64_C(0x3c)) != 0) {
        return true;
    }
    high = half.has_ds ? AXADDR_AARCH64_SH : UINT64_C(0xf000);
    for (i = 0; i < path_count; i++) {
        if (((is_swapped ? axaddr_aarch64_guest_swap(path_before[i]) : path_before[i]) & high) !=
            0) {
            return true;
        }
    }
    return false;
}

/** Whether a level has blocks (D8.3.1): with 52 bits in descriptors one more. */
static bool has_blocks(unsigned level) {
    struct axaddr_aarch64_guest_half half;

    axaddr_aarch64_guest_look(&regime, address, &half);
    return level <= (half.page_shift == 12 ? 2u : 1u) + (half.is_52 ? 1u : 0u);
}

/** What QEMU 7.2 does not judge (see the top of the file). */
static bool is_comparable(enum axaddr_walk_result result, const struct axaddr_guest_page *page) {
    if (result == AXADDR_WALK_INJECT && page->fault.kind == AXADDR_GUEST_FAULT_RESERVED) {
        return page->level == 0 || has_blocks(page->level);
    }
    if (result == AXADDR_WALK_STAGE2 && page->is_table && page->level == 4) {
        return false;
    }
    return !has_high_bits();
}

/** Ask for answers[index], of both stages or the first, and compare. */
static void compare(unsigned index, bool is_both) {
    struct answer *answer = &answers[index];
    uint64_t mask;
    uint64_t right = right_par(answer->result, &answer->page, is_both, &mask);
    uint64_t par = ask_machine(accesses[index], is_both);
    uint64_t got = par & mask;
    const char *wrong = 0;

    answer->pars[is_both] = par;
    if (got != right) {
        wrong = is_both ? "PAR_EL1 of both stages" : "PAR_EL1 of stage 1";
    } else if (answer->result == AXADDR_WALK_OK && !has_right_type(par, answer->page.flags)) {
        wrong = "type";
        got = par >> 56;
        right = answer->page.flags;
    } else if (!has_right_notes(&got, &right)) {
        wrong = "entry after it";
    }
    restore_path();
    if (wrong != 0) {
        tell(wrong, got, right, accesses[index]);
    } else {
        passed_count++;
    }
}

static void try_access(unsigned index) {
    struct answer *answer = &answers[index];
    unsigned i;

    answer->result = vm_guest_walk(&space, &regime, axaddr_gva(address), accesses[index],
                                   AXADDR_SET_NOTES, &answer->page);
    for (i = 0; i < path_count; i++) {
        path_after[i] = *path[i];
    }
    restore_path();
    answer->is_asked = is_comparable(answer->result, &answer->page);
    if (!answer->is_asked) {
        skipped_count++;
        return;
    }
    counts[answer->result == AXADDR_WALK_STAGE2 && !answer->page.is_table ? 3 : answer->result]++;
    compare(index, false);
    compare(index, true);
}

/**
 * page.flags of what was permitted is what the machine permits, the other accesses being asked for:
 * READ and WRITE of the same mode by both stages, USER by the first. The dirty state apart: to set
 * it the space may not permit.
 */
static void compare_flags(unsigned index) {
    const struct answer *answer = &answers[index];
    const struct answer *same = &answers[index & 2];
    uint32_t kinds = AXADDR_READ | AXADDR_WRITE | AXADDR_USER;
    uint32_t right = answer->page.flags;
    uint32_t got = ((same[0].pars[1] & PAR_F) == 0 ? AXADDR_READ : 0) |
                   ((same[1].pars[1] & PAR_F) == 0 ? AXADDR_WRITE : 0) |
                   ((answers[2].pars[0] & PAR_F) == 0 ? AXADDR_USER : 0);

    if ((regime.tcr_el1 & AXADDR_AARCH64_GUEST_HD) != 0) {
        kinds &= ~AXADDR_WRITE;
    }
    if ((regime.tcr_el1 >> AXADDR_AARCH64_GUEST_E0PD_SHIFT & 3) != 0) {
        kinds &= ~AXADDR_USER;
    }
    if (((got ^ right) & kinds) != 0) {
        tell("flags", got & kinds, right & kinds, accesses[index]);
    } else {
        passed_count++;
    }
}

static void try_walk(void) {
    unsigned i;

    is_tame = below(2) == 0;
    choose_registers();
    choose_address();
    choose_roots();
    build_tables();
    for (i = 0; i < path_count; i++) {
        path_before[i] = *path[i];
    }
    load_guest();
    for (i = 0; i < 4; i++) {
        try_access(i);
    }
    if (answers[0].is_asked && answers[1].is_asked && answers[2].is_asked && answers[3].is_asked) {
        for (i = 0; i < 4; i++) {
            if (answers[i].result == AXADDR_WALK_OK) {
                compare_flags(i);
            }
        }
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
    print_number("; entries changed ", counts[4]);
    print_number("; not comparable ", skipped_count);
    print_number("\nbed-end ", passed_count);
    print_number(" passed, ", failed_count);
    bed_print(" failed\n");
    machine_exit(failed_count != 0);
}

void bed_main(void) {
    unsigned i;

    bed_print("\n");
    bed_pool_init(AARCH64_POOL);
    (void)aarch64_find_cpu(&regime.cpu);
    make_space();
    fill_memory();
    load_space();
    for (i = 0; i < WALKS; i++) {
        try_walk();
    }
    finish();
}
