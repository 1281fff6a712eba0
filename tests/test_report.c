/* SPDX-License-Identifier: MIT
 *
 * test_report.c: audit and dump. Audit says OK of a space after each of many pseudo-random
 * operations, over every format with pages of 4 KiB; and finds, at the right address, each kind of
 * disagreement that is planted. Dump is compared with text written out by hand.
 */
#include "check.h"
#include "every_format.h"
#include "host.h"
#include "toy_format.h"

#define R    AXADDR_READ
#define W    AXADDR_WRITE
#define X    AXADDR_EXECUTE
#define RW   (R | W)
#define PAGE HOST_FRAME_SIZE
#define SEED UINT64_C(0x51d7348f2ab96e03)

static struct host host;
static struct axaddr_format format; /* a variable: one instance does for all */

/** Supplies frames of the arena, read-only at first. */
static inline enum axaddr_fault report_supply(void *ctx, struct axaddr_supply *supply) {
    supply->is_read_only = (supply->access & W) == 0;
    return host_alloc_frame(ctx, &supply->frame) ? AXADDR_FAULT_RESOLVED : AXADDR_FAULT_NO_MEMORY;
}

static inline void report_return(void *ctx, uint32_t cookie, uint64_t address, axaddr_hpa_t frame) {
    (void)cookie;
    (void)address;
    host_free_frame(ctx, frame);
}

static const struct axaddr_hal report_hal = {
    .alloc_frame = host_alloc_frame,
    .free_frame = host_free_frame,
    .frame_at = host_frame_at,
    .flush_tlb = host_flush_tlb,
    .alloc_block = host_alloc_block,
    .free_block = host_free_block,
    .lock = host_lock,
    .unlock = host_unlock,
    .quiesce = host_quiesce,
    .supply_frame = report_supply,
    .return_frame = report_return,
};

AXADDR_DEFINE_SPACE(vm, format, report_hal);

static struct vm vm;
static uint64_t home;
static uint64_t large;
static uint64_t zero_frame;

#define AT(page) (home + (uint64_t)(page)*PAGE)

#define STATUS(expected, call) CHECK_STR(axaddr_status_name((enum axaddr_status)(call)), #expected)
#define GO_ON()                                                                                    \
    do {                                                                                           \
        if (check_case_failed) {                                                                   \
            return;                                                                                \
        }                                                                                          \
    } while (0)

static void begin(uint64_t start, uint64_t size) {
    axaddr_hpa_t frame = axaddr_hpa(0);

    host_init(&host, 900, HOST_LOW_BASE, HOST_STACK);
    CHECK(host_alloc_frame(&host, &frame));
    zero_frame = frame.raw;
    STATUS(OK, vm_init(&vm, &host, axaddr_gpa(start), size));
    STATUS(OK, vm_set_zero_frame(&vm, frame));
}

static void end(void) {
    GO_ON();
    host_begin(&host);
    vm_destroy(&vm);
    CHECK_EQ(host.used_count, 1);
    CHECK_STR(host_error(&host), "");
    host_destroy(&host);
}

static axaddr_gpa_t at(uint64_t page) {
    return axaddr_gpa(AT(page));
}

/* ---- audit: all is well ---- */

static void check_well(void) {
    axaddr_gpa_t where = axaddr_gpa(0x1234);
    enum axaddr_status status = vm_audit(&vm, &where);

    if (status != AXADDR_OK) {
        check_fail(__FILE__, __LINE__, "audit: %s at 0x%" PRIx64, axaddr_status_name(status),
                   where.raw);
    }
    CHECK_EQ(where.raw, 0x1234); /* untouched */
    CHECK_STR(host_error(&host), "");
    CHECK(!host.is_locked);
}

static uint64_t random_state;

static uint64_t random_below(uint64_t count) {
    random_state = random_state * UINT64_C(6364136223846793005) + 1442695040888963407u;
    return (random_state >> 33) % count;
}

/** Any operation on a few tables' worth of pages; most of them succeed. */
static enum axaddr_status any_step(uint64_t window) {
    static const uint32_t choices[] = {RW, RW, R, RW | X, R | X, RW | AXADDR_UNCACHED};
    static const char *const names[] = {0, "a", "b"};
    uint64_t unit = random_below(3) == 0 ? large / PAGE : 1;
    uint64_t page = random_below(window / unit) * unit;
    uint64_t room = window - page;
    uint64_t count = unit * (1 + random_below(unit == 1 ? 20 : 2));
    uint64_t size = (count < room ? count : room) * PAGE;
    uint32_t flags = choices[random_below(6)];
    uint32_t more = random_below(3) == 0 ? AXADDR_REPLACE : 0;
    uint64_t distance = random_below(2) == 0 ? 0 : 16 * large;

    flags = format.can_hold(flags) ? flags : RW;
    switch (random_below(14)) {
    case 0:
    case 1:
        return vm_map_linear(&vm, at(page), axaddr_hpa(AT(page) + distance), size, flags | more);
    case 2:
        return vm_map_alloc(&vm, at(page), size, flags | more | AXADDR_LARGE, AXADDR_LAZY);
    case 3:
        return vm_map_alloc(&vm, at(page), size, RW | more | AXADDR_ZERO_PAGE, AXADDR_LAZY);
    case 4:
        size = size < 16 * PAGE ? size : 16 * PAGE;
        return vm_map_alloc(&vm, at(page), size, flags | more, AXADDR_POPULATE);
    case 5:
        return vm_map_backed(&vm, at(page), size, RW | more, (uint32_t)random_below(2));
    case 6:
        return vm_map_device(&vm, at(page), size, (uint32_t)random_below(2));
    case 7:
        return vm_unmap(&vm, at(page), size);
    case 8:
        return vm_protect(&vm, at(page), size, flags);
    case 9:
        return vm_split(&vm, at(page), size);
    case 10:
        return vm_collapse(&vm, at(page), size);
    case 11:
        return vm_label(&vm, at(page), size, names[random_below(3)], random_below(2));
    case 12:
        return format.notes_of == 0 ? AXADDR_OK : vm_harvest(&vm, at(page), size, AXADDR_NOTES);
    default:
        return vm_handle_fault(&vm, at(page), random_below(2) == 0 ? R : W) == AXADDR_FAULT_RESOLVED
                   ? AXADDR_OK
                   : AXADDR_NOT_MAPPED;
    }
}

static void well_after_each_step(void) {
    uint64_t window = 3 * large / PAGE;
    unsigned done = 0;
    unsigned step;

    random_state = SEED;
    home = 4 * large;
    begin(home - 5 * PAGE, 3 * large + 9 * PAGE);
    GO_ON();
    for (step = 0; step < 400; step++) {
        host_begin(&host);
        if (random_below(8) == 0) {
            host_fail_in(&host, 1 + (uint32_t)random_below(3), true);
        }
        done += any_step(window) == AXADDR_OK;
        check_well();
        if (check_case_failed) {
            printf("step %u\n", step);
            return;
        }
    }
    CHECK(done > 100);
    vm_clear(&vm);
    check_well();
    end();
}

/* ---- audit: something is wrong ---- */

/** Where the entry is that decides an address, and of which level. */
static uint8_t *slot_of(uint64_t address, unsigned *level) {
    uint64_t table = vm_root(&vm).raw;

    for (*level = format.level_count - 1u;; (*level)--) {
        uint64_t index =
            address >> format.shift[*level] & axaddr_low_bits(format.index_bits[*level]);
        uint64_t place = table + (index << format.entry_shift);
        uint8_t *slot = host_peek(&host, place & ~(PAGE - 1)) + (place & (PAGE - 1));
        uint64_t entry = 0;

        memcpy(&entry, slot, (size_t)1 << format.entry_shift);
        if (format.kind_of(entry, *level) != AXADDR_ENTRY_TABLE) {
            return slot;
        }
        table = format.table_of(entry);
    }
}

/** A space in which everything is right, and then one entry is not. */
static void begin_all(void) {
    axaddr_hpa_t frames[2] = {{0x90000000}, {0x90002000}};

    home = 4 * large;
    begin(home - PAGE, large + 20 * PAGE);
    GO_ON();
    STATUS(OK, vm_map_linear(&vm, at(0), axaddr_hpa(0x50000000), 4 * PAGE, RW));
    STATUS(OK, vm_map_frames(&vm, at(4), frames, 2, R));
    STATUS(OK, vm_map_alloc(&vm, at(6), 4 * PAGE, RW, AXADDR_LAZY));
    STATUS(OK, vm_map_alloc(&vm, at(10), 2 * PAGE, RW | AXADDR_ZERO_PAGE, AXADDR_LAZY));
    STATUS(OK, vm_map_device(&vm, at(12), PAGE, 3));
    STATUS(OK, vm_map_backed(&vm, at(14), 2 * PAGE, RW, 5));
    CHECK_EQ(vm_handle_fault(&vm, at(6), R), AXADDR_FAULT_RESOLVED);
    CHECK_EQ(vm_handle_fault(&vm, at(10), R), AXADDR_FAULT_RESOLVED);
    CHECK_EQ(vm_handle_fault(&vm, at(14), R), AXADDR_FAULT_RESOLVED);
    STATUS(OK, vm_map_device(&vm, axaddr_gpa(home + large), 20 * PAGE - PAGE, 1));
    check_well();
}

/** Put an entry in the place of what decides a page: audit finds it there; it is put back. */
static void check_found(unsigned page, uint64_t entry) {
    axaddr_gpa_t where = axaddr_gpa(0);
    size_t size = (size_t)1 << format.entry_shift;
    uint64_t kept = 0;
    unsigned level;
    uint8_t *slot = slot_of(AT(page), &level);
    enum axaddr_status status;

    CHECK_EQ(level, 0);
    memcpy(&kept, slot, size);
    memcpy(slot, &entry, size);
    status = vm_audit(&vm, &where);
    memcpy(slot, &kept, size);
    CHECK_STR(axaddr_status_name(status), "INVALID");
    CHECK_EQ(where.raw, AT(page));
    check_well();
}

static uint64_t leaf(uint64_t frame, uint32_t flags) {
    return format.make_leaf(frame, 0, format.attributes_of(flags, 0)) | format.noted;
}

static uint64_t absent(enum axaddr_absent_kind kind, uint32_t flags, uint32_t cookie) {
    return format.make_absent(kind, axaddr_payload(flags, cookie));
}

/** Audit looks at what is right in the same way: a leaf as it would be made is no finding. */
static void check_not_found(unsigned page, uint64_t entry) {
    size_t size = (size_t)1 << format.entry_shift;
    uint64_t kept = 0;
    unsigned level;
    uint8_t *slot = slot_of(AT(page), &level);

    memcpy(&kept, slot, size);
    memcpy(slot, &entry, size);
    check_well();
    memcpy(slot, &kept, size);
}

#define FOUND(page, entry)                                                                         \
    do {                                                                                           \
        check_found(page, entry);                                                                  \
        GO_ON();                                                                                   \
    } while (0)
#define NOT_FOUND(page, entry)                                                                     \
    do {                                                                                           \
        check_not_found(page, entry);                                                              \
        GO_ON();                                                                                   \
    } while (0)

static void wrong_leaves_are_found(void) {
    begin_all();
    GO_ON();
    NOT_FOUND(1, leaf(0x50001000, RW));
    FOUND(1, leaf(0x50002000, RW)); /* another frame */
    FOUND(0, leaf(0x50001000, RW));
    FOUND(3, leaf(0x50003000 + PAGE * 16, RW));
    FOUND(1, leaf(0x50001000, R)); /* other flags */
    FOUND(5, leaf(0x90002000, RW));
    NOT_FOUND(5, leaf(0x90005000, R)); /* any frame may have been given */
    FOUND(6, leaf(0x50001000, R));
    FOUND(13, leaf(0x50001000, RW));     /* in a hole */
    FOUND(12, leaf(0x50001000, RW));     /* in a device */
    NOT_FOUND(10, leaf(zero_frame, R));  /* less than the area's, until it is written */
    NOT_FOUND(11, leaf(0x50001000, RW)); /* written */
    NOT_FOUND(14, leaf(0x50001000, R));  /* likewise */
    FOUND(7, leaf(0x50001000, R));       /* but not in every area */
    if (format.can_hold(RW | X)) {
        FOUND(10, leaf(zero_frame, R | X));
        FOUND(2, leaf(0x50002000, RW | X));
        FOUND(14, leaf(0x50001000, RW | X));
    }
    end();
}

static void wrong_absent_entries_are_found(void) {
    uint32_t zero = RW | AXADDR_ZERO_PAGE;

    begin_all();
    GO_ON();
    FOUND(0, format.empty); /* holes in areas */
    FOUND(3, format.empty);
    FOUND(7, format.empty);
    FOUND(10, format.empty);
    FOUND(12, format.empty);
    FOUND(15, format.empty);
    FOUND(13, absent(AXADDR_ABSENT_RESERVED, RW, 0)); /* something in a hole */
    FOUND(13, absent(AXADDR_ABSENT_TRAPPED, 0, 0));
    NOT_FOUND(7, absent(AXADDR_ABSENT_RESERVED, RW, 0));
    FOUND(7, absent(AXADDR_ABSENT_RESERVED, R, 0)); /* other rights, or another way */
    FOUND(7, absent(AXADDR_ABSENT_RESERVED, RW | AXADDR_LARGE, 0));
    FOUND(7, absent(AXADDR_ABSENT_SPARSE, RW, 0));
    FOUND(7, absent(AXADDR_ABSENT_SPARSE, zero, 0));
    FOUND(7, absent(AXADDR_ABSENT_BACKED, RW, 0));
    FOUND(7, absent(AXADDR_ABSENT_TRAPPED, 0, 0));
    FOUND(7, absent(AXADDR_ABSENT_TRAPPED, RW, 0));
    NOT_FOUND(11, absent(AXADDR_ABSENT_SPARSE, zero, 0));
    FOUND(11, absent(AXADDR_ABSENT_RESERVED, zero, 0));
    FOUND(11, absent(AXADDR_ABSENT_SPARSE, R | AXADDR_ZERO_PAGE, 0));
    NOT_FOUND(12, absent(AXADDR_ABSENT_TRAPPED, 0, 3));
    FOUND(12, absent(AXADDR_ABSENT_TRAPPED, 0, 4)); /* another cookie */
    FOUND(12, absent(AXADDR_ABSENT_RESERVED, RW, 0));
    NOT_FOUND(15, absent(AXADDR_ABSENT_BACKED, RW, 5));
    FOUND(15, absent(AXADDR_ABSENT_BACKED, RW, 4));
    FOUND(15, absent(AXADDR_ABSENT_BACKED, R, 5));
    FOUND(15, absent(AXADDR_ABSENT_RESERVED, RW, 0));
    FOUND(0, absent(AXADDR_ABSENT_RESERVED, RW, 0)); /* in a linear area */
    FOUND(4, absent(AXADDR_ABSENT_RESERVED, R, 0));
    /* What an edit has left parked. */
    FOUND(1, format.make_absent(AXADDR_ABSENT_PARKED_LEAF, 0x50001));
    FOUND(7, format.make_absent(AXADDR_ABSENT_PARKED_LEAF, 0x50001));
    FOUND(13, format.make_absent(AXADDR_ABSENT_PARKED_LEAF, 0x50001));
    FOUND(1, format.make_absent(AXADDR_ABSENT_PARKED_TABLE, 0x50001));
    FOUND(1, format.make_absent(AXADDR_ABSENT_PARKED_LINK, 0x50001));
    end();
}

/** An entry that reaches beyond its area, at either end, or into a hole. */
static void entries_of_two_areas_are_found(void) {
    axaddr_gpa_t where;
    size_t size = (size_t)1 << format.entry_shift;
    uint64_t entry = absent(AXADDR_ABSENT_TRAPPED, 0, 7);
    uint64_t kept = 0;
    unsigned level;
    unsigned round;
    uint8_t *slot;

    for (round = 0; round < 3; round++) {
        home = 4 * large;
        begin(home - PAGE, 2 * large);
        GO_ON();
        STATUS(OK, vm_map_device(&vm, at(0), large, 7));
        slot = slot_of(home, &level);
        CHECK_EQ(level, 1);
        memcpy(&kept, slot, size);
        CHECK_EQ(kept, entry);
        STATUS(OK, vm_unmap(&vm, round == 0 ? at(0) : axaddr_gpa(home + large - PAGE), PAGE));
        if (round == 2) {
            STATUS(OK, vm_map_device(&vm, axaddr_gpa(home + large - PAGE), PAGE, 8));
        }
        check_well();
        kept = 0;
        memcpy(&kept, slot, size); /* a table now: as if it had been lost */
        memcpy(slot, &entry, size);
        STATUS(INVALID, vm_audit(&vm, &where));
        CHECK_EQ(where.raw, home);
        memset(slot, 0, size);
        memcpy(slot, &format.empty, size);
        STATUS(INVALID, vm_audit(&vm, &where)); /* an area somewhere in it */
        CHECK_EQ(where.raw, home);
        memcpy(slot, &kept, size);
        check_well();
        end();
        GO_ON();
    }
}

/** The set of areas itself: then the space's first address is told. */
static void broken_set_is_found(void) {
    axaddr_gpa_t where;
    size_t count;

    begin_all();
    GO_ON();
    count = vm.core.areas.set.count;
    vm.core.areas.set.count++;
    STATUS(INVALID, vm_audit(&vm, &where));
    CHECK_EQ(where.raw, home - PAGE);
    vm.core.areas.set.count = count;
    check_well();
    end();
}

/* ---- dump ---- */

static char text[8192];
static unsigned line_count;

/** All lines of a dump, each with a newline. */
static const char *dump(void) {
    struct axaddr_dump state = {0};
    char line[AXADDR_DUMP_LINE_SIZE];

    text[0] = '\0';
    line_count = 0;
    while (vm_dump(&vm, &state, line, sizeof line)) {
        if (strlen(text) + strlen(line) + 2 > sizeof text || strchr(line, '\n') != 0) {
            check_fail(__FILE__, __LINE__, "not a line: \"%s\"", line);
            break;
        }
        strcat(text, line);
        strcat(text, "\n");
        line_count++;
    }
    if (vm_dump(&vm, &state, line, sizeof line) || line[0] != '\0') {
        check_fail(__FILE__, __LINE__, "there is more after the end: \"%s\"", line);
    }
    return text;
}

static void dump_of_nothing(void) {
    begin(0, 16 * PAGE);
    GO_ON();
    CHECK_STR(dump(), "");
    end();
}

/** x86_64, where there are users; all kinds, a name, a tag, large leaves. */
static void dump_of_all_kinds(void) {
    static const axaddr_hpa_t frames[3] = {{0x90002000}, {0x90003000}, {0x90001000}};

    home = 0x40000000;
    begin(home, 0x80000000);
    GO_ON();
    STATUS(OK, vm_map_linear(&vm, at(0), axaddr_hpa(0x100000000), 0x600000, R | X));
    STATUS(OK, vm_label(&vm, at(0), 0x600000, "text", 0));
    STATUS(OK, vm_map_linear(&vm, at(0x600), axaddr_hpa(0x100600000), 0x201000,
                             R | W | AXADDR_USER | AXADDR_GLOBAL));
    STATUS(OK, vm_map_frames(&vm, axaddr_gpa(0x50000000), frames, 3, R));
    STATUS(OK, vm_map_alloc(&vm, axaddr_gpa(0x50004000), 0x4000, RW, AXADDR_LAZY));
    STATUS(OK, vm_label(&vm, axaddr_gpa(0x50004000), 0x4000, "heap", 0xabc));
    STATUS(OK, vm_map_device(&vm, axaddr_gpa(0x60000000), 0x1000, 17));
    STATUS(OK, vm_map_backed(&vm, axaddr_gpa(0x60002000), 0x2000, RW, 99));
    STATUS(OK, vm_label(&vm, axaddr_gpa(0x60002000), 0x1000, 0, 5));
    STATUS(OK, vm_map_linear(&vm, axaddr_gpa(0x70000000), axaddr_hpa(0xfee00000), 0x1000,
                             RW | AXADDR_DEVICE));
    STATUS(OK, vm_map_linear(&vm, axaddr_gpa(0x80000000), axaddr_hpa(0xc0000000), 0x40000000,
                             RW | AXADDR_UNCACHED));
    CHECK_STR(dump(),
              "0x0000000040000000-0x00000000405fffff 6M r-x- linear at 0x100000000 text\n"
              "0x0000000040600000-0x0000000040800fff 2052K rw-u global linear at 0x100600000\n"
              "0x0000000050000000-0x0000000050002fff 12K r--- frames\n"
              "0x0000000050004000-0x0000000050007fff 16K rw-- alloc heap tag 0xabc\n"
              "0x0000000060000000-0x0000000060000fff 4K ---- device cookie 17\n"
              "0x0000000060002000-0x0000000060002fff 4K rw-- backed cookie 99 tag 0x5\n"
              "0x0000000060003000-0x0000000060003fff 4K rw-- backed cookie 99\n"
              "0x0000000070000000-0x0000000070000fff 4K rw-- device linear at 0xfee00000\n"
              "0x0000000080000000-0x00000000bfffffff 1G rw-- uncached linear at 0xc0000000\n"
              "  0x0000000040000000-0x00000000405fffff 6M r-x- at 0x100000000 by 2M\n"
              "  0x0000000040600000-0x00000000407fffff 2M rw-u global at 0x100600000 by 2M\n"
              "  0x0000000040800000-0x0000000040800fff 4K rw-u global at 0x100800000 by 4K\n"
              "  0x0000000050000000-0x0000000050001fff 8K r--- at 0x90002000 by 4K\n"
              "  0x0000000050002000-0x0000000050002fff 4K r--- at 0x90001000 by 4K\n"
              "  0x0000000070000000-0x0000000070000fff 4K rw-- device at 0xfee00000 by 4K\n"
              "  0x0000000080000000-0x00000000bfffffff 1G rw-- uncached at 0xc0000000 by 1G\n");
    CHECK_EQ(line_count, 16);
    CHECK(!host.is_locked);
    end();
}

/** What pages have of the run that they are in is no part of where they lead. */
static void dump_of_runs(void) {
    home = 0x40000000;
    begin(home, 0x100000);
    GO_ON();
    STATUS(OK, vm_map_linear(&vm, at(0), axaddr_hpa(0x90000000), 0x20000, RW));
    CHECK_STR(dump(), "0x0000000040000000-0x000000004001ffff 128K rw-- linear at 0x90000000\n"
                      "  0x0000000040000000-0x000000004001ffff 128K rw-- at 0x90000000 by 4K\n");
    end();
}

/** A hole between leaves that go on in host memory ends a run, and so does another frame. */
static void dump_ends_runs(void) {
    home = 0x40000000;
    begin(home, 0x80000000);
    GO_ON();
    STATUS(OK, vm_map_linear(&vm, at(0), axaddr_hpa(0x1000), 2 * PAGE, RW));
    STATUS(OK, vm_map_linear(&vm, at(3), axaddr_hpa(0x4000), PAGE, RW));
    STATUS(OK, vm_map_linear(&vm, at(4), axaddr_hpa(0x5000), PAGE, R));
    STATUS(OK, vm_map_linear(&vm, at(5), axaddr_hpa(0x5000), PAGE, R));
    CHECK_STR(dump(), "0x0000000040000000-0x0000000040001fff 8K rw-- linear at 0x1000\n"
                      "0x0000000040003000-0x0000000040003fff 4K rw-- linear at 0x4000\n"
                      "0x0000000040004000-0x0000000040004fff 4K r--- linear at 0x5000\n"
                      "0x0000000040005000-0x0000000040005fff 4K r--- linear at 0x5000\n"
                      "  0x0000000040000000-0x0000000040001fff 8K rw-- at 0x1000 by 4K\n"
                      "  0x0000000040003000-0x0000000040003fff 4K rw-- at 0x4000 by 4K\n"
                      "  0x0000000040004000-0x0000000040004fff 4K r--- at 0x5000 by 4K\n"
                      "  0x0000000040005000-0x0000000040005fff 4K r--- at 0x5000 by 4K\n");
    end();
}

/** The upper end of the address space, and user mode's fetches. */
static void dump_of_the_top(void) {
    begin(UINT64_C(0xffffffffffff0000), 0x10000);
    GO_ON();
    STATUS(OK, vm_map_linear(&vm, axaddr_gpa(UINT64_C(0xffffffffffffe000)), axaddr_hpa(0x5000),
                             2 * PAGE, R | X | AXADDR_USER));
    CHECK_STR(dump(), "0xffffffffffffe000-0xffffffffffffffff 8K r-xu linear at 0x5000\n"
                      "  0xffffffffffffe000-0xffffffffffffffff 8K r-xu at 0x5000 by 4K\n");
    end();
}

/** Second stages that know the guest's modes. */
static void dump_of_fetch_rights(void) {
    home = 0x40000000;
    begin(home, 0x100000);
    GO_ON();
    STATUS(OK, vm_map_linear(&vm, at(0), axaddr_hpa(0x1000), PAGE, R | AXADDR_EXECUTE_USER));
    STATUS(OK, vm_map_linear(&vm, at(1), axaddr_hpa(0x2000), PAGE, R | AXADDR_EXECUTE_KERNEL));
    CHECK_STR(dump(),
              "0x0000000040000000-0x0000000040000fff 4K r--- execute-user linear at 0x1000\n"
              "0x0000000040001000-0x0000000040001fff 4K r--- execute-kernel linear at 0x2000\n"
              "  0x0000000040000000-0x0000000040000fff 4K r--- execute-user at 0x1000 by 4K\n"
              "  0x0000000040001000-0x0000000040001fff 4K r--- execute-kernel at 0x2000 by 4K\n");
    end();
}

/** The ways of lazy memory; and that a name of any length is whole where there is room. */
static void dump_of_lazy_ways(void) {
    home = 0x40000000;
    begin(home, 0x1000000);
    GO_ON();
    STATUS(OK, vm_map_alloc(&vm, at(0), PAGE, RW | AXADDR_LARGE, AXADDR_LAZY));
    STATUS(OK, vm_map_alloc(&vm, at(1), PAGE, R | AXADDR_ZERO_PAGE, AXADDR_LAZY));
    CHECK_STR(dump(), "0x0000000040000000-0x0000000040000fff 4K rw-- large alloc\n"
                      "0x0000000040001000-0x0000000040001fff 4K r--- zero-page alloc\n");
    end();
}

/** Whatever does not fit is cut; nothing is written behind the buffer. */
static void dump_cuts_lines(void) {
    static const char whole[] =
        "0x0000000040000000-0x0000000040000fff 4K ---- device cookie 1 name tag 0x77";
    char line[sizeof whole + 8];
    size_t room;

    home = 0x40000000;
    begin(home, 0x100000);
    GO_ON();
    STATUS(OK, vm_map_device(&vm, at(0), PAGE, 1));
    STATUS(OK, vm_label(&vm, at(0), PAGE, "name", 0x77));
    for (room = 0; room <= sizeof whole + 4; room++) {
        struct axaddr_dump state = {0};
        size_t length = room == 0 ? 0 : room - 1 < sizeof whole - 1 ? room - 1 : sizeof whole - 1;

        memset(line, '#', sizeof line);
        CHECK(vm_dump(&vm, &state, line, room));
        CHECK_EQ(memcmp(line, whole, length), 0);
        CHECK(room == 0 ? line[0] == '#' : line[length] == '\0');
        CHECK_EQ(line[room], '#');
        CHECK(!vm_dump(&vm, &state, line, room));
    }
    end();
}

/** Two dumps at once do not know of each other; what was told may go meanwhile. */
static void dump_goes_on_after_edits(void) {
    struct axaddr_dump one = {0};
    struct axaddr_dump two = {0};
    char line[AXADDR_DUMP_LINE_SIZE];
    unsigned i;

    home = 0x40000000;
    begin(home, 0x100000);
    GO_ON();
    for (i = 0; i < 4; i++) {
        STATUS(OK, vm_map_linear(&vm, at(2 * i), axaddr_hpa(0x1000), PAGE, RW));
    }
    CHECK(vm_dump(&vm, &one, line, sizeof line) && vm_dump(&vm, &one, line, sizeof line));
    CHECK(vm_dump(&vm, &two, line, sizeof line));
    CHECK(memcmp(line, "0x0000000040000000", 18) == 0);
    STATUS(OK, vm_unmap(&vm, at(0), 5 * PAGE));
    CHECK(vm_dump(&vm, &one, line, sizeof line));
    CHECK(memcmp(line, "0x0000000040006000", 18) == 0);
    CHECK(vm_dump(&vm, &one, line, sizeof line)); /* what is mapped */
    CHECK(memcmp(line, "  0x0000000040006000", 20) == 0);
    CHECK(!vm_dump(&vm, &one, line, sizeof line));
    CHECK(vm_dump(&vm, &two, line, sizeof line));
    CHECK(memcmp(line, "0x0000000040006000", 18) == 0);
    end();
}

/** An area that ends with the space, be it at the end of all addresses, is not the dump's end. */
static void dump_of_full_spaces(void) {
    begin(UINT64_C(0xffffffffffff0000), 0x10000);
    GO_ON();
    STATUS(OK, vm_map_device(&vm, axaddr_gpa(UINT64_C(0xffffffffffff0000)), 0x10000, 0));
    CHECK_STR(dump(), "0xffffffffffff0000-0xffffffffffffffff 64K ---- device cookie 0\n");
    end();
    GO_ON();
    begin(0, 0x2000);
    GO_ON();
    STATUS(OK, vm_map_linear(&vm, axaddr_gpa(0), axaddr_hpa(0x5000), 0x2000, R));
    CHECK_STR(dump(), "0x0000000000000000-0x0000000000001fff 8K r--- linear at 0x5000\n"
                      "  0x0000000000000000-0x0000000000001fff 8K r--- at 0x5000 by 4K\n");
    end();
}

/* ---- over all formats ---- */

#define ADDRESS_OF(tag, name) &name,
static const struct axaddr_format *const all_formats[] = {&toy, &toy32, EVERY_FORMAT(ADDRESS_OF)};

static void on(const struct axaddr_format *it, const char *name, void (*function)(void)) {
    format = *it;
    large = UINT64_C(1) << format.shift[1];
    snprintf(check_context, sizeof check_context, "%s", format.name);
    check_case_failed = false;
    function();
    if (check_case_failed) {
        host_destroy(&host);
    }
    check_end_case(name);
}

static void each(const char *name, void (*function)(void)) {
    unsigned i;

    for (i = 0; i < sizeof all_formats / sizeof all_formats[0]; i++) {
        if (all_formats[i]->shift[0] == HOST_FRAME_SHIFT && !all_formats[i]->is_sized) {
            on(all_formats[i], name, function);
        }
    }
}
#define EACH(function)        each(#function, function)
#define ON(format_, function) on(&(format_), #function, function)

int main(void) {
    printf("seed 0x%" PRIx64 "\n", SEED);
    EACH(well_after_each_step);
    EACH(wrong_leaves_are_found);
    EACH(wrong_absent_entries_are_found);
    EACH(entries_of_two_areas_are_found);
    EACH(broken_set_is_found);
    EACH(dump_of_nothing);
    ON(axaddr_x86_64, dump_of_all_kinds);
    ON(axaddr_riscv_sv48x4_svnapot, dump_of_runs);
    ON(axaddr_aarch64_stage2_40, dump_of_runs);
    ON(axaddr_x86_64, dump_ends_runs);
    ON(axaddr_x86_64, dump_of_the_top);
    ON(axaddr_aarch64_stage2_40_xnx, dump_of_fetch_rights);
    ON(axaddr_x86_ept, dump_of_lazy_ways);
    ON(axaddr_x86_ept, dump_cuts_lines);
    ON(axaddr_x86_64, dump_goes_on_after_edits);
    ON(axaddr_x86_64, dump_of_full_spaces);
    return check_report("test_report");
}
