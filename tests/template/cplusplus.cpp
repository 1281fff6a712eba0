// SPDX-License-Identifier: MIT
//
// cplusplus.cpp: a space, a table and a frame as a C++20 program uses them: inside a namespace, as
// members, with a HAL whose functions are its own.
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

static_assert(std::is_trivially_copyable_v<axaddr_gpa_t>);
static_assert(!std::is_convertible_v<axaddr_gpa_t, axaddr_hpa_t>);

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

int main() {
    CASE(space_in_a_class);
    CASE(table_and_frame);
    return check_report("cplusplus");
}
