/* SPDX-License-Identifier: MIT
 *
 * test_space.c: life of a space, mapping, lazy memory, devices, areas, over every format: what each
 * call promises, and by name what "must never happen". Every operation goes
 * through pair.h and is compared with the model as a whole; what a case adds is the situation.
 */
#include "fixture.h"

/* ---- life ---- */

static void init_takes_an_aligned_root(void) {
    uint64_t bytes = HOST_FRAME_SIZE << format->root_order;
    begin_pages(home(), 8);
    GO_ON();
    CHECK_EQ(host.used_count, UINT64_C(1) << format->root_order);
    CHECK_EQ(kind->root(pair.space) & (bytes - 1), 0);
    CHECK_EQ(host_used_frame(&host, kind->root(pair.space))->order, format->root_order);
    end();
}

static void init_refuses(void) {
    static const struct {
        uint64_t start;
        uint64_t size;
    } bad[] = {
        {0, 0},           {PAGE, 0},        {1, PAGE},     {0, PAGE + 1},
        {PAGE / 2, PAGE}, {PAGE, PAGE - 1}, {0, 0 - PAGE}, {0 - PAGE, 2 * PAGE},
        {PAGE, 0 - PAGE},
    };
    void *space = malloc(kind->size);
    uint64_t wide = UINT64_C(1) << format->input_width;
    unsigned i;

    for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        if (kind->init(space, &host, bad[i].start, bad[i].size) != AXADDR_INVALID) {
            check_fail(__FILE__, __LINE__, "init %u is not INVALID", i);
        }
    }
    if (kind->init(space, &host, 0, wide + PAGE) != AXADDR_INVALID ||
        kind->init(space, &host, wide, PAGE) != AXADDR_INVALID ||
        kind->init(space, &host, wide - PAGE, 2 * PAGE) != AXADDR_INVALID) {
        check_fail(__FILE__, __LINE__, "a space wider than the format is not INVALID");
    }
    host_begin(&host);
    host_fail_in(&host, 1, false);
    if (kind->init(space, &host, 0, PAGE) != AXADDR_NO_MEMORY) {
        check_fail(__FILE__, __LINE__, "init without memory is not NO_MEMORY");
    }
    free(space);
    CHECK_EQ(host.used_count, 0);
    CHECK_STR(host_error(&host), "");
}

static void whole_input_space(void) {
    uint64_t cuts[] = {0, PAGE, reach - PAGE, reach};
    begin_cuts(cuts, 4);
    GO_ON();
    OK(pair_map_linear(&pair, 0, PAGE, PAGE, RW));
    OK(pair_map_linear(&pair, reach - PAGE, 0, PAGE, RW));
    OK(pair_map_alloc(&pair, PAGE, reach - 2 * PAGE, RW, AXADDR_LAZY));
    OK(pair_unmap(&pair, 0, reach));
    CHECK_EQ(stats_now().table_count, UINT64_C(1) << format->root_order);
    end();
}

static void destroy_frees_everything(void) {
    uint64_t plans;
    begin_pages(home(), 64);
    GO_ON();
    OK(pair_map_alloc(&pair, home(), 10 * PAGE, RW, AXADDR_POPULATE));
    OK(pair_map_alloc(&pair, home() + 16 * PAGE, 4 * PAGE, RW, AXADDR_LAZY));
    OK(pair_fault(&pair, home() + 17 * PAGE, AXADDR_WRITE));
    OK(pair_map_device(&pair, home() + 20 * PAGE, PAGE, 5));
    OK(pair_map_linear(&pair, home() + 32 * PAGE, 0, 8 * PAGE, RW));
    plans = host.plan_count;
    pair_destroy(&pair); /* checks the ledger: all free, none before the flush */
    GO_ON();
    CHECK(host.plan_count > plans);
}

/* ---- mapping ---- */

static void host_above_and_below_guest(void) {
    uint64_t high = (UINT64_C(1) << format->output_width) - 8 * PAGE;
    begin_pages(home(), 64);
    GO_ON();
    OK(pair_map_linear(&pair, home(), home() + 32 * PAGE, 4 * PAGE, RW));
    OK(pair_map_linear(&pair, home() + 8 * PAGE, 0, 4 * PAGE, RW));
    OK(pair_map_linear(&pair, home() + 16 * PAGE, high, 8 * PAGE, RW));
    OK(pair_map_linear(&pair, home() + 32 * PAGE, home() + 32 * PAGE, 4 * PAGE, RWX));
    CHECK_EQ(translated(home() + 0x123), home() + 32 * PAGE + 0x123);
    CHECK_EQ(translated(home() + 12 * PAGE - 1), 4 * PAGE - 1);
    CHECK_EQ(translated(home() + 24 * PAGE - 1), (UINT64_C(1) << format->output_width) - 1);
    end();
}

static void largest_leaves_that_fit(void) {
    uint64_t cuts[] = {home() - PAGE,      home(),
                       home() + large,     home() + 2 * large,
                       home() + 3 * large, home() + 3 * large + PAGE};
    struct axaddr_stats stats;
    begin_cuts(cuts, 6);
    GO_ON();
    OK(pair_map_linear(&pair, home() - PAGE, 8 * large - PAGE, 3 * large + 2 * PAGE, RW));
    stats = stats_now();
    CHECK_EQ(stats.leaf_count[1], 3);
    CHECK_EQ(stats.leaf_count[0], 2);
    OK(pair_unmap(&pair, home() - PAGE, 3 * large + 2 * PAGE));
    OK(pair_map_linear(&pair, home() - PAGE, 8 * large, 3 * large + 2 * PAGE, RW));
    CHECK_EQ(stats_now().leaf_count[1], 0);
    OK(pair_unmap(&pair, home() - PAGE, 3 * large + 2 * PAGE));
    OK(pair_map_linear(&pair, home(), 0, large, RW | AXADDR_SMALL));
    CHECK_EQ(stats_now().leaf_count[1], 0);
    CHECK_EQ(stats_now().leaf_count[0], large / PAGE);
    end();
}

static void frames_that_adjoin_become_large(void) {
    uint64_t pages = large / PAGE;
    axaddr_hpa_t frames[3 * 512];
    struct axaddr_stats stats;
    uint64_t i;

    begin_pages(home(), (uint32_t)(3 * pages));
    GO_ON();
    /* a large one, one that adjoins but begins one page off, one with its last frame elsewhere */
    for (i = 0; i < 3 * pages; i++) {
        uint64_t frame = 16 * large + i * PAGE;
        frame += i >= pages ? 4 * large + PAGE : 0;
        frame += i >= 2 * pages ? 4 * large - PAGE : 0;
        frame += i == 3 * pages - 1 ? PAGE : 0;
        frames[i] = axaddr_hpa(frame);
    }
    OK(pair_map_frames(&pair, home(), frames, (size_t)(3 * pages), RW));
    stats = stats_now();
    CHECK_EQ(stats.leaf_count[1], 1);
    CHECK_EQ(stats.leaf_count[0], 2 * pages);
    OK(pair_unmap(&pair, home(), 3 * large));
    OK(pair_map_frames(&pair, home(), frames, (size_t)pages, RW | AXADDR_SMALL));
    CHECK_EQ(stats_now().leaf_count[1], 0);
    OK(pair_unmap(&pair, home(), large));
    /* descending, and one frame many times: never a run */
    for (i = 0; i < 2 * pages; i++) {
        frames[i] = axaddr_hpa(i < pages ? 16 * large - i * PAGE : 16 * large);
    }
    OK(pair_map_frames(&pair, home(), frames, (size_t)(2 * pages), RW));
    CHECK_EQ(stats_now().leaf_count[1], 0);
    end();
}

static void frames_become_a_huge_leaf(void) {
    uint64_t cuts[] = {huge, 2 * huge, 2 * huge + PAGE};
    size_t count = (size_t)(huge / PAGE) + 1;
    axaddr_hpa_t *frames = (axaddr_hpa_t *)malloc(count * sizeof(*frames));
    size_t i;

    if (huge != 0) {
        begin_cuts(cuts, 3);
        for (i = 0; i < count; i++) {
            frames[i] = axaddr_hpa(4 * huge + i * PAGE);
        }
        pair_map_frames(&pair, huge, frames, count, RW);
    }
    free(frames);
    if (huge != 0 && !check_case_failed) {
        CHECK_EQ(stats_now().leaf_count[2], 1);
        CHECK_EQ(stats_now().leaf_count[0], 1);
        end();
    }
}

static void mapping_what_is_there_exists(void) {
    axaddr_hpa_t frames[4] = {{0}, {PAGE}, {PAGE * 5}, {0}};
    uint64_t at = home();
    unsigned i;

    begin_pages(at, 64);
    GO_ON();
    OK(pair_map_linear(&pair, at + 10 * PAGE, 0, PAGE, RW));
    OK(pair_map_alloc(&pair, at + 20 * PAGE, PAGE, RW, AXADDR_LAZY));
    OK(pair_map_alloc(&pair, at + 30 * PAGE, PAGE, RW, AXADDR_POPULATE));
    OK(pair_map_device(&pair, at + 40 * PAGE, PAGE, 1));
    OK(pair_map_frames(&pair, at + 50 * PAGE, frames, 1, RW));
    for (i = 10; i <= 50; i += 10) {
        uint64_t first = at + (i - 3) * PAGE; /* the last of four pages is taken */
        FAILS(EXISTS, pair_map_linear(&pair, first, 0, 4 * PAGE, RW));
        FAILS(EXISTS, pair_map_frames(&pair, first, frames, 4, RW));
        FAILS(EXISTS, pair_map_alloc(&pair, first, 4 * PAGE, RW, AXADDR_LAZY));
        FAILS(EXISTS, pair_map_alloc(&pair, first, 4 * PAGE, RW, AXADDR_POPULATE));
        FAILS(EXISTS, pair_map_device(&pair, first, 4 * PAGE, 0));
        FAILS(EXISTS, pair_map_linear(&pair, at + i * PAGE, 0, PAGE, RW));
    }
    FAILS(EXISTS, pair_map_alloc(&pair, at, 64 * PAGE, RW, AXADDR_LAZY));
    end();
}

static void linear_memory_is_never_freed(void) {
    axaddr_hpa_t frames[2];
    uint8_t *bytes;
    unsigned i;

    frames[0] = axaddr_hpa(host_donate(&host));
    frames[1] = axaddr_hpa(host_donate(&host));
    bytes = host_peek(&host, frames[0].raw);
    memset(bytes, 0x33, HOST_FRAME_SIZE);
    begin_pages(home(), 64);
    GO_ON();
    for (i = 0; i < 2; i++) {
        OK(pair_map_linear(&pair, home(), frames[0].raw, PAGE, RW));
        OK(pair_map_frames(&pair, home() + 8 * PAGE, &frames[1], 1, RW));
        if (i == 0) {
            OK(pair_unmap(&pair, home(), 64 * PAGE));
        }
    }
    end(); /* checks that just the two are left */
    GO_ON();
    CHECK(host_bytes_are(bytes, 0x33));
}

/* ---- lazy memory ---- */

static void frames_are_zeroed(void) {
    uint64_t i;
    begin_pages(home(), 64);
    GO_ON();
    OK(pair_map_alloc(&pair, home(), 20 * PAGE, RWX, AXADDR_POPULATE));
    OK(pair_map_alloc(&pair, home() + 32 * PAGE, 20 * PAGE, RWX, AXADDR_LAZY));
    for (i = 32; i < 52; i++) {
        OK(pair_fault(&pair, home() + i * PAGE + i, AXADDR_READ));
    }
    /* And once more with frames that the guest has written. */
    for (i = 0; i < 52; i++) {
        uint64_t hpa = translated(home() + i * PAGE);
        if (hpa != MODEL_UNKNOWN) {
            memset(host_peek(&host, hpa), 0x77, HOST_FRAME_SIZE);
        }
    }
    host_begin(&host);
    CHECK_EQ(kind->unmap(pair.space, home(), 64 * PAGE), AXADDR_OK);
    CHECK_EQ(kind->map_alloc(pair.space, home(), 40 * PAGE, RW, AXADDR_POPULATE), AXADDR_OK);
    for (i = 0; i < 40; i++) {
        CHECK(host_bytes_are(host_peek(&host, translated(home() + i * PAGE)), 0));
    }
    host_begin(&host);
    CHECK_EQ(kind->unmap(pair.space, home(), 64 * PAGE), AXADDR_OK);
    model_unmap(&pair.model, home(), 64 * PAGE);
    end();
}

static void second_fault_is_spurious(void) {
    uint64_t at = home() + 3 * PAGE;
    uint64_t hpa;
    uint64_t used;
    unsigned i;

    begin_pages(home(), 64);
    GO_ON();
    OK(pair_map_alloc(&pair, home(), 64 * PAGE, RW, AXADDR_LAZY));
    OK(pair_fault(&pair, at + 8, AXADDR_WRITE));
    hpa = translated(at);
    CHECK(hpa != MODEL_UNKNOWN);
    memset(host_peek(&host, hpa) + 100, 0x5a, 1000);
    used = host.used_count;
    for (i = 0; i < 4; i++) {
        host_begin(&host);
        CHECK_EQ(kind->handle_fault(pair.space, at + i * 1365, AXADDR_READ << (i & 1)),
                 AXADDR_FAULT_SPURIOUS);
    }
    CHECK_EQ(kind->handle_fault(pair.space, at, AXADDR_EXECUTE), AXADDR_FAULT_DENIED);
    CHECK_EQ(kind->handle_fault(pair.space, at, RWX), AXADDR_FAULT_DENIED);
    CHECK_EQ(translated(at), hpa);
    CHECK_EQ(host.used_count, used);
    CHECK(host_peek(&host, hpa)[100] == 0x5a && host_peek(&host, hpa)[1099] == 0x5a);
    CHECK_EQ(translated(at + PAGE), MODEL_UNKNOWN);
    CHECK_EQ(translated(at - 1), MODEL_UNKNOWN);
    end();
}

static void faults_outside_are_unmapped(void) {
    uint64_t wide = UINT64_C(1) << format->input_width;
    uint64_t used;

    begin_pages(home(), 64);
    GO_ON();
    OK(pair_map_alloc(&pair, home(), 32 * PAGE, RW, AXADDR_LAZY));
    used = host.used_count;
    host_begin(&host);
    CHECK_EQ(kind->handle_fault(pair.space, home() + 40 * PAGE, 1), AXADDR_FAULT_UNMAPPED);
    CHECK_EQ(kind->handle_fault(pair.space, home() - 1, 1), AXADDR_FAULT_UNMAPPED);
    CHECK_EQ(kind->handle_fault(pair.space, home() + 64 * PAGE, 1), AXADDR_FAULT_UNMAPPED);
    CHECK_EQ(kind->handle_fault(pair.space, 0, 1), AXADDR_FAULT_UNMAPPED);
    CHECK_EQ(kind->handle_fault(pair.space, UINT64_MAX, 1), AXADDR_FAULT_UNMAPPED);
    CHECK_EQ(kind->handle_fault(pair.space, home() + wide, 1), AXADDR_FAULT_UNMAPPED);
    CHECK_EQ(kind->handle_fault(pair.space, home() | UINT64_C(1) << 63, 1), AXADDR_FAULT_UNMAPPED);
    CHECK_EQ(host.used_count, used);
    CHECK_EQ(host.op_plan_count, 0);
    end();
}

/** A reservation builds its edges only, wherever it begins, whatever its leaves may be. */
static void lazy_memory_takes_few_tables(void) {
    uint64_t size = reach / 2 < UINT64_C(1) << 39 ? reach / 2 : UINT64_C(1) << 39;
    uint64_t starts[] = {0, size / 2, 2 * large};
    unsigned i;

    for (i = 0; i < 6; i++) {
        uint64_t start = starts[i % 3];
        uint64_t cuts[] = {start, start + size};
        uint64_t used;
        begin_cuts(cuts, 2);
        GO_ON();
        used = host.used_count;
        OK(pair_map_alloc(&pair, start, size, RWX | (i < 3 ? 0 : AXADDR_SMALL), AXADDR_LAZY));
        CHECK(host.used_count - used <= 4);
        CHECK_EQ(stats_now().reserved_bytes, size);
        end();
        GO_ON();
    }
}

static void lazy_memory_cut_in_the_middle(void) {
    uint64_t top = home() + 4 * large;
    uint64_t cuts[] = {home(),
                       home() + PAGE,
                       home() + 2 * PAGE,
                       home() + large + 2 * PAGE,
                       home() + large + 3 * PAGE,
                       home() + 2 * large,
                       home() + 2 * large + PAGE,
                       home() + 3 * large,
                       top};
    uint64_t page = home() + large + 2 * PAGE;

    begin_cuts(cuts, 9);
    GO_ON();
    OK(pair_map_alloc(&pair, home(), top - home(), RW, AXADDR_LAZY));
    OK(pair_fault(&pair, page, AXADDR_READ));
    OK(pair_fault(&pair, home() + PAGE, AXADDR_READ));
    OK(pair_protect(&pair, page, home() + 2 * large + PAGE - page, AXADDR_READ));
    OK(pair_fault(&pair, page, AXADDR_WRITE));
    OK(pair_fault(&pair, home() + 2 * large, AXADDR_WRITE)); /* DENIED: still reserved */
    OK(pair_fault(&pair, home() + 2 * large, AXADDR_READ));
    OK(pair_unmap(&pair, home() + 2 * PAGE, large + PAGE));
    OK(pair_unmap(&pair, home() + 3 * large, large));
    OK(pair_fault(&pair, home(), AXADDR_WRITE));
    OK(pair_map_device(&pair, page, PAGE, 9));
    OK(pair_protect(&pair, home(), 2 * PAGE, RWX));
    OK(pair_unmap(&pair, home(), top - home()));
    CHECK_EQ(stats_now().table_count, UINT64_C(1) << format->root_order);
    end();
}

static void populate_that_runs_out_leaves_nothing(void) {
    uint32_t i;
    begin_pages(home(), 1024);
    GO_ON();
    FAILS(NO_MEMORY, pair_map_alloc(&pair, home(), 1024 * PAGE, RW, AXADDR_POPULATE));
    CHECK_EQ(host.used_count, UINT64_C(1) << format->root_order);
    for (i = 1; i < 30; i += 7) {
        pair.fail_in = i;
        FAILS(NO_MEMORY, pair_map_alloc(&pair, home(), 40 * PAGE, RW, AXADDR_POPULATE));
    }
    OK(pair_map_alloc(&pair, home(), 40 * PAGE, RW, AXADDR_POPULATE));
    end();
}

static void fault_without_memory(void) {
    begin_pages(home(), 64);
    GO_ON();
    OK(pair_map_alloc(&pair, home(), 64 * PAGE, RW, AXADDR_LAZY));
    pair.fail_in = 1;
    FAILS(NO_MEMORY, pair_fault(&pair, home(), AXADDR_READ));
    OK(pair_fault(&pair, home(), AXADDR_READ));
    pair.fail_in = 1;
    FAILS(NO_MEMORY, pair_fault(&pair, home() + PAGE, AXADDR_READ));
    OK(pair_fault(&pair, home() + PAGE, AXADDR_READ));
    end();
}

/* ---- devices ---- */

static void device_traps_every_access(void) {
    struct axaddr_mapping mapping;
    uint32_t access;

    begin_pages(home(), 64);
    GO_ON();
    OK(pair_map_device(&pair, home(), 8 * PAGE, AXADDR_COOKIE_MAX));
    OK(pair_map_device(&pair, home() + 8 * PAGE, 8 * PAGE, 0));
    FAILS(INVALID, pair_map_device(&pair, home() + 32 * PAGE, PAGE, AXADDR_COOKIE_MAX + 1));
    FAILS(INVALID, pair_map_device(&pair, home() + 32 * PAGE, PAGE, UINT32_MAX));
    for (access = 1; access <= RWX; access++) {
        CHECK_EQ(kind->handle_fault(pair.space, home() + 8 * PAGE - 1, access),
                 AXADDR_FAULT_DEVICE);
        CHECK_EQ(kind->handle_fault(pair.space, home() + 8 * PAGE, access), AXADDR_FAULT_DEVICE);
    }
    CHECK_EQ(kind->query(pair.space, home() + 5, &mapping), AXADDR_NOT_MAPPED);
    CHECK_EQ(mapping.kind, AXADDR_ABSENT_TRAPPED);
    CHECK_EQ(mapping.cookie, AXADDR_COOKIE_MAX);
    FAILS(DENIED, pair_protect(&pair, home() + 2 * PAGE, 4 * PAGE, RW));
    FAILS(NOT_MAPPED, pair_protect(&pair, home() + 20 * PAGE, 4 * PAGE, RW));
    OK(pair_unmap(&pair, home() + 2 * PAGE, PAGE));
    OK(pair_fault(&pair, home() + 2 * PAGE, AXADDR_READ));
    end();
}

static void large_device_takes_few_tables(void) {
    uint64_t cuts[] = {0, 2 * PAGE, reach / 2, reach - PAGE, reach};
    begin_cuts(cuts, 5);
    GO_ON();
    OK(pair_map_device(&pair, 2 * PAGE, reach - 3 * PAGE, 77));
    OK(pair_unmap(&pair, reach / 2, reach / 2));
    OK(pair_fault(&pair, reach / 2 - 1, AXADDR_WRITE));
    end();
}

/* ---- several of them ---- */

static void two_spaces_at_once(void) {
    const struct space_ops *other = spaces[6]; /* the toy: few addresses, small tables */
    static struct host other_host;
    void *b = malloc(other->size);
    void *a = malloc(kind->size);
    uint64_t hpa = 0;
    uint64_t used;
    unsigned i;

    host_init(&other_host, 64, HOST_BASE * 2, HOST_STACK);
    host_begin(&host);
    if (kind->init(a, &host, home(), 64 * PAGE) != AXADDR_OK ||
        other->init(b, &other_host, 0, 64 * PAGE) != AXADDR_OK) {
        check_fail(__FILE__, __LINE__, "init");
        abort();
    }
    used = other_host.used_count;
    begin_pages(home(), 64); /* and a third one, of the same format in the same host */
    GO_ON();
    pair.donated_count = host.used_count - (UINT32_C(1) << format->root_order);
    OK(pair_map_alloc(&pair, home(), 32 * PAGE, RW, AXADDR_LAZY));
    CHECK_EQ(kind->translate(a, home(), &hpa), AXADDR_NOT_MAPPED);
    CHECK_EQ(kind->handle_fault(a, home(), AXADDR_READ), AXADDR_FAULT_UNMAPPED);
    CHECK_EQ(other_host.used_count, used);
    CHECK_EQ(other->map_alloc(b, 0, 4 * PAGE, RW, AXADDR_POPULATE), AXADDR_OK);
    for (i = 0; i < 8; i++) {
        OK(pair_fault(&pair, home() + i * PAGE, AXADDR_READ));
    }
    host_begin(&host);
    kind->destroy(a);
    pair.donated_count = 0;
    host_begin(&other_host);
    other->destroy(b);
    CHECK_EQ(other_host.used_count, 0);
    CHECK_STR(host_error(&other_host), "");
    free(a);
    free(b);
    host_destroy(&other_host);
    OK(pair_protect(&pair, home() + 4 * PAGE, 8 * PAGE, AXADDR_READ));
    end();
}

/** Thousands of areas without a gap between them, then with a gap between any two. */
static void many_areas(void) {
    const uint32_t count = 5000;
    uint64_t at = PAGE;
    uint64_t cuts[] = {0, PAGE, PAGE + count * PAGE, PAGE + 6000 * PAGE};
    struct axaddr_area area;
    uint64_t used;
    uint32_t i;
    uint32_t k;

    begin_cuts(cuts, 4);
    GO_ON();
    used = host.used_count;
    for (k = 0; k < count; k++) {
        i = (uint32_t)(k * UINT64_C(2357) % count); /* all of them, in a scattered order */
        host_begin(&host);
        CHECK_EQ(kind->map_device(pair.space, at + i * PAGE, PAGE, i), AXADDR_OK);
    }
    CHECK_EQ(stats_now().area_count, count);
    for (i = 0; i < count; i++) {
        CHECK_EQ(kind->find_area(pair.space, at + i * PAGE + i % PAGE, &area), AXADDR_OK);
        CHECK_EQ(area.cookie, i);
        CHECK_EQ(area.first, at + i * PAGE);
        CHECK_EQ(area.last, at + (i + 1) * PAGE - 1);
    }
    CHECK_EQ(kind->map_device(pair.space, at + 1234 * PAGE, PAGE, 0), AXADDR_EXISTS);
    CHECK_EQ(kind->next_area(pair.space, 0, &area), AXADDR_OK);
    CHECK_EQ(area.first, at);
    for (i = 1; i < count; i += 2) {
        host_begin(&host);
        CHECK_EQ(kind->unmap(pair.space, at + i * PAGE, PAGE), AXADDR_OK);
    }
    for (i = 0; i < count; i += 2) {
        CHECK_EQ(kind->next_area(pair.space, i == 0 ? 0 : at + (i - 1) * PAGE, &area), AXADDR_OK);
        CHECK_EQ(area.cookie, i);
        CHECK_EQ(kind->find_area(pair.space, at + (i + 1) * PAGE, &area), AXADDR_NOT_MAPPED);
    }
    CHECK_EQ(kind->next_area(pair.space, at + count * PAGE, &area), AXADDR_NOT_MAPPED);
    host_begin(&host);
    CHECK_EQ(kind->unmap(pair.space, 0, cuts[3]), AXADDR_OK);
    CHECK_EQ(stats_now().area_count, 0);
    CHECK_EQ(host.used_count, used);
    end();
}

static void areas_say_what_was_mapped(void) {
    struct axaddr_area area;
    uint64_t at = home();

    begin_pages(at, 64);
    GO_ON();
    CHECK_EQ(kind->next_area(pair.space, 0, &area), AXADDR_NOT_MAPPED);
    OK(pair_map_linear(&pair, at + 8 * PAGE, 16 * large, 8 * PAGE, RW | AXADDR_SMALL));
    OK(pair_map_device(&pair, at + 32 * PAGE, 8 * PAGE, 42));
    CHECK_EQ(kind->next_area(pair.space, 0, &area), AXADDR_OK);
    CHECK_EQ(area.first, at + 8 * PAGE);
    CHECK_EQ(area.last, at + 16 * PAGE - 1);
    CHECK_EQ(area.kind, AXADDR_AREA_LINEAR);
    CHECK_EQ(area.flags, RW);
    CHECK_EQ(kind->next_area(pair.space, area.last, &area), AXADDR_OK);
    CHECK_EQ(area.first, at + 8 * PAGE);
    CHECK_EQ(kind->next_area(pair.space, area.last + 1, &area), AXADDR_OK);
    CHECK_EQ(area.first, at + 32 * PAGE);
    CHECK_EQ(area.cookie, 42);
    CHECK_EQ(kind->next_area(pair.space, area.last + 1, &area), AXADDR_NOT_MAPPED);
    CHECK_EQ(kind->find_area(pair.space, at, &area), AXADDR_NOT_MAPPED);
    CHECK_EQ(kind->find_area(pair.space, at + 40 * PAGE, &area), AXADDR_NOT_MAPPED);
    /* Cut on the left, on the right and in the middle: the host address goes along. */
    OK(pair_unmap(&pair, at + 8 * PAGE, 2 * PAGE));
    OK(pair_unmap(&pair, at + 15 * PAGE, PAGE));
    OK(pair_unmap(&pair, at + 12 * PAGE, PAGE));
    CHECK_EQ(kind->find_area(pair.space, at + 13 * PAGE, &area), AXADDR_OK);
    CHECK_EQ(area.first, at + 13 * PAGE);
    CHECK_EQ(area.last, at + 15 * PAGE - 1);
    OK(pair_protect(&pair, at + 10 * PAGE, PAGE, AXADDR_READ));
    CHECK_EQ(kind->find_area(pair.space, at + 10 * PAGE, &area), AXADDR_OK);
    CHECK_EQ(area.last, at + 11 * PAGE - 1);
    CHECK_EQ(area.flags, AXADDR_READ);
    end();
}

/** Entries of every kind side by side in one table, each in a state of its own. */
static void absent_entries_are_not_followed(void) {
    static const uint32_t cookies[] = {0, 1, 3, 7, 0xfff, 0xf0f0, 0x1234, AXADDR_COOKIE_MAX};
    uint64_t i;

    begin_pages(home(), 64);
    GO_ON();
    for (i = 0; i < 8; i++) {
        OK(pair_map_device(&pair, home() + i * PAGE, PAGE, cookies[i]));
        OK(pair_map_alloc(&pair, home() + (i + 16) * PAGE, PAGE, i % 2 == 0 ? AXADDR_READ : RW,
                          AXADDR_LAZY));
    }
    OK(pair_map_linear(&pair, home() + 40 * PAGE, 0, 4 * PAGE, RW));
    for (i = 0; i < 24; i++) {
        OK(pair_fault(&pair, home() + i * PAGE, AXADDR_READ));
    }
    OK(pair_unmap(&pair, home(), 64 * PAGE));
    end();
}

int main(void) {
    EACH(init_takes_an_aligned_root);
    EACH(init_refuses);
    EACH(whole_input_space);
    EACH(destroy_frees_everything);
    EACH(host_above_and_below_guest);
    EACH(largest_leaves_that_fit);
    EACH(frames_that_adjoin_become_large);
    EACH(frames_become_a_huge_leaf);
    EACH(mapping_what_is_there_exists);
    EACH(linear_memory_is_never_freed);
    EACH(frames_are_zeroed);
    EACH_IN(frames_are_zeroed, HOST_STACK);
    EACH(second_fault_is_spurious);
    EACH(faults_outside_are_unmapped);
    EACH(lazy_memory_takes_few_tables);
    EACH(lazy_memory_cut_in_the_middle);
    EACH(populate_that_runs_out_leaves_nothing);
    EACH(fault_without_memory);
    EACH(device_traps_every_access);
    EACH(large_device_takes_few_tables);
    EACH(two_spaces_at_once);
    EACH(many_areas);
    EACH(areas_say_what_was_mapped);
    EACH(absent_entries_are_not_followed);
    return check_report("test_space");
}
