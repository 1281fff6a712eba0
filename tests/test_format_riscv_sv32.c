/* SPDX-License-Identifier: MIT
 *
 * test_format_riscv_sv32.c: the formats of RV32, Sv32 and Sv32x4, against entries, satp and hgatp
 * values that were written out from the privileged manual by hand. Nothing in here asks the headers
 * for a bit.
 */
#include "../axaddr_arch/riscv_gstage.h"
#include "../axaddr_arch/riscv_stage1.h"
#include "check.h"
#include "format_check.h"

#define SEED          UINT64_C(0x9e3779b97f4a7c15)
#define RANDOM_ROUNDS 200000

/* The flags, in one letter each so that the tables below can be read. */
#define R AXADDR_READ
#define W AXADDR_WRITE
#define X AXADDR_EXECUTE
#define U AXADDR_USER
#define G AXADDR_GLOBAL
#define D AXADDR_DEVICE

/* Frames that use bit 33 and the lowest bit of their size: 4 KiB and 4 MiB; and where an entry has
   them: bits 31:10, the frame >> 12. */
static const uint64_t frames[2] = {0x2fedcb000, 0x2fec00000};
static const uint64_t ppns[2] = {0xbfb72c00, 0xbfb00000};
static const uint64_t sizes[2] = {0x1000, 0x400000};

/** Mapping flags, and all bits of a leaf that holds them but for its PPN: alike at both levels. */
struct golden {
    uint32_t flags;
    uint32_t bits;
};

/*
 * Privileged manual, "Sv32", figure of the entry: V 0, R 1, W 2, X 3, U 4, G 5, A 6, D 7, RSW 9:8
 * (bit 8 is our device), PPN 31:10.
 */
static const struct golden sv32_leaves[] = {
    {R, 0xc3},          {R | U, 0xd3},          {R | G, 0xe3},          {R | U | G, 0xf3},
    {R | W, 0xc7},      {R | W | U, 0xd7},      {R | W | G, 0xe7},      {R | W | U | G, 0xf7},
    {X, 0xc9},          {X | U, 0xd9},          {X | G, 0xe9},          {X | U | G, 0xf9},
    {R | X, 0xcb},      {R | X | U, 0xdb},      {R | X | G, 0xeb},      {R | X | U | G, 0xfb},
    {R | W | X, 0xcf},  {R | W | X | U, 0xdf},  {R | W | X | G, 0xef},  {R | W | X | U | G, 0xff},
    {R | D, 0x1c3},     {R | U | D, 0x1d3},     {R | G | D, 0x1e3},     {R | U | G | D, 0x1f3},
    {R | W | D, 0x1c7}, {R | W | U | D, 0x1d7}, {R | W | G | D, 0x1e7}, {R | W | U | G | D, 0x1f7},
};

/* U set: "Guest Physical Address Translation". */
static const struct golden sv32x4_leaves[] = {
    {R, 0xd3},         {R | W, 0xd7},  {X, 0xd9},          {R | X, 0xdb},
    {R | W | X, 0xdf}, {R | D, 0x1d3}, {R | W | D, 0x1d7},
};

/** A format and what the manual says of it. */
struct subject {
    const struct axaddr_format *format;
    const char *name;
    const struct golden *leaves;
    size_t leaf_count;
    uint8_t root_order;
    uint8_t input_width;
    uint8_t root_bits;
    bool is_gstage;
};

#define LEAVES(table) table, sizeof table / sizeof table[0]

static const struct subject subjects[] = {
    {&axaddr_riscv_sv32, "riscv_sv32", LEAVES(sv32_leaves), 0, 32, 10, false},
    {&axaddr_riscv_sv32x4, "riscv_sv32x4", LEAVES(sv32x4_leaves), 2, 34, 12, true},
};

/** What the case is about; main runs the format's cases once for each subject. */
static const struct subject *subject;
static const struct axaddr_format *format;

static uint64_t random_state;

static uint64_t random_next(void) {
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return random_state;
}

static const struct golden *golden_of(uint32_t flags) {
    size_t i;

    for (i = 0; i < subject->leaf_count; i++) {
        if (subject->leaves[i].flags == flags) {
            return &subject->leaves[i];
        }
    }
    return 0;
}

/** "Sv32": two levels of ten bits; "Guest Physical Address Translation": a root of 16 KiB. */
static void geometry(void) {
    CHECK_STR(format->name, subject->name);
    CHECK_EQ(format->level_count, 2);
    CHECK_EQ(format->entry_shift, 2);
    CHECK_EQ(format->root_order, subject->root_order);
    CHECK_EQ(format->input_width, subject->input_width);
    CHECK_EQ(format->output_width, 34);
    CHECK_EQ(format->leaf_levels, 3);
    CHECK_EQ(format->shift[0], 12);
    CHECK_EQ(format->shift[1], 22);
    CHECK_EQ(format->index_bits[0], 10);
    CHECK_EQ(format->index_bits[1], subject->root_bits);
    CHECK_EQ(format->run_bits, 0);
    CHECK(!format->is_sign_extended && format->caches_absent);
    CHECK(format->needs_break == 0 && format->publish == 0);
}

/** All combinations: the expressible ones are those of the tables above, bit by bit. */
static void leaves_are_the_manuals(void) {
    size_t held = 0;
    uint32_t flags;

    for (flags = 0; flags <= AXADDR_MAPPING_FLAGS; flags++) {
        const struct golden *golden = golden_of(flags);
        unsigned level;

        snprintf(check_context, sizeof check_context, "%s flags %u", format->name, flags);
        if (!axaddr_flags_are_valid(flags)) {
            CHECK(golden == 0);
            continue;
        }
        CHECK_EQ(format->can_hold(flags), golden != 0);
        if (golden == 0) {
            continue;
        }
        held++;
        for (level = 0; level < 2; level++) {
            uint64_t attributes = format->attributes_of(flags, level);
            uint64_t leaf = format->make_leaf(frames[level], level, attributes);

            CHECK_EQ(attributes, golden->bits);
            CHECK_EQ(leaf, ppns[level] | golden->bits);
            CHECK_EQ(format->kind_of(leaf, level), AXADDR_ENTRY_LEAF);
            CHECK_EQ(format->flags_of(leaf, level), flags);
            CHECK_EQ(format->frame_of(leaf, level), frames[level]);
        }
    }
    CHECK_EQ(held, subject->leaf_count);
}

/** Every address bit is held and found again, at both levels, and nothing is beyond bit 31. */
static void addresses_are_held(void) {
    unsigned level;
    unsigned number;

    for (level = 0; level < 2; level++) {
        uint64_t attributes = format->attributes_of(R | W, level);

        for (number = level == 0 ? 12 : 22; number < 34; number++) {
            uint64_t frame = UINT64_C(1) << number;
            uint64_t leaf = format->make_leaf(frame, level, attributes);

            CHECK_EQ(leaf, (UINT64_C(1) << (number - 2)) + attributes);
            CHECK_EQ(leaf >> 32, 0);
            CHECK_EQ(format->frame_of(leaf, level), frame);
        }
    }
}

static void next_leaf_maps_the_next_frame(void) {
    unsigned level;

    for (level = 0; level < 2; level++) {
        /* From just below a carry through all the lower index bits. */
        uint64_t frame = UINT64_C(0x100000000) - 2 * sizes[level];
        uint64_t attributes = format->attributes_of(R | W | D, level);
        uint64_t leaf = format->make_leaf(frame, level, attributes);
        unsigned step;

        for (step = 1; step <= 4; step++) {
            leaf = format->next_leaf(leaf, level);
            CHECK_EQ(leaf, format->make_leaf(frame + step * sizes[level], level, attributes));
        }
    }
}

/** From any flags to any others; A (bit 6) and D (bit 7) stay as they were. */
static void change_leaf_keeps_address_and_notes(void) {
    unsigned level;
    unsigned clear;
    size_t from;
    size_t to;

    for (level = 0; level < 2; level++) {
        for (from = 0; from < subject->leaf_count; from++) {
            for (to = 0; to < subject->leaf_count; to++) {
                uint64_t attributes = format->attributes_of(subject->leaves[to].flags, level);

                for (clear = 0; clear < 4; clear++) {
                    uint64_t notes = (uint64_t)clear << 6;
                    uint64_t leaf = (ppns[level] | subject->leaves[from].bits) & ~notes;

                    CHECK_EQ(format->change_leaf(leaf, level, attributes),
                             (ppns[level] | subject->leaves[to].bits) & ~notes);
                }
            }
        }
    }
}

/** Leaves look alike at both levels, so a leaf's first part has its bits: A, D and all. */
static void split_leaf_maps_the_first_part(void) {
    unsigned clear;
    size_t i;

    for (i = 0; i < subject->leaf_count; i++) {
        for (clear = 0; clear < 4; clear++) {
            uint64_t leaf = (ppns[1] | subject->leaves[i].bits) & ~((uint64_t)clear << 6);
            uint64_t part = format->split_leaf(leaf, 1);

            CHECK_EQ(part, leaf);
            CHECK_EQ(format->kind_of(part, 0), AXADDR_ENTRY_LEAF);
            CHECK_EQ(format->flags_of(part, 0), subject->leaves[i].flags);
            CHECK_EQ(format->frame_of(part, 0), frames[1]);
        }
    }
    /* A misaligned 4 MiB leaf (PPN[0] not 0; hardware faults): its low PPN bits are no address. */
    CHECK_EQ(format->frame_of(0x200ffcd7, 1), 0x80000000);
    CHECK_EQ(format->split_leaf(0x200ffcd7, 1), 0x200000d7);
}

/** A is bit 6, D bit 7; a write sets both, all else A only. */
static void notes(void) {
    uint64_t leaf = 0xbfb72c1f;

    CHECK_EQ(format->noted, 0xc0);
    CHECK_EQ(format->notes_of(leaf, 0), 0);
    CHECK_EQ(format->notes_of(leaf | 0x40, 0), AXADDR_ACCESSED);
    CHECK_EQ(format->notes_of(leaf | 0x80, 1), AXADDR_DIRTY);
    CHECK_EQ(format->clear_notes(leaf | 0xc0, 0, AXADDR_ACCESSED), leaf | 0x80);
    CHECK_EQ(format->clear_notes(leaf | 0xc0, 1, AXADDR_DIRTY), leaf | 0x40);
    CHECK_EQ(format->note_access(leaf, 0, R), leaf | 0x40);
    CHECK_EQ(format->note_access(leaf, 1, W), leaf | 0xc0);
}

/* ---- tables, absent entries, kinds ---- */

static void tables(void) {
    uint64_t entry = format->make_table(0x2fedcb000, 1);

    CHECK_EQ(entry, 0xbfb72c01);
    CHECK_EQ(format->kind_of(entry, 1), AXADDR_ENTRY_TABLE);
    CHECK_EQ(format->kind_of(entry, 0), AXADDR_ENTRY_ABSENT);
    CHECK_EQ(format->table_of(entry), 0x2fedcb000);
    CHECK_EQ(format->table_of(0xfffffffe000007ff), 0x1000);
}

/** Within 31 bits: payloads of 27, page numbers of 22, and one bit more than the larger. */
static void absent_entries(void) {
    static const uint64_t values[] = {0, 1, 0x3fffff, 0x200000, 0x7ffffff, 0x5555555, 0xfffffff};
    unsigned kind;
    size_t i;

    CHECK_EQ(format->empty, 0);
    CHECK_EQ(format->make_absent(AXADDR_ABSENT_EMPTY, 0), format->empty);
    CHECK_EQ(format->absent_kind(format->empty), AXADDR_ABSENT_EMPTY);
    for (kind = AXADDR_ABSENT_RESERVED; kind <= AXADDR_ABSENT_BACKED; kind++) {
        for (i = 0; i < sizeof values / sizeof values[0]; i++) {
            uint64_t entry = format->make_absent((enum axaddr_absent_kind)kind, values[i]);

            CHECK_EQ(format->absent_kind(entry), kind);
            CHECK_EQ(format->absent_value(entry), values[i]);
            CHECK_EQ(entry & 1, 0); /* V clear: the others are don't-cares */
            CHECK_EQ(entry >> 32, 0);
            CHECK(entry != format->empty);
            CHECK_EQ(format->kind_of(entry, 0), AXADDR_ENTRY_ABSENT);
            CHECK_EQ(format->kind_of(entry, 1), AXADDR_ENTRY_ABSENT);
        }
    }
}

static bool bit(uint64_t entry, unsigned number) {
    return ((entry >> number) & 1) != 0;
}

/** "Virtual Address Translation Process", steps 3 to 5, spelled out; what faults is absent. */
static enum axaddr_entry_kind spec_kind(uint64_t entry, unsigned level) {
    bool v = bit(entry, 0), r = bit(entry, 1), w = bit(entry, 2), x = bit(entry, 3);
    bool u = bit(entry, 4), g = bit(entry, 5), a = bit(entry, 6), d = bit(entry, 7);

    if (!v || (!r && w)) {
        return AXADDR_ENTRY_ABSENT;
    }
    if (!r && !x) {
        /* G in a pointer is for all below it: nothing of ours. The G-stage ignores it. */
        return level > 0 && !u && !a && !d && (!g || subject->is_gstage) ? AXADDR_ENTRY_TABLE
                                                                         : AXADDR_ENTRY_ABSENT;
    }
    return u || !subject->is_gstage ? AXADDR_ENTRY_LEAF : AXADDR_ENTRY_ABSENT;
}

/** Any bits at any level: the manual's kind, and hooks that stay within their own ranges. */
static void any_bits_have_a_kind(void) {
    size_t seen[3] = {0, 0, 0};
    size_t round;

    random_state = SEED;
    for (round = 0; round < RANDOM_ROUNDS; round++) {
        uint64_t entry = random_next() & UINT32_MAX;
        unsigned level;

        if (round < 256) {
            entry = round;
        } else if (round % 4 == 1) {
            entry &= 0xffffff21; /* half of these are tables */
        }
        for (level = 0; level < 2; level++) {
            enum axaddr_entry_kind kind = format->kind_of(entry, level);

            snprintf(check_context, sizeof check_context, "%s 0x%" PRIx64 " level %u", format->name,
                     entry, level);
            CHECK_EQ(kind, spec_kind(entry, level));
            seen[kind]++;
            CHECK_EQ(format->table_of(entry) & ~UINT64_C(0x3fffff000), 0);
            CHECK_EQ(format->frame_of(entry, level) & (sizes[level] - 1), 0);
            CHECK_EQ(format->frame_of(entry, level) >> 34, 0);
            CHECK_EQ(format->flags_of(entry, level) & ~AXADDR_MAPPING_FLAGS, 0);
        }
    }
    CHECK(seen[0] > 1000 && seen[1] > 1000 && seen[2] > 1000);
}

static void reserved_in_one_test(void) {
    check_reserved(format);
}

/* ---- registers ---- */

/** "satp", SXLEN 32: MODE 31, ASID 30:22, PPN 21:0. */
static void satp(void) {
    uint64_t wide = 77;
    uint32_t value = 77;

    CHECK_EQ(axaddr_riscv_sv32_satp(axaddr_hpa(0x80200800), 1, &value), AXADDR_INVALID);
    CHECK_EQ(axaddr_riscv_sv32_satp(axaddr_hpa(UINT64_C(1) << 34), 1, &value), AXADDR_INVALID);
    CHECK_EQ(axaddr_riscv_sv32_satp(axaddr_hpa(0x80201000), 0x200, &value), AXADDR_INVALID);
    CHECK_EQ(value, 77);
    CHECK_EQ(axaddr_riscv_stage1_satp(&axaddr_riscv_sv32, axaddr_hpa(0x80204000), 1, &wide),
             AXADDR_INVALID);
    CHECK_EQ(axaddr_riscv_sv32_satp(axaddr_hpa(0x80201000), 1, &value), AXADDR_OK);
    CHECK_EQ(value, 0x80480201);
    CHECK_EQ(axaddr_riscv_sv32_satp(axaddr_hpa(0x3fffff000), 0x1ff, &value), AXADDR_OK);
    CHECK_EQ(value, 0xffffffff);
    CHECK_EQ(axaddr_riscv_sv32_satp(axaddr_hpa(0), 0, &value), AXADDR_OK);
    CHECK_EQ(value, 0x80000000);
}

/** "hgatp", HSXLEN 32: MODE 31, VMID 28:22, PPN 21:0; the root is 16 KiB aligned. */
static void hgatp(void) {
    uint64_t wide = 77;
    uint32_t value = 77;

    CHECK_EQ(axaddr_riscv_sv32x4_hgatp(axaddr_hpa(0x80201000), 1, &value), AXADDR_INVALID);
    CHECK_EQ(axaddr_riscv_sv32x4_hgatp(axaddr_hpa(0x80202000), 1, &value), AXADDR_INVALID);
    CHECK_EQ(axaddr_riscv_sv32x4_hgatp(axaddr_hpa(UINT64_C(1) << 34), 1, &value), AXADDR_INVALID);
    CHECK_EQ(axaddr_riscv_sv32x4_hgatp(axaddr_hpa(0x80204000), 0x80, &value), AXADDR_INVALID);
    CHECK_EQ(value, 77);
    CHECK_EQ(axaddr_riscv_gstage_hgatp(&axaddr_riscv_sv32x4, axaddr_hpa(0x80204000), 1, &wide),
             AXADDR_INVALID);
    CHECK_EQ(axaddr_riscv_sv32x4_hgatp(axaddr_hpa(0x80204000), 1, &value), AXADDR_OK);
    CHECK_EQ(value, 0x80480204);
    CHECK_EQ(axaddr_riscv_sv32x4_hgatp(axaddr_hpa(0x3ffffc000), 0x7f, &value), AXADDR_OK);
    CHECK_EQ(value, 0x9ffffffc);
}

/** RV32's htval and stval have 32 bits: a 34-bit address all the same. */
static void guest_page_fault(void) {
    struct axaddr_exit exit;

    CHECK_EQ(axaddr_riscv_gstage_decode(23, 0x80001003, 0xffffffff, 0, &exit), AXADDR_OK);
    CHECK_EQ(exit.gpa.raw, 0x3ffffffff);
    CHECK_EQ(exit.access, W);
}

int main(void) {
    size_t i;

    printf("test_format_riscv_sv32: seed 0x%" PRIx64 "\n", SEED);
    for (i = 0; i < sizeof subjects / sizeof subjects[0]; i++) {
        subject = &subjects[i];
        format = subject->format;
        CASE(geometry);
        CASE(leaves_are_the_manuals);
        CASE(addresses_are_held);
        CASE(next_leaf_maps_the_next_frame);
        CASE(change_leaf_keeps_address_and_notes);
        CASE(split_leaf_maps_the_first_part);
        CASE(notes);
        CASE(tables);
        CASE(absent_entries);
        CASE(reserved_in_one_test);
        CASE(any_bits_have_a_kind);
    }
    CASE(satp);
    CASE(hgatp);
    CASE(guest_page_fault);
    return check_report("test_format_riscv_sv32");
}
