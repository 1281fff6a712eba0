/* SPDX-License-Identifier: MIT
 *
 * fuzz_decode.c: arbitrary entries through the hooks of every format, arbitrary registers through
 * the decoders of exits and the makers of root registers. What must hold is what format.h says of
 * the hooks; what hardware makes of entries, tests/sim_machines.h says.
 *
 * The input is one record after the other. Words are those of input.h.
 *
 *     byte   what, modulo 5:
 *            0  an entry      format, level, entry, flags, notes and access
 *            1  a leaf made   format, level, flags, frame
 *            2  absent made   format, kind, value, frame
 *            3  an exit       machine, four registers
 *            4  a root        machine, root, tag, more
 */
#include "input.h"

#include "../axaddr.h"
#include "../tests/sim_machines.h"
#include "../tests/every_format.h"
#include "../tests/toy_format.h"

/* ---- formats, and what they refuse ---- */

/** What a format refuses beside what no format holds (README, "Formats"). */
struct subject {
    const struct axaddr_format *format;
    uint32_t refused;         /**< any of these flags */
    bool needs_read;          /**< anything without READ */
    bool needs_read_to_write; /**< WRITE without READ */
    bool is_any;              /**< what it refuses is not known here */
};

static const struct subject subjects[] = {
    {&axaddr_x86_ept, AXADDR_USER, false, true, false},
    {&axaddr_x86_ept_2m, AXADDR_USER, false, true, false},
    {&axaddr_x86_64, 0, true, false, false},
    {&axaddr_x86_64_2m, 0, true, false, false},
    {&axaddr_x86_npt, AXADDR_USER, true, false, false},
    {&axaddr_x86_npt_2m, AXADDR_USER, true, false, false},
    {&axaddr_aarch64_stage2_40, AXADDR_USER, false, false, false},
    {&axaddr_aarch64_stage2_48, AXADDR_USER, false, false, false},
    {&axaddr_riscv_sv39x4, AXADDR_USER | AXADDR_UNCACHED, false, true, false},
    {&axaddr_riscv_sv48x4, AXADDR_USER | AXADDR_UNCACHED, false, true, false},
    {&axaddr_riscv_sv39x4_svpbmt, AXADDR_USER, false, true, false},
    {&axaddr_riscv_sv48x4_svpbmt, AXADDR_USER, false, true, false},
    {&axaddr_riscv_sv39x4_svnapot, AXADDR_USER, false, true, false},
    {&axaddr_riscv_sv48x4_svnapot, AXADDR_USER, false, true, false},
};
#define SUBJECT_COUNT ((uint32_t)(sizeof(subjects) / sizeof(subjects[0])))

#define ADDRESS_OF(tag, format) &format,
static const struct axaddr_format *const formats[] = {EVERY_FORMAT(ADDRESS_OF)};
#undef ADDRESS_OF
#define FORMAT_COUNT ((uint32_t)(sizeof(formats) / sizeof(formats[0])))

/** One of these, or any format, whatever it refuses. */
static const struct subject *pick_subject(struct input *input) {
    static struct subject any = {0, 0, false, false, true};
    uint32_t index = input_below(input, SUBJECT_COUNT + FORMAT_COUNT);
    const struct subject *subject = index < SUBJECT_COUNT ? &subjects[index] : &any;

    any.format = index < SUBJECT_COUNT ? 0 : formats[index - SUBJECT_COUNT];
    fuzz_context = subject->format->name;
    return subject;
}

static bool can_hold(const struct subject *subject, uint32_t flags) {
    bool can_write_only = !subject->needs_read && !subject->needs_read_to_write;
    /* stage 1 holds GLOBAL */
    uint32_t special =
        subject->format->is_sign_extended ? AXADDR_EXECUTE_MODES : AXADDR_SPECIAL_FLAGS;

    return axaddr_flags_are_valid(flags) && (flags & (subject->refused | special)) == 0 &&
           ((flags & AXADDR_READ) != 0 ||
            (!subject->needs_read && (can_write_only || (flags & AXADDR_WRITE) == 0))) &&
           ((flags & AXADDR_DEVICE) == 0 || (flags & (AXADDR_EXECUTE | AXADDR_UNCACHED)) == 0);
}

static uint64_t output_mask(const struct axaddr_format *format, unsigned level) {
    return axaddr_low_bits(format->output_width) & ~axaddr_low_bits(format->shift[level]);
}

static unsigned leaf_level_max(const struct axaddr_format *format) {
    unsigned level = 0;
    while ((format->leaf_levels >> (level + 1) & 1) != 0) {
        level++;
    }
    return level;
}

/* ---- a leaf, whatever its bits ---- */

/** `to` is a leaf of `level` with the frame and the flags given. */
static void check_is(const struct axaddr_format *format, uint64_t to, unsigned level,
                     uint64_t frame, uint32_t flags) {
    FUZZ_EQ(format->kind_of(to, level), AXADDR_ENTRY_LEAF);
    FUZZ_EQ(format->frame_of(to, level), frame);
    FUZZ_EQ(format->flags_of(to, level), flags);
}

/** Hardware, if it does not fault, sees the same. A write that is to be noted may be withheld. */
static void check_hardware(const struct axaddr_format *format, uint64_t leaf, unsigned level,
                           bool is_ours) {
    const struct sim_regime *regime = sim_regime_of(format->name);
    struct sim_entry said = regime->decode(leaf, level);
    uint32_t flags = format->flags_of(leaf, level);

    if (said.kind == SIM_BROKEN && !is_ours) {
        return;
    }
    FUZZ_EQ(said.kind, SIM_LEAF);
    FUZZ_EQ(said.frame, format->frame_of(leaf, level));
    if (is_ours) {
        FUZZ_EQ(said.rights, sim_rights_of(regime, flags));
        FUZZ_EQ(said.type, sim_type_of(regime, flags));
    } else {
        FUZZ_EQ(said.rights & ~sim_rights_of(regime, flags), 0);
    }
}

/** What is noted of a leaf; nothing where nothing is ever noted. */
static uint32_t notes_of(const struct axaddr_format *format, uint64_t leaf, unsigned level) {
    return format->notes_of == 0 ? 0 : format->notes_of(leaf, level);
}

static void check_notes(const struct axaddr_format *format, uint64_t leaf, unsigned level,
                        uint32_t cleared, uint32_t access) {
    uint64_t frame = format->frame_of(leaf, level);
    uint32_t flags = format->flags_of(leaf, level);
    uint32_t notes = notes_of(format, leaf, level);
    uint64_t to;

    if (format->notes_of == 0) {
        FUZZ_CHECK(format->clear_notes == 0 && format->note_access == 0 && format->noted == 0);
        return;
    }
    to = format->clear_notes(leaf, level, cleared);
    FUZZ_EQ(notes & ~AXADDR_NOTES, 0);
    check_is(format, to, level, frame, flags);
    FUZZ_EQ(notes_of(format, to, level), notes & ~cleared);
    check_is(format, leaf | format->noted, level, frame, flags);
    access &= flags;
    if (format->note_access == 0 || access == 0) {
        return;
    }
    to = format->note_access(to, level, access);
    check_is(format, to, level, frame, flags);
    notes =
        (notes & ~cleared) | AXADDR_ACCESSED | ((access & AXADDR_WRITE) != 0 ? AXADDR_DIRTY : 0);
    FUZZ_EQ(notes_of(format, to, level), notes);
    FUZZ_EQ(format->note_access(to, level, access), to);
}

/** needs_break: of two live entries, one of them a leaf. */
static void check_break(const struct axaddr_format *format, uint64_t leaf, uint64_t to,
                        unsigned level) {
    uint32_t types = AXADDR_DEVICE | AXADDR_UNCACHED;
    bool needs = format->needs_break != 0 && format->needs_break(leaf, to, level);

    if (format->needs_break == 0) {
        return;
    }
    FUZZ_CHECK(!format->needs_break(leaf, leaf, level));
    FUZZ_EQ(format->needs_break(to, leaf, level), needs);
    if (format->kind_of(to, level) != AXADDR_ENTRY_LEAF) {
        FUZZ_CHECK(needs);
        return;
    }
    if (format->frame_of(leaf, level) != format->frame_of(to, level) ||
        ((format->flags_of(leaf, level) ^ format->flags_of(to, level)) & types) != 0) {
        FUZZ_CHECK(needs);
    }
}

/** change_leaf gives it `flags`, and nothing else. */
static void check_change(const struct axaddr_format *format, uint64_t leaf, unsigned level,
                         uint32_t flags) {
    uint64_t to;

    if (!axaddr_flags_are_valid(flags) || !format->can_hold(flags)) {
        return;
    }
    to = format->change_leaf(leaf, level, format->attributes_of(flags, level));
    check_is(format, to, level, format->frame_of(leaf, level), flags);
    FUZZ_EQ(notes_of(format, to, level), notes_of(format, leaf, level));
    check_break(format, leaf, to, level);
    check_break(format, leaf, format->make_table(0, level), level);
    if ((format->run_levels >> level & 1) != 0 && format->run_bits != 0) {
        uint64_t index = format->frame_of(leaf, level) >> format->shift[level];
        uint64_t run = format->change_leaf(format->make_run(leaf, level), level,
                                           format->attributes_of(flags, level));
        FUZZ_EQ(format->plain_leaf(run, level, index), to);
        FUZZ_CHECK(run != to);
    }
}

/** The hint that it is one of a run: put there, seen, taken away. */
static void check_run(const struct axaddr_format *format, uint64_t leaf, unsigned level) {
    uint64_t index = format->frame_of(leaf, level) >> format->shift[level];
    uint64_t run;

    if (format->run_bits == 0 || (format->run_levels >> level & 1) == 0) {
        return;
    }
    run = format->make_run(leaf, level);
    FUZZ_CHECK(run != leaf);
    FUZZ_EQ(format->kind_of(run, level), AXADDR_ENTRY_LEAF);
    FUZZ_EQ(format->plain_leaf(run, level, index), leaf);
    FUZZ_EQ(format->plain_leaf(leaf, level, index), leaf);
    if (format->needs_break != 0) {
        FUZZ_CHECK(format->needs_break(leaf, run, level));
    }
}

/** Parts, and what comes next in memory. */
static void check_neighbours(const struct axaddr_format *format, uint64_t leaf, unsigned level) {
    uint64_t frame = format->frame_of(leaf, level);
    uint32_t flags = format->flags_of(leaf, level);
    uint64_t size = UINT64_C(1) << format->shift[level];
    uint64_t next = format->next_leaf(leaf, level);
    uint64_t part;

    if (frame + size < axaddr_low_bits(format->output_width)) {
        check_is(format, next, level, frame + size, flags);
        FUZZ_EQ(notes_of(format, next, level), notes_of(format, leaf, level));
    }
    if (level > 0) {
        part = format->split_leaf(leaf, level);
        check_is(format, part, level - 1, frame, flags);
        FUZZ_EQ(notes_of(format, part, level - 1), notes_of(format, leaf, level));
    }
}

/* ---- records ---- */

/** is_reserved may say no of a scribbled entry, then a fault takes the long way; not a wrong yes. */
static void check_reserved(const struct axaddr_format *format, uint64_t entry) {
    uint32_t rights = 0;

    if (format->is_reserved != 0 && format->is_reserved(entry, &rights)) {
        FUZZ_EQ(format->kind_of(entry, 0), AXADDR_ENTRY_ABSENT);
        FUZZ_EQ(format->absent_kind(entry), AXADDR_ABSENT_RESERVED);
    }
}

static void check_table_entry(const struct axaddr_format *format, uint64_t entry, unsigned level) {
    struct sim_entry said = sim_regime_of(format->name)->decode(entry, level);
    uint64_t table = format->table_of(entry);

    FUZZ_CHECK(level > 0);
    FUZZ_EQ(table & ~output_mask(format, 0), 0);
    FUZZ_EQ(format->table_of(format->make_table(table, level)), table);
    FUZZ_CHECK(said.kind == SIM_BROKEN || (said.kind == SIM_TABLE && said.frame == table));
}

static void fuzz_entry(struct input *input) {
    const struct axaddr_format *format = pick_subject(input)->format;
    unsigned level = input_below(input, format->level_count);
    uint64_t entry = input_word(input) & axaddr_low_bits(8u << format->entry_shift);
    uint32_t flags = input_byte(input) & AXADDR_MAPPING_FLAGS;
    uint32_t more = input_byte(input);
    enum axaddr_entry_kind kind = format->kind_of(entry, level);
    uint64_t plain = entry;

    check_reserved(format, entry);
    if (format->run_bits != 0) {
        plain = format->plain_leaf(entry, level, more & 15);
        FUZZ_EQ(format->plain_leaf(plain, level, more & 15), plain);
    }
    switch (kind) {
    case AXADDR_ENTRY_ABSENT:
        FUZZ_CHECK(format->absent_kind(entry) <= AXADDR_ABSENT_BACKED);
        FUZZ_CHECK(format->absent_value(entry) < UINT64_C(1) << 44);
        FUZZ_CHECK(sim_regime_of(format->name)->decode(entry, level).kind != SIM_LEAF);
        return;
    case AXADDR_ENTRY_TABLE:
        FUZZ_EQ((plain ^ entry) & ~AXADDR_AARCH64_S2_CONTIGUOUS, 0);
        check_table_entry(format, entry, level);
        return;
    case AXADDR_ENTRY_LEAF:
        break;
    }
    FUZZ_EQ(format->kind_of(plain, level), AXADDR_ENTRY_LEAF);
    FUZZ_EQ(format->frame_of(plain, level) & ~output_mask(format, level), 0);
    FUZZ_EQ(format->flags_of(plain, level) & ~AXADDR_MAPPING_FLAGS, 0);
    check_hardware(format, plain, level, false);
    check_notes(format, plain, level, more & AXADDR_NOTES, more >> 2 & AXADDR_ACCESS_FLAGS);
    check_change(format, plain, level, flags);
    check_run(format, plain, level);
    check_neighbours(format, plain, level);
}

/** What can be held comes back, at every level, to us and to hardware; the rest is refused. */
static void fuzz_made(struct input *input) {
    const struct subject *subject = pick_subject(input);
    const struct axaddr_format *format = subject->format;
    unsigned level = input_below(input, leaf_level_max(format) + 1);
    uint32_t flags = input_byte(input) & AXADDR_MAPPING_FLAGS;
    uint64_t frame = input_word(input) & output_mask(format, level);
    uint64_t leaf;

    if (!axaddr_flags_are_valid(flags)) {
        return;
    }
    if (!subject->is_any) {
        FUZZ_EQ(format->can_hold(flags), can_hold(subject, flags));
    }
    if (!format->can_hold(flags)) {
        return;
    }
    leaf = format->make_leaf(frame, level, format->attributes_of(flags, level));
    check_is(format, leaf, level, frame, flags);
    check_hardware(format, leaf, level, true);
    check_hardware(format, leaf | format->noted, level, true);
    check_run(format, leaf, level);
    check_neighbours(format, leaf, level);
    check_notes(format, leaf, level, AXADDR_DIRTY, flags);
    check_change(format, leaf, level, AXADDR_READ);
    leaf = format->make_table(frame & output_mask(format, 0), format->level_count - 1u);
    FUZZ_EQ(format->kind_of(leaf, format->level_count - 1u), AXADDR_ENTRY_TABLE);
    check_table_entry(format, leaf, format->level_count - 1u);
    FUZZ_EQ(sim_regime_of(format->name)->decode(leaf, format->level_count - 1u).kind, SIM_TABLE);
}

/** A reservation that the fault path meets: its rights, and what it becomes. */
static void check_populate(const struct axaddr_format *format, uint64_t entry, uint32_t flags,
                           uint64_t frame) {
    const uint32_t asked = AXADDR_ACCESS_FLAGS | AXADDR_USER;
    uint32_t rights = 0;

    FUZZ_CHECK(format->is_reserved(entry, &rights));
    FUZZ_EQ(rights & asked, flags & asked);
    if (format->populate != 0) {
        FUZZ_EQ(format->populate(entry, frame),
                format->make_leaf(frame, 0, format->attributes_of(flags, 0)));
    }
}

/** Absent entries are absent to all, and say what they were made to say. */
static void fuzz_absent(struct input *input) {
    const struct axaddr_format *toys[] = {&toy, &toy32};
    uint32_t index = input_below(input, SUBJECT_COUNT + 2);
    const struct axaddr_format *format =
        index < SUBJECT_COUNT ? subjects[index].format : toys[index - SUBJECT_COUNT];
    enum axaddr_absent_kind kind = (enum axaddr_absent_kind)input_below(input, 8);
    uint64_t value = input_word(input);
    uint64_t frame = input_word(input) & output_mask(format, 0);
    uint64_t entry;
    unsigned level;

    fuzz_context = format->name;
    if (kind == AXADDR_ABSENT_EMPTY) {
        value = 0;
    }
    value &= axaddr_absent_is_parked(kind)
                 ? axaddr_low_bits((unsigned)format->output_width - (unsigned)format->shift[0])
                 : axaddr_low_bits(28);
    entry = format->make_absent(kind, value);
    for (level = 0; level < format->level_count; level++) {
        FUZZ_EQ(format->kind_of(entry, level), AXADDR_ENTRY_ABSENT);
        FUZZ_EQ(sim_regime_of(format->name)->decode(entry, level).kind, SIM_ABSENT);
    }
    FUZZ_EQ(format->absent_kind(entry), kind);
    FUZZ_CHECK((entry == format->empty) == (kind == AXADDR_ABSENT_EMPTY));
    if (kind != AXADDR_ABSENT_EMPTY) {
        FUZZ_EQ(format->absent_value(entry), value);
    }
    check_reserved(format, entry);
    if (kind == AXADDR_ABSENT_RESERVED && format->is_reserved != 0 &&
        axaddr_flags_are_valid(axaddr_payload_flags(value)) &&
        format->can_hold(axaddr_payload_flags(value))) {
        check_populate(format, entry, axaddr_payload_flags(value), frame);
    }
}

/* ---- exits ---- */

/** What each decoder promises, but for what the machine decides. */
static void check_exit(const struct axaddr_exit *exit) {
    FUZZ_CHECK(exit->access != 0);
    FUZZ_EQ(exit->access & ~AXADDR_ACCESS_FLAGS, 0);
    FUZZ_CHECK(!exit->is_page_only || (exit->gpa.raw & 0xfff) == 0);
}

static void fuzz_exit_ept(const uint64_t *registers) {
    struct axaddr_exit exit;
    uint64_t qualification = registers[0];

    axaddr_x86_ept_decode(qualification, registers[1], registers[2], &exit);
    check_exit(&exit);
    FUZZ_EQ(exit.gpa.raw, registers[1]);
    FUZZ_EQ(exit.access, (qualification & 7) != 0 ? qualification & 7 : AXADDR_READ);
    FUZZ_EQ(exit.is_permission, (qualification >> 3 & 7) != 0);
    FUZZ_EQ(exit.is_gva_valid, qualification >> 7 & 1);
    FUZZ_EQ(exit.is_guest_walk, (qualification >> 7 & 3) == 1);
    FUZZ_EQ(exit.gva.raw, exit.is_gva_valid ? registers[2] : 0);
    FUZZ_CHECK(!exit.is_page_only);
}

static void fuzz_exit_npt(const uint64_t *registers) {
    struct axaddr_x86_page_fault fault;
    struct axaddr_exit exit;
    uint64_t code = registers[0];
    enum axaddr_status status = axaddr_x86_npt_decode(code, registers[1], &exit);
    uint32_t access = (code & 2) != 0      ? AXADDR_WRITE
                      : (code & 0x10) != 0 ? AXADDR_EXECUTE
                                           : AXADDR_READ;

    check_exit(&exit);
    FUZZ_EQ(status, (code & 8) != 0 ? AXADDR_INVALID : AXADDR_OK);
    FUZZ_EQ(exit.gpa.raw, registers[1]);
    FUZZ_EQ(exit.access, access);
    FUZZ_EQ(exit.is_guest_walk, code >> 33 & 1);
    FUZZ_EQ(exit.is_permission, (code & 9) == 1);
    FUZZ_CHECK(!exit.is_page_only && !exit.is_gva_valid);
    axaddr_x86_64_decode(code, registers[1], &fault);
    FUZZ_EQ(fault.gva.raw, registers[1]);
    FUZZ_EQ(fault.access, access | ((code & 4) != 0 ? AXADDR_USER : 0));
    FUZZ_EQ(fault.is_permission, (code & 9) == 1);
    FUZZ_EQ(fault.is_reserved, code >> 3 & 1);
}

/** DFSC, IFSC: 4 to 7 translation, 8 to 11 access flag, 12 to 15 permission; 0x2b level -1. */
static enum axaddr_aarch64_fault aarch64_fault(unsigned code) {
    if ((code >= 4 && code < 8) || code == 0x2b) {
        return AXADDR_AARCH64_FAULT_TRANSLATION;
    }
    return code >= 8 && code < 12    ? AXADDR_AARCH64_FAULT_ACCESS_FLAG
           : code >= 12 && code < 16 ? AXADDR_AARCH64_FAULT_PERMISSION
                                     : AXADDR_AARCH64_FAULT_OTHER;
}

static uint32_t aarch64_access(uint64_t esr, bool is_permission) {
    if ((esr >> 7 & 1) != 0) {
        return is_permission ? AXADDR_READ | AXADDR_WRITE : AXADDR_READ;
    }
    if ((esr >> 26 & 0x3f) == 0x20) {
        return AXADDR_EXECUTE;
    }
    if ((esr >> 8 & 1) != 0) {
        return is_permission ? AXADDR_WRITE : AXADDR_READ;
    }
    return (esr >> 6 & 1) != 0 ? AXADDR_WRITE : AXADDR_READ;
}

static void fuzz_exit_aarch64(const uint64_t *registers) {
    uint64_t esr = registers[0];
    uint64_t hpfar = registers[1];
    enum axaddr_aarch64_fault fault = aarch64_fault((unsigned)esr & 0x3f);
    unsigned exception = (unsigned)(esr >> 26) & 0x3f;
    bool is_walk = (esr >> 7 & 1) != 0;
    bool is_permission = fault == AXADDR_AARCH64_FAULT_PERMISSION;
    uint64_t page = (hpfar >> 4 & axaddr_low_bits(40)) << 12;
    struct axaddr_exit exit;
    struct axaddr_exit untouched;
    enum axaddr_status status;

    memset(&untouched, 0x5a, sizeof(untouched));
    memset(&exit, 0x5a, sizeof(exit));
    status = axaddr_aarch64_stage2_decode(esr, hpfar, registers[2], &exit);
    FUZZ_EQ(axaddr_aarch64_fault_of(esr), fault);
    FUZZ_EQ(axaddr_aarch64_hpfar_is_valid(esr), is_walk || !is_permission);
    if ((exception != 0x20 && exception != 0x24) || fault == AXADDR_AARCH64_FAULT_OTHER) {
        FUZZ_EQ(status,
                exception != 0x20 && exception != 0x24 ? AXADDR_INVALID : AXADDR_UNSUPPORTED);
        FUZZ_CHECK(memcmp(&exit, &untouched, sizeof(exit)) == 0);
        return;
    }
    FUZZ_EQ(status, AXADDR_OK);
    check_exit(&exit);
    FUZZ_EQ(exit.gpa.raw, page | (is_walk ? 0 : registers[2] & 0xfff));
    FUZZ_EQ(exit.access, aarch64_access(esr, is_permission));
    FUZZ_EQ(exit.is_page_only, is_walk);
    FUZZ_EQ(exit.is_guest_walk, is_walk);
    FUZZ_EQ(exit.is_permission, is_permission);
    FUZZ_CHECK(exit.is_gva_valid && exit.gva.raw == registers[2]);
}

/** PAR_EL1 in the place of HPFAR_EL2: the same page comes of it. */
static void fuzz_exit_par(const uint64_t *registers) {
    uint64_t hpfar = 77;
    struct axaddr_exit exit;

    if ((registers[0] & 1) != 0) {
        FUZZ_EQ(axaddr_aarch64_hpfar_from_par(registers[0], &hpfar), AXADDR_BUSY);
        FUZZ_EQ(hpfar, 77);
        return;
    }
    FUZZ_EQ(axaddr_aarch64_hpfar_from_par(registers[0], &hpfar), AXADDR_OK);
    FUZZ_EQ(axaddr_aarch64_stage2_decode(UINT64_C(0x24) << 26 | 0xf, hpfar, 0, &exit), AXADDR_OK);
    FUZZ_EQ(exit.gpa.raw, registers[0] & UINT64_C(0x000ffffffffff000));
}

static void fuzz_exit_riscv(const uint64_t *registers) {
    uint64_t cause = registers[0] % 32 + (registers[0] & ~UINT64_C(0xffffff));
    bool is_read_walk = registers[3] == 0x2000 || registers[3] == 0x3000;
    bool is_write_walk = registers[3] == 0x2020 || registers[3] == 0x3020;
    bool is_walk = is_read_walk || is_write_walk;
    uint32_t access = cause == 20 ? AXADDR_EXECUTE : cause == 21 ? AXADDR_READ : AXADDR_WRITE;
    struct axaddr_exit exit;
    struct axaddr_exit untouched;
    enum axaddr_status status;

    memset(&untouched, 0x5a, sizeof(untouched));
    memset(&exit, 0x5a, sizeof(exit));
    status = axaddr_riscv_gstage_decode(cause, registers[1], registers[2], registers[3], &exit);
    if (cause != 20 && cause != 21 && cause != 23) {
        FUZZ_EQ(status, AXADDR_INVALID);
        FUZZ_CHECK(memcmp(&exit, &untouched, sizeof(exit)) == 0);
        return;
    }
    FUZZ_EQ(status, AXADDR_OK);
    check_exit(&exit);
    access = is_read_walk ? AXADDR_READ : is_write_walk ? AXADDR_WRITE : access;
    FUZZ_EQ(exit.access, access);
    FUZZ_EQ(exit.gpa.raw, registers[2] << 2 | (is_walk ? 0 : registers[1] & 3));
    FUZZ_EQ(exit.is_guest_walk, is_walk);
    FUZZ_CHECK(!exit.is_permission && !exit.is_page_only);
    FUZZ_EQ(exit.is_gva_valid, registers[1] != 0);
    FUZZ_EQ(exit.gva.raw, registers[1]);
}

static void fuzz_exit(struct input *input) {
    static void (*const decoders[])(const uint64_t *registers) = {
        fuzz_exit_ept, fuzz_exit_npt, fuzz_exit_aarch64, fuzz_exit_par, fuzz_exit_riscv};
    static const char *const names[] = {"EPT", "NPT", "AArch64", "PAR", "RISC-V"};
    uint32_t which = input_below(input, 5);
    uint64_t registers[4];
    unsigned i;

    fuzz_context = names[which];
    for (i = 0; i < 4; i++) {
        registers[i] = input_word(input);
    }
    decoders[which](registers);
}

/* ---- root registers ---- */

static void fuzz_root_x86(axaddr_hpa_t root, uint32_t tag, uint32_t more) {
    bool is_good = (root.raw & 0xfff) == 0 && root.raw >> 52 == 0;
    uint64_t value = 77;

    FUZZ_EQ(axaddr_x86_ept_eptp(root, (more & 1) != 0, &value),
            is_good ? AXADDR_OK : AXADDR_INVALID);
    FUZZ_EQ(value, is_good ? root.raw | (more & 1) << 6 | 0x1e : 77);
    value = 77;
    FUZZ_EQ(axaddr_x86_npt_ncr3(root, &value), is_good ? AXADDR_OK : AXADDR_INVALID);
    FUZZ_EQ(value, is_good ? root.raw : 77);
    value = 77;
    is_good = is_good && tag < 4096;
    FUZZ_EQ(axaddr_x86_64_cr3(root, tag, (more & 1) != 0, &value),
            is_good ? AXADDR_OK : AXADDR_INVALID);
    FUZZ_EQ(value, is_good ? root.raw | tag | (uint64_t)(more & 1) << 63 : 77);
}

/** A processor lacks just what it is asked for and does not have; each lack has a name. */
static void fuzz_root_missing(axaddr_hpa_t root, uint32_t tag, uint32_t more) {
    const struct axaddr_format *format = (more & 1) != 0 ? &axaddr_x86_ept : &axaddr_x86_ept_2m;
    uint64_t wanted = ((tag & 1) != 0 ? AXADDR_X86_EPT_CAP_EXECUTE_ONLY : 0) |
                      ((tag & 2) != 0 ? AXADDR_X86_EPT_CAP_ACCESSED_DIRTY : 0) |
                      ((tag & 4) != 0 ? AXADDR_X86_EPT_CAP_INVEPT_ALL : 0);
    uint64_t missing = axaddr_x86_ept_missing(root.raw, format, wanted);
    uint64_t needed = wanted | UINT64_C(1) << 6 | UINT64_C(1) << 14 | UINT64_C(1) << 16 |
                      UINT64_C(1) << 20 | UINT64_C(1) << 25 | (uint64_t)(more & 1) << 17;

    FUZZ_EQ(missing, needed & ~root.raw);
    FUZZ_EQ(strcmp(axaddr_x86_ept_cap_name(missing), "?") != 0, missing != 0);
    (void)axaddr_x86_ept_cap_name(root.raw);
}

static void fuzz_root_aarch64(axaddr_hpa_t root, uint32_t tag, uint32_t more) {
    const struct axaddr_format *format =
        (more & 1) != 0 ? &axaddr_aarch64_stage2_40 : &axaddr_aarch64_stage2_48;
    unsigned vmid_bits = (more & 2) != 0 ? 16 : (more & 4) != 0 ? 8 : more;
    static const unsigned pa_bits[8] = {32, 36, 40, 42, 44, 48, 52, 56};
    unsigned pa_range = more >> 4;
    bool is_bits = vmid_bits == 8 || vmid_bits == 16;
    bool is_good = is_bits && (root.raw & ((more & 1) != 0 ? 0x1fff : 0xfff)) == 0 &&
                   root.raw >> 48 == 0 && tag >> vmid_bits == 0;
    uint64_t value = 77;
    enum axaddr_status status;

    FUZZ_EQ(axaddr_aarch64_stage2_vttbr(format, root, vmid_bits, tag, &value),
            is_good ? AXADDR_OK : AXADDR_INVALID);
    FUZZ_EQ(value, is_good ? root.raw | (uint64_t)tag << 48 : 77);
    value = 77;
    status = axaddr_aarch64_stage2_vtcr(format, pa_range, vmid_bits, &value);
    if (pa_range >= 8 || !is_bits) {
        FUZZ_EQ(status, AXADDR_INVALID);
    } else if (pa_bits[pa_range] < format->input_width) {
        FUZZ_EQ(status, AXADDR_UNSUPPORTED);
    } else {
        FUZZ_EQ(status, AXADDR_OK);
        FUZZ_EQ(value & 0x3f, 64u - format->input_width);
        FUZZ_EQ(value >> 6 & 3, (more & 1) != 0 ? 1 : 2);
        FUZZ_EQ(value >> 8 & 0xff, 0x35); /* IRGN0, ORGN0, SH0, TG0 */
        FUZZ_EQ(value >> 16 & 7, pa_range < 5 ? pa_range : 5);
        FUZZ_EQ(value >> 19, (vmid_bits == 16 ? 1 : 0) | 1 << 12);
        return;
    }
    FUZZ_EQ(value, 77);
}

static void fuzz_root_riscv(axaddr_hpa_t root, uint32_t tag, uint32_t more) {
    const struct axaddr_format *format = subjects[8 + more % 6].format;
    bool is_good = (root.raw & 0x3fff) == 0 && root.raw >> 56 == 0 && tag >> 14 == 0;
    uint64_t value = 77;

    FUZZ_EQ(axaddr_riscv_gstage_hgatp(format, root, tag, &value),
            is_good ? AXADDR_OK : AXADDR_INVALID);
    FUZZ_EQ(value, is_good ? (uint64_t)(format->input_width == 41 ? 8 : 9) << 60 |
                                 (uint64_t)tag << 44 | root.raw >> 12
                           : 77);
}

static void fuzz_root(struct input *input) {
    uint32_t which = input_below(input, 4);
    axaddr_hpa_t root = axaddr_hpa(input_word(input));
    uint32_t tag = (uint32_t)input_word(input);
    uint32_t more = input_byte(input);

    fuzz_context = "root register";
    if (which == 0) {
        fuzz_root_x86(root, tag, more);
    } else if (which == 1) {
        fuzz_root_missing(root, tag, more);
    } else if (which == 2) {
        fuzz_root_aarch64(root, tag, more);
    } else {
        fuzz_root_riscv(root, tag, more);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static void (*const records[])(struct input * input) = {fuzz_entry, fuzz_made, fuzz_absent,
                                                            fuzz_exit, fuzz_root};
    struct input input = input_of(data, size);

    while (input.left > 0) {
        records[input_below(&input, 5)](&input);
    }
    return 0;
}
