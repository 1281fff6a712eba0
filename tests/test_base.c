/* SPDX-License-Identifier: MIT
 *
 * test_base.c: the small things that everything else stands on: bits, flags, and the names that
 * values have in messages. And what the larger tests of ranges and frames do not meet.
 */
#include "../axaddr.h"
#include "check.h"
#include "host.h"

AXADDR_DEFINE_FRAME(page, host_hal);

/* ---- names ---- */

/* The name of each value from 0 on, and "?" after the last. */
#define CHECK_NAMES(name_of, type, ...)                                                            \
    do {                                                                                           \
        static const char *const names_[] = {__VA_ARGS__};                                         \
        const int count_ = (int)(sizeof names_ / sizeof names_[0]);                                \
        int value_;                                                                                \
        for (value_ = 0; value_ < count_; value_++) {                                              \
            CHECK_STR(name_of((type)value_), names_[value_]);                                      \
        }                                                                                          \
        CHECK_STR(name_of((type)count_), "?");                                                     \
    } while (0)

static void every_value_has_its_name(void) {
    CHECK_NAMES(axaddr_status_name, enum axaddr_status, "OK", "INVALID", "EXISTS", "NOT_MAPPED",
                "NO_MEMORY", "DENIED", "BUSY", "UNSUPPORTED");
    CHECK_NAMES(axaddr_fault_name, enum axaddr_fault, "RESOLVED", "SPURIOUS", "DEVICE", "UNMAPPED",
                "DENIED", "NO_MEMORY");
    CHECK_NAMES(axaddr_area_kind_name, enum axaddr_area_kind, "linear", "frames", "alloc", "backed",
                "device");
}

/** By the bits' numbers in the manual (vol. 3D, A.10); a set is called after its lowest. */
static void every_ept_capability_has_its_name(void) {
    static const struct {
        unsigned bit;
        const char *name;
    } capabilities[] = {
        {0, "execute-only"},
        {6, "4-level walk"},
        {14, "write-back tables"},
        {16, "2 MiB leaves"},
        {17, "1 GiB leaves"},
        {20, "INVEPT"},
        {21, "accessed and dirty flags"},
        {25, "single-context INVEPT"},
        {26, "all-context INVEPT"},
    };
    uint64_t above = 0;
    size_t i;

    for (i = sizeof capabilities / sizeof capabilities[0]; i-- > 0;) {
        uint64_t bit = UINT64_C(1) << capabilities[i].bit;
        CHECK_STR(axaddr_x86_ept_cap_name(bit), capabilities[i].name);
        CHECK_STR(axaddr_x86_ept_cap_name(bit | above), capabilities[i].name);
        above |= bit;
    }
    CHECK_STR(axaddr_x86_ept_cap_name(UINT64_C(1) << 1), "?");
    CHECK_STR(axaddr_x86_ept_cap_name(0), "?");
}

/** A leaf size that the format does not use is not asked of the processor. */
static void ept_capabilities_follow_the_leaves(void) {
    struct axaddr_format small = axaddr_x86_ept;

    small.leaf_levels = 1;
    CHECK_EQ(axaddr_x86_ept_missing(0, &axaddr_x86_ept, 0) & 0x30000, 0x30000);
    CHECK_EQ(axaddr_x86_ept_missing(0, &axaddr_x86_ept_2m, 0) & 0x30000, 0x10000);
    CHECK_EQ(axaddr_x86_ept_missing(0, &small, 0) & 0x30000, 0);
}

/* ---- bits ---- */

static void low_bits_of_every_count(void) {
    uint64_t expected = 0;
    unsigned count;

    for (count = 0; count <= 64; count++) {
        CHECK_EQ(axaddr_low_bits(count), expected);
        expected = expected << 1 | 1;
    }
}

static void powers_of_two(void) {
    unsigned bit;
    unsigned other;

    CHECK(!axaddr_is_power_of_two(0));
    for (bit = 0; bit < 64; bit++) {
        CHECK(axaddr_is_power_of_two(UINT64_C(1) << bit));
        for (other = 0; other < bit; other++) {
            CHECK(!axaddr_is_power_of_two(UINT64_C(1) << bit | UINT64_C(1) << other));
        }
    }
    CHECK(!axaddr_is_power_of_two(UINT64_MAX));
}

/* ---- flags ---- */

/** All sets of the bits that have a meaning for a mapping, and each unknown bit beside one. */
static void known_flags_with_a_right_are_valid(void) {
    uint32_t flags;
    unsigned bit;

    CHECK_EQ(AXADDR_READ | AXADDR_WRITE | AXADDR_EXECUTE | AXADDR_USER | AXADDR_DEVICE |
                 AXADDR_UNCACHED,
             0x3f); /* as the original has them */
    for (flags = 0; flags < 0x200; flags++) {
        bool has_right = (flags & AXADDR_READ) != 0 || (flags & AXADDR_WRITE) != 0 ||
                         (flags & AXADDR_EXECUTE) != 0 || (flags & AXADDR_EXECUTE_USER) != 0 ||
                         (flags & AXADDR_EXECUTE_KERNEL) != 0;
        CHECK_EQ(axaddr_flags_are_valid(flags), has_right);
    }
    for (bit = 9; bit < 32; bit++) {
        CHECK(!axaddr_flags_are_valid(AXADDR_READ | UINT32_C(1) << bit));
    }
    CHECK(!axaddr_flags_are_valid(AXADDR_READ | AXADDR_SMALL));
}

static void a_mapping_has_one_memory_type_and_devices_do_not_execute(void) {
    uint32_t flags;

    for (flags = 0; flags < 0x200; flags++) {
        bool is_device = (flags & AXADDR_DEVICE) != 0;
        int fetches = ((flags & AXADDR_EXECUTE) != 0) + ((flags & AXADDR_EXECUTE_USER) != 0) +
                      ((flags & AXADDR_EXECUTE_KERNEL) != 0);
        bool is_refused = is_device && ((flags & AXADDR_UNCACHED) || fetches > 0);
        CHECK_EQ(axaddr_flags_agree(flags), !is_refused && fetches <= 1);
    }
}

static void execute_permits_fetches_of_both_modes(void) {
    CHECK_EQ(axaddr_flags_permit(AXADDR_READ | AXADDR_EXECUTE),
             AXADDR_READ | AXADDR_EXECUTE | AXADDR_EXECUTE_USER | AXADDR_EXECUTE_KERNEL);
    CHECK_EQ(axaddr_flags_permit(AXADDR_READ | AXADDR_EXECUTE_USER),
             AXADDR_READ | AXADDR_EXECUTE_USER);
    CHECK_EQ(axaddr_flags_permit(AXADDR_READ), AXADDR_READ);
}

/* ---- ranges and frames ---- */

/** Ends whose sum is that of the whole space, which has no size. */
static void a_range_around_the_middle_has_a_size(void) {
    const uint64_t middle = UINT64_C(1) << 63;
    axaddr_gpa_range_t range;
    uint64_t size = 0;

    CHECK_EQ(axaddr_gpa_range(axaddr_gpa(middle - 1), 2, &range), AXADDR_OK);
    CHECK_EQ(axaddr_gpa_range_size(range, &size), AXADDR_OK);
    CHECK_EQ(size, 2);
}

static void an_adopted_frame_is_where_it_was(void) {
    struct page frame = page_empty();
    axaddr_hpa_t base = axaddr_hpa(0);

    CHECK_EQ(page_adopt(0, axaddr_hpa(0x5000), &frame), AXADDR_OK);
    CHECK_EQ(page_base(&frame, &base), AXADDR_OK);
    CHECK_EQ(base.raw, 0x5000);
    base = axaddr_hpa(0);
    CHECK_EQ(page_detach(&frame, &base), AXADDR_OK);
    CHECK_EQ(base.raw, 0x5000);
    CHECK(!page_is_owned(&frame));
}

int main(void) {
    CASE(every_value_has_its_name);
    CASE(every_ept_capability_has_its_name);
    CASE(ept_capabilities_follow_the_leaves);
    CASE(low_bits_of_every_count);
    CASE(powers_of_two);
    CASE(known_flags_with_a_right_are_valid);
    CASE(a_mapping_has_one_memory_type_and_devices_do_not_execute);
    CASE(execute_permits_fetches_of_both_modes);
    CASE(a_range_around_the_middle_has_a_size);
    CASE(an_adopted_frame_is_where_it_was);
    return check_report("test_base");
}
