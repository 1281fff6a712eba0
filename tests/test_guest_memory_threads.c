/* SPDX-License-Identifier: MIT
 *
 * test_guest_memory_threads.c: threads that count in a guest's memory by exchanges, numbers of every
 * width side by side, while another takes pages away behind them, brings them back and harvests: no
 * count is lost, and no frame is touched that was freed.
 */
#include <pthread.h>

#include "check.h"

#define RW                 (AXADDR_READ | AXADDR_WRITE)
#define THREAD_FRAME_COUNT 64u
#define THREAD_COUNT       2u
#define THREAD_CPU_COUNT   (THREAD_COUNT + 1)
#define COUNT              100000u            /* exchanges of each thread */
#define KEPT               UINT64_C(0x200000) /* a page in which they count */
#define LENT               UINT64_C(0x201000) /* pages that come and go */
#define LENT_COUNT         4u

#include "thread_host.h"

/* ---- the machine ---- */

static inline void thread_harvested(void *ctx, uint64_t address, uint64_t size, uint32_t notes) {
    (void)ctx;
    (void)address;
    (void)size;
    (void)notes;
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
    .harvested = thread_harvested,
};

AXADDR_DEFINE_VM(vm, axaddr_x86_ept, thread_hal);
static struct vm vm;

/* ---- those who count ---- */

/** One to eight bytes, in two words: neighbours get in each other's way. */
static const struct {
    unsigned offset;
    enum axaddr_width width;
} counters[] = {
    {0, AXADDR_WIDTH_1}, {1, AXADDR_WIDTH_1},  {2, AXADDR_WIDTH_2},  {4, AXADDR_WIDTH_4},
    {8, AXADDR_WIDTH_8}, {16, AXADDR_WIDTH_2}, {18, AXADDR_WIDTH_1}, {19, AXADDR_WIDTH_1},
};
#define COUNTER_COUNT (sizeof counters / sizeof counters[0])

static struct {
    pthread_t thread;
    unsigned number;
    uint64_t added[COUNTER_COUNT];
    char error[100];
} threads[THREAD_COUNT];
static unsigned running_count;

static void add_one(unsigned thread, unsigned counter) {
    axaddr_gpa_t at = axaddr_gpa(KEPT + 64 + counters[counter].offset);
    enum axaddr_width width = counters[counter].width;
    enum axaddr_status status;
    uint64_t expected = 0;
    uint64_t before;

    do { /* BUSY: the neighbours were faster, or an edit */
        status = vm_load(&vm, at, width, 0, &expected);
        before = expected;
        if (status == AXADDR_OK) {
            status = vm_compare_exchange(&vm, at, width, 0, before + 1, &expected);
        }
    } while (status == AXADDR_BUSY || (status == AXADDR_OK && expected != before));
    threads[thread].added[counter]++;
    if (status != AXADDR_OK) {
        snprintf(threads[thread].error, sizeof threads[thread].error, "counting: %s",
                 axaddr_status_name(status));
    }
}

/** What is behind the counters: there or not, whole or not, but never a freed frame. */
static void use_lent(unsigned thread, uint64_t random) {
    axaddr_gpa_t at = axaddr_gpa(LENT + random % LENT_COUNT * PAGE + thread * 64);
    uint32_t how = random / 64 % 2 == 0 ? AXADDR_ON_DEMAND : 0;
    enum axaddr_status status;
    uint64_t word = 0;

    if (random / 128 % 2 == 0) {
        status = vm_store(&vm, at, AXADDR_WIDTH_8, how, thread + 1);
    } else {
        status = vm_load(&vm, at, AXADDR_WIDTH_8, how, &word);
    }
    if ((status != AXADDR_OK && status != AXADDR_NOT_MAPPED && status != AXADDR_BUSY) ||
        (word != 0 && word != thread + 1)) {
        snprintf(threads[thread].error, sizeof threads[thread].error, "%s, reads 0x%llx",
                 axaddr_status_name(status), (unsigned long long)word);
    }
}

static void *count(void *argument) {
    unsigned thread = *(unsigned *)argument;
    uint64_t random = 99 + thread;
    unsigned i;

    this_cpu = thread;
    for (i = 0; i < COUNT && threads[thread].error[0] == '\0'; i++) {
        random = random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        add_one(thread, (unsigned)((random >> 33) % COUNTER_COUNT));
        use_lent(thread, random >> 36);
    }
    __atomic_fetch_sub(&running_count, 1, __ATOMIC_RELEASE);
    return 0;
}

/* ---- the case ---- */

static void edit(unsigned round) {
    axaddr_gpa_t lent = axaddr_gpa(LENT + round % LENT_COUNT * PAGE);

    if (round % 3 == 0) {
        CHECK_EQ(vm_harvest(&vm, axaddr_gpa(KEPT), (LENT_COUNT + 1) * PAGE, AXADDR_NOTES),
                 AXADDR_OK);
        return;
    }
    CHECK_EQ(vm_unmap(&vm, lent, PAGE), AXADDR_OK);
    CHECK_EQ(vm_map_alloc(&vm, lent, PAGE, RW, AXADDR_LAZY), AXADDR_OK);
}

static void no_count_is_lost(void) {
    unsigned i;
    unsigned k;

    this_cpu = THREAD_COUNT;
    thread_begin();
    CHECK_EQ(vm_init(&vm, 0, axaddr_gpa(0), UINT64_C(1) << 30), AXADDR_OK);
    CHECK_EQ(vm_map_alloc(&vm, axaddr_gpa(KEPT), PAGE, RW, AXADDR_POPULATE), AXADDR_OK);
    CHECK_EQ(vm_map_alloc(&vm, axaddr_gpa(LENT), LENT_COUNT * PAGE, RW, AXADDR_LAZY), AXADDR_OK);
    running_count = THREAD_COUNT;
    for (i = 0; i < THREAD_COUNT; i++) {
        threads[i].number = i;
        if (pthread_create(&threads[i].thread, 0, count, &threads[i].number) != 0) {
            abort();
        }
    }
    for (i = 0; __atomic_load_n(&running_count, __ATOMIC_ACQUIRE) != 0; i++) {
        edit(i);
        sched_yield();
    }
    for (i = 0; i < THREAD_COUNT; i++) {
        (void)pthread_join(threads[i].thread, 0);
    }
    for (i = 0; i < THREAD_COUNT; i++) {
        CHECK_STR(threads[i].error, "");
    }
    for (k = 0; k < COUNTER_COUNT; k++) {
        uint64_t value = 0;
        uint64_t added = threads[0].added[k] + threads[1].added[k];

        CHECK_EQ(
            vm_load(&vm, axaddr_gpa(KEPT + 64 + counters[k].offset), counters[k].width, 0, &value),
            AXADDR_OK);
        CHECK_EQ(value, added & axaddr_width_mask(counters[k].width));
    }
    vm_destroy(&vm);
    CHECK_EQ(free_count, THREAD_FRAME_COUNT);
}

int main(void) {
    alarm(300); /* to wait for what never comes is a failure */
    CASE(no_count_is_lost);
    return check_report("test_guest_memory_threads");
}
