/* SPDX-License-Identifier: MIT
 *
 * tracking_sim.h: long pseudo-random sequences of everything that tracking (axaddr_core/tracking.h)
 * has to do with, judged by the CPUs of the simulated machine (sim.h): they write through what their
 * TLBs hold, however stale, also in the middle of an operation. What they wrote before a harvest
 * returned must be told by it or, of what was written beside it, by the next one.
 *
 * A program defines HOST_FRAME_SHIFT where pages are not 4 KiB, and calls tracking_sim with formats.
 */
#ifndef AXADDR_TESTS_TRACKING_SIM_H
#define AXADDR_TESTS_TRACKING_SIM_H

#include "tracking_cpus.h"

/* ---- operations ---- */

/** A range of pages: often all, or the pages of large leaves. */
static void any_range(uint64_t *first, uint64_t *count) {
    uint64_t span = t.large / PAGE;

    switch (any_number(4)) {
    case 0:
        *first = 0;
        *count = t.page_count;
        return;
    case 1:
        *first = any_number(t.page_count / span) * span;
        *count = span;
        return;
    default:
        *first = any_number(t.page_count);
        *count = 1 + any_number(t.page_count - *first < 70 ? t.page_count - *first : 70);
        return;
    }
}

static void forget(uint64_t first, uint64_t count) {
    uint64_t i;

    for (i = first; i < first + count; i++) {
        t.pages[i].is_due = false;
    }
}

/** Whether pages are noted one by one, and no machinery notes more than there was. */
static bool is_exact(void) {
    return any_format.run_bits == 0 && any_format.needs_break == 0;
}

/** Whether the last harvest, of the pages from `first` on, told a page. */
static bool is_told(const uint64_t *bitmap, uint64_t first, uint64_t count, uint64_t index) {
    uint64_t bit = index - first;

    return index >= first && bit < count && (bitmap[bit / 64] >> bit % 64 & 1) != 0;
}

/** A harvest, or a step of it, has returned: of what was written beside it, what was told? */
static void end_step(uint64_t first, uint64_t count) {
    static uint64_t before[PAGE_MAX / 64 + 1];
    uint64_t i;

    for (i = 0; i < t.page_count; i++) {
        struct page_state *page = &t.pages[i];

        bool is_new = is_told(t.bitmap, first, count, i) &&
                      !(t.is_step_on && is_told(before, first, count, i));

        /* A bit that this step has set: what is copied after it has every write so far. */
        page->is_next = !is_new && (page->is_next || page->is_late);
        page->was_late = page->was_late || page->is_late;
        page->is_late = false;
    }
    memcpy(before, t.bitmap, sizeof(before));
    t.is_step_on = true;
}

static void check_harvest(uint64_t first, uint64_t count) {
    uint64_t i;

    for (i = 0; i < t.page_count; i++) {
        struct page_state *page = &t.pages[i];
        bool was_told = is_told(t.bitmap, first, count, i);

        if (i < first || i - first >= count) {
            page->is_due = page->is_due || page->is_next;
            page->is_loose = page->is_loose || page->was_late;
            page->is_next = false;
            page->was_late = false;
            continue;
        }
        if (page->is_due && !was_told) {
            check_fail(__FILE__, __LINE__, "the write to page %u is lost", (unsigned)i);
            return;
        }
        if (was_told && !page->is_due && !page->is_loose && !page->was_late && is_exact() &&
            is_small(i) && (flags_of_area(i) & AXADDR_TRACK_FLAGS) != 0) {
            check_fail(__FILE__, __LINE__, "page %u is told and was not written", (unsigned)i);
            return;
        }
        t.told_count += was_told;
        /* What was written beside it may be told by it and noted once more. */
        page->is_loose = (page->is_loose && !(was_told && is_small(i))) || page->was_late;
        page->was_late = false;
        page->is_due = page->is_next;
        page->is_next = false;
    }
}

static void do_harvest(void) {
    enum axaddr_status status = AXADDR_OK;
    uint64_t first;
    uint64_t count;
    uint64_t done = 0;
    bool is_step = any_number(3) == 0;

    any_range(&first, &count);
    memset(t.bitmap, 0, sizeof(t.bitmap));
    t.is_step_on = false;
    do {
        op_begin();
        t.is_beside = true;
        if (is_step) {
            status = VM(harvest_dirty_step, page_at(first), count * PAGE, t.bitmap, count,
                        1 + any_number(300), &done);
        } else {
            done = count * PAGE;
            status = VM(harvest_dirty, page_at(first), count * PAGE, t.bitmap, count);
        }
        op_end(true);
        CHECK_EQ(status, AXADDR_OK);
        end_step(first, count);
    } while (!check_case_failed && done < count * PAGE);
    check_harvest(first, count);
}

/** All bytes of the arena that are in use: what fails must leave them as they are. */
static uint64_t arena_hash(void) {
    uint64_t hash = 0;
    uint32_t i;
    uint64_t k;

    for (i = 0; i < t.host.frame_count; i++) {
        const uint8_t *at = host_peek(&t.host, host_address(&t.host, i));
        const uint64_t *words = (const uint64_t *)(const void *)at;

        for (k = 0; at != 0 && k < PAGE / 8; k++) {
            hash = (hash ^ words[k]) * UINT64_C(0x100000001b3) + i;
        }
    }
    return hash;
}

static void do_start(void) {
    bool can_note = any_format.clear_notes != 0 && (t.has_updates || any_format.note_access != 0);
    uint32_t how = can_note && any_number(2) == 0 ? AXADDR_TRACK_NOTES : AXADDR_TRACK_WRITES;
    enum axaddr_status status;
    struct axaddr_stats before;
    struct axaddr_stats after;
    uint64_t frames = 0;
    uint64_t first;
    uint64_t count;

    any_range(&first, &count);
    how |= any_number(3) == 0 ? AXADDR_TRACK_LARGE : 0;
    op_begin();
    status = VM(tracking_cost, page_at(first), count * PAGE, how, &frames);
    op_end(false);
    CHECK_EQ(status, AXADDR_OK);
    CHECK_EQ(t.host.op_taken, 0);
    if (frames > 0 && any_number(4) == 0) {
        uint64_t hash = arena_hash();

        op_begin();
        host_fail_in(&t.host, 1 + (uint32_t)any_number(frames), any_number(2) == 0);
        status = VM(start_tracking, page_at(first), count * PAGE, how);
        op_end(false);
        CHECK_EQ(status, AXADDR_NO_MEMORY);
        CHECK_EQ(hash, arena_hash());
    }
    VM(stats, &before);
    op_begin();
    t.is_beside = any_number(2) == 0;
    status = VM(start_tracking, page_at(first), count * PAGE, how);
    if (!t.is_beside) {
        CHECK_EQ(t.host.op_taken, frames);
        VM(stats, &after);
        if (after.area_count >= before.area_count &&
            after.area_frame_count >= before.area_frame_count) { /* none were joined */
            CHECK_EQ(after.table_count + after.area_frame_count,
                     before.table_count + before.area_frame_count + frames);
        }
        t.cost_count += frames;
    }
    op_end(true);
    CHECK_EQ(status, AXADDR_OK);
    forget(first, count); /* the caller copies it all */
    loosen(first, count);
    if (is_exact() && (how & AXADDR_TRACK_LARGE) == 0) {
        uint64_t i;

        for (i = first; i < first + count; i++) {
            t.pages[i].is_loose = t.pages[i].is_late || t.is_many;
        }
    }
    {
        uint64_t i;

        for (i = 0; i < t.page_count; i++) { /* beside it: known to be told only where it was not */
            bool is_in = i >= first && i < first + count;

            t.pages[i].is_due = t.pages[i].is_due || (t.pages[i].is_late && !is_in);
            t.pages[i].is_late = false;
        }
    }
}

static void do_stop(void) {
    enum axaddr_status status;
    uint64_t first;
    uint64_t count;

    any_range(&first, &count);
    op_begin();
    status = VM(stop_tracking, page_at(first), count * PAGE);
    op_end(false);
    CHECK_EQ(status, AXADDR_OK);
    loosen(first, count);
}

static void do_young(void) {
    enum axaddr_status status;
    uint64_t first;
    uint64_t count;
    uint64_t i;

    any_range(&first, &count);
    op_begin();
    t.is_beside = true;
    status = VM(harvest_young, page_at(first), count * PAGE, t.bitmap, count);
    op_end(t.is_beside);
    CHECK_EQ(status, any_format.clear_notes != 0 ? AXADDR_OK : AXADDR_UNSUPPORTED);
    for (i = 0; i < t.page_count; i++) {
        t.pages[i].is_due = t.pages[i].is_due || t.pages[i].is_late;
        t.pages[i].is_late = false;
    }
}

/** What changes what is there. */
static void do_edit(void) {
    uint64_t linear = any_format.output_width > 39 ? UINT64_C(0x2000000000) : UINT64_C(0x80000000);
    enum axaddr_status status = AXADDR_OK;
    uint64_t first;
    uint64_t count;
    axaddr_gpa_t gpa;
    uint64_t size;

    any_range(&first, &count);
    gpa = page_at(first);
    size = count * PAGE;
    loosen(first, count);
    op_begin();
    switch (any_number(12)) {
    case 0:
    case 1:
        status = VM(map_linear, gpa, axaddr_hpa(linear + first * PAGE), size, RW | AXADDR_REPLACE);
        forget(first, count);
        break;
    case 2:
    case 3:
        status = VM(map_alloc, gpa, size,
                    RW | AXADDR_REPLACE | (any_number(3) == 0 ? AXADDR_LARGE : 0), AXADDR_LAZY);
        forget(first, count);
        break;
    case 4:
        status = VM(unmap, gpa, size);
        forget(first, count);
        break;
    case 5:
        status = VM(protect, gpa, size, AXADDR_READ);
        break;
    case 6:
    case 7:
        status = VM(protect, gpa, size, RW);
        break;
    case 8:
        status = VM(split, gpa, size);
        break;
    case 9:
        status = VM(collapse, gpa, size);
        break;
    case 10:
        status = VM(label, gpa, size, 0, any_number(3));
        break;
    default:
        status = VM(map_device, gpa, size, 3);
        break;
    }
    op_end(false);
    CHECK(status == AXADDR_OK || status == AXADDR_NO_MEMORY || status == AXADDR_NOT_MAPPED ||
          status == AXADDR_EXISTS || status == AXADDR_DENIED);
}

/** The host writes, where the memory is the arena's. */
static void do_host_write(uint64_t index) {
    struct axaddr_mapping mapping;
    enum axaddr_status status;
    uint64_t word = 0;
    uint32_t at;

    if (VM(query, page_at(index), &mapping) == AXADDR_OK &&
        !host_index(&t.host, mapping.hpa.raw, &at)) {
        return;
    }
    op_begin();
    status = VM(write, page_at(index), &word, sizeof(word));
    op_end(false);
    if (status == AXADDR_OK) {
        t.pages[index].is_due = true;
    }
}

static void one_operation(void) {
    uint64_t index = any_page();
    uint64_t what = any_number(100);

    if (what < 50) {
        cpu_write(index);
    } else if (what < 62) {
        (void)cpu_access((unsigned)any_number(3), index, false);
        loosen(index, 1);
    } else if (what < 68) {
        do_host_write(index);
    } else if (what < 84) {
        do_harvest();
    } else if (what < 87) {
        do_young();
    } else if (what < 93) {
        do_start();
    } else if (what < 95) {
        do_stop();
    } else {
        do_edit();
    }
}

/* ---- runs ---- */

static struct sim_regime regime;
static struct sim_entry (*regime_decode)(uint64_t entry, unsigned level);

/** Hardware without FEAT_HAFDBS, or not told to use it, ignores DBM (ARM DDI 0487, D8.5.5). */
static struct sim_entry decode_dbm(uint64_t entry, unsigned level) {
    return regime_decode(entry & ~SIM_BIT(51), level);
}

static void run_begin(const struct axaddr_format *format, bool is_many, bool has_updates,
                      uint64_t seed) {
    uint64_t base = format->output_width > 39 ? HOST_BASE : HOST_LOW_BASE;
    enum axaddr_status status;
    axaddr_hpa_t root;

    memset(&t, 0, sizeof(t));
    any_format = *format;
    t.is_many = is_many;
    t.has_updates = has_updates;
    t.random = seed;
    t.large = UINT64_C(1) << format->shift[1];
    t.home = 4 * t.large;
    t.page_count = 2 * t.large / PAGE + 8;
    host_init(&t.host, HOST_FRAME_SHIFT > 12 ? 300 : 2600, base, HOST_SCATTERED);
    host_begin(&t.host);
    status = is_many ? many_vm_init(&t.vm.many, &t.host, axaddr_gpa(t.home), t.page_count * PAGE)
                     : one_vm_init(&t.vm.one, &t.host, axaddr_gpa(t.home), t.page_count * PAGE);
    CHECK_EQ(status, AXADDR_OK);
    root = is_many ? many_vm_root(&t.vm.many) : one_vm_root(&t.vm.one);
    sim_tlb_init(&t.tlb, &t.host);
    sim_init(&t.sim, &t.tlb, &t.host, format->name, root.raw, 0);
    regime = *t.sim.regime;
    regime_decode = regime.decode;
    if (format->name[0] == 'a' && format->name[1] == 'a') {
        regime.decode = decode_dbm;
    }
    t.sim.regime = &regime;
    t.sim.has_updates = false;
    t.sim.is_fresh_zeroed = false;
}

static void run_end(void) {
    sim_stop(&t.sim);
    if (t.is_many) {
        many_vm_destroy(&t.vm.many);
    } else {
        one_vm_destroy(&t.vm.one);
    }
    sim_leave(&t.sim);
    if (!check_case_failed) {
        CHECK_STR(host_error(&t.host), "");
        CHECK_EQ(t.host.used_count, 0);
        CHECK(t.write_count > 100 && t.told_count > 100);
        CHECK(!t.is_many || t.beside_count > 10);
        CHECK(t.cost_count > 0);
    }
}

static void run(const struct axaddr_format *format, unsigned variant, uint64_t seed,
                uint32_t op_count) {
    uint32_t i;

    snprintf(check_context, sizeof(check_context), "%s, variant %u, seed %u", format->name, variant,
             (unsigned)seed);
    run_begin(format, (variant & 1) != 0, (variant & 2) != 0, seed * 1000 + variant);
    for (i = 0; i < op_count && !check_case_failed; i++) {
        snprintf(check_context, sizeof(check_context), "%s, variant %u, seed %u, operation %u",
                 format->name, variant, (unsigned)seed, i);
        one_operation();
    }
    run_end();
    sim_tlb_destroy(&t.tlb);
    sim_destroy(&t.sim);
    host_destroy(&t.host);
}

static int tracking_sim(const char *program, const struct axaddr_format *const *formats,
                        unsigned format_count, uint32_t op_count) {
    unsigned i;
    unsigned variant;
    uint64_t seed;

    for (i = 0; i < format_count; i++) {
        for (variant = 0; variant < 4; variant++) {
            for (seed = 1; seed <= 2; seed++) {
                check_case_failed = false;
                run(formats[i], variant, seed, op_count);
                check_end_case(formats[i]->name);
            }
        }
    }
    return check_report(program);
}

#endif /* AXADDR_TESTS_TRACKING_SIM_H */
