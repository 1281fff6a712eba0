/* SPDX-License-Identifier: MIT
 *
 * generate.h: how the instantiating macros of axaddr.h are made. Names that end in _ are not for
 * users. Functions stand in lists, one line of arguments each: type, name, parameters, call. A list
 * is expanded with a producer that makes of each line a static, a declaration or a definition. No
 * line holds more than the call of an algorithm.
 */
#ifndef AXADDR_CORE_GENERATE_H
#define AXADDR_CORE_GENERATE_H

#include "require.h"
#include "space.h"

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
         (const struct axaddr_table *table, struct axaddr_source *source, uint64_t start,          \
          uint64_t size, uint64_t *count),                                                         \
         axaddr_table_enter(&name##_instance_, table, source, start, size, count))                 \
    PATH_VOID(name##_edit_,                                                                        \
              (const struct axaddr_table *table, struct axaddr_edit *edit,                         \
               struct axaddr_pool *pool),                                                          \
              axaddr_table_edit(&name##_instance_, table, edit, pool))                             \
    PATH_VOID(name##_release_, (const struct axaddr_table *table, uint64_t first, uint64_t last),  \
              axaddr_table_release(&name##_instance_, table, first, last))                         \
    PATH_VOID(name##_sweep_, (const struct axaddr_table *table, uint64_t first, uint64_t last),    \
              axaddr_table_sweep(&name##_instance_, table, first, last))                           \
    PATH_VOID(name##_free_tables_,                                                                 \
              (const struct axaddr_table *table, uint64_t frame, unsigned level),                  \
              axaddr_table_free_tables(&name##_instance_, table, frame, level))                    \
    PATH(enum axaddr_fault, name##_fault_slow_,                                                    \
         (const struct axaddr_table *table, uint64_t address, uint32_t access),                    \
         axaddr_table_fault_slow(&name##_instance_, table, address, access))

#define AXADDR_SPACE_PATHS_(PATH, PATH_VOID, name)                                                 \
    PATH(struct axaddr_area *, name##_area_at_,                                                    \
         (const struct axaddr_table *table, struct axaddr_areas *areas, uint32_t index),           \
         axaddr_areas_locate(&name##_instance_, table, areas, index))                              \
    PATH(uint32_t, name##_search_,                                                                 \
         (const struct axaddr_table *table, const struct axaddr_areas *areas, uint64_t address),   \
         axaddr_areas_search(&name##_instance_, table, areas, address))                            \
    PATH(bool, name##_make_room_,                                                                  \
         (const struct axaddr_table *table, struct axaddr_areas *areas, uint32_t more),            \
         axaddr_areas_make_room(&name##_instance_, table, areas, more))                            \
    PATH_VOID(name##_change_,                                                                      \
              (const struct axaddr_table *table, struct axaddr_areas *areas,                       \
               enum axaddr_area_change change, uint64_t first, uint64_t last,                      \
               const struct axaddr_area *with),                                                    \
              axaddr_areas_change(&name##_instance_, table, areas, change, first, last, with))     \
    PATH(enum axaddr_status, name##_edit_area_,                                                    \
         (struct axaddr_space *space, uint64_t first, uint64_t last, bool is_removal,              \
          uint32_t flags),                                                                         \
         axaddr_space_edit(&name##_instance_, space, first, last, is_removal, flags))              \
    PATH(enum axaddr_status, name##_map_area_,                                                     \
         (struct axaddr_space *space, struct axaddr_source *source, struct axaddr_area *area,      \
          uint64_t size), axaddr_space_map_area(&name##_instance_, space, source, area, size))

#define AXADDR_TABLE_INSTANCE_(name, format, hal)                                                  \
    AXADDR_REQUIRE_ALL_(name, format, hal)                                                         \
    AXADDR_TABLE_PATHS_(AXADDR_PATH_, AXADDR_PATH_VOID_, name)                                     \
    static const struct axaddr_instance name##_instance_ = {                                       \
        &format,            &hal,              name##_lookup_,      name##_resize_,                \
        name##_map_,        name##_edit_,      name##_release_,     name##_sweep_,                 \
        name##_free_tables_, name##_fault_slow_,                                                   \
        0,                  0,                 0,                   0,                             \
        0,                  0};                                                                    \
    AXADDR_TABLE_PATHS_(AXADDR_PATH_BODY_, AXADDR_PATH_BODY_VOID_, name)

#define AXADDR_SPACE_INSTANCE_(name, format, hal)                                                  \
    AXADDR_REQUIRE_ALL_(name, format, hal)                                                         \
    AXADDR_TABLE_PATHS_(AXADDR_PATH_, AXADDR_PATH_VOID_, name)                                     \
    AXADDR_SPACE_PATHS_(AXADDR_PATH_, AXADDR_PATH_VOID_, name)                                     \
    static const struct axaddr_instance name##_instance_ = {                                       \
        &format,            &hal,              name##_lookup_,      name##_resize_,                \
        name##_map_,        name##_edit_,      name##_release_,     name##_sweep_,                 \
        name##_free_tables_, name##_fault_slow_,                                                   \
        name##_area_at_,    name##_search_,    name##_make_room_,   name##_change_,                \
        name##_edit_area_,  name##_map_area_};                                                     \
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
       axaddr_space_init(&name##_instance_, &space->core, ctx, start.raw, size)))                  \
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
    F(enum axaddr_status, name##_unmap, (struct name *space, input##_t start, uint64_t size),      \
      axaddr_space_unmap(&name##_instance_, &space->core, start.raw, size))                        \
    F(enum axaddr_status, name##_protect,                                                          \
      (struct name *space, input##_t start, uint64_t size, uint32_t flags),                        \
      axaddr_space_protect(&name##_instance_, &space->core, start.raw, size, flags))               \
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
    F_VOID(name##_stats, (const struct name *space, struct axaddr_stats *stats),                   \
           axaddr_space_stats(&name##_instance_, &space->core, stats))

#define AXADDR_TABLE_FUNCTIONS_(F, F_VOID, name, input, output)                                    \
    F(enum axaddr_status, name##_init,                                                             \
      (struct name *table, void *ctx, input##_t start, uint64_t size),                             \
      (AXADDR_REQUIRED_(name),                                                                     \
       axaddr_table_init(&name##_instance_, &table->core, ctx, start.raw, size)))                  \
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
      axaddr_table_unmap(&name##_instance_, &table->core, start.raw, size))                        \
    F(enum axaddr_status, name##_protect,                                                          \
      (struct name *table, input##_t start, uint64_t size, uint32_t flags),                        \
      axaddr_table_protect(&name##_instance_, &table->core, start.raw, size, flags))               \
    F(enum axaddr_status, name##_translate,                                                        \
      (const struct name *table, input##_t address, output##_t *host),                             \
      axaddr_table_translate(&name##_instance_, &table->core, address.raw, &host->raw))            \
    F(enum axaddr_status, name##_query,                                                            \
      (const struct name *table, input##_t address, struct axaddr_mapping *mapping),               \
      axaddr_table_query(&name##_instance_, &table->core, address.raw, mapping))                   \
    F(enum axaddr_status, name##_tables_needed,                                                    \
      (const struct name *table, input##_t start, output##_t host, uint64_t size,                  \
       uint32_t flags, uint64_t *count),                                                           \
      axaddr_table_tables_needed(&name##_instance_, &table->core, start.raw, host.raw, size,       \
       flags, count))                                                                              \
    F(output##_t, name##_root, (const struct name *table), output(table->core.root))               \
    F_VOID(name##_stats, (const struct name *table, struct axaddr_stats *stats),                   \
           axaddr_table_stats(&name##_instance_, &table->core, stats))

/* clang-format on */

#endif /* AXADDR_CORE_GENERATE_H */
