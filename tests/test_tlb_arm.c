/* SPDX-License-Identifier: MIT
 *
 * test_tlb_arm.c: the executors of 32-bit Arm against operations written out from ARM DDI 0406C
 * (B4.2.2) by hand; and for pseudo-random plans, whether each leaf of the plan is named.
 */
#include "../axaddr_arch/arm_tlb.h"
#include "check.h"

#define SEED UINT64_C(0x9e3779b97f4a7c15)

static char notes[8192];
/** The operands of operations by address, and the order of all. */
static uint32_t named[256];
static unsigned named_count;

__attribute__((format(printf, 1, 2))) static void note(const char *text, ...) {
    size_t used = strlen(notes);
    va_list arguments;

    va_start(arguments, text);
    vsnprintf(notes + used, sizeof notes - used, text, arguments);
    va_end(arguments);
}

/* ---- recorded operations ---- */

static int context;

static void tlbi(void *ctx, enum axaddr_arm_tlbi what, uint32_t operand) {
    static const char *const names[] = {"mvais",     "mvaais", "asidis", "allis",
                                        "allnsnhis", "mvahis", "allhis", "bpiallis"};

    CHECK(ctx == &context);
    note("%s %" PRIx32 "; ", names[what], operand);
    if (what == AXADDR_ARM_TLBIMVAIS || what == AXADDR_ARM_TLBIMVAAIS ||
        what == AXADDR_ARM_TLBIMVAHIS) {
        named[named_count++] = operand;
    }
}

static void barrier(void *ctx, enum axaddr_arm_barrier what) {
    static const char *const names[] = {"dsb ishst; ", "dsb ish; ", "isb; "};

    CHECK(ctx == &context);
    note("%s", names[what]);
}

static uint64_t read_vttbr(void *ctx) {
    (void)ctx;
    return UINT64_C(5) << 48 | UINT64_C(0xff00001000);
}

static void write_vttbr(void *ctx, uint64_t vttbr) {
    CHECK(ctx == &context);
    note("vttbr %" PRIx64 "; ", vttbr);
}

static const struct axaddr_arm_tlb recorder = {tlbi, barrier, read_vttbr, write_vttbr};

#define END "bpiallis 0; dsb ish; isb; "

/* ---- plans ---- */

static struct axaddr_flush plan;

static void plan_begin(uint32_t tag) {
    axaddr_flush_init(&plan);
    plan.vmid = tag;
    notes[0] = '\0';
    named_count = 0;
}

static void plan_range(uint64_t first, uint64_t last, unsigned stride_shift) {
    axaddr_flush_add(&plan, first, last, stride_shift);
}

/* ---- stage 2 ---- */

static void run_stage2(void) {
    axaddr_arm_stage2_flush_with(&plan, axaddr_hpa(0xfe80002000), &recorder, &context);
}

/** No operation names an IPA: all of the VM that is loaded, or loaded for it. */
static void stage2(void) {
    plan_begin(5);
    plan_range(0x1000, 0x1fff, 12);
    run_stage2();
    CHECK_STR(notes, "dsb ishst; allis 0; " END);
    plan_begin(5);
    plan.is_full = true;
    run_stage2();
    CHECK_STR(notes, "dsb ishst; allis 0; " END);
    plan_begin(0xff);
    plan.has_tables = true;
    run_stage2();
    CHECK_STR(notes,
              "dsb ish; vttbr ff00fe80002000; isb; allis 0; " END "vttbr 500ff00001000; isb; ");
    plan_begin(0x105); /* a VMID of nine bits: not told, so all of them */
    plan_range(0x1000, 0x1fff, 12);
    run_stage2();
    CHECK_STR(notes, "dsb ishst; allnsnhis 0; " END);
    plan_begin(0);
    plan_range(0x1000, 0x1fff, 12);
    run_stage2();
    CHECK_STR(notes, "dsb ishst; allnsnhis 0; " END);
    plan_begin(6);
    run_stage2();
    CHECK_STR(notes, "");
}

/* ---- stage 1 ---- */

static const struct axaddr_arm_stage1_tables lpae = {false, false};
static const struct axaddr_arm_stage1_tables short_ = {true, false};
static const struct axaddr_arm_stage1_tables global = {false, true};

static void run_stage1(const struct axaddr_arm_stage1_tables *tables) {
    axaddr_arm_stage1_flush_with(&plan, tables, &recorder, &context);
}

/** MVA[31:12], ASID 7:0. */
static void stage1_by_address(void) {
    plan_begin(0xab);
    plan_range(0xfffff000, 0xffffffff, 12);
    run_stage1(&lpae);
    CHECK_STR(notes, "dsb ishst; mvais fffff0ab; " END);
    plan_begin(0);
    plan_range(0x5000, 0x6fff, 12);
    run_stage1(&short_);
    CHECK_STR(notes, "dsb ishst; mvaais 5000; mvaais 6000; " END);
    plan_begin(0x100); /* an ASID of nine bits: not told */
    plan_range(0x5000, 0x5fff, 12);
    run_stage1(&lpae);
    CHECK_STR(notes, "dsb ishst; mvaais 5000; " END);
    plan_begin(1); /* two sections of 1 MiB; the end of the address space */
    plan_range(0xffe00000, 0xffffffff, 20);
    run_stage1(&short_);
    CHECK_STR(notes, "dsb ishst; mvais ffe00001; mvais fff00001; " END);
    plan_begin(1); /* a supersection is 16 sections */
    plan_range(0x1000000, 0x1ffffff, 24);
    run_stage1(&short_);
    CHECK_EQ(named_count, 16);
    CHECK_EQ(named[15], 0x1f00001);
    plan_begin(1); /* a large page is 16 pages */
    plan_range(0x10000, 0x1ffff, 16);
    run_stage1(&short_);
    CHECK_EQ(named_count, 16);
    CHECK_EQ(named[15], 0x1f001);
    plan_begin(1);
    plan_range(0x200000, 0x5fffff, 21);
    plan_range(0x80000000, 0xbfffffff, 30);
    run_stage1(&lpae);
    CHECK_STR(notes, "dsb ishst; mvais 200001; mvais 400001; mvais 80000001; " END);
    plan_begin(1); /* 2 MiB are two sections */
    plan_range(0x200000, 0x3fffff, 21);
    run_stage1(&short_);
    CHECK_STR(notes, "dsb ishst; mvais 200001; mvais 300001; " END);
}

static void stage1_everything(void) {
    plan_begin(0x12);
    plan.is_full = true;
    run_stage1(&lpae);
    CHECK_STR(notes, "dsb ishst; asidis 12; " END);
    plan_begin(0x12);
    plan.has_tables = true;
    plan_range(0x5000, 0x5fff, 12);
    run_stage1(&global);
    CHECK_STR(notes, "dsb ishst; allis 0; " END);
    plan_begin(0);
    plan.is_full = true;
    run_stage1(&short_);
    CHECK_STR(notes, "dsb ishst; allis 0; " END);
    plan_begin(1);
    run_stage1(&lpae);
    CHECK_STR(notes, "");
    plan_begin(3); /* 64 pages are named, 65 are not */
    plan_range(0, 0x3ffff, 12);
    run_stage1(&lpae);
    CHECK_EQ(named_count, 64);
    plan_begin(3);
    plan_range(0, 0x40fff, 12);
    run_stage1(&lpae);
    CHECK_STR(notes, "dsb ishst; asidis 3; " END);
    plan_begin(3); /* malformed: backwards, beyond 32 bits, too many */
    plan_range(0x5000, 0x4fff, 12);
    run_stage1(&lpae);
    CHECK_STR(notes, "dsb ishst; asidis 3; " END);
    plan_begin(3);
    plan_range(0xfffff000, 0x100000fff, 12);
    run_stage1(&lpae);
    CHECK_STR(notes, "dsb ishst; asidis 3; " END);
    plan_begin(3);
    plan_range(0x5000, 0x5fff, 12);
    plan.range_count = AXADDR_FLUSH_RANGE_MAX + 1;
    run_stage1(&lpae);
    CHECK_STR(notes, "dsb ishst; asidis 3; " END);
}

static void hyp(void) {
    plan_begin(7); /* there is no ASID in the operands */
    plan_range(0x40000000, 0x7fffffff, 30);
    axaddr_arm_hyp_flush_with(&plan, &recorder, &context);
    CHECK_STR(notes, "dsb ishst; mvahis 40000000; " END);
    plan_begin(0);
    plan.is_full = true;
    axaddr_arm_hyp_flush_with(&plan, &recorder, &context);
    CHECK_STR(notes, "dsb ishst; allhis 0; " END);
    plan_begin(0);
    axaddr_arm_hyp_flush_with(&plan, &recorder, &context);
    CHECK_STR(notes, "");
}

/* ---- random plans ---- */

static uint64_t random_state = SEED;

static uint64_t random_below(uint64_t limit) {
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return (random_state >> 11) % limit;
}

static bool is_leaf_named(uint64_t first, uint64_t last, uint32_t asid) {
    unsigned i;

    for (i = 0; i < named_count; i++) {
        if ((named[i] & ~UINT32_C(0xfff)) >= first && (named[i] & ~UINT32_C(0xfff)) <= last &&
            (named[i] & 0xfff) == asid) {
            return true;
        }
    }
    return false;
}

/** In every leaf of a plan something is named, and nothing outside of it. */
static void random_plans(void) {
    static const unsigned leaves[2][3] = {{12, 21, 30}, {12, 20, 20}};
    unsigned round;

    for (round = 0; round < 3000; round++) {
        struct axaddr_arm_stage1_tables tables = {random_below(2) == 0, false};
        unsigned shift = leaves[tables.is_short][random_below(3)];
        uint64_t count = 1 + random_below(shift == 30 ? 2 : 60);
        uint64_t first = random_below((UINT64_C(1) << (32 - shift)) - count + 1) << shift;
        uint64_t last = first + (count << shift) - 1;
        uint32_t asid = (uint32_t)random_below(256);
        uint64_t at;
        unsigned i;

        snprintf(check_context, sizeof check_context, "round %u", round);
        plan_begin(asid);
        plan_range(first, last, shift);
        run_stage1(&tables);
        for (at = first; at < last; at += UINT64_C(1) << shift) {
            CHECK(is_leaf_named(at, at + (UINT64_C(1) << shift) - 1, asid));
        }
        for (i = 0; i < named_count; i++) {
            CHECK(named[i] >= first && (named[i] & ~UINT32_C(0xfff)) <= last);
        }
    }
}

int main(void) {
    printf("test_tlb_arm: seed 0x%" PRIx64 "\n", SEED);
    CASE(stage2);
    CASE(stage1_by_address);
    CASE(stage1_everything);
    CASE(hyp);
    CASE(random_plans);
    return check_report("test_tlb_arm");
}
