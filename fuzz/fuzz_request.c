/* SPDX-License-Identifier: MIT
 *
 * fuzz_request.c: bytes -> requests (axaddr_core/request.h), faults and looks at one space or bare
 * table, each compared with the model (request_check.h), while the CPUs of the simulated MMU use
 * the table. Requests are made by name or by perform, at once or in steps, with frames from the HAL
 * or from a pool, with enough of them or one less. Among the faults are those that write to zero
 * pages and to backed ones; hardware notes accesses in between. Any difference is an abort().
 *
 *     byte 0   the kind: request_world.h
 *     byte 1   bits 0, 1 where the window is; 2 the space is all that the format reaches; 3, 4 the
 *              order of frames; 5 there is a zero frame; 6 a VMID and CPUs are set
 *     then one operation after the other:
 *     byte     0-10 (modulo 16) the request, by enum axaddr_operation; 11, 12 a fault; 13 hardware
 *              notes an access; 14 a look anywhere; 15 a request with one bad argument. Above:
 *              bit 4 an allocation fails, 5 frames come from a pool, 6 in steps
 *     request  [a byte for each of bits 4, 5, 6], range, then what the operation takes
 *     range    byte: bits 0, 1 in pages, sixteenths of a large leaf, large leaves, or all; 2 move
 *              the ends; then first and count as bytes (of pages: first as two), the move as a byte
 *     flags    byte: 0-5 as the library's, 6 AXADDR_SMALL, 7 AXADDR_ZERO_PAGE or _LARGE
 */
#include "request_check.h"

#define STEP_MAX 80 /**< operations of one input */

static uint64_t frames[PAGE_MAX];

/* ---- an operation begins and ends ---- */

static void begin(uint32_t from, uint32_t to) {
    uint32_t i;

    memcpy(world.before, world.pages, sizeof(world.before));
    memset(world.told, 0, sizeof(world.told));
    world.was_supplied = false;
    host_begin(&world.host);
    sim_begin(&world.sim);
    sim_watch(&world.sim, address_of(from));
    sim_watch(&world.sim, address_of(to));
    sim_watch(&world.sim, address_of(from) - PAGE);
    sim_watch(&world.sim, address_of(to) + PAGE);
    for (i = 0; i < 6; i++) {
        sim_watch(&world.sim,
                  address_of(from + (uint32_t)(host_random(&world.host) % (to - from + 1))));
    }
}

static bool is_zero_filled(uint64_t hpa) {
    const uint8_t *at = host_peek(&world.host, hpa);
    return at != 0 && host_bytes_are(at, 0);
}

/** Pages that this operation gave a frame: a fresh one each, all zero. They are signed now. */
static void learn(uint32_t from, uint32_t to) {
    uint32_t i;

    for (i = from; i <= to; i++) {
        struct page *page = &world.pages[i];
        struct mmu_entry leaf;
        if (!page->is_mapped || page->hpa != UNKNOWN) {
            continue;
        }
        leaf = mmu_walk(&world.mmu, address_of(i));
        FUZZ_CHECK(mmu_is_leaf(&world.mmu, &leaf));
        page->hpa = mmu_output(&world.mmu, &leaf, address_of(i));
        FUZZ_CHECK(is_zero_filled(page->hpa));
        sign(page->hpa, address_of(i));
    }
}

/** It is over: compare. `pool_count` are frames that a pool of ours has. */
static void end(uint32_t from, uint32_t to, uint64_t pool_count) {
    FUZZ_CHECK(!world.is_walking);
    sim_end(&world.sim);
    world.host.fail_in = 0;
    check_host();
    learn(from, to);
    compare(from > 0 ? from - 1 : 0, to + 1 < world.page_count ? to + 1 : to, pool_count);
}

static uint64_t count_area_frames(void) {
    struct axaddr_stats stats;
    world.kind->stats(world.space, &stats);
    return stats.area_frame_count;
}

/** What a map took and still has is what tables_needed said, no more and no less. */
static void check_count(const struct axaddr_request *request, uint64_t count, uint64_t table_count,
                        uint64_t area_frame_count) {
    uint64_t taken = audit.table_count - table_count;
    uint64_t after = count_area_frames();

    taken += after > area_frame_count ? after - area_frame_count : 0;
    if (request->operation == AXADDR_OP_POPULATE) {
        taken += request->size / PAGE;
    }
    FUZZ_EQ(count, taken);
}

/** Nothing has changed. */
static void check_unchanged(uint64_t hash, uint32_t used_count) {
    FUZZ_EQ(audit.hash, hash);
    FUZZ_EQ(world.host.used_count, used_count);
    FUZZ_EQ(world.host.op_plan_count, 0);
}

static void fail_by(struct input *input, bool is_wanted) {
    unsigned how = is_wanted ? input_byte(input) : 0;
    if (is_wanted) {
        host_fail_in(&world.host, 1 + (how & 15), (how & 16) != 0);
    }
}

/* ---- requests ---- */

/** Pages [from, to]. Returns the byte that says how. */
static unsigned pick_range(struct input *input, uint32_t *from, uint32_t *to) {
    unsigned how = input_byte(input);
    uint32_t large = UINT32_C(1) << (world.kind->format->shift[1] - 12);
    uint32_t unit = (how & 3) == 0 ? 1 : (how & 3) == 1 ? large / 16 : large;
    uint32_t lead = (uint32_t)(0 - world.base / PAGE) & (unit - 1); /* pages before a whole unit */
    uint32_t count;

    *from = lead + unit * input_below(input, unit == 1 ? PAGE_MAX : 64);
    count = unit * (1 + input_below(input, 64));
    if ((how & 3) == 3) {
        *from = 0;
        count = world.page_count;
    }
    *from %= world.page_count;
    *to = *from + (count < world.page_count - *from ? count : world.page_count - *from) - 1;
    if ((how & 4) != 0) {
        unsigned move = input_byte(input);
        *from = *to - *from > (move & 15) ? *from + (move & 15) : *from;
        *to = *to - *from > move >> 4 ? *to - (move >> 4) : *to;
    }
    return how;
}

static uint32_t pick_flags(struct input *input, enum axaddr_operation operation) {
    unsigned how = input_byte(input);
    uint32_t flags = how & AXADDR_MAPPING_FLAGS;

    if ((how & 0x40) != 0 && operation <= AXADDR_OP_RESERVE) {
        flags |= (how & 0x80) != 0 && operation == AXADDR_OP_RESERVE ? AXADDR_LARGE : AXADDR_SMALL;
    } else if ((how & 0x80) != 0 && operation == AXADDR_OP_RESERVE) {
        flags |= AXADDR_ZERO_PAGE;
    }
    return flags;
}

/** Host frames for the range: stretches that adjoin, here and there aligned as the range is. */
static void pick_frames(struct input *input, struct axaddr_request *request) {
    uint64_t count = request->size / PAGE;
    uint64_t at = LINEAR_BASE + (request->start & FILE_MASK);
    uint64_t left = 0;
    uint64_t i;

    for (i = 0; i < count; i++, at += PAGE, left--) {
        if (left == 0) {
            unsigned how = input_byte(input);
            left = how < 32 ? count : (uint64_t)1 << (how >> 2 & 7);
            at += how < 64 ? 0 : PAGE * (how & 7);
        }
        frames[i] = at;
    }
    request->frames = frames;
}

/** Bit 3: a map replaces, and in the place of an unmap comes a label. Bit 4: with name and tag. */
static void pick_new(unsigned how, struct axaddr_request *request) {
    static const char *const names[2] = {0, "name"};

    if ((how & 8) != 0 && is_map(request)) {
        request->flags = AXADDR_REPLACE;
    } else if ((how & 8) != 0 && request->operation == AXADDR_OP_UNMAP) {
        request->operation = AXADDR_OP_LABEL;
    }
    if ((how & 16) != 0) {
        request->name = names[how >> 5 & 1];
        request->tag = how >> 6;
    }
}

static void pick_request(struct input *input, enum axaddr_operation operation,
                         struct axaddr_request *request) {
    uint32_t from;
    uint32_t to;
    unsigned how;

    *request = axaddr_request_of(operation, 0, 0, 0);
    how = pick_range(input, &from, &to);
    pick_new(how, request);
    if (operation == AXADDR_OP_POPULATE && to - from > 600) {
        to = from + 600; /* the arena is not endless */
    }
    request->start = address_of(from);
    request->size = (to - from + 1) * PAGE;
    if (operation <= AXADDR_OP_BACKED || operation == AXADDR_OP_PROTECT) {
        request->flags |= pick_flags(input, operation);
    } else if (operation == AXADDR_OP_HARVEST) {
        request->flags = input_byte(input) & 3;
    }
    if (operation == AXADDR_OP_LINEAR) {
        how = input_byte(input);
        request->host = LINEAR_BASE + (request->start & FILE_MASK) + (how & 15) * PAGE;
        request->host += how < 128 ? 0 : PAGE << (how >> 4);
    } else if (operation == AXADDR_OP_FRAMES) {
        pick_frames(input, request);
    } else if (operation == AXADDR_OP_BACKED || operation == AXADDR_OP_DEVICE) {
        request->cookie = input_byte(input) & 3;
    }
}

/** It also expects those of pages to stay that a map has replaced, though they went with them. */
static void forget_replaced(const struct axaddr_request *request, uint64_t size) {
    struct sim *sim = &world.sim;
    uint32_t i;

    sim->watch_count = 0;
    for (i = sim->note_count; i-- > 0;) {
        if (sim->notes[i].address + sim->high - request->start < size) {
            sim->notes[i] = sim->notes[--sim->note_count];
        }
    }
}

/** The simulated MMU expects notes to stay, but for what a harvest has told. */
static void forget_told(void) {
    struct sim *sim = &world.sim;
    uint32_t i;

    sim->watch_count = 0;
    for (i = sim->note_count; i-- > 0;) {
        if ((world.told[page_of(sim->notes[i].address + sim->high)] & AXADDR_DIRTY) != 0) {
            sim->notes[i] = sim->notes[--sim->note_count];
        }
    }
}

/** After a harvest: it told what was noted, and nothing of that is noted any more. */
static void check_harvest(const struct axaddr_request *request, const uint32_t *notes,
                          uint64_t done) {
    uint32_t from = page_of(request->start);
    bool can_clear =
        world.kind->format != &toy32 || request->flags == AXADDR_NOTES; /* it has one bit */
    uint32_t i;

    for (i = from; i < from + done / PAGE; i++) {
        uint32_t expected = world.pages[i].is_mapped ? notes[i] & request->flags : 0;
        struct axaddr_mapping mapping;

        FUZZ_EQ(expected & ~world.told[i], 0);
        FUZZ_EQ(world.told[i] & ~request->flags, 0);
        FUZZ_CHECK(world.told[i] == expected || world.sim.has_updates);
        mapping.notes = 0;
        (void)!world.kind->query(world.space, address_of(i), &mapping);
        if (can_clear && !world.sim.has_updates) {
            FUZZ_EQ(mapping.notes & request->flags, 0);
        }
    }
    for (i = 0; i < world.page_count; i++) { /* a leaf is harvested as a whole */
        world.pages[i].notes &= ~world.told[i];
    }
}

/** After a split: in the range are small leaves only. */
static void check_split(const struct axaddr_request *request, uint64_t done) {
    uint64_t address = request->start;

    for (; address != request->start + done; address += PAGE) {
        struct mmu_entry at = mmu_walk(&world.mmu, address);
        FUZZ_CHECK(!mmu_is_leaf(&world.mmu, &at) || at.level == 0);
    }
}

/** Whether a leaf says more than its flags and what hardware notes: that a note was cleared. */
static bool is_cleared(uint32_t index) {
    const struct axaddr_format *format = world.kind->format;
    struct mmu_entry at = mmu_walk(&world.mmu, address_of(index));
    uint64_t leaf = mmu_plain(&world.mmu, &at);
    uint64_t attributes = format->attributes_of(format->flags_of(leaf, at.level), at.level);
    uint64_t made = format->make_leaf(format->frame_of(leaf, at.level), at.level, attributes);

    return ((leaf ^ made) & ~format->noted) != 0;
}

/** Whether the pages of a whole large leaf are alike, and adjoin in memory. */
static bool is_one_leaf(uint32_t first, uint32_t count, const uint32_t *notes) {
    const struct page *page = &world.pages[first];
    uint32_t i;

    if (!page->is_mapped || (page->hpa & (count * PAGE - 1)) != 0 ||
        is_cleared(first)) { /* a large one would say it of all */
        return false;
    }
    for (i = 1; i < count; i++) {
        if (!page[i].is_mapped || page[i].hpa != page->hpa + i * PAGE ||
            page[i].kind != page->kind || page[i].flags != page->flags ||
            page[i].cookie != page->cookie || page[i].name != page->name ||
            page[i].tag != page->tag || page[i].leaf_flags != page->leaf_flags ||
            ((notes[first + i] ^ notes[first]) & AXADDR_DIRTY) != 0) {
            return false; /* Arm's "written" is a permission: it is part of what is alike */
        }
    }
    return true;
}

/** After a collapse: no table is left that a large leaf could be. */
static void check_collapse(const struct axaddr_request *request, const uint32_t *notes,
                           uint64_t done) {
    uint32_t count = UINT32_C(1) << (world.kind->format->shift[1] - 12);
    uint64_t size = count * PAGE;
    uint64_t address = (request->start + (size - 1)) & ~(size - 1);

    for (; address - request->start + size <= done; address += size) {
        struct mmu_entry at = mmu_walk(&world.mmu, address);
        FUZZ_CHECK(at.level > 0 || !is_one_leaf(page_of(address), count, notes));
    }
}

/** The level of the leaf at a page by the rule "the largest that fits". */
static void check_level(const struct axaddr_request *request, uint64_t first, uint64_t last,
                        uint64_t address) {
    const struct axaddr_format *format = world.kind->format;
    uint64_t hpa = world.pages[page_of(address)].hpa;
    struct mmu_entry at = mmu_walk(&world.mmu, address);
    unsigned best = 0;
    unsigned level;

    for (level = 1; level < format->level_count && (request->flags & AXADDR_SMALL) == 0; level++) {
        uint64_t mask = axaddr_low_bits(format->shift[level]);
        if ((format->leaf_levels >> level & 1) != 0 && ((address ^ hpa) & mask) == 0 &&
            (address & ~mask) >= first && (address | mask) <= last) {
            best = level;
        }
    }
    FUZZ_EQ(at.level, best);
}

/** After a map of host memory, at once: the largest leaves that fit. */
static void check_levels(const struct axaddr_request *request) {
    uint64_t last = request->start + (request->size - 1);
    uint64_t first;
    uint64_t next;
    uint64_t at;

    for (first = request->start; first - 1 != last; first = next) {
        const struct page *page = &world.pages[page_of(first)];
        for (next = first + PAGE, page++; next - 1 != last && page[0].hpa == page[-1].hpa + PAGE;
             next += PAGE, page++) {
        }
        for (at = first; at != next; at += PAGE) {
            check_level(request, first, next - 1, at);
        }
    }
}

/** What is noted of the pages [from, to]. */
static void query_notes(uint32_t *notes, uint32_t from, uint32_t to) {
    uint32_t i;
    for (i = from; i <= to; i++) {
        struct axaddr_mapping mapping;
        mapping.notes = 0;
        (void)!world.kind->query(world.space, address_of(i), &mapping);
        notes[i] = mapping.notes;
    }
}

/** Plans name every page that was mapped and is not any more, or otherwise. */
static void check_plans(uint32_t from, uint32_t to) {
    uint32_t i;
    for (i = from; i <= to; i++) {
        const struct page *was = &world.before[i];
        const struct page *is = &world.pages[i];
        if (was->is_mapped &&
            (!is->is_mapped || is->leaf_flags != was->leaf_flags || is->hpa != was->hpa)) {
            FUZZ_CHECK(
                host_is_flushed(&world.host, address_of(i), address_of(i) + (PAGE - 1), false));
        }
    }
}

/** What is left to look at, when a request has been done up to `done`. */
static void check_done(const struct axaddr_request *request, const struct axaddr_terms *terms,
                       const uint32_t *notes) {
    switch (request->operation) {
    case AXADDR_OP_HARVEST:
        check_harvest(request, notes, terms->done);
        break;
    case AXADDR_OP_SPLIT:
        check_split(request, terms->done);
        break;
    case AXADDR_OP_COLLAPSE:
        check_collapse(request, notes, terms->done);
        break;
    case AXADDR_OP_LINEAR:
    case AXADDR_OP_FRAMES:
        if (terms->done == request->size) {
            check_levels(request);
        }
        break;
    default:
        break;
    }
    check_plans(page_of(request->start), page_of(request->start + (terms->done - 1)));
}

/** The pages that a request is about; all of the window's first one if that is none. */
static void pages_of(const struct axaddr_request *request, uint32_t *from, uint32_t *to) {
    *from = page_of(request->start);
    *to = page_of(request->start + (request->size - 1));
    if (!is_range(request->start, request->size) || *to == world.page_count) {
        *from = 0;
        *to = 0;
    }
}

/** The status to expect, when it is known what was refused, and how far the first step went. */
static enum axaddr_status settle(const struct axaddr_request *request,
                                 const struct axaddr_terms *terms, enum axaddr_status expected,
                                 enum axaddr_status status, bool is_short) {
    struct axaddr_request step = *request;
    bool has_too_few = world.host.op_refused > 0 || is_short;

    if (terms->budget == 0) {
        return expected == AXADDR_OK && has_too_few ? AXADDR_NO_MEMORY : expected;
    }
    if (status == AXADDR_OK) {
        step.size = terms->done;
        FUZZ_CHECK(terms->done <= request->size);
        return expect(&step);
    }
    if (expected == AXADDR_INVALID || expected == status) {
        return expected;
    }
    for (step.size = PAGE; step.size <= request->size; step.size += PAGE) {
        expected = expect(&step);
        if (expected == status ||
            (status == AXADDR_NO_MEMORY && expected == AXADDR_OK && has_too_few)) {
            return status;
        }
    }
    return expected;
}

/** Whether the call that is named after it has all of its arguments. */
static bool has_call(const struct axaddr_request *request) {
    return request->operation == AXADDR_OP_LABEL ||
           (request->name == 0 && request->tag == 0 &&
            (request->operation != AXADDR_OP_DEVICE || !is_replace(request)));
}

/**
 * Make a request, or its first step, and compare. `how`: bit 4 an allocation fails, 5 with a pool,
 * 7 by the call that is named after it. Returns its status.
 */
static enum axaddr_status make(struct input *input, unsigned how,
                               const struct axaddr_request *request, struct axaddr_terms *terms) {
    static uint32_t notes[PAGE_MAX];
    enum axaddr_status expected = expect(request);
    uint64_t hash = audit.hash;
    struct axaddr_pool pool = {0, 0};
    enum axaddr_status status;
    bool is_short = false;
    uint64_t table_count = audit.table_count;
    uint64_t area_frame_count = count_area_frames();
    uint64_t count = 77;
    uint64_t held = 0;
    uint32_t used;
    uint32_t from;
    uint32_t to;

    pages_of(request, &from, &to);
    if (request->operation == AXADDR_OP_HARVEST || request->operation == AXADDR_OP_COLLAPSE) {
        query_notes(notes, from, to);
    }
    FUZZ_EQ(world.kind->tables_needed(world.space, request, &count), expected);
    FUZZ_CHECK(expected == AXADDR_OK || count == 77);
    if ((how & 32) != 0) {
        held = expected == AXADDR_OK ? count - (count > 0 && input_bool(input)) : 0;
        if (world.kind->resize_pool(world.space, &pool, held) != AXADDR_OK) {
            held = 0;
        }
        /* A step that ends within an area cuts it, which all of the request might not. */
        is_short = expected != AXADDR_OK || held < count || terms->budget != 0;
    }
    begin(from, to);
    used = world.host.used_count;
    fail_by(input, (how & 16) != 0);
    terms->pool = (how & 32) != 0 ? &pool : 0;
    terms->done = 77;
    if ((how & 128) != 0 && terms->pool == 0 && terms->budget == 0 && request->size % PAGE == 0 &&
        has_call(request)) {
        status = world.kind->call(world.space, request);
        terms->done = status == AXADDR_OK ? request->size : 0;
    } else {
        status = world.kind->perform(world.space, request, terms);
    }
    fuzz_say("%s operation %d at 0x%" PRIx64 " size 0x%" PRIx64 " flags 0x%x host 0x%" PRIx64
             " cookie %u, how 0x%x budget %" PRIu64 ": %s, done 0x%" PRIx64 "\n",
             world.kind->name, (int)request->operation, request->start, request->size,
             request->flags, request->host, request->cookie, how, terms->budget,
             axaddr_status_name(status), terms->done);
    FUZZ_EQ(status, settle(request, terms, expected, status, is_short));
    FUZZ_CHECK((how & 32) == 0 || world.host.op_taken == 0);
    if (status == AXADDR_OK) {
        FUZZ_CHECK(terms->done > 0 && terms->done % PAGE == 0 && terms->done <= request->size);
        FUZZ_CHECK(terms->budget != 0 || terms->done == request->size);
        FUZZ_CHECK((how & 32) != 0 || terms->budget != 0 || world.host.op_taken == count);
        apply(request, terms->done);
    } else {
        FUZZ_EQ(terms->done, 0);
    }
    if (request->operation == AXADDR_OP_HARVEST) {
        forget_told();
    } else if (is_replace(request)) {
        forget_replaced(request, terms->done);
    }
    sim_end(&world.sim);
    if (status == AXADDR_OK) {
        /* What the areas do not need any more goes to the pool, too. */
        FUZZ_CHECK(pool.count <= held + area_frame_count);
        check_host();
        learn(from, to);
        check_done(request, terms, notes);
    }
    end(from, to, pool.count);
    if (status == AXADDR_OK && is_map(request) && !is_replace(request) && terms->budget == 0) {
        check_count(request, count, table_count, area_frame_count);
    }
    if (status != AXADDR_OK) {
        FUZZ_EQ(pool.count, held);
        check_unchanged(hash, used);
    }
    (void)!world.kind->resize_pool(world.space, &pool, 0);
    FUZZ_EQ(pool.count, 0);
    return status;
}

static void advance(struct axaddr_request *request, uint64_t done) {
    request->start += done;
    request->size -= done;
    if (request->operation == AXADDR_OP_LINEAR) {
        request->host += done;
    } else if (request->operation == AXADDR_OP_FRAMES) {
        request->frames += done / PAGE;
    }
}

static void do_request(struct input *input, unsigned how) {
    struct axaddr_terms terms = {0, 0, 0};
    struct axaddr_request request;
    unsigned step;

    if ((how & 64) != 0) {
        terms.budget = UINT64_C(1) << input_below(input, 12);
    }
    pick_request(input, (enum axaddr_operation)(how & 15), &request);
    for (step = 0; step < 6 && request.size > 0; step++) {
        if (make(input, how, &request, &terms) != AXADDR_OK) {
            return;
        }
        advance(&request, terms.done);
    }
}

/** Good arguments but for one. */
static void do_bad(struct input *input, unsigned how) {
    struct axaddr_terms terms = {0, 0, 0};
    struct axaddr_request request;
    uint64_t word;

    pick_request(input, (enum axaddr_operation)input_below(input, 11), &request);
    word = input_word(input);
    switch (input_below(input, 6)) {
    case 0:
        request.start = word;
        break;
    case 1:
        request.size = word;
        break;
    case 2:
        request.flags = (uint32_t)word;
        break;
    case 3:
        request.cookie |= (uint32_t)word & ~AXADDR_COOKIE_MAX;
        break;
    case 4:
        request.host = word;
        frames[word % (request.size / PAGE)] = word;
        request.frames = (word & 1) != 0 && request.frames != 0 ? frames : 0;
        break;
    default:
        request.operation = (enum axaddr_operation)(AXADDR_OP_LABEL + 1 + (word & 0xffff));
        break;
    }
    if (is_range(request.start, request.size) &&
        (page_of(request.start) == world.page_count ||
         page_of(request.start + (request.size - 1)) == world.page_count)) {
        return; /* it is a good one, but not for this model */
    }
    if (request.operation == AXADDR_OP_LINEAR && is_output(request.host, request.size) &&
        request.host < LINEAR_BASE + UINT64_C(0x20000000)) {
        return; /* nor are the frames of the arena, and of the file */
    }
    if (request.operation != AXADDR_OP_DEVICE && request.operation != AXADDR_OP_BACKED) {
        request.cookie = 0;
    }
    (void)make(input, how & 128, &request, &terms);
}

/* ---- faults ---- */

/** What flags do not permit; with USER no fetch of privileged mode. */
static uint32_t missing_of(uint32_t flags, uint32_t access) {
    bool is_user = (access & AXADDR_USER) != 0 || (flags & AXADDR_USER) == 0;

    return access & ~(is_user ? flags : flags & ~AXADDR_EXECUTE);
}

/** What it comes to; -1: the page gets a frame. */
static int expect_fault(const struct page *page, uint64_t address, uint32_t access,
                        const struct mmu_entry *at) {
    const struct axaddr_format *format = world.kind->format;
    uint32_t missing = missing_of(page->is_mapped ? page->leaf_flags : page->flags, access);
    uint64_t leaf = mmu_plain(&world.mmu, at);

    (void)address;
    if (page->kind == FREE) {
        return AXADDR_FAULT_UNMAPPED;
    }
    if (page->kind == AXADDR_AREA_DEVICE) {
        return AXADDR_FAULT_DEVICE;
    }
    if (missing == 0 && page->is_mapped) {
        return format->note_access != 0 && format->note_access(leaf, at->level, access) != leaf
                   ? AXADDR_FAULT_RESOLVED
                   : AXADDR_FAULT_SPURIOUS;
    }
    if (missing == 0 || (page->is_mapped && missing == AXADDR_WRITE && is_upgraded(page) &&
                         missing_of(page->flags, access) == 0)) {
        return -1;
    }
    return AXADDR_FAULT_DENIED;
}

/** Frames that giving a page its frame takes, besides those that the HAL supplies. */
static uint64_t frames_for(const struct page *page, uint32_t access, const struct mmu_entry *at) {
    bool is_zero_page = (page->flags & AXADDR_ZERO_PAGE) != 0;

    if (page->is_mapped) {
        return page->is_zero ? 1 : 0;
    }
    return at->level +
           (page->kind == AXADDR_AREA_BACKED || (is_zero_page && (access & AXADDR_WRITE) == 0)
                ? UINT64_C(0)
                : UINT64_C(1));
}

/** A page got a frame, or more rights to the one that it had. */
static void page_fault_in(uint32_t index, uint32_t access) {
    struct page *page = &world.pages[index];
    bool is_write = (access & AXADDR_WRITE) != 0;
    struct mmu_entry leaf = mmu_walk(&world.mmu, address_of(index));
    uint32_t flags = page->flags & AXADDR_MAPPING_FLAGS;

    if (page->kind == AXADDR_AREA_BACKED) {
        page->leaf_flags = !is_write && page->cookie != 0 ? flags & ~AXADDR_WRITE : flags;
        page->notes = 0;
        page->hpa = world.supplied[index][0] + world.supplied[index][1];
        page->is_mapped = true;
        return;
    }
    if ((page->flags & AXADDR_ZERO_PAGE) != 0 && !is_write) {
        page->hpa = ZERO_FRAME;
        page->is_zero = true;
        page->is_mapped = true;
        page->leaf_flags = flags & ~AXADDR_WRITE;
        return;
    }
    if (page->is_mapped && !page->is_zero) {
        page->leaf_flags = flags;
        return;
    }
    (void)leaf;
    page->is_zero = false;
    page->is_mapped = true;
    page->leaf_flags = flags;
    page->notes = 0;
    page->hpa = UNKNOWN;
}

/** The pages of a large leaf, if a fault made one. */
static void fault_in(uint32_t index, uint32_t access, uint32_t *from, uint32_t *to) {
    struct mmu_entry leaf = mmu_walk(&world.mmu, address_of(index));
    bool is_large = (world.pages[index].flags & AXADDR_LARGE) != 0 &&
                    !world.pages[index].is_mapped && leaf.level > 0;
    uint32_t i;

    *from = index;
    *to = index;
    if (is_large) {
        *from = page_of(leaf.first + world.sim.high);
        *to = page_of(leaf.last + world.sim.high);
    }
    FUZZ_CHECK(*from <= *to && *to < world.page_count);
    for (i = *from; i <= *to; i++) {
        FUZZ_EQ(world.pages[i].flags, world.pages[index].flags);
        FUZZ_EQ(world.pages[i].kind, AXADDR_AREA_ALLOC == world.pages[index].kind
                                         ? AXADDR_AREA_ALLOC
                                         : world.pages[index].kind);
        FUZZ_CHECK(!is_large || !world.pages[i].is_mapped);
        page_fault_in(i, access);
    }
}

/** Settle what the fault should have come to, when it is known what was refused and supplied. */
static enum axaddr_fault settle_fault(int expected, enum axaddr_fault fault, bool is_short,
                                      bool is_large) {
    if (expected >= 0) {
        return (enum axaddr_fault)expected;
    }
    if (world.was_supplied && world.supply_result != AXADDR_FAULT_RESOLVED) {
        return world.supply_result;
    }
    if (is_short || (world.host.op_refused > 0 && !is_large)) {
        return AXADDR_FAULT_NO_MEMORY;
    }
    /* A block that is refused leaves a small page to be tried. */
    return is_large && world.host.op_refused > 0 && fault == AXADDR_FAULT_NO_MEMORY
               ? AXADDR_FAULT_NO_MEMORY
               : AXADDR_FAULT_RESOLVED;
}

static void do_fault(struct input *input, unsigned how) {
    uint32_t index = (uint32_t)input_bytes(input, 2) % world.page_count;
    unsigned detail = input_byte(input);
    uint32_t access = 1 + detail % 7;
    uint64_t address = address_of(index) + detail * 16;
    struct page *page = &world.pages[index];
    struct mmu_entry at = mmu_walk(&world.mmu, address_of(index));
    int expected = expect_fault(page, address, access, &at);
    uint64_t hash = audit.hash;
    uint64_t needed = expected < 0 ? frames_for(page, access, &at) : 0;
    struct axaddr_pool pool = {0, 0};
    bool has_pool = (how & 32) != 0;
    enum axaddr_fault fault;
    uint32_t from = index;
    uint32_t to = index;
    uint64_t held = 0;
    uint32_t used;

    if (has_pool) {
        held = input_below(input, 6);
        if (world.kind->resize_pool(world.space, &pool, held) != AXADDR_OK) {
            held = 0;
        }
    }
    begin(index, index);
    used = world.host.used_count;
    fail_by(input, (how & 16) != 0);
    world.supply_how = (detail >> 3 & 3) == 3 ? input_below(input, 8) : 0;
    fault = world.kind->handle_fault(world.space, address, access, has_pool ? &pool : 0);
    fuzz_say("%s fault at 0x%" PRIx64 " access %u how 0x%x supply %u: %s\n", world.kind->name,
             address, access, how, world.supply_how, axaddr_fault_name(fault));
    expected = (int)settle_fault(expected, fault, has_pool && held < needed,
                                 !has_pool && (page->flags & AXADDR_LARGE) != 0);
    if (fault == AXADDR_FAULT_SPURIOUS && world.sim.has_updates && page->is_mapped &&
        missing_of(page->leaf_flags, access) == 0) { /* hardware was faster */
        expected = expected == AXADDR_FAULT_RESOLVED ? AXADDR_FAULT_SPURIOUS : expected;
    }
    FUZZ_EQ((int)fault, expected);
    if (fault == AXADDR_FAULT_RESOLVED && (!page->is_mapped || (access & ~page->leaf_flags) != 0)) {
        fault_in(index, access, &from, &to);
    } else if (fault == AXADDR_FAULT_RESOLVED) {
        page->notes |= AXADDR_ACCESSED | ((access & AXADDR_WRITE) != 0 ? AXADDR_DIRTY : 0);
    } else if (fault == AXADDR_FAULT_SPURIOUS) {
        sim_check_spurious(&world.sim, address, access);
    }
    end(from, to, pool.count);
    if (fault == AXADDR_FAULT_RESOLVED && world.supply_how == 0) { /* the guest can go on */
        FUZZ_EQ(sim_look(&world.sim, address - world.sim.high, SIM_NOW).rights & access,
                access & SIM_RIGHTS);
    }
    if (fault != AXADDR_FAULT_RESOLVED) {
        FUZZ_EQ(audit.hash, hash);
        FUZZ_EQ(world.host.used_count, used);
        FUZZ_EQ(pool.count, held);
    } else if (has_pool && !world.was_supplied) {
        FUZZ_EQ(world.host.op_taken, 0);
        FUZZ_EQ(pool.count, held - needed);
    }
    (void)!world.kind->resize_pool(world.space, &pool, 0);
}

/* ---- the rest ---- */

/** Hardware notes an access in the leaf of a page: of all pages that this leaf maps. */
static void do_touch(struct input *input) {
    uint32_t index = (uint32_t)input_bytes(input, 2) % world.page_count;
    bool is_write = input_bool(input) && (world.pages[index].leaf_flags & AXADDR_WRITE) != 0;
    struct mmu_entry at = mmu_walk(&world.mmu, address_of(index));
    uint64_t noted = world.regime.accessed | (is_write ? world.regime.dirty : 0);
    uint32_t notes = AXADDR_ACCESSED | (is_write && world.regime.dirty != 0 ? AXADDR_DIRTY : 0);
    uint32_t i;

    if (!mmu_is_leaf(&world.mmu, &at) || world.host.shadow != 0) {
        return;
    }
    mmu_write(&world.mmu, at.table, at.index, at.entry | noted);
    for (i = 0; i < world.page_count; i++) {
        uint64_t address = address_of(i) - world.sim.high;
        if (address >= at.first && address <= at.last) {
            world.pages[i].notes |= notes;
        }
    }
}

/** Ask for any address. */
static void do_look(struct input *input) {
    uint64_t address = input_word(input);
    uint32_t page = page_of(address);
    bool is_inside = address >= world.first && address <= world.last;
    enum axaddr_status expected = is_inside ? AXADDR_NOT_MAPPED : AXADDR_INVALID;
    struct axaddr_mapping mapping;
    struct axaddr_area area;
    uint64_t hpa = 77;

    if (page < world.page_count) {
        compare_page(page);
        return;
    }
    FUZZ_EQ(world.kind->translate(world.space, address, &hpa), expected);
    FUZZ_EQ(world.kind->query(world.space, address, &mapping), expected);
    FUZZ_EQ(hpa, 77);
    if (!world.kind->is_table) {
        begin(0, 0);
        FUZZ_EQ(world.kind->handle_fault(world.space, address, 1 + (address & 3), 0),
                AXADDR_FAULT_UNMAPPED);
        FUZZ_EQ(world.kind->find_area(world.space, address, &area), AXADDR_NOT_MAPPED);
        end(0, 0, 0);
    }
}

static void do_operation(struct input *input) {
    unsigned how = input_byte(input);

    switch (how & 15) {
    case 11:
    case 12:
        if (!world.kind->is_table) {
            do_fault(input, how);
        }
        break;
    case 13:
        do_touch(input);
        break;
    case 14:
        do_look(input);
        break;
    case 15:
        do_bad(input, how);
        break;
    default:
        do_request(input, how);
        break;
    }
}

/* ---- beginning and end ---- */

/** Arm's bit 51 is "writable, when it has been noted"; a machine that notes nothing ignores it. */
static struct sim_entry decode_stage2(uint64_t entry, unsigned level) {
    return sim_decode_stage2(entry & ~AXADDR_AARCH64_S2_DBM, level);
}

/** The window: across the first boundary of level 2, at the end, at the beginning, or before it. */
static void place_window(unsigned where) {
    const struct axaddr_format *format = world.kind->format;
    uint64_t unit = UINT64_C(1) << format->shift[1];
    uint64_t boundary = UINT64_C(1) << format->shift[format->level_count > 2 ? 2 : 1];
    uint64_t size = 2 * unit + 80 * PAGE > 300 * PAGE ? 2 * unit + 80 * PAGE : 300 * PAGE;
    uint64_t end_address = format->is_sign_extended ? 0 : UINT64_C(1) << format->input_width;

    world.page_count = (uint32_t)(size / PAGE);
    boundary = boundary < size ? size / unit * unit : boundary;
    switch (where & 3) {
    case 0:
        world.base = boundary - 40 * PAGE;
        break;
    case 1:
        world.base = end_address - size;
        break;
    case 2:
        world.base = 0;
        break;
    default:
        world.base = boundary - unit - 40 * PAGE;
        break;
    }
}

/** The space's bounds: the window, or all that its tables reach (of two halves, the window's). */
static void place_space(bool is_all) {
    const struct axaddr_format *format = world.kind->format;
    uint64_t half = UINT64_C(1) << (format->input_width - (format->is_sign_extended ? 1u : 0u));

    world.first = world.base;
    world.last = world.base + (world.page_count * PAGE - 1);
    if (is_all) {
        world.first = world.base >= half ? 0 - half : 0;
        world.last = world.first + (half - 1);
    }
}

static void open_world(const struct kind *kind, unsigned how) {
    struct host host = world.host;
    uint64_t arena = kind->format->output_width > 39 ? HOST_BASE : HOST_LOW_BASE;
    uint32_t i;

    memset(&world, 0, sizeof(world));
    world.host = host;
    if (world.host.memory == 0) {
        host_init(&world.host, ARENA_FRAMES, arena, 0);
    }
    host_reuse(&world.host, arena, how >> 3 & 3);
    world.kind = kind;
    fuzz_context = kind->name;
    place_window(how);
    place_space((how & 4) != 0);
    for (i = 0; i < world.page_count; i++) {
        world.pages[i].kind = FREE;
    }
    world.space = malloc(kind->size);
    FUZZ_CHECK(world.space != 0);
    memset(world.space, 0xee, kind->size);
    if (kind->hal->clean_dcache != 0) {
        host_split_memory(&world.host);
    }
    host_begin(&world.host);
    world.is_lockless = true;
    FUZZ_EQ(kind->init(world.space, &world, world.first, world.last - world.first + 1), AXADDR_OK);
    world.is_lockless = false;
    world.mmu.format = kind->format;
    world.mmu.host = &world.host;
    world.mmu.root = kind->root(world.space);
}

static void open_sim(unsigned how) {
    sim_tlb_init(&world.tlb, &world.host);
    sim_init(&world.sim, &world.tlb, &world.host, world.kind->format->name, world.mmu.root,
             world.base - mmu_cut(world.kind->format, world.base));
    world.regime = *world.sim.regime;
    if (world.regime.decode == sim_decode_stage2) {
        world.regime.decode = decode_stage2;
    }
    world.sim.regime = &world.regime;
    world.sim.has_updates = world.kind->hal->lock != 0;
    if (!world.kind->is_table && (how & 32) != 0) {
        FUZZ_EQ(world.kind->set_zero_frame(world.space, ZERO_FRAME), AXADDR_OK);
        world.has_zero_frame = true;
    }
    if ((how & 64) != 0) {
        world.sim.vmid = WORLD_VMID;
        world.kind->set_cpus(world.space, WORLD_VMID, world.tlb.cpu_numbers, world.tlb.cpu_count);
    }
}

static void close_world(void) {
    begin(0, world.page_count - 1);
    world.sim.walkers = 0;
    world.is_lockless = true;
    world.kind->destroy(world.space);
    sim_check_gone(&world.sim);
    FUZZ_EQ(world.host.used_count, 0);
    host_check_freed(&world.host);
    check_host();
    sim_destroy(&world.sim);
    sim_tlb_destroy(&world.tlb);
    free(world.space);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct input input = input_of(data, size);
    const struct kind *kind = kinds[input_below(&input, KIND_COUNT)];
    unsigned how = input_byte(&input);
    unsigned step;

    open_world(kind, how);
    open_sim(how);
    compare(0, 0, 0);
    for (step = 0; step < STEP_MAX && input.left > 0; step++) {
        do_operation(&input);
    }
    close_world();
    return 0;
}
