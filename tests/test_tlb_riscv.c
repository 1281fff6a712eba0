/* SPDX-License-Identifier: MIT
 *
 * test_tlb_riscv.c: what the executor for RISC-V's one-stage tables does, on simulated harts which
 * hold leaves and pointers of several ASIDs, and global ones, and which do no more than the manual
 * promises ("SFENCE.VMA", "Svinval"; SBI, "RFENCE Extension"). Beside them, sequences that were
 * written out by hand, and the plans that the engine makes of the upper half of the addresses.
 */
#include "../axaddr.h"
#include "../axaddr_arch/riscv_stage1.h"
#include "check.h"

#define SEED       UINT64_C(0x9e3779b97f4a7c15)
#define PLAN_COUNT 3000
#define HART_COUNT 4
#define FIRST_HART UINT64_C(5)
#define CACHED_MAX 4000

static uint64_t random_state;

static uint64_t random_below(uint64_t limit) {
    uint64_t z = (random_state += UINT64_C(0x9e3779b97f4a7c15));
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return (z ^ (z >> 31)) % limit;
}

/* ---- what harts hold ---- */

struct cached {
    uint64_t first;
    uint64_t last;
    uint32_t asid;
    unsigned hart;
    bool is_table;
    bool is_global;
    bool is_dropped;
};

/** Four harts, which obey the instructions of hart 0 and the calls of the SBI. */
static struct {
    struct cached cached[CACHED_MAX];
    unsigned cached_count;
    bool has_svinval;
    bool are_stores_ordered; /* an sfence.w.inval came before */
    bool is_inval_pending;   /* an sinval.vma that no sfence.inval.ir came after */
    bool is_fenced;
    uint64_t failures; /* bit n: the SBI refuses its nth call */
    unsigned call_count;
    const char *fault;
    char trace[4096];
} machine;

static void note(const char *text, uint64_t address, uint64_t asid) {
    size_t used = strlen(machine.trace);

    snprintf(machine.trace + used, sizeof machine.trace - used, text, address, asid);
}

static void complain(const char *what) {
    if (machine.fault == 0) {
        machine.fault = what;
    }
}

static void reset(bool has_svinval, uint64_t failures) {
    memset(&machine, 0, sizeof machine);
    machine.has_svinval = has_svinval;
    machine.failures = failures;
}

/** Forget [first, last], or with `is_all` everything; of one ASID, or with 0 of all and global. */
static void drop(unsigned harts, bool is_all, uint64_t first, uint64_t last, uint32_t asid) {
    unsigned i;

    for (i = 0; i < machine.cached_count; i++) {
        struct cached *c = &machine.cached[i];
        bool is_there = is_all || (!c->is_table && c->first <= last && c->last >= first);
        bool is_tagged = asid == 0 || (!c->is_global && c->asid == asid);

        c->is_dropped = c->is_dropped || ((harts >> c->hart & 1) != 0 && is_there && is_tagged);
    }
}

static bool is_canonical(uint64_t gva) {
    return gva >> 38 == 0 || gva >> 38 == 0x3ffffff;
}

static void run_sfence(void *ctx, enum axaddr_riscv_sfence what, uint64_t gva, uint32_t asid) {
    bool is_all = what == AXADDR_RISCV_SFENCE_VMA_ALL || what == AXADDR_RISCV_SFENCE_VMA_ASID;
    bool is_sinval = what == AXADDR_RISCV_SINVAL_VMA || what == AXADDR_RISCV_SINVAL_VMA_GVA;
    bool has_asid = what == AXADDR_RISCV_SFENCE_VMA || what == AXADDR_RISCV_SFENCE_VMA_ASID ||
                    what == AXADDR_RISCV_SINVAL_VMA;

    note(is_sinval ? "sinval.vma" : "sfence.vma", 0, 0);
    note(is_all ? " x0" : " %" PRIx64, gva, 0);
    if (has_asid) {
        note(" %" PRIu64, asid, 0);
    }
    note("; ", 0, 0);
    if (ctx != &machine || (is_sinval && (!machine.has_svinval || !machine.are_stores_ordered))) {
        complain("an sinval.vma that is not there, or not ordered");
    }
    if (has_asid && (asid == 0 || asid > 0xffff)) {
        complain("an ASID that is none");
    }
    machine.is_inval_pending = machine.is_inval_pending || is_sinval;
    if (is_all || is_canonical(gva)) {
        drop(1, is_all, gva, gva, has_asid ? asid : 0);
    }
}

static void run_fence(void *ctx, enum axaddr_riscv_fence what, uint64_t gpa, uint32_t vmid) {
    (void)gpa;
    if (ctx != &machine || vmid != 0) {
        complain("not ours");
    }
    if (what == AXADDR_RISCV_SFENCE_W_INVAL) {
        note("sfence.w.inval; ", 0, 0);
        machine.are_stores_ordered = true;
    } else if (what == AXADDR_RISCV_SFENCE_INVAL_IR) {
        note("sfence.inval.ir; ", 0, 0);
        machine.is_inval_pending = false;
    } else if (what == AXADDR_RISCV_FENCE) {
        note("fence; ", 0, 0);
        machine.is_fenced = true;
    } else {
        complain("an instruction of the G-stage");
    }
}

/** EID 0x52464E43: function 1 has no ASID, 2 has one; as hart_mask_base -1 is every hart. */
static long run_rfence(void *ctx, unsigned function, const struct axaddr_riscv_rfence *call) {
    bool is_all = call->start == 0 && call->size == 0;
    unsigned harts = 0;
    unsigned bit;

    note("sbi %" PRIu64 " %" PRIx64, function, call->hart_mask);
    note(" %" PRIx64 " %" PRIx64, call->hart_mask_base, call->start);
    note(" %" PRIx64 " %" PRIu64 "; ", call->size, call->vmid);
    if (ctx != &machine || !machine.is_fenced) {
        complain("a remote fence before the stores can be seen");
    }
    if ((machine.failures >> machine.call_count++ & 1) != 0) {
        return -3; /* SBI_ERR_INVALID_PARAM */
    }
    for (bit = 0; bit < HART_COUNT; bit++) {
        bool is_asked = (call->hart_mask >> bit & 1) != 0 && call->hart_mask_base == FIRST_HART;
        harts |= is_asked || call->hart_mask_base == UINT64_MAX ? 1u << bit : 0;
    }
    if ((function == 2 && call->vmid == 0) || (function != 1 && function != 2)) {
        complain("another function, or no ASID");
    }
    drop(harts, is_all, call->start, call->start + (call->size - 1),
         function == 2 ? (uint32_t)call->vmid : 0);
    return 0;
}

static const struct axaddr_riscv_stage1_tlb tlb = {run_sfence, {run_fence, run_rfence}};

static void run_flush(const struct axaddr_flush *plan, bool has_global, bool has_svinval) {
    axaddr_riscv_stage1_flush_with(plan, has_global, has_svinval, &tlb, &machine);
    if (machine.is_inval_pending) {
        complain("no sfence.inval.ir after the last sinval.vma");
    }
}

static enum axaddr_status run_remote(const struct axaddr_flush *plan, bool has_global) {
    return axaddr_riscv_stage1_flush_remote_with(plan, has_global, FIRST_HART, &tlb, &machine);
}

/* ---- by hand ---- */

static struct axaddr_flush two_pages(uint32_t asid) {
    struct axaddr_flush plan;

    axaddr_flush_init(&plan);
    axaddr_flush_add(&plan, 0x5000, 0x5fff, 12);
    axaddr_flush_add(&plan, 0xffffffffc0200000, 0xffffffffc03fffff, 21);
    plan.vmid = asid;
    return plan;
}

static void flush_says(const struct axaddr_flush *plan, bool has_global, bool has_svinval,
                       const char *expected) {
    reset(has_svinval, 0);
    run_flush(plan, has_global, has_svinval);
    CHECK_STR(machine.trace, expected);
    CHECK(machine.fault == 0);
}

static void by_hand(void) {
    struct axaddr_flush plan = two_pages(7);

    flush_says(&plan, false, false, "sfence.vma 5000 7; sfence.vma ffffffffc0200000 7; ");
    flush_says(&plan, false, true,
               "sfence.w.inval; sinval.vma 5000 7; sinval.vma ffffffffc0200000 7; "
               "sfence.inval.ir; ");
    flush_says(&plan, true, false, "sfence.vma 5000; sfence.vma ffffffffc0200000; ");
    flush_says(&plan, true, true,
               "sfence.w.inval; sinval.vma 5000; sinval.vma ffffffffc0200000; sfence.inval.ir; ");
    plan.vmid = 0xffff;
    flush_says(&plan, false, false, "sfence.vma 5000 65535; sfence.vma ffffffffc0200000 65535; ");
    plan.vmid = 0x10000; /* no ASID */
    flush_says(&plan, false, false, "sfence.vma 5000; sfence.vma ffffffffc0200000; ");
    plan.vmid = 0;
    flush_says(&plan, false, false, "sfence.vma 5000; sfence.vma ffffffffc0200000; ");
    plan.vmid = 7;
    plan.has_tables = true;
    flush_says(&plan, false, true, "sfence.vma x0 7; ");
    flush_says(&plan, true, true, "sfence.vma x0; ");
    plan.has_tables = false;
    CHECK(!axaddr_riscv_stage1_flush_is_full(&plan));
    plan.is_full = true;
    CHECK(axaddr_riscv_stage1_flush_is_full(&plan));
    flush_says(&plan, false, false, "sfence.vma x0 7; ");
    axaddr_flush_init(&plan);
    flush_says(&plan, true, true, "");
}

/** The last page of all, of which the next address is none. */
static void last_page(void) {
    struct axaddr_flush plan;

    axaddr_flush_init(&plan);
    axaddr_flush_add(&plan, 0xffffffffffffe000, UINT64_MAX, 12);
    flush_says(&plan, false, false, "sfence.vma ffffffffffffe000; sfence.vma fffffffffffff000; ");
}

static void remote_says(const struct axaddr_flush *plan, bool has_global, uint64_t failures,
                        enum axaddr_status status, const char *expected) {
    reset(false, failures);
    CHECK_EQ(run_remote(plan, has_global), status);
    CHECK_STR(machine.trace, expected);
    CHECK(machine.fault == 0);
}

static void remote_by_hand(void) {
    struct axaddr_flush plan = two_pages(7);

    plan.cpus = 0xa;
    remote_says(&plan, false, 0, AXADDR_OK,
                "fence; sbi 2 a 5 5000 1000 7; sbi 2 a 5 ffffffffc0200000 200000 7; ");
    remote_says(&plan, true, 0, AXADDR_OK,
                "fence; sbi 1 a 5 5000 1000 0; sbi 1 a 5 ffffffffc0200000 200000 0; ");
    plan.cpus = 0;
    plan.is_full = true;
    remote_says(&plan, false, 0, AXADDR_OK, "fence; sbi 2 0 ffffffffffffffff 0 0 7; ");
    remote_says(&plan, true, 0, AXADDR_OK, "fence; sbi 1 0 ffffffffffffffff 0 0 0; ");
    plan.cpus = 2;
    remote_says(&plan, false, 7, AXADDR_UNSUPPORTED,
                "fence; sbi 2 2 5 0 0 7; sbi 2 0 ffffffffffffffff 0 0 7; "
                "sbi 1 0 ffffffffffffffff 0 0 7; ");
    axaddr_flush_init(&plan);
    remote_says(&plan, false, 0, AXADDR_OK, "");
}

/* ---- any plans ---- */

static void cache(uint64_t first, uint64_t size, bool is_table, uint32_t asid, bool is_global) {
    unsigned hart;

    for (hart = 0; hart < HART_COUNT; hart++) {
        struct cached *c = &machine.cached[machine.cached_count++];

        c->first = first;
        c->last = first + (size - 1);
        c->is_table = is_table;
        c->asid = asid;
        c->is_global = is_global;
        c->hart = hart;
    }
}

/** A plan for leaves of 4 KiB or 2 MiB in either half, with all of them held by every hart. */
static struct axaddr_flush any_plan(uint32_t asid, bool has_global) {
    uint64_t base = random_below(2) == 0 ? 0 : UINT64_C(0xffffffc000000000);
    unsigned ranges = 1 + (unsigned)random_below(4);
    struct axaddr_flush plan;
    unsigned range;

    axaddr_flush_init(&plan);
    for (range = 0; range < ranges; range++) {
        unsigned shift = random_below(2) == 0 ? 12 : 21;
        uint64_t size = UINT64_C(1) << shift;
        uint64_t first = base + ((uint64_t)range << 32) + random_below(100) * size;
        uint64_t count = 1 + random_below(random_below(4) == 0 ? 40 : 5);
        uint64_t i;

        for (i = 0; i < count; i++) {
            bool is_global = has_global && random_below(2) == 0;
            cache(first + i * size, size, false, is_global ? 99 : asid, is_global);
        }
        axaddr_flush_add(&plan, first, first + count * size - 1, shift);
    }
    if (random_below(4) == 0) {
        plan.has_tables = true;
        cache(base, UINT64_C(1) << 30, true, asid, has_global);
    }
    plan.vmid = random_below(4) == 0 ? 0 : asid;
    axaddr_flush_limit(&plan);
    return plan;
}

/** Of all that was held before; what is held of other ASIDs alone says nothing. */
static void all_dropped(unsigned harts) {
    unsigned i;

    for (i = 0; i < machine.cached_count; i++) {
        CHECK(machine.cached[i].is_dropped || (harts >> machine.cached[i].hart & 1) == 0);
    }
    CHECK_STR(machine.fault == 0 ? "" : machine.fault, "");
}

static void forgets_what_a_plan_says(void) {
    unsigned round;

    random_state = SEED;
    for (round = 0; round < PLAN_COUNT && !check_case_failed; round++) {
        bool has_svinval = random_below(2) == 0;
        bool has_global = random_below(2) == 0;
        struct axaddr_flush plan;

        reset(has_svinval, 0);
        plan = any_plan(1 + (uint32_t)random_below(50), has_global);
        run_flush(&plan, has_global, has_svinval);
        all_dropped(1);
    }
}

static void harts_forget_what_a_plan_says(void) {
    unsigned round;

    random_state = SEED;
    for (round = 0; round < PLAN_COUNT && !check_case_failed; round++) {
        bool has_global = random_below(2) == 0;
        struct axaddr_flush plan;
        enum axaddr_status status;

        reset(false, random_below(2) == 0 ? 0 : random_below(16));
        plan = any_plan(1 + (uint32_t)random_below(50), has_global);
        plan.cpus = random_below(16);
        status = run_remote(&plan, has_global);
        if (status == AXADDR_OK) {
            all_dropped(plan.cpus == 0 ? 15 : (unsigned)plan.cpus);
        }
        CHECK_EQ(status == AXADDR_OK || machine.call_count >= 2, true);
    }
}

/** Another address space keeps what is its own. */
static void other_asids_are_kept(void) {
    struct axaddr_flush plan;

    reset(false, 0);
    plan = two_pages(7);
    cache(0x5000, 0x1000, false, 8, false);
    run_flush(&plan, false, false);
    CHECK(!machine.cached[0].is_dropped);
}

/* ---- plans of the engine ---- */

static uint64_t frames[64][512] __attribute__((aligned(4096)));
static unsigned frame_count;
static struct axaddr_flush last_plan;

static bool take_frame(void *ctx, axaddr_hpa_t *frame) {
    (void)ctx;
    *frame = axaddr_hpa(UINT64_C(0x80000000) + 4096 * (uint64_t)frame_count);
    return frame_count++ < 64;
}

static void give_frame(void *ctx, axaddr_hpa_t frame) {
    (void)ctx;
    (void)frame;
}

static void *frame_at(void *ctx, axaddr_hpa_t frame) {
    (void)ctx;
    return frames[(frame.raw - 0x80000000) / 4096];
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
AXADDR_DEFINE_SPACE(upper, axaddr_riscv_sv39, hal);

/** In the upper half plans have sign-extended addresses, as sfence.vma needs them. */
static void plans_are_sign_extended(void) {
    static struct upper space;
    axaddr_gpa_t page = axaddr_gpa(0xffffffd012345000);

    CHECK_EQ(upper_init(&space, 0, axaddr_gpa(0xffffffc000000000), UINT64_C(1) << 38), AXADDR_OK);
    CHECK_EQ(upper_map_linear(&space, page, axaddr_hpa(0x90000000), 0x2000,
                              AXADDR_READ | AXADDR_WRITE | AXADDR_USER),
             AXADDR_OK);
    CHECK_EQ(upper_protect(&space, page, 0x1000, AXADDR_READ | AXADDR_GLOBAL), AXADDR_OK);
    CHECK_EQ(last_plan.range_count, 1);
    CHECK_EQ(last_plan.ranges[0].first, page.raw);
    CHECK_EQ(last_plan.ranges[0].last, page.raw + 0xfff);
    flush_says(&last_plan, false, false, "sfence.vma ffffffd012345000; ");
    CHECK_EQ(upper_unmap(&space, axaddr_gpa(page.raw + 0x1000), 0x1000), AXADDR_OK);
    CHECK_EQ(last_plan.ranges[0].first, page.raw + 0x1000);
    CHECK_EQ(upper_map_linear(&space, axaddr_gpa(0), axaddr_hpa(0x90000000), 0x1000, AXADDR_READ),
             AXADDR_INVALID);
    upper_destroy(&space);
}

int main(void) {
    printf("test_tlb_riscv: seed 0x%" PRIx64 "\n", SEED);
    CASE(by_hand);
    CASE(last_page);
    CASE(remote_by_hand);
    CASE(forgets_what_a_plan_says);
    CASE(harts_forget_what_a_plan_says);
    CASE(other_asids_are_kept);
    CASE(plans_are_sign_extended);
    return check_report("test_tlb_riscv");
}
