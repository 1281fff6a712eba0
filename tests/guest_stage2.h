/* SPDX-License-Identifier: MIT
 *
 * guest_stage2.h: the space below the guests of guest_riscv.h and guest_loongarch.h: guest-physical
 * memory of every kind, on formats of three machines, with lock hooks and without; and what a
 * reference walker needs to ask of it: by query and the host's own view, not by the walk.
 *
 *     0                 16 pages, RWX
 *     BELOW_SMALL       512 pages of 64 frames, in turn RWX, R, RW, RX, trapped, holes
 *     BELOW_LARGE       2 MiB leaf, RWX          BELOW_LAZY     64 pages lazy: 32 RWX, 32 R
 *     BELOW_READ_ONLY   the same memory, R       BELOW_TRAPPED  2 MiB trapped
 *     BELOW_CODE        the same, X alone        BELOW_DEVICE   2 MiB of device registers, RW
 *     the last page of the space, RWX
 */
#ifndef AXADDR_TESTS_GUEST_STAGE2_H
#define AXADDR_TESTS_GUEST_STAGE2_H

#include "../axaddr.h"
#include "../axaddr_core/guest_walk.h"
#include "host.h"

#define BELOW_SMALL       UINT64_C(0x80000000)
#define BELOW_LARGE       UINT64_C(0x80200000)
#define BELOW_READ_ONLY   UINT64_C(0x80400000)
#define BELOW_LAZY        UINT64_C(0x80600000)
#define BELOW_TRAPPED     UINT64_C(0x80800000)
#define BELOW_DEVICE      UINT64_C(0x80a00000)
#define BELOW_CODE        UINT64_C(0x80c00000)
#define BELOW_HOLE        UINT64_C(0x80e00000)
#define BELOW_MMIO        UINT64_C(0x3000000000) /* not in the arena: frame_at would complain */
#define BELOW_FRAMES      1400
#define BELOW_SMALL_COUNT 64
#define BELOW_LOW_COUNT   16
#define BELOW_PAGE        UINT64_C(0x1000)
#define BELOW_2M          UINT64_C(0x200000)
/** Frames that guests have tables in; the others of BELOW_SMALL and of the large leaf are data. */
#define BELOW_TABLE_COUNT 28

/* ---- the machine: host.h's, but frame_at may be watched ---- */

static struct host below_host;
/** Called at the end of each frame_at, with what it returns: another CPU of the guest, say. */
static void (*below_on_frame_at)(uint64_t frame, void *at);

static inline void *below_frame_at(void *ctx, axaddr_hpa_t frame) {
    void *at = host_frame_at(ctx, frame);

    if (below_on_frame_at != 0) {
        below_on_frame_at(frame.raw, at);
    }
    return at;
}

static const struct axaddr_hal below_hal = {
    .alloc_frame = host_alloc_frame,
    .free_frame = host_free_frame,
    .frame_at = below_frame_at,
    .flush_tlb = host_flush_tlb,
    .alloc_block = host_alloc_block,
    .free_block = host_free_block,
};
static const struct axaddr_hal below_hal_shared = {
    .alloc_frame = host_alloc_frame,
    .free_frame = host_free_frame,
    .frame_at = below_frame_at,
    .flush_tlb = host_flush_tlb,
    .alloc_block = host_alloc_block,
    .free_block = host_free_block,
    .lock = host_lock,
    .unlock = host_unlock,
    .quiesce = host_quiesce,
};

/* ---- the spaces ---- */

AXADDR_DEFINE_VM(below_ept, axaddr_x86_ept, below_hal);
AXADDR_DEFINE_VM(below_ept_shared, axaddr_x86_ept, below_hal_shared);
AXADDR_DEFINE_VM(below_a64, axaddr_aarch64_stage2_40, below_hal_shared);
AXADDR_DEFINE_VM(below_rv, axaddr_riscv_sv39x4, below_hal);

struct below {
    const char *name;
    unsigned width;
    enum axaddr_status (*init)(uint64_t size);
    void (*destroy)(void);
    enum axaddr_status (*frames)(uint64_t gpa, const axaddr_hpa_t *frames, size_t count,
                                 uint32_t flags);
    enum axaddr_status (*linear)(uint64_t gpa, uint64_t hpa, uint64_t size, uint32_t flags);
    enum axaddr_status (*lazy)(uint64_t gpa, uint64_t size, uint32_t flags);
    enum axaddr_status (*device)(uint64_t gpa, uint64_t size);
    enum axaddr_status (*unmap)(uint64_t gpa, uint64_t size);
    enum axaddr_status (*query)(uint64_t gpa, struct axaddr_mapping *mapping);
    enum axaddr_fault (*fault)(uint64_t gpa, uint32_t access);
};

#define BELOW_KIND(vm)                                                                             \
    static struct vm vm##_space;                                                                   \
    static enum axaddr_status vm##_do_init(uint64_t size) {                                        \
        return vm##_init(&vm##_space, &below_host, axaddr_gpa(0), size);                           \
    }                                                                                              \
    static void vm##_do_destroy(void) {                                                            \
        vm##_destroy(&vm##_space);                                                                 \
    }                                                                                              \
    static enum axaddr_status vm##_do_frames(uint64_t gpa, const axaddr_hpa_t *frames,             \
                                             size_t count, uint32_t flags) {                       \
        return vm##_map_frames(&vm##_space, axaddr_gpa(gpa), frames, count, flags);                \
    }                                                                                              \
    static enum axaddr_status vm##_do_linear(uint64_t gpa, uint64_t hpa, uint64_t size,            \
                                             uint32_t flags) {                                     \
        return vm##_map_linear(&vm##_space, axaddr_gpa(gpa), axaddr_hpa(hpa), size, flags);        \
    }                                                                                              \
    static enum axaddr_status vm##_do_lazy(uint64_t gpa, uint64_t size, uint32_t flags) {          \
        return vm##_map_alloc(&vm##_space, axaddr_gpa(gpa), size, flags, AXADDR_LAZY);             \
    }                                                                                              \
    static enum axaddr_status vm##_do_device(uint64_t gpa, uint64_t size) {                        \
        return vm##_map_device(&vm##_space, axaddr_gpa(gpa), size, 7);                             \
    }                                                                                              \
    static enum axaddr_status vm##_do_unmap(uint64_t gpa, uint64_t size) {                         \
        return vm##_unmap(&vm##_space, axaddr_gpa(gpa), size);                                     \
    }                                                                                              \
    static enum axaddr_status vm##_do_query(uint64_t gpa, struct axaddr_mapping *mapping) {        \
        return vm##_query(&vm##_space, axaddr_gpa(gpa), mapping);                                  \
    }                                                                                              \
    static enum axaddr_fault vm##_do_fault(uint64_t gpa, uint32_t access) {                        \
        return vm##_handle_fault(&vm##_space, axaddr_gpa(gpa), access);                            \
    }
BELOW_KIND(below_ept)
BELOW_KIND(below_ept_shared)
BELOW_KIND(below_a64)
BELOW_KIND(below_rv)

#define BELOW_ROW(vm, bits)                                                                        \
    {                                                                                              \
#vm, bits, vm##_do_init, vm##_do_destroy, vm##_do_frames, vm##_do_linear, vm##_do_lazy,    \
            vm##_do_device, vm##_do_unmap, vm##_do_query, vm##_do_fault                            \
    }
#define BELOW_COUNT 4
static const struct below below_kinds[BELOW_COUNT] = {
    BELOW_ROW(below_ept, 48), BELOW_ROW(below_ept_shared, 48), BELOW_ROW(below_a64, 40),
    BELOW_ROW(below_rv, 41)};

static const struct below *below;
static unsigned below_index;

/* ---- what is in them ---- */

static axaddr_hpa_t below_small[BELOW_SMALL_COUNT];
static axaddr_hpa_t below_low[BELOW_LOW_COUNT];
static axaddr_hpa_t below_top;
static axaddr_hpa_t below_block;
static uint8_t below_snapshot[BELOW_TABLE_COUNT][4096];

static inline void below_must(bool is_so) {
    if (!is_so) {
        printf("the space below cannot be set up: %s\n", below_host.error);
        abort();
    }
}

static inline uint64_t below_last_page(void) {
    return (UINT64_C(1) << below->width) - BELOW_PAGE;
}

/** The frames with tables, by number. */
static inline uint64_t below_table_frame(unsigned number) {
    if (number < 22) {
        return below_small[number].raw;
    }
    if (number < 26) {
        return below_block.raw + (number - 22) * BELOW_PAGE;
    }
    return number == 26 ? below_low[0].raw : below_top.raw;
}

/** A guest-physical address of them; `alias` may choose another one, perhaps read-only. */
static inline uint64_t below_table_gpa(unsigned number, unsigned alias) {
    if (number < 22) {
        return BELOW_SMALL + (number + alias % 8 * BELOW_SMALL_COUNT) * BELOW_PAGE;
    }
    if (number < 26) {
        return (alias % 4 == 3 ? BELOW_READ_ONLY : BELOW_LARGE) + (number - 22) * BELOW_PAGE;
    }
    return number == 26 ? 0 : below_last_page();
}

/** What page `i` of BELOW_SMALL is mapped with; 0: a hole, AXADDR_DEVICE alone: trapped. */
static inline uint32_t below_small_flags(unsigned i) {
    static const uint32_t kinds[16] = {7, 7, 7, 7, 7, 7, 7, 3, 7, 1, 1, 3, 5, 3, 0, AXADDR_DEVICE};

    return i < BELOW_SMALL_COUNT / 2 && i % 16 >= 14 ? AXADDR_ACCESS_FLAGS : kinds[i % 16];
}

static inline void below_map_small(void) {
    unsigned i;

    for (i = 0; i < 512; i++) {
        uint64_t gpa = BELOW_SMALL + i * BELOW_PAGE;
        uint32_t flags = below_small_flags(i);

        if (flags == AXADDR_DEVICE) {
            below_must(below->device(gpa, BELOW_PAGE) == AXADDR_OK);
        } else if (flags != 0) {
            below_must(below->frames(gpa, &below_small[i % BELOW_SMALL_COUNT], 1, flags) ==
                       AXADDR_OK);
        }
    }
}

static inline void below_map_lazy(void) {
    below_must(below->lazy(BELOW_LAZY, 32 * BELOW_PAGE, AXADDR_ACCESS_FLAGS) == AXADDR_OK);
    below_must(below->lazy(BELOW_LAZY + 32 * BELOW_PAGE, 32 * BELOW_PAGE, AXADDR_READ) ==
               AXADDR_OK);
}

/** Lazy memory is as it was at first: nothing is populated. */
static inline void below_renew(void) {
    host_begin(&below_host);
    below_must(below->unmap(BELOW_LAZY, 64 * BELOW_PAGE) == AXADDR_OK);
    below_map_lazy();
}

static inline void below_clear_tables(void) {
    unsigned i;

    for (i = 0; i < BELOW_TABLE_COUNT; i++) {
        memset(host_peek(&below_host, below_table_frame(i)), 0, 4096);
    }
}

static inline void below_begin(unsigned index) {
    uint64_t size;
    unsigned i;

    below_index = index;
    below = &below_kinds[index];
    below_on_frame_at = 0;
    size = UINT64_C(1) << below->width;
    host_init(&below_host, BELOW_FRAMES, HOST_BASE, HOST_SCATTERED);
    host_begin(&below_host);
    below_must(host_alloc_block(&below_host, 9, &below_block));
    for (i = 0; i < BELOW_SMALL_COUNT; i++) {
        below_small[i] = axaddr_hpa(host_donate(&below_host));
    }
    for (i = 0; i < BELOW_LOW_COUNT; i++) {
        below_low[i] = axaddr_hpa(host_donate(&below_host));
    }
    below_top = axaddr_hpa(host_donate(&below_host));
    below_must(below->init(size) == AXADDR_OK);
    below_must(below->frames(0, below_low, BELOW_LOW_COUNT, AXADDR_ACCESS_FLAGS) == AXADDR_OK);
    below_map_small();
    below_must(below->linear(BELOW_LARGE, below_block.raw, BELOW_2M, AXADDR_ACCESS_FLAGS) ==
               AXADDR_OK);
    below_must(below->linear(BELOW_READ_ONLY, below_block.raw, BELOW_2M, AXADDR_READ) == AXADDR_OK);
    (void)below->linear(BELOW_CODE, below_block.raw, BELOW_2M, AXADDR_EXECUTE); /* if it can */
    below_must(below->linear(BELOW_DEVICE, BELOW_MMIO, BELOW_2M,
                             AXADDR_READ | AXADDR_WRITE | AXADDR_DEVICE) == AXADDR_OK);
    below_must(below->device(BELOW_TRAPPED, BELOW_2M) == AXADDR_OK);
    below_must(below->frames(size - BELOW_PAGE, &below_top, 1, AXADDR_ACCESS_FLAGS) == AXADDR_OK);
    below_map_lazy();
    below_clear_tables();
}

static inline void below_end(void) {
    below->destroy();
    host_destroy(&below_host);
    below = 0;
}

/* ---- tables, by guest-physical address ---- */

/** Where the test sees a guest-physical address that is mapped to memory; 0: it is not. */
static inline uint8_t *below_at(uint64_t gpa) {
    struct axaddr_mapping mapping;
    uint8_t *page;

    if (below->query(gpa, &mapping) != AXADDR_OK || (mapping.flags & AXADDR_DEVICE) != 0) {
        return 0;
    }
    page = host_peek(&below_host, mapping.hpa.raw & ~(BELOW_PAGE - 1));
    return page == 0 ? 0 : page + (mapping.hpa.raw & (BELOW_PAGE - 1));
}

static inline void below_store(uint64_t gpa, unsigned shift, uint64_t value) {
    uint8_t *at = below_at(gpa);

    below_must(at != 0);
    memcpy(at, &value, (size_t)1 << shift); /* little-endian, as these guests */
}

static inline uint64_t below_load(uint64_t gpa, unsigned shift) {
    uint8_t *at = below_at(gpa);
    uint64_t value = 0;

    below_must(at != 0);
    memcpy(&value, at, (size_t)1 << shift);
    return value;
}

static inline void below_take_snapshot(void) {
    unsigned i;

    for (i = 0; i < BELOW_TABLE_COUNT; i++) {
        memcpy(below_snapshot[i], host_peek(&below_host, below_table_frame(i)), 4096);
    }
}

/** Whether the tables are what the snapshot, with all expected stores, says. */
static inline bool below_is_as_snapshot(void) {
    unsigned i;

    for (i = 0; i < BELOW_TABLE_COUNT; i++) {
        if (memcmp(below_snapshot[i], host_peek(&below_host, below_table_frame(i)), 4096) != 0) {
            return false;
        }
    }
    return true;
}

/** The store to guest-physical memory that a walk is expected to make, into the snapshot. */
static inline void below_expect_store(uint64_t gpa, unsigned shift, uint64_t value) {
    struct axaddr_mapping mapping;
    unsigned i;

    below_must(below->query(gpa, &mapping) == AXADDR_OK);
    for (i = 0; i < BELOW_TABLE_COUNT; i++) {
        if (below_table_frame(i) == (mapping.hpa.raw & ~(BELOW_PAGE - 1))) {
            memcpy(below_snapshot[i] + (mapping.hpa.raw & (BELOW_PAGE - 1)), &value,
                   (size_t)1 << shift);
        }
    }
}

/* ---- what a reference walker comes to ---- */

struct below_expected {
    enum axaddr_walk_result result;
    struct axaddr_guest_page page;
    unsigned shift;      /**< OK: log2 of the guest's own page */
    uint64_t slot;       /**< of the last entry read */
    unsigned slot_shift; /**< log2 of its bytes */
    uint64_t update;     /**< what is stored there in the end, if has_update */
    bool has_update;
};

/** Whether the space lets an access through, populating it if `how` says so; else why not. */
static inline bool below_permits(uint64_t gpa, uint32_t access, uint32_t how, bool *is_lazy,
                                 bool *is_device, enum axaddr_fault *fault) {
    struct axaddr_mapping mapping;
    enum axaddr_status status = below->query(gpa, &mapping);

    *is_lazy = false;
    *is_device = false;
    *fault = AXADDR_FAULT_DENIED;
    if (status == AXADDR_OK) {
        *is_device = (mapping.flags & AXADDR_DEVICE) != 0;
        return (access & ~mapping.flags) == 0;
    }
    if (status != AXADDR_NOT_MAPPED || mapping.kind == AXADDR_ABSENT_EMPTY) {
        *fault = AXADDR_FAULT_UNMAPPED;
        return false;
    }
    if (mapping.kind == AXADDR_ABSENT_TRAPPED) {
        *fault = AXADDR_FAULT_DEVICE;
        return false;
    }
    if ((access & ~mapping.flags) != 0) {
        return false;
    }
    *fault = AXADDR_FAULT_RESOLVED;
    *is_lazy = true;
    return (how & AXADDR_ON_DEMAND) != 0;
}

/** Read an entry for a reference walker; false: the space stops it, *expected tells. */
static inline bool below_read_entry(uint64_t slot, unsigned shift, uint32_t how, uint64_t *entry,
                                    struct below_expected *expected) {
    bool is_lazy;
    bool is_device;
    enum axaddr_fault fault;
    bool is_readable = below_permits(slot, AXADDR_READ, how, &is_lazy, &is_device, &fault);

    expected->slot = slot;
    expected->slot_shift = shift;
    if (!is_readable || is_device) {
        expected->result = AXADDR_WALK_STAGE2;
        expected->page.gpa = axaddr_gpa(slot);
        expected->page.access = AXADDR_READ;
        expected->page.is_table = true;
        expected->page.stage2 = is_readable ? AXADDR_FAULT_DENIED : fault;
        return false;
    }
    *entry = is_lazy ? 0 : below_load(slot, shift);
    return true;
}

/** The leaf's entry is to become `update`: false, if the space does not permit that. */
static inline bool below_write_entry(uint64_t update, uint32_t how,
                                     struct below_expected *expected) {
    bool is_lazy;
    bool is_device;
    enum axaddr_fault fault;

    if ((how & AXADDR_SET_NOTES) == 0) {
        return true;
    }
    if (!below_permits(expected->slot, AXADDR_READ | AXADDR_WRITE, how, &is_lazy, &is_device,
                       &fault)) {
        expected->result = AXADDR_WALK_STAGE2;
        expected->page.gpa = axaddr_gpa(expected->slot);
        expected->page.access = AXADDR_READ | AXADDR_WRITE;
        expected->page.is_table = true;
        expected->page.stage2 = AXADDR_FAULT_DENIED;
        return false;
    }
    expected->has_update = true;
    expected->update = update;
    return true;
}

/** The guest's tables lead to `gpa`, in a page of 1 << shift bytes, with `flags`. */
static inline void below_read_page(uint64_t gpa, unsigned shift, uint32_t flags, uint32_t access,
                                   uint32_t how, struct below_expected *expected) {
    bool is_lazy;
    bool is_device;

    access &= AXADDR_ACCESS_FLAGS;
    expected->page.gpa = axaddr_gpa(gpa);
    expected->page.flags = flags;
    expected->page.access = access;
    expected->page.is_table = false;
    expected->shift = shift;
    expected->result = below_permits(gpa, access, how, &is_lazy, &is_device, &expected->page.stage2)
                           ? AXADDR_WALK_OK
                           : AXADDR_WALK_STAGE2;
}

/* ---- comparison ---- */

static char below_wrong[400];

static inline bool below_differs(const char *what, uint64_t actual, uint64_t expected) {
    if (actual == expected) {
        return false;
    }
    snprintf(below_wrong, sizeof(below_wrong), "%s is 0x%" PRIx64 ", expected 0x%" PRIx64, what,
             actual, expected);
    return true;
}

/** A walk that came to its end, against the page that query tells of. */
static inline bool below_differs_in_page(const struct axaddr_guest_page *page,
                                         const struct below_expected *expected) {
    struct axaddr_mapping mapping;
    uint64_t size = UINT64_C(1) << expected->shift;
    uint32_t rights;

    if (below->query(expected->page.gpa.raw, &mapping) != AXADDR_OK) {
        return below_differs("not mapped: gpa", page->gpa.raw, expected->page.gpa.raw + 1);
    }
    rights = expected->page.flags & AXADDR_ACCESS_FLAGS & mapping.flags;
    return below_differs("gpa", page->gpa.raw, expected->page.gpa.raw) ||
           below_differs("hpa", page->hpa.raw, mapping.hpa.raw) ||
           below_differs("size", page->size, size < mapping.size ? size : mapping.size) ||
           below_differs("flags", page->flags,
                         (expected->page.flags & ~AXADDR_ACCESS_FLAGS) | rights);
}

/** Whether a walk is other than the reference says; below_wrong tells how. */
static inline bool below_compare(enum axaddr_walk_result result,
                                 const struct axaddr_guest_page *page,
                                 const struct below_expected *expected) {
    const struct axaddr_guest_page *right = &expected->page;

    if (below_differs("result", result, expected->result) ||
        below_differs("level", page->level, right->level)) {
        return true;
    }
    if (result == AXADDR_WALK_OK && below_differs_in_page(page, expected)) {
        return true;
    }
    if (result == AXADDR_WALK_STAGE2 &&
        (below_differs("gpa", page->gpa.raw, right->gpa.raw) ||
         below_differs("access", page->access, right->access) ||
         below_differs("is_table", page->is_table, right->is_table) ||
         below_differs("stage2", page->stage2, right->stage2))) {
        return true;
    }
    if ((result == AXADDR_WALK_INJECT || (result == AXADDR_WALK_STAGE2 && right->is_table)) &&
        (below_differs("kind", page->fault.kind, right->fault.kind) ||
         below_differs("code", page->fault.code, right->fault.code))) {
        return true;
    }
    if (expected->has_update) {
        below_expect_store(expected->slot, expected->slot_shift, expected->update);
        if (below_differs("entry", below_load(expected->slot, expected->slot_shift),
                          expected->update)) {
            return true;
        }
    }
    if (host_error(&below_host)[0] != '\0') {
        snprintf(below_wrong, sizeof(below_wrong), "host: %s", host_error(&below_host));
        return true;
    }
    return false;
}

/* ---- an input of a fuzzer ---- */

/** The spaces of the kinds that other inputs were of: they take long to be made. */
static struct below_kept {
    bool is_there;
    struct host host;
    axaddr_hpa_t small[BELOW_SMALL_COUNT];
    axaddr_hpa_t low[BELOW_LOW_COUNT];
    axaddr_hpa_t top;
    axaddr_hpa_t block;
} below_kept[BELOW_COUNT];

static inline void below_put_aside(void) {
    struct below_kept *kept = &below_kept[below_index];

    kept->is_there = true;
    kept->host = below_host;
    memcpy(kept->small, below_small, sizeof(below_small));
    memcpy(kept->low, below_low, sizeof(below_low));
    kept->top = below_top;
    kept->block = below_block;
    below = 0;
}

/** The space itself never moved, nor did its context: below_host. */
static inline void below_take_back(unsigned index) {
    struct below_kept *kept = &below_kept[index];

    kept->is_there = false;
    below_index = index;
    below = &below_kinds[index];
    below_on_frame_at = 0;
    below_host = kept->host;
    memcpy(below_small, kept->small, sizeof(below_small));
    memcpy(below_low, kept->low, sizeof(below_low));
    below_top = kept->top;
    below_block = kept->block;
}

/** Every input meets the same: a space of this kind, nothing populated, empty tables. */
static inline void below_begin_input(unsigned index) {
    if (below != 0 && below_index != index) {
        below_put_aside();
    }
    if (below == 0 && below_kept[index].is_there) {
        below_take_back(index);
    } else if (below == 0) {
        below_begin(index);
    }
    below_renew();
    below_clear_tables();
    below_take_snapshot();
}

/** After the last input: also where there was none. */
AXADDR_UNUSED static void below_end_inputs(void) {
    unsigned i;

    for (i = 0; i < BELOW_COUNT; i++) {
        if (below != 0) {
            below_end();
        }
        if (below_kept[i].is_there) {
            below_take_back(i);
        }
    }
    if (below != 0) {
        below_end();
    }
}

static inline void below_end_input(void) {
    if (!below_is_as_snapshot()) {
        printf("something else was written\n");
        abort();
    }
}

#endif /* AXADDR_TESTS_GUEST_STAGE2_H */
