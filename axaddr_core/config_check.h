/* SPDX-License-Identifier: MIT
 *
 * config_check.h: whether a VM's config (config.h) can be what is meant: before anything is mapped,
 * for tables that were put together at run time. tools/axvmconfig says the same, in the same words,
 * about TOML files, and writes the checks of the first part into the headers that it makes.
 *
 *     struct axaddr_vm_config_limits limits = {0};
 *     limits.page_size = 4096; limits.input_width = 40; limits.output_width = 48;
 *     limits.image_first = load_address; limits.image_size = image_end - load_address;
 *     if (axaddr_vm_config_check_all(configs, count, &limits, &error) != AXADDR_OK) {
 *         axaddr_vm_config_error_print(&error, line, sizeof line);
 *         console_write(line);
 *     }
 *
 * gives, for example,
 *
 *     overlap in host space: memory_regions[0] [0x80000000, 0x8fffffff] of VM 2 and
 *     passthrough_devices[3] "gpu" [0x88000000, 0x881fffff] of VM 1
 *
 * All pairs of claims (config_claim.h) are looked at, so a check takes time with the square of the
 * entries. The lists and the VMs are limited in number: the time is bounded for any input.
 *
 * Nothing is kept, so all functions may be called concurrently for configs that do not change.
 */
#ifndef AXADDR_CORE_CONFIG_CHECK_H
#define AXADDR_CORE_CONFIG_CHECK_H

#include "config_claim.h"

/** What a config is checked against. */
struct axaddr_vm_config_limits {
    uint64_t page_size;    /**< bytes: of the smallest page of the second stage */
    unsigned input_width;  /**< bits of guest-physical addresses (1 to 64) */
    unsigned output_width; /**< bits of host-physical addresses (1 to 64) */
    uint64_t image_first;  /**< the hypervisor's own memory: host-physical */
    uint64_t image_size;   /**< bytes, or 0 to leave it out */
    const struct axaddr_vm_config *const *others; /**< VMs that are there already */
    size_t other_count;                           /**< at most AXADDR_CONFIG_VM_MAX */
};

/** A place without index and range, in `config`. */
static inline void axaddr_vm_config_set_place(struct axaddr_vm_config_place *place,
                                              const struct axaddr_vm_config *config,
                                              const char *list) {
    place->list = list;
    place->name = 0;
    place->index = 0;
    place->first = 0;
    place->last = 0;
    place->vm_id = config != 0 ? config->id : 0;
    place->has_index = false;
    place->has_range = false;
    place->has_vm = config != 0;
}

/** Make it an error about `list`, for the time being without more. False, for the caller to return. */
static inline bool axaddr_vm_config_fail(struct axaddr_vm_config_error *error,
                                         enum axaddr_vm_problem problem,
                                         const struct axaddr_vm_config *config, const char *list) {
    error->problem = problem;
    axaddr_vm_config_set_place(&error->places[0], config, list);
    axaddr_vm_config_set_place(&error->places[1], config, 0);
    return false;
}

static inline void axaddr_vm_config_set_range(struct axaddr_vm_config_place *place, uint64_t first,
                                              uint64_t last) {
    place->has_range = true;
    place->first = first;
    place->last = last;
}

/** The place of a claim; what it has of the guest's space or of the host's. */
static inline void axaddr_vm_config_set_claim(struct axaddr_vm_config_place *place,
                                              const struct axaddr_claim *claim, bool is_host) {
    uint64_t first = is_host ? claim->hpa : claim->gpa;

    place->list = claim->list;
    place->name = claim->name;
    place->index = claim->index;
    place->vm_id = claim->vm_id;
    place->has_vm = claim->kind != AXADDR_CLAIM_HYPERVISOR;
    place->has_index = place->has_vm;
    axaddr_vm_config_set_range(place, first, first + (claim->size - 1));
}

/** Whether a list is there, and not too long. */
static inline bool axaddr_vm_config_check_list(const struct axaddr_vm_config *config,
                                               const char *name, const void *list, size_t count,
                                               struct axaddr_vm_config_error *error) {
    if (count > AXADDR_CONFIG_LIST_MAX) {
        return axaddr_vm_config_fail(error, AXADDR_PROBLEM_LIST_LONG, config, name);
    }
    if (list == 0 && count != 0) {
        return axaddr_vm_config_fail(error, AXADDR_PROBLEM_LIST_NULL, config, name);
    }
    return true;
}

static inline bool axaddr_vm_config_check_lists(const struct axaddr_vm_config *config,
                                                struct axaddr_vm_config_error *error) {
    size_t i;

    if (!axaddr_vm_config_check_list(config, "phys_cpu_ids", config->phys_cpu_ids,
                                     config->phys_cpu_id_count, error) ||
        !axaddr_vm_config_check_list(config, "phys_cpu_sets", config->phys_cpu_sets,
                                     config->phys_cpu_set_count, error) ||
        !axaddr_vm_config_check_list(config, "memory_regions", config->regions,
                                     config->region_count, error) ||
        !axaddr_vm_config_check_list(config, "passthrough_devices", config->devices,
                                     config->device_count, error) ||
        !axaddr_vm_config_check_list(config, "passthrough_addresses", config->ranges,
                                     config->range_count, error) ||
        !axaddr_vm_config_check_list(config, "emu_devices", config->emulated,
                                     config->emulated_count, error) ||
        !axaddr_vm_config_check_list(config, "excluded_devices", config->excluded,
                                     config->excluded_count, error) ||
        !axaddr_vm_config_check_list(config, "accepted_exposures", config->accepted_exposures,
                                     config->accepted_exposure_count, error)) {
        return false;
    }
    for (i = 0; i < config->excluded_count; i++) {
        if (!axaddr_vm_config_check_list(config, "excluded_devices", config->excluded[i].names,
                                         config->excluded[i].name_count, error)) {
            return false;
        }
    }
    return true;
}

/** Whether id, CPUs and modes are fine. */
static inline bool axaddr_vm_config_check_base(const struct axaddr_vm_config *config,
                                               struct axaddr_vm_config_error *error) {
    size_t i;

    if (config->name == 0 || config->name[0] == '\0') {
        return axaddr_vm_config_fail(error, AXADDR_PROBLEM_NAME, config, "name");
    }
    if ((unsigned)config->vm_type > AXADDR_VM_LINUX) {
        return axaddr_vm_config_fail(error, AXADDR_PROBLEM_VM_TYPE, config, "vm_type");
    }
    if (config->cpu_count == 0) {
        return axaddr_vm_config_fail(error, AXADDR_PROBLEM_NO_CPU, config, "cpu_num");
    }
    if (config->phys_cpu_id_count != 0 && config->phys_cpu_id_count != config->cpu_count) {
        return axaddr_vm_config_fail(error, AXADDR_PROBLEM_CPU_IDS, config, "phys_cpu_ids");
    }
    if (config->phys_cpu_set_count != 0 && config->phys_cpu_set_count != config->cpu_count) {
        return axaddr_vm_config_fail(error, AXADDR_PROBLEM_CPU_SETS, config, "phys_cpu_sets");
    }
    for (i = 0; i < config->phys_cpu_set_count; i++) {
        if (config->phys_cpu_sets[i] == 0) {
            (void)axaddr_vm_config_fail(error, AXADDR_PROBLEM_CPU_SET_EMPTY, config,
                                        "phys_cpu_sets");
            error->places[0].index = i;
            error->places[0].has_index = true;
            return false;
        }
    }
    if ((unsigned)config->interrupt_mode > AXADDR_INTERRUPTS_PASSTHROUGH) {
        return axaddr_vm_config_fail(error, AXADDR_PROBLEM_INTERRUPT_MODE, config,
                                     "interrupt_mode");
    }
    return true;
}

/** What is wrong with a region by itself, apart from its addresses. */
static inline enum axaddr_vm_problem
axaddr_vm_config_region_problem(const struct axaddr_memory_region *region) {
    if ((unsigned)region->type > AXADDR_MAP_RESERVED) {
        return AXADDR_PROBLEM_MAP_TYPE;
    }
    if ((region->flags & ~AXADDR_CONFIG_FLAGS) != 0 || !axaddr_flags_are_valid(region->flags)) {
        return AXADDR_PROBLEM_FLAGS;
    }
    if (!axaddr_flags_agree(region->flags)) {
        return AXADDR_PROBLEM_FLAGS_DISAGREE;
    }
    if (region->is_lazy && region->type != AXADDR_MAP_ALLOC) {
        return AXADDR_PROBLEM_LAZY;
    }
    return region->is_shared && region->type == AXADDR_MAP_ALLOC ? AXADDR_PROBLEM_SHARED
                                                                 : AXADDR_PROBLEM_NONE;
}

static inline bool axaddr_emulated_type_is_known(enum axaddr_emulated_type type) {
    switch (type) {
    case AXADDR_EMULATED_DUMMY:
    case AXADDR_EMULATED_INTERRUPT_CONTROLLER:
    case AXADDR_EMULATED_CONSOLE:
    case AXADDR_EMULATED_CHANNEL:
    case AXADDR_EMULATED_GIC_REDISTRIBUTOR:
    case AXADDR_EMULATED_GIC_DISTRIBUTOR:
    case AXADDR_EMULATED_GIC_ITS:
    case AXADDR_EMULATED_PLIC:
    case AXADDR_EMULATED_VIRTIO_BLOCK:
    case AXADDR_EMULATED_VIRTIO_NET:
    case AXADDR_EMULATED_VIRTIO_CONSOLE:
        return true;
    }
    return false;
}

/** Whether a number has more than `width` (1 to 64) bits. */
static inline bool axaddr_is_wider(uint64_t value, unsigned width) {
    return (value & ~axaddr_low_bits(width)) != 0;
}

/** What is wrong with the addresses of a claim by itself. */
static inline enum axaddr_vm_problem
axaddr_claim_problem(const struct axaddr_claim *claim,
                     const struct axaddr_vm_config_limits *limits) {
    uint64_t mask = limits->page_size - 1;

    if (claim->size == 0) {
        return AXADDR_PROBLEM_EMPTY;
    }
    if (!axaddr_claim_is_valid(claim)) {
        return AXADDR_PROBLEM_OVERFLOW;
    }
    if (claim->kind <= AXADDR_CLAIM_RESERVED &&
        ((claim->gpa | claim->size | (claim->has_host ? claim->hpa : 0)) & mask) != 0) {
        return AXADDR_PROBLEM_UNALIGNED;
    }
    if (claim->has_host && ((claim->gpa ^ claim->hpa) & mask) != 0) {
        return AXADDR_PROBLEM_UNLIKE;
    }
    if (axaddr_is_wider(claim->gpa + (claim->size - 1), limits->input_width)) {
        return AXADDR_PROBLEM_GUEST_WIDTH;
    }
    return claim->has_host && axaddr_is_wider(claim->hpa + (claim->size - 1), limits->output_width)
               ? AXADDR_PROBLEM_HOST_WIDTH
               : AXADDR_PROBLEM_NONE;
}

/** Whether each entry is fine by itself. */
static inline bool axaddr_vm_config_check_entries(const struct axaddr_vm_config *config,
                                                  const struct axaddr_vm_config_limits *limits,
                                                  struct axaddr_vm_config_error *error) {
    size_t count = axaddr_vm_config_claim_count(config);
    struct axaddr_claim claim;
    size_t at;

    for (at = 0; at < count; at++) {
        enum axaddr_vm_problem problem = AXADDR_PROBLEM_NONE;
        bool has_addresses = axaddr_vm_config_claim(config, at, &claim);

        if (at < config->region_count) {
            problem = axaddr_vm_config_region_problem(&config->regions[at]);
        } else if (claim.kind == AXADDR_CLAIM_TRAPPED &&
                   !axaddr_emulated_type_is_known(config->emulated[claim.index].type)) {
            problem = AXADDR_PROBLEM_EMULATED_TYPE;
        } else if (!has_addresses && claim.name == 0) {
            problem = AXADDR_PROBLEM_NAME;
        }
        if (problem == AXADDR_PROBLEM_NONE && has_addresses) {
            problem = axaddr_claim_problem(&claim, limits);
        }
        if (problem != AXADDR_PROBLEM_NONE) {
            (void)axaddr_vm_config_fail(error, problem, config, 0);
            axaddr_vm_config_set_claim(&error->places[0], &claim,
                                       problem == AXADDR_PROBLEM_HOST_WIDTH);
            error->places[0].has_range =
                has_addresses && problem != AXADDR_PROBLEM_EMPTY && axaddr_claim_is_valid(&claim);
            return false;
        }
    }
    return true;
}

/* ---- entry points and images ---- */

/** Whether an entry point is in memory that the guest may execute. */
static inline bool axaddr_vm_config_check_entry(const struct axaddr_vm_config *config,
                                                const char *key, uint64_t entry,
                                                struct axaddr_vm_config_error *error) {
    const struct axaddr_memory_region *region = axaddr_vm_config_find_region(config, entry, entry);
    struct axaddr_claim claim;

    if (region != 0 && (region->flags & AXADDR_EXECUTE) != 0) {
        return true;
    }
    (void)axaddr_vm_config_fail(
        error, region == 0 ? AXADDR_PROBLEM_OUTSIDE : AXADDR_PROBLEM_NOT_EXECUTABLE, config, key);
    axaddr_vm_config_set_range(&error->places[0], entry, entry);
    if (region != 0 && axaddr_vm_config_claim(config, (size_t)(region - config->regions), &claim)) {
        axaddr_vm_config_set_claim(&error->places[1], &claim, false);
    }
    return false;
}

/** The bytes of an image, or its first if nobody knows how many there are; false: it is not loaded. */
static inline bool axaddr_vm_config_image_range(const struct axaddr_vm_image *image,
                                                uint64_t *first, uint64_t *last) {
    if (!image->has_load) {
        return false;
    }
    *first = image->load_address;
    *last = image->size == 0 ? *first : *first + (image->size - 1); /* wraps: last < first */
    return true;
}

static inline const char *axaddr_image_key(size_t image) {
    static const char *const keys[AXADDR_IMAGE_COUNT] = {
        "kernel_load_addr",
        "bios_load_addr",
        "dtb_load_addr",
        "ramdisk_load_addr",
    };

    return keys[image];
}

/** Whether all images are in memory, and none over another. */
static inline bool axaddr_vm_config_check_images(const struct axaddr_vm_config *config,
                                                 struct axaddr_vm_config_error *error) {
    uint64_t first;
    uint64_t last;
    uint64_t other_first;
    uint64_t other_last;
    size_t i;
    size_t j;

    for (i = 0; i < AXADDR_IMAGE_COUNT; i++) {
        if (!axaddr_vm_config_image_range(&config->images[i], &first, &last)) {
            continue;
        }
        if (axaddr_vm_config_find_region(config, first, last) == 0) {
            (void)axaddr_vm_config_fail(error, AXADDR_PROBLEM_OUTSIDE, config, axaddr_image_key(i));
            axaddr_vm_config_set_range(&error->places[0], first, last);
            return false;
        }
        for (j = 0; j < i; j++) {
            if (axaddr_vm_config_image_range(&config->images[j], &other_first, &other_last) &&
                axaddr_raw_range_overlaps(first, last, other_first, other_last)) {
                (void)axaddr_vm_config_fail(error, AXADDR_PROBLEM_IMAGES, config,
                                            axaddr_image_key(j));
                axaddr_vm_config_set_range(&error->places[0], other_first, other_last);
                axaddr_vm_config_set_place(&error->places[1], config, axaddr_image_key(i));
                axaddr_vm_config_set_range(&error->places[1], first, last);
                return false;
            }
        }
    }
    return true;
}

/* ---- pairs ---- */

/** An error about two claims, by what they have of the host's space or of the guest's. */
static inline bool axaddr_vm_config_fail_pair(struct axaddr_vm_config_error *error,
                                              enum axaddr_vm_problem problem,
                                              const struct axaddr_claim *a,
                                              const struct axaddr_claim *b, bool is_host) {
    error->problem = problem;
    axaddr_vm_config_set_claim(&error->places[0], a, is_host);
    axaddr_vm_config_set_claim(&error->places[1], b, is_host);
    return false;
}

/** Whether no two entries of one VM are in each other's way. All are fine by themselves. */
static inline bool axaddr_vm_config_check_pairs(const struct axaddr_vm_config *config,
                                                uint64_t page_size,
                                                struct axaddr_vm_config_error *error) {
    size_t count = axaddr_vm_config_claim_count(config);
    enum axaddr_vm_problem problem;
    struct axaddr_claim a;
    struct axaddr_claim b;
    size_t i;
    size_t j;

    for (i = 0; i < count; i++) {
        if (!axaddr_vm_config_claim(config, i, &a)) {
            continue;
        }
        for (j = i + 1; j < count; j++) {
            if (!axaddr_vm_config_claim(config, j, &b)) {
                continue;
            }
            problem = axaddr_claims_in_guest(&a, &b, page_size);
            if (problem != AXADDR_PROBLEM_NONE) {
                return axaddr_vm_config_fail_pair(error, problem, &a, &b, false);
            }
            problem = axaddr_claims_in_host(&a, &b, true, page_size);
            if (problem != AXADDR_PROBLEM_NONE) {
                return axaddr_vm_config_fail_pair(error, problem, &a, &b, true);
            }
        }
    }
    return true;
}

/** Whether no entry is in the way of `taken`, a claim of somebody else's on host space. */
static inline bool axaddr_vm_config_check_taken(const struct axaddr_vm_config *config,
                                                const struct axaddr_claim *taken,
                                                uint64_t page_size,
                                                struct axaddr_vm_config_error *error) {
    size_t count = axaddr_vm_config_claim_count(config);
    struct axaddr_claim own;
    size_t at;

    for (at = 0; at < count; at++) {
        if (axaddr_vm_config_claim(config, at, &own)) {
            enum axaddr_vm_problem problem = axaddr_claims_in_host(&own, taken, false, page_size);
            if (problem != AXADDR_PROBLEM_NONE) {
                return axaddr_vm_config_fail_pair(error, problem, &own, taken, true);
            }
        }
    }
    return true;
}

/** Whether no entry is in the way of the hypervisor's image. */
static inline bool axaddr_vm_config_check_hypervisor(const struct axaddr_vm_config *config,
                                                     const struct axaddr_vm_config_limits *limits,
                                                     struct axaddr_vm_config_error *error) {
    struct axaddr_claim image;

    if (limits->image_size == 0) {
        return true;
    }
    image.kind = AXADDR_CLAIM_HYPERVISOR;
    image.list = "hypervisor image";
    image.name = 0;
    image.index = 0;
    image.vm_id = 0;
    image.gpa = 0;
    image.hpa = limits->image_first;
    image.size = limits->image_size;
    image.has_guest = false;
    image.has_host = true;
    image.is_shared = false;
    return axaddr_vm_config_check_taken(config, &image, limits->page_size, error);
}

/** Whether the config and that of a VM which is there already go together. */
static inline bool axaddr_vm_config_check_other(const struct axaddr_vm_config *config,
                                                const struct axaddr_vm_config *other,
                                                uint64_t page_size,
                                                struct axaddr_vm_config_error *error) {
    struct axaddr_claim claim;
    size_t count;
    size_t at;

    if (config->id == other->id || axaddr_names_equal(config->name, other->name)) {
        bool is_id = config->id == other->id;
        (void)axaddr_vm_config_fail(
            error, is_id ? AXADDR_PROBLEM_SAME_ID : AXADDR_PROBLEM_SAME_NAME, config, "name");
        axaddr_vm_config_set_place(&error->places[1], other, "name");
        error->places[0].name = config->name;
        error->places[1].name = other->name;
        return false;
    }
    if (!axaddr_vm_config_check_lists(other, error)) {
        return false;
    }
    count = axaddr_vm_config_claim_count(other);
    for (at = 0; at < count; at++) {
        if (axaddr_vm_config_claim(other, at, &claim) && axaddr_claim_is_valid(&claim) &&
            !axaddr_vm_config_check_taken(config, &claim, page_size, error)) {
            return false;
        }
    }
    return true;
}

/** Whether all that passthrough shows is accepted. */
static inline bool axaddr_vm_config_check_exposure(const struct axaddr_vm_config *config,
                                                   uint64_t page_size,
                                                   struct axaddr_vm_config_error *error) {
    struct axaddr_vm_exposure exposure;
    size_t cursor = 0;

    while (axaddr_vm_config_exposure(config, page_size, &cursor, &exposure)) {
        if (!exposure.is_accepted) {
            (void)axaddr_vm_config_fail(error, AXADDR_PROBLEM_EXPOSURE, config, exposure.list);
            error->places[0].name = exposure.name;
            error->places[0].index = exposure.index;
            error->places[0].has_index = true;
            axaddr_vm_config_set_place(&error->places[1], 0, "host bytes");
            axaddr_vm_config_set_range(&error->places[1], exposure.first, exposure.last);
            return false;
        }
    }
    return true;
}

/* ---- all of it ---- */

/** Whether the limits themselves can be meant. */
static inline bool axaddr_vm_config_check_limits(const struct axaddr_vm_config_limits *limits,
                                                 struct axaddr_vm_config_error *error) {
    bool is_fine =
        axaddr_is_power_of_two(limits->page_size) && limits->input_width >= 1 &&
        limits->input_width <= 64 && limits->output_width >= 1 && limits->output_width <= 64 &&
        limits->other_count <= AXADDR_CONFIG_VM_MAX &&
        (limits->others != 0 || limits->other_count == 0) &&
        (limits->image_size == 0 || limits->image_size - 1 <= UINT64_MAX - limits->image_first);
    size_t i;

    for (i = 0; is_fine && i < limits->other_count; i++) {
        is_fine = limits->others[i] != 0;
    }
    return is_fine || axaddr_vm_config_fail(error, AXADDR_PROBLEM_LIMITS, 0, 0);
}

/** The status that goes with a problem. */
static inline enum axaddr_status axaddr_vm_problem_status(enum axaddr_vm_problem problem) {
    if (problem == AXADDR_PROBLEM_NONE) {
        return AXADDR_OK;
    }
    if (problem == AXADDR_PROBLEM_EXPOSURE) {
        return AXADDR_DENIED;
    }
    return problem >= AXADDR_PROBLEM_IMAGES ? AXADDR_EXISTS : AXADDR_INVALID;
}

/**
 * Whether a config is sound, by itself and beside the hypervisor's image and the VMs of `limits`
 * (which are taken to be sound themselves). EXISTS: two things are in each other's way, or are
 * called the same. DENIED: passthrough shows what is not accepted. INVALID: anything else. Then
 * *error tells the first thing that is wrong; it is written in any case. Checked in this order: the
 * lists, the VM, each entry, entry points and images, pairs, the image, the other VMs, exposure.
 */
AXADDR_MUST_CHECK static inline enum axaddr_status
axaddr_vm_config_check(const struct axaddr_vm_config *config,
                       const struct axaddr_vm_config_limits *limits,
                       struct axaddr_vm_config_error *error) {
    bool is_fine;
    size_t i;

    (void)axaddr_vm_config_fail(error, AXADDR_PROBLEM_NONE, 0, 0);
    is_fine = axaddr_vm_config_check_limits(limits, error) &&
              axaddr_vm_config_check_lists(config, error) &&
              axaddr_vm_config_check_base(config, error) &&
              axaddr_vm_config_check_entries(config, limits, error) &&
              axaddr_vm_config_check_entry(config, "entry_point", config->bsp_entry, error) &&
              axaddr_vm_config_check_entry(config, "ap_entry", config->ap_entry, error) &&
              axaddr_vm_config_check_images(config, error) &&
              axaddr_vm_config_check_pairs(config, limits->page_size, error) &&
              axaddr_vm_config_check_hypervisor(config, limits, error);
    for (i = 0; is_fine && i < limits->other_count; i++) {
        is_fine = axaddr_vm_config_check_other(config, limits->others[i], limits->page_size, error);
    }
    is_fine = is_fine && axaddr_vm_config_check_exposure(config, limits->page_size, error);
    return axaddr_vm_problem_status(error->problem);
}

/**
 * The same for all VMs of a machine: each is checked beside those before it. The `others` of `limits`
 * are left out. INVALID also for more than AXADDR_CONFIG_VM_MAX of them.
 */
AXADDR_MUST_CHECK static inline enum axaddr_status
axaddr_vm_config_check_all(const struct axaddr_vm_config *const *configs, size_t config_count,
                           const struct axaddr_vm_config_limits *limits,
                           struct axaddr_vm_config_error *error) {
    struct axaddr_vm_config_limits beside;
    enum axaddr_status status = AXADDR_OK;
    size_t i;

    axaddr_vm_config_copy(&beside, limits, sizeof beside);
    beside.others = configs;
    (void)axaddr_vm_config_fail(error, AXADDR_PROBLEM_NONE, 0, 0);
    if (config_count > AXADDR_CONFIG_VM_MAX || (configs == 0 && config_count != 0)) {
        (void)axaddr_vm_config_fail(error, AXADDR_PROBLEM_LIMITS, 0, 0);
        return AXADDR_INVALID;
    }
    for (i = 0; i < config_count && status == AXADDR_OK; i++) {
        beside.other_count = i;
        if (configs[i] == 0) {
            (void)axaddr_vm_config_fail(error, AXADDR_PROBLEM_LIMITS, 0, 0);
            return AXADDR_INVALID;
        }
        status = axaddr_vm_config_check(configs[i], &beside, error);
    }
    return status;
}

#endif /* AXADDR_CORE_CONFIG_CHECK_H */
