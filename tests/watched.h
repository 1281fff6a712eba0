/* SPDX-License-Identifier: MIT
 *
 * watched.h: one space or bare table whose every store into a table is looked at, as a processor
 * might do that walks it at that very moment. For edits that take entries out and put others in:
 * collapse, split, runs.
 *
 * A live entry is followed from the moment that a linked table holds it. What is wrong: a live
 * entry that becomes another one without a break, unless it maps the same with other rights; an
 * entry that is made anew, or a frame or table that is freed, before a plan covered what it was;
 * a change that no plan covers; a run of leaves (format.h) in which a walker finds live leaves that
 * disagree. The first thing that is wrong is told as the ledger's (host.h) error. How it is used is
 * in watched_edit.h.
 */
#ifndef AXADDR_TESTS_WATCHED_H
#define AXADDR_TESTS_WATCHED_H

#include "watched_kind.h"
#include "host.h"

#define WATCHED_FRAMES      2048u
#define WATCHED_PENDING_MAX 8192u
#define WATCHED_RUN         16u /**< leaves in a run, in every format that has them */
#define PAGE                UINT64_C(4096)

/* ---- what is known of the one that is watched ---- */

/** What a frame of the arena is to hardware, as a table. */
enum place_state {
    PLACE_UNKNOWN, /**< no table, or one that is not linked */
    PLACE_LIVE,    /**< linked: walkers read it */
    PLACE_CUT,     /**< linked no more, but no plan has covered that yet */
};

struct place {
    enum place_state state;
    unsigned level;
    uint32_t link;  /**< CUT: the slot that linked it */
    uint64_t first; /**< the address that its first entry is for */
    bool is_seen;   /**< hardware could reach it, since it was taken */
};

/** A live entry that was changed, and that TLBs may still hold as it was. */
struct pending {
    uint32_t slot;
    unsigned level;
    uint64_t entry; /**< what it was */
    uint64_t first;
    uint64_t last;
    bool is_broken; /**< it became absent; otherwise it was changed in place */
};

struct watched {
    const struct kind *kind;
    const struct axaddr_format *format;
    void *it;
    uint64_t root;
    uint64_t high; /**< what addresses have above the format's width */
    uint64_t home; /**< an address that is aligned to the largest leaf */
    uint64_t end;  /**< where the bounds end, from address 0 (or `high`) on; 0: at 2^64 */
    bool is_clean; /**< the last one ended well: the arena can be used again */
    struct host host;
    enum axaddr_operation operation;

    const void *slot; /**< an entry that is about to be written, */
    uint64_t before;  /**< and what it was until then */
    struct place places[WATCHED_FRAMES];
    uint32_t pending_of[WATCHED_FRAMES * 512]; /**< number + 1 in `pending` */
    struct pending pending[WATCHED_PENDING_MAX];
    uint32_t pending_count;
    uint32_t broken_count;     /**< in this operation: live entries that became absent */
    uint32_t changed_count;    /**< and that were changed in place; */
    uint32_t table_plan_count; /**< plans that said that tables went */

    uint64_t zero_frame; /**< a frame of the arena that is the test's own; 0: none */
    uint64_t next_frame; /**< the frame that the next allocation gives, if it is not 0 */
    bool is_locked;
    bool is_quiesced; /**< since the last plan */
    bool is_ending;   /**< a destroy: after its flush nothing is live any more */
    void (*on_flush)(const struct axaddr_flush *plan);
};

static struct watched watched;

static uint64_t span_of(unsigned level) {
    return UINT64_C(1) << watched.format->shift[level];
}

AXADDR_UNUSED static unsigned leaf_level_max(void) {
    unsigned level = 0;
    while ((watched.format->leaf_levels >> (level + 1) & 1) != 0) {
        level++;
    }
    return level;
}

/* ---- entries, as hardware reads them ---- */

static uint64_t watched_load(const void *slot) {
    uint64_t entry = 0;
    uint32_t half = 0;

    if (watched.format->entry_shift == 3) {
        memcpy(&entry, slot, sizeof(entry));
        return entry;
    }
    memcpy(&half, slot, sizeof(half));
    return half;
}

/** Change an entry behind the engine's back, as hardware or another CPU would. */
AXADDR_UNUSED static void watched_poke(void *slot, uint64_t entry) {
    uint32_t half = (uint32_t)entry;

    if (watched.format->entry_shift == 3) {
        memcpy(slot, &entry, sizeof(entry));
    } else {
        memcpy(slot, &half, sizeof(half));
    }
}

static enum axaddr_entry_kind kind_of(uint64_t entry, unsigned level) {
    return watched.format->kind_of(entry, level);
}

static bool is_live(uint64_t entry, unsigned level) {
    return kind_of(entry, level) != AXADDR_ENTRY_ABSENT;
}

/** Whether it is a leaf with the hint. In a table the bit means something else. */
static bool has_hint(uint64_t entry, unsigned level) {
    return (entry & watched.kind->runs->hint) != 0 && kind_of(entry, level) == AXADDR_ENTRY_LEAF;
}

/** A leaf without the hint: the manuals' words, not the format's hook. */
static uint64_t plain_of(uint64_t entry, unsigned level, uint32_t index) {
    if (!has_hint(entry, level)) {
        return entry;
    }
    if (watched.kind->runs->is_repeated) {
        /* PPN[3:0] are bits 13:10; of a NAPOT entry they come from the address. */
        entry = (entry & ~(UINT64_C(0xf) << 10)) | (uint64_t)(index % WATCHED_RUN) << 10;
    }
    return entry & ~watched.kind->runs->hint;
}

static uint64_t frame_of(uint64_t entry, unsigned level, uint32_t index) {
    return watched.format->frame_of(plain_of(entry, level, index), level);
}

static uint32_t flags_of(uint64_t entry, unsigned level, uint32_t index) {
    return watched.format->flags_of(plain_of(entry, level, index), level);
}

/** The number of a slot in the whole arena; false if it lies elsewhere. */
static bool slot_number(const void *slot, uint32_t *number) {
    size_t offset = (size_t)((const uint8_t *)slot - watched.host.memory);
    uint32_t frame = (uint32_t)(offset / PAGE);

    if ((const uint8_t *)slot < watched.host.memory || frame >= WATCHED_FRAMES) {
        return false;
    }
    *number = frame * 512 + ((uint32_t)(offset % PAGE) >> watched.format->entry_shift);
    return true;
}

static struct place *place_of(uint64_t frame) {
    uint32_t index;

    return host_index(&watched.host, frame, &index) ? &watched.places[index] : 0;
}

/** Complain, with an address. */
static void watched_complain(const char *what, uint64_t address) {
    host_complain(&watched.host, "%s at 0x%" PRIx64, what, address);
}

/* ---- which tables are live ---- */

/** A walker can reach what a leaf maps from now on. */
static void see_leaf(uint64_t entry, unsigned level, uint32_t index) {
    uint64_t frame = frame_of(entry, level, index);
    uint64_t offset;

    for (offset = 0; level <= 1 && offset < span_of(level); offset += PAGE) {
        struct place *place = place_of(frame + offset);
        if (place != 0) {
            place->is_seen = true;
        }
    }
}

static void *slot_in(uint64_t table, uint32_t index) {
    uint64_t offset = (uint64_t)index << watched.format->entry_shift;
    uint8_t *at = host_peek(&watched.host, table + offset);

    return at == 0 ? 0 : at + (offset & (PAGE - 1));
}

/** The table at `frame` and all below it become live, or no longer are. */
static void mark_tables(uint64_t frame, unsigned level, uint64_t first, enum place_state state,
                        uint32_t link) {
    struct place *place = place_of(frame);
    const uint8_t *at = host_peek(&watched.host, frame);
    uint32_t index;

    if (place == 0 || at == 0) {
        watched_complain("a table that is not in use is linked", first);
        return;
    }
    if (place->state == state) {
        watched_complain("a table is linked twice", first);
        return;
    }
    place->state = state;
    place->level = level;
    place->first = first;
    place->link = link;
    place->is_seen = true;
    for (index = 0; index < UINT32_C(1) << watched.format->index_bits[level]; index++) {
        const uint8_t *slot = at + ((size_t)index << watched.format->entry_shift);
        uint64_t entry = watched_load(slot);
        uint64_t address = first + ((uint64_t)index << watched.format->shift[level]);

        if (kind_of(entry, level) == AXADDR_ENTRY_TABLE) {
            mark_tables(watched.format->table_of(entry), level - 1, address, state, link);
        } else if (kind_of(entry, level) == AXADDR_ENTRY_LEAF && state == PLACE_LIVE) {
            see_leaf(entry, level, index);
        }
    }
}

/* ---- runs ---- */

/**
 * The live leaves of the run around a slot all have the hint and agree in it, or none has it. A
 * table may stand in the place of the plain ones.
 */
static void check_run(const void *slot, unsigned level, uint64_t address) {
    uint32_t size = WATCHED_RUN << watched.format->entry_shift;
    const uint8_t *begin = (const uint8_t *)slot - ((uintptr_t)slot & (size - 1));
    uint64_t step = watched.kind->runs->is_repeated ? 0 : span_of(level);
    uint64_t slack = watched.format->noted |
                     (watched.operation == AXADDR_OP_PROTECT ? watched.kind->runs->slack : 0);
    uint64_t agreed = 0;
    uint32_t hinted_count = 0;
    uint32_t plain_count = 0;
    uint32_t i;

    if ((watched.format->run_levels >> level & 1) == 0 || watched.kind->runs->hint == 0) {
        return;
    }
    for (i = 0; i < WATCHED_RUN; i++) {
        uint64_t entry = watched_load(begin + ((size_t)i << watched.format->entry_shift));

        if (!is_live(entry, level)) {
            continue;
        }
        if (!has_hint(entry, level)) {
            plain_count++;
            continue;
        }
        entry -= step * i;
        if (hinted_count++ == 0) {
            agreed = entry;
        }
        if (((entry ^ agreed) & ~slack) != 0) {
            watched_complain("leaves of a run disagree", address);
        }
        if ((frame_of(entry, level, 0) & (step * WATCHED_RUN - 1)) != 0 && step != 0) {
            watched_complain("a run maps frames that are not aligned", address);
        }
    }
    if (hinted_count != 0 && plain_count != 0) {
        watched_complain("a run has live entries without the hint", address);
    }
}

/* ---- stores ---- */

/** Remember a live entry that is no more what it was. */
static void add_pending(uint32_t slot, unsigned level, uint64_t first, uint64_t entry,
                        bool is_broken) {
    struct pending *pending;

    if (watched.pending_of[slot] != 0) {
        pending = &watched.pending[watched.pending_of[slot] - 1];
        pending->is_broken = pending->is_broken || is_broken;
        return;
    }
    if (watched.pending_count == WATCHED_PENDING_MAX) {
        watched_complain("too much changed before a flush", first);
        return;
    }
    pending = &watched.pending[watched.pending_count++];
    watched.pending_of[slot] = watched.pending_count;
    pending->slot = slot;
    pending->level = level;
    pending->entry = entry;
    pending->first = first;
    pending->last = first + (span_of(level) - 1);
    pending->is_broken = is_broken;
}

/** Whether a table says of all its parts what the leaf said that stood there. */
static bool is_split_of(uint64_t table, uint64_t leaf, unsigned level, uint32_t index) {
    uint64_t frame = frame_of(leaf, level, index);
    uint32_t i;

    for (i = 0; i < UINT32_C(1) << watched.format->index_bits[level - 1]; i++) {
        uint64_t entry = watched_load(slot_in(table, i));

        if (kind_of(entry, level - 1) == AXADDR_ENTRY_TABLE) {
            return true; /* split further: its own parts say */
        }
        if (kind_of(entry, level - 1) != AXADDR_ENTRY_LEAF ||
            frame_of(entry, level - 1, i) != frame + i * span_of(level - 1) ||
            flags_of(entry, level - 1, i) != flags_of(leaf, level, index)) {
            return false;
        }
    }
    return true;
}

/** A live entry has become another live one. */
static void on_live_to_live(uint32_t slot, unsigned level, uint64_t address, uint64_t old,
                            uint64_t entry) {
    const struct axaddr_format *format = watched.format;
    bool was_leaf = kind_of(old, level) == AXADDR_ENTRY_LEAF;
    bool is_leaf = kind_of(entry, level) == AXADDR_ENTRY_LEAF;
    uint32_t index = slot % 512;

    if (format->needs_break != 0 && format->needs_break(old, entry, level)) {
        watched_complain("a live entry was replaced without a break", address);
    } else if (watched.operation == AXADDR_OP_COLLAPSE) {
        watched_complain("a collapse replaced a live entry by another", address);
    } else if (was_leaf && is_leaf) {
        if (frame_of(old, level, index) != frame_of(entry, level, index) ||
            has_hint(old, level) != has_hint(entry, level)) {
            watched_complain("a live leaf became another", address);
        }
        if (((old ^ entry) & ~format->noted) != 0) {
            watched.changed_count++;
            add_pending(slot, level, address, old, false);
        }
    } else if (was_leaf) {
        uint64_t table = format->table_of(entry);

        if (has_hint(old, level) || !is_split_of(table, old, level, index)) {
            watched_complain("a split does not say what the leaf said", address);
        }
        mark_tables(table, level - 1, address, PLACE_LIVE, 0);
    } else {
        watched_complain("a linked table was replaced", address);
    }
}

/** A store was made to the entry at `slot`. */
static void on_store(const void *slot, uint64_t old, uint64_t entry) {
    uint32_t number;
    const struct place *place;
    uint64_t address;
    unsigned level;

    if (!slot_number(slot, &number)) {
        watched_complain("a store outside of the arena", entry);
        return;
    }
    place = &watched.places[number / 512];
    level = place->level;
    address = place->first + ((uint64_t)(number % 512) << watched.format->shift[level]);
    if (place->state != PLACE_LIVE || old == entry) {
        return;
    }
    if (is_live(old, level) && is_live(entry, level)) {
        on_live_to_live(number, level, address, old, entry);
    } else if (is_live(old, level)) {
        watched.broken_count++;
        add_pending(number, level, address, old, true);
        if (kind_of(old, level) == AXADDR_ENTRY_TABLE) {
            mark_tables(watched.format->table_of(old), level - 1, address, PLACE_CUT, number);
        }
    } else if (is_live(entry, level)) {
        if (watched.pending_of[number] != 0) {
            watched_complain("an entry was made anew before what it was had been flushed", address);
        }
        if (kind_of(entry, level) == AXADDR_ENTRY_TABLE) {
            mark_tables(watched.format->table_of(entry), level - 1, address, PLACE_LIVE, 0);
        } else {
            see_leaf(entry, level, number % 512);
        }
    }
    check_run(slot, level, address);
}

/** The store that was announced has been made by now. */
static void watched_finish(void) {
    const void *slot = watched.slot;

    if (slot != 0) {
        watched.slot = 0;
        on_store(slot, watched.before, watched_load(slot));
    }
}

AXADDR_NOINLINE static void watched_access(const void *slot, bool is_write) {
    watched_finish();
    if (is_write) {
        watched.slot = slot;
        watched.before = watched_load(slot);
    }
}

/* ---- plans ---- */

static bool plan_covers(const struct axaddr_flush *plan, const struct pending *pending) {
    bool is_table = kind_of(pending->entry, pending->level) == AXADDR_ENTRY_TABLE;
    uint64_t from = pending->first;
    unsigned i;

    if (is_table && !plan->has_tables) {
        return false;
    }
    for (i = 0; i < plan->range_count && !plan->is_full; i++) {
        const struct axaddr_flush_range *range = &plan->ranges[i];

        if (range->first <= from && range->last >= from) {
            if (range->last >= pending->last) {
                return true;
            }
            from = range->last + 1;
        }
        /* Of a table an address is enough: it goes with all that was cached on the way there. */
        if (is_table && range->first <= pending->last && range->last >= pending->first) {
            return true;
        }
    }
    return plan->is_full;
}

/** The TLBs have forgotten what a plan names. */
static void forget(const struct axaddr_flush *plan) {
    uint32_t i = 0;
    uint32_t k;

    while (i < watched.pending_count) {
        struct pending *pending = &watched.pending[i];

        if (!plan_covers(plan, pending)) {
            i++;
            continue;
        }
        for (k = 0;
             k < WATCHED_FRAMES && kind_of(pending->entry, pending->level) == AXADDR_ENTRY_TABLE;
             k++) {
            struct place *place = &watched.places[k];
            if (place->state == PLACE_CUT && place->link == pending->slot) {
                place->state = PLACE_UNKNOWN;
            }
        }
        watched.pending_of[pending->slot] = 0;
        *pending = watched.pending[--watched.pending_count];
        if (i < watched.pending_count) {
            watched.pending_of[pending->slot] = i + 1;
        }
    }
}

/* ---- the HAL: out of line, so that it takes less time to compile ---- */

AXADDR_NOINLINE static void *watched_frame_at(void *ctx, axaddr_hpa_t frame) {
    return host_frame_at(ctx, frame);
}

AXADDR_NOINLINE static void watched_flush_tlb(void *ctx, const struct axaddr_flush *plan) {
    watched_finish();
    host_flush_tlb(ctx, plan);
    forget(plan);
    watched.table_plan_count += plan->has_tables;
    if (watched.is_ending && plan->is_full && plan->has_tables) {
        memset(watched.places, 0, sizeof(watched.places));
    }
    watched.is_quiesced = false;
    if (watched.on_flush != 0) {
        watched.on_flush(plan);
    }
}

AXADDR_NOINLINE static bool watched_alloc_frame(void *ctx, axaddr_hpa_t *frame) {
    struct host *host = (struct host *)ctx;
    uint32_t index;

    watched_finish();
    if (watched.next_frame == 0) {
        return host_alloc_frame(ctx, frame);
    }
    if (host_refuses(host) || !host_index(host, watched.next_frame, &index) ||
        host->frames[index].state != HOST_FREE) {
        return false;
    }
    host_take(host, index, 0, index);
    *frame = axaddr_hpa(watched.next_frame);
    watched.next_frame = 0;
    return true;
}

/** A frame is being freed: hardware must not be able to reach it, nor anybody who still walks. */
static void check_freed(uint64_t frame) {
    struct place *place = place_of(frame);
    uint32_t i;

    if (place == 0) {
        return;
    }
    if (place->state != PLACE_UNKNOWN) {
        watched_complain("a table was freed before the flush", frame);
    }
    for (i = 0; i < watched.pending_count; i++) {
        const struct pending *pending = &watched.pending[i];
        uint64_t leaf = frame_of(pending->entry, pending->level, pending->slot % 512);

        if (kind_of(pending->entry, pending->level) == AXADDR_ENTRY_LEAF && frame >= leaf &&
            frame - leaf < span_of(pending->level)) {
            watched_complain("a page was freed before the flush", frame);
        }
    }
    if (place->is_seen && watched.kind->hal->lock != 0 && !watched.is_quiesced) {
        watched_complain("freed before everybody had left", frame);
    }
    place->is_seen = false;
}

AXADDR_NOINLINE static void watched_free_frame(void *ctx, axaddr_hpa_t frame) {
    watched_finish();
    check_freed(frame.raw);
    host_free_frame(ctx, frame);
}

AXADDR_NOINLINE static void watched_free_block(void *ctx, unsigned order, axaddr_hpa_t block) {
    uint64_t i;

    watched_finish();
    for (i = 0; i < UINT64_C(1) << order; i++) {
        check_freed(block.raw + i * PAGE);
    }
    host_free_block(ctx, order, block);
}

AXADDR_NOINLINE static void watched_lock(void *ctx) {
    (void)ctx;
    watched_finish();
    if (watched.is_locked) {
        watched_complain("the lock was taken twice", 0);
    }
    watched.is_locked = true;
}

AXADDR_NOINLINE static void watched_unlock(void *ctx) {
    (void)ctx;
    watched_finish();
    watched.is_locked = false;
}

AXADDR_NOINLINE static void watched_quiesce(void *ctx) {
    (void)ctx;
    watched_finish();
    watched.is_quiesced = true;
}

AXADDR_UNUSED static const struct axaddr_hal watched_hal = {
    .alloc_frame = watched_alloc_frame,
    .free_frame = watched_free_frame,
    .frame_at = watched_frame_at,
    .flush_tlb = watched_flush_tlb,
    .alloc_block = host_alloc_block,
    .free_block = watched_free_block,
};

AXADDR_UNUSED static const struct axaddr_hal watched_hal_locked = {
    .alloc_frame = watched_alloc_frame,
    .free_frame = watched_free_frame,
    .frame_at = watched_frame_at,
    .flush_tlb = watched_flush_tlb,
    .alloc_block = host_alloc_block,
    .free_block = watched_free_block,
    .lock = watched_lock,
    .unlock = watched_unlock,
    .quiesce = watched_quiesce,
};

#endif /* AXADDR_TESTS_WATCHED_H */
