/* SPDX-License-Identifier: MIT
 *
 * exit.h: what a stage-2 fault was, in words that do not depend on the machine. The decoders in
 * axaddr_arch fill it in from an exit's registers; its gpa and access go to handle_fault.
 */
#ifndef AXADDR_CORE_EXIT_H
#define AXADDR_CORE_EXIT_H

#include "addr.h"
#include "flags.h"

/** A guest access that its second stage did not let through. */
struct axaddr_exit {
    axaddr_gpa_t gpa;   /**< the guest-physical address; see is_page_only */
    uint32_t access;    /**< what was tried: one or more of AXADDR_READ, WRITE, EXECUTE */
    bool is_page_only;  /**< the machine told the page; the low bits of gpa are not meaningful */
    bool is_guest_walk; /**< it was the guest's own page-table walk or its A/D update */
    bool is_permission; /**< an entry was there and did not permit it; false: or it is not told */
    bool is_gva_valid;  /**< gva is known */
    axaddr_gva_t gva;   /**< the guest-virtual address of the access */
};

/** What handle_fault made of it, and so what the hypervisor does next. */
enum axaddr_fault {
    AXADDR_FAULT_RESOLVED = 0, /**< the page is there now: resume the guest */
    AXADDR_FAULT_SPURIOUS,     /**< it was there already, or is just being changed: resume */
    AXADDR_FAULT_DEVICE,       /**< a trapped range: emulate the access */
    AXADDR_FAULT_UNMAPPED,     /**< nothing is there: inject a fault, or stop the guest */
    AXADDR_FAULT_DENIED,       /**< what is there does not permit the access: inject, or stop */
    AXADDR_FAULT_NO_MEMORY,    /**< the HAL had no frame to populate it with: stop, or retry */
};

/** The name of a result without its prefix, for messages: "RESOLVED". */
static inline const char *axaddr_fault_name(enum axaddr_fault fault) {
    switch (fault) {
    case AXADDR_FAULT_RESOLVED:
        return "RESOLVED";
    case AXADDR_FAULT_SPURIOUS:
        return "SPURIOUS";
    case AXADDR_FAULT_DEVICE:
        return "DEVICE";
    case AXADDR_FAULT_UNMAPPED:
        return "UNMAPPED";
    case AXADDR_FAULT_DENIED:
        return "DENIED";
    case AXADDR_FAULT_NO_MEMORY:
        return "NO_MEMORY";
    }
    return "?";
}

#endif /* AXADDR_CORE_EXIT_H */
