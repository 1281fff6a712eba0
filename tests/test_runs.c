/* SPDX-License-Identifier: MIT
 *
 * test_runs.c: runs of 16 leaves that a TLB may hold as one: AArch64's contiguous bit (ARM DDI 0487
 * D8.7.1) and RISC-V's Svnapot (privileged manual, chapter "Svnapot"). Which leaves get the hint, bit
 * for bit; that an edit which leaves a run in part takes it off all of the rest first, through a
 * break; and that at no moment a walker finds a run in which leaves disagree (watched.h).
 */
#include "mixture.h"

/* ---- the host ---- */

static uint64_t supplied_base; /**< backed pages are what begins here, read-only at first */
static uint32_t returned_count;
static uint64_t dirty_pages; /**< pages told to be dirty, by number */

static inline enum axaddr_fault supply(void *ctx, struct axaddr_supply *wanted) {
    (void)ctx;
    if (!wanted->is_mapped) {
        wanted->frame = axaddr_hpa(supplied_base + wanted->address % (512 * PAGE));
        wanted->is_read_only = true;
    }
    return AXADDR_FAULT_RESOLVED;
}

static inline void take_back(void *ctx, uint32_t cookie, uint64_t address, axaddr_hpa_t frame) {
    (void)ctx;
    (void)cookie;
    if (frame.raw != supplied_base + address % (512 * PAGE)) {
        watched_complain("another frame came back than was supplied", address);
    }
    returned_count++;
}

static inline void hear(void *ctx, uint64_t address, uint64_t size, uint32_t notes) {
    uint64_t i;

    (void)ctx;
    for (i = 0; i < size / PAGE && (notes & AXADDR_DIRTY) != 0; i++) {
        dirty_pages |= UINT64_C(1) << (address / PAGE + i) % 64;
    }
}

#define RUNS_HAL                                                                                   \
    .alloc_frame = watched_alloc_frame, .free_frame = watched_free_frame,                          \
    .frame_at = watched_frame_at, .flush_tlb = watched_flush_tlb, .alloc_block = host_alloc_block, \
    .free_block = watched_free_block, .supply_frame = supply, .return_frame = take_back,           \
    .harvested = hear
static const struct axaddr_hal runs_hal = {RUNS_HAL};
static const struct axaddr_hal runs_hal_locked = {
    RUNS_HAL, .lock = watched_lock, .unlock = watched_unlock, .quiesce = watched_quiesce};

WATCHED_SPACE(s2_40_space, axaddr_aarch64_stage2_40, runs_hal, aarch64_runs);
WATCHED_TABLE(s2_40_table, axaddr_aarch64_stage2_40, runs_hal_locked, aarch64_runs);
WATCHED_SPACE(s2_48_space, axaddr_aarch64_stage2_48, runs_hal_locked, aarch64_runs);
WATCHED_TABLE(s2_48_table, axaddr_aarch64_stage2_48, runs_hal, aarch64_runs);
WATCHED_SPACE(sv39x4_space, axaddr_riscv_sv39x4_svnapot, runs_hal_locked, svnapot_runs);
WATCHED_TABLE(sv39x4_table, axaddr_riscv_sv39x4_svnapot, runs_hal, svnapot_runs);
WATCHED_SPACE(sv48x4_space, axaddr_riscv_sv48x4_svnapot, runs_hal, svnapot_runs);
WATCHED_TABLE(sv48x4_table, axaddr_riscv_sv48x4_svnapot, runs_hal_locked, svnapot_runs);

static const struct kind *const kinds[] = {
    &s2_40_space_kind,  &s2_40_table_kind,  &s2_48_space_kind,  &s2_48_table_kind,
    &sv39x4_space_kind, &sv39x4_table_kind, &sv48x4_space_kind, &sv48x4_table_kind,
};

static const struct kind *kind;
static unsigned level; /**< of the leaves that the case is about */

/** Run a case for every kind, and every level of which leaves may form runs. */
#define EACH(function)                                                                             \
    do {                                                                                           \
        unsigned each_;                                                                            \
        for (each_ = 0; each_ < sizeof(kinds) / sizeof(kinds[0]); each_++) {                       \
            kind = kinds[each_];                                                                   \
            for (level = 0; (kind->format->run_levels >> level & 1) != 0; level++) {               \
                snprintf(check_context, sizeof(check_context), "%s level %u", kind->name, level);  \
                CASE(function);                                                                    \
            }                                                                                      \
        }                                                                                          \
    } while (0)

/** The same, for the smallest leaves only. */
#define EACH_KIND(function)                                                                        \
    do {                                                                                           \
        unsigned each_;                                                                            \
        for (each_ = 0; each_ < sizeof(kinds) / sizeof(kinds[0]); each_++) {                       \
            kind = kinds[each_];                                                                   \
            level = 0;                                                                             \
            snprintf(check_context, sizeof(check_context), "%s", kind->name);                      \
            CASE(function);                                                                        \
        }                                                                                          \
    } while (0)

/* ---- addresses ---- */

static uint64_t leaf_size(void) {
    return span_of(level);
}

static uint64_t run_size(void) {
    return WATCHED_RUN * span_of(level);
}

/** Where runs are mapped, and host memory for them that is no frame of the arena: both aligned. */
static uint64_t base(void) {
    return 4 * run_size();
}

static uint64_t host_base(void) {
    return 2 * run_size();
}

/** Leaf number i from base() on. */
static struct found leaf_at(uint64_t i) {
    return find(base() + i * leaf_size());
}

static bool is_hinted(uint64_t i) {
    struct found found = leaf_at(i);

    return has_hint(found.entry, found.level);
}

/** Leaves [from, to) have the hint, or have not, and are leaves of the case's level. */
static void check_hints(uint64_t from, uint64_t to, bool has) {
    uint64_t i;

    for (i = from; i < to; i++) {
        struct found found = leaf_at(i);
        CHECK_EQ(found.level, level);
        CHECK_EQ(kind_of(found.entry, found.level), AXADDR_ENTRY_LEAF);
        if (has_hint(found.entry, found.level) != has) {
            check_fail(__FILE__, __LINE__, "leaf %" PRIu64 " has %s hint", i, has ? "no" : "a");
            return;
        }
    }
}

/* ---- bit for bit ---- */

/** DDI 0487 D8.3: valid, page, inner shareable, write-back, S2AP 0b11, AF, XN 0; Contiguous. */
static void aarch64_entries(void) {
    unsigned i;

    watched_begin(kind);
    OK(map_linear(0x10000, 0x40010000, 0x10000, RWX));
    OK(map_linear(0x4000000, 0x84000000, 0x2000000, RWX));
    OK(map_linear(UINT64_C(0x400000000), UINT64_C(0x800000000), UINT64_C(0x400000000), RWX));
    for (i = 0; i < 16; i++) {
        SAME(find(0x10000 + i * PAGE).entry, UINT64_C(0x001000004001f7ff) - (15 - i) * PAGE);
        SAME(find(0x4000000 + i * UINT64_C(0x200000)).entry,
             UINT64_C(0x00100000840007fd) + i * UINT64_C(0x200000));
        SAME(find(UINT64_C(0x400000000) + i * UINT64_C(0x40000000)).entry,
             UINT64_C(0x00100008000007fd) + i * UINT64_C(0x40000000));
    }
    /* A single page beside them, and an entry that points to a table, have nothing there. */
    OK(map_linear(0x20000, 0x40020000, 0x1000, RWX));
    SAME(find(0x20000).entry, UINT64_C(0x00000000400207ff));
    SAME(find_at(0x10000, 1).entry >> 48, 0);
    SAME(find_at(0x10000, 1).entry & 0xfff, 3);
    watched_end();
}

/** "Svnapot": N, PPN[3:0] 0b1000, in all 16 the same; D A U X W R V. Only at level 0. */
static void svnapot_entries(void) {
    unsigned i;

    watched_begin(kind);
    OK(map_linear(0x10000, 0x40010000, 0x10000, RWX));
    OK(map_linear(0x4000000, 0x84000000, 0x2000000, RWX));
    OK(map_linear(0x20000, 0x40020000, 0x1000, RWX));
    for (i = 0; i < 16; i++) {
        SAME(find(0x10000 + i * PAGE).entry, UINT64_C(0x80000000100060df));
        SAME(find(0x4000000 + i * UINT64_C(0x200000)).entry,
             UINT64_C(0x00000000210000df) + i * UINT64_C(0x80000));
    }
    SAME(find(0x20000).entry, UINT64_C(0x00000000100080df));
    check_mapped(0x10000, 0x40010000, 0x11000, RWX);
    watched_end();
}

static void golden_entries(void) {
    if (kind->runs->is_repeated) {
        svnapot_entries();
    } else {
        aarch64_entries();
    }
}

/** "Svnapot": N with other low bits of the PPN, at other levels or without a leaf is reserved. */
static void svnapot_reserved_encodings(void) {
    const struct axaddr_format *format = &axaddr_riscv_sv48x4_svnapot;
    const uint64_t n = UINT64_C(1) << 63;
    const uint64_t leaf = UINT64_C(0x100000df); /* page 0x40000 */
    uint64_t low;
    unsigned at;

    for (low = 0; low < 16; low++) {
        CHECK_EQ(format->kind_of(n | leaf | low << 10, 0),
                 low == 8 ? AXADDR_ENTRY_LEAF : AXADDR_ENTRY_ABSENT);
        CHECK_EQ(format->kind_of(leaf | low << 10, 0), AXADDR_ENTRY_LEAF);
        /* The next four bits are the address's. */
        CHECK_EQ(format->kind_of(n | leaf | 8 << 10 | low << 14, 0), AXADDR_ENTRY_LEAF);
        for (at = 1; at < 4; at++) {
            CHECK_EQ(format->kind_of(n | leaf | low << 10, at), AXADDR_ENTRY_ABSENT);
            CHECK_EQ(format->kind_of(n | 1 | low << 10, at), AXADDR_ENTRY_ABSENT);
        }
        CHECK_EQ(format->kind_of(n | 1 | low << 10, 0), AXADDR_ENTRY_ABSENT);
        CHECK_EQ(format->kind_of((n | leaf | low << 10) & ~UINT64_C(1), 0), AXADDR_ENTRY_ABSENT);
    }
    CHECK_EQ(format->kind_of(leaf, 1), AXADDR_ENTRY_LEAF);
    CHECK_EQ(format->kind_of(n | leaf | 8 << 10 | UINT64_C(3) << 61, 0), AXADDR_ENTRY_ABSENT);
    CHECK_EQ(format->kind_of(n | leaf | 8 << 10 | UINT64_C(1) << 54, 0), AXADDR_ENTRY_ABSENT);
    /* Without the extension N is reserved. */
    CHECK_EQ(axaddr_riscv_sv48x4.kind_of(n | leaf | 8 << 10, 0), AXADDR_ENTRY_ABSENT);
    CHECK_EQ(axaddr_riscv_sv39x4_svpbmt.kind_of(n | leaf | 8 << 10, 0), AXADDR_ENTRY_ABSENT);
}

/* ---- which leaves get it ---- */

/** A mapping of `count` leaves that begins `first` leaves from base() on, `off` leaves askew. */
static void one_mapping(uint64_t first, uint64_t count, uint64_t off, uint32_t flags) {
    uint64_t run;
    uint64_t i;

    CHECK_EQ(map_linear(base() + first * leaf_size(), host_base() + (first + off) * leaf_size(),
                        count * leaf_size(), flags),
             AXADDR_OK);
    for (run = 0; run < 4; run++) {
        bool is_whole = first <= 16 * run && first + count >= 16 * run + 16;
        bool expected = is_whole && off % 16 == 0 && (flags & AXADDR_SMALL) == 0;

        for (i = 16 * run; i < 16 * run + 16; i++) {
            if (i >= first && i < first + count) {
                check_hints(i, i + 1, expected);
            }
        }
    }
    check_mapped(base() + first * leaf_size(), host_base() + (first + off) * leaf_size(),
                 count * leaf_size(), flags & ~AXADDR_SMALL);
    CHECK_EQ(watched.host.op_plan_count, 0);
    CHECK_EQ(unmap(base() + first * leaf_size(), count * leaf_size()), AXADDR_OK);
}

static void linear_mappings(void) {
    static const uint64_t firsts[] = {0, 1, 8, 15, 16, 17};
    static const uint64_t counts[] = {1, 15, 16, 17, 31, 32, 33, 47};
    static const uint64_t offs[] = {0, 16, 1, 8, 15};
    unsigned i;

    watched_begin(kind);
    for (i = 0; i < 6 * 8 * 5; i++) {
        one_mapping(firsts[i / 40], counts[i / 5 % 8], offs[i % 5], RW);
        GO_ON();
    }
    one_mapping(0, 64, 0, RWX);
    GO_ON();
    if (level == 0) {
        one_mapping(0, 64, 0, RW | AXADDR_SMALL);
        GO_ON();
    }
    watched_end();
}

/** Runs at both ends of a table; and SMALL in the place of large leaves. */
static void mappings_across_tables(void) {
    uint64_t table = span_of(1);
    uint64_t at = 3 * table;
    uint64_t i;

    watched_begin(kind);
    OK(map_linear(at - 20 * PAGE, 9 * table - 20 * PAGE, 40 * PAGE, RW));
    for (i = 0; i < 40; i++) {
        struct found found = find(at + (i - 20) * PAGE);
        SAME(has_hint(found.entry, 0), i >= 4 && i < 36);
    }
    check_mapped(at - 20 * PAGE, 9 * table - 20 * PAGE, 40 * PAGE, RW);
    OK(map_linear(at + 4 * table, 4 * table, table, RW | AXADDR_SMALL));
    SAME(census_now().hinted[0], 32);
    SAME(census_now().leaves[0], 40 + 512);
    watched_end();
}

static void arrays_of_frames(void) {
    static uint64_t frames[96];
    uint64_t run;
    uint64_t i;

    watched_begin(kind);
    for (i = 0; i < 96; i++) {
        frames[i] = host_base() + i * PAGE;
    }
    frames[21] += 64 * PAGE;               /* run 1: another frame in the middle */
    frames[47] += 64 * PAGE;               /* run 2: at the end */
    frames[48] = host_base() + 300 * PAGE; /* run 3: at the beginning */
    for (i = 64; i < 80; i++) {
        frames[i] = host_base() + (17 + i) * PAGE; /* run 4: askew */
    }
    for (i = 80; i < 96; i++) {
        frames[i] = host_base() + (96 + i) * PAGE; /* run 5: elsewhere, but fine */
    }
    OK(map_frames(base(), frames, 96, RW));
    for (run = 0; run < 6; run++) {
        check_hints(16 * run, 16 * run + 16, run == 0 || run == 5);
    }
    for (i = 0; i < 96; i++) {
        check_mapped(base() + i * PAGE, frames[i], PAGE, RW);
    }
    OK(unmap(base(), 96 * PAGE));
    OK(map_frames(base(), frames, 16, RW | AXADDR_SMALL));
    check_hints(0, 16, false);
    watched_end();
}

/** Two mappings that make up a run have no hint; nor have populated pages, one by one or not. */
static void runs_made_of_pieces(void) {
    uint64_t block;
    uint64_t i;

    watched_begin(kind);
    OK(map_linear(base(), host_base(), 7 * leaf_size(), RW));
    OK(map_linear(base() + 7 * leaf_size(), host_base() + 7 * leaf_size(), 9 * leaf_size(), RW));
    check_hints(0, 16, false);
    if (!kind->is_table && level == 0) {
        block = (watched.host.base + run_size() - 1) & ~(run_size() - 1);
        for (i = 16; i < 32; i++) {
            OK(populate_with(base() + i * PAGE, block + i * PAGE, RW));
        }
        OK(perform_simple(AXADDR_OP_POPULATE, base() + 32 * PAGE, 32 * PAGE, RW));
        check_hints(16, 64, false);
    }
    watched_end();
}

/* ---- edits of parts ---- */

/** What the edit is about, in bytes from base() on: [from, to). */
static uint64_t edit_from;
static uint64_t edit_to;

static uint64_t cut_runs[2]; /**< the runs that the range cuts, in the order of addresses */
static unsigned cut_count;
static unsigned flush_count;
static uint64_t exact_before;
static uint64_t loose_before;

static void note_cuts(void) {
    uint64_t edges[2];
    unsigned i;

    edges[0] = edit_from / run_size();
    edges[1] = (edit_to - 1) / run_size();
    cut_count = 0;
    for (i = 0; i < 2; i++) {
        uint64_t begin = edges[i] * run_size();

        if ((edit_from > begin || edit_to < begin + run_size()) &&
            (cut_count == 0 || cut_runs[0] != begin)) {
            cut_runs[cut_count++] = begin;
        }
    }
}

/**
 * Plans come first for each run that is cut: then all of its leaves are absent, the plan names just
 * these, and nothing else has changed but that the run before has no hint any more.
 */
static void expect_cut_first(const struct axaddr_flush *plan) {
    uint64_t first;
    uint64_t last;
    uint64_t i;

    if (flush_count++ >= cut_count) {
        return;
    }
    first = base() + cut_runs[flush_count - 1];
    last = first + run_size() - 1;
    /* What comes in from other CPUs meanwhile has to try again. */
    if (kind->hal->lock != 0 &&
        (kind->translate(watched.it, first, &i) != AXADDR_BUSY ||
         (!kind->is_table &&
          kind->handle_fault(watched.it, first, AXADDR_READ) != AXADDR_FAULT_SPURIOUS))) {
        watched_complain("a run that is broken is not told to be busy", first);
    }
    for (i = 0; i < WATCHED_RUN; i++) {
        struct found found = find_at(first + i * leaf_size(), level);
        if (found.level != level || is_live(found.entry, level)) {
            watched_complain("part of a run is live while it is broken", found.first);
        }
    }
    if (plan->range_count != 1 || plan->ranges[0].first != first || plan->ranges[0].last != last ||
        plan->ranges[0].stride_shift != watched.format->shift[level] || plan->has_tables) {
        watched_complain("a plan that is not about the run", first);
    }
    if (flush_count == 1 ? imprint_of(false, first, last) != exact_before
                         : imprint_of(true, first, last) != loose_before) {
        watched_complain("something changed before the run was broken", first);
    }
}

/** Four runs, of which an edit is about to take [from, to). */
static void begin_edit(uint64_t from, uint64_t to) {
    uint64_t i;

    edit_from = from;
    edit_to = to;
    note_cuts();
    CHECK_EQ(map_linear(base(), host_base(), 4 * run_size(), RW), AXADDR_OK);
    check_hints(0, 64, true);
    flush_count = 0;
    i = cut_count > 0 ? cut_runs[0] : 0;
    exact_before = imprint_of(false, base() + i, base() + i + run_size() - 1);
    i = cut_count > 1 ? cut_runs[1] : i;
    loose_before = imprint_of(true, base() + i, base() + i + run_size() - 1);
    watched.on_flush = expect_cut_first;
}

/** Every leaf of the four runs is what the edit should have made of it. */
static void check_edited(bool is_unmap) {
    uint64_t i;

    for (i = 0; i < 64; i++) {
        uint64_t begin = i * leaf_size();
        uint64_t end = begin + leaf_size();
        uint64_t run = begin / run_size() * run_size();
        bool is_touched = edit_from < run + run_size() && edit_to > run;
        bool is_run_in = edit_from <= run && edit_to >= run + run_size();
        bool is_in = edit_from <= begin && edit_to >= end;
        bool is_out = edit_from >= end || edit_to <= begin;

        if (!is_in && !is_out) {
            CHECK_EQ(kind_of(find_at(base() + begin, level).entry, level), AXADDR_ENTRY_TABLE);
        } else if (is_in && is_unmap) {
            CHECK(!is_live(find(base() + begin).entry, level));
        } else {
            CHECK_EQ(is_hinted(i), is_in ? is_run_in : !is_touched);
            CHECK_EQ(find(base() + begin).level, level);
        }
    }
    if (edit_from > 0) {
        check_mapped(base(), host_base(), edit_from, RW);
    }
    if (edit_to < 4 * run_size()) {
        check_mapped(base() + edit_to, host_base() + edit_to, 4 * run_size() - edit_to, RW);
    }
    if (!is_unmap) {
        check_mapped(base() + edit_from, host_base() + edit_from, edit_to - edit_from, AXADDR_READ);
    }
}

/** Offsets at which edits begin and end. */
static uint64_t place(unsigned i) {
    static const uint8_t leaves[] = {0, 1, 7, 15, 16, 17, 31, 32, 33, 47, 48, 63, 64};

    if (i < sizeof(leaves)) {
        return leaves[i] * leaf_size();
    }
    /* Within a large leaf: at the beginning, in the middle and at the end of a run. */
    return (i == 13 ? 16 : i == 14 ? 24 : 47) * leaf_size() + leaf_size() / 2 + PAGE;
}

static unsigned place_count(void) {
    return level == 0 ? 13 : 16;
}

static void one_part(uint64_t from, uint64_t to, bool is_unmap) {
    begin_edit(from, to);
    if (check_case_failed) {
        return;
    }
    CHECK_EQ(is_unmap ? unmap(base() + from, to - from)
                      : protect(base() + from, to - from, AXADDR_READ),
             AXADDR_OK);
    watched.on_flush = 0;
    CHECK_EQ(watched.host.op_plan_count, cut_count + 1);
    check_edited(is_unmap);
    CHECK_EQ(unmap(base(), 4 * run_size()), AXADDR_OK);
}

static void each_part(bool is_unmap) {
    unsigned i;
    unsigned k;

    watched_begin(kind);
    for (i = 0; i < place_count(); i++) {
        for (k = 0; k < place_count(); k++) {
            if (place(i) < place(k)) {
                one_part(place(i), place(k), is_unmap);
                if (check_case_failed) {
                    check_fail(__FILE__, __LINE__, "from 0x%" PRIx64 " to 0x%" PRIx64, place(i),
                               place(k));
                }
                GO_ON();
            }
        }
    }
    watched_end();
}

static void parts_are_unmapped(void) {
    each_part(true);
}

static void parts_are_protected(void) {
    each_part(false);
}

/** Each page of a run alone. */
static void single_leaves(void) {
    uint64_t i;

    watched_begin(kind);
    for (i = 0; i < 16; i++) {
        one_part((16 + i) * leaf_size(), (17 + i) * leaf_size(), i % 2 == 0);
        GO_ON();
        one_part((16 + i) * leaf_size(), (17 + i) * leaf_size(), i % 2 != 0);
        GO_ON();
    }
    watched_end();
}

/** Splits take leaves out of runs; the others of the run stay, without the hint. */
static void parts_are_split(void) {
    static const uint8_t edges[][2] = {{0, 1},   {15, 16}, {16, 32}, {5, 20},
                                       {31, 33}, {0, 64},  {63, 64}, {17, 18}};
    unsigned i;

    watched_begin(kind);
    for (i = 0; i < 8; i++) {
        uint64_t from = edges[i][0];
        uint64_t to = edges[i][1];
        uint64_t k;

        /* Splitting a 1 GiB leaf takes 513 tables: not so many of them. */
        if (level == 2 && to - from > 2) {
            continue;
        }
        OK(map_linear(base(), host_base(), 4 * run_size(), RW));
        OK(split(base() + from * leaf_size(), (to - from) * leaf_size()));
        for (k = 0; k < 64; k++) {
            bool is_touched = from < k / 16 * 16 + 16 && to > k / 16 * 16;
            struct found found = find_at(base() + k * leaf_size(), level);

            if (level > 0 && k >= from && k < to) {
                SAME(kind_of(found.entry, level), AXADDR_ENTRY_TABLE);
                SAME(find(base() + k * leaf_size()).level, 0);
            } else if (level > 0) {
                SAME(has_hint(found.entry, level), !is_touched);
            }
        }
        SAME(census_now().hinted[0] > 0, level == 0); /* new small leaves have none */
        check_mapped(base(), host_base(), (to < 20 ? to : 20) * leaf_size(), RW);
        OK(unmap(base(), 4 * run_size()));
    }
    watched_end();
}

/** A whole run changes in place when only rights do, in one plan, and stays one. */
static void whole_runs_are_protected(void) {
    static const uint32_t rights[] = {AXADDR_READ, RWX, AXADDR_READ | AXADDR_EXECUTE, RW};
    unsigned i;

    watched_begin(kind);
    OK(map_linear(base(), host_base(), 4 * run_size(), RW));
    for (i = 0; i < 4; i++) {
        OK(protect(base() + run_size(), 2 * run_size(), rights[i]));
        SAME(watched.broken_count, 0);
        SAME(watched.changed_count, 32);
        SAME(watched.host.op_plan_count, 1);
        check_hints(0, 64, true);
        check_mapped(base() + run_size(), host_base() + run_size(), 2 * run_size(), rights[i]);
    }
    check_mapped(base(), host_base(), 4 * run_size(), RW);
    watched_end();
}

static unsigned absent_seen;

/** All that changes its memory type is absent. */
static void expect_all_absent(const struct axaddr_flush *plan) {
    uint64_t i;

    (void)plan;
    absent_seen = 0;
    for (i = 16; i < 48; i++) {
        absent_seen += !is_live(leaf_at(i).entry, level);
    }
}

/** DDI 0487 R_WHZWS: a change of the memory type needs a break; RISC-V has no such rule. */
static void memory_types_change(void) {
    static const uint32_t types[] = {RW | AXADDR_UNCACHED, RW | AXADDR_DEVICE, RW};
    unsigned i;

    watched_begin(kind);
    for (i = 0; i < 3; i++) {
        bool has_break = watched.format->needs_break != 0;

        OK(map_linear(base(), host_base(), 4 * run_size(), i == 2 ? types[0] : RW));
        watched.on_flush = expect_all_absent;
        OK(protect(base() + run_size(), 2 * run_size(), types[i]));
        watched.on_flush = 0;
        SAME(watched.broken_count, has_break ? 32 : 0);
        SAME(absent_seen, has_break ? 32 : 0);
        SAME(watched.host.op_plan_count, 1);
        check_mapped(base() + run_size(), host_base() + run_size(), 2 * run_size(), types[i]);
        check_hints(0, 16, true);
        check_hints(48, 64, true);
        OK(protect(base() + 5 * leaf_size(), leaf_size(), RW | AXADDR_UNCACHED));
        check_hints(0, 16, false);
        check_mapped(base() + 5 * leaf_size(), host_base() + 5 * leaf_size(), leaf_size(),
                     RW | AXADDR_UNCACHED);
        OK(unmap(base(), 4 * run_size()));
    }
    watched_end();
}

/** An edit that fails has not touched a run. */
static void without_memory(void) {
    uint64_t before;

    if (level == 0) {
        return; /* nothing to split, nothing to take */
    }
    watched_begin(kind);
    OK(map_linear(base(), host_base(), 2 * run_size(), RW));
    before = imprint_now();
    host_fail_in(&watched.host, 1, true);
    SAME(unmap(base() + 3 * leaf_size() + PAGE, PAGE), AXADDR_NO_MEMORY);
    SAME(watched.host.op_plan_count, 0);
    host_fail_in(&watched.host, level, true);
    SAME(protect(base() + 3 * leaf_size() + PAGE, PAGE, AXADDR_READ), AXADDR_NO_MEMORY);
    SAME(watched.host.op_plan_count, 0);
    SAME(imprint_now(), before);
    SAME(watched.broken_count, 0);
    watched_end();
}

/** In steps, each of which may end within a run. */
static void edits_in_steps(void) {
    static const uint64_t budgets[] = {1, 5, 16, 20};
    unsigned i;

    watched_begin(kind);
    for (i = 0; i < 8; i++) {
        struct axaddr_terms terms = {0, budgets[i % 4], 0};
        struct axaddr_request request =
            axaddr_request_of(i < 4 ? AXADDR_OP_PROTECT : AXADDR_OP_UNMAP, base() + leaf_size(),
                              3 * run_size(), i < 4 ? AXADDR_READ : 0);

        OK(map_linear(base(), host_base(), 4 * run_size(), RW));
        while (request.size > 0) {
            OK(perform(&request, &terms));
            request.start += terms.done;
            request.size -= terms.done;
        }
        check_mapped(base(), host_base(), leaf_size(), RW);
        if (i < 4) {
            check_mapped(base() + leaf_size(), host_base() + leaf_size(), 3 * run_size(),
                         AXADDR_READ);
        } else {
            SAME(census_now().leaves[level], 16);
        }
        check_hints(49, 64, false);
        OK(unmap(base(), 4 * run_size()));
    }
    watched_end();
}

/* ---- collapse ---- */

/** Hints come back where the leaves make up a run again, and only there. */
static void collapse_puts_hints_back(void) {
    uint64_t noted;
    uint64_t i;

    watched_begin(kind);
    noted = watched.format->noted;
    OK(map_linear(base(), host_base(), 4 * run_size(), RW));
    OK(protect(base() + 17 * leaf_size(), leaf_size(), AXADDR_READ));
    OK(unmap(base() + 47 * leaf_size(), leaf_size()));
    OK(protect(base() + 63 * leaf_size(), leaf_size(), AXADDR_READ));
    check_hints(16, 47, false);
    OK(collapse(base(), 4 * run_size()));
    SAME(watched.host.op_plan_count, 0);
    OK(protect(base() + 17 * leaf_size(), leaf_size(), RW));
    OK(map_linear(base() + 47 * leaf_size(), host_base() + 47 * leaf_size(), leaf_size(), RW));
    OK(protect(base() + 63 * leaf_size(), leaf_size(), RW));
    check_hints(16, 64, false);
    /* One of them only: the range holds half of those beside it. */
    OK(collapse(base() + 24 * leaf_size(), run_size() + 16 * leaf_size()));
    SAME(watched.host.op_plan_count, 1);
    SAME(watched.host.plans[0].ranges[0].first, base() + 32 * leaf_size());
    SAME(watched.host.plans[0].ranges[0].last, base() + 48 * leaf_size() - 1);
    SAME(watched.broken_count, 16);
    check_hints(0, 16, true);
    check_hints(16, 32, false);
    check_hints(32, 48, true);
    check_hints(48, 64, false);
    for (i = 32; i < 48; i++) {
        SAME(leaf_at(i).entry & noted, noted); /* what may have been lost is taken for noted */
    }
    OK(collapse(base(), 4 * run_size()));
    SAME(watched.host.op_plan_count, 2);
    check_hints(0, 64, true);
    check_mapped(base(), host_base(), 4 * run_size(), RW);
    OK(collapse(base(), 4 * run_size()));
    SAME(watched.host.op_plan_count, 0);
    watched_end();
}

/** What is no run does not become one: askew, in two memories, with different rights, with a hole. */
static void collapse_makes_no_wrong_run(void) {
    watched_begin(kind);
    OK(map_linear(base(), host_base() + leaf_size(), run_size(), RW));
    OK(map_linear(base() + 16 * leaf_size(), host_base() + 16 * leaf_size(), 8 * leaf_size(), RW));
    OK(map_linear(base() + 24 * leaf_size(), host_base() + 40 * leaf_size(), 8 * leaf_size(), RW));
    OK(map_linear(base() + 32 * leaf_size(), host_base() + 32 * leaf_size(), 8 * leaf_size(), RW));
    OK(map_linear(base() + 40 * leaf_size(), host_base() + 40 * leaf_size(), 8 * leaf_size(),
                  AXADDR_READ));
    OK(map_linear(base() + 48 * leaf_size(), host_base() + 48 * leaf_size(), 15 * leaf_size(), RW));
    OK(collapse(base(), 4 * run_size()));
    SAME(watched.host.op_plan_count, 0);
    check_hints(0, 63, false);
    watched_end();
}

/** Tables that happen to lie as the memory of leaves would are no leaves. */
static void tables_are_no_run(void) {
    static uint64_t entries[16] __attribute__((aligned(128)));
    static struct axaddr_table table = {.zero_frame = AXADDR_NO_FRAME};
    const struct axaddr_format *format = &axaddr_aarch64_stage2_40;
    struct axaddr_alike alike;
    unsigned at;
    unsigned i;

    for (at = 1; at <= 2; at++) {
        for (i = 0; i < 16; i++) {
            uint64_t frame = UINT64_C(0x1000000000) + i * (UINT64_C(1) << (12 + 9 * at));
            entries[i] = format->make_leaf(frame, at, format->attributes_of(RW, at)) | 2;
        }
        CHECK(!axaddr_is_uniform(&s2_40_space_instance_, &table, entries, 16, at, true, &alike));
        for (i = 0; i < 16; i++) {
            entries[i] ^= 2; /* blocks */
        }
        CHECK(axaddr_is_uniform(&s2_40_space_instance_, &table, entries, 16, at, true, &alike));
    }
}

/** Two areas are never in one run, though their memory is in one piece. */
static void no_run_across_areas(void) {
    uint64_t frames[8];
    uint64_t i;

    watched_begin(kind);
    for (i = 0; i < 8; i++) {
        frames[i] = host_base() + i * PAGE;
    }
    OK(map_frames(base(), frames, 8, RW));
    OK(map_linear(base() + 8 * PAGE, host_base() + 8 * PAGE, 24 * PAGE, RW));
    OK(collapse(base(), 32 * PAGE));
    check_hints(0, 16, kind->is_table);
    check_hints(16, 32, true);
    check_mapped(base(), host_base(), 32 * PAGE, RW);
    watched_end();
}

/** A table full of runs becomes a large leaf as any other, and back. */
static void runs_become_a_large_leaf(void) {
    uint64_t size = span_of(level + 1);
    uint64_t at = 3 * size;
    uint64_t host = 5 * size;

    if ((kind->format->leaf_levels >> (level + 1) & 1) == 0) {
        return;
    }
    watched_begin(kind);
    OK(map_linear(at, host, size / 2, RW));
    OK(map_linear(at + size / 2, host + size / 2, size / 2, RW));
    SAME(census_now().hinted[level], 512);
    OK(collapse(at, size));
    SAME(find(at).level, level + 1);
    SAME(has_hint(find(at).entry, level + 1), false);
    check_mapped(at, host, size, RW);
    if (level == 0) {
        OK(split(at, size));
        SAME(census_now().hinted[0], 0);
        OK(collapse(at, size / 2));
        SAME(census_now().hinted[0], 256);
        OK(collapse(at, size));
        SAME(find(at).level, 1);
    }
    watched_end();
}

/* ---- frames behind runs ---- */

/** 32 pages of the space's own, in one piece from here on, mapped as two runs. */
static uint64_t own_runs(void) {
    uint64_t block = (watched.host.base + run_size() - 1) & ~(run_size() - 1);
    enum axaddr_status status = AXADDR_OK;
    uint64_t i;

    for (i = 0; i < 32 && status == AXADDR_OK; i++) {
        status = populate_with(base() + i * PAGE, block + i * PAGE, RW);
    }
    if (status == AXADDR_OK) {
        status = collapse(base(), 2 * run_size());
    }
    if (status != AXADDR_OK || !is_hinted(0) || !is_hinted(31)) {
        watched_complain("no runs of owned pages", base());
    }
    return block;
}

/** Whether frames [from, to) of a block are in use, or are not. */
static void check_used(uint64_t block, uint64_t from, uint64_t to, bool is_used) {
    uint64_t i;

    for (i = from; i < to; i++) {
        CHECK_EQ(host_used_frame(&watched.host, block + i * PAGE) != 0, is_used);
    }
}

/** The frames of runs are known one by one: unmap gives back just those that it should. */
static void owned_frames_in_runs(void) {
    uint64_t used;
    uint64_t block;

    if (kind->is_table) {
        return;
    }
    watched_begin(kind);
    used = watched.host.used_count;
    OK(map_linear(base() + 100 * PAGE, 0, PAGE, RW)); /* keeps the table */
    block = own_runs();
    watched_check();
    GO_ON();
    check_mapped(base(), block, 32 * PAGE, RW);
    OK(unmap(base() + 5 * PAGE, 2 * PAGE));
    SAME(watched.host.op_freed, 2);
    check_used(block, 0, 5, true);
    check_used(block, 5, 7, false);
    check_used(block, 7, 32, true);
    OK(unmap(base() + 16 * PAGE, 16 * PAGE)); /* a run as a whole */
    SAME(watched.host.op_freed, 16);
    check_used(block, 7, 16, true);
    check_used(block, 16, 32, false);
    OK(unmap(base() + 15 * PAGE, PAGE));
    check_used(block, 15, 16, false);
    OK(unmap(base(), 4 * run_size()));
    check_used(block, 0, 32, false);
    OK(unmap(base() + 100 * PAGE, PAGE));
    SAME(watched.host.used_count, used);
    watched_end();
}

/** With the table that they stand in, and with everything. */
static void owned_frames_in_tables(void) {
    uint64_t used;
    uint64_t block;

    if (kind->is_table) {
        return;
    }
    watched_begin(kind);
    used = watched.host.used_count;
    /* Something holds the table, so that each page takes one frame. */
    OK(map_linear(base() + 100 * PAGE, 0, PAGE, RW));
    block = own_runs();
    watched_check();
    GO_ON();
    OK(unmap(base() & ~(span_of(1) - 1), span_of(1)));
    check_used(block, 0, 32, false);
    SAME(watched.host.used_count, used);
    OK(map_linear(base() + 100 * PAGE, 0, PAGE, RW));
    watched.next_frame = 0;
    watched_end(); /* an empty one */

    watched_begin(kind);
    OK(map_linear(base() + 100 * PAGE, 0, PAGE, RW));
    (void)own_runs();
    watched_check();
    GO_ON();
    watched_end(); /* destroy has to find all 32 */
}

/** Linear memory in runs is not the space's: nothing is freed but tables. */
static void linear_frames_in_runs(void) {
    watched_begin(kind);
    OK(map_linear(base(), host_base(), 2 * run_size(), RW));
    OK(unmap(base() + leaf_size(), 3 * leaf_size()));
    SAME(watched.host.op_freed, 0);
    OK(unmap(base() + run_size(), run_size()));
    SAME(watched.host.op_freed, 0);
    OK(unmap(base(), run_size()));
    SAME(census_now().tables, UINT64_C(1) << watched.format->root_order);
    watched_end();
}

/* ---- faults ---- */

/** Map 16 pages of a backed area, which come read-only and lie together. */
static void supply_run(void) {
    uint64_t i;

    supplied_base = host_base() & ~(512 * PAGE - 1);
    returned_count = 0;
    CHECK_EQ(perform_simple(AXADDR_OP_BACKED, base(), run_size(), RW), AXADDR_OK);
    before_operation(AXADDR_OP_BACKED);
    for (i = 0; i < 16; i++) {
        CHECK_EQ(kind->handle_fault(watched.it, base() + i * PAGE, AXADDR_READ),
                 AXADDR_FAULT_RESOLVED);
    }
    watched_check();
}

/** A write fault gives one page of a run more rights: then it is none any more. */
static void upgrade_within_a_run(void) {
    uint64_t host;
    uint64_t i;

    if (kind->is_table) {
        return;
    }
    watched_begin(kind);
    supply_run();
    host = supplied_base + base() % (512 * PAGE);
    OK(collapse(base(), run_size()));
    check_mapped(base(), host, run_size(), AXADDR_READ);
    for (i = 4; i < 7; i++) {
        before_operation(AXADDR_OP_BACKED);
        SAME(kind->handle_fault(watched.it, base() + i * PAGE, AXADDR_WRITE),
             AXADDR_FAULT_RESOLVED);
        watched_check();
        GO_ON();
        check_hints(0, 16, false);
        check_mapped(base() + 4 * PAGE, host + 4 * PAGE, (i - 3) * PAGE, RW);
        check_mapped(base() + (i + 1) * PAGE, host + (i + 1) * PAGE, (15 - i) * PAGE, AXADDR_READ);
    }
    OK(unmap(base(), run_size()));
    SAME(returned_count, 16);
    watched_end();
}

/** The same with pages of the space's own, of which one could have been the zero frame. */
static void upgrade_of_an_owned_page(void) {
    uint64_t block;
    uint64_t i;

    if (kind->is_table) {
        return;
    }
    watched_begin(kind);
    block = (watched.host.base + run_size() - 1) & ~(run_size() - 1);
    OK(kind->set_zero_frame(watched.it, 0));
    OK(perform_simple(AXADDR_OP_RESERVE, base(), 2 * run_size(), RW | AXADDR_ZERO_PAGE));
    before_operation(AXADDR_OP_RESERVE);
    SAME(kind->handle_fault(watched.it, base() + 20 * PAGE, AXADDR_WRITE), AXADDR_FAULT_RESOLVED);
    for (i = 0; i < 16; i++) {
        watched.next_frame = block + i * PAGE;
        SAME(kind->handle_fault(watched.it, base() + i * PAGE, AXADDR_WRITE),
             AXADDR_FAULT_RESOLVED);
    }
    OK(protect(base(), 2 * run_size(), AXADDR_READ));
    OK(collapse(base(), run_size()));
    OK(protect(base(), 2 * run_size(), RW));
    before_operation(AXADDR_OP_RESERVE);
    SAME(kind->handle_fault(watched.it, base() + 4 * PAGE, AXADDR_WRITE), AXADDR_FAULT_RESOLVED);
    watched_check();
    GO_ON();
    check_hints(0, 16, false);
    check_mapped(base(), block, 4 * PAGE, AXADDR_READ);
    check_mapped(base() + 4 * PAGE, block + 4 * PAGE, PAGE, RW);
    check_mapped(base() + 5 * PAGE, block + 5 * PAGE, 11 * PAGE, AXADDR_READ);
    watched_end();
}

/** A fault on a page of a run that is there is spurious, and one that it forbids is denied. */
static void faults_in_a_run(void) {
    uint64_t before;
    uint64_t i;

    if (kind->is_table) {
        return;
    }
    watched_begin(kind);
    OK(map_linear(base(), host_base(), run_size(), RW));
    before = imprint_now();
    before_operation(AXADDR_OP_LINEAR);
    for (i = 0; i < 16; i++) {
        SAME(kind->handle_fault(watched.it, base() + i * PAGE, AXADDR_READ), AXADDR_FAULT_SPURIOUS);
        SAME(kind->handle_fault(watched.it, base() + i * PAGE, AXADDR_WRITE),
             AXADDR_FAULT_SPURIOUS);
        SAME(kind->handle_fault(watched.it, base() + i * PAGE, AXADDR_EXECUTE),
             AXADDR_FAULT_DENIED);
    }
    SAME(imprint_now(), before);
    watched_end();
}

/** What was noted of pages in a run is not lost when the run is unmade. */
static void notes_outlive_a_run(void) {
    uint64_t bit;
    uint64_t i;

    watched_begin(kind);
    for (bit = 1; bit != 0; bit <<= 1) {
        if ((watched.format->noted & bit) == 0) {
            continue;
        }
        OK(map_linear(base(), host_base(), run_size(), RW));
        for (i = 0; i < 16; i++) {
            struct found found = leaf_at(i);
            uint64_t noted = i == 0 || i == 9 ? bit : 0;
            watched_poke(found.slot, (found.entry & ~watched.format->noted) | noted);
        }
        OK(unmap(base() + 3 * leaf_size(), leaf_size()));
        check_hints(0, 3, false);
        check_hints(4, 16, false);
        SAME(leaf_at(0).entry & bit, bit);
        SAME(leaf_at(9).entry & bit, bit);
        OK(unmap(base(), run_size()));
    }
    watched_end();
}

/**
 * Notes are taken page by page, and a TLB may hold a run as one: so a run whose notes are cleared is
 * none any more, or writes to 15 of its pages could go by unnoticed.
 */
static void harvest_of_a_run(void) {
    uint64_t i;

    watched_begin(kind);
    for (i = 0; i < 2; i++) {
        dirty_pages = 0;
        OK(map_linear(base(), host_base(), run_size(), RW));
        OK(perform_simple(AXADDR_OP_HARVEST, base() + (i == 0 ? 0 : 5) * PAGE,
                          (i == 0 ? 16 : 3) * PAGE, AXADDR_DIRTY));
        SAME(dirty_pages >> base() / PAGE % 64, i == 0 ? 0xffff : 0xe0);
        check_hints(0, 16, false);
        /* Nor is it made one again while notes are missing that its leaves could lose so. */
        OK(collapse(base(), run_size()));
        if (!kind->is_table) {
            before_operation(AXADDR_OP_LINEAR);
            (void)kind->handle_fault(watched.it, base() + 6 * PAGE, AXADDR_WRITE);
            watched_check();
            GO_ON();
            OK(unmap(base() + 15 * PAGE, PAGE));
            dirty_pages = 0;
            OK(perform_simple(AXADDR_OP_HARVEST, base(), run_size(), AXADDR_DIRTY));
            SAME(dirty_pages >> (base() / PAGE % 64 + 6) & 1, 1);
        }
        OK(unmap(base(), run_size()));
    }
    watched_end();
}

/* ---- mixtures, against a model ---- */

static uint64_t seed = 2;
static unsigned step_count = 200;

static void mixture(void) {
    if ((kind->format->leaf_levels >> (level + 1) & 1) != 0) {
        mix(kind, level, seed, step_count);
    }
}

int main(int argument_count, char **arguments) {
    if (argument_count > 1) {
        seed = strtoull(arguments[1], 0, 0);
    }
    if (argument_count > 2) {
        step_count = (unsigned)strtoul(arguments[2], 0, 0);
    }
    printf("test_runs: seed %" PRIu64 ", %u steps\n", seed, step_count);
    EACH_KIND(golden_entries);
    CASE(svnapot_reserved_encodings);
    EACH(linear_mappings);
    EACH_KIND(mappings_across_tables);
    EACH_KIND(arrays_of_frames);
    EACH(runs_made_of_pieces);
    EACH(parts_are_unmapped);
    EACH(parts_are_protected);
    EACH(single_leaves);
    EACH(parts_are_split);
    EACH(whole_runs_are_protected);
    EACH(memory_types_change);
    EACH(without_memory);
    EACH(edits_in_steps);
    EACH(collapse_puts_hints_back);
    EACH(collapse_makes_no_wrong_run);
    CASE(tables_are_no_run);
    EACH_KIND(no_run_across_areas);
    EACH(runs_become_a_large_leaf);
    EACH_KIND(owned_frames_in_runs);
    EACH_KIND(owned_frames_in_tables);
    EACH(linear_frames_in_runs);
    EACH_KIND(upgrade_within_a_run);
    EACH_KIND(upgrade_of_an_owned_page);
    EACH_KIND(faults_in_a_run);
    EACH(notes_outlive_a_run);
    EACH_KIND(harvest_of_a_run);
    EACH(mixture);
    return check_report("test_runs");
}
