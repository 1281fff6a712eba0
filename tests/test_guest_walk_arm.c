/* SPDX-License-Identifier: MIT
 *
 * test_guest_walk_arm.c: walks through a 32-bit Arm guest's own tables (arm_guest.h), short and long
 * descriptors: what the manual says of each register bit, level and access, by hand; hostile tables;
 * and random guests against a second reading of the manual (guest_arm.h). Each case below three
 * formats, with and without locks.
 */
#include "guest_arm_fixture.h"

#define SEED       UINT64_C(0xbb67ae8584caa73b)
#define CASE_COUNT 60000u

/* ---- short descriptors ---- */

static void short_leaves(void) {
    begin_short(SECTION, 0);
    WALKS(VA + 0xfff, R);
    CHECK_EQ(page.gpa.raw, WORLD_BIG + 0xfff);
    CHECK_EQ(page.size, 0x100000);
    CHECK_EQ(page.level, 1);
    begin_short(SUPER, 0);
    WALKS(VA + 0x123, W | U);
    CHECK_EQ(page.size, AXADDR_SIZE_2M);
    CHECK_EQ(page.gpa.raw, WORLD_BIG + 0x123);
    begin_short((SHORT_2 & 0xfffffc00) | 1, SMALL);
    WALKS(VA + 4, R);
    CHECK_EQ(page.size, 0x1000);
    CHECK_EQ(page.level, 0);
    begin_short(SHORT_2 | 1, LARGE);
    put(SHORT_2 + 8, LARGE);
    WALKS(VA + 0x2004, R); /* as the entry of its own says */
    CHECK_EQ(page.gpa.raw, WORLD_BIG + 0x2004);
    CHECK_EQ(page.size, 0x10000);
    CHECK_EQ(page.level, 0);
    begin_short(0xab000c02 | 0x40000, 0); /* 39:36 in 8:5, 35:32 in 23:20 */
    put(SHORT_1 + 4, 0xab000c02 | 0x40000 | 0x960000 | 0x1a0);
    LEADS_TO(VA + 0x1fffff, UINT64_C(0xd9ab1fffff));
    put(SHORT_1 + 4, 0xabcf0c02 & ~UINT64_C(0x40000));
    LEADS_TO(VA + 0x1fffff, UINT64_C(0xabcfffff));
    put(SHORT_1, WORLD_BIG | 0xfc00 | 1); /* tables are of 1 KiB */
    put(WORLD_BIG + 0xfc00 + 0x3fc, SMALL);
    WALKS(VA + 0xff123, R);
    CHECK_EQ(page.gpa.raw, WORLD_BIG + 0x123);
}

static void short_faults(void) {
    begin_short(0, 0);
    FAULTS(VA, R, ABSENT, 0x05);
    CHECK_EQ(page.level, 1);
    put(SHORT_1, 0xfffffffc);
    FAULTS(VA, R, ABSENT, 0x05);
    FAULTS(VA | UINT64_C(0x100000000), R, RANGE, 0x05);
    put(SHORT_1, SHORT_2 | 1);
    FAULTS(VA, R, ABSENT, 0x07);
    CHECK_EQ(page.level, 0);
    regime.sctlr |= 0x20000000; /* AFE */
    put(SHORT_1, SECTION ^ 0x400);
    FAULTS(VA, R, ACCESSED, 0x03);
    regime.dacr = 0; /* the access flag comes before the domain, */
    FAULTS(VA, R, ACCESSED, 0x03);
    put(SHORT_1, SECTION ^ 0x800);
    FAULTS(VA, W | U, DENIED, 0x09); /* and that before permissions */
    regime.dacr = 1;
    FAULTS(VA, W | U, DENIED, 0x0d);
    put(SHORT_1, SHORT_2 | 1);
    put(SHORT_2, SMALL ^ 0x10);
    FAULTS(VA, R, ACCESSED, 0x06);
    put(SHORT_2, LARGE ^ 0x20);
    FAULTS(VA, R | U, DENIED, 0x0f);
    regime.dacr = 0;
    FAULTS(VA, R | U, DENIED, 0x0b);
    put(SHORT_1, world_part(WORLD_HOLE) | 1);
    LEADS_TO(VA, world_part(WORLD_HOLE));
    CHECK(page.is_table);
    CHECK_EQ(page.access, R);
    CHECK_EQ(page.fault.kind, AXADDR_GUEST_FAULT_TABLE);
    CHECK_EQ(page.fault.code, 0x0e);
    regime.ttbr0 = world_part(WORLD_TRAPPED);
    LEADS_TO(0, world_part(WORLD_TRAPPED));
    CHECK_EQ(page.stage2, AXADDR_FAULT_DEVICE);
    CHECK_EQ(page.fault.code, 0x0c);
    CHECK_EQ(page.level, 1);
}

/** AP[2:0] without the access flag, then with; XN, PXN; WXN, UWXN: of all four kinds of leaf. */
static void short_rights(void) {
    static const char *const plain[8] = {"--- ---", "rwx ---", "rwx r-x", "rwx rwx",
                                         "--- ---", "r-x ---", "r-x r-x", "r-x r-x"};
    static const char *const no_pxn[8] = {"--- ---", "rw- ---", "rw- r-x", "rw- rwx",
                                          "--- ---", "r-- ---", "r-- r-x", "r-- r-x"};
    static const char *const no_xn[8] = {"--- ---", "rw- ---", "rw- r--", "rw- rw-",
                                         "--- ---", "r-- ---", "r-- r--", "r-- r--"};
    static const char *const wxn[8] = {"--- ---", "rw- ---", "rw- r-x", "rw- rw-",
                                       "--- ---", "r-x ---", "r-x r-x", "r-x r-x"};
    static const char *const uwxn[8] = {"--- ---", "rwx ---", "rwx r-x", "rw- rwx",
                                        "--- ---", "r-x ---", "r-x r-x", "r-x r-x"};
    unsigned i;

    for (i = 0; i < 64; i++) {
        unsigned ap = i & 7;
        unsigned kind = i >> 3 & 3; /* section, supersection, small, large */
        bool has_afe = i >= 32;
        uint64_t section = 0x40000002 | (kind == 1 ? 0x40000 : 0) | (ap & 3) << 10 | (ap & 4) << 13;
        uint64_t small = (kind == 2 ? 0x40000002 : 0x40000001) | (ap & 3) << 4 | (ap & 4) << 7;
        uint32_t code = kind < 2 ? 0x0d : 0x0f;

        if (has_afe && (ap & 1) == 0) {
            continue;
        }
        begin_short(kind < 2 ? section : SHORT_2 | 1, small);
        regime.sctlr |= has_afe ? 0x20000000 : 0;
        PERMITS(plain[ap], code);
        regime.sctlr |= 0x80000;
        PERMITS(wxn[ap], code);
        regime.sctlr ^= 0x180000;
        PERMITS(uwxn[ap], code);
        regime.sctlr ^= 0x100000;
        put(SHORT_1, kind < 2 ? section | 1 : SHORT_2 | 5);
        PERMITS(no_pxn[ap], code);
        put(SHORT_1, kind < 2 ? section | 0x10 : SHORT_2 | 1);
        put(SHORT_2, kind == 2 ? small | 1 : small | 0x8000);
        PERMITS(no_xn[ap], code);
    }
}

static void domains(void) {
    unsigned domain, role, kind;

    for (domain = 0; domain < 16; domain++) {
        for (role = 0; role < 4; role++) {
            for (kind = 0; kind < 3; kind++) { /* XN, and AP 0b001: PL1 reads and writes */
                uint32_t code = kind == 1 ? 0x0b : 0x09;

                begin_short(kind == 1   ? SHORT_2 | 1 | domain << 5
                            : kind == 0 ? 0x40000412 | domain << 5
                                        : 0x40040412,
                            0x40000013);
                regime.dacr = ~(UINT32_C(3) << (2 * domain)) | role << (2 * domain);
                if (kind == 2) { /* of a supersection always 0 */
                    regime.dacr = ~UINT32_C(3) | role;
                }
                if (role == 1) {
                    PERMITS("rw- ---", code + 4);
                } else if (role == 3) {
                    WALKS(VA, X | U);
                    CHECK_EQ(page.flags, R | W | X | AXADDR_DEVICE);
                } else {
                    FAULTS(VA, R, DENIED, code);
                    FAULTS(VA, 0, DENIED, code);
                }
            }
        }
    }
    begin_short(0x40040c02 | 5 << 5, 0); /* of a supersection those bits are its address's */
    regime.dacr = ~UINT32_C(3);
    FAULTS(VA, R, DENIED, 0x09);
    regime.dacr = 1;
    LEADS_TO(VA, UINT64_C(0x5040000000));
}

/** TTBCR.N from 0 to 7: where TTBR0's addresses end, how its root is aligned; PD0, PD1. */
static void short_regions(void) {
    unsigned n;

    for (n = 0; n < 8; n++) {
        uint64_t end = UINT64_C(0x100000000) >> n;

        begin_short(0, 0);
        regime.ttbcr = n;
        regime.ttbr0 = world_part(WORLD_HOLE) | 0x7f; /* what is below the base is not it */
        regime.ttbr1 = world_part(WORLD_TRAPPED) | 0x3fff;
        LEADS_TO(end - 1, (world_part(WORLD_HOLE)) + ((end - 1) >> 20 << 2));
        if (n > 0) {
            LEADS_TO(end, world_part(WORLD_TRAPPED) + (end >> 20 << 2));
            LEADS_TO(0xffffffff, world_part(WORLD_TRAPPED) + 0x3ffc);
        }
        regime.ttbr0 = world_part(WORLD_HOLE) + 0x3f80; /* aligned as it is large */
        LEADS_TO(0, world_part(WORLD_HOLE) + (0x3f80 & ~((UINT64_C(1) << (14 - n)) - 1)));
        regime.ttbcr = n | 0x10;
        FAULTS(end - 1, R, ABSENT, 0x05);
        regime.ttbcr = n | 0x20;
        LEADS_TO(0, world_part(WORLD_HOLE) + (0x3f80 & ~((UINT64_C(1) << (14 - n)) - 1)));
        if (n > 0) {
            FAULTS(end, R, ABSENT, 0x05);
        }
    }
}

static void short_memory_types(void) {
    static const uint32_t types[32] = {
        [0] = AXADDR_DEVICE,   [1] = AXADDR_DEVICE,    [8] = AXADDR_DEVICE,
        [4] = AXADDR_UNCACHED, [16] = AXADDR_UNCACHED,
    };
    uint64_t i;

    for (i = 0; i < 32; i++) {
        uint64_t tex = i >> 2, cb = (i & 3) << 2;
        uint32_t off = types[i] == AXADDR_DEVICE ? AXADDR_DEVICE : AXADDR_UNCACHED;
        uint32_t kind;

        for (kind = 0; kind < 3; kind++) {
            begin_short(kind == 0 ? SECTION | tex << 12 | cb : SHORT_2 | 1,
                        kind == 1 ? SMALL | tex << 6 | cb : LARGE | tex << 12 | cb);
            WALKS(VA, R);
            CHECK_EQ(page.flags, R | W | X | U | types[i]);
            regime.sctlr = 0x1001;
            WALKS(VA, R);
            CHECK_EQ(page.flags, R | W | X | U | off);
            WALKS(VA, X);
            CHECK_EQ(page.flags, R | W | X | U | types[i]);
            regime.sctlr = 0x10001005; /* TRE: by TEX[0], C and B */
            regime.prrr = ~(UINT32_C(3) << (2 * (i & 7)));
            regime.nmrr = UINT32_C(0xffffffff);
            WALKS(VA, R); /* strongly-ordered */
            CHECK_EQ(page.flags, R | W | X | U | AXADDR_DEVICE);
            regime.prrr |= UINT32_C(1) << (2 * (i & 7));
            WALKS(VA, R); /* device */
            CHECK_EQ(page.flags, R | W | X | U | AXADDR_DEVICE);
            regime.prrr = UINT32_C(2) << (2 * (i & 7));
            WALKS(VA, R);
            CHECK_EQ(page.flags, R | W | X | U);
            regime.nmrr = ~(UINT32_C(0x30003) << (2 * (i & 7)));
            WALKS(VA, R);
            CHECK_EQ(page.flags, R | W | X | U | AXADDR_UNCACHED);
            regime.nmrr = UINT32_C(1) << (2 * (i & 7) + 16);
            WALKS(VA, R);
            CHECK_EQ(page.flags, R | W | X | U);
        }
    }
}

/* ---- long descriptors ---- */

static void long_leaves(void) {
    begin_long(WORLD_BIG | AF | 1, 0, 0);
    WALKS(VA + 0x123, R);
    CHECK_EQ(page.gpa.raw, WORLD_BIG + 0x123);
    CHECK_EQ(page.size, AXADDR_SIZE_2M);
    CHECK_EQ(page.level, 2);
    LEADS_TO(VA + 0x3fffffff, UINT64_C(0x7fffffff));
    begin_long(LONG_2 | 3, WORLD_BIG | AF | 1, 0);
    WALKS(VA + 0x1fffff, R);
    CHECK_EQ(page.level, 1);
    begin_long(LONG_2 | 3, LONG_3 | 3, WORLD_BIG | AF | 3);
    WALKS(VA + 5, R);
    CHECK_EQ(page.size, 0x1000);
    CHECK_EQ(page.level, 0);
    put(LONG_3, UINT64_C(0xab87654000) | AF | 3);
    LEADS_TO(VA + 5, UINT64_C(0xab87654005));
    put(LONG_3, UINT64_C(0x000fffab87654000) | AF | 3); /* 51:40: not there, */
    LEADS_TO(VA + 5, UINT64_C(0xab87654005));
    regime.is_armv8 = true; /* or a fault, for 47:40 */
    FAULTS(VA, R, ADDRESS_SIZE, 3);
    put(LONG_3, UINT64_C(0x000f00ab87654000) | AF | 3);
    LEADS_TO(VA + 5, UINT64_C(0xab87654005));
}

static void long_faults(void) {
    static const uint64_t slots[3] = {LONG_1, LONG_2, LONG_3};
    unsigned level;

    for (level = 1; level < 4; level++) {
        uint64_t slot = slots[level - 1];
        uint64_t high = level == 3 ? 3 : 1;

        begin_long(LONG_2 | 3, LONG_3 | 3, 0);
        put(slot, ~UINT64_C(0) ^ 1);
        FAULTS(VA, R, ABSENT, 4 + level);
        CHECK_EQ(page.level, 3 - level);
        put(slot, WORLD_BIG | high);
        FAULTS(VA, 0, ACCESSED, 8 + level);
        put(slot, WORLD_BIG | AF | high);
        FAULTS(VA, R | U, DENIED, 12 + level);
        regime.is_armv8 = true;
        put(slot, UINT64_C(0x800000000000) | high);
        FAULTS(VA, 0, ADDRESS_SIZE, level);
        put(slot, UINT64_C(0x10000000000) | 3);
        FAULTS(VA, 0, ADDRESS_SIZE, level);
        if (level == 3) {
            put(slot, WORLD_BIG | AF | 1);
            FAULTS(VA, R, RESERVED, 7);
            continue;
        }
        put(slot, world_part(WORLD_DEVICE) | 3);
        LEADS_TO(VA, world_part(WORLD_DEVICE));
        CHECK_EQ(page.stage2, AXADDR_FAULT_DENIED);
        CHECK(page.is_table);
        CHECK_EQ(page.fault.code, 0x15 + level);
    }
    regime.ttbr0 |= UINT64_C(0x10000000000);
    FAULTS(VA, R, ADDRESS_SIZE, 0);
    regime.is_armv8 = false;
    FAULTS(VA, R, RESERVED, 7);
    regime.ttbr0 = world_part(WORLD_HOLE);
    LEADS_TO(VA, world_part(WORLD_HOLE) + 8);
    CHECK_EQ(page.fault.code, 0x15);
}

/** T0SZ by T1SZ: which table an address is looked up in, at which level, how that is aligned. */
static void long_regions(void) {
    unsigned t0, t1;

    for (t0 = 0; t0 < 8; t0++) {
        for (t1 = 0; t1 < 8; t1++) {
            uint64_t end = UINT64_C(0x100000000) >> t0;
            uint64_t from = UINT64_C(0x100000000) - (UINT64_C(0x100000000) >> t1);
            uint64_t roots[2] = {world_part(WORLD_HOLE), world_part(WORLD_HOLE) + 0x4000};

            begin_long(0, 0, 0);
            regime.ttbcr |= t0 | t1 << 16;
            regime.ttbr0 = roots[0] | 7;
            regime.ttbr1 = roots[1] | (t1 == 0 ? 0x1f : 7) | UINT64_C(0xab) << 48; /* ASID */
            LEADS_TO(0, roots[0]);
            CHECK_EQ(page.level, t0 < 2 ? 2 : 1);
            from = t1 != 0 ? from : t0 != 0 ? end : UINT64_C(0x100000000);
            end = t1 != 0 && t0 == 0 ? from : end;
            LEADS_TO(end - 1, roots[0] + 8 * ((end - 1) >> (t0 < 2 ? 30 : 21)));
            if (end < from) {
                FAULTS(end, R, RANGE, 5);
                FAULTS(from - 1, R, RANGE, 5);
            }
            if (from < UINT64_C(0x100000000)) {
                uint64_t size = UINT64_C(0x100000000) >> t1;
                unsigned shift = t1 < 2 ? 30 : 21;

                LEADS_TO(from, roots[1] + 8 * ((from & (size - 1)) >> shift));
                LEADS_TO(0xffffffff, roots[1] + 8 * ((size - 1) >> shift));
                CHECK_EQ(page.level, t1 < 2 ? 2 : 1);
                regime.ttbcr ^= 0x800000;
                FAULTS(from, R, ABSENT, 5);
                LEADS_TO(0, roots[0]);
                regime.ttbcr ^= 0x800000;
            }
            regime.ttbcr ^= 0x80;
            FAULTS(0, R, ABSENT, 5);
            FAULTS(UINT64_C(0x100000000), R, RANGE, 5);
        }
    }
}

/** AP[2:1] of a leaf, then XN and PXN, then what tables take away, at either level. */
static void long_rights(void) {
    static const struct {
        const char *plain, *pxn, *xn, *wxn, *uwxn, *no_user, *no_write;
    } rights[4] = {
        {"rwx ---", "rw- ---", "rw- ---", "rw- ---", "rwx ---", "rwx ---", "r-x ---"},
        {"rwx rwx", "rw- rwx", "rw- rw-", "rw- rw-", "rw- rwx", "rwx ---", "r-x r-x"},
        {"r-x ---", "r-- ---", "r-- ---", "r-x ---", "r-x ---", "r-x ---", "r-x ---"},
        {"r-x r-x", "r-- r-x", "r-- r--", "r-x r-x", "r-x r-x", "r-x ---", "r-x r-x"},
    };
    uint64_t ap;
    unsigned level;

    for (ap = 0; ap < 4; ap++) {
        uint64_t leaf = WORLD_BIG | AF | 3 | ap << 6;

        begin_long(LONG_2 | 3, LONG_3 | 3, leaf);
        regime.sctlr |= 0x20000000; /* AFE: of short descriptors only, as are domains */
        PERMITS(rights[ap].plain, 15);
        put(LONG_3, leaf | UINT64_C(1) << 53);
        PERMITS(rights[ap].pxn, 15);
        put(LONG_3, leaf | UINT64_C(1) << 54);
        PERMITS(rights[ap].xn, 15);
        put(LONG_3, leaf);
        regime.sctlr |= 0x80000;
        PERMITS(rights[ap].wxn, 15);
        regime.sctlr ^= 0x180000;
        PERMITS(rights[ap].uwxn, 15);
        regime.sctlr ^= 0x100000;
        for (level = 1; level < 3; level++) {
            uint64_t slot = level == 1 ? LONG_1 : LONG_2;
            uint64_t table = (level == 1 ? LONG_2 : LONG_3) | 3;

            put(slot, table | UINT64_C(1) << 59);
            PERMITS(rights[ap].pxn, 15);
            put(slot, table | UINT64_C(1) << 60);
            PERMITS(rights[ap].xn, 15);
            put(slot, table | UINT64_C(1) << 61);
            PERMITS(rights[ap].no_user, 15);
            put(slot, table | UINT64_C(1) << 62);
            PERMITS(rights[ap].no_write, 15);
            put(slot, table);
        }
    }
}

static void long_memory_types(void) {
    static const struct {
        uint32_t attribute, flags;
    } types[] = {
        {0x00, AXADDR_DEVICE}, {0x04, AXADDR_DEVICE}, {0x44, AXADDR_UNCACHED}, {0xff, 0}, {0x4f, 0},
    };
    unsigned i;
    uint64_t index;

    for (i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
        for (index = 0; index < 8; index++) {
            uint32_t others = types[i].flags == AXADDR_DEVICE ? 0xbbbbbbbb : 0x04040404;
            uint32_t mine = others & ~(UINT32_C(0xff) << (8 * (index & 3)));

            mine |= types[i].attribute << (8 * (index & 3));
            begin_long(WORLD_BIG | AF | 0x41 | index << 2, 0, 0);
            regime.prrr = index < 4 ? mine : others;
            regime.nmrr = index < 4 ? others : mine;
            WALKS(VA, W | U);
            CHECK_EQ(page.flags, R | W | X | U | types[i].flags);
        }
    }
}

/* ---- both ---- */

static void without_mmu(void) {
    begin_short(0, 0);
    regime.sctlr = 0;
    regime.dacr = 0;
    WALKS(VA + 0x777, W | U);
    CHECK_EQ(page.gpa.raw, WORLD_BIG + 0x777);
    CHECK_EQ(page.size, AXADDR_SIZE_2M);
    CHECK_EQ(page.flags, R | W | X | U | AXADDR_DEVICE);
    WALKS(VA, X | U);
    CHECK_EQ(page.flags, R | W | X | U | AXADDR_UNCACHED);
    regime.sctlr = 0x1000;
    WALKS(VA, X);
    CHECK_EQ(page.flags, R | W | X | U);
    LEADS_TO(0xffffffff, 0xffffffff);
    FAULTS(UINT64_C(0x100000000), R, RANGE, 0x05);
    regime.ttbcr = AXADDR_ARM_GUEST_EAE;
    WALKS(VA, R);
    FAULTS(UINT64_C(0x100000000), R, RANGE, 5);
}

static void big_endian(void) {
    begin_short(0x01800040, 0x32000040); /* SHORT_2 | 1 and SMALL, by bytes */
    regime.sctlr |= 0x02000000;
    WALKS(VA + 3, W | U);
    CHECK_EQ(page.gpa.raw, WORLD_BIG + 3);
    begin_long(UINT64_C(0x0310014000000000), UINT64_C(0x4104004000000000), 0);
    regime.sctlr |= 0x02000000;
    WALKS(VA + 3, W | U);
    CHECK_EQ(page.gpa.raw, WORLD_BIG + 3);
    CHECK_EQ(page.level, 1);
}

/** Tables that are no tables, tables of tables, the last bytes of memory. */
static void hostile(void) {
    begin_long(0, 0, 0);
    regime.ttbr0 = WORLD_BIG;
    put(WORLD_BIG, WORLD_BIG | AF | 0x43); /* itself */
    WALKS(0x10, R | U);
    CHECK_EQ(page.gpa.raw, WORLD_BIG + 0x10);
    begin_long(LONG_2 | 3, (WORLD_TOP + 0xf000) | 3, 0);
    put(WORLD_TOP + 0xfff8, WORLD_BIG | AF | 3);
    WALKS(VA + 0x1ff000, R);
    begin_short(WORLD_BIG | 1, 0); /* a root as a table: an entry is as good as another */
    put(WORLD_BIG, 0xffffffff);
    LEADS_TO(VA, 0xfffff000);
    CHECK(!page.is_table);
    put(SHORT_1, 0xfffffc01);
    LEADS_TO(VA, 0xfffffc00);
    CHECK(page.is_table);
    put(SHORT_1, world_part(WORLD_DEVICE) | 1);
    LEADS_TO(VA, world_part(WORLD_DEVICE));
    put(SHORT_1, world_part(WORLD_LAZY) | 1);
    LEADS_TO(VA, world_part(WORLD_LAZY));
    CHECK_EQ(page.stage2, AXADDR_FAULT_RESOLVED);
    CHECK_EQ(a32_walk(number, &regime, VA, R, AXADDR_ON_DEMAND, &page), AXADDR_WALK_INJECT);
    CHECK_EQ(page.fault.code, 0x07);
    regime.ttbr0 = ~UINT64_C(0);
    LEADS_TO(0, 0xffffc000);
}

/* ---- random guests ---- */

static void random_guests(void) {
    world_random("test_guest_walk_arm", SEED, CASE_COUNT, a32_case);
}

/** As a fuzzer calls it: any length. */
static void few_bytes(void) {
    static uint8_t bytes[64];
    unsigned i;

    for (i = 0; i < sizeof(bytes); i++) {
        guest_arm_fuzz(bytes, i);
        bytes[i] = (uint8_t)(37 * i + 1);
    }
}

/** All that can come of a walk has. */
static void all_came_about(void) {
    static const unsigned shifts[] = {12, 16, 20, 21, 24, 30};
    static const unsigned short_codes[] = {0x03, 0x05, 0x06, 0x07, 0x09, 0x0b, 0x0d, 0x0f};
    static const unsigned long_codes[] = {0, 1, 2, 3, 5, 6, 7, 9, 10, 11, 13, 14, 15};
    unsigned i;

    CHECK(a32_counts.walks >= 200000);
    for (i = 0; i < sizeof(shifts) / sizeof(shifts[0]); i++) {
        CHECK(a32_counts.shifts[shifts[i]] != 0);
    }
    for (i = 0; i < sizeof(short_codes) / sizeof(short_codes[0]); i++) {
        CHECK(a32_counts.codes[0][short_codes[i]] != 0);
    }
    for (i = 0; i < sizeof(long_codes) / sizeof(long_codes[0]); i++) {
        CHECK(a32_counts.codes[1][long_codes[i]] != 0);
    }
    for (i = AXADDR_GUEST_FAULT_ABSENT; i <= AXADDR_GUEST_FAULT_RANGE; i++) {
        CHECK(a32_counts.kinds[i] != 0);
    }
    for (i = 0; i < 2; i++) {
        CHECK(a32_counts.stage2[i][AXADDR_FAULT_RESOLVED] != 0);
        CHECK(a32_counts.stage2[i][AXADDR_FAULT_DEVICE] != 0);
        CHECK(a32_counts.stage2[i][AXADDR_FAULT_UNMAPPED] != 0);
        CHECK(a32_counts.stage2[i][AXADDR_FAULT_DENIED] != 0);
    }
    CHECK(a32_counts.off != 0 && a32_counts.upper != 0);
    CHECK(a32_counts.swapped != 0 && a32_counts.managed != 0);
}

int main(void) {
    EACH(short_leaves);
    EACH(short_faults);
    EACH(short_rights);
    EACH(domains);
    EACH(short_regions);
    EACH(short_memory_types);
    EACH(long_leaves);
    EACH(long_faults);
    EACH(long_regions);
    EACH(long_rights);
    EACH(long_memory_types);
    EACH(without_mmu);
    EACH(big_endian);
    EACH(hostile);
    CASE(random_guests);
    CASE(few_bytes);
    CASE(all_came_about);
    CASE(worlds_are_content);
    return check_report("test_guest_walk_arm");
}
