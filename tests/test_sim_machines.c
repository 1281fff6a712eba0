/* SPDX-License-Identifier: MIT
 *
 * test_sim_machines.c: the simulated MMU's view of entries (sim_machines.h): entries and whole walks
 * written out from the manuals, each with what hardware makes of it; and the agreement of every
 * regime with the format of its name, over entries and tables that are made pseudo-randomly.
 */
#include "../axaddr.h"
#include "../axaddr_arch/aarch64_stage1.h"
#include "../axaddr_arch/riscv_stage1.h"
#include "../axaddr_arch/x86_pae.h"
#include "check.h"
#include "host.h"
#include "mmu.h"
#include "sim.h"
#include "toy_format.h"

#define R   SIM_READ
#define RW  (SIM_READ | SIM_WRITE)
#define RX  (SIM_READ | SIM_EXECUTE)
#define RWX (SIM_READ | SIM_WRITE | SIM_EXECUTE)
#define U   SIM_USER

/* ---- single entries ---- */

struct golden {
    unsigned level;
    uint64_t entry;
    enum sim_kind kind;
    uint64_t frame;
    unsigned rights;
    unsigned type;
};

static void decode_goldens(const char *name, const struct golden *goldens, size_t count) {
    const struct sim_regime *regime = sim_regime_of(name);
    size_t i;

    CHECK(regime != 0);
    for (i = 0; i < count; i++) {
        struct sim_entry said = regime->decode(goldens[i].entry, goldens[i].level);
        snprintf(check_context, sizeof(check_context), "%s 0x%" PRIx64 " level %u", name,
                 goldens[i].entry, goldens[i].level);
        CHECK_EQ(said.kind, goldens[i].kind);
        CHECK((said.kind == SIM_BROKEN) == (said.why != 0));
        CHECK_EQ(said.frame, goldens[i].frame);
        if (said.kind == SIM_LEAF || said.kind == SIM_TABLE) {
            CHECK_EQ(said.rights, goldens[i].rights);
            CHECK_EQ(said.type, goldens[i].type);
        }
    }
}

#define GOLDENS(name, goldens) decode_goldens(name, goldens, sizeof(goldens) / sizeof(goldens[0]))

/* SDM vol. 3C, Figure 29-1 and 29.3.3.1. */
static void ept(void) {
    static const struct golden goldens[] = {
        {0, 0x0, SIM_ABSENT, 0, 0, 0},
        {0, 0xfffffffffffffff8, SIM_ABSENT, 0, 0, 0},  /* bits 2:0 clear: not present */
        {0, 0x12345037, SIM_LEAF, 0x12345000, RWX, 6}, /* write-back */
        {0, 0x12345001, SIM_LEAF, 0x12345000, R, 0},   /* uncacheable */
        {0, 0x1234500b, SIM_LEAF, 0x12345000, RW, 1},  /* write-combining */
        {0, 0x12345034, SIM_LEAF, 0x12345000, SIM_EXECUTE, 6},
        {0, 0x12345077, SIM_LEAF, 0x12345000, RWX, 14}, /* "ignore PAT" */
        {0, 0x123450b7, SIM_LEAF, 0x12345000, RWX, 6},  /* bit 7 is ignored at level 0 */
        {0, 0x12345337, SIM_LEAF, 0x12345000, RWX, 6},  /* accessed and dirty */
        {0, 0xfff12345037, SIM_LEAF, 0xfff12345000, RWX, 6},
        {0, 0xfff0000012345037, SIM_LEAF, 0x12345000, RWX, 6}, /* bits 63:52 are ignored */
        {0, 0x12345032, SIM_BROKEN, 0, 0, 0},                  /* W without R */
        {0, 0x12345036, SIM_BROKEN, 0, 0, 0},
        {0, 0x12345017, SIM_BROKEN, 0, 0, 0}, /* types 2, 3 and 7 are reserved */
        {0, 0x1234501f, SIM_BROKEN, 0, 0, 0},
        {0, 0x1234503f, SIM_BROKEN, 0, 0, 0},
        {1, 0x12345007, SIM_TABLE, 0x12345000, RWX, 0},
        {1, 0x12345107, SIM_TABLE, 0x12345000, RWX, 0}, /* accessed */
        {1, 0x12345001, SIM_TABLE, 0x12345000, R, 0},   /* takes W and X from all below */
        {1, 0x1234500f, SIM_BROKEN, 0, 0, 0},           /* bits 6:3 of a table are reserved */
        {1, 0x122000b7, SIM_LEAF, 0x12200000, RWX, 6},
        {1, 0x122010b7, SIM_BROKEN, 0, 0, 0}, /* bits 20:12 of a 2 MiB leaf */
        {2, 0x3c00000b7, SIM_LEAF, 0x3c0000000, RWX, 6},
        {2, 0x3c02000b7, SIM_BROKEN, 0, 0, 0}, /* bits 29:12 of a 1 GiB leaf */
        {3, 0x12345007, SIM_TABLE, 0x12345000, RWX, 0},
        {3, 0x12345087, SIM_BROKEN, 0, 0, 0}, /* bit 7 of a PML4E */
    };
    static const struct golden without_1g[] = {
        {2, 0x3c00000b7, SIM_BROKEN, 0, 0, 0},
        {1, 0x122000b7, SIM_LEAF, 0x12200000, RWX, 6},
    };
    GOLDENS("x86_ept", goldens);
    GOLDENS("x86_ept_2m", without_1g);
}

/* SDM vol. 3A, Figure 4-11 and Table 12-12 (PAT after reset); APM vol. 2, 15.25.5. */
static void x86_64(void) {
    static const struct golden goldens[] = {
        {0, 0xfffffffffffffffe, SIM_ABSENT, 0, 0, 0},
        {0, 0x12345001, SIM_LEAF, 0x12345000, RX, 6},
        {0, 0x12345003, SIM_LEAF, 0x12345000, RWX, 6},
        {0, 0x12345007, SIM_LEAF, 0x12345000, RWX | U, 6},
        {0, 0x8000000012345003, SIM_LEAF, 0x12345000, RW, 6}, /* NX */
        {0, 0x1234500b, SIM_LEAF, 0x12345000, RWX, 4},        /* PWT: write-through */
        {0, 0x12345013, SIM_LEAF, 0x12345000, RWX, 7},        /* PCD: UC- */
        {0, 0x1234501b, SIM_LEAF, 0x12345000, RWX, 0},        /* both: UC */
        {0, 0x12345063, SIM_LEAF, 0x12345000, RWX, 6},        /* accessed, dirty */
        {0, 0x12345103, SIM_LEAF, 0x12345000, RWX, 6},        /* global */
        {1, 0x12345007, SIM_TABLE, 0x12345000, RWX | U, 0},
        {1, 0x12345001, SIM_TABLE, 0x12345000, RX, 0},
        {1, 0x12200083, SIM_LEAF, 0x12200000, RWX, 6},
        {1, 0x12201083, SIM_LEAF, 0x12200000, RWX, 6}, /* bit 12: PAT */
        {1, 0x12202083, SIM_BROKEN, 0, 0, 0},          /* bits 20:13 */
        {2, 0x3c0000083, SIM_LEAF, 0x3c0000000, RWX, 6},
        {2, 0x3c0200083, SIM_BROKEN, 0, 0, 0},
        {3, 0x12345003, SIM_TABLE, 0x12345000, RWX, 0},
        {3, 0x12345083, SIM_BROKEN, 0, 0, 0},
    };
    static const struct golden nested[] = {
        {0, 0x12345007, SIM_LEAF, 0x12345000, RWX, 6},
        {0, 0x12345003, SIM_LEAF, 0x12345000, 0, 6}, /* not for user mode: for no guest */
        {1, 0x12345003, SIM_TABLE, 0x12345000, 0, 0},
        {3, 0x12345007, SIM_TABLE, 0x12345000, RWX, 0},
        {3, 0x12345107, SIM_BROKEN, 0, 0, 0},
        {2, 0x3c0000087, SIM_LEAF, 0x3c0000000, RWX, 6},
    };
    static const struct golden without_1g[] = {{2, 0x3c0000087, SIM_BROKEN, 0, 0, 0}};
    GOLDENS("x86_64", goldens);
    GOLDENS("x86_npt", nested);
    GOLDENS("x86_64_2m", without_1g);
    GOLDENS("x86_npt_2m", without_1g);
}

/* SDM vol. 3C, 29.3.2 (bit 10, with mode-based execute control) and 25.5.7.1 (bit 63). */
static void ept_options(void) {
    static const struct golden modes[] = {
        {0, 0x12345437, SIM_LEAF, 0x12345000, RWX | U, 6},
        {0, 0x12345037, SIM_LEAF, 0x12345000, RWX, 6},    /* supervisor mode only */
        {0, 0x12345433, SIM_LEAF, 0x12345000, RW | U, 6}, /* user mode only */
        {0, 0x12345430, SIM_LEAF, 0x12345000, U, 6},
        {0, 0x12345432, SIM_BROKEN, 0, 0, 0}, /* W without R */
        {0, 0xfffffffffffffbf8, SIM_ABSENT, 0, 0, 0},
        {1, 0x12345407, SIM_TABLE, 0x12345000, RWX | U, 0},
        {1, 0x12345400, SIM_TABLE, 0x12345000, U, 0},
        {3, 0x12345487, SIM_BROKEN, 0, 0, 0},
    };
    static const struct golden suppress_ve[] = {
        {0, 0x8000000012345037, SIM_LEAF, 0x12345000, RWX, 6},
        {0, 0x12345037, SIM_BROKEN, 0, 0, 0},
        {0, 0, SIM_BROKEN, 0, 0, 0},
        {3, UINT64_C(1) << 63, SIM_ABSENT, 0, 0, 0},
        {1, 0x12345007, SIM_TABLE, 0x12345000, RWX, 0}, /* ignored there */
    };
    static const struct golden five[] = {
        {4, 0x12345007, SIM_TABLE, 0x12345000, RWX, 0},
        {4, 0x12345087, SIM_BROKEN, 0, 0, 0},
    };

    GOLDENS("x86_ept_modes", modes);
    GOLDENS("x86_ept_suppress_ve", suppress_ve);
    GOLDENS("x86_ept_5", five);
}

/* APM vol. 2, 7.10; SDM vol. 3A, Tables 4-8 to 4-11. */
static void x86_64_kin(void) {
    static const struct golden la57[] = {
        {4, 0x12345007, SIM_TABLE, 0x12345000, RWX | U, 0},
        {4, 0x12345087, SIM_BROKEN, 0, 0, 0}, /* bit 7 of a PML5E */
        {3, 0x12345087, SIM_BROKEN, 0, 0, 0},
    };
    static const struct golden c47[] = {
        {0, 0x800012345007, SIM_LEAF, 0x12345000, RWX | U, 6},
        {0, 0x12345007, SIM_BROKEN, 0, 0, 0},
        {0, 0x1234501f, SIM_LEAF, 0x12345000, RWX | U, 0}, /* registers */
        {0, 0x80001234501f, SIM_BROKEN, 0, 0, 0},
        {0, 0x1800012345007, SIM_BROKEN, 0, 0, 0}, /* bit 48 */
        {1, 0x800012345007, SIM_TABLE, 0x12345000, RWX | U, 0},
        {1, 0x12345007, SIM_BROKEN, 0, 0, 0},
        {0, 0x12345006, SIM_ABSENT, 0, 0, 0},
    };
    static const struct golden pae[] = {
        {2, 0x12345001, SIM_TABLE, 0x12345000, RWX | U, 0},
        {2, 0x12345e19, SIM_TABLE, 0x12345000, RWX | U, 0}, /* ignored, PCD and PWT */
        {2, 0x12345007, SIM_BROKEN, 0, 0, 0},               /* no rights there */
        {2, 0x12345021, SIM_BROKEN, 0, 0, 0},
        {2, 0x12345101, SIM_BROKEN, 0, 0, 0},
        {2, 0x8000000012345001, SIM_BROKEN, 0, 0, 0},
        {2, 0xfffffffffffffffe, SIM_ABSENT, 0, 0, 0},
        {1, 0x12345007, SIM_TABLE, 0x12345000, RWX | U, 0},
        {1, 0x12200083, SIM_LEAF, 0x12200000, RWX, 6},
        {1, 0x12202083, SIM_BROKEN, 0, 0, 0},
        {0, 0x8000000012345003, SIM_LEAF, 0x12345000, RW, 6},
        {0, 0x4000000012345003, SIM_BROKEN, 0, 0, 0}, /* no protection key */
        {0, 0x0010000012345003, SIM_BROKEN, 0, 0, 0},
    };

    GOLDENS("x86_64_la57", la57);
    GOLDENS("x86_64_c47", c47);
    GOLDENS("x86_pae", pae);
}

/* DDI 0487, D8.3 and Tables D8-76 to D8-78; types: MemAttr, and for Normal memory SH above it. */
static void stage2(void) {
    static const struct golden goldens[] = {
        {0, 0xfffffffffffffffe, SIM_ABSENT, 0, 0, 0},
        {0, 0x123457ff, SIM_LEAF, 0x12345000, RWX, 0x3f},
        {0, 0x1234577f, SIM_LEAF, 0x12345000, RX, 0x3f},
        {0, 0x123457bf, SIM_LEAF, 0x12345000, SIM_WRITE | SIM_EXECUTE, 0x3f},
        {0, 0x00400000123457ff, SIM_LEAF, 0x12345000, RW, 0x3f}, /* XN = 0b10 */
        {0, 0x123454c7, SIM_LEAF, 0x12345000, RWX, 0x01},        /* Device-nGnRE */
        {0, 0x123454c3, SIM_LEAF, 0x12345000, RWX, 0x00},        /* Device-nGnRnE */
        {0, 0x123457c7, SIM_LEAF, 0x12345000, RWX, 0x01},        /* SH means nothing there */
        {0, 0x123457d7, SIM_LEAF, 0x12345000, RWX, 0x35},        /* Normal non-cacheable */
        {0, 0x123456ff, SIM_LEAF, 0x12345000, RWX, 0x2f},        /* outer shareable */
        {0, 0xfff1123457ff, SIM_LEAF, 0xfff112345000, RWX, 0x3f},
        {0, 0x00200000123457ff, SIM_BROKEN, 0, 0, 0}, /* XN[0] */
        {0, 0x123457d3, SIM_BROKEN, 0, 0, 0},         /* MemAttr 0b0100 is reserved */
        {0, 0x123455ff, SIM_BROKEN, 0, 0, 0},         /* SH 0b01 is reserved */
        {0, 0x12345fff, SIM_BROKEN, 0, 0, 0},         /* bit 11 */
        {0, 0x00010000123457ff, SIM_BROKEN, 0, 0, 0}, /* bits 50:48 */
        {0, 0x00080000123457ff, SIM_BROKEN, 0, 0, 0}, /* bit 51 */
        {0, 0x80000000123457ff, SIM_BROKEN, 0, 0, 0}, /* bit 63 */
        {0, 0x123457fd, SIM_BROKEN, 0, 0, 0},         /* a block at level 3 */
        {1, 0x12345003, SIM_TABLE, 0x12345000, SIM_RIGHTS, 0},
        {1, 0x07f8000012345fff, SIM_TABLE, 0x12345000, SIM_RIGHTS, 0}, /* ignored bits */
        {1, 0x8000000012345003, SIM_BROKEN, 0, 0, 0},                  /* bits 63:59 */
        {1, 0x122007fd, SIM_LEAF, 0x12200000, RWX, 0x3f},
        {1, 0x122017fd, SIM_BROKEN, 0, 0, 0}, /* bits 20:12 */
        {2, 0x3c00007fd, SIM_LEAF, 0x3c0000000, RWX, 0x3f},
        {3, 0x12345003, SIM_TABLE, 0x12345000, SIM_RIGHTS, 0},
        {3, 0x8000007fd, SIM_BROKEN, 0, 0, 0}, /* a block at level 0 */
    };
    struct sim_entry said = sim_decode_stage2(0x00100000123457ff, 0);

    GOLDENS("aarch64_stage2_40", goldens);
    GOLDENS("aarch64_stage2_48", goldens);
    CHECK(said.is_run); /* contiguous: number 5 of the run that begins at 0x12340000 */
    CHECK_EQ(said.frame, 0x12340000);
    CHECK_EQ(said.part, 5);
    said = sim_decode_stage2(0x00100000122007fd, 1);
    CHECK(said.is_run);
    CHECK_EQ(said.frame, 0x12000000);
    CHECK_EQ(said.part, 1);
}

/* Privileged Architecture: "Sv39", "Svpbmt", "Svnapot", "Two-Stage Address Translation". */
static void gstage(void) {
    static const struct golden goldens[] = {
        {0, 0xfffffffffffffffe, SIM_ABSENT, 0, 0, 0},
        {0, 0x48d14df, SIM_LEAF, 0x12345000, RWX, 0},
        {0, 0x48d14d3, SIM_LEAF, 0x12345000, R, 0},
        {0, 0x48d14d7, SIM_LEAF, 0x12345000, RW, 0},
        {0, 0x48d14d9, SIM_LEAF, 0x12345000, SIM_EXECUTE, 0},
        {0, 0x48d17df, SIM_LEAF, 0x12345000, RWX, 0},              /* RSW */
        {0, 0x3ffffffffffcdf, SIM_LEAF, 0xfffffffffff000, RWX, 0}, /* 56 bits */
        {0, 0x48d14d5, SIM_BROKEN, 0, 0, 0},                       /* W without R */
        {0, 0x48d14cf, SIM_BROKEN, 0, 0, 0},                       /* U clear */
        {0, 0x48d14ff, SIM_BROKEN, 0, 0, 0},                       /* G */
        {0, 0x48d1401, SIM_BROKEN, 0, 0, 0},                       /* a pointer at level 0 */
        {0, 0x400000048d14df, SIM_BROKEN, 0, 0, 0},                /* bit 54 */
        {0, 0x1000000048d14df, SIM_BROKEN, 0, 0, 0},
        {0, 0x80000000048d14df, SIM_BROKEN, 0, 0, 0}, /* N with ppn[3:0] = 5 */
        {1, 0x48d1401, SIM_TABLE, 0x12345000, SIM_RIGHTS, 0},
        {1, 0x48d1411, SIM_BROKEN, 0, 0, 0}, /* U, A and D of a pointer */
        {1, 0x48d1441, SIM_BROKEN, 0, 0, 0},
        {1, 0x48d1481, SIM_BROKEN, 0, 0, 0},
        {1, 0x48800df, SIM_LEAF, 0x12200000, RWX, 0},
        {1, 0x48804df, SIM_BROKEN, 0, 0, 0}, /* misaligned */
        {2, 0xf00000df, SIM_LEAF, 0x3c0000000, RWX, 0},
        {2, 0xf00800df, SIM_BROKEN, 0, 0, 0},
        {1, 0x80000000048820df, SIM_BROKEN, 0, 0, 0}, /* N above level 0 */
    };
    static const struct golden pma[] = {{0, 0x20000000048d14df, SIM_BROKEN, 0, 0, 0}};
    static const struct golden plain[] = {{0, 0x80000000048d20df, SIM_BROKEN, 0, 0, 0}};
    static const struct golden pbmt[] = {
        {0, 0x20000000048d14df, SIM_LEAF, 0x12345000, RWX, 1}, /* NC */
        {0, 0x40000000048d14df, SIM_LEAF, 0x12345000, RWX, 2}, /* IO */
        {0, 0x60000000048d14df, SIM_BROKEN, 0, 0, 0},
        {1, 0x20000000048d1401, SIM_BROKEN, 0, 0, 0},
    };
    struct sim_entry said = sim_decode_napot(0x80000000048d20df, 0);

    GOLDENS("riscv_sv39x4", goldens);
    GOLDENS("riscv_sv48x4_svpbmt", goldens);
    GOLDENS("riscv_sv39x4_svnapot", goldens);
    GOLDENS("riscv_sv48x4", pma);
    GOLDENS("riscv_sv48x4", plain);
    GOLDENS("riscv_sv39x4_svpbmt", plain);
    GOLDENS("riscv_sv48x4_svnapot", pbmt);
    GOLDENS("riscv_sv39x4_svpbmt", pbmt);
    CHECK(said.is_run); /* ppn[3:0] = 8: the 64 KiB at 0x12340000 */
    CHECK_EQ(said.frame, 0x12340000);
    CHECK_EQ(said.part, SIM_ANY_PART);
}

/* "Sv39": U is a right, G changes nothing that is found, a pointer has neither. */
static void riscv_stage1(void) {
    static const struct golden goldens[] = {
        {0, 0xfffffffffffffffe, SIM_ABSENT, 0, 0, 0},
        {0, 0x48d14cf, SIM_LEAF, 0x12345000, RWX, 0},
        {0, 0x48d14df, SIM_LEAF, 0x12345000, RWX | U, 0},
        {0, 0x48d14ef, SIM_LEAF, 0x12345000, RWX, 0},
        {0, 0x48d14d9, SIM_LEAF, 0x12345000, SIM_EXECUTE | U, 0},
        {0, 0x48d14c5, SIM_BROKEN, 0, 0, 0}, /* W without R */
        {0, 0x48d1401, SIM_BROKEN, 0, 0, 0}, /* a pointer at level 0 */
        {0, 0x400000048d14cf, SIM_BROKEN, 0, 0, 0},
        {1, 0x48d1401, SIM_TABLE, 0x12345000, SIM_RIGHTS, 0},
        {1, 0x48d1411, SIM_BROKEN, 0, 0, 0}, /* U, G, A and D of a pointer */
        {1, 0x48d1421, SIM_BROKEN, 0, 0, 0},
        {1, 0x48d1441, SIM_BROKEN, 0, 0, 0},
        {1, 0x48d1481, SIM_BROKEN, 0, 0, 0},
        {1, 0x48800cf, SIM_LEAF, 0x12200000, RWX, 0},
        {1, 0x48804cf, SIM_BROKEN, 0, 0, 0}, /* misaligned */
    };
    static const struct golden pma[] = {{0, 0x20000000048d14cf, SIM_BROKEN, 0, 0, 0}};
    static const struct golden pbmt[] = {{0, 0x20000000048d14cf, SIM_LEAF, 0x12345000, RWX, 1},
                                         {0, 0x60000000048d14cf, SIM_BROKEN, 0, 0, 0},
                                         {0, 0x80000000048d14cf, SIM_BROKEN, 0, 0, 0}};
    struct sim_entry said = sim_decode_riscv_napot(0x80000000048d20d3, 0);

    GOLDENS("riscv_sv39", goldens);
    GOLDENS("riscv_sv48_svpbmt", goldens);
    GOLDENS("riscv_sv57_svnapot", goldens);
    GOLDENS("riscv_sv57", pma);
    GOLDENS("riscv_sv39_svpbmt", pbmt);
    GOLDENS("riscv_sv48_svnapot", pbmt);
    CHECK(said.is_run);
    CHECK_EQ(said.frame, 0x12340000);
    CHECK_EQ(said.rights, R | U);
}

/* "Sv32"; "Guest Physical Address Translation". */
static void riscv_32(void) {
    static const struct golden goldens[] = {
        {0, 0xfffffffe, SIM_ABSENT, 0, 0, 0},
        {0, 0x48d14cf, SIM_LEAF, 0x12345000, RWX, 0},
        {0, 0x48d14d7, SIM_LEAF, 0x12345000, RW | U, 0},
        {0, 0xfffffce9, SIM_LEAF, 0x3fffff000, SIM_EXECUTE, 0}, /* G */
        {0, 0x48d14c5, SIM_BROKEN, 0, 0, 0},                    /* W without R */
        {0, 0x48d1401, SIM_BROKEN, 0, 0, 0},                    /* a pointer at level 0 */
        {1, 0xfffffc01, SIM_TABLE, 0x3fffff000, SIM_RIGHTS, 0},
        {1, 0x48d1411, SIM_BROKEN, 0, 0, 0}, /* U, G, A and D of a pointer */
        {1, 0x48d1421, SIM_BROKEN, 0, 0, 0},
        {1, 0x48d1441, SIM_BROKEN, 0, 0, 0},
        {1, 0x48d1481, SIM_BROKEN, 0, 0, 0},
        {1, 0x49000cf, SIM_LEAF, 0x12400000, RWX, 0},
        {1, 0x49004cf, SIM_BROKEN, 0, 0, 0}, /* misaligned: bit 12, bit 21 */
        {1, 0x49800cf, SIM_BROKEN, 0, 0, 0},
    };
    static const struct golden gstage[] = {
        {0, 0xfffffcdf, SIM_LEAF, 0x3fffff000, RWX, 0},
        {0, 0x48d14cf, SIM_BROKEN, 0, 0, 0}, /* U clear */
        {0, 0x48d14ff, SIM_BROKEN, 0, 0, 0}, /* G */
        {1, 0x49000d3, SIM_LEAF, 0x12400000, R, 0},
        {1, 0xfffffc01, SIM_TABLE, 0x3fffff000, SIM_RIGHTS, 0},
    };
    GOLDENS("riscv_sv32", goldens);
    GOLDENS("riscv_sv32x4", gstage);
}

/* DDI 0487, Table D8-77 (XN with FEAT_XNX) and D8.6 (MemAttr with HCR_EL2.FWB). */
static void stage2_variants(void) {
    static const struct golden xnx[] = {
        {0, 0x123457ff, SIM_LEAF, 0x12345000, RWX, 0x3f},
        {0, 0x00200000123457ff, SIM_LEAF, 0x12345000, RW, 0x3f}, /* EL0 alone may fetch */
        {0, 0x00400000123457ff, SIM_LEAF, 0x12345000, RW, 0x3f},
        {0, 0x00600000123457ff, SIM_LEAF, 0x12345000, RW, 0x3f}, /* EL1 alone */
        {1, 0x00600000122007fd, SIM_LEAF, 0x12200000, RW, 0x3f},
        {1, 0x12345003, SIM_TABLE, 0x12345000, SIM_RIGHTS, 0},
    };
    static const struct golden fwb[] = {
        {0, 0x123457db, SIM_LEAF, 0x12345000, RWX, 0x3f}, /* write-back, forced */
        {0, 0x123457d7, SIM_LEAF, 0x12345000, RWX, 0x35},
        {0, 0x123454c7, SIM_LEAF, 0x12345000, RWX, 0x01},
        {0, 0x123457df, SIM_BROKEN, 0, 0, 0}, /* the guest's choice */
        {0, 0x123457ff, SIM_BROKEN, 0, 0, 0}, /* MemAttr[3] is reserved */
        {0, 0x123457d3, SIM_BROKEN, 0, 0, 0},
        {1, 0x07f8000012345fff, SIM_TABLE, 0x12345000, SIM_RIGHTS, 0},
    };
    static const struct golden without_xnx[] = {{0, 0x00200000123457db, SIM_BROKEN, 0, 0, 0}};

    GOLDENS("aarch64_stage2_40_xnx", xnx);
    GOLDENS("aarch64_stage2_48_fwb", fwb);
    GOLDENS("aarch64_stage2_40_xnx_fwb", fwb);
    GOLDENS("aarch64_stage2_40_fwb", without_xnx);
}

/* DDI 0487, D8.3.1 and D8.4.1; types: MAIR's byte, and for Normal memory SH above it. */
static void stage1(void) {
    static const struct golden el1[] = {
        {0, 0xfffffffffffffffe, SIM_ABSENT, 0, 0, 0},
        {0, 0x0060000012345f83, SIM_LEAF, 0x12345000, R, 0x3ff},
        {0, 0x0040000012345f03, SIM_LEAF, 0x12345000, RWX, 0x3ff},
        {0, 0x0020000012345f43, SIM_LEAF, 0x12345000, RWX | U, 0x3ff},
        {0, 0x0060000012345743, SIM_LEAF, 0x12345000, RW | U, 0x3ff}, /* global */
        {0, 0x0060000012345c07, SIM_LEAF, 0x12345000, RW, 0x04},
        {0, 0x0060000012345f0b, SIM_LEAF, 0x12345000, RW, 0x344},
        {0, 0x0000000012345f03, SIM_BROKEN, 0, 0, 0}, /* EL0 could fetch */
        {0, 0x0000000012345f43, SIM_BROKEN, 0, 0, 0}, /* EL1 could */
        {0, 0x0060000012345f0f, SIM_BROKEN, 0, 0, 0}, /* attribute 3 */
        {0, 0x0060000012345f23, SIM_BROKEN, 0, 0, 0}, /* NS */
        {0, 0x0060000012345d03, SIM_BROKEN, 0, 0, 0}, /* SH 0b01 */
        {0, 0x0060000012345f01, SIM_BROKEN, 0, 0, 0}, /* a block at level 3 */
        {1, 0x0060000012200f01, SIM_LEAF, 0x12200000, RW, 0x3ff},
        {1, 0x0060000012201f01, SIM_BROKEN, 0, 0, 0},
        {2, 0x00600003c0000f01, SIM_LEAF, 0x3c0000000, RW, 0x3ff},
        {1, 0x12345003, SIM_TABLE, 0x12345000, SIM_RIGHTS, 0},
        {1, 0x0800000012345003, SIM_BROKEN, 0, 0, 0}, /* PXNTable */
    };
    static const struct golden el2[] = {
        {0, 0x00400000123457c3, SIM_LEAF, 0x12345000, R, 0x3ff},
        {0, 0x0000000012345743, SIM_LEAF, 0x12345000, RWX, 0x3ff},
        {0, 0x0000000012345703, SIM_BROKEN, 0, 0, 0}, /* AP[1] clear */
        {0, 0x0000000012345f43, SIM_BROKEN, 0, 0, 0}, /* nG */
        {0, 0x0020000012345743, SIM_BROKEN, 0, 0, 0}, /* bit 53 */
    };
    struct sim_entry said = sim_decode_el1(0x0070000012345f03, 0);

    GOLDENS("aarch64_el1", el1);
    GOLDENS("aarch64_el2", el2);
    CHECK(said.is_run);
    CHECK_EQ(said.frame, 0x12340000);
    CHECK_EQ(said.part, 5);
}

/** The drawings on top of toy_format.h. */
static void toys(void) {
    static const struct golden three[] = {
        {0, 0x8000000000000001, SIM_ABSENT, 0, 0, 0},
        {0, 0x0000000000000002, SIM_ABSENT, 0, 0, 0}, /* the code of another level */
        {0, 0x79874a0000000021, SIM_LEAF, 0x1000, RW, 0},
        {0, 0x59874a0000000021, SIM_LEAF, 0x1000, RW, 16},
        {0, 0x79874a000000002d, SIM_LEAF, 0x1000, RW, 0}, /* accessed, dirty */
        {0, 0x79874a0000000031, SIM_BROKEN, 0, 0, 0},
        {0, 0x79874c0000000021, SIM_BROKEN, 0, 0, 0},      /* another signature */
        {1, 0x4f874a0000000202, SIM_LEAF, 0x10000, RW, 0}, /* turned by 3 */
        {1, 0x4f874a0000000222, SIM_BROKEN, 0, 0, 0},
        {1, 0x01874a0000000021, SIM_TABLE, 0x1000, SIM_RIGHTS, 0},
        {2, 0x01874a0000000023, SIM_TABLE, 0x1000, SIM_RIGHTS, 0},
        {2, 0x01874a0000000022, SIM_ABSENT, 0, 0, 0},
    };
    static const struct golden two[] = {
        {0, 0xfffffffe, SIM_ABSENT, 0, 0, 0},
        {0, 0x1200000d, SIM_LEAF, 0x12000000, RW, 0},
        {0, 0x1200014d, SIM_LEAF, 0x12000000, RW, 16},
        {1, 0x1200008d, SIM_LEAF, 0x12000000, RW, 32},
        {1, 0x1200100d, SIM_BROKEN, 0, 0, 0},
        {0, 0x1200020d, SIM_BROKEN, 0, 0, 0},
        {1, 0x12001003, SIM_TABLE, 0x12001000, SIM_RIGHTS, 0},
        {0, 0x12001003, SIM_BROKEN, 0, 0, 0},
    };
    GOLDENS("toy", three);
    GOLDENS("toy32", two);
}

/* ---- whole walks ---- */

static struct host host;
static struct sim sim;
static struct sim_tlb tlb;
static uint64_t root;

static void end(void) {
    if (host.memory != 0) {
        sim_destroy(&sim);
        sim_tlb_destroy(&tlb);
        host_destroy(&host);
    }
}

/** A machine whose root is at `base`, the other frames being the next ones. */
static void begin(const char *name, uint64_t base) {
    const struct sim_regime *regime = sim_regime_of(name);
    axaddr_hpa_t block = axaddr_hpa(0);
    uint32_t i;

    end();
    host_init(&host, 64, base, HOST_STACK);
    for (i = 0; i < host.frame_count; i += 1u << regime->root_order) {
        if (!host_hal.alloc_block(&host, regime->root_order, &block)) {
            break;
        }
    }
    for (i = 0; i < host.frame_count; i++) {
        memset(host_bytes(&host, i), strcmp(name, "toy") == 0 ? 0xff : 0, HOST_FRAME_SIZE);
    }
    root = base;
    sim_tlb_init(&tlb, &host);
    sim_init(&sim, &tlb, &host, name, root, 0);
    host_begin(&host);
}

static void put(uint64_t at, uint64_t entry) {
    memcpy(host_peek(&host, at) + at % HOST_FRAME_SIZE, &entry, sizeof(entry));
}

static void walks_to(uint64_t address, uint64_t output, unsigned rights, unsigned shift) {
    struct sim_translation said = sim_look(&sim, address, SIM_NOW);
    const struct sim_record *held;

    CHECK(said.is_mapped);
    CHECK_EQ(said.output, output);
    CHECK_EQ(said.rights, rights);
    CHECK_EQ(said.shift, shift);
    sim_access(&sim, 2, address, false);
    held = sim_hit(&sim, 4, address);
    CHECK(held != 0);
    CHECK_EQ(held->frame + (address - held->first) - address % HOST_FRAME_SIZE, output);
    CHECK_EQ(held->rights, rights);
    CHECK_EQ(held->shift, shift);
    sim_access(&sim, 0, address, false); /* which takes no hints */
    held = sim_hit(&sim, 1, address);
    CHECK(held != 0);
    CHECK_EQ(held->frame + (address - held->first) - address % HOST_FRAME_SIZE, output);
    CHECK_EQ(held->leaf_shift, shift);
    CHECK_STR(host_error(&host), "");
}

/** Indices 1, 2, 3 and 4 of EPT's four levels; rights are those of all entries on the way. */
static void walk_ept(void) {
    begin("x86_ept", 0x40000000);
    put(0x40000008, 0x40001007);
    put(0x40001010, 0x40002007);
    put(0x40002018, 0x40003003); /* takes X away */
    put(0x40003020, 0x765432037);
    put(0x40001018, 0x3c00000b7);
    walks_to(0x8080604abc, 0x765432000, RW, 12);
    walks_to(0x80c5604abc, 0x3c5604000, RWX, 30);
    CHECK(!sim_look(&sim, 0x8080605000, SIM_NOW).is_mapped);
    CHECK(!sim_look(&sim, 0x0080604000, SIM_NOW).is_mapped);
}

static void walk_x86_64(void) {
    begin("x86_64", 0x40000000);
    put(0x40000ff8, 0x40001007); /* the last entry: addresses from 0xffffff8000000000 on */
    put(0x40001010, 0x40002007);
    put(0x40002018, 0x40003003); /* takes U away */
    put(0x40003020, 0x8000000765432007);
    walks_to(0xff8080604000, 0x765432000, RW, 12);
}

/** Indices 1, 2, 3, 4 and 5 of five levels, and PAE's 3, 4 and 5. */
static void walk_x86_kin(void) {
    static const char *const five[] = {"x86_64_la57", "x86_ept_5", "x86_npt_la57"};
    unsigned i;

    for (i = 0; i < 3; i++) {
        begin(five[i], 0x40000000);
        put(0x40000008, 0x40001007);
        put(0x40001010, 0x40002007);
        put(0x40002018, 0x40003007);
        put(0x40003020, 0x40004007);
        put(0x40004028, 0x8000000765432037 & (i == 1 ? 0x765432037 : ~UINT64_C(0x37) | 7));
        walks_to(0x10100c0805000, 0x765432000, i == 0 ? RW | U : i == 1 ? RWX : RW, 12);
        CHECK(!sim_look(&sim, 0x20100c0805000, SIM_NOW).is_mapped);
    }
    begin("x86_pae", 0x40000000);
    put(0x40000018, 0x40001001);
    put(0x40001020, 0x40002007);
    put(0x40002028, 0x8000000765432003);
    walks_to(0xc0805000, 0x765432000, RW, 12);
    CHECK(!sim_look(&sim, 0x80805000, SIM_NOW).is_mapped);
}

/** A root of two concatenated tables: bit 39 selects between them. */
static void walk_stage2(void) {
    begin("aarch64_stage2_40", 0x40000000);
    put(0x40001010, 0x40002003); /* index 514: 0x8080000000 */
    put(0x40002018, 0x40003003);
    put(0x40003020, 0x7654327bf);
    put(0x40000010, 0x3c00007fd);
    walks_to(0x8080604000, 0x765432000, SIM_WRITE | SIM_EXECUTE, 12);
    walks_to(0x0080604000, 0x3c0604000, RWX, 30);
    begin("aarch64_stage2_48", 0x40000000);
    put(0x40000008, 0x40001003);
    put(0x40001010, 0x40002003);
    put(0x40002018, 0x122007fd);
    walks_to(0x8080604000, 0x12204000, RWX, 21);
}

/** Roots of four tables at level 1 (the manual's 2), of eight at level 2, and of 32 entries. */
static void walk_stage2_widths(void) {
    begin("aarch64_stage2_32", 0x40000000);
    put(0x40003018, 0x40004003); /* index 1539: 0xc0600000 */
    put(0x40004020, 0x7654327bf);
    put(0x40000010, 0x122007fd);
    walks_to(0xc0604000, 0x765432000, SIM_WRITE | SIM_EXECUTE, 12);
    walks_to(0x00404000, 0x12204000, RWX, 21);
    begin("aarch64_stage2_42", 0x40000000);
    put(0x40007ff8, 0x3c00007fd); /* index 4095 */
    walks_to(0x3ffc0604000, 0x3c0604000, RWX, 30);
    begin("aarch64_stage2_44", 0x40000000);
    put(0x400000f8, 0x40001003); /* index 31 */
    put(0x40001010, 0x3c00007fd);
    walks_to(0xf8080604000, 0x3c0604000, RWX, 30);
}

/** A root of 16 KiB: 11 index bits. */
static void walk_gstage(void) {
    begin("riscv_sv39x4", 0x40000000);
    put(0x40003010, 0x10001001);  /* index 1538: 0x18080000000, at 0x40004000 */
    put(0x40004018, 0x10001401);  /* index 3, at 0x40005000 */
    put(0x40005020, 0x1d950c8df); /* index 4 */
    walks_to(0x18080604000, 0x765432000, RWX, 12);
    begin("riscv_sv48x4", 0x40000000);
    put(0x40003010, 0xd0);                                         /* not valid */
    put(0x40002008, 0x100000df | UINT64_C(0x8000000) << 10 >> 10); /* misaligned */
    put(0x40000008, 0x20000000df);                                 /* 512 GiB at 0x8000000000 */
    walks_to(0x8080604000, 0x8080604000, RWX, 39);
    CHECK(!sim_look(&sim, 0x3010 / 8 * (UINT64_C(1) << 39), SIM_NOW).is_mapped);
}

/** Five levels: index 1026 of the root, and a leaf of 256 TiB. */
static void walk_sv57x4(void) {
    begin("riscv_sv57x4", 0x40000000);
    put(0x40002010, 0x10001001);  /* at 0x40004000 */
    put(0x40004008, 0x10001401);  /* index 1, at 0x40005000 */
    put(0x40005010, 0x10001801);  /* index 2, at 0x40006000 */
    put(0x40006018, 0x10001c01);  /* index 3, at 0x40007000 */
    put(0x40007020, 0x1d950c8df); /* index 4 */
    put(0x40003ff8, 0x3fc000000000d7);
    walks_to(0x402008080604000, 0x765432000, RWX, 12);
    walks_to(0x7ff123456789000, 0xff123456789000, RW, 48);
}

/** The last index of the root: addresses from 0xffffffffc0000000 on, cut to 39 bits. */
static void walk_sv39(void) {
    begin("riscv_sv39", 0x40000000);
    put(0x40000ff8, 0x10000401);  /* at 0x40001000 */
    put(0x40001018, 0x10000801);  /* index 3, at 0x40002000 */
    put(0x40002020, 0x1d950c8d7); /* index 4 */
    walks_to(0x7fc0604000, 0x765432000, RW | U, 12);
}

/** Ten bits a level, of the second root twelve: index 3 of 1024, 3586 of 4096. */
static void walk_sv32(void) {
    begin("riscv_sv32", 0x40000000);
    put(0x4000000c, 0x10000401);         /* at 0x40001000 */
    put(0x40001010, 0xd950c8d7);         /* index 4 */
    put(0x40000ff8, 0xfff000cf00000000); /* the last entry */
    walks_to(0xc04000, 0x365432000, RW | U, 12);
    walks_to(0xffffe000, 0x3ffffe000, RWX, 22);
    begin("riscv_sv32x4", 0x40000000);
    put(0x40003808, 0x10001001); /* at 0x40004000 */
    put(0x40004010, 0xd950c8d7);
    walks_to(0x380804000, 0x365432000, RW, 12);
}

/** Of a run every page is found by its own entry, and all of it is held. */
static void walk_runs(void) {
    uint64_t i;

    begin("riscv_sv39x4_svnapot", 0x40000000);
    put(0x40000000, 0x10001001);
    put(0x40004000, 0x10001401);
    for (i = 16; i < 32; i++) {
        put(0x40005000 + 8 * i, 0x80000000048d20df);
    }
    walks_to(0x1b000, 0x1234b000, RWX, 16);
    CHECK(sim_hit(&sim, 4, 0x10000) != 0);
    CHECK(sim_hit(&sim, 4, 0x20000) == 0);
    CHECK(sim_hit(&sim, 1, 0x10000) == 0);
    begin("aarch64_stage2_40", 0x40000000);
    put(0x40000000, 0x40002003);
    put(0x40002000, 0x40003003);
    for (i = 16; i < 32; i++) {
        put(0x40003000 + 8 * i, 0x00100000123407ff + ((i - 16) << 12));
    }
    walks_to(0x1b000, 0x1234b000, RWX, 16);
    put(0x40003000 + 8 * 20, 0x00100000123457ff); /* in the fourth place the fifth */
    CHECK(!sim_look(&sim, 0x14000, SIM_NOW).is_mapped);
}

/* ---- agreement with the formats ---- */

AXADDR_DEFINE_X86_64_ENCRYPTED(x86_64_c47, 4, 47)
AXADDR_DEFINE_X86_NPT_ENCRYPTED(x86_npt_c51, 5, 51)

static const struct axaddr_format *const formats[] = {
    &axaddr_x86_ept,
    &axaddr_x86_ept_2m,
    &axaddr_x86_64,
    &axaddr_x86_64_2m,
    &axaddr_x86_npt,
    &axaddr_x86_npt_2m,
    &axaddr_x86_64_la57,
    &axaddr_x86_npt_la57,
    &x86_64_c47,
    &x86_npt_c51,
    &axaddr_x86_ept_5,
    &axaddr_x86_ept_modes,
    &axaddr_x86_ept_suppress_ve,
    &axaddr_x86_ept_ignore_pat,
    &axaddr_x86_pae,
    &axaddr_aarch64_stage2_40,
    &axaddr_aarch64_stage2_48,
    &axaddr_riscv_sv39x4,
    &axaddr_riscv_sv48x4,
    &axaddr_riscv_sv39x4_svpbmt,
    &axaddr_riscv_sv48x4_svpbmt,
    &axaddr_riscv_sv39x4_svnapot,
    &axaddr_riscv_sv48x4_svnapot,
    &toy,
    &toy32,
    &axaddr_riscv_sv57x4,
    &axaddr_riscv_sv57x4_svpbmt,
    &axaddr_riscv_sv57x4_svnapot,
    &axaddr_riscv_sv39,
    &axaddr_riscv_sv48,
    &axaddr_riscv_sv57,
    &axaddr_riscv_sv39_svpbmt,
    &axaddr_riscv_sv48_svpbmt,
    &axaddr_riscv_sv57_svpbmt,
    &axaddr_riscv_sv39_svnapot,
    &axaddr_riscv_sv48_svnapot,
    &axaddr_riscv_sv57_svnapot,
    &axaddr_riscv_sv32,
    &axaddr_riscv_sv32x4,
    &axaddr_aarch64_stage2_32,
    &axaddr_aarch64_stage2_36,
    &axaddr_aarch64_stage2_42,
    &axaddr_aarch64_stage2_44,
    &axaddr_aarch64_stage2_40_xnx,
    &axaddr_aarch64_stage2_48_xnx,
    &axaddr_aarch64_stage2_40_fwb,
    &axaddr_aarch64_stage2_48_fwb,
    &axaddr_aarch64_stage2_40_xnx_fwb,
    &axaddr_aarch64_stage2_48_xnx_fwb,
    &axaddr_aarch64_el1,
    &axaddr_aarch64_el2,
};
#define FORMAT_COUNT (sizeof(formats) / sizeof(formats[0]))

static const struct axaddr_format *format;
static const struct sim_regime *regime;
static uint64_t random_state;

static uint64_t any(void) {
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return random_state;
}

static void each_format(const char *name, void (*function)(void)) {
    unsigned i;
    for (i = 0; i < FORMAT_COUNT; i++) {
        format = formats[i];
        regime = sim_regime_of(format->name);
        random_state = UINT64_C(0x9e3779b97f4a7c15);
        check_case_failed = false;
        snprintf(check_context, sizeof(check_context), "%s", format->name);
        function();
        check_end_case(name);
    }
}

#define EACH_FORMAT(function) each_format(#function, function)

static void geometry_agrees(void) {
    unsigned level;

    CHECK(regime != 0);
    CHECK_EQ(regime->level_count, format->level_count);
    CHECK_EQ(regime->entry_shift, format->entry_shift);
    CHECK_EQ(regime->root_order, format->root_order);
    CHECK_EQ(sim_input_width(regime), format->input_width);
    for (level = 0; level < regime->level_count; level++) {
        CHECK_EQ(regime->shift[level], format->shift[level]);
        CHECK_EQ(regime->index_bits[level], format->index_bits[level]);
    }
    CHECK_EQ(regime->caches_absent, format->caches_absent);
    CHECK_EQ(regime->break_rule != SIM_BREAK_NONE, format->needs_break != 0);
    CHECK_EQ(regime->accessed | regime->dirty, format->noted);
    CHECK_EQ(regime->decode(format->empty, 0).kind, SIM_ABSENT);
}

/** A leaf that the format makes is to hardware what was asked for. */
static void leaf_agrees(uint64_t leaf, unsigned level, uint64_t frame, uint32_t flags) {
    struct sim_entry said = regime->decode(leaf, level);

    CHECK_EQ(said.kind, SIM_LEAF);
    CHECK_EQ(said.frame, frame);
    CHECK_EQ(said.rights, sim_rights_of(regime, flags));
    CHECK_EQ(said.type, sim_type_of(regime, flags));
    CHECK_EQ(said.is_run, false);
    if (regime->dirty != 0 && format->notes_of != 0) {
        leaf &= ~format->noted;
        CHECK_EQ(format->notes_of(leaf | regime->accessed, level), AXADDR_ACCESSED);
        CHECK_EQ(format->notes_of(leaf | regime->dirty, level), AXADDR_DIRTY);
        CHECK_EQ(format->clear_notes(leaf | format->noted, level, AXADDR_ACCESSED),
                 leaf | regime->dirty);
        CHECK_EQ(format->clear_notes(leaf | format->noted, level, AXADDR_DIRTY),
                 leaf | regime->accessed);
    }
}

/** A run that the format makes is one, and each of its leaves without the hint is what it was. */
static void run_agrees(uint64_t frame, unsigned level, uint64_t attributes) {
    unsigned run = format->shift[level] + sim_run_bits(regime);
    uint64_t leaf;
    unsigned i;

    frame &= ~axaddr_low_bits(run);
    leaf = format->make_leaf(frame, level, attributes);
    for (i = 0; i < 1u << sim_run_bits(regime) && !check_case_failed; i++) {
        struct sim_entry plain = regime->decode(leaf, level);
        struct sim_entry said = regime->decode(format->make_run(leaf, level), level);
        CHECK_EQ(said.kind, SIM_LEAF);
        CHECK(said.is_run && sim_is_in_place(regime, &said, i));
        CHECK_EQ(said.frame, frame);
        CHECK_EQ(said.rights, plain.rights);
        CHECK_EQ(said.type, plain.type);
        CHECK_EQ(format->plain_leaf(format->make_run(leaf, level), level, i), leaf);
        leaf = format->next_leaf(leaf, level);
    }
}

static void made_entries_agree(void) {
    unsigned round;

    for (round = 0; round < 20000 && !check_case_failed; round++) {
        unsigned level = (unsigned)(any() % format->level_count);
        uint32_t flags = (uint32_t)any() & AXADDR_MAPPING_FLAGS;
        uint64_t frame = any() & axaddr_low_bits(format->output_width) & ~axaddr_low_bits(12);
        enum axaddr_absent_kind kind = (enum axaddr_absent_kind)(any() % 6);
        uint64_t value = kind == AXADDR_ABSENT_EMPTY ? 0 : any() & axaddr_low_bits(20);

        CHECK_EQ(regime->decode(format->make_absent(kind, value), level).kind, SIM_ABSENT);
        if (level > 0) {
            struct sim_entry said = regime->decode(format->make_table(frame, level), level);
            CHECK_EQ(said.kind, SIM_TABLE);
            CHECK_EQ(said.frame, frame);
            CHECK_EQ(said.rights & AXADDR_ACCESS_FLAGS, AXADDR_ACCESS_FLAGS);
        }
        if ((format->leaf_levels >> level & 1) != 0 && axaddr_flags_are_valid(flags) &&
            format->can_hold(flags)) {
            uint64_t attributes = format->attributes_of(flags, level);
            uint64_t leaf;
            frame &= ~axaddr_low_bits(format->shift[level]);
            leaf = format->make_leaf(frame, level, attributes);
            leaf_agrees(leaf, level, frame, flags);
            leaf_agrees(format->change_leaf(format->make_leaf(frame, level, 0), level, attributes),
                        level, frame, flags);
            if (level > 0) {
                leaf_agrees(format->split_leaf(leaf, level), level - 1, frame, flags);
            }
            if (format->run_bits != 0 && (format->run_levels >> level & 1) != 0) {
                run_agrees(frame, level, attributes);
            }
        }
    }
}

/** Whatever is in an entry, the engine follows no more than hardware does, and sees the same. */
static void arbitrary_entries_agree(void) {
    unsigned round;

    for (round = 0; round < 200000 && !check_case_failed; round++) {
        unsigned level = (unsigned)(any() % format->level_count);
        uint64_t entry = any();
        struct sim_entry said;

        /* Mostly few bits above the low ones, or all would be broken. */
        entry &= round % 4 == 0 ? ~UINT64_C(0) : (any() & any() & any()) | 0xfff;
        entry &= format->entry_shift == 2 ? UINT32_MAX : ~UINT64_C(0);
        said = regime->decode(entry, level);
        switch (format->kind_of(entry, level)) {
        case AXADDR_ENTRY_TABLE:
            CHECK(said.kind == SIM_TABLE || said.kind == SIM_BROKEN);
            CHECK(said.kind != SIM_TABLE || said.frame == format->table_of(entry));
            break;
        case AXADDR_ENTRY_LEAF:
            CHECK(said.kind == SIM_LEAF || said.kind == SIM_BROKEN);
            if (said.kind == SIM_LEAF && !said.is_run) {
                CHECK_EQ(said.frame, format->frame_of(entry, level));
                CHECK((sim_rights_of(regime, format->flags_of(entry, level)) &
                       AXADDR_ACCESS_FLAGS) == (said.rights & AXADDR_ACCESS_FLAGS) ||
                      said.rights == 0);
            }
            break;
        case AXADDR_ENTRY_ABSENT:
            CHECK(said.kind != SIM_LEAF);
            break;
        }
    }
}

/** Flags that the format can hold. */
static uint32_t held_flags(void) {
    uint32_t flags;

    do {
        flags = (uint32_t)any() & AXADDR_MAPPING_FLAGS;
    } while (!axaddr_flags_are_valid(flags) || !format->can_hold(flags));
    return flags;
}

/** Put random entries into a table, and below it tables down to level 0. */
static void fill_table(struct mmu *mmu, uint64_t table, unsigned level, uint64_t *spare) {
    uint32_t count = UINT32_C(1) << format->index_bits[level];
    uint32_t made = 0;
    uint32_t i;

    for (i = 0; i < count; i++) {
        mmu_write(mmu, table, i, format->empty);
    }
    for (i = 0; i < 40; i++) {
        uint32_t index = (uint32_t)(any() % count);
        uint64_t frame =
            any() & axaddr_low_bits(format->output_width) & ~axaddr_low_bits(format->shift[level]);
        uint32_t flags = held_flags();
        if (format->kind_of(mmu_read(mmu, table, index), level) == AXADDR_ENTRY_TABLE) {
            continue;
        }
        if (level > 0 && made < 2) {
            uint64_t below = *spare;
            *spare += HOST_FRAME_SIZE;
            mmu_write(mmu, table, index, format->make_table(below, level));
            fill_table(mmu, below, level - 1, spare);
            made++;
        } else if ((format->leaf_levels >> level & 1) != 0) {
            mmu_write(mmu, table, index,
                      format->make_leaf(frame, level, format->attributes_of(flags, level)));
        }
    }
}

/** The addresses of random maps: hardware finds what the format's hooks find. */
static void walks_agree(void) {
    struct mmu mmu;
    uint64_t base = format->output_width > 39 ? HOST_BASE & ~UINT64_C(0x3fff) : 0x40074000;
    uint64_t spare = base + (HOST_FRAME_SIZE << format->root_order);
    unsigned mapped = 0;
    unsigned round;

    begin(format->name, base);
    mmu.format = format;
    mmu.host = &host;
    mmu.root = base;
    fill_table(&mmu, base, format->level_count - 1u, &spare);
    for (round = 0; round < 20000 && !check_case_failed; round++) {
        uint64_t address = any() & axaddr_low_bits(format->input_width);
        struct mmu_entry at;
        struct sim_translation said;
        unsigned level;

        /* Mostly down a way that there is: take the indices of entries that are live. */
        for (level = format->level_count; level > 0 && round % 8 != 0; level--) {
            at = mmu_walk(&mmu, address);
            while (at.level == level - 1 && at.entry == format->empty && any() % 512 != 0) {
                address ^= (any() & axaddr_low_bits(format->index_bits[level - 1]))
                           << format->shift[level - 1];
                at = mmu_walk(&mmu, address);
            }
        }
        at = mmu_walk(&mmu, address);
        said = sim_look(&sim, address, SIM_NOW);
        CHECK_EQ(said.is_mapped, mmu_is_leaf(&mmu, &at));
        CHECK_EQ(said.first, at.first);
        CHECK_EQ(said.last, at.last);
        if (said.is_mapped) {
            uint32_t flags = format->flags_of(at.entry, at.level);
            mapped++;
            CHECK_EQ(said.output, mmu_output(&mmu, &at, address) & ~UINT64_C(0xfff));
            CHECK_EQ(said.rights, sim_rights_of(regime, flags));
            CHECK_EQ(said.type, sim_type_of(regime, flags));
        }
    }
    CHECK(mapped > 1000);
    CHECK_STR(host_error(&host), "");
}

int main(void) {
    CASE(ept);
    CASE(x86_64);
    CASE(stage2);
    CASE(stage2_variants);
    CASE(stage1);
    CASE(gstage);
    CASE(riscv_stage1);
    CASE(riscv_32);
    CASE(toys);
    CASE(ept_options);
    CASE(x86_64_kin);
    CASE(walk_ept);
    CASE(walk_x86_64);
    CASE(walk_x86_kin);
    CASE(walk_stage2);
    CASE(walk_stage2_widths);
    CASE(walk_gstage);
    CASE(walk_sv57x4);
    CASE(walk_sv39);
    CASE(walk_sv32);
    CASE(walk_runs);
    EACH_FORMAT(geometry_agrees);
    EACH_FORMAT(made_entries_agree);
    EACH_FORMAT(arbitrary_entries_agree);
    EACH_FORMAT(walks_agree);
    end();
    return check_report("test_sim_machines");
}
