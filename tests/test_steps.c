/* SPDX-License-Identifier: MIT
 *
 * test_steps.c: edits that are cut into steps by a budget (axaddr_core/request.h). Two spaces go
 * through the same pseudo-random sequence of requests: in one each is done at once (and compared with
 * the model, pair.h), in the other in steps, with allocations failing in between. After each they
 * must say the same of everything. The seed is fixed; another one, or a longer run, can be asked for:
 *
 *     test_steps [seed [requests]]
 *
 * And what a step costs: entries that the engine touches, counted, for ranges of any size.
 */
#include "sim_access.h"

static unsigned long entry_access_count;
#define AXADDR_ON_ENTRY_ACCESS(slot, is_write)                                                     \
    (entry_access_count++, sim_tell_access(slot, is_write))

#include "cpu_limit.h"
#include "requests.h"

#define ARENA_FRAMES 2048
#define SPLIT_MAX    24  /**< tables that a random split may take: it makes 512 leaves of each */
#define STEP_MAX     150 /**< after so many steps, the rest in large ones */

static const uint64_t budgets[] = {1, 2, 3, 7, 64, 512, 10000};
#define BUDGET_COUNT (sizeof(budgets) / sizeof(budgets[0]))

static uint64_t seed = 1;
static unsigned request_count = 40;

static const struct request_ops *ops;
static const struct axaddr_format *format;
static enum window window;

static struct sequence run; /**< at once */
static struct pair *const pair = &run.pair;
static struct host host; /**< in steps */
static void *space;
static struct mmu mmu;

/* ---- what a step may cost ---- */

/**
 * Entries that one step may touch, whatever its range. An end of it may cut an entry at every level:
 * the tables that this takes are filled, their parts changed, and settled by a walk for each; so
 * they are where an unmap leaves them empty. And for each entry of the budget: the count, the
 * change, the release and the settling look at it, each by a walk of its own.
 */
static uint64_t work_limit(uint64_t budget) {
    uint64_t walk = format->level_count;
    uint64_t table_entries = 0;
    unsigned level;

    for (level = 0; level + 1 < format->level_count; level++) {
        table_entries += UINT64_C(1) << format->index_bits[level];
    }
    return 2 * table_entries * (2 + walk) + (3 * walk + 2) * (budget + 1);
}

static void work_check(const struct axaddr_request *request, uint64_t budget, uint64_t done) {
    uint64_t limit = work_limit(budget);

    if (entry_access_count > limit) {
        check_fail(__FILE__, __LINE__,
                   "operation %d, budget %" PRIu64 ": %lu accesses for 0x%" PRIx64
                   " bytes, at most %" PRIu64 " expected",
                   (int)request->operation, budget, entry_access_count, done, limit);
    }
}

/** What is left of a request after its first `done` bytes. */
static void request_advance(struct axaddr_request *request, uint64_t done) {
    request->start += done;
    request->size -= done;
    request->host += request->operation == AXADDR_OP_LINEAR ? done : 0;
    if (request->operation == AXADDR_OP_FRAMES) {
        request->frames += done / MODEL_PAGE;
    }
}

/* ---- both say the same ---- */

static void compare_query(uint64_t gpa) {
    struct axaddr_mapping a;
    struct axaddr_mapping b;

    memset(&a, 0, sizeof(a));
    memset(&b, 0, sizeof(b));
    CHECK_EQ(ops->space->query(space, gpa, &b), ops->space->query(pair->space, gpa, &a));
    CHECK_EQ(b.flags, a.flags);
    CHECK_EQ(b.size, a.size);
    CHECK_EQ(b.cookie, a.cookie);
    CHECK_EQ(b.kind, a.kind);
    if (host_peek(&run.host, a.hpa.raw) == 0) {
        CHECK_EQ(b.hpa.raw, a.hpa.raw);
    } else {
        CHECK(memcmp(host_peek(&host, b.hpa.raw), host_peek(&run.host, a.hpa.raw), 8) == 0);
    }
}

static void compare_areas(void) {
    uint64_t from = pair->model.start;
    struct axaddr_area a;
    struct axaddr_area b;

    for (;;) {
        enum axaddr_status status = ops->space->next_area(pair->space, from, &a);
        CHECK_EQ(ops->space->next_area(space, from, &b), status);
        if (status != AXADDR_OK) {
            return;
        }
        CHECK_EQ(b.first, a.first);
        CHECK_EQ(b.last, a.last);
        CHECK_EQ(b.hpa, a.hpa);
        CHECK_EQ(b.flags, a.flags);
        CHECK_EQ(b.cookie, a.cookie);
        CHECK_EQ(b.kind, a.kind);
        CHECK(b.name == a.name);
        CHECK_EQ(b.tag, a.tag);
        if (a.last == pair->model.last) {
            return;
        }
        from = a.last + 1;
    }
}

static void compare_both(void) {
    struct axaddr_stats a;
    struct axaddr_stats b;
    uint32_t i;

    for (i = 0; i < pair->model.cell_count && !check_case_failed; i++) {
        compare_query(pair->model.cells[i].first);
        compare_query(pair->model.cells[i].last & ~(MODEL_PAGE - 1));
    }
    if (!ops->space->is_table && !check_case_failed) {
        compare_areas();
    }
    if (check_case_failed) {
        return;
    }
    memset(&a, 0, sizeof(a));
    memset(&b, 0, sizeof(b));
    ops->space->stats(pair->space, &a);
    ops->space->stats(space, &b);
    CHECK_EQ(host.used_count - b.area_frame_count, run.host.used_count - a.area_frame_count);
    b.area_frame_count = a.area_frame_count; /* how full they are, depends on the order */
    CHECK(memcmp(&a, &b, sizeof(a)) == 0);
    CHECK_EQ(shape_of(&mmu), shape_of(&pair->mmu));
    CHECK_STR(host_error(&host), "");
}

/** Pages that the one in steps populated: zero. Signed now, as pair.h does it in the other. */
static void sign(uint64_t start, uint64_t size) {
    uint64_t at;

    for (at = start; at != start + size; at += MODEL_PAGE) {
        uint64_t signature = pair_signature(at);
        uint64_t hpa = 0;
        uint8_t *bytes;
        CHECK_EQ(ops->space->translate(space, at, &hpa), AXADDR_OK);
        bytes = host_peek(&host, hpa);
        CHECK(bytes != 0 && host_bytes_are(bytes, 0));
        memcpy(bytes, &signature, sizeof(signature));
        memcpy(bytes + HOST_FRAME_SIZE - sizeof(signature), &signature, sizeof(signature));
    }
}

/* ---- steps ---- */

/** A step that had too few frames: nothing has changed. */
static void check_undone(enum axaddr_status status, uint64_t done, uint64_t shape, uint32_t used) {
    CHECK_STR(axaddr_status_name(status), "NO_MEMORY");
    CHECK_EQ(done, 0);
    CHECK_EQ(shape_of(&mmu), shape);
    CHECK_EQ(host.used_count, used);
    CHECK_EQ(host.op_plan_count, 0);
}

/** A step, with its first allocation failing, then its second, until it needs no more. */
static enum axaddr_status step_failing(const struct axaddr_request *request,
                                       struct axaddr_terms *terms) {
    uint64_t shape = shape_of(&mmu);
    uint32_t used = host.used_count;
    uint32_t n;

    for (n = 1;; n++) {
        enum axaddr_status status;
        host_begin(&host);
        host_fail_in(&host, n, rarely(&run, 2));
        terms->done = 77;
        entry_access_count = 0;
        status = ops->perform(space, request, terms);
        if (host.op_refused == 0 || check_case_failed) {
            return status;
        }
        check_undone(status, terms->done, shape, used);
    }
}

/** A step from a pool that grows until it is enough; the HAL has nothing meanwhile. */
static enum axaddr_status step_pooled(const struct axaddr_request *request,
                                      struct axaddr_terms *terms) {
    struct axaddr_pool pool = {0, 0};
    uint64_t shape = shape_of(&mmu);
    enum axaddr_status status;

    terms->pool = &pool;
    for (;;) {
        uint64_t count = pool.count;
        uint32_t used = host.used_count;

        host_begin(&host);
        host_fail_in(&host, 1, true);
        terms->done = 77;
        entry_access_count = 0;
        status = ops->perform(space, request, terms);
        host_fail_in(&host, 0, false);
        if (host.op_refused > 0) {
            check_fail(__FILE__, __LINE__, "the HAL was asked");
        }
        if (status != AXADDR_NO_MEMORY || check_case_failed) {
            break;
        }
        check_undone(status, terms->done, shape, used);
        if (pool.count != count || ops->resize_pool(space, &pool, count + 1) != AXADDR_OK) {
            check_fail(__FILE__, __LINE__, "the pool has %" PRIu64 " frames", pool.count);
            break;
        }
    }
    /* One may be left of what the areas needed for a moment. */
    if (status == AXADDR_OK && pool.count > (ops->space->is_table ? 0u : 1u)) {
        check_fail(__FILE__, __LINE__, "%" PRIu64 " frames too many were asked for", pool.count);
    }
    if (ops->resize_pool(space, &pool, 0) != AXADDR_OK) {
        check_fail(__FILE__, __LINE__, "frames could not be given back");
    }
    return status;
}

static enum axaddr_status step(const struct axaddr_request *request, uint64_t budget,
                               uint64_t *done) {
    struct axaddr_terms terms = {0, budget, 77};
    enum axaddr_status status;

    switch (below(&run, 8)) {
    case 0:
        status = step_failing(request, &terms);
        break;
    case 1:
        status = step_pooled(request, &terms);
        break;
    default:
        host_begin(&host);
        entry_access_count = 0;
        status = ops->perform(space, request, &terms);
        break;
    }
    *done = terms.done;
    work_check(request, budget, *done);
    return status;
}

/** A request in steps. *total: what is done of it; all, or what comes before the failure. */
static enum axaddr_status in_steps(struct axaddr_request request, uint64_t *total) {
    uint64_t budget = budgets[below(&run, rarely(&run, 2) ? 4 : BUDGET_COUNT)];
    unsigned step_count = 0;

    *total = 0;
    while (!check_case_failed) {
        uint64_t shape = rarely(&run, 8) ? shape_of(&mmu) : 0;
        uint64_t done;
        enum axaddr_status status = step(&request, budget, &done);

        if (status != AXADDR_OK) {
            if (done != 0 || (shape != 0 && shape_of(&mmu) != shape)) {
                check_fail(__FILE__, __LINE__, "a step failed and did 0x%" PRIx64, done);
            }
            return status;
        }
        if (done < MODEL_PAGE || done > request.size || done % MODEL_PAGE != 0 ||
            host.op_plan_count > 3) {
            check_fail(__FILE__, __LINE__, "a step did 0x%" PRIx64 " of 0x%" PRIx64, done,
                       request.size);
        }
        if (request.operation == AXADDR_OP_POPULATE) {
            sign(request.start, done);
        }
        *total += done;
        if (done == request.size) {
            return AXADDR_OK;
        }
        request_advance(&request, done);
        budget = ++step_count > STEP_MAX ? 10000 : budget;
    }
    return AXADDR_OK;
}

/* ---- the other one, at once ---- */

static enum axaddr_status at_once(const struct axaddr_request *request) {
    enum axaddr_status status;

    pair_begin(pair, request->start, request->size);
    status = ops->perform(pair->space, request, 0);
    request_forget_notes(pair, request);
    pair_end(pair, request_model(pair, request), status);
    return status;
}

/** Begin anew, with both empty. */
static void unmap_both(void) {
    struct axaddr_request all = axaddr_request_of(AXADDR_OP_UNMAP, pair->model.start,
                                                  pair->model.last - pair->model.start + 1, 0);

    CHECK_EQ(at_once(&all), AXADDR_OK);
    host_begin(&host);
    CHECK_EQ(ops->perform(space, &all, 0), AXADDR_OK);
}

/** It could not be done as a whole; what the steps have done of it is just that. */
static void compare_part(struct axaddr_request request, uint64_t done) {
    request.size = done;
    if (pair->model.cells[model_cell_of(&pair->model, request.start + done - 1)].last ==
        request.start + done - 1) {
        CHECK_EQ(at_once(&request), AXADDR_OK);
        compare_both();
        return;
    }
    /* It ends within a cell, which the model cannot say: without it, then. */
    host_begin(&run.host);
    CHECK_EQ(ops->perform(pair->space, &request, 0), AXADDR_OK);
    if (request.operation != AXADDR_OP_POPULATE) {
        compare_both();
    }
    CHECK_EQ(model_unmap(&pair->model, pair->model.start, pair->model.last - pair->model.start + 1),
             AXADDR_OK);
    pair_audit_run(pair);
    host_begin(&run.host);
    CHECK_EQ(
        ops->space->unmap(pair->space, pair->model.start, pair->model.last - pair->model.start + 1),
        AXADDR_OK);
    unmap_both();
}

static bool is_hole_or_trapped(enum axaddr_status status) {
    return status == AXADDR_NOT_MAPPED || status == AXADDR_DENIED;
}

static void both(const struct axaddr_request *request) {
    enum axaddr_status expected;
    enum axaddr_status status;
    uint64_t done;
    uint64_t need;

    if (request->operation == AXADDR_OP_SPLIT &&
        (ops->tables_needed(pair->space, request, &need) != AXADDR_OK || need > SPLIT_MAX)) {
        return;
    }
    expected = at_once(request);
    if (expected == AXADDR_NO_MEMORY || check_case_failed) {
        return;
    }
    status = in_steps(*request, &done);
    if (check_case_failed) {
        return;
    }
    if (expected == AXADDR_OK) {
        CHECK_STR(axaddr_status_name(status), "OK");
        compare_both();
        return;
    }
    /* What stands in the way may be met before, or instead of, what fails the whole. */
    CHECK(
        status == expected ||
        ((status == AXADDR_EXISTS || status == AXADDR_UNSUPPORTED) && expected == AXADDR_INVALID) ||
        (is_hole_or_trapped(status) && is_hole_or_trapped(expected)));
    if (done == 0) {
        CHECK_EQ(shape_of(&mmu), shape_of(&pair->mmu));
    } else {
        compare_part(*request, done);
    }
}

/** A fault on a reserved page in both, so that there is all a space can have. */
static void fault_both(void) {
    const struct model_cell *cell = &pair->model.cells[below(&run, pair->model.cell_count)];

    if (cell->state != MODEL_RESERVED || !model_is_page_cell(cell) ||
        (cell->flags & AXADDR_READ) == 0) {
        return;
    }
    pair_fault(pair, cell->first, AXADDR_READ);
    host_begin(&host);
    CHECK_EQ(ops->space->handle_fault(space, cell->first, AXADDR_READ), AXADDR_FAULT_RESOLVED);
    sign(cell->first, MODEL_PAGE);
}

static void touch_both(void) {
    uint32_t cell = (uint32_t)below(&run, pair->model.cell_count);
    uint64_t bits = request_touch(&run, cell);
    struct mmu_entry at = mmu_walk(&mmu, pair->model.cells[cell].first);

    if (mmu_is_leaf(&mmu, &at)) {
        mmu_write(&mmu, at.table, at.index, (at.entry & ~format->noted) | bits);
    }
}

static void steps_begin(uint64_t start, uint64_t size, uint32_t frame_count) {
    host_init(&host, frame_count, request_arena(format), HOST_STACK);
    space = malloc(ops->space->size);
    if (ops->space->init(space, &host, start, size) != AXADDR_OK) {
        check_fail(__FILE__, __LINE__, "no space from 0x%" PRIx64 " on", start);
    }
    mmu.format = format;
    mmu.host = &host;
    mmu.root = ops->space->root(space);
}

static void steps_end(void) {
    host_begin(&host);
    if (!check_case_failed) {
        ops->space->destroy(space);
        CHECK_EQ(host.used_count, 0);
        CHECK_STR(host_error(&host), "");
    }
    free(space);
    host_destroy(&host);
}

static void steps_come_to_the_same(void) {
    struct axaddr_request request;
    unsigned i;

    sequence_begin(&run, ops, window, 400, ARENA_FRAMES, HOST_SCATTERED, seed);
    steps_begin(pair->model.start, pair->model.last - pair->model.start + 1, ARENA_FRAMES);
    for (i = 0; i < request_count && !check_case_failed; i++) {
        snprintf(check_context, sizeof(check_context), "%s window %d seed %" PRIu64 " request %u",
                 ops->space->name, (int)window, seed, i);
        if (rarely(&run, 3)) {
            touch_both();
        }
        if (!ops->space->is_table) {
            fault_both();
        }
        if (!check_case_failed && request_pick(&run, &request)) {
            if (rarely(&run, 8)) {
                request_spoil(&run, &request);
            }
            both(&request);
        }
    }
    sequence_end(&run);
    steps_end();
}

/* ---- the cost of a step, in ranges that are large for it ---- */

/** Go through a request with one budget; so many steps that all there is to meet was met. */
static void go_through(struct axaddr_request request, uint64_t budget) {
    unsigned step_max = budget < 64 ? 1200 : 6000;
    unsigned step_count;

    for (step_count = 0; request.size > 0 && step_count < step_max && !check_case_failed;
         step_count++) {
        struct axaddr_terms terms = {0, budget, 77};
        host_begin(&host);
        entry_access_count = 0;
        CHECK_STR(axaddr_status_name(ops->perform(space, &request, &terms)), "OK");
        CHECK(terms.done >= MODEL_PAGE && terms.done <= request.size);
        work_check(&request, budget, terms.done);
        request_advance(&request, terms.done);
    }
    CHECK(request.size == 0 || ops->perform(space, &request, 0) == AXADDR_OK);
}

static struct axaddr_request request_at(enum axaddr_operation operation, uint64_t start,
                                        uint64_t size) {
    return axaddr_request_of(operation, start, size, AXADDR_READ | AXADDR_WRITE);
}

/** Pages one by one, all that an edit can do to them. */
static void pages_in_steps(uint64_t start, uint64_t size, uint64_t budget) {
    struct axaddr_request map = request_at(AXADDR_OP_LINEAR, start, size);
    struct axaddr_request protect = request_at(AXADDR_OP_PROTECT, start, size);

    map.flags |= AXADDR_SMALL;
    go_through(map, budget);
    protect.flags = AXADDR_READ;
    go_through(protect, budget);
    protect.flags |= format->can_hold(AXADDR_READ | AXADDR_UNCACHED) ? AXADDR_UNCACHED : 0;
    go_through(protect, budget);
    go_through(request_at(AXADDR_OP_SPLIT, start, size), budget);
    go_through(request_at(AXADDR_OP_UNMAP, start, size), budget);
}

/** Large leaves, cut at both ends; then into small ones. */
static void leaves_in_steps(uint64_t start, uint64_t size, uint64_t budget) {
    struct axaddr_request map = request_at(AXADDR_OP_LINEAR, start, size);
    struct axaddr_request protect =
        request_at(AXADDR_OP_PROTECT, start + MODEL_PAGE, size - 2 * MODEL_PAGE);

    protect.flags = AXADDR_READ;
    go_through(map, budget);
    go_through(protect, budget);
    go_through(request_at(AXADDR_OP_UNMAP, start + 3 * MODEL_PAGE, size - 6 * MODEL_PAGE), budget);
    go_through(request_at(AXADDR_OP_UNMAP, start, size), budget);
    go_through(map, budget);
    go_through(request_at(AXADDR_OP_SPLIT, start + MODEL_PAGE, size - MODEL_PAGE), budget);
    go_through(request_at(AXADDR_OP_UNMAP, start, size), budget);
}

/** An array of frames: one large leaf, then as many pages as there are in 64 of them. */
static void frames_in_steps(uint64_t start, uint64_t budget) {
    static uint64_t frames[65 * 512];
    uint64_t large_count = UINT64_C(1) << (format->shift[1] - 12);
    uint64_t count = 65 * large_count;
    struct axaddr_request map = request_at(AXADDR_OP_FRAMES, start, count * MODEL_PAGE);
    uint64_t i;

    for (i = 0; i < count; i++) {
        frames[i] = (i < large_count ? i : 2 * i) * MODEL_PAGE;
    }
    map.frames = frames;
    go_through(map, budget);
    go_through(request_at(AXADDR_OP_UNMAP, start, count * MODEL_PAGE), budget);
}

/** Reservations as far as addresses go. */
static void reservations_in_steps(uint64_t start, uint64_t size, uint64_t budget) {
    struct axaddr_request protect = request_at(AXADDR_OP_PROTECT, start, size);

    protect.flags = AXADDR_READ;
    go_through(request_at(AXADDR_OP_RESERVE, start, size), budget);
    go_through(protect, budget);
    go_through(request_at(AXADDR_OP_UNMAP, start, size), budget);
    go_through(request_at(AXADDR_OP_DEVICE, start, size), budget);
    go_through(request_at(AXADDR_OP_UNMAP, start, size), budget);
}

static void a_step_costs_what_it_may(void) {
    uint64_t reach = UINT64_C(1) << (format->input_width - (format->is_sign_extended ? 1 : 0));
    uint64_t large = format->leaf_levels > 3 ? UINT64_C(1) << format->shift[2] : reach / 4;
    unsigned i;

    snprintf(check_context, sizeof(check_context), "%s", ops->space->name);
    steps_begin(0, reach, ARENA_FRAMES);
    for (i = 0; i < BUDGET_COUNT && !check_case_failed; i++) {
        pages_in_steps(large - 5 * MODEL_PAGE, large / 2, budgets[i]);
        leaves_in_steps(large, large, budgets[i]);
        frames_in_steps(large, budgets[i]);
        if (!ops->space->is_table) {
            reservations_in_steps(MODEL_PAGE, reach - 2 * MODEL_PAGE, budgets[i]);
        }
    }
    steps_end();
}

/** An array of frames is not read to its end by each step. */
static void frames_are_not_read_ahead(void) {
    uint64_t count = UINT64_C(1) << 22;
    uint64_t *frames = (uint64_t *)malloc(count * sizeof(*frames));
    struct axaddr_request request = request_at(AXADDR_OP_FRAMES, MODEL_PAGE, count * MODEL_PAGE);
    uint64_t i;

    snprintf(check_context, sizeof(check_context), "%s", ops->space->name);
    for (i = 0; i < count; i++) {
        frames[i] = (i + 2) * MODEL_PAGE; /* adjoining, but no place for a large leaf */
    }
    request.frames = frames;
    steps_begin(0, UINT64_C(1) << 39, ARENA_FRAMES);
    cpu_limit(20); /* a step does not look at all that is left */
    for (i = 0; i < 4000 && !check_case_failed; i++) {
        struct axaddr_terms terms = {0, 1, 77};
        host_begin(&host);
        CHECK_EQ(ops->perform(space, &request, &terms), AXADDR_OK);
        CHECK_EQ(terms.done, MODEL_PAGE);
        request_advance(&request, terms.done);
    }
    cpu_limit(0);
    steps_end();
    free(frames);
}

int main(int argument_count, char **arguments) {
    unsigned i;

    if (argument_count > 1) {
        seed = strtoull(arguments[1], 0, 0);
    }
    if (argument_count > 2) {
        request_count = (unsigned)strtoul(arguments[2], 0, 0);
    }
    printf("test_steps: seed %" PRIu64 ", %u requests\n", seed, request_count);
    for (i = 0; i < REQUEST_KIND_COUNT * WINDOW_COUNT; i++) {
        ops = request_kinds[i / WINDOW_COUNT];
        format = ops->space->format;
        window = (enum window)(i % WINDOW_COUNT);
        CASE(steps_come_to_the_same);
        if (window == WINDOW_COUNT - 1) {
            CASE(a_step_costs_what_it_may);
        }
    }
    ops = request_kinds[0];
    format = ops->space->format;
    CASE(frames_are_not_read_ahead);
    return check_report("test_steps");
}
