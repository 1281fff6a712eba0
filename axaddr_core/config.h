/* SPDX-License-Identifier: MIT
 *
 * config.h: what a VM is to be, as constant tables: its CPUs, images, memory, devices. They are
 * written by hand or by tools/axvmconfig from the TOML files that the original's users have
 * (docs/CONFIG.md), checked by config_check.h, and read by the functions below. Nothing here maps
 * anything.
 *
 *     static const struct axaddr_memory_region memory[] = {
 *         {.gpa = 0x80000000, .size = 0x10000000, .flags = 7, .type = AXADDR_MAP_IDENTICAL},
 *     };
 *     static const struct axaddr_vm_config linux_vm = {
 *         .id = 1, .name = "linux", .vm_type = AXADDR_VM_LINUX, .cpu_count = 1,
 *         .bsp_entry = 0x80200000, .ap_entry = 0x80200000,
 *         .images = {{.path = "/linux.bin", .load_address = 0x80200000, .has_load = true}},
 *         .regions = memory, .region_count = 1,
 *     };
 *
 * What does not change is read from the struct itself: config->regions[i] and so on. Where memory
 * and devices are only found when the machine is up, struct axaddr_vm_config_edit holds a copy with
 * room for more, in arrays of the caller's (last part of this file).
 *
 * All text is the caller's and has to outlive the config. Functions that take a const config may be
 * called concurrently; edits are for one CPU at a time. Names axaddr_config_... are left to the
 * tables that the tool writes: axaddr_config_NAME for the VM NAME.
 */
#ifndef AXADDR_CORE_CONFIG_H
#define AXADDR_CORE_CONFIG_H

#include "addr.h"
#include "flags.h"

/* ---- the tables ---- */

/** Where the host memory behind guest memory comes from. The numbers are those of the TOML. */
enum axaddr_map_type {
    AXADDR_MAP_ALLOC = 0,     /**< from the host's allocator, anywhere */
    AXADDR_MAP_IDENTICAL = 1, /**< host memory at the very address that the guest sees */
    AXADDR_MAP_RESERVED = 2,  /**< host memory that nobody allocates from, at `hpa` */
};

/** Guest memory. */
struct axaddr_memory_region {
    uint64_t gpa;
    uint64_t size;  /**< bytes */
    uint64_t hpa;   /**< AXADDR_MAP_RESERVED: where it is (in the TOML: at gpa); else 0 */
    uint32_t flags; /**< AXADDR_READ to AXADDR_UNCACHED */
    enum axaddr_map_type type; /**< where the host memory comes from */
    bool is_lazy;              /**< AXADDR_MAP_ALLOC only: populated by faults */
    bool is_shared;            /**< not AXADDR_MAP_ALLOC: other VMs may have the same host range */
    const char *name;          /**< or 0 */
};

/** A device that the guest drives itself. */
struct axaddr_passthrough_device {
    const char *name;   /**< without addresses: a path in the host's device tree, "/" for all */
    uint64_t gpa;       /**< of its registers; any byte, as long as hpa is as far into its page */
    uint64_t hpa;       /**< where the host has them */
    uint64_t length;    /**< bytes */
    uint32_t irq;       /**< its interrupt, or 0 */
    bool has_addresses; /**< whether gpa, hpa and length mean something */
};

/** Addresses that the guest has one to one. */
struct axaddr_passthrough_range {
    uint64_t gpa;
    uint64_t length; /**< bytes */
};

/** What an emulated device is. The numbers are those of the TOML. */
enum axaddr_emulated_type {
    AXADDR_EMULATED_DUMMY = 0x0,
    AXADDR_EMULATED_INTERRUPT_CONTROLLER = 0x1,
    AXADDR_EMULATED_CONSOLE = 0x2,
    AXADDR_EMULATED_CHANNEL = 0xa,            /**< between VMs */
    AXADDR_EMULATED_GIC_REDISTRIBUTOR = 0x20, /**< partly passed through, as the next three */
    AXADDR_EMULATED_GIC_DISTRIBUTOR = 0x21,
    AXADDR_EMULATED_GIC_ITS = 0x22,
    AXADDR_EMULATED_PLIC = 0x30,
    AXADDR_EMULATED_VIRTIO_BLOCK = 0xe1,
    AXADDR_EMULATED_VIRTIO_NET = 0xe2,
    AXADDR_EMULATED_VIRTIO_CONSOLE = 0xe3,
};

/** A device whose registers are trapped. */
struct axaddr_emulated_device {
    const char *name;
    uint64_t gpa;                   /**< of its registers; any byte */
    uint64_t length;                /**< bytes */
    uint32_t irq;                   /**< the interrupt that it raises, or 0 */
    enum axaddr_emulated_type type; /**< what it is */
    const uint64_t *settings;       /**< what else its emulation wants to know */
    size_t setting_count;
};

/** How the guest's interrupts reach it. */
enum axaddr_interrupt_mode {
    AXADDR_INTERRUPTS_NONE,
    AXADDR_INTERRUPTS_EMULATED,
    AXADDR_INTERRUPTS_PASSTHROUGH,
};

/** What kind of system the guest is. The numbers are those of the TOML. */
enum axaddr_vm_type {
    AXADDR_VM_HOST = 0,
    AXADDR_VM_RTOS = 1,
    AXADDR_VM_LINUX = 2,
};

/** What is loaded into the guest's memory: the index into axaddr_vm_config.images. */
enum axaddr_image {
    AXADDR_IMAGE_KERNEL,
    AXADDR_IMAGE_BIOS,
    AXADDR_IMAGE_DTB,
    AXADDR_IMAGE_RAMDISK,
};
#define AXADDR_IMAGE_COUNT 4

/** Where the images are found. */
enum axaddr_image_location {
    AXADDR_IMAGES_UNSAID,    /**< the VMM's default */
    AXADDR_IMAGES_IN_FILES,  /**< by path, in a file system */
    AXADDR_IMAGES_IN_MEMORY, /**< part of the VMM */
};

struct axaddr_vm_image {
    const char *path;      /**< or 0: there is none, or somebody makes it (a device tree) */
    uint64_t load_address; /**< guest-physical */
    uint64_t size;         /**< bytes, or 0 as long as nobody knows */
    bool has_load;         /**< whether load_address means something */
};

/** Names that belong together. */
struct axaddr_name_list {
    const char *const *names;
    size_t name_count;
};

/** A VM. A list may be null if its count is 0. */
struct axaddr_vm_config {
    uint64_t id;
    const char *name;
    enum axaddr_vm_type vm_type;
    uint32_t cpu_count;           /**< vCPUs */
    const uint64_t *phys_cpu_ids; /**< the physical id of each vCPU; or none of them */
    size_t phys_cpu_id_count;
    const uint64_t
        *phys_cpu_sets; /**< for each vCPU, a bit for each CPU that may run it; or none */
    size_t phys_cpu_set_count;
    uint64_t bsp_entry; /**< where the first vCPU begins, guest-physical */
    uint64_t ap_entry;  /**< where the others do */
    struct axaddr_vm_image images[AXADDR_IMAGE_COUNT]; /**< by enum axaddr_image */
    enum axaddr_image_location image_location;
    const char *cmdline;   /**< the kernel's, or 0 */
    const char *disk_path; /**< or 0 */
    const struct axaddr_memory_region *regions;
    size_t region_count;
    const struct axaddr_passthrough_device *devices;
    size_t device_count;
    const struct axaddr_passthrough_range *ranges;
    size_t range_count;
    const struct axaddr_emulated_device *emulated;
    size_t emulated_count;
    const struct axaddr_name_list *excluded; /**< devices that are not passed through */
    size_t excluded_count;
    /** Names of passthrough devices whose pages may show the guest what is beside them. */
    const char *const *accepted_exposures;
    size_t accepted_exposure_count;
    enum axaddr_interrupt_mode interrupt_mode;
};

/* ---- reading ---- */

/** Whether two names are the same; a null name is like no other. */
static inline bool axaddr_names_equal(const char *a, const char *b) {
    if (a == 0 || b == 0) {
        return false;
    }
    for (; *a != '\0' && *a == *b; a++, b++) {
    }
    return *a == *b;
}

/** The guest-physical address that an image is loaded to; false if the config gives none. */
static inline bool axaddr_vm_config_load_address(const struct axaddr_vm_config *config,
                                                 enum axaddr_image image, axaddr_gpa_t *gpa) {
    if ((unsigned)image >= AXADDR_IMAGE_COUNT || !config->images[image].has_load) {
        return false;
    }
    *gpa = axaddr_gpa(config->images[image].load_address);
    return true;
}

/**
 * What memory is mapped with in a second stage: the region's flags without AXADDR_USER, which
 * configs often have, which means nothing there, and which most formats of a second stage refuse.
 */
static inline uint32_t axaddr_memory_region_rights(const struct axaddr_memory_region *region) {
    return region->flags & ~AXADDR_USER;
}

/** Where vCPU `index` begins: the first at bsp_entry, the others at ap_entry. */
static inline axaddr_gpa_t axaddr_vm_config_entry(const struct axaddr_vm_config *config,
                                                  size_t index) {
    return axaddr_gpa(index == 0 ? config->bsp_entry : config->ap_entry);
}

/** Where a vCPU may run. */
struct axaddr_vcpu_affinity {
    size_t vcpu;          /**< its number in the VM */
    uint64_t physical_id; /**< what the guest knows it by: from phys_cpu_ids, or its number */
    uint64_t mask;        /**< a bit for each physical CPU that may run it */
    bool has_mask;        /**< without one, any of them may */
};

/** Where vCPU `index` may run. INVALID: there is no such vCPU. */
AXADDR_MUST_CHECK static inline enum axaddr_status
axaddr_vm_config_vcpu(const struct axaddr_vm_config *config, size_t index,
                      struct axaddr_vcpu_affinity *affinity) {
    if (index >= config->cpu_count) {
        return AXADDR_INVALID;
    }
    affinity->vcpu = index;
    affinity->has_mask = index < config->phys_cpu_set_count;
    affinity->mask = affinity->has_mask ? config->phys_cpu_sets[index] : 0;
    affinity->physical_id =
        index < config->phys_cpu_id_count ? config->phys_cpu_ids[index] : (uint64_t)index;
    return AXADDR_OK;
}

/**
 * The same for RISC-V: there a vCPU with a physical id and without a mask runs on that hart only.
 * INVALID also if the mask has no bit for it (64 and above).
 */
AXADDR_MUST_CHECK static inline enum axaddr_status
axaddr_vm_config_vcpu_riscv(const struct axaddr_vm_config *config, size_t index,
                            struct axaddr_vcpu_affinity *affinity) {
    bool is_pinned = index >= config->phys_cpu_set_count && index < config->phys_cpu_id_count;

    if (is_pinned && config->phys_cpu_ids[index] >= 64) {
        return AXADDR_INVALID;
    }
    if (axaddr_vm_config_vcpu(config, index, affinity) != AXADDR_OK) {
        return AXADDR_INVALID;
    }
    if (is_pinned) {
        affinity->has_mask = true;
        affinity->mask = UINT64_C(1) << affinity->physical_id;
    }
    return AXADDR_OK;
}

/** The region that holds all of [first, last]; null if none does. */
static inline const struct axaddr_memory_region *
axaddr_vm_config_find_region(const struct axaddr_vm_config *config, uint64_t first, uint64_t last) {
    uint64_t region_first;
    uint64_t region_last;
    size_t i;

    for (i = 0; i < config->region_count; i++) {
        const struct axaddr_memory_region *region = &config->regions[i];
        if (axaddr_raw_range(region->gpa, region->size, &region_first, &region_last) == AXADDR_OK &&
            first >= region_first && first <= last && last <= region_last) {
            return region;
        }
    }
    return 0;
}

/** The first passthrough device of that name; null if there is none. */
static inline const struct axaddr_passthrough_device *
axaddr_vm_config_find_device(const struct axaddr_vm_config *config, const char *name) {
    size_t i;

    for (i = 0; i < config->device_count; i++) {
        if (axaddr_names_equal(config->devices[i].name, name)) {
            return &config->devices[i];
        }
    }
    return 0;
}

/** Whether the config names a device as one that is not to be passed through. */
static inline bool axaddr_vm_config_is_excluded(const struct axaddr_vm_config *config,
                                                const char *name) {
    size_t i;
    size_t j;

    for (i = 0; i < config->excluded_count; i++) {
        for (j = 0; j < config->excluded[i].name_count; j++) {
            if (axaddr_names_equal(config->excluded[i].names[j], name)) {
                return true;
            }
        }
    }
    return false;
}

/** Whether [start, start + length - 1] shares a byte with [first, last]. */
static inline bool axaddr_vm_config_meets(uint64_t start, uint64_t length, uint64_t first,
                                          uint64_t last) {
    uint64_t own_first;
    uint64_t own_last;

    return axaddr_raw_range(start, length, &own_first, &own_last) == AXADDR_OK &&
           axaddr_raw_range_overlaps(own_first, own_last, first, last);
}

/** Whether memory or a device of any kind has a byte of the guest's [first, last]. */
static inline bool axaddr_vm_config_is_taken(const struct axaddr_vm_config *config, uint64_t first,
                                             uint64_t last) {
    bool is_taken = false;
    size_t i;

    for (i = 0; i < config->region_count; i++) {
        is_taken = is_taken || axaddr_vm_config_meets(config->regions[i].gpa,
                                                      config->regions[i].size, first, last);
    }
    for (i = 0; i < config->device_count; i++) {
        is_taken = is_taken || (config->devices[i].has_addresses &&
                                axaddr_vm_config_meets(config->devices[i].gpa,
                                                       config->devices[i].length, first, last));
    }
    for (i = 0; i < config->range_count; i++) {
        is_taken = is_taken || axaddr_vm_config_meets(config->ranges[i].gpa,
                                                      config->ranges[i].length, first, last);
    }
    for (i = 0; i < config->emulated_count; i++) {
        is_taken = is_taken || axaddr_vm_config_meets(config->emulated[i].gpa,
                                                      config->emulated[i].length, first, last);
    }
    return is_taken;
}

/* ---- editing ---- */

/** Arrays of the caller's for the lists that may change. */
struct axaddr_vm_config_room {
    struct axaddr_memory_region *regions;
    size_t region_capacity;
    struct axaddr_passthrough_device *devices;
    size_t device_capacity;
    struct axaddr_passthrough_range *ranges;
    size_t range_capacity;
};

/**
 * A config that changes. `config` is read like any other; its numbers may be written directly, its
 * lists of memory and passthrough only by the functions below. What an edit refuses is refused
 * early; the judge of the whole is axaddr_vm_config_check.
 */
struct axaddr_vm_config_edit {
    struct axaddr_vm_config config;
    struct axaddr_vm_config_room room;
};

/** Copy `size` bytes, by no call that a compiler would make of it: there is no libc. */
static inline void axaddr_vm_config_copy(void *to, const void *from, size_t size) {
    unsigned char *target = (unsigned char *)to;
    const unsigned char *source = (const unsigned char *)from;
    size_t i;

    for (i = 0; i < size; i++) {
        target[i] = source[i];
        __asm__("" : : : "memory"); /* or it is a memcpy again */
    }
}

/** Take element `at` out of the `*count` elements of `size` bytes; the others keep their order. */
static inline void axaddr_vm_config_take_out(void *list, size_t size, size_t *count, size_t at) {
    unsigned char *bytes = (unsigned char *)list;

    *count -= 1;
    for (; at < *count; at++) {
        axaddr_vm_config_copy(bytes + at * size, bytes + (at + 1) * size, size);
    }
}

/**
 * Begin to edit a copy of `config`, in the arrays of `room`, which the edit uses until its end. What
 * the lists refer to (names) is not copied. NO_MEMORY: the lists do not fit. INVALID: a list or an
 * array of the room is null, yet not of length 0.
 */
AXADDR_MUST_CHECK static inline enum axaddr_status
axaddr_vm_config_edit_init(struct axaddr_vm_config_edit *edit,
                           const struct axaddr_vm_config *config,
                           const struct axaddr_vm_config_room *room) {
    if ((config->regions == 0 && config->region_count != 0) ||
        (config->devices == 0 && config->device_count != 0) ||
        (config->ranges == 0 && config->range_count != 0) ||
        (room->regions == 0 && room->region_capacity != 0) ||
        (room->devices == 0 && room->device_capacity != 0) ||
        (room->ranges == 0 && room->range_capacity != 0)) {
        return AXADDR_INVALID;
    }
    if (config->region_count > room->region_capacity ||
        config->device_count > room->device_capacity ||
        config->range_count > room->range_capacity) {
        return AXADDR_NO_MEMORY;
    }
    axaddr_vm_config_copy(&edit->config, config, sizeof *config);
    axaddr_vm_config_copy(&edit->room, room, sizeof *room);
    axaddr_vm_config_copy(room->regions, config->regions,
                          config->region_count * sizeof *room->regions);
    axaddr_vm_config_copy(room->devices, config->devices,
                          config->device_count * sizeof *room->devices);
    axaddr_vm_config_copy(room->ranges, config->ranges, config->range_count * sizeof *room->ranges);
    edit->config.regions = room->regions;
    edit->config.devices = room->devices;
    edit->config.ranges = room->ranges;
    return AXADDR_OK;
}

/**
 * Add memory. INVALID: empty, beyond the last byte (for AXADDR_MAP_RESERVED also of the host), or
 * flags or a type that are none. EXISTS: memory or a device is there. NO_MEMORY: no room.
 */
AXADDR_MUST_CHECK static inline enum axaddr_status
axaddr_vm_config_add_region(struct axaddr_vm_config_edit *edit,
                            const struct axaddr_memory_region *region) {
    uint64_t first;
    uint64_t last;

    if ((region->type == AXADDR_MAP_RESERVED &&
         axaddr_raw_range(region->hpa, region->size, &first, &last) != AXADDR_OK) ||
        axaddr_raw_range(region->gpa, region->size, &first, &last) != AXADDR_OK ||
        (unsigned)region->type > AXADDR_MAP_RESERVED || !axaddr_flags_are_valid(region->flags) ||
        !axaddr_flags_agree(region->flags)) {
        return AXADDR_INVALID;
    }
    if (axaddr_vm_config_is_taken(&edit->config, first, last)) {
        return AXADDR_EXISTS;
    }
    if (edit->config.region_count >= edit->room.region_capacity) {
        return AXADDR_NO_MEMORY;
    }
    axaddr_vm_config_copy(&edit->room.regions[edit->config.region_count], region, sizeof *region);
    edit->config.region_count++;
    return AXADDR_OK;
}

/**
 * Add a passthrough device. INVALID: no name, or addresses that are empty or beyond the last byte.
 * EXISTS: memory or a device is at its addresses; without addresses: that name is in the list, alike.
 * NO_MEMORY: no room.
 */
AXADDR_MUST_CHECK static inline enum axaddr_status
axaddr_vm_config_add_device(struct axaddr_vm_config_edit *edit,
                            const struct axaddr_passthrough_device *device) {
    struct axaddr_vm_config *config = &edit->config;
    bool exists = false;
    uint64_t first;
    uint64_t last;
    size_t i;

    if (device->name == 0) {
        return AXADDR_INVALID;
    }
    if (device->has_addresses) {
        if (axaddr_raw_range(device->hpa, device->length, &first, &last) != AXADDR_OK ||
            axaddr_raw_range(device->gpa, device->length, &first, &last) != AXADDR_OK) {
            return AXADDR_INVALID;
        }
        exists = axaddr_vm_config_is_taken(config, first, last);
    }
    for (i = 0; i < config->device_count && !device->has_addresses; i++) {
        exists = exists || (!config->devices[i].has_addresses &&
                            axaddr_names_equal(config->devices[i].name, device->name));
    }
    if (exists) {
        return AXADDR_EXISTS;
    }
    if (config->device_count >= edit->room.device_capacity) {
        return AXADDR_NO_MEMORY;
    }
    axaddr_vm_config_copy(&edit->room.devices[config->device_count], device, sizeof *device);
    config->device_count++;
    return AXADDR_OK;
}

/** Remove all passthrough devices of that name. NOT_MAPPED: there is none. */
AXADDR_MUST_CHECK static inline enum axaddr_status
axaddr_vm_config_remove_device(struct axaddr_vm_config_edit *edit, const char *name) {
    size_t count_before = edit->config.device_count;
    size_t i;

    for (i = count_before; i > 0; i--) {
        if (axaddr_names_equal(edit->room.devices[i - 1].name, name)) {
            axaddr_vm_config_take_out(edit->room.devices, sizeof *edit->room.devices,
                                      &edit->config.device_count, i - 1);
        }
    }
    return edit->config.device_count == count_before ? AXADDR_NOT_MAPPED : AXADDR_OK;
}

/** Remove the passthrough device with exactly these guest addresses. NOT_MAPPED: there is none. */
AXADDR_MUST_CHECK static inline enum axaddr_status
axaddr_vm_config_remove_device_at(struct axaddr_vm_config_edit *edit, axaddr_gpa_t gpa,
                                  uint64_t length) {
    size_t i;

    for (i = 0; i < edit->config.device_count; i++) {
        const struct axaddr_passthrough_device *device = &edit->room.devices[i];
        if (device->has_addresses && device->gpa == gpa.raw && device->length == length) {
            axaddr_vm_config_take_out(edit->room.devices, sizeof *edit->room.devices,
                                      &edit->config.device_count, i);
            return AXADDR_OK;
        }
    }
    return AXADDR_NOT_MAPPED;
}

/** Remove all passthrough devices. */
static inline void axaddr_vm_config_clear_devices(struct axaddr_vm_config_edit *edit) {
    edit->config.device_count = 0;
}

/**
 * Add addresses that the guest has one to one. INVALID: empty or beyond the last byte. EXISTS: memory
 * or a device is there. NO_MEMORY: no room.
 */
AXADDR_MUST_CHECK static inline enum axaddr_status
axaddr_vm_config_add_range(struct axaddr_vm_config_edit *edit, axaddr_gpa_t gpa, uint64_t length) {
    struct axaddr_vm_config *config = &edit->config;
    uint64_t first;
    uint64_t last;

    if (axaddr_raw_range(gpa.raw, length, &first, &last) != AXADDR_OK) {
        return AXADDR_INVALID;
    }
    if (axaddr_vm_config_is_taken(config, first, last)) {
        return AXADDR_EXISTS;
    }
    if (config->range_count >= edit->room.range_capacity) {
        return AXADDR_NO_MEMORY;
    }
    edit->room.ranges[config->range_count].gpa = gpa.raw;
    edit->room.ranges[config->range_count].length = length;
    config->range_count++;
    return AXADDR_OK;
}

/** Remove exactly this range. NOT_MAPPED: it is not in the list. */
AXADDR_MUST_CHECK static inline enum axaddr_status
axaddr_vm_config_remove_range(struct axaddr_vm_config_edit *edit, axaddr_gpa_t gpa,
                              uint64_t length) {
    size_t i;

    for (i = 0; i < edit->config.range_count; i++) {
        if (edit->room.ranges[i].gpa == gpa.raw && edit->room.ranges[i].length == length) {
            axaddr_vm_config_take_out(edit->room.ranges, sizeof *edit->room.ranges,
                                      &edit->config.range_count, i);
            return AXADDR_OK;
        }
    }
    return AXADDR_NOT_MAPPED;
}

/** Remove all ranges. */
static inline void axaddr_vm_config_clear_ranges(struct axaddr_vm_config_edit *edit) {
    edit->config.range_count = 0;
}

#endif /* AXADDR_CORE_CONFIG_H */
