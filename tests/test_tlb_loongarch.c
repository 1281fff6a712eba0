/* SPDX-License-Identifier: MIT
 *
 * test_tlb_loongarch.c: what the executor for LoongArch64 does, on a simulated TLB with pairs of
 * several ASIDs and global ones, which does no more than the manual promises (4.2.4.7 INVTLB, 5.4.2
 * TLB entries). Beside it, sequences that were written out by hand, and plans of the engine.
 */
#include "../axaddr.h"
#include "../axaddr_arch/loongarch64.h"
#include "check.h"

#define SEED       UINT64_C(0x9e3779b97f4a7c15)
#define PLAN_COUNT 3000
#define CACHED_MAX 4000

static uint64_t random_state;

static uint64_t random_below(uint64_t limit) {
    uint64_t z = (random_state += UINT64_C(0x9e3779b97f4a7c15));
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return (z ^ (z >> 31)) % limit;
}

/* ---- what a CPU holds ---- */

/** A pair: two pages, or the halves of a huge one. Addresses as hardware has them. */
struct cached {
    uint64_t first;
    uint64_t last;
    uint32_t asid;
    bool is_global;
    bool is_dropped;
};

static struct {
    struct cached cached[CACHED_MAX];
    unsigned cached_count;
    const char *fault;
    char trace[8192];
} machine;

static void reset(void) {
    memset(&machine, 0, sizeof machine);
}

/** Table 13: op 0 all; 4 an ASID, 5 an address of an ASID, G 0; 6 an address, G 1 or of an ASID. */
static void run_invtlb(void *ctx, enum axaddr_loongarch64_invtlb operation, uint32_t asid,
                       uint64_t gva) {
    size_t used = strlen(machine.trace);
    unsigned op = (unsigned)operation;
    unsigned i;

    if (op == 0) {
        snprintf(machine.trace + used, sizeof machine.trace - used, "0; ");
    } else if (op == 4) {
        snprintf(machine.trace + used, sizeof machine.trace - used, "4 %" PRIu32 "; ", asid);
    } else {
        snprintf(machine.trace + used, sizeof machine.trace - used, "%u %" PRIu32 " %" PRIx64 "; ",
                 op, asid, gva);
    }
    if (ctx != &machine || (op != 0 && op != 4 && op != 5 && op != 6) || asid > 0x3ff) {
        machine.fault = "an operation or an ASID that is none";
    }
    for (i = 0; i < machine.cached_count; i++) {
        struct cached *c = &machine.cached[i];
        bool is_there = op == 0 || op == 4 || (c->first <= gva && c->last >= gva);
        bool is_tagged = op == 0 || (c->asid == asid && !c->is_global) ||
                         (op == 6 && (c->is_global || c->asid == asid));

        c->is_dropped = c->is_dropped || (is_there && is_tagged);
    }
}

static const struct axaddr_loongarch64_tlb tlb = {run_invtlb};

static void run_flush(const struct axaddr_flush *plan,
                      const struct axaddr_loongarch64_tables *tables) {
    axaddr_loongarch64_flush_with(plan, tables, &tlb, &machine);
}

/* ---- by hand ---- */

static const struct axaddr_loongarch64_tables plain = {false, 0};
static const struct axaddr_loongarch64_tables global = {true, 0};
static const struct axaddr_loongarch64_tables upper = {false, 0xffff800000000000};

static struct axaddr_flush two_ranges(uint32_t asid) {
    struct axaddr_flush plan;

    axaddr_flush_init(&plan);
    axaddr_flush_add(&plan, 0x8000, 0xffff, 14);
    axaddr_flush_add(&plan, 0x7fff80000000, 0x7fff81ffffff, 25);
    plan.vmid = asid;
    return plan;
}

static void flush_says(const struct axaddr_flush *plan,
                       const struct axaddr_loongarch64_tables *tables, const char *expected) {
    reset();
    run_flush(plan, tables);
    CHECK_STR(machine.trace, expected);
    CHECK(machine.fault == 0);
}

static void by_hand(void) {
    struct axaddr_flush plan = two_ranges(7);

    flush_says(&plan, &plain, "5 7 8000; 5 7 c000; 5 7 7fff80000000; ");
    flush_says(&plan, &global, "6 7 8000; 6 7 c000; 6 7 7fff80000000; ");
    flush_says(&plan, &upper, "5 7 ffff800000008000; 5 7 ffff80000000c000; 5 7 ffffffff80000000; ");
    plan.vmid = 0x3ff;
    flush_says(&plan, &plain, "5 1023 8000; 5 1023 c000; 5 1023 7fff80000000; ");
    plan.vmid = 0x400; /* no ASID: all of them */
    flush_says(&plan, &plain, "0; ");
    plan.vmid = 0;
    flush_says(&plan, &plain, "0; ");
    flush_says(&plan, &global, "0; ");
    plan.vmid = 7;
    plan.has_tables = true;
    flush_says(&plan, &plain, "4 7; ");
    flush_says(&plan, &global, "0; ");
    plan.has_tables = false;
    plan.is_full = true;
    flush_says(&plan, &plain, "4 7; ");
    flush_says(&plan, &global, "0; ");
    axaddr_flush_init(&plan);
    flush_says(&plan, &plain, "");
    flush_says(&plan, &global, "");
}

/** The last page of all, of which the next address is none; and ranges that are none. */
static void edges(void) {
    struct axaddr_flush plan;

    axaddr_flush_init(&plan);
    plan.vmid = 1;
    axaddr_flush_add(&plan, 0xffffffffffffe000, UINT64_MAX, 12);
    flush_says(&plan, &plain, "5 1 ffffffffffffe000; 5 1 fffffffffffff000; ");
    plan.ranges[0].first = 0x2000;
    plan.ranges[0].last = 0x1fff;
    flush_says(&plan, &plain, "4 1; ");
    plan.ranges[0].first = 0x5000;
    axaddr_flush_add(&plan, 0x100000, 0x10ffff, 12);
    flush_says(&plan, &plain, "4 1; ");
    plan.range_count = 1;
    plan.ranges[0].first = 0;
    plan.ranges[0].last = 0x40fff; /* 65 pages */
    flush_says(&plan, &plain, "4 1; ");
    plan.ranges[0].stride_shift = 14; /* or 17 larger ones */
    CHECK_EQ(axaddr_loongarch64_step_count(&plan), 17);
    plan.ranges[0].last = 0x3ffff;
    plan.ranges[0].stride_shift = 12;
    CHECK_EQ(axaddr_loongarch64_step_count(&plan), 64);
    plan.range_count = AXADDR_FLUSH_RANGE_MAX + 1;
    flush_says(&plan, &plain, "4 1; ");
}

/* ---- plans, at random ---- */

static void cache(uint64_t first, uint64_t size, uint32_t asid, bool is_global) {
    struct cached *c = &machine.cached[machine.cached_count];

    if (machine.cached_count < CACHED_MAX) {
        machine.cached_count++;
        c->first = first & ~(size - 1);
        c->last = c->first + (size - 1);
        c->asid = asid;
        c->is_global = is_global;
    }
}

/** A plan of whole leaves, with everything in the TLB that it says must go. */
static struct axaddr_flush any_plan(unsigned page_shift, uint32_t asid,
                                    const struct axaddr_loongarch64_tables *tables) {
    unsigned huge_shift = 2 * page_shift - 3;
    unsigned count = 1 + (unsigned)random_below(4);
    uint64_t at = random_below(1024) << page_shift;
    struct axaddr_flush plan;

    axaddr_flush_init(&plan);
    plan.vmid = asid;
    plan.is_full = random_below(8) == 0;
    plan.has_tables = random_below(8) == 0;
    while (count-- > 0) {
        bool is_huge = random_below(3) == 0;
        unsigned shift = is_huge ? huge_shift : page_shift;
        uint64_t leaf_count = 1 + random_below(20);
        uint64_t i;

        at = (at + (UINT64_C(1) << shift)) >> shift << shift;
        for (i = 0; i < leaf_count; i++) {
            uint64_t leaf = (at + (i << shift)) | tables->above;

            /* A huge page is a pair by itself; a page shares its pair with another. */
            cache(leaf, UINT64_C(1) << (is_huge ? shift : shift + 1), asid,
                  tables->has_global && random_below(2) == 0);
        }
        axaddr_flush_add(&plan, at, at + (leaf_count << shift) - 1, shift);
        at += (leaf_count << shift) + (random_below(64) << page_shift);
    }
    return plan;
}

static void forgets_what_a_plan_says(void) {
    unsigned round;

    random_state = SEED;
    for (round = 0; round < PLAN_COUNT && !check_case_failed; round++) {
        unsigned page_shift = random_below(2) == 0 ? 12 : 14;
        struct axaddr_loongarch64_tables tables;
        struct axaddr_flush plan;
        unsigned i;

        reset();
        tables.has_global = random_below(2) == 0;
        tables.above = random_below(2) == 0 ? 0 : 0xffff800000000000;
        plan = any_plan(page_shift, 1 + (uint32_t)random_below(1023), &tables);
        run_flush(&plan, &tables);
        for (i = 0; i < machine.cached_count; i++) {
            CHECK(machine.cached[i].is_dropped);
        }
        CHECK(machine.fault == 0 && machine.cached_count > 0);
    }
}

/** Another address space keeps what is its own, and pages outside of the plan stay. */
static void others_are_kept(void) {
    struct axaddr_flush plan = two_ranges(7);

    reset();
    cache(0x8000, 0x8000, 8, false);
    cache(0x10000, 0x8000, 7, false);
    run_flush(&plan, &plain);
    run_flush(&plan, &global);
    CHECK(!machine.cached[0].is_dropped && !machine.cached[1].is_dropped);
    plan.is_full = true;
    run_flush(&plan, &plain);
    CHECK(!machine.cached[0].is_dropped && machine.cached[1].is_dropped);
}

/* ---- plans of the engine ---- */

static uint64_t frames[64][2048] __attribute__((aligned(16384)));
static unsigned frame_count;
static struct axaddr_flush last_plan;

static bool take_frame(void *ctx, axaddr_hpa_t *frame) {
    (void)ctx;
    *frame = axaddr_hpa(UINT64_C(0x80000000) + 16384 * (uint64_t)frame_count);
    return frame_count++ < 64;
}

static void give_frame(void *ctx, axaddr_hpa_t frame) {
    (void)ctx;
    (void)frame;
}

static void *frame_at(void *ctx, axaddr_hpa_t frame) {
    (void)ctx;
    return frames[(frame.raw - 0x80000000) / 16384];
}

static void keep_plan(void *ctx, const struct axaddr_flush *plan) {
    (void)ctx;
    last_plan = *plan;
}

static const struct axaddr_hal hal = {
    .alloc_frame = take_frame,
    .free_frame = give_frame,
    .frame_at = frame_at,
    .flush_tlb = keep_plan,
};
AXADDR_DEFINE_SPACE(half, axaddr_loongarch64_16k_47, hal);

/** Addresses of a half are from 0; what hardware has above them comes with the executor. */
static void plans_of_the_engine(void) {
    static struct half space;
    axaddr_gpa_t page = axaddr_gpa(0x7fffc2344000);

    CHECK_EQ(half_init(&space, 0, axaddr_gpa(0), UINT64_C(1) << 47), AXADDR_OK);
    CHECK_EQ(half_map_linear(&space, page, axaddr_hpa(0x90000000), 0x8000,
                             AXADDR_READ | AXADDR_WRITE | AXADDR_USER),
             AXADDR_OK);
    CHECK_EQ(half_map_linear(&space, axaddr_gpa(0x2000000), axaddr_hpa(0x92000000), 0x2000000,
                             AXADDR_READ),
             AXADDR_OK);
    CHECK_EQ(half_protect(&space, page, 0x4000, AXADDR_READ), AXADDR_OK);
    last_plan.vmid = 9;
    flush_says(&last_plan, &upper, "5 9 ffffffffc2344000; ");
    CHECK_EQ(half_unmap(&space, page, 0x8000), AXADDR_OK);
    last_plan.vmid = 9;
    flush_says(&last_plan, &plain, "4 9; "); /* its tables went as well */
    CHECK_EQ(half_unmap(&space, axaddr_gpa(0x2000000), 0x2000000), AXADDR_OK);
    last_plan.vmid = 9;
    last_plan.has_tables = false;
    flush_says(&last_plan, &plain, "5 9 2000000; ");
    half_destroy(&space);
}

/**
 * A lazy page: what was absent may be in the TLB as an invalid pair, so a fault on what is mapped
 * has it forgotten; and one that a note was cleared of, too.
 */
static void faults_forget(void) {
    static struct half space;
    axaddr_gpa_t page = axaddr_gpa(0x40000000);

    CHECK_EQ(half_init(&space, 0, axaddr_gpa(0), UINT64_C(1) << 47), AXADDR_OK);
    CHECK_EQ(
        half_map_linear(&space, page, axaddr_hpa(0x90000000), 0x4000, AXADDR_READ | AXADDR_WRITE),
        AXADDR_OK);
    axaddr_flush_init(&last_plan);
    CHECK_EQ(half_handle_fault(&space, page, AXADDR_READ), AXADDR_FAULT_SPURIOUS);
    CHECK_EQ(last_plan.ranges[0].first, page.raw);
    CHECK_EQ(half_harvest(&space, page, 0x4000, AXADDR_NOTES), AXADDR_OK);
    axaddr_flush_init(&last_plan);
    CHECK_EQ(half_handle_fault(&space, page, AXADDR_READ), AXADDR_FAULT_RESOLVED);
    CHECK_EQ(last_plan.ranges[0].first, page.raw);
    axaddr_flush_init(&last_plan);
    CHECK_EQ(half_handle_fault(&space, page, AXADDR_WRITE), AXADDR_FAULT_RESOLVED);
    CHECK_EQ(last_plan.ranges[0].first, page.raw);
    CHECK_EQ(half_handle_fault(&space, page, AXADDR_WRITE), AXADDR_FAULT_SPURIOUS);
    half_destroy(&space);
}

int main(void) {
    printf("test_tlb_loongarch: seed 0x%" PRIx64 "\n", SEED);
    CASE(by_hand);
    CASE(edges);
    CASE(forgets_what_a_plan_says);
    CASE(others_are_kept);
    CASE(plans_of_the_engine);
    CASE(faults_forget);
    return check_report("test_tlb_loongarch");
}
