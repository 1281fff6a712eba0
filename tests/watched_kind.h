/* SPDX-License-Identifier: MIT
 *
 * watched_kind.h: a space or a bare table of a format behind one table of functions, with every
 * access of the engine to one of its entries announced to watched.h; and what the manuals say of
 * runs of leaves.
 */
#ifndef AXADDR_TESTS_WATCHED_KIND_H
#define AXADDR_TESTS_WATCHED_KIND_H

#include <stdbool.h>

static void watched_access(const void *slot, bool is_write);
#define AXADDR_ON_ENTRY_ACCESS(slot, is_write) watched_access(slot, is_write)

#include "../axaddr.h"

/* ---- runs, in the manuals' words: not the formats' own ---- */

struct run_rules {
    uint64_t hint;    /**< the bit of a leaf that says that it is part of a run; 0: no runs */
    uint64_t slack;   /**< bits that may differ while a whole run is being protected in place */
    bool is_repeated; /**< all leaves of a run are the same; otherwise their addresses go on */
};

AXADDR_UNUSED static const struct run_rules no_runs = {0, 0, false};

/** ARM DDI 0487 D8.3: bit 52 is Contiguous; S2AP (7:6) and XN (54:53) may be changed in place. */
AXADDR_UNUSED static const struct run_rules aarch64_runs = {
    UINT64_C(1) << 52, UINT64_C(3) << 6 | UINT64_C(3) << 53, false};

/**
 * RISC-V privileged manual, "Svnapot": bit 63 is N. X, W, R (3:1) and PBMT (62:61) may be changed in
 * place: until the fence a hart may use either entry.
 */
AXADDR_UNUSED static const struct run_rules svnapot_runs = {
    UINT64_C(1) << 63, UINT64_C(7) << 1 | UINT64_C(3) << 61, true};

/* ---- kinds: a space or a table of a format ---- */

struct kind {
    const char *name;
    const struct axaddr_format *format;
    size_t size;
    const struct axaddr_hal *hal;
    const struct run_rules *runs;
    bool is_table;
    enum axaddr_status (*init)(void *it, void *ctx, uint64_t start, uint64_t size);
    void (*destroy)(void *it);
    uint64_t (*root)(const void *it);
    enum axaddr_status (*perform)(void *it, const struct axaddr_request *request,
                                  struct axaddr_terms *terms);
    enum axaddr_status (*tables_needed)(void *it, const struct axaddr_request *request,
                                        uint64_t *count);
    enum axaddr_status (*split)(void *it, uint64_t start, uint64_t size);
    enum axaddr_status (*collapse)(void *it, uint64_t start, uint64_t size);
    enum axaddr_status (*translate)(const void *it, uint64_t gpa, uint64_t *hpa);
    enum axaddr_status (*query)(const void *it, uint64_t gpa, struct axaddr_mapping *mapping);
    void (*stats)(const void *it, struct axaddr_stats *stats);
    enum axaddr_fault (*handle_fault)(void *it, uint64_t gpa, uint32_t access);
    enum axaddr_status (*next_area)(const void *it, uint64_t from, struct axaddr_area *area);
    enum axaddr_status (*set_zero_frame)(void *it, uint64_t frame);
};

#define WATCHED_COMMON(word)                                                                       \
    static enum axaddr_status word##_at_init(void *it, void *ctx, uint64_t start, uint64_t size) { \
        return word##_init((struct word *)it, ctx, axaddr_gpa(start), size);                       \
    }                                                                                              \
    static void word##_at_destroy(void *it) {                                                      \
        word##_destroy((struct word *)it);                                                         \
    }                                                                                              \
    static uint64_t word##_at_root(const void *it) {                                               \
        return word##_root((const struct word *)it).raw;                                           \
    }                                                                                              \
    static enum axaddr_status word##_at_perform(void *it, const struct axaddr_request *request,    \
                                                struct axaddr_terms *terms) {                      \
        return word##_perform((struct word *)it, request, terms);                                  \
    }                                                                                              \
    static enum axaddr_status word##_at_needed(void *it, const struct axaddr_request *request,     \
                                               uint64_t *count) {                                  \
        return word##_tables_needed((struct word *)it, request, count);                            \
    }                                                                                              \
    static enum axaddr_status word##_at_split(void *it, uint64_t start, uint64_t size) {           \
        return word##_split((struct word *)it, axaddr_gpa(start), size);                           \
    }                                                                                              \
    static enum axaddr_status word##_at_collapse(void *it, uint64_t start, uint64_t size) {        \
        return word##_collapse((struct word *)it, axaddr_gpa(start), size);                        \
    }                                                                                              \
    static enum axaddr_status word##_at_translate(const void *it, uint64_t gpa, uint64_t *hpa) {   \
        axaddr_hpa_t found = axaddr_hpa(*hpa);                                                     \
        enum axaddr_status status =                                                                \
            word##_translate((const struct word *)it, axaddr_gpa(gpa), &found);                    \
        *hpa = found.raw;                                                                          \
        return status;                                                                             \
    }                                                                                              \
    static enum axaddr_status word##_at_query(const void *it, uint64_t gpa,                        \
                                              struct axaddr_mapping *mapping) {                    \
        return word##_query((const struct word *)it, axaddr_gpa(gpa), mapping);                    \
    }                                                                                              \
    static void word##_at_stats(const void *it, struct axaddr_stats *stats) {                      \
        word##_stats((const struct word *)it, stats);                                              \
    }

/* The members that both have. */
#define WATCHED_MEMBERS(word, format_, hal_, runs_)                                                \
    .name = #word, .format = &format_, .size = sizeof(struct word), .hal = &hal_, .runs = &runs_,  \
    .init = word##_at_init, .destroy = word##_at_destroy, .root = word##_at_root,                  \
    .perform = word##_at_perform, .tables_needed = word##_at_needed, .split = word##_at_split,     \
    .collapse = word##_at_collapse, .translate = word##_at_translate, .query = word##_at_query,    \
    .stats = word##_at_stats

#define WATCHED_SPACE(word, format_, hal_, runs_)                                                  \
    AXADDR_DEFINE_SPACE(word, format_, hal_);                                                      \
    WATCHED_COMMON(word)                                                                           \
    static enum axaddr_fault word##_at_fault(void *it, uint64_t gpa, uint32_t access) {            \
        return word##_handle_fault((struct word *)it, axaddr_gpa(gpa), access);                    \
    }                                                                                              \
    static enum axaddr_status word##_at_next_area(const void *it, uint64_t from,                   \
                                                  struct axaddr_area *area) {                      \
        return word##_next_area((const struct word *)it, axaddr_gpa(from), area);                  \
    }                                                                                              \
    static enum axaddr_status word##_at_zero(void *it, uint64_t frame) {                           \
        return word##_set_zero_frame((struct word *)it, axaddr_hpa(frame));                        \
    }                                                                                              \
    static const struct kind word##_kind = {WATCHED_MEMBERS(word, format_, hal_, runs_),           \
                                            .is_table = false, .handle_fault = word##_at_fault,    \
                                            .next_area = word##_at_next_area,                      \
                                            .set_zero_frame = word##_at_zero}

#define WATCHED_TABLE(word, format_, hal_, runs_)                                                  \
    AXADDR_DEFINE_PAGE_TABLE(word, format_, hal_);                                                 \
    WATCHED_COMMON(word)                                                                           \
    static const struct kind word##_kind = {WATCHED_MEMBERS(word, format_, hal_, runs_),           \
                                            .is_table = true}

#endif /* AXADDR_TESTS_WATCHED_KIND_H */
