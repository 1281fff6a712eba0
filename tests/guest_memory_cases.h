/* SPDX-License-Identifier: MIT
 *
 * guest_memory_cases.h: a VMM's accesses to its guest's memory (guest_memory.h): pseudo-random ones
 * against a model that knows what each page is, then one by one what a model would not show. Over
 * every format; see data_machine.h.
 */
#ifndef AXADDR_TESTS_GUEST_MEMORY_CASES_H
#define AXADDR_TESTS_GUEST_MEMORY_CASES_H

#include "data_machine.h"

#define DEMAND       AXADDR_ON_DEMAND
#define GPA(address) axaddr_gpa(address)

static uint8_t buffer[END * PAGE + 16];
static uint8_t source[END * PAGE + 16];
static uint64_t done;
static uint64_t value;

static enum axaddr_status copy_from(uint64_t address, uint64_t size, uint32_t how) {
    done = 77;
    return vm_copy_from_guest(&space, GPA(address), buffer, size, how, &done);
}

static enum axaddr_status copy_to(uint64_t address, uint64_t size, uint32_t how) {
    done = 77;
    return vm_copy_to_guest(&space, GPA(address), source, size, how, &done);
}

static enum axaddr_status fill_at(uint64_t address, uint8_t byte, uint64_t size, uint32_t how) {
    done = 77;
    return vm_fill(&space, GPA(address), byte, size, how, &done);
}

static enum axaddr_status string_at(uint64_t address, uint64_t size, uint32_t how) {
    done = 77;
    return vm_read_string(&space, GPA(address), (char *)buffer, size, how, &done);
}

/** The parts of a range; the status. */
#define SEGMENT_MAX 40
static struct axaddr_segment segments[SEGMENT_MAX];
static size_t segment_count;
static enum axaddr_status segments_at(uint64_t address, uint64_t size, uint32_t access,
                                      uint32_t how, size_t max) {
    done = 77;
    segment_count = 77;
    return vm_segments(&space, GPA(address), size, access, how, segments, max, &segment_count,
                       &done);
}

/* ---- the model ---- */

enum page_state { RESERVED, SHARED, MAPPED };

static struct {
    enum page_state state[END]; /**< SHARED: a read-only stand-in that a write replaces */
    bool is_fresh[END];         /**< made since the last harvest: what is noted of it is open */
    bool is_noted[END];         /**< written since then */
    uint8_t bytes[END * PAGE];
} model;

static void model_begin(void) {
    unsigned page;

    memset(&model, 0, sizeof model);
    for (page = 0; page < END; page++) {
        bool is_lazy = (page >= LAZY && page < READ_ONLY) || page >= LAZY_READ_ONLY;

        model.state[page] = is_lazy ? RESERVED : MAPPED;
        model.is_fresh[page] = true;
        if (page >= BACKED && page < READ_ONLY) {
            memset(model.bytes + page * PAGE, 0x33, PAGE);
        }
    }
    machine.is_read_only = true;
}

/** What an access to a page comes to, and what it makes of it. */
static enum axaddr_status model_page(unsigned page, uint32_t access, uint32_t how) {
    bool is_write = (access & W) != 0;
    bool is_shareable = page >= ZERO && page < READ_ONLY;

    if (page == HOLE || (page == REGISTERS && !holds(RW | AXADDR_DEVICE)) ||
        (page == CODE && !holds(X))) {
        return AXADDR_NOT_MAPPED;
    }
    if (page == DEVICE || page == REGISTERS) {
        return AXADDR_DENIED;
    }
    if (page == CODE) {
        uint32_t flags = format.flags_of(format.make_leaf(0, 0, format.attributes_of(X, 0)), 0);
        return (access & ~flags) != 0 ? AXADDR_DENIED : AXADDR_OK;
    }
    if (model.state[page] == RESERVED && (how & DEMAND) == 0) {
        return AXADDR_NOT_MAPPED;
    }
    if (is_write && (page >= READ_ONLY || (model.state[page] == SHARED && (how & DEMAND) == 0))) {
        return AXADDR_DENIED;
    }
    if (model.state[page] != MAPPED && (model.state[page] == RESERVED || is_write)) {
        model.is_fresh[page] = true;
        model.state[page] = is_shareable && !is_write ? SHARED : MAPPED;
    }
    model.is_noted[page] = model.is_noted[page] || is_write;
    return AXADDR_OK;
}

/** How many bytes of a range can be had, and why no more. */
static enum axaddr_status model_range(uint64_t offset, uint64_t size, uint32_t access, uint32_t how,
                                      uint64_t *count) {
    enum axaddr_status status = AXADDR_OK;

    for (*count = 0; *count < size && status == AXADDR_OK;) {
        uint64_t at = offset + *count;
        uint64_t left = PAGE - at % PAGE;

        status = model_page((unsigned)(at / PAGE), access, how);
        if (status == AXADDR_OK) {
            *count += left < size - *count ? left : size - *count;
        }
    }
    return status;
}

static uint64_t random_state;

static uint64_t next_random(void) {
    random_state = random_state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return random_state >> 33;
}

#define EXPECT(call, expected) CHECK_STR(axaddr_status_name(call), axaddr_status_name(expected))

static void step_copy(uint64_t at, uint64_t size, uint32_t how) {
    bool is_write = next_random() % 2 == 0;
    enum axaddr_status expected;
    uint64_t count;

    expected = model_range(at, size, is_write ? W : R, how, &count);
    if (!is_write) {
        memset(buffer, 0x5c, sizeof buffer);
        EXPECT(copy_from(home + at, size, how), expected);
        CHECK_EQ(done, count);
        CHECK(memcmp(buffer, model.bytes + at, (size_t)count) == 0);
        CHECK_EQ(buffer[count], 0x5c);
    } else if (next_random() % 4 == 0) {
        uint8_t byte = (uint8_t)next_random();

        EXPECT(fill_at(home + at, byte, size, how), expected);
        CHECK_EQ(done, count);
        memset(model.bytes + at, byte, (size_t)count);
    } else {
        fill(source, (size_t)size, random_state);
        EXPECT(copy_to(home + at, size, how), expected);
        CHECK_EQ(done, count);
        memcpy(model.bytes + at, source, (size_t)count);
    }
}

static void step_string(uint64_t at, uint64_t size, uint32_t how) {
    uint64_t length = 0;
    enum axaddr_status expected = AXADDR_NO_MEMORY;
    bool is_ended = false;

    while (length < size && !is_ended) {
        if (length == 0 || (at + length) % PAGE == 0) {
            enum axaddr_status status = at + length == END * PAGE
                                            ? AXADDR_NOT_MAPPED
                                            : model_page((unsigned)((at + length) / PAGE), R, how);
            if (status != AXADDR_OK) {
                expected = status;
                break;
            }
        }
        is_ended = model.bytes[at + length] == 0;
        expected = is_ended ? AXADDR_OK : expected;
        length += !is_ended;
    }
    memset(buffer, 0x5c, sizeof buffer);
    EXPECT(string_at(home + at, size, how), expected);
    CHECK_EQ(done, length);
    CHECK(memcmp(buffer, model.bytes + at, (size_t)length + is_ended) == 0);
    CHECK_EQ(buffer[length + is_ended], 0x5c);
}

static void step_number(uint64_t at, uint32_t how) {
    enum axaddr_width width = (enum axaddr_width)(1u << next_random() % 4);
    uint64_t mask = axaddr_width_mask(width);
    uint64_t desired = next_random() << 40 ^ next_random() << 20 ^ next_random();
    unsigned kind = (unsigned)(next_random() % 3);
    enum axaddr_status expected;
    uint64_t there = 0;

    at &= ~((uint64_t)width - 1);
    expected = model_page((unsigned)(at / PAGE), kind == 0 ? R : kind == 1 ? W : RW, how);
    memcpy(&there, model.bytes + at, (size_t)width); /* tests run on little-endian hosts */
    value = 77;
    if (kind == 0) {
        EXPECT(vm_load(&space, GPA(home + at), width, how, &value), expected);
        CHECK_EQ(value, expected == AXADDR_OK ? there : 77);
        return;
    }
    if (kind == 1) {
        EXPECT(vm_store(&space, GPA(home + at), width, how, desired), expected);
    } else {
        value = next_random() % 2 == 0 ? there : (there ^ 1) & mask;
        EXPECT(vm_compare_exchange(&space, GPA(home + at), width, how, desired, &value), expected);
        if (expected == AXADDR_OK && value != there) {
            check_fail(__FILE__, __LINE__, "the exchange does not tell what was there");
        }
        /* Written only if it was expected: look. */
        if (expected == AXADDR_OK && memcmp(byte_at(home + at), &there, (size_t)width) == 0) {
            return;
        }
    }
    if (expected == AXADDR_OK) {
        memcpy(model.bytes + at, &desired, (size_t)width);
    }
}

/** Segments follow one another without a gap, never two where one would do, and are that memory. */
static void step_segments(uint64_t at, uint64_t size, uint32_t how) {
    uint32_t access = next_random() % 2 == 0 ? R : RW;
    size_t max = (size_t)(1 + next_random() % 6);
    enum axaddr_status expected;
    uint64_t count;
    uint64_t offset = 0;
    size_t i;

    EXPECT(segments_at(home + at, size, access, how, SEGMENT_MAX),
           expected = model_range(at, size, access, how, &count));
    CHECK_EQ(done, count);
    for (i = 0; i < segment_count; i++) {
        uint8_t *bytes = (uint8_t *)segments[i].at;

        CHECK(segments[i].size > 0 && bytes == byte_at(home + at + offset));
        CHECK(i == 0 || bytes != (uint8_t *)segments[i - 1].at + segments[i - 1].size);
        CHECK(memcmp(bytes, model.bytes + at + offset, segments[i].size) == 0);
        offset += segments[i].size;
    }
    CHECK_EQ(offset, count);
    if (segment_count > max) { /* all pages are there now: with less room, the first of them */
        count = 0;
        for (i = 0; i < max; i++) {
            count += segments[i].size;
        }
        EXPECT(segments_at(home + at, size, access, 0, max), AXADDR_OK);
        CHECK_EQ(segment_count, max);
        CHECK_EQ(done, count);
    }
}

/** What harvest tells is what was written. */
static void check_notes(void) {
    unsigned page;

    if (!has_notes()) {
        return;
    }
    STATUS(OK, harvest(home, END * PAGE, AXADDR_NOTES));
    for (page = 0; page < END; page++) {
        bool is_told = (machine.told[page] & AXADDR_DIRTY) != 0;

        if (model.state[page] == MAPPED && !model.is_fresh[page] && page < LAZY_READ_ONLY) {
            CHECK_EQ(is_told, model.is_noted[page]);
        }
        model.is_noted[page] = false;
        model.is_fresh[page] = false;
    }
}

static void one_step(void) {
    uint64_t at = next_random() % (END * PAGE);
    uint64_t limit = next_random() % 8 == 0 ? END * PAGE : next_random() % 2 == 0 ? 40 : 3 * PAGE;
    uint64_t size = 1 + next_random() % limit;
    uint32_t how = next_random() % 2 == 0 ? 0 : DEMAND;

    if (next_random() % 4 == 0) { /* near a border */
        at = (at & ~(PAGE - 1)) + PAGE - 1 - next_random() % 12;
    }
    size = size < END * PAGE - at ? size : END * PAGE - at;
    switch (next_random() % 8) {
    case 0:
        step_string(at, 1 + next_random() % (END * PAGE), how);
        break;
    case 1:
    case 2:
        step_number(at, how);
        break;
    case 3:
        step_segments(at, size, how);
        break;
    default:
        step_copy(at, size, how);
        break;
    }
}

static void any_sequence(void) {
    unsigned step;

    random_state = SEED ^ (uintptr_t)format.level_count << 32 ^ format.input_width;
    begin_all();
    GO_ON();
    model_begin();
    for (step = 0; step < 250 && !check_case_failed; step++) {
        one_step();
        CHECK_STR(host_error(host), "");
        CHECK_EQ(machine.walk_count, 0);
        if (step % 10 == 9 && !check_case_failed) {
            check_notes();
        }
    }
    SPACE_END();
}

/* ---- one by one ---- */

static void bad_arguments(void) {
    static const uint32_t bad_hows[] = {1, 2, 16, AXADDR_GLOBAL, AXADDR_SMALL, AXADDR_REPLACE};
    uint64_t large_size;
    unsigned i;

    begin_all();
    GO_ON();
    large_size = UINT64_MAX - home + 1; /* up to the last byte of all; and one more */
#define REFUSED(call)                                                                              \
    do {                                                                                           \
        STATUS(INVALID, call);                                                                     \
        CHECK_EQ(done, 0);                                                                         \
    } while (0)
    for (i = 0; i < 6; i++) {
        static const uint64_t sizes[] = {0, END * PAGE + 1, UINT64_MAX, UINT64_MAX - 1, 0, 0};
        uint64_t size = i == 4 ? large_size : i == 5 ? large_size + 1 : sizes[i];

        REFUSED(copy_from(home, size, DEMAND));
        REFUSED(copy_to(home, size, DEMAND));
        REFUSED(fill_at(home, 1, size, DEMAND));
        REFUSED(segments_at(home, size, R, DEMAND, 2));
        CHECK_EQ(segment_count, 0);
        REFUSED(copy_from(home, 1, bad_hows[i]));
        REFUSED(copy_to(home, 1, bad_hows[i]));
        REFUSED(fill_at(home, 1, 1, bad_hows[i]));
        REFUSED(segments_at(home, 1, R, bad_hows[i], 2));
        REFUSED(string_at(home, 1, bad_hows[i]));
        STATUS(INVALID, vm_load(&space, GPA(home), AXADDR_WIDTH_1, bad_hows[i], &value));
    }
    REFUSED(copy_from(home - 1, 2, DEMAND));
    REFUSED(copy_from(AT(END) - 1, 2, DEMAND));
    REFUSED(copy_to(AT(END), 1, DEMAND));
    REFUSED(copy_from(UINT64_MAX, 2, DEMAND));
    REFUSED(string_at(home, 0, DEMAND));
    REFUSED(string_at(home - 1, 5, DEMAND));
    REFUSED(string_at(AT(END), 5, DEMAND));
    REFUSED(segments_at(home, 1, R, DEMAND, 0));
    REFUSED(segments_at(home, 1, 0, DEMAND, 2));
    REFUSED(segments_at(home, 1, AXADDR_USER, DEMAND, 2));
    REFUSED(segments_at(home, 1, R | AXADDR_DEVICE, DEMAND, 2));
    REFUSED(segments_at(home, 1, R | DEMAND, DEMAND, 2));
    CHECK_EQ(host->op_taken, 0);
    STATUS(OK, copy_from(home, END * PAGE - 6 * PAGE, DEMAND)); /* up to the hole */
    SPACE_END();
}

static void numbers(void) {
    static const unsigned widths[] = {0, 3, 5, 7, 9, 16, UINT32_MAX};
    unsigned width;
    uint64_t at;
    unsigned i;

    begin_all();
    GO_ON();
    at = AT(LINEAR) + 16;
    for (i = 0; i < sizeof widths / sizeof widths[0]; i++) {
        enum axaddr_width bad = (enum axaddr_width)widths[i];

        value = 5;
        STATUS(INVALID, vm_load(&space, GPA(at), bad, DEMAND, &value));
        STATUS(INVALID, vm_store(&space, GPA(at), bad, DEMAND, 1));
        STATUS(INVALID, vm_compare_exchange(&space, GPA(at), bad, DEMAND, 1, &value));
        CHECK_EQ(value, 5);
    }
    for (width = 1; width <= 8; width *= 2) {
        enum axaddr_width of = (enum axaddr_width)width;
        uint64_t mask = axaddr_width_mask(of);

        STATUS(OK, fill_at(at - 8, 0xee, 24, 0));
        STATUS(OK, vm_store(&space, GPA(at), of, 0, UINT64_C(0x1122334455667788)));
        CHECK_EQ(*byte_at(at - 1), 0xee);
        CHECK_EQ(*byte_at(at + width), 0xee);
        STATUS(OK, vm_load(&space, GPA(at), of, 0, &value));
        CHECK_EQ(value, UINT64_C(0x1122334455667788) & mask);
        value ^= 1; /* not what is there */
        STATUS(OK, vm_compare_exchange(&space, GPA(at), of, 0, 7, &value));
        CHECK_EQ(value, UINT64_C(0x1122334455667788) & mask);
        STATUS(OK, vm_compare_exchange(&space, GPA(at), of, 0, UINT64_MAX - 8, &value));
        CHECK_EQ(value, UINT64_C(0x1122334455667788) & mask);
        STATUS(OK, vm_load(&space, GPA(at), of, 0, &value));
        CHECK_EQ(value, (UINT64_MAX - 8) & mask);
        CHECK_EQ(*byte_at(at - 1), 0xee);
        CHECK_EQ(*byte_at(at + width), 0xee);
        if (width < 8) {
            value = mask + 1;
            STATUS(INVALID, vm_compare_exchange(&space, GPA(at), of, 0, 7, &value));
            CHECK_EQ(value, mask + 1);
        }
        for (i = 1; i < width; i++) {
            STATUS(INVALID, vm_load(&space, GPA(at + i), of, 0, &value));
            STATUS(INVALID, vm_store(&space, GPA(at + i), of, 0, 0));
            STATUS(INVALID, vm_compare_exchange(&space, GPA(at + i), of, 0, 0, &value));
        }
    }
    value = 0;
    STATUS(DENIED, vm_compare_exchange(&space, GPA(AT(READ_ONLY)), AXADDR_WIDTH_4, 0, 1, &value));
    STATUS(DENIED, vm_store(&space, GPA(AT(DEVICE)), AXADDR_WIDTH_4, DEMAND, 1));
    STATUS(DENIED, vm_load(&space, GPA(AT(DEVICE)), AXADDR_WIDTH_4, DEMAND, &value));
    STATUS(NOT_MAPPED, vm_load(&space, GPA(AT(LAZY)), AXADDR_WIDTH_4, 0, &value));
    CHECK_EQ(host->op_taken, 0);
    SPACE_END();
}

static void strings(void) {
    begin_all();
    GO_ON();
    STATUS(OK,
           fill_at(AT(CODE - 5), 'a', PAGE, DEMAND) == AXADDR_DENIED ? AXADDR_OK : AXADDR_INVALID);
    STATUS(OK, copy_to(AT(BACKED + 3), 1, DEMAND));
    memset(source, 'x', PAGE);
    source[PAGE - 1] = 0;
    STATUS(OK, copy_to(AT(LAZY + 7), PAGE, DEMAND));
    STATUS(OK, string_at(AT(LAZY + 8) - 6, 100, 0)); /* the next page is reserved: not looked at */
    CHECK_EQ(done, 5);
    CHECK(memcmp(buffer, "xxxxx", 6) == 0);
    STATUS(OK, string_at(AT(LAZY + 8) - 1, 1, 0));
    CHECK(done == 0 && buffer[0] == 0);
    STATUS(NO_MEMORY, string_at(AT(LAZY + 8) - 6, 5, 0));
    CHECK_EQ(done, 5);
    STATUS(OK, string_at(AT(LAZY + 8) - 6, 6, 0));
    STATUS(NO_MEMORY, string_at(AT(BACKED + 1) - 3, PAGE + 3, DEMAND)); /* 0x33 */
    CHECK_EQ(done, PAGE + 3);
    memset(source, 'y', PAGE);
    STATUS(OK, copy_to(AT(LAZY + 7), PAGE, DEMAND));
    STATUS(NOT_MAPPED, string_at(AT(LAZY + 8) - 3, 100, 0));
    CHECK_EQ(done, 3);
    STATUS(OK, string_at(AT(LAZY + 8) - 3, 100, DEMAND));
    CHECK_EQ(done, 3);
    SPACE_END();
}

/** The last bytes that there are. */
static void ends_of_the_address_space(void) {
    home = (format.is_sign_extended ? 0 : UINT64_C(1) << format.input_width) - 4 * PAGE;
    begin(home, 4 * PAGE, 60);
    GO_ON();
    STATUS(OK, vm_map_alloc(&space, GPA(home), 4 * PAGE, RW, AXADDR_LAZY));
    memset(source, 'z', PAGE + 8);
    STATUS(OK, copy_to(AT(3) - 8, PAGE + 8, DEMAND));
    CHECK_EQ(done, PAGE + 8);
    STATUS(INVALID, copy_to(AT(3), PAGE + 1, DEMAND));
    CHECK_EQ(done, 0);
    STATUS(NOT_MAPPED, string_at(AT(4) - 4, 100, DEMAND));
    CHECK_EQ(done, 4);
    STATUS(NO_MEMORY, string_at(AT(4) - 4, 4, DEMAND));
    CHECK_EQ(done, 4);
    STATUS(NOT_MAPPED, string_at(AT(4) - 4, SIZE_MAX, DEMAND));
    STATUS(OK, vm_store(&space, GPA(AT(4) - 8), AXADDR_WIDTH_8, 0, 0));
    STATUS(OK, segments_at(home, 4 * PAGE, RW, DEMAND, SEGMENT_MAX));
    CHECK_EQ(done, 4 * PAGE);
    STATUS(INVALID, segments_at(AT(4) - 1, 2, R, DEMAND, 2));
    STATUS(OK, copy_from(AT(4) - 1, 1, 0));
    SPACE_END();
    GO_ON();
    host_destroy(host);
    if (format.is_sign_extended) {
        host_init(host, 4, HOST_LOW_BASE, HOST_STACK);
        return;
    }
    begin(0, UINT64_C(1) << format.input_width, 60); /* what follows the end is not the beginning */
    GO_ON();
    STATUS(OK, vm_map_alloc(&space, GPA(0), PAGE, RW, AXADDR_POPULATE));
    STATUS(OK, vm_map_alloc(&space, GPA(home + 3 * PAGE), PAGE, RW, AXADDR_POPULATE));
    STATUS(OK, copy_to(AT(4) - 4, 4, 0));
    STATUS(NOT_MAPPED, string_at(AT(4) - 4, 100, 0));
    CHECK_EQ(done, 4);
    SPACE_END();
}

/** With each allocation failing in turn: what was done before is done. */
static void without_memory(void) {
    uint32_t count;
    enum axaddr_status status = AXADDR_NO_MEMORY;

    memset(source, 0x5c, sizeof source);
    for (count = 1; status == AXADDR_NO_MEMORY && count < 40; count++) {
        begin_all();
        GO_ON();
        host_fail_in(host, count, true);
        status = copy_to(AT(LAZY) + 1, 12 * PAGE - 1, DEMAND);
        if (status == AXADDR_NO_MEMORY) {
            CHECK_EQ(done, count == 1 ? 0 : (count - 1) * PAGE - 1);
            CHECK(done == 0 || *byte_at(AT(LAZY) + done) == 0x5c);
            CHECK(byte_at(AT(LAZY) + done + 1) == 0);
        }
        host_fail_in(host, 0, false);
        SPACE_END();
        GO_ON();
        host_destroy(host);
    }
    CHECK_EQ(count, 14); /* 12 frames */
    host_init(host, 4, HOST_LOW_BASE, HOST_STACK);
}

/** A segment for each piece; an array that is full; notes of no page behind. */
static void segments_one_by_one(void) {
    unsigned page;

    begin_all();
    GO_ON();
    STATUS(OK, segments_at(AT(LINEAR) + 100, 3 * PAGE, R, 0, 3));
    CHECK_EQ(segment_count, 1); /* linear memory is one piece */
    CHECK_EQ(segments[0].size, 3 * PAGE);
    STATUS(OK, segments_at(AT(LINEAR) + 100, 6 * PAGE - 100, R, 0, 3));
    CHECK_EQ(segment_count, 3); /* and two frames that do not adjoin */
    CHECK_EQ(segments[0].size, 4 * PAGE - 100);
    CHECK(segments[1].size == PAGE && segments[2].size == PAGE);
    if (has_notes()) {
        STATUS(OK, harvest(home, END * PAGE, AXADDR_NOTES));
    }
    for (page = 1; page < 4; page++) { /* room for less */
        STATUS(OK, segments_at(AT(LINEAR), 6 * PAGE, W, DEMAND, page > 2 ? 2 : page));
        CHECK_EQ(done, page == 1 ? 4 * PAGE : 5 * PAGE);
        CHECK_EQ(segment_count, page == 1 ? 1 : 2);
        if (has_notes()) {
            STATUS(OK, harvest(home, END * PAGE, AXADDR_NOTES));
            CHECK((machine.told[3] & AXADDR_DIRTY) != 0);
            CHECK_EQ((machine.told[4] & AXADDR_DIRTY) != 0, page != 1);
            CHECK_EQ(machine.told[5] & AXADDR_DIRTY, 0);
        }
    }
    host_begin(host);
    STATUS(OK, segments_at(AT(LINEAR), 10 * PAGE, W, DEMAND, 1)); /* populates nothing behind */
    STATUS(OK, segments_at(AT(LAZY) - PAGE, 2 * PAGE, W, DEMAND, 1));
    CHECK_EQ(done, PAGE);
    CHECK_EQ(host->op_taken, 0);
    STATUS(NOT_MAPPED, segments_at(AT(LAZY) - PAGE, 2 * PAGE, W, 0, 4));
    CHECK(done == PAGE && segment_count == 1 && segments[0].size == PAGE);
    STATUS(DENIED, segments_at(AT(READ_ONLY), PAGE, W, DEMAND, 4));
    CHECK(done == 0 && segment_count == 0);
    SPACE_END();
}

/** A large leaf is one segment, and reads the right bytes. */
static void large_leaves(void) {
    uint64_t block;

    if (format.shift[1] > 22 || (format.leaf_levels & 2) == 0) {
        return;
    }
    home = UINT64_C(4) << format.shift[1];
    begin(home, UINT64_C(1) << format.shift[1], 2100);
    GO_ON();
    block = take(format.shift[1] - (unsigned)HOST_FRAME_SHIFT);
    memset(host_peek(host, block + 3 * PAGE), 0x42, PAGE);
    *host_peek(host, block + 4 * PAGE) = 0;
    STATUS(OK, vm_map_linear(&space, GPA(home), axaddr_hpa(block), large, RW));
    STATUS(OK, segments_at(home, large, RW, 0, 1));
    CHECK(segment_count == 1 && segments[0].size == large && done == large);
    STATUS(OK, copy_from(AT(4) - 2, 3, 0));
    CHECK(memcmp(buffer, "\x42\x42\0", 3) == 0);
    SPACE_END();
}

/** Further rights. */
static void users_and_code(void) {
    begin_all();
    GO_ON();
    if (holds(RW | AXADDR_USER)) {
        STATUS(OK, vm_protect(&space, GPA(AT(FRAMES)), PAGE, RW | AXADDR_USER));
        STATUS(OK, copy_from(AT(FRAMES), PAGE, AXADDR_USER));
        STATUS(DENIED, copy_from(AT(FRAMES), PAGE + 1, AXADDR_USER));
        CHECK_EQ(done, PAGE);
        STATUS(DENIED, copy_to(AT(FRAMES), PAGE + 1, AXADDR_USER | DEMAND));
        CHECK_EQ(done, PAGE);
    }
    if (holds(W) &&
        (format.flags_of(format.make_leaf(0, 0, format.attributes_of(W, 0)), 0) & R) == 0) {
        STATUS(OK, vm_protect(&space, GPA(AT(FRAMES + 1)), PAGE, W));
        STATUS(OK, vm_store(&space, GPA(AT(FRAMES + 1)), AXADDR_WIDTH_4, 0, 0));
        value = 0; /* an exchange tells what is there */
        STATUS(DENIED,
               vm_compare_exchange(&space, GPA(AT(FRAMES + 1)), AXADDR_WIDTH_4, 0, 1, &value));
    }
    if (holds(R | X)) {
        STATUS(OK, vm_protect(&space, GPA(AT(LINEAR)), PAGE, R | X));
        STATUS(OK, copy_from(AT(LINEAR), PAGE, X));
        STATUS(DENIED, copy_from(AT(LINEAR), PAGE + 1, X));
        CHECK_EQ(done, PAGE);
        STATUS(OK, segments_at(AT(LINEAR), PAGE, X, 0, 1));
        STATUS(DENIED, segments_at(AT(LINEAR + 1), PAGE, X, DEMAND, 1));
    }
    SPACE_END();
}

/* ---- other CPUs ---- */

static void other_unmaps(void) {
    if (vm_unmap(&space, GPA(AT(LAZY + 2)), PAGE) != AXADDR_OK) {
        host_complain(host, "the other CPU's unmap failed");
    }
}

/** What goes away on the way is where it stops. */
static void unmapped_on_the_way(void) {
    begin_all();
    GO_ON();
    STATUS(OK, copy_to(AT(LAZY), 4 * PAGE, DEMAND));
    if (DATA_HAS_LOCK) {
        machine.enter_count = 0;
        machine.enter_at = 3;
        machine.meanwhile = other_unmaps;
        STATUS(NOT_MAPPED, copy_to(AT(LAZY) + 9, 4 * PAGE - 9, 0));
        CHECK_EQ(done, 2 * PAGE - 9);
        CHECK_EQ(machine.enter_count, 3); /* a walk for each page */
    }
    SPACE_END();
}

static bool is_seen; /* what was to be there at the end of the walk, was */
static uint8_t *seen_byte;
static uint8_t wanted_byte;

static void see(void) {
    is_seen = is_seen || (seen_byte != 0 && *seen_byte == wanted_byte) || value == 0x2a2a;
}

#define SEES(byte, wanted, call)                                                                   \
    do {                                                                                           \
        seen_byte = (byte);                                                                        \
        wanted_byte = (wanted);                                                                    \
        is_seen = false;                                                                           \
        machine.leaving = see;                                                                     \
        STATUS(OK, call);                                                                          \
        machine.leaving = 0;                                                                       \
        CHECK(is_seen);                                                                            \
    } while (0)

/** Nobody frees a frame before its bytes are copied: that is when the walk ends. */
static void walks_end_after_the_access(void) {
    begin_all();
    GO_ON();
    value = 0;
    if (DATA_HAS_LOCK) {
        uint8_t *guest = byte_at(AT(LINEAR) + 8);

        source[0] = 0x21;
        SEES(guest, 0x21, copy_to(AT(LINEAR) + 8, 1, 0));
        buffer[0] = 0;
        SEES(&buffer[0], 0x21, copy_from(AT(LINEAR) + 8, 1, 0));
        SEES(guest, 0x22, fill_at(AT(LINEAR) + 8, 0x22, 1, 0));
        SEES(guest, 0x23, vm_store(&space, GPA(AT(LINEAR) + 8), AXADDR_WIDTH_1, 0, 0x23));
        value = 0x23;
        SEES(guest, 0x2a,
             vm_compare_exchange(&space, GPA(AT(LINEAR) + 8), AXADDR_WIDTH_1, 0, 0x2a, &value));
        SEES(&buffer[0], 0x2a, string_at(AT(LINEAR) + 8, 2, 0));
        STATUS(OK, fill_at(AT(LINEAR) + 9, 0x2a, 1, 0));
        SEES(0, 0, vm_load(&space, GPA(AT(LINEAR) + 8), AXADDR_WIDTH_2, 0, &value));
    }
    SPACE_END();
}

/** Another CPU notes its write first: then ours is tried again, and done. */
static void race(void *slot) {
    size_t size = (size_t)1 << format.entry_shift;
    uint64_t entry = 0;

    memcpy(&entry, slot, size);
    entry = format.note_access != 0 ? format.note_access(entry, 0, W) : entry | format.noted;
    memcpy(slot, &entry, size);
}

static void a_lost_race_is_tried_again(void) {
    begin_all();
    GO_ON();
    if (DATA_HAS_LOCK && has_notes()) {
        STATUS(OK, harvest(AT(LINEAR), PAGE, AXADDR_NOTES));
        before_entry_write = race;
        source[0] = 'b';
        STATUS(OK, copy_to(AT(LINEAR), 1, 0));
        CHECK(before_entry_write == 0 && *byte_at(AT(LINEAR)) == 'b');
    }
    SPACE_END();
}

static uint64_t watched_exchange;

/** The bytes beside it change meanwhile: that is no reason to fail. */
static void beside_exchanges(void) {
    begin_all();
    GO_ON();
    for (watched_exchange = 0; watched_exchange < 4; watched_exchange++) {
        uint64_t at = AT(LINEAR) + 40 + watched_exchange;

        STATUS(OK, fill_at(AT(LINEAR) + 36, 0x99, 12, 0));
        value = 0x99;
        STATUS(OK, vm_compare_exchange(&space, GPA(at), AXADDR_WIDTH_1, 0, 0x11, &value));
        CHECK_EQ(value, 0x99);
        STATUS(OK, copy_from(AT(LINEAR) + 36, 12, 0));
        CHECK_EQ(buffer[4 + watched_exchange], 0x11);
        buffer[4 + watched_exchange] = 0x99;
        CHECK(memcmp(buffer, "\x99\x99\x99\x99\x99\x99\x99\x99\x99\x99\x99\x99", 12) == 0);
    }
    SPACE_END();
}

/** A page that never settles is BUSY after a while; so is a range that is about to be replaced. */
static void never_settling_is_busy(void) {
    struct axaddr_position position;
    uint64_t kept = 0;
    uint64_t parked;
    size_t size;

    begin_all();
    GO_ON();
    size = (size_t)1 << format.entry_shift;
    parked = format.make_absent(AXADDR_ABSENT_PARKED_LEAF, 0x40000);
    STATUS(OK, copy_to(AT(LAZY), 2 * PAGE, DEMAND));
    position = vm_lookup_(vm_table(&space), AT(LAZY + 1));
    CHECK_EQ(position.level, 0);
    memcpy(&kept, position.slot, size);
    memcpy(position.slot, &parked, size);
    STATUS(BUSY, copy_from(AT(LAZY), 2 * PAGE, 0));
    CHECK_EQ(done, PAGE);
    STATUS(BUSY, copy_to(AT(LAZY), 2 * PAGE, DEMAND));
    CHECK_EQ(done, PAGE);
    STATUS(BUSY, string_at(AT(LAZY + 1), 2, 0));
    STATUS(BUSY, segments_at(AT(LAZY), 2 * PAGE, R, 0, 4));
    CHECK_EQ(segment_count, 1);
    memcpy(position.slot, &kept, size);
    STATUS(NOT_MAPPED, copy_from(AT(HOLE), 1, 0));
    if (DATA_HAS_LOCK) {
        space.core.table.replacing++;
        STATUS(BUSY, copy_from(AT(HOLE), 1, 0));
        STATUS(BUSY, copy_from(AT(HOLE), 1, DEMAND));
        space.core.table.replacing++; /* it is over */
        STATUS(NOT_MAPPED, copy_from(AT(HOLE), 1, 0));
    }
    SPACE_END();
}

static int guest_memory_main(const char *name) {
    printf("seed 0x%" PRIx64 "\n", SEED);
    EACH(any_sequence);
    EACH(bad_arguments);
    EACH(numbers);
    EACH(strings);
    EACH(ends_of_the_address_space);
    EACH(without_memory);
    EACH(segments_one_by_one);
    EACH(large_leaves);
    EACH(users_and_code);
    EACH(unmapped_on_the_way);
    EACH(walks_end_after_the_access);
    EACH(a_lost_race_is_tried_again);
    EACH(beside_exchanges);
    EACH(never_settling_is_busy);
    return check_report(name);
}

#endif /* AXADDR_TESTS_GUEST_MEMORY_CASES_H */
