/* SPDX-License-Identifier: MIT
 *
 * test_guest_walk_riscv.c: walks through a RISC-V guest's tables (axaddr_arch/riscv_guest.h): golden
 * entries and causes, by hand from the manual; what a hostile guest may make of its tables; entries
 * that other CPUs change; random guests against the reference walker of guest_riscv.h.
 */
#include "check.h"
#include "guest_riscv.h"

#define SEED  UINT64_C(0x6b3f0a5c9e2d7481)
#define WALKS 100000 /* on each of the spaces */

#define R    AXADDR_READ
#define W    AXADDR_WRITE
#define X    AXADDR_EXECUTE
#define U    AXADDR_USER
#define NC   AXADDR_UNCACHED
#define IO   AXADDR_DEVICE
#define SUM  UINT64_C(0x40000)
#define MXR  UINT64_C(0x80000)
#define ADUE UINT64_C(0x2000000000000000)
#define PBMT UINT64_C(0x4000000000000000)
#define SET  AXADDR_SET_NOTES
#define LAZY AXADDR_ON_DEMAND

#define NONE     AXADDR_GUEST_FAULT_NONE
#define ABSENT   AXADDR_GUEST_FAULT_ABSENT
#define DENIED   AXADDR_GUEST_FAULT_DENIED
#define ACCESSED AXADDR_GUEST_FAULT_ACCESSED
#define RESERVED AXADDR_GUEST_FAULT_RESERVED
#define RANGE    AXADDR_GUEST_FAULT_RANGE

/* Tables at 0x80000000 (root), 0x80001000, 0x80002000, ...; the page is at 0x80005000. */
#define TABLE(n)   (BELOW_SMALL + (n)*BELOW_PAGE)
#define POINTER(n) (UINT64_C(0x20000001) + (n)*UINT64_C(0x400))
#define PAGE       UINT64_C(0x20001400) /* its PPN in an entry */
#define SV39_ROOT  UINT64_C(0x8000000000080000)
#define SV48_ROOT  UINT64_C(0x9000000000080000)
#define SV57_ROOT  UINT64_C(0xa000000000080000)
#define SV32_ROOT  UINT64_C(0x80080000)

static unsigned kind;
static riscv_regime regime;
static struct axaddr_guest_page page;

#define IS_WALK(outcome, at, with, by)                                                             \
    CHECK_EQ(riscv_walk(&regime, at, with, by, &page), AXADDR_WALK_##outcome)
#define IS_INJECT(at, with, its_kind, its_code, its_level)                                         \
    do {                                                                                           \
        IS_WALK(INJECT, at, with, SET | LAZY);                                                     \
        CHECK_EQ(page.fault.kind, its_kind);                                                       \
        CHECK_EQ(page.fault.code, its_code);                                                       \
        CHECK_EQ(page.level, its_level);                                                           \
    } while (0)
#define IS_OK(at, with, to, bytes, permits, its_level)                                             \
    do {                                                                                           \
        IS_WALK(OK, at, with, SET);                                                                \
        CHECK_EQ(page.gpa.raw, to);                                                                \
        CHECK_EQ(page.size, bytes);                                                                \
        CHECK_EQ(page.flags, permits);                                                             \
        CHECK_EQ(page.level, its_level);                                                           \
    } while (0)
#define IS_TABLE(at, with, by, slot, needs, why, its_code)                                         \
    do {                                                                                           \
        IS_WALK(STAGE2, at, with, by);                                                             \
        CHECK(page.is_table);                                                                      \
        CHECK_EQ(page.gpa.raw, slot);                                                              \
        CHECK_EQ(page.access, needs);                                                              \
        CHECK_EQ(page.stage2, why);                                                                \
        CHECK_EQ(page.fault.kind, AXADDR_GUEST_FAULT_TABLE);                                       \
        CHECK_EQ(page.fault.code, its_code);                                                       \
    } while (0)

/** Sv39: indices 5, 6 and 7 lead to the entry at 0x80002038. */
#define SV39_ADDRESS UINT64_C(0x140c07123)
#define SV39_SLOT    (TABLE(2) + 7 * 8)

static void sv39_begin(uint64_t leaf) {
    memset(&regime, 0, sizeof(regime));
    regime.satp = SV39_ROOT;
    below_store(TABLE(0) + 5 * 8, 3, POINTER(1));
    below_store(TABLE(1) + 6 * 8, 3, POINTER(2));
    below_store(SV39_SLOT, 3, leaf);
}

/* ---- golden: leaves of Sv39 ---- */

static const struct golden {
    uint64_t entry;
    uint64_t status;
    uint64_t envcfg;
    uint32_t access;
    enum axaddr_guest_fault_kind fault; /* NONE: OK, with `expected` flags; else the code */
    uint32_t expected;
} goldens[] = {
    /* R, W and X: V 1, R 2, W 4, X 8, U 0x10, G 0x20, A 0x40, D 0x80 */
    {0xcf, 0, 0, R, NONE, R | W | X},
    {0xcf, 0, 0, W, NONE, R | W | X},
    {0xcf, 0, 0, X, NONE, R | W | X},
    {0xcf, 0, 0, R | W, NONE, R | W | X},
    {0xcf, 0, 0, 0, NONE, R | W | X},
    {0xef, 0, 0, R, NONE, R | W | X},  /* G */
    {0x3cf, 0, 0, R, NONE, R | W | X}, /* RSW */
    {0xc3, 0, 0, R, NONE, R},
    {0xc3, 0, 0, W, DENIED, 15},
    {0xc3, 0, 0, R | W, DENIED, 15},
    {0xc3, 0, 0, X, DENIED, 12},
    {0xc7, 0, 0, W, NONE, R | W},
    {0xc7, 0, 0, X, DENIED, 12},
    {0xc9, 0, 0, R, DENIED, 13},
    {0xc9, 0, 0, W, DENIED, 15},
    {0xc9, 0, 0, X, NONE, X},
    {0xcb, 0, 0, W, DENIED, 15},
    {0xcb, 0, 0, X, NONE, R | X},
    /* reserved encodings, not valid */
    {0xc5, 0, 0, R, RESERVED, 13},
    {0xcd, 0, 0, X, RESERVED, 12},
    {0xc5, 0, 0, W, RESERVED, 15},
    {0xce, 0, 0, R, ABSENT, 13},
    {0xce, 0, 0, W, ABSENT, 15},
    {0xce, 0, 0, X, ABSENT, 12},
    {0x01, 0, 0, R, RESERVED, 13}, /* a pointer at level 0 */
    /* MXR */
    {0xc9, MXR, 0, R, NONE, R | X},
    {0xcb, MXR, 0, R, NONE, R | X},
    {0xc9, MXR, 0, W, DENIED, 15},
    {0xc9, MXR, 0, R | W, DENIED, 15},
    {0xc3, MXR, 0, X, DENIED, 12},
    {0xd9, MXR, 0, R, DENIED, 13},
    {0xd9, MXR, 0, R | U, NONE, R | X | U},
    {0xd9, MXR | SUM, 0, R, NONE, R | U},
    /* U, from S and from U, with SUM and without */
    {0xcf, 0, 0, R | U, DENIED, 13},
    {0xcf, SUM, 0, W | U, DENIED, 15},
    {0xcf, SUM | MXR, 0, X | U, DENIED, 12},
    {0xdf, 0, 0, R | U, NONE, R | W | X | U},
    {0xdf, 0, 0, W | U, NONE, R | W | X | U},
    {0xdf, SUM, 0, X | U, NONE, R | W | X | U},
    {0xdf, 0, 0, R, DENIED, 13},
    {0xdf, 0, 0, W, DENIED, 15},
    {0xdf, 0, 0, X, DENIED, 12},
    {0xdf, SUM, 0, R, NONE, R | W | U},
    {0xdf, SUM, 0, W, NONE, R | W | U},
    {0xdf, SUM, 0, X, DENIED, 12},
    {0xdf, 0, 0, 0, NONE, U},
    {0xd3, SUM, 0, W, DENIED, 15},
    /* A and D: Svade */
    {0x8f, 0, 0, R, ACCESSED, 13},
    {0x8f, 0, 0, X, ACCESSED, 12},
    {0x8f, 0, 0, W, ACCESSED, 15},
    {0x4f, 0, 0, R, NONE, R | W | X},
    {0x4f, 0, 0, X, NONE, R | W | X},
    {0x4f, 0, 0, W, ACCESSED, 15},
    {0x4f, 0, 0, R | W, ACCESSED, 15},
    {0x0f, 0, 0, 0, NONE, R | W | X},
    {0x03, 0, 0, W, DENIED, 15}, /* the rights come first */
    /* Svadu */
    {0x0f, 0, ADUE, R, NONE, R | W | X},
    {0x0f, 0, ADUE, W, NONE, R | W | X},
    {0x4f, 0, ADUE, W, NONE, R | W | X},
    {0x03, 0, ADUE, W, DENIED, 15},
    /* Svpbmt */
    {UINT64_C(0x20000000000000cf), 0, 0, R, RESERVED, 13},
    {UINT64_C(0x40000000000000cf), 0, 0, W, RESERVED, 15},
    {UINT64_C(0x60000000000000cf), 0, 0, X, RESERVED, 12},
    {UINT64_C(0x20000000000000cf), 0, PBMT, R, NONE, R | W | X | NC},
    {UINT64_C(0x40000000000000cf), 0, PBMT, R, NONE, R | W | X | IO},
    {UINT64_C(0x60000000000000cf), 0, PBMT, R, RESERVED, 13},
    /* 60:54, and N without Svnapot */
    {UINT64_C(0x00400000000000cf), 0, PBMT, R, RESERVED, 13},
    {UINT64_C(0x00800000000000cf), 0, PBMT, R, RESERVED, 13},
    {UINT64_C(0x01000000000000cf), 0, PBMT, R, RESERVED, 13},
    {UINT64_C(0x02000000000000cf), 0, PBMT, R, RESERVED, 13},
    {UINT64_C(0x04000000000000cf), 0, PBMT, R, RESERVED, 13},
    {UINT64_C(0x08000000000000cf), 0, PBMT, R, RESERVED, 13},
    {UINT64_C(0x10000000000000cf), 0, PBMT, R, RESERVED, 13},
    {UINT64_C(0x80000000000000cf), 0, PBMT, R, RESERVED, 13},
};

static void golden_leaves(void) {
    unsigned i;

    for (i = 0; i < sizeof(goldens) / sizeof(goldens[0]); i++) {
        const struct golden *golden = &goldens[i];

        snprintf(check_context, sizeof(check_context), "%s, line %u of the table", below->name, i);
        sv39_begin(golden->entry | PAGE);
        regime.status = golden->status;
        regime.envcfg = golden->envcfg;
        if (golden->fault != NONE) {
            IS_INJECT(SV39_ADDRESS, golden->access, golden->fault, golden->expected, 0);
            CHECK_EQ(below_load(SV39_SLOT, 3), golden->entry | PAGE);
            continue;
        }
        IS_OK(SV39_ADDRESS, golden->access, TABLE(5) + 0x123, 0x1000, golden->expected, 0);
        CHECK_EQ(page.hpa.raw, below_small[5].raw + 0x123);
        CHECK_EQ(below_load(TABLE(0) + 5 * 8, 3), POINTER(1)); /* nothing is noted in pointers */
    }
}

/* ---- golden: A and D in memory ---- */

static void notes(uint64_t entry, uint32_t access, uint32_t how, uint64_t after) {
    sv39_begin(entry | PAGE);
    regime.envcfg = ADUE;
    IS_WALK(OK, SV39_ADDRESS, access, how);
    CHECK_EQ(below_load(SV39_SLOT, 3), after | PAGE);
}

static void golden_notes(void) {
    notes(0x0f, R, SET, 0x4f);
    notes(0x0f, X, SET, 0x4f);
    notes(0x0f, W, SET, 0xcf);
    notes(0x0f, R | W, SET, 0xcf);
    notes(0x4f, W, SET, 0xcf);
    notes(0x8f, R, SET, 0xcf);
    notes(0x0f, 0, SET, 0x0f);
    notes(0x0f, R, 0, 0x0f);
    notes(0x0f, W, LAZY, 0x0f);
    notes(UINT64_C(0x3cf), W, SET, UINT64_C(0x3cf));
}

/** The entry in memory that the guest may not write: no walk may, either. */
static void notes_in_read_only_memory(void) {
    uint64_t table = BELOW_READ_ONLY;
    uint64_t slot = table + 7 * 8;

    sv39_begin(PAGE | 0xcf);
    regime.envcfg = ADUE;
    below_store(TABLE(1) + 6 * 8, 3, table >> 2 | 1);
    below_store(BELOW_LARGE + 7 * 8, 3, PAGE | 0x4f);
    IS_OK(SV39_ADDRESS, R, TABLE(5) + 0x123, 0x1000, R | W | X, 0);
    IS_TABLE(SV39_ADDRESS, W, SET | LAZY, slot, R | W, AXADDR_FAULT_DENIED, 7);
    CHECK_EQ(page.level, 0);
    CHECK_EQ(below->fault(page.gpa.raw, page.access), AXADDR_FAULT_DENIED);
    below_store(BELOW_LARGE + 7 * 8, 3, PAGE | 0x0f);
    IS_TABLE(SV39_ADDRESS, R, SET, slot, R | W, AXADDR_FAULT_DENIED, 5);
    IS_TABLE(SV39_ADDRESS, X, SET, slot, R | W, AXADDR_FAULT_DENIED, 1);
    IS_WALK(OK, SV39_ADDRESS, R, 0);
    CHECK_EQ(below_load(slot, 3), PAGE | 0x0f);
}

/* ---- golden: levels, sizes, modes ---- */

static void golden_superpages(void) {
    /* Sv39: 1 GiB at 0x80000000, over small pages and a large leaf; 2 MiB */
    sv39_begin(0);
    below_store(TABLE(0) + 5 * 8, 3, UINT64_C(0x200000cf));
    IS_OK(UINT64_C(0x140005123), R, UINT64_C(0x80005123), 0x1000, R | W | X, 2);
    IS_OK(UINT64_C(0x140345678), R, UINT64_C(0x80345678), 0x200000, R | W | X, 2);
    below_store(TABLE(0) + 5 * 8, 3, UINT64_C(0x200004cf)); /* 0x80001000 */
    IS_INJECT(UINT64_C(0x140005123), R, RESERVED, 13, 2);
    below_store(TABLE(0) + 5 * 8, 3, UINT64_C(0x280000cf)); /* 0xa0000000 */
    IS_INJECT(UINT64_C(0x140005123), W, RESERVED, 15, 2);
    sv39_begin(0);
    below_store(TABLE(1) + 6 * 8, 3, UINT64_C(0x200800c3)); /* 0x80200000 */
    IS_OK(UINT64_C(0x140c54321), R, UINT64_C(0x80254321), 0x200000, R, 1);
    below_store(TABLE(1) + 6 * 8, 3, UINT64_C(0x200c00c3)); /* 0x80300000 */
    IS_INJECT(UINT64_C(0x140c54321), X, RESERVED, 12, 1);
    /* misaligned comes before denied and before A */
    below_store(TABLE(1) + 6 * 8, 3, UINT64_C(0x200c0003));
    IS_INJECT(UINT64_C(0x140c54321), W, RESERVED, 15, 1);
    /* the whole of what 41 bits of the guest's address reach: only some of it is there */
    regime.satp = SV48_ROOT;
    below_store(TABLE(0) + 3 * 8, 3, 0xcf);
    IS_OK(UINT64_C(0x18080005000), W, UINT64_C(0x80005000), 0x1000, R | W | X, 3);
    IS_WALK(STAGE2, UINT64_C(0x18040000000), R, LAZY);
    CHECK_EQ(page.gpa.raw, 0x40000000);
    CHECK_EQ(page.stage2, AXADDR_FAULT_UNMAPPED);
    regime.satp = SV57_ROOT;
    IS_OK(UINT64_C(0x3000080005000), W, UINT64_C(0x80005000), 0x1000, R | W | X, 4);
}

static void golden_napot(void) {
    uint64_t entry = UINT64_C(0x80000000200020cf); /* N, PPN 0x80008: 64 KiB at 0x80000000 */
    unsigned low;

    sv39_begin(entry);
    IS_INJECT(SV39_ADDRESS, R, RESERVED, 13, 0);
    regime.has_svnapot = true;
    IS_OK(SV39_ADDRESS, R, UINT64_C(0x80007123), 0x1000, R | W, 0);
    below_store(TABLE(2) + 0x13 * 8, 3, UINT64_C(0x80000000200820cf)); /* in a large leaf */
    IS_OK(UINT64_C(0x140c13456), W, UINT64_C(0x80203456), 0x10000, R | W | X, 0);
    for (low = 0; low < 16; low++) {
        below_store(SV39_SLOT, 3, UINT64_C(0x80000000200000cf) | low << 10);
        if (low != 8) {
            IS_INJECT(SV39_ADDRESS, R, RESERVED, 13, 0);
        }
    }
    /* only at level 0, only in leaves; A and D in the one entry */
    below_store(SV39_SLOT, 3, UINT64_C(0x800000002000200f));
    regime.envcfg = ADUE;
    IS_OK(SV39_ADDRESS, W, UINT64_C(0x80007123), 0x1000, R | W, 0);
    CHECK_EQ(below_load(SV39_SLOT, 3), entry);
    below_store(TABLE(1) + 6 * 8, 3, UINT64_C(0x80000000200800cf));
    IS_INJECT(SV39_ADDRESS, R, RESERVED, 13, 1);
    below_store(TABLE(1) + 6 * 8, 3, UINT64_C(0x80000000200020cf));
    IS_INJECT(SV39_ADDRESS, R, RESERVED, 13, 1);
    below_store(TABLE(1) + 6 * 8, 3, POINTER(2) | UINT64_C(0x8000000000000000));
    IS_INJECT(SV39_ADDRESS, R, RESERVED, 13, 1);
}

static void golden_pointers(void) {
    unsigned bit;

    for (bit = 4; bit < 64; bit++) {
        uint64_t is_bad = UINT64_C(0xffc00000000000d0) >> bit & 1;

        snprintf(check_context, sizeof(check_context), "%s, bit %u", below->name, bit);
        sv39_begin(PAGE | 0xcf);
        regime.envcfg = PBMT | ADUE;
        regime.has_svnapot = true;
        if (bit >= 10 && bit < 54) {
            continue;
        }
        below_store(TABLE(1) + 6 * 8, 3, POINTER(2) | UINT64_C(1) << bit);
        if (is_bad != 0) {
            IS_INJECT(SV39_ADDRESS, X, RESERVED, 12, 1);
        } else {
            IS_OK(SV39_ADDRESS, X, TABLE(5) + 0x123, 0x1000, R | W | X, 0);
        }
    }
    sv39_begin(PAGE | 0xcf);
    below_store(TABLE(1) + 6 * 8, 3, POINTER(2) & ~UINT64_C(1));
    IS_INJECT(SV39_ADDRESS, R, ABSENT, 13, 1);
    below_store(TABLE(0) + 5 * 8, 3, 0);
    IS_INJECT(SV39_ADDRESS, W, ABSENT, 15, 2);
}

static void golden_modes(void) {
    uint64_t mode;

    sv39_begin(PAGE | 0xcf);
    /* Sv48 and Sv57: a root above; indices 3, and 2 */
    below_store(TABLE(3) + 3 * 8, 3, POINTER(0));
    below_store(TABLE(4) + 2 * 8, 3, POINTER(3));
    regime.satp = UINT64_C(0x9abcd00000080003);
    IS_OK(UINT64_C(0x18000000000) + SV39_ADDRESS, R, TABLE(5) + 0x123, 0x1000, R | W | X, 0);
    regime.satp = UINT64_C(0xaffff00000080004);
    IS_OK(UINT64_C(0x2018000000000) + SV39_ADDRESS, R, TABLE(5) + 0x123, 0x1000, R | W | X, 0);
    for (mode = 1; mode < 16; mode++) {
        if (mode < 8 || mode > 10) {
            regime.satp = mode << 60 | 0x80000;
            IS_INJECT(SV39_ADDRESS, R, RESERVED, 13, 0);
        }
    }
    /* Bare: both modes may do all, whatever SUM and MXR are; the leaf below decides the size */
    regime.satp = UINT64_C(0x0fffffffffffffff);
    IS_OK(UINT64_C(0x80005123), X | U, UINT64_C(0x80005123), 0x1000, R | W | X | U, 0);
    IS_OK(UINT64_C(0x80254321), W, UINT64_C(0x80254321), 0x200000, R | W | X | U, 0);
    IS_OK(UINT64_C(0x80454321), R, UINT64_C(0x80454321), 0x200000, R | U, 0);
    IS_WALK(STAGE2, UINT64_C(0x80454321), W, LAZY);
    CHECK(!page.is_table && page.access == W && page.stage2 == AXADDR_FAULT_DENIED);
    IS_WALK(STAGE2, UINT64_MAX, X, LAZY);
    CHECK(!page.is_table && page.access == X && page.gpa.raw == UINT64_MAX);
    CHECK_EQ(page.stage2, AXADDR_FAULT_UNMAPPED);
}

static void golden_canonical(void) {
    static const struct {
        uint64_t root;
        unsigned bits;
    } modes[] = {{SV39_ROOT, 39}, {SV48_ROOT, 48}, {SV57_ROOT, 57}};
    unsigned i;

    for (i = 0; i < 3; i++) {
        uint64_t half = UINT64_C(1) << (modes[i].bits - 1);
        unsigned top = i + 2;
        unsigned bit;

        sv39_begin(0);
        regime.satp = modes[i].root;
        /* ABSENT is where the walk has begun */
        below_clear_tables();
        IS_INJECT(0, R, ABSENT, 13, top);
        IS_INJECT(half - 1, R, ABSENT, 13, top);
        IS_INJECT(half, R, RANGE, 13, 0);
        IS_INJECT(0 - half - 1, X, RANGE, 12, 0);
        IS_INJECT(0 - half, W, ABSENT, 15, top);
        IS_INJECT(UINT64_MAX, W | U, ABSENT, 15, top);
        for (bit = modes[i].bits; bit < 64; bit++) {
            IS_INJECT(UINT64_C(1) << bit, W, RANGE, 15, 0);
            IS_INJECT(~(UINT64_C(1) << bit), R, RANGE, 13, 0);
        }
        /* the last entry of the root is for the last bytes */
        below_store(TABLE(0) + 0xff8, 3, UINT64_C(0xcf));
        CHECK(riscv_walk(&regime, UINT64_MAX, R, 0, &page) != AXADDR_WALK_INJECT);
        CHECK_EQ(page.gpa.raw, axaddr_low_bits(modes[i].bits - 9));
    }
}

static void golden_sv32(void) {
    unsigned i;

    memset(&regime, 0, sizeof(regime));
    regime.is_rv32 = true;
    regime.satp = UINT64_C(0xffffffff00000000) | SV32_ROOT; /* 63:32 are none of it */
    regime.envcfg = PBMT;
    regime.has_svnapot = true;
    /* indices 5 and 7 */
    below_store(TABLE(0) + 5 * 4, 2, POINTER(1));
    below_store(TABLE(1) + 7 * 4, 2, PAGE | 0xcf);
    below_store(TABLE(1) + 8 * 4, 2, UINT64_C(0xffffffff)); /* the neighbour is none of its */
    IS_OK(UINT64_C(0x1407123), R, TABLE(5) + 0x123, 0x1000, R | W | X, 0);
    IS_INJECT(UINT64_C(0x1409123), R, ABSENT, 13, 0);
    /* 34 bits of output, where Sv39 has a reserved one and N */
    IS_WALK(STAGE2, UINT64_C(0x1408fff), W | U, 0);
    CHECK_EQ(page.gpa.raw, UINT64_C(0x3ffffffff));
    /* 4 MiB at 0x80000000; misaligned */
    below_store(TABLE(0) + 6 * 4, 2, UINT64_C(0x200000c7));
    IS_OK(UINT64_C(0x1a54321), W, UINT64_C(0x80254321), 0x200000, R | W, 1);
    below_store(TABLE(0) + 6 * 4, 2, UINT64_C(0x200800c7)); /* 0x80200000 */
    IS_INJECT(UINT64_C(0x1a54321), W, RESERVED, 15, 1);
    for (i = 4; i < 10; i++) { /* U, A, D of a pointer; G and RSW are free */
        below_store(TABLE(0) + 5 * 4, 2, POINTER(1) | 1u << i);
        if (i == 4 || i == 6 || i == 7) {
            IS_INJECT(UINT64_C(0x1407123), R, RESERVED, 13, 1);
        } else {
            IS_OK(UINT64_C(0x1407123), R, TABLE(5) + 0x123, 0x1000, R | W | X, 0);
        }
    }
    below_store(TABLE(0) + 5 * 4, 2, POINTER(1));
    below_store(TABLE(1) + 7 * 4, 2, PAGE | 0x0f);
    IS_INJECT(UINT64_C(0x1407123), R, ACCESSED, 13, 0);
    regime.envcfg = ADUE;
    IS_OK(UINT64_C(0x1407123), W, TABLE(5) + 0x123, 0x1000, R | W | X, 0);
    CHECK_EQ(below_load(TABLE(1) + 7 * 4, 3), UINT64_C(0xffffffff00000000) | PAGE | 0xcf);
    IS_INJECT(UINT64_C(0x100001407123), X, RANGE, 12, 0);
    regime.satp = 0x7fffffff; /* Bare */
    IS_OK(UINT64_C(0x80005123), X | U, UINT64_C(0x80005123), 0x1000, R | W | X | U, 0);
    IS_INJECT(UINT64_C(0x180005123), R, RANGE, 13, 0);
}

/* ---- the space below stops the walk ---- */

static void tables_in_the_wrong_place(void) {
    static const struct {
        uint64_t table;
        enum axaddr_fault fault;
    } places[] = {
        {BELOW_HOLE, AXADDR_FAULT_UNMAPPED},
        {BELOW_TRAPPED, AXADDR_FAULT_DEVICE},
        {BELOW_DEVICE, AXADDR_FAULT_DENIED},
        {UINT64_C(0xfffffffffff000), AXADDR_FAULT_UNMAPPED},
        {UINT64_C(0x1000000000000), AXADDR_FAULT_UNMAPPED},
    };
    unsigned i;

    for (i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
        uint64_t slot = places[i].table + 7 * 8;
        uint32_t access;

        sv39_begin(PAGE | 0xcf);
        below_store(TABLE(1) + 6 * 8, 3, places[i].table >> 2 | 1);
        for (access = 0; access < 8; access++) {
            uint32_t code = (access & W) != 0 ? 7 : (access & X) != 0 ? 1 : 5;

            IS_WALK(STAGE2, SV39_ADDRESS, access, SET | LAZY);
            CHECK(page.is_table && page.access == R && page.gpa.raw == slot);
            CHECK_EQ(page.stage2, places[i].fault);
            CHECK_EQ(page.fault.kind, AXADDR_GUEST_FAULT_TABLE);
            CHECK_EQ(page.fault.code, code);
            CHECK_EQ(page.level, 0);
        }
        regime.satp = UINT64_C(0x8000000000000000) | places[i].table >> 12; /* the root itself */
        IS_WALK(STAGE2, SV39_ADDRESS, R, LAZY);
        CHECK(page.is_table && page.level == 2 && page.gpa.raw == places[i].table + 5 * 8);
    }
    if (below->query(BELOW_CODE, &(struct axaddr_mapping){0}) == AXADDR_OK) {
        sv39_begin(0);
        below_store(TABLE(1) + 6 * 8, 3, BELOW_CODE >> 2 | 1);
        IS_TABLE(SV39_ADDRESS, X, SET, BELOW_CODE + 7 * 8, R, AXADDR_FAULT_DENIED, 1);
        below_store(TABLE(1) + 6 * 8, 3, POINTER(2));
        below_store(SV39_SLOT, 3, BELOW_CODE >> 2 | 0xcf);
        IS_OK(SV39_ADDRESS, X, BELOW_CODE + 0x123, 0x1000, X, 0);
        regime.status = MXR; /* the guest's own does not hold for the second stage */
        IS_WALK(STAGE2, SV39_ADDRESS, R, SET);
        CHECK(!page.is_table && page.stage2 == AXADDR_FAULT_DENIED);
    }
    CHECK_STR(host_error(&below_host), "");
}

/** A table that may be written, but not read: the read is what was stopped. */
static void tables_that_are_write_only(void) {
    enum axaddr_status status = below->frames(BELOW_HOLE, &below_small[2], 1, W);

    CHECK(status == AXADDR_OK || status == AXADDR_UNSUPPORTED);
    CHECK(kind != 2 || status == AXADDR_OK); /* AArch64 has such pages */
    if (status == AXADDR_OK) {
        sv39_begin(PAGE | 0xcf);
        below_store(TABLE(1) + 6 * 8, 3, BELOW_HOLE >> 2 | 1);
        IS_TABLE(SV39_ADDRESS, R, SET, BELOW_HOLE + 7 * 8, R, AXADDR_FAULT_DENIED, 5);
        IS_TABLE(SV39_ADDRESS, W, SET | LAZY, BELOW_HOLE + 7 * 8, R, AXADDR_FAULT_DENIED, 7);
    }
}

/** handle_fault, then once more: as the caller of a walk that ends so. */
static void lazy_memory(void) {
    sv39_begin(BELOW_LAZY >> 2 | 0xcf);
    IS_WALK(STAGE2, SV39_ADDRESS, W, SET);
    CHECK(!page.is_table && page.access == W && page.stage2 == AXADDR_FAULT_RESOLVED);
    CHECK_EQ(page.gpa.raw, BELOW_LAZY + 0x123);
    CHECK_EQ(below->fault(page.gpa.raw, page.access), AXADDR_FAULT_RESOLVED);
    IS_OK(SV39_ADDRESS, W, BELOW_LAZY + 0x123, 0x1000, R | W | X, 0);
    sv39_begin((BELOW_LAZY + 0x21000) >> 2 | 0xcf); /* read-only */
    IS_WALK(STAGE2, SV39_ADDRESS, R | W, LAZY);
    CHECK_EQ(page.stage2, AXADDR_FAULT_DENIED);
    CHECK_EQ(page.access, R | W);
    IS_WALK(OK, SV39_ADDRESS, R, LAZY);
    CHECK_EQ(page.flags, R);
    /* a table there has no valid entry */
    below_store(TABLE(1) + 6 * 8, 3, (BELOW_LAZY + 0x2000) >> 2 | 1);
    IS_TABLE(SV39_ADDRESS, R, SET, BELOW_LAZY + 0x2000 + 7 * 8, R, AXADDR_FAULT_RESOLVED, 5);
    IS_INJECT(SV39_ADDRESS, R, ABSENT, 13, 0);
    below_renew();
    /* no memory to populate it with, then some */
    sv39_begin(BELOW_LAZY >> 2 | 0xcf);
    host_fail_in(&below_host, 1, true);
    IS_WALK(STAGE2, SV39_ADDRESS, R, LAZY);
    CHECK_EQ(page.stage2, AXADDR_FAULT_NO_MEMORY);
    host_begin(&below_host);
    IS_WALK(OK, SV39_ADDRESS, R, LAZY);
    below_renew();
    CHECK_STR(host_error(&below_host), "");
}

static void each_allocation_fails(void) {
    unsigned count;

    for (count = 1; count < 10; count++) {
        enum axaddr_walk_result result;

        sv39_begin(BELOW_LAZY >> 2 | 0xcf);
        below_renew();
        host_fail_in(&below_host, count, false);
        result = riscv_walk(&regime, SV39_ADDRESS, R, LAZY, &page);
        if (below_host.op_refused == 0) {
            break;
        }
        CHECK(result == AXADDR_WALK_OK || page.stage2 == AXADDR_FAULT_NO_MEMORY);
        IS_WALK(OK, SV39_ADDRESS, R, LAZY);
    }
    CHECK(count > 1 && count < 10);
    below_renew();
    CHECK_STR(host_error(&below_host), "");
}

/* ---- hostile tables ---- */

static void tables_that_point_to_themselves(void) {
    static const uint64_t roots[] = {SV39_ROOT, SV48_ROOT, SV57_ROOT};
    unsigned i;
    unsigned n;

    sv39_begin(0);
    for (n = 0; n < 512; n++) {
        below_store(TABLE(0) + n * 8, 3, POINTER(0));
    }
    for (i = 0; i < 3; i++) {
        regime.satp = roots[i];
        IS_INJECT(SV39_ADDRESS, R, RESERVED, 13, 0);
        IS_INJECT(UINT64_MAX, X | U, RESERVED, 12, 0);
    }
    /* a window of 1 GiB that begins with itself */
    below_store(TABLE(0) + 0xff8, 3, UINT64_C(0x200000cf));
    regime.satp = SV39_ROOT;
    IS_OK(UINT64_C(0xffffffffc0000ff8), W, BELOW_SMALL + 0xff8, 0x1000, R | W | X, 2);
}

static void last_bytes_of_memory(void) {
    uint64_t last = below_last_page();

    sv39_begin(0);
    regime.satp = UINT64_C(0x8000000000000000) | last >> 12;
    below_store(last + 0xff8, 3, last >> 2 | 1); /* the last eight bytes, three times */
    IS_INJECT(UINT64_MAX, R, RESERVED, 13, 0);
    below_store(last + 0xff8, 3, POINTER(1));
    below_store(TABLE(1) + 0xff8, 3, POINTER(2));
    below_store(TABLE(2) + 0xff8, 3, last >> 2 | 0xcf);
    IS_OK(UINT64_MAX, W, last + 0xfff, 0x1000, R | W | X, 0);
    /* beyond by one page */
    below_store(TABLE(2) + 0xff8, 3, (last + 0x1000) >> 2 | 0xcf);
    IS_WALK(STAGE2, UINT64_MAX, W, LAZY);
    CHECK_EQ(page.gpa.raw, last + 0x1fff);
    CHECK_EQ(page.stage2, AXADDR_FAULT_UNMAPPED);
    /* all bits of the address field */
    below_store(TABLE(2) + 0xff8, 3, UINT64_C(0x3ffffffffffccf));
    IS_WALK(STAGE2, UINT64_MAX, R, LAZY);
    CHECK_EQ(page.gpa.raw, UINT64_C(0xffffffffffffff));
    below_store(TABLE(1) + 0xff8, 3, UINT64_C(0x3ffffffffffc01));
    IS_TABLE(UINT64_MAX, R, LAZY, UINT64_C(0xfffffffffffff8), R, AXADDR_FAULT_UNMAPPED, 5);
    regime.satp = UINT64_C(0x8fffffffffffffff);
    IS_TABLE(UINT64_MAX, X, LAZY, UINT64_C(0xfffffffffffff8), R, AXADDR_FAULT_UNMAPPED, 1);
    CHECK_STR(host_error(&below_host), "");
}

/* ---- entries that change ---- */

static uint64_t watched_frame;
static unsigned watched_count;  /**< calls of frame_at for it */
static unsigned scribble_until; /**< at the even ones up to this */
static uint64_t scribble_bits;
static uint64_t *scribble_slot;

/** Each try looks for the frame twice: to read the entry, and to swap it. */
static void scribble(uint64_t frame, void *at) {
    (void)at;
    if (frame == watched_frame && ++watched_count % 2 == 0 && watched_count <= scribble_until) {
        *scribble_slot ^= scribble_bits;
    }
}

static void watch(uint64_t leaf, uint64_t bits, unsigned until) {
    sv39_begin(leaf);
    regime.envcfg = ADUE;
    scribble_slot = (uint64_t *)(void *)below_at(SV39_SLOT);
    watched_frame = below_small[2].raw;
    watched_count = 0;
    scribble_bits = bits;
    scribble_until = until;
    below_on_frame_at = scribble;
}

static void changed_once(void) {
    watch(PAGE | 0x0f, 0x100, 2);
    IS_OK(SV39_ADDRESS, W, TABLE(5) + 0x123, 0x1000, R | W | X, 0);
    CHECK_EQ(*scribble_slot, PAGE | 0x1cf); /* what the other wrote is not lost */
    CHECK_EQ(watched_count, 4);
    /* the new entry decides: another page, other rights, its upper half only, not valid */
    watch(PAGE | 0x0f, 0x400, 2);
    IS_OK(SV39_ADDRESS, W, TABLE(4) + 0x123, 0x1000, R | W | X, 0);
    watch(PAGE | 0x0f, 0x04, 2);
    IS_INJECT(SV39_ADDRESS, W, DENIED, 15, 0);
    CHECK_EQ(*scribble_slot, PAGE | 0x0b);
    watch(PAGE | 0x0f, UINT64_C(0x100000000000), 2);
    IS_WALK(STAGE2, SV39_ADDRESS, W, SET);
    CHECK_EQ(page.gpa.raw, UINT64_C(0x400080005123));
    CHECK_EQ(*scribble_slot, UINT64_C(0x100000000000) | PAGE | 0xcf);
    watch(PAGE | 0x0f, 0x01, 2);
    IS_INJECT(SV39_ADDRESS, R, ABSENT, 13, 0);
    /* into a pointer, back to another level's table: the walk ends all the same */
    watch(PAGE | 0x0f, 0x0e, 2);
    IS_INJECT(SV39_ADDRESS, R, RESERVED, 13, 0);
    below_on_frame_at = 0;
}

static void changed_at_a_higher_level(void) {
    /* a superpage's entry becomes a pointer between read and swap: the walk goes on from there */
    watch(PAGE | 0xcf, 0, 0);
    watched_frame = below_small[1].raw;
    scribble_slot = (uint64_t *)(void *)below_at(TABLE(1) + 6 * 8);
    *scribble_slot = UINT64_C(0x2008000f);
    scribble_bits = *scribble_slot ^ POINTER(2);
    scribble_until = 2;
    IS_OK(SV39_ADDRESS, R, TABLE(5) + 0x123, 0x1000, R | W | X, 0);
    below_on_frame_at = 0;
}

static void changed_all_the_time(void) {
    watch(PAGE | 0x0f, 0x100, 1000);
    IS_WALK(BUSY, SV39_ADDRESS, R, SET);
    CHECK_EQ(page.level, 0);
    CHECK_EQ(watched_count, 2 * AXADDR_GUEST_TRIES);
    CHECK_EQ(*scribble_slot & 0xff, 0x0f);
    watch(PAGE | 0x0f, UINT64_C(0x8000000000000), 1000);
    IS_WALK(BUSY, SV39_ADDRESS, R, SET);
    watch(PAGE | 0x0f, 0x100, 2 * AXADDR_GUEST_TRIES - 2);
    IS_WALK(OK, SV39_ADDRESS, R, SET);
    watch(PAGE | 0xcf, 0x100, 1000); /* nothing to swap */
    IS_WALK(OK, SV39_ADDRESS, R, SET);
    watch(PAGE | 0x0f, 0x100, 1000);
    IS_WALK(OK, SV39_ADDRESS, R, 0);
    below_on_frame_at = 0;
}

/* ---- random guests ---- */

static void random_guests(void) {
    struct below_source source = {SEED + kind, 0, 0, false};
    uint64_t end = riscv_seen.walks + WALKS;
    unsigned count = 0;

    below_clear_tables();
    below_take_snapshot();
    while (riscv_seen.walks < end) {
        if (!riscv_one(&source)) {
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
        guest_riscv_fuzz(data, run % 50 == 0 ? run / 50 : sizeof(data));
    }
}

/** Every outcome that there is must have occurred. */
static void all_was_seen(void) {
    static const uint8_t codes[] = {12, 13, 15};
    static const uint8_t accesses[] = {1, 5, 7};
    static const uint8_t faults[] = {ABSENT, DENIED, ACCESSED, RESERVED, RANGE};
    unsigned i;
    unsigned j;

    for (i = 0; i < 3; i++) {
        CHECK(riscv_seen.results[i] > 20000);
        CHECK(riscv_seen.blocked[accesses[i]] > 1000);
        for (j = 0; j < 5; j++) {
            CHECK(riscv_seen.faults[faults[j]][codes[i]] > 100);
        }
    }
    for (i = 2; i <= 5; i++) {
        for (j = 0; j < i; j++) {
            CHECK(riscv_seen.leaves[i - 1][j] > 50);
        }
    }
    CHECK(riscv_seen.tables[AXADDR_FAULT_RESOLVED] > 100);
    CHECK(riscv_seen.tables[AXADDR_FAULT_DEVICE] > 100);
    CHECK(riscv_seen.tables[AXADDR_FAULT_UNMAPPED] > 100);
    CHECK(riscv_seen.tables[AXADDR_FAULT_DENIED] > 100);
    CHECK(riscv_seen.pages[AXADDR_FAULT_RESOLVED] > 100);
    CHECK(riscv_seen.pages[AXADDR_FAULT_DEVICE] > 100);
    CHECK(riscv_seen.pages[AXADDR_FAULT_UNMAPPED] > 100);
    CHECK(riscv_seen.pages[AXADDR_FAULT_DENIED] > 100);
    CHECK(riscv_seen.napots > 100 && riscv_seen.updates > 100 && riscv_seen.undone_updates > 100);
    CHECK(riscv_seen.refused_updates > 50 && riscv_seen.bares > 100 && riscv_seen.users > 100);
    CHECK(riscv_seen.types[0] > 50 && riscv_seen.types[1] > 50);
}

#define ON_EACH(function)                                                                          \
    for (kind = 0; kind < BELOW_COUNT; kind++) {                                                   \
        below_begin(kind);                                                                         \
        snprintf(check_context, sizeof(check_context), "%s", below->name);                         \
        CASE(function);                                                                            \
        below_on_frame_at = 0;                                                                     \
        below_end();                                                                               \
    }

int main(void) {
    printf("test_guest_walk_riscv: seed 0x%" PRIx64 "\n", SEED);
    ON_EACH(golden_leaves);
    ON_EACH(golden_notes);
    ON_EACH(notes_in_read_only_memory);
    ON_EACH(golden_superpages);
    ON_EACH(golden_napot);
    ON_EACH(golden_pointers);
    ON_EACH(golden_modes);
    ON_EACH(golden_canonical);
    ON_EACH(golden_sv32);
    ON_EACH(tables_in_the_wrong_place);
    ON_EACH(tables_that_are_write_only);
    ON_EACH(lazy_memory);
    ON_EACH(each_allocation_fails);
    ON_EACH(tables_that_point_to_themselves);
    ON_EACH(last_bytes_of_memory);
    ON_EACH(changed_once);
    ON_EACH(changed_at_a_higher_level);
    ON_EACH(changed_all_the_time);
    ON_EACH(random_guests);
    CASE(all_was_seen);
    printf("test_guest_walk_riscv: %" PRIu64 " random walks\n", riscv_seen.walks);
    CASE(random_bytes);
    below_end_inputs();
    return check_report("test_guest_walk_riscv");
}
