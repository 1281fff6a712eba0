/* SPDX-License-Identifier: MIT
 *
 * test_vm.c: the memory of a VM (axaddr_core/vm.h): identical memory that is reserved, zeroed and
 * given back, or mapped with a warning; sets of regions that are applied as a whole or not at all.
 */
#include "check.h"
#include "every_format.h"
#include "host.h"

#define R    AXADDR_READ
#define W    AXADDR_WRITE
#define X    AXADDR_EXECUTE
#define RWX  (R | W | X)
#define PAGE HOST_FRAME_SIZE
#define SEED UINT64_C(0x51c64e6d2f8a9b03)

static struct host host;
static struct axaddr_event last_event;
static unsigned event_count;

static inline void note_event(void *ctx, const struct axaddr_event *event) {
    (void)ctx;
    last_event = *event;
    event_count++;
}

static const struct axaddr_hal vm_hal = {
    .alloc_frame = host_alloc_frame,
    .free_frame = host_free_frame,
    .frame_at = host_frame_at,
    .flush_tlb = host_flush_tlb,
    .alloc_block = host_alloc_block,
    .free_block = host_free_block,
    .alloc_at = host_alloc_at,
    .free_at = host_free_at,
    .trace = note_event,
};
AXADDR_DEFINE_VM(ept, axaddr_x86_ept, vm_hal);
AXADDR_DEFINE_VM(plain, axaddr_x86_ept, host_hal); /* without alloc_at */
AXADDR_DEFINE_PAGE_TABLE(bare, axaddr_x86_ept, vm_hal);

#define STATUS(expected, call) CHECK_STR(axaddr_status_name((enum axaddr_status)(call)), #expected)
#define GO_ON()                                                                                    \
    do {                                                                                           \
        if (check_case_failed) {                                                                   \
            return;                                                                                \
        }                                                                                          \
    } while (0)

static struct ept vm;
static uint64_t start_count; /**< frames in use with an empty space */

#define SPACE_SIZE (UINT64_C(1) << 40)

static void begin(void) {
    event_count = 0;
    snprintf(check_context, sizeof check_context, "seed 0x%" PRIx64, SEED);
    host_init(&host, 700, HOST_BASE, HOST_SCATTERED);
    host_begin(&host);
    STATUS(OK, ept_init(&vm, &host, axaddr_gpa(0), SPACE_SIZE));
    start_count = host.used_count;
}

static void end(void) {
    axaddr_gpa_t where;

    GO_ON();
    STATUS(OK, ept_audit(&vm, &where));
    ept_destroy(&vm);
    CHECK_EQ(host.used_count, 0);
    CHECK_STR(host_error(&host), "");
    host_destroy(&host);
}

/** The first of `count` free frames in a row; the arena's first 500 frames are for these. */
static uint64_t free_run(uint32_t count, uint32_t from) {
    uint32_t run = 0;
    uint32_t i;

    for (i = from; i < host.frame_count; i++) {
        run = host.frames[i].state == HOST_FREE ? run + 1 : 0;
        if (run == count) {
            return host_address(&host, i + 1 - count);
        }
    }
    return 0;
}

static bool is_used(uint64_t address) {
    return host_used_frame(&host, address) != 0;
}

/** Hardware reaches the pages of identical memory. */
static void set_live(uint64_t at, uint64_t count) {
    uint64_t i;

    host_begin(&host);
    for (i = 0; i < count; i++) {
        host_set_live(&host, at + i * PAGE, at + i * PAGE, at + (i + 1) * PAGE - 1, false);
    }
}

/* ---- identical ---- */

static void identical_memory_is_reserved_and_zeroed(void) {
    struct axaddr_area area;
    axaddr_hpa_t hpa;
    uint64_t at;
    uint64_t i;

    begin();
    at = free_run(8, 0);
    STATUS(OK, ept_map_identical(&vm, axaddr_gpa(at), 8 * PAGE, RWX, AXADDR_UNRESERVED_FAIL));
    for (i = 0; i < 8; i++) {
        CHECK(is_used(at + i * PAGE));
        CHECK(host_bytes_are(host_peek(&host, at + i * PAGE), 0));
        STATUS(OK, ept_translate(&vm, axaddr_gpa(at + i * PAGE + 5), &hpa));
        CHECK_EQ(hpa.raw, at + i * PAGE + 5);
    }
    STATUS(OK, ept_find_area(&vm, axaddr_gpa(at), &area));
    CHECK_EQ(area.kind, AXADDR_AREA_LINEAR);
    CHECK_EQ(area.flags, RWX | AXADDR_OWNED);
    CHECK_EQ(event_count, 0);
    end();
}

static void unmap_gives_back_just_what_it_unmaps(void) {
    struct axaddr_area area;
    uint64_t at;
    uint64_t i;

    begin();
    at = free_run(8, 0);
    STATUS(OK, ept_map_identical(&vm, axaddr_gpa(at), 8 * PAGE, RWX, AXADDR_UNRESERVED_FAIL));
    set_live(at, 8);
    STATUS(OK, ept_unmap(&vm, axaddr_gpa(at + 2 * PAGE), 3 * PAGE));
    for (i = 0; i < 8; i++) {
        CHECK_EQ(is_used(at + i * PAGE), i < 2 || i >= 5);
    }
    STATUS(OK, ept_find_area(&vm, axaddr_gpa(at + 5 * PAGE), &area));
    CHECK_EQ(area.hpa, at + 5 * PAGE);
    set_live(at, 2);
    STATUS(OK, ept_unmap_region(&vm, axaddr_gpa(at - PAGE), 4 * PAGE)); /* from before it on */
    CHECK(!is_used(at) && !is_used(at + PAGE) && is_used(at + 5 * PAGE));
    CHECK_STR(host_error(&host), "");
    set_live(at + 5 * PAGE, 3);
    ept_clear(&vm);
    CHECK(!is_used(at + 5 * PAGE) && !is_used(at + 7 * PAGE));
    CHECK_EQ(host.used_count, start_count);
    end();
}

static void identical_memory_keeps_its_owner(void) {
    struct axaddr_area area;
    uint64_t at;

    begin();
    at = free_run(8, 0);
    STATUS(OK, ept_map_identical(&vm, axaddr_gpa(at), 4 * PAGE, RWX, AXADDR_UNRESERVED_FAIL));
    STATUS(OK, ept_map_identical(&vm, axaddr_gpa(at + 4 * PAGE), 4 * PAGE, RWX,
                                 AXADDR_UNRESERVED_FAIL));
    STATUS(OK, ept_find_area(&vm, axaddr_gpa(at), &area)); /* one area, of two reservations */
    CHECK_EQ(area.last, at + 8 * PAGE - 1);
    STATUS(OK, ept_protect(&vm, axaddr_gpa(at + PAGE), PAGE, R));
    STATUS(OK, ept_label(&vm, axaddr_gpa(at + 2 * PAGE), PAGE, "x", 3));
    STATUS(OK, ept_collapse(&vm, axaddr_gpa(at), 8 * PAGE));
    STATUS(OK, ept_find_area(&vm, axaddr_gpa(at + PAGE), &area));
    CHECK_EQ(area.flags, R | AXADDR_OWNED);
    STATUS(OK, ept_find_area(&vm, axaddr_gpa(at + 2 * PAGE), &area));
    CHECK_EQ(area.flags, RWX | AXADDR_OWNED);
    /* A map in its place gives it back; what was not owned is not. */
    STATUS(OK, ept_map_linear(&vm, axaddr_gpa(at), axaddr_hpa(at), 4 * PAGE, RWX | AXADDR_REPLACE));
    CHECK(!is_used(at) && !is_used(at + 3 * PAGE) && is_used(at + 4 * PAGE));
    STATUS(OK, ept_unmap(&vm, axaddr_gpa(at), 8 * PAGE));
    CHECK_EQ(host.used_count, start_count);
    end();
}

static void memory_that_is_taken_fails_or_is_mapped(void) {
    struct axaddr_area area;
    axaddr_hpa_t hpa;
    uint64_t at;

    begin();
    at = free_run(4, 0);
    CHECK(host_alloc_at(&host, axaddr_hpa(at + 2 * PAGE), PAGE)); /* another has the third page */
    STATUS(NO_MEMORY,
           ept_map_identical(&vm, axaddr_gpa(at), 4 * PAGE, RWX, AXADDR_UNRESERVED_FAIL));
    STATUS(NOT_MAPPED, ept_translate(&vm, axaddr_gpa(at), &hpa));
    CHECK_EQ(host.used_count, start_count + 1);
    CHECK_EQ(event_count, 0);
    STATUS(OK, ept_map_identical(&vm, axaddr_gpa(at), 4 * PAGE, RWX, AXADDR_UNRESERVED_MAP));
    CHECK_EQ(event_count, 1);
    CHECK_EQ(last_event.kind, AXADDR_EVENT_NOT_RESERVED);
    CHECK_EQ(last_event.start, at);
    CHECK_EQ(last_event.host, at);
    CHECK_EQ(last_event.size, 4 * PAGE);
    CHECK(host_bytes_are(host_peek(&host, at + 2 * PAGE), HOST_FILL_TAKEN)); /* as it was */
    STATUS(OK, ept_find_area(&vm, axaddr_gpa(at), &area));
    CHECK_EQ(area.flags, RWX);
    STATUS(EXISTS,
           ept_map_identical(&vm, axaddr_gpa(at + 2 * PAGE), PAGE, RWX, AXADDR_UNRESERVED_MAP));
    CHECK_EQ(event_count, 1);
    STATUS(OK, ept_unmap(&vm, axaddr_gpa(at), 4 * PAGE));
    CHECK(is_used(at + 2 * PAGE));
    host_free_frame(&host, axaddr_hpa(at + 2 * PAGE));
    end();
}

static void bad_requests_take_nothing(void) {
    uint64_t at;
    uint64_t top;

    begin();
    at = free_run(4, 0);
    STATUS(INVALID, ept_map_identical(&vm, axaddr_gpa(at + 1), PAGE, R, AXADDR_UNRESERVED_MAP));
    STATUS(INVALID, ept_map_identical(&vm, axaddr_gpa(at), PAGE + 1, R, AXADDR_UNRESERVED_MAP));
    STATUS(INVALID, ept_map_identical(&vm, axaddr_gpa(at), 0, R, AXADDR_UNRESERVED_MAP));
    STATUS(INVALID, ept_map_identical(&vm, axaddr_gpa(at), PAGE, 0, AXADDR_UNRESERVED_FAIL));
    STATUS(INVALID,
           ept_map_identical(&vm, axaddr_gpa(at), PAGE, R | AXADDR_LARGE, AXADDR_UNRESERVED_FAIL));
    STATUS(INVALID, ept_map_identical(&vm, axaddr_gpa(at), PAGE, R, (enum axaddr_unreserved)2));
    STATUS(UNSUPPORTED, ept_map_identical(&vm, axaddr_gpa(at), PAGE, W, AXADDR_UNRESERVED_FAIL));
    top = SPACE_SIZE - PAGE;
    STATUS(INVALID, ept_map_identical(&vm, axaddr_gpa(top), 2 * PAGE, R, AXADDR_UNRESERVED_MAP));
    STATUS(INVALID, ept_map_identical(&vm, axaddr_gpa(UINT64_MAX - PAGE + 1), 2 * PAGE, R,
                                      AXADDR_UNRESERVED_MAP));
    STATUS(OK, ept_map_device(&vm, axaddr_gpa(at + PAGE), PAGE, 1));
    STATUS(EXISTS, ept_map_identical(&vm, axaddr_gpa(at), 2 * PAGE, R, AXADDR_UNRESERVED_FAIL));
    STATUS(INVALID, ept_map_alloc(&vm, axaddr_gpa(0), PAGE, R | AXADDR_OWNED, AXADDR_LAZY));
    STATUS(INVALID, ept_map_alloc(&vm, axaddr_gpa(0), PAGE, R | AXADDR_OWNED, AXADDR_POPULATE));
    STATUS(INVALID, ept_protect(&vm, axaddr_gpa(at), PAGE, R | AXADDR_OWNED));
    STATUS(OK, ept_unmap(&vm, axaddr_gpa(at + PAGE), PAGE));
    CHECK_EQ(host.used_count, start_count);
    CHECK_EQ(event_count, 0);
    end();
}

static void every_allocation_that_fails_gives_it_back(void) {
    uint32_t nth = 1;
    uint64_t at;

    begin();
    at = free_run(8, 0);
    for (;; nth++) {
        enum axaddr_status status;

        host_begin(&host);
        host_fail_in(&host, nth, true);
        status = ept_map_identical(&vm, axaddr_gpa(at), 8 * PAGE, RWX, AXADDR_UNRESERVED_FAIL);
        if (host.op_refused == 0) {
            STATUS(OK, status);
            break;
        }
        STATUS(NO_MEMORY, status);
        CHECK_EQ(host.used_count, start_count);
        CHECK(nth < 20);
    }
    CHECK(nth >= 3); /* the memory itself, and tables */
    end();
}

static void a_host_without_alloc_at_can_map_only(void) {
    struct plain other;

    host_init(&host, 64, HOST_BASE, HOST_STACK);
    host_begin(&host);
    STATUS(OK, plain_init(&other, &host, axaddr_gpa(0), SPACE_SIZE));
    STATUS(UNSUPPORTED,
           plain_map_identical(&other, axaddr_gpa(0), PAGE, R, AXADDR_UNRESERVED_FAIL));
    STATUS(OK, plain_map_identical(&other, axaddr_gpa(0), PAGE, R, AXADDR_UNRESERVED_MAP));
    STATUS(INVALID,
           plain_map_linear(&other, axaddr_gpa(PAGE), axaddr_hpa(0), PAGE, R | AXADDR_OWNED));
    plain_destroy(&other);
    CHECK_EQ(host.used_count, 0);
    CHECK_STR(host_error(&host), "");
    host_destroy(&host);
}

static void a_bare_table_owns_nothing(void) {
    struct bare table;

    host_init(&host, 64, HOST_BASE, HOST_STACK);
    host_begin(&host);
    STATUS(OK, bare_init(&table, &host, axaddr_gpa(0), SPACE_SIZE));
    STATUS(INVALID, bare_map(&table, axaddr_gpa(0), axaddr_hpa(0), PAGE, R | AXADDR_OWNED));
    bare_destroy(&table);
    host_destroy(&host);
}

/* ---- regions ---- */

#define MANY 8
static struct axaddr_vm_region regions[MANY];

/** A machine: RAM of all kinds, a console that is passed through, devices that are trapped. */
static void describe(uint64_t identical) {
    static const struct axaddr_vm_region machine[MANY] = {
        {AXADDR_REGION_ALLOC, 0, 16 * PAGE, 0, RWX, 0, AXADDR_LAZY, "low"},
        {AXADDR_REGION_ALLOC, 16 * PAGE, 4 * PAGE, 0, RWX, 0, AXADDR_POPULATE, "high"},
        {AXADDR_REGION_IDENTICAL, 0, 4 * PAGE, 0, RWX, 0, AXADDR_LAZY, "same"},
        {AXADDR_REGION_RESERVED, 0x900000, 2 * PAGE, 0x50000, R | X, 0, AXADDR_LAZY, "rom"},
        {AXADDR_REGION_SHARED, 0x902000, PAGE, 0x60000, R | W, 0, AXADDR_LAZY, "shared"},
        {AXADDR_REGION_PASSTHROUGH, 0xa00010, 0x20, 0x70010, R | W | AXADDR_DEVICE, 0, AXADDR_LAZY,
         "uart"},
        {AXADDR_REGION_PASSTHROUGH, 0xa00fff, 2, 0x70fff, R | W | AXADDR_DEVICE, 0, AXADDR_LAZY,
         "timer"},
        {AXADDR_REGION_TRAPPED, 0xb00ff8, 16, 0, 0, 9, AXADDR_LAZY, "gic"},
    };
    memcpy(regions, machine, sizeof regions);
    regions[2].gpa = identical;
}

static void regions_are_mapped_as_they_say(void) {
    struct axaddr_mapping mapping;
    struct axaddr_area area;
    size_t failed = 99;
    uint64_t at;

    begin();
    at = free_run(4, 0);
    describe(at);
    STATUS(OK, ept_apply_regions(&vm, regions, MANY, AXADDR_UNRESERVED_FAIL, &failed));
    CHECK_EQ(failed, MANY);
    STATUS(NOT_MAPPED, ept_query(&vm, axaddr_gpa(0), &mapping)); /* lazy */
    CHECK_EQ(mapping.kind, AXADDR_ABSENT_RESERVED);
    CHECK_EQ(mapping.flags, RWX);
    STATUS(OK, ept_query(&vm, axaddr_gpa(16 * PAGE), &mapping));
    CHECK_EQ(mapping.flags, RWX);
    STATUS(OK, ept_query(&vm, axaddr_gpa(at + PAGE), &mapping));
    CHECK_EQ(mapping.hpa.raw, at + PAGE);
    STATUS(OK, ept_query(&vm, axaddr_gpa(0x901234), &mapping));
    CHECK_EQ(mapping.hpa.raw, 0x51234);
    CHECK_EQ(mapping.flags, R | X);
    STATUS(OK, ept_query(&vm, axaddr_gpa(0x902000), &mapping));
    CHECK_EQ(mapping.hpa.raw, 0x60000);
    /* Two devices in one page, and one across two. */
    STATUS(OK, ept_query(&vm, axaddr_gpa(0xa00010), &mapping));
    CHECK_EQ(mapping.hpa.raw, 0x70010);
    CHECK_EQ(mapping.flags, R | W | AXADDR_DEVICE);
    STATUS(OK, ept_query(&vm, axaddr_gpa(0xa01000), &mapping));
    CHECK_EQ(mapping.hpa.raw, 0x71000);
    STATUS(NOT_MAPPED, ept_query(&vm, axaddr_gpa(0xa02000), &mapping));
    CHECK_EQ(ept_handle_fault(&vm, axaddr_gpa(0xb00ff8), R), AXADDR_FAULT_DEVICE);
    CHECK_EQ(ept_handle_fault(&vm, axaddr_gpa(0xb01007), W), AXADDR_FAULT_DEVICE);
    STATUS(NOT_MAPPED, ept_query(&vm, axaddr_gpa(0xb01000), &mapping));
    CHECK_EQ(mapping.cookie, 9);
    /* A page of which another device has a part may be there; whole pages may not. */
    regions[5].gpa = 0xa00800;
    regions[5].hpa = 0x70800;
    STATUS(OK, ept_apply_regions(&vm, &regions[5], 1, AXADDR_UNRESERVED_FAIL, &failed));
    regions[5].gpa = 0xa00000;
    regions[5].hpa = 0x70000;
    regions[5].size = PAGE;
    STATUS(EXISTS, ept_apply_regions(&vm, &regions[5], 1, AXADDR_UNRESERVED_FAIL, &failed));
    regions[5].gpa = 0x9fff00;
    regions[5].hpa = 0x6ff00;
    regions[5].size = PAGE + 0x100;
    STATUS(EXISTS, ept_apply_regions(&vm, &regions[5], 1, AXADDR_UNRESERVED_FAIL, &failed));
    /* The areas have their names, and no tags of the call. */
    STATUS(OK, ept_find_area(&vm, axaddr_gpa(0xa00000), &area));
    CHECK_STR(area.name, "uart");
    CHECK_EQ(area.tag, 0);
    CHECK_EQ(area.last, 0xa00fff);
    STATUS(OK, ept_find_area(&vm, axaddr_gpa(0xa01000), &area));
    CHECK_STR(area.name, "timer");
    STATUS(OK, ept_find_area(&vm, axaddr_gpa(at), &area));
    CHECK_STR(area.name, "same");
    CHECK_EQ(area.flags, RWX | AXADDR_OWNED);
    ept_clear(&vm);
    CHECK_EQ(host.used_count, start_count);
    end();
}

/** A device's page among others, and one of a range that one absent entry is for. */
static void a_fault_tells_the_device(void) {
    uint32_t cookie = 99;

    begin();
    STATUS(OK, ept_map_device(&vm, axaddr_gpa(0x1000), PAGE, 7));
    STATUS(OK, ept_map_device(&vm, axaddr_gpa(UINT64_C(1) << 30), UINT64_C(1) << 30,
                              AXADDR_COOKIE_MAX));
    STATUS(OK, ept_map_alloc(&vm, axaddr_gpa(0), PAGE, R | W, AXADDR_LAZY));
    STATUS(OK, ept_map_linear(&vm, axaddr_gpa(0x3000), axaddr_hpa(0), PAGE, R));
    CHECK_EQ(ept_handle_fault_cookie(&vm, axaddr_gpa(0), W, &cookie), AXADDR_FAULT_RESOLVED);
    CHECK_EQ(ept_handle_fault_cookie(&vm, axaddr_gpa(0), W, &cookie), AXADDR_FAULT_SPURIOUS);
    CHECK_EQ(ept_handle_fault_cookie(&vm, axaddr_gpa(0), X, &cookie), AXADDR_FAULT_DENIED);
    CHECK_EQ(ept_handle_fault_cookie(&vm, axaddr_gpa(0x2000), R, &cookie), AXADDR_FAULT_UNMAPPED);
    CHECK_EQ(ept_handle_fault_cookie(&vm, axaddr_gpa(0x3000), W, &cookie), AXADDR_FAULT_DENIED);
    CHECK_EQ(ept_handle_fault_cookie(&vm, axaddr_gpa(UINT64_MAX), W, &cookie),
             AXADDR_FAULT_UNMAPPED);
    CHECK_EQ(cookie, 99);
    CHECK_EQ(ept_handle_fault_cookie(&vm, axaddr_gpa(0x1fff), R, &cookie), AXADDR_FAULT_DEVICE);
    CHECK_EQ(cookie, 7);
    CHECK_EQ(ept_handle_fault_cookie(&vm, axaddr_gpa((UINT64_C(1) << 30) + 5), W, &cookie),
             AXADDR_FAULT_DEVICE);
    CHECK_EQ(cookie, AXADDR_COOKIE_MAX);
    end();
}

/** The areas as text. */
static void tell(char *text, size_t size) {
    struct axaddr_dump dump = {0, false, false, false};
    char line[AXADDR_DUMP_LINE_SIZE];
    size_t at = 0;

    text[0] = '\0';
    while (ept_dump(&vm, &dump, line, sizeof line)) {
        at += (size_t)snprintf(text + at, size - at, "%s\n", line);
    }
}

static void one_that_fails_takes_all_back(void) {
    static char before[8192];
    static char after[8192];
    size_t failed;
    size_t i;
    uint64_t at;

    begin();
    at = free_run(4, 0);
    /* Neighbours that the new areas would join with. */
    STATUS(OK, ept_map_linear(&vm, axaddr_gpa(0x8ff000), axaddr_hpa(0x4f000), PAGE, R | X));
    STATUS(OK, ept_map_linear(&vm, axaddr_gpa(0x903000), axaddr_hpa(0x61000), PAGE, R | W));
    STATUS(OK, ept_map_device(&vm, axaddr_gpa(0xb02000), PAGE, 9));
    start_count = host.used_count;
    tell(before, sizeof before);
    for (i = 0; i < MANY; i++) {
        describe(at);
        regions[i].size |= 1;
        regions[i].flags = ~0u;                              /* wrong for all kinds but TRAPPED, */
        regions[i].gpa = i == 7 ? 0x8ff000 : regions[i].gpa; /* which meets what is there */
        if (ept_apply_regions(&vm, regions, MANY, AXADDR_UNRESERVED_FAIL, &failed) == AXADDR_OK) {
            check_fail(__FILE__, __LINE__, "region %zu was taken", i);
            return;
        }
        CHECK_EQ(failed, i);
        tell(after, sizeof after);
        CHECK_STR(after, before);
        CHECK_EQ(host.used_count, start_count);
    }
    describe(at);
    regions[6].gpa = 0xa00fff; /* the same page as uart, but elsewhere */
    regions[6].hpa = 0x80fff;
    STATUS(EXISTS, ept_apply_regions(&vm, regions, MANY, AXADDR_UNRESERVED_FAIL, &failed));
    CHECK_EQ(failed, 6);
    describe(at);
    regions[7].gpa = 0xa00800; /* a device that is trapped in a page that is passed through */
    STATUS(EXISTS, ept_apply_regions(&vm, regions, MANY, AXADDR_UNRESERVED_FAIL, &failed));
    describe(at);
    regions[5].hpa ^= 4; /* no page of the host's has it there */
    STATUS(INVALID, ept_apply_regions(&vm, regions, MANY, AXADDR_UNRESERVED_FAIL, &failed));
    CHECK_EQ(failed, 5);
    describe(at);
    regions[4].flags |= AXADDR_REPLACE;
    STATUS(INVALID, ept_apply_regions(&vm, regions, MANY, AXADDR_UNRESERVED_FAIL, &failed));
    tell(after, sizeof after);
    CHECK_STR(after, before);
    CHECK_EQ(host.used_count, start_count);
    end();
}

static void every_allocation_that_fails_takes_all_back(void) {
    static char before[8192];
    static char after[8192];
    uint32_t nth = 1;
    size_t failed;
    uint64_t at;

    begin();
    at = free_run(4, 0);
    describe(at);
    tell(before, sizeof before);
    for (;; nth++) {
        enum axaddr_status status;

        host_begin(&host);
        host_fail_in(&host, nth, true);
        status = ept_apply_regions(&vm, regions, MANY, AXADDR_UNRESERVED_FAIL, &failed);
        if (host.op_refused == 0) {
            STATUS(OK, status);
            break;
        }
        STATUS(NO_MEMORY, status);
        tell(after, sizeof after);
        CHECK_STR(after, before);
        CHECK_EQ(host.used_count, start_count);
        CHECK(nth < 60);
    }
    CHECK(nth > 8);
    end();
}

/* The same machine as a config. */
static struct axaddr_memory_region config_memory[] = {
    {0, 16 * PAGE, 0, RWX | AXADDR_USER, AXADDR_MAP_ALLOC, true, false, "low"},
    {16 * PAGE, 4 * PAGE, 0, RWX, AXADDR_MAP_ALLOC, false, false, "high"},
    {0, 4 * PAGE, 0, RWX, AXADDR_MAP_IDENTICAL, false, false, "same"},
    {0x900000, 2 * PAGE, 0x50000, R | X, AXADDR_MAP_RESERVED, false, false, "rom"},
    {0x902000, PAGE, 0x60000, R | W, AXADDR_MAP_RESERVED, false, true, "shared"},
};
static const struct axaddr_passthrough_device config_devices[] = {
    {"/soc", 0, 0, 0, 0, false},
    {"uart", 0xa00010, 0x70010, 0x20, 5, true},
};
static const struct axaddr_passthrough_range config_ranges[] = {{0xc00fff, 2}};
static const struct axaddr_emulated_device config_emulated[] = {
    {"timer", 0xd00000, 8, 0, AXADDR_EMULATED_DUMMY, 0, 0},
    {"gic", 0xb00ff8, 16, 1, AXADDR_EMULATED_GIC_ITS, 0, 0},
};

static void a_config_is_mapped_as_it_says(void) {
    struct axaddr_vm_config config;
    struct axaddr_vm_region region;
    struct axaddr_mapping mapping;
    struct axaddr_area area;
    size_t failed;

    begin();
    memset(&config, 0, sizeof config);
    config_memory[2].gpa = free_run(4, 0);
    config.regions = config_memory;
    config.region_count = 5;
    config.devices = config_devices;
    config.device_count = 2;
    config.ranges = config_ranges;
    config.range_count = 1;
    config.emulated = config_emulated;
    config.emulated_count = 2;
    STATUS(OK, ept_apply(&vm, &config, AXADDR_UNRESERVED_FAIL, &failed));
    CHECK_EQ(failed, 10);
    STATUS(NOT_MAPPED, ept_query(&vm, axaddr_gpa(0), &mapping));
    CHECK_EQ(mapping.kind, AXADDR_ABSENT_RESERVED);
    CHECK_EQ(mapping.flags, RWX);                                /* USER says nothing in EPT */
    STATUS(OK, ept_query(&vm, axaddr_gpa(16 * PAGE), &mapping)); /* populated */
    STATUS(OK, ept_find_area(&vm, axaddr_gpa(config_memory[2].gpa), &area));
    CHECK_EQ(area.flags, RWX | AXADDR_OWNED);
    STATUS(OK, ept_query(&vm, axaddr_gpa(0x902000), &mapping));
    CHECK_EQ(mapping.hpa.raw, 0x60000);
    STATUS(OK, ept_query(&vm, axaddr_gpa(0xa00010), &mapping));
    CHECK_EQ(mapping.hpa.raw, 0x70010);
    CHECK_EQ(mapping.flags, R | W | AXADDR_DEVICE);
    STATUS(OK, ept_query(&vm, axaddr_gpa(0xc01000), &mapping)); /* one to one */
    CHECK_EQ(mapping.hpa.raw, 0xc01000);
    CHECK_EQ(mapping.flags, R | W | AXADDR_DEVICE);
    STATUS(NOT_MAPPED, ept_query(&vm, axaddr_gpa(0xb01000), &mapping));
    CHECK_EQ(mapping.kind, AXADDR_ABSENT_TRAPPED);
    CHECK_EQ(mapping.cookie, 1); /* its place among the emulated ones */
    STATUS(OK, ept_find_area(&vm, axaddr_gpa(0xb00000), &area));
    CHECK_STR(area.name, "gic");
    ept_clear(&vm);
    CHECK_EQ(host.used_count, start_count);
    /* The last one fails: nothing is left, and its number says which it was. */
    STATUS(OK, ept_map_device(&vm, axaddr_gpa(0xb01000), PAGE, 1));
    STATUS(OK, ept_map_linear(&vm, axaddr_gpa(0xb00000), axaddr_hpa(0), PAGE, R));
    start_count = host.used_count;
    config_memory[2].gpa = free_run(4, 0);
    STATUS(EXISTS, ept_apply(&vm, &config, AXADDR_UNRESERVED_FAIL, &failed));
    CHECK_EQ(failed, 9);
    CHECK(axaddr_vm_config_region(&config, failed, &region));
    CHECK_STR(region.name, "gic");
    CHECK(!axaddr_vm_config_region(&config, 5, &region)); /* to be looked up */
    CHECK(!axaddr_vm_config_region(&config, 10, &region));
    CHECK_EQ(host.used_count, start_count);
    STATUS(NOT_MAPPED, ept_find_area(&vm, axaddr_gpa(0xd00000), &area));
    end();
}

static void regions_join_when_all_are_there(void) {
    struct axaddr_area area;
    size_t failed;

    begin();
    describe(0);
    regions[0] = regions[3];
    regions[1] = regions[3];
    regions[1].gpa += 2 * PAGE;
    regions[1].hpa += 2 * PAGE;
    STATUS(OK, ept_apply_regions(&vm, regions, 2, AXADDR_UNRESERVED_FAIL, &failed));
    STATUS(OK, ept_find_area(&vm, axaddr_gpa(0x900000), &area));
    CHECK_EQ(area.last, 0x900000 + 4 * PAGE - 1);
    STATUS(OK, ept_apply_regions(&vm, regions, 0, AXADDR_UNRESERVED_FAIL, &failed));
    CHECK_EQ(failed, 0);
    STATUS(OK, ept_map_region(&vm, axaddr_gpa(0x800000), axaddr_hpa(0x40000), PAGE, R));
    STATUS(OK, ept_find_area(&vm, axaddr_gpa(0x800000), &area));
    CHECK_EQ(area.hpa, 0x40000);
    end();
}

static void regions_end_with_the_addresses(void) {
    size_t failed;

    begin();
    describe(0);
    regions[0] = regions[7];
    regions[0].gpa = UINT64_MAX - 3;
    regions[0].size = 8; /* wraps */
    STATUS(INVALID, ept_apply_regions(&vm, regions, 1, AXADDR_UNRESERVED_FAIL, &failed));
    regions[0].size = 4; /* not in the space */
    STATUS(INVALID, ept_apply_regions(&vm, regions, 1, AXADDR_UNRESERVED_FAIL, &failed));
    regions[0].size = 0;
    STATUS(INVALID, ept_apply_regions(&vm, regions, 1, AXADDR_UNRESERVED_FAIL, &failed));
    regions[0].gpa = SPACE_SIZE - 4;
    regions[0].size = 4;
    STATUS(OK, ept_apply_regions(&vm, regions, 1, AXADDR_UNRESERVED_FAIL, &failed));
    CHECK_EQ(ept_handle_fault(&vm, axaddr_gpa(SPACE_SIZE - PAGE), R), AXADDR_FAULT_DEVICE);
    end();
}

/* ---- at random ---- */

/** Memory beside the arena: pages from PLACE on, and who has them. */
#define FRAMES 96
#define PLACE  UINT64_C(0x10000000)

static uint8_t place[FRAMES * PAGE];
static bool is_reserved[FRAMES];

static inline bool place_alloc_at(void *ctx, axaddr_hpa_t at, uint64_t size) {
    uint64_t first = (at.raw - PLACE) / PAGE;
    uint64_t i;

    (void)ctx;
    for (i = first; i < first + size / PAGE; i++) {
        if (is_reserved[i]) {
            return false;
        }
    }
    memset(is_reserved + first, 1, (size_t)(size / PAGE));
    return true;
}

static inline void place_free_at(void *ctx, axaddr_hpa_t at, uint64_t size) {
    struct host *owner = (struct host *)ctx;
    uint64_t done;

    for (done = 0; done < size; done += PAGE) {
        bool *page = &is_reserved[(at.raw + done - PLACE) / PAGE];

        if (!*page) {
            host_complain(owner, "free_at of what is not reserved");
        }
        *page = false;
    }
}

static inline void *place_frame_at(void *ctx, axaddr_hpa_t frame) {
    return frame.raw >= PLACE && frame.raw < PLACE + sizeof place ? place + (frame.raw - PLACE)
                                                                  : host_frame_at(ctx, frame);
}

static const struct axaddr_hal shared_hal = {
    .alloc_frame = host_alloc_frame,
    .free_frame = host_free_frame,
    .frame_at = place_frame_at,
    .flush_tlb = host_flush_tlb,
    .alloc_block = host_alloc_block,
    .free_block = host_free_block,
    .alloc_at = place_alloc_at,
    .free_at = place_free_at,
    .lock = host_lock,
    .unlock = host_unlock,
    .quiesce = host_quiesce,
};
AXADDR_DEFINE_VM(npt, axaddr_x86_npt, shared_hal);
static struct npt shared;

static uint64_t random_state;

static uint64_t random_below(uint64_t count) {
    random_state = random_state * UINT64_C(6364136223846793005) + 1442695040888963407u;
    return (random_state >> 33) % count;
}

static void ownership_survives_all_edits(void) {
    bool is_owned[FRAMES];
    unsigned step;

    random_state = SEED;
    host_init(&host, 400, HOST_BASE, HOST_SCATTERED);
    host_begin(&host);
    STATUS(OK, npt_init(&shared, &host, axaddr_gpa(0), SPACE_SIZE));
    memset(is_owned, 0, sizeof is_owned);
    for (step = 0; step < 20000; step++) {
        uint64_t page = random_below(FRAMES);
        uint64_t count = 1 + random_below(FRAMES - page < 20 ? FRAMES - page : 20);
        axaddr_gpa_t at = axaddr_gpa(PLACE + page * PAGE);
        enum axaddr_status status;
        axaddr_gpa_t where;
        uint64_t i;

        host_begin(&host);
        switch (random_below(6)) {
        case 0:
        case 1:
            status = npt_map_identical(&shared, at, count * PAGE, RWX, AXADDR_UNRESERVED_FAIL);
            for (i = page; status == AXADDR_OK && i < page + count; i++) {
                CHECK(!is_owned[i]);
                is_owned[i] = true;
            }
            break;
        case 2:
            status =
                npt_map_linear(&shared, at, axaddr_hpa(0x100000), count * PAGE, R | AXADDR_REPLACE);
            STATUS(OK, status);
            memset(is_owned + page, 0, count);
            break;
        case 3:
            STATUS(OK, npt_unmap(&shared, at, count * PAGE));
            memset(is_owned + page, 0, count);
            break;
        case 4:
            status = npt_protect(&shared, at, count * PAGE, random_below(2) != 0 ? R : RWX);
            CHECK(status == AXADDR_OK || status == AXADDR_NOT_MAPPED);
            break;
        default:
            status = npt_label(&shared, at, count * PAGE, 0, random_below(2));
            CHECK(status == AXADDR_OK || status == AXADDR_NOT_MAPPED);
            break;
        }
        CHECK(memcmp(is_owned, is_reserved, sizeof is_owned) == 0);
        if (step % 64 == 0) {
            STATUS(OK, npt_audit(&shared, &where));
        }
    }
    host_begin(&host);
    npt_clear(&shared);
    memset(is_owned, 0, sizeof is_owned);
    CHECK(memcmp(is_owned, is_reserved, sizeof is_owned) == 0);
    npt_destroy(&shared);
    CHECK_EQ(host.used_count, 0);
    CHECK_STR(host_error(&host), "");
    host_destroy(&host);
}

int main(void) {
    CASE(identical_memory_is_reserved_and_zeroed);
    CASE(unmap_gives_back_just_what_it_unmaps);
    CASE(identical_memory_keeps_its_owner);
    CASE(memory_that_is_taken_fails_or_is_mapped);
    CASE(bad_requests_take_nothing);
    CASE(every_allocation_that_fails_gives_it_back);
    CASE(a_host_without_alloc_at_can_map_only);
    CASE(a_bare_table_owns_nothing);
    CASE(regions_are_mapped_as_they_say);
    CASE(a_fault_tells_the_device);
    CASE(one_that_fails_takes_all_back);
    CASE(every_allocation_that_fails_takes_all_back);
    CASE(a_config_is_mapped_as_it_says);
    CASE(regions_join_when_all_are_there);
    CASE(regions_end_with_the_addresses);
    CASE(ownership_survives_all_edits);
    printf("test_vm: seed 0x%" PRIx64 "\n", SEED);
    return check_report("test_vm");
}
