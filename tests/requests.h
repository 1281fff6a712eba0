/* SPDX-License-Identifier: MIT
 *
 * requests.h: a space and a bare page table of every format with the calls that take a request
 * (axaddr_core/request.h), and pseudo-random requests to make of them, good ones and bad ones. The
 * state is a pair's (pair.h), and its model says what they must come to. Then two ways to look at a
 * table: its shape, and its leaves before and after a split.
 */
#ifndef AXADDR_TESTS_REQUESTS_H
#define AXADDR_TESTS_REQUESTS_H

#include "sim_access.h"
#ifndef AXADDR_ON_ENTRY_ACCESS
#define AXADDR_ON_ENTRY_ACCESS(slot, is_write) sim_tell_access(slot, is_write)
#endif

#include "pair.h"
#include "windows.h"

/* ---- the instances ---- */

struct request_ops {
    const struct space_ops *space; /**< the other calls */
    enum axaddr_status (*perform)(void *g, const struct axaddr_request *request,
                                  struct axaddr_terms *terms);
    enum axaddr_status (*tables_needed)(void *g, const struct axaddr_request *request,
                                        uint64_t *count);
    enum axaddr_status (*resize_pool)(void *g, struct axaddr_pool *pool, uint64_t count);
    enum axaddr_status (*split)(void *g, uint64_t gpa, uint64_t size);
    /** 0 for a bare table */
    enum axaddr_fault (*handle_fault_from)(void *g, uint64_t gpa, uint32_t access,
                                           struct axaddr_pool *pool);
};

#define REQUEST_ADAPTORS(word)                                                                     \
    static enum axaddr_status word##_op_perform(void *g, const struct axaddr_request *request,     \
                                                struct axaddr_terms *terms) {                      \
        return word##_perform((struct word *)g, request, terms);                                   \
    }                                                                                              \
    static enum axaddr_status word##_op_needed(void *g, const struct axaddr_request *request,      \
                                               uint64_t *count) {                                  \
        return word##_tables_needed((struct word *)g, request, count);                             \
    }                                                                                              \
    static enum axaddr_status word##_op_resize_pool(void *g, struct axaddr_pool *pool,             \
                                                    uint64_t count) {                              \
        return word##_resize_pool((struct word *)g, pool, count);                                  \
    }                                                                                              \
    static enum axaddr_status word##_op_split(void *g, uint64_t gpa, uint64_t size) {              \
        return word##_split((struct word *)g, axaddr_gpa(gpa), size);                              \
    }

#define REQUEST_SPACE(word, format, publish_count)                                                 \
    SPACE_KIND_IN(word, format, host_hal, publish_count)                                           \
    REQUEST_ADAPTORS(word)                                                                         \
    static enum axaddr_fault word##_op_fault_from(void *g, uint64_t gpa, uint32_t access,          \
                                                  struct axaddr_pool *pool) {                      \
        return word##_handle_fault_from((struct word *)g, axaddr_gpa(gpa), access, pool);          \
    }                                                                                              \
    static const struct request_ops word##_requests = {&word##_ops,      word##_op_perform,        \
                                                       word##_op_needed, word##_op_resize_pool,    \
                                                       word##_op_split,  word##_op_fault_from};

#define REQUEST_TABLE(word, format, publish_count)                                                 \
    TABLE_KIND_IN(word, format, host_hal, publish_count)                                           \
    REQUEST_ADAPTORS(word)                                                                         \
    static const struct request_ops word##_requests = {&word##_ops,      word##_op_perform,        \
                                                       word##_op_needed, word##_op_resize_pool,    \
                                                       word##_op_split,  0};

/* For every format, and where it counts how often it was told to publish. */
#define REQUEST_KINDS(KIND, suffix)                                                                \
    KIND(ept_##suffix, axaddr_x86_ept, 0)                                                          \
    KIND(x86_64_##suffix, axaddr_x86_64, 0)                                                        \
    KIND(s2_40_##suffix, axaddr_aarch64_stage2_40, 0)                                              \
    KIND(s2_48_##suffix, axaddr_aarch64_stage2_48, 0)                                              \
    KIND(sv39x4_##suffix, axaddr_riscv_sv39x4, 0)                                                  \
    KIND(sv48x4_##suffix, axaddr_riscv_sv48x4, 0)                                                  \
    KIND(sv39x4_pbmt_##suffix, axaddr_riscv_sv39x4_svpbmt, 0)                                      \
    KIND(sv48x4_pbmt_##suffix, axaddr_riscv_sv48x4_svpbmt, 0)                                      \
    KIND(toy_##suffix, toy, &toy_publish_count)                                                    \
    KIND(toy32_##suffix, toy32, &toy_publish_count)
#define REQUEST_ADDRESS(word, format, publish_count) &word##_requests,

REQUEST_KINDS(REQUEST_SPACE, space)
#ifndef REQUEST_SPACES_ONLY
REQUEST_KINDS(REQUEST_TABLE, table)
#endif

/** Spaces first, then bare tables, unless the test has no use for those. */
static const struct request_ops *const request_kinds[] = {REQUEST_KINDS(REQUEST_ADDRESS, space)
#ifndef REQUEST_SPACES_ONLY
                                                              REQUEST_KINDS(REQUEST_ADDRESS, table)
#endif
};
#define REQUEST_KIND_COUNT (sizeof(request_kinds) / sizeof(request_kinds[0]))

/* ---- a sequence ---- */

#define REQUEST_FRAME_MAX 1100 /**< pages of one FRAMES */
#define REQUEST_LEAF_MAX  600  /**< leaves of one LINEAR */
#define REQUEST_FRESH_MAX 100  /**< pages of one POPULATE */
struct sequence {
    const struct request_ops *ops;
    struct host host;
    struct pair pair;
    uint64_t random;
    uint64_t frames[REQUEST_FRAME_MAX];
};

/** A number below `count`. */
static uint64_t below(struct sequence *sequence, uint64_t count) {
    sequence->random ^= sequence->random >> 12;
    sequence->random ^= sequence->random << 25;
    sequence->random ^= sequence->random >> 27;
    return (sequence->random * UINT64_C(0x2545f4914f6cdd1d) >> 16) % count;
}

/** True once in `count` times. */
static bool rarely(struct sequence *sequence, uint64_t count) {
    return below(sequence, count) == 0;
}

AXADDR_UNUSED static uint64_t request_arena(const struct axaddr_format *format) {
    return format->output_width > 39 ? HOST_BASE : HOST_LOW_BASE;
}

/** Drop what a case that failed in its middle has left. */
static void sequence_clear(struct sequence *sequence) {
    if (sequence->host.memory != 0) {
        pair_abandon(&sequence->pair);
        host_destroy(&sequence->host);
    }
    memset(sequence, 0, sizeof(*sequence));
}

AXADDR_UNUSED static void sequence_begin(struct sequence *sequence, const struct request_ops *ops,
                                         enum window window, uint32_t page_count,
                                         uint32_t frame_count, unsigned order, uint64_t seed) {
    static uint64_t cuts[WINDOW_CUT_MAX];
    const struct axaddr_format *format = ops->space->format;

    sequence_clear(sequence);
    sequence->ops = ops;
    sequence->random = seed * UINT64_C(0x9e3779b97f4a7c15) + window + 1;
    host_init(&sequence->host, frame_count, request_arena(format), order);
    pair_init(&sequence->pair, ops->space, &sequence->host, cuts,
              window_cut(cuts, format, window, page_count));
}

AXADDR_UNUSED static void sequence_end(struct sequence *sequence) {
    if (check_case_failed) {
        pair_abandon(&sequence->pair);
    } else {
        pair_destroy(&sequence->pair);
    }
    host_destroy(&sequence->host);
}

/* ---- ranges ---- */

/** Set a request's range to cells [from, to]. */
static void request_set_cells(const struct sequence *sequence, struct axaddr_request *request,
                              uint32_t from, uint32_t to) {
    const struct model *model = &sequence->pair.model;

    request->start = model->cells[from].first;
    request->size = model->cells[to].last - request->start + 1;
}

/** Whether a map, a protect or a label could have this cell, too. */
static bool request_goes_on(const struct axaddr_request *request, const struct model_cell *cell) {
    return axaddr_request_is_map(request) ? cell->state == MODEL_HOLE
           : request->operation == AXADDR_OP_LABEL
               ? cell->state != MODEL_HOLE
               : cell->state == MODEL_MAPPED || cell->state == MODEL_RESERVED;
}

/** Cells from a random one on, sometimes whole leaves; mostly such as the operation can have. */
static void request_pick_cells(struct sequence *sequence, const struct axaddr_request *request,
                               uint32_t *from, uint32_t *to) {
    const struct model *model = &sequence->pair.model;
    uint64_t unit = window_unit(model->format, 1);
    bool is_map = axaddr_request_is_map(request);
    bool is_any =
        axaddr_request_is_replace(request) || (!is_map && request->operation != AXADDR_OP_PROTECT &&
                                               request->operation != AXADDR_OP_LABEL);
    unsigned bits = 1;
    uint64_t count;
    uint32_t i;

    while (model->cell_count >> bits > 1) {
        bits++;
    }
    *from = (uint32_t)below(sequence, model->cell_count);
    count = 1 + below(sequence, UINT64_C(1) << below(sequence, bits + 1));
    if (rarely(sequence, 3)) {
        uint64_t up = (model->cells[*from].first + unit - 1) & ~(unit - 1);
        if (model_has(model, up) && model->cells[model_cell_of(model, up)].first == up) {
            *from = model_cell_of(model, up);
            count = model_is_page_cell(&model->cells[*from])
                        ? unit / MODEL_PAGE * (1 + below(sequence, 2))
                        : count;
        }
    }
    count = count < model->cell_count - *from ? count : model->cell_count - *from;
    *to = *from + (uint32_t)count - 1;
    if (is_any || rarely(sequence, 8)) {
        return;
    }
    for (i = *from; i < *to && request_goes_on(request, &model->cells[i + 1]);) {
        i++;
    }
    *to = i < *to && rarely(sequence, 5) ? i + 1 : i; /* just one too many */
}

/* ---- what is mapped ---- */

/** The largest leaf. */
static uint64_t request_leaf_max(const struct axaddr_format *format) {
    unsigned level = 0;

    while ((format->leaf_levels >> (level + 1) & 1) != 0) {
        level++;
    }
    return UINT64_C(1) << format->shift[level];
}

/** Host memory for a LINEAR, out of the arena; false if that would be too many leaves. */
static bool request_pick_host(struct sequence *sequence, struct axaddr_request *request) {
    const struct axaddr_format *format = sequence->pair.model.format;
    uint64_t leaf_max = request_leaf_max(format);
    uint64_t leaves[3] = {leaf_max, window_unit(format, 1), MODEL_PAGE};
    uint64_t leaf = leaves[below(sequence, 3)];
    uint64_t end = sequence->host.base + sequence->host.frame_count * HOST_FRAME_SIZE;

    if (request->size / leaf > REQUEST_LEAF_MAX ||
        ((request->flags & AXADDR_SMALL) != 0 && request->size / MODEL_PAGE > REQUEST_LEAF_MAX)) {
        leaf = leaf_max;
        request->flags &= ~AXADDR_SMALL;
    }
    request->host = (request->start & (leaf - 1)) + leaf * below(sequence, 16);
    if (request->host < end && request->host + request->size > sequence->host.base) {
        request->host += (end - request->host + leaf - 1) / leaf * leaf;
    }
    return request->size / leaf <= REQUEST_LEAF_MAX &&
           model_is_output(&sequence->pair.model, request->host, request->size);
}

/** Frames for a FRAMES, in runs of any length, but whole cells; false if they would be too many. */
static bool request_pick_frames(struct sequence *sequence, struct axaddr_request *request) {
    const struct model *model = &sequence->pair.model;
    uint64_t unit = window_unit(model->format, 1);
    uint64_t count = request->size / MODEL_PAGE;
    uint64_t run_last = 0;
    uint64_t frame = 0;
    uint64_t i;

    if (count > REQUEST_FRAME_MAX) {
        return false;
    }
    for (i = 0; i < count; i++) {
        uint64_t address = request->start + i * MODEL_PAGE;
        if (i >= run_last && model->cells[model_cell_of(model, address)].first == address) {
            run_last = i + (UINT64_C(1) << below(sequence, 11));
            frame = (1 + below(sequence, 256)) * unit;
            frame += rarely(sequence, 2) ? MODEL_PAGE * below(sequence, 16) : address & (unit - 1);
        }
        sequence->frames[i] = frame;
        frame += MODEL_PAGE;
    }
    request->frames = sequence->frames;
    return true;
}

/** Flags that the format can hold, but for a few. */
static uint32_t request_pick_flags(struct sequence *sequence) {
    const struct axaddr_format *format = sequence->pair.model.format;
    uint32_t flags = (uint32_t)below(sequence, 64);

    if ((!axaddr_flags_are_valid(flags) || !format->can_hold(flags)) && !rarely(sequence, 16)) {
        flags = AXADDR_READ | (flags & AXADDR_WRITE);
    }
    return flags;
}

/* ---- requests ---- */

static const enum axaddr_operation request_operations[] = {
    AXADDR_OP_LINEAR, AXADDR_OP_FRAMES,  AXADDR_OP_UNMAP,    AXADDR_OP_PROTECT, AXADDR_OP_SPLIT,
    AXADDR_OP_LINEAR, AXADDR_OP_PROTECT, AXADDR_OP_POPULATE, AXADDR_OP_RESERVE, AXADDR_OP_RESERVE,
    AXADDR_OP_DEVICE, AXADDR_OP_UNMAP,   AXADDR_OP_LABEL};
#define REQUEST_TABLE_OPERATIONS 7 /**< the first ones are a bare table's, too */
#define REQUEST_SPACE_OPERATIONS 13

/** A name and a tag, or none. */
static void request_pick_label(struct sequence *sequence, struct axaddr_request *request) {
    static const char *const names[3] = {0, "ram", "rom"};

    request->name = names[below(sequence, 3)];
    request->tag = rarely(sequence, 2) ? 0 : UINT64_MAX - below(sequence, 2);
}

/** How what is mapped is mapped, before it is known where: REPLACE takes any place. */
static void request_pick_how(struct sequence *sequence, struct axaddr_request *request) {
    if (axaddr_request_is_map(request) && rarely(sequence, 3)) {
        request->flags |= AXADDR_REPLACE;
    }
    if (request->operation == AXADDR_OP_LABEL ||
        (axaddr_request_is_map(request) && rarely(sequence, 4))) {
        request_pick_label(sequence, request);
    }
}

/** A request with good arguments, if not a possible one. False: none this time. */
AXADDR_UNUSED static bool request_pick(struct sequence *sequence, struct axaddr_request *request) {
    const struct model *model = &sequence->pair.model;
    bool is_few = sequence->ops->space->is_table && !rarely(sequence, 32);
    uint32_t from;
    uint32_t to;

    *request =
        axaddr_request_of(request_operations[below(sequence, is_few ? REQUEST_TABLE_OPERATIONS
                                                                    : REQUEST_SPACE_OPERATIONS)],
                          0, 0, 0);
    request_pick_how(sequence, request);
    request_pick_cells(sequence, request, &from, &to);
    if ((request->operation == AXADDR_OP_UNMAP || axaddr_request_is_replace(request)) &&
        rarely(sequence, 32)) {
        from = 0;
        to = model->cell_count - 1;
    }
    if (request->operation == AXADDR_OP_POPULATE) {
        uint32_t i = from;
        while (i < to && model_is_page_cell(&model->cells[i]) && i - from < REQUEST_FRESH_MAX) {
            i++;
        }
        if (!model_is_page_cell(&model->cells[from]) || i == from) {
            return false;
        }
        to = i - 1;
    }
    request_set_cells(sequence, request, from, to);
    if (request->operation <= AXADDR_OP_RESERVE || request->operation == AXADDR_OP_PROTECT) {
        request->flags |= request_pick_flags(sequence);
    }
    if (request->operation <= AXADDR_OP_RESERVE && rarely(sequence, 8)) {
        request->flags |= AXADDR_SMALL;
    }
    if (request->operation == AXADDR_OP_DEVICE) {
        request->cookie = rarely(sequence, 4) ? AXADDR_COOKIE_MAX : (uint32_t)below(sequence, 4);
    }
    return request->operation == AXADDR_OP_LINEAR   ? request_pick_host(sequence, request)
           : request->operation == AXADDR_OP_FRAMES ? request_pick_frames(sequence, request)
                                                    : true;
}

/** Make one of its arguments wrong. */
AXADDR_UNUSED static void request_spoil(struct sequence *sequence, struct axaddr_request *request) {
    const struct model *model = &sequence->pair.model;
    uint64_t wide = UINT64_C(1) << model->format->output_width;
    uint64_t odd = 1 + below(sequence, MODEL_PAGE - 1);
    uint64_t bad[4] = {odd, wide, wide + MODEL_PAGE, UINT64_C(1) << 63};

    switch (below(sequence, 10)) {
    case 0:
        request->start += odd;
        return;
    case 1:
        request->size += odd;
        return;
    case 2:
        request->size = 0;
        return;
    case 3:
        request->size = 0 - MODEL_PAGE;
        return;
    case 4:
        request->start = rarely(sequence, 2) ? model->last + 1 : model->start - MODEL_PAGE;
        return;
    case 5:
        request->size = model->last - request->start + 1 + MODEL_PAGE;
        return;
    case 6:
        request->operation = (enum axaddr_operation)99;
        return;
    case 7:
        request->flags = rarely(sequence, 2) ? UINT32_C(256) << below(sequence, 8)
                                             : (uint32_t)below(sequence, 8) << 3;
        return;
    case 8:
        request->cookie = AXADDR_COOKIE_MAX + 1;
        request->frames = 0;
        request->host = bad[below(sequence, 4)];
        return;
    default:
        if (request->operation == AXADDR_OP_FRAMES) {
            sequence->frames[below(sequence, request->size / MODEL_PAGE)] = bad[below(sequence, 4)];
        }
        request->host = request->host % wide + wide - (request->size - MODEL_PAGE);
        return;
    }
}

/** What the model says of a request without its name and tag; it is done there. */
static enum axaddr_status request_model_plain(struct pair *pair,
                                              const struct axaddr_request *request) {
    struct model *model = &pair->model;
    uint64_t start = request->start;
    uint64_t size = request->size;
    uint32_t from;
    uint32_t to;

    if (!model_range(model, start, size, &from, &to)) {
        return AXADDR_INVALID;
    }
    switch (request->operation) {
    case AXADDR_OP_LINEAR:
        return model_map_linear(model, start, request->host, size, request->flags);
    case AXADDR_OP_FRAMES:
        return request->frames == 0
                   ? AXADDR_INVALID
                   : model_map_frames(model, start, (const axaddr_hpa_t *)request->frames,
                                      (size_t)(size / MODEL_PAGE), request->flags);
    case AXADDR_OP_POPULATE:
    case AXADDR_OP_RESERVE:
    case AXADDR_OP_DEVICE:
        if (pair->ops->is_table) { /* whose arguments are looked at all the same */
            return (request->operation == AXADDR_OP_DEVICE
                        ? request->cookie > AXADDR_COOKIE_MAX
                        : !axaddr_flags_are_valid(
                              request->flags &
                              ~(AXADDR_SMALL | AXADDR_LAZY_FLAGS | AXADDR_REPLACE)))
                       ? AXADDR_INVALID
                       : AXADDR_UNSUPPORTED;
        }
        return request->operation == AXADDR_OP_DEVICE
                   ? model_map_device(model, start, size, request->cookie, request->flags)
                   : model_map_alloc(model, start, size, request->flags,
                                     request->operation == AXADDR_OP_POPULATE ? AXADDR_POPULATE
                                                                              : AXADDR_LAZY);
    case AXADDR_OP_UNMAP:
        return model_unmap(model, start, size);
    case AXADDR_OP_PROTECT:
        return model_protect(model, start, size, request->flags);
    case AXADDR_OP_SPLIT:
        return AXADDR_OK;
    case AXADDR_OP_LABEL:
        return pair->ops->is_table ? AXADDR_UNSUPPORTED
                                   : model_label(model, start, size, request->name, request->tag);
    default:
        return AXADDR_INVALID;
    }
}

/** What the model says of a request; it is done there. */
static enum axaddr_status request_model(struct pair *pair, const struct axaddr_request *request) {
    enum axaddr_status status = request_model_plain(pair, request);

    if (status == AXADDR_OK && axaddr_request_is_map(request)) {
        (void)model_label(&pair->model, request->start, request->size, request->name, request->tag);
    }
    return status;
}

AXADDR_UNUSED static void request_forget_notes(struct pair *pair,
                                               const struct axaddr_request *request) {
    pair_forget_notes(pair, request->start, request->size,
                      axaddr_request_is_replace(request) ? AXADDR_REPLACE : 0);
}

/** Hardware notes something in the leaf of a random cell, or software forgets it. */
AXADDR_UNUSED static uint64_t request_touch(struct sequence *sequence, uint32_t cell) {
    struct pair *pair = &sequence->pair;
    struct mmu_entry at = mmu_walk(&pair->mmu, pair->model.cells[cell].first);
    uint64_t noted = pair->ops->format->noted;
    uint64_t bits = below(sequence, noted + 1) & noted;
    if (mmu_is_leaf(&pair->mmu, &at)) {
        mmu_write(&pair->mmu, at.table, at.index, (at.entry & ~noted) | bits);
        pair_audit_run(pair);
    }
    return bits;
}

/* ---- what a space looks like, whatever its frames are called ---- */

AXADDR_UNUSED static void shape_add(uint64_t *shape, uint64_t value) {
    *shape = (*shape ^ value) * UINT64_C(0x100000001b3);
    *shape ^= *shape >> 29;
}

AXADDR_UNUSED static void shape_entry(void *argument, const struct mmu *mmu,
                                      const struct mmu_entry *at) {
    const struct axaddr_format *format = mmu->format;
    uint64_t *shape = (uint64_t *)argument;
    uint64_t plain = mmu_plain(mmu, at);
    const uint8_t *bytes;
    uint64_t frame;

    shape_add(shape, at->first ^ at->level);
    shape_add(shape, at->last);
    switch (format->kind_of(at->entry, at->level)) {
    case AXADDR_ENTRY_ABSENT:
        shape_add(shape, at->entry);
        return;
    case AXADDR_ENTRY_TABLE:
        return;
    case AXADDR_ENTRY_LEAF:
        break;
    }
    frame = format->frame_of(plain, at->level);
    bytes = host_peek(mmu->host, frame);
    if (bytes != 0) {
        memcpy(&frame, bytes, sizeof(frame));
    }
    shape_add(shape, frame);
    shape_add(shape, format->flags_of(plain, at->level));
    /* To unmake a run notes all: how many are unmade depends on the steps. */
    shape_add(shape, format->run_bits == 0 ? at->entry & format->noted : 0);
}

/** A hash of all entries; of a frame of the arena, what it holds and not where it is. */
AXADDR_UNUSED static uint64_t shape_of(const struct mmu *mmu) {
    uint64_t shape = UINT64_C(0xcbf29ce484222325);

    mmu_visit(mmu, shape_entry, &shape);
    return shape;
}

/* ---- splits: every leaf before and after ---- */

struct leaf {
    struct mmu_entry at;
    uint64_t noted;
};

struct leaves {
    uint64_t first; /**< the range, as table addresses */
    uint64_t last;
    struct leaf *items;
    size_t count;
    size_t room;
    uint64_t need;  /**< tables that breaking up those of the range takes */
    unsigned cut;   /**< runs of large leaves that the range has only a part of */
    size_t current; /**< afterwards: the leaf that the next one is part of */
};

AXADDR_UNUSED static void leaves_note(void *argument, const struct mmu *mmu,
                                      const struct mmu_entry *at) {
    struct leaves *all = (struct leaves *)argument;
    unsigned level;

    if (!mmu_is_leaf(mmu, at)) {
        return;
    }
    if (all->count == all->room) {
        all->room = all->room * 2 + 64;
        all->items = (struct leaf *)realloc(all->items, all->room * sizeof(*all->items));
    }
    all->items[all->count].at = *at;
    all->items[all->count++].noted = at->entry & mmu->format->noted;
    if (at->last < all->first || at->first > all->last) {
        return;
    }
    for (level = at->level; level > 0; level--) {
        uint64_t first = at->first > all->first ? at->first : all->first;
        uint64_t last = at->last < all->last ? at->last : all->last;
        all->need += (last >> mmu->format->shift[level]) - (first >> mmu->format->shift[level]) + 1;
    }
}

/** Runs (format.h: make_run) that the range has only a part of: each is unmade by a plan. */
static unsigned runs_cut(const struct pair *pair, const struct axaddr_request *request,
                         unsigned level_min) {
    uint64_t edges[2] = {request->start, request->start + (request->size - 1)};
    uint64_t run_first[2];
    unsigned count = 0;
    unsigned i;

    for (i = 0; i < 2; i++) {
        struct mmu_entry at = mmu_walk(&pair->mmu, edges[i]);
        uint64_t mask = mmu_is_leaf(&pair->mmu, &at) ? mmu_run_mask(&pair->mmu, &at) : 0;
        run_first[i] = edges[i] & ~mask;
        if (mask != 0 && at.level >= level_min &&
            (run_first[i] < edges[0] || (edges[i] | mask) > edges[1]) &&
            (i == 0 || count == 0 || run_first[1] != run_first[0])) {
            count++;
        }
    }
    return count;
}

/** A leaf after the split: part of one that was there, and small if it is in the range. */
AXADDR_UNUSED static void leaves_compare(void *argument, const struct mmu *mmu,
                                         const struct mmu_entry *at) {
    struct leaves *all = (struct leaves *)argument;
    const struct axaddr_format *format = mmu->format;
    const struct leaf *old;
    uint64_t plain_old;
    uint64_t plain;
    bool is_in = at->last >= all->first && at->first <= all->last;

    if (!mmu_is_leaf(mmu, at)) {
        return;
    }
    while (all->current < all->count && all->items[all->current].at.last < at->first) {
        all->current++;
    }
    CHECK(all->current < all->count);
    old = &all->items[all->current];
    CHECK(old->at.first <= at->first && old->at.last >= at->last);
    /* What was noted is kept; where a run had to be unmade, all is noted. */
    CHECK((at->entry & format->noted) == old->noted ||
          (old->at.level > 0 && mmu_run_mask(mmu, &old->at) != 0 &&
           (at->entry & format->noted) == format->noted));
    plain = mmu_plain(mmu, at);
    plain_old = mmu_plain(mmu, &old->at);
    CHECK_EQ(format->flags_of(plain, at->level), format->flags_of(plain_old, old->at.level));
    CHECK_EQ(format->frame_of(plain, at->level),
             format->frame_of(plain_old, old->at.level) + (at->first - old->at.first));
    CHECK(!is_in || at->level == 0);
}

/** Before a split: note every leaf. */
AXADDR_UNUSED static void leaves_before(struct leaves *leaves, const struct pair *pair,
                                        const struct axaddr_request *request) {
    leaves->first = mmu_cut(pair->mmu.format, request->start);
    leaves->last = leaves->first + (request->size - 1);
    leaves->count = 0;
    leaves->need = 0;
    leaves->cut = runs_cut(pair, request, 1);
    leaves->current = 0;
    mmu_visit(&pair->mmu, leaves_note, leaves);
}

/** No leaf was lost or changed; one plan, which names what was broken, where the ISA wants a break. */
AXADDR_UNUSED static void leaves_after(struct leaves *leaves, const struct pair *pair,
                                       uint64_t mapped_bytes) {
    bool has_break = pair->mmu.format->needs_break != 0;
    size_t i;

    mmu_visit(&pair->mmu, leaves_compare, leaves);
    CHECK_EQ(pair->audit.mapped_bytes, mapped_bytes);
    CHECK_EQ(pair->host->op_plan_count, (has_break && leaves->need > 0 ? 1 : 0) + leaves->cut);
    for (i = 0; i < leaves->count && has_break; i++) {
        const struct mmu_entry *at = &leaves->items[i].at;
        if (at->level > 0 && at->first <= leaves->last && at->last >= leaves->first) {
            CHECK(host_is_covered(pair->host, at->first + pair->audit.high,
                                  at->last + pair->audit.high));
        }
    }
}

#endif /* AXADDR_TESTS_REQUESTS_H */
