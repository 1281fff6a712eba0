/* expect: incompatible type */
/* SPDX-License-Identifier: MIT
 *
 * A guest-physical address looked up on a bus of I/O ports.
 */
#include "axaddr_core/device_bus.h"

AXADDR_DEFINE_DEVICE_BUS(ports, axaddr_port, 16);

enum axaddr_status misuse(struct ports *bus, axaddr_gpa_t gpa, struct axaddr_device_access *access);
enum axaddr_status misuse(struct ports *bus, axaddr_gpa_t gpa,
                          struct axaddr_device_access *access) {
    return ports_access(bus, 0, gpa, access); /* wrong */
}
