/* SPDX-License-Identifier: MIT
 *
 * spaces.h: every format's space and bare page table behind one table of functions, so that a test
 * is written once, as ordinary functions, and runs over all formats. All are instantiated in
 * spaces.c and tables.c, two objects that every such program is linked with, with one of the HALs
 * of host.h, and for the simulated MMU to watch (sim_access.h).
 */
#ifndef AXADDR_TESTS_SPACES_H
#define AXADDR_TESTS_SPACES_H

#include "../axaddr.h"
#include "host.h"
#include "toy_format.h"

/** What a macro generated. The first argument is the generated struct, `size` bytes large. */
struct space_ops {
    const char *name;
    const struct axaddr_format *format;
    size_t size;
    const struct axaddr_hal *hal;
    const unsigned *publish_count; /**< how often the format was told to publish; 0: unknown */
    bool is_table; /**< a bare page table: map_alloc to find_area are 0; else tables_needed is */
    enum axaddr_status (*init)(void *g, void *ctx, uint64_t start, uint64_t size);
    void (*destroy)(void *g);
    uint64_t (*root)(const void *g);
    enum axaddr_status (*map_linear)(void *g, uint64_t gpa, uint64_t hpa, uint64_t size,
                                     uint32_t flags);
    enum axaddr_status (*map_frames)(void *g, uint64_t gpa, const axaddr_hpa_t *frames,
                                     size_t frame_count, uint32_t flags);
    enum axaddr_status (*unmap)(void *g, uint64_t gpa, uint64_t size);
    enum axaddr_status (*protect)(void *g, uint64_t gpa, uint64_t size, uint32_t flags);
    enum axaddr_status (*split)(void *g, uint64_t gpa, uint64_t size);
    enum axaddr_status (*collapse)(void *g, uint64_t gpa, uint64_t size);
    void (*set_vmid)(void *g, uint32_t vmid);
    void (*enter_cpu)(void *g, unsigned cpu);
    void (*leave_cpu)(void *g, unsigned cpu);
    enum axaddr_status (*translate)(const void *g, uint64_t gpa, uint64_t *hpa);
    enum axaddr_status (*query)(const void *g, uint64_t gpa, struct axaddr_mapping *mapping);
    void (*stats)(const void *g, struct axaddr_stats *stats);
    enum axaddr_status (*map_alloc)(void *g, uint64_t gpa, uint64_t size, uint32_t flags,
                                    enum axaddr_backing backing);
    enum axaddr_status (*map_device)(void *g, uint64_t gpa, uint64_t size, uint32_t cookie);
    enum axaddr_fault (*handle_fault)(void *g, uint64_t gpa, uint32_t access);
    enum axaddr_status (*next_area)(const void *g, uint64_t from, struct axaddr_area *area);
    enum axaddr_status (*find_area)(const void *g, uint64_t gpa, struct axaddr_area *area);
    enum axaddr_status (*tables_needed)(const void *g, uint64_t gpa, uint64_t hpa, uint64_t size,
                                        uint32_t flags, uint64_t *count);
};

/* ---- for spaces.c and tables.c: generated functions behind struct space_ops ---- */

/** Those that a space and a table both have. */
#define SPACE_COMMON_ADAPTORS(word)                                                                \
    static void word##_op_stats(const void *g, struct axaddr_stats *stats) {                       \
        word##_stats((const struct word *)g, stats);                                               \
    }                                                                                              \
    static void word##_op_destroy(void *g) {                                                       \
        word##_destroy((struct word *)g);                                                          \
    }                                                                                              \
    static uint64_t word##_op_root(const void *g) {                                                \
        return word##_root((const struct word *)g).raw;                                            \
    }                                                                                              \
    static enum axaddr_status word##_op_map_frames(                                                \
        void *g, uint64_t gpa, const axaddr_hpa_t *frames, size_t count, uint32_t flags) {         \
        return word##_map_frames((struct word *)g, axaddr_gpa(gpa), frames, count, flags);         \
    }                                                                                              \
    static enum axaddr_status word##_op_unmap(void *g, uint64_t gpa, uint64_t size) {              \
        return word##_unmap((struct word *)g, axaddr_gpa(gpa), size);                              \
    }                                                                                              \
    static enum axaddr_status word##_op_protect(void *g, uint64_t gpa, uint64_t size,              \
                                                uint32_t flags) {                                  \
        return word##_protect((struct word *)g, axaddr_gpa(gpa), size, flags);                     \
    }                                                                                              \
    static enum axaddr_status word##_pair_split(void *g, uint64_t gpa, uint64_t size) {            \
        return word##_split((struct word *)g, axaddr_gpa(gpa), size);                              \
    }                                                                                              \
    static enum axaddr_status word##_pair_collapse(void *g, uint64_t gpa, uint64_t size) {         \
        return word##_collapse((struct word *)g, axaddr_gpa(gpa), size);                           \
    }                                                                                              \
    static void word##_pair_set_vmid(void *g, uint32_t vmid) {                                     \
        word##_set_vmid((struct word *)g, vmid);                                                   \
    }                                                                                              \
    static void word##_pair_enter_cpu(void *g, unsigned cpu) {                                     \
        word##_enter_cpu((struct word *)g, cpu);                                                   \
    }                                                                                              \
    static void word##_pair_leave_cpu(void *g, unsigned cpu) {                                     \
        word##_leave_cpu((struct word *)g, cpu);                                                   \
    }                                                                                              \
    static enum axaddr_status word##_op_translate(const void *g, uint64_t gpa, uint64_t *hpa) {    \
        axaddr_hpa_t found = axaddr_hpa(*hpa);                                                     \
        enum axaddr_status status =                                                                \
            word##_translate((const struct word *)g, axaddr_gpa(gpa), &found);                     \
        *hpa = found.raw;                                                                          \
        return status;                                                                             \
    }                                                                                              \
    static enum axaddr_status word##_op_query(const void *g, uint64_t gpa,                         \
                                              struct axaddr_mapping *mapping) {                    \
        return word##_query((const struct word *)g, axaddr_gpa(gpa), mapping);                     \
    }

#define SPACE_KIND_IN(word, format_, hal_, publish_count_)                                         \
    AXADDR_DEFINE_SPACE(word, format_, hal_);                                                      \
    SPACE_COMMON_ADAPTORS(word)                                                                    \
    static enum axaddr_status word##_op_init(void *g, void *ctx, uint64_t start, uint64_t size) {  \
        return word##_init((struct word *)g, ctx, axaddr_gpa(start), size);                        \
    }                                                                                              \
    static enum axaddr_status word##_op_map_linear(void *g, uint64_t gpa, uint64_t hpa,            \
                                                   uint64_t size, uint32_t flags) {                \
        return word##_map_linear((struct word *)g, axaddr_gpa(gpa), axaddr_hpa(hpa), size, flags); \
    }                                                                                              \
    static enum axaddr_status word##_op_map_alloc(void *g, uint64_t gpa, uint64_t size,            \
                                                  uint32_t flags, enum axaddr_backing backing) {   \
        return word##_map_alloc((struct word *)g, axaddr_gpa(gpa), size, flags, backing);          \
    }                                                                                              \
    static enum axaddr_status word##_op_map_device(void *g, uint64_t gpa, uint64_t size,           \
                                                   uint32_t cookie) {                              \
        return word##_map_device((struct word *)g, axaddr_gpa(gpa), size, cookie);                 \
    }                                                                                              \
    static enum axaddr_fault word##_op_handle_fault(void *g, uint64_t gpa, uint32_t access) {      \
        return word##_handle_fault((struct word *)g, axaddr_gpa(gpa), access);                     \
    }                                                                                              \
    static enum axaddr_status word##_op_next_area(const void *g, uint64_t from,                    \
                                                  struct axaddr_area *area) {                      \
        return word##_next_area((const struct word *)g, axaddr_gpa(from), area);                   \
    }                                                                                              \
    static enum axaddr_status word##_op_find_area(const void *g, uint64_t gpa,                     \
                                                  struct axaddr_area *area) {                      \
        return word##_find_area((const struct word *)g, axaddr_gpa(gpa), area);                    \
    }                                                                                              \
    static const struct space_ops word##_ops = {                                                   \
        .name = #word,                                                                             \
        .format = &format_,                                                                        \
        .size = sizeof(struct word),                                                               \
        .hal = &hal_,                                                                              \
        .publish_count = publish_count_,                                                           \
        .is_table = false,                                                                         \
        .init = word##_op_init,                                                                    \
        .destroy = word##_op_destroy,                                                              \
        .root = word##_op_root,                                                                    \
        .map_linear = word##_op_map_linear,                                                        \
        .map_frames = word##_op_map_frames,                                                        \
        .unmap = word##_op_unmap,                                                                  \
        .protect = word##_op_protect,                                                              \
        .split = word##_pair_split,                                                                \
        .collapse = word##_pair_collapse,                                                          \
        .set_vmid = word##_pair_set_vmid,                                                          \
        .enter_cpu = word##_pair_enter_cpu,                                                        \
        .leave_cpu = word##_pair_leave_cpu,                                                        \
        .translate = word##_op_translate,                                                          \
        .query = word##_op_query,                                                                  \
        .stats = word##_op_stats,                                                                  \
        .map_alloc = word##_op_map_alloc,                                                          \
        .map_device = word##_op_map_device,                                                        \
        .handle_fault = word##_op_handle_fault,                                                    \
        .next_area = word##_op_next_area,                                                          \
        .find_area = word##_op_find_area,                                                          \
    };

#define TABLE_KIND_IN(word, format_, hal_, publish_count_)                                         \
    AXADDR_DEFINE_PAGE_TABLE(word, format_, hal_);                                                 \
    SPACE_COMMON_ADAPTORS(word)                                                                    \
    static enum axaddr_status word##_op_init(void *g, void *ctx, uint64_t start, uint64_t size) {  \
        return word##_init((struct word *)g, ctx, axaddr_gpa(start), size);                        \
    }                                                                                              \
    static enum axaddr_status word##_op_map_linear(void *g, uint64_t gpa, uint64_t hpa,            \
                                                   uint64_t size, uint32_t flags) {                \
        return word##_map((struct word *)g, axaddr_gpa(gpa), axaddr_hpa(hpa), size, flags);        \
    }                                                                                              \
    static enum axaddr_status word##_op_tables_needed(const void *g, uint64_t gpa, uint64_t hpa,   \
                                                      uint64_t size, uint32_t flags,               \
                                                      uint64_t *count) {                           \
        struct axaddr_request request = axaddr_request_of(AXADDR_OP_LINEAR, gpa, size, flags);     \
        request.host = hpa;                                                                        \
        return word##_tables_needed((struct word *)(uintptr_t)g, &request, count);                 \
    }                                                                                              \
    static const struct space_ops word##_ops = {                                                   \
        .name = #word,                                                                             \
        .format = &format_,                                                                        \
        .size = sizeof(struct word),                                                               \
        .hal = &hal_,                                                                              \
        .publish_count = publish_count_,                                                           \
        .is_table = true,                                                                          \
        .init = word##_op_init,                                                                    \
        .destroy = word##_op_destroy,                                                              \
        .root = word##_op_root,                                                                    \
        .map_linear = word##_op_map_linear,                                                        \
        .map_frames = word##_op_map_frames,                                                        \
        .unmap = word##_op_unmap,                                                                  \
        .protect = word##_op_protect,                                                              \
        .split = word##_pair_split,                                                                \
        .collapse = word##_pair_collapse,                                                          \
        .set_vmid = word##_pair_set_vmid,                                                          \
        .enter_cpu = word##_pair_enter_cpu,                                                        \
        .leave_cpu = word##_pair_leave_cpu,                                                        \
        .translate = word##_op_translate,                                                          \
        .query = word##_op_query,                                                                  \
        .stats = word##_op_stats,                                                                  \
        .tables_needed = word##_op_tables_needed,                                                  \
    };

/* The same in the plain HAL. Which bits of a leaf are noted the simulated MMU knows by itself. */
#define SPACE_KIND(word, format_, noted_bits_, publish_count_)                                     \
    SPACE_KIND_IN(word, format_, host_hal, publish_count_)
#define TABLE_KIND(word, format_, noted_bits_, publish_count_)                                     \
    TABLE_KIND_IN(word, format_, host_hal, publish_count_)

extern const struct space_ops *const spaces[]; /**< spaces.c */
extern const unsigned space_count;
extern const struct space_ops *const tables[]; /**< tables.c */
extern const unsigned table_count;

#endif /* AXADDR_TESTS_SPACES_H */
