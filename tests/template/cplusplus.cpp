// SPDX-License-Identifier: MIT
//
// cplusplus.cpp: a space, a table, a frame, a VM with its bus and its guest's tables as a C++20 program
// uses them: inside a namespace, as members, with a HAL whose functions are its own, and a config that
// the compiler knows.
#include "arena.h"

#include "../check.h"

#include <memory>
#include <type_traits>

namespace hypervisor {

struct machine {
    struct arena arena;
};

static inline bool alloc_frame(void *ctx, axaddr_hpa_t *frame) {
    return arena_alloc_frame(&static_cast<machine *>(ctx)->arena, frame);
}
static inline void free_frame(void *ctx, axaddr_hpa_t frame) {
    arena_free_frame(&static_cast<machine *>(ctx)->arena, frame);
}
static inline void *frame_at(void *ctx, axaddr_hpa_t frame) {
    return arena_frame_at(&static_cast<machine *>(ctx)->arena, frame);
}
static inline void flush_tlb(void *ctx, const axaddr_flush *plan) {
    arena_flush_tlb(&static_cast<machine *>(ctx)->arena, plan);
}

static constexpr axaddr_hal hal = {
    .alloc_frame = alloc_frame,
    .free_frame = free_frame,
    .frame_at = frame_at,
    .flush_tlb = flush_tlb,
    .alloc_block = nullptr,
    .free_block = nullptr,
};

AXADDR_DEFINE_SPACE(vm, axaddr_x86_ept, hal);
AXADDR_DEFINE_PAGE_TABLE(pt, axaddr_x86_64, hal);
AXADDR_DEFINE_FRAME(page, hal);

AXADDR_DEFINE_VM(board, axaddr_x86_ept, hal);
AXADDR_DEFINE_GUEST_WALK(board_x86, board, axaddr_x86_guest);
AXADDR_DEFINE_DEVICE_BUS(mmio, axaddr_gpa, 4);
AXADDR_DEFINE_DEVICE_BUS(ports, axaddr_port, 4);

static constexpr axaddr_memory_region regions[] = {
    {
        .gpa = 0x10000,
        .size = 0x8000,
        .hpa = 0,
        .flags = AXADDR_READ | AXADDR_WRITE | AXADDR_EXECUTE,
        .type = AXADDR_MAP_ALLOC,
        .is_lazy = true,
        .is_shared = false,
        .name = "ram",
    },
};
static constexpr axaddr_emulated_device emulated[] = {
    {"uart", 0x9000000, 0x1000, 4, AXADDR_EMULATED_CONSOLE, nullptr, 0},
};

static constexpr axaddr_vm_config make_config() {
    axaddr_vm_config config{};
    config.name = "guest";
    config.vm_type = AXADDR_VM_LINUX;
    config.cpu_count = 1;
    config.bsp_entry = regions[0].gpa;
    config.regions = regions;
    config.region_count = 1;
    config.emulated = emulated;
    config.emulated_count = 1;
    return config;
}
static constexpr axaddr_vm_config config = make_config();
static_assert(config.regions[0].gpa == config.bsp_entry);

struct uart {
    axaddr_device_access last;

    static axaddr_status access(void *arg, axaddr_device_access *access) {
        static_cast<uart *>(arg)->last = *access;
        access->value = 0x60;
        return AXADDR_OK;
    }
};

static_assert(std::is_trivially_copyable_v<axaddr_gpa_t>);
static_assert(!std::is_convertible_v<axaddr_gpa_t, axaddr_hpa_t>);
static_assert(!std::is_convertible_v<axaddr_gpa_t, axaddr_port_t>);

class guest {
  public:
    explicit guest(machine &host) {
        status_ = vm_init(&vm_, &host, axaddr_gpa(0), UINT64_C(1) << 39);
    }
    guest(const guest &) = delete;
    guest &operator=(const guest &) = delete;
    ~guest() {
        if (status_ == AXADDR_OK) {
            vm_destroy(&vm_);
        }
    }
    vm *operator->() {
        return &vm_;
    }
    vm *get() {
        return &vm_;
    }

  private:
    vm vm_;
    axaddr_status status_;
};

} // namespace hypervisor

using namespace hypervisor;

static constexpr uint32_t rw = AXADDR_READ | AXADDR_WRITE;

static void space_in_a_class() {
    auto host = std::make_unique<machine>();
    CHECK(arena_init(&host->arena));
    {
        guest one(*host);
        axaddr_hpa_t there;
        axaddr_area area;
        axaddr_mapping mapping;
        CHECK_EQ(vm_map_alloc(one.get(), axaddr_gpa(0x10000), 0x4000, rw, AXADDR_LAZY), AXADDR_OK);
        CHECK_EQ(vm_handle_fault(one.get(), axaddr_gpa(0x11000), AXADDR_READ),
                 AXADDR_FAULT_RESOLVED);
        CHECK_EQ(vm_handle_fault(one.get(), axaddr_gpa(0x11000), AXADDR_READ),
                 AXADDR_FAULT_SPURIOUS);
        CHECK_EQ(vm_map_linear(one.get(), axaddr_gpa(0x40000000), axaddr_hpa(0x80000000),
                               UINT64_C(1) << 30, rw | AXADDR_EXECUTE),
                 AXADDR_OK);
        CHECK_EQ(vm_query(one.get(), axaddr_gpa(0x40000001), &mapping), AXADDR_OK);
        CHECK_EQ(mapping.size, UINT64_C(1) << 30);
        CHECK_EQ(vm_unmap(one.get(), axaddr_gpa(0x40001000), 0x1000), AXADDR_OK);
        CHECK_EQ(vm_translate(one.get(), axaddr_gpa(0x40001000), &there), AXADDR_NOT_MAPPED);
        CHECK_EQ(vm_protect(one.get(), axaddr_gpa(0x10000), 0x4000, AXADDR_READ), AXADDR_OK);
        CHECK_EQ(vm_find_area(one.get(), axaddr_gpa(0x13fff), &area), AXADDR_OK);
        CHECK_EQ(area.flags, AXADDR_READ);
    }
    CHECK_EQ(host->arena.used_count, 0);
    CHECK_EQ(host->arena.wrong_count, 0);
    arena_destroy(&host->arena);
}

static void table_and_frame() {
    auto host = std::make_unique<machine>();
    pt table;
    uint64_t count = 0;
    axaddr_request request = axaddr_request_of(AXADDR_OP_LINEAR, 0, 0x1000, rw);
    request.host = 0x5000;
    CHECK(arena_init(&host->arena));
    CHECK_EQ(pt_init(&table, host.get(), axaddr_gpa(0), UINT64_C(1) << 40), AXADDR_OK);
    CHECK_EQ(pt_tables_needed(&table, &request, &count), AXADDR_OK);
    CHECK_EQ(count, 3);
    CHECK_EQ(pt_map(&table, axaddr_gpa(0), axaddr_hpa(0x5000), 0x1000, rw), AXADDR_OK);
    {
        AXADDR_SCOPED_FRAME(page, scratch);
        CHECK_EQ(page_alloc_zeroed(host.get(), &scratch), AXADDR_OK);
        CHECK_EQ(host->arena.used_count, 5);
        CHECK_EQ(*static_cast<unsigned char *>(page_pointer(&scratch)), 0);
    }
    CHECK_EQ(host->arena.used_count, 4);
    pt_destroy(&table);
    CHECK_EQ(host->arena.used_count, 0);
    arena_destroy(&host->arena);
}

static void vm_of_a_config() {
    auto host = std::make_unique<machine>();
    auto guest = std::make_unique<board>();
    uint64_t word = 0x123456789abcdef0;
    uint64_t done = 0;
    uint64_t value = 0;
    uint64_t bitmap = 0;
    size_t failed = 0;
    axaddr_mapping mapping;
    axaddr_x86_guest_regime regime{}; // no paging yet
    axaddr_guest_page found;
    CHECK(arena_init(&host->arena));
    CHECK_EQ(board_init(guest.get(), host.get(), axaddr_gpa(0), UINT64_C(1) << 39), AXADDR_OK);
    CHECK_EQ(board_apply(guest.get(), &config, AXADDR_UNRESERVED_FAIL, &failed), AXADDR_OK);
    CHECK_EQ(board_start_tracking(guest.get(), axaddr_gpa(0x10000), 0x8000, AXADDR_TRACK_WRITES),
             AXADDR_OK);
    CHECK_EQ(board_copy_to_guest(guest.get(), axaddr_gpa(0x11ffc), &word, sizeof word,
                                 AXADDR_ON_DEMAND, &done),
             AXADDR_OK);
    CHECK_EQ(done, sizeof word);
    CHECK_EQ(board_load(guest.get(), axaddr_gpa(0x12000), AXADDR_WIDTH_4, 0, &value), AXADDR_OK);
    CHECK_EQ(value, word >> 32);
    CHECK_EQ(board_harvest_dirty(guest.get(), axaddr_gpa(0x10000), 0x8000, &bitmap, 64), AXADDR_OK);
    CHECK_EQ(bitmap, 6);
    CHECK_EQ(board_stop_tracking(guest.get(), axaddr_gpa(0x10000), 0x8000), AXADDR_OK);
    CHECK_EQ(board_query(guest.get(), axaddr_gpa(0x9000004), &mapping), AXADDR_NOT_MAPPED);
    CHECK_EQ(mapping.kind, AXADDR_ABSENT_TRAPPED);
    CHECK_EQ(board_x86_walk(guest.get(), &regime, axaddr_gva(0x12004), AXADDR_WRITE, 0, &found),
             AXADDR_WALK_OK);
    CHECK_EQ(found.gpa.raw, 0x12004);
    board_destroy(guest.get());
    CHECK_EQ(host->arena.used_count, 0);
    CHECK_EQ(host->arena.wrong_count, 0);
    arena_destroy(&host->arena);
}

static void devices_on_buses() {
    auto memory = std::make_unique<mmio>();
    auto io = std::make_unique<ports>();
    uart console{};
    axaddr_bus_hint hint{};
    ports_entry entry;
    const axaddr_device device{uart::access, &console, 7, "uart"};
    axaddr_device_access access{};
    access.width = AXADDR_WIDTH_1;
    CHECK_EQ(mmio_init(memory.get(), axaddr_gpa(0), axaddr_gpa(UINT64_MAX)), AXADDR_OK);
    CHECK_EQ(mmio_add(memory.get(), axaddr_gpa(0x9000000), axaddr_gpa(0x9000fff), &device),
             AXADDR_OK);
    CHECK_EQ(mmio_access(memory.get(), &hint, axaddr_gpa(0x9000005), &access), AXADDR_OK);
    CHECK_EQ(access.value, 0x60);
    CHECK_EQ(console.last.offset, 5);
    CHECK_EQ(mmio_access(memory.get(), &hint, axaddr_gpa(0x9001000), &access), AXADDR_NOT_MAPPED);
    CHECK_EQ(ports_init(io.get(), axaddr_port(0), axaddr_port(0xffff)), AXADDR_OK);
    CHECK_EQ(ports_add(io.get(), axaddr_port(0x3f8), axaddr_port(0x3ff), &device), AXADDR_OK);
    CHECK_EQ(ports_find(io.get(), axaddr_port(0x3fd), &entry), AXADDR_OK);
    CHECK_EQ(entry.first.raw, 0x3f8);
    CHECK_EQ(entry.device.cookie, 7);
    CHECK_EQ(ports_count(io.get()), 1);
    CHECK_EQ(ports_remove(io.get(), axaddr_port(0x3f8)), AXADDR_OK);
}

int main() {
    CASE(space_in_a_class);
    CASE(table_and_frame);
    CASE(vm_of_a_config);
    CASE(devices_on_buses);
    return check_report("cplusplus");
}
