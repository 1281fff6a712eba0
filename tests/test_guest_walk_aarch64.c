/* SPDX-License-Identifier: MIT
 *
 * test_guest_walk_aarch64.c: walks through an AArch64 guest's own tables (aarch64_guest.h): what the
 * manual says of granules, levels, sizes and faults, by hand; hostile tables; entries that change
 * meanwhile; and random guests against a second reading of the manual (guest_aarch64.h).
 */
#include "guest_aarch64_fixture.h"

#define SEED       UINT64_C(0x6a09e667f3bcc909)
#define CASE_COUNT 60000u

/* ---- levels ---- */

static void leaves_of_every_level(void) {
    unsigned i;
    int level;

    for (i = 0; i < CHAIN_COUNT; i++) {
        const struct chain *chain = &chains[i];
        for (level = chain->start; level < 4; level++) {
            uint64_t size = BIT(chain->shifts[level + 1]);
            uint64_t hpa;

            if ((chain->leaves >> (level + 1) & 1) == 0) {
                continue;
            }
            begin(chain);
            chain_to(chain, level, leaf_base(chain, level) | AF | AP1 | (level == 3 ? 3 : 1));
            WALKS(chain->start == 2 && chain->kib == 4 ? 0x123 : VA + 0x123, R | W | U);
            CHECK_EQ(page.gpa.raw, WORLD_BIG + 0x123);
            CHECK(world_ops[number].find(WORLD_BIG + 0x123, &hpa));
            CHECK_EQ(page.hpa.raw, hpa);
            CHECK_EQ(page.size, size < AXADDR_SIZE_2M ? size : AXADDR_SIZE_2M);
            CHECK_EQ(page.level, 3 - level);
            CHECK_EQ(page.flags, R | W | X | U);
        }
    }
}

static void blocks_where_there_are_none(void) {
    unsigned i;
    int level;

    for (i = 0; i < CHAIN_COUNT; i++) {
        const struct chain *chain = &chains[i];
        for (level = chain->start; level < 4; level++) {
            if ((chain->leaves >> (level + 1) & 1) != 0 && level != 3) {
                continue;
            }
            begin(chain);
            chain_to(chain, level, AF | AP1 | 1);
            FAULTS(chain->start == 2 && chain->kib == 4 ? 0 : VA, R, RESERVED,
                   level < 0 ? 0x2b : 4 + (unsigned)level);
            CHECK_EQ(page.level, 3 - level);
        }
    }
}

static void blocks_of_52_bits_only_with_them(void) {
    begin(&chains[8]); /* 64 KiB: FEAT_LPA is PARange 6 */
    chain_to(&chains[8], 1, AF | 1);
    WALKS(VA, R);
    regime.cpu.mmfr0 = 0x10200005;
    FAULTS(VA, R, RESERVED, 5);
    begin(&chains[1]); /* 4 KiB, no DS */
    chain_to(&chains[1], 0, AF | 1);
    FAULTS(VA, R, RESERVED, 4);
    begin(&chains[3]); /* DS without FEAT_LPA2: TxSZ 12 is out of range */
    regime.cpu.mmfr0 = 0x00200006;
    FAULTS(VA, R, RANGE, 4);
    regime.cpu.mmfr0 = 0xf0200006; /* no 4 KiB: then it is 64 KiB, of which DS says nothing */
    regime.tcr_el1 = 25;
    chain_to(&chains[8], 2, WORLD_BIG | AF | 1);
    regime.ttbr0_el1 = table_at(2);
    WALKS(VA, R);
    CHECK_EQ(page.size, AXADDR_SIZE_2M);
    CHECK_EQ(page.level, 1);
}

static void faults_of_every_level(void) {
    static const uint32_t size[5] = {0x29, 0, 1, 2, 3};
    static const uint32_t translation[5] = {0x2b, 4, 5, 6, 7};
    static const uint32_t external[5] = {0x13, 0x14, 0x15, 0x16, 0x17};
    int level;

    for (level = -1; level < 4; level++) {
        uint64_t high = BIT(47); /* beyond IPS 4 */

        begin(&chains[3]);
        chain_to(&chains[3], level, WORLD_BIG | 0x7e);
        FAULTS(VA, R, ABSENT, translation[level + 1]);
        CHECK_EQ(page.level, 3 - level);
        put(slot_of(&chains[3], level), high | PLAIN);
        regime.tcr_el1 ^= BIT(32);
        FAULTS(VA, R, ADDRESS_SIZE, size[level + 1]);
        CHECK_EQ(page.level, 3 - level);
        regime.tcr_el1 ^= BIT(32);
        if (level >= 0) { /* blocks are from 0 on */
            put(slot_of(&chains[3], level), AP1 | (level == 3 ? 3 : 1));
            FAULTS(VA, R, ACCESSED, 8 + (unsigned)level);
            put(slot_of(&chains[3], level), AF | AP2 | (level == 3 ? 3 : 1));
            FAULTS(VA, W, DENIED, 12 + (unsigned)level);
            put(slot_of(&chains[3], level), high | AF | AP2 | (level == 3 ? 3 : 1));
            regime.tcr_el1 ^= BIT(32);
            FAULTS(VA, W, ADDRESS_SIZE, size[level + 1]);
        }
        begin(&chains[3]); /* its own table is in a hole, or elsewhere */
        chain_to(&chains[3], level, 0);
        if (level > -1) {
            put(slot_of(&chains[3], level - 1), world_part(WORLD_HOLE) | 3);
        } else {
            regime.ttbr0_el1 = world_part(WORLD_HOLE);
        }
        CHECK_EQ(go(VA, R, 0), AXADDR_WALK_STAGE2);
        CHECK(page.is_table);
        CHECK_EQ(page.gpa.raw, world_part(WORLD_HOLE) + 8 * chains[3].indices[level + 1]);
        CHECK_EQ(page.access, R);
        CHECK_EQ(page.stage2, AXADDR_FAULT_UNMAPPED);
        CHECK_EQ(page.fault.kind, AXADDR_GUEST_FAULT_TABLE);
        CHECK_EQ(page.fault.code, external[level + 1]);
        CHECK_EQ(page.level, 3 - level);
    }
}

/* ---- which addresses are looked up ---- */

/** TxSZ from 0 to 63: where walks begin, and which are out of range. By granule. */
static void sizes_of_regions(void) {
    static const struct {
        uint64_t tg0;
        bool has_ds, has_lva, has_ttst;
        unsigned least, most;
        unsigned ends[4]; /* the largest that begin at level -1, 0, 1, 2 */
    } sizes[] = {
        {0, false, true, true, 16, 48, {0, 24, 33, 42}},
        {0, false, true, false, 16, 39, {0, 24, 33, 42}},
        {0, true, true, true, 12, 48, {15, 24, 33, 42}},
        {2, false, true, true, 16, 48, {0, 16, 27, 38}},
        {2, true, false, false, 12, 39, {0, 16, 27, 38}},
        {1, false, true, true, 12, 47, {0, 0, 21, 34}},
        {1, false, false, true, 16, 47, {0, 0, 21, 34}},
        {1, true, false, false, 16, 39, {0, 0, 21, 34}},
    };
    unsigned i, txsz;

    for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        for (txsz = 0; txsz < 64; txsz++) {
            unsigned start = 0;

            begin(&chains[0]);
            regime.tcr_el1 =
                sizes[i].tg0 << 14 | txsz | UINT64_C(5) << 32 | (sizes[i].has_ds ? BIT(59) : 0);
            regime.cpu.mmfr2 = (sizes[i].has_lva ? BIT(16) : 0) | (sizes[i].has_ttst ? BIT(28) : 0);
            if (txsz < sizes[i].least || txsz > sizes[i].most) {
                FAULTS(0, R, RANGE, 4);
                continue;
            }
            while (start < 4 && txsz > sizes[i].ends[start]) {
                start++;
            }
            FAULTS(0, R, ABSENT, start == 0 ? 0x2b : 4 + start - 1);
            if (txsz > 12) {
                FAULTS(BIT(64 - txsz), R, RANGE, 4);
            }
            CHECK_EQ(go(BIT(64 - txsz) - 8, R, 0), AXADDR_WALK_INJECT);
            CHECK_EQ(page.fault.kind, AXADDR_GUEST_FAULT_ABSENT);
        }
    }
}

static void both_halves(void) {
    uint64_t high = ~UINT64_C(0) << 39;

    begin_page(PLAIN);
    regime.ttbr1_el1 = regime.ttbr0_el1;
    regime.ttbr0_el1 = world_part(WORLD_HOLE);
    regime.tcr_el1 |= UINT64_C(2) << 30 | 25 << 16; /* TG1: 4 KiB */
    WALKS(high | VA, R);
    FAULTS((high | VA) ^ BIT(39), R, RANGE, 4);
    FAULTS((high | VA) ^ BIT(63), R, RANGE, 4);
    CHECK_EQ(go(VA, R, 0), AXADDR_WALK_STAGE2);
    regime.tcr_el1 |= BIT(7); /* EPD0 */
    FAULTS(VA, R, ABSENT, 4);
    WALKS(high | VA, R);
    regime.tcr_el1 ^= BIT(7) | BIT(23); /* EPD1 */
    FAULTS(high | VA, R, ABSENT, 4);
    regime.tcr_el1 ^= BIT(23) | BIT(56); /* E0PD1 */
    WALKS(high | VA, R);
    FAULTS(high | VA, R | U, DENIED, 4);
    regime.cpu.mmfr2 ^= BIT(60);
    WALKS(high | VA, R | U);
    regime.cpu.mmfr2 ^= BIT(60);
    regime.ttbr0_el1 = regime.ttbr1_el1;
    regime.tcr_el1 ^= BIT(56);
    WALKS(VA, R | U);
    regime.tcr_el1 ^= BIT(55); /* E0PD0 */
    FAULTS(VA, R | U, DENIED, 4);
    regime.tcr_el1 ^= BIT(55) | UINT64_C(2) << 30; /* TG1 0 is reserved: 4 KiB */
    WALKS(high | VA, R);
    regime.tcr_el1 ^= UINT64_C(1) << 30; /* 16 KiB */
    FAULTS(high | VA, R, ABSENT, 5);
    regime.tcr_el1 ^= UINT64_C(2) << 30; /* 64 KiB */
    FAULTS(high | VA, R, ABSENT, 6);
    regime.tcr_el1 ^= UINT64_C(3) << 14; /* TG0 3 is reserved: 4 KiB */
    WALKS(VA, R);
}

static void tags(void) {
    uint64_t tag = UINT64_C(0x5a) << 56;
    uint64_t high = ~UINT64_C(0) << 39;

    begin_page(PLAIN);
    regime.ttbr1_el1 = regime.ttbr0_el1;
    regime.tcr_el1 |= UINT64_C(2) << 30 | 25 << 16;
    FAULTS(VA | tag, R, RANGE, 4);
    FAULTS((high | VA) ^ tag, R, RANGE, 4);
    regime.tcr_el1 |= BIT(37); /* TBI0 */
    WALKS(VA | tag | 5, R);
    CHECK_EQ(page.gpa.raw, WORLD_BIG + 5);
    WALKS(VA | tag, X | U);
    FAULTS((high | VA) ^ tag, R, RANGE, 4);
    FAULTS(VA | tag | BIT(54), R, RANGE, 4);
    regime.tcr_el1 |= BIT(38); /* TBI1 */
    WALKS((high | VA) ^ tag, R);
    regime.tcr_el1 |= BIT(51); /* TBID0 */
    WALKS(VA | tag, R);
    FAULTS(VA | tag, X | U, RANGE, 4);
    WALKS((high | VA) ^ tag, X | U);
    regime.tcr_el1 |= BIT(52); /* TBID1 */
    FAULTS((high | VA) ^ tag, X | U, RANGE, 4);
}

/* ---- addresses of 52 bits ---- */

static void wide_addresses(void) {
    /* 64 KiB: 51:48 in 15:12, and of TTBR in 5:2 with IPS 6 */
    begin(&chains[8]);
    regime.tcr_el1 ^= UINT64_C(3) << 32;
    chain_to(&chains[8], 3, UINT64_C(0x0003123400000000) | 0xa000 | PLAIN);
    CHECK_EQ(go(VA + 0x4321, R, 0), AXADDR_WALK_STAGE2);
    CHECK_EQ(page.gpa.raw, UINT64_C(0xa123400004321));
    put(slot_of(&chains[8], 2), UINT64_C(0x123400000000) | 0x9003);
    CHECK_EQ(go(VA, R, 0), AXADDR_WALK_STAGE2);
    CHECK(page.is_table);
    CHECK_EQ(page.gpa.raw, UINT64_C(0x9123400000000));
    regime.ttbr0_el1 = UINT64_C(0x43210000ab00) | 0x2d; /* CnP, and 51:48 = 0xb */
    CHECK_EQ(go(VA, R, 0), AXADDR_WALK_STAGE2);
    CHECK_EQ(page.gpa.raw, UINT64_C(0xb43210000a000)); /* 8 KiB of entries, VA's index is 0 */
    regime.tcr_el1 ^= UINT64_C(3) << 32;               /* IPS 5: then not */
    CHECK_EQ(go(VA, R, 0), AXADDR_WALK_STAGE2);
    CHECK_EQ(page.gpa.raw, UINT64_C(0x43210000a000));
    /* LPA2: 49:48 in their places, 51:50 in 9:8; TTBR always so */
    begin(&chains[3]);
    regime.tcr_el1 ^= UINT64_C(3) << 32;
    chain_to(&chains[3], 3, UINT64_C(0x0002123400005000) | 0x300 | PLAIN);
    CHECK_EQ(go(VA + 0x321, R, 0), AXADDR_WALK_STAGE2);
    CHECK_EQ(page.gpa.raw, UINT64_C(0xe123400005321));
    put(slot_of(&chains[3], 0), UINT64_C(0x0001123400005000) | 0x203);
    CHECK_EQ(go(VA, R, 0), AXADDR_WALK_STAGE2);
    CHECK_EQ(page.gpa.raw, UINT64_C(0x9123400005008));
    regime.ttbr0_el1 = UINT64_C(0x432100001040) | 0x3c;
    CHECK_EQ(go(VA, R, 0), AXADDR_WALK_STAGE2);
    CHECK_EQ(page.gpa.raw, UINT64_C(0xf432100001000)); /* 16 entries are 128 bytes */
    regime.tcr_el1 ^= UINT64_C(3) << 32;
    FAULTS(VA, R, ADDRESS_SIZE, 0);
    CHECK_EQ(page.level, 3);
}

static void output_sizes(void) {
    static const unsigned widths[8] = {32, 36, 40, 42, 44, 48, 52, 52};
    unsigned ips, range;

    for (ips = 0; ips < 8; ips++) {
        for (range = 0; range < 8; range++) {
            unsigned width = widths[ips] < widths[range] ? widths[ips] : widths[range];

            begin(&chains[0]);
            width = width > 48 ? 48 : width; /* 4 KiB without DS */
            regime.tcr_el1 = 25 | (uint64_t)ips << 32;
            regime.cpu.mmfr0 = 0x10200000 | range;
            chain_to(&chains[0], 3, (BIT(width - 1) - AXADDR_SIZE_2M) | BIT(width - 1) | PLAIN);
            CHECK_EQ(go(VA, 0, 0), AXADDR_WALK_STAGE2);
            CHECK_EQ(page.gpa.raw, BIT(width) - AXADDR_SIZE_2M);
            if (width == 48) {
                put(slot_of(&chains[0], 3), BIT(48) | BIT(49) | WORLD_BIG | PLAIN);
                WALKS(VA, R); /* RES0 */
                continue;
            }
            put(slot_of(&chains[0], 3), BIT(width) | PLAIN);
            FAULTS(VA, R, ADDRESS_SIZE, 3);
            regime.ttbr0_el1 |= BIT(width);
            FAULTS(VA, R, ADDRESS_SIZE, 0);
        }
    }
    begin(&chains[8]); /* 64 KiB: bits 15:12 count whatever IPS is */
    chain_to(&chains[8], 3, WORLD_BIG | 0x1000 | PLAIN);
    FAULTS(VA, R, ADDRESS_SIZE, 3);
    regime.cpu.mmfr0 = 0x10200005;
    regime.tcr_el1 = BIT(14) | 22 | UINT64_C(6) << 32;
    regime.ttbr0_el1 = table_at(2);
    WALKS(VA, R);
}

/* ---- the MMU off ---- */

static void without_mmu(void) {
    begin(&chains[0]);
    regime.sctlr_el1 = 0;
    regime.tcr_el1 = 0;
    regime.cpu.mmfr0 = 2; /* 40 bits */
    WALKS(WORLD_BIG + 0x777, R | W | U);
    CHECK_EQ(page.gpa.raw, WORLD_BIG + 0x777);
    CHECK_EQ(page.size, AXADDR_SIZE_2M);
    CHECK_EQ(page.flags, R | W | X | U | AXADDR_DEVICE);
    WALKS(WORLD_BIG, X);
    CHECK_EQ(page.flags, R | W | X | U | AXADDR_UNCACHED);
    regime.sctlr_el1 = 0x1000;
    WALKS(WORLD_BIG, X | U);
    CHECK_EQ(page.flags, R | W | X | U);
    FAULTS(WORLD_END, R, ADDRESS_SIZE, 0);
    FAULTS(~UINT64_C(0), R, ADDRESS_SIZE, 0);
    FAULTS(WORLD_BIG | BIT(56), R, ADDRESS_SIZE, 0);
    WALKS(WORLD_END - 1, R);
    regime.tcr_el1 = BIT(37);
    WALKS(WORLD_BIG | BIT(56), R);
    regime.tcr_el1 |= BIT(51);
    WALKS(WORLD_BIG | BIT(56), R);
    FAULTS(WORLD_BIG | BIT(56), X, ADDRESS_SIZE, 0);
    regime.cpu.mmfr0 = 7; /* 56 bits */
    CHECK_EQ(go(BIT(55) - 1, R, 0), AXADDR_WALK_STAGE2);
    CHECK_EQ(page.stage2, AXADDR_FAULT_UNMAPPED);
    CHECK(!page.is_table);
}

/* ---- hostile guests, and the space below ---- */

/** Tables wherever they may not be: never a read of a device's registers, always an answer. */
static void tables_anywhere(void) {
    static const struct {
        uint64_t table;
        enum axaddr_walk_result result;
        enum axaddr_fault stage2;
    } places[] = {
        {WORLD_TOP + 0xf000, AXADDR_WALK_INJECT, AXADDR_FAULT_RESOLVED}, /* the last page: zeros */
        {0, AXADDR_WALK_INJECT, AXADDR_FAULT_RESOLVED},
        {WORLD_MIX + 0x40000, AXADDR_WALK_STAGE2, AXADDR_FAULT_UNMAPPED},
        {WORLD_MIX + 0x50000, AXADDR_WALK_STAGE2, AXADDR_FAULT_DEVICE},
        {WORLD_MIX + 0x60000, AXADDR_WALK_STAGE2, AXADDR_FAULT_DENIED},
        {WORLD_MIX + 0x20000, AXADDR_WALK_STAGE2, AXADDR_FAULT_RESOLVED}, /* lazy */
        {WORLD_END, AXADDR_WALK_STAGE2, AXADDR_FAULT_UNMAPPED},
        {UINT64_C(0xfffffffff000), AXADDR_WALK_STAGE2, AXADDR_FAULT_UNMAPPED},
    };
    uint64_t last = VA + UINT64_C(0x1ff000); /* the last entry of a table */
    unsigned i;

    for (i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
        begin(&chains[0]);
        memset(world_bytes(number, WORLD_TOP + 0xf000), 0, WORLD_PAGE);
        memset(world_bytes(number, 0), 0, WORLD_PAGE);
        chain_to(&chains[0], 2, places[i].table | 3);
        CHECK_EQ(go(last, R, 0), places[i].result);
        if (places[i].result == AXADDR_WALK_STAGE2) {
            CHECK_EQ(page.gpa.raw, places[i].table + 0xff8);
            CHECK_EQ(page.stage2, places[i].stage2);
            CHECK(page.is_table);
        } else {
            CHECK_EQ(page.fault.code, 7);
            put(places[i].table + 0xff8, WORLD_BIG | PLAIN);
            WALKS(last, R);
        }
        regime.ttbr0_el1 = places[i].table | 0xfff; /* misaligned: the low bits do not count */
        CHECK_EQ(go(BIT(39) - 1, R, 0), places[i].result);
        CHECK(!worlds[number].is_device_read);
    }
}

/** A table that points to itself, of each granule: as many steps as there are levels. */
static void loops(void) {
    unsigned i;

    for (i = 0; i < CHAIN_COUNT; i++) {
        begin(&chains[i]);
        regime.ttbr0_el1 = WORLD_BIG;
        put(WORLD_BIG, WORLD_BIG | PLAIN);
        WALKS(8, R);
        CHECK_EQ(page.gpa.raw, WORLD_BIG + 8);
        CHECK_EQ(page.level, 0);
        CHECK_EQ(page.size, (uint64_t)chains[i].kib * 1024);
    }
}

static void lazy_memory(void) {
    uint64_t lazy = world_part(WORLD_LAZY);
    uint64_t hpa;

    begin(&chains[0]);
    chain_to(&chains[0], 3, lazy | PLAIN);
    CHECK_EQ(go(VA + 3, W, 0), AXADDR_WALK_STAGE2);
    CHECK_EQ(page.stage2, AXADDR_FAULT_RESOLVED);
    CHECK_EQ(page.gpa.raw, lazy + 3);
    CHECK_EQ(page.access, W);
    CHECK(!page.is_table);
    CHECK(!world_ops[number].find(lazy, &hpa));
    CHECK_EQ(go(VA + 3, W, AXADDR_ON_DEMAND), AXADDR_WALK_OK);
    CHECK(world_ops[number].find(lazy + 3, &hpa));
    CHECK_EQ(page.hpa.raw, hpa);
    begin(&chains[0]);
    chain_to(&chains[0], 2, lazy | 3);
    CHECK_EQ(go(VA, W, 0), AXADDR_WALK_STAGE2);
    CHECK(page.is_table);
    CHECK_EQ(go(VA, W, AXADDR_ON_DEMAND), AXADDR_WALK_INJECT);
    CHECK_EQ(page.fault.code, 7);
}

static void rights_of_the_space(void) {
    begin_page(0);
    put(slot_of(&chains[0], 3), world_part(WORLD_READ_ONLY) | PLAIN);
    WALKS(VA, X | U);
    CHECK_EQ(page.flags, R | X | U);
    CHECK_EQ(page.size, WORLD_PAGE);
    CHECK_EQ(go(VA, W | R, 0), AXADDR_WALK_STAGE2);
    CHECK_EQ(page.access, R | W);
    CHECK_EQ(page.stage2, AXADDR_FAULT_DENIED);
    put(slot_of(&chains[0], 3), world_part(WORLD_NO_FETCH) | PLAIN);
    WALKS(VA, W | U);
    CHECK_EQ(page.flags, R | W | U);
    CHECK_EQ(go(VA, X | U, 0), AXADDR_WALK_STAGE2);
    CHECK_EQ(page.access, X);
    put(slot_of(&chains[0], 3), world_part(WORLD_TRAPPED) | PLAIN);
    CHECK_EQ(go(VA + 0x10, R, AXADDR_ON_DEMAND), AXADDR_WALK_STAGE2);
    CHECK_EQ(page.stage2, AXADDR_FAULT_DEVICE);
    CHECK_EQ(page.gpa.raw, world_part(WORLD_TRAPPED) + 0x10);
    put(slot_of(&chains[0], 3), world_part(WORLD_DEVICE) | PLAIN);
    WALKS(VA, W); /* found, not read */
    CHECK(!worlds[number].is_device_read);
}

/* ---- entries that change meanwhile ---- */

static unsigned scribble_count, scribble_limit, scribble_bit;

/** Another vCPU changes the entry at the first bytes of the watched frame. */
static void scribble(void *at) {
    if (scribble_count < scribble_limit) {
        uint64_t *entry = (uint64_t *)at;
        *entry ^= BIT(scribble_bit);
    }
    scribble_count++;
}

static void scribbled(unsigned bit, unsigned limit) {
    uint64_t hpa = 0;

    begin_page(AP1 | AP2 | DBM | 3);
    regime.tcr_el1 |= UINT64_C(3) << 39;
    (void)world_ops[number].find(slot_of(&chains[0], 3), &hpa);
    worlds[number].watched = hpa;
    worlds[number].meanwhile = scribble;
    scribble_bit = bit;
    scribble_count = 0;
    scribble_limit = limit;
}

static void entries_that_change(void) {
    static const unsigned bits[2] = {55, 8}; /* of either half */
    unsigned i;

    for (i = 0; i < 2; i++) {
        scribbled(bits[i], ~0u);
        CHECK_EQ(go(VA, W, AXADDR_SET_NOTES), AXADDR_WALK_BUSY);
        CHECK_EQ(scribble_count, 2 * AXADDR_GUEST_TRIES);
        worlds[number].meanwhile = 0;
        CHECK_EQ(entry_now(), WORLD_BIG | AP1 | AP2 | DBM | 3);
        scribbled(bits[i], 2 * AXADDR_GUEST_TRIES - 2); /* the last try is left in peace */
        CHECK_EQ(go(VA, W, AXADDR_SET_NOTES), AXADDR_WALK_OK);
        worlds[number].meanwhile = 0;
        CHECK_EQ(page.gpa.raw, WORLD_BIG);
        CHECK_EQ(entry_now(), WORLD_BIG | AP1 | DBM | AF | 3);
    }
    scribbled(51, 2); /* DBM goes: what was only a note has become a right that is not there */
    worlds[number].meanwhile = scribble;
    scribble_count = 1; /* before the swap */
    CHECK_EQ(go(VA, W, AXADDR_SET_NOTES), AXADDR_WALK_INJECT);
    worlds[number].meanwhile = 0;
    CHECK_EQ(page.fault.code, 15);
    CHECK_EQ(world_load(number, slot_of(&chains[0], 3), 8) & AP2, AP2);
}

/* ---- random guests ---- */

static void random_guests(void) {
    world_random("test_guest_walk_aarch64", SEED, CASE_COUNT, a64_case);
}

/** As a fuzzer calls it: any length. */
static void few_bytes(void) {
    static uint8_t bytes[64];
    unsigned i;

    for (i = 0; i < sizeof(bytes); i++) {
        guest_aarch64_fuzz(bytes, i);
        bytes[i] = (uint8_t)(37 * i + 1);
    }
}

/** All that can come of a walk has. */
static void all_came_about(void) {
    static const unsigned shifts[] = {12, 14, 16, 21, 25, 29, 30, 36, 39, 42};
    static const unsigned codes[] = {0x00, 0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x08,
                                     0x09, 0x0a, 0x0b, 0x0c, 0x0d, 0x0e, 0x0f, 0x29, 0x2b};
    unsigned i;

    CHECK(a64_counts.walks >= 200000);
    for (i = 0; i < sizeof(shifts) / sizeof(shifts[0]); i++) {
        CHECK(a64_counts.shifts[shifts[i]] != 0);
    }
    for (i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
        CHECK(a64_counts.codes[codes[i]] != 0);
    }
    for (i = 0; i < 2; i++) {
        CHECK(a64_counts.stage2[i][AXADDR_FAULT_RESOLVED] != 0);
        CHECK(a64_counts.stage2[i][AXADDR_FAULT_DEVICE] != 0);
        CHECK(a64_counts.stage2[i][AXADDR_FAULT_UNMAPPED] != 0);
        CHECK(a64_counts.stage2[i][AXADDR_FAULT_DENIED] != 0);
    }
    for (i = 0; i < 3; i++) {
        CHECK(a64_counts.noted[i] != 0);
    }
    CHECK(a64_counts.denied_update != 0);
    CHECK(a64_counts.off != 0);
    CHECK(a64_counts.high != 0);
    CHECK(a64_counts.swapped != 0);
    CHECK(a64_counts.lpa2 != 0);
    CHECK(a64_counts.lpa != 0);
}

int main(void) {
    EACH(leaves_of_every_level);
    EACH(blocks_where_there_are_none);
    EACH(blocks_of_52_bits_only_with_them);
    EACH(faults_of_every_level);
    EACH(sizes_of_regions);
    EACH(both_halves);
    EACH(tags);
    EACH(wide_addresses);
    EACH(output_sizes);
    EACH(without_mmu);
    EACH(tables_anywhere);
    EACH(loops);
    EACH(lazy_memory);
    EACH(rights_of_the_space);
    EACH(entries_that_change);
    CASE(random_guests);
    CASE(few_bytes);
    CASE(all_came_about);
    CASE(worlds_are_content);
    return check_report("test_guest_walk_aarch64");
}
