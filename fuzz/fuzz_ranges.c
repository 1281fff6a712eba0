/* SPDX-License-Identifier: MIT
 *
 * fuzz_ranges.c: range sets (axaddr_core/range_set.h) against a sorted array, with allocations that
 * fail, an audit after each operation, and no frame lost or used after it was given back.
 *
 *     byte     bit 0 the type: values of 8 bytes, or of 80, of which a node holds fewer;
 *              bit 1 the bounds: the whole space, or [1000, 1000 + 65535]
 *     then     operations, until the bytes are used up:
 *              byte  which one, modulo the number of operations; bit 7: its allocations fail, from
 *                    the one on that the next byte says
 *              and what it wants to know. An address is a byte: below 128 it is a word of input.h;
 *              else one of a range or beside it, of those that are there, and the next byte says
 *              which range
 */
#include "input.h"

#include "../axaddr_core/range_set.h"

/* ---- frames ---- */

#define FRAME_MAX  2048u
#define FRAME_STEP UINT64_C(0x7531000) /* they are far from each other */

static unsigned char memory[FRAME_MAX][4096] __attribute__((aligned(4096)));
static bool is_used[FRAME_MAX];
static uint32_t next_frame;
static uint32_t used_count;
static uint32_t allowed;

static uint32_t frame_number(axaddr_hpa_t frame) {
    uint64_t number = frame.raw / FRAME_STEP;

    FUZZ_CHECK(frame.raw % FRAME_STEP == 0 && number < FRAME_MAX && is_used[number]);
    return (uint32_t)number;
}

static inline bool fuzz_alloc(void *ctx, axaddr_hpa_t *frame) {
    (void)ctx;
    if (allowed == 0 || used_count == FRAME_MAX) {
        return false;
    }
    allowed--;
    while (is_used[next_frame]) {
        next_frame = (next_frame + 7) % FRAME_MAX;
    }
    is_used[next_frame] = true;
    used_count++;
    memset(memory[next_frame], 0xa5, 4096);
    *frame = axaddr_hpa(next_frame * FRAME_STEP);
    return true;
}

static inline void fuzz_free(void *ctx, axaddr_hpa_t frame) {
    uint32_t number = frame_number(frame);

    (void)ctx;
    memset(memory[number], 0x5a, 4096);
    is_used[number] = false;
    used_count--;
}

static inline void *fuzz_at(void *ctx, axaddr_hpa_t frame) {
    (void)ctx;
    return memory[frame_number(frame)];
}

static const struct axaddr_hal fuzz_hal = {
    .alloc_frame = fuzz_alloc,
    .free_frame = fuzz_free,
    .frame_at = fuzz_at,
};

/* ---- sets of two types, behind one set of functions ---- */

struct range {
    uint64_t first;
    uint64_t last;
    uint64_t tag;
};

#define RANGE_MAX 6000u

struct kind {
    const char *name;
    enum axaddr_status (*init)(uint64_t first, uint64_t last);
    void (*clear)(void);
    size_t (*count)(void);
    enum axaddr_status (*audit)(void);
    enum axaddr_status (*insert)(const struct range *range);
    enum axaddr_status (*remove)(uint64_t at, struct range *removed);
    enum axaddr_status (*find)(uint64_t at, struct range *found);
    enum axaddr_status (*find_next)(uint64_t at, struct range *found);
    enum axaddr_status (*split)(uint64_t at);
    enum axaddr_status (*merge)(uint64_t at);
    enum axaddr_status (*build)(const struct range *ranges, size_t count);
    enum axaddr_status (*find_free)(const struct axaddr_placement *request, uint64_t *place);
};

#define DEFINE_KIND(name, value_words)                                                             \
    struct name##_value {                                                                          \
        uint64_t tag[value_words];                                                                 \
    };                                                                                             \
    static bool name##_same(const struct name##_value *value, const struct name##_value *next,     \
                            uint64_t distance) {                                                   \
        return value->tag[0] == next->tag[0] && distance % 5 != 0;                                 \
    }                                                                                              \
    AXADDR_DEFINE_RANGE_SET(name, axaddr_gpa, struct name##_value, name##_same, fuzz_hal);         \
    static struct name name##_set;                                                                 \
    static struct name##_value name##_value_of(uint64_t tag) {                                     \
        struct name##_value value;                                                                 \
        unsigned i;                                                                                \
        for (i = 0; i < (value_words); i++) {                                                      \
            value.tag[i] = tag + i;                                                                \
        }                                                                                          \
        return value;                                                                              \
    }                                                                                              \
    static enum axaddr_status name##_tell(enum axaddr_status status,                               \
                                          const struct name##_entry *entry, struct range *range) { \
        if (status == AXADDR_OK) {                                                                 \
            range->first = entry->first.raw;                                                       \
            range->last = entry->last.raw;                                                         \
            range->tag = entry->value.tag[0];                                                      \
            FUZZ_EQ(entry->value.tag[(value_words)-1], range->tag + (value_words)-1);              \
        }                                                                                          \
        return status;                                                                             \
    }                                                                                              \
    static enum axaddr_status name##_do_init(uint64_t first, uint64_t last) {                      \
        return name##_init(&name##_set, 0, axaddr_gpa(first), axaddr_gpa(last));                   \
    }                                                                                              \
    static void name##_do_clear(void) {                                                            \
        name##_clear(&name##_set);                                                                 \
    }                                                                                              \
    static size_t name##_do_count(void) {                                                          \
        return name##_count(&name##_set);                                                          \
    }                                                                                              \
    static enum axaddr_status name##_do_audit(void) {                                              \
        return name##_audit(&name##_set);                                                          \
    }                                                                                              \
    static enum axaddr_status name##_do_insert(const struct range *range) {                        \
        struct name##_value value = name##_value_of(range->tag);                                   \
        return name##_insert(&name##_set, axaddr_gpa(range->first), axaddr_gpa(range->last),       \
                             &value);                                                              \
    }                                                                                              \
    static enum axaddr_status name##_do_remove(uint64_t at, struct range *removed) {               \
        struct name##_entry entry;                                                                 \
        return name##_tell(name##_remove(&name##_set, axaddr_gpa(at), &entry), &entry, removed);   \
    }                                                                                              \
    static enum axaddr_status name##_do_find(uint64_t at, struct range *found) {                   \
        struct name##_entry entry;                                                                 \
        enum axaddr_status status = name##_find(&name##_set, axaddr_gpa(at), &entry);              \
        struct name##_value *value = name##_value(&name##_set, axaddr_gpa(at));                    \
        FUZZ_EQ(value != 0, status == AXADDR_OK);                                                  \
        FUZZ_CHECK(value == 0 || value->tag[0] == entry.value.tag[0]);                             \
        return name##_tell(status, &entry, found);                                                 \
    }                                                                                              \
    static enum axaddr_status name##_do_find_next(uint64_t at, struct range *found) {              \
        struct name##_entry entry;                                                                 \
        return name##_tell(name##_find_next(&name##_set, axaddr_gpa(at), &entry), &entry, found);  \
    }                                                                                              \
    static enum axaddr_status name##_do_split(uint64_t at) {                                       \
        return name##_split(&name##_set, axaddr_gpa(at));                                          \
    }                                                                                              \
    static enum axaddr_status name##_do_merge(uint64_t at) {                                       \
        return name##_merge(&name##_set, axaddr_gpa(at));                                          \
    }                                                                                              \
    static enum axaddr_status name##_do_build(const struct range *ranges, size_t count) {          \
        static struct name##_entry entries[RANGE_MAX];                                             \
        size_t i;                                                                                  \
        for (i = 0; i < count; i++) {                                                              \
            entries[i].first = axaddr_gpa(ranges[i].first);                                        \
            entries[i].last = axaddr_gpa(ranges[i].last);                                          \
            entries[i].value = name##_value_of(ranges[i].tag);                                     \
        }                                                                                          \
        return name##_build(&name##_set, entries, count);                                          \
    }                                                                                              \
    static enum axaddr_status name##_do_find_free(const struct axaddr_placement *raw,              \
                                                  uint64_t *place) {                               \
        struct name##_request request;                                                             \
        axaddr_gpa_t result = axaddr_gpa(*place);                                                  \
        enum axaddr_status status;                                                                 \
        request.size = raw->size;                                                                  \
        request.alignment = raw->alignment;                                                        \
        request.low = axaddr_gpa(raw->low);                                                        \
        request.high = axaddr_gpa(raw->high);                                                      \
        request.hint = axaddr_gpa(raw->hint);                                                      \
        request.has_hint = raw->has_hint;                                                          \
        request.is_top_down = raw->is_top_down;                                                    \
        status = name##_find_free(&name##_set, &request, &result);                                 \
        *place = result.raw;                                                                       \
        return status;                                                                             \
    }                                                                                              \
    static const struct kind name##_kind = {#name,                                                 \
                                            name##_do_init,                                        \
                                            name##_do_clear,                                       \
                                            name##_do_count,                                       \
                                            name##_do_audit,                                       \
                                            name##_do_insert,                                      \
                                            name##_do_remove,                                      \
                                            name##_do_find,                                        \
                                            name##_do_find_next,                                   \
                                            name##_do_split,                                       \
                                            name##_do_merge,                                       \
                                            name##_do_build,                                       \
                                            name##_do_find_free};

DEFINE_KIND(thin, 1)
DEFINE_KIND(fat, 10)

/* ---- the model ---- */

static const struct kind *kind;
static struct range model[RANGE_MAX + 2];
static size_t model_count;
static uint64_t first_bound;
static uint64_t last_bound;

/** The first range that ends at or after an address. */
static size_t model_search(uint64_t at) {
    size_t low = 0;
    size_t high = model_count;

    while (low < high) {
        size_t middle = (low + high) / 2;

        if (model[middle].last < at) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

static void model_put(size_t index, struct range range) {
    memmove(&model[index + 1], &model[index], (model_count - index) * sizeof(model[0]));
    model[index] = range;
    model_count++;
}

static void model_take(size_t index) {
    model_count--;
    memmove(&model[index], &model[index + 1], (model_count - index) * sizeof(model[0]));
}

static void same(const struct range *actual, const struct range *expected) {
    FUZZ_EQ(actual->first, expected->first);
    FUZZ_EQ(actual->last, expected->last);
    FUZZ_EQ(actual->tag, expected->tag);
}

/** Of all places, by looking at all gaps, what is asked for. */
static enum axaddr_status model_find_free(const struct axaddr_placement *request, uint64_t *place) {
    uint64_t mask = request->alignment == 0 ? 0 : request->alignment - 1;
    bool is_found = false;
    size_t i;

    if (request->size == 0 || (request->alignment & mask) != 0 || request->low > request->high) {
        return AXADDR_INVALID;
    }
    for (i = 0; i <= model_count; i++) {
        uint64_t low = i == 0 ? first_bound : model[i - 1].last + 1;
        uint64_t high = i == model_count ? last_bound : model[i].first - 1;
        uint64_t at;

        if ((i > 0 && model[i - 1].last == UINT64_MAX) ||
            (i < model_count && model[i].first == 0)) {
            continue;
        }
        low = low > request->low ? low : request->low;
        high = high < request->high ? high : request->high;
        at = (low + mask) & ~mask;
        if (low > high || at < low || at > high || high - at < request->size - 1) {
            continue;
        }
        if (request->has_hint && request->hint >= low && request->hint <= high &&
            high - request->hint >= request->size - 1 && (request->hint & mask) == 0) {
            *place = request->hint;
            return AXADDR_OK;
        }
        at = request->is_top_down ? (high - (request->size - 1)) & ~mask : at;
        *place = !is_found || request->is_top_down ? at : *place;
        is_found = true;
    }
    return is_found ? AXADDR_OK : AXADDR_NO_MEMORY;
}

/** Nothing but these operations may fail for want of memory, and then nothing has changed. */
static bool is_refused(enum axaddr_status status, uint32_t used) {
    if (status == AXADDR_NO_MEMORY && (allowed == 0 || used_count == FRAME_MAX)) {
        FUZZ_EQ(used_count, used);
        return true;
    }
    return false;
}

static void compare(void) {
    struct range found;
    uint64_t at = 0;
    size_t i;

    for (i = 0; i < model_count; i++) {
        FUZZ_EQ(kind->find_next(at, &found), AXADDR_OK);
        same(&found, &model[i]);
        at = found.last + 1;
    }
    if (model_count == 0 || at != 0) {
        FUZZ_EQ(kind->find_next(at, &found), AXADDR_NOT_MAPPED);
    }
}

/* ---- operations ---- */

static uint64_t pick_address(struct input *input) {
    uint8_t how = input->left > 0 ? *input->bytes : 0;
    const struct range *range;

    if (how < 128 || model_count == 0) {
        return input_word(input);
    }
    (void)input_byte(input);
    range = &model[input_below(input, (uint32_t)model_count)];
    switch (how & 7) {
    case 0:
        return range->first;
    case 1:
        return range->last;
    case 2:
        return range->first - 1;
    case 3:
        return range->last + 1;
    case 4:
        return range->first + 1;
    case 5:
        return range->last - 1;
    case 6:
        return range->last + 1 + (how >> 3 & 15);
    default:
        return range->first + (range->last - range->first) / 2;
    }
}

static void insert(uint64_t first, uint64_t last, uint64_t tag) {
    struct range range = {first, last, tag};
    size_t index = model_search(first);
    enum axaddr_status expected = AXADDR_OK;
    uint32_t used = used_count;
    enum axaddr_status status;

    if (model_count == RANGE_MAX) {
        return;
    }
    if (last < first || first < first_bound || last > last_bound) {
        expected = AXADDR_INVALID;
    } else if (index < model_count && model[index].first <= last) {
        expected = AXADDR_EXISTS;
    }
    status = kind->insert(&range);
    if (expected == AXADDR_OK && is_refused(status, used)) {
        return;
    }
    FUZZ_EQ(status, expected);
    if (status == AXADDR_OK) {
        model_put(index, range);
    }
}

static void remove_at(uint64_t at) {
    size_t index = model_search(at);
    bool is_there = index < model_count && model[index].first <= at;
    struct range removed;

    FUZZ_EQ(kind->remove(at, &removed), is_there ? AXADDR_OK : AXADDR_NOT_MAPPED);
    if (is_there) {
        same(&removed, &model[index]);
        model_take(index);
    }
}

static void op_insert(struct input *input) {
    uint64_t first = pick_address(input);
    unsigned how = input_byte(input);
    uint64_t last = how < 192   ? first + how
                    : how < 224 ? first + (UINT64_C(1) << (how & 63))
                                : pick_address(input);

    insert(first, last, how & 1);
}

/** Many at once, so that there are nodes to split. */
static void op_insert_many(struct input *input) {
    uint64_t at = pick_address(input);
    uint64_t step = input_byte(input) + UINT64_C(1);
    uint64_t size = input_byte(input);
    unsigned count = input_byte(input) * 4u;
    unsigned i;

    step = size >= 0xf0 ? step << (size & 15) * 2 : step;
    for (i = 0; i < count; i++) {
        insert(at, at + (i + size) % step, i % 3 / 2);
        at += (size & 1) != 0 ? step : -step;
    }
}

static void op_remove(struct input *input) {
    remove_at(pick_address(input));
}

static void op_remove_many(struct input *input) {
    uint64_t at = pick_address(input);
    unsigned rarity = 1 + input_byte(input) % 8u;
    unsigned count = input_byte(input) * 4u;
    unsigned i;

    for (i = 0; i < count && model_count > 0; i++) {
        size_t index = model_search(at);

        index = index < model_count ? index : 0;
        at = model[index].last;
        if (i % rarity == 0) {
            remove_at(at);
        }
        at++;
    }
}

static void op_find(struct input *input) {
    uint64_t at = pick_address(input);
    size_t index = model_search(at);
    bool is_there = index < model_count && model[index].first <= at;
    struct range found;

    FUZZ_EQ(kind->find(at, &found), is_there ? AXADDR_OK : AXADDR_NOT_MAPPED);
    if (is_there) {
        same(&found, &model[index]);
    }
    FUZZ_EQ(kind->find_next(at, &found), index < model_count ? AXADDR_OK : AXADDR_NOT_MAPPED);
    if (index < model_count) {
        same(&found, &model[index]);
    }
}

static void split_at(uint64_t at) {
    size_t index = model_search(at);
    bool is_there = index < model_count && model[index].first <= at;
    bool is_cut = is_there && model[index].first < at;
    uint32_t used = used_count;
    enum axaddr_status status;

    if (model_count == RANGE_MAX) {
        return;
    }
    status = kind->split(at);
    if (is_cut && is_refused(status, used)) {
        return;
    }
    FUZZ_EQ(status, is_there ? AXADDR_OK : AXADDR_NOT_MAPPED);
    if (is_cut) {
        struct range rest = {at, model[index].last, model[index].tag};

        model_put(index + 1, rest);
        model[index].last = at - 1;
    }
}

static void op_split(struct input *input) {
    split_at(pick_address(input));
}

static void model_join(size_t index) {
    if (index + 1 < model_count && model[index].last + 1 == model[index + 1].first &&
        model[index].tag == model[index + 1].tag &&
        (model[index + 1].first - model[index].first) % 5 != 0) {
        model[index].last = model[index + 1].last;
        model_take(index + 1);
    }
}

static void op_merge(struct input *input) {
    uint64_t at = pick_address(input);
    size_t index = model_search(at);
    bool is_there = index < model_count && model[index].first <= at;

    FUZZ_EQ(kind->merge(at), is_there ? AXADDR_OK : AXADDR_NOT_MAPPED);
    if (is_there) {
        model_join(index);
        if (index > 0) {
            model_join(index - 1);
        }
    }
}

static void op_find_free(struct input *input) {
    struct axaddr_placement request;
    uint64_t expected = 77;
    uint64_t place = 77;
    unsigned how = input_byte(input);

    request.has_hint = (how & 1) != 0;
    request.is_top_down = (how & 2) != 0;
    request.size = (how & 4) != 0 ? input_word(input) : input_byte(input);
    request.alignment = (how & 8) != 0 ? UINT64_C(1) << (input_byte(input) & 63) : how >> 6;
    request.low = (how & 16) != 0 ? pick_address(input) : 0;
    request.high = (how & 32) != 0 ? pick_address(input) : UINT64_MAX;
    request.hint = request.has_hint ? pick_address(input) : 0;
    FUZZ_EQ(kind->find_free(&request, &place), model_find_free(&request, &expected));
    FUZZ_EQ(place, expected);
}

/** All of them again, or what is not too much, from an array. */
static void op_build(struct input *input) {
    size_t kept = model_count - model_count * (input_byte(input) % 4u) / 4;
    uint32_t left = allowed;
    enum axaddr_status status;

    if (model_count > 0) {
        FUZZ_EQ(kind->build(model, kept), AXADDR_EXISTS);
    }
    kind->clear();
    FUZZ_EQ(used_count, 0);
    status = kind->build(model, kept);
    if (is_refused(status, 0)) {
        FUZZ_EQ(kind->count(), 0);
        allowed = UINT32_MAX;
        FUZZ_EQ(kind->build(model, kept), AXADDR_OK);
        allowed = left;
    } else {
        FUZZ_EQ(status, AXADDR_OK);
    }
    model_count = kept;
}

/** Cut each of some into two. */
static void op_split_many(struct input *input) {
    size_t index = model_search(pick_address(input));
    unsigned count = input_byte(input) * 2u;
    unsigned i;

    for (i = 0; i < count && index < model_count; i++, index += 2) {
        split_at(model[index].first + (model[index].last - model[index].first) / 2 + 1);
    }
}

static void op_clear(struct input *input) {
    if (input_byte(input) % 8 == 0) {
        kind->clear();
        model_count = 0;
        FUZZ_EQ(used_count, 0);
    }
}

static void (*const operations[])(struct input *) = {
    op_insert, op_remove,    op_insert_many, op_remove_many, op_find,  op_split,
    op_merge,  op_find_free, op_build,       op_split_many,  op_clear, op_find_free,
};
#define OPERATION_COUNT (sizeof(operations) / sizeof(operations[0]))
#define STEP_MAX        300u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct input input = input_of(data, size);
    unsigned how = input_byte(&input);
    unsigned i;

    kind = (how & 1) != 0 ? &fat_kind : &thin_kind;
    fuzz_context = kind->name;
    first_bound = (how & 2) != 0 ? 1000 : 0;
    last_bound = (how & 2) != 0 ? 66535 : UINT64_MAX;
    memset(is_used, 0, sizeof(is_used));
    next_frame = how >> 2;
    used_count = 0;
    model_count = 0;
    FUZZ_EQ(kind->init(first_bound, last_bound), AXADDR_OK);
    for (i = 0; i < STEP_MAX && input.left > 0; i++) {
        unsigned which = input_byte(&input);

        allowed = (which & 0x80) != 0 ? input_byte(&input) : UINT32_MAX;
        operations[(which & 0x7f) % OPERATION_COUNT](&input);
        allowed = UINT32_MAX;
        fuzz_say("%s: %u: operation %u, %zu ranges, %u frames\n", kind->name, i,
                 (unsigned)((which & 0x7f) % OPERATION_COUNT), model_count, used_count);
        FUZZ_EQ(kind->count(), model_count);
        FUZZ_EQ(kind->audit(), AXADDR_OK);
        if (model_count <= 64) {
            compare();
        }
    }
    compare();
    kind->clear();
    FUZZ_EQ(used_count, 0);
    return 0;
}
