/* SPDX-License-Identifier: MIT
 *
 * test_guest_walk_aarch64_rights.c: what an AArch64 guest's own tables permit (aarch64_guest.h): what
 * the manual says of each bit of leaves, tables and registers, and of the accessed and dirty state,
 * by hand.
 */
#include "guest_aarch64_fixture.h"

/* ---- what is permitted ---- */

/** By AP[2:1], then UXN and PXN; EL1's rights, EL0's. Without WXN, and with. */
static void rights_of_leaves(void) {
    static const struct {
        const char *plain[4], *wxn[4];
    } tables[4] = {
        {{"rwx --x", "rw- --x", "rwx ---", "rw- ---"},
         {"rw- --x", "rw- --x", "rw- ---", "rw- ---"}},
        {{"rw- rwx", "rw- rwx", "rw- rw-", "rw- rw-"},
         {"rw- rw-", "rw- rw-", "rw- rw-", "rw- rw-"}},
        {{"r-x --x", "r-- --x", "r-x ---", "r-- ---"},
         {"r-x --x", "r-- --x", "r-x ---", "r-- ---"}},
        {{"r-x r-x", "r-- r-x", "r-x r--", "r-- r--"},
         {"r-x r-x", "r-- r-x", "r-x r--", "r-- r--"}},
    };
    unsigned i;

    for (i = 0; i < 32; i++) {
        unsigned ap = i & 3;
        unsigned never = i >> 2 & 3;
        bool has_wxn = i >= 16;
        const char *rights = has_wxn ? tables[ap].wxn[never] : tables[ap].plain[never];
        unsigned mode, what;

        begin_page(AF | 3 | (uint64_t)ap << 6 | (uint64_t)never << 53);
        regime.sctlr_el1 |= has_wxn ? BIT(19) : 0;
        for (mode = 0; mode < 2; mode++) {
            uint32_t flags = (ap & 1) != 0 ? U : 0;

            for (what = 0; what < 3; what++) {
                flags |= rights[4 * mode + what] != '-' ? 1u << what : 0;
            }
            for (what = 0; what < 8; what++) {
                uint32_t access = what | (mode != 0 ? U : 0);

                if ((what & ~flags) != 0) {
                    FAULTS(VA, access, DENIED, 15);
                    CHECK_EQ(page.level, 0);
                } else {
                    WALKS(VA, access);
                    CHECK_EQ(page.flags, flags);
                }
            }
        }
    }
}

/** What tables take away, from any level, and HPD gives back. */
static void rights_of_tables(void) {
    static const struct {
        uint64_t bit;
        uint32_t kernel, user; /* of a leaf that has all: AP 01, UXN 0 and PXN 0 */
    } takes[] = {
        {0, R | W | U, R | W | X | U},         {BIT(59), R | W | U, R | W | X | U},
        {BIT(60), R | W | U, R | W | U},       {BIT(61), R | W | X, X},
        {BIT(62), R | X | U, R | X | U},       {BIT(61) | BIT(62), R | X, X},
        {BIT(62) | BIT(59), R | U, R | X | U},
    };
    unsigned i;
    int level;

    for (i = 0; i < sizeof(takes) / sizeof(takes[0]); i++) {
        for (level = 0; level < 3; level++) {
            begin(&chains[1]);
            chain_to(&chains[1], 3, WORLD_BIG | PLAIN);
            put(slot_of(&chains[1], level), table_at(level + 1) | 3 | takes[i].bit);
            WALKS(VA, 0);
            CHECK_EQ(page.flags, takes[i].kernel);
            WALKS(VA, U);
            CHECK_EQ(page.flags, takes[i].user);
            regime.tcr_el1 |= BIT(41); /* HPD0 */
            WALKS(VA, U);
            CHECK_EQ(page.flags, R | W | X | U);
            regime.cpu.mmfr1 &= ~UINT64_C(0xf000);
            WALKS(VA, U);
            CHECK_EQ(page.flags, takes[i].user);
            regime.cpu.mmfr1 |= 0x1000;
            regime.tcr_el1 ^= BIT(41) | BIT(42); /* HPD1 is of the other half */
            WALKS(VA, U);
            CHECK_EQ(page.flags, takes[i].user);
        }
    }
}

static void pan(void) {
    begin_page(PLAIN | AP2); /* R, and X for both */
    regime.pstate = BIT(22);
    FAULTS(VA, R, DENIED, 15);
    WALKS(VA, R | U);
    WALKS(VA, X); /* fetches are not kept out */
    CHECK_EQ(page.flags, X | U);
    regime.cpu.mmfr1 &= ~UINT64_C(0xf00000); /* no FEAT_PAN */
    WALKS(VA, R);
    begin_page(AF | 3); /* EL0 may only fetch */
    regime.pstate = BIT(22);
    WALKS(VA, W);
    regime.sctlr_el1 |= BIT(57); /* EPAN */
    FAULTS(VA, R, DENIED, 15);
    regime.cpu.mmfr1 ^= UINT64_C(1) << 20; /* FEAT_PAN2 */
    WALKS(VA, W);
    regime.cpu.mmfr1 ^= UINT64_C(1) << 20;
    put(slot_of(&chains[0], 3), WORLD_BIG | AF | UXN | 3);
    WALKS(VA, W);
    regime.pstate = 0;
    put(slot_of(&chains[0], 3), WORLD_BIG | AF | 3);
    WALKS(VA, W);
}

static void memory_types(void) {
    static const struct {
        unsigned attribute;
        uint32_t flags;
    } types[] = {
        {0x00, AXADDR_DEVICE},
        {0x04, AXADDR_DEVICE},
        {0x08, AXADDR_DEVICE},
        {0x0c, AXADDR_DEVICE},
        {0x01, AXADDR_DEVICE},
        {0x44, AXADDR_UNCACHED},
        {0x40, AXADDR_UNCACHED},
        {0xff, 0},
        {0xbb, 0},
        {0xa0, 0},
        {0xf0, 0},
        {0x4f, 0},
        {0xf4, 0},
    };
    unsigned i, index;

    for (i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
        for (index = 0; index < 8; index++) {
            uint32_t normal = types[i].flags == AXADDR_DEVICE ? AXADDR_DEVICE : AXADDR_UNCACHED;

            begin_page(PLAIN | (uint64_t)index << 2);
            regime.mair_el1 = (types[i].flags == AXADDR_DEVICE ? 0 : UINT64_C(0x0404040404040404)) |
                              UINT64_C(0xff) << (8 * index);
            regime.mair_el1 ^= (uint64_t)(types[i].attribute ^ 0xff) << (8 * index);
            WALKS(VA, R | U);
            CHECK_EQ(page.flags, R | W | X | U | types[i].flags);
            regime.sctlr_el1 = 0x1001; /* data: no caches */
            WALKS(VA, R | U);
            CHECK_EQ(page.flags, R | W | X | U | normal);
            WALKS(VA, X | U);
            CHECK_EQ(page.flags, R | W | X | U | types[i].flags);
            regime.sctlr_el1 = 0x0005;
            WALKS(VA, X | U);
            CHECK_EQ(page.flags, R | W | X | U | normal);
        }
    }
}

/* ---- accessed and dirty ---- */

static void accessed(void) {
    uint64_t entry = WORLD_BIG | AP1 | 3;

    begin_page(AP1 | 3);
    FAULTS(VA, R, ACCESSED, 11);
    FAULTS(VA, 0, ACCESSED, 11);
    regime.tcr_el1 |= BIT(39); /* HA */
    WALKS(VA, R);
    CHECK_EQ(entry_now(), entry); /* only with AXADDR_SET_NOTES */
    CHECK_EQ(go(VA, X, AXADDR_SET_NOTES), AXADDR_WALK_INJECT);
    CHECK_EQ(entry_now(), entry); /* a denied access sets nothing */
    CHECK_EQ(go(VA, R, AXADDR_SET_NOTES), AXADDR_WALK_OK);
    CHECK_EQ(entry_now(), entry | AF);
    put(slot_of(&chains[0], 3), entry);
    regime.cpu.mmfr1 &= ~UINT64_C(0xf); /* no FEAT_HAFDBS */
    FAULTS(VA, R, ACCESSED, 11);
}

static void dirty(void) {
    uint64_t entry = WORLD_BIG | PLAIN | AP2 | DBM;

    begin_page(PLAIN | AP2 | DBM);
    FAULTS(VA, W, DENIED, 15);
    regime.tcr_el1 |= BIT(40); /* HD does nothing without HA */
    FAULTS(VA, W, DENIED, 15);
    regime.tcr_el1 |= BIT(39);
    CHECK_EQ(go(VA, R | U, AXADDR_SET_NOTES), AXADDR_WALK_OK);
    CHECK_EQ(page.flags, R | W | X | U);
    CHECK_EQ(entry_now(), entry);
    WALKS(VA, W);
    CHECK_EQ(entry_now(), entry);
    CHECK_EQ(go(VA, W | U, AXADDR_SET_NOTES), AXADDR_WALK_OK);
    CHECK_EQ(entry_now(), entry ^ AP2);
    put(slot_of(&chains[0], 3), entry ^ AF);
    CHECK_EQ(go(VA, W | R, AXADDR_SET_NOTES), AXADDR_WALK_OK);
    CHECK_EQ(entry_now(), entry ^ AP2);
    put(slot_of(&chains[0], 3), entry);
    FAULTS(VA, X, DENIED, 15);   /* EL0 may write it, as far as that goes */
    regime.sctlr_el1 |= BIT(19); /* and WXN sees a writable page, too */
    FAULTS(VA, X | U, DENIED, 15);
    put(slot_of(&chains[0], 2), table_at(3) | 3 | BIT(62)); /* but a table says no */
    FAULTS(VA, W, DENIED, 15);
    regime.cpu.mmfr1 ^= 3; /* HAFDBS 1: AF only */
    put(slot_of(&chains[0], 2), table_at(3) | 3);
    FAULTS(VA, W, DENIED, 15);
    regime.cpu.mmfr1 ^= 3;
    put(slot_of(&chains[0], 3), entry ^ DBM);
    FAULTS(VA, W, DENIED, 15);
}

/** The space does not permit the update: a fault of the hypervisor's, at the entry. */
static void updates_denied(void) {
    uint64_t table = world_part(WORLD_READ_ONLY);

    begin_page(0);
    put(slot_of(&chains[0], 2), table | 3);
    put(table, WORLD_BIG | AP1 | 3);
    regime.tcr_el1 |= BIT(39);
    WALKS(VA, R);
    CHECK_EQ(go(VA, R, AXADDR_SET_NOTES), AXADDR_WALK_STAGE2);
    CHECK(page.is_table);
    CHECK_EQ(page.gpa.raw, table);
    CHECK_EQ(page.access, R | W);
    CHECK_EQ(page.stage2, AXADDR_FAULT_DENIED);
    CHECK_EQ(page.fault.code, 0x17);
    CHECK_EQ(world_load(number, table, 8), WORLD_BIG | AP1 | 3);
    put(table, WORLD_BIG | PLAIN);
    CHECK_EQ(go(VA, R, AXADDR_SET_NOTES), AXADDR_WALK_OK);
}

static void big_endian(void) {
    begin(&chains[0]);
    regime.sctlr_el1 |= BIT(25);
    regime.tcr_el1 |= UINT64_C(3) << 39;
    put(slot_of(&chains[0], 1), a64_reversed(table_at(2) | 3));
    put(slot_of(&chains[0], 2), a64_reversed(table_at(3) | 3));
    put(slot_of(&chains[0], 3), UINT64_C(0xc300004000000800)); /* 0x0008000040000c3, by bytes */
    WALKS(VA + 1, W);
    CHECK_EQ(page.gpa.raw, WORLD_BIG + 1);
    CHECK_EQ(go(VA, W, AXADDR_SET_NOTES), AXADDR_WALK_OK);
    CHECK_EQ(entry_now(), UINT64_C(0x4304004000000800));
    regime.sctlr_el1 ^= BIT(25);
    FAULTS(VA, W, ABSENT, 5);
}

/* ---- a second stage that tells modes apart ---- */

AXADDR_DEFINE_VM(xnx, axaddr_aarch64_stage2_40_xnx, world_hal);
AXADDR_DEFINE_GUEST_WALK(xnx_a64, xnx, axaddr_aarch64_guest);

static void modes_of_fetches(void) {
    struct world *world = world_get(0);
    static struct xnx space;
    axaddr_hpa_t frame = axaddr_hpa(0);

    CHECK(host_alloc_frame(world, &frame));
    CHECK_EQ(xnx_init(&space, world, axaddr_gpa(0), WORLD_END), AXADDR_OK);
    CHECK_EQ(xnx_map_linear(&space, axaddr_gpa(0), frame, WORLD_PAGE, R | AXADDR_EXECUTE_USER),
             AXADDR_OK);
    memset(&regime, 0, sizeof(regime));
    CHECK_EQ(xnx_a64_walk(&space, &regime, axaddr_gva(4), X | U, 0, &page), AXADDR_WALK_OK);
    CHECK_EQ(page.flags, R | X | U | AXADDR_UNCACHED);
    CHECK_EQ(xnx_a64_walk(&space, &regime, axaddr_gva(4), X, 0, &page), AXADDR_WALK_STAGE2);
    CHECK_EQ(page.access, AXADDR_EXECUTE_KERNEL);
    CHECK_EQ(page.stage2, AXADDR_FAULT_DENIED);
    CHECK_EQ(xnx_a64_walk(&space, &regime, axaddr_gva(4), R, 0, &page), AXADDR_WALK_OK);
    CHECK_EQ(page.flags, R | U | AXADDR_DEVICE);
    CHECK_EQ(xnx_unmap(&space, axaddr_gpa(0), WORLD_PAGE), AXADDR_OK);
    CHECK_EQ(xnx_map_linear(&space, axaddr_gpa(0), frame, WORLD_PAGE, R | AXADDR_EXECUTE_KERNEL),
             AXADDR_OK);
    CHECK_EQ(xnx_a64_walk(&space, &regime, axaddr_gva(4), X | U, 0, &page), AXADDR_WALK_STAGE2);
    CHECK_EQ(page.access, AXADDR_EXECUTE_USER);
    CHECK_EQ(xnx_a64_walk(&space, &regime, axaddr_gva(4), X, 0, &page), AXADDR_WALK_OK);
    xnx_destroy(&space);
    host_free_frame(world, frame);
}

int main(void) {
    EACH(rights_of_leaves);
    EACH(rights_of_tables);
    EACH(pan);
    EACH(memory_types);
    EACH(accessed);
    EACH(dirty);
    EACH(updates_denied);
    EACH(big_endian);
    CASE(modes_of_fetches);
    CASE(worlds_are_content);
    return check_report("test_guest_walk_aarch64_rights");
}
