/* SPDX-License-Identifier: MIT
 *
 * config_vms.h: a sound machine of two VMs, for tests of the validator: made anew for each case,
 * spoilt in one way, and the verdict compared word for word.
 */
#ifndef AXADDR_TESTS_CONFIG_VMS_H
#define AXADDR_TESTS_CONFIG_VMS_H

#include "axaddr_core/config_check.h"
#include "check.h"

#define TOP (UINT64_MAX - 0xfff)

/** A VM whose tables can be spoilt. */
struct vm {
    struct axaddr_vm_config config;
    uint64_t ids[2];
    uint64_t sets[2];
    struct axaddr_memory_region regions[4];
    struct axaddr_passthrough_device devices[3];
    struct axaddr_passthrough_range ranges[2];
    struct axaddr_emulated_device emulated[2];
    struct axaddr_name_list excluded[1];
    const char *excluded_names[1];
    const char *accepted[2];
};

static struct vm a;
static struct vm b;
static struct axaddr_vm_config_limits limits;
static struct axaddr_vm_config_error error;
static char line[400];

static void make_vm(struct vm *vm, uint64_t id, const char *name, uint64_t hpa) {
    struct axaddr_vm_config *config = &vm->config;

    memset(vm, 0, sizeof *vm);
    config->id = id;
    config->name = name;
    config->vm_type = AXADDR_VM_LINUX;
    config->cpu_count = 2;
    vm->ids[1] = 1;
    vm->sets[0] = vm->sets[1] = 1;
    config->phys_cpu_ids = vm->ids;
    config->phys_cpu_id_count = 2;
    config->phys_cpu_sets = vm->sets;
    config->phys_cpu_set_count = 2;
    config->bsp_entry = config->ap_entry = 0x80000000;
    config->images[AXADDR_IMAGE_KERNEL].load_address = 0x80000000;
    config->images[AXADDR_IMAGE_KERNEL].has_load = true;
    vm->regions[0] = (struct axaddr_memory_region){.gpa = 0x80000000, .size = 0x100000, .flags = 7};
    vm->regions[1] = (struct axaddr_memory_region){
        .gpa = hpa, .size = 0x100000, .flags = 3, .type = AXADDR_MAP_IDENTICAL, .name = "low"};
    vm->regions[2] = (struct axaddr_memory_region){.gpa = 0x90000000,
                                                   .size = 0x2000,
                                                   .hpa = hpa + 0x100000,
                                                   .flags = 3,
                                                   .type = AXADDR_MAP_RESERVED};
    config->regions = vm->regions;
    config->region_count = 3;
    vm->devices[0] = (struct axaddr_passthrough_device){.name = "uart",
                                                        .gpa = 0x9000000,
                                                        .hpa = hpa + 0x200000,
                                                        .length = 0x1000,
                                                        .has_addresses = true};
    vm->devices[1].name = "/";
    config->devices = vm->devices;
    config->device_count = 2;
    vm->ranges[0].gpa = hpa + 0x300000;
    vm->ranges[0].length = 0x1000;
    config->ranges = vm->ranges;
    config->range_count = 1;
    vm->emulated[0] = (struct axaddr_emulated_device){
        .name = "console", .gpa = 0xa000000, .length = 0x200, .type = AXADDR_EMULATED_CONSOLE};
    config->emulated = vm->emulated;
    config->emulated_count = 1;
    vm->excluded[0].names = vm->excluded_names;
    vm->excluded[0].name_count = 1;
    vm->excluded_names[0] = "/gic";
    config->excluded = vm->excluded;
    config->excluded_count = 1;
    config->accepted_exposures = vm->accepted;
    vm->accepted[0] = "uart";
}

static void make(void) {
    make_vm(&a, 1, "a", 0x10000000);
    make_vm(&b, 2, "b", 0x20000000);
    memset(&limits, 0, sizeof limits);
    limits.page_size = 0x1000;
    limits.input_width = 40;
    limits.output_width = 48;
    limits.image_first = 0x40000000;
    limits.image_size = 0x100000;
}

/** The verdict on both VMs, b last; its text is in `line`. */
static enum axaddr_status judge(void) {
    const struct axaddr_vm_config *const configs[] = {&a.config, &b.config};
    enum axaddr_status status;

    memset(&error, 0xa5, sizeof error);
    status = axaddr_vm_config_check_all(configs, 2, &limits, &error);
    axaddr_vm_config_error_print(&error, line, sizeof line);
    return status;
}

#define REFUSES(expected, text)                                                                    \
    do {                                                                                           \
        CHECK_EQ(judge(), expected);                                                               \
        CHECK_STR(line, text);                                                                     \
        make();                                                                                    \
    } while (0)

#define ACCEPTS()                                                                                  \
    do {                                                                                           \
        enum axaddr_status accepts_ = judge();                                                     \
        CHECK_STR(line, "no problem");                                                             \
        CHECK_EQ(accepts_, AXADDR_OK);                                                             \
        make();                                                                                    \
    } while (0)

#endif /* AXADDR_TESTS_CONFIG_VMS_H */
