/* SPDX-License-Identifier: MIT
 *
 * mixture.h: map, unmap, protect, split and collapse in pseudo-random order, in a window of a few
 * tables of what is watched (watched_edit.h), against a model of single pages. After each step the
 * table says of each page what the model says; after a collapse what can be large is large; and a
 * step that fails, for want of memory or otherwise, has changed nothing.
 */
#ifndef AXADDR_TESTS_MIXTURE_H
#define AXADDR_TESTS_MIXTURE_H

#include "watched_edit.h"

enum page_state { PAGE_HOLE, PAGE_LINEAR, PAGE_FRAMES, PAGE_OWN, PAGE_RESERVED };

struct page {
    enum page_state state;
    uint64_t host;
    uint32_t flags;
};

#define MODEL_MAX 1536u /* three tables of 512 */

/** What is mapped is counted in leaves of one level; for the smallest ones, pages. */
static struct page pages[MODEL_MAX];
static uint32_t page_count;
static unsigned page_level;
static uint64_t window; /**< the address of the first */
static uint64_t random_state;

static uint64_t random_below(uint64_t count) {
    random_state ^= random_state >> 12;
    random_state ^= random_state << 25;
    random_state ^= random_state >> 27;
    return (random_state * UINT64_C(0x2545f4914f6cdd1d) >> 16) % count;
}

/** Pages [from, to) of the model. */
struct stretch {
    uint32_t from;
    uint32_t to;
};

static uint64_t page_size(void) {
    return span_of(page_level);
}

/** Pages in a table. */
static uint32_t table_count(void) {
    return UINT32_C(1) << watched.format->index_bits[page_level];
}

static uint64_t start_of(struct stretch stretch) {
    return window + stretch.from * page_size();
}

static uint64_t size_of(struct stretch stretch) {
    return (stretch.to - stretch.from) * page_size();
}

/** Mostly whole tables or runs, otherwise anything. */
static struct stretch pick_stretch(void) {
    uint32_t table = table_count();
    uint32_t unit = random_below(3) == 0 ? table : random_below(2) == 0 ? WATCHED_RUN : 1;
    struct stretch stretch;

    stretch.from = (uint32_t)random_below(page_count / unit) * unit;
    stretch.to = stretch.from + unit * (1 + (uint32_t)random_below(unit == table ? 3 : 40));
    stretch.to = stretch.to < page_count ? stretch.to : page_count;
    return stretch;
}

static uint32_t pick_flags(void) {
    static const uint32_t choices[] = {
        RW, RW, RW, RW, RW, AXADDR_READ, RWX, AXADDR_READ | AXADDR_WRITE | AXADDR_UNCACHED};
    uint32_t flags = choices[random_below(8)];

    return watched.format->can_hold(flags) ? flags : RW;
}

/** Compare one entry with the pages that it spans. */
static void model_visit(void *argument, const struct found *found) {
    uint64_t window_last = window + (page_count * page_size() - 1);
    uint64_t address;

    (void)argument;
    if (kind_of(found->entry, found->level) == AXADDR_ENTRY_TABLE) {
        return;
    }
    if (found->first < window || found->last > window_last) {
        if (found->entry != watched.format->empty) {
            watched_complain("an entry outside of what was mapped", found->first);
        }
        return;
    }
    for (address = found->first; address < found->last; address += page_size()) {
        const struct page *page = &pages[(address - window) / page_size()];
        bool is_leaf = kind_of(found->entry, found->level) == AXADDR_ENTRY_LEAF;

        if (page->state == PAGE_HOLE ? found->entry != watched.format->empty
            : page->state == PAGE_RESERVED
                ? is_leaf || watched.format->absent_kind(found->entry) != AXADDR_ABSENT_RESERVED
                : !is_leaf ||
                      frame_of(found->entry, found->level, found->index) +
                              (address - found->first) !=
                          page->host ||
                      flags_of(found->entry, found->level, found->index) != page->flags) {
            watched_complain("not as the model has it", address);
        }
    }
}

/** Whether the `count` pages from `from` on could be one leaf. */
static bool model_is_uniform(uint32_t from, uint64_t count) {
    uint64_t i;

    if (pages[from].state == PAGE_HOLE || pages[from].state == PAGE_RESERVED ||
        (pages[from].host & (count * page_size() - 1)) != 0) {
        return false;
    }
    for (i = 1; i < count; i++) {
        const struct page *page = &pages[from + i];
        if (page->host != pages[from].host + i * page_size() || page->flags != pages[from].flags ||
            page->state == PAGE_HOLE || page->state == PAGE_RESERVED ||
            (!watched.kind->is_table && page->state != pages[from].state)) {
            return false;
        }
    }
    return true;
}

/** After a collapse: what can be large is, and what can be a run is one. */
static void model_check_collapsed(struct stretch stretch) {
    uint32_t table = table_count();
    uint32_t i;

    for (i = stretch.from; i < stretch.to; i++) {
        struct found found = find(window + i * page_size());

        if (i % table == 0 && i + table <= stretch.to && model_is_uniform(i, table)) {
            CHECK(found.level > page_level);
        }
        if (i % WATCHED_RUN == 0 && i + WATCHED_RUN <= stretch.to &&
            watched.kind->runs->hint != 0 && found.level == page_level &&
            model_is_uniform(i, WATCHED_RUN)) {
            CHECK(has_hint(found.entry, found.level));
        }
    }
}

/** What one step came to: the model goes along if it succeeded, nothing changed if not. */
static void model_settle(enum axaddr_status expected, enum axaddr_status status, uint64_t before,
                         uint64_t used) {
    if (expected == AXADDR_OK && watched.host.op_refused > 0) {
        expected = AXADDR_NO_MEMORY;
    }
    CHECK_STR(axaddr_status_name(status), axaddr_status_name(expected));
    if (status != AXADDR_OK) {
        CHECK_EQ(imprint_now(), before);
        CHECK_EQ(watched.host.used_count, used);
        CHECK_EQ(watched.host.op_plan_count, 0);
    }
}

static bool model_has(struct stretch stretch, bool is_hole) {
    uint32_t i;

    for (i = stretch.from; i < stretch.to; i++) {
        if ((pages[i].state == PAGE_HOLE) == is_hole) {
            return true;
        }
    }
    return false;
}

/** Cut a stretch where its pages stop being holes, or begin to be. */
static struct stretch model_trim(struct stretch stretch, bool is_hole) {
    uint32_t i = stretch.from;

    while (i < stretch.to && (pages[i].state == PAGE_HOLE) != is_hole) {
        i++;
    }
    if (i == stretch.to) {
        return stretch;
    }
    stretch.from = i;
    while (i < stretch.to && (pages[i].state == PAGE_HOLE) == is_hole) {
        i++;
    }
    stretch.to = i;
    return stretch;
}

static void model_map(uint64_t before, uint64_t used) {
    static uint64_t frames[MODEL_MAX];
    struct stretch stretch = pick_stretch();
    uint64_t fit = 8 * span_of(page_level + 1); /* aligned as large leaves are */
    uint64_t hosts[] = {fit, fit, fit, 3 * fit, fit + page_size()};
    uint64_t host;
    enum page_state state = PAGE_LINEAR;
    enum axaddr_status expected;
    enum axaddr_status status;
    uint32_t flags = pick_flags();
    uint32_t how = random_below(3) == 0 ? AXADDR_REPLACE : 0;
    uint32_t i;

    stretch = how == 0 && random_below(8) != 0 ? model_trim(stretch, true) : stretch;
    host = hosts[random_below(5)] + stretch.from * page_size();
    expected = how == 0 && model_has(stretch, false) ? AXADDR_EXISTS : AXADDR_OK;
    for (i = 0; i < stretch.to - stretch.from; i++) {
        frames[i] = host + i * page_size();
    }
    if (page_level == 0 && random_below(3) == 0) {
        state = PAGE_FRAMES;
        status = map_frames(start_of(stretch), frames, stretch.to - stretch.from, flags | how);
    } else if (!watched.kind->is_table && random_below(6) == 0) {
        state = PAGE_RESERVED;
        status =
            perform_simple(AXADDR_OP_RESERVE, start_of(stretch), size_of(stretch), flags | how);
    } else if (page_level == 0 && !watched.kind->is_table && random_below(6) == 0) {
        state = PAGE_OWN;
        status =
            perform_simple(AXADDR_OP_POPULATE, start_of(stretch), size_of(stretch), flags | how);
    } else {
        status =
            map_linear(start_of(stretch), host, size_of(stretch),
                       flags | how | (page_level == 0 && random_below(2) == 0 ? AXADDR_SMALL : 0));
    }
    for (i = stretch.from; i < stretch.to && status == AXADDR_OK; i++) {
        pages[i].state = state;
        pages[i].flags = flags;
        pages[i].host = host + (i - stretch.from) * page_size();
        if (state == PAGE_OWN) {
            struct found found = find(window + i * page_size());
            pages[i].host = frame_of(found.entry, 0, found.index);
            CHECK(host_used_frame(&watched.host, pages[i].host) != 0);
        }
    }
    model_settle(expected, status, before, used);
}

static void model_unmap(uint64_t before, uint64_t used) {
    struct stretch stretch = pick_stretch();
    enum axaddr_status status = unmap(start_of(stretch), size_of(stretch));
    uint32_t i;

    for (i = stretch.from; i < stretch.to && status == AXADDR_OK; i++) {
        if (pages[i].state == PAGE_OWN) {
            CHECK(host_used_frame(&watched.host, pages[i].host) == 0 ||
                  host_used_frame(&watched.host, pages[i].host)->taken_in ==
                      watched.host.operation);
        }
        pages[i].state = PAGE_HOLE;
    }
    model_settle(AXADDR_OK, status, before, used);
}

static void model_protect(uint64_t before, uint64_t used) {
    struct stretch stretch = pick_stretch();
    uint32_t flags = pick_flags();
    enum axaddr_status status;
    uint32_t i;

    stretch = random_below(8) != 0 ? model_trim(stretch, false) : stretch;
    status = protect(start_of(stretch), size_of(stretch), flags);
    for (i = stretch.from; i < stretch.to && status == AXADDR_OK; i++) {
        pages[i].flags = flags;
    }
    model_settle(model_has(stretch, true) ? AXADDR_NOT_MAPPED : AXADDR_OK, status, before, used);
}

/** Split or collapse: what is mapped stays as it was. */
static void model_reshape(uint64_t before, uint64_t used, bool is_split) {
    struct stretch stretch = pick_stretch();
    enum axaddr_operation operation = is_split ? AXADDR_OP_SPLIT : AXADDR_OP_COLLAPSE;
    enum axaddr_status status;
    uint32_t i;

    if (random_below(3) == 0) {
        stretch.from = 0;
        stretch.to = page_count;
    }
    status = perform_simple(operation, start_of(stretch), size_of(stretch), 0);
    model_settle(AXADDR_OK, status, before, used);
    if (status == AXADDR_OK && !is_split) {
        CHECK_EQ(watched.host.op_taken, 0);
        model_check_collapsed(stretch);
    }
    for (i = stretch.from; i < stretch.to && is_split && status == AXADDR_OK; i++) {
        CHECK(find(window + i * page_size()).level == 0 || pages[i].state == PAGE_HOLE ||
              pages[i].state == PAGE_RESERVED);
    }
}

static void model_step(void) {
    uint64_t before = imprint_now();
    uint64_t used = watched.host.used_count;
    uint32_t i;

    if (random_below(6) == 0) {
        watched.host.fail_in = 1 + (uint32_t)random_below(4);
        watched.host.is_fail_sticky = random_below(2) == 0;
    }
    switch (random_below(16)) {
    case 0:
    case 1:
    case 2:
    case 3:
    case 4:
    case 5:
        model_map(before, used);
        break;
    case 6:
    case 7:
        model_unmap(before, used);
        break;
    case 8:
    case 9:
    case 10:
        model_protect(before, used);
        break;
    case 11:
    case 12:
        /* Larger leaves would be split into more pages than there is memory for tables of. */
        model_reshape(before, used, page_level == 0);
        break;
    default:
        model_reshape(before, used, false);
        break;
    }
    watched.host.fail_in = 0;
    visit_all(model_visit, 0);
    CHECK_STR(host_error(&watched.host), "");
    i = (uint32_t)random_below(page_count);
    if (pages[i].state == PAGE_LINEAR || pages[i].state == PAGE_FRAMES ||
        pages[i].state == PAGE_OWN) {
        check_mapped(window + i * page_size(), pages[i].host, page_size(), pages[i].flags);
    }
}

/** A mixture of so many steps, of a kind and counted in leaves of `level`. */
static void mix(const struct kind *kind, unsigned level, uint64_t seed, unsigned steps) {
    unsigned i;

    watched_begin(kind);
    random_state = seed * UINT64_C(0x9e3779b97f4a7c15) + 1;
    page_level = level;
    page_count = 3 * table_count();
    window = watched.home - span_of(level + 1);
    memset(pages, 0, sizeof(pages));
    for (i = 0; i < steps && !check_case_failed; i++) {
        snprintf(check_context, sizeof(check_context), "%s level %u seed %" PRIu64 " step %u",
                 kind->name, level, seed, i);
        model_step();
    }
    watched_end();
}

#endif /* AXADDR_TESTS_MIXTURE_H */
