/* SPDX-License-Identifier: MIT
 *
 * vmm.h: the virtual machine: what its guest-physical addresses are, its state, and what the two
 * halves of the VMM offer each other: main.c builds and runs it, verdict.c judges it afterwards.
 */
#ifndef VMM_RISCV_VMM_H
#define VMM_RISCV_VMM_H

#include "console.h"
#include "frames.h"
#include "hart.h"
#include "sbi.h"
#include "vm_config.h" /* tools/axvmconfig makes it of uboot.toml */

/** `struct vm` and the functions vm_...; main.c has their code. */
AXADDR_DECLARE_VM(vm);

/* ---- the guest's addresses: uboot.toml has them, guest.dts tells them to the guest ---- */

#define GUEST_UART     axaddr_gpa(axaddr_config_uboot.devices[0].gpa)
#define GUEST_RAM      axaddr_gpa(axaddr_config_uboot.regions[0].gpa)
#define GUEST_RAM_SIZE axaddr_config_uboot.regions[0].size
#define GUEST_DTB      axaddr_gpa(axaddr_config_uboot.images[AXADDR_IMAGE_DTB].load_address)
#define GUEST_IMAGE    axaddr_gpa(axaddr_config_uboot.images[AXADDR_IMAGE_KERNEL].load_address)

/* What the script in guest.dts works on. */
#define GUEST_BOOT         axaddr_gpa(0x80f00000) /* 32 bits: the boots so far; by the VMM */
#define GUEST_ANSWERS      axaddr_gpa(0x80f00004) /* struct guest_answers; by the script */
#define GUEST_PATTERN      axaddr_gpa(0x81000000) /* every word holds the address of its page */
#define GUEST_COPY         axaddr_gpa(0x81800000)
#define GUEST_PATTERN_SIZE UINT64_C(0x00800000)
#define GUEST_ZEROS        axaddr_gpa(0x82000000) /* soiled by the first boot, not by the second */
#define GUEST_ZEROS_SIZE   UINT64_C(0x00100000)

/** Boots of a good run: the guest reboots once, and is powered off by the second. */
#define GUEST_BOOT_COUNT 2u

struct guest_answers {
    uint8_t pattern_crc[4]; /**< as U-Boot stores them: big-endian */
    uint8_t copy_crc[4];
    uint8_t zeros_crc[4];
    uint32_t are_equal; /**< GUEST_ARE_EQUAL if `cmp` found pattern and copy equal */
};

#define GUEST_ARE_EQUAL UINT32_C(0x600d600d)

/* ---- the machine ---- */

struct vmm {
    struct host host;
    struct vm space;
    struct vcpu vcpu;
    uint32_t boot_count;
    uint64_t fault_count[AXADDR_FAULT_NO_MEMORY + 1]; /**< by result */
    uint64_t fetch_count;                             /**< faults by access */
    uint64_t load_count;
    uint64_t store_count;
    uint64_t sbi_count;
    uint64_t image_count;  /**< populated pages that got a piece of U-Boot's image */
    uint64_t preset_count; /**< pages that the VMM populated itself, before the guest ran */
    uint64_t freed_count;  /**< pages that the reboot gave back */
};

/** Copy out of the guest's memory; false if part of it is not mapped. */
bool guest_read(struct vmm *vmm, axaddr_gpa_t gpa, void *data, uint64_t size);

/** Check what a guest that has powered off computed, and that its memory is in order. */
void verdict_of_guest(struct vmm *vmm);

/** Check that every frame came back when the space was destroyed. */
void verdict_of_ledger(const struct vmm *vmm);

/** Whether all checks so far found what they should. */
bool verdict_is_good(void);

/** Print the memory map, and what the run took. */
void report(const struct vmm *vmm);

#endif /* VMM_RISCV_VMM_H */
