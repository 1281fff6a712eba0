/* SPDX-License-Identifier: MIT
 *
 * model.h: what a space must do, written down once more in the simplest way: one flat array. The
 * array's items are cells: usually a page each; in a window too wide for that, a stretch between
 * two cuts that the test never divides. A cell is in one state as a whole. Every operation checks
 * its arguments in the order of the contract, then loops over its cells.
 *
 * The model does not know which frames an allocator gives out: a page that was populated gets the
 * address MODEL_UNKNOWN, which pair.h replaces by what it finds.
 */
#ifndef AXADDR_TESTS_MODEL_H
#define AXADDR_TESTS_MODEL_H

#include "../axaddr.h"
#include "host.h"

#include <stdio.h>
#include <stdlib.h>

#define MODEL_PAGE    HOST_FRAME_SIZE
#define MODEL_UNKNOWN UINT64_MAX

enum model_state { MODEL_HOLE, MODEL_MAPPED, MODEL_RESERVED, MODEL_TRAPPED };

struct model_cell {
    uint64_t first;
    uint64_t last;
    enum model_state state;
    int kind;         /**< enum axaddr_area_kind, unless it is a hole */
    uint32_t flags;   /**< of a mapped or reserved cell */
    uint32_t cookie;  /**< of a trapped cell */
    uint64_t hpa;     /**< of the first byte of a mapped cell */
    const char *name; /**< of its area, and the tag: 0 in a hole */
    uint64_t tag;
};

struct model {
    const struct axaddr_format *format;
    uint64_t start;
    uint64_t last;
    uint32_t cell_count;
    struct model_cell *cells;
    bool is_either; /**< the last protect met a hole and a trapped page: either status is right */
};

/* ---- cells ---- */

/** `cuts` ascend; the last one is the end, and may be 0 for the end of a 64-bit space. */
static void model_init(struct model *model, const struct axaddr_format *format,
                       const uint64_t *cuts, uint32_t cut_count) {
    uint32_t i;
    model->format = format;
    model->cell_count = cut_count - 1;
    model->cells = (struct model_cell *)calloc(model->cell_count, sizeof(*model->cells));
    if (model->cells == 0) {
        abort();
    }
    for (i = 0; i < model->cell_count; i++) {
        model->cells[i].first = cuts[i];
        model->cells[i].last = cuts[i + 1] - 1;
    }
    model->start = cuts[0];
    model->last = cuts[cut_count - 1] - 1;
    model->is_either = false;
}

static void model_destroy(struct model *model) {
    free(model->cells);
    model->cells = 0;
}

/** The cell that holds an address of the window. */
static uint32_t model_cell_of(const struct model *model, uint64_t address) {
    uint32_t low = 0;
    uint32_t high = model->cell_count - 1;
    while (low < high) {
        uint32_t middle = (low + high + 1) / 2;
        if (model->cells[middle].first <= address) {
            low = middle;
        } else {
            high = middle - 1;
        }
    }
    return low;
}

static bool model_has(const struct model *model, uint64_t address) {
    return address >= model->start && address <= model->last;
}

static bool model_is_page_cell(const struct model_cell *cell) {
    return cell->last - cell->first == MODEL_PAGE - 1;
}

/** Set cells [*from, *to] for a range of the space; false if it is not one. */
static bool model_range(const struct model *model, uint64_t gpa, uint64_t size, uint32_t *from,
                        uint32_t *to) {
    uint64_t last = gpa + size - 1;
    if (size == 0 || gpa % MODEL_PAGE != 0 || size % MODEL_PAGE != 0 || last < gpa ||
        gpa < model->start || last > model->last) {
        return false;
    }
    *from = model_cell_of(model, gpa);
    *to = model_cell_of(model, last);
    if (model->cells[*from].first != gpa || model->cells[*to].last != last) {
        fprintf(stderr, "the test divides a cell: 0x%llx 0x%llx\n", (unsigned long long)gpa,
                (unsigned long long)size);
        abort();
    }
    return true;
}

static bool model_is_free(const struct model *model, uint32_t from, uint32_t to) {
    uint32_t i;
    for (i = from; i <= to; i++) {
        if (model->cells[i].state != MODEL_HOLE) {
            return false;
        }
    }
    return true;
}

/** Whether host memory can be in an entry at all. */
static bool model_is_output(const struct model *model, uint64_t hpa, uint64_t size) {
    uint64_t last = hpa + size - 1;
    return hpa % MODEL_PAGE == 0 && last >= hpa &&
           last <= axaddr_low_bits(model->format->output_width);
}

/** Whether a map with these flags may have the cells: with REPLACE, whatever is there. */
static bool model_is_open(const struct model *model, uint32_t from, uint32_t to, uint32_t flags) {
    return (flags & AXADDR_REPLACE) != 0 || model_is_free(model, from, to);
}

/** A cell without anything of what it was. */
static void model_empty(struct model_cell *cell) {
    cell->state = MODEL_HOLE;
    cell->kind = 0;
    cell->flags = 0;
    cell->cookie = 0;
    cell->hpa = 0;
    cell->name = 0;
    cell->tag = 0;
}

/* ---- operations ---- */

AXADDR_UNUSED static enum axaddr_status
model_map_linear(struct model *model, uint64_t gpa, uint64_t hpa, uint64_t size, uint32_t flags) {
    uint32_t from;
    uint32_t to;
    uint32_t i;
    uint32_t kept = flags & ~(AXADDR_SMALL | AXADDR_REPLACE);

    if (!model_range(model, gpa, size, &from, &to) || !model_is_output(model, hpa, size) ||
        !axaddr_flags_are_valid(kept)) {
        return AXADDR_INVALID;
    }
    if (!model->format->can_hold(kept)) {
        return AXADDR_UNSUPPORTED;
    }
    if (!model_is_open(model, from, to, flags)) {
        return AXADDR_EXISTS;
    }
    for (i = from; i <= to; i++) {
        struct model_cell *cell = &model->cells[i];
        model_empty(cell);
        cell->state = MODEL_MAPPED;
        cell->kind = AXADDR_AREA_LINEAR;
        cell->flags = kept;
        cell->hpa = hpa + (cell->first - gpa);
    }
    return AXADDR_OK;
}

AXADDR_UNUSED static enum axaddr_status model_map_frames(struct model *model, uint64_t gpa,
                                                         const axaddr_hpa_t *frames, size_t count,
                                                         uint32_t flags) {
    uint32_t from;
    uint32_t to;
    uint32_t i;
    size_t k;
    uint32_t kept = flags & ~(AXADDR_SMALL | AXADDR_REPLACE);
    uint64_t page_count = count;

    if (page_count > UINT64_MAX / MODEL_PAGE ||
        !model_range(model, gpa, page_count * MODEL_PAGE, &from, &to) ||
        !axaddr_flags_are_valid(kept)) {
        return AXADDR_INVALID;
    }
    for (k = 0; k < count; k++) {
        if (!model_is_output(model, frames[k].raw, MODEL_PAGE)) {
            return AXADDR_INVALID;
        }
    }
    if (!model->format->can_hold(kept)) {
        return AXADDR_UNSUPPORTED;
    }
    if (!model_is_open(model, from, to, flags)) {
        return AXADDR_EXISTS;
    }
    for (i = from; i <= to; i++) {
        struct model_cell *cell = &model->cells[i];
        model_empty(cell);
        cell->state = MODEL_MAPPED;
        cell->kind = AXADDR_AREA_FRAMES;
        cell->flags = kept;
        cell->hpa = frames[(cell->first - gpa) / MODEL_PAGE].raw;
    }
    return AXADDR_OK;
}

AXADDR_UNUSED static enum axaddr_status model_map_alloc(struct model *model, uint64_t gpa,
                                                        uint64_t size, uint32_t flags,
                                                        enum axaddr_backing backing) {
    uint32_t from;
    uint32_t to;
    uint32_t i;
    uint32_t kept = flags & ~(AXADDR_SMALL | AXADDR_REPLACE);

    if (!model_range(model, gpa, size, &from, &to) || !axaddr_flags_are_valid(kept) ||
        (backing != AXADDR_LAZY && backing != AXADDR_POPULATE)) {
        return AXADDR_INVALID;
    }
    if (!model->format->can_hold(kept)) {
        return AXADDR_UNSUPPORTED;
    }
    if (!model_is_open(model, from, to, flags)) {
        return AXADDR_EXISTS;
    }
    for (i = from; i <= to; i++) {
        struct model_cell *cell = &model->cells[i];
        model_empty(cell);
        cell->state = backing == AXADDR_LAZY ? MODEL_RESERVED : MODEL_MAPPED;
        cell->kind = AXADDR_AREA_ALLOC;
        cell->flags = kept;
        cell->hpa = MODEL_UNKNOWN;
    }
    return AXADDR_OK;
}

AXADDR_UNUSED static enum axaddr_status model_map_device(struct model *model, uint64_t gpa,
                                                         uint64_t size, uint32_t cookie,
                                                         uint32_t flags) {
    uint32_t from;
    uint32_t to;
    uint32_t i;

    if (!model_range(model, gpa, size, &from, &to) || cookie > AXADDR_COOKIE_MAX) {
        return AXADDR_INVALID;
    }
    if (!model_is_open(model, from, to, flags)) {
        return AXADDR_EXISTS;
    }
    for (i = from; i <= to; i++) {
        model_empty(&model->cells[i]);
        model->cells[i].state = MODEL_TRAPPED;
        model->cells[i].kind = AXADDR_AREA_DEVICE;
        model->cells[i].cookie = cookie;
    }
    return AXADDR_OK;
}

AXADDR_UNUSED static enum axaddr_status model_unmap(struct model *model, uint64_t gpa,
                                                    uint64_t size) {
    uint32_t from;
    uint32_t to;
    uint32_t i;

    if (!model_range(model, gpa, size, &from, &to)) {
        return AXADDR_INVALID;
    }
    for (i = from; i <= to; i++) {
        model_empty(&model->cells[i]);
    }
    return AXADDR_OK;
}

AXADDR_UNUSED static enum axaddr_status model_protect(struct model *model, uint64_t gpa,
                                                      uint64_t size, uint32_t flags) {
    uint32_t from;
    uint32_t to;
    uint32_t i;
    bool has_hole = false;
    bool has_trapped = false;

    model->is_either = false;
    if (!model_range(model, gpa, size, &from, &to) || !axaddr_flags_are_valid(flags)) {
        return AXADDR_INVALID;
    }
    if (!model->format->can_hold(flags)) {
        return AXADDR_UNSUPPORTED;
    }
    for (i = from; i <= to; i++) {
        has_hole = has_hole || model->cells[i].state == MODEL_HOLE;
        has_trapped = has_trapped || model->cells[i].state == MODEL_TRAPPED;
    }
    if (has_hole || has_trapped) {
        model->is_either = has_hole && has_trapped;
        return has_hole ? AXADDR_NOT_MAPPED : AXADDR_DENIED;
    }
    for (i = from; i <= to; i++) {
        model->cells[i].flags = flags;
    }
    return AXADDR_OK;
}

AXADDR_UNUSED static enum axaddr_status model_label(struct model *model, uint64_t gpa,
                                                    uint64_t size, const char *name, uint64_t tag) {
    uint32_t from;
    uint32_t to;
    uint32_t i;

    if (!model_range(model, gpa, size, &from, &to)) {
        return AXADDR_INVALID;
    }
    for (i = from; i <= to; i++) {
        if (model->cells[i].state == MODEL_HOLE) {
            return AXADDR_NOT_MAPPED;
        }
    }
    for (i = from; i <= to; i++) {
        model->cells[i].name = name;
        model->cells[i].tag = tag;
    }
    return AXADDR_OK;
}

/** Whether an access is permitted: a fetch by privileged mode is not, where user mode may. */
AXADDR_UNUSED static bool model_permits(uint32_t flags, uint32_t access) {
    bool is_privileged_fetch = (access & (AXADDR_EXECUTE | AXADDR_USER)) == AXADDR_EXECUTE;

    return (access & ~flags) == 0 && !(is_privileged_fetch && (flags & AXADDR_USER) != 0);
}

AXADDR_UNUSED static enum axaddr_fault model_fault(struct model *model, uint64_t gpa,
                                                   uint32_t access) {
    struct model_cell *cell;

    if (!model_has(model, gpa)) {
        return AXADDR_FAULT_UNMAPPED;
    }
    cell = &model->cells[model_cell_of(model, gpa)];
    switch (cell->state) {
    case MODEL_HOLE:
        return AXADDR_FAULT_UNMAPPED;
    case MODEL_TRAPPED:
        return AXADDR_FAULT_DEVICE;
    case MODEL_MAPPED:
        return model_permits(cell->flags, access) ? AXADDR_FAULT_SPURIOUS : AXADDR_FAULT_DENIED;
    case MODEL_RESERVED:
        break;
    }
    if (!model_permits(cell->flags, access)) {
        return AXADDR_FAULT_DENIED;
    }
    if (!model_is_page_cell(cell)) {
        fprintf(stderr, "the test populates part of a cell: 0x%llx\n", (unsigned long long)gpa);
        abort();
    }
    cell->state = MODEL_MAPPED;
    cell->hpa = MODEL_UNKNOWN;
    return AXADDR_FAULT_RESOLVED;
}

/** `hpa` is written if the status is OK. */
AXADDR_UNUSED static enum axaddr_status model_translate(const struct model *model, uint64_t gpa,
                                                        uint64_t *hpa) {
    const struct model_cell *cell;

    if (!model_has(model, gpa)) {
        return AXADDR_INVALID;
    }
    cell = &model->cells[model_cell_of(model, gpa)];
    if (cell->state != MODEL_MAPPED) {
        return AXADDR_NOT_MAPPED;
    }
    *hpa = cell->hpa + (gpa - cell->first);
    return AXADDR_OK;
}

#endif /* AXADDR_TESTS_MODEL_H */
