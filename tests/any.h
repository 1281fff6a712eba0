/* SPDX-License-Identifier: MIT
 *
 * any.h: a space and a bare table of any format, chosen at run time. Their format is a variable: the
 * compiler can fold nothing, and one instance does for all formats. For tests over formats of which
 * no instance of their own is in spaces.c. HOST_FRAME_SHIFT, set before, is log2 of the page size.
 */
#ifndef AXADDR_TESTS_ANY_H
#define AXADDR_TESTS_ANY_H

#include "sim_access.h"
#define AXADDR_ON_ENTRY_ACCESS(slot, is_write) sim_tell_access(slot, is_write)

#include "every_format.h"
#include "spaces.h"

static struct axaddr_format any_format;

/* Of those that a user parametrises. */
AXADDR_DEFINE_X86_64_ENCRYPTED(x86_64_c47, 4, 47)
AXADDR_DEFINE_X86_NPT_ENCRYPTED(x86_npt_c51, 5, 51)

#define ANY_ADDRESS_OF(tag, format) &format,
static const struct axaddr_format *const any_formats[] = {&x86_64_c47, &x86_npt_c51,
                                                          EVERY_FORMAT(ANY_ADDRESS_OF)};
#undef ANY_ADDRESS_OF
#define ANY_FORMAT_COUNT ((unsigned)(sizeof(any_formats) / sizeof(any_formats[0])))

SPACE_KIND_IN(any_space, any_format, host_hal, 0)
SPACE_KIND_IN(any_space_shared, any_format, host_hal_shared, 0)
TABLE_KIND_IN(any_table, any_format, host_hal, 0)

static const struct space_ops *const any_kinds[] = {&any_space_ops, &any_space_shared_ops,
                                                    &any_table_ops};
#define ANY_KIND_COUNT (sizeof(any_kinds) / sizeof(any_kinds[0]))

#endif /* AXADDR_TESTS_ANY_H */
