/* SPDX-License-Identifier: MIT
 *
 * guest_arm_fixture.h: what the tests of arm_guest.h by hand stand on: registers, tables of short and
 * of long descriptors for VA, a walk, and rights as letters. In each of the worlds of
 * guest_arm_world.h: EACH(case).
 */
#ifndef AXADDR_TESTS_GUEST_ARM_FIXTURE_H
#define AXADDR_TESTS_GUEST_ARM_FIXTURE_H

#include "check.h"
#include "guest_arm.h"

#define R  AXADDR_READ
#define W  AXADDR_WRITE
#define X  AXADDR_EXECUTE
#define U  AXADDR_USER
#define VA UINT64_C(0x40000000)
#define AF UINT64_C(0x400)

/* Where the entries for VA are: short descriptors, of levels 1 and 2; long ones, of 1, 2 and 3. */
#define SHORT_1 (WORLD_BIG + 0x1000)
#define SHORT_2 (WORLD_BIG + 0x8000)
#define LONG_1  (WORLD_BIG + 0x10008)
#define LONG_2  (WORLD_BIG + 0x11000)
#define LONG_3  (WORLD_BIG + 0x12000)

/* Short leaves whose AP is 0b011, in domain 0: what may be read and written by all. */
#define SECTION UINT64_C(0x40000c02)
#define SUPER   UINT64_C(0x40040c02)
#define SMALL   UINT64_C(0x40000032)
#define LARGE   UINT64_C(0x40000031)

static unsigned number; /* of the world */
static struct axaddr_arm_guest_regime regime;
static struct axaddr_guest_page page;

static void put(uint64_t slot, uint64_t entry) {
    world_store(number, slot, entry, (regime.ttbcr & AXADDR_ARM_GUEST_EAE) != 0 ? 8 : 4);
}

static void begin_short(uint64_t first, uint64_t second) {
    world_reset(number);
    memset(&regime, 0, sizeof(regime));
    regime.sctlr = 0x1005;
    regime.dacr = 0x55555555;
    regime.ttbr0 = WORLD_BIG;
    put(SHORT_1, first);
    put(SHORT_2, second);
}

static void begin_long(uint64_t first, uint64_t second, uint64_t third) {
    world_reset(number);
    memset(&regime, 0, sizeof(regime));
    regime.sctlr = 0x1005;
    regime.ttbcr = AXADDR_ARM_GUEST_EAE;
    regime.prrr = 0xff;
    regime.ttbr0 = WORLD_BIG + 0x10000;
    put(LONG_1, first);
    put(LONG_2, second);
    put(LONG_3, third);
}

static enum axaddr_walk_result go(uint64_t va, uint32_t access) {
    memset(&page, 0xa5, sizeof(page));
    return a32_walk(number, &regime, va, access, 0, &page);
}

#define WALKS(va, access)                                                                          \
    do {                                                                                           \
        CHECK_EQ(go(va, access), AXADDR_WALK_OK);                                                  \
    } while (0)
#define FAULTS(va, access, fault_kind, fault_code)                                                 \
    do {                                                                                           \
        CHECK_EQ(go(va, access), AXADDR_WALK_INJECT);                                              \
        CHECK_EQ(page.fault.kind, AXADDR_GUEST_FAULT_##fault_kind);                                \
        CHECK_EQ(page.fault.code, fault_code);                                                     \
    } while (0)
/** A leaf beyond what there is, or a table, which only the second stage stops. */
#define LEADS_TO(va, address)                                                                      \
    do {                                                                                           \
        CHECK_EQ(go(va, 0), AXADDR_WALK_STAGE2);                                                   \
        CHECK_EQ(page.gpa.raw, address);                                                           \
    } while (0)

/** What "rwx" of PL1 and of PL0 are as flags, for a mode. */
static uint32_t flags_of(const char *rights, bool is_user) {
    uint32_t flags = rights[4] == 'r' ? U : 0;
    unsigned i;

    for (i = 0; i < 3; i++) {
        flags |= rights[(is_user ? 4 : 0) + i] != '-' ? 1u << i : 0;
    }
    return flags;
}

/** Each access to VA is permitted as `rights` say, or denied with a code. */
static void permits(const char *rights, uint32_t code) {
    uint32_t access;

    for (access = 0; access < 16; access++) {
        uint32_t flags = flags_of(rights, (access & U) != 0);

        if ((access & ~U & ~flags) != 0) {
            FAULTS(VA, access, DENIED, code);
        } else {
            WALKS(VA, access);
            CHECK_EQ(page.flags & ~AXADDR_DEVICE, flags);
        }
    }
}
#define PERMITS(rights, code)                                                                      \
    do {                                                                                           \
        permits(rights, code);                                                                     \
        if (check_case_failed) {                                                                   \
            return;                                                                                \
        }                                                                                          \
    } while (0)

#endif /* AXADDR_TESTS_GUEST_ARM_FIXTURE_H */
