/* SPDX-License-Identifier: MIT
 *
 * typed.c: instances between other kinds of addresses than guest- to host-physical. WRONG=1 to 4 are
 * the ways to mix kinds up that must not compile.
 */
#include "arena.h"

#include "../check.h"

AXADDR_DEFINE_ADDR(bus);
AXADDR_DEFINE_ADDR_LABELLED(dram, "DRAM");

AXADDR_DEFINE_SPACE_TYPED(process, axaddr_x86_64, arena_hal, axaddr_gva, axaddr_hpa);
AXADDR_DEFINE_SPACE_TYPED(device, axaddr_riscv_sv48x4, arena_hal, bus, dram);
AXADDR_DEFINE_PAGE_TABLE_TYPED(kernel, axaddr_x86_64, arena_hal, axaddr_hva, axaddr_hpa);

#define RW   (AXADDR_READ | AXADDR_WRITE)
#define SIZE (UINT64_C(1) << 38)

static struct arena arena;

static void virtual_to_host(void) {
    struct process process;
    axaddr_hpa_t host;

    CHECK_EQ(process_init(&process, &arena, axaddr_gva(0), SIZE), AXADDR_OK);
    CHECK_EQ(
        process_map_alloc(&process, axaddr_gva(0x400000), 0x4000, RW | AXADDR_USER, AXADDR_LAZY),
        AXADDR_OK);
    CHECK_EQ(process_handle_fault(&process, axaddr_gva(0x401234), AXADDR_WRITE),
             AXADDR_FAULT_RESOLVED);
    CHECK_EQ(process_translate(&process, axaddr_gva(0x401234), &host), AXADDR_OK);
    CHECK_EQ(host.raw & 0xfff, 0x234);
    process_destroy(&process);
    CHECK_EQ(arena.used_count, 0);
}

static void own_kinds(void) {
    static const dram_t frames[2] = {{0x8000}, {0x3000}};
    struct device device;
    dram_t there = dram(0);
    char text[32];

    CHECK_EQ(device_init(&device, &arena, bus(0), SIZE), AXADDR_OK);
    CHECK_EQ(device_map_frames(&device, bus(0x1000), frames, 2, RW), AXADDR_OK);
    CHECK_EQ(device_translate(&device, bus(0x2010), &there), AXADDR_OK);
    CHECK_EQ(there.raw, 0x3010);
    dram_print(there, text, sizeof text);
    CHECK_STR(text, "DRAM:0x3010");
    there = device_root(&device);
    CHECK_EQ(there.raw & 0x3fff, 0); /* four concatenated frames */
    device_destroy(&device);
    CHECK_EQ(arena.used_count, 0);
}

static void host_virtual_table(void) {
    struct kernel kernel;
    axaddr_hpa_t host;

    CHECK_EQ(kernel_init(&kernel, &arena, axaddr_hva(UINT64_C(0xffffffff80000000)),
                         UINT64_C(0x80000000)),
             AXADDR_OK);
    CHECK_EQ(kernel_map(&kernel, axaddr_hva(UINT64_C(0xfffffffffffff000)), axaddr_hpa(0x5000),
                        0x1000, RW),
             AXADDR_OK);
    CHECK_EQ(kernel_translate(&kernel, axaddr_hva(UINT64_MAX), &host), AXADDR_OK);
    CHECK_EQ(host.raw, 0x5fff);
    kernel_destroy(&kernel);
    CHECK_EQ(arena.used_count, 0);
    CHECK_EQ(arena.wrong_count, 0);
}

#if defined(WRONG)
enum axaddr_status wrong(struct process *process, struct device *device, struct kernel *kernel);
enum axaddr_status wrong(struct process *process, struct device *device, struct kernel *kernel) {
    axaddr_hpa_t host;
#if WRONG == 1
    return process_translate(process, axaddr_gpa(0x1000), &host); /* wrong */
#elif WRONG == 2
    return device_translate(device, bus(0x1000), &host); /* wrong */
#elif WRONG == 3
    return kernel_map(kernel, axaddr_hva(0), dram(0x1000), 0x1000, RW); /* wrong */
#elif WRONG == 4
    return device_unmap(kernel, bus(0x1000), 0x1000); /* wrong */
#endif
}
#endif

int main(void) {
    if (!arena_init(&arena)) {
        return 2;
    }
    CASE(virtual_to_host);
    CASE(own_kinds);
    CASE(host_virtual_table);
    arena_destroy(&arena);
    return check_report("typed");
}
