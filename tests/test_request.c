/* SPDX-License-Identifier: MIT
 *
 * test_request.c: requests (axaddr_core/request.h): what they take is told beforehand, exactly; with
 * so many frames in a pool they succeed, with one less they change nothing; so do faults. In states
 * that pseudo-random sequences of all operations make, over every format; the seed is fixed, another
 * one, or a longer run, can be asked for:
 *
 *     test_request [seed [steps]]
 */
#include "requests.h"

#define ARENA_FRAMES 1024
#define SPLIT_MAX    24 /**< tables that a random split may take: it makes 512 leaves of each */

static uint64_t seed = 1;
static unsigned step_count = 100;

static const struct request_ops *ops;
static enum window window;
static uint32_t page_count;
static unsigned host_order;

static struct sequence run;
static struct leaves leaves;
static struct pair *const pair = &run.pair;

/* ---- nothing has changed ---- */

/** What must stay as it is. */
struct snapshot {
    uint64_t hash;         /**< of all entries */
    uint32_t used_count;   /**< frames */
    unsigned char g[1024]; /**< the space itself */
};

static struct snapshot snapshot_take(void) {
    struct snapshot was;

    pair_audit_run(pair);
    was.hash = pair->audit.hash;
    was.used_count = run.host.used_count;
    if (pair->ops->size > sizeof(was.g)) {
        abort();
    }
    memcpy(was.g, pair->space, pair->ops->size);
    return was;
}

static void snapshot_compare(const struct snapshot *was) {
    uint64_t area_count;

    pair_audit_run(pair);
    CHECK_EQ(pair->audit.hash, was->hash);
    CHECK_EQ(run.host.used_count, was->used_count);
    CHECK(memcmp(pair->space, was->g, pair->ops->size) == 0);
    CHECK_EQ(run.host.op_plan_count, 0);
    if (!pair->ops->is_table) {
        pair_compare_areas(pair, &area_count);
    }
}

/* ---- pools ---- */

#define POOL_MAX 600

struct pool_list {
    uint64_t count;
    uint64_t frames[POOL_MAX]; /**< the one to be taken first comes first */
};

/** Follow a pool's chain; each of its frames must be in use, and there once. */
static void pool_read(const struct axaddr_pool *pool, struct pool_list *list) {
    uint64_t frame = pool->head;
    uint64_t k;

    list->count = 0;
    CHECK(pool->count <= POOL_MAX);
    for (; list->count < pool->count; list->count++) {
        const uint8_t *at = host_peek(&run.host, frame);
        CHECK(at != 0);
        for (k = 0; k < list->count; k++) {
            CHECK(list->frames[k] != frame);
        }
        list->frames[list->count] = frame;
        memcpy(&frame, at, sizeof(frame));
    }
}

/** The pool is the last `pool->count` of the frames that it was. */
static void pool_compare(const struct axaddr_pool *pool, const struct pool_list *was) {
    static struct pool_list is;

    pool_read(pool, &is);
    CHECK(is.count <= was->count);
    CHECK(memcmp(is.frames, was->frames + (was->count - is.count),
                 is.count * sizeof(is.frames[0])) == 0);
}

/** Bring a pool to `count`; false if the arena has not so many, and the pool is then as before. */
static bool pool_have(struct axaddr_pool *pool, uint64_t count) {
    uint64_t before = pool->count;
    bool is_had = ops->resize_pool(pair->space, pool, count) == AXADDR_OK;

    if (pool->count != (is_had ? count : before)) {
        check_fail(__FILE__, __LINE__, "a pool has %" PRIu64 " frames", pool->count);
    }
    run.host.op_refused = 0;
    return is_had;
}

/* ---- one request ---- */

/** tables_needed: as the edit will come out, and nothing has happened. */
static void ask(const struct axaddr_request *request, enum axaddr_status *status, uint64_t *need) {
    struct snapshot was = snapshot_take();

    *need = MODEL_UNKNOWN;
    *status = ops->tables_needed(pair->space, request, need);
    CHECK_EQ(run.host.op_taken + run.host.op_freed + run.host.op_refused, 0);
    snapshot_compare(&was);
    if (*status != AXADDR_OK) {
        CHECK_EQ(*need, MODEL_UNKNOWN);
        *need = 0;
    }
}

/** With one frame less than it needs: no, although the HAL has some. */
static void perform_short(const struct axaddr_request *request, uint64_t need) {
    static struct pool_list list;
    struct axaddr_pool pool = {0, 0};
    struct axaddr_terms terms = {&pool, 0, 77};
    struct snapshot was;

    if (need == 0 || need > POOL_MAX || !pool_have(&pool, need - 1)) {
        return;
    }
    pool_read(&pool, &list);
    was = snapshot_take();
    CHECK_STR(axaddr_status_name(ops->perform(pair->space, request, &terms)), "NO_MEMORY");
    CHECK_EQ(terms.done, 0);
    CHECK_EQ(pool.count, need - 1);
    CHECK_EQ(run.host.op_taken, need - 1);
    snapshot_compare(&was);
    pool_compare(&pool, &list);
    (void)pool_have(&pool, 0);
}

static struct axaddr_stats stats_now(void) {
    struct axaddr_stats stats;

    ops->space->stats(pair->space, &stats);
    return stats;
}

/** With a pool that has `extra` frames too many, and a HAL that has none. */
static void perform_from_pool(const struct axaddr_request *request, struct axaddr_pool *pool,
                              uint64_t extra, enum axaddr_status *status) {
    static struct pool_list list;
    struct axaddr_terms terms = {pool, 0, 77};
    uint32_t taken = run.host.op_taken;
    uint64_t before = stats_now().area_frame_count;
    uint64_t after;

    pool_read(pool, &list);
    host_fail_in(&run.host, 1, true);
    *status = ops->perform(pair->space, request, &terms);
    host_fail_in(&run.host, 0, false);
    CHECK_EQ(run.host.op_taken, taken);
    CHECK_EQ(run.host.op_refused, 0);
    CHECK_EQ(terms.done, *status == AXADDR_OK ? request->size : 0);
    if (pool->count == extra) {
        pool_compare(pool, &list);
        return;
    }
    /* What the areas do not need any more, after two became one, is in the pool, too. */
    after = stats_now().area_frame_count;
    CHECK(pool->count > extra);
    CHECK(pool->count <= extra + 1 + (before > after ? before - after : 0));
    CHECK(request->operation != AXADDR_OP_SPLIT && request->operation != AXADDR_OP_COLLAPSE &&
          !ops->space->is_table);
}

static void perform_from_hal(const struct axaddr_request *request, uint64_t need,
                             enum axaddr_status *status) {
    struct axaddr_terms terms = {0, 0, 77};
    uint32_t taken = run.host.op_taken;

    *status = ops->perform(pair->space, request, rarely(&run, 2) ? &terms : 0);
    if (*status == AXADDR_OK) {
        CHECK_EQ(run.host.op_taken - taken, need);
        CHECK(terms.done == request->size || terms.done == 77);
    } else {
        CHECK(terms.done == 0 || terms.done == 77);
    }
}

/* ---- sequences ---- */

/** What an operation that succeeded must and must not have flushed. */
static void check_done(const struct axaddr_request *request, unsigned cut) {
    CHECK(run.host.op_plan_count <= 1 + cut || request->operation == AXADDR_OP_SPLIT);
    if (axaddr_request_is_map(request)) {
        pair_check_map(pair, request->start, request->size, request->flags,
                       request->operation <= AXADDR_OP_POPULATE);
    } else if (request->operation != AXADDR_OP_SPLIT) {
        pair_check_plans(pair);
    }
    if (request->operation == AXADDR_OP_UNMAP && !check_case_failed) {
        pair_check_released(pair);
    }
}

/** With frames enough. */
static void perform_full(const struct axaddr_request *request, enum axaddr_status forecast,
                         uint64_t need, enum axaddr_status *status) {
    struct axaddr_pool pool = {0, 0};
    uint64_t extra = below(&run, 3);
    uint64_t before = stats_now().area_count;
    uint32_t freed = run.host.op_freed;

    if (!rarely(&run, 3) && need + extra <= POOL_MAX && pool_have(&pool, need + extra)) {
        uint64_t left = forecast == AXADDR_OK ? extra : need + extra;
        perform_from_pool(request, &pool, left, status);
        CHECK_EQ(*status, forecast);
    } else {
        perform_from_hal(request, need, status);
        CHECK(*status == forecast || run.host.op_refused > 0);
    }
    /* One area more has room for itself: nothing was taken for no purpose. */
    if (axaddr_request_is_map(request) && !axaddr_request_is_replace(request) &&
        stats_now().area_count == before + 1) {
        CHECK_EQ(run.host.op_freed, freed);
    }
    (void)pool_have(&pool, 0);
}

/** Ask, try with too little, do it with enough, and compare everything. */
static void perform(const struct axaddr_request *request) {
    enum axaddr_status status = AXADDR_OK;
    uint64_t mapped_bytes = pair->audit.mapped_bytes;
    bool is_split = request->operation == AXADDR_OP_SPLIT;
    enum axaddr_status forecast;
    unsigned cut = 0;
    uint64_t need;

    pair_begin(pair, request->start, request->size);
    ask(request, &forecast, &need);
    if (forecast == AXADDR_OK) {
        cut = runs_cut(pair, request, 0);
    }
    if (forecast == AXADDR_OK && is_split && !check_case_failed) {
        leaves_before(&leaves, pair, request);
        CHECK_EQ(need, leaves.need);
        if (need > SPLIT_MAX) {
            pair_end(pair, AXADDR_OK, AXADDR_OK);
            return;
        }
    }
    if (!check_case_failed) {
        perform_short(request, need);
    }
    if (!check_case_failed) {
        perform_full(request, forecast, need, &status);
    }
    if (!check_case_failed) {
        request_forget_notes(pair, request);
        pair_end(pair, request_model(pair, request), status);
    }
    if (!check_case_failed && status == AXADDR_OK) {
        check_done(request, cut);
        if (is_split) {
            leaves_after(&leaves, pair, mapped_bytes);
        }
    }
}

/** A fault that needs `need` frames of a pool: with one less, nothing happens. */
static void fault_short(uint64_t gpa, uint32_t access, uint64_t need) {
    static struct pool_list list;
    struct axaddr_pool pool = {0, 0};
    struct snapshot was;

    if (!pool_have(&pool, need - 1)) {
        return;
    }
    pool_read(&pool, &list);
    was = snapshot_take();
    CHECK_STR(axaddr_fault_name(ops->handle_fault_from(pair->space, gpa, access, &pool)),
              "NO_MEMORY");
    CHECK_EQ(pool.count, need - 1);
    CHECK_EQ(run.host.op_taken, need - 1);
    snapshot_compare(&was);
    pool_compare(&pool, &list);
    (void)pool_have(&pool, 0);
}

/** Whether a fault on a mapped page has something to note. */
static bool is_to_be_noted(uint64_t gpa, uint32_t access) {
    const struct axaddr_format *format = pair->mmu.format;
    struct mmu_entry at = mmu_walk(&pair->mmu, gpa);

    return format->note_access != 0 && format->note_access(at.entry, at.level, access) != at.entry;
}

/** A fault with frames of a pool, or without one, and one with too few before. */
static void fault_at(uint64_t gpa, uint32_t access) {
    static struct pool_list list;
    struct axaddr_pool pool = {0, 0};
    uint64_t page = gpa & ~(MODEL_PAGE - 1);
    bool has_pool = !rarely(&run, 4);
    enum axaddr_fault expected;
    enum axaddr_fault fault;
    uint64_t need;
    uint64_t have;

    pair_begin(pair, page, MODEL_PAGE);
    need = mmu_walk(&pair->mmu, gpa).level + 1;
    expected = model_fault(&pair->model, gpa, access);
    if (expected == AXADDR_FAULT_SPURIOUS && is_to_be_noted(gpa, access)) {
        expected = AXADDR_FAULT_RESOLVED;
        need = 0;
    } else if (expected == AXADDR_FAULT_RESOLVED) {
        memcpy(pair->model.cells, pair->before, pair->model.cell_count * sizeof(*pair->before));
        fault_short(gpa, access, need);
        (void)model_fault(&pair->model, gpa, access);
    } else {
        need = 0;
    }
    have = rarely(&run, 2) ? need : pair->mmu.format->level_count;
    if (check_case_failed || !pool_have(&pool, has_pool ? have : 0)) {
        return;
    }
    pool_read(&pool, &list);
    run.host.op_taken = 0;
    host_fail_in(&run.host, has_pool ? 1 : 0, has_pool);
    fault = ops->handle_fault_from(pair->space, gpa, access, has_pool ? &pool : 0);
    host_fail_in(&run.host, 0, false);
    CHECK_STR(axaddr_fault_name(fault), axaddr_fault_name(expected));
    CHECK_EQ(run.host.op_taken, has_pool ? 0 : need);
    CHECK_EQ(run.host.op_refused, 0);
    CHECK_EQ(pool.count, has_pool ? have - need : 0);
    pool_compare(&pool, &list);
    (void)pool_have(&pool, 0);
    pair_end(pair, AXADDR_OK, AXADDR_OK);
    if (fault == AXADDR_FAULT_RESOLVED && need > 0) {
        pair_check_added(pair, true);
    }
}

/** A fault, but not where it would divide a cell. */
static void fault_anywhere(void) {
    uint32_t i = (uint32_t)below(&run, pair->model.cell_count);
    uint32_t access = rarely(&run, 2) ? AXADDR_READ : 1 + (uint32_t)below(&run, 7);
    const struct model_cell *cell;

    while (!rarely(&run, 64) && pair->model.cells[i].state != MODEL_RESERVED) {
        i = (i + 1) % pair->model.cell_count;
    }
    cell = &pair->model.cells[i];
    if (cell->state != MODEL_RESERVED || model_is_page_cell(cell)) {
        fault_at(rarely(&run, 32) ? pair->model.last + 1 : cell->first + below(&run, MODEL_PAGE),
                 access);
    }
}

static void any_requests(void) {
    struct axaddr_request request;
    unsigned i;

    sequence_begin(&run, ops, window, page_count, ARENA_FRAMES, host_order, seed);
    for (i = 0; i < step_count && !check_case_failed; i++) {
        snprintf(check_context, sizeof(check_context), "%s window %d seed %" PRIu64 " step %u",
                 ops->space->name, (int)window, seed, i);
        if (rarely(&run, 4)) {
            (void)request_touch(&run, (uint32_t)below(&run, pair->model.cell_count));
        }
        if (!ops->space->is_table && rarely(&run, 2)) {
            fault_anywhere();
        }
        if (!check_case_failed && request_pick(&run, &request)) {
            if (rarely(&run, 10)) {
                request_spoil(&run, &request);
            }
            perform(&request);
        }
    }
    sequence_end(&run);
}

/* ---- pools by themselves ---- */

static void begin(enum window where) {
    snprintf(check_context, sizeof(check_context), "%s", ops->space->name);
    sequence_begin(&run, ops, where, 64, ARENA_FRAMES, HOST_SCATTERED, seed);
}

static void pool_grows_and_shrinks(void) {
    static struct pool_list five;
    struct axaddr_pool pool = {0, 0};
    uint32_t used;
    uint32_t n;

    begin(WINDOW_LOW);
    used = run.host.used_count;
    CHECK_EQ(ops->resize_pool(pair->space, &pool, 5), AXADDR_OK);
    CHECK_EQ(run.host.used_count, used + 5);
    pool_read(&pool, &five);
    CHECK_EQ(five.count, 5);
    for (n = 1; n <= 4; n++) {
        host_fail_in(&run.host, n, false);
        CHECK_EQ(ops->resize_pool(pair->space, &pool, 9), AXADDR_NO_MEMORY);
        CHECK_EQ(pool.count, 5);
        CHECK_EQ(run.host.used_count, used + 5);
        pool_compare(&pool, &five);
    }
    host_fail_in(&run.host, 1, true);
    CHECK_EQ(ops->resize_pool(pair->space, &pool, 5), AXADDR_OK);
    CHECK_EQ(ops->resize_pool(pair->space, &pool, 2), AXADDR_OK);
    CHECK_EQ(pool.count, 2);
    CHECK_EQ(run.host.used_count, used + 2);
    pool_compare(&pool, &five);
    CHECK_EQ(ops->resize_pool(pair->space, &pool, 0), AXADDR_OK);
    CHECK_EQ(pool.count, 0);
    CHECK_EQ(run.host.used_count, used);
    sequence_end(&run);
}

/** What query and find_area say of a page. */
static void look(uint64_t gpa, struct axaddr_mapping *mapping, struct axaddr_area *area) {
    memset(mapping, 0xee, sizeof(*mapping));
    memset(area, 0xee, sizeof(*area));
    CHECK(ops->space->query(pair->space, gpa, mapping) <= AXADDR_NOT_MAPPED);
    CHECK_EQ(ops->space->find_area(pair->space, gpa, area), AXADDR_OK);
}

/** What an operation has no use for in a request does not matter. */
static void other_members_do_not_matter(void) {
    struct axaddr_mapping mapping;
    struct axaddr_request request;
    struct axaddr_area area;

    begin(WINDOW_LOW);
    request = axaddr_request_of(AXADDR_OP_DEVICE, pair->model.start, MODEL_PAGE,
                                AXADDR_READ | AXADDR_SMALL);
    request.cookie = 7;
    request.host = 5;
    perform(&request);
    look(request.start, &mapping, &area);
    CHECK_EQ(mapping.cookie, 7);
    CHECK_EQ(mapping.flags, 0);
    CHECK_EQ(area.flags, 0);
    request =
        axaddr_request_of(AXADDR_OP_RESERVE, request.start + MODEL_PAGE, MODEL_PAGE, AXADDR_READ);
    request.cookie = UINT32_C(0xfff00003);
    request.host = 5;
    perform(&request);
    look(request.start, &mapping, &area);
    CHECK_EQ(mapping.cookie, 0);
    CHECK_EQ(mapping.flags, AXADDR_READ);
    CHECK_EQ(area.cookie, 0);
    CHECK_EQ(area.hpa, 0);
    request.operation = AXADDR_OP_POPULATE;
    request.start += MODEL_PAGE;
    perform(&request);
    look(request.start, &mapping, &area);
    CHECK_EQ(mapping.flags, AXADDR_READ);
    CHECK_EQ(area.cookie, 0);
    sequence_end(&run);
}

/** What is done only in part is checked all the same, and before it is looked at. */
static void bad_requests_have_no_steps(void) {
    struct axaddr_request linear = axaddr_request_of(AXADDR_OP_LINEAR, 0, MODEL_PAGE, AXADDR_READ);
    struct axaddr_request none = axaddr_request_of(AXADDR_OP_FRAMES, 0, MODEL_PAGE, AXADDR_READ);
    struct axaddr_request odd = axaddr_request_of(AXADDR_OP_FRAMES, 0, MODEL_PAGE, AXADDR_READ);
    const struct axaddr_request *const bad[3] = {&linear, &none, &odd};
    uint64_t frame = 1;
    unsigned i;

    begin(WINDOW_LOW);
    linear.start = none.start = odd.start = pair->model.start;
    linear.host = 1;
    odd.frames = &frame;
    for (i = 0; i < 3; i++) {
        struct axaddr_terms terms = {0, 1, 77};
        CHECK_EQ(ops->perform(pair->space, bad[i], &terms), AXADDR_INVALID);
        CHECK_EQ(terms.done, 0);
    }
    sequence_end(&run);
}

int main(int argument_count, char **arguments) {
    static const unsigned orders[] = {HOST_SCATTERED, HOST_STACK, HOST_SCATTERED | HOST_QUARANTINED,
                                      HOST_STACK | HOST_QUARANTINED};
    unsigned i;

    if (argument_count > 1) {
        seed = strtoull(arguments[1], 0, 0);
    }
    if (argument_count > 2) {
        step_count = (unsigned)strtoul(arguments[2], 0, 0);
    }
    printf("test_request: seed %" PRIu64 ", %u steps\n", seed, step_count);
    for (i = 0; i < REQUEST_KIND_COUNT * WINDOW_COUNT; i++) {
        ops = request_kinds[i / WINDOW_COUNT];
        window = (enum window)(i % WINDOW_COUNT);
        host_order = orders[(i + i / WINDOW_COUNT) % 4];
        page_count = 200 + 450 * (i % 3);
        CASE(any_requests);
    }
    for (i = 0; i < REQUEST_KIND_COUNT; i++) {
        ops = request_kinds[i];
        CASE(pool_grows_and_shrinks);
        CASE(bad_requests_have_no_steps);
        if (!ops->space->is_table) {
            CASE(other_members_do_not_matter);
        }
    }
    free(leaves.items);
    return check_report("test_request");
}
