/* SPDX-License-Identifier: MIT
 *
 * tracking.h: which pages of a VM were written or accessed, for live migration, frame buffers and
 * working sets: one interface, whether the machine notes writes or not.
 *
 *     vm_start_tracking(&vm, gpa, size, AXADDR_TRACK_NOTES);     // then copy all of the range
 *     do {
 *         vm_harvest_dirty(&vm, gpa, size, bitmap, bits);        // then copy the pages told
 *     } while (there were too many);
 *     ... the guest is stopped: one harvest more, and its pages ...
 *     vm_stop_tracking(&vm, gpa, size);
 *
 * Bit i of a bitmap, bit i % 64 of its word i / 64, is the page i pages behind the range's start. A
 * harvest only ever sets bits. It clears what it tells before it flushes, once, and waits for those
 * who write beside it: what is copied after its return has every write until then, and a later write
 * is told the next time. Bits are told exactly once where pages are small; a large leaf is told as a
 * whole, and by a harvest of a part of it told, but not cleared, as no bit stands for the rest.
 *
 * TRACK_NOTES uses the format's notes (EPT A/D, AArch64 DBM and its faults, Svadu and Svade, NPT).
 * TRACK_WRITES needs nothing of the machine: leaves lose WRITE while their area keeps it, and a
 * fault gives it back to the leaf that is written (upgrade.h), which is dirty because it has it. What
 * a fault has populated is dirty as well, unless read-only. A HAL that supplies pages (map_backed) is
 * asked for a page that it gave writable once more when it is written, as for one given read-only.
 *
 * How an area is tracked stands in its flags, and is cut and joined with it. Meanwhile:
 *
 *   label, split       change nothing
 *   collapse           pages become large leaves that are told as a whole; those of which some are
 *                      dirty and some not stay small where writes are tracked
 *   protect            keeps what was noted. It ends tracking by WRITES of its range
 *   unmap, map         what is mapped anew, also by REPLACE, is not tracked
 *
 * What is not tracked counts as written: every harvest tells all that is mapped there, until
 * start_tracking is called for it, after which it is copied as a whole. So no write is ever lost.
 */
#ifndef AXADDR_CORE_TRACKING_H
#define AXADDR_CORE_TRACKING_H

#include "space.h"

/** What the one door to all of this is asked for. */
enum axaddr_track_operation {
    AXADDR_TRACK_COST,  /**< frames that a start takes */
    AXADDR_TRACK_START, /**< track, from now on */
    AXADDR_TRACK_STOP,  /**< give rights back, collapse */
    AXADDR_TRACK_DIRTY, /**< test and clear what was written */
    AXADDR_TRACK_YOUNG, /**< test and clear what was accessed */
};

/** What a pass does to the leaves of one area. */
enum axaddr_track_mode {
    AXADDR_TRACK_SKIP,  /**< nothing */
    AXADDR_TRACK_TELL,  /**< tell all */
    AXADDR_TRACK_CLEAR, /**< tell those that are noted, and clear the notes */
    AXADDR_TRACK_TAKE,  /**< tell those that have WRITE, and take it */
    AXADDR_TRACK_GIVE,  /**< give WRITE to those that lack it */
};

/** A walk over the leaves of a range. */
struct axaddr_track_pass {
    uint64_t first;   /**< the range: leaves that reach beyond are not changed */
    uint64_t last;    /**< its last address, or that of this step */
    uint64_t *bitmap; /**< bit 0 is the page at `first`; 0: nobody is told */
    uint64_t budget;  /**< entries that may still be looked at */
    enum axaddr_track_operation operation;
    uint32_t notes; /**< CLEAR: these */
    uint32_t flags; /**< the area's */
    enum axaddr_track_mode mode;
    struct axaddr_flush plan;
};

/* ---- leaves ---- */

/** Set bits [first, last] of a bitmap. */
static inline void axaddr_track_tell(uint64_t *bitmap, uint64_t first, uint64_t last) {
    uint64_t word = first / 64;

    for (; word <= last / 64; word++) {
        uint64_t bits = ~UINT64_C(0);

        if (word == first / 64) {
            bits <<= first % 64;
        }
        if (word == last / 64) {
            bits &= ~UINT64_C(0) >> (63 - last % 64);
        }
        bitmap[(size_t)word] |= bits;
    }
}

/** What a leaf, without the hint of a run, becomes, and whether it is told. */
AXADDR_ALWAYS_INLINE uint64_t axaddr_track_leaf_to(const struct axaddr_instance *self,
                                                   const struct axaddr_table *table,
                                                   const struct axaddr_track_pass *pass,
                                                   uint64_t leaf, unsigned level, bool *is_told) {
    const struct axaddr_format *format = self->format;
    uint32_t flags = pass->flags & AXADDR_MAPPING_FLAGS;
    bool is_writable = (format->flags_of(leaf, level) & AXADDR_WRITE) != 0;
    uint64_t to = leaf;

    *is_told = true;
    if (pass->mode == AXADDR_TRACK_TAKE) {
        *is_told = is_writable;
        flags &= ~AXADDR_WRITE;
        to = format->change_leaf(leaf, level, format->attributes_of(flags, level));
    } else if (pass->mode == AXADDR_TRACK_GIVE && !is_writable &&
               format->frame_of(leaf, level) != table->zero_frame) {
        to = format->change_leaf(leaf, level, format->attributes_of(flags, level));
    } else if (pass->mode == AXADDR_TRACK_CLEAR && format->clear_notes != 0) {
        *is_told = (format->notes_of(leaf, level) & pass->notes) != 0;
        to = format->clear_notes(leaf, level, pass->notes);
        if ((pass->notes & format->notes_of(to, level)) == AXADDR_DIRTY) {
            to = format->clear_notes(leaf, level, AXADDR_NOTES); /* one bit for both notes */
        }
    }
    return *is_told ? to : leaf;
}

/** Write it in the place of `from`; through a break where the format asks for one. */
AXADDR_ALWAYS_INLINE bool axaddr_track_change(const struct axaddr_instance *self,
                                              const struct axaddr_table *table,
                                              struct axaddr_track_pass *pass, void *slot,
                                              uint64_t from, uint64_t to, unsigned level,
                                              uint64_t first) {
    const struct axaddr_format *format = self->format;
    uint64_t last = first | axaddr_span_mask(self, level);
    struct axaddr_flush plan;

    if (pass->mode == AXADDR_TRACK_CLEAR || format->needs_break == 0 ||
        !format->needs_break(from, to, level)) {
        if (!axaddr_entry_swap(self, table, slot, from, to)) {
            return false;
        }
        axaddr_flush_add(&pass->plan, first, last, format->shift[level]);
        return true;
    }
    /* No real machine wants that for rights only. */
    axaddr_entry_write(self, table, slot,
                       format->make_absent(AXADDR_ABSENT_PARKED_LEAF,
                                           format->frame_of(from, level) >> format->shift[0]));
    axaddr_flush_init(&plan);
    axaddr_flush_add(&plan, first, last, format->shift[level]);
    axaddr_flush_tlb(self, table, &plan);
    axaddr_entry_write(self, table, slot, to | format->noted);
    if (format->publish != 0) {
        format->publish();
    }
    return true;
}

/** Do to a leaf what the pass does. False: it has changed meanwhile. */
AXADDR_ALWAYS_INLINE bool axaddr_track_leaf(const struct axaddr_instance *self,
                                            const struct axaddr_table *table,
                                            struct axaddr_track_pass *pass, void *slot,
                                            uint64_t entry, unsigned level, uint64_t address) {
    uint64_t first = address & ~axaddr_span_mask(self, level);
    uint64_t last = address | axaddr_span_mask(self, level);
    uint64_t leaf = axaddr_entry_plain(self, slot, entry, level);
    unsigned shift = self->format->shift[0];
    bool is_told;
    uint64_t to = axaddr_track_leaf_to(self, table, pass, leaf, level, &is_told);

    if (to != leaf && first >= pass->first && last <= pass->last) {
        if (entry != leaf) {
            self->rewrite_run(table, slot, level, address, false); /* its leaves will differ */
            return false;
        }
        if (!axaddr_track_change(self, table, pass, slot, leaf, to, level, first)) {
            return false;
        }
    }
    if (is_told && pass->bitmap != 0) {
        first = first > pass->first ? first : pass->first;
        last = last < pass->last ? last : pass->last;
        axaddr_track_tell(pass->bitmap, (first - pass->first) >> shift,
                          (last - pass->first) >> shift);
    }
    return true;
}

/**
 * Do to the leaves of [address, last], part of an area, what the pass does, as far as its budget
 * goes. Returns the last address that is done.
 */
AXADDR_ALWAYS_INLINE uint64_t axaddr_track_part(const struct axaddr_instance *self,
                                                const struct axaddr_table *table,
                                                struct axaddr_track_pass *pass, uint64_t address,
                                                uint64_t last) {
    for (;;) {
        struct axaddr_position position = self->lookup(table, address);
        void *slot = position.slot;

        for (;;) { /* on to the end of a table of pages */
            uint64_t entry = axaddr_entry_read(self, slot);
            uint64_t done = address | axaddr_span_mask(self, position.level);

            if (self->format->kind_of(entry, position.level) == AXADDR_ENTRY_LEAF &&
                !axaddr_track_leaf(self, table, pass, slot, entry, position.level, address)) {
                continue;
            }
            pass->budget--;
            if (done >= last || pass->budget == 0) {
                return done < last ? done : last;
            }
            address = done + 1;
            if (position.level != 0 || (address & axaddr_table_mask(self, 0)) == 0) {
                break;
            }
            slot = axaddr_slot_after(self->format, slot, 1);
        }
    }
}

/* ---- areas ---- */

/** What a pass does to an area. */
AXADDR_ALWAYS_INLINE enum axaddr_track_mode
axaddr_track_mode_of(const struct axaddr_track_pass *pass, const struct axaddr_area *area) {
    bool is_writable = (area->flags & AXADDR_WRITE) != 0;

    if (area->kind == AXADDR_AREA_DEVICE) {
        return AXADDR_TRACK_SKIP;
    }
    if (pass->operation == AXADDR_TRACK_YOUNG) {
        return AXADDR_TRACK_CLEAR;
    }
    if (pass->operation == AXADDR_TRACK_STOP) {
        /* Which of the HAL's pages are read-only because it said so is not known: faults ask it. */
        return (area->flags & AXADDR_TRACK_WRITES) != 0 && is_writable &&
                       area->kind != AXADDR_AREA_BACKED
                   ? AXADDR_TRACK_GIVE
                   : AXADDR_TRACK_SKIP;
    }
    if ((area->flags & AXADDR_TRACK_WRITES) != 0) {
        return is_writable ? AXADDR_TRACK_TAKE
                           : AXADDR_TRACK_SKIP; /* a protect would have ended it */
    }
    return (area->flags & AXADDR_TRACK_NOTES) != 0 ? AXADDR_TRACK_CLEAR : AXADDR_TRACK_TELL;
}

/** One pass over [address, pass->last], as far as the budget goes: the last address that is done. */
AXADDR_ALWAYS_INLINE uint64_t axaddr_track_range(const struct axaddr_instance *self,
                                                 const struct axaddr_space *space,
                                                 struct axaddr_track_pass *pass, uint64_t address) {
    struct axaddr_area_visit visit;
    struct axaddr_area area;

    axaddr_area_visit_init(&visit, address, pass->last);
    while (axaddr_areas_visit(self, &space->areas, &visit, &area)) {
        uint64_t last = area.last < pass->last ? area.last : pass->last;
        uint64_t done = last;

        pass->flags = area.flags;
        pass->mode = axaddr_track_mode_of(pass, &area);
        if (pass->mode != AXADDR_TRACK_SKIP) {
            done = axaddr_track_part(self, &space->table, pass,
                                     area.first > address ? area.first : address, last);
        } else {
            pass->budget--;
        }
        if (pass->budget == 0) {
            return done;
        }
    }
    return pass->last;
}

/** Have the TLBs forget what was changed, and those come to their end who saw what was there. */
AXADDR_ALWAYS_INLINE void axaddr_track_flush(const struct axaddr_instance *self,
                                             const struct axaddr_table *table,
                                             struct axaddr_track_pass *pass) {
    if (!axaddr_flush_is_empty(&pass->plan)) {
        axaddr_flush_limit(&pass->plan);
        axaddr_flush_tlb(self, table, &pass->plan);
        /* The host may be writing what was checked and noted before (data.h). */
        axaddr_quiesce(self, table);
    }
}

/* ---- start and stop ---- */

/** A change of how [first, last] is tracked: what it does, and what it takes. */
struct axaddr_track_change {
    struct axaddr_area with; /**< the range, and the new flags of AXADDR_TRACK_FLAGS */
    uint64_t cut_first;      /**< of what has to begin and end between two entries */
    uint64_t cut_last;
    bool is_split; /**< large leaves become pages */
    uint64_t need; /**< frames */
};

/**
 * Whether the leaves of [first, last] can do without WRITE: UNSUPPORTED if one area has no other
 * right, or the format cannot hold what is left.
 */
AXADDR_ALWAYS_INLINE enum axaddr_status axaddr_track_check_areas(const struct axaddr_instance *self,
                                                                 const struct axaddr_space *space,
                                                                 uint64_t first, uint64_t last) {
    struct axaddr_area_visit visit;
    struct axaddr_area area;

    axaddr_area_visit_init(&visit, first, last);
    while (axaddr_areas_visit(self, &space->areas, &visit, &area)) {
        uint32_t flags = area.flags & AXADDR_MAPPING_FLAGS;

        if ((flags & AXADDR_WRITE) != 0 &&
            axaddr_check_flags(self, flags & ~AXADDR_WRITE) != AXADDR_OK) {
            return AXADDR_UNSUPPORTED;
        }
    }
    return AXADDR_OK;
}

/** Count what a change takes: areas that are tracked so already are not cut, nor what is in them. */
AXADDR_ALWAYS_INLINE enum axaddr_status axaddr_track_count(const struct axaddr_instance *self,
                                                           struct axaddr_space *space,
                                                           struct axaddr_track_change *change) {
    const struct axaddr_table *table = &space->table;
    const struct axaddr_area *with = &change->with;
    struct axaddr_area area;
    size_t nodes;

    change->cut_first = with->first;
    change->cut_last = with->last;
    if (self->find_area(&space->areas, with->first, &area) && area.first < with->first &&
        (area.flags & AXADDR_TRACK_FLAGS) == with->flags) {
        change->cut_first = area.first;
    }
    if (self->find_area(&space->areas, with->last, &area) && area.first <= with->last &&
        (area.flags & AXADDR_TRACK_FLAGS) == with->flags) {
        change->cut_last = area.last;
    }
    nodes = axaddr_areas_set_nodes(self, &space->areas, AXADDR_AREA_SET_FLAGS, AXADDR_TRACK_FLAGS,
                                   with);
    if (nodes != 0 && space->areas.set.count >= AXADDR_AREA_COUNT_MAX) {
        return AXADDR_NO_MEMORY;
    }
    change->need =
        axaddr_ranges_frames_for(self->areas, &space->areas.set, nodes) +
        axaddr_count_ends(self, table, change->cut_first, change->cut_last, change->is_split);
    if (change->is_split) {
        change->need += axaddr_count_splits(self, table, with->first, with->last);
    }
    return AXADDR_OK;
}

/** Carry out one edit of [first, last] that cuts or splits. */
AXADDR_ALWAYS_INLINE void axaddr_track_edit(const struct axaddr_instance *self,
                                            struct axaddr_space *space,
                                            enum axaddr_operation operation, uint64_t first,
                                            uint64_t last, struct axaddr_pool *pool) {
    struct axaddr_request request = axaddr_request_of(operation, first, 0, 0);
    struct axaddr_edit edit;

    axaddr_edit_init(&edit, &request, last);
    axaddr_space_edit(self, space, &edit, pool);
}

/** Track a range as `change` says; the frames for it are in the pool: cannot fail. */
AXADDR_ALWAYS_INLINE void axaddr_track_commit(const struct axaddr_instance *self,
                                              struct axaddr_space *space,
                                              struct axaddr_track_change *change,
                                              struct axaddr_pool *pool) {
    struct axaddr_areas *areas = &space->areas;
    const struct axaddr_area *with = &change->with;
    struct axaddr_track_pass pass;
    bool is_given;

    if (change->is_split) {
        axaddr_track_edit(self, space, AXADDR_OP_SPLIT, with->first, with->last, pool);
    }
    axaddr_track_edit(self, space, AXADDR_OP_LABEL, change->cut_first, change->cut_last, pool);
    pass.first = with->first;
    pass.last = with->last;
    pass.bitmap = 0;
    pass.budget = UINT64_MAX;
    pass.notes = AXADDR_DIRTY;
    axaddr_flush_init(&pass.plan);
    if ((with->flags & AXADDR_TRACK_WRITES) == 0) {
        pass.operation = AXADDR_TRACK_STOP;
        (void)axaddr_track_range(self, space, &pass, with->first);
    } else {
        __atomic_store_n(&areas->has_upgrades, true, __ATOMIC_RELAXED);
    }
    areas->set.held = *pool;
    axaddr_areas_set(self, areas, AXADDR_AREA_SET_FLAGS, AXADDR_TRACK_FLAGS, with);
    axaddr_areas_end_change(areas, pool);
    if (with->flags != 0) { /* a plan's ranges ascend: what was given before goes with "all" */
        is_given = !axaddr_flush_is_empty(&pass.plan);
        axaddr_flush_init(&pass.plan);
        pass.plan.is_full = is_given;
        pass.operation = AXADDR_TRACK_START;
        (void)axaddr_track_range(self, space, &pass, with->first);
    }
    axaddr_track_flush(self, &space->table, &pass);
}

/** After a stop: make large leaves again, area by area. */
AXADDR_ALWAYS_INLINE void axaddr_track_collapse(const struct axaddr_instance *self,
                                                struct axaddr_space *space, uint64_t first,
                                                uint64_t last) {
    struct axaddr_request request = axaddr_request_of(AXADDR_OP_COLLAPSE, first, 0, 0);
    struct axaddr_edit edit;

    axaddr_edit_init(&edit, &request, last);
    axaddr_space_edit_areas(self, space, &edit, 0);
}

/** See axaddr_space_track: COST, START and STOP. */
AXADDR_ALWAYS_INLINE enum axaddr_status axaddr_track_set(const struct axaddr_instance *self,
                                                         struct axaddr_space *space,
                                                         enum axaddr_track_operation operation,
                                                         uint64_t first, uint64_t last,
                                                         uint32_t how, uint64_t *result) {
    struct axaddr_table *table = &space->table;
    struct axaddr_track_change change;
    enum axaddr_status status = AXADDR_OK;
    struct axaddr_pool pool;

    axaddr_area_of_range(first, last, &change.with);
    change.with.flags = how & AXADDR_TRACK_FLAGS;
    change.is_split = operation != AXADDR_TRACK_STOP && (how & AXADDR_TRACK_LARGE) == 0;
    if (change.is_split) {
        axaddr_space_begin_split(self, table);
    }
    if ((how & AXADDR_TRACK_WRITES) != 0) {
        status = axaddr_track_check_areas(self, space, first, last);
    }
    if (status == AXADDR_OK) {
        status = axaddr_track_count(self, space, &change);
    }
    if (status == AXADDR_OK && operation == AXADDR_TRACK_COST) {
        *result = change.need;
    } else if (status == AXADDR_OK && !axaddr_take_ahead(self, table, 0, &pool, change.need)) {
        status = AXADDR_NO_MEMORY;
    } else if (status == AXADDR_OK) {
        axaddr_track_commit(self, space, &change, &pool);
        axaddr_give_back(self, table, 0, &pool);
    }
    __atomic_store_n(&table->is_splitting, false, __ATOMIC_RELAXED);
    if (status == AXADDR_OK && operation == AXADDR_TRACK_STOP) {
        axaddr_track_collapse(self, space, first, last);
    }
    return status;
}

/* ---- harvests ---- */

/** See axaddr_space_track: DIRTY and YOUNG. */
AXADDR_ALWAYS_INLINE void axaddr_track_harvest(const struct axaddr_instance *self,
                                               struct axaddr_space *space,
                                               enum axaddr_track_operation operation,
                                               uint64_t first, uint64_t last, uint64_t *bitmap,
                                               uint64_t budget, uint64_t *done) {
    struct axaddr_track_pass pass;
    uint64_t begin = first + (done != 0 ? *done : 0);

    pass.first = first;
    pass.last = last;
    pass.bitmap = bitmap;
    pass.budget = budget != 0 ? budget : UINT64_MAX;
    pass.operation = operation;
    pass.notes = operation == AXADDR_TRACK_YOUNG ? AXADDR_ACCESSED : AXADDR_DIRTY;
    axaddr_flush_init(&pass.plan);
    last = axaddr_track_range(self, space, &pass, begin);
    axaddr_track_flush(self, &space->table, &pass);
    if (done != 0) {
        *done = last - first + 1;
    }
}

/** Whether the arguments are good: what axaddr_space_track says if not. */
AXADDR_ALWAYS_INLINE enum axaddr_status
axaddr_track_check(const struct axaddr_instance *self, const struct axaddr_table *table,
                   enum axaddr_track_operation operation, uint64_t start, uint64_t size,
                   uint32_t how, const uint64_t *bitmap, uint64_t bits, const uint64_t *done,
                   uint64_t *last) {
    uint32_t method = how & AXADDR_TRACK_FLAGS;
    bool needs_notes = operation == AXADDR_TRACK_YOUNG || method == AXADDR_TRACK_NOTES;

    if (!axaddr_table_range(self, table, start, size, last)) {
        return AXADDR_INVALID;
    }
    if (operation <= AXADDR_TRACK_START) {
        if (!axaddr_is_power_of_two(method) || (how & ~(method | AXADDR_TRACK_LARGE)) != 0) {
            return AXADDR_INVALID;
        }
    } else if (operation != AXADDR_TRACK_STOP) {
        if (bitmap == 0 || bits < size >> self->format->shift[0] ||
            (done != 0 && (*done >= size || (*done & (axaddr_page_size(self) - 1)) != 0))) {
            return AXADDR_INVALID;
        }
    }
    return needs_notes && self->format->clear_notes == 0 ? AXADDR_UNSUPPORTED : AXADDR_OK;
}

/**
 * The one door: `how` is that of COST and START; bitmap, its bits, budget (0: all) and `result`, the
 * bytes that are done (or 0), are those of DIRTY and YOUNG; `result` of COST are the frames. All of
 * it takes the lock. The functions below say the rest.
 */
AXADDR_ALWAYS_INLINE enum axaddr_status
axaddr_space_track(const struct axaddr_instance *self, struct axaddr_space *space,
                   enum axaddr_track_operation operation, uint64_t start, uint64_t size,
                   uint32_t how, uint64_t *bitmap, uint64_t bits, uint64_t budget,
                   uint64_t *result) {
    struct axaddr_table *table = &space->table;
    enum axaddr_status status;
    uint64_t last = 0;

    axaddr_lock(self, table);
    status =
        axaddr_track_check(self, table, operation, start, size, how, bitmap, bits, result, &last);
    if (status == AXADDR_OK && operation <= AXADDR_TRACK_STOP) {
        status = axaddr_track_set(self, space, operation, start, last, how, result);
    } else if (status == AXADDR_OK) {
        axaddr_track_harvest(self, space, operation, start, last, bitmap, budget, result);
    }
    axaddr_unlock(self, table);
    return status;
}

/*
 * The functions that AXADDR_DEFINE_VM makes of it. Ranges are of whole pages within the space's
 * bounds, else INVALID; holes and trapped ranges in them are skipped. Harvests need no memory.
 *
 * vm_tracking_cost(vm, start, size, how, &frames)
 *     The frames that start_tracking takes at this moment, exactly: tables for large leaves that
 *     become pages, or that the range's ends cut, and nodes for areas that they cut. Faults on other
 *     CPUs beside it can only make it less.
 * vm_start_tracking(vm, start, size, how)
 *     Begin: what was written until then is forgotten. `how` is AXADDR_TRACK_NOTES or _WRITES, and
 *     AXADDR_TRACK_LARGE if large leaves are to stay (but for those that the range's ends cut); else
 *     they become pages. One flush of what was cleared, and before it one of what was split where
 *     that needs a break. UNSUPPORTED: NOTES of a format that has none, WRITES where an area's
 *     mappings have no other right than WRITE; NO_MEMORY; INVALID. Then nothing has changed.
 *     A range that is tracked already may be started anew, also in the other way.
 * vm_harvest_dirty(vm, start, size, bitmap, bits)
 *     Set the bits of the pages that were written since they were last told, and forget it. INVALID:
 *     no bitmap, or less bits than the range has pages.
 * vm_harvest_dirty_step(vm, start, size, bitmap, bits, budget, &done)
 *     The same in steps of about `budget` entries or areas: *done, first 0, is the bytes that are
 *     done, and the range is when it has come to `size`. The range and the bitmap stay the same.
 *     INVALID: also if it has, or is not of whole pages.
 * vm_harvest_young(vm, start, size, bitmap, bits)
 *     Likewise for the pages that were accessed, tracked or not. UNSUPPORTED: the format has no
 *     notes. Tracking loses nothing by it; a format with one bit for both notes never clears it so.
 * vm_stop_tracking(vm, start, size)
 *     End, of all or a part: leaves get WRITE back, and become large where they fit together. Backed
 *     pages get it when they are written. NO_MEMORY: the range's ends cut an area that stays
 *     tracked, and there was no frame; then nothing has changed.
 */

#endif /* AXADDR_CORE_TRACKING_H */
