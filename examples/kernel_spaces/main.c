/* SPDX-License-Identifier: MIT
 *
 * main.c: a small kernel shows what axaddr does for one: its own space from a table of regions, two
 * users at the same addresses, users that touch what they must not, a second CPU; and checks
 * itself. The last line says how many checks passed; run.sh wants them all.
 */
#include "kernel.h"

_Noreturn void main(uint64_t is_second);
_Noreturn void bad_trap(uint64_t cause, uint64_t pc, uint64_t address);

/* ---- saying it ---- */

static struct lock print_lock;
static uint64_t passed_count;
static uint64_t failed_count;

void lock_take(struct lock *lock) {
    while (__atomic_test_and_set(&lock->is_held, __ATOMIC_ACQUIRE)) {
        AXADDR_CPU_RELAX();
    }
}

void lock_give(struct lock *lock) {
    __atomic_clear(&lock->is_held, __ATOMIC_RELEASE);
}

void print(const char *text) {
    lock_take(&print_lock);
    for (; *text != '\0'; text++) {
        uart_put(*text);
    }
    lock_give(&print_lock);
}

static void print_in(uint64_t number, unsigned base) {
    char digits[24];
    char *at = digits + sizeof digits - 1;

    *at = '\0';
    do {
        *--at = "0123456789abcdef"[number % base];
        number /= base;
    } while (number != 0);
    print(at);
}

_Noreturn static void finish(void) {
    print("kernel_spaces: ");
    print_in(passed_count, 10);
    print(" passed, ");
    print_in(failed_count, 10);
    print(" failed\n");
    power_off();
    for (;;) {
    }
}

_Noreturn void panic(const char *why, uint64_t number) {
    print("stopped: ");
    print(why);
    print(" 0x");
    print_in(number, 16);
    print("\n");
    failed_count++;
    finish();
}

void require(enum axaddr_status status, const char *what) {
    if (status != AXADDR_OK) {
        print(what);
        panic(": status", status);
    }
}

/** Print a line for it, and count it. */
static void check(bool is_right, const char *what) {
    passed_count += is_right;
    failed_count += !is_right;
    print(is_right ? "ok    " : "FAIL  ");
    print(what);
    print("\n");
}

/** From boot.S: a trap in the kernel, where no probe was under way. */
_Noreturn void bad_trap(uint64_t cause, uint64_t pc, uint64_t address) {
    print("trap at 0x");
    print_in(pc, 16);
    print(", address 0x");
    print_in(address, 16);
    panic(", cause", cause);
}

/* ---- the kernel's own space ---- */

static const uint32_t code_in_rodata = RETURN_INSTRUCTION;
static uint32_t code_in_data = RETURN_INSTRUCTION;

static void nothing(void) {
}

/** Whether a page of the kernel is at its own frame, with these flags. */
static bool is_mapped(const volatile void *at, uint32_t flags) {
    struct axaddr_mapping mapping;

    return vm_query(&kernel_space, in_kernel((uintptr_t)at), &mapping) == AXADDR_OK &&
           mapping.hpa.raw == physical(at) && mapping.flags == (flags | AXADDR_GLOBAL);
}

static bool is_consistent(const struct vm *space) {
    axaddr_gva_t where;

    return vm_audit(space, &where) == AXADDR_OK;
}

static void print_map(const struct vm *space) {
    struct axaddr_dump dump = {0};
    char line[120];

    while (vm_dump(space, &dump, line, sizeof line)) {
        print(line);
        print("\n");
    }
}

static void show_kernel_space(void) {
    uintptr_t rodata = (uintptr_t)&code_in_rodata;
    uintptr_t data = (uintptr_t)&code_in_data;

    check(is_mapped(text_start, AXADDR_READ | AXADDR_EXECUTE) &&
              is_mapped(&code_in_rodata, AXADDR_READ) &&
              is_mapped(&code_in_data, AXADDR_READ | AXADDR_WRITE) &&
              is_mapped(virtual(UART_PHYSICAL), AXADDR_READ | AXADDR_WRITE | AXADDR_DEVICE),
          "the kernel's space has its regions, each with its flags");
    check(probe_fetch((uintptr_t)nothing) && !probe_write((uintptr_t)nothing),
          "the machine runs the text and does not write it");
    check(probe_read(rodata) && !probe_write(rodata) && !probe_fetch(rodata),
          "it only reads the constants");
    check(probe_write(data) && !probe_fetch(data), "it does not run the data");
    check(!probe_read(RAM_START + UINT64_C(0x200000)) && !probe_read(LATER_AT),
          "nothing else is mapped: the early table is out of use");
    check(is_consistent(&kernel_space), "table and areas of the kernel agree");
    print_map(&kernel_space);
}

/* ---- two users ---- */

static bool has_done_its_work(const struct process *process) {
    return process->state == PROCESS_EXITED && process->status == WORK_DONE &&
           process->yield_count == WORK_ROUNDS;
}

/** Whether the heap holds what user `number` wrote, as the kernel reads it. */
static bool has_its_words(struct process *process, uint64_t number) {
    for (uint64_t page = 0; page < WORK_PAGES; page++) {
        uint64_t words[WORK_ROUNDS];

        if (vm_read(&process->space, axaddr_gva(USER_HEAP + page * PAGE_SIZE), words,
                    sizeof words) != AXADDR_OK) {
            return false;
        }
        for (uint64_t round = 0; round < WORK_ROUNDS; round++) {
            if (words[round] != work_word(number, page, round)) {
                return false;
            }
        }
    }
    return true;
}

/** Pages of heap and stack: all but one came by faults, that one when the kernel read it. */
static bool is_lazy(const struct process *process) {
    uint64_t text_size = (uint64_t)(user_image_end - user_image);
    struct axaddr_stats stats;

    vm_stats(&process->space, &stats);
    return process->fault_count > WORK_PAGES &&
           stats.mapped_bytes == text_size + (process->fault_count + 1) * PAGE_SIZE &&
           stats.mapped_bytes + stats.reserved_bytes ==
               text_size + USER_HEAP_SIZE + USER_STACK_SIZE;
}

static void show_two_users(void) {
    static struct process users[2];
    const struct process *one = &users[0];
    const struct process *two = &users[1];
    uint64_t before = frames_taken();
    uint64_t between;

    process_make(&users[0], PROGRAM_WORK, 1);
    process_make(&users[1], PROGRAM_WORK, 2);
    (void)process_turn(users, 2);
    check(one->yield_count == 1 && two->yield_count == 1, "two users run, in turns");
    check(one->asid != two->asid && one->loaded == one->asid && two->loaded == two->asid,
          "each with its own ASID");
    between = frames_taken();
    memory_map_later();
    before += frames_taken() - between; /* tables of the kernel's */
    while (process_turn(users, 2)) {
    }
    check(has_done_its_work(one) && has_done_its_work(two),
          "at the same addresses, each found zeros first and then only what it wrote");
    check(has_its_words(&users[0], 1) && has_its_words(&users[1], 2),
          "the kernel reads the same in their pages");
    check(is_lazy(one) && is_lazy(two), "each page of heap and stack took one fault");
    check(one->written_count == 24 && two->written_count == 24,
          "text across pages was printed; text of the kernel, or of nobody, was refused");
    check(one->later_count > 3 && one->later_seen == one->later_count && two->later_count > 3 &&
              two->later_seen == two->later_count,
          "what the kernel mapped meanwhile was there with both spaces loaded");
    check(is_consistent(&one->space) && is_consistent(&two->space),
          "tables and areas of both agree");
    process_end(&users[0]);
    process_end(&users[1]);
    check(frames_taken() == before, "all their frames came back");
}

/* ---- users that touch what they must not ---- */

struct crime {
    enum program program;
    uint64_t address;
    uint32_t access;
    const char *name;
};

static void show_crime(const struct crime *crime) {
    static struct process user;
    const uint64_t before = frames_taken();
    const struct trap *trap = &user.killed_by;
    bool is_killed;

    process_make(&user, crime->program, crime->address);
    while (process_turn(&user, 1)) {
    }
    is_killed = user.state == PROCESS_KILLED && trap->kind == TRAP_FAULT &&
                trap->at.raw == crime->address && trap->access == (crime->access | AXADDR_USER) &&
                frames_taken() > before + 3;
    process_end(&user);
    check(is_killed && frames_taken() == before, crime->name);
}

static void show_crimes(void) {
    const uint64_t text = (uintptr_t)nothing;
    const uint64_t data = (uintptr_t)&code_in_data;
    const struct crime crimes[] = {
        {PROGRAM_READ, text, AXADDR_READ, "killed: reads the kernel's text"},
        {PROGRAM_WRITE, data, AXADDR_WRITE, "killed: writes the kernel's data"},
        {PROGRAM_RUN, text, AXADDR_EXECUTE, "killed: runs the kernel's text"},
        {PROGRAM_READ, LATER_AT, AXADDR_READ, "killed: reads what was mapped later"},
        {PROGRAM_WRITE, USER_TEXT, AXADDR_WRITE, "killed: writes its own text"},
        {PROGRAM_RUN, USER_HEAP, AXADDR_EXECUTE, "killed: runs its heap"},
        {PROGRAM_SEAL, USER_HEAP, AXADDR_WRITE, "killed: writes what it had sealed"},
        {PROGRAM_READ, 0, AXADDR_READ, "killed: follows a null pointer"},
        {PROGRAM_WRITE, USER_STACK - USER_STACK_SIZE - 8, AXADDR_WRITE,
         "killed: writes below its stack"},
    };

    for (unsigned i = 0; i < sizeof crimes / sizeof *crimes; i++) {
        show_crime(&crimes[i]);
    }
}

/* ---- the second CPU ---- */

static struct process of_cpu[CPU_COUNT][2];
static bool second_sees_later;
static bool second_is_told;
static unsigned stage;

static void reach(unsigned number) {
    __atomic_store_n(&stage, number, __ATOMIC_RELEASE);
}

static void await(unsigned number) {
    while (__atomic_load_n(&stage, __ATOMIC_ACQUIRE) != number) {
        AXADDR_CPU_RELAX();
    }
}

static void run_those_of(unsigned cpu) {
    while (process_turn(of_cpu[cpu], 2)) {
    }
}

_Noreturn static void main_of_second(void) {
    require(use_kernel(vm_root(&kernel_space), &early_roots), "use the kernel's space");
    run_those_of(this_cpu());
    second_sees_later = !probe_read(RAM_START + UINT64_C(0x200000)) &&
                        !probe_write((uintptr_t)nothing) && probe_read(LATER_AT) &&
                        probe_read(LATER_MEMORY);
    reach(1);
    await(2);
    second_is_told = !probe_read(LATER_MEMORY);
    reach(3);
    stop_cpu();
    for (;;) {
    }
}

static void check_users_of_both(void) {
    bool is_all_done = true;
    bool is_apart = true;

    for (unsigned i = 0; i < 4; i++) {
        struct process *process = &of_cpu[i / 2][i % 2];

        is_all_done = is_all_done && has_done_its_work(process) && has_its_words(process, 3 + i) &&
                      process->later_seen == process->later_count;
        is_apart = is_apart && process->is_entered[i / 2] && !process->is_entered[1 - i / 2];
        process_end(process);
    }
    check(is_all_done && is_apart, "two users on each CPU have done their work");
    check(flush_all_count > CPU_COUNT, "ASIDs ran out, and were given anew");
}

static void show_second_cpu(void) {
    const unsigned first = this_cpu();
    const unsigned second = CPU_COUNT - 1 - first;
    const uint64_t before = frames_taken();

    for (unsigned i = 0; i < 4; i++) {
        process_make(&of_cpu[i / 2][i % 2], PROGRAM_WORK, 3 + i);
    }
    if (!start_cpu(second, physical(second_start))) {
        panic("no second CPU", second);
    }
    run_those_of(first);
    await(1);
    memory_unmap_later();
    reach(2);
    await(3);
    check(second_sees_later, "the second CPU is in the same kernel space");
    check(second_is_told, "and forgets what the first has unmapped there");
    check_users_of_both();
    check(frames_taken() == before, "all their frames came back");
}

/* ---- all of it ---- */

/** Back to the early table: then the kernel's space can go as well. */
static void show_end(void) {
    require(use_kernel(early_roots.upper, &early_roots), "use the early table");
    vm_destroy(&kernel_space);
    check(frames_taken() == 0 && frames_wrong() == 0,
          "the kernel's space is gone, and every frame came back once");
}

_Noreturn void main(uint64_t is_second) {
    if (is_second != 0) {
        main_of_second();
    }
    memory_init();
    /* Two bits are few, so that they run out. A kernel takes what the machine has. */
    check(asid_bits() >= 8, "the machine has ASIDs");
    require(asids_init(&asid_pool, 0, 2, CPU_COUNT), "init the ASIDs");
    show_kernel_space();
    show_two_users();
    show_crimes();
    show_second_cpu();
    show_end();
    finish();
}
