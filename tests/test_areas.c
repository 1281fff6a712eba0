/* SPDX-License-Identifier: MIT
 *
 * test_areas.c: a space with many areas: they come and go in any order, across the frames that hold
 * them; frames are taken when areas need them and given back when not; without a frame, or beyond
 * the most that there can be, nothing changes.
 */
#include "../axaddr.h"
#include "area_frames.h"
#include "check.h"
#include "host.h"

AXADDR_DEFINE_SPACE(vm, axaddr_x86_ept, host_hal);
AXADDR_DEFINE_SPACE(high, axaddr_x86_64, host_hal); /* whose addresses end at 2^64 - 1 */

#define PAGE      UINT64_C(4096)
#define PAGES_MAX 4000
#define SEED      UINT64_C(0x0123456789abcdef)

static struct host host;
static struct vm vm;

static bool begin(uint32_t frame_count) {
    host_init(&host, frame_count, HOST_BASE, HOST_STACK);
    host_begin(&host);
    return vm_init(&vm, &host, axaddr_gpa(0), UINT64_C(1) << 39) == AXADDR_OK;
}

/** Everything has been given back, and the ledger has nothing to say. */
static bool end(void) {
    bool is_clean;

    vm_destroy(&vm);
    is_clean = host.used_count == 0 && host_error(&host)[0] == '\0';
    host_destroy(&host);
    return is_clean;
}

/* A device for itself: its cookie is not its neighbours'. */
static enum axaddr_status add(uint64_t page) {
    return vm_map_device(&vm, axaddr_gpa(page * PAGE), PAGE, (uint32_t)(page % 3));
}

static enum axaddr_status drop(uint64_t page) {
    return vm_unmap(&vm, axaddr_gpa(page * PAGE), PAGE);
}

static bool is_area(uint64_t page) {
    struct axaddr_area area;

    return vm_find_area(&vm, axaddr_gpa(page * PAGE + PAGE / 2), &area) == AXADDR_OK &&
           area.first == page * PAGE && area.last == page * PAGE + PAGE - 1 &&
           area.cookie == page % 3 && area.kind == AXADDR_AREA_DEVICE;
}

static uint64_t area_count(void) {
    struct axaddr_stats stats;

    vm_stats(&vm, &stats);
    return stats.area_count;
}

/* ---- any order ---- */

static bool is_there[PAGES_MAX];

/** The areas that are visited from the lowest address on are those that are there. */
static void check_all(void) {
    struct axaddr_area area;
    uint64_t from = 0;
    uint64_t page;

    for (page = 0; page < PAGES_MAX; page++) {
        if (is_there[page]) {
            CHECK(is_area(page));
            CHECK_EQ(vm_next_area(&vm, axaddr_gpa(from), &area), AXADDR_OK);
            CHECK_EQ(area.first, page * PAGE);
            from = area.last + 1;
        } else {
            CHECK_EQ(vm_find_area(&vm, axaddr_gpa(page * PAGE), &area), AXADDR_NOT_MAPPED);
        }
    }
    CHECK_EQ(vm_next_area(&vm, axaddr_gpa(from), &area), AXADDR_NOT_MAPPED);
}

static void areas_come_and_go_in_any_order(void) {
    uint64_t random = SEED;
    unsigned step;

    snprintf(check_context, sizeof check_context, "seed 0x%" PRIx64, SEED);
    memset(is_there, 0, sizeof is_there);
    CHECK(begin(256));
    for (step = 1; step <= 9000; step++) {
        uint64_t page;

        random = random * UINT64_C(6364136223846793005) + 1;
        page = (random >> 33) % PAGES_MAX;
        /* First more come than go, then more go than come. */
        if ((random >> 20) % 8 < (step < 6000 ? 6 : 2)) {
            CHECK_EQ(add(page), is_there[page] ? AXADDR_EXISTS : AXADDR_OK);
            is_there[page] = true;
        } else {
            CHECK_EQ(drop(page), AXADDR_OK);
            is_there[page] = false;
        }
        if (step % 1500 == 0) {
            check_all();
            if (check_case_failed) {
                return;
            }
        }
    }
    CHECK(end());
}

/* ---- the ends of the address space ---- */

/** The lowest two pages are one area, whichever comes first, and two again without the lower. */
static void neighbours_at_the_lowest_address_are_one(void) {
    struct axaddr_area area;
    uint64_t first;

    for (first = 0; first < 2; first++) {
        CHECK(begin(64));
        CHECK_EQ(vm_map_device(&vm, axaddr_gpa(first * PAGE), PAGE, 7), AXADDR_OK);
        CHECK_EQ(vm_map_device(&vm, axaddr_gpa((1 - first) * PAGE), PAGE, 7), AXADDR_OK);
        CHECK_EQ(area_count(), 1);
        CHECK_EQ(vm_find_area(&vm, axaddr_gpa(0), &area), AXADDR_OK);
        CHECK_EQ(area.first, 0);
        CHECK_EQ(area.last, 2 * PAGE - 1);
        CHECK_EQ(vm_unmap(&vm, axaddr_gpa(0), PAGE), AXADDR_OK);
        CHECK_EQ(vm_find_area(&vm, axaddr_gpa(0), &area), AXADDR_NOT_MAPPED);
        CHECK_EQ(vm_find_area(&vm, axaddr_gpa(PAGE), &area), AXADDR_OK);
        CHECK_EQ(area.first, PAGE);
        CHECK(end());
    }
}

/** The same for the highest two, whose last byte is that of all addresses. */
static void neighbours_at_the_highest_address_are_one(void) {
    const uint64_t top = UINT64_MAX - (PAGE - 1);
    const uint64_t half = UINT64_C(1) << 47;
    struct axaddr_area area;
    struct high space;
    uint64_t first;

    for (first = 0; first < 2; first++) {
        host_init(&host, 64, HOST_BASE, HOST_STACK);
        host_begin(&host);
        CHECK_EQ(high_init(&space, &host, axaddr_gpa(0 - half), half), AXADDR_OK);
        CHECK_EQ(high_map_device(&space, axaddr_gpa(top - first * PAGE), PAGE, 7), AXADDR_OK);
        CHECK_EQ(high_map_device(&space, axaddr_gpa(top - (1 - first) * PAGE), PAGE, 7), AXADDR_OK);
        CHECK_EQ(high_find_area(&space, axaddr_gpa(top - PAGE), &area), AXADDR_OK);
        CHECK_EQ(area.first, top - PAGE);
        CHECK_EQ(area.last, UINT64_MAX);
        CHECK_EQ(high_unmap(&space, axaddr_gpa(top), PAGE), AXADDR_OK);
        CHECK_EQ(high_find_area(&space, axaddr_gpa(top), &area), AXADDR_NOT_MAPPED);
        CHECK_EQ(high_next_area(&space, axaddr_gpa(top - PAGE), &area), AXADDR_OK);
        CHECK_EQ(area.last, top - 1);
        high_destroy(&space);
        CHECK_EQ(host.used_count, 0);
        CHECK_STR(host_error(&host), "");
        host_destroy(&host);
    }
}

/* ---- memory ---- */

/** Count areas up, then down: frames beyond the table's are those that the areas take. */
static void areas_take_the_frames_that_they_need(void) {
    const uint32_t count = 500; /* in one leaf table */
    struct axaddr_stats stats;
    uint32_t without;
    uint32_t pages;

    CHECK(begin(200));
    CHECK_EQ(add(0), AXADDR_OK);
    without = host.used_count;
    for (pages = 1; pages < 2 * count; pages++) {
        uint32_t areas = pages < count ? pages + 1 : 2 * count - 1 - pages;

        CHECK_EQ(pages < count ? add(pages) : drop(2 * count - 1 - pages), AXADDR_OK);
        vm_stats(&vm, &stats);
        CHECK_EQ(stats.area_count, areas);
        CHECK(area_frames_are_right(areas, stats.area_frame_count));
        CHECK(pages >= count || areas > AXADDR_RANGE_INLINE_MAX || stats.area_frame_count == 0);
        if (areas > 0) {
            CHECK_EQ(host.used_count, without + stats.area_frame_count);
        }
    }
    CHECK(end());
}

/** Areas that need a frame, first and later ones, while there is none. */
static void without_a_frame_nothing_changes(void) {
    uint32_t failures = 0;
    uint32_t page;

    CHECK(begin(200));
    for (page = 0; page < 500; page++) {
        struct axaddr_request request = {
            .operation = AXADDR_OP_DEVICE, .cookie = page % 3, .start = page * PAGE, .size = PAGE};
        uint32_t used = host.used_count;
        uint64_t need;

        CHECK_EQ(vm_tables_needed(&vm, &request, &need), AXADDR_OK);
        if (need > 0 && page > 0) {
            host_begin(&host);
            host_fail_in(&host, 1, false);
            CHECK_EQ(add(page), AXADDR_NO_MEMORY);
            CHECK_EQ(host.op_refused, 1);
            CHECK_EQ(host.used_count, used);
            CHECK_EQ(area_count(), page);
            CHECK(is_area(page - 1));
            failures++;
        }
        host_begin(&host);
        CHECK_EQ(add(page), AXADDR_OK);
        CHECK_EQ(host.used_count, used + need);
        CHECK(is_area(page));
    }
    CHECK(failures > 5);
    CHECK(end());
}

/* ---- the most that there can be ---- */

/** So many areas cannot be made here: the set is told that it has them. */
static void beyond_the_most_nothing_changes(void) {
    uint32_t refused = 0;
    uint32_t page;

    CHECK(begin(200));
    for (page = 0; page < 500; page++) {
        struct axaddr_request request = {
            .operation = AXADDR_OP_DEVICE, .cookie = page % 3, .start = page * PAGE, .size = PAGE};
        size_t count = vm.core.areas.set.count;
        uint64_t need;

        CHECK_EQ(vm_tables_needed(&vm, &request, &need), AXADDR_OK);
        if (need > 0 && page > 0) {
            vm.core.areas.set.count = AXADDR_AREA_COUNT_MAX;
            CHECK_EQ(add(page), AXADDR_NO_MEMORY);
            CHECK_EQ(vm_unmap(&vm, axaddr_gpa((page - 1) * PAGE), PAGE), AXADDR_OK);
            CHECK_EQ(vm.core.areas.set.count, AXADDR_AREA_COUNT_MAX - 1);
            vm.core.areas.set.count = count - 1;
            CHECK_EQ(add(page - 1), AXADDR_OK);
            refused++;
        }
        CHECK_EQ(add(page), AXADDR_OK);
    }
    CHECK(refused > 5);
    CHECK(end());
}

static void sixty_thousand_areas_are_found(void) {
    const uint64_t count = 60000;
    uint64_t page;

    CHECK(begin(4096));
    for (page = 0; page < count; page++) {
        uint64_t scattered = page * 7919 % count;
        CHECK_EQ(add(scattered), AXADDR_OK);
    }
    CHECK_EQ(area_count(), count);
    for (page = 0; page < count; page += 7) {
        CHECK(is_area(page));
    }
    CHECK_EQ(drop(1), AXADDR_OK);
    CHECK_EQ(drop(count / 2), AXADDR_OK);
    CHECK(is_area(0) && !is_area(1) && is_area(2));
    CHECK(is_area(count / 2 - 1) && !is_area(count / 2) && is_area(count / 2 + 1));
    CHECK_EQ(area_count(), count - 2);
    CHECK_EQ(vm_unmap(&vm, axaddr_gpa(0), count * PAGE), AXADDR_OK);
    CHECK_EQ(area_count(), 0);
    CHECK_EQ(host.used_count, 1);
    CHECK(end());
}

int main(void) {
    CASE(areas_come_and_go_in_any_order);
    CASE(neighbours_at_the_lowest_address_are_one);
    CASE(neighbours_at_the_highest_address_are_one);
    CASE(areas_take_the_frames_that_they_need);
    CASE(without_a_frame_nothing_changes);
    CASE(beyond_the_most_nothing_changes);
    CASE(sixty_thousand_areas_are_found);
    return check_report("test_areas");
}
