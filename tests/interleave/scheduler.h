/* SPDX-License-Identifier: MIT
 *
 * scheduler.h: every order in which two or three threads can run, in one thread and the same ones
 * each time. The threads are coroutines. Before each step that others could notice, one says what
 * it is, and calls scheduler_pass. Whose turn it is then is a choice, and the choices of a run make
 * a path in a tree that is searched depth first: run again with the same beginning and another last
 * choice, until there is none left.
 *
 *     scheduler_begin(2, body, SCHEDULER_FULL);
 *     do {
 *         ... bring everything to its first state ...
 *         switch (scheduler_run()) { ... }
 *     } while (scheduler_next());
 *
 * SCHEDULER_FULL visits every order, but of orders that differ only in steps that do not touch each
 * other one (sleep sets: Godefroid, "Partial-Order Methods for the Verification of Concurrent
 * Systems", LNCS 1032, 5). SCHEDULER_PLAIN visits them all. A number visits those in which a thread
 * is interrupted, while it could go on, at most so often.
 */
#ifndef AXADDR_TESTS_INTERLEAVE_SCHEDULER_H
#define AXADDR_TESTS_INTERLEAVE_SCHEDULER_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <ucontext.h>

#define SCHEDULER_THREAD_MAX 3
#define SCHEDULER_STEP_MAX   4096
#define SCHEDULER_STACK_SIZE (64 * 1024)

#define SCHEDULER_FULL  (-1)
#define SCHEDULER_PLAIN (-2)

enum scheduler_kind {
    SCHEDULER_READ,    /**< of the entry at `place` */
    SCHEDULER_WRITE,   /**< of the entry at `place` */
    SCHEDULER_FREE,    /**< of the frame at `place` */
    SCHEDULER_ALLOC,   /**< of a frame that others could get */
    SCHEDULER_FLUSH,   /**< of a TLB */
    SCHEDULER_QUIESCE, /**< waiting for readers that are inside */
    SCHEDULER_LOCK,    /**< taking it or giving it back */
};

/** What a thread will do when it is its turn again. */
struct scheduler_step {
    enum scheduler_kind kind;
    bool is_first;    /**< of a call that QUIESCE waits for */
    bool is_hardware; /**< of a walk that FLUSH waits for */
    uintptr_t place;
    bool (*is_ready)(unsigned thread); /**< whether it can be done now; 0: always */
};

enum scheduler_end {
    SCHEDULER_DONE,     /**< all threads came to their end */
    SCHEDULER_PRUNED,   /**< left off: it would repeat what another run has shown */
    SCHEDULER_STOPPED,  /**< scheduler_stop, or on_step said so */
    SCHEDULER_DEADLOCK, /**< nobody can go on */
    SCHEDULER_ENDLESS,  /**< too many steps */
};

/** A choice: who could have been next, who was, and what each was about to do. */
struct scheduler_node {
    unsigned enabled;
    unsigned tried;
    unsigned sleeping; /**< to go on with them would repeat an order */
    unsigned chosen;
    unsigned before;        /**< who ran until here; SCHEDULER_THREAD_MAX at the beginning */
    unsigned interruptions; /**< on the way here */
    struct scheduler_step pending[SCHEDULER_THREAD_MAX];
};

struct scheduler {
    unsigned thread_count;
    void (*body)(unsigned thread);
    bool (*on_step)(void); /**< called when a step is over; false ends the run. May be 0 */
    int bound;
    unsigned current; /**< who runs; SCHEDULER_THREAD_MAX: none of the threads */
    bool is_starting;
    unsigned finished;
    struct scheduler_step pending[SCHEDULER_THREAD_MAX];
    struct scheduler_node nodes[SCHEDULER_STEP_MAX];
    unsigned depth; /**< choices made in this run */
    unsigned known; /**< choices at its beginning that are prescribed */
    enum scheduler_end end;
    ucontext_t main;
    ucontext_t contexts[SCHEDULER_THREAD_MAX];
    char stacks[SCHEDULER_THREAD_MAX][SCHEDULER_STACK_SIZE] __attribute__((aligned(64)));
};

static struct scheduler scheduler;

/* ---- which orders differ ---- */

static inline bool scheduler_same_frame(const struct scheduler_step *a,
                                        const struct scheduler_step *b) {
    return (a->place ^ b->place) >> 12 == 0;
}

/** Whether the order of two steps can matter, `a` being of the same or a lower kind than `b`. */
static inline bool scheduler_conflict_ordered(const struct scheduler_step *a,
                                              const struct scheduler_step *b) {
    switch (b->kind) {
    case SCHEDULER_READ:
        return false;
    case SCHEDULER_WRITE:
        /* Two writes: what a TLB has seen in between depends on their order. */
        return a->kind == SCHEDULER_WRITE || a->place == b->place;
    case SCHEDULER_FREE:
        return a->kind != SCHEDULER_READ || scheduler_same_frame(a, b);
    case SCHEDULER_ALLOC:
        return a->kind == SCHEDULER_FREE || a->kind == SCHEDULER_ALLOC;
    case SCHEDULER_FLUSH:
        return a->is_hardware || a->kind == SCHEDULER_WRITE || a->kind == SCHEDULER_FREE ||
               a->kind == SCHEDULER_FLUSH;
    case SCHEDULER_QUIESCE:
        return a->is_first || a->kind == SCHEDULER_QUIESCE;
    case SCHEDULER_LOCK:
        return a->kind == SCHEDULER_LOCK;
    }
    return true;
}

static inline bool scheduler_conflict(const struct scheduler_step *a,
                                      const struct scheduler_step *b) {
    return a->kind <= b->kind ? scheduler_conflict_ordered(a, b) : scheduler_conflict_ordered(b, a);
}

/** Whom it is useless to continue with after the choice of `node`. */
static inline unsigned scheduler_sleep_after(const struct scheduler_node *node) {
    unsigned sleeping = 0;
    unsigned i;

    for (i = 0; i < scheduler.thread_count; i++) {
        if (((node->sleeping | node->tried) >> i & 1) != 0 && i != node->chosen &&
            !scheduler_conflict(&node->pending[i], &node->pending[node->chosen])) {
            sleeping |= 1u << i;
        }
    }
    return sleeping;
}

/* ---- choices ---- */

/** Whether going on with `thread` interrupts another. */
static inline bool scheduler_interrupts(const struct scheduler_node *node, unsigned thread) {
    return thread != node->before && node->before < SCHEDULER_THREAD_MAX &&
           (node->enabled >> node->before & 1) != 0;
}

/** Who may be chosen at a node and has not been: bits. */
static inline unsigned scheduler_candidates(const struct scheduler_node *node) {
    unsigned candidates = node->enabled & ~node->tried;
    unsigned i;

    if (scheduler.bound < 0) {
        return candidates & ~node->sleeping;
    }
    for (i = 0; i < scheduler.thread_count; i++) {
        if (scheduler_interrupts(node, i) && node->interruptions >= (unsigned)scheduler.bound) {
            candidates &= ~(1u << i);
        }
    }
    return candidates;
}

/** Choose one: who ran before, if possible. */
static inline void scheduler_settle(struct scheduler_node *node, unsigned candidates) {
    unsigned chosen = node->before;

    if (chosen >= SCHEDULER_THREAD_MAX || (candidates >> chosen & 1) == 0) {
        chosen = (unsigned)__builtin_ctz(candidates);
    }
    node->chosen = chosen;
}

/** The choice of who is next; false if the run ends here. */
static inline bool scheduler_choose(void) {
    struct scheduler *s = &scheduler;
    struct scheduler_node *node = &s->nodes[s->depth];
    const struct scheduler_node *last = s->depth > 0 ? node - 1 : 0;
    unsigned i;

    node->enabled = 0;
    node->tried = 0;
    node->before = s->current;
    node->sleeping = last != 0 && s->bound == SCHEDULER_FULL ? scheduler_sleep_after(last) : 0;
    node->interruptions = 0;
    if (last != 0) {
        node->interruptions = last->interruptions + scheduler_interrupts(last, last->chosen);
    }
    memcpy(node->pending, s->pending, sizeof(node->pending));
    for (i = 0; i < s->thread_count; i++) {
        if ((s->finished >> i & 1) == 0 &&
            (s->pending[i].is_ready == 0 || s->pending[i].is_ready(i))) {
            node->enabled |= 1u << i;
        }
    }
    if (node->enabled == 0) {
        s->end = s->finished == (1u << s->thread_count) - 1 ? SCHEDULER_DONE : SCHEDULER_DEADLOCK;
        return false;
    }
    if (scheduler_candidates(node) == 0) {
        s->end = SCHEDULER_PRUNED;
        return false;
    }
    scheduler_settle(node, scheduler_candidates(node));
    return true;
}

/** A step is over: who is next? SCHEDULER_THREAD_MAX: nobody, the run has ended. */
static inline unsigned scheduler_turn(void) {
    struct scheduler *s = &scheduler;

    if (s->on_step != 0 && !s->on_step()) {
        s->end = SCHEDULER_STOPPED;
    } else if (s->depth == SCHEDULER_STEP_MAX) {
        s->end = SCHEDULER_ENDLESS;
    } else if (s->depth < s->known || scheduler_choose()) {
        s->current = s->nodes[s->depth++].chosen;
        return s->current;
    }
    s->current = SCHEDULER_THREAD_MAX;
    return s->current;
}

/* ---- threads ---- */

/** The running thread has written its next step to `pending`. Return when it is to be done. */
static inline void scheduler_pass(void) {
    struct scheduler *s = &scheduler;
    unsigned self = s->current;
    unsigned next = SCHEDULER_THREAD_MAX;

    if (!s->is_starting) {
        next = scheduler_turn();
    }
    if (next != self) {
        swapcontext(&s->contexts[self],
                    next == SCHEDULER_THREAD_MAX ? &s->main : &s->contexts[next]);
    }
}

/** End the run at once: called by a thread that cannot go on. */
static inline void scheduler_stop(void) {
    scheduler.end = SCHEDULER_STOPPED;
    scheduler.current = SCHEDULER_THREAD_MAX;
    setcontext(&scheduler.main);
}

static void scheduler_thread(int self) {
    struct scheduler *s = &scheduler;
    unsigned next = SCHEDULER_THREAD_MAX;

    s->body((unsigned)self);
    s->finished |= 1u << self;
    if (!s->is_starting) {
        next = scheduler_turn();
    }
    setcontext(next == SCHEDULER_THREAD_MAX ? &s->main : &s->contexts[next]);
}

/* ---- runs ---- */

static inline void scheduler_begin(unsigned thread_count, void (*body)(unsigned), int bound) {
    scheduler.thread_count = thread_count;
    scheduler.body = body;
    scheduler.bound = bound;
    scheduler.known = 0;
    scheduler.depth = 0;
    scheduler.current = SCHEDULER_THREAD_MAX;
}

/** One run. The threads first go to their first steps; nothing before those is seen by others. */
static inline enum scheduler_end scheduler_run(void) {
    struct scheduler *s = &scheduler;
    unsigned next;
    unsigned i;

    s->finished = 0;
    s->depth = 0;
    s->is_starting = true;
    for (i = 0; i < s->thread_count; i++) {
        getcontext(&s->contexts[i]);
        s->contexts[i].uc_stack.ss_sp = s->stacks[i];
        s->contexts[i].uc_stack.ss_size = sizeof(s->stacks[i]);
        s->contexts[i].uc_link = 0;
        makecontext(&s->contexts[i], (void (*)(void))scheduler_thread, 1, (int)i);
        s->current = i;
        swapcontext(&s->main, &s->contexts[i]);
    }
    s->is_starting = false;
    s->current = SCHEDULER_THREAD_MAX;
    next = scheduler_turn();
    if (next != SCHEDULER_THREAD_MAX) {
        swapcontext(&s->main, &s->contexts[next]);
    }
    s->current = SCHEDULER_THREAD_MAX;
    return s->end;
}

/** Prescribe the beginning of the next run; false if all have been visited. */
static inline bool scheduler_next(void) {
    struct scheduler *s = &scheduler;

    for (; s->depth > 0; s->depth--) {
        struct scheduler_node *node = &s->nodes[s->depth - 1];
        unsigned candidates;

        node->tried |= 1u << node->chosen;
        candidates = scheduler_candidates(node);
        if (candidates != 0) {
            scheduler_settle(node, candidates);
            s->known = s->depth;
            return true;
        }
    }
    return false;
}

#endif /* AXADDR_TESTS_INTERLEAVE_SCHEDULER_H */
