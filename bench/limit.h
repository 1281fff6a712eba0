/* SPDX-License-Identifier: MIT
 *
 * limit.h: what the machine has to do at the least: the same loads and stores as the library, by
 * hand, for this one format and this one arena, with nothing checked beyond what is said.
 */
#ifndef BENCH_LIMIT_H
#define BENCH_LIMIT_H

#include "arena.h"

#define LIMIT_ADDRESS    UINT64_C(0x000ffffffffff000)
#define LIMIT_RIGHTS     UINT64_C(7)
#define LIMIT_LARGE      UINT64_C(0x80)
/* A reserved entry as axaddr has it (absent.h): kind in 5:3, flags inverted from bit 12 on. */
#define LIMIT_KIND_SHIFT 3
#define LIMIT_KIND_MASK  UINT64_C(7)

static inline uint64_t *limit_below(uint64_t entry) {
    return (uint64_t *)arena_at(entry & LIMIT_ADDRESS);
}

static inline uint64_t *limit_slot(uint64_t *table, unsigned level, uint64_t gpa) {
    return table + (gpa >> (12 + 9 * level) & 511);
}

/** The table of `level` for `gpa`, made and zeroed with all above it where there is none. */
static inline uint64_t *limit_make(struct arena *arena, uint64_t *root, unsigned level,
                                   uint64_t gpa) {
    uint64_t *table = root;
    unsigned at = 3;

    for (; at > level; at--) {
        uint64_t *slot = limit_slot(table, at, gpa);

        if (*slot == 0) {
            axaddr_hpa_t frame;

            if (!arena_take(arena, ARENA_OFFSET, &frame)) {
                return 0;
            }
            axaddr_zero(arena_at(frame.raw), ARENA_FRAME);
            *slot = frame.raw | LIMIT_RIGHTS;
        }
        table = limit_below(*slot);
    }
    return table;
}

/** Leaves of `level` for [gpa, gpa + size - 1], both ends at the ends of tables. */
static inline void limit_map(struct arena *arena, uint64_t *root, unsigned level, uint64_t gpa,
                             uint64_t size, uint64_t leaf) {
    uint64_t step = UINT64_C(1) << (12 + 9 * level);
    uint64_t end = gpa + size;

    while (gpa != end) {
        uint64_t *slot = limit_make(arena, root, level, gpa);
        uint64_t *slot_end = slot + 512;

        for (; slot != slot_end; slot++) {
            __atomic_store_n(slot, leaf, __ATOMIC_RELAXED);
            leaf += step;
        }
        gpa += step << 9;
    }
}

/** The reverse: every present entry of the range becomes 0, the tables of `level` are freed. */
static inline void limit_unmap(struct arena *arena, uint64_t *root, unsigned level, uint64_t gpa,
                               uint64_t size) {
    uint64_t end = gpa + size;

    while (gpa != end) {
        uint64_t *above = root;
        uint64_t *link;
        uint64_t *slot;
        uint64_t *slot_end;
        unsigned at = 3;

        for (; at > level + 1; at--) {
            above = limit_below(*limit_slot(above, at, gpa));
        }
        link = limit_slot(above, at, gpa);
        slot = limit_below(*link);
        slot_end = slot + 512;
        for (; slot != slot_end; slot++) {
            if ((__atomic_load_n(slot, __ATOMIC_RELAXED) & LIMIT_RIGHTS) != 0) {
                __atomic_store_n(slot, 0, __ATOMIC_RELAXED);
            }
        }
        arena_give(arena, ARENA_OFFSET, axaddr_hpa(*link & LIMIT_ADDRESS));
        *link = 0;
        gpa += UINT64_C(1) << (21 + 9 * level);
    }
}

/** Tables of 4K leaves in the place of the 2M leaves of [gpa, gpa + size - 1]. */
static inline void limit_split(struct arena *arena, uint64_t *root, uint64_t gpa, uint64_t size) {
    uint64_t end = gpa + size;

    for (; gpa != end; gpa += UINT64_C(1) << 21) {
        uint64_t *table = limit_below(*limit_slot(root, 3, gpa));
        uint64_t *link = limit_slot(limit_below(*limit_slot(table, 2, gpa)), 1, gpa);
        uint64_t leaf = *link & ~LIMIT_LARGE;
        axaddr_hpa_t frame;
        uint64_t *slot;
        uint64_t *slot_end;

        if (!arena_take(arena, ARENA_OFFSET, &frame)) {
            return;
        }
        slot = (uint64_t *)arena_at(frame.raw);
        slot_end = slot + 512;
        for (; slot != slot_end; slot++) {
            __atomic_store_n(slot, leaf, __ATOMIC_RELAXED);
            leaf += ARENA_FRAME;
        }
        __atomic_store_n(link, frame.raw | LIMIT_RIGHTS, __ATOMIC_RELEASE);
    }
}

/** Other attributes for every present 4K page of a range. */
static inline void limit_protect(uint64_t *root, uint64_t gpa, uint64_t size, uint64_t attributes) {
    uint64_t end = gpa + size;

    while (gpa != end) {
        uint64_t *slot = root;
        uint64_t *slot_end;
        unsigned at = 3;

        for (; at > 0; at--) {
            slot = limit_below(*limit_slot(slot, at, gpa));
        }
        slot_end = slot + 512;
        for (; slot != slot_end; slot++) {
            uint64_t entry = __atomic_load_n(slot, __ATOMIC_RELAXED);

            if ((entry & LIMIT_RIGHTS) != 0) {
                __atomic_store_n(slot, (entry & (LIMIT_ADDRESS | 0x300)) | attributes,
                                 __ATOMIC_RELAXED);
            }
        }
        gpa += UINT64_C(1) << 21;
    }
}

/** Fresh zeroed frames for a range. */
static inline void limit_populate(struct arena *arena, uint64_t *root, uint64_t gpa, uint64_t size,
                                  uint64_t attributes) {
    uint64_t end = gpa + size;

    while (gpa != end) {
        uint64_t *slot = limit_make(arena, root, 0, gpa);
        uint64_t *slot_end = slot + 512;

        for (; slot != slot_end; slot++) {
            axaddr_hpa_t frame;

            if (!arena_take(arena, ARENA_OFFSET, &frame)) {
                return;
            }
            axaddr_zero(arena_at(frame.raw), ARENA_FRAME);
            __atomic_store_n(slot, frame.raw | attributes, __ATOMIC_RELEASE);
        }
        gpa += UINT64_C(1) << 21;
    }
}

/** The entry of `level` for `gpa`; 0 if there is no table for it. */
static inline uint64_t limit_entry(uint64_t *root, unsigned level, uint64_t gpa) {
    uint64_t entry = *limit_slot(root, 3, gpa);
    unsigned at = 3;

    while (at > level) {
        if ((entry & LIMIT_RIGHTS) == 0 || (entry & LIMIT_LARGE) != 0) {
            return 0;
        }
        at--;
        entry = *limit_slot(limit_below(entry), at, gpa);
    }
    return entry;
}

/** The host address of a mapped 4K page's byte; nothing is checked. */
static inline uint64_t limit_translate(uint64_t *root, uint64_t gpa) {
    uint64_t *table = limit_below(*limit_slot(root, 3, gpa));

    table = limit_below(*limit_slot(table, 2, gpa));
    table = limit_below(*limit_slot(table, 1, gpa));
    return (*limit_slot(table, 0, gpa) & LIMIT_ADDRESS) | (gpa & 4095);
}

/** The same with what must be checked, and large leaves. */
static inline bool limit_translate_checked(uint64_t *root, uint64_t gpa, uint64_t *hpa) {
    uint64_t *table = root;
    uint64_t mask = 4095;
    uint64_t entry;

    if (gpa >> 48 != 0) {
        return false;
    }
    entry = *limit_slot(table, 3, gpa);
    if ((entry & LIMIT_RIGHTS) == 0) {
        return false;
    }
    entry = *limit_slot(limit_below(entry), 2, gpa);
    if ((entry & LIMIT_RIGHTS) == 0) {
        return false;
    }
    if ((entry & LIMIT_LARGE) != 0) {
        mask = (UINT64_C(1) << 30) - 1;
    } else {
        entry = *limit_slot(limit_below(entry), 1, gpa);
        if ((entry & LIMIT_RIGHTS) == 0) {
            return false;
        }
        if ((entry & LIMIT_LARGE) != 0) {
            mask = (UINT64_C(1) << 21) - 1;
        } else {
            entry = *limit_slot(limit_below(entry), 0, gpa);
            if ((entry & LIMIT_RIGHTS) == 0) {
                return false;
            }
        }
    }
    *hpa = (entry & LIMIT_ADDRESS & ~mask) | (gpa & mask);
    return true;
}

/** Take, zero and enter a frame for a page that is known to be reserved; nothing is checked. */
static inline bool limit_fault(struct arena *arena, uint64_t *root, uint64_t gpa) {
    uint64_t *table = limit_below(*limit_slot(root, 3, gpa));
    axaddr_hpa_t frame;
    uint64_t *slot;

    table = limit_below(*limit_slot(table, 2, gpa));
    table = limit_below(*limit_slot(table, 1, gpa));
    slot = limit_slot(table, 0, gpa);
    if (!arena_take(arena, ARENA_OFFSET, &frame)) {
        return false;
    }
    axaddr_zero(arena_at(frame.raw), ARENA_FRAME);
    __atomic_store_n(slot, frame.raw | (6 << 3) | (~(*slot >> 12) & LIMIT_RIGHTS),
                     __ATOMIC_RELEASE);
    return true;
}

/** The same with what must be checked. */
static inline bool limit_fault_checked(struct arena *arena, uint64_t *root, uint64_t gpa,
                                       uint32_t access) {
    uint64_t *table = root;
    uint64_t *slot;
    uint64_t flags;
    axaddr_hpa_t frame;
    unsigned level;

    if (gpa >> 48 != 0) {
        return false;
    }
#pragma GCC unroll 3
    for (level = 3; level > 0; level--) {
        uint64_t entry = *limit_slot(table, level, gpa);

        if ((entry & LIMIT_RIGHTS) == 0 || (entry & LIMIT_LARGE) != 0) {
            return false;
        }
        table = limit_below(entry);
    }
    slot = limit_slot(table, 0, gpa);
    if ((*slot & LIMIT_RIGHTS) != 0 || (*slot >> LIMIT_KIND_SHIFT & LIMIT_KIND_MASK) != 1) {
        return false;
    }
    flags = ~(*slot >> 12) & 0xff;
    if ((access & ~flags) != 0 || !arena_take(arena, ARENA_OFFSET, &frame)) {
        return false;
    }
    axaddr_zero(arena_at(frame.raw), ARENA_FRAME);
    __atomic_store_n(slot, frame.raw | (6 << 3) | (flags & LIMIT_RIGHTS), __ATOMIC_RELEASE);
    return true;
}

/** Binary search in one array: the first area that ends at or after `gpa`. */
static inline const struct axaddr_area *limit_find(const struct axaddr_area *areas, uint32_t count,
                                                   uint64_t gpa) {
    uint32_t low = 0;
    uint32_t high = count;

    while (low < high) {
        uint32_t middle = (low + high) / 2;

        if (areas[middle].last < gpa) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low < count && areas[low].first <= gpa ? areas + low : 0;
}

#endif /* BENCH_LIMIT_H */
