/* SPDX-License-Identifier: MIT
 *
 * guest_walk.h: from a guest-virtual address through the guest's own tables and the space below
 * them to a host-physical one, as the machine would: for instructions that are emulated, for a
 * debugger, for shadow tables.
 *
 *     AXADDR_DEFINE_VM(vm, axaddr_x86_ept, my_hal);
 *     AXADDR_DEFINE_GUEST_WALK(vm_x86, vm, axaddr_x86_guest);
 *
 *     switch (vm_x86_walk(&guest, &regime, axaddr_gva(rip), AXADDR_EXECUTE, 0, &page)) {
 *     case AXADDR_WALK_OK:     // page.hpa, page.size, page.flags
 *     case AXADDR_WALK_INJECT: // page.fault.code is what the guest is told
 *     case AXADDR_WALK_STAGE2: // vm_handle_fault(&guest, page.gpa, page.access), then once more
 *     case AXADDR_WALK_BUSY:   // other CPUs change these very entries: later
 *     }
 *
 * The guest owns its tables and may write anything into them at any time: each entry is read once,
 * in one piece, nothing in it is trusted, a walk has as many steps as there are levels, and all that
 * it reads is memory of the space. What a machine's entries mean is a struct
 * axaddr_guest_format (guest_format.h); the registers that it looks at are its regime.
 */
#ifndef AXADDR_CORE_GUEST_WALK_H
#define AXADDR_CORE_GUEST_WALK_H

#include "data.h"
#include "guest_format.h"

/* ---- what a walk comes to ---- */

enum axaddr_walk_result {
    AXADDR_WALK_OK = 0, /**< both stages permit the access */
    AXADDR_WALK_INJECT, /**< the guest's own tables do not: it gets its own fault */
    AXADDR_WALK_STAGE2, /**< the space does not: a fault of the hypervisor's */
    AXADDR_WALK_BUSY,   /**< an entry changes all the time */
};

/** What a walk found. */
struct axaddr_guest_page {
    axaddr_gpa_t gpa; /**< OK: of the byte; STAGE2: the address that the space stopped */
    axaddr_hpa_t hpa; /**< OK: of the byte */
    uint64_t size;    /**< OK: of the smaller one of the two leaves around it, in bytes */
    uint32_t flags;   /**< OK: what both stages permit (READ, WRITE, EXECUTE, USER), and the memory
                           type that the guest asks for (DEVICE, UNCACHED) */
    uint32_t access;  /**< STAGE2: the access that was stopped; if is_table a READ, or READ and
                           WRITE where a bit had to be set */
    unsigned level;   /**< of the guest's entry at which it ended: 0 for the smallest pages */
    bool is_table;    /**< STAGE2: it was an entry of the guest's, not the page */
    enum axaddr_fault stage2;        /**< STAGE2: what handle_fault says, or, without
                                          AXADDR_ON_DEMAND, would say of it; but DENIED also of a
                                          page that it would give a right which its area has */
    struct axaddr_guest_fault fault; /**< INJECT; STAGE2 and is_table: for who injects that */
};

/* ---- the space below ---- */

/** An entry that others change so often in a row is BUSY. */
#define AXADDR_GUEST_TRIES 16
/** No machine has more levels. */
#define AXADDR_GUEST_STEPS 6

/** Where a guest-physical address leads. */
struct axaddr_reach {
    void *at; /**< where the hypervisor sees the byte; not for devices */
    uint64_t hpa;
    uint64_t size; /**< bytes of the leaf */
    uint32_t flags;
    uint32_t access;         /**< what it was asked for, where it leads nowhere, */
    enum axaddr_fault fault; /**< and why it does not */
};

/** What handle_fault would say of an entry that is no leaf, or of one that lacks a right. */
AXADDR_ALWAYS_INLINE enum axaddr_fault
axaddr_reach_verdict(const struct axaddr_instance *self, const struct axaddr_table *table,
                     uint64_t gpa, const struct axaddr_position *position, uint32_t access) {
    const struct axaddr_format *format = self->format;
    enum axaddr_absent_kind kind;

    if (gpa < table->first || gpa > table->last) {
        return AXADDR_FAULT_UNMAPPED;
    }
    if (format->kind_of(position->entry, position->level) != AXADDR_ENTRY_ABSENT) {
        return AXADDR_FAULT_DENIED;
    }
    kind = format->absent_kind(position->entry);
    if (axaddr_absent_is_parked(kind)) {
        return AXADDR_FAULT_SPURIOUS;
    }
    if (kind == AXADDR_ABSENT_TRAPPED || kind == AXADDR_ABSENT_EMPTY) {
        return kind == AXADDR_ABSENT_TRAPPED ? AXADDR_FAULT_DEVICE : AXADDR_FAULT_UNMAPPED;
    }
    return axaddr_lacking(self, axaddr_payload_flags(format->absent_value(position->entry)),
                          access) != 0
               ? AXADDR_FAULT_DENIED
               : AXADDR_FAULT_RESOLVED;
}

/**
 * What a walk remembers of the space: a guest's tables often lie close together. The tables are good
 * until the walk is left: one that an edit detaches meanwhile is frozen before, and freed after.
 */
struct axaddr_reach_path {
    uint64_t keys[2]; /**< addresses >> shift[1], >> shift[2], or ~0 */
    void *at[2];      /**< the tables of levels 0 and 1 for them */
};

/**
 * Whether a leaf permits an access, and where it leads. For entries of the guest (is_table) also
 * where the hypervisor sees it: never in devices, where a read could have effects.
 */
AXADDR_ALWAYS_INLINE bool axaddr_reach_leaf(const struct axaddr_instance *self,
                                            const struct axaddr_table *table, void *slot,
                                            uint64_t entry, unsigned level, uint64_t gpa,
                                            uint32_t access, bool is_table,
                                            struct axaddr_reach *reach) {
    uint64_t leaf = axaddr_entry_plain(self, slot, entry, level);
    uint64_t frame = self->format->frame_of(leaf, level);
    uint64_t offset = gpa & axaddr_span_mask(self, level);
    uint64_t mask = axaddr_span_mask(self, 0);

    reach->flags = self->format->flags_of(leaf, level);
    if (AXADDR_UNLIKELY(axaddr_lacking(self, reach->flags, access) != 0 ||
                        (is_table && (reach->flags & AXADDR_DEVICE) != 0))) {
        return false;
    }
    if (is_table) {
        reach->at = (unsigned char *)axaddr_frame_at(self, table, frame | (offset & ~mask)) +
                    (size_t)(offset & mask);
    }
    reach->hpa = frame | offset;
    reach->size = axaddr_span_mask(self, level) + 1;
    return true;
}

/**
 * Look at one level of the way to a guest-physical address: true when it ends here, and *is_found
 * if that is at a leaf that permits the access. Each level has its own end, as in translations.
 */
AXADDR_ALWAYS_INLINE bool axaddr_reach_step(const struct axaddr_instance *self,
                                            const struct axaddr_table *table, uint64_t gpa,
                                            uint32_t access, bool is_table, unsigned level,
                                            void **at, struct axaddr_reach *reach, bool *is_found) {
    const struct axaddr_format *format = self->format;
    void *slot = axaddr_slot(self, table, *at, level, gpa);
    uint64_t entry = axaddr_entry_read(self, slot);
    enum axaddr_entry_kind kind = format->kind_of(entry, level);

    if (level > 0 && AXADDR_LIKELY(kind == AXADDR_ENTRY_TABLE)) {
        *at = axaddr_frame_at(self, table, format->table_of(entry));
        return false;
    }
    *is_found = AXADDR_LIKELY(kind == AXADDR_ENTRY_LEAF) &&
                axaddr_reach_leaf(self, table, slot, entry, level, gpa, access, is_table, reach);
    return true;
}

/** The table of level 1 for an address, from the root: false if the way ends before. */
AXADDR_ALWAYS_INLINE bool axaddr_reach_down(const struct axaddr_instance *self,
                                            const struct axaddr_table *table, uint64_t gpa,
                                            uint32_t access, bool is_table, void **at,
                                            struct axaddr_reach *reach, bool *is_found) {
    unsigned level = axaddr_top_level(self, table);

    *at = table->root_at;
#ifdef __OPTIMIZE_SIZE__
    for (; level > 1; level--) {
        if (axaddr_reach_step(self, table, gpa, access, is_table, level, at, reach, is_found)) {
            return false;
        }
    }
    return true;
#else
    return !(level > 3 &&
             axaddr_reach_step(self, table, gpa, access, is_table, 4, at, reach, is_found)) &&
           !(level > 2 &&
             axaddr_reach_step(self, table, gpa, access, is_table, 3, at, reach, is_found)) &&
           !(level > 1 &&
             axaddr_reach_step(self, table, gpa, access, is_table, 2, at, reach, is_found));
#endif
}

/** Whether a leaf of level 0 is what most are: memory that permits all. */
AXADDR_ALWAYS_INLINE bool axaddr_reach_is_usual(const struct axaddr_format *format, uint64_t leaf,
                                                uint64_t frame) {
    uint64_t usual = format->make_leaf(frame, 0, format->attributes_of(AXADDR_ACCESS_FLAGS, 0));

    return format->can_hold(AXADDR_ACCESS_FLAGS) && ((leaf ^ usual) & ~format->noted) == 0;
}

/** What decides at level 0. */
AXADDR_ALWAYS_INLINE bool axaddr_reach_last(const struct axaddr_instance *self,
                                            const struct axaddr_table *table, uint64_t gpa,
                                            uint32_t access, bool is_table, void *at,
                                            struct axaddr_reach *reach) {
    const struct axaddr_format *format = self->format;
    void *slot = axaddr_slot(self, table, at, 0, gpa);
    uint64_t entry = axaddr_entry_read(self, slot);
    uint64_t leaf = axaddr_entry_plain(self, slot, entry, 0);
    uint64_t frame = format->frame_of(leaf, 0);
    uint64_t offset = gpa & axaddr_span_mask(self, 0);

    if (AXADDR_UNLIKELY(!axaddr_reach_is_usual(format, leaf, frame))) {
        return format->kind_of(entry, 0) == AXADDR_ENTRY_LEAF &&
               axaddr_reach_leaf(self, table, slot, entry, 0, gpa, access, is_table, reach);
    }
    if (is_table) {
        reach->at = (unsigned char *)axaddr_frame_at(self, table, frame) + (size_t)offset;
    }
    reach->flags = AXADDR_ACCESS_FLAGS;
    reach->hpa = frame | offset;
    reach->size = axaddr_span_mask(self, 0) + 1;
    return true;
}

/**
 * The way to memory that is mapped and permits the access: false for whatever else there is. The
 * first time in a walk nothing is remembered yet (is_first); of the way to a page, nothing will be.
 */
AXADDR_ALWAYS_INLINE bool axaddr_reach_mapped(const struct axaddr_instance *self,
                                              const struct axaddr_table *table,
                                              struct axaddr_reach_path *path, uint64_t gpa,
                                              uint32_t access, bool is_table, bool is_first,
                                              struct axaddr_reach *reach) {
    const struct axaddr_format *format = self->format;
    bool has_middle = format->level_count > 2 && axaddr_top_level(self, table) > 1;
    bool is_found = false;
    void *at = path->at[0];

    if (axaddr_checks_bounds(self) && !axaddr_is_walkable(self, table, gpa)) {
        return false;
    }
    if (is_first || !is_table || gpa >> format->shift[1] != path->keys[0]) {
        at = path->at[1];
        if (is_first || !has_middle || gpa >> format->shift[2] != path->keys[1]) {
            if (AXADDR_UNLIKELY(!axaddr_is_walkable(self, table, gpa)) ||
                !axaddr_reach_down(self, table, gpa, access, is_table, &at, reach, &is_found)) {
                return is_found;
            }
            if (is_table) {
                path->keys[1] = gpa >> format->shift[2];
                path->at[1] = at;
            }
        }
        if (axaddr_reach_step(self, table, gpa, access, is_table, 1, &at, reach, &is_found)) {
            return is_found;
        }
        if (is_table) {
            path->keys[0] = gpa >> format->shift[1];
            path->at[0] = at;
        }
    }
    return axaddr_reach_last(self, table, gpa, access, is_table, at, reach);
}

/**
 * The same for whatever there is: with AXADDR_ON_DEMAND it is populated first. False:
 * reach->fault says why not; SPURIOUS: others are changing it.
 */
AXADDR_ALWAYS_INLINE bool axaddr_reach_slow(const struct axaddr_instance *self,
                                            const struct axaddr_table *table, uint64_t gpa,
                                            uint32_t access, bool is_table, uint32_t how,
                                            struct axaddr_reach *reach) {
    const struct axaddr_format *format = self->format;
    struct axaddr_position position;
    unsigned tries;

    reach->access = access;
    reach->fault = AXADDR_FAULT_UNMAPPED;
    if (!axaddr_is_walkable(self, table, gpa)) {
        return false;
    }
    for (tries = 0; tries < AXADDR_GUEST_TRIES; tries++) {
        uint32_t seen = axaddr_see_replacing(self, table);

        position = self->lookup(table, gpa);
        if (format->kind_of(position.entry, position.level) == AXADDR_ENTRY_LEAF) {
            if (axaddr_reach_leaf(self, table, position.slot, position.entry, position.level, gpa,
                                  access, is_table, reach)) {
                return true;
            }
            if (is_table && (reach->flags & AXADDR_DEVICE) != 0) {
                reach->fault = AXADDR_FAULT_DENIED;
                return false;
            }
        }
        if ((how & AXADDR_ON_DEMAND) == 0) {
            reach->fault = axaddr_reach_verdict(self, table, gpa, &position, access);
            if (reach->fault == AXADDR_FAULT_UNMAPPED && axaddr_was_replacing(self, table, seen)) {
                reach->fault = AXADDR_FAULT_SPURIOUS;
            }
            return false;
        }
        reach->fault = self->fault_slow(table, gpa, access, 0);
        if (reach->fault != AXADDR_FAULT_RESOLVED && reach->fault != AXADDR_FAULT_SPURIOUS) {
            return false;
        }
    }
    reach->fault = AXADDR_FAULT_SPURIOUS;
    return false;
}

/* ---- the guest's entries ---- */

/** Read a guest's entry once, in one piece where the processor can. */
static inline uint64_t axaddr_guest_entry_read(const void *at, unsigned entry_shift) {
    if (entry_shift == 2) {
        return __atomic_load_n((const axaddr_word32_t *)at, __ATOMIC_ACQUIRE);
    }
#if UINTPTR_MAX > UINT32_MAX
    return __atomic_load_n((const axaddr_word64_t *)at, __ATOMIC_ACQUIRE);
#else
    {
        uint32_t low = __atomic_load_n((const axaddr_word32_t *)at, __ATOMIC_ACQUIRE);
        uint32_t high = __atomic_load_n((const axaddr_word32_t *)at + 1, __ATOMIC_RELAXED);
        return (uint64_t)high << 32 | low;
    }
#endif
}

/**
 * Set bits of a guest's entry, unless it has changed. Always atomic: the guest's other vCPUs write
 * there, too. Where the processor cannot compare and swap 64 bits, only the half that is to change
 * is compared: the bits all lie in one.
 */
static inline bool axaddr_guest_entry_swap(void *at, unsigned entry_shift, uint64_t from,
                                           uint64_t to) {
    unsigned half = entry_shift == 3 && (uint32_t)from == (uint32_t)to ? 1 : 0;
    uint32_t expected = (uint32_t)(from >> (32 * half));

#ifdef AXADDR_HAS_ATOMIC64
    if (entry_shift == 3) {
        return __atomic_compare_exchange_n((axaddr_word64_t *)at, &from, to, false,
                                           __ATOMIC_ACQ_REL, __ATOMIC_RELAXED);
    }
#endif
    return __atomic_compare_exchange_n((axaddr_word32_t *)at + half, &expected,
                                       (uint32_t)(to >> (32 * half)), false, __ATOMIC_ACQ_REL,
                                       __ATOMIC_RELAXED);
}

/**
 * Write walk->update in the place of the `entry` that was read at `slot`. False: the space does not
 * permit it, reach->fault says why; or SPURIOUS there: the entry, or the space's, has changed.
 */
AXADDR_ALWAYS_INLINE bool axaddr_guest_note(const struct axaddr_instance *self,
                                            const struct axaddr_table *table,
                                            const struct axaddr_guest_walk *walk, uint64_t slot,
                                            uint64_t entry, struct axaddr_reach *reach) {
    bool is_on_demand = (walk->how & AXADDR_ON_DEMAND) != 0;
    uint32_t access = AXADDR_READ | AXADDR_WRITE;
    struct axaddr_position position;

    /* The space notes that its page is written; what permits it now is what is written to. */
    if (axaddr_data_leaf(self, table, slot, access, is_on_demand, &position) == AXADDR_OK) {
        reach->fault = AXADDR_FAULT_SPURIOUS;
        return axaddr_reach_leaf(self, table, position.slot, position.entry, position.level, slot,
                                 0, true, reach) &&
               axaddr_guest_entry_swap(reach->at, walk->entry_shift, entry, walk->update);
    }
    if (axaddr_reach_slow(self, table, slot, access, true, walk->how, reach)) {
        reach->fault = AXADDR_FAULT_SPURIOUS;
    }
    return false;
}

/** Whether the guest's accessed and dirty bits are to be set. */
AXADDR_ALWAYS_INLINE bool axaddr_guest_is_noted(const struct axaddr_guest_walk *walk) {
    return (walk->how & AXADDR_SET_NOTES) != 0 && (walk->access & AXADDR_ACCESS_FLAGS) != 0;
}

/** The space does not let a walk get at an entry of the guest's: what the walk comes to. */
AXADDR_ALWAYS_INLINE enum axaddr_walk_result
axaddr_guest_stopped(const struct axaddr_guest_format *guest, const void *regime,
                     struct axaddr_guest_walk *walk, const struct axaddr_reach *reach,
                     struct axaddr_guest_page *page) {
    if (reach->fault == AXADDR_FAULT_SPURIOUS) {
        return AXADDR_WALK_BUSY;
    }
    guest->blocked(regime, walk);
    page->gpa = axaddr_gpa(walk->slot);
    page->access = reach->access;
    page->is_table = true;
    page->stage2 = reach->fault;
    page->fault = walk->fault;
    return AXADDR_WALK_STAGE2;
}

/**
 * Do what the machine would with the `entry` that was read at walk->slot. TABLE and LEAF: done, and
 * noted; FAULT: the walk comes to *result, unless that is OK: the same step once more.
 */
AXADDR_ALWAYS_INLINE enum axaddr_guest_step
axaddr_guest_walk_step(const struct axaddr_instance *self, const struct axaddr_table *table,
                       const struct axaddr_guest_format *guest, const void *regime,
                       struct axaddr_guest_walk *walk, uint64_t entry,
                       struct axaddr_guest_page *page, enum axaddr_walk_result *result) {
    uint64_t slot = walk->slot;
    uint64_t rights = walk->rights;
    unsigned level = walk->level;
    enum axaddr_guest_step step;
    struct axaddr_reach reach;

    walk->update = entry;
    step = guest->step(regime, walk, entry);
    if (AXADDR_LIKELY(step == AXADDR_GUEST_TABLE && walk->update == entry)) {
        return step;
    }
    if (step == AXADDR_GUEST_FAULT) {
        page->fault = walk->fault;
        *result = AXADDR_WALK_INJECT;
        return step;
    }
    if (walk->update == entry || !axaddr_guest_is_noted(walk) ||
        axaddr_guest_note(self, table, walk, slot, entry, &reach)) {
        return step;
    }
    walk->slot = slot;
    walk->rights = rights;
    walk->level = level;
    *result = reach.fault == AXADDR_FAULT_SPURIOUS
                  ? AXADDR_WALK_OK
                  : axaddr_guest_stopped(guest, regime, walk, &reach, page);
    return AXADDR_GUEST_FAULT;
}

/** Step by step down to a leaf: OK, INJECT, or what the space says of an entry. */
AXADDR_ALWAYS_INLINE enum axaddr_walk_result
axaddr_guest_walk_tables(const struct axaddr_instance *self, const struct axaddr_table *table,
                         const struct axaddr_guest_format *guest, const void *regime,
                         struct axaddr_guest_walk *walk, struct axaddr_reach_path *path,
                         struct axaddr_guest_page *page) {
    enum axaddr_walk_result result = AXADDR_WALK_OK;
    unsigned steps = AXADDR_GUEST_STEPS;
    unsigned tries = AXADDR_GUEST_TRIES;
    struct axaddr_reach reach;
    bool is_there =
        axaddr_reach_mapped(self, table, path, walk->slot, AXADDR_READ, true, true, &reach);

    for (;;) {
        if (AXADDR_UNLIKELY(!is_there) &&
            !axaddr_reach_slow(self, table, walk->slot, AXADDR_READ, true, walk->how, &reach)) {
            return axaddr_guest_stopped(guest, regime, walk, &reach, page);
        }
        do {
            uint64_t entry = axaddr_guest_entry_read(reach.at, walk->entry_shift);
            enum axaddr_guest_step step =
                axaddr_guest_walk_step(self, table, guest, regime, walk, entry, page, &result);

            if (AXADDR_LIKELY(step == AXADDR_GUEST_TABLE)) {
                if (--steps == 0) { /* no format has more levels */
                    return AXADDR_WALK_BUSY;
                }
                continue;
            }
            if (step == AXADDR_GUEST_LEAF || result != AXADDR_WALK_OK) {
                return result;
            }
            if (--tries == 0) {
                return AXADDR_WALK_BUSY;
            }
        } while (AXADDR_LIKELY(
            axaddr_reach_mapped(self, table, path, walk->slot, AXADDR_READ, true, false, &reach)));
        is_there = false;
    }
}

/** The page that a walk came to, through the space. */
AXADDR_ALWAYS_INLINE enum axaddr_walk_result
axaddr_guest_walk_page(const struct axaddr_instance *self, const struct axaddr_table *table,
                       const struct axaddr_guest_walk *walk, struct axaddr_reach_path *path,
                       struct axaddr_guest_page *page) {
    bool tells_modes = self->format->can_hold(AXADDR_READ | AXADDR_EXECUTE_USER);
    uint64_t size = UINT64_C(1) << walk->shift;
    uint64_t gpa = walk->page | (walk->address & (size - 1));
    uint32_t access = walk->access & (AXADDR_READ | AXADDR_WRITE);
    uint32_t fetch = tells_modes ? walk->fetch : AXADDR_EXECUTE;
    uint32_t rights;
    struct axaddr_reach reach;

    if ((walk->access & AXADDR_EXECUTE) != 0) {
        access |= fetch;
    }
    reach.hpa = 0;
    reach.size = 0;
    reach.flags = 0;
    page->gpa = axaddr_gpa(gpa);
    if (AXADDR_UNLIKELY(
            !axaddr_reach_mapped(self, table, path, gpa, access, false, false, &reach)) &&
        !axaddr_reach_slow(self, table, gpa, access, false, walk->how, &reach)) {
        page->access = access;
        page->is_table = false;
        page->stage2 = reach.fault;
        return reach.fault == AXADDR_FAULT_SPURIOUS ? AXADDR_WALK_BUSY : AXADDR_WALK_STAGE2;
    }
    rights = reach.flags & (AXADDR_READ | AXADDR_WRITE);
    if ((axaddr_flags_permit(reach.flags) & fetch) != 0) {
        rights |= AXADDR_EXECUTE;
    }
    page->hpa = axaddr_hpa(reach.hpa);
    page->size = size < reach.size ? size : reach.size;
    page->flags = walk->flags & (rights | ~AXADDR_ACCESS_FLAGS);
    return AXADDR_WALK_OK;
}

/**
 * Walk. `access`: AXADDR_READ, WRITE, EXECUTE (none: whatever is there, and nothing is noted), with
 * USER for an access with the rights of user mode. `how`: AXADDR_ON_DEMAND, AXADDR_SET_NOTES. May
 * run beside edits, faults and the guest itself; like a TLB entry, the result is true for as long as
 * nobody changes the tables. Takes no lock (but a fault's, on demand).
 */
AXADDR_ALWAYS_INLINE enum axaddr_walk_result
axaddr_walk_guest(const struct axaddr_instance *self, const struct axaddr_space *space,
                  const struct axaddr_guest_format *guest, const void *regime, uint64_t address,
                  uint32_t access, uint32_t how, struct axaddr_guest_page *page) {
    const struct axaddr_table *table = &space->table;
    enum axaddr_walk_result result = AXADDR_WALK_OK;
    enum axaddr_guest_step step;
    struct axaddr_guest_walk walk;
    struct axaddr_reach_path path;

    walk.address = address;
    walk.access = access;
    walk.how = how;
    walk.fetch = AXADDR_EXECUTE;
    walk.level = 0;
    walk.rights = 0;
    walk.page = 0;
    walk.shift = 0;
    walk.flags = 0;
    path.keys[0] = ~UINT64_C(0);
    path.keys[1] = ~UINT64_C(0);
    path.at[0] = 0;
    path.at[1] = 0;
    step = guest->begin(regime, &walk);
    if (AXADDR_UNLIKELY(step == AXADDR_GUEST_FAULT)) {
        page->level = walk.level;
        page->fault = walk.fault;
        return AXADDR_WALK_INJECT;
    }
    axaddr_enter_walk(self, table);
    if (AXADDR_LIKELY(step == AXADDR_GUEST_TABLE)) {
        result = axaddr_guest_walk_tables(self, table, guest, regime, &walk, &path, page);
    }
    page->level = walk.level;
    if (AXADDR_LIKELY(result == AXADDR_WALK_OK)) {
        result = axaddr_guest_walk_page(self, table, &walk, &path, page);
    }
    axaddr_leave_walk(self, table);
    return result;
}

/* ---- the generated function ---- */

/** name_walk(): `space` is what AXADDR_DEFINE_VM (or _SPACE) made in the same translation unit. */
#define AXADDR_DEFINE_GUEST_WALK(name, space_name, guest)                                          \
    AXADDR_BEGIN_GENERATED_                                                                        \
    AXADDR_UNUSED AXADDR_MUST_CHECK AXADDR_NOINLINE static enum axaddr_walk_result name##_walk(    \
        struct space_name *space, const struct guest##_regime *regime, axaddr_gva_t address,       \
        uint32_t access, uint32_t how, struct axaddr_guest_page *page) {                           \
        return axaddr_walk_guest(&space_name##_instance_, &space->core, &(guest), regime,          \
                                 address.raw, access, how, page);                                  \
    }                                                                                              \
    AXADDR_END_GENERATED_                                                                          \
    AXADDR_STATIC_ASSERT(sizeof(guest) == sizeof(struct axaddr_guest_format),                      \
                         "the last argument is the guest's format itself")

#endif /* AXADDR_CORE_GUEST_WALK_H */
