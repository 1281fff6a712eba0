/* SPDX-License-Identifier: MIT
 *
 * test_tlb.c: what the executors of a flush plan do, on machines that are simulated here: TLBs with
 * leaves, table entries and translations that combine both stages, of several VMIDs and on several
 * CPUs, and the instructions, which do no more than their manuals promise and complain of what
 * these forbid. Nothing in here asks the headers for a bit of an operand.
 *
 * Beside them, sequences that were written out from the manuals by hand.
 */
#include "../axaddr_arch/aarch64_tlb.h"
#include "../axaddr_arch/riscv_tlb.h"
#include "../axaddr_arch/x86_tlb.h"
#include "check.h"

#define SEED       UINT64_C(0x9e3779b97f4a7c15)
#define PLAN_COUNT 1500
#define CPU_COUNT  4
#define CPU_ALL    0xfu
#define CACHED_MAX 6000

static uint64_t random_state;

static uint64_t random_below(uint64_t limit) {
    uint64_t z = (random_state += UINT64_C(0x9e3779b97f4a7c15));
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return (z ^ (z >> 31)) % limit;
}

/* ---- what TLBs hold ---- */

enum kind {
    LEAF = 1,     /* of the table that the plan is about */
    TABLE = 2,    /* an entry on the way down */
    COMBINED = 4, /* of both stages, tagged with a guest-virtual address */
};

struct cached {
    enum kind kind;
    unsigned level; /* ours: of the leaf, or of the entry that links a table */
    uint64_t first;
    uint64_t last;
    uint32_t vmid;
    unsigned cpu;
    bool is_dropped;
};

static struct cached cached[CACHED_MAX];
static unsigned cached_count;

/** The first thing that a machine had to complain of. */
static const char *fault;
/** What was executed, for comparison with sequences written by hand. */
static char trace[8192];

static void complain(const char *what) {
    if (fault == 0) {
        fault = what;
    }
}

__attribute__((format(printf, 1, 2))) static void note(const char *format, ...) {
    size_t length = strlen(trace);
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(trace + length, sizeof trace - length, format, arguments);
    va_end(arguments);
}

static void cache(enum kind kind, unsigned level, uint64_t address, uint32_t vmid) {
    uint64_t mask = (UINT64_C(1) << (12 + 9 * level)) - 1;
    unsigned cpu;

    for (cpu = 0; cpu < CPU_COUNT && cached_count < CACHED_MAX; cpu++) {
        struct cached entry = {kind, level, address & ~mask, address | mask, vmid, cpu, false};
        cached[cached_count++] = entry;
    }
}

/** Forget what is of one of `kinds`, on one of `cpus`, of `vmid` (0: of any) and in the range. */
static void drop(unsigned kinds, unsigned cpus, uint32_t vmid, uint64_t first, uint64_t last) {
    unsigned i;

    for (i = 0; i < cached_count; i++) {
        struct cached *entry = &cached[i];
        if ((entry->kind & kinds) != 0 && (cpus >> entry->cpu & 1) != 0 &&
            (vmid == 0 || vmid == entry->vmid) && entry->first <= last && entry->last >= first) {
            entry->is_dropped = true;
        }
    }
}

/* ---- plans ---- */

static const uint64_t space_size = UINT64_C(1) << 40;

static void plan_none(struct axaddr_flush *plan, uint32_t vmid) {
    axaddr_flush_init(plan);
    plan->vmid = vmid;
    trace[0] = '\0';
    cached_count = 0;
    fault = 0;
}

/** A plan of one range. */
static void plan_range(struct axaddr_flush *plan, uint32_t vmid, uint64_t first, uint64_t last,
                       unsigned stride_shift) {
    plan_none(plan, vmid);
    axaddr_flush_add(plan, first, last, stride_shift);
}

static bool plan_covers(const struct axaddr_flush *plan, const struct cached *entry) {
    unsigned i;

    for (i = 0; i < plan->range_count; i++) {
        if (entry->first <= plan->ranges[i].last && entry->last >= plan->ranges[i].first) {
            return true;
        }
    }
    return plan->is_full;
}

/** Runs of leaves as an edit meets them, up to `level_count` sizes, in a plan and in the TLBs. */
static void plan_random(struct axaddr_flush *plan, unsigned level_count, const uint32_t vmids[3]) {
    uint64_t address = random_below(space_size >> 14) << 12;
    unsigned leaf_count = 1 + (unsigned)random_below(random_below(8) == 0 ? 80 : 12);
    unsigned i;

    plan_none(plan, vmids[0]);
    plan->cpus = random_below(3) == 0 ? 0 : 1 + random_below(CPU_ALL);
    while (leaf_count-- > 0) {
        unsigned level = random_below(3) == 0 ? (unsigned)random_below(level_count) : 0;
        uint64_t size = UINT64_C(1) << (12 + 9 * level);
        address += random_below(4) == 0 ? random_below(5) << 12 : 0;
        address = (address + size - 1) & ~(size - 1);
        axaddr_flush_add(plan, address, address + size - 1, 12 + 9 * level);
        for (i = 0; i < 3; i++) {
            cache(LEAF, level, address, vmids[i]);
            cache(COMBINED, level, address, vmids[i]);
        }
        address += size;
    }
    axaddr_flush_limit(plan);
    plan->has_tables = random_below(6) == 0;
    for (i = 0; i < plan->range_count; i++) {
        cache(LEAF, 0, plan->ranges[i].first - 1, vmids[0]);
        cache(LEAF, 0, plan->ranges[i].last + 1, vmids[0]);
        cache(TABLE, 1, plan->ranges[i].first, vmids[0]);
        cache(TABLE, 2, random_below(space_size), vmids[random_below(3)]);
    }
}

/**
 * Whether the TLBs of `cpus` forgot all that the plan is about, and, if `is_exact`, no other VMID's
 * entries, no leaf beside the plan's ranges and nothing on another CPU.
 */
static void check_forgotten(const struct axaddr_flush *plan, unsigned cpus, bool is_exact) {
    bool is_named = !plan->is_full && !plan->has_tables;
    unsigned i;

    if (fault != 0) {
        check_fail(__FILE__, __LINE__, "%s", fault);
        return;
    }
    CHECK(cached_count < CACHED_MAX);
    for (i = 0; i < cached_count; i++) {
        const struct cached *entry = &cached[i];
        bool is_here = (cpus >> entry->cpu & 1) != 0;
        bool is_ours = plan->vmid == 0 || plan->vmid == entry->vmid;
        bool is_meant = entry->kind == TABLE ? plan->has_tables : plan_covers(plan, entry);

        snprintf(check_context, sizeof check_context,
                 "entry %u: kind %u level %u %" PRIx64 " vmid %u cpu %u", i, entry->kind,
                 entry->level, entry->first, entry->vmid, entry->cpu);
        if (is_here && is_ours && is_meant) {
            CHECK(entry->is_dropped);
        }
        if (is_exact && (!is_ours || !is_here)) {
            CHECK(!entry->is_dropped);
        }
        if (is_exact && is_named && !is_meant && entry->kind == LEAF) {
            CHECK(!entry->is_dropped);
        }
    }
    check_context[0] = '\0';
}

static void steps_are_levels_apart(void) {
    static const struct {
        uint8_t stride_shift;
        unsigned shift;
        unsigned level;
    } rows[] = {{0, 12, 0},  {12, 12, 0}, {16, 12, 0}, {20, 12, 0}, {21, 21, 1}, {25, 21, 1},
                {30, 30, 2}, {39, 39, 3}, {48, 48, 4}, {57, 48, 4}, {255, 48, 4}};
    unsigned i;

    for (i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct axaddr_flush_range range = {UINT64_C(0x123456789abcd000),
                                           UINT64_C(0x123556789abcdfff), rows[i].stride_shift};
        struct axaddr_tlb_steps steps = axaddr_tlb_steps_of(&range);

        CHECK_EQ(steps.shift, rows[i].shift);
        CHECK_EQ(steps.level, rows[i].level);
        CHECK_EQ(steps.first, range.first >> rows[i].shift);
        CHECK_EQ(steps.last, range.last >> rows[i].shift);
    }
}

static void steps_are_counted_or_too_many(void) {
    struct axaddr_flush plan;

    plan_range(&plan, 1, 0, 64 * 0x1000 - 1, 12);
    CHECK_EQ(axaddr_tlb_step_count(&plan), 64);
    plan_range(&plan, 1, 0, 64 * 0x1000, 12);
    CHECK_EQ(axaddr_tlb_step_count(&plan), 0);
    plan_range(&plan, 1, 0, UINT64_MAX, 12);
    CHECK_EQ(axaddr_tlb_step_count(&plan), 0);
    /* The middle of one leaf to the middle of the next are two. */
    plan_range(&plan, 1, 0x100000, 0x2fffff, 21);
    CHECK_EQ(axaddr_tlb_step_count(&plan), 2);
    axaddr_flush_add(&plan, 0x40000000, 0x40004fff, 12);
    CHECK_EQ(axaddr_tlb_step_count(&plan), 7);
    plan.has_tables = true;
    CHECK_EQ(axaddr_tlb_step_count(&plan), 0);
    plan.has_tables = false;
    plan.is_full = true;
    CHECK_EQ(axaddr_tlb_step_count(&plan), 0);
    /* Not what the library gathers: a range that is none, by much and by one step; too many. */
    plan_range(&plan, 1, 0x5000, 0x1fff, 12);
    axaddr_flush_add(&plan, 0x10000, 0x14fff, 12);
    CHECK_EQ(axaddr_tlb_step_count(&plan), 0);
    plan_range(&plan, 1, 0x2000, 0x1fff, 12);
    axaddr_flush_add(&plan, 0x10000, 0x14fff, 12);
    CHECK_EQ(axaddr_tlb_step_count(&plan), 0);
    plan_range(&plan, 1, 0, 0xfff, 12);
    plan.range_count = AXADDR_FLUSH_RANGE_MAX + 1;
    CHECK_EQ(axaddr_tlb_step_count(&plan), 0);
}

/* ---- AArch64 ---- */

/** The inner shareable domain, as the CPU that executes sees it. */
static struct {
    bool has_ttl;
    bool has_range;
    uint64_t vttbr;
    bool is_vttbr_synchronised;
    bool are_stores_seen;    /* a DSB since the entries were written */
    bool are_walks_over;     /* a DSB ISH, not ISHST, since the guest ran */
    bool is_stage2_pending;  /* a TLBI by IPA since the last DSB ISH */
    bool is_pending;         /* any TLBI since then */
    bool is_context_pending; /* no ISB since a DSB */
} arm;

static void arm_reset(uint64_t vttbr, uint32_t features) {
    memset(&arm, 0, sizeof arm);
    arm.vttbr = vttbr;
    arm.is_vttbr_synchronised = true;
    arm.has_ttl = (features & AXADDR_AARCH64_HAS_TTL) != 0;
    arm.has_range = (features & AXADDR_AARCH64_HAS_TLBIRANGE) != 0;
}

static uint32_t arm_vmid(void) {
    return (uint32_t)(arm.vttbr >> 48);
}

/** TLBI IPAS2E1IS: bits 39:0 IPA[51:12], 47:44 TTL, the rest 0. It drops no combined entry. */
static void arm_ipas2e1is(uint64_t operand) {
    uint64_t address = operand << 24 >> 24 << 12;
    unsigned ttl = operand >> 44 & 0xf;
    unsigned i;

    if ((operand & ~UINT64_C(0x0000f0ffffffffff)) != 0 || (ttl != 0 && !arm.has_ttl)) {
        complain("IPAS2E1IS: reserved bits");
    }
    if (ttl != 0 && (ttl < 5 || ttl > 7)) {
        complain("IPAS2E1IS: no level of a 4 KiB granule");
    }
    for (i = 0; i < cached_count; i++) {
        struct cached *entry = &cached[i];
        unsigned level = 3 - entry->level; /* the manual's */
        bool is_level = ttl == 0 || (entry->kind == LEAF ? level == ttl - 4 : level < ttl - 4);
        if (entry->kind != COMBINED && entry->vmid == arm_vmid() && entry->first <= address &&
            entry->last >= address && is_level) {
            entry->is_dropped = true;
        }
    }
}

/**
 * TLBI RIPAS2E1IS: 36:0 BaseADDR, 38:37 TTL, 43:39 NUM, 45:44 SCALE, 47:46 TG, the rest 0. With its
 * bounds cut to the entry's size, the range must hold the entry, its end excluded.
 */
static void arm_ripas2e1is(uint64_t operand) {
    uint64_t first = (operand & UINT64_C(0x1fffffffff)) << 12;
    unsigned num = operand >> 39 & 0x1f;
    unsigned scale = operand >> 44 & 3;
    uint64_t end = first + ((uint64_t)(num + 1) << (5 * scale + 1 + 12));
    unsigned i;

    if (!arm.has_range) {
        complain("RIPAS2E1IS: undefined instruction");
    }
    if (operand >> 48 != 0 || (operand >> 46 & 3) != 1 || (operand >> 37 & 3) != 0) {
        complain("RIPAS2E1IS: reserved bits, another granule, or a level");
    }
    for (i = 0; i < cached_count; i++) {
        struct cached *entry = &cached[i];
        unsigned shift = 12 + 9 * entry->level;
        if (entry->kind != COMBINED && entry->vmid == arm_vmid() &&
            first >> shift <= entry->first >> shift && end >> shift > entry->first >> shift) {
            entry->is_dropped = true;
        }
    }
}

static void arm_tlbi(void *ctx, enum axaddr_aarch64_tlbi what, uint64_t operand) {
    CHECK(ctx == &arm);
    if (!arm.are_stores_seen || !arm.is_vttbr_synchronised) {
        complain("TLBI before what it depends on");
    }
    arm.is_pending = true;
    switch (what) {
    case AXADDR_AARCH64_IPAS2E1IS:
        note("ipas2e1is %" PRIx64 "; ", operand);
        arm.is_stage2_pending = true;
        arm_ipas2e1is(operand);
        return;
    case AXADDR_AARCH64_RIPAS2E1IS:
        note("ripas2e1is %" PRIx64 "; ", operand);
        arm.is_stage2_pending = true;
        arm_ripas2e1is(operand);
        return;
    case AXADDR_AARCH64_VMALLE1IS:
        note("vmalle1is; ");
        if (arm.is_stage2_pending) {
            complain("VMALLE1IS while another CPU can still combine what is dropped");
        }
        drop(COMBINED, CPU_ALL, arm_vmid(), 0, UINT64_MAX);
        break;
    case AXADDR_AARCH64_VMALLS12E1IS:
        note("vmalls12e1is; ");
        drop(LEAF | TABLE | COMBINED, CPU_ALL, arm_vmid(), 0, UINT64_MAX);
        break;
    case AXADDR_AARCH64_ALLE1IS:
        note("alle1is; ");
        drop(LEAF | TABLE | COMBINED, CPU_ALL, 0, 0, UINT64_MAX);
        break;
    }
    CHECK_EQ(operand, 0);
}

static void arm_barrier(void *ctx, enum axaddr_aarch64_barrier what) {
    CHECK(ctx == &arm);
    switch (what) {
    case AXADDR_AARCH64_DSB_ISH:
        note("dsb ish; ");
        arm.are_walks_over = true;
        arm.is_stage2_pending = false;
        arm.is_pending = false;
        arm.are_stores_seen = true;
        arm.is_context_pending = true;
        break;
    case AXADDR_AARCH64_DSB_ISHST: /* of stores only: it does not wait for a TLBI */
        note("dsb ishst; ");
        arm.are_stores_seen = true;
        break;
    case AXADDR_AARCH64_ISB:
        note("isb; ");
        arm.is_vttbr_synchronised = true;
        arm.is_context_pending = false;
        break;
    }
}

static uint64_t arm_read_vttbr(void *ctx) {
    (void)ctx;
    return arm.vttbr;
}

static void arm_write_vttbr(void *ctx, uint64_t vttbr) {
    (void)ctx;
    note("vttbr %" PRIx64 "; ", vttbr);
    if (!arm.are_walks_over || arm.is_pending) {
        complain("VTTBR_EL2 written under a walk or a TLBI");
    }
    arm.vttbr = vttbr;
    arm.is_vttbr_synchronised = false;
}

static const struct axaddr_aarch64_tlb arm_tlb = {arm_tlbi, arm_barrier, arm_read_vttbr,
                                                  arm_write_vttbr};

#define ARM_ROOT axaddr_hpa(UINT64_C(0x0000123456786000))

static void arm_flush(const struct axaddr_flush *plan, uint64_t vttbr, uint32_t features) {
    arm_reset(vttbr, features);
    axaddr_aarch64_stage2_flush_with(plan, ARM_ROOT, features, &arm_tlb, &arm);
    if (arm.is_pending || arm.is_context_pending || !arm.is_vttbr_synchronised ||
        arm.vttbr != vttbr) {
        complain("the executor returned before it was done");
    }
}

#define ARM_VTTBR(vmid) ((uint64_t)(vmid) << 48 | UINT64_C(0x80004001)) /* CnP is set */

static void aarch64_by_hand(void) {
    const uint32_t none = 0;
    const uint32_t ttl = AXADDR_AARCH64_HAS_TTL;
    const uint32_t range = AXADDR_AARCH64_HAS_TLBIRANGE;
    struct axaddr_flush plan;

    plan_none(&plan, 5);
    arm_flush(&plan, ARM_VTTBR(5), none);
    CHECK_STR(trace, "");

    plan_range(&plan, 5, 0x80001000, 0x80001fff, 12);
    arm_flush(&plan, ARM_VTTBR(5), none);
    CHECK_STR(trace, "dsb ishst; ipas2e1is 80001; dsb ish; vmalle1is; dsb ish; isb; ");

    /* One leaf: TTL is 0b01 (4 KiB) and the level, range or not. */
    trace[0] = '\0';
    arm_flush(&plan, ARM_VTTBR(5), ttl | range);
    CHECK_STR(trace, "dsb ishst; ipas2e1is 700000080001; dsb ish; vmalle1is; dsb ish; isb; ");
    plan_range(&plan, 5, 0x80200000, 0x803fffff, 21);
    arm_flush(&plan, ARM_VTTBR(5), ttl);
    CHECK_STR(trace, "dsb ishst; ipas2e1is 600000080200; dsb ish; vmalle1is; dsb ish; isb; ");
    plan_range(&plan, 5, 0x80000000, 0xbfffffff, 30);
    arm_flush(&plan, ARM_VTTBR(5), ttl);
    CHECK_STR(trace, "dsb ishst; ipas2e1is 500000080000; dsb ish; vmalle1is; dsb ish; isb; ");
    plan_range(&plan, 5, 0, (UINT64_C(1) << 39) - 1, 39); /* level 0 has no such hint */
    arm_flush(&plan, ARM_VTTBR(5), ttl);
    CHECK_STR(trace, "dsb ishst; ipas2e1is 0; dsb ish; vmalle1is; dsb ish; isb; ");

    plan_range(&plan, 5, 0, (UINT64_C(1) << 40) - 1, 39); /* nor ranges that long */
    arm_flush(&plan, ARM_VTTBR(5), range);
    CHECK_STR(trace, "dsb ishst; ipas2e1is 0; ipas2e1is 8000000; dsb ish; vmalle1is; dsb ish; "
                     "isb; ");

    /* Several leaves: no hint. A run in the middle of two 2 MiB leaves. */
    plan_range(&plan, 5, 0x80100000, 0x802fffff, 21);
    arm_flush(&plan, ARM_VTTBR(5), ttl);
    CHECK_STR(trace, "dsb ishst; ipas2e1is 80000; ipas2e1is 80200; dsb ish; vmalle1is; dsb ish; "
                     "isb; ");

    /* Another VM is loaded, or none; an unknown one. */
    plan_range(&plan, 0xabcd, 0x80001000, 0x80001fff, 12);
    arm_flush(&plan, ARM_VTTBR(5), none);
    CHECK_STR(trace, "dsb ish; vttbr abcd123456786000; isb; ipas2e1is 80001; dsb ish; vmalle1is; "
                     "dsb ish; isb; vttbr 5000080004001; isb; ");
    plan_range(&plan, 0, 0x80001000, 0x80001fff, 12);
    arm_flush(&plan, ARM_VTTBR(0), none);
    CHECK_STR(trace, "dsb ishst; alle1is; dsb ish; isb; ");
    plan_range(&plan, 0x10005, 0x80001000, 0x80001fff, 12); /* 17 bits: not VMID 5's */
    arm_flush(&plan, ARM_VTTBR(5), none);
    CHECK_STR(trace, "dsb ishst; alle1is; dsb ish; isb; ");

    plan_range(&plan, 5, 0x80001000, 0x80001fff, 12);
    plan.has_tables = true;
    arm_flush(&plan, ARM_VTTBR(5), ttl | range);
    CHECK_STR(trace, "dsb ishst; vmalls12e1is; dsb ish; isb; ");
    CHECK(fault == 0);
}

static void aarch64_ranges_by_hand(void) {
    static const struct {
        uint64_t first;
        uint64_t size;
        unsigned stride_shift;
        const char *tlbi;
    } rows[] = {
        /* 2 pages: SCALE 0, NUM 0. 5 pages: SCALE 0, NUM 1, and a page. */
        {0x80001000, 0x2000, 12, "ripas2e1is 400000080001; "},
        {0x80001000, 0x5000, 12, "ripas2e1is 408000080001; ipas2e1is 80005; "},
        /* 63 pages: SCALE 0, NUM 30, and a page. 64: SCALE 1, NUM 0. */
        {0x80001000, 0x3f000, 12, "ripas2e1is 4f0000080001; ipas2e1is 8003f; "},
        {0x80000000, 0x40000, 12, "ripas2e1is 500000080000; "},
        /* 3 x 512 pages: SCALE 1, NUM 23. */
        {0x40000000, 0x600000, 21, "ripas2e1is 5b8000040000; "},
        /* 7 x 512: SCALE 2 (2048), NUM 0; SCALE 1, NUM 23. In the middle of the first and last. */
        {0x40100000, 0xc00000, 21, "ripas2e1is 600000040000; ripas2e1is 5b8000040800; "},
        /* 2 x 2^18: SCALE 3 (2^16), NUM 7. 9 x 2^18: 32 of them, and 4. */
        {0x40000000, UINT64_C(0x80000000), 30, "ripas2e1is 738000040000; "},
        {0x40000000, UINT64_C(0x240000000), 30,
         "ripas2e1is 7f8000040000; ripas2e1is 718000240000; "},
    };
    struct axaddr_flush plan;
    char expected[200];
    unsigned i;

    for (i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        plan_range(&plan, 5, rows[i].first, rows[i].first + rows[i].size - 1, rows[i].stride_shift);
        arm_flush(&plan, ARM_VTTBR(5), AXADDR_AARCH64_HAS_TLBIRANGE | AXADDR_AARCH64_HAS_TTL);
        snprintf(expected, sizeof expected, "dsb ishst; %sdsb ish; vmalle1is; dsb ish; isb; ",
                 rows[i].tlbi);
        CHECK_STR(trace, expected);
        CHECK(fault == 0);
    }
}

static void aarch64_forgets_what_a_plan_says(void) {
    static const uint32_t vmids[3][3] = {{5, 6, 0xff05}, {0xffff, 5, 0x7fff}, {0, 6, 7}};
    unsigned i;

    random_state = SEED;
    for (i = 0; i < PLAN_COUNT && !check_case_failed; i++) {
        const uint32_t *vmid = vmids[random_below(3)];
        struct axaddr_flush plan;

        plan_random(&plan, 3, vmid);
        arm_flush(&plan, ARM_VTTBR(vmid[random_below(2)]), (uint32_t)random_below(4));
        check_forgotten(&plan, CPU_ALL, plan.vmid != 0);
    }
}

static void aarch64_operands_keep_to_their_fields(void) {
    CHECK_EQ(axaddr_aarch64_tlbi_page(UINT64_C(0xfffffffffffff), 5), UINT64_C(0x5fffffffffff));
    CHECK_EQ(axaddr_aarch64_tlbi_range(UINT64_C(0xfffffffffffff), 0, 0), UINT64_C(0x401fffffffff));
    CHECK_EQ(axaddr_aarch64_tlbi_range(0, 3, 31), UINT64_C(0x7f8000000000));
}

static void aarch64_features(void) {
    /* ID_AA64ISAR0_EL1.TLB: 0 none, 1 FEAT_TLBIOS, 2 both; ID_AA64MMFR2_EL1.TTL: 1. */
    CHECK_EQ(axaddr_aarch64_tlb_features(0, 0), 0);
    CHECK_EQ(axaddr_aarch64_tlb_features(UINT64_C(1) << 56, UINT64_C(0xfff0ffffffffffff)), 0);
    CHECK_EQ(axaddr_aarch64_tlb_features(UINT64_C(2) << 56, 0), AXADDR_AARCH64_HAS_TLBIRANGE);
    CHECK_EQ(axaddr_aarch64_tlb_features(UINT64_C(0xf0ffffffffffffff), UINT64_C(1) << 48),
             AXADDR_AARCH64_HAS_TTL);
    CHECK_EQ(axaddr_aarch64_tlb_features(UINT64_C(2) << 56, UINT64_C(1) << 48),
             AXADDR_AARCH64_HAS_TLBIRANGE | AXADDR_AARCH64_HAS_TTL);
}

/* ---- RISC-V ---- */

#define FIRST_HART 2 /* CPU n is hart n + 2; harts 0 and 1 are not for hypervisors */

/** A hart (CPU 0) and the SBI below it. */
static struct {
    bool has_svinval;
    bool are_stores_ordered; /* an SFENCE.W.INVAL was executed */
    bool is_inval_pending;   /* an HINVAL without its SFENCE.INVAL.IR */
    bool is_fenced;          /* FENCE: the stores can be seen by other harts */
    uint64_t failures;       /* bit n: the SBI refuses the call n */
    unsigned call_count;
} riscv;

static void riscv_reset(bool has_svinval, uint64_t failures) {
    memset(&riscv, 0, sizeof riscv);
    riscv.has_svinval = has_svinval;
    riscv.failures = failures;
}

static void riscv_hinval(uint32_t vmid, uint64_t gpa) {
    if (!riscv.has_svinval || !riscv.are_stores_ordered) {
        complain("HINVAL.GVMA without Svinval, or before SFENCE.W.INVAL");
    }
    riscv.is_inval_pending = true;
    drop(LEAF | COMBINED, 1, vmid, gpa, gpa);
}

/** An address reaches leaves and what is combined from them; x0, which is "all", tables as well. */
static void riscv_fence(void *ctx, enum axaddr_riscv_fence what, uint64_t gpa, uint32_t vmid) {
    static const char *const names[] = {"hfence.gvma",    "hfence.gvma x0",  "hfence.gvma",
                                        "hfence.gvma x0", "hinval.gvma",     "hinval.gvma",
                                        "sfence.w.inval", "sfence.inval.ir", "fence"};

    CHECK(ctx == &riscv);
    note("%s", names[what]);
    switch (what) {
    case AXADDR_RISCV_HFENCE_GVMA:
        note(" %" PRIx64 " %u", gpa, vmid);
        drop(LEAF | COMBINED, 1, vmid, gpa, gpa);
        CHECK(vmid != 0 && vmid < 1 << 14);
        break;
    case AXADDR_RISCV_HFENCE_GVMA_GPA:
        note(" %" PRIx64 " x0", gpa);
        drop(LEAF | COMBINED, 1, 0, gpa, gpa);
        break;
    case AXADDR_RISCV_HFENCE_GVMA_VMID:
        note(" %u", vmid);
        drop(LEAF | TABLE | COMBINED, 1, vmid, 0, UINT64_MAX);
        CHECK(vmid != 0 && vmid < 1 << 14);
        break;
    case AXADDR_RISCV_HFENCE_GVMA_ALL:
        note(" x0");
        drop(LEAF | TABLE | COMBINED, 1, 0, 0, UINT64_MAX);
        break;
    case AXADDR_RISCV_HINVAL_GVMA:
        note(" %" PRIx64 " %u", gpa, vmid);
        riscv_hinval(vmid, gpa);
        CHECK(vmid != 0 && vmid < 1 << 14);
        break;
    case AXADDR_RISCV_HINVAL_GVMA_GPA:
        note(" %" PRIx64 " x0", gpa);
        riscv_hinval(0, gpa);
        break;
    case AXADDR_RISCV_SFENCE_W_INVAL:
        riscv.are_stores_ordered = true;
        break;
    case AXADDR_RISCV_SFENCE_INVAL_IR:
        riscv.is_inval_pending = false;
        break;
    case AXADDR_RISCV_FENCE:
        riscv.is_fenced = true;
        break;
    }
    note("; ");
}

/** EID 0x52464E43: the CPUs of a hart mask; 0 if one of them is not there. */
static unsigned riscv_cpus(const struct axaddr_riscv_rfence *call) {
    unsigned cpus = 0;
    unsigned bit;

    if (call->hart_mask_base == UINT64_MAX) {
        return CPU_ALL;
    }
    for (bit = 0; bit < 64; bit++) {
        uint64_t hart = call->hart_mask_base + bit;
        if ((call->hart_mask >> bit & 1) != 0) {
            if (hart < FIRST_HART || hart >= FIRST_HART + CPU_COUNT) {
                return 0;
            }
            cpus |= 1u << (hart - FIRST_HART);
        }
    }
    return cpus;
}

static long riscv_rfence(void *ctx, unsigned function, const struct axaddr_riscv_rfence *call) {
    bool is_all = (call->start == 0 && call->size == 0) || call->size == UINT64_MAX;
    uint64_t last = is_all ? UINT64_MAX : call->start + call->size - 1;
    unsigned cpus = riscv_cpus(call);

    note("sbi %u %" PRIx64 " %" PRIx64 " %" PRIx64 " %" PRIx64 " %" PRIx64 "; ", function,
         call->hart_mask, call->hart_mask_base, call->start, call->size, call->vmid);
    if (ctx != &riscv || !riscv.is_fenced) {
        complain("a remote fence before the stores can be seen");
    }
    if ((riscv.failures >> riscv.call_count++ & 1) != 0 || cpus == 0) {
        return -3; /* SBI_ERR_INVALID_PARAM */
    }
    if (function == 3 && call->vmid == 0) {
        complain("function 3 for VMID 0");
    }
    if (function != 3 && function != 4) {
        return -2; /* SBI_ERR_NOT_SUPPORTED */
    }
    drop(is_all ? LEAF | TABLE | COMBINED : LEAF | COMBINED, cpus,
         function == 3 ? (uint32_t)call->vmid : 0, call->start, last);
    return 0;
}

static const struct axaddr_riscv_tlb riscv_tlb = {riscv_fence, riscv_rfence};

static void riscv_flush(const struct axaddr_flush *plan, bool has_svinval) {
    riscv_reset(has_svinval, 0);
    axaddr_riscv_gstage_flush_with(plan, has_svinval, &riscv_tlb, &riscv);
    if (riscv.is_inval_pending) {
        complain("HINVAL.GVMA without SFENCE.INVAL.IR");
    }
}

static enum axaddr_status riscv_flush_remote(const struct axaddr_flush *plan, uint64_t failures) {
    riscv_reset(false, failures);
    return axaddr_riscv_gstage_flush_remote_with(plan, FIRST_HART, &riscv_tlb, &riscv);
}

static void riscv_by_hand(void) {
    struct axaddr_flush plan;

    plan_none(&plan, 9);
    riscv_flush(&plan, true);
    CHECK_STR(trace, "");
    plan_range(&plan, 9, 0x80001000, 0x80002fff, 12);
    axaddr_flush_add(&plan, 0x80200000, 0x803fffff, 21);
    riscv_flush(&plan, false);
    CHECK_STR(trace, "hfence.gvma 80001000 9; hfence.gvma 80002000 9; hfence.gvma 80200000 9; ");
    trace[0] = '\0';
    riscv_flush(&plan, true);
    CHECK_STR(trace, "sfence.w.inval; hinval.gvma 80001000 9; hinval.gvma 80002000 9; "
                     "hinval.gvma 80200000 9; sfence.inval.ir; ");
    plan.has_tables = true;
    trace[0] = '\0';
    riscv_flush(&plan, true);
    CHECK_STR(trace, "hfence.gvma x0 9; ");

    /* VMIDs have 14 bits; no VMID, or one that is none, is every VMID. */
    plan_range(&plan, 0x3fff, 0x80001000, 0x80001fff, 12);
    riscv_flush(&plan, false);
    CHECK_STR(trace, "hfence.gvma 80001000 16383; ");
    plan_range(&plan, 0x4000, 0x80001000, 0x80001fff, 12);
    riscv_flush(&plan, false);
    riscv_flush(&plan, true);
    CHECK_STR(trace, "hfence.gvma 80001000 x0; sfence.w.inval; hinval.gvma 80001000 x0; "
                     "sfence.inval.ir; ");
    plan_none(&plan, 0);
    plan.is_full = true;
    riscv_flush(&plan, false);
    CHECK_STR(trace, "hfence.gvma x0 x0; ");
    CHECK(fault == 0);
}

static void riscv_is_full_is_told(void) {
    struct axaddr_flush plan;

    plan_none(&plan, 1);
    CHECK(!axaddr_riscv_gstage_flush_is_full(&plan));
    axaddr_flush_add(&plan, 0x1000, 0x1fff, 12);
    CHECK(!axaddr_riscv_gstage_flush_is_full(&plan));
    plan.has_tables = true;
    CHECK(axaddr_riscv_gstage_flush_is_full(&plan));
    plan.has_tables = false;
    plan.is_full = true;
    CHECK(axaddr_riscv_gstage_flush_is_full(&plan));
}

static void riscv_remote_by_hand(void) {
    struct axaddr_flush plan;

    plan_none(&plan, 9);
    CHECK_EQ(riscv_flush_remote(&plan, 0), AXADDR_OK);
    CHECK_STR(trace, "");
    plan_range(&plan, 9, 0x80001000, 0x80002fff, 12);
    axaddr_flush_add(&plan, 0x80200000, 0x803fffff, 21);
    plan.cpus = 5;
    CHECK_EQ(riscv_flush_remote(&plan, 0), AXADDR_OK);
    CHECK_STR(trace, "fence; sbi 3 5 2 80001000 2000 9; sbi 3 5 2 80200000 200000 9; ");
    plan.cpus = 0;
    plan.is_full = true;
    trace[0] = '\0';
    CHECK_EQ(riscv_flush_remote(&plan, 0), AXADDR_OK);
    CHECK_STR(trace, "fence; sbi 3 0 ffffffffffffffff 0 0 9; ");
    plan.vmid = 0;
    trace[0] = '\0';
    CHECK_EQ(riscv_flush_remote(&plan, 0), AXADDR_OK);
    CHECK_STR(trace, "fence; sbi 4 0 ffffffffffffffff 0 0 0; ");
    CHECK(fault == 0);
}

static void riscv_remote_falls_back(void) {
    struct axaddr_flush plan;

    /* All addresses, all harts, all VMs, one after the other; then it is told. */
    plan_range(&plan, 9, 0x80001000, 0x80001fff, 12);
    plan.cpus = 0x21; /* hart 7 is not there */
    CHECK_EQ(riscv_flush_remote(&plan, 0), AXADDR_OK);
    CHECK_STR(trace, "fence; sbi 3 21 2 80001000 1000 9; sbi 3 21 2 0 0 9; "
                     "sbi 3 0 ffffffffffffffff 0 0 9; ");
    trace[0] = '\0';
    CHECK_EQ(riscv_flush_remote(&plan, 7), AXADDR_OK);
    CHECK_STR(trace, "fence; sbi 3 21 2 80001000 1000 9; sbi 3 21 2 0 0 9; "
                     "sbi 3 0 ffffffffffffffff 0 0 9; sbi 4 0 ffffffffffffffff 0 0 9; ");
    trace[0] = '\0';
    CHECK_EQ(riscv_flush_remote(&plan, 15), AXADDR_UNSUPPORTED);
    CHECK_EQ(riscv.call_count, 4);
    plan.vmid = 0;
    trace[0] = '\0';
    CHECK_EQ(riscv_flush_remote(&plan, 7), AXADDR_UNSUPPORTED);
    CHECK_STR(trace, "fence; sbi 4 21 2 80001000 1000 0; sbi 4 21 2 0 0 0; "
                     "sbi 4 0 ffffffffffffffff 0 0 0; ");
    CHECK(fault == 0);
}

static void riscv_forgets_what_a_plan_says(void) {
    static const uint32_t vmids[3][3] = {{5, 6, 0x1005}, {0x3fff, 5, 0x1fff}, {0, 6, 7}};
    unsigned i;

    random_state = SEED;
    for (i = 0; i < PLAN_COUNT && !check_case_failed; i++) {
        struct axaddr_flush plan;

        plan_random(&plan, 4, vmids[random_below(3)]);
        riscv_flush(&plan, random_below(2) == 0);
        check_forgotten(&plan, 1, plan.vmid != 0);
    }
}

static void riscv_harts_forget_what_a_plan_says(void) {
    static const uint32_t vmids[2][3] = {{5, 6, 0x1005}, {0, 6, 7}};
    unsigned i;

    random_state = SEED + 1;
    for (i = 0; i < PLAN_COUNT && !check_case_failed; i++) {
        uint64_t failures = random_below(2) == 0 ? 0 : random_below(16);
        struct axaddr_flush plan;
        unsigned cpus;

        plan_random(&plan, 4, vmids[random_below(2)]);
        cpus = plan.cpus == 0 ? CPU_ALL : (unsigned)plan.cpus;
        if (riscv_flush_remote(&plan, failures) == AXADDR_OK) {
            check_forgotten(&plan, cpus, plan.vmid != 0 && failures == 0);
        } else {
            CHECK(failures != 0);
        }
    }
}

/* ---- x86 ---- */

/** A logical processor (CPU 0). */
static struct {
    bool has_invpcid;
    uint32_t loaded;  /* the PCID in CR3, or AXADDR_X86_NO_PCID: CR4.PCIDE is 0 */
    unsigned refused; /* INVEPT types: bit 1 single context, bit 2 all */
} x86;

static bool x86_is_canonical(axaddr_gva_t address) {
    return address.raw + (UINT64_C(1) << 47) < UINT64_C(1) << 48;
}

/** The tag of what is cached for the loaded table; 0, which is any, without PCIDs. */
static uint32_t x86_tag(void) {
    return x86.loaded == AXADDR_X86_NO_PCID ? 0 : x86.loaded;
}

static enum axaddr_status x86_invept(void *ctx, uint64_t type, uint64_t eptp) {
    (void)ctx;
    note("invept %" PRIu64 " %" PRIx64 "; ", type, eptp);
    return (x86.refused >> type & 1) != 0 ? AXADDR_INVALID : AXADDR_OK;
}

static void x86_invlpg(void *ctx, axaddr_gva_t address) {
    uint64_t linear = address.raw & UINT64_C(0xffffffffffff);

    CHECK(ctx == &x86);
    note("invlpg %" PRIx64 "; ", address.raw);
    if (x86_is_canonical(address)) { /* it does nothing for another */
        drop(LEAF | COMBINED, 1, x86_tag(), linear, linear);
    }
}

static void x86_invpcid(void *ctx, uint64_t type, uint64_t pcid, axaddr_gva_t address) {
    uint64_t linear = address.raw & UINT64_C(0xffffffffffff);

    CHECK(ctx == &x86);
    note("invpcid %" PRIu64 " %" PRIx64 " %" PRIx64 "; ", type, pcid, address.raw);
    if (!x86.has_invpcid) {
        complain("INVPCID: undefined instruction");
    }
    if (type > 3 || pcid > 0xfff || (type == 0 && !x86_is_canonical(address)) ||
        (x86.loaded == AXADDR_X86_NO_PCID && type < 2 && pcid != 0)) {
        complain("INVPCID: general protection");
    }
    if (type == 0) {
        drop(LEAF | COMBINED, 1, (uint32_t)pcid, linear, linear);
    } else {
        drop(LEAF | TABLE | COMBINED, 1, type == 1 ? (uint32_t)pcid : 0, 0, UINT64_MAX);
    }
}

static uint32_t x86_loaded_pcid(void *ctx) {
    (void)ctx;
    return x86.loaded;
}

static void x86_reload_cr3(void *ctx) {
    (void)ctx;
    note("cr3; ");
    drop(LEAF | TABLE | COMBINED, 1, x86_tag(), 0, UINT64_MAX);
}

static void x86_toggle_pge(void *ctx) {
    (void)ctx;
    note("pge; ");
    drop(LEAF | TABLE | COMBINED, 1, 0, 0, UINT64_MAX);
}

static const struct axaddr_x86_tlb x86_tlb = {x86_invept,      x86_invlpg,     x86_invpcid,
                                              x86_loaded_pcid, x86_reload_cr3, x86_toggle_pge};

static void x86_flush(const struct axaddr_flush *plan, uint32_t loaded, bool has_invpcid) {
    x86.loaded = loaded;
    x86.has_invpcid = has_invpcid;
    axaddr_x86_64_flush_with(plan, has_invpcid, &x86_tlb, &x86);
}

static void x86_64_by_hand(void) {
    struct axaddr_flush plan;

    plan_none(&plan, 7);
    x86_flush(&plan, 7, true);
    CHECK_STR(trace, "");
    /* Addresses as the table has them, 48 bits, and as the instructions want them. */
    plan_range(&plan, 7, UINT64_C(0x00007ffffffff000), UINT64_C(0x0000800000000fff), 12);
    axaddr_flush_add(&plan, UINT64_C(0xffffffffc0000000), UINT64_MAX, 30);
    x86_flush(&plan, 7, true);
    CHECK_STR(trace, "invlpg 7ffffffff000; invlpg ffff800000000000; invlpg ffffffffc0000000; ");
    trace[0] = '\0';
    x86_flush(&plan, 8, true);
    CHECK_STR(trace, "invpcid 0 7 7ffffffff000; invpcid 0 7 ffff800000000000; "
                     "invpcid 0 7 ffffffffc0000000; ");
    trace[0] = '\0';
    x86_flush(&plan, 8, false);
    CHECK_STR(trace, "pge; ");
    plan.has_tables = true;
    trace[0] = '\0';
    x86_flush(&plan, 7, true);
    x86_flush(&plan, 8, true);
    x86_flush(&plan, 8, false);
    CHECK_STR(trace, "cr3; invpcid 1 7 0; pge; ");

    /* Without PCIDs all is one; with them, a plan without one, or with none that is, is of all. */
    plan_range(&plan, 0, 0x5000, 0x5fff, 12);
    x86_flush(&plan, AXADDR_X86_NO_PCID, true);
    x86_flush(&plan, 0, true);
    x86_flush(&plan, 0, false);
    CHECK_STR(trace, "invlpg 5000; invpcid 3 0 0; pge; ");
    plan_range(&plan, 0x1000, 0x5000, 0x5fff, 12);
    x86_flush(&plan, 0, true);
    CHECK_STR(trace, "invpcid 3 0 0; ");
    plan_none(&plan, 0);
    plan.is_full = true;
    x86_flush(&plan, AXADDR_X86_NO_PCID, false);
    CHECK_STR(trace, "cr3; ");
    CHECK(fault == 0);
}

static void x86_64_forgets_what_a_plan_says(void) {
    static const uint32_t pcids[3][3] = {{5, 6, 0x805}, {0xfff, 5, 0x7ff}, {0, 6, 7}};
    unsigned i;

    random_state = SEED;
    for (i = 0; i < PLAN_COUNT && !check_case_failed; i++) {
        const uint32_t *pcid = pcids[random_below(3)];
        uint32_t loaded = random_below(4) == 0 ? AXADDR_X86_NO_PCID : pcid[random_below(2)];
        bool has_invpcid = random_below(2) == 0;
        struct axaddr_flush plan;

        plan_random(&plan, 3, pcid);
        x86_flush(&plan, loaded, has_invpcid);
        check_forgotten(&plan, 1,
                        plan.vmid != 0 && (loaded == plan.vmid || has_invpcid) &&
                            loaded != AXADDR_X86_NO_PCID);
    }
}

static void ept_by_context_or_whole(void) {
    const uint64_t eptp = UINT64_C(0x12345601e);
    struct axaddr_flush plan;

    x86.refused = 0;
    plan_none(&plan, 0);
    CHECK_EQ(axaddr_x86_ept_flush_with(&plan, eptp, &x86_tlb, 0), AXADDR_OK);
    CHECK_STR(trace, "");
    axaddr_flush_add(&plan, 0x5000, 0x5fff, 12);
    CHECK_EQ(axaddr_x86_ept_flush_with(&plan, eptp, &x86_tlb, 0), AXADDR_OK);
    CHECK_STR(trace, "invept 1 12345601e; ");
    plan_none(&plan, 0);
    plan.has_tables = true;
    x86.refused = 1 << 1;
    CHECK_EQ(axaddr_x86_ept_flush_with(&plan, eptp, &x86_tlb, 0), AXADDR_OK);
    CHECK_STR(trace, "invept 1 12345601e; invept 2 0; ");
    x86.refused = 1 << 1 | 1 << 2;
    CHECK_EQ(axaddr_x86_ept_flush_with(&plan, eptp, &x86_tlb, 0), AXADDR_INVALID);
}

static void npt_asks_vmrun(void) {
    /* APM vol. 2, 15.16.1: 0 nothing, 1 all, 3 this guest's, 7 this guest's but global ones. */
    struct axaddr_flush plan;
    uint8_t tlb_control = 0;

    axaddr_flush_init(&plan);
    CHECK_EQ(axaddr_x86_npt_tlb_control(&plan, true), 0);
    CHECK_EQ(axaddr_x86_npt_tlb_control(&plan, false), 0);
    axaddr_x86_npt_flush(&plan, true, &tlb_control);
    CHECK_EQ(tlb_control, 0);
    plan.has_tables = true;
    CHECK_EQ(axaddr_x86_npt_tlb_control(&plan, true), 3);
    CHECK_EQ(axaddr_x86_npt_tlb_control(&plan, false), 1);
    axaddr_x86_npt_flush(&plan, true, &tlb_control);
    CHECK_EQ(tlb_control, 3);
    axaddr_flush_init(&plan);
    axaddr_x86_npt_flush(&plan, true, &tlb_control); /* an empty plan takes nothing back */
    CHECK_EQ(tlb_control, 3);
    axaddr_flush_add(&plan, 0x1000, 0x1fff, 12);
    axaddr_x86_npt_flush(&plan, false, &tlb_control);
    CHECK_EQ(tlb_control, 1);
    axaddr_x86_npt_flush(&plan, true, &tlb_control); /* "all" is not narrowed */
    CHECK_EQ(tlb_control, 1);
    tlb_control = 7; /* it would keep what the guest calls global */
    axaddr_x86_npt_flush(&plan, true, &tlb_control);
    CHECK_EQ(tlb_control, 3);
}

int main(void) {
    printf("test_tlb: seed 0x%" PRIx64 "\n", SEED);
    CASE(steps_are_levels_apart);
    CASE(steps_are_counted_or_too_many);
    CASE(aarch64_by_hand);
    CASE(aarch64_ranges_by_hand);
    CASE(aarch64_forgets_what_a_plan_says);
    CASE(aarch64_operands_keep_to_their_fields);
    CASE(aarch64_features);
    CASE(riscv_by_hand);
    CASE(riscv_is_full_is_told);
    CASE(riscv_remote_by_hand);
    CASE(riscv_remote_falls_back);
    CASE(riscv_forgets_what_a_plan_says);
    CASE(riscv_harts_forget_what_a_plan_says);
    CASE(x86_64_by_hand);
    CASE(x86_64_forgets_what_a_plan_says);
    CASE(ept_by_context_or_whole);
    CASE(npt_asks_vmrun);
    return check_report("test_tlb");
}
