/* SPDX-License-Identifier: MIT
 *
 * test_quiesce.c: waiting for readers. First with one thread, which plays everybody: what happens
 * while the editor waits is done by its AXADDR_CPU_RELAX. Then with real threads: readers follow a
 * link to a frame that an editor keeps replacing, and poisons as soon as quiesce has let it.
 */
#include <pthread.h>
#include <sched.h>
#include <time.h>
#include <unistd.h>

/* What happens between two looks of the editor: a case sets it, and no thread runs meanwhile. */
static void (*while_waiting)(void);
static unsigned long look_count;

static void relax(void) {
    if (while_waiting != NULL) {
        look_count++;
        while_waiting();
    } else {
        sched_yield();
    }
}
#define AXADDR_CPU_RELAX() relax()

/* A case sets what happens at a full fence. */
static void (*at_fence)(void);

static void fence(int order) {
    if (order == __ATOMIC_SEQ_CST && at_fence != NULL) {
        at_fence();
    }
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
}
#define __atomic_thread_fence(order) fence(order)

#include "axaddr_core/quiesce.h"

#include "check.h"

#define CPU_COUNT 4

static struct axaddr_quiesce_cpu cpus[CPU_COUNT];

static void start(void (*meanwhile)(void)) {
    memset(cpus, 0, sizeof cpus);
    at_fence = NULL;
    while_waiting = meanwhile;
    look_count = 0;
}

static bool is_inside(const struct axaddr_quiesce_cpu *cpu) {
    return cpu->count % 2 == 1;
}

/* ---- one thread ---- */

static void never(void) {
    printf("the editor waits for nobody, for ever\n");
    exit(1);
}

/** Nobody inside, be it at first or after a visit: no wait. */
static void outside_is_not_waited_for(void) {
    start(never);
    axaddr_quiesce_wait(cpus, CPU_COUNT);
    axaddr_quiesce_enter(&cpus[2]);
    CHECK(is_inside(&cpus[2]));
    axaddr_quiesce_leave(&cpus[2]);
    CHECK(!is_inside(&cpus[2]));
    axaddr_quiesce_wait(cpus, CPU_COUNT);
    axaddr_quiesce_wait(cpus, 0);
}

static unsigned leaving_cpu;

static void leaves_at_third_look(void) {
    if (look_count > 3) {
        never();
    }
    if (look_count == 3) {
        axaddr_quiesce_leave(&cpus[leaving_cpu]);
    }
}

/** Whichever CPU is inside, the first and the last included: it is waited for until it leaves. */
static void inside_is_waited_for(void) {
    for (leaving_cpu = 0; leaving_cpu < CPU_COUNT; leaving_cpu++) {
        start(leaves_at_third_look);
        axaddr_quiesce_enter(&cpus[leaving_cpu]);
        axaddr_quiesce_wait(cpus, CPU_COUNT);
        CHECK_EQ(look_count, 3);
        CHECK(!is_inside(&cpus[leaving_cpu]));
    }
}

/** A CPU beyond the count is none of this array's. */
static void beyond_the_count(void) {
    start(never);
    axaddr_quiesce_enter(&cpus[CPU_COUNT - 1]);
    axaddr_quiesce_wait(cpus, CPU_COUNT - 1);
    CHECK(is_inside(&cpus[CPU_COUNT - 1]));
}

static void leaves_and_comes_back(void) {
    if (look_count > 1) {
        never();
    }
    axaddr_quiesce_leave(&cpus[1]);
    axaddr_quiesce_enter(&cpus[1]);
}

/** A CPU that is inside again was outside in between, and cannot have the old link. */
static void next_round_is_not_waited_for(void) {
    start(leaves_and_comes_back);
    axaddr_quiesce_enter(&cpus[1]);
    axaddr_quiesce_wait(cpus, CPU_COUNT);
    CHECK_EQ(look_count, 1);
    CHECK(is_inside(&cpus[1]));
}

static void all_leave_one_by_one(void) {
    if (look_count > CPU_COUNT) {
        never();
    }
    axaddr_quiesce_leave(&cpus[CPU_COUNT - look_count]);
}

/** All inside, and the last to be looked at leaves first: each is waited for. */
static void all_inside(void) {
    unsigned i;

    start(all_leave_one_by_one);
    for (i = 0; i < CPU_COUNT; i++) {
        axaddr_quiesce_enter(&cpus[i]);
    }
    axaddr_quiesce_wait(cpus, CPU_COUNT);
    CHECK_EQ(look_count, CPU_COUNT);
    for (i = 0; i < CPU_COUNT; i++) {
        CHECK(!is_inside(&cpus[i]));
    }
}

/** The count wraps from the largest number, which is odd, to 0. */
static void count_wraps(void) {
    leaving_cpu = 0;
    start(leaves_at_third_look);
    cpus[0].count = UINT32_MAX - 1;
    axaddr_quiesce_enter(&cpus[0]);
    CHECK_EQ(cpus[0].count, UINT32_MAX);
    axaddr_quiesce_wait(cpus, CPU_COUNT);
    CHECK_EQ(look_count, 3);
    CHECK_EQ(cpus[0].count, 0);
}

/** CPUs do not write to each other's cache lines. */
static void slots_are_apart(void) {
    CHECK_EQ(sizeof cpus[0] % AXADDR_CACHE_LINE_SIZE, 0);
    CHECK_EQ((uintptr_t)&cpus[1] % AXADDR_CACHE_LINE_SIZE, 0);
}

static unsigned fence_count;

static void is_inside_already(void) {
    fence_count += is_inside(&cpus[3]);
}

/** The fence of enter is between the count and what the reader reads. */
static void enter_counts_before_its_fence(void) {
    start(never);
    fence_count = 0;
    at_fence = is_inside_already;
    axaddr_quiesce_enter(&cpus[3]);
    at_fence = NULL;
    CHECK_EQ(fence_count, 1);
}

static void enter_at_fence(void) {
    at_fence = NULL;
    axaddr_quiesce_enter(&cpus[leaving_cpu]);
}

/** The fence of wait is before its first look: who is inside by then is waited for. */
static void wait_looks_after_its_fence(void) {
    for (leaving_cpu = 0; leaving_cpu < CPU_COUNT; leaving_cpu++) {
        start(leaves_at_third_look);
        at_fence = enter_at_fence;
        axaddr_quiesce_wait(cpus, CPU_COUNT);
        CHECK_EQ(look_count, 3);
        CHECK(!is_inside(&cpus[leaving_cpu]));
    }
}

/* ---- two threads, in step ---- */

/*
 * Each round starts both at the same moment: one goes in and reads the link, the other unlinks and
 * waits. Without a full fence on both sides, a store that still waits in a store buffer lets the
 * one read the old link and the other see nobody inside, in some rounds of a thousand.
 */
#define ROUND_COUNT 300000
#define SECONDS_MAX 1 /* on a machine with other things to do, fewer rounds */

static struct {
    uint32_t round __attribute__((aligned(64))); /* the last round that the thread has begun */
    uint32_t seed;
} steps[2];
static uint32_t changed __attribute__((aligned(64))); /* the last round in which it was changed */
static uint32_t freed __attribute__((aligned(64)));   /* the last round in which quiesce returned */
static uint32_t last_round; /* in which both stop: written before that round begins */
static unsigned long freed_inside_count;

/** Wait for the other thread to begin this round, too; then a few moments more or less. */
static void begin_round(unsigned self, uint32_t round) {
    unsigned tries = 0;

    __atomic_store_n(&steps[self].round, round, __ATOMIC_SEQ_CST);
    while (__atomic_load_n(&steps[1 - self].round, __ATOMIC_SEQ_CST) < round) {
        if (++tries % 128 == 0) {
            sched_yield();
        }
    }
    steps[self].seed = steps[self].seed * 1664525 + 1013904223;
    for (tries = steps[self].seed >> 26; tries > 0; tries--) {
        __asm__ volatile("" : : : "memory");
    }
}

static void *reader_in_step(void *own) {
    struct axaddr_quiesce_cpu *cpu = (struct axaddr_quiesce_cpu *)own;
    uint32_t round;

    for (round = 1;; round++) {
        begin_round(0, round);
        if (__atomic_load_n(&last_round, __ATOMIC_RELAXED) == round) {
            return NULL;
        }
        axaddr_quiesce_enter(cpu);
        if (__atomic_load_n(&changed, __ATOMIC_ACQUIRE) != round) {
            unsigned looks;

            for (looks = 0; looks < 200; looks++) {
                if (__atomic_load_n(&freed, __ATOMIC_ACQUIRE) == round) {
                    freed_inside_count++;
                    break;
                }
            }
        }
        axaddr_quiesce_leave(cpu);
    }
}

static void fences_on_both_sides(void) {
    time_t end = time(NULL) + SECONDS_MAX;
    pthread_t thread;
    uint32_t round;

    start(NULL);
    CHECK_EQ(pthread_create(&thread, NULL, reader_in_step, &cpus[0]), 0);
    for (round = 1;; round++) {
        if (round > ROUND_COUNT || (round % 1024 == 0 && time(NULL) > end)) {
            __atomic_store_n(&last_round, round, __ATOMIC_RELAXED);
        }
        begin_round(1, round);
        if (last_round == round) {
            break;
        }
        __atomic_store_n(&changed, round, __ATOMIC_RELEASE);
        axaddr_quiesce_wait(cpus, 1);
        __atomic_store_n(&freed, round, __ATOMIC_RELEASE);
    }
    CHECK_EQ(pthread_join(thread, NULL), 0);
    CHECK_EQ(freed_inside_count, 0);
}

/* ---- threads, each as fast as it can ---- */

#define FRAME_COUNT  4
#define WORD_COUNT   64
#define READER_COUNT 2
#define EDIT_COUNT   60000
#define POISON       UINT32_MAX

/* Plain memory: that nobody reads what is being written is what quiesce has to see to. */
static uint32_t frames[FRAME_COUNT][WORD_COUNT] __attribute__((aligned(64)));
static uint32_t linked __attribute__((aligned(64))); /* the index of the frame to be read */
static bool is_over __attribute__((aligned(64)));
static unsigned long wrong_count;

/** Follow the link, and read a frame's words, each as `linked` says at the time. */
static unsigned long read_frame(struct axaddr_quiesce_cpu *cpu) {
    unsigned long wrong = 0;
    const uint32_t *words;
    unsigned i;

    axaddr_quiesce_enter(cpu);
    words = frames[__atomic_load_n(&linked, __ATOMIC_ACQUIRE) % FRAME_COUNT];
    for (i = 0; i < WORD_COUNT; i++) {
        uint32_t word = *(const volatile uint32_t *)&words[i];

        wrong += word == POISON || word != words[0];
    }
    axaddr_quiesce_leave(cpu);
    return wrong;
}

static void *reader(void *own) {
    unsigned long wrong = 0;

    while (!__atomic_load_n(&is_over, __ATOMIC_RELAXED)) {
        wrong += read_frame((struct axaddr_quiesce_cpu *)own);
    }
    __atomic_fetch_add(&wrong_count, wrong, __ATOMIC_RELAXED);
    return NULL;
}

static void fill(uint32_t *frame, uint32_t word) {
    unsigned i;

    for (i = 0; i < WORD_COUNT; i++) {
        frame[i] = word;
    }
}

/** Fill the next frame, link it in the place of the last one, wait, poison the last one. */
static void edit(uint32_t edition) {
    fill(frames[edition % FRAME_COUNT], edition);
    __atomic_store_n(&linked, edition, __ATOMIC_RELEASE);
    axaddr_quiesce_wait(cpus, READER_COUNT);
    fill(frames[(edition - 1) % FRAME_COUNT], POISON);
}

static void nothing_is_freed_under_a_reader(void) {
    time_t end = time(NULL) + SECONDS_MAX;
    pthread_t readers[READER_COUNT];
    uint32_t edition;
    unsigned i;

    start(NULL);
    fill(frames[0], 0);
    for (i = 0; i < READER_COUNT; i++) {
        CHECK_EQ(pthread_create(&readers[i], NULL, reader, &cpus[i]), 0);
    }
    for (edition = 1; edition <= EDIT_COUNT && (edition % 1024 != 0 || time(NULL) <= end);
         edition++) {
        edit(edition);
    }
    __atomic_store_n(&is_over, true, __ATOMIC_RELAXED);
    for (i = 0; i < READER_COUNT; i++) {
        CHECK_EQ(pthread_join(readers[i], NULL), 0);
    }
    CHECK_EQ(wrong_count, 0);
}

int main(void) {
    alarm(300); /* to wait for what never comes is a failure */
    CASE(outside_is_not_waited_for);
    CASE(inside_is_waited_for);
    CASE(beyond_the_count);
    CASE(next_round_is_not_waited_for);
    CASE(all_inside);
    CASE(count_wraps);
    CASE(slots_are_apart);
    CASE(enter_counts_before_its_fence);
    CASE(wait_looks_after_its_fence);
    CASE(fences_on_both_sides);
    CASE(nothing_is_freed_under_a_reader);
    return check_report("test_quiesce");
}
