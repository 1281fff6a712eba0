/* SPDX-License-Identifier: MIT
 *
 * space_kind.h: what fuzz_space.c may choose from by a number: the spaces of tests/spaces.c, the
 * tables of tests/tables.c, and every other format with pages of 4 KiB (tests/any.h).
 */
#ifndef AXADDR_FUZZ_SPACE_KIND_H
#define AXADDR_FUZZ_SPACE_KIND_H

#include "../tests/any.h"

static unsigned space_kind_count(void) {
    return space_count + table_count + ANY_FORMAT_COUNT;
}

/** Number `index`, below space_kind_count(); 0 if that format has other pages or is sized. */
static const struct space_ops *space_kind(unsigned index) {
    const struct axaddr_format *format;

    if (index < space_count) {
        return spaces[index];
    }
    index -= space_count;
    if (index < table_count) {
        return tables[index];
    }
    index -= table_count;
    format = any_formats[index];
    if (format->shift[0] != HOST_FRAME_SHIFT || format->is_sized) {
        return 0;
    }
    any_format = *format;
    return any_kinds[index % ANY_KIND_COUNT];
}

#endif /* AXADDR_FUZZ_SPACE_KIND_H */
