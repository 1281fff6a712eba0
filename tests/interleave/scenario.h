/* SPDX-License-Identifier: MIT
 *
 * scenario.h: what threads do, in every order, and what may come of it. A scenario is a first state
 * and for each thread a script of calls. Before the orders are visited, the calls are made one
 * after the other in each sequential order; what these leave behind, and every state of a page on
 * the way, is what the concurrent runs are judged by:
 *
 *   - each page is at each moment as it is at some moment of some sequential order (or, where an
 *     edit of it may be seen, absent);
 *   - each answer of a fault, translate or query was true at some moment during the call;
 *   - results and last state are those of a sequential order; a fault that said SPURIOUS is asked
 *     again at the end, and that answer counts.
 */
#ifndef AXADDR_TESTS_INTERLEAVE_SCENARIO_H
#define AXADDR_TESTS_INTERLEAVE_SCENARIO_H

#include "machine.h"

#include "../toy_format.h"

/* ---- spaces of several formats behind one table ---- */

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
    enum axaddr_status (*translate)(uint64_t gpa, uint64_t *hpa);
    enum axaddr_status (*query)(uint64_t gpa, struct axaddr_mapping *mapping);
    enum axaddr_status (*perform)(const struct axaddr_request *request, struct axaddr_terms *terms);
    enum axaddr_status (*tables_needed)(const struct axaddr_request *request, uint64_t *count);
    enum axaddr_fault (*handle_fault)(uint64_t gpa, uint32_t access);
    enum axaddr_fault (*fault_from_pool)(uint64_t gpa, uint32_t access);
    enum axaddr_status (*find_area)(uint64_t gpa, struct axaddr_area *area);
    enum axaddr_status (*next_area)(uint64_t from, struct axaddr_area *area);
    void (*stats)(struct axaddr_stats *stats);
    void (*save)(void);    /**< keep the space's own state, */
    void (*restore)(void); /**< and go back to it */
};

#define OPS_DEFINE(word, format_)                                                                  \
    AXADDR_DEFINE_SPACE(word, format_, machine_hal);                                               \
    static struct word word##_space;                                                               \
    static struct word word##_saved;                                                               \
    static enum axaddr_status word##_op_init(uint64_t size) {                                      \
        enum axaddr_status status = word##_init(&word##_space, 0, axaddr_gpa(0), size);            \
        return status != AXADDR_OK                                                                 \
                   ? status                                                                        \
                   : word##_set_zero_frame(&word##_space, axaddr_hpa(MACHINE_ZERO));               \
    }                                                                                              \
    static void word##_op_destroy(void) {                                                          \
        word##_destroy(&word##_space);                                                             \
    }                                                                                              \
    static uint64_t word##_op_root(void) {                                                         \
        return word##_root(&word##_space).raw;                                                     \
    }                                                                                              \
    static enum axaddr_status word##_op_map_alloc(uint64_t gpa, uint64_t size, uint32_t flags,     \
                                                  enum axaddr_backing backing) {                   \
        return word##_map_alloc(&word##_space, axaddr_gpa(gpa), size, flags, backing);             \
    }                                                                                              \
    static enum axaddr_status word##_op_map_linear(uint64_t gpa, uint64_t hpa, uint64_t size,      \
                                                   uint32_t flags) {                               \
        return word##_map_linear(&word##_space, axaddr_gpa(gpa), axaddr_hpa(hpa), size, flags);    \
    }                                                                                              \
    static enum axaddr_status word##_op_map_device(uint64_t gpa, uint64_t size, uint32_t cookie) { \
        return word##_map_device(&word##_space, axaddr_gpa(gpa), size, cookie);                    \
    }                                                                                              \
    static enum axaddr_status word##_op_map_backed(uint64_t gpa, uint64_t size, uint32_t flags,    \
                                                   uint32_t cookie) {                              \
        return word##_map_backed(&word##_space, axaddr_gpa(gpa), size, flags, cookie);             \
    }                                                                                              \
    static enum axaddr_status word##_op_split(uint64_t gpa, uint64_t size) {                       \
        return word##_split(&word##_space, axaddr_gpa(gpa), size);                                 \
    }                                                                                              \
    static enum axaddr_status word##_op_collapse(uint64_t gpa, uint64_t size) {                    \
        return word##_collapse(&word##_space, axaddr_gpa(gpa), size);                              \
    }                                                                                              \
    static enum axaddr_status word##_op_harvest(uint64_t gpa, uint64_t size, uint32_t notes) {     \
        return word##_harvest(&word##_space, axaddr_gpa(gpa), size, notes);                        \
    }                                                                                              \
    static enum axaddr_status word##_op_unmap(uint64_t gpa, uint64_t size) {                       \
        return word##_unmap(&word##_space, axaddr_gpa(gpa), size);                                 \
    }                                                                                              \
    static enum axaddr_status word##_op_protect(uint64_t gpa, uint64_t size, uint32_t flags) {     \
        return word##_protect(&word##_space, axaddr_gpa(gpa), size, flags);                        \
    }                                                                                              \
    static enum axaddr_status word##_op_translate(uint64_t gpa, uint64_t *hpa) {                   \
        axaddr_hpa_t found = axaddr_hpa(*hpa);                                                     \
        enum axaddr_status status = word##_translate(&word##_space, axaddr_gpa(gpa), &found);      \
        *hpa = found.raw;                                                                          \
        return status;                                                                             \
    }                                                                                              \
    static enum axaddr_status word##_op_query(uint64_t gpa, struct axaddr_mapping *mapping) {      \
        return word##_query(&word##_space, axaddr_gpa(gpa), mapping);                              \
    }                                                                                              \
    static enum axaddr_fault word##_op_handle_fault(uint64_t gpa, uint32_t access) {               \
        return word##_handle_fault(&word##_space, axaddr_gpa(gpa), access);                        \
    }                                                                                              \
    static enum axaddr_status word##_op_perform(const struct axaddr_request *request,              \
                                                struct axaddr_terms *terms) {                      \
        return word##_perform(&word##_space, request, terms);                                      \
    }                                                                                              \
    static enum axaddr_status word##_op_tables_needed(const struct axaddr_request *request,        \
                                                      uint64_t *count) {                           \
        return word##_tables_needed(&word##_space, request, count);                                \
    }                                                                                              \
    static enum axaddr_fault word##_op_fault_from_pool(uint64_t gpa, uint32_t access) {            \
        struct axaddr_pool pool = {0, 0};                                                          \
        enum axaddr_fault result = AXADDR_FAULT_NO_MEMORY;                                         \
        if (word##_resize_pool(&word##_space, &pool, format_.level_count) == AXADDR_OK) {          \
            result = word##_handle_fault_from(&word##_space, axaddr_gpa(gpa), access, &pool);      \
        }                                                                                          \
        return word##_resize_pool(&word##_space, &pool, 0) == AXADDR_OK ? result                   \
                                                                        : AXADDR_FAULT_DEVICE;     \
    }                                                                                              \
    static enum axaddr_status word##_op_find_area(uint64_t gpa, struct axaddr_area *area) {        \
        return word##_find_area(&word##_space, axaddr_gpa(gpa), area);                             \
    }                                                                                              \
    static enum axaddr_status word##_op_next_area(uint64_t from, struct axaddr_area *area) {       \
        return word##_next_area(&word##_space, axaddr_gpa(from), area);                            \
    }                                                                                              \
    static void word##_op_stats(struct axaddr_stats *stats) {                                      \
        word##_stats(&word##_space, stats);                                                        \
    }                                                                                              \
    static void word##_op_save(void) {                                                             \
        word##_saved = word##_space;                                                               \
    }                                                                                              \
    static void word##_op_restore(void) {                                                          \
        word##_space = word##_saved;                                                               \
    }                                                                                              \
    static const struct ops word##_ops = {                                                         \
        .format = &format_,                                                                        \
        .init = word##_op_init,                                                                    \
        .destroy = word##_op_destroy,                                                              \
        .root = word##_op_root,                                                                    \
        .map_alloc = word##_op_map_alloc,                                                          \
        .map_linear = word##_op_map_linear,                                                        \
        .map_device = word##_op_map_device,                                                        \
        .map_backed = word##_op_map_backed,                                                        \
        .split = word##_op_split,                                                                  \
        .collapse = word##_op_collapse,                                                            \
        .harvest = word##_op_harvest,                                                              \
        .unmap = word##_op_unmap,                                                                  \
        .protect = word##_op_protect,                                                              \
        .translate = word##_op_translate,                                                          \
        .query = word##_op_query,                                                                  \
        .perform = word##_op_perform,                                                              \
        .tables_needed = word##_op_tables_needed,                                                  \
        .handle_fault = word##_op_handle_fault,                                                    \
        .fault_from_pool = word##_op_fault_from_pool,                                              \
        .find_area = word##_op_find_area,                                                          \
        .next_area = word##_op_next_area,                                                          \
        .stats = word##_op_stats,                                                                  \
        .save = word##_op_save,                                                                    \
        .restore = word##_op_restore,                                                              \
    };

/* ---- scenarios ---- */

enum call_kind {
    CALL_NONE,
    CALL_FAULT,
    CALL_FAULT_POOL, /**< one that brings its own frames */
    CALL_TRANSLATE,
    CALL_QUERY,
    CALL_ACCESS, /**< the guest's own, past the engine */
    CALL_MAP_LAZY,
    CALL_MAP_POPULATE,
    CALL_MAP_LINEAR,
    CALL_MAP_DEVICE,
    CALL_MAP_BACKED,
    CALL_UNMAP,
    CALL_PROTECT,
    CALL_SPLIT,
    CALL_COLLAPSE,
    CALL_HARVEST,
    CALL_COUNT, /**< what an unmap would take */
    CALL_STATS,
    CALL_FIND_AREA,
    CALL_NEXT_AREA,
};

/** A distance that fits all formats: entries of the root, entries of level 1, pages. */
struct distance {
    int tops;
    int units;
    int pages;
};

struct call {
    enum call_kind kind;
    struct distance at;
    struct distance size;
    uint32_t flags;  /**< or the access, or the cookie */
    uint64_t budget; /**< not 0: a step, from where the thread's last step of an edit ended */
};

/** The budget of the last step. */
#define CALL_REST UINT64_MAX

#define SCENARIO_SETUP_MAX  5
#define SCENARIO_SCRIPT_MAX 3
#define SCENARIO_CALL_MAX   (SCHEDULER_THREAD_MAX * SCENARIO_SCRIPT_MAX)
#define SCENARIO_AREA_MAX   16
#define SCENARIO_ORDER_MAX  120

struct scenario {
    const char *name;
    struct call setup[SCENARIO_SETUP_MAX];
    struct call scripts[SCHEDULER_THREAD_MAX][SCENARIO_SCRIPT_MAX];
    unsigned refused;  /**< 1 + the thread whose allocations fail, one after the other; 0: none */
    bool is_recycling; /**< freed frames are handed out again at once */
    bool is_replacing; /**< a map replaces what is there: no fault may say UNMAPPED, or DENIED */
};

/** What a run has come to. */
struct outcome {
    int codes[SCENARIO_CALL_MAX];
    uint64_t keys[MACHINE_PAGE_MAX];
    struct axaddr_area areas[SCENARIO_AREA_MAX];
    unsigned area_count;
};

static const struct ops *scenario_ops;
static const struct scenario *scenario;
static bool scenario_has_large;         /**< faults may map large leaves */
static struct outcome scenario_outcome; /**< of the run that goes on */
static struct outcome scenario_sequential[SCENARIO_ORDER_MAX];
static unsigned scenario_sequential_count;

/** Call number `i` of all scripts together. */
static const struct call *scenario_call(unsigned i) {
    return &scenario->scripts[i / SCENARIO_SCRIPT_MAX][i % SCENARIO_SCRIPT_MAX];
}

static const char *call_name(enum call_kind kind) {
    static const char *const names[] = {
        "none",         "fault",    "fault from pool", "translate",  "query",
        "guest access", "map lazy", "populate",        "map linear", "map device",
        "map backed",   "unmap",    "protect",         "split",      "collapse",
        "harvest",      "count",    "stats",           "find area",  "next area"};
    return names[kind];
}

static uint64_t scenario_bytes(struct distance distance) {
    const struct axaddr_format *format = scenario_ops->format;
    int64_t top = INT64_C(1) << format->shift[format->level_count - 1];
    int64_t unit = INT64_C(1) << format->shift[1];
    int64_t page = INT64_C(1) << format->shift[0];

    return (uint64_t)(distance.tops * top + distance.units * unit + distance.pages * page);
}

/** Everything happens from the second entry of the root on. */
static uint64_t scenario_address(struct distance distance) {
    distance.tops++;
    return scenario_bytes(distance);
}

static bool call_is_fault(const struct call *call) {
    return call->kind == CALL_FAULT || call->kind == CALL_FAULT_POOL;
}

static bool call_is_reader(const struct call *call) {
    return call_is_fault(call) || call->kind == CALL_TRANSLATE || call->kind == CALL_QUERY;
}

/** Whether it takes out what is there before. Of a device, the flags are the cookie. */
static bool call_is_replace(const struct call *call) {
    return call->kind >= CALL_MAP_LAZY && call->kind <= CALL_MAP_BACKED &&
           call->kind != CALL_MAP_DEVICE && (call->flags & AXADDR_REPLACE) != 0;
}

static unsigned call_page(const struct call *call) {
    return machine_watch(scenario_address(call->at));
}

/* ---- making a call ---- */

/** Whether a query, or a translate, may say this of what decided the page at some moment. */
static bool call_is_true(const struct machine_seen *seen, uint64_t address, int code,
                         const struct axaddr_mapping *said, bool is_query) {
    const struct axaddr_format *format = machine_format;
    uint64_t mask = axaddr_low_bits(format->shift[seen->level]);
    enum axaddr_absent_kind kind = format->absent_kind(seen->entry);
    uint64_t payload = format->absent_value(seen->entry);

    if (format->kind_of(seen->entry, seen->level) == AXADDR_ENTRY_LEAF) {
        return code == AXADDR_OK &&
               said->hpa.raw == (format->frame_of(seen->entry, seen->level) | (address & mask)) &&
               (!is_query || (said->flags == format->flags_of(seen->entry, seen->level) &&
                              said->size == mask + 1));
    }
    if (axaddr_absent_is_parked(kind)) {
        return code == AXADDR_BUSY;
    }
    if (code != AXADDR_NOT_MAPPED || !is_query) {
        return code == AXADDR_NOT_MAPPED;
    }
    if (kind == AXADDR_ABSENT_EMPTY) {
        return said->kind == kind && said->size == mask + 1;
    }
    /* A reservation may have come apart in a table that was taken out: see call_is_detached. */
    return said->kind == kind && said->flags == axaddr_payload_flags(payload) &&
           said->cookie == axaddr_payload_cookie(payload) &&
           (axaddr_absent_is_lazy(kind) ? said->size <= mask + 1 : said->size == mask + 1);
}

/** Whether a fault may come to this. SPURIOUS also says that the page changed meanwhile. */
static bool call_fault_is_true(const struct machine_call *call, const struct machine_seen *seen,
                               int code, uint32_t access) {
    const struct axaddr_format *format = machine_format;
    uint64_t key = machine_key(seen->entry, seen->level, machine.pages[call->page].address);
    bool is_permitted = (access & ~machine_key_flags(key)) == 0;
    bool is_leaf = format->kind_of(seen->entry, seen->level) == AXADDR_ENTRY_LEAF;
    bool is_lazy = !is_leaf && axaddr_absent_is_lazy(format->absent_kind(seen->entry));

    switch ((enum axaddr_fault)code) {
    case AXADDR_FAULT_RESOLVED:
        return (is_permitted && (is_leaf || is_lazy)) || (is_leaf && machine_has_upgrades);
    case AXADDR_FAULT_SPURIOUS:
        return (is_leaf && is_permitted) || key == AXADDR_ABSENT_PARKED_LEAF ||
               call->seen_count > 1 || (scenario->is_replacing && key == AXADDR_ABSENT_EMPTY);
    case AXADDR_FAULT_DEVICE:
        return machine_key_kind(key) == AXADDR_ABSENT_TRAPPED;
    case AXADDR_FAULT_UNMAPPED:
        return key == AXADDR_ABSENT_EMPTY && !scenario->is_replacing;
    case AXADDR_FAULT_DENIED:
        return !scenario->is_replacing && !is_permitted && (is_leaf || is_lazy);
    case AXADDR_FAULT_NO_MEMORY:
        return call->was_refused;
    }
    return false;
}

/**
 * A look that went into a table before an unmap took it out may find there what a fault that went
 * there, too, has put into it since: as if fault, look and unmap had come one after the other.
 */
static bool call_is_detached(const struct machine_seen *seen, uint64_t address, int code,
                             const struct axaddr_mapping *said, bool is_query) {
    const struct machine_frame *frame = machine_frame(said->hpa.raw);
    uint64_t key = machine_key(seen->entry, seen->level, address);
    bool is_lazy = machine_key_kind(key) != MACHINE_LEAF &&
                   axaddr_absent_is_lazy((enum axaddr_absent_kind)machine_key_kind(key));
    bool is_shared = said->hpa.raw == MACHINE_ZERO || said->hpa.raw == machine_file_page(address);

    return code == AXADDR_OK && is_lazy &&
           (is_shared || (frame != 0 && frame->state == MACHINE_USED && !frame->is_reached)) &&
           (!is_query ||
            said->flags == (machine_key_flags(key) & (is_shared ? ~AXADDR_WRITE : ~0u)));
}

/** Complain unless an answer was true at some moment during the call. */
static void call_check_answer(const struct call *call, int code,
                              const struct axaddr_mapping *said) {
    const struct machine_call *record = &machine.calls[machine_self()];
    uint64_t address = machine.pages[record->page].address;
    bool is_query = call->kind == CALL_QUERY;
    bool is_true = false;
    unsigned i;

    for (i = 0; i < record->seen_count && !is_true; i++) {
        const struct machine_seen *seen = &record->seen[i];
        is_true = call_is_fault(call) ? call_fault_is_true(record, seen, code, call->flags)
                                      : call_is_true(seen, address, code, said, is_query) ||
                                            call_is_detached(seen, address, code, said, is_query);
    }
    if (!is_true) {
        machine_complain("%s of 0x%" PRIx64 " said %s (0x%" PRIx64 "), which it never was",
                         call_name(call->kind), address,
                         call_is_fault(call) ? axaddr_fault_name((enum axaddr_fault)code)
                                             : axaddr_status_name((enum axaddr_status)code),
                         said->hpa.raw);
    }
}

static enum axaddr_operation call_operation(const struct call *call) {
    switch (call->kind) {
    case CALL_MAP_LAZY:
        return AXADDR_OP_RESERVE;
    case CALL_MAP_POPULATE:
        return AXADDR_OP_POPULATE;
    case CALL_PROTECT:
        return AXADDR_OP_PROTECT;
    case CALL_SPLIT:
        return AXADDR_OP_SPLIT;
    case CALL_COLLAPSE:
        return AXADDR_OP_COLLAPSE;
    case CALL_HARVEST:
        return AXADDR_OP_HARVEST;
    default:
        return AXADDR_OP_UNMAP;
    }
}

/** One step of an edit. How far it goes may depend on faults, so the last one does what is left. */
static int call_step(const struct call *call, struct axaddr_request *request) {
    uint64_t *done = &machine.done[machine_self()];
    struct axaddr_terms terms = {0, call->budget == CALL_REST ? 0 : call->budget, 0};
    enum axaddr_status status = AXADDR_OK;

    request->start += *done;
    request->size -= *done;
    if (request->size != 0) {
        status = scenario_ops->perform(request, &terms);
        if (terms.done > request->size || (status == AXADDR_OK) != (terms.done != 0)) {
            machine_complain("a step says %s, and that 0x%" PRIx64 " bytes are done",
                             axaddr_status_name(status), terms.done);
        }
        machine.done[machine_self()] += terms.done;
    }
    return (int)status;
}

/** The call itself. *said is what translate and query tell. */
static int call_make(const struct call *call, struct axaddr_mapping *said) {
    const struct ops *ops = scenario_ops;
    uint64_t at = scenario_address(call->at);
    uint64_t size = scenario_bytes(call->size);
    struct axaddr_request request = axaddr_request_of(
        call_operation(call), at, size, call->kind == CALL_HARVEST ? AXADDR_NOTES : call->flags);
    struct axaddr_area area;
    struct axaddr_stats stats;
    uint64_t count;

    if (call->budget != 0) {
        return call_step(call, &request);
    }
    switch (call->kind) {
    case CALL_FAULT:
        return (int)ops->handle_fault(at, call->flags);
    case CALL_FAULT_POOL:
        return (int)ops->fault_from_pool(at, call->flags);
    case CALL_TRANSLATE:
        return (int)ops->translate(at, &said->hpa.raw);
    case CALL_QUERY:
        return (int)ops->query(at, said);
    case CALL_ACCESS:
        return machine_guest_access(call_page(call), call->flags) ? 0 : 1;
    case CALL_MAP_LAZY:
        return (int)ops->map_alloc(at, size, call->flags, AXADDR_LAZY);
    case CALL_MAP_POPULATE:
        return (int)ops->map_alloc(at, size, call->flags, AXADDR_POPULATE);
    case CALL_MAP_LINEAR:
        return (int)ops->map_linear(at, MACHINE_FOREIGN + scenario_bytes(call->at), size,
                                    call->flags);
    case CALL_MAP_DEVICE:
        return (int)ops->map_device(at, size, call->flags);
    case CALL_MAP_BACKED:
        return (int)ops->map_backed(at, size, call->flags, 5);
    case CALL_SPLIT:
        return (int)ops->split(at, size);
    case CALL_COLLAPSE:
        return (int)ops->collapse(at, size);
    case CALL_HARVEST:
        return (int)ops->harvest(at, size, AXADDR_NOTES);
    case CALL_UNMAP:
        return (int)ops->unmap(at, size);
    case CALL_PROTECT:
        return (int)ops->protect(at, size, call->flags);
    case CALL_COUNT:
        return ops->tables_needed(&request, &count) == AXADDR_OK ? (int)count : -1;
    case CALL_STATS:
        ops->stats(&stats);
        return (int)stats.area_count;
    case CALL_FIND_AREA:
        return ops->find_area(at, &area) == AXADDR_OK ? (int)area.flags : -1;
    case CALL_NEXT_AREA:
        return ops->next_area(at, &area) == AXADDR_OK ? (int)area.flags : -1;
    case CALL_NONE:
        break;
    }
    return 0;
}

/** The same; outside threads, an error ends it. */
static int call_enter(const struct call *call, struct axaddr_mapping *said) {
    int code = -1;

    if (machine_is_concurrent) {
        return call_make(call, said);
    }
    machine_is_in_call = true;
    if (setjmp(machine_escape) == 0) {
        code = call_make(call, said);
    }
    machine_is_in_call = false;
    return code;
}

/** Make a call as thread `self`, with all that surrounds it. Returns its code. */
static int call_run(const struct call *call, unsigned self) {
    struct machine_call *record = &machine.calls[self];
    struct axaddr_mapping said;
    int code;

    memset(&said, 0, sizeof(said));
    memset(record, 0, sizeof(*record));
    record->is_reader = call_is_reader(call);
    record->is_hardware = call->kind == CALL_ACCESS;
    if (record->is_reader) {
        record->page = call_page(call);
    }
    if (!machine_is_concurrent) {
        (void)machine_look();
        record->is_inside = true;
        machine_show(record);
    }
    code = call_enter(call, &said);
    (void)machine_look();
    if (record->is_reader) {
        call_check_answer(call, code, &said);
    }
    if (!record->is_reader && !record->is_hardware && machine.holder == self) {
        machine_complain("%s ends with the lock held", call_name(call->kind));
    }
    if (machine_is_in_walk(record)) {
        machine_complain("%s ends within its walk", call_name(call->kind));
    }
    record->is_inside = false;
    record->is_reader = false;
    record->is_hardware = false;
    return code;
}

/* ---- sequential orders ---- */

static bool call_is_compared(const struct call *call) {
    return call_is_fault(call) || call->kind >= CALL_MAP_LAZY;
}

/** What decides a page in an area, as far as the area tells. */
static bool scenario_agrees(uint64_t key, uint64_t address, const struct axaddr_area *area) {
    uint64_t kind = machine_key_kind(key);
    uint64_t value = machine_key_value(key);
    uint32_t flags = area->flags & AXADDR_MAPPING_FLAGS;
    bool is_same = machine_key_flags(key) == flags;
    bool is_read_only = machine_key_flags(key) == (flags & ~AXADDR_WRITE);
    bool is_own = kind == MACHINE_LEAF && value == 1;

    switch (area->kind) {
    case AXADDR_AREA_ALLOC:
        if ((area->flags & AXADDR_ZERO_PAGE) != 0) {
            return (is_same && kind == AXADDR_ABSENT_SPARSE) ||
                   (is_own && (is_same || is_read_only)) ||
                   (is_read_only && kind == MACHINE_LEAF && value == MACHINE_ZERO >> 12);
        }
        return is_same && (kind == AXADDR_ABSENT_RESERVED || is_own);
    case AXADDR_AREA_BACKED:
        return (is_same && kind == AXADDR_ABSENT_BACKED) || (is_own && (is_same || is_read_only)) ||
               (is_read_only && kind == MACHINE_LEAF && value == machine_file_page(address) >> 12);
    case AXADDR_AREA_LINEAR:
        return is_same && kind == MACHINE_LEAF &&
               value == (area->hpa + (address - area->first)) >> 12;
    case AXADDR_AREA_DEVICE:
        return kind == AXADDR_ABSENT_TRAPPED && value == area->cookie;
    case AXADDR_AREA_FRAMES:
        break;
    }
    return false;
}

/** Complain if table and areas do not agree. */
static void scenario_check_areas(const struct outcome *outcome) {
    unsigned i;
    unsigned n;

    for (i = 0; i < machine_page_count; i++) {
        uint64_t address = machine.pages[i].address;
        bool is_good = outcome->keys[i] == AXADDR_ABSENT_EMPTY;

        for (n = 0; n < outcome->area_count; n++) {
            const struct axaddr_area *area = &outcome->areas[n];
            if (address >= area->first && address <= area->last) {
                is_good = scenario_agrees(outcome->keys[i], address, area);
            }
        }
        if (!is_good) {
            machine_complain("page 0x%" PRIx64 " is %s, its area says otherwise", address,
                             machine_key_name(outcome->keys[i]));
        }
    }
}

/** Note how everything is now. */
static void scenario_note_state(struct outcome *outcome) {
    uint64_t from = 0;
    unsigned i;

    machine.is_dirty = true;
    (void)machine_look();
    for (i = 0; i < machine_page_count; i++) {
        outcome->keys[i] = machine_page_key(&machine.pages[i]);
    }
    memset(outcome->areas, 0, sizeof(outcome->areas));
    outcome->area_count = 0;
    while (outcome->area_count < SCENARIO_AREA_MAX &&
           scenario_ops->next_area(from, &outcome->areas[outcome->area_count]) == AXADDR_OK) {
        from = outcome->areas[outcome->area_count].last + 1;
        outcome->area_count++;
    }
    scenario_check_areas(outcome);
}

/**
 * Where faults may map large leaves, it depends on the order which pages are mapped and which are
 * still reserved, and which fault did it. One is as good as the other.
 */
static void scenario_forget_size(struct outcome *outcome) {
    unsigned i;

    for (i = 0; i < machine_page_count; i++) {
        if (machine_key_kind(outcome->keys[i]) == MACHINE_LEAF &&
            machine_key_value(outcome->keys[i]) == 1) {
            outcome->keys[i] = AXADDR_ABSENT_RESERVED | (outcome->keys[i] & 0xff0);
        }
    }
    for (i = 0; i < SCENARIO_CALL_MAX; i++) {
        if (call_is_fault(scenario_call(i)) && outcome->codes[i] == AXADDR_FAULT_SPURIOUS) {
            outcome->codes[i] = AXADDR_FAULT_RESOLVED;
        }
    }
}

static void scenario_allow_state(void) {
    unsigned i;

    for (i = 0; i < machine_page_count; i++) {
        machine_allow(i, machine_page_key(&machine.pages[i]));
    }
}

/** Whether all frames are where they belong, and no TLB holds what is not there. */
static void scenario_check_frames(void) {
    struct axaddr_stats stats;

    scenario_ops->stats(&stats);
    machine_check_frames((unsigned)stats.area_frame_count);
    machine_check_cached();
}

/** Make all calls in the order that `choices` gives: thread numbers, SCENARIO_CALL_MAX of them. */
static void scenario_run_sequence(const unsigned *threads, unsigned count,
                                  struct outcome *outcome) {
    unsigned done[SCHEDULER_THREAD_MAX] = {0, 0, 0};
    unsigned i;

    machine_restore();
    scenario_ops->restore();
    memset(outcome, 0, sizeof(*outcome));
    scenario_allow_state();
    for (i = 0; i < count; i++) {
        unsigned thread = threads[i];
        unsigned number = done[thread]++;
        machine_acting = thread;
        outcome->codes[thread * SCENARIO_SCRIPT_MAX + number] =
            call_run(&scenario->scripts[thread][number], thread);
        scenario_allow_state();
    }
    scenario_note_state(outcome);
    if (scenario_has_large) {
        scenario_forget_size(outcome);
    }
    scenario_check_frames();
}

/** Make the next order of the calls: thread numbers, as many of each as it has calls. */
static bool scenario_next_sequence(unsigned *threads, unsigned count) {
    unsigned i;
    unsigned j;

    for (i = count; i-- > 1;) {
        if (threads[i - 1] < threads[i]) {
            break;
        }
    }
    if (i == 0 || count < 2) {
        return false;
    }
    for (j = count - 1; threads[j] <= threads[i - 1]; j--) {
    }
    for (;;) {
        unsigned other = threads[i - 1];
        threads[i - 1] = threads[j];
        threads[j] = other;
        break;
    }
    for (j = count - 1; i < j; i++, j--) {
        unsigned other = threads[i];
        threads[i] = threads[j];
        threads[j] = other;
    }
    return true;
}

/** Go through all sequential orders. */
static void scenario_run_sequences(void) {
    unsigned threads[SCENARIO_CALL_MAX];
    unsigned count = 0;
    unsigned i;
    unsigned n;

    for (i = 0; i < SCHEDULER_THREAD_MAX; i++) {
        for (n = 0; n < SCENARIO_SCRIPT_MAX; n++) {
            if (scenario->scripts[i][n].kind != CALL_NONE) {
                threads[count++] = i;
            }
        }
    }
    scenario_sequential_count = 0;
    do {
        if (scenario_sequential_count == SCENARIO_ORDER_MAX) {
            machine_complain("too many sequential orders");
            return;
        }
        scenario_run_sequence(threads, count, &scenario_sequential[scenario_sequential_count]);
        scenario_sequential_count++;
        if (machine.error[0] != '\0') {
            return;
        }
    } while (scenario_next_sequence(threads, count));
}

/* ---- a run ---- */

static void scenario_thread(unsigned self) {
    unsigned n;

    for (n = 0; n < SCENARIO_SCRIPT_MAX; n++) {
        const struct call *call = &scenario->scripts[self][n];
        if (call->kind != CALL_NONE) {
            scenario_outcome.codes[self * SCENARIO_SCRIPT_MAX + n] = call_run(call, self);
        }
    }
}

/** Faults that said SPURIOUS come again. */
static void scenario_retry(void) {
    unsigned i;

    for (i = 0; i < SCENARIO_CALL_MAX; i++) {
        if (call_is_fault(scenario_call(i)) && scenario_outcome.codes[i] == AXADDR_FAULT_SPURIOUS) {
            machine_acting = i / SCENARIO_SCRIPT_MAX;
            scenario_outcome.codes[i] = call_run(scenario_call(i), machine_acting);
        }
    }
}

static bool scenario_matches(const struct outcome *sequential) {
    const struct outcome *now = &scenario_outcome;
    unsigned i;

    for (i = 0; i < SCENARIO_CALL_MAX; i++) {
        if (call_is_compared(scenario_call(i)) && now->codes[i] != sequential->codes[i]) {
            return false;
        }
    }
    return memcmp(now->keys, sequential->keys, sizeof(now->keys)) == 0 &&
           now->area_count == sequential->area_count &&
           memcmp(now->areas, sequential->areas, sizeof(now->areas)) == 0;
}

/** The run is over: judge what is left. */
static void scenario_check_end(void) {
    unsigned i;

    if (machine.holder != MACHINE_NOBODY) {
        machine_complain("the lock is still held at the end");
        return;
    }
    machine.is_dirty = true;
    if (!machine_look()) {
        return;
    }
    scenario_retry();
    scenario_note_state(&scenario_outcome);
    if (scenario_has_large) {
        scenario_forget_size(&scenario_outcome);
    }
    scenario_check_frames();
    for (i = 0; i < scenario_sequential_count; i++) {
        if (scenario_matches(&scenario_sequential[i])) {
            return;
        }
    }
    machine_complain("results and last state are those of no sequential order");
}

/** One run in the order that the scheduler has prescribed. */
static enum scheduler_end scenario_run(void) {
    enum scheduler_end end;

    machine_restore();
    scenario_ops->restore();
    memset(&scenario_outcome, 0, sizeof(scenario_outcome));
    machine_is_judging = true;
    machine_is_concurrent = true;
    end = scheduler_run();
    machine_is_concurrent = false;
    if (end == SCHEDULER_DONE) {
        scenario_check_end();
    } else if (end == SCHEDULER_DEADLOCK) {
        machine_complain("deadlock");
    } else if (end == SCHEDULER_ENDLESS) {
        machine_complain("it does not end");
    }
    machine_is_judging = false;
    return end;
}

#endif /* AXADDR_TESTS_INTERLEAVE_SCENARIO_H */
