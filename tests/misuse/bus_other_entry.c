/* expect: incompatible pointer type */
/* SPDX-License-Identifier: MIT
 *
 * What is found on a bus of I/O ports, stored as if it were on one of guest-physical addresses.
 */
#include "axaddr_core/device_bus.h"

AXADDR_DEFINE_DEVICE_BUS(ports, axaddr_port, 16);
AXADDR_DEFINE_DEVICE_BUS(mmio, axaddr_gpa, 16);

enum axaddr_status misuse(const struct ports *bus, struct mmio_entry *entry);
enum axaddr_status misuse(const struct ports *bus, struct mmio_entry *entry) {
    return ports_find(bus, axaddr_port(0x3f8), entry); /* wrong */
}
