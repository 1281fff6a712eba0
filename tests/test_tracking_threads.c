/* SPDX-License-Identifier: MIT
 *
 * test_tracking_threads.c: threads that write to a VM's memory while another migrates it: tracking
 * by either method, harvests at once and in steps, and copies of what was told. At the end the copy
 * is what was written. Meant for ThreadSanitizer as well.
 */
#include <pthread.h>

#include "check.h"

#define RW (AXADDR_READ | AXADDR_WRITE)

#define THREAD_FRAME_COUNT 256u
#define PAGE_COUNT         24u
#define WRITER_COUNT       2u
#define THREAD_CPU_COUNT   (WRITER_COUNT + 1)
#define SLOT_WORDS         8u
#define RAM                UINT64_C(0x200000)

#include "thread_host.h"

/* ---- the machine ---- */

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
};

AXADDR_DEFINE_VM(vm, axaddr_x86_ept, thread_hal);
static struct vm vm;

/* ---- those who write ---- */

struct writer {
    pthread_t thread;
    unsigned number;
    unsigned count;
    uint64_t random;
    uint64_t last[PAGE_COUNT]; /**< what it wrote last: it has a place of its own in every page */
    bool has_failed;
};

static struct writer writers[WRITER_COUNT];
static unsigned running_count;

static void *write_all(void *argument) {
    struct writer *writer = (struct writer *)argument;
    uint64_t words[SLOT_WORDS];
    unsigned i;
    unsigned k;

    this_cpu = writer->number;
    for (i = 0; i < writer->count; i++) {
        uint64_t page;
        enum axaddr_status status;

        writer->random = writer->random * UINT64_C(6364136223846793005) + 1442695040888963407u;
        page = (writer->random >> 33) % PAGE_COUNT;
        for (k = 0; k < SLOT_WORDS; k++) {
            words[k] = writer->random;
        }
        status = vm_write(&vm, axaddr_gpa(RAM + page * PAGE + writer->number * sizeof words), words,
                          sizeof words);
        if (status == AXADDR_OK) {
            writer->last[page] = writer->random;
        } else if (status != AXADDR_BUSY) {
            writer->has_failed = true;
        }
    }
    __atomic_fetch_sub(&running_count, 1, __ATOMIC_RELEASE);
    return 0;
}

static void start_writers(unsigned count) {
    unsigned i;

    running_count = WRITER_COUNT;
    for (i = 0; i < WRITER_COUNT; i++) {
        writers[i].number = i;
        writers[i].count = count;
        if (pthread_create(&writers[i].thread, 0, write_all, &writers[i]) != 0) {
            abort();
        }
    }
}

static void stop_writers(void) {
    unsigned i;

    for (i = 0; i < WRITER_COUNT; i++) {
        (void)pthread_join(writers[i].thread, 0);
    }
}

/* ---- who migrates ---- */

static uint64_t copies[WRITER_COUNT][PAGE_COUNT][SLOT_WORDS];

/** Copy a page, while it may be written: then it is told, and copied, again. */
__attribute__((no_sanitize("thread"))) static void copy_page(unsigned page) {
    axaddr_hpa_t host = axaddr_hpa(0);
    unsigned i;
    unsigned k;

    if (vm_translate(&vm, axaddr_gpa(RAM + page * PAGE), &host) != AXADDR_OK) {
        return;
    }
    for (i = 0; i < WRITER_COUNT; i++) {
        for (k = 0; k < SLOT_WORDS; k++) {
            copies[i][page][k] = *(volatile uint64_t *)&frames[host.raw / PAGE][i * SLOT_WORDS + k];
        }
    }
}

static void harvest_and_copy(unsigned round) {
    uint64_t bitmap = 0;
    uint64_t done = 0;
    unsigned page;

    if (round % 2 == 0) {
        CHECK_EQ(vm_harvest_dirty(&vm, axaddr_gpa(RAM), PAGE_COUNT * PAGE, &bitmap, 64), AXADDR_OK);
    }
    while (round % 2 != 0 && done < PAGE_COUNT * PAGE) {
        CHECK_EQ(
            vm_harvest_dirty_step(&vm, axaddr_gpa(RAM), PAGE_COUNT * PAGE, &bitmap, 64, 5, &done),
            AXADDR_OK);
    }
    for (page = 0; page < PAGE_COUNT; page++) {
        if ((bitmap >> page & 1) != 0) {
            copy_page(page);
        }
    }
}

static void check_copies(void) {
    unsigned page;
    unsigned i;
    unsigned k;

    for (i = 0; i < WRITER_COUNT; i++) {
        CHECK(!writers[i].has_failed);
        for (page = 0; page < PAGE_COUNT; page++) {
            for (k = 0; k < SLOT_WORDS; k++) {
                CHECK_EQ(copies[i][page][k], writers[i].last[page]);
            }
        }
    }
}

/** Tracking is begun, used and ended while others write, again and again. */
static void migrate(uint32_t how) {
    axaddr_gpa_t where = axaddr_gpa(0);
    unsigned round;
    unsigned page;

    thread_begin();
    memset(writers, 0, sizeof writers);
    memset(copies, 0, sizeof copies);
    this_cpu = WRITER_COUNT;
    CHECK_EQ(vm_init(&vm, 0, axaddr_gpa(0), UINT64_C(1) << 30), AXADDR_OK);
    CHECK_EQ(vm_map_alloc(&vm, axaddr_gpa(RAM), PAGE_COUNT * PAGE, RW, AXADDR_LAZY), AXADDR_OK);
    for (round = 0; round < 80 && !check_case_failed; round++) {
        start_writers(200);
        CHECK_EQ(vm_start_tracking(&vm, axaddr_gpa(RAM), PAGE_COUNT * PAGE, how), AXADDR_OK);
        for (page = 0; page < PAGE_COUNT; page++) {
            copy_page(page);
        }
        while (__atomic_load_n(&running_count, __ATOMIC_ACQUIRE) != 0) {
            harvest_and_copy(round);
        }
        stop_writers();
        harvest_and_copy(round);
        check_copies();
        if (round % 4 == 3) {
            CHECK_EQ(vm_stop_tracking(&vm, axaddr_gpa(RAM), PAGE_COUNT * PAGE), AXADDR_OK);
        }
    }
    CHECK_EQ(vm_audit(&vm, &where), AXADDR_OK);
    vm_destroy(&vm);
    CHECK_EQ(free_count, THREAD_FRAME_COUNT);
}

static void migrates_by_notes(void) {
    migrate(AXADDR_TRACK_NOTES);
}

static void migrates_by_writes(void) {
    migrate(AXADDR_TRACK_WRITES);
}

int main(void) {
    alarm(300); /* to wait for what never comes is a failure */
    CASE(migrates_by_notes);
    CASE(migrates_by_writes);
    return check_report("test_tracking_threads");
}
