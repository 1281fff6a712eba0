/* SPDX-License-Identifier: MIT
 *
 * test_guest_walk_loongarch.c: walks through a LoongArch64 guest's tables
 * (axaddr_arch/loongarch64_guest.h): golden registers, entries and exception codes, by hand from the
 * manual; what a hostile guest may make of them; random guests against the reference walker of
 * guest_loongarch.h.
 */
#include "check.h"
#include "guest_loongarch.h"

#define SEED  UINT64_C(0x3c6ef372fe94f82b)
#define WALKS 100000 /* on each of the spaces */

#define R    AXADDR_READ
#define W    AXADDR_WRITE
#define X    AXADDR_EXECUTE
#define U    AXADDR_USER
#define NC   AXADDR_UNCACHED
#define IO   AXADDR_DEVICE
#define LAZY AXADDR_ON_DEMAND
#define RPLV UINT64_C(0x8000000000000000)
#define NX   UINT64_C(0x4000000000000000)
#define NR   UINT64_C(0x2000000000000000)

#define NONE   AXADDR_GUEST_FAULT_NONE
#define ABSENT AXADDR_GUEST_FAULT_ABSENT
#define DENIED AXADDR_GUEST_FAULT_DENIED
#define RANGE  AXADDR_GUEST_FAULT_RANGE

/* PALEN and VALEN 48, with RI, EP and RPLV: 47 in bits 11:4 and 19:12 */
#define CPUCFG1 UINT32_C(0x00e2f2f0)
#define MAPPED  UINT64_C(0xb0) /* CRMD: PG; DATF and DATM 1 */

/* Dir3 at 0x80000000, Dir2, Dir1 and the page table behind it; the page is at 0x80005000. */
#define TABLE(n) (BELOW_SMALL + (n)*BELOW_PAGE)
#define PAGE     TABLE(5)
#define GOOD     UINT64_C(0x193) /* V, D, MAT 1, P, W; PLV 0 */

static unsigned kind;
static loongarch_regime regime;
static struct axaddr_guest_page page;

#define IS_WALK(outcome, at, with, by)                                                             \
    CHECK_EQ(loongarch_walk(&regime, at, with, by, &page), AXADDR_WALK_##outcome)
#define IS_INJECT(at, with, its_kind, its_code, its_level)                                         \
    do {                                                                                           \
        IS_WALK(INJECT, at, with, LAZY);                                                           \
        CHECK_EQ(page.fault.kind, its_kind);                                                       \
        CHECK_EQ(page.fault.code, its_code);                                                       \
        CHECK_EQ(page.level, its_level);                                                           \
    } while (0)
#define IS_OK(at, with, to, bytes, permits, its_level)                                             \
    do {                                                                                           \
        IS_WALK(OK, at, with, AXADDR_SET_NOTES);                                                   \
        CHECK_EQ(page.gpa.raw, to);                                                                \
        CHECK_EQ(page.size, bytes);                                                                \
        CHECK_EQ(page.flags, permits);                                                             \
        CHECK_EQ(page.level, its_level);                                                           \
    } while (0)
#define IS_TABLE(at, with, slot, why, its_code)                                                    \
    do {                                                                                           \
        IS_WALK(STAGE2, at, with, LAZY);                                                           \
        CHECK(page.is_table);                                                                      \
        CHECK_EQ(page.gpa.raw, slot);                                                              \
        CHECK_EQ(page.access, R);                                                                  \
        CHECK_EQ(page.stage2, why);                                                                \
        CHECK_EQ(page.fault.kind, AXADDR_GUEST_FAULT_TABLE);                                       \
        CHECK_EQ(page.fault.code, its_code);                                                       \
    } while (0)

/** Indices 4, 5, 6 and 7. */
#define ADDRESS UINT64_C(0x020140c07123)

static void begin(uint64_t leaf) {
    memset(&regime, 0, sizeof(regime));
    regime.crmd = MAPPED;
    regime.cpucfg1 = CPUCFG1;
    regime.pwcl = UINT64_C(0x13e4d52c); /* 12, 9; 21, 9; 30, 9 */
    regime.pwch = UINT64_C(0x267);      /* 39, 9 */
    regime.pgdl = TABLE(0);
    regime.pgdh = TABLE(10);
    below_store(TABLE(0) + 4 * 8, 3, TABLE(1));
    below_store(TABLE(1) + 5 * 8, 3, TABLE(2));
    below_store(TABLE(2) + 6 * 8, 3, TABLE(3));
    below_store(TABLE(3) + 7 * 8, 3, leaf);
}

/* ---- golden: pages ---- */

static const struct golden {
    uint64_t entry;
    unsigned plv; /**< CRMD.PLV */
    uint64_t misc;
    uint32_t access;
    enum axaddr_guest_fault_kind fault; /* NONE: OK, with `expected` flags; else the code */
    uint32_t expected;
} goldens[] = {
    {GOOD, 0, 0, R, NONE, R | W | X},
    {GOOD, 0, 0, W, NONE, R | W | X},
    {GOOD, 0, 0, X, NONE, R | W | X},
    {GOOD, 0, 0, R | W, NONE, R | W | X},
    {GOOD, 0, 0, 0, NONE, R | W | X},
    /* V */
    {GOOD & ~UINT64_C(1), 0, 0, R, ABSENT, 1},
    {GOOD & ~UINT64_C(1), 0, 0, W, ABSENT, 2},
    {GOOD & ~UINT64_C(1), 0, 0, X, ABSENT, 3},
    {GOOD & ~UINT64_C(1), 0, 0, R | W, ABSENT, 2},
    {GOOD & ~UINT64_C(1), 0, 0, 0, ABSENT, 1},
    {RPLV | NX | NR | 0x1fe, 0, 0, R | U, ABSENT, 1}, /* V comes first */
    /* D; W and P are software's */
    {0x191, 0, 0, W, DENIED, 4},
    {0x191, 0, 0, R | W, DENIED, 4},
    {0x191, 0, 0, R, NONE, R | X},
    {0x013, 0, 0, W, NONE, R | W | X},
    /* NR, NX */
    {NR | GOOD, 0, 0, R, DENIED, 5},
    {NR | GOOD, 0, 0, R | W, DENIED, 5},
    {NR | GOOD, 0, 0, W, NONE, W | X},
    {NR | GOOD, 0, 0, X, NONE, W | X},
    {NX | GOOD, 0, 0, X, DENIED, 6},
    {NX | GOOD, 0, 0, R, NONE, R | W},
    {NR | NX | 0x191, 0, 0, R | W, DENIED, 4}, /* PME comes before PNR */
    {NR | NX | 0x191, 0, 0, X, DENIED, 6},     /* nothing is permitted, but the PLV is */
    {NR | NX | 0x191, 0, 0, 0, NONE, 0},
    /* PLV */
    {GOOD, 0, 0, R | U, DENIED, 7},
    {GOOD, 1, 0, W, DENIED, 7},
    {GOOD, 2, 0, X, DENIED, 7},
    {GOOD, 3, 0, R, NONE, R | W | X}, /* without USER, CRMD.PLV 3 is PLV 0 */
    {GOOD | 0x4, 1, 0, R, NONE, R | W | X},
    {GOOD | 0x4, 2, 0, R, DENIED, 7},
    {GOOD | 0x8, 2, 0, R, NONE, R | W | X},
    {GOOD | 0x8, 2, 0, R | U, DENIED, 7},
    {GOOD | 0xc, 0, 0, X, NONE, R | W | X | U},
    {GOOD | 0xc, 0, 0, X | U, NONE, R | W | X | U},
    {GOOD, 0, 0, U, NONE, 0},        /* asks nothing */
    {0x191, 0, 0, W | U, DENIED, 7}, /* PPI comes before PME */
    {NX | GOOD, 0, 0, X | U, DENIED, 7},
    /* RPLV */
    {RPLV | GOOD, 0, 0, R, NONE, R | W | X},
    {RPLV | GOOD | 0xc, 0, 0, R, DENIED, 7},
    {RPLV | GOOD | 0xc, 2, 0, W, DENIED, 7},
    {RPLV | GOOD | 0xc, 0, 0, X | U, NONE, R | W | X | U},
    {RPLV | GOOD | 0x4, 1, 0, R, NONE, R | W | X},
    {RPLV | GOOD | 0x4, 0, 0, R, DENIED, 7},
    /* DWPL0 to DWPL2 */
    {0x191, 0, 0x10000, W, NONE, R | W | X},
    {0x195, 1, 0x10000, W, DENIED, 4},
    {0x195, 1, 0x20000, W, NONE, R | W | X},
    {0x199, 2, 0x40000, W, NONE, R | W | X},
    {0x199, 2, 0x20000, W, DENIED, 4},
    {0x19d, 0, 0x70000, W | U, DENIED, 4},
    {0x19d, 0, 0xf0000, W | U, DENIED, 4}, /* there is no DWPL3 */
    {0x191, 0, 0x10000, W | U, DENIED, 7},
    /* MAT, G, bits that are ignored */
    {0x183, 0, 0, R, NONE, R | W | X | IO},
    {0x1a3, 0, 0, R, NONE, R | W | X | NC},
    {0x1b3, 0, 0, R, NONE, R | W | X | IO},
    {0x1d3, 0, 0, R, NONE, R | W | X},
    {0xf93, 0, 0, R, NONE, R | W | X},
    {UINT64_C(0x1fff000000000193), 0, 0, R, NONE, R | W | X},
};

static void golden_pages(void) {
    unsigned i;

    for (i = 0; i < sizeof(goldens) / sizeof(goldens[0]); i++) {
        const struct golden *golden = &goldens[i];

        snprintf(check_context, sizeof(check_context), "%s, line %u of the table", below->name, i);
        begin(golden->entry | PAGE);
        regime.crmd |= golden->plv;
        regime.misc = golden->misc;
        if (golden->fault != NONE) {
            IS_INJECT(ADDRESS, golden->access, golden->fault, golden->expected, 0);
        } else {
            IS_OK(ADDRESS, golden->access, PAGE + 0x123, 0x1000, golden->expected, 0);
            CHECK_EQ(page.hpa.raw, below_small[5].raw + 0x123);
        }
        CHECK_EQ(below_load(TABLE(3) + 7 * 8, 3), golden->entry | PAGE);
    }
}

/** Without RI, EP or RPLV these bits are none. */
static void what_the_processor_has(void) {
    begin(PAGE | GOOD | NR | NX | RPLV | 0xc);
    IS_INJECT(ADDRESS, R | U, DENIED, 5, 0);
    IS_INJECT(ADDRESS, X | U, DENIED, 6, 0);
    IS_INJECT(ADDRESS, W, DENIED, 7, 0);
    regime.cpucfg1 = CPUCFG1 & ~UINT32_C(0x200000);
    IS_OK(ADDRESS, R | U, PAGE + 0x123, 0x1000, R | W | U, 0);
    IS_INJECT(ADDRESS, X | U, DENIED, 6, 0);
    regime.cpucfg1 = CPUCFG1 & ~UINT32_C(0x400000);
    IS_OK(ADDRESS, X | U, PAGE + 0x123, 0x1000, W | X | U, 0);
    IS_INJECT(ADDRESS, R | U, DENIED, 5, 0);
    regime.cpucfg1 = CPUCFG1 & ~UINT32_C(0x800000);
    IS_OK(ADDRESS, W, PAGE + 0x123, 0x1000, W | U, 0);
    /* PALEN: 40 bits of each address are left, of entries and of roots */
    regime.cpucfg1 = UINT32_C(0x00e2f270);
    begin(0);
    regime.cpucfg1 = UINT32_C(0x00e2f270);
    regime.pgdl |= UINT64_C(0x30000000000);
    below_store(TABLE(1) + 5 * 8, 3, TABLE(2) | UINT64_C(0xffffff0000000fbf));
    below_store(TABLE(3) + 7 * 8, 3, PAGE | GOOD | UINT64_C(0x1fffff0000000000));
    IS_OK(ADDRESS, R, PAGE + 0x123, 0x1000, R | W | X, 0);
    regime.cpucfg1 = CPUCFG1;
    IS_TABLE(ADDRESS, R, UINT64_C(0x30080000020), AXADDR_FAULT_UNMAPPED, 1);
}

/* ---- golden: modes and windows ---- */

static void golden_direct(void) {
    begin(0);
    regime.crmd = 0xa8 | 3; /* DA, DATF 1, DATM 1 */
    regime.dmw[0] = UINT64_C(0x9000000000000000);
    IS_OK(PAGE + 0x18, W | U, PAGE + 0x18, 0x1000, R | W | X | U, 0);
    IS_OK(UINT64_C(0x9abc000080254321), R, UINT64_C(0x80254321), 0x200000, R | W | X | U, 0);
    IS_OK(UINT64_C(0xffff000080454321), X & 0, UINT64_C(0x80454321), 0x200000, R | U, 0);
    IS_WALK(STAGE2, UINT64_MAX - BELOW_PAGE, W, LAZY);
    CHECK_EQ(page.gpa.raw, UINT64_C(0xffffffffefff));
    CHECK(!page.is_table && page.stage2 == AXADDR_FAULT_UNMAPPED && page.access == W);
    regime.crmd = 0x88; /* DATF 0, DATM 1 */
    IS_OK(PAGE, X, PAGE, 0x1000, R | W | X | U | IO, 0);
    IS_OK(PAGE, R, PAGE, 0x1000, R | W | X | U, 0);
    regime.crmd = 0x128; /* DATF 1, DATM 2 */
    IS_OK(PAGE, X, PAGE, 0x1000, R | W | X | U, 0);
    IS_OK(PAGE, W, PAGE, 0x1000, R | W | X | U | NC, 0);
    regime.crmd = 0; /* neither: as mapped */
    IS_INJECT(ADDRESS, R, ABSENT, 1, 0);
    regime.crmd = 0x18;
    IS_INJECT(ADDRESS, R, ABSENT, 1, 0);
}

static void golden_windows(void) {
    uint64_t address = UINT64_C(0x9000000080005018);
    unsigned i;
    unsigned plv;

    for (i = 0; i < 4; i++) {
        uint32_t fetches = i < 2 ? X : 0;

        snprintf(check_context, sizeof(check_context), "%s, window %u", below->name, i);
        begin(0);
        regime.dmw[i] = UINT64_C(0x9000000000000011); /* PLV 0, MAT 1 */
        IS_OK(address, R, PAGE + 0x18, 0x1000, R | W | fetches, 0);
        IS_OK(address, W, PAGE + 0x18, 0x1000, R | W | fetches, 0);
        IS_INJECT(address, R | U, RANGE, 0x48, 0);
        IS_INJECT(address, X | U, RANGE, 0x8, 0);
        IS_INJECT(address + (UINT64_C(1) << 60), W, RANGE, 0x48, 0);
        IS_INJECT(address - (UINT64_C(1) << 60), W, RANGE, 0x48, 0);
        if (i < 2) {
            IS_OK(address, X, PAGE + 0x18, 0x1000, R | W | X, 0);
        } else {
            IS_INJECT(address, X, RANGE, 0x8, 0);
        }
        /* bits above PALEN and below VSEG are dropped */
        IS_OK(address | UINT64_C(0x0fff000000000000), W, PAGE + 0x18, 0x1000, R | W | fetches, 0);
        for (plv = 0; plv < 4; plv++) {
            unsigned other;

            regime.dmw[i] = UINT64_C(0x9000000000000020) | UINT64_C(1) << plv;
            for (other = 0; other < 3; other++) {
                regime.crmd = MAPPED | other;
                if (other == plv) {
                    IS_OK(address, R, PAGE + 0x18, 0x1000, R | W | fetches | NC, 0);
                } else {
                    IS_INJECT(address, R, RANGE, 0x48, 0);
                }
            }
        }
        regime.crmd = MAPPED;
        regime.dmw[i] = UINT64_C(0x9000000000000009); /* PLV 0 and 3, MAT 0 */
        IS_OK(address, W | U, PAGE + 0x18, 0x1000, R | W | fetches | U | IO, 0);
        IS_OK(address, W, PAGE + 0x18, 0x1000, R | W | fetches | U | IO, 0);
    }
    /* the first that is hit; in the way of the tables; VSEG 0 and 15, too */
    begin(PAGE | GOOD);
    regime.dmw[1] = 0x01;
    regime.dmw[3] = 0x11;
    IS_OK(UINT64_C(0x80005018), R, PAGE + 0x18, 0x1000, R | W | X | IO, 0);
    regime.dmw[1] = 0;
    IS_OK(UINT64_C(0x80005018), R, PAGE + 0x18, 0x1000, R | W, 0);
    IS_OK(ADDRESS, X, PAGE + 0x123, 0x1000, R | W | X, 0);
    IS_WALK(STAGE2, ADDRESS, R, 0);
    CHECK_EQ(page.gpa.raw, ADDRESS);
    regime.dmw[3] = UINT64_C(0xf000000000000011);
    IS_OK(UINT64_C(0xffff000080005018), W, PAGE + 0x18, 0x1000, R | W, 0);
    /* what the space below permits holds in a window, too */
    IS_WALK(STAGE2, UINT64_C(0xffff000080454321), W, LAZY);
    CHECK(!page.is_table && page.stage2 == AXADDR_FAULT_DENIED);
}

static void golden_addresses(void) {
    unsigned rdva;

    for (rdva = 0; rdva < 16; rdva++) {
        unsigned bits = 48 - (rdva < 8 ? rdva : 8);
        uint64_t half = UINT64_C(1) << (bits - 1);
        unsigned bit;

        snprintf(check_context, sizeof(check_context), "%s, RDVA %u", below->name, rdva);
        begin(0);
        below_clear_tables();
        below_store(TABLE(10) + 511 * 8, 3, 0x41); /* PGDH: a huge page, at 0 */
        below_store(TABLE(0) + (half - 1) / 0x8000000000 * 8, 3, BELOW_HOLE);
        regime.rvacfg = rdva | UINT64_C(0xfffffff0);
        IS_TABLE(half - 1, R, BELOW_HOLE + 0xff8, AXADDR_FAULT_UNMAPPED, 1);
        IS_INJECT(half, R, RANGE, 0x48, 0);
        IS_INJECT(half, W | U, RANGE, 0x48, 0);
        IS_INJECT(0 - half - 1, X, RANGE, 0x8, 0);
        IS_WALK(STAGE2, UINT64_MAX, X, LAZY);
        CHECK_EQ(page.gpa.raw, 0x1fffff);
        CHECK_EQ(page.level, 3);
        for (bit = bits - 1; bit < 64; bit++) {
            IS_INJECT(UINT64_C(1) << bit, W, RANGE, 0x48, 0);
            IS_INJECT(~(UINT64_C(1) << bit), R, RANGE, 0x48, 0);
        }
    }
}

/* ---- golden: shapes ---- */

static void golden_huge(void) {
    begin(0);
    /* H and G (bit 12) in Dir1: 2 MiB at 0x80200000; in a large leaf, and over small pages */
    below_store(TABLE(2) + 6 * 8, 3, UINT64_C(0x802011d3));
    IS_OK(UINT64_C(0x020140c54321), W, UINT64_C(0x80254321), 0x200000, R | W | X, 1);
    below_store(TABLE(2) + 6 * 8, 3, UINT64_C(0x800000df));
    IS_OK(UINT64_C(0x020140c05321), W | U, UINT64_C(0x80005321), 0x1000, R | W | X | U, 1);
    /* misaligned: TLB entries have no such bits */
    below_store(TABLE(2) + 6 * 8, 3, UINT64_C(0x803ff1d3));
    IS_OK(UINT64_C(0x020140c54321), W, UINT64_C(0x80254321), 0x200000, R | W | X, 1);
    below_store(TABLE(2) + 6 * 8, 3, UINT64_C(0x802001d2));
    IS_INJECT(UINT64_C(0x020140c54321), X, ABSENT, 3, 1);
    below_store(TABLE(2) + 6 * 8, 3, NX | UINT64_C(0x802001d3));
    IS_INJECT(UINT64_C(0x020140c54321), X, DENIED, 6, 1);
    /* in Dir2: as large as one in Dir1, or as its place says */
    below_store(TABLE(1) + 5 * 8, 3, UINT64_C(0x800000d3));
    IS_OK(UINT64_C(0x020140c05321), R, UINT64_C(0x80005321), 0x1000, R | W | X, 2);
    regime.has_huge_levels = true;
    IS_OK(UINT64_C(0x020140205321), R, UINT64_C(0x80205321), 0x200000, R | W | X, 2);
    below_store(TABLE(1) + 5 * 8, 3, UINT64_C(0xbfe000d3));
    IS_OK(UINT64_C(0x020140205321), R, UINT64_C(0x80205321), 0x200000, R | W | X, 2);
    /* or as its bits 14:13 say: 1 is the reach of Dir1, 3 of Dir3 */
    below_store(TABLE(1) + 5 * 8, 3, UINT64_C(0x800020d3));
    IS_OK(UINT64_C(0x020140205321), R, UINT64_C(0x80205321), 0x200000, R | W | X, 2);
    below_store(TABLE(1) + 5 * 8, 3, UINT64_C(0x800060d3));
    IS_WALK(STAGE2, UINT64_C(0x020140205321), R, LAZY);
    CHECK_EQ(page.gpa.raw, UINT64_C(0x020140205321));
    /* in Dir3, which no processor has as such: 512 GiB at 0 */
    below_store(TABLE(0) + 4 * 8, 3, UINT64_C(0xd3));
    IS_OK(UINT64_C(0x020080205321), R, UINT64_C(0x80205321), 0x200000, R | W | X, 3);
}

static void golden_shapes(void) {
    /* 39 bits: three levels, RDVA 8 */
    begin(PAGE | GOOD);
    regime.pwch = 0;
    regime.rvacfg = 8;
    regime.pgdl = TABLE(1);
    IS_OK(UINT64_C(0x0140c07123), R, PAGE + 0x123, 0x1000, R | W | X, 0);
    regime.pgdh = TABLE(1) | 0xfff; /* bits 11:0 are none */
    IS_OK(UINT64_C(0xffffff8140c07123), R, PAGE + 0x123, 0x1000, R | W | X, 0);
    /* 16 KiB pages; Dir3 as the second directory: indices 4, 5, 6 */
    regime.pwcl = UINT64_C(0x5e56e);
    regime.pwch = UINT64_C(0x2e4);
    regime.rvacfg = 0;
    regime.pgdl = TABLE(0);
    below_store(TABLE(0) + 4 * 8, 3, TABLE(1));
    below_store(TABLE(1) + 5 * 8, 3, TABLE(2));
    below_store(TABLE(2) + 6 * 8, 3, UINT64_C(0x80203193)); /* bits 13:12 are no address */
    IS_OK(UINT64_C(0x400a01b123), R, UINT64_C(0x80203123), 0x4000, R | W | X, 0);
    below_store(TABLE(1) + 5 * 8, 3, UINT64_C(0x800001d3)); /* 32 MiB */
    IS_OK(UINT64_C(0x400a254321), W, UINT64_C(0x80254321), 0x200000, R | W | X, 1);
    /* an index of 11 bits reaches beyond 4 KiB: it is joined to the base by OR */
    below_store(TABLE(0) + 4 * 8, 3, TABLE(4));
    below_store(TABLE(6) + 5 * 8, 3, UINT64_C(0x802001d3));
    IS_OK(UINT64_C(0x480a254321), W, UINT64_C(0x80254321), 0x200000, R | W | X, 1);
    /* PTEWidth: entries of 16 bytes, of which the first eight count */
    begin(0);
    regime.pwcl |= UINT64_C(1) << 30;
    below_store(TABLE(0) + 4 * 16, 3, TABLE(1));
    below_store(TABLE(1) + 5 * 16, 3, TABLE(2));
    below_store(TABLE(2) + 6 * 16, 3, UINT64_C(0x802001d3));
    IS_OK(UINT64_C(0x020140c54321), W, UINT64_C(0x80254321), 0x200000, R | W | X, 1);
    /* no widths at all: one entry, the root's first, for every address */
    begin(0);
    regime.pwcl = 12;
    regime.pwch = 0;
    below_store(TABLE(0), 3, PAGE | GOOD);
    IS_OK(ADDRESS, R, PAGE + 0x123, 0x1000, R | W | X, 0);
    regime.pwcl = 0; /* pages of one byte are none: 4 KiB */
    IS_OK(ADDRESS, R, PAGE + 0x123, 0x1000, R | W | X, 0);
}

/* ---- the space below stops the walk; hostile tables ---- */

static void tables_in_the_wrong_place(void) {
    static const struct {
        uint64_t table;
        enum axaddr_fault fault;
    } places[] = {
        {BELOW_HOLE, AXADDR_FAULT_UNMAPPED},
        {BELOW_TRAPPED, AXADDR_FAULT_DEVICE},
        {BELOW_DEVICE, AXADDR_FAULT_DENIED},
        {UINT64_C(0x7ffffffff000), AXADDR_FAULT_UNMAPPED},
    };
    unsigned i;

    for (i = 0; i < 4; i++) {
        begin(PAGE | GOOD);
        below_store(TABLE(2) + 6 * 8, 3, places[i].table);
        IS_TABLE(ADDRESS, R, places[i].table + 7 * 8, places[i].fault, 1);
        IS_TABLE(ADDRESS, W, places[i].table + 7 * 8, places[i].fault, 2);
        IS_TABLE(ADDRESS, R | W, places[i].table + 7 * 8, places[i].fault, 2);
        IS_TABLE(ADDRESS, X, places[i].table + 7 * 8, places[i].fault, 3);
        IS_TABLE(ADDRESS, 0, places[i].table + 7 * 8, places[i].fault, 1);
        CHECK_EQ(page.level, 0);
        regime.pgdl = places[i].table;
        IS_TABLE(ADDRESS, X, places[i].table + 4 * 8, places[i].fault, 3);
        CHECK_EQ(page.level, 3);
    }
    /* a lazy table: entries of 0 are tables at 0, then an invalid page */
    begin(0);
    below_store(TABLE(0) + 4 * 8, 3, BELOW_LAZY);
    IS_WALK(STAGE2, ADDRESS, W, 0);
    CHECK(page.is_table && page.stage2 == AXADDR_FAULT_RESOLVED);
    below_store(7 * 8, 3, 0);
    IS_INJECT(ADDRESS, W, ABSENT, 2, 0);
    below_store(7 * 8, 3, PAGE | GOOD);
    IS_OK(ADDRESS, W, PAGE + 0x123, 0x1000, R | W | X, 0);
    below_renew();
    host_fail_in(&below_host, 1, true);
    IS_TABLE(ADDRESS, R, BELOW_LAZY + 5 * 8, AXADDR_FAULT_NO_MEMORY, 1);
    host_begin(&below_host);
    CHECK_STR(host_error(&below_host), "");
}

static void loops_and_last_bytes(void) {
    uint64_t last = below_last_page();
    unsigned n;

    begin(0);
    for (n = 0; n < 512; n++) {
        below_store(TABLE(0) + n * 8, 3, TABLE(0));
    }
    IS_INJECT(ADDRESS, R, ABSENT, 1, 0); /* bit 0 of 0x80000000 */
    IS_INJECT(ADDRESS | U, W, ABSENT, 2, 0);
    regime.pwch = UINT64_C(0x270267); /* Dir4, too: five steps, no more */
    IS_INJECT(ADDRESS, X, ABSENT, 3, 0);
    below_store(TABLE(0), 3, TABLE(0) | 1); /* a window onto itself */
    IS_OK(0, R, TABLE(0), 0x1000, R | X | IO, 0);
    /* entries in the last bytes of memory */
    begin(0);
    regime.pgdh = last;
    below_store(last + 0xff8, 3, last);
    IS_INJECT(UINT64_MAX, R, ABSENT, 1, 0);
    below_store(last + 0xff8, 3,
                last | GOOD | 0x40); /* H: 2 MiB, of which the last page is there */
    IS_OK(UINT64_MAX, W, last + 0xfff, 0x1000, R | W | X, 3);
    IS_WALK(STAGE2, UINT64_MAX - BELOW_PAGE, W, LAZY);
    CHECK_EQ(page.gpa.raw, last - 1);
    /* all bits of every register */
    memset(&regime, 0xff, sizeof(regime));
    regime.has_huge_levels = true;
    regime.crmd = MAPPED;
    IS_WALK(STAGE2, ADDRESS, R, LAZY);
    CHECK(page.is_table && page.level == 4);
    IS_WALK(STAGE2, UINT64_MAX, R, LAZY); /* window 0, PALEN 60 */
    CHECK(!page.is_table && page.gpa.raw == UINT64_C(0x0fffffffffffffff));
    CHECK_STR(host_error(&below_host), "");
}

/* ---- random guests ---- */

static void random_guests(void) {
    struct below_source source = {SEED + kind, 0, 0, false};
    uint64_t end = loongarch_seen.walks + WALKS;
    unsigned count = 0;

    below_clear_tables();
    below_take_snapshot();
    while (loongarch_seen.walks < end) {
        if (!loongarch_one(&source)) {
            check_fail(__FILE__, __LINE__, "%s", below_wrong);
            return;
        }
        if (++count % 64 == 0) {
            below_renew();
            CHECK(below_is_as_snapshot());
        }
    }
}

static void random_bytes(void) {
    static uint8_t data[4096];
    struct below_source source = {SEED, 0, 0, false};
    unsigned run;

    for (run = 0; run < 200; run++) {
        size_t i;

        for (i = 0; i < sizeof(data); i++) {
            data[i] = (uint8_t)(below_random(&source) >> 56);
        }
        data[0] = (uint8_t)(run / 50);
        guest_loongarch_fuzz(data, run % 50 == 0 ? run / 50 : sizeof(data));
    }
}

/** Every outcome that there is must have occurred. */
static void all_was_seen(void) {
    static const uint8_t shifts[] = {12, 14, 21, 25, 30, 36, 39, 48};
    unsigned i;

    for (i = 0; i < 3; i++) {
        CHECK(loongarch_seen.results[i] > 20000);
        CHECK(loongarch_seen.blocked[i + 1] > 1000);
    }
    for (i = 1; i <= 8; i++) {
        CHECK(loongarch_seen.codes[i] > 100);
    }
    CHECK(loongarch_seen.codes[0x48] > 100);
    for (i = 0; i < 5; i++) {
        CHECK(loongarch_seen.leaves[i] > 100);
    }
    for (i = 0; i < 8; i++) {
        CHECK(loongarch_seen.shifts[shifts[i]] > 50);
    }
    CHECK(loongarch_seen.tables[AXADDR_FAULT_RESOLVED] > 100);
    CHECK(loongarch_seen.tables[AXADDR_FAULT_DEVICE] > 100);
    CHECK(loongarch_seen.tables[AXADDR_FAULT_UNMAPPED] > 100);
    CHECK(loongarch_seen.tables[AXADDR_FAULT_DENIED] > 100);
    CHECK(loongarch_seen.pages[AXADDR_FAULT_RESOLVED] > 100);
    CHECK(loongarch_seen.pages[AXADDR_FAULT_DEVICE] > 100);
    CHECK(loongarch_seen.pages[AXADDR_FAULT_UNMAPPED] > 100);
    CHECK(loongarch_seen.pages[AXADDR_FAULT_DENIED] > 100);
    CHECK(loongarch_seen.types[0] > 100 && loongarch_seen.types[1] > 100);
    CHECK(loongarch_seen.users > 100 && loongarch_seen.data_windows > 100);
}

#define ON_EACH(function)                                                                          \
    for (kind = 0; kind < BELOW_COUNT; kind++) {                                                   \
        below_begin(kind);                                                                         \
        snprintf(check_context, sizeof(check_context), "%s", below->name);                         \
        CASE(function);                                                                            \
        below_end();                                                                               \
    }

int main(void) {
    printf("test_guest_walk_loongarch: seed 0x%" PRIx64 "\n", SEED);
    ON_EACH(golden_pages);
    ON_EACH(what_the_processor_has);
    ON_EACH(golden_direct);
    ON_EACH(golden_windows);
    ON_EACH(golden_addresses);
    ON_EACH(golden_huge);
    ON_EACH(golden_shapes);
    ON_EACH(tables_in_the_wrong_place);
    ON_EACH(loops_and_last_bytes);
    ON_EACH(random_guests);
    CASE(all_was_seen);
    printf("test_guest_walk_loongarch: %" PRIu64 " random walks\n", loongarch_seen.walks);
    CASE(random_bytes);
    below_end_inputs();
    return check_report("test_guest_walk_loongarch");
}
