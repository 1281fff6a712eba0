/* SPDX-License-Identifier: MIT
 *
 * test_split.c: what splits are for, case by case over every format: large leaves become small ones
 * in place, also over two levels, with one flush at most; and what is then done to a part leaves
 * the rest alone. Splits in arbitrary states are in test_request.c.
 */
#define REQUEST_SPACES_ONLY
#include "requests.h"

#define ARENA_FRAMES 1600 /**< room for a naturally aligned block of 512 frames */

static const struct request_ops *ops;
static const struct axaddr_format *format;
static struct sequence run;
static struct pair *const pair = &run.pair;
static struct leaves leaves;
static uint64_t large; /**< a leaf of level 1 */
static uint64_t huge;  /**< a leaf of level 2, or else of level 1 */
static uint64_t home;  /**< the first of two huge leaves, in cells that each test cuts */

/** Begin with pages at the start, one at the end, and in between what `cuts` says. */
static void begin(const uint64_t *offsets, uint32_t count) {
    static uint64_t cuts[WINDOW_CUT_MAX];
    uint32_t i;

    snprintf(check_context, sizeof(check_context), "%s", ops->space->name);
    sequence_clear(&run);
    run.ops = ops;
    run.random = 1;
    for (i = 0; i < count; i++) {
        cuts[i] = home + offsets[i];
    }
    host_init(&run.host, ARENA_FRAMES, request_arena(format), HOST_STACK); /* keeps blocks whole */
    pair_init(pair, ops->space, &run.host, cuts, count);
}

/** Do a request with a pool of just the frames that it is said to need. */
static void perform(const struct axaddr_request *request, uint64_t need) {
    struct axaddr_pool pool = {0, 0};
    struct axaddr_terms terms = {&pool, 0, 77};
    enum axaddr_status status;
    uint64_t count = 77;

    pair_begin(pair, request->start, request->size);
    CHECK_EQ(ops->tables_needed(pair->space, request, &count), AXADDR_OK);
    CHECK_EQ(count, need);
    CHECK_EQ(ops->resize_pool(pair->space, &pool, need), AXADDR_OK);
    host_fail_in(&run.host, 1, true);
    status = ops->perform(pair->space, request, &terms);
    CHECK_EQ(pool.count, 0);
    pair_end(pair, request_model(pair, request), status);
    CHECK_STR(axaddr_status_name(status), "OK");
}

static void split(uint64_t start, uint64_t size, uint64_t need) {
    struct axaddr_request request = axaddr_request_of(AXADDR_OP_SPLIT, start, size, 0);
    uint64_t mapped_bytes = pair->audit.mapped_bytes;

    leaves_before(&leaves, pair, &request);
    CHECK_EQ(leaves.need, need);
    perform(&request, need);
    if (!check_case_failed) {
        leaves_after(&leaves, pair, mapped_bytes);
    }
}

static void map(uint64_t start, uint64_t size) {
    pair_map_linear(pair, start, start + 4 * huge, size, AXADDR_READ | AXADDR_WRITE);
}

#define GO_ON()                                                                                    \
    do {                                                                                           \
        if (check_case_failed) {                                                                   \
            return;                                                                                \
        }                                                                                          \
    } while (0)

/** One page out of the middle; then all the rest of that leaf; its neighbour stays. */
static void largest_to_smallest(void) {
    uint64_t page = huge / 2 + 3 * MODEL_PAGE;
    uint64_t offsets[] = {0,    page - MODEL_PAGE, page, page + MODEL_PAGE, page + 2 * MODEL_PAGE,
                          huge, 2 * huge};
    unsigned levels = huge == large ? 1 : 2;
    unsigned i;

    begin(offsets, 7);
    map(home, 2 * huge);
    for (i = 0; i < 6; i++) {
        (void)request_touch(&run, i);
    }
    CHECK_EQ(pair->audit.leaf_count[levels], 2);
    split(home + page, MODEL_PAGE, levels);
    GO_ON();
    CHECK_EQ(pair->audit.leaf_count[levels], 1);
    CHECK_EQ(pair->audit.leaf_count[0], large / MODEL_PAGE);
    split(home, huge, levels == 1 ? 0 : huge / large - 1);
    GO_ON();
    CHECK_EQ(pair->audit.leaf_count[levels], 1);
    CHECK_EQ(pair->audit.leaf_count[0], huge / MODEL_PAGE);
    split(home, huge, 0);
    GO_ON();
    sequence_end(&run);
}

/** What dirty logging does next: write-protect page by page, which then takes no memory. */
static void parts_change_by_themselves(void) {
    uint64_t offsets[] = {0,     2 * MODEL_PAGE, 3 * MODEL_PAGE, 5 * MODEL_PAGE, 6 * MODEL_PAGE,
                          large, 2 * large};
    struct axaddr_request request;

    begin(offsets, 7);
    map(home, 2 * large);
    (void)request_touch(&run, 0);
    CHECK_EQ(pair->audit.leaf_count[1], 2);
    CHECK_EQ(ops->split(pair->space, home, large), AXADDR_OK);
    pair_audit_run(pair);
    CHECK_EQ(pair->audit.leaf_count[1], 1);
    CHECK_EQ(pair->audit.leaf_count[0], large / MODEL_PAGE);
    request = axaddr_request_of(AXADDR_OP_PROTECT, home + 2 * MODEL_PAGE, MODEL_PAGE, AXADDR_READ);
    perform(&request, 0);
    GO_ON();
    request = axaddr_request_of(AXADDR_OP_UNMAP, home + 5 * MODEL_PAGE, MODEL_PAGE, 0);
    perform(&request, 0);
    GO_ON();
    CHECK_EQ(pair->audit.leaf_count[0], large / MODEL_PAGE - 1);
    CHECK_EQ(pair->audit.leaf_count[1], 1);
    sequence_end(&run);
}

/** Leaves that are hinted to be runs (format.h: make_run), whole ones and parts: still one flush. */
static void runs_need_no_more_flushes(void) {
    uint64_t offsets[] = {0, 5 * large, 6 * large, 16 * large, 48 * large};

    begin(offsets, 5);
    map(home, 48 * large);
    split(home + 16 * large, 32 * large, 32);
    GO_ON();
    split(home + 5 * large, large, 1);
    GO_ON();
    sequence_end(&run);
}

/** Holes, reservations and devices are left alone; bad ranges are refused. */
static void nothing_to_split(void) {
    uint64_t offsets[] = {0, large, 2 * large, 3 * large, 4 * large};
    uint64_t hash;

    begin(offsets, 5);
    pair_map_alloc(pair, home + large, large, AXADDR_READ, AXADDR_LAZY);
    pair_map_device(pair, home + 2 * large, large, 9);
    hash = pair->audit.hash;
    split(home, 4 * large, 0);
    GO_ON();
    CHECK_EQ(pair->audit.hash, hash);
    CHECK_EQ(run.host.op_plan_count, 0);
    CHECK_EQ(ops->split(pair->space, home + 1, MODEL_PAGE), AXADDR_INVALID);
    CHECK_EQ(ops->split(pair->space, home, 1), AXADDR_INVALID);
    CHECK_EQ(ops->split(pair->space, home, 0), AXADDR_INVALID);
    CHECK_EQ(ops->split(pair->space, home, 5 * large), AXADDR_INVALID);
    CHECK_EQ(ops->split(pair->space, home - MODEL_PAGE, large), AXADDR_INVALID);
    sequence_end(&run);
}

/** Populated pages are the smallest there are; a part that is unmapped is freed, and no more. */
static void owned_pages(void) {
    static uint64_t offsets[41];
    struct axaddr_request request;
    unsigned i;

    for (i = 0; i < 41; i++) {
        offsets[i] = i * MODEL_PAGE;
    }
    begin(offsets, 41);
    pair_map_alloc(pair, home, 40 * MODEL_PAGE, AXADDR_READ, AXADDR_POPULATE);
    split(home, 40 * MODEL_PAGE, 0);
    GO_ON();
    request = axaddr_request_of(AXADDR_OP_UNMAP, home + 7 * MODEL_PAGE, 5 * MODEL_PAGE, 0);
    perform(&request, 0);
    GO_ON();
    pair_check_released(pair);
    CHECK_EQ(run.host.op_freed, 5);
    sequence_end(&run);
}

/* ---- without a model: it knows no large pages that a space owns ---- */

static uint64_t translated(uint64_t gpa) {
    uint64_t hpa = MODEL_UNKNOWN;

    return ops->space->translate(pair->space, gpa, &hpa) == AXADDR_OK ? hpa : MODEL_UNKNOWN;
}

/** A block that a fault has taken for a whole large leaf can be freed in parts after a split. */
static void owned_large_leaf(void) {
    uint64_t offsets[] = {0, 2 * large};
    uint64_t pages = large / MODEL_PAGE;
    uint64_t block;
    uint32_t used;
    uint64_t i;

    begin(offsets, 2);
    CHECK_EQ(ops->space->map_alloc(pair->space, home, 2 * large,
                                   AXADDR_READ | AXADDR_WRITE | AXADDR_LARGE, AXADDR_LAZY),
             AXADDR_OK);
    CHECK_EQ(ops->space->handle_fault(pair->space, home + 5, AXADDR_READ), AXADDR_FAULT_RESOLVED);
    block = translated(home);
    CHECK_EQ(translated(home + large - 1), block + large - 1);
    used = run.host.used_count;
    host_begin(&run.host);
    CHECK_EQ(ops->split(pair->space, home, 2 * large), AXADDR_OK);
    CHECK_EQ(run.host.used_count, used + 1);
    for (i = 0; i < pages; i++) {
        CHECK_EQ(translated(home + i * MODEL_PAGE), block + i * MODEL_PAGE);
    }
    host_begin(&run.host);
    CHECK_EQ(ops->space->unmap(pair->space, home + 3 * MODEL_PAGE, 4 * MODEL_PAGE), AXADDR_OK);
    CHECK_EQ(run.host.op_taken, 0);
    CHECK_EQ(run.host.op_freed, 4);
    for (i = 0; i < pages; i++) {
        bool is_gone = i >= 3 && i < 7;
        CHECK((host_peek(&run.host, block + i * MODEL_PAGE) == 0) == is_gone);
        CHECK_EQ(translated(home + i * MODEL_PAGE),
                 is_gone ? MODEL_UNKNOWN : block + i * MODEL_PAGE);
    }
    sequence_end(&run);
}

/* ---- protect ---- */

/** Another memory type, over pages and parts of large leaves: every page broken, one flush. */
static void another_type_is_one_flush(void) {
    static const uint32_t types[] = {AXADDR_READ | AXADDR_UNCACHED, AXADDR_READ | AXADDR_DEVICE,
                                     AXADDR_READ};
    uint64_t offsets[] = {
        0,        MODEL_PAGE, large, large + 9 * MODEL_PAGE, 2 * large, 3 * large + 4 * MODEL_PAGE,
        4 * large};
    unsigned i;

    for (i = 0; i < 3; i++) {
        struct axaddr_request request = axaddr_request_of(AXADDR_OP_PROTECT, home + MODEL_PAGE,
                                                          3 * large + 3 * MODEL_PAGE, types[i]);

        if (!format->can_hold(types[i])) {
            continue;
        }
        begin(offsets, 7);
        pair_map_linear(pair, home, 0, large, AXADDR_READ | AXADDR_WRITE);
        pair_map_linear(pair, home + large, 0, large, AXADDR_READ | AXADDR_WRITE | AXADDR_SMALL);
        pair_map_linear(pair, home + 2 * large, 0, 2 * large, AXADDR_READ | AXADDR_WRITE);
        GO_ON();
        perform(&request, 2);
        GO_ON();
        CHECK_EQ(run.host.op_plan_count, 1);
        pair_check_plans(pair);
        sequence_end(&run);
    }
}

int main(void) {
    unsigned i;

    for (i = 0; i < REQUEST_KIND_COUNT; i++) {
        ops = request_kinds[i];
        format = ops->space->format;
        large = UINT64_C(1) << format->shift[1];
        huge = (format->leaf_levels & 4) != 0 ? UINT64_C(1) << format->shift[2] : large;
        home = 4 * huge;
        CASE(largest_to_smallest);
        CASE(parts_change_by_themselves);
        CASE(runs_need_no_more_flushes);
        CASE(nothing_to_split);
        CASE(owned_pages);
        CASE(owned_large_leaf);
        CASE(another_type_is_one_flush);
    }
    free(leaves.items);
    return check_report("test_split");
}
