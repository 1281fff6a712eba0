/* SPDX-License-Identifier: MIT
 *
 * test_config_claim.c: what passthrough exposes, texts of errors, and the conditions for constants
 * (config_claim.h).
 */
#include "config_vms.h"

/* ---- exposure ---- */

/** All pieces, as "0x1-0x2 name, " each. */
static const char *exposures_of(const struct axaddr_vm_config *config, uint64_t page_size) {
    static char text[300];
    struct axaddr_vm_exposure exposure;
    size_t cursor = 0;
    size_t length = 0;

    text[0] = '\0';
    while (axaddr_vm_config_exposure(config, page_size, &cursor, &exposure)) {
        length += (size_t)snprintf(text + length, sizeof text - length,
                                   "%s[%zu] 0x%" PRIx64 "-0x%" PRIx64 "%s, ", exposure.list,
                                   exposure.index, exposure.first, exposure.last,
                                   exposure.is_accepted ? " ok" : "");
    }
    return text;
}

static void lists_exposures(void) {
    make();
    CHECK_STR(exposures_of(&a.config, 0x1000), "");
    a.devices[0].gpa += 0x10;
    a.devices[0].hpa += 0x10;
    a.devices[0].length = 0x20;
    CHECK_STR(exposures_of(&a.config, 0x1000), "passthrough_devices[0] 0x10200000-0x1020000f, "
                                               "passthrough_devices[0] 0x10200030-0x10200fff, ");
    a.config.accepted_exposure_count = 1;
    a.ranges[0].length = 0x1001;
    CHECK_STR(exposures_of(&a.config, 0x1000), "passthrough_devices[0] 0x10200000-0x1020000f ok, "
                                               "passthrough_devices[0] 0x10200030-0x10200fff ok, "
                                               "passthrough_addresses[0] 0x10301001-0x10301fff, ");
    make();
    CHECK_STR(exposures_of(&a.config, 0x10000), "passthrough_devices[0] 0x10201000-0x1020ffff, "
                                                "passthrough_addresses[0] 0x10301000-0x1030ffff, ");
    a.devices[0].gpa = a.devices[0].hpa = TOP + 1;
    a.devices[0].length = 0xfff;
    a.ranges[0].length = 0;
    CHECK_STR(exposures_of(&a.config, 0x1000),
              "passthrough_devices[0] 0xfffffffffffff000-0xfffffffffffff000, ");
    a.devices[0].gpa = a.devices[0].hpa = UINT64_MAX - 1;
    a.devices[0].length = 3;
    CHECK_STR(exposures_of(&a.config, 0x1000), "");
    CHECK_STR(exposures_of(&a.config, 1), "");
}

static void refuses_exposures_that_nobody_accepted(void) {
    make();
    a.devices[0].length = 0xfff;
    REFUSES(AXADDR_DENIED, "shows the guest what is beside it: passthrough_devices[0] \"uart\" of "
                           "VM 1 and host bytes [0x10200fff, 0x10200fff]");
    a.devices[0].length = 0xfff;
    a.accepted[0] = "art";
    a.config.accepted_exposure_count = 1;
    CHECK_EQ(judge(), AXADDR_DENIED);
    make();
    a.devices[0].length = 0xfff;
    a.accepted[0] = "other";
    a.accepted[1] = "uart";
    a.config.accepted_exposure_count = 2;
    ACCEPTS();
    b.ranges[0].gpa += 1;
    b.ranges[0].length -= 1;
    REFUSES(AXADDR_DENIED,
            "shows the guest what is beside it: passthrough_addresses[0] of VM 2 and "
            "host bytes [0x20300000, 0x20300000]");
    a.accepted[0] = 0; /* a null name accepts nothing, not even what has none */
    a.config.accepted_exposure_count = 1;
    a.ranges[0].length = 1;
    CHECK_EQ(judge(), AXADDR_DENIED);
    make();
}

/* ---- text, and conditions for constants ---- */

static void prints_into_small_buffers(void) {
    char small[12];

    make();
    a.config.cpu_count = 0;
    CHECK_EQ(judge(), AXADDR_INVALID);
    CHECK_EQ(axaddr_vm_config_error_print(&error, 0, 0), strlen("no vCPU: cpu_num of VM 1"));
    CHECK_EQ(axaddr_vm_config_error_print(&error, small, sizeof small), 24);
    CHECK_STR(small, "no vCPU: cp");
    CHECK_STR(axaddr_vm_problem_name((enum axaddr_vm_problem)(AXADDR_PROBLEM_EXPOSURE + 1)), "?");
    CHECK_STR(axaddr_vm_problem_name(AXADDR_PROBLEM_NONE), "no problem");
}

#define U(n) UINT64_C(n)

AXADDR_STATIC_ASSERT(AXADDR_CHECK_LESS(U(0), U(1)) && !AXADDR_CHECK_LESS(U(1), U(0)), "less");
AXADDR_STATIC_ASSERT(!AXADDR_CHECK_LESS(U(0), U(0)), "zero");
AXADDR_STATIC_ASSERT(!AXADDR_CHECK_LESS(UINT64_MAX, UINT64_MAX), "equal");
AXADDR_STATIC_ASSERT(AXADDR_CHECK_LESS(U(0), UINT64_MAX), "most");
AXADDR_STATIC_ASSERT(!AXADDR_CHECK_LESS(UINT64_MAX, U(0)), "most");
AXADDR_STATIC_ASSERT(AXADDR_CHECK_LESS(UINT64_MAX / 2, UINT64_MAX / 2 + 1), "top bit");
AXADDR_STATIC_ASSERT(!AXADDR_CHECK_LESS(UINT64_MAX / 2 + 1, UINT64_MAX / 2), "top bit");
AXADDR_STATIC_ASSERT(AXADDR_CHECK_RANGE(U(0), U(1), 40), "byte 0");
AXADDR_STATIC_ASSERT(AXADDR_CHECK_REGION(U(0x1000), U(0x1000), U(0x1000), 40), "constant");
AXADDR_STATIC_ASSERT(!AXADDR_CHECK_REGION(U(0x1800), U(0x1000), U(0x1000), 40), "unaligned");
AXADDR_STATIC_ASSERT(!AXADDR_CHECK_REGION(U(0x1000), U(0x800), U(0x1000), 40), "in part");
AXADDR_STATIC_ASSERT(AXADDR_CHECK_RANGE(UINT64_MAX, U(1), 64), "the last byte");
AXADDR_STATIC_ASSERT(!AXADDR_CHECK_RANGE(UINT64_MAX, U(2), 64), "beyond it");
AXADDR_STATIC_ASSERT(!AXADDR_CHECK_RANGE(U(5), U(0), 64), "empty");
AXADDR_STATIC_ASSERT(AXADDR_CHECK_RANGE(U(0), U(2), 1), "one bit");
AXADDR_STATIC_ASSERT(!AXADDR_CHECK_RANGE(U(0), U(3), 1), "two");
AXADDR_STATIC_ASSERT(AXADDR_CHECK_RANGE(U(0xff), U(1), 8), "8 bits");
AXADDR_STATIC_ASSERT(!AXADDR_CHECK_RANGE(U(0xff), U(2), 8), "9 bits");
AXADDR_STATIC_ASSERT(AXADDR_CHECK_DISJOINT(U(0), U(5), U(5), U(5)), "beside");
AXADDR_STATIC_ASSERT(AXADDR_CHECK_DISJOINT(U(5), U(5), U(0), U(5)), "beside");
AXADDR_STATIC_ASSERT(!AXADDR_CHECK_DISJOINT(U(0), U(6), U(5), U(5)), "a byte");
AXADDR_STATIC_ASSERT(!AXADDR_CHECK_DISJOINT(U(5), U(5), U(0), U(6)), "a byte");
AXADDR_STATIC_ASSERT(!AXADDR_CHECK_DISJOINT(U(0), U(9), U(3), U(1)), "inside");
AXADDR_STATIC_ASSERT(!AXADDR_CHECK_DISJOINT(UINT64_MAX, U(1), UINT64_MAX, U(1)), "at the top");
AXADDR_STATIC_ASSERT(AXADDR_CHECK_APART(U(0), U(16), U(16), U(1), U(16)), "two pages");
AXADDR_STATIC_ASSERT(AXADDR_CHECK_APART(U(16), U(1), U(0), U(16), U(16)), "two pages");
AXADDR_STATIC_ASSERT(!AXADDR_CHECK_APART(U(0), U(15), U(15), U(1), U(16)), "one page");
AXADDR_STATIC_ASSERT(!AXADDR_CHECK_APART(U(15), U(1), U(0), U(15), U(16)), "one page");
AXADDR_STATIC_ASSERT(AXADDR_CHECK_INSIDE(U(5), U(5), U(1)), "first");
AXADDR_STATIC_ASSERT(!AXADDR_CHECK_INSIDE(U(6), U(5), U(1)), "behind");
AXADDR_STATIC_ASSERT(!AXADDR_CHECK_INSIDE(U(4), U(5), UINT64_MAX), "before");
AXADDR_STATIC_ASSERT(AXADDR_CHECK_ALIKE(U(0x1010), U(0x5010), U(0x1000)), "alike");
AXADDR_STATIC_ASSERT(!AXADDR_CHECK_ALIKE(U(0x1010), U(0x5018), U(0x1000)), "unlike");
AXADDR_STATIC_ASSERT(AXADDR_CHECK_HOST(AXADDR_MAP_RESERVED, U(1), U(2)) == 2, "reserved");
AXADDR_STATIC_ASSERT(AXADDR_CHECK_HOST(AXADDR_MAP_IDENTICAL, U(1), U(2)) == 1, "identical");

static void pages_meet_both_ways(void) {
    CHECK(axaddr_claim_pages_meet(0x1000, 0x1000, 0x1800, 0x1900, 0x1000));
    CHECK(axaddr_claim_pages_meet(0x1800, 0x1900, 0x1000, 0x1000, 0x1000));
    CHECK(axaddr_claim_pages_meet(0x1fff, 0x1fff, 0x1000, 0x1000, 0x1000));
    CHECK(!axaddr_claim_pages_meet(0x1000, 0x1fff, 0x2000, 0x2000, 0x1000));
    CHECK(!axaddr_claim_pages_meet(0x2000, 0x2000, 0x1000, 0x1fff, 0x1000));
    CHECK(axaddr_claim_pages_meet(UINT64_MAX, UINT64_MAX, TOP + 1, TOP + 1, 0x1000));
    CHECK(!axaddr_claim_pages_meet(UINT64_MAX, UINT64_MAX, 0, TOP - 1, 0x1000));
}

/* What a condition says of flags, the check says too. */
static void flags_are_judged_alike(void) {
    uint32_t flags;

    make();
    for (flags = 0; flags < 0x400; flags++) {
        struct axaddr_memory_region region = {.gpa = 0x1000, .size = 0x1000, .flags = flags};
        bool is_fine = axaddr_vm_config_region_problem(&region) == AXADDR_PROBLEM_NONE;
        snprintf(check_context, sizeof check_context, "flags 0x%" PRIx32, flags);
        CHECK_EQ(is_fine, AXADDR_CHECK_FLAGS(flags));
    }
}

static void knows_each_type_of_device(void) {
    static const unsigned char known[] = {0, 1, 2, 0xa, 0x20, 0x21, 0x22, 0x30, 0xe1, 0xe2, 0xe3};
    unsigned count = 0;
    unsigned type;

    for (type = 0; type < 0x200; type++) {
        if (axaddr_emulated_type_is_known((enum axaddr_emulated_type)type)) {
            CHECK_EQ(type, known[count]);
            count++;
        }
    }
    CHECK_EQ(count, sizeof known);
}

int main(void) {
    CASE(lists_exposures);
    CASE(refuses_exposures_that_nobody_accepted);
    CASE(prints_into_small_buffers);
    CASE(pages_meet_both_ways);
    CASE(flags_are_judged_alike);
    CASE(knows_each_type_of_device);
    return check_report("test_config_claim");
}
