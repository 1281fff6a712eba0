/* SPDX-License-Identifier: MIT
 *
 * sbi.h: the firmware that the guest sees: what its environment calls ask for.
 */
#ifndef VMM_RISCV_SBI_H
#define VMM_RISCV_SBI_H

#include "hart.h"

enum sbi_outcome {
    SBI_ANSWERED,  /**< the answer is in the vCPU's registers, and its pc is past the call */
    SBI_POWER_OFF, /**< the guest wants to be shut down */
    SBI_REBOOT,    /**< the guest wants to be started again */
};

/** Serve the environment call at which the vCPU has stopped. */
enum sbi_outcome sbi_call(struct vcpu *vcpu);

#endif /* VMM_RISCV_SBI_H */
