/* SPDX-License-Identifier: MIT
 *
 * test_area_sets.c: the area set of a space by itself (areas.h), against a sorted array: areas put
 * in over others, taken out, given flags and labels, in sets of any size and at both ends of the
 * 64-bit space. Each change has a pool of exactly the frames that were counted for it, and takes
 * exactly the nodes that were counted where it takes nothing out.
 *
 *     test_area_sets [seed]
 */
#include "../axaddr.h"
#include "area_frames.h"
#include "check.h"
#include "host.h"

AXADDR_DEFINE_SPACE(vm, axaddr_x86_ept, host_hal);

#define PAGE           UINT64_C(4096)
#define AREA_MAX       110000u
#define NODES_IN_FRAME 4u

static struct host host;
static struct vm vm;
static struct axaddr_areas *const set = &vm.core.areas;
static uint64_t random_state;
static uint64_t seed = 1;
static uint64_t base; /**< the address of page 0 of the test */

static struct axaddr_area model[AREA_MAX + 4];
static uint32_t model_count;

static uint64_t any(uint64_t below) {
    random_state ^= random_state >> 12;
    random_state ^= random_state << 25;
    random_state ^= random_state >> 27;
    return (random_state * UINT64_C(0x2545f4914f6cdd1d) >> 16) % below;
}

static bool begin(uint32_t frame_count) {
    host_init(&host, frame_count, HOST_BASE, HOST_STACK);
    host_begin(&host);
    model_count = 0;
    return vm_init(&vm, &host, axaddr_gpa(0), UINT64_C(1) << 39) == AXADDR_OK;
}

static void end(void) {
    vm_destroy(&vm);
    if (!check_case_failed) {
        CHECK_EQ(host.used_count, 0);
        CHECK_STR(host_error(&host), "");
    }
    host_destroy(&host);
}

/* ---- the model ---- */

/** The first area that ends at or after an address. */
static uint32_t model_find(uint64_t address) {
    uint32_t low = 0;
    uint32_t high = model_count;

    while (low < high) {
        uint32_t middle = (low + high) / 2;
        if (model[middle].last < address) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

static bool is_continued(const struct axaddr_area *area, const struct axaddr_area *next) {
    return area->last + 1 == next->first && area->kind == next->kind &&
           area->flags == next->flags && area->cookie == next->cookie && area->tag == next->tag &&
           area->name == next->name &&
           (area->kind != AXADDR_AREA_LINEAR ||
            area->hpa + (next->first - area->first) == next->hpa);
}

/** Put `count` areas in the place of those from `from` to before `to`. */
static void model_splice(uint32_t from, uint32_t to, const struct axaddr_area *areas,
                         uint32_t count) {
    memmove(&model[from + count], &model[to], (model_count - to) * sizeof(model[0]));
    if (count > 0) {
        memcpy(&model[from], areas, count * sizeof(model[0]));
    }
    model_count = model_count - (to - from) + count;
}

/** Have a border before `address`, if there is an area across it. */
static void model_cut(uint64_t address) {
    uint32_t i = model_find(address);
    struct axaddr_area parts[2];

    if (i < model_count && model[i].first < address) {
        parts[0] = parts[1] = model[i];
        parts[0].last = address - 1;
        parts[1].first = address;
        parts[1].hpa += model[i].kind == AXADDR_AREA_LINEAR ? address - model[i].first : 0;
        model_splice(i, i + 1, parts, 2);
    }
}

/** Change the model; returns how many areas were joined or taken out. */
static uint32_t model_change(enum axaddr_area_change change, const struct axaddr_area *with) {
    uint32_t lost = 0;
    uint32_t from;
    uint32_t to;
    uint32_t i;

    model_cut(with->first);
    if (with->last != UINT64_MAX) {
        model_cut(with->last + 1);
    }
    from = model_find(with->first);
    to = from;
    while (to < model_count && model[to].first <= with->last) {
        if (change == AXADDR_AREA_SET_FLAGS) {
            model[to].flags = (model[to].flags & ~AXADDR_MAPPING_FLAGS) | with->flags;
        } else if (change == AXADDR_AREA_LABEL) {
            model[to].name = with->name;
            model[to].tag = with->tag;
        }
        to++;
    }
    if (change == AXADDR_AREA_REMOVE || change == AXADDR_AREA_INSERT) {
        lost = to - from;
        model_splice(from, to, with, change == AXADDR_AREA_INSERT ? 1 : 0);
        to = from + (change == AXADDR_AREA_INSERT ? 1 : 0);
    }
    for (i = from > 0 ? from - 1 : 0; i + 1 < model_count && i < to;) {
        if (is_continued(&model[i], &model[i + 1])) {
            model[i].last = model[i + 1].last;
            model_splice(i + 1, i + 2, 0, 0);
            to--;
            lost++;
        } else {
            i++;
        }
    }
    return lost;
}

/* ---- the set against it ---- */

static void check_area(uint32_t i) {
    struct axaddr_area area;

    CHECK(vm_instance_.find_area(set, model[i].first, &area));
    CHECK_EQ(area.first, model[i].first);
    CHECK_EQ(area.last, model[i].last);
    CHECK_EQ(area.kind, model[i].kind);
    CHECK_EQ(area.hpa, model[i].hpa);
    CHECK_EQ(area.cookie, model[i].cookie);
    CHECK_EQ(area.flags, model[i].flags);
    CHECK_EQ(area.tag, model[i].tag);
    CHECK(area.name == model[i].name);
}

/** The areas around a place, and how many there are. */
static void check_around(uint64_t address, uint32_t count) {
    uint32_t at = model_find(address);
    uint32_t i = at > count ? at - count : 0;
    struct axaddr_area area;

    CHECK_EQ(set->set.count, model_count);
    for (; i < model_count && i < at + count && !check_case_failed; i++) {
        check_area(i);
        /* Nothing is between it and the next one. */
        if (model[i].last != UINT64_MAX) {
            bool is_next = vm_instance_.find_area(set, model[i].last + 1, &area);
            CHECK_EQ(is_next, i + 1 < model_count);
            CHECK(!is_next || area.first == model[i + 1].first);
        }
    }
    CHECK(model_count == 0 ||
          !vm_instance_.find_area(set, model[model_count - 1].last + 1, &area) ||
          model[model_count - 1].last == UINT64_MAX);
    CHECK(model_count == 0 ||
          (vm_instance_.find_area(set, 0, &area) && area.first == model[0].first));
}

static uint64_t nodes_now(void) {
    return (uint64_t)set->frame_count * NODES_IN_FRAME - set->set.spare_count;
}

/** A change from a pool of exactly the frames that it takes. */
static void change(enum axaddr_area_change what, const struct axaddr_area *with) {
    uint64_t nodes = axaddr_areas_change_nodes(&vm_instance_, set, what, with);
    uint64_t before = nodes_now();
    uint32_t used = host.used_count;
    struct axaddr_pool pool = {0, 0};
    uint64_t frames;
    uint32_t lost;

    CHECK(axaddr_areas_count(&vm_instance_, set, what, with, &frames));
    CHECK_EQ(vm_resize_pool(&vm, &pool, frames), AXADDR_OK);
    host_fail_in(&host, 1, true);
    vm_instance_.change(set, what, with, &pool);
    CHECK_EQ(host.op_refused, 0);
    host_fail_in(&host, 0, false);
    CHECK_EQ(vm_resize_pool(&vm, &pool, 0), AXADDR_OK);
    CHECK_STR(host_error(&host), "");
    lost = model_change(what, with);
    if (lost == 0) {
        CHECK_EQ(nodes_now(), before + nodes);
        CHECK_EQ(host.used_count, used + frames);
    } else {
        CHECK(nodes_now() <= before + nodes);
    }
    CHECK(area_frames_are_right(model_count, set->frame_count));
    CHECK_EQ(host.used_count, 1 + set->frame_count);
}

/* ---- changes ---- */

/** What there is in a range: mostly so that equal neighbours are possible. */
static struct axaddr_area area_at(uint64_t page, uint64_t count) {
    static const char *const names[2] = {0, "name"};
    struct axaddr_area area;

    axaddr_area_of_range(base + page * PAGE, base + page * PAGE + (count * PAGE - 1), &area);
    switch (any(3)) {
    case 0:
        area.kind = AXADDR_AREA_LINEAR;
        area.hpa = (1 + any(2)) * UINT64_C(0x10000000000) + page * PAGE;
        area.flags = any(2) == 0 ? AXADDR_READ : AXADDR_READ | AXADDR_WRITE;
        break;
    case 1:
        area.kind = AXADDR_AREA_ALLOC;
        area.flags = AXADDR_READ | (any(2) == 0 ? AXADDR_LARGE : 0);
        break;
    default:
        area.cookie = (uint32_t)any(3);
        break;
    }
    area.name = names[any(8) == 0];
    area.tag = any(4) == 0 ? any(2) << 63 : 0;
    return area;
}

/** One change somewhere in [0, page_count). `growth` of 8: it is a map. */
static void change_any(uint64_t page_count, unsigned growth, uint64_t *where) {
    uint64_t page = any(page_count);
    uint64_t count = 1 + any(UINT64_C(1) << any(any(40) == 0 ? 9 : 4));
    enum axaddr_area_change what = (enum axaddr_area_change)any(4);
    struct axaddr_area area;

    if (any(8) < growth) {
        what = AXADDR_AREA_INSERT;
        count = 1 + any(3);
    }
    count = count < page_count - page ? count : page_count - page;
    if (any(page_count > 10000 ? 100000 : 1000) == 0) {
        page = 0;
        count = page_count;
        what = any(2) == 0 ? AXADDR_AREA_REMOVE : what;
    }
    area = area_at(page, count);
    area.flags = what == AXADDR_AREA_SET_FLAGS ? (uint32_t)(1 + any(3)) : area.flags;
    *where = area.first;
    change(what, &area);
}

static void any_changes(uint64_t page_count, unsigned count, uint64_t from, unsigned growth,
                        const char *name) {
    uint64_t where = 0;
    unsigned i;

    base = from;
    for (i = 0; i < count && !check_case_failed; i++) {
        snprintf(check_context, sizeof(check_context), "%s seed %" PRIu64 " change %u", name, seed,
                 i);
        change_any(page_count, growth, &where);
        if (!check_case_failed) {
            check_around(where, i % 512 == 0 ? model_count : 3);
        }
    }
}

static void ten_areas(void) {
    CHECK(begin(600));
    random_state = seed * 77777;
    any_changes(24, 20000, 0, 1, "low");
    if (!check_case_failed) {
        struct axaddr_area all = area_at(0, 1);
        all.first = 0;
        all.last = UINT64_MAX;
        change(AXADDR_AREA_REMOVE, &all);
        CHECK_EQ(model_count, 0);
        CHECK_EQ(set->frame_count, 0);
        any_changes(24, 20000, 0 - 24 * PAGE, 1, "high");
    }
    end();
}

static void a_thousand_areas(void) {
    unsigned round;

    CHECK(begin(1200));
    random_state = seed * 99991;
    for (round = 0; round < 6 && !check_case_failed; round++) {
        any_changes(4000, 4000, 0 - 4000 * PAGE, round % 2 == 0 ? 7 : 2, "thousand");
    }
    end();
}

static void a_hundred_thousand_areas(void) {
    struct axaddr_area area;
    uint64_t where;
    uint64_t i;

    CHECK(begin(6000));
    random_state = seed * 31337;
    base = 0;
    /* One after the other, so that the model is quick; then anywhere. */
    for (i = 0; i < 100000 && !check_case_failed; i++) {
        area = area_at(3 * i, 1 + any(3));
        change(AXADDR_AREA_INSERT, &area);
    }
    for (i = 0; i < 1500 && !check_case_failed; i++) {
        snprintf(check_context, sizeof(check_context), "hundred thousand, change %u", (unsigned)i);
        change_any(300000, 1, &where);
        if (!check_case_failed) {
            check_around(where, 3);
        }
    }
    if (!check_case_failed) {
        check_around(0, model_count);
    }
    end();
}

/* ---- leaves of any fill, at every place ---- */

/** Devices of three pages each, none like its neighbour, put in by a certain order. */
static void build(uint32_t count, unsigned order) {
    uint32_t i;

    for (i = 0; i < count && !check_case_failed; i++) {
        uint32_t at = order == 0 ? i : order == 1 ? count - 1 - i : i * 7919 % count;
        struct axaddr_area area;

        axaddr_area_of_range(at * 3 * PAGE, at * 3 * PAGE + (3 * PAGE - 1), &area);
        area.cookie = at;
        change(AXADDR_AREA_INSERT, &area);
    }
}

/** What is changed at the place of area `i`: both ends within areas. */
static void change_at(unsigned what, uint64_t i, uint64_t count) {
    struct axaddr_area with;
    uint64_t distance = what % 3 == 0 ? 0 : what % 3 == 1 ? 1 : 1 + any(70);

    distance = i + distance < count ? distance : 0;
    axaddr_area_of_range((3 * i + 1) * PAGE, (3 * (i + distance) + 2) * PAGE - 1, &with);
    with.cookie = 0x3fffffff;
    with.tag = 1;
    with.flags = AXADDR_READ;
    change((enum axaddr_area_change)(what / 3), &with);
    if (!check_case_failed) {
        check_around(with.first, distance == 0 ? 3 : model_count);
    }
}

static void every_fill_at_every_place(void) {
    static const uint32_t counts[] = {1,  2,  3,  4,  5,   6,   7,   8,   9,   14,  19,  20,  21,
                                      22, 30, 40, 41, 100, 211, 330, 341, 400, 619, 620, 621, 700};
    unsigned i;
    unsigned order;
    unsigned what;
    unsigned place;

    random_state = seed * 123457;
    base = 0;
    for (i = 0; i < 3 * sizeof(counts) / sizeof(counts[0]) && !check_case_failed; i++) {
        uint32_t count = counts[i / 3];

        order = i % 3;
        if (order == 2 && count % 7919 == 0) {
            continue;
        }
        for (place = 0; place < 3 && !check_case_failed; place++) {
            CHECK(begin(900));
            build(count, order);
            /* Changes at one place and near it: the leaf fills up, and all above it. */
            for (what = 0; what < 60 && !check_case_failed; what++) {
                uint64_t at = place == 0 ? any(count) : place == 1 ? what % count : count - 1;
                snprintf(check_context, sizeof(check_context),
                         "%u areas, order %u, place %u, change %u", count, order, place, what);
                change_at((unsigned)any(12), at, count);
            }
            end();
        }
    }
}

/** One leaf after the other is filled to the last place, by cuts: inner nodes fill up, too. */
static void cuts_fill_everything(void) {
    uint32_t count = 1200;
    uint32_t i;

    CHECK(begin(900));
    base = 0;
    random_state = seed * 55555;
    build(count, 2);
    for (i = 0; i < count && !check_case_failed; i++) {
        snprintf(check_context, sizeof(check_context), "cut %u", i);
        change_at((i % 4) * 3, i, count);
    }
    end();
}

int main(int argument_count, char **arguments) {
    if (argument_count > 1) {
        seed = strtoull(arguments[1], 0, 0);
    }
    printf("test_area_sets: seed %" PRIu64 "\n", seed);
    CASE(ten_areas);
    CASE(a_thousand_areas);
    CASE(a_hundred_thousand_areas);
    CASE(every_fill_at_every_place);
    CASE(cuts_fill_everything);
    return check_report("test_area_sets");
}
