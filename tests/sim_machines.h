/* SPDX-License-Identifier: MIT
 *
 * sim_machines.h: the regimes (sim_regime.h) of all machines, one for each format by its name. What
 * hardware makes of an entry is copied from the manuals. Where a manual leaves a bit to software or
 * ignores it, nothing is made of it; where a bit is reserved, faults, or would mean what no mapping
 * of ours can mean, the entry is broken.
 */
#ifndef AXADDR_TESTS_SIM_MACHINES_H
#define AXADDR_TESTS_SIM_MACHINES_H

#include "sim_aarch64.h"
#include "sim_arm.h"
#include "sim_loongarch.h"
#include "sim_riscv.h"
#include "sim_toys.h"
#include "sim_x86.h"

#include <string.h>

static const struct {
    const struct sim_regime *regimes;
    size_t count;
} sim_machines[] = {
#define SIM_MACHINE(regimes)                                                                       \
    { regimes, sizeof(regimes) / sizeof((regimes)[0]) }
    SIM_MACHINE(sim_aarch64_regimes),   SIM_MACHINE(sim_arm_regimes),
    SIM_MACHINE(sim_loongarch_regimes), SIM_MACHINE(sim_riscv_regimes),
    SIM_MACHINE(sim_toy_regimes),       SIM_MACHINE(sim_x86_regimes),
#undef SIM_MACHINE
};

/** The regime of a format; 0 if there is none. */
static inline const struct sim_regime *sim_regime_of(const char *name) {
    size_t machine;
    size_t i;

    for (machine = 0; machine < sizeof(sim_machines) / sizeof(sim_machines[0]); machine++) {
        for (i = 0; i < sim_machines[machine].count; i++) {
            if (strcmp(sim_machines[machine].regimes[i].name, name) == 0) {
                return &sim_machines[machine].regimes[i];
            }
        }
    }
    return 0;
}

#endif /* AXADDR_TESTS_SIM_MACHINES_H */
