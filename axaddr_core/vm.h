/* SPDX-License-Identifier: MIT
 *
 * vm.h: the memory of a virtual machine, put together from regions: RAM that the space allocates,
 * RAM that stands at its host address (identical), host memory that was set aside, devices that are
 * passed through or trapped. A set of regions is applied as a whole or not at all, and clear,
 * destroy or unmap give back exactly what was taken.
 */
#ifndef AXADDR_CORE_VM_H
#define AXADDR_CORE_VM_H

#include "config.h"
#include "space.h"

/* ---- identical memory ---- */

/** What becomes of identical memory that the HAL cannot reserve (alloc_at). */
enum axaddr_unreserved {
    AXADDR_UNRESERVED_FAIL, /**< it is not mapped: NO_MEMORY */
    AXADDR_UNRESERVED_MAP,  /**< it is mapped as it is, and trace is told; nothing is given back */
};

/** Zero host memory in whole pages, which the HAL's frame_at knows. */
AXADDR_ALWAYS_INLINE void axaddr_vm_zero(const struct axaddr_instance *self,
                                         const struct axaddr_table *table, uint64_t host,
                                         uint64_t size) {
    for (; size != 0; size -= axaddr_page_size(self), host += axaddr_page_size(self)) {
        axaddr_frame_zero(self, table, host, 0);
    }
}

/** Say that memory is mapped that could not be reserved. */
AXADDR_ALWAYS_INLINE void axaddr_vm_trace(const struct axaddr_instance *self,
                                          const struct axaddr_table *table,
                                          const struct axaddr_request *request) {
    struct axaddr_event event;

    if (self->hal->trace != 0) {
        event.kind = AXADDR_EVENT_NOT_RESERVED;
        event.start = request->start;
        event.host = request->host;
        event.size = request->size;
        self->hal->trace(table->ctx, &event);
    }
}

/** See axaddr_space_map_identical; `request` is a LINEAR one with host == start. */
AXADDR_ALWAYS_INLINE enum axaddr_status axaddr_vm_map_identical(const struct axaddr_instance *self,
                                                                struct axaddr_space *space,
                                                                struct axaddr_request *request,
                                                                enum axaddr_unreserved unreserved) {
    const struct axaddr_hal *hal = self->hal;
    const struct axaddr_table *table = &space->table;
    enum axaddr_status status;
    bool is_reserved;
    uint64_t last;

    if (!axaddr_table_range(self, table, request->start, request->size, &last) ||
        !axaddr_is_output(self, request->host, request->size) ||
        (unreserved != AXADDR_UNRESERVED_FAIL && unreserved != AXADDR_UNRESERVED_MAP)) {
        return AXADDR_INVALID;
    }
    if (hal->alloc_at == 0 && unreserved == AXADDR_UNRESERVED_FAIL) {
        return AXADDR_UNSUPPORTED;
    }
    is_reserved =
        hal->alloc_at != 0 && hal->alloc_at(table->ctx, axaddr_hpa(request->host), request->size);
    if (!is_reserved && unreserved == AXADDR_UNRESERVED_FAIL) {
        return AXADDR_NO_MEMORY;
    }
    if (is_reserved) {
        request->flags |= AXADDR_OWNED;
        axaddr_vm_zero(self, table, request->host, request->size);
    }
    status = self->perform_space(space, request, 0, 0);
    if (is_reserved && status != AXADDR_OK) {
        hal->free_at(table->ctx, axaddr_hpa(request->host), request->size);
    }
    if (!is_reserved && status == AXADDR_OK) {
        axaddr_vm_trace(self, table, request);
    }
    return status;
}

/**
 * Map RAM that a guest has at its host address: [start, start + size - 1] is reserved through the
 * HAL's alloc_at, zeroed, mapped to itself, and given back (free_at) when it is unmapped. Where it
 * cannot be reserved, `unreserved` says what to do: FAIL is NO_MEMORY, or UNSUPPORTED by a HAL
 * without alloc_at; MAP maps what is there, as it is, and tells the HAL's trace. Otherwise like
 * map_linear.
 */
AXADDR_ALWAYS_INLINE enum axaddr_status
axaddr_space_map_identical(const struct axaddr_instance *self, struct axaddr_space *space,
                           uint64_t start, uint64_t size, uint32_t flags,
                           enum axaddr_unreserved unreserved) {
    struct axaddr_request request = axaddr_request_of(AXADDR_OP_LINEAR, start, size, flags);

    request.host = start;
    return axaddr_vm_map_identical(self, space, &request, unreserved);
}

/* ---- regions ---- */

enum axaddr_vm_region_kind {
    AXADDR_REGION_ALLOC,       /**< RAM from the HAL's frames */
    AXADDR_REGION_IDENTICAL,   /**< RAM that is reserved at `gpa` and mapped to itself */
    AXADDR_REGION_RESERVED,    /**< host memory from `hpa` on, set aside beforehand */
    AXADDR_REGION_SHARED,      /**< likewise, and others have it, too */
    AXADDR_REGION_PASSTHROUGH, /**< a device's registers, from `hpa` on; any bytes */
    AXADDR_REGION_TRAPPED,     /**< an emulated device's, which fault as DEVICE; any bytes */
};

/** A piece of a VM's guest-physical addresses. */
struct axaddr_vm_region {
    enum axaddr_vm_region_kind kind;
    uint64_t gpa;
    uint64_t size;               /**< bytes */
    uint64_t hpa;                /**< RESERVED, SHARED, PASSTHROUGH */
    uint32_t flags;              /**< as for map_linear; none for TRAPPED */
    uint32_t cookie;             /**< TRAPPED: what query tells of it */
    enum axaddr_backing backing; /**< ALLOC */
    const char *name;            /**< of the area, or 0; not copied */
};

/** Whether a region may begin and end within a page: it is mapped by whole ones. */
AXADDR_ALWAYS_INLINE bool axaddr_vm_is_of_bytes(const struct axaddr_vm_region *region) {
    return region->kind == AXADDR_REGION_PASSTHROUGH || region->kind == AXADDR_REGION_TRAPPED;
}

/** The request that maps a region, by whole pages; false if there is none. */
AXADDR_ALWAYS_INLINE bool axaddr_vm_request(const struct axaddr_instance *self,
                                            const struct axaddr_vm_region *region,
                                            struct axaddr_request *request) {
    uint64_t mask = axaddr_span_mask(self, 0);
    uint64_t last = region->gpa + (region->size - 1);
    uint64_t host = region->kind == AXADDR_REGION_IDENTICAL ? region->gpa : region->hpa;
    bool is_of_bytes = axaddr_vm_is_of_bytes(region);

    *request = axaddr_request_of(AXADDR_OP_LINEAR, region->gpa, region->size, region->flags);
    if (region->size == 0 || last < region->gpa || (region->flags & AXADDR_REPLACE) != 0 ||
        (region->kind == AXADDR_REGION_PASSTHROUGH && ((region->gpa ^ host) & mask) != 0)) {
        return false;
    }
    if (is_of_bytes) {
        request->start = region->gpa & ~mask;
        request->size = (last | mask) - request->start + 1;
        host &= ~mask;
    }
    request->host = host;
    request->name = region->name;
    if (region->kind == AXADDR_REGION_ALLOC) {
        request->operation =
            region->backing == AXADDR_LAZY ? AXADDR_OP_RESERVE : AXADDR_OP_POPULATE;
    } else if (region->kind == AXADDR_REGION_TRAPPED) {
        request->operation = AXADDR_OP_DEVICE;
        request->cookie = region->cookie;
        request->flags = 0;
    }
    return true;
}

/** Whether the page at `address` is mapped already just as the request would. */
AXADDR_ALWAYS_INLINE bool axaddr_vm_has_page(const struct axaddr_instance *self,
                                             const struct axaddr_space *space,
                                             const struct axaddr_request *request,
                                             uint64_t address) {
    struct axaddr_mapping mapping;
    enum axaddr_status status;

    mapping.kind = AXADDR_ABSENT_EMPTY; /* where query says nothing */
    mapping.hpa = axaddr_hpa(0);
    mapping.flags = 0;
    status = axaddr_table_query(self, &space->table, address, &mapping);

    if (request->operation == AXADDR_OP_DEVICE) {
        return status == AXADDR_NOT_MAPPED && mapping.kind == AXADDR_ABSENT_TRAPPED;
    }
    return status == AXADDR_OK && mapping.hpa.raw == request->host + (address - request->start) &&
           mapping.flags == (request->flags & AXADDR_MAPPING_FLAGS);
}

/**
 * Devices may lie in one page: leave out of a request the first and the last page if they are there
 * already. False: nothing is left of it.
 */
AXADDR_ALWAYS_INLINE bool axaddr_vm_trim(const struct axaddr_instance *self,
                                         const struct axaddr_space *space,
                                         const struct axaddr_vm_region *region,
                                         struct axaddr_request *request) {
    uint64_t page = axaddr_page_size(self);

    if (request->start != region->gpa && axaddr_vm_has_page(self, space, request, request->start)) {
        request->start += page;
        request->host += page;
        request->size -= page;
    }
    if (request->size != 0 && request->start + request->size != region->gpa + region->size &&
        axaddr_vm_has_page(self, space, request, request->start + (request->size - page))) {
        request->size -= page;
    }
    return request->size != 0;
}

/** Map one region; its areas get `tag`. */
AXADDR_ALWAYS_INLINE enum axaddr_status axaddr_vm_map_one(const struct axaddr_instance *self,
                                                          struct axaddr_space *space,
                                                          const struct axaddr_vm_region *region,
                                                          uint64_t tag,
                                                          enum axaddr_unreserved unreserved) {
    struct axaddr_request request;

    if (!axaddr_vm_request(self, region, &request)) {
        return AXADDR_INVALID;
    }
    request.tag = tag;
    if (axaddr_vm_is_of_bytes(region) && !axaddr_vm_trim(self, space, region, &request)) {
        return AXADDR_OK;
    }
    return region->kind == AXADDR_REGION_IDENTICAL
               ? axaddr_vm_map_identical(self, space, &request, unreserved)
               : self->perform_space(space, &request, 0, 0);
}

/**
 * UNMAP or LABEL the areas of a region that have `tag`. They are whole areas: it takes no memory.
 */
AXADDR_ALWAYS_INLINE void axaddr_vm_finish_one(const struct axaddr_instance *self,
                                               struct axaddr_space *space,
                                               const struct axaddr_vm_region *region, uint64_t tag,
                                               enum axaddr_operation operation) {
    uint64_t mask = axaddr_span_mask(self, 0);
    uint64_t last = (region->gpa + (region->size - 1)) | mask;
    uint64_t next = region->gpa & ~mask;
    struct axaddr_request request;
    struct axaddr_area area;

    while (axaddr_space_copy_area(self, space, next, last, &area) == AXADDR_OK) {
        if (area.tag == tag) {
            request = axaddr_request_of(operation, area.first, area.last - area.first + 1, 0);
            request.name = region->name;
            (void)self->perform_space(space, &request, 0, 0);
        }
        if (area.last >= last) {
            return;
        }
        next = area.last + 1;
    }
}

/* ---- regions of a config ---- */

/** How many regions a config has at most. */
static inline size_t axaddr_vm_config_region_count(const struct axaddr_vm_config *config) {
    return config->region_count + config->device_count + config->range_count +
           config->emulated_count;
}

/** Guest memory as a region. */
static inline void axaddr_region_of_memory(const struct axaddr_memory_region *memory,
                                           struct axaddr_vm_region *region) {
    region->kind = memory->type == AXADDR_MAP_ALLOC       ? AXADDR_REGION_ALLOC
                   : memory->type == AXADDR_MAP_IDENTICAL ? AXADDR_REGION_IDENTICAL
                   : memory->is_shared                    ? AXADDR_REGION_SHARED
                                                          : AXADDR_REGION_RESERVED;
    region->gpa = memory->gpa;
    region->size = memory->size;
    region->hpa = memory->hpa;
    region->flags = axaddr_memory_region_rights(memory);
    region->cookie = 0;
    region->backing = memory->is_lazy ? AXADDR_LAZY : AXADDR_POPULATE;
    region->name = memory->name;
}

/** Addresses of a device as a region. */
static inline void axaddr_region_of_device(enum axaddr_vm_region_kind kind, const char *name,
                                           uint64_t gpa, uint64_t hpa, uint64_t size,
                                           struct axaddr_vm_region *region) {
    region->kind = kind;
    region->gpa = gpa;
    region->size = size;
    region->hpa = hpa;
    region->flags = AXADDR_READ | AXADDR_WRITE | AXADDR_DEVICE;
    region->cookie = 0;
    region->backing = AXADDR_LAZY;
    region->name = name;
}

/**
 * The `index`th region of a config: its memory, then passthrough devices, passthrough addresses, and
 * emulated devices, whose cookie is their index in config->emulated. False: there is none, or it is a
 * device without addresses, which the VMM has to look up in the device tree.
 */
static inline bool axaddr_vm_config_region(const struct axaddr_vm_config *config, size_t index,
                                           struct axaddr_vm_region *region) {
    if (index < config->region_count) {
        axaddr_region_of_memory(&config->regions[index], region);
        return true;
    }
    index -= config->region_count;
    if (index < config->device_count) {
        const struct axaddr_passthrough_device *device = &config->devices[index];

        axaddr_region_of_device(AXADDR_REGION_PASSTHROUGH, device->name, device->gpa, device->hpa,
                                device->length, region);
        return device->has_addresses;
    }
    index -= config->device_count;
    if (index < config->range_count) {
        const struct axaddr_passthrough_range *range = &config->ranges[index];

        axaddr_region_of_device(AXADDR_REGION_PASSTHROUGH, 0, range->gpa, range->gpa, range->length,
                                region);
        return true;
    }
    index -= config->range_count;
    if (index < config->emulated_count) {
        const struct axaddr_emulated_device *device = &config->emulated[index];

        axaddr_region_of_device(AXADDR_REGION_TRAPPED, device->name, device->gpa, 0, device->length,
                                region);
        region->cookie = (uint32_t)index;
        return true;
    }
    return false;
}

/** Where apply gets its regions: from an array or from a config. */
struct axaddr_vm_source {
    const struct axaddr_vm_region *regions;
    const struct axaddr_vm_config *config;
    size_t count;
};

AXADDR_ALWAYS_INLINE bool axaddr_vm_source_at(const struct axaddr_vm_source *source, size_t index,
                                              struct axaddr_vm_region *region) {
    if (source->config != 0) {
        return axaddr_vm_config_region(source->config, index, region);
    }
    axaddr_vm_config_copy(region, &source->regions[index], sizeof *region);
    return true;
}

/* ---- applying them ---- */

/** Where that is, in one instance (generate.h). */
typedef enum axaddr_status (*axaddr_vm_apply_path)(struct axaddr_space *space,
                                                   const struct axaddr_vm_source *source,
                                                   enum axaddr_unreserved unreserved,
                                                   size_t *failed);

/** See axaddr_vm_apply_regions. Generated once for each instance. */
AXADDR_ALWAYS_INLINE enum axaddr_status
axaddr_vm_apply_source(const struct axaddr_instance *self, struct axaddr_space *space,
                       const struct axaddr_vm_source *source, enum axaddr_unreserved unreserved,
                       size_t *failed) {
    enum axaddr_status status = AXADDR_OK;
    enum axaddr_operation operation;
    struct axaddr_vm_region region;
    size_t i;

    /* Tags of its own keep each from joining with what is beside it, until all are there. */
    for (i = 0; i < source->count && status == AXADDR_OK; i++) {
        if (axaddr_vm_source_at(source, i, &region)) {
            status = axaddr_vm_map_one(self, space, &region, ~(uint64_t)i, unreserved);
        }
    }
    *failed = status == AXADDR_OK ? source->count : i - 1;
    operation = status == AXADDR_OK ? AXADDR_OP_LABEL : AXADDR_OP_UNMAP;
    for (i = *failed; i > 0; i--) {
        if (axaddr_vm_source_at(source, i - 1, &region)) {
            axaddr_vm_finish_one(self, space, &region, ~(uint64_t)(i - 1), operation);
        }
    }
    return status;
}

/**
 * Map all regions or none. The first that fails is told in *failed (the count of regions if none),
 * and its status is the result: EXISTS where it overlaps what is there or another region. Devices
 * (PASSTHROUGH, TRAPPED) may be of any bytes and are mapped by whole pages; where two of a kind meet
 * in a page, it is mapped once, with the cookie of the first: config_check.h tells beforehand what a
 * guest sees of others in such pages. On many CPUs, these see the regions come one by one.
 */
AXADDR_ALWAYS_INLINE enum axaddr_status
axaddr_vm_apply_regions(axaddr_vm_apply_path apply, struct axaddr_space *space,
                        const struct axaddr_vm_region *regions, size_t count,
                        enum axaddr_unreserved unreserved, size_t *failed) {
    struct axaddr_vm_source source;

    source.regions = regions;
    source.config = 0;
    source.count = count;
    return apply(space, &source, unreserved, failed);
}

/**
 * The same with all regions of a config: *failed is for axaddr_vm_config_region. Check the config
 * first (config_check.h): that tells more, and of both that overlap.
 */
AXADDR_ALWAYS_INLINE enum axaddr_status
axaddr_vm_apply_config(axaddr_vm_apply_path apply, struct axaddr_space *space,
                       const struct axaddr_vm_config *config, enum axaddr_unreserved unreserved,
                       size_t *failed) {
    struct axaddr_vm_source source;

    source.regions = 0;
    source.config = config;
    source.count = axaddr_vm_config_region_count(config);
    return apply(space, &source, unreserved, failed);
}

#endif /* AXADDR_CORE_VM_H */
