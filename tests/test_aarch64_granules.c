/* SPDX-License-Identifier: MIT
 *
 * test_aarch64_granules.c: spaces and tables with the 16 KiB and 64 KiB granules of AArch64, whose
 * frames are as large, and with 52 bits of address in all granules: random edits against a model of
 * single pages, the tables being read by the regimes of sim_machines.h. And the agreement of these
 * regimes with the formats, entry by entry (test_sim_machines.c does that for other 4 KiB pages).
 */
#include "../axaddr.h"
#include "../axaddr_arch/aarch64_52.h"
#include "../axaddr_arch/aarch64_stage1.h"
#include "check.h"
#include "sim_machines.h"
#include "spaces.h"

#define SEED        UINT64_C(0x2545f4914f6cdd1d)
#define ROUNDS      400
#define FRAME_MAX   192
#define BASE        UINT64_C(0x0000900000000000)
#define BASE_52     UINT64_C(0x000a900000000000) /* of formats that reach as far */
#define LINEAR      UINT64_C(0x0000400000000000)
#define WINDOW_SPAN 2 /* blocks of level 1 that the model has pages for */

static uint64_t random_state;

static uint64_t random_below(uint64_t limit) {
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return (random_state >> 11) % limit;
}

/* ---- memory: frames of one granule ---- */

static struct {
    unsigned page_shift;
    uint64_t base;
    uint8_t *bytes;
    bool is_used[FRAME_MAX];
    unsigned used_count;
    bool has_misuse;
} memory;

static uint64_t page_size(void) {
    return UINT64_C(1) << memory.page_shift;
}

static bool take_block(void *ctx, unsigned order, axaddr_hpa_t *block) {
    unsigned count = 1u << order;
    unsigned first;
    unsigned i;

    (void)ctx;
    for (first = 0; first < FRAME_MAX; first += count) {
        for (i = 0; i < count && !memory.is_used[first + i]; i++) {
        }
        if (i == count) {
            memset(&memory.is_used[first], true, count);
            memset(memory.bytes + first * page_size(), 0xaa, count * page_size());
            memory.used_count += count;
            *block = axaddr_hpa(memory.base + first * page_size());
            return true;
        }
    }
    return false;
}

static bool take_frame(void *ctx, axaddr_hpa_t *frame) {
    return take_block(ctx, 0, frame);
}

/** The number of a frame that is in use, or FRAME_MAX with a note that it is not. */
static unsigned frame_number(uint64_t frame) {
    uint64_t number = (frame - memory.base) >> memory.page_shift;

    if (frame < memory.base || number >= FRAME_MAX || !memory.is_used[number]) {
        memory.has_misuse = true;
        return FRAME_MAX;
    }
    return (unsigned)number;
}

static void give_frame(void *ctx, axaddr_hpa_t frame) {
    unsigned number = frame_number(frame.raw);

    (void)ctx;
    if (number < FRAME_MAX) {
        memory.is_used[number] = false;
        memory.used_count--;
    }
}

static void give_block(void *ctx, unsigned order, axaddr_hpa_t block) {
    unsigned i;

    for (i = 0; i < 1u << order; i++) {
        give_frame(ctx, axaddr_hpa(block.raw + i * page_size()));
    }
}

static void *see_frame(void *ctx, axaddr_hpa_t frame) {
    (void)ctx;
    return memory.bytes + (frame.raw - memory.base);
}

static void forget(void *ctx, const struct axaddr_flush *plan) {
    unsigned i;

    (void)ctx;
    for (i = 0; i < plan->range_count; i++) {
        const struct axaddr_flush_range *range = &plan->ranges[i];
        if (((range->first | (range->last + 1)) & (page_size() - 1)) != 0 ||
            range->stride_shift < memory.page_shift) {
            memory.has_misuse = true;
        }
    }
}

static const struct axaddr_hal granule_hal = {
    .alloc_frame = take_frame,
    .free_frame = give_frame,
    .frame_at = see_frame,
    .flush_tlb = forget,
    .alloc_block = take_block,
    .free_block = give_block,
};

SPACE_KIND_IN(space_16k_40, axaddr_aarch64_stage2_16k_40, granule_hal, 0)
SPACE_KIND_IN(space_16k_48, axaddr_aarch64_stage2_16k_48, granule_hal, 0)
SPACE_KIND_IN(space_64k_40, axaddr_aarch64_stage2_64k_40, granule_hal, 0)
SPACE_KIND_IN(space_64k_48, axaddr_aarch64_stage2_64k_48, granule_hal, 0)
SPACE_KIND_IN(space_el1_16k, axaddr_aarch64_el1_16k, granule_hal, 0)
SPACE_KIND_IN(space_el2_64k, axaddr_aarch64_el2_64k, granule_hal, 0)
SPACE_KIND_IN(space_52, axaddr_aarch64_stage2_52, granule_hal, 0)
SPACE_KIND_IN(space_16k_52, axaddr_aarch64_stage2_16k_52, granule_hal, 0)
SPACE_KIND_IN(space_64k_52, axaddr_aarch64_stage2_64k_52, granule_hal, 0)
SPACE_KIND_IN(space_el1_52, axaddr_aarch64_el1_52, granule_hal, 0)

static const struct space_ops *const kinds[] = {
    &space_16k_40_ops,  &space_16k_48_ops, &space_64k_40_ops, &space_64k_48_ops, &space_el1_16k_ops,
    &space_el2_64k_ops, &space_52_ops,     &space_16k_52_ops, &space_64k_52_ops, &space_el1_52_ops,
};

/** What the case is about. */
static const struct space_ops *kind;
static const struct axaddr_format *format;
static const struct sim_regime *regime;
static void *space;

/* ---- the model: what each page of a window at the end of the space should be ---- */

struct page {
    uint64_t hpa; /* 0: not mapped */
    uint32_t flags;
};

static struct page *pages;
static uint64_t page_count;
static uint64_t window; /* its first address */

static const uint32_t flag_choices[] = {
    AXADDR_READ,
    AXADDR_READ | AXADDR_WRITE,
    AXADDR_READ | AXADDR_WRITE | AXADDR_EXECUTE,
    AXADDR_READ | AXADDR_WRITE | AXADDR_DEVICE,
    AXADDR_READ | AXADDR_UNCACHED,
};
#define FLAG_CHOICES (sizeof flag_choices / sizeof flag_choices[0])

/** How many pages of [first, first + count) are mapped. */
static uint64_t mapped_count(uint64_t first, uint64_t count) {
    uint64_t mapped = 0;
    uint64_t i;

    for (i = first; i < first + count; i++) {
        mapped += pages[i].hpa != 0;
    }
    return mapped;
}

/* ---- hardware: the tables as the regime reads them ---- */

struct found {
    struct sim_entry said;
    unsigned level;
    const uint64_t *table; /* of the deciding entry */
    uint32_t index;
};

static void walk(uint64_t address, struct found *found) {
    uint64_t table = kind->root(space);
    unsigned level = regime->level_count - 1;

    for (;; level--) {
        uint32_t index = sim_index(regime, level, address);
        uint64_t frame = table + ((uint64_t)index * 8 & ~(page_size() - 1));

        found->level = level;
        found->index = index;
        found->said = sim_broken("a table that is not in use");
        CHECK(frame_number(frame) < FRAME_MAX);
        found->table = (const uint64_t *)see_frame(0, axaddr_hpa(table));
        found->said = regime->decode(found->table[index], level);
        if (found->said.kind != SIM_TABLE) {
            return;
        }
        table = found->said.frame;
    }
}

/** Where entries of the format may have an address. */
static uint64_t address_bits(void) {
    return format->output_width == 48 ? UINT64_C(0x0000fffffffff000)
           : memory.page_shift == 16  ? UINT64_C(0x0000fffffffff000)
                                      : UINT64_C(0x0003fffffffff300);
}

/** A leaf with the contiguous bit (52) is one of a whole, aligned run of leaves that are alike. */
static void run_is_whole(const struct found *found) {
    uint32_t count = memory.page_shift == 12   ? 16 /* D8.7.1 */
                     : memory.page_shift == 14 ? 128
                                               : 32;
    uint64_t size = UINT64_C(1) << regime->shift[found->level];
    uint32_t first = found->index & ~(count - 1);
    uint64_t first_frame;
    uint32_t i;

    if ((found->table[found->index] >> 52 & 1) == 0) {
        return;
    }
    first_frame = regime->decode(found->table[first] & ~SIM_BIT(52), found->level).frame;
    CHECK(memory.page_shift != 14 || found->level == 0);
    CHECK_EQ(first_frame & (count * size - 1), 0);
    for (i = 0; i < count; i++) {
        uint64_t entry = found->table[first + i];
        CHECK_EQ((entry ^ found->table[first]) & ~address_bits(), 0);
        CHECK_EQ(regime->decode(entry & ~SIM_BIT(52), found->level).frame, first_frame + i * size);
    }
}

static unsigned runs_seen;
static unsigned blocks_seen;

static void page_is_right(uint64_t i) {
    uint64_t address = window + i * page_size();
    struct axaddr_mapping mapping;
    struct found found;

    walk(address, &found);
    if (pages[i].hpa == 0) {
        CHECK_EQ(found.said.kind, SIM_ABSENT);
        CHECK_EQ(kind->query(space, address, &mapping), AXADDR_NOT_MAPPED);
        return;
    }
    CHECK_EQ(found.said.kind, SIM_LEAF);
    CHECK_EQ(found.said.frame |
                 (address & sim_low_bits(sim_leaf_shift(regime, &found.said, found.level))),
             pages[i].hpa);
    CHECK_EQ(found.said.rights, pages[i].flags & SIM_RIGHTS);
    CHECK_EQ(found.said.type, sim_type_of(regime, pages[i].flags));
    CHECK_EQ(kind->query(space, address + 0x123, &mapping), AXADDR_OK);
    CHECK_EQ(mapping.hpa.raw, pages[i].hpa + 0x123);
    CHECK_EQ(mapping.flags, pages[i].flags);
    CHECK_EQ(mapping.size, UINT64_C(1) << regime->shift[found.level]);
    run_is_whole(&found);
    runs_seen += (found.table[found.index] >> 52 & 1) != 0;
    blocks_seen += found.level > 0;
}

/* ---- edits ---- */

static bool is_52(void) {
    return format->output_width == 52;
}

/** With 52 bits the second block begins where the address has a carry across its cut. */
static uint64_t linear(void) {
    return is_52() ? (UINT64_C(1) << 51) - (UINT64_C(1) << format->shift[1]) : LINEAR;
}

static void begin(void) {
    uint64_t width = UINT64_C(1) << format->input_width;

    memory.page_shift = format->shift[0];
    memory.base = is_52() ? BASE_52 : BASE;
    memory.bytes =
        (uint8_t *)aligned_alloc((size_t)16 << 14, (size_t)FRAME_MAX << format->shift[0]);
    memset(memory.is_used, false, sizeof memory.is_used);
    memory.used_count = 0;
    memory.has_misuse = false;
    page_count = (uint64_t)WINDOW_SPAN << format->index_bits[0];
    pages = (struct page *)calloc(page_count, sizeof *pages);
    window = width - page_count * page_size();
    space = calloc(1, kind->size);
    random_state = SEED;
    runs_seen = 0;
    blocks_seen = 0;
    CHECK_EQ(kind->init(space, 0, 0, width), AXADDR_OK);
}

static void end(void) {
    kind->destroy(space);
    free(space);
    free(pages);
    free(memory.bytes);
    CHECK_EQ(memory.used_count, 0);
    CHECK(!memory.has_misuse);
}

static void map_some(uint64_t first, uint64_t count) {
    uint32_t flags = flag_choices[random_below(FLAG_CHOICES)];
    /* Mostly as blocks and runs want it; else a page off. */
    uint64_t hpa = linear() + (first + (random_below(4) == 0)) * page_size();
    bool is_free = mapped_count(first, count) == 0;
    uint64_t i;

    CHECK_EQ(kind->map_linear(space, window + first * page_size(), hpa, count * page_size(), flags),
             is_free ? AXADDR_OK : AXADDR_EXISTS);
    for (i = 0; is_free && i < count; i++) {
        pages[first + i].hpa = hpa + i * page_size();
        pages[first + i].flags = flags;
    }
}

static void protect_some(uint64_t first, uint64_t count) {
    uint32_t flags = flag_choices[random_below(FLAG_CHOICES)];
    bool is_full = mapped_count(first, count) == count;
    uint64_t i;

    CHECK_EQ(kind->protect(space, window + first * page_size(), count * page_size(), flags),
             is_full ? AXADDR_OK : AXADDR_NOT_MAPPED);
    for (i = first; is_full && i < first + count; i++) {
        pages[i].flags = flags;
    }
}

static void unmap_some(uint64_t first, uint64_t count) {
    CHECK_EQ(kind->unmap(space, window + first * page_size(), count * page_size()), AXADDR_OK);
    memset(&pages[first], 0, count * sizeof *pages);
}

static void random_edit(void) {
    uint64_t block = page_count / WINDOW_SPAN;
    uint64_t count = random_below(3) == 0   ? block
                     : random_below(2) == 0 ? 1 + random_below(block / 2)
                                            : 1 + random_below(40);
    uint64_t first =
        count == block ? random_below(WINDOW_SPAN) * block : random_below(page_count - count + 1);

    switch (random_below(4)) {
    case 0:
        unmap_some(first, count);
        break;
    case 1:
        protect_some(first, count);
        break;
    default:
        map_some(first, count);
        break;
    }
}

/** The model, hardware and query agree after each edit at some pages, in the end at all. */
static void random_edits_agree(void) {
    unsigned round;
    unsigned look;
    uint64_t i;

    begin();
    for (round = 0; round < ROUNDS && !check_case_failed; round++) {
        random_edit();
        for (look = 0; look < 24 && !check_case_failed; look++) {
            page_is_right(random_below(page_count));
        }
        page_is_right(page_count - 1);
    }
    for (i = 0; i < page_count && !check_case_failed; i++) {
        page_is_right(i);
    }
    end();
    CHECK(runs_seen > 100);
    CHECK(blocks_seen > 100);
}

/** Addresses and sizes that are not aligned to a granule, or are outside, are INVALID. */
static void only_whole_granules(void) {
    uint32_t flags = AXADDR_READ;
    uint64_t width = UINT64_C(1) << format->input_width;
    uint64_t part = UINT64_C(1) << (format->shift[0] > 12 ? 12 : 11);

    begin();
    CHECK_EQ(kind->map_linear(space, part, LINEAR, page_size(), flags), AXADDR_INVALID);
    CHECK_EQ(kind->map_linear(space, 0, LINEAR + part, page_size(), flags), AXADDR_INVALID);
    CHECK_EQ(kind->map_linear(space, 0, LINEAR, part, flags), AXADDR_INVALID);
    CHECK_EQ(kind->map_linear(space, width, LINEAR, page_size(), flags), AXADDR_INVALID);
    CHECK_EQ(kind->map_linear(space, 0, UINT64_C(1) << format->output_width, page_size(), flags),
             AXADDR_INVALID);
    CHECK_EQ(kind->unmap(space, 0, part), AXADDR_INVALID);
    CHECK_EQ(kind->map_linear(space, 0, LINEAR, page_size(), flags), AXADDR_OK);
    CHECK_EQ(kind->unmap(space, 0, page_size()), AXADDR_OK);
    end();
}

/** A fault gives one whole granule, zeroed; unmap gives it back. */
static void faults_populate_a_granule(void) {
    uint32_t flags = AXADDR_READ | AXADDR_WRITE;
    uint64_t at = window;
    struct found found;
    unsigned before;
    uint64_t i;

    begin();
    at = window + 5 * page_size();
    before = memory.used_count;
    CHECK_EQ(kind->map_alloc(space, window, page_size() * page_count, flags, AXADDR_LAZY),
             AXADDR_OK);
    CHECK_EQ(kind->handle_fault(space, at + page_size() - 1, AXADDR_WRITE), AXADDR_FAULT_RESOLVED);
    CHECK_EQ(kind->handle_fault(space, at, AXADDR_READ), AXADDR_FAULT_SPURIOUS);
    walk(at, &found);
    CHECK_EQ(found.said.kind, SIM_LEAF);
    CHECK_EQ(found.level, 0);
    CHECK(frame_number(found.said.frame) < FRAME_MAX);
    for (i = 0; i < page_size(); i++) {
        CHECK_EQ(((uint8_t *)see_frame(0, axaddr_hpa(found.said.frame)))[i], 0);
    }
    walk(at + page_size(), &found);
    CHECK_EQ(found.said.kind, SIM_ABSENT);
    CHECK_EQ(kind->unmap(space, window, page_size() * page_count), AXADDR_OK);
    CHECK_EQ(memory.used_count, before);
    end();
}

/* ---- entries ---- */

/** A leaf that the format makes is to hardware what was asked for. */
static void leaf_agrees(uint64_t leaf, unsigned level, uint64_t frame, uint32_t flags) {
    struct sim_entry said = regime->decode(leaf, level);

    CHECK_EQ(said.kind, SIM_LEAF);
    CHECK_EQ(said.frame, frame);
    CHECK_EQ(said.rights, flags & SIM_RIGHTS);
    CHECK_EQ(said.type, sim_type_of(regime, flags));
}

static void made_entries_agree(void) {
    unsigned round;
    unsigned level;

    CHECK_EQ(regime->level_count, format->level_count);
    CHECK_EQ(regime->root_order, format->root_order);
    for (level = 0; level < regime->level_count; level++) {
        CHECK_EQ(regime->shift[level], format->shift[level]);
        CHECK_EQ(regime->index_bits[level], format->index_bits[level]);
    }
    random_state = SEED;
    for (round = 0; round < 20000 && !check_case_failed; round++) {
        uint32_t flags = (uint32_t)random_below(AXADDR_MAPPING_FLAGS + 1);
        uint64_t frame = random_below(UINT64_C(1) << format->output_width) >>
                         format->shift[0] << format->shift[0];
        struct sim_entry said;

        level = (unsigned)random_below(format->level_count);
        if (level > 0) {
            said = regime->decode(format->make_table(frame, level), level);
            CHECK_EQ(said.kind, SIM_TABLE);
            CHECK_EQ(said.frame, frame);
        }
        if ((format->leaf_levels >> level & 1) != 0 && axaddr_flags_are_valid(flags) &&
            format->can_hold(flags)) {
            uint64_t leaf;
            frame = frame >> format->shift[level] << format->shift[level];
            leaf = format->make_leaf(frame, level, format->attributes_of(flags, level));
            leaf_agrees(leaf, level, frame, flags);
            if (level > 0) {
                leaf_agrees(format->split_leaf(leaf, level), level - 1, frame, flags);
            }
        }
    }
}

/** Whatever is in an entry, the engine follows no more than hardware does, and sees the same. */
static void arbitrary_entries_agree(void) {
    unsigned leaves = 0;
    unsigned round;

    random_state = SEED;
    for (round = 0; round < 200000 && !check_case_failed; round++) {
        unsigned level = (unsigned)random_below(format->level_count);
        uint64_t entry = random_below(UINT64_C(1) << 53);
        struct sim_entry said;

        /* Few bits above the low ones, or all would be broken. */
        entry &= random_below(UINT64_C(1) << 53) | 0xfff;
        entry &= random_below(UINT64_C(1) << 53) | 0xfff;
        entry = (entry & ~(UINT64_C(0xf) << 12)) | (random_below(2) == 0 ? entry & 0xf000 : 0);
        entry = (entry & ~(UINT64_C(0x3f) << 48)) | random_below(4) << 53;
        said = regime->decode(entry, level);
        switch (format->kind_of(entry, level)) {
        case AXADDR_ENTRY_TABLE:
            CHECK(said.kind == SIM_BROKEN ||
                  (said.kind == SIM_TABLE && said.frame == format->table_of(entry)));
            break;
        case AXADDR_ENTRY_LEAF:
            CHECK(said.kind == SIM_LEAF || said.kind == SIM_BROKEN);
            if (said.kind == SIM_LEAF) {
                leaves++;
                CHECK_EQ(said.frame, format->frame_of(entry, level));
                CHECK_EQ(format->flags_of(entry, level) & AXADDR_ACCESS_FLAGS,
                         said.rights & AXADDR_ACCESS_FLAGS);
            }
            break;
        case AXADDR_ENTRY_ABSENT:
            CHECK(said.kind == SIM_ABSENT || said.kind == SIM_BROKEN);
            break;
        }
    }
    CHECK(leaves > 100);
}

static void each_kind(const char *name, void (*function)(void)) {
    unsigned i;

    for (i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        kind = kinds[i];
        format = kind->format;
        regime = sim_regime_of(format->name);
        check_case_failed = regime == 0;
        snprintf(check_context, sizeof check_context, "%s", format->name);
        if (regime != 0) {
            function();
        }
        check_end_case(name);
    }
}

#define EACH_KIND(function) each_kind(#function, function)

int main(void) {
    printf("test_aarch64_granules: seed 0x%" PRIx64 "\n", SEED);
    EACH_KIND(made_entries_agree);
    EACH_KIND(arbitrary_entries_agree);
    EACH_KIND(only_whole_granules);
    EACH_KIND(faults_populate_a_granule);
    EACH_KIND(random_edits_agree);
    return check_report("test_aarch64_granules");
}
