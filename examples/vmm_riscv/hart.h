/* SPDX-License-Identifier: MIT
 *
 * hart.h: the hart as this VMM sees it: the registers of its one vCPU, the CSRs (by number, for
 * assemblers without the H extension), and the functions of boot.S. RISC-V privileged manual,
 * "Supervisor-Level ISA" and "Hypervisor Extension".
 */
#ifndef VMM_RISCV_HART_H
#define VMM_RISCV_HART_H

/* Offsets into struct vcpu, for boot.S. */
#define VCPU_PC      256
#define VCPU_HOST_SP 264

#ifndef __ASSEMBLER__

#include <stddef.h>
#include <stdint.h>

/** What the hart does not keep for the guest while the VMM runs, and where the VMM left off. */
struct vcpu {
    uint64_t x[32];   /**< x1 to x31; x[0] is not used */
    uint64_t pc;      /**< where the guest goes on */
    uint64_t host_sp; /**< the VMM's stack while the guest runs */
};

_Static_assert(offsetof(struct vcpu, pc) == VCPU_PC, "boot.S");
_Static_assert(offsetof(struct vcpu, host_sp) == VCPU_HOST_SP, "boot.S");

/* Indices into x[], by the names of the calling convention. */
enum { REG_A0 = 10, REG_A1 = 11, REG_A6 = 16, REG_A7 = 17 };

/** Run the guest until its next trap into HS-mode; scause and its companions tell which. */
void vcpu_run(struct vcpu *vcpu);

/* ---- CSRs: csr_read_scause(), csr_write_hgatp(value), ... ---- */

#define HART_CSR(name, number)                                                                     \
    static inline uint64_t csr_read_##name(void) {                                                 \
        uint64_t value;                                                                            \
        __asm__ volatile("csrr %0, " #number : "=r"(value));                                       \
        return value;                                                                              \
    }                                                                                              \
    static inline void csr_write_##name(uint64_t value) {                                          \
        __asm__ volatile("csrw " #number ", %0" ::"r"(value) : "memory");                          \
    }                                                                                              \
    _Static_assert(number <= 0xfff, "a CSR")

HART_CSR(sstatus, 0x100);
HART_CSR(sepc, 0x141);
HART_CSR(scause, 0x142);
HART_CSR(stval, 0x143);
HART_CSR(hstatus, 0x600);
HART_CSR(hedeleg, 0x602);
HART_CSR(hideleg, 0x603);
HART_CSR(hie, 0x604);
HART_CSR(hcounteren, 0x606);
HART_CSR(htval, 0x643);
HART_CSR(htinst, 0x64a);
HART_CSR(hgatp, 0x680);
HART_CSR(vsstatus, 0x200);
HART_CSR(vsie, 0x204);
HART_CSR(vstvec, 0x205);
HART_CSR(vsatp, 0x280);

#define CAUSE_ECALL_FROM_VS 10

#define SSTATUS_SPP         UINT64_C(0x100)  /**< sret goes to (virtual) supervisor mode */
#define SSTATUS_FS          UINT64_C(0x6000) /**< the floating point unit is on */
#define HSTATUS_SPV         UINT64_C(0x80)   /**< sret goes to a virtual mode */
#define VSSTATUS_UXL_64     (UINT64_C(2) << 32)
#define HCOUNTEREN_CY_TM_IR UINT64_C(7)

/** The exceptions that are the guest's own business: all but its environment calls. */
#define HEDELEG_OF_GUEST UINT64_C(0xb1ff)

#endif /* __ASSEMBLER__ */

#endif /* VMM_RISCV_HART_H */
