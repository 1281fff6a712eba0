/* SPDX-License-Identifier: MIT
 *
 * data.h: the bytes of a space as the host sees them: visit, read, write, and whether an access
 * would be permitted. The HAL's frame_at has to know all memory that is mapped, not only frames that
 * it gave itself. Device registers (AXADDR_DEVICE) are never touched: DENIED, even where can_access
 * says that the guest may.
 */
#ifndef AXADDR_CORE_DATA_H
#define AXADDR_CORE_DATA_H

#include "space.h"

/** A page that edits and faults of other CPUs change so often in a row is BUSY. */
#define AXADDR_DATA_TRIES 64

/** Called for a piece of a range: `size` bytes at `at`. What is not AXADDR_OK ends the visit. */
typedef enum axaddr_status (*axaddr_visitor)(void *arg, void *at, size_t size);

/** What a fault that was not resolved means for a visit. */
AXADDR_ALWAYS_INLINE enum axaddr_status axaddr_fault_status(enum axaddr_fault fault) {
    switch (fault) {
    case AXADDR_FAULT_RESOLVED:
    case AXADDR_FAULT_SPURIOUS:
        return AXADDR_OK;
    case AXADDR_FAULT_UNMAPPED:
        return AXADDR_NOT_MAPPED;
    case AXADDR_FAULT_NO_MEMORY:
        return AXADDR_NO_MEMORY;
    case AXADDR_FAULT_DEVICE:
    case AXADDR_FAULT_DENIED:
        break;
    }
    return AXADDR_DENIED;
}

/** Turn (address, size), any bytes, into [address, *last]; false if that is not in the space. */
AXADDR_ALWAYS_INLINE bool axaddr_data_range(const struct axaddr_table *table, uint64_t address,
                                            uint64_t size, uint64_t *last) {
    *last = address + (size - 1);
    return size != 0 && *last >= address && address >= table->first && *last <= table->last;
}

/**
 * What an entry means for an access that is only for what is mapped: BUSY: it is being changed just
 * now, or was while we looked (`seen`, before that).
 */
AXADDR_ALWAYS_INLINE enum axaddr_status axaddr_data_refusal(const struct axaddr_instance *self,
                                                            const struct axaddr_table *table,
                                                            const struct axaddr_position *position,
                                                            uint32_t access, uint32_t seen) {
    const struct axaddr_format *format = self->format;
    enum axaddr_absent_kind kind;

    if (format->kind_of(position->entry, position->level) == AXADDR_ENTRY_LEAF) {
        uint64_t plain = axaddr_entry_plain(self, position->slot, position->entry, position->level);
        uint32_t flags = format->flags_of(plain, position->level);

        return axaddr_lacking(self, flags, access) != 0 ? AXADDR_DENIED : AXADDR_BUSY;
    }
    kind = format->absent_kind(position->entry);
    if (kind == AXADDR_ABSENT_TRAPPED) {
        return AXADDR_DENIED;
    }
    return axaddr_absent_is_parked(kind) || axaddr_was_replacing(self, table, seen)
               ? AXADDR_BUSY
               : AXADDR_NOT_MAPPED;
}

/**
 * Note a write in a leaf that permits it; false: to be looked at again. Where a guest's first write
 * is a fault, that is what it is here, too: what TLBs hold of the leaf does not permit the write.
 */
AXADDR_ALWAYS_INLINE bool axaddr_data_note(const struct axaddr_instance *self,
                                           const struct axaddr_table *table, uint64_t address,
                                           uint32_t access, const struct axaddr_position *position,
                                           uint64_t noted) {
    if (self->format->note_access != 0) {
        (void)self->fault_slow(table, address, access, 0);
        return false;
    }
    return axaddr_entry_swap(self, table, position->slot, position->entry, noted);
}

/**
 * The leaf at an address that permits an access, and for a write is noted as written: what is
 * reserved is populated as by a fault, or without is_on_demand NOT_MAPPED. Within a walk.
 */
AXADDR_ALWAYS_INLINE enum axaddr_status axaddr_data_leaf(const struct axaddr_instance *self,
                                                         const struct axaddr_table *table,
                                                         uint64_t address, uint32_t access,
                                                         bool is_on_demand,
                                                         struct axaddr_position *position) {
    const struct axaddr_format *format = self->format;
    unsigned tries;

    for (tries = 0; tries < AXADDR_DATA_TRIES; tries++) {
        uint32_t seen = is_on_demand ? 0 : axaddr_see_replacing(self, table);
        enum axaddr_status status;

        *position = self->lookup(table, address);
        if (format->kind_of(position->entry, position->level) == AXADDR_ENTRY_LEAF) {
            uint64_t leaf = position->entry;
            uint64_t plain = axaddr_entry_plain(self, position->slot, leaf, position->level);
            uint32_t flags = format->flags_of(plain, position->level);
            uint64_t noted = leaf;

            if ((flags & AXADDR_DEVICE) != 0) {
                return AXADDR_DENIED;
            }
            if ((access & AXADDR_WRITE) != 0) {
                noted = format->note_access != 0
                            ? format->note_access(leaf, position->level, access)
                            : leaf | format->noted;
            }
            if (axaddr_lacking(self, flags, access) == 0) {
                if (noted == leaf ||
                    axaddr_data_note(self, table, address, access, position, noted)) {
                    position->entry = plain;
                    return AXADDR_OK;
                }
                continue;
            }
        }
        if (is_on_demand) {
            status = axaddr_fault_status(self->fault_slow(table, address, access, 0));
        } else {
            status = axaddr_data_refusal(self, table, position, access, seen);
        }
        if (status != AXADDR_OK && status != AXADDR_BUSY) {
            return status;
        }
    }
    return AXADDR_BUSY;
}

/** Where the hypervisor sees a byte of host memory, of which the HAL knows the frame. */
AXADDR_ALWAYS_INLINE unsigned char *axaddr_data_at(const struct axaddr_instance *self,
                                                   const struct axaddr_table *table,
                                                   uint64_t host) {
    uint64_t mask = axaddr_span_mask(self, 0);

    return (unsigned char *)axaddr_frame_at(self, table, host & ~mask) + (size_t)(host & mask);
}

/**
 * Go through [address, last] by pages: `visit` is told where the host sees each part of it, or with
 * is_trial, each is only made ready for the access. No frame is freed while it is being visited, but what another
 * CPU unmaps in between is not there any more.
 */
AXADDR_ALWAYS_INLINE enum axaddr_status axaddr_data_pass(const struct axaddr_instance *self,
                                                         const struct axaddr_table *table,
                                                         uint64_t address, uint64_t last,
                                                         uint32_t access, bool is_trial,
                                                         axaddr_visitor visit, void *arg) {
    uint64_t mask = axaddr_span_mask(self, 0);

    for (;;) {
        uint64_t part_last = (address | mask) < last ? address | mask : last;
        struct axaddr_position position;
        enum axaddr_status status;

        axaddr_enter_walk(self, table);
        status = axaddr_data_leaf(self, table, address, access, true, &position);
        if (status == AXADDR_OK && !is_trial) {
            uint64_t host = axaddr_leaf_output(self, position.entry, position.level, address);

            status =
                visit(arg, axaddr_data_at(self, table, host), (size_t)(part_last - address + 1));
        }
        axaddr_leave_walk(self, table);
        if (status != AXADDR_OK || part_last == last) {
            return status;
        }
        address = part_last + 1;
    }
}

/**
 * Visit the bytes of a range as far as the host sees them in one piece, at most a page each, in
 * ascending order. All of it is made ready before the first visit: INVALID (outside the bounds),
 * NOT_MAPPED, DENIED (also for devices), NO_MEMORY, BUSY then mean that none took place. The visitor
 * must not call back into the space.
 */
AXADDR_ALWAYS_INLINE enum axaddr_status axaddr_space_visit(const struct axaddr_instance *self,
                                                           const struct axaddr_space *space,
                                                           uint64_t address, uint64_t size,
                                                           uint32_t access, axaddr_visitor visit,
                                                           void *arg) {
    enum axaddr_status status = AXADDR_OK;
    unsigned pass;
    uint64_t last;

    if (!axaddr_data_range(&space->table, address, size, &last)) {
        return AXADDR_INVALID;
    }
    for (pass = 0; pass < 2 && status == AXADDR_OK; pass++) {
        bool is_trial = pass == 0;
        status = axaddr_data_pass(self, &space->table, address, last, access, is_trial, visit, arg);
    }
    return status;
}

/** What read and write have yet to copy. */
struct axaddr_data_copy {
    unsigned char *to;
    const unsigned char *from;
};

/**
 * Copy bytes, each of which is read once and written once. Volatile: no compiler reads what it has
 * checked a second time from a guest that changes it meanwhile, or makes a call of memcpy of it.
 */
static inline void axaddr_data_move(volatile unsigned char *to, const volatile unsigned char *from,
                                    size_t size) {
    const size_t mask = sizeof(size_t) - 1;
    bool has_words = (((uintptr_t)to ^ (uintptr_t)from) & mask) == 0;

    while (size > 0) {
        size_t step = has_words && ((uintptr_t)to & mask) == 0 && size > mask ? mask + 1 : 1;

        if (step == 1) {
            *to = *from;
        } else {
            *(volatile axaddr_size_word_t *)(volatile void *)to =
                *(const volatile axaddr_size_word_t *)(const volatile void *)from;
        }
        to += step;
        from += step;
        size -= step;
    }
}

static inline enum axaddr_status axaddr_data_read(void *arg, void *at, size_t size) {
    struct axaddr_data_copy *copy = (struct axaddr_data_copy *)arg;

    axaddr_data_move(copy->to, (const unsigned char *)at, size);
    copy->to += size;
    return AXADDR_OK;
}

static inline enum axaddr_status axaddr_data_write(void *arg, void *at, size_t size) {
    struct axaddr_data_copy *copy = (struct axaddr_data_copy *)arg;

    axaddr_data_move((unsigned char *)at, copy->from, size);
    copy->from += size;
    return AXADDR_OK;
}

/** Copy `size` bytes out of the space, whose pages must permit READ: see axaddr_space_visit. */
AXADDR_ALWAYS_INLINE enum axaddr_status axaddr_space_read(const struct axaddr_instance *self,
                                                          const struct axaddr_space *space,
                                                          uint64_t address, void *to, size_t size) {
    struct axaddr_data_copy copy;

    copy.to = (unsigned char *)to;
    copy.from = 0;
    return axaddr_space_visit(self, space, address, size, AXADDR_READ, axaddr_data_read, &copy);
}

/**
 * Copy `size` bytes into the space, whose pages must permit WRITE and are noted as written (dirty
 * logging sees it). After writing code, make the instruction caches see it.
 */
AXADDR_ALWAYS_INLINE enum axaddr_status axaddr_space_write(const struct axaddr_instance *self,
                                                           const struct axaddr_space *space,
                                                           uint64_t address, const void *from,
                                                           size_t size) {
    struct axaddr_data_copy copy;

    copy.to = 0;
    copy.from = (const unsigned char *)from;
    return axaddr_space_visit(self, space, address, size, AXADDR_WRITE, axaddr_data_write, &copy);
}

/**
 * Whether every byte of a range may be accessed so (AXADDR_READ, WRITE, EXECUTE, USER), by what its
 * areas say, mapped yet or not: NOT_MAPPED where there is none, DENIED where it does not permit it
 * or traps. INVALID: the range is not in the space. Takes the lock.
 */
AXADDR_ALWAYS_INLINE enum axaddr_status axaddr_space_can_access(const struct axaddr_instance *self,
                                                                const struct axaddr_space *space,
                                                                uint64_t address, uint64_t size,
                                                                uint32_t access) {
    enum axaddr_status status = AXADDR_OK;
    struct axaddr_area_visit visit;
    struct axaddr_area area;
    uint64_t last;

    if (!axaddr_data_range(&space->table, address, size, &last)) {
        return AXADDR_INVALID;
    }
    axaddr_lock(self, &space->table);
    axaddr_area_visit_init(&visit, address, last);
    while (status == AXADDR_OK) {
        bool is_there = axaddr_areas_visit(self, &space->areas, &visit, &area);

        if (!is_there || area.first > address) {
            status = AXADDR_NOT_MAPPED;
        } else if (area.kind == AXADDR_AREA_DEVICE ||
                   axaddr_lacking(self, area.flags, access) != 0) {
            status = AXADDR_DENIED;
        } else if (visit.is_done) {
            break;
        }
        address = visit.next;
    }
    axaddr_unlock(self, &space->table);
    return status;
}

#endif /* AXADDR_CORE_DATA_H */
