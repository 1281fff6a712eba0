/* SPDX-License-Identifier: MIT
 *
 * sim.h: the simulated MMU: several CPUs that use a table while the engine changes it, at the worst
 * moments, and keep what they found until a flush plan names it. It knows no format's hooks: what
 * hardware makes of entries is in sim_machines.h, what the CPUs hold in sim_tlb.h, how they walk in
 * sim_walk.h, and what must be true of it all in sim_check.h. Complaints go to the ledger (host.h).
 *
 *     sim_init(&sim, &tlb, &host, "x86_ept", root);   // a table that is empty
 *     sim_begin(&sim, first, last);                   // an operation on these addresses begins
 *     sim_watch(&sim, address);                       // look at this one especially
 *     ... the operation: each access to an entry and each call of the HAL is an occasion ...
 *     sim_end(&sim);                                  // it is over: check everything
 *     sim_stop(&sim);                                 // nobody runs on it any more
 *     ... destroy the table ...
 *     sim_check_gone(&sim);                           // nobody may hold anything of it
 *     sim_destroy(&sim);
 *
 * The occasions: before an entry is written, a CPU walks to it, so that somebody holds what was
 * there; after it, another CPU does, maybe by way of entries that it has held for long. At each
 * pace'th access somebody walks to one of the watched addresses or to a pseudo-random one; as well
 * before and after each flush.
 *
 * Knobs are in struct sim: walkers (which CPUs run on this table), pace, has_updates (hardware notes
 * accesses), is_fresh_zeroed; tlb->cpu_numbers. With a HAL for walkers that do not snoop (host.h,
 * host_hal_unsnooped), an entry changes for them when it is cleaned.
 */
#ifndef AXADDR_TESTS_SIM_H
#define AXADDR_TESTS_SIM_H

#include "sim_access.h"
#include "sim_check.h"

#define SIM_PACE       16
#define SIM_FULL_CHECK 32 /**< all records are checked after each so many operations */

/** The table that operations work on just now; the accessors tell nothing but the place. */
static struct sim *sim_current;

/* ---- stores ---- */

/** One of the CPUs that run on the table; 0 is returned if there is none. */
static inline bool sim_pick_cpu(struct sim *sim, unsigned *cpu) {
    unsigned tried;
    for (tried = 0; tried < sim->tlb->cpu_count; tried++) {
        *cpu = (unsigned)(sim->turn++ % sim->tlb->cpu_count);
        if ((sim->walkers >> *cpu & 1) != 0) {
            return true;
        }
    }
    return false;
}

static inline void sim_walk_to(struct sim *sim, uint64_t address) {
    unsigned cpu;
    if (sim_pick_cpu(sim, &cpu)) {
        sim_access(sim, cpu, address, (sim_random(sim) >> 20 & 3) == 0);
    }
}

/** CPUs walk to what an entry of `level` is for: a page, or of a larger one also others in it. */
static inline void sim_visit(struct sim *sim, uint64_t first, unsigned level) {
    uint64_t mask = sim_low_bits(sim->regime->shift[level]);

    sim_walk_to(sim, first);
    if (level > 0) {
        sim_walk_to(sim, first | mask);
        sim_walk_to(sim, first | (sim_random(sim) & mask));
        sim_walk_to(sim, first | (sim_random(sim) & mask));
    }
}

/** A table has been linked: it and those below it can be reached now. */
static inline void sim_adopt(struct sim *sim, uint64_t table, unsigned level, uint64_t first) {
    uint32_t count = UINT32_C(1) << sim->regime->index_bits[level];
    uint32_t i;

    sim_is_table(sim, table, level, first);
    for (i = 0; level > 0 && i < count; i++) {
        const uint8_t *at = sim_entry_at(sim, table, i, SIM_NOW);
        struct sim_entry said =
            at == 0 ? sim_absent() : sim->regime->decode(sim_load(sim, at), level);
        if (said.kind == SIM_TABLE) {
            sim_adopt(sim, said.frame, level - 1,
                      first + ((uint64_t)i << sim->regime->shift[level]));
        }
    }
}

/** What walkers read at a slot of the arena. */
static inline uint64_t sim_load_slot(const struct sim *sim, const void *slot) {
    size_t offset = (size_t)((const uint8_t *)slot - sim->host->memory);
    const uint8_t *bytes = sim->host->shadow != 0 ? sim->host->shadow : sim->host->memory;
    return sim_load(sim, bytes + offset);
}

/** Look at the entry that was written last, now that it has been. */
static inline void sim_settle(struct sim *sim) {
    void *slot = sim->store_slot;
    const struct sim_frame *frame = slot == 0 ? 0 : sim_frame_of_slot(sim, slot);
    struct sim_entry said;
    uint64_t first;
    uint64_t last;
    unsigned level;

    sim->store_slot = 0;
    if (frame == 0 || sim_load_slot(sim, slot) == sim->store_old) {
        return;
    }
    level = frame->level;
    first = sim_slot_first(sim, frame, slot);
    last = first | sim_low_bits(sim->regime->shift[level]);
    sim->touched_first = first < sim->touched_first ? first : sim->touched_first;
    sim->touched_last = last > sim->touched_last ? last : sim->touched_last;
    said = sim->regime->decode(sim_load_slot(sim, slot), level);
    if (said.kind == SIM_TABLE) {
        sim_adopt(sim, said.frame, level - 1, first);
    }
    if (said.kind == SIM_TABLE || said.kind == SIM_LEAF) {
        sim_check_break(sim, first, level);
    }
    sim_visit(sim, first, level);
    if (sim->regime->caches_absent && (sim->walkers & 1) != 0) {
        sim_access(sim, 0, first, false); /* who does not believe that it is absent */
    }
}

/** An entry is about to be written, as far as walkers can see. */
static inline void sim_will_store(struct sim *sim, void *slot) {
    const struct sim_frame *frame = sim_frame_of_slot(sim, slot);
    uint64_t old;

    if (frame == 0) {
        return;
    }
    sim_save(sim, (uint32_t)(frame - sim->frames));
    old = sim_load_slot(sim, slot);
    if (sim->regime->caches_absent || sim->regime->decode(old, frame->level).kind != SIM_ABSENT) {
        sim_visit(sim, sim_slot_first(sim, frame, slot), frame->level);
    }
    sim->store_slot = slot;
    sim->store_old = sim_load_slot(sim, slot);
}

/* ---- occasions ---- */

/** Now and then somebody walks to one of the watched addresses, or elsewhere. */
static inline void sim_occasion(struct sim *sim) {
    sim_settle(sim);
    if (sim->pace == 0 || ++sim->turn % sim->pace != 0) {
        return;
    }
    if (sim->watch_count > 0 && sim_random(sim) % 4 != 0) {
        sim_walk_to(sim, sim->watches[sim_random(sim) % sim->watch_count]);
    } else {
        sim_walk_to(sim, sim_random(sim) & sim_low_bits(sim_input_width(sim->regime)));
    }
}

/** Before an access of the engine to an entry. */
static inline void sim_told_access(void *slot, bool is_write) {
    struct sim *sim = sim_current;

    sim->is_told = true;
    sim_occasion(sim);
    if (is_write && sim->host->shadow == 0) {
        sim_will_store(sim, slot);
    } else if (is_write && sim->stored_count < SIM_STORED_MAX) {
        sim->stored[sim->stored_count++] = slot;
    }
}

/** Before bytes are cleaned: each entry among them changes for walkers one by one. */
static inline void sim_told_clean(struct sim *sim, uint8_t *at, size_t size) {
    size_t step = (size_t)1 << sim->regime->entry_shift;
    size_t offset = (size_t)(at - sim->host->memory);
    size_t end = offset + size;

    for (; offset + step <= end && sim_frame_of_slot(sim, at) != 0; offset += step, at += step) {
        if (memcmp(at, sim->host->shadow + offset, step) != 0) {
            sim_will_store(sim, at);
            memcpy(sim->host->shadow + offset, at, step);
            sim_settle(sim);
        }
    }
}

/** Count a plan's steps, and those that meet nothing that was mapped when the operation began. */
static inline void sim_weigh(struct sim *sim, const struct axaddr_flush *plan) {
    unsigned k;

    sim->figures.plan_count++;
    sim->figures.full_count += plan->is_full;
    for (k = 0; k < plan->range_count && !plan->is_full; k++) {
        uint64_t mask = sim_low_bits(plan->ranges[k].stride_shift);
        uint64_t address = (plan->ranges[k].first & ~mask) - sim->high;
        uint64_t last = plan->ranges[k].last - sim->high;

        for (; address <= last && last >> sim_input_width(sim->regime) == 0; address += mask + 1) {
            struct sim_translation was = sim_look(sim, address, SIM_BEFORE);
            while (!was.is_mapped && was.last < (address | mask)) {
                was = sim_look(sim, was.last + 1, SIM_BEFORE);
            }
            sim->figures.step_count++;
            sim->figures.needless_count += !was.is_mapped;
        }
    }
}

/** A plan is carried out. */
static inline void sim_told_flush(struct sim *sim, const struct axaddr_flush *plan) {
    unsigned i;

    sim_settle(sim);
    sim_weigh(sim, plan);
    sim_tlb_flush(sim->tlb, plan, sim->high);
    for (i = 0; i < 2 && sim->is_running && sim->watch_count > 0 && sim->pace != 0; i++) {
        sim_walk_to(sim, sim->watches[sim_random(sim) % sim->watch_count]);
    }
}

/** A frame is about to be freed. */
static inline void sim_told_free(struct sim *sim, uint32_t index) {
    sim_settle(sim);
    sim_check_freed(sim, index);
    if (sim->walkers != 0 && sim->is_running) {
        sim_check_unlinked(sim, index);
    }
    if (sim->frames[index].is_table) {
        sim_save(sim, index);
        sim->frames[index].is_table = false;
    }
}

/** The HAL is called (host.h); maybe not in an operation: then only what CPUs hold matters. */
static inline void sim_told_call(void *argument, const struct host_call *call) {
    struct sim *sim = (struct sim *)argument;

    switch (call->kind) {
    case HOST_CALL_OTHER:
        if (sim->is_running) {
            sim_occasion(sim);
        }
        break;
    case HOST_CALL_FREE:
        sim_told_free(sim, call->index);
        break;
    case HOST_CALL_FLUSH:
        sim_told_flush(sim, call->plan);
        break;
    case HOST_CALL_CLEAN:
        if (sim->is_running) {
            sim_told_clean(sim, call->at, call->size);
        }
        break;
    }
}

/* ---- operations ---- */

/** Look at an address especially, during the operation that has begun. */
static inline void sim_watch(struct sim *sim, uint64_t address) {
    address -= sim->high;
    if (sim->watch_count < SIM_WATCH_MAX && address >> sim_input_width(sim->regime) == 0) {
        sim->watches[sim->watch_count++] = address;
        sim_walk_to(sim, address);
    }
}

/** An operation begins. */
static inline void sim_begin(struct sim *sim) {
    sim_forget_copies(sim);
    sim->is_running = true;
    sim->is_told = false;
    sim->watch_count = 0;
    sim->touched_first = UINT64_MAX;
    sim->touched_last = 0;
    sim->store_slot = 0;
    sim->pending_count = 0;
    sim->stored_count = 0;
    sim_current = sim;
    sim_on_access = sim_told_access;
    sim->host->on_call = sim_told_call;
    sim->host->on_call_argument = sim;
}

/** What was written of tables that can be reached must have been cleaned. */
static inline void sim_check_cleaned(struct sim *sim) {
    uint32_t i;
    for (i = 0; i < sim->stored_count; i++) {
        const uint8_t *slot = (const uint8_t *)sim->stored[i];
        const struct sim_frame *frame = sim_frame_of_slot(sim, slot);
        uint64_t entry = frame == 0 ? 0 : sim_load(sim, slot);
        uint64_t seen = frame == 0 ? 0 : sim_load_slot(sim, slot);
        if (entry != seen && (sim->regime->decode(entry, frame->level).kind != SIM_ABSENT ||
                              sim->regime->decode(seen, frame->level).kind != SIM_ABSENT)) {
            host_complain(sim->host, "entry 0x%" PRIx64 " for 0x%" PRIx64 " was not cleaned", entry,
                          sim_slot_first(sim, frame, slot));
        }
    }
    sim->stored_count = 0;
}

/** Nothing is told any more. */
static inline void sim_leave(struct sim *sim) {
    sim_settle(sim);
    sim->is_running = false;
    sim_on_access = 0;
}

/** The operation is over: whatever the CPUs hold must be right. */
static inline void sim_end(struct sim *sim) {
    sim_leave(sim);
    sim_check_cleaned(sim);
    sim_check_pending(sim);
    sim_check_records(sim, sim->touched_first, sim->touched_last);
    if (!sim->is_told || sim->host->operation % SIM_FULL_CHECK == 0) {
        sim_check_records(sim, 0, UINT64_MAX);
    }
    sim_check_noted(sim);
}

/** A fault on a page that is mapped was said to be spurious: at the next try it must go through. */
static inline void sim_check_spurious(struct sim *sim, uint64_t address, unsigned access) {
    unsigned cpu;

    for (cpu = 0; cpu < sim->tlb->cpu_count && !sim->regime->faults_forget; cpu++) {
        const struct sim_record *hit = sim_hit(sim, UINT32_C(1) << cpu, address - sim->high);
        if (hit != 0 && (hit->kind == SIM_ABSENT || (access & ~(unsigned)hit->rights) != 0)) {
            host_complain(sim->host, "0x%" PRIx64 " will fault again: a CPU still holds %s",
                          address,
                          hit->kind == SIM_ABSENT ? "that it is absent" : "its old rights");
        }
    }
}

/* ---- life ---- */

/** CPUs begin to use the table at `root`, which is empty. `high`: see struct sim. */
static inline void sim_init(struct sim *sim, struct sim_tlb *tlb, struct host *host,
                            const char *format_name, uint64_t root, uint64_t high) {
    memset(sim, 0, sizeof(*sim));
    sim->regime = sim_regime_of(format_name);
    sim->host = host;
    sim->tlb = tlb;
    sim->root = root;
    sim->high = high;
    sim->walkers = (uint32_t)sim_low_bits(tlb->cpu_count);
    sim->pace = SIM_PACE;
    sim->is_fresh_zeroed = true;
    sim->random = UINT64_C(0x9e3779b97f4a7c15);
    sim->touched_first = UINT64_MAX;
    sim->frames = (struct sim_frame *)calloc(host->frame_count, sizeof(*sim->frames));
    sim->copied = (uint32_t *)calloc(host->frame_count, sizeof(*sim->copied));
    sim->pending = (struct sim_pending *)malloc(SIM_PENDING_MAX * sizeof(*sim->pending));
    sim->stored = (void **)malloc(SIM_STORED_MAX * sizeof(*sim->stored));
    if (sim->regime == 0 || sim->frames == 0 || sim->copied == 0 || sim->pending == 0 ||
        sim->stored == 0) {
        abort();
    }
    sim_adopt(sim, root, sim_top_level(sim->regime), 0);
}

/** The table is about to be destroyed: no CPU runs on it any more; what they hold they hold. */
static inline void sim_stop(struct sim *sim) {
    sim_begin(sim);
    sim->walkers = 0;
}

/** It has been: nobody may hold anything of its VMID. */
static inline void sim_check_gone(struct sim *sim) {
    uint32_t i;

    sim_leave(sim);
    for (i = 0; i < sim->tlb->high; i++) {
        const struct sim_record *record = &sim->tlb->records[i];
        if (record->cpus != 0 && record->vmid == sim->vmid) {
            host_complain(sim->host,
                          "a CPU still holds %s of 0x%" PRIx64 ", of a table that is gone",
                          sim_name_of(record), record->first + sim->high);
        }
    }
}

/** Forget the table, whatever has become of it. */
static inline void sim_destroy(struct sim *sim) {
    sim_current = 0;
    sim_on_access = 0;
    if (sim->host->on_call_argument == sim) {
        sim->host->on_call = 0;
    }
    free(sim->frames);
    free(sim->copied);
    free(sim->copies);
    free(sim->pending);
    free(sim->stored);
    sim->frames = 0;
    sim->copied = 0;
    sim->copies = 0;
    sim->pending = 0;
    sim->stored = 0;
}

#endif /* AXADDR_TESTS_SIM_H */
