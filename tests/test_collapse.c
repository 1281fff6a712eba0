/* SPDX-License-Identifier: MIT
 *
 * test_collapse.c: collapse, and what follows on it: over every format, as a space and as a bare
 * table, with and without the lock hooks. What becomes a large leaf and what must not, how it is
 * done under the eyes of hardware (watched.h), that splitting is its inverse, and long mixtures of
 * map, unmap, protect, split and collapse against a model of single pages.
 */
#include "mixture.h"

/* Of each format a space and a table, one of them with the lock hooks. */
WATCHED_SPACE(ept_space, axaddr_x86_ept, watched_hal, no_runs);
WATCHED_TABLE(ept_table, axaddr_x86_ept, watched_hal_locked, no_runs);
WATCHED_SPACE(x86_64_space, axaddr_x86_64, watched_hal_locked, no_runs);
WATCHED_TABLE(x86_64_table, axaddr_x86_64, watched_hal, no_runs);
WATCHED_SPACE(s2_40_space, axaddr_aarch64_stage2_40, watched_hal, aarch64_runs);
WATCHED_TABLE(s2_40_table, axaddr_aarch64_stage2_40, watched_hal_locked, aarch64_runs);
WATCHED_SPACE(s2_48_space, axaddr_aarch64_stage2_48, watched_hal_locked, aarch64_runs);
WATCHED_TABLE(s2_48_table, axaddr_aarch64_stage2_48, watched_hal, aarch64_runs);
WATCHED_SPACE(sv39x4_space, axaddr_riscv_sv39x4, watched_hal, no_runs);
WATCHED_TABLE(sv39x4_table, axaddr_riscv_sv39x4, watched_hal_locked, no_runs);
WATCHED_SPACE(sv48x4_space, axaddr_riscv_sv48x4, watched_hal_locked, no_runs);
WATCHED_TABLE(sv48x4_table, axaddr_riscv_sv48x4, watched_hal, no_runs);
WATCHED_SPACE(svpbmt_space, axaddr_riscv_sv39x4_svpbmt, watched_hal, no_runs);
WATCHED_TABLE(svpbmt_table, axaddr_riscv_sv39x4_svpbmt, watched_hal_locked, no_runs);
WATCHED_SPACE(svnapot_space, axaddr_riscv_sv48x4_svnapot, watched_hal_locked, svnapot_runs);
WATCHED_TABLE(svnapot_table, axaddr_riscv_sv48x4_svnapot, watched_hal, svnapot_runs);
WATCHED_SPACE(toy_space, toy, watched_hal, no_runs);
WATCHED_TABLE(toy_table, toy, watched_hal_locked, no_runs);
WATCHED_SPACE(toy32_space, toy32, watched_hal_locked, no_runs);
WATCHED_TABLE(toy32_table, toy32, watched_hal, no_runs);

static const struct kind *const kinds[] = {
    &ept_space_kind,    &ept_table_kind,    &x86_64_space_kind,  &x86_64_table_kind,
    &s2_40_space_kind,  &s2_40_table_kind,  &s2_48_space_kind,   &s2_48_table_kind,
    &sv39x4_space_kind, &sv39x4_table_kind, &sv48x4_space_kind,  &sv48x4_table_kind,
    &svpbmt_space_kind, &svpbmt_table_kind, &svnapot_space_kind, &svnapot_table_kind,
    &toy_space_kind,    &toy_table_kind,    &toy32_space_kind,   &toy32_table_kind,
};

static const struct kind *kind;

/** Run a case for every kind. */
#define EACH(function)                                                                             \
    do {                                                                                           \
        unsigned each_;                                                                            \
        for (each_ = 0; each_ < sizeof(kinds) / sizeof(kinds[0]); each_++) {                       \
            kind = kinds[each_];                                                                   \
            snprintf(check_context, sizeof(check_context), "%s", kind->name);                      \
            CASE(function);                                                                        \
        }                                                                                          \
    } while (0)

/* ---- what the cases begin with ---- */

/** Host memory in one piece that is aligned to leaves of `level`, and no frame of the arena. */
static uint64_t host_of(unsigned level) {
    return 8 * span_of(level);
}

static uint64_t parts_of(unsigned level) {
    return UINT64_C(1) << watched.format->index_bits[level - 1];
}

/** [at, at + one leaf of `level`) as leaves of the level below: mapped in two halves. */
static void map_parts(uint64_t at, uint64_t host, unsigned level, uint32_t flags) {
    uint64_t half = span_of(level) / 2;

    CHECK_EQ(map_linear(at, host, half, flags), AXADDR_OK);
    CHECK_EQ(map_linear(at + half, host + half, half, flags), AXADDR_OK);
    CHECK_EQ(find(at).level, level - 1);
}

/** The same, in pieces that are too small for runs. */
static void map_pieces(uint64_t at, uint64_t host, unsigned level, uint32_t flags) {
    uint64_t piece = WATCHED_RUN / 2 * span_of(level - 1);
    uint64_t offset;

    for (offset = 0; offset < span_of(level); offset += piece) {
        struct axaddr_request request =
            axaddr_request_of(AXADDR_OP_LINEAR, at + offset, piece, flags);

        request.host = host + offset;
        CHECK_EQ(kind->perform(watched.it, &request, 0), AXADDR_OK);
    }
    watched_check();
    CHECK_EQ(find(at).level, level - 1);
    CHECK(!has_hint(find(at).entry, level - 1));
}

/** The areas as they are now, in one number; 0 for a bare table. */
static uint64_t areas_now(void) {
    uint64_t hash = 0;
    uint64_t from = watched.high;
    struct axaddr_area area;

    while (!kind->is_table && kind->next_area(watched.it, from, &area) == AXADDR_OK) {
        hash = (hash ^ area.first ^ area.last << 1 ^ area.flags) * UINT64_C(0x9e3779b97f4a7c15);
        hash = (hash ^ area.hpa ^ (uint64_t)area.kind << 60) * UINT64_C(0x100000001b3);
        from = area.last + 1;
        if (from == 0) {
            break;
        }
    }
    return hash;
}

/* ---- what a collapse does ---- */

static uint64_t parked_at;
static unsigned parked_level;
static unsigned seen_plans;

/** While the plan is carried out: the table is linked no more, and not free yet. */
static void expect_parked(const struct axaddr_flush *plan) {
    struct found found = find_at(parked_at, parked_level);

    if (!plan->has_tables) {
        return; /* of a run */
    }
    seen_plans++;
    /* What comes in from other CPUs meanwhile has to try again. */
    if (kind->hal->lock != 0 &&
        (kind->translate(watched.it, parked_at, &found.first) != AXADDR_BUSY ||
         (!kind->is_table &&
          kind->handle_fault(watched.it, parked_at, AXADDR_READ) != AXADDR_FAULT_SPURIOUS))) {
        watched_complain("a parked table is not told to be busy", parked_at);
    }
    if (is_live(found.entry, found.level) || found.level != parked_level) {
        watched_complain("not parked while the plan is carried out", parked_at);
    }
    if (watched.host.op_freed != 0) {
        watched_complain("freed before the plan was carried out", parked_at);
    }
}

/** Plan `number` of the operation is about [first, last], in steps of the leaves that were there. */
static void check_plan(unsigned number, uint64_t first, uint64_t last, unsigned level) {
    const struct axaddr_flush *plan = &watched.host.plans[number];

    CHECK(number < watched.host.op_plan_count);
    CHECK_EQ(plan->range_count, 1);
    CHECK_EQ(plan->ranges[0].first, first);
    CHECK_EQ(plan->ranges[0].last, last);
    CHECK_EQ(plan->ranges[0].stride_shift, watched.format->shift[level]);
    CHECK(plan->has_tables);
    CHECK_EQ(plan->is_full, (last - first + 1) / span_of(level) > AXADDR_FLUSH_PAGE_MAX);
}

/** At every level: a full table becomes one leaf, and nothing else changes. */
static void leaves_become_a_large_one(void) {
    unsigned level;

    watched_begin(kind);
    for (level = 1; level <= leaf_level_max(); level++) {
        uint64_t size = span_of(level);
        uint64_t at = watched.home;
        struct census census;
        uint64_t areas;

        map_parts(at, host_of(level), level, RW);
        GO_ON();
        areas = areas_now();
        parked_at = at;
        parked_level = level;
        seen_plans = 0;
        watched.on_flush = expect_parked;
        OK(collapse(at, size));
        watched.on_flush = 0;
        SAME(seen_plans, 1);
        SAME(watched.host.op_plan_count, 1);
        check_plan(0, at, at + size - 1, level - 1);
        SAME(watched.host.op_taken, 0);
        SAME(watched.host.op_freed, 1);
        SAME(watched.broken_count, 1);
        census = census_now();
        SAME(census.leaves[level], 1);
        SAME(census.leaves[level - 1], 0);
        SAME(find(at).level, level);
        check_mapped(at, host_of(level), size, RW);
        SAME(areas_now(), areas);
        /* Once more: there is nothing left to do. */
        OK(collapse(at, size));
        SAME(watched.host.op_plan_count, 0);
        OK(unmap(at, size));
    }
    watched_end();
}

/** From the smallest leaves up to the largest that fits, level by level. */
static void levels_are_collapsed_from_below(void) {
    unsigned top;
    uint64_t size;
    uint64_t at;
    uint64_t tables;
    struct census census;

    watched_begin(kind);
    top = leaf_level_max() > 2 ? 2 : leaf_level_max();
    size = span_of(top);
    at = watched.home;
    OK(map_linear(at, host_of(top), size, RWX));
    tables = census_now().tables;
    OK(split(at, size));
    census = census_now();
    SAME(census.leaves[0], size / PAGE);
    OK(collapse(at, size));
    SAME(watched.host.op_taken, 0);
    SAME(watched.host.op_freed, census.tables - tables);
    SAME(watched.host.op_plan_count, top);
    SAME(watched.table_plan_count, top);
    check_plan(0, at, at + size - 1, 0);
    check_plan(top - 1, at, at + size - 1, top - 1);
    SAME(find(at).level, top);
    SAME(census_now().tables, tables);
    check_mapped(at, host_of(top), size, RWX);
    watched_end();
}

/** Several tables at once, some of which can and some of which cannot: one plan. */
static void tables_are_collapsed_one_by_one(void) {
    uint64_t size;
    uint64_t at;
    struct census census;
    unsigned i;

    watched_begin(kind);
    size = span_of(1);
    at = watched.home;
    for (i = 0; i < 7; i++) {
        map_parts(at + i * size, host_of(1) + i * size, 1, RW);
        GO_ON();
    }
    OK(unmap(at + 3 * size + 5 * PAGE, PAGE));
    OK(protect(at + 5 * size + 2 * PAGE, PAGE, AXADDR_READ));
    OK(collapse(at, 7 * size));
    SAME(watched.table_plan_count, kind->is_table ? 1 : 3); /* a space works area by area */
    SAME(watched.host.op_freed, 5);
    census = census_now();
    SAME(census.leaves[1], 5);
    SAME(census.leaves[0], 2 * size / PAGE - 1);
    for (i = 0; i < 7; i++) {
        SAME(find(at + i * size).level, i == 3 || i == 5 ? 0 : 1);
    }
    SAME(watched.host.plans[0].range_count, kind->is_table ? 3 : 1);
    SAME(watched.host.plans[0].ranges[0].first, at);
    SAME(watched.host.plans[0].ranges[0].last, at + 3 * size - 1);
    SAME(host_is_met(&watched.host, at + 3 * size, at + 4 * size - 1), false);
    SAME(host_is_covered(&watched.host, at + 4 * size, at + 5 * size - 1), true);
    SAME(host_is_met(&watched.host, at + 5 * size, at + 6 * size - 1), false);
    SAME(host_is_covered(&watched.host, at + 6 * size, at + 7 * size - 1), true);
    check_mapped(at + 6 * size, host_of(1) + 6 * size, size, RW);
    watched_end();
}

/** More places than a plan has ranges for. */
static void more_tables_than_ranges(void) {
    uint64_t size;
    uint64_t at;
    unsigned i;

    watched_begin(kind);
    size = span_of(1);
    at = watched.home;
    for (i = 0; i < 13; i++) {
        uint64_t part = i % 2 == 0 ? size / 2 : size;

        /* Every other one has nothing in its first half. */
        OK(map_linear(at + i * size + (size - part), host_of(1) + i * size + (size - part),
                      part / 2, RW | AXADDR_SMALL));
        OK(map_linear(at + i * size + (size - part / 2), host_of(1) + i * size + (size - part / 2),
                      part / 2, RW | AXADDR_SMALL));
    }
    OK(collapse(at, 13 * size));
    SAME(watched.table_plan_count, kind->is_table ? 1 : 6);
    SAME(watched.host.op_freed, 6);
    for (i = 0; i < 13; i++) {
        SAME(find(at + i * size + size - PAGE).level, i % 2);
    }
    watched_end();
}

/** What is not wholly in the range stays, though it could be collapsed. */
static void tables_outside_the_range_stay(void) {
    uint64_t size;
    uint64_t at;
    uint64_t before;
    unsigned i;

    watched_begin(kind);
    size = span_of(1);
    at = watched.home;
    for (i = 0; i < 4; i++) {
        map_parts(at + i * size, host_of(1) + i * size, 1, RW);
        GO_ON();
    }
    before = loose_imprint_now();
    OK(collapse(at + PAGE, size - PAGE));
    SAME(watched.table_plan_count, 0);
    OK(collapse(at, size - PAGE));
    SAME(watched.table_plan_count, 0);
    OK(collapse(at + size / 2, size));
    SAME(watched.table_plan_count, 0);
    OK(collapse(at + PAGE, PAGE));
    SAME(loose_imprint_now(), before);
    /* From the middle of one to the middle of another: the two between. */
    before = imprint_of(false, at + size, at + 3 * size - 1);
    OK(collapse(at + size / 2, 3 * size));
    SAME(watched.host.op_freed, 2);
    check_plan(0, at + size, at + 3 * size - 1, 0);
    for (i = 0; i < 4; i++) {
        SAME(find(at + i * size).level, i == 1 || i == 2 ? 1 : 0);
    }
    SAME(imprint_of(false, at + size, at + 3 * size - 1), before);
    check_mapped(at, host_of(1), 4 * size, RW);
    /* The first and the last one, each with nothing beside it. */
    OK(collapse(at, size));
    OK(collapse(at + 3 * size, size));
    SAME(census_now().leaves[1], 4);
    watched_end();
}

/** At both ends of what a format can map. */
static void ends_of_the_address_space(void) {
    uint64_t size;
    uint64_t at[2];
    unsigned half;
    unsigned i;

    for (half = 0; half < (kind->format->is_sign_extended ? 2u : 1u); half++) {
        watched_begin_at(kind, half == 0 ? 0 : ~axaddr_low_bits(kind->format->input_width - 1u));
        size = span_of(1);
        at[0] = watched.home - span_of(watched.format->level_count - 1u);
        at[1] = watched.end - size;
        for (i = 0; i < 2; i++) {
            map_parts(at[i], host_of(1), 1, RW);
            GO_ON();
            OK(collapse(at[i], size));
            check_plan(0, at[i], at[i] + size - 1, 0);
            SAME(find(at[i]).level, 1);
            check_mapped(at[i], host_of(1), size, RW);
        }
        OK(split(at[0], size));
        OK(split(at[1], size));
        OK(collapse(at[0], at[1] + size - at[0]));
        SAME(find(at[0]).level, 1);
        SAME(find(at[1]).level, 1);
        watched_end();
    }
}

/** All of it, with nothing in it, and with things in it that are not leaves. */
static void nothing_to_collapse(void) {
    uint64_t start;
    uint64_t before;

    watched_begin(kind);
    start = watched.high;
    OK(collapse(start, watched.end - start));
    SAME(watched.host.op_plan_count, 0);
    OK(map_linear(watched.home, host_of(1), span_of(1), RW));
    OK(map_linear(watched.home + 3 * span_of(1) + PAGE, 0, PAGE, RW));
    if (!kind->is_table) {
        OK(perform_simple(AXADDR_OP_RESERVE, watched.home + 4 * span_of(1), 3 * span_of(1), RW));
        OK(perform_simple(AXADDR_OP_DEVICE, watched.home + 8 * span_of(1), 2 * PAGE, 0));
    }
    before = imprint_now();
    OK(collapse(start, watched.end - start));
    SAME(watched.host.op_plan_count, 0);
    SAME(imprint_now(), before);
    watched_end();
}

/* ---- what hardware has noted ---- */

/** Clear what is noted in all leaves of [at, at + size). */
static void clear_notes(uint64_t at, uint64_t size) {
    uint64_t offset = 0;

    while (offset < size) {
        struct found found = find(at + offset);
        watched_poke(found.slot, found.entry & ~watched.format->noted);
        offset += span_of(found.level);
    }
}

static uint64_t late_at;
static uint64_t late_note;

/** A processor that still has the table in its walk cache notes an access. */
static void note_late(const struct axaddr_flush *plan) {
    struct found found = find_at(late_at, 1);
    uint64_t frame = watched.format->absent_value(found.entry) << watched.format->shift[0];
    void *slot = slot_in(frame, 3);

    if (plan->has_tables) {
        watched_poke(slot, watched_load(slot) | late_note);
    }
}

/** A table of parts that is noted `bit` in the one at `offset` only; 0: in none. */
static void one_note(unsigned level, uint64_t offset, uint64_t bit) {
    uint64_t at = watched.home;
    struct found found;

    map_pieces(at, host_of(level), level, RW);
    clear_notes(at, span_of(level));
    found = find(at + offset);
    watched_poke(found.slot, found.entry | bit);
    CHECK_EQ(collapse(at, span_of(level)), AXADDR_OK);
    CHECK_EQ(find(at).level, level);
    CHECK_EQ(find(at).entry & watched.format->noted, bit);
    CHECK_EQ(unmap(at, span_of(level)), AXADDR_OK);
}

/** Any note of any part is one of the whole. */
static void notes_are_kept(void) {
    unsigned level;

    watched_begin(kind);
    for (level = 1; level <= leaf_level_max() && level <= 2; level++) {
        uint64_t bit;

        one_note(level, 0, 0);
        for (bit = 1; bit != 0; bit <<= 1) {
            if ((watched.format->noted & bit) != 0) {
                one_note(level, 0, bit);
                one_note(level, span_of(level - 1), bit);
                one_note(level, span_of(level) / 2, bit);
                one_note(level, span_of(level) - span_of(level - 1), bit);
            }
            GO_ON();
        }
    }
    watched_end();
}

/** Also what is noted while the table is parked. */
static void late_notes_are_kept(void) {
    watched_begin(kind);
    late_at = watched.home;
    for (late_note = 1; late_note != 0; late_note <<= 1) {
        if ((watched.format->noted & late_note) != 0) {
            map_pieces(late_at, host_of(1), 1, RW);
            clear_notes(late_at, span_of(1));
            watched.on_flush = note_late;
            OK(collapse(late_at, span_of(1)));
            watched.on_flush = 0;
            SAME(find(late_at).entry & watched.format->noted, late_note);
            OK(unmap(late_at, span_of(1)));
        }
    }
    watched_end();
}

/** Another CPU changes a leaf of a table that is being collapsed: the table is linked again. */
static void change_late(const struct axaddr_flush *plan) {
    struct found found = find_at(late_at, 1);
    uint64_t frame = watched.format->absent_value(found.entry) << watched.format->shift[0];
    void *slot = slot_in(frame, 3);
    uint64_t attributes = watched.format->attributes_of(AXADDR_READ, 0);

    if (plan->has_tables) {
        watched_poke(slot, watched.format->change_leaf(watched_load(slot), 0, attributes));
    }
}

static void change_of_the_last_moment(void) {
    uint64_t size;
    uint64_t at;
    unsigned i;

    watched_begin(kind);
    size = span_of(1);
    at = watched.home;
    for (i = 0; i < 3; i++) {
        map_parts(at + i * size, host_of(1) + i * size, 1, RW | AXADDR_SMALL);
        GO_ON();
    }
    late_at = at + size;
    watched.on_flush = change_late;
    OK(collapse(at, 3 * size));
    watched.on_flush = 0;
    SAME(watched.host.op_freed, 2);
    SAME(find(at).level, 1);
    SAME(find(at + size).level, 0);
    SAME(find(at + 2 * size).level, 1);
    check_mapped(at + size, host_of(1) + size, 3 * PAGE, RW);
    check_mapped(at + size + 3 * PAGE, host_of(1) + size + 3 * PAGE, PAGE, AXADDR_READ);
    check_mapped(at + size + 4 * PAGE, host_of(1) + size + 4 * PAGE, size - 4 * PAGE, RW);
    watched_end();
}

/* ---- what is not collapsed ---- */

enum spoiler {
    SPOIL_HOLE,     /**< one part is not mapped */
    SPOIL_FRAME,    /**< one part maps other memory */
    SPOIL_SWAP,     /**< two neighbours are the wrong way round */
    SPOIL_FLAGS,    /**< one part has other rights */
    SPOIL_RESERVED, /**< one part is reserved */
    SPOIL_TRAPPED,  /**< one part is a device */
    SPOIL_SOFTWARE, /**< one part has a bit that is software's own */
    SPOIL_SMALLER,  /**< one part is a table itself, with a hole */
    SPOIL_COUNT,
    /* Of the whole, whatever the part: */
    SPOIL_MISALIGNED = SPOIL_COUNT, /**< the memory is in one piece, but aligned to less */
    SPOIL_ALL_SOFTWARE,             /**< every part has that bit */
    SPOIL_END,
};

/** A bit that can be set in a leaf without changing anything that the library knows of. */
static uint64_t software_bit(uint64_t leaf, unsigned level) {
    unsigned shift;

    for (shift = 64; shift-- > 0;) {
        uint64_t bit = UINT64_C(1) << shift;
        uint64_t with = leaf | bit;

        if ((leaf & bit) != 0 || ((watched.format->noted | kind->runs->hint) & bit) != 0 ||
            (watched.format->entry_shift == 2 && shift >= 32) ||
            kind_of(with, level) != AXADDR_ENTRY_LEAF ||
            frame_of(with, level, 0) != frame_of(leaf, level, 0) ||
            flags_of(with, level, 0) != flags_of(leaf, level, 0)) {
            continue;
        }
        return bit;
    }
    return 0;
}

static void set_software_bit(uint64_t at) {
    struct found found = find(at);
    uint64_t bit = software_bit(found.entry, found.level);

    CHECK(bit != 0);
    watched_poke(found.slot, found.entry | bit);
}

/** Whether there is such a thing for this kind, at this place. */
static bool can_spoil(enum spoiler spoiler, unsigned level, uint64_t part) {
    switch (spoiler) {
    case SPOIL_RESERVED:
    case SPOIL_TRAPPED:
        return !kind->is_table;
    case SPOIL_SMALLER:
        return level > 1;
    case SPOIL_SWAP:
        return part + 1 < parts_of(level);
    default:
        return true;
    }
}

/** Spoil the part of `level` - 1 at `at`, which maps `host`. */
static void spoil(enum spoiler spoiler, unsigned level, uint64_t at, uint64_t host) {
    uint64_t size = span_of(level - 1);

    if (spoiler == SPOIL_FLAGS) {
        CHECK_EQ(protect(at, size, AXADDR_READ), AXADDR_OK);
        return;
    }
    if (spoiler == SPOIL_SOFTWARE) {
        set_software_bit(at);
        return;
    }
    CHECK_EQ(unmap(at, spoiler == SPOIL_SWAP ? 2 * size : size), AXADDR_OK);
    if (spoiler == SPOIL_FRAME) {
        CHECK_EQ(map_linear(at, 4 * host_of(level), size, RW), AXADDR_OK);
    } else if (spoiler == SPOIL_SWAP) {
        CHECK_EQ(map_linear(at, host + size, size, RW), AXADDR_OK);
        CHECK_EQ(map_linear(at + size, host, size, RW), AXADDR_OK);
    } else if (spoiler == SPOIL_RESERVED) {
        CHECK_EQ(perform_simple(AXADDR_OP_RESERVE, at, size, RW), AXADDR_OK);
    } else if (spoiler == SPOIL_TRAPPED) {
        CHECK_EQ(perform_simple(AXADDR_OP_DEVICE, at, size, 0), AXADDR_OK);
    } else if (spoiler == SPOIL_SMALLER) {
        CHECK_EQ(map_linear(at, host, size, RW), AXADDR_OK);
        CHECK_EQ(unmap(at + PAGE, PAGE), AXADDR_OK);
    }
}

/** One table of parts of which number `part` is spoilt; a collapse leaves it as it is. */
static void refuses(enum spoiler spoiler, unsigned level, uint64_t part) {
    uint64_t at = watched.home;
    uint64_t size = span_of(level - 1);
    uint64_t off = spoiler == SPOIL_MISALIGNED ? size : 0;
    uint64_t before;
    uint64_t tables;
    uint64_t areas;
    uint64_t i;

    map_pieces(at, host_of(level) + off, level, RW);
    for (i = 0; i < parts_of(level) && spoiler == SPOIL_ALL_SOFTWARE; i++) {
        set_software_bit(at + i * size);
    }
    if (spoiler < SPOIL_COUNT) {
        spoil(spoiler, level, at + part * size, host_of(level) + part * size);
    }
    areas = areas_now();
    before = loose_imprint_now(); /* parts of it may become runs */
    tables = census_now().tables;
    CHECK_EQ(collapse(at, span_of(level)), AXADDR_OK);
    CHECK_EQ(watched.table_plan_count, 0);
    CHECK_EQ(watched.host.op_freed, 0);
    CHECK_EQ(loose_imprint_now(), before);
    CHECK_EQ(census_now().tables, tables);
    CHECK_EQ(areas_now(), areas);
    CHECK_EQ(unmap(watched.high, watched.end - watched.high), AXADDR_OK);
}

static void not_collapsed(void) {
    unsigned level;

    watched_begin(kind);
    for (level = 1; level <= leaf_level_max(); level++) {
        uint64_t parts[3];
        int spoiler;
        unsigned i;

        parts[0] = 0;
        parts[1] = parts_of(level) / 2 - 1;
        parts[2] = parts_of(level) - 1;
        for (spoiler = 0; spoiler < SPOIL_END; spoiler++) {
            for (i = 0; i < (spoiler < SPOIL_COUNT ? 3u : 1u); i++) {
                snprintf(check_context, sizeof(check_context), "%s level %u spoiler %d part %u",
                         kind->name, level, spoiler, i);
                if (can_spoil((enum spoiler)spoiler, level, parts[i])) {
                    refuses((enum spoiler)spoiler, level, parts[i]);
                }
                GO_ON();
            }
        }
    }
    watched_end();
}

/** Map pages one by one, as an area of another kind than map_linear makes. */
static void map_as_frames(uint64_t at, uint64_t host, uint64_t size) {
    static uint64_t frames[512];
    uint64_t i;

    for (i = 0; i < size / PAGE; i++) {
        frames[i] = host + i * PAGE;
    }
    CHECK_EQ(map_frames(at, frames, size / PAGE, RW | AXADDR_SMALL), AXADDR_OK);
}

/** A leaf never reaches across two areas, though their memory is in one piece. */
static void border_within_a_table(void) {
    uint64_t size;
    uint64_t at;
    uint64_t part;

    if (kind->is_table) {
        return;
    }
    watched_begin(kind);
    size = span_of(1);
    at = watched.home;
    for (part = PAGE; part < size; part += PAGE + size / 5 / PAGE * PAGE) {
        uint64_t areas;

        map_as_frames(at, host_of(1), part);
        OK(map_linear(at + part, host_of(1) + part, size - part, RW));
        areas = areas_now();
        OK(collapse(at, size));
        SAME(watched.table_plan_count, 0);
        SAME(find(at).level, 0);
        SAME(areas_now(), areas);
        check_mapped(at, host_of(1), size, RW);
        OK(unmap(at, size));
    }
    watched_end();
}

/** Each side of the border becomes leaves, and both together do not. */
static void border_between_tables(void) {
    unsigned level;

    if (kind->is_table) {
        return;
    }
    watched_begin(kind);
    for (level = 1; level <= leaf_level_max() && level <= 2; level++) {
        uint64_t size = span_of(1);
        uint64_t at = watched.home;
        uint64_t host = host_of(level);
        uint64_t half = level == 1 ? size : span_of(level) / 2;

        if (half > size) {
            OK(map_linear(at, host, half - size, RW));
        }
        map_as_frames(at + half - size, host + half - size, size);
        OK(map_linear(at + half, host + half, half, RW | (level == 1 ? AXADDR_SMALL : 0)));
        OK(collapse(at, 2 * half));
        SAME(find(at + half - size).level, 1);
        SAME(find(at + half).level, 1);
        SAME(watched.table_plan_count, level == 1 ? 2 : 1);
        check_mapped(at, host, 2 * half, RW);
        OK(unmap(at, 2 * half));
    }
    watched_end();
}

/** Wrong arguments. */
static void arguments_are_checked(void) {
    uint64_t at;
    uint64_t size;
    uint64_t before;

    watched_begin(kind);
    at = watched.home;
    size = span_of(1);
    map_parts(at, host_of(1), 1, RW);
    GO_ON();
    before = imprint_now();
    SAME(collapse(at, 0), AXADDR_INVALID);
    SAME(collapse(at + 1, PAGE), AXADDR_INVALID);
    SAME(collapse(at, size + 1), AXADDR_INVALID);
    SAME(collapse(at, 0 - PAGE), AXADDR_INVALID);
    SAME(collapse(watched.end, PAGE), AXADDR_INVALID);
    SAME(collapse(watched.end - PAGE, 2 * PAGE), AXADDR_INVALID);
    SAME(watched.host.op_plan_count, 0);
    SAME(imprint_now(), before);
    watched_end();
}

/** No memory is asked for, and no frame told to be needed. */
static void needs_no_memory(void) {
    struct axaddr_request request;
    uint64_t count = 99;

    watched_begin(kind);
    map_parts(watched.home, host_of(1), 1, RW);
    GO_ON();
    request = axaddr_request_of(AXADDR_OP_COLLAPSE, watched.home, span_of(1), 0);
    OK(kind->tables_needed(watched.it, &request, &count));
    SAME(count, 0);
    SAME(find(watched.home).level, 0);
    host_fail_in(&watched.host, 1, true);
    OK(perform(&request, 0));
    SAME(watched.host.op_refused, 0);
    SAME(watched.host.op_freed, 1);
    SAME(find(watched.home).level, 1);
    watched_end();
}

/* ---- after it ---- */

/**
 * Populate [at, at + one large leaf) with frames that lie together: block `number` of the arena. The
 * arena is used from its other end on.
 */
static uint64_t populate_block(uint64_t at, unsigned number) {
    uint64_t size = span_of(1);
    uint64_t block = ((watched.host.base + size - 1) & ~(size - 1)) + number * size;
    uint64_t offset;
    enum axaddr_status status;

    /* Something else holds the table until the first page comes, so that each takes one frame. */
    status = map_linear(at, host_of(1), PAGE, RW);
    for (offset = PAGE; offset < size && status == AXADDR_OK; offset += PAGE) {
        status = populate_with(at + offset, block + offset, RW);
    }
    if (status == AXADDR_OK) {
        status = unmap(at, PAGE);
    }
    if (status == AXADDR_OK) {
        status = populate_with(at, block, RW);
    }
    if (status != AXADDR_OK || find(at).level != 0 || watched.host.op_taken != 1) {
        watched_complain("the block could not be populated", at);
    }
    return block;
}

/** Owned frames behind a large leaf are given back page by page, just as they are unmapped. */
static void owned_frames_after_it(void) {
    uint64_t size;
    uint64_t at;
    uint64_t block;
    uint64_t used;
    uint64_t k;

    if (kind->is_table) {
        return;
    }
    watched_begin(kind);
    size = span_of(1);
    at = watched.home;
    used = watched.host.used_count;
    block = populate_block(at, 0);
    OK(collapse(at, size));
    SAME(watched.host.op_freed, 1);
    SAME(find(at).level, 1);
    check_mapped(at, block, size, RW);
    for (k = 0; k < size / PAGE - 1; k += 1 + size / PAGE / 4) {
        OK(unmap(at + k * PAGE, PAGE));
        SAME(watched.host.op_freed, 1);
        SAME(watched.host.op_taken, k == 0 ? 1 : 0); /* the first one splits */
        check_hole(at + k * PAGE, PAGE);
        SAME(host_used_frame(&watched.host, block + k * PAGE) == 0, true);
        SAME(host_used_frame(&watched.host, block + (k + 1) * PAGE) != 0, true);
    }
    OK(protect(at + PAGE, 3 * PAGE, AXADDR_READ));
    check_mapped(at + PAGE, block + PAGE, 3 * PAGE, AXADDR_READ);
    OK(unmap(at, size));
    SAME(watched.host.used_count, used);
    watched_end();
}

/** Or all at once, by unmap and by destroy. */
static void owned_frames_all_at_once(void) {
    uint64_t size;
    uint64_t at;
    uint64_t block;
    uint64_t used;

    if (kind->is_table) {
        return;
    }
    watched_begin(kind);
    size = span_of(1);
    at = watched.home;
    used = watched.host.used_count;
    (void)populate_block(at, 0);
    OK(collapse(at, size));
    OK(unmap(at, size));
    SAME(watched.host.used_count, used);
    block = populate_block(at, 1);
    OK(collapse(at, size));
    OK(protect(at + size - PAGE, PAGE, AXADDR_READ));
    check_mapped(at, block, size - PAGE, RW);
    check_mapped(at + size - PAGE, block + size - PAGE, PAGE, AXADDR_READ);
    watched_end();
}

/** The zero frame lies among the space's own: no guest ever gets to write to it. */
static void zero_frame_among_owned_ones(void) {
    uint64_t size;
    uint64_t at;
    uint64_t block;
    uint64_t offset;
    uint32_t zero = 0;
    struct axaddr_mapping mapping;

    if (kind->is_table) {
        return;
    }
    watched_begin(kind);
    size = span_of(1);
    at = watched.home;
    block = (watched.host.base + size - 1) & ~(size - 1);
    SAME(host_index(&watched.host, block + 5 * PAGE, &zero), true);
    host_take(&watched.host, zero, 0, zero);
    watched.zero_frame = block + 5 * PAGE;
    OK(kind->set_zero_frame(watched.it, watched.zero_frame));
    OK(perform_simple(AXADDR_OP_RESERVE, at, size, RW | AXADDR_ZERO_PAGE));
    before_operation(AXADDR_OP_RESERVE);
    SAME(kind->handle_fault(watched.it, at + 5 * PAGE, AXADDR_READ), AXADDR_FAULT_RESOLVED);
    for (offset = 0; offset < size; offset += PAGE) {
        if (offset != 5 * PAGE) {
            watched.next_frame = block + offset;
            SAME(kind->handle_fault(watched.it, at + offset, AXADDR_WRITE), AXADDR_FAULT_RESOLVED);
        }
    }
    OK(protect(at, size, AXADDR_READ));
    OK(collapse(at, size));
    check_mapped(at, block, size, AXADDR_READ);
    OK(protect(at, size, RW));
    before_operation(AXADDR_OP_RESERVE);
    SAME(kind->handle_fault(watched.it, at + 7 * PAGE, AXADDR_WRITE), AXADDR_FAULT_RESOLVED);
    OK(kind->query(watched.it, at + 5 * PAGE, &mapping));
    SAME(mapping.hpa.raw, watched.zero_frame);
    SAME(mapping.flags & AXADDR_WRITE, 0);
    OK(kind->query(watched.it, at + 7 * PAGE, &mapping));
    SAME(mapping.flags, RW);
    OK(unmap(at, size));
    host_free_frame(&watched.host, axaddr_hpa(watched.zero_frame));
    watched.zero_frame = 0;
    watched_end();
}

/** A part of a collapsed leaf is unmapped, protected: the rest stays as it was. */
static void parts_after_it(void) {
    unsigned level;

    watched_begin(kind);
    for (level = 1; level <= leaf_level_max() && level <= 2; level++) {
        uint64_t at = watched.home;
        uint64_t size = span_of(level);
        uint64_t host = host_of(level);
        uint64_t page = size / 2 + 3 * PAGE;

        map_parts(at, host, level, RW);
        GO_ON();
        OK(collapse(at, size));
        OK(unmap(at + page, PAGE));
        SAME(watched.host.op_taken, level);
        SAME(find(at + page + PAGE).level, 0);
        SAME(find(at).level, level - 1);
        check_mapped(at, host, page, RW);
        check_hole(at + page, PAGE);
        check_mapped(at + page + PAGE, host + page + PAGE, size - page - PAGE, RW);
        OK(map_linear(at + page, host + page, PAGE, RW));
        OK(collapse(at, size));
        SAME(find(at).level, level);
        OK(protect(at + page, size - page, AXADDR_READ));
        check_mapped(at, host, page, RW);
        check_mapped(at + page, host + page, size - page, AXADDR_READ);
        OK(protect(at, page, AXADDR_READ));
        OK(collapse(at, size));
        SAME(find(at).level, level);
        check_mapped(at, host, size, AXADDR_READ);
        OK(unmap(at, size));
    }
    SAME(census_now().tables, UINT64_C(1) << watched.format->root_order);
    watched_end();
}

/** Split, then collapse: bit for bit what it was. */
static void split_and_back(void) {
    unsigned top;
    uint64_t size;
    uint64_t small;
    uint64_t at;
    uint64_t before;
    uint64_t tables;
    unsigned i;

    watched_begin(kind);
    top = leaf_level_max() > 2 ? 2 : leaf_level_max();
    size = span_of(top);
    small = span_of(1);
    at = watched.home + size;
    /* Small leaves at both ends, large ones beside them, and in the middle the largest. */
    OK(map_linear(at - small - 5 * PAGE, host_of(top) - small - 5 * PAGE,
                  size + 2 * small + 10 * PAGE, RW));
    OK(map_linear(at + size + 4 * small + PAGE, host_of(top) + PAGE, 2 * small, AXADDR_READ));
    before = imprint_now();
    tables = census_now().tables;
    for (i = 0; i < 2; i++) {
        OK(split(at - small - 5 * PAGE, size + 2 * small + 10 * PAGE));
        SAME(find(at).level, 0);
        SAME(census_now().leaves[1], 1); /* the one that was not in the range */
        OK(collapse(at - small - 5 * PAGE, size + 8 * small));
        SAME(find(at).level, top);
        SAME(imprint_now(), before);
        SAME(census_now().tables, tables);
    }
    check_mapped(at - small - 5 * PAGE, host_of(top) - small - 5 * PAGE,
                 size + 2 * small + 10 * PAGE, RW);
    watched_end();
}

/** Cut into steps it comes to the same, at level 1. */
static void steps_come_to_the_same(void) {
    static const uint64_t budgets[] = {1, 7, 100, 513, 5000};
    uint64_t at_once = 0;
    uint64_t size;
    unsigned i;

    for (i = 0; i <= sizeof(budgets) / sizeof(budgets[0]); i++) {
        struct axaddr_request request;
        struct axaddr_terms terms = {0, 0, 0};

        watched_begin(kind);
        size = 4 * span_of(1);
        OK(map_linear(watched.home, host_of(1), size, RW | AXADDR_SMALL));
        OK(unmap(watched.home + span_of(1) + 5 * PAGE, PAGE));
        OK(map_linear(watched.home + size, host_of(1) + 2 * size, 9 * PAGE, RW));
        if (i == 0) {
            OK(collapse(watched.home, 2 * size));
            at_once = imprint_now();
            SAME(census_now().leaves[1], 3);
            watched_end();
            continue;
        }
        terms.budget = budgets[i - 1];
        request = axaddr_request_of(AXADDR_OP_COLLAPSE, watched.home, 2 * size, 0);
        while (request.size > 0) {
            OK(perform(&request, &terms));
            SAME(terms.done > 0 && terms.done <= request.size, true);
            /* A step ends with a table, and does not go much further than its budget. */
            SAME((request.start + terms.done) % span_of(1), 0);
            SAME(terms.done <= (terms.budget / parts_of(1) + 1) * span_of(1) * 9, true);
            SAME(i > 1 || terms.done == span_of(1), true);
            request.start += terms.done;
            request.size -= terms.done;
        }
        SAME(imprint_now(), at_once);
        watched_end();
        if (check_case_failed) {
            return;
        }
    }
}

/* ---- mixtures, against a model ---- */

static uint64_t seed = 1;
static unsigned step_count = 150;

static void mixture(void) {
    mix(kind, 0, seed, step_count);
}

int main(int argument_count, char **arguments) {
    if (argument_count > 1) {
        seed = strtoull(arguments[1], 0, 0);
    }
    if (argument_count > 2) {
        step_count = (unsigned)strtoul(arguments[2], 0, 0);
    }
    printf("test_collapse: seed %" PRIu64 ", %u steps\n", seed, step_count);
    EACH(leaves_become_a_large_one);
    EACH(levels_are_collapsed_from_below);
    EACH(tables_are_collapsed_one_by_one);
    EACH(more_tables_than_ranges);
    EACH(tables_outside_the_range_stay);
    EACH(ends_of_the_address_space);
    EACH(nothing_to_collapse);
    EACH(notes_are_kept);
    EACH(late_notes_are_kept);
    EACH(change_of_the_last_moment);
    EACH(not_collapsed);
    EACH(border_within_a_table);
    EACH(border_between_tables);
    EACH(arguments_are_checked);
    EACH(needs_no_memory);
    EACH(owned_frames_after_it);
    EACH(owned_frames_all_at_once);
    EACH(zero_frame_among_owned_ones);
    EACH(parts_after_it);
    EACH(split_and_back);
    EACH(steps_come_to_the_same);
    EACH(mixture);
    return check_report("test_collapse");
}
