/* SPDX-License-Identifier: MIT
 *
 * entry.h: how the engine touches memory that hardware walks: a read, a write and a compare-and-swap
 * of entries, a fill, and the zeroing of frames. Nothing else in the engine reads or writes a table.
 */
#ifndef AXADDR_CORE_ENTRY_H
#define AXADDR_CORE_ENTRY_H

#include "instance.h"

/* Whether ThreadSanitizer looks on, which does not see what assembly does. */
#if defined(__SANITIZE_THREAD__) /* gcc */
#define AXADDR_HAS_THREAD_SANITIZER
#elif defined(__has_feature) /* clang */
#if __has_feature(thread_sanitizer)
#define AXADDR_HAS_THREAD_SANITIZER
#endif
#endif

/**
 * Called before each access of the engine to an entry, with its place and whether it will be
 * written. Nothing, unless a test that wants to see every state of a table defines it before it
 * includes a header of the library.
 */
#ifndef AXADDR_ON_ENTRY_ACCESS
#define AXADDR_ON_ENTRY_ACCESS(slot, is_write) ((void)0)
#if defined(__x86_64__) && !defined(AXADDR_HAS_THREAD_SANITIZER)
#define AXADDR_HAS_X86_64_ASM /* otherwise entry by entry, so that nothing escapes the test */
#endif
#endif

/* Whether 64 bits can be compared and swapped; what needs it and lacks it does not compile. */
#if defined(__GCC_HAVE_SYNC_COMPARE_AND_SWAP_8) || UINTPTR_MAX > UINT32_MAX
#define AXADDR_HAS_ATOMIC64
#endif

/* Frames are whatever the HAL points at: they may hold objects of any type. */
typedef uint64_t axaddr_word64_t __attribute__((may_alias, aligned(8)));
typedef uint32_t axaddr_word32_t __attribute__((may_alias));
typedef size_t axaddr_size_word_t __attribute__((may_alias));

/** Where the entry for `address` is in a table at `at` whose indices have `bits`. */
AXADDR_ALWAYS_INLINE void *axaddr_slot_of(const struct axaddr_format *format, void *at,
                                          unsigned level, unsigned bits, uint64_t address) {
    uint64_t index = address >> format->shift[level] & axaddr_low_bits(bits);
    return (unsigned char *)at + ((size_t)index << format->entry_shift);
}

/** For a level that is not a constant: one copy, as it uses the format's data only. */
static inline void *axaddr_slot_in(const struct axaddr_format *format, void *at, unsigned level,
                                   uint64_t address) {
    return axaddr_slot_of(format, at, level, format->index_bits[level], address);
}

/** Where the entry for `address` is in a table of `level`, which lies at `at`. */
AXADDR_ALWAYS_INLINE void *axaddr_slot(const struct axaddr_instance *self,
                                       const struct axaddr_table *table, void *at, unsigned level,
                                       uint64_t address) {
    return axaddr_slot_of(self->format, at, level, axaddr_index_bits(self, table, level), address);
}

/** The same for a level that is not a constant. */
AXADDR_ALWAYS_INLINE void *axaddr_slot_at(const struct axaddr_instance *self,
                                          const struct axaddr_table *table, void *at,
                                          unsigned level, uint64_t address) {
    return self->format->is_sized ? axaddr_slot(self, table, at, level, address)
                                  : axaddr_slot_in(self->format, at, level, address);
}

/** The entry after the one at `slot`, or `count` further on. */
AXADDR_ALWAYS_INLINE void *axaddr_slot_after(const struct axaddr_format *format, void *slot,
                                             uint64_t count) {
    return (unsigned char *)slot + ((size_t)count << format->entry_shift);
}

/** Whether CPUs may be in this instance at once: then entries are read and changed atomically. */
AXADDR_ALWAYS_INLINE bool axaddr_is_concurrent(const struct axaddr_instance *self) {
    return self->hal->lock != 0;
}

/* ---- for walkers that do not snoop ---- */

/** Have the bytes from `at` up to `end`, if there are any, in memory, where walkers need that. */
AXADDR_ALWAYS_INLINE void axaddr_clean(const struct axaddr_instance *self,
                                       const struct axaddr_table *table, void *at, void *end) {
    if (self->hal->clean_dcache != 0 && at != end) {
        self->hal->clean_dcache(table->ctx, at,
                                (size_t)((unsigned char *)end - (unsigned char *)at));
    }
}

/** The same for one entry. */
AXADDR_ALWAYS_INLINE void axaddr_clean_entry(const struct axaddr_instance *self,
                                             const struct axaddr_table *table, void *slot) {
    axaddr_clean(self, table, slot, axaddr_slot_after(self->format, slot, 1));
}

/* ---- reading and writing ---- */

/**
 * Read an entry once; what was written before it was linked is visible after it. With one CPU the
 * empty asm makes the value opaque: what was checked is what is used, as the compiler cannot read
 * memory a second time in between.
 */
AXADDR_ALWAYS_INLINE uint64_t axaddr_entry_read(const struct axaddr_instance *self,
                                                const void *slot) {
    AXADDR_ON_ENTRY_ACCESS(slot, false);
    if (self->format->entry_shift == 2) {
        uint32_t half;

        if (axaddr_is_concurrent(self)) {
            return __atomic_load_n((const axaddr_word32_t *)slot, __ATOMIC_ACQUIRE);
        }
        half = *(const axaddr_word32_t *)slot;
        __asm__("" : "+r"(half));
        return half;
    }
#ifdef AXADDR_HAS_ATOMIC64
    if (axaddr_is_concurrent(self)) {
        return __atomic_load_n((const axaddr_word64_t *)slot, __ATOMIC_ACQUIRE);
    }
#endif
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

/** A store in one piece. `order` is a constant: __ATOMIC_RELEASE or __ATOMIC_RELAXED. */
AXADDR_ALWAYS_INLINE void axaddr_entry_store(const struct axaddr_instance *self, void *slot,
                                             uint64_t entry, int order) {
    AXADDR_ON_ENTRY_ACCESS(slot, true);
    if (self->format->entry_shift == 2) {
        __atomic_store_n((axaddr_word32_t *)slot, (uint32_t)entry, order);
        return;
    }
#if defined(AXADDR_HAS_ATOMIC64) && UINTPTR_MAX <= UINT32_MAX
    if (axaddr_is_concurrent(self)) {
        __atomic_store_n((axaddr_word64_t *)slot, entry, order);
        return;
    }
#endif
#if UINTPTR_MAX > UINT32_MAX
    __atomic_store_n((axaddr_word64_t *)slot, entry, order);
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
 * Write an entry that nobody else writes meanwhile, in one piece as far as a walker can tell.
 * Everything written before is visible before it. Where a processor cannot store 64 bits at once,
 * the low half, which holds the valid bits in every format with 64-bit entries, is cleared first
 * and written last.
 */
AXADDR_ALWAYS_INLINE void axaddr_entry_write(const struct axaddr_instance *self,
                                             const struct axaddr_table *table, void *slot,
                                             uint64_t entry) {
    axaddr_entry_store(self, slot, entry, __ATOMIC_RELEASE);
    axaddr_clean_entry(self, table, slot);
}

/**
 * Write an entry that no walker can reach yet, or that follows others which are published together:
 * no order towards other stores, and it is the caller who cleans.
 */
AXADDR_ALWAYS_INLINE void axaddr_entry_write_relaxed(const struct axaddr_instance *self, void *slot,
                                                     uint64_t entry) {
    axaddr_entry_store(self, slot, entry, __ATOMIC_RELAXED);
}

/**
 * Write `to` if the entry is still `from`, as it was read; otherwise false, and nothing is written.
 * For entries that a fault on another CPU, or hardware, may change at any time. With one CPU it is
 * a store, and always true.
 */
AXADDR_ALWAYS_INLINE bool axaddr_entry_swap(const struct axaddr_instance *self,
                                            const struct axaddr_table *table, void *slot,
                                            uint64_t from, uint64_t to) {
    if (!axaddr_is_concurrent(self)) {
        axaddr_entry_write(self, table, slot, to);
        return true;
    }
    AXADDR_ON_ENTRY_ACCESS(slot, true);
#ifdef AXADDR_HAS_X86_64_ASM
    if (self->format->entry_shift == 3) {
        bool is_done;

        /* As the builtin, but the place may be any operand, not a register only. */
        __asm__ volatile("lock cmpxchgq %3, %1"
                         : "=@ccz"(is_done), "+m"(*(axaddr_word64_t *)slot), "+a"(from)
                         : "r"(to)
                         : "memory");
        if (is_done) {
            axaddr_clean_entry(self, table, slot);
        }
        return is_done;
    }
#endif
    if (self->format->entry_shift == 2) {
        uint32_t expected = (uint32_t)from;

        if (!__atomic_compare_exchange_n((axaddr_word32_t *)slot, &expected, (uint32_t)to, false,
                                         __ATOMIC_RELEASE, __ATOMIC_RELAXED)) {
            return false;
        }
    }
#ifdef AXADDR_HAS_ATOMIC64
    else if (!__atomic_compare_exchange_n((axaddr_word64_t *)slot, &from, to, false,
                                          __ATOMIC_RELEASE, __ATOMIC_RELAXED)) {
        return false;
    }
#endif
    axaddr_clean_entry(self, table, slot);
    return true;
}

/** Where a table of `level`, which lies at `at`, ends. */
AXADDR_ALWAYS_INLINE void *axaddr_table_end(const struct axaddr_instance *self,
                                            const struct axaddr_table *table, void *at,
                                            unsigned level) {
    return axaddr_slot_after(self->format, at,
                             UINT64_C(1) << axaddr_index_bits(self, table, level));
}

/**
 * Fill the entries from `slot` up to, not including, `end`, of a table that is not linked yet, or
 * with one absent entry in the place of another. No order towards other stores.
 */
AXADDR_ALWAYS_INLINE void axaddr_entry_fill(const struct axaddr_instance *self,
                                            const struct axaddr_table *table, void *slot, void *end,
                                            uint64_t entry) {
    void *begin = slot;

#ifdef AXADDR_HAS_X86_64_ASM
    if (self->format->entry_shift == 3 && !axaddr_is_concurrent(self)) {
        size_t count = (size_t)((unsigned char *)end - (unsigned char *)slot) >> 3;
        __asm__ volatile("rep stosq" : "+D"(slot), "+c"(count) : "a"(entry) : "memory");
        slot = end;
    }
#endif
    for (; slot != end; slot = axaddr_slot_after(self->format, slot, 1)) {
        axaddr_entry_write_relaxed(self, slot, entry);
    }
    axaddr_clean(self, table, begin, end);
}

/* ---- runs ---- */

/** An entry of `level` that was read at `slot`, without the hint that it is part of a run. */
AXADDR_ALWAYS_INLINE uint64_t axaddr_entry_plain(const struct axaddr_instance *self,
                                                 const void *slot, uint64_t entry, unsigned level) {
    if (self->format->run_bits == 0) {
        return entry;
    }
    return self->format->plain_leaf(entry, level, (uintptr_t)slot >> self->format->entry_shift);
}

/** Whether leaves of a level may form runs. */
AXADDR_ALWAYS_INLINE bool axaddr_has_runs(const struct axaddr_instance *self, unsigned level) {
    return self->format->run_bits != 0 && (self->format->run_levels >> level & 1) != 0;
}

/** What a run of leaves of `level` maps, minus one. */
AXADDR_ALWAYS_INLINE uint64_t axaddr_run_mask(const struct axaddr_instance *self, unsigned level) {
    return axaddr_low_bits(self->format->shift[level] + (unsigned)self->format->run_bits);
}

/* ---- frames ---- */

/** Zero `size` bytes (a multiple of 64, aligned to 8) without asking a libc for memset. */
AXADDR_ALWAYS_INLINE void axaddr_zero(void *at, size_t size) {
#if defined(__x86_64__)
    size_t count = size / 8;
    /* The zero is made here. A compiler would take any register that it knows to be 0, and zeroing
       would wait for what that one waits for: in a fault, for the entry. */
    __asm__ volatile("xorl %%eax, %%eax\n\trep stosq"
                     : "+D"(at), "+c"(count)
                     :
                     : "rax", "cc", "memory");
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

/** Zero a frame, or the 2^order frames of a block, before a guest gets to see it. */
AXADDR_ALWAYS_INLINE void axaddr_frame_zero(const struct axaddr_instance *self,
                                            const struct axaddr_table *table, uint64_t frame,
                                            unsigned order) {
    void *at = axaddr_frame_at(self, table, frame);
    size_t size = (size_t)axaddr_page_size(self) << order;

    axaddr_zero(at, size);
    axaddr_clean(self, table, at, (unsigned char *)at + size);
}

#endif /* AXADDR_CORE_ENTRY_H */
