/* SPDX-License-Identifier: MIT
 *
 * request_world.h: what fuzz_request.c runs on: the machine (tests/host.h, the simulated MMU of
 * tests/sim.h), a HAL with all that a HAL can have, and spaces and bare tables of several formats,
 * with a lock and without. And the model: an array of pages.
 */
#ifndef AXADDR_FUZZ_REQUEST_WORLD_H
#define AXADDR_FUZZ_REQUEST_WORLD_H

#include "input.h"

static void world_on_entry(const void *slot, bool is_write);
#define AXADDR_ON_ENTRY_ACCESS(slot, is_write) world_on_entry(slot, is_write)
#include "../axaddr.h"
#include "../tests/mmu.h"
#include "../tests/sim.h"
#include "../tests/toy_format.h"

#define PAGE         UINT64_C(4096)
#define PAGE_MAX     1200 /**< of the window that operations are about */
#define UNKNOWN      UINT64_MAX
#define ARENA_FRAMES 2600                 /**< several blocks of 2 MiB among them */
#define LINEAR_BASE  UINT64_C(0x80000000) /**< host memory that is somebody else's, */
#define FILE_BASE    UINT64_C(0x50000000) /**< a file's, */
#define ZERO_FRAME   UINT64_C(0x4ffff000) /**< and the zero frame */
#define FILE_MASK    UINT64_C(0x0fffffff)
#define WORLD_VMID   5u

/* ---- kinds: spaces and tables ---- */

struct kind {
    const char *name;
    const struct axaddr_format *format;
    const struct axaddr_hal *hal;
    size_t size;
    bool is_table;
    enum axaddr_status (*init)(void *g, void *ctx, uint64_t start, uint64_t size);
    void (*destroy)(void *g);
    uint64_t (*root)(const void *g);
    void (*set_cpus)(void *g, uint32_t vmid, const uint32_t *cpus, unsigned count);
    enum axaddr_status (*perform)(void *g, const struct axaddr_request *request,
                                  struct axaddr_terms *terms);
    enum axaddr_status (*tables_needed)(void *g, const struct axaddr_request *request,
                                        uint64_t *count);
    enum axaddr_status (*resize_pool)(void *g, struct axaddr_pool *pool, uint64_t count);
    enum axaddr_status (*translate)(const void *g, uint64_t gpa, uint64_t *hpa);
    enum axaddr_status (*query)(const void *g, uint64_t gpa, struct axaddr_mapping *mapping);
    void (*stats)(const void *g, struct axaddr_stats *stats);
    /** The request by the call that is named after its operation. */
    enum axaddr_status (*call)(void *g, const struct axaddr_request *request);
    /* 0 for a bare table: */
    enum axaddr_fault (*handle_fault)(void *g, uint64_t gpa, uint32_t access,
                                      struct axaddr_pool *pool);
    enum axaddr_status (*next_area)(const void *g, uint64_t from, struct axaddr_area *area);
    enum axaddr_status (*find_area)(const void *g, uint64_t gpa, struct axaddr_area *area);
    enum axaddr_status (*set_zero_frame)(void *g, uint64_t frame);
};

/* ---- the model ---- */

#define FREE (-1)

struct page {
    int kind;            /**< enum axaddr_area_kind, or FREE */
    uint32_t flags;      /**< the area's, lazy ones among them */
    uint32_t cookie;     /**< DEVICE, BACKED */
    bool is_mapped;      /**< otherwise lazy, or trapped */
    bool is_zero;        /**< maps the zero frame */
    uint32_t leaf_flags; /**< of the mapping */
    uint32_t notes;      /**< hardware noted these, at least */
    uint64_t hpa;        /**< of the mapping */
    const char *name;    /**< the area's, */
    uint64_t tag;        /**< and its tag */
};

struct world {
    struct host host; /**< the first member: what HAL functions are given */
    struct sim sim;
    struct sim_tlb tlb;
    struct sim_regime regime;
    struct mmu mmu;
    const struct kind *kind;
    void *space;
    uint64_t base; /**< the window's first address */
    uint32_t page_count;
    uint64_t first; /**< the space's bounds */
    uint64_t last;
    bool has_zero_frame;
    bool is_walking;  /**< between enter_walk and leave_walk */
    bool is_lockless; /**< init and destroy: nobody else is there */
    struct page pages[PAGE_MAX];
    struct page before[PAGE_MAX];   /**< before the operation */
    uint64_t supplied[PAGE_MAX][2]; /**< frames that supply_frame gave and has not got back */
    uint32_t told[PAGE_MAX];        /**< what harvest told in this operation */
    unsigned supply_how;            /**< how supply_frame answers: see there */
    bool was_supplied;
    enum axaddr_fault supply_result;
};

static struct world world;

static uint64_t address_of(uint32_t page) {
    return world.base + page * PAGE;
}

/** The page of an address in the window; page_count if it is elsewhere. */
static uint32_t page_of(uint64_t address) {
    uint64_t page = (address - world.base) / PAGE;
    return address >= world.base && page < world.page_count ? (uint32_t)page : world.page_count;
}

/** Whether leaves may have less rights than their area, and faults give them. */
static bool is_upgraded(const struct page *page) {
    return page->kind == AXADDR_AREA_BACKED ||
           (page->kind == AXADDR_AREA_ALLOC && (page->flags & AXADDR_ZERO_PAGE) != 0);
}

static bool has_own_frame(const struct page *page) {
    return page->is_mapped && page->kind == AXADDR_AREA_ALLOC && !page->is_zero;
}

static uint64_t signature_of(uint64_t address) {
    return address ^ UINT64_C(0x5ca1ab1e0ddba11);
}

static void sign(uint64_t hpa, uint64_t address) {
    uint64_t signature = signature_of(address);
    uint8_t *at = host_peek(&world.host, hpa);
    memcpy(at, &signature, sizeof(signature));
    memcpy(at + PAGE - sizeof(signature), &signature, sizeof(signature));
}

static bool is_signed(uint64_t hpa, uint64_t address) {
    uint64_t signature = signature_of(address);
    const uint8_t *at = host_peek(&world.host, hpa);
    return at != 0 && memcmp(at, &signature, sizeof(signature)) == 0 &&
           memcmp(at + PAGE - sizeof(signature), &signature, sizeof(signature)) == 0;
}

/* ---- the HAL ---- */

/** With a lock, entries are looked at only with it or in a walk that is announced. */
static void world_on_entry(const void *slot, bool is_write) {
    if (world.kind->hal->lock != 0 && !world.is_lockless) {
        FUZZ_CHECK(world.host.is_locked || world.is_walking);
    }
    sim_tell_access(slot, is_write);
}

static inline void world_lock(void *ctx) {
    FUZZ_CHECK(!world.is_walking); /* who has the lock may be waiting for walks to end */
    host_lock(ctx);
}

static inline void world_quiesce(void *ctx) {
    FUZZ_CHECK(!world.is_walking);
    host_quiesce(ctx);
}

static inline void world_enter_walk(void *ctx) {
    (void)ctx;
    FUZZ_CHECK(!world.is_walking);
    world.is_walking = true;
}

static inline void world_leave_walk(void *ctx) {
    (void)ctx;
    FUZZ_CHECK(world.is_walking);
    world.is_walking = false;
}

static void note_supplied(uint32_t page, uint64_t frame) {
    unsigned i = world.supplied[page][0] != 0;
    FUZZ_EQ(world.supplied[page][i], 0);
    world.supplied[page][i] = frame;
}

/**
 * What a backed page is: cookie bit 0 a private mapping of a file (what is written is copied),
 * otherwise shared; bit 1 of a shared one: writes are to be noticed. supply_how: 1 to 3 are answers
 * other than RESOLVED; 4: a private page may be written in place.
 */
static inline enum axaddr_fault world_supply(void *ctx, struct axaddr_supply *supply) {
    uint32_t page = page_of(supply->address);
    uint64_t file = FILE_BASE + (supply->address & FILE_MASK);
    bool is_write = (supply->access & AXADDR_WRITE) != 0;
    bool is_private = (supply->cookie & 1) != 0;
    const struct page *was = &world.pages[page];

    FUZZ_CHECK(page < world.page_count && supply->address == address_of(page));
    FUZZ_EQ(was->kind, AXADDR_AREA_BACKED);
    FUZZ_EQ(supply->cookie, was->cookie);
    FUZZ_EQ(supply->access & ~was->flags, 0);
    FUZZ_EQ(supply->is_mapped, was->is_mapped);
    FUZZ_CHECK(!was->is_mapped || supply->frame.raw == was->hpa);
    world.was_supplied = true;
    world.supply_result = AXADDR_FAULT_RESOLVED;
    if (world.supply_how >= 1 && world.supply_how <= 3) {
        static const enum axaddr_fault answers[] = {AXADDR_FAULT_NO_MEMORY, AXADDR_FAULT_DENIED,
                                                    AXADDR_FAULT_DEVICE};
        world.supply_result = answers[world.supply_how - 1];
        return world.supply_result;
    }
    if (supply->is_mapped && (!is_private || world.supply_how == 4)) {
        return AXADDR_FAULT_RESOLVED;
    }
    if (!is_private || !is_write) {
        supply->frame = axaddr_hpa(file);
        supply->is_read_only = !is_write && supply->cookie != 0;
    } else if (host_alloc_frame(ctx, &supply->frame)) {
        uint8_t *at = host_peek(&world.host, supply->frame.raw);
        memset(at, 0, PAGE);
        if (world.host.shadow != 0) {
            host_clean_dcache(ctx, at, PAGE);
        }
    } else {
        world.supply_result = AXADDR_FAULT_NO_MEMORY;
        return world.supply_result;
    }
    note_supplied(page, supply->frame.raw);
    return AXADDR_FAULT_RESOLVED;
}

static inline void world_return(void *ctx, uint32_t cookie, uint64_t address, axaddr_hpa_t frame) {
    uint32_t page = page_of(address);
    const struct page *was = &world.before[page];
    unsigned i;

    FUZZ_CHECK(page < world.page_count && address == address_of(page));
    FUZZ_EQ(cookie, was->cookie);
    for (i = 0; i < 2 && world.supplied[page][i] != frame.raw; i++) {
    }
    FUZZ_CHECK(i < 2);
    world.supplied[page][i] = 0;
    if (was->is_mapped && was->hpa == frame.raw) {
        FUZZ_CHECK(host_is_flushed(&world.host, address, address + PAGE - 1, false));
    }
    if (host_used_frame(&world.host, frame.raw) != 0) {
        host_free_frame(ctx, frame);
    }
}

static inline void world_harvested(void *ctx, uint64_t address, uint64_t size, uint32_t notes) {
    uint32_t page = page_of(address);

    (void)ctx;
    FUZZ_CHECK(page < world.page_count && size % PAGE == 0 && notes != 0);
    FUZZ_EQ((address - world.base) & (PAGE - 1), 0);
    for (; size > 0; size -= PAGE, page++) {
        FUZZ_CHECK(page < world.page_count);
        FUZZ_EQ(world.told[page] & notes, 0); /* each leaf is told once */
        world.told[page] |= notes;
    }
}

#define WORLD_HAL                                                                                  \
    .alloc_frame = host_alloc_frame, .free_frame = host_free_frame, .frame_at = host_frame_at,     \
    .flush_tlb = host_flush_tlb, .alloc_block = host_alloc_block, .free_block = host_free_block,   \
    .supply_frame = world_supply, .return_frame = world_return, .harvested = world_harvested

static const struct axaddr_hal single_hal = {WORLD_HAL};
static const struct axaddr_hal shared_hal = {
    WORLD_HAL,
    .lock = world_lock,
    .unlock = host_unlock,
    .quiesce = world_quiesce,
    .enter_walk = world_enter_walk,
    .leave_walk = world_leave_walk,
};
static const struct axaddr_hal unsnooped_hal = {WORLD_HAL, .clean_dcache = host_clean_dcache};

/* ---- the kinds ---- */

#define COMMON_ADAPTORS(word)                                                                      \
    static enum axaddr_status word##_do_init(void *g, void *ctx, uint64_t start, uint64_t size) {  \
        return word##_init((struct word *)g, ctx, axaddr_gpa(start), size);                        \
    }                                                                                              \
    static void word##_do_destroy(void *g) {                                                       \
        word##_destroy((struct word *)g);                                                          \
    }                                                                                              \
    static uint64_t word##_do_root(const void *g) {                                                \
        return word##_root((const struct word *)g).raw;                                            \
    }                                                                                              \
    static void word##_do_set_cpus(void *g, uint32_t vmid, const uint32_t *cpus, unsigned count) { \
        word##_set_vmid((struct word *)g, vmid);                                                   \
        word##_enter_cpu((struct word *)g, 7);                                                     \
        while (count-- > 0) {                                                                      \
            word##_enter_cpu((struct word *)g, cpus[count]);                                       \
        }                                                                                          \
        word##_leave_cpu((struct word *)g, 7);                                                     \
    }                                                                                              \
    static enum axaddr_status word##_do_perform(void *g, const struct axaddr_request *request,     \
                                                struct axaddr_terms *terms) {                      \
        return word##_perform((struct word *)g, request, terms);                                   \
    }                                                                                              \
    static enum axaddr_status word##_do_needed(void *g, const struct axaddr_request *request,      \
                                               uint64_t *count) {                                  \
        return word##_tables_needed((struct word *)g, request, count);                             \
    }                                                                                              \
    static enum axaddr_status word##_do_resize_pool(void *g, struct axaddr_pool *pool,             \
                                                    uint64_t count) {                              \
        return word##_resize_pool((struct word *)g, pool, count);                                  \
    }                                                                                              \
    static enum axaddr_status word##_do_translate(const void *g, uint64_t gpa, uint64_t *hpa) {    \
        axaddr_hpa_t found = axaddr_hpa(*hpa);                                                     \
        enum axaddr_status status =                                                                \
            word##_translate((const struct word *)g, axaddr_gpa(gpa), &found);                     \
        *hpa = found.raw;                                                                          \
        return status;                                                                             \
    }                                                                                              \
    static enum axaddr_status word##_do_query(const void *g, uint64_t gpa,                         \
                                              struct axaddr_mapping *mapping) {                    \
        return word##_query((const struct word *)g, axaddr_gpa(gpa), mapping);                     \
    }                                                                                              \
    static void word##_do_stats(const void *g, struct axaddr_stats *stats) {                       \
        word##_stats((const struct word *)g, stats);                                               \
    }

/* The operations that spaces and tables have; `map` is how LINEAR is called. */
#define COMMON_CALLS(word, map)                                                                    \
    case AXADDR_OP_LINEAR:                                                                         \
        return map((struct word *)g, axaddr_gpa(r->start), axaddr_hpa(r->host), r->size,           \
                   r->flags);                                                                      \
    case AXADDR_OP_FRAMES:                                                                         \
        return word##_map_frames((struct word *)g, axaddr_gpa(r->start),                           \
                                 (const axaddr_hpa_t *)(const void *)r->frames,                    \
                                 (size_t)(r->size / PAGE), r->flags);                              \
    case AXADDR_OP_UNMAP:                                                                          \
        return word##_unmap((struct word *)g, axaddr_gpa(r->start), r->size);                      \
    case AXADDR_OP_PROTECT:                                                                        \
        return word##_protect((struct word *)g, axaddr_gpa(r->start), r->size, r->flags);          \
    case AXADDR_OP_SPLIT:                                                                          \
        return word##_split((struct word *)g, axaddr_gpa(r->start), r->size);                      \
    case AXADDR_OP_HARVEST:                                                                        \
        return word##_harvest((struct word *)g, axaddr_gpa(r->start), r->size, r->flags);          \
    case AXADDR_OP_COLLAPSE:                                                                       \
        return word##_collapse((struct word *)g, axaddr_gpa(r->start), r->size);

#define COMMON_OPS(word, format_, hal_)                                                            \
    .name = #word, .format = &format_, .hal = &hal_, .size = sizeof(struct word),                  \
    .init = word##_do_init, .destroy = word##_do_destroy, .root = word##_do_root,                  \
    .set_cpus = word##_do_set_cpus, .perform = word##_do_perform,                                  \
    .tables_needed = word##_do_needed, .resize_pool = word##_do_resize_pool,                       \
    .translate = word##_do_translate, .query = word##_do_query, .stats = word##_do_stats,          \
    .call = word##_do_call

#define SPACE(word, format_, hal_)                                                                 \
    AXADDR_DEFINE_SPACE(word, format_, hal_);                                                      \
    COMMON_ADAPTORS(word)                                                                          \
    static enum axaddr_status word##_do_call(void *g, const struct axaddr_request *r) {            \
        switch (r->operation) {                                                                    \
            COMMON_CALLS(word, word##_map_linear)                                                  \
        case AXADDR_OP_POPULATE:                                                                   \
        case AXADDR_OP_RESERVE:                                                                    \
            return word##_map_alloc((struct word *)g, axaddr_gpa(r->start), r->size, r->flags,     \
                                    r->operation == AXADDR_OP_RESERVE ? AXADDR_LAZY                \
                                                                      : AXADDR_POPULATE);          \
        case AXADDR_OP_BACKED:                                                                     \
            return word##_map_backed((struct word *)g, axaddr_gpa(r->start), r->size, r->flags,    \
                                     r->cookie);                                                   \
        case AXADDR_OP_DEVICE:                                                                     \
            return word##_map_device((struct word *)g, axaddr_gpa(r->start), r->size, r->cookie);  \
        case AXADDR_OP_LABEL:                                                                      \
            return word##_label((struct word *)g, axaddr_gpa(r->start), r->size, r->name, r->tag); \
        }                                                                                          \
        return AXADDR_INVALID;                                                                     \
    }                                                                                              \
    static enum axaddr_fault word##_do_handle_fault(void *g, uint64_t gpa, uint32_t access,        \
                                                    struct axaddr_pool *pool) {                    \
        return pool == 0                                                                           \
                   ? word##_handle_fault((struct word *)g, axaddr_gpa(gpa), access)                \
                   : word##_handle_fault_from((struct word *)g, axaddr_gpa(gpa), access, pool);    \
    }                                                                                              \
    static enum axaddr_status word##_do_next_area(const void *g, uint64_t from,                    \
                                                  struct axaddr_area *area) {                      \
        return word##_next_area((const struct word *)g, axaddr_gpa(from), area);                   \
    }                                                                                              \
    static enum axaddr_status word##_do_find_area(const void *g, uint64_t gpa,                     \
                                                  struct axaddr_area *area) {                      \
        return word##_find_area((const struct word *)g, axaddr_gpa(gpa), area);                    \
    }                                                                                              \
    static enum axaddr_status word##_do_set_zero_frame(void *g, uint64_t frame) {                  \
        return word##_set_zero_frame((struct word *)g, axaddr_hpa(frame));                         \
    }                                                                                              \
    static const struct kind word##_kind = {                                                       \
        COMMON_OPS(word, format_, hal_),                                                           \
        .handle_fault = word##_do_handle_fault,                                                    \
        .next_area = word##_do_next_area,                                                          \
        .find_area = word##_do_find_area,                                                          \
        .set_zero_frame = word##_do_set_zero_frame,                                                \
    };

#define TABLE(word, format_, hal_)                                                                 \
    AXADDR_DEFINE_PAGE_TABLE(word, format_, hal_);                                                 \
    COMMON_ADAPTORS(word)                                                                          \
    static enum axaddr_status word##_do_call(void *g, const struct axaddr_request *r) {            \
        switch (r->operation) {                                                                    \
            COMMON_CALLS(word, word##_map)                                                         \
        case AXADDR_OP_POPULATE:                                                                   \
        case AXADDR_OP_RESERVE:                                                                    \
        case AXADDR_OP_BACKED:                                                                     \
        case AXADDR_OP_DEVICE:                                                                     \
        case AXADDR_OP_LABEL:                                                                      \
            break;                                                                                 \
        }                                                                                          \
        return word##_do_perform(g, r, 0);                                                         \
    }                                                                                              \
    static const struct kind word##_kind = {COMMON_OPS(word, format_, hal_), .is_table = true};

SPACE(ept_one, axaddr_x86_ept, single_hal)
SPACE(toy_many, toy, shared_hal)
SPACE(s2_40_one, axaddr_aarch64_stage2_40, single_hal)
SPACE(sv39_napot_one, axaddr_riscv_sv39x4_svnapot, single_hal)
SPACE(toy32_one, toy32, single_hal)
SPACE(s2_48_many, axaddr_aarch64_stage2_48, shared_hal)
SPACE(x86_64_many, axaddr_x86_64, shared_hal)
SPACE(sv48_pbmt_many, axaddr_riscv_sv48x4_svpbmt, shared_hal)
SPACE(npt_2m_unsnooped, axaddr_x86_npt_2m, unsnooped_hal)
TABLE(s2_40_table, axaddr_aarch64_stage2_40, shared_hal)

static const struct kind *const kinds[] = {
    &ept_one_kind,          &toy_many_kind,    &s2_40_one_kind,   &sv39_napot_one_kind,
    &toy32_one_kind,        &s2_48_many_kind,  &x86_64_many_kind, &sv48_pbmt_many_kind,
    &npt_2m_unsnooped_kind, &s2_40_table_kind,
};
#define KIND_COUNT ((uint32_t)(sizeof(kinds) / sizeof(kinds[0])))

#endif /* AXADDR_FUZZ_REQUEST_WORLD_H */
