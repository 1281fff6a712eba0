/* SPDX-License-Identifier: MIT
 *
 * one.h: the HAL that one_space.c, one_table.c and one_vm.c are made with: the arena's, or with
 * CONCURRENT one for many vCPUs, which has the functions that make the engine safe for them.
 */
#ifndef AXADDR_TESTS_TEMPLATE_ONE_H
#define AXADDR_TESTS_TEMPLATE_ONE_H

#include "locked.h"

#ifdef CONCURRENT
#define one_hal arena_locked_hal
#else
#define one_hal arena_hal
#endif

#endif /* AXADDR_TESTS_TEMPLATE_ONE_H */
