/* SPDX-License-Identifier: MIT
 *
 * test_switch.c: loading root registers (axaddr_arch/..._switch.h): what is done and in which
 * order, written out by hand from the manuals, on recorded registers that refuse what the machine
 * would.
 */
#include "../axaddr_arch/aarch64_switch.h"
#include "../axaddr_arch/loongarch64_switch.h"
#include "../axaddr_arch/riscv_switch.h"
#include "../axaddr_arch/x86_switch.h"
#include "check.h"

#define ROOT UINT64_C(0x80123000)

/** Registers, by the machine's own numbers for them, and what was done. */
static struct {
    uint64_t at[512];
    const char *fault;
    char trace[2048];
} machine;

__attribute__((format(printf, 1, 2))) static void note(const char *text, ...) {
    size_t used = strlen(machine.trace);
    va_list arguments;

    va_start(arguments, text);
    vsnprintf(machine.trace + used, sizeof machine.trace - used, text, arguments);
    va_end(arguments);
}

static void reset(void) {
    memset(&machine, 0, sizeof machine);
}

static void fault(const char *what) {
    machine.fault = machine.fault != 0 ? machine.fault : what;
}

static void check_ctx(const void *ctx) {
    if (ctx != &machine) {
        fault("another ctx than was given");
    }
}

/** What was done, and that the machine had nothing against it. */
#define CHECK_DONE(expected)                                                                       \
    do {                                                                                           \
        CHECK_STR(machine.trace, expected);                                                        \
        CHECK_STR(machine.fault == 0 ? "" : machine.fault, "");                                    \
    } while (0)

/* ---- RISC-V: "satp" ---- */

static struct {
    uint64_t modes;    /**< bit n: the hart has mode n */
    uint64_t writable; /**< of ASID and PPN */
    unsigned xlen;
} hart;

static void reset_hart(unsigned xlen, uint64_t modes, unsigned asid_bits) {
    reset();
    hart.xlen = xlen;
    hart.modes = modes;
    hart.writable = xlen == 64 ? axaddr_low_bits(44 + asid_bits) : axaddr_low_bits(22 + asid_bits);
}

static uintptr_t read_satp(void *ctx) {
    check_ctx(ctx);
    return (uintptr_t)machine.at[0x180];
}

/** A mode that is not there: no effect at all. Bare: all other bits have to be 0. */
static void write_satp(void *ctx, uintptr_t satp) {
    uint64_t mode = hart.xlen == 64 ? (uint64_t)satp >> 60 : satp >> 31 & 1;
    uint64_t mode_bits = hart.xlen == 64 ? UINT64_C(15) << 60 : UINT64_C(1) << 31;

    check_ctx(ctx);
    note("satp %" PRIx64 "; ", (uint64_t)satp);
    if (mode == 0 && satp != 0) {
        fault("Bare with other bits");
    }
    if (mode == 0 || (hart.modes >> mode & 1) != 0) {
        machine.at[0x180] = satp & (mode_bits | hart.writable);
    }
}

static void sfence_all(void *ctx) {
    check_ctx(ctx);
    note("sfence; ");
}

static const struct axaddr_riscv_satp satp_port = {read_satp, write_satp, sfence_all};

static void riscv_turns_on(void) {
    uint64_t satp;

    CHECK_EQ(axaddr_riscv_stage1_satp(&axaddr_riscv_sv39, axaddr_hpa(ROOT), 0, &satp), AXADDR_OK);
    reset_hart(64, 1 << 8, 16);
    CHECK_EQ(axaddr_riscv_stage1_turn_on_with((uintptr_t)satp, &satp_port, &machine), AXADDR_OK);
    CHECK_DONE("sfence; satp 8000000000080123; sfence; ");
    CHECK_EQ(machine.at[0x180], satp);
}

/** Sv48 on a hart that has not got it, and a seventh bit of ASID where there are six. */
static void riscv_tells_what_is_missing(void) {
    uint64_t satp;

    CHECK_EQ(axaddr_riscv_stage1_satp(&axaddr_riscv_sv48, axaddr_hpa(ROOT), 0, &satp), AXADDR_OK);
    reset_hart(64, 1 << 8, 16);
    CHECK_EQ(axaddr_riscv_stage1_turn_on_with((uintptr_t)satp, &satp_port, &machine),
             AXADDR_UNSUPPORTED);
    CHECK_DONE("sfence; satp 9000000000080123; satp 0; sfence; ");
    CHECK_EQ(machine.at[0x180], 0);
    CHECK_EQ(axaddr_riscv_stage1_satp(&axaddr_riscv_sv39, axaddr_hpa(ROOT), 0x40, &satp),
             AXADDR_OK);
    reset_hart(64, 1 << 8, 6);
    machine.at[0x180] = UINT64_C(0x8000000000080000);
    CHECK_EQ(axaddr_riscv_stage1_turn_on_with((uintptr_t)satp, &satp_port, &machine),
             AXADDR_UNSUPPORTED);
    CHECK_DONE("sfence; satp 8004000000080123; satp 8000000000080000; sfence; ");
    CHECK_EQ(machine.at[0x180], UINT64_C(0x8000000000080000));
}

/** No fence but where the pool says so, and then after the write: "satp". */
static void riscv_switches(void) {
    uint64_t satp;

    CHECK_EQ(axaddr_riscv_stage1_satp(&axaddr_riscv_sv39, axaddr_hpa(ROOT), 7, &satp), AXADDR_OK);
    reset_hart(64, 1 << 8, 16);
    axaddr_riscv_stage1_switch_with((uintptr_t)satp, AXADDR_VMID_READY, &satp_port, &machine);
    CHECK_DONE("satp 8000700000080123; ");
    reset_hart(64, 1 << 8, 16);
    axaddr_riscv_stage1_switch_with((uintptr_t)satp, AXADDR_VMID_FLUSH_ALL, &satp_port, &machine);
    CHECK_DONE("satp 8000700000080123; sfence; ");
}

static void riscv_counts_asid_bits(void) {
    unsigned bits;

    for (bits = 0; bits <= 16; bits++) {
        reset_hart(64, 1 << 8, bits);
        machine.at[0x180] = UINT64_C(0x8000000000080123);
        CHECK_EQ(axaddr_riscv_asid_bits_with(64, &satp_port, &machine), bits);
        CHECK_DONE("satp 8ffff00000080123; satp 8000000000080123; sfence; ");
        CHECK_EQ(machine.at[0x180], UINT64_C(0x8000000000080123));
    }
    for (bits = 0; bits <= 9; bits++) {
        reset_hart(32, 1 << 1, bits);
        machine.at[0x180] = UINT64_C(0x80080123);
        CHECK_EQ(axaddr_riscv_asid_bits_with(32, &satp_port, &machine), bits);
        CHECK_DONE("satp ffc80123; satp 80080123; sfence; ");
    }
    /* An ASID that is loaded comes back. */
    reset_hart(64, 1 << 8, 9);
    machine.at[0x180] = UINT64_C(0x8000500000080123);
    CHECK_EQ(axaddr_riscv_asid_bits_with(64, &satp_port, &machine), 9);
    CHECK_EQ(machine.at[0x180], UINT64_C(0x8000500000080123));
    /* Bare: nothing may be written. */
    reset_hart(64, 1 << 8, 16);
    CHECK_EQ(axaddr_riscv_asid_bits_with(64, &satp_port, &machine), 0);
    CHECK_DONE("");
}

/* ---- AArch64: DDI 0487, D24.2 ---- */

static const char *const aarch64_names[] = {"mair", "tcr", "ttbr0", "ttbr1", "sctlr"};

static uint64_t read_aarch64(void *ctx, enum axaddr_aarch64_stage1_register which) {
    check_ctx(ctx);
    return machine.at[which];
}

static void write_aarch64(void *ctx, enum axaddr_aarch64_stage1_register which, uint64_t value) {
    check_ctx(ctx);
    note("%s %" PRIx64 "; ", aarch64_names[which], value);
    if ((machine.at[AXADDR_AARCH64_SCTLR] & 1) != 0 && which != AXADDR_AARCH64_TTBR0) {
        fault("changed while the MMU is on");
    }
    machine.at[which] = value;
}

static void drain(void *ctx) {
    check_ctx(ctx);
    note("dsb sy; ");
}

static void isb(void *ctx) {
    check_ctx(ctx);
    note("isb; ");
}

static void tlbi_all(void *ctx) {
    check_ctx(ctx);
    note("tlbi, dsb nsh; ");
}

static const struct axaddr_aarch64_switch aarch64 = {read_aarch64, write_aarch64, drain, isb,
                                                     tlbi_all};

static const struct axaddr_aarch64_regime regime = {0x4404ff, 0x3510, 0x40201000, 0x40202000};

/** SCTLR_EL1 as reset may leave it, with WXN; M, C and I are bits 0, 2 and 12. */
static void aarch64_turns_on(void) {
    reset();
    machine.at[AXADDR_AARCH64_SCTLR] = 0x30d80800;
    CHECK_EQ(axaddr_aarch64_turn_on_with(&regime, false, &aarch64, &machine), AXADDR_OK);
    CHECK_DONE("dsb sy; mair 4404ff; tcr 3510; ttbr0 40201000; ttbr1 40202000; isb; "
               "tlbi, dsb nsh; isb; sctlr 30d01805; isb; ");
    reset();
    machine.at[AXADDR_AARCH64_SCTLR] = 0x30c50830;
    CHECK_EQ(axaddr_aarch64_turn_on_with(&regime, true, &aarch64, &machine), AXADDR_OK);
    CHECK_DONE("dsb sy; mair 4404ff; tcr 3510; ttbr0 40201000; isb; "
               "tlbi, dsb nsh; isb; sctlr 30c51835; isb; ");
}

static void aarch64_is_on_already(void) {
    reset();
    machine.at[AXADDR_AARCH64_SCTLR] = 0x30d01805;
    CHECK_EQ(axaddr_aarch64_turn_on_with(&regime, false, &aarch64, &machine), AXADDR_INVALID);
    CHECK_DONE("");
}

static void aarch64_switches(void) {
    reset();
    machine.at[AXADDR_AARCH64_SCTLR] = 0x30d01805;
    axaddr_aarch64_el1_switch_with(UINT64_C(0x7000040203000), AXADDR_VMID_READY, &aarch64,
                                   &machine);
    CHECK_DONE("dsb sy; ttbr0 7000040203000; isb; ");
    reset();
    axaddr_aarch64_el1_switch_with(UINT64_C(0x7000040203000), AXADDR_VMID_FLUSH_ALL, &aarch64,
                                   &machine);
    CHECK_DONE("dsb sy; ttbr0 7000040203000; isb; tlbi, dsb nsh; isb; ");
}

/* ---- x86: SDM vol. 3A, 2.5, 4.1, 4.10 ---- */

static const char *const x86_names[] = {"cr0", "cr3", "cr4", "efer"};

static uint64_t read_x86(void *ctx, enum axaddr_x86_register which) {
    check_ctx(ctx);
    return machine.at[which];
}

/** What is #GP, and what 2.5 forbids: PGE before PG. */
static void check_x86(enum axaddr_x86_register which, uint64_t value) {
    uint64_t set = value & ~machine.at[which];
    bool has_pcid = (machine.at[AXADDR_X86_CR4] >> 17 & 1) != 0;
    bool is_long = (machine.at[AXADDR_X86_EFER] >> 10 & 1) != 0;
    bool is_paged = (machine.at[AXADDR_X86_CR0] >> 31 & 1) != 0;

    if (which == AXADDR_X86_CR4 && (set >> 17 & 1) != 0 &&
        (!is_long || (machine.at[AXADDR_X86_CR3] & 0xfff) != 0)) {
        fault("PCIDE outside of long mode, or with a PCID");
    }
    if (which == AXADDR_X86_CR3 && value >> 63 != 0 && !has_pcid) {
        fault("bit 63 without PCIDE");
    }
    if (which == AXADDR_X86_CR4 && (set >> 7 & 1) != 0 && !is_paged) {
        fault("PGE before PG");
    }
    if (which == AXADDR_X86_CR0 && (set >> 31 & 1) != 0 &&
        (machine.at[AXADDR_X86_CR4] >> 5 & 1) == 0) {
        fault("PG before PAE");
    }
    if (which == AXADDR_X86_CR3 && (machine.at[AXADDR_X86_EFER] >> 11 & 1) == 0) {
        fault("a table whose bit 63 is reserved");
    }
}

static void write_x86(void *ctx, enum axaddr_x86_register which, uint64_t value) {
    check_ctx(ctx);
    note("%s %" PRIx64 "; ", x86_names[which], value);
    check_x86(which, value);
    machine.at[which] = which == AXADDR_X86_CR3 ? value & ~(UINT64_C(1) << 63) : value;
}

static void run_invpcid(void *ctx, uint64_t type, uint64_t pcid, axaddr_gva_t address) {
    check_ctx(ctx);
    note("invpcid %" PRIu64 " %" PRIu64 " %" PRIx64 "; ", type, pcid, address.raw);
}

static void run_toggle(void *ctx) {
    check_ctx(ctx);
    note("toggle; ");
}

static const struct axaddr_x86_tlb x86_tlb = {.invpcid = run_invpcid, .toggle_pge = run_toggle};
static const struct axaddr_x86_switch x86 = {read_x86, write_x86, &x86_tlb};

static void reset_x86(uint64_t cr0, uint64_t cr3, uint64_t cr4, uint64_t efer) {
    reset();
    machine.at[AXADDR_X86_CR0] = cr0;
    machine.at[AXADDR_X86_CR3] = cr3;
    machine.at[AXADDR_X86_CR4] = cr4;
    machine.at[AXADDR_X86_EFER] = efer;
}

/** From a boot loader's table: LME and LMA; then with PGE on, as of a kernel before this one. */
static void x86_64_turns_on(void) {
    reset_x86(0x80000011, 0x1000, 0x20, 0x500);
    CHECK_EQ(axaddr_x86_64_turn_on_with(ROOT, true, &x86, &machine), AXADDR_OK);
    CHECK_DONE("efer d00; cr0 80010011; cr4 20; cr3 80123000; cr4 200a0; ");
    reset_x86(0x80000011, 0x1000, 0xa0, 0x500);
    CHECK_EQ(axaddr_x86_64_turn_on_with(ROOT, false, &x86, &machine), AXADDR_OK);
    CHECK_DONE("efer d00; cr0 80010011; cr4 20; cr3 80123000; cr4 a0; ");
}

static void x86_64_refuses_a_pcid(void) {
    const uint64_t wrong[] = {ROOT | 1, ROOT | 0x800, ROOT | UINT64_C(1) << 63};
    unsigned i;

    for (i = 0; i < 3; i++) {
        reset_x86(0x80000011, 0x1000, 0x20, 0x500);
        CHECK_EQ(axaddr_x86_64_turn_on_with(wrong[i], true, &x86, &machine), AXADDR_INVALID);
        CHECK_DONE("");
    }
}

/** With PCIDs what is cached is kept, also where all goes afterwards. */
static void x86_64_switches(void) {
    uint64_t cr3;

    CHECK_EQ(axaddr_x86_64_cr3(axaddr_hpa(ROOT), 7, true, &cr3), AXADDR_OK);
    reset_x86(0x80010011, 0x1000, 0x200a0, 0xd00);
    axaddr_x86_64_switch_with(cr3, AXADDR_VMID_READY, true, &x86, &machine);
    CHECK_DONE("cr3 8000000080123007; ");
    reset_x86(0x80010011, 0x1000, 0x200a0, 0xd00);
    axaddr_x86_64_switch_with(cr3, AXADDR_VMID_FLUSH_ALL, true, &x86, &machine);
    CHECK_DONE("cr3 8000000080123007; invpcid 3 0 0; ");
    reset_x86(0x80010011, 0x1000, 0x200a0, 0xd00);
    axaddr_x86_64_switch_with(cr3, AXADDR_VMID_FLUSH_ALL, false, &x86, &machine);
    CHECK_DONE("cr3 8000000080123007; toggle; ");
}

/** From no paging; and from another table of the same kind. */
static void x86_pae_turns_on(void) {
    reset_x86(0x11, 0, 0, 0);
    CHECK_EQ(axaddr_x86_pae_turn_on_with(0x123000, &x86, &machine), AXADDR_OK);
    CHECK_DONE("efer 800; cr4 20; cr3 123000; cr0 80010011; cr4 a0; ");
    reset_x86(0x80010011, 0x1000, 0xa0, 0x800);
    CHECK_EQ(axaddr_x86_pae_turn_on_with(0x123000, &x86, &machine), AXADDR_OK);
    CHECK_DONE("efer 800; cr4 20; cr3 123000; cr0 80010011; cr4 a0; ");
    reset_x86(0x80000011, 0x1000, 0, 0); /* 32-bit paging */
    CHECK_EQ(axaddr_x86_pae_turn_on_with(0x123000, &x86, &machine), AXADDR_INVALID);
    CHECK_DONE("");
}

/* ---- LoongArch64: 7.4.1, 7.5 ---- */

static uint64_t read_csr(void *ctx, enum axaddr_loongarch64_csr which) {
    check_ctx(ctx);
    return machine.at[which];
}

static void write_csr(void *ctx, enum axaddr_loongarch64_csr which, uint64_t value) {
    check_ctx(ctx);
    note("%x=%" PRIx64 "; ", (unsigned)which, value);
    machine.at[which] = value;
}

static void run_invtlb(void *ctx) {
    check_ctx(ctx);
    note("invtlb; ");
}

static const struct axaddr_loongarch64_switch loongarch = {read_csr, write_csr, run_invtlb};

/** Direct address mode (DA 1, PG 0, DATF and DATM 1); other fields of the registers stay. */
static void loongarch64_turns_on(void) {
    struct axaddr_loongarch64_regime all = {{0, 0, 0, 0}, 0x9000000, 0x9004000, 0x9008000};

    /* PWCL: 14 | 11 << 5 | 25 << 10 | 11 << 15; PWCH: 36 | 11 << 6 */
    CHECK_EQ(axaddr_loongarch64_walk(&axaddr_loongarch64_16k_47, 48, &all.walk), AXADDR_OK);
    reset();
    machine.at[0x0] = 0xa8;
    machine.at[0x10] = 0xbf000003;
    machine.at[0x18] = 0xa03ff;
    machine.at[0x8e] = 0xffff80000000203f;
    CHECK_EQ(axaddr_loongarch64_turn_on_with(&all, &loongarch, &machine), AXADDR_OK);
    CHECK_DONE("1c=5e56e; 1d=2e4; 1e=e; 10=8e000003; 8e=ffff80000000200e; 1f=0; 88=9008000; "
               "19=9000000; 1a=9004000; 18=a0000; invtlb; 0=b0; ");
}

static void loongarch64_refuses_a_handler(void) {
    struct axaddr_loongarch64_regime all = {{0, 0, 12, 0}, 0x9000000, 0x9004000, 0x9008800};

    reset();
    CHECK_EQ(axaddr_loongarch64_turn_on_with(&all, &loongarch, &machine), AXADDR_INVALID);
    all.refill = UINT64_C(0x9000000009008000); /* the address in a window */
    CHECK_EQ(axaddr_loongarch64_turn_on_with(&all, &loongarch, &machine), AXADDR_INVALID);
    all.refill = UINT64_C(1) << 48;
    CHECK_EQ(axaddr_loongarch64_turn_on_with(&all, &loongarch, &machine), AXADDR_INVALID);
    CHECK_DONE("");
}

static void loongarch64_switches(void) {
    reset();
    machine.at[0x18] = 0xa0005;
    CHECK_EQ(axaddr_loongarch64_switch_with(ROOT, 0x3ff, AXADDR_VMID_READY, &loongarch, &machine),
             AXADDR_OK);
    CHECK_DONE("19=80123000; 18=a03ff; ");
    reset();
    machine.at[0x18] = 0x80005;
    CHECK_EQ(axaddr_loongarch64_switch_with(ROOT, 7, AXADDR_VMID_FLUSH_ALL, &loongarch, &machine),
             AXADDR_OK);
    CHECK_DONE("19=80123000; 18=80007; invtlb; ");
    reset();
    machine.at[0x18] = 0x80005;
    CHECK_EQ(
        axaddr_loongarch64_switch_with(ROOT, 0x100, AXADDR_VMID_FLUSH_ALL, &loongarch, &machine),
        AXADDR_INVALID);
    CHECK_DONE("");
}

int main(void) {
    CASE(riscv_turns_on);
    CASE(riscv_tells_what_is_missing);
    CASE(riscv_switches);
    CASE(riscv_counts_asid_bits);
    CASE(aarch64_turns_on);
    CASE(aarch64_is_on_already);
    CASE(aarch64_switches);
    CASE(x86_64_turns_on);
    CASE(x86_64_refuses_a_pcid);
    CASE(x86_64_switches);
    CASE(x86_pae_turns_on);
    CASE(loongarch64_turns_on);
    CASE(loongarch64_refuses_a_handler);
    CASE(loongarch64_switches);
    return check_report("test_switch");
}
