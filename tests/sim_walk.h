/* SPDX-License-Identifier: MIT
 *
 * sim_walk.h: walks of the simulated machine. sim_look only looks: what does the table say of an
 * address, now or before the operation? sim_access is a CPU's access, or its speculation: it uses
 * what that CPU holds, goes on from a table entry that it holds, however stale, or from the root,
 * holds what it finds on the way, and complains to the ledger of what hardware would choke on:
 *
 *   - a table that is not in use, an entry that is broken, a run whose entries do not agree;
 *   - a page taken in this operation that a guest could see before it was zeroed.
 *
 * What it finds must have been so before the operation, or be so after it, or be nothing: a
 * translation of neither kind is kept aside until the operation has ended (sim_check_pending).
 */
#ifndef AXADDR_TESTS_SIM_WALK_H
#define AXADDR_TESTS_SIM_WALK_H

#include "sim_memory.h"

/** What a table says of an address. */
struct sim_translation {
    bool is_mapped;
    uint64_t output; /**< of the page of the address */
    unsigned rights;
    unsigned type;
    uint64_t noted; /**< accessed and dirty bits of the leaf */
    uint64_t first; /**< the deciding entry, or the run of leaves, spans [first, last] */
    uint64_t last;
    unsigned shift;
};

/* ---- looking ---- */

/** Whether a leaf stands at the place that it claims, if it belongs to a run. */
static inline bool sim_is_in_place(const struct sim_regime *regime, const struct sim_entry *leaf,
                                   uint32_t index) {
    return !leaf->is_run || leaf->part == SIM_ANY_PART ||
           leaf->part == (index & sim_low_bits(sim_run_bits(regime)));
}

static inline struct sim_translation sim_look(const struct sim *sim, uint64_t address,
                                              enum sim_when when) {
    const struct sim_regime *regime = sim->regime;
    struct sim_translation found = {false, 0, 0, 0, 0, 0, 0, 0};
    uint64_t table = sim->root;
    unsigned level = sim_top_level(regime);
    unsigned rights = SIM_RIGHTS;

    for (;; level--) {
        uint32_t index = sim_index(regime, level, address);
        const uint8_t *at = sim_entry_at(sim, table, index, when);
        uint64_t raw = at == 0 ? 0 : sim_load(sim, at);
        struct sim_entry said = at == 0 ? sim_absent() : regime->decode(raw, level);

        if (said.kind == SIM_TABLE) {
            rights &= said.rights;
            table = said.frame;
            continue;
        }
        found.shift = regime->shift[level];
        if (said.kind == SIM_LEAF && sim_is_in_place(regime, &said, index)) {
            found.is_mapped = true;
            found.shift = sim_leaf_shift(regime, &said, level);
            found.output =
                said.frame + (address & sim_low_bits(found.shift) & ~(HOST_FRAME_SIZE - 1));
            found.rights = rights & said.rights;
            found.type = said.type;
            found.noted = raw & (regime->accessed | regime->dirty);
        }
        found.first = address & ~sim_low_bits(found.shift);
        found.last = address | sim_low_bits(found.shift);
        return found;
    }
}

static inline bool sim_is_same(const struct sim_translation *a, const struct sim_translation *b) {
    return a->is_mapped == b->is_mapped && a->output == b->output && a->rights == b->rights &&
           a->type == b->type;
}

/** What the entry of `level` on the way to an address is: 0 if the way ends above it. */
static inline uint64_t sim_table_below(const struct sim *sim, uint64_t address, unsigned level,
                                       struct sim_entry *said) {
    const struct sim_regime *regime = sim->regime;
    uint64_t table = sim->root;
    unsigned at_level;

    for (at_level = sim_top_level(regime);; at_level--) {
        const uint8_t *at = sim_entry_at(sim, table, sim_index(regime, at_level, address), SIM_NOW);
        *said = at == 0 ? sim_absent() : regime->decode(sim_load(sim, at), at_level);
        if (said->kind != SIM_TABLE) {
            return 0;
        }
        if (at_level == level) {
            return said->frame;
        }
        table = said->frame;
    }
}

/**
 * Whether the run that an entry belongs to is one: each of its entries says so, and of the same
 * frames, rights and type. While an operation is at work entries may be absent or say otherwise:
 * which of them counts is open then, for all of the run, until the flush.
 */
static inline bool sim_is_whole_run(const struct sim *sim, uint64_t table, uint32_t index,
                                    unsigned level, const struct sim_entry *leaf, bool is_at_work) {
    uint32_t mask = (uint32_t)sim_low_bits(sim_run_bits(sim->regime));
    uint32_t i = index & ~mask;
    uint32_t end = i + mask + 1;

    for (; i < end; i++) {
        const uint8_t *at = sim_entry_at(sim, table, i, SIM_NOW);
        struct sim_entry said = sim->regime->decode(sim_load(sim, at), level);
        if (said.kind == SIM_ABSENT && is_at_work) {
            continue;
        }
        if (said.kind != SIM_LEAF || !said.is_run || said.frame != leaf->frame ||
            ((said.rights != leaf->rights || said.type != leaf->type) && !is_at_work) ||
            !sim_is_in_place(sim->regime, &said, i)) {
            return false;
        }
    }
    return true;
}

/* ---- what a CPU holds ---- */

/** Whether a CPU holds a decision on an address: a leaf, or that there is nothing. */
static inline const struct sim_record *sim_hit(struct sim *sim, uint32_t cpu, uint64_t address) {
    const struct sim_regime *regime = sim->regime;
    const struct sim_record *found = 0;
    unsigned level;

    for (level = 0; level < regime->level_count && found == 0; level++) {
        unsigned run = regime->shift[level] + sim_run_bits(regime);
        uint64_t mask = ~sim_low_bits(regime->shift[level]);
        found =
            sim_tlb_find(sim->tlb, sim->vmid, cpu, SIM_LEAF, regime->shift[level], address & mask);
        if (found == 0 && regime->caches_absent) {
            found = sim_tlb_find(sim->tlb, sim->vmid, cpu, SIM_ABSENT, regime->shift[level],
                                 address & mask);
        }
        if (found == 0) {
            found =
                sim_tlb_find(sim->tlb, sim->vmid, cpu, SIM_LEAF, run, address & ~sim_low_bits(run));
        }
    }
    return found;
}

/** Where a CPU's walk begins: at the root, or below a table entry that it holds. */
static inline unsigned sim_start(struct sim *sim, uint32_t cpu, uint64_t address, uint64_t *table,
                                 unsigned *rights) {
    const struct sim_regime *regime = sim->regime;
    static const unsigned lowest[4] = {1, 1, 2, SIM_LEVEL_MAX};
    unsigned level = lowest[sim_random(sim) >> 32 & 3];

    for (; level < regime->level_count; level++) {
        const struct sim_record *held =
            sim_tlb_find(sim->tlb, sim->vmid, cpu, SIM_TABLE, regime->shift[level],
                         address & ~sim_low_bits(regime->shift[level]));
        if (held != 0) {
            *table = held->frame;
            *rights = held->rights;
            return level - 1;
        }
    }
    *table = sim->root;
    *rights = SIM_RIGHTS;
    return sim_top_level(regime);
}

/** What a CPU may hold of an entry of `level` on the way to an address. */
static inline struct sim_record sim_record_of(const struct sim *sim, uint32_t cpu,
                                              const struct sim_entry *said, unsigned level,
                                              uint64_t address, unsigned rights) {
    struct sim_record record;

    memset(&record, 0, sizeof(record));
    record.shift = (uint8_t)sim->regime->shift[level];
    record.leaf_shift = record.shift;
    record.first = address & ~sim_low_bits(record.shift);
    record.frame = said->frame;
    record.vmid = sim->vmid;
    record.cpus = cpu;
    record.type = said->type;
    record.kind = (uint8_t)said->kind;
    record.level = (uint8_t)level;
    record.rights = (uint8_t)rights;
    return record;
}

/** Hold a leaf; a run as a whole, but CPU 0, which takes no hints, only the leaf that it came by. */
static inline void sim_keep_leaf(struct sim *sim, uint32_t cpu, const struct sim_entry *leaf,
                                 unsigned level, uint64_t address, unsigned rights, bool is_dirty) {
    struct sim_record record = sim_record_of(sim, cpu, leaf, level, address, rights);

    record.leaf_shift = (uint8_t)sim_leaf_shift(sim->regime, leaf, level);
    record.is_dirty = is_dirty;
    if (cpu != 1) {
        record.shift = record.leaf_shift;
        record.first = address & ~sim_low_bits(record.shift);
    } else {
        record.frame += record.first & sim_low_bits(record.leaf_shift);
    }
    sim_tlb_keep(sim->tlb, record);
}

/* ---- an access ---- */

/** A frame that was taken in this operation must be zero when a walk first meets it as a page. */
static inline void sim_check_zero(struct sim *sim, uint64_t page, uint64_t address) {
    const struct host_frame *taken = host_used_frame(sim->host, page);
    uint32_t index;

    if (!sim->is_fresh_zeroed || taken == 0 || taken->taken_in != sim->host->operation ||
        !host_index(sim->host, page, &index) ||
        sim->frames[index].seen_in == sim->host->operation) {
        return;
    }
    sim->frames[index].seen_in = sim->host->operation;
    if (!host_bytes_are(sim_bytes(sim, page), 0)) {
        host_complain(sim->host,
                      "the guest can see frame 0x%" PRIx64 " at 0x%" PRIx64 " before it is zeroed",
                      page, address);
    }
}

/** A translation that a walk found must be right before or after the operation. */
static inline void sim_check_found(struct sim *sim, uint64_t address, uint64_t output,
                                   unsigned rights, unsigned type) {
    struct sim_translation found = {true, output, rights, type, 0, 0, 0, 0};
    struct sim_translation before;

    if (!sim->is_running || sim->copy_count == 0) {
        return;
    }
    before = sim_look(sim, address, SIM_BEFORE);
    if (!sim_is_same(&found, &before) && sim->pending_count < SIM_PENDING_MAX) {
        struct sim_pending *pending = &sim->pending[sim->pending_count++];
        pending->address = address;
        pending->output = output;
        pending->rights = rights;
        pending->type = type;
    }
}

/** Hardware has noted that a page was written. */
static inline void sim_note(struct sim *sim, uint64_t address, uint64_t output) {
    struct sim_note *note =
        &sim->notes[sim->note_count < SIM_NOTE_MAX ? sim->note_count++
                                                   : sim_random(sim) % SIM_NOTE_MAX];
    note->address = address;
    note->output = output;
}

/** A walk has come to a leaf: note the access, check it, hold it. */
static inline void sim_fill(struct sim *sim, uint32_t cpu, uint64_t address, bool is_write,
                            uint64_t table, unsigned level, const struct sim_entry *leaf,
                            uint64_t raw, unsigned rights) {
    const struct sim_regime *regime = sim->regime;
    unsigned shift = sim_leaf_shift(regime, leaf, level);
    uint64_t page = address & ~(HOST_FRAME_SIZE - 1);
    uint64_t output = leaf->frame + (page & sim_low_bits(shift));
    uint32_t index = sim_index(regime, level, address);
    uint64_t noted = regime->accessed;

    if (leaf->is_run && (!sim_is_in_place(regime, leaf, index) ||
                         !sim_is_whole_run(sim, table, index, level, leaf, sim->is_running))) {
        host_complain(sim->host, "the run of leaves at 0x%" PRIx64 " is not one", address);
        return;
    }
    rights &= leaf->rights;
    is_write = is_write && (rights & SIM_WRITE) != 0;
    if (is_write) {
        noted |= regime->dirty;
    }
    if (sim->has_updates && (raw & noted) != noted) {
        sim_note_bits(sim, table, index, noted);
        raw |= noted;
        if (is_write && regime->dirty != 0) {
            sim_note(sim, page, output);
        }
    }
    if (regime->needs_accessed && (raw & regime->accessed) == 0) {
        return; /* it faults, and what faults is not held */
    }
    sim_check_zero(sim, output, page);
    sim_check_found(sim, page, output, rights, leaf->type);
    sim_keep_leaf(sim, cpu, leaf, level, address, rights, (raw & regime->dirty) != 0);
}

/** CPU `cpu` (its index) accesses a table address. */
static inline void sim_access(struct sim *sim, unsigned cpu_index, uint64_t address,
                              bool is_write) {
    const struct sim_regime *regime = sim->regime;
    uint32_t cpu = UINT32_C(1) << cpu_index;
    const struct sim_record *hit = sim_hit(sim, cpu, address);
    uint64_t table;
    unsigned rights;
    unsigned level;

    if (hit != 0 && (hit->is_dirty || !is_write || !sim->has_updates || hit->kind != SIM_LEAF)) {
        return;
    }
    sim->figures.walk_count++;
    level = sim_start(sim, cpu, address, &table, &rights);
    for (;; level--) {
        uint32_t index = sim_index(regime, level, address);
        const uint8_t *at = sim_entry_at(sim, table, index, SIM_NOW);
        struct sim_entry said;
        uint64_t raw;

        if (at == 0) {
            host_complain(sim->host,
                          "a walk for 0x%" PRIx64 " reads a table at 0x%" PRIx64
                          ", which is not in use",
                          address, table);
            return;
        }
        raw = sim_load(sim, at);
        said = regime->decode(raw, level);
        switch (said.kind) {
        case SIM_ABSENT:
            if (regime->caches_absent && cpu_index != 0) { /* some do, some do not */
                sim_tlb_keep(sim->tlb, sim_record_of(sim, cpu, &said, level, address, 0));
            }
            return;
        case SIM_BROKEN:
            host_complain(sim->host, "entry 0x%" PRIx64 " of level %u for 0x%" PRIx64 ": %s", raw,
                          level, address, said.why);
            return;
        case SIM_LEAF:
            sim_fill(sim, cpu, address, is_write, table, level, &said, raw, rights);
            return;
        case SIM_TABLE:
            break;
        }
        if (sim->has_updates && regime->has_table_accessed && /* a PDPTE of PAE has no such bit */
            regime->decode(raw | regime->accessed, level).kind == SIM_TABLE) {
            sim_note_bits(sim, table, index, regime->accessed);
        }
        rights &= said.rights;
        table = said.frame;
        sim_is_table(sim, table, level - 1, address & ~sim_low_bits(regime->shift[level]));
        sim_tlb_keep(sim->tlb, sim_record_of(sim, cpu, &said, level, address, rights));
    }
}

#endif /* AXADDR_TESTS_SIM_WALK_H */
