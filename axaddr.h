/* SPDX-License-Identifier: MIT
 *
 * axaddr: address spaces for hypervisors. The one header to include; this comment is the manual,
 * the files that it names have the details.
 *
 *     #include "axaddr.h"
 *
 *     static const struct axaddr_hal my_hal = {   // the host: four functions (axaddr_core/hal.h)
 *         .alloc_frame = my_alloc_frame,          // bool  (void *ctx, axaddr_hpa_t *frame)
 *         .free_frame = my_free_frame,            // void  (void *ctx, axaddr_hpa_t frame)
 *         .frame_at = my_frame_at,                // void *(void *ctx, axaddr_hpa_t frame)
 *         .flush_tlb = my_flush_tlb,              // void  (void *ctx, const struct axaddr_flush *)
 *     };
 *     AXADDR_DEFINE_SPACE(vm, axaddr_x86_ept, my_hal);
 *
 *     struct vm guest;
 *     status = vm_init(&guest, ctx, axaddr_gpa(0), UINT64_C(1) << 39);
 *     status = vm_map_alloc(&guest, axaddr_gpa(0), RAM_SIZE,
 *                           AXADDR_READ | AXADDR_WRITE | AXADDR_EXECUTE, AXADDR_LAZY);
 *     switch (vm_handle_fault(&guest, exit.gpa, exit.access)) { ... }
 *
 * ## What there is
 *
 * Types        axaddr_gva_t, axaddr_gpa_t, axaddr_hva_t, axaddr_hpa_t: structs that hold a 64-bit
 *              .raw, made by axaddr_gpa(raw) and so on; mixing them up does not compile.
 *              AXADDR_DEFINE_ADDR(name) makes another kind.                  axaddr_core/addr.h
 * Flags        AXADDR_READ, WRITE, EXECUTE, USER, DEVICE, UNCACHED; for formats that tell it:
 *              GLOBAL, EXECUTE_USER, EXECUTE_KERNEL; beside them, how to map: AXADDR_SMALL,
 *              AXADDR_LARGE, AXADDR_ZERO_PAGE, AXADDR_OWNED, AXADDR_REPLACE. axaddr_core/flags.h
 * Status       AXADDR_OK, INVALID, EXISTS, NOT_MAPPED, NO_MEMORY, DENIED, BUSY, UNSUPPORTED. A call
 *              that fails has changed nothing.                               axaddr_core/base.h
 * Formats      Second stage: axaddr_x86_ept (and _5, _ignore_pat, _modes, _suppress_ve),
 *              axaddr_x86_npt, axaddr_aarch64_stage2_32 to _48 (and _16k_, _64k_, _xnx, _fwb),
 *              axaddr_riscv_sv39x4, _sv48x4, _sv57x4 (and _svpbmt, _svnapot), _sv32x4; with a root
 *              chosen at init: axaddr_aarch64_stage2, axaddr_riscv_gstage. First stage:
 *              axaddr_x86_64 (and _la57), axaddr_x86_pae, axaddr_aarch64_el1, axaddr_aarch64_el2,
 *              axaddr_riscv_sv39, _sv48, _sv57, _sv32, axaddr_loongarch64_39, _48, _16k_47. With 52
 *              bits: axaddr_aarch64_..._52. 32-bit Arm: axaddr_arm_lpae_stage2_32 to _40,
 *              axaddr_arm_lpae (and _hyp), axaddr_arm_short. Each file also has the root
 *              register's value, the TLB maintenance and the decoding of faults.   axaddr_arch/
 * Frames       AXADDR_DEFINE_FRAME(name, hal): a frame with an owner.        axaddr_core/frame.h
 * Tags         AXADDR_DEFINE_VMID_POOL(...): VMIDs and ASIDs with generations. axaddr_core/vmid.h
 * Roots        Turning translation on, changing to another user: riscv_switch.h, ...
 * VMs          struct axaddr_vm_config: what a VM is to be, as constant tables, which
 *              tools/axvmconfig makes of TOML files; and their validator. config.h, config_check.h
 * Ranges       AXADDR_DEFINE_RANGE_SET(name, address, value_type, continues, hal): a set of ranges,
 *              for what else has to be handed out.                        axaddr_core/range_set.h
 *
 * ## A space: AXADDR_DEFINE_SPACE(name, format, hal)
 *
 * `format` and `hal` are the names of static const structs. Generated, for name `vm`; sizes in
 * bytes, multiples of the page size as all addresses, unless "any byte" is said:
 *
 *   enum axaddr_status
 *   vm_init(vm, ctx, gpa start, size)            an empty space; takes the root's frames
 *   vm_init_sized(vm, ctx, start, size, geometry) likewise, with a root chosen now, for formats
 *                                                that can (struct axaddr_geometry, format.h)
 *   vm_map_linear(vm, gpa, hpa, size, flags)     host memory in one piece, largest leaves that fit
 *   vm_map_frames(vm, gpa, frames, count, flags) an array of host frames; adjoining ones make
 *                                                large leaves
 *   vm_map_alloc(vm, gpa, size, flags, AXADDR_LAZY | AXADDR_POPULATE)   zeroed frames of its own
 *   vm_map_backed(vm, gpa, size, flags, cookie)  lazily, frames that the HAL supplies: a file, a
 *                                                snapshot, copy-on-write, post-copy
 *   vm_map_device(vm, gpa, size, cookie)         trapped: every access is AXADDR_FAULT_DEVICE
 *   vm_map_regions(vm, regions, count)           an array of pieces of host memory, with names: all
 *                                                or none
 *   vm_unmap(vm, gpa, size)                      whatever is there, in any number of areas; holes
 *                                                are skipped
 *   vm_protect(vm, gpa, size, flags)             new flags in the place of the old; no holes
 *   vm_label(vm, gpa, size, name, tag)           a name and a number of yours for areas
 *   vm_split(vm, gpa, size)                      break large leaves up
 *   vm_collapse(vm, gpa, size)                   make large leaves where small ones fit together
 *   vm_harvest(vm, gpa, size, notes)             tell the HAL which leaves were AXADDR_ACCESSED or
 *                                                AXADDR_DIRTY since the last time
 *   vm_set_zero_frame(vm, hpa)                   what AXADDR_ZERO_PAGE memory is until written
 *   vm_translate(vm, gpa, &hpa)                  any byte; NOT_MAPPED also while only reserved
 *   vm_query(vm, gpa, &mapping)                  any byte: host address, flags, size of the leaf;
 *                                                or what is known of a page that is not mapped
 *   vm_find_area(vm, gpa, &area)                 any byte: the area that holds it
 *   vm_next_area(vm, gpa, &area)                 the first area that ends there or later
 *   vm_find_free(vm, &placement, &gpa)           where there is room: size, alignment, limits, hint,
 *                                                from below or above (struct axaddr_placement)
 *   vm_can_access(vm, gpa, size, access)         any bytes: what the areas permit
 *   vm_read(vm, gpa, buffer, size), vm_write     any bytes: copy out and in, as the guest would
 *   vm_visit_data(vm, gpa, size, access, visit, arg)   any bytes: where the host sees them
 *   vm_share(vm, start, size)                    one kernel in many roots: share.h
 *   vm_copy_mappings_from(vm, vm_table(kernel), start, size)
 *   vm_audit(vm, &where)                         whether areas and table agree, entry by entry
 *   enum axaddr_fault
 *   vm_handle_fault(vm, gpa, access)             any byte, any address: RESOLVED, SPURIOUS, DEVICE,
 *                                                UNMAPPED, DENIED, NO_MEMORY
 *   vm_handle_fault_from(vm, gpa, access, &pool) the same with frames taken ahead
 *   others
 *   axaddr_hpa_t vm_root(vm)                     for the root register
 *   const struct axaddr_table *vm_table(vm)      for copy_mappings_from
 *   void vm_stats(vm, &stats)                    counts tables, leaves, bytes, areas
 *   bool vm_dump(vm, &dump, line, size)          the next line of text about areas and mappings
 *   void vm_clear(vm)                            unmaps everything
 *   void vm_set_vmid(vm, vmid)                   the tag that plans tell
 *   void vm_enter_cpu(vm, cpu), vm_leave_cpu     who runs on it: the CPUs that plans tell
 *   void vm_destroy(vm)                          flushes, then frees all that it owns
 *
 * A space points into itself: it must not be moved or copied once it is made. AXADDR_REPLACE among
 * the flags of a map takes out what overlaps it, in the same step.
 *
 * Failures, in this order: INVALID (arguments), UNSUPPORTED (the format cannot hold these flags),
 * EXISTS / NOT_MAPPED / DENIED (what is there), NO_MEMORY.
 *
 * ## What an edit takes, and how long (axaddr_core/request.h)
 *
 * An edit as data, struct axaddr_request, can be asked for its price, given its frames, and cut:
 *
 *   vm_tables_needed(vm, &request, &count)       the exact number of frames that it would take
 *   vm_resize_pool(vm, &pool, count)             take or give back frames ahead of time
 *   vm_perform(vm, &request, &terms)             do it: with terms.pool, no other frame is taken;
 *                                                with terms.budget, only about so many entries of
 *                                                it, and terms.done tells where to go on
 *
 * ## Many CPUs (axaddr_core/hal.h)
 *
 * With .lock and .unlock in the HAL, everything (but init and destroy) may be called on any number
 * of CPUs at once. Edits take the lock; faults, translate and query do not: a fault installs what
 * it made by one compare-and-swap, and who loses it gives his frame back and says SPURIOUS. Frames
 * and tables are freed after the flush and after .quiesce, when nobody can be walking them any
 * more; axaddr_core/quiesce.h is one that needs no interrupts. translate and query say BUSY where
 * an edit is at work just then. Without these hooks one CPU at a time may be in a space, and no
 * atomic instruction is left in it.
 *
 * ## A virtual machine: AXADDR_DEFINE_VM(name, format, hal)
 *
 * A space with more on top, as a VMM needs it:
 *
 *   vm_map_region(vm, gpa, hpa, size, flags), vm_unmap_region(vm, gpa, size)
 *   vm_map_identical(vm, gpa, size, flags, unreserved)   RAM at its host address, reserved there
 *   vm_apply(vm, &config, unreserved, &failed)   all that a configuration has (config.h), or none
 *   vm_apply_regions(vm, regions, count, unreserved, &failed)   the same with an array: vm.h
 *   vm_copy_from_guest(vm, gpa, to, size, how, &done), vm_copy_to_guest, vm_fill, vm_read_string,
 *   vm_load, vm_store, vm_compare_exchange, vm_segments   what emulated devices do for a guest, as
 *                                                far as it goes: guest_memory.h
 *
 *   vm_handle_fault_cookie(vm, gpa, access, &cookie)   handle_fault, which tells a DEVICE's cookie
 *
 * AXADDR_DEFINE_GUEST_WALK(name, vm, axaddr_x86_guest): name_walk(vm, &regime, gva, access, how,
 * &page), through the guest's own tables as the machine would, with the fault that the guest is to
 * get: guest_walk.h, and x86_guest.h, aarch64_guest.h, arm_guest.h, riscv_guest.h,
 * loongarch64_guest.h in axaddr_arch.
 *
 *   vm_start_tracking(vm, gpa, size, how), vm_tracking_cost, vm_harvest_dirty(vm, gpa, size, bitmap,
 *   bits), vm_harvest_dirty_step, vm_harvest_young, vm_stop_tracking   which pages were written, by
 *                                                what hardware notes or by write protection:
 *                                                tracking.h
 *
 * AXADDR_DEFINE_DEVICE_BUS(name, address, capacity): which emulated device a guest-physical address,
 * an I/O port or a system register is, without a lock: device_bus.h.
 *
 * ## A bare table: AXADDR_DEFINE_PAGE_TABLE(name, format, hal)
 *
 * For those who keep areas themselves: pt_init, pt_init_sized, pt_map (as map_linear),
 * pt_map_frames, pt_unmap, pt_protect, pt_split, pt_collapse, pt_harvest, pt_translate, pt_query,
 * pt_root, pt_stats, pt_destroy, and the requests, pools and tags above. It frees its tables, never
 * what they map.
 *
 * ## Variants
 *
 * ..._TYPED(name, format, hal, input, output)  other kinds of addresses than axaddr_gpa and
 *                                              axaddr_hpa: axaddr_gva, axaddr_hva, your own
 * AXADDR_DECLARE_SPACE(name) in a header and AXADDR_IMPLEMENT_SPACE(name, format, hal) in one file,
 * both PAGE_TABLE too: one copy of the code for several translation units. Same for _TYPED.
 *
 * Everything generated is static (for IMPLEMENT: external) and specialised: format and HAL fold
 * into it, no call through a pointer is left from -Og on. A HAL function that is missing is an
 * error at the line of the macro (without optimisation: _init says AXADDR_UNSUPPORTED).
 */
#ifndef AXADDR_H
#define AXADDR_H

#include "axaddr_core/addr.h"
#include "axaddr_core/config_check.h"
#include "axaddr_core/device_bus.h"
#include "axaddr_core/frame.h"
#include "axaddr_core/generate.h"
#include "axaddr_core/guest_walk.h"
#include "axaddr_core/quiesce.h"
#include "axaddr_core/range_set.h"
#include "axaddr_core/vmid.h"

#include "axaddr_arch/aarch64_52.h"
#include "axaddr_arch/aarch64_guest.h"
#include "axaddr_arch/aarch64_stage1.h"
#include "axaddr_arch/aarch64_stage2.h"
#include "axaddr_arch/aarch64_switch.h"
#include "axaddr_arch/arm_guest.h"
#include "axaddr_arch/arm_lpae.h"
#include "axaddr_arch/arm_short.h"
#include "axaddr_arch/loongarch64.h"
#include "axaddr_arch/loongarch64_guest.h"
#include "axaddr_arch/loongarch64_switch.h"
#include "axaddr_arch/riscv_gstage.h"
#include "axaddr_arch/riscv_guest.h"
#include "axaddr_arch/riscv_stage1.h"
#include "axaddr_arch/riscv_switch.h"
#include "axaddr_arch/x86_64.h"
#include "axaddr_arch/x86_ept.h"
#include "axaddr_arch/x86_guest.h"
#include "axaddr_arch/x86_pae.h"
#include "axaddr_arch/x86_switch.h"

/* ---- spaces ---- */

/** `struct name`, and its functions as statics of this translation unit. */
#define AXADDR_DEFINE_SPACE(name, format, hal)                                                     \
    AXADDR_DEFINE_SPACE_TYPED(name, format, hal, axaddr_gpa, axaddr_hpa)
#define AXADDR_DEFINE_SPACE_TYPED(name, format, hal, input, output)                                \
    AXADDR_SPACE_TYPE_(name)                                                                       \
    AXADDR_BEGIN_GENERATED_                                                                        \
    AXADDR_SPACE_INSTANCE_(name, format, hal)                                                      \
    AXADDR_SPACE_FUNCTIONS_(AXADDR_STATIC_, AXADDR_STATIC_VOID_, name, input, output)              \
    AXADDR_END_GENERATED_                                                                          \
    struct name

/** `struct name` and prototypes, for a header that several translation units include. */
#define AXADDR_DECLARE_SPACE(name) AXADDR_DECLARE_SPACE_TYPED(name, axaddr_gpa, axaddr_hpa)
#define AXADDR_DECLARE_SPACE_TYPED(name, input, output)                                            \
    AXADDR_SPACE_TYPE_(name)                                                                       \
    AXADDR_BEGIN_GENERATED_                                                                        \
    AXADDR_SPACE_FUNCTIONS_(AXADDR_EXTERN_, AXADDR_EXTERN_VOID_, name, input, output)              \
    AXADDR_END_GENERATED_                                                                          \
    struct name

/** The functions that AXADDR_DECLARE_SPACE declares; in one translation unit. */
#define AXADDR_IMPLEMENT_SPACE(name, format, hal)                                                  \
    AXADDR_IMPLEMENT_SPACE_TYPED(name, format, hal, axaddr_gpa, axaddr_hpa)
#define AXADDR_IMPLEMENT_SPACE_TYPED(name, format, hal, input, output)                             \
    AXADDR_BEGIN_GENERATED_                                                                        \
    AXADDR_SPACE_INSTANCE_(name, format, hal)                                                      \
    AXADDR_SPACE_FUNCTIONS_(AXADDR_GLOBAL_, AXADDR_GLOBAL_VOID_, name, input, output)              \
    AXADDR_END_GENERATED_                                                                          \
    struct name

/* ---- VMs: spaces with the memory layer of a VMM on top; the same three ---- */

#define AXADDR_DEFINE_VM(name, format, hal)                                                        \
    AXADDR_DEFINE_VM_TYPED(name, format, hal, axaddr_gpa, axaddr_hpa)
#define AXADDR_DEFINE_VM_TYPED(name, format, hal, input, output)                                   \
    AXADDR_SPACE_TYPE_(name)                                                                       \
    AXADDR_BEGIN_GENERATED_                                                                        \
    AXADDR_SPACE_INSTANCE_(name, format, hal)                                                      \
    AXADDR_VM_PATHS_(AXADDR_PATH_BODY_, AXADDR_PATH_BODY_VOID_, name)                              \
    AXADDR_SPACE_FUNCTIONS_(AXADDR_STATIC_, AXADDR_STATIC_VOID_, name, input, output)              \
    AXADDR_VM_FUNCTIONS_(AXADDR_STATIC_, AXADDR_STATIC_VOID_, name, input, output)                 \
    AXADDR_END_GENERATED_                                                                          \
    struct name

#define AXADDR_DECLARE_VM(name) AXADDR_DECLARE_VM_TYPED(name, axaddr_gpa, axaddr_hpa)
#define AXADDR_DECLARE_VM_TYPED(name, input, output)                                               \
    AXADDR_SPACE_TYPE_(name)                                                                       \
    AXADDR_BEGIN_GENERATED_                                                                        \
    AXADDR_SPACE_FUNCTIONS_(AXADDR_EXTERN_, AXADDR_EXTERN_VOID_, name, input, output)              \
    AXADDR_VM_FUNCTIONS_(AXADDR_EXTERN_, AXADDR_EXTERN_VOID_, name, input, output)                 \
    AXADDR_END_GENERATED_                                                                          \
    struct name

#define AXADDR_IMPLEMENT_VM(name, format, hal)                                                     \
    AXADDR_IMPLEMENT_VM_TYPED(name, format, hal, axaddr_gpa, axaddr_hpa)
#define AXADDR_IMPLEMENT_VM_TYPED(name, format, hal, input, output)                                \
    AXADDR_BEGIN_GENERATED_                                                                        \
    AXADDR_SPACE_INSTANCE_(name, format, hal)                                                      \
    AXADDR_VM_PATHS_(AXADDR_PATH_BODY_, AXADDR_PATH_BODY_VOID_, name)                              \
    AXADDR_SPACE_FUNCTIONS_(AXADDR_GLOBAL_, AXADDR_GLOBAL_VOID_, name, input, output)              \
    AXADDR_VM_FUNCTIONS_(AXADDR_GLOBAL_, AXADDR_GLOBAL_VOID_, name, input, output)                 \
    AXADDR_END_GENERATED_                                                                          \
    struct name

/* ---- bare tables: the same three ---- */

#define AXADDR_DEFINE_PAGE_TABLE(name, format, hal)                                                \
    AXADDR_DEFINE_PAGE_TABLE_TYPED(name, format, hal, axaddr_gpa, axaddr_hpa)
#define AXADDR_DEFINE_PAGE_TABLE_TYPED(name, format, hal, input, output)                           \
    AXADDR_TABLE_TYPE_(name)                                                                       \
    AXADDR_BEGIN_GENERATED_                                                                        \
    AXADDR_TABLE_INSTANCE_(name, format, hal)                                                      \
    AXADDR_TABLE_FUNCTIONS_(AXADDR_STATIC_, AXADDR_STATIC_VOID_, name, input, output)              \
    AXADDR_END_GENERATED_                                                                          \
    struct name

#define AXADDR_DECLARE_PAGE_TABLE(name)                                                            \
    AXADDR_DECLARE_PAGE_TABLE_TYPED(name, axaddr_gpa, axaddr_hpa)
#define AXADDR_DECLARE_PAGE_TABLE_TYPED(name, input, output)                                       \
    AXADDR_TABLE_TYPE_(name)                                                                       \
    AXADDR_BEGIN_GENERATED_                                                                        \
    AXADDR_TABLE_FUNCTIONS_(AXADDR_EXTERN_, AXADDR_EXTERN_VOID_, name, input, output)              \
    AXADDR_END_GENERATED_                                                                          \
    struct name

#define AXADDR_IMPLEMENT_PAGE_TABLE(name, format, hal)                                             \
    AXADDR_IMPLEMENT_PAGE_TABLE_TYPED(name, format, hal, axaddr_gpa, axaddr_hpa)
#define AXADDR_IMPLEMENT_PAGE_TABLE_TYPED(name, format, hal, input, output)                        \
    AXADDR_BEGIN_GENERATED_                                                                        \
    AXADDR_TABLE_INSTANCE_(name, format, hal)                                                      \
    AXADDR_TABLE_FUNCTIONS_(AXADDR_GLOBAL_, AXADDR_GLOBAL_VOID_, name, input, output)              \
    AXADDR_END_GENERATED_                                                                          \
    struct name

#endif /* AXADDR_H */
