/* SPDX-License-Identifier: MIT
 *
 * addr.h: typed addresses. One macro makes a kind of address: a struct of its own around 64 bits,
 * so that a guest address where a host one is wanted does not compile, and everything that is done
 * with addresses in a hypervisor: arithmetic that cannot wrap unnoticed, alignment, comparison,
 * ranges, page iteration, printing. The library's own kinds are defined at the end of this file:
 *
 *     axaddr_gva, axaddr_gpa    guest-virtual, guest-physical
 *     axaddr_hva, axaddr_hpa    host-virtual, host-physical
 *
 * A complete example, with a kind of its own:
 *
 *     #include "axaddr.h"
 *
 *     AXADDR_DEFINE_ADDR(ipa);
 *
 *     static enum axaddr_status scrub(ipa_t start, uint64_t size) {
 *         ipa_range_t range;
 *         ipa_pages_t pages;
 *         ipa_t page;
 *         char line[32];
 *
 *         enum axaddr_status status = ipa_range(start, size, &range);
 *         if (status != AXADDR_OK) {
 *             return status;                            // empty, or beyond the last byte
 *         }
 *         status = ipa_pages(range, AXADDR_SIZE_4K, &pages);
 *         if (status != AXADDR_OK) {
 *             return status;
 *         }
 *         while (ipa_pages_next(&pages, &page)) {
 *             ipa_print(page, line, sizeof line);       // "ipa:0x40000000"
 *             scrub_page(line, page.raw);
 *         }
 *         return AXADDR_OK;
 *     }
 *
 * AXADDR_DEFINE_ADDR(ipa) prints "ipa:0x0"; AXADDR_DEFINE_ADDR_LABELLED(ipa, "IPA"), "IPA:0x0".
 * Both stand at file scope and end in a semicolon. Kinds are converted by what converts them (a
 * translation), or by hand: ipa(gpa.raw).
 *
 * What the macro generates, for the name `ipa`. Everything is defined for all 64-bit values on
 * every target. Functions with a status give their result through the last parameter, which keeps
 * its value unless the status is AXADDR_OK; their only failure is AXADDR_INVALID, for the reason
 * given after "fails". The functions keep no state: each may be called concurrently.
 *
 * Address: `a`, `b`, `from`, `to` and `address` are ipa_t, `delta` is a uint64_t in bytes.
 *
 *     ipa_t                                       struct { uint64_t raw; }
 *     ipa_t ipa(uint64_t raw)                     the address with that number
 *     status ipa_add(a, delta, ipa_t *)           a + delta; fails above the last byte
 *     status ipa_sub(a, delta, ipa_t *)           a - delta; fails below zero
 *     status ipa_distance(from, to, uint64_t *)   bytes from `from` up to `to`; fails if to < from
 *     ipa_t ipa_wrapping_add(a, delta)            a + delta modulo 2^64
 *     ipa_t ipa_wrapping_sub(a, delta)            a - delta modulo 2^64
 *     bool ipa_equal(a, b)                        a == b
 *     bool ipa_less(a, b)                         a < b, unsigned
 *     int ipa_compare(a, b)                       -1, 0 or 1: a before, at or after b
 *
 * Alignment, to a power of two in bytes (uint64_t, 1 to 2^63). Nothing is aligned to anything else
 * (0 or 12, say): the functions without a status then leave the address alone and answer "not
 * aligned", so that a check that follows still fails.
 *
 *     ipa_t ipa_align_down(a, alignment)          the aligned address at or below a; else a
 *     status ipa_align_up(a, alignment, ipa_t *)  the aligned address at or above a; fails if that
 *                                                 is 2^64, or `alignment` is no power of two
 *     bool ipa_is_aligned(a, alignment)           whether a is a multiple of it; else false
 *     uint64_t ipa_align_offset(a, alignment)     bytes from the aligned address below; else 0
 *
 *     ipa_align_down_4k(a), ipa_align_up_4k(a, &up), ipa_is_aligned_4k(a), ipa_align_offset_4k(a),
 *     and the same with _2m and _1g: these four for the usual page sizes
 *
 * Range: [first, last], both ends included, so the last byte of the address space can be in one.
 * The constructors give no range without a byte; one that was written by hand with last < first
 * contains nothing, overlaps nothing, touches nothing and fails where there is a status. `range`,
 * `outer`, `inner`, and here `a` and `b`, are ipa_range_t.
 *
 *     ipa_range_t                                 struct { ipa_t first, last; }
 *     status ipa_range(start, uint64_t size, ipa_range_t *)
 *                                                 `size` bytes from the address `start` on; fails
 *                                                 if empty or beyond the last byte
 *     status ipa_range_between(first, last, ipa_range_t *)
 *                                                 from address to address; fails if last < first
 *     status ipa_range_size(range, uint64_t *)    its bytes; fails for the whole space (2^64)
 *     bool ipa_range_equal(a, b)                  whether they have the same ends
 *     bool ipa_range_contains(range, address)     whether the address is in it
 *     bool ipa_range_contains_range(outer, inner) whether all of inner is in outer
 *     bool ipa_range_overlaps(a, b)               whether they share a byte
 *     status ipa_range_intersect(a, b, ipa_range_t *)
 *                                                 the bytes that they share; fails if none
 *     bool ipa_range_is_adjacent(a, b)            whether one begins where the other ends (the two
 *                                                 ends of the space are not neighbours)
 *
 * Pages: every page of `page_size` bytes (a power of two) of which the range has at least one byte,
 * in ascending order. So an end that is not page aligned rounds outward: [0x1fff, 0x2000] touches
 * two 4 KiB pages, 0x1000 and 0x2000. Works up to the last page of the space, and always ends.
 *
 *     ipa_pages_t                                 the iterator; its members are private
 *     status ipa_pages(range, uint64_t page_size, ipa_pages_t *)
 *                                                 start; fails if page_size is no power of two
 *     bool ipa_pages_next(ipa_pages_t *, ipa_t *) the next page's first byte; false, and nothing
 *                                                 written, when there are no more
 *
 * Printing, without libc; text.h says how text is cut off. The print functions return the length
 * needed, without the NUL, which may be more than fitted: size 0 (and a null buffer) to measure.
 *
 *     size_t ipa_print(a, char *buffer, size_t size)            "ipa:0x40000000"
 *     size_t ipa_range_print(range, char *buffer, size_t size)  "ipa:[0x1000, 0x1fff]"
 *     void ipa_append(a, struct axaddr_text *)                  the same, at the end of a text
 *     void ipa_range_append(range, struct axaddr_text *)
 */
#ifndef AXADDR_CORE_ADDR_H
#define AXADDR_CORE_ADDR_H

#include "text.h"

/** The usual page sizes, in bytes. */
#define AXADDR_SIZE_4K (UINT64_C(1) << 12)
#define AXADDR_SIZE_2M (UINT64_C(1) << 21)
#define AXADDR_SIZE_1G (UINT64_C(1) << 30)

/** A kind of address called `name`, printed with its name. See the top of this file. */
#define AXADDR_DEFINE_ADDR(name) AXADDR_DEFINE_ADDR_LABELLED(name, #name)

/** A kind of address called `name`, printed with `label` (a string literal). */
#define AXADDR_DEFINE_ADDR_LABELLED(name, label)                                                   \
    AXADDR_BEGIN_GENERATED_                                                                        \
    AXADDR_ADDR_TYPE_(name)                                                                        \
    AXADDR_ADDR_ALIGNMENT_(name)                                                                   \
    AXADDR_ADDR_SIZED_(name, 4k, AXADDR_SIZE_4K)                                                   \
    AXADDR_ADDR_SIZED_(name, 2m, AXADDR_SIZE_2M)                                                   \
    AXADDR_ADDR_SIZED_(name, 1g, AXADDR_SIZE_1G)                                                   \
    AXADDR_ADDR_RANGE_(name)                                                                       \
    AXADDR_ADDR_PAGES_(name)                                                                       \
    AXADDR_ADDR_PRINT_(name, label)                                                                \
    AXADDR_END_GENERATED_                                                                          \
    AXADDR_STATIC_ASSERT(sizeof(name##_t) == 8, "an address is 64 bits on every target")

/* ---- the algorithms, on raw numbers ----
 *
 * Each is what the generated function of the same name does; what it fails for, and what it means,
 * is said there. Ranges come as (first, last).
 */

AXADDR_MUST_CHECK AXADDR_ALWAYS_INLINE enum axaddr_status axaddr_raw_add(uint64_t a, uint64_t delta,
                                                                         uint64_t *result) {
    if (delta > UINT64_MAX - a) {
        return AXADDR_INVALID;
    }
    *result = a + delta;
    return AXADDR_OK;
}

AXADDR_MUST_CHECK AXADDR_ALWAYS_INLINE enum axaddr_status axaddr_raw_sub(uint64_t a, uint64_t delta,
                                                                         uint64_t *result) {
    if (delta > a) {
        return AXADDR_INVALID;
    }
    *result = a - delta;
    return AXADDR_OK;
}

AXADDR_ALWAYS_INLINE int axaddr_raw_compare(uint64_t a, uint64_t b) {
    return (a > b) - (a < b);
}

AXADDR_ALWAYS_INLINE uint64_t axaddr_raw_align_offset(uint64_t a, uint64_t alignment) {
    return axaddr_is_power_of_two(alignment) ? a & (alignment - 1) : 0;
}

AXADDR_ALWAYS_INLINE uint64_t axaddr_raw_align_down(uint64_t a, uint64_t alignment) {
    return a - axaddr_raw_align_offset(a, alignment);
}

AXADDR_ALWAYS_INLINE bool axaddr_raw_is_aligned(uint64_t a, uint64_t alignment) {
    return axaddr_is_power_of_two(alignment) && (a & (alignment - 1)) == 0;
}

AXADDR_MUST_CHECK AXADDR_ALWAYS_INLINE enum axaddr_status
axaddr_raw_align_up(uint64_t a, uint64_t alignment, uint64_t *result) {
    uint64_t mask = alignment - 1;

    if (!axaddr_is_power_of_two(alignment) || mask > UINT64_MAX - a) {
        return AXADDR_INVALID;
    }
    *result = (a + mask) & ~mask;
    return AXADDR_OK;
}

AXADDR_MUST_CHECK AXADDR_ALWAYS_INLINE enum axaddr_status
axaddr_raw_range_between(uint64_t first, uint64_t last, uint64_t *range_first,
                         uint64_t *range_last) {
    if (last < first) {
        return AXADDR_INVALID;
    }
    *range_first = first;
    *range_last = last;
    return AXADDR_OK;
}

AXADDR_MUST_CHECK AXADDR_ALWAYS_INLINE enum axaddr_status
axaddr_raw_range(uint64_t start, uint64_t size, uint64_t *first, uint64_t *last) {
    /* In terms of the last byte, not of the end: the end of the highest range is 2^64. */
    if (size == 0 || size - 1 > UINT64_MAX - start) {
        return AXADDR_INVALID;
    }
    *first = start;
    *last = start + (size - 1);
    return AXADDR_OK;
}

AXADDR_MUST_CHECK AXADDR_ALWAYS_INLINE enum axaddr_status
axaddr_raw_range_size(uint64_t first, uint64_t last, uint64_t *size) {
    if (last < first || last - first == UINT64_MAX) {
        return AXADDR_INVALID;
    }
    *size = last - first + 1;
    return AXADDR_OK;
}

AXADDR_ALWAYS_INLINE bool axaddr_raw_range_contains_range(uint64_t outer_first, uint64_t outer_last,
                                                          uint64_t first, uint64_t last) {
    return first <= last && outer_first <= first && last <= outer_last;
}

AXADDR_MUST_CHECK AXADDR_ALWAYS_INLINE enum axaddr_status
axaddr_raw_range_intersect(uint64_t a_first, uint64_t a_last, uint64_t b_first, uint64_t b_last,
                           uint64_t *first, uint64_t *last) {
    return axaddr_raw_range_between(a_first > b_first ? a_first : b_first,
                                    a_last < b_last ? a_last : b_last, first, last);
}

AXADDR_ALWAYS_INLINE bool axaddr_raw_range_overlaps(uint64_t a_first, uint64_t a_last,
                                                    uint64_t b_first, uint64_t b_last) {
    uint64_t first, last;

    return axaddr_raw_range_intersect(a_first, a_last, b_first, b_last, &first, &last) == AXADDR_OK;
}

AXADDR_ALWAYS_INLINE bool axaddr_raw_range_is_adjacent(uint64_t a_first, uint64_t a_last,
                                                       uint64_t b_first, uint64_t b_last) {
    if (a_last < a_first || b_last < b_first) {
        return false;
    }
    /* The comparison first: at the top of the space, last + 1 is 0, which is no neighbour. */
    return (a_last < b_first && b_first - a_last == 1) ||
           (b_last < a_first && a_first - b_last == 1);
}

/** What a page iterator of any kind of address holds. */
struct axaddr_raw_page_cursor {
    uint64_t next; /**< first byte of the page to give next */
    uint64_t last; /**< first byte of the last page */
    uint64_t size; /**< bytes of a page */
    bool is_done;  /**< the last page was given */
};

AXADDR_MUST_CHECK AXADDR_ALWAYS_INLINE enum axaddr_status
axaddr_raw_pages(uint64_t first, uint64_t last, uint64_t size,
                 struct axaddr_raw_page_cursor *pages) {
    if (last < first || !axaddr_is_power_of_two(size)) {
        return AXADDR_INVALID;
    }
    pages->next = axaddr_raw_align_down(first, size);
    pages->last = axaddr_raw_align_down(last, size);
    pages->size = size;
    pages->is_done = false;
    return AXADDR_OK;
}

AXADDR_ALWAYS_INLINE bool axaddr_raw_pages_next(struct axaddr_raw_page_cursor *pages,
                                                uint64_t *page) {
    if (pages->is_done) {
        return false;
    }
    *page = pages->next;
    /* Ended by the page that was given, not by the one after it: that one may be at 2^64. */
    if (pages->next >= pages->last) {
        pages->is_done = true;
    } else {
        pages->next += pages->size;
    }
    return true;
}

static inline void axaddr_raw_append(uint64_t a, const char *label, struct axaddr_text *text) {
    axaddr_text_string(text, label);
    axaddr_text_character(text, ':');
    axaddr_text_hex(text, a);
}

static inline void axaddr_raw_range_append(uint64_t first, uint64_t last, const char *label,
                                           struct axaddr_text *text) {
    axaddr_text_string(text, label);
    axaddr_text_string(text, ":[");
    axaddr_text_hex(text, first);
    axaddr_text_string(text, ", ");
    axaddr_text_hex(text, last);
    axaddr_text_character(text, ']');
}

static inline size_t axaddr_raw_print(uint64_t a, const char *label, char *buffer, size_t size) {
    struct axaddr_text text;

    axaddr_text_init(&text, buffer, size);
    axaddr_raw_append(a, label, &text);
    return text.length;
}

static inline size_t axaddr_raw_range_print(uint64_t first, uint64_t last, const char *label,
                                            char *buffer, size_t size) {
    struct axaddr_text text;

    axaddr_text_init(&text, buffer, size);
    axaddr_raw_range_append(first, last, label, &text);
    return text.length;
}

/* ---- what AXADDR_DEFINE_ADDR generates: types, and wrappers of one line each ---- */

#define AXADDR_ADDR_PLAIN_   AXADDR_UNUSED AXADDR_ALWAYS_INLINE
#define AXADDR_ADDR_CHECKED_ AXADDR_UNUSED AXADDR_MUST_CHECK AXADDR_ALWAYS_INLINE enum axaddr_status

#define AXADDR_ADDR_TYPE_(name)                                                                    \
    typedef struct name##_s {                                                                      \
        uint64_t raw;                                                                              \
    } name##_t;                                                                                    \
    AXADDR_ADDR_PLAIN_ name##_t name(uint64_t raw) {                                               \
        name##_t address;                                                                          \
        address.raw = raw;                                                                         \
        return address;                                                                            \
    }                                                                                              \
    AXADDR_ADDR_CHECKED_ name##_add(name##_t a, uint64_t delta, name##_t *result) {                \
        return axaddr_raw_add(a.raw, delta, &result->raw);                                         \
    }                                                                                              \
    AXADDR_ADDR_CHECKED_ name##_sub(name##_t a, uint64_t delta, name##_t *result) {                \
        return axaddr_raw_sub(a.raw, delta, &result->raw);                                         \
    }                                                                                              \
    AXADDR_ADDR_CHECKED_ name##_distance(name##_t from, name##_t to, uint64_t *result) {           \
        return axaddr_raw_sub(to.raw, from.raw, result);                                           \
    }                                                                                              \
    AXADDR_ADDR_PLAIN_ name##_t name##_wrapping_add(name##_t a, uint64_t delta) {                  \
        return name(a.raw + delta);                                                                \
    }                                                                                              \
    AXADDR_ADDR_PLAIN_ name##_t name##_wrapping_sub(name##_t a, uint64_t delta) {                  \
        return name(a.raw - delta);                                                                \
    }                                                                                              \
    AXADDR_ADDR_PLAIN_ bool name##_equal(name##_t a, name##_t b) {                                 \
        return a.raw == b.raw;                                                                     \
    }                                                                                              \
    AXADDR_ADDR_PLAIN_ bool name##_less(name##_t a, name##_t b) {                                  \
        return a.raw < b.raw;                                                                      \
    }                                                                                              \
    AXADDR_ADDR_PLAIN_ int name##_compare(name##_t a, name##_t b) {                                \
        return axaddr_raw_compare(a.raw, b.raw);                                                   \
    }

#define AXADDR_ADDR_ALIGNMENT_(name)                                                               \
    AXADDR_ADDR_PLAIN_ name##_t name##_align_down(name##_t a, uint64_t alignment) {                \
        return name(axaddr_raw_align_down(a.raw, alignment));                                      \
    }                                                                                              \
    AXADDR_ADDR_CHECKED_ name##_align_up(name##_t a, uint64_t alignment, name##_t *result) {       \
        return axaddr_raw_align_up(a.raw, alignment, &result->raw);                                \
    }                                                                                              \
    AXADDR_ADDR_PLAIN_ bool name##_is_aligned(name##_t a, uint64_t alignment) {                    \
        return axaddr_raw_is_aligned(a.raw, alignment);                                            \
    }                                                                                              \
    AXADDR_ADDR_PLAIN_ uint64_t name##_align_offset(name##_t a, uint64_t alignment) {              \
        return axaddr_raw_align_offset(a.raw, alignment);                                          \
    }

/* The four functions for one page size; `suffix` is its name, `size` its bytes. */
#define AXADDR_ADDR_SIZED_(name, suffix, size)                                                     \
    AXADDR_ADDR_PLAIN_ name##_t name##_align_down_##suffix(name##_t a) {                           \
        return name##_align_down(a, size);                                                         \
    }                                                                                              \
    AXADDR_ADDR_CHECKED_ name##_align_up_##suffix(name##_t a, name##_t *result) {                  \
        return name##_align_up(a, size, result);                                                   \
    }                                                                                              \
    AXADDR_ADDR_PLAIN_ bool name##_is_aligned_##suffix(name##_t a) {                               \
        return name##_is_aligned(a, size);                                                         \
    }                                                                                              \
    AXADDR_ADDR_PLAIN_ uint64_t name##_align_offset_##suffix(name##_t a) {                         \
        return name##_align_offset(a, size);                                                       \
    }

#define AXADDR_ADDR_RANGE_(name)                                                                   \
    typedef struct name##_range_s {                                                                \
        name##_t first;                                                                            \
        name##_t last;                                                                             \
    } name##_range_t;                                                                              \
    AXADDR_ADDR_CHECKED_ name##_range(name##_t start, uint64_t size, name##_range_t *result) {     \
        return axaddr_raw_range(start.raw, size, &result->first.raw, &result->last.raw);           \
    }                                                                                              \
    AXADDR_ADDR_CHECKED_ name##_range_between(name##_t first, name##_t last,                       \
                                              name##_range_t *result) {                            \
        return axaddr_raw_range_between(first.raw, last.raw, &result->first.raw,                   \
                                        &result->last.raw);                                        \
    }                                                                                              \
    AXADDR_ADDR_CHECKED_ name##_range_size(name##_range_t range, uint64_t *result) {               \
        return axaddr_raw_range_size(range.first.raw, range.last.raw, result);                     \
    }                                                                                              \
    AXADDR_ADDR_PLAIN_ bool name##_range_equal(name##_range_t a, name##_range_t b) {               \
        return a.first.raw == b.first.raw && a.last.raw == b.last.raw;                             \
    }                                                                                              \
    AXADDR_ADDR_PLAIN_ bool name##_range_contains(name##_range_t range, name##_t address) {        \
        return range.first.raw <= address.raw && address.raw <= range.last.raw;                    \
    }                                                                                              \
    AXADDR_ADDR_PLAIN_ bool name##_range_contains_range(name##_range_t outer,                      \
                                                        name##_range_t inner) {                    \
        return axaddr_raw_range_contains_range(outer.first.raw, outer.last.raw, inner.first.raw,   \
                                               inner.last.raw);                                    \
    }                                                                                              \
    AXADDR_ADDR_PLAIN_ bool name##_range_overlaps(name##_range_t a, name##_range_t b) {            \
        return axaddr_raw_range_overlaps(a.first.raw, a.last.raw, b.first.raw, b.last.raw);        \
    }                                                                                              \
    AXADDR_ADDR_CHECKED_ name##_range_intersect(name##_range_t a, name##_range_t b,                \
                                                name##_range_t *result) {                          \
        return axaddr_raw_range_intersect(a.first.raw, a.last.raw, b.first.raw, b.last.raw,        \
                                          &result->first.raw, &result->last.raw);                  \
    }                                                                                              \
    AXADDR_ADDR_PLAIN_ bool name##_range_is_adjacent(name##_range_t a, name##_range_t b) {         \
        return axaddr_raw_range_is_adjacent(a.first.raw, a.last.raw, b.first.raw, b.last.raw);     \
    }

#define AXADDR_ADDR_PAGES_(name)                                                                   \
    typedef struct name##_pages_s {                                                                \
        struct axaddr_raw_page_cursor raw;                                                         \
    } name##_pages_t;                                                                              \
    AXADDR_ADDR_CHECKED_ name##_pages(name##_range_t range, uint64_t page_size,                    \
                                      name##_pages_t *result) {                                    \
        return axaddr_raw_pages(range.first.raw, range.last.raw, page_size, &result->raw);         \
    }                                                                                              \
    AXADDR_ADDR_PLAIN_ bool name##_pages_next(name##_pages_t *pages, name##_t *page) {             \
        return axaddr_raw_pages_next(&pages->raw, &page->raw);                                     \
    }

#define AXADDR_ADDR_PRINT_(name, label)                                                            \
    AXADDR_ADDR_PLAIN_ size_t name##_print(name##_t a, char *buffer, size_t size) {                \
        return axaddr_raw_print(a.raw, label, buffer, size);                                       \
    }                                                                                              \
    AXADDR_ADDR_PLAIN_ size_t name##_range_print(name##_range_t range, char *buffer,               \
                                                 size_t size) {                                    \
        return axaddr_raw_range_print(range.first.raw, range.last.raw, label, buffer, size);       \
    }                                                                                              \
    AXADDR_ADDR_PLAIN_ void name##_append(name##_t a, struct axaddr_text *text) {                  \
        axaddr_raw_append(a.raw, label, text);                                                     \
    }                                                                                              \
    AXADDR_ADDR_PLAIN_ void name##_range_append(name##_range_t range, struct axaddr_text *text) {  \
        axaddr_raw_range_append(range.first.raw, range.last.raw, label, text);                     \
    }

/* ---- the library's kinds ---- */

/** Guest-virtual: what the guest's own page tables translate. */
AXADDR_DEFINE_ADDR_LABELLED(axaddr_gva, "GVA");
/** Guest-physical (an IPA in Arm's words): what stage 2 translates. */
AXADDR_DEFINE_ADDR_LABELLED(axaddr_gpa, "GPA");
/** Host-virtual: where the hypervisor's own page tables put something. */
AXADDR_DEFINE_ADDR_LABELLED(axaddr_hva, "HVA");
/** Host-physical: what is on the bus. Frames are named by it. */
AXADDR_DEFINE_ADDR_LABELLED(axaddr_hpa, "HPA");

#endif /* AXADDR_CORE_ADDR_H */
