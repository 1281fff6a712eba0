/* SPDX-License-Identifier: MIT
 *
 * test_addr.c: typed addresses and the text primitives under them: examples that a reader can check
 * by eye, then every function over every combination of edge values, compared with a model that is
 * written differently (32-bit halves for arithmetic, one byte at a time for ranges and pages).
 */
#include "axaddr_core/addr.h"

#include "check.h"

/* One kind of the test's own, as the manual says; one labelled. */
AXADDR_DEFINE_ADDR(ipa);
AXADDR_DEFINE_ADDR_LABELLED(bus, "BUS");

#define TOP    UINT64_MAX
/* What an output holds before a call that must leave it alone. */
#define CANARY UINT64_C(0x5a5a5a5a5a5a5a5a)

static const uint64_t edges[] = {
    0,
    1,
    2,
    0xfff,
    0x1000,
    0x1001,
    0x1fffff,
    0x200000,
    0x3fffffff,
    0x40000000,
    0x40000001,
    UINT64_C(0xfffffffe),
    UINT64_C(0xffffffff),
    UINT64_C(0x100000000),
    UINT64_C(0x100000001),
    UINT64_C(0x7fffffffffffffff),
    UINT64_C(0x8000000000000000),
    UINT64_C(0x8000000000000001),
    TOP - 0x40000000,
    TOP - 0x3fffffff,
    TOP - 0x1000,
    TOP - 0xfff,
    TOP - 0xffe,
    TOP - 1,
    TOP,
};
#define EDGE_COUNT (sizeof edges / sizeof edges[0])

static ipa_range_t between(uint64_t first, uint64_t last) {
    ipa_range_t range;
    range.first = ipa(first);
    range.last = ipa(last);
    return range;
}

/* ---- arithmetic ---- */

static void an_address_is_64_bits_and_keeps_them(void) {
    CHECK_EQ(sizeof(ipa_t), 8);
    CHECK_EQ(ipa(TOP).raw, TOP);
    CHECK_EQ(axaddr_gva(1).raw, 1);
    CHECK_EQ(axaddr_gpa(2).raw, 2);
    CHECK_EQ(axaddr_hva(3).raw, 3);
    CHECK_EQ(axaddr_hpa(UINT64_C(0x123456789abcdef0)).raw, UINT64_C(0x123456789abcdef0));
}

static void add_and_sub_at_the_ends(void) {
    ipa_t out = ipa(CANARY);

    CHECK_EQ(ipa_add(ipa(TOP), 1, &out), AXADDR_INVALID);
    CHECK_EQ(ipa_add(ipa(1), TOP, &out), AXADDR_INVALID);
    CHECK_EQ(ipa_add(ipa(TOP), TOP, &out), AXADDR_INVALID);
    CHECK_EQ(ipa_sub(ipa(0), 1, &out), AXADDR_INVALID);
    CHECK_EQ(ipa_sub(ipa(TOP - 1), TOP, &out), AXADDR_INVALID);
    CHECK_EQ(out.raw, CANARY);

    CHECK_EQ(ipa_add(ipa(TOP), 0, &out), AXADDR_OK);
    CHECK_EQ(out.raw, TOP);
    CHECK_EQ(ipa_add(ipa(0), TOP, &out), AXADDR_OK);
    CHECK_EQ(out.raw, TOP);
    CHECK_EQ(ipa_sub(ipa(TOP), TOP, &out), AXADDR_OK);
    CHECK_EQ(out.raw, 0);
    CHECK_EQ(ipa_sub(ipa(0x1000), 1, &out), AXADDR_OK);
    CHECK_EQ(out.raw, 0xfff);
}

static void the_result_may_be_the_operand(void) {
    ipa_t cursor = ipa(0x1000);

    CHECK_EQ(ipa_add(cursor, 0x234, &cursor), AXADDR_OK);
    CHECK_EQ(cursor.raw, 0x1234);
    CHECK_EQ(ipa_align_up_4k(cursor, &cursor), AXADDR_OK);
    CHECK_EQ(cursor.raw, 0x2000);
    CHECK_EQ(ipa_sub(cursor, 0x2000, &cursor), AXADDR_OK);
    CHECK_EQ(cursor.raw, 0);
}

static void distance_goes_upward_only(void) {
    uint64_t distance = CANARY;

    CHECK_EQ(ipa_distance(ipa(1), ipa(0), &distance), AXADDR_INVALID);
    CHECK_EQ(ipa_distance(ipa(TOP), ipa(0), &distance), AXADDR_INVALID);
    CHECK_EQ(distance, CANARY);
    CHECK_EQ(ipa_distance(ipa(0x1000), ipa(0x3000), &distance), AXADDR_OK);
    CHECK_EQ(distance, 0x2000);
    CHECK_EQ(ipa_distance(ipa(TOP), ipa(TOP), &distance), AXADDR_OK);
    CHECK_EQ(distance, 0);
    CHECK_EQ(ipa_distance(ipa(0), ipa(TOP), &distance), AXADDR_OK);
    CHECK_EQ(distance, TOP);
}

static void wrapping_arithmetic_wraps(void) {
    CHECK_EQ(ipa_wrapping_add(ipa(TOP), 1).raw, 0);
    CHECK_EQ(ipa_wrapping_add(ipa(TOP - 0xfff), 0x2000).raw, 0x1000);
    CHECK_EQ(ipa_wrapping_sub(ipa(0), 1).raw, TOP);
    CHECK_EQ(ipa_wrapping_sub(ipa(0x1000), 0x2000).raw, TOP - 0xfff);
}

/* The sum in 32-bit halves; returns the carry out of bit 63. */
static uint32_t model_add(uint64_t a, uint64_t b, uint64_t *sum) {
    uint64_t low = (a & 0xffffffff) + (b & 0xffffffff);
    uint64_t high = (a >> 32) + (b >> 32) + (low >> 32);

    *sum = high << 32 | (low & 0xffffffff);
    return (uint32_t)(high >> 32);
}

static void arithmetic_agrees_with_a_model_on_all_edges(void) {
    size_t i, j;

    for (i = 0; i < EDGE_COUNT; i++) {
        for (j = 0; j < EDGE_COUNT; j++) {
            uint64_t a = edges[i], b = edges[j], sum, distance = CANARY;
            uint32_t carry = model_add(a, b, &sum);
            ipa_t out = ipa(CANARY), back = ipa(CANARY);

            CHECK_EQ(ipa_add(ipa(a), b, &out), carry != 0 ? AXADDR_INVALID : AXADDR_OK);
            CHECK_EQ(out.raw, carry != 0 ? CANARY : sum);
            CHECK_EQ(ipa_wrapping_add(ipa(a), b).raw, sum);
            CHECK_EQ(ipa_wrapping_sub(ipa(sum), b).raw, a);
            /* sum - b is a again, unless the sum had wrapped. */
            CHECK_EQ(ipa_sub(ipa(sum), b, &back), carry != 0 ? AXADDR_INVALID : AXADDR_OK);
            CHECK_EQ(back.raw, carry != 0 ? CANARY : a);
            CHECK_EQ(ipa_distance(ipa(b), ipa(sum), &distance),
                     carry != 0 ? AXADDR_INVALID : AXADDR_OK);
            CHECK_EQ(distance, carry != 0 ? CANARY : a);
            /* The edges ascend, so their order is the order of the addresses. */
            CHECK_EQ(ipa_equal(ipa(a), ipa(b)), i == j);
            CHECK_EQ(ipa_less(ipa(a), ipa(b)), i < j);
            CHECK_EQ(ipa_compare(ipa(a), ipa(b)), i < j ? -1 : i > j);
        }
    }
}

/* ---- alignment ---- */

static void alignment_examples(void) {
    ipa_t out = ipa(CANARY);

    CHECK_EQ(ipa_align_down(ipa(0x12345), 0x1000).raw, 0x12000);
    CHECK_EQ(ipa_align_offset(ipa(0x12345), 0x1000), 0x345);
    CHECK(!ipa_is_aligned(ipa(0x12345), 0x1000));
    CHECK(ipa_is_aligned(ipa(0x12000), 0x1000));
    CHECK_EQ(ipa_align_up(ipa(0x12345), 0x1000, &out), AXADDR_OK);
    CHECK_EQ(out.raw, 0x13000);
    CHECK_EQ(ipa_align_up(ipa(0x12000), 0x1000, &out), AXADDR_OK);
    CHECK_EQ(out.raw, 0x12000);
    CHECK(ipa_is_aligned(ipa(TOP), 1));
    CHECK_EQ(ipa_align_up(ipa(TOP), 1, &out), AXADDR_OK);
    CHECK_EQ(out.raw, TOP);
    CHECK_EQ(ipa_align_down(ipa(TOP), UINT64_C(1) << 63).raw, UINT64_C(1) << 63);
}

static void align_up_fails_only_above_the_last_page(void) {
    ipa_t out = ipa(CANARY);

    CHECK_EQ(ipa_align_up(ipa(TOP), 2, &out), AXADDR_INVALID);
    CHECK_EQ(ipa_align_up(ipa(TOP - 0xffe), 0x1000, &out), AXADDR_INVALID);
    CHECK_EQ(ipa_align_up(ipa((UINT64_C(1) << 63) + 1), UINT64_C(1) << 63, &out), AXADDR_INVALID);
    CHECK_EQ(out.raw, CANARY);
    CHECK_EQ(ipa_align_up(ipa(TOP - 0xfff), 0x1000, &out), AXADDR_OK);
    CHECK_EQ(out.raw, TOP - 0xfff);
    CHECK_EQ(ipa_align_up(ipa(TOP - 0x1000), 0x1000, &out), AXADDR_OK);
    CHECK_EQ(out.raw, TOP - 0xfff);
}

static void nothing_is_aligned_to_what_is_no_power_of_two(void) {
    static const uint64_t wrong[] = {0, 3, 12, 0x1001, 0x3000, TOP, TOP - 0xfff};
    size_t i, j;

    for (i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        for (j = 0; j < EDGE_COUNT; j++) {
            ipa_t address = ipa(edges[j]), out = ipa(CANARY);
            CHECK_EQ(ipa_align_up(address, wrong[i], &out), AXADDR_INVALID);
            CHECK_EQ(out.raw, CANARY);
            CHECK_EQ(ipa_align_down(address, wrong[i]).raw, address.raw);
            CHECK_EQ(ipa_align_offset(address, wrong[i]), 0);
            CHECK(!ipa_is_aligned(address, wrong[i]));
        }
    }
}

static void every_alignment_agrees_with_a_model_on_all_edges(void) {
    unsigned shift;
    size_t i;

    for (shift = 0; shift < 64; shift++) {
        for (i = 0; i < EDGE_COUNT; i++) {
            uint64_t a = edges[i], alignment = UINT64_C(1) << shift;
            uint64_t down = a >> shift << shift, up;
            uint32_t carry = model_add(down, alignment, &up);
            ipa_t out = ipa(CANARY);

            if (down == a) {
                up = a;
                carry = 0;
            }
            CHECK_EQ(ipa_align_down(ipa(a), alignment).raw, down);
            CHECK_EQ(ipa_align_offset(ipa(a), alignment), a - down);
            CHECK_EQ(ipa_is_aligned(ipa(a), alignment), a == down);
            CHECK_EQ(ipa_align_up(ipa(a), alignment, &out),
                     carry != 0 ? AXADDR_INVALID : AXADDR_OK);
            CHECK_EQ(out.raw, carry != 0 ? CANARY : up);
        }
    }
}

#define CHECK_SIZED(suffix, size)                                                                  \
    do {                                                                                           \
        ipa_t out_ = ipa(CANARY);                                                                  \
        CHECK_EQ(ipa_align_down_##suffix(ipa(3 * (size)-1)).raw, 2 * (size));                      \
        CHECK_EQ(ipa_align_offset_##suffix(ipa(3 * (size)-1)), (size)-1);                          \
        CHECK(!ipa_is_aligned_##suffix(ipa(3 * (size)-1)));                                        \
        CHECK(ipa_is_aligned_##suffix(ipa(3 * (size))));                                           \
        CHECK(!ipa_is_aligned_##suffix(ipa((size) / 2)));                                          \
        CHECK_EQ(ipa_align_up_##suffix(ipa(TOP - (size) + 2), &out_), AXADDR_INVALID);             \
        CHECK_EQ(out_.raw, CANARY);                                                                \
        CHECK_EQ(ipa_align_up_##suffix(ipa(TOP - (size) + 1), &out_), AXADDR_OK);                  \
        CHECK_EQ(out_.raw, TOP - (size) + 1);                                                      \
        CHECK_EQ(ipa_align_up_##suffix(ipa(1), &out_), AXADDR_OK);                                 \
        CHECK_EQ(out_.raw, size);                                                                  \
    } while (0)

static void the_usual_page_sizes(void) {
    CHECK_SIZED(4k, UINT64_C(4096));
    CHECK_SIZED(2m, UINT64_C(2097152));
    CHECK_SIZED(1g, UINT64_C(1073741824));
}

/* ---- ranges ---- */

static void a_range_from_start_and_size(void) {
    ipa_range_t range = between(CANARY, CANARY);

    CHECK_EQ(ipa_range(ipa(0x1000), 0, &range), AXADDR_INVALID);
    CHECK_EQ(ipa_range(ipa(0), 0, &range), AXADDR_INVALID);
    CHECK_EQ(ipa_range(ipa(TOP), 2, &range), AXADDR_INVALID);
    CHECK_EQ(ipa_range(ipa(1), TOP, &range), AXADDR_OK);
    CHECK_EQ(range.first.raw, 1);
    CHECK_EQ(range.last.raw, TOP);
    range = between(CANARY, CANARY);
    CHECK_EQ(ipa_range(ipa(2), TOP, &range), AXADDR_INVALID);
    CHECK_EQ(ipa_range(ipa(TOP - 0xfff), 0x1001, &range), AXADDR_INVALID);
    CHECK_EQ(range.first.raw, CANARY);
    CHECK_EQ(range.last.raw, CANARY);

    CHECK_EQ(ipa_range(ipa(0x1000), 0x1000, &range), AXADDR_OK);
    CHECK_EQ(range.first.raw, 0x1000);
    CHECK_EQ(range.last.raw, 0x1fff);
    CHECK_EQ(ipa_range(ipa(TOP), 1, &range), AXADDR_OK);
    CHECK_EQ(range.first.raw, TOP);
    CHECK_EQ(range.last.raw, TOP);
    CHECK_EQ(ipa_range(ipa(TOP - 0xfff), 0x1000, &range), AXADDR_OK);
    CHECK_EQ(range.last.raw, TOP);
    CHECK_EQ(ipa_range(ipa(0), TOP, &range), AXADDR_OK);
    CHECK_EQ(range.last.raw, TOP - 1);
}

static void a_range_between_two_addresses(void) {
    ipa_range_t range = between(CANARY, CANARY);

    CHECK_EQ(ipa_range_between(ipa(1), ipa(0), &range), AXADDR_INVALID);
    CHECK_EQ(ipa_range_between(ipa(TOP), ipa(TOP - 1), &range), AXADDR_INVALID);
    CHECK_EQ(range.first.raw, CANARY);
    CHECK_EQ(range.last.raw, CANARY);
    CHECK_EQ(ipa_range_between(ipa(0), ipa(TOP), &range), AXADDR_OK);
    CHECK_EQ(range.first.raw, 0);
    CHECK_EQ(range.last.raw, TOP);
    CHECK_EQ(ipa_range_between(ipa(7), ipa(7), &range), AXADDR_OK);
    CHECK_EQ(range.first.raw, 7);
    CHECK_EQ(range.last.raw, 7);
}

static void the_size_of_a_range(void) {
    uint64_t size = CANARY;

    CHECK_EQ(ipa_range_size(between(0, TOP), &size), AXADDR_INVALID);
    CHECK_EQ(ipa_range_size(between(2, 1), &size), AXADDR_INVALID);
    CHECK_EQ(ipa_range_size(between(0x2000, 0x1000), &size), AXADDR_INVALID);
    CHECK_EQ(size, CANARY);
    CHECK_EQ(ipa_range_size(between(0, TOP - 1), &size), AXADDR_OK);
    CHECK_EQ(size, TOP);
    CHECK_EQ(ipa_range_size(between(1, TOP), &size), AXADDR_OK);
    CHECK_EQ(size, TOP);
    CHECK_EQ(ipa_range_size(between(TOP, TOP), &size), AXADDR_OK);
    CHECK_EQ(size, 1);
}

static void neighbours_are_not_found_around_the_top(void) {
    CHECK(ipa_range_is_adjacent(between(0, 0xfff), between(0x1000, 0x1fff)));
    CHECK(ipa_range_is_adjacent(between(0x1000, 0x1fff), between(0, 0xfff)));
    CHECK(ipa_range_is_adjacent(between(0, TOP - 1), between(TOP, TOP)));
    CHECK(!ipa_range_is_adjacent(between(TOP - 0xfff, TOP), between(0, 0xfff)));
    CHECK(!ipa_range_is_adjacent(between(0, 0xfff), between(TOP - 0xfff, TOP)));
    CHECK(!ipa_range_is_adjacent(between(0, 0xfff), between(0x1001, 0x1fff)));
    CHECK(!ipa_range_is_adjacent(between(0, 0x1000), between(0x1000, 0x1fff)));
    CHECK(!ipa_range_is_adjacent(between(0, TOP), between(0, TOP)));
}

static bool model_contains(ipa_range_t range, uint64_t address) {
    return address >= range.first.raw && address <= range.last.raw;
}

/* Whether a byte is in both. If so, one of the four ends is such a byte. */
static bool model_overlaps(ipa_range_t a, ipa_range_t b) {
    uint64_t ends[4] = {a.first.raw, a.last.raw, b.first.raw, b.last.raw};
    int i;

    for (i = 0; i < 4; i++) {
        if (model_contains(a, ends[i]) && model_contains(b, ends[i])) {
            return true;
        }
    }
    return false;
}

static void check_range_pair(ipa_range_t a, ipa_range_t b) {
    bool is_overlapping = model_overlaps(a, b);
    bool is_before = a.last.raw != TOP && a.last.raw + 1 == b.first.raw;
    bool is_after = b.last.raw != TOP && b.last.raw + 1 == a.first.raw;
    ipa_range_t shared = between(CANARY, CANARY);
    size_t k;

    CHECK_EQ(ipa_range_overlaps(a, b), is_overlapping);
    CHECK_EQ(ipa_range_is_adjacent(a, b), is_before || is_after);
    CHECK_EQ(ipa_range_contains_range(a, b),
             model_contains(a, b.first.raw) && model_contains(a, b.last.raw));
    CHECK_EQ(ipa_range_equal(a, b), a.first.raw == b.first.raw && a.last.raw == b.last.raw);
    CHECK_EQ(ipa_range_intersect(a, b, &shared), is_overlapping ? AXADDR_OK : AXADDR_INVALID);
    if (!is_overlapping) {
        CHECK_EQ(shared.first.raw, CANARY);
        CHECK_EQ(shared.last.raw, CANARY);
        return;
    }
    for (k = 0; k < EDGE_COUNT; k++) {
        CHECK_EQ(ipa_range_contains(shared, ipa(edges[k])),
                 model_contains(a, edges[k]) && model_contains(b, edges[k]));
    }
}

static void ranges_agree_with_a_model_on_all_edges(void) {
    size_t i, j, k, l;

    for (i = 0; i < EDGE_COUNT; i++) {
        for (j = i; j < EDGE_COUNT; j++) {
            for (k = 0; k < EDGE_COUNT; k++) {
                for (l = k; l < EDGE_COUNT; l++) {
                    check_range_pair(between(edges[i], edges[j]), between(edges[k], edges[l]));
                    if (check_case_failed) {
                        return;
                    }
                }
            }
        }
    }
}

static void a_range_written_backwards_is_nothing(void) {
    ipa_range_t backwards = between(0x2000, 0x1000), all = between(0, TOP);
    ipa_range_t out = between(CANARY, CANARY);
    ipa_pages_t pages;

    CHECK(!ipa_range_contains(backwards, ipa(0x1000)));
    CHECK(!ipa_range_contains(backwards, ipa(0x1800)));
    CHECK(!ipa_range_contains_range(all, backwards));
    CHECK(!ipa_range_contains_range(backwards, between(0x1800, 0x1801)));
    CHECK(!ipa_range_overlaps(all, backwards));
    CHECK(!ipa_range_overlaps(backwards, all));
    CHECK(!ipa_range_overlaps(backwards, backwards));
    CHECK(!ipa_range_is_adjacent(backwards, between(0x1001, 0x3000)));
    CHECK(!ipa_range_is_adjacent(between(0, 0x1fff), backwards));
    CHECK_EQ(ipa_range_intersect(all, backwards, &out), AXADDR_INVALID);
    CHECK_EQ(out.first.raw, CANARY);
    CHECK_EQ(ipa_pages(backwards, 0x1000, &pages), AXADDR_INVALID);
}

/* ---- pages ---- */

/* Iterates, with a limit, and checks that it gives exactly `count` pages from `first` on. */
static void check_pages(ipa_range_t range, uint64_t size, uint64_t first, unsigned count) {
    ipa_pages_t pages;
    ipa_t page = ipa(CANARY);
    unsigned i;

    CHECK_EQ(ipa_pages(range, size, &pages), AXADDR_OK);
    for (i = 0; i < count; i++) {
        CHECK(ipa_pages_next(&pages, &page));
        CHECK_EQ(page.raw, first + i * size);
    }
    page = ipa(CANARY);
    CHECK(!ipa_pages_next(&pages, &page));
    CHECK(!ipa_pages_next(&pages, &page));
    CHECK_EQ(page.raw, CANARY);
}

static void pages_of_aligned_ranges(void) {
    check_pages(between(0, 0xfff), 0x1000, 0, 1);
    check_pages(between(0x1000, 0x3fff), 0x1000, 0x1000, 3);
    check_pages(between(0x40000000, 0x405fffff), 0x200000, 0x40000000, 3);
    check_pages(between(5, 9), 1, 5, 5);
}

static void pages_that_are_touched_by_a_byte_count(void) {
    check_pages(between(0x1fff, 0x2000), 0x1000, 0x1000, 2);
    check_pages(between(0x1fff, 0x1fff), 0x1000, 0x1000, 1);
    check_pages(between(0x1800, 0x3800), 0x1000, 0x1000, 3);
    check_pages(between(0, 0), UINT64_C(1) << 63, 0, 1);
}

static void pages_at_the_top_of_the_space(void) {
    check_pages(between(TOP - 0xfff, TOP), 0x1000, TOP - 0xfff, 1);
    check_pages(between(TOP - 0x2fff, TOP), 0x1000, TOP - 0x2fff, 3);
    check_pages(between(TOP, TOP), 0x1000, TOP - 0xfff, 1);
    check_pages(between(TOP, TOP), 1, TOP, 1);
    check_pages(between(TOP - 3, TOP), 1, TOP - 3, 4);
    check_pages(between(TOP - 0xfff, TOP - 1), 0x1000, TOP - 0xfff, 1);
    check_pages(between(0, TOP), UINT64_C(1) << 63, 0, 2);
    check_pages(between(0, TOP), UINT64_C(1) << 61, 0, 8);
    check_pages(between(TOP - (UINT64_C(1) << 31) + 1, TOP), AXADDR_SIZE_1G,
                TOP - (UINT64_C(1) << 31) + 1, 2);
}

static void pages_of_no_size(void) {
    static const uint64_t wrong[] = {0, 3, 0x1800, TOP};
    ipa_pages_t pages;
    ipa_t page;
    size_t i;

    CHECK_EQ(ipa_pages(between(0x1000, 0x1fff), 0x1000, &pages), AXADDR_OK);
    for (i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        CHECK_EQ(ipa_pages(between(0x7000, 0x8fff), wrong[i], &pages), AXADDR_INVALID);
    }
    /* The iterator that was there goes on. */
    CHECK(ipa_pages_next(&pages, &page));
    CHECK_EQ(page.raw, 0x1000);
    CHECK(!ipa_pages_next(&pages, &page));
}

/* Whatever an iterator was overwritten with, it ends: never more steps than there are pages. */
static void an_overwritten_iterator_still_ends(void) {
    struct axaddr_raw_page_cursor cursor;
    uint64_t page = 0;
    unsigned step_count = 0;

    cursor.next = TOP - 0xfff;
    cursor.last = 0x1000;
    cursor.size = 0x1000;
    cursor.is_done = false;
    while (step_count < 10 && axaddr_raw_pages_next(&cursor, &page)) {
        step_count++;
    }
    CHECK_EQ(step_count, 1);
}

/* The example at the top of addr.h. */
static char scrubbed[4][32];
static unsigned scrubbed_count;

static void scrub_page(const char *line, uint64_t raw) {
    if (scrubbed_count < 4 && raw % 4096 == 0) {
        memcpy(scrubbed[scrubbed_count++], line, strlen(line) + 1);
    }
}

static enum axaddr_status scrub(ipa_t start, uint64_t size) {
    ipa_range_t range;
    ipa_pages_t pages;
    ipa_t page;
    char line[32];

    enum axaddr_status status = ipa_range(start, size, &range);
    if (status != AXADDR_OK) {
        return status;
    }
    status = ipa_pages(range, AXADDR_SIZE_4K, &pages);
    if (status != AXADDR_OK) {
        return status;
    }
    while (ipa_pages_next(&pages, &page)) {
        ipa_print(page, line, sizeof line);
        scrub_page(line, page.raw);
    }
    return AXADDR_OK;
}

static void the_example_of_the_manual(void) {
    CHECK_EQ(scrub(ipa(0x40000000), 0), AXADDR_INVALID);
    CHECK_EQ(scrub(ipa(TOP), 2), AXADDR_INVALID);
    CHECK_EQ(scrubbed_count, 0);
    CHECK_EQ(scrub(ipa(0x40000000), 0x2000), AXADDR_OK);
    CHECK_EQ(scrubbed_count, 2);
    CHECK_STR(scrubbed[0], "ipa:0x40000000");
    CHECK_STR(scrubbed[1], "ipa:0x40001000");
    CHECK_EQ(scrub(ipa(TOP), 1), AXADDR_OK);
    CHECK_EQ(scrubbed_count, 3);
    CHECK_STR(scrubbed[2], "ipa:0xfffffffffffff000");
}

/* ---- printing ---- */

static void addresses_print_with_their_kind(void) {
    char text[64];

    CHECK_EQ(axaddr_gpa_print(axaddr_gpa(0x40000000), text, sizeof text), 14);
    CHECK_STR(text, "GPA:0x40000000");
    axaddr_gva_print(axaddr_gva(0), text, sizeof text);
    CHECK_STR(text, "GVA:0x0");
    axaddr_hva_print(axaddr_hva(UINT64_C(0xffff800000001000)), text, sizeof text);
    CHECK_STR(text, "HVA:0xffff800000001000");
    axaddr_hpa_print(axaddr_hpa(TOP), text, sizeof text);
    CHECK_STR(text, "HPA:0xffffffffffffffff");
    ipa_print(ipa(0xabcdef), text, sizeof text);
    CHECK_STR(text, "ipa:0xabcdef");
    bus_print(bus(16), text, sizeof text);
    CHECK_STR(text, "BUS:0x10");
}

static void ranges_print_both_ends(void) {
    axaddr_gpa_range_t range;
    char text[64];

    CHECK_EQ(axaddr_gpa_range(axaddr_gpa(0x1000), 0x1000, &range), AXADDR_OK);
    CHECK_EQ(axaddr_gpa_range_print(range, text, sizeof text), 20);
    CHECK_STR(text, "GPA:[0x1000, 0x1fff]");
    CHECK_EQ(ipa_range_print(between(0, TOP), text, sizeof text), 29);
    CHECK_STR(text, "ipa:[0x0, 0xffffffffffffffff]");
}

static void printing_cuts_off_and_says_what_was_needed(void) {
    static const char whole[] = "GPA:0x40000000";
    size_t size;

    CHECK_EQ(axaddr_gpa_print(axaddr_gpa(0x40000000), NULL, 0), sizeof whole - 1);
    for (size = 1; size < sizeof whole + 2; size++) {
        char text[20];
        size_t kept = size - 1 < sizeof whole - 1 ? size - 1 : sizeof whole - 1;

        memset(text, '#', sizeof text);
        CHECK_EQ(axaddr_gpa_print(axaddr_gpa(0x40000000), text, size), sizeof whole - 1);
        CHECK_EQ(strlen(text), kept);
        CHECK(memcmp(text, whole, kept) == 0);
        CHECK(text[size] == '#');
    }
}

static void appending_builds_one_line(void) {
    char line[80];
    struct axaddr_text text;

    axaddr_text_init(&text, line, sizeof line);
    axaddr_gpa_append(axaddr_gpa(0x1000), &text);
    axaddr_text_string(&text, " -> ");
    axaddr_hpa_append(axaddr_hpa(0x80001000), &text);
    axaddr_text_character(&text, ' ');
    ipa_range_append(between(1, 2), &text);
    CHECK_STR(line, "GPA:0x1000 -> HPA:0x80001000 ipa:[0x1, 0x2]");
    CHECK_EQ(text.length, strlen(line));
    CHECK(!axaddr_text_is_cut(&text));
}

/* Appends with one of text.h's functions, to an empty text. */
static const char *text_of(void (*append)(struct axaddr_text *, uint64_t), uint64_t value) {
    static char buffer[64];
    struct axaddr_text text;

    axaddr_text_init(&text, buffer, sizeof buffer);
    append(&text, value);
    return buffer;
}

static void numbers_print_as_libc_does(void) {
    uint64_t power = 1;
    char expected[64];
    size_t i;

    for (i = 0; i < EDGE_COUNT; i++) {
        snprintf(expected, sizeof expected, "%" PRIu64, edges[i]);
        CHECK_STR(text_of(axaddr_text_decimal, edges[i]), expected);
        snprintf(expected, sizeof expected, "0x%" PRIx64, edges[i]);
        CHECK_STR(text_of(axaddr_text_hex, edges[i]), expected);
    }
    for (i = 0; i < 20; i++, power *= 10) {
        snprintf(expected, sizeof expected, "%" PRIu64, power - 1);
        CHECK_STR(text_of(axaddr_text_decimal, power - 1), expected);
        snprintf(expected, sizeof expected, "%" PRIu64, power);
        CHECK_STR(text_of(axaddr_text_decimal, power), expected);
    }
    for (i = 0; i < 64; i++) {
        snprintf(expected, sizeof expected, "0x%" PRIx64, UINT64_C(1) << i);
        CHECK_STR(text_of(axaddr_text_hex, UINT64_C(1) << i), expected);
    }
}

static void padded_hex_has_at_least_its_digits(void) {
    unsigned digit_count;
    char buffer[64], expected[64];
    struct axaddr_text text;

    for (digit_count = 0; digit_count <= 16; digit_count++) {
        axaddr_text_init(&text, buffer, sizeof buffer);
        axaddr_text_hex_padded(&text, 0x12ab, digit_count);
        snprintf(expected, sizeof expected, "0x%0*x", (int)digit_count, 0x12abu);
        CHECK_STR(buffer, expected);
    }
    axaddr_text_init(&text, buffer, sizeof buffer);
    axaddr_text_hex_padded(&text, 0, 0);
    CHECK_STR(buffer, "0x0");
    axaddr_text_init(&text, buffer, sizeof buffer);
    axaddr_text_hex_padded(&text, TOP, 99);
    CHECK_STR(buffer, "0xffffffffffffffff");
}

static void sizes_are_exact(void) {
    CHECK_STR(text_of(axaddr_text_size, 0), "0");
    CHECK_STR(text_of(axaddr_text_size, 1023), "1023");
    CHECK_STR(text_of(axaddr_text_size, 1024), "1K");
    CHECK_STR(text_of(axaddr_text_size, 4096), "4K");
    CHECK_STR(text_of(axaddr_text_size, 4097), "4097");
    CHECK_STR(text_of(axaddr_text_size, 1536 * 1024), "1536K");
    CHECK_STR(text_of(axaddr_text_size, AXADDR_SIZE_2M), "2M");
    CHECK_STR(text_of(axaddr_text_size, UINT64_C(512) << 30), "512G");
    CHECK_STR(text_of(axaddr_text_size, UINT64_C(256) << 40), "256T");
    CHECK_STR(text_of(axaddr_text_size, UINT64_C(1) << 63), "8388608T");
    CHECK_STR(text_of(axaddr_text_size, TOP), "18446744073709551615");
}

static void a_text_is_terminated_after_each_step(void) {
    char buffer[4] = {'#', '#', '#', '#'};
    struct axaddr_text text;

    axaddr_text_init(&text, buffer, 3);
    CHECK_STR(buffer, "");
    axaddr_text_character(&text, 'a');
    CHECK_STR(buffer, "a");
    axaddr_text_character(&text, 'b');
    CHECK_STR(buffer, "ab");
    CHECK(!axaddr_text_is_cut(&text));
    axaddr_text_character(&text, 'c');
    CHECK_STR(buffer, "ab");
    CHECK(axaddr_text_is_cut(&text));
    CHECK_EQ(text.length, 3);
    CHECK(buffer[3] == '#');
}

int main(void) {
    CASE(an_address_is_64_bits_and_keeps_them);
    CASE(add_and_sub_at_the_ends);
    CASE(the_result_may_be_the_operand);
    CASE(distance_goes_upward_only);
    CASE(wrapping_arithmetic_wraps);
    CASE(arithmetic_agrees_with_a_model_on_all_edges);
    CASE(alignment_examples);
    CASE(align_up_fails_only_above_the_last_page);
    CASE(nothing_is_aligned_to_what_is_no_power_of_two);
    CASE(every_alignment_agrees_with_a_model_on_all_edges);
    CASE(the_usual_page_sizes);
    CASE(a_range_from_start_and_size);
    CASE(a_range_between_two_addresses);
    CASE(the_size_of_a_range);
    CASE(neighbours_are_not_found_around_the_top);
    CASE(ranges_agree_with_a_model_on_all_edges);
    CASE(a_range_written_backwards_is_nothing);
    CASE(pages_of_aligned_ranges);
    CASE(pages_that_are_touched_by_a_byte_count);
    CASE(pages_at_the_top_of_the_space);
    CASE(pages_of_no_size);
    CASE(an_overwritten_iterator_still_ends);
    CASE(the_example_of_the_manual);
    CASE(addresses_print_with_their_kind);
    CASE(ranges_print_both_ends);
    CASE(printing_cuts_off_and_says_what_was_needed);
    CASE(appending_builds_one_line);
    CASE(numbers_print_as_libc_does);
    CASE(padded_hex_has_at_least_its_digits);
    CASE(sizes_are_exact);
    CASE(a_text_is_terminated_after_each_step);
    return check_report("test_addr");
}
