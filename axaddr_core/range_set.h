/* SPDX-License-Identifier: MIT
 *
 * range_set.h: a set of ranges of addresses that do not overlap, each with a value: windows for
 * DMA, ports, what is free of an IPA space. From one range to millions: the first seven are inside
 * the set itself, the others in frames of the HAL. A complete example:
 *
 *     AXADDR_DEFINE_ADDR(iova);
 *     struct window { uint32_t device, flags; };
 *     AXADDR_DEFINE_RANGE_SET(windows, iova, struct window, 0, my_hal);
 *
 *     static enum axaddr_status open_window(struct windows *set, uint32_t device, iova_t *at) {
 *         struct windows_request place = {0};
 *         struct window window = {device, 0};
 *
 *         place.size = AXADDR_SIZE_2M;
 *         place.alignment = AXADDR_SIZE_2M;
 *         place.high = iova(UINT32_MAX);                   // the device has 32 address lines
 *         enum axaddr_status status = windows_find_free(set, &place, at);
 *         if (status != AXADDR_OK) {
 *             return status;
 *         }
 *         return windows_insert(set, *at, iova(at->raw + AXADDR_SIZE_2M - 1), &window);
 *     }
 *
 * AXADDR_DEFINE_RANGE_SET(name, address, value_type, continues, hal) stands at file scope and ends
 * in a semicolon. `address` is a kind of AXADDR_DEFINE_ADDR, and address_t here what it generates;
 * `value_type` has 1 to 80 bytes and an alignment of at most 8; `hal` is a static const struct
 * axaddr_hal, of which alloc_frame, free_frame and frame_at are used. `continues` is 0 or
 *
 *     bool continues(const value_type *value, const value_type *next, uint64_t distance)
 *
 * which says whether two ranges can be one with the first's value, where the second begins just
 * behind the first, `distance` above the first's first address. What is generated:
 *
 *     struct name                                  the set; members are private. Not to be copied
 *                                                  or moved: it points into itself
 *     struct name_entry                            { address_t first, last; value_type value; }
 *     struct name_cursor                           a place in the set, for name_next
 *     struct name_request                          what name_find_free is to find; see below
 *     status name_init(set, ctx, first, last)      an empty set for ranges within [first, last]
 *                                                  (address_t); INVALID if last < first
 *     void name_clear(set), void name_destroy(set) take all ranges out, give all frames back
 *     size_t name_count(const set)                 how many ranges there are
 *     status name_insert(set, first, last, const value_type *)
 *                                                  put a range in. INVALID if last < first or out
 *                                                  of bounds, EXISTS if it overlaps one, NO_MEMORY
 *     status name_remove(set, address, struct name_entry *)
 *                                                  take out the range that has `address` in it;
 *                                                  what it was, unless that is 0. NOT_MAPPED if
 *                                                  none has
 *     status name_find(const set, address, struct name_entry *)
 *                                                  the range that has `address` in it; NOT_MAPPED
 *     status name_find_next(const set, address, struct name_entry *)
 *                                                  that, or else the first after it; NOT_MAPPED
 *     value_type *name_value(set, address)         where the value of the range is that has
 *                                                  `address` in it, to be changed; null if none
 *                                                  has. Valid until ranges are put in or taken out
 *     status name_split(set, address)              cut the range that has `address` in it, so that
 *                                                  one begins there; both have its value. If one
 *                                                  does already, nothing. NOT_MAPPED, NO_MEMORY
 *     status name_merge(set, address)              join the range that has `address` in it with the
 *                                                  one before and the one after, where `continues`
 *                                                  says so. NOT_MAPPED; UNSUPPORTED if that is 0
 *     status name_build(set, const struct name_entry *, size_t count)
 *                                                  fill an empty set from an array in ascending
 *                                                  order. INVALID if a range is, or is not behind
 *                                                  the one before; EXISTS if the set is not empty;
 *                                                  NO_MEMORY
 *     struct name_cursor name_from(address)        before the first range that ends at or after it
 *     bool name_next(const set, struct name_cursor *, struct name_entry *)
 *                                                  the next range; false when there are no more. In
 *                                                  between, any range may be put in or taken out:
 *                                                  what comes is what is then behind the last one
 *     status name_find_free(const set, const struct name_request *, address_t *)
 *                                                  where `size` addresses are free together.
 *                                                  INVALID for a request that makes no sense,
 *                                                  NO_MEMORY if there is no such place
 *     status name_audit(const set)                 INVALID if the tree is not what it has to be (a
 *                                                  stray write, ranges changed without a lock)
 *
 * A request has: `size`, not 0; `alignment` of its first address, a power of two (0: any); `low`
 * and `high`, the limits of all its addresses (beyond the set's bounds, these count); is_top_down:
 * the highest place is wanted, not the lowest; has_hint and `hint`: if that is such a place, it is
 * taken.
 *
 * A status that is not AXADDR_OK means that nothing has changed, not even results: frames are taken
 * before. Nothing but insert, split and build takes any. One CPU at a time may be in a set; any
 * number may look, while none changes it.
 *
 * Each call is O(log n), with at most 6 levels for a million ranges; clear, build and audit visit
 * all. For find_free with an alignment it is that for each gap which is large enough but has no
 * aligned place: it goes on at the next aligned address, so there are never more of these than gaps
 * of that size within the limits, nor than aligned addresses.
 */
#ifndef AXADDR_CORE_RANGE_SET_H
#define AXADDR_CORE_RANGE_SET_H

#include "range_build.h"
#include "range_free.h"
#include "require.h"

/* ---- values ---- */

typedef uint32_t axaddr_range_half_t __attribute__((may_alias));

/** Copy a value into or out of a node. */
AXADDR_ALWAYS_INLINE void axaddr_range_copy_value(void *to, const void *from, size_t size,
                                                  size_t alignment) {
    size_t i;

    if (alignment >= 8 && size % 8 == 0) {
        for (i = 0; i < size / 8; i++) {
            ((volatile axaddr_word64_t *)to)[i] = ((const axaddr_word64_t *)from)[i];
        }
    } else if (alignment >= 4) {
        for (i = 0; i < size / 4; i++) {
            ((volatile axaddr_range_half_t *)to)[i] = ((const axaddr_range_half_t *)from)[i];
        }
    } else {
        for (i = 0; i < size; i++) {
            ((volatile unsigned char *)to)[i] = ((const unsigned char *)from)[i];
        }
    }
}

/* ---- changes ---- */

/** `value` is in whole words. */
AXADDR_MUST_CHECK AXADDR_ALWAYS_INLINE enum axaddr_status
axaddr_ranges_insert(const struct axaddr_range_kind *self, struct axaddr_ranges *set,
                     uint64_t first, uint64_t last, const axaddr_word64_t *value) {
    struct axaddr_range_entry entry = {first, last, value};
    struct axaddr_range_path path;
    struct axaddr_range_hit hit;

    if (last < first || first < set->first || last > set->last) {
        return AXADDR_INVALID;
    }
    self->descend(set, first, &path);
    if (axaddr_ranges_see(self, set, &path, &hit) && hit.first <= last) {
        return AXADDR_EXISTS;
    }
    if (!axaddr_ranges_prepare(self, set, &path)) {
        return AXADDR_NO_MEMORY;
    }
    self->put(set, &path, &entry);
    return AXADDR_OK;
}

/** `value` gets what the range had. */
AXADDR_MUST_CHECK AXADDR_ALWAYS_INLINE enum axaddr_status
axaddr_ranges_remove(const struct axaddr_range_kind *self, struct axaddr_ranges *set,
                     uint64_t address, struct axaddr_range_hit *hit, axaddr_word64_t *value) {
    struct axaddr_range_path path;
    struct axaddr_range_hit found;

    self->descend(set, address, &path);
    if (!axaddr_ranges_see(self, set, &path, &found) || found.first > address) {
        return AXADDR_NOT_MAPPED;
    }
    axaddr_range_move_words(value, found.value, self->value_words);
    hit->first = found.first;
    hit->last = found.last;
    self->take(set, &path);
    axaddr_ranges_trim(self, set, 0);
    return AXADDR_OK;
}

AXADDR_MUST_CHECK AXADDR_ALWAYS_INLINE enum axaddr_status
axaddr_ranges_split(const struct axaddr_range_kind *self, struct axaddr_ranges *set,
                    uint64_t address) {
    axaddr_word64_t value[AXADDR_RANGE_VALUE_WORDS(AXADDR_RANGE_VALUE_MAX)];
    struct axaddr_range_entry rest = {address, 0, value};
    struct axaddr_range_path path;
    struct axaddr_range_hit hit;

    self->descend(set, address, &path);
    if (!axaddr_ranges_see(self, set, &path, &hit) || hit.first > address) {
        return AXADDR_NOT_MAPPED;
    }
    if (hit.first == address) {
        return AXADDR_OK;
    }
    if (!axaddr_ranges_prepare(self, set, &path)) {
        return AXADDR_NO_MEMORY;
    }
    axaddr_range_move_words(value, hit.value, self->value_words);
    rest.last = hit.last;
    self->resize(set, &path, hit.first, address - 1);
    path.index[0]++;
    self->put(set, &path, &rest);
    return AXADDR_OK;
}

/** With the range after it, and with the one before it. */
AXADDR_MUST_CHECK AXADDR_ALWAYS_INLINE enum axaddr_status
axaddr_ranges_merge(const struct axaddr_range_kind *self, struct axaddr_ranges *set,
                    uint64_t address) {
    struct axaddr_range_path path;
    struct axaddr_range_hit hit;
    struct axaddr_range_hit before;
    uint64_t starts[2];
    unsigned count = 1;
    unsigned i;

    self->descend(set, address, &path);
    if (!axaddr_ranges_see(self, set, &path, &hit) || hit.first > address) {
        return AXADDR_NOT_MAPPED;
    }
    starts[0] = hit.first;
    if (hit.first > 0) {
        self->descend(set, hit.first - 1, &path);
        if (axaddr_ranges_see(self, set, &path, &before) && before.first < hit.first) {
            starts[1] = before.first;
            count = 2;
        }
    }
    for (i = 0; i < count; i++) {
        axaddr_ranges_join(self, set, starts[i]);
    }
    axaddr_ranges_trim(self, set, 0);
    return AXADDR_OK;
}

/* ---- what AXADDR_DEFINE_RANGE_SET generates ---- */

/** A set called `struct name`. See the top of this file. */
#define AXADDR_DEFINE_RANGE_SET(name, address, value_type, continues, hal)                         \
    AXADDR_BEGIN_GENERATED_                                                                        \
    AXADDR_RANGE_TYPES_(name, address, value_type)                                                 \
    AXADDR_RANGE_PATHS_(name, value_type, continues, hal)                                          \
    AXADDR_RANGE_CHANGES_(name, address, value_type, hal)                                          \
    AXADDR_RANGE_LOOKS_(name, address, value_type)                                                 \
    AXADDR_END_GENERATED_                                                                          \
    AXADDR_STATIC_ASSERT(sizeof(value_type) <= AXADDR_RANGE_VALUE_MAX,                             \
                         "a value has at most 80 bytes: let larger ones be elsewhere");            \
    AXADDR_STATIC_ASSERT(__alignof__(value_type) <= 8, "a value is aligned to at most 8 bytes");   \
    AXADDR_STATIC_ASSERT(sizeof(hal) == sizeof(struct axaddr_hal),                                 \
                         "the last argument is the HAL itself, not a pointer to it")

#define AXADDR_RANGE_PLAIN_   AXADDR_UNUSED static inline
#define AXADDR_RANGE_STATUS_  AXADDR_UNUSED AXADDR_MUST_CHECK static enum axaddr_status
#define AXADDR_RANGE_CHECKED_ AXADDR_UNUSED AXADDR_MUST_CHECK static inline enum axaddr_status
#define AXADDR_RANGE_PATH_    AXADDR_UNUSED AXADDR_NOINLINE static
#define AXADDR_RANGE_DOOR_    AXADDR_NOINLINE AXADDR_RANGE_STATUS_

#define AXADDR_RANGE_TYPES_(name, address, value_type)                                             \
    struct name {                                                                                  \
        struct axaddr_ranges core;                                                                 \
        axaddr_word64_t head[AXADDR_RANGE_INLINE_WORDS(sizeof(value_type))];                       \
    };                                                                                             \
    struct name##_entry {                                                                          \
        address##_t first;                                                                         \
        address##_t last;                                                                          \
        value_type value;                                                                          \
    };                                                                                             \
    struct name##_cursor {                                                                         \
        uint64_t next;                                                                             \
        bool is_done;                                                                              \
    };                                                                                             \
    struct name##_request {                                                                        \
        uint64_t size;                                                                             \
        uint64_t alignment;                                                                        \
        address##_t low;                                                                           \
        address##_t high;                                                                          \
        address##_t hint;                                                                          \
        bool has_hint;                                                                             \
        bool is_top_down;                                                                          \
    };

#define AXADDR_RANGE_PATHS_(name, value_type, continues, hal)                                      \
    AXADDR_REQUIRE_FRAMES_(name, hal)                                                              \
    static bool (*const name##_rule_)(const value_type *, const value_type *, uint64_t) =          \
        continues;                                                                                 \
    AXADDR_RANGE_PLAIN_ bool name##_continues_(const void *value, const void *next,                \
                                               uint64_t distance) {                                \
        return name##_rule_ != 0 &&                                                                \
               name##_rule_((const value_type *)value, (const value_type *)next, distance);        \
    }                                                                                              \
    AXADDR_RANGE_PATH_ void name##_descend_(const struct axaddr_ranges *set, uint64_t at,          \
                                            struct axaddr_range_path *path);                       \
    AXADDR_RANGE_PATH_ bool name##_reserve_(struct axaddr_ranges *set, size_t count);              \
    AXADDR_RANGE_PATH_ uint64_t name##_alloc_node_(struct axaddr_ranges *set);                     \
    AXADDR_RANGE_PATH_ void name##_free_node_(struct axaddr_ranges *set, uint64_t node);           \
    AXADDR_RANGE_PATH_ void name##_follow_(struct axaddr_ranges *set, uint64_t last);              \
    AXADDR_RANGE_PATH_ void name##_put_(struct axaddr_ranges *set, struct axaddr_range_path *path, \
                                        const struct axaddr_range_entry *entry);                   \
    AXADDR_RANGE_PATH_ void name##_take_(struct axaddr_ranges *set,                                \
                                         struct axaddr_range_path *path);                          \
    AXADDR_RANGE_PATH_ void name##_resize_(struct axaddr_ranges *set,                              \
                                           const struct axaddr_range_path *path, uint64_t first,   \
                                           uint64_t last);                                         \
    static const struct axaddr_range_kind name##_kind_ = {                                         \
        &(hal),                                                                                    \
        0,                                                                                         \
        AXADDR_RANGE_VALUE_WORDS(sizeof(value_type)),                                              \
        AXADDR_RANGE_LEAF_MAX(sizeof(value_type)),                                                 \
        name##_continues_,                                                                         \
        name##_descend_,                                                                           \
        name##_alloc_node_,                                                                        \
        name##_free_node_,                                                                         \
        name##_follow_,                                                                            \
        name##_put_,                                                                               \
        name##_take_,                                                                              \
        name##_resize_,                                                                            \
        name##_reserve_};                                                                          \
    AXADDR_RANGE_PATH_ void name##_descend_(const struct axaddr_ranges *set, uint64_t at,          \
                                            struct axaddr_range_path *path) {                      \
        axaddr_ranges_descend(&name##_kind_, set, at, path);                                       \
    }                                                                                              \
    AXADDR_RANGE_PATH_ bool name##_reserve_(struct axaddr_ranges *set, size_t count) {             \
        return (AXADDR_REQUIRED_(name), axaddr_ranges_reserve(&name##_kind_, set, count));         \
    }                                                                                              \
    AXADDR_RANGE_PATH_ uint64_t name##_alloc_node_(struct axaddr_ranges *set) {                    \
        return axaddr_ranges_alloc_node(&name##_kind_, set);                                       \
    }                                                                                              \
    AXADDR_RANGE_PATH_ void name##_follow_(struct axaddr_ranges *set, uint64_t last) {             \
        axaddr_ranges_follow(&name##_kind_, set, last);                                            \
    }                                                                                              \
    AXADDR_RANGE_PATH_ void name##_free_node_(struct axaddr_ranges *set, uint64_t node) {          \
        axaddr_ranges_free_node(&name##_kind_, set, node);                                         \
    }                                                                                              \
    AXADDR_RANGE_PATH_ void name##_put_(struct axaddr_ranges *set, struct axaddr_range_path *path, \
                                        const struct axaddr_range_entry *entry) {                  \
        axaddr_ranges_put(&name##_kind_, set, path, entry);                                        \
    }                                                                                              \
    AXADDR_RANGE_PATH_ void name##_take_(struct axaddr_ranges *set,                                \
                                         struct axaddr_range_path *path) {                         \
        axaddr_ranges_take(&name##_kind_, set, path);                                              \
    }                                                                                              \
    AXADDR_RANGE_PATH_ void name##_resize_(struct axaddr_ranges *set,                              \
                                           const struct axaddr_range_path *path, uint64_t first,   \
                                           uint64_t last) {                                        \
        axaddr_ranges_resize(&name##_kind_, set, path, first, last);                               \
    }                                                                                              \
    AXADDR_RANGE_PLAIN_ void name##_copy_(void *to, const void *from) {                            \
        axaddr_range_copy_value(to, from, sizeof(value_type), __alignof__(value_type));            \
    }

#define AXADDR_RANGE_CHANGES_(name, address, value_type, hal)                                      \
    AXADDR_RANGE_CHECKED_ name##_init(struct name *set, void *ctx, address##_t first,              \
                                      address##_t last) {                                          \
        if ((hal).alloc_frame == 0 || (hal).free_frame == 0 || (hal).frame_at == 0) {              \
            return AXADDR_UNSUPPORTED; /* only without optimisation: require.h */                  \
        }                                                                                          \
        return axaddr_ranges_init(&set->core, set->head, ctx, first.raw, last.raw);                \
    }                                                                                              \
    AXADDR_RANGE_PATH_ void name##_clear(struct name *set) {                                       \
        axaddr_ranges_clear(&name##_kind_, &set->core);                                            \
        axaddr_ranges_trim(&name##_kind_, &set->core, 0);                                          \
    }                                                                                              \
    AXADDR_RANGE_PLAIN_ void name##_destroy(struct name *set) {                                    \
        name##_clear(set);                                                                         \
    }                                                                                              \
    AXADDR_RANGE_DOOR_ name##_insert(struct name *set, address##_t first, address##_t last,        \
                                     const value_type *value) {                                    \
        axaddr_word64_t words[AXADDR_RANGE_VALUE_WORDS(sizeof(value_type))];                       \
        words[AXADDR_RANGE_VALUE_WORDS(sizeof(value_type)) - 1] = 0;                               \
        name##_copy_(words, value);                                                                \
        return axaddr_ranges_insert(&name##_kind_, &set->core, first.raw, last.raw, words);        \
    }                                                                                              \
    AXADDR_RANGE_DOOR_ name##_remove(struct name *set, address##_t at,                             \
                                     struct name##_entry *removed) {                               \
        axaddr_word64_t words[AXADDR_RANGE_VALUE_WORDS(sizeof(value_type))];                       \
        struct axaddr_range_hit hit;                                                               \
        enum axaddr_status status =                                                                \
            axaddr_ranges_remove(&name##_kind_, &set->core, at.raw, &hit, words);                  \
        if (status == AXADDR_OK && removed != 0) {                                                 \
            removed->first = address(hit.first);                                                   \
            removed->last = address(hit.last);                                                     \
            name##_copy_(&removed->value, words);                                                  \
        }                                                                                          \
        return status;                                                                             \
    }                                                                                              \
    AXADDR_RANGE_DOOR_ name##_split(struct name *set, address##_t at) {                            \
        return axaddr_ranges_split(&name##_kind_, &set->core, at.raw);                             \
    }                                                                                              \
    AXADDR_RANGE_DOOR_ name##_merge(struct name *set, address##_t at) {                            \
        return name##_rule_ == 0 ? AXADDR_UNSUPPORTED                                              \
                                 : axaddr_ranges_merge(&name##_kind_, &set->core, at.raw);         \
    }                                                                                              \
    AXADDR_RANGE_DOOR_ name##_build(struct name *set, const struct name##_entry *entries,          \
                                    size_t count) {                                                \
        struct axaddr_range_array array;                                                           \
        array.at = (const unsigned char *)entries;                                                 \
        array.count = count;                                                                       \
        array.stride = sizeof(struct name##_entry);                                                \
        array.value_offset = offsetof(struct name##_entry, value);                                 \
        array.copy = name##_copy_;                                                                 \
        return axaddr_ranges_build(&name##_kind_, &set->core, &array);                             \
    }

#define AXADDR_RANGE_LOOKS_(name, address, value_type)                                             \
    AXADDR_RANGE_PATH_ bool name##_look_(const struct axaddr_ranges *set, uint64_t at,             \
                                         struct axaddr_range_hit *hit) {                           \
        return axaddr_ranges_look(&name##_kind_, set, at, hit);                                    \
    }                                                                                              \
    AXADDR_RANGE_PLAIN_ void name##_tell_(const struct axaddr_range_hit *hit,                      \
                                          struct name##_entry *entry) {                            \
        entry->first = address(hit->first);                                                        \
        entry->last = address(hit->last);                                                          \
        name##_copy_(&entry->value, hit->value);                                                   \
    }                                                                                              \
    AXADDR_RANGE_PLAIN_ size_t name##_count(const struct name *set) {                              \
        return set->core.count;                                                                    \
    }                                                                                              \
    AXADDR_RANGE_CHECKED_ name##_find(const struct name *set, address##_t at,                      \
                                      struct name##_entry *entry) {                                \
        struct axaddr_range_hit hit;                                                               \
        if (!name##_look_(&set->core, at.raw, &hit) || hit.first > at.raw) {                       \
            return AXADDR_NOT_MAPPED;                                                              \
        }                                                                                          \
        name##_tell_(&hit, entry);                                                                 \
        return AXADDR_OK;                                                                          \
    }                                                                                              \
    AXADDR_RANGE_CHECKED_ name##_find_next(const struct name *set, address##_t at,                 \
                                           struct name##_entry *entry) {                           \
        struct axaddr_range_hit hit;                                                               \
        if (!name##_look_(&set->core, at.raw, &hit)) {                                             \
            return AXADDR_NOT_MAPPED;                                                              \
        }                                                                                          \
        name##_tell_(&hit, entry);                                                                 \
        return AXADDR_OK;                                                                          \
    }                                                                                              \
    AXADDR_RANGE_PLAIN_ value_type *name##_value(struct name *set, address##_t at) {               \
        struct axaddr_range_hit hit;                                                               \
        return name##_look_(&set->core, at.raw, &hit) && hit.first <= at.raw                       \
                   ? (value_type *)(void *)hit.value                                               \
                   : (value_type *)0;                                                              \
    }                                                                                              \
    AXADDR_RANGE_PLAIN_ struct name##_cursor name##_from(address##_t at) {                         \
        struct name##_cursor cursor;                                                               \
        cursor.next = at.raw;                                                                      \
        cursor.is_done = false;                                                                    \
        return cursor;                                                                             \
    }                                                                                              \
    AXADDR_RANGE_PLAIN_ bool name##_next(const struct name *set, struct name##_cursor *cursor,     \
                                         struct name##_entry *entry) {                             \
        struct axaddr_range_hit hit;                                                               \
        if (cursor->is_done || !name##_look_(&set->core, cursor->next, &hit)) {                    \
            return false;                                                                          \
        }                                                                                          \
        name##_tell_(&hit, entry);                                                                 \
        cursor->next = hit.last + 1;                                                               \
        cursor->is_done = hit.last == UINT64_MAX;                                                  \
        return true;                                                                               \
    }                                                                                              \
    AXADDR_RANGE_DOOR_ name##_find_free(                                                           \
        const struct name *set, const struct name##_request *request, address##_t *result) {       \
        struct axaddr_placement raw = {request->size,       request->alignment, request->low.raw,  \
                                       request->high.raw,   request->hint.raw,  request->has_hint, \
                                       request->is_top_down};                                      \
        return axaddr_ranges_find_free(&name##_kind_, &set->core, &raw, &result->raw);             \
    }                                                                                              \
    AXADDR_RANGE_DOOR_ name##_audit(const struct name *set) {                                      \
        return axaddr_ranges_audit(&name##_kind_, &set->core);                                     \
    }

#endif /* AXADDR_CORE_RANGE_SET_H */
