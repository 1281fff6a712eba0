/* SPDX-License-Identifier: MIT
 *
 * generate.h: how the instantiating macros of axaddr.h are made. Names that end in _ are not for
 * users. Functions stand in lists, one line of arguments each: type, name, parameters, call. A list
 * is expanded with a producer that makes of each line a static, a declaration or a definition. No
 * line holds more than the call of an algorithm.
 */
#ifndef AXADDR_CORE_GENERATE_H
#define AXADDR_CORE_GENERATE_H

#include "data.h"
#include "guest_memory.h"
#include "report.h"
#include "require.h"
#include "share.h"
#include "tracking.h"
#include "vm.h"

/* The lists are laid out by hand. */
/* clang-format off */

/* An array of typed addresses as the array of words that it is. */
#define AXADDR_RAW_(addresses) ((const uint64_t *)(const void *)(addresses))

/* ---- producers ---- */

#define AXADDR_STATIC_(type, function, parameters, call)                                           \
    AXADDR_UNUSED AXADDR_MUST_CHECK static inline type function parameters {                       \
        return call;                                                                               \
    }
#define AXADDR_STATIC_VOID_(function, parameters, call)                                            \
    AXADDR_UNUSED static inline void function parameters {                                         \
        call;                                                                                      \
    }
#define AXADDR_EXTERN_(type, function, parameters, call) AXADDR_MUST_CHECK type function parameters;
#define AXADDR_EXTERN_VOID_(function, parameters, call) void function parameters;
#define AXADDR_GLOBAL_(type, function, parameters, call)                                           \
    type function parameters {                                                                     \
        return call;                                                                               \
    }
#define AXADDR_GLOBAL_VOID_(function, parameters, call)                                            \
    void function parameters {                                                                     \
        call;                                                                                      \
    }
/* For the paths of an instance that exist once, out of line: a prototype, then the function. */
#define AXADDR_PATH_(type, function, parameters, call)                                             \
    AXADDR_UNUSED AXADDR_NOINLINE static type function parameters;
#define AXADDR_PATH_VOID_(function, parameters, call)                                              \
    AXADDR_UNUSED AXADDR_NOINLINE static void function parameters;
#define AXADDR_PATH_BODY_(type, function, parameters, call)                                        \
    AXADDR_UNUSED AXADDR_NOINLINE static type function parameters {                                \
        return call;                                                                               \
    }
#define AXADDR_PATH_BODY_VOID_(function, parameters, call)                                         \
    AXADDR_UNUSED AXADDR_NOINLINE static void function parameters {                                \
        call;                                                                                      \
    }

/* ---- an instance (instance.h) and its out-of-line paths ---- */

#define AXADDR_TABLE_PATHS_(PATH, PATH_VOID, name)                                                 \
    PATH(struct axaddr_position, name##_lookup_,                                                   \
         (const struct axaddr_table *table, uint64_t address),                                     \
         axaddr_lookup(&name##_instance_, table, address))                                         \
    PATH(bool, name##_resize_,                                                                     \
         (const struct axaddr_table *table, struct axaddr_pool *pool, uint64_t count),             \
         axaddr_pool_resize(&name##_instance_, table, pool, count))                                \
    PATH(enum axaddr_status, name##_map_,                                                          \
         (const struct axaddr_table *table, const struct axaddr_request *request, uint64_t last,   \
          struct axaddr_pool *pool, bool is_commit),                                               \
         axaddr_table_map(&name##_instance_, table, request, last, pool, is_commit))               \
    PATH_VOID(name##_edit_,                                                                        \
              (const struct axaddr_table *table, struct axaddr_edit *edit,                         \
               struct axaddr_pool *pool),                                                          \
              axaddr_table_edit(&name##_instance_, table, edit, pool))                             \
    PATH_VOID(name##_release_,                                                                     \
              (const struct axaddr_table *table, uint64_t first, uint64_t last, uint32_t cookie),  \
              axaddr_table_release(&name##_instance_, table, first, last, cookie))                 \
    PATH_VOID(name##_settle_,                                                                      \
              (const struct axaddr_table *table, const struct axaddr_edit *edit),                  \
              axaddr_table_settle(&name##_instance_, table, edit))                                 \
    PATH_VOID(name##_collapse_, (const struct axaddr_table *table, struct axaddr_edit *edit),      \
              axaddr_table_collapse(&name##_instance_, table, edit))                               \
    PATH_VOID(name##_rewrite_run_,                                                                 \
              (const struct axaddr_table *table, void *slot, unsigned level, uint64_t address,     \
               bool is_run),                                                                       \
              axaddr_table_rewrite_run(&name##_instance_, table, slot, level, address, is_run))    \
    PATH_VOID(name##_free_tables_,                                                                 \
              (const struct axaddr_table *table, uint64_t frame, unsigned level),                  \
              axaddr_table_free_tables(&name##_instance_, table, frame, level))                    \
    PATH(enum axaddr_fault, name##_fault_slow_,                                                    \
         (const struct axaddr_table *table, uint64_t address, uint32_t access,                     \
          struct axaddr_pool *pool),                                                               \
         axaddr_table_fault_slow(&name##_instance_, table, address, access, pool))

#define AXADDR_TABLE_DOOR_(PATH, PATH_VOID, name)                                                  \
    PATH(enum axaddr_status, name##_perform_,                                                      \
         (struct axaddr_table *table, const struct axaddr_request *request,                        \
          struct axaddr_terms *terms, uint64_t *count),                                            \
         axaddr_table_perform(&name##_instance_, table, request, terms, count))

#define AXADDR_SPACE_PATHS_(PATH, PATH_VOID, name)                                                 \
    PATH_VOID(name##_descend_,                                                                     \
              (const struct axaddr_ranges *set, uint64_t address, struct axaddr_range_path *path), \
              axaddr_ranges_descend(&name##_areas_, set, address, path))                           \
    PATH(uint64_t, name##_alloc_node_, (struct axaddr_ranges *set),                                \
         axaddr_ranges_alloc_node(&name##_areas_, set))                                            \
    PATH_VOID(name##_follow_, (struct axaddr_ranges *set, uint64_t last),                          \
              axaddr_ranges_follow(&name##_areas_, set, last))                                     \
    PATH_VOID(name##_free_node_, (struct axaddr_ranges *set, uint64_t node),                       \
              axaddr_ranges_free_node(&name##_areas_, set, node))                                  \
    PATH_VOID(name##_put_,                                                                         \
              (struct axaddr_ranges *set, struct axaddr_range_path *path,                          \
               const struct axaddr_range_entry *entry),                                            \
              axaddr_ranges_put(&name##_areas_, set, path, entry))                                 \
    PATH_VOID(name##_take_, (struct axaddr_ranges *set, struct axaddr_range_path *path),           \
              axaddr_ranges_take(&name##_areas_, set, path))                                       \
    PATH(bool, name##_find_area_,                                                                  \
         (const struct axaddr_areas *areas, uint64_t address, struct axaddr_area *area),           \
         axaddr_areas_find(&name##_instance_, areas, address, area))                               \
    PATH(bool, name##_look_area_,                                                                  \
         (const struct axaddr_areas *areas, uint64_t address, struct axaddr_range_hit *hit),       \
         axaddr_ranges_look(&name##_areas_, &areas->set, address, hit))                            \
    PATH(bool, name##_cross_,                                                                      \
         (const struct axaddr_areas *areas, uint64_t address, struct axaddr_range_path *path,      \
          struct axaddr_range_hit *hit),                                                           \
         axaddr_areas_cross(&name##_instance_, areas, address, path, hit))                         \
    PATH_VOID(name##_cut_area_, (struct axaddr_areas *areas, uint64_t address),                    \
              axaddr_areas_cut(&name##_instance_, areas, address))                                 \
    PATH_VOID(name##_resize_area_,                                                                 \
              (struct axaddr_ranges *set, const struct axaddr_range_path *path, uint64_t first,    \
               uint64_t last),                                                                     \
              axaddr_ranges_resize(&name##_areas_, set, path, first, last))                        \
    PATH_VOID(name##_join_areas_, (struct axaddr_areas *areas, uint64_t first),                    \
              axaddr_ranges_join(&name##_areas_, &areas->set, first))                              \
    PATH(bool, name##_count_areas_,                                                                \
         (const struct axaddr_areas *areas, enum axaddr_area_change change,                        \
          const struct axaddr_area *with, uint64_t *frames),                                       \
         axaddr_areas_count(&name##_instance_, areas, change, with, frames))                       \
    PATH_VOID(name##_carve_areas_,                                                                 \
              (struct axaddr_areas *areas, uint64_t first, uint64_t last),                         \
              axaddr_areas_carve(&name##_instance_, areas, first, last))                           \
    PATH_VOID(name##_insert_area_,                                                                 \
              (struct axaddr_areas *areas, const struct axaddr_area *with),                        \
              axaddr_areas_insert(&name##_instance_, areas, with))                                 \
    PATH_VOID(name##_change_,                                                                      \
              (struct axaddr_areas *areas, enum axaddr_area_change change,                         \
               const struct axaddr_area *with, struct axaddr_pool *pool),                          \
              axaddr_areas_change(&name##_instance_, areas, change, with, pool))                   \
    PATH(enum axaddr_fault, name##_upgrade_,                                                       \
         (const struct axaddr_table *table, uint64_t address, uint32_t access,                     \
          struct axaddr_pool *pool),                                                               \
         axaddr_space_upgrade(&name##_instance_, table, address, access, pool))                    \
    PATH(enum axaddr_status, name##_perform_,                                                      \
         (struct axaddr_space *space, const struct axaddr_request *request,                        \
          struct axaddr_terms *terms, uint64_t *count),                                            \
         axaddr_space_perform(&name##_instance_, space, request, terms, count))

#define AXADDR_TABLE_INSTANCE_(name, format, hal)                                                  \
    AXADDR_REQUIRE_ALL_(name, format, hal)                                                         \
    AXADDR_TABLE_PATHS_(AXADDR_PATH_, AXADDR_PATH_VOID_, name)                                     \
    AXADDR_TABLE_DOOR_(AXADDR_PATH_, AXADDR_PATH_VOID_, name)                                      \
    static const struct axaddr_instance name##_instance_ = {                                       \
        &format,            &hal,              name##_lookup_,      name##_resize_,                \
        name##_map_,        name##_edit_,      name##_release_,     name##_settle_,                \
        name##_collapse_,   name##_rewrite_run_,                                                   \
        name##_free_tables_, name##_fault_slow_, name##_perform_,                                  \
        0,                  0,                 0,                   0,                             \
        0,                  0,                 0,                   0,                             \
        0,                  0,                 0,                   0};                                                                                        \
    AXADDR_TABLE_PATHS_(AXADDR_PATH_BODY_, AXADDR_PATH_BODY_VOID_, name)                           \
    AXADDR_TABLE_DOOR_(AXADDR_PATH_BODY_, AXADDR_PATH_BODY_VOID_, name)

#define AXADDR_SPACE_INSTANCE_(name, format, hal)                                                  \
    AXADDR_REQUIRE_ALL_(name, format, hal)                                                         \
    AXADDR_TABLE_PATHS_(AXADDR_PATH_, AXADDR_PATH_VOID_, name)                                     \
    AXADDR_SPACE_PATHS_(AXADDR_PATH_, AXADDR_PATH_VOID_, name)                                     \
    static const struct axaddr_range_kind name##_areas_ = {                                        \
        &hal,                                                                                      \
        &format,                                                                                   \
        AXADDR_AREA_WORDS,                                                                         \
        AXADDR_RANGE_LEAF_MAX(AXADDR_AREA_WORDS * 8),                                              \
        axaddr_area_continues,                                                                     \
        name##_descend_,                                                                           \
        name##_alloc_node_,                                                                        \
        name##_free_node_,                                                                         \
        name##_follow_,                                                                            \
        name##_put_,                                                                               \
        name##_take_,                                                                              \
        name##_resize_area_,                                                                       \
        0};                                                                                        \
    static const struct axaddr_instance name##_instance_ = {                                       \
        &format,            &hal,              name##_lookup_,      name##_resize_,                \
        name##_map_,        name##_edit_,      name##_release_,     name##_settle_,                \
        name##_collapse_,   name##_rewrite_run_,                                                   \
        name##_free_tables_, name##_fault_slow_, 0,                                                \
        &name##_areas_,     name##_find_area_, name##_look_area_,  name##_cross_,                  \
        name##_cut_area_,   name##_join_areas_, name##_count_areas_,                               \
        name##_carve_areas_, name##_insert_area_, name##_change_,                                  \
        name##_upgrade_,    name##_perform_};                                                      \
    AXADDR_TABLE_PATHS_(AXADDR_PATH_BODY_, AXADDR_PATH_BODY_VOID_, name)                           \
    AXADDR_SPACE_PATHS_(AXADDR_PATH_BODY_, AXADDR_PATH_BODY_VOID_, name)

/* ---- what users get ---- */

#define AXADDR_SPACE_TYPE_(name)                                                                   \
    struct name {                                                                                  \
        struct axaddr_space core;                                                                  \
    };
#define AXADDR_TABLE_TYPE_(name)                                                                   \
    struct name {                                                                                  \
        struct axaddr_table core;                                                                  \
    };

#define AXADDR_SPACE_FUNCTIONS_(F, F_VOID, name, input, output)                                    \
    F(enum axaddr_status, name##_init,                                                             \
      (struct name *space, void *ctx, input##_t start, uint64_t size),                             \
      (AXADDR_REQUIRED_(name),                                                                     \
       axaddr_space_init(&name##_instance_, &space->core, ctx, start.raw, size,                      \
                         axaddr_geometry_of(name##_instance_.format))))                            \
    F(enum axaddr_status, name##_init_sized,                                                       \
      (struct name *space, void *ctx, input##_t start, uint64_t size,                              \
       struct axaddr_geometry geometry),                                                           \
      (AXADDR_REQUIRED_(name),                                                                     \
       axaddr_space_init(&name##_instance_, &space->core, ctx, start.raw, size, geometry)))        \
    F_VOID(name##_destroy, (struct name *space),                                                   \
           axaddr_space_destroy(&name##_instance_, &space->core))                                  \
    F(enum axaddr_status, name##_map_linear,                                                       \
      (struct name *space, input##_t start, output##_t host, uint64_t size, uint32_t flags),       \
      axaddr_space_map_linear(&name##_instance_, &space->core, start.raw, host.raw, size, flags))  \
    F(enum axaddr_status, name##_map_frames,                                                       \
      (struct name *space, input##_t start, const output##_t *frames, size_t frame_count,          \
       uint32_t flags),                                                                            \
      axaddr_space_map_frames(&name##_instance_, &space->core, start.raw, AXADDR_RAW_(frames),     \
                              frame_count, flags))                                                 \
    F(enum axaddr_status, name##_map_alloc,                                                        \
      (struct name *space, input##_t start, uint64_t size, uint32_t flags,                         \
       enum axaddr_backing backing),                                                               \
      axaddr_space_map_alloc(&name##_instance_, &space->core, start.raw, size, flags, backing))    \
    F(enum axaddr_status, name##_map_device,                                                       \
      (struct name *space, input##_t start, uint64_t size, uint32_t cookie),                       \
      axaddr_space_map_device(&name##_instance_, &space->core, start.raw, size, cookie))           \
    F(enum axaddr_status, name##_map_backed,                                                       \
      (struct name *space, input##_t start, uint64_t size, uint32_t flags, uint32_t cookie),       \
      axaddr_space_map_backed(&name##_instance_, &space->core, start.raw, size, flags, cookie))    \
    F(enum axaddr_status, name##_set_zero_frame, (struct name *space, output##_t frame),           \
      axaddr_table_set_zero_frame(&name##_instance_, &space->core.table, frame.raw))               \
    F(enum axaddr_status, name##_unmap, (struct name *space, input##_t start, uint64_t size),      \
      axaddr_space_edit_range(&name##_instance_, &space->core, AXADDR_OP_UNMAP, start.raw, size,   \
                              0))                                                                  \
    F(enum axaddr_status, name##_protect,                                                          \
      (struct name *space, input##_t start, uint64_t size, uint32_t flags),                        \
      axaddr_space_edit_range(&name##_instance_, &space->core, AXADDR_OP_PROTECT, start.raw, size, \
                              flags))                                                              \
    F(enum axaddr_status, name##_split, (struct name *space, input##_t start, uint64_t size),      \
      axaddr_space_edit_range(&name##_instance_, &space->core, AXADDR_OP_SPLIT, start.raw, size,   \
                              0))                                                                  \
    F(enum axaddr_status, name##_collapse, (struct name *space, input##_t start, uint64_t size),   \
      axaddr_space_edit_range(&name##_instance_, &space->core, AXADDR_OP_COLLAPSE, start.raw,      \
                              size, 0))                                                            \
    F(enum axaddr_status, name##_harvest,                                                          \
      (struct name *space, input##_t start, uint64_t size, uint32_t notes),                        \
      axaddr_space_edit_range(&name##_instance_, &space->core, AXADDR_OP_HARVEST, start.raw, size, \
                              notes))                                                              \
    F(enum axaddr_status, name##_perform,                                                          \
      (struct name *space, const struct axaddr_request *request, struct axaddr_terms *terms),      \
      name##_instance_.perform_space(&space->core, request, terms, 0))                             \
    F(enum axaddr_status, name##_tables_needed,                                                    \
      (struct name *space, const struct axaddr_request *request, uint64_t *count),                 \
      name##_instance_.perform_space(&space->core, request, 0, count))                             \
    F(enum axaddr_status, name##_resize_pool,                                                      \
      (struct name *space, struct axaddr_pool *pool, uint64_t count),                              \
      axaddr_table_resize_pool(&name##_instance_, &space->core.table, pool, count))                \
    F(enum axaddr_fault, name##_handle_fault_from,                                                 \
      (struct name *space, input##_t address, uint32_t access, struct axaddr_pool *pool),          \
      axaddr_table_fault_from(&name##_instance_, &space->core.table, address.raw, access, pool))                  \
    F_VOID(name##_set_vmid, (struct name *space, uint32_t vmid),                                   \
           axaddr_table_set_vmid(&space->core.table, vmid))                                        \
    F_VOID(name##_enter_cpu, (struct name *space, unsigned cpu),                                   \
           axaddr_table_enter_cpu(&name##_instance_, &space->core.table, cpu))                     \
    F_VOID(name##_leave_cpu, (struct name *space, unsigned cpu),                                   \
           axaddr_table_leave_cpu(&name##_instance_, &space->core.table, cpu))                     \
    F(enum axaddr_status, name##_translate,                                                        \
      (const struct name *space, input##_t address, output##_t *host),                             \
      axaddr_table_translate(&name##_instance_, &space->core.table, address.raw, &host->raw))      \
    F(enum axaddr_status, name##_query,                                                            \
      (const struct name *space, input##_t address, struct axaddr_mapping *mapping),               \
      axaddr_table_query(&name##_instance_, &space->core.table, address.raw, mapping))             \
    F(enum axaddr_status, name##_find_area,                                                        \
      (const struct name *space, input##_t address, struct axaddr_area *area),                     \
      axaddr_space_find_area(&name##_instance_, &space->core, address.raw, area))                  \
    F(enum axaddr_status, name##_next_area,                                                        \
      (const struct name *space, input##_t from, struct axaddr_area *area),                        \
      axaddr_space_next_area(&name##_instance_, &space->core, from.raw, area))                     \
    F(enum axaddr_fault, name##_handle_fault,                                                      \
      (struct name *space, input##_t address, uint32_t access),                                    \
      axaddr_table_fault(&name##_instance_, &space->core.table, address.raw, access))              \
    F(output##_t, name##_root, (const struct name *space), output(space->core.table.root))         \
    F(const struct axaddr_table *, name##_table, (const struct name *space), &space->core.table)   \
    F_VOID(name##_clear, (struct name *space),                                                     \
           axaddr_space_clear(&name##_instance_, &space->core))                                    \
    F(enum axaddr_status, name##_label,                                                            \
      (struct name *space, input##_t start, uint64_t size, const char *label, uint64_t tag),       \
      axaddr_space_label(&name##_instance_, &space->core, start.raw, size, label, tag))            \
    F(enum axaddr_status, name##_map_regions,                                                      \
      (struct name *space, const struct axaddr_region *regions, size_t count),                     \
      axaddr_space_map_regions(&name##_instance_, &space->core, regions, count))                   \
    F(enum axaddr_status, name##_find_free,                                                        \
      (const struct name *space, const struct axaddr_placement *wanted, input##_t *address),       \
      axaddr_space_find_free(&name##_instance_, &space->core, wanted, &address->raw))              \
    F(enum axaddr_status, name##_can_access,                                                       \
      (const struct name *space, input##_t address, uint64_t size, uint32_t access),               \
      axaddr_space_can_access(&name##_instance_, &space->core, address.raw, size, access))         \
    F(enum axaddr_status, name##_visit_data,                                                       \
      (struct name *space, input##_t address, uint64_t size, uint32_t access,                      \
       axaddr_visitor visit, void *arg),                                                           \
      axaddr_space_visit(&name##_instance_, &space->core, address.raw, size, access, visit, arg))  \
    F(enum axaddr_status, name##_read,                                                             \
      (struct name *space, input##_t address, void *to, size_t size),                              \
      axaddr_space_read(&name##_instance_, &space->core, address.raw, to, size))                   \
    F(enum axaddr_status, name##_write,                                                            \
      (struct name *space, input##_t address, const void *from, size_t size),                      \
      axaddr_space_write(&name##_instance_, &space->core, address.raw, from, size))                \
    F(enum axaddr_status, name##_share, (struct name *space, input##_t start, uint64_t size),      \
      axaddr_table_share(&name##_instance_, &space->core.table, start.raw, size))                  \
    F(enum axaddr_status, name##_copy_mappings_from,                                               \
      (struct name *space, const struct axaddr_table *from, input##_t start, uint64_t size),       \
      axaddr_table_copy_from(&name##_instance_, &space->core.table, from, start.raw, size))        \
    F(enum axaddr_status, name##_audit, (const struct name *space, input##_t *where),              \
      axaddr_space_audit(&name##_instance_, &space->core, &where->raw))                            \
    F(bool, name##_dump,                                                                           \
      (const struct name *space, struct axaddr_dump *dump, char *line, size_t size),               \
      axaddr_space_dump(&name##_instance_, &space->core, dump, line, size))                        \
    F_VOID(name##_stats, (const struct name *space, struct axaddr_stats *stats),                   \
           axaddr_space_stats(&name##_instance_, &space->core, stats))

/* ---- the memory layer of a VM: functions of a space beyond those above (AXADDR_DEFINE_VM) ---- */

#define AXADDR_VM_FUNCTIONS_(F, F_VOID, name, input, output)                                       \
    AXADDR_GUEST_MEMORY_FUNCTIONS_(F, F_VOID, name, input, output)                                 \
    AXADDR_TRACKING_FUNCTIONS_(F, F_VOID, name, input, output)                                     \
    AXADDR_VM_REGION_FUNCTIONS_(F, F_VOID, name, input, output)

/* guest_memory.h; its page_ is shared by all of them, and not for users. */
#define AXADDR_GUEST_MEMORY_FUNCTIONS_(F, F_VOID, name, input, output)                             \
    F(enum axaddr_status, name##_page_,                                                            \
      (const struct axaddr_space *space, uint64_t address, uint32_t access, uint32_t how,          \
       unsigned char **at),                                                                        \
      axaddr_guest_begin_page(&name##_instance_, space, address, access, how, at))                 \
    F(enum axaddr_status, name##_copy_from_guest,                                                  \
      (struct name *space, input##_t address, void *to, uint64_t size, uint32_t how,               \
       uint64_t *done),                                                                            \
      axaddr_guest_copy_from(&name##_instance_, name##_page_, &space->core, address.raw, to, size, \
                             how, done))                                                           \
    F(enum axaddr_status, name##_copy_to_guest,                                                    \
      (struct name *space, input##_t address, const void *from, uint64_t size, uint32_t how,       \
       uint64_t *done),                                                                            \
      axaddr_guest_copy_to(&name##_instance_, name##_page_, &space->core, address.raw, from, size, \
                           how, done))                                                             \
    F(enum axaddr_status, name##_fill,                                                             \
      (struct name *space, input##_t address, uint8_t byte, uint64_t size, uint32_t how,           \
       uint64_t *done),                                                                            \
      axaddr_guest_fill(&name##_instance_, name##_page_, &space->core, address.raw, byte, size,    \
                        how, done))                                                                \
    F(enum axaddr_status, name##_read_string,                                                      \
      (struct name *space, input##_t address, char *to, uint64_t size, uint32_t how,               \
       uint64_t *length),                                                                          \
      axaddr_guest_read_string(&name##_instance_, name##_page_, &space->core, address.raw, to,     \
                               size, how, length))                                                 \
    F(enum axaddr_status, name##_load,                                                             \
      (struct name *space, input##_t address, enum axaddr_width width, uint32_t how,               \
       uint64_t *value),                                                                           \
      axaddr_guest_load(&name##_instance_, name##_page_, &space->core, address.raw, width, how,    \
                        value))                                                                    \
    F(enum axaddr_status, name##_store,                                                            \
      (struct name *space, input##_t address, enum axaddr_width width, uint32_t how,               \
       uint64_t value),                                                                            \
      axaddr_guest_store(&name##_instance_, name##_page_, &space->core, address.raw, width, how,   \
                         value))                                                                   \
    F(enum axaddr_status, name##_compare_exchange,                                                 \
      (struct name *space, input##_t address, enum axaddr_width width, uint32_t how,               \
       uint64_t desired, uint64_t *expected),                                                      \
      axaddr_guest_compare_exchange(&name##_instance_, name##_page_, &space->core, address.raw,    \
                                    width, how, desired, expected))                                \
    F(enum axaddr_status, name##_segments,                                                         \
      (struct name *space, input##_t address, uint64_t size, uint32_t access, uint32_t how,        \
       struct axaddr_segment *segments, size_t max, size_t *count, uint64_t *done),                \
      axaddr_guest_segments(&name##_instance_, name##_page_, &space->core, address.raw, size,      \
                            access, how, segments, max, count, done))

/* tracking.h */
#define AXADDR_TRACKING_FUNCTIONS_(F, F_VOID, name, input, output)                                 \
    F(enum axaddr_status, name##_track_,                                                           \
      (struct name *space, enum axaddr_track_operation operation, uint64_t start, uint64_t size,   \
       uint32_t how, uint64_t *bitmap, uint64_t bits, uint64_t budget, uint64_t *result),          \
      axaddr_space_track(&name##_instance_, &space->core, operation, start, size, how, bitmap,     \
                         bits, budget, result))                                                    \
    F(enum axaddr_status, name##_tracking_cost,                                                    \
      (struct name *space, input##_t start, uint64_t size, uint32_t how, uint64_t *frames),        \
      name##_track_(space, AXADDR_TRACK_COST, start.raw, size, how, 0, 0, 0, frames))              \
    F(enum axaddr_status, name##_start_tracking,                                                   \
      (struct name *space, input##_t start, uint64_t size, uint32_t how),                          \
      name##_track_(space, AXADDR_TRACK_START, start.raw, size, how, 0, 0, 0, 0))                  \
    F(enum axaddr_status, name##_harvest_dirty,                                                    \
      (struct name *space, input##_t start, uint64_t size, uint64_t *bitmap, uint64_t bits),       \
      name##_track_(space, AXADDR_TRACK_DIRTY, start.raw, size, 0, bitmap, bits, 0, 0))            \
    F(enum axaddr_status, name##_harvest_dirty_step,                                               \
      (struct name *space, input##_t start, uint64_t size, uint64_t *bitmap, uint64_t bits,        \
       uint64_t budget, uint64_t *done),                                                           \
      name##_track_(space, AXADDR_TRACK_DIRTY, start.raw, size, 0, bitmap, bits, budget, done))    \
    F(enum axaddr_status, name##_harvest_young,                                                    \
      (struct name *space, input##_t start, uint64_t size, uint64_t *bitmap, uint64_t bits),       \
      name##_track_(space, AXADDR_TRACK_YOUNG, start.raw, size, 0, bitmap, bits, 0, 0))            \
    F(enum axaddr_status, name##_stop_tracking,                                                    \
      (struct name *space, input##_t start, uint64_t size),                                        \
      name##_track_(space, AXADDR_TRACK_STOP, start.raw, size, 0, 0, 0, 0, 0))

/* vm.h */
#define AXADDR_VM_REGION_FUNCTIONS_(F, F_VOID, name, input, output)                                \
    F(enum axaddr_status, name##_map_region,                                                       \
      (struct name *space, input##_t start, output##_t host, uint64_t size, uint32_t flags),       \
      axaddr_space_map_linear(&name##_instance_, &space->core, start.raw, host.raw, size, flags))  \
    F(enum axaddr_status, name##_unmap_region,                                                     \
      (struct name *space, input##_t start, uint64_t size),                                        \
      axaddr_space_edit_range(&name##_instance_, &space->core, AXADDR_OP_UNMAP, start.raw, size,   \
                              0))                                                                  \
    F(enum axaddr_status, name##_map_identical,                                                    \
      (struct name *space, input##_t start, uint64_t size, uint32_t flags,                         \
       enum axaddr_unreserved unreserved),                                                         \
      axaddr_space_map_identical(&name##_instance_, &space->core, start.raw, size, flags,          \
                                 unreserved))                                                      \
    F(enum axaddr_fault, name##_handle_fault_cookie,                                               \
      (struct name *space, input##_t address, uint32_t access, uint32_t *cookie),                  \
      axaddr_table_fault_cookie(&name##_instance_, &space->core.table, address.raw, access,        \
                                cookie))                                                           \
    F(enum axaddr_status, name##_apply_regions,                                                    \
      (struct name *space, const struct axaddr_vm_region *regions, size_t count,                   \
       enum axaddr_unreserved unreserved, size_t *failed),                                         \
      axaddr_vm_apply_regions(name##_apply_source_, &space->core, regions, count, unreserved,      \
                              failed))                                                             \
    F(enum axaddr_status, name##_apply,                                                            \
      (struct name *space, const struct axaddr_vm_config *config,                                  \
       enum axaddr_unreserved unreserved, size_t *failed),                                         \
      axaddr_vm_apply_config(name##_apply_source_, &space->core, config, unreserved, failed))

#define AXADDR_VM_PATHS_(PATH, PATH_VOID, name)                                                    \
    PATH(enum axaddr_status, name##_apply_source_,                                                 \
         (struct axaddr_space *space, const struct axaddr_vm_source *source,                       \
          enum axaddr_unreserved unreserved, size_t *failed),                                      \
         axaddr_vm_apply_source(&name##_instance_, space, source, unreserved, failed))

#define AXADDR_TABLE_FUNCTIONS_(F, F_VOID, name, input, output)                                    \
    F(enum axaddr_status, name##_init,                                                             \
      (struct name *table, void *ctx, input##_t start, uint64_t size),                             \
      (AXADDR_REQUIRED_(name),                                                                     \
       axaddr_table_init(&name##_instance_, &table->core, ctx, start.raw, size,                      \
                         axaddr_geometry_of(name##_instance_.format))))                            \
    F(enum axaddr_status, name##_init_sized,                                                       \
      (struct name *table, void *ctx, input##_t start, uint64_t size,                              \
       struct axaddr_geometry geometry),                                                           \
      (AXADDR_REQUIRED_(name),                                                                     \
       axaddr_table_init(&name##_instance_, &table->core, ctx, start.raw, size, geometry)))        \
    F_VOID(name##_destroy, (struct name *table),                                                   \
           axaddr_table_destroy(&name##_instance_, &table->core))                                  \
    F(enum axaddr_status, name##_map,                                                              \
      (struct name *table, input##_t start, output##_t host, uint64_t size, uint32_t flags),       \
      axaddr_table_map_linear(&name##_instance_, &table->core, start.raw, host.raw, size, flags))  \
    F(enum axaddr_status, name##_map_frames,                                                       \
      (struct name *table, input##_t start, const output##_t *frames, size_t frame_count,          \
       uint32_t flags),                                                                            \
      axaddr_table_map_frames(&name##_instance_, &table->core, start.raw, AXADDR_RAW_(frames),     \
                              frame_count, flags))                                                 \
    F(enum axaddr_status, name##_unmap, (struct name *table, input##_t start, uint64_t size),      \
      axaddr_table_edit_range(&name##_instance_, &table->core, AXADDR_OP_UNMAP, start.raw, size,   \
                              0))                                                                  \
    F(enum axaddr_status, name##_protect,                                                          \
      (struct name *table, input##_t start, uint64_t size, uint32_t flags),                        \
      axaddr_table_edit_range(&name##_instance_, &table->core, AXADDR_OP_PROTECT, start.raw, size, \
                              flags))                                                              \
    F(enum axaddr_status, name##_split, (struct name *table, input##_t start, uint64_t size),      \
      axaddr_table_edit_range(&name##_instance_, &table->core, AXADDR_OP_SPLIT, start.raw, size,   \
                              0))                                                                  \
    F(enum axaddr_status, name##_collapse, (struct name *table, input##_t start, uint64_t size),   \
      axaddr_table_edit_range(&name##_instance_, &table->core, AXADDR_OP_COLLAPSE, start.raw,      \
                              size, 0))                                                            \
    F(enum axaddr_status, name##_harvest,                                                          \
      (struct name *table, input##_t start, uint64_t size, uint32_t notes),                        \
      axaddr_table_edit_range(&name##_instance_, &table->core, AXADDR_OP_HARVEST, start.raw, size, \
                              notes))                                                              \
    F(enum axaddr_status, name##_perform,                                                          \
      (struct name *table, const struct axaddr_request *request, struct axaddr_terms *terms),      \
      name##_instance_.perform_table(&table->core, request, terms, 0))                             \
    F(enum axaddr_status, name##_tables_needed,                                                    \
      (struct name *table, const struct axaddr_request *request, uint64_t *count),                 \
      name##_instance_.perform_table(&table->core, request, 0, count))                             \
    F(enum axaddr_status, name##_resize_pool,                                                      \
      (struct name *table, struct axaddr_pool *pool, uint64_t count),                              \
      axaddr_table_resize_pool(&name##_instance_, &table->core, pool, count))                      \
    F_VOID(name##_set_vmid, (struct name *table, uint32_t vmid),                                   \
           axaddr_table_set_vmid(&table->core, vmid))                                              \
    F_VOID(name##_enter_cpu, (struct name *table, unsigned cpu),                                   \
           axaddr_table_enter_cpu(&name##_instance_, &table->core, cpu))                           \
    F_VOID(name##_leave_cpu, (struct name *table, unsigned cpu),                                   \
           axaddr_table_leave_cpu(&name##_instance_, &table->core, cpu))                           \
    F(enum axaddr_status, name##_translate,                                                        \
      (const struct name *table, input##_t address, output##_t *host),                             \
      axaddr_table_translate(&name##_instance_, &table->core, address.raw, &host->raw))            \
    F(enum axaddr_status, name##_query,                                                            \
      (const struct name *table, input##_t address, struct axaddr_mapping *mapping),               \
      axaddr_table_query(&name##_instance_, &table->core, address.raw, mapping))                   \
    F(output##_t, name##_root, (const struct name *table), output(table->core.root))               \
    F_VOID(name##_stats, (const struct name *table, struct axaddr_stats *stats),                   \
           axaddr_table_stats(&name##_instance_, &table->core, stats))

/* clang-format on */

#endif /* AXADDR_CORE_GENERATE_H */
