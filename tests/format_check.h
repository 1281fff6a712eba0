/* SPDX-License-Identifier: MIT
 *
 * format_check.h: what holds for every format alike, whatever its bits: that the hooks which answer
 * two questions at once agree with those that answer them one by one.
 */
#ifndef AXADDR_TESTS_FORMAT_CHECK_H
#define AXADDR_TESTS_FORMAT_CHECK_H

#include "../axaddr_core/format.h"
#include "check.h"

/**
 * is_reserved says of `entry` what kind_of, absent_kind and absent_value say, and populate makes of
 * it what make_leaf does. Of an entry that is not ours (scribbled) is_reserved may also say no where
 * they say yes: then the fault takes the long way.
 */
static bool format_agrees_on_reserved(const struct axaddr_format *format, uint64_t entry,
                                      bool is_ours) {
    bool expected = format->kind_of(entry, 0) == AXADDR_ENTRY_ABSENT &&
                    format->absent_kind(entry) == AXADDR_ABSENT_RESERVED;
    const uint32_t asked = AXADDR_ACCESS_FLAGS | AXADDR_USER;
    uint32_t rights = 0;
    uint32_t flags;
    uint64_t leaf;

    if (!format->is_reserved(entry, &rights)) {
        return !expected || !is_ours;
    }
    if (!expected || !is_ours) {
        return expected;
    }
    flags = axaddr_payload_flags(format->absent_value(entry));
    if (!axaddr_flags_are_valid(flags) || !format->can_hold(flags)) {
        return true; /* no such reservation is ever made */
    }
    leaf = format->make_leaf(0x12345000, 0, format->attributes_of(flags, 0));
    return (rights & asked) == (flags & asked) &&
           (format->populate == 0 || format->populate(entry, 0x12345000) == leaf);
}

/** The same for reservations and traps of every payload's flags, and for live and random entries. */
__attribute__((unused)) static void check_reserved(const struct axaddr_format *format) {
    uint64_t random = UINT64_C(0x9e3779b97f4a7c15);
    uint32_t flags;
    unsigned kind;
    unsigned i;

    for (flags = 0; flags <= AXADDR_MAPPING_FLAGS; flags++) {
        for (kind = AXADDR_ABSENT_RESERVED; kind <= AXADDR_ABSENT_PARKED_TABLE; kind++) {
            uint64_t entry = format->make_absent((enum axaddr_absent_kind)kind,
                                                 axaddr_payload(flags, 0x5a5a ^ flags));
            CHECK(format_agrees_on_reserved(format, entry, true));
            for (i = 0; i < 64; i++) {
                CHECK(format_agrees_on_reserved(format, entry ^ UINT64_C(1) << i, false));
            }
        }
        if (axaddr_flags_are_valid(flags) && format->can_hold(flags)) {
            CHECK(format_agrees_on_reserved(
                format, format->make_leaf(0x12345000, 0, format->attributes_of(flags, 0)), true));
        }
    }
    CHECK(format_agrees_on_reserved(format, format->empty, true));
    for (i = 0; i < 100000; i++) {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        CHECK(format_agrees_on_reserved(format, random, false));
    }
}

#endif /* AXADDR_TESTS_FORMAT_CHECK_H */
