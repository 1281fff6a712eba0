/* SPDX-License-Identifier: MIT
 *
 * pair.h: operations on a space and its model together. Each pair_ function does one operation to
 * both and then compares everything that can be seen of them (compare.h), and the plans that were
 * flushed: what they cover and when they came. A failed operation must have changed nothing, down
 * to the last bit of the table. What differs is a failed CHECK.
 *
 * Set fail_in before an operation to have its nth allocation refused.
 */
#ifndef AXADDR_TESTS_PAIR_H
#define AXADDR_TESTS_PAIR_H

#include "compare.h"

/* ---- one operation ---- */

/** Whether stepping through a range by its stride meets the leaf that was at `at`. */
static bool pair_stride_meets(const struct axaddr_flush_range *range, uint64_t leaf_first,
                              uint64_t leaf_last) {
    uint64_t stride = UINT64_C(1) << range->stride_shift;
    uint64_t step = range->first;
    if (step < leaf_first) {
        step += (leaf_first - step + stride - 1) / stride * stride;
    }
    return step <= leaf_last && step <= range->last;
}

/** A plan names nothing far away, and its strides miss no leaf. */
static void pair_on_flush(void *argument, const struct axaddr_flush *plan) {
    struct pair *pair = (struct pair *)argument;
    unsigned i;
    unsigned k;

    for (k = 0; k < plan->range_count; k++) {
        const struct axaddr_flush_range *range = &plan->ranges[k];
        if (range->first < pair->plan_low || range->last > pair->plan_high) {
            host_complain(pair->host,
                          "a plan names 0x%" PRIx64 " to 0x%" PRIx64 ", which did not change",
                          range->first, range->last);
        }
    }
    for (i = 0; i < pair->watch_count; i++) {
        const struct mmu_watch *watch = &pair->watches[i];
        const struct mmu_entry *leaf = &watch->path[watch->leaf_level];
        for (k = 0; k < plan->range_count && watch->was_mapped; k++) {
            const struct axaddr_flush_range *range = &plan->ranges[k];
            if (watch->address >= range->first && watch->address <= range->last &&
                !pair_stride_meets(range, leaf->first + pair->audit.high,
                                   leaf->last + pair->audit.high)) {
                host_complain(pair->host, "a stride of %u misses the leaf at 0x%" PRIx64,
                              range->stride_shift, watch->address);
            }
        }
        mmu_watch_flush(&pair->watches[i], &pair->mmu, plan);
    }
}

static void pair_watch(struct pair *pair, uint64_t address) {
    if (model_has(&pair->model, address) && pair->watch_count < PAIR_WATCH_MAX) {
        mmu_watch_start(&pair->watches[pair->watch_count++], &pair->mmu, address);
    }
}

static void pair_begin(struct pair *pair, uint64_t gpa, uint64_t size) {
    unsigned i;

    memcpy(pair->before, pair->model.cells, pair->model.cell_count * sizeof(*pair->before));
    pair->used_before = pair->host->used_count;
    pair->publish_before = pair->ops->publish_count == 0 ? 0 : *pair->ops->publish_count;
    pair->watch_count = 0;
    pair_watch(pair, gpa);
    pair_watch(pair, gpa + size - 1);
    pair_watch(pair, gpa - 1);
    pair_watch(pair, gpa + size);
    /* A leaf that the range cuts through may be named as a whole. */
    pair->plan_low = gpa;
    pair->plan_high = gpa + size - 1;
    for (i = 0; i < pair->watch_count; i++) {
        const struct mmu_watch *watch = &pair->watches[i];
        const struct mmu_entry *leaf = &watch->path[watch->leaf_level];
        uint64_t run = mmu_run_mask(&pair->mmu, leaf);
        uint64_t first = (leaf->first & ~run) + pair->audit.high;
        uint64_t last = (leaf->last | run) + pair->audit.high;
        if (watch->was_mapped && first < gpa && last >= gpa) {
            pair->plan_low = first;
        }
        if (watch->was_mapped && first <= gpa + size - 1 && last > gpa + size - 1) {
            pair->plan_high = last;
        }
    }
    for (i = 0; i < PAIR_WATCH_MAX - 4 && size > 0; i++) {
        pair_watch(pair, gpa + host_random(pair->host) % size);
    }
    host_begin(pair->host);
    host_fail_in(pair->host, pair->fail_in, pair->is_fail_sticky);
    pair->host->on_flush = pair_on_flush;
    pair->host->on_flush_argument = pair;
}

/** The plans of an unmap or a protect cover every page that changed. */
static void pair_check_plans(struct pair *pair) {
    uint32_t i;
    for (i = 0; i < pair->model.cell_count; i++) {
        const struct model_cell *was = &pair->before[i];
        const struct model_cell *is = &pair->model.cells[i];
        if (was->state == MODEL_MAPPED && (is->state != MODEL_MAPPED || is->flags != was->flags)) {
            CHECK(host_is_covered(pair->host, was->first, was->last));
        }
    }
}

/** What hardware had noted in a leaf (accessed, dirty) must not be lost when only rights change. */
static void pair_check_watches(struct pair *pair) {
    unsigned i;
    for (i = 0; i < pair->watch_count; i++) {
        const struct mmu_watch *watch = &pair->watches[i];
        const struct mmu_entry *old = &watch->path[watch->leaf_level];
        struct mmu_entry now = mmu_walk(&pair->mmu, watch->address);
        CHECK_STR(mmu_watch_verdict(watch, &pair->mmu), "");
        if (watch->was_mapped && mmu_is_leaf(&pair->mmu, &now)) {
            /* Kept; or where a break lost them, all of them. */
            uint64_t all = pair->ops->noted_bits;
            CHECK(((now.entry ^ old->entry) & all) == 0 ||
                  (pair->mmu.format->needs_break != 0 && (now.entry & all) == all));
        }
    }
}

/** Frames of pages that are gone are free (or taken anew for something else). */
static void pair_check_released(struct pair *pair) {
    uint32_t i;
    for (i = 0; i < pair->model.cell_count; i++) {
        const struct model_cell *was = &pair->before[i];
        if (was->state == MODEL_MAPPED && was->kind == AXADDR_AREA_ALLOC &&
            pair->model.cells[i].state == MODEL_HOLE) {
            const struct host_frame *frame = host_used_frame(pair->host, was->hpa);
            CHECK(frame == 0 || frame->taken_in == pair->host->operation);
        }
    }
}

/** Pages that this operation populated: a fresh frame each, all zero. They are signed now. */
static void pair_learn(struct pair *pair) {
    uint32_t i;
    for (i = 0; i < pair->model.cell_count; i++) {
        struct model_cell *cell = &pair->model.cells[i];
        const struct host_frame *frame;
        struct mmu_entry leaf;
        uint64_t signature = pair_signature(cell->first);
        uint8_t *at;
        if (cell->state != MODEL_MAPPED || cell->hpa != MODEL_UNKNOWN) {
            continue;
        }
        CHECK(model_is_page_cell(cell));
        leaf = mmu_walk(&pair->mmu, cell->first);
        CHECK(mmu_is_leaf(&pair->mmu, &leaf));
        CHECK_EQ(leaf.level, 0);
        cell->hpa = mmu_output(&pair->mmu, &leaf, cell->first);
        frame = host_used_frame(pair->host, cell->hpa);
        CHECK(frame != 0);
        CHECK_EQ(frame->taken_in, pair->host->operation);
        at = host_peek(pair->host, cell->hpa);
        CHECK(at != 0 && host_bytes_are(at, 0));
        memcpy(at, &signature, sizeof(signature));
        memcpy(at + HOST_FRAME_SIZE - sizeof(signature), &signature, sizeof(signature));
    }
}

/**
 * The operation has returned: settle its status, then compare everything. NO_MEMORY is right if and
 * only if the arguments were good and an allocation was refused.
 */
static void pair_end(struct pair *pair, enum axaddr_status expected, enum axaddr_status status) {
    struct pair_audit was = pair->audit;
    struct host *host = pair->host;

    host->on_flush = 0;
    host->fail_in = 0;
    pair->fail_in = 0;
    pair->status = status;
    pair->refused = host->op_refused;
    if (expected == AXADDR_OK && host->op_refused > 0) {
        expected = AXADDR_NO_MEMORY;
    }
    if (expected != AXADDR_OK) {
        memcpy(pair->model.cells, pair->before, pair->model.cell_count * sizeof(*pair->before));
    }
    CHECK_STR(host_error(host), "");
    if (pair->model.is_either && status == AXADDR_DENIED) {
        expected = AXADDR_DENIED;
    }
    pair->model.is_either = false;
    CHECK_STR(axaddr_status_name(status), axaddr_status_name(expected));
    pair_learn(pair);
    if (!check_case_failed) {
        pair_compare(pair);
    }
    if (!check_case_failed) {
        pair_check_watches(pair);
    }
    if (!check_case_failed && status != AXADDR_OK) {
        CHECK_EQ(pair->audit.hash, was.hash);
        CHECK_EQ(host->used_count, pair->used_before);
        CHECK_EQ(host->op_plan_count, 0);
    }
}

/** An operation that only adds: nothing to flush, something to publish. */
static void pair_check_added(struct pair *pair, bool is_live) {
    if (check_case_failed) {
        return;
    }
    CHECK_EQ(pair->host->op_plan_count, 0);
    if (is_live && pair->status == AXADDR_OK && pair->ops->publish_count != 0) {
        CHECK(*pair->ops->publish_count != pair->publish_before);
    }
}

/* ---- the operations ---- */

/** The level of the leaf at an address, by the rule "the largest that fits". */
static unsigned pair_best_level(const struct pair *pair, uint64_t address, uint64_t hpa,
                                uint64_t first, uint64_t last, uint32_t flags) {
    const struct axaddr_format *format = pair->ops->format;
    unsigned best = 0;
    unsigned level;
    for (level = 1; level < format->level_count && (flags & AXADDR_SMALL) == 0; level++) {
        uint64_t mask = axaddr_low_bits(format->shift[level]);
        if ((format->leaf_levels >> level & 1) != 0 && ((address ^ hpa) & mask) == 0 &&
            (address & ~mask) >= first && (address | mask) <= last) {
            best = level;
        }
    }
    return best;
}

AXADDR_UNUSED static void pair_map_linear(struct pair *pair, uint64_t gpa, uint64_t hpa,
                                          uint64_t size, uint32_t flags) {
    enum axaddr_status expected;
    enum axaddr_status status;
    enum axaddr_status forecast = AXADDR_OK;
    uint64_t forecast_count = MODEL_UNKNOWN;
    uint32_t i;

    pair_begin(pair, gpa, size);
    if (pair->ops->tables_needed != 0) {
        forecast = pair->ops->tables_needed(pair->space, gpa, hpa, size, flags, &forecast_count);
        CHECK_EQ(pair->host->op_taken + pair->host->op_refused, 0);
    }
    status = pair->ops->map_linear(pair->space, gpa, hpa, size, flags);
    expected = model_map_linear(&pair->model, gpa, hpa, size, flags);
    pair_end(pair, expected, status);
    pair_check_added(pair, true);
    if (pair->ops->tables_needed != 0 && !check_case_failed) {
        CHECK_EQ(forecast, expected);
        CHECK(forecast == AXADDR_OK || forecast_count == MODEL_UNKNOWN);
        CHECK(status != AXADDR_OK || forecast_count == pair->host->op_taken);
    }
    for (i = 0; i < pair->model.cell_count && status == AXADDR_OK; i++) {
        const struct model_cell *cell = &pair->model.cells[i];
        if (cell->first >= gpa && cell->last <= gpa + size - 1) {
            CHECK_EQ(mmu_walk(&pair->mmu, cell->first).level,
                     pair_best_level(pair, cell->first, hpa + (cell->first - gpa), gpa,
                                     gpa + size - 1, flags));
        }
    }
}

AXADDR_UNUSED static void pair_map_frames(struct pair *pair, uint64_t gpa,
                                          const axaddr_hpa_t *frames, size_t count,
                                          uint32_t flags) {
    enum axaddr_status expected;
    enum axaddr_status status;
    size_t run;
    size_t next;
    size_t k;

    pair_begin(pair, gpa, (uint64_t)count * MODEL_PAGE);
    status = pair->ops->map_frames(pair->space, gpa, frames, count, flags);
    expected = model_map_frames(&pair->model, gpa, frames, count, flags);
    pair_end(pair, expected, status);
    pair_check_added(pair, true);
    if (status != AXADDR_OK || check_case_failed) {
        return;
    }
    for (run = 0; run < count; run = next) {
        uint64_t first = gpa + run * MODEL_PAGE;
        next = run + 1;
        while (next < count && frames[next].raw == frames[next - 1].raw + MODEL_PAGE) {
            next++;
        }
        for (k = run; k < next; k++) {
            uint64_t at = gpa + k * MODEL_PAGE;
            CHECK_EQ(mmu_walk(&pair->mmu, at).level,
                     pair_best_level(pair, at, frames[k].raw, first,
                                     first + (next - run) * MODEL_PAGE - 1, flags));
        }
    }
}

/** Frames that a reservation may take: a table at each end of each level, and room for an area. */
static uint32_t pair_reservation_max(const struct pair *pair) {
    return 2 * (pair->ops->format->level_count - 1u) + 2;
}

AXADDR_UNUSED static void pair_map_alloc(struct pair *pair, uint64_t gpa, uint64_t size,
                                         uint32_t flags, enum axaddr_backing backing) {
    enum axaddr_status expected;
    enum axaddr_status status;

    pair_begin(pair, gpa, size);
    status = pair->ops->map_alloc(pair->space, gpa, size, flags, backing);
    expected = model_map_alloc(&pair->model, gpa, size, flags, backing);
    pair_end(pair, expected, status);
    pair_check_added(pair, backing == AXADDR_POPULATE);
    if (backing == AXADDR_LAZY && !check_case_failed) {
        CHECK(pair->host->op_taken <= pair_reservation_max(pair));
    }
}

AXADDR_UNUSED static void pair_map_device(struct pair *pair, uint64_t gpa, uint64_t size,
                                          uint32_t cookie) {
    enum axaddr_status expected;
    enum axaddr_status status;

    pair_begin(pair, gpa, size);
    status = pair->ops->map_device(pair->space, gpa, size, cookie);
    expected = model_map_device(&pair->model, gpa, size, cookie);
    pair_end(pair, expected, status);
    pair_check_added(pair, false);
    if (!check_case_failed) {
        CHECK(pair->host->op_taken <= pair_reservation_max(pair));
    }
}

/** Whether any of [gpa, gpa + size - 1] was mapped before the operation. */
static bool pair_was_mapped(const struct pair *pair, uint64_t gpa, uint64_t size) {
    uint32_t i;
    for (i = 0; i < pair->model.cell_count; i++) {
        const struct model_cell *was = &pair->before[i];
        if (was->first >= gpa && was->last <= gpa + size - 1 && was->state == MODEL_MAPPED) {
            return true;
        }
    }
    return false;
}

AXADDR_UNUSED static void pair_unmap(struct pair *pair, uint64_t gpa, uint64_t size) {
    enum axaddr_status expected;
    enum axaddr_status status;

    pair_begin(pair, gpa, size);
    status = pair->ops->unmap(pair->space, gpa, size);
    expected = model_unmap(&pair->model, gpa, size);
    pair_end(pair, expected, status);
    if (check_case_failed || status != AXADDR_OK) {
        return;
    }
    pair_check_released(pair);
    pair_check_plans(pair);
    if (!pair_was_mapped(pair, gpa, size) && pair->host->op_freed == 0) {
        CHECK_EQ(pair->host->op_plan_count, 0);
    }
}

AXADDR_UNUSED static void pair_protect(struct pair *pair, uint64_t gpa, uint64_t size,
                                       uint32_t flags) {
    enum axaddr_status expected;
    enum axaddr_status status;

    pair_begin(pair, gpa, size);
    status = pair->ops->protect(pair->space, gpa, size, flags);
    expected = model_protect(&pair->model, gpa, size, flags);
    pair_end(pair, expected, status);
    if (check_case_failed || status != AXADDR_OK) {
        return;
    }
    pair_check_plans(pair);
    if (!pair_was_mapped(pair, gpa, size)) {
        CHECK_EQ(pair->host->op_plan_count, 0);
    }
}

AXADDR_UNUSED static void pair_fault(struct pair *pair, uint64_t gpa, uint32_t access) {
    enum axaddr_fault expected;
    enum axaddr_fault fault;
    uint64_t page = gpa & ~(MODEL_PAGE - 1);
    uint64_t hash = pair->audit.hash;
    uint32_t refused;

    pair_begin(pair, page, MODEL_PAGE);
    fault = pair->ops->handle_fault(pair->space, gpa, access);
    refused = pair->host->op_refused;
    expected = model_fault(&pair->model, gpa, access);
    if (expected == AXADDR_FAULT_RESOLVED && refused > 0) {
        expected = AXADDR_FAULT_NO_MEMORY;
    }
    CHECK_STR(axaddr_fault_name(fault), axaddr_fault_name(expected));
    if (fault == AXADDR_FAULT_NO_MEMORY) {
        pair_end(pair, AXADDR_OK, AXADDR_NO_MEMORY);
        return;
    }
    pair->host->op_refused = 0;
    pair_end(pair, AXADDR_OK, AXADDR_OK);
    pair->refused = refused;
    if (check_case_failed) {
        return;
    }
    if (fault != AXADDR_FAULT_RESOLVED) {
        CHECK_EQ(pair->audit.hash, hash);
        CHECK_EQ(pair->host->used_count, pair->used_before);
    }
    if (fault == AXADDR_FAULT_RESOLVED) {
        pair_check_added(pair, true);
    } else if (fault == AXADDR_FAULT_SPURIOUS && pair->ops->format->caches_absent) {
        CHECK(host_is_covered(pair->host, page, page + MODEL_PAGE - 1));
    } else if (fault != AXADDR_FAULT_DENIED) {
        CHECK_EQ(pair->host->op_plan_count, 0);
    }
}

/** Hardware sets accessed and dirty bits in the leaf of an address, where the format has any. */
AXADDR_UNUSED static void pair_touch(struct pair *pair, uint64_t gpa) {
    struct mmu_entry at = mmu_walk(&pair->mmu, gpa);
    if (mmu_is_leaf(&pair->mmu, &at)) {
        mmu_write(&pair->mmu, at.table, at.index, at.entry | pair->ops->noted_bits);
        pair_audit_run(pair);
    }
}

/* ---- beginning and end ---- */

/** A new space over the window of `cuts` (see model_init), in a host that is ready. */
AXADDR_UNUSED static void pair_init(struct pair *pair, const struct space_ops *ops,
                                    struct host *host, const uint64_t *cuts, uint32_t cut_count) {
    memset(pair, 0, sizeof(*pair));
    pair->ops = ops;
    pair->host = host;
    model_init(&pair->model, ops->format, cuts, cut_count);
    pair->before = (struct model_cell *)calloc(pair->model.cell_count, sizeof(*pair->before));
    pair->space = malloc(ops->size);
    if (pair->before == 0 || pair->space == 0) {
        abort();
    }
    memset(pair->space, 0xee, ops->size);
    host_begin(host);
    pair->donated_count = host->used_count;
    CHECK_EQ(
        ops->init(pair->space, host, pair->model.start, pair->model.last - pair->model.start + 1),
        AXADDR_OK);
    pair->mmu.format = ops->format;
    pair->mmu.host = host;
    pair->mmu.root = ops->root(pair->space);
    pair_compare(pair);
}

/** Forget the pair without a look at it: after a failure. */
AXADDR_UNUSED static void pair_abandon(struct pair *pair) {
    model_destroy(&pair->model);
    free(pair->before);
    free(pair->space);
    pair->before = 0;
    pair->space = 0;
}

/** Destroy both; nothing may be left. */
AXADDR_UNUSED static void pair_destroy(struct pair *pair) {
    struct host *host = pair->host;

    host_begin(host);
    pair->ops->destroy(pair->space);
    pair_abandon(pair);
    CHECK_EQ(host->used_count, pair->donated_count);
    host_check_freed(host);
    CHECK_STR(host_error(host), "");
}

#endif /* AXADDR_TESTS_PAIR_H */
