/* SPDX-License-Identifier: MIT
 *
 * guest.h: the space of the bed, and a guest above it with tables at random: of its accesses
 * machine.c asks the machine.
 */
#ifndef BED_RISCV_WALK_GUEST_H
#define BED_RISCV_WALK_GUEST_H

#include "../riscv.h"
#include "axaddr_arch/riscv_guest.h"

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
AXADDR_DEFINE_GUEST_WALK(vm_guest, vm, axaddr_riscv_guest);

static struct vm space;

/*
 * Guest-physical memory: the guest's code; SMALL, 512 pages of 64 frames, of which 16 in turn are
 * mapped as kinds[] says, and the first 16 frames have the guest's tables; LARGE to LARGE + 6 MiB,
 * large leaves.
 */
#define CODE      UINT64_C(0x40000000)
#define SMALL     UINT64_C(0x80000000)
#define LARGE     UINT64_C(0x80200000)
#define SMALL_HPA RISCV_PROBE
#define LARGE_HPA (RISCV_PROBE + UINT64_C(0x200000))
#define FRAMES    64u
#define TABLES    16u
#define PAGE      UINT64_C(0x1000)
#define SIZE_2M   UINT64_C(0x200000)

static void must(enum axaddr_status status) {
    if (status != AXADDR_OK) {
        bed_stop("the space cannot be made", (uint64_t)status);
    }
}

static void make_space(void) {
    static const uint32_t kinds[16] = {7, 7, 7, 7, 7, 3, 3, 7, 1, 4, 5, 7, 3, 1, 4, 0};
    static const uint32_t large[3] = {7, 1, 4};
    unsigned i;

    must(vm_init(&space, 0, axaddr_gpa(0), UINT64_C(1) << 38));
    for (i = 0; i < 512; i++) {
        if (kinds[i % 16] != 0) {
            must(vm_map_linear(&space, axaddr_gpa(SMALL + i * PAGE),
                               axaddr_hpa(SMALL_HPA + i % FRAMES * PAGE), PAGE, kinds[i % 16]));
        }
    }
    must(vm_map_linear(&space, axaddr_gpa(CODE), axaddr_hpa((uintptr_t)guest_page), PAGE,
                       AXADDR_READ | AXADDR_EXECUTE));
    for (i = 0; i < 3; i++) {
        must(vm_map_linear(&space, axaddr_gpa(LARGE + i * SIZE_2M),
                           axaddr_hpa(LARGE_HPA + i * SIZE_2M), SIZE_2M, large[i]));
    }
}

/** satp maps everything where it is, by leaves of 1 GiB. */
static void turn_on(void) {
    static uint64_t table[512] __attribute__((aligned(4096)));
    unsigned i;

    for (i = 0; i < 512; i++) {
        table[i] = (uint64_t)i << 28 | 0xcf;
    }
    RISCV_WRITE(RISCV_SATP, UINT64_C(8) << 60 | (uint64_t)(uintptr_t)table >> 12);
    __asm__ volatile("sfence.vma" ::: "memory");
}

/** What is in memory, tables apart: each word its own address, as an entry not valid. */
static void fill_memory(void) {
    uint64_t hpa;

    for (hpa = SMALL_HPA + TABLES * PAGE; hpa < LARGE_HPA + 3 * SIZE_2M; hpa += 8) {
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

static struct axaddr_riscv_guest_regime regime;
static uint64_t address;
static uint32_t access;
static bool has_extensions; /**< Svpbmt, Svnapot */
static bool is_tame;        /**< this guest makes few mistakes */
static bool is_by_guest;    /**< or by the bed: HLV, HSV */
static uint64_t code;       /**< where the guest has its code; 0: nowhere */
static unsigned path_count;
static volatile uint64_t *path[5]; /**< the entries on the way, as far as they are in memory */
static uint64_t path_before[5];
static uint64_t path_after[5];

/** A guest-physical page: mostly one of the tables', also where they are not to be written. */
static uint64_t some_table(void) {
    switch (below(is_tame ? 200 : 24)) {
    case 0:
        return random_word() & UINT64_C(0x00fffffffffff000);
    case 1:
        return SMALL + below(512) * PAGE;
    case 2:
        return LARGE + below(3) * SIZE_2M + below(512) * PAGE;
    default:
        return SMALL + (below(8) * FRAMES + below(TABLES - 1)) * PAGE;
    }
}

static uint64_t some_page(void) {
    return below(is_tame ? 200 : 16) == 0 ? random_word() & UINT64_C(0x00fffffffffff000)
                                          : SMALL + below(4) * SIZE_2M + below(512) * PAGE;
}

/** All combinations of R, W, X, U, A and D; most of the other bits as they should be. */
static uint64_t some_leaf(unsigned level) {
    uint64_t page = some_page();
    uint64_t entry = 1 | (uint64_t)below(512) << 1;

    if (below(6) != 0) {
        page &= ~axaddr_low_bits(12 + 9 * level);
    }
    if (is_tame || below(2) == 0) {
        entry |= is_tame ? 0x07 : 0xc7;
    }
    entry |= page >> 2 & UINT64_C(0x3ffffffffffc00);
    if (below(8) == 0) {
        entry |= UINT64_C(1) << 63;
        entry = below(4) == 0 ? entry : (entry & ~UINT64_C(0x3c00)) | 0x2000;
    }
    if (below(8) == 0) {
        entry |= (uint64_t)below(has_extensions ? 3 : 4) << 61;
    }
    return entry;
}

static uint64_t some_entry(unsigned level) {
    uint64_t entry;

    if (level > 0 && below(6) != 0) {
        entry = some_table() >> 2 | 1 | (uint64_t)below(8) << 8;
        if (below(32) == 0) {
            entry ^= UINT64_C(1) << below(8);
        }
        if (has_extensions && below(32) == 0) { /* PBMT 1 or 2, N */
            entry ^= UINT64_C(1) << (61 + below(3));
        }
    } else {
        entry = some_leaf(level);
    }
    if (!has_extensions && !is_tame && below(16) == 0) {
        entry ^= UINT64_C(1) << (54 + below(10));
    }
    return below(32) == 0 ? entry & ~UINT64_C(1) : entry;
}

/** The guest's root and an address: canonical or not, where large leaves meet memory. */
static void choose_walk(void) {
    unsigned mode = 8 + below(3);
    unsigned bits = 39 + 9 * (mode - 8);
    unsigned top = bits - 9;

    regime.satp = (uint64_t)mode << 60 | (uint64_t)below(65536) << 44 | some_table() >> 12;
    if (below(32) == 0) {
        regime.satp = 0;
    }
    address = random_word();
    if (below(2) == 0) {
        address = (address & ~axaddr_low_bits(top)) | (SMALL & axaddr_low_bits(top)) |
                  (address & 0x7fffff);
    }
    address &= ~UINT64_C(7);
    if (regime.satp == 0) {
        address = some_page() | (address & 0xff8);
    } else if (below(16) != 0) {
        address = (uint64_t)((int64_t)(address << (64 - bits)) >> (64 - bits));
    }
}

/** Where the guest has a table, in memory; 0: it has none there that could be written. */
static volatile uint64_t *table_at(uint64_t gpa) {
    uint64_t index = (gpa - SMALL) / PAGE;

    return gpa < SMALL || index >= 512 || index % FRAMES >= TABLES
               ? 0
               : bed_at(SMALL_HPA + index % FRAMES * PAGE);
}

static void build_tables(void) {
    unsigned level = (unsigned)(regime.satp >> 60) - 5;
    uint64_t table = (regime.satp & axaddr_low_bits(44)) << 12;

    path_count = 0;
    if (regime.satp == 0) {
        return;
    }
    while (level-- > 0) {
        volatile uint64_t *at = table_at(table);
        uint64_t entry = some_entry(level);

        if (at == 0) {
            return;
        }
        at += address >> (12 + 9 * level) & 0x1ff;
        *at = entry;
        path[path_count++] = at;
        if ((entry & 0xf) != 1) {
            return;
        }
        table = (entry >> 10 & axaddr_low_bits(44)) << 12;
    }
}

/**
 * The code is below an entry of the root that the address does not use, a leaf at the level of the
 * root for the mode of the access.
 */
static void place_code(void) {
    unsigned level = (unsigned)(regime.satp >> 60) - 6;
    volatile uint64_t *root = table_at((regime.satp & axaddr_low_bits(44)) << 12);
    unsigned index = address >> (12 + 9 * level) & 0xff ? 0 : 1;
    uint64_t entry = 0xcb | (access & AXADDR_USER) << 1;
    struct axaddr_mapping mapping;

    code = CODE;
    if (regime.satp == 0) {
        return;
    }
    if (root == 0 ||
        vm_query(&space, axaddr_gpa((regime.satp & axaddr_low_bits(44)) << 12), &mapping) !=
            AXADDR_OK ||
        (mapping.flags & AXADDR_READ) == 0) {
        code = 0;
        return;
    }
    if (level == 2) { /* 1 GiB at CODE; larger ones at 0 */
        entry |= CODE >> 2;
        code = (uint64_t)index << 30;
    } else {
        code = (uint64_t)index << (12 + 9 * level) | CODE;
    }
    root[index] = entry;
}

#endif /* BED_RISCV_WALK_GUEST_H */
