/* SPDX-License-Identifier: MIT
 *
 * test_frame.c: owned frames over an arena whose ledger knows every frame: what is taken and not
 * given back is a leak, what is given back twice or was never taken is an error.
 */
#include "axaddr_core/frame.h"

#include "check.h"

#define ARENA_FRAME_COUNT 8
/* Frame 0 of the arena has host-physical address 0: no address may mean "none". */
#define ARENA_BASE        UINT64_C(0)

struct arena {
    unsigned char bytes[ARENA_FRAME_COUNT + 2][AXADDR_FRAME_SIZE]; /* a guard frame at each end */
    bool is_taken[ARENA_FRAME_COUNT];
    unsigned taken_count;
    unsigned wrong_free_count; /* frames freed twice, never taken, or not of this arena */
    unsigned fail_after;       /* allocations that still succeed */
};

static _Alignas(4096) struct arena arena;
/* A second HAL context, for frames that must go back where they came from. */
static _Alignas(4096) struct arena other_arena;

static bool arena_alloc(void *ctx, axaddr_hpa_t *frame) {
    struct arena *from = (struct arena *)ctx;
    unsigned i;

    for (i = 0; i < ARENA_FRAME_COUNT && from->fail_after > 0; i++) {
        if (!from->is_taken[i]) {
            from->fail_after--;
            from->is_taken[i] = true;
            from->taken_count++;
            *frame = axaddr_hpa(ARENA_BASE + i * AXADDR_FRAME_SIZE);
            return true;
        }
    }
    return false;
}

static void arena_free(void *ctx, axaddr_hpa_t frame) {
    struct arena *to = (struct arena *)ctx;
    uint64_t index = (frame.raw - ARENA_BASE) / AXADDR_FRAME_SIZE;

    if (frame.raw % AXADDR_FRAME_SIZE != 0 || index >= ARENA_FRAME_COUNT || !to->is_taken[index]) {
        to->wrong_free_count++;
        return;
    }
    to->is_taken[index] = false;
    to->taken_count--;
}

static void *arena_at(void *ctx, axaddr_hpa_t frame) {
    struct arena *in = (struct arena *)ctx;

    return in->bytes[1 + (frame.raw - ARENA_BASE) / AXADDR_FRAME_SIZE];
}

static void arena_flush(void *ctx, const struct axaddr_flush *plan) {
    (void)ctx;
    (void)plan;
}

static const struct axaddr_hal arena_hal = {
    .alloc_frame = arena_alloc,
    .free_frame = arena_free,
    .frame_at = arena_at,
    .flush_tlb = arena_flush,
    .alloc_block = NULL,
    .free_block = NULL,
};

AXADDR_DEFINE_FRAME(page, arena_hal);

static void arena_reset(struct arena *a) {
    memset(a, 0, sizeof *a);
    /* What the HAL hands out was somebody else's: never zero by luck. */
    memset(a->bytes, 0xa5, sizeof a->bytes);
    a->fail_after = UINT32_MAX;
}

static void reset(void) {
    arena_reset(&arena);
    arena_reset(&other_arena);
}

/* Nothing taken, nothing freed that was not taken. */
static bool is_balanced(void) {
    return arena.taken_count == 0 && arena.wrong_free_count == 0 && other_arena.taken_count == 0 &&
           other_arena.wrong_free_count == 0;
}

static bool is_filled(const unsigned char *bytes, unsigned char byte) {
    size_t i;

    for (i = 0; i < AXADDR_FRAME_SIZE; i++) {
        if (bytes[i] != byte) {
            return false;
        }
    }
    return true;
}

/* ---- by hand ---- */

static void alloc_then_release(void) {
    struct page frame;
    axaddr_hpa_t base = axaddr_hpa(1);

    reset();
    CHECK_EQ(page_alloc(&arena, &frame), AXADDR_OK);
    CHECK(page_is_owned(&frame));
    CHECK_EQ(arena.taken_count, 1);
    CHECK_EQ(page_base(&frame, &base), AXADDR_OK);
    CHECK_EQ(base.raw, ARENA_BASE);
    CHECK(page_pointer(&frame) == arena.bytes[1]);
    /* Plain alloc does not pay for what the caller did not ask for. */
    CHECK(is_filled(arena.bytes[1], 0xa5));
    page_release(&frame);
    CHECK(!page_is_owned(&frame));
    CHECK(is_balanced());
}

static void release_twice_frees_once(void) {
    struct page frame;

    reset();
    CHECK_EQ(page_alloc(&arena, &frame), AXADDR_OK);
    page_release(&frame);
    page_release(&frame);
    CHECK(is_balanced());

    /* And does not free the frame of whoever got it next. */
    struct page next;
    CHECK_EQ(page_alloc(&arena, &next), AXADDR_OK);
    page_release(&frame);
    CHECK_EQ(arena.taken_count, 1);
    page_release(&next);
    CHECK(is_balanced());
}

static void an_empty_frame_has_nothing(void) {
    struct page empty = page_empty(), zero;
    axaddr_hpa_t base = axaddr_hpa(7);

    reset();
    memset(&zero, 0, sizeof zero);
    CHECK(!page_is_owned(&empty));
    CHECK(!page_is_owned(&zero));
    CHECK_EQ(page_base(&empty, &base), AXADDR_INVALID);
    CHECK_EQ(page_detach(&empty, &base), AXADDR_INVALID);
    CHECK_EQ(page_base(&zero, &base), AXADDR_INVALID);
    CHECK_EQ(base.raw, 7);
    CHECK(page_pointer(&empty) == NULL);
    CHECK_EQ(page_fill(&empty, 1), AXADDR_INVALID);
    CHECK(is_filled(arena.bytes[1], 0xa5));
    page_release(&empty);
    page_release(&zero);
    CHECK(is_balanced());
}

static void a_released_frame_is_empty(void) {
    struct page frame;
    axaddr_hpa_t base = axaddr_hpa(7);

    reset();
    CHECK_EQ(page_alloc(&arena, &frame), AXADDR_OK);
    page_release(&frame);
    CHECK_EQ(page_base(&frame, &base), AXADDR_INVALID);
    CHECK_EQ(base.raw, 7);
    CHECK(page_pointer(&frame) == NULL);
    CHECK_EQ(page_fill(&frame, 1), AXADDR_INVALID);
    CHECK(is_filled(arena.bytes[1], 0xa5));
}

static void no_memory_leaves_the_frame_alone(void) {
    struct page frame, before;

    reset();
    memset(&frame, 0x5a, sizeof frame);
    frame.owned.is_owned = false;
    memcpy(&before, &frame, sizeof frame);
    arena.fail_after = 0;
    CHECK_EQ(page_alloc(&arena, &frame), AXADDR_NO_MEMORY);
    CHECK_EQ(page_alloc_zeroed(&arena, &frame), AXADDR_NO_MEMORY);
    CHECK(memcmp(&frame, &before, sizeof frame) == 0);
    CHECK(is_filled(arena.bytes[1], 0xa5));
    page_release(&frame);
    CHECK(is_balanced());
}

static void all_frames_can_be_taken_and_the_next_is_no_memory(void) {
    struct page frames[ARENA_FRAME_COUNT + 1];
    unsigned i;

    reset();
    for (i = 0; i < ARENA_FRAME_COUNT; i++) {
        CHECK_EQ(page_alloc_zeroed(&arena, &frames[i]), AXADDR_OK);
    }
    frames[i] = page_empty();
    CHECK_EQ(page_alloc(&arena, &frames[i]), AXADDR_NO_MEMORY);
    CHECK(!page_is_owned(&frames[i]));
    for (i = 0; i <= ARENA_FRAME_COUNT; i++) {
        page_release(&frames[i]);
    }
    CHECK(is_balanced());
}

/* ---- contents ---- */

static void alloc_zeroed_zeroes_all_and_only_its_frame(void) {
    struct page first, second, third;

    reset();
    CHECK_EQ(page_alloc(&arena, &first), AXADDR_OK);
    CHECK_EQ(page_alloc_zeroed(&arena, &second), AXADDR_OK);
    CHECK_EQ(page_alloc(&arena, &third), AXADDR_OK);
    CHECK(is_filled(arena.bytes[1], 0xa5));
    CHECK(is_filled(arena.bytes[2], 0));
    CHECK(is_filled(arena.bytes[3], 0xa5));
    page_release(&first);
    page_release(&second);
    page_release(&third);
    CHECK(is_balanced());
}

static void fill_writes_every_byte_value(void) {
    static const uint8_t values[] = {0, 1, 0x7f, 0x80, 0xff};
    struct page frame;
    size_t i;

    reset();
    CHECK_EQ(page_alloc(&arena, &frame), AXADDR_OK);
    for (i = 0; i < sizeof values; i++) {
        CHECK_EQ(page_fill(&frame, values[i]), AXADDR_OK);
        CHECK(is_filled(arena.bytes[1], values[i]));
        CHECK(is_filled(arena.bytes[0], 0xa5));
        CHECK(is_filled(arena.bytes[2], 0xa5));
    }
    page_release(&frame);
}

/* The frame's memory has a type of its own: the fill may not be reordered around its accesses. */
static void fill_is_seen_by_typed_accesses(void) {
    struct page frame;
    double *numbers;

    reset();
    CHECK_EQ(page_alloc(&arena, &frame), AXADDR_OK);
    numbers = (double *)page_pointer(&frame);
    numbers[3] = 1.5;
    CHECK_EQ(page_fill(&frame, 0), AXADDR_OK);
    CHECK(numbers[3] == 0.0);
    numbers[3] = 2.5;
    CHECK(numbers[3] == 2.5);
    page_release(&frame);
}

/* ---- hand-over ---- */

static void detach_gives_the_frame_away(void) {
    struct page frame, again = page_empty();
    axaddr_hpa_t base = axaddr_hpa(7), other = axaddr_hpa(7);

    reset();
    CHECK_EQ(page_alloc(&arena, &frame), AXADDR_OK);
    CHECK_EQ(page_detach(&frame, &base), AXADDR_OK);
    CHECK_EQ(base.raw, ARENA_BASE);
    CHECK(!page_is_owned(&frame));
    page_release(&frame);
    CHECK_EQ(arena.taken_count, 1);
    CHECK_EQ(page_detach(&frame, &other), AXADDR_INVALID);
    CHECK_EQ(other.raw, 7);

    CHECK_EQ(page_adopt(&arena, axaddr_hpa(base.raw + 1), &again), AXADDR_INVALID);
    CHECK_EQ(page_adopt(&arena, axaddr_hpa(base.raw + 0x800), &again), AXADDR_INVALID);
    CHECK(!page_is_owned(&again));
    CHECK_EQ(page_adopt(&arena, base, &again), AXADDR_OK);
    CHECK(page_pointer(&again) == arena.bytes[1]);
    page_release(&again);
    CHECK(is_balanced());
}

static void frames_go_back_to_the_context_they_came_from(void) {
    struct page here, there;

    reset();
    CHECK_EQ(page_alloc(&arena, &here), AXADDR_OK);
    CHECK_EQ(page_alloc(&other_arena, &there), AXADDR_OK);
    CHECK(page_pointer(&here) == arena.bytes[1]);
    CHECK(page_pointer(&there) == other_arena.bytes[1]);
    page_release(&there);
    CHECK_EQ(arena.taken_count, 1);
    CHECK_EQ(other_arena.taken_count, 0);
    page_release(&here);
    CHECK(is_balanced());
}

/* ---- scopes ---- */

/* How use_scoped leaves its scope. */
enum way { WAY_END, WAY_EARLY, WAY_GOTO, WAY_RELEASED, WAY_DETACHED, WAY_COUNT };

static enum axaddr_status use_scoped(enum way way, axaddr_hpa_t *given) {
    AXADDR_SCOPED_FRAME(page, first);
    AXADDR_SCOPED_FRAME(page, second);

    if (page_alloc_zeroed(&arena, &first) != AXADDR_OK ||
        page_alloc(&arena, &second) != AXADDR_OK) {
        return AXADDR_NO_MEMORY;
    }
    switch (way) {
    case WAY_EARLY:
        return AXADDR_DENIED;
    case WAY_GOTO:
        goto out;
    case WAY_RELEASED:
        page_release(&first);
        break;
    case WAY_DETACHED:
        return page_detach(&first, given);
    case WAY_END:
    case WAY_COUNT:
        break;
    }
out:
    return AXADDR_OK;
}

static void a_scoped_frame_is_released_on_every_way_out(void) {
    unsigned way, fail_after;
    axaddr_hpa_t given = axaddr_hpa(7);

    for (way = 0; way < WAY_COUNT; way++) {
        reset();
        CHECK_EQ(use_scoped((enum way)way, &given), way == WAY_EARLY ? AXADDR_DENIED : AXADDR_OK);
        if (way == WAY_DETACHED) {
            CHECK_EQ(arena.taken_count, 1);
            CHECK_EQ(given.raw, ARENA_BASE);
            arena_free(&arena, given);
        }
        CHECK(is_balanced());
    }
    for (fail_after = 0; fail_after < 2; fail_after++) {
        reset();
        arena.fail_after = fail_after;
        CHECK_EQ(use_scoped(WAY_END, &given), AXADDR_NO_MEMORY);
        CHECK(is_balanced());
    }
}

static void a_scope_in_a_loop_releases_each_time(void) {
    unsigned i;

    reset();
    for (i = 0; i < 3 * ARENA_FRAME_COUNT; i++) {
        AXADDR_SCOPED_FRAME(page, frame);
        CHECK_EQ(page_alloc(&arena, &frame), AXADDR_OK);
        CHECK_EQ(arena.taken_count, 1);
        if (i % 3 == 0) {
            continue;
        }
        if (i == 3 * ARENA_FRAME_COUNT - 1) {
            break;
        }
    }
    CHECK(is_balanced());
}

static void a_scoped_frame_that_was_never_taken_is_harmless(void) {
    reset();
    {
        AXADDR_SCOPED_FRAME(page, frame);
        CHECK(!page_is_owned(&frame));
    }
    CHECK(is_balanced());
}

int main(void) {
    CASE(alloc_then_release);
    CASE(release_twice_frees_once);
    CASE(an_empty_frame_has_nothing);
    CASE(a_released_frame_is_empty);
    CASE(no_memory_leaves_the_frame_alone);
    CASE(all_frames_can_be_taken_and_the_next_is_no_memory);
    CASE(alloc_zeroed_zeroes_all_and_only_its_frame);
    CASE(fill_writes_every_byte_value);
    CASE(fill_is_seen_by_typed_accesses);
    CASE(detach_gives_the_frame_away);
    CASE(frames_go_back_to_the_context_they_came_from);
    CASE(a_scoped_frame_is_released_on_every_way_out);
    CASE(a_scope_in_a_loop_releases_each_time);
    CASE(a_scoped_frame_that_was_never_taken_is_harmless);
    return check_report("test_frame");
}
