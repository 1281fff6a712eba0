/* SPDX-License-Identifier: MIT
 *
 * test_label.c: names and tags of areas, over every format: of parts of areas and of several, of
 * devices, with every allocation failing in turn. What is mapped stays as it is; areas are one only
 * where their names and tags are. The model (pair.h) has a name and a tag for each of its cells.
 */
#include "requests.h"

static const struct request_ops *ops;
static struct sequence run;
static struct pair *const pair = &run.pair;
static uint64_t unit;   /**< a leaf of level 1 */
static uint64_t middle; /**< where tables of all levels meet */

static const char ram[] = "ram";
static const char rom[] = "rom";

static void begin(void) {
    snprintf(check_context, sizeof(check_context), "%s", ops->space->name);
    unit = window_unit(ops->space->format, 1);
    sequence_begin(&run, ops, WINDOW_WIDE, 0, 1024, HOST_SCATTERED, 1);
    middle = pair->model.start + window_unit(pair->model.format, 2);
}

static void end(void) {
    sequence_end(&run);
}

static enum axaddr_status perform(const struct axaddr_request *request) {
    enum axaddr_status status;

    pair_begin(pair, request->start, request->size);
    status = ops->perform(pair->space, request, 0);
    pair_end(pair, request_model(pair, request), status);
    return status;
}

static enum axaddr_status map(enum axaddr_operation operation, uint64_t start, uint64_t size,
                              const char *name, uint64_t tag) {
    struct axaddr_request request =
        axaddr_request_of(operation, start, size, AXADDR_READ | AXADDR_WRITE);

    request.host = 64 * unit + (start - middle + 8 * unit);
    request.cookie = 5;
    request.name = name;
    request.tag = tag;
    return perform(&request);
}

static enum axaddr_status label(uint64_t start, uint64_t size, const char *name, uint64_t tag) {
    struct axaddr_request request = axaddr_request_of(AXADDR_OP_LABEL, start, size, 0);

    request.name = name;
    request.tag = tag;
    return perform(&request);
}

static uint64_t area_count(void) {
    struct axaddr_stats stats;

    ops->space->stats(pair->space, &stats);
    return stats.area_count;
}

/** What find_area says of an address. */
static void check_label(uint64_t address, const char *name, uint64_t tag) {
    struct axaddr_area area;

    CHECK_EQ(ops->space->find_area(pair->space, address, &area), AXADDR_OK);
    CHECK(area.name == name);
    CHECK_EQ(area.tag, tag);
}

/* A case ends where something failed. */
#define OK(call)                                                                                   \
    do {                                                                                           \
        CHECK_STR(axaddr_status_name(call), "OK");                                                 \
        if (check_case_failed) {                                                                   \
            return;                                                                                \
        }                                                                                          \
    } while (0)

/** Devices, reservations and what is mapped: parts get a name, and lose it again. */
static void parts_have_names(void) {
    static const enum axaddr_operation operations[3] = {AXADDR_OP_LINEAR, AXADDR_OP_RESERVE,
                                                        AXADDR_OP_DEVICE};
    unsigned i;

    for (i = 0; i < 3; i++) {
        begin();
        OK(map(operations[i], middle - unit, 2 * unit, 0, 0));
        CHECK_EQ(area_count(), 1);
        check_label(middle, 0, 0);
        OK(label(middle - MODEL_PAGE, 2 * MODEL_PAGE, ram, 0));
        CHECK_EQ(area_count(), 3);
        check_label(middle - 2 * MODEL_PAGE, 0, 0);
        check_label(middle, ram, 0);
        check_label(middle + MODEL_PAGE, 0, 0);
        /* Another tag is another area, though the name is the same. */
        OK(label(middle, MODEL_PAGE, ram, UINT64_MAX));
        CHECK_EQ(area_count(), 4);
        check_label(middle, ram, UINT64_MAX);
        check_label(middle - MODEL_PAGE, ram, 0);
        /* At both ends, and over all of it: one again. */
        OK(label(middle - unit, unit, rom, 1));
        CHECK_EQ(area_count(), 3);
        OK(label(middle - unit, 2 * unit, rom, 1));
        CHECK_EQ(area_count(), 1);
        OK(label(middle - unit, 2 * unit, 0, 0));
        CHECK_EQ(area_count(), 1);
        check_label(middle, 0, 0);
        end();
    }
}

/** What reaches across an end of a label is cut, as the area is; it maps what it did. */
static void no_leaf_is_of_two_areas(void) {
    uint64_t need;
    struct axaddr_request request;

    begin();
    OK(map(AXADDR_OP_LINEAR, middle - unit, 2 * unit, 0, 0));
    CHECK_EQ(mmu_walk(&pair->mmu, middle).level, 1);
    OK(label(middle - unit, unit, ram, 0));
    CHECK_EQ(mmu_walk(&pair->mmu, middle).level, 1);
    CHECK_EQ(mmu_walk(&pair->mmu, middle - 1).level, 1);
    request = axaddr_request_of(AXADDR_OP_LABEL, middle, MODEL_PAGE, 0);
    request.name = rom;
    CHECK_EQ(ops->tables_needed(pair->space, &request, &need), AXADDR_OK);
    CHECK_EQ(need, 1);
    OK(label(middle, MODEL_PAGE, rom, 0));
    CHECK_EQ(mmu_walk(&pair->mmu, middle).level, 0);
    CHECK_EQ(mmu_walk(&pair->mmu, middle - 1).level, 1);
    end();
}

/** Neighbours of one name and tag are one, whoever comes first. */
static void neighbours_join_by_name_and_tag(void) {
    begin();
    OK(map(AXADDR_OP_LINEAR, middle, MODEL_PAGE, ram, 7));
    OK(map(AXADDR_OP_LINEAR, middle + MODEL_PAGE, MODEL_PAGE, ram, 7));
    CHECK_EQ(area_count(), 1);
    OK(map(AXADDR_OP_LINEAR, middle + 2 * MODEL_PAGE, MODEL_PAGE, ram, 8));
    CHECK_EQ(area_count(), 2);
    OK(map(AXADDR_OP_LINEAR, middle - MODEL_PAGE, MODEL_PAGE, 0, 7));
    CHECK_EQ(area_count(), 3);
    OK(label(middle + 2 * MODEL_PAGE, MODEL_PAGE, ram, 7));
    CHECK_EQ(area_count(), 2);
    OK(label(middle - MODEL_PAGE, MODEL_PAGE, ram, 7));
    CHECK_EQ(area_count(), 1);
    /* What is unmapped or protected leaves the rest its name. */
    pair_unmap(pair, middle, MODEL_PAGE);
    CHECK_EQ(area_count(), 2);
    check_label(middle - MODEL_PAGE, ram, 7);
    check_label(middle + MODEL_PAGE, ram, 7);
    pair_protect(pair, middle + MODEL_PAGE, MODEL_PAGE, AXADDR_READ);
    CHECK_EQ(area_count(), 3);
    check_label(middle + MODEL_PAGE, ram, 7);
    check_label(middle + 2 * MODEL_PAGE, ram, 7);
    /* What comes into the gap without a name joins nothing. */
    OK(map(AXADDR_OP_LINEAR, middle, MODEL_PAGE, 0, 0));
    CHECK_EQ(area_count(), 4);
    end();
}

/** Several areas at once, with a device among them; not over a hole, and not beyond the space. */
static void holes_have_no_name(void) {
    struct axaddr_request request;
    uint64_t need = 77;

    begin();
    OK(map(AXADDR_OP_DEVICE, middle - 2 * MODEL_PAGE, 2 * MODEL_PAGE, 0, 0));
    OK(map(AXADDR_OP_LINEAR, middle, 2 * MODEL_PAGE, 0, 0));
    CHECK_STR(axaddr_status_name(label(middle - 3 * MODEL_PAGE, 4 * MODEL_PAGE, ram, 1)),
              "NOT_MAPPED");
    CHECK_STR(axaddr_status_name(label(middle + MODEL_PAGE, 2 * MODEL_PAGE, ram, 1)), "NOT_MAPPED");
    request = axaddr_request_of(AXADDR_OP_LABEL, middle + MODEL_PAGE, 2 * MODEL_PAGE, 0);
    CHECK_EQ(ops->tables_needed(pair->space, &request, &need), AXADDR_NOT_MAPPED);
    CHECK_EQ(need, 77);
    CHECK_STR(axaddr_status_name(label(middle, 0, ram, 1)), "INVALID");
    CHECK_STR(axaddr_status_name(label(middle + 1, MODEL_PAGE, ram, 1)), "INVALID");
    CHECK_STR(axaddr_status_name(label(pair->model.last + 1, MODEL_PAGE, ram, 1)), "INVALID");
    OK(label(middle - 2 * MODEL_PAGE, 4 * MODEL_PAGE, ram, 1));
    CHECK_EQ(area_count(), 2);
    check_label(middle - MODEL_PAGE, ram, 1);
    check_label(middle, ram, 1);
    end();
}

/** As many areas as fit into the space itself, so that a cut takes frames; each fails in turn. */
static void allocations_fail_in_turn(void) {
    unsigned extra;

    for (extra = 2; extra < 7; extra++) {
        uint32_t n;
        uint32_t i;

        begin();
        OK(map(AXADDR_OP_LINEAR, middle - unit, 2 * unit, 0, 0));
        for (i = 0; i < extra; i++) {
            OK(map(AXADDR_OP_DEVICE,
                   middle + window_unit(pair->model.format, 2) + i * MODEL_PAGE - 3 * MODEL_PAGE,
                   MODEL_PAGE, 0, i));
        }
        for (n = 1; n < 20; n++) {
            enum axaddr_status status;
            pair->fail_in = n;
            pair->is_fail_sticky = n % 2 == 0;
            status = label(middle - MODEL_PAGE, 2 * MODEL_PAGE, rom, 3);
            if (check_case_failed || pair->refused == 0) {
                OK(status);
                break;
            }
            CHECK_STR(axaddr_status_name(status), "NO_MEMORY");
        }
        /* A table for each end; and where the areas do not fit any more, one frame of theirs. */
        CHECK_EQ(n, extra + 1 + 2 > AXADDR_RANGE_INLINE_MAX ? 4 : 3);
        CHECK_EQ(area_count(), extra + 3);
        end();
    }
}

/** A bare table has no areas. */
static void tables_have_none(void) {
    begin();
    OK(map(AXADDR_OP_LINEAR, middle, 2 * MODEL_PAGE, 0, 0));
    CHECK_STR(axaddr_status_name(label(middle, MODEL_PAGE, ram, 1)), "UNSUPPORTED");
    CHECK_STR(axaddr_status_name(label(middle, 0, ram, 1)), "INVALID");
    end();
}

/** The call of that name is the request. */
static void the_call_does_it(void) {
    struct axaddr_area area;
    struct ept_space *space;

    ops = &ept_space_requests;
    begin();
    space = (struct ept_space *)pair->space;
    OK(map(AXADDR_OP_DEVICE, middle, 3 * MODEL_PAGE, 0, 0));
    CHECK_EQ(ept_space_label(space, axaddr_gpa(middle + MODEL_PAGE), MODEL_PAGE, rom, 9),
             AXADDR_OK);
    (void)model_label(&pair->model, middle + MODEL_PAGE, MODEL_PAGE, rom, 9);
    pair_compare(pair);
    CHECK_EQ(ept_space_find_area(space, axaddr_gpa(middle + MODEL_PAGE), &area), AXADDR_OK);
    CHECK(area.name == rom);
    CHECK_EQ(area.tag, 9);
    CHECK_EQ(area.cookie, 5);
    end();
}

int main(void) {
    unsigned i;

    for (i = 0; i < REQUEST_KIND_COUNT; i++) {
        ops = request_kinds[i];
        if (ops->space->is_table) {
            CASE(tables_have_none);
            continue;
        }
        CASE(parts_have_names);
        CASE(no_leaf_is_of_two_areas);
        CASE(neighbours_join_by_name_and_tag);
        CASE(holes_have_no_name);
        CASE(allocations_fail_in_turn);
    }
    CASE(the_call_does_it);
    return check_report("test_label");
}
