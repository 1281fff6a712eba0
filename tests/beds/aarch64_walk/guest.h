/* SPDX-License-Identifier: MIT
 *
 * guest.h: the space of the bed, and a guest above it with tables at random: of its accesses
 * machine.c asks the machine.
 */
#ifndef BED_AARCH64_WALK_GUEST_H
#define BED_AARCH64_WALK_GUEST_H

#include "../aarch64.h"
#include "axaddr_arch/aarch64_guest.h"

/* ---- the space ---- */

static inline bool take_frame(void *ctx, axaddr_hpa_t *frame) {
    uint64_t taken = 0;
    bool is_taken = bed_take(0, &taken);

    (void)ctx;
    *frame = axaddr_hpa(taken);
    return is_taken;
}

static inline void give_frame(void *ctx, axaddr_hpa_t frame) {
    (void)ctx;
    bed_give(0, frame.raw);
}

static inline bool take_block(void *ctx, unsigned order, axaddr_hpa_t *block) {
    uint64_t taken = 0;
    bool is_taken = bed_take(order, &taken);

    (void)ctx;
    *block = axaddr_hpa(taken);
    return is_taken;
}

static inline void give_block(void *ctx, unsigned order, axaddr_hpa_t block) {
    (void)ctx;
    bed_give(order, block.raw);
}

static inline void *frame_at(void *ctx, axaddr_hpa_t frame) {
    (void)ctx;
    return bed_at(frame.raw);
}

static inline void flush_tlb(void *ctx, const struct axaddr_flush *plan) {
    (void)ctx;
    (void)plan; /* everything is forgotten before each access */
}

static const struct axaddr_hal walk_hal = {
    .alloc_frame = take_frame,
    .free_frame = give_frame,
    .frame_at = frame_at,
    .flush_tlb = flush_tlb,
    .alloc_block = take_block,
    .free_block = give_block,
};

AXADDR_DEFINE_VM(vm, BED_FORMAT, walk_hal);
AXADDR_DEFINE_GUEST_WALK(vm_guest, vm, axaddr_aarch64_guest);

static struct vm space;

/*
 * Guest-physical memory: SMALL, 512 pages of 64 frames, of which 16 in turn are mapped as kinds[]
 * says, and the first 32 frames have the guest's tables (two of 64 KiB); LARGE to LARGE + 6 MiB,
 * large leaves.
 */
#define SMALL     UINT64_C(0x80000000)
#define LARGE     UINT64_C(0x80200000)
#define SMALL_HPA AARCH64_PROBE
#define LARGE_HPA (AARCH64_PROBE + UINT64_C(0x200000))
#define FRAMES    64u
#define TABLES    32u
#define PAGE      UINT64_C(0x1000)
#define SIZE_2M   UINT64_C(0x200000)

static void must(enum axaddr_status status) {
    if (status != AXADDR_OK) {
        bed_stop("the space cannot be made", (uint64_t)status);
    }
}

static void make_space(void) {
    static const uint32_t kinds[16] = {7, 7, 7, 7, 7, 3, 3, 7, 1, 4, 5, 7, 3, 2, 6, 0};
    static const uint32_t large[3] = {7, 1, 2};
    unsigned i;

    must(vm_init(&space, 0, axaddr_gpa(0), UINT64_C(1) << 40));
    for (i = 0; i < 512; i++) {
        if (kinds[i % 16] != 0) {
            must(vm_map_linear(&space, axaddr_gpa(SMALL + i * PAGE),
                               axaddr_hpa(SMALL_HPA + i % FRAMES * PAGE), PAGE, kinds[i % 16]));
        }
    }
    for (i = 0; i < 3; i++) {
        must(vm_map_linear(&space, axaddr_gpa(LARGE + i * SIZE_2M),
                           axaddr_hpa(LARGE_HPA + i * SIZE_2M), SIZE_2M, large[i]));
    }
}

/** What is in memory: each word its own address, as an entry not valid, also if big-endian. */
static void fill_memory(void) {
    uint64_t hpa;

    for (hpa = SMALL_HPA; hpa < LARGE_HPA + 3 * SIZE_2M; hpa += 8) {
        *(volatile uint64_t *)bed_at(hpa) = hpa;
    }
}

/* ---- a guest at random ---- */

static uint64_t random_state = UINT64_C(0x9e3779b97f4a7c15);

static uint64_t random_word(void) {
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return random_state * UINT64_C(0x2545f4914f6cdd1d);
}

static unsigned below(unsigned count) {
    return (unsigned)(random_word() >> 40) % count;
}

/** Bits of `from`, each with a chance of one in 1 << rare. */
static uint64_t some_bits(uint64_t from, unsigned rare) {
    while (rare-- > 0) {
        from &= random_word();
    }
    return from;
}

static struct axaddr_aarch64_guest_regime regime;
static uint64_t address;
static bool is_tame;        /**< this guest makes few mistakes */
static unsigned page_shift; /**< of the half that the address is in */
static unsigned width;      /**< 64 less its TxSZ */
static unsigned path_count;
static volatile uint64_t *path[5]; /**< the entries on the way, as far as they are in memory */
static uint64_t path_before[5];
static uint64_t path_after[5];

/** A guest-physical page: mostly one of the tables', also where they are not to be read. */
static uint64_t some_table(void) {
    uint64_t table;

    switch (below(is_tame ? 200 : 24)) {
    case 0:
        return random_word() & UINT64_C(0x0000fffffffff000);
    case 1:
        return SMALL + below(512) * PAGE;
    case 2:
        return LARGE + below(3) * SIZE_2M + below(512) * PAGE;
    default:
        table = below(TABLES);
        table = is_tame && below(4) != 0 ? table & ~UINT64_C(8) : table;
        return (SMALL + (below(8) * FRAMES + table) * PAGE) & (~UINT64_C(0) << page_shift);
    }
}

static uint64_t some_page(void) {
    return below(is_tame ? 200 : 16) == 0 ? random_word() & UINT64_C(0x0000fffffffff000)
                                          : SMALL + below(4) * SIZE_2M + below(512) * PAGE;
}

#define DESCRIPTOR_ATTRIBUTES UINT64_C(0x78000000000008dc) /* tables': 62:59; leaves' low ones */
#define DESCRIPTOR_HIGH       UINT64_C(0x0078000000000000) /* DBM, contiguous, PXN, UXN */

/** All combinations of AP, the memory types, nG; AF mostly set; some of the upper bits. */
static uint64_t some_leaf(unsigned level) {
    uint64_t page = some_page();
    uint64_t entry = 1 | (below(is_tame ? 64 : 4) != 0 ? AXADDR_AARCH64_AF : 0);

    page &= ~axaddr_low_bits(page_shift);
    if (below(6) != 0) {
        page &= ~axaddr_low_bits(axaddr_aarch64_level_shift(page_shift, level));
    }
    entry |= page | (random_word() & UINT64_C(0x8dc)) | some_bits(DESCRIPTOR_HIGH, 2);
    if ((regime.tcr_el1 & AXADDR_AARCH64_GUEST_DS) == 0 || below(16) == 0) {
        entry |= random_word() & AXADDR_AARCH64_SH;
    }
    return level == 0 && below(32) != 0 ? entry | AXADDR_AARCH64_TABLE_OR_PAGE : entry;
}

static uint64_t some_entry(unsigned level) {
    uint64_t entry;

    if (level > 0 && below(level > 2 ? 12 : 6) != 0) {
        entry = some_table() | 3 | some_bits(AXADDR_AARCH64_TABLE_RIGHTS, is_tame ? 4 : 2);
        if (below(32) == 0) {
            entry ^= UINT64_C(1) << below(12);
        }
    } else {
        entry = some_leaf(level);
    }
    if (!is_tame && below(16) == 0) {
        entry ^= UINT64_C(1) << below(64);
    }
    if (below(16) == 0 && (regime.tcr_el1 >> AXADDR_AARCH64_GUEST_IPS_SHIFT & 7) >= 6) {
        entry |= random_word() & (page_shift == 16 ? UINT64_C(0xf000) : UINT64_C(3) << 48);
    }
    return below(32) == 0 ? entry & ~UINT64_C(1) : entry;
}

/** TxSZ: mostly one that there is; 12 to 15 are for 52 bits, 40 and more for FEAT_TTST. */
static uint64_t some_size(void) {
    switch (below(16)) {
    case 0:
        return below(64);
    case 1:
        return 12 + below(4);
    case 2:
        return 40 + below(9);
    default:
        return 16 + below(24);
    }
}

#define TCR_RARE                                                                                   \
    (UINT64_C(1) << 7 | UINT64_C(1) << 23 | UINT64_C(3) << 41 |                                    \
     UINT64_C(3) << 55) /* EPD, HPD, E0PD */
#define TCR_OFTEN                                                                                  \
    (UINT64_C(3) << 37 | UINT64_C(3) << 51 | AXADDR_AARCH64_GUEST_HA | AXADDR_AARCH64_GUEST_HD)
/** Shareability and so on; A1, AS: what translates nothing. */
#define TCR_FREE UINT64_C(0x100f407f00)

static void choose_registers(void) {
    static const uint64_t types[8] = {0x00, 0x04, 0x44, 0xff, 0xbb, 0x0c, 0xee, 0x40};
    uint64_t tcr = some_size() | some_size() << 16 | (random_word() & TCR_FREE & ~UINT64_C(0xc000));
    unsigned i;

    tcr |= some_bits(TCR_RARE, is_tame ? 5 : 3) | some_bits(TCR_OFTEN, 1);
    tcr |= (uint64_t)(below(3) == 0 ? below(4) : 0) << 14;
    tcr |= (uint64_t)(below(3) == 0 ? below(4) : 2) << 30;
    tcr |= (uint64_t)(is_tame ? 2 + below(5) : below(8)) << AXADDR_AARCH64_GUEST_IPS_SHIFT;
    tcr |= below(4) == 0 ? AXADDR_AARCH64_GUEST_DS : 0;
    if ((regime.cpu.mmfr1 >> 12 & 0xf) == 0) {
        tcr &= ~(UINT64_C(3) << AXADDR_AARCH64_GUEST_HPD_SHIFT);
    }
    regime.tcr_el1 = tcr;
    regime.sctlr_el1 = UINT64_C(0x30d00800) | AXADDR_AARCH64_GUEST_C | AXADDR_AARCH64_GUEST_I;
    regime.sctlr_el1 |= below(32) != 0 ? AXADDR_AARCH64_GUEST_M : 0;
    regime.sctlr_el1 |= below(8) == 0 ? AXADDR_AARCH64_GUEST_EE : 0;
    regime.sctlr_el1 |= below(4) == 0 ? AXADDR_AARCH64_GUEST_WXN : 0;
    regime.mair_el1 = 0;
    for (i = 0; i < 8; i++) {
        regime.mair_el1 |= types[below(8)] << (8 * i);
    }
}

/** An address in either half: canonical or not, with a tag or without. */
static void choose_address(void) {
    struct axaddr_aarch64_guest_half half;
    uint64_t top;

    address = random_word() & ~UINT64_C(7);
    axaddr_aarch64_guest_look(&regime, address, &half);
    page_shift = half.page_shift;
    width = 64 - half.size_bits;
    width = width < page_shift + 1 ? page_shift + 1 : width > 52 ? 52 : width;
    if ((regime.sctlr_el1 & AXADDR_AARCH64_GUEST_M) == 0 && below(8) != 0) {
        address = some_page() | (address & (PAGE - 1));
    } else if (below(16) != 0) {
        top = ~axaddr_low_bits(width) & (below(4) == 0   ? axaddr_low_bits(56)
                                         : below(8) == 0 ? axaddr_low_bits(60)
                                                         : ~UINT64_C(0));
        address = half.upper != 0 ? address | top : address & ~top;
    }
}

/** Both roots; of tables smaller than a page, somewhere in it; with bits that are no address. */
static void choose_roots(void) {
    uint64_t low = below(4) == 0 ? random_word() & (PAGE - 1) & ~UINT64_C(1) : 0;

    low = below(8) != 0 ? low & ~UINT64_C(0x3f) : low;
    regime.ttbr0_el1 = some_table() | low;
    regime.ttbr1_el1 = some_table() | low | (random_word() & UINT64_C(0xffff) << 48);
}

/** Where the guest has an entry, in memory; 0: there is none there that could be written. */
static volatile uint64_t *slot_at(uint64_t gpa) {
    uint64_t index = (gpa - SMALL) / PAGE;

    if (gpa < SMALL || index >= 512 || index % FRAMES >= TABLES) {
        return 0;
    }
    return bed_at(SMALL_HPA + index % FRAMES * PAGE + (gpa & (PAGE - 1)));
}

static void build_tables(void) {
    unsigned bits = page_shift - 3;
    unsigned level = (width - page_shift - 1) / bits;
    unsigned index_bits = width - page_shift - bits * level;
    uint64_t ttbr = (address >> 55 & 1) != 0 ? regime.ttbr1_el1 : regime.ttbr0_el1;
    uint64_t table = ttbr & axaddr_low_bits(48) & ~axaddr_low_bits(index_bits + 3);
    bool is_swapped = (regime.sctlr_el1 & AXADDR_AARCH64_GUEST_EE) != 0;

    path_count = 0;
    if ((regime.sctlr_el1 & AXADDR_AARCH64_GUEST_M) == 0) {
        return;
    }
    for (;; level--) {
        uint64_t index = address >> axaddr_aarch64_level_shift(page_shift, level);
        volatile uint64_t *at = slot_at(table + (index & axaddr_low_bits(index_bits)) * 8);
        uint64_t entry = some_entry(level);

        if (at == 0) {
            return;
        }
        *at = is_swapped ? axaddr_aarch64_guest_swap(entry) : entry;
        path[path_count++] = at;
        if ((entry & 3) != 3 || level == 0) {
            return;
        }
        table = entry & axaddr_low_bits(48) & ~axaddr_low_bits(page_shift);
        index_bits = bits;
    }
}

#endif /* BED_AARCH64_WALK_GUEST_H */
