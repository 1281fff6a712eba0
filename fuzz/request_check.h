/* SPDX-License-Identifier: MIT
 *
 * request_check.h: what a request must come to, by the model of request_world.h; and the comparison
 * of space and model: what callers are told, what hardware finds, the areas, the frames' ledger.
 */
#ifndef AXADDR_FUZZ_REQUEST_CHECK_H
#define AXADDR_FUZZ_REQUEST_CHECK_H

#include "request_world.h"

#include "../tests/area_frames.h"

/* ---- what a request comes to ---- */

static bool is_range(uint64_t start, uint64_t size) {
    uint64_t end = start + (size - 1);
    return size != 0 && ((start | size) & (PAGE - 1)) == 0 && end >= start &&
           start >= world.first && end <= world.last;
}

static bool is_output(uint64_t host, uint64_t size) {
    uint64_t end = host + (size - 1);
    return (host & (PAGE - 1)) == 0 && end >= host &&
           end <= axaddr_low_bits(world.kind->format->output_width);
}

static bool is_map(const struct axaddr_request *request) {
    return request->operation <= AXADDR_OP_DEVICE;
}

static bool is_for_spaces(const struct axaddr_request *request) {
    return request->operation >= AXADDR_OP_POPULATE && request->operation <= AXADDR_OP_DEVICE;
}

/** How it is mapped: the bits beside its flags. */
static uint32_t how_of(const struct axaddr_request *request) {
    uint32_t how = request->operation == AXADDR_OP_RESERVE ? AXADDR_SMALL | AXADDR_LAZY_FLAGS
                   : is_map(request) && request->operation != AXADDR_OP_BACKED ? AXADDR_SMALL
                                                                               : 0;
    return request->flags & (how | (is_map(request) ? AXADDR_REPLACE : 0));
}

/** Whether it takes out what is there. */
static bool is_replace(const struct axaddr_request *request) {
    return (how_of(request) & AXADDR_REPLACE) != 0;
}

static bool has_flags(const struct axaddr_request *request) {
    return request->operation <= AXADDR_OP_BACKED || request->operation == AXADDR_OP_PROTECT;
}

static bool are_frames_good(const struct axaddr_request *request) {
    uint64_t i;
    if (request->operation == AXADDR_OP_LINEAR) {
        return is_output(request->host, request->size);
    }
    if (request->operation != AXADDR_OP_FRAMES) {
        return true;
    }
    for (i = 0; request->frames != 0 && i < request->size / PAGE; i++) {
        if (!is_output(request->frames[i], PAGE)) {
            return false;
        }
    }
    return request->frames != 0;
}

/** What its arguments alone come to: INVALID before UNSUPPORTED. */
static enum axaddr_status expect_arguments(const struct axaddr_request *request) {
    uint32_t how = how_of(request);
    bool has_cookie =
        request->operation == AXADDR_OP_DEVICE || request->operation == AXADDR_OP_BACKED;

    if (request->operation > AXADDR_OP_LABEL || !is_range(request->start, request->size)) {
        return AXADDR_INVALID;
    }
    if (!are_frames_good(request) || (has_cookie && request->cookie > AXADDR_COOKIE_MAX) ||
        (has_flags(request) && !axaddr_flags_are_valid(request->flags & ~how)) ||
        (how & (AXADDR_SMALL | AXADDR_LARGE)) == (AXADDR_SMALL | AXADDR_LARGE) ||
        ((how & AXADDR_ZERO_PAGE) != 0 && (request->flags & AXADDR_READ) == 0) ||
        (request->operation == AXADDR_OP_HARVEST &&
         (request->flags == 0 || (request->flags & ~AXADDR_NOTES) != 0))) {
        return AXADDR_INVALID;
    }
    if ((world.kind->is_table &&
         (is_for_spaces(request) || request->operation == AXADDR_OP_LABEL)) ||
        (has_flags(request) && !world.kind->format->can_hold(request->flags & ~how)) ||
        ((how & AXADDR_ZERO_PAGE) != 0 && !world.has_zero_frame)) {
        return AXADDR_UNSUPPORTED;
    }
    return AXADDR_OK;
}

/** What it comes to, but for memory. Ranges that are good lie in the window. */
static enum axaddr_status expect(const struct axaddr_request *request) {
    enum axaddr_status status = expect_arguments(request);
    uint32_t page = page_of(request->start);
    uint32_t end = page + (uint32_t)(request->size / PAGE);
    bool has_hole = false;
    bool has_device = false;
    bool has_any = false;

    if (status != AXADDR_OK) {
        return status;
    }
    FUZZ_CHECK(end <= world.page_count);
    for (; page < end; page++) {
        has_hole = has_hole || world.pages[page].kind == FREE;
        has_device = has_device || world.pages[page].kind == AXADDR_AREA_DEVICE;
        has_any = has_any || world.pages[page].kind != FREE;
    }
    if (is_map(request)) {
        return has_any && !is_replace(request) ? AXADDR_EXISTS : AXADDR_OK;
    }
    if (request->operation == AXADDR_OP_LABEL) {
        return has_hole ? AXADDR_NOT_MAPPED : AXADDR_OK;
    }
    if (request->operation == AXADDR_OP_PROTECT) {
        return has_hole ? AXADDR_NOT_MAPPED : has_device ? AXADDR_DENIED : AXADDR_OK;
    }
    return AXADDR_OK;
}

/* ---- doing it to the model ---- */

static void page_map(struct page *page, const struct axaddr_request *request, uint32_t index) {
    static const int area_kinds[] = {AXADDR_AREA_LINEAR, AXADDR_AREA_FRAMES, AXADDR_AREA_ALLOC,
                                     AXADDR_AREA_ALLOC,  AXADDR_AREA_BACKED, AXADDR_AREA_DEVICE};

    memset(page, 0, sizeof(*page));
    page->kind = area_kinds[request->operation];
    page->hpa = UNKNOWN;
    page->name = request->name;
    page->tag = request->tag;
    if (request->operation == AXADDR_OP_DEVICE || request->operation == AXADDR_OP_BACKED) {
        page->cookie = request->cookie;
    }
    if (request->operation != AXADDR_OP_DEVICE) {
        page->flags = request->flags & ~(AXADDR_SMALL | AXADDR_REPLACE);
    }
    page->is_mapped = request->operation <= AXADDR_OP_POPULATE;
    page->leaf_flags = page->flags;
    if (request->operation == AXADDR_OP_LINEAR) {
        page->hpa = request->host + index * PAGE;
    } else if (request->operation == AXADDR_OP_FRAMES) {
        page->hpa = request->frames[index];
    }
}

/** Whether a page was made read-only by a break: it may be, where a fault gives WRITE again. */
static bool is_taken_back(const struct page *page, uint32_t index, uint32_t flags) {
    const struct axaddr_format *format = world.kind->format;
    struct axaddr_mapping mapping;

    if (!page->is_mapped || format->needs_break == 0 ||
        !format->needs_break(
            format->make_leaf(page->hpa, 0, format->attributes_of(page->leaf_flags, 0)),
            format->make_leaf(page->hpa, 0, format->attributes_of(flags, 0)), 0)) {
        return false;
    }
    return world.kind->query(world.space, address_of(index), &mapping) == AXADDR_OK &&
           (mapping.flags & AXADDR_WRITE) == 0;
}

static void page_protect(struct page *page, uint32_t index, uint32_t flags) {
    bool stays_read_only = is_upgraded(page) && ((page->leaf_flags & AXADDR_WRITE) == 0 ||
                                                 is_taken_back(page, index, flags));

    page->flags = flags | (page->flags & AXADDR_LAZY_FLAGS);
    page->leaf_flags = stays_read_only ? flags & ~AXADDR_WRITE : flags;
}

/** Do the first `size` bytes of a request that has succeeded. */
static void apply(const struct axaddr_request *request, uint64_t size) {
    uint32_t first = page_of(request->start);
    uint32_t i;

    for (i = 0; i < size / PAGE; i++) {
        struct page *page = &world.pages[first + i];
        if (is_map(request)) {
            page_map(page, request, i);
        } else if (request->operation == AXADDR_OP_UNMAP) {
            memset(page, 0, sizeof(*page));
            page->kind = FREE;
        } else if (request->operation == AXADDR_OP_PROTECT) {
            page_protect(page, first + i, request->flags);
        } else if (request->operation == AXADDR_OP_HARVEST) {
            page->notes &= ~request->flags;
        } else if (request->operation == AXADDR_OP_LABEL) {
            page->name = request->name;
            page->tag = request->tag;
        }
    }
}

/* ---- the whole table ---- */

struct audit {
    uint64_t hash; /**< of all entries, but for what hardware notes at any time */
    uint64_t table_count;
    uint64_t leaf_count[AXADDR_LEVEL_MAX];
    bool has_entries[AXADDR_LEVEL_MAX];
};

static struct audit audit;

/** An entry without what hardware may note in it. */
static uint64_t without_notes(const struct mmu *mmu, const struct mmu_entry *at) {
    const struct sim_regime *regime = &world.regime;

    switch (mmu->format->kind_of(at->entry, at->level)) {
    case AXADDR_ENTRY_LEAF:
        return at->entry & ~(regime->accessed | regime->dirty);
    case AXADDR_ENTRY_TABLE:
        return at->entry & ~(regime->has_table_accessed ? regime->accessed : 0);
    case AXADDR_ENTRY_ABSENT:
        break;
    }
    return at->entry;
}

static void audit_frame(uint64_t frame, const struct mmu_entry *at, bool is_table) {
    const struct host_frame *known = host_used_frame(&world.host, frame);
    if (known != 0) {
        FUZZ_CHECK(!known->is_live); /* it is reached twice */
        host_set_live(&world.host, frame, at->first + world.sim.high, at->last + world.sim.high,
                      is_table);
    }
}

/** The frames of a leaf that are the arena's. */
static void audit_leaf(const struct mmu *mmu, const struct mmu_entry *at) {
    uint64_t frame = mmu->format->frame_of(mmu_plain(mmu, at), at->level);
    struct mmu_entry part = *at;
    uint64_t offset;

    audit.leaf_count[at->level]++;
    if (host_used_frame(&world.host, frame) == 0) {
        return;
    }
    for (offset = 0; offset <= at->last - at->first; offset += PAGE) {
        part.first = at->first + offset;
        part.last = part.first + (PAGE - 1);
        audit_frame(frame + offset, &part, false);
    }
}

static void audit_entry(void *argument, const struct mmu *mmu, const struct mmu_entry *at) {
    const struct axaddr_format *format = mmu->format;
    enum axaddr_entry_kind kind = format->kind_of(at->entry, at->level);

    (void)argument;
    audit.hash = (audit.hash ^ without_notes(mmu, at)) * UINT64_C(0x100000001b3);
    audit.hash = (audit.hash ^ at->first ^ at->last ^ at->level) * UINT64_C(0x100000001b3);
    if (at->index == 0) {
        audit.has_entries[at->level] = false;
    }
    if (at->entry != format->empty) {
        audit.has_entries[at->level] = true;
    }
    if (at->index + at->count == UINT32_C(1) << format->index_bits[at->level] &&
        at->level + 1u < format->level_count) {
        FUZZ_CHECK(audit.has_entries[at->level]); /* a table without entries is freed */
    }
    if (kind == AXADDR_ENTRY_TABLE) {
        audit.table_count++;
        audit_frame(format->table_of(at->entry), at, true);
    } else if (kind == AXADDR_ENTRY_LEAF) {
        audit_leaf(mmu, at);
    } else {
        FUZZ_CHECK(!axaddr_absent_is_parked(format->absent_kind(at->entry)));
    }
}

/** Walk all of it; also tells the ledger what hardware can reach from now on. */
static void audit_table(void) {
    uint64_t i;

    memset(&audit, 0, sizeof(audit));
    audit.table_count = UINT64_C(1) << world.kind->format->root_order;
    host_clear_live(&world.host);
    for (i = 0; i < audit.table_count; i++) {
        host_set_live(&world.host, world.mmu.root + i * PAGE, world.first, world.last, true);
    }
    mmu_visit(&world.mmu, audit_entry, 0);
}

/* ---- pages ---- */

/** What hardware finds, by tests/sim_machines.h. A write that is to be noted may be withheld. */
static void compare_hardware(const struct page *page, uint64_t address, uint32_t notes) {
    struct sim_translation found = sim_look(&world.sim, address - world.sim.high, SIM_NOW);
    uint32_t rights = page->leaf_flags & SIM_RIGHTS;

    FUZZ_EQ(found.is_mapped, page->is_mapped);
    if (!page->is_mapped) {
        return;
    }
    if (world.regime.dirty == 0 && (notes & AXADDR_DIRTY) == 0 &&
        world.kind->format->note_access != 0) {
        rights &= ~AXADDR_WRITE;
    }
    FUZZ_EQ(found.output, page->hpa);
    FUZZ_EQ(found.rights & ~(rights | AXADDR_WRITE), 0);
    FUZZ_EQ(found.rights & rights, rights);
    FUZZ_CHECK((found.rights & AXADDR_WRITE) == 0 || (page->leaf_flags & AXADDR_WRITE) != 0);
    FUZZ_EQ(found.type, sim_type_of(&world.regime, page->leaf_flags));
}

/** Why a page is not mapped. */
static enum axaddr_absent_kind absent_kind(const struct page *page) {
    return page->kind == FREE                      ? AXADDR_ABSENT_EMPTY
           : page->kind == AXADDR_AREA_DEVICE      ? AXADDR_ABSENT_TRAPPED
           : page->kind == AXADDR_AREA_BACKED      ? AXADDR_ABSENT_BACKED
           : (page->flags & AXADDR_ZERO_PAGE) != 0 ? AXADDR_ABSENT_SPARSE
                                                   : AXADDR_ABSENT_RESERVED;
}

static void compare_absent(const struct page *page, const struct axaddr_mapping *mapping) {
    FUZZ_EQ(mapping->kind, absent_kind(page));
    FUZZ_EQ(mapping->hpa.raw, 0);
    FUZZ_EQ(mapping->notes, 0);
    if (page->kind != FREE) {
        FUZZ_EQ(mapping->flags, page->flags & AXADDR_MAPPING_FLAGS);
        FUZZ_EQ(mapping->cookie, page->cookie);
    }
}

static void compare_page(uint32_t index) {
    const struct page *page = &world.pages[index];
    uint64_t address = address_of(index) + index % PAGE;
    enum axaddr_status expected = page->is_mapped ? AXADDR_OK : AXADDR_NOT_MAPPED;
    struct axaddr_mapping mapping;
    uint64_t hpa = 77;

    memset(&mapping, 0x5a, sizeof(mapping));
    FUZZ_EQ(world.kind->translate(world.space, address, &hpa), expected);
    FUZZ_EQ(world.kind->query(world.space, address, &mapping), expected);
    FUZZ_EQ(hpa, page->is_mapped ? page->hpa + index % PAGE : 77);
    if (!page->is_mapped) {
        compare_absent(page, &mapping);
    } else {
        FUZZ_EQ(mapping.hpa.raw, hpa);
        FUZZ_EQ(mapping.flags, page->leaf_flags & AXADDR_MAPPING_FLAGS);
        FUZZ_EQ(page->notes & ~mapping.notes, 0);
    }
    compare_hardware(page, address_of(index), mapping.notes);
    if (has_own_frame(page)) {
        FUZZ_CHECK(is_signed(page->hpa, address_of(index)));
    }
    if (page->kind == AXADDR_AREA_BACKED) {
        FUZZ_EQ(world.supplied[index][0] + world.supplied[index][1],
                page->is_mapped ? page->hpa : 0);
    }
}

/* ---- areas ---- */

/** Whether a page goes on where the one before it ends, so that they are one area. */
static bool is_continued(uint32_t index) {
    const struct page *page = &world.pages[index];
    return page[0].kind == page[-1].kind && page[0].flags == page[-1].flags &&
           page[0].cookie == page[-1].cookie && page[0].name == page[-1].name &&
           page[0].tag == page[-1].tag &&
           (page[0].kind != AXADDR_AREA_LINEAR || page[0].hpa == page[-1].hpa + PAGE);
}

/** The areas are the longest stretches of pages that are alike. Returns how many there are. */
static uint32_t compare_areas(void) {
    struct axaddr_area area;
    uint32_t count = 0;
    uint32_t index = 0;
    uint32_t end;

    for (; index < world.page_count; index = end) {
        const struct page *page = &world.pages[index];
        for (end = index + 1; end < world.page_count && is_continued(end); end++) {
        }
        if (page->kind == FREE) {
            FUZZ_EQ(world.kind->find_area(world.space, address_of(index), &area),
                    AXADDR_NOT_MAPPED);
            continue;
        }
        count++;
        FUZZ_EQ(world.kind->next_area(world.space, address_of(index) - (index > 0), &area),
                AXADDR_OK);
        if (index > 0 && world.pages[index - 1].kind != FREE) {
            FUZZ_EQ(world.kind->find_area(world.space, address_of(index), &area), AXADDR_OK);
        }
        FUZZ_EQ(area.first, address_of(index));
        FUZZ_EQ(area.last, address_of(end - 1) + (PAGE - 1));
        FUZZ_EQ(area.kind, page->kind);
        FUZZ_EQ(area.flags, page->flags);
        FUZZ_EQ(area.cookie, page->cookie);
        FUZZ_EQ(area.tag, page->tag);
        FUZZ_CHECK(area.name == page->name);
        FUZZ_EQ(area.hpa, page->kind == AXADDR_AREA_LINEAR ? page->hpa : 0);
    }
    if (address_of(world.page_count) != 0 && world.pages[world.page_count - 1].kind == FREE) {
        FUZZ_EQ(world.kind->next_area(world.space, address_of(world.page_count - 1), &area),
                AXADDR_NOT_MAPPED);
    }
    return count;
}

/* ---- all ---- */

static void compare_counts(uint32_t area_count, uint64_t pool_count) {
    uint64_t bytes[3] = {0, 0, 0}; /* mapped, lazy, trapped */
    uint64_t known = audit.table_count + pool_count;
    struct axaddr_stats stats;
    unsigned level;
    uint32_t i;

    for (i = 0; i < world.page_count; i++) {
        const struct page *page = &world.pages[i];
        bytes[0] += page->is_mapped ? PAGE : 0;
        bytes[1] +=
            !page->is_mapped && page->kind != FREE && page->kind != AXADDR_AREA_DEVICE ? PAGE : 0;
        bytes[2] += page->kind == AXADDR_AREA_DEVICE ? PAGE : 0;
        known += has_own_frame(page) || (page->is_mapped && page->kind == AXADDR_AREA_BACKED &&
                                         host_used_frame(&world.host, page->hpa) != 0);
    }
    world.kind->stats(world.space, &stats);
    known += stats.area_frame_count;
    FUZZ_EQ(area_frames_are_right(area_count, stats.area_frame_count), true);
    FUZZ_EQ(stats.table_count, audit.table_count);
    FUZZ_EQ(stats.mapped_bytes, bytes[0]);
    FUZZ_EQ(stats.reserved_bytes, bytes[1]);
    FUZZ_EQ(stats.trapped_bytes, bytes[2]);
    FUZZ_EQ(stats.area_count, area_count);
    for (level = 0; level < world.kind->format->level_count; level++) {
        FUZZ_EQ(stats.leaf_count[level], audit.leaf_count[level]);
    }
    FUZZ_EQ(world.host.used_count, known);
}

static void check_host(void) {
    if (host_error(&world.host)[0] != '\0') {
        fuzz_fail(__FILE__, __LINE__, host_error(&world.host), 0, 0);
    }
}

/** Compare everything; of the pages, [from, to] and each eighth of the others. */
static void compare(uint32_t from, uint32_t to, uint64_t pool_count) {
    uint32_t area_count = 0;
    uint32_t i;

    check_host();
    audit_table();
    for (i = 0; i < world.page_count; i++) {
        if ((i >= from && i <= to) || i % 8 == world.host.operation % 8) {
            compare_page(i);
        }
    }
    if (!world.kind->is_table) {
        area_count = compare_areas();
    }
    compare_counts(area_count, pool_count);
    check_host();
}

#endif /* AXADDR_FUZZ_REQUEST_CHECK_H */
