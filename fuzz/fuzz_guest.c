/* SPDX-License-Identifier: MIT
 *
 * fuzz_guest.c: a VMM's accesses to its guest's memory (axaddr_core/guest_memory.h) against bytes
 * that a model keeps, with allocations that fail, sizes and addresses as a hostile guest gives them,
 * buffers and frames of just their size, and no walk that is not left.
 *
 *     byte     bit 0 the instance: x86 EPT for one CPU, or AArch64 EL1 for many
 *     then     operations, until the bytes are used up:
 *              byte  which one, modulo the number of operations; bit 7: its allocations fail, from
 *                    the one on that the next byte says
 *              and what it wants to know. An address is a byte: below 200 it is a page, modulo
 *              their number, and the next two bytes are added; else a word of input.h is added to
 *              the first address. A size is a byte: below 128 it is that; below 224 the next two
 *              bytes times 8; else a word of input.h.
 */
#include "input.h"

#include "../axaddr.h"

#if defined(__SANITIZE_ADDRESS__)
#define HAS_ASAN
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define HAS_ASAN
#endif
#endif
#ifdef HAS_ASAN
#include <sanitizer/asan_interface.h>
#endif

#define PAGE       4096u
#define PAGE_COUNT 40u
#define HOME       UINT64_C(0x3fff8000) /* so that a table of level 1 ends among them */
#define SPACE_SIZE ((uint64_t)PAGE_COUNT * PAGE)

/* ---- the machine: frames far from each other, and linear memory in one piece ---- */

#define FRAME_MAX    256u
#define FRAME_STEP   UINT64_C(0x7531000)
#define LINEAR_COUNT 8u
#define LINEAR_BASE  UINT64_C(0x900000000)

static struct {
    unsigned char bytes[PAGE];
    unsigned char gap[PAGE]; /* nobody's: poisoned */
} frames[FRAME_MAX] __attribute__((aligned(4096)));
static unsigned char linear[(LINEAR_COUNT + 1) * PAGE] __attribute__((aligned(4096)));
static bool is_used[FRAME_MAX];
static uint32_t used_count;
static uint32_t allowed;
static bool has_failed;
static int walk_count;
static bool is_locked;

static inline bool fuzz_alloc(void *ctx, axaddr_hpa_t *frame) {
    uint32_t number = 0;

    (void)ctx;
    if (allowed == 0) {
        has_failed = true;
        return false;
    }
    allowed--;
    while (is_used[number]) {
        number++;
        FUZZ_CHECK(number < FRAME_MAX);
    }
    is_used[number] = true;
    used_count++;
    memset(frames[number].bytes, 0xa5, PAGE);
    *frame = axaddr_hpa((number + 1) * FRAME_STEP);
    return true;
}

static uint32_t frame_number(axaddr_hpa_t frame) {
    uint64_t number = frame.raw / FRAME_STEP - 1;

    FUZZ_CHECK(frame.raw % FRAME_STEP == 0 && number < FRAME_MAX && is_used[number]);
    return (uint32_t)number;
}

static inline void fuzz_free(void *ctx, axaddr_hpa_t frame) {
    uint32_t number = frame_number(frame);

    (void)ctx;
    FUZZ_CHECK(walk_count == 0);
    memset(frames[number].bytes, 0x5a, PAGE);
    is_used[number] = false;
    used_count--;
}

static inline void *fuzz_at(void *ctx, axaddr_hpa_t frame) {
    (void)ctx;
    if (frame.raw >= LINEAR_BASE) {
        FUZZ_CHECK(frame.raw - LINEAR_BASE < LINEAR_COUNT * PAGE);
        return linear + (frame.raw - LINEAR_BASE);
    }
    return frames[frame_number(frame)].bytes;
}

static inline void fuzz_flush(void *ctx, const struct axaddr_flush *plan) {
    (void)ctx;
    (void)plan;
}

static inline void fuzz_lock(void *ctx) {
    (void)ctx;
    FUZZ_CHECK(!is_locked && walk_count == 0);
    is_locked = true;
}

static inline void fuzz_unlock(void *ctx) {
    (void)ctx;
    is_locked = false;
}

static inline void fuzz_enter(void *ctx) {
    (void)ctx;
    walk_count++;
}

static inline void fuzz_leave(void *ctx) {
    (void)ctx;
    walk_count--;
}

#define FUZZ_HAL                                                                                   \
    .alloc_frame = fuzz_alloc, .free_frame = fuzz_free, .frame_at = fuzz_at, .flush_tlb = fuzz_flush

static const struct axaddr_hal one_hal = {FUZZ_HAL};
static const struct axaddr_hal many_hal = {
    FUZZ_HAL,
    .lock = fuzz_lock,
    .unlock = fuzz_unlock,
    .enter_walk = fuzz_enter,
    .leave_walk = fuzz_leave,
};

/* ---- two instances, behind one set of functions ---- */

struct kind {
    const char *name;
    enum axaddr_status (*init)(void);
    void (*destroy)(void);
    enum axaddr_status (*set_zero_frame)(uint64_t frame);
    enum axaddr_status (*map_linear)(uint64_t at, uint64_t host, uint64_t size, uint32_t flags);
    enum axaddr_status (*map_alloc)(uint64_t at, uint64_t size, uint32_t flags,
                                    enum axaddr_backing backing);
    enum axaddr_status (*map_device)(uint64_t at, uint64_t size);
    enum axaddr_status (*unmap)(uint64_t at, uint64_t size);
    enum axaddr_status (*copy_from)(uint64_t at, void *to, uint64_t size, uint32_t how,
                                    uint64_t *done);
    enum axaddr_status (*copy_to)(uint64_t at, const void *from, uint64_t size, uint32_t how,
                                  uint64_t *done);
    enum axaddr_status (*fill)(uint64_t at, uint8_t byte, uint64_t size, uint32_t how,
                               uint64_t *done);
    enum axaddr_status (*read_string)(uint64_t at, char *to, uint64_t size, uint32_t how,
                                      uint64_t *length);
    enum axaddr_status (*load)(uint64_t at, unsigned width, uint32_t how, uint64_t *value);
    enum axaddr_status (*store)(uint64_t at, unsigned width, uint32_t how, uint64_t value);
    enum axaddr_status (*exchange)(uint64_t at, unsigned width, uint32_t how, uint64_t desired,
                                   uint64_t *expected);
    enum axaddr_status (*segments)(uint64_t at, uint64_t size, uint32_t access, uint32_t how,
                                   struct axaddr_segment *segments, size_t max, size_t *count,
                                   uint64_t *done);
};

/* clang-format off */
#define DEFINE_KIND(name, format, hal)                                                             \
    AXADDR_DEFINE_VM(name, format, hal);                                                           \
    static struct name name##_space;                                                               \
    static enum axaddr_status name##_do_init(void) {                                               \
        return name##_init(&name##_space, 0, axaddr_gpa(HOME), SPACE_SIZE);                        \
    }                                                                                              \
    static void name##_do_destroy(void) {                                                          \
        name##_destroy(&name##_space);                                                             \
    }                                                                                              \
    WRAP(name, set_zero_frame, (uint64_t frame), (&name##_space, axaddr_hpa(frame)))               \
    WRAP(name, map_linear, (uint64_t at, uint64_t host, uint64_t size, uint32_t flags),            \
         (&name##_space, axaddr_gpa(at), axaddr_hpa(host), size, flags))                           \
    WRAP(name, map_alloc,                                                                          \
         (uint64_t at, uint64_t size, uint32_t flags, enum axaddr_backing backing),                \
         (&name##_space, axaddr_gpa(at), size, flags, backing))                                    \
    WRAP(name, map_device, (uint64_t at, uint64_t size), (&name##_space, axaddr_gpa(at), size, 1)) \
    WRAP(name, unmap, (uint64_t at, uint64_t size), (&name##_space, axaddr_gpa(at), size))         \
    WRAP(name, copy_from_guest,                                                                    \
         (uint64_t at, void *to, uint64_t size, uint32_t how, uint64_t *done),                     \
         (&name##_space, axaddr_gpa(at), to, size, how, done))                                     \
    WRAP(name, copy_to_guest,                                                                      \
         (uint64_t at, const void *from, uint64_t size, uint32_t how, uint64_t *done),             \
         (&name##_space, axaddr_gpa(at), from, size, how, done))                                   \
    WRAP(name, fill, (uint64_t at, uint8_t byte, uint64_t size, uint32_t how, uint64_t *done),     \
         (&name##_space, axaddr_gpa(at), byte, size, how, done))                                   \
    WRAP(name, read_string, (uint64_t at, char *to, uint64_t size, uint32_t how, uint64_t *done),  \
         (&name##_space, axaddr_gpa(at), to, size, how, done))                                     \
    WRAP(name, load, (uint64_t at, unsigned width, uint32_t how, uint64_t *value),                 \
         (&name##_space, axaddr_gpa(at), (enum axaddr_width)width, how, value))                    \
    WRAP(name, store, (uint64_t at, unsigned width, uint32_t how, uint64_t value),                 \
         (&name##_space, axaddr_gpa(at), (enum axaddr_width)width, how, value))                    \
    WRAP(name, compare_exchange,                                                                   \
         (uint64_t at, unsigned width, uint32_t how, uint64_t desired, uint64_t *expected),        \
         (&name##_space, axaddr_gpa(at), (enum axaddr_width)width, how, desired, expected))        \
    WRAP(name, segments,                                                                           \
         (uint64_t at, uint64_t size, uint32_t access, uint32_t how,                               \
          struct axaddr_segment *parts, size_t max, size_t *count, uint64_t *done),                \
         (&name##_space, axaddr_gpa(at), size, access, how, parts, max, count, done))              \
    static const struct kind name##_kind = {                                                       \
        #name, name##_do_init, name##_do_destroy, name##_do_set_zero_frame,                        \
        name##_do_map_linear, name##_do_map_alloc, name##_do_map_device, name##_do_unmap,          \
        name##_do_copy_from_guest, name##_do_copy_to_guest, name##_do_fill,                        \
        name##_do_read_string, name##_do_load, name##_do_store, name##_do_compare_exchange,        \
        name##_do_segments};
#define WRAP(name, function, parameters, arguments)                                                \
    static enum axaddr_status name##_do_##function parameters {                                    \
        return name##_##function arguments;                                                        \
    }

DEFINE_KIND(one, axaddr_x86_ept, one_hal)
DEFINE_KIND(many, axaddr_aarch64_el1, many_hal)
/* clang-format on */

/* ---- the model ---- */

enum page_kind { HOLE, RESERVED, SPARSE, SHARED, OWN, LINEAR, DEVICE };

static const struct kind *kind;
static struct {
    enum page_kind kind;
    bool is_writable;
    unsigned linear; /* which page of it */
    uint8_t bytes[PAGE];
} pages[PAGE_COUNT];
static uint8_t linear_bytes[LINEAR_COUNT * PAGE];

static uint8_t *model_at(uint64_t offset) {
    unsigned page = (unsigned)(offset / PAGE);
    uint8_t *bytes =
        pages[page].kind == LINEAR ? linear_bytes + pages[page].linear * PAGE : pages[page].bytes;

    return bytes + offset % PAGE;
}

/** What an access to a page comes to; and without is_trial, what it makes of it. */
static enum axaddr_status model_page(unsigned page, uint32_t access, uint32_t how) {
    bool is_on_demand = (how & AXADDR_ON_DEMAND) != 0;
    bool is_write = (access & AXADDR_WRITE) != 0;

    switch (pages[page].kind) {
    case HOLE:
        return AXADDR_NOT_MAPPED;
    case DEVICE:
        return AXADDR_DENIED;
    case RESERVED:
    case SPARSE:
        if (!is_on_demand) {
            return AXADDR_NOT_MAPPED;
        }
        if (is_write && !pages[page].is_writable) {
            return AXADDR_DENIED;
        }
        pages[page].kind = pages[page].kind == SPARSE && !is_write ? SHARED : OWN;
        return AXADDR_OK;
    case SHARED:
        if (is_write && (!is_on_demand || !pages[page].is_writable)) {
            return AXADDR_DENIED;
        }
        pages[page].kind = is_write ? OWN : SHARED;
        return AXADDR_OK;
    case OWN:
    case LINEAR:
        break;
    }
    return is_write && !pages[page].is_writable ? AXADDR_DENIED : AXADDR_OK;
}

static bool is_range(uint64_t at, uint64_t size) {
    return size != 0 && size <= SPACE_SIZE && at >= HOME && at - HOME <= SPACE_SIZE - size;
}

/**
 * Compare what an access to a range came to with what the model says. Where an allocation failed,
 * the page that needed it says NO_MEMORY.
 */
static void agree(uint64_t at, uint64_t size, uint32_t access, uint32_t how,
                  enum axaddr_status status, uint64_t done) {
    enum axaddr_status expected = AXADDR_OK;
    uint64_t count = 0;

    FUZZ_EQ(walk_count, 0);
    if (!is_range(at, size)) {
        FUZZ_EQ(status, AXADDR_INVALID);
        FUZZ_EQ(done, 0);
        return;
    }
    while (count < size && expected == AXADDR_OK) {
        uint64_t left = PAGE - (at + count) % PAGE;

        if (status == AXADDR_NO_MEMORY && count == done) {
            FUZZ_CHECK(has_failed);
            return;
        }
        expected = model_page((unsigned)((at + count - HOME) / PAGE), access, how);
        if (expected == AXADDR_OK) {
            count += left < size - count ? left : size - count;
        }
    }
    FUZZ_EQ(status, expected);
    FUZZ_EQ(done, count);
}

/* ---- operations ---- */

static uint64_t pick_address(struct input *input) {
    unsigned how = input_byte(input);

    return how < 200 ? HOME + how % PAGE_COUNT * PAGE + input_bytes(input, 2) % PAGE
                     : HOME + input_word(input);
}

static uint64_t pick_size(struct input *input) {
    unsigned how = input_byte(input);

    return how < 128 ? how : how < 224 ? input_bytes(input, 2) * 8 + how % 8 : input_word(input);
}

static uint32_t pick_how(struct input *input) {
    return input_bool(input) ? AXADDR_ON_DEMAND : 0;
}

/** A buffer of just so many bytes as can be copied. */
static uint8_t *buffer_of(uint64_t at, uint64_t size) {
    size_t bytes = is_range(at, size) ? (size_t)size : 1;
    uint8_t *buffer = (uint8_t *)malloc(bytes);

    FUZZ_CHECK(buffer != 0);
    memset(buffer, 0x77, bytes);
    return buffer;
}

static void op_map(struct input *input) {
    unsigned page = input_byte(input) % PAGE_COUNT;
    unsigned count = 1 + input_byte(input) % 8u;
    unsigned how = input_byte(input);
    bool is_writable = (how & 1) != 0;
    uint32_t flags = AXADDR_READ | (is_writable ? AXADDR_WRITE : 0) | AXADDR_REPLACE;
    unsigned first = (how >> 4) % LINEAR_COUNT;
    enum axaddr_status status;
    enum page_kind made;
    uint64_t at = HOME + page * PAGE;
    unsigned i;

    count = count < PAGE_COUNT - page ? count : PAGE_COUNT - page;
    switch (how >> 1 & 7) {
    case 0:
    case 1:
        count = count < LINEAR_COUNT - first ? count : LINEAR_COUNT - first;
        made = LINEAR;
        status = kind->map_linear(at, LINEAR_BASE + first * PAGE, count * PAGE, flags);
        break;
    case 2:
        made = OWN;
        status = kind->map_alloc(at, count * PAGE, flags, AXADDR_POPULATE);
        break;
    case 3:
        made = SPARSE;
        status = kind->map_alloc(at, count * PAGE, flags | AXADDR_ZERO_PAGE, AXADDR_LAZY);
        break;
    case 4:
        made = HOLE;
        status = kind->unmap(at, count * PAGE);
        break;
    case 5: /* this one replaces nothing */
        made = DEVICE;
        status = kind->unmap(at, count * PAGE);
        for (i = 0; i < count && status == AXADDR_OK; i++) {
            pages[page + i].kind = HOLE;
        }
        status = status == AXADDR_OK ? kind->map_device(at, count * PAGE) : status;
        break;
    default:
        made = RESERVED;
        status = kind->map_alloc(at, count * PAGE, flags, AXADDR_LAZY);
        break;
    }
    if (status == AXADDR_NO_MEMORY) {
        FUZZ_CHECK(has_failed);
        return;
    }
    FUZZ_EQ(status, AXADDR_OK);
    for (i = 0; i < count; i++) {
        pages[page + i].kind = made;
        pages[page + i].is_writable = is_writable;
        pages[page + i].linear = first + i;
        memset(pages[page + i].bytes, 0, PAGE);
    }
}

static void op_copy_from(struct input *input) {
    uint64_t at = pick_address(input);
    uint64_t size = pick_size(input);
    uint32_t how = pick_how(input);
    uint8_t *buffer = buffer_of(at, size);
    uint64_t done = 99;
    uint64_t i;

    agree(at, size, AXADDR_READ, how, kind->copy_from(at, buffer, size, how, &done), done);
    for (i = 0; i < done; i++) {
        FUZZ_EQ(buffer[i], *model_at(at - HOME + i));
    }
    free(buffer);
}

static void op_copy_to(struct input *input) {
    uint64_t at = pick_address(input);
    uint64_t size = pick_size(input);
    uint32_t how = pick_how(input);
    uint8_t seed = input_byte(input);
    uint8_t *buffer = buffer_of(at, size);
    uint64_t done = 99;
    uint64_t i;

    for (i = 0; is_range(at, size) && i < size; i++) {
        buffer[i] = (uint8_t)(i * 7 + seed);
    }
    agree(at, size, AXADDR_WRITE, how, kind->copy_to(at, buffer, size, how, &done), done);
    for (i = 0; i < done; i++) {
        *model_at(at - HOME + i) = buffer[i];
    }
    free(buffer);
}

static void op_fill(struct input *input) {
    uint64_t at = pick_address(input);
    uint64_t size = pick_size(input);
    uint32_t how = pick_how(input);
    uint8_t byte = input_byte(input);
    uint64_t done = 99;
    uint64_t i;

    agree(at, size, AXADDR_WRITE, how, kind->fill(at, byte, size, how, &done), done);
    for (i = 0; i < done; i++) {
        *model_at(at - HOME + i) = byte;
    }
}

/** Page by page, as far as it goes. */
static void op_read_string(struct input *input) {
    uint64_t at = pick_address(input);
    uint64_t size = pick_size(input);
    uint32_t how = pick_how(input);
    uint64_t limit = size < SPACE_SIZE ? size : SPACE_SIZE;
    uint8_t *buffer = (uint8_t *)malloc(limit > 0 ? (size_t)limit : 1);
    uint64_t length = 99;
    enum axaddr_status status = kind->read_string(at, (char *)buffer, size, how, &length);
    uint64_t i;

    FUZZ_CHECK(buffer != 0);
    FUZZ_EQ(walk_count, 0);
    if (size == 0 || !is_range(at, 1)) {
        FUZZ_EQ(status, AXADDR_INVALID);
        FUZZ_EQ(length, 0);
    } else {
        for (i = 0; i <= length && i < size; i++) {
            uint64_t offset = at - HOME + i;

            if ((i == 0 || offset % PAGE == 0) && i < size) {
                enum axaddr_status expected = AXADDR_NOT_MAPPED;

                if (status == AXADDR_NO_MEMORY && i == length) {
                    FUZZ_CHECK(has_failed);
                    break;
                }
                if (offset < SPACE_SIZE) {
                    expected = model_page((unsigned)(offset / PAGE), AXADDR_READ, how);
                }
                if (expected != AXADDR_OK) {
                    FUZZ_EQ(status, expected);
                    FUZZ_EQ(length, i);
                    break;
                }
            }
            FUZZ_EQ(*model_at(offset) == 0, i == length);
            FUZZ_CHECK(i < length || status == AXADDR_OK);
            FUZZ_EQ(buffer[i], *model_at(offset));
        }
        FUZZ_CHECK(length < size || (length == size && status == AXADDR_NO_MEMORY));
    }
    free(buffer);
}

static void op_number(struct input *input) {
    uint64_t at = pick_address(input);
    unsigned how_wide = input_byte(input);
    unsigned width = how_wide < 224 ? 1u << how_wide % 4 : how_wide - 224;
    unsigned which = input_byte(input) % 4u;
    uint64_t word = input_word(input);
    uint32_t how = pick_how(input);
    bool is_good =
        is_range(at, width) && (width & (width - 1)) == 0 && width <= 8 && (at & (width - 1)) == 0;
    uint32_t access = which == 0   ? AXADDR_READ
                      : which == 1 ? AXADDR_WRITE
                                   : AXADDR_READ | AXADDR_WRITE;
    enum axaddr_status status;
    uint64_t there = 0;
    uint64_t value;

    if (is_good) {
        memcpy(&there, model_at(at - HOME), width);
        there = pages[(at - HOME) / PAGE].kind >= SHARED ? there : 0;
    }
    value = which == 2 ? there : word;
    if (which == 3 && is_good && width < 8 && value >> 8 * width != 0) {
        is_good = false; /* what can never be there */
    }
    status = which == 0   ? kind->load(at, width, how, &value)
             : which == 1 ? kind->store(at, width, how, word)
                          : kind->exchange(at, width, how, ~word, &value);
    if (!is_good) {
        FUZZ_EQ(status, AXADDR_INVALID);
        return;
    }
    agree(at, width, access, how, status, status == AXADDR_OK ? width : 0);
    if (status != AXADDR_OK) {
        return;
    }
    if (which != 1) {
        FUZZ_EQ(value, there);
    }
    word = which == 1 ? word : ~word;
    if (which == 1 || which == 2 || (which == 3 && ~word == there)) {
        memcpy(model_at(at - HOME), &word, width);
    }
}

static void op_segments(struct input *input) {
    static struct axaddr_segment parts[PAGE_COUNT];
    uint64_t at = pick_address(input);
    uint64_t size = pick_size(input);
    uint32_t how = pick_how(input);
    uint32_t access = input_bool(input) ? AXADDR_READ : AXADDR_READ | AXADDR_WRITE;
    size_t max = 1 + input_below(input, PAGE_COUNT);
    uint64_t offset = at - HOME;
    uint64_t done = 99;
    size_t count = 99;
    enum axaddr_status status = kind->segments(at, size, access, how, parts, max, &count, &done);
    size_t i;
    size_t k;

    FUZZ_CHECK(count <= max);
    if (status == AXADDR_OK && done < size) { /* the array was full */
        FUZZ_CHECK(count == max && (at + done) % PAGE == 0);
        agree(at, done, access, how, status, done);
    } else {
        agree(at, size, access, how, status, done);
    }
    for (i = 0; i < count; i++) {
        const uint8_t *bytes = (const uint8_t *)parts[i].at;

        FUZZ_CHECK(i == 0 || bytes != (uint8_t *)parts[i - 1].at + parts[i - 1].size);
        for (k = 0; k < parts[i].size; k++, offset++) {
            FUZZ_EQ(bytes[k], *model_at(offset));
        }
    }
    FUZZ_EQ(offset - (at - HOME), done);
}

static void (*const operations[])(struct input *) = {
    op_map, op_copy_from, op_copy_to, op_fill, op_read_string, op_number, op_segments, op_map,
};
#define OPERATION_COUNT (sizeof(operations) / sizeof(operations[0]))
#define STEP_MAX        200u

/** No frame may be used but by its own bytes, nor what follows linear memory. */
static void begin(void) {
    uint64_t zero_frame = (FRAME_MAX)*FRAME_STEP;
    unsigned i;

#ifdef HAS_ASAN
    for (i = 0; i < FRAME_MAX; i++) {
        ASAN_POISON_MEMORY_REGION(frames[i].gap, PAGE);
    }
    ASAN_POISON_MEMORY_REGION(linear + LINEAR_COUNT * PAGE, PAGE);
#endif
    memset(is_used, 0, sizeof is_used);
    is_used[FRAME_MAX - 1] = true; /* the zero frame */
    memset(frames[FRAME_MAX - 1].bytes, 0, PAGE);
    used_count = 0;
    allowed = UINT32_MAX;
    walk_count = 0;
    is_locked = false;
    for (i = 0; i < LINEAR_COUNT * PAGE; i++) {
        linear[i] = linear_bytes[i] = (uint8_t)(i * 5 + i / PAGE);
    }
    memset(pages, 0, sizeof pages);
    FUZZ_EQ(kind->init(), AXADDR_OK);
    FUZZ_EQ(kind->set_zero_frame(zero_frame), AXADDR_OK);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct input input = input_of(data, size);
    unsigned i;

    kind = input_bool(&input) ? &many_kind : &one_kind;
    fuzz_context = kind->name;
    begin();
    for (i = 0; i < STEP_MAX && input.left > 0; i++) {
        unsigned which = input_byte(&input);

        allowed = (which & 0x80) != 0 ? input_byte(&input) % 8u : UINT32_MAX;
        has_failed = false;
        fuzz_say("%s: %u: operation %u\n", kind->name, i,
                 (unsigned)((which & 0x7f) % OPERATION_COUNT));
        operations[(which & 0x7f) % OPERATION_COUNT](&input);
        allowed = UINT32_MAX;
    }
    FUZZ_CHECK(memcmp(linear, linear_bytes, LINEAR_COUNT * PAGE) == 0);
    for (i = 0; i < PAGE; i++) {
        FUZZ_EQ(frames[FRAME_MAX - 1].bytes[i], 0);
    }
    kind->destroy();
    FUZZ_EQ(used_count, 0);
    return 0;
}
