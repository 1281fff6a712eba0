/* SPDX-License-Identifier: MIT
 *
 * one_vm.c: one VM over FORMAT with its whole API, for the size of its code and its stack.
 */
#include "one.h"

AXADDR_DECLARE_VM(vm);
AXADDR_IMPLEMENT_VM(vm, FORMAT, one_hal);
