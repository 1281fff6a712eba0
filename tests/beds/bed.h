/* SPDX-License-Identifier: MIT
 *
 * bed.h: what the parts of a bed have in common. A bed is a freestanding program that builds tables
 * with axaddr on a machine that nobody here wrote, lets a guest access memory through them, and
 * compares what the machine did with what the library says of the same address.
 *
 *     cases.c             what is tried, and what is right: the same on all machines
 *     bed.c               frames, printing, counting
 *     <machine>/machine.c the machine: registers, the guest's accesses, its faults
 *     <machine>/boot.S    from reset to bed_main, the guest's entry and exit, the guest itself
 *     <machine>/bed.sh    how it is built and run, and with which formats
 *
 * A bed is compiled once for each format: BED_FORMAT is its name.
 */
#ifndef BED_H
#define BED_H

#include "axaddr.h"

#ifndef BED_FORMAT
#error "BED_FORMAT is the name of the format that the bed is for"
#endif
#ifndef BED_VERBOSE
#define BED_VERBOSE 0
#endif

#define BED_PAGE_SIZE UINT64_C(0x1000)

/* ---- a machine: machine.c ---- */

/** A mapping that the guest needs to run at all. Nothing is tried there. */
struct bed_fixture {
    uint64_t address;
    uint64_t hpa;
    uint64_t size;
    uint32_t flags;
};

struct bed_machine {
    const char *name;     /**< "aarch64" */
    uint64_t first, last; /**< the space; the guest can reach all of it */
    uint64_t middle;      /**< somewhere in it, with many different address bits set */
    uint64_t beyond[4];   /**< addresses outside the space that the guest can form; 0: none */
    uint64_t probe;       /**< a 1 GiB of RAM, aligned to its size, for leaves to map */
    uint64_t pool;        /**< RAM for frames: BED_POOL_FRAMES of them, aligned as a block */
    struct bed_fixture guest[6]; /**< ends with size 0 */
    uint32_t modes[2];           /**< of accesses: 0, AXADDR_USER; ends after mode_count */
    unsigned mode_count;
    bool tells_permission; /**< a fault says whether an entry was there */
    bool tells_gva;        /**< a fault says the guest-virtual address, which is `address` */
};

/** What became of an access. */
struct bed_outcome {
    bool is_allowed;
    uint64_t value;            /**< what a read or a fetch gave */
    enum axaddr_status status; /**< of the library's decoder, if it was not allowed */
    struct axaddr_exit exit;   /**< what the decoder said */
};

/** Find out what the CPU has, and fill in what cases.c needs to know. */
const struct bed_machine *machine_init(void);
void machine_put(char c);
void machine_exit(unsigned status) __attribute__((noreturn));
/** Use the table from the next access on. */
void machine_load(axaddr_hpa_t root);
/** The table is about to be freed. */
void machine_leave(void);
void machine_flush(const struct axaddr_flush *plan);
/**
 * Let the guest read, write (`value`) or call `address`. access: AXADDR_READ, WRITE or EXECUTE, with
 * AXADDR_USER for the guest's user mode.
 */
void machine_access(uint64_t address, uint32_t access, uint64_t value, struct bed_outcome *outcome);
/** Whether flags of a mapping permit an access; by the manual, not by the library. */
bool machine_permits(uint32_t flags, uint32_t access);
/** A function at `at` that returns `value`, visible to fetches. At most 32 bytes. */
void machine_write_code(void *at, uint32_t value);

/* ---- bed.c ---- */

#define BED_POOL_FRAMES 2048u

void bed_print(const char *text);
void bed_print_hex(uint64_t value);
void bed_pool_init(uint64_t first);
unsigned bed_pool_used(void);
bool bed_take(unsigned order, uint64_t *frame);
void bed_give(unsigned order, uint64_t frame);
/** Something that is no case went wrong: say so and end. */
void bed_stop(const char *what, uint64_t value) __attribute__((noreturn));

void *memcpy(void *to, const void *from, size_t size);

/** RAM is where it says: all beds run with the identity mapping, or none. */
static inline void *bed_at(uint64_t hpa) {
    return (void *)(uintptr_t)hpa;
}

/** Called by boot.S. */
void bed_main(void) __attribute__((noreturn));

#endif /* BED_H */
