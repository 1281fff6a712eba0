/* SPDX-License-Identifier: MIT
 *
 * fault_kinds.h: a space of every format behind one table of functions, for one CPU and for many,
 * in the host of supply.h. Only what the tests of the fault path call by name has a member; edits
 * go through perform.
 */
#ifndef AXADDR_TESTS_FAULT_KINDS_H
#define AXADDR_TESTS_FAULT_KINDS_H

#include "../axaddr.h"
#include "supply.h"
#include "toy_format.h"

struct fault_kind {
    const char *name;
    const struct axaddr_format *format;
    const struct axaddr_hal *hal;
    enum axaddr_status (*init)(void *g, void *ctx, axaddr_gpa_t start, uint64_t size);
    void (*destroy)(void *g);
    axaddr_hpa_t (*root)(const void *g);
    enum axaddr_status (*set_zero_frame)(void *g, axaddr_hpa_t frame);
    enum axaddr_status (*perform)(void *g, const struct axaddr_request *request,
                                  struct axaddr_terms *terms);
    enum axaddr_status (*map_alloc)(void *g, axaddr_gpa_t gpa, uint64_t size, uint32_t flags,
                                    enum axaddr_backing backing);
    enum axaddr_status (*map_backed)(void *g, axaddr_gpa_t gpa, uint64_t size, uint32_t flags,
                                     uint32_t cookie);
    enum axaddr_status (*harvest)(void *g, axaddr_gpa_t gpa, uint64_t size, uint32_t notes);
    enum axaddr_status (*resize_pool)(void *g, struct axaddr_pool *pool, uint64_t count);
    enum axaddr_fault (*handle_fault)(void *g, axaddr_gpa_t gpa, uint32_t access);
    enum axaddr_fault (*handle_fault_from)(void *g, axaddr_gpa_t gpa, uint32_t access,
                                           struct axaddr_pool *pool);
    enum axaddr_status (*query)(const void *g, axaddr_gpa_t gpa, struct axaddr_mapping *mapping);
    enum axaddr_status (*next_area)(const void *g, axaddr_gpa_t from, struct axaddr_area *area);
    void (*stats)(const void *g, struct axaddr_stats *stats);
};

#define FAULT_KIND(word, format_, hal_)                                                            \
    AXADDR_DEFINE_SPACE(word, format_, hal_);                                                      \
    static enum axaddr_status word##_op_init(void *g, void *ctx, axaddr_gpa_t start,               \
                                             uint64_t size) {                                      \
        return word##_init((struct word *)g, ctx, start, size);                                    \
    }                                                                                              \
    static void word##_op_destroy(void *g) {                                                       \
        word##_destroy((struct word *)g);                                                          \
    }                                                                                              \
    static axaddr_hpa_t word##_op_root(const void *g) {                                            \
        return word##_root((const struct word *)g);                                                \
    }                                                                                              \
    static enum axaddr_status word##_op_set_zero_frame(void *g, axaddr_hpa_t frame) {              \
        return word##_set_zero_frame((struct word *)g, frame);                                     \
    }                                                                                              \
    static enum axaddr_status word##_op_perform(void *g, const struct axaddr_request *request,     \
                                                struct axaddr_terms *terms) {                      \
        return word##_perform((struct word *)g, request, terms);                                   \
    }                                                                                              \
    static enum axaddr_status word##_op_map_alloc(void *g, axaddr_gpa_t gpa, uint64_t size,        \
                                                  uint32_t flags, enum axaddr_backing backing) {   \
        return word##_map_alloc((struct word *)g, gpa, size, flags, backing);                      \
    }                                                                                              \
    static enum axaddr_status word##_op_map_backed(void *g, axaddr_gpa_t gpa, uint64_t size,       \
                                                   uint32_t flags, uint32_t cookie) {              \
        return word##_map_backed((struct word *)g, gpa, size, flags, cookie);                      \
    }                                                                                              \
    static enum axaddr_status word##_op_harvest(void *g, axaddr_gpa_t gpa, uint64_t size,          \
                                                uint32_t notes) {                                  \
        return word##_harvest((struct word *)g, gpa, size, notes);                                 \
    }                                                                                              \
    static enum axaddr_status word##_op_resize_pool(void *g, struct axaddr_pool *pool,             \
                                                    uint64_t count) {                              \
        return word##_resize_pool((struct word *)g, pool, count);                                  \
    }                                                                                              \
    static enum axaddr_fault word##_op_handle_fault(void *g, axaddr_gpa_t gpa, uint32_t access) {  \
        return word##_handle_fault((struct word *)g, gpa, access);                                 \
    }                                                                                              \
    static enum axaddr_fault word##_op_handle_fault_from(                                          \
        void *g, axaddr_gpa_t gpa, uint32_t access, struct axaddr_pool *pool) {                    \
        return word##_handle_fault_from((struct word *)g, gpa, access, pool);                      \
    }                                                                                              \
    static enum axaddr_status word##_op_query(const void *g, axaddr_gpa_t gpa,                     \
                                              struct axaddr_mapping *mapping) {                    \
        return word##_query((const struct word *)g, gpa, mapping);                                 \
    }                                                                                              \
    static enum axaddr_status word##_op_next_area(const void *g, axaddr_gpa_t from,                \
                                                  struct axaddr_area *area) {                      \
        return word##_next_area((const struct word *)g, from, area);                               \
    }                                                                                              \
    static void word##_op_stats(const void *g, struct axaddr_stats *stats) {                       \
        word##_stats((const struct word *)g, stats);                                               \
    }                                                                                              \
    static const struct fault_kind word##_kind = {                                                 \
        .name = #word,                                                                             \
        .format = &format_,                                                                        \
        .hal = &hal_,                                                                              \
        .init = word##_op_init,                                                                    \
        .destroy = word##_op_destroy,                                                              \
        .root = word##_op_root,                                                                    \
        .set_zero_frame = word##_op_set_zero_frame,                                                \
        .perform = word##_op_perform,                                                              \
        .map_alloc = word##_op_map_alloc,                                                          \
        .map_backed = word##_op_map_backed,                                                        \
        .harvest = word##_op_harvest,                                                              \
        .resize_pool = word##_op_resize_pool,                                                      \
        .handle_fault = word##_op_handle_fault,                                                    \
        .handle_fault_from = word##_op_handle_fault_from,                                          \
        .query = word##_op_query,                                                                  \
        .next_area = word##_op_next_area,                                                          \
        .stats = word##_op_stats,                                                                  \
    }

FAULT_KIND(ept, axaddr_x86_ept, machine_hal);
FAULT_KIND(x86_64, axaddr_x86_64, machine_hal);
FAULT_KIND(s2_40, axaddr_aarch64_stage2_40, machine_hal);
FAULT_KIND(sv48x4_svnapot, axaddr_riscv_sv48x4_svnapot, machine_hal);
FAULT_KIND(toy64, toy, machine_hal);
FAULT_KIND(toy32_one, toy32, machine_hal);
FAULT_KIND(ept_many, axaddr_x86_ept, machine_many_hal);
FAULT_KIND(s2_48_many, axaddr_aarch64_stage2_48, machine_many_hal);
FAULT_KIND(sv39x4_many, axaddr_riscv_sv39x4, machine_many_hal);
FAULT_KIND(toy32_many, toy32, machine_many_hal);
FAULT_KIND(toy_bare, toy, machine_bare_hal);

static const struct fault_kind *const fault_kinds[] = {
    &ept_kind,       &x86_64_kind,   &s2_40_kind,      &sv48x4_svnapot_kind, &toy64_kind,
    &toy32_one_kind, &ept_many_kind, &s2_48_many_kind, &sv39x4_many_kind,    &toy32_many_kind,
};
#define MANY_KIND_COUNT 4
static const struct fault_kind *const *const many_kinds =
    fault_kinds + sizeof(fault_kinds) / sizeof(fault_kinds[0]) - MANY_KIND_COUNT;
#define FAULT_KIND_COUNT (sizeof(fault_kinds) / sizeof(fault_kinds[0]))

static const struct fault_kind *const bare_kinds[] = {&toy_bare_kind};

/* After the instances, whose functions have parameters of these names. */
static union {
    void *align;
    unsigned char bytes[sizeof(struct axaddr_space)];
} space_storage;
static void *const space = &space_storage;
static struct host *const host = &machine.host;
static const struct fault_kind *kind;
static const struct axaddr_format *format;
static uint64_t large; /**< what a leaf of level 1 maps */
static uint64_t home;  /**< where the cases work */

/** Pages of a large leaf. */
#define LARGE_PAGES ((uint32_t)(large / PAGE))
/** The address of a page, counted from home. */
#define AT(index)   (home + (uint64_t)(index)*PAGE)

#endif /* AXADDR_TESTS_FAULT_KINDS_H */
