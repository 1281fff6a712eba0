/* SPDX-License-Identifier: MIT
 *
 * stress.c: threads on one space, as fast as they can: vCPUs that touch guest memory and handle the
 * faults that they meet, two editors that map, unmap, protect, split, collapse and harvest, and one
 * thread that only looks. Built with ThreadSanitizer and without; run.sh has the numbers.
 *
 *     stress FORMAT SEED ROUNDS
 *
 * The window is cut into cells: single pages at the ends of each unit (what an entry of level 1
 * spans), and the rest of the unit. A third of the units belongs to either editor, who keeps a model
 * of them, and so knows what each call must say; the last third belongs to both, and is only checked
 * for what must always hold. A cell has a version, odd while it is edited: if it is the same even
 * number before and after, what was found in between must be what the model says.
 */
/* The toy formats count in a plain variable how often they publish, and nobody here reads it. */
__attribute__((no_sanitize("thread"))) static inline void toy_publish(void);

#include "../area_frames.h"
#include "../toy_format.h"
#include "memory.h"

#include <sched.h>
#include <threads.h>

#define UNIT_COUNT   9
#define UNIT_CELLS   8 /* six single pages, the rest, and the last page */
#define CELL_COUNT   (UNIT_COUNT * UNIT_CELLS)
#define EDITOR_COUNT 2
#define POPULATE_MAX 24 /* pages */
#define RETRY_MAX    100000
#define STEP_MAX     64  /* entries */
#define EDIT_TOUCHES 16  /* for each edit, vCPUs touch about so many pages, */
#define TOUCH_LEAD   512 /* or at most so many more; */
#define EDIT_LEAD    32  /* and editors are at most so many edits ahead */

enum cell_kind { CELL_EMPTY, CELL_LAZY, CELL_ZERO, CELL_BACKED, CELL_LINEAR, CELL_DEVICE };

struct cell {
    uint64_t first;
    uint64_t pages;
    _Atomic uint32_t version;
    _Atomic uint32_t kind;
    _Atomic uint32_t flags;
};

/** What a cell was at some moment. */
struct view {
    uint32_t version;
    enum cell_kind kind;
    uint32_t flags;
};

struct ops {
    const struct axaddr_format *format;
    enum axaddr_status (*init)(uint64_t size);
    void (*destroy)(void);
    uint64_t (*root)(void);
    enum axaddr_status (*map_alloc)(uint64_t gpa, uint64_t size, uint32_t flags,
                                    enum axaddr_backing backing);
    enum axaddr_status (*map_linear)(uint64_t gpa, uint64_t hpa, uint64_t size, uint32_t flags);
    enum axaddr_status (*map_device)(uint64_t gpa, uint64_t size, uint32_t cookie);
    enum axaddr_status (*map_backed)(uint64_t gpa, uint64_t size, uint32_t flags, uint32_t cookie);
    enum axaddr_status (*unmap)(uint64_t gpa, uint64_t size);
    enum axaddr_status (*protect)(uint64_t gpa, uint64_t size, uint32_t flags);
    enum axaddr_status (*split)(uint64_t gpa, uint64_t size);
    enum axaddr_status (*collapse)(uint64_t gpa, uint64_t size);
    enum axaddr_status (*harvest)(uint64_t gpa, uint64_t size, uint32_t notes);
    enum axaddr_status (*perform)(const struct axaddr_request *request, struct axaddr_terms *terms);
    enum axaddr_status (*translate)(uint64_t gpa, uint64_t *hpa);
    enum axaddr_status (*query)(uint64_t gpa, struct axaddr_mapping *mapping);
    enum axaddr_fault (*fault)(uint64_t gpa, uint32_t access);
    enum axaddr_fault (*fault_from)(uint64_t gpa, uint32_t access, struct axaddr_pool *pool);
    enum axaddr_status (*resize_pool)(struct axaddr_pool *pool, uint64_t count);
    enum axaddr_status (*find_area)(uint64_t gpa, struct axaddr_area *area);
    void (*stats)(struct axaddr_stats *stats);
    void (*enter_cpu)(unsigned cpu);
    void (*leave_cpu)(unsigned cpu);
};

/* One function of the space `word`: its result, name, parameters and arguments. */
#define OP(type, word, name, parameters, arguments)                                                \
    static type word##_op_##name parameters {                                                      \
        return word##_##name arguments;                                                            \
    }

#define OP_VOID(word, name, parameters, arguments)                                                 \
    static void word##_op_##name parameters {                                                      \
        word##_##name arguments;                                                                   \
    }

#define OPS_DEFINE(word, format_)                                                                  \
    AXADDR_DEFINE_SPACE(word, format_, memory_hal);                                                \
    static struct word word##_space;                                                               \
    OP(enum axaddr_status, word, init, (uint64_t size), (&word##_space, 0, axaddr_gpa(0), size))   \
    OP_VOID(word, destroy, (void), (&word##_space))                                                \
    OP(enum axaddr_status, word, map_alloc,                                                        \
       (uint64_t gpa, uint64_t size, uint32_t flags, enum axaddr_backing backing),                 \
       (&word##_space, axaddr_gpa(gpa), size, flags, backing))                                     \
    OP(enum axaddr_status, word, map_linear,                                                       \
       (uint64_t gpa, uint64_t hpa, uint64_t size, uint32_t flags),                                \
       (&word##_space, axaddr_gpa(gpa), axaddr_hpa(hpa), size, flags))                             \
    OP(enum axaddr_status, word, map_device, (uint64_t gpa, uint64_t size, uint32_t cookie),       \
       (&word##_space, axaddr_gpa(gpa), size, cookie))                                             \
    OP(enum axaddr_status, word, map_backed,                                                       \
       (uint64_t gpa, uint64_t size, uint32_t flags, uint32_t cookie),                             \
       (&word##_space, axaddr_gpa(gpa), size, flags, cookie))                                      \
    OP(enum axaddr_status, word, unmap, (uint64_t gpa, uint64_t size),                             \
       (&word##_space, axaddr_gpa(gpa), size))                                                     \
    OP(enum axaddr_status, word, protect, (uint64_t gpa, uint64_t size, uint32_t flags),           \
       (&word##_space, axaddr_gpa(gpa), size, flags))                                              \
    OP(enum axaddr_status, word, split, (uint64_t gpa, uint64_t size),                             \
       (&word##_space, axaddr_gpa(gpa), size))                                                     \
    OP(enum axaddr_status, word, collapse, (uint64_t gpa, uint64_t size),                          \
       (&word##_space, axaddr_gpa(gpa), size))                                                     \
    OP(enum axaddr_status, word, harvest, (uint64_t gpa, uint64_t size, uint32_t notes),           \
       (&word##_space, axaddr_gpa(gpa), size, notes))                                              \
    OP(enum axaddr_status, word, perform,                                                          \
       (const struct axaddr_request *request, struct axaddr_terms *terms),                         \
       (&word##_space, request, terms))                                                            \
    OP(enum axaddr_status, word, query, (uint64_t gpa, struct axaddr_mapping * mapping),           \
       (&word##_space, axaddr_gpa(gpa), mapping))                                                  \
    OP(enum axaddr_fault, word, handle_fault, (uint64_t gpa, uint32_t access),                     \
       (&word##_space, axaddr_gpa(gpa), access))                                                   \
    OP(enum axaddr_fault, word, handle_fault_from,                                                 \
       (uint64_t gpa, uint32_t access, struct axaddr_pool * pool),                                 \
       (&word##_space, axaddr_gpa(gpa), access, pool))                                             \
    OP(enum axaddr_status, word, resize_pool, (struct axaddr_pool * pool, uint64_t count),         \
       (&word##_space, pool, count))                                                               \
    OP(enum axaddr_status, word, find_area, (uint64_t gpa, struct axaddr_area * area),             \
       (&word##_space, axaddr_gpa(gpa), area))                                                     \
    OP_VOID(word, stats, (struct axaddr_stats * stats), (&word##_space, stats))                    \
    OP_VOID(word, enter_cpu, (unsigned cpu), (&word##_space, cpu))                                 \
    OP_VOID(word, leave_cpu, (unsigned cpu), (&word##_space, cpu))                                 \
    static uint64_t word##_op_root(void) {                                                         \
        return word##_root(&word##_space).raw;                                                     \
    }                                                                                              \
    static enum axaddr_status word##_op_translate(uint64_t gpa, uint64_t *hpa) {                   \
        axaddr_hpa_t found = axaddr_hpa(*hpa);                                                     \
        enum axaddr_status status = word##_translate(&word##_space, axaddr_gpa(gpa), &found);      \
        *hpa = found.raw;                                                                          \
        return status;                                                                             \
    }                                                                                              \
    static enum axaddr_status word##_op_set_up(uint64_t size) {                                    \
        enum axaddr_status status = word##_op_init(size);                                          \
        return status != AXADDR_OK ? status                                                        \
                                   : word##_set_zero_frame(&word##_space, axaddr_hpa(ZERO_FRAME)); \
    }                                                                                              \
    static const struct ops word##_ops = {                                                         \
        .format = &format_,                                                                        \
        .init = word##_op_set_up,                                                                  \
        .destroy = word##_op_destroy,                                                              \
        .root = word##_op_root,                                                                    \
        .map_alloc = word##_op_map_alloc,                                                          \
        .map_linear = word##_op_map_linear,                                                        \
        .map_device = word##_op_map_device,                                                        \
        .map_backed = word##_op_map_backed,                                                        \
        .unmap = word##_op_unmap,                                                                  \
        .protect = word##_op_protect,                                                              \
        .split = word##_op_split,                                                                  \
        .collapse = word##_op_collapse,                                                            \
        .harvest = word##_op_harvest,                                                              \
        .perform = word##_op_perform,                                                              \
        .translate = word##_op_translate,                                                          \
        .query = word##_op_query,                                                                  \
        .fault = word##_op_handle_fault,                                                           \
        .fault_from = word##_op_handle_fault_from,                                                 \
        .resize_pool = word##_op_resize_pool,                                                      \
        .find_area = word##_op_find_area,                                                          \
        .stats = word##_op_stats,                                                                  \
        .enter_cpu = word##_op_enter_cpu,                                                          \
        .leave_cpu = word##_op_leave_cpu,                                                          \
    };

OPS_DEFINE(toy_vm, toy)
OPS_DEFINE(ept_vm, axaddr_x86_ept)
OPS_DEFINE(arm_vm, axaddr_aarch64_stage2_40)
OPS_DEFINE(riscv_vm, axaddr_riscv_sv39x4)

static const struct ops *const all_ops[] = {&toy_vm_ops, &ept_vm_ops, &arm_vm_ops, &riscv_vm_ops};

static const struct ops *ops;
static struct cell cells[CELL_COUNT];
static uint64_t window_last;
static uint64_t seed;
static unsigned round_count;

static _Atomic unsigned editor_count = EDITOR_COUNT; /**< that are still at it */
static _Atomic uint64_t edit_count;                  /**< edits that have begun */
static _Atomic uint64_t touch_count;                 /**< what vCPUs have tried */

/* For the closing line. */
static _Atomic uint64_t access_count;
static _Atomic uint64_t fault_counts[AXADDR_FAULT_NO_MEMORY + 1];
static _Atomic uint64_t busy_count;
static _Atomic uint64_t edit_counts[AXADDR_UNSUPPORTED + 1];

/* ---- cells ---- */

static void cut_cells(void) {
    uint64_t unit = UINT64_C(1) << format->shift[1];
    unsigned c;

    window_first = UINT64_C(1) << format->shift[format->level_count - 1];
    window_last = window_first + UNIT_COUNT * unit - 1;
    for (c = 0; c < CELL_COUNT; c++) {
        unsigned n = c % UNIT_CELLS;
        cells[c].first = window_first + c / UNIT_CELLS * unit;
        cells[c].pages = 1;
        if (n < UNIT_CELLS - 1) {
            cells[c].first += n * FRAME_SIZE;
        } else {
            cells[c].first += unit - FRAME_SIZE;
        }
        if (n == UNIT_CELLS - 2) {
            cells[c].pages = unit / FRAME_SIZE - (UNIT_CELLS - 1);
        }
    }
}

static struct view look_at(const struct cell *cell) {
    struct view view;

    view.version = atomic_load(&cell->version);
    view.kind = (enum cell_kind)atomic_load(&cell->kind);
    view.flags = atomic_load(&cell->flags);
    return view;
}

/** Whether nobody has edited a cell since `view` was taken, so that it tells what there was. */
static bool is_stable(const struct cell *cell, const struct view *view) {
    unsigned unit = (unsigned)(cell - cells) / UNIT_CELLS;

    return unit < 2 * UNIT_COUNT / 3 && view->version % 2 == 0 &&
           atomic_load(&cell->version) == view->version;
}

/** Whether a translation is one that a cell may have. */
static bool is_right(const struct view *view, uint64_t page, uint64_t hpa, uint32_t flags) {
    uint32_t read_only = view->flags & ~AXADDR_WRITE;

    switch (view->kind) {
    case CELL_LAZY:
        return is_own(hpa) && flags == view->flags;
    case CELL_ZERO:
        return is_own(hpa) ? flags == view->flags || flags == read_only
                           : hpa == ZERO_FRAME && flags == read_only;
    case CELL_BACKED:
        return is_own(hpa) ? flags == view->flags || flags == read_only
                           : hpa == FILE_BASE + (page - window_first) && flags == read_only;
    case CELL_LINEAR:
        return hpa == LINEAR_BASE + (page - window_first) && flags == view->flags;
    case CELL_EMPTY:
    case CELL_DEVICE:
        break;
    }
    return false;
}

static uint64_t pick_page(const struct cell *cell) {
    return cell->first + (cell->pages > 1 ? pick(2) * FRAME_SIZE : 0);
}

static uint32_t pick_flags(void) {
    static const uint32_t choices[] = {AXADDR_READ, AXADDR_READ | AXADDR_WRITE,
                                       AXADDR_READ | AXADDR_WRITE | AXADDR_EXECUTE,
                                       AXADDR_READ | AXADDR_WRITE | AXADDR_UNCACHED};
    uint32_t flags = choices[pick(4)];

    return format->can_hold(flags) ? flags : choices[1];
}

/* ---- vCPUs ---- */

static void check_fault(const struct cell *cell, const struct view *view, uint64_t page,
                        uint32_t access, enum axaddr_fault result, bool was_refused) {
    bool is_good = false;

    if (result == AXADDR_FAULT_NO_MEMORY && !was_refused) {
        complain("a fault at 0x%" PRIx64 " says NO_MEMORY, and no allocation failed", page);
    }
    if (!is_stable(cell, view)) {
        return;
    }
    switch (view->kind) {
    case CELL_EMPTY:
        is_good = result == AXADDR_FAULT_UNMAPPED;
        break;
    case CELL_DEVICE:
        is_good = result == AXADDR_FAULT_DEVICE;
        break;
    case CELL_LAZY:
    case CELL_ZERO:
    case CELL_BACKED:
    case CELL_LINEAR:
        is_good = (access & ~view->flags) != 0
                      ? result == AXADDR_FAULT_DENIED
                      : result == AXADDR_FAULT_RESOLVED || result == AXADDR_FAULT_NO_MEMORY;
        break;
    }
    if (!is_good && result != AXADDR_FAULT_SPURIOUS) {
        complain("a fault at 0x%" PRIx64 " (access %" PRIu32
                 ") says %s, the cell is %d, flags 0x%" PRIx32,
                 page, access, axaddr_fault_name(result), (int)view->kind, view->flags);
    }
}

/** A cell, most often one where something is. */
static const struct cell *pick_cell(void) {
    const struct cell *cell = &cells[pick(CELL_COUNT)];
    unsigned tries;

    for (tries = 0; tries < 3 && atomic_load(&cell->kind) == CELL_EMPTY; tries++) {
        cell = &cells[pick(CELL_COUNT)];
    }
    return cell;
}

/** An editor is at work on a page, and may not be running just now. */
static void wait_for_editor(unsigned tries) {
    const struct timespec pause = {0, 100000};

    if (tries > 1000) {
        thrd_sleep(&pause, 0);
    } else if (tries > 10) {
        sched_yield();
    }
}

/** Touch a page until it is done or cannot be. */
static void touch_page(unsigned v, struct axaddr_pool *pool, const struct cell *cell) {
    uint64_t page = pick_page(cell);
    uint32_t access = pick(2) == 0 ? AXADDR_READ : AXADDR_WRITE;
    unsigned tries;

    for (tries = 0; tries < RETRY_MAX; tries++) {
        struct view view = look_at(cell);
        struct tlb_entry used;
        enum axaddr_fault result;
        unsigned refused;

        if (guest_access(v, ops->root(), page, access, &used) == ACCESS_DONE) {
            if (is_stable(cell, &view) && !is_right(&view, page, used.hpa, used.flags)) {
                complain("page 0x%" PRIx64 " is 0x%" PRIx64 " flags 0x%" PRIx32
                         ", the cell is %d, flags 0x%" PRIx32,
                         page, used.hpa, used.flags, (int)view.kind, view.flags);
            }
            atomic_fetch_add(&access_count, 1);
            return;
        }
        if (pool != 0 && ops->resize_pool(pool, format->level_count) != AXADDR_OK) {
            continue;
        }
        refused = thread_refused;
        result = pool == 0 ? ops->fault(page, access) : ops->fault_from(page, access, pool);
        check_fault(cell, &view, page, access, result, refused != thread_refused);
        atomic_fetch_add(&fault_counts[result], 1);
        if (result != AXADDR_FAULT_RESOLVED && result != AXADDR_FAULT_SPURIOUS) {
            return;
        }
        wait_for_editor(tries);
    }
    complain("page 0x%" PRIx64 " faults for ever", page);
}

/** vCPU number `v`; the last one brings its own frames. */
static void run_vcpu(unsigned v) {
    struct axaddr_pool pool = {0, 0};
    unsigned i;

    ops->enter_cpu(v);
    for (i = 0; i < round_count || atomic_load(&editor_count) > 0; i++) {
        touch_page(v, v == VCPU_COUNT - 1 ? &pool : 0, pick_cell());
        atomic_fetch_add(&touch_count, 1);
        while (atomic_load(&touch_count) > atomic_load(&edit_count) * EDIT_TOUCHES + TOUCH_LEAD &&
               atomic_load(&editor_count) > 0) {
            sched_yield();
        }
        if (pick(500) == 0) { /* it goes elsewhere, and comes back */
            forget_all(v);
            ops->leave_cpu(v);
            ops->enter_cpu(v);
        }
    }
    forget_all(v);
    ops->leave_cpu(v);
    if (ops->resize_pool(&pool, 0) != AXADDR_OK) {
        complain("a pool does not give its frames back");
    }
}

/* ---- looking ---- */

static void check_look(const struct cell *cell, const struct view *view, uint64_t page) {
    struct axaddr_mapping mapping;
    enum axaddr_status status = ops->query(page, &mapping);
    static const enum axaddr_absent_kind absent[] = {AXADDR_ABSENT_EMPTY,  AXADDR_ABSENT_RESERVED,
                                                     AXADDR_ABSENT_SPARSE, AXADDR_ABSENT_BACKED,
                                                     AXADDR_ABSENT_EMPTY,  AXADDR_ABSENT_TRAPPED};
    bool is_good;

    if (status == AXADDR_BUSY) {
        atomic_fetch_add(&busy_count, 1);
        return;
    }
    if (!is_stable(cell, view)) {
        return;
    }
    if (status == AXADDR_OK) {
        is_good = is_right(view, page, mapping.hpa.raw, mapping.flags);
    } else {
        is_good = status == AXADDR_NOT_MAPPED && view->kind != CELL_LINEAR &&
                  mapping.kind == absent[view->kind] && mapping.flags == view->flags;
    }
    if (!is_good) {
        complain("query of 0x%" PRIx64 " says %s 0x%" PRIx64 " kind %d flags 0x%" PRIx32
                 ", the cell is %d, flags 0x%" PRIx32,
                 page, axaddr_status_name(status), mapping.hpa.raw, (int)mapping.kind,
                 mapping.flags, (int)view->kind, view->flags);
    }
}

static void check_translate(const struct cell *cell, const struct view *view, uint64_t page) {
    uint64_t hpa = 0;
    enum axaddr_status status = ops->translate(page + 5, &hpa);

    if (status == AXADDR_BUSY || !is_stable(cell, view)) {
        return;
    }
    if (status == AXADDR_OK
            ? (view->kind == CELL_LINEAR && hpa - 5 != LINEAR_BASE + page - window_first) ||
                  view->kind == CELL_EMPTY || view->kind == CELL_DEVICE
            : view->kind == CELL_LINEAR) {
        complain("translate of 0x%" PRIx64 " says %s 0x%" PRIx64 ", the cell is %d", page,
                 axaddr_status_name(status), hpa, (int)view->kind);
    }
}

static void check_area(const struct cell *cell, const struct view *view, uint64_t page) {
    static const enum axaddr_area_kind kinds[] = {AXADDR_AREA_DEVICE, AXADDR_AREA_ALLOC,
                                                  AXADDR_AREA_ALLOC,  AXADDR_AREA_BACKED,
                                                  AXADDR_AREA_LINEAR, AXADDR_AREA_DEVICE};
    struct axaddr_area area;
    enum axaddr_status status = ops->find_area(page, &area);

    if (!is_stable(cell, view)) {
        return;
    }
    if (status != (view->kind == CELL_EMPTY ? AXADDR_NOT_MAPPED : AXADDR_OK) ||
        (status == AXADDR_OK &&
         (area.first > page || area.last < page || area.kind != kinds[view->kind] ||
          (area.flags & AXADDR_MAPPING_FLAGS) != view->flags))) {
        complain("find_area of 0x%" PRIx64 " says %s, the cell is %d", page,
                 axaddr_status_name(status), (int)view->kind);
    }
}

static void check_stats(void) {
    struct axaddr_stats stats;

    ops->stats(&stats);
    if (stats.table_count > FRAME_COUNT || stats.area_count > CELL_COUNT) {
        complain("stats say that there are %" PRIu64 " tables and %" PRIu64 " areas",
                 stats.table_count, stats.area_count);
    }
}

static void run_looker(void) {
    unsigned i;

    for (i = 0; i < round_count || atomic_load(&editor_count) > 0; i++) {
        const struct cell *cell = &cells[pick(CELL_COUNT)];
        struct view view = look_at(cell);
        uint64_t page = pick_page(cell);

        if (pick(256) == 0) {
            check_stats();
        }
        switch (pick(16)) {
        case 0:
            check_area(cell, &view, page);
            break;
        case 1:
        case 2:
        case 3:
        case 4:
        case 5:
        case 6:
        case 7:
            check_translate(cell, &view, page);
            break;
        default:
            check_look(cell, &view, page);
            break;
        }
    }
}

/* ---- editors ---- */

enum edit_kind {
    EDIT_UNMAP,
    EDIT_LAZY,
    EDIT_ZERO,
    EDIT_LARGE,
    EDIT_POPULATE,
    EDIT_BACKED,
    EDIT_LINEAR,
    EDIT_DEVICE,
    EDIT_PROTECT,
    EDIT_SPLIT,
    EDIT_COLLAPSE,
    EDIT_HARVEST,
};

struct edit {
    enum edit_kind kind;
    unsigned from; /**< cells */
    unsigned to;
    uint32_t flags;
    uint32_t how; /**< REPLACE, or 0 */
    uint64_t first;
    uint64_t size;
    bool is_in_steps;
};

/** An edit in steps, each of which is tried again until there is memory for it. */
static enum axaddr_status make_steps(const struct edit *edit, enum axaddr_operation operation) {
    struct axaddr_request request = axaddr_request_of(
        operation, edit->first, edit->size, operation == AXADDR_OP_HARVEST ? AXADDR_NOTES : 0);
    enum axaddr_status status = AXADDR_OK;
    unsigned tries;

    for (tries = 0; tries < RETRY_MAX && request.size > 0; tries++) {
        struct axaddr_terms terms = {0, 1 + pick(STEP_MAX), 0};

        status = ops->perform(&request, &terms);
        if (status != AXADDR_OK && status != AXADDR_NO_MEMORY) {
            break;
        }
        request.start += terms.done;
        request.size -= terms.done;
    }
    return status;
}

static enum axaddr_status make_edit(const struct edit *edit) {
    uint32_t flags = edit->flags | edit->how;

    if (edit->is_in_steps && edit->kind == EDIT_UNMAP) {
        return make_steps(edit, AXADDR_OP_UNMAP);
    }
    if (edit->is_in_steps && edit->kind == EDIT_SPLIT) {
        return make_steps(edit, AXADDR_OP_SPLIT);
    }
    if (edit->is_in_steps && edit->kind == EDIT_HARVEST) {
        return make_steps(edit, AXADDR_OP_HARVEST);
    }
    switch (edit->kind) {
    case EDIT_UNMAP:
        return ops->unmap(edit->first, edit->size);
    case EDIT_LAZY:
        return ops->map_alloc(edit->first, edit->size, flags, AXADDR_LAZY);
    case EDIT_ZERO:
        return ops->map_alloc(edit->first, edit->size, flags | AXADDR_ZERO_PAGE, AXADDR_LAZY);
    case EDIT_LARGE:
        return ops->map_alloc(edit->first, edit->size, flags | AXADDR_LARGE, AXADDR_LAZY);
    case EDIT_POPULATE:
        return ops->map_alloc(edit->first, edit->size, flags, AXADDR_POPULATE);
    case EDIT_BACKED:
        return ops->map_backed(edit->first, edit->size, flags, 3);
    case EDIT_LINEAR:
        return ops->map_linear(edit->first, LINEAR_BASE + (edit->first - window_first), edit->size,
                               flags);
    case EDIT_DEVICE:
        return ops->map_device(edit->first, edit->size, 4);
    case EDIT_PROTECT:
        return ops->protect(edit->first, edit->size, edit->flags);
    case EDIT_SPLIT:
        return ops->split(edit->first, edit->size);
    case EDIT_COLLAPSE:
        return ops->collapse(edit->first, edit->size);
    case EDIT_HARVEST:
        return ops->harvest(edit->first, edit->size, AXADDR_NOTES);
    }
    return AXADDR_INVALID;
}

static bool is_map(const struct edit *edit) {
    return edit->kind >= EDIT_LAZY && edit->kind <= EDIT_DEVICE;
}

/** What an edit of cells that nobody else edits must come to, if there is memory. */
static enum axaddr_status expected_status(const struct edit *edit) {
    enum axaddr_status status = AXADDR_OK;
    unsigned c;

    for (c = edit->from; c <= edit->to; c++) {
        uint32_t kind = atomic_load(&cells[c].kind);
        if (is_map(edit) && edit->how == 0 && kind != CELL_EMPTY) {
            return AXADDR_EXISTS;
        }
        if (edit->kind == EDIT_PROTECT && kind == CELL_EMPTY) {
            return AXADDR_NOT_MAPPED;
        }
        if (edit->kind == EDIT_PROTECT && kind == CELL_DEVICE) {
            status = AXADDR_DENIED;
        }
    }
    return status;
}

/** Enter into the model what an edit has done. */
static void model_edit(const struct edit *edit) {
    static const uint32_t kinds[] = {CELL_EMPTY, CELL_LAZY,   CELL_ZERO,   CELL_LAZY,
                                     CELL_LAZY,  CELL_BACKED, CELL_LINEAR, CELL_DEVICE};
    unsigned c;

    for (c = edit->from; c <= edit->to; c++) {
        if (edit->kind <= EDIT_DEVICE) {
            atomic_store(&cells[c].kind, kinds[edit->kind]);
        }
        if (is_map(edit) || edit->kind == EDIT_PROTECT) {
            atomic_store(&cells[c].flags, edit->kind == EDIT_DEVICE ? 0 : edit->flags);
        } else if (edit->kind == EDIT_UNMAP) {
            atomic_store(&cells[c].flags, 0);
        }
    }
}

/** A range within `count` cells from `base` on, most often a small one. */
static void pick_range(struct edit *edit, unsigned base, unsigned count) {
    unsigned length = pick(4) == 0 ? 1 + pick(count) : 1 + pick(4);
    const struct cell *last;

    length = length < count ? length : count;
    edit->from = base + pick(count - length + 1);
    edit->to = edit->from + length - 1;
    last = &cells[edit->to];
    edit->first = cells[edit->from].first;
    edit->size = last->first + last->pages * FRAME_SIZE - edit->first;
}

static enum edit_kind pick_kind(void) {
    static const enum edit_kind choices[] = {
        EDIT_UNMAP,   EDIT_UNMAP,  EDIT_UNMAP,  EDIT_UNMAP,    EDIT_UNMAP,   EDIT_UNMAP,
        EDIT_LAZY,    EDIT_LAZY,   EDIT_LAZY,   EDIT_LAZY,     EDIT_LAZY,    EDIT_ZERO,
        EDIT_ZERO,    EDIT_ZERO,   EDIT_LARGE,  EDIT_LARGE,    EDIT_BACKED,  EDIT_BACKED,
        EDIT_BACKED,  EDIT_LINEAR, EDIT_LINEAR, EDIT_POPULATE, EDIT_DEVICE,  EDIT_PROTECT,
        EDIT_PROTECT, EDIT_SPLIT,  EDIT_SPLIT,  EDIT_HARVEST,  EDIT_HARVEST, EDIT_COLLAPSE};
    return choices[pick(sizeof(choices) / sizeof(choices[0]))];
}

/** One edit; with `is_modelled` nobody else edits these cells. */
static void edit_once(unsigned base, unsigned count, bool is_modelled) {
    unsigned refused = thread_refused;
    struct edit edit;
    enum axaddr_status expected;
    enum axaddr_status status;
    unsigned c;

    edit.kind = pick_kind();
    edit.flags = pick_flags();
    edit.is_in_steps = pick(8) == 0;
    pick_range(&edit, base, count);
    if (edit.kind == EDIT_POPULATE && edit.size > POPULATE_MAX * FRAME_SIZE) {
        edit.kind = EDIT_LAZY;
    }
    edit.how = is_map(&edit) && edit.kind != EDIT_DEVICE && pick(4) == 0 ? AXADDR_REPLACE : 0;
    expected = expected_status(&edit);
    for (c = edit.from; is_modelled && c <= edit.to; c++) {
        atomic_fetch_add(&cells[c].version, 1);
    }
    status = make_edit(&edit);
    if (is_modelled && status == AXADDR_OK) {
        model_edit(&edit);
    }
    for (c = edit.from; is_modelled && c <= edit.to; c++) {
        atomic_fetch_add(&cells[c].version, 1);
    }
    atomic_fetch_add(&edit_counts[status], 1);
    if (status == AXADDR_NO_MEMORY ? refused == thread_refused
                                   : is_modelled && status != expected) {
        complain("edit %d of [0x%" PRIx64 ", size 0x%" PRIx64 "] says %s, expected %s",
                 (int)edit.kind, edit.first, edit.size, axaddr_status_name(status),
                 axaddr_status_name(expected));
    }
}

/** Editor number `e`. Neither it nor the vCPUs run ahead: what one leaves, the others must meet. */
static void run_editor(unsigned e) {
    unsigned third = CELL_COUNT / 3;
    unsigned i;

    for (i = 0; i < round_count; i++) {
        uint64_t ahead = atomic_fetch_add(&edit_count, 1);
        while (atomic_load(&touch_count) + EDIT_LEAD * EDIT_TOUCHES < ahead * EDIT_TOUCHES) {
            sched_yield();
        }
        if (pick(4) == 0) {
            edit_once(2 * third, third, false);
        } else {
            edit_once(e * third, third, true);
        }
    }
    atomic_fetch_sub(&editor_count, 1);
}

/* ---- the end ---- */

/** A cell against its model, now that nothing else runs. Returns the frames that it holds. */
static unsigned check_cell(const struct cell *cell) {
    struct view view = look_at(cell);
    unsigned count = 0;
    uint64_t i;

    for (i = 0; i < cell->pages; i++) {
        uint64_t page = cell->first + i * FRAME_SIZE;
        struct axaddr_mapping mapping;
        enum axaddr_status status = ops->query(page, &mapping);

        check_look(cell, &view, page);
        if (status != AXADDR_OK && status != AXADDR_NOT_MAPPED) {
            complain("at the end, query of 0x%" PRIx64 " says %s", page,
                     axaddr_status_name(status));
        }
        if (status == AXADDR_OK && is_own(mapping.hpa.raw)) {
            count++;
            touch(page, mapping.hpa.raw, frame_serial(mapping.hpa.raw), mapping.flags, AXADDR_READ);
        }
    }
    check_area(cell, &view, cell->first);
    return count;
}

/** In what both editors have edited, the areas tell what a page may be. */
static void check_shared(const struct cell *cell) {
    struct axaddr_area area;
    struct axaddr_mapping mapping;
    struct view view = {0, CELL_EMPTY, 0};
    enum axaddr_status status = ops->query(cell->first, &mapping);
    bool is_good;

    if (ops->find_area(cell->first, &area) == AXADDR_OK) {
        view.flags = area.flags & AXADDR_MAPPING_FLAGS;
        view.kind = area.kind == AXADDR_AREA_LINEAR   ? CELL_LINEAR
                    : area.kind == AXADDR_AREA_BACKED ? CELL_BACKED
                    : area.kind == AXADDR_AREA_DEVICE ? CELL_DEVICE
                    : (area.flags & AXADDR_ZERO_PAGE) ? CELL_ZERO
                                                      : CELL_LAZY;
    }
    is_good = status == AXADDR_OK
                  ? is_right(&view, cell->first, mapping.hpa.raw, mapping.flags)
                  : view.kind != CELL_LINEAR && mapping.flags == view.flags &&
                        (view.kind == CELL_EMPTY) == (mapping.kind == AXADDR_ABSENT_EMPTY);
    if (!is_good) {
        complain("at the end, 0x%" PRIx64 " is %s 0x%" PRIx64 " flags 0x%" PRIx32
                 ", its area is of kind %d, flags 0x%" PRIx32,
                 cell->first, axaddr_status_name(status), mapping.hpa.raw, mapping.flags,
                 (int)view.kind, view.flags);
    }
}

static void check_end(void) {
    struct axaddr_stats stats;
    uint64_t held = 0;
    unsigned c;

    for (c = 0; c < CELL_COUNT; c++) {
        held += check_cell(&cells[c]);
        if (c >= 2 * CELL_COUNT / 3) {
            check_shared(&cells[c]);
        }
    }
    ops->stats(&stats);
    held += stats.table_count + stats.area_frame_count;
    if (!area_frames_are_right(stats.area_count, stats.area_frame_count)) {
        complain("%" PRIu64 " areas take %" PRIu64 " frames", stats.area_count,
                 stats.area_frame_count);
    }
    if (held != used_frame_count()) {
        complain("at the end %u frames are in use, the space holds %" PRIu64, used_frame_count(),
                 held);
    }
    ops->destroy();
    if (used_frame_count() != 0) {
        complain("%u frames are lost", used_frame_count());
    }
    for (c = 0; c < FRAME_SIZE; c++) {
        if (zero_memory[c] != 0) {
            complain("the zero frame was written");
            break;
        }
    }
}

/* ---- threads ---- */

static void seed_thread(unsigned index) {
    thread_index = index;
    thread_random = (seed + 1) * UINT64_C(0x9e3779b97f4a7c15) + index;
    (void)next_random();
    (void)next_random();
}

static void *run_thread(void *argument) {
    unsigned index = (unsigned)(uintptr_t)argument;

    seed_thread(index);
    if (index < VCPU_COUNT) {
        run_vcpu(index);
    } else if (index < VCPU_COUNT + EDITOR_COUNT) {
        run_editor(index - VCPU_COUNT);
    } else {
        run_looker();
    }
    return 0;
}

static void report(void) {
    unsigned i;

    printf("%s %s, seed %" PRIu64 ": %" PRIu64 " accesses; faults",
           error_count == 0 ? "ok" : "FAIL", format->name, seed, access_count);
    for (i = 0; i <= AXADDR_FAULT_NO_MEMORY; i++) {
        printf(" %s %" PRIu64, axaddr_fault_name((enum axaddr_fault)i), fault_counts[i]);
    }
    printf("; edits");
    for (i = 0; i <= AXADDR_UNSUPPORTED; i++) {
        if (edit_counts[i] != 0) {
            printf(" %s %" PRIu64, axaddr_status_name((enum axaddr_status)i), edit_counts[i]);
        }
    }
    printf("; looks BUSY %" PRIu64 "; flushes %" PRIu64 ", notes %" PRIu64 "\n", busy_count,
           flush_count, harvest_count);
}

int main(int argc, char **argv) {
    pthread_t threads[THREAD_COUNT];
    unsigned i;

    for (i = 0; argc == 4 && i < sizeof(all_ops) / sizeof(all_ops[0]); i++) {
        if (strcmp(argv[1], all_ops[i]->format->name) == 0) {
            ops = all_ops[i];
        }
    }
    if (ops == 0) {
        fprintf(stderr, "usage: stress FORMAT SEED ROUNDS\n");
        return 2;
    }
    format = ops->format;
    seed = strtoull(argv[2], 0, 0);
    round_count = (unsigned)strtoul(argv[3], 0, 0);
    memory_init();
    cut_cells();
    seed_thread(THREAD_COUNT);
    while (ops->init(UINT64_C(1) << format->input_width) != AXADDR_OK) {
    }
    for (i = 0; i < THREAD_COUNT; i++) {
        if (pthread_create(&threads[i], 0, run_thread, (void *)(uintptr_t)i) != 0) {
            abort();
        }
    }
    for (i = 0; i < THREAD_COUNT; i++) {
        pthread_join(threads[i], 0);
    }
    thread_index = 0;
    check_end();
    if (fault_counts[AXADDR_FAULT_RESOLVED] == 0 || edit_counts[AXADDR_OK] == 0) {
        complain("nothing was tested");
    }
    report();
    return error_count != 0;
}
