/* SPDX-License-Identifier: MIT
 *
 * data_cases.h: the bytes of a space (visit_data, read, write): every kind of memory, any alignment
 * and length, each end of a space; all is checked before the first byte is copied; writes are noted
 * and reads are not. Over every format with pages of 1 << HOST_FRAME_SHIFT bytes, on an instance
 * that is told its format at run time; with DATA_HAS_LOCK on one for many CPUs.
 */
#ifndef AXADDR_TESTS_DATA_CASES_H
#define AXADDR_TESTS_DATA_CASES_H

#include "data_machine.h"

/* ---- cases ---- */

static uint8_t one[END * PAGE];
static uint8_t other[END * PAGE];

/** Across all kinds of memory at once, in both directions. */
static void all_kinds_of_memory(void) {
    size_t size = (READ_ONLY - LINEAR) * PAGE - 5;
    unsigned i;

    begin_all();
    GO_ON();
    fill(one, sizeof one, 1);
    memset(other, 0x5c, sizeof other);
    STATUS(OK, read_at(AT(LINEAR) + 3, other, size));
    for (i = 0; i < size; i++) {
        uint64_t page = (i + 3) / PAGE;
        CHECK_EQ(other[i], page < FRAMES || page < ZERO ? 0 : page < BACKED ? 0 : 0x33);
    }
    CHECK_EQ(other[size], 0x5c);
    STATUS(OK, write_at(AT(LINEAR) + 3, one, size));
    for (i = 0; i < size; i++) {
        CHECK_EQ(*byte_at(AT(LINEAR) + 3 + i), one[i]);
    }
    CHECK_EQ(*byte_at(AT(LINEAR) + 2), 0);
    CHECK_EQ(*byte_at(AT(LINEAR) + 3 + size), 0x33);
    STATUS(OK, read_at(AT(LINEAR) + 3, other, size));
    CHECK(memcmp(one, other, size) == 0);
    STATUS(OK, read_at(AT(READ_ONLY), other, 2 * PAGE));
    CHECK(host_bytes_are(other, 0) && host_bytes_are(other + PAGE, 0));
    SPACE_END();
}

/** Who may write may not read for that; where a machine has such pages. */
static void write_only_pages(void) {
    uint32_t flags;

    begin_all();
    GO_ON();
    if (holds(W)) {
        flags = format.flags_of(format.make_leaf(0, 0, format.attributes_of(W, 0)), 0);
        CHECK_EQ(vm_protect(&space, axaddr_gpa(AT(LINEAR)), PAGE, W), AXADDR_OK);
        STATUS(OK, write_at(AT(LINEAR) + 5, "abc", 3));
        CHECK(memcmp(byte_at(AT(LINEAR) + 4), "\0abc", 5) == 0);
        CHECK_EQ(read_at(AT(LINEAR), other, 1), (flags & R) != 0 ? AXADDR_OK : AXADDR_DENIED);
    }
    SPACE_END();
}

/** What is there of each byte: never one more, never one less. */
static void any_alignment_and_length(void) {
    unsigned offset;
    unsigned from;
    size_t size;
    size_t i;

    begin_all();
    GO_ON();
    for (offset = 0; offset < 10; offset++) {
        for (from = 0; from < 9; from++) {
            for (size = 1; size <= 20; size++) {
                uint64_t address = AT(LAZY + 1) - 10 + offset;

                memset(one, 0x11, 64);
                memset(other, 0x22, 64);
                STATUS(OK, write_at(AT(LAZY + 1) - 32, one, 64));
                fill(one, 64, offset * 1000 + from * 100 + size);
                STATUS(OK, write_at(address, one + from, size));
                STATUS(OK, read_at(address, other + from, size));
                CHECK(memcmp(one + from, other + from, size) == 0);
                CHECK_EQ(other[from + size], 0x22);
                CHECK(from == 0 || other[from - 1] == 0x22);
                for (i = 0; i < 64; i++) {
                    uint64_t at = AT(LAZY + 1) - 32 + i;
                    bool is_in = at >= address && at < address + size;
                    CHECK_EQ(*byte_at(at), is_in ? one[from + (at - address)] : 0x11);
                }
            }
        }
    }
    SPACE_END();
}

static void bounds(void) {
    uint8_t byte = 0x77;

    begin_all();
    GO_ON();
    STATUS(OK, read_at(AT(0), &byte, 1));
    STATUS(OK, read_at(AT(END) - 1, &byte, 1));
    STATUS(INVALID, read_at(AT(END) - 1, one, 2));
    STATUS(INVALID, read_at(AT(END), one, 1));
    STATUS(INVALID, read_at(AT(0) - 1, one, 1));
    STATUS(INVALID, read_at(AT(0) - 1, one, 2));
    STATUS(INVALID, read_at(AT(0), one, 0));
    STATUS(INVALID, write_at(AT(0), one, 0));
    STATUS(INVALID, read_at(UINT64_MAX, one, 2));
    STATUS(INVALID, read_at(AT(1), one, SIZE_MAX));
    STATUS(INVALID, read_at(AT(1), one, SIZE_MAX - (size_t)AT(1) + 1));
    STATUS(INVALID, write_at(AT(1), one, SIZE_MAX - (size_t)AT(1) + 2));
    STATUS(INVALID, vm_can_access(&space, axaddr_gpa(AT(END) - 1), 2, R));
    STATUS(INVALID, vm_can_access(&space, axaddr_gpa(AT(0)), 0, R));
    SPACE_END();
}

static unsigned visit_count;
static enum axaddr_status no_visit(void *arg, void *at, size_t size) {
    (void)arg;
    (void)at;
    (void)size;
    visit_count++;
    return AXADDR_OK;
}

/** What keeps `size` bytes at the end of a large range from being copied keeps all. */
static void refuse(uint64_t bad_page, uint32_t access, enum axaddr_status expected) {
    uint64_t address = AT(bad_page) - 2 * PAGE - 100;
    size_t size = 2 * PAGE + 101; /* one byte of what is bad */
    uint8_t *near = byte_at(AT(LINEAR));
    uint8_t before = *near;
    enum axaddr_status status;

    memset(one, 0x5c, sizeof one);
    visit_count = 0;
    status = vm_visit_data(&space, axaddr_gpa(address), size, access, no_visit, 0);
    CHECK_STR(axaddr_status_name(status), axaddr_status_name(expected));
    CHECK_EQ(visit_count, 0);
    if (access == R) {
        CHECK_STR(axaddr_status_name(read_at(address, one, size)), axaddr_status_name(expected));
        CHECK(one[0] == 0x5c && host_bytes_are(one, 0x5c));
    }
    if (access == W) {
        CHECK_STR(axaddr_status_name(write_at(address, one, size)), axaddr_status_name(expected));
        CHECK(byte_at(address) == 0 || *byte_at(address) != 0x5c);
        CHECK(byte_at(AT(bad_page) - 1) == 0 || *byte_at(AT(bad_page) - 1) != 0x5c);
        CHECK_EQ(*near, before);
    }
}

/** Make room: what lies before a bad page is ordinary memory. */
static void nothing_is_copied_on_failure(void) {
    static const struct {
        unsigned page;
        uint32_t access;
        enum axaddr_status expected;
    } bad[] = {
        {READ_ONLY, W, AXADDR_DENIED},      {HOLE, R, AXADDR_NOT_MAPPED},
        {DEVICE, R, AXADDR_DENIED},         {DEVICE, W, AXADDR_DENIED},
        {REGISTERS, R, AXADDR_DENIED},      {REGISTERS, W, AXADDR_DENIED},
        {CODE, R, AXADDR_DENIED},           {CODE, W, AXADDR_DENIED},
        {LAZY_READ_ONLY, W, AXADDR_DENIED}, {READ_ONLY, X, AXADDR_DENIED},
        {LAZY, X, AXADDR_DENIED},
    };
    unsigned i;

    begin_all();
    GO_ON();
    for (i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        unsigned page = bad[i].page;
        uint32_t plain = bad[i].access == X ? RW | X : RW;

        if ((page == REGISTERS && !holds(RW | AXADDR_DEVICE)) || (page == CODE && !holds(X)) ||
            (page == CODE &&
             (format.flags_of(format.make_leaf(0, 0, format.attributes_of(X, 0)), 0) & R) != 0) ||
            !holds(plain)) {
            continue;
        }
        if (page > FRAMES) { /* two and a bit of ordinary pages before it */
            CHECK_EQ(vm_unmap(&space, axaddr_gpa(AT(page - 3)), 3 * PAGE), AXADDR_OK);
            CHECK_EQ(vm_map_alloc(&space, axaddr_gpa(AT(page - 3)), 3 * PAGE, plain, AXADDR_LAZY),
                     AXADDR_OK);
        }
        refuse(page, bad[i].access, bad[i].expected);
        GO_ON();
        CHECK_STR(host_error(host), "");
        SPACE_END();
        host_destroy(host);
        begin_all();
        GO_ON();
    }
    SPACE_END();
}

/** Each allocation fails in turn: nothing is copied; in the end all of it is. */
static void without_memory(void) {
    uint32_t count;
    enum axaddr_status status = AXADDR_NO_MEMORY;

    for (count = 1; status == AXADDR_NO_MEMORY; count++) {
        begin_all();
        GO_ON();
        memset(one, 0x5c, sizeof one);
        host_fail_in(host, count, true);
        status = write_at(AT(LINEAR) + 1, one, (READ_ONLY - LINEAR) * PAGE - 1);
        if (status == AXADDR_NO_MEMORY) {
            unsigned page;

            for (page = LINEAR; page < READ_ONLY; page++) {
                const uint8_t *at = byte_at(AT(page));
                CHECK(at == 0 || host_bytes_are(at, page < BACKED ? 0 : 0x33));
            }
            host_fail_in(host, 1, true);
            STATUS(OK, read_at(AT(LINEAR), other, 8 * PAGE)); /* takes none */
            CHECK(host_bytes_are(other, 0));
            host_fail_in(host, 0, false);
            STATUS(OK, write_at(AT(LINEAR) + 1, one, (READ_ONLY - LINEAR) * PAGE - 1));
        }
        STATUS(OK, read_at(AT(LINEAR) + 1, other, (READ_ONLY - LINEAR) * PAGE - 1));
        CHECK(memcmp(one, other, (READ_ONLY - LINEAR) * PAGE - 1) == 0);
        SPACE_END();
        GO_ON();
        host_destroy(host);
    }
    /* 8 lazy pages, 4 of the zero page, 4 supplied: their tables are there */
    CHECK_EQ(count - 1, 17);
    host_init(host, 4, HOST_LOW_BASE, HOST_STACK);
    STATUS(OK, status);
}

static void zero_pages_take_frames_when_written(void) {
    begin_all();
    GO_ON();
    STATUS(OK, read_at(AT(ZERO), other, 4 * PAGE));
    CHECK_EQ(host->op_taken, 0);
    CHECK(host_bytes_are(other, 0) && host_bytes_are(other + 3 * PAGE, 0));
    STATUS(OK, write_at(AT(ZERO + 1) + 5, "abc", 3));
    CHECK_EQ(host->op_taken, 1);
    STATUS(OK, read_at(AT(ZERO), other, 4 * PAGE));
    CHECK(host_bytes_are(other, 0));
    CHECK(memcmp(other + PAGE + 4, "\0abc\0", 5) == 0);
    STATUS(OK, write_at(AT(ZERO + 1) + 7, "d", 1));
    CHECK_EQ(host->op_taken, 1);
    STATUS(OK, write_at(AT(ZERO + 2), "e", 1)); /* never read before */
    CHECK_EQ(host->op_taken, 2);
    SPACE_END();
}

static void supplied_pages_are_upgraded(void) {
    axaddr_hpa_t before;
    axaddr_hpa_t after;

    begin_all();
    GO_ON();
    machine.is_read_only = true;
    STATUS(OK, read_at(AT(BACKED) + 9, other, PAGE));
    CHECK_EQ(machine.asked_count, 2);
    CHECK(host_bytes_are(other, 0x33));
    STATUS(OK, vm_translate(&space, axaddr_gpa(AT(BACKED)), &before));
    STATUS(OK, read_at(AT(BACKED), other, PAGE));
    CHECK_EQ(machine.asked_count, 2);
    machine.quiesce_count = 0;
    STATUS(OK, write_at(AT(BACKED) + 1, "xy", 2));
    CHECK_EQ(machine.asked_count, 3);
    /* The old frame may be visited by another CPU: it is waited for before it goes. */
    CHECK(!DATA_HAS_LOCK || machine.quiesce_count > 0);
    STATUS(OK, vm_translate(&space, axaddr_gpa(AT(BACKED)), &after));
    CHECK(before.raw != after.raw);
    STATUS(OK, read_at(AT(BACKED), other, 4));
    CHECK(memcmp(other, "\x33xy\x33", 4) == 0);
    STATUS(OK, write_at(AT(BACKED + 3), "z", 1)); /* at once */
    CHECK_EQ(machine.asked_count, 4);
    STATUS(OK, write_at(AT(BACKED + 3), "z", 1));
    CHECK_EQ(machine.asked_count, 4);
    SPACE_END();
}

/** Harvest tells of pages that were written, and of no others. */
static void writes_are_noted(void) {
    unsigned page;

    begin_all();
    GO_ON();
    memset(one, 1, sizeof one);
    STATUS(OK, write_at(AT(0), one, READ_ONLY * PAGE));
    if (!has_notes()) {
        STATUS(UNSUPPORTED, harvest(AT(0), READ_ONLY * PAGE, AXADDR_NOTES));
        SPACE_END();
        return;
    }
    STATUS(OK, harvest(AT(0), READ_ONLY * PAGE, AXADDR_NOTES));
    for (page = 0; page < READ_ONLY; page++) {
        CHECK((machine.told[page] & AXADDR_DIRTY) != 0);
    }
    STATUS(OK, harvest(AT(0), READ_ONLY * PAGE, AXADDR_NOTES));
    CHECK_EQ(machine.told_count, 0);
    STATUS(OK, read_at(AT(0), one, READ_ONLY * PAGE));
    STATUS(OK, harvest(AT(0), READ_ONLY * PAGE, AXADDR_NOTES));
    CHECK_EQ(machine.told_count, 0);
    for (page = 0; page < READ_ONLY; page += 3) {
        struct axaddr_mapping mapping;

        STATUS(OK, write_at(AT(page + 1) - 1, one, 1 + page % 2));
        STATUS(OK, vm_query(&space, axaddr_gpa(AT(page)), &mapping));
        CHECK_EQ(mapping.flags, RW);
        CHECK((mapping.notes & AXADDR_DIRTY) != 0);
        STATUS(OK, harvest(AT(0), READ_ONLY * PAGE, AXADDR_NOTES));
        CHECK_EQ(machine.told_count, 1 + page % 2);
        CHECK((machine.told[page] & AXADDR_DIRTY) != 0);
        CHECK_EQ(machine.told[page + 1] & AXADDR_DIRTY, page % 2 == 1 ? AXADDR_DIRTY : 0);
    }
    /* A write that is refused is not noted either, but for what was made ready. */
    STATUS(DENIED, write_at(AT(READ_ONLY), one, 1));
    STATUS(OK, harvest(AT(0), READ_ONLY * PAGE, AXADDR_NOTES));
    CHECK_EQ(machine.told_count, 0);
    SPACE_END();
}

/** A write to a small leaf is noted of its page, one to a large leaf of all of it. */
static void check_large_notes(uint64_t in_large, uint64_t in_small) {
    STATUS(OK, harvest(home, 2 * large, AXADDR_NOTES));
    STATUS(OK, read_at(AT(in_large), other, 9));
    STATUS(OK, write_at(AT(in_small), "g", 1));
    STATUS(OK, harvest(home, 2 * large, AXADDR_NOTES));
    CHECK_EQ(machine.told_count, 1);
    CHECK((machine.told[in_small] & AXADDR_DIRTY) != 0);
    STATUS(OK, write_at(AT(in_large), "g", 1));
    STATUS(OK, harvest(home, 2 * large, AXADDR_NOTES));
    CHECK_EQ(machine.told_count, 1);
    CHECK((machine.told[0] & machine.told[large / PAGE - 1] & AXADDR_DIRTY) != 0);
}

/** Large leaves, and runs of pages with a hint: the right bytes of them, and they are noted. */
static void large_leaves_and_runs(void) {
    uint64_t count;
    uint64_t block;
    uint64_t page;
    uint64_t near;
    uint64_t far;

    if (format.shift[1] > 22) {
        return; /* too large for the arena: pages of 64 KiB have these in test_data.c's formats */
    }
    home = UINT64_C(4) << format.shift[1];
    begin(home, 3 * (UINT64_C(1) << format.shift[1]), 4300);
    GO_ON();
    count = large / PAGE;
    near = count / 2 + 3;
    far = count - 2;
    block = take(format.shift[1] - (unsigned)HOST_FRAME_SHIFT);
    CHECK_STR(host_error(host), "");
    for (page = 0; page < count; page++) {
        memset(host_peek(host, block + page * PAGE), (int)(page % 251), PAGE);
    }
    STATUS(OK, vm_map_linear(&space, axaddr_gpa(home), axaddr_hpa(block), large, RW));
    STATUS(OK, vm_map_linear(&space, axaddr_gpa(home + large), axaddr_hpa(block), large,
                             RW | AXADDR_SMALL));
    STATUS(OK, vm_collapse(&space, axaddr_gpa(home), large));
    STATUS(OK, vm_map_linear(&space, axaddr_gpa(home + 2 * large), axaddr_hpa(block), large / 2,
                             RW | AXADDR_SMALL));
    STATUS(OK, vm_collapse(&space, axaddr_gpa(home + 2 * large), large / 2));
    for (page = 0; page < count / 2; page++) { /* runs, in formats that have them */
        STATUS(OK, read_at(AT(2 * count + page) + 1, other, 1));
        CHECK_EQ(other[0], page % 251);
    }
    STATUS(OK, read_at(home, other, 1));
    CHECK_EQ(other[0], 0);
    STATUS(OK, read_at(AT(near) - 1, other, 3));
    CHECK_EQ(other[0], (near - 1) % 251);
    CHECK_EQ(other[1], near % 251);
    CHECK_EQ(other[2], near % 251);
    STATUS(OK, read_at(AT(count + far) - 1, other, 3));
    CHECK_EQ(other[0], (far - 1) % 251);
    CHECK_EQ(other[2], far % 251);
    STATUS(OK, read_at(AT(count) - 1, other, 2));
    CHECK_EQ(other[0], (count - 1) % 251);
    CHECK_EQ(other[1], 0);
    STATUS(OK, write_at(AT(near) + 7, "abc", 3));
    CHECK(memcmp(host_peek(host, block + near * PAGE) + 7, "abc", 3) == 0);
    CHECK_EQ(host_peek(host, block + near * PAGE)[6], near % 251);
    CHECK_EQ(host_peek(host, block + near * PAGE)[10], near % 251);
    STATUS(OK, write_at(AT(count + far) + 7, "def", 3));
    CHECK(memcmp(host_peek(host, block + far * PAGE) + 7, "def", 3) == 0);
    if (has_notes()) {
        check_large_notes(near, count + far);
    }
    SPACE_END();
}

/* ---- visits ---- */

static struct {
    uint64_t address; /**< of the next byte */
    uint64_t last;
    unsigned count;
    unsigned stop_at;
} visited;

static enum axaddr_status see_piece(void *arg, void *at, size_t size) {
    uint64_t end = (visited.address | (PAGE - 1)) + 1;

    if (DATA_HAS_LOCK && machine.walk_count != 1) {
        return AXADDR_BUSY; /* nobody would be waited for */
    }
    if (arg != &visited || at != (void *)byte_at(visited.address) || size > PAGE ||
        visited.address + size != (end <= visited.last ? end : visited.last + 1)) {
        return AXADDR_EXISTS;
    }
    visited.address += size;
    return ++visited.count == visited.stop_at ? AXADDR_BUSY : AXADDR_OK;
}

static enum axaddr_status visit(uint64_t address, uint64_t size, uint32_t access) {
    visited.address = address;
    visited.last = address + size - 1;
    visited.count = 0;
    return vm_visit_data(&space, axaddr_gpa(address), size, access, see_piece, &visited);
}

static void visits_by_pages(void) {
    begin_all();
    GO_ON();
    visited.stop_at = 0;
    STATUS(OK, visit(AT(1) + 5, 6 * PAGE, R));
    CHECK_EQ(visited.count, 7);
    CHECK_EQ(visited.address, AT(7) + 5);
    machine.enter_count = 0;
    STATUS(OK, visit(AT(1), 6 * PAGE, W));
    CHECK_EQ(visited.count, 6);
    /* For each page a walk to check it, one to visit it, and byte_at's. */
    CHECK_EQ(machine.enter_count, DATA_HAS_LOCK ? 3 * 6 : 0);
    STATUS(OK, visit(AT(2) - 1, 1, RW));
    CHECK_EQ(visited.count, 1);
    STATUS(OK, visit(AT(2) - 1, 2, RW));
    CHECK_EQ(visited.count, 2);
    visited.stop_at = 3;
    STATUS(BUSY, visit(AT(1) + 5, 6 * PAGE, R));
    CHECK_EQ(visited.count, 3);
    CHECK_EQ(visited.address, AT(4));
    visited.stop_at = 0;
    if (holds(R | X)) {
        CHECK_EQ(vm_protect(&space, axaddr_gpa(AT(LINEAR)), PAGE, R | X), AXADDR_OK);
        STATUS(OK, visit(AT(LINEAR), PAGE, R | X));
        STATUS(DENIED, visit(AT(LINEAR), PAGE, W | X));
        STATUS(DENIED, visit(AT(LINEAR), PAGE + 1, X));
    }
    if (holds(RW | AXADDR_USER)) {
        CHECK_EQ(vm_protect(&space, axaddr_gpa(AT(FRAMES)), PAGE, RW | AXADDR_USER), AXADDR_OK);
        STATUS(OK, visit(AT(FRAMES), PAGE, RW | AXADDR_USER));
        STATUS(OK, visit(AT(FRAMES), PAGE, RW));
        STATUS(DENIED, visit(AT(FRAMES), PAGE + 1, R | AXADDR_USER));
    }
    if (holds(R | X | AXADDR_USER)) { /* code of user mode is no code of the kernel's */
        CHECK_EQ(vm_protect(&space, axaddr_gpa(AT(FRAMES)), PAGE, R | X | AXADDR_USER), AXADDR_OK);
        STATUS(OK, visit(AT(FRAMES), PAGE, X | AXADDR_USER));
        STATUS(DENIED, visit(AT(FRAMES), PAGE, X));
    }
    if (holds(R | AXADDR_EXECUTE_USER)) { /* EXECUTE is for both modes */
        CHECK_EQ(vm_protect(&space, axaddr_gpa(AT(FRAMES)), PAGE, R | X), AXADDR_OK);
        STATUS(OK, visit(AT(FRAMES), PAGE, R | AXADDR_EXECUTE_USER));
        STATUS(OK, visit(AT(FRAMES), PAGE, AXADDR_EXECUTE_KERNEL));
        CHECK_EQ(vm_protect(&space, axaddr_gpa(AT(FRAMES)), PAGE, R | AXADDR_EXECUTE_USER),
                 AXADDR_OK);
        STATUS(DENIED, visit(AT(FRAMES), PAGE, AXADDR_EXECUTE_KERNEL));
    }
    SPACE_END();
}

/* ---- other CPUs ---- */

static void other_unmaps(void) {
    if (vm_unmap(&space, axaddr_gpa(AT(LAZY + 2)), PAGE) != AXADDR_OK) {
        host_complain(host, "the other CPU's unmap failed");
    }
}

/** What goes between the check and the copy is not there any more: the visit ends there. */
static void unmapped_between_check_and_copy(void) {
    begin_all();
    GO_ON();
    visited.stop_at = 0;
    STATUS(OK, visit(AT(LAZY), 4 * PAGE, W));
    if (DATA_HAS_LOCK) {
        machine.enter_count = 0;
        machine.enter_at = 5;
        machine.meanwhile = other_unmaps;
        STATUS(NOT_MAPPED, visit(AT(LAZY), 4 * PAGE, W));
        CHECK_EQ(visited.count, 2);
    }
    SPACE_END();
}

static unsigned race_count;
static bool is_race_protect;

/** Another CPU is faster: it notes a write of its own, or takes the right to write away. */
static void race(void *slot) {
    size_t size = (size_t)1 << format.entry_shift;
    uint64_t entry = 0;

    race_count++;
    memcpy(&entry, slot, size);
    if (is_race_protect) {
        entry = format.change_leaf(entry, 0, format.attributes_of(R, 0));
    } else {
        entry = format.note_access != 0 ? format.note_access(entry, 0, W) : entry | format.noted;
    }
    memcpy(slot, &entry, size);
}

/** Between the check and the copy it harvests; and then it is faster once more. */
static void harvest_and_race(void) {
    if (harvest(AT(LINEAR), PAGE, AXADDR_NOTES) != AXADDR_OK) {
        host_complain(host, "the other CPU's harvest failed");
    }
    before_entry_write = race;
}

static void a_lost_race_is_tried_again(void) {
    begin_all();
    GO_ON();
    if (!DATA_HAS_LOCK || !has_notes()) {
        SPACE_END();
        return;
    }
    STATUS(OK, write_at(AT(LINEAR), "a", 1));
    STATUS(OK, harvest(AT(LINEAR), PAGE, AXADDR_NOTES));
    race_count = 0;
    is_race_protect = false;
    before_entry_write = race;
    STATUS(OK, write_at(AT(LINEAR), "b", 1));
    CHECK_EQ(race_count, 1);
    CHECK_EQ(*byte_at(AT(LINEAR)), 'b');
    STATUS(OK, harvest(AT(LINEAR), PAGE, AXADDR_NOTES));
    CHECK((machine.told[LINEAR] & AXADDR_DIRTY) != 0);
    is_race_protect = true;
    machine.enter_at = machine.enter_count + 2;
    machine.meanwhile = harvest_and_race;
    STATUS(DENIED, write_at(AT(LINEAR), "c", 1));
    CHECK_EQ(race_count, 2);
    CHECK_EQ(*byte_at(AT(LINEAR)), 'b');
    STATUS(OK, vm_protect(&space, axaddr_gpa(AT(LINEAR)), PAGE, RW));
    STATUS(OK, write_at(AT(LINEAR), "c", 1));
    SPACE_END();
}

/** A write that has been noted, or permitted, is waited for before harvest or protect returns. */
static void harvest_and_protect_wait(void) {
    begin_all();
    GO_ON();
    if (!DATA_HAS_LOCK) {
        SPACE_END();
        return;
    }
    STATUS(OK, write_at(AT(LINEAR), "a", 1));
    machine.quiesce_count = 0;
    if (has_notes()) {
        STATUS(OK, harvest(AT(LINEAR), PAGE, AXADDR_NOTES));
        CHECK(machine.quiesce_count > 0);
    }
    machine.quiesce_count = 0;
    STATUS(OK, vm_protect(&space, axaddr_gpa(AT(LINEAR)), PAGE, R));
    CHECK(machine.quiesce_count > 0);
    SPACE_END();
}

/** Where the entry at an address is, which is one of level 0. */
static uint8_t *slot_at(uint64_t address) {
    uint64_t table = vm_root(&space).raw;
    unsigned level = format.level_count - 1u;

    for (;; level--) {
        uint64_t bits = level == 0 ? format.index_bits[0] : format.index_bits[level];
        uint64_t offset = (address >> format.shift[level] & axaddr_low_bits((unsigned)bits))
                          << format.entry_shift;
        uint8_t *at =
            host_peek(host, (table + offset) & ~(PAGE - 1)) + ((table + offset) & (PAGE - 1));
        uint64_t entry = 0;

        if (level == 0) {
            return at;
        }
        memcpy(&entry, at, (size_t)1 << format.entry_shift);
        table = format.table_of(entry);
    }
}

/** A page that never settles is BUSY, after a while. */
static void parked_for_ever_is_busy(void) {
    uint64_t parked;
    uint64_t kept = 0;
    uint8_t *slot;
    size_t size;

    begin_all();
    GO_ON();
    slot = slot_at(AT(LAZY + 1));
    size = (size_t)1 << format.entry_shift;
    parked = format.make_absent(AXADDR_ABSENT_PARKED_LEAF, 0x40000);
    STATUS(OK, write_at(AT(LAZY + 1), "a", 1));
    memcpy(&kept, slot, size);
    memcpy(slot, &parked, size);
    STATUS(BUSY, read_at(AT(LAZY), other, 2 * PAGE));
    STATUS(BUSY, write_at(AT(LAZY), other, 2 * PAGE));
    memcpy(slot, &kept, size);
    STATUS(OK, read_at(AT(LAZY), other, 2 * PAGE));
    CHECK_EQ(other[PAGE], 'a');
    SPACE_END();
}

/* ---- pseudo-random, against bytes ---- */

#define WINDOW (READ_ONLY * PAGE)
static uint8_t truth[WINDOW];

static void any_sequence(void) {
    uint64_t random = SEED ^ (uintptr_t)format.level_count << 32 ^ format.input_width;
    unsigned step;

    begin_all();
    GO_ON();
    memset(truth, 0, sizeof truth);
    memset(truth + BACKED * PAGE, 0x33, 4 * PAGE);
    machine.is_read_only = true;
    for (step = 0; step < 160; step++) {
        uint64_t limit;
        uint64_t at;
        size_t size;

        random = random * UINT64_C(6364136223846793005) + 1442695040888963407u;
        at = (random >> 33) % WINDOW;
        limit = (random >> 20) % 8 == 0 ? WINDOW : (random >> 20) % 8 < 4 ? 16 : 2 * PAGE;
        size = (size_t)(1 + (random >> 12) % limit);
        size = size < WINDOW - at ? size : (size_t)(WINDOW - at);
        if ((random >> 60) % 2 == 0) {
            fill(one, size, random);
            STATUS(OK, write_at(home + at, one, size));
            memcpy(truth + at, one, size);
        } else {
            STATUS(OK, read_at(home + at, other, size));
            CHECK(memcmp(truth + at, other, size) == 0);
        }
        CHECK_STR(host_error(host), "");
    }
    STATUS(OK, read_at(home, other, WINDOW));
    CHECK(memcmp(truth, other, WINDOW) == 0);
    SPACE_END();
}

/** The last bytes that there are, of 64 bits or less. */
static void ends_of_the_address_space(void) {
    bool is_extended = format.is_sign_extended;
    uint64_t top = is_extended ? 0 : UINT64_C(1) << format.input_width;

    home = top - 4 * PAGE;
    begin(home, 4 * PAGE, 60);
    GO_ON();
    STATUS(OK, vm_map_alloc(&space, axaddr_gpa(home), 4 * PAGE, RW, AXADDR_LAZY));
    STATUS(OK, write_at(AT(4) - 1, "z", 1));
    STATUS(INVALID, write_at(AT(4) - 1, "zz", 2));
    STATUS(INVALID, read_at(AT(4) - 2, other, 3));
    STATUS(OK, write_at(AT(3) - 2, "abcd", 4));
    STATUS(OK, read_at(AT(3) - 3, other, PAGE + 3));
    CHECK(memcmp(other, "\0abcd\0", 6) == 0);
    CHECK_EQ(other[PAGE + 2], 'z');
    STATUS(OK, vm_can_access(&space, axaddr_gpa(AT(4) - 1), 1, W));
    STATUS(INVALID, vm_can_access(&space, axaddr_gpa(AT(4) - 1), 2, W));
    SPACE_END();
    GO_ON();
    host_destroy(host);

    home = 0;
    begin(0, 4 * PAGE, 60);
    GO_ON();
    STATUS(OK, vm_map_alloc(&space, axaddr_gpa(0), 4 * PAGE, RW, AXADDR_LAZY));
    STATUS(OK, write_at(0, "q", 1));
    STATUS(OK, read_at(0, other, 4 * PAGE));
    CHECK(other[0] == 'q' && other[1] == 0);
    STATUS(INVALID, read_at(UINT64_MAX, other, 1));
    SPACE_END();
}

/* ---- over all formats ---- */

static int data_main(const char *name) {
    printf("seed 0x%" PRIx64 "\n", SEED);
    EACH(all_kinds_of_memory);
    EACH(write_only_pages);
    EACH(any_alignment_and_length);
    EACH(bounds);
    EACH(nothing_is_copied_on_failure);
    EACH(without_memory);
    EACH(zero_pages_take_frames_when_written);
    EACH(supplied_pages_are_upgraded);
    EACH(writes_are_noted);
    EACH(large_leaves_and_runs);
    EACH(visits_by_pages);
    EACH(unmapped_between_check_and_copy);
    EACH(a_lost_race_is_tried_again);
    EACH(harvest_and_protect_wait);
    EACH(parked_for_ever_is_busy);
    EACH(any_sequence);
    EACH(ends_of_the_address_space);
    return check_report(name);
}

#endif /* AXADDR_TESTS_DATA_CASES_H */
