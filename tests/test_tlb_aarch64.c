/* SPDX-License-Identifier: MIT
 *
 * test_tlb_aarch64.c: the AArch64 executors for stage 1, and for stage 2 with the larger granules,
 * against instructions written out from ARM DDI 0487 (C5.5) by hand; and by a TLB that drops just
 * what a TLBI names. (test_tlb.c has stage 2 with 4 KiB granules.)
 */
#include "../axaddr_arch/aarch64_tlb.h"
#include "check.h"

#define SEED UINT64_C(0x9e3779b97f4a7c15)

static char notes[4096];

__attribute__((format(printf, 1, 2))) static void note(const char *text, ...) {
    size_t used = strlen(notes);
    va_list arguments;

    va_start(arguments, text);
    vsnprintf(notes + used, sizeof notes - used, text, arguments);
    va_end(arguments);
}

/** The page numbers (of a granule) that TLBIs have named since the last flush began. */
static struct {
    unsigned page_shift;
    bool has_ds;    /* BaseADDR is a number of 64 KiB */
    unsigned width; /* of the addresses that count */
    uint64_t first[4096];
    uint64_t last[4096];
    unsigned count;
} named;

/** By address: VA[55:12] 43:0, TTL 47:44. */
static void name_page(uint64_t operand) {
    uint64_t address = operand << 20 >> 20 << 12;

    address &= axaddr_low_bits(named.width);
    named.first[named.count] = named.last[named.count] = address >> named.page_shift;
    named.count++;
}

/** By range: BaseADDR 36:0 in granules or, with DS, 64 KiB; NUM 43:39, SCALE 45:44, TG 47:46. */
static void name_range(uint64_t operand) {
    uint64_t count = ((operand >> 39 & 0x1f) + 1) << (5 * (operand >> 44 & 3) + 1);
    unsigned base_shift = named.has_ds ? 16 : named.page_shift;
    uint64_t first = (operand & axaddr_low_bits(named.width - base_shift))
                     << (base_shift - named.page_shift);

    CHECK_EQ(operand >> 46 & 3, (named.page_shift - 12) / 2 + 1);
    CHECK_EQ(operand >> 37 & 3, 0);
    named.first[named.count] = first;
    named.last[named.count] = first + count - 1;
    named.count++;
}

/* ---- recorded instructions ---- */

static void barrier(void *ctx, enum axaddr_aarch64_barrier what) {
    static const char *const names[] = {"dsb ishst; ", "dsb ish; ", "isb; "};

    (void)ctx;
    note("%s", names[what]);
}

static void stage1_tlbi(void *ctx, enum axaddr_aarch64_stage1_tlbi what, uint64_t operand) {
    static const char *const names[] = {"vae1is",    "rvae1is", "vaae1is", "rvaae1is", "aside1is",
                                        "vmalle1is", "vae2is",  "rvae2is", "alle2is"};

    (void)ctx;
    note("%s %" PRIx64 "; ", names[what], operand);
    if (what == AXADDR_AARCH64_VAE1IS || what == AXADDR_AARCH64_VAAE1IS ||
        what == AXADDR_AARCH64_VAE2IS) {
        name_page(operand);
    } else if (what == AXADDR_AARCH64_RVAE1IS || what == AXADDR_AARCH64_RVAAE1IS ||
               what == AXADDR_AARCH64_RVAE2IS) {
        name_range(operand);
    }
}

static const struct axaddr_aarch64_stage1_tlb stage1_tlb = {stage1_tlbi, barrier};

static void stage2_tlbi(void *ctx, enum axaddr_aarch64_tlbi what, uint64_t operand) {
    static const char *const names[] = {"ipas2e1is", "ripas2e1is", "vmalle1is", "vmalls12e1is",
                                        "alle1is"};

    (void)ctx;
    note("%s %" PRIx64 "; ", names[what], operand);
    if (what == AXADDR_AARCH64_IPAS2E1IS) {
        name_page(operand);
    } else if (what == AXADDR_AARCH64_RIPAS2E1IS) {
        name_range(operand);
    }
}

static uint64_t read_vttbr(void *ctx) {
    (void)ctx;
    return UINT64_C(5) << 48 | 0x1000;
}

static void write_vttbr(void *ctx, uint64_t vttbr) {
    (void)ctx;
    note("vttbr %" PRIx64 "; ", vttbr);
}

static const struct axaddr_aarch64_tlb stage2_tlb = {stage2_tlbi, barrier, read_vttbr, write_vttbr};

/* ---- plans ---- */

static struct axaddr_flush plan;

static void plan_begin(uint32_t tag, unsigned page_shift) {
    axaddr_flush_init(&plan);
    plan.vmid = tag;
    notes[0] = '\0';
    named.page_shift = page_shift;
    named.has_ds = false;
    named.width = 48;
    named.count = 0;
}

static void plan_range(uint64_t first, uint64_t last, unsigned stride_shift) {
    axaddr_flush_add(&plan, first, last, stride_shift);
}

#define TTL   AXADDR_AARCH64_HAS_TTL
#define RANGE AXADDR_AARCH64_HAS_TLBIRANGE
#define DS    AXADDR_AARCH64_HAS_DS

/* ---- EL1&0 ---- */

static const struct axaddr_aarch64_stage1_tables lower_4k = {12, false, false, 0};
static const struct axaddr_aarch64_stage1_tables upper_4k = {12, true, false, 0};
static const struct axaddr_aarch64_stage1_tables lower_16k = {14, false, false, 0};
static const struct axaddr_aarch64_stage1_tables upper_64k = {16, true, false, 0};
static const struct axaddr_aarch64_stage1_tables global_4k = {12, false, true, 0};

/** ASID 63:48, TTL 47:44 (granule 4, 8, 12 plus the level), VA[55:12] 43:0. */
static void el1_by_address(void) {
    plan_begin(0xabcd, 12);
    plan_range(0x123456789000, 0x123456789fff, 12);
    axaddr_aarch64_el1_flush_with(&plan, &lower_4k, 0, &stage1_tlb, 0);
    CHECK_STR(notes, "dsb ishst; vae1is abcd000123456789; dsb ish; isb; ");
    plan_begin(0xabcd, 12);
    plan_range(0x123456789000, 0x123456789fff, 12);
    axaddr_aarch64_el1_flush_with(&plan, &upper_4k, TTL | RANGE, &stage1_tlb, 0);
    CHECK_STR(notes, "dsb ishst; vae1is abcd7ff123456789; dsb ish; isb; ");
    plan_begin(0, 12);
    plan_range(0x200000, 0x5fffff, 21);
    axaddr_aarch64_el1_flush_with(&plan, &lower_4k, TTL, &stage1_tlb, 0);
    CHECK_STR(notes, "dsb ishst; vaae1is 200; vaae1is 400; dsb ish; isb; ");
    plan_begin(1, 14); /* a 32 MiB block: level 2 of a 16 KiB granule */
    plan_range(0x2000000, 0x3ffffff, 25);
    axaddr_aarch64_el1_flush_with(&plan, &lower_16k, TTL, &stage1_tlb, 0);
    CHECK_STR(notes, "dsb ishst; vae1is 1a00000002000; dsb ish; isb; ");
    plan_begin(1, 16);
    plan_range(0x7fff0000, 0x8000ffff, 16);
    axaddr_aarch64_el1_flush_with(&plan, &upper_64k, 0, &stage1_tlb, 0);
    CHECK_STR(notes, "dsb ishst; vae1is 10ff00007fff0; vae1is 10ff000080000; dsb ish; isb; ");
}

/** BaseADDR in granules 36:0, NUM 43:39, SCALE 45:44, TG 47:46. */
static void el1_by_range(void) {
    plan_begin(1, 12); /* two pages and an odd one */
    plan_range(0x5000, 0x7fff, 12);
    axaddr_aarch64_el1_flush_with(&plan, &lower_4k, RANGE, &stage1_tlb, 0);
    CHECK_STR(notes, "dsb ishst; rvae1is 1400000000005; vae1is 1000000000007; dsb ish; isb; ");
    plan_begin(0, 12);
    plan_range(0x5000, 0x8fff, 12);
    axaddr_aarch64_el1_flush_with(&plan, &upper_4k, RANGE, &stage1_tlb, 0);
    CHECK_STR(notes, "dsb ishst; rvaae1is 409000000005; dsb ish; isb; ");
}

/** ASIDE1IS leaves global entries, and needs an ASID. */
static void el1_everything(void) {
    plan_begin(0x12, 12);
    plan.is_full = true;
    axaddr_aarch64_el1_flush_with(&plan, &lower_4k, TTL | RANGE, &stage1_tlb, 0);
    CHECK_STR(notes, "dsb ishst; aside1is 12000000000000; dsb ish; isb; ");
    plan_begin(0x12, 12);
    plan.has_tables = true;
    plan_range(0x5000, 0x5fff, 12);
    axaddr_aarch64_el1_flush_with(&plan, &global_4k, 0, &stage1_tlb, 0);
    CHECK_STR(notes, "dsb ishst; vmalle1is 0; dsb ish; isb; ");
    plan_begin(0, 12);
    plan.is_full = true;
    axaddr_aarch64_el1_flush_with(&plan, &lower_4k, 0, &stage1_tlb, 0);
    CHECK_STR(notes, "dsb ishst; vmalle1is 0; dsb ish; isb; ");
    plan_begin(0x10000, 12); /* no ASID that there is: all of them */
    plan_range(0x5000, 0x5fff, 12);
    axaddr_aarch64_el1_flush_with(&plan, &lower_4k, 0, &stage1_tlb, 0);
    CHECK_STR(notes, "dsb ishst; vaae1is 5; dsb ish; isb; ");
    plan_begin(1, 12);
    axaddr_aarch64_el1_flush_with(&plan, &lower_4k, 0, &stage1_tlb, 0);
    CHECK_STR(notes, "");
}

/* ---- EL2 ---- */

static void el2(void) {
    plan_begin(7, 12); /* there is no ASID in the operands */
    plan_range(0x40000000, 0x7fffffff, 30);
    axaddr_aarch64_el2_flush_with(&plan, &lower_4k, TTL, &stage1_tlb, 0);
    CHECK_STR(notes, "dsb ishst; vae2is 500000040000; dsb ish; isb; ");
    plan_begin(0, 14);
    plan_range(0x4000, 0xbfff, 14);
    axaddr_aarch64_el2_flush_with(&plan, &lower_16k, RANGE | TTL, &stage1_tlb, 0);
    CHECK_STR(notes, "dsb ishst; rvae2is 800000000001; dsb ish; isb; ");
    plan_begin(0, 12);
    plan.is_full = true;
    axaddr_aarch64_el2_flush_with(&plan, &lower_4k, 0, &stage1_tlb, 0);
    CHECK_STR(notes, "dsb ishst; alle2is 0; dsb ish; isb; ");
    plan_begin(0, 12);
    axaddr_aarch64_el2_flush_with(&plan, &lower_4k, 0, &stage1_tlb, 0);
    CHECK_STR(notes, "");
}

/* ---- stage 2 with other granules ---- */

static void stage2_granules(void) {
    axaddr_hpa_t root = axaddr_hpa(0x40000000);

    plan_begin(5, 16); /* a 512 MiB block: level 2 of a 64 KiB granule */
    plan_range(0x20000000, 0x3fffffff, 29);
    axaddr_aarch64_stage2_flush_granule_with(&plan, 16, root, TTL, &stage2_tlb, 0);
    CHECK_STR(notes, "dsb ishst; ipas2e1is e00000020000; dsb ish; vmalle1is 0; dsb ish; isb; ");
    plan_begin(5, 16);
    plan_range(0x10000, 0x2ffff, 16);
    axaddr_aarch64_stage2_flush_granule_with(&plan, 16, root, RANGE, &stage2_tlb, 0);
    CHECK_STR(notes, "dsb ishst; ripas2e1is c00000000001; dsb ish; vmalle1is 0; dsb ish; isb; ");
    plan_begin(6, 14);
    plan_range(0x4000, 0x7fff, 14);
    axaddr_aarch64_stage2_flush_granule_with(&plan, 14, root, TTL, &stage2_tlb, 0);
    CHECK_STR(notes, "dsb ish; vttbr 6000040000000; isb; ipas2e1is b00000000004; dsb ish; "
                     "vmalle1is 0; dsb ish; isb; vttbr 5000000001000; isb; ");
    plan_begin(5, 14); /* 64 pages are named, in however many 4 KiB pages; 65 are not */
    plan_range(0, 64 * 0x4000 - 1, 14);
    axaddr_aarch64_stage2_flush_granule_with(&plan, 14, root, 0, &stage2_tlb, 0);
    CHECK_EQ(named.count, 64);
    plan_begin(5, 14);
    plan_range(0, 65 * 0x4000 - 1, 14);
    axaddr_aarch64_stage2_flush_granule_with(&plan, 14, root, 0, &stage2_tlb, 0);
    CHECK_STR(notes, "dsb ishst; vmalls12e1is 0; dsb ish; isb; ");
    plan_begin(5, 14); /* leaves of 16 MiB, less than a block: there may be one in each page */
    plan_range(0x2000000, 0x2ffffff, 24);
    axaddr_aarch64_stage2_flush_granule_with(&plan, 14, root, TTL, &stage2_tlb, 0);
    CHECK_STR(notes, "dsb ishst; vmalls12e1is 0; dsb ish; isb; ");
    plan_begin(5, 14);
    plan_range(0x4000, 0x3fff, 14); /* malformed */
    axaddr_aarch64_stage2_flush_granule_with(&plan, 14, root, 0, &stage2_tlb, 0);
    CHECK_STR(notes, "dsb ishst; vmalls12e1is 0; dsb ish; isb; ");
}

/* ---- 52 bits ---- */

/** The register's DS is asked of the format: only FEAT_LPA2's have it. */
static void features_of_formats(void) {
    static const struct axaddr_format small = {.output_width = 52, .shift = {12}};
    static const struct axaddr_format medium = {.output_width = 52, .shift = {14}};
    static const struct axaddr_format large = {.output_width = 52, .shift = {16}};
    static const struct axaddr_format narrow = {.output_width = 48, .shift = {12}};

    CHECK_EQ(axaddr_aarch64_tlb_features_for(&small, RANGE), RANGE | DS);
    CHECK_EQ(axaddr_aarch64_tlb_features_for(&medium, 0), DS);
    CHECK_EQ(axaddr_aarch64_tlb_features_for(&large, RANGE | TTL), RANGE | TTL);
    CHECK_EQ(axaddr_aarch64_tlb_features_for(&narrow, RANGE), RANGE);
}

/** With DS BaseADDR is the address's 52:16, so pages up to a multiple of 64 KiB go one by one. */
static void ranges_with_ds(void) {
    static const struct axaddr_aarch64_stage1_tables lower = {12, false, false, 52};
    static const struct axaddr_aarch64_stage1_tables upper = {12, true, false, 52};
    static const struct axaddr_aarch64_stage1_tables upper_large = {16, true, false, 52};
    axaddr_hpa_t root = axaddr_hpa(0x40000000);

    plan_begin(1, 12); /* 0x1e, 0x1f, then 0x20 to 0x22 */
    plan_range(0x1e000, 0x22fff, 12);
    axaddr_aarch64_el1_flush_with(&plan, &lower, RANGE | DS | TTL, &stage1_tlb, 0);
    CHECK_STR(notes, "dsb ishst; vae1is 100000000001e; vae1is 100000000001f; "
                     "rvae1is 1400000000002; vae1is 1000000000022; dsb ish; isb; ");
    plan_begin(1, 12); /* VA 55:52 are ones, bit 51 is the table's */
    plan_range(0x7123456780000, 0x7123456781fff, 12);
    axaddr_aarch64_el1_flush_with(&plan, &upper, RANGE | DS, &stage1_tlb, 0);
    CHECK_STR(notes, "dsb ishst; rvae1is 1401712345678; dsb ish; isb; ");
    plan_begin(1, 12);
    plan_range(0x7123456789000, 0x7123456789fff, 12);
    axaddr_aarch64_el1_flush_with(&plan, &upper, RANGE | DS, &stage1_tlb, 0);
    CHECK_STR(notes, "dsb ishst; vae1is 10f7123456789; dsb ish; isb; ");
    plan_begin(1, 16);
    plan_range(0x7123456780000, 0x712345679ffff, 16);
    axaddr_aarch64_el1_flush_with(&plan, &upper_large, RANGE, &stage1_tlb, 0);
    CHECK_STR(notes, "dsb ishst; rvae1is 1c01712345678; dsb ish; isb; ");
    plan_begin(5, 14);
    plan_range(0xf000000000000, 0xf000000007fff, 14);
    axaddr_aarch64_stage2_flush_granule_with(&plan, 14, root, RANGE | DS, &stage2_tlb, 0);
    CHECK_STR(notes, "dsb ishst; ripas2e1is 800f00000000; dsb ish; vmalle1is 0; dsb ish; isb; ");
    plan_begin(5, 14); /* a 64 GiB block: level 1, TTL 9; 512 GiB, level 0: no level is hinted at */
    plan_range(0xf001000000000, 0xf001fffffffff, 36);
    axaddr_aarch64_stage2_flush_granule_with(&plan, 14, root, TTL | DS, &stage2_tlb, 0);
    CHECK_STR(notes, "dsb ishst; ipas2e1is 90f001000000; dsb ish; vmalle1is 0; dsb ish; isb; ");
    plan_begin(5, 12);
    plan_range(0xf008000000000, 0xf00ffffffffff, 39);
    axaddr_aarch64_stage2_flush_granule_with(&plan, 12, root, TTL | RANGE | DS, &stage2_tlb, 0);
    CHECK_STR(notes, "dsb ishst; ipas2e1is f008000000; dsb ish; vmalle1is 0; dsb ish; isb; ");
}

/* ---- random plans: in every leaf of the range something is named, by ranges nothing else ---- */

static uint64_t random_state = SEED;

static uint64_t random_below(uint64_t limit) {
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return (random_state >> 11) % limit;
}

/** Whether a page in the leaf of 2^pages pages that begins at page `first` is named. */
static bool is_leaf_named(uint64_t first, unsigned pages) {
    unsigned i;

    for (i = 0; i < named.count; i++) {
        if (named.first[i] < first + (UINT64_C(1) << pages) && named.last[i] >= first) {
            return true;
        }
    }
    return false;
}

static void random_plans(void) {
    static const unsigned granules[3] = {12, 14, 16};
    unsigned round;

    for (round = 0; round < 3000; round++) {
        struct axaddr_aarch64_stage1_tables tables = {0, false, false, 0};
        unsigned page_shift = granules[random_below(3)];
        bool is_52 = random_below(2) == 0;
        bool has_ds = is_52 && page_shift < 16;
        uint32_t features = (uint32_t)random_below(4) | (has_ds ? DS : 0);
        unsigned level = (unsigned)random_below(page_shift == 12 ? 3 : 2);
        unsigned leaf = (page_shift - 3) * level;
        uint64_t count = 1 + random_below(64);
        uint64_t first =
            random_below((UINT64_C(1) << ((is_52 ? 51 : 47) - page_shift - leaf)) - count);
        uint64_t i;

        snprintf(check_context, sizeof check_context, "round %u", round);
        tables.page_shift = (uint8_t)page_shift;
        tables.is_upper = random_below(2) == 0;
        tables.input_width = is_52 ? 52 : 0;
        plan_begin(1, page_shift);
        named.has_ds = has_ds;
        named.width = is_52 ? 52 : 48;
        plan_range(first << (leaf + page_shift), ((first + count) << (leaf + page_shift)) - 1,
                   leaf + page_shift);
        axaddr_aarch64_el1_flush_with(&plan, &tables, features, &stage1_tlb, 0);
        for (i = first; i < first + count; i++) {
            CHECK(is_leaf_named(i << leaf, leaf));
        }
        for (i = 0; i < named.count; i++) {
            CHECK(named.first[i] >= first << leaf && named.last[i] < (first + count) << leaf);
        }
    }
}

int main(void) {
    printf("test_tlb_aarch64: seed 0x%" PRIx64 "\n", SEED);
    CASE(el1_by_address);
    CASE(el1_by_range);
    CASE(el1_everything);
    CASE(el2);
    CASE(stage2_granules);
    CASE(features_of_formats);
    CASE(ranges_with_ds);
    CASE(random_plans);
    return check_report("test_tlb_aarch64");
}
