/* SPDX-License-Identifier: MIT
 *
 * main.c: a small VMM for RISC-V. It runs an unmodified U-Boot in VS-mode, behind Sv39x4 tables
 * that axaddr builds from its configuration (uboot.toml): a UART that is passed through, and RAM
 * that is populated by the guest's own faults, U-Boot itself included.
 *
 *     main: make the space -> start the guest -> serve its faults and calls -> verdict (verdict.c)
 *
 * The guest has a script (guest.dts) that works through megabytes of its memory, reboots, and
 * powers off. QEMU's exit status is 0 only if all that it left in its memory is right.
 */
#include "vmm.h"

static const struct axaddr_hal vmm_hal = {
    .alloc_frame = host_alloc_frame,
    .free_frame = host_free_frame,
    .frame_at = host_frame_at,
    .flush_tlb = host_flush_tlb,
    .alloc_block = host_alloc_block,
    .free_block = host_free_block,
};

AXADDR_IMPLEMENT_VM(vm, axaddr_riscv_sv39x4, vmm_hal);

extern const char guest_image[], guest_image_end[], guest_dtb[], guest_dtb_end[];

static struct vmm vmm;

/* ---- the end of a run that went wrong ---- */

static _Noreturn void stop(const char *why) {
    console_print("\nVMM: stopped: %s\n", why);
    machine_exit(1);
}

static void require(enum axaddr_status status, const char *what) {
    if (status != AXADDR_OK) {
        console_print("\nVMM: %s: %s\n", what, axaddr_status_name(status));
        stop("a call of the library failed");
    }
}

static void print_csrs(void) {
    console_print("\nscause %016lx  stval   %016lx  sepc    %016lx  sstatus  %016lx\n"
                  "htval  %016lx  htinst  %016lx  hstatus %016lx  hgatp    %016lx\n"
                  "vsatp  %016lx  vsstatus %016lx vstvec  %016lx\n",
                  csr_read_scause(), csr_read_stval(), csr_read_sepc(), csr_read_sstatus(),
                  csr_read_htval(), csr_read_htinst(), csr_read_hstatus(), csr_read_hgatp(),
                  csr_read_vsatp(), csr_read_vsstatus(), csr_read_vstvec());
}

/** From boot.S: a trap while the VMM itself was running. */
_Noreturn void host_trap(void);
_Noreturn void host_trap(void) {
    print_csrs();
    stop("a trap in HS-mode");
}

/** From boot.S: something that should have been delegated. */
_Noreturn void machine_trap(uint64_t cause, uint64_t pc, uint64_t value);
_Noreturn void machine_trap(uint64_t cause, uint64_t pc, uint64_t value) {
    console_print("\nmcause %016lx  mepc %016lx  mtval %016lx\n", cause, pc, value);
    stop("a trap into M-mode");
}

/* ---- the guest's memory ---- */

bool guest_read(struct vmm *machine, axaddr_gpa_t gpa, void *data, uint64_t size) {
    uint64_t done;

    return vm_copy_from_guest(&machine->space, gpa, data, size, 0, &done) == AXADDR_OK;
}

static uint64_t populated_size(void) {
    struct axaddr_stats stats;

    vm_stats(&vmm.space, &stats);
    return stats.mapped_bytes;
}

/** Copy into the guest's RAM; pages that it has not touched are populated as by its own store. */
static void guest_write(axaddr_gpa_t gpa, const void *data, uint64_t size) {
    uint64_t before = populated_size();
    uint64_t done;

    require(vm_copy_to_guest(&vmm.space, gpa, data, size, AXADDR_ON_DEMAND, &done),
            "copy into the guest");
    vmm.preset_count += (populated_size() - before) / FRAME_SIZE;
}

/** All of the guest's memory and devices, as its configuration says. */
static void map_all(void) {
    enum axaddr_status status;
    size_t failed;

    status = vm_apply(&vmm.space, &axaddr_config_uboot, AXADDR_UNRESERVED_FAIL, &failed);
    if (status != AXADDR_OK) {
        console_print("\nVMM: region %lu of the configuration\n", (uint64_t)failed);
    }
    require(status, "map the VM");
}

static void make_space(void) {
    uint64_t hgatp;

    require(vm_init(&vmm.space, &vmm.host, axaddr_gpa(0), UINT64_C(1) << 41), "init");
    vm_set_vmid(&vmm.space, VMM_VMID);
    map_all();
    require(axaddr_riscv_gstage_hgatp(&axaddr_riscv_sv39x4, vm_root(&vmm.space), VMM_VMID, &hgatp),
            "hgatp");
    csr_write_hgatp(hgatp);
    if (csr_read_hgatp() != hgatp) {
        stop("this hart has no Sv39x4");
    }
    axaddr_riscv_hfence_gvma_all();
}

/* ---- the guest's life ---- */

/** The state in which a boot loader expects to be entered (SBI specification, "hart start"). */
static void reset_vcpu(void) {
    vmm.vcpu = (struct vcpu){.pc = axaddr_config_uboot.bsp_entry};
    vmm.vcpu.x[REG_A0] = 0; /* its hart id */
    vmm.vcpu.x[REG_A1] = GUEST_DTB.raw;
    csr_write_hedeleg(HEDELEG_OF_GUEST);
    csr_write_hideleg(0);
    csr_write_hie(0);
    csr_write_hcounteren(HCOUNTEREN_CY_TM_IR);
    csr_write_vsstatus(VSSTATUS_UXL_64);
    csr_write_vsie(0);
    csr_write_vstvec(0);
    csr_write_vsatp(0);
    axaddr_riscv_hfence_vvma_all();
    csr_write_sstatus(csr_read_sstatus() | SSTATUS_SPP | SSTATUS_FS);
    csr_write_hstatus(csr_read_hstatus() | HSTATUS_SPV);
}

static void start_guest(void) {
    uint64_t dtb_size = (uint64_t)(guest_dtb_end - guest_dtb);
    uint64_t dtb_pages_size = (dtb_size + FRAME_SIZE - 1) / FRAME_SIZE * FRAME_SIZE;

    vmm.boot_count++;
    guest_write(GUEST_DTB, guest_dtb, dtb_size);
    require(vm_protect(&vmm.space, GUEST_DTB, dtb_pages_size, AXADDR_READ),
            "protect the device tree");
    guest_write(GUEST_BOOT, &vmm.boot_count, sizeof vmm.boot_count);
    reset_vcpu();
}

/** If a page that a fault has just populated is one of U-Boot's image, bring it in. */
static void load_image_page(axaddr_gpa_t page) {
    uint64_t image_size = (uint64_t)(guest_image_end - guest_image);
    uint64_t offset;

    if (axaddr_gpa_distance(GUEST_IMAGE, page, &offset) != AXADDR_OK || offset >= image_size) {
        return;
    }
    guest_write(page, guest_image + offset,
                image_size - offset < FRAME_SIZE ? image_size - offset : FRAME_SIZE);
    __asm__ volatile("fence.i" ::: "memory"); /* it may be code */
    vmm.image_count++;
}

/** A reboot gets fresh memory: the old pages go, and no byte of them comes back. */
static void restart_guest(void) {
    struct axaddr_stats stats;

    if (vmm.boot_count == GUEST_BOOT_COUNT) {
        stop("the guest reboots once too often");
    }
    vm_stats(&vmm.space, &stats);
    vmm.freed_count += vmm.host.taken_count - stats.table_count;
    vm_clear(&vmm.space);
    vm_stats(&vmm.space, &stats);
    if (vmm.host.taken_count != stats.table_count) {
        stop("the VM's memory has not been given back");
    }
    map_all();
    start_guest();
}

static void serve_fault(const struct axaddr_exit *exit) {
    enum axaddr_fault result = vm_handle_fault(&vmm.space, exit->gpa, exit->access);

    vmm.fault_count[result]++;
    vmm.fetch_count += (exit->access & AXADDR_EXECUTE) != 0 ? 1 : 0;
    vmm.load_count += (exit->access & AXADDR_READ) != 0 ? 1 : 0;
    vmm.store_count += (exit->access & AXADDR_WRITE) != 0 ? 1 : 0;
    if (result != AXADDR_FAULT_RESOLVED && result != AXADDR_FAULT_SPURIOUS) {
        print_csrs();
        console_print("VMM: fault at gpa 0x%lx, access %s: %s\n", exit->gpa.raw,
                      exit->access == AXADDR_EXECUTE ? "execute"
                      : exit->access == AXADDR_WRITE ? "write"
                                                     : "read",
                      axaddr_fault_name(result));
        stop("the guest cannot go on from this fault");
    }
    if (result == AXADDR_FAULT_RESOLVED) {
        load_image_page(axaddr_gpa_align_down_4k(exit->gpa));
    }
}

/** Run the guest until it powers itself off. */
static void run_guest(void) {
    for (;;) {
        struct axaddr_exit exit;

        vcpu_run(&vmm.vcpu);
        if (axaddr_riscv_gstage_decode(csr_read_scause(), csr_read_stval(), csr_read_htval(),
                                       csr_read_htinst(), &exit) == AXADDR_OK) {
            serve_fault(&exit);
            continue;
        }
        if (csr_read_scause() != CAUSE_ECALL_FROM_VS) {
            print_csrs();
            stop("a trap that this VMM does not know");
        }
        vmm.sbi_count++;
        switch (sbi_call(&vmm.vcpu)) {
        case SBI_ANSWERED:
            break;
        case SBI_REBOOT:
            restart_guest();
            break;
        case SBI_POWER_OFF:
            return;
        }
    }
}

_Noreturn void main(void);
_Noreturn void main(void) {
    console_print("VMM: U-Boot in VS-mode, %s, %lu MiB of lazy RAM\n", axaddr_riscv_sv39x4.name,
                  GUEST_RAM_SIZE >> 20);
    make_space();
    start_guest();
    run_guest();
    console_print("\nVMM: the guest has powered off\n");
    verdict_of_guest(&vmm);
    report(&vmm);
    csr_write_hgatp(0); /* the tables are out of use from here on */
    vm_destroy(&vmm.space);
    verdict_of_ledger(&vmm);
    console_print("VMM: %s\n", verdict_is_good() ? "all answers are right" : "FAILED");
    machine_exit(verdict_is_good() ? 0 : 1);
}
