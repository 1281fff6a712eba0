/* SPDX-License-Identifier: MIT
 *
 * dispatch.h: cases of cases.c: which emulated device an access is for. The guest loads and stores
 * on trapped pages; by what the decoder says of the exit, handle_fault must call it a device's, and
 * a bus (axaddr_core/device_bus.h) find the range that the byte is in.
 */
#ifndef BED_DISPATCH_H
#define BED_DISPATCH_H

#define DISPATCH_ONE  21u /* the cookies of the trapped areas: which bus */
#define DISPATCH_TWO  22u
#define DISPATCH_NONE 0u

AXADDR_DEFINE_DEVICE_BUS(mmio, axaddr_gpa, 7);

/**
 * Ranges from the first trapped page on, in its first and its last 4 KiB, and over its end. Devices
 * are told by their cookies, 1 and up. Several to a page, at any byte, some with gaps.
 */
static const struct dispatch_range {
    uint64_t first; /**< from the start, or where `is_end`, from the second page less 4 KiB */
    uint64_t last;
    bool is_end;
} dispatch_ranges[] = {
    {0x000, 0x040, false}, /* 65 bytes: the last one begins a word */
    {0x041, 0x07f, false}, /* begins within it */
    {0x0c0, 0x0c0, false}, /* one byte */
    {0x0c8, 0x0cf, false}, /* one word */
    {0xf00, 0xf7f, true},  /* in the middle of it */
    {0xff8, 0x1007, true}, /* on both pages */
};
#define DISPATCH_COUNT (sizeof(dispatch_ranges) / sizeof(dispatch_ranges[0]))

/** Words that are accessed, from the same places on, and whose they are. */
static const struct dispatch_spot {
    uint64_t at;
    bool is_end;
    uint32_t cookie; /**< or DISPATCH_NONE */
} dispatch_spots[] = {
    {0x000, false, 1}, /* first byte */
    {0x020, false, 1},
    {0x040, false, 1}, /* last byte */
    {0x048, false, 2},
    {0x078, false, 2},             /* to the last byte */
    {0x080, false, DISPATCH_NONE}, /* the gap: its first byte */
    {0x0b8, false, DISPATCH_NONE}, /* to its last byte */
    {0x0c0, false, 3},             /* first and last */
    {0x0c8, false, 4},
    {0x0d0, false, DISPATCH_NONE}, /* behind it */
    {0xef8, true, DISPATCH_NONE},  /* before one */
    {0xf00, true, 5},
    {0xf78, true, 5},
    {0xf80, true, DISPATCH_NONE},
    {0xff8, true, 6},              /* before the page's end */
    {0x1000, true, 6},             /* behind it */
    {0x1008, true, DISPATCH_NONE}, /* the second page */
};

static struct mmio dispatch_bus;

/** What a device was asked for last. */
static struct {
    uint32_t cookie;
    struct axaddr_device_access access;
} dispatch_seen;

static enum axaddr_status dispatch_handle(void *arg, struct axaddr_device_access *access) {
    const uint32_t *cookie = arg;

    dispatch_seen.cookie = *cookie;
    dispatch_seen.access = *access;
    if (!access->is_write) {
        access->value = *cookie + access->offset;
    }
    return AXADDR_OK;
}

static uint64_t dispatch_base(uint64_t start, bool is_end) {
    return start + (is_end ? BED_FRAME_SIZE - BED_PAGE_SIZE : 0);
}

/** A bus for two trapped pages. */
static void dispatch_fill(uint64_t start) {
    static uint32_t cookies[DISPATCH_COUNT];
    static const unsigned char order[DISPATCH_COUNT] = {3, 0, 5, 2, 1, 4};
    unsigned i;

    expect(mmio_init(&dispatch_bus, axaddr_gpa(start), axaddr_gpa(start + 2 * BED_FRAME_SIZE - 1)),
           AXADDR_OK, start);
    for (i = 0; i < DISPATCH_COUNT; i++) {
        const struct dispatch_range *range = &dispatch_ranges[order[i]];
        uint64_t base = dispatch_base(start, range->is_end);
        struct axaddr_device device = {dispatch_handle, 0, order[i] + 1u, "device"};

        cookies[order[i]] = device.cookie;
        device.arg = &cookies[order[i]];
        expect(mmio_add(&dispatch_bus, axaddr_gpa(base + range->first),
                        axaddr_gpa(base + range->last), &device),
               AXADDR_OK, base);
    }
}

/** The range that the bus finds, against that of the device `cookie`. 0, or what is wrong. */
static const char *wrong_entry(uint64_t start, axaddr_gpa_t gpa, uint32_t cookie, uint64_t *got,
                               uint64_t *right) {
    const struct dispatch_range *range = &dispatch_ranges[cookie - 1];
    uint64_t base = dispatch_base(start, range->is_end);
    struct mmio_entry entry;

    *got = mmio_find(&dispatch_bus, gpa, &entry);
    *right = AXADDR_OK;
    if (*got != *right) {
        return "status of find";
    }
    *got = entry.device.cookie;
    *right = cookie;
    if (*got != *right || entry.first.raw != base + range->first ||
        entry.last.raw != base + range->last) {
        return "the device that is found is";
    }
    *got = dispatch_seen.access.offset;
    *right = gpa.raw - (base + range->first);
    return *got != *right ? "offset in the device" : 0;
}

/** What a VMM does with an exit of a device's: serve it. 0, or what is wrong. */
static const char *wrong_device(uint64_t start, const struct axaddr_exit *exit, uint32_t cookie,
                                uint64_t value, uint64_t *got, uint64_t *right) {
    struct axaddr_device_access access = {0, 0, 0, AXADDR_WIDTH_1, false};
    static struct axaddr_bus_hint hint;
    const char *wrong;

    access.is_write = (exit->access & AXADDR_WRITE) != 0;
    access.value = value;
    dispatch_seen.cookie = DISPATCH_NONE;
    *got = mmio_access(&dispatch_bus, &hint, exit->gpa, &access);
    *right = cookie != DISPATCH_NONE ? AXADDR_OK : AXADDR_NOT_MAPPED;
    if (*got != *right) {
        return "status of the bus";
    }
    *got = dispatch_seen.cookie;
    *right = cookie;
    if (*got != *right || cookie == DISPATCH_NONE) {
        return *got != *right ? "the device of the access is" : 0;
    }
    wrong = wrong_entry(start, exit->gpa, cookie, got, right);
    if (wrong != 0) {
        return wrong;
    }
    *got = access.value; /* written: what the guest stored; read: what the handler answers */
    *right = (access.is_write ? value : cookie + dispatch_seen.access.offset) & 0xff;
    return *got != *right ? "value" : 0;
}

/** One case: a load or a store of the guest's. */
static void judge_device(uint64_t start, const struct dispatch_spot *spot, uint32_t access) {
    uint64_t address = dispatch_base(start, spot->is_end) + spot->at;
    uint32_t area = address - start < BED_FRAME_SIZE ? DISPATCH_ONE : DISPATCH_TWO;
    struct axaddr_mapping mapping = {{0}, 0, 0, 0, 0, AXADDR_ABSENT_EMPTY};
    struct bed_outcome outcome = no_outcome;
    uint64_t value = address * 7 + 3;
    struct expected trapped = nothing;
    const char *wrong;
    uint64_t got;
    uint64_t right = false;

    trapped.verdict = AXADDR_FAULT_DEVICE;
    machine_access(address, access, value, &outcome);
    got = outcome.is_allowed;
    wrong = outcome.is_allowed ? "allowed"
                               : wrong_exit(address, &trapped, access, &outcome, &got, &right);
    if (wrong == 0 && outcome.exit.is_page_only) {
        wrong = "only the page is told";
    }
    if (wrong == 0) {
        (void)!vm_query(&space, outcome.exit.gpa, &mapping);
        got = mapping.cookie;
        right = area;
        wrong = got != right ? "cookie of the area" : 0;
    }
    if (wrong == 0) {
        wrong = wrong_device(start, &outcome.exit, spot->cookie, value, &got, &right);
    }
    tell(address, access, wrong, got, right);
}

static void try_dispatch(unsigned place) {
    uint64_t start = place_for(place, 2 * BED_FRAME_SIZE);
    uint64_t second = start + BED_FRAME_SIZE;
    unsigned mode;
    size_t i;

    now.what = "dispatch";
    now.level = 0;
    now.flags = 0;
    dispatch_fill(start);
    expect(vm_map_device(&space, axaddr_gpa(start), BED_FRAME_SIZE, DISPATCH_ONE), AXADDR_OK,
           start);
    expect(vm_map_device(&space, axaddr_gpa(second), BED_FRAME_SIZE, DISPATCH_TWO), AXADDR_OK,
           second);
    for (i = 0; i < sizeof(dispatch_spots) / sizeof(dispatch_spots[0]); i++) {
        for (mode = 0; mode < machine->mode_count; mode++) {
            judge_device(start, &dispatch_spots[i], access_of(AXADDR_READ, mode));
            judge_device(start, &dispatch_spots[i], access_of(AXADDR_WRITE, mode));
        }
    }
    expect(vm_unmap(&space, axaddr_gpa(start), 2 * BED_FRAME_SIZE), AXADDR_OK, start);
}

#endif /* BED_DISPATCH_H */
