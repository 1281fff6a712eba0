/* SPDX-License-Identifier: MIT
 *
 * entry.h: how the engine touches memory that hardware walks: two accessors for entries, a fill,
 * and the zeroing of frames. Nothing else in the engine reads or writes a table.
 */
#ifndef AXADDR_CORE_ENTRY_H
#define AXADDR_CORE_ENTRY_H

#include "format.h"

/* Frames are whatever the HAL points at: they may hold objects of any type. */
typedef uint64_t axaddr_word64_t __attribute__((may_alias));
typedef uint32_t axaddr_word32_t __attribute__((may_alias));
typedef size_t axaddr_size_word_t __attribute__((may_alias));

/** Where the entry for `address` is in a table of `level`. */
AXADDR_ALWAYS_INLINE void *axaddr_slot(const struct axaddr_format *format, void *table,
                                       unsigned level, uint64_t address) {
    uint64_t index = address >> format->shift[level] & axaddr_low_bits(format->index_bits[level]);
    return (unsigned char *)table + ((size_t)index << format->entry_shift);
}

/** The same for a level that is not a constant: one copy, as it uses the format's data only. */
static inline void *axaddr_slot_at(const struct axaddr_format *format, void *table, unsigned level,
                                   uint64_t address) {
    return axaddr_slot(format, table, level, address);
}

/** The entry after the one at `slot`, or `count` further on. */
AXADDR_ALWAYS_INLINE void *axaddr_slot_after(const struct axaddr_format *format, void *slot,
                                             uint64_t count) {
    return (unsigned char *)slot + ((size_t)count << format->entry_shift);
}

/**
 * Read an entry once. The empty asm makes the value opaque: what was checked is what is used, as
 * the compiler cannot read memory a second time in between.
 */
AXADDR_ALWAYS_INLINE uint64_t axaddr_entry_read(const struct axaddr_format *format,
                                                const void *slot) {
    if (format->entry_shift == 2) {
        uint32_t half = *(const axaddr_word32_t *)slot;
        __asm__("" : "+r"(half));
        return half;
    }
#if UINTPTR_MAX > UINT32_MAX
    uint64_t entry = *(const axaddr_word64_t *)slot;
    __asm__("" : "+r"(entry));
    return entry;
#else
    /* Two halves: the low one decides what the entry is, and hardware only ever sets bits in it. */
    const volatile axaddr_word32_t *halves = (const volatile axaddr_word32_t *)slot;
    uint32_t low = halves[0];
    return (uint64_t)halves[1] << 32 | low;
#endif
}

/**
 * Write an entry, in one piece as far as a walker can tell. Everything written before is visible
 * before it. Where a processor cannot store 64 bits at once, the low half, which holds the valid
 * bits in every format with 64-bit entries, is cleared first and written last.
 */
AXADDR_ALWAYS_INLINE void axaddr_entry_write(const struct axaddr_format *format, void *slot,
                                             uint64_t entry) {
    if (format->entry_shift == 2) {
        __atomic_store_n((axaddr_word32_t *)slot, (uint32_t)entry, __ATOMIC_RELEASE);
        return;
    }
#if UINTPTR_MAX > UINT32_MAX
    __atomic_store_n((axaddr_word64_t *)slot, entry, __ATOMIC_RELEASE);
#else
    volatile axaddr_word32_t *halves = (volatile axaddr_word32_t *)slot;
    halves[0] = 0;
    __atomic_thread_fence(__ATOMIC_RELEASE);
    halves[1] = (uint32_t)(entry >> 32);
    __atomic_thread_fence(__ATOMIC_RELEASE);
    halves[0] = (uint32_t)entry;
#endif
}

/**
 * Write an entry that no walker can reach yet, or that follows others which are published together:
 * no order towards other stores.
 */
AXADDR_ALWAYS_INLINE void axaddr_entry_write_relaxed(const struct axaddr_format *format, void *slot,
                                                     uint64_t entry) {
    if (format->entry_shift == 2) {
        __atomic_store_n((axaddr_word32_t *)slot, (uint32_t)entry, __ATOMIC_RELAXED);
        return;
    }
#if UINTPTR_MAX > UINT32_MAX
    __atomic_store_n((axaddr_word64_t *)slot, entry, __ATOMIC_RELAXED);
#else
    axaddr_entry_write(format, slot, entry);
#endif
}

/** Where a table of `level` ends. */
static inline void *axaddr_table_end(const struct axaddr_format *format, void *table,
                                     unsigned level) {
    return axaddr_slot_after(format, table, UINT64_C(1) << format->index_bits[level]);
}

/** Fill the entries from `slot` up to, not including, `end`; relaxed. One copy, as above. */
static inline void axaddr_entry_fill(const struct axaddr_format *format, void *slot, void *end,
                                     uint64_t entry) {
#if defined(__x86_64__)
    if (format->entry_shift == 3) {
        size_t count = (size_t)((unsigned char *)end - (unsigned char *)slot) >> 3;
        __asm__ volatile("rep stosq" : "+D"(slot), "+c"(count) : "a"(entry) : "memory");
        return;
    }
#endif
    for (; slot != end; slot = axaddr_slot_after(format, slot, 1)) {
        axaddr_entry_write_relaxed(format, slot, entry);
    }
}

/** Zero `size` bytes (a multiple of 64, aligned to 8) without asking a libc for memset. */
AXADDR_ALWAYS_INLINE void axaddr_zero(void *at, size_t size) {
#if defined(__x86_64__)
    size_t count = size / 8;
    __asm__ volatile("rep stosq" : "+D"(at), "+c"(count) : "a"(0) : "memory");
#else
    /* The barrier keeps compilers from finding a memset in here. */
    axaddr_size_word_t *word = (axaddr_size_word_t *)at;
    axaddr_size_word_t *end = (axaddr_size_word_t *)(void *)((unsigned char *)at + size);
    for (; word != end; word += 4) {
        word[0] = 0;
        word[1] = 0;
        word[2] = 0;
        word[3] = 0;
        __asm__ volatile("" : : "r"(word) : "memory");
    }
#endif
}

#endif /* AXADDR_CORE_ENTRY_H */
