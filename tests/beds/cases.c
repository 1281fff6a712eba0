/* SPDX-License-Identifier: MIT
 *
 * cases.c: what every bed tries. The tables are built by calls of the library; what must come of
 * each access is derived from these calls alone and compared twice: with what vm_query says, and
 * with what the machine does. A case is one access (or one call that must be refused).
 */
#include "bed.h"

/* ---- the host ---- */

static bool take_frame(void *ctx, axaddr_hpa_t *frame) {
    (void)ctx;
    return bed_take(0, &frame->raw);
}

static void give_frame(void *ctx, axaddr_hpa_t frame) {
    (void)ctx;
    bed_give(0, frame.raw);
}

static bool take_block(void *ctx, unsigned order, axaddr_hpa_t *block) {
    (void)ctx;
    return bed_take(order, &block->raw);
}

static void give_block(void *ctx, unsigned order, axaddr_hpa_t block) {
    (void)ctx;
    bed_give(order, block.raw);
}

static void *frame_at(void *ctx, axaddr_hpa_t frame) {
    (void)ctx;
    return bed_at(frame.raw);
}

static void flush_tlb(void *ctx, const struct axaddr_flush *plan) {
    (void)ctx;
    machine_flush(plan);
}

static const struct axaddr_hal bed_hal = {
    .alloc_frame = take_frame,
    .free_frame = give_frame,
    .frame_at = frame_at,
    .flush_tlb = flush_tlb,
    .alloc_block = take_block,
    .free_block = give_block,
};

AXADDR_DEFINE_VM(vm, BED_FORMAT, bed_hal);

static struct vm space;
static const struct bed_machine *machine;
static unsigned passed_count;
static unsigned failed_count;

#define RWX (AXADDR_READ | AXADDR_WRITE | AXADDR_EXECUTE)

/* ---- telling ---- */

/** What is being tried, for messages: "flags", and the flags and the level of the mapping. */
static struct {
    const char *what;
    uint32_t flags;
    unsigned level;
} now;

static void print_flags(uint32_t flags) {
    static const char letters[] = "RWXUDNGuk"; /* from bit 0; N: UNCACHED, u and k: one mode's X */
    unsigned bit;

    for (bit = 0; letters[bit] != 0; bit++) {
        if ((flags >> bit & 1) != 0) {
            char letter[2] = {letters[bit], 0};
            bed_print(letter);
        }
    }
}

static void print_count(unsigned count) {
    char digits[11];
    unsigned at = sizeof(digits) - 1;

    digits[at] = 0;
    do {
        digits[--at] = (char)('0' + count % 10);
        count /= 10;
    } while (count != 0);
    bed_print(&digits[at]);
}

static void __attribute__((noreturn)) finish(void) {
    bed_print("bed-end ");
    print_count(passed_count);
    bed_print(" passed, ");
    print_count(failed_count);
    bed_print(" failed\n");
    machine_exit(failed_count == 0 ? 0 : 1);
}

static void print_case(uint64_t address, uint32_t access, const char *wrong, uint64_t got,
                       uint64_t expected) {
    bed_print(wrong == 0 ? "ok   " : "FAIL ");
    bed_print(BED_FORMAT.name);
    bed_print(" ");
    bed_print(now.what);
    bed_print(" level ");
    bed_print_hex(now.level);
    bed_print(" flags ");
    print_flags(now.flags);
    bed_print(": ");
    print_flags(access);
    bed_print(" at ");
    bed_print_hex(address);
    if (wrong != 0) {
        bed_print(": ");
        bed_print(wrong);
        bed_print(" ");
        bed_print_hex(got);
        bed_print(", expected ");
        bed_print_hex(expected);
    }
    bed_print("\n");
}

/** Count a case: `wrong` is 0, or says what is wrong, with two numbers that show it. */
static void tell(uint64_t address, uint32_t access, const char *wrong, uint64_t got,
                 uint64_t expected) {
    if (wrong == 0) {
        passed_count++;
        if (!BED_VERBOSE) {
            return;
        }
    } else {
        failed_count++;
        if (!BED_VERBOSE && failed_count > 40) {
            return; /* the count tells */
        }
    }
    print_case(address, access, wrong, got, expected);
    if (BED_FAILED_MAX != 0 && failed_count >= BED_FAILED_MAX) {
        finish();
    }
}

/** A call of the library that must have this result; done in silence if it is AXADDR_OK. */
static void expect(enum axaddr_status status, enum axaddr_status expected, uint64_t address) {
    if (status != expected) {
        tell(address, 0, "status of a call", status, expected);
    } else if (expected != AXADDR_OK) {
        tell(address, 0, 0, 0, 0);
    }
}

/* ---- accesses: what is tried, and the mode in which ---- */

static uint32_t access_of(uint32_t kind, unsigned mode) {
    bool is_mode_instead =
        kind == AXADDR_EXECUTE && (machine->modes[mode] & AXADDR_EXECUTE_MODES) != 0;

    return is_mode_instead ? machine->modes[mode] : kind | machine->modes[mode];
}

static bool is_fetch(uint32_t access) {
    return (access & (AXADDR_READ | AXADDR_WRITE)) == 0;
}

/** What a fault says of it: where modes are told apart for fetches only, no more. */
static uint32_t told_of(uint32_t access) {
    return is_fetch(access) ? access : access & ~AXADDR_EXECUTE_MODES;
}

/* ---- pages: words that tell which page it is, and a function that returns the same ---- */

/** What is in the last 4 KiB of each: so all bits of an address below the page count. */
struct page {
    uint64_t read_word;
    uint64_t write_word;
    uint64_t empty[2];
    uint32_t code[8];
};

#define READ_AT  offsetof(struct page, read_word)
#define WRITE_AT offsetof(struct page, write_word)
#define FETCH_AT offsetof(struct page, code)

static struct page *page_at(uint64_t hpa) {
    return bed_at(hpa | (BED_FRAME_SIZE - BED_PAGE_SIZE));
}

static uint32_t page_tag(uint64_t hpa) {
    return (uint32_t)(hpa >> 12) ^ 0x5a3c0000u;
}

static void prepare(uint64_t hpa) {
    struct page *page = page_at(hpa);

    if (page->read_word != page_tag(hpa)) {
        page->read_word = page_tag(hpa);
        machine_write_code(page->code, page_tag(hpa));
    }
    page->write_word = 0;
}

/**
 * After a fetch. QEMU 7.2 finds a translated block by its address, and goes on running it where
 * INVLPG has unmapped a large leaf at another of its pages; writing the code makes it forget it, and
 * only that: a TLB that still has the page would let the next fetch through.
 */
static void refresh_code(uint64_t hpa, uint32_t access) {
    if (is_fetch(access)) {
        machine_write_code(page_at(hpa)->code, page_tag(hpa));
    }
}

/* ---- one access ---- */

/** What an address is to be, by the calls that were made. */
struct expected {
    bool is_mapped;
    uint64_t hpa; /**< of the page */
    uint64_t size;
    uint32_t flags;               /**< of the mapping, or the reservation */
    enum axaddr_absent_kind kind; /**< if it is not mapped */
    enum axaddr_fault verdict;    /**< of handle_fault, if the access is not allowed */
};

static const struct bed_outcome no_outcome;

static const struct expected nothing = {false, 0, 0, 0, AXADDR_ABSENT_EMPTY, AXADDR_FAULT_UNMAPPED};

/**
 * Whether flags have all that an access asks for: what handle_fault goes by. What user mode may
 * fetch, privileged mode may not, whatever the machine does.
 */
static bool is_granted(uint32_t flags, uint32_t access) {
    bool is_privileged_fetch =
        (access & (AXADDR_EXECUTE | AXADDR_USER)) == AXADDR_EXECUTE && (flags & AXADDR_USER) != 0;

    return (told_of(access) & ~axaddr_flags_permit(flags)) == 0 && !is_privileged_fetch;
}

/** Compare with vm_query. 0, or what is wrong. */
static const char *wrong_query(uint64_t address, const struct expected *expected, uint64_t *got,
                               uint64_t *right) {
    struct axaddr_mapping mapping = {{0}, 0, 0, 0, 0, AXADDR_ABSENT_EMPTY};
    enum axaddr_status status = vm_query(&space, axaddr_gpa(address), &mapping);

    *got = status;
    *right = expected->is_mapped ? AXADDR_OK : AXADDR_NOT_MAPPED;
    if (address < machine->first || address > machine->last) {
        *right = AXADDR_INVALID;
    }
    if (*got != *right) {
        return "status of query";
    }
    if (!expected->is_mapped) {
        *got = mapping.kind;
        *right = expected->kind;
        return *right != AXADDR_INVALID && *got != *right ? "kind of what is absent" : 0;
    }
    if (mapping.flags != expected->flags) {
        *got = mapping.flags;
        *right = expected->flags;
        return "flags of query";
    }
    if (mapping.size != expected->size) {
        *got = mapping.size;
        *right = expected->size;
        return "size of query";
    }
    *got = mapping.hpa.raw;
    *right = expected->hpa | (address & (BED_FRAME_SIZE - 1));
    return *got != *right ? "hpa of query" : 0;
}

/** The machine let it pass: the data must be those of the page. */
static const char *wrong_data(const struct expected *expected, uint32_t access, uint64_t written,
                              const struct bed_outcome *outcome, uint64_t *got, uint64_t *right) {
    const struct page *page = page_at(expected->hpa);

    *right = page_tag(expected->hpa);
    *got = outcome->value;
    if ((access & AXADDR_WRITE) != 0) {
        *right = (uintptr_t)written; /* a register's width */
        *got = *(const volatile uintptr_t *)&page->write_word;
    }
    return *got != *right ? "allowed, but the data are" : 0;
}

/** The machine made a fault of it: the decoder must tell the truth. */
static const char *wrong_exit(uint64_t address, const struct expected *expected, uint32_t access,
                              const struct bed_outcome *outcome, uint64_t *got, uint64_t *right) {
    const struct axaddr_exit *exit = &outcome->exit;
    uint64_t low = exit->is_page_only ? BED_PAGE_SIZE - 1 : 0;

    *got = outcome->status;
    *right = AXADDR_OK;
    if (*got != *right) {
        return "status of the decoder";
    }
    *got = exit->gpa.raw | low;
    *right = address | low;
    if (*got != *right) {
        return "address of the fault";
    }
    *got = exit->access;
    *right = told_of(access);
    if (*got != *right) {
        return "access of the fault";
    }
    *got = exit->is_permission;
    *right = machine->tells_permission && expected->is_mapped;
    if (*got != *right) {
        return "is_permission of the fault";
    }
    *got = exit->is_gva_valid ? exit->gva.raw : 0;
    *right = machine->tells_gva && exit->is_gva_valid ? address : 0;
    if (*got != *right || exit->is_guest_walk) {
        return "gva of the fault";
    }
    *got = vm_handle_fault(&space, exit->gpa, exit->access);
    *right = expected->is_mapped && is_granted(expected->flags, access) ? AXADDR_FAULT_SPURIOUS
                                                                        : expected->verdict;
    return *got != *right ? "verdict of handle_fault" : 0;
}

/** Where in the page an access is made. */
static uint64_t offset_of(uint32_t access) {
    uint64_t at = is_fetch(access) ? FETCH_AT : (access & AXADDR_READ) != 0 ? READ_AT : WRITE_AT;

    return BED_FRAME_SIZE - BED_PAGE_SIZE + at;
}

/** One case: an access to the page at `address`. */
static void judge(uint64_t page_address, uint32_t access, const struct expected *expected) {
    static uint64_t written = UINT64_C(0xfeed000000000000);
    uint64_t address = page_address + offset_of(access);
    struct bed_outcome outcome = no_outcome;
    bool is_allowed = expected->is_mapped && machine_permits(expected->flags, access);
    const char *wrong;
    uint64_t got;
    uint64_t right;

    if (expected->is_mapped) {
        prepare(expected->hpa);
    }
    wrong = wrong_query(address, expected, &got, &right);
    if (wrong == 0) {
        machine_access(address, access, ++written, &outcome);
        if (outcome.is_untried) {
            return;
        }
        got = outcome.is_allowed;
        right = is_allowed;
        if (got != right) {
            wrong = is_allowed ? "a fault, address" : "allowed";
            got = is_allowed ? outcome.exit.gpa.raw : got;
        } else if (is_allowed) {
            wrong = wrong_data(expected, access, written, &outcome, &got, &right);
            refresh_code(expected->hpa, access);
        } else {
            wrong = wrong_exit(address, expected, access, &outcome, &got, &right);
        }
    }
    tell(address, access, wrong, got, right);
}

/**
 * Reads, writes and fetches, in each mode of the guest's. First in that of the last access: there
 * are emulators which forget the whole TLB when the mode changes, and nothing stale would show.
 */
static void judge_all(uint64_t address, const struct expected *expected) {
    static unsigned mode;
    unsigned i;

    for (i = 0; i < machine->mode_count; i++) {
        mode = (mode + (i > 0)) % machine->mode_count;
        judge(address, access_of(AXADDR_READ, mode), expected);
        judge(address, access_of(AXADDR_WRITE, mode), expected);
        judge(address, access_of(AXADDR_EXECUTE, mode), expected);
    }
}

/* ---- places ---- */

static uint64_t leaf_size(unsigned level) {
    return UINT64_C(1) << BED_FORMAT.shift[level];
}

static bool is_guest_there(uint64_t address, uint64_t size) {
    const struct bed_fixture *fixture = machine->guest;

    for (; fixture->size != 0; fixture++) {
        if (fixture->address - address < size || address - fixture->address < fixture->size) {
            return true;
        }
    }
    return false;
}

enum { PLACE_FIRST, PLACE_MIDDLE, PLACE_LAST, PLACE_COUNT };

/** An aligned place in the space for `size` bytes, away from what the guest needs. */
static uint64_t place_for(unsigned place, uint64_t size) {
    uint64_t address = place == PLACE_FIRST    ? machine->first
                       : place == PLACE_MIDDLE ? machine->middle & ~(size - 1)
                                               : machine->last - (size - 1);

    while (is_guest_there(address, size)) {
        address += place == PLACE_LAST ? 0 - size : size;
    }
    return address;
}

/** How much RAM there is from machine->probe on. */
static uint64_t probe_ram(void) {
    return machine->probe_size != 0 ? machine->probe_size : UINT64_C(1) << 30;
}

/** What to map there: for small leaves different frames of the probe, for each place. */
static uint64_t probe_for(unsigned place, unsigned level) {
    uint64_t hpa = machine->probe + ((place + 1) * UINT64_C(0x0d2a5000) & (probe_ram() - 1));

    return hpa & ~(leaf_size(level) - 1);
}

/** The pages of a leaf to look at: the first, one within and the last, as far as there is RAM. */
static uint64_t probe_page(uint64_t leaf, uint64_t size, unsigned which) {
    uint64_t first = leaf > machine->probe ? leaf : machine->probe;
    uint64_t ram_last = machine->probe + (probe_ram() - 1);
    uint64_t last = leaf + (size - 1) < ram_last ? leaf + (size - 1) : ram_last;
    uint64_t page = which == 0 ? first : which == 1 ? first + (last - first) / 8 * 5 : last;

    return page & ~(BED_FRAME_SIZE - 1);
}

static void map_leaf(uint64_t address, uint64_t hpa, unsigned level, uint32_t flags) {
    now.level = level;
    now.flags = flags;
    expect(vm_map_linear(&space, axaddr_gpa(address), axaddr_hpa(hpa), leaf_size(level), flags),
           AXADDR_OK, address);
}

static struct expected mapped(uint64_t hpa, uint64_t size, uint32_t flags) {
    struct expected expected = {true, hpa, size, flags, AXADDR_ABSENT_EMPTY, AXADDR_FAULT_DENIED};

    return expected;
}

/** Whether the tables have leaves of `level`: false from the first level on that has none. */
static bool may_be_leaf(unsigned level) {
    return level < BED_SHAPE.level_count && (BED_FORMAT.leaf_levels >> level & 1) != 0;
}

/* ---- cases: every combination of flags, at each level and place; then unmapped ---- */

static void try_leaf(unsigned place, unsigned level, uint32_t flags) {
    uint64_t size = leaf_size(level);
    uint64_t address = place_for(place, size);
    uint64_t hpa = probe_for(place, level);
    unsigned which;

    now.what = "flags";
    map_leaf(address, hpa, level, flags);
    for (which = 0; which < (level == 0 ? 1 : 3); which++) {
        uint64_t page = probe_page(hpa, size, which);
        struct expected expected = mapped(page, size, flags);

        judge_all(address + (page - hpa), &expected);
    }
    expect(vm_unmap(&space, axaddr_gpa(address), size), AXADDR_OK, address);
    now.what = "unmapped"; /* the TLB had it */
    judge_all(address + (probe_page(hpa, size, 0) - hpa), &nothing);
    judge_all(address + (probe_page(hpa, size, 2) - hpa), &nothing);
}

static void try_flags(void) {
    uint32_t flags;
    unsigned place;
    unsigned level;

    for (flags = 1; flags <= AXADDR_MAPPING_FLAGS; flags++) {
        if (!axaddr_flags_are_valid(flags)) {
            continue;
        }
        if (!BED_FORMAT.can_hold(flags)) {
            now.what = "refused";
            now.flags = flags;
            now.level = 0;
            expect(vm_map_linear(&space, axaddr_gpa(place_for(PLACE_MIDDLE, BED_FRAME_SIZE)),
                                 axaddr_hpa(machine->probe), BED_FRAME_SIZE, flags),
                   AXADDR_UNSUPPORTED, 0);
            continue;
        }
        for (level = 0; may_be_leaf(level); level++) {
            for (place = 0; place < PLACE_COUNT; place++) {
                try_leaf(place, level, flags);
            }
        }
    }
}

/* ---- cases: protect, from every combination to every other, with the TLB filled ---- */

static void try_protect(unsigned level, uint32_t from, uint32_t to) {
    uint64_t size = leaf_size(level);
    uint64_t address = place_for(PLACE_MIDDLE, size);
    uint64_t hpa = probe_for(PLACE_MIDDLE, level);
    uint64_t page = probe_page(hpa, size, 1);
    struct expected before = mapped(page, size, from);
    struct expected after = mapped(page, size, to);

    now.what = "before protect";
    map_leaf(address, hpa, level, from);
    judge(address + (page - hpa), access_of(AXADDR_READ, 0), &before);
    judge(address + (page - hpa), access_of(AXADDR_WRITE, 0), &before);
    now.what = "after protect";
    expect(vm_protect(&space, axaddr_gpa(address), size, to), AXADDR_OK, address);
    now.flags = to;
    judge_all(address + (page - hpa), &after);
    expect(vm_unmap(&space, axaddr_gpa(address), size), AXADDR_OK, address);
}

static void try_all_protects(void) {
    uint32_t from;
    uint32_t to;
    unsigned level;
    unsigned pair = 0;

    for (from = 1; from <= AXADDR_MAPPING_FLAGS; from++) {
        for (to = 1; to <= AXADDR_MAPPING_FLAGS; to++) {
            if (!axaddr_flags_are_valid(from) || !BED_FORMAT.can_hold(from) ||
                !axaddr_flags_are_valid(to) || !BED_FORMAT.can_hold(to) || from == to) {
                continue;
            }
            if (pair++ % BED_STRIDE != 0) {
                continue;
            }
            for (level = 0; may_be_leaf(level); level++) {
                try_protect(level, from, to);
            }
        }
    }
}

/* ---- cases: a large leaf, split by an edit within it ---- */

/** The size of the leaf at `address` once the one of `level` is split down to the page `at`. */
static uint64_t split_size(uint64_t address, uint64_t at, unsigned level) {
    unsigned below = 0;

    while (below + 1 < level && (address ^ at) >> BED_FORMAT.shift[below + 1] != 0) {
        below++;
    }
    return leaf_size(below);
}

/** Pages around `at`, and the first and the last with RAM; `at` itself is for the caller. */
static void judge_split(uint64_t address, uint64_t hpa, unsigned level, uint64_t at,
                        uint32_t flags) {
    uint64_t size = leaf_size(level);
    uint64_t next_2m = (at ^ leaf_size(1)) - address + hpa;
    uint64_t pages[5] = {probe_page(hpa, size, 0), probe_page(hpa, size, 2),
                         at - address + hpa - BED_FRAME_SIZE, at - address + hpa + BED_FRAME_SIZE,
                         level > 1 ? next_2m : at - address + hpa + BED_FRAME_SIZE};
    unsigned i;

    for (i = 0; i < 5; i++) {
        uint64_t there = pages[i] - hpa + address;
        struct expected expected = mapped(pages[i], split_size(there, at, level), flags);

        judge_all(there, &expected);
    }
}

static void try_split(unsigned place, unsigned level, uint32_t flags) {
    uint64_t size = leaf_size(level);
    uint64_t address = place_for(place, size);
    uint64_t hpa = probe_for(place, level);
    uint64_t page = probe_page(hpa, size, 1);
    uint64_t at = page - hpa + address;
    uint32_t other = flags == AXADDR_READ ? RWX : AXADDR_READ;
    struct expected whole = mapped(page, size, flags);
    struct expected small = mapped(page, BED_FRAME_SIZE, other);

    now.what = "before split";
    map_leaf(address, hpa, level, flags);
    judge_all(at, &whole);
    now.what = "split by protect";
    expect(vm_protect(&space, axaddr_gpa(at), BED_FRAME_SIZE, other), AXADDR_OK, at);
    judge_all(at, &small);
    judge_split(address, hpa, level, at, flags);
    now.what = "split, then unmapped";
    expect(vm_unmap(&space, axaddr_gpa(at), BED_FRAME_SIZE), AXADDR_OK, at);
    judge_all(at, &nothing);
    judge_split(address, hpa, level, at, flags);
    expect(vm_unmap(&space, axaddr_gpa(address), size), AXADDR_OK, address);
    now.what = "split, then all unmapped";
    judge_all(at, &nothing);
    judge_all(at + BED_FRAME_SIZE, &nothing);
}

static void try_collapse(unsigned place, unsigned level) {
    uint64_t size = leaf_size(level);
    uint64_t address = place_for(place, size);
    uint64_t hpa = probe_for(place, level);
    uint64_t page = probe_page(hpa, size, 1);
    uint64_t at = page - hpa + address;
    struct expected whole = mapped(page, size, RWX);
    struct expected small = mapped(page, BED_FRAME_SIZE, RWX);

    map_leaf(address, hpa, level, RWX);
    now.what = "split by unmap";
    expect(vm_unmap(&space, axaddr_gpa(at), BED_FRAME_SIZE), AXADDR_OK, at);
    judge_all(at, &nothing);
    judge_split(address, hpa, level, at, RWX);
    now.what = "mapped again";
    expect(vm_map_linear(&space, axaddr_gpa(at), axaddr_hpa(page), BED_FRAME_SIZE, RWX), AXADDR_OK,
           at);
    judge_all(at, &small);
    judge_split(address, hpa, level, at, RWX);
    now.what = "collapsed";
    expect(vm_collapse(&space, axaddr_gpa(address), size), AXADDR_OK, address);
    judge_all(at, &whole);
    whole.hpa = probe_page(hpa, size, 2);
    judge_all(address + (whole.hpa - hpa), &whole);
    expect(vm_unmap(&space, axaddr_gpa(address), size), AXADDR_OK, address);
}

static void try_splits(void) {
    uint32_t flags;
    unsigned level;
    unsigned place;
    unsigned count = 0;

    for (level = 1; may_be_leaf(level); level++) {
        for (place = 0; place < PLACE_COUNT; place++) {
            try_split(place, level, RWX);
            try_collapse(place, level);
        }
        for (flags = 1; flags <= AXADDR_MAPPING_FLAGS; flags++) {
            if (axaddr_flags_are_valid(flags) && BED_FORMAT.can_hold(flags) &&
                count++ % BED_STRIDE == 0) {
                try_split(PLACE_MIDDLE, level, flags);
            }
        }
    }
}

/* ---- cases: leaves in a row, which formats with runs let the TLB hold as one ---- */

/** Log2 of the leaves: a run, or sixteen. */
static unsigned row_bits(void) {
    return BED_FORMAT.run_bits != 0 ? BED_FORMAT.run_bits : 4;
}

/** Sixteen of its leaves; number 7 of these is `there`, if it is given. */
static void judge_row(uint64_t address, uint64_t hpa, unsigned level, uint32_t flags,
                      const struct expected *there) {
    uint64_t stride = leaf_size(level) << (row_bits() - 4);
    unsigned i;

    for (i = 0; i < 16; i++) {
        struct expected expected = mapped(hpa + i * stride, leaf_size(level), flags);

        judge_all(address + i * stride, there != 0 && i == 7 ? there : &expected);
    }
}

static void try_row(unsigned place, unsigned level) {
    uint64_t size = leaf_size(level);
    uint64_t row = size << row_bits();
    uint64_t address = place_for(place, row);
    uint64_t hpa = probe_for(place, level) & ~(row - 1);
    uint64_t seventh = row / 16 * 7;
    uint64_t at = address + seventh;
    struct expected read_only = mapped(hpa + seventh, size, AXADDR_READ);
    struct expected other = mapped(hpa + row, size, RWX);

    now.what = "row, read-only";
    now.level = level;
    now.flags = RWX;
    expect(vm_map_linear(&space, axaddr_gpa(address), axaddr_hpa(hpa), row, AXADDR_READ), AXADDR_OK,
           at);
    judge_all(at, &read_only);
    now.what = "row";
    expect(vm_protect(&space, axaddr_gpa(address), row, RWX), AXADDR_OK, at);
    judge_row(address, hpa, level, RWX, 0);
    expect(vm_protect(&space, axaddr_gpa(at), size, AXADDR_READ), AXADDR_OK, at);
    now.what = "row, one protected";
    judge_row(address, hpa, level, RWX, &read_only);
    expect(vm_unmap(&space, axaddr_gpa(at), size), AXADDR_OK, at);
    now.what = "row, one unmapped";
    judge_row(address, hpa, level, RWX, &nothing);
    expect(vm_map_linear(&space, axaddr_gpa(at), axaddr_hpa(other.hpa), size, RWX), AXADDR_OK, at);
    now.what = "row, one elsewhere";
    judge_row(address, hpa, level, RWX, &other);
    expect(vm_protect(&space, axaddr_gpa(address), row, AXADDR_READ), AXADDR_OK, address);
    now.what = "row, all protected";
    other.flags = AXADDR_READ;
    judge_row(address, hpa, level, AXADDR_READ, &other);
    expect(vm_unmap(&space, axaddr_gpa(address), row), AXADDR_OK, address);
    now.what = "row, unmapped";
    judge_all(address, &nothing);
    judge_all(address + row - BED_FRAME_SIZE, &nothing);
}

/** Two large leaves, of which the second one has RAM. */
static void try_pair(unsigned level) {
    uint64_t size = leaf_size(level);
    uint64_t hpa = probe_for(PLACE_MIDDLE, level);
    uint64_t page = probe_page(hpa, size, 1);
    struct expected second = mapped(page, size, RWX);
    uint64_t address;

    if (hpa < size || size > (machine->last - machine->first) / 16) {
        return;
    }
    address = place_for(PLACE_MIDDLE, 2 * size);
    now.what = "pair";
    now.level = level;
    now.flags = RWX;
    expect(vm_map_linear(&space, axaddr_gpa(address), axaddr_hpa(hpa - size), 2 * size, RWX),
           AXADDR_OK, address);
    judge_all(address + size + (page - hpa), &second);
    expect(vm_unmap(&space, axaddr_gpa(address), 2 * size), AXADDR_OK, address);
}

/** Of small leaves; and of large ones that may form runs, where there is RAM for them. */
static void try_rows(void) {
    unsigned place;
    unsigned level;

    for (level = 0; may_be_leaf(level); level++) {
        bool has_run =
            level == 0 || (BED_FORMAT.run_bits != 0 && (BED_FORMAT.run_levels >> level & 1) != 0);

        for (place = 0; place < PLACE_COUNT && has_run; place++) {
            if (leaf_size(level) << row_bits() <= UINT64_C(0x10000000)) {
                try_row(place, level);
            }
        }
        if (level > 0) {
            try_pair(level);
        }
    }
}

/* ---- cases: reservations, before and after the fault; emulated devices ---- */

/** The page a fault has populated, as query tells it: the case is whether the machine agrees. */
static void judge_populated(uint64_t address, uint32_t flags) {
    struct expected expected = mapped(0, BED_FRAME_SIZE, flags);
    axaddr_hpa_t frame;
    uint64_t words = 0;
    unsigned i;

    if (vm_translate(&space, axaddr_gpa(address), &frame) != AXADDR_OK) {
        tell(address, 0, "not there after the fault", 0, 0);
        return;
    }
    for (i = 0; i < BED_FRAME_SIZE / 8; i++) {
        words |= ((const uint64_t *)bed_at(frame.raw))[i];
    }
    tell(address, 0, words == 0 ? 0 : "not zero, but", words, 0);
    expected.hpa = frame.raw;
    judge_all(address, &expected);
}

static void try_lazy(unsigned place, uint32_t flags, uint32_t access) {
    uint64_t size = leaf_size(1);
    uint64_t address = place_for(place, size);
    uint64_t page = place == PLACE_FIRST ? address : address + size - BED_FRAME_SIZE;
    struct expected reserved = {false, 0, 0, flags, AXADDR_ABSENT_RESERVED, AXADDR_FAULT_DENIED};
    bool is_permitted = is_granted(flags, access);

    now.what = "reserved";
    now.flags = flags;
    now.level = 0;
    expect(vm_map_alloc(&space, axaddr_gpa(address), size, flags, AXADDR_LAZY), AXADDR_OK, address);
    reserved.verdict = is_permitted ? AXADDR_FAULT_RESOLVED : AXADDR_FAULT_DENIED;
    judge(page, access, &reserved);
    if (is_permitted) {
        now.what = "populated";
        judge_populated(page, flags);
        judge(page ^ BED_FRAME_SIZE, access, &reserved); /* the table is there now */
        judge_populated(page ^ BED_FRAME_SIZE, flags);
    } else {
        judge(page, access, &reserved);
    }
    expect(vm_unmap(&space, axaddr_gpa(address), size), AXADDR_OK, address);
    now.what = "reserved, unmapped";
    judge(page, access, &nothing);
}

static void try_lazies(void) {
    static const uint32_t kinds[3] = {AXADDR_READ, AXADDR_WRITE, AXADDR_EXECUTE};
    uint32_t flags;
    unsigned place;
    unsigned kind;
    unsigned mode;
    unsigned count = 0;

    for (flags = 1; flags <= AXADDR_MAPPING_FLAGS; flags++) {
        if (!axaddr_flags_are_valid(flags) || !BED_FORMAT.can_hold(flags)) {
            continue;
        }
        for (place = 0; place < PLACE_COUNT; place++) {
            for (kind = 0; kind < 3; kind++) {
                for (mode = 0; mode < machine->mode_count; mode++) {
                    if (count++ % BED_STRIDE == 0) {
                        try_lazy(place, flags, access_of(kinds[kind], mode));
                    }
                }
            }
        }
    }
}

static void try_device(unsigned place) {
    uint64_t size = leaf_size(1);
    uint64_t address = place_for(place, size);
    struct expected trapped = {false, 0, 0, 0, AXADDR_ABSENT_TRAPPED, AXADDR_FAULT_DEVICE};

    now.what = "trapped";
    now.flags = 0;
    now.level = 1;
    expect(vm_map_device(&space, axaddr_gpa(address), size, 77), AXADDR_OK, address);
    judge_all(address, &trapped);
    judge_all(address + size - BED_FRAME_SIZE, &trapped);
    expect(vm_unmap(&space, axaddr_gpa(address), size), AXADDR_OK, address);
}

/* ---- cases: what is noted of a page, by hardware or by faults ---- */

/** Access `address` until it is let through, as a hypervisor would. */
static void access_through_faults(uint64_t address, uint32_t access) {
    struct bed_outcome outcome = no_outcome;
    unsigned tries;

    for (tries = 0; tries < 4; tries++) {
        enum axaddr_fault fault;

        machine_access(address, access, 1, &outcome);
        if (outcome.is_allowed) {
            return;
        }
        if (outcome.status != AXADDR_OK) {
            break;
        }
        fault = vm_handle_fault(&space, outcome.exit.gpa, outcome.exit.access);
        if (fault != AXADDR_FAULT_RESOLVED && fault != AXADDR_FAULT_SPURIOUS) {
            break;
        }
    }
    tell(address, access, "never let through; tries", tries, 1);
}

static void expect_notes(uint64_t address, uint32_t access, uint32_t notes) {
    struct axaddr_mapping mapping = {{0}, 0, 0, 0, 0, AXADDR_ABSENT_EMPTY};

    if (access != 0) {
        access_through_faults(address, access);
    }
    expect(vm_query(&space, axaddr_gpa(address), &mapping), AXADDR_OK, address);
    tell(address, access, mapping.notes == notes ? 0 : "notes", mapping.notes, notes);
}

static void try_notes(unsigned place, unsigned level) {
    uint64_t size = leaf_size(level);
    uint64_t address = place_for(place, size);
    uint64_t hpa = probe_for(place, level);
    uint64_t at = address + (probe_page(hpa, size, 1) - hpa);
    uint32_t mode = machine->modes[machine->mode_count - 1];
    uint32_t flags = AXADDR_READ | AXADDR_WRITE | mode;

    map_leaf(address, hpa, level, flags);
    prepare(probe_page(hpa, size, 1));
    access_through_faults(at + WRITE_AT, AXADDR_WRITE | mode); /* the TLB has it, and as dirty */
    now.what = "notes cleared";
    expect(vm_harvest(&space, axaddr_gpa(address), size, AXADDR_NOTES), AXADDR_OK, address);
    expect_notes(at, 0, 0);
    now.what = "notes";
    expect_notes(at, AXADDR_READ | mode, AXADDR_ACCESSED);
    expect_notes(at + WRITE_AT, AXADDR_WRITE | mode, AXADDR_NOTES);
    now.what = "dirty cleared";
    expect(vm_harvest(&space, axaddr_gpa(address), size, AXADDR_DIRTY), AXADDR_OK, address);
    expect_notes(at, AXADDR_READ | mode, AXADDR_ACCESSED);
    expect_notes(at + WRITE_AT, AXADDR_WRITE | mode, AXADDR_NOTES);
    expect(vm_unmap(&space, axaddr_gpa(address), size), AXADDR_OK, address);
}

/* ---- cases: a new entry of the root, which a machine may have cached as an absent one ---- */

/** The first access may fault in spite of the mapping, and the next only if nothing is done. */
static void try_fresh(uint64_t address) {
    uint64_t hpa = probe_for(PLACE_FIRST, 0);
    struct expected page = mapped(hpa, BED_FRAME_SIZE, RWX);
    unsigned round;

    for (round = 0; round < 2; round++) {
        now.what = "fresh";
        map_leaf(address, hpa, 0, RWX);
        prepare(hpa);
        access_through_faults(address + READ_AT, access_of(AXADDR_READ, 0));
        judge_all(address, &page);
        expect(vm_unmap(&space, axaddr_gpa(address), BED_FRAME_SIZE), AXADDR_OK, address);
        now.what = "fresh, unmapped";
        judge_all(address, &nothing);
    }
}

/* ---- all ---- */

static void try_places(void) {
    unsigned place;
    unsigned level;

    for (place = 0; place < PLACE_COUNT; place++) {
        try_device(place);
        for (level = 0; may_be_leaf(level); level++) {
            if (BED_FORMAT.notes_of != 0) {
                try_notes(place, level);
            }
        }
    }
}

/* ---- cases: random edits of the pages around a boundary between two tables ---- */

#define RANDOM_PAGES 64u
#define RANDOM_STEPS 80u

/** What the calls made so far have made of a page. */
static struct random_page {
    struct expected is;
    unsigned area; /**< the call that mapped it */
} random_pages[RANDOM_PAGES];

static uint32_t random_below(uint32_t count) {
    static uint32_t state = UINT32_C(0x9e3779b9);

    state ^= state << 13;
    state ^= state >> 17;
    state ^= state << 5;
    return state % count;
}

static uint32_t random_flags(void) {
    unsigned tries;

    for (tries = 0; tries < 200; tries++) {
        uint32_t flags = random_below(AXADDR_MAPPING_FLAGS + 1);

        if (axaddr_flags_are_valid(flags) && BED_FORMAT.can_hold(flags)) {
            return flags;
        }
    }
    return AXADDR_READ;
}

/** How many pages from `from` on are alike: of one area, or of none. At most `most`. */
static unsigned random_alike(unsigned from, unsigned most) {
    unsigned count = 1;

    while (count < most && from + count < RANDOM_PAGES &&
           random_pages[from + count].is.is_mapped == random_pages[from].is.is_mapped &&
           random_pages[from + count].area == random_pages[from].area) {
        count++;
    }
    return count;
}

static void random_map(uint64_t address, unsigned from, unsigned count, unsigned area) {
    uint64_t base = probe_for(PLACE_MIDDLE, 0) & ~(2 * RANDOM_PAGES * BED_FRAME_SIZE - 1);
    unsigned at = from + (random_below(2) == 0 ? 0 : random_below(RANDOM_PAGES));
    uint32_t flags = random_flags();
    unsigned i;

    now.flags = flags;
    expect(vm_map_linear(&space, axaddr_gpa(address), axaddr_hpa(base + at * BED_FRAME_SIZE),
                         count * BED_FRAME_SIZE, flags),
           AXADDR_OK, address);
    for (i = 0; i < count; i++) {
        random_pages[from + i].is = mapped(base + (at + i) * BED_FRAME_SIZE, BED_FRAME_SIZE, flags);
        random_pages[from + i].area = area;
    }
}

/** One edit of up to 32 pages: a map where nothing is; else an unmap, a protect or a collapse. */
static void random_edit(uint64_t start, unsigned step) {
    unsigned from = random_below(RANDOM_PAGES);
    unsigned count = random_alike(from, 1 + random_below(32));
    uint64_t address = start + from * BED_FRAME_SIZE;
    uint64_t size = count * BED_FRAME_SIZE;
    uint32_t flags = random_flags();
    unsigned i;

    if (!random_pages[from].is.is_mapped) {
        random_map(address, from, count, step + 1);
        return;
    }
    switch (random_below(4)) {
    case 0:
        expect(vm_unmap(&space, axaddr_gpa(address), size), AXADDR_OK, address);
        for (i = from; i < from + count; i++) {
            random_pages[i].is = nothing;
            random_pages[i].area = 0;
        }
        return;
    case 1:
        expect(vm_collapse(&space, axaddr_gpa(address), size), AXADDR_OK, address);
        return;
    default:
        now.flags = flags;
        expect(vm_protect(&space, axaddr_gpa(address), size, flags), AXADDR_OK, address);
        for (i = from; i < from + count; i++) {
            random_pages[i].is.flags = flags;
        }
    }
}

static void try_random(void) {
    uint64_t start = place_for(PLACE_MIDDLE, 2 * leaf_size(1)) + leaf_size(1) -
                     RANDOM_PAGES / 2 * BED_FRAME_SIZE;
    unsigned step;
    unsigned i;

    for (i = 0; i < RANDOM_PAGES; i++) {
        random_pages[i].is = nothing;
        random_pages[i].area = 0;
    }
    now.what = "random";
    now.level = 0;
    for (step = 0; step < RANDOM_STEPS; step++) {
        random_edit(start, step);
        for (i = 0; i < 3; i++) {
            unsigned page = random_below(RANDOM_PAGES);

            judge_all(start + page * BED_FRAME_SIZE, &random_pages[page].is);
        }
    }
    expect(vm_unmap(&space, axaddr_gpa(start), RANDOM_PAGES * BED_FRAME_SIZE), AXADDR_OK, start);
}

/* ---- cases: leaves with a wrong bit, as other software, or a broken memory, would leave them ---- */

/** Where the entry of `level` for an address is. */
static unsigned char *entry_at(uint64_t address, unsigned level) {
    uint64_t table = vm_root(&space).raw;
    unsigned at = BED_SHAPE.level_count - 1u;

    for (;; at--) {
        uint64_t index =
            address >> BED_FORMAT.shift[at] & axaddr_low_bits(BED_SHAPE.index_bits[at]);
        unsigned char *slot = (unsigned char *)bed_at(table) + (index << BED_FORMAT.entry_shift);

        if (at == level) {
            return slot;
        }
        table = BED_FORMAT.table_of(BED_FORMAT.entry_shift == 3 ? *(volatile uint64_t *)slot
                                                                : *(volatile uint32_t *)slot);
    }
}

static uint64_t swap_entry(uint64_t address, unsigned level, uint64_t entry) {
    unsigned char *slot = entry_at(address, level);
    struct axaddr_flush plan;
    uint64_t was;

    if (BED_FORMAT.entry_shift == 3) {
        was = *(volatile uint64_t *)slot;
        *(volatile uint64_t *)slot = entry;
    } else {
        was = *(volatile uint32_t *)slot;
        *(volatile uint32_t *)slot = (uint32_t)entry;
    }
    axaddr_flush_init(&plan);
    axaddr_flush_add(&plan, address, address + (leaf_size(level) - 1), BED_FORMAT.shift[level]);
    plan.is_full = true;
    machine_flush(&plan);
    return was;
}

/** What the machine allows, the format must say that it permits. 0, or what is wrong. */
static const char *wrong_scribble(uint64_t entry, unsigned level, uint64_t at, uint32_t access,
                                  uint64_t page, bool *is_allowed) {
    static uint64_t written = UINT64_C(0xbeef000000000000);
    struct bed_outcome outcome = no_outcome;
    struct expected expected = mapped(page, 0, 0);
    uint64_t got;
    uint64_t right;

    machine_access(at + offset_of(access), access, ++written, &outcome);
    *is_allowed = outcome.is_allowed;
    if (outcome.is_untried || !outcome.is_allowed) {
        return 0;
    }
    if (BED_FORMAT.kind_of(entry, level) != AXADDR_ENTRY_LEAF) {
        return "allowed by what is no leaf:";
    }
    if (!machine_permits(BED_FORMAT.flags_of(entry, level), access)) {
        return "allowed by a leaf that does not permit it:";
    }
    refresh_code(page, access);
    return wrong_data(&expected, access, written, &outcome, &got, &right);
}

/** One bit of a leaf that permits everything, or nothing but reads, is wrong. */
static void try_scribble(unsigned level, unsigned bit, uint32_t flags) {
    uint64_t size = leaf_size(level);
    uint64_t address = place_for(PLACE_MIDDLE, size);
    uint64_t hpa = probe_for(PLACE_MIDDLE, level);
    uint64_t page = probe_page(hpa, size, 1);
    uint64_t at = address + (page - hpa);
    uint64_t entry;
    uint64_t wrong_entry;
    unsigned mode;

    map_leaf(address, hpa, level, flags);
    prepare(page);
    entry = swap_entry(address, level, 0);
    wrong_entry = entry ^ UINT64_C(1) << bit;
    for (mode = 0; mode < machine->mode_count; mode++) {
        const uint32_t kinds[] = {AXADDR_READ, AXADDR_WRITE, AXADDR_EXECUTE};
        bool is_allowed = true;
        unsigned i;

        if (BED_FORMAT.kind_of(wrong_entry, level) == AXADDR_ENTRY_TABLE ||
            (BED_FORMAT.kind_of(wrong_entry, level) == AXADDR_ENTRY_LEAF &&
             BED_FORMAT.frame_of(wrong_entry, level) != hpa)) {
            break; /* it would go somewhere else */
        }
        for (i = 0; i < 3 && is_allowed; i++) { /* nothing more without a read of the right page */
            uint32_t access = access_of(kinds[i], mode);
            const char *wrong;

            (void)swap_entry(address, level, wrong_entry);
            wrong = wrong_scribble(wrong_entry, level, at, access, page, &is_allowed);
            tell(at, access, wrong, wrong_entry, entry);
        }
    }
    (void)swap_entry(address, level, entry);
    expect(vm_unmap(&space, axaddr_gpa(address), size), AXADDR_OK, address);
}

static void try_scribbles(void) {
    uint32_t mode = machine->modes[machine->mode_count - 1];
    uint32_t all = (mode & AXADDR_EXECUTE_MODES) != 0 ? RWX : RWX | mode;
    unsigned level;
    unsigned bit;

    now.what = "a wrong bit";
    for (level = 0; may_be_leaf(level); level++) {
        for (bit = 0; bit < 8u << BED_FORMAT.entry_shift; bit++) {
            if ((machine->ignored >> bit & 1) == 0) {
                try_scribble(level, bit, all);
                try_scribble(level, bit, AXADDR_READ);
            }
        }
    }
}

/* ---- cases: types of memory, where the machine tells them ---- */

static void try_types(void) {
    uint32_t flags;
    unsigned level;

    for (flags = 1; flags <= AXADDR_MAPPING_FLAGS && machine->has_type != 0; flags++) {
        if (!axaddr_flags_are_valid(flags) || !BED_FORMAT.can_hold(flags) ||
            (flags & AXADDR_READ) == 0) {
            continue;
        }
        for (level = 0; may_be_leaf(level); level++) {
            uint64_t address = place_for(PLACE_MIDDLE, leaf_size(level));

            now.what = "type";
            map_leaf(address, probe_for(PLACE_MIDDLE, level), level, flags);
            tell(address, 0, machine->has_type(address, flags) ? 0 : "type of memory is", 0, 1);
            expect(vm_unmap(&space, axaddr_gpa(address), leaf_size(level)), AXADDR_OK, address);
        }
    }
}

/* ---- cases: bits of an output address above those of the RAM for leaves ---- */

/** A page of that RAM, but for one bit above: what is read there is not what is in the page. */
static void try_high(unsigned bit, unsigned level) {
    uint64_t size = leaf_size(level);
    uint64_t address = place_for(PLACE_MIDDLE, size);
    uint64_t leaf = probe_for(PLACE_MIDDLE, level);
    uint64_t page = probe_page(leaf, size, 1);
    uint64_t at = address + (page - leaf);
    uint64_t hpa = page | UINT64_C(1) << bit;
    struct expected expected = mapped(hpa, size, AXADDR_READ | machine->modes[0]);
    struct bed_outcome outcome = no_outcome;
    const char *wrong;
    uint64_t got;
    uint64_t right;

    prepare(page);
    map_leaf(address, leaf | UINT64_C(1) << bit, level, expected.flags);
    wrong = wrong_query(at, &expected, &got, &right);
    if (wrong == 0) {
        machine_access(at + offset_of(AXADDR_READ), access_of(AXADDR_READ, 0), 0, &outcome);
        got = outcome.value;
        right = page_tag(page);
        if (outcome.is_allowed && got == right) {
            wrong = "allowed, as if the bit were not there; not";
        } else if (outcome.is_refused || (!outcome.is_allowed && outcome.status == AXADDR_OK)) {
            wrong = "a fault of the table, address";
            got = outcome.exit.gpa.raw;
        }
    }
    tell(at, access_of(AXADDR_READ, 0), wrong, got, right);
    expect(vm_unmap(&space, axaddr_gpa(address), size), AXADDR_OK, address);
}

static void try_high_bits(void) {
    unsigned bits = BED_FORMAT.output_width;
    unsigned bit;
    unsigned level;

    if (machine->output_bits < bits) {
        bits = machine->output_bits;
    }
    now.what = "other RAM, or none";
    for (level = 0; may_be_leaf(level); level++) {
        for (bit = 30; bit < bits; bit++) {
            if (bit >= BED_FORMAT.shift[level] && (machine->probe >> bit & 1) == 0) {
                try_high(bit, level);
            }
        }
    }
}

/** Addresses outside of the space; also with its last page mapped. */
static void try_beyond(void) {
    uint64_t last_page = place_for(PLACE_LAST, BED_FRAME_SIZE);
    uint64_t hpa = probe_for(PLACE_LAST, 0);
    struct expected last = mapped(hpa, BED_FRAME_SIZE, RWX);
    struct expected beyond = nothing;
    unsigned i;

    beyond.kind = AXADDR_ABSENT_EMPTY;
    map_leaf(last_page, hpa, 0, RWX);
    now.what = "beyond the space";
    for (i = 0; i < 4 && machine->beyond[i] != 0; i++) {
        judge_all(last_page, &last);
        judge_all(machine->beyond[i], &beyond);
        expect(vm_map_linear(&space, axaddr_gpa(machine->beyond[i]), axaddr_hpa(hpa),
                             BED_FRAME_SIZE, RWX),
               AXADDR_INVALID, machine->beyond[i]);
    }
    expect(vm_unmap(&space, axaddr_gpa(last_page), BED_FRAME_SIZE), AXADDR_OK, last_page);
}

/* ---- cases: dirty pages; emulated devices in a page ---- */

#include "dispatch.h"
#include "tracked.h"

static void try_duties(void) {
    unsigned place;

    for (place = 0; place < PLACE_COUNT; place++) {
        try_dispatch(place);
    }
    try_all_tracked();
}

/* ---- from begin to end ---- */

static void begin(void) {
    const struct bed_fixture *fixture;

    bed_print("\n"); /* whatever an emulator may have printed before */
    machine = machine_init();
    bed_pool_init(machine->pool);
    now.what = "begin";
    expect(vm_init_sized(&space, 0, axaddr_gpa(machine->first), machine->last - machine->first + 1,
                         axaddr_geometry_of(&BED_SHAPE)),
           AXADDR_OK, 0);
    for (fixture = machine->guest; fixture->size != 0; fixture++) {
        expect(vm_map_linear(&space, axaddr_gpa(fixture->address), axaddr_hpa(fixture->hpa),
                             fixture->size, fixture->flags),
               AXADDR_OK, fixture->address);
    }
    machine_load(vm_root(&space));
}

static void end(void) {
    now.what = "frames that were not given back";
    now.level = 0;
    now.flags = 0;
    machine_leave();
    vm_destroy(&space);
    tell(0, 0, bed_pool_used() == 0 ? 0 : "frames", bed_pool_used(), 0);
}

void bed_main(void) {
    begin();
    if (failed_count == 0) {
        try_flags();
        try_all_protects();
        try_splits();
        try_lazies();
        try_rows();
        try_places();
        try_random();
        try_duties();
        try_scribbles();
        try_types();
        try_high_bits();
        try_beyond();
        if (machine->fresh != 0) {
            try_fresh(machine->fresh);
        }
        end();
    }
    finish();
}
