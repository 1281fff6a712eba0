/* SPDX-License-Identifier: MIT
 *
 * test_range_cases.c: range sets case by case, as one would ask of a set of memory areas: every way
 * to overlap, to take out, to cut and to join; iteration while the set changes; how far find_free
 * looks; frames that are held before; values of all kinds of sizes.
 */
#include "range_frames.h"

static bool is_same(const uint64_t *number, const uint64_t *next, uint64_t distance) {
    return *number == *next && distance != 7;
}

AXADDR_DEFINE_RANGE_SET(marks, axaddr_gpa, uint64_t, is_same, test_hal);

static struct marks set;

static void begin(uint64_t last) {
    CHECK_EQ(marks_init(&set, 0, axaddr_gpa(0), axaddr_gpa(last)), AXADDR_OK);
}

static enum axaddr_status put(uint64_t first, uint64_t last, uint64_t value) {
    return marks_insert(&set, axaddr_gpa(first), axaddr_gpa(last), &value);
}

/** The range that `address` is in is this one. */
static bool is_at(uint64_t address, uint64_t first, uint64_t last, uint64_t value) {
    struct marks_entry entry;

    return marks_find(&set, axaddr_gpa(address), &entry) == AXADDR_OK && entry.first.raw == first &&
           entry.last.raw == last && entry.value == value;
}

static void end(void) {
    CHECK_EQ(marks_audit(&set), AXADDR_OK);
    marks_destroy(&set);
    CHECK_EQ(used_count, 0);
    CHECK(!is_misused);
}

/** [10, 14] and [20, 24] are there: whatever has an address of these is refused, nothing else. */
static void every_way_to_overlap(void) {
    uint64_t first;
    uint64_t last;
    uint64_t at;

    begin(29);
    CHECK_EQ(put(10, 14, 1), AXADDR_OK);
    CHECK_EQ(put(20, 24, 2), AXADDR_OK);
    for (first = 0; first < 32; first++) {
        for (last = 0; last < 32; last++) {
            bool is_range = first <= last && last <= 29;
            bool is_free = true;

            for (at = first; at <= last; at++) {
                is_free = is_free && !((at >= 10 && at <= 14) || (at >= 20 && at <= 24));
            }
            CHECK_EQ(put(first, last, 3), !is_range ? AXADDR_INVALID
                                          : is_free ? AXADDR_OK
                                                    : AXADDR_EXISTS);
            CHECK_EQ(marks_count(&set), is_range && is_free ? 3 : 2);
            if (is_range && is_free) {
                CHECK(is_at(first, first, last, 3) && is_at(last, first, last, 3));
                CHECK_EQ(marks_remove(&set, axaddr_gpa(first + (last - first) / 2), 0), AXADDR_OK);
            }
            CHECK(is_at(10, 10, 14, 1) && is_at(24, 20, 24, 2));
        }
    }
    end();
}

static void take_out_by_any_address(void) {
    struct marks_entry removed;
    uint64_t at;

    begin(100);
    for (at = 0; at < 40; at++) {
        removed.value = 99;
        CHECK_EQ(put(10, 14, 1), AXADDR_OK);
        CHECK_EQ(put(15, 15, 2), AXADDR_OK);
        CHECK_EQ(put(20, 24, 3), AXADDR_OK);
        if (at >= 10 && at <= 14) {
            CHECK_EQ(marks_remove(&set, axaddr_gpa(at), &removed), AXADDR_OK);
            CHECK(removed.first.raw == 10 && removed.last.raw == 14 && removed.value == 1);
        } else if (at == 15) {
            CHECK_EQ(marks_remove(&set, axaddr_gpa(at), &removed), AXADDR_OK);
            CHECK(removed.first.raw == 15 && removed.last.raw == 15 && removed.value == 2);
        } else if (at >= 20 && at <= 24) {
            CHECK_EQ(marks_remove(&set, axaddr_gpa(at), &removed), AXADDR_OK);
            CHECK(removed.first.raw == 20 && removed.last.raw == 24 && removed.value == 3);
        } else {
            CHECK_EQ(marks_remove(&set, axaddr_gpa(at), &removed), AXADDR_NOT_MAPPED);
            CHECK_EQ(removed.value, 99);
        }
        CHECK_EQ(marks_count(&set), removed.value == 99 ? 3 : 2);
        marks_clear(&set);
        CHECK_EQ(marks_count(&set), 0);
    }
    end();
}

/** Cut at each address; both parts have the value, and are one again when joined by any address. */
static void cut_and_join(void) {
    uint64_t at;
    uint64_t by;

    begin(100);
    for (at = 8; at < 32; at++) {
        for (by = 10; by < 30; by++) {
            bool is_cut = at > 10 && at < 30;
            bool is_one = at != 17 && is_cut; /* not where the distance is 7 */

            CHECK_EQ(put(10, 29, 5), AXADDR_OK);
            CHECK_EQ(marks_split(&set, axaddr_gpa(at)),
                     at >= 10 && at < 30 ? AXADDR_OK : AXADDR_NOT_MAPPED);
            CHECK_EQ(marks_count(&set), is_cut ? 2 : 1);
            CHECK(!is_cut || (is_at(10, 10, at - 1, 5) && is_at(29, at, 29, 5)));
            CHECK_EQ(marks_split(&set, axaddr_gpa(at)),
                     at >= 10 && at < 30 ? AXADDR_OK : AXADDR_NOT_MAPPED);
            CHECK_EQ(marks_count(&set), is_cut ? 2 : 1);
            CHECK_EQ(marks_merge(&set, axaddr_gpa(by)), AXADDR_OK);
            CHECK_EQ(marks_count(&set), is_cut && !is_one ? 2 : 1);
            CHECK(!is_one || is_at(by, 10, 29, 5));
            marks_clear(&set);
        }
    }
    end();
}

/** Of five in a row, the middle one is joined with what touches it and has its value. */
static void join_on_both_sides(void) {
    unsigned kind;

    begin(1000);
    for (kind = 0; kind < 16; kind++) {
        bool is_left = (kind & 1) != 0;
        bool is_right = (kind & 2) != 0;
        bool is_gap = (kind & 4) != 0;
        uint64_t first = is_left && !is_gap ? 110 : 120;
        uint64_t last = is_right ? 139 : 129;

        CHECK_EQ(put(100, 109, 1), AXADDR_OK);
        CHECK_EQ(put(110, is_gap ? 118 : 119, is_left ? 1 : 2), AXADDR_OK);
        CHECK_EQ(put(120, 129, 1), AXADDR_OK);
        CHECK_EQ(put(130, 139, is_right ? 1 : 2), AXADDR_OK);
        CHECK_EQ(put(140, 149, 1), AXADDR_OK); /* touches, but is two away */
        if ((kind & 8) != 0) {                 /* in nodes, not in the set itself */
            uint64_t i;

            for (i = 0; i < 200; i++) {
                CHECK_EQ(put(200 + 2 * i, 200 + 2 * i, i), AXADDR_OK);
            }
        }
        CHECK_EQ(marks_merge(&set, axaddr_gpa(125)), AXADDR_OK);
        CHECK(is_at(125, first, last, 1));
        CHECK_EQ(marks_count(&set), ((kind & 8) != 0 ? 205u : 5u) - (first == 110) - is_right);
        CHECK(is_at(100, 100, 109, 1) && is_at(149, 140, 149, 1));
        CHECK_EQ(marks_audit(&set), AXADDR_OK);
        marks_clear(&set);
        CHECK_EQ(used_count, 0);
    }
    end();
}

/** A thousand become one, and each frame goes back with the last node that was in it. */
static void join_all(void) {
    uint64_t i;

    begin(UINT64_MAX);
    for (i = 0; i < 1000; i++) {
        CHECK_EQ(put(i * 10, i * 10 + 9, 5), AXADDR_OK);
    }
    CHECK(used_count > 5);
    for (i = 999; i > 0; i--) {
        CHECK_EQ(marks_count(&set), i + 1);
        CHECK_EQ(marks_merge(&set, axaddr_gpa(0)), AXADDR_OK);
        CHECK_EQ(set.core.held.count, 0);
    }
    CHECK(is_at(5000, 0, 9999, 5));
    CHECK_EQ(used_count, 0);
    end();
}

/** A large range goes where small ones were only when all of them are gone. */
static void small_ones_make_room(void) {
    uint64_t i;

    begin(UINT64_MAX);
    for (i = 0; i < 500; i++) {
        CHECK_EQ(put(i * 10, i * 10 + 9, i), AXADDR_OK);
    }
    for (i = 0; i < 500; i++) {
        uint64_t at = i * 37 % 500;

        CHECK_EQ(put(0, 4999, 7), AXADDR_EXISTS);
        CHECK_EQ(put(at * 10, at * 10 + 9, 7), AXADDR_EXISTS);
        CHECK_EQ(marks_remove(&set, axaddr_gpa(at * 10 + i % 10), 0), AXADDR_OK);
        CHECK_EQ(marks_remove(&set, axaddr_gpa(at * 10 + i % 10), 0), AXADDR_NOT_MAPPED);
    }
    CHECK_EQ(put(0, 4999, 7), AXADDR_OK);
    CHECK(is_at(2500, 0, 4999, 7));
    end();
}

/** What comes is what is then behind the last one, whatever was done in between. */
static void iterate_and_change(void) {
    struct marks_cursor cursor = marks_from(axaddr_gpa(0));
    struct marks_entry entry;
    uint64_t expected = 0;
    uint64_t count = 0;
    uint64_t i;

    begin(UINT64_MAX);
    for (i = 0; i < 3000; i++) {
        CHECK_EQ(put(i * 100, i * 100 + 9, i), AXADDR_OK);
    }
    while (marks_next(&set, &cursor, &entry)) {
        CHECK_EQ(entry.first.raw, expected);
        expected = (expected / 100 + 1) * 100;
        count++;
        switch (entry.value % 6) {
        case 0: /* take it out */
            CHECK_EQ(marks_remove(&set, entry.last, 0), AXADDR_OK);
            break;
        case 1: /* one comes behind it */
            if (entry.last.raw % 100 == 9) {
                CHECK_EQ(put(entry.first.raw + 50, entry.first.raw + 59, entry.value + 3),
                         AXADDR_OK);
                expected = entry.first.raw + 50;
            }
            break;
        case 2: /* one comes before it, and is not seen */
            CHECK_EQ(put(entry.first.raw - 30, entry.first.raw - 20, 0), AXADDR_OK);
            break;
        case 3: /* the next one goes */
            if (marks_remove(&set, axaddr_gpa(expected), 0) == AXADDR_OK) {
                expected += 100;
            }
            break;
        case 4: /* cut it: the rest is behind what was seen */
            CHECK_EQ(marks_split(&set, axaddr_gpa(entry.first.raw + 5)), AXADDR_OK);
            break;
        default:
            break;
        }
    }
    CHECK(count > 2500 && expected >= 300000);
    CHECK(!marks_next(&set, &cursor, &entry));
    end();
}

/* ---- how far find_free looks ---- */

#define RANGE_COUNT UINT64_C(65536)

static void find(uint64_t size, uint64_t alignment, uint64_t low, uint64_t high, bool is_top_down,
                 uint64_t expected, unsigned long visits) {
    struct marks_request request;
    axaddr_gpa_t place = axaddr_gpa(1);

    memset(&request, 0, sizeof(request));
    request.size = size;
    request.alignment = alignment;
    request.low = axaddr_gpa(low);
    request.high = axaddr_gpa(high);
    request.is_top_down = is_top_down;
    visit_count = 0;
    CHECK_EQ(marks_find_free(&set, &request, &place), expected == 1 ? AXADDR_NO_MEMORY : AXADDR_OK);
    CHECK_EQ(place.raw, expected);
    CHECK(visit_count <= visits);
}

static void find_free_looks_no_further(void) {
    const uint64_t top = RANGE_COUNT * 0x1000 - 1;
    unsigned is_down;
    uint64_t i;

    /* 0x800 are free before each multiple of 0x1000; those are in ranges. */
    begin(top);
    for (i = 0; i < RANGE_COUNT; i++) {
        CHECK_EQ(put(i * 0x1000, i * 0x1000 + 0x7ff, 0), AXADDR_OK);
    }
    for (is_down = 0; is_down < 2; is_down++) {
        bool is_top_down = is_down == 1;
        unsigned long visits;

        /* No gap is large enough: no need to look at any. */
        find(0x801, 1, 0, UINT64_MAX, is_top_down, 1, 12);
        find(0x800, 1, 0x800, top, is_top_down, is_top_down ? top - 0x7ff : 0x800, 16);
        /* Aligned addresses are 256 times as rare as gaps, and 16 of them are within limits. */
        find(0x400, 0x100000, 0, UINT64_MAX, is_top_down, 1, 256 * 20);
        find(0x400, 0x100000, 0x700000, 0x16fffff, is_top_down, 1, 17 * 20);
        /* As many as gaps, all of which are within limits. */
        visits = (unsigned long)(0x20 * 20);
        find(0x400, 0x1000, 0x700000, 0x71ffff, is_top_down, 1, visits);
        find(0x400, 0x80000000, 0x800, top, is_top_down, 1, 40);
        find(1, UINT64_C(1) << 63, 1, UINT64_MAX, is_top_down, 1, 40);
        find(0x300, 0x400, 0x700001, 0x7007ff, is_top_down, 1, 40);
        find(0x300, 0x400, 0x700001, 0x701bff, is_top_down, is_top_down ? 0x701800 : 0x700800, 40);
    }
    /* One that fits, among those that do not. */
    CHECK_EQ(marks_remove(&set, axaddr_gpa(0x3000000), 0), AXADDR_OK);
    for (is_down = 0; is_down < 2; is_down++) {
        find(0x400, 0x100000, 0, UINT64_MAX, is_down == 1, 0x3000000, 256 * 20);
        find(0x1800, 1, 0, UINT64_MAX, is_down == 1, 0x2fff800, 24);
        find(0x1801, 1, 0, UINT64_MAX, is_down == 1, 1, 24);
        find(0x1000, 0x1000, 0x2fff000, 0x3000fff, is_down == 1, 0x3000000, 40);
        find(0x1000, 0x1000, 0x2fff000, 0x3000ffe, is_down == 1, 1, 40);
        find(0x800, 0x100000, 0x3000000, 0x30007ff, is_down == 1, 0x3000000, 40);
        find(0x800, 0x100000, 0x3000001, 0x3ffffff, is_down == 1, 1, 20 * 20);
    }
    end();
}

/** Wherever the only gap of its size is: in every entry of every node, and as often as it moves. */
static void find_the_only_gap(void) {
    uint64_t i;

    begin(UINT64_MAX);
    for (i = 0; i < 20000; i++) {
        uint64_t at = i * 7919 % 20000;

        CHECK_EQ(put(at * 16, at * 16 + at % 13, at), AXADDR_OK);
    }
    for (i = 2; i < 20000; i++) {
        uint64_t before = (i - 1) * 16 + (i - 1) % 13 + 1;
        uint64_t size = i * 16 + 16 - before;

        CHECK_EQ(marks_remove(&set, axaddr_gpa(i * 16), 0), AXADDR_OK);
        if (i < 19999) { /* else it is behind all */
            find(size, 1, 0, 20000 * 16 - 1, false, before, 24);
            find(size, 1, 0, 20000 * 16 - 1, true, before, 24);
        }
        CHECK_EQ(put(i * 16, i * 16 + i % 13, i), AXADDR_OK);
        if (i % 1000 == 0) {
            CHECK_EQ(marks_audit(&set), AXADDR_OK);
        }
    }
    end();
}

/** Before the first range, behind the last one, and where there is none. */
static void find_free_at_the_edges(void) {
    unsigned is_down;

    begin(9999);
    for (is_down = 0; is_down < 2; is_down++) {
        find(10000, 1, 0, UINT64_MAX, is_down == 1, 0, 0);
        find(10001, 1, 0, UINT64_MAX, is_down == 1, 1, 0);
    }
    CHECK_EQ(put(4000, 4999, 0), AXADDR_OK);
    for (is_down = 0; is_down < 2; is_down++) {
        bool is_top_down = is_down == 1;

        find(4000, 1, 0, UINT64_MAX, is_top_down, is_top_down ? 6000 : 0, 0);
        find(4001, 1, 0, UINT64_MAX, is_top_down, is_top_down ? 5999 : 5000, 0);
        find(5000, 8, 0, UINT64_MAX, is_top_down, 5000, 0);
        find(5001, 1, 0, UINT64_MAX, is_top_down, 1, 0);
        find(4000, 1, 0, 4999, is_top_down, 0, 0);
        find(1, 1, 4000, 4999, is_top_down, 1, 0);
        find(2, 1, 3999, 5000, is_top_down, 1, 0);
        find(1, 1, 3999, 5000, is_top_down, is_top_down ? 5000 : 3999, 0);
        find(1, 4096, 1, UINT64_MAX, is_top_down, 8192, 0);
        find(1, 1, 4000, 5000, is_top_down, 5000, 0);
        find(1, 1, 3999, 4999, is_top_down, 3999, 0);
    }
    CHECK_EQ(put(0, 1, 0), AXADDR_OK);
    CHECK_EQ(put(9999, 9999, 0), AXADDR_OK);
    find(1, 1, 0, UINT64_MAX, false, 2, 0);
    find(1, 1, 0, UINT64_MAX, true, 9998, 0);
    end();
}

/** Aligned addresses are as far apart as half of all: both are taken, and the search ends. */
static void find_free_ends_at_the_top(void) {
    const uint64_t half = UINT64_C(1) << 63;
    unsigned is_down;

    begin(UINT64_MAX);
    CHECK_EQ(put(0, 9, 0), AXADDR_OK);
    CHECK_EQ(put(half - 5, half + 5, 0), AXADDR_OK);
    CHECK_EQ(put(half + 100, half + 200, 0), AXADDR_OK);
    for (is_down = 0; is_down < 2; is_down++) {
        bool is_top_down = is_down == 1;

        find(1, half, 0, UINT64_MAX, is_top_down, 1, 0);
        find(50, half, 0, half + 150, is_top_down, 1, 0);
        find(50, half / 2, 0, UINT64_MAX, is_top_down, is_top_down ? half + half / 2 : half / 2, 0);
        find(half - 15, 1, 0, UINT64_MAX, is_top_down, 10, 0);
        find(half - 14, 1, 0, UINT64_MAX, is_top_down, 1, 0);
        find(UINT64_MAX, 1, 0, UINT64_MAX, is_top_down, 1, 0);
    }
    CHECK_EQ(put(UINT64_MAX, UINT64_MAX, 0), AXADDR_OK);
    for (is_down = 0; is_down < 2; is_down++) {
        find(1, half, 0, UINT64_MAX, is_down == 1, 1, 0);
        find(50, half, half, UINT64_MAX, is_down == 1, 1, 0);
    }
    end();
}

/** An array that goes on behind the last address of all. */
static void build_beyond_the_top(void) {
    struct marks_entry entries[3];

    memset(entries, 0, sizeof(entries));
    entries[0].last = axaddr_gpa(5);
    entries[1].first = axaddr_gpa(10);
    entries[1].last = axaddr_gpa(UINT64_MAX);
    entries[2].first = axaddr_gpa(20);
    entries[2].last = axaddr_gpa(30);
    begin(UINT64_MAX);
    CHECK_EQ(marks_build(&set, entries, 3), AXADDR_INVALID);
    CHECK_EQ(marks_count(&set), 0);
    CHECK_EQ(marks_build(&set, entries, 2), AXADDR_OK);
    CHECK(is_at(UINT64_MAX, 10, UINT64_MAX, 0));
    end();
}

/* ---- frames held before ---- */

/** The leaf's, where two find no room; that of each node above where one finds none; a new root. */
static size_t nodes_for_two(const struct axaddr_range_path *path) {
    size_t count = 0;

    if (set.core.is_inline) {
        return axaddr_range_fill(path->node[0]) > 5 ? 1 : 0;
    }
    if (axaddr_range_fill(path->node[0]) < 30) {
        return 0;
    }
    for (count = 1; count <= set.core.height; count++) {
        if (axaddr_range_fill(path->node[count]) < 31) {
            return count;
        }
    }
    return count + 1;
}

/** What need() asks for is enough for two entries, with no allocation between, at every size. */
static void held_frames_are_enough(void) {
    struct axaddr_range_path path;
    unsigned most = 0;
    uint64_t i;

    begin(UINT64_MAX);
    for (i = 0; i < 6000; i++) {
        uint64_t first = i % 2 * (UINT64_C(1) << 32) + (i % 2 == 0 ? i : 6000 - i) * 100;
        axaddr_word64_t value[1] = {i};
        struct axaddr_range_entry one = {first, first + 9, value};
        struct axaddr_range_entry two = {first + 10, first + 19, value};
        size_t need;

        marks_descend_(&set.core, first, &path);
        need = axaddr_ranges_nodes(&set.core, marks_kind_.leaf_max, &path, &path);
        CHECK_EQ(need, nodes_for_two(&path));
        most = need > most ? (unsigned)need : most;
        CHECK(axaddr_ranges_reserve(&marks_kind_, &set.core, need));
        CHECK(set.core.held.count >= axaddr_ranges_frames_for(&marks_kind_, &set.core, need));
        allowed = 0;
        marks_put_(&set.core, &path, &one);
        marks_descend_(&set.core, first + 10, &path);
        marks_put_(&set.core, &path, &two);
        allowed = UINT32_MAX;
        CHECK(set.core.held.count < 4);
        axaddr_ranges_trim(&marks_kind_, &set.core, 0);
        if (i % 50 == 0) {
            CHECK_EQ(marks_audit(&set), AXADDR_OK);
        }
    }
    CHECK(most >= 4);
    end();
}

/** Inserts, cuts, and builds of every size fail with each number of frames that is too small. */
static void build_fails_at_every_size(void) {
    static struct marks_entry entries[2000];
    uint64_t i;

    begin(UINT64_MAX);
    for (i = 0; i < 2000; i++) {
        entries[i].first = axaddr_gpa(i * 3);
        entries[i].last = axaddr_gpa(i * 3 + 1);
        entries[i].value = i;
    }
    for (i = 0; i <= 2000; i += i < 100 ? 1 : 53) {
        uint32_t frames = 0;
        enum axaddr_status status;

        do {
            CHECK_EQ(used_count, 0);
            CHECK_EQ(marks_count(&set), 0);
            CHECK_EQ(marks_audit(&set), AXADDR_OK);
            allowed = frames++;
            status = marks_build(&set, entries, (size_t)i);
            allowed = UINT32_MAX;
        } while (status == AXADDR_NO_MEMORY);
        CHECK_EQ(status, AXADDR_OK);
        CHECK_EQ(used_count, frames - 1);
        CHECK_EQ(marks_count(&set), i);
        CHECK_EQ(marks_audit(&set), AXADDR_OK);
        CHECK(i == 0 || is_at((i - 1) * 3, (i - 1) * 3, i * 3 - 2, i - 1));
        if (i > 100) { /* no node is full */
            allowed = 0;
            CHECK_EQ(put(i / 2 * 3 + 2, i / 2 * 3 + 2, 1), AXADDR_OK);
            allowed = UINT32_MAX;
        }
        marks_clear(&set);
    }
    end();
}

/* ---- values of 1, 2, 4, 8, 24, 27 and 80 bytes ---- */

#define DEFINE_VALUES(name, type, length)                                                          \
    struct name##_value {                                                                          \
        type words[length];                                                                        \
    };                                                                                             \
    AXADDR_DEFINE_RANGE_SET(name, axaddr_gpa, struct name##_value, 0, test_hal);                   \
    static void name##_expect(struct name##_value *value, uint64_t seed) {                         \
        unsigned i;                                                                                \
        for (i = 0; i < (length); i++) {                                                           \
            value->words[i] = (type)(seed * 31 + i * UINT64_C(0x1234567890123) + 1);               \
        }                                                                                          \
    }                                                                                              \
    static void name(void) {                                                                       \
        struct name values;                                                                        \
        struct name##_entry entry;                                                                 \
        struct name##_value expected;                                                              \
        uint64_t i;                                                                                \
        CHECK_EQ(name##_init(&values, 0, axaddr_gpa(0), axaddr_gpa(20000)), AXADDR_OK);            \
        for (i = 0; i < 2500; i++) {                                                               \
            uint64_t at = i * 7919 % 2503 * 4;                                                     \
            name##_expect(&expected, at);                                                          \
            CHECK_EQ(name##_insert(&values, axaddr_gpa(at), axaddr_gpa(at + 1), &expected),        \
                     AXADDR_OK);                                                                   \
        }                                                                                          \
        CHECK_EQ(name##_audit(&values), AXADDR_OK);                                                \
        for (i = 0; i < 2500; i++) {                                                               \
            uint64_t at = i * 7919 % 2503 * 4;                                                     \
            name##_expect(&expected, at);                                                          \
            CHECK_EQ(name##_split(&values, axaddr_gpa(at + 1)), AXADDR_OK);                        \
            CHECK_EQ(name##_find(&values, axaddr_gpa(at + 1), &entry), AXADDR_OK);                 \
            CHECK(memcmp(&entry.value, &expected, sizeof(expected)) == 0);                         \
            name##_expect(name##_value(&values, axaddr_gpa(at + 1)), at + 1);                      \
        }                                                                                          \
        CHECK_EQ(name##_audit(&values), AXADDR_OK);                                                \
        for (i = 0; i < 5000; i++) {                                                               \
            uint64_t at = i / 2 * 1237 % 2503 * 4 + i % 2;                                         \
            enum axaddr_status status = name##_remove(&values, axaddr_gpa(at), &entry);            \
            name##_expect(&expected, at);                                                          \
            CHECK(status != AXADDR_OK ||                                                           \
                  (entry.first.raw == at &&                                                        \
                   memcmp(&entry.value, &expected, sizeof(expected)) == 0));                       \
            if (i % 500 == 0) {                                                                    \
                CHECK_EQ(name##_audit(&values), AXADDR_OK);                                        \
            }                                                                                      \
        }                                                                                          \
        CHECK(name##_count(&values) <= 6);                                                         \
        name##_destroy(&values);                                                                   \
        CHECK_EQ(used_count, 0);                                                                   \
    }

DEFINE_VALUES(value_of_1, uint8_t, 1)
DEFINE_VALUES(value_of_2, uint16_t, 1)
DEFINE_VALUES(value_of_4, uint32_t, 1)
DEFINE_VALUES(value_of_8, uint64_t, 1)
DEFINE_VALUES(value_of_24, uint64_t, 3)
DEFINE_VALUES(value_of_27, uint8_t, 27)
DEFINE_VALUES(value_of_80, uint64_t, 10)

int main(void) {
    frames_begin(1);
    CASE(every_way_to_overlap);
    CASE(take_out_by_any_address);
    CASE(cut_and_join);
    CASE(join_on_both_sides);
    CASE(join_all);
    CASE(small_ones_make_room);
    CASE(iterate_and_change);
    CASE(find_free_looks_no_further);
    CASE(find_the_only_gap);
    CASE(find_free_at_the_edges);
    CASE(find_free_ends_at_the_top);
    CASE(build_beyond_the_top);
    CASE(held_frames_are_enough);
    CASE(build_fails_at_every_size);
    CASE(value_of_1);
    CASE(value_of_2);
    CASE(value_of_4);
    CASE(value_of_8);
    CASE(value_of_24);
    CASE(value_of_27);
    CASE(value_of_80);
    free(memory);
    return check_report("test_range_cases");
}
