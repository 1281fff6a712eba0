/* SPDX-License-Identifier: MIT
 *
 * test_range_audit.c: a range set's audit: each of its rules broken on purpose, with all others
 * kept, and every word of every node changed.
 */
#include "range_frames.h"

AXADDR_DEFINE_RANGE_SET(marks, axaddr_gpa, uint64_t, 0, test_hal);

struct wide {
    uint64_t words[10];
};
AXADDR_DEFINE_RANGE_SET(wides, axaddr_gpa, struct wide, 0, test_hal);

static struct marks set;
static const struct axaddr_range_layout leaf_layout = {31, 31, 31, 1};

/** `count` ranges of 3 addresses, 20 apart, from 5 on; the bounds are the nearest possible. */
static void fill(uint64_t count) {
    uint64_t i;

    CHECK_EQ(marks_init(&set, 0, axaddr_gpa(1), axaddr_gpa(count * 20 - 13)), AXADDR_OK);
    for (i = 0; i < count; i++) {
        CHECK_EQ(marks_insert(&set, axaddr_gpa(i * 20 + 5), axaddr_gpa(i * 20 + 7), &i), AXADDR_OK);
    }
    CHECK_EQ(marks_audit(&set), AXADDR_OK);
}

static axaddr_word64_t *node_at(uint64_t name) {
    return (
        axaddr_word64_t *)(void *)((unsigned char *)test_at(0, axaddr_hpa(name & ~UINT64_C(4095))) +
                                   (name & 4095));
}

static void end(void) {
    CHECK_EQ(marks_audit(&set), AXADDR_OK);
    marks_destroy(&set);
    CHECK_EQ(used_count, 0);
    CHECK(!is_misused);
}

/** One word is another for a while. */
static void refuses(axaddr_word64_t *at, uint64_t other) {
    uint64_t before = *at;

    *at = other;
    CHECK_EQ(marks_audit(&set), AXADDR_INVALID);
    *at = before;
}

static void refuses_near(axaddr_word64_t *at) {
    refuses(at, *at + 1);
    refuses(at, *at - 1);
    refuses(at, *at ^ UINT64_C(1) << 40);
}

/** All words but values, and what is behind the last entry of arrays that have no mark for it. */
static void change_node(axaddr_word64_t *node, unsigned level, bool is_root) {
    struct axaddr_range_layout layout = level > 0 ? axaddr_range_inner() : leaf_layout;
    unsigned count = axaddr_range_fill(node);
    unsigned i;

    if (!is_root) { /* else the audit would have to visit a child that is none */
        refuses(&node[0], count + 1);
    }
    refuses(&node[0], count - 1);
    refuses(&node[0], 32);
    refuses(&node[0], 0);
    if (level == 0) {
        refuses_near(axaddr_range_before(node));
    }
    for (i = 0; i < 31; i++) {
        axaddr_word64_t *last = axaddr_range_lasts(node) + i;
        axaddr_word64_t *first = axaddr_range_firsts(&layout, node) + i;

        if (level > 0 || i + 1 >= count) {
            refuses_near(last);
        }
        if (level > 0 && i < count) {
            refuses_near(first);
        } else if (i < count) { /* nobody knows where it is, but that it is between others */
            refuses(first, *last + 1);
            refuses(last, *first - 1);
            refuses(last, i + 1 < count ? first[1] : *last + 1);
            refuses(first, i > 0 ? last[-1] : *first + 1);
        }
    }
    if (level > 0) {
        uint64_t child = *axaddr_range_child(node, 0);

        refuses(axaddr_range_child(node, 0), *axaddr_range_child(node, 1));
        refuses(axaddr_range_child(node, 1), child);
    }
    if (level > 0 && !is_root) {
        for (i = count; i < AXADDR_RANGE_GAPS; i++) {
            refuses(axaddr_range_gaps(node) + i, 1);
        }
        for (i = 0; i < AXADDR_RANGE_GROUPS; i++) {
            refuses_near(axaddr_range_groups(node) + i);
        }
    }
}

static void every_word_of_every_node(void) {
    struct axaddr_range_path path;
    unsigned level;
    unsigned changed[3] = {0, 0, 0};

    fill(700);
    level = set.core.height;
    CHECK_EQ(level, 2);
    path.node[level] = set.core.at;
    path.index[level] = 0;
    change_node(set.core.at, level, true);
    for (;;) {
        if (level > 0 && path.index[level] < axaddr_range_fill(path.node[level])) {
            uint64_t child = *axaddr_range_child(path.node[level], path.index[level]++);

            level--;
            path.node[level] = node_at(child);
            path.index[level] = 0;
            change_node(path.node[level], level, false);
            changed[level]++;
        } else if (level++ == set.core.height) {
            break;
        }
        if (check_case_failed) {
            return;
        }
    }
    CHECK(changed[0] > 30 && changed[1] >= 2);
    end();
}

/** Take a range out of its leaf, and have all that is above say so, but do no more. */
static void take_only(uint64_t address) {
    struct axaddr_range_path path;
    axaddr_word64_t *leaf;
    unsigned index;

    axaddr_ranges_descend(&marks_kind_, &set.core, address, &path);
    leaf = path.node[0];
    index = path.index[0];
    CHECK_EQ(axaddr_range_firsts(&leaf_layout, leaf)[index], address);
    CHECK(index + 1 < axaddr_range_fill(leaf));
    if (index == 0) {
        *axaddr_range_before(leaf) += axaddr_range_firsts(&leaf_layout, leaf)[1] - address;
    }
    axaddr_range_remove_at(&leaf_layout, leaf, index);
    set.core.count--;
    axaddr_ranges_climb(&set.core, &path, 0, axaddr_range_measure(&leaf_layout, leaf, true));
}

/** Leaves and inner nodes: half full is well, one less is not. */
static void half_full(void) {
    axaddr_word64_t *leaf;
    axaddr_word64_t *inner;
    uint64_t first;

    fill(40);
    leaf = node_at(*axaddr_range_child(set.core.at, 0));
    while (axaddr_range_fill(leaf) > 15) {
        take_only(axaddr_range_firsts(&leaf_layout, leaf)[0]);
    }
    CHECK_EQ(marks_audit(&set), AXADDR_OK);
    take_only(axaddr_range_firsts(&leaf_layout, leaf)[0]);
    CHECK_EQ(marks_audit(&set), AXADDR_INVALID);
    first = axaddr_range_firsts(&leaf_layout, leaf)[0] - 15;
    CHECK_EQ(marks_insert(&set, axaddr_gpa(first), axaddr_gpa(first), &first), AXADDR_OK);
    end();

    fill(700);
    inner = node_at(*axaddr_range_child(set.core.at, 0));
    CHECK(axaddr_range_fill(inner) >= 15);
    while (axaddr_range_fill(inner) >= 15) {
        unsigned last = axaddr_range_fill(inner) - 1;
        uint64_t name = *axaddr_range_child(inner, last);
        axaddr_word64_t *next = node_at(*axaddr_range_child(set.core.at, 1));
        struct axaddr_range_layout layout = axaddr_range_inner();

        CHECK_EQ(marks_audit(&set), AXADDR_OK);
        leaf = node_at(name);
        set.core.count -= axaddr_range_fill(leaf);
        marks_free_node_(&set.core, name);
        axaddr_range_remove_at(&layout, inner, last);
        axaddr_ranges_renew(&marks_kind_, &set.core, set.core.at, 0, 1);
        leaf = node_at(*axaddr_range_child(next, 0));
        *axaddr_range_before(leaf) =
            axaddr_range_firsts(&leaf_layout, leaf)[0] - axaddr_range_lasts(inner)[last - 1] - 1;
        axaddr_ranges_renew(&marks_kind_, &set.core, next, 0, 0);
        axaddr_ranges_renew(&marks_kind_, &set.core, set.core.at, 1, 1);
        axaddr_ranges_trim(&marks_kind_, &set.core, 0);
    }
    CHECK_EQ(marks_audit(&set), AXADDR_INVALID);
    marks_destroy(&set);
    CHECK_EQ(used_count, 0);
}

/** A root with one entry, and a leaf whose ranges would fit into the set. */
static void too_small(void) {
    axaddr_word64_t *leaf;
    uint64_t name;

    fill(40);
    name = *axaddr_range_child(set.core.at, 1);
    leaf = node_at(name);
    set.core.count -= axaddr_range_fill(leaf);
    axaddr_range_set_fill(set.core.at, 2, 1);
    marks_free_node_(&set.core, name);
    axaddr_ranges_trim(&marks_kind_, &set.core, 0);
    CHECK_EQ(marks_audit(&set), AXADDR_INVALID);
    axaddr_ranges_shrink(&marks_kind_, &set.core);
    end();

    fill(8);
    CHECK(!set.core.is_inline);
    while (set.core.count > 4) {
        take_only(axaddr_range_firsts(&leaf_layout, set.core.at)[0]);
    }
    CHECK_EQ(marks_audit(&set), AXADDR_OK);
    take_only(axaddr_range_firsts(&leaf_layout, set.core.at)[0]);
    CHECK_EQ(marks_audit(&set), AXADDR_INVALID);
    axaddr_ranges_shrink(&marks_kind_, &set.core);
    axaddr_ranges_trim(&marks_kind_, &set.core, 0);
    end();
}

/** What the set itself says. */
static void bounds_and_count(void) {
    unsigned round;

    for (round = 0; round < 3; round++) {
        fill(round == 0 ? 3 : round == 1 ? 20 : 700);
        set.core.count++;
        CHECK_EQ(marks_audit(&set), AXADDR_INVALID);
        set.core.count -= 2;
        CHECK_EQ(marks_audit(&set), AXADDR_INVALID);
        set.core.count++;
        set.core.last--;
        CHECK_EQ(marks_audit(&set), AXADDR_INVALID);
        set.core.last++;
        set.core.first = 6; /* within the first range */
        CHECK_EQ(marks_audit(&set), AXADDR_INVALID);
        set.core.first = 2; /* the first gap is not what it was */
        CHECK_EQ(marks_audit(&set), AXADDR_INVALID);
        set.core.first = 1;
        end();
    }
}

/** Ranges that overlap, touch or are turned round, where no word above tells of it. */
static void ranges_in_order(void) {
    axaddr_word64_t *lasts;
    axaddr_word64_t *firsts;
    uint64_t value = 9;

    CHECK_EQ(marks_init(&set, 0, axaddr_gpa(0), axaddr_gpa(UINT64_MAX)), AXADDR_OK);
    CHECK_EQ(marks_insert(&set, axaddr_gpa(10), axaddr_gpa(19), &value), AXADDR_OK);
    CHECK_EQ(marks_insert(&set, axaddr_gpa(20), axaddr_gpa(29), &value), AXADDR_OK);
    CHECK_EQ(marks_audit(&set), AXADDR_OK);
    lasts = axaddr_range_lasts(set.core.at);
    firsts = lasts + 7;
    refuses(&firsts[1], 19);
    refuses(&firsts[1], 30);
    refuses(&lasts[0], 9);
    refuses(&lasts[0], 20);
    refuses(&lasts[0], 29);
    refuses(&lasts[2], 40);
    refuses(axaddr_range_before(set.core.at), 9);
    refuses(&set.core.at[0], 8);
    lasts[1] = UINT64_MAX;
    CHECK_EQ(marks_audit(&set), AXADDR_OK); /* up to the end of all */
    refuses(&lasts[0], UINT64_MAX);
    end();
}

/** More than a leaf holds, where all that is behind its end looks like one more range. */
static void too_full(void) {
    struct wides large;
    struct wide value = {{1000}};
    uint64_t i;

    CHECK_EQ(wides_init(&large, 0, axaddr_gpa(0), axaddr_gpa(UINT64_MAX)), AXADDR_OK);
    for (i = 0; i < 8; i++) {
        CHECK_EQ(wides_insert(&large, axaddr_gpa(i * 10), axaddr_gpa(i * 10 + 5), &value),
                 AXADDR_OK);
    }
    CHECK_EQ(large.core.height, 0);
    CHECK_EQ(wides_audit(&large), AXADDR_OK);
    large.core.at[0]++;
    large.core.count++;
    CHECK_EQ(wides_audit(&large), AXADDR_INVALID);
    large.core.at[0]--;
    large.core.count--;
    wides_destroy(&large);
    CHECK_EQ(used_count, 0);
}

static size_t bits_of(uint64_t word) {
    size_t count = 0;

    for (; word != 0; word &= word - 1) {
        count++;
    }
    return count;
}

/** A frame's free nodes are others, and the set knows of it: so it is the frame that is wrong. */
static void refuses_with_count(axaddr_word64_t *at, uint64_t other) {
    size_t before = set.core.spare_count;

    set.core.spare_count += bits_of(other) - bits_of(*at);
    refuses(at, other);
    set.core.spare_count = before;
}

/** The list of frames that have free nodes beside others, and what is held. */
static void spare_frames(void) {
    axaddr_word64_t *first;
    axaddr_word64_t *second;
    uint64_t removed;

    fill(700);
    /* Joins free nodes of several frames. */
    for (removed = 0; removed < 690; removed += removed % 20 == 18 ? 3u : 1u) {
        CHECK_EQ(marks_remove(&set, axaddr_gpa(removed * 20 + 5), 0), AXADDR_OK);
        if (set.core.spare != AXADDR_RANGE_NO_FRAME) {
            first = node_at(set.core.spare) + AXADDR_RANGE_NODE_WORDS;
            if (first[1] != AXADDR_RANGE_NO_FRAME) {
                break;
            }
        }
    }
    CHECK_EQ(marks_audit(&set), AXADDR_OK);
    CHECK(set.core.spare != AXADDR_RANGE_NO_FRAME);
    first = node_at(set.core.spare) + AXADDR_RANGE_NODE_WORDS;
    CHECK(first[1] != AXADDR_RANGE_NO_FRAME);
    second = node_at(first[1]) + AXADDR_RANGE_NODE_WORDS;
    refuses(&first[0], 0);
    refuses(&first[0], 15);
    refuses(&first[0], first[0] | 16);
    refuses(&first[2], first[1]);
    refuses(&second[2], AXADDR_RANGE_NO_FRAME);
    refuses(&second[0], 0);
    refuses(&first[1], AXADDR_RANGE_NO_FRAME); /* fewer than are said to be free */
    refuses_with_count(&first[0], 0);
    refuses_with_count(&first[0], 15);
    refuses_with_count(&first[0], first[0] | 16);
    set.core.spare_count++;
    CHECK_EQ(marks_audit(&set), AXADDR_INVALID);
    set.core.spare_count -= 2;
    CHECK_EQ(marks_audit(&set), AXADDR_INVALID);
    set.core.spare_count++;
    CHECK_EQ(marks_audit(&set), AXADDR_OK);
    CHECK(axaddr_ranges_reserve(&marks_kind_, &set.core, set.core.spare_count + 1));
    CHECK_EQ(set.core.held.count, 1);
    CHECK_EQ(marks_audit(&set), AXADDR_INVALID); /* between calls, nothing is held */
    axaddr_ranges_trim(&marks_kind_, &set.core, 0);
    end();
}

int main(void) {
    frames_begin(1);
    CASE(every_word_of_every_node);
    CASE(half_full);
    CASE(too_small);
    CASE(bounds_and_count);
    CASE(ranges_in_order);
    CASE(too_full);
    CASE(spare_frames);
    free(memory);
    return check_report("test_range_audit");
}
