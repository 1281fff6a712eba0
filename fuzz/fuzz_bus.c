/* SPDX-License-Identifier: MIT
 *
 * fuzz_bus.c: buses of devices (axaddr_core/device_bus.h) against an array in no order that is
 * searched from its beginning; with hints, good and stale.
 *
 *     byte     bits 0 and 1 the type: a bus for 64, 33, 5 devices or 1; bit 2 the limits: all
 *              addresses, or 0x10 to 0xffff
 *     then     operations, until the bytes are used up: which one, modulo the number of operations,
 *              and what it wants to know. An address is a byte: below 128 it is a word of input.h;
 *              else one of a device or beside it, and the next byte says whose
 */
#include "input.h"

#include "../axaddr_core/device_bus.h"

#define DEVICE_MAX 64u
#define HINT_COUNT 3u

/* ---- buses of several sizes, behind one set of functions ---- */

struct kind {
    const char *name;
    uint32_t capacity;
    enum axaddr_status (*init)(uint64_t first, uint64_t last);
    enum axaddr_status (*add)(uint64_t first, uint64_t last, const struct axaddr_device *device);
    enum axaddr_status (*remove)(uint64_t first);
    enum axaddr_status (*access)(struct axaddr_bus_hint *hint, uint64_t at,
                                 struct axaddr_device_access *access);
    enum axaddr_status (*look)(uint64_t at, bool is_next, struct axaddr_bus_entry *entry);
    size_t (*count)(void);
};

#define DEFINE_KIND(name, address, capacity)                                                       \
    AXADDR_DEFINE_DEVICE_BUS(name, address, capacity);                                             \
    static struct name name##_bus;                                                                 \
    static enum axaddr_status name##_do_init(uint64_t first, uint64_t last) {                      \
        memset(&name##_bus, 0xa5, sizeof(name##_bus));                                             \
        return name##_init(&name##_bus, address(first), address(last));                            \
    }                                                                                              \
    static enum axaddr_status name##_do_add(uint64_t first, uint64_t last,                         \
                                            const struct axaddr_device *device) {                  \
        return name##_add(&name##_bus, address(first), address(last), device);                     \
    }                                                                                              \
    static enum axaddr_status name##_do_remove(uint64_t first) {                                   \
        return name##_remove(&name##_bus, address(first));                                         \
    }                                                                                              \
    static enum axaddr_status name##_do_access(struct axaddr_bus_hint *hint, uint64_t at,          \
                                               struct axaddr_device_access *access) {              \
        return name##_access(&name##_bus, hint, address(at), access);                              \
    }                                                                                              \
    static enum axaddr_status name##_do_look(uint64_t at, bool is_next,                            \
                                             struct axaddr_bus_entry *entry) {                     \
        struct name##_entry found;                                                                 \
        enum axaddr_status status = is_next ? name##_next(&name##_bus, address(at), &found)        \
                                            : name##_find(&name##_bus, address(at), &found);       \
        if (status == AXADDR_OK) {                                                                 \
            entry->first = found.first.raw;                                                        \
            entry->last = found.last.raw;                                                          \
            entry->device = found.device;                                                          \
        }                                                                                          \
        return status;                                                                             \
    }                                                                                              \
    static size_t name##_do_count(void) {                                                          \
        return name##_count(&name##_bus);                                                          \
    }

#define KIND(name, capacity)                                                                       \
    {                                                                                              \
#name, capacity, name##_do_init, name##_do_add, name##_do_remove, name##_do_access,        \
            name##_do_look, name##_do_count                                                        \
    }

DEFINE_KIND(many, axaddr_gpa, 64)
DEFINE_KIND(odd, axaddr_gpa, 33)
DEFINE_KIND(ports, axaddr_port, 5)
DEFINE_KIND(single, axaddr_sysreg, 1)

static const struct kind kinds[4] = {KIND(many, 64), KIND(odd, 33), KIND(ports, 5),
                                     KIND(single, 1)};

/* ---- the model ---- */

struct range {
    uint64_t first;
    uint64_t last;
    uint32_t number; /* how many devices came before it */
};

static const struct kind *kind;
static struct range model[DEVICE_MAX];
static uint32_t model_count;
static uint32_t next_number;
static uint64_t first_limit;
static uint64_t last_limit;
static char arguments[256]; /* of handlers: by number, modulo their number */
static struct axaddr_bus_hint hints[HINT_COUNT];

static void *argument_of(uint32_t number) {
    return &arguments[number % sizeof(arguments)];
}

/** The index of the device that has an address; model_count if none does. */
static uint32_t model_find(uint64_t at) {
    uint32_t i = 0;

    while (i < model_count && (at < model[i].first || at > model[i].last)) {
        i++;
    }
    return i;
}

/** Of the first one that ends there or later. */
static uint32_t model_next(uint64_t at) {
    uint32_t best = model_count;
    uint32_t i;

    for (i = 0; i < model_count; i++) {
        if (model[i].last >= at && (best == model_count || model[i].last < model[best].last)) {
            best = i;
        }
    }
    return best;
}

/* ---- what the handler was asked ---- */

static struct {
    unsigned count;
    void *argument;
    struct axaddr_device_access access;
    uint64_t answer;
    enum axaddr_status status;
} served;

static enum axaddr_status serve(void *argument, struct axaddr_device_access *access) {
    served.count++;
    served.argument = argument;
    served.access = *access;
    if (!access->is_write) {
        access->value = served.answer;
    }
    return served.status;
}

/* ---- operations ---- */

static uint64_t pick_address(struct input *input) {
    uint8_t how = input->left > 0 ? *input->bytes : 0;
    const struct range *range;

    if (how < 128 || model_count == 0) {
        return input_word(input);
    }
    (void)input_byte(input);
    range = &model[input_below(input, model_count)];
    switch (how & 7) {
    case 0:
        return range->first;
    case 1:
        return range->last;
    case 2:
        return range->first - 1;
    case 3:
        return range->last + 1;
    case 4:
        return range->first + (how >> 3 & 15);
    case 5:
        return range->last - (how >> 3 & 15);
    case 6:
        return range->last + 1 + (how >> 3 & 15);
    default:
        return range->first + (range->last - range->first) / 2;
    }
}

static void add(uint64_t first, uint64_t last, bool has_handler) {
    struct axaddr_device device = {has_handler ? serve : 0, argument_of(next_number), next_number,
                                   &arguments[next_number / 2 % sizeof(arguments)]};
    enum axaddr_status expected = AXADDR_OK;
    uint32_t i;

    for (i = 0; i < model_count; i++) {
        if (first <= model[i].last && last >= model[i].first) {
            expected = AXADDR_EXISTS;
        }
    }
    if (last < first || first < first_limit || last > last_limit || !has_handler) {
        expected = AXADDR_INVALID;
    } else if (expected == AXADDR_OK && model_count == kind->capacity) {
        expected = AXADDR_NO_MEMORY;
    }
    FUZZ_EQ(kind->add(first, last, &device), expected);
    if (expected == AXADDR_OK) {
        model[model_count].first = first;
        model[model_count].last = last;
        model[model_count++].number = next_number++;
    }
}

static void op_add(struct input *input) {
    uint64_t first = pick_address(input);
    unsigned how = input_byte(input);
    uint64_t last = how < 192   ? first + how
                    : how < 224 ? first + (UINT64_C(1) << (how & 63)) - 1
                                : pick_address(input);

    add(first, last, how != 77);
}

/** Until it is full, or nearly. */
static void op_add_many(struct input *input) {
    uint64_t at = pick_address(input);
    uint64_t size = input_byte(input);
    uint64_t step = size + input_byte(input);
    unsigned count = input_byte(input) % 80;

    for (; count > 0; count--) {
        add(at, at + size, true);
        at += (size & 1) != 0 ? step : -step;
    }
}

static void op_remove(struct input *input) {
    uint64_t first = pick_address(input);
    uint32_t i = model_find(first);
    bool is_there = i < model_count && model[i].first == first;

    FUZZ_EQ(kind->remove(first), is_there ? AXADDR_OK : AXADDR_NOT_MAPPED);
    if (is_there) {
        model[i] = model[--model_count];
    }
}

/** All that begin in a part of the bus. */
static void op_remove_many(struct input *input) {
    uint64_t at = pick_address(input);
    unsigned count = input_byte(input) % 80;
    uint32_t i;

    for (; count > 0 && (i = model_next(at)) < model_count; count--) {
        FUZZ_EQ(kind->remove(model[i].first), AXADDR_OK);
        model[i] = model[--model_count];
    }
}

static void looks_like(const struct axaddr_bus_entry *entry, const struct range *range) {
    FUZZ_EQ(entry->first, range->first);
    FUZZ_EQ(entry->last, range->last);
    FUZZ_EQ(entry->device.cookie, range->number);
    FUZZ_CHECK(entry->device.handler == serve && entry->device.arg == argument_of(range->number));
    FUZZ_CHECK(entry->device.name == &arguments[range->number / 2 % sizeof(arguments)]);
}

static void look(uint64_t at) {
    struct axaddr_bus_entry entry;
    uint32_t i = model_find(at);

    FUZZ_EQ(kind->look(at, false, &entry), at < first_limit || at > last_limit ? AXADDR_INVALID
                                           : i < model_count                   ? AXADDR_OK
                                                                               : AXADDR_NOT_MAPPED);
    if (i < model_count) {
        looks_like(&entry, &model[i]);
    }
    i = model_next(at);
    FUZZ_EQ(kind->look(at, true, &entry), i < model_count ? AXADDR_OK : AXADDR_NOT_MAPPED);
    if (i < model_count) {
        looks_like(&entry, &model[i]);
    }
}

static void op_look(struct input *input) {
    look(pick_address(input));
}

/** What an access comes to: of the device, or by the bus alone. */
static enum axaddr_status access_status(uint64_t at, unsigned width, uint32_t device) {
    if ((width != 1 && width != 2 && width != 4 && width != 8) || at < first_limit ||
        at > last_limit || last_limit - at < width - 1) {
        return AXADDR_INVALID;
    }
    if (device == model_count) {
        return AXADDR_NOT_MAPPED;
    }
    return model[device].last - at < width - 1 ? AXADDR_INVALID : served.status;
}

static void access_at(uint64_t at, unsigned width, bool is_write, struct axaddr_bus_hint *hint) {
    struct axaddr_device_access access = {1, 2, UINT64_C(0x1122334455667788), AXADDR_WIDTH_1,
                                          is_write};
    uint32_t device = model_find(at);
    enum axaddr_status expected;
    uint64_t mask;
    bool is_served;

    access.width = (enum axaddr_width)width;
    served.count = 0;
    served.status = AXADDR_OK;
    is_served = access_status(at, width, device) == AXADDR_OK;
    served.status = (at & 7) == 5 ? AXADDR_DENIED : AXADDR_OK; /* a handler's own */
    served.answer = at * UINT64_C(0x9e3779b97f4a7c15);
    expected = access_status(at, width, device);
    FUZZ_EQ(kind->access(hint, at, &access), expected);
    FUZZ_EQ(served.count, is_served);
    FUZZ_EQ(access.width, width);
    FUZZ_EQ(access.is_write, is_write);
    if (!is_served) {
        FUZZ_CHECK(access.address == 1 && access.offset == 2);
        FUZZ_EQ(access.value, UINT64_C(0x1122334455667788));
        return;
    }
    mask = width == 8 ? UINT64_MAX : (UINT64_C(1) << 8 * width) - 1;
    FUZZ_CHECK(served.argument == argument_of(model[device].number));
    FUZZ_EQ(served.access.address, at);
    FUZZ_EQ(served.access.offset, at - model[device].first);
    FUZZ_EQ(served.access.value, UINT64_C(0x1122334455667788) & mask);
    FUZZ_EQ(access.address, at);
    FUZZ_EQ(access.offset, at - model[device].first);
    FUZZ_EQ(access.value, (is_write ? UINT64_C(0x1122334455667788) : served.answer) & mask);
}

static void op_access(struct input *input) {
    unsigned how = input_byte(input);
    unsigned hint = how >> 4 & 3;
    unsigned width = (how & 0xc0) == 0xc0 ? input_byte(input) : 1u << (how & 3);

    access_at(pick_address(input), width, (how & 4) != 0, hint < HINT_COUNT ? &hints[hint] : 0);
}

/** All widths, all around a place, with one hint. */
static void op_access_many(struct input *input) {
    uint64_t at = pick_address(input) - 9;
    unsigned i;

    for (i = 0; i < 18 * 4; i++) {
        access_at(at + i / 4, 1u << i % 4, (i & 8) != 0, &hints[0]);
    }
}

/** A hint is never trusted. */
static void op_hint(struct input *input) {
    uint32_t index = (uint32_t)input_word(input);

    hints[input_below(input, HINT_COUNT)].index = index;
}

static void (*const operations[])(struct input *) = {
    op_add,      op_access,      op_remove, op_look,   op_access_many,
    op_add_many, op_remove_many, op_hint,   op_access, op_add,
};
#define OPERATION_COUNT (sizeof(operations) / sizeof(operations[0]))
#define STEP_MAX        300u

/** All devices in order, and what is between them. */
static void compare(void) {
    struct axaddr_bus_entry entry;
    uint64_t at = 0;
    uint32_t seen = 0;

    FUZZ_EQ(kind->count(), model_count);
    while (kind->look(at, true, &entry) == AXADDR_OK) {
        look(at);
        look(entry.last);
        FUZZ_CHECK(entry.first >= at);
        seen++;
        at = entry.last + 1;
        if (at == 0) {
            break;
        }
    }
    FUZZ_EQ(seen, model_count);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct input input = input_of(data, size);
    unsigned how = input_byte(&input);
    unsigned i;

    kind = &kinds[how & 3];
    fuzz_context = kind->name;
    first_limit = (how & 4) != 0 ? 0x10 : 0;
    last_limit = (how & 4) != 0 ? 0xffff : UINT64_MAX;
    model_count = 0;
    next_number = 0;
    memset(hints, 0, sizeof(hints));
    FUZZ_EQ(kind->init(last_limit, first_limit), AXADDR_INVALID);
    FUZZ_EQ(kind->init(first_limit, last_limit), AXADDR_OK);
    for (i = 0; i < STEP_MAX && input.left > 0; i++) {
        unsigned which = input_byte(&input) % OPERATION_COUNT;

        operations[which](&input);
        fuzz_say("%s: %u: operation %u, %u devices\n", kind->name, i, which, model_count);
        FUZZ_EQ(kind->count(), model_count);
        if (model_count <= 8 || i % 16 == 15) {
            compare();
        }
    }
    compare();
    return 0;
}
