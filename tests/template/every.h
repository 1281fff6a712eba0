/* SPDX-License-Identifier: MIT
 *
 * every.h: every format, and an exported, non-inline function around every function that the
 * instantiating macros generate. check_calls.sh compares both lists with the headers, so that neither
 * can fall behind.
 */
#ifndef AXADDR_TESTS_TEMPLATE_EVERY_H
#define AXADDR_TESTS_TEMPLATE_EVERY_H

#include "locked.h"

/** A wide root and break-before-make: where all code of the engine is. */
#define EVERY_ONE(X) X(arm40, axaddr_aarch64_stage2_40)

/** With it, all geometries: for the builds that repeat what others have shown. */
#define EVERY_FEW(X)                                                                               \
    X(ept, axaddr_x86_ept)                                                                         \
    X(sv48x4_svnapot, axaddr_riscv_sv48x4_svnapot)

/** What most builds have beside these. */
#define EVERY_MORE(X)                                                                              \
    X(x64, axaddr_x86_64)                                                                          \
    X(npt, axaddr_x86_npt)                                                                         \
    X(arm48, axaddr_aarch64_stage2_48)                                                             \
    X(sv39x4, axaddr_riscv_sv39x4)                                                                 \
    X(sv48x4, axaddr_riscv_sv48x4)                                                                 \
    X(sv39x4_svpbmt, axaddr_riscv_sv39x4_svpbmt)                                                   \
    X(sv48x4_svpbmt, axaddr_riscv_sv48x4_svpbmt)

/** Formats that differ from one of the above by a number: for one build. */
#define EVERY_VARIANT(X)                                                                           \
    X(sv39x4_svnapot, axaddr_riscv_sv39x4_svnapot)                                                 \
    X(ept_2m, axaddr_x86_ept_2m)                                                                   \
    X(x64_2m, axaddr_x86_64_2m)                                                                    \
    X(npt_2m, axaddr_x86_npt_2m)

/**
 * Members of families whose other members are above. No build instantiates them: that is left to
 * their own tests (test_format_*.c, test_sized.c, test_aarch64_granules.c).
 */
#define EVERY_OTHER(X)                                                                             \
    X(aarch64_el1, axaddr_aarch64_el1)                                                             \
    X(aarch64_el1_16k, axaddr_aarch64_el1_16k)                                                     \
    X(aarch64_el1_64k, axaddr_aarch64_el1_64k)                                                     \
    X(aarch64_el2, axaddr_aarch64_el2)                                                             \
    X(aarch64_el2_16k, axaddr_aarch64_el2_16k)                                                     \
    X(aarch64_el2_64k, axaddr_aarch64_el2_64k)                                                     \
    X(aarch64_stage2, axaddr_aarch64_stage2)                                                       \
    X(aarch64_stage2_16k_40, axaddr_aarch64_stage2_16k_40)                                         \
    X(aarch64_stage2_16k_48, axaddr_aarch64_stage2_16k_48)                                         \
    X(aarch64_stage2_32, axaddr_aarch64_stage2_32)                                                 \
    X(aarch64_stage2_36, axaddr_aarch64_stage2_36)                                                 \
    X(aarch64_stage2_40_fwb, axaddr_aarch64_stage2_40_fwb)                                         \
    X(aarch64_stage2_40_xnx, axaddr_aarch64_stage2_40_xnx)                                         \
    X(aarch64_stage2_40_xnx_fwb, axaddr_aarch64_stage2_40_xnx_fwb)                                 \
    X(aarch64_stage2_42, axaddr_aarch64_stage2_42)                                                 \
    X(aarch64_stage2_44, axaddr_aarch64_stage2_44)                                                 \
    X(aarch64_stage2_48_fwb, axaddr_aarch64_stage2_48_fwb)                                         \
    X(aarch64_stage2_48_xnx, axaddr_aarch64_stage2_48_xnx)                                         \
    X(aarch64_stage2_48_xnx_fwb, axaddr_aarch64_stage2_48_xnx_fwb)                                 \
    X(aarch64_stage2_64k_40, axaddr_aarch64_stage2_64k_40)                                         \
    X(aarch64_stage2_64k_48, axaddr_aarch64_stage2_64k_48)                                         \
    X(riscv_gstage, axaddr_riscv_gstage)                                                           \
    X(riscv_sv32, axaddr_riscv_sv32)                                                               \
    X(riscv_sv32x4, axaddr_riscv_sv32x4)                                                           \
    X(riscv_sv39, axaddr_riscv_sv39)                                                               \
    X(riscv_sv39_svnapot, axaddr_riscv_sv39_svnapot)                                               \
    X(riscv_sv39_svpbmt, axaddr_riscv_sv39_svpbmt)                                                 \
    X(riscv_sv48, axaddr_riscv_sv48)                                                               \
    X(riscv_sv48_svnapot, axaddr_riscv_sv48_svnapot)                                               \
    X(riscv_sv48_svpbmt, axaddr_riscv_sv48_svpbmt)                                                 \
    X(riscv_sv57, axaddr_riscv_sv57)                                                               \
    X(riscv_sv57_svnapot, axaddr_riscv_sv57_svnapot)                                               \
    X(riscv_sv57_svpbmt, axaddr_riscv_sv57_svpbmt)                                                 \
    X(riscv_sv57x4, axaddr_riscv_sv57x4)                                                           \
    X(riscv_sv57x4_svnapot, axaddr_riscv_sv57x4_svnapot)                                           \
    X(riscv_sv57x4_svpbmt, axaddr_riscv_sv57x4_svpbmt)                                             \
    X(x86_64_la57, axaddr_x86_64_la57)                                                             \
    X(x86_ept_5, axaddr_x86_ept_5)                                                                 \
    X(x86_npt_la57, axaddr_x86_npt_la57)                                                           \
    X(x86_pae, axaddr_x86_pae)

/* ---- the wrappers ---- */

/** `type use_name parameters`, which returns `call`. The prototype is for -Wmissing-prototypes. */
#define USE(type, name, parameters, call)                                                          \
    type use_##name parameters;                                                                    \
    type use_##name parameters {                                                                   \
        return call;                                                                               \
    }
#define USE_VOID(name, parameters, call)                                                           \
    void use_##name parameters;                                                                    \
    void use_##name parameters {                                                                   \
        call;                                                                                      \
    }

/** What a space and a table have in common. */
#define USE_COMMON(name)                                                                           \
    USE(enum axaddr_status, name##_init,                                                           \
        (struct name * it, void *ctx, axaddr_gpa_t start, uint64_t size),                          \
        name##_init(it, ctx, start, size))                                                         \
    USE(enum axaddr_status, name##_init_sized,                                                     \
        (struct name * it, void *ctx, axaddr_gpa_t start, uint64_t size,                           \
         struct axaddr_geometry geometry),                                                         \
        name##_init_sized(it, ctx, start, size, geometry))                                         \
    USE_VOID(name##_destroy, (struct name * it), name##_destroy(it))                               \
    USE(enum axaddr_status, name##_map_frames,                                                     \
        (struct name * it, axaddr_gpa_t start, const axaddr_hpa_t *frames, size_t count,           \
         uint32_t flags),                                                                          \
        name##_map_frames(it, start, frames, count, flags))                                        \
    USE(enum axaddr_status, name##_unmap, (struct name * it, axaddr_gpa_t start, uint64_t size),   \
        name##_unmap(it, start, size))                                                             \
    USE(enum axaddr_status, name##_protect,                                                        \
        (struct name * it, axaddr_gpa_t start, uint64_t size, uint32_t flags),                     \
        name##_protect(it, start, size, flags))                                                    \
    USE(enum axaddr_status, name##_translate,                                                      \
        (const struct name *it, axaddr_gpa_t address, axaddr_hpa_t *host),                         \
        name##_translate(it, address, host))                                                       \
    USE(enum axaddr_status, name##_query,                                                          \
        (const struct name *it, axaddr_gpa_t address, struct axaddr_mapping *mapping),             \
        name##_query(it, address, mapping))                                                        \
    USE(axaddr_hpa_t, name##_root, (const struct name *it), name##_root(it))                       \
    USE_VOID(name##_stats, (const struct name *it, struct axaddr_stats *stats),                    \
             name##_stats(it, stats))                                                              \
    USE(enum axaddr_status, name##_split, (struct name * it, axaddr_gpa_t start, uint64_t size),   \
        name##_split(it, start, size))                                                             \
    USE(enum axaddr_status, name##_collapse,                                                       \
        (struct name * it, axaddr_gpa_t start, uint64_t size), name##_collapse(it, start, size))   \
    USE(enum axaddr_status, name##_harvest,                                                        \
        (struct name * it, axaddr_gpa_t start, uint64_t size, uint32_t notes),                     \
        name##_harvest(it, start, size, notes))                                                    \
    USE(enum axaddr_status, name##_perform,                                                        \
        (struct name * it, const struct axaddr_request *request, struct axaddr_terms *terms),      \
        name##_perform(it, request, terms))                                                        \
    USE(enum axaddr_status, name##_tables_needed,                                                  \
        (struct name * it, const struct axaddr_request *request, uint64_t *count),                 \
        name##_tables_needed(it, request, count))                                                  \
    USE(enum axaddr_status, name##_resize_pool,                                                    \
        (struct name * it, struct axaddr_pool * pool, uint64_t count),                             \
        name##_resize_pool(it, pool, count))                                                       \
    USE_VOID(name##_set_vmid, (struct name * it, uint32_t vmid), name##_set_vmid(it, vmid))        \
    USE_VOID(name##_enter_cpu, (struct name * it, unsigned cpu), name##_enter_cpu(it, cpu))        \
    USE_VOID(name##_leave_cpu, (struct name * it, unsigned cpu), name##_leave_cpu(it, cpu))

#define USE_SPACE(name)                                                                            \
    USE_COMMON(name)                                                                               \
    USE(enum axaddr_status, name##_map_linear,                                                     \
        (struct name * it, axaddr_gpa_t start, axaddr_hpa_t host, uint64_t size, uint32_t flags),  \
        name##_map_linear(it, start, host, size, flags))                                           \
    USE(enum axaddr_status, name##_map_alloc,                                                      \
        (struct name * it, axaddr_gpa_t start, uint64_t size, uint32_t flags,                      \
         enum axaddr_backing backing),                                                             \
        name##_map_alloc(it, start, size, flags, backing))                                         \
    USE(enum axaddr_status, name##_map_device,                                                     \
        (struct name * it, axaddr_gpa_t start, uint64_t size, uint32_t cookie),                    \
        name##_map_device(it, start, size, cookie))                                                \
    USE(enum axaddr_status, name##_find_area,                                                      \
        (const struct name *it, axaddr_gpa_t address, struct axaddr_area *area),                   \
        name##_find_area(it, address, area))                                                       \
    USE(enum axaddr_status, name##_next_area,                                                      \
        (const struct name *it, axaddr_gpa_t from, struct axaddr_area *area),                      \
        name##_next_area(it, from, area))                                                          \
    USE(enum axaddr_fault, name##_handle_fault,                                                    \
        (struct name * it, axaddr_gpa_t address, uint32_t access),                                 \
        name##_handle_fault(it, address, access))                                                  \
    USE(enum axaddr_status, name##_map_backed,                                                     \
        (struct name * it, axaddr_gpa_t start, uint64_t size, uint32_t flags, uint32_t cookie),    \
        name##_map_backed(it, start, size, flags, cookie))                                         \
    USE(enum axaddr_status, name##_set_zero_frame, (struct name * it, axaddr_hpa_t frame),         \
        name##_set_zero_frame(it, frame))                                                          \
    USE(enum axaddr_fault, name##_handle_fault_from,                                               \
        (struct name * it, axaddr_gpa_t address, uint32_t access, struct axaddr_pool * pool),      \
        name##_handle_fault_from(it, address, access, pool))

#define USE_TABLE(name)                                                                            \
    USE_COMMON(name)                                                                               \
    USE(enum axaddr_status, name##_map,                                                            \
        (struct name * it, axaddr_gpa_t start, axaddr_hpa_t host, uint64_t size, uint32_t flags),  \
        name##_map(it, start, host, size, flags))

#define USE_FRAME(name)                                                                            \
    USE(struct name, name##_empty, (void), name##_empty())                                         \
    USE(enum axaddr_status, name##_alloc, (void *ctx, struct name *frame),                         \
        name##_alloc(ctx, frame))                                                                  \
    USE(enum axaddr_status, name##_alloc_zeroed, (void *ctx, struct name *frame),                  \
        name##_alloc_zeroed(ctx, frame))                                                           \
    USE(enum axaddr_status, name##_adopt, (void *ctx, axaddr_hpa_t base, struct name *frame),      \
        name##_adopt(ctx, base, frame))                                                            \
    USE(bool, name##_is_owned, (const struct name *frame), name##_is_owned(frame))                 \
    USE(enum axaddr_status, name##_base, (const struct name *frame, axaddr_hpa_t *base),           \
        name##_base(frame, base))                                                                  \
    USE(void *, name##_pointer, (const struct name *frame), name##_pointer(frame))                 \
    USE(enum axaddr_status, name##_fill, (const struct name *frame, uint8_t byte),                 \
        name##_fill(frame, byte))                                                                  \
    USE_VOID(name##_release, (struct name * frame), name##_release(frame))                         \
    USE(enum axaddr_status, name##_detach, (struct name * frame, axaddr_hpa_t * base),             \
        name##_detach(frame, base))

#endif /* AXADDR_TESTS_TEMPLATE_EVERY_H */
