/* SPDX-License-Identifier: MIT
 *
 * test_refuse.c: bad arguments of every call, over every format, each with its status and with
 * nothing changed; and the addresses at the edges, where good arguments end.
 */
#include "fixture.h"

/* ---- addresses at the edges ---- */

static void last_page_of_the_space(void) {
    static uint64_t cuts[WINDOW_CUT_MAX];
    uint32_t count = window_cut(cuts, format, WINDOW_END, 64);
    uint64_t last = cuts[63];

    begin_cuts(cuts, count);
    GO_ON();
    OK(pair_map_linear(&pair, last, 0, PAGE, RW));
    OK(pair_protect(&pair, last, PAGE, AXADDR_READ));
    FAILS(INVALID, pair_map_linear(&pair, last, 0, 2 * PAGE, RW));
    FAILS(INVALID, pair_unmap(&pair, last, 2 * PAGE));
    FAILS(INVALID, pair_protect(&pair, last, 2 * PAGE, RW));
    OK(pair_unmap(&pair, last, PAGE));
    OK(pair_map_alloc(&pair, last - 3 * PAGE, 4 * PAGE, RW, AXADDR_LAZY));
    OK(pair_fault(&pair, last + PAGE - 1, AXADDR_WRITE));
    OK(pair_protect(&pair, last - PAGE, 2 * PAGE, AXADDR_READ));
    OK(pair_unmap(&pair, last - 2 * PAGE, 3 * PAGE));
    OK(pair_map_device(&pair, last, PAGE, 2));
    OK(pair_unmap(&pair, cuts[0], 64 * PAGE));
    OK(pair_map_alloc(&pair, last, PAGE, RW, AXADDR_POPULATE));
    OK(pair_map_linear(&pair, cuts[0], 0, 63 * PAGE, RW));
    OK(pair_unmap(&pair, last - PAGE, 2 * PAGE));
    end();
}

static void widths_are_not_aliased(void) {
    uint64_t wide = UINT64_C(1) << format->input_width;
    uint64_t far = UINT64_C(1) << format->output_width;
    uint64_t above[] = {wide + PAGE, 2 * wide + PAGE, (UINT64_C(1) << 62) + PAGE, wide | PAGE};
    axaddr_hpa_t frames[2] = {{0}, {far}};
    uint64_t cuts[] = {0, PAGE, 2 * PAGE, reach};
    unsigned i;

    begin_cuts(cuts, 4);
    GO_ON();
    OK(pair_map_linear(&pair, PAGE, 0, PAGE, RW));
    for (i = 0; i < 4; i++) {
        uint64_t hpa = 7;
        struct axaddr_mapping mapping;
        CHECK_EQ(kind->translate(pair.space, above[i], &hpa), AXADDR_INVALID);
        CHECK_EQ(hpa, 7);
        CHECK_EQ(kind->query(pair.space, above[i], &mapping), AXADDR_INVALID);
        CHECK_EQ(kind->handle_fault(pair.space, above[i], 1), AXADDR_FAULT_UNMAPPED);
        FAILS(INVALID, pair_map_linear(&pair, above[i] - PAGE, 0, PAGE, RW));
        FAILS(INVALID, pair_map_alloc(&pair, above[i] - PAGE, PAGE, RW, AXADDR_LAZY));
        FAILS(INVALID, pair_map_device(&pair, above[i] - PAGE, PAGE, 0));
        FAILS(INVALID, pair_unmap(&pair, above[i], PAGE));
        FAILS(INVALID, pair_protect(&pair, above[i], PAGE, AXADDR_READ));
    }
    FAILS(INVALID, pair_map_linear(&pair, 0, far, PAGE, RW));
    FAILS(INVALID, pair_map_linear(&pair, 0, far + PAGE, PAGE, RW));
    FAILS(INVALID, pair_map_linear(&pair, 0, UINT64_C(1) << 63, PAGE, RW));
    FAILS(INVALID, pair_map_linear(&pair, 2 * PAGE, far - PAGE, reach - 2 * PAGE, RW));
    FAILS(INVALID, pair_map_frames(&pair, 0, frames, 2, RW)); /* the second is out of reach */
    end();
}

/* ---- bad arguments ---- */

static void bad_ranges_are_invalid(void) {
    const uint64_t at = home();
    const struct {
        uint64_t gpa;
        uint64_t size;
    } bad[] = {
        {at, 0},
        {at + 1, PAGE},
        {at, PAGE + 1},
        {at, 1},
        {at + 8, 8},
        {at - PAGE, PAGE},
        {at - PAGE, 2 * PAGE},
        {0, PAGE},
        {at, 65 * PAGE},
        {at + 64 * PAGE, PAGE},
        {at, 0 - PAGE},
        {at, UINT64_C(1) << 63},
        {0 - PAGE, PAGE},
        {0 - PAGE, 2 * PAGE},
        {at, 0 - at},
        {at + PAGE, 0 - at},
        {at + 63 * PAGE, 2 * PAGE},
    };
    axaddr_hpa_t frames[66];
    unsigned i;

    memset(frames, 0, sizeof(frames));
    begin_pages(at, 64);
    GO_ON();
    OK(pair_map_linear(&pair, at, 0, 32 * PAGE, RW));
    for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        FAILS(INVALID, pair_map_linear(&pair, bad[i].gpa, 0, bad[i].size, RW));
        FAILS(INVALID, pair_map_alloc(&pair, bad[i].gpa, bad[i].size, RW, AXADDR_LAZY));
        FAILS(INVALID, pair_map_alloc(&pair, bad[i].gpa, bad[i].size, RW, AXADDR_POPULATE));
        FAILS(INVALID, pair_map_device(&pair, bad[i].gpa, bad[i].size, 0));
        FAILS(INVALID, pair_unmap(&pair, bad[i].gpa, bad[i].size));
        FAILS(INVALID, pair_protect(&pair, bad[i].gpa, bad[i].size, RW));
    }
    FAILS(INVALID, pair_map_frames(&pair, at + 32 * PAGE, frames, 0, RW));
    FAILS(INVALID, pair_map_frames(&pair, at + 32 * PAGE + 1, frames, 1, RW));
    FAILS(INVALID, pair_map_frames(&pair, at, frames, 65, RW));
    FAILS(INVALID, pair_map_frames(&pair, at - PAGE, frames, 1, RW));
    FAILS(INVALID, pair_map_frames(&pair, at + 32 * PAGE, frames, SIZE_MAX, RW));
    FAILS(INVALID, pair_map_frames(&pair, at + 32 * PAGE, frames, SIZE_MAX / PAGE + 2, RW));
    end();
}

static void bad_flags_are_invalid(void) {
    const uint32_t bad[] = {0,
                            AXADDR_USER,
                            AXADDR_DEVICE,
                            AXADDR_UNCACHED,
                            AXADDR_SMALL,
                            AXADDR_READ | 512,
                            AXADDR_READ | 1024,
                            AXADDR_READ | (UINT32_C(1) << 15),
                            AXADDR_READ | (UINT32_C(1) << 20),
                            AXADDR_READ | (UINT32_C(1) << 31),
                            UINT32_MAX};
    axaddr_hpa_t frame = {0};
    unsigned i;

    begin_pages(home(), 64);
    GO_ON();
    OK(pair_map_linear(&pair, home() + PAGE, 0, PAGE, RW));
    for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        FAILS(INVALID, pair_map_linear(&pair, home(), 0, PAGE, bad[i]));
        FAILS(INVALID, pair_map_frames(&pair, home(), &frame, 1, bad[i]));
        FAILS(INVALID, pair_map_alloc(&pair, home(), PAGE, bad[i], AXADDR_LAZY));
        FAILS(INVALID, pair_map_alloc(&pair, home(), PAGE, bad[i], AXADDR_POPULATE));
        if (bad[i] != AXADDR_SMALL) {
            FAILS(INVALID, pair_protect(&pair, home() + PAGE, PAGE, bad[i]));
        }
    }
    FAILS(INVALID, pair_map_alloc(&pair, home(), PAGE, RW, (enum axaddr_backing)7));
    end();
}

/** Every combination of flags: held exactly, or refused, by every call. */
static void flags_are_held_or_unsupported(void) {
    axaddr_hpa_t frame = {PAGE};
    uint32_t flags;

    begin_pages(home(), 64);
    GO_ON();
    for (flags = 1; flags <= AXADDR_MAPPING_FLAGS; flags++) {
        enum axaddr_status expected;
        if (!axaddr_flags_are_valid(flags)) {
            continue;
        }
        expected = format->can_hold(flags) ? AXADDR_OK : AXADDR_UNSUPPORTED;
        OK(pair_map_linear(&pair, home() + 40 * PAGE, 0, PAGE, AXADDR_READ));
        OK(pair_map_alloc(&pair, home() + 41 * PAGE, PAGE, AXADDR_READ, AXADDR_LAZY));
        pair_map_linear(&pair, home(), 0, 4 * PAGE, flags);
        GO_ON();
        CHECK_EQ(pair.status, expected);
        pair_map_frames(&pair, home() + 8 * PAGE, &frame, 1, flags);
        GO_ON();
        CHECK_EQ(pair.status, expected);
        pair_map_alloc(&pair, home() + 16 * PAGE, 4 * PAGE, flags, AXADDR_LAZY);
        GO_ON();
        CHECK_EQ(pair.status, expected);
        pair_map_alloc(&pair, home() + 24 * PAGE, 4 * PAGE, flags, AXADDR_POPULATE);
        GO_ON();
        CHECK_EQ(pair.status, expected);
        pair_protect(&pair, home() + 40 * PAGE, 2 * PAGE, flags);
        GO_ON();
        CHECK_EQ(pair.status, expected);
        OK(pair_fault(&pair, home() + 16 * PAGE, flags & RWX));
        OK(pair_fault(&pair, home() + 17 * PAGE, RWX));
        OK(pair_fault(&pair, home() + 41 * PAGE, flags & RWX));
        OK(pair_unmap(&pair, home(), 64 * PAGE));
    }
    end();
}

static void bad_host_addresses_are_invalid(void) {
    const uint64_t far = UINT64_C(1) << format->output_width;
    const uint64_t bad[] = {1, 0x800, far - PAGE + 1, far, far - PAGE, 0 - PAGE, 0 - 2 * PAGE};
    axaddr_hpa_t frames[3];
    unsigned i;
    unsigned k;

    begin_pages(home(), 64);
    GO_ON();
    for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        FAILS(INVALID, pair_map_linear(&pair, home(), bad[i], 2 * PAGE, RW));
        for (k = 0; k < 3 && bad[i] != far - PAGE; k++) {
            frames[0] = axaddr_hpa(0);
            frames[1] = axaddr_hpa(PAGE);
            frames[2] = axaddr_hpa(2 * PAGE);
            frames[k] = axaddr_hpa(bad[i]);
            FAILS(INVALID, pair_map_frames(&pair, home(), frames, 3, RW));
        }
    }
    OK(pair_map_linear(&pair, home(), far - 2 * PAGE, 2 * PAGE, RW));
    end();
}

static void failures_have_an_order(void) {
    uint32_t never = AXADDR_READ | AXADDR_EXECUTE | AXADDR_DEVICE; /* no format holds it */
    uint64_t far = UINT64_C(1) << format->output_width;
    axaddr_hpa_t frames[2] = {{0}, {1}};

    begin_pages(home(), 64);
    GO_ON();
    OK(pair_map_linear(&pair, home(), 0, 8 * PAGE, RW));
    FAILS(INVALID, pair_map_linear(&pair, home() + 1, 0, PAGE, never));
    FAILS(INVALID, pair_map_linear(&pair, home(), far, PAGE, never));
    FAILS(INVALID, pair_map_frames(&pair, home(), frames, 2, never));
    FAILS(INVALID, pair_map_alloc(&pair, home() - PAGE, PAGE, never, AXADDR_LAZY));
    FAILS(INVALID, pair_protect(&pair, home(), PAGE + 1, never));
    FAILS(UNSUPPORTED, pair_map_linear(&pair, home(), 0, PAGE, never));
    FAILS(UNSUPPORTED, pair_map_frames(&pair, home(), frames, 1, never));
    FAILS(UNSUPPORTED, pair_map_alloc(&pair, home(), PAGE, never, AXADDR_POPULATE));
    FAILS(UNSUPPORTED, pair_protect(&pair, home() + 32 * PAGE, PAGE, never));
    pair.fail_in = 1;
    FAILS(EXISTS, pair_map_linear(&pair, home() + 4 * PAGE, 0, 8 * PAGE, RW));
    pair.fail_in = 1;
    FAILS(EXISTS, pair_map_alloc(&pair, home(), 64 * PAGE, RW, AXADDR_POPULATE));
    pair.fail_in = 1;
    FAILS(EXISTS, pair_map_device(&pair, home(), 64 * PAGE, 0));
    pair.fail_in = 1;
    FAILS(NOT_MAPPED, pair_protect(&pair, home() + 4 * PAGE, 8 * PAGE, RW));
    end();
}

int main(void) {
    EACH(last_page_of_the_space);
    EACH(widths_are_not_aliased);
    EACH(bad_ranges_are_invalid);
    EACH(bad_flags_are_invalid);
    EACH(flags_are_held_or_unsupported);
    EACH(bad_host_addresses_are_invalid);
    EACH(failures_have_an_order);
    return check_report("test_refuse");
}
