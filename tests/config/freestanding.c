/* SPDX-License-Identifier: MIT
 *
 * freestanding.c: what is out of line of the config headers, in an object of its own: run.sh looks
 * for calls of a libc in it.
 */
#include "axaddr_core/config_check.h"

enum axaddr_status check_all(const struct axaddr_vm_config *const *configs, size_t count,
                             const struct axaddr_vm_config_limits *limits, char *line);
enum axaddr_status edit(struct axaddr_vm_config_edit *edit, const struct axaddr_vm_config *config,
                        const struct axaddr_vm_config_room *room,
                        const struct axaddr_memory_region *region,
                        const struct axaddr_passthrough_device *device);

enum axaddr_status check_all(const struct axaddr_vm_config *const *configs, size_t count,
                             const struct axaddr_vm_config_limits *limits, char *line) {
    struct axaddr_vm_config_error error;
    enum axaddr_status status = axaddr_vm_config_check_all(configs, count, limits, &error);

    (void)axaddr_vm_config_error_print(&error, line, 256);
    return status;
}

enum axaddr_status edit(struct axaddr_vm_config_edit *edit, const struct axaddr_vm_config *config,
                        const struct axaddr_vm_config_room *room,
                        const struct axaddr_memory_region *region,
                        const struct axaddr_passthrough_device *device) {
    struct axaddr_vcpu_affinity affinity;

    if (axaddr_vm_config_edit_init(edit, config, room) != AXADDR_OK ||
        axaddr_vm_config_add_region(edit, region) != AXADDR_OK ||
        axaddr_vm_config_add_device(edit, device) != AXADDR_OK ||
        axaddr_vm_config_remove_device(edit, device->name) != AXADDR_OK ||
        axaddr_vm_config_remove_device_at(edit, axaddr_gpa(0), 1) != AXADDR_OK ||
        axaddr_vm_config_add_range(edit, axaddr_gpa(0), 1) != AXADDR_OK ||
        axaddr_vm_config_remove_range(edit, axaddr_gpa(0), 1) != AXADDR_OK) {
        return AXADDR_INVALID;
    }
    return axaddr_vm_config_vcpu_riscv(&edit->config, 0, &affinity);
}
