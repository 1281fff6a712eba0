/* SPDX-License-Identifier: MIT
 *
 * guest_arm_world.h: where the guests of guest_aarch64.h and guest_arm.h live: spaces of 2^40 bytes
 * of three formats, with and without locks, that have every kind of memory at known places, and what
 * a second stage is to say of each; bytes that make cases (random ones, or a fuzzer's).
 *
 *     0x0000000000 + 16 pages      RAM
 *     0x0040000000 + 2 MiB         RAM in one large leaf
 *     0x0040200000 + 8 * 16 pages  RAM, RAM, lazy, read-only, hole, trapped, AXADDR_DEVICE, no fetch
 *     0xffffff0000 + 16 pages      RAM: the last bytes of the space
 */
#ifndef AXADDR_TESTS_GUEST_ARM_WORLD_H
#define AXADDR_TESTS_GUEST_ARM_WORLD_H

#include "host.h"

#include "../axaddr.h"
#include "../axaddr_core/guest_walk.h"

#define WORLD_BIG  UINT64_C(0x40000000)
#define WORLD_MIX  UINT64_C(0x40200000)
#define WORLD_TOP  UINT64_C(0xffffff0000)
#define WORLD_END  (UINT64_C(1) << 40)
#define WORLD_PAGE UINT64_C(4096)
#define WORLD_PART (16 * WORLD_PAGE)
#define WORLD_ANY  (AXADDR_READ | AXADDR_WRITE | AXADDR_EXECUTE)

enum world_kind { /* the parts of WORLD_MIX, in order */
                  WORLD_RAM,
                  WORLD_MORE_RAM,
                  WORLD_LAZY,
                  WORLD_READ_ONLY,
                  WORLD_HOLE,
                  WORLD_TRAPPED,
                  WORLD_DEVICE,
                  WORLD_NO_FETCH,
};

static inline uint64_t world_part(enum world_kind kind) {
    return WORLD_MIX + (uint64_t)kind * WORLD_PART;
}

/* ---- the machine ---- */

#define WORLD_WRITTEN_MAX 4096

struct world {
    struct host host; /* the first member: host.h's functions get a pointer to it */
    uint64_t device;  /* 16 frames that nobody is to look at */
    bool is_device_read;
    uint64_t watched;            /* a frame: at each frame_at of it */
    void (*meanwhile)(void *at); /* ... this is called */
    int walk_count;
    uint8_t *written[WORLD_WRITTEN_MAX]; /* entries that the cases made */
    uint32_t written_count;
};

static inline void *world_frame_at(void *ctx, axaddr_hpa_t frame) {
    struct world *world = (struct world *)ctx;
    void *at = host_frame_at(ctx, frame);

    if (frame.raw - world->device < WORLD_PART) {
        world->is_device_read = true;
    }
    if (world->meanwhile != 0 && frame.raw == world->watched) {
        world->meanwhile(at);
    }
    return at;
}

static inline void world_enter(void *ctx) {
    ((struct world *)ctx)->walk_count++;
}

static inline void world_leave(void *ctx) {
    ((struct world *)ctx)->walk_count--;
}

static const struct axaddr_hal world_hal = {
    .alloc_frame = host_alloc_frame,
    .free_frame = host_free_frame,
    .frame_at = world_frame_at,
    .flush_tlb = host_flush_tlb,
    .alloc_block = host_alloc_block,
    .free_block = host_free_block,
};

static const struct axaddr_hal world_hal_shared = {
    .alloc_frame = host_alloc_frame,
    .free_frame = host_free_frame,
    .frame_at = world_frame_at,
    .flush_tlb = host_flush_tlb,
    .alloc_block = host_alloc_block,
    .free_block = host_free_block,
    .lock = host_lock,
    .unlock = host_unlock,
    .quiesce = host_quiesce,
    .enter_walk = world_enter,
    .leave_walk = world_leave,
};

AXADDR_DEFINE_VM(world_ept, axaddr_x86_ept, world_hal);
AXADDR_DEFINE_VM(world_stage2, axaddr_aarch64_stage2_40, world_hal);
AXADDR_DEFINE_VM(world_sv39x4, axaddr_riscv_sv39x4, world_hal);
AXADDR_DEFINE_VM(world_ept_shared, axaddr_x86_ept, world_hal_shared);
AXADDR_DEFINE_VM(world_stage2_shared, axaddr_aarch64_stage2_40, world_hal_shared);
AXADDR_DEFINE_VM(world_sv39x4_shared, axaddr_riscv_sv39x4, world_hal_shared);

#define WORLD_COUNT 6

static struct world worlds[WORLD_COUNT];

/* What the tests do with a space, by its name. */
#define WORLD_SPACE(name)                                                                          \
    static struct name name##_space;                                                               \
    static enum axaddr_status name##_make(struct world *world) {                                   \
        return name##_init(&name##_space, world, axaddr_gpa(0), WORLD_END);                        \
    }                                                                                              \
    static enum axaddr_status name##_alloc(uint64_t gpa, uint64_t size, uint32_t flags,            \
                                           bool is_lazy) {                                         \
        return name##_map_alloc(&name##_space, axaddr_gpa(gpa), size, flags,                       \
                                is_lazy ? AXADDR_LAZY : AXADDR_POPULATE);                          \
    }                                                                                              \
    static enum axaddr_status name##_linear(uint64_t gpa, uint64_t hpa, uint64_t size,             \
                                            uint32_t flags) {                                      \
        return name##_map_linear(&name##_space, axaddr_gpa(gpa), axaddr_hpa(hpa), size, flags);    \
    }                                                                                              \
    static enum axaddr_status name##_trap(uint64_t gpa, uint64_t size) {                           \
        return name##_map_device(&name##_space, axaddr_gpa(gpa), size, 1);                         \
    }                                                                                              \
    static enum axaddr_status name##_drop(uint64_t gpa, uint64_t size) {                           \
        return name##_unmap(&name##_space, axaddr_gpa(gpa), size);                                 \
    }                                                                                              \
    static bool name##_find(uint64_t gpa, uint64_t *hpa) {                                         \
        axaddr_hpa_t found = axaddr_hpa(0);                                                        \
        bool is_there = name##_translate(&name##_space, axaddr_gpa(gpa), &found) == AXADDR_OK;     \
        *hpa = found.raw;                                                                          \
        return is_there;                                                                           \
    }                                                                                              \
    static void name##_end(void) {                                                                 \
        name##_destroy(&name##_space);                                                             \
    }
#define WORLD_OPS(name)                                                                            \
    {                                                                                              \
#name, name##_make, name##_alloc, name##_linear, name##_trap, name##_drop, name##_find,    \
            name##_end                                                                             \
    }

WORLD_SPACE(world_ept)
WORLD_SPACE(world_stage2)
WORLD_SPACE(world_sv39x4)
WORLD_SPACE(world_ept_shared)
WORLD_SPACE(world_stage2_shared)
WORLD_SPACE(world_sv39x4_shared)

static const struct world_ops {
    const char *name;
    enum axaddr_status (*make)(struct world *world);
    enum axaddr_status (*alloc)(uint64_t gpa, uint64_t size, uint32_t flags, bool is_lazy);
    enum axaddr_status (*linear)(uint64_t gpa, uint64_t hpa, uint64_t size, uint32_t flags);
    enum axaddr_status (*trap)(uint64_t gpa, uint64_t size);
    enum axaddr_status (*drop)(uint64_t gpa, uint64_t size);
    bool (*find)(uint64_t gpa, uint64_t *hpa);
    void (*end)(void);
} world_ops[WORLD_COUNT] = {
    WORLD_OPS(world_ept),        WORLD_OPS(world_stage2),        WORLD_OPS(world_sv39x4),
    WORLD_OPS(world_ept_shared), WORLD_OPS(world_stage2_shared), WORLD_OPS(world_sv39x4_shared),
};

/* prefix_walk(number, regime, va, access, how, page): a walk in the space of that number. */
#define WORLD_WALKS(prefix, guest)                                                                 \
    AXADDR_DEFINE_GUEST_WALK(prefix##_ept, world_ept, guest);                                      \
    AXADDR_DEFINE_GUEST_WALK(prefix##_stage2, world_stage2, guest);                                \
    AXADDR_DEFINE_GUEST_WALK(prefix##_sv39x4, world_sv39x4, guest);                                \
    AXADDR_DEFINE_GUEST_WALK(prefix##_ept_shared, world_ept_shared, guest);                        \
    AXADDR_DEFINE_GUEST_WALK(prefix##_stage2_shared, world_stage2_shared, guest);                  \
    AXADDR_DEFINE_GUEST_WALK(prefix##_sv39x4_shared, world_sv39x4_shared, guest);                  \
    AXADDR_UNUSED static enum axaddr_walk_result prefix##_walk(                                    \
        unsigned number, const struct guest##_regime *regime, uint64_t va, uint32_t access,        \
        uint32_t how, struct axaddr_guest_page *page) {                                            \
        axaddr_gva_t at = axaddr_gva(va);                                                          \
                                                                                                   \
        switch (number) {                                                                          \
        case 0:                                                                                    \
            return prefix##_ept_walk(&world_ept_space, regime, at, access, how, page);             \
        case 1:                                                                                    \
            return prefix##_stage2_walk(&world_stage2_space, regime, at, access, how, page);       \
        case 2:                                                                                    \
            return prefix##_sv39x4_walk(&world_sv39x4_space, regime, at, access, how, page);       \
        case 3:                                                                                    \
            return prefix##_ept_shared_walk(&world_ept_shared_space, regime, at, access, how,      \
                                            page);                                                 \
        case 4:                                                                                    \
            return prefix##_stage2_shared_walk(&world_stage2_shared_space, regime, at, access,     \
                                               how, page);                                         \
        default:                                                                                   \
            return prefix##_sv39x4_shared_walk(&world_sv39x4_shared_space, regime, at, access,     \
                                               how, page);                                         \
        }                                                                                          \
    }

/* ---- making it ---- */

/** The world of this number, made at the first call; 0 if that failed. */
AXADDR_UNUSED static struct world *world_get(unsigned number) {
    const struct world_ops *ops = &world_ops[number];
    struct world *world = &worlds[number];
    axaddr_hpa_t large = axaddr_hpa(0);
    axaddr_hpa_t device = axaddr_hpa(0);
    uint32_t rw = AXADDR_READ | AXADDR_WRITE;
    bool is_good;

    if (world->host.memory != 0) {
        return world;
    }
    host_init(&world->host, 1500, HOST_BASE, HOST_SCATTERED);
    is_good =
        host_alloc_block(world, 9, &large) && host_alloc_block(world, 4, &device) &&
        ops->make(world) == AXADDR_OK && ops->alloc(0, WORLD_PART, WORLD_ANY, false) == AXADDR_OK &&
        ops->linear(WORLD_BIG, large.raw, AXADDR_SIZE_2M, WORLD_ANY) == AXADDR_OK &&
        ops->alloc(WORLD_TOP, WORLD_PART, WORLD_ANY, false) == AXADDR_OK &&
        ops->alloc(world_part(WORLD_RAM), 2 * WORLD_PART, WORLD_ANY, false) == AXADDR_OK &&
        ops->alloc(world_part(WORLD_LAZY), WORLD_PART, WORLD_ANY, true) == AXADDR_OK &&
        ops->alloc(world_part(WORLD_READ_ONLY), WORLD_PART, AXADDR_READ | AXADDR_EXECUTE, false) ==
            AXADDR_OK &&
        ops->trap(world_part(WORLD_TRAPPED), WORLD_PART) == AXADDR_OK &&
        ops->linear(world_part(WORLD_DEVICE), device.raw, WORLD_PART, rw | AXADDR_DEVICE) ==
            AXADDR_OK &&
        ops->alloc(world_part(WORLD_NO_FETCH), WORLD_PART, rw, false) == AXADDR_OK;
    memset(host_peek(&world->host, large.raw), 0, AXADDR_SIZE_2M);
    world->device = device.raw;
    return is_good ? world : 0;
}

AXADDR_UNUSED static void worlds_end(void) {
    unsigned i;

    for (i = 0; i < WORLD_COUNT; i++) {
        if (worlds[i].host.memory != 0) {
            world_ops[i].end();
            host_destroy(&worlds[i].host);
        }
    }
}

/* ---- what the second stage is to say ---- */

static inline enum world_kind world_kind_at(uint64_t gpa) {
    if (gpa < WORLD_PART || (gpa >= WORLD_BIG && gpa < WORLD_MIX) ||
        (gpa >= WORLD_TOP && gpa < WORLD_END)) {
        return WORLD_RAM;
    }
    return gpa >= WORLD_MIX && gpa - WORLD_MIX < 8 * WORLD_PART
               ? (enum world_kind)((gpa - WORLD_MIX) / WORLD_PART)
               : WORLD_HOLE;
}

/** The rights of each kind. */
static inline uint32_t world_rights(enum world_kind kind) {
    static const uint32_t rights[8] = {
        WORLD_ANY,
        WORLD_ANY,
        WORLD_ANY,
        AXADDR_READ | AXADDR_EXECUTE,
        0,
        0,
        AXADDR_READ | AXADDR_WRITE,
        AXADDR_READ | AXADDR_WRITE,
    };
    return rights[kind];
}

static inline uint64_t world_leaf_size(uint64_t gpa) {
    return gpa >= WORLD_BIG && gpa < WORLD_MIX ? AXADDR_SIZE_2M : WORLD_PAGE;
}

/** Whether it lets an access through (READ, WRITE, EXECUTE); if not, *fault. */
static inline bool world_permits(unsigned number, uint64_t gpa, uint32_t access, uint32_t how,
                                 enum axaddr_fault *fault) {
    enum world_kind kind = world_kind_at(gpa);
    uint64_t hpa;

    *fault = kind == WORLD_HOLE      ? AXADDR_FAULT_UNMAPPED
             : kind == WORLD_TRAPPED ? AXADDR_FAULT_DEVICE
                                     : AXADDR_FAULT_DENIED;
    if (kind == WORLD_HOLE || kind == WORLD_TRAPPED || (access & ~world_rights(kind)) != 0) {
        return false;
    }
    *fault = AXADDR_FAULT_RESOLVED;
    return kind != WORLD_LAZY || (how & AXADDR_ON_DEMAND) != 0 || world_ops[number].find(gpa, &hpa);
}

/** Where the host has the bytes of a guest address; 0 for lazy memory that is not there yet. */
static inline uint8_t *world_bytes(unsigned number, uint64_t gpa) {
    uint64_t hpa;

    if (world_kind_at(gpa) == WORLD_DEVICE || !world_ops[number].find(gpa, &hpa)) {
        return 0;
    }
    return host_peek(&worlds[number].host, hpa) + (hpa & (WORLD_PAGE - 1));
}

static inline uint64_t world_load(unsigned number, uint64_t gpa, unsigned size) {
    const uint8_t *at = world_bytes(number, gpa);
    uint64_t value = 0;

    if (at != 0) {
        memcpy(&value, at, size);
    }
    return value;
}

/** Put an entry somewhere, if there is memory. What cases put is taken out by world_reset. */
static inline void world_store(unsigned number, uint64_t gpa, uint64_t value, unsigned size) {
    struct world *world = &worlds[number];
    uint8_t *at = world_bytes(number, gpa);

    if (at != 0 && world->written_count < WORLD_WRITTEN_MAX) {
        memcpy(at, &value, size);
        world->written[world->written_count++] = at;
    }
}

/** As it was made: no entries, and lazy memory that nobody has touched. */
AXADDR_UNUSED static void world_reset(unsigned number) {
    struct world *world = &worlds[number];
    bool is_touched = false;
    uint64_t hpa;
    unsigned i;

    while (world->written_count > 0) {
        uint8_t *at = world->written[--world->written_count];
        memset((uint8_t *)((uintptr_t)at & ~(uintptr_t)7), 0, 8);
    }
    for (i = 0; i < 16; i++) {
        is_touched =
            is_touched || world_ops[number].find(world_part(WORLD_LAZY) + i * WORLD_PAGE, &hpa);
    }
    if (is_touched) {
        host_begin(&world->host);
        if (world_ops[number].drop(world_part(WORLD_LAZY), WORLD_PART) != AXADDR_OK ||
            world_ops[number].alloc(world_part(WORLD_LAZY), WORLD_PART, WORLD_ANY, true) !=
                AXADDR_OK) {
            host_complain(&world->host, "lazy memory cannot be made anew");
        }
    }
}

/* ---- bytes that make cases ---- */

struct world_source {
    const uint8_t *data;
    size_t size;
};

static inline unsigned world_byte(struct world_source *source) {
    if (source->size == 0) {
        return 0;
    }
    source->size--;
    return *source->data++;
}

static inline uint64_t world_word(struct world_source *source) {
    uint64_t word = 0;
    unsigned i;

    for (i = 0; i < 8; i++) {
        word = word << 8 | world_byte(source);
    }
    return word;
}

/** Mostly a page where there is something; sometimes anything. */
static inline uint64_t world_address(struct world_source *source) {
    unsigned what = world_byte(source);
    unsigned page = world_byte(source);

    switch (what & 15) {
    case 0:
        return world_word(source);
    case 1:
        return (page & 15) * WORLD_PAGE;
    case 2:
        return WORLD_TOP + (page & 15) * WORLD_PAGE;
    case 3:
    case 4:
    case 5:
        return WORLD_MIX + (page & 127) * WORLD_PAGE;
    case 6:
        return WORLD_MIX + (page & 31) * WORLD_PAGE + (world_word(source) & 0xfff);
    default:
        return WORLD_BIG + (page & 255) * 2 * WORLD_PAGE;
    }
}

/** What an access and a walk are asked for. */
static inline uint32_t world_access(struct world_source *source) {
    static const uint32_t kinds[8] = {AXADDR_READ,
                                      AXADDR_WRITE,
                                      AXADDR_EXECUTE,
                                      AXADDR_WRITE,
                                      AXADDR_EXECUTE,
                                      AXADDR_READ | AXADDR_WRITE,
                                      0,
                                      WORLD_ANY};
    unsigned what = world_byte(source);

    return kinds[what & 7] | ((what & 8) != 0 ? AXADDR_USER : 0);
}

static inline uint32_t world_how(struct world_source *source) {
    unsigned what = world_byte(source);

    return ((what & 1) != 0 ? AXADDR_ON_DEMAND : 0) | ((what & 6) != 0 ? AXADDR_SET_NOTES : 0);
}

/* ---- what is expected, and whether it came ---- */

#define WORLD_STEPS 6

/** What the reference makes of a first stage, and of the way there through the second. */
struct world_expect {
    enum axaddr_walk_result result;
    enum axaddr_guest_fault_kind kind; /**< INJECT, and STAGE2 of a table */
    uint32_t code;
    unsigned level;
    bool is_table;            /**< STAGE2 */
    enum axaddr_fault stage2; /**< STAGE2 */
    uint32_t access;          /**< STAGE2 */
    uint64_t gpa;
    unsigned shift; /**< of the guest's leaf */
    uint32_t flags; /**< of the guest's leaf */
    unsigned count; /**< of entries that were read */
    uint64_t slots[WORLD_STEPS];
    uint64_t values[WORLD_STEPS]; /**< what they are to be afterwards */
    unsigned size;                /**< of an entry in bytes */
    bool is_noted;                /**< the last of them changed */
};

/** The second stage's part of it, once the first has come to a leaf at expect->gpa. */
static inline void world_expect_page(unsigned number, uint32_t access, uint32_t how,
                                     struct world_expect *expect) {
    uint32_t asked = access & WORLD_ANY; /* none of these formats tells modes apart */

    expect->is_table = false;
    expect->access = asked;
    expect->result = world_permits(number, expect->gpa, asked, how, &expect->stage2)
                         ? AXADDR_WALK_OK
                         : AXADDR_WALK_STAGE2;
    expect->flags &= world_rights(world_kind_at(expect->gpa)) | ~WORLD_ANY;
}

/** Whether an entry can be read: if not, it is what the walk ends with. */
static inline bool world_expect_entry(unsigned number, uint64_t slot, uint32_t how, bool is_update,
                                      struct world_expect *expect) {
    uint32_t access = is_update ? AXADDR_READ | AXADDR_WRITE : AXADDR_READ;
    bool is_device = world_kind_at(slot) == WORLD_DEVICE;

    if (world_permits(number, slot, access, how, &expect->stage2) && !is_device) {
        return true;
    }
    expect->result = AXADDR_WALK_STAGE2;
    expect->stage2 = is_device ? AXADDR_FAULT_DENIED : expect->stage2;
    expect->is_table = true;
    expect->gpa = slot;
    expect->access = access;
    return false;
}

/** The first thing in which they differ; 0 if they agree. */
AXADDR_UNUSED static const char *world_compare(unsigned number, const struct world_expect *expect,
                                               enum axaddr_walk_result result,
                                               const struct axaddr_guest_page *page) {
    uint64_t leaf = UINT64_C(1) << expect->shift;
    uint64_t stage2 = world_leaf_size(expect->gpa);
    uint64_t hpa;
    unsigned i;

    if (worlds[number].is_device_read || worlds[number].walk_count != 0) {
        return "device registers were touched, or a walk was not left";
    }
    for (i = 0; i < expect->count; i++) {
        if (world_load(number, expect->slots[i], expect->size) != expect->values[i]) {
            return "what is in an entry";
        }
    }
    if (result != expect->result || page->level != expect->level) {
        return "result or level";
    }
    if (result == AXADDR_WALK_INJECT) {
        return page->fault.kind == expect->kind && page->fault.code == expect->code ? 0 : "fault";
    }
    if (page->gpa.raw != expect->gpa) {
        return "gpa";
    }
    if (result == AXADDR_WALK_STAGE2) {
        if (page->is_table != expect->is_table || page->stage2 != expect->stage2 ||
            page->access != expect->access) {
            return "what stage 2 said";
        }
        return !page->is_table ||
                       (page->fault.kind == expect->kind && page->fault.code == expect->code)
                   ? 0
                   : "fault of a table";
    }
    if (!world_ops[number].find(expect->gpa, &hpa) || page->hpa.raw != hpa) {
        return "hpa";
    }
    return page->flags != expect->flags                    ? "flags"
           : page->size != (leaf < stage2 ? leaf : stage2) ? "size"
                                                           : 0;
}

/* ---- many of them (for programs with check.h) ---- */

#ifdef AXADDR_TESTS_CHECK_H

AXADDR_UNUSED static void world_random(const char *name, uint64_t seed, unsigned count,
                                       const char *(*guest)(const uint8_t *data, size_t size)) {
    static uint8_t bytes[224];
    uint64_t random = seed;
    unsigned i, j;

    printf("%s: seed 0x%" PRIx64 ", %u guests\n", name, seed, count);
    for (i = 0; i < count; i++) {
        const char *wrong;

        for (j = 0; j < sizeof(bytes); j++) {
            random ^= random << 13;
            random ^= random >> 7;
            random ^= random << 17;
            bytes[j] = (uint8_t)(random >> 24);
        }
        wrong = guest(bytes, sizeof(bytes));
        snprintf(check_context, sizeof(check_context), "guest %u", i);
        CHECK_STR(wrong == 0 ? "" : wrong, "");
    }
}

/** At the end. */
AXADDR_UNUSED static void worlds_are_content(void) {
    unsigned i;

    for (i = 0; i < WORLD_COUNT; i++) {
        CHECK_STR(host_error(&worlds[i].host), "");
        CHECK(!worlds[i].is_device_read);
        CHECK_EQ(worlds[i].walk_count, 0);
    }
    worlds_end();
}

/** A case in each of the worlds, of which *number is set. */
AXADDR_UNUSED static void world_each(unsigned *number, void (*function)(void), const char *name) {
    for (*number = 0; *number < WORLD_COUNT; ++*number) {
        check_case_failed = world_get(*number) == 0;
        snprintf(check_context, sizeof(check_context), "%s", world_ops[*number].name);
        function();
        worlds[*number].meanwhile = 0;
        check_end_case(name);
    }
}
#define EACH(function) world_each(&number, function, #function)

#endif

#endif /* AXADDR_TESTS_GUEST_ARM_WORLD_H */
