/* SPDX-License-Identifier: MIT
 *
 * test_regions.c: what asks for whole ranges of a space: can_access and find_free against models
 * that look at every page, clear, and map_regions, which does all or nothing beside areas that its
 * regions join with.
 */
#include "check.h"
#include "every_format.h"
#include "host.h"

#define R    AXADDR_READ
#define W    AXADDR_WRITE
#define X    AXADDR_EXECUTE
#define RW   (R | W)
#define PAGE HOST_FRAME_SIZE
#define SEED UINT64_C(0x7d3f9a1c50e2b864)

static struct host host;

AXADDR_DEFINE_SPACE(ept, axaddr_x86_ept, host_hal_shared);
AXADDR_DEFINE_SPACE(x64, axaddr_x86_64, host_hal); /* whose addresses end at 2^64 - 1 */
AXADDR_DEFINE_SPACE(xnx, axaddr_aarch64_stage2_40_xnx, host_hal);

#define STATUS(expected, call) CHECK_STR(axaddr_status_name((enum axaddr_status)(call)), #expected)
#define GO_ON()                                                                                    \
    do {                                                                                           \
        if (check_case_failed) {                                                                   \
            return;                                                                                \
        }                                                                                          \
    } while (0)

static uint64_t random_state;

static uint64_t random_below(uint64_t count) {
    random_state = random_state * UINT64_C(6364136223846793005) + 1442695040888963407u;
    return (random_state >> 33) % count;
}

static struct ept vm;
static uint64_t base;

#define AT(page) (base + (uint64_t)(page)*PAGE)

static axaddr_gpa_t at(uint64_t page) {
    return axaddr_gpa(AT(page));
}

static void begin(uint64_t start, uint64_t page_count) {
    base = start;
    random_state = SEED;
    snprintf(check_context, sizeof check_context, "seed 0x%" PRIx64, SEED);
    host_init(&host, 600, HOST_BASE, HOST_SCATTERED);
    host_begin(&host);
    STATUS(OK, ept_init(&vm, &host, axaddr_gpa(start), page_count * PAGE));
}

static void end(void) {
    GO_ON();
    ept_destroy(&vm);
    CHECK_EQ(host.used_count, 0);
    CHECK_STR(host_error(&host), "");
    host_destroy(&host);
}

/* ---- can_access ---- */

#define PAGES 96

/** What a page permits; 0: nothing, as a device does. */
struct page {
    bool is_there;
    uint32_t flags;
};
static struct page pages[PAGES];

static enum axaddr_status model_access(uint64_t address, uint64_t size, uint32_t access) {
    uint64_t offset = address - base;
    uint64_t page;

    if (size == 0 || address < base || offset >= PAGES * PAGE || size > PAGES * PAGE - offset) {
        return AXADDR_INVALID;
    }
    for (page = offset / PAGE; page <= (offset + size - 1) / PAGE; page++) {
        if (!pages[page].is_there) {
            return AXADDR_NOT_MAPPED;
        }
        if (pages[page].flags == 0 || (access & ~pages[page].flags) != 0) {
            return AXADDR_DENIED;
        }
    }
    return AXADDR_OK;
}

/** Map anything anywhere, or unmap; the model goes along. */
static void any_area(void) {
    static const uint32_t choices[] = {R, RW, RW, RW | X, R | X, X};
    uint32_t flags = choices[random_below(6)];
    uint64_t page = random_below(PAGES);
    uint64_t count = 1 + random_below(PAGES - page < 12 ? PAGES - page : 12);
    uint64_t size = count * PAGE;
    enum axaddr_status status = AXADDR_OK;
    bool is_there = true;

    switch (random_below(5)) {
    case 0:
        status = ept_map_linear(&vm, at(page), axaddr_hpa(0x8000), size, flags | AXADDR_REPLACE);
        break;
    case 1:
        status = ept_map_alloc(&vm, at(page), size, flags | AXADDR_REPLACE, AXADDR_LAZY);
        break;
    case 2:
        flags = 0;
        status = ept_map_device(&vm, at(page), size, 1);
        is_there = status == AXADDR_OK;
        count = is_there ? count : 0;
        status = AXADDR_OK;
        break;
    default:
        is_there = false;
        status = ept_unmap(&vm, at(page), size);
        break;
    }
    CHECK_EQ(status, AXADDR_OK);
    for (; count > 0; count--, page++) {
        pages[page].is_there = is_there;
        pages[page].flags = flags;
    }
}

static void can_access_is_what_each_page_says(void) {
    static const uint32_t accesses[] = {R, W, X, RW, R | X, RW | X, 0};
    unsigned counts[8] = {0};
    unsigned step;
    unsigned i;

    begin(UINT64_C(1) << 30, PAGES);
    GO_ON();
    memset(pages, 0, sizeof pages);
    for (step = 0; step < 600; step++) {
        any_area();
        GO_ON();
        for (i = 0; i < 40; i++) {
            uint64_t address = base + random_below(PAGES * PAGE + 64) - (i == 0 ? 64 : 0);
            uint64_t size = i % 4 == 0 ? random_below(3)
                                       : random_below(random_below(2) == 0 ? 3 * PAGE : 20 * PAGE);
            uint32_t access = accesses[random_below(7)];
            enum axaddr_status status;

            if (i % 8 == 7) { /* whole pages */
                address &= ~(PAGE - 1);
                size = (size & ~(PAGE - 1)) + PAGE;
            }
            status = ept_can_access(&vm, axaddr_gpa(address), size, access);
            CHECK_EQ(status, model_access(address, size, access));
            counts[status < 8 ? status : 7]++;
        }
    }
    CHECK(counts[AXADDR_OK] > 500 && counts[AXADDR_NOT_MAPPED] > 500);
    CHECK(counts[AXADDR_DENIED] > 500 && counts[AXADDR_INVALID] > 100);
    CHECK(!host.is_locked);
    end();
}

/** Modes: of stage 1 users', of stage 2 the guest's. */
static void can_access_knows_modes(void) {
    struct x64 high;
    struct xnx guest;
    uint64_t top = UINT64_C(0xffffffffffff0000);

    begin(0, 16);
    GO_ON();
    STATUS(OK, x64_init(&high, &host, axaddr_gpa(top), 0x10000));
    STATUS(OK, x64_map_linear(&high, axaddr_gpa(top + 0xf000), axaddr_hpa(0), PAGE,
                              RW | X | AXADDR_USER));
    STATUS(OK, x64_map_linear(&high, axaddr_gpa(top + 0xe000), axaddr_hpa(0), PAGE, RW | X));
    STATUS(OK, x64_can_access(&high, axaddr_gpa(UINT64_MAX), 1, R | AXADDR_USER));
    STATUS(OK, x64_can_access(&high, axaddr_gpa(top + 0xf000), PAGE, X | AXADDR_USER));
    STATUS(DENIED, x64_can_access(&high, axaddr_gpa(top + 0xf000), PAGE, X));
    STATUS(OK, x64_can_access(&high, axaddr_gpa(top + 0xf000), PAGE, RW));
    STATUS(OK, x64_can_access(&high, axaddr_gpa(top + 0xe000), 2 * PAGE, RW));
    STATUS(DENIED, x64_can_access(&high, axaddr_gpa(top + 0xe000), 2 * PAGE, R | AXADDR_USER));
    STATUS(INVALID, x64_can_access(&high, axaddr_gpa(UINT64_MAX), 2, R));
    STATUS(NOT_MAPPED, x64_can_access(&high, axaddr_gpa(top + 0xdfff), 2, R));
    x64_destroy(&high);
    STATUS(OK, xnx_init(&guest, &host, axaddr_gpa(0), 0x10000));
    STATUS(OK, xnx_map_linear(&guest, axaddr_gpa(0), axaddr_hpa(0), PAGE, R | AXADDR_EXECUTE_USER));
    STATUS(OK, xnx_map_linear(&guest, axaddr_gpa(PAGE), axaddr_hpa(0), PAGE, R | X));
    STATUS(OK, xnx_can_access(&guest, axaddr_gpa(0), 2 * PAGE, R | AXADDR_EXECUTE_USER));
    STATUS(DENIED, xnx_can_access(&guest, axaddr_gpa(0), 2 * PAGE, AXADDR_EXECUTE_KERNEL));
    STATUS(OK, xnx_can_access(&guest, axaddr_gpa(PAGE), PAGE, AXADDR_EXECUTE_KERNEL));
    STATUS(DENIED, xnx_can_access(&guest, axaddr_gpa(0), PAGE, X));
    xnx_destroy(&guest);
    end();
}

/* ---- find_free ---- */

static bool is_free(uint64_t page, uint64_t count) {
    for (; count > 0; count--, page++) {
        if (page >= PAGES || pages[page].is_there) {
            return false;
        }
    }
    return true;
}

/** Whether a place fits, looked at page by page. */
static bool model_fits(const struct axaddr_placement *wanted, uint64_t place) {
    uint64_t alignment = wanted->alignment > PAGE ? wanted->alignment : PAGE;

    return (place & (alignment - 1)) == 0 && place >= base && place >= wanted->low &&
           place <= wanted->high && wanted->size - 1 <= wanted->high - place &&
           is_free((place - base) / PAGE, wanted->size / PAGE);
}

static enum axaddr_status model_find(const struct axaddr_placement *wanted, uint64_t *place) {
    enum axaddr_status status = AXADDR_NO_MEMORY;
    uint64_t page;

    if (wanted->size == 0 || (wanted->size & (PAGE - 1)) != 0 || wanted->low > wanted->high ||
        (wanted->alignment & (wanted->alignment - 1)) != 0) {
        return AXADDR_INVALID;
    }
    if (wanted->has_hint && model_fits(wanted, wanted->hint)) {
        *place = wanted->hint;
        return AXADDR_OK;
    }
    for (page = 0; page < PAGES; page++) {
        if (model_fits(wanted, AT(page))) {
            *place = AT(page);
            status = AXADDR_OK;
            if (!wanted->is_top_down) {
                break;
            }
        }
    }
    return status;
}

static struct axaddr_placement any_placement(void) {
    struct axaddr_placement wanted;

    memset(&wanted, 0, sizeof wanted);
    wanted.size = (1 + random_below(8)) * PAGE;
    wanted.high = UINT64_MAX;
    if (random_below(2) == 0) {
        wanted.low = base - 3 * PAGE + random_below(PAGES * PAGE);
    }
    if (random_below(2) == 0) {
        wanted.high = base + random_below((PAGES + 3) * PAGE);
    }
    if (random_below(2) == 0) {
        wanted.alignment = UINT64_C(1) << random_below(18);
    }
    wanted.is_top_down = random_below(2) == 0;
    wanted.has_hint = random_below(3) == 0;
    wanted.hint = random_below(4) == 0 ? random_state : AT(random_below(PAGES + 2));
    switch (random_below(24)) {
    case 0:
        wanted.size = random_below(2) * 5;
        break;
    case 1:
        wanted.size += 512;
        break;
    case 2:
        wanted.alignment = random_below(2) == 0 ? 3 * PAGE : 3;
        break;
    case 3:
        wanted.size = PAGES * PAGE;
        break;
    default:
        break;
    }
    return wanted;
}

/** In a space at this address, full or empty, the same as a search of every page. */
static void find_as_model(uint64_t start) {
    unsigned counts[8] = {0};
    unsigned step;
    unsigned i;

    begin(start, PAGES);
    GO_ON();
    memset(pages, 0, sizeof pages);
    for (step = 0; step < 300; step++) {
        any_area();
        if (step % 100 == 99) {
            ept_clear(&vm);
            memset(pages, 0, sizeof pages);
        }
        GO_ON();
        for (i = 0; i < 40; i++) {
            struct axaddr_placement wanted = any_placement();
            struct axaddr_placement kept = wanted;
            axaddr_gpa_t found = axaddr_gpa(1);
            uint64_t expected = 1;
            enum axaddr_status status = model_find(&wanted, &expected);

            CHECK_STR(axaddr_status_name(ept_find_free(&vm, &wanted, &found)),
                      axaddr_status_name(status));
            CHECK_EQ(found.raw, expected);
            CHECK(memcmp(&kept, &wanted, sizeof kept) == 0);
            counts[status < 8 ? status : 7]++;
        }
    }
    CHECK(counts[AXADDR_OK] > 1000 && counts[AXADDR_NO_MEMORY] > 500);
    CHECK(counts[AXADDR_INVALID] > 100);
    CHECK(!host.is_locked);
    end();
}

static void find_free_is_a_search_of_every_page(void) {
    find_as_model(UINT64_C(1) << 30);
    GO_ON();
    find_as_model(5 * PAGE); /* limits below it reach around the end */
}

/** At both ends of what there is, and where nothing is left. */
static void find_free_at_the_ends(void) {
    struct axaddr_placement wanted = {.size = PAGE, .high = UINT64_MAX};
    uint64_t top = UINT64_C(0xffffffffffff0000);
    axaddr_gpa_t found = axaddr_gpa(0);
    struct x64 high;

    begin(0, 16);
    GO_ON();
    STATUS(OK, ept_find_free(&vm, &wanted, &found));
    CHECK_EQ(found.raw, 0);
    STATUS(OK, x64_init(&high, &host, axaddr_gpa(top), 0x10000));
    STATUS(OK, x64_find_free(&high, &wanted, &found));
    CHECK_EQ(found.raw, top);
    wanted.is_top_down = true;
    STATUS(OK, x64_find_free(&high, &wanted, &found));
    CHECK_EQ(found.raw, top + 0xf000);
    STATUS(OK, x64_map_linear(&high, axaddr_gpa(top + 0xf000), axaddr_hpa(0), PAGE, R));
    STATUS(OK, x64_find_free(&high, &wanted, &found));
    CHECK_EQ(found.raw, top + 0xe000);
    wanted.high = top - 1;
    STATUS(NO_MEMORY, x64_find_free(&high, &wanted, &found));
    wanted.high = UINT64_MAX;
    wanted.low = top + 0xf000;
    STATUS(NO_MEMORY, x64_find_free(&high, &wanted, &found));
    wanted.low = 0;
    wanted.size = 0x10000;
    STATUS(NO_MEMORY, x64_find_free(&high, &wanted, &found));
    x64_clear(&high);
    STATUS(OK, x64_find_free(&high, &wanted, &found));
    CHECK_EQ(found.raw, top);
    wanted.size = 0 - PAGE;
    STATUS(NO_MEMORY, x64_find_free(&high, &wanted, &found));
    CHECK_EQ(found.raw, top);
    x64_destroy(&high);
    end();
}

/* ---- clear ---- */

static void clear_unmaps_everything(void) {
    struct axaddr_stats stats;
    axaddr_gpa_t where;
    unsigned i;

    begin(PAGE, (UINT64_C(1) << 20) - 2); /* from page 1 on: bounds in the middle of tables */
    GO_ON();
    for (i = 0; i < 100; i++) {
        STATUS(OK, ept_map_device(&vm, at(i * 3), PAGE, i));
        STATUS(OK, ept_map_alloc(&vm, at(i * 3 + 1), 2 * PAGE, RW,
                                 i % 9 == 0 ? AXADDR_POPULATE : AXADDR_LAZY));
    }
    STATUS(OK, ept_map_linear(&vm, axaddr_gpa(0x40000000), axaddr_hpa(0), 0x40000000, RW));
    STATUS(OK, ept_map_linear(&vm, at((UINT64_C(1) << 20) - 3), axaddr_hpa(0), PAGE, R));
    STATUS(OK, ept_map_linear(&vm, axaddr_gpa(0xc0000000), axaddr_hpa(0), 0x1000000, R));
    host_begin(&host);
    host_fail_in(&host, 1, true); /* it needs no memory */
    ept_clear(&vm);
    CHECK_EQ(host.op_taken, 0);
    CHECK(host.op_plan_count > 0);
    CHECK_EQ(host.used_count, 1); /* the root */
    ept_stats(&vm, &stats);
    CHECK_EQ(stats.area_count, 0);
    CHECK_EQ(stats.mapped_bytes + stats.reserved_bytes + stats.trapped_bytes, 0);
    STATUS(OK, ept_audit(&vm, &where));
    ept_clear(&vm); /* twice is once */
    host_fail_in(&host, 0, false);
    STATUS(OK, ept_map_linear(&vm, at(0), axaddr_hpa(PAGE), ((UINT64_C(1) << 20) - 2) * PAGE, RW));
    end();
}

/* ---- map_regions ---- */

#define AREA_MAX 4000
static struct axaddr_area before[AREA_MAX];
static unsigned before_count;

static unsigned list_areas(struct axaddr_area *areas) {
    unsigned count = 0;
    uint64_t from = 0;

    while (count < AREA_MAX && ept_next_area(&vm, axaddr_gpa(from), &areas[count]) == AXADDR_OK) {
        from = areas[count++].last + 1;
    }
    return count;
}

/** Everything is as it was listed. */
static void check_unchanged(uint32_t used) {
    static struct axaddr_area now[AREA_MAX];
    axaddr_gpa_t where = axaddr_gpa(0);
    unsigned i;

    CHECK_EQ(list_areas(now), before_count);
    for (i = 0; i < before_count; i++) {
        CHECK_EQ(now[i].first, before[i].first);
        CHECK_EQ(now[i].last, before[i].last);
        CHECK_EQ(now[i].hpa, before[i].hpa);
        CHECK_EQ(now[i].flags, before[i].flags);
        CHECK_EQ(now[i].kind, before[i].kind);
        CHECK(now[i].name == before[i].name);
    }
    STATUS(OK, ept_audit(&vm, &where));
    /* The set may have become larger by what was split on the way. */
    CHECK(host.used_count <= used + 3);
    CHECK_STR(host_error(&host), "");
}

static const char text_name[] = "text";

static void regions_become_areas(void) {
    const struct axaddr_region regions[] = {
        {0x200000, 0x40200000, 0x200000, R | X, text_name},
        {0x400000, 0x40400000, 0x3000, R, "rodata"},
        {0x800000, 0x7000, 0x1000, RW | AXADDR_DEVICE, 0},
        {0x10000000, 0x10000000, 0x4000000, RW | AXADDR_SMALL, "direct"},
        {0x403000, 0x40403000, 0x1000, RW, "data"},
    };
    struct axaddr_stats stats;
    struct axaddr_area area;
    axaddr_hpa_t hpa = axaddr_hpa(0);
    unsigned i;

    memset(&area, 0, sizeof area);
    begin(0, UINT64_C(1) << 20);
    GO_ON();
    STATUS(OK, ept_map_regions(&vm, regions, 0));
    STATUS(OK, ept_map_regions(&vm, 0, 0));
    CHECK_EQ(host.used_count, 1);
    STATUS(OK, ept_map_regions(&vm, regions, 5));
    for (i = 0; i < 5; i++) {
        STATUS(OK, ept_find_area(&vm, axaddr_gpa(regions[i].start), &area));
        CHECK_EQ(area.first, regions[i].start);
        CHECK_EQ(area.last, regions[i].start + regions[i].size - 1);
        CHECK_EQ(area.hpa, regions[i].host);
        CHECK_EQ(area.flags, regions[i].flags & ~AXADDR_SMALL);
        CHECK_EQ(area.kind, AXADDR_AREA_LINEAR);
        CHECK(area.name == regions[i].name);
        CHECK_EQ(area.tag, 0);
        STATUS(OK, ept_translate(&vm, axaddr_gpa(area.last), &hpa));
        CHECK_EQ(hpa.raw, regions[i].host + regions[i].size - 1);
    }
    ept_stats(&vm, &stats);
    CHECK_EQ(stats.area_count, 5);
    CHECK_EQ(stats.leaf_count[1], 1);
    before_count = list_areas(before);
    STATUS(EXISTS, ept_map_regions(&vm, regions, 5));
    check_unchanged(host.used_count);
    end();
}

/** Whichever region is bad, whatever is wrong with it, none is mapped. */
static void one_bad_region_undoes_all(void) {
    static const struct {
        struct axaddr_region region;
        enum axaddr_status expected;
    } bad[] = {
        {{0x500000, 0, 0, R, 0}, AXADDR_INVALID},
        {{0x500800, 0, 0x1000, R, 0}, AXADDR_INVALID},
        {{0x500000, 0x800, 0x1000, R, 0}, AXADDR_INVALID},
        {{0x500000, 0, 0x1800, R, 0}, AXADDR_INVALID},
        {{0x500000, 0, 0x1000, 0, 0}, AXADDR_INVALID},
        {{0x500000, 0, 0x1000, R | AXADDR_REPLACE, 0}, AXADDR_INVALID},
        {{0x500000, 0, 0x1000, R | AXADDR_LARGE, 0}, AXADDR_INVALID},
        {{0x500000, 0, 0x1000, R | AXADDR_GLOBAL, 0}, AXADDR_UNSUPPORTED},
        {{0x100000000, 0, 0x1000, R, 0}, AXADDR_INVALID}, /* outside the space */
        {{0x0, 0x0, 0x1000, R, 0}, AXADDR_EXISTS},
        {{0x2000, 0x2000, 0x20000, R, 0}, AXADDR_EXISTS}, /* other regions */
    };
    unsigned place;
    unsigned i;

    begin(0, UINT64_C(1) << 20);
    GO_ON();
    /* Pages 0 and 2, 4, 6 ... : what is put between joins both. */
    for (i = 0; i < 24; i += 2) {
        STATUS(OK, ept_map_linear(&vm, at(i), axaddr_hpa(AT(i)), PAGE, RW));
    }
    before_count = list_areas(before);
    for (i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        for (place = 0; place < 6; place++) {
            struct axaddr_region regions[6];
            uint32_t used = host.used_count;
            unsigned k;

            for (k = 0; k < 6; k++) {
                regions[k].start = AT(4 * k + 1);
                regions[k].host = AT(4 * k + 1);
                regions[k].size = PAGE;
                regions[k].flags = RW;
                regions[k].name = 0;
            }
            regions[place] = bad[i].region;
            CHECK_STR(axaddr_status_name(ept_map_regions(&vm, regions, 6)),
                      axaddr_status_name(bad[i].expected));
            check_unchanged(used);
            GO_ON();
        }
    }
    end();
}

enum { REGIONS = 12, TAKEN = 4901 };

/** Even pages come and go: at first there are more and more. */
static void change_areas(unsigned round) {
    unsigned k;

    for (k = 0; k < 40; k++) {
        uint64_t page = 2 * (round < 60 ? round * 40 + k : random_below(2400));

        if (round < 60 || random_below(3) > 0) {
            enum axaddr_status status =
                ept_map_linear(&vm, at(page), axaddr_hpa(AT(page)), PAGE, RW);
            CHECK(status == AXADDR_OK || status == AXADDR_EXISTS);
        } else {
            STATUS(OK, ept_unmap(&vm, at(page), PAGE));
        }
    }
}

/** Odd pages, which may join two areas each; in two rounds of three the last one is there. */
static void pick_regions(struct axaddr_region *regions, unsigned round) {
    unsigned k;

    for (k = 0; k < REGIONS; k++) {
        uint64_t page = 2 * (random_below(3) == 0 ? random_below(2400) : round * 6 + 2 * k) + 1;

        regions[k].start = AT(page);
        regions[k].host = AT(page);
        regions[k].size = PAGE;
        regions[k].flags = random_below(8) == 0 ? R : RW;
        regions[k].name = 0;
    }
    if (round % 3 != 0) {
        regions[REGIONS - 1].start = AT(TAKEN);
    }
}

/**
 * Among thousands of areas, in a set whose nodes are as full as they happen to be: regions that join
 * their neighbours, with the last one bad or without memory for the nth frame.
 */
static void undone_among_many_areas(void) {
    struct axaddr_region regions[REGIONS];
    unsigned undone = 0;
    unsigned round;
    unsigned k;

    begin(0, UINT64_C(1) << 20);
    GO_ON();
    STATUS(OK, ept_map_linear(&vm, at(TAKEN), axaddr_hpa(0), PAGE, R));
    for (round = 0; round < 400; round++) {
        uint32_t used;

        change_areas(round);
        pick_regions(regions, round);
        before_count = list_areas(before);
        CHECK(before_count < AREA_MAX);
        used = host.used_count;
        host_begin(&host);
        host_fail_in(&host, round % 3 == 1 ? 0 : 1 + (uint32_t)random_below(8), true);
        if (ept_map_regions(&vm, regions, REGIONS) != AXADDR_OK) {
            undone++;
            check_unchanged(used);
        } else {
            for (k = 0; k < REGIONS; k++) {
                host_begin(&host);
                STATUS(OK, ept_unmap(&vm, axaddr_gpa(regions[k].start), PAGE));
            }
        }
        host_begin(&host);
        GO_ON();
    }
    CHECK(undone > 150 && undone < round);
    end();
}

enum { PAIRS = 800 };

/** The even pages of a range and then its odd ones; and one that is bad. */
static void list_pages(struct axaddr_region *regions) {
    unsigned i;

    memset(regions, 0, (2 * PAIRS + 1) * sizeof *regions);
    for (i = 0; i < 2 * PAIRS; i++) {
        regions[i].start = AT(2 * (i % PAIRS) + i / PAIRS);
        regions[i].host = regions[i].start;
        regions[i].size = PAGE;
        regions[i].flags = RW;
    }
}

/** Hundreds of areas would have become one, and then would have to be hundreds again. */
static void undone_to_many_areas(const struct axaddr_region *regions, unsigned count) {
    uint32_t used = host.used_count;
    uint32_t taken;
    uint32_t i;

    before_count = list_areas(before);
    host_begin(&host);
    STATUS(INVALID, ept_map_regions(&vm, regions, count));
    check_unchanged(used);
    taken = host.op_taken;
    for (i = 1; i <= taken + 1; i++) { /* nor does it take memory to go back */
        host_begin(&host);
        host_fail_in(&host, i, true);
        CHECK(ept_map_regions(&vm, regions, count) != AXADDR_OK);
        check_unchanged(used);
        GO_ON();
    }
    host_begin(&host);
    STATUS(OK, ept_map_regions(&vm, regions, count - 1));
    CHECK_EQ(list_areas(before), 1);
}

static void undone_without_memory(void) {
    static struct axaddr_region regions[2 * PAIRS + 1];
    unsigned i;

    begin(0, UINT64_C(1) << 20);
    GO_ON();
    list_pages(regions);
    undone_to_many_areas(regions, 2 * PAIRS + 1); /* that join with each other */
    GO_ON();
    ept_clear(&vm);
    for (i = 0; i < PAIRS; i++) {
        STATUS(OK, ept_map_linear(&vm, axaddr_gpa(regions[i].start), axaddr_hpa(regions[i].host),
                                  PAGE, RW));
    }
    undone_to_many_areas(regions + PAIRS, PAIRS + 1); /* and with what is there */
    end();
}

/** Each allocation fails in turn: nothing is there, and every frame is back. */
static void regions_without_memory(void) {
    struct axaddr_region regions[9];
    enum axaddr_status status = AXADDR_NO_MEMORY;
    axaddr_gpa_t where;
    uint32_t count;
    uint32_t used;
    unsigned k;

    begin(0, UINT64_C(1) << 20);
    GO_ON();
    for (k = 0; k < 9; k++) { /* each in a table of its own; together too many for the space */
        regions[k].start = (k + 1) * UINT64_C(0x200000) + k * PAGE;
        regions[k].host = k * UINT64_C(0x300000);
        regions[k].size = (k + 1) * PAGE;
        regions[k].flags = RW;
        regions[k].name = text_name;
    }
    used = host.used_count;
    before_count = 0;
    for (count = 1; status == AXADDR_NO_MEMORY; count++) {
        host_begin(&host);
        host_fail_in(&host, count, true);
        status = ept_map_regions(&vm, regions, 9);
        if (status == AXADDR_NO_MEMORY) {
            CHECK_EQ(host.used_count, used);
            check_unchanged(used);
        }
        GO_ON();
    }
    STATUS(OK, status);
    CHECK(count > 12);
    CHECK_EQ(list_areas(before), 9);
    STATUS(OK, ept_audit(&vm, &where));
    end();
}

int main(void) {
    printf("seed 0x%" PRIx64 "\n", SEED);
    CASE(can_access_is_what_each_page_says);
    CASE(can_access_knows_modes);
    CASE(find_free_is_a_search_of_every_page);
    CASE(find_free_at_the_ends);
    CASE(clear_unmaps_everything);
    CASE(regions_become_areas);
    CASE(one_bad_region_undoes_all);
    CASE(undone_among_many_areas);
    CASE(undone_without_memory);
    CASE(regions_without_memory);
    return check_report("test_regions");
}
