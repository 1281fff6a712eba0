/* SPDX-License-Identifier: MIT
 *
 * fuzz_vcpus.c: bytes -> what two or three vCPUs do at once, and in which order their steps come.
 * The machine, the steps and what must hold of them are those of tests/interleave: there short
 * scenarios are put into every order, here scenarios of any kind into some orders. Calls are made
 * in sequence first, in each sequential order; what these come to is what the run is judged by.
 *
 *     byte     bits 0, 1 the format; 2 three vCPUs; 3 freed frames are used again at once;
 *              4, 5 whose allocations fail (3: nobody's), 6, 7 which one, less one
 *     byte     calls before the vCPUs start, modulo 4; bits 2 to 4: who makes a second call
 *     calls    the first ones, each vCPU's first ones, each vCPU's second ones; three bytes each:
 *              byte  its kind, modulo the number of calls
 *              byte  where: bits 0 to 2 a page, 3 and 4 from where (units of level 1); 5 to 7 all
 *                    set: a vCPU's first call is made in two steps, its second is the other one
 *              byte  bits 0 to 2 how large, the rest its flags or its access
 *     then     the order, a byte for each step: bit 7 another vCPU goes on, bit 0 which of two.
 *              When a run has ended, what is left is the order of another one.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* of interleave.c: contexts */
#endif
#include "input.h"

#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic ignored "-Wclobbered" /* getcontext returns once only, there */
#endif
#define main interleave_main
#include "../tests/interleave/interleave.c"
#undef main

#define RUN_MAX   8
#define SIZE_MASK 7

static struct input order;

/* ---- the scenario ---- */

static const enum call_kind setup_kinds[] = {
    CALL_MAP_LAZY, CALL_MAP_LAZY,   CALL_MAP_LINEAR, CALL_MAP_BACKED, CALL_MAP_POPULATE,
    CALL_FAULT,    CALL_MAP_DEVICE, CALL_SPLIT,      CALL_PROTECT,
};
static const enum call_kind script_kinds[] = {
    CALL_FAULT,      CALL_FAULT_POOL, CALL_FAULT,     CALL_UNMAP,        CALL_UNMAP,
    CALL_PROTECT,    CALL_QUERY,      CALL_TRANSLATE, CALL_ACCESS,       CALL_MAP_LAZY,
    CALL_SPLIT,      CALL_COLLAPSE,   CALL_HARVEST,   CALL_MAP_POPULATE, CALL_MAP_LINEAR,
    CALL_MAP_DEVICE, CALL_MAP_BACKED, CALL_STATS,     CALL_FIND_AREA,    CALL_NEXT_AREA,
    CALL_COUNT,
};
#define COUNT_OF(array) ((uint32_t)(sizeof(array) / sizeof((array)[0])))

static const struct distance sizes[SIZE_MASK + 1] = {PAGE(1),  PAGE(2), PAGE(3), PAGE(4),
                                                     PAGE(16), UNIT(1), UNIT(2), TOP(1)};

/** Flags of a mapping, an access, or the cookie, by what the call takes. */
static uint32_t pick_call_flags(enum call_kind kind, unsigned how) {
    static const uint32_t flags[] = {RW, R, RWU, RW | AXADDR_EXECUTE, AXADDR_READ | AXADDR_EXECUTE};
    static const uint32_t ways[] = {0, 0, AXADDR_ZERO_PAGE, AXADDR_LARGE};

    switch (kind) {
    case CALL_FAULT:
    case CALL_FAULT_POOL:
    case CALL_ACCESS:
        return (how & 1) != 0 ? RW : R;
    case CALL_MAP_LAZY:
        return flags[how % 2] | ways[how / 2 % 4];
    case CALL_MAP_POPULATE:
    case CALL_MAP_LINEAR:
    case CALL_MAP_BACKED:
    case CALL_PROTECT:
        return flags[how % 5];
    case CALL_MAP_DEVICE:
        return 7;
    default:
        return 0;
    }
}

/** Whether the machine can make it in steps. */
static bool has_steps(enum call_kind kind) {
    return kind == CALL_MAP_LAZY || kind == CALL_MAP_POPULATE ||
           (kind >= CALL_UNMAP && kind <= CALL_HARVEST);
}

static struct call pick_call(struct input *input, const enum call_kind *kinds, uint32_t count) {
    struct call call;
    unsigned where;
    unsigned how;

    memset(&call, 0, sizeof(call));
    call.kind = kinds[input_below(input, count)];
    where = input_byte(input);
    how = input_byte(input);
    call.at.units = (int)(where >> 3 & 3);
    call.at.pages = (int)(where & 7) - (call.at.units > 0 ? 4 : 0);
    call.size = sizes[how & SIZE_MASK];
    if ((call.kind == CALL_MAP_POPULATE && (how & SIZE_MASK) > 3) ||
        (call.kind >= CALL_SPLIT && call.kind <= CALL_HARVEST && (how & SIZE_MASK) == 7)) {
        call.size = sizes[how & 3]; /* the machine is small, and runs are short */
    } else if ((how & SIZE_MASK) > 4) {
        call.at.pages = 0;
        call.at.units = (how & SIZE_MASK) == 7 ? 0 : call.at.units;
    }
    if (call.kind <= CALL_ACCESS) {
        call.size = sizes[0];
    }
    call.flags = pick_call_flags(call.kind, how >> 3);
    if (where >> 5 == 7 && has_steps(call.kind)) {
        call.budget = 1 + (where & 1);
    }
    return call;
}

/** A vCPU whose pool cannot be filled would tell nothing of the table. */
static void forget_pools(struct call *script) {
    unsigned i;
    for (i = 0; i < 2; i++) {
        script[i].kind = script[i].kind == CALL_FAULT_POOL ? CALL_FAULT : script[i].kind;
    }
}

static void pick_scenario(struct input *input, struct scenario *chosen) {
    unsigned how = input_byte(input);
    unsigned counts = input_byte(input);
    unsigned threads = (how & 4) != 0 ? 3 : 2;
    unsigned i;

    memset(chosen, 0, sizeof(*chosen));
    chosen->name = "fuzz";
    chosen->is_recycling = (how & 8) != 0;
    chosen->refused = (how >> 4 & 3) < threads ? 1 + (how >> 4 & 3) : 0;
    scenario_ops = formats[how & 3];
    for (i = 0; i < (counts & 3); i++) {
        chosen->setup[i] = pick_call(input, setup_kinds, COUNT_OF(setup_kinds));
        chosen->setup[i].budget = 0;
    }
    for (i = 0; i < threads; i++) {
        chosen->scripts[i][0] = pick_call(input, script_kinds, COUNT_OF(script_kinds));
    }
    for (i = 0; i < threads; i++) {
        /* A fault that says SPURIOUS is asked again at the end, so nothing comes after one. */
        if ((counts >> (2 + i) & 1) != 0 && !call_is_fault(&chosen->scripts[i][0])) {
            chosen->scripts[i][1] = pick_call(input, script_kinds, COUNT_OF(script_kinds));
            chosen->scripts[i][1].budget = 0;
        }
        if (chosen->scripts[i][0].budget != 0) {
            chosen->scripts[i][1] = chosen->scripts[i][0];
            chosen->scripts[i][1].budget = CALL_REST;
        }
    }
    if (chosen->refused != 0) {
        forget_pools(chosen->scripts[chosen->refused - 1]);
    }
}

/* ---- runs ---- */

/** Whether one of the scripts has such a call. */
static bool has_call(enum call_kind kind) {
    unsigned i;
    unsigned k;

    for (i = 0; i < thread_count(); i++) {
        for (k = 0; k < SCENARIO_SCRIPT_MAX; k++) {
            if (scenario->scripts[i][k].kind == kind) {
                return true;
            }
        }
    }
    return false;
}

/** Whether one of the calls is made in steps. */
static bool has_budget(void) {
    unsigned i;

    for (i = 0; i < thread_count(); i++) {
        if (scenario->scripts[i][0].budget != 0) {
            return true;
        }
    }
    return false;
}

static bool says(const char *text) {
    return strstr(machine.error, text) != 0;
}

/** What the machine cannot do or cannot judge, rather than what the engine did: no finding. */
static bool is_too_much(void) {
    static const char *const limits[] = {
        "of the setup failed",
        "too small for the case",
        "too many pages to watch",
        "changed too often",
        "see its page change too often",
        "may be too many things",
        "too many translations",
        "too many sequential orders",
        "saw its page change too often",
        "it does not end",
        "is not whole", /* an edit is at work on all of the run */
    };
    struct axaddr_stats stats;
    unsigned i;

    for (i = 0; i < COUNT_OF(limits); i++) {
        if (says(limits[i])) {
            return true;
        }
    }
    /* Which allocation is refused depends on the order: a table may be there already, or not yet. */
    if (scenario->refused != 0 && says("no sequential order")) {
        return true;
    }
    /* Where a step ends depends on the entries that it finds, of which a fault beside it may make
       more: the end is that of one order then, and what is done that of another. */
    if (has_budget() && says("no sequential order")) {
        return true;
    }
    /* While a split is at work faults map no large leaves: what is counted then tells. */
    if (scenario_has_large && has_call(CALL_SPLIT) && has_call(CALL_COUNT) &&
        says("no sequential order")) {
        return true;
    }
    /* Such a call is not over when its fault is: it gives back what is left of its pool. */
    if (has_call(CALL_FAULT_POOL) && says("which another call is about to use")) {
        return true;
    }
    scenario_ops->stats(&stats);
    return stats.area_count > SCENARIO_AREA_MAX && says("its area says otherwise");
}

static void check_machine(void) {
    if (machine.error[0] != '\0' && !is_too_much()) {
        printf("%s\n", machine.error);
        fuzz_fail(__FILE__, __LINE__, machine.error, 0, 0);
    }
}

/** A step is over: the input says who goes on, if he can. */
static bool choose(void) {
    unsigned choice = input_byte(&order);

    if (!machine_on_step()) {
        return false;
    }
    if ((choice & 0x80) != 0 && scheduler.current < SCHEDULER_THREAD_MAX) {
        scheduler.current = (scheduler.current + 1 + (choice & 1)) % scheduler.thread_count;
    }
    return true;
}

static void run(void) {
    scheduler_begin(thread_count(), scenario_thread, SCHEDULER_PLAIN);
    scheduler.on_step = choose;
    (void)scenario_run();
    if (machine.error[0] != '\0' && !is_too_much()) {
        scheduler.on_step = machine_on_step;
        replay(1);
    }
    check_machine();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static struct scenario chosen;
    unsigned i;

    order = input_of(data, size);
    scenario = &chosen;
    pick_scenario(&order, &chosen);
    fuzz_context = scenario_ops->format->name;
    prepare();
    machine_refuse_at = chosen.refused != 0 ? 1u + (size > 0 ? data[0] >> 6 : 0) : 0;
    if (machine.error[0] == '\0') {
        scenario_run_sequences();
    }
    if (machine.error[0] == '\0') {
        visit_calls(allow_parking);
        for (i = 0; i < machine_page_count; i++) {
            machine_allowed[i].is_parking =
                machine_allowed[i].is_parking || machine_is_allowed(i, AXADDR_ABSENT_EMPTY) ||
                (machine_format->run_bits != 0 && has_call(CALL_HARVEST)); /* it unmakes a run */
        }
    } else if (!is_too_much()) {
        print_calls();
    }
    check_machine();
    for (i = 0; i < RUN_MAX && machine.error[0] == '\0' && (i == 0 || order.left > 0); i++) {
        run();
    }
    fuzz_say("%s: %u runs %s\n", fuzz_context, i, machine.error);
    cpu_limit(0);
    return 0;
}
