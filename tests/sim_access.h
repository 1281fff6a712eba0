/* SPDX-License-Identifier: MIT
 *
 * sim_access.h: lets the simulated MMU (sim.h) see each access of the engine to an entry. Files that
 * instantiate the library for it (spaces.c, which has the function, and tables.c) say, before any
 * header of the library:
 *
 *     #include "sim_access.h"
 *     #define AXADDR_ON_ENTRY_ACCESS(slot, is_write) sim_tell_access(slot, is_write)
 */
#ifndef AXADDR_TESTS_SIM_ACCESS_H
#define AXADDR_TESTS_SIM_ACCESS_H

#include <stdbool.h>

/** Called before each access, unless it is 0. */
extern void (*sim_on_access)(void *slot, bool is_write);

/** Calls it. Not inline: there are many accesses. */
void sim_tell_access(const void *slot, bool is_write);

#endif /* AXADDR_TESTS_SIM_ACCESS_H */
