/* SPDX-License-Identifier: MIT
 *
 * device_bus.h: which emulated device an access is for. A bus is a sorted array of ranges, each with
 * a handler; ranges are of any bytes, so several devices can share a page, and there is one kind of
 * bus for each kind of address: guest-physical (axaddr_gpa), I/O ports (axaddr_port), system
 * registers (axaddr_sysreg). A complete example:
 *
 *     AXADDR_DEFINE_DEVICE_BUS(mmio, axaddr_gpa, 64);
 *     static struct mmio bus;
 *
 *     static enum axaddr_status uart_access(void *arg, struct axaddr_device_access *access) {
 *         struct uart *uart = arg;
 *         if (access->is_write) {
 *             uart_write(uart, access->offset, (uint32_t)access->value);
 *         } else {
 *             access->value = uart_read(uart, access->offset);
 *         }
 *         return AXADDR_OK;
 *     }
 *
 *     const struct axaddr_device device = {uart_access, &uart, 7, "uart"};
 *     status = mmio_init(&bus, axaddr_gpa(0), axaddr_gpa(UINT64_MAX));
 *     status = mmio_add(&bus, axaddr_gpa(0x9000000), axaddr_gpa(0x9000fff), &device);
 *
 *     // where vm_handle_fault says AXADDR_FAULT_DEVICE; what kind of access it was, the exit says
 *     struct axaddr_device_access access = {0};
 *     access.width = AXADDR_WIDTH_4;
 *     access.is_write = exit.is_write;
 *     access.value = exit.value;
 *     status = mmio_access(&bus, &vcpu->hint, axaddr_gpa(exit.gpa), &access);
 *
 * What AXADDR_DEFINE_DEVICE_BUS(name, address, capacity) generates, for an `address` of
 * AXADDR_DEFINE_ADDR and 1 to 32768 devices. Ranges are [first, last], both in it; "later" is after
 * an edit that was under way on another CPU.
 *
 *     struct name                                  the bus; 48 bytes for each device, rounded up to
 *                                                  a power of two of them; no pointer into itself
 *     status name_init(bus, first, last)           an empty bus for these addresses (for ports 0 to
 *                                                  0xffff). INVALID: last < first
 *     status name_add(bus, first, last, &device)   INVALID: last < first, outside the limits, or no
 *                                                  handler; EXISTS: a byte of it is another's;
 *                                                  NO_MEMORY: the bus is full
 *     status name_remove(bus, first)               the device whose range begins there. NOT_MAPPED:
 *                                                  none does
 *     status name_access(bus, hint, address, &access)  call the handler of the device that has the
 *                                                  address; its status. The bus's own: INVALID (a
 *                                                  width that is none, beyond the limits or the last
 *                                                  byte of all, or across the end of the range:
 *                                                  an access is never split), NOT_MAPPED (the first
 *                                                  byte is no device's), BUSY (try again later)
 *     status name_find(bus, address, &entry)       the device that has the address: its range and
 *                                                  struct axaddr_device, by a struct name_entry.
 *                                                  INVALID: outside the limits; NOT_MAPPED; BUSY
 *     status name_next(bus, from, &entry)          the first one that ends there or later.
 *                                                  NOT_MAPPED: there is none; BUSY. All of them:
 *                                                  begin with 0, go on with entry.last + 1
 *     size_t name_count(bus)                       devices
 *
 * A failed call has changed nothing: the access's value is what it was, but for a failure that the
 * handler itself reports.
 *
 * ## Many CPUs
 *
 * access, find, next and count take no lock and write nothing to the bus: any number of CPUs may be
 * in them, also while one CPU is in add or remove. It is the caller who keeps two edits apart. A
 * reader copies what it needs of an entry and then looks whether an edit was going on, by a number
 * that each edit makes odd and then even again; if so it does all that again, AXADDR_BUS_TRIES
 * times before it says BUSY. Nothing is locked while a handler runs: it may access the bus again,
 * and even edit it.
 *
 * So when remove returns, another CPU may be in the handler of what was removed, or about to enter
 * it. Before the device is freed, wait until each CPU that was in name_access has come out of it
 * once: an axaddr_quiesce_cpu per vCPU (quiesce.h) entered and left around the access, and
 * axaddr_quiesce_wait after the remove; not from inside a handler, which would wait for itself.
 *
 * ## The hint
 *
 * Guests poke the same device again and again. `hint`, a struct axaddr_bus_hint of the vCPU's (all
 * bytes zero at first; 0 for none), is where the last device was: it is looked at before the array
 * is searched. It may be stale, or of another bus, and is never trusted. It belongs to the caller,
 * and there is none in the bus for all: the bus's lines stay shared in all caches that way, while
 * vCPUs that use different devices would take one from each other at every access.
 *
 * ## With traps
 *
 * vm_map_device(vm, gpa, size, cookie) traps whole pages, on which any number of ranges of a bus may
 * lie: handle_fault says AXADDR_FAULT_DEVICE there, query tells the cookie, which may say which bus
 * it is (or be that of the device, where it has the page to itself), and name_access serves it.
 * NOT_MAPPED is then a register that nobody has: most machines read ones there and drop writes.
 */
#ifndef AXADDR_CORE_DEVICE_BUS_H
#define AXADDR_CORE_DEVICE_BUS_H

#include "addr.h"
#include "quiesce.h"
#include "width.h"

/** An I/O port of x86, 0 to 0xffff: give a bus of them these limits. */
AXADDR_DEFINE_ADDR_LABELLED(axaddr_port, "port");
/** A system register, by the number that an exit gives: an MSR, an encoding of MRS/MSR, a CSR. */
AXADDR_DEFINE_ADDR_LABELLED(axaddr_sysreg, "sysreg");

/** So often is a look at a bus repeated that edits disturb, before it is BUSY. */
#ifndef AXADDR_BUS_TRIES
#define AXADDR_BUS_TRIES 1000
#endif

/** A bus called `struct name` for up to `capacity` devices. See the top of this file. */
#define AXADDR_DEFINE_DEVICE_BUS(name, address, capacity)                                          \
    AXADDR_BUS_TYPES_(name, address, AXADDR_BUS_SLOTS_(capacity))                                  \
    static const struct axaddr_bus_kind name##_kind_ = {capacity, AXADDR_BUS_SLOTS_(capacity),     \
                                                        offsetof(struct name, slots)};             \
    AXADDR_BEGIN_GENERATED_                                                                        \
    AXADDR_BUS_EDITS_(name, address)                                                               \
    AXADDR_BUS_LOOKS_(name, address)                                                               \
    AXADDR_END_GENERATED_                                                                          \
    AXADDR_STATIC_ASSERT((capacity) >= 1 && (capacity) <= 32768, "a bus has 1 to 32768 devices")

/** An access, as the caller describes it and the handler serves it. */
struct axaddr_device_access {
    uint64_t address; /**< its first byte; filled in before the handler is called */
    uint64_t offset;  /**< the same, from the first byte of the device's range on; likewise */
    uint64_t value;   /**< what is written, or was read: the low bytes; the others become 0 */
    enum axaddr_width width;
    bool is_write;
};

/**
 * Serve an access to a device. Called on whichever CPUs access it, by several at once; `arg` is the
 * device's. The bus has checked that all its bytes are the device's, and nothing else: whether it
 * has a register there, and of that width, is for the handler to say.
 */
typedef enum axaddr_status (*axaddr_device_handler)(void *arg, struct axaddr_device_access *access);

/** What has a range of a bus. */
struct axaddr_device {
    axaddr_device_handler handler;
    void *arg;        /**< the handler's first argument */
    uint32_t cookie;  /**< the caller's own */
    const char *name; /**< for messages, or 0; not copied */
};

/** Where the last access went: a vCPU's own. All bytes zero: nowhere yet. Its member is private. */
struct axaddr_bus_hint {
    uint32_t index;
};

/* ---- what is in a bus ---- */

/**
 * 64 bits that are read while they may be written. Torn they may be, where a processor has to take
 * them in halves: the sequence tells. Relaxed atomics, so that this is no data race.
 */
struct axaddr_bus_word {
#if UINTPTR_MAX > UINT32_MAX
    uint64_t all;
#else
    uint32_t low;
    uint32_t high;
#endif
};

AXADDR_ALWAYS_INLINE uint64_t axaddr_bus_read(const struct axaddr_bus_word *word) {
#if UINTPTR_MAX > UINT32_MAX
    return __atomic_load_n(&word->all, __ATOMIC_RELAXED);
#else
    uint32_t low = __atomic_load_n(&word->low, __ATOMIC_RELAXED);
    return (uint64_t)__atomic_load_n(&word->high, __ATOMIC_RELAXED) << 32 | low;
#endif
}

AXADDR_ALWAYS_INLINE void axaddr_bus_write(struct axaddr_bus_word *word, uint64_t value) {
#if UINTPTR_MAX > UINT32_MAX
    __atomic_store_n(&word->all, value, __ATOMIC_RELAXED);
#else
    __atomic_store_n(&word->low, (uint32_t)value, __ATOMIC_RELAXED);
    __atomic_store_n(&word->high, (uint32_t)(value >> 32), __ATOMIC_RELAXED);
#endif
}

/** An entry as it lies in a bus. Each member is read and written as an atomic of its own. */
struct axaddr_bus_slot {
    struct axaddr_bus_word first;
    struct axaddr_bus_word last;
    axaddr_device_handler handler;
    void *arg;
    const char *name;
    uint32_t cookie;
};

/** What buses of all types begin with. */
struct axaddr_bus {
    uint32_t sequence; /**< odd while an edit is going on */
    uint32_t count;
    uint64_t first; /**< the limits; they never change */
    uint64_t last;
};

/**
 * One type of bus: a constant. The search is over a power of two of slots, so that its steps do not
 * depend on how many are in use: those behind the last device are copies of it, and those of an
 * empty bus contain nothing ([UINT64_MAX, 0]).
 */
struct axaddr_bus_kind {
    uint32_t capacity;
    uint32_t slot_count;
    size_t slots; /**< where the array is, from the beginning of the bus */
};

/** An entry, copied out. */
struct axaddr_bus_entry {
    uint64_t first;
    uint64_t last;
    struct axaddr_device device;
};

/* By its members: no compiler makes a call of that. */
AXADDR_ALWAYS_INLINE void axaddr_device_copy(const struct axaddr_device *from,
                                             struct axaddr_device *to) {
    to->handler = from->handler;
    to->arg = from->arg;
    to->cookie = from->cookie;
    to->name = from->name;
}

AXADDR_ALWAYS_INLINE struct axaddr_bus_slot *axaddr_bus_slot_at(const struct axaddr_bus_kind *kind,
                                                                const struct axaddr_bus *bus,
                                                                uint32_t index) {
    unsigned char *slots = (unsigned char *)(uintptr_t)bus + kind->slots;

    return (struct axaddr_bus_slot *)(void *)slots + index;
}

/** The last slot whose range begins at `at` or before; the first one if none does. */
AXADDR_ALWAYS_INLINE struct axaddr_bus_slot *
axaddr_bus_search(const struct axaddr_bus_kind *kind, const struct axaddr_bus *bus, uint64_t at) {
    struct axaddr_bus_slot *slot = axaddr_bus_slot_at(kind, bus, 0);
    uint32_t half;

    /* No branch depends on what is compared. */
    _Pragma("GCC unroll 16") for (half = kind->slot_count / 2; half != 0; half /= 2) {
        struct axaddr_bus_slot *middle = slot + half;
        slot = axaddr_bus_read(&middle->first) <= at ? middle : slot;
    }
    return slot;
}

/* ---- looking, beside an edit ---- */

/** Begin to look: a number for axaddr_bus_is_steady, which is not true if an edit is under way. */
AXADDR_ALWAYS_INLINE uint32_t axaddr_bus_begin(const struct axaddr_bus *bus) {
    return __atomic_load_n(&bus->sequence, __ATOMIC_ACQUIRE) & ~1u;
}

/** Whether all that was read since then belongs together. */
AXADDR_ALWAYS_INLINE bool axaddr_bus_is_steady(const struct axaddr_bus *bus, uint32_t sequence) {
    __atomic_thread_fence(__ATOMIC_ACQUIRE);
    return AXADDR_LIKELY(__atomic_load_n(&bus->sequence, __ATOMIC_RELAXED) == sequence);
}

/** What an access needs of a slot. */
AXADDR_ALWAYS_INLINE void axaddr_bus_glance(const struct axaddr_bus_slot *slot,
                                            struct axaddr_bus_entry *entry) {
    entry->first = axaddr_bus_read(&slot->first);
    entry->last = axaddr_bus_read(&slot->last);
    entry->device.handler = __atomic_load_n(&slot->handler, __ATOMIC_RELAXED);
    entry->device.arg = __atomic_load_n(&slot->arg, __ATOMIC_RELAXED);
}

/** All of it. */
AXADDR_ALWAYS_INLINE void axaddr_bus_copy(const struct axaddr_bus_slot *slot,
                                          struct axaddr_bus_entry *entry) {
    axaddr_bus_glance(slot, entry);
    entry->device.cookie = __atomic_load_n(&slot->cookie, __ATOMIC_RELAXED);
    entry->device.name = __atomic_load_n(&slot->name, __ATOMIC_RELAXED);
}

/** Whether [at, at + extent] is of an entry. */
AXADDR_ALWAYS_INLINE bool axaddr_bus_has(const struct axaddr_bus_entry *entry, uint64_t at,
                                         uint64_t extent) {
    return at >= entry->first && at <= entry->last && entry->last - at >= extent;
}

/** Have an access served. `mask` is its width's. */
AXADDR_ALWAYS_INLINE enum axaddr_status axaddr_bus_serve(const struct axaddr_bus_entry *entry,
                                                         uint64_t at, uint64_t mask,
                                                         struct axaddr_device_access *access) {
    enum axaddr_status status;

    access->address = at;
    access->offset = at - entry->first;
    access->value &= mask;
    status = entry->device.handler(entry->device.arg, access);
    access->value &= mask;
    return status;
}

/** Any access: what failed at first, or is none for the bus, or came across an edit. */
AXADDR_NOINLINE AXADDR_UNUSED static enum axaddr_status
axaddr_bus_access_slow(const struct axaddr_bus_kind *kind, const struct axaddr_bus *bus,
                       uint64_t at, struct axaddr_device_access *access) {
    uint64_t mask = axaddr_width_mask(access->width);
    uint64_t extent = (uint64_t)access->width - 1;
    unsigned tries;

    if (mask == 0 || at < bus->first || at > bus->last || bus->last - at < extent) {
        return AXADDR_INVALID;
    }
    for (tries = 0; tries < AXADDR_BUS_TRIES; tries++) {
        uint32_t sequence = axaddr_bus_begin(bus);
        struct axaddr_bus_entry entry;

        axaddr_bus_glance(axaddr_bus_search(kind, bus, at), &entry);
        if (axaddr_bus_is_steady(bus, sequence)) {
            return axaddr_bus_has(&entry, at, extent) ? axaddr_bus_serve(&entry, at, mask, access)
                   : axaddr_bus_has(&entry, at, 0)    ? AXADDR_INVALID
                                                      : AXADDR_NOT_MAPPED;
        }
        AXADDR_CPU_RELAX();
    }
    return AXADDR_BUSY;
}

/** See the top of this file. What is within a range is within the limits. */
AXADDR_ALWAYS_INLINE enum axaddr_status axaddr_bus_access(const struct axaddr_bus_kind *kind,
                                                          const struct axaddr_bus *bus,
                                                          struct axaddr_bus_hint *hint, uint64_t at,
                                                          struct axaddr_device_access *access) {
    uint64_t mask = axaddr_width_mask(access->width);
    uint64_t extent = (uint64_t)access->width - 1;
    uint32_t sequence = axaddr_bus_begin(bus);
    struct axaddr_bus_slot *slot;
    struct axaddr_bus_entry entry;

    if (AXADDR_UNLIKELY(mask == 0)) {
        return AXADDR_INVALID;
    }
    if (hint != 0) {
        slot = axaddr_bus_slot_at(kind, bus, hint->index & (kind->slot_count - 1));
        axaddr_bus_glance(slot, &entry);
        if (axaddr_bus_has(&entry, at, extent) && axaddr_bus_is_steady(bus, sequence)) {
            return axaddr_bus_serve(&entry, at, mask, access);
        }
    }
    slot = axaddr_bus_search(kind, bus, at);
    if (hint != 0) {
        hint->index = (uint32_t)(slot - axaddr_bus_slot_at(kind, bus, 0));
    }
    axaddr_bus_glance(slot, &entry);
    if (AXADDR_LIKELY(axaddr_bus_has(&entry, at, extent) && axaddr_bus_is_steady(bus, sequence))) {
        return axaddr_bus_serve(&entry, at, mask, access);
    }
    return axaddr_bus_access_slow(kind, bus, at, access);
}

/** The device at `at`. `is_next`: or, if there is none, the next one; INVALID is not said then. */
AXADDR_ALWAYS_INLINE enum axaddr_status axaddr_bus_find(const struct axaddr_bus_kind *kind,
                                                        const struct axaddr_bus *bus, uint64_t at,
                                                        bool is_next,
                                                        struct axaddr_bus_entry *entry) {
    unsigned tries;

    if (!is_next && (at < bus->first || at > bus->last)) {
        return AXADDR_INVALID;
    }
    for (tries = 0; tries < AXADDR_BUS_TRIES; tries++) {
        uint32_t sequence = axaddr_bus_begin(bus);
        struct axaddr_bus_slot *slot = axaddr_bus_search(kind, bus, at);

        axaddr_bus_copy(slot, entry);
        if (is_next && at > entry->last &&
            slot != axaddr_bus_slot_at(kind, bus, kind->slot_count - 1)) {
            axaddr_bus_copy(slot + 1, entry);
        }
        if (axaddr_bus_is_steady(bus, sequence)) {
            bool is_found = at <= entry->last && (is_next || at >= entry->first);
            return is_found && entry->device.handler != 0 ? AXADDR_OK : AXADDR_NOT_MAPPED;
        }
        AXADDR_CPU_RELAX();
    }
    return AXADDR_BUSY;
}

/* ---- edits: one at a time ---- */

AXADDR_ALWAYS_INLINE void axaddr_bus_begin_edit(struct axaddr_bus *bus) {
    uint32_t sequence = __atomic_load_n(&bus->sequence, __ATOMIC_RELAXED);

    __atomic_store_n(&bus->sequence, sequence + 1, __ATOMIC_RELAXED);
    __atomic_thread_fence(__ATOMIC_RELEASE);
}

AXADDR_ALWAYS_INLINE void axaddr_bus_end_edit(struct axaddr_bus *bus, uint32_t count) {
    uint32_t sequence = __atomic_load_n(&bus->sequence, __ATOMIC_RELAXED);

    __atomic_store_n(&bus->count, count, __ATOMIC_RELAXED);
    __atomic_store_n(&bus->sequence, sequence + 1, __ATOMIC_RELEASE);
}

static inline void axaddr_bus_put(const struct axaddr_bus_kind *kind, struct axaddr_bus *bus,
                                  uint32_t index, const struct axaddr_bus_entry *entry) {
    struct axaddr_bus_slot *slot = axaddr_bus_slot_at(kind, bus, index);

    axaddr_bus_write(&slot->first, entry->first);
    axaddr_bus_write(&slot->last, entry->last);
    __atomic_store_n(&slot->handler, entry->device.handler, __ATOMIC_RELAXED);
    __atomic_store_n(&slot->arg, entry->device.arg, __ATOMIC_RELAXED);
    __atomic_store_n(&slot->cookie, entry->device.cookie, __ATOMIC_RELAXED);
    __atomic_store_n(&slot->name, entry->device.name, __ATOMIC_RELAXED);
}

/** Fill the slots behind the last device with copies of it. */
static inline void axaddr_bus_pad(const struct axaddr_bus_kind *kind, struct axaddr_bus *bus,
                                  uint32_t count) {
    struct axaddr_bus_entry entry = {UINT64_MAX, 0, {0, 0, 0, 0}};
    uint32_t index;

    if (count > 0) {
        axaddr_bus_copy(axaddr_bus_slot_at(kind, bus, count - 1), &entry);
    }
    for (index = count; index < kind->slot_count; index++) {
        axaddr_bus_put(kind, bus, index, &entry);
    }
}

static inline enum axaddr_status axaddr_bus_init(const struct axaddr_bus_kind *kind,
                                                 struct axaddr_bus *bus, uint64_t first,
                                                 uint64_t last) {
    if (last < first) {
        return AXADDR_INVALID;
    }
    bus->sequence = 0;
    bus->count = 0;
    bus->first = first;
    bus->last = last;
    axaddr_bus_pad(kind, bus, 0);
    return AXADDR_OK;
}

static inline enum axaddr_status axaddr_bus_add(const struct axaddr_bus_kind *kind,
                                                struct axaddr_bus *bus, uint64_t first,
                                                uint64_t last, const struct axaddr_device *device) {
    uint32_t count = bus->count;
    uint32_t place = count; /* of the first range behind the new one */
    struct axaddr_bus_entry entry;
    uint32_t index;

    if (last < first || first < bus->first || last > bus->last || device->handler == 0) {
        return AXADDR_INVALID;
    }
    for (; place > 0; place--) {
        axaddr_bus_copy(axaddr_bus_slot_at(kind, bus, place - 1), &entry);
        if (entry.first <= last) {
            break;
        }
    }
    if (place > 0 && entry.last >= first) {
        return AXADDR_EXISTS;
    }
    if (count == kind->capacity) {
        return AXADDR_NO_MEMORY;
    }
    axaddr_bus_begin_edit(bus);
    for (index = count; index > place; index--) {
        axaddr_bus_copy(axaddr_bus_slot_at(kind, bus, index - 1), &entry);
        axaddr_bus_put(kind, bus, index, &entry);
    }
    entry.first = first;
    entry.last = last;
    axaddr_device_copy(device, &entry.device);
    axaddr_bus_put(kind, bus, place, &entry);
    axaddr_bus_pad(kind, bus, count + 1);
    axaddr_bus_end_edit(bus, count + 1);
    return AXADDR_OK;
}

static inline enum axaddr_status axaddr_bus_remove(const struct axaddr_bus_kind *kind,
                                                   struct axaddr_bus *bus, uint64_t first) {
    uint32_t count = bus->count;
    struct axaddr_bus_entry entry;
    uint32_t index = 0;

    while (index < count &&
           axaddr_bus_read(&axaddr_bus_slot_at(kind, bus, index)->first) != first) {
        index++;
    }
    if (index == count) {
        return AXADDR_NOT_MAPPED;
    }
    axaddr_bus_begin_edit(bus);
    for (; index + 1 < count; index++) {
        axaddr_bus_copy(axaddr_bus_slot_at(kind, bus, index + 1), &entry);
        axaddr_bus_put(kind, bus, index, &entry);
    }
    axaddr_bus_pad(kind, bus, count - 1);
    axaddr_bus_end_edit(bus, count - 1);
    return AXADDR_OK;
}

/* ---- what AXADDR_DEFINE_DEVICE_BUS generates ---- */

/* A power of two, as a constant, that is not less than a number from 1 to 32768. */
#define AXADDR_BUS_SMEAR_1_(n)   ((n) | (n) >> 1)
#define AXADDR_BUS_SMEAR_2_(n)   (AXADDR_BUS_SMEAR_1_(n) | AXADDR_BUS_SMEAR_1_(n) >> 2)
#define AXADDR_BUS_SMEAR_4_(n)   (AXADDR_BUS_SMEAR_2_(n) | AXADDR_BUS_SMEAR_2_(n) >> 4)
#define AXADDR_BUS_SMEAR_8_(n)   (AXADDR_BUS_SMEAR_4_(n) | AXADDR_BUS_SMEAR_4_(n) >> 8)
#define AXADDR_BUS_SLOTS_(count) (AXADDR_BUS_SMEAR_8_((count)-1u) + 1u)

#define AXADDR_BUS_STATIC_  AXADDR_UNUSED static inline
#define AXADDR_BUS_CHECKED_ AXADDR_MUST_CHECK AXADDR_UNUSED static inline enum axaddr_status

#define AXADDR_BUS_TYPES_(name, address, slot_count)                                               \
    struct name {                                                                                  \
        struct axaddr_bus core;                                                                    \
        struct axaddr_bus_slot slots[slot_count];                                                  \
    };                                                                                             \
    struct name##_entry {                                                                          \
        address##_t first;                                                                         \
        address##_t last;                                                                          \
        struct axaddr_device device;                                                               \
    };

#define AXADDR_BUS_EDITS_(name, address)                                                           \
    AXADDR_BUS_CHECKED_ name##_init(struct name *bus, address##_t first, address##_t last) {       \
        return axaddr_bus_init(&name##_kind_, &bus->core, first.raw, last.raw);                    \
    }                                                                                              \
    AXADDR_BUS_CHECKED_ name##_add(struct name *bus, address##_t first, address##_t last,          \
                                   const struct axaddr_device *device) {                           \
        return axaddr_bus_add(&name##_kind_, &bus->core, first.raw, last.raw, device);             \
    }                                                                                              \
    AXADDR_BUS_CHECKED_ name##_remove(struct name *bus, address##_t first) {                       \
        return axaddr_bus_remove(&name##_kind_, &bus->core, first.raw);                            \
    }                                                                                              \
    AXADDR_BUS_STATIC_ size_t name##_count(const struct name *bus) {                               \
        return __atomic_load_n(&bus->core.count, __ATOMIC_RELAXED);                                \
    }

#define AXADDR_BUS_LOOKS_(name, address)                                                           \
    AXADDR_BUS_CHECKED_ name##_tell_(                                                              \
        enum axaddr_status status, const struct axaddr_bus_entry *from, struct name##_entry *to) { \
        if (status == AXADDR_OK) {                                                                 \
            to->first = address(from->first);                                                      \
            to->last = address(from->last);                                                        \
            axaddr_device_copy(&from->device, &to->device);                                        \
        }                                                                                          \
        return status;                                                                             \
    }                                                                                              \
    AXADDR_BUS_CHECKED_ name##_access(const struct name *bus, struct axaddr_bus_hint *hint,        \
                                      address##_t at, struct axaddr_device_access *access) {       \
        return axaddr_bus_access(&name##_kind_, &bus->core, hint, at.raw, access);                 \
    }                                                                                              \
    AXADDR_BUS_CHECKED_ name##_find(const struct name *bus, address##_t at,                        \
                                    struct name##_entry *entry) {                                  \
        struct axaddr_bus_entry raw;                                                               \
        return name##_tell_(axaddr_bus_find(&name##_kind_, &bus->core, at.raw, false, &raw), &raw, \
                            entry);                                                                \
    }                                                                                              \
    AXADDR_BUS_CHECKED_ name##_next(const struct name *bus, address##_t from,                      \
                                    struct name##_entry *entry) {                                  \
        struct axaddr_bus_entry raw;                                                               \
        return name##_tell_(axaddr_bus_find(&name##_kind_, &bus->core, from.raw, true, &raw),      \
                            &raw, entry);                                                          \
    }

#endif /* AXADDR_CORE_DEVICE_BUS_H */
