/* SPDX-License-Identifier: MIT
 *
 * test_config_check.c: the validator of VM configs (config_check.h).
 */
#include "config_vms.h"

/* ---- one VM by itself ---- */

static void a_sound_machine_passes(void) {
    make();
    ACCEPTS();
    a.config.phys_cpu_id_count = a.config.phys_cpu_set_count = 0;
    a.config.phys_cpu_ids = a.config.phys_cpu_sets = 0;
    a.config.device_count = a.config.range_count = a.config.emulated_count = 0;
    a.config.devices = 0;
    a.config.ranges = 0;
    a.config.emulated = 0;
    a.config.excluded = 0;
    a.config.excluded_count = 0;
    a.config.accepted_exposures = 0;
    ACCEPTS();
    CHECK_EQ(axaddr_vm_config_check_all(0, 0, &limits, &error), AXADDR_OK);
    CHECK_EQ(error.problem, AXADDR_PROBLEM_NONE);
}

static void refuses_limits(void) {
    const struct axaddr_vm_config *many[AXADDR_CONFIG_VM_MAX + 1];
    static const char text[] = "page size, widths, image or other VMs of the check make no sense";
    size_t i;

    make();
    limits.page_size = 0;
    REFUSES(AXADDR_INVALID, text);
    limits.page_size = 0x1800;
    REFUSES(AXADDR_INVALID, text);
    limits.input_width = 0;
    REFUSES(AXADDR_INVALID, text);
    limits.input_width = 65;
    REFUSES(AXADDR_INVALID, text);
    limits.output_width = 0;
    REFUSES(AXADDR_INVALID, text);
    limits.output_width = 65;
    REFUSES(AXADDR_INVALID, text);
    limits.image_first = UINT64_MAX;
    limits.image_size = 2;
    REFUSES(AXADDR_INVALID, text);
    limits.image_first = UINT64_MAX;
    limits.image_size = 1;
    ACCEPTS();
    limits.image_first = UINT64_MAX;
    limits.image_size = 0;
    ACCEPTS();
    for (i = 0; i < AXADDR_CONFIG_VM_MAX + 1; i++) {
        many[i] = &b.config;
    }
    limits.others = many;
    limits.other_count = AXADDR_CONFIG_VM_MAX + 1;
    CHECK_EQ(axaddr_vm_config_check(&a.config, &limits, &error), AXADDR_INVALID);
    CHECK_EQ(error.problem, AXADDR_PROBLEM_LIMITS);
    limits.other_count = AXADDR_CONFIG_VM_MAX;
    CHECK_EQ(axaddr_vm_config_check(&a.config, &limits, &error), AXADDR_OK);
    many[3] = 0;
    CHECK_EQ(axaddr_vm_config_check(&a.config, &limits, &error), AXADDR_INVALID);
    CHECK_EQ(error.problem, AXADDR_PROBLEM_LIMITS);
    limits.others = 0;
    CHECK_EQ(axaddr_vm_config_check(&a.config, &limits, &error), AXADDR_INVALID);
    limits.other_count = 0;
    CHECK_EQ(axaddr_vm_config_check_all(many, AXADDR_CONFIG_VM_MAX + 1, &limits, &error),
             AXADDR_INVALID);
    CHECK_EQ(error.problem, AXADDR_PROBLEM_LIMITS);
    CHECK_EQ(axaddr_vm_config_check_all(0, 1, &limits, &error), AXADDR_INVALID);
    many[0] = &a.config;
    many[1] = 0;
    CHECK_EQ(axaddr_vm_config_check_all(many, 2, &limits, &error), AXADDR_INVALID);
    CHECK_EQ(error.problem, AXADDR_PROBLEM_LIMITS);
}

static void refuses_lists(void) {
    make();
    a.config.phys_cpu_ids = 0;
    REFUSES(AXADDR_INVALID, "list is null: phys_cpu_ids of VM 1");
    a.config.phys_cpu_sets = 0;
    REFUSES(AXADDR_INVALID, "list is null: phys_cpu_sets of VM 1");
    b.config.regions = 0;
    REFUSES(AXADDR_INVALID, "list is null: memory_regions of VM 2");
    a.config.devices = 0;
    REFUSES(AXADDR_INVALID, "list is null: passthrough_devices of VM 1");
    a.config.ranges = 0;
    REFUSES(AXADDR_INVALID, "list is null: passthrough_addresses of VM 1");
    a.config.emulated = 0;
    REFUSES(AXADDR_INVALID, "list is null: emu_devices of VM 1");
    a.config.excluded = 0;
    REFUSES(AXADDR_INVALID, "list is null: excluded_devices of VM 1");
    a.excluded[0].names = 0;
    REFUSES(AXADDR_INVALID, "list is null: excluded_devices of VM 1");
    a.config.accepted_exposures = 0;
    a.config.accepted_exposure_count = 1;
    REFUSES(AXADDR_INVALID, "list is null: accepted_exposures of VM 1");
    a.config.region_count = AXADDR_CONFIG_LIST_MAX + 1;
    REFUSES(AXADDR_INVALID, "list is too long: memory_regions of VM 1");
    a.excluded[0].name_count = AXADDR_CONFIG_LIST_MAX + 1;
    REFUSES(AXADDR_INVALID, "list is too long: excluded_devices of VM 1");
    a.config.phys_cpu_set_count = SIZE_MAX;
    REFUSES(AXADDR_INVALID, "list is too long: phys_cpu_sets of VM 1");
}

/* The other VMs are taken to be sound, yet nothing is read beyond their lists. */
static void does_not_trust_other_vms(void) {
    const struct axaddr_vm_config *others[] = {&b.config};

    make();
    limits.others = others;
    limits.other_count = 1;
    b.config.region_count = SIZE_MAX;
    CHECK_EQ(axaddr_vm_config_check(&a.config, &limits, &error), AXADDR_INVALID);
    axaddr_vm_config_error_print(&error, line, sizeof line);
    CHECK_STR(line, "list is too long: memory_regions of VM 2");
    b.config.region_count = 3;
    b.regions[1].size = UINT64_MAX;
    CHECK_EQ(axaddr_vm_config_check(&a.config, &limits, &error), AXADDR_OK);
    b.regions[1].gpa = 0x10200080; /* in a page of the uart: but it is empty */
    b.regions[1].size = 0;
    CHECK_EQ(axaddr_vm_config_check(&a.config, &limits, &error), AXADDR_OK);
}

static void refuses_vms(void) {
    make();
    a.config.name = 0;
    REFUSES(AXADDR_INVALID, "no name: name of VM 1");
    a.config.name = "";
    REFUSES(AXADDR_INVALID, "no name: name of VM 1");
    a.config.vm_type = (enum axaddr_vm_type)3;
    REFUSES(AXADDR_INVALID, "unknown VM type: vm_type of VM 1");
    a.config.cpu_count = 0;
    REFUSES(AXADDR_INVALID, "no vCPU: cpu_num of VM 1");
    a.config.phys_cpu_id_count = 1;
    REFUSES(AXADDR_INVALID, "phys_cpu_ids needs one id for each vCPU: phys_cpu_ids of VM 1");
    a.config.phys_cpu_set_count = 1;
    REFUSES(AXADDR_INVALID, "phys_cpu_sets needs one mask for each vCPU: phys_cpu_sets of VM 1");
    a.sets[1] = 0;
    REFUSES(AXADDR_INVALID, "no CPU in mask: phys_cpu_sets[1] of VM 1");
    a.config.interrupt_mode = (enum axaddr_interrupt_mode)3;
    REFUSES(AXADDR_INVALID, "unknown interrupt mode: interrupt_mode of VM 1");
}

static void refuses_regions(void) {
    make();
    a.regions[0].type = (enum axaddr_map_type)3;
    REFUSES(AXADDR_INVALID, "unknown map type: memory_regions[0] [0x80000000, 0x800fffff] of VM 1");
    a.regions[1].flags = 0x43;
    REFUSES(AXADDR_INVALID, "unknown flags or no right: memory_regions[1] \"low\" [0x10000000, "
                            "0x100fffff] of VM 1");
    a.regions[1].flags = AXADDR_EXECUTE_KERNEL | 3;
    REFUSES(AXADDR_INVALID, "unknown flags or no right: memory_regions[1] \"low\" [0x10000000, "
                            "0x100fffff] of VM 1");
    a.regions[2].flags = 0x38;
    REFUSES(AXADDR_INVALID,
            "unknown flags or no right: memory_regions[2] [0x90000000, 0x90001fff] of VM 1");
    a.regions[2].flags = 0x17;
    REFUSES(AXADDR_INVALID,
            "flags contradict each other: memory_regions[2] [0x90000000, 0x90001fff] of VM 1");
    a.regions[2].flags = 0x33;
    REFUSES(AXADDR_INVALID,
            "flags contradict each other: memory_regions[2] [0x90000000, 0x90001fff] of VM 1");
    a.regions[2].flags = 0x1b;
    ACCEPTS();
    a.regions[2].is_lazy = true;
    REFUSES(AXADDR_INVALID, "only allocated memory can be lazy: memory_regions[2] [0x90000000, "
                            "0x90001fff] of VM 1");
    a.regions[0].is_lazy = true;
    ACCEPTS();
    a.regions[0].is_shared = true;
    REFUSES(AXADDR_INVALID, "allocated memory cannot be shared: memory_regions[0] [0x80000000, "
                            "0x800fffff] of VM 1");
}

static void refuses_addresses(void) {
    make();
    a.regions[0].size = 0;
    REFUSES(AXADDR_INVALID, "empty: memory_regions[0] of VM 1");
    a.ranges[0].length = 0;
    REFUSES(AXADDR_INVALID, "empty: passthrough_addresses[0] of VM 1");
    a.emulated[0].length = 0;
    REFUSES(AXADDR_INVALID, "empty: emu_devices[0] \"console\" of VM 1");
    a.regions[0].gpa = TOP;
    REFUSES(AXADDR_INVALID, "beyond the last byte: memory_regions[0] of VM 1");
    a.regions[2].hpa = TOP;
    REFUSES(AXADDR_INVALID, "beyond the last byte: memory_regions[2] of VM 1");
    a.devices[0].hpa = TOP + 1;
    REFUSES(AXADDR_INVALID, "beyond the last byte: passthrough_devices[0] \"uart\" of VM 1");
    a.emulated[0].gpa = UINT64_MAX;
    REFUSES(AXADDR_INVALID, "beyond the last byte: emu_devices[0] \"console\" of VM 1");
    a.regions[0].gpa += 0x800;
    REFUSES(AXADDR_INVALID, "not whole pages: memory_regions[0] [0x80000800, 0x801007ff] of VM 1");
    a.regions[0].size -= 1;
    REFUSES(AXADDR_INVALID, "not whole pages: memory_regions[0] [0x80000000, 0x800ffffe] of VM 1");
    a.regions[2].hpa += 0x10;
    REFUSES(AXADDR_INVALID, "not whole pages: memory_regions[2] [0x90000000, 0x90001fff] of VM 1");
    a.devices[0].hpa += 0x10;
    REFUSES(AXADDR_INVALID, "guest and host are not alike within a page: passthrough_devices[0] "
                            "\"uart\" [0x9000000, 0x9000fff] of VM 1");
    a.emulated[0].type = (enum axaddr_emulated_type)3;
    REFUSES(AXADDR_INVALID,
            "unknown type of emulated device: emu_devices[0] \"console\" [0xa000000, 0xa0001ff] of "
            "VM 1");
    a.devices[1].name = 0;
    REFUSES(AXADDR_INVALID, "no name: passthrough_devices[1] of VM 1");
}

static void refuses_what_is_too_wide(void) {
    make();
    a.regions[0].gpa = (UINT64_C(1) << 40) - 0xff000;
    REFUSES(AXADDR_INVALID, "wider than guest addresses: memory_regions[0] [0xfffff01000, "
                            "0x10000000fff] of VM 1");
    a.regions[2].gpa = (UINT64_C(1) << 40) - 0x2000;
    ACCEPTS();
    a.emulated[0].gpa = UINT64_C(1) << 40;
    REFUSES(AXADDR_INVALID, "wider than guest addresses: emu_devices[0] \"console\" "
                            "[0x10000000000, 0x100000001ff] of VM 1");
    a.devices[0].hpa = UINT64_C(1) << 48;
    REFUSES(AXADDR_INVALID, "wider than host addresses: passthrough_devices[0] \"uart\" "
                            "[0x1000000000000, 0x1000000000fff] of VM 1");
    a.devices[0].hpa = (UINT64_C(1) << 48) - 0x1000;
    ACCEPTS();
    limits.output_width = 31;
    limits.image_size = 0;
    ACCEPTS();
    limits.output_width = 28;
    limits.image_size = 0;
    REFUSES(AXADDR_INVALID, "wider than host addresses: memory_regions[1] \"low\" [0x10000000, "
                            "0x100fffff] of VM 1");
    limits.input_width = limits.output_width = 64;
    a.regions[2].gpa = a.devices[0].hpa = TOP;
    a.regions[2].size = 0x1000;
    ACCEPTS();
    limits.input_width = 63;
    a.regions[2].gpa = UINT64_MAX / 2 - 0xfff;
    a.regions[2].size = 0x1000;
    ACCEPTS();
    limits.input_width = 63;
    a.regions[2].gpa = UINT64_C(1) << 63;
    REFUSES(AXADDR_INVALID, "wider than guest addresses: memory_regions[2] [0x8000000000000000, "
                            "0x8000000000001fff] of VM 1");
}

/* ---- entry points and images ---- */

static void entry_points_are_in_executable_memory(void) {
    make();
    a.config.bsp_entry = 0x80100000;
    REFUSES(AXADDR_INVALID, "not in the VM's memory: entry_point [0x80100000, 0x80100000] of VM 1");
    a.config.bsp_entry = 0x800fffff;
    ACCEPTS();
    a.config.ap_entry = 0x7fffffff;
    REFUSES(AXADDR_INVALID, "not in the VM's memory: ap_entry [0x7fffffff, 0x7fffffff] of VM 1");
    a.config.bsp_entry = 0x10000000;
    REFUSES(AXADDR_INVALID, "memory is not executable: entry_point [0x10000000, 0x10000000] of VM "
                            "1 and memory_regions[1] \"low\" [0x10000000, 0x100fffff] of VM 1");
}

static void images_are_in_memory(void) {
    make();
    a.config.images[AXADDR_IMAGE_DTB].has_load = true;
    REFUSES(AXADDR_INVALID, "not in the VM's memory: dtb_load_addr [0x0, 0x0] of VM 1");
    a.config.images[AXADDR_IMAGE_KERNEL].size = 0x100000;
    ACCEPTS();
    a.config.images[AXADDR_IMAGE_KERNEL].size = 0x100001;
    REFUSES(AXADDR_INVALID,
            "not in the VM's memory: kernel_load_addr [0x80000000, 0x80100000] of VM 1");
    a.config.images[AXADDR_IMAGE_KERNEL].size = UINT64_MAX;
    CHECK_EQ(judge(), AXADDR_INVALID);
    CHECK_EQ(error.problem, AXADDR_PROBLEM_OUTSIDE);
    make();
    a.config.images[AXADDR_IMAGE_RAMDISK].has_load = true;
    a.config.images[AXADDR_IMAGE_RAMDISK].load_address = 0x80000fff;
    a.config.images[AXADDR_IMAGE_KERNEL].size = 0x1000;
    REFUSES(AXADDR_EXISTS, "images overlap: kernel_load_addr [0x80000000, 0x80000fff] of VM 1 and "
                           "ramdisk_load_addr [0x80000fff, 0x80000fff] of VM 1");
    a.config.images[AXADDR_IMAGE_BIOS].has_load = true;
    a.config.images[AXADDR_IMAGE_BIOS].load_address = 0x80001000;
    a.config.images[AXADDR_IMAGE_KERNEL].size = 0x1000;
    ACCEPTS();
    a.config.images[AXADDR_IMAGE_BIOS].has_load = true;
    a.config.images[AXADDR_IMAGE_BIOS].load_address = 0x80000000;
    REFUSES(AXADDR_EXISTS, "images overlap: kernel_load_addr [0x80000000, 0x80000000] of VM 1 and "
                           "bios_load_addr [0x80000000, 0x80000000] of VM 1");
}

/* ---- pairs in one VM ---- */

static void refuses_overlap_in_guest_space(void) {
    make();
    a.regions[2].gpa = 0x800ff000;
    REFUSES(AXADDR_EXISTS, "overlap in guest space: memory_regions[0] [0x80000000, 0x800fffff] of "
                           "VM 1 and memory_regions[2] [0x800ff000, 0x80100fff] of VM 1");
    a.regions[2].gpa = 0x80100000;
    ACCEPTS();
    a.devices[0].gpa = 0x800ff000;
    REFUSES(AXADDR_EXISTS, "overlap in guest space: memory_regions[0] [0x80000000, 0x800fffff] of "
                           "VM 1 and passthrough_devices[0] \"uart\" [0x800ff000, 0x800fffff] of "
                           "VM 1");
    a.emulated[0].gpa = a.ranges[0].gpa;
    REFUSES(AXADDR_EXISTS, "overlap in guest space: passthrough_addresses[0] [0x10300000, "
                           "0x10300fff] of VM 1 and emu_devices[0] \"console\" [0x10300000, "
                           "0x103001ff] of VM 1");
    a.emulated[1] = a.emulated[0];
    a.emulated[1].gpa += 0x1ff;
    a.config.emulated_count = 2;
    REFUSES(AXADDR_EXISTS, "overlap in guest space: emu_devices[0] \"console\" [0xa000000, "
                           "0xa0001ff] of VM 1 and emu_devices[1] \"console\" [0xa0001ff, "
                           "0xa0003fe] of VM 1");
    a.emulated[1] = a.emulated[0];
    a.emulated[1].gpa += 0x200;
    a.config.emulated_count = 2;
    ACCEPTS();
}

static void refuses_a_range_twice(void) {
    make();
    a.devices[2] = a.devices[0];
    a.devices[2].name = "serial";
    a.config.device_count = 3;
    REFUSES(AXADDR_EXISTS, "the same range twice: passthrough_devices[0] \"uart\" [0x9000000, "
                           "0x9000fff] of VM 1 and passthrough_devices[2] \"serial\" [0x9000000, "
                           "0x9000fff] of VM 1");
    a.devices[2] = a.devices[0];
    a.devices[2].gpa += 0x1000;
    a.config.device_count = 3;
    REFUSES(AXADDR_EXISTS, "the same range twice: passthrough_devices[0] \"uart\" [0x10200000, "
                           "0x10200fff] of VM 1 and passthrough_devices[2] \"uart\" [0x10200000, "
                           "0x10200fff] of VM 1");
    a.devices[2] = a.devices[0];
    a.devices[2].length = 0x2000;
    a.config.device_count = 3;
    CHECK_EQ(judge(), AXADDR_EXISTS);
    CHECK_EQ(error.problem, AXADDR_PROBLEM_GUEST_OVERLAP);
    make();
    a.devices[0].gpa = a.devices[0].hpa = a.regions[1].gpa;
    a.devices[0].length = a.regions[1].size;
    CHECK_EQ(judge(), AXADDR_EXISTS);
    CHECK_EQ(error.problem, AXADDR_PROBLEM_GUEST_OVERLAP);
    make();
}

static void refuses_what_shares_a_page(void) {
    make();
    a.emulated[0].gpa = 0x9000e00; /* the uart, of less than a page, is accepted with its tail */
    a.devices[0].length = 0xe00;
    a.config.accepted_exposure_count = 1;
    REFUSES(AXADDR_EXISTS,
            "in one page in guest space: passthrough_devices[0] \"uart\" [0x9000000, "
            "0x9000dff] of VM 1 and emu_devices[0] \"console\" [0x9000e00, "
            "0x9000fff] of VM 1");
    a.emulated[0].gpa = 0x7ffffe00; /* ends where memory begins: another page */
    ACCEPTS();
    a.emulated[0].gpa = 0x80100000;
    ACCEPTS();
    limits.page_size = 0x200000; /* memory of whole pages, registers that are in none */
    a.config.region_count = b.config.region_count = 1;
    a.regions[0].size = b.regions[0].size = 0x200000;
    a.devices[0].hpa = 0x10000000;
    a.config.range_count = b.config.range_count = 0;
    a.emulated[0].gpa = 0x9001000;
    b.config.device_count = 0;
    REFUSES(AXADDR_EXISTS,
            "in one page in guest space: passthrough_devices[0] \"uart\" [0x9000000, "
            "0x9000fff] of VM 1 and emu_devices[0] \"console\" [0x9001000, "
            "0x90011ff] of VM 1");
}

/* Two passthrough ranges go into one page if both lie alike in guest and host. */
static void passthrough_shares_pages_that_are_alike(void) {
    make();
    a.devices[0].length = 0x100;
    a.devices[2] = a.devices[0];
    a.devices[2].gpa += 0x100;
    a.devices[2].hpa += 0x100;
    a.config.device_count = 3;
    a.config.accepted_exposure_count = 1;
    ACCEPTS();
    a.devices[0].length = 0x100;
    a.devices[2] = a.devices[0];
    a.devices[2].gpa += 0x100;
    a.devices[2].hpa += 0x5100;
    a.config.device_count = 3;
    a.config.accepted_exposure_count = 1;
    REFUSES(AXADDR_EXISTS,
            "in one page in guest space: passthrough_devices[0] \"uart\" [0x9000000, "
            "0x90000ff] of VM 1 and passthrough_devices[2] \"uart\" [0x9000100, "
            "0x90001ff] of VM 1");
}

static void refuses_overlap_in_host_space_of_one_vm(void) {
    make();
    a.regions[2].hpa = 0x100ff000;
    REFUSES(AXADDR_EXISTS, "overlap in host space: memory_regions[1] \"low\" [0x10000000, "
                           "0x100fffff] of VM 1 and memory_regions[2] [0x100ff000, 0x10100fff] of "
                           "VM 1");
    a.devices[0].hpa = 0x10101000;
    REFUSES(AXADDR_EXISTS, "overlap in host space: memory_regions[2] [0x10100000, 0x10101fff] of "
                           "VM 1 and passthrough_devices[0] \"uart\" [0x10101000, 0x10101fff] of "
                           "VM 1");
    a.devices[0].hpa = 0x80000000; /* memory of the allocator is at no host address yet */
    ACCEPTS();
}

/* ---- the image and other VMs ---- */

static void keeps_off_the_hypervisor(void) {
    make();
    limits.image_first = 0x100fffff;
    limits.image_size = 1;
    REFUSES(AXADDR_EXISTS, "overlap in host space: memory_regions[1] \"low\" [0x10000000, "
                           "0x100fffff] of VM 1 and hypervisor image [0x100fffff, 0x100fffff]");
    limits.image_first = 0x20102000;
    limits.image_size = 0x1000;
    ACCEPTS();
    limits.image_first = 0x20101fff;
    REFUSES(AXADDR_EXISTS, "overlap in host space: memory_regions[2] [0x20100000, 0x20101fff] of "
                           "VM 2 and hypervisor image [0x20101fff, 0x20201ffe]");
    limits.image_first = 0x10200000;
    limits.image_size = 0x10;
    REFUSES(AXADDR_EXISTS,
            "overlap in host space: passthrough_devices[0] \"uart\" [0x10200000, 0x10200fff] of VM "
            "1 and hypervisor image [0x10200000, 0x1020000f]");
    limits.image_first = 0x10200e00;
    limits.image_size = 0x10;
    a.devices[0].length = 0x100;
    a.config.accepted_exposure_count = 1;
    REFUSES(
        AXADDR_EXISTS,
        "in one page in host space: passthrough_devices[0] \"uart\" [0x10200000, 0x102000ff] of "
        "VM 1 and hypervisor image [0x10200e00, 0x10200e0f]");
    limits.image_first = 0x80000000; /* the guest's own address is not the host's */
    ACCEPTS();
    limits.image_first = 0xa000000;
    ACCEPTS();
}

static void keeps_vms_apart(void) {
    make();
    b.regions[1].gpa = 0x100ff000;
    b.regions[1].size = 0x1000;
    REFUSES(AXADDR_EXISTS, "overlap in host space: memory_regions[1] \"low\" [0x100ff000, "
                           "0x100fffff] of VM 2 and memory_regions[1] \"low\" [0x10000000, "
                           "0x100fffff] of VM 1");
    b.devices[0].hpa = 0x10200000;
    REFUSES(AXADDR_EXISTS, "overlap in host space: passthrough_devices[0] \"uart\" [0x10200000, "
                           "0x10200fff] of VM 2 and passthrough_devices[0] \"uart\" [0x10200000, "
                           "0x10200fff] of VM 1");
    b.ranges[0].gpa = 0x10101000;
    REFUSES(AXADDR_EXISTS, "overlap in host space: passthrough_addresses[0] [0x10101000, "
                           "0x10101fff] of VM 2 and memory_regions[2] [0x10100000, 0x10101fff] of "
                           "VM 1");
    b.config.id = 1;
    REFUSES(AXADDR_EXISTS, "two VMs with one id: name \"b\" of VM 1 and name \"a\" of VM 1");
    b.config.name = "a";
    REFUSES(AXADDR_EXISTS, "two VMs with one name: name \"a\" of VM 2 and name \"a\" of VM 1");
}

static void devices_of_two_vms_in_one_page_expose_each_other(void) {
    make();
    a.devices[0].length = b.devices[0].length = 0x100;
    b.devices[0].gpa += 0x100;
    b.devices[0].hpa = a.devices[0].hpa + 0x100;
    REFUSES(AXADDR_DENIED, "shows the guest what is beside it: passthrough_devices[0] \"uart\" of "
                           "VM 1 and host bytes [0x10200100, 0x10200fff]");
    a.devices[0].length = b.devices[0].length = 0x100;
    b.devices[0].gpa += 0x100;
    b.devices[0].hpa = a.devices[0].hpa + 0x100;
    a.config.accepted_exposure_count = b.config.accepted_exposure_count = 1;
    ACCEPTS();
}

static void shared_memory_is_the_same_memory(void) {
    make();
    a.regions[2].is_shared = b.regions[2].is_shared = true;
    b.regions[2].hpa = a.regions[2].hpa;
    ACCEPTS();
    a.regions[2].is_shared = b.regions[2].is_shared = true;
    b.regions[2].hpa = a.regions[2].hpa;
    b.regions[2].size = 0x1000;
    REFUSES(AXADDR_EXISTS, "overlap in host space: memory_regions[2] [0x10100000, 0x10100fff] of "
                           "VM 2 and memory_regions[2] [0x10100000, 0x10101fff] of VM 1");
    a.regions[2].is_shared = true;
    b.regions[2].hpa = a.regions[2].hpa;
    REFUSES(AXADDR_EXISTS, "overlap in host space: memory_regions[2] [0x10100000, 0x10101fff] of "
                           "VM 2 and memory_regions[2] [0x10100000, 0x10101fff] of VM 1");
    b.regions[2].is_shared = true;
    b.regions[2].hpa = a.regions[2].hpa;
    CHECK_EQ(judge(), AXADDR_EXISTS);
    make();
}

int main(void) {
    CASE(a_sound_machine_passes);
    CASE(refuses_limits);
    CASE(refuses_lists);
    CASE(does_not_trust_other_vms);
    CASE(refuses_vms);
    CASE(refuses_regions);
    CASE(refuses_addresses);
    CASE(refuses_what_is_too_wide);
    CASE(entry_points_are_in_executable_memory);
    CASE(images_are_in_memory);
    CASE(refuses_overlap_in_guest_space);
    CASE(refuses_a_range_twice);
    CASE(refuses_what_shares_a_page);
    CASE(passthrough_shares_pages_that_are_alike);
    CASE(refuses_overlap_in_host_space_of_one_vm);
    CASE(keeps_off_the_hypervisor);
    CASE(keeps_vms_apart);
    CASE(devices_of_two_vms_in_one_page_expose_each_other);
    CASE(shared_memory_is_the_same_memory);
    return check_report("test_config_check");
}
