/* SPDX-License-Identifier: MIT
 *
 * guest_aarch64_fixture.h: what the tests of aarch64_guest.h by hand stand on: registers, tables of
 * each granule that lead from VA to WORLD_BIG, and a walk. In each of the worlds of
 * guest_arm_world.h: EACH(case).
 */
#ifndef AXADDR_TESTS_GUEST_AARCH64_FIXTURE_H
#define AXADDR_TESTS_GUEST_AARCH64_FIXTURE_H

#include "check.h"
#include "guest_aarch64.h"

#define R       AXADDR_READ
#define W       AXADDR_WRITE
#define X       AXADDR_EXECUTE
#define U       AXADDR_USER
#define VA      UINT64_C(0x40000000)
#define BIT(at) (UINT64_C(1) << (at))
#define AF      BIT(10)
#define AP1     BIT(6)
#define AP2     BIT(7)
#define PXN     BIT(53)
#define UXN     BIT(54)
#define DBM     BIT(51)
#define PLAIN   (AF | AP1 | 3)

static unsigned number; /* of the world */
static struct axaddr_aarch64_guest_regime regime;
static struct axaddr_guest_page page;

/** A granule's tables for VA: level by level (-1 first), where in its table VA's entry is. */
static const struct chain {
    unsigned kib;
    uint64_t tcr; /* TG0, T0SZ, DS */
    int start;
    unsigned shifts[5];
    uint64_t indices[5];
    unsigned leaves; /* levels that have any, -1 is bit 0 */
} chains[] = {
    {4, 25, 1, {48, 39, 30, 21, 12}, {0, 0, 1, 0, 0}, 0x1c},
    {4, 16, 0, {48, 39, 30, 21, 12}, {0, 0, 1, 0, 0}, 0x1c},
    {4, 34, 2, {48, 39, 30, 21, 12}, {0, 0, 0, 0, 0}, 0x18},
    {4, BIT(59) | 12, -1, {48, 39, 30, 21, 12}, {0, 0, 1, 0, 0}, 0x1e},
    {16, BIT(15) | 17, 1, {0, 47, 36, 25, 14}, {0, 0, 0, 0x20, 0}, 0x18},
    {16, BIT(15) | 16, 0, {0, 47, 36, 25, 14}, {0, 0, 0, 0x20, 0}, 0x18},
    {16, BIT(59) | BIT(15) | 12, 0, {0, 47, 36, 25, 14}, {0, 0, 0, 0x20, 0}, 0x1c},
    {64, BIT(14) | 22, 2, {0, 0, 42, 29, 16}, {0, 0, 0, 2, 0}, 0x18},
    {64, BIT(14) | 12, 1, {0, 0, 42, 29, 16}, {0, 0, 0, 2, 0}, 0x1c},
};
#define CHAIN_COUNT (sizeof(chains) / sizeof(chains[0]))

static uint64_t table_at(int level) {
    return WORLD_BIG + UINT64_C(0x10000) * (uint64_t)(level + 1);
}

static uint64_t slot_of(const struct chain *chain, int level) {
    return table_at(level) + 8 * chain->indices[level + 1];
}

/** The part of 1 GiB that a leaf of this level begins at, for VA to lead to WORLD_BIG. */
AXADDR_UNUSED static uint64_t leaf_base(const struct chain *chain, int level) {
    return WORLD_BIG & (~UINT64_C(0) << chain->shifts[level + 1]);
}

static void put(uint64_t slot, uint64_t entry) {
    world_store(number, slot, entry, 8);
}

/** An empty world, and registers: all features, nothing managed by hardware, both halves alike. */
static void begin(const struct chain *chain) {
    world_reset(number);
    memset(&page, 0, sizeof(page));
    memset(&regime, 0, sizeof(regime));
    regime.sctlr_el1 = 0x1005;
    regime.tcr_el1 = chain->tcr | UINT64_C(5) << 32;
    regime.mair_el1 = 0xff;
    regime.cpu.mmfr0 = 0x10200006;
    regime.cpu.mmfr1 = 0x00301002;
    regime.cpu.mmfr2 = UINT64_C(0x1000000010010000);
    regime.ttbr0_el1 = table_at(chain->start);
}

/** Tables down to `level`, where `entry` is. */
static void chain_to(const struct chain *chain, int level, uint64_t entry) {
    int i;

    for (i = chain->start; i < level; i++) {
        put(slot_of(chain, i), table_at(i + 1) | 3);
    }
    put(slot_of(chain, level), entry);
}

static enum axaddr_walk_result go(uint64_t va, uint32_t access, uint32_t how) {
    memset(&page, 0xa5, sizeof(page));
    return a64_walk(number, &regime, va, access, how, &page);
}

#define WALKS(va, access)                                                                          \
    do {                                                                                           \
        CHECK_EQ(go(va, access, 0), AXADDR_WALK_OK);                                               \
    } while (0)
#define FAULTS(va, access, fault_kind, fault_code)                                                 \
    do {                                                                                           \
        CHECK_EQ(go(va, access, 0), AXADDR_WALK_INJECT);                                           \
        CHECK_EQ(page.fault.kind, AXADDR_GUEST_FAULT_##fault_kind);                                \
        CHECK_EQ(page.fault.code, fault_code);                                                     \
    } while (0)

/** The usual: 39 bits, 4 KiB, a page of this entry at VA. */
AXADDR_UNUSED static void begin_page(uint64_t attributes) {
    begin(&chains[0]);
    chain_to(&chains[0], 3, WORLD_BIG | attributes);
}

/** The usual page's entry. */
AXADDR_UNUSED static uint64_t entry_now(void) {
    return world_load(number, slot_of(&chains[0], 3), 8);
}

#endif /* AXADDR_TESTS_GUEST_AARCH64_FIXTURE_H */
