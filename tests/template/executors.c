/* SPDX-License-Identifier: MIT
 *
 * executors.c: each executor of TLB maintenance once, with its real
 * instructions (check_executors.sh).
 */
#include "axaddr_arch/aarch64_switch.h"
#include "axaddr_arch/aarch64_tlb.h"
#include "axaddr_arch/arm_tlb.h"
#include "axaddr_arch/loongarch64_switch.h"
#include "axaddr_arch/loongarch64_tlb.h"
#include "axaddr_arch/riscv_switch.h"
#include "axaddr_arch/riscv_tlb.h"
#include "axaddr_arch/x86_switch.h"
#include "axaddr_arch/x86_tlb.h"

#if defined(__aarch64__)
void flush_stage2(const struct axaddr_flush *plan, axaddr_hpa_t root, uint32_t features);
void flush_stage2(const struct axaddr_flush *plan, axaddr_hpa_t root, uint32_t features) {
    axaddr_aarch64_stage2_flush(plan, root, features);
}
void flush_stage1(const struct axaddr_flush *plan,
                  const struct axaddr_aarch64_stage1_tables *tables, uint32_t features);
void flush_stage1(const struct axaddr_flush *plan,
                  const struct axaddr_aarch64_stage1_tables *tables, uint32_t features) {
    axaddr_aarch64_el1_flush(plan, tables, features);
    axaddr_aarch64_el2_flush(plan, tables, features);
}
enum axaddr_status load_roots(const struct axaddr_aarch64_regime *regime, bool is_el2);
enum axaddr_status load_roots(const struct axaddr_aarch64_regime *regime, bool is_el2) {
    axaddr_aarch64_el1_switch(regime->ttbr0, AXADDR_VMID_FLUSH_ALL);
    axaddr_aarch64_el1_replace_upper(regime->ttbr1, regime->ttbr0);
    return is_el2 ? axaddr_aarch64_el2_turn_on(regime) : axaddr_aarch64_el1_turn_on(regime);
}
#elif defined(__arm__)
void flush_arm(const struct axaddr_flush *plan, axaddr_hpa_t root,
               const struct axaddr_arm_stage1_tables *which);
void flush_arm(const struct axaddr_flush *plan, axaddr_hpa_t root,
               const struct axaddr_arm_stage1_tables *which) {
    axaddr_arm_stage2_flush(plan, root);
    axaddr_arm_stage1_flush(plan, which);
    axaddr_arm_hyp_flush(plan);
}
#elif defined(__loongarch__)
void flush_stage1(const struct axaddr_flush *plan, const struct axaddr_loongarch64_tables *tables);
void flush_stage1(const struct axaddr_flush *plan, const struct axaddr_loongarch64_tables *tables) {
    axaddr_loongarch64_flush(plan, tables);
    axaddr_loongarch64_flush_asid(1);
}
enum axaddr_status load_roots(const struct axaddr_loongarch64_regime *regime, uint32_t asid);
enum axaddr_status load_roots(const struct axaddr_loongarch64_regime *regime, uint32_t asid) {
    enum axaddr_status status = axaddr_loongarch64_turn_on(regime);

    return status != AXADDR_OK
               ? status
               : axaddr_loongarch64_switch(regime->pgdl, asid, AXADDR_VMID_FLUSH_ALL);
}
#elif defined(__riscv)
enum axaddr_status flush_gstage(const struct axaddr_flush *plan, bool has_svinval);
enum axaddr_status flush_gstage(const struct axaddr_flush *plan, bool has_svinval) {
    axaddr_riscv_hfence_gvma_all();
    axaddr_riscv_hfence_vvma_all();
    return axaddr_riscv_gstage_flush_harts(plan, has_svinval, 1);
}
enum axaddr_status flush_stage1(const struct axaddr_flush *plan, bool has_svinval);
enum axaddr_status flush_stage1(const struct axaddr_flush *plan, bool has_svinval) {
    axaddr_riscv_sfence_vma_all();
    return axaddr_riscv_stage1_flush_harts(plan, true, has_svinval, 1);
}
enum axaddr_status load_roots(uintptr_t satp, unsigned *asid_bits);
enum axaddr_status load_roots(uintptr_t satp, unsigned *asid_bits) {
    axaddr_riscv_stage1_switch(satp, AXADDR_VMID_FLUSH_ALL);
    *asid_bits = axaddr_riscv_asid_bits();
    return axaddr_riscv_stage1_turn_on(satp);
}
#elif defined(__x86_64__)
enum axaddr_status flush_ept(const struct axaddr_flush *plan, uint64_t eptp);
enum axaddr_status flush_ept(const struct axaddr_flush *plan, uint64_t eptp) {
    return axaddr_x86_ept_flush(plan, eptp);
}
void flush_stage1(const struct axaddr_flush *plan, bool has_invpcid);
void flush_stage1(const struct axaddr_flush *plan, bool has_invpcid) {
    axaddr_x86_64_flush(plan, has_invpcid);
    axaddr_x86_npt_invlpga(axaddr_gva(0x1000), 1);
}
enum axaddr_status load_roots(uint64_t cr3, bool has_invpcid);
enum axaddr_status load_roots(uint64_t cr3, bool has_invpcid) {
    axaddr_x86_64_switch(cr3, AXADDR_VMID_FLUSH_ALL, has_invpcid);
    return axaddr_x86_64_turn_on(cr3, true);
}
void flush_pae(const struct axaddr_flush *plan);
void flush_pae(const struct axaddr_flush *plan) {
    axaddr_x86_pae_flush(plan, true);
}
#elif defined(__i386__)
enum axaddr_status load_roots(uint32_t cr3);
enum axaddr_status load_roots(uint32_t cr3) {
    axaddr_x86_pae_switch(cr3);
    return axaddr_x86_pae_turn_on(cr3);
}
#endif
