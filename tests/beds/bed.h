/* SPDX-License-Identifier: MIT
 *
 * bed.h: what the parts of a bed have in common. A bed is a freestanding program that builds tables
 * with axaddr on a machine that nobody here wrote, lets a guest access memory through them, and
 * compares what the machine did with what the library says of the same address.
 *
 *     cases.c             what is tried, and what is right: the same on all machines
 *     tracked.h           of these: dirty pages; dispatch.h: emulated devices that share a page
 *     bed.c               frames, printing
 *     format.c            the format that is tried: all that is compiled anew for each
 *     <machine>/machine.c the machine: registers, the guest's accesses, its faults
 *     <machine>/boot.S    from reset to bed_main, the guest's entry and exit, the guest itself
 *     <machine>/bed.sh    how it is built and run, and with which formats
 *
 * A bed is linked once for each format, and knows it as BED_FORMAT.
 */
#ifndef BED_H
#define BED_H

#include "axaddr.h"

#ifndef BED_VERBOSE
#define BED_VERBOSE 0
#endif
/** The bed ends with so many failures; 0: it goes on to its end. */
#ifndef BED_FAILED_MAX
#define BED_FAILED_MAX 0
#endif

/* ---- the format: format.c ---- */

extern const struct axaddr_format bed_format;
extern const struct axaddr_format bed_shape;
extern const unsigned bed_stride;
extern const bool bed_is_upper;

/** The format that the bed is for. */
#define BED_FORMAT   bed_format
/** The same; or where the root is chosen at init, the constant format with the root it gets. */
#define BED_SHAPE    bed_shape
/** Of the changes from one combination of flags to another, and of the lazy areas, each
    how-many-th is tried: 1, or a prime above 5, so that all kinds are. */
#define BED_STRIDE   bed_stride
/** Stage 1: whether the space is in the upper half of the addresses. */
#define BED_IS_UPPER bed_is_upper

/** A frame of the HAL: a page of the format, and a table. */
#define BED_FRAME_SIZE (UINT64_C(1) << BED_FORMAT.shift[0])
/** The smallest frame: what a case needs, and what fault addresses are told by at least. */
#define BED_PAGE_SIZE  UINT64_C(0x1000)

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
    uint64_t fresh;       /**< an address with nothing else below its entry of the root; 0: none */
    uint64_t probe;       /**< RAM for leaves to map, aligned to 1 GiB */
    uint64_t probe_size;  /**< how much is there: 256 MiB, 512 MiB; 0 for 1 GiB */
    uint64_t pool;        /**< RAM for frames: BED_POOL_FRAMES of them, aligned as a block */
    struct bed_fixture guest[6]; /**< ends with size 0 */
    /**
     * Of accesses: 0, AXADDR_USER; or where the stage tells the guest's modes apart for fetches
     * only, AXADDR_EXECUTE_KERNEL, AXADDR_EXECUTE_USER, which stand in the place of EXECUTE.
     */
    uint32_t modes[2];
    unsigned mode_count;
    unsigned
        output_bits; /**< of the CPU's physical addresses; 0: those without RAM are not tried */
    bool tells_permission; /**< a fault says whether an entry was there */
    /**
     * Whether the machine takes the page at `address`, which may be read, for memory of the type
     * that its flags say. 0: it does not tell.
     */
    bool (*has_type)(uint64_t address, uint32_t flags);
    uint64_t ignored; /**< reserved bits of an entry that the emulator does not look at */
    bool tells_gva;   /**< a fault says the guest-virtual address, which is `address` */
};

/** What became of an access. */
struct bed_outcome {
    bool is_allowed;
    uint64_t value;            /**< what a read or a fetch gave */
    enum axaddr_status status; /**< of the library's decoder, if it was not allowed */
    struct axaddr_exit exit;   /**< what the decoder said */
    bool is_untried;           /**< the emulator cannot be asked this: it is no case */
    /** The machine does not take the entry: a reserved bit, an address of more bits than it has. */
    bool is_refused;
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
 * one of the modes; or instead of EXECUTE the mode, if it is one of AXADDR_EXECUTE_MODES.
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

/**
 * RAM is where it says: all beds run with the identity mapping, or none. A 32-bit one that has RAM
 * above 4 GiB sees the first of it at BED_HIGH.
 */
static inline void *bed_at(uint64_t hpa) {
#ifdef BED_HIGH
    if (hpa >> 32 != 0) {
        return (void *)((uintptr_t)hpa + BED_HIGH);
    }
#endif
    return (void *)(uintptr_t)hpa;
}

/** Called by boot.S. */
void bed_main(void) __attribute__((noreturn));

#endif /* BED_H */
