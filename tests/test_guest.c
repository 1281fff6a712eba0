/* SPDX-License-Identifier: MIT
 *
 * test_guest.c: a guest that reads, writes and executes as it likes, in lazy memory of all kinds,
 * while its hypervisor maps, unmaps, protects, splits, collapses and harvests, and memory is short.
 * What the guest wrote, it reads; what it never wrote reads as zero; what is forbidden stays so;
 * and of all that it wrote a harvest tells. In between the whole table is looked at (faults.h).
 */
#include "faults.h"

#define STEP_COUNT 2500

/** What the test knows of a page. */
struct known {
    uint32_t flags; /**< of its area, AXADDR_LAZY_FLAGS included; 0: none is there */
    bool is_backed;
    bool is_written; /**< since the last harvest */
    uint8_t value;   /**< in the page's first byte (for supplied frames: not known) */
};

static struct known known[4 * 512];
static uint64_t seed;

static uint32_t random_below(uint32_t end) {
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return (uint32_t)(seed >> 33) % end;
}

/** A range of pages: a few anywhere, or whole spans of a large leaf. */
static void random_range(uint32_t *page, uint32_t *count) {
    uint32_t span = LARGE_PAGES;

    if (random_below(3) == 0) {
        *page = random_below(4) * span;
        *count = (1 + random_below(4 - *page / span)) * span;
    } else {
        *page = random_below(4) * span + random_below(8) + (random_below(2) != 0 ? span - 10 : 0);
        *count = 1 + random_below(6);
        *count = *count < 4 * span - *page ? *count : 4 * span - *page;
    }
}

/** Whether all pages of a range are there; or none of them. */
static bool are_known(uint32_t page, uint32_t count, bool is_there) {
    uint32_t i;

    for (i = page; i < page + count; i++) {
        if ((known[i].flags != 0) != is_there) {
            return false;
        }
    }
    return true;
}

static void set_known(uint32_t page, uint32_t count, uint32_t flags, bool is_backed) {
    uint32_t i;

    for (i = page; i < page + count; i++) {
        memset(&known[i], 0, sizeof(known[i]));
        known[i].flags = flags;
        known[i].is_backed = is_backed;
    }
}

/** An edit came to what it had to; NO_MEMORY only if the host had said so. */
static void check_status(enum axaddr_status expected) {
    if (result == (int)AXADDR_NO_MEMORY && host->op_refused > 0) {
        return;
    }
    CHECK_STR(axaddr_status_name((enum axaddr_status)result), axaddr_status_name(expected));
}

#define TRY(expected, call)                                                                        \
    do {                                                                                           \
        fail_in(random_below(4) == 0 ? 1 + random_below(3) : 0, false);                            \
        faults_begin();                                                                            \
        result = (int)(call);                                                                      \
        faults_end(result != (int)AXADDR_OK);                                                      \
        GO_ON();                                                                                   \
        check_status(expected);                                                                    \
        GO_ON();                                                                                   \
    } while (0)

static void random_map(uint32_t page, uint32_t count) {
    static const uint32_t rights[] = {R, RW, RW, RWX};
    static const uint32_t ways[] = {0, AXADDR_LARGE, AXADDR_LARGE, AXADDR_ZERO_PAGE,
                                    AXADDR_ZERO_PAGE | AXADDR_LARGE};
    uint32_t flags = rights[random_below(4)];
    bool is_backed = random_below(4) == 0;
    bool is_free = are_known(page, count, false);

    if (is_backed) {
        TRY(is_free ? AXADDR_OK : AXADDR_EXISTS,
            map_backed(AT(page), count * PAGE, flags, random_below(2)));
    } else {
        flags |= ways[random_below(5)];
        TRY(is_free ? AXADDR_OK : AXADDR_EXISTS, map_alloc(AT(page), count * PAGE, flags));
    }
    if (result == (int)AXADDR_OK) {
        set_known(page, count, flags, is_backed);
    }
}

static void random_protect(uint32_t page, uint32_t count) {
    static const uint32_t rights[] = {R, RW, RW, RWX, R | X, RW | AXADDR_DEVICE};
    uint32_t flags = rights[random_below(6)];
    uint32_t i;

    TRY(are_known(page, count, true) ? AXADDR_OK : AXADDR_NOT_MAPPED,
        protect(AT(page), count * PAGE, flags));
    for (i = page; i < page + count && result == (int)AXADDR_OK; i++) {
        known[i].flags = flags | (known[i].flags & AXADDR_LAZY_FLAGS);
    }
}

static void random_harvest(uint32_t page, uint32_t count) {
    uint32_t told = 0;
    uint32_t i;
    uint32_t k;

    TRY(AXADDR_OK, harvest(AT(page), count * PAGE, AXADDR_NOTES));
    CHECK(machine.told_count <= TOLD_MAX);
    for (i = page; i < page + count; i++) {
        bool is_told = false;

        for (k = 0; k < machine.told_count && !is_told; k++) {
            is_told = machine.told[k].address <= AT(i) &&
                      AT(i) < machine.told[k].address + machine.told[k].size &&
                      (machine.told[k].notes & AXADDR_DIRTY) != 0;
        }
        CHECK(is_told || !known[i].is_written);
        told += is_told ? 1 : 0;
    }
    for (k = 0; k < machine.told_count; k++) { /* large leaves are told beyond the range, too */
        for (i = 0; i < 4 * LARGE_PAGES; i++) {
            if (machine.told[k].address <= AT(i) &&
                AT(i) < machine.told[k].address + machine.told[k].size) {
                known[i].is_written = false;
            }
        }
    }
    CHECK(told <= count);
}

/** What hardware sets in a leaf at an access; false if it faults. */
static bool hardware_permits(uint64_t gpa, uint32_t access) {
    struct seen at = see(gpa);
    struct page page = see_page(gpa);

    if (!page.is_mapped || (access & ~page.flags) != 0) {
        return false;
    }
    if (format->note_access != 0) {
        return format->note_access(at.entry, at.level, access) == at.entry;
    }
    scribble(&at, at.entry | format->noted); /* read or written: it may always say more */
    return true;
}

/** The guest accesses a byte, and faults until it may, or is told that it may not. */
static void guest_accesses(uint32_t page, uint32_t access) {
    struct known *of = &known[page];
    bool is_permitted = of->flags != 0 && (access & ~of->flags) == 0;
    uint8_t *at;
    int i;

    for (i = 0; !hardware_permits(AT(page), access); i++) {
        CHECK(i < 8);
        fail_in(random_below(4) == 0 ? 1 + random_below(2) : 0, false);
        machine.is_read_only = i < 2 && random_below(2) != 0;
        machine.keeps_frame = random_below(2) != 0;
        faults_begin();
        result = (int)fault(AT(page), access);
        faults_end(result != (int)AXADDR_FAULT_RESOLVED);
        GO_ON();
        if (!is_permitted) {
            CHECK_STR(axaddr_fault_name((enum axaddr_fault)result),
                      of->flags == 0 ? "UNMAPPED" : "DENIED");
            CHECK_EQ(host->op_plan_count, 0);
            return;
        }
        if (result == (int)AXADDR_FAULT_NO_MEMORY) {
            CHECK(host->op_refused > 0 || machine.supplied_count == SUPPLIED_MAX);
            return;
        }
        CHECK_STR(axaddr_fault_name((enum axaddr_fault)result), "RESOLVED");
    }
    CHECK(is_permitted);
    check_audit(); /* hardware has written */
    at = bytes_at(AT(page));
    CHECK((at == 0) == of->is_backed);
    CHECK(at == 0 || (at[0] == of->value && at[PAGE - 1] == of->value));
    if ((access & W) != 0) {
        of->is_written = true;
        of->value = (uint8_t)(1 + random_below(255));
        if (at != 0) {
            at[0] = of->value;
            at[PAGE - 1] = of->value;
        }
    }
}

static void one_step(void) {
    static const uint32_t accesses[] = {R, W, W, X, R | W};
    uint32_t what = random_below(20);
    uint32_t page;
    uint32_t count;

    random_range(&page, &count);
    if (what < 12) {
        guest_accesses(page, accesses[random_below(5)]);
    } else if (what < 14) {
        random_map(page, count);
    } else if (what == 14) {
        TRY(AXADDR_OK, unmap(AT(page), count * PAGE));
        if (result == (int)AXADDR_OK) {
            set_known(page, count, 0, false);
        }
    } else if (what < 17) {
        random_protect(page, count);
    } else if (what == 17) {
        TRY(AXADDR_OK, split(AT(page), count * PAGE));
    } else if (what == 18) {
        TRY(AXADDR_OK, collapse(home, 4 * large));
    } else {
        random_harvest(page, count);
    }
}

static void a_guest_does_as_it_likes(void) {
    uint32_t step;

    memset(known, 0, sizeof(known));
    DO(OK, kind->set_zero_frame(space, axaddr_hpa(machine.zero_frame)));
    for (step = 0; step < STEP_COUNT; step++) {
        snprintf(check_context, sizeof(check_context), "%s, step %u", kind->name, step);
        one_step();
        GO_ON();
    }
}

/** Another seed may be given on the command line. */
int main(int argc, char **argv) {
    seed = argc > 1 ? strtoull(argv[1], 0, 0) : UINT64_C(0x2545f4914f6cdd1d);
    printf("test_guest: seed 0x%" PRIx64 ", %d steps for each format\n", seed, STEP_COUNT);
    EACH(a_guest_does_as_it_likes);
    return check_report("test_guest");
}
