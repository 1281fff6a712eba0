/* SPDX-License-Identifier: MIT
 *
 * guest_walks.h: the scenario of walks through a guest's own tables: an x86 guest with 4-level
 * paging, random pages over 64 MiB, its tables and its pages below EPT.
 */
#ifndef BENCH_GUEST_WALKS_H
#define BENCH_GUEST_WALKS_H

#include "../axaddr_arch/x86_guest.h"
#include "measure.h"

AXADDR_DEFINE_GUEST_WALK(vm_x86, vm, axaddr_x86_guest);

#define GUEST_SIZE   (64 * MIB)
#define GUEST_GVA    UINT64_C(0x00007f1234000000)
#define GUEST_TABLES GUEST_SIZE /* gpa: a root, a PDPT, a PD, 32 page tables */
#define GUEST_HPA    (ARENA_PHYSICAL + 1 * GIB)
#define GUEST_COUNT  (UINT64_C(1) << 16)
#define GUEST_TABLE  UINT64_C(0x27) /* P, R/W, U/S, A */
#define GUEST_KERNEL UINT64_C(0x63) /* P, R/W, A, D */
#define GUEST_USER   UINT64_C(0x67) /* and U/S */

static struct axaddr_x86_guest_regime guest_regime;
static uint64_t guest_order[GUEST_COUNT];

#define GUEST_LOOP(is_done)                                                                        \
    uint64_t sum = 0;                                                                              \
    uint64_t i;                                                                                    \
                                                                                                   \
    for (i = 0; i < w->count; i++) {                                                               \
        struct axaddr_guest_page page;                                                             \
                                                                                                   \
        if (!(is_done)) {                                                                          \
            w->failure_count++;                                                                    \
            return;                                                                                \
        }                                                                                          \
        sum += page.hpa.raw;                                                                       \
    }                                                                                              \
    w->sum = sum;

#define GUEST_WALK(name, access, how)                                                              \
    (name##_x86_walk(&w->name, &guest_regime, axaddr_gva(guest_order[i]), (access), (how),         \
                     &page) == AXADDR_WALK_OK)

TIMED timed_guest_walk(struct world *w){GUEST_LOOP(GUEST_WALK(vm, AXADDR_READ, 0))}

TIMED timed_guest_walk_noted(struct world *w){
    GUEST_LOOP(GUEST_WALK(vm, AXADDR_WRITE | AXADDR_USER, AXADDR_ON_DEMAND | AXADDR_SET_NOTES))}

TIMED timed_guest_walk_2m(struct world *w){GUEST_LOOP(GUEST_WALK(vm, AXADDR_READ, 0))}

/** The loop of timed_guest_walk. */
TIMED timed_guest_walk_loop(struct world *w) {
    GUEST_LOOP((page.hpa.raw = guest_order[i], w->count != 0))
}

/** By hand: present entries, tables by 4K pages, rights of reads; no accessed bit is looked at. */
static inline bool limit_guest_walk(uint64_t *root, uint64_t cr3, uint64_t gva, uint64_t *hpa) {
    uint64_t table = cr3;
    unsigned shift;

    for (shift = 39; shift >= 12; shift -= 9) {
        uint64_t entry;
        uint64_t at;

        if (!limit_translate_checked(root, table | (gva >> shift & 511) << 3, &at)) {
            return false;
        }
        entry = *(const uint64_t *)arena_at(at);
        if ((entry & 0x81) != 1) {
            return false;
        }
        table = entry & UINT64_C(0x000ffffffffff000);
    }
    return limit_translate_checked(root, table | (gva & 0xfff), hpa);
}

TIMED timed_limit_guest_walk(struct world *w) {
    GUEST_LOOP(limit_guest_walk(w->root, guest_regime.cr3, guest_order[i], &page.hpa.raw))
}

/** Write the guest's tables through the host's eyes. */
static void guest_tables(bool is_large, uint64_t leaf) {
    uint64_t *root = (uint64_t *)arena_at(GUEST_HPA + GUEST_TABLES);
    uint64_t i;

    memset(root, 0, 35 * ARENA_FRAME);
    root[GUEST_GVA >> 39] = (GUEST_TABLES + ARENA_FRAME) | GUEST_TABLE;
    root[512 + (GUEST_GVA >> 30 & 511)] = (GUEST_TABLES + 2 * ARENA_FRAME) | GUEST_TABLE;
    for (i = 0; i < GUEST_SIZE / (2 * MIB); i++) {
        root[1024 + (GUEST_GVA >> 21 & 511) + i] =
            is_large ? i * 2 * MIB | leaf | 0x80
                     : (GUEST_TABLES + (3 + i) * ARENA_FRAME) | GUEST_TABLE;
    }
    for (i = 0; i < GUEST_SIZE / ARENA_FRAME; i++) {
        root[1536 + i] = i * ARENA_FRAME | leaf;
    }
}

/** The registers, and random addresses; their host addresses' sum. */
static uint64_t guest_begin(void) {
    uint64_t sum = 0;
    uint64_t i;

    memset(&guest_regime, 0, sizeof guest_regime);
    guest_regime.cr0 = AXADDR_X86_CR0_PG | AXADDR_X86_CR0_WP | 1;
    guest_regime.cr3 = GUEST_TABLES;
    guest_regime.cr4 = AXADDR_X86_CR4_PAE | AXADDR_X86_CR4_SMEP;
    guest_regime.efer = AXADDR_X86_EFER_LME | AXADDR_X86_EFER_LMA | AXADDR_X86_EFER_NXE;
    guest_regime.pat = AXADDR_X86_PAT_RESET;
    guest_regime.physical_width = 46;
    guest_regime.has_1g_pages = true;
    random_state = 42;
    for (i = 0; i < GUEST_COUNT; i++) {
        uint64_t offset = random_next() % GUEST_SIZE;

        guest_order[i] = GUEST_GVA + offset;
        sum += GUEST_HPA + offset;
    }
    return sum;
}

static void run_guest_walk(void) {
    const uint64_t size = GUEST_SIZE + 64 * ARENA_FRAME;
    const uint64_t sum = guest_begin();

    fresh_vm(0, 1024 * GIB);
    CHECK(vm_map_linear(&world.vm, axaddr_gpa(0), axaddr_hpa(GUEST_HPA), size,
                        RWX | AXADDR_SMALL) == AXADDR_OK);
    guest_tables(false, GUEST_KERNEL);
    MEASURE(guest_walk, GUEST_COUNT);
    CHECK(world.sum == sum);
    MEASURE(limit_guest_walk, GUEST_COUNT);
    CHECK(world.sum == sum);
    guest_tables(false, GUEST_USER);
    MEASURE(guest_walk_noted, GUEST_COUNT);
    CHECK(world.sum == sum);
    MEASURE(guest_walk_loop, GUEST_COUNT);

    fresh_vm(0, 1024 * GIB);
    CHECK(vm_map_linear(&world.vm, axaddr_gpa(0), axaddr_hpa(GUEST_HPA), size, RWX) == AXADDR_OK);
    guest_tables(true, GUEST_KERNEL);
    MEASURE(guest_walk_2m, GUEST_COUNT);
    CHECK(world.sum == sum);
}

#endif /* BENCH_GUEST_WALKS_H */
