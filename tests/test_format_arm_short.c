/* SPDX-License-Identifier: MIT
 *
 * test_format_arm_short.c: 32-bit Arm's short descriptors, their registers and aborts, against what
 * was written out from ARM DDI 0406C by hand; and the simulated MMU's view of them (sim_arm.h).
 */
#include "../axaddr_arch/arm_short.h"
#include "check.h"
#include "format_check.h"
#include "sim_arm.h"

#define SEED          UINT64_C(0x2545f4914f6cdd1d)
#define RANDOM_ROUNDS 100000

#define R AXADDR_READ
#define W AXADDR_WRITE
#define X AXADDR_EXECUTE
#define U AXADDR_USER
#define D AXADDR_DEVICE
#define N AXADDR_UNCACHED
#define G AXADDR_GLOBAL

static const struct axaddr_format *const format = &axaddr_arm_short;

static uint64_t random_state = SEED;

static uint64_t random_next(void) {
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return random_state;
}

/* ---- leaves ---- */

struct golden {
    uint32_t flags;
    uint32_t bits[2]; /* of a small page, of a section */
};

/*
 * B3.5.1. Small page: 0 XN, 1 one, 2 B, 3 C, 5:4 AP[1:0], 8:6 TEX, 9 AP[2], 10 S, 11 nG. Section: 0
 * PXN, 1 one, 2 B, 3 C, 4 XN, 8:5 domain, 11:10 AP[1:0], 14:12 TEX, 15 AP[2], 16 S, 17 nG, 18
 * supersection, 19 NS. B3.8.2: TEX C B 001 1 1 write-back write-allocate, 000 0 1 shareable device,
 * 001 0 0 Normal non-cacheable.
 */
static const struct golden leaves[] = {
    {R, {0xe5f, 0x3941e}},
    {R | W, {0xc5f, 0x3141e}},
    {R | X, {0xe5e, 0x3940e}},
    {R | W | X, {0xc5e, 0x3140e}},
    {R | U, {0xe7f, 0x39c1e}},
    {R | W | U, {0xc7f, 0x31c1e}},
    {R | X | U, {0xe7e, 0x39c0e}},
    {R | W | X | U, {0xc7e, 0x31c0e}},
    {R | D, {0xa17, 0x28416}},
    {R | W | D, {0x817, 0x20416}},
    {R | U | D, {0xa37, 0x28c16}},
    {R | W | U | D, {0x837, 0x20c16}},
    {R | N, {0xe53, 0x39412}},
    {R | W | N, {0xc53, 0x31412}},
    {R | X | N, {0xe52, 0x39402}},
    {R | W | X | N, {0xc52, 0x31402}},
    {R | U | N, {0xe73, 0x39c12}},
    {R | W | U | N, {0xc73, 0x31c12}},
    {R | X | U | N, {0xe72, 0x39c02}},
    {R | W | X | U | N, {0xc72, 0x31c02}},
    {R | G, {0x65f, 0x1941e}},
    {R | W | G, {0x45f, 0x1141e}},
    {R | X | G, {0x65e, 0x1940e}},
    {R | W | X | G, {0x45e, 0x1140e}},
    {R | U | G, {0x67f, 0x19c1e}},
    {R | W | U | G, {0x47f, 0x11c1e}},
    {R | X | U | G, {0x67e, 0x19c0e}},
    {R | W | X | U | G, {0x47e, 0x11c0e}},
    {R | D | G, {0x217, 0x08416}},
    {R | W | D | G, {0x017, 0x00416}},
    {R | U | D | G, {0x237, 0x08c16}},
    {R | W | U | D | G, {0x037, 0x00c16}},
    {R | N | G, {0x653, 0x19412}},
    {R | W | N | G, {0x453, 0x11412}},
    {R | X | N | G, {0x652, 0x19402}},
    {R | W | X | N | G, {0x452, 0x11402}},
    {R | U | N | G, {0x673, 0x19c12}},
    {R | W | U | N | G, {0x473, 0x11c12}},
    {R | X | U | N | G, {0x672, 0x19c02}},
    {R | W | X | U | N | G, {0x472, 0x11c02}},
};
#define LEAF_COUNT (sizeof leaves / sizeof leaves[0])

static const uint64_t frames[2] = {0xfedcb000, 0xfed00000};
static const uint64_t sizes[2] = {0x1000, 0x100000};

static const struct golden *golden_of(uint32_t flags) {
    size_t i;

    for (i = 0; i < LEAF_COUNT; i++) {
        if (leaves[i].flags == flags) {
            return &leaves[i];
        }
    }
    return 0;
}

/** B3.5.1: 4096 entries and 256 entries of four bytes. */
static void geometry(void) {
    CHECK_STR(format->name, "arm_short");
    CHECK_EQ(format->level_count, 2);
    CHECK_EQ(format->entry_shift, 2);
    CHECK_EQ(format->root_order, 2);
    CHECK_EQ(format->input_width, 32);
    CHECK_EQ(format->output_width, 32);
    CHECK_EQ(format->leaf_levels, 3);
    CHECK_EQ(format->shift[0], 12);
    CHECK_EQ(format->shift[1], 20);
    CHECK_EQ(format->index_bits[0], 8);
    CHECK_EQ(format->index_bits[1], 12);
    CHECK_EQ(format->shift[2] | format->shift[3] | format->shift[4], 0);
    CHECK_EQ(format->index_bits[2] | format->index_bits[3] | format->index_bits[4], 0);
    CHECK_EQ(format->run_bits, 4);
    CHECK_EQ(format->run_levels, 3);
    CHECK(!format->is_sign_extended && !format->caches_absent && !format->is_sized);
    CHECK(format->publish != 0 && format->notes_of == 0 && format->noted == 0);
    CHECK(format->clear_notes == 0 && format->note_access == 0 && format->populate == 0);
}

static void leaves_are_the_manuals(void) {
    uint32_t flags;
    size_t held = 0;

    for (flags = 0; flags <= AXADDR_MAPPING_FLAGS; flags++) {
        const struct golden *golden = golden_of(flags);
        unsigned level;

        snprintf(check_context, sizeof check_context, "flags %u", flags);
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
            uint64_t leaf = format->make_leaf(frames[level], level, golden->bits[level]);

            CHECK_EQ(format->attributes_of(flags, level), golden->bits[level]);
            CHECK_EQ(leaf, frames[level] | golden->bits[level]);
            CHECK_EQ(format->kind_of(leaf, level), AXADDR_ENTRY_LEAF);
            CHECK_EQ(format->flags_of(leaf, level), flags);
            CHECK_EQ(format->frame_of(leaf, level), frames[level]);
            CHECK_EQ(format->next_leaf(leaf, level), leaf + sizes[level]);
        }
        CHECK_EQ(format->split_leaf(frames[1] | golden->bits[1], 1), frames[1] | golden->bits[0]);
    }
    CHECK_EQ(held, LEAF_COUNT);
    /* PXN, which a page cannot have, becomes XN where no mode could fetch; no domain comes along. */
    CHECK_EQ(format->split_leaf(0xfed3140f | 0x1e0, 1), 0xfed00c5f);
    CHECK_EQ(format->split_leaf(0xfed31c0f, 1), 0xfed00c7e);
}

/* ---- runs: 16 equal entries ---- */

/** B3.5.1, large page: 1:0 one, 2 B, 3 C, 5:4 AP, 9 AP[2], 10 S, 11 nG, 14:12 TEX, 15 XN. */
static const struct golden runs[] = {
    {R | W | X, {0xfedc1c1d, 0xfe07140e}}, {R | W, {0xfedc9c1d, 0xfe07141e}},
    {R | U | G, {0xfedc963d, 0xfe059c1e}}, {R | W | U | D, {0xfedc8835, 0xfe060c16}},
    {R | X | N, {0xfedc1e11, 0xfe079402}},
};

static void runs_are_the_manuals(void) {
    size_t i;
    unsigned level;
    uint64_t index;

    for (i = 0; i < sizeof runs / sizeof runs[0]; i++) {
        for (level = 0; level < 2; level++) {
            uint64_t run = runs[i].bits[level];
            uint64_t first = level == 0 ? 0xfedc0000 : 0xfe000000;
            uint64_t attributes = golden_of(runs[i].flags)->bits[level];

            snprintf(check_context, sizeof check_context, "run %zu level %u", i, level);
            CHECK_EQ(format->kind_of(run, level), AXADDR_ENTRY_LEAF);
            for (index = 0; index < 16; index++) {
                uint64_t leaf = (first + index * sizes[level]) | attributes;

                CHECK_EQ(format->make_run(leaf, level), run);
                CHECK_EQ(format->plain_leaf(run, level, index), leaf);
                CHECK_EQ(format->plain_leaf(run, level, 0x5550 + index), leaf);
                CHECK_EQ(format->plain_leaf(leaf, level, 7), leaf);
            }
        }
    }
    CHECK_EQ(format->make_run(0xfed3140f, 1), 0xfe07140f);      /* PXN, which is not ours, stays */
    CHECK_EQ(format->plain_leaf(0xfff7ffec, 0, 5), 0xfff7ffec); /* absent */
    CHECK_EQ(format->plain_leaf(0xfff7ffec, 1, 5), 0xfff7ffec);
    CHECK_EQ(format->plain_leaf(0xfff7fc01, 1, 5), 0xfff7fc01); /* a table, bit 18 its address */
}

static void change_leaf_keeps_address_and_run(void) {
    unsigned level;
    size_t from;
    size_t to;

    for (level = 0; level < 2; level++) {
        for (from = 0; from < LEAF_COUNT; from++) {
            for (to = 0; to < LEAF_COUNT; to++) {
                uint64_t old = frames[level] | leaves[from].bits[level];
                uint64_t new = frames[level] | leaves[to].bits[level];
                uint64_t attributes = leaves[to].bits[level];

                CHECK_EQ(format->change_leaf(old, level, attributes), new);
                CHECK_EQ(format->change_leaf(format->make_run(old, level), level, attributes),
                         format->make_run(new, level));
            }
        }
    }
}

/* ---- kinds ---- */

static void tables(void) {
    uint64_t entry = format->make_table(0xfedcb000, 1);

    CHECK_EQ(entry, 0xfedcb001); /* domain 0, NS 0, PXN 0 */
    CHECK_EQ(format->kind_of(entry, 1), AXADDR_ENTRY_TABLE);
    CHECK_EQ(format->table_of(entry), 0xfedcb000);
    CHECK_EQ(format->table_of(0xfffffffffedcb7fd), 0xfedcb400); /* tables of 1 KiB */
}

/** Bits 1:0 clear: 27 bits of payload, 20 of page number. */
static void absent_entries(void) {
    static const uint64_t values[] = {0, 1, 0xfffff, 0x80000, 0x7ffffff, 0x5555555, 0x4000000};
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
            CHECK_EQ(entry & 3, 0);
            CHECK_EQ(entry >> 32, 0);
            CHECK_EQ(format->kind_of(entry, 0), AXADDR_ENTRY_ABSENT);
            CHECK_EQ(format->kind_of(entry, 1), AXADDR_ENTRY_ABSENT);
        }
    }
}

static void any_bits_have_a_kind(void) {
    static const enum axaddr_entry_kind kinds[2][4] = {
        {AXADDR_ENTRY_ABSENT, AXADDR_ENTRY_LEAF, AXADDR_ENTRY_LEAF, AXADDR_ENTRY_LEAF},
        {AXADDR_ENTRY_ABSENT, AXADDR_ENTRY_TABLE, AXADDR_ENTRY_LEAF, AXADDR_ENTRY_LEAF},
    };
    size_t round;

    for (round = 0; round < RANDOM_ROUNDS; round++) {
        uint64_t entry = random_next() & UINT32_MAX;
        unsigned level;

        for (level = 0; level < 2; level++) {
            uint32_t flags = format->flags_of(entry, level);

            snprintf(check_context, sizeof check_context, "0x%" PRIx64 " level %u", entry, level);
            /* A table within a frame of 4 KiB is none of ours, and not followed. */
            CHECK_EQ(format->kind_of(entry, level),
                     level == 1 && (entry & 3) == 1 && (entry & 0xc00) != 0
                         ? AXADDR_ENTRY_ABSENT
                         : kinds[level][entry & 3]);
            CHECK_EQ(format->table_of(entry), entry & 0xfffffc00);
            CHECK_EQ(format->frame_of(entry, level), entry & ~(sizes[level] - 1));
            CHECK_EQ(flags & ~(R | W | X | U | D | N | G), 0);
            CHECK((flags & R) != 0 && (flags & (D | N)) != (D | N));
            CHECK_EQ(format->plain_leaf(entry, level, 3) >> 32, 0);
            CHECK_EQ(format->make_run(entry, level) >> 32, 0);
        }
    }
}

/** Bits that our leaves do not have, but other software's may. */
static void scribbled_rights(void) {
    CHECK_EQ(format->flags_of(0x0003140f, 1), R | W);         /* PXN, and no User mode */
    CHECK_EQ(format->flags_of(0x00031c0f, 1), R | W | X | U); /* PXN is not User mode's */
    CHECK_EQ(format->flags_of(0xc5e | 0x80, 0), R | W | X);   /* TEX 3 */
    CHECK_EQ(format->flags_of(0xc5e & ~0x4, 0), R | W | X);   /* C without B */
    CHECK_EQ(format->flags_of(0x812, 0), R | W | X);          /* strongly ordered: no DEVICE */
}

static void reserved_in_one_test(void) {
    check_reserved(format);
}

/* ---- break-before-make ---- */

/** B3.10.1: all but AP, XN and PXN; and of tables all. */
static void break_before_make(void) {
    static const struct {
        uint32_t entry;
        unsigned level;
        uint32_t rights;
    } cases[] = {
        {0xfedcbc5e, 0, 0x231},  /* small page: AP 9, 5:4, XN 0 */
        {0xfedc1c1d, 0, 0x8230}, /* large page: XN 15 */
        {0xfed3140e, 1, 0x8c11}, /* section: AP 15, 11:10, XN 4, PXN 0 */
        {0xfe07140e, 1, 0x8c11}, /* supersection */
        {0xfedcb001, 1, 0},      /* table */
    };
    size_t i;
    unsigned bit;

    for (i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        uint64_t from = cases[i].entry;

        for (bit = 0; bit < 32; bit++) {
            uint64_t to = from ^ UINT64_C(1) << bit;

            snprintf(check_context, sizeof check_context, "0x%" PRIx64 " bit %u", from, bit);
            CHECK_EQ(format->needs_break(from, to, cases[i].level),
                     (to & 3) != 0 && (cases[i].rights >> bit & 1) == 0);
        }
        CHECK(!format->needs_break(from, from, cases[i].level));
        CHECK(!format->needs_break(0, from, cases[i].level));
        CHECK(!format->needs_break(from, 0, cases[i].level));
    }
    CHECK(format->needs_break(0xfed3140e, 0xfedcb001, 1)); /* section, table */
    CHECK(format->needs_break(0xfedcb001, 0xfed3140e, 1));
    CHECK(format->needs_break(0xfedcbc5e, 0xfedc1c1d, 0)); /* small, large */
    CHECK(format->needs_break(0xfedc1c1d, 0xfedcbc5e, 0));
}

/* ---- registers ---- */

/** B4.1.154, TTBR0: RGN 4:3 and IRGN 0, 6: write-back write-allocate; S 1, NOS 5. */
static void registers(void) {
    struct axaddr_arm_short_registers said;

    memset(&said, 0x5a, sizeof said);
    CHECK_EQ(axaddr_arm_short_load(0xf2102211, axaddr_hpa(0x80004000), 1, &said),
             AXADDR_UNSUPPORTED);
    CHECK_EQ(axaddr_arm_short_load(0x02102211, axaddr_hpa(0x80002000), 1, &said), AXADDR_INVALID);
    CHECK_EQ(axaddr_arm_short_load(0x02102211, axaddr_hpa(0x80004001), 1, &said), AXADDR_INVALID);
    CHECK_EQ(axaddr_arm_short_load(0x02102211, axaddr_hpa(UINT64_C(1) << 32), 1, &said),
             AXADDR_INVALID);
    CHECK_EQ(axaddr_arm_short_load(0x02102211, axaddr_hpa(0x80004000), 0x100, &said),
             AXADDR_INVALID);
    CHECK_EQ(said.ttbr0, 0x5a5a5a5a);
    CHECK_EQ(said.contextidr, 0x5a5a5a5a);
    CHECK_EQ(axaddr_arm_short_load(0x02102211, axaddr_hpa(0xffffc000), 0xab, &said), AXADDR_OK);
    CHECK_EQ(said.ttbr0, 0xffffc06a);
    CHECK_EQ(said.ttbcr, 0);
    CHECK_EQ(said.dacr, 1);
    CHECK_EQ(said.contextidr, 0xab);
}

/* ---- aborts ---- */

/** B3.13.3: FS is 10 and 3:0; WnR 11, CM 13. */
static void aborts_are_told(void) {
    static const struct {
        uint32_t dfsr;
        enum axaddr_status status;
        uint32_t access;
        bool is_permission;
        bool is_access_flag;
    } aborts[] = {
        {0x046, AXADDR_OK, R, false, true},   {0x0f7, AXADDR_OK, R, false, false}, /* domain 7:4 */
        {0x005, AXADDR_OK, R, false, false},  {0x807, AXADDR_OK, W, false, false},
        {0x00d, AXADDR_OK, R, true, false},   {0x80f, AXADDR_OK, W, true, false},
        {0x803, AXADDR_OK, W, false, true},   {0x006, AXADDR_OK, R, false, true},
        {0x2807, AXADDR_OK, R, false, false}, {0x280f, AXADDR_OK, W, true, false},
        {0x009, AXADDR_UNSUPPORTED, 0, 0, 0}, {0x00b, AXADDR_UNSUPPORTED, 0, 0, 0}, /* domain */
        {0x001, AXADDR_UNSUPPORTED, 0, 0, 0}, {0x008, AXADDR_UNSUPPORTED, 0, 0, 0},
        {0x00c, AXADDR_UNSUPPORTED, 0, 0, 0}, {0x00e, AXADDR_UNSUPPORTED, 0, 0, 0},
        {0x406, AXADDR_UNSUPPORTED, 0, 0, 0}, {0x405, AXADDR_UNSUPPORTED, 0, 0, 0},
        {0x40f, AXADDR_UNSUPPORTED, 0, 0, 0}, {0x000, AXADDR_UNSUPPORTED, 0, 0, 0},
        {0x002, AXADDR_UNSUPPORTED, 0, 0, 0}, {0x004, AXADDR_UNSUPPORTED, 0, 0, 0},
    };
    struct axaddr_arm_page_fault fault;
    size_t i;

    for (i = 0; i < sizeof aborts / sizeof aborts[0]; i++) {
        snprintf(check_context, sizeof check_context, "DFSR 0x%" PRIx32, aborts[i].dfsr);
        memset(&fault, 0x5a, sizeof fault);
        CHECK_EQ(axaddr_arm_data_abort(aborts[i].dfsr, 0xfffffffc, 0x13, &fault), aborts[i].status);
        if (aborts[i].status != AXADDR_OK) {
            CHECK_EQ(fault.access, 0x5a5a5a5a);
            continue;
        }
        CHECK_EQ(fault.access, aborts[i].access);
        CHECK_EQ(fault.gva.raw, 0xfffffffc);
        CHECK_EQ(fault.is_permission, aborts[i].is_permission);
        CHECK_EQ(fault.is_access_flag, aborts[i].is_access_flag);
    }
    CHECK_EQ(axaddr_arm_prefetch_abort(0x00f, 0x1000, 0x10, &fault), AXADDR_OK);
    CHECK_EQ(fault.access, X | U);
    CHECK_EQ(axaddr_arm_prefetch_abort(0x005, 0x1000, 0x13, &fault), AXADDR_OK);
    CHECK_EQ(fault.access, X);
}

/* ---- the simulated MMU ---- */

static const struct sim_regime *regime_of(const char *name) {
    size_t i;

    for (i = 0; i < sizeof sim_arm_regimes / sizeof sim_arm_regimes[0]; i++) {
        if (strcmp(sim_arm_regimes[i].name, name) == 0) {
            return &sim_arm_regimes[i];
        }
    }
    return 0;
}

static void simulated(void) {
    static const struct {
        unsigned level;
        uint64_t entry;
        enum sim_kind kind;
        uint64_t frame;
        unsigned rights;
        unsigned type;
        bool is_run;
    } views[] = {
        {0, 0xfffffffc, SIM_ABSENT, 0, 0, 0, false},
        {0, 0xfedcbc5e, SIM_LEAF, 0xfedcb000, R | W | X, 0x27, false},
        {0, 0xfedcbc5f, SIM_LEAF, 0xfedcb000, R | W, 0x27, false},
        {0, 0xfedcbe7e, SIM_LEAF, 0xfedcb000, R | X | U, 0x27, false},
        {0, 0xfedcb817, SIM_LEAF, 0xfedcb000, R | W, 0x01, false},
        {0, 0xfedcbc17, SIM_LEAF, 0xfedcb000, R | W, 0x01, false}, /* S means nothing there */
        {0, 0xfedcbc53, SIM_LEAF, 0xfedcb000, R | W, 0x24, false},
        {0, 0xfedcb85f, SIM_LEAF, 0xfedcb000, R | W, 0x07, false}, /* not shareable */
        {0, 0xfedcbc4e, SIM_BROKEN, 0, 0, 0, false},               /* no access flag */
        {0, 0xfedcbc56, SIM_BROKEN, 0, 0, 0, false},               /* TEX 1, C 0, B 1 */
        {0, 0xfedcbcde, SIM_BROKEN, 0, 0, 0, false},               /* TEX 3 */
        {0, 0xfedc1c1d, SIM_LEAF, 0xfedc0000, R | W | X, 0x27, true},
        {0, 0xfedc9c1d, SIM_LEAF, 0xfedc0000, R | W, 0x27, true},
        {0, 0xfedc9c5d, SIM_BROKEN, 0, 0, 0, false}, /* bits 8:6 of a large page */
        {1, 0xfffffffc, SIM_ABSENT, 0, 0, 0, false},
        {1, 0xfedcb001, SIM_TABLE, 0xfedcb000, SIM_RIGHTS, 0, false},
        {1, 0xfedcb005, SIM_BROKEN, 0, 0, 0, false}, /* PXN of a table */
        {1, 0xfedcb021, SIM_BROKEN, 0, 0, 0, false}, /* domain 1 */
        {1, 0xfed3140e, SIM_LEAF, 0xfed00000, R | W | X, 0x27, false},
        {1, 0xfed3140f, SIM_LEAF, 0xfed00000, R | W, 0x27, false}, /* PXN */
        {1, 0xfed31c0f, SIM_LEAF, 0xfed00000, R | W | X | U, 0x27, false},
        {1, 0xfed31c1e, SIM_LEAF, 0xfed00000, R | W | U, 0x27, false},
        {1, 0xfed3142e, SIM_BROKEN, 0, 0, 0, false}, /* domain 1 */
        {1, 0xfedb140e, SIM_BROKEN, 0, 0, 0, false}, /* NS */
        {1, 0xfe07140e, SIM_LEAF, 0xfe000000, R | W | X, 0x27, true},
        {1, 0xfe17140e, SIM_BROKEN, 0, 0, 0, false}, /* PA[32] */
    };
    size_t i;

    for (i = 0; i < sizeof views / sizeof views[0]; i++) {
        struct sim_entry said = sim_decode_short(views[i].entry, views[i].level);

        snprintf(check_context, sizeof check_context, "0x%" PRIx64, views[i].entry);
        CHECK_EQ(said.kind, views[i].kind);
        CHECK_EQ(said.frame, views[i].frame);
        CHECK_EQ(said.rights, views[i].rights);
        CHECK_EQ(said.type, views[i].type);
        CHECK_EQ(said.is_run, views[i].is_run);
    }
}

/** The simulated MMU, which does not know the format, sees the same in its entries and runs. */
static void simulated_agrees(void) {
    const struct sim_regime *regime = regime_of("arm_short");
    unsigned level;
    size_t i;

    CHECK(regime != 0);
    CHECK_EQ(regime->root_order, format->root_order);
    CHECK_EQ(regime->entry_shift, format->entry_shift);
    for (level = 0; level < 2; level++) {
        uint64_t around = frames[level] & ~(16 * sizes[level] - 1);

        CHECK_EQ(regime->shift[level], format->shift[level]);
        CHECK_EQ(regime->index_bits[level], format->index_bits[level]);
        for (i = 0; i < LEAF_COUNT; i++) {
            uint32_t flags = leaves[i].flags;
            uint64_t leaf =
                format->make_leaf(frames[level], level, format->attributes_of(flags, level));
            struct sim_entry said = regime->decode(leaf, level);
            struct sim_entry run = regime->decode(format->make_run(leaf, level), level);

            CHECK_EQ(said.kind, SIM_LEAF);
            CHECK_EQ(run.kind, SIM_LEAF);
            CHECK(!said.is_run && run.is_run);
            CHECK_EQ(said.frame, frames[level]);
            CHECK_EQ(run.frame, around);
            CHECK_EQ(said.rights, flags & SIM_RIGHTS);
            CHECK_EQ(run.rights, flags & SIM_RIGHTS);
            CHECK_EQ(said.type, sim_type_of(regime, flags));
            CHECK_EQ(run.type, said.type);
        }
    }
}

int main(void) {
    printf("test_format_arm_short: seed 0x%" PRIx64 "\n", SEED);
    CASE(geometry);
    CASE(leaves_are_the_manuals);
    CASE(runs_are_the_manuals);
    CASE(change_leaf_keeps_address_and_run);
    CASE(tables);
    CASE(absent_entries);
    CASE(any_bits_have_a_kind);
    CASE(scribbled_rights);
    CASE(reserved_in_one_test);
    CASE(break_before_make);
    CASE(registers);
    CASE(aborts_are_told);
    CASE(simulated);
    CASE(simulated_agrees);
    return check_report("test_format_arm_short");
}
