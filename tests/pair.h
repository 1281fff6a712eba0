/* SPDX-License-Identifier: MIT
 *
 * pair.h: operations on a space and its model together. Each pair_ function does one operation to
 * both, while the CPUs of the simulated MMU (sim.h) use the table, and then compares everything
 * that can be seen of them (compare.h), and what the plans cover that were flushed. A failed
 * operation must have changed nothing, down to the last bit of the table. What differs is a failed
 * CHECK.
 *
 * Set fail_in before an operation to have its nth allocation refused.
 */
#ifndef AXADDR_TESTS_PAIR_H
#define AXADDR_TESTS_PAIR_H

#include "compare.h"

/* ---- one operation ---- */

static void pair_watch(struct pair *pair, uint64_t address) {
    sim_watch(&pair->sim, address);
    if (model_has(&pair->model, address) && pair->watch_count < PAIR_WATCH_MAX) {
        pair->watched[pair->watch_count++] = address;
    }
}

/** A leaf that the operation's range cuts through may be named as a whole, the run around it, too. */
static void pair_bound_plans(struct pair *pair, uint64_t gpa, uint64_t last) {
    uint64_t high = pair->sim.high;
    struct sim_translation low_end = sim_look(&pair->sim, gpa - high, SIM_NOW);
    struct sim_translation high_end = sim_look(&pair->sim, last - high, SIM_NOW);

    pair->plan_low = gpa;
    pair->plan_high = last;
    if (model_has(&pair->model, gpa) && low_end.is_mapped) {
        pair->plan_low = low_end.first + high;
    }
    if (model_has(&pair->model, last) && high_end.is_mapped) {
        pair->plan_high = high_end.last + high;
    }
}

static void pair_begin(struct pair *pair, uint64_t gpa, uint64_t size) {
    unsigned i;

    memcpy(pair->before, pair->model.cells, pair->model.cell_count * sizeof(*pair->before));
    pair->used_before = pair->host->used_count;
    pair->publish_before = pair->ops->publish_count == 0 ? 0 : *pair->ops->publish_count;
    pair->watch_count = 0;
    host_begin(pair->host);
    sim_begin(&pair->sim);
    pair_bound_plans(pair, gpa, gpa + size - 1);
    pair_watch(pair, gpa);
    pair_watch(pair, gpa + size - 1);
    pair_watch(pair, gpa - 1);
    pair_watch(pair, gpa + size);
    for (i = 0; i < PAIR_WATCH_MAX - 4 && size > 0; i++) {
        pair_watch(pair, gpa + host_random(pair->host) % size);
    }
    host_fail_in(pair->host, pair->fail_in, pair->is_fail_sticky);
}

/** What was noted of pages that a map has replaced went with them. */
static void pair_forget_notes(struct pair *pair, uint64_t gpa, uint64_t size, uint32_t flags) {
    struct sim *sim = &pair->sim;
    unsigned count = 0;
    unsigned i;

    if ((flags & AXADDR_REPLACE) == 0) {
        return;
    }
    for (i = 0; i < sim->watch_count; i++) {
        if (sim->watches[i] - (gpa - sim->high) >= size) {
            sim->watches[count++] = sim->watches[i];
        }
    }
    sim->watch_count = count;
    for (i = 0, count = 0; i < sim->note_count; i++) {
        if (sim->notes[i].address - (gpa - sim->high) >= size) {
            sim->notes[count++] = sim->notes[i];
        }
    }
    sim->note_count = count;
}

/** Plans name nothing that the operation has nothing to do with. */
static void pair_check_bounds(struct pair *pair) {
    uint32_t i;
    for (i = 0; i < pair->host->cover_count; i++) {
        CHECK(pair->host->cover[i].first >= pair->plan_low);
        CHECK(pair->host->cover[i].last <= pair->plan_high);
    }
}

/** The plans of what changes or replaces pages cover every one of them. */
static void pair_check_plans(struct pair *pair) {
    uint32_t i;
    for (i = 0; i < pair->model.cell_count; i++) {
        const struct model_cell *was = &pair->before[i];
        const struct model_cell *is = &pair->model.cells[i];
        if (was->state == MODEL_MAPPED &&
            (is->state != MODEL_MAPPED || is->flags != was->flags || is->hpa != was->hpa)) {
            CHECK(host_is_covered(pair->host, was->first, was->last));
        }
    }
}

/** Frames of pages that are gone are free (or taken anew for something else). */
static void pair_check_released(struct pair *pair) {
    uint32_t i;
    for (i = 0; i < pair->model.cell_count; i++) {
        const struct model_cell *was = &pair->before[i];
        const struct model_cell *is = &pair->model.cells[i];
        if (was->state == MODEL_MAPPED && was->kind == AXADDR_AREA_ALLOC &&
            (is->state != MODEL_MAPPED || is->hpa != was->hpa)) {
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

    sim_end(&pair->sim);
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
        pair_check_bounds(pair);
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

/** A map: what it replaces goes as by an unmap, otherwise it only adds. */
static void pair_check_map(struct pair *pair, uint64_t gpa, uint64_t size, uint32_t flags,
                           bool is_live) {
    if ((flags & AXADDR_REPLACE) == 0) {
        pair_check_added(pair, is_live);
        return;
    }
    if (check_case_failed || pair->status != AXADDR_OK) {
        return;
    }
    pair_check_released(pair);
    pair_check_plans(pair);
    if (!pair_was_mapped(pair, gpa, size) && pair->host->op_freed == 0) {
        CHECK_EQ(pair->host->op_plan_count, 0);
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
    pair_forget_notes(pair, gpa, size, flags);
    pair_end(pair, expected, status);
    pair_check_map(pair, gpa, size, flags, true);
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
    pair_forget_notes(pair, gpa, (uint64_t)count * MODEL_PAGE, flags);
    pair_end(pair, expected, status);
    pair_check_map(pair, gpa, (uint64_t)count * MODEL_PAGE, flags, true);
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
    pair_check_map(pair, gpa, size, flags, backing == AXADDR_POPULATE);
    if (backing == AXADDR_LAZY && !check_case_failed) {
        /* What replaces may have to cut what was there, in the same way. */
        CHECK(pair->host->op_taken <=
              pair_reservation_max(pair) * ((flags & AXADDR_REPLACE) != 0 ? 2 : 1));
    }
}

AXADDR_UNUSED static void pair_map_device(struct pair *pair, uint64_t gpa, uint64_t size,
                                          uint32_t cookie) {
    enum axaddr_status expected;
    enum axaddr_status status;

    pair_begin(pair, gpa, size);
    status = pair->ops->map_device(pair->space, gpa, size, cookie);
    expected = model_map_device(&pair->model, gpa, size, cookie, 0);
    pair_end(pair, expected, status);
    pair_check_added(pair, false);
    if (!check_case_failed) {
        CHECK(pair->host->op_taken <= pair_reservation_max(pair));
    }
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

/** What a range must come to that is changed in nothing but the sizes of its leaves. */
static enum axaddr_status pair_expect_range(const struct pair *pair, uint64_t gpa, uint64_t size) {
    uint32_t from;
    uint32_t to;
    return model_range(&pair->model, gpa, size, &from, &to) ? AXADDR_OK : AXADDR_INVALID;
}

AXADDR_UNUSED static void pair_split(struct pair *pair, uint64_t gpa, uint64_t size) {
    enum axaddr_status status;
    uint32_t i;

    pair_begin(pair, gpa, size);
    status = pair->ops->split(pair->space, gpa, size);
    pair_end(pair, pair_expect_range(pair, gpa, size), status);
    for (i = 0; i < pair->model.cell_count && status == AXADDR_OK && !check_case_failed; i++) {
        const struct model_cell *cell = &pair->model.cells[i];
        if (cell->first >= gpa && cell->last <= gpa + size - 1 && cell->state == MODEL_MAPPED) {
            CHECK_EQ(mmu_walk(&pair->mmu, cell->first).level, 0);
        }
    }
}

AXADDR_UNUSED static void pair_collapse(struct pair *pair, uint64_t gpa, uint64_t size) {
    enum axaddr_status status;

    pair_begin(pair, gpa, size);
    status = pair->ops->collapse(pair->space, gpa, size);
    pair_end(pair, pair_expect_range(pair, gpa, size), status);
    CHECK_EQ(pair->host->op_taken, 0);
}

AXADDR_UNUSED static void pair_fault(struct pair *pair, uint64_t gpa, uint32_t access) {
    enum axaddr_fault expected;
    enum axaddr_fault fault;
    uint64_t page = gpa & ~(MODEL_PAGE - 1);
    uint64_t hash = pair->audit.hash;
    uint32_t refused;

    pair_begin(pair, page, MODEL_PAGE);
    fault = pair->ops->handle_fault(pair->space, gpa, access);
    if (fault == AXADDR_FAULT_SPURIOUS) {
        sim_check_spurious(&pair->sim, gpa, access);
    }
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

/** Hardware notes an access and a write in the leaf of an address, where the machine does that. */
AXADDR_UNUSED static void pair_touch(struct pair *pair, uint64_t gpa) {
    const struct sim_regime *regime = pair->sim.regime;
    struct mmu_entry at = mmu_walk(&pair->mmu, gpa);
    if (mmu_is_leaf(&pair->mmu, &at) && pair->host->shadow == 0) {
        mmu_write(&pair->mmu, at.table, at.index, at.entry | regime->accessed | regime->dirty);
    }
}

/** A CPU (by index) begins to run on the space, or does so no more. */
AXADDR_UNUSED static void pair_move_cpu(struct pair *pair, unsigned cpu) {
    uint32_t bit = UINT32_C(1) << cpu;
    uint32_t number = pair->tlb.cpu_numbers[cpu];

    if (!pair->names_cpus) {
        return;
    }
    if ((pair->sim.walkers & bit) == 0) {
        pair->ops->enter_cpu(pair->space, number);
        pair->sim.walkers |= bit;
    } else {
        sim_tlb_clear(&pair->tlb, bit); /* first it forgets all */
        pair->ops->leave_cpu(pair->space, number);
        pair->sim.walkers &= ~bit;
    }
}

/** Its VMID, and every other time who runs on it: plans must name the one and may use the other. */
static void pair_tag(struct pair *pair) {
    unsigned cpu;

    pair->sim.vmid = 1 + (uint32_t)(host_random(pair->host) % 100);
    pair->ops->set_vmid(pair->space, pair->sim.vmid);
    pair->names_cpus = host_random(pair->host) % 2 == 0;
    for (cpu = 0; cpu < pair->tlb.cpu_count && pair->names_cpus; cpu++) {
        pair->ops->enter_cpu(pair->space, pair->tlb.cpu_numbers[cpu]);
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
    if (ops->hal->clean_dcache != 0 && host->shadow == 0) {
        host_split_memory(host);
    }
    host_begin(host);
    pair->donated_count = host->used_count;
    CHECK_EQ(
        ops->init(pair->space, host, pair->model.start, pair->model.last - pair->model.start + 1),
        AXADDR_OK);
    pair->mmu.format = ops->format;
    pair->mmu.host = host;
    pair->mmu.root = ops->root(pair->space);
    sim_tlb_init(&pair->tlb, host);
    sim_init(&pair->sim, &pair->tlb, host, ops->format->name, pair->mmu.root,
             pair->model.start - mmu_cut(ops->format, pair->model.start));
    pair->sim.has_updates = ops->hal->lock != 0; /* only these bear a leaf that hardware notes in */
    pair_tag(pair);
    pair_compare(pair);
}

/** Forget the pair without a look at it: after a failure. */
AXADDR_UNUSED static void pair_abandon(struct pair *pair) {
    if (pair->sim.frames != 0) {
        sim_destroy(&pair->sim);
        sim_tlb_destroy(&pair->tlb);
    }
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
    sim_stop(&pair->sim);
    pair->ops->destroy(pair->space);
    sim_check_gone(&pair->sim);
    pair_abandon(pair);
    CHECK_EQ(host->used_count, pair->donated_count);
    host_check_freed(host);
    CHECK_STR(host_error(host), "");
}

#endif /* AXADDR_TESTS_PAIR_H */
