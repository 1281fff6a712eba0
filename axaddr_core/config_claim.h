/* SPDX-License-Identifier: MIT
 *
 * config_claim.h: what a VM's config (config.h) lays claim to. Each entry with addresses is a claim
 * on guest-physical and mostly on host-physical space; here are the words for what can be wrong with
 * one or with two of them, the same as conditions for constants, and what of its neighbours
 * passthrough shows. config_check.h judges a whole config by them.
 *
 * What is mapped or trapped is whole pages, so two claims can share a page and no byte. That is fine
 * where the page can serve both: two emulated devices, or two passthrough ranges that lie alike in
 * guest and host.
 */
#ifndef AXADDR_CORE_CONFIG_CLAIM_H
#define AXADDR_CORE_CONFIG_CLAIM_H

#include "config.h"

/* ---- for constants: conditions for AXADDR_STATIC_ASSERT; all are unsigned 64-bit numbers ---- */

/** Whether a < b. In bits: compilers warn of a comparison that no unsigned number could fail. */
#define AXADDR_CHECK_LESS(a, b) (((~(a) & (b)) | ((~(a) | (b)) & ((a) - (b)))) >> 63 != 0)
/** Whether [first, first + size - 1] has a byte, ends below 2^64, and fits in `width` (1 to 64) bits. */
#define AXADDR_CHECK_RANGE(first, size, width)                                                     \
    ((size) != 0 && !AXADDR_CHECK_LESS((first) + ((size)-1), first) &&                             \
     ((first) + ((size)-1)) >> ((width)-1) >> 1 == 0)
/** Whether it also consists of whole pages. */
#define AXADDR_CHECK_REGION(first, size, page, width)                                              \
    (AXADDR_CHECK_RANGE(first, size, width) && (((first) | (size)) & ((page)-1)) == 0)
/** Whether two ranges that are fine by themselves share no byte. */
#define AXADDR_CHECK_DISJOINT(a_first, a_size, b_first, b_size)                                    \
    (AXADDR_CHECK_LESS((a_first) + ((a_size)-1), b_first) ||                                       \
     AXADDR_CHECK_LESS((b_first) + ((b_size)-1), a_first))
/** Whether they share no page either. */
#define AXADDR_CHECK_APART(a_first, a_size, b_first, b_size, page)                                 \
    (AXADDR_CHECK_LESS(((a_first) + ((a_size)-1)) | ((page)-1), (b_first) & ~((page)-1)) ||        \
     AXADDR_CHECK_LESS(((b_first) + ((b_size)-1)) | ((page)-1), (a_first) & ~((page)-1)))
/** Whether `address` is in a range that is fine by itself. */
#define AXADDR_CHECK_INSIDE(address, first, size) AXADDR_CHECK_LESS((address) - (first), size)
/** Where the host has memory of map type `type` that is not allocated. */
#define AXADDR_CHECK_HOST(type, gpa, hpa)         ((type) == AXADDR_MAP_RESERVED ? (hpa) : (gpa))
/** Whether a page of the guest can have a byte at `gpa` and of the host at `hpa`. */
#define AXADDR_CHECK_ALIKE(gpa, hpa, page)        ((((gpa) ^ (hpa)) & ((page)-1)) == 0)
/** Whether `flags` can be those of a memory region. */
#define AXADDR_CHECK_FLAGS(flags)                                                                  \
    (((flags) & ~(uint64_t)AXADDR_CONFIG_FLAGS) == 0 && ((flags)&AXADDR_ACCESS_FLAGS) != 0 &&      \
     (((flags)&AXADDR_DEVICE) == 0 || ((flags) & (AXADDR_EXECUTE | AXADDR_UNCACHED)) == 0))

/** What the flags of a memory region may consist of. */
#define AXADDR_CONFIG_FLAGS (AXADDR_ACCESS_FLAGS | AXADDR_USER | AXADDR_DEVICE | AXADDR_UNCACHED)

/** The most entries of a list, and the most VMs, that a check takes: so its time is bounded. */
#define AXADDR_CONFIG_LIST_MAX 256
#define AXADDR_CONFIG_VM_MAX   64

/* ---- what can be wrong ---- */

enum axaddr_vm_problem {
    AXADDR_PROBLEM_NONE,
    AXADDR_PROBLEM_LIMITS,
    AXADDR_PROBLEM_LIST_NULL,
    AXADDR_PROBLEM_LIST_LONG,
    AXADDR_PROBLEM_NAME,
    AXADDR_PROBLEM_VM_TYPE,
    AXADDR_PROBLEM_NO_CPU,
    AXADDR_PROBLEM_CPU_IDS,
    AXADDR_PROBLEM_CPU_SETS,
    AXADDR_PROBLEM_CPU_SET_EMPTY,
    AXADDR_PROBLEM_INTERRUPT_MODE,
    AXADDR_PROBLEM_MAP_TYPE,
    AXADDR_PROBLEM_FLAGS,
    AXADDR_PROBLEM_FLAGS_DISAGREE,
    AXADDR_PROBLEM_LAZY,
    AXADDR_PROBLEM_SHARED,
    AXADDR_PROBLEM_EMULATED_TYPE,
    AXADDR_PROBLEM_EMPTY,
    AXADDR_PROBLEM_OVERFLOW,
    AXADDR_PROBLEM_UNALIGNED,
    AXADDR_PROBLEM_UNLIKE,
    AXADDR_PROBLEM_GUEST_WIDTH,
    AXADDR_PROBLEM_HOST_WIDTH,
    AXADDR_PROBLEM_OUTSIDE,
    AXADDR_PROBLEM_NOT_EXECUTABLE,
    AXADDR_PROBLEM_IMAGES,
    AXADDR_PROBLEM_SAME_RANGE,
    AXADDR_PROBLEM_GUEST_OVERLAP,
    AXADDR_PROBLEM_GUEST_PAGE,
    AXADDR_PROBLEM_HOST_OVERLAP,
    AXADDR_PROBLEM_HOST_PAGE,
    AXADDR_PROBLEM_SAME_ID,
    AXADDR_PROBLEM_SAME_NAME,
    AXADDR_PROBLEM_EXPOSURE,
};

/** What a message about it begins with. */
static inline const char *axaddr_vm_problem_name(enum axaddr_vm_problem problem) {
    static const char *const names[] = {
        "no problem",
        "page size, widths, image or other VMs of the check make no sense",
        "list is null",
        "list is too long",
        "no name",
        "unknown VM type",
        "no vCPU",
        "phys_cpu_ids needs one id for each vCPU",
        "phys_cpu_sets needs one mask for each vCPU",
        "no CPU in mask",
        "unknown interrupt mode",
        "unknown map type",
        "unknown flags or no right",
        "flags contradict each other",
        "only allocated memory can be lazy",
        "allocated memory cannot be shared",
        "unknown type of emulated device",
        "empty",
        "beyond the last byte",
        "not whole pages",
        "guest and host are not alike within a page",
        "wider than guest addresses",
        "wider than host addresses",
        "not in the VM's memory",
        "memory is not executable",
        "images overlap",
        "the same range twice",
        "overlap in guest space",
        "in one page in guest space",
        "overlap in host space",
        "in one page in host space",
        "two VMs with one id",
        "two VMs with one name",
        "shows the guest what is beside it",
    };
    AXADDR_STATIC_ASSERT(sizeof names / sizeof names[0] == AXADDR_PROBLEM_EXPOSURE + 1,
                         "each problem has its words");

    return (unsigned)problem <= AXADDR_PROBLEM_EXPOSURE ? names[problem] : "?";
}

/** What of a config a message is about. */
struct axaddr_vm_config_place {
    const char *list; /**< the list or key, by the name that it has in the TOML; 0: no place */
    const char *name; /**< of the entry, or 0 */
    size_t index;     /**< of the entry */
    uint64_t first;   /**< its addresses, of the space that it is about */
    uint64_t last;
    uint64_t vm_id;
    bool has_index;
    bool has_range;
    bool has_vm; /**< false for the hypervisor's own image */
};

/** The first thing that is wrong, and with what: one place or two. */
struct axaddr_vm_config_error {
    enum axaddr_vm_problem problem;
    struct axaddr_vm_config_place places[2];
};

static inline void axaddr_vm_config_place_append(const struct axaddr_vm_config_place *place,
                                                 struct axaddr_text *text) {
    axaddr_text_string(text, place->list);
    if (place->has_index) {
        axaddr_text_character(text, '[');
        axaddr_text_decimal(text, place->index);
        axaddr_text_character(text, ']');
    }
    if (place->name != 0) {
        axaddr_text_string(text, " \"");
        axaddr_text_string(text, place->name);
        axaddr_text_character(text, '"');
    }
    if (place->has_range) {
        axaddr_text_string(text, " [");
        axaddr_text_hex(text, place->first);
        axaddr_text_string(text, ", ");
        axaddr_text_hex(text, place->last);
        axaddr_text_character(text, ']');
    }
    if (place->has_vm) {
        axaddr_text_string(text, " of VM ");
        axaddr_text_decimal(text, place->vm_id);
    }
}

/** Append "PROBLEM: PLACE", or "PROBLEM: PLACE and PLACE", without a newline. */
static inline void axaddr_vm_config_error_append(const struct axaddr_vm_config_error *error,
                                                 struct axaddr_text *text) {
    axaddr_text_string(text, axaddr_vm_problem_name(error->problem));
    if (error->places[0].list != 0) {
        axaddr_text_string(text, ": ");
        axaddr_vm_config_place_append(&error->places[0], text);
    }
    if (error->places[1].list != 0) {
        axaddr_text_string(text, " and ");
        axaddr_vm_config_place_append(&error->places[1], text);
    }
}

/** The same into a buffer; the length needed, without the NUL (text.h). */
static inline size_t axaddr_vm_config_error_print(const struct axaddr_vm_config_error *error,
                                                  char *buffer, size_t size) {
    struct axaddr_text text;

    axaddr_text_init(&text, buffer, size);
    axaddr_vm_config_error_append(error, &text);
    return text.length;
}

/* ---- claims ---- */

enum axaddr_claim_kind {
    AXADDR_CLAIM_RAM,         /**< memory that the host gives, anywhere or at the same address */
    AXADDR_CLAIM_RESERVED,    /**< AXADDR_MAP_RESERVED */
    AXADDR_CLAIM_PASSTHROUGH, /**< a device or a range */
    AXADDR_CLAIM_TRAPPED,     /**< an emulated device: of the guest's space only */
    AXADDR_CLAIM_HYPERVISOR,  /**< the hypervisor's own image: of the host's space only */
};

/** What one entry of a config has of the guest's and of the host's space. */
struct axaddr_claim {
    enum axaddr_claim_kind kind;
    const char *list;
    const char *name;
    size_t index;
    uint64_t vm_id;
    uint64_t gpa; /**< first byte in the guest, if has_guest */
    uint64_t hpa; /**< first byte in the host, if has_host */
    uint64_t size;
    bool has_guest;
    bool has_host; /**< false for memory that is allocated: it is nobody else's anyway */
    bool is_shared;
};

/** Whether it has a byte, and none beyond the last one. */
static inline bool axaddr_claim_is_valid(const struct axaddr_claim *claim) {
    return claim->size != 0 && (!claim->has_guest || claim->size - 1 <= UINT64_MAX - claim->gpa) &&
           (!claim->has_host || claim->size - 1 <= UINT64_MAX - claim->hpa);
}

/** How many claims a config has at most. */
static inline size_t axaddr_vm_config_claim_count(const struct axaddr_vm_config *config) {
    return config->region_count + config->device_count + config->range_count +
           config->emulated_count;
}

static inline void axaddr_claim_of_region(const struct axaddr_memory_region *region,
                                          struct axaddr_claim *claim) {
    claim->list = "memory_regions";
    claim->kind = region->type == AXADDR_MAP_RESERVED ? AXADDR_CLAIM_RESERVED : AXADDR_CLAIM_RAM;
    claim->name = region->name;
    claim->gpa = region->gpa;
    claim->hpa = region->type == AXADDR_MAP_RESERVED ? region->hpa : region->gpa;
    claim->size = region->size;
    claim->has_host = region->type != AXADDR_MAP_ALLOC;
    claim->is_shared = region->is_shared;
}

static inline void axaddr_claim_of_device(const struct axaddr_passthrough_device *device,
                                          struct axaddr_claim *claim) {
    claim->list = "passthrough_devices";
    claim->name = device->name;
    claim->gpa = device->gpa;
    claim->hpa = device->hpa;
    claim->size = device->length;
    claim->has_guest = device->has_addresses;
    claim->has_host = device->has_addresses;
}

static inline void axaddr_claim_of_emulated(const struct axaddr_emulated_device *device,
                                            struct axaddr_claim *claim) {
    claim->list = "emu_devices";
    claim->kind = AXADDR_CLAIM_TRAPPED;
    claim->name = device->name;
    claim->gpa = device->gpa;
    claim->hpa = 0;
    claim->size = device->length;
    claim->has_host = false;
}

/**
 * Claim `at` (0 to claim_count - 1): memory, passthrough devices, ranges, emulated devices, each in
 * the order of its list. False if the entry has no addresses: a device by its path.
 */
static inline bool axaddr_vm_config_claim(const struct axaddr_vm_config *config, size_t at,
                                          struct axaddr_claim *claim) {
    claim->kind = AXADDR_CLAIM_PASSTHROUGH;
    claim->vm_id = config->id;
    claim->has_guest = true;
    claim->has_host = true;
    claim->is_shared = false;
    claim->index = at;
    if (claim->index < config->region_count) {
        axaddr_claim_of_region(&config->regions[claim->index], claim);
        return true;
    }
    claim->index -= config->region_count;
    if (claim->index < config->device_count) {
        axaddr_claim_of_device(&config->devices[claim->index], claim);
        return claim->has_guest;
    }
    claim->index -= config->device_count;
    if (claim->index < config->range_count) {
        claim->list = "passthrough_addresses";
        claim->name = 0;
        claim->gpa = config->ranges[claim->index].gpa;
        claim->hpa = claim->gpa;
        claim->size = config->ranges[claim->index].length;
        return true;
    }
    claim->index -= config->range_count;
    axaddr_claim_of_emulated(&config->emulated[claim->index], claim);
    return true;
}

/* ---- two claims ---- */

/** Whether the pages of two ranges of bytes have one in common. */
static inline bool axaddr_claim_pages_meet(uint64_t a_first, uint64_t a_last, uint64_t b_first,
                                           uint64_t b_last, uint64_t page_size) {
    uint64_t mask = page_size - 1;

    return (a_first & ~mask) <= b_last && (b_first & ~mask) <= a_last;
}

/** What is wrong with two valid claims of one VM on its guest-physical space. */
static inline enum axaddr_vm_problem axaddr_claims_in_guest(const struct axaddr_claim *a,
                                                            const struct axaddr_claim *b,
                                                            uint64_t page_size) {
    uint64_t a_last = a->gpa + (a->size - 1);
    uint64_t b_last = b->gpa + (b->size - 1);
    bool both_pass = a->kind == AXADDR_CLAIM_PASSTHROUGH && b->kind == AXADDR_CLAIM_PASSTHROUGH;

    if (axaddr_raw_range_overlaps(a->gpa, a_last, b->gpa, b_last)) {
        return both_pass && a->gpa == b->gpa && a_last == b_last ? AXADDR_PROBLEM_SAME_RANGE
                                                                 : AXADDR_PROBLEM_GUEST_OVERLAP;
    }
    if ((a->kind == AXADDR_CLAIM_TRAPPED && b->kind == AXADDR_CLAIM_TRAPPED) ||
        (both_pass && a->gpa - a->hpa == b->gpa - b->hpa)) {
        return AXADDR_PROBLEM_NONE;
    }
    return axaddr_claim_pages_meet(a->gpa, a_last, b->gpa, b_last, page_size)
               ? AXADDR_PROBLEM_GUEST_PAGE
               : AXADDR_PROBLEM_NONE;
}

/** What is wrong with two valid claims on host-physical space, of one VM or of two. */
static inline enum axaddr_vm_problem axaddr_claims_in_host(const struct axaddr_claim *a,
                                                           const struct axaddr_claim *b,
                                                           bool is_one_vm, uint64_t page_size) {
    uint64_t a_last = a->hpa + (a->size - 1);
    uint64_t b_last = b->hpa + (b->size - 1);
    bool both_pass = a->kind == AXADDR_CLAIM_PASSTHROUGH && b->kind == AXADDR_CLAIM_PASSTHROUGH;
    bool is_same = a->hpa == b->hpa && a_last == b_last;

    if (!a->has_host || !b->has_host || (a->is_shared && b->is_shared && is_same)) {
        return AXADDR_PROBLEM_NONE;
    }
    if (axaddr_raw_range_overlaps(a->hpa, a_last, b->hpa, b_last)) {
        return is_one_vm && both_pass && is_same ? AXADDR_PROBLEM_SAME_RANGE
                                                 : AXADDR_PROBLEM_HOST_OVERLAP;
    }
    return !both_pass && axaddr_claim_pages_meet(a->hpa, a_last, b->hpa, b_last, page_size)
               ? AXADDR_PROBLEM_HOST_PAGE
               : AXADDR_PROBLEM_NONE;
}

/* ---- what passthrough shows of its neighbours ---- */

/** Bytes of the host that a guest sees because they are in a page with a device of its own. */
struct axaddr_vm_exposure {
    const char *list; /**< of the entry that does it */
    const char *name; /**< of the entry; 0 for an entry of passthrough_addresses */
    size_t index;     /**< of the entry */
    uint64_t first;   /**< host-physical, inclusive: before the entry's bytes or after them */
    uint64_t last;
    bool is_accepted; /**< the config names it in accepted_exposures */
};

static inline bool axaddr_vm_config_accepts(const struct axaddr_vm_config *config,
                                            const char *name) {
    size_t i;

    for (i = 0; i < config->accepted_exposure_count; i++) {
        if (axaddr_names_equal(config->accepted_exposures[i], name)) {
            return true;
        }
    }
    return false;
}

/**
 * Passthrough is mapped by whole pages; this lists what of the host's space that shows beyond the
 * entries' own bytes, piece by piece. Begin with *cursor 0; false: no more. Entries without a valid
 * range are passed over. Says of the bytes only that they are not this entry's: they may be those of
 * another entry of the same VM.
 */
static inline bool axaddr_vm_config_exposure(const struct axaddr_vm_config *config,
                                             uint64_t page_size, size_t *cursor,
                                             struct axaddr_vm_exposure *exposure) {
    uint64_t mask = page_size - 1;
    struct axaddr_claim claim;

    while (*cursor / 2 < axaddr_vm_config_claim_count(config)) {
        size_t at = *cursor / 2;
        bool is_tail = *cursor % 2 != 0;
        uint64_t last;

        *cursor += 1;
        if (!axaddr_vm_config_claim(config, at, &claim) || claim.kind != AXADDR_CLAIM_PASSTHROUGH ||
            !axaddr_claim_is_valid(&claim)) {
            continue;
        }
        last = claim.hpa + (claim.size - 1);
        if (is_tail ? (last & mask) == mask : (claim.hpa & mask) == 0) {
            continue;
        }
        exposure->list = claim.list;
        exposure->name = claim.name;
        exposure->index = claim.index;
        exposure->first = is_tail ? last + 1 : claim.hpa & ~mask;
        exposure->last = is_tail ? last | mask : claim.hpa - 1;
        exposure->is_accepted = axaddr_vm_config_accepts(config, claim.name);
        return true;
    }
    return false;
}

#endif /* AXADDR_CORE_CONFIG_CLAIM_H */
