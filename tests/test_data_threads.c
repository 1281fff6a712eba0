/* SPDX-License-Identifier: MIT
 *
 * test_data_threads.c: threads that read and write a space's bytes beside others that unmap, replace,
 * protect and harvest it. Freed frames are poisoned at once: nobody may see that, nor may the
 * sanitizer see two at it. What was written is in the copy that is made after a harvest, or the next
 * harvest tells of it; and a page that has become read-only does not change any more.
 */
#include <pthread.h>

#include "check.h"

#define R  AXADDR_READ
#define W  AXADDR_WRITE
#define RW (R | W)

#define THREAD_FRAME_COUNT 512u
#define PAGE_COUNT         16u
#define WRITER_COUNT       2u
#define THREAD_CPU_COUNT   (WRITER_COUNT + 1)
#define SLOT_WORDS         8u
#define SLOT_SIZE          (SLOT_WORDS * 8)
#define LAZY               UINT64_C(0x200000) /* a window of PAGE_COUNT pages of the space's own */
#define BACKED             UINT64_C(0x400000) /* ... and one of supplied ones */
#define SUPPLIED           UINT64_C(0x3333333333333333)

#include "thread_host.h"

/* ---- the machine ---- */

static bool told[PAGE_COUNT]; /* with edit_lock */

AXADDR_NOINLINE static enum axaddr_fault thread_supply(void *ctx, struct axaddr_supply *supply) {
    axaddr_hpa_t frame = axaddr_hpa(0);
    unsigned i;

    if (!thread_alloc(ctx, &frame)) {
        return AXADDR_FAULT_NO_MEMORY;
    }
    fill(frame_words(frame), SUPPLIED);
    for (i = 0; supply->is_mapped && i < PAGE / 8; i++) {
        frame_words(frame)[i] = frame_words(supply->frame)[i];
    }
    supply->is_read_only = (supply->access & W) == 0;
    supply->frame = frame;
    return AXADDR_FAULT_RESOLVED;
}

static inline void thread_return(void *ctx, uint32_t cookie, uint64_t address, axaddr_hpa_t frame) {
    (void)cookie;
    (void)address;
    thread_free(ctx, frame);
}

static inline void thread_harvested(void *ctx, uint64_t address, uint64_t size, uint32_t notes) {
    (void)ctx;
    (void)notes;
    if (size == PAGE && address >= LAZY && address < LAZY + PAGE_COUNT * PAGE) {
        told[(address - LAZY) / PAGE] = true;
    }
}

static const struct axaddr_hal thread_hal = {
    .alloc_frame = thread_alloc,
    .free_frame = thread_free,
    .frame_at = thread_at,
    .flush_tlb = thread_flush,
    .lock = thread_lock,
    .unlock = thread_unlock,
    .quiesce = thread_quiesce,
    .enter_walk = thread_enter,
    .leave_walk = thread_leave,
    .supply_frame = thread_supply,
    .return_frame = thread_return,
    .harvested = thread_harvested,
};

AXADDR_DEFINE_SPACE(vm, axaddr_x86_ept, thread_hal);
static struct vm vm;

/* ---- those who read and write ---- */

struct writer {
    pthread_t thread;
    unsigned number;
    unsigned count; /**< accesses to do */
    uint64_t random;
    uint64_t last[2][PAGE_COUNT]; /**< what it wrote last */
    char error[160];
};

static struct writer writers[WRITER_COUNT];
static unsigned running_count;

static uint64_t next_random(struct writer *writer) {
    writer->random = writer->random * UINT64_C(6364136223846793005) + 1442695040888963407u;
    return writer->random >> 33;
}

/** Each writer has a place of its own in every page: two never touch the same bytes. */
static axaddr_gpa_t slot_of(const struct writer *writer, unsigned window, uint64_t page) {
    return axaddr_gpa((window == 0 ? LAZY : BACKED) + page * PAGE + writer->number * SLOT_SIZE);
}

static bool is_expected(enum axaddr_status status) {
    return status == AXADDR_OK || status == AXADDR_NOT_MAPPED || status == AXADDR_BUSY ||
           status == AXADDR_DENIED;
}

/** One access. What is read is what was last written there, or a page that is new since. */
static void access_once(struct writer *writer, unsigned window) {
    uint64_t page = next_random(writer) % PAGE_COUNT;
    uint64_t fresh = window == 0 ? 0 : SUPPLIED;
    uint64_t *last = &writer->last[window][page];
    uint64_t words[SLOT_WORDS];
    enum axaddr_status status;
    unsigned i;

    if (next_random(writer) % 2 == 0) {
        uint64_t word = (uint64_t)(writer->number + 1) << 60 | writer->random >> 8;

        for (i = 0; i < SLOT_WORDS; i++) {
            words[i] = word;
        }
        status = vm_write(&vm, slot_of(writer, window, page), words, SLOT_SIZE);
        *last = status == AXADDR_OK ? word : *last;
    } else {
        status = vm_read(&vm, slot_of(writer, window, page), words, SLOT_SIZE);
        for (i = 0; status == AXADDR_OK && i < SLOT_WORDS; i++) {
            if (words[i] != words[0] || (words[0] != fresh && words[0] != *last)) {
                snprintf(writer->error, sizeof writer->error,
                         "page %u of window %u reads 0x%llx, then 0x%llx; 0x%llx was written",
                         (unsigned)page, window, (unsigned long long)words[0],
                         (unsigned long long)words[i], (unsigned long long)*last);
            }
        }
    }
    if (!is_expected(status)) {
        snprintf(writer->error, sizeof writer->error, "status %s", axaddr_status_name(status));
    }
}

static void *write_and_read(void *argument) {
    struct writer *writer = (struct writer *)argument;
    unsigned i;

    this_cpu = writer->number;
    for (i = 0; i < writer->count && writer->error[0] == '\0'; i++) {
        access_once(writer, i % 2);
    }
    __atomic_fetch_sub(&running_count, 1, __ATOMIC_RELEASE);
    return 0;
}

static void start(unsigned count) {
    unsigned i;

    running_count = WRITER_COUNT;
    for (i = 0; i < WRITER_COUNT; i++) {
        writers[i].number = i;
        writers[i].count = count;
        writers[i].error[0] = '\0';
        if (pthread_create(&writers[i].thread, 0, write_and_read, &writers[i]) != 0) {
            abort();
        }
    }
}

static bool is_running(void) {
    return __atomic_load_n(&running_count, __ATOMIC_ACQUIRE) != 0;
}

static void stop(void) {
    unsigned i;

    for (i = 0; i < WRITER_COUNT; i++) {
        (void)pthread_join(writers[i].thread, 0);
    }
    for (i = 0; i < WRITER_COUNT; i++) {
        CHECK_STR(writers[i].error, "");
    }
}

static void begin(void) {
    unsigned i;

    memset(writers, 0, sizeof writers);
    for (i = 0; i < WRITER_COUNT; i++) {
        writers[i].random = 12345 + i;
    }
    memset(cpus, 0, sizeof cpus);
    this_cpu = WRITER_COUNT;
    thread_begin();
    CHECK_EQ(vm_init(&vm, 0, axaddr_gpa(0), UINT64_C(1) << 30), AXADDR_OK);
    CHECK_EQ(vm_map_alloc(&vm, axaddr_gpa(LAZY), PAGE_COUNT * PAGE, RW, AXADDR_LAZY), AXADDR_OK);
    CHECK_EQ(vm_map_backed(&vm, axaddr_gpa(BACKED), PAGE_COUNT * PAGE, RW, 1), AXADDR_OK);
}

static void end(void) {
    axaddr_gpa_t where;

    if (check_case_failed) {
        return;
    }
    CHECK_EQ(vm_audit(&vm, &where), AXADDR_OK);
    vm_destroy(&vm);
    CHECK_EQ(free_count, THREAD_FRAME_COUNT);
}

/* ---- cases ---- */

/** One edit of a few pages of one window: what was in it may be lost, and nothing else. */
static enum axaddr_status edit_once(uint64_t random) {
    uint64_t page = random % PAGE_COUNT;
    uint64_t size = (1 + random / PAGE_COUNT % (PAGE_COUNT - page)) * PAGE;
    axaddr_gpa_t lazy = axaddr_gpa(LAZY + page * PAGE);
    axaddr_gpa_t backed = axaddr_gpa(BACKED + page * PAGE);

    switch (random / 1024 % 5) {
    case 0:
        return vm_map_alloc(&vm, lazy, size, RW | AXADDR_REPLACE, AXADDR_LAZY);
    case 1:
        return vm_map_backed(&vm, backed, size, RW | AXADDR_REPLACE, 1);
    case 2:
        return vm_unmap(&vm, lazy, size) == AXADDR_OK
                   ? vm_map_alloc(&vm, lazy, size, RW, AXADDR_LAZY)
                   : AXADDR_INVALID;
    case 3:
        return vm_protect(&vm, lazy, size, R) == AXADDR_OK ? vm_protect(&vm, lazy, size, RW)
                                                           : AXADDR_INVALID;
    default:
        return vm_harvest(&vm, lazy, size, AXADDR_NOTES);
    }
}

static void no_freed_frame_is_touched(void) {
    uint64_t random = 99;
    unsigned edit_count = 0;

    begin();
    start(30000);
    while (is_running()) {
        random = random * UINT64_C(6364136223846793005) + 1442695040888963407u;
        CHECK_EQ(edit_once(random >> 33), AXADDR_OK);
        edit_count++;
        if (edit_count % 8 == 0) {
            sched_yield();
        }
    }
    stop();
    CHECK(edit_count > 50);
    end();
}

static uint64_t copies[WRITER_COUNT][PAGE_COUNT][SLOT_WORDS];

/** Copy a page's places, while it may be written: then it is told, and copied, again. */
__attribute__((no_sanitize("thread"))) static void copy_page(unsigned page) {
    axaddr_hpa_t host = axaddr_hpa(0);
    unsigned i;
    unsigned k;

    if (vm_translate(&vm, axaddr_gpa(LAZY + page * PAGE), &host) != AXADDR_OK) {
        return;
    }
    for (i = 0; i < WRITER_COUNT; i++) {
        for (k = 0; k < SLOT_WORDS; k++) {
            copies[i][page][k] = *(volatile uint64_t *)&frame_words(host)[i * SLOT_WORDS + k];
        }
    }
}

/** As a live migration does it: harvest, then copy what was told. */
static void harvest_and_copy(void) {
    static bool told_now[PAGE_COUNT];
    unsigned page;

    CHECK_EQ(vm_harvest(&vm, axaddr_gpa(LAZY), PAGE_COUNT * PAGE, AXADDR_NOTES), AXADDR_OK);
    pthread_mutex_lock(&edit_lock);
    memcpy(told_now, told, sizeof told);
    memset(told, 0, sizeof told);
    pthread_mutex_unlock(&edit_lock);
    for (page = 0; page < PAGE_COUNT; page++) {
        if (told_now[page]) {
            copy_page(page);
        }
    }
}

static void no_write_is_lost_to_harvest(void) {
    unsigned round;
    unsigned page;
    unsigned i;
    unsigned k;

    begin();
    memset(copies, 0, sizeof copies);
    for (round = 0; round < 120; round++) {
        start(150);
        while (is_running()) {
            harvest_and_copy();
        }
        stop();
        harvest_and_copy();
        if (check_case_failed) {
            return;
        }
        for (page = 0; page < PAGE_COUNT; page++) {
            for (i = 0; i < WRITER_COUNT; i++) {
                for (k = 0; k < SLOT_WORDS; k++) {
                    CHECK_EQ(copies[i][page][k], writers[i].last[0][page]);
                }
            }
        }
    }
    end();
}

/** As a snapshot is made: read-only, then copy; nothing changes before it is writable again. */
static void no_write_follows_protect(void) {
    static uint64_t later[WRITER_COUNT][PAGE_COUNT][SLOT_WORDS];
    unsigned page;
    unsigned i;

    begin();
    memset(copies, 0, sizeof copies);
    start(12000);
    while (is_running()) {
        CHECK_EQ(vm_protect(&vm, axaddr_gpa(LAZY), PAGE_COUNT * PAGE, R), AXADDR_OK);
        for (page = 0; page < PAGE_COUNT; page++) {
            copy_page(page);
        }
        memcpy(later, copies, sizeof copies);
        for (i = 0; i < 20; i++) {
            sched_yield();
        }
        for (page = 0; page < PAGE_COUNT; page++) {
            copy_page(page);
        }
        if (memcmp(later, copies, sizeof copies) != 0) {
            check_fail(__FILE__, __LINE__, "a page was written that is read-only");
            break;
        }
        CHECK_EQ(vm_protect(&vm, axaddr_gpa(LAZY), PAGE_COUNT * PAGE, RW), AXADDR_OK);
        for (i = 0; i < 5; i++) {
            sched_yield();
        }
    }
    stop();
    end();
}

int main(void) {
    alarm(300); /* to wait for what never comes is a failure */
    CASE(no_freed_frame_is_touched);
    CASE(no_write_is_lost_to_harvest);
    CASE(no_write_follows_protect);
    return check_report("test_data_threads");
}
