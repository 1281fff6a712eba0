/* SPDX-License-Identifier: MIT
 *
 * every.h: an exported, non-inline function around every function that the instantiating macros
 * generate. check_calls.sh compares the list with the headers, so that it cannot fall behind.
 */
#ifndef AXADDR_TESTS_TEMPLATE_EVERY_H
#define AXADDR_TESTS_TEMPLATE_EVERY_H

#include "../every_format.h"
#include "locked.h"

/* What a caller gives to visit_data: a function that is known is called directly. */
#ifdef __cplusplus
extern "C" {
#endif
enum axaddr_status arena_visit(void *arg, void *at, size_t size);
#ifdef __cplusplus
}
#endif

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
        name##_handle_fault_from(it, address, access, pool))                                       \
    USE(const struct axaddr_table *, name##_table, (const struct name *it), name##_table(it))      \
    USE_VOID(name##_clear, (struct name * it), name##_clear(it))                                   \
    USE(enum axaddr_status, name##_label,                                                          \
        (struct name * it, axaddr_gpa_t start, uint64_t size, const char *label, uint64_t tag),    \
        name##_label(it, start, size, label, tag))                                                 \
    USE(enum axaddr_status, name##_map_regions,                                                    \
        (struct name * it, const struct axaddr_region *regions, size_t count),                     \
        name##_map_regions(it, regions, count))                                                    \
    USE(enum axaddr_status, name##_find_free,                                                      \
        (const struct name *it, const struct axaddr_placement *wanted, axaddr_gpa_t *address),     \
        name##_find_free(it, wanted, address))                                                     \
    USE(enum axaddr_status, name##_can_access,                                                     \
        (const struct name *it, axaddr_gpa_t address, uint64_t size, uint32_t access),             \
        name##_can_access(it, address, size, access))                                              \
    USE(enum axaddr_status, name##_visit_data,                                                     \
        (struct name * it, axaddr_gpa_t address, uint64_t size, uint32_t access, void *arg),       \
        name##_visit_data(it, address, size, access, arena_visit, arg))                            \
    USE(enum axaddr_status, name##_read,                                                           \
        (struct name * it, axaddr_gpa_t address, void *to, size_t size),                           \
        name##_read(it, address, to, size))                                                        \
    USE(enum axaddr_status, name##_write,                                                          \
        (struct name * it, axaddr_gpa_t address, const void *from, size_t size),                   \
        name##_write(it, address, from, size))                                                     \
    USE(enum axaddr_status, name##_share, (struct name * it, axaddr_gpa_t start, uint64_t size),   \
        name##_share(it, start, size))                                                             \
    USE(enum axaddr_status, name##_copy_mappings_from,                                             \
        (struct name * it, const struct axaddr_table *from, axaddr_gpa_t start, uint64_t size),    \
        name##_copy_mappings_from(it, from, start, size))                                          \
    USE(enum axaddr_status, name##_audit, (const struct name *it, axaddr_gpa_t *where),            \
        name##_audit(it, where))                                                                   \
    USE(bool, name##_dump,                                                                         \
        (const struct name *it, struct axaddr_dump *dump, char *line, size_t size),                \
        name##_dump(it, dump, line, size))

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

/** What a VM has beyond a space: VMs get USE_SPACE, too. */
#define USE_VM(name)                                                                               \
    USE(enum axaddr_status, name##_copy_from_guest,                                                \
        (struct name * it, axaddr_gpa_t address, void *to, uint64_t size, uint32_t how,            \
         uint64_t *done),                                                                          \
        name##_copy_from_guest(it, address, to, size, how, done))                                  \
    USE(enum axaddr_status, name##_copy_to_guest,                                                  \
        (struct name * it, axaddr_gpa_t address, const void *from, uint64_t size, uint32_t how,    \
         uint64_t *done),                                                                          \
        name##_copy_to_guest(it, address, from, size, how, done))                                  \
    USE(enum axaddr_status, name##_fill,                                                           \
        (struct name * it, axaddr_gpa_t address, uint8_t byte, uint64_t size, uint32_t how,        \
         uint64_t * done),                                                                         \
        name##_fill(it, address, byte, size, how, done))                                           \
    USE(enum axaddr_status, name##_read_string,                                                    \
        (struct name * it, axaddr_gpa_t address, char *to, uint64_t size, uint32_t how,            \
         uint64_t *length),                                                                        \
        name##_read_string(it, address, to, size, how, length))                                    \
    USE(enum axaddr_status, name##_load,                                                           \
        (struct name * it, axaddr_gpa_t address, enum axaddr_width width, uint32_t how,            \
         uint64_t * value),                                                                        \
        name##_load(it, address, width, how, value))                                               \
    USE(enum axaddr_status, name##_store,                                                          \
        (struct name * it, axaddr_gpa_t address, enum axaddr_width width, uint32_t how,            \
         uint64_t value),                                                                          \
        name##_store(it, address, width, how, value))                                              \
    USE(enum axaddr_status, name##_compare_exchange,                                               \
        (struct name * it, axaddr_gpa_t address, enum axaddr_width width, uint32_t how,            \
         uint64_t desired, uint64_t * expected),                                                   \
        name##_compare_exchange(it, address, width, how, desired, expected))                       \
    USE(enum axaddr_status, name##_segments,                                                       \
        (struct name * it, axaddr_gpa_t address, uint64_t size, uint32_t access, uint32_t how,     \
         struct axaddr_segment * segments, size_t max, size_t * count, uint64_t * done),           \
        name##_segments(it, address, size, access, how, segments, max, count, done))               \
    USE(enum axaddr_status, name##_tracking_cost,                                                  \
        (struct name * it, axaddr_gpa_t start, uint64_t size, uint32_t how, uint64_t * frames),    \
        name##_tracking_cost(it, start, size, how, frames))                                        \
    USE(enum axaddr_status, name##_start_tracking,                                                 \
        (struct name * it, axaddr_gpa_t start, uint64_t size, uint32_t how),                       \
        name##_start_tracking(it, start, size, how))                                               \
    USE(enum axaddr_status, name##_harvest_dirty,                                                  \
        (struct name * it, axaddr_gpa_t start, uint64_t size, uint64_t * bitmap, uint64_t bits),   \
        name##_harvest_dirty(it, start, size, bitmap, bits))                                       \
    USE(enum axaddr_status, name##_harvest_dirty_step,                                             \
        (struct name * it, axaddr_gpa_t start, uint64_t size, uint64_t * bitmap, uint64_t bits,    \
         uint64_t budget, uint64_t * done),                                                        \
        name##_harvest_dirty_step(it, start, size, bitmap, bits, budget, done))                    \
    USE(enum axaddr_status, name##_harvest_young,                                                  \
        (struct name * it, axaddr_gpa_t start, uint64_t size, uint64_t * bitmap, uint64_t bits),   \
        name##_harvest_young(it, start, size, bitmap, bits))                                       \
    USE(enum axaddr_status, name##_stop_tracking,                                                  \
        (struct name * it, axaddr_gpa_t start, uint64_t size),                                     \
        name##_stop_tracking(it, start, size))                                                     \
    USE(enum axaddr_status, name##_map_region,                                                     \
        (struct name * it, axaddr_gpa_t start, axaddr_hpa_t host, uint64_t size, uint32_t flags),  \
        name##_map_region(it, start, host, size, flags))                                           \
    USE(enum axaddr_status, name##_unmap_region,                                                   \
        (struct name * it, axaddr_gpa_t start, uint64_t size),                                     \
        name##_unmap_region(it, start, size))                                                      \
    USE(enum axaddr_status, name##_map_identical,                                                  \
        (struct name * it, axaddr_gpa_t start, uint64_t size, uint32_t flags,                      \
         enum axaddr_unreserved unreserved),                                                       \
        name##_map_identical(it, start, size, flags, unreserved))                                  \
    USE(enum axaddr_fault, name##_handle_fault_cookie,                                             \
        (struct name * it, axaddr_gpa_t address, uint32_t access, uint32_t * cookie),              \
        name##_handle_fault_cookie(it, address, access, cookie))                                   \
    USE(enum axaddr_status, name##_apply_regions,                                                  \
        (struct name * it, const struct axaddr_vm_region *regions, size_t count,                   \
         enum axaddr_unreserved unreserved, size_t *failed),                                       \
        name##_apply_regions(it, regions, count, unreserved, failed))                              \
    USE(enum axaddr_status, name##_apply,                                                          \
        (struct name * it, const struct axaddr_vm_config *config,                                  \
         enum axaddr_unreserved unreserved, size_t *failed),                                       \
        name##_apply(it, config, unreserved, failed))

/** A bus of devices at `address`. */
#define USE_BUS(name, address)                                                                     \
    USE(enum axaddr_status, name##_init, (struct name * bus, address##_t first, address##_t last), \
        name##_init(bus, first, last))                                                             \
    USE(enum axaddr_status, name##_add,                                                            \
        (struct name * bus, address##_t first, address##_t last,                                   \
         const struct axaddr_device *device),                                                      \
        name##_add(bus, first, last, device))                                                      \
    USE(enum axaddr_status, name##_remove, (struct name * bus, address##_t first),                 \
        name##_remove(bus, first))                                                                 \
    USE(enum axaddr_status, name##_access,                                                         \
        (const struct name *bus, struct axaddr_bus_hint *hint, address##_t at,                     \
         struct axaddr_device_access *access),                                                     \
        name##_access(bus, hint, at, access))                                                      \
    USE(enum axaddr_status, name##_find,                                                           \
        (const struct name *bus, address##_t at, struct name##_entry *entry),                      \
        name##_find(bus, at, entry))                                                               \
    USE(enum axaddr_status, name##_next,                                                           \
        (const struct name *bus, address##_t from, struct name##_entry *entry),                    \
        name##_next(bus, from, entry))                                                             \
    USE(size_t, name##_count, (const struct name *bus), name##_count(bus))

/** A walk of the tables of a guest of `vm`. */
#define USE_WALK(name, vm, guest)                                                                  \
    USE(enum axaddr_walk_result, name##_walk,                                                      \
        (struct vm * it, const struct guest##_regime *regime, axaddr_gva_t address,                \
         uint32_t access, uint32_t how, struct axaddr_guest_page *page),                           \
        name##_walk(it, regime, address, access, how, page))

/* ---- the guests ---- */

/** Every machine whose guests' tables axaddr_arch can walk, as X(tag, guest, vm). */
#define EVERY_GUEST(X, vm)                                                                         \
    X(x86, axaddr_x86_guest, vm)                                                                   \
    X(aarch64, axaddr_aarch64_guest, vm)                                                           \
    X(arm, axaddr_arm_guest, vm)                                                                   \
    X(riscv, axaddr_riscv_guest, vm)                                                               \
    X(loongarch64, axaddr_loongarch64_guest, vm)

#endif /* AXADDR_TESTS_TEMPLATE_EVERY_H */
