/* SPDX-License-Identifier: MIT
 *
 * fuzz_addr.c: addresses, ranges, pages (axaddr_core/addr.h) against arithmetic on 128 bits, and
 * text (axaddr_core/text.h) against snprintf.
 *
 * The input is one record after the other. Words are those of input.h.
 *
 *     byte   what, modulo 4: arithmetic, ranges, pages, text
 *     words  four; pages: two and a byte, log2 of the page size; text: one, then bytes: the
 *            buffer's size, digits, a string's length
 */
#include "input.h"

#include "../axaddr.h"

/** As wide as sums of two addresses are. */
__extension__ typedef unsigned __int128 wide;

#define TOP    ((wide)1 << 64)
#define UNUSED UINT64_C(0x7777777777777777)

/* ---- arithmetic ---- */

static void check_result(enum axaddr_status status, axaddr_gpa_t result, bool is_good,
                         wide expected) {
    FUZZ_EQ(status, is_good ? AXADDR_OK : AXADDR_INVALID);
    FUZZ_EQ(result.raw, is_good ? (uint64_t)expected : UNUSED);
}

static void check_alignment(uint64_t a, uint64_t alignment) {
    bool is_power = alignment != 0 && (alignment & (alignment - 1)) == 0;
    wide up = is_power ? ((wide)a + alignment - 1) / alignment * alignment : 0;
    axaddr_gpa_t result = axaddr_gpa(UNUSED);
    enum axaddr_status status = axaddr_gpa_align_up(axaddr_gpa(a), alignment, &result);

    check_result(status, result, is_power && up < TOP, up);
    FUZZ_EQ(axaddr_gpa_align_down(axaddr_gpa(a), alignment).raw, is_power ? a - a % alignment : a);
    FUZZ_EQ(axaddr_gpa_align_offset(axaddr_gpa(a), alignment), is_power ? a % alignment : 0);
    FUZZ_EQ(axaddr_gpa_is_aligned(axaddr_gpa(a), alignment), is_power && a % alignment == 0);
}

static void check_sized(uint64_t a) {
    axaddr_gpa_t up = axaddr_gpa(UNUSED);
    axaddr_gpa_t same = axaddr_gpa(UNUSED);

    FUZZ_EQ(axaddr_gpa_align_down_4k(axaddr_gpa(a)).raw, a >> 12 << 12);
    FUZZ_EQ(axaddr_gpa_align_down_2m(axaddr_gpa(a)).raw, a >> 21 << 21);
    FUZZ_EQ(axaddr_gpa_align_down_1g(axaddr_gpa(a)).raw, a >> 30 << 30);
    FUZZ_EQ(axaddr_gpa_is_aligned_2m(axaddr_gpa(a)), a << 43 == 0);
    FUZZ_EQ(axaddr_gpa_align_offset_1g(axaddr_gpa(a)), a & (AXADDR_SIZE_1G - 1));
    FUZZ_EQ(axaddr_gpa_align_up_2m(axaddr_gpa(a), &up),
            axaddr_gpa_align_up(axaddr_gpa(a), AXADDR_SIZE_2M, &same));
    FUZZ_EQ(up.raw, same.raw);
}

static void fuzz_arithmetic(struct input *input) {
    uint64_t a = input_word(input);
    uint64_t b = input_word(input);
    axaddr_gpa_t result = axaddr_gpa(UNUSED);
    uint64_t distance = UNUSED;
    enum axaddr_status status;

    status = axaddr_gpa_add(axaddr_gpa(a), b, &result);
    check_result(status, result, (wide)a + b < TOP, (wide)a + b);
    result = axaddr_gpa(UNUSED);
    status = axaddr_gpa_sub(axaddr_gpa(a), b, &result);
    check_result(status, result, a >= b, (wide)a - b);
    status = axaddr_gpa_distance(axaddr_gpa(a), axaddr_gpa(b), &distance);
    check_result(status, axaddr_gpa(distance), b >= a, (wide)b - a);
    FUZZ_EQ(axaddr_gpa_wrapping_add(axaddr_gpa(a), b).raw, a + b);
    FUZZ_EQ(axaddr_gpa_wrapping_sub(axaddr_gpa(a), b).raw, a - b);
    FUZZ_EQ(axaddr_gpa_equal(axaddr_gpa(a), axaddr_gpa(b)), a == b);
    FUZZ_EQ(axaddr_gpa_less(axaddr_gpa(a), axaddr_gpa(b)), a < b);
    FUZZ_CHECK(axaddr_gpa_compare(axaddr_gpa(a), axaddr_gpa(b)) == (a < b ? -1 : a != b));
    check_alignment(a, b);
    check_alignment(a, UINT64_C(1) << (b & 63));
    check_sized(a);
}

/* ---- ranges ---- */

static axaddr_gpa_range_t range_of(uint64_t first, uint64_t last) {
    axaddr_gpa_range_t range = {axaddr_gpa(first), axaddr_gpa(last)};
    return range;
}

static bool is_range(axaddr_gpa_range_t range, uint64_t first, uint64_t last) {
    return axaddr_gpa_range_equal(range, range_of(first, last));
}

static void check_made(uint64_t start, uint64_t size) {
    axaddr_gpa_range_t range = range_of(UNUSED, UNUSED);
    bool is_good = size != 0 && (wide)start + size <= TOP;

    FUZZ_EQ(axaddr_gpa_range(axaddr_gpa(start), size, &range),
            is_good ? AXADDR_OK : AXADDR_INVALID);
    FUZZ_CHECK(is_good ? is_range(range, start, start + size - 1)
                       : is_range(range, UNUSED, UNUSED));
    range = range_of(UNUSED, UNUSED);
    is_good = start <= size;
    FUZZ_EQ(axaddr_gpa_range_between(axaddr_gpa(start), axaddr_gpa(size), &range),
            is_good ? AXADDR_OK : AXADDR_INVALID);
    FUZZ_CHECK(is_good ? is_range(range, start, size) : is_range(range, UNUSED, UNUSED));
}

/** Two of any kind, also such as have no byte. */
static void check_two(axaddr_gpa_range_t a, axaddr_gpa_range_t b) {
    wide a_first = a.first.raw;
    wide a_end = (wide)a.last.raw + 1;
    wide b_first = b.first.raw;
    wide b_end = (wide)b.last.raw + 1;
    bool are_ranges = a_first < a_end && b_first < b_end;
    wide first = a_first > b_first ? a_first : b_first;
    wide end = a_end < b_end ? a_end : b_end;
    bool overlaps = first < end;
    axaddr_gpa_range_t both = range_of(UNUSED, UNUSED);
    uint64_t size = UNUSED;
    bool is_sized = a_first < a_end && a_end - a_first < TOP;

    FUZZ_EQ(axaddr_gpa_range_overlaps(a, b), overlaps);
    FUZZ_EQ(axaddr_gpa_range_intersect(a, b, &both), overlaps ? AXADDR_OK : AXADDR_INVALID);
    FUZZ_CHECK(overlaps ? is_range(both, (uint64_t)first, (uint64_t)(end - 1))
                        : is_range(both, UNUSED, UNUSED));
    FUZZ_EQ(axaddr_gpa_range_is_adjacent(a, b),
            are_ranges && (a_end == b_first || b_end == a_first));
    FUZZ_EQ(axaddr_gpa_range_contains_range(a, b),
            b_first < b_end && a_first <= b_first && b_end <= a_end);
    FUZZ_EQ(axaddr_gpa_range_contains(a, b.first), a_first <= b_first && b_first < a_end);
    FUZZ_EQ(axaddr_gpa_range_size(a, &size), is_sized ? AXADDR_OK : AXADDR_INVALID);
    FUZZ_EQ(size, is_sized ? (uint64_t)(a_end - a_first) : UNUSED);
}

static void fuzz_ranges(struct input *input) {
    uint64_t words[4];
    unsigned i;

    for (i = 0; i < 4; i++) {
        words[i] = input_word(input);
    }
    check_made(words[0], words[1]);
    check_two(range_of(words[0], words[1]), range_of(words[2], words[3]));
    check_two(range_of(words[2], words[3]), range_of(words[0], words[1]));
}

/* ---- pages ---- */

#define PAGE_MAX 300

static void fuzz_pages(struct input *input) {
    uint64_t first = input_word(input);
    uint64_t last = input_word(input);
    unsigned how = input_byte(input);
    uint64_t size = how < 192 ? UINT64_C(1) << (how & 63) : last;
    bool is_good = first <= last && size != 0 && (size & (size - 1)) == 0;
    axaddr_gpa_t page = axaddr_gpa(UNUSED);
    axaddr_gpa_pages_t pages;
    uint64_t expected;
    unsigned count;

    FUZZ_EQ(axaddr_gpa_pages(range_of(first, last), size, &pages),
            is_good ? AXADDR_OK : AXADDR_INVALID);
    if (!is_good) {
        return;
    }
    expected = first - first % size;
    for (count = 0; count < PAGE_MAX; count++) {
        bool is_there = count == 0 || (expected <= last && expected != 0);
        FUZZ_EQ(axaddr_gpa_pages_next(&pages, &page), is_there);
        if (!is_there) {
            FUZZ_CHECK(!axaddr_gpa_pages_next(&pages, &page));
            return;
        }
        FUZZ_EQ(page.raw, expected);
        expected += size; /* 0: beyond the last one */
    }
}

/* ---- text ---- */

#define TEXT_MAX 80

struct text_pair {
    struct axaddr_text text;
    char buffer[TEXT_MAX + 8];
    char expected[TEXT_MAX * 4];
    size_t length;
    size_t size;
};

/** The buffer holds as much of the expected text as fits, and nothing behind it was touched. */
static void check_text(const struct text_pair *pair) {
    size_t kept = pair->length < pair->size ? pair->length : pair->size - 1;
    size_t i;

    FUZZ_EQ(pair->text.length, pair->length);
    FUZZ_EQ(axaddr_text_is_cut(&pair->text), pair->length >= pair->size);
    if (pair->size > 0) {
        FUZZ_CHECK(memcmp(pair->buffer, pair->expected, kept) == 0);
        FUZZ_EQ(pair->buffer[kept], 0);
    }
    for (i = pair->size; i < sizeof(pair->buffer); i++) {
        FUZZ_EQ(pair->buffer[i], 0x7e);
    }
}

#define EXPECT(pair, ...)                                                                          \
    ((pair)->length += (size_t)snprintf((pair)->expected + (pair)->length,                         \
                                        sizeof((pair)->expected) - (pair)->length, __VA_ARGS__))

static void expect_size(struct text_pair *pair, uint64_t value) {
    static const char *const units[] = {"", "K", "M", "G", "T"};
    unsigned unit = 0;
    while (unit < 4 && value != 0 && value % 1024 == 0) {
        value /= 1024;
        unit++;
    }
    EXPECT(pair, "%" PRIu64 "%s", value, units[unit]);
}

static void fuzz_text(struct input *input) {
    uint64_t value = input_word(input);
    struct text_pair pair;
    unsigned digits;

    memset(&pair, 0, sizeof(pair));
    memset(pair.buffer, 0x7e, sizeof(pair.buffer));
    pair.size = input_below(input, TEXT_MAX + 1);
    digits = input_below(input, 17);
    axaddr_text_init(&pair.text, pair.size == 0 ? 0 : pair.buffer, pair.size);
    axaddr_text_hex(&pair.text, value);
    EXPECT(&pair, "0x%" PRIx64, value);
    axaddr_text_string(&pair.text, " of ");
    EXPECT(&pair, " of ");
    axaddr_text_decimal(&pair.text, value);
    EXPECT(&pair, "%" PRIu64, value);
    axaddr_text_hex_padded(&pair.text, value >> 32, digits);
    EXPECT(&pair, "0x%0*" PRIx64, (int)(digits == 0 ? 1 : digits), value >> 32);
    axaddr_text_size(&pair.text, value);
    expect_size(&pair, value);
    check_text(&pair);
    axaddr_gpa_append(axaddr_gpa(value), &pair.text);
    EXPECT(&pair, "GPA:0x%" PRIx64, value);
    axaddr_gpa_range_append(range_of(value, 1), &pair.text);
    EXPECT(&pair, "GPA:[0x%" PRIx64 ", 0x1]", value);
    check_text(&pair);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static void (*const records[])(struct input * input) = {fuzz_arithmetic, fuzz_ranges,
                                                            fuzz_pages, fuzz_text};
    struct input input = input_of(data, size);

    while (input.left > 0) {
        records[input_below(&input, 4)](&input);
    }
    return 0;
}
