/* SPDX-License-Identifier: MIT
 *
 * test_replace.c: maps with AXADDR_REPLACE, of every operation, over every format, in spaces and
 * bare tables: over nothing, pages, large leaves, parts of areas of all kinds and all of it. What a
 * replacement takes is told beforehand, exactly; each allocation fails in turn, from the HAL and
 * from a pool, and changes nothing; frames go where they came from, once, after the flush (pair.h).
 */
#include "requests.h"
#include "supply.h"

static const struct request_ops *ops;
static unsigned kind_number;
static struct sequence run;
static struct pair *const pair = &run.pair;
static uint64_t unit;   /**< a leaf of level 1 */
static uint64_t middle; /**< where tables of all levels meet */

/* ---- what is there ---- */

static enum axaddr_status perform(const struct axaddr_request *request,
                                  struct axaddr_terms *terms) {
    enum axaddr_status status;

    pair_begin(pair, request->start, request->size);
    status = ops->perform(pair->space, request, terms);
    request_forget_notes(pair, request);
    pair_end(pair, request_model(pair, request), status);
    return status;
}

static struct axaddr_request request_at(enum axaddr_operation operation, uint64_t start,
                                        uint64_t size) {
    struct axaddr_request request =
        axaddr_request_of(operation, start, size, AXADDR_READ | AXADDR_WRITE);

    request.host = 64 * unit + (start & (unit - 1)); /* large leaves fit */
    request.cookie = 5;
    return request;
}

static void map(enum axaddr_operation operation, uint64_t start, uint64_t size, uint32_t how) {
    struct axaddr_request request = request_at(operation, start, size);

    request.flags |= how;
    CHECK_STR(axaddr_status_name(perform(&request, 0)), "OK");
}

static uint64_t whole_size(void) {
    return pair->model.last - pair->model.start + 1;
}

static bool is_space(void) {
    return !ops->space->is_table;
}

/** An area of each kind, holes between them, around the place where tables meet. */
static void map_mixture(void) {
    map(AXADDR_OP_LINEAR, middle - 2 * unit, unit - MODEL_PAGE, 0);
    if (is_space()) {
        map(AXADDR_OP_RESERVE, middle - unit + MODEL_PAGE, unit - 3 * MODEL_PAGE, 0);
        map(AXADDR_OP_POPULATE, middle - 2 * MODEL_PAGE, 3 * MODEL_PAGE, 0);
        map(AXADDR_OP_DEVICE, middle + MODEL_PAGE, MODEL_PAGE, 0);
    } else {
        map(AXADDR_OP_LINEAR, middle - 2 * MODEL_PAGE, 3 * MODEL_PAGE, AXADDR_SMALL);
    }
    map(AXADDR_OP_LINEAR, middle + unit, unit, 0);
}

static void reserve_and_touch(void) {
    unsigned i;

    map(AXADDR_OP_RESERVE, pair->model.start, whole_size(), 0);
    for (i = 0; i < 4 && !check_case_failed; i++) {
        pair_fault(pair, middle + (i - 2) * MODEL_PAGE, AXADDR_READ);
    }
}

#define STATE_COUNT 6
static void make_state(unsigned state) {
    switch (state) {
    case 0:
        return;
    case 1:
        map(AXADDR_OP_LINEAR, middle - 2 * unit, 4 * unit, 0);
        return;
    case 2:
        map(AXADDR_OP_LINEAR, middle - unit, unit, AXADDR_SMALL);
        map(AXADDR_OP_LINEAR, middle, 2 * unit, 0);
        return;
    case 3:
        map_mixture();
        return;
    case 4:
        reserve_and_touch();
        return;
    default:
        map(AXADDR_OP_DEVICE, pair->model.start, whole_size(), 0);
        return;
    }
}

/* ---- what replaces it ---- */

struct place {
    int64_t units; /**< from the middle on */
    int64_t pages;
    uint64_t size_units;
    int64_t size_pages;
};

static const struct place places[] = {
    {0, 0, 0, 1},   /* a page at the beginning of a large leaf */
    {0, 1, 0, 1},   /* within one */
    {0, -2, 0, 4},  /* in two tables */
    {0, 0, 1, 0},   /* a large leaf */
    {-1, 0, 2, 0},  /* two */
    {-1, -1, 2, 2}, /* and the pages at both sides */
    {-1, 1, 2, -2}, /* without their first and last pages */
    {-2, 0, 4, 0},  /* exactly what is there */
    {0, 0, 0, 0},   /* everything */
};
#define PLACE_COUNT (sizeof(places) / sizeof(places[0]))

#define WAY_COUNT 8
/** A request for a place; false if it is none for this kind. */
static bool make_request(unsigned way, const struct place *place, struct axaddr_request *request) {
    static const enum axaddr_operation operations[WAY_COUNT] = {
        AXADDR_OP_LINEAR, AXADDR_OP_LINEAR,   AXADDR_OP_LINEAR,  AXADDR_OP_FRAMES,
        AXADDR_OP_FRAMES, AXADDR_OP_POPULATE, AXADDR_OP_RESERVE, AXADDR_OP_DEVICE};
    uint64_t start = middle + (uint64_t)place->units * unit + (uint64_t)place->pages * MODEL_PAGE;
    uint64_t size = place->size_units * unit + (uint64_t)place->size_pages * MODEL_PAGE;
    uint64_t count;
    uint64_t i;

    if (size == 0) {
        start = pair->model.start;
        size = whole_size();
    }
    *request = request_at(operations[way], start, size);
    request->flags |= AXADDR_REPLACE;
    request->flags |= way == 1 ? AXADDR_SMALL : 0;
    request->host += way == 2 ? MODEL_PAGE : 0; /* no large leaf fits */
    request->tag = 1;
    count = size / MODEL_PAGE;
    if (request->operation == AXADDR_OP_FRAMES) {
        for (i = 0; i < count && i < REQUEST_FRAME_MAX; i++) {
            run.frames[i] = request->host + (way == 3 ? i : 2 * i) * MODEL_PAGE;
        }
        request->frames = run.frames;
    }
    switch (way) {
    case 1:
    case 2:
    case 3:
        return count <= REQUEST_FRAME_MAX;
    case 4:
        return count <= 4; /* a cell is in one piece */
    case 5:
        return is_space() && count <= 4;
    default:
        return way == 0 || is_space();
    }
}

/** Each allocation fails in turn: nothing has changed (pair_end). Then one frame too few. */
static void fails_in_turn(const struct axaddr_request *request, uint64_t need) {
    struct axaddr_pool pool = {0, 0};
    struct axaddr_terms terms = {&pool, 0, 77};
    uint64_t n;

    for (n = 1; n <= need && !check_case_failed; n += n < 12 ? 1 : need / 3) {
        pair->fail_in = (uint32_t)n;
        pair->is_fail_sticky = n % 2 == 0;
        CHECK_STR(axaddr_status_name(perform(request, 0)), "NO_MEMORY");
    }
    if (need > 0 && !check_case_failed) {
        CHECK_EQ(ops->resize_pool(pair->space, &pool, need - 1), AXADDR_OK);
        run.pair.donated_count += (uint32_t)(need - 1);
        pair_begin(pair, request->start, request->size);
        CHECK_STR(axaddr_status_name(ops->perform(pair->space, request, &terms)), "NO_MEMORY");
        CHECK_EQ(pool.count, need - 1);
        CHECK_EQ(terms.done, 0);
        pair_end(pair, AXADDR_NO_MEMORY, AXADDR_NO_MEMORY);
        CHECK_EQ(ops->resize_pool(pair->space, &pool, 0), AXADDR_OK);
        run.pair.donated_count -= (uint32_t)(need - 1);
    }
}

/** In steps of `budget` entries, each an edit of its own. */
static void replace_in_steps(struct axaddr_request request, uint64_t budget) {
    const struct axaddr_request all = request;

    while (request.size > 0 && !check_case_failed) {
        struct axaddr_terms terms = {0, budget, 77};

        pair_begin(pair, request.start, request.size);
        CHECK_STR(axaddr_status_name(ops->perform(pair->space, &request, &terms)), "OK");
        CHECK(terms.done >= MODEL_PAGE && terms.done <= request.size);
        pair_forget_notes(pair, request.start, terms.done, AXADDR_REPLACE);
        sim_end(&pair->sim);
        CHECK_STR(host_error(&run.host), "");
        pair_audit_run(pair); /* what hardware can reach now */
        request.start += terms.done;
        request.size -= terms.done;
        request.host += terms.done;
        if (request.frames != 0) {
            request.frames += terms.done / MODEL_PAGE;
        }
    }
    if (!check_case_failed) {
        pair_begin(pair, all.start, all.size);
        request_forget_notes(pair, &all);
        pair_end(pair, request_model(pair, &all), AXADDR_OK);
    }
}

static void replace_one(unsigned state, unsigned way, const struct place *place, bool is_stepped) {
    struct axaddr_request request;
    struct axaddr_stats stats;
    enum axaddr_status status;
    uint64_t need = 0;
    uint64_t tables_before;

    sequence_begin(&run, ops, WINDOW_WIDE, 0, 1024, HOST_SCATTERED, 1);
    middle = pair->model.start + window_unit(pair->model.format, 2);
    if (make_request(way, place, &request)) {
        make_state(state);
        if (!check_case_failed) {
            CHECK_EQ(ops->tables_needed(pair->space, &request, &need), AXADDR_OK);
            fails_in_turn(&request, need);
        }
        if (!check_case_failed && is_stepped && request.operation != AXADDR_OP_POPULATE) {
            replace_in_steps(request, 1 + way);
        }
        if (!check_case_failed) {
            CHECK_EQ(ops->tables_needed(pair->space, &request, &need), AXADDR_OK);
            pair_begin(pair, request.start, request.size);
            status = ops->perform(pair->space, &request, 0);
            CHECK_EQ(run.host.op_taken, need);
            request_forget_notes(pair, &request);
            pair_end(pair, request_model(pair, &request), status);
            CHECK_EQ(status, AXADDR_OK);
            pair_check_map(pair, request.start, request.size, request.flags, false);
        }
        /* Once more, by the same: the same tables come again. */
        if (!check_case_failed) {
            ops->space->stats(pair->space, &stats);
            tables_before = stats.table_count;
            CHECK_STR(axaddr_status_name(perform(&request, 0)), "OK");
            ops->space->stats(pair->space, &stats);
            CHECK_EQ(stats.table_count, tables_before);
        }
    }
    sequence_end(&run);
}

static void whatever_is_there_is_replaced(void) {
    unsigned state;
    unsigned way;
    unsigned place;

    unit = window_unit(ops->space->format, 1);
    for (state = 0; state < STATE_COUNT; state++) {
        for (way = 0; way < WAY_COUNT; way++) {
            for (place = 0; place < PLACE_COUNT && !check_case_failed; place++) {
                /* A third of all for each kind: every one of them over three formats and more. */
                if ((state >= 4 && ops->space->is_table) ||
                    (state + way + place) % 3 != kind_number % 3) {
                    continue;
                }
                snprintf(check_context, sizeof(check_context), "%s state %u way %u place %u",
                         ops->space->name, state, way, place);
                replace_one(state, way, &places[place], (state + place) % 2 == 0);
            }
        }
    }
}

/** Without the flag: EXISTS. With it and a bad argument: as without it. */
static void bad_arguments_change_nothing(void) {
    struct axaddr_request request;

    snprintf(check_context, sizeof(check_context), "%s", ops->space->name);
    unit = window_unit(ops->space->format, 1);
    sequence_begin(&run, ops, WINDOW_WIDE, 0, 1024, HOST_SCATTERED, 1);
    middle = pair->model.start + window_unit(pair->model.format, 2);
    map(AXADDR_OP_LINEAR, middle - unit, 2 * unit, 0);
    request = request_at(AXADDR_OP_LINEAR, middle, MODEL_PAGE);
    CHECK_STR(axaddr_status_name(perform(&request, 0)), "EXISTS");
    request.flags |= AXADDR_REPLACE;
    request.host = 1;
    CHECK_STR(axaddr_status_name(perform(&request, 0)), "INVALID");
    request.host = 64 * unit;
    request.flags = AXADDR_REPLACE; /* no right at all */
    CHECK_STR(axaddr_status_name(perform(&request, 0)), "INVALID");
    request.flags = AXADDR_READ | AXADDR_DEVICE | AXADDR_UNCACHED | AXADDR_REPLACE;
    CHECK_STR(axaddr_status_name(perform(&request, 0)), "UNSUPPORTED");
    request.flags = AXADDR_READ | AXADDR_REPLACE;
    request.size = 0;
    CHECK_STR(axaddr_status_name(perform(&request, 0)), "INVALID");
    request.size = MODEL_PAGE;
    request.start = pair->model.last + 1;
    CHECK_STR(axaddr_status_name(perform(&request, 0)), "INVALID");
    /* It is a flag of maps only. */
    request = request_at(AXADDR_OP_PROTECT, middle, MODEL_PAGE);
    request.flags |= AXADDR_REPLACE;
    CHECK_STR(axaddr_status_name(perform(&request, 0)), "INVALID");
    request = request_at(AXADDR_OP_DEVICE, middle, MODEL_PAGE);
    request.flags = AXADDR_REPLACE;
    request.cookie = AXADDR_COOKIE_MAX + 1;
    CHECK_STR(axaddr_status_name(perform(&request, 0)), "INVALID");
    request.cookie = 5;
    CHECK_STR(axaddr_status_name(perform(&request, 0)), is_space() ? "OK" : "UNSUPPORTED");
    /* An unmap with it is an unmap: tables that it leaves empty go. */
    request = axaddr_request_of(AXADDR_OP_UNMAP, pair->model.start, whole_size(), 0);
    CHECK_STR(axaddr_status_name(perform(&request, 0)), "OK");
    map(AXADDR_OP_LINEAR, middle, MODEL_PAGE, 0);
    request = axaddr_request_of(AXADDR_OP_UNMAP, middle, MODEL_PAGE, AXADDR_REPLACE);
    CHECK_STR(axaddr_status_name(perform(&request, 0)), "OK");
    sequence_end(&run);
}

/* ---- what the HAL supplies ---- */

AXADDR_DEFINE_SPACE(backed, axaddr_x86_ept, machine_hal);
AXADDR_DEFINE_SPACE(backed_arm, axaddr_aarch64_stage2_40, machine_hal);

/** Supplied frames that a plan covers may come back. */
static void on_flush(const struct axaddr_flush *plan) {
    uint32_t i;
    uint32_t k;

    for (i = 0; i < machine.supplied_count; i++) {
        for (k = 0; k < plan->range_count && !plan->is_full; k++) {
            if (machine.supplied[i].address >= plan->ranges[k].first &&
                machine.supplied[i].address <= plan->ranges[k].last) {
                break;
            }
        }
        if (plan->is_full || k < plan->range_count) {
            machine.supplied[i].is_flushed = true;
        }
    }
}

static void machine_begin(void) {
    memset(&machine, 0, sizeof(machine));
    host_init(&machine.host, 512, ARENA_BASE, HOST_SCATTERED);
    machine.answer = AXADDR_FAULT_RESOLVED;
    machine.next_frame = SUPPLY_BASE;
    machine.on_flush = on_flush;
    host_begin(&machine.host);
}

#define BACKED_CASE(word)                                                                          \
    static void word##_frames_return(void) {                                                       \
        static struct word it;                                                                     \
        struct axaddr_request request;                                                             \
        uint64_t home = UINT64_C(1) << 21;                                                         \
        unsigned i;                                                                                \
        machine_begin();                                                                           \
        CHECK_EQ(word##_init(&it, &machine, axaddr_gpa(0), UINT64_C(1) << 32), AXADDR_OK);         \
        CHECK_EQ(word##_map_backed(&it, axaddr_gpa(home), home, RW, 7), AXADDR_OK);                \
        for (i = 0; i < 8; i++) {                                                                  \
            CHECK_EQ(word##_handle_fault(&it, axaddr_gpa(home + i * PAGE), W),                     \
                     AXADDR_FAULT_RESOLVED);                                                       \
        }                                                                                          \
        /* The first two by another file's, the last two by memory, one by a device. */            \
        host_begin(&machine.host);                                                                 \
        CHECK_EQ(word##_map_backed(&it, axaddr_gpa(home), 2 * PAGE, RW | AXADDR_REPLACE, 8),       \
                 AXADDR_OK);                                                                       \
        CHECK_EQ(machine.op_returned, 2);                                                          \
        CHECK_EQ(machine.supplied_count, 6);                                                       \
        CHECK_EQ(word##_handle_fault(&it, axaddr_gpa(home), W), AXADDR_FAULT_RESOLVED);            \
        CHECK_EQ(machine.asked.cookie, 8);                                                         \
        CHECK_EQ(machine.supplied_count, 7);                                                       \
        host_begin(&machine.host);                                                                 \
        CHECK_EQ(word##_map_linear(&it, axaddr_gpa(home + 6 * PAGE), axaddr_hpa(LINEAR_BASE),      \
                                   2 * PAGE, R | AXADDR_REPLACE),                                  \
                 AXADDR_OK);                                                                       \
        CHECK_EQ(machine.supplied_count, 5);                                                       \
        request = axaddr_request_of(AXADDR_OP_DEVICE, home + 5 * PAGE, PAGE, AXADDR_REPLACE);      \
        host_begin(&machine.host);                                                                 \
        CHECK_EQ(word##_perform(&it, &request, 0), AXADDR_OK);                                     \
        CHECK_EQ(machine.supplied_count, 4);                                                       \
        /* By itself: all that is left comes back, what was mapped linearly does not. */           \
        host_begin(&machine.host);                                                                 \
        CHECK_EQ(word##_map_backed(&it, axaddr_gpa(home), home, RW | AXADDR_REPLACE, 7),           \
                 AXADDR_OK);                                                                       \
        CHECK_EQ(machine.supplied_count, 0);                                                       \
        CHECK_EQ(machine.op_returned, 9);                                                          \
        /* A flag that a backed area cannot have. */                                               \
        CHECK_EQ(                                                                                  \
            word##_map_backed(&it, axaddr_gpa(home), home, RW | AXADDR_REPLACE | AXADDR_SMALL, 7), \
            AXADDR_INVALID);                                                                       \
        word##_destroy(&it);                                                                       \
        CHECK_STR(host_error(&machine.host), "");                                                  \
        CHECK_EQ(machine.host.used_count, 0);                                                      \
        host_destroy(&machine.host);                                                               \
    }
BACKED_CASE(backed)
BACKED_CASE(backed_arm)

/* ---- root entries that stay ---- */

#define ROOT_CASE(word, format_)                                                                   \
    AXADDR_DEFINE_SPACE(word, format_, host_hal);                                                  \
    static void word##_root_entries_stay(void) {                                                   \
        uint64_t size = UINT64_C(1) << format_.shift[format_.level_count - 1];                     \
        enum axaddr_operation ways[] = {AXADDR_OP_RESERVE, AXADDR_OP_DEVICE, AXADDR_OP_LINEAR,     \
                                        AXADDR_OP_RESERVE, AXADDR_OP_LINEAR};                      \
        static struct host host;                                                                   \
        static struct word it;                                                                     \
        axaddr_gpa_t where;                                                                        \
        uint64_t entries[3] = {0, 0, 0};                                                           \
        unsigned round;                                                                            \
        unsigned i;                                                                                \
        host_init(&host, 600, HOST_LOW_BASE, HOST_SCATTERED);                                      \
        host_begin(&host);                                                                         \
        CHECK_EQ(word##_init(&it, &host, axaddr_gpa(0), 4 * size), AXADDR_OK);                     \
        CHECK_EQ(word##_share(&it, axaddr_gpa(size), 2 * size), AXADDR_OK);                        \
        memcpy(entries, host_peek(&host, word##_root(&it).raw), sizeof(entries));                  \
        for (round = 0; round < 4; round++) {                                                      \
            for (i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {                                 \
                uint64_t start = round % 2 * (MODEL_PAGE << (round / 2 * 9));                      \
                struct axaddr_request request =                                                    \
                    axaddr_request_of(ways[i], start, 4 * size - 2 * start, RW | AXADDR_REPLACE);  \
                struct axaddr_pool pool = {0, 0};                                                  \
                struct axaddr_terms terms = {&pool, 0, 0};                                         \
                uint64_t now[3];                                                                   \
                uint64_t need;                                                                     \
                uint32_t n;                                                                        \
                request.host = start;                                                              \
                if (ways[i] == AXADDR_OP_LINEAR && format_.level_count > 3) {                      \
                    request.size = start == 0 ? 3 * size : size;                                   \
                }                                                                                  \
                CHECK_EQ(word##_tables_needed(&it, &request, &need), AXADDR_OK);                   \
                for (n = 1; n <= need; n++) {                                                      \
                    uint32_t used = host.used_count;                                               \
                    host_begin(&host);                                                             \
                    host_fail_in(&host, n, false);                                                 \
                    CHECK_EQ(word##_perform(&it, &request, 0), AXADDR_NO_MEMORY);                  \
                    CHECK_EQ(host.used_count, used);                                               \
                }                                                                                  \
                host_begin(&host);                                                                 \
                CHECK_EQ(word##_resize_pool(&it, &pool, need), AXADDR_OK);                         \
                CHECK_EQ(word##_perform(&it, &request, &terms), AXADDR_OK);                        \
                CHECK_EQ(pool.count, 0); /* all were needed */                                     \
                memcpy(now, host_peek(&host, word##_root(&it).raw), sizeof(now));                  \
                CHECK_EQ(now[1], entries[1]);                                                      \
                CHECK_EQ(now[2], entries[2]);                                                      \
                CHECK_EQ(word##_audit(&it, &where), AXADDR_OK);                                    \
            }                                                                                      \
        }                                                                                          \
        word##_destroy(&it);                                                                       \
        CHECK_EQ(host.used_count, 0);                                                              \
        CHECK_STR(host_error(&host), "");                                                          \
        host_destroy(&host);                                                                       \
    }
ROOT_CASE(kernel_x86, axaddr_x86_64)
ROOT_CASE(kernel_sv39, axaddr_riscv_sv39)

int main(void) {
    unsigned i;

    for (i = 0; i < REQUEST_KIND_COUNT; i++) {
        ops = request_kinds[i];
        kind_number = i;
        CASE(whatever_is_there_is_replaced);
        CASE(bad_arguments_change_nothing);
    }
    CASE(backed_frames_return);
    CASE(backed_arm_frames_return);
    CASE(kernel_x86_root_entries_stay);
    CASE(kernel_sv39_root_entries_stay);
    return check_report("test_replace");
}
