/* SPDX-License-Identifier: MIT
 *
 * sbi.c: as much of the RISC-V Supervisor Binary Interface (version 1.0) as one hart without
 * interrupts needs: the base extension and system reset. All else is "not supported", which the
 * specification allows.
 */
#include "sbi.h"

#define SBI_SPECIFICATION_1_0 UINT64_C(0x01000000)
#define SBI_IMPLEMENTATION_ID UINT64_C(0x61786164) /* "axad": not a registered one */

#define SBI_SUCCESS           UINT64_C(0)
#define SBI_ERR_NOT_SUPPORTED (~UINT64_C(0) - 1) /* -2 */
#define SBI_ERR_INVALID_PARAM (~UINT64_C(0) - 2) /* -3 */

enum { EXTENSION_BASE = 0x10, EXTENSION_SYSTEM_RESET = 0x53525354 };

enum {
    BASE_SPECIFICATION_VERSION = 0,
    BASE_IMPLEMENTATION_ID,
    BASE_IMPLEMENTATION_VERSION,
    BASE_PROBE_EXTENSION,
    BASE_MVENDORID,
    BASE_MARCHID,
    BASE_MIMPID,
};

enum { RESET_SHUTDOWN = 0, RESET_COLD_REBOOT, RESET_WARM_REBOOT };

static enum sbi_outcome answer(struct vcpu *vcpu, uint64_t error, uint64_t value) {
    vcpu->x[REG_A0] = error;
    vcpu->x[REG_A1] = value;
    vcpu->pc += 4; /* ecall has no compressed form */
    return SBI_ANSWERED;
}

static enum sbi_outcome call_base(struct vcpu *vcpu, uint64_t function, uint64_t argument) {
    switch (function) {
    case BASE_SPECIFICATION_VERSION:
        return answer(vcpu, SBI_SUCCESS, SBI_SPECIFICATION_1_0);
    case BASE_IMPLEMENTATION_ID:
        return answer(vcpu, SBI_SUCCESS, SBI_IMPLEMENTATION_ID);
    case BASE_PROBE_EXTENSION:
        return answer(vcpu, SBI_SUCCESS,
                      argument == EXTENSION_BASE || argument == EXTENSION_SYSTEM_RESET);
    case BASE_IMPLEMENTATION_VERSION:
    case BASE_MVENDORID:
    case BASE_MARCHID:
    case BASE_MIMPID:
        return answer(vcpu, SBI_SUCCESS, 0);
    default:
        return answer(vcpu, SBI_ERR_NOT_SUPPORTED, 0);
    }
}

static enum sbi_outcome call_system_reset(struct vcpu *vcpu, uint64_t function, uint64_t type) {
    if (function != 0) {
        return answer(vcpu, SBI_ERR_NOT_SUPPORTED, 0);
    }
    switch (type) {
    case RESET_SHUTDOWN:
        return SBI_POWER_OFF;
    case RESET_COLD_REBOOT:
    case RESET_WARM_REBOOT:
        return SBI_REBOOT;
    default:
        return answer(vcpu, SBI_ERR_INVALID_PARAM, 0);
    }
}

enum sbi_outcome sbi_call(struct vcpu *vcpu) {
    uint64_t function = vcpu->x[REG_A6];
    uint64_t argument = vcpu->x[REG_A0];

    switch (vcpu->x[REG_A7]) {
    case EXTENSION_BASE:
        return call_base(vcpu, function, argument);
    case EXTENSION_SYSTEM_RESET:
        return call_system_reset(vcpu, function, argument);
    default:
        return answer(vcpu, SBI_ERR_NOT_SUPPORTED, 0);
    }
}
