/* SPDX-License-Identifier: MIT
 *
 * sim_memory.h: the simulated machine (struct sim) and what its walkers read: the entries of one
 * table in the arena, as they are now or as they were when the operation began. What was there
 * before is kept by copying a table's frame at the first change that an operation makes to it.
 *
 * Walkers that do not snoop the caches (host.h, HOST_UNSNOOPED) read what was cleaned to memory.
 */
#ifndef AXADDR_TESTS_SIM_MEMORY_H
#define AXADDR_TESTS_SIM_MEMORY_H

#include "sim_machines.h"
#include "sim_tlb.h"

#define SIM_WATCH_MAX   16
#define SIM_PENDING_MAX 4096
#define SIM_STORED_MAX  4096
#define SIM_NOTE_MAX    256

/** What is known of a frame of the arena. */
struct sim_frame {
    bool is_table; /**< it is, or in this operation was, a table that hardware can reach */
    uint8_t level;
    uint64_t first; /**< table address of its first entry */
    uint32_t copy;  /**< its contents when the operation began: index + 1 of a copy; 0: unchanged */
    uint32_t seen_in; /**< the operation in which a walk first met it as a page */
};

/** A translation that was neither there before nor is known to be there after the operation. */
struct sim_pending {
    uint64_t address; /**< of a page */
    uint64_t output;
    unsigned rights;
    unsigned type;
};

/** A page that hardware noted as written. */
struct sim_note {
    uint64_t address;
    uint64_t output;
};

/** How much there was to do, and how much of it for nothing. */
struct sim_figures {
    uint64_t walk_count;
    uint64_t plan_count;
    uint64_t full_count;     /**< plans that asked for everything */
    uint64_t step_count;     /**< invalidations by address that the others ask for ... */
    uint64_t needless_count; /**< ... of them where no CPU could have held anything */
};

struct sim {
    const struct sim_regime *regime;
    struct host *host;
    struct sim_tlb *tlb;
    uint64_t root;
    uint64_t high; /**< what input addresses have above the tables' width */
    uint32_t vmid;

    /* ---- for tests to set ---- */

    uint32_t walkers;     /**< the CPUs that run on this table: bit per CPU (by index) */
    unsigned pace;        /**< a walk of a watched address at each pace'th access; 0: none */
    bool has_updates;     /**< hardware notes accesses (A, D, AF) where the machine can */
    bool is_fresh_zeroed; /**< frames taken in an operation are zero when a guest can see them */

    /* ---- the operation ---- */

    bool is_running;
    bool is_told; /**< of accesses: the instance was made for it (sim_access.h) */
    uint64_t watches[SIM_WATCH_MAX]; /**< table addresses */
    unsigned watch_count;
    uint64_t touched_first; /**< table addresses whose entries were changed; first > last: none */
    uint64_t touched_last;
    uint64_t turn; /**< counts accesses */
    uint64_t random;
    void *store_slot; /**< an entry that is being written: not looked at yet; 0: none */
    uint64_t store_old;
    struct sim_pending *pending;
    uint32_t pending_count;
    void **stored; /**< entries written that walkers have to be told of, as they do not snoop */
    uint32_t stored_count;

    struct sim_note notes[SIM_NOTE_MAX];
    uint32_t note_count;
    struct sim_frame *frames; /**< [frame of the arena] */
    uint8_t *copies;
    uint32_t copy_count;
    uint32_t copy_max;
    uint32_t *copied; /**< the frames that have a copy */
    struct sim_figures figures;
};

enum sim_when { SIM_NOW, SIM_BEFORE };

static inline uint64_t sim_random(struct sim *sim) {
    sim->random ^= sim->random << 13;
    sim->random ^= sim->random >> 7;
    sim->random ^= sim->random << 17;
    return sim->random;
}

/* ---- bytes ---- */

/** The bytes of a frame in use that walkers read: in memory if they do not snoop; 0 if not in use. */
static inline uint8_t *sim_bytes(const struct sim *sim, uint64_t frame) {
    return sim->host->shadow != 0 ? host_peek_memory(sim->host, frame)
                                  : host_peek(sim->host, frame);
}

/** Keep what a frame holds: it is about to change. */
static inline void sim_save(struct sim *sim, uint32_t index) {
    const uint8_t *bytes = sim_bytes(sim, host_address(sim->host, index));

    if (sim->frames[index].copy != 0 || bytes == 0) {
        return;
    }
    if (sim->copy_count == sim->copy_max) {
        sim->copy_max = sim->copy_max * 2 + 16;
        sim->copies = (uint8_t *)realloc(sim->copies, sim->copy_max * (size_t)HOST_FRAME_SIZE);
        if (sim->copies == 0) {
            abort();
        }
    }
    memcpy(sim->copies + sim->copy_count * (size_t)HOST_FRAME_SIZE, bytes, HOST_FRAME_SIZE);
    sim->copied[sim->copy_count++] = index;
    sim->frames[index].copy = sim->copy_count;
}

/** An operation begins: what is there now is what will have been there before. */
static inline void sim_forget_copies(struct sim *sim) {
    while (sim->copy_count > 0) {
        sim->frames[sim->copied[--sim->copy_count]].copy = 0;
    }
}

/** Where an entry of the table at `table` is; 0 if no such frame is in use. */
static inline const uint8_t *sim_entry_at(const struct sim *sim, uint64_t table, uint32_t index,
                                          enum sim_when when) {
    uint64_t at = table + ((uint64_t)index << sim->regime->entry_shift);
    size_t offset = (size_t)(at & (HOST_FRAME_SIZE - 1));
    uint32_t frame;
    const uint8_t *bytes;

    if (!host_index(sim->host, at, &frame)) {
        return 0;
    }
    if (when == SIM_BEFORE && sim->frames[frame].copy != 0) {
        return sim->copies + (sim->frames[frame].copy - 1) * (size_t)HOST_FRAME_SIZE + offset;
    }
    bytes = sim_bytes(sim, at);
    return bytes == 0 ? 0 : bytes + offset;
}

static inline uint64_t sim_load(const struct sim *sim, const uint8_t *at) {
    uint32_t half;
    uint64_t entry;

    if (sim->regime->entry_shift == 2) {
        memcpy(&half, at, sizeof(half));
        return half;
    }
    memcpy(&entry, at, sizeof(entry));
    return entry;
}

/** Set bits in an entry, as hardware does when it notes an access. */
static inline void sim_note_bits(const struct sim *sim, uint64_t table, uint32_t index,
                                 uint64_t bits) {
    uint64_t at = table + ((uint64_t)index << sim->regime->entry_shift);
    uint8_t *bytes = sim_bytes(sim, at);
    uint64_t entry;
    uint32_t half;

    if (bytes == 0) {
        return;
    }
    bytes += at & (HOST_FRAME_SIZE - 1);
    entry = sim_load(sim, bytes) | bits;
    half = (uint32_t)entry;
    if (sim->regime->entry_shift == 2) {
        memcpy(bytes, &half, sizeof(half));
    } else {
        memcpy(bytes, &entry, sizeof(entry));
    }
}

/* ---- which frames are tables ---- */

/** The frame at `table` is a table of `level` for the addresses from `first` on; so are the next. */
static inline void sim_is_table(struct sim *sim, uint64_t table, unsigned level, uint64_t first) {
    uint64_t size = UINT64_C(1) << (sim->regime->index_bits[level] + sim->regime->entry_shift);
    uint64_t offset;
    uint32_t index;

    for (offset = 0; offset < size; offset += HOST_FRAME_SIZE) {
        if (host_index(sim->host, table + offset, &index)) {
            struct sim_frame *frame = &sim->frames[index];
            frame->is_table = true;
            frame->level = (uint8_t)level;
            frame->first =
                first + (offset >> sim->regime->entry_shift << sim->regime->shift[level]);
        }
    }
}

/** The frame that a slot is in, if hardware reaches it as a table; 0 if not. */
static inline struct sim_frame *sim_frame_of_slot(const struct sim *sim, const void *slot) {
    size_t offset = (size_t)((const uint8_t *)slot - sim->host->memory);

    if ((const uint8_t *)slot < sim->host->memory ||
        offset >= (size_t)sim->host->frame_count * HOST_FRAME_SIZE ||
        !sim->frames[offset / HOST_FRAME_SIZE].is_table) {
        return 0;
    }
    return &sim->frames[offset / HOST_FRAME_SIZE];
}

/** The first table address that the entry at `slot` is for. */
static inline uint64_t sim_slot_first(const struct sim *sim, const struct sim_frame *frame,
                                      const void *slot) {
    size_t offset = (size_t)((const uint8_t *)slot - sim->host->memory) % HOST_FRAME_SIZE;
    return frame->first +
           ((uint64_t)(offset >> sim->regime->entry_shift) << sim->regime->shift[frame->level]);
}

#endif /* AXADDR_TESTS_SIM_MEMORY_H */
