/* SPDX-License-Identifier: MIT
 *
 * test_range_set.c: range sets against a model (a sorted array, and a map of single addresses),
 * with every allocation failing in turn, at both ends of the 64-bit space, and with a million
 * ranges.
 * test_range_set [seed] asks for other sequences, RANGE_FACTOR=40 in the environment for so many
 * times as long ones: together more than 10 million operations.
 */
#include "range_frames.h"

/* ---- sets ---- */

AXADDR_DEFINE_ADDR(slot);

struct tag {
    uint32_t flags;
    uint32_t cookie;
    uint64_t offset; /**< of the first address: a range that is split goes on where it was */
};

static bool tag_continues(const struct tag *tag, const struct tag *next, uint64_t distance) {
    return tag->flags == next->flags && tag->cookie == next->cookie &&
           next->offset - tag->offset == distance;
}

static bool same_number(const uint64_t *number, const uint64_t *next, uint64_t distance) {
    (void)distance;
    return *number == *next;
}

struct wide {
    uint64_t words[10];
};
struct odd {
    unsigned char bytes[11];
};
struct half {
    uint32_t words[3];
};

AXADDR_DEFINE_RANGE_SET(tags, slot, struct tag, tag_continues, test_hal);
AXADDR_DEFINE_RANGE_SET(plain, axaddr_gpa, uint64_t, 0, test_hal);
AXADDR_DEFINE_RANGE_SET(runs, axaddr_gpa, uint64_t, same_number, test_hal);
AXADDR_DEFINE_RANGE_SET(wides, axaddr_hpa, struct wide, 0, test_hal);
AXADDR_DEFINE_RANGE_SET(odds, slot, struct odd, 0, test_hal);
AXADDR_DEFINE_RANGE_SET(halves, slot, struct half, 0, test_hal);

/* ---- a model ---- */

#define MODEL_MAX 120000u

static struct tags_entry model[MODEL_MAX];
static size_t model_count;
static uint64_t model_first; /**< bounds */
static uint64_t model_last;
static struct tags set;
/** The first range that ends at or after an address. */
static size_t model_search(uint64_t address) {
    size_t low = 0;
    size_t high = model_count;

    while (low < high) {
        size_t middle = (low + high) / 2;
        if (model[middle].last.raw < address) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

static void model_put(size_t index, uint64_t first, uint64_t last, struct tag tag) {
    memmove(&model[index + 1], &model[index], (model_count - index) * sizeof(model[0]));
    model[index].first = slot(first);
    model[index].last = slot(last);
    model[index].value = tag;
    model_count++;
}

static void model_take(size_t index) {
    model_count--;
    memmove(&model[index], &model[index + 1], (model_count - index) * sizeof(model[0]));
}

static bool is_same(const struct tags_entry *a, const struct tags_entry *b) {
    return a->first.raw == b->first.raw && a->last.raw == b->last.raw &&
           a->value.flags == b->value.flags && a->value.cookie == b->value.cookie &&
           a->value.offset == b->value.offset;
}

/** Place of a request by looking at all gaps of the model. */
static enum axaddr_status model_find_free(const struct tags_request *request, uint64_t *place) {
    uint64_t mask = request->alignment == 0 ? 0 : request->alignment - 1;
    uint64_t more = request->size - 1;
    bool is_found = false;
    size_t i;

    for (i = 0; i <= model_count; i++) {
        uint64_t low = i == 0 ? model_first : model[i - 1].last.raw + 1;
        uint64_t high = i == model_count ? model_last : model[i].first.raw - 1;
        uint64_t at;

        if ((i > 0 && model[i - 1].last.raw == UINT64_MAX) ||
            (i < model_count && model[i].first.raw == 0)) {
            continue;
        }
        low = low > request->low.raw ? low : request->low.raw;
        high = high < request->high.raw ? high : request->high.raw;
        at = (low + mask) & ~mask;
        if (low > high || at < low || at > high || high - at < more) {
            continue;
        }
        if (request->has_hint && request->hint.raw >= low && request->hint.raw <= high &&
            high - request->hint.raw >= more && (request->hint.raw & mask) == 0) {
            *place = request->hint.raw;
            return AXADDR_OK;
        }
        at = request->is_top_down ? (high - more) & ~mask : at;
        if (!is_found || request->is_top_down) {
            *place = at;
        }
        is_found = true;
    }
    return is_found ? AXADDR_OK : AXADDR_NO_MEMORY;
}

static void compare_all(void) {
    struct tags_cursor cursor = tags_from(slot(0));
    struct tags_entry entry;
    size_t i = 0;

    CHECK_EQ(tags_audit(&set), AXADDR_OK);
    CHECK_EQ(tags_count(&set), model_count);
    while (tags_next(&set, &cursor, &entry)) {
        CHECK(i < model_count && is_same(&entry, &model[i]));
        i++;
    }
    CHECK_EQ(i, model_count);
    CHECK(!tags_next(&set, &cursor, &entry));
    CHECK(!is_misused);
}

/* ---- random sequences ---- */

static uint64_t span; /**< largest size of a range */
static unsigned factor;

static uint64_t any_address(void) {
    return model_first + any(model_last - model_first + 1);
}

static void step_insert(void) {
    uint64_t first = any_address();
    uint64_t last = first + any(span);
    struct tag tag = {(uint32_t)any(2), (uint32_t)any(2), first};
    size_t index = model_search(first);
    uint32_t used = used_count;
    enum axaddr_status expected = AXADDR_OK;
    enum axaddr_status status;

    last = last < first || last > model_last ? model_last : last;
    if (index < model_count && model[index].first.raw <= last) {
        expected = AXADDR_EXISTS;
    }
    status = tags_insert(&set, slot(first), slot(last), &tag);
    if (status == AXADDR_NO_MEMORY && expected == AXADDR_OK) {
        CHECK_EQ(used_count, used);
        return;
    }
    CHECK_EQ(status, expected);
    if (status == AXADDR_OK) {
        model_put(index, first, last, tag);
    }
}

static void step_remove(void) {
    uint64_t address = any_address();
    size_t index = model_search(address);
    struct tags_entry removed;
    bool is_there;

    if (any(2) == 0 && index < model_count) {
        address = model[index].first.raw; /* so that there is one */
    }
    is_there = index < model_count && model[index].first.raw <= address;
    CHECK_EQ(tags_remove(&set, slot(address), &removed), is_there ? AXADDR_OK : AXADDR_NOT_MAPPED);
    if (is_there) {
        CHECK(is_same(&removed, &model[index]));
        model_take(index);
    }
}

static void step_find(void) {
    uint64_t address = any_address();
    size_t index = model_search(address);
    bool is_there = index < model_count && model[index].first.raw <= address;
    struct tag *tag = tags_value(&set, slot(address));
    struct tags_entry entry;

    CHECK_EQ(tags_find(&set, slot(address), &entry), is_there ? AXADDR_OK : AXADDR_NOT_MAPPED);
    CHECK(!is_there || is_same(&entry, &model[index]));
    CHECK_EQ(tags_find_next(&set, slot(address), &entry),
             index < model_count ? AXADDR_OK : AXADDR_NOT_MAPPED);
    CHECK(index == model_count || is_same(&entry, &model[index]));
    CHECK((tag != 0) == is_there);
    if (is_there) {
        tag->cookie = (uint32_t)any(2);
        model[index].value.cookie = tag->cookie;
    }
}

static void step_split(void) {
    uint64_t address = any_address();
    size_t index = model_search(address);
    bool is_there = index < model_count && model[index].first.raw <= address;
    bool is_cut = is_there && model[index].first.raw < address;
    uint32_t used = used_count;
    enum axaddr_status status = tags_split(&set, slot(address));

    if (status == AXADDR_NO_MEMORY && is_cut) {
        CHECK_EQ(used_count, used);
        return;
    }
    CHECK_EQ(status, is_there ? AXADDR_OK : AXADDR_NOT_MAPPED);
    if (is_cut) {
        struct tag rest = model[index].value;

        rest.offset += address - model[index].first.raw;
        model_put(index + 1, address, model[index].last.raw, rest);
        model[index].last = slot(address - 1);
        *tags_value(&set, slot(address)) = rest;
    }
}

static void model_join(size_t index) {
    if (index + 1 < model_count && model[index].last.raw + 1 == model[index + 1].first.raw &&
        tag_continues(&model[index].value, &model[index + 1].value,
                      model[index + 1].first.raw - model[index].first.raw)) {
        model[index].last = model[index + 1].last;
        model_take(index + 1);
    }
}

static void step_merge(void) {
    uint64_t address = any_address();
    size_t index = model_search(address);
    bool is_there = index < model_count && model[index].first.raw <= address;

    CHECK_EQ(tags_merge(&set, slot(address)), is_there ? AXADDR_OK : AXADDR_NOT_MAPPED);
    if (is_there) {
        model_join(index);
        if (index > 0) {
            model_join(index - 1);
        }
    }
}

static void step_find_free(void) {
    struct tags_request request;
    uint64_t expected = 0;
    slot_t place = slot(12345);
    enum axaddr_status status;

    memset(&request, 0, sizeof(request));
    request.size = 1 + any(span * (1 + any(4)));
    request.alignment = UINT64_C(1) << any(6) >> 1;
    request.low = any(2) == 0 ? slot(0) : slot(any_address());
    request.high = any(2) == 0 ? slot(UINT64_MAX) : slot(any_address());
    request.hint = slot(any_address());
    request.has_hint = any(4) == 0;
    request.is_top_down = any(2) == 0;
    status = tags_find_free(&set, &request, &place);
    if (request.low.raw > request.high.raw) {
        CHECK_EQ(status, AXADDR_INVALID);
        return;
    }
    CHECK_EQ(status, model_find_free(&request, &expected));
    CHECK_EQ(place.raw, status == AXADDR_OK ? expected : 12345);
}

/** Removes what it is at, now and then, and comes to all others. */
static void step_iterate(void) {
    uint64_t start = any_address();
    size_t index = model_search(start);
    struct tags_cursor cursor = tags_from(slot(start));
    struct tags_entry entry;

    while (tags_next(&set, &cursor, &entry)) {
        CHECK(index < model_count && is_same(&entry, &model[index]));
        if (any(20 + model_count / 50) == 0) {
            CHECK_EQ(tags_remove(&set, entry.first, 0), AXADDR_OK);
            model_take(index);
        } else {
            index++;
        }
    }
    CHECK_EQ(index, model_count);
}

static void step(bool is_growing, bool is_large) {
    unsigned kind = (unsigned)any(100);

    allowed = any(8) == 0 ? (uint32_t)any(3) : UINT32_MAX;
    if (kind < 40) {
        is_growing ? step_insert() : step_remove();
    } else if (kind < 55) {
        is_growing ? step_remove() : step_insert();
    } else if (kind < 70) {
        step_find();
    } else if (kind < 80) {
        step_split();
    } else if (kind < 90) {
        step_merge();
    } else if (!is_large || any(100) == 0) {
        kind == 90 ? step_iterate() : step_find_free();
    }
    allowed = UINT32_MAX;
}

/** `size` ranges or so, in bounds that they fill to a half; all compared every `rarity` steps. */
static void sequence(size_t size, uint64_t first, uint64_t last, unsigned steps, unsigned rarity) {
    bool is_growing = true;
    size_t largest = 0;
    unsigned i;

    model_count = 0;
    model_first = first;
    model_last = last;
    span = (last - first) / size / 2 + 1;
    CHECK_EQ(tags_init(&set, 0, slot(first), slot(last)), AXADDR_OK);
    for (i = 0; i < steps * factor && !check_case_failed; i++) {
        snprintf(check_context, sizeof(check_context), "%zu ranges, step %u", size, i);
        step(is_growing, size > 1000);
        is_growing = is_growing ? model_count < size : model_count < size / 50;
        largest = model_count > largest ? model_count : largest;
        if (i % rarity == 0 && !check_case_failed) {
            compare_all();
        }
    }
    check_context[0] = '\0';
    tags_destroy(&set);
    CHECK_EQ(used_count, 0);
    CHECK(largest >= size);
}

static void random_10(void) {
    sequence(10, 0, 255, 20000, 1);
    sequence(10, UINT64_MAX - 255, UINT64_MAX, 20000, 1);
}

static void random_100(void) {
    sequence(100, 1000, 5000, 20000, 1);
    sequence(100, UINT64_MAX - 4000, UINT64_MAX, 20000, 1);
}

static void random_1000(void) {
    sequence(1000, 0, 65535, 60000, 20);
    sequence(1000, UINT64_MAX - 65535, UINT64_MAX, 60000, 20);
}

/** The first 100,000 of them are built from an array. */
static void random_100000(void) {
    bool is_growing = true;
    unsigned i;

    model_first = UINT64_C(1) << 40;
    model_last = model_first + 3200000;
    span = 8;
    model_count = 100000;
    for (i = 0; i < model_count; i++) {
        struct tag tag = {i % 2, i % 3, i};

        model[i].first = slot(model_first + i * UINT64_C(31) + any(10));
        model[i].last = slot(model[i].first.raw + any(20));
        model[i].value = tag;
    }
    CHECK_EQ(tags_init(&set, 0, slot(model_first), slot(model_last)), AXADDR_OK);
    CHECK_EQ(tags_build(&set, model, model_count), AXADDR_OK);
    compare_all();
    for (i = 0; i < 60000 * factor && !check_case_failed; i++) {
        snprintf(check_context, sizeof(check_context), "100000 ranges, step %u", i);
        is_growing = model_count < (is_growing ? 108000u : 92000u);
        step(is_growing, true);
        if (i % 10000 == 0 && !check_case_failed) {
            compare_all();
        }
    }
    check_context[0] = '\0';
    CHECK(model_count > 90000);
    compare_all();
    tags_destroy(&set);
    CHECK_EQ(used_count, 0);
}

/* ---- single questions ---- */

static void add(uint64_t first, uint64_t last) {
    struct tag tag = {0, 0, first};

    CHECK_EQ(tags_insert(&set, slot(first), slot(last), &tag), AXADDR_OK);
}

static void refusals(void) {
    struct tags_entry two[2];
    struct tags_entry entry;
    struct tags_request request;
    struct tag tag = {1, 2, 3};
    struct plain none;
    slot_t place;

    CHECK_EQ(tags_init(&set, 0, slot(5), slot(4)), AXADDR_INVALID);
    CHECK_EQ(tags_init(&set, 0, slot(100), slot(199)), AXADDR_OK);
    CHECK_EQ(tags_insert(&set, slot(120), slot(119), &tag), AXADDR_INVALID);
    CHECK_EQ(tags_insert(&set, slot(99), slot(110), &tag), AXADDR_INVALID);
    CHECK_EQ(tags_insert(&set, slot(190), slot(200), &tag), AXADDR_INVALID);
    CHECK_EQ(tags_find_next(&set, slot(0), &entry), AXADDR_NOT_MAPPED);
    CHECK_EQ(tags_remove(&set, slot(150), 0), AXADDR_NOT_MAPPED);
    CHECK_EQ(tags_split(&set, slot(150)), AXADDR_NOT_MAPPED);
    CHECK_EQ(tags_merge(&set, slot(150)), AXADDR_NOT_MAPPED);
    CHECK_EQ(tags_insert(&set, slot(120), slot(129), &tag), AXADDR_OK);
    CHECK_EQ(tags_insert(&set, slot(110), slot(120), &tag), AXADDR_EXISTS);
    CHECK_EQ(tags_insert(&set, slot(129), slot(129), &tag), AXADDR_EXISTS);
    CHECK_EQ(tags_insert(&set, slot(100), slot(199), &tag), AXADDR_EXISTS);
    CHECK_EQ(tags_count(&set), 1);

    memset(&request, 0, sizeof(request));
    request.high = slot(UINT64_MAX);
    CHECK_EQ(tags_find_free(&set, &request, &place), AXADDR_INVALID); /* of size 0 */
    request.size = 1;
    request.alignment = 12;
    CHECK_EQ(tags_find_free(&set, &request, &place), AXADDR_INVALID);
    request.alignment = 1;
    request.low = slot(200);
    CHECK_EQ(tags_find_free(&set, &request, &place), AXADDR_NO_MEMORY);

    two[0].first = slot(100);
    two[0].last = slot(110);
    two[0].value = tag;
    two[1] = two[0];
    CHECK_EQ(tags_build(&set, two, 1), AXADDR_EXISTS); /* not empty */
    tags_clear(&set);
    CHECK_EQ(tags_build(&set, two, 2), AXADDR_INVALID);
    two[1].first = slot(111);
    CHECK_EQ(tags_build(&set, two, 2), AXADDR_INVALID);
    two[1].first = slot(110); /* one address in both */
    two[1].last = slot(120);
    CHECK_EQ(tags_build(&set, two, 2), AXADDR_INVALID);
    two[1].first = slot(111);
    two[1].last = slot(200);
    CHECK_EQ(tags_build(&set, two, 2), AXADDR_INVALID);
    two[1].last = slot(199);
    two[0].first = slot(99);
    CHECK_EQ(tags_build(&set, two, 2), AXADDR_INVALID);
    two[0].first = slot(100);
    CHECK_EQ(tags_build(&set, two, 2), AXADDR_OK);
    CHECK_EQ(tags_audit(&set), AXADDR_OK);
    tags_destroy(&set);

    CHECK_EQ(plain_init(&none, 0, axaddr_gpa(0), axaddr_gpa(9)), AXADDR_OK);
    CHECK_EQ(plain_merge(&none, axaddr_gpa(0)), AXADDR_UNSUPPORTED);
    CHECK_EQ(used_count, 0);
}

/** Seven ranges need no memory; the eighth does. */
static void small_sets_allocate_nothing(void) {
    struct tag tag = {0, 0, 0};
    uint64_t i;

    CHECK_EQ(tags_init(&set, 0, slot(0), slot(UINT64_MAX)), AXADDR_OK);
    for (i = 0; i < 7; i++) {
        add(i * 10, i * 10 + 5);
    }
    CHECK_EQ(used_count, 0);
    allowed = 0;
    CHECK_EQ(tags_insert(&set, slot(100), slot(101), &tag), AXADDR_NO_MEMORY);
    CHECK_EQ(tags_split(&set, slot(12)), AXADDR_NO_MEMORY);
    CHECK_EQ(tags_audit(&set), AXADDR_OK);
    CHECK_EQ(tags_count(&set), 7);
    allowed = UINT32_MAX;
    add(100, 101);
    CHECK_EQ(used_count, 1);
    for (i = 0; i < 5; i++) {
        CHECK_EQ(tags_remove(&set, slot(i * 10), 0), AXADDR_OK);
        CHECK_EQ(tags_audit(&set), AXADDR_OK);
    }
    CHECK_EQ(used_count, 0);
    tags_destroy(&set);
}

/** Of the whole 64-bit space: ranges, gaps, places and iteration end where it does. */
static void ends_of_the_space(void) {
    struct tags_cursor cursor = tags_from(slot(0));
    struct tags_entry entry;
    struct tags_request request;
    slot_t place = slot(1);

    memset(&request, 0, sizeof(request));
    request.size = UINT64_MAX;
    request.high = slot(UINT64_MAX);
    CHECK_EQ(tags_init(&set, 0, slot(0), slot(UINT64_MAX)), AXADDR_OK);
    CHECK_EQ(tags_find_free(&set, &request, &place), AXADDR_OK);
    CHECK_EQ(place.raw, 0);
    request.is_top_down = true;
    CHECK_EQ(tags_find_free(&set, &request, &place), AXADDR_OK);
    CHECK_EQ(place.raw, 1);
    request.alignment = UINT64_C(1) << 63;
    CHECK_EQ(tags_find_free(&set, &request, &place), AXADDR_OK);
    CHECK_EQ(place.raw, 0);

    add(0, UINT64_MAX); /* 2^64 addresses in one range */
    CHECK_EQ(tags_audit(&set), AXADDR_OK);
    request.size = 1;
    request.alignment = 1;
    CHECK_EQ(tags_find_free(&set, &request, &place), AXADDR_NO_MEMORY);
    request.is_top_down = false;
    CHECK_EQ(tags_find_free(&set, &request, &place), AXADDR_NO_MEMORY);
    CHECK(tags_next(&set, &cursor, &entry));
    CHECK(!tags_next(&set, &cursor, &entry));
    CHECK_EQ(tags_split(&set, slot(UINT64_MAX)), AXADDR_OK);
    CHECK_EQ(tags_find(&set, slot(UINT64_MAX), &entry), AXADDR_OK);
    CHECK_EQ(entry.first.raw, UINT64_MAX);
    tags_value(&set, slot(UINT64_MAX))->offset = UINT64_MAX;
    CHECK_EQ(tags_merge(&set, slot(0)), AXADDR_OK);
    CHECK_EQ(tags_count(&set), 1);
    CHECK_EQ(tags_split(&set, slot(1)), AXADDR_OK);
    CHECK_EQ(tags_remove(&set, slot(1), &entry), AXADDR_OK);
    CHECK_EQ(entry.last.raw, UINT64_MAX);
    CHECK_EQ(tags_find_next(&set, slot(1), &entry), AXADDR_NOT_MAPPED);
    add(UINT64_MAX, UINT64_MAX);
    request.size = UINT64_MAX - 1;
    CHECK_EQ(tags_find_free(&set, &request, &place), AXADDR_OK);
    CHECK_EQ(place.raw, 1);
    tags_destroy(&set);
}

/** What the model cannot be wrong about: every address on its own. */
static bool is_free_map[128];

static bool map_fits(uint64_t base, const struct tags_request *request, uint64_t at) {
    uint64_t i;

    if ((at & (request->alignment - 1)) != 0 || at < request->low.raw ||
        request->size > 128 - (at - base) || at + (request->size - 1) > request->high.raw) {
        return false;
    }
    for (i = 0; i < request->size; i++) {
        if (!is_free_map[at - base + i]) {
            return false;
        }
    }
    return true;
}

static void find_free_by_brute_force(uint64_t base) {
    struct tags_request request;
    unsigned round;
    unsigned i;

    for (round = 0; round < 40000; round++) {
        slot_t place = slot(77);
        uint64_t expected = 77;
        bool is_found = false;

        if (round % 100 == 0) {
            memset(is_free_map, true, sizeof(is_free_map));
            CHECK_EQ(tags_init(&set, 0, slot(base), slot(base + 127)), AXADDR_OK);
            for (i = 0; i < 128; i += 1 + (unsigned)any(10)) {
                add(base + i, base + i);
                is_free_map[i] = false;
            }
            CHECK_EQ(tags_audit(&set), AXADDR_OK);
        }
        request.size = 1 + any(12);
        request.alignment = UINT64_C(1) << any(5);
        request.low = slot(base + (any(2) == 0 ? 0 : any(128)));
        request.high = slot(request.low.raw + any(base + 128 - request.low.raw));
        request.is_top_down = any(2) == 0;
        request.has_hint = any(3) == 0;
        request.hint = slot(base + any(128));
        for (i = 0; i < 128 && !(is_found && !request.is_top_down); i++) {
            if (map_fits(base, &request, base + i)) {
                expected = base + i;
                is_found = true;
            }
        }
        if (request.has_hint && map_fits(base, &request, request.hint.raw)) {
            expected = request.hint.raw;
        }
        CHECK_EQ(tags_find_free(&set, &request, &place), is_found ? AXADDR_OK : AXADDR_NO_MEMORY);
        CHECK_EQ(place.raw, expected);
        if (round % 100 == 99) {
            tags_destroy(&set);
        }
    }
}

static void find_free_at_the_bottom(void) {
    find_free_by_brute_force(0);
}

static void find_free_at_the_top(void) {
    find_free_by_brute_force(UINT64_MAX - 127);
}

/** Inserts and splits: with no frame, with one, with two and so on, until they succeed. */
static void every_allocation_fails(void) {
    struct tag tag = {0, 0, 0};
    unsigned failure_count = 0;
    unsigned i;

    CHECK_EQ(tags_init(&set, 0, slot(0), slot(UINT64_MAX)), AXADDR_OK);
    for (i = 0; i < 12000; i++) {
        uint64_t first = UINT64_C(100) * i;
        bool is_split = i % 2 == 1;
        uint32_t used = used_count;
        uint32_t frames = 0;
        enum axaddr_status status;

        for (;;) {
            allowed = frames++;
            status = is_split ? tags_split(&set, slot(first - 50))
                              : tags_insert(&set, slot(first), slot(first + 80), &tag);
            allowed = UINT32_MAX;
            if (status != AXADDR_NO_MEMORY) {
                break;
            }
            failure_count++;
            CHECK_EQ(used_count, used);
            CHECK_EQ(tags_count(&set), i);
            CHECK_EQ(tags_audit(&set), AXADDR_OK);
        }
        CHECK_EQ(status, AXADDR_OK);
        CHECK_EQ(used_count, used + frames - 1); /* what was taken was needed */
    }
    CHECK_EQ(tags_audit(&set), AXADDR_OK);
    CHECK(failure_count > 150);
    tags_destroy(&set);
    CHECK_EQ(used_count, 0);
}

static void build_fails(void) {
    uint32_t frames = 0;
    enum axaddr_status status;
    unsigned i;

    model_count = 1000;
    for (i = 0; i < model_count; i++) {
        struct tag tag = {i, 0, i};

        model[i].first = slot(i * 2);
        model[i].last = slot(i * 2);
        model[i].value = tag;
    }
    CHECK_EQ(tags_init(&set, 0, slot(0), slot(UINT64_MAX)), AXADDR_OK);
    do {
        CHECK_EQ(used_count, 0);
        CHECK_EQ(tags_count(&set), 0);
        allowed = frames++;
        status = tags_build(&set, model, model_count);
        allowed = UINT32_MAX;
    } while (status == AXADDR_NO_MEMORY);
    CHECK_EQ(status, AXADDR_OK);
    CHECK(frames > 5);
    compare_all();
    tags_destroy(&set);
    CHECK_EQ(used_count, 0);
}

/** Built sets of each size: all nodes are at least half full, and nothing is missing. */
static void build_sizes(void) {
    size_t size;
    unsigned i;

    for (i = 0; i < 3000; i++) {
        struct tag tag = {i, 0, i};

        model[i].first = slot(i * UINT64_C(5));
        model[i].last = slot(i * UINT64_C(5) + any(5));
        model[i].value = tag;
    }
    CHECK_EQ(tags_init(&set, 0, slot(0), slot(UINT64_MAX)), AXADDR_OK);
    for (size = 0; size < 3000; size += size < 70 ? 1 : 37) {
        model_count = size;
        CHECK_EQ(tags_build(&set, model, size), AXADDR_OK);
        compare_all();
        tags_clear(&set);
        CHECK_EQ(used_count, 0);
    }
}

/** A gap that is large enough is found without looking at the ranges before it. */
static void find_free_is_quick(void) {
    struct tags_request request;
    slot_t place;
    unsigned i;

    CHECK_EQ(tags_init(&set, 0, slot(0), slot(65536 * 4 - 1)), AXADDR_OK);
    for (i = 0; i < 65536; i++) {
        if (i != 50000) {
            add(i * 4, i * 4 + 2);
        }
    }
    memset(&request, 0, sizeof(request));
    request.size = 5;
    request.high = slot(UINT64_MAX);
    for (i = 0; i < 2; i++) {
        request.is_top_down = i == 1;
        visit_count = 0;
        CHECK_EQ(tags_find_free(&set, &request, &place), AXADDR_OK);
        CHECK_EQ(place.raw, 50000 * 4 - 1);
        CHECK(visit_count < 20);
    }
    request.size = 6;
    visit_count = 0;
    CHECK_EQ(tags_find_free(&set, &request, &place), AXADDR_NO_MEMORY);
    CHECK(visit_count < 20);
    tags_destroy(&set);
}

/* ---- a million ---- */

#define MILLION UINT64_C(1000000)

/** Each number below 2^20 once, in no order. */
static uint64_t shuffled(uint64_t i) {
    return (i * 0x9e375 + 12345) & 0xfffff;
}

static void many_in(bool is_ascending, uint64_t count) {
    struct plain numbers;
    struct plain_entry entry;
    uint64_t i;

    CHECK_EQ(plain_init(&numbers, 0, axaddr_gpa(0), axaddr_gpa(UINT64_MAX)), AXADDR_OK);
    for (i = 0; i < count; i++) {
        uint64_t first = (is_ascending ? i : shuffled(i)) << 44;
        CHECK_EQ(plain_insert(&numbers, axaddr_gpa(first), axaddr_gpa(first + 9), &first),
                 AXADDR_OK);
    }
    CHECK_EQ(plain_count(&numbers), count);
    CHECK(numbers.core.height + 1 <= 6);
    CHECK_EQ(plain_audit(&numbers), AXADDR_OK);
    for (i = 0; i < count; i++) {
        uint64_t first = (is_ascending ? i : shuffled(i)) << 44;
        CHECK_EQ(plain_find(&numbers, axaddr_gpa(first + 9), &entry), AXADDR_OK);
        CHECK(entry.first.raw == first && entry.value == first);
        CHECK_EQ(plain_find(&numbers, axaddr_gpa(first + 10), &entry), AXADDR_NOT_MAPPED);
    }
    for (i = 0; i < count; i++) {
        uint64_t first = (is_ascending ? i : shuffled(i)) << 44;
        CHECK_EQ(plain_remove(&numbers, axaddr_gpa(first + 5), &entry), AXADDR_OK);
        CHECK_EQ(entry.value, first);
        if (i % 200000 == 100000) {
            CHECK_EQ(plain_audit(&numbers), AXADDR_OK);
        }
    }
    CHECK_EQ(used_count, 0);
    CHECK(!is_misused);
}

/** Built from an array; each fourth one is cut, and made one again. */
static void million_built(void) {
    struct runs_entry *entries = (struct runs_entry *)malloc(MILLION * sizeof(*entries));
    struct runs_entry entry;
    struct runs numbers;
    uint64_t i;

    for (i = 0; i < MILLION; i++) {
        entries[i].first = axaddr_gpa(i * 16);
        entries[i].last = axaddr_gpa(i * 16 + 7 + i % 9);
        entries[i].value = i;
    }
    CHECK_EQ(runs_init(&numbers, 0, axaddr_gpa(0), axaddr_gpa(UINT64_MAX)), AXADDR_OK);
    CHECK_EQ(runs_build(&numbers, entries, MILLION), AXADDR_OK);
    CHECK_EQ(runs_audit(&numbers), AXADDR_OK);
    CHECK(numbers.core.height + 1 <= 6);
    for (i = 0; i < MILLION; i += 4) {
        CHECK_EQ(runs_split(&numbers, axaddr_gpa(i * 16 + 5)), AXADDR_OK);
    }
    CHECK_EQ(runs_audit(&numbers), AXADDR_OK);
    CHECK_EQ(runs_count(&numbers), MILLION / 4 * 5);
    for (i = 0; i < MILLION; i++) {
        uint64_t at = shuffled(i) % MILLION;

        CHECK_EQ(runs_find(&numbers, axaddr_gpa(at * 16 + 6), &entry), AXADDR_OK);
        CHECK_EQ(entry.value, at);
        CHECK_EQ(entry.first.raw, at * 16 + (at % 4 == 0 ? 5 : 0));
    }
    for (i = 0; i < MILLION; i += 4) {
        CHECK_EQ(runs_merge(&numbers, axaddr_gpa(i * 16 + i % 8)), AXADDR_OK);
    }
    CHECK_EQ(runs_count(&numbers), MILLION);
    CHECK_EQ(runs_audit(&numbers), AXADDR_OK);
    runs_clear(&numbers);
    CHECK_EQ(used_count, 0);
    CHECK_EQ(runs_audit(&numbers), AXADDR_OK);
    CHECK(!is_misused);
    free(entries);
}

static void many_ascending(void) {
    many_in(true, 200000);
}

static void million_shuffled(void) {
    many_in(false, MILLION);
}

/* ---- values of other sizes ---- */

static void other_values(void) {
    struct wides large;
    struct wides_entry wide;
    struct odds small;
    struct odds_entry odd;
    struct halves middle;
    struct halves_entry half;
    unsigned i;

    memset(&wide, 0, sizeof(wide));
    memset(&odd, 0, sizeof(odd));
    memset(&half, 0, sizeof(half));
    CHECK_EQ(wides_init(&large, 0, axaddr_hpa(0), axaddr_hpa(UINT64_MAX)), AXADDR_OK);
    CHECK_EQ(odds_init(&small, 0, slot(0), slot(UINT64_MAX)), AXADDR_OK);
    CHECK_EQ(halves_init(&middle, 0, slot(0), slot(UINT64_MAX)), AXADDR_OK);
    for (i = 0; i < 5000; i++) {
        uint64_t at = i * 7919 % 5003;

        wide.value.words[0] = wide.value.words[9] = at;
        odd.value.bytes[0] = odd.value.bytes[10] = (unsigned char)at;
        half.value.words[0] = half.value.words[2] = (uint32_t)at;
        CHECK_EQ(wides_insert(&large, axaddr_hpa(at), axaddr_hpa(at), &wide.value), AXADDR_OK);
        CHECK_EQ(odds_insert(&small, slot(at), slot(at), &odd.value), AXADDR_OK);
        CHECK_EQ(halves_insert(&middle, slot(at), slot(at), &half.value), AXADDR_OK);
    }
    CHECK_EQ(wides_audit(&large), AXADDR_OK);
    CHECK_EQ(odds_audit(&small), AXADDR_OK);
    CHECK_EQ(halves_audit(&middle), AXADDR_OK);
    for (i = 0; i < 5000; i++) {
        uint64_t at = i * 7919 % 5003;

        CHECK_EQ(wides_find(&large, axaddr_hpa(at), &wide), AXADDR_OK);
        CHECK(wide.value.words[0] == at && wide.value.words[9] == at);
        CHECK_EQ(wides_remove(&large, axaddr_hpa(at), &wide), AXADDR_OK);
        CHECK(wide.value.words[0] == at && wide.value.words[9] == at);
        CHECK_EQ(odds_remove(&small, slot(at), &odd), AXADDR_OK);
        CHECK(odd.value.bytes[0] == at % 256 && odd.value.bytes[10] == at % 256);
        CHECK_EQ(halves_remove(&middle, slot(at), &half), AXADDR_OK);
        CHECK(half.value.words[0] == at && half.value.words[2] == at);
        if (i % 100 == 0) {
            CHECK_EQ(wides_audit(&large), AXADDR_OK);
        }
    }
    CHECK_EQ(used_count, 0);
}

int main(int argument_count, char **arguments) {
    uint64_t seed = argument_count > 1 ? strtoull(arguments[1], 0, 0) : 1;

    printf("test_range_set: seed %" PRIu64 "\n", seed);
    factor = getenv("RANGE_FACTOR") != 0 ? (unsigned)strtoul(getenv("RANGE_FACTOR"), 0, 10) : 1;
    frames_begin(seed);
    CASE(refusals);
    CASE(small_sets_allocate_nothing);
    CASE(ends_of_the_space);
    CASE(find_free_at_the_bottom);
    CASE(find_free_at_the_top);
    CASE(every_allocation_fails);
    CASE(build_fails);
    CASE(build_sizes);
    CASE(find_free_is_quick);
    CASE(other_values);
    CASE(random_10);
    CASE(random_100);
    CASE(random_1000);
    CASE(random_100000);
    CASE(million_built);
    CASE(many_ascending);
    CASE(million_shuffled);
    free(memory);
    return check_report("test_range_set");
}
