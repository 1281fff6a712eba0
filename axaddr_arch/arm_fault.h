/* SPDX-License-Identifier: MIT
 *
 * arm_fault.h: what an abort on 32-bit Arm was, from the registers that tell: DFSR, IFSR, DFAR and
 * IFAR at PL1, with short or long descriptors; HSR, HDFAR, HIFAR and HPFAR in Hyp mode.
 *
 * Manual: ARM DDI 0406C, B3.13 "Exception reporting in a VMSA implementation": B3.13.3 (fault
 * status), B3.13.6 (HSR), B3.13.7 and B4.1.77 (HPFAR). AArch32 of ARM DDI 0487 is alike.
 */
#ifndef AXADDR_ARCH_ARM_FAULT_H
#define AXADDR_ARCH_ARM_FAULT_H

#include "../axaddr_core/addr.h"
#include "../axaddr_core/base.h"
#include "../axaddr_core/exit.h"
#include "../axaddr_core/flags.h"

#include "arm_tlb.h"

/** What made an abort, without the level. */
enum axaddr_arm_fault {
    AXADDR_ARM_FAULT_OTHER = 0, /**< domain, alignment, external, TLB conflict, debug, ... */
    AXADDR_ARM_FAULT_TRANSLATION,
    AXADDR_ARM_FAULT_ACCESS_FLAG,
    AXADDR_ARM_FAULT_PERMISSION,
};

/* HSR's syndrome of an abort. */
#define AXADDR_ARM_HSR_WNR   (UINT32_C(1) << 6) /**< write; always set for cache maintenance */
#define AXADDR_ARM_HSR_S1PTW (UINT32_C(1) << 7) /**< the stage 2 fault was of a stage 1 walk */
#define AXADDR_ARM_HSR_CM    (UINT32_C(1) << 8) /**< cache maintenance; never to be emulated */

/* DFSR */
#define AXADDR_ARM_FSR_LPAE (UINT32_C(1) << 9) /**< long descriptors: another layout */
#define AXADDR_ARM_FSR_WNR  (UINT32_C(1) << 11)
#define AXADDR_ARM_FSR_CM   (UINT32_C(1) << 13)

/** Long descriptors: STATUS, 5:0, the kind above two bits of level. */
static inline enum axaddr_arm_fault axaddr_arm_long_fault(uint32_t status) {
    switch (status >> 2 & 0xf) {
    case 1:
        return AXADDR_ARM_FAULT_TRANSLATION;
    case 2:
        return AXADDR_ARM_FAULT_ACCESS_FLAG;
    case 3:
        return AXADDR_ARM_FAULT_PERMISSION;
    default:
        return AXADDR_ARM_FAULT_OTHER;
    }
}

/** DFSR or IFSR; of short descriptors FS is 10 and 3:0, each kind once for either level. */
static inline enum axaddr_arm_fault axaddr_arm_fault_of(uint32_t fsr) {
    if ((fsr & AXADDR_ARM_FSR_LPAE) != 0) {
        return axaddr_arm_long_fault(fsr);
    }
    switch ((fsr >> 6 & 0x10) | (fsr & 0xf)) {
    case 0x05:
    case 0x07:
        return AXADDR_ARM_FAULT_TRANSLATION;
    case 0x03:
    case 0x06:
        return AXADDR_ARM_FAULT_ACCESS_FLAG;
    case 0x0d:
    case 0x0f:
        return AXADDR_ARM_FAULT_PERMISSION;
    default:
        return AXADDR_ARM_FAULT_OTHER;
    }
}

/**
 * What a load, a store or cache maintenance needed. Cache maintenance stores nothing: it counts as
 * a read where the page is absent, and as a write where it lacked permission.
 */
AXADDR_ALWAYS_INLINE uint32_t axaddr_arm_data_access(bool is_write, bool is_maintenance,
                                                     enum axaddr_arm_fault made) {
    if (is_maintenance) {
        is_write = made == AXADDR_ARM_FAULT_PERMISSION;
    }
    return is_write ? AXADDR_WRITE : AXADDR_READ;
}

/** Whether an SPSR says User mode (M, 4:0). */
static inline bool axaddr_arm_is_user(uint32_t spsr) {
    return (spsr & 0x1f) == 0x10;
}

/* ---- stage 1 ---- */

/** What a stage 1 abort was. */
struct axaddr_arm_page_fault {
    axaddr_gva_t gva;    /**< the address accessed */
    uint32_t access;     /**< AXADDR_READ, WRITE or EXECUTE; and USER, if User mode tried it */
    bool is_permission;  /**< an entry was there and did not permit it */
    bool is_access_flag; /**< an entry was there, and its note "accessed" was not */
};

AXADDR_ALWAYS_INLINE enum axaddr_status
axaddr_arm_tell_page_fault(enum axaddr_arm_fault made, uint32_t far, uint32_t access,
                           struct axaddr_arm_page_fault *fault) {
    if (made == AXADDR_ARM_FAULT_OTHER) {
        return AXADDR_UNSUPPORTED;
    }
    fault->gva = axaddr_gva(far);
    fault->access = access;
    fault->is_permission = made == AXADDR_ARM_FAULT_PERMISSION;
    fault->is_access_flag = made == AXADDR_ARM_FAULT_ACCESS_FLAG;
    return AXADDR_OK;
}

/**
 * A data abort taken to PL1, from DFSR, DFAR and the SPSR of Abort mode.
 * @return AXADDR_UNSUPPORTED if it is one that mapping cannot cure; *fault is untouched then
 */
AXADDR_MUST_CHECK static inline enum axaddr_status
axaddr_arm_data_abort(uint32_t dfsr, uint32_t dfar, uint32_t spsr,
                      struct axaddr_arm_page_fault *fault) {
    enum axaddr_arm_fault made = axaddr_arm_fault_of(dfsr);
    uint32_t access = axaddr_arm_data_access((dfsr & AXADDR_ARM_FSR_WNR) != 0,
                                             (dfsr & AXADDR_ARM_FSR_CM) != 0, made);

    return axaddr_arm_tell_page_fault(made, dfar,
                                      access | (axaddr_arm_is_user(spsr) ? AXADDR_USER : 0), fault);
}

/** A prefetch abort taken to PL1, from IFSR, IFAR and the SPSR of Abort mode. Likewise. */
AXADDR_MUST_CHECK static inline enum axaddr_status
axaddr_arm_prefetch_abort(uint32_t ifsr, uint32_t ifar, uint32_t spsr,
                          struct axaddr_arm_page_fault *fault) {
    return axaddr_arm_tell_page_fault(axaddr_arm_fault_of(ifsr), ifar,
                                      AXADDR_EXECUTE | (axaddr_arm_is_user(spsr) ? AXADDR_USER : 0),
                                      fault);
}

/* HSR.EC, 31:26. */
#define AXADDR_ARM_EC_PREFETCH_ABORT     0x20 /**< of PL1 or PL0, routed to Hyp mode */
#define AXADDR_ARM_EC_HYP_PREFETCH_ABORT 0x21
#define AXADDR_ARM_EC_DATA_ABORT         0x24
#define AXADDR_ARM_EC_HYP_DATA_ABORT     0x25

/** What an abort that HSR describes tried. */
AXADDR_ALWAYS_INLINE uint32_t axaddr_arm_hsr_access(uint32_t hsr) {
    if (hsr >> 26 < AXADDR_ARM_EC_DATA_ABORT) {
        return AXADDR_EXECUTE;
    }
    return axaddr_arm_data_access((hsr & AXADDR_ARM_HSR_WNR) != 0, (hsr & AXADDR_ARM_HSR_CM) != 0,
                                  axaddr_arm_long_fault(hsr));
}

/**
 * An abort of Hyp mode's own accesses, from HSR and HDFAR, or HIFAR for a prefetch abort.
 * @return AXADDR_INVALID if HSR describes another exception; AXADDR_UNSUPPORTED if mapping cannot
 *         cure it. *fault is untouched then.
 */
AXADDR_MUST_CHECK static inline enum axaddr_status
axaddr_arm_hyp_abort(uint32_t hsr, uint32_t far, struct axaddr_arm_page_fault *fault) {
    uint32_t exception_class = hsr >> 26;

    if (exception_class != AXADDR_ARM_EC_HYP_PREFETCH_ABORT &&
        exception_class != AXADDR_ARM_EC_HYP_DATA_ABORT) {
        return AXADDR_INVALID;
    }
    return axaddr_arm_tell_page_fault(axaddr_arm_long_fault(hsr), far, axaddr_arm_hsr_access(hsr),
                                      fault);
}

/* ---- stage 2 ---- */

/**
 * Whether HPFAR was written by the abort that HSR describes: for translation and access flag
 * faults, and for all faults of a stage 1 walk. For the permission fault of an ordinary access it
 * is UNKNOWN; then the guest's stage 1 must be asked: ATS1CPR on HDFAR or HIFAR, and
 * axaddr_arm_hpfar_from_par on PAR.
 */
static inline bool axaddr_arm_hpfar_is_valid(uint32_t hsr) {
    return (hsr & AXADDR_ARM_HSR_S1PTW) != 0 ||
           axaddr_arm_long_fault(hsr) != AXADDR_ARM_FAULT_PERMISSION;
}

/**
 * From PAR (64 bits) after ATS1CPR: what HPFAR would have held.
 * @return AXADDR_BUSY if that translation failed (PAR.F): another CPU of the guest has changed its
 *         tables since. Resume the guest; it will fault again, or not.
 */
AXADDR_MUST_CHECK static inline enum axaddr_status axaddr_arm_hpfar_from_par(uint64_t par,
                                                                             uint32_t *hpfar) {
    if ((par & 1) != 0) {
        return AXADDR_BUSY;
    }
    *hpfar = (uint32_t)(par >> 8) & ~UINT32_C(0xf); /* PA 39:12 in 39:12; FIPA in 31:4 */
    return AXADDR_OK;
}

/**
 * A stage 2 abort of PL1 or PL0, in words. The address is HPFAR's page and FAR's offset in it. For
 * a fault that the guest's own table walk met (S1PTW), FAR is the address being translated, so only
 * the page is known; the access is a read (hardware of ARMv7 never writes descriptors), whatever
 * WnR says of the instruction.
 *
 * @param hpfar  HPFAR, or where axaddr_arm_hpfar_is_valid is false, its replacement
 * @param far    HDFAR; HIFAR for a prefetch abort
 * @return AXADDR_INVALID if the exception is no abort of PL1 or PL0; AXADDR_UNSUPPORTED if it is
 *         one that mapping cannot cure (external, alignment, TLB conflict). *exit is untouched
 *         then. With HCR.TGE 1 these classes also report stage 1 faults of PL0: not for here.
 */
AXADDR_MUST_CHECK static inline enum axaddr_status
axaddr_arm_stage2_decode(uint32_t hsr, uint32_t hpfar, uint32_t far, struct axaddr_exit *exit) {
    uint32_t exception_class = hsr >> 26;
    enum axaddr_arm_fault made = axaddr_arm_long_fault(hsr);
    bool is_walk = (hsr & AXADDR_ARM_HSR_S1PTW) != 0;
    uint64_t page = (uint64_t)(hpfar & ~UINT32_C(0xf)) << 8; /* FIPA: bits 31:4 are 39:12 */

    if (exception_class != AXADDR_ARM_EC_PREFETCH_ABORT &&
        exception_class != AXADDR_ARM_EC_DATA_ABORT) {
        return AXADDR_INVALID;
    }
    if (made == AXADDR_ARM_FAULT_OTHER) {
        return AXADDR_UNSUPPORTED;
    }
    exit->access = is_walk ? AXADDR_READ : axaddr_arm_hsr_access(hsr);
    exit->gpa = axaddr_gpa(is_walk ? page : page | (far & 0xfff));
    exit->is_page_only = is_walk;
    exit->is_guest_walk = is_walk;
    exit->is_permission = made == AXADDR_ARM_FAULT_PERMISSION;
    exit->is_gva_valid = true;
    exit->gva = axaddr_gva(far);
    return AXADDR_OK;
}

#ifdef AXADDR_HAS_ARM_ASM

/**
 * The HPFAR of the abort just taken, in Hyp mode: read, or where that is UNKNOWN found by asking
 * the guest's stage 1. The guest's PL1 registers must still be loaded; its PAR is preserved.
 * @return AXADDR_BUSY as axaddr_arm_hpfar_from_par
 */
AXADDR_MUST_CHECK static inline enum axaddr_status axaddr_arm_read_hpfar(uint32_t hsr, uint32_t far,
                                                                         uint32_t *hpfar) {
    uint32_t low, high, guest_low, guest_high;

    if (axaddr_arm_hpfar_is_valid(hsr)) {
        __asm__ volatile("mrc p15, 4, %0, c6, c0, 4" : "=r"(*hpfar)::"memory");
        return AXADDR_OK;
    }
    __asm__ volatile("mrrc p15, 0, %0, %1, c7" : "=r"(guest_low), "=r"(guest_high)::"memory");
    __asm__ volatile("mcr p15, 0, %2, c7, c8, 0\n\tisb\n\tmrrc p15, 0, %0, %1, c7" /* ATS1CPR */
                     : "=&r"(low), "=&r"(high)
                     : "r"(far)
                     : "memory");
    __asm__ volatile("mcrr p15, 0, %0, %1, c7" ::"r"(guest_low), "r"(guest_high) : "memory");
    return axaddr_arm_hpfar_from_par((uint64_t)high << 32 | low, hpfar);
}

#endif /* AXADDR_HAS_ARM_ASM */

#endif /* AXADDR_ARCH_ARM_FAULT_H */
