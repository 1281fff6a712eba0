/* SPDX-License-Identifier: MIT
 *
 * data_machine.h: what tests of a guest's bytes stand on (data_cases.h, guest_memory_cases.h): a
 * machine that also supplies frames and notes what it is told, and one space with every kind of
 * memory, over every format with pages of 1 << HOST_FRAME_SHIFT bytes, on an instance that is told
 * its format at run time; with DATA_HAS_LOCK on one for many CPUs.
 */
#ifndef AXADDR_TESTS_DATA_MACHINE_H
#define AXADDR_TESTS_DATA_MACHINE_H

#include <stdbool.h>

/* Called before the engine writes an entry, once: what another CPU does at that moment. */
static void (*before_entry_write)(void *slot);

static inline void tell_entry(const void *slot, bool is_write) {
    void (*call)(void *slot) = before_entry_write;

    if (is_write && call != 0) {
        before_entry_write = 0;
        call((void *)(unsigned long)slot);
    }
}
#define AXADDR_ON_ENTRY_ACCESS(slot, is_write) tell_entry(slot, is_write)

#include "check.h"
#include "every_format.h"
#include "host.h"
#include "toy_format.h"

#define R    AXADDR_READ
#define W    AXADDR_WRITE
#define X    AXADDR_EXECUTE
#define RW   (R | W)
#define PAGE HOST_FRAME_SIZE
#define SEED UINT64_C(0x2c1b3c6d9f7a8e05)

#define COOKIE 7u

/* ---- the machine: host.h's, which also supplies frames, and notes what is told ---- */

static struct {
    struct host host; /**< the first member: host.h's functions get a pointer to it */
    bool is_locked;
    int walk_count;
    unsigned enter_count;
    unsigned enter_at; /**< at this enter_walk, and before it: */
    void (*meanwhile)(void);
    void (*leaving)(void); /**< at the end of each walk */
    bool is_read_only;     /**< supply so, until it is written */
    unsigned asked_count;
    unsigned quiesce_count;
    uint32_t told[4096]; /**< notes by page from `home` on */
    uint64_t told_count;
} machine;

static struct host *const host = &machine.host;
static struct axaddr_format format; /* a variable: one instance does for all */
static uint64_t home;
static uint64_t large;

static inline bool data_alloc(void *ctx, axaddr_hpa_t *frame) {
    return host_alloc_frame(ctx, frame);
}

#if DATA_HAS_LOCK
static inline void data_lock(void *ctx) {
    (void)ctx;
    if (machine.is_locked || machine.walk_count != 0) {
        host_complain(host, "the lock is taken twice, or within a walk");
    }
    machine.is_locked = true;
}

static inline void data_unlock(void *ctx) {
    (void)ctx;
    machine.is_locked = false;
}

static inline void data_quiesce(void *ctx) {
    (void)ctx;
    machine.quiesce_count++;
    if (machine.walk_count != 0) {
        host_complain(host, "quiesce would wait for ever");
    }
}

static inline void data_enter(void *ctx) {
    (void)ctx;
    if (++machine.enter_count == machine.enter_at) {
        machine.meanwhile();
    }
    machine.walk_count++;
}

static inline void data_leave(void *ctx) {
    (void)ctx;
    if (machine.leaving != 0) {
        machine.leaving();
    }
    machine.walk_count--;
}
#endif

/** A supplied page reads 0x33 at first; a writable copy of it is another frame. */
static inline enum axaddr_fault data_supply(void *ctx, struct axaddr_supply *supply) {
    axaddr_hpa_t frame;

    machine.asked_count++;
    if (!host_alloc_frame(ctx, &frame)) {
        return AXADDR_FAULT_NO_MEMORY;
    }
    if (supply->is_mapped) {
        memcpy(host_peek(host, frame.raw), host_peek(host, supply->frame.raw), PAGE);
    } else {
        memset(host_peek(host, frame.raw), 0x33, PAGE);
    }
    supply->is_read_only = machine.is_read_only && (supply->access & W) == 0;
    supply->frame = frame;
    return AXADDR_FAULT_RESOLVED;
}

static inline void data_return(void *ctx, uint32_t cookie, uint64_t address, axaddr_hpa_t frame) {
    (void)address;
    if (cookie != COOKIE) {
        host_complain(host, "cookie %u comes back", cookie);
    }
    host_free_frame(ctx, frame);
}

static inline void data_harvested(void *ctx, uint64_t address, uint64_t size, uint32_t notes) {
    uint64_t page;

    (void)ctx;
    machine.told_count++;
    for (page = (address - home) / PAGE; size > 0 && page < 4096; page++, size -= PAGE) {
        machine.told[page] |= notes;
    }
}

static const struct axaddr_hal hal = {
    .alloc_frame = data_alloc,
    .free_frame = host_free_frame,
    .frame_at = host_frame_at,
    .flush_tlb = host_flush_tlb,
    .alloc_block = host_alloc_block,
    .free_block = host_free_block,
    .supply_frame = data_supply,
    .return_frame = data_return,
    .harvested = data_harvested,
#if DATA_HAS_LOCK
    .lock = data_lock,
    .unlock = data_unlock,
    .quiesce = data_quiesce,
    .enter_walk = data_enter,
    .leave_walk = data_leave,
#endif
};

AXADDR_DEFINE_VM(vm, format, hal);

static struct vm space;
static uint64_t zero_frame;
static uint32_t own_count; /**< frames that the test itself has */

/* ---- what the cases work in ---- */

#define AT(page) (home + (uint64_t)(page)*PAGE)

/* Pages from home on. All but the last five parts are readable and writable. */
enum {
    LINEAR = 0,
    FRAMES = 4,
    POPULATED = 6,
    LAZY = 8,
    ZERO = 16,
    BACKED = 20,
    READ_ONLY = 24,
    HOLE = 26,
    DEVICE = 27,
    REGISTERS = 28,
    CODE = 29,
    LAZY_READ_ONLY = 30,
    END = 32,
};

/** Host memory in one piece, which the test has and gives back in end(). */
AXADDR_UNUSED static uint64_t take(unsigned order) {
    axaddr_hpa_t block = axaddr_hpa(0);

    if (!host_alloc_block(host, order, &block)) {
        host_complain(host, "the arena is too small for the test");
    }
    own_count += 1u << order;
    return block.raw;
}

AXADDR_UNUSED static bool holds(uint32_t flags) {
    return format.can_hold(flags);
}

AXADDR_UNUSED static bool has_notes(void) {
    return format.notes_of != 0;
}

AXADDR_UNUSED static void begin(uint64_t start, uint64_t size, uint32_t frame_count) {
    large = UINT64_C(1) << format.shift[1];
    memset(&machine, 0, sizeof machine);
    host_init(host, frame_count, HOST_LOW_BASE, HOST_STACK);
    own_count = 0;
    zero_frame = take(0);
    memset(host_peek(host, zero_frame), 0, PAGE);
    CHECK_EQ(vm_init(&space, &machine, axaddr_gpa(start), size), AXADDR_OK);
    CHECK_EQ(vm_set_zero_frame(&space, axaddr_hpa(zero_frame)), AXADDR_OK);
}

/** One space that has everything, from `home` on. */
AXADDR_UNUSED static void begin_all(void) {
    axaddr_hpa_t frames[2];
    uint64_t block;

    home = UINT64_C(5) << format.shift[1];
    begin(home, END * PAGE, 140);
    block = take(4);
    memset(host_peek(host, block), 0, 16 * PAGE);
    CHECK_EQ(vm_map_linear(&space, axaddr_gpa(AT(LINEAR)), axaddr_hpa(block), 4 * PAGE, RW), 0);
    frames[0] = axaddr_hpa(block + 7 * PAGE);
    frames[1] = axaddr_hpa(block + 5 * PAGE);
    CHECK_EQ(vm_map_frames(&space, axaddr_gpa(AT(FRAMES)), frames, 2, RW), 0);
    CHECK_EQ(vm_map_alloc(&space, axaddr_gpa(AT(POPULATED)), 2 * PAGE, RW, AXADDR_POPULATE), 0);
    CHECK_EQ(vm_map_alloc(&space, axaddr_gpa(AT(LAZY)), 8 * PAGE, RW, AXADDR_LAZY), 0);
    CHECK_EQ(
        vm_map_alloc(&space, axaddr_gpa(AT(ZERO)), 4 * PAGE, RW | AXADDR_ZERO_PAGE, AXADDR_LAZY),
        0);
    CHECK_EQ(vm_map_backed(&space, axaddr_gpa(AT(BACKED)), 4 * PAGE, RW, COOKIE), 0);
    CHECK_EQ(
        vm_map_linear(&space, axaddr_gpa(AT(READ_ONLY)), axaddr_hpa(block + 8 * PAGE), 2 * PAGE, R),
        0);
    CHECK_EQ(vm_map_device(&space, axaddr_gpa(AT(DEVICE)), PAGE, 1), 0);
    if (holds(RW | AXADDR_DEVICE)) {
        CHECK_EQ(vm_map_linear(&space, axaddr_gpa(AT(REGISTERS)), axaddr_hpa(block + 10 * PAGE),
                               PAGE, RW | AXADDR_DEVICE),
                 0);
    }
    if (holds(X)) {
        CHECK_EQ(
            vm_map_linear(&space, axaddr_gpa(AT(CODE)), axaddr_hpa(block + 11 * PAGE), PAGE, X), 0);
    }
    CHECK_EQ(vm_map_alloc(&space, axaddr_gpa(AT(LAZY_READ_ONLY)), 2 * PAGE, R, AXADDR_LAZY), 0);
    host_begin(host);
}

AXADDR_UNUSED static void end(void) {
    CHECK_EQ(machine.walk_count, 0);
    CHECK(!machine.is_locked);
    CHECK(zero_frame == 0 || host_bytes_are(host_peek(host, zero_frame), 0));
    host_begin(host);
    vm_destroy(&space);
    CHECK_STR(host_error(host), "");
    CHECK_EQ(host->used_count, own_count);
    host_check_freed(host);
    CHECK_STR(host_error(host), "");
}

#define SPACE_END()                                                                                \
    do {                                                                                           \
        if (!check_case_failed) {                                                                  \
            end();                                                                                 \
        }                                                                                          \
    } while (0)
#define GO_ON()                                                                                    \
    do {                                                                                           \
        if (check_case_failed) {                                                                   \
            return;                                                                                \
        }                                                                                          \
    } while (0)
#define STATUS(expected, call) CHECK_STR(axaddr_status_name((enum axaddr_status)(call)), #expected)

AXADDR_UNUSED static enum axaddr_status read_at(uint64_t address, void *to, size_t size) {
    return vm_read(&space, axaddr_gpa(address), to, size);
}

AXADDR_UNUSED static enum axaddr_status write_at(uint64_t address, const void *from, size_t size) {
    return vm_write(&space, axaddr_gpa(address), from, size);
}

/** The byte that is mapped at an address, not by the engine's copying; 0 if none is. */
AXADDR_UNUSED static uint8_t *byte_at(uint64_t address) {
    axaddr_hpa_t at;

    return vm_translate(&space, axaddr_gpa(address), &at) == AXADDR_OK
               ? host_peek(host, at.raw & ~(PAGE - 1)) + (at.raw & (PAGE - 1))
               : 0;
}

/** Clear the notes of all, and forget what was told. */
AXADDR_UNUSED static enum axaddr_status harvest(uint64_t start, uint64_t size, uint32_t notes) {
    memset(machine.told, 0, sizeof machine.told);
    machine.told_count = 0;
    return vm_harvest(&space, axaddr_gpa(start), size, notes);
}

AXADDR_UNUSED static void fill(uint8_t *bytes, size_t size, uint64_t seed) {
    size_t i;

    for (i = 0; i < size; i++) {
        seed = seed * UINT64_C(6364136223846793005) + 1442695040888963407u;
        bytes[i] = (uint8_t)(seed >> 40);
    }
}

/* ---- over all formats ---- */

#define ADDRESS_OF(tag, name) &name,
static const struct axaddr_format *const all_formats[] = {&toy, &toy32, EVERY_FORMAT(ADDRESS_OF)};

AXADDR_UNUSED static void each(const char *name, void (*function)(void)) {
    unsigned i;

    for (i = 0; i < sizeof all_formats / sizeof all_formats[0]; i++) {
        if (all_formats[i]->shift[0] != HOST_FRAME_SHIFT || all_formats[i]->is_sized) {
            continue; /* those are the constant ones bit by bit: test_sized.c */
        }
        format = *all_formats[i];
        snprintf(check_context, sizeof check_context, "%s", format.name);
        check_case_failed = false;
        before_entry_write = 0;
        function();
        host_destroy(host);
        check_end_case(name);
    }
}
#define EACH(function) each(#function, function)

#endif /* AXADDR_TESTS_DATA_MACHINE_H */
