/* SPDX-License-Identifier: MIT
 *
 * tracked.h: cases of cases.c: dirty pages (axaddr_core/tracking.h). The guest reads some pages of
 * a range and writes others, harvest after harvest; each of them must tell exactly the pages that
 * the machine has let the guest write since the one before. No flush comes from here: a translation
 * that a TLB keeps beyond a harvest is a write that the next one does not tell.
 */
#ifndef BED_TRACKED_H
#define BED_TRACKED_H

#define TRACKED_PAGES_MAX 8192u /* of the largest leaf that is split: 512 MiB of 64 KiB */
#define TRACKED_WORDS     (TRACKED_PAGES_MAX / 64u)
#define TRACKED_SPOTS     12u
#define TRACKED_ROUNDS    5u

/** A range that is tracked, and what the guest has done since the last harvest. */
static struct tracked {
    uint64_t address;
    uint64_t hpa;
    uint64_t size;
    uint64_t pages;
    uint32_t how; /**< as for start_tracking */
    uint32_t mode;
    uint64_t spots[TRACKED_SPOTS]; /**< the pages that are accessed at all */
    uint64_t bits[TRACKED_WORDS];  /**< what a harvest tells */
    uint64_t dirty[TRACKED_WORDS]; /**< what it has to tell */
    uint64_t young[TRACKED_WORDS]; /**< likewise, of the accessed */
} tracked;

static bool tracked_has(const uint64_t *bits, uint64_t page) {
    return (bits[page / 64] >> page % 64 & 1) != 0;
}

static void tracked_clear(uint64_t *bits) {
    unsigned i;

    for (i = 0; i < TRACKED_WORDS; i++) {
        bits[i] = 0;
    }
}

/** Note an access: of the page; or of all of a large leaf that stays one. */
static void tracked_note(uint64_t *bits, uint64_t page) {
    uint64_t i;

    if ((tracked.how & AXADDR_TRACK_LARGE) == 0) {
        bits[page / 64] |= UINT64_C(1) << page % 64;
        return;
    }
    for (i = 0; i < tracked.pages; i++) {
        bits[i / 64] |= UINT64_C(1) << i % 64;
    }
}

/** An exit on the way to an access: what it is, and that handle_fault deals with it. */
static const char *wrong_tracked_exit(uint64_t address, uint32_t access,
                                      const struct bed_outcome *outcome, uint64_t *got,
                                      uint64_t *right) {
    const struct axaddr_exit *exit = &outcome->exit;
    uint64_t low = exit->is_page_only ? BED_PAGE_SIZE - 1 : 0;

    *got = outcome->status;
    *right = AXADDR_OK;
    if (*got != *right) {
        return "status of the decoder";
    }
    *got = exit->gpa.raw | low;
    *right = address | low;
    if (*got != *right) {
        return "address of the fault";
    }
    *got = exit->access;
    *right = told_of(access);
    if (*got != *right) {
        return "access of the fault";
    }
    *got = vm_handle_fault(&space, exit->gpa, exit->access);
    *right = AXADDR_FAULT_RESOLVED;
    return *got != *right ? "verdict of handle_fault" : 0;
}

/**
 * How many exits an access of a page may have. By WRITES the first write since the last harvest has
 * one. Where faults note accesses (AF), what was not accessed since the last young harvest may have
 * one more; and by NOTES one in all, until both notes are there.
 */
static void tracked_exits(uint64_t page, bool is_write, unsigned *least, unsigned *most) {
    bool is_dirty = tracked_has(tracked.dirty, page);
    bool is_young = tracked_has(tracked.young, page) || BED_FORMAT.clear_notes == 0;

    *least = 0;
    *most = 0;
    if ((tracked.how & AXADDR_TRACK_NOTES) != 0) {
        *most = !is_dirty || !is_young;
    } else if ((tracked.how & AXADDR_TRACK_WRITES) != 0) {
        *least = is_write && !is_dirty;
        *most = *least + !is_young;
    }
}

/** Access a page until the machine lets it through; it has to have the right number of exits. */
static void tracked_access(uint64_t page, bool is_write) {
    uint64_t hpa = tracked.hpa + page * BED_FRAME_SIZE;
    uint32_t access = (is_write ? AXADDR_WRITE : AXADDR_READ) | tracked.mode;
    uint64_t address = tracked.address + page * BED_FRAME_SIZE + offset_of(access);
    struct expected expected = mapped(hpa, 0, 0);
    struct bed_outcome outcome = no_outcome;
    const char *wrong = 0;
    uint64_t got = 0;
    uint64_t right = 0;
    unsigned least, most;
    unsigned exits = 0;

    prepare(hpa);
    tracked_exits(page, is_write, &least, &most);
    machine_access(address, access, page + 1, &outcome);
    while (!outcome.is_allowed && exits <= most && wrong == 0) {
        exits++;
        wrong = wrong_tracked_exit(address, access, &outcome, &got, &right);
        outcome = no_outcome;
        machine_access(address, access, page + 1, &outcome);
    }
    if (wrong == 0 && (exits < least || exits > most)) {
        got = exits;
        right = exits < least ? least : most;
        wrong = "exits before it is let through";
    } else if (wrong == 0) {
        wrong = wrong_data(&expected, access, page + 1, &outcome, &got, &right);
    }
    tell(address, access, wrong, got, right);
    tracked_note(tracked.young, page);
    if (is_write) {
        tracked_note(tracked.dirty, page);
    }
}

/** Which pages: both ends, those at the ends of a word of the bitmap, and some others. */
static void tracked_choose(void) {
    static const uint64_t fixed[] = {0, 1, 63, 64, 65};
    unsigned i;

    for (i = 0; i < TRACKED_SPOTS; i++) {
        tracked.spots[i] = i < 5                   ? fixed[i]
                           : i < TRACKED_SPOTS - 1 ? random_below((uint32_t)tracked.pages)
                                                   : tracked.pages - 1;
    }
}

/** Compare a bitmap with what it must be; `may_be_more`: it may also tell other pages. */
static void tracked_compare(const char *what, const uint64_t *expected, bool may_be_more) {
    const char *wrong = 0;
    uint64_t got = 0;
    uint64_t right = 0;
    unsigned word;

    for (word = 0; word < TRACKED_WORDS && wrong == 0; word++) {
        right = expected[word];
        got = tracked.bits[word] & (may_be_more ? right : ~UINT64_C(0));
        wrong = got != right ? what : 0;
    }
    tell(tracked.address + (wrong != 0 ? word - 1 : 0) * 64 * BED_FRAME_SIZE, 0, wrong, got, right);
}

/** A harvest of the written pages: exactly those. */
static void tracked_harvest(void) {
    tracked_clear(tracked.bits);
    expect(vm_harvest_dirty(&space, axaddr_gpa(tracked.address), tracked.size, tracked.bits,
                            tracked.pages),
           AXADDR_OK, tracked.address);
    tracked_compare("harvested, as written, are", tracked.dirty, false);
    tracked_clear(tracked.dirty);
}

/** A harvest of the accessed pages: none of them may be missing. */
static void tracked_harvest_young(void) {
    bool has_notes = BED_FORMAT.clear_notes != 0;

    tracked_clear(tracked.bits);
    expect(vm_harvest_young(&space, axaddr_gpa(tracked.address), tracked.size, tracked.bits,
                            tracked.pages),
           has_notes ? AXADDR_OK : AXADDR_UNSUPPORTED, tracked.address);
    if (has_notes) {
        tracked_compare("harvested, as accessed, are", tracked.young, true);
    }
    tracked_clear(tracked.young);
}

/**
 * Accesses, then harvests, some times. What is written in a round was mostly written in the one
 * before, too, and is the first thing after its harvest; a young harvest in between takes nothing.
 */
static void tracked_rounds(void) {
    unsigned round;
    unsigned i;

    for (round = 0; round < TRACKED_ROUNDS; round++) {
        uint32_t writes = round == 0                    ? 0x555
                          : round == 1                  ? 0xfff
                          : round == TRACKED_ROUNDS - 1 ? 0
                                                        : random_below(0x1000) | 0x801;

        for (i = 0; i < TRACKED_SPOTS; i++) {
            if ((writes >> i & 1) != 0) {
                tracked_access(tracked.spots[i], true);
                tracked_access(tracked.spots[i], true);
            } else {
                tracked_access(tracked.spots[i], false);
            }
            if (i == TRACKED_SPOTS / 2 && round % 2 != 0) {
                tracked_harvest_young();
            }
        }
        tracked_harvest();
        if (round % 2 == 0) {
            tracked_harvest_young();
        }
        tracked_harvest(); /* each page is told once */
    }
}

/** The range is mapped by leaves of `level`, and nothing holds a write back. */
static void tracked_judge_end(unsigned level) {
    uint32_t flags = AXADDR_READ | AXADDR_WRITE | tracked.mode;
    uint64_t i;

    for (i = 0; i < TRACKED_SPOTS; i++) {
        uint64_t page = tracked.spots[i];
        struct expected expected =
            mapped(tracked.hpa + page * BED_FRAME_SIZE, leaf_size(level), flags);

        /* A leaf whose notes were cleared would let a fault note the next access first. */
        if (BED_FORMAT.clear_notes != 0) {
            access_through_faults(tracked.address + page * BED_FRAME_SIZE + WRITE_AT,
                                  AXADDR_WRITE | tracked.mode);
        }
        judge_all(tracked.address + page * BED_FRAME_SIZE, &expected);
    }
    tracked_clear(tracked.dirty);
    for (i = 0; i < tracked.pages; i++) {
        tracked.dirty[i / 64] |= UINT64_C(1) << i % 64;
    }
}

/** The guest has all of `tracked` mapped by leaves of `level`, and written some of it. */
static void try_tracked(unsigned level, uint32_t how) {
    uint32_t flags = AXADDR_READ | AXADDR_WRITE | tracked.mode;
    bool is_supported = (how & AXADDR_TRACK_NOTES) == 0 || BED_FORMAT.clear_notes != 0;
    axaddr_gpa_t start = axaddr_gpa(tracked.address);
    unsigned i;

    now.what = "tracked";
    now.level = level;
    now.flags = flags;
    tracked_choose();
    tracked.how = 0;
    expect(vm_map_linear(&space, start, axaddr_hpa(tracked.hpa), tracked.size, flags), AXADDR_OK,
           tracked.address);
    for (i = 0; i < TRACKED_SPOTS; i++) {
        tracked_access(tracked.spots[i], true); /* the TLB has it, writable and dirty */
    }
    expect(vm_start_tracking(&space, start, tracked.size, how),
           is_supported ? AXADDR_OK : AXADDR_UNSUPPORTED, tracked.address);
    if (is_supported) {
        tracked.how = how;
        tracked_clear(tracked.dirty);
        tracked_rounds();
        now.what = "tracked no more";
        tracked.how = 0;
        expect(vm_stop_tracking(&space, start, tracked.size), AXADDR_OK, tracked.address);
        tracked_judge_end(level);
        tracked_harvest(); /* what is not tracked counts as written */
    }
    expect(vm_unmap(&space, start, tracked.size), AXADDR_OK, tracked.address);
}

/** Pages on both sides of a boundary between two tables, of which some make up a run. */
static void tracked_place_pages(void) {
    uint64_t size = 70 * BED_FRAME_SIZE;

    tracked.address = place_for(PLACE_MIDDLE, 2 * leaf_size(1)) + leaf_size(1) - size / 2;
    tracked.hpa = probe_for(PLACE_MIDDLE, 0) & ~(128 * BED_FRAME_SIZE - 1);
    tracked.hpa |= tracked.address & (128 * BED_FRAME_SIZE - 1);
    tracked.size = size;
    tracked.pages = 70;
}

/** A large leaf. False: it is more than is tried, or than there is RAM for. */
static bool tracked_place_leaf(void) {
    tracked.address = place_for(PLACE_MIDDLE, leaf_size(1));
    tracked.hpa = probe_for(PLACE_MIDDLE, 1);
    tracked.size = leaf_size(1);
    tracked.pages = leaf_size(1) >> BED_FORMAT.shift[0];
    return may_be_leaf(1) && tracked.size <= probe_ram() && tracked.pages <= TRACKED_PAGES_MAX &&
           tracked.pages > 65;
}

static void try_all_tracked(void) {
    static const uint32_t methods[2] = {AXADDR_TRACK_NOTES, AXADDR_TRACK_WRITES};
    unsigned i;

    tracked.mode = machine->modes[machine->mode_count - 1];
    for (i = 0; i < 2; i++) {
        tracked_place_pages();
        try_tracked(0, methods[i]);
        if (tracked_place_leaf()) {
            try_tracked(1, methods[i]);
            try_tracked(1, methods[i] | AXADDR_TRACK_LARGE);
        }
    }
}

#endif /* BED_TRACKED_H */
