/* SPDX-License-Identifier: MIT
 *
 * test_share.c: one kernel in many spaces (share, copy_mappings_from), over every format that has
 * one root for all addresses. What is mapped is looked at through the user's root, by the machine's
 * rules (sim_regime.h) and not by the engine's; the root's shared entries never change; and a user
 * neither sees nor frees anything of the kernel's.
 */
#include "check.h"
#include "every_format.h"
#include "host.h"
#include "sim_machines.h"

#define R    AXADDR_READ
#define W    AXADDR_WRITE
#define RW   (R | W)
#define PAGE HOST_FRAME_SIZE

static struct host host;
static struct axaddr_format format; /* a variable: one instance does for all */
static const struct sim_regime *regime;

AXADDR_DEFINE_SPACE(vm, format, host_hal_shared);
AXADDR_DEFINE_SPACE(plain, format, host_hal); /* the same for one CPU */

static struct vm kernel;
static struct vm users[3];
static uint64_t base; /**< where the kernel is: some entries of the root, from here on */
static uint64_t step; /**< bytes of a root entry */
static unsigned count;
static uint64_t size;      /**< of the kernel's part */
static uint64_t user_size; /**< of the users', from 0 on */
static uint64_t large;

#define STATUS(expected, call) CHECK_STR(axaddr_status_name((enum axaddr_status)(call)), #expected)
#define GO_ON()                                                                                    \
    do {                                                                                           \
        if (check_case_failed) {                                                                   \
            return;                                                                                \
        }                                                                                          \
    } while (0)

static axaddr_gpa_t in_kernel(uint64_t offset) {
    return axaddr_gpa(base + offset);
}

/* ---- as hardware sees it ---- */

static uint64_t load(uint64_t at) {
    const uint8_t *bytes = host_peek(&host, at & ~(PAGE - 1));
    uint64_t entry = 0;

    if (bytes == 0) {
        host_complain(&host, "hardware reads a table at 0x%" PRIx64 ", which is free", at);
        return 0;
    }
    memcpy(&entry, bytes + (at & (PAGE - 1)), (size_t)1 << regime->entry_shift);
    return entry;
}

/** Walk from a root: whether something is mapped; then where, and by a leaf of which level. */
static bool walk(uint64_t root, uint64_t address, uint64_t *output, unsigned *level) {
    *level = sim_top_level(regime);
    for (;; (*level)--) {
        uint64_t index = sim_index(regime, *level, address);
        struct sim_entry said = regime->decode(load(root + (index << regime->entry_shift)), *level);

        if (said.kind == SIM_LEAF) {
            *output = said.frame | (address & sim_low_bits(sim_leaf_shift(regime, &said, *level)));
            return true;
        }
        if (said.kind != SIM_TABLE) {
            return false;
        }
        root = said.frame;
    }
}

/** The root's entry for an address. */
static uint64_t root_entry(const struct vm *space, uint64_t address) {
    uint64_t index = sim_index(regime, sim_top_level(regime), address);

    return load(vm_root(space).raw + (index << regime->entry_shift));
}

/** What each user's root says of an address is what the kernel says. */
static void check_seen(uint64_t offset, unsigned user_count) {
    axaddr_hpa_t host_address = axaddr_hpa(0);
    enum axaddr_status status = vm_translate(&kernel, in_kernel(offset), &host_address);
    uint64_t output = 0;
    unsigned level;
    unsigned i;

    for (i = 0; i < user_count; i++) {
        CHECK_EQ(walk(vm_root(&users[i]).raw, base + offset, &output, &level), status == AXADDR_OK);
        CHECK(status != AXADDR_OK || output == host_address.raw);
        CHECK_EQ(root_entry(&users[i], base + offset), root_entry(&kernel, base + offset));
    }
}

/* ---- life ---- */

/** Formats with a root for all addresses: [0, half) is the user's, the rest the kernel's. */
static void begin(unsigned entry_count, unsigned user_count) {
    unsigned top = format.level_count - 1u;
    unsigned i;

    step = UINT64_C(1) << format.shift[top];
    large = UINT64_C(1) << format.shift[1];
    count = entry_count;
    size = count * step;
    user_size = step;
    /* At the very top of the address space. */
    base = (format.is_sign_extended ? 0 : UINT64_C(1) << format.input_width) - size;
    host_init(&host, 500, HOST_LOW_BASE, HOST_SCATTERED);
    STATUS(OK, vm_init(&kernel, &host, axaddr_gpa(base), size));
    for (i = 0; i < user_count; i++) {
        STATUS(OK, vm_init(&users[i], &host, axaddr_gpa(0), user_size));
    }
}

static void begin_shared(unsigned entry_count, unsigned user_count) {
    unsigned i;

    begin(entry_count, user_count);
    GO_ON();
    STATUS(OK, vm_share(&kernel, axaddr_gpa(base), size));
    for (i = 0; i < user_count; i++) {
        STATUS(OK, vm_copy_mappings_from(&users[i], vm_table(&kernel), axaddr_gpa(base), size));
    }
    host_begin(&host);
}

static void end(unsigned user_count) {
    unsigned i;

    GO_ON();
    for (i = 0; i < user_count; i++) {
        vm_destroy(&users[i]);
    }
    vm_destroy(&kernel);
    CHECK_EQ(host.used_count, 0);
    host_check_freed(&host);
    CHECK_STR(host_error(&host), "");
    host_destroy(&host);
}

static void check_sound(unsigned user_count) {
    axaddr_gpa_t where;
    unsigned i;

    STATUS(OK, vm_audit(&kernel, &where));
    for (i = 0; i < user_count; i++) {
        STATUS(OK, vm_audit(&users[i], &where));
    }
    CHECK_STR(host_error(&host), "");
}

static uint32_t kernel_flags(void) {
    return format.can_hold(RW | AXADDR_GLOBAL) ? RW | AXADDR_GLOBAL : RW;
}

/* ---- cases ---- */

static uint64_t kept[600];

static void keep_root(void) {
    unsigned i;

    for (i = 0; i < count; i++) {
        kept[i] = root_entry(&kernel, base + i * step);
    }
}

/** The root's entries of the kernel's part are the tables that they were, in all roots. */
static void check_root(unsigned user_count) {
    unsigned i;
    unsigned k;

    for (i = 0; i < count; i++) {
        struct sim_entry said = regime->decode(kept[i], sim_top_level(regime));

        CHECK_EQ(said.kind, SIM_TABLE);
        CHECK(host_used_frame(&host, said.frame) != 0);
        CHECK_EQ(root_entry(&kernel, base + i * step), kept[i]);
        for (k = 0; k < user_count; k++) {
            CHECK_EQ(root_entry(&users[k], base + i * step), kept[i]);
        }
    }
}

static void what_is_mapped_later_is_seen_at_once(void) {
    axaddr_hpa_t hpa;

    begin_shared(3, 2);
    GO_ON();
    keep_root();
    STATUS(OK, vm_map_linear(&kernel, in_kernel(3 * PAGE), axaddr_hpa(0x7000), 5 * PAGE,
                             kernel_flags()));
    check_seen(3 * PAGE + 7, 2);
    check_seen(7 * PAGE, 2);
    check_seen(8 * PAGE, 2);
    STATUS(OK, vm_map_linear(&kernel, in_kernel(step), axaddr_hpa(0), large, RW));
    check_seen(step, 2);
    check_seen(step + large - 1, 2);
    STATUS(OK, vm_split(&kernel, in_kernel(step), large));
    check_seen(step + 5 * PAGE, 2);
    STATUS(OK, vm_protect(&kernel, in_kernel(step), 2 * PAGE, R));
    check_seen(step + PAGE, 2);
    STATUS(OK, vm_protect(&kernel, in_kernel(step), 2 * PAGE, RW));
    STATUS(OK, vm_collapse(&kernel, in_kernel(step), large));
    check_seen(step + PAGE, 2);
    STATUS(OK, vm_map_linear(&kernel, in_kernel(step), axaddr_hpa(0x9000), 3 * PAGE,
                             RW | AXADDR_REPLACE));
    check_seen(step + 2 * PAGE, 2);
    check_seen(step + 3 * PAGE, 2);
    /* The last page of all addresses. */
    STATUS(OK, vm_map_linear(&kernel, in_kernel(size - PAGE), axaddr_hpa(0x5000), PAGE, R));
    check_seen(size - 1, 2);
    STATUS(OK, vm_translate(&kernel, axaddr_gpa(base + size - 1), &hpa));
    CHECK_EQ(hpa.raw, 0x5fff);
    check_root(2);
    check_sound(2);
    end(2);
}

/** What was mapped before is shared as well; and the tables stay when all of it goes. */
static void what_was_mapped_before_is_seen(void) {
    unsigned i;

    begin(2, 2);
    GO_ON();
    STATUS(OK, vm_map_linear(&kernel, in_kernel(0), axaddr_hpa(0x7000), PAGE, RW));
    host_begin(&host);
    STATUS(OK, vm_share(&kernel, axaddr_gpa(base), size));
    CHECK_EQ(host.op_taken, 1); /* one root entry had a table */
    keep_root();
    for (i = 0; i < 2; i++) {
        STATUS(OK, vm_copy_mappings_from(&users[i], vm_table(&kernel), axaddr_gpa(base), size));
    }
    check_seen(0, 2);
    STATUS(OK, vm_unmap(&kernel, axaddr_gpa(base), size));
    check_seen(0, 2);
    check_root(2);
    STATUS(OK, vm_map_alloc(&kernel, in_kernel(PAGE), 3 * PAGE, RW, AXADDR_POPULATE));
    check_seen(PAGE, 2);
    vm_clear(&kernel);
    check_seen(PAGE, 2);
    check_root(2);
    STATUS(OK, vm_map_device(&kernel, axaddr_gpa(base), size, 1));
    check_root(2);
    STATUS(OK, vm_unmap(&kernel, in_kernel(PAGE), size - 2 * PAGE));
    check_root(2);
    vm_clear(&kernel);
    STATUS(OK, vm_map_linear(&kernel, in_kernel(0), axaddr_hpa(0), PAGE, R));
    STATUS(OK, vm_map_linear(&kernel, in_kernel(0), axaddr_hpa(0x3000), PAGE, R | AXADDR_REPLACE));
    check_seen(0, 2);
    check_root(2);
    check_sound(2);
    end(2);
}

/** What would be a leaf in the root is a table of leaves below it. */
static void nothing_stands_in_the_shared_root(void) {
    uint64_t limit = UINT64_C(1) << format.output_width;
    uint64_t output;
    unsigned level;
    unsigned below = format.level_count - 2u;
    struct axaddr_request request;
    uint64_t needed = 1;

    begin_shared(2, 1);
    GO_ON();
    keep_root();
    if (step <= limit / 2 && (format.leaf_levels >> below & 1) != 0) {
        STATUS(OK, vm_map_linear(&kernel, in_kernel(0), axaddr_hpa(0), step, RW));
        check_root(1);
        check_seen(0, 1);
        check_seen(step - 1, 1);
        CHECK(walk(vm_root(&kernel).raw, base, &output, &level));
        CHECK_EQ(level, below);
        /* To map the same again takes no table: the shared one stays. */
        request = axaddr_request_of(AXADDR_OP_LINEAR, base, step, RW | AXADDR_REPLACE);
        STATUS(OK, vm_tables_needed(&kernel, &request, &needed));
        CHECK_EQ(needed, 0);
        STATUS(OK, vm_collapse(&kernel, in_kernel(0), step));
        check_root(1);
        STATUS(OK, vm_protect(&kernel, in_kernel(0), step, R));
        check_root(1);
        check_seen(step / 2, 1);
        STATUS(OK, vm_map_linear(&kernel, in_kernel(0), axaddr_hpa(0), step, RW | AXADDR_REPLACE));
        check_root(1);
        check_seen(step / 2, 1);
        STATUS(OK, vm_unmap(&kernel, in_kernel(0), step));
        check_root(1);
        check_seen(step / 2, 1);
    }
    check_sound(1);
    end(1);
}

/** Nor do reservations and traps. */
static void nothing_lazy_stands_in_the_shared_root(void) {
    begin_shared(2, 1);
    GO_ON();
    keep_root();
    STATUS(OK, vm_map_alloc(&kernel, in_kernel(0), size, RW, AXADDR_LAZY));
    check_root(1);
    CHECK_EQ(vm_handle_fault(&kernel, in_kernel(step + 5), W), AXADDR_FAULT_RESOLVED);
    check_seen(step + 5, 1);
    check_seen(step + PAGE, 1);
    CHECK_EQ(vm_handle_fault(&kernel, in_kernel(size - 1), W), AXADDR_FAULT_RESOLVED);
    check_seen(size - 1, 1);
    CHECK_EQ(vm_handle_fault(&kernel, in_kernel(0), R), AXADDR_FAULT_RESOLVED);
    check_seen(0, 1);
    STATUS(OK, vm_protect(&kernel, in_kernel(0), size, R));
    check_root(1);
    check_seen(step + 5, 1);
    STATUS(OK, vm_map_alloc(&kernel, in_kernel(0), size, RW | AXADDR_REPLACE, AXADDR_LAZY));
    check_root(1);
    check_seen(0, 1);
    check_sound(1);
    STATUS(OK, vm_unmap(&kernel, in_kernel(0), step));
    STATUS(OK, vm_unmap(&kernel, in_kernel(step), step));
    check_root(1);
    vm_clear(&kernel);
    check_root(1);
    check_sound(1);
    end(1);
}

/** To a user the kernel's addresses are as if they did not exist, and its end leaves them alone. */
static void users_are_kept_out(void) {
    struct axaddr_mapping mapping;
    struct axaddr_stats before;
    struct axaddr_stats after;
    struct axaddr_area area;
    axaddr_gpa_t at;
    axaddr_hpa_t hpa;
    uint8_t byte = 1;
    uint32_t used;

    begin(2, 1);
    GO_ON();
    at = in_kernel(PAGE);
    STATUS(OK, vm_map_alloc(&users[0], axaddr_gpa(PAGE), PAGE, RW, AXADDR_POPULATE));
    vm_stats(&users[0], &before);
    STATUS(OK, vm_share(&kernel, axaddr_gpa(base), size));
    STATUS(OK, vm_copy_mappings_from(&users[0], vm_table(&kernel), axaddr_gpa(base), size));
    STATUS(OK, vm_map_alloc(&kernel, in_kernel(0), 4 * PAGE, RW, AXADDR_POPULATE));
    STATUS(INVALID, vm_translate(&users[0], at, &hpa));
    STATUS(INVALID, vm_query(&users[0], at, &mapping));
    CHECK_EQ(vm_handle_fault(&users[0], at, R), AXADDR_FAULT_UNMAPPED);
    CHECK_EQ(vm_handle_fault_from(&users[0], at, R, 0), AXADDR_FAULT_UNMAPPED);
    STATUS(INVALID, vm_read(&users[0], at, &byte, 1));
    STATUS(INVALID, vm_write(&users[0], at, &byte, 1));
    STATUS(INVALID, vm_can_access(&users[0], at, 1, R));
    STATUS(INVALID, vm_unmap(&users[0], at, PAGE));
    STATUS(INVALID, vm_protect(&users[0], at, PAGE, R));
    STATUS(INVALID, vm_split(&users[0], at, PAGE));
    STATUS(INVALID, vm_collapse(&users[0], at, PAGE));
    STATUS(INVALID, vm_map_linear(&users[0], in_kernel(8 * PAGE), axaddr_hpa(0), PAGE, R));
    STATUS(INVALID, vm_map_linear(&users[0], at, axaddr_hpa(0), PAGE, R | AXADDR_REPLACE));
    STATUS(NOT_MAPPED, vm_find_area(&users[0], at, &area));
    STATUS(OK, vm_translate(&users[0], axaddr_gpa(PAGE), &hpa));
    vm_stats(&users[0], &after);
    CHECK(memcmp(&before, &after, sizeof before) == 0);
    vm_clear(&users[0]);
    check_seen(PAGE, 1);
    used = host.used_count;
    vm_destroy(&users[0]);
    CHECK_EQ(host.used_count, used - (1u << format.root_order)); /* its root */
    CHECK_EQ(byte, 1);
    STATUS(OK, vm_read(&kernel, at, &byte, 1));
    CHECK_EQ(byte, 0);
    end(0);
}

/** A user may come later, take a part only, and go while others stay. */
static void users_come_and_go(void) {
    uint64_t output;
    unsigned level;
    unsigned round;

    begin(3, 1);
    GO_ON();
    STATUS(OK, vm_share(&kernel, axaddr_gpa(base), size));
    keep_root();
    STATUS(OK, vm_map_linear(&kernel, in_kernel(step), axaddr_hpa(0x7000), PAGE, RW));
    STATUS(OK, vm_map_linear(&kernel, in_kernel(0), axaddr_hpa(0x9000), PAGE, RW));
    STATUS(OK, vm_map_linear(&kernel, in_kernel(2 * step), axaddr_hpa(0xb000), PAGE, RW));
    STATUS(OK, vm_copy_mappings_from(&users[0], vm_table(&kernel), in_kernel(0), size));
    for (round = 0; round < 3; round++) {
        if (user_size > 0) {
            STATUS(OK, vm_init(&users[1], &host, axaddr_gpa(0), user_size));
        }
        STATUS(OK, vm_copy_mappings_from(&users[1], vm_table(&kernel), in_kernel(step), step));
        STATUS(OK, vm_map_alloc(&users[1], axaddr_gpa(0), user_size, RW, AXADDR_LAZY));
        CHECK_EQ(vm_handle_fault(&users[1], axaddr_gpa(user_size - 1), W), AXADDR_FAULT_RESOLVED);
        CHECK(walk(vm_root(&users[1]).raw, base + step, &output, &level));
        CHECK(!walk(vm_root(&users[1]).raw, base, &output, &level));
        CHECK(!walk(vm_root(&users[1]).raw, base + 2 * step, &output, &level));
        CHECK(walk(vm_root(&users[1]).raw, user_size - 1, &output, &level));
        CHECK(!walk(vm_root(&users[0]).raw, user_size - 1, &output, &level));
        vm_destroy(&users[1]);
        check_seen(0, 1);
        check_seen(step, 1);
        check_root(1);
        GO_ON();
    }
    end(1);
}

static void errors(void) {
    const struct axaddr_table *table;

    begin(3, 2);
    GO_ON();
    table = vm_table(&kernel);
    CHECK(table == &kernel.core.table);
    STATUS(INVALID, vm_share(&kernel, axaddr_gpa(base), 0));
    STATUS(INVALID, vm_share(&kernel, axaddr_gpa(base), step / 2));
    STATUS(INVALID, vm_share(&kernel, axaddr_gpa(base + PAGE), step));
    STATUS(INVALID, vm_share(&kernel, axaddr_gpa(base), size + PAGE));
    STATUS(INVALID, vm_share(&kernel, axaddr_gpa(base - step), step));
    STATUS(INVALID, vm_share(&kernel, axaddr_gpa(base - step), size));
    STATUS(INVALID, vm_share(&kernel, axaddr_gpa(base + size), step));
    STATUS(INVALID, vm_share(&kernel, axaddr_gpa(base + step), size));
    STATUS(INVALID, vm_share(&users[0], axaddr_gpa(0), 2 * step));
    STATUS(INVALID, vm_copy_mappings_from(&users[0], table, axaddr_gpa(base), size));
    STATUS(OK, vm_share(&kernel, axaddr_gpa(base + step), step));
    STATUS(EXISTS, vm_share(&kernel, axaddr_gpa(base + step), step));
    STATUS(EXISTS, vm_share(&kernel, axaddr_gpa(base), step));
    STATUS(INVALID, vm_copy_mappings_from(&users[0], table, axaddr_gpa(base), size));
    STATUS(INVALID, vm_copy_mappings_from(&users[0], table, axaddr_gpa(base), step));
    STATUS(INVALID, vm_copy_mappings_from(&users[0], table, axaddr_gpa(base + step), 0));
    STATUS(INVALID, vm_copy_mappings_from(&users[0], table, axaddr_gpa(base + step), step / 2));
    STATUS(INVALID, vm_copy_mappings_from(&users[0], table, axaddr_gpa(base + step + PAGE), step));
    STATUS(INVALID, vm_copy_mappings_from(&users[0], table, axaddr_gpa(base + step), 2 * step));
    STATUS(INVALID, vm_copy_mappings_from(&kernel, table, axaddr_gpa(base + step), step));
    STATUS(OK, vm_copy_mappings_from(&users[0], table, axaddr_gpa(base + step), step));
    STATUS(EXISTS, vm_copy_mappings_from(&users[0], table, axaddr_gpa(base + step), step));
    STATUS(EXISTS, vm_share(&users[0], axaddr_gpa(0), step));
    /* What a user got from another, it does not pass on: it is not its own to promise. */
    STATUS(INVALID,
           vm_copy_mappings_from(&users[1], vm_table(&users[0]), axaddr_gpa(base + step), step));
    CHECK_EQ(root_entry(&users[1], base + step),
             format.empty & (regime->entry_shift == 2 ? UINT32_MAX : UINT64_MAX));
    end(2);
}

/** A user whose bounds reach into a root entry, or share none of it, may not have that entry. */
static void bounds_of_users(void) {
    struct vm *user = &users[0];
    uint64_t low;

    begin(2, 0);
    GO_ON();
    low = base - step;
    STATUS(OK, vm_share(&kernel, axaddr_gpa(base), size));
    STATUS(OK, vm_init(user, &host, axaddr_gpa(low), step + PAGE)); /* one page of the first */
    STATUS(INVALID, vm_copy_mappings_from(user, vm_table(&kernel), axaddr_gpa(base), step));
    STATUS(OK, vm_copy_mappings_from(user, vm_table(&kernel), axaddr_gpa(base + step), step));
    vm_destroy(user);
    STATUS(OK, vm_init(user, &host, axaddr_gpa(base + step - PAGE), PAGE)); /* its last page */
    STATUS(INVALID, vm_copy_mappings_from(user, vm_table(&kernel), axaddr_gpa(base), step));
    STATUS(INVALID, vm_copy_mappings_from(user, vm_table(&kernel), axaddr_gpa(base), size));
    STATUS(OK, vm_copy_mappings_from(user, vm_table(&kernel), axaddr_gpa(base + step), step));
    vm_destroy(user);
    STATUS(OK, vm_init(user, &host, axaddr_gpa(low), step));
    STATUS(OK, vm_copy_mappings_from(user, vm_table(&kernel), axaddr_gpa(base), size));
    end(1);
}

/** Something as large as a root entry is there already. */
static void too_large_to_share(void) {
    uint64_t kept_entry;

    begin(2, 0);
    GO_ON();
    STATUS(OK, vm_map_device(&kernel, in_kernel(step), step, 1));
    kept_entry = root_entry(&kernel, base + step);
    host_begin(&host);
    STATUS(EXISTS, vm_share(&kernel, axaddr_gpa(base), size));
    STATUS(EXISTS, vm_share(&kernel, axaddr_gpa(base + step), step));
    CHECK_EQ(host.op_taken, 0);
    CHECK_EQ(root_entry(&kernel, base + step), kept_entry);
    STATUS(OK, vm_share(&kernel, axaddr_gpa(base), step));
    STATUS(OK, vm_unmap(&kernel, in_kernel(step), step));
    end(0);
}

/** Each allocation of share fails in turn, with some of the tables there already. */
static void without_memory(void) {
    uint32_t used;
    unsigned i;

    begin(3, 1);
    GO_ON();
    STATUS(OK, vm_map_linear(&kernel, in_kernel(step), axaddr_hpa(0x7000), PAGE, RW));
    used = host.used_count;
    keep_root();
    for (i = 1; i <= 2; i++) {
        host_begin(&host);
        host_fail_in(&host, i, true);
        STATUS(NO_MEMORY, vm_share(&kernel, axaddr_gpa(base), size));
        CHECK_EQ(host.used_count, used);
        CHECK_EQ(root_entry(&kernel, base), kept[0]);
        CHECK_EQ(root_entry(&kernel, base + step), kept[1]);
        CHECK_EQ(root_entry(&kernel, base + 2 * step), kept[2]);
        host_begin(&host);
        STATUS(INVALID, vm_copy_mappings_from(&users[0], vm_table(&kernel), in_kernel(0), size));
    }
    host_begin(&host);
    host_fail_in(&host, 3, true);
    STATUS(OK, vm_share(&kernel, axaddr_gpa(base), size));
    CHECK_EQ(host.op_taken, 2);
    host_begin(&host);
    host_fail_in(&host, 1, true);
    STATUS(OK, vm_copy_mappings_from(&users[0], vm_table(&kernel), in_kernel(0), size));
    STATUS(OK, vm_unmap(&kernel, in_kernel(step), PAGE));
    vm_clear(&kernel);
    keep_root();
    check_root(1);
    end(1);
}

/** Where TLBs remember what is absent, they are told of the root entries that are new. */
static void plans(void) {
    begin(2, 1);
    GO_ON();
    vm_set_vmid(&users[0], 7);
    host_begin(&host);
    STATUS(OK, vm_share(&kernel, axaddr_gpa(base), size));
    CHECK_EQ(host.op_plan_count, format.caches_absent ? 1 : 0);
    CHECK(!format.caches_absent || (host_is_covered(&host, base, base + (size - 1)) &&
                                    host.plans[0].has_tables && !host.plans[0].is_full));
    host_begin(&host);
    STATUS(OK, vm_copy_mappings_from(&users[0], vm_table(&kernel), in_kernel(0), size));
    CHECK_EQ(host.op_plan_count, format.caches_absent ? 1 : 0);
    CHECK(!format.caches_absent ||
          (host_is_covered(&host, base, base + (size - 1)) && host.plans[0].vmid == 7));
    CHECK_STR(host_error(&host), "");
    /* What the kernel unmaps is flushed as ever; and its tables' frames before they are freed. */
    STATUS(OK, vm_map_alloc(&kernel, in_kernel(PAGE), PAGE, RW, AXADDR_POPULATE));
    host_begin(&host);
    STATUS(OK, vm_unmap(&kernel, in_kernel(PAGE), PAGE));
    CHECK(host_is_covered(&host, base + PAGE, base + 2 * PAGE - 1));
    CHECK_EQ(host.op_freed, format.level_count - 1u); /* the page, and tables but the shared one */
    end(1);
}

/** Without a lock it is the same. */
static void for_one_cpu(void) {
    static struct plain one_kernel;
    static struct plain user;
    uint64_t output = 0;
    unsigned level;

    begin(2, 0);
    GO_ON();
    STATUS(OK, plain_init(&one_kernel, &host, axaddr_gpa(base), size));
    STATUS(OK, plain_init(&user, &host, axaddr_gpa(0), user_size));
    STATUS(OK, plain_share(&one_kernel, axaddr_gpa(base), size));
    STATUS(OK, plain_copy_mappings_from(&user, plain_table(&one_kernel), axaddr_gpa(base), size));
    STATUS(OK, plain_map_linear(&one_kernel, in_kernel(5 * PAGE), axaddr_hpa(0x7000), PAGE, RW));
    CHECK(walk(plain_root(&user).raw, base + 5 * PAGE + 3, &output, &level));
    CHECK_EQ(output, 0x7003);
    CHECK_EQ(plain_handle_fault(&user, in_kernel(5 * PAGE), W), AXADDR_FAULT_UNMAPPED);
    plain_clear(&one_kernel);
    CHECK(!walk(plain_root(&user).raw, base + 5 * PAGE + 3, &output, &level));
    plain_destroy(&user);
    plain_destroy(&one_kernel);
    end(0);
}

/** Second stages have no use for it, and their walks do not look at bounds. */
static void unsupported(void) {
    uint64_t span = UINT64_C(1) << format.shift[format.level_count - 1u];

    host_init(&host, 100, HOST_LOW_BASE, HOST_SCATTERED);
    STATUS(OK, vm_init(&kernel, &host, axaddr_gpa(span), span));
    STATUS(OK, vm_init(&users[0], &host, axaddr_gpa(0), span));
    STATUS(UNSUPPORTED, vm_share(&kernel, axaddr_gpa(span), span));
    STATUS(UNSUPPORTED,
           vm_copy_mappings_from(&users[0], vm_table(&kernel), axaddr_gpa(span), span));
    end(1);
}

/* ---- over all formats ---- */

#define ADDRESS_OF(tag, name) &name,
static const struct axaddr_format *const all_formats[] = {EVERY_FORMAT(ADDRESS_OF)};

static bool has_share(const struct axaddr_format *it) {
    return it->is_sign_extended || it->input_width <= 32;
}

static void each(const char *name, void (*function)(void), bool is_supported) {
    unsigned i;

    for (i = 0; i < sizeof all_formats / sizeof all_formats[0]; i++) {
        if (all_formats[i]->shift[0] != HOST_FRAME_SHIFT || all_formats[i]->is_sized ||
            has_share(all_formats[i]) != is_supported) {
            continue;
        }
        format = *all_formats[i];
        regime = sim_regime_of(format.name);
        snprintf(check_context, sizeof check_context, "%s", format.name);
        check_case_failed = regime == 0;
        if (regime != 0) {
            function();
        } else {
            check_fail(__FILE__, __LINE__, "no machine has this format");
        }
        if (check_case_failed && host.memory != 0) {
            host_destroy(&host);
        }
        check_end_case(name);
    }
}
#define EACH(function) each(#function, function, true)

int main(void) {
    EACH(what_is_mapped_later_is_seen_at_once);
    EACH(what_was_mapped_before_is_seen);
    EACH(nothing_stands_in_the_shared_root);
    EACH(nothing_lazy_stands_in_the_shared_root);
    EACH(users_are_kept_out);
    EACH(users_come_and_go);
    EACH(errors);
    EACH(bounds_of_users);
    EACH(too_large_to_share);
    EACH(without_memory);
    EACH(plans);
    EACH(for_one_cpu);
    each("unsupported", unsupported, false);
    return check_report("test_share");
}
