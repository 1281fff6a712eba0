/* SPDX-License-Identifier: MIT
 *
 * test_device_bus.c: buses of emulated devices (device_bus.h): against a plain array in
 * pseudo-random sequences, at both ends of the address space and of the ports, across ranges, beside
 * an edit that does not end, and behind pages that vm_map_device traps.
 */
static void (*while_waiting)(void); /* what happens while a reader waits for an edit */
static unsigned wait_count;
#define AXADDR_CPU_RELAX() (wait_count++, while_waiting != 0 ? while_waiting() : (void)0)

#include "axaddr.h"
#include "axaddr_core/device_bus.h"
#include "check.h"
#include "host.h"

#define SEED UINT64_C(0x51f15e5eed)

AXADDR_DEFINE_DEVICE_BUS(mmio, axaddr_gpa, 64);
AXADDR_DEFINE_DEVICE_BUS(ports, axaddr_port, 5);
AXADDR_DEFINE_DEVICE_BUS(registers, axaddr_sysreg, 1);
AXADDR_DEFINE_DEVICE_BUS(many, axaddr_gpa, 33);
AXADDR_DEFINE_SPACE(vm, axaddr_x86_ept, host_hal);

AXADDR_STATIC_ASSERT(AXADDR_BUS_SLOTS_(1) == 1 && AXADDR_BUS_SLOTS_(2) == 2 &&
                         AXADDR_BUS_SLOTS_(5) == 8 && AXADDR_BUS_SLOTS_(64) == 64 &&
                         AXADDR_BUS_SLOTS_(65) == 128 && AXADDR_BUS_SLOTS_(32768) == 32768 &&
                         AXADDR_BUS_SLOTS_(16385) == 32768,
                     "slots are a power of two");

/* ---- a device that tells what it was asked ---- */

static struct {
    unsigned count;
    void *arg;
    struct axaddr_device_access access;
} served;
static uint64_t answer;
static enum axaddr_status served_status;

static enum axaddr_status serve(void *arg, struct axaddr_device_access *access) {
    served.count++;
    served.arg = arg;
    served.access = *access;
    if (!access->is_write) {
        access->value = answer;
    }
    return served_status;
}

static int args[128];

static struct axaddr_device device_of(unsigned number) {
    struct axaddr_device device = {serve, &args[number], number, "device"};
    return device;
}

#define PATTERN UINT64_C(0x1122334455667788)

static struct axaddr_device_access access_of(enum axaddr_width width, bool is_write) {
    struct axaddr_device_access access;

    access.address = 1;
    access.offset = 2;
    access.value = PATTERN;
    access.width = width;
    access.is_write = is_write;
    return access;
}

static struct mmio bus;

#define STATUS(expected, call) CHECK_STR(axaddr_status_name(call), #expected)

static enum axaddr_status add(uint64_t first, uint64_t last, unsigned number) {
    struct axaddr_device device = device_of(number);
    return mmio_add(&bus, axaddr_gpa(first), axaddr_gpa(last), &device);
}

static enum axaddr_status read_at(uint64_t at, enum axaddr_width width) {
    struct axaddr_device_access access = access_of(width, false);
    return mmio_access(&bus, 0, axaddr_gpa(at), &access);
}

static void begin(void) {
    memset(&bus, 0xa5, sizeof bus);
    memset(&served, 0, sizeof served);
    served_status = AXADDR_OK;
    answer = PATTERN;
    CHECK_EQ(mmio_init(&bus, axaddr_gpa(0), axaddr_gpa(UINT64_MAX)), AXADDR_OK);
}

/* ---- cases ---- */

static void values_are_cut_to_the_width(void) {
    static const struct {
        enum axaddr_width width;
        uint64_t value;
    } cuts[] = {{AXADDR_WIDTH_1, 0x88},
                {AXADDR_WIDTH_2, 0x7788},
                {AXADDR_WIDTH_4, 0x55667788},
                {AXADDR_WIDTH_8, PATTERN}};
    struct axaddr_device_access access;
    unsigned i;

    begin();
    STATUS(OK, add(0x1000, 0x1fff, 3));
    for (i = 0; i < 4; i++) {
        access = access_of(cuts[i].width, false);
        STATUS(OK, mmio_access(&bus, 0, axaddr_gpa(0x1230), &access));
        CHECK_EQ(access.value, cuts[i].value);
        CHECK_EQ(access.address, 0x1230);
        CHECK_EQ(access.offset, 0x230);
        CHECK_EQ(access.width, cuts[i].width);
        CHECK(!served.access.is_write && served.arg == &args[3]);
        CHECK_EQ(served.access.offset, 0x230);
        CHECK_EQ(served.access.address, 0x1230);
        access = access_of(cuts[i].width, true);
        STATUS(OK, mmio_access(&bus, 0, axaddr_gpa(0x1231), &access));
        CHECK_EQ(served.access.value, cuts[i].value);
        CHECK(served.access.is_write);
        CHECK_EQ(served.access.offset, 0x231);
    }
    CHECK_EQ(AXADDR_WIDTH_1 + AXADDR_WIDTH_2 + AXADDR_WIDTH_4 + AXADDR_WIDTH_8, 15);
    CHECK_EQ(served.count, 8);
    served_status = AXADDR_UNSUPPORTED; /* the handler's own status is the access's */
    STATUS(UNSUPPORTED, read_at(0x1000, AXADDR_WIDTH_1));
}

/** A refused access changes nothing and reaches nobody. */
static void refused(uint64_t at, unsigned width, enum axaddr_status expected) {
    struct axaddr_bus_hint hint = {0};
    unsigned count = served.count;
    unsigned i;

    for (i = 0; i < 4; i++) {
        struct axaddr_device_access access = access_of((enum axaddr_width)width, (i & 1) != 0);

        CHECK_STR(axaddr_status_name(
                      mmio_access(&bus, (i & 2) != 0 ? &hint : 0, axaddr_gpa(at), &access)),
                  axaddr_status_name(expected));
        CHECK_EQ(access.value, PATTERN);
        CHECK_EQ(access.address, 1);
        CHECK_EQ(access.offset, 2);
        CHECK_EQ(served.count, count);
    }
}

static void bad_widths(void) {
    static const unsigned widths[] = {0,  3,  5,  6,  7,   9,   10,  12,         15,
                                      16, 17, 32, 33, 257, 258, 260, 0x80000001, UINT32_MAX};
    unsigned i;

    begin();
    STATUS(OK, add(0x1000, 0x1fff, 1));
    for (i = 0; i < sizeof widths / sizeof widths[0]; i++) {
        refused(0x1000, widths[i], AXADDR_INVALID);
        refused(0x5000, widths[i], AXADDR_INVALID);
    }
}

/** An access is never split, neither over a hole nor over the next device. */
static void crossing(void) {
    begin();
    STATUS(OK, add(0x1000, 0x1007, 1));
    STATUS(OK, add(0x1008, 0x100f, 2)); /* the next device */
    STATUS(OK, add(0x1020, 0x1020, 3)); /* one byte by itself */
    STATUS(OK, read_at(0x1006, AXADDR_WIDTH_2));
    STATUS(OK, read_at(0x1000, AXADDR_WIDTH_8));
    CHECK(served.arg == &args[1]);
    STATUS(OK, read_at(0x1007, AXADDR_WIDTH_1));
    CHECK(served.arg == &args[1]);
    STATUS(OK, read_at(0x1008, AXADDR_WIDTH_8));
    CHECK(served.arg == &args[2] && served.access.offset == 0);
    STATUS(OK, read_at(0x1020, AXADDR_WIDTH_1));
    CHECK(served.arg == &args[3]);
    refused(0x1007, 2, AXADDR_INVALID);
    refused(0x1001, 8, AXADDR_INVALID);
    refused(0x1005, 4, AXADDR_INVALID);
    refused(0x100f, 2, AXADDR_INVALID); /* a hole is next */
    refused(0x1020, 2, AXADDR_INVALID);
    refused(0x0fff, 1, AXADDR_NOT_MAPPED);
    refused(0x0fff, 2, AXADDR_NOT_MAPPED); /* its first byte is nobody's */
    refused(0x1010, 1, AXADDR_NOT_MAPPED);
    refused(0x101f, 2, AXADDR_NOT_MAPPED);
    refused(0x1021, 1, AXADDR_NOT_MAPPED);
}

static void ends_of_64_bits(void) {
    begin();
    refused(0, 1, AXADDR_NOT_MAPPED);
    refused(UINT64_MAX, 1, AXADDR_NOT_MAPPED);
    refused(UINT64_MAX, 2, AXADDR_INVALID);
    refused(UINT64_MAX - 6, 8, AXADDR_INVALID);
    STATUS(OK, add(UINT64_MAX, UINT64_MAX, 1));
    STATUS(OK, add(0, 0, 2));
    refused(UINT64_MAX, 2, AXADDR_INVALID);
    refused(UINT64_MAX - 1, 1, AXADDR_NOT_MAPPED);
    refused(1, 1, AXADDR_NOT_MAPPED);
    STATUS(OK, read_at(UINT64_MAX, AXADDR_WIDTH_1));
    CHECK(served.arg == &args[1]);
    STATUS(OK, read_at(0, AXADDR_WIDTH_1));
    CHECK(served.arg == &args[2]);
    STATUS(OK, mmio_remove(&bus, axaddr_gpa(UINT64_MAX)));
    STATUS(OK, add(UINT64_MAX - 15, UINT64_MAX, 3));
    STATUS(OK, read_at(UINT64_MAX - 7, AXADDR_WIDTH_8));
    CHECK_EQ(served.access.offset, 8);
    refused(UINT64_MAX - 6, 8, AXADDR_INVALID);
    begin();
    STATUS(OK, add(0, UINT64_MAX, 4)); /* all there is */
    STATUS(EXISTS, add(5, 5, 5));
    STATUS(OK, read_at(UINT64_MAX - 7, AXADDR_WIDTH_8));
    CHECK_EQ(served.access.offset, UINT64_MAX - 7);
    refused(UINT64_MAX - 6, 8, AXADDR_INVALID);
    STATUS(OK, read_at(0, AXADDR_WIDTH_8));
}

static void limits_of_ports(void) {
    struct axaddr_device device = device_of(9);
    struct axaddr_device_access access = access_of(AXADDR_WIDTH_1, true);
    struct axaddr_device_access wide = access_of(AXADDR_WIDTH_2, true);
    struct ports_entry entry;
    struct ports io;
    char text[16];

    begin();
    STATUS(INVALID, ports_init(&io, axaddr_port(2), axaddr_port(1)));
    STATUS(OK, ports_init(&io, axaddr_port(0x10), axaddr_port(0xffff)));
    STATUS(INVALID, ports_add(&io, axaddr_port(0xfff0), axaddr_port(0x10000), &device));
    STATUS(INVALID, ports_add(&io, axaddr_port(0x10000), axaddr_port(0x10000), &device));
    STATUS(INVALID, ports_add(&io, axaddr_port(0xf), axaddr_port(0x20), &device));
    STATUS(INVALID, ports_add(&io, axaddr_port(0x21), axaddr_port(0x20), &device));
    device.handler = 0;
    STATUS(INVALID, ports_add(&io, axaddr_port(0x20), axaddr_port(0x21), &device));
    device.handler = serve;
    CHECK_EQ(ports_count(&io), 0);
    STATUS(OK, ports_add(&io, axaddr_port(0xffff), axaddr_port(0xffff), &device));
    STATUS(OK, ports_add(&io, axaddr_port(0x10), axaddr_port(0x10), &device));
    STATUS(OK, ports_access(&io, 0, axaddr_port(0xffff), &access));
    STATUS(OK, ports_access(&io, 0, axaddr_port(0x10), &access));
    CHECK_EQ(served.access.offset, 0);
    STATUS(INVALID, ports_access(&io, 0, axaddr_port(0xffff), &wide));
    STATUS(INVALID, ports_access(&io, 0, axaddr_port(0x10000), &access));
    STATUS(INVALID, ports_access(&io, 0, axaddr_port(0xf), &access));
    STATUS(INVALID, ports_find(&io, axaddr_port(0xf), &entry));
    STATUS(INVALID, ports_find(&io, axaddr_port(0x10000), &entry));
    STATUS(NOT_MAPPED, ports_next(&io, axaddr_port(0x10000), &entry));
    STATUS(OK, ports_next(&io, axaddr_port(0), &entry));
    CHECK_EQ(entry.first.raw, 0x10);
    CHECK_EQ(axaddr_port_print(axaddr_port(0x3f8), text, sizeof text), 10);
    CHECK_STR(text, "port:0x3f8");
    CHECK_EQ(axaddr_sysreg_print(axaddr_sysreg(0x10), text, sizeof text), 11);
    CHECK_STR(text, "sysreg:0x10");
}

/** Capacities of one, and of what is no power of two; a full bus stays as it is. */
static void capacities(void) {
    struct axaddr_device device = device_of(1);
    struct axaddr_device_access access = access_of(AXADDR_WIDTH_8, false);
    struct registers msrs;
    struct ports io;
    unsigned i;

    begin();
    STATUS(OK, registers_init(&msrs, axaddr_sysreg(0), axaddr_sysreg(UINT32_MAX)));
    STATUS(NOT_MAPPED, registers_access(&msrs, 0, axaddr_sysreg(0x1b), &access));
    STATUS(OK, registers_add(&msrs, axaddr_sysreg(0x1b), axaddr_sysreg(0x22), &device));
    STATUS(NO_MEMORY, registers_add(&msrs, axaddr_sysreg(0x23), axaddr_sysreg(0x24), &device));
    STATUS(EXISTS, registers_add(&msrs, axaddr_sysreg(0x22), axaddr_sysreg(0x24), &device));
    STATUS(OK, registers_access(&msrs, 0, axaddr_sysreg(0x1b), &access));
    STATUS(NOT_MAPPED, registers_remove(&msrs, axaddr_sysreg(0x1c)));
    STATUS(OK, registers_remove(&msrs, axaddr_sysreg(0x1b)));
    STATUS(NOT_MAPPED, registers_remove(&msrs, axaddr_sysreg(0x1b)));
    STATUS(NOT_MAPPED, registers_access(&msrs, 0, axaddr_sysreg(0x1b), &access));

    STATUS(OK, ports_init(&io, axaddr_port(0), axaddr_port(0xffff)));
    for (i = 0; i < 5; i++) {
        STATUS(OK, ports_add(&io, axaddr_port(i * 2), axaddr_port(i * 2), &device));
    }
    STATUS(NO_MEMORY, ports_add(&io, axaddr_port(1), axaddr_port(1), &device));
    STATUS(INVALID, ports_add(&io, axaddr_port(2), axaddr_port(1), &device));
    CHECK_EQ(ports_count(&io), 5);
    access.width = AXADDR_WIDTH_1;
    for (i = 0; i < 10; i++) {
        CHECK_EQ(ports_access(&io, 0, axaddr_port(i), &access),
                 i % 2 == 0 ? AXADDR_OK : AXADDR_NOT_MAPPED);
    }
}

/** A hint that is wrong, stale, of another bus or garbage finds the same. */
static void hints_are_never_trusted(void) {
    struct axaddr_device_access access = access_of(AXADDR_WIDTH_4, false);
    struct axaddr_bus_hint hint = {0};
    unsigned i;

    begin();
    for (i = 0; i < 8; i++) {
        STATUS(OK, add(i * 16, i * 16 + 15, i));
    }
    for (i = 0; i < 8; i++) {
        STATUS(OK, mmio_access(&bus, &hint, axaddr_gpa(i * 16 + 4), &access));
        CHECK_EQ(hint.index, i < 7 ? i : 63); /* it was learnt; copies follow the last one */
        CHECK(served.arg == &args[i]);
        STATUS(OK, mmio_access(&bus, &hint, axaddr_gpa(i * 16 + 8), &access));
        CHECK(served.arg == &args[i] && served.access.offset == 8);
    }
    STATUS(OK, mmio_remove(&bus, axaddr_gpa(0)));
    STATUS(OK, mmio_access(&bus, &hint, axaddr_gpa(7 * 16), &access));
    CHECK(served.arg == &args[7]);
    STATUS(NOT_MAPPED, mmio_access(&bus, &hint, axaddr_gpa(0), &access));
    for (i = 0; i < 70; i++) {
        hint.index = i < 66 ? i : UINT32_MAX - i;
        STATUS(OK, mmio_access(&bus, &hint, axaddr_gpa(3 * 16 + 12), &access));
        CHECK(served.arg == &args[3] && served.access.offset == 12);
        hint.index = i < 66 ? i : UINT32_MAX - i;
        STATUS(INVALID, mmio_access(&bus, &hint, axaddr_gpa(3 * 16 + 13), &access));
    }
}

/* ---- beside an edit ---- */

static unsigned wait_end;

static void edit_ends(void) {
    if (wait_count == wait_end) {
        bus.core.sequence++;
    }
}

static void an_edit_that_does_not_end_is_busy(void) {
    struct mmio_entry entry;
    unsigned i;

    begin();
    STATUS(OK, add(0x1000, 0x1fff, 1));
    CHECK_EQ(bus.core.sequence % 2, 0);
    bus.core.sequence++;
    wait_count = 0;
    refused(0x1000, 4, AXADDR_BUSY);
    CHECK_EQ(wait_count, 4 * AXADDR_BUS_TRIES);
    refused(0x5000, 4, AXADDR_BUSY);
    refused(0x1000, 3, AXADDR_INVALID); /* needs no entry */
    memset(&entry, 0x77, sizeof entry);
    STATUS(BUSY, mmio_find(&bus, axaddr_gpa(0x1000), &entry));
    STATUS(BUSY, mmio_next(&bus, axaddr_gpa(0), &entry));
    CHECK_EQ(entry.first.raw, UINT64_C(0x7777777777777777));
    for (i = 0; i < 3; i++) { /* it ends after a while */
        bus.core.sequence |= 1;
        wait_count = 0;
        wait_end = 7;
        while_waiting = edit_ends;
        STATUS(OK, i == 0   ? read_at(0x1000, AXADDR_WIDTH_4)
                   : i == 1 ? mmio_find(&bus, axaddr_gpa(0x1000), &entry)
                            : mmio_next(&bus, axaddr_gpa(0x1000), &entry));
        while_waiting = 0;
        CHECK_EQ(wait_count, 7);
    }
}

/** A handler may edit the bus that it is called from. */
static enum axaddr_status move_away(void *arg, struct axaddr_device_access *access) {
    struct axaddr_device device = {move_away, arg, 0, 0};

    if (mmio_remove(&bus, axaddr_gpa(access->address - access->offset)) != AXADDR_OK) {
        return AXADDR_NOT_MAPPED;
    }
    return mmio_add(&bus, axaddr_gpa(access->value), axaddr_gpa(access->value + 7), &device);
}

static void handlers_may_edit(void) {
    struct axaddr_device device = {move_away, 0, 0, 0};
    struct axaddr_device_access access = access_of(AXADDR_WIDTH_4, true);

    begin();
    STATUS(OK, mmio_add(&bus, axaddr_gpa(0x100), axaddr_gpa(0x107), &device));
    access.value = 0x4000;
    STATUS(OK, mmio_access(&bus, 0, axaddr_gpa(0x104), &access));
    refused(0x100, 4, AXADDR_NOT_MAPPED);
    access.value = 0x5000;
    STATUS(OK, mmio_access(&bus, 0, axaddr_gpa(0x4000), &access));
    CHECK_EQ(mmio_count(&bus), 1);
}

/* ---- pseudo-random, against a plain array ---- */

#define MODEL_MAX 64

static struct {
    uint64_t first;
    uint64_t last;
    unsigned number;
} model[MODEL_MAX];
static unsigned model_count;
static uint64_t random_state;

static uint64_t next_random(void) {
    random_state = random_state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return random_state >> 33;
}

/** Mostly a few pages, now and then the end of all. */
static uint64_t next_address(void) {
    uint64_t number = next_random();

    return number % 16 == 0 ? UINT64_MAX - number / 16 % 64 : number / 16 % 0x800;
}

static unsigned model_at(uint64_t at) {
    unsigned i;

    for (i = 0; i < model_count; i++) {
        if (at >= model[i].first && at <= model[i].last) {
            break;
        }
    }
    return i;
}

static void step_add(uint64_t low, uint64_t high, unsigned capacity) {
    uint64_t first = next_address();
    uint64_t last = first + (next_random() % 8 == 0 ? next_random() % 600 : next_random() % 20);
    unsigned number = (unsigned)(next_random() % 128);
    enum axaddr_status expected = model_count == capacity ? AXADDR_NO_MEMORY : AXADDR_OK;
    unsigned i;

    for (i = 0; i < model_count; i++) {
        if (first <= model[i].last && last >= model[i].first) {
            expected = AXADDR_EXISTS;
        }
    }
    if (last < first || first < low || last > high) {
        expected = AXADDR_INVALID;
    }
    CHECK_STR(axaddr_status_name(add(first, last, number)), axaddr_status_name(expected));
    if (expected == AXADDR_OK) {
        model[model_count].first = first;
        model[model_count].last = last;
        model[model_count++].number = number;
    }
}

static void step_remove(void) {
    uint64_t at = next_address();
    unsigned i;

    if (model_count > 0 && next_random() % 4 != 0) {
        at = model[next_random() % model_count].first;
    }
    i = model_at(at);
    if (i < model_count && model[i].first == at) {
        STATUS(OK, mmio_remove(&bus, axaddr_gpa(at)));
        model[i] = model[--model_count];
    } else {
        STATUS(NOT_MAPPED, mmio_remove(&bus, axaddr_gpa(at)));
    }
}

static void step_access(struct axaddr_bus_hint *hint, uint64_t low, uint64_t high) {
    static const unsigned widths[] = {1, 2, 4, 8, 1, 2, 4, 3};
    unsigned width = widths[next_random() % 8];
    uint64_t at = next_address();
    unsigned i = model_at(at);
    uint64_t last = at + width - 1;
    enum axaddr_status expected = AXADDR_OK;
    struct axaddr_device_access access = access_of((enum axaddr_width)width, false);
    unsigned count = served.count;

    if (width == 3 || last < at || at < low || last > high) {
        expected = AXADDR_INVALID;
    } else if (i == model_count) {
        expected = AXADDR_NOT_MAPPED;
    } else if (last > model[i].last) {
        expected = AXADDR_INVALID;
    }
    CHECK_STR(axaddr_status_name(
                  mmio_access(&bus, next_random() % 4 == 0 ? 0 : hint, axaddr_gpa(at), &access)),
              axaddr_status_name(expected));
    CHECK_EQ(served.count, count + (expected == AXADDR_OK));
    if (expected == AXADDR_OK) {
        CHECK(served.arg == &args[model[i].number]);
        CHECK_EQ(access.offset, at - model[i].first);
    }
}

/** All of it, by find and by next. */
static void compare(uint64_t low, uint64_t high) {
    struct mmio_entry entry;
    uint64_t from = 0;
    unsigned count = 0;
    uint64_t at = next_address();
    unsigned i = model_at(at);

    CHECK_EQ(mmio_count(&bus), model_count);
    while (mmio_next(&bus, axaddr_gpa(from), &entry) == AXADDR_OK) {
        unsigned k = model_at(entry.first.raw);

        CHECK(k < model_count && entry.first.raw >= from);
        CHECK_EQ(entry.first.raw, model[k].first);
        CHECK_EQ(entry.last.raw, model[k].last);
        CHECK_EQ(entry.device.cookie, model[k].number);
        CHECK(entry.device.handler == serve && entry.device.arg == &args[model[k].number]);
        CHECK_STR(entry.device.name, "device");
        count++;
        from = entry.last.raw + 1;
        if (from == 0) {
            break;
        }
    }
    CHECK_EQ(count, model_count);
    CHECK_EQ(mmio_find(&bus, axaddr_gpa(at), &entry), at < low || at > high ? AXADDR_INVALID
                                                      : i < model_count     ? AXADDR_OK
                                                                            : AXADDR_NOT_MAPPED);
    if (i < model_count) {
        CHECK_EQ(entry.first.raw, model[i].first);
        CHECK_EQ(entry.device.cookie, model[i].number);
    }
}

static void any_sequence(void) {
    unsigned round;
    unsigned step;

    for (round = 0; round < 12; round++) {
        uint64_t low = round % 3 == 2 ? 0x40 : 0;
        uint64_t high = round % 3 == 2 ? 0x6ff : UINT64_MAX;
        struct axaddr_bus_hint hint = {0};

        random_state = SEED + round;
        begin();
        CHECK_EQ(mmio_init(&bus, axaddr_gpa(low), axaddr_gpa(high)), AXADDR_OK);
        model_count = 0;
        for (step = 0; step < 3000 && !check_case_failed; step++) {
            /* Phases in which it fills, and in which it empties. */
            uint64_t kind = next_random() % 8 + (step / 300 % 2 == 0 ? 0 : 1);

            snprintf(check_context, sizeof check_context, "round %u step %u", round, step);
            if (kind < 3) {
                step_add(low, high, 64);
            } else if (kind >= 7) {
                step_remove();
            } else {
                step_access(&hint, low, high);
            }
            if (!check_case_failed && step % 8 == 0) {
                compare(low, high);
            }
        }
    }
}

/** A capacity that is no power of two is the one that was asked for. */
static void no_more_than_the_capacity(void) {
    struct axaddr_device device = device_of(1);
    struct many thirty_three;
    unsigned i;

    begin();
    STATUS(OK, many_init(&thirty_three, axaddr_gpa(0), axaddr_gpa(1000)));
    for (i = 0; i < 34; i++) {
        CHECK_EQ(many_add(&thirty_three, axaddr_gpa(99 - i), axaddr_gpa(99 - i), &device),
                 i < 33 ? AXADDR_OK : AXADDR_NO_MEMORY);
    }
    CHECK_EQ(many_count(&thirty_three), 33);
}

/* ---- behind trapped pages ---- */

static void behind_trapped_pages(void) {
    struct axaddr_device_access access = access_of(AXADDR_WIDTH_4, true);
    const uint64_t page = 0x9000000;
    struct axaddr_mapping mapping;
    struct host host;
    struct vm vm;

    begin();
    memset(&mapping, 0, sizeof mapping);
    host_init(&host, 64, HOST_BASE, HOST_SCATTERED);
    STATUS(OK, vm_init(&vm, &host, axaddr_gpa(0), UINT64_C(1) << 39));
    STATUS(OK, vm_map_device(&vm, axaddr_gpa(page), 0x1000, 77));
    STATUS(OK, add(page + 0x000, page + 0x0ff, 1)); /* two devices in one page */
    STATUS(OK, add(page + 0x100, page + 0x11f, 2));
    CHECK_EQ(vm_handle_fault(&vm, axaddr_gpa(page + 0x104), AXADDR_WRITE), AXADDR_FAULT_DEVICE);
    STATUS(NOT_MAPPED, vm_query(&vm, axaddr_gpa(page + 0x104), &mapping));
    CHECK_EQ(mapping.kind, AXADDR_ABSENT_TRAPPED);
    CHECK_EQ(mapping.cookie, 77);
    STATUS(OK, mmio_access(&bus, 0, axaddr_gpa(page + 0x104), &access));
    CHECK(served.arg == &args[2] && served.access.offset == 4);
    CHECK_EQ(vm_handle_fault(&vm, axaddr_gpa(page + 0x900), AXADDR_READ), AXADDR_FAULT_DEVICE);
    refused(page + 0x900, 4, AXADDR_NOT_MAPPED); /* trapped, but nobody's */
    vm_destroy(&vm);
    CHECK_STR(host_error(&host), "");
    host_destroy(&host);
}

int main(void) {
    printf("seed 0x%" PRIx64 "\n", SEED);
    CASE(values_are_cut_to_the_width);
    CASE(bad_widths);
    CASE(crossing);
    CASE(ends_of_64_bits);
    CASE(limits_of_ports);
    CASE(capacities);
    CASE(hints_are_never_trusted);
    CASE(an_edit_that_does_not_end_is_busy);
    CASE(handlers_may_edit);
    CASE(any_sequence);
    CASE(no_more_than_the_capacity);
    CASE(behind_trapped_pages);
    return check_report("test_device_bus");
}
