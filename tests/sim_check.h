/* SPDX-License-Identifier: MIT
 *
 * sim_check.h: what must be true of the CPUs' records: of a live entry that is being replaced, when
 * frames are freed, and when an operation has ended. What is not goes to the ledger (host.h).
 */
#ifndef AXADDR_TESTS_SIM_CHECK_H
#define AXADDR_TESTS_SIM_CHECK_H

#include "sim_walk.h"

static inline const char *sim_name_of(const struct sim_record *record) {
    return record->kind == SIM_TABLE ? "a table entry" : "a translation";
}

/* ---- break before make ---- */

/** Whether what a record says may not stand beside what the table says now of an address in it. */
static inline bool sim_conflicts(const struct sim *sim, const struct sim_record *record,
                                 uint64_t address) {
    struct sim_translation now;
    struct sim_entry said;

    if (record->kind == SIM_TABLE) {
        uint64_t table = sim_table_below(sim, address, record->level, &said);
        return said.kind != SIM_ABSENT && table != record->frame;
    }
    now = sim_look(sim, address, SIM_NOW);
    if (record->kind != SIM_LEAF || !now.is_mapped) {
        return false;
    }
    return now.shift != record->leaf_shift || now.type != record->type ||
           now.output != record->frame + (address - record->first) ||
           (sim->regime->break_rule == SIM_BREAK_ALL && now.rights != record->rights);
}

static inline void sim_check_conflict(struct sim *sim, const struct sim_record *record,
                                      uint64_t address) {
    if (record->cpus != 0 && record->vmid == sim->vmid && sim_conflicts(sim, record, address)) {
        host_complain(sim->host,
                      "0x%" PRIx64 " is live again while a CPU holds %s of level %u: no break",
                      address, sim_name_of(record), record->level);
    }
}

/** An entry for [first, first + (1 << shift[level]) - 1] has become a live one. */
static inline void sim_check_break(struct sim *sim, uint64_t first, unsigned level) {
    const struct sim_regime *regime = sim->regime;
    struct sim_tlb *tlb = sim->tlb;
    unsigned shift = regime->shift[level];
    unsigned up;
    uint32_t i;

    if (regime->break_rule == SIM_BREAK_NONE) {
        return;
    }
    for (i = 0; level > 0 && i < tlb->high; i++) { /* what spans no more than this entry */
        const struct sim_record *record = &tlb->records[i];
        if (record->shift <= shift && record->first >> shift == first >> shift) {
            sim_check_conflict(sim, record, record->first);
        }
    }
    for (up = 2 * level; up < 2 * regime->level_count; up++) { /* leaves that span all of it */
        unsigned wide = regime->shift[up / 2] + (up % 2 == 0 ? 0 : sim_run_bits(regime));
        uint64_t begin = first & ~sim_low_bits(wide);
        for (i = *sim_tlb_bucket(tlb, sim->vmid, begin, wide); i != 0;
             i = tlb->records[i - 1].next) {
            const struct sim_record *record = &tlb->records[i - 1];
            if (record->shift == wide && record->first == begin && record->kind == SIM_LEAF) {
                sim_check_conflict(sim, record, first);
            }
        }
    }
}

/* ---- freed frames ---- */

/** A frame is about to be freed: no CPU may hold a way to it. */
static inline void sim_check_freed(struct sim *sim, uint32_t index) {
    const struct sim_tlb *tlb = sim->tlb;
    uint64_t frame = host_address(sim->host, index);
    uint32_t i;

    for (i = 0; tlb->held[index] != 0 && i < tlb->high; i++) {
        const struct sim_record *record = &tlb->records[i];
        uint64_t last = record->frame + (record->kind == SIM_LEAF ? sim_low_bits(record->shift)
                                                                  : HOST_FRAME_SIZE - 1);
        if (record->cpus != 0 && record->kind != SIM_ABSENT && frame >= record->frame &&
            frame <= last) {
            host_complain(sim->host,
                          "frame 0x%" PRIx64 " is freed, but a CPU holds %s of 0x%" PRIx64 " to it",
                          frame, sim_name_of(record), record->first);
        }
    }
}

/** The same while the table is in use: nor may there be one in the table. */
static inline void sim_check_unlinked(struct sim *sim, uint32_t index) {
    const struct sim_frame *frame = &sim->frames[index];
    const struct host_frame *known = &sim->host->frames[index];
    uint64_t at = host_address(sim->host, index);
    struct sim_translation now;
    struct sim_entry said;

    if (frame->is_table && frame->level < sim_top_level(sim->regime) &&
        sim_table_below(sim, frame->first, frame->level + 1u, &said) == at) {
        host_complain(sim->host, "table 0x%" PRIx64 " is freed while it is linked", at);
    }
    if (known->is_live && !known->is_live_table) {
        now = sim_look(sim, known->live_first - sim->high, SIM_NOW);
        if (now.is_mapped && now.output == at) {
            host_complain(sim->host, "frame 0x%" PRIx64 " is freed while 0x%" PRIx64 " maps it", at,
                          known->live_first);
        }
    }
}

/* ---- the end of an operation ---- */

/** Whatever a CPU holds must be what the table says; fewer rights only cost a fault. */
static inline void sim_check_record(struct sim *sim, const struct sim_record *record) {
    uint64_t address = record->first;
    struct sim_entry said;

    if (record->kind == SIM_TABLE &&
        sim_table_below(sim, address, record->level, &said) != record->frame) {
        host_complain(sim->host, "a CPU still holds the table entry of level %u at 0x%" PRIx64,
                      record->level, address);
    }
    while (record->kind == SIM_LEAF) {
        struct sim_translation now = sim_look(sim, address, SIM_NOW);
        if (!now.is_mapped || now.output != record->frame + (address - record->first) ||
            now.type != record->type || (record->rights & ~now.rights) != 0) {
            host_complain(sim->host,
                          "a CPU still translates 0x%" PRIx64 " to 0x%" PRIx64
                          " with rights %x, type %x; the table says 0x%" PRIx64 ", %x, %x",
                          address, record->frame + (address - record->first), record->rights,
                          record->type, now.output, now.rights, now.type);
            return;
        }
        if (now.last >= sim_record_last(record)) {
            return;
        }
        address = now.last + 1;
    }
}

/** All records of this table's VMID that have to do with [first, last]. */
static inline void sim_check_records(struct sim *sim, uint64_t first, uint64_t last) {
    uint32_t i;
    for (i = 0; i < sim->tlb->high; i++) {
        const struct sim_record *record = &sim->tlb->records[i];
        if (record->cpus != 0 && record->vmid == sim->vmid && record->first <= last &&
            sim_record_last(record) >= first) {
            sim_check_record(sim, record);
        }
    }
}

/** Translations that were not there before the operation must be there now. */
static inline void sim_check_pending(struct sim *sim) {
    uint32_t i;
    for (i = 0; i < sim->pending_count; i++) {
        const struct sim_pending *pending = &sim->pending[i];
        struct sim_translation found = {
            true, pending->output, pending->rights, pending->type, 0, 0, 0, 0};
        struct sim_translation now = sim_look(sim, pending->address, SIM_NOW);
        if (!sim_is_same(&found, &now)) {
            host_complain(sim->host,
                          "0x%" PRIx64 " led to 0x%" PRIx64
                          ", rights %x, type %x for a while: neither before nor after",
                          pending->address, pending->output, pending->rights, pending->type);
        }
    }
    sim->pending_count = 0;
}

/** A page that stays mapped to the same frame keeps what hardware noted in its leaf. */
static inline void sim_check_noted(struct sim *sim) {
    unsigned i;
    uint32_t k;

    for (i = 0; i < sim->watch_count; i++) {
        struct sim_translation was = sim_look(sim, sim->watches[i], SIM_BEFORE);
        struct sim_translation now = sim_look(sim, sim->watches[i], SIM_NOW);
        if (was.is_mapped && now.is_mapped && was.output == now.output &&
            (was.noted & ~now.noted) != 0) {
            host_complain(sim->host, "0x%" PRIx64 " lost what was noted in its leaf",
                          sim->watches[i]);
        }
    }
    for (k = 0; k < sim->note_count; k++) {
        struct sim_translation now = sim_look(sim, sim->notes[k].address, SIM_NOW);
        if (!now.is_mapped || now.output != sim->notes[k].output) {
            sim->notes[k--] = sim->notes[--sim->note_count];
        } else if ((now.noted & sim->regime->dirty) == 0) {
            host_complain(sim->host, "0x%" PRIx64 " was written, and its leaf forgot it",
                          sim->notes[k].address);
        }
    }
}

#endif /* AXADDR_TESTS_SIM_CHECK_H */
