/* SPDX-License-Identifier: MIT
 *
 * steps.h: one arbitrary operation after the other on a space and its model (pair.h). Where the
 * choices come from is open: pseudo-random numbers for the long sequences of test_random.c, the
 * bytes of an input for the fuzzer.
 */
#ifndef AXADDR_TESTS_STEPS_H
#define AXADDR_TESTS_STEPS_H

#include "pair.h"
#include "windows.h"

/* ---- choices ---- */

struct source {
    const uint8_t *bytes; /**< 0: pseudo-random */
    size_t left;
    uint64_t random;
    uint8_t *record; /**< where to note the bytes that would choose the same, or 0 */
    size_t record_count;
    size_t record_max;
};

/** Note a choice that was made pseudo-randomly. */
static void source_note(struct source *source, uint64_t value, uint64_t count) {
    unsigned size = 0;
    while (size < 8 && (count - 1) >> (8 * size) != 0) {
        size++;
    }
    while (size > 0 && source->record_count < source->record_max) {
        size--;
        source->record[source->record_count++] = (uint8_t)(value >> (8 * size));
    }
}

/** A number below `count` (which is not 0). When the bytes are used up it is always 0. */
static uint64_t source_below(struct source *source, uint64_t count) {
    uint64_t value = 0;
    uint64_t limit;

    if (source->bytes == 0) {
        source->random ^= source->random >> 12;
        source->random ^= source->random << 25;
        source->random ^= source->random >> 27;
        value = (source->random * UINT64_C(0x2545f4914f6cdd1d) >> 16) % count;
        if (source->record != 0) {
            source_note(source, value, count);
        }
        return value;
    }
    for (limit = 1; limit < count && source->left > 0; limit <<= 8) {
        value = value << 8 | *source->bytes++;
        source->left--;
    }
    return value % count;
}

/** True once in `count` times. */
static bool source_rarely(struct source *source, uint64_t count) {
    return source_below(source, count) == count - 1;
}

/* ---- steps ---- */

#define STEPS_FRAME_MAX 1100 /**< of one map_frames */
#define STEPS_LEAF_MAX  600  /**< of one map_linear */
#define STEPS_FRESH_MAX 100  /**< of one populated area */

struct steps {
    struct pair pair;
    struct source source;
    axaddr_hpa_t frames[STEPS_FRAME_MAX];
    uint32_t fail_rarity; /**< allocation failures in one of so many steps; 0: never */
};

/** A range of cells, and its addresses. */
struct steps_range {
    uint32_t from;
    uint32_t to;
    uint64_t gpa;
    uint64_t size;
};

static void steps_set_to(const struct model *model, struct steps_range *range, uint32_t to) {
    range->to = to;
    range->gpa = model->cells[range->from].first;
    range->size = model->cells[to].last - range->gpa + 1;
}

/** Cells from a random one on; how many is spread geometrically. Sometimes whole leaves. */
static struct steps_range steps_pick(struct steps *steps) {
    const struct model *model = &steps->pair.model;
    struct source *source = &steps->source;
    uint64_t unit1 = window_unit(model->format, 1);
    struct steps_range range;
    unsigned bits = 1;
    uint64_t count;

    while (model->cell_count >> bits > 1) {
        bits++;
    }
    range.from = (uint32_t)source_below(source, model->cell_count);
    count = 1 + source_below(source, UINT64_C(1) << source_below(source, bits + 1));
    if (source_rarely(source, 4)) {
        uint64_t up = (model->cells[range.from].first + unit1 - 1) & ~(unit1 - 1);
        if (model_has(model, up) && model->cells[model_cell_of(model, up)].first == up) {
            range.from = model_cell_of(model, up);
            if (model_is_page_cell(&model->cells[range.from])) {
                count = unit1 / MODEL_PAGE * (1 + source_below(source, 2));
            }
        }
    }
    if (count > model->cell_count - range.from) {
        count = model->cell_count - range.from;
    }
    steps_set_to(model, &range, range.from + (uint32_t)count - 1);
    return range;
}

/** How it is mapped: mostly as it comes. */
static uint32_t steps_how(struct steps *steps) {
    switch (source_below(&steps->source, 8)) {
    case 7:
        return AXADDR_SMALL;
    case 6:
        return AXADDR_REPLACE;
    case 5:
        return AXADDR_REPLACE | AXADDR_SMALL;
    default:
        return 0;
    }
}

/** Mostly: cut the range where its cells stop being (with is_free) holes or (without) mapped. */
static void steps_trim(struct steps *steps, struct steps_range *range, bool is_free) {
    const struct model *model = &steps->pair.model;
    uint32_t i = range->from;
    if (source_rarely(&steps->source, 8)) {
        return;
    }
    while (i < range->to && (model->cells[i].state == MODEL_HOLE) == is_free &&
           (model->cells[i + 1].state == MODEL_HOLE) == is_free) {
        i++;
    }
    steps_set_to(model, range, i);
}

/** Mostly flags that the format can hold. */
static uint32_t steps_flags(struct steps *steps) {
    const struct axaddr_format *format = steps->pair.ops->format;
    uint32_t flags = (uint32_t)source_below(&steps->source, 64);
    if ((!axaddr_flags_are_valid(flags) || !format->can_hold(flags)) &&
        !source_rarely(&steps->source, 8)) {
        flags = AXADDR_READ | (flags & AXADDR_WRITE);
    }
    return flags;
}

/** Trim what a map may have; one that replaces may have anything. */
static void steps_trim_map(struct steps *steps, struct steps_range *range, uint32_t how) {
    if ((how & AXADDR_REPLACE) == 0) {
        steps_trim(steps, range, true);
    }
}

/** The largest leaf. */
static uint64_t steps_leaf_max(const struct axaddr_format *format) {
    unsigned level = 0;
    while ((format->leaf_levels >> (level + 1) & 1) != 0) {
        level++;
    }
    return UINT64_C(1) << format->shift[level];
}

/** Move host memory out of the arena, which is not the test's to map. */
static uint64_t steps_avoid_arena(const struct host *host, uint64_t hpa, uint64_t size,
                                  uint64_t leaf) {
    uint64_t end = host->base + (uint64_t)host->frame_count * HOST_FRAME_SIZE;
    if (hpa < end && hpa + size > host->base) {
        hpa += (end - hpa + leaf - 1) / leaf * leaf;
    }
    return hpa;
}

static void steps_map_linear(struct steps *steps) {
    const struct axaddr_format *format = steps->pair.ops->format;
    struct source *source = &steps->source;
    struct steps_range range = steps_pick(steps);
    uint64_t sizes[3] = {steps_leaf_max(format), window_unit(format, 1), MODEL_PAGE};
    uint64_t leaf = sizes[source_below(source, 3)];
    uint32_t how = steps_how(steps);
    uint64_t end = axaddr_low_bits(format->output_width);
    uint64_t shift;
    uint64_t hpa;

    steps_trim_map(steps, &range, how);
    while (range.size / ((how & AXADDR_SMALL) != 0 ? MODEL_PAGE : leaf) > STEPS_LEAF_MAX) {
        if (range.to > range.from) {
            steps_set_to(&steps->pair.model, &range, range.from + (range.to - range.from) / 2);
        } else if ((how & AXADDR_SMALL) != 0 || leaf != sizes[0]) {
            how &= ~AXADDR_SMALL;
            leaf = sizes[0];
        } else {
            return;
        }
    }
    shift = source_below(source, 16) * leaf;
    switch (source_below(source, 4)) {
    case 0:
        hpa = (range.gpa & (leaf - 1)) + shift;
        break;
    case 1:
        hpa = range.gpa + shift;
        break;
    case 2:
        hpa = range.gpa >= shift ? range.gpa - shift : range.gpa;
        break;
    default:
        hpa = ((end - (range.size - 1)) & ~(leaf - 1)) + (range.gpa & (leaf - 1));
        hpa -= hpa > end - (range.size - 1) ? leaf : 0;
        break;
    }
    hpa = steps_avoid_arena(steps->pair.host, hpa, range.size, leaf);
    pair_map_linear(&steps->pair, range.gpa, hpa, range.size, steps_flags(steps) | how);
}

static void steps_map_frames(struct steps *steps) {
    const struct model *model = &steps->pair.model;
    struct source *source = &steps->source;
    struct steps_range range = steps_pick(steps);
    uint64_t unit1 = window_unit(model->format, 1);
    uint64_t frame = 0;
    uint64_t left = 0;
    uint32_t how = steps_how(steps);
    size_t count = 0;
    uint32_t i;

    steps_trim_map(steps, &range, how);
    for (i = range.from; i <= range.to; i++) {
        uint64_t pages = (model->cells[i].last - model->cells[i].first + 1) / MODEL_PAGE;
        uint64_t k;
        if (pages > STEPS_FRAME_MAX - count) {
            break;
        }
        if (left == 0) {
            left = UINT64_C(1) << source_below(source, 11);
            frame = (1 + source_below(source, 256)) * unit1;
            frame += source_rarely(source, 2) ? MODEL_PAGE * source_below(source, 16)
                                              : model->cells[i].first & (unit1 - 1);
            frame = steps_avoid_arena(steps->pair.host, frame,
                                      (uint64_t)STEPS_FRAME_MAX * MODEL_PAGE, unit1);
        }
        for (k = 0; k < pages; k++) {
            steps->frames[count++] = axaddr_hpa(frame);
            frame += MODEL_PAGE;
        }
        left = left > pages ? left - pages : 0;
    }
    if (i == range.from) {
        return;
    }
    pair_map_frames(&steps->pair, range.gpa, steps->frames, count, steps_flags(steps) | how);
}

static void steps_map_alloc(struct steps *steps, enum axaddr_backing backing) {
    const struct model *model = &steps->pair.model;
    struct steps_range range = steps_pick(steps);
    uint32_t how = steps_how(steps);

    steps_trim_map(steps, &range, how);
    if (backing == AXADDR_POPULATE) {
        uint32_t i = range.from;
        if (!model_is_page_cell(&model->cells[i])) {
            return;
        }
        while (i < range.to && model_is_page_cell(&model->cells[i + 1]) &&
               i - range.from < STEPS_FRESH_MAX - 1) {
            i++;
        }
        steps_set_to(model, &range, i);
    }
    pair_map_alloc(&steps->pair, range.gpa, range.size, steps_flags(steps) | how, backing);
}

static void steps_map_device(struct steps *steps) {
    struct steps_range range = steps_pick(steps);
    uint32_t cookie = (uint32_t)source_below(&steps->source, 4);
    steps_trim(steps, &range, true);
    pair_map_device(&steps->pair, range.gpa, range.size, cookie == 3 ? AXADDR_COOKIE_MAX : cookie);
}

static void steps_unmap(struct steps *steps) {
    struct steps_range range = steps_pick(steps);
    if (source_rarely(&steps->source, 32)) {
        range.from = 0;
        steps_set_to(&steps->pair.model, &range, steps->pair.model.cell_count - 1);
    }
    pair_unmap(&steps->pair, range.gpa, range.size);
}

static void steps_protect(struct steps *steps) {
    struct steps_range range = steps_pick(steps);
    steps_trim(steps, &range, false);
    pair_protect(&steps->pair, range.gpa, range.size, steps_flags(steps));
}

/** Of large leaves only so much is broken up as makes a handful of tables. */
static void steps_split(struct steps *steps) {
    uint64_t most = 8 * window_unit(steps->pair.ops->format, 1);
    struct steps_range range = steps_pick(steps);
    while (range.size > most && range.to > range.from) {
        steps_set_to(&steps->pair.model, &range, range.from + (range.to - range.from) / 2);
    }
    if (range.size <= most) {
        pair_split(&steps->pair, range.gpa, range.size);
    }
}

static void steps_collapse(struct steps *steps) {
    struct steps_range range = steps_pick(steps);
    pair_collapse(&steps->pair, range.gpa, range.size);
}

/** A fault, but not where it would divide a cell. */
static void steps_fault(struct steps *steps) {
    const struct model *model = &steps->pair.model;
    struct source *source = &steps->source;
    uint32_t i = (uint32_t)source_below(source, model->cell_count);
    uint32_t access = 1 + (uint32_t)source_below(source, AXADDR_ACCESS_FLAGS);
    uint64_t offset = source_below(source, MODEL_PAGE);

    if (model->cells[i].state == MODEL_RESERVED && !model_is_page_cell(&model->cells[i])) {
        return;
    }
    pair_fault(&steps->pair, model->cells[i].first + offset, access);
}

/** An address that the space does not have. */
static uint64_t steps_outside(struct steps *steps) {
    const struct model *model = &steps->pair.model;
    uint64_t wide = UINT64_C(1) << model->format->input_width;
    uint64_t inside =
        model->cells[source_below(&steps->source, model->cell_count)].first & (wide - 1);
    uint64_t outside[5];

    outside[0] = model->last + 1;
    outside[1] = model->start - MODEL_PAGE;
    outside[2] = inside | wide;
    outside[3] = inside | wide << 1;
    outside[4] = inside | UINT64_C(1) << 62;
    inside = outside[source_below(&steps->source, 5)];
    return model_has(model, inside) ? wide : inside; /* it may have wrapped into the space */
}

/** Ask about an address outside the space. */
static void steps_ask(struct steps *steps) {
    struct pair *pair = &steps->pair;
    uint64_t gpa = steps_outside(steps) + source_below(&steps->source, MODEL_PAGE);
    struct axaddr_mapping mapping;
    uint64_t hpa = 0;

    CHECK_EQ(pair->ops->translate(pair->space, gpa, &hpa), AXADDR_INVALID);
    CHECK_EQ(hpa, 0);
    CHECK_EQ(pair->ops->query(pair->space, gpa, &mapping), AXADDR_INVALID);
    if (!pair->ops->is_table) {
        pair_fault(pair, gpa, AXADDR_READ);
    }
}

/** Good arguments but for one thing. */
static void steps_bad(struct steps *steps) {
    struct pair *pair = &steps->pair;
    struct source *source = &steps->source;
    struct steps_range range = steps_pick(steps);
    uint64_t wide = UINT64_C(1) << pair->ops->format->output_width;
    uint64_t hpa = 0;
    uint32_t flags = AXADDR_READ | AXADDR_WRITE;

    switch (source_below(source, 12)) {
    case 0:
        range.gpa += 1 + source_below(source, MODEL_PAGE - 1);
        break;
    case 1:
        range.size += 1 + source_below(source, MODEL_PAGE - 1);
        break;
    case 2:
        range.size = 0;
        break;
    case 3:
        range.size = 0 - MODEL_PAGE;
        break;
    case 4:
        range.gpa = steps_outside(steps);
        break;
    case 5:
        range.size = pair->model.last - range.gpa + 1 + MODEL_PAGE;
        break;
    case 6:
        flags |= UINT32_C(64) << source_below(source, 10);
        break;
    case 7:
        flags = (uint32_t)source_below(source, 8) << 3;
        break;
    case 8:
        hpa = 1 + source_below(source, MODEL_PAGE - 1);
        break;
    case 9:
        hpa = wide - (range.size - MODEL_PAGE);
        break;
    case 10:
        hpa = 0 - range.size;
        break;
    default:
        hpa = 0 - MODEL_PAGE;
        break;
    }
    switch (source_below(source, pair->ops->is_table ? 3 : 5)) {
    case 0:
        pair_map_linear(pair, range.gpa, hpa != 0 ? hpa : wide / 2, range.size, flags);
        break;
    case 1:
        pair_unmap(pair, range.gpa, range.size);
        break;
    case 2:
        pair_protect(pair, range.gpa, range.size, flags);
        break;
    case 3:
        pair_map_alloc(pair, range.gpa, range.size, flags, AXADDR_LAZY);
        break;
    default:
        pair_map_device(pair, range.gpa, range.size, flags << 18);
        break;
    }
}

/** The frames of a bad array are looked at before anything is done. */
static void steps_bad_frames(struct steps *steps) {
    struct pair *pair = &steps->pair;
    struct source *source = &steps->source;
    uint64_t wide = UINT64_C(1) << pair->ops->format->output_width;
    uint64_t bad[4] = {1, wide, wide + MODEL_PAGE, UINT64_C(1) << 63};
    struct steps_range range = steps_pick(steps);
    uint64_t count = range.size / MODEL_PAGE;
    uint64_t i;

    if (count > 16) {
        return;
    }
    for (i = 0; i < count; i++) {
        steps->frames[i] = axaddr_hpa(i * MODEL_PAGE);
    }
    steps->frames[source_below(source, count)] = axaddr_hpa(bad[source_below(source, 4)]);
    pair_map_frames(pair, range.gpa, steps->frames, (size_t)count, AXADDR_READ);
}

/** One step. `what` names it for messages. */
static void steps_one(struct steps *steps) {
    struct source *source = &steps->source;
    struct pair *pair = &steps->pair;
    uint64_t choice = source_below(source, pair->ops->is_table ? 20 : 32);

    if (steps->fail_rarity > 0 && source_rarely(source, steps->fail_rarity)) {
        pair->fail_in = 1 + (uint32_t)source_below(source, 6);
        pair->is_fail_sticky = source_below(source, 2) != 0;
    }
    switch (choice) {
    case 0:
    case 1:
    case 2:
        steps_map_linear(steps);
        break;
    case 3:
    case 4:
        steps_map_frames(steps);
        break;
    case 5:
    case 6:
    case 7:
    case 8:
        steps_unmap(steps);
        break;
    case 9:
    case 10:
    case 11:
        steps_protect(steps);
        break;
    case 12:
        steps_ask(steps);
        break;
    case 13:
        steps_bad(steps);
        break;
    case 14:
        steps_bad_frames(steps);
        break;
    case 15:
        pair_touch(pair, pair->model.cells[source_below(source, pair->model.cell_count)].first);
        break;
    case 16:
        steps_split(steps);
        break;
    case 17:
    case 18:
        steps_collapse(steps);
        break;
    case 19:
        pair_move_cpu(pair, (unsigned)source_below(source, pair->tlb.cpu_count));
        break;
    case 20:
    case 21:
        steps_map_alloc(steps, AXADDR_LAZY);
        break;
    case 22:
        steps_map_alloc(steps, AXADDR_POPULATE);
        break;
    case 23:
        steps_map_device(steps);
        break;
    default:
        steps_fault(steps);
        break;
    }
    pair->fail_in = 0;
}

#endif /* AXADDR_TESTS_STEPS_H */
