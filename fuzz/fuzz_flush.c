/* SPDX-License-Identifier: MIT
 *
 * fuzz_flush.c: plans (axaddr_core/flush.h): how they are gathered, and what the executors of
 * axaddr_arch make of any plan on machines that note each instruction. What must hold: a plan names
 * all that was added to it; an executor takes few instructions, in the order that the manual asks
 * for, and when it is done, every leaf that the plan names has been forgotten for the plan's tag.
 *
 * The input is one record after the other. Words are those of input.h.
 *
 *     byte   which executor, modulo 5: EPT, NPT, x86-64, AArch64, RISC-V
 *     byte   bit 0 the plan is gathered, not made; 1 it is full; 2 has_tables; 3, 4 the machine's
 *            features; 5 the machine's tag is the plan's
 *     word   vmid
 *     word   cpus, or the machine's other register
 *     gathered: byte, how many are added; for each: byte stride, gap, length
 *     made:     byte, how many ranges, modulo 6; for each: word first, word last, byte stride
 *     RISC-V and EPT: byte, which of the calls fail
 */
#include "input.h"

#include "../axaddr.h"

/* ---- plans ---- */

#define ADD_MAX 12

/** The steps that a range has, for the machine: one in each leaf that may be there. */
static unsigned step_shift(unsigned stride_shift) {
    unsigned shift = 12;
    while (shift < 48 && shift + 9 <= stride_shift) {
        shift += 9;
    }
    return shift;
}

/** Whether only a flush of everything will do. */
static bool is_for_all(const struct axaddr_flush *plan) {
    uint64_t steps = 0;
    unsigned i;

    if (plan->is_full || plan->has_tables || plan->range_count > AXADDR_FLUSH_RANGE_MAX) {
        return true;
    }
    for (i = 0; i < plan->range_count; i++) {
        const struct axaddr_flush_range *range = &plan->ranges[i];
        unsigned shift = step_shift(range->stride_shift);
        if (range->last < range->first) {
            return true;
        }
        steps += (range->last >> shift) - (range->first >> shift) + 1;
    }
    return steps > AXADDR_FLUSH_PAGE_MAX;
}

/** The plan has all of `added` in ranges that begin and end where something was added. */
static void check_gathered(const struct axaddr_flush *plan, const struct axaddr_flush_range *added,
                           unsigned count) {
    uint64_t steps = 0;
    unsigned i;
    unsigned k;

    FUZZ_CHECK(plan->range_count <= AXADDR_FLUSH_RANGE_MAX);
    FUZZ_EQ(axaddr_flush_is_empty(plan), count == 0);
    for (i = 0; i < plan->range_count; i++) {
        const struct axaddr_flush_range *range = &plan->ranges[i];
        bool has_first = false;
        bool has_last = false;
        for (k = 0; k < count; k++) {
            has_first = has_first || added[k].first == range->first;
            has_last = has_last || added[k].last == range->last;
        }
        FUZZ_CHECK(has_first && has_last);
        FUZZ_CHECK(i == 0 || range->first > range[-1].last);
        steps += ((range->last - range->first) >> range->stride_shift) + 1;
    }
    for (i = 0, k = 0; i < count; i++) {
        while (k < plan->range_count && plan->ranges[k].last < added[i].first) {
            k++;
        }
        FUZZ_CHECK(k < plan->range_count && plan->ranges[k].first <= added[i].first &&
                   plan->ranges[k].last >= added[i].last &&
                   plan->ranges[k].stride_shift <= added[i].stride_shift);
    }
    FUZZ_EQ(plan->is_full, steps > AXADDR_FLUSH_PAGE_MAX);
}

/** As an edit does it: ascending, with gaps or without. */
static void gather(struct input *input, struct axaddr_flush *plan) {
    static const uint8_t strides[] = {12, 16, 21, 25, 30, 39};
    struct axaddr_flush_range added[ADD_MAX];
    unsigned count = input_below(input, ADD_MAX + 1);
    uint64_t at = (uint64_t)input_byte(input) << 40;
    unsigned i;

    axaddr_flush_init(plan);
    for (i = 0; i < count; i++) {
        unsigned stride = strides[input_below(input, 6)];
        at = (at + ((uint64_t)input_byte(input) << 12) + axaddr_low_bits(stride)) &
             ~axaddr_low_bits(stride);
        added[i].first = at;
        at += ((uint64_t)input_byte(input) + 1) << stride;
        added[i].last = at - 1;
        added[i].stride_shift = (uint8_t)stride;
        axaddr_flush_add(plan, added[i].first, added[i].last, stride);
    }
    axaddr_flush_limit(plan);
    check_gathered(plan, added, count);
}

/** Anything at all. */
static void make_up(struct input *input, struct axaddr_flush *plan) {
    unsigned i;

    plan->range_count = (uint8_t)input_below(input, AXADDR_FLUSH_RANGE_MAX + 2);
    for (i = 0; i < AXADDR_FLUSH_RANGE_MAX && i < plan->range_count; i++) {
        plan->ranges[i].first = input_word(input);
        plan->ranges[i].last = input_word(input);
        plan->ranges[i].stride_shift = input_byte(input);
    }
}

/* ---- what a machine was told ---- */

#define OP_MAX 200

/** Leaves that overlap [first, last] are forgotten. */
struct op {
    uint64_t first;
    uint64_t last;
};

struct machine {
    const struct axaddr_flush *plan;
    struct op ops[OP_MAX]; /**< for the plan's tag */
    unsigned op_count;
    unsigned call_count; /**< instructions and calls of any kind */
    bool is_all;         /**< all addresses, for the plan's tag */
    unsigned refused;    /**< bits: the calls that fail */

    uint32_t loaded_pcid;
    uint64_t eptp;

    uint64_t vttbr;
    uint64_t vttbr_before;
    uint64_t root;
    bool has_dsb;          /**< since the stores, or the last TLBI */
    bool is_dsb_full;      /**< and it waits for loads and walks as well */
    bool has_isb;          /**< since VTTBR_EL2 was written, or the last DSB */
    bool must_drop_stage1; /**< stage 2 entries went, combined ones have not yet */
    bool must_wait;        /**< since the last TLBI, there was no DSB */

    bool has_svinval;
    bool is_open;   /**< SFENCE.W.INVAL came, SFENCE.INVAL.IR has not */
    bool has_fence; /**< other harts see the stores */
    uint64_t first_hart;
};

static void note(struct machine *machine) {
    FUZZ_CHECK(++machine->call_count <= OP_MAX);
}

static void note_op(struct machine *machine, uint64_t first, uint64_t last) {
    FUZZ_CHECK(machine->op_count < OP_MAX);
    machine->ops[machine->op_count].first = first;
    machine->ops[machine->op_count++].last = last;
}

/** Every leaf that the plan names has been forgotten; addresses are compared in `mask`. */
static void check_covered(const struct machine *machine, uint64_t mask) {
    const struct axaddr_flush *plan = machine->plan;
    unsigned i;
    unsigned k;

    FUZZ_CHECK(!axaddr_flush_is_empty(plan) || machine->call_count == 0);
    if (machine->is_all || axaddr_flush_is_empty(plan)) {
        return;
    }
    FUZZ_CHECK(!is_for_all(plan));
    for (i = 0; i < plan->range_count; i++) {
        unsigned shift = step_shift(plan->ranges[i].stride_shift);
        uint64_t step = plan->ranges[i].first >> shift;
        for (; step <= plan->ranges[i].last >> shift; step++) {
            uint64_t first = step << shift & mask;
            for (k = 0; k < machine->op_count; k++) {
                if ((machine->ops[k].first & mask) <= (first | axaddr_low_bits(shift)) &&
                    (machine->ops[k].last & mask) >= first) {
                    break;
                }
            }
            FUZZ_CHECK(k < machine->op_count);
        }
    }
}

/* ---- x86 ---- */

static enum axaddr_status note_invept(void *ctx, uint64_t type, uint64_t eptp) {
    struct machine *machine = (struct machine *)ctx;
    bool is_refused = (machine->refused >> machine->call_count & 1) != 0;

    note(machine);
    FUZZ_CHECK(type == AXADDR_X86_INVEPT_SINGLE || type == AXADDR_X86_INVEPT_ALL);
    FUZZ_EQ(eptp, type == AXADDR_X86_INVEPT_SINGLE ? machine->eptp : 0);
    machine->is_all = machine->is_all || !is_refused;
    return is_refused ? AXADDR_INVALID : AXADDR_OK;
}

/** INVLPG does nothing, and INVPCID faults, for an address that is not canonical. */
static void check_canonical(uint64_t address) {
    uint64_t top = address >> 47;
    FUZZ_CHECK(top == 0 || top == 0x1ffff);
}

/** Each range is within one half of the addresses of 48 bits, sign-extended or not. */
static bool is_x86_plan(const struct axaddr_flush *plan) {
    unsigned i;
    for (i = 0; i < plan->range_count && i < AXADDR_FLUSH_RANGE_MAX; i++) {
        uint64_t half = plan->ranges[i].first >> 47;
        if ((half > 1 && half != 0x1ffff) || plan->ranges[i].last >> 47 != half ||
            plan->ranges[i].stride_shift >= 48) {
            return false;
        }
    }
    return true;
}

static void note_invlpg(void *ctx, axaddr_gva_t address) {
    struct machine *machine = (struct machine *)ctx;
    uint32_t pcid = axaddr_tlb_vmid(machine->plan, 12);

    note(machine);
    if (is_x86_plan(machine->plan)) {
        check_canonical(address.raw);
    }
    if (machine->loaded_pcid == AXADDR_X86_NO_PCID || (pcid != 0 && pcid == machine->loaded_pcid)) {
        note_op(machine, address.raw, address.raw);
    }
}

static void note_invpcid(void *ctx, uint64_t type, uint64_t pcid, axaddr_gva_t address) {
    struct machine *machine = (struct machine *)ctx;
    bool is_plans = machine->plan->vmid != 0 && pcid == machine->plan->vmid;

    note(machine);
    FUZZ_CHECK(type <= AXADDR_X86_INVPCID_ALL && pcid < 4096);
    if (type == AXADDR_X86_INVPCID_ADDRESS) {
        if (is_x86_plan(machine->plan)) {
            check_canonical(address.raw);
        }
        if (is_plans) {
            note_op(machine, address.raw, address.raw);
        }
        return;
    }
    machine->is_all = machine->is_all || type != AXADDR_X86_INVPCID_PCID || is_plans;
}

static uint32_t note_loaded_pcid(void *ctx) {
    return ((struct machine *)ctx)->loaded_pcid;
}

static void note_reload_cr3(void *ctx) {
    struct machine *machine = (struct machine *)ctx;
    note(machine);
    machine->is_all = machine->is_all || machine->loaded_pcid == AXADDR_X86_NO_PCID ||
                      (machine->plan->vmid != 0 && machine->plan->vmid == machine->loaded_pcid);
}

static void note_toggle_pge(void *ctx) {
    struct machine *machine = (struct machine *)ctx;
    note(machine);
    machine->is_all = true;
}

static const struct axaddr_x86_tlb x86_tlb = {
    .invept = note_invept,
    .invlpg = note_invlpg,
    .invpcid = note_invpcid,
    .loaded_pcid = note_loaded_pcid,
    .reload_cr3 = note_reload_cr3,
    .toggle_pge = note_toggle_pge,
};

static void run_ept(struct machine *machine, unsigned how) {
    enum axaddr_status status;

    (void)how;
    status = axaddr_x86_ept_flush_with(machine->plan, machine->eptp, &x86_tlb, machine);
    FUZZ_EQ(status == AXADDR_OK, machine->is_all || axaddr_flush_is_empty(machine->plan));
    FUZZ_CHECK(status == AXADDR_OK || machine->call_count == 2);
}

static void run_npt(struct machine *machine, unsigned how) {
    bool has_flush_by_asid = (how & 8) != 0;
    uint8_t before = (how & 16) != 0 ? AXADDR_X86_TLB_CONTROL_ALL : (uint8_t)(machine->eptp & 3);
    uint8_t control = before;

    axaddr_x86_npt_flush(machine->plan, has_flush_by_asid, &control);
    if (axaddr_flush_is_empty(machine->plan) || before == AXADDR_X86_TLB_CONTROL_ALL) {
        FUZZ_EQ(control, before);
    } else {
        FUZZ_EQ(control, has_flush_by_asid ? 3 : 1);
    }
}

static void run_x86_64(struct machine *machine, unsigned how) {
    uint32_t vmid = machine->plan->vmid;

    machine->loaded_pcid = (how & 16) != 0   ? AXADDR_X86_NO_PCID
                           : (how & 32) != 0 ? vmid & 0xfff
                                             : (uint32_t)machine->eptp & 0xfff;
    axaddr_x86_64_flush_with(machine->plan, (how & 8) != 0, &x86_tlb, machine);
    if (is_x86_plan(machine->plan)) {
        check_covered(machine, axaddr_low_bits(48));
    }
    if (!axaddr_flush_is_empty(machine->plan) && !is_for_all(machine->plan) && vmid >> 12 == 0 &&
        (machine->loaded_pcid == AXADDR_X86_NO_PCID || (vmid != 0 && (how & 8) != 0))) {
        FUZZ_CHECK(!machine->is_all); /* it can be done page by page */
    }
}

/* ---- AArch64 ---- */

static void note_barrier(void *ctx, enum axaddr_aarch64_barrier what) {
    struct machine *machine = (struct machine *)ctx;

    note(machine);
    if (what == AXADDR_AARCH64_ISB) {
        machine->has_isb = true;
        return;
    }
    machine->has_dsb = true;
    machine->is_dsb_full = what == AXADDR_AARCH64_DSB_ISH;
    if (machine->is_dsb_full) {
        machine->must_wait = false;
        machine->has_isb = false;
    }
}

static uint64_t note_read_vttbr(void *ctx) {
    return ((struct machine *)ctx)->vttbr;
}

static void note_write_vttbr(void *ctx, uint64_t vttbr) {
    struct machine *machine = (struct machine *)ctx;

    note(machine);
    FUZZ_CHECK(machine->has_dsb && machine->is_dsb_full && !machine->must_wait);
    FUZZ_CHECK(vttbr == machine->vttbr_before ||
               vttbr == ((uint64_t)machine->plan->vmid << 48 | machine->root));
    machine->vttbr = vttbr;
    machine->has_isb = false;
}

/** The VMID that is loaded is the plan's. */
static bool is_vmid_loaded(const struct machine *machine) {
    return machine->plan->vmid != 0 && machine->vttbr >> 48 == machine->plan->vmid;
}

/** The level that an operand's TTL tells must be the leaf's, or there is none. */
static void check_ttl(const struct machine *machine, uint64_t page, unsigned ttl) {
    const struct axaddr_flush *plan = machine->plan;
    unsigned i;

    for (i = 0; ttl != 0 && i < plan->range_count; i++) {
        unsigned shift = step_shift(plan->ranges[i].stride_shift);
        if (plan->ranges[i].first >> shift == plan->ranges[i].last >> shift &&
            (plan->ranges[i].first >> shift << shift >> 12 & axaddr_low_bits(44)) == page &&
            shift == 12 + 9 * (7 - ttl)) {
            return;
        }
    }
    FUZZ_CHECK(ttl == 0);
}

static void note_tlbi(void *ctx, enum axaddr_aarch64_tlbi what, uint64_t operand) {
    struct machine *machine = (struct machine *)ctx;
    uint64_t page = operand & axaddr_low_bits(44);
    uint64_t count = 1;

    note(machine);
    FUZZ_CHECK(machine->has_dsb);
    FUZZ_CHECK(machine->vttbr == machine->vttbr_before || machine->has_isb ||
               what == AXADDR_AARCH64_ALLE1IS || machine->op_count > 0);
    switch (what) {
    case AXADDR_AARCH64_IPAS2E1IS:
        check_ttl(machine, page, (unsigned)(operand >> 44));
        break;
    case AXADDR_AARCH64_RIPAS2E1IS:
        FUZZ_EQ(operand >> 46, 1);
        FUZZ_EQ(operand >> 37 & 3, 0);
        page = operand & axaddr_low_bits(37);
        count = ((operand >> 39 & 31) + 1) << (5 * (operand >> 44 & 3) + 1);
        break;
    case AXADDR_AARCH64_VMALLE1IS:
        FUZZ_CHECK(!machine->must_wait && is_vmid_loaded(machine));
        machine->must_drop_stage1 = false;
        machine->must_wait = true;
        return;
    case AXADDR_AARCH64_VMALLS12E1IS:
    case AXADDR_AARCH64_ALLE1IS:
        machine->is_all =
            machine->is_all || what == AXADDR_AARCH64_ALLE1IS || is_vmid_loaded(machine);
        machine->must_wait = true;
        return;
    }
    FUZZ_CHECK(is_vmid_loaded(machine));
    note_op(machine, page << 12, (page + count - 1) << 12 | 0xfff);
    machine->must_drop_stage1 = true;
    machine->must_wait = true;
}

static const struct axaddr_aarch64_tlb aarch64_tlb = {
    .tlbi = note_tlbi,
    .barrier = note_barrier,
    .read_vttbr = note_read_vttbr,
    .write_vttbr = note_write_vttbr,
};

/** Addresses that a stage 2 of 48 bits has; with range TLBIs, those that 37 bits of page have. */
static bool is_aarch64_plan(const struct axaddr_flush *plan) {
    unsigned i;
    for (i = 0; i < plan->range_count && i < AXADDR_FLUSH_RANGE_MAX; i++) {
        if (plan->ranges[i].first >> 48 != 0 || plan->ranges[i].last >> 48 != 0) {
            return false;
        }
    }
    return true;
}

/** No leaf is larger than 1 << 39 bytes: larger strides may be taken for that. */
static bool has_aarch64_strides(const struct axaddr_flush *plan) {
    unsigned i;
    for (i = 0; i < plan->range_count && i < AXADDR_FLUSH_RANGE_MAX; i++) {
        if (step_shift(plan->ranges[i].stride_shift) > 39) {
            return false;
        }
    }
    return true;
}

static void run_aarch64(struct machine *machine, unsigned how) {
    uint32_t vmid = machine->plan->vmid;
    uint32_t features = ((how & 8) != 0 ? AXADDR_AARCH64_HAS_TTL : 0) |
                        ((how & 16) != 0 ? AXADDR_AARCH64_HAS_TLBIRANGE : 0);

    machine->root = machine->eptp & UINT64_C(0x0000fffffffff000);
    machine->vttbr = (how & 32) != 0 ? (uint64_t)vmid << 48 | machine->root : ~machine->eptp;
    machine->vttbr_before = machine->vttbr;
    axaddr_aarch64_stage2_flush_with(machine->plan, axaddr_hpa(machine->root), features,
                                     &aarch64_tlb, machine);
    FUZZ_EQ(machine->vttbr, machine->vttbr_before);
    FUZZ_CHECK(!machine->must_wait && !machine->must_drop_stage1);
    FUZZ_CHECK(machine->call_count == 0 || machine->has_isb);
    if (is_aarch64_plan(machine->plan)) {
        check_covered(machine, UINT64_MAX);
    }
    /* What is beyond the operands' bits can only be dropped with all. */
    if (!axaddr_flush_is_empty(machine->plan) && vmid != 0 && vmid >> 16 == 0) {
        FUZZ_CHECK(machine->is_all || !is_for_all(machine->plan));
        FUZZ_CHECK(!machine->is_all || is_for_all(machine->plan) ||
                   !is_aarch64_plan(machine->plan) || !has_aarch64_strides(machine->plan));
    }
}

/* ---- RISC-V ---- */

static void note_fence(void *ctx, enum axaddr_riscv_fence what, uint64_t gpa, uint32_t vmid) {
    struct machine *machine = (struct machine *)ctx;
    bool is_plans = vmid != 0 && vmid == machine->plan->vmid;

    note(machine);
    switch (what) {
    case AXADDR_RISCV_HFENCE_GVMA_VMID:
    case AXADDR_RISCV_HFENCE_GVMA_ALL:
        machine->is_all = machine->is_all || what == AXADDR_RISCV_HFENCE_GVMA_ALL || is_plans;
        return;
    case AXADDR_RISCV_SFENCE_W_INVAL:
        FUZZ_CHECK(machine->has_svinval && !machine->is_open);
        machine->is_open = true;
        return;
    case AXADDR_RISCV_SFENCE_INVAL_IR:
        FUZZ_CHECK(machine->is_open);
        machine->is_open = false;
        return;
    case AXADDR_RISCV_FENCE:
        machine->has_fence = true;
        return;
    case AXADDR_RISCV_HINVAL_GVMA:
    case AXADDR_RISCV_HINVAL_GVMA_GPA:
        FUZZ_CHECK(machine->is_open);
        break;
    case AXADDR_RISCV_HFENCE_GVMA:
    case AXADDR_RISCV_HFENCE_GVMA_GPA:
        break;
    }
    if (is_plans || what == AXADDR_RISCV_HINVAL_GVMA_GPA || what == AXADDR_RISCV_HFENCE_GVMA_GPA) {
        note_op(machine, gpa, gpa);
    }
}

static long note_rfence(void *ctx, unsigned function, const struct axaddr_riscv_rfence *call) {
    struct machine *machine = (struct machine *)ctx;
    const struct axaddr_flush *plan = machine->plan;
    bool is_refused = (machine->refused >> (machine->call_count & 7) & 1) != 0;
    bool is_every_vm = function == AXADDR_RISCV_SBI_HFENCE_GVMA;
    bool is_every_hart = call->hart_mask_base == AXADDR_RISCV_SBI_EVERY_HART;

    note(machine);
    FUZZ_CHECK(machine->has_fence);
    FUZZ_CHECK(is_every_vm || function == AXADDR_RISCV_SBI_HFENCE_GVMA_VMID);
    if (is_refused) {
        return -3;
    }
    if ((is_every_vm || call->vmid == plan->vmid) &&
        (is_every_hart || (plan->cpus != 0 && call->hart_mask == plan->cpus &&
                           call->hart_mask_base == machine->first_hart))) {
        if (call->start == 0 && call->size == 0) {
            machine->is_all = true;
        } else {
            note_op(machine, call->start, call->start + (call->size - 1));
        }
    }
    return 0;
}

static const struct axaddr_riscv_tlb riscv_tlb = {.fence = note_fence, .rfence = note_rfence};

static void run_riscv(struct machine *machine, unsigned how) {
    struct machine remote = *machine;
    enum axaddr_status status;
    uint32_t vmid = machine->plan->vmid;

    machine->has_svinval = (how & 8) != 0;
    axaddr_riscv_gstage_flush_with(machine->plan, machine->has_svinval, &riscv_tlb, machine);
    FUZZ_CHECK(!machine->is_open);
    check_covered(machine, UINT64_MAX);
    if (!axaddr_flush_is_empty(machine->plan)) {
        FUZZ_EQ(machine->is_all, is_for_all(machine->plan));
    }
    remote.first_hart = remote.eptp;
    if (remote.first_hart == AXADDR_RISCV_SBI_EVERY_HART) {
        remote.first_hart = 0;
    }
    status =
        axaddr_riscv_gstage_flush_remote_with(remote.plan, remote.first_hart, &riscv_tlb, &remote);
    FUZZ_CHECK(remote.call_count <= AXADDR_FLUSH_RANGE_MAX + 4);
    if (status == AXADDR_OK) {
        check_covered(&remote, UINT64_MAX);
    } else {
        FUZZ_EQ(status, AXADDR_UNSUPPORTED);
        FUZZ_CHECK(!remote.is_all);
        FUZZ_CHECK(remote.call_count >= (vmid != 0 && vmid >> 14 == 0 ? 4 : 3));
    }
}

/* ---- records ---- */

static void fuzz_record(struct input *input) {
    static void (*const executors[])(struct machine * machine, unsigned how) = {
        run_ept, run_npt, run_x86_64, run_aarch64, run_riscv};
    static const char *const names[] = {"EPT", "NPT", "x86-64", "AArch64", "RISC-V"};
    unsigned which = input_below(input, 5);
    unsigned how = input_byte(input);
    uint32_t vmid = (uint32_t)input_word(input);
    uint64_t cpus = input_word(input);
    struct axaddr_flush plan;
    struct machine machine;

    fuzz_context = names[which];
    memset(&plan, 0, sizeof(plan));
    memset(&machine, 0, sizeof(machine));
    if ((how & 1) != 0) {
        gather(input, &plan);
    } else {
        make_up(input, &plan);
    }
    plan.is_full = plan.is_full || (how & 2) != 0;
    plan.has_tables = (how & 4) != 0;
    plan.vmid = vmid;
    plan.cpus = cpus;
    machine.plan = &plan;
    machine.eptp = input_word(input);
    machine.refused = which == 0 || which == 4 ? input_byte(input) : 0;
    executors[which](&machine, how);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct input input = input_of(data, size);

    while (input.left > 0) {
        fuzz_record(&input);
    }
    return 0;
}
