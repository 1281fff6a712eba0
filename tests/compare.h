/* SPDX-License-Identifier: MIT
 *
 * compare.h: a space and its model side by side, and the comparison of the two: every entry of the
 * table, as hardware reads it; query and translate; the areas; the statistics; the frames' ledger.
 * The operations are in pair.h.
 */
#ifndef AXADDR_TESTS_COMPARE_H
#define AXADDR_TESTS_COMPARE_H

#include "check.h"
#include "mmu.h"
#include "model.h"
#include "sim.h"
#include "spaces.h"

#define PAIR_WATCH_MAX 12
#define PAIR_SPARSITY  16

/** What a walk over the whole table found. */
struct pair_audit {
    const struct model *model;
    const struct sim *sim;
    uint32_t cell;        /**< the next cell that an entry may belong to */
    uint64_t high;        /**< what the window's addresses have above the format's width */
    uint64_t table_count; /**< in frames */
    uint64_t leaf_count[AXADDR_LEVEL_MAX];
    uint64_t mapped_bytes;
    uint64_t reserved_bytes;
    uint64_t trapped_bytes;
    uint64_t hash;
    bool has_entries[AXADDR_LEVEL_MAX];
    char error[160];
};

struct pair {
    const struct space_ops *ops;
    struct host *host;
    void *space;
    struct model model;
    struct model_cell *before; /**< the model's cells before the operation */
    struct mmu mmu;
    struct pair_audit audit;
    struct sim sim;
    struct sim_tlb tlb;
    bool names_cpus; /**< CPUs say when they begin and end to run on it (enter_cpu, leave_cpu) */
    uint64_t watched[PAIR_WATCH_MAX]; /**< addresses that the operation has to do with */
    unsigned watch_count;
    uint64_t plan_low; /**< bounds of what the operation's plans may name */
    uint64_t plan_high;
    uint32_t used_before;
    unsigned publish_before;
    uint32_t donated_count; /**< frames of the arena that are the test's own */

    uint32_t fail_in; /**< for the next operation; see host_fail_in */
    bool is_fail_sticky;
    enum axaddr_status status; /**< of the last operation (OK also for a fault that was resolved) */
    uint32_t refused;          /**< allocations refused in it */
};

/* ---- the table against the model ---- */

__attribute__((unused, format(printf, 2, 3))) static void
pair_audit_error(struct pair_audit *audit, const char *format, ...) {
    va_list arguments;
    if (audit->error[0] != '\0') {
        return;
    }
    va_start(arguments, format);
    vsnprintf(audit->error, sizeof(audit->error), format, arguments);
    va_end(arguments);
}

/** What an entry that is not a table says of [first, last], against one cell. */
static void pair_audit_cell(struct pair_audit *audit, const struct mmu *mmu,
                            const struct mmu_entry *at, const struct model_cell *cell) {
    const struct axaddr_format *format = mmu->format;
    uint64_t offset = cell->first - audit->high - at->first;
    uint64_t leaf = mmu_plain(mmu, at);
    uint64_t payload;

    switch (cell->state) {
    case MODEL_HOLE:
        if (at->entry != format->empty) {
            pair_audit_error(audit, "a hole at 0x%" PRIx64 " has entry 0x%" PRIx64, cell->first,
                             at->entry);
        }
        return;
    case MODEL_MAPPED:
        if (!mmu_is_leaf(mmu, at)) {
            pair_audit_error(audit, "mapped 0x%" PRIx64 " has entry 0x%" PRIx64, cell->first,
                             at->entry);
        } else if (cell->hpa != MODEL_UNKNOWN &&
                   format->frame_of(leaf, at->level) + offset != cell->hpa) {
            pair_audit_error(audit, "0x%" PRIx64 " is mapped to 0x%" PRIx64 ", expected 0x%" PRIx64,
                             cell->first, format->frame_of(leaf, at->level) + offset, cell->hpa);
        } else if (format->flags_of(leaf, at->level) != cell->flags) {
            pair_audit_error(audit, "0x%" PRIx64 " has flags 0x%x, expected 0x%x", cell->first,
                             format->flags_of(leaf, at->level), cell->flags);
        }
        return;
    case MODEL_RESERVED:
    case MODEL_TRAPPED:
        break;
    }
    payload = format->absent_value(at->entry);
    if (format->kind_of(at->entry, at->level) != AXADDR_ENTRY_ABSENT ||
        format->absent_kind(at->entry) !=
            (cell->state == MODEL_RESERVED ? AXADDR_ABSENT_RESERVED : AXADDR_ABSENT_TRAPPED)) {
        pair_audit_error(audit, "reserved or trapped 0x%" PRIx64 " has entry 0x%" PRIx64,
                         cell->first, at->entry);
    } else if (cell->state == MODEL_RESERVED && axaddr_payload_flags(payload) != cell->flags) {
        pair_audit_error(audit, "reserved 0x%" PRIx64 " has flags 0x%x, expected 0x%x", cell->first,
                         axaddr_payload_flags(payload), cell->flags);
    } else if (cell->state == MODEL_TRAPPED && axaddr_payload_cookie(payload) != cell->cookie) {
        pair_audit_error(audit, "trapped 0x%" PRIx64 " has cookie 0x%x, expected 0x%x", cell->first,
                         axaddr_payload_cookie(payload), cell->cookie);
    }
}

/** An entry that is not a table, against the cells that it covers. */
static void pair_audit_span(struct pair_audit *audit, const struct mmu *mmu,
                            const struct mmu_entry *at) {
    const struct model *model = audit->model;
    uint64_t start = model->start - audit->high;
    uint64_t last = model->last - audit->high;
    uint32_t i;

    if ((at->first < start || at->last > last) && at->entry != mmu->format->empty) {
        pair_audit_error(
            audit, "entry 0x%" PRIx64 " of table address 0x%" PRIx64 " reaches out of the space",
            at->entry, at->first);
        return;
    }
    if (at->last < start || at->first > last) {
        return;
    }
    while (model->cells[audit->cell].last - audit->high < at->first) {
        audit->cell++;
    }
    for (i = audit->cell; i < model->cell_count && model->cells[i].first - audit->high <= at->last;
         i++) {
        /* A cell that began in an earlier entry is compared from this entry's first byte on. */
        struct model_cell part = model->cells[i];
        if (part.first - audit->high < at->first) {
            if (part.hpa != MODEL_UNKNOWN) {
                part.hpa += at->first - (part.first - audit->high);
            }
            part.first = at->first + audit->high;
        }
        pair_audit_cell(audit, mmu, at, &part);
    }
}

/** A table frame, or the frame of a page: hardware can reach it, and by one way only. */
static void pair_audit_live(struct pair_audit *audit, const struct mmu *mmu, uint64_t frame,
                            const struct mmu_entry *at, bool is_table) {
    const struct host_frame *known = host_used_frame(mmu->host, frame);
    uint32_t index;
    if (known == 0) {
        if (is_table || host_index(mmu->host, frame, &index)) {
            pair_audit_error(audit,
                             "0x%" PRIx64 " is reached by way of 0x%" PRIx64 " and not in use",
                             frame, at->first);
        }
        return;
    }
    if (known->is_live) {
        pair_audit_error(audit, "frame 0x%" PRIx64 " is reached twice", frame);
    }
    host_set_live(mmu->host, frame, at->first + audit->high, at->last + audit->high, is_table);
}

/** What the format's hooks say of a live entry is what hardware makes of it. */
static void pair_audit_hardware(struct pair_audit *audit, const struct mmu *mmu,
                                const struct mmu_entry *at) {
    static const enum sim_kind kinds[] = {SIM_ABSENT, SIM_LEAF, SIM_TABLE};
    const struct axaddr_format *format = mmu->format;
    const struct sim_regime *regime = audit->sim->regime;
    struct sim_entry said = regime->decode(at->entry, at->level);
    uint64_t leaf = mmu_plain(mmu, at);
    uint64_t frame = 0;
    uint32_t flags = AXADDR_MAPPING_FLAGS;
    uint32_t withheld = 0; /* where software notes writes, it waits for the first one */

    if (said.kind != kinds[format->kind_of(at->entry, at->level)]) {
        pair_audit_error(audit, "hardware does not take entry 0x%" PRIx64 " of level %u for that",
                         at->entry, at->level);
        return;
    }
    if (said.kind == SIM_LEAF) {
        frame = format->frame_of(leaf, at->level);
        flags = format->flags_of(leaf, at->level);
        if (regime->dirty == 0 && format->notes_of != 0 &&
            (format->notes_of(leaf, at->level) & AXADDR_DIRTY) == 0) {
            withheld = flags & AXADDR_WRITE;
        }
        if (said.is_run) {
            frame &= ~axaddr_low_bits(sim_leaf_shift(regime, &said, at->level));
        }
        if (said.is_run &&
            !sim_is_whole_run(audit->sim, at->table, at->index, at->level, &said, false)) {
            pair_audit_error(audit, "0x%" PRIx64 " is part of a run that is not whole", at->first);
        }
    } else if (said.kind == SIM_TABLE) {
        frame = format->table_of(at->entry);
    }
    if (said.frame != frame ||
        (said.kind == SIM_LEAF && ((said.rights | withheld) != (flags & SIM_RIGHTS) ||
                                   said.type != sim_type_of(regime, flags))) ||
        (said.kind == SIM_TABLE && (said.rights & AXADDR_ACCESS_FLAGS) != AXADDR_ACCESS_FLAGS)) {
        pair_audit_error(audit,
                         "to hardware entry 0x%" PRIx64 " of level %u is 0x%" PRIx64
                         ", rights %x, type %x",
                         at->entry, at->level, said.frame, said.rights, said.type);
    }
}

/** An entry without what hardware may note in it at any time. */
static uint64_t pair_without_notes(const struct pair_audit *audit, const struct mmu *mmu,
                                   const struct mmu_entry *at) {
    const struct sim_regime *regime = audit->sim->regime;

    switch (mmu->format->kind_of(at->entry, at->level)) {
    case AXADDR_ENTRY_LEAF:
        return at->entry & ~(regime->accessed | regime->dirty);
    case AXADDR_ENTRY_TABLE:
        return at->entry & ~(regime->has_table_accessed ? regime->accessed : 0);
    case AXADDR_ENTRY_ABSENT:
        break;
    }
    return at->entry;
}

static void pair_audit_entry(void *argument, const struct mmu *mmu, const struct mmu_entry *at) {
    struct pair_audit *audit = (struct pair_audit *)argument;
    const struct axaddr_format *format = mmu->format;
    uint64_t span = at->last - at->first + 1;
    uint64_t frame;

    pair_audit_hardware(audit, mmu, at);
    audit->hash = (audit->hash ^ pair_without_notes(audit, mmu, at)) * UINT64_C(0x100000001b3);
    audit->hash = (audit->hash ^ at->first ^ at->last ^ at->level) * UINT64_C(0x100000001b3);
    if (at->index == 0) {
        audit->has_entries[at->level] = false;
    }
    if (at->entry != format->empty) {
        audit->has_entries[at->level] = true;
    }
    if (at->index + at->count == UINT32_C(1) << format->index_bits[at->level] &&
        !audit->has_entries[at->level] && at->level != format->level_count - 1u) {
        pair_audit_error(audit, "the table at 0x%" PRIx64 " is empty and was not freed", at->table);
    }
    switch (format->kind_of(at->entry, at->level)) {
    case AXADDR_ENTRY_TABLE:
        audit->table_count++;
        pair_audit_live(audit, mmu, format->table_of(at->entry), at, true);
        return;
    case AXADDR_ENTRY_LEAF:
        audit->leaf_count[at->level]++;
        audit->mapped_bytes += span;
        if ((format->leaf_levels >> at->level & 1) == 0) {
            pair_audit_error(audit, "a leaf at level %u", at->level);
        }
        frame = format->frame_of(mmu_plain(mmu, at), at->level);
        if ((frame & (span - 1)) != 0) {
            pair_audit_error(audit, "a leaf of level %u maps 0x%" PRIx64, at->level, frame);
        }
        if (at->level == 0) {
            pair_audit_live(audit, mmu, frame, at, false);
        }
        break;
    case AXADDR_ENTRY_ABSENT:
        if (format->absent_kind(at->entry) == AXADDR_ABSENT_RESERVED) {
            audit->reserved_bytes += span;
        } else if (format->absent_kind(at->entry) == AXADDR_ABSENT_TRAPPED) {
            audit->trapped_bytes += span;
        } else if (at->entry != format->empty) {
            pair_audit_error(audit, "entry 0x%" PRIx64 " at 0x%" PRIx64 " was left behind",
                             at->entry, at->first);
        }
        break;
    }
    pair_audit_span(audit, mmu, at);
}

/** Walk the whole table; also tells the ledger what hardware can reach from now on. */
static void pair_audit_run(struct pair *pair) {
    struct pair_audit *audit = &pair->audit;
    const struct axaddr_format *format = pair->ops->format;
    uint64_t i;

    memset(audit, 0, sizeof(*audit));
    audit->model = &pair->model;
    audit->sim = &pair->sim;
    audit->high = pair->model.start - mmu_cut(format, pair->model.start);
    audit->hash = UINT64_C(0xcbf29ce484222325);
    audit->table_count = UINT64_C(1) << format->root_order;
    host_clear_live(pair->host);
    for (i = 0; i < audit->table_count; i++) {
        host_set_live(pair->host, pair->mmu.root + i * HOST_FRAME_SIZE, pair->model.start,
                      pair->model.last, true);
    }
    mmu_visit(&pair->mmu, pair_audit_entry, audit);
}

/* ---- what callers see, against the model ---- */

static void pair_compare_address(struct pair *pair, uint64_t gpa) {
    const struct model_cell *cell = &pair->model.cells[model_cell_of(&pair->model, gpa)];
    struct axaddr_mapping mapping;
    struct mmu_entry leaf;
    uint64_t expected = 0;
    uint64_t hpa = 0;
    enum axaddr_status status = model_translate(&pair->model, gpa, &expected);

    CHECK_EQ(pair->ops->translate(pair->space, gpa, &hpa), status);
    CHECK_EQ(hpa, expected);
    memset(&mapping, 0xee, sizeof(mapping));
    CHECK_EQ(pair->ops->query(pair->space, gpa, &mapping), status);
    switch (cell->state) {
    case MODEL_MAPPED:
        leaf = mmu_walk(&pair->mmu, gpa);
        CHECK_EQ(mapping.hpa.raw, expected);
        CHECK_EQ(mapping.flags, cell->flags);
        CHECK_EQ(mapping.size, leaf.last - leaf.first + 1);
        break;
    case MODEL_HOLE:
        CHECK_EQ(mapping.kind, AXADDR_ABSENT_EMPTY);
        break;
    case MODEL_RESERVED:
        CHECK_EQ(mapping.kind, AXADDR_ABSENT_RESERVED);
        CHECK_EQ(mapping.flags, cell->flags);
        break;
    case MODEL_TRAPPED:
        CHECK_EQ(mapping.kind, AXADDR_ABSENT_TRAPPED);
        CHECK_EQ(mapping.cookie, cell->cookie);
        break;
    }
}

/** What a populated page holds: written when the page appears, compared for as long as it is. */
static uint64_t pair_signature(uint64_t gpa) {
    return gpa ^ UINT64_C(0x5ca1ab1e0ddba11);
}

/**
 * Ask for cells one by one. The whole table has been compared already, so an operation asks for its
 * own ends and each PAIR_SPARSITYth cell, the next operation for others.
 */
static void pair_compare_pages(struct pair *pair) {
    uint32_t step = pair->model.cell_count > 4 * PAIR_SPARSITY ? PAIR_SPARSITY : 1;
    uint32_t i;
    for (i = 0; i < pair->watch_count && !check_case_failed; i++) {
        pair_compare_address(pair, pair->watched[i]);
    }
    for (i = pair->host->operation % step; i < pair->model.cell_count; i += step) {
        const struct model_cell *cell = &pair->model.cells[i];
        pair_compare_address(pair, cell->first);
        if (check_case_failed) {
            return;
        }
        if (!model_is_page_cell(cell)) {
            pair_compare_address(pair, cell->last);
            pair_compare_address(pair, cell->first + (cell->last - cell->first) / 2);
        }
        if (cell->state == MODEL_MAPPED && cell->kind == AXADDR_AREA_ALLOC) {
            const uint8_t *at = host_peek(pair->host, cell->hpa);
            uint64_t signature = pair_signature(cell->first);
            CHECK(at != 0);
            CHECK(memcmp(at, &signature, sizeof(signature)) == 0);
            CHECK(memcmp(at + HOST_FRAME_SIZE - sizeof(signature), &signature, sizeof(signature)) ==
                  0);
        }
    }
}

static void pair_compare_area(struct pair *pair, const struct axaddr_area *area) {
    const struct model_cell *cell;
    uint32_t i = model_cell_of(&pair->model, area->first);

    CHECK_EQ(pair->model.cells[i].first, area->first);
    for (;; i++) {
        cell = &pair->model.cells[i];
        CHECK(cell->state != MODEL_HOLE);
        CHECK_EQ(area->kind, cell->kind);
        CHECK(area->name == cell->name);
        CHECK_EQ(area->tag, cell->tag);
        if (cell->state == MODEL_TRAPPED) {
            CHECK_EQ(area->cookie, cell->cookie);
        } else {
            CHECK_EQ(area->flags, cell->flags);
        }
        if (cell->kind == AXADDR_AREA_LINEAR) {
            CHECK_EQ(area->hpa + (cell->first - area->first), cell->hpa);
        }
        if (cell->last >= area->last) {
            break;
        }
    }
    CHECK_EQ(cell->last, area->last);
}

/** Whether `next` goes on where `area` ends, in every respect: they should be one. */
static bool pair_areas_adjoin(const struct axaddr_area *area, const struct axaddr_area *next) {
    return area->last + 1 == next->first && area->kind == next->kind && area->name == next->name &&
           area->tag == next->tag &&
           (area->kind == AXADDR_AREA_DEVICE ? area->cookie == next->cookie
                                             : area->flags == next->flags) &&
           (area->kind != AXADDR_AREA_LINEAR ||
            area->hpa + (next->first - area->first) == next->hpa);
}

/** The areas, one after the other, are the cells that are not holes; equal neighbours are one. */
static void pair_compare_areas(struct pair *pair, uint64_t *area_count) {
    struct axaddr_area area;
    struct axaddr_area before = {0};
    uint64_t from = pair->model.start;
    uint32_t cell = 0;

    *area_count = 0;
    while (pair->ops->next_area(pair->space, from, &area) == AXADDR_OK) {
        CHECK(area.first >= from);
        CHECK(area.last >= area.first);
        CHECK(area.last <= pair->model.last);
        CHECK(*area_count == 0 || !pair_areas_adjoin(&before, &area));
        before = area;
        while (pair->model.cells[cell].first < area.first) {
            CHECK(pair->model.cells[cell].state == MODEL_HOLE);
            cell++;
        }
        pair_compare_area(pair, &area);
        if (check_case_failed) {
            return;
        }
        cell = model_cell_of(&pair->model, area.last) + 1;
        (*area_count)++;
        if (area.last == pair->model.last) {
            return;
        }
        from = area.last + 1;
    }
    for (; cell < pair->model.cell_count; cell++) {
        CHECK(pair->model.cells[cell].state == MODEL_HOLE);
    }
}

/** find_area of one address, against its cell. */
static void pair_compare_find(struct pair *pair, uint64_t gpa) {
    const struct model_cell *cell = &pair->model.cells[model_cell_of(&pair->model, gpa)];
    struct axaddr_area area;
    enum axaddr_status status = pair->ops->find_area(pair->space, gpa, &area);

    if (cell->state == MODEL_HOLE) {
        CHECK_EQ(status, AXADDR_NOT_MAPPED);
        return;
    }
    CHECK_EQ(status, AXADDR_OK);
    CHECK(area.first <= gpa && area.last >= gpa);
    CHECK_EQ(area.kind, cell->kind);
}

static void pair_compare_stats(struct pair *pair, uint64_t area_count) {
    struct axaddr_stats stats;
    unsigned level;

    memset(&stats, 0xee, sizeof(stats));
    pair->ops->stats(pair->space, &stats);
    CHECK_EQ(stats.table_count, pair->audit.table_count);
    CHECK_EQ(stats.mapped_bytes, pair->audit.mapped_bytes);
    CHECK_EQ(stats.reserved_bytes, pair->audit.reserved_bytes);
    CHECK_EQ(stats.trapped_bytes, pair->audit.trapped_bytes);
    CHECK_EQ(stats.area_count, area_count);
    for (level = 0; level < pair->ops->format->level_count; level++) {
        CHECK_EQ(stats.leaf_count[level], pair->audit.leaf_count[level]);
    }
}

/** Every used frame is a table, a populated page, or (few) what areas are kept in. */
static void pair_compare_ledger(struct pair *pair, uint64_t area_count) {
    uint64_t known = pair->audit.table_count + pair->donated_count;
    uint32_t i;

    for (i = 0; i < pair->model.cell_count; i++) {
        const struct model_cell *cell = &pair->model.cells[i];
        if (cell->state == MODEL_MAPPED && cell->kind == AXADDR_AREA_ALLOC) {
            known += (cell->last - cell->first + 1) / MODEL_PAGE;
        }
    }
    CHECK(pair->host->used_count >= known);
    CHECK((pair->host->used_count - known) * HOST_FRAME_SIZE <=
          4 * HOST_FRAME_SIZE + area_count * 256);
    if (pair->ops->is_table) {
        CHECK_EQ(pair->host->used_count, known);
    }
    CHECK_STR(host_error(pair->host), "");
}

/** Compare everything. */
static void pair_compare(struct pair *pair) {
    uint64_t area_count = 0;

    pair_audit_run(pair);
    CHECK_STR(pair->audit.error, "");
    pair_compare_pages(pair);
    if (!pair->ops->is_table && !check_case_failed) {
        pair_compare_areas(pair, &area_count);
        if (!check_case_failed) {
            pair_compare_find(
                pair, pair->model.cells[pair->host->operation % pair->model.cell_count].last);
        }
    }
    if (!check_case_failed) {
        pair_compare_stats(pair, area_count);
    }
    if (!check_case_failed) {
        pair_compare_ledger(pair, area_count);
    }
}

#endif /* AXADDR_TESTS_COMPARE_H */
