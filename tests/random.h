/* SPDX-License-Identifier: MIT
 *
 * random.h: one long pseudo-random sequence of operations on a space or table, each step compared
 * with the model. For test_random*.c, which say on what. The seeds are fixed; another one, or a
 * longer run, can be asked for: test_random [seed [steps]]
 */
#ifndef AXADDR_TESTS_RANDOM_H
#define AXADDR_TESTS_RANDOM_H

#include "steps.h"

#define ARENA_FRAMES 1024

static uint64_t seed = 1;
static unsigned step_count;

static const struct space_ops *kind;
static enum window window;
static uint32_t page_count;
static unsigned host_order;
static uint32_t fail_rarity;
static struct sim_figures figures; /**< of all sequences */

static void add_figures(const struct sim_figures *more) {
    figures.walk_count += more->walk_count;
    figures.plan_count += more->plan_count;
    figures.full_count += more->full_count;
    figures.step_count += more->step_count;
    figures.needless_count += more->needless_count;
}

static void sequence(void) {
    static uint64_t cuts[WINDOW_CUT_MAX];
    static struct steps steps;
    static struct host host;
    unsigned i;

    memset(&steps, 0, sizeof(steps));
    steps.source.random = seed * UINT64_C(0x9e3779b97f4a7c15) + window + 1;
    steps.fail_rarity = fail_rarity;
    host_init(&host, ARENA_FRAMES, kind->format->output_width > 39 ? HOST_BASE : HOST_LOW_BASE,
              host_order);
    snprintf(check_context, sizeof(check_context), "%s %s window %d seed %" PRIu64, kind->name,
             kind->format->name, (int)window, seed);
    pair_init(&steps.pair, kind, &host, cuts, window_cut(cuts, kind->format, window, page_count));
    for (i = 0; i < step_count && !check_case_failed; i++) {
        snprintf(check_context, sizeof(check_context), "%s %s window %d seed %" PRIu64 " step %u",
                 kind->name, kind->format->name, (int)window, seed, i);
        steps_one(&steps);
    }
    add_figures(&steps.pair.sim.figures);
    if (check_case_failed) {
        pair_abandon(&steps.pair);
    } else {
        pair_destroy(&steps.pair);
    }
    host_destroy(&host);
}

/** The arguments of such a program: [seed [steps]]; `steps` if none are asked for. */
static void random_begin(const char *name, unsigned steps, int argument_count, char **arguments) {
    step_count = steps;
    if (argument_count > 1) {
        seed = strtoull(arguments[1], 0, 0);
    }
    if (argument_count > 2) {
        step_count = (unsigned)strtoul(arguments[2], 0, 0);
    }
    printf("%s: seed %" PRIu64 ", %u steps\n", name, seed, step_count);
}

/** Number `number` of the sequences of a kind: its window, its host, its failures. */
static void random_sequence(const struct space_ops *of, unsigned number, unsigned salt) {
    static const unsigned orders[] = {HOST_SCATTERED, HOST_STACK, HOST_SCATTERED | HOST_QUARANTINED,
                                      HOST_STACK | HOST_QUARANTINED};

    kind = of;
    window = (enum window)(number % WINDOW_COUNT);
    host_order = orders[(number + salt) % 4];
    page_count = 200 + 450 * (number % 3);
    fail_rarity = number % 2 == 0 ? 6 : 40;
    CASE(sequence);
}

static int random_report(const char *name) {
    printf("%s: %" PRIu64 " walks; %" PRIu64 " plans, %" PRIu64
           " of them full, the others of %" PRIu64 " steps, %" PRIu64 " of them needless\n",
           name, figures.walk_count, figures.plan_count, figures.full_count, figures.step_count,
           figures.needless_count);
    return check_report(name);
}

#endif /* AXADDR_TESTS_RANDOM_H */
