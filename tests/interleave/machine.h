/* SPDX-License-Identifier: MIT
 *
 * machine.h: the machine under the engine while threads interleave: frames with a ledger, two
 * vCPUs whose TLBs remember all that they could ever have seen, and a HAL whose functions, and the
 * engine's accesses to entries, are the steps that scheduler.h puts into every order.
 *
 * After each step that changed anything, hardware walks for each watched page, and what it finds is
 * judged: a translation that no moment of any sequential order allows, a frame that is free, is
 * another page's or was not zeroed, a change of frame under a guest, a lost accessed or dirty bit.
 * A frame may be freed when no walk reaches it and no TLB remembers it, and is not used again in
 * the same run (unless `is_recycling`), so whoever still follows a pointer to it is found out.
 */
#ifndef AXADDR_TESTS_INTERLEAVE_MACHINE_H
#define AXADDR_TESTS_INTERLEAVE_MACHINE_H

#include "scheduler.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

static void machine_on_entry(const void *slot, bool is_write);
#define AXADDR_ON_ENTRY_ACCESS(slot, is_write) machine_on_entry(slot, is_write)
#include "../../axaddr.h"

#define MACHINE_FRAME_MAX   128
#define MACHINE_FRAME_SIZE  4096u
#define MACHINE_ENTRY_MAX   512
#define MACHINE_PAGE_MAX    24
#define MACHINE_SEEN_MAX    24
#define MACHINE_CACHED_MAX  12
#define MACHINE_ALLOWED_MAX 16
/** Where frames are: below 4 GiB for toy32, and not where 0 is. */
#define MACHINE_BASE        UINT64_C(0x40073000)
/** Memory that somebody else owns, as large as the input space: linear areas map to it. */
#define MACHINE_FOREIGN     UINT64_C(0x80000000)
/** The zero frame, and the pages of a file that backed areas map read-only. */
#define MACHINE_ZERO        UINT64_C(0x50000000)
#define MACHINE_FILE        UINT64_C(0x60000000)
/** What is in frames that nobody has written: leaves and tables, for who follows it. */
#define MACHINE_FILL_TAKEN  0x55
#define MACHINE_FILL_FREED  0x5d
#define MACHINE_NOBODY      SCHEDULER_THREAD_MAX
#define MACHINE_NO_PAGE     0xff
/** Both vCPUs, as bits. */
#define MACHINE_VCPUS       3u

enum machine_frame_state { MACHINE_FREE, MACHINE_USED, MACHINE_DEAD };

struct machine_frame {
    enum machine_frame_state state;
    unsigned taker;      /**< the thread that allocated it, */
    uint32_t taken_in;   /**< in this call */
    bool is_supplied;    /**< it is the HAL's own: it was given by supply_frame */
    bool is_table;       /**< hardware has used it as a table, */
    bool is_reached;     /**< has reached it at all, */
    uint32_t reached_in; /**< last in the walk of this number */
    unsigned level;      /**< as a table: its level, */
    uint64_t first;      /**< the first address that it decides, */
    uint64_t watched[MACHINE_ENTRY_MAX / 64]; /**< and its entries on the way to watched pages */
    unsigned cached_by;                       /**< vCPUs whose walk caches may have a way to it */
    unsigned page;                            /**< the page that it backs, or MACHINE_NO_PAGE */
};

/** A translation that a TLB may hold. */
struct machine_cached {
    uint64_t hpa;
    uint32_t flags;
    uint64_t leaf;  /**< that it came from, */
    unsigned level; /**< of this level, */
    bool is_run;    /**< with the hint that it is part of a run */
    unsigned vcpus; /**< who may hold it: bits */
};

/** A page that is looked at after each change. */
struct machine_page {
    uint64_t address;
    uint64_t entry;       /**< what decides it now, */
    unsigned level;       /**< at this level, */
    bool is_run;          /**< with the hint that it is part of a run */
    uint64_t noted_frame; /**< hardware has noted accesses to this frame (0: to none): */
    uint32_t notes;       /**< these, of which no harvest */
    uint32_t told;        /**< has told these yet */
    struct machine_cached cached[MACHINE_CACHED_MAX];
    unsigned cached_count;
    int supplied; /**< how often it was supplied with the file's page, and did not return it */
};

/** What may be seen at a page: prepared for a case, the same in all its runs. */
struct machine_allowed {
    uint64_t keys[MACHINE_ALLOWED_MAX];
    unsigned key_count;
    bool is_parking; /**< and also nothing, for a moment */
};

/** What decided a page at some moment. */
struct machine_seen {
    uint64_t entry;
    unsigned level;
};

/** What a thread is doing. */
struct machine_call {
    bool is_reader;   /**< a fault, translate or query: takes no lock, and quiesce waits for it */
    bool is_hardware; /**< a guest's access */
    bool is_inside;   /**< its first step has been done */
    bool is_entering; /**< it has announced a walk, */
    bool is_walking;  /**< and done a step of it */
    bool was_refused; /**< an allocation failed */
    uint32_t serial;
    uint32_t walk; /**< a number for the walk */
    unsigned page;
    unsigned alloc_count;
    struct machine_seen seen[MACHINE_SEEN_MAX]; /**< what decided the page while it was inside */
    unsigned seen_count;
    uint32_t awaited[SCHEDULER_THREAD_MAX]; /**< quiesce: walks that went on (0: none) */
};

struct machine {
    struct machine_frame frames[MACHINE_FRAME_MAX];
    struct machine_page pages[MACHINE_PAGE_MAX];
    struct machine_call calls[SCHEDULER_THREAD_MAX];
    uint64_t done[SCHEDULER_THREAD_MAX]; /**< bytes that each thread's steps have done */
    unsigned holder;                     /**< who has the lock */
    bool is_dirty;                       /**< something changed since the last look */
    uint32_t walk_number;
    uint32_t serial;
    char error[200];
};

static struct machine machine;

/* What stays as it is during the runs of a case. */
static uint8_t machine_memory[MACHINE_FRAME_MAX][MACHINE_FRAME_SIZE]
    __attribute__((aligned(MACHINE_FRAME_SIZE)));
static const struct axaddr_format *machine_format;
static uint64_t machine_root;
static unsigned machine_page_count;
static struct machine_allowed machine_allowed[MACHINE_PAGE_MAX];
static bool machine_is_concurrent; /**< steps are announced */
static bool machine_is_judging;    /**< what hardware finds must be allowed */
static bool machine_is_recycling;  /**< freed frames are handed out again at once */
static bool machine_has_upgrades;  /**< faults may take the lock */
static bool machine_is_in_call;    /**< no thread runs, but the engine does, */
static jmp_buf machine_escape;     /**< and this is the way out */
static unsigned machine_acting;    /**< who is meant when no thread runs */
static unsigned machine_refused;   /**< the thread whose allocations fail, */
static unsigned machine_refuse_at; /**< at this one of each call (0: none) */
static void (*machine_on_trace)(const struct scheduler_step *step);

/** Something is wrong: the first thing that is told. The engine is not let go on. */
__attribute__((format(printf, 1, 2))) static void machine_complain(const char *format, ...) {
    va_list arguments;
    if (machine.error[0] == '\0') {
        va_start(arguments, format);
        vsnprintf(machine.error, sizeof(machine.error), format, arguments);
        va_end(arguments);
    }
    if (machine_is_concurrent) {
        scheduler_stop();
    }
    if (machine_is_in_call) {
        longjmp(machine_escape, 1);
    }
}

static unsigned machine_self(void) {
    return machine_is_concurrent ? scheduler.current : machine_acting;
}

/* ---- frames ---- */

static uint64_t machine_address(unsigned index) {
    return MACHINE_BASE + (uint64_t)index * MACHINE_FRAME_SIZE;
}

/** The ledger's line for the frame at a host address; 0 if it is not one of ours. */
static struct machine_frame *machine_frame(uint64_t hpa) {
    uint64_t index = (hpa - MACHINE_BASE) / MACHINE_FRAME_SIZE;
    return hpa >= MACHINE_BASE && index < MACHINE_FRAME_MAX ? &machine.frames[index] : 0;
}

static uint8_t *machine_bytes(const struct machine_frame *frame) {
    return machine_memory[frame - machine.frames];
}

static bool machine_bytes_are(const uint8_t *at, uint8_t value) {
    return at[0] == value && memcmp(at, at + 1, MACHINE_FRAME_SIZE - 1) == 0;
}

/* ---- what decides a page ---- */

/** What `key` below says that leaves are. */
#define MACHINE_LEAF 15u

static uint64_t machine_key_kind(uint64_t key) {
    return key & 15;
}

static uint32_t machine_key_flags(uint64_t key) {
    return (uint32_t)(key >> 4) & 0xff;
}

static uint64_t machine_key_value(uint64_t key) {
    return key >> 12;
}

/** Where a leaf maps the page at `address` to. */
static uint64_t machine_output(uint64_t leaf, unsigned level, uint64_t address) {
    return machine_format->frame_of(leaf, level) |
           (address & axaddr_low_bits(machine_format->shift[level]));
}

/** Two entries have the same key if they mean the same: kind, flags, and cookie or host page. */
static uint64_t machine_key(uint64_t entry, unsigned level, uint64_t address) {
    const struct axaddr_format *format = machine_format;
    uint64_t payload;
    uint64_t hpa;

    if (format->kind_of(entry, level) == AXADDR_ENTRY_LEAF) {
        hpa = machine_output(entry, level, address);
        hpa = machine_frame(hpa) != 0 ? 1 : hpa >> 12; /* one of ours is as good as another */
        return MACHINE_LEAF | (uint64_t)format->flags_of(entry, level) << 4 | hpa << 12;
    }
    if (axaddr_absent_is_parked(format->absent_kind(entry))) {
        return AXADDR_ABSENT_PARKED_LEAF;
    }
    if (format->absent_kind(entry) == AXADDR_ABSENT_EMPTY) {
        return AXADDR_ABSENT_EMPTY;
    }
    payload = format->absent_value(entry);
    return (uint64_t)format->absent_kind(entry) | (uint64_t)axaddr_payload_flags(payload) << 4 |
           (uint64_t)axaddr_payload_cookie(payload) << 12;
}

static uint64_t machine_page_key(const struct machine_page *page) {
    return machine_key(page->entry, page->level, page->address);
}

static const char *machine_key_name(uint64_t key) {
    static const char *const names[] = {"EMPTY", "RESERVED", "TRAPPED", "PARKED",
                                        "?",     "?",        "SPARSE",  "BACKED"};
    static char text[64];
    snprintf(text, sizeof(text), "%s flags 0x%" PRIx32 " value 0x%" PRIx64,
             machine_key_kind(key) < 8 ? names[key & 7] : "LEAF", machine_key_flags(key),
             machine_key_value(key));
    return text;
}

/** Entry `index` of a table, as it stands there. */
static uint64_t machine_raw(const struct machine_frame *frame, uint64_t index) {
    const uint8_t *at = machine_bytes(frame) + (index << machine_format->entry_shift);
    uint64_t entry = 0;

    if (machine_format->entry_shift == 3) {
        memcpy(&entry, at, 8);
    } else {
        memcpy(&entry, at, 4);
    }
    return entry;
}

/** Read the entry for an address out of a table, without the hint that it is part of a run. */
static uint64_t machine_read(uint64_t table, unsigned level, uint64_t address) {
    const struct axaddr_format *format = machine_format;
    const struct machine_frame *frame = machine_frame(table);
    uint64_t index = address >> format->shift[level] & axaddr_low_bits(format->index_bits[level]);
    uint64_t entry;

    if (frame == 0 || frame->state != MACHINE_USED) {
        machine_complain("hardware reads a table at 0x%" PRIx64 ", which is not in use", table);
        return format->empty;
    }
    entry = machine_raw(frame, index);
    return format->run_bits == 0 ? entry : format->plain_leaf(entry, level, index);
}

/**
 * Whether the entry for an address has that hint. Then all the live entries of the run must have
 * it, too; some may only be missing while an edit is at work.
 */
static bool machine_is_run(uint64_t table, unsigned level, uint64_t address) {
    const struct axaddr_format *format = machine_format;
    const struct machine_frame *frame = machine_frame(table);
    uint64_t index = address >> format->shift[level] & axaddr_low_bits(format->index_bits[level]);
    uint64_t first = index & ~axaddr_low_bits((unsigned)format->run_bits);
    uint64_t leaf = machine_raw(frame, index);
    uint64_t i;

    if (format->run_bits == 0 || format->plain_leaf(leaf, level, index) == leaf) {
        return false;
    }
    for (i = first; i < first + (UINT64_C(1) << format->run_bits); i++) {
        uint64_t other = machine_raw(frame, i);
        uint64_t frame_address =
            format->frame_of(leaf, level) + ((i - index) << format->shift[level]);
        bool is_live = format->kind_of(other, level) == AXADDR_ENTRY_LEAF;

        if (is_live ? format->plain_leaf(other, level, i) == other ||
                          format->flags_of(other, level) != format->flags_of(leaf, level) ||
                          format->frame_of(other, level) != frame_address
                    : machine.holder == MACHINE_NOBODY) {
            machine_complain("a run at 0x%" PRIx64 " is not whole", address);
        }
    }
    return true;
}

/** Hardware uses a table: its walk cache may remember the way to it. */
static void machine_reach_table(uint64_t table, unsigned level, uint64_t address) {
    const struct axaddr_format *format = machine_format;
    struct machine_frame *frame = machine_frame(table);
    unsigned width = format->shift[level] + (unsigned)format->index_bits[level];
    uint64_t index = address >> format->shift[level] & axaddr_low_bits(format->index_bits[level]);

    if (frame == 0) {
        return;
    }
    frame->watched[index / 64] |= UINT64_C(1) << index % 64;
    if (frame->page != MACHINE_NO_PAGE) {
        machine_complain("frame 0x%" PRIx64 " is a table and a page of the guest", table);
    }
    frame->is_table = true;
    frame->is_reached = true;
    frame->reached_in = machine.walk_number;
    frame->level = level;
    frame->first = address & ~axaddr_low_bits(width);
    frame->cached_by = MACHINE_VCPUS;
}

/**
 * Complain if a TLB or a walk cache has what must be broken, and flushed, before the leaf that
 * decides `page` now may become live.
 */
static void machine_check_broken(const struct machine_page *page) {
    const struct axaddr_format *format = machine_format;
    unsigned i;

    for (i = 0; i < page->cached_count; i++) {
        const struct machine_cached *old = &page->cached[i];
        if (old->vcpus != 0 && (old->level != page->level || old->is_run != page->is_run ||
                                format->needs_break(old->leaf & ~format->noted,
                                                    page->entry & ~format->noted, page->level))) {
            machine_complain("page 0x%" PRIx64 " was changed without a break", page->address);
        }
    }
    for (i = 0; i < MACHINE_FRAME_MAX && page->level > 0; i++) {
        const struct machine_frame *frame = &machine.frames[i];
        if (frame->is_table && frame->cached_by != 0 && frame->level < page->level &&
            (frame->first ^ page->address) >> format->shift[page->level] == 0) {
            machine_complain("a table became a leaf at 0x%" PRIx64 " without a break",
                             page->address);
        }
    }
}

/** A TLB remembers what a walk found. */
static void machine_remember(struct machine_page *page, uint64_t hpa, uint32_t flags) {
    struct machine_cached *cached = page->cached;
    unsigned i;

    if (machine_format->needs_break != 0) {
        machine_check_broken(page);
    }
    for (i = 0; i < page->cached_count; i++, cached++) {
        if (cached->vcpus == 0 || (cached->leaf == page->entry && cached->level == page->level &&
                                   cached->is_run == page->is_run)) {
            break;
        }
    }
    if (i == MACHINE_CACHED_MAX) {
        machine_complain("page 0x%" PRIx64 " had too many translations", page->address);
        return;
    }
    page->cached_count += i == page->cached_count;
    cached->hpa = hpa;
    cached->flags = flags;
    cached->leaf = page->entry;
    cached->level = page->level;
    cached->is_run = page->is_run;
    cached->vcpus = MACHINE_VCPUS;
}

/** A guest can reach this frame of ours through page `index`. */
static void machine_reach_page(uint64_t hpa, unsigned index) {
    struct machine_frame *frame = machine_frame(hpa);

    if (frame == 0) {
        return;
    }
    if (frame->state != MACHINE_USED || frame->is_table) {
        machine_complain("page 0x%" PRIx64 " maps frame 0x%" PRIx64 ", which is %s",
                         machine.pages[index].address, hpa,
                         frame->is_table ? "a table" : "not in use");
    }
    if (frame->page != index && frame->page != MACHINE_NO_PAGE) {
        machine_complain("frame 0x%" PRIx64 " is mapped at two pages, 0x%" PRIx64 " and 0x%" PRIx64,
                         hpa, machine.pages[index].address, machine.pages[frame->page].address);
    }
    if (!frame->is_reached && !frame->is_supplied && !machine_bytes_are(machine_bytes(frame), 0)) {
        machine_complain("frame 0x%" PRIx64 " was mapped before it was zeroed", hpa);
    }
    frame->page = index;
    frame->is_reached = true;
    frame->reached_in = machine.walk_number;
}

static bool machine_is_allowed(unsigned index, uint64_t key) {
    const struct machine_allowed *allowed = &machine_allowed[index];
    unsigned i;

    for (i = 0; i < allowed->key_count; i++) {
        if (allowed->keys[i] == key) {
            return true;
        }
    }
    return key == AXADDR_ABSENT_PARKED_LEAF && allowed->is_parking;
}

static void machine_allow(unsigned index, uint64_t key) {
    struct machine_allowed *allowed = &machine_allowed[index];

    if (!machine_is_allowed(index, key)) {
        if (allowed->key_count == MACHINE_ALLOWED_MAX) {
            machine_complain("page 0x%" PRIx64 " may be too many things",
                             machine.pages[index].address);
            return;
        }
        allowed->keys[allowed->key_count++] = key;
    }
}

/** Whether hardware's notes are still in the leaf that decides a page, or have been told. */
static bool machine_has_notes(struct machine_page *page, uint64_t hpa) {
    uint32_t notes = machine_format->notes_of(page->entry, page->level);
    uint32_t missing = page->noted_frame == hpa ? page->notes & ~notes : 0;
    bool is_good = (missing & ~page->told) == 0;

    page->notes &= notes;
    page->told = 0;
    return is_good;
}

/** Judge what hardware finds at a page, `was` having been there before. */
static void machine_judge(unsigned index, const struct machine_page *was) {
    const struct axaddr_format *format = machine_format;
    struct machine_page *page = &machine.pages[index];
    uint64_t key = machine_page_key(page);
    uint64_t hpa;

    if (machine_is_judging && !machine_is_allowed(index, key)) {
        machine_complain("page 0x%" PRIx64 " is %s, as in no sequential order", page->address,
                         machine_key_name(key));
    }
    if (format->kind_of(page->entry, page->level) != AXADDR_ENTRY_LEAF) {
        if (key != AXADDR_ABSENT_PARKED_LEAF) {
            page->noted_frame = 0;
        }
        return;
    }
    hpa = machine_output(page->entry, page->level, page->address);
    if (format->kind_of(was->entry, was->level) == AXADDR_ENTRY_LEAF &&
        machine_output(was->entry, was->level, page->address) != hpa) {
        machine_complain("page 0x%" PRIx64 " got another frame while it was mapped", page->address);
    }
    if (!machine_has_notes(page, hpa)) {
        machine_complain("page 0x%" PRIx64 " lost an accessed or dirty bit", page->address);
    }
    if ((machine_key_flags(key) & AXADDR_WRITE) != 0 && hpa >= MACHINE_ZERO &&
        hpa < MACHINE_FOREIGN) {
        machine_complain("page 0x%" PRIx64 " can write to the zero frame or the file",
                         page->address);
    }
    machine_reach_page(hpa, index);
    machine_remember(page, hpa, format->flags_of(page->entry, page->level));
}

/** Tell the calls that are inside what decides their pages now. */
static void machine_show(struct machine_call *call) {
    const struct machine_page *page = &machine.pages[call->page];
    struct machine_seen *seen = &call->seen[call->seen_count];

    if (!call->is_inside || !call->is_reader) {
        return;
    }
    if (call->seen_count > 0 && seen[-1].entry == page->entry && seen[-1].level == page->level) {
        return;
    }
    if (call->seen_count == MACHINE_SEEN_MAX) {
        machine_complain("a call saw its page change too often");
        return;
    }
    seen->entry = page->entry;
    seen->level = page->level;
    call->seen_count++;
}

/** Hardware walks for all watched pages, if anything has changed. False after an error. */
static bool machine_look(void) {
    const struct axaddr_format *format = machine_format;
    unsigned i;

    if (!machine.is_dirty || machine_root == 0) {
        return machine.error[0] == '\0';
    }
    machine.is_dirty = false;
    machine.walk_number++;
    for (i = 0; i < machine_page_count; i++) {
        struct machine_page *page = &machine.pages[i];
        struct machine_page was = *page;
        uint64_t table = machine_root;

        page->level = format->level_count - 1u;
        for (;;) {
            machine_reach_table(table, page->level, page->address);
            page->entry = machine_read(table, page->level, page->address);
            page->is_run = machine_is_run(table, page->level, page->address);
            if (format->kind_of(page->entry, page->level) != AXADDR_ENTRY_TABLE) {
                break;
            }
            table = format->table_of(page->entry);
            page->level--;
        }
        machine_judge(i, &was);
    }
    for (i = 0; i < SCHEDULER_THREAD_MAX; i++) {
        machine_show(&machine.calls[i]);
    }
    return machine.error[0] == '\0';
}

/* ---- steps ---- */

/** Announce a step, and return when it is to be done. */
static void machine_pass(enum scheduler_kind kind, const void *place, bool (*is_ready)(unsigned)) {
    struct machine_call *call = &machine.calls[scheduler.current];
    struct scheduler_step *step = &scheduler.pending[scheduler.current];

    step->kind = kind;
    step->is_first = call->is_entering;
    step->is_hardware = call->is_hardware;
    step->place = (uintptr_t)place;
    step->is_ready = is_ready;
    scheduler_pass();
    if (machine_on_trace != 0) {
        machine_on_trace(step);
    }
    if (!call->is_inside) {
        call->is_inside = true;
        call->serial = ++machine.serial;
        machine_show(call);
    }
    if (call->is_entering) {
        call->is_entering = false;
        call->is_walking = true;
        call->walk = ++machine.serial;
    }
}

/** The frame that a pointer of the engine's lies in. */
static struct machine_frame *machine_frame_of(const void *at) {
    size_t offset = (size_t)((const uint8_t *)at - &machine_memory[0][0]);
    return offset < sizeof(machine_memory) ? &machine.frames[offset / MACHINE_FRAME_SIZE] : 0;
}

/** Whether an entry is on the way to a page that is watched. Others interest one thread only. */
static bool machine_is_watched(const struct machine_frame *frame, const void *slot) {
    size_t index = (uintptr_t)slot % MACHINE_FRAME_SIZE >> machine_format->entry_shift;

    return (frame->watched[index / 64] >> index % 64 & 1) != 0;
}

/** An access to an entry comes now. Tables that hardware has not reached are nobody else's. */
static void machine_on_entry(const void *slot, bool is_write) {
    struct machine_frame *frame = machine_frame_of(slot);
    const struct machine_call *call;

    if (frame != 0 && !frame->is_table) {
        if (!machine.is_dirty && frame->state == MACHINE_USED) {
            return; /* most accesses: a new table is filled */
        }
        (void)machine_look(); /* it may just have been linked */
    }
    if (frame != 0 && frame->is_table && machine_is_concurrent && machine_is_watched(frame, slot)) {
        machine_pass(is_write ? SCHEDULER_WRITE : SCHEDULER_READ, slot, 0);
        call = &machine.calls[scheduler.current];
        if (is_write && !call->is_reader && !call->is_hardware &&
            machine.holder != scheduler.current) {
            machine_complain("an edit changes an entry without the lock");
        }
    }
    if (frame == 0 || frame->state != MACHINE_USED) {
        machine_complain("an entry %s in a frame that is not in use",
                         is_write ? "is written" : "is read");
    }
    machine.is_dirty = machine.is_dirty || (is_write && (frame == 0 || frame->is_table));
}

/* ---- the HAL ---- */

/** Blocks are of so many frames at most: 2^order. */
#define MACHINE_ORDER_MAX 4

/** Whether the `count` frames from `index` on are free, and aligned as a block. */
static bool machine_is_block(unsigned index, unsigned count) {
    unsigned i;

    for (i = 0; i < count; i++) {
        if (index + i >= MACHINE_FRAME_MAX || machine.frames[index + i].state != MACHINE_FREE) {
            return false;
        }
    }
    return machine_address(index) % (count * MACHINE_FRAME_SIZE) == 0;
}

static bool machine_alloc_block(void *ctx, unsigned order, axaddr_hpa_t *block) {
    struct machine_call *call;
    unsigned self;
    unsigned index = 0;
    unsigned i;

    (void)ctx;
    if (machine_is_concurrent && machine_is_recycling) {
        machine_pass(SCHEDULER_ALLOC, 0, 0);
    }
    self = machine_self();
    call = &machine.calls[self];
    if (machine_refused == self && ++call->alloc_count == machine_refuse_at) {
        call->was_refused = true;
        return false;
    }
    while (index < MACHINE_FRAME_MAX &&
           (order > MACHINE_ORDER_MAX || !machine_is_block(index, 1u << order))) {
        index++;
    }
    if (index == MACHINE_FRAME_MAX) {
        if (order == 0) {
            machine_complain("the machine is too small for the case");
        }
        return false;
    }
    for (i = index; i < index + (1u << order); i++) {
        memset(machine_memory[i], MACHINE_FILL_TAKEN, MACHINE_FRAME_SIZE);
        memset(&machine.frames[i], 0, sizeof(machine.frames[i]));
        machine.frames[i].state = MACHINE_USED;
        machine.frames[i].taker = self;
        machine.frames[i].taken_in = call->serial;
        machine.frames[i].page = MACHINE_NO_PAGE;
    }
    *block = axaddr_hpa(machine_address(index));
    return true;
}

static bool machine_alloc_frame(void *ctx, axaddr_hpa_t *frame) {
    return machine_alloc_block(ctx, 0, frame);
}

/** Complain if any vCPU may still use a frame. */
static void machine_check_forgotten(const struct machine_frame *frame, uint64_t hpa) {
    unsigned i;
    unsigned n;

    if (frame->is_reached && frame->reached_in == machine.walk_number) {
        machine_complain("frame 0x%" PRIx64 " is freed while hardware reaches it", hpa);
    }
    if (frame->cached_by != 0) {
        machine_complain("table 0x%" PRIx64 " is freed while a walk cache has it", hpa);
    }
    for (i = 0; i < machine_page_count; i++) {
        for (n = 0; n < machine.pages[i].cached_count; n++) {
            if (machine.pages[i].cached[n].hpa == hpa && machine.pages[i].cached[n].vcpus != 0) {
                machine_complain("frame 0x%" PRIx64 " is freed while a TLB has it for 0x%" PRIx64,
                                 hpa, machine.pages[i].address);
            }
        }
    }
}

static void machine_give_back(axaddr_hpa_t hpa, bool is_supplied, bool is_step) {
    struct machine_frame *frame = machine_frame(hpa.raw);

    if (machine_is_concurrent && is_step) {
        machine_pass(SCHEDULER_FREE, frame == 0 ? 0 : machine_bytes(frame), 0);
    }
    if (frame == 0 || frame->state != MACHINE_USED || frame->is_supplied != is_supplied) {
        machine_complain("frame 0x%" PRIx64 " is freed, which is not in use", hpa.raw);
        return;
    }
    if (!frame->is_reached && frame->taker != machine_self() &&
        machine.calls[frame->taker].is_inside &&
        machine.calls[frame->taker].serial == frame->taken_in) {
        machine_complain("frame 0x%" PRIx64 " is freed, which another call is about to use",
                         hpa.raw);
    }
    if (machine_look()) {
        machine_check_forgotten(frame, hpa.raw);
    }
    memset(machine_bytes(frame), MACHINE_FILL_FREED, MACHINE_FRAME_SIZE);
    frame->state = machine_is_recycling ? MACHINE_FREE : MACHINE_DEAD;
}

static void machine_free_frame(void *ctx, axaddr_hpa_t frame) {
    (void)ctx;
    machine_give_back(frame, false, true);
}

static void machine_free_block(void *ctx, unsigned order, axaddr_hpa_t block) {
    unsigned i;

    (void)ctx;
    for (i = 0; i < 1u << order; i++) {
        machine_give_back(axaddr_hpa(block.raw + i * MACHINE_FRAME_SIZE), false, i == 0);
    }
}

/* A backed area is a private mapping of a file: read from the file, and copied when written. */

static uint64_t machine_file_page(uint64_t address) {
    return MACHINE_FILE + (address & 0xfffffff);
}

static struct machine_page *machine_page_at(uint64_t address) {
    unsigned i = 0;

    while (i < machine_page_count && machine.pages[i].address != address) {
        i++;
    }
    if (i == machine_page_count) {
        machine_complain("page 0x%" PRIx64 " is in no script", address);
        i = 0;
    }
    return &machine.pages[i];
}

static enum axaddr_fault machine_supply_frame(void *ctx, struct axaddr_supply *supply) {
    if ((supply->access & AXADDR_WRITE) == 0) {
        supply->frame = axaddr_hpa(machine_file_page(supply->address));
        supply->is_read_only = true;
        machine_page_at(supply->address)->supplied++;
        return AXADDR_FAULT_RESOLVED;
    }
    if (!machine_alloc_frame(ctx, &supply->frame)) {
        return AXADDR_FAULT_NO_MEMORY;
    }
    machine_frame(supply->frame.raw)->is_supplied = true;
    return AXADDR_FAULT_RESOLVED;
}

static void machine_return_frame(void *ctx, uint32_t cookie, uint64_t address, axaddr_hpa_t hpa) {
    struct machine_page *page;
    unsigned i;

    (void)ctx;
    (void)cookie;
    if (machine_frame(hpa.raw) != 0) {
        machine_give_back(hpa, true, true);
        return;
    }
    page = machine_page_at(address);
    page->supplied--;
    if (hpa.raw != machine_file_page(address) || page->supplied < 0) {
        machine_complain("page 0x%" PRIx64 " returns what was not supplied", address);
    }
    for (i = 0; machine_look() && page->supplied == 0 && i < page->cached_count; i++) {
        if (page->cached[i].hpa == hpa.raw && page->cached[i].vcpus != 0) {
            machine_complain("page 0x%" PRIx64 " returns what a TLB has", address);
        }
    }
}

static void machine_harvested(void *ctx, uint64_t address, uint64_t size, uint32_t notes) {
    unsigned i;

    (void)ctx;
    for (i = 0; i < machine_page_count; i++) {
        if (machine.pages[i].address - address < size) {
            machine.pages[i].told |= notes;
        }
    }
}

static void *machine_frame_at(void *ctx, axaddr_hpa_t hpa) {
    struct machine_frame *frame = machine_frame(hpa.raw);

    (void)ctx;
    if (frame == 0 || frame->state != MACHINE_USED) {
        machine_complain("frame_at of 0x%" PRIx64 ", which is not in use", hpa.raw);
        return machine_memory[MACHINE_FRAME_MAX - 1];
    }
    (void)machine_look();
    if (frame->page != MACHINE_NO_PAGE && frame->reached_in == machine.walk_number) {
        machine_complain("the engine touches frame 0x%" PRIx64 ", which the guest has", hpa.raw);
    }
    return machine_bytes(frame);
}

/** Whether a plan names part of [first, last]. */
static bool machine_plan_meets(const struct axaddr_flush *plan, uint64_t first, uint64_t last) {
    unsigned i;

    for (i = 0; i < plan->range_count; i++) {
        if (plan->ranges[i].first <= last && plan->ranges[i].last >= first) {
            return true;
        }
    }
    return plan->is_full;
}

/** A vCPU forgets what a plan names; what is there now it may find again the next moment. */
static void machine_forget(unsigned vcpu, const struct axaddr_flush *plan) {
    unsigned i;
    unsigned n;

    for (i = 0; i < machine_page_count; i++) {
        struct machine_page *page = &machine.pages[i];
        for (n = 0; n < page->cached_count; n++) {
            if (machine_plan_meets(plan, page->address, page->address)) {
                page->cached[n].vcpus &= ~(1u << vcpu);
            }
        }
    }
    for (i = 0; i < MACHINE_FRAME_MAX && plan->has_tables; i++) {
        struct machine_frame *frame = &machine.frames[i];
        unsigned width = machine_format->shift[frame->level] +
                         (unsigned)machine_format->index_bits[frame->level];
        if (frame->is_table &&
            machine_plan_meets(plan, frame->first, frame->first | axaddr_low_bits(width))) {
            frame->cached_by &= ~(1u << vcpu);
        }
    }
    machine.is_dirty = true;
}

/** Nobody is in the middle of a guest's access: what a vCPU does before it takes the interrupt. */
static bool machine_is_hardware_idle(unsigned thread) {
    unsigned i;

    (void)thread;
    for (i = 0; i < SCHEDULER_THREAD_MAX; i++) {
        if (machine.calls[i].is_hardware && machine.calls[i].is_inside) {
            return false;
        }
    }
    return true;
}

static void machine_flush_tlb(void *ctx, const struct axaddr_flush *plan) {
    unsigned vcpu;

    (void)ctx;
    (void)machine_look();
    for (vcpu = 0; vcpu < 2; vcpu++) {
        if (machine_is_concurrent) {
            machine_pass(SCHEDULER_FLUSH, 0, machine_is_hardware_idle);
        }
        machine_forget(vcpu, plan);
    }
}

static bool machine_is_lock_free(unsigned thread) {
    (void)thread;
    return machine.holder == MACHINE_NOBODY;
}

static void machine_lock(void *ctx) {
    (void)ctx;
    if (machine_is_concurrent) {
        machine_pass(SCHEDULER_LOCK, 0, machine_is_lock_free);
    }
    if (machine.calls[machine_self()].is_reader &&
        (!machine_has_upgrades || machine.calls[machine_self()].is_walking)) {
        machine_complain("a call that must not take the lock takes it");
    }
    if (machine.holder != MACHINE_NOBODY) {
        machine_complain("the lock is taken twice");
    }
    machine.holder = machine_self();
}

static void machine_unlock(void *ctx) {
    (void)ctx;
    if (machine_is_concurrent) {
        machine_pass(SCHEDULER_LOCK, 0, 0);
    }
    if (machine.holder != machine_self()) {
        machine_complain("the lock is given back by another than who holds it");
    }
    machine.holder = MACHINE_NOBODY;
    machine.is_dirty = true;
}

/** Whether the walks that `thread` waits for have ended. */
static bool machine_is_quiet(unsigned thread) {
    const struct machine_call *waiting = &machine.calls[thread];
    unsigned i;

    for (i = 0; i < SCHEDULER_THREAD_MAX; i++) {
        if (waiting->awaited[i] != 0 && machine.calls[i].is_walking &&
            machine.calls[i].walk == waiting->awaited[i]) {
            return false;
        }
    }
    return true;
}

static void machine_quiesce(void *ctx) {
    struct machine_call *call = &machine.calls[machine_self()];
    unsigned i;

    (void)ctx;
    if (machine.holder != machine_self()) {
        machine_complain("quiesce without the lock");
    }
    if (!machine_is_concurrent) {
        return;
    }
    machine_pass(SCHEDULER_QUIESCE, 0, 0);
    for (i = 0; i < SCHEDULER_THREAD_MAX; i++) {
        const struct machine_call *other = &machine.calls[i];
        call->awaited[i] = other->is_walking ? other->walk : 0;
    }
    machine_pass(SCHEDULER_QUIESCE, 0, machine_is_quiet);
}

/** Whether a call has said that it walks, and not that it has left. */
static bool machine_is_in_walk(const struct machine_call *call) {
    return call->is_entering || call->is_walking;
}

static void machine_enter_walk(void *ctx) {
    (void)ctx;
    if (machine_is_in_walk(&machine.calls[machine_self()])) {
        machine_complain("a walk is entered twice");
    }
    machine.calls[machine_self()].is_entering = true;
}

static void machine_leave_walk(void *ctx) {
    (void)ctx;
    if (!machine_is_in_walk(&machine.calls[machine_self()])) {
        machine_complain("a walk is left that was not entered");
    }
    machine.calls[machine_self()].is_entering = false;
    machine.calls[machine_self()].is_walking = false;
}

static const struct axaddr_hal machine_hal = {
    .alloc_frame = machine_alloc_frame,
    .free_frame = machine_free_frame,
    .alloc_block = machine_alloc_block,
    .free_block = machine_free_block,
    .enter_walk = machine_enter_walk,
    .leave_walk = machine_leave_walk,
    .supply_frame = machine_supply_frame,
    .return_frame = machine_return_frame,
    .harvested = machine_harvested,
    .frame_at = machine_frame_at,
    .flush_tlb = machine_flush_tlb,
    .lock = machine_lock,
    .unlock = machine_unlock,
    .quiesce = machine_quiesce,
};

/* ---- a guest's access ---- */

/** The leaf that hardware, or who notes in its place, makes of one by an access. */
static uint64_t machine_note(uint64_t leaf, unsigned level, uint32_t access) {
    const struct axaddr_format *format = machine_format;
    uint64_t noted = leaf | format->noted;

    if (format->note_access != 0) {
        return format->note_access(leaf, level, access);
    }
    if ((access & AXADDR_WRITE) == 0) {
        noted = leaf | format->clear_notes(noted, level, AXADDR_DIRTY);
    }
    return noted;
}

/**
 * A vCPU's access to page `index`, as hardware does it: entry by entry, with an atomic update of
 * the accessed and dirty bits. False: it faults.
 */
static bool machine_guest_access(unsigned index, uint32_t access) {
    const struct axaddr_format *format = machine_format;
    struct machine_page *page = &machine.pages[index];
    unsigned level = format->level_count - 1u;
    uint64_t table = machine_root;
    uint64_t entry;
    uint64_t noted;
    void *slot;

    for (;; level--) {
        slot = axaddr_slot_in(format, machine_bytes(machine_frame(table)), level, page->address);
        machine_on_entry(slot, false);
        entry = machine_read(table, level, page->address);
        if (format->kind_of(entry, level) != AXADDR_ENTRY_TABLE) {
            break;
        }
        table = format->table_of(entry);
    }
    if (format->kind_of(entry, level) != AXADDR_ENTRY_LEAF ||
        (access & ~format->flags_of(entry, level)) != 0) {
        return false;
    }
    machine_on_entry(slot, true);
    if (machine_read(table, level, page->address) != entry) {
        return false; /* it changed in between: hardware begins anew, which is another access */
    }
    memcpy(&entry, slot, (size_t)1 << format->entry_shift); /* a hint stays */
    noted = machine_note(entry, level, access);
    memcpy(slot, &noted, (size_t)1 << format->entry_shift);
    noted = machine_read(table, level, page->address);
    page->notes = format->notes_of(noted, level);
    page->noted_frame = machine_output(noted, level, page->address);
    return true;
}

/* ---- runs ---- */

static struct machine machine_snapshot;
static uint8_t machine_snapshot_memory[MACHINE_FRAME_MAX][MACHINE_FRAME_SIZE];

static void machine_reset(const struct axaddr_format *format) {
    memset(&machine, 0, sizeof(machine));
    memset(machine_allowed, 0, sizeof(machine_allowed));
    machine.holder = MACHINE_NOBODY;
    machine.is_dirty = true;
    machine_format = format;
    machine_root = 0;
    machine_page_count = 0;
    machine_is_concurrent = false;
    machine_is_judging = false;
    machine_acting = 0;
    machine_refuse_at = 0;
}

/** Watch the page at `address`. Returns its index. */
static unsigned machine_watch(uint64_t address) {
    unsigned i = 0;

    while (i < machine_page_count && machine.pages[i].address != address) {
        i++;
    }
    if (i == MACHINE_PAGE_MAX) {
        machine_complain("too many pages to watch");
        return 0;
    }
    machine.pages[i].address = address;
    machine_page_count += i == machine_page_count;
    return i;
}

static void machine_save(void) {
    (void)machine_look();
    machine_snapshot = machine;
    memcpy(machine_snapshot_memory, machine_memory, sizeof(machine_memory));
}

static void machine_restore(void) {
    unsigned i;

    machine = machine_snapshot;
    for (i = 0; i < MACHINE_FRAME_MAX; i++) {
        if (machine.frames[i].state == MACHINE_USED) {
            memcpy(machine_memory[i], machine_snapshot_memory[i], MACHINE_FRAME_SIZE);
        }
    }
}

static bool machine_on_step(void) {
    return machine_look();
}

/* ---- at the end of a run ---- */

/** Count the frames that a table of `level` takes and maps, and look for what may not be left. */
static unsigned machine_count_frames(uint64_t table, unsigned level, uint64_t first) {
    const struct axaddr_format *format = machine_format;
    uint64_t entries = UINT64_C(1) << format->index_bits[level];
    bool is_root = level + 1u == format->level_count;
    unsigned count = is_root ? 1u << format->root_order : 1;
    bool is_empty = !is_root;
    uint64_t i;

    (void)machine_read(table, level, first);
    for (i = 0; i < entries && machine.error[0] == '\0'; i++) {
        uint64_t address = first + (i << format->shift[level]);
        uint64_t entry = machine_raw(machine_frame(table), i);

        if (entry == format->empty) {
            continue;
        }
        entry = machine_read(table, level, address);
        is_empty = false;
        switch (format->kind_of(entry, level)) {
        case AXADDR_ENTRY_TABLE:
            count += machine_count_frames(format->table_of(entry), level - 1, address);
            break;
        case AXADDR_ENTRY_LEAF:
            if (machine_frame(format->frame_of(entry, level)) != 0) {
                count += 1u << (format->shift[level] - format->shift[0]);
            }
            break;
        case AXADDR_ENTRY_ABSENT:
            if (machine_key(entry, level, address) == AXADDR_ABSENT_PARKED_LEAF) {
                machine_complain("an entry is still parked at 0x%" PRIx64, address);
            }
            break;
        }
    }
    if (is_empty) {
        machine_complain("an empty table is left at 0x%" PRIx64, first);
    }
    return count;
}

/**
 * Complain if a frame is lost or a freed one was written. The set of areas has `area_frame_count`.
 */
static void machine_check_frames(unsigned area_frame_count) {
    unsigned held =
        machine_count_frames(machine_root, machine_format->level_count - 1u, 0) + area_frame_count;
    unsigned used = 0;
    unsigned i;

    for (i = 0; i < MACHINE_FRAME_MAX; i++) {
        used += machine.frames[i].state == MACHINE_USED;
        if (machine.frames[i].state == MACHINE_DEAD &&
            !machine_bytes_are(machine_memory[i], MACHINE_FILL_FREED)) {
            machine_complain("frame 0x%" PRIx64 " was written after it was freed",
                             machine_address(i));
        }
    }
    if (used != held) {
        machine_complain("%u frames are in use, %u are held", used, held);
    }
    for (i = 0; i < machine_page_count; i++) {
        const struct machine_page *page = &machine.pages[i];
        bool is_mapped = machine_page_key(page) >> 12 == machine_file_page(page->address) >> 12;
        if (page->supplied != (is_mapped ? 1 : 0)) {
            machine_complain("page 0x%" PRIx64 " was supplied %d times too often", page->address,
                             page->supplied);
        }
    }
}

/** Complain if a vCPU remembers what is no longer so; fewer rights than there are are allowed. */
static void machine_check_cached(void) {
    unsigned i;
    unsigned n;

    for (i = 0; i < machine_page_count; i++) {
        const struct machine_page *page = &machine.pages[i];
        const struct machine_cached *now = &page->cached[0];
        uint32_t flags = machine_format->flags_of(page->entry, page->level);
        uint32_t notes = machine_format->notes_of(page->entry, page->level);
        uint64_t hpa = machine_output(page->entry, page->level, page->address);
        bool is_leaf = machine_format->kind_of(page->entry, page->level) == AXADDR_ENTRY_LEAF;

        for (n = 0; n < page->cached_count; n++, now++) {
            uint32_t lost = now->flags & ~flags & AXADDR_ACCESS_FLAGS;
            uint32_t other = (now->flags ^ flags) & ~AXADDR_ACCESS_FLAGS;
            lost |= machine_format->notes_of(now->leaf, now->level) & ~notes;
            if (now->vcpus != 0 && (!is_leaf || now->hpa != hpa || lost != 0 || other != 0)) {
                machine_complain("at the end a TLB still has frame 0x%" PRIx64 " flags 0x%" PRIx32
                                 " for page 0x%" PRIx64,
                                 now->hpa, now->flags, page->address);
            }
        }
    }
}

#endif /* AXADDR_TESTS_INTERLEAVE_MACHINE_H */
