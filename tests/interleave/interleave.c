/* SPDX-License-Identifier: MIT
 *
 * interleave.c: the scenarios of cases.h in every order, on each of the formats. Every order where
 * there are at most ORDER_MAX of them; otherwise as many interruptions as fit, 2 at least.
 *
 *     interleave FORMAT [CASE]
 *     interleave scheduler         the scheduler itself
 */
#include "cases.h"

#include "../check.h"
#include "../cpu_limit.h"

#include <signal.h>
#include <unistd.h>

/** Runs for one case. */
#define ORDER_MAX        60000u
#define INTERRUPTION_MAX 4

#define TRACE_MAX 400

/** Of processor time, for a machine may be busy; no scenario takes a sixth of it. */
#define SCENARIO_SECONDS 60

static unsigned trace_count;
static unsigned long run_count; /**< of the last scenario */

/* ---- what to watch ---- */

static void watch_call(const struct call *call) {
    uint64_t at = scenario_address(call->at);
    uint64_t size = scenario_bytes(call->size);
    uint64_t page = UINT64_C(1) << scenario_ops->format->shift[0];

    if (call->kind == CALL_NONE || call->kind == CALL_STATS) {
        return;
    }
    (void)machine_watch(at);
    if (size > page) {
        (void)machine_watch(at + page);
        (void)machine_watch(at + size - page);
    }
    if (size > 0) {
        (void)machine_watch(at + size);
    }
}

/** Areas whose pages get more rights by a fault that takes the lock, or in which it maps much. */
static void note_upgrades(const struct call *call) {
    bool is_lazy = call->kind == CALL_MAP_LAZY;

    machine_has_upgrades = machine_has_upgrades || call->kind == CALL_MAP_BACKED ||
                           (is_lazy && (call->flags & AXADDR_ZERO_PAGE) != 0);
    scenario_has_large = scenario_has_large || (is_lazy && (call->flags & AXADDR_LARGE) != 0);
}

/** Whether hardware may find nothing at a page for a moment, because of a call. */
static bool may_park(const struct machine_page *page, const struct call *call) {
    const struct axaddr_format *format = scenario_ops->format;
    uint64_t first = scenario_address(call->at);
    uint64_t last = first + scenario_bytes(call->size) - 1;
    unsigned level = scenario_has_large && page->level == 0 ? 1 : page->level;
    uint64_t mask = axaddr_low_bits(format->shift[level] + (unsigned)format->run_bits);
    bool is_within = page->address >= first && page->address <= last;

    switch (call_is_replace(call) ? CALL_UNMAP : call->kind) {
    case CALL_UNMAP:
    case CALL_COLLAPSE:
        if (is_within) {
            return true;
        }
        break;
    case CALL_FAULT: /* one that gives a page another frame */
    case CALL_FAULT_POOL:
        return machine_has_upgrades && is_within;
    case CALL_PROTECT:
    case CALL_SPLIT:
        break;
    default:
        return false;
    }
    /* A leaf or a run that is cut, or changed: without break-before-make nobody notices. */
    return format->needs_break != 0 &&
           (is_within || ((scenario_has_large ||
                           format->kind_of(page->entry, page->level) == AXADDR_ENTRY_LEAF) &&
                          (page->address & ~mask) <= last && (page->address | mask) >= first));
}

static void visit_calls(void (*visit)(const struct call *call)) {
    unsigned i;

    for (i = 0; i < SCENARIO_SETUP_MAX; i++) {
        visit(&scenario->setup[i]);
    }
    for (i = 0; i < SCENARIO_CALL_MAX; i++) {
        visit(scenario_call(i));
    }
}

static void allow_parking(const struct call *call) {
    unsigned i;

    for (i = 0; i < machine_page_count; i++) {
        machine_allowed[i].is_parking =
            machine_allowed[i].is_parking || may_park(&machine_snapshot.pages[i], call);
    }
}

/** What a map replaces is nothing before it is something else. */
static void allow_nothing(const struct call *call) {
    unsigned i;

    for (i = 0; i < machine_page_count && call_is_replace(call); i++) {
        if (machine.pages[i].address - scenario_address(call->at) < scenario_bytes(call->size)) {
            machine_allow(i, AXADDR_ABSENT_EMPTY);
        }
    }
}

/* ---- one scenario on one format ---- */

/** A thread does not come to its next step. */
static void give_up(int signal) {
    (void)signal;
    printf("  %s %s: a call does not end\nFAIL %s %s\n", scenario_ops->format->name, scenario->name,
           scenario_ops->format->name, scenario->name);
    _exit(1);
}

/** The first state, kept, and what may come of it. */
static void prepare(void) {
    uint64_t size = UINT64_C(1) << scenario_ops->format->input_width;
    unsigned i;

    cpu_limit(SCENARIO_SECONDS);
    machine_reset(scenario_ops->format);
    machine_is_recycling = scenario->is_recycling;
    machine_has_upgrades = false;
    scenario_has_large = false;
    visit_calls(note_upgrades);
    machine_refused = scenario->refused - 1;
    visit_calls(watch_call);
    if (scenario_ops->init(size) != AXADDR_OK) {
        machine_complain("no space");
        return;
    }
    machine_root = scenario_ops->root();
    for (i = 0; i < SCENARIO_SETUP_MAX && scenario->setup[i].kind != CALL_NONE; i++) {
        machine.is_dirty = true;
        if (call_run(&scenario->setup[i], 0) != 0) {
            machine_complain("step %u of the setup failed", i);
        }
    }
    machine.is_dirty = true;
    scenario_ops->save();
    machine_save();
}

static void print_step(const struct scheduler_step *step) {
    static const char *const kinds[] = {"reads", "writes",  "frees",   "allocates",
                                        "flush", "quiesce", "the lock"};
    const struct machine_frame *frame = machine_frame_of((const void *)step->place);

    if (trace_count++ >= TRACE_MAX) {
        return;
    }
    printf("    %c %s", 'A' + (int)scheduler.current, kinds[step->kind]);
    if (step->kind == SCHEDULER_FREE && frame != 0) {
        printf(" frame %u", (unsigned)(frame - machine.frames));
    } else if (frame != 0) {
        size_t offset = step->place % MACHINE_FRAME_SIZE;
        printf(" %u.%u (level %u)", (unsigned)(frame - machine.frames),
               (unsigned)(offset >> machine_format->entry_shift), frame->level);
    }
    printf("\n");
}

static void print_calls(void) {
    unsigned i;

    for (i = 0; i < SCENARIO_CALL_MAX; i++) {
        const struct call *call = scenario_call(i);
        if (call->kind != CALL_NONE) {
            printf("    %c: %s at 0x%" PRIx64 " size 0x%" PRIx64 " flags 0x%" PRIx32 "\n",
                   'A' + (int)(i / SCENARIO_SCRIPT_MAX), call_name(call->kind),
                   scenario_address(call->at), scenario_bytes(call->size), call->flags);
        }
    }
}

/** Show the run that failed, step by step. */
static void replay(unsigned number) {
    char error[sizeof(machine.error)];
    unsigned i;

    memcpy(error, machine.error, sizeof(error));
    printf("  run %u: %s\n", number, error);
    print_calls();
    scheduler.known = scheduler.depth;
    trace_count = 0;
    machine_on_trace = print_step;
    (void)scenario_run();
    machine_on_trace = 0;
    if (strcmp(error, machine.error) != 0) {
        printf("  (again: %s)\n", machine.error);
    }
    for (i = 0; i < SCENARIO_CALL_MAX; i++) {
        if (scenario_call(i)->kind != CALL_NONE) {
            printf("    %c: result %d\n", 'A' + (int)(i / SCENARIO_SCRIPT_MAX),
                   scenario_outcome.codes[i]);
        }
    }
}

static unsigned thread_count(void) {
    unsigned count = SCHEDULER_THREAD_MAX;

    while (count > 0 && scenario->scripts[count - 1][0].kind == CALL_NONE) {
        count--;
    }
    return count;
}

/** All runs within a bound: how many; 0 if that is more than ORDER_MAX, or after an error. */
static unsigned run_orders(int bound) {
    unsigned count = 0;
    unsigned runs = 0;

    scheduler.on_step = machine_on_step;
    scheduler_begin(thread_count(), scenario_thread, bound);
    do {
        enum scheduler_end end;
        if (runs++ == ORDER_MAX) {
            return 0;
        }
        run_count++;
        end = scenario_run();
        count += end != SCHEDULER_PRUNED;
        if (machine.error[0] != '\0') {
            replay(runs);
            return 0;
        }
    } while (scheduler_next());
    return count;
}

/** Visit the orders of the scenario as it is prepared. Prints what was visited. */
static bool visit_orders(char *text, size_t size) {
    unsigned count = run_orders(SCHEDULER_FULL);
    unsigned last = 0;
    int bound;

    if (count > 0) {
        snprintf(text, size, "all orders, %u runs", count);
        return true;
    }
    for (bound = 0; bound <= INTERRUPTION_MAX && machine.error[0] == '\0'; bound++) {
        count = run_orders(bound);
        if (count == 0) {
            break;
        }
        last = count;
    }
    snprintf(text, size, "at most %d interruptions, %u runs", bound - 1, last);
    if (machine.error[0] == '\0' && bound < 3) {
        machine_complain("too many orders to visit");
        printf("  %s\n", machine.error);
    }
    return machine.error[0] == '\0';
}

/** With one allocation refused, or none. False after a failure. */
static bool visit_prepared(unsigned refuse_at, char *text, size_t size) {
    unsigned i;

    prepare();
    run_count = 0;
    machine_refuse_at = refuse_at;
    if (machine.error[0] == '\0') {
        scenario_run_sequences();
    }
    if (machine.error[0] != '\0') {
        printf("  in sequence: %s\n", machine.error);
        print_calls();
        return false;
    }
    visit_calls(allow_parking);
    visit_calls(allow_nothing);
    for (i = 0; i < machine_page_count; i++) {
        if (machine_is_allowed(i, AXADDR_ABSENT_EMPTY)) {
            machine_allowed[i].is_parking = true;
        }
    }
    return visit_orders(text, size);
}

/** A scenario on a format; where it says so, with each allocation refused in its turn. */
static void visit(const struct scenario *chosen, const struct ops *ops) {
    char text[80] = "";
    bool is_good = true;
    unsigned refuse_at;

    scenario = chosen;
    scenario_ops = ops;
    check_case_failed = false;
    for (refuse_at = 0; is_good && refuse_at <= (chosen->refused != 0 ? REFUSED_MAX : 0);
         refuse_at++) {
        is_good = visit_prepared(refuse_at, text, sizeof(text));
        if (is_good) {
            printf("%s %s: %s", ops->format->name, chosen->name, text);
            printf(refuse_at > 0 ? " (allocation %u refused)\n" : "\n", refuse_at);
        }
    }
    check_case_failed = !is_good;
    snprintf(text, sizeof(text), "%s %s", ops->format->name, chosen->name);
    check_end_case(text);
}

/** All sets of three calls of the grid of which one takes no lock, from one first state. */
static void visit_grid(const struct scenario *setup, const struct ops *ops) {
    static struct scenario chosen;
    const unsigned count = sizeof(grid_calls) / sizeof(grid_calls[0]);
    char text[80] = "";
    unsigned visited = 0;
    unsigned long runs = 0;
    unsigned i;
    unsigned j;
    unsigned k;

    chosen = *setup;
    scenario = &chosen;
    scenario_ops = ops;
    check_case_failed = false;
    for (i = 0; i < count && grid_calls[i].kind <= CALL_ACCESS; i++) {
        for (j = i; j < count && !check_case_failed; j++) {
            for (k = j; k < count && !check_case_failed; k++) {
                chosen.scripts[0][0] = grid_calls[i];
                chosen.scripts[1][0] = grid_calls[j];
                chosen.scripts[2][0] = grid_calls[k];
                check_case_failed = !visit_prepared(0, text, sizeof(text));
                runs += run_count;
                visited++;
            }
        }
    }
    printf("%s %s: %u scenarios, %lu runs\n", ops->format->name, setup->name, visited, runs);
    snprintf(text, sizeof(text), "%s %s", ops->format->name, setup->name);
    check_end_case(text);
}

/* ---- the scheduler itself: so many orders there are ---- */

static unsigned self_slot[SCHEDULER_THREAD_MAX];
static unsigned self_steps;

static void self_thread(unsigned self) {
    unsigned i;

    for (i = 0; i < self_steps; i++) {
        scheduler.pending[self] = (struct scheduler_step){
            .kind = self_slot[self] == 0 ? SCHEDULER_READ : SCHEDULER_WRITE, .place = self};
        scheduler_pass();
    }
}

static unsigned self_count(unsigned threads, unsigned steps, int bound) {
    unsigned count = 0;

    self_steps = steps;
    scheduler.on_step = 0;
    scheduler_begin(threads, self_thread, bound);
    do {
        count += scheduler_run() == SCHEDULER_DONE;
    } while (scheduler_next());
    return count;
}

static void orders_are_counted(void) {
    self_slot[0] = self_slot[1] = self_slot[2] = 1;
    CHECK_EQ(self_count(2, 3, SCHEDULER_PLAIN), 20); /* 6! / (3! 3!) */
    CHECK_EQ(self_count(2, 3, SCHEDULER_FULL), 20);  /* all of them differ */
    CHECK_EQ(self_count(3, 2, SCHEDULER_PLAIN), 90); /* 6! / (2! 2! 2!) */
    CHECK_EQ(self_count(3, 2, SCHEDULER_FULL), 90);
    CHECK_EQ(self_count(2, 3, 0), 2);
    CHECK_EQ(self_count(2, 3, 1), 2 + 4); /* after 1 or 2 steps of the first */
    CHECK_EQ(self_count(2, 3, 9), 20);
    self_slot[0] = self_slot[1] = self_slot[2] = 0;
    CHECK_EQ(self_count(2, 3, SCHEDULER_PLAIN), 20);
    CHECK_EQ(self_count(2, 3, SCHEDULER_FULL), 1); /* reads: one order is as good as another */
    CHECK_EQ(self_count(3, 2, SCHEDULER_FULL), 1);
    self_slot[0] = 1;
    CHECK_EQ(self_count(2, 3, SCHEDULER_FULL), 1); /* other places */
}

static bool self_never(unsigned thread) {
    (void)thread;
    return false;
}

static void self_waits(unsigned self) {
    scheduler.pending[self] =
        (struct scheduler_step){.kind = SCHEDULER_LOCK, .is_ready = self == 1 ? self_never : 0};
    scheduler_pass();
}

static void deadlocks_are_noticed(void) {
    scheduler.on_step = 0;
    scheduler_begin(2, self_waits, SCHEDULER_FULL);
    CHECK_EQ(scheduler_run(), SCHEDULER_DEADLOCK);
    CHECK(!scheduler_next());
}

/** All scenarios of a format, or the one of that name. */
static void visit_format(const struct ops *ops, const char *name, bool has_grid) {
    unsigned i;

    for (i = 0; i < sizeof(scenarios) / sizeof(scenarios[0]); i++) {
        if (name == 0 || strcmp(name, scenarios[i].name) == 0) {
            visit(&scenarios[i], ops);
        }
    }
    for (i = 0; has_grid && i < sizeof(grid_setups) / sizeof(grid_setups[0]); i++) {
        if (name == 0 || strcmp(name, grid_setups[i].name) == 0) {
            visit_grid(&grid_setups[i], ops);
        }
    }
}

int main(int argc, char **argv) {
    unsigned i;

    setvbuf(stdout, 0, _IOLBF, 0);
    signal(SIGPROF, give_up);
    if (argc > 1 && strcmp(argv[1], "scheduler") == 0) {
        CASE(orders_are_counted);
        CASE(deadlocks_are_noticed);
    }
    for (i = 0; argc > 1 && i < sizeof(formats) / sizeof(formats[0]); i++) {
        if (strcmp(argv[1], formats[i]->format->name) == 0) {
            visit_format(formats[i], argc > 2 ? argv[2] : 0, i < GRID_FORMAT_COUNT);
        }
    }
    return check_report("interleave");
}
