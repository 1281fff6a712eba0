/* SPDX-License-Identifier: MIT
 *
 * test_sim.c: the simulated MMU by itself: small tables made by hand, and for each thing that it
 * reports a sequence of stores and plans that must be reported, with a twin that must not. The
 * machines' entries are in test_sim_machines.c.
 */
#include "check.h"
#include "host.h"
#include "sim.h"

static struct host host;
static struct sim sim;
static struct sim_tlb tlb;

/* ---- entries, as a test writes them ---- */

enum how { PLAIN, READ_ONLY, DEVICE };

struct machine {
    const char *name;
    uint64_t (*table)(uint64_t frame, unsigned level);
    uint64_t (*leaf)(uint64_t frame, unsigned level, enum how how);
    uint64_t empty;
};

static uint64_t x86_table(uint64_t frame, unsigned level) {
    (void)level;
    return frame | 7;
}

static uint64_t ept_leaf(uint64_t frame, unsigned level, enum how how) {
    static const uint64_t bits[] = {0x33, 0x31, 0x03};
    return frame | bits[how] | (level > 0 ? 0x80 : 0);
}

static uint64_t x86_64_leaf(uint64_t frame, unsigned level, enum how how) {
    static const uint64_t bits[] = {0x03, 0x01, 0x1b};
    return frame | bits[how] | (level > 0 ? 0x80 : 0);
}

static uint64_t stage2_table(uint64_t frame, unsigned level) {
    (void)level;
    return frame | 3;
}

static uint64_t stage2_leaf(uint64_t frame, unsigned level, enum how how) {
    static const uint64_t bits[] = {0x7fd, 0x77d, 0x4c5}; /* AF, SH, S2AP, MemAttr, valid */
    return frame | bits[how] | (level == 0 ? 2 : 0);
}

static uint64_t gstage_table(uint64_t frame, unsigned level) {
    (void)level;
    return frame >> 2 | 1;
}

static uint64_t gstage_leaf(uint64_t frame, unsigned level, enum how how) {
    static const uint64_t bits[] = {0xd7, 0xd3, UINT64_C(0x40000000000000d7)};
    (void)level;
    return frame >> 2 | bits[how];
}

static uint64_t toy_table_entry(uint64_t frame, unsigned level) {
    return UINT64_C(0xc3a5) << 41 | frame >> 12 << 5 | (level == 1 ? 1 : 3);
}

static uint64_t toy_leaf_entry(uint64_t frame, unsigned level, enum how how) {
    static const uint64_t flags[] = {3, 1, 0x13};
    uint64_t six = ~flags[how] & 0x3f;
    six = level == 0 ? six : (six << 3 | six >> 3) & 0x3f;
    return six << 57 | UINT64_C(0xc3a5) << 41 | frame >> 12 << 5 | (level + 1);
}

static uint64_t toy32_table_entry(uint64_t frame, unsigned level) {
    (void)level;
    return frame | 3;
}

static uint64_t toy32_leaf_entry(uint64_t frame, unsigned level, enum how how) {
    static const uint64_t flags[] = {3, 1, 0x13};
    (void)level;
    return frame | flags[how] << 2 | 1;
}

static const struct machine machines[] = {
    {"x86_ept", x86_table, ept_leaf, 0},
    {"x86_64", x86_table, x86_64_leaf, 0},
    {"aarch64_stage2_40", stage2_table, stage2_leaf, 0},
    {"aarch64_stage2_48", stage2_table, stage2_leaf, 0},
    {"riscv_sv39x4_svnapot", gstage_table, gstage_leaf, 0},
    {"riscv_sv48x4_svnapot", gstage_table, gstage_leaf, 0},
    {"toy", toy_table_entry, toy_leaf_entry, UINT64_C(1) << 63},
    {"toy32", toy32_table_entry, toy32_leaf_entry, 0},
};
#define MACHINE_COUNT (sizeof(machines) / sizeof(machines[0]))

/* ---- a table by hand ---- */

#define PAGE UINT64_C(0x1000)
#define HOME UINT64_C(0x123000)

static const struct machine *machine;
static uint64_t tables[SIM_LEVEL_MAX]; /**< [level] on the way to HOME */

static uint64_t take(void) {
    axaddr_hpa_t frame = axaddr_hpa(1);
    return host_hal.alloc_frame(&host, &frame) ? frame.raw : 1;
}

static void write_entry(uint64_t table, unsigned level, uint64_t address, uint64_t entry) {
    uint64_t at =
        table + ((uint64_t)sim_index(sim.regime, level, address) << sim.regime->entry_shift);
    uint32_t half = (uint32_t)entry;
    uint8_t *bytes = host_peek(&host, at) + at % HOST_FRAME_SIZE;
    if (sim.regime->entry_shift == 2) {
        memcpy(bytes, &half, sizeof(half));
    } else {
        memcpy(bytes, &entry, sizeof(entry));
    }
}

static void fill_empty(uint64_t table, unsigned level) {
    uint64_t i;
    for (i = 0; i < UINT64_C(1) << sim.regime->index_bits[level]; i++) {
        write_entry(table, level, i << sim.regime->shift[level], machine->empty);
    }
}

/** The CPUs look at an address, one after the other. */
static void all_access(uint64_t address) {
    unsigned cpu;
    for (cpu = 0; cpu < tlb.cpu_count; cpu++) {
        sim_access(&sim, cpu, address, false);
    }
}

static void end(void) {
    if (host.memory != 0) {
        sim_destroy(&sim);
        sim_tlb_destroy(&tlb);
        host_destroy(&host);
    }
}

/** A machine with a table that has nothing but a way to HOME. */
static void begin_empty(const struct machine *kind) {
    axaddr_hpa_t root = axaddr_hpa(0);
    unsigned level;

    end();
    machine = kind;
    host_init(&host, 64, strcmp(kind->name, "toy32") == 0 ? 0x40073000 : HOST_BASE,
              HOST_SCATTERED | HOST_QUARANTINED);
    sim_tlb_init(&tlb, &host);
    sim.regime = sim_regime_of(kind->name);
    if (!host_hal.alloc_block(&host, sim.regime->root_order, &root)) {
        return;
    }
    for (level = 0; level < sim.regime->level_count; level++) {
        tables[level] = level == sim_top_level(sim.regime) ? root.raw : take();
        fill_empty(tables[level], level);
        if (level > 0) {
            write_entry(tables[level], level, HOME, kind->table(tables[level - 1], level));
        }
    }
    sim_init(&sim, &tlb, &host, kind->name, root.raw, 0);
    host_begin(&host);
    sim_begin(&sim);
}

/** The same with a page at HOME, which all CPUs hold. An operation has begun. */
static void begin(const struct machine *kind) {
    begin_empty(kind);
    write_entry(tables[0], 0, HOME, kind->leaf(0x777000, 0, PLAIN));
    sim_watch(&sim, HOME);
    all_access(HOME);
}

/** The operation is over, and right so far; the next one begins. */
static void next(void) {
    sim_end(&sim);
    CHECK_STR(host_error(&host), "");
    host_begin(&host);
    sim_begin(&sim);
}

static void *slot_of(unsigned level, uint64_t address) {
    uint64_t at = tables[level] +
                  ((uint64_t)sim_index(sim.regime, level, address) << sim.regime->entry_shift);
    return host_peek(&host, at) + at % HOST_FRAME_SIZE;
}

/** What the engine does: tell, then store. */
static void store(unsigned level, uint64_t address, uint64_t entry) {
    sim_tell_access(slot_of(level, address), true);
    write_entry(tables[level], level, address, entry);
}

static void store_leaf(unsigned level, uint64_t address, uint64_t frame, enum how how) {
    store(level, address, machine->leaf(frame, level, how));
}

static void store_empty(unsigned level, uint64_t address) {
    store(level, address, machine->empty);
}

#define WITH_TABLES 1u
#define FULL        2u

static struct axaddr_flush plan_of(uint64_t first, uint64_t size, unsigned how) {
    struct axaddr_flush plan;
    axaddr_flush_init(&plan);
    axaddr_flush_add(&plan, first, first + size - 1, 12);
    plan.has_tables = (how & WITH_TABLES) != 0;
    plan.is_full = (how & FULL) != 0;
    return plan;
}

static void flush(uint64_t first, uint64_t size, unsigned how) {
    struct axaddr_flush plan = plan_of(first, size, how);
    host_hal.flush_tlb(&host, &plan);
}

static void give_back(uint64_t frame) {
    host_hal.free_frame(&host, axaddr_hpa(frame));
}

/* ---- twins ---- */

/** A sequence, wrong or right, in a machine where begin has been called. */
typedef void sequence(bool is_right);

static void run_twin(const struct machine *kind, sequence *function, bool is_right,
                     const char *about) {
    snprintf(check_context, sizeof(check_context), "%s %s", kind->name,
             is_right ? "right" : "wrong");
    begin(kind);
    function(is_right);
    if (check_case_failed) {
        return;
    }
    if (sim.is_running) {
        sim_end(&sim);
    }
    if (is_right) {
        CHECK_STR(host_error(&host), "");
    } else if (host_error(&host)[0] == '\0' || strstr(host_error(&host), about) == 0) {
        CHECK_STR(host_error(&host), about[0] == '\0' ? "anything" : about);
    }
}

/** Run a sequence in the machines whose names begin like one of `names`; "" is all of them. */
static void twins(const char *name, sequence *function, const char *const *names,
                  const char *about) {
    unsigned count = 0;
    unsigned i;

    check_case_failed = false;
    for (; *names != 0; names++) {
        for (i = 0; i < MACHINE_COUNT && !check_case_failed; i++) {
            if (strncmp(machines[i].name, *names, strlen(*names)) == 0) {
                run_twin(&machines[i], function, false, about);
                if (!check_case_failed) {
                    run_twin(&machines[i], function, true, about);
                }
                count++;
            }
        }
    }
    if (count == 0) {
        check_fail(__FILE__, __LINE__, "no machine");
    }
    check_end_case(name);
}

#define TWIN(function, about, ...)                                                                 \
    do {                                                                                           \
        static const char *const names_[] = {__VA_ARGS__, 0};                                      \
        twins(#function, function, names_, about);                                                 \
    } while (0)
#define EVERY    ""
#define NO_BREAK "x86", "riscv"
#define BREAKS   "aarch64", "toy"

/* ---- (a), (d): what a plan does not cover ---- */

static void unmapped_needs_a_flush(bool is_right) {
    store_empty(0, HOME);
    if (is_right) {
        flush(HOME, PAGE, 0);
    }
}

static void flush_comes_after_the_change(bool is_right) {
    if (!is_right) {
        flush(HOME, PAGE, 0);
    }
    store_empty(0, HOME);
    if (is_right) {
        flush(HOME, PAGE, 0);
    }
}

static void flush_of_the_next_page_is_none(bool is_right) {
    store_empty(0, HOME);
    flush(is_right ? HOME : HOME + PAGE, PAGE, 0);
}

static void other_frame_needs_a_flush(bool is_right) {
    store_leaf(0, HOME, 0x888000, PLAIN);
    if (is_right) {
        flush(HOME, PAGE, 0);
    }
}

static void other_type_needs_a_flush(bool is_right) {
    store_leaf(0, HOME, 0x777000, DEVICE);
    if (is_right) {
        flush(HOME, PAGE, 0);
    }
}

static void fewer_rights_need_a_flush(bool is_right) {
    store_leaf(0, HOME, 0x777000, READ_ONLY);
    if (is_right) {
        flush(HOME, PAGE, 0);
    }
}

/** The same stores the other way round need none: that only costs a fault. */
static void more_rights_need_none(bool is_right) {
    enum how first = is_right ? READ_ONLY : PLAIN;
    write_entry(tables[0], 0, HOME + PAGE, machine->leaf(0x778000, 0, first));
    all_access(HOME + PAGE);
    store_leaf(0, HOME + PAGE, 0x778000, is_right ? PLAIN : READ_ONLY);
}

static void unlinked_table_needs_has_tables(bool is_right) {
    store_empty(1, HOME);
    flush(HOME & ~sim_low_bits(sim.regime->shift[1]), UINT64_C(1) << sim.regime->shift[1],
          is_right ? WITH_TABLES : 0);
}

static void full_plan_is_enough(bool is_right) {
    struct axaddr_flush plan;
    axaddr_flush_init(&plan);
    store_empty(1, HOME);
    plan.is_full = is_right;
    plan.has_tables = true;
    host_hal.flush_tlb(&host, &plan);
}

static void plan_is_for_its_vmid(bool is_right) {
    struct axaddr_flush plan = plan_of(HOME, PAGE, 0);
    sim.vmid = 7;
    all_access(HOME);
    store_empty(0, HOME);
    plan.vmid = is_right ? 7 : 0;
    host_hal.flush_tlb(&host, &plan);
}

static void plan_is_for_its_cpus(bool is_right) {
    struct axaddr_flush plan = plan_of(HOME, PAGE, 0);
    tlb.cpu_numbers[2] = 65; /* the same bit as 1 */
    store_empty(0, HOME);
    plan.cpus = UINT64_C(1) << 30 | (is_right ? UINT64_C(1) << 1 : 0);
    host_hal.flush_tlb(&host, &plan);
}

static void strides_step_over_pages(bool is_right) {
    struct axaddr_flush plan;
    axaddr_flush_init(&plan);
    axaddr_flush_add(&plan, HOME, HOME + PAGE - 1, is_right ? 12 : sim.regime->shift[1]);
    store_empty(0, HOME);
    host_hal.flush_tlb(&host, &plan);
}

/** A page of a large leaf: whoever holds the leaf holds all of it, and any of it drops it. */
static void large_leaf_goes_as_a_whole(bool is_right) {
    uint64_t size = UINT64_C(1) << sim.regime->shift[1];
    uint64_t at = HOME / size * size + size;

    write_entry(tables[1], 1, at, machine->leaf(4 * size, 1, PLAIN));
    all_access(at + PAGE);
    store_empty(1, at);
    flush(is_right ? at + 5 * PAGE : at + size, PAGE, 0);
}

static void destroyed_table_needs_a_flush(bool is_right) {
    sim_end(&sim);
    sim_stop(&sim);
    flush(0, PAGE, is_right ? FULL : 0);
    sim_check_gone(&sim);
}

/* ---- (a): what was absent ---- */

static void spurious_fault_needs_a_flush(bool is_right) {
    all_access(HOME + PAGE);
    store_leaf(0, HOME + PAGE, 0x778000, PLAIN);
    sim_settle(&sim);
    CHECK_STR(host_error(&host), ""); /* that it was absent may be held */
    if (is_right) {
        flush(HOME + PAGE, PAGE, WITH_TABLES);
    }
    sim_check_spurious(&sim, HOME + PAGE, SIM_READ);
}

/** What was absent above the leaves goes only with the tables. */
static void spurious_fault_of_a_large_leaf(bool is_right) {
    uint64_t size = UINT64_C(1) << sim.regime->shift[1];
    uint64_t at = HOME / size * size + size;

    all_access(at);
    store_leaf(1, at, 4 * size, PLAIN);
    sim_settle(&sim);
    flush(at, size, is_right ? WITH_TABLES : 0);
    sim_check_spurious(&sim, at, SIM_READ);
}

static void spurious_fault_for_old_rights(bool is_right) {
    write_entry(tables[0], 0, HOME + PAGE, machine->leaf(0x778000, 0, READ_ONLY));
    all_access(HOME + PAGE);
    store_leaf(0, HOME + PAGE, 0x778000, PLAIN);
    sim_settle(&sim);
    if (is_right) {
        flush(HOME + PAGE, PAGE, 0);
    }
    sim_check_spurious(&sim, HOME + PAGE, SIM_WRITE);
}

/* ---- (b): freed frames ---- */

static void page_is_freed_after_the_flush(bool is_right) {
    uint64_t frame = take();

    write_entry(tables[0], 0, HOME + PAGE, machine->leaf(frame, 0, PLAIN));
    next();
    all_access(HOME + PAGE);
    store_empty(0, HOME + PAGE);
    if (is_right) {
        flush(HOME + PAGE, PAGE, 0);
    }
    give_back(frame);
    flush(HOME + PAGE, PAGE, 0);
}

/** One of the frames of a large leaf. */
static void page_of_a_large_leaf_is_freed_after_the_flush(bool is_right) {
    uint64_t size = UINT64_C(1) << sim.regime->shift[1];
    uint64_t at = HOME / size * size + size;
    uint64_t frame = take();

    write_entry(tables[1], 1, at, machine->leaf(frame / size * size, 1, PLAIN));
    all_access(at);
    store_empty(1, at);
    if (is_right) {
        flush(at, size, 0);
    }
    give_back(frame);
    flush(at, size, 0);
}

static void table_is_freed_after_the_flush(bool is_right) {
    store_empty(1, HOME);
    flush(HOME, PAGE, is_right ? WITH_TABLES : 0);
    give_back(tables[0]);
    flush(HOME, PAGE, WITH_TABLES);
}

static void table_is_freed_after_it_is_unlinked(bool is_right) {
    sim.walkers = UINT32_C(1); /* does not look */
    sim.pace = 0;
    sim.watch_count = 0;
    if (is_right) {
        store_empty(1, HOME);
    }
    flush(0, 2 * HOME, FULL | WITH_TABLES);
    give_back(tables[0]);
    write_entry(tables[1], 1, HOME, machine->empty);
    flush(0, 2 * HOME, FULL | WITH_TABLES);
}

static void page_is_freed_after_it_is_unmapped(bool is_right) {
    uint64_t frame = take();

    sim.pace = 0;
    write_entry(tables[0], 0, HOME + PAGE, machine->leaf(frame, 0, PLAIN));
    next();
    host_set_live(&host, frame, HOME + PAGE, HOME + 2 * PAGE - 1, false);
    if (is_right) {
        store_empty(0, HOME + PAGE);
    }
    flush(0, 2 * HOME, FULL);
    give_back(frame);
    write_entry(tables[0], 0, HOME + PAGE, machine->empty);
}

static void table_must_be_in_use(bool is_right) {
    uint64_t frame = take();
    uint64_t at = HOME + (UINT64_C(1) << sim.regime->shift[1]);

    fill_empty(frame, 0);
    if (!is_right) {
        give_back(frame);
    }
    store(1, at, machine->table(frame, 1));
}

static void page_is_zero_before_it_is_seen(bool is_right) {
    uint64_t frame = take();

    if (is_right) {
        memset(host_peek(&host, frame), 0, PAGE);
    }
    store_leaf(0, HOME + PAGE, frame, PLAIN);
    sim_settle(&sim);
    memset(host_peek(&host, frame), 0, PAGE);
}

/* ---- (c): break before make ---- */

static void replaced_through_a_break(bool is_right) {
    if (is_right) {
        store_empty(0, HOME);
        flush(HOME, PAGE, 0);
    }
    store_leaf(0, HOME, 0x888000, PLAIN);
    flush(HOME, PAGE, 0);
}

static void break_is_flushed_before_the_make(bool is_right) {
    store_empty(0, HOME);
    if (is_right) {
        flush(HOME, PAGE, 0);
    }
    store_leaf(0, HOME, 0x888000, PLAIN);
    flush(HOME, PAGE, 0);
}

static void type_through_a_break(bool is_right) {
    if (is_right) {
        store_empty(0, HOME);
        flush(HOME, PAGE, 0);
    }
    store_leaf(0, HOME, 0x777000, DEVICE);
    flush(HOME, PAGE, 0);
}

static void rights_through_a_break(bool is_right) {
    if (is_right) {
        store_empty(0, HOME);
        flush(HOME, PAGE, 0);
    }
    store_leaf(0, HOME, 0x777000, READ_ONLY);
    flush(HOME, PAGE, 0);
}

/** A large leaf, its parts in a new table: the same translations, of another size. */
static void split_through_a_break(bool is_right) {
    uint64_t size = UINT64_C(1) << sim.regime->shift[1];
    uint64_t at = HOME / size * size + size;
    uint64_t frame = take();
    uint64_t i;

    for (i = 0; i < size; i += PAGE) {
        write_entry(frame, 0, i, machine->leaf(4 * size + i, 0, PLAIN));
    }
    write_entry(tables[1], 1, at, machine->leaf(4 * size, 1, PLAIN));
    all_access(at);
    if (is_right) {
        store_empty(1, at);
        flush(at, size, 0);
    }
    store(1, at, machine->table(frame, 1));
    sim_settle(&sim);
    flush(at, size, 0);
}

static void collapse_through_a_break(bool is_right) {
    uint64_t size = UINT64_C(1) << sim.regime->shift[1];
    uint64_t at = HOME / size * size;
    uint64_t i;

    flush(0, 2 * HOME, FULL);
    for (i = 0; i < size; i += PAGE) {
        write_entry(tables[0], 0, i, machine->leaf(4 * size + i, 0, PLAIN));
    }
    all_access(at + PAGE);
    if (is_right) {
        store_empty(1, at);
        flush(at, size, WITH_TABLES);
    }
    store_leaf(1, at, 4 * size, PLAIN);
    flush(at, size, WITH_TABLES);
}

static void table_for_table_through_a_break(bool is_right) {
    uint64_t size = UINT64_C(1) << sim.regime->shift[1];
    uint64_t frame = take();

    fill_empty(frame, 0);
    if (is_right) {
        store_empty(1, HOME);
        flush(HOME / size * size, size, WITH_TABLES);
    }
    store(1, HOME, machine->table(frame, 1));
    flush(HOME / size * size, size, WITH_TABLES);
}

/* ---- (e): what is seen on the way ---- */

static void table_is_filled_before_it_is_linked(bool is_right) {
    uint64_t size = UINT64_C(1) << sim.regime->shift[1];
    uint64_t at = HOME / size * size + size;
    uint64_t frame = take();
    uint64_t linked = machine->table(frame, 1);

    memset(host_peek(&host, frame), 0x11, PAGE); /* some leaf or other, or broken */
    if (is_right) {
        fill_empty(frame, 0);
    }
    store(1, at, linked);
    sim_settle(&sim);
    fill_empty(frame, 0);
    flush(at, size, FULL | WITH_TABLES);
}

static void no_third_value_for_a_while(bool is_right) {
    store_leaf(0, HOME + PAGE, is_right ? 0x888000 : 0x999000, PLAIN);
    sim_settle(&sim);
    store_empty(0, HOME + PAGE);
    flush(HOME + PAGE, PAGE, 0);
    store_leaf(0, HOME + PAGE, 0x888000, PLAIN);
}

static void failed_operation_shows_nothing(bool is_right) {
    if (!is_right) {
        store_leaf(0, HOME + PAGE, 0x888000, PLAIN);
        store_empty(0, HOME + PAGE);
        flush(HOME + PAGE, PAGE, 0);
    }
}

/* ---- (f): walkers that do not snoop ---- */

/** Begin to tell the caches from memory, with all clean. */
static void split_memory(void) {
    uint32_t i;
    host_split_memory(&host);
    for (i = 0; i < host.frame_count; i++) {
        if (host.frames[i].state == HOST_USED) {
            memcpy(host.shadow + i * (size_t)HOST_FRAME_SIZE, host_bytes(&host, i),
                   HOST_FRAME_SIZE);
        }
    }
}

static void clean(uint64_t at, size_t size) {
    host_hal_unsnooped.clean_dcache(&host, host_peek(&host, at) + at % HOST_FRAME_SIZE, size);
}

static void clean_slot(unsigned level, uint64_t address) {
    clean(tables[level] +
              ((uint64_t)sim_index(sim.regime, level, address) << sim.regime->entry_shift),
          (size_t)1 << sim.regime->entry_shift);
}

static void entry_is_cleaned(bool is_right) {
    split_memory();
    store_empty(0, HOME);
    if (is_right) {
        clean_slot(0, HOME);
    }
    flush(HOME, PAGE, 0);
}

static void entry_is_cleaned_before_the_flush(bool is_right) {
    split_memory();
    store_empty(0, HOME);
    if (is_right) {
        clean_slot(0, HOME);
    }
    flush(HOME, PAGE, 0);
    all_access(HOME);
    clean_slot(0, HOME);
}

static void new_table_is_cleaned_before_its_link(bool is_right) {
    uint64_t at = HOME + (UINT64_C(1) << sim.regime->shift[1]);
    uint64_t frame = take();

    split_memory();
    memset(host.shadow + (host_peek(&host, frame) - host.memory), 0x11, PAGE);
    fill_empty(frame, 0);
    if (is_right) {
        clean(frame, PAGE);
    }
    store(1, at, machine->table(frame, 1));
    clean_slot(1, at);
    clean(frame, PAGE);
    flush(at, PAGE, FULL | WITH_TABLES);
}

static void new_page_is_cleaned_before_it_is_seen(bool is_right) {
    uint64_t frame = take();

    split_memory();
    memset(host_peek(&host, frame), 0, PAGE);
    if (is_right) {
        clean(frame, PAGE);
    }
    store_leaf(0, HOME + PAGE, frame, PLAIN);
    clean_slot(0, HOME + PAGE);
    clean(frame, PAGE);
}

static void cleaned_bytes_are_in_use(bool is_right) {
    uint64_t frame = take();
    uint8_t *at = host_peek(&host, frame);

    split_memory();
    if (!is_right) {
        give_back(frame);
    }
    host_hal_unsnooped.clean_dcache(&host, at, 8);
}

/* ---- accessed and dirty ---- */

static uint64_t entry_of(unsigned level, uint64_t address) {
    return sim_load(&sim, (const uint8_t *)slot_of(level, address));
}

static void write_by(unsigned cpu, uint64_t address) {
    sim_access(&sim, cpu, address, true);
}

/** A plain read, change and write loses what hardware notes in between. */
static void note_is_not_lost(bool is_right) {
    uint64_t read;

    sim.has_updates = true;
    store_leaf(0, HOME + PAGE, 0x778000, PLAIN);
    write_entry(tables[0], 0, HOME + PAGE,
                entry_of(0, HOME + PAGE) & ~(sim.regime->dirty | sim.regime->accessed));
    flush(HOME + PAGE, PAGE, 0);
    sim_tell_access(slot_of(0, HOME + PAGE), false);
    read = entry_of(0, HOME + PAGE) & ~sim.regime->dirty;
    write_by(1, HOME + PAGE);
    if (is_right) { /* the compare-and-swap fails; once more */
        read = entry_of(0, HOME + PAGE);
    }
    store(0, HOME + PAGE, read);
    flush(HOME + PAGE, PAGE, 0);
}

static void note_outlives_operations(bool is_right) {
    sim.has_updates = true;
    write_entry(tables[0], 0, HOME, entry_of(0, HOME) & ~sim.regime->dirty);
    flush(HOME, PAGE, 0);
    write_by(2, HOME);
    next();
    store_leaf(0, HOME, 0x777000, READ_ONLY);
    write_entry(tables[0], 0, HOME,
                (entry_of(0, HOME) & ~sim.regime->dirty) | (is_right ? sim.regime->dirty : 0));
    flush(HOME, PAGE, 0);
}

/** Without updates by hardware: what was noted of a watched page before must be there after. */
static void watched_note_is_kept(bool is_right) {
    write_entry(tables[0], 0, HOME, entry_of(0, HOME) | sim.regime->dirty);
    store(0, HOME, machine->leaf(0x777000, 0, READ_ONLY) & ~sim.regime->dirty);
    if (is_right) {
        write_entry(tables[0], 0, HOME, entry_of(0, HOME) | sim.regime->dirty);
    }
    flush(HOME, PAGE, 0);
}

static void split_keeps_the_note(bool is_right) {
    uint64_t size = UINT64_C(1) << sim.regime->shift[1];
    uint64_t at = HOME / size * size + size;
    uint64_t frame = take();
    uint64_t i;

    sim.has_updates = true;
    for (i = 0; i < size; i += PAGE) {
        write_entry(frame, 0, i,
                    (machine->leaf(4 * size + i, 0, PLAIN) & ~sim.regime->dirty) |
                        (is_right ? sim.regime->dirty : 0));
    }
    write_entry(tables[1], 1, at, machine->leaf(4 * size, 1, PLAIN) & ~sim.regime->dirty);
    write_by(0, at + 3 * PAGE);
    store_empty(1, at);
    flush(at, size, 0);
    store(1, at, machine->table(frame, 1));
}

static void hardware_notes(void) {
    unsigned i;

    for (i = 0; i < MACHINE_COUNT; i++) {
        uint64_t both;
        begin_empty(&machines[i]);
        snprintf(check_context, sizeof(check_context), "%s", machine->name);
        both = sim.regime->accessed | sim.regime->dirty;
        write_entry(tables[0], 0, HOME, machine->leaf(0x777000, 0, PLAIN) & ~both);
        write_entry(tables[0], 0, HOME + PAGE, machine->leaf(0x778000, 0, READ_ONLY) & ~both);
        all_access(HOME);
        CHECK_EQ(entry_of(0, HOME) & both, 0);
        CHECK_EQ(sim_hit(&sim, 1, HOME) != 0, !sim.regime->needs_accessed);
        sim.has_updates = true;
        flush(HOME, PAGE, 0);
        all_access(HOME);
        CHECK_EQ(entry_of(0, HOME) & both, sim.regime->accessed);
        write_by(0, HOME);
        write_by(1, HOME + PAGE);
        CHECK_EQ(entry_of(0, HOME) & both, both);
        CHECK_EQ(entry_of(0, HOME + PAGE) & both, sim.regime->accessed);
        CHECK_EQ((entry_of(1, HOME) & sim.regime->accessed) != 0, sim.regime->has_table_accessed);
        sim_end(&sim);
        CHECK_STR(host_error(&host), "");
    }
}

/* ---- runs ---- */

static uint64_t run_leaf(uint64_t frame, uint64_t part) {
    return machine->leaf == stage2_leaf
               ? stage2_leaf(frame + part * PAGE, 0, PLAIN) | UINT64_C(1) << 52
               : gstage_leaf(frame | 0x8000, 0, PLAIN) | UINT64_C(1) << 63;
}

/** A run of 16 pages from 0x130000 on, which all CPUs hold by one entry of it. */
static void make_run(void) {
    uint64_t i;
    for (i = 0; i < 16; i++) {
        write_entry(tables[0], 0, 0x130000 + i * PAGE, run_leaf(0x550000, i));
    }
    all_access(0x137000);
}

static void run_is_held_as_one(bool is_right) {
    struct sim_translation said;
    const struct sim_record *hit;

    make_run();
    said = sim_look(&sim, 0x13b000, SIM_NOW);
    CHECK(said.is_mapped);
    CHECK_EQ(said.output, 0x55b000);
    CHECK_EQ(said.first, 0x130000);
    CHECK_EQ(said.last, 0x13ffff);
    hit = sim_hit(&sim, 2, 0x13f000);
    CHECK(hit != 0);
    CHECK_EQ(hit->first, 0x130000);
    CHECK(sim_hit(&sim, 1, 0x13f000) == 0); /* CPU 0 takes no hints */
    store_empty(0, 0x13f000); /* one of them goes: so must whatever is held of the others */
    for (said.first = 0x130000; said.first < 0x13f000; said.first += PAGE) {
        write_entry(tables[0], 0, said.first,
                    machine->leaf(0x550000 + (said.first & 0xffff), 0, PLAIN));
    }
    if (is_right) {
        flush(0x13f000, PAGE, 0);
    }
}

/** Who takes no hints holds its pages one by one: a plan must name all of a run. */
static void run_is_dropped_page_by_page(bool is_right) {
    uint64_t i;

    make_run();
    all_access(0x13e000);
    for (i = 0; i < 16; i++) {
        store_empty(0, 0x130000 + i * PAGE);
    }
    flush(0x130000, (is_right ? 16 : 8) * PAGE, 0);
    for (i = 0; i < 16; i++) {
        store_leaf(0, 0x130000 + i * PAGE, 0x550000 + i * PAGE, PLAIN);
    }
}

static void run_is_whole(bool is_right) {
    uint64_t i;

    make_run();
    for (i = is_right ? 0 : 1; i < 16; i++) {
        store_empty(0, 0x130000 + i * PAGE);
    }
    flush(0x130000, 16 * PAGE, 0);
    sim_end(&sim);
    all_access(0x130000);
}

static void run_entries_agree(bool is_right) {
    make_run();
    flush(0x130000, 16 * PAGE, 0);
    if (!is_right) {
        write_entry(tables[0], 0, 0x133000,
                    machine->leaf(0x553000, 0, PLAIN)); /* without the hint */
    }
    all_access(0x130000);
    store_empty(0, 0x120000);
}

static void hint_through_a_break(bool is_right) {
    uint64_t i;

    for (i = 0; i < 16; i++) {
        write_entry(tables[0], 0, 0x130000 + i * PAGE,
                    machine->leaf(0x550000 + i * PAGE, 0, PLAIN));
    }
    all_access(0x134000);
    for (i = 0; i < 16 && is_right; i++) {
        store_empty(0, 0x130000 + i * PAGE);
    }
    if (is_right) {
        flush(0x130000, 16 * PAGE, 0);
    }
    for (i = 0; i < 16; i++) {
        store(0, 0x130000 + i * PAGE, run_leaf(0x550000, i));
    }
    flush(0x130000, 16 * PAGE, 0);
}

/* ---- the HAL with a lock ---- */

static void lock_is_taken_once(bool is_right) {
    host_hal_shared.lock(&host);
    if (is_right) {
        host_hal_shared.unlock(&host);
    }
    host_hal_shared.lock(&host);
    host_hal_shared.unlock(&host);
}

static void lock_is_released_by_its_owner(bool is_right) {
    if (is_right) {
        host_hal_shared.lock(&host);
    }
    host_hal_shared.unlock(&host);
}

static void lock_is_not_kept(bool is_right) {
    host_hal_shared.lock(&host);
    if (is_right) {
        host_hal_shared.unlock(&host);
    }
    host_begin(&host);
}

static void quiesce_is_under_the_lock(bool is_right) {
    if (is_right) {
        host_hal_shared.lock(&host);
    }
    host_hal_shared.quiesce(&host);
    if (is_right) {
        host_hal_shared.unlock(&host);
    }
}

/* ---- what the figures say, and what the CPUs do ---- */

static void figures_count_what_is_needless(void) {
    begin(&machines[0]);
    store_empty(0, HOME);
    flush(HOME - 2 * PAGE, 4 * PAGE, 0);
    CHECK_EQ(sim.figures.plan_count, 1);
    CHECK_EQ(sim.figures.step_count, 4);
    CHECK_EQ(sim.figures.needless_count, 3);
    flush(HOME, PAGE, FULL);
    CHECK_EQ(sim.figures.full_count, 1);
    CHECK_EQ(sim.figures.step_count, 4);
}

/** A CPU that holds a translation does not walk; one that holds the way goes on from there. */
static void held_things_are_used(void) {
    uint64_t walks;

    begin(&machines[0]);
    sim.pace = 0;
    walks = sim.figures.walk_count;
    all_access(HOME);
    all_access(HOME + 0xfff);
    CHECK_EQ(sim.figures.walk_count, walks);
    flush(HOME, PAGE, 0);
    write_entry(tables[3], 3, HOME, 0); /* from the root there is no way any more */
    while (sim_hit(&sim, 2, HOME) == 0 && sim.figures.walk_count < walks + 100) {
        sim_access(&sim, 1, HOME, false);
    }
    CHECK(sim_hit(&sim, 2, HOME) != 0);
}

/** Who holds the way to an unlinked table fetches anew what a flush of its pages has dropped. */
static void unlinked_tables_are_walked(void) {
    begin(&machines[0]);
    store_empty(1, HOME);
    flush(HOME, PAGE, 0);
    all_access(HOME);
    CHECK(sim_hit(&sim, 1 | 2 | 4, HOME) != 0);
    flush(HOME, PAGE, WITH_TABLES);
    all_access(HOME);
    CHECK(sim_hit(&sim, 1 | 2 | 4, HOME) == 0);
}

/** With fewer places than there are translations, some are lost, and nothing else happens. */
static void records_may_be_lost(void) {
    uint64_t i;

    begin(&machines[0]);
    sim.pace = 0;
    for (i = 0; i < 512; i++) {
        write_entry(tables[1], 1, i << 21, ept_leaf(i << 21, 1, PLAIN));
    }
    for (i = 0; i < 512; i++) {
        write_entry(tables[2], 2, i << 30, x86_table(tables[1], 2));
    }
    for (i = 0; i < 2 * SIM_RECORD_MAX; i++) {
        sim_access(&sim, 0, i << 21, false);
    }
    CHECK(tlb.lost_count > 0);
    CHECK_EQ(tlb.used_count, SIM_RECORD_MAX);
    flush(0, PAGE, FULL);
    CHECK_EQ(tlb.used_count, 0);
    CHECK_STR(host_error(&host), "");
    for (i = 0; i < host.frame_count; i++) {
        CHECK_EQ(tlb.held[i], 0);
    }
}

int main(void) {
    TWIN(unmapped_needs_a_flush, "still translates", EVERY);
    TWIN(flush_comes_after_the_change, "still translates", EVERY);
    TWIN(flush_of_the_next_page_is_none, "still translates", EVERY);
    TWIN(other_frame_needs_a_flush, "still translates", NO_BREAK);
    TWIN(other_type_needs_a_flush, "still translates", NO_BREAK);
    TWIN(fewer_rights_need_a_flush, "still translates", NO_BREAK, "aarch64");
    TWIN(more_rights_need_none, "still translates", NO_BREAK, "aarch64");
    TWIN(unlinked_table_needs_has_tables, "still holds the table entry", EVERY);
    TWIN(full_plan_is_enough, "still", EVERY);
    TWIN(plan_is_for_its_vmid, "still translates", EVERY);
    TWIN(plan_is_for_its_cpus, "still translates", EVERY);
    TWIN(strides_step_over_pages, "still translates", EVERY);
    TWIN(large_leaf_goes_as_a_whole, "still translates", EVERY);
    TWIN(destroyed_table_needs_a_flush, "a table that is gone", EVERY);
    TWIN(spurious_fault_needs_a_flush, "that it is absent", "riscv", "toy");
    TWIN(spurious_fault_of_a_large_leaf, "that it is absent", "riscv", "toy");
    TWIN(spurious_fault_for_old_rights, "its old rights", "riscv", "aarch64");
    TWIN(page_is_freed_after_the_flush, "a translation of 0x124000 to it", EVERY);
    TWIN(page_of_a_large_leaf_is_freed_after_the_flush, "to it", EVERY);
    TWIN(table_is_freed_after_the_flush, "a table entry of", EVERY);
    TWIN(table_is_freed_after_it_is_unlinked, "is freed while it is linked", EVERY);
    TWIN(page_is_freed_after_it_is_unmapped, "is freed while 0x124000 maps it", EVERY);
    TWIN(table_must_be_in_use, "which is not in use", EVERY);
    TWIN(page_is_zero_before_it_is_seen, "before it is zeroed", EVERY);
    TWIN(replaced_through_a_break, "no break", BREAKS);
    TWIN(break_is_flushed_before_the_make, "no break", BREAKS);
    TWIN(type_through_a_break, "no break", BREAKS);
    TWIN(rights_through_a_break, "no break", "toy");
    TWIN(split_through_a_break, "no break", BREAKS);
    TWIN(collapse_through_a_break, "no break", BREAKS);
    TWIN(table_for_table_through_a_break, "no break", BREAKS);
    TWIN(table_is_filled_before_it_is_linked, "", EVERY);
    TWIN(no_third_value_for_a_while, "neither before nor after", EVERY);
    TWIN(failed_operation_shows_nothing, "neither before nor after", EVERY);
    TWIN(entry_is_cleaned, "was not cleaned", EVERY);
    TWIN(entry_is_cleaned_before_the_flush, "still translates", EVERY);
    TWIN(new_table_is_cleaned_before_its_link, "", EVERY);
    TWIN(new_page_is_cleaned_before_it_is_seen, "before it is zeroed", EVERY);
    TWIN(cleaned_bytes_are_in_use, "not all in use", "x86_ept");
    TWIN(note_is_not_lost, "its leaf forgot it", "x86", "riscv");
    TWIN(note_outlives_operations, "its leaf forgot it", "x86", "riscv");
    TWIN(watched_note_is_kept, "lost what was noted", "x86", "riscv");
    TWIN(split_keeps_the_note, "its leaf forgot it", "x86", "riscv");
    CASE(hardware_notes);
    TWIN(run_is_held_as_one, "still translates", "aarch64", "riscv");
    TWIN(run_is_dropped_page_by_page, "no break", "aarch64");
    TWIN(run_is_whole, "is not one", "aarch64", "riscv");
    TWIN(run_entries_agree, "is not one", "aarch64", "riscv");
    TWIN(hint_through_a_break, "no break", "aarch64");
    TWIN(lock_is_taken_once, "by who has it", "x86_ept");
    TWIN(lock_is_released_by_its_owner, "by who does not have it", "x86_ept");
    TWIN(lock_is_not_kept, "was kept", "x86_ept");
    TWIN(quiesce_is_under_the_lock, "without the lock", "x86_ept");
    CASE(figures_count_what_is_needless);
    CASE(held_things_are_used);
    CASE(unlinked_tables_are_walked);
    CASE(records_may_be_lost);
    end();
    return check_report("test_sim");
}
