/* SPDX-License-Identifier: MIT
 *
 * test_config.c: VM configs (config.h): what is read of them, and lists that are edited.
 */
#include "axaddr_core/config.h"
#include "check.h"

#define TOP (UINT64_MAX - 0xfff)

static const uint64_t ids[] = {0x100, 0x200, 64};
static const uint64_t sets[] = {1, 0xf0};
static const char *const gic[] = {"/gic", "/its"};
static const char *const timer[] = {"/timer"};
static const struct axaddr_name_list excluded[] = {
    {gic, 2},
    {0, 0},
    {timer, 1},
};

static const struct axaddr_memory_region regions[] = {
    {.gpa = 0x80000000,
     .size = 0x10000000,
     .flags = 7,
     .type = AXADDR_MAP_IDENTICAL,
     .name = "ram"},
    {.gpa = TOP, .size = 0x1000, .flags = 3, .type = AXADDR_MAP_ALLOC},
};

static const struct axaddr_passthrough_device devices[] = {
    {.name = "uart",
     .gpa = 0x9000000,
     .hpa = 0xfe660000,
     .length = 0x100,
     .irq = 33,
     .has_addresses = true},
    {.name = "/", .gpa = 0xc0000000, .length = 0x1000}, /* by path: the numbers mean nothing */
    {.name = "uart",
     .gpa = 0x9000100,
     .hpa = 0xfe660100,
     .length = 0x100,
     .irq = 34,
     .has_addresses = true},
    {.name = "rtc",
     .gpa = 0x9010000,
     .hpa = 0xfe670000,
     .length = 0x1000,
     .irq = 35,
     .has_addresses = true},
};

static const struct axaddr_passthrough_range ranges[] = {{0x1000, 0x10}, {0x2000, 0x1000}};

static const struct axaddr_emulated_device emulated[] = {
    {.name = "console", .gpa = 0xa000000, .length = 0x200, .type = AXADDR_EMULATED_CONSOLE},
};

static const struct axaddr_vm_config full = {
    .id = 1,
    .name = "full",
    .cpu_count = 3,
    .bsp_entry = 0x80200000,
    .ap_entry = 0x80300000,
    .images = {{.path = "kernel", .load_address = 0x80200000, .has_load = true},
               {.path = "bios"},
               {.load_address = UINT64_MAX, .has_load = true},
               {.path = "ramdisk", .load_address = 0, .has_load = true}},
    .regions = regions,
    .region_count = 2,
    .devices = devices,
    .device_count = 4,
    .ranges = ranges,
    .range_count = 2,
    .emulated = emulated,
    .emulated_count = 1,
    .excluded = excluded,
    .excluded_count = 3,
};

/* ---- reading ---- */

static void finds_names(void) {
    CHECK(axaddr_names_equal("", ""));
    CHECK(axaddr_names_equal("uart", "uart"));
    CHECK(!axaddr_names_equal("uart", "uar"));
    CHECK(!axaddr_names_equal("uar", "uart"));
    CHECK(!axaddr_names_equal("uart", "uarx"));
    CHECK(!axaddr_names_equal(0, "uart"));
    CHECK(!axaddr_names_equal("uart", 0));
    CHECK(!axaddr_names_equal(0, 0));
    CHECK(axaddr_vm_config_find_device(&full, "uart") == &devices[0]);
    CHECK(axaddr_vm_config_find_device(&full, "rtc") == &devices[3]);
    CHECK(axaddr_vm_config_find_device(&full, "gpu") == 0);
    CHECK(axaddr_vm_config_is_excluded(&full, "/gic"));
    CHECK(axaddr_vm_config_is_excluded(&full, "/its"));
    CHECK(axaddr_vm_config_is_excluded(&full, "/timer"));
    CHECK(!axaddr_vm_config_is_excluded(&full, "/"));
}

static void tells_load_addresses(void) {
    axaddr_gpa_t gpa = axaddr_gpa(5);

    CHECK(axaddr_vm_config_load_address(&full, AXADDR_IMAGE_KERNEL, &gpa));
    CHECK_EQ(gpa.raw, 0x80200000);
    CHECK(!axaddr_vm_config_load_address(&full, AXADDR_IMAGE_BIOS, &gpa));
    CHECK_EQ(gpa.raw, 0x80200000);
    CHECK(axaddr_vm_config_load_address(&full, AXADDR_IMAGE_DTB, &gpa));
    CHECK_EQ(gpa.raw, UINT64_MAX);
    CHECK(axaddr_vm_config_load_address(&full, AXADDR_IMAGE_RAMDISK, &gpa));
    CHECK_EQ(gpa.raw, 0);
    CHECK(!axaddr_vm_config_load_address(&full, (enum axaddr_image)AXADDR_IMAGE_COUNT, &gpa));
    CHECK_EQ(axaddr_vm_config_entry(&full, 0).raw, 0x80200000);
    CHECK_EQ(axaddr_vm_config_entry(&full, 1).raw, 0x80300000);
    CHECK_EQ(axaddr_vm_config_entry(&full, 2).raw, 0x80300000);
}

static void finds_regions(void) {
    struct axaddr_memory_region region = {.flags = 0x2f};

    struct axaddr_vm_config vm = full;

    CHECK_EQ(axaddr_memory_region_rights(&region), 0x27);
    CHECK_EQ(axaddr_memory_region_rights(&regions[0]), 7);
    CHECK(axaddr_vm_config_find_region(&full, 0x80000000, 0x8fffffff) == &regions[0]);
    CHECK(axaddr_vm_config_find_region(&full, 0x8fffffff, 0x8fffffff) == &regions[0]);
    CHECK(axaddr_vm_config_find_region(&full, 0x8fffffff, 0x90000000) == 0);
    CHECK(axaddr_vm_config_find_region(&full, 0x7fffffff, 0x80000000) == 0);
    CHECK(axaddr_vm_config_find_region(&full, 0x80000001, 0x80000000) == 0);
    CHECK(axaddr_vm_config_find_region(&full, UINT64_MAX, UINT64_MAX) == &regions[1]);
    CHECK(axaddr_vm_config_find_region(&full, TOP, UINT64_MAX) == &regions[1]);
    CHECK(axaddr_vm_config_find_region(&full, TOP - 1, UINT64_MAX) == 0);
    vm.regions = &region;
    vm.region_count = 1;
    region.gpa = 5;
    CHECK(axaddr_vm_config_find_region(&vm, 5, 5) == 0);
    region.size = UINT64_MAX - 3;
    CHECK(axaddr_vm_config_find_region(&vm, 5, 5) == 0);
    region.size = UINT64_MAX - 4;
    CHECK(axaddr_vm_config_find_region(&vm, 5, 5) == &region);
}

/* vCPU 0 has an id and a mask, 1 too, 2 an id that no mask has a bit for. */
static void tells_affinity(void) {
    struct axaddr_vm_config vm = full;
    struct axaddr_vcpu_affinity at;

    CHECK_EQ(axaddr_vm_config_vcpu(&vm, 2, &at), AXADDR_OK);
    CHECK_EQ(at.vcpu, 2);
    CHECK_EQ(at.physical_id, 2);
    CHECK(!at.has_mask);
    CHECK_EQ(at.mask, 0);
    CHECK_EQ(axaddr_vm_config_vcpu_riscv(&vm, 2, &at), AXADDR_OK);
    CHECK(!at.has_mask);

    vm.phys_cpu_ids = ids;
    vm.phys_cpu_id_count = 3;
    CHECK_EQ(axaddr_vm_config_vcpu(&vm, 2, &at), AXADDR_OK);
    CHECK_EQ(at.physical_id, 64);
    CHECK(!at.has_mask);
    CHECK_EQ(axaddr_vm_config_vcpu_riscv(&vm, 2, &at), AXADDR_INVALID);

    vm.phys_cpu_sets = sets;
    vm.phys_cpu_set_count = 2;
    CHECK_EQ(axaddr_vm_config_vcpu(&vm, 1, &at), AXADDR_OK);
    CHECK_EQ(at.vcpu, 1);
    CHECK_EQ(at.physical_id, 0x200);
    CHECK(at.has_mask);
    CHECK_EQ(at.mask, 0xf0);
    CHECK_EQ(axaddr_vm_config_vcpu_riscv(&vm, 1, &at), AXADDR_OK);
    CHECK_EQ(at.mask, 0xf0);
    CHECK_EQ(axaddr_vm_config_vcpu(&vm, 3, &at), AXADDR_INVALID);
    CHECK_EQ(axaddr_vm_config_vcpu_riscv(&vm, 3, &at), AXADDR_INVALID);
    CHECK_EQ(at.vcpu, 1);
}

static void pins_riscv_vcpus_to_their_harts(void) {
    static const uint64_t harts[] = {0, 63, 5};
    struct axaddr_vm_config vm = full;
    struct axaddr_vcpu_affinity at;

    vm.phys_cpu_ids = harts;
    vm.phys_cpu_id_count = 2;
    CHECK_EQ(axaddr_vm_config_vcpu_riscv(&vm, 0, &at), AXADDR_OK);
    CHECK(at.has_mask);
    CHECK_EQ(at.mask, 1);
    CHECK_EQ(axaddr_vm_config_vcpu_riscv(&vm, 1, &at), AXADDR_OK);
    CHECK_EQ(at.mask, UINT64_C(1) << 63);
    CHECK_EQ(at.physical_id, 63);
    CHECK_EQ(axaddr_vm_config_vcpu(&vm, 1, &at), AXADDR_OK);
    CHECK(!at.has_mask);
    CHECK_EQ(axaddr_vm_config_vcpu_riscv(&vm, 2, &at), AXADDR_OK);
    CHECK(!at.has_mask); /* no id of its own */
}

/* ---- editing ---- */

#define ROOM 5

static struct axaddr_memory_region region_room[ROOM];
static struct axaddr_passthrough_device device_room[ROOM];
static struct axaddr_passthrough_range range_room[ROOM];
static struct axaddr_vm_config_edit edit;

static struct axaddr_vm_config_room room_of(size_t count) {
    struct axaddr_vm_config_room room = {region_room, count, device_room, count, range_room, count};

    return room;
}

static bool begin(void) {
    struct axaddr_vm_config_room room = room_of(ROOM);

    memset(region_room, 0xa5, sizeof region_room);
    memset(device_room, 0, sizeof device_room);
    memset(range_room, 0xa5, sizeof range_room);
    return axaddr_vm_config_edit_init(&edit, &full, &room) == AXADDR_OK;
}

static void copies_a_config(void) {
    CHECK(begin());
    CHECK_EQ(edit.config.id, 1);
    CHECK_STR(edit.config.name, "full");
    CHECK_EQ(edit.config.bsp_entry, 0x80200000);
    CHECK(edit.config.emulated == emulated);
    CHECK(edit.config.excluded == excluded);
    CHECK(edit.config.regions == region_room);
    CHECK(edit.config.devices == device_room);
    CHECK(edit.config.ranges == range_room);
    CHECK_EQ(edit.config.region_count, 2);
    CHECK_EQ(edit.config.device_count, 4);
    CHECK_EQ(edit.config.range_count, 2);
    CHECK_EQ(region_room[1].gpa, TOP);
    CHECK_EQ(region_room[1].flags, 3);
    CHECK_STR(region_room[0].name, "ram");
    CHECK_EQ(device_room[3].hpa, 0xfe670000);
    CHECK_STR(device_room[3].name, "rtc");
    CHECK_EQ(range_room[1].length, 0x1000);
    CHECK_EQ(edit.room.range_capacity, ROOM);
}

static void refuses_rooms(void) {
    struct axaddr_vm_config_room room = room_of(4);
    struct axaddr_vm_config vm = full;

    memset(&edit, 0x5a, sizeof edit);
    room.region_capacity = 1;
    CHECK_EQ(axaddr_vm_config_edit_init(&edit, &vm, &room), AXADDR_NO_MEMORY);
    room = room_of(4);
    room.device_capacity = 3;
    CHECK_EQ(axaddr_vm_config_edit_init(&edit, &vm, &room), AXADDR_NO_MEMORY);
    room = room_of(4);
    room.range_capacity = 1;
    CHECK_EQ(axaddr_vm_config_edit_init(&edit, &vm, &room), AXADDR_NO_MEMORY);
    CHECK_EQ(((unsigned char *)&edit)[0], 0x5a);
    room = room_of(4);
    room.regions = 0;
    CHECK_EQ(axaddr_vm_config_edit_init(&edit, &vm, &room), AXADDR_INVALID);
    room = room_of(4);
    room.devices = 0;
    CHECK_EQ(axaddr_vm_config_edit_init(&edit, &vm, &room), AXADDR_INVALID);
    room = room_of(4);
    room.ranges = 0;
    CHECK_EQ(axaddr_vm_config_edit_init(&edit, &vm, &room), AXADDR_INVALID);
    room = room_of(4);
    vm.regions = 0;
    CHECK_EQ(axaddr_vm_config_edit_init(&edit, &vm, &room), AXADDR_INVALID);
    vm = full;
    vm.devices = 0;
    CHECK_EQ(axaddr_vm_config_edit_init(&edit, &vm, &room), AXADDR_INVALID);
    vm = full;
    vm.ranges = 0;
    CHECK_EQ(axaddr_vm_config_edit_init(&edit, &vm, &room), AXADDR_INVALID);
    CHECK_EQ(axaddr_vm_config_edit_init(&edit, &full, &room), AXADDR_OK);
}

static void edits_nothing_in_no_room(void) {
    static const struct axaddr_vm_config empty = {.id = 9};
    struct axaddr_vm_config_room room = {0, 0, 0, 0, 0, 0};

    CHECK_EQ(axaddr_vm_config_edit_init(&edit, &empty, &room), AXADDR_OK);
    CHECK_EQ(axaddr_vm_config_add_region(&edit, &regions[0]), AXADDR_NO_MEMORY);
    CHECK_EQ(axaddr_vm_config_add_device(&edit, &devices[0]), AXADDR_NO_MEMORY);
    CHECK_EQ(axaddr_vm_config_add_range(&edit, axaddr_gpa(0), 1), AXADDR_NO_MEMORY);
    CHECK_EQ(axaddr_vm_config_remove_device(&edit, "uart"), AXADDR_NOT_MAPPED);
    CHECK_EQ(axaddr_vm_config_remove_device_at(&edit, axaddr_gpa(0), 1), AXADDR_NOT_MAPPED);
    CHECK_EQ(axaddr_vm_config_remove_range(&edit, axaddr_gpa(0), 1), AXADDR_NOT_MAPPED);
}

static enum axaddr_status add(uint64_t gpa, uint64_t size, uint64_t hpa, uint32_t flags, int type) {
    struct axaddr_memory_region region = {.gpa = gpa, .size = size, .hpa = hpa, .flags = flags};

    region.type = (enum axaddr_map_type)type;
    region.name = "new";
    return axaddr_vm_config_add_region(&edit, &region);
}

static void adds_regions(void) {
    CHECK(begin());
    CHECK_EQ(add(0x90000000, 0, 0, 7, 0), AXADDR_INVALID);
    CHECK_EQ(add(UINT64_MAX, 2, 0, 7, 0), AXADDR_INVALID);
    CHECK_EQ(add(0x90000000, 0x1000, UINT64_MAX, 7, AXADDR_MAP_RESERVED), AXADDR_INVALID);
    CHECK_EQ(add(0x90000000, 0x1000, 0, 7, 3), AXADDR_INVALID);
    CHECK_EQ(add(0x90000000, 0x1000, 0, 0, 0), AXADDR_INVALID);
    CHECK_EQ(add(0x90000000, 0x1000, 0, UINT32_C(1) << 20 | 1, 0), AXADDR_INVALID);
    CHECK_EQ(add(0x90000000, 0x1000, 0, 0x17, 0), AXADDR_INVALID);
    CHECK_EQ(edit.config.region_count, 2);
    CHECK_EQ(add(0x90000000, 0x1000, UINT64_MAX, 3, AXADDR_MAP_IDENTICAL), AXADDR_OK);
    CHECK_EQ(add(0x90001000, 0x1000, 0x5000, 3, AXADDR_MAP_RESERVED), AXADDR_OK);
    CHECK_EQ(edit.config.region_count, 4);
    CHECK_EQ(edit.config.regions[3].gpa, 0x90001000);
    CHECK_EQ(edit.config.regions[3].hpa, 0x5000);
    CHECK_STR(edit.config.regions[3].name, "new");
    CHECK_EQ(add(0x90000fff, 1, 0, 3, 0), AXADDR_EXISTS);
    CHECK_EQ(add(0xc0000000, 0x1000, 0, 3, 0), AXADDR_OK);
    CHECK_EQ(add(0x90000fff, 1, 0, 3, 0), AXADDR_EXISTS);
    CHECK_EQ(add(0x90003000, 0x1000, 0, 3, 0), AXADDR_NO_MEMORY);
    CHECK_EQ(edit.config.region_count, 5);
}

/* The first and the last byte of each kind of entry, and the bytes beside them. */
static void nothing_is_added_over_another(void) {
    static const uint64_t taken[][2] = {
        {0x80000000, 0x8fffffff}, {TOP, UINT64_MAX}, {0x9000000, 0x90000ff},
        {0x9010000, 0x9010fff},   {0x1000, 0x100f},  {0xa000000, 0xa0001ff},
    };
    struct axaddr_passthrough_device device = {.name = "new", .length = 1, .has_addresses = true};
    size_t i;
    size_t j;

    for (i = 0; i < sizeof taken / sizeof taken[0]; i++) {
        for (j = 0; j < 2; j++) {
            snprintf(check_context, sizeof check_context, "range %zu, end %zu", i, j);
            CHECK(begin());
            device.gpa = taken[i][j];
            CHECK_EQ(add(taken[i][j], 1, 0, 3, 0), AXADDR_EXISTS);
            CHECK_EQ(axaddr_vm_config_add_device(&edit, &device), AXADDR_EXISTS);
            CHECK_EQ(axaddr_vm_config_add_range(&edit, axaddr_gpa(taken[i][j]), 1), AXADDR_EXISTS);
        }
        CHECK_EQ(axaddr_vm_config_add_range(&edit, axaddr_gpa(taken[i][0] - 1), 1), AXADDR_OK);
    }
}

static void adds_devices(void) {
    struct axaddr_passthrough_device device = {.name = "new",
                                               .gpa = 0x9020000,
                                               .hpa = 0x1000,
                                               .length = 0x1000,
                                               .irq = 7,
                                               .has_addresses = true};

    CHECK(begin());
    device.name = 0;
    CHECK_EQ(axaddr_vm_config_add_device(&edit, &device), AXADDR_INVALID);
    device.name = "new";
    device.length = 0;
    CHECK_EQ(axaddr_vm_config_add_device(&edit, &device), AXADDR_INVALID);
    device.length = 0x1000;
    device.hpa = UINT64_MAX - 0xffe;
    CHECK_EQ(axaddr_vm_config_add_device(&edit, &device), AXADDR_INVALID);
    device.hpa = 0x1000;
    device.gpa = UINT64_MAX - 0xffe;
    CHECK_EQ(axaddr_vm_config_add_device(&edit, &device), AXADDR_INVALID);
    device.gpa = 0x9020000;
    CHECK_EQ(edit.config.device_count, 4);
    CHECK_EQ(axaddr_vm_config_add_device(&edit, &device), AXADDR_OK);
    CHECK_EQ(edit.config.device_count, 5);
    CHECK_EQ(edit.config.devices[4].irq, 7);
    CHECK_STR(edit.config.devices[4].name, "new");
    device.gpa = 0x9030000;
    CHECK_EQ(axaddr_vm_config_add_device(&edit, &device), AXADDR_NO_MEMORY);
}

static void adds_devices_by_path(void) {
    struct axaddr_passthrough_device device = {.name = "/", .gpa = 0x80000000, .length = 1};

    CHECK(begin());
    CHECK_EQ(axaddr_vm_config_add_device(&edit, &device), AXADDR_EXISTS);
    device.name = "rtc"; /* a device with addresses is called so: that is another thing */
    CHECK_EQ(axaddr_vm_config_add_device(&edit, &device), AXADDR_OK);
    CHECK(!edit.config.devices[4].has_addresses);
    CHECK_EQ(axaddr_vm_config_add_device(&edit, &device), AXADDR_EXISTS);
}

static void removes_devices(void) {
    CHECK(begin());
    CHECK_EQ(axaddr_vm_config_remove_device(&edit, "gpu"), AXADDR_NOT_MAPPED);
    CHECK_EQ(edit.config.device_count, 4);
    CHECK_EQ(axaddr_vm_config_remove_device(&edit, "uart"), AXADDR_OK);
    CHECK_EQ(edit.config.device_count, 2);
    CHECK_STR(edit.config.devices[0].name, "/");
    CHECK_STR(edit.config.devices[1].name, "rtc");
    CHECK_EQ(edit.config.devices[1].irq, 35);
    CHECK_EQ(axaddr_vm_config_remove_device(&edit, "uart"), AXADDR_NOT_MAPPED);
    CHECK_EQ(axaddr_vm_config_remove_device(&edit, "/"), AXADDR_OK);
    CHECK_EQ(edit.config.device_count, 1);

    CHECK(begin());
    CHECK_EQ(axaddr_vm_config_remove_device_at(&edit, axaddr_gpa(0x9000100), 0xff),
             AXADDR_NOT_MAPPED);
    CHECK_EQ(axaddr_vm_config_remove_device_at(&edit, axaddr_gpa(0x9000101), 0x100),
             AXADDR_NOT_MAPPED);
    CHECK_EQ(axaddr_vm_config_remove_device_at(&edit, axaddr_gpa(0), 0), AXADDR_NOT_MAPPED);
    CHECK_EQ(axaddr_vm_config_remove_device_at(&edit, axaddr_gpa(0x9000100), 0x100), AXADDR_OK);
    CHECK_EQ(edit.config.device_count, 3);
    CHECK_EQ(edit.config.devices[0].irq, 33);
    CHECK_EQ(edit.config.devices[2].irq, 35);
    axaddr_vm_config_clear_devices(&edit);
    CHECK_EQ(edit.config.device_count, 0);
    CHECK_EQ(edit.config.range_count, 2);
}

static void edits_ranges(void) {
    CHECK(begin());
    CHECK_EQ(axaddr_vm_config_add_range(&edit, axaddr_gpa(0x5000), 0), AXADDR_INVALID);
    CHECK_EQ(axaddr_vm_config_add_range(&edit, axaddr_gpa(UINT64_MAX), 2), AXADDR_INVALID);
    CHECK_EQ(axaddr_vm_config_add_range(&edit, axaddr_gpa(0x1010), 0xff0), AXADDR_OK);
    CHECK_EQ(edit.config.range_count, 3);
    CHECK_EQ(edit.config.ranges[2].gpa, 0x1010);
    CHECK_EQ(edit.config.ranges[2].length, 0xff0);
    CHECK_EQ(axaddr_vm_config_add_range(&edit, axaddr_gpa(0x1fff), 1), AXADDR_EXISTS);
    CHECK_EQ(axaddr_vm_config_remove_range(&edit, axaddr_gpa(0x1000), 0x1000), AXADDR_NOT_MAPPED);
    CHECK_EQ(axaddr_vm_config_remove_range(&edit, axaddr_gpa(0x1001), 0x10), AXADDR_NOT_MAPPED);
    CHECK_EQ(axaddr_vm_config_remove_range(&edit, axaddr_gpa(0x1000), 0x10), AXADDR_OK);
    CHECK_EQ(edit.config.range_count, 2);
    CHECK_EQ(edit.config.ranges[0].gpa, 0x2000);
    CHECK_EQ(edit.config.ranges[1].gpa, 0x1010);
    CHECK_EQ(axaddr_vm_config_add_range(&edit, axaddr_gpa(0x3000), 1), AXADDR_OK);
    CHECK_EQ(axaddr_vm_config_add_range(&edit, axaddr_gpa(0x3001), 1), AXADDR_OK);
    CHECK_EQ(axaddr_vm_config_add_range(&edit, axaddr_gpa(0x3002), 1), AXADDR_OK);
    CHECK_EQ(axaddr_vm_config_add_range(&edit, axaddr_gpa(0x3003), 1), AXADDR_NO_MEMORY);
    axaddr_vm_config_clear_ranges(&edit);
    CHECK_EQ(edit.config.range_count, 0);
    CHECK_EQ(edit.config.device_count, 4);
    CHECK_EQ(axaddr_vm_config_add_range(&edit, axaddr_gpa(0x3001), 1), AXADDR_OK);
}

/* The TOML's numbers are the enumerators'. */
static void numbers_are_those_of_the_file(void) {
    CHECK_EQ(AXADDR_MAP_ALLOC, 0);
    CHECK_EQ(AXADDR_MAP_IDENTICAL, 1);
    CHECK_EQ(AXADDR_MAP_RESERVED, 2);
    CHECK_EQ(AXADDR_VM_HOST, 0);
    CHECK_EQ(AXADDR_VM_LINUX, 2);
    CHECK_EQ(AXADDR_EMULATED_CHANNEL, 0xa);
    CHECK_EQ(AXADDR_EMULATED_GIC_REDISTRIBUTOR, 0x20);
    CHECK_EQ(AXADDR_EMULATED_GIC_ITS, 0x22);
    CHECK_EQ(AXADDR_EMULATED_PLIC, 0x30);
    CHECK_EQ(AXADDR_EMULATED_VIRTIO_CONSOLE, 0xe3);
    CHECK_EQ(AXADDR_INTERRUPTS_NONE, 0);
}

int main(void) {
    CASE(finds_names);
    CASE(tells_load_addresses);
    CASE(finds_regions);
    CASE(tells_affinity);
    CASE(pins_riscv_vcpus_to_their_harts);
    CASE(copies_a_config);
    CASE(refuses_rooms);
    CASE(edits_nothing_in_no_room);
    CASE(adds_regions);
    CASE(nothing_is_added_over_another);
    CASE(adds_devices);
    CASE(adds_devices_by_path);
    CASE(removes_devices);
    CASE(edits_ranges);
    CASE(numbers_are_those_of_the_file);
    return check_report("test_config");
}
