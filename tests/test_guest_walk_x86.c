/* SPDX-License-Identifier: MIT
 *
 * test_guest_walk_x86.c: walks through an x86 guest's tables.
 */
#include "check.h"
#include "guest_x86.h"

#define SEED UINT64_C(0x7b1c0ffee15a)

static unsigned seen_results[GX_MODES][4];
static unsigned seen_kinds[GX_MODES][8];
static unsigned seen_stage2[2][6]; /* page, table */
static unsigned seen_codes[64];
static unsigned seen_writes[6];
static unsigned seen_leaves[GX_MODES][5];

static uint8_t shadow[GX_POOL][4096];

static void take_shadow(void) {
    unsigned i;

    for (i = 0; i < GX_POOL; i++) {
        memcpy(shadow[i], gx_at(gx_pool[i]), GX_PAGE);
    }
}

/** The accessed and dirty bits that a walk has to set, in the shadow, too. */
static void shadow_note(const struct gx_expected *e) {
    unsigned i;
    unsigned j;

    for (j = 0; j < e->write_count; j++) {
        for (i = 0; i < GX_POOL; i++) {
            if ((e->writes[j].gpa & ~(GX_PAGE - 1)) == gx_pool[i]) {
                memcpy(shadow[i] + (e->writes[j].gpa & (GX_PAGE - 1)), &e->writes[j].value,
                       e->writes[j].bytes);
            }
        }
    }
}

static bool shadow_is_right(void) {
    bool is_right = true;
    unsigned i;

    for (i = 0; i < GX_POOL; i++) {
        is_right = is_right && memcmp(shadow[i], gx_at(gx_pool[i]), GX_PAGE) == 0;
    }
    return is_right;
}

static void random_tables(bool is_many, unsigned rounds) {
    struct gx_source from = {SEED ^ (is_many ? 1 : 0), 0, 0};
    unsigned round;
    unsigned i;

    snprintf(check_context, sizeof check_context, "seed 0x%" PRIx64, from.state);
    for (round = 0; round < rounds; round++) {
        struct axaddr_x86_guest_regime regime;

        if (round % 64 == 0) { /* lazy memory is lazy again */
            if (round > 0) {
                gx_end();
            }
            CHECK(gx_begin(is_many));
        }
        gx_fill(&from);
        for (i = 0; i < 256; i++) {
            struct gx_expected e;

            if (i % 8 == 0) {
                gx_registers(&from, &regime);
                gx_clean_pdpt(&from, &regime);
                take_shadow();
            }
            if (!gx_any_walk(&from, &regime, &e)) {
                check_fail(__FILE__, __LINE__, "round %u, walk %u: %s", round, i, gx_message);
                return;
            }
            shadow_note(&e);
            CHECK(i % 8 != 7 || shadow_is_right());
            seen_results[gx_mode_of(&regime)][e.result]++;
            seen_kinds[gx_mode_of(&regime)][e.kind]++;
            seen_writes[e.write_count]++;
            seen_leaves[gx_mode_of(&regime)][e.level] += e.result == AXADDR_WALK_OK;
            if (e.result == AXADDR_WALK_STAGE2) {
                seen_stage2[e.is_table][e.stage2]++;
            } else if (e.result == AXADDR_WALK_INJECT) {
                seen_codes[e.code]++;
            }
        }
    }
    gx_end();
}

static void random_for_one(void) {
    random_tables(false, 2000);
}

static void random_for_many(void) {
    random_tables(true, 1000);
}

/** Each outcome that there is has been met above. */
static void random_met_all(void) {
    static const uint8_t codes[] = {0,  1,  2,  3,  4,  5,  6,  7,  9,  11, 13, 15,
                                    16, 17, 20, 21, 25, 29, 33, 35, 37, 39, 49, 53};
    unsigned mode;
    unsigned i;

    for (mode = 0; mode < GX_MODES; mode++) {
        bool is_long = mode >= GX_LONG_4;
        CHECK(seen_results[mode][AXADDR_WALK_OK] > 0);
        CHECK(seen_results[mode][AXADDR_WALK_INJECT] > 0);
        CHECK(seen_results[mode][AXADDR_WALK_STAGE2] > 0);
        CHECK_EQ(seen_results[mode][AXADDR_WALK_BUSY], 0);
        CHECK(seen_kinds[mode][AXADDR_GUEST_FAULT_RANGE] > 0);
        CHECK(mode == GX_NONE || seen_kinds[mode][AXADDR_GUEST_FAULT_ABSENT] > 0);
        CHECK(mode == GX_NONE || seen_kinds[mode][AXADDR_GUEST_FAULT_DENIED] > 0);
        CHECK(mode == GX_NONE || seen_kinds[mode][AXADDR_GUEST_FAULT_RESERVED] > 0);
        CHECK(mode == GX_NONE || seen_kinds[mode][AXADDR_GUEST_FAULT_TABLE] > 0);
        CHECK_EQ(seen_kinds[mode][AXADDR_GUEST_FAULT_ADDRESS_SIZE] > 0, is_long);
        CHECK(seen_leaves[mode][0] > 0);
        CHECK_EQ(seen_leaves[mode][1] > 0, mode != GX_NONE);
        CHECK_EQ(seen_leaves[mode][2] > 0, is_long);
        CHECK_EQ(seen_leaves[mode][3], 0);
    }
    for (i = 0; i < sizeof codes; i++) {
        CHECK(seen_codes[codes[i]] > 0);
    }
    for (i = 0; i < 2; i++) {
        CHECK(seen_stage2[i][AXADDR_FAULT_RESOLVED] > 0);
        CHECK(seen_stage2[i][AXADDR_FAULT_DEVICE] > 0);
        CHECK(seen_stage2[i][AXADDR_FAULT_UNMAPPED] > 0);
        CHECK(seen_stage2[i][AXADDR_FAULT_DENIED] > 0);
    }
    for (i = 0; i <= 4; i++) {
        CHECK(seen_writes[i] > 0);
    }
}

/** Memory and registers of a guest that means no good: anything at all. */
static void junk(void) {
    struct gx_source from = {SEED + 2, 0, 0};
    unsigned ok_count = 0;
    unsigned round;
    unsigned i;

    snprintf(check_context, sizeof check_context, "seed 0x%" PRIx64, from.state);
    CHECK(gx_begin(true));
    for (round = 0; round < 200; round++) {
        for (i = 0; i < GX_POOL * 512; i++) {
            uint64_t entry = gx_random(&from) << 32 | gx_random(&from);
            entry &= round % 3 == 0 ? ~UINT64_C(0) : ~UINT64_C(0xfffe000000000) | gx_random(&from);
            memcpy(shadow[i / 512] + i % 512 * 8, &entry, 8);
        }
        for (i = 0; i < GX_POOL; i++) {
            memset(shadow[i], 0xff, round % 7 == 0 ? GX_PAGE : 0);
            memcpy(gx_at(gx_pool[i]), shadow[i], GX_PAGE);
        }
        for (i = 0; i < 500; i++) {
            struct axaddr_x86_guest_regime regime;
            struct gx_expected e;
            uint64_t address = gx_random(&from) << 32 | gx_random(&from);
            unsigned j;

            for (j = 0; j < sizeof regime; j++) {
                ((uint8_t *)&regime)[j] = (uint8_t)gx_random(&from);
            }
            regime.has_1g_pages = (round & 1) != 0;
            regime.has_pse36 = (round & 2) != 0;
            regime.has_pdptes = (round & 4) != 0;
            regime.is_implicit = (round & 8) != 0;
            regime.physical_width = (uint8_t)(32 + regime.physical_width % 32);
            regime.cr3 = i % 4 == 0 ? regime.cr3 : gx_pool[regime.cr3 % GX_POOL];
            address = i % 3 == 0 ? address : i % 3 == 1 ? address >> 32 : address >> 17;
            if (!gx_compare(&regime, address, (uint32_t)gx_random(&from) & 15,
                            i % 2 == 0 ? AXADDR_SET_NOTES : AXADDR_ON_DEMAND, &e)) {
                check_fail(__FILE__, __LINE__, "round %u, walk %u: %s", round, i, gx_message);
                return;
            }
            ok_count += e.result == AXADDR_WALK_OK;
        }
    }
    CHECK(ok_count > 0);
    gx_end();
}

/* ---- golden: by hand, from the manual's tables ---- */

#define PT_   GX_SMALL
#define PAGE_ (GX_SMALL + 0x1000)
#define R_    AXADDR_READ
#define W_    AXADDR_WRITE
#define X_    AXADDR_EXECUTE
#define U_    AXADDR_USER
#define NX_   (UINT64_C(1) << 63)
#define KEY_5 (UINT64_C(5) << 59)
#define WP_   UINT64_C(0x10000)
#define SMEP_ UINT64_C(0x100000)
#define SMAP_ UINT64_C(0x200000)
#define PKE_  UINT64_C(0x400000)
#define PKS_  UINT64_C(0x1000000)
#define NXE_  UINT64_C(0x800)
#define AC_   UINT64_C(0x40000)

/* What an access comes to: flags of the page, or kind and code of a fault. */
#define OK_(flags)          AXADDR_WALK_OK, (flags), 0
#define INJECT_(kind, code) AXADDR_WALK_INJECT, AXADDR_GUEST_FAULT_##kind, (code)

struct golden {
    uint64_t entries[5]; /* by level; xored with the plain ones of the mode */
    uint64_t cr0, cr4, efer, rflags;
    uint32_t rights; /* PKRU and PKRS */
    uint32_t access;
    enum axaddr_walk_result result;
    uint32_t what;
    uint32_t code;
    unsigned level;
};

/** Tables of a mode at 0x5000, ... down to PT_, and what stands in them if nothing else is said. */
struct golden_mode {
    enum gx_mode mode;
    uint64_t address;
    uint64_t slots[5];
    uint64_t plain[5];
    uint64_t cr3, cr4, efer;
};

/* 0x123456789abc: indices 0x24, 0xd1, 0xb3, 0x189. */
static const struct golden_mode long_4 = {
    GX_LONG_4,
    UINT64_C(0x123456789abc),
    {PT_ + 0x189 * 8, 0x5000 + 0xb3 * 8, 0x4000 + 0xd1 * 8, 0x3000 + 0x24 * 8, 0},
    {PAGE_ | 0x67, PT_ | 0x27, 0x5027, 0x4027, 0},
    0x3018,
    0x20,
    0x500,
};
/* 0xffa5123456789abc: the same below 0x1a5, as bit 56 is set. */
static const struct golden_mode long_5 = {
    GX_LONG_5,
    UINT64_C(0xffa5123456789abc),
    {PT_ + 0x189 * 8, 0x5000 + 0xb3 * 8, 0x4000 + 0xd1 * 8, 0x3000 + 0x24 * 8, 0x8000 + 0x1a5 * 8},
    {PAGE_ | 0x67, PT_ | 0x27, 0x5027, 0x4027, 0x3027},
    0x8fff,
    0x1020,
    0x500,
};
/* 0x8c5e7abc: indices 2, 0x62, 0x1e7 of PAE, 0x231, 0x1e7 of 32-bit paging. */
static const struct golden_mode pae = {
    GX_PAE,
    0x8c5e7abc,
    {PT_ + 0x1e7 * 8, 0x5000 + 0x62 * 8, 0x3020 + 2 * 8, 0, 0},
    {PAGE_ | 0x67, PT_ | 0x27, 0x5001, 0, 0},
    UINT64_C(0xf00000000000303f), /* only 31:5 count */
    0x20,
    0,
};
static const struct golden_mode plain_32 = {
    GX_32,
    0x8c5e7abc,
    {PT_ + 0x1e7 * 4, 0x5000 + 0x231 * 4, 0, 0, 0},
    {PAGE_ | 0x67, PT_ | 0x27, 0, 0, 0},
    UINT64_C(0xf000000000005fff), /* only 31:12 count */
    0x10,
    0,
};

static struct axaddr_x86_guest_regime golden_regime(const struct golden_mode *mode,
                                                    const struct golden *row) {
    struct axaddr_x86_guest_regime regime;

    memset(&regime, 0, sizeof regime);
    regime.cr0 = 0x80000001 | row->cr0;
    regime.cr3 = mode->cr3;
    regime.cr4 = mode->cr4 ^ row->cr4;
    regime.efer = mode->efer | row->efer;
    regime.rflags = row->rflags;
    regime.pat = AXADDR_X86_PAT_RESET;
    regime.pkru = row->rights;
    regime.pkrs = row->rights;
    regime.physical_width = 46;
    regime.has_1g_pages = true;
    regime.has_pse36 = true;
    return regime;
}

static void golden_write(const struct golden_mode *mode, const uint64_t *change) {
    unsigned bytes = mode->mode == GX_32 ? 4 : 8;
    int level;

    for (level = 0; level <= gx_top[mode->mode]; level++) {
        gx_put(mode->slots[level], mode->plain[level] ^ change[level], bytes);
    }
}

static void golden_rows(const struct golden_mode *mode, const struct golden *rows, unsigned count) {
    unsigned i;

    for (i = 0; i < count; i++) {
        struct axaddr_x86_guest_regime regime = golden_regime(mode, &rows[i]);
        struct axaddr_guest_page page;
        enum axaddr_walk_result result;

        snprintf(check_context, sizeof check_context, "mode %d, row %u", (int)mode->mode, i);
        golden_write(mode, rows[i].entries);
        memset(&page, 0, sizeof page);
        result = gx_walk(&regime, mode->address, rows[i].access, 0, &page);
        CHECK_EQ(result, rows[i].result);
        CHECK_EQ(page.level, rows[i].level);
        if (result == AXADDR_WALK_OK) {
            axaddr_hpa_t hpa;
            CHECK_EQ(page.flags, rows[i].what);
            CHECK_EQ(GX_CALL(&gx, translate, page.gpa, &hpa), AXADDR_OK);
            CHECK_EQ(page.hpa.raw, hpa.raw);
            CHECK(rows[i].level > 0 || page.gpa.raw == (PAGE_ | 0xabc));
            CHECK(rows[i].level > 0 || page.size == 0x1000);
        } else {
            CHECK_EQ(page.fault.kind, rows[i].what);
            CHECK_EQ(page.fault.code, rows[i].code);
        }
    }
}
#define GOLDEN(mode, rows) golden_rows(&(mode), rows, sizeof(rows) / sizeof(rows)[0])

#define RWX_ (R_ | W_ | X_)

/* Rows that are the same for all modes: what the two lowest levels say. */
static const struct golden common_rows[] = {
    /* user pages, user mode */
    {{0}, 0, 0, 0, 0, 0, R_ | U_, OK_(RWX_ | U_), 0},
    {{0}, 0, 0, 0, 0, 0, W_ | U_, OK_(RWX_ | U_), 0},
    {{0}, 0, 0, 0, 0, 0, X_ | U_, OK_(RWX_ | U_), 0},
    {{4}, 0, 0, 0, 0, 0, R_ | U_, INJECT_(DENIED, 5), 0},
    {{0, 4}, 0, 0, 0, 0, 0, R_ | U_, INJECT_(DENIED, 5), 0},
    {{4}, 0, 0, 0, 0, 0, W_ | U_, INJECT_(DENIED, 7), 0},
    {{4}, 0, 0, 0, 0, 0, X_ | U_, INJECT_(DENIED, 5), 0},
    {{4}, 0, SMEP_, 0, 0, 0, X_ | U_, INJECT_(DENIED, 0x15), 0},
    {{2}, 0, 0, 0, 0, 0, W_ | U_, INJECT_(DENIED, 7), 0}, /* WP is of no concern */
    {{0, 2}, 0, 0, 0, 0, 0, W_ | U_, INJECT_(DENIED, 7), 0},
    {{2}, 0, 0, 0, 0, 0, R_ | U_, OK_(R_ | X_ | U_), 0},
    {{2}, 0, 0, 0, 0, 0, R_ | W_ | U_, INJECT_(DENIED, 7), 0},
    /* supervisor mode, WP */
    {{4}, 0, 0, 0, 0, 0, R_, OK_(RWX_), 0},
    {{4 | 2}, 0, 0, 0, 0, 0, W_, OK_(RWX_), 0},
    {{4 | 2}, WP_, 0, 0, 0, 0, W_, INJECT_(DENIED, 3), 0},
    {{4, 2}, WP_, 0, 0, 0, 0, W_, INJECT_(DENIED, 3), 0},
    {{4 | 2}, WP_, 0, 0, 0, 0, R_, OK_(R_ | X_), 0},
    /* supervisor mode on user pages: SMEP, SMAP */
    {{0}, 0, 0, 0, 0, 0, X_, OK_(RWX_ | U_), 0},
    {{0}, 0, SMEP_, 0, 0, 0, X_, INJECT_(DENIED, 0x11), 0},
    {{0}, 0, SMEP_, 0, 0, 0, R_, OK_(R_ | W_ | U_), 0},
    {{0, 4}, 0, SMEP_, 0, 0, 0, X_, OK_(RWX_), 0},
    {{0}, 0, SMEP_, 0, 0, 0, X_ | U_, OK_(RWX_ | U_), 0},
    {{0}, 0, SMAP_, 0, 0, 0, R_, INJECT_(DENIED, 1), 0},
    {{0}, 0, SMAP_, 0, 0, 0, W_, INJECT_(DENIED, 3), 0},
    {{0}, 0, SMAP_, 0, 0, 0, X_, OK_(X_ | U_), 0},
    {{0}, 0, SMAP_, 0, AC_, 0, R_, OK_(RWX_ | U_), 0},
    {{2}, WP_, SMAP_, 0, AC_, 0, W_, INJECT_(DENIED, 3), 0},
    {{0}, 0, SMAP_, 0, 0, 0, W_ | U_, OK_(RWX_ | U_), 0},
    {{4}, 0, SMAP_, 0, 0, 0, R_, OK_(RWX_), 0},
    {{0}, 0, SMAP_, 0, 0, 0, 0, OK_(X_ | U_), 0}, /* whatever is there */
    {{4}, 0, 0, 0, 0, 0, U_, OK_(0), 0},
    /* not present: nothing else of the entry counts */
    {{1}, 0, 0, 0, 0, 0, R_, INJECT_(ABSENT, 0), 0},
    {{1}, 0, 0, 0, 0, 0, W_, INJECT_(ABSENT, 2), 0},
    {{1}, 0, 0, 0, 0, 0, R_ | U_, INJECT_(ABSENT, 4), 0},
    {{1}, 0, 0, 0, 0, 0, W_ | U_, INJECT_(ABSENT, 6), 0},
    {{1}, 0, SMEP_, 0, 0, 0, X_, INJECT_(ABSENT, 0x10), 0},
    {{1}, 0, SMEP_, 0, 0, 0, X_ | U_, INJECT_(ABSENT, 0x14), 0},
    {{1}, 0, 0, 0, 0, 0, X_, INJECT_(ABSENT, 0), 0},
    {{0, 1}, 0, 0, 0, 0, 0, R_ | U_, INJECT_(ABSENT, 4), 1},
    {{1, 1}, 0, 0, 0, 0, 0, R_ | U_, INJECT_(ABSENT, 4), 1},
    /* memory types: PWT, PCD, PAT; G and ignored bits */
    {{0x08}, 0, 0, 0, 0, 0, R_, OK_(RWX_ | U_), 0},
    {{0x10}, 0, 0, 0, 0, 0, R_, OK_(RWX_ | U_ | AXADDR_UNCACHED), 0},
    {{0x18}, 0, 0, 0, 0, 0, R_, OK_(RWX_ | U_ | AXADDR_DEVICE), 0},
    {{0x80}, 0, 0, 0, 0, 0, R_, OK_(RWX_ | U_), 0},
    {{0x98}, 0, 0, 0, 0, 0, R_, OK_(RWX_ | U_ | AXADDR_DEVICE), 0},
    {{0xf00, 0xf58}, 0, 0, 0, 0, 0, R_, OK_(RWX_ | U_), 0},
    {{0}, 0, PKE_ | PKS_, 0, 0, 3, R_ | U_, OK_(RWX_ | U_), 0}, /* overridden for long modes */
};

static const struct golden wide_rows[] = {
    /* PAE and long modes */
    {{NX_}, 0, 0, NXE_, 0, 0, R_ | U_, OK_(R_ | W_ | U_), 0},
    {{NX_}, 0, 0, NXE_, 0, 0, X_ | U_, INJECT_(DENIED, 0x15), 0},
    {{0, NX_}, 0, 0, NXE_, 0, 0, X_ | U_, INJECT_(DENIED, 0x15), 0},
    {{4 | NX_}, 0, 0, NXE_, 0, 0, X_, INJECT_(DENIED, 0x11), 0},
    {{1}, 0, 0, NXE_, 0, 0, X_, INJECT_(ABSENT, 0x10), 0},
    {{NX_}, 0, 0, 0, 0, 0, R_ | U_, INJECT_(RESERVED, 0xd), 0},
    {{NX_}, 0, 0, 0, 0, 0, X_ | U_, INJECT_(RESERVED, 0xd), 0},
    {{NX_}, 0, SMEP_, 0, 0, 0, X_ | U_, INJECT_(RESERVED, 0x1d), 0},
    {{0, NX_}, 0, 0, 0, 0, 0, W_, INJECT_(RESERVED, 0xb), 1},
    {{UINT64_C(1) << 46}, 0, 0, 0, 0, 0, R_, INJECT_(RESERVED, 9), 0},
    {{UINT64_C(1) << 51}, 0, 0, 0, 0, 0, R_, INJECT_(RESERVED, 9), 0},
    {{0, UINT64_C(1) << 46}, 0, 0, 0, 0, 0, W_ | U_, INJECT_(RESERVED, 0xf), 1},
    {{1 | UINT64_C(1) << 46}, 0, 0, 0, 0, 0, R_, INJECT_(ABSENT, 0), 0},
    {{0, PT_ | 0x80}, 0, 0, 0, 0, 0, R_, OK_(RWX_ | U_), 1},
    {{0, PT_ | 0x10080}, 0, 0, 0, 0, 0, R_, INJECT_(RESERVED, 9), 1},
    {{0, PT_ | 0x102080}, 0, 0, 0, 0, 0, R_, INJECT_(RESERVED, 9), 1},
    {{0, PT_ | 0x1090}, 0, 0, 0, 0, 0, R_, OK_(RWX_ | U_ | AXADDR_UNCACHED), 1},
    {{0, PT_ | 0x1080}, 0, 0, 0, 0, 0, R_, OK_(RWX_ | U_), 1},
};

static const struct golden pae_rows[] = {
    {{UINT64_C(1) << 52}, 0, 0, 0, 0, 0, R_, INJECT_(RESERVED, 9), 0},
    {{UINT64_C(1) << 62}, 0, 0, 0, 0, 0, R_, INJECT_(RESERVED, 9), 0},
    {{0, UINT64_C(1) << 52}, 0, 0, 0, 0, 0, R_, INJECT_(RESERVED, 9), 1},
    {{0, 0, 1}, 0, 0, 0, 0, 0, R_, INJECT_(ABSENT, 0), 2},
    {{0, 0, 2}, 0, 0, 0, 0, 0, R_, INJECT_(RESERVED, 9), 2},
    {{0, 0, 4}, 0, 0, 0, 0, 0, R_, INJECT_(RESERVED, 9), 2},
    {{0, 0, 0x20}, 0, 0, 0, 0, 0, R_, INJECT_(RESERVED, 9), 2},
    {{0, 0, 0x40}, 0, 0, 0, 0, 0, R_, INJECT_(RESERVED, 9), 2},
    {{0, 0, 0x80}, 0, 0, 0, 0, 0, R_, INJECT_(RESERVED, 9), 2},
    {{0, 0, 0x100}, 0, 0, 0, 0, 0, R_, INJECT_(RESERVED, 9), 2},
    {{0, 0, NX_}, 0, 0, NXE_, 0, 0, R_, INJECT_(RESERVED, 9), 2},
    {{0, 0, UINT64_C(1) << 46}, 0, 0, 0, 0, 0, R_, INJECT_(RESERVED, 9), 2},
    {{0, 0, UINT64_C(1) << 52}, 0, 0, 0, 0, 0, R_, INJECT_(RESERVED, 9), 2},
    {{0, 0, 0xe18}, 0, 0, 0, 0, 0, W_ | U_, OK_(RWX_ | U_), 0},
};

static const struct golden long_rows[] = {
    {{0, 0, 4}, 0, 0, 0, 0, 0, R_ | U_, INJECT_(DENIED, 5), 0},
    {{0, 0, 0, 4}, 0, 0, 0, 0, 0, R_ | U_, INJECT_(DENIED, 5), 0},
    {{0, 0, 2}, 0, 0, 0, 0, 0, W_ | U_, INJECT_(DENIED, 7), 0},
    {{0, 0, 0, 2}, WP_, 0, 0, 0, 0, W_, INJECT_(DENIED, 3), 0},
    {{0, 0, NX_}, 0, 0, NXE_, 0, 0, X_ | U_, INJECT_(DENIED, 0x15), 0},
    {{0, 0, 0, NX_}, 0, 0, NXE_, 0, 0, X_, INJECT_(DENIED, 0x11), 0},
    {{0, 0, 1}, 0, 0, 0, 0, 0, R_ | U_, INJECT_(ABSENT, 4), 2},
    {{0, 0, 0, 1}, 0, 0, 0, 0, 0, W_, INJECT_(ABSENT, 2), 3},
    {{0, 0, 0, 0x80}, 0, 0, 0, 0, 0, R_, INJECT_(RESERVED, 9), 3},
    {{0, 0, 0, NX_}, 0, 0, 0, 0, 0, R_, INJECT_(RESERVED, 9), 3},
    {{0, 0, UINT64_C(1) << 50}, 0, 0, 0, 0, 0, R_, INJECT_(RESERVED, 9), 2},
    {{UINT64_C(0x07f0000000000000)}, 0, 0, 0, 0, 0, R_, OK_(RWX_ | U_), 0},
    {{0, UINT64_C(0x7ff0000000000000)}, 0, 0, 0, 0, 0, R_, OK_(RWX_ | U_), 0},
    /* protection keys: AD is 1, WD 2 of key 5 */
    {{KEY_5}, 0, 0, 0, 0, 0xc00, W_ | U_, OK_(RWX_ | U_), 0},
    {{KEY_5}, 0, PKS_, 0, 0, 0xc00, W_ | U_, OK_(RWX_ | U_), 0},
    {{KEY_5}, 0, PKE_, 0, 0, 0x400, R_ | U_, INJECT_(DENIED, 0x25), 0},
    {{KEY_5}, 0, PKE_, 0, 0, 0x400, R_, INJECT_(DENIED, 0x21), 0},
    {{KEY_5}, 0, PKE_, 0, 0, 0x400, W_, INJECT_(DENIED, 0x23), 0},
    {{KEY_5}, 0, PKE_, 0, 0, 0x400, X_ | U_, OK_(X_ | U_), 0},
    {{KEY_5}, 0, PKE_, 0, 0, 0x800, R_ | U_, OK_(R_ | X_ | U_), 0},
    {{KEY_5}, 0, PKE_, 0, 0, 0x800, W_ | U_, INJECT_(DENIED, 0x27), 0},
    {{KEY_5}, 0, PKE_, 0, 0, 0x800, W_, OK_(RWX_ | U_), 0},
    {{KEY_5}, WP_, PKE_, 0, 0, 0x800, W_, INJECT_(DENIED, 0x23), 0},
    {{KEY_5 | 2}, 0, PKE_, 0, 0, 0x800, W_ | U_, INJECT_(DENIED, 0x27), 0},
    {{KEY_5 | 2}, 0, PKE_, 0, 0, 0x3ff, W_ | U_, INJECT_(DENIED, 7), 0},
    {{KEY_5 | NX_}, 0, PKE_, NXE_, 0, 0x400, X_ | U_, INJECT_(DENIED, 0x15), 0},
    {{KEY_5 | 4}, 0, PKE_, 0, 0, 0x400, R_, OK_(RWX_), 0},
    {{KEY_5 | 4}, 0, PKS_, 0, 0, 0x400, R_, INJECT_(DENIED, 0x21), 0},
    {{KEY_5 | 4}, 0, PKS_, 0, 0, 0x800, W_, OK_(RWX_), 0},
    {{KEY_5 | 4}, WP_, PKS_, 0, 0, 0x800, W_, INJECT_(DENIED, 0x23), 0},
    {{KEY_5, 0, 0, KEY_5}, 0, PKE_, 0, 0, 0x400, X_, OK_(X_ | U_), 0},
};

static const struct golden long_5_rows[] = {
    {{0, 0, 0, 0, 1}, 0, 0, 0, 0, 0, R_ | U_, INJECT_(ABSENT, 4), 4},
    {{0, 0, 0, 0, 0x80}, 0, 0, 0, 0, 0, R_, INJECT_(RESERVED, 9), 4},
    {{0, 0, 0, 0, 4}, 0, 0, 0, 0, 0, R_ | U_, INJECT_(DENIED, 5), 0},
    {{0, 0, 0, 0, 2}, WP_, 0, 0, 0, 0, W_, INJECT_(DENIED, 3), 0},
    {{0, 0, 0, 0, NX_}, 0, 0, NXE_, 0, 0, X_, INJECT_(DENIED, 0x11), 0},
};

/* 4 MiB pages; 0x10 in cr4 turns PSE off, as it is on. */
static const struct golden rows_32[] = {
    {{0, 0x80}, 0, 0x10, 0, 0, 0, R_, OK_(RWX_ | U_), 0},
    {{0, 0x200080}, 0, 0, 0, 0, 0, R_ | U_, OK_(RWX_ | U_), 1},
    {{0, 0x200084}, 0, 0, 0, 0, 0, R_ | U_, INJECT_(DENIED, 5), 1},
    {{0, 0x201090}, 0, 0, 0, 0, 0, R_, OK_(RWX_ | U_ | AXADDR_UNCACHED), 1},
    {{0, 0x000080}, 0, 0, 0, 0, 0, R_, INJECT_(RESERVED, 9), 1}, /* bit 21 */
    {{0, 0x000080}, 0, 0, NXE_, 0, 0, X_, INJECT_(RESERVED, 9), 1},
    {{0, 0x000080}, 0, SMEP_, 0, 0, 0, X_, INJECT_(RESERVED, 0x19), 1},
    {{4}, 0, 0, NXE_, 0, 0, X_ | U_, INJECT_(DENIED, 5), 0},
};

static void golden_tables(void) {
    static const struct golden_mode *const modes[] = {&plain_32, &pae, &long_4, &long_5};
    unsigned common = sizeof common_rows / sizeof common_rows[0];
    unsigned i;

    for (i = 0; i < 4 && !check_case_failed; i++) {
        CHECK(gx_begin(i % 2 != 0));
        golden_rows(modes[i], common_rows, common - (i < 2 ? 0 : 1));
        if (!check_case_failed && i >= 1) {
            GOLDEN(*modes[i], wide_rows);
        }
        if (!check_case_failed && i == 0) {
            GOLDEN(plain_32, rows_32);
        }
        if (!check_case_failed && i == 1) {
            GOLDEN(pae, pae_rows);
        }
        if (!check_case_failed && i >= 2) {
            GOLDEN(*modes[i], long_rows);
        }
        if (!check_case_failed && i == 3) {
            GOLDEN(long_5, long_5_rows);
        }
        gx_end();
    }
}

/* ---- where a walk begins; large pages ---- */

static const struct golden nothing;

static enum axaddr_walk_result walk_to(const struct golden_mode *mode,
                                       const struct axaddr_x86_guest_regime *regime,
                                       uint32_t access, uint32_t how,
                                       struct axaddr_guest_page *page) {
    memset(page, 0, sizeof *page);
    return gx_walk(regime, mode->address, access, how, page);
}

#define FAULTS(call, fault_kind, fault_code, fault_level)                                          \
    do {                                                                                           \
        CHECK_EQ(call, AXADDR_WALK_INJECT);                                                        \
        CHECK_EQ(page.fault.kind, AXADDR_GUEST_FAULT_##fault_kind);                                \
        CHECK_EQ(page.fault.code, fault_code);                                                     \
        CHECK_EQ(page.level, fault_level);                                                         \
    } while (0)

static void addresses_that_are_none(void) {
    static const uint64_t bad_4[] = {UINT64_C(0x0000800000000000), UINT64_C(0xffff7fffffffffff),
                                     UINT64_C(0x8000000000000000), UINT64_C(0x0001000000000000)};
    static const uint64_t bad_5[] = {UINT64_C(0x0100000000000000), UINT64_C(0xfeffffffffffffff),
                                     UINT64_C(0x8000000000000000)};
    static const uint64_t good_4[] = {0, UINT64_C(0x00007fffffffffff), UINT64_C(0xffff800000000000),
                                      ~UINT64_C(0)};
    struct axaddr_x86_guest_regime regime = golden_regime(&long_4, &nothing);
    struct axaddr_guest_page page;
    unsigned i;

    CHECK(gx_begin(false));
    for (i = 0; i < 4; i++) {
        FAULTS(gx_walk(&regime, bad_4[i], W_ | U_, 0, &page), RANGE, 0, 0);
        FAULTS(gx_walk(&regime, good_4[i], W_ | U_, 0, &page), ABSENT, 6, 3);
    }
    regime = golden_regime(&long_5, &nothing);
    for (i = 0; i < 3; i++) {
        FAULTS(gx_walk(&regime, bad_5[i], R_, 0, &page), RANGE, 0, 0);
        if (i < 2) {
            FAULTS(gx_walk(&regime, bad_4[i], R_, 0, &page), ABSENT, 0, 4);
        }
    }
    regime = golden_regime(&pae, &nothing);
    FAULTS(gx_walk(&regime, UINT64_C(0x100000000), R_, 0, &page), RANGE, 0, 0);
    regime = golden_regime(&plain_32, &nothing);
    FAULTS(gx_walk(&regime, ~UINT64_C(0), R_, 0, &page), RANGE, 0, 0);
    regime.cr0 = 1;
    FAULTS(gx_walk(&regime, UINT64_C(0x100000000), R_, 0, &page), RANGE, 0, 0);
    gx_end();
}

static void without_paging(void) {
    struct axaddr_x86_guest_regime regime = golden_regime(&long_4, &nothing);
    struct axaddr_guest_page page;

    CHECK(gx_begin(false));
    regime.cr0 = 0x7fffffff;
    CHECK_EQ(gx_walk(&regime, GX_SMALL + 0x123, RWX_ | U_, AXADDR_SET_NOTES, &page), 0);
    CHECK_EQ(page.gpa.raw, GX_SMALL + 0x123);
    CHECK_EQ(page.size, 0x1000);
    CHECK_EQ(page.flags, RWX_ | U_);
    CHECK_EQ(gx_walk(&regime, 0x1234, R_, 0, &page), 0);
    CHECK_EQ(page.size, 0x200000);
    CHECK_EQ(gx_walk(&regime, GX_DATA, X_, 0, &page), AXADDR_WALK_STAGE2);
    CHECK(!page.is_table);
    gx_end();
}

/** 1 GiB, and what is only reserved in it; 4 MiB with its bits above 4 GiB. */
static void large_pages(void) {
    struct axaddr_x86_guest_regime regime = golden_regime(&long_4, &nothing);
    uint64_t change[5] = {0, 0, 0, 0, 0};
    struct axaddr_guest_page page;

    CHECK(gx_begin(false));
    change[2] = 0x5027 ^ 0xe7; /* address 0 */
    golden_write(&long_4, change);
    CHECK_EQ(
        gx_walk(&regime, (long_4.address & ~UINT64_C(0x3fffffff)) | 0x201234, W_ | U_, 0, &page),
        AXADDR_WALK_OK);
    CHECK_EQ(page.gpa.raw, 0x201234);
    CHECK_EQ(page.size, 0x1000);
    CHECK_EQ(page.level, 2);
    regime.has_1g_pages = false;
    FAULTS(walk_to(&long_4, &regime, R_, 0, &page), RESERVED, 9, 2);
    regime.has_1g_pages = true;
    change[2] = 0x5027 ^ 0x20000000e7;
    golden_write(&long_4, change);
    CHECK_EQ(walk_to(&long_4, &regime, R_, 0, &page), AXADDR_WALK_STAGE2); /* 128 GiB: a hole */
    CHECK_EQ(page.gpa.raw, UINT64_C(0x2016789abc));
    change[2] = 0x5027 ^ 0x200000e7;
    golden_write(&long_4, change);
    FAULTS(walk_to(&long_4, &regime, R_, 0, &page), RESERVED, 9, 2);
    change[2] = 0x5027 ^ 0x20e7;
    golden_write(&long_4, change);
    FAULTS(walk_to(&long_4, &regime, R_, 0, &page), RESERVED, 9, 2);

    regime = golden_regime(&plain_32, &nothing);
    gx_put(plain_32.slots[1], 0x2087 | 1 << 13, 4); /* bits 39:32 are 1: GX_HIGH */
    CHECK_EQ(gx_walk(&regime, 0x8c400123, R_ | U_, 0, &page), AXADDR_WALK_OK);
    CHECK_EQ(page.gpa.raw, GX_HIGH + 0x123);
    CHECK_EQ(page.size, 0x1000);
    regime.has_pse36 = false;
    FAULTS(gx_walk(&regime, 0x8c400123, R_ | U_, 0, &page), RESERVED, 0xd, 1);
    regime.has_pse36 = true;
    regime.physical_width = 32;
    FAULTS(gx_walk(&regime, 0x8c400123, R_ | U_, 0, &page), RESERVED, 0xd, 1);
    regime.physical_width = 36;
    gx_put(plain_32.slots[1], 0x20087, 4); /* bit 36 */
    FAULTS(gx_walk(&regime, 0x8c400123, R_ | U_, 0, &page), RESERVED, 0xd, 1);
    regime.physical_width = 37;
    CHECK_EQ(gx_walk(&regime, 0x8c400123, R_ | U_, 0, &page), AXADDR_WALK_STAGE2);
    CHECK_EQ(page.gpa.raw, UINT64_C(0x1000000123));
    regime.physical_width = 52;
    gx_put(plain_32.slots[1], 0x200087, 4); /* bit 21 */
    FAULTS(gx_walk(&regime, 0x8c400123, R_ | U_, 0, &page), RESERVED, 0xd, 1);
    gx_end();
}

static void pdptes_that_were_loaded(void) {
    struct axaddr_x86_guest_regime regime = golden_regime(&pae, &nothing);
    const uint64_t change[5] = {0, 0, 0x5001, 0, 0}; /* nothing in memory */
    struct axaddr_guest_page page;

    CHECK(gx_begin(false));
    golden_write(&pae, change);
    FAULTS(walk_to(&pae, &regime, W_, 0, &page), ABSENT, 2, 2);
    regime.has_pdptes = true;
    FAULTS(walk_to(&pae, &regime, W_, 0, &page), ABSENT, 2, 2);
    regime.pdptes[2] = 0x5001;
    CHECK_EQ(walk_to(&pae, &regime, W_, AXADDR_SET_NOTES, &page), AXADDR_WALK_OK);
    CHECK_EQ(page.gpa.raw, PAGE_ | 0xabc);
    regime.pdptes[2] = 0x5021;
    FAULTS(walk_to(&pae, &regime, W_, 0, &page), RESERVED, 0xb, 2);
    regime.cr3 = GX_TRAP; /* of no concern */
    regime.pdptes[2] = 0x5001;
    CHECK_EQ(walk_to(&pae, &regime, W_, 0, &page), AXADDR_WALK_OK);
    gx_end();
}

static void roots_beyond(void) {
    struct axaddr_x86_guest_regime regime = golden_regime(&long_4, &nothing);
    struct axaddr_guest_page page;

    CHECK(gx_begin(false));
    regime.cr3 |= UINT64_C(1) << 46;
    FAULTS(walk_to(&long_4, &regime, W_ | U_, 0, &page), ADDRESS_SIZE, 0xf, 3);
    regime.physical_width = 52;
    CHECK_EQ(walk_to(&long_4, &regime, R_, 0, &page), AXADDR_WALK_STAGE2);
    CHECK_EQ(page.gpa.raw, (UINT64_C(1) << 46) + 0x3000 + 0x24 * 8);
    CHECK_EQ(page.stage2, AXADDR_FAULT_UNMAPPED);
    regime.cr3 |= UINT64_C(1) << 51; /* beyond what the space's own tables reach */
    CHECK_EQ(walk_to(&long_4, &regime, R_, AXADDR_ON_DEMAND, &page), AXADDR_WALK_STAGE2);
    CHECK_EQ(page.stage2, AXADDR_FAULT_UNMAPPED);
    CHECK_EQ(page.fault.kind, AXADDR_GUEST_FAULT_TABLE);
    CHECK_EQ(page.fault.code, 0);
    gx_end();
}

/* ---- accessed and dirty ---- */

static void notes_of_a_walk(void) {
    const uint64_t bare[5] = {0x60, 0x20, 0x20, 0x20, 0x20};
    struct axaddr_x86_guest_regime regime = golden_regime(&long_4, &nothing);
    struct axaddr_mapping mapping;
    struct axaddr_guest_page page;
    unsigned level;

    CHECK(gx_begin(true));
    golden_write(&long_4, bare);
    CHECK_EQ(walk_to(&long_4, &regime, W_ | U_, 0, &page), 0);
    CHECK_EQ(walk_to(&long_4, &regime, U_, AXADDR_SET_NOTES, &page), 0);
    for (level = 0; level < 4; level++) {
        CHECK_EQ(gx_get(long_4.slots[level], 8), long_4.plain[level] ^ bare[level]);
    }
    CHECK_EQ(GX_CALL(&gx, query, axaddr_gpa(PT_), &mapping), AXADDR_OK);
    CHECK_EQ(mapping.notes & AXADDR_DIRTY, 0);
    CHECK_EQ(walk_to(&long_4, &regime, X_ | U_, AXADDR_SET_NOTES, &page), 0);
    CHECK_EQ(gx_get(long_4.slots[0], 8), PAGE_ | 0x27);
    CHECK_EQ(gx_get(long_4.slots[1], 8), PT_ | 0x27);
    CHECK_EQ(gx_get(long_4.slots[3], 8), 0x4027);
    CHECK_EQ(GX_CALL(&gx, query, axaddr_gpa(PT_), &mapping), AXADDR_OK);
    CHECK((mapping.notes & AXADDR_DIRTY) != 0); /* migration is told that a table has changed */
    CHECK_EQ(walk_to(&long_4, &regime, R_ | W_, AXADDR_SET_NOTES, &page), 0);
    CHECK_EQ(gx_get(long_4.slots[0], 8), PAGE_ | 0x67);
    CHECK_EQ(gx_get(long_4.slots[1], 8), PT_ | 0x27);

    /* Denied: the tables were used, the page was not. */
    golden_write(&long_4, bare);
    gx_put(long_4.slots[0], PAGE_ | 3, 8);
    FAULTS(walk_to(&long_4, &regime, W_ | U_, AXADDR_SET_NOTES, &page), DENIED, 7, 0);
    CHECK_EQ(gx_get(long_4.slots[0], 8), PAGE_ | 3);
    CHECK_EQ(gx_get(long_4.slots[1], 8), PT_ | 0x27);
    gx_end();
}

static void notes_that_the_space_denies(void) {
    struct axaddr_x86_guest_regime regime = golden_regime(&plain_32, &nothing);
    struct axaddr_guest_page page;

    CHECK(gx_begin(false));
    regime.cr3 = GX_RO;
    gx_put(GX_RO + 0x231 * 4, PT_ | 7, 4);
    gx_put(plain_32.slots[0], PAGE_ | 7, 4);
    CHECK_EQ(walk_to(&plain_32, &regime, R_, 0, &page), AXADDR_WALK_OK);
    CHECK_EQ(walk_to(&plain_32, &regime, W_, AXADDR_SET_NOTES, &page), AXADDR_WALK_STAGE2);
    CHECK(page.is_table);
    CHECK_EQ(page.gpa.raw, GX_RO + 0x231 * 4);
    CHECK_EQ(page.access, R_ | W_);
    CHECK_EQ(page.level, 1);
    CHECK_EQ(page.stage2, AXADDR_FAULT_DENIED);
    CHECK_EQ(page.fault.kind, AXADDR_GUEST_FAULT_TABLE);
    CHECK_EQ(page.fault.code, 2);
    CHECK_EQ(gx_get(GX_RO + 0x231 * 4, 4), PT_ | 7);
    CHECK_EQ(gx_get(plain_32.slots[0], 4), PAGE_ | 7);
    gx_put(GX_RO + 0x231 * 4, PT_ | 0x27, 4); /* nothing is to be written there */
    CHECK_EQ(walk_to(&plain_32, &regime, W_, AXADDR_SET_NOTES, &page), AXADDR_WALK_OK);
    CHECK_EQ(gx_get(plain_32.slots[0], 4), PAGE_ | 0x67);
    gx_end();
}

/* ---- somebody else writes there ---- */

static unsigned race_calls;
static unsigned race_until; /* the last call at which something changes */
static unsigned race_at;    /* or the only one: */
static uint64_t race_value;
static bool is_race_high;

/** Each time that the library looks for a frame, or takes one, a guest's entry changes. */
static void race(void *argument, const struct host_call *call) {
    uint8_t *at = (uint8_t *)argument;
    uint64_t entry;

    (void)call;
    race_calls++;
    memcpy(&entry, at, 8);
    if (race_at != 0) {
        entry = race_calls == race_at ? race_value : entry;
    } else if (race_calls <= race_until && is_race_high) { /* bits 58:52 and 11:9 are ignored */
        entry = (entry & ~UINT64_C(0x07f0000000000000)) | (uint64_t)(race_calls % 127) << 52;
    } else if (race_calls <= race_until) {
        entry = (entry & ~UINT64_C(0xe00)) | race_calls % 7 << 9;
    }
    memcpy(at, &entry, 8);
}

static enum axaddr_walk_result walk_and_race(const struct golden_mode *mode, uint64_t slot,
                                             const struct axaddr_x86_guest_regime *regime,
                                             uint32_t access, uint32_t how,
                                             struct axaddr_guest_page *page) {
    enum axaddr_walk_result result;

    race_calls = 0;
    gx.host.on_call_argument = gx_at(slot);
    gx.host.on_call = race;
    result = walk_to(mode, regime, access, how, page);
    gx.host.on_call = 0;
    return result;
}

/** In its low half, and in its high one: for ever, and for some time only. */
static void entries_that_change(void) {
    const uint64_t bare[5] = {0x60, 0x20, 0, 0, 0};
    struct axaddr_x86_guest_regime regime = golden_regime(&long_4, &nothing);
    struct axaddr_guest_page page;
    unsigned i;

    for (i = 0; i < 8; i++) {
        uint64_t slot = long_4.slots[i & 1];

        CHECK(gx_begin((i & 2) != 0));
        is_race_high = (i & 4) != 0;
        race_at = 0;
        race_until = ~0u;
        golden_write(&long_4, bare);
        CHECK_EQ(walk_and_race(&long_4, slot, &regime, W_ | U_, 0, &page), AXADDR_WALK_OK);
        CHECK_EQ(walk_and_race(&long_4, slot, &regime, W_ | U_, AXADDR_SET_NOTES, &page),
                 AXADDR_WALK_BUSY);
        CHECK_EQ(gx_get(slot, 8) & 0x60, 0);
        golden_write(&long_4, bare);
        race_until = 50;
        CHECK_EQ(walk_and_race(&long_4, slot, &regime, W_ | U_, AXADDR_SET_NOTES, &page),
                 AXADDR_WALK_OK);
        CHECK(race_calls > race_until);
        CHECK_EQ(page.gpa.raw, PAGE_ | 0xabc);
        CHECK_EQ(gx_get(long_4.slots[0], 8) & 0x1ff, 0x67);
        CHECK_EQ(gx_get(long_4.slots[1], 8) & 0x1ff, 0x27);
        gx_end();
    }
}

/** Rights that are gone when the dirty bit is to be set: what was seen before does not count. */
static void rights_that_change(void) {
    const uint64_t bare[5] = {0x60, 0, 0, 0, 0};
    struct axaddr_x86_guest_regime regime = golden_regime(&long_4, &nothing);
    struct axaddr_guest_page page;
    unsigned denied_count = 0;
    unsigned granted_count = 0;
    unsigned calls;
    unsigned last;
    unsigned i;

    CHECK(gx_begin(false));
    golden_write(&long_4, bare);
    race_until = 0;
    race_at = ~0u;
    CHECK_EQ(walk_and_race(&long_4, long_4.slots[0], &regime, R_, 0, &page), AXADDR_WALK_OK);
    calls = race_calls; /* of a walk that sets nothing, and of one that does */
    CHECK_EQ(walk_and_race(&long_4, long_4.slots[0], &regime, W_, AXADDR_SET_NOTES, &page), 0);
    last = race_calls;
    race_value = PAGE_ | 5;
    for (i = 1; i <= last; i++) {
        race_at = i;
        golden_write(&long_4, bare);
        if (walk_and_race(&long_4, long_4.slots[0], &regime, W_ | U_, AXADDR_SET_NOTES, &page) ==
            AXADDR_WALK_INJECT) {
            denied_count++;
            CHECK_EQ(page.fault.code, 7);
        }
        CHECK_EQ(gx_get(long_4.slots[0], 8), PAGE_ | 5);
    }
    race_value = PAGE_ | 7; /* and a right that it has only then */
    for (i = 1; i <= last; i++) {
        race_at = i;
        golden_write(&long_4, bare);
        gx_put(long_4.slots[0], PAGE_ | 5, 8);
        CHECK_EQ(walk_and_race(&long_4, long_4.slots[0], &regime, R_ | U_, AXADDR_SET_NOTES, &page),
                 AXADDR_WALK_OK);
        if (gx_get(long_4.slots[0], 8) == (PAGE_ | 0x27)) {
            granted_count++;
            CHECK((page.flags & W_) != 0);
        }
    }
    CHECK(granted_count > calls);
    CHECK(denied_count > calls);
    CHECK(denied_count < last); /* after the dirty bit was set it is too late */
    gx_end();
}

/* ---- the space below (axaddr_core/guest_walk.h) ---- */

struct below {
    uint64_t gpa;
    uint32_t access;
    enum axaddr_walk_result result; /* without AXADDR_ON_DEMAND, */
    enum axaddr_fault stage2;
    enum axaddr_walk_result demanded; /* and with it */
};

static const struct below pages[] = {
    {GX_SMALL, RWX_, AXADDR_WALK_OK, 0, AXADDR_WALK_OK},
    {GX_LAZY, W_, AXADDR_WALK_STAGE2, AXADDR_FAULT_RESOLVED, AXADDR_WALK_OK},
    {GX_LAZY_RO, R_, AXADDR_WALK_STAGE2, AXADDR_FAULT_RESOLVED, AXADDR_WALK_OK},
    {GX_LAZY_RO + 0x1000, W_, AXADDR_WALK_STAGE2, AXADDR_FAULT_DENIED, AXADDR_WALK_STAGE2},
    {GX_LAZY_RO + 0x1000, X_, AXADDR_WALK_STAGE2, AXADDR_FAULT_DENIED, AXADDR_WALK_STAGE2},
    {GX_RO, R_ | X_, AXADDR_WALK_OK, 0, AXADDR_WALK_OK},
    {GX_RO, W_, AXADDR_WALK_STAGE2, AXADDR_FAULT_DENIED, AXADDR_WALK_STAGE2},
    {GX_DATA, X_, AXADDR_WALK_STAGE2, AXADDR_FAULT_DENIED, AXADDR_WALK_STAGE2},
    {GX_X_ONLY, X_, AXADDR_WALK_OK, 0, AXADDR_WALK_OK},
    {GX_X_ONLY, R_, AXADDR_WALK_STAGE2, AXADDR_FAULT_DENIED, AXADDR_WALK_STAGE2},
    {GX_TRAP, R_, AXADDR_WALK_STAGE2, AXADDR_FAULT_DEVICE, AXADDR_WALK_STAGE2},
    {GX_HOLE, W_, AXADDR_WALK_STAGE2, AXADDR_FAULT_UNMAPPED, AXADDR_WALK_STAGE2},
    {GX_SPACE, R_, AXADDR_WALK_STAGE2, AXADDR_FAULT_UNMAPPED, AXADDR_WALK_STAGE2},
    {GX_LAST, W_, AXADDR_WALK_OK, 0, AXADDR_WALK_OK},
    {GX_HOLE, 0, AXADDR_WALK_STAGE2, AXADDR_FAULT_UNMAPPED, AXADDR_WALK_STAGE2},
};

static void pages_below(void) {
    struct axaddr_x86_guest_regime regime = golden_regime(&long_4, &nothing);
    const uint64_t none[5] = {0};
    struct axaddr_guest_page page;
    unsigned i;

    for (i = 0; i < 2 * sizeof pages / sizeof pages[0]; i++) {
        const struct below *row = &pages[i / 2];

        CHECK(gx_begin(i % 2 != 0));
        golden_write(&long_4, none);
        gx_put(long_4.slots[0], row->gpa | 0x67, 8);
        CHECK_EQ(walk_to(&long_4, &regime, row->access, 0, &page), row->result);
        CHECK_EQ(page.gpa.raw, row->gpa | 0xabc);
        CHECK_EQ(page.level, 0);
        if (row->result == AXADDR_WALK_STAGE2) {
            CHECK_EQ(page.access, row->access);
            CHECK(!page.is_table);
            CHECK_EQ(page.stage2, row->stage2);
        }
        CHECK_EQ(walk_to(&long_4, &regime, row->access, AXADDR_ON_DEMAND, &page), row->demanded);
        if (row->demanded == AXADDR_WALK_STAGE2) {
            CHECK_EQ(page.stage2, row->stage2);
        } else {
            axaddr_hpa_t hpa;
            CHECK_EQ(GX_CALL(&gx, translate, page.gpa, &hpa), AXADDR_OK);
            CHECK_EQ(page.hpa.raw, hpa.raw);
        }
        gx_end();
    }
}

static const struct below tables[] = {
    {GX_LAZY, 0, AXADDR_WALK_STAGE2, AXADDR_FAULT_RESOLVED, AXADDR_WALK_INJECT},
    {GX_X_ONLY, 0, AXADDR_WALK_STAGE2, AXADDR_FAULT_DENIED, AXADDR_WALK_STAGE2},
    {GX_DEVICE, 0, AXADDR_WALK_STAGE2, AXADDR_FAULT_DENIED, AXADDR_WALK_STAGE2},
    {GX_TRAP, 0, AXADDR_WALK_STAGE2, AXADDR_FAULT_DEVICE, AXADDR_WALK_STAGE2},
    {GX_HOLE, 0, AXADDR_WALK_STAGE2, AXADDR_FAULT_UNMAPPED, AXADDR_WALK_STAGE2},
    {GX_SPACE, 0, AXADDR_WALK_STAGE2, AXADDR_FAULT_UNMAPPED, AXADDR_WALK_STAGE2},
    {GX_LAST, 0, AXADDR_WALK_INJECT, 0, AXADDR_WALK_INJECT},
    {GX_UNCACHED, 0, AXADDR_WALK_INJECT, 0, AXADDR_WALK_INJECT},
};

/** A table of each level in memory of each kind: only an empty one is not present. */
static void tables_below(void) {
    struct axaddr_x86_guest_regime regime = golden_regime(&long_5, &nothing);
    const uint64_t none[5] = {0};
    struct axaddr_guest_page page;
    unsigned level;
    unsigned i;

    for (i = 0; i < sizeof tables / sizeof tables[0]; i++) {
        for (level = 0; level < 5; level++) {
            const struct below *row = &tables[i];
            uint64_t slot = row->gpa | (long_5.slots[level] & 0xfff);

            CHECK(gx_begin(level % 2 != 0));
            golden_write(&long_5, none);
            if (level == 4) {
                regime.cr3 = row->gpa;
            } else {
                gx_put(long_5.slots[level + 1], row->gpa | 0x27, 8);
            }
            CHECK_EQ(walk_to(&long_5, &regime, W_ | U_, 0, &page), row->result);
            CHECK_EQ(page.level, level);
            if (row->result == AXADDR_WALK_STAGE2) {
                CHECK(page.is_table);
                CHECK_EQ(page.gpa.raw, slot);
                CHECK_EQ(page.access, R_);
                CHECK_EQ(page.stage2, row->stage2);
                CHECK_EQ(page.fault.kind, AXADDR_GUEST_FAULT_TABLE);
                CHECK_EQ(page.fault.code, 6);
            }
            CHECK_EQ(walk_to(&long_5, &regime, W_ | U_, AXADDR_ON_DEMAND | AXADDR_SET_NOTES, &page),
                     row->demanded);
            if (row->demanded == AXADDR_WALK_INJECT) {
                CHECK_EQ(page.fault.kind, AXADDR_GUEST_FAULT_ABSENT);
                CHECK_EQ(page.fault.code, 6);
            }
            CHECK_STR(host_error(&gx.host), "");
            regime = golden_regime(&long_5, &nothing);
            gx_end();
        }
    }
}

/** A table that points to itself at each level maps itself; the last entry of memory is one. */
static void tables_in_a_circle(void) {
    struct axaddr_x86_guest_regime regime = golden_regime(&long_5, &nothing);
    uint64_t address = ~UINT64_C(0) - 7;
    struct axaddr_guest_page page;

    CHECK(gx_begin(true));
    regime.cr3 = GX_LAST;
    gx_put(GX_SPACE - 8, GX_LAST | 7, 8);
    CHECK_EQ(gx_walk(&regime, address, W_ | U_, AXADDR_SET_NOTES, &page), AXADDR_WALK_OK);
    CHECK_EQ(page.gpa.raw, GX_SPACE - 8);
    CHECK_EQ(gx_get(GX_SPACE - 8, 8), GX_LAST | 0x67);
    regime = golden_regime(&plain_32, &nothing);
    regime.cr3 = GX_SMALL;
    gx_put(GX_SMALL + 0xffc, GX_SMALL | 7, 4);
    CHECK_EQ(gx_walk(&regime, 0xffffffff, W_ | U_, AXADDR_SET_NOTES, &page), AXADDR_WALK_OK);
    CHECK_EQ(page.gpa.raw, GX_SMALL + 0xfff);
    gx_end();
}

/** The smaller leaf's size and both stages' rights. */
static void sizes_and_flags(void) {
    struct axaddr_x86_guest_regime regime = golden_regime(&long_4, &nothing);
    uint64_t change[5] = {0};
    struct axaddr_guest_page page;

    CHECK(gx_begin(false));
    change[1] = PT_ | 0x80; /* 2 MiB at 0, over 2 MiB */
    golden_write(&long_4, change);
    CHECK_EQ(walk_to(&long_4, &regime, R_, 0, &page), 0);
    CHECK_EQ(page.size, 0x200000);
    CHECK_EQ(page.gpa.raw, 0x189abc);
    gx_put(long_4.slots[1], 0x4000a7, 8); /* over 4 KiB that are read and executed */
    CHECK_EQ(gx_walk(&regime, 0x123456600123, R_, 0, &page), 0);
    CHECK_EQ(page.size, 0x1000);
    CHECK_EQ(page.flags, R_ | X_ | U_);
    CHECK_EQ(gx_walk(&regime, 0x123456610123, R_, 0, &page), 0);
    CHECK_EQ(page.flags, R_ | W_ | U_);
    CHECK_EQ(gx_walk(&regime, 0x123456620123, X_, 0, &page), 0);
    CHECK_EQ(page.flags, X_ | U_);
    gx_put(long_4.slots[1], PT_ | 0x27, 8);
    gx_put(long_4.slots[0], 0x9067, 8); /* 4 KiB over 2 MiB */
    CHECK_EQ(walk_to(&long_4, &regime, R_, 0, &page), 0);
    CHECK_EQ(page.size, 0x1000);
    gx_put(long_4.slots[0], GX_UNCACHED | 0x65, 8); /* its own type, not the space's */
    regime.cr0 |= WP_;
    CHECK_EQ(walk_to(&long_4, &regime, R_, 0, &page), 0);
    CHECK_EQ(page.flags, R_ | U_);
    gx_end();
}

static void without_memory(void) {
    struct axaddr_x86_guest_regime regime = golden_regime(&long_4, &nothing);
    const uint64_t change[5] = {0};
    struct axaddr_guest_page page;

    CHECK(gx_begin(true));
    golden_write(&long_4, change);
    gx_put(long_4.slots[0], GX_LAZY | 0x67, 8);
    host_fail_in(&gx.host, 1, true);
    CHECK_EQ(walk_to(&long_4, &regime, R_, AXADDR_ON_DEMAND, &page), AXADDR_WALK_STAGE2);
    CHECK_EQ(page.stage2, AXADDR_FAULT_NO_MEMORY);
    CHECK(!page.is_table);
    gx_put(long_4.slots[1], GX_LAZY | 0x27, 8);
    CHECK_EQ(walk_to(&long_4, &regime, R_, AXADDR_ON_DEMAND, &page), AXADDR_WALK_STAGE2);
    CHECK_EQ(page.stage2, AXADDR_FAULT_NO_MEMORY);
    CHECK(page.is_table);
    host_fail_in(&gx.host, 0, false);
    CHECK_EQ(walk_to(&long_4, &regime, R_, AXADDR_ON_DEMAND, &page), AXADDR_WALK_INJECT);
    gx_end();
}

/** Where the space's entry of level 0 for an address is. */
static uint64_t *space_slot(uint64_t gpa) {
    uint64_t table = gx_many_root(&gx.many).raw;
    unsigned shift;

    for (shift = 39; shift > 12; shift -= 9) {
        memcpy(&table, host_peek(&gx.host, table) + (gpa >> shift & 511) * 8, 8);
        table &= UINT64_C(0x000ffffffffff000);
    }
    return (uint64_t *)(void *)(host_peek(&gx.host, table) + (gpa >> 12 & 511) * 8);
}

/** What an edit is at work on is busy: the page, and a table. So is a hole that will be no hole. */
static void busy_below(void) {
    static const uint32_t hows[] = {0, AXADDR_ON_DEMAND};
    struct axaddr_x86_guest_regime regime = golden_regime(&long_4, &nothing);
    const uint64_t change[5] = {0};
    struct axaddr_guest_page page;
    uint64_t *slot;
    uint64_t kept;
    unsigned i;

    for (i = 0; i < 2; i++) {
        CHECK(gx_begin(true));
        golden_write(&long_4, change);
        slot = space_slot(PAGE_);
        kept = *slot;
        *slot = axaddr_x86_ept.make_absent(AXADDR_ABSENT_PARKED_LEAF, kept >> 12);
        CHECK_EQ(walk_to(&long_4, &regime, R_, hows[i], &page), AXADDR_WALK_BUSY);
        *slot = kept;
        slot = space_slot(PT_);
        kept = *slot;
        *slot = axaddr_x86_ept.make_absent(AXADDR_ABSENT_PARKED_LEAF, kept >> 12);
        CHECK_EQ(walk_to(&long_4, &regime, R_, hows[i], &page), AXADDR_WALK_BUSY);
        *slot = kept;
        CHECK_EQ(walk_to(&long_4, &regime, R_, hows[i], &page), AXADDR_WALK_OK);
        gx_put(long_4.slots[0], GX_HOLE | 0x67, 8);
        gx.many.core.table.replacing++;
        CHECK_EQ(walk_to(&long_4, &regime, R_, hows[i], &page), AXADDR_WALK_BUSY);
        gx.many.core.table.replacing++;
        CHECK_EQ(walk_to(&long_4, &regime, R_, hows[i], &page), AXADDR_WALK_STAGE2);
        gx_end();
    }
}

/* ---- other spaces and guests ---- */

AXADDR_DEFINE_VM(modal, axaddr_x86_ept_modes, host_hal);
AXADDR_DEFINE_GUEST_WALK(modal_x86, modal, axaddr_x86_guest);

/** A second stage that tells the modes apart does so by the mode of the page (SDM vol. 3C, 29.3.3). */
static void fetches_by_mode(void) {
    static const uint32_t rights[] = {AXADDR_EXECUTE_USER, AXADDR_EXECUTE_KERNEL, AXADDR_EXECUTE};
    struct axaddr_x86_guest_regime regime = golden_regime(&plain_32, &nothing);
    struct axaddr_guest_page page;
    static struct modal space;
    static struct host host;
    unsigned i;

    host_init(&host, 32, HOST_BASE, HOST_SCATTERED);
    CHECK_EQ(modal_init(&space, &host, axaddr_gpa(0), UINT64_C(1) << 32), AXADDR_OK);
    regime.cr3 = 0;
    for (i = 0; i < 4; i++) { /* 0 is a table; 1 to 3: with each of the rights */
        uint64_t frame = host_donate(&host);
        uint32_t flags = R_ | W_ | (i == 0 ? 0 : rights[i - 1]);

        memset(host_peek(&host, frame), 0, 4096);
        if (i == 0) {
            uint32_t entries[8] = {0x007, 0x1007, 0x2007, 0x3007, 0, 0x1003, 0x2003, 0x3003};
            memcpy(host_peek(&host, frame), entries, sizeof entries);
        }
        CHECK_EQ(
            modal_map_linear(&space, axaddr_gpa(i * 0x1000u), axaddr_hpa(frame), 0x1000, flags),
            AXADDR_OK);
    }
    for (i = 1; i < 4; i++) {
        bool may_user = i != 2;
        bool may_kernel = i != 1;

        CHECK_EQ(modal_x86_walk(&space, &regime, axaddr_gva(i << 12), X_ | U_, 0, &page),
                 may_user ? AXADDR_WALK_OK : AXADDR_WALK_STAGE2);
        CHECK(may_user || page.access == AXADDR_EXECUTE_USER);
        CHECK_EQ(modal_x86_walk(&space, &regime, axaddr_gva(i << 12), X_, 0, &page),
                 may_user ? AXADDR_WALK_OK : AXADDR_WALK_STAGE2);
        CHECK_EQ(modal_x86_walk(&space, &regime, axaddr_gva((i + 4) << 12), X_, 0, &page),
                 may_kernel ? AXADDR_WALK_OK : AXADDR_WALK_STAGE2);
        CHECK(may_kernel || page.access == AXADDR_EXECUTE_KERNEL);
        CHECK_EQ(modal_x86_walk(&space, &regime, axaddr_gva((i + 4) << 12), R_, 0, &page), 0);
        CHECK_EQ(page.flags, R_ | W_ | (may_kernel ? X_ : 0));
    }
    regime.cr0 = 1; /* without paging each address is one of user mode */
    CHECK_EQ(modal_x86_walk(&space, &regime, axaddr_gva(0x1000), X_, 0, &page), AXADDR_WALK_OK);
    CHECK_EQ(modal_x86_walk(&space, &regime, axaddr_gva(0x2000), X_, 0, &page), AXADDR_WALK_STAGE2);
    modal_destroy(&space);
    host_destroy(&host);
}

/* A machine whose tables have no end, and one that has no tables. */

struct endless_regime {
    uint64_t root;
};

static unsigned endless_steps;

static inline enum axaddr_guest_step endless_begin(const void *regime,
                                                   struct axaddr_guest_walk *walk) {
    walk->slot = ((const struct endless_regime *)regime)->root;
    walk->entry_shift = 3;
    walk->level = 9;
    return AXADDR_GUEST_TABLE;
}

static inline enum axaddr_guest_step endless_step(const void *regime,
                                                  struct axaddr_guest_walk *walk, uint64_t entry) {
    (void)regime;
    (void)entry;
    endless_steps++;
    walk->slot ^= 8;
    return AXADDR_GUEST_TABLE;
}

static inline void endless_blocked(const void *regime, struct axaddr_guest_walk *walk) {
    (void)regime;
    walk->fault.kind = AXADDR_GUEST_FAULT_TABLE;
    walk->fault.code = 77;
}

static const struct axaddr_guest_format endless = {
    .name = "endless",
    .begin = endless_begin,
    .step = endless_step,
    .blocked = endless_blocked,
};
AXADDR_DEFINE_GUEST_WALK(gx_endless, gx_one, endless);

static void tables_without_end(void) {
    const struct endless_regime regime = {GX_SMALL};
    const struct endless_regime nowhere = {GX_HOLE};
    struct axaddr_guest_page page;

    CHECK(gx_begin(false));
    endless_steps = 0;
    CHECK_EQ(gx_endless_walk(&gx.one, &regime, axaddr_gva(0), R_, 0, &page), AXADDR_WALK_BUSY);
    CHECK_EQ(endless_steps, AXADDR_GUEST_STEPS);
    CHECK_EQ(gx_endless_walk(&gx.one, &nowhere, axaddr_gva(0), R_, 0, &page), AXADDR_WALK_STAGE2);
    CHECK_EQ(page.fault.code, 77);
    gx_end();
}

/** What fuzzers call, on bytes of any kind. */
static void any_bytes(void) {
    struct gx_source from = {SEED + 3, 0, 0};
    static uint8_t bytes[8192];
    unsigned round;
    unsigned i;

    for (round = 0; round < 400; round++) {
        for (i = 0; i < sizeof bytes; i++) {
            bytes[i] = (uint8_t)gx_random(&from);
        }
        guest_x86_fuzz(bytes, gx_random(&from) % sizeof bytes);
    }
    gx_end_inputs();
}

/* ---- all of it ---- */

int main(void) {
    printf("seed 0x%" PRIx64 "\n", SEED);
    CASE(golden_tables);
    CASE(addresses_that_are_none);
    CASE(without_paging);
    CASE(large_pages);
    CASE(pdptes_that_were_loaded);
    CASE(roots_beyond);
    CASE(notes_of_a_walk);
    CASE(notes_that_the_space_denies);
    CASE(entries_that_change);
    CASE(rights_that_change);
    CASE(pages_below);
    CASE(tables_below);
    CASE(tables_in_a_circle);
    CASE(sizes_and_flags);
    CASE(without_memory);
    CASE(busy_below);
    CASE(fetches_by_mode);
    CASE(tables_without_end);
    CASE(random_for_one);
    CASE(random_for_many);
    CASE(random_met_all);
    CASE(junk);
    CASE(any_bytes);
    return check_report("test_guest_walk_x86");
}
