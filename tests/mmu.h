/* SPDX-License-Identifier: MIT
 *
 * mmu.h: a page table as hardware sees it: read straight out of the arena through the format's
 * hooks, without a line of the engine. The tests believe this one. It walks an address, it visits
 * every entry of a table in order, and it watches single addresses while an operation is running,
 * to say whether the flush came at the right time.
 *
 * Table addresses: input addresses cut to the format's input width, so sign-extended ones fit too.
 */
#ifndef AXADDR_TESTS_MMU_H
#define AXADDR_TESTS_MMU_H

#include "../axaddr_core/format.h"
#include "host.h"

struct mmu {
    const struct axaddr_format *format;
    struct host *host;
    uint64_t root;
};

/** One entry of a table (or a run of equal absent ones), and the addresses that it decides. */
struct mmu_entry {
    uint64_t entry;
    uint32_t count; /**< entries in the run */
    unsigned level;
    uint64_t table; /**< the frame it stands in (for a root of many frames: the first) */
    uint32_t index;
    uint64_t first; /**< table address */
    uint64_t last;
};

/* ---- entries ---- */

/** Read an entry. A table that is not in use reads as empty, with a complaint to the ledger. */
static inline uint64_t mmu_read(const struct mmu *mmu, uint64_t table, uint32_t index) {
    uint64_t offset = (uint64_t)index << mmu->format->entry_shift;
    const uint8_t *at = host_peek(mmu->host, table + offset);
    if (at == 0) {
        host_complain(mmu->host, "hardware reads a table at 0x%" PRIx64 ", which is not in use",
                      table);
        return mmu->format->empty;
    }
    at += offset & (HOST_FRAME_SIZE - 1);
    if (mmu->format->entry_shift == 2) {
        uint32_t bits;
        memcpy(&bits, at, sizeof(bits));
        return bits;
    } else {
        uint64_t bits;
        memcpy(&bits, at, sizeof(bits));
        return bits;
    }
}

AXADDR_UNUSED static void mmu_write(const struct mmu *mmu, uint64_t table, uint32_t index,
                                    uint64_t entry) {
    uint64_t offset = (uint64_t)index << mmu->format->entry_shift;
    uint8_t *at = host_peek(mmu->host, table + offset);
    if (at != 0) {
        uint32_t low = (uint32_t)entry;
        at += offset & (HOST_FRAME_SIZE - 1);
        if (mmu->format->entry_shift == 2) {
            memcpy(at, &low, sizeof(low));
        } else {
            memcpy(at, &entry, sizeof(entry));
        }
    }
}

/** The input address as tables are indexed with it. */
static inline uint64_t mmu_cut(const struct axaddr_format *format, uint64_t address) {
    return address & axaddr_low_bits(format->input_width);
}

/** The entry of `level` on the way to a table address, its table being known. */
static inline struct mmu_entry mmu_entry_at(const struct mmu *mmu, uint64_t table, unsigned level,
                                            uint64_t address) {
    const struct axaddr_format *format = mmu->format;
    struct mmu_entry at;
    at.count = 1;
    at.level = level;
    at.table = table;
    at.index =
        (uint32_t)(address >> format->shift[level] & axaddr_low_bits(format->index_bits[level]));
    at.entry = mmu_read(mmu, table, at.index);
    at.first = address & ~axaddr_low_bits(format->shift[level]);
    at.last = at.first | axaddr_low_bits(format->shift[level]);
    return at;
}

/* ---- one address ---- */

/** The entry that decides an input address: a leaf or an absent one. */
AXADDR_UNUSED static struct mmu_entry mmu_walk(const struct mmu *mmu, uint64_t address) {
    uint64_t cut = mmu_cut(mmu->format, address);
    uint64_t table = mmu->root;
    unsigned level = mmu->format->level_count - 1u;
    for (;;) {
        struct mmu_entry at = mmu_entry_at(mmu, table, level, cut);
        if (level == 0 || mmu->format->kind_of(at.entry, level) != AXADDR_ENTRY_TABLE) {
            return at;
        }
        table = mmu->format->table_of(at.entry);
        level--;
    }
}

static inline bool mmu_is_leaf(const struct mmu *mmu, const struct mmu_entry *at) {
    return mmu->format->kind_of(at->entry, at->level) == AXADDR_ENTRY_LEAF;
}

/** A leaf as the hooks want it: without the hint that it is one of a run. */
static inline uint64_t mmu_plain(const struct mmu *mmu, const struct mmu_entry *leaf) {
    return mmu->format->run_bits == 0
               ? leaf->entry
               : mmu->format->plain_leaf(leaf->entry, leaf->level, leaf->index);
}

/** The host address of a byte, by the leaf that maps it. */
static inline uint64_t mmu_output(const struct mmu *mmu, const struct mmu_entry *leaf,
                                  uint64_t address) {
    return mmu->format->frame_of(mmu_plain(mmu, leaf), leaf->level) +
           (mmu_cut(mmu->format, address) - leaf->first);
}

/** What the run of a leaf spans, minus one; 0 if it is not part of one. */
AXADDR_UNUSED static uint64_t mmu_run_mask(const struct mmu *mmu, const struct mmu_entry *leaf) {
    return mmu_plain(mmu, leaf) == leaf->entry
               ? 0
               : axaddr_low_bits(mmu->format->shift[leaf->level] + (unsigned)mmu->format->run_bits);
}

/* ---- all entries ---- */

/**
 * Called for every entry of every table, in ascending order; an entry that points to a table comes
 * before what is in that table. Equal absent entries beside each other come as one run.
 */
typedef void mmu_visitor(void *argument, const struct mmu *mmu, const struct mmu_entry *at);

/** The entry at `address` of the table at `bytes`, with those behind it that are the same. */
static inline struct mmu_entry mmu_run_at(const struct mmu *mmu, const uint8_t *bytes,
                                          uint64_t table, unsigned level, uint64_t address) {
    const struct axaddr_format *format = mmu->format;
    uint32_t entry_count = UINT32_C(1) << format->index_bits[level];
    size_t size = (size_t)1 << format->entry_shift;
    struct mmu_entry at = {0, 1, level, table, 0, 0, 0};
    uint32_t low = 0;
    uint64_t high = 0;

    at.index = (uint32_t)(address >> format->shift[level]) & (entry_count - 1);
    bytes += at.index * size;
    if (size == sizeof(low)) {
        memcpy(&low, bytes, sizeof(low));
        at.entry = low;
    } else {
        memcpy(&high, bytes, sizeof(high));
        at.entry = high;
    }
    if (format->kind_of(at.entry, level) == AXADDR_ENTRY_ABSENT) {
        while (at.index + at.count < entry_count &&
               memcmp(bytes + at.count * size, bytes, size) == 0) {
            at.count++;
        }
    }
    at.first = address;
    at.last = address + ((uint64_t)at.count << format->shift[level]) - 1;
    return at;
}

AXADDR_UNUSED static void mmu_visit(const struct mmu *mmu, mmu_visitor *visitor, void *argument) {
    const struct axaddr_format *format = mmu->format;
    unsigned top = format->level_count - 1u;
    unsigned level = top;
    uint64_t bases[AXADDR_LEVEL_MAX];
    const uint8_t *bytes[AXADDR_LEVEL_MAX];
    uint64_t address = 0;

    bases[top] = mmu->root;
    bytes[top] = host_peek(mmu->host, mmu->root);
    if (bytes[top] == 0) {
        host_complain(mmu->host, "the root at 0x%" PRIx64 " is not in use", mmu->root);
        return;
    }
    for (;;) {
        struct mmu_entry at = mmu_run_at(mmu, bytes[level], bases[level], level, address);
        visitor(argument, mmu, &at);
        if (level > 0 && format->kind_of(at.entry, level) == AXADDR_ENTRY_TABLE &&
            host_peek(mmu->host, format->table_of(at.entry)) != 0) {
            level--;
            bases[level] = format->table_of(at.entry);
            bytes[level] = host_peek(mmu->host, bases[level]);
            continue;
        }
        address = at.last + 1;
        while (level < top &&
               (address &
                axaddr_low_bits(format->shift[level] + (unsigned)format->index_bits[level])) == 0) {
            level++;
        }
        if (mmu_cut(format, address) == 0) {
            return;
        }
    }
}

/* ---- watching addresses through an operation ---- */

/** What an address went through. */
struct mmu_watch {
    uint64_t address;
    struct mmu_entry path[AXADDR_LEVEL_MAX]; /**< as it was; [level] */
    unsigned leaf_level;                     /**< path[] is known from here up */
    bool was_mapped;
    bool was_flushed;                  /**< a plan covered it when its translation had changed */
    bool was_absent[AXADDR_LEVEL_MAX]; /**< a plan came while path[level]'s place was absent */
};

AXADDR_UNUSED static void mmu_watch_start(struct mmu_watch *watch, const struct mmu *mmu,
                                          uint64_t address) {
    uint64_t table = mmu->root;
    unsigned level = mmu->format->level_count - 1u;

    memset(watch, 0, sizeof(*watch));
    watch->address = address;
    for (;;) {
        struct mmu_entry at = mmu_entry_at(mmu, table, level, mmu_cut(mmu->format, address));
        watch->path[level] = at;
        watch->leaf_level = level;
        if (level == 0 || mmu->format->kind_of(at.entry, level) != AXADDR_ENTRY_TABLE) {
            watch->was_mapped = mmu_is_leaf(mmu, &at);
            return;
        }
        table = mmu->format->table_of(at.entry);
        level--;
    }
}

/** Whether a plan names part of [first, last] (input addresses). */
AXADDR_UNUSED static bool mmu_plan_meets(const struct axaddr_flush *plan, uint64_t first,
                                         uint64_t last) {
    unsigned i;
    for (i = 0; i < plan->range_count; i++) {
        if (plan->ranges[i].first <= last && plan->ranges[i].last >= first) {
            return true;
        }
    }
    return false;
}

/** Whether the address is mapped now as it was, apart from the size of the leaf. */
static inline bool mmu_watch_is_same(const struct mmu_watch *watch, const struct mmu *mmu) {
    const struct mmu_entry *old = &watch->path[watch->leaf_level];
    struct mmu_entry now = mmu_walk(mmu, watch->address);
    return mmu_is_leaf(mmu, &now) &&
           mmu_output(mmu, &now, watch->address) == mmu_output(mmu, old, watch->address) &&
           mmu->format->flags_of(now.entry, now.level) ==
               mmu->format->flags_of(old->entry, old->level);
}

/** A plan is being carried out. */
AXADDR_UNUSED static void mmu_watch_flush(struct mmu_watch *watch, const struct mmu *mmu,
                                          const struct axaddr_flush *plan) {
    uint64_t high = watch->address - mmu_cut(mmu->format, watch->address);
    unsigned level;

    if (watch->was_mapped && mmu_plan_meets(plan, watch->address, watch->address) &&
        !mmu_watch_is_same(watch, mmu)) {
        watch->was_flushed = true;
    }
    for (level = watch->leaf_level; level < mmu->format->level_count; level++) {
        const struct mmu_entry *at = &watch->path[level];
        uint64_t offset = (uint64_t)at->index << mmu->format->entry_shift;
        if (host_peek(mmu->host, at->table + offset) == 0) {
            continue;
        }
        if (mmu->format->kind_of(mmu_read(mmu, at->table, at->index), level) ==
                AXADDR_ENTRY_ABSENT &&
            (plan->is_full || mmu_plan_meets(plan, high + at->first, high + at->last))) {
            watch->was_absent[level] = true;
        }
    }
}

/**
 * The operation is over: "" if it changed this address as hardware needs it, or what is wrong.
 * Every change of a mapped address must have been flushed after it was made, and a live entry that
 * the format says needs a break must have been absent at a flush.
 */
AXADDR_UNUSED static const char *mmu_watch_verdict(const struct mmu_watch *watch,
                                                   const struct mmu *mmu) {
    uint64_t table = mmu->root;
    unsigned level = mmu->format->level_count - 1u;

    if (watch->was_mapped && !watch->was_flushed && !mmu_watch_is_same(watch, mmu)) {
        return "a mapped page changed without a flush after the change";
    }
    for (;; level--) {
        const struct mmu_entry *old = &watch->path[level];
        struct mmu_entry now =
            mmu_entry_at(mmu, table, level, mmu_cut(mmu->format, watch->address));
        bool was_live = mmu->format->kind_of(old->entry, level) != AXADDR_ENTRY_ABSENT;
        bool is_live = mmu->format->kind_of(now.entry, level) != AXADDR_ENTRY_ABSENT;

        if (old->table != table) {
            return "";
        }
        if (was_live && is_live && old->entry != now.entry && mmu->format->needs_break != 0 &&
            mmu->format->needs_break(old->entry, now.entry, level) && !watch->was_absent[level]) {
            return "a live entry was replaced without a break";
        }
        if (level == watch->leaf_level ||
            mmu->format->kind_of(now.entry, level) != AXADDR_ENTRY_TABLE) {
            return "";
        }
        table = mmu->format->table_of(now.entry);
    }
}

#endif /* AXADDR_TESTS_MMU_H */
