/* SPDX-License-Identifier: MIT
 *
 * print.c: all that a header of tools/axvmconfig says, as text, and what the validator says about it.
 * HEADER is the header, VMS the addresses of its configs. C11 and C++20.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include HEADER
#include HEADER /* twice: it has a guard */

static const struct axaddr_vm_config *const vms[] = {VMS};

static void print_text(const char *key, const char *text) {
    printf("%s ", key);
    if (text == 0) {
        printf("-\n");
        return;
    }
    for (; *text != '\0'; text++) {
        unsigned char byte = (unsigned char)*text;
        printf(byte >= 0x20 && byte < 0x7f && byte != '\\' ? "%c" : "\\%03o", byte);
    }
    printf("\n");
}

static void print_numbers(const char *key, const uint64_t *numbers, size_t count) {
    size_t i;

    printf("%s", key);
    for (i = 0; i < count; i++) {
        printf(" 0x%" PRIx64, numbers[i]);
    }
    printf("\n");
}

static void print_names(const char *key, const char *const *names, size_t count) {
    size_t i;

    printf("%s %zu\n", key, count);
    for (i = 0; i < count; i++) {
        print_text("  name", names[i]);
    }
}

static void print_memory(const struct axaddr_vm_config *vm) {
    size_t i;

    for (i = 0; i < vm->region_count; i++) {
        const struct axaddr_memory_region *region = &vm->regions[i];
        printf("region 0x%" PRIx64 " size 0x%" PRIx64 " at 0x%" PRIx64 " flags 0x%" PRIx32
               " type %d lazy %d shared %d\n",
               region->gpa, region->size, region->hpa, region->flags, (int)region->type,
               region->is_lazy, region->is_shared);
        print_text("  name", region->name);
    }
    for (i = 0; i < AXADDR_IMAGE_COUNT; i++) {
        axaddr_gpa_t gpa = axaddr_gpa(0);
        bool is_loaded = axaddr_vm_config_load_address(vm, (enum axaddr_image)i, &gpa);
        printf("image %zu loaded %d at 0x%" PRIx64 " size %" PRIu64 "\n", i, is_loaded, gpa.raw,
               vm->images[i].size);
        print_text("  path", vm->images[i].path);
    }
}

static void print_devices(const struct axaddr_vm_config *vm) {
    size_t i;

    for (i = 0; i < vm->device_count; i++) {
        const struct axaddr_passthrough_device *device = &vm->devices[i];
        printf("device 0x%" PRIx64 " at 0x%" PRIx64 " length 0x%" PRIx64 " irq %" PRIu32
               " addresses %d\n",
               device->gpa, device->hpa, device->length, device->irq, device->has_addresses);
        print_text("  name", device->name);
    }
    for (i = 0; i < vm->range_count; i++) {
        printf("range 0x%" PRIx64 " length 0x%" PRIx64 "\n", vm->ranges[i].gpa,
               vm->ranges[i].length);
    }
    for (i = 0; i < vm->emulated_count; i++) {
        const struct axaddr_emulated_device *device = &vm->emulated[i];
        printf("emulated 0x%" PRIx64 " length 0x%" PRIx64 " irq %" PRIu32 " type 0x%x\n",
               device->gpa, device->length, device->irq, (unsigned)device->type);
        print_text("  name", device->name);
        print_numbers("  settings", device->settings, device->setting_count);
    }
    for (i = 0; i < vm->excluded_count; i++) {
        print_names("excluded", vm->excluded[i].names, vm->excluded[i].name_count);
    }
    print_names("accepted", vm->accepted_exposures, vm->accepted_exposure_count);
}

static void print_vm(const struct axaddr_vm_config *vm) {
    size_t i;

    printf("VM %" PRIu64 " type %d cpus %" PRIu32 " images %d interrupts %d\n", vm->id,
           (int)vm->vm_type, vm->cpu_count, (int)vm->image_location, (int)vm->interrupt_mode);
    print_text("name", vm->name);
    print_text("cmdline", vm->cmdline);
    print_text("disk", vm->disk_path);
    print_numbers("ids", vm->phys_cpu_ids, vm->phys_cpu_id_count);
    print_numbers("sets", vm->phys_cpu_sets, vm->phys_cpu_set_count);
    printf("entry 0x%" PRIx64 " 0x%" PRIx64 "\n", vm->bsp_entry, vm->ap_entry);
    for (i = 0; i < vm->cpu_count; i++) {
        struct axaddr_vcpu_affinity at;
        if (axaddr_vm_config_vcpu(vm, i, &at) == AXADDR_OK) {
            printf("vcpu %zu id 0x%" PRIx64 " mask %d 0x%" PRIx64 "\n", at.vcpu, at.physical_id,
                   at.has_mask, at.mask);
        }
    }
    print_memory(vm);
    print_devices(vm);
}

static void print_exposures(const struct axaddr_vm_config *vm) {
    struct axaddr_vm_exposure exposure;
    size_t cursor = 0;

    while (axaddr_vm_config_exposure(vm, 4096, &cursor, &exposure)) {
        printf("exposed 0x%" PRIx64 " 0x%" PRIx64 " by %s[%zu] %s accepted %d\n", exposure.first,
               exposure.last, exposure.list, exposure.index, exposure.name, exposure.is_accepted);
    }
}

int main(void) {
    struct axaddr_vm_config_limits limits;
    struct axaddr_vm_config_error error;
    enum axaddr_status status;
    char line[512];
    size_t i;

    memset(&limits, 0, sizeof limits);
    limits.page_size = 4096;
    limits.input_width = 40;
    limits.output_width = 48;
    for (i = 0; i < sizeof vms / sizeof vms[0]; i++) {
        print_vm(vms[i]);
        print_exposures(vms[i]);
    }
    status = axaddr_vm_config_check_all(vms, sizeof vms / sizeof vms[0], &limits, &error);
    axaddr_vm_config_error_print(&error, line, sizeof line);
    printf("check %s: %s\n", axaddr_status_name(status), line);
    return status != AXADDR_OK;
}
