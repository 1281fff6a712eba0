/* SPDX-License-Identifier: MIT
 *
 * process.c: users' spaces: made, run by turns, served, ended.
 */
#include "kernel.h"

bool later_is_mapped;
uint64_t flush_all_count;

void process_make(struct process *process, enum program program, uint64_t argument) {
    const uint32_t data = AXADDR_READ | AXADDR_WRITE | AXADDR_USER;
    struct vm *space = &process->space;

    *process = (struct process){.state = PROCESS_READY};
    require(vm_init(space, &process->owner, axaddr_gva(USER_FIRST), USER_END - USER_FIRST),
            "init a user's space");
    if (KERNEL_SHARED != 0) {
        require(vm_copy_mappings_from(space, vm_table(&kernel_space), axaddr_gva(KERNEL_FIRST),
                                      KERNEL_SHARED),
                "share the kernel's entries");
    }
    require(vm_map_linear(space, axaddr_gva(USER_TEXT), axaddr_hpa(physical(user_image)),
                          (uint64_t)(user_image_end - user_image),
                          AXADDR_READ | AXADDR_EXECUTE | AXADDR_USER),
            "map the text");
    require(vm_map_alloc(space, axaddr_gva(USER_HEAP), USER_HEAP_SIZE, data, AXADDR_LAZY),
            "map the heap");
    require(vm_map_alloc(space, axaddr_gva(USER_STACK - USER_STACK_SIZE), USER_STACK_SIZE, data,
                         AXADDR_LAZY),
            "map the stack");
    context_init(&process->context, USER_TEXT, USER_STACK, program, argument);
}

void process_end(struct process *process) {
    vm_destroy(&process->space);
    axaddr_vmid_forget(&process->owner.vmid);
}

/** Go on in a user's space. */
static void enter(struct process *process) {
    unsigned cpu = this_cpu();
    enum axaddr_vmid_entry entry =
        asids_enter(&asid_pool, cpu, &process->owner.vmid, &process->asid);

    if (entry == AXADDR_VMID_FLUSH_ALL) {
        __atomic_fetch_add(&flush_all_count, 1, __ATOMIC_RELAXED);
    }
    if (!process->is_entered[cpu]) { /* see axaddr_riscv_stage1_switch */
        process->is_entered[cpu] = true;
        entry = AXADDR_VMID_FLUSH_ALL;
    }
    use_user(vm_root(&process->space), process->asid, entry);
}

/* ---- calls ---- */

/**
 * Print a user's text, which may be longer than a page, and lie in pages that have no frame yet.
 * All of it is checked before any of it is printed.
 */
static uint64_t write_text(struct process *process, uint64_t at, uint64_t length) {
    static struct lock lock;
    uint64_t done = 0;

    if (vm_can_access(&process->space, axaddr_gva(at), length, AXADDR_READ | AXADDR_USER) !=
        AXADDR_OK) {
        return CALL_FAILED;
    }
    lock_take(&lock);
    while (done < length) {
        char piece[16 + 1] = {0};
        uint64_t size = length - done < 16 ? length - done : 16;

        if (vm_read(&process->space, axaddr_gva(at + done), piece, size) != AXADDR_OK) {
            break;
        }
        print(piece);
        done += size;
    }
    lock_give(&lock);
    process->written_count += done;
    return done == length ? done : CALL_FAILED;
}

/** The space that runs is edited: its TLB entries are flushed before it goes on. */
static uint64_t seal_page(struct process *process, uint64_t page) {
    return vm_protect(&process->space, axaddr_gva(page), PAGE_SIZE, AXADDR_READ | AXADDR_USER) ==
                   AXADDR_OK
               ? 0
               : CALL_FAILED;
}

/** Is what the kernel mapped since this space was made also seen from within it? */
static void look_for_later(struct process *process) {
    const volatile uint32_t *device = (const volatile uint32_t *)LATER_AT;

    if (later_is_mapped) {
        process->later_count++;
        process->later_seen +=
            probe_read(LATER_AT) && *device == LATER_MAGIC && probe_read(LATER_MEMORY);
    }
}

/** Whether the process keeps its turn. */
static bool serve_call(struct process *process) {
    struct context *context = &process->context;

    look_for_later(process);
    switch (call_number(context)) {
    case CALL_WRITE:
        call_return(context,
                    write_text(process, call_argument(context, 0), call_argument(context, 1)));
        return true;
    case CALL_YIELD:
        process->yield_count++;
        return false;
    case CALL_EXIT:
        process->state = PROCESS_EXITED;
        process->status = call_argument(context, 0);
        return false;
    case CALL_SEAL:
        call_return(context, seal_page(process, call_argument(context, 0)));
        return true;
    default:
        call_return(context, CALL_FAILED);
        return true;
    }
}

/* ---- turns ---- */

static bool serve_trap(struct process *process) {
    struct trap trap = trap_of(&process->context);

    if (trap.kind == TRAP_CALL) {
        return serve_call(process);
    }
    if (trap.kind == TRAP_FAULT) {
        enum axaddr_fault result = vm_handle_fault(&process->space, trap.at, trap.access);

        process->fault_count += result == AXADDR_FAULT_RESOLVED;
        if (result == AXADDR_FAULT_RESOLVED || result == AXADDR_FAULT_SPURIOUS) {
            return true;
        }
    }
    process->state = PROCESS_KILLED;
    process->killed_by = trap;
    return false;
}

static void run(struct process *process) {
    enter(process);
    do {
        user_run(&process->context);
        process->loaded = loaded_asid();
    } while (serve_trap(process));
}

bool process_turn(struct process *processes, unsigned count) {
    bool is_one_ready = false;

    for (unsigned i = 0; i < count; i++) {
        if (processes[i].state == PROCESS_READY) {
            run(&processes[i]);
        }
        is_one_ready = is_one_ready || processes[i].state == PROCESS_READY;
    }
    leave_user(vm_root(&kernel_space), &early_roots);
    asids_leave(&asid_pool, this_cpu());
    return is_one_ready;
}
