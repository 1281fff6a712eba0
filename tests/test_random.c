/* SPDX-License-Identifier: MIT
 *
 * test_random.c: long pseudo-random sequences of operations over every format and window, each step
 * compared with the model. The seeds are fixed; another one, or a longer run, can be asked for:
 *
 *     test_random [seed [steps]]
 */
#include "steps.h"

#define ARENA_FRAMES 1024

static uint64_t seed = 1;
static unsigned step_count = 700;

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
    host_init(&host, ARENA_FRAMES, kind->format->output_width > 39 ? HOST_BASE : 0x40073000,
              host_order);
    snprintf(check_context, sizeof(check_context), "%s window %d seed %" PRIu64, kind->name,
             (int)window, seed);
    pair_init(&steps.pair, kind, &host, cuts, window_cut(cuts, kind->format, window, page_count));
    for (i = 0; i < step_count && !check_case_failed; i++) {
        snprintf(check_context, sizeof(check_context), "%s window %d seed %" PRIu64 " step %u",
                 kind->name, (int)window, seed, i);
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

int main(int argument_count, char **arguments) {
    static const unsigned orders[] = {HOST_SCATTERED, HOST_STACK, HOST_SCATTERED | HOST_QUARANTINED,
                                      HOST_STACK | HOST_QUARANTINED};
    unsigned i;

    if (argument_count > 1) {
        seed = strtoull(arguments[1], 0, 0);
    }
    if (argument_count > 2) {
        step_count = (unsigned)strtoul(arguments[2], 0, 0);
    }
    printf("test_random: seed %" PRIu64 ", %u steps\n", seed, step_count);
    for (i = 0; i < (space_count + table_count) * WINDOW_COUNT; i++) {
        unsigned k = i / WINDOW_COUNT;
        kind = k < space_count ? spaces[k] : tables[k - space_count];
        window = (enum window)(i % WINDOW_COUNT);
        host_order = orders[(i + k) % 4];
        page_count = 200 + 450 * (i % 3);
        fail_rarity = i % 2 == 0 ? 6 : 40;
        CASE(sequence);
    }
    printf("test_random: %" PRIu64 " walks; %" PRIu64 " plans, %" PRIu64
           " of them full, the others of %" PRIu64 " steps, %" PRIu64 " of them needless\n",
           figures.walk_count, figures.plan_count, figures.full_count, figures.step_count,
           figures.needless_count);
    return check_report("test_random");
}
