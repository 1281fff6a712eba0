/* SPDX-License-Identifier: MIT
 *
 * test_format_x86_variants.c: the x86 formats with options (EPT's ignore-PAT, mode-based execute,
 * suppress-#VE; an encryption bit) and PAE, against entries, registers and exit codes that were
 * written out from the manuals by hand; TLB executors for global mappings, LA57 and PAE; and spaces
 * with five levels or two bits of root.
 */
#include "../axaddr.h"
#include "../axaddr_arch/x86_pae.h"
#include "check.h"
#include "format_check.h"

#define SEED UINT64_C(0x9e3779b97f4a7c15)

/* The flags, short so that the tables below can be read. */
#define R  AXADDR_READ
#define W  AXADDR_WRITE
#define X  AXADDR_EXECUTE
#define U  AXADDR_USER
#define D  AXADDR_DEVICE
#define N  AXADDR_UNCACHED
#define G  AXADDR_GLOBAL
#define XU AXADDR_EXECUTE_USER
#define XK AXADDR_EXECUTE_KERNEL

#define SVE (UINT64_C(1) << 63)
#define C47 (UINT64_C(1) << 47)
#define C51 (UINT64_C(1) << 51)
#define KEY UINT64_C(0x7800000000000000)

AXADDR_DEFINE_X86_EPT(ept_all, 5, 3,
                      AXADDR_X86_EPT_IGNORE_PAT | AXADDR_X86_EPT_MODES | AXADDR_X86_EPT_SUPPRESS_VE)
AXADDR_DEFINE_X86_64_ENCRYPTED(c47, 4, 47)
AXADDR_DEFINE_X86_NPT_ENCRYPTED(c51, 5, 51)

/** Mapping flags, and the leaves of 4 KiB, 2 MiB and 1 GiB that hold them. */
struct golden {
    uint32_t flags;
    uint64_t leaf[3];
};

/*
 * SDM vol. 3C, 29.3.2 with mode-based execute control: bit 2 is for supervisor-mode addresses, bit
 * 10 for user-mode ones; the others as without.
 */
static const struct golden modes_leaves[] = {
    {R, {0x000abcde12345031, 0x000fbcde122000b1, 0x0008bcde400000b1}},
    {R | W, {0x000abcde12345033, 0x000fbcde122000b3, 0x0008bcde400000b3}},
    {X, {0x000abcde12345434, 0x000fbcde122004b4, 0x0008bcde400004b4}},
    {XK, {0x000abcde12345034, 0x000fbcde122000b4, 0x0008bcde400000b4}},
    {XU, {0x000abcde12345430, 0x000fbcde122004b0, 0x0008bcde400004b0}},
    {R | X, {0x000abcde12345435, 0x000fbcde122004b5, 0x0008bcde400004b5}},
    {R | XK, {0x000abcde12345035, 0x000fbcde122000b5, 0x0008bcde400000b5}},
    {R | XU, {0x000abcde12345431, 0x000fbcde122004b1, 0x0008bcde400004b1}},
    {R | W | X, {0x000abcde12345437, 0x000fbcde122004b7, 0x0008bcde400004b7}},
    {R | W | XK, {0x000abcde12345037, 0x000fbcde122000b7, 0x0008bcde400000b7}},
    {R | W | XU, {0x000abcde12345433, 0x000fbcde122004b3, 0x0008bcde400004b3}},
    {R | N, {0x000abcde12345009, 0x000fbcde12200089, 0x0008bcde40000089}},
    {R | W | N, {0x000abcde1234500b, 0x000fbcde1220008b, 0x0008bcde4000008b}},
    {X | N, {0x000abcde1234540c, 0x000fbcde1220048c, 0x0008bcde4000048c}},
    {N | XK, {0x000abcde1234500c, 0x000fbcde1220008c, 0x0008bcde4000008c}},
    {N | XU, {0x000abcde12345408, 0x000fbcde12200488, 0x0008bcde40000488}},
    {R | X | N, {0x000abcde1234540d, 0x000fbcde1220048d, 0x0008bcde4000048d}},
    {R | N | XK, {0x000abcde1234500d, 0x000fbcde1220008d, 0x0008bcde4000008d}},
    {R | N | XU, {0x000abcde12345409, 0x000fbcde12200489, 0x0008bcde40000489}},
    {R | W | X | N, {0x000abcde1234540f, 0x000fbcde1220048f, 0x0008bcde4000048f}},
    {R | W | N | XK, {0x000abcde1234500f, 0x000fbcde1220008f, 0x0008bcde4000008f}},
    {R | W | N | XU, {0x000abcde1234540b, 0x000fbcde1220048b, 0x0008bcde4000048b}},
    {R | D, {0x000abcde12345001, 0x000fbcde12200081, 0x0008bcde40000081}},
    {R | W | D, {0x000abcde12345003, 0x000fbcde12200083, 0x0008bcde40000083}},
};

/* The same section: bit 6, ignore PAT. */
static const struct golden ignore_pat_leaves[] = {
    {R, {0x000abcde12345071, 0x000fbcde122000f1, 0x0008bcde400000f1}},
    {R | W, {0x000abcde12345073, 0x000fbcde122000f3, 0x0008bcde400000f3}},
    {X, {0x000abcde12345074, 0x000fbcde122000f4, 0x0008bcde400000f4}},
    {R | X, {0x000abcde12345075, 0x000fbcde122000f5, 0x0008bcde400000f5}},
    {R | W | X, {0x000abcde12345077, 0x000fbcde122000f7, 0x0008bcde400000f7}},
    {R | N, {0x000abcde12345049, 0x000fbcde122000c9, 0x0008bcde400000c9}},
    {R | W | N, {0x000abcde1234504b, 0x000fbcde122000cb, 0x0008bcde400000cb}},
    {X | N, {0x000abcde1234504c, 0x000fbcde122000cc, 0x0008bcde400000cc}},
    {R | X | N, {0x000abcde1234504d, 0x000fbcde122000cd, 0x0008bcde400000cd}},
    {R | W | X | N, {0x000abcde1234504f, 0x000fbcde122000cf, 0x0008bcde400000cf}},
    {R | D, {0x000abcde12345041, 0x000fbcde122000c1, 0x0008bcde400000c1}},
    {R | W | D, {0x000abcde12345043, 0x000fbcde122000c3, 0x0008bcde400000c3}},
};

/* SDM vol. 3C, 25.5.7.1: bit 63, suppress #VE. */
static const struct golden suppress_ve_leaves[] = {
    {R, {0x800abcde12345031, 0x800fbcde122000b1, 0x8008bcde400000b1}},
    {R | W, {0x800abcde12345033, 0x800fbcde122000b3, 0x8008bcde400000b3}},
    {X, {0x800abcde12345034, 0x800fbcde122000b4, 0x8008bcde400000b4}},
    {R | X, {0x800abcde12345035, 0x800fbcde122000b5, 0x8008bcde400000b5}},
    {R | W | X, {0x800abcde12345037, 0x800fbcde122000b7, 0x8008bcde400000b7}},
    {R | N, {0x800abcde12345009, 0x800fbcde12200089, 0x8008bcde40000089}},
    {R | W | N, {0x800abcde1234500b, 0x800fbcde1220008b, 0x8008bcde4000008b}},
    {X | N, {0x800abcde1234500c, 0x800fbcde1220008c, 0x8008bcde4000008c}},
    {R | X | N, {0x800abcde1234500d, 0x800fbcde1220008d, 0x8008bcde4000008d}},
    {R | W | X | N, {0x800abcde1234500f, 0x800fbcde1220008f, 0x8008bcde4000008f}},
    {R | D, {0x800abcde12345001, 0x800fbcde12200081, 0x8008bcde40000081}},
    {R | W | D, {0x800abcde12345003, 0x800fbcde12200083, 0x8008bcde40000083}},
};

/* All three. */
static const struct golden all_leaves[] = {
    {R, {0x800abcde12345071, 0x800fbcde122000f1, 0x8008bcde400000f1}},
    {R | W, {0x800abcde12345073, 0x800fbcde122000f3, 0x8008bcde400000f3}},
    {X, {0x800abcde12345474, 0x800fbcde122004f4, 0x8008bcde400004f4}},
    {XK, {0x800abcde12345074, 0x800fbcde122000f4, 0x8008bcde400000f4}},
    {XU, {0x800abcde12345470, 0x800fbcde122004f0, 0x8008bcde400004f0}},
    {R | X, {0x800abcde12345475, 0x800fbcde122004f5, 0x8008bcde400004f5}},
    {R | XK, {0x800abcde12345075, 0x800fbcde122000f5, 0x8008bcde400000f5}},
    {R | XU, {0x800abcde12345471, 0x800fbcde122004f1, 0x8008bcde400004f1}},
    {R | W | X, {0x800abcde12345477, 0x800fbcde122004f7, 0x8008bcde400004f7}},
    {R | W | XK, {0x800abcde12345077, 0x800fbcde122000f7, 0x8008bcde400000f7}},
    {R | W | XU, {0x800abcde12345473, 0x800fbcde122004f3, 0x8008bcde400004f3}},
    {R | N, {0x800abcde12345049, 0x800fbcde122000c9, 0x8008bcde400000c9}},
    {R | W | N, {0x800abcde1234504b, 0x800fbcde122000cb, 0x8008bcde400000cb}},
    {X | N, {0x800abcde1234544c, 0x800fbcde122004cc, 0x8008bcde400004cc}},
    {N | XK, {0x800abcde1234504c, 0x800fbcde122000cc, 0x8008bcde400000cc}},
    {N | XU, {0x800abcde12345448, 0x800fbcde122004c8, 0x8008bcde400004c8}},
    {R | X | N, {0x800abcde1234544d, 0x800fbcde122004cd, 0x8008bcde400004cd}},
    {R | N | XK, {0x800abcde1234504d, 0x800fbcde122000cd, 0x8008bcde400000cd}},
    {R | N | XU, {0x800abcde12345449, 0x800fbcde122004c9, 0x8008bcde400004c9}},
    {R | W | X | N, {0x800abcde1234544f, 0x800fbcde122004cf, 0x8008bcde400004cf}},
    {R | W | N | XK, {0x800abcde1234504f, 0x800fbcde122000cf, 0x8008bcde400000cf}},
    {R | W | N | XU, {0x800abcde1234544b, 0x800fbcde122004cb, 0x8008bcde400004cb}},
    {R | D, {0x800abcde12345041, 0x800fbcde122000c1, 0x8008bcde400000c1}},
    {R | W | D, {0x800abcde12345043, 0x800fbcde122000c3, 0x8008bcde400000c3}},
};

/*
 * AMD APM vol. 2, 5.3.3 and 7.10: P, R/W, U/S, PWT, PCD, PS, G, NX as without, and the C-bit, here
 * 47, in all but device registers.
 */
static const struct golden c47_leaves[] = {
    {R, {0x8000fbcde2345001, 0x8000fbcde2200081, 0x8000fbcd40000081}},
    {R | W, {0x8000fbcde2345003, 0x8000fbcde2200083, 0x8000fbcd40000083}},
    {R | X, {0x0000fbcde2345001, 0x0000fbcde2200081, 0x0000fbcd40000081}},
    {R | W | X, {0x0000fbcde2345003, 0x0000fbcde2200083, 0x0000fbcd40000083}},
    {R | D, {0x80007bcde2345019, 0x80007bcde2200099, 0x80007bcd40000099}},
    {R | W | D, {0x80007bcde234501b, 0x80007bcde220009b, 0x80007bcd4000009b}},
    {R | N, {0x8000fbcde2345011, 0x8000fbcde2200091, 0x8000fbcd40000091}},
    {R | W | N, {0x8000fbcde2345013, 0x8000fbcde2200093, 0x8000fbcd40000093}},
    {R | X | N, {0x0000fbcde2345011, 0x0000fbcde2200091, 0x0000fbcd40000091}},
    {R | W | X | N, {0x0000fbcde2345013, 0x0000fbcde2200093, 0x0000fbcd40000093}},
    {R | U, {0x8000fbcde2345005, 0x8000fbcde2200085, 0x8000fbcd40000085}},
    {R | W | U, {0x8000fbcde2345007, 0x8000fbcde2200087, 0x8000fbcd40000087}},
    {R | X | U, {0x0000fbcde2345005, 0x0000fbcde2200085, 0x0000fbcd40000085}},
    {R | W | X | U, {0x0000fbcde2345007, 0x0000fbcde2200087, 0x0000fbcd40000087}},
    {R | D | U, {0x80007bcde234501d, 0x80007bcde220009d, 0x80007bcd4000009d}},
    {R | W | D | U, {0x80007bcde234501f, 0x80007bcde220009f, 0x80007bcd4000009f}},
    {R | N | U, {0x8000fbcde2345015, 0x8000fbcde2200095, 0x8000fbcd40000095}},
    {R | W | N | U, {0x8000fbcde2345017, 0x8000fbcde2200097, 0x8000fbcd40000097}},
    {R | X | N | U, {0x0000fbcde2345015, 0x0000fbcde2200095, 0x0000fbcd40000095}},
    {R | W | X | N | U, {0x0000fbcde2345017, 0x0000fbcde2200097, 0x0000fbcd40000097}},
    {R | G, {0x8000fbcde2345101, 0x8000fbcde2200181, 0x8000fbcd40000181}},
    {R | W | G, {0x8000fbcde2345103, 0x8000fbcde2200183, 0x8000fbcd40000183}},
    {R | X | G, {0x0000fbcde2345101, 0x0000fbcde2200181, 0x0000fbcd40000181}},
    {R | W | X | G, {0x0000fbcde2345103, 0x0000fbcde2200183, 0x0000fbcd40000183}},
    {R | D | G, {0x80007bcde2345119, 0x80007bcde2200199, 0x80007bcd40000199}},
    {R | W | D | G, {0x80007bcde234511b, 0x80007bcde220019b, 0x80007bcd4000019b}},
    {R | N | G, {0x8000fbcde2345111, 0x8000fbcde2200191, 0x8000fbcd40000191}},
    {R | W | N | G, {0x8000fbcde2345113, 0x8000fbcde2200193, 0x8000fbcd40000193}},
    {R | X | N | G, {0x0000fbcde2345111, 0x0000fbcde2200191, 0x0000fbcd40000191}},
    {R | W | X | N | G, {0x0000fbcde2345113, 0x0000fbcde2200193, 0x0000fbcd40000193}},
    {R | U | G, {0x8000fbcde2345105, 0x8000fbcde2200185, 0x8000fbcd40000185}},
    {R | W | U | G, {0x8000fbcde2345107, 0x8000fbcde2200187, 0x8000fbcd40000187}},
    {R | X | U | G, {0x0000fbcde2345105, 0x0000fbcde2200185, 0x0000fbcd40000185}},
    {R | W | X | U | G, {0x0000fbcde2345107, 0x0000fbcde2200187, 0x0000fbcd40000187}},
    {R | D | U | G, {0x80007bcde234511d, 0x80007bcde220019d, 0x80007bcd4000019d}},
    {R | W | D | U | G, {0x80007bcde234511f, 0x80007bcde220019f, 0x80007bcd4000019f}},
    {R | N | U | G, {0x8000fbcde2345115, 0x8000fbcde2200195, 0x8000fbcd40000195}},
    {R | W | N | U | G, {0x8000fbcde2345117, 0x8000fbcde2200197, 0x8000fbcd40000197}},
    {R | X | N | U | G, {0x0000fbcde2345115, 0x0000fbcde2200195, 0x0000fbcd40000195}},
    {R | W | X | N | U | G, {0x0000fbcde2345117, 0x0000fbcde2200197, 0x0000fbcd40000197}},
};

/* The same as a nested table, the C-bit at 51. */
static const struct golden c51_leaves[] = {
    {R, {0x800fbcde12345005, 0x800fbcde12200085, 0x800fbcdec0000085}},
    {R | W, {0x800fbcde12345007, 0x800fbcde12200087, 0x800fbcdec0000087}},
    {R | X, {0x000fbcde12345005, 0x000fbcde12200085, 0x000fbcdec0000085}},
    {R | W | X, {0x000fbcde12345007, 0x000fbcde12200087, 0x000fbcdec0000087}},
    {R | D, {0x8007bcde1234501d, 0x8007bcde1220009d, 0x8007bcdec000009d}},
    {R | W | D, {0x8007bcde1234501f, 0x8007bcde1220009f, 0x8007bcdec000009f}},
    {R | N, {0x800fbcde12345015, 0x800fbcde12200095, 0x800fbcdec0000095}},
    {R | W | N, {0x800fbcde12345017, 0x800fbcde12200097, 0x800fbcdec0000097}},
    {R | X | N, {0x000fbcde12345015, 0x000fbcde12200095, 0x000fbcdec0000095}},
    {R | W | X | N, {0x000fbcde12345017, 0x000fbcde12200097, 0x000fbcdec0000097}},
};

/* SDM vol. 3A, Tables 4-9 and 4-11. */
static const struct golden pae_leaves[] = {
    {R, {0x800abcde12345001, 0x800fbcde12200081, 0}},
    {R | W, {0x800abcde12345003, 0x800fbcde12200083, 0}},
    {R | X, {0x000abcde12345001, 0x000fbcde12200081, 0}},
    {R | W | X, {0x000abcde12345003, 0x000fbcde12200083, 0}},
    {R | D, {0x800abcde12345019, 0x800fbcde12200099, 0}},
    {R | W | D, {0x800abcde1234501b, 0x800fbcde1220009b, 0}},
    {R | N, {0x800abcde12345011, 0x800fbcde12200091, 0}},
    {R | W | N, {0x800abcde12345013, 0x800fbcde12200093, 0}},
    {R | X | N, {0x000abcde12345011, 0x000fbcde12200091, 0}},
    {R | W | X | N, {0x000abcde12345013, 0x000fbcde12200093, 0}},
    {R | U, {0x800abcde12345005, 0x800fbcde12200085, 0}},
    {R | W | U, {0x800abcde12345007, 0x800fbcde12200087, 0}},
    {R | X | U, {0x000abcde12345005, 0x000fbcde12200085, 0}},
    {R | W | X | U, {0x000abcde12345007, 0x000fbcde12200087, 0}},
    {R | D | U, {0x800abcde1234501d, 0x800fbcde1220009d, 0}},
    {R | W | D | U, {0x800abcde1234501f, 0x800fbcde1220009f, 0}},
    {R | N | U, {0x800abcde12345015, 0x800fbcde12200095, 0}},
    {R | W | N | U, {0x800abcde12345017, 0x800fbcde12200097, 0}},
    {R | X | N | U, {0x000abcde12345015, 0x000fbcde12200095, 0}},
    {R | W | X | N | U, {0x000abcde12345017, 0x000fbcde12200097, 0}},
    {R | G, {0x800abcde12345101, 0x800fbcde12200181, 0}},
    {R | W | G, {0x800abcde12345103, 0x800fbcde12200183, 0}},
    {R | X | G, {0x000abcde12345101, 0x000fbcde12200181, 0}},
    {R | W | X | G, {0x000abcde12345103, 0x000fbcde12200183, 0}},
    {R | D | G, {0x800abcde12345119, 0x800fbcde12200199, 0}},
    {R | W | D | G, {0x800abcde1234511b, 0x800fbcde1220019b, 0}},
    {R | N | G, {0x800abcde12345111, 0x800fbcde12200191, 0}},
    {R | W | N | G, {0x800abcde12345113, 0x800fbcde12200193, 0}},
    {R | X | N | G, {0x000abcde12345111, 0x000fbcde12200191, 0}},
    {R | W | X | N | G, {0x000abcde12345113, 0x000fbcde12200193, 0}},
    {R | U | G, {0x800abcde12345105, 0x800fbcde12200185, 0}},
    {R | W | U | G, {0x800abcde12345107, 0x800fbcde12200187, 0}},
    {R | X | U | G, {0x000abcde12345105, 0x000fbcde12200185, 0}},
    {R | W | X | U | G, {0x000abcde12345107, 0x000fbcde12200187, 0}},
    {R | D | U | G, {0x800abcde1234511d, 0x800fbcde1220019d, 0}},
    {R | W | D | U | G, {0x800abcde1234511f, 0x800fbcde1220019f, 0}},
    {R | N | U | G, {0x800abcde12345115, 0x800fbcde12200195, 0}},
    {R | W | N | U | G, {0x800abcde12345117, 0x800fbcde12200197, 0}},
    {R | X | N | U | G, {0x000abcde12345115, 0x000fbcde12200195, 0}},
    {R | W | X | N | U | G, {0x000abcde12345117, 0x000fbcde12200197, 0}},
};

/** A format, and what the manuals say of it. */
struct subject {
    const struct axaddr_format *format;
    const char *name;
    const struct golden *leaves;
    unsigned leaf_count;
    uint64_t frame_mask; /**< address bits of a 4 KiB leaf */
    uint64_t rights;     /**< an entry is present if one of these is set */
    uint64_t noted;      /**< accessed and dirty */
    uint64_t kept;       /**< other bits of a leaf that a change of flags keeps */
    uint64_t dropped;    /**< and that it does not */
    uint64_t split;      /**< other bits that a split keeps */
    uint64_t table;      /**< what an entry that points to a table has besides its address */
    uint64_t empty;
    uint8_t level_count;
    uint8_t input_width;
    uint8_t output_width;
    uint8_t leaf_levels;
    bool is_sign_extended;
    bool caches_absent;
};

#define LEAVES(table) table, sizeof table / sizeof table[0]
#define ALL_BITS      UINT64_C(0x000ffffffffff000)
#define EPT_HIGH      UINT64_C(0x7ff0000000000000)
#define X86_IGNORED   UINT64_C(0x07f0000000000e00)

static const struct subject subjects[] = {
    {&axaddr_x86_ept_modes, "x86_ept_modes", LEAVES(modes_leaves), ALL_BITS, 0x407, 0x300,
     EPT_HIGH | SVE | 0x800, 0x40, 0, 0x407, 0, 4, 48, 52, 7, false, false},
    {&axaddr_x86_ept_ignore_pat, "x86_ept_ignore_pat", LEAVES(ignore_pat_leaves), ALL_BITS, 7,
     0x300, EPT_HIGH | SVE | 0xc00, 0, 0, 7, 0, 4, 48, 52, 7, false, false},
    {&axaddr_x86_ept_suppress_ve, "x86_ept_suppress_ve", LEAVES(suppress_ve_leaves), ALL_BITS, 7,
     0x300, EPT_HIGH | 0xc00, 0x40, 0, SVE | 7, SVE, 4, 48, 52, 7, false, false},
    {&ept_all, "ept_all", LEAVES(all_leaves), ALL_BITS, 0x407, 0x300, EPT_HIGH | 0x800, 0, 0,
     SVE | 0x407, SVE, 5, 57, 52, 3, false, false},
    {&c47, "c47", LEAVES(c47_leaves), UINT64_C(0x00007ffffffff000), 1, 0x60, KEY, X86_IGNORED, KEY,
     C47 | 7, 0, 4, 48, 47, 7, true, false},
    {&c51, "c51", LEAVES(c51_leaves), UINT64_C(0x0007fffffffff000), 1, 0x60, KEY, X86_IGNORED, KEY,
     C51 | 7, 0, 5, 57, 51, 7, false, false},
    {&axaddr_x86_pae, "x86_pae", LEAVES(pae_leaves), ALL_BITS, 1, 0x60, 0, X86_IGNORED | KEY, 0, 7,
     0, 3, 32, 52, 3, false, true},
};
#define SUBJECT_COUNT (sizeof subjects / sizeof subjects[0])

static const struct subject *subject;

static uint64_t random_state = SEED;

static uint64_t random_next(void) {
    uint64_t z = (random_state += UINT64_C(0x9e3779b97f4a7c15));
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

static bool is_pae(void) {
    return subject->format == &axaddr_x86_pae;
}

static bool is_ept(void) {
    return (subject->rights & 7) == 7;
}

static unsigned top_leaf_level(void) {
    return subject->leaf_levels == 7 ? 2 : 1;
}

/** The frame that row 0 maps, and with it all others, at a level. */
static uint64_t frame_at(unsigned level) {
    uint64_t below = (UINT64_C(1) << (12 + 9 * level)) - 1;
    return subject->leaves[0].leaf[level] & subject->frame_mask & ~below;
}

/* ---- geometry, leaves ---- */

static void has_the_geometry(void) {
    static const unsigned shifts[5] = {12, 21, 30, 39, 48};
    const struct axaddr_format *f = subject->format;
    unsigned level;

    CHECK_STR(f->name, subject->name);
    CHECK_EQ(f->level_count, subject->level_count);
    CHECK_EQ(f->entry_shift, 3);
    CHECK_EQ(f->root_order, 0);
    CHECK_EQ(f->input_width, subject->input_width);
    CHECK_EQ(f->output_width, subject->output_width);
    CHECK_EQ(f->leaf_levels, subject->leaf_levels);
    CHECK_EQ(f->is_sign_extended, subject->is_sign_extended);
    CHECK_EQ(f->caches_absent, subject->caches_absent);
    CHECK(f->needs_break == 0 && f->publish == 0 && f->note_access == 0 && f->run_bits == 0);
    CHECK_EQ(f->noted, subject->noted);
    for (level = 0; level < subject->level_count; level++) {
        CHECK_EQ(f->shift[level], shifts[level]);
        CHECK_EQ(f->index_bits[level], is_pae() && level == 2 ? 2 : 9);
    }
}

static const struct golden *find_golden(uint32_t flags) {
    unsigned i;
    for (i = 0; i < subject->leaf_count; i++) {
        if (subject->leaves[i].flags == flags) {
            return &subject->leaves[i];
        }
    }
    return 0;
}

static void encodes_every_combination_or_refuses_it(void) {
    const struct axaddr_format *f = subject->format;
    uint32_t flags;
    unsigned held = 0;
    unsigned level;

    for (flags = 0; flags <= AXADDR_MAPPING_FLAGS; flags++) {
        const struct golden *golden = find_golden(flags);
        CHECK_EQ(f->can_hold(flags), golden != 0);
        for (level = 0; golden != 0 && level <= top_leaf_level(); level++) {
            uint64_t frame = frame_at(level);
            uint64_t leaf = f->make_leaf(frame, level, f->attributes_of(flags, level));
            uint64_t bits = leaf | subject->noted | subject->kept |
                            (is_pae() ? 0 : subject->dropped & ~UINT64_C(0x40));
            CHECK_EQ(leaf, golden->leaf[level]);
            CHECK_EQ(f->kind_of(leaf, level), AXADDR_ENTRY_LEAF);
            CHECK_EQ(f->frame_of(leaf, level), frame);
            CHECK_EQ(f->flags_of(leaf, level), flags);
            CHECK_EQ(f->kind_of(bits, level), AXADDR_ENTRY_LEAF);
            CHECK_EQ(f->frame_of(bits, level), frame);
            CHECK_EQ(f->flags_of(bits, level), flags);
            held += level == 0;
        }
    }
    CHECK_EQ(held, subject->leaf_count);
}

static void steps_changes_and_splits(void) {
    const struct axaddr_format *f = subject->format;
    unsigned from;
    unsigned to;
    unsigned level;

    for (from = 0; from < subject->leaf_count; from++) {
        for (level = 0; level <= top_leaf_level(); level++) {
            uint64_t size = UINT64_C(1) << (12 + 9 * level);
            uint64_t leaf = subject->leaves[from].leaf[level];
            uint64_t part = leaf;

            CHECK_EQ(f->next_leaf(leaf, level), leaf + size);
            for (to = 0; to < subject->leaf_count; to++) {
                uint64_t attributes = f->attributes_of(subject->leaves[to].flags, level);
                uint64_t new_leaf = subject->leaves[to].leaf[level];
                CHECK_EQ(f->change_leaf(leaf, level, attributes), new_leaf);
                CHECK_EQ(f->change_leaf(leaf | subject->noted | subject->kept | subject->dropped,
                                        level, attributes),
                         new_leaf | subject->noted | subject->kept);
            }
            if (level > 0) {
                part = level == 1 ? leaf & ~UINT64_C(0x80) : leaf;
                CHECK_EQ(f->split_leaf(leaf, level), part);
                CHECK_EQ(f->flags_of(part, level - 1), subject->leaves[from].flags);
                CHECK_EQ(
                    f->split_leaf(leaf | subject->noted | subject->kept | subject->dropped | 0x1000,
                                  level),
                    part | subject->noted | subject->split);
            }
        }
    }
}

static void notes_are_where_they_were(void) {
    const struct axaddr_format *f = subject->format;
    uint64_t accessed = subject->noted & (~subject->noted + 1);
    uint64_t leaf = subject->leaves[0].leaf[0];

    CHECK_EQ(f->notes_of(leaf, 0), 0);
    CHECK_EQ(f->notes_of(leaf | accessed, 0), AXADDR_ACCESSED);
    CHECK_EQ(f->notes_of(leaf | accessed << 1, 0), AXADDR_DIRTY);
    CHECK_EQ(f->clear_notes(leaf | subject->noted, 0, AXADDR_DIRTY), leaf | accessed);
}

/* ---- tables, kinds, absent entries ---- */

static uint64_t expected_table_bits(unsigned level) {
    return is_pae() && level == 2 ? 1 : subject->table; /* a PDPTE has no rights */
}

static void makes_tables(void) {
    const struct axaddr_format *f = subject->format;
    uint64_t frame = UINT64_C(0x000fedcba9876000) & subject->frame_mask;
    unsigned level;

    for (level = 1; level < subject->level_count; level++) {
        uint64_t table = f->make_table(frame, level);
        CHECK_EQ(table, frame | expected_table_bits(level));
        CHECK_EQ(f->kind_of(table, level), AXADDR_ENTRY_TABLE);
        CHECK_EQ(f->table_of(table), frame);
        CHECK_EQ(f->kind_of(table | 0xa00, level), AXADDR_ENTRY_TABLE); /* ignored */
        CHECK_EQ(f->table_of(f->make_table(subject->frame_mask, level)), subject->frame_mask);
    }
}

/** What the manuals say of any entry; of tables only those that make_table could have written. */
static enum axaddr_entry_kind expected_kind(uint64_t entry, unsigned level) {
    bool is_large = (entry & 0x80) != 0;

    if ((entry & subject->rights) == 0) {
        return AXADDR_ENTRY_ABSENT;
    }
    if (is_pae()) {
        if (level == 2) {
            /* reserved, but for bit 5, where QEMU notes accesses as in other tables */
            return (entry & UINT64_C(0xfff00000000001c6)) == 0 ? AXADDR_ENTRY_TABLE
                                                               : AXADDR_ENTRY_ABSENT;
        }
        if ((entry & UINT64_C(0x7ff0000000000000)) != 0) {
            return AXADDR_ENTRY_ABSENT;
        }
    }
    if (level == 0 || (level < 3 && is_large)) {
        return AXADDR_ENTRY_LEAF;
    }
    if (is_ept()) {
        return (entry & (subject->rights | 0xff)) == subject->rights ? AXADDR_ENTRY_TABLE
                                                                     : AXADDR_ENTRY_ABSENT;
    }
    return is_large ? AXADDR_ENTRY_ABSENT : AXADDR_ENTRY_TABLE;
}

static void classifies_any_entry(void) {
    const struct axaddr_format *f = subject->format;
    unsigned level;
    uint64_t low;
    unsigned i;

    for (level = 0; level < subject->level_count; level++) {
        for (low = 0; low < 0x2000; low++) {
            CHECK_EQ(f->kind_of(low, level), expected_kind(low, level));
            CHECK_EQ(f->kind_of(~UINT64_C(0x1fff) | low, level),
                     expected_kind(~UINT64_C(0x1fff) | low, level));
            CHECK_EQ(f->kind_of(SVE | low, level), expected_kind(SVE | low, level));
        }
        random_state = SEED;
        for (i = 0; i < 50000; i++) {
            uint64_t entry = random_next() & (i % 2 != 0 ? UINT64_MAX : ~EPT_HIGH);
            CHECK_EQ(f->kind_of(entry, level), expected_kind(entry, level));
            CHECK_EQ(f->frame_of(entry, level) & ~subject->frame_mask, 0);
            CHECK_EQ(f->table_of(entry), entry & subject->frame_mask);
            CHECK_EQ(f->flags_of(entry, level) & ~AXADDR_MAPPING_FLAGS, 0);
        }
    }
}

static void keeps_reservations_in_absent_entries(void) {
    const struct axaddr_format *f = subject->format;
    unsigned kind;
    unsigned level;
    unsigned i;

    CHECK_EQ(f->empty, subject->empty);
    CHECK_EQ(f->make_absent(AXADDR_ABSENT_EMPTY, 0), subject->empty);
    CHECK_EQ(f->absent_kind(f->empty), AXADDR_ABSENT_EMPTY);
    random_state = SEED;
    for (kind = AXADDR_ABSENT_RESERVED; kind <= AXADDR_ABSENT_BACKED; kind++) {
        bool is_parked = axaddr_absent_is_parked((enum axaddr_absent_kind)kind);
        uint64_t most = axaddr_low_bits(is_parked ? 40 : 27);
        for (i = 0; i < 5000; i++) {
            uint64_t value = i == 0 ? 0 : i == 1 ? most : random_next() & most;
            uint64_t entry = f->make_absent((enum axaddr_absent_kind)kind, value);
            CHECK_EQ(f->absent_kind(entry), kind);
            CHECK_EQ(f->absent_value(entry), value);
            CHECK(entry != f->empty);
            CHECK_EQ(entry & subject->rights, 0);
            CHECK_EQ(entry & subject->empty, subject->empty);   /* suppress #VE */
            CHECK(is_parked || (entry >> 40 & 0xfff) == 0xfff); /* L1TF */
            for (level = 0; level < subject->level_count; level++) {
                CHECK_EQ(f->kind_of(entry, level), AXADDR_ENTRY_ABSENT);
            }
        }
    }
    check_reserved(f);
}

/** The fault path's rights: EXECUTE permits fetches of both modes, each of them its own only. */
static void fetches_are_told_by_mode(void) {
    static const struct {
        uint32_t flags;
        uint32_t rights;
    } rows[] = {{R | X, R | X | XU | XK}, {R | XU, R | XU}, {W | R | XK, R | W | XK}, {R, R}};
    uint32_t rights;
    unsigned i;

    for (i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        uint64_t payload = axaddr_payload(rows[i].flags, 7);
        CHECK(axaddr_x86_ept_modes.is_reserved(
            axaddr_x86_ept_modes.make_absent(AXADDR_ABSENT_RESERVED, payload), &rights));
        CHECK_EQ(rights, rows[i].rights);
    }
    /* By hand: the leaf's bits 10:0 in 62:52, kind 1 in 5:3, the payload inverted in 51:12. */
    CHECK_EQ(axaddr_x86_ept_modes.make_absent(AXADDR_ABSENT_RESERVED, R | X),
             UINT64_C(0x435fffffffffa008));
    CHECK_EQ(ept_all.make_absent(AXADDR_ABSENT_RESERVED, R), UINT64_C(0x871fffffffffe008));
    CHECK_EQ(ept_all.populate(UINT64_C(0x871fffffffffe008), 0x12345000),
             UINT64_C(0x8000000012345071));
    CHECK_EQ(axaddr_x86_ept_suppress_ve.make_absent(AXADDR_ABSENT_TRAPPED, 0x7ffffff),
             UINT64_C(0x800fff8000000010));
}

/* ---- root registers ---- */

static void writes_eptps_that_the_processor_has(void) {
    /* vol. 3D, A.10: 0 X-only, 6 and 7 walks, 8 UC, 14 WB, 16 2M, 17 1G, 20 INVEPT, 21 A/D, 25. */
    const uint64_t icelake = UINT64_C(0x06734141) | 1 << 7;
    const axaddr_hpa_t root = axaddr_hpa(0x12345000);
    uint64_t value = 0x5555;

    CHECK_EQ(axaddr_x86_ept_eptp_of(&axaddr_x86_ept, root, true, icelake, &value), AXADDR_OK);
    CHECK_EQ(value, 0x1234505e);
    CHECK_EQ(axaddr_x86_ept_eptp_of(&axaddr_x86_ept_5, root, false, icelake, &value), AXADDR_OK);
    CHECK_EQ(value, 0x12345026);
    CHECK_EQ(axaddr_x86_ept_eptp_of(&ept_all, root, true, icelake, &value), AXADDR_OK);
    CHECK_EQ(value, 0x12345066);
    value = 0x5555;
    CHECK_EQ(axaddr_x86_ept_eptp_of(&axaddr_x86_ept_5, root, false, icelake ^ 1 << 7, &value),
             AXADDR_UNSUPPORTED);
    CHECK_EQ(axaddr_x86_ept_eptp_of(&axaddr_x86_ept, root, false, icelake ^ 1 << 6, &value),
             AXADDR_UNSUPPORTED);
    CHECK_EQ(axaddr_x86_ept_eptp_of(&axaddr_x86_ept, root, false, icelake ^ 1 << 14, &value),
             AXADDR_UNSUPPORTED);
    CHECK_EQ(axaddr_x86_ept_eptp_of(&axaddr_x86_ept, root, false, icelake ^ 1 << 16, &value),
             AXADDR_UNSUPPORTED);
    CHECK_EQ(axaddr_x86_ept_eptp_of(&axaddr_x86_ept, root, false, icelake ^ 1 << 17, &value),
             AXADDR_UNSUPPORTED);
    CHECK_EQ(axaddr_x86_ept_eptp_of(&axaddr_x86_ept, root, true, icelake ^ 1 << 21, &value),
             AXADDR_UNSUPPORTED);
    CHECK_EQ(
        axaddr_x86_ept_eptp_of(&axaddr_x86_ept, axaddr_hpa(0x12345800), false, icelake, &value),
        AXADDR_INVALID);
    CHECK_EQ(value, 0x5555);
    CHECK_EQ(axaddr_x86_ept_eptp_of(&axaddr_x86_ept, root, false, icelake ^ 1 << 21, &value),
             AXADDR_OK);
    CHECK_EQ(axaddr_x86_ept_eptp_of(&ept_all, root, false, icelake ^ 1 << 17, &value), AXADDR_OK);
    CHECK_EQ(axaddr_x86_ept_missing(0, &axaddr_x86_ept_5, AXADDR_X86_EPT_CAP_EXIT_INFO), 0x2534080);
    CHECK_STR(axaddr_x86_ept_cap_name(0x80), "5-level walk");
    CHECK_STR(axaddr_x86_ept_cap_name(0x400000), "advanced exit information");
}

static void writes_cr3(void) {
    uint64_t value = 0x5555;
    uint32_t narrow = 0x5555;

    /* The C-bit is an address bit of CR3, too (APM vol. 2, 7.10.2). */
    CHECK_EQ(
        axaddr_x86_64_cr3(axaddr_x86_encrypted_root(axaddr_hpa(0x12345000), 47), 5, false, &value),
        AXADDR_OK);
    CHECK_EQ(value, UINT64_C(0x0000800012345005));
    CHECK_EQ(axaddr_x86_npt_ncr3(axaddr_x86_encrypted_root(axaddr_hpa(0x12345000), 51), &value),
             AXADDR_OK);
    CHECK_EQ(value, UINT64_C(0x0008000012345000));
    CHECK_EQ(axaddr_x86_npt_ncr3(axaddr_x86_encrypted_root(axaddr_hpa(C47), 47), &value),
             AXADDR_INVALID);
    CHECK_EQ(axaddr_x86_npt_ncr3(axaddr_x86_encrypted_root(axaddr_hpa(2 * C47), 47), &value),
             AXADDR_INVALID);
    CHECK_EQ(value, UINT64_C(0x0008000012345000));
    /* SDM vol. 3A, Table 4-7: 31:5. */
    CHECK_EQ(axaddr_x86_pae_cr3(axaddr_hpa(0xfffffffe0), &narrow), AXADDR_INVALID);
    CHECK_EQ(axaddr_x86_pae_cr3(axaddr_hpa(0x12345010), &narrow), AXADDR_INVALID);
    CHECK_EQ(axaddr_x86_pae_cr3(axaddr_hpa(UINT64_C(1) << 32), &narrow), AXADDR_INVALID);
    CHECK_EQ(narrow, 0x5555);
    CHECK_EQ(axaddr_x86_pae_cr3(axaddr_hpa(0xffffffe0), &narrow), AXADDR_OK);
    CHECK_EQ(narrow, 0xffffffe0);
}

static void knows_canonical_addresses(void) {
    CHECK_EQ(axaddr_x86_64_la57_canonical(UINT64_C(0x0000800000000000)).raw,
             UINT64_C(0x0000800000000000));
    CHECK_EQ(axaddr_x86_64_la57_canonical(UINT64_C(0x0100000000000000)).raw,
             UINT64_C(0xff00000000000000));
    CHECK_EQ(axaddr_x86_64_la57_canonical(UINT64_C(0x00ffffffffffffff)).raw,
             UINT64_C(0x00ffffffffffffff));
    CHECK_EQ(axaddr_x86_64_la57_canonical(UINT64_C(0xffffffffffffffff)).raw, UINT64_MAX);
    CHECK_EQ(axaddr_x86_64_canonical(UINT64_C(0x0000800000000000)).raw,
             UINT64_C(0xffff800000000000));
    CHECK_EQ(axaddr_x86_64_canonical(UINT64_C(0x0000800000000fff) - 0x1000).raw,
             UINT64_C(0x00007fffffffffff));
    CHECK(!axaddr_x86_64_is_canonical(axaddr_gva(UINT64_C(0x0000800000000000)), 48));
    CHECK(axaddr_x86_64_is_canonical(axaddr_gva(UINT64_C(0x0000800000000000)), 57));
    CHECK(!axaddr_x86_64_is_canonical(axaddr_gva(UINT64_C(0x0100000000000000)), 57));
    CHECK(axaddr_x86_64_is_canonical(axaddr_gva(UINT64_C(0xff00000000000000)), 57));
    CHECK(!axaddr_x86_64_is_canonical(axaddr_gva(UINT64_C(0xfeffffffffffffff)), 57));
    CHECK(axaddr_x86_64_is_canonical(axaddr_gva(UINT64_C(0xffff800000000000)), 48));
    CHECK(!axaddr_x86_64_is_canonical(axaddr_gva(UINT64_C(0xffff7fffffffffff)), 48));
}

/* ---- exits ---- */

static void decodes_fetches_by_mode(void) {
    /* vol. 3C, Table 28-7: 2:0 access, 5:3 and 6 rights, 7 address valid, 8 not a walk, 9 user. */
    static const struct {
        uint64_t qualification;
        uint32_t access[2]; /* of the kernel, of user mode */
        bool is_guest_walk;
        bool is_permission;
    } rows[] = {
        {0x184, {XK, XU}, false, false}, /* fetch, nothing there */
        {0x1a4, {XK, XU}, false, true},  /* fetch, the kernel may */
        {0x1c4, {XK, XU}, false, true},  /* fetch, user mode may */
        {0x1c2, {W, W}, false, true},    /* write to what user mode may fetch */
        {0x181, {R, R}, false, false},   /* read */
        {0x083, {R | W, R | W}, true, false},
    };
    struct axaddr_exit said;
    unsigned i;

    for (i = 0; i < 2 * (sizeof rows / sizeof rows[0]); i++) {
        memset(&said, 0xa5, sizeof said);
        axaddr_x86_ept_modes_decode(rows[i / 2].qualification, 0x123456789abc, 0x7fff12345678,
                                    i % 2 != 0, &said);
        snprintf(check_context, sizeof check_context, "row %u", i);
        CHECK_EQ(said.gpa.raw, 0x123456789abc);
        CHECK_EQ(said.gva.raw, 0x7fff12345678);
        CHECK_EQ(said.is_gva_valid, true);
        CHECK_EQ(said.is_page_only, false);
        CHECK_EQ(said.access, rows[i / 2].access[i % 2]);
        CHECK_EQ(said.is_guest_walk, rows[i / 2].is_guest_walk);
        CHECK_EQ(said.is_permission, rows[i / 2].is_permission);
    }
    check_context[0] = '\0';
    CHECK(axaddr_x86_ept_is_user_address(0x384));
    CHECK(!axaddr_x86_ept_is_user_address(0x184));
    CHECK(axaddr_x86_ept_is_user_address(0x084)); /* not told */
    CHECK(axaddr_x86_ept_is_user_address(0x104));
}

/* ---- TLB executors ---- */

static char trace[512];
static uint32_t loaded_pcid;

#define NOTE(...) (void)snprintf(trace + strlen(trace), sizeof trace - strlen(trace), __VA_ARGS__)

static void watch_invlpg(void *ctx, axaddr_gva_t address) {
    (void)ctx;
    NOTE("invlpg %" PRIx64 "; ", address.raw);
}

static void watch_invpcid(void *ctx, uint64_t type, uint64_t pcid, axaddr_gva_t address) {
    (void)ctx;
    NOTE("invpcid %" PRIu64 " %" PRIx64 " %" PRIx64 "; ", type, pcid, address.raw);
}

static uint32_t watch_loaded_pcid(void *ctx) {
    (void)ctx;
    return loaded_pcid;
}

static void watch_reload_cr3(void *ctx) {
    (void)ctx;
    NOTE("cr3; ");
}

static void watch_toggle_pge(void *ctx) {
    (void)ctx;
    NOTE("pge; ");
}

static const struct axaddr_x86_tlb watched = {
    0, watch_invlpg, watch_invpcid, watch_loaded_pcid, watch_reload_cr3, watch_toggle_pge};

static const char *flush_as(const struct axaddr_flush *plan, unsigned width, bool has_global,
                            bool has_invpcid, uint32_t loaded) {
    struct axaddr_x86_64_use use = {(uint8_t)width, has_global, has_invpcid};

    trace[0] = '\0';
    loaded_pcid = loaded;
    axaddr_x86_64_flush_as_with(plan, &use, &watched, 0);
    return trace;
}

static void global_and_wide_tables_are_forgotten(void) {
    struct axaddr_flush plan;

    axaddr_flush_init(&plan);
    plan.vmid = 7;
    CHECK_STR(flush_as(&plan, 57, true, true, 7), "");
    axaddr_flush_add(&plan, UINT64_C(0x0000800000000000), UINT64_C(0x0000800000000fff), 12);
    axaddr_flush_add(&plan, UINT64_C(0x0100000000200000), UINT64_C(0x01000000003fffff), 21);
    CHECK_STR(flush_as(&plan, 57, false, true, 7),
              "invlpg 800000000000; invlpg ff00000000200000; ");
    CHECK_STR(flush_as(&plan, 57, false, true, 8),
              "invpcid 0 7 800000000000; invpcid 0 7 ff00000000200000; ");
    /* INVPCID of an address leaves global entries: INVLPG takes them in any PCID (4.10.4.1). */
    CHECK_STR(flush_as(&plan, 57, true, true, 8),
              "invlpg 800000000000; invpcid 0 7 800000000000; "
              "invlpg ff00000000200000; invpcid 0 7 ff00000000200000; ");
    CHECK_STR(flush_as(&plan, 57, true, false, 8), "pge; ");
    CHECK_STR(flush_as(&plan, 57, true, false, 7),
              "invlpg 800000000000; invlpg ff00000000200000; ");
    CHECK_STR(flush_as(&plan, 57, true, true, AXADDR_X86_NO_PCID),
              "invlpg 800000000000; invlpg ff00000000200000; ");
    plan.vmid = 0; /* not told */
    CHECK_STR(flush_as(&plan, 57, true, true, 8), "invpcid 2 0 0; ");
    CHECK_STR(flush_as(&plan, 57, false, true, 8), "invpcid 3 0 0; ");
    plan.vmid = 7;
    plan.is_full = true; /* a reload of CR3 would leave global entries */
    CHECK_STR(flush_as(&plan, 48, true, true, 7), "invpcid 2 0 0; ");
    CHECK_STR(flush_as(&plan, 48, true, true, 8), "invpcid 2 0 0; ");
    CHECK_STR(flush_as(&plan, 48, true, false, 7), "pge; ");
    CHECK_STR(flush_as(&plan, 48, true, false, AXADDR_X86_NO_PCID), "pge; ");
    CHECK_STR(flush_as(&plan, 48, false, true, 7), "cr3; ");
    CHECK_STR(flush_as(&plan, 48, false, false, 7), "cr3; ");
    CHECK_STR(flush_as(&plan, 48, false, true, 8), "invpcid 1 7 0; ");
    CHECK_STR(flush_as(&plan, 48, false, false, 8), "pge; ");
}

static const char *flush_pae(const struct axaddr_flush *plan, bool has_global) {
    trace[0] = '\0';
    axaddr_x86_pae_flush_with(plan, has_global, &watched, 0);
    return trace;
}

/** Whatever a plan says, the PDPTE registers are loaded again: SDM vol. 3A, 4.4.1. */
static void pae_loads_its_registers(void) {
    struct axaddr_flush plan;

    axaddr_flush_init(&plan);
    CHECK_STR(flush_pae(&plan, false), "");
    CHECK_STR(flush_pae(&plan, true), "");
    axaddr_flush_add(&plan, 0x5000, 0x5fff, 12);
    CHECK_STR(flush_pae(&plan, false), "cr3; ");
    CHECK_STR(flush_pae(&plan, true), "pge; ");
}

/* ---- spaces ---- */

#define FRAME_COUNT 64

static unsigned char memory[FRAME_COUNT][4096] __attribute__((aligned(4096)));
static bool is_used[FRAME_COUNT];
static unsigned flush_count;

/* Frames begin at 4 MiB: below all widths, and not where the host has them. */
#define MEMORY_AT UINT64_C(0x400000)

static inline bool own_alloc(void *ctx, axaddr_hpa_t *frame) {
    unsigned i;

    (void)ctx;
    for (i = 0; i < FRAME_COUNT; i++) {
        if (!is_used[i]) {
            is_used[i] = true;
            memset(memory[i], 0xa5, sizeof memory[i]);
            *frame = axaddr_hpa(MEMORY_AT + 4096 * (uint64_t)i);
            return true;
        }
    }
    return false;
}

static inline void own_free(void *ctx, axaddr_hpa_t frame) {
    uint64_t i = (frame.raw - MEMORY_AT) >> 12;

    (void)ctx;
    CHECK(i < FRAME_COUNT && is_used[i < FRAME_COUNT ? i : 0]);
    is_used[i < FRAME_COUNT ? i : 0] = false;
}

static inline void *own_frame_at(void *ctx, axaddr_hpa_t frame) {
    (void)ctx;
    return memory[(frame.raw - MEMORY_AT) >> 12 & (FRAME_COUNT - 1)];
}

static inline void own_flush(void *ctx, const struct axaddr_flush *plan) {
    (void)ctx;
    flush_count += !axaddr_flush_is_empty(plan);
}

static const struct axaddr_hal own_hal = {.alloc_frame = own_alloc,
                                          .free_frame = own_free,
                                          .frame_at = own_frame_at,
                                          .flush_tlb = own_flush};

AXADDR_DEFINE_SPACE(wide, axaddr_x86_64_la57, own_hal);
AXADDR_DEFINE_SPACE(deep, ept_all, own_hal);
AXADDR_DEFINE_SPACE(secret, c47, own_hal);
AXADDR_DEFINE_SPACE(narrow, axaddr_x86_pae, own_hal);

static unsigned frames_in_use(void) {
    unsigned count = 0;
    unsigned i;

    for (i = 0; i < FRAME_COUNT; i++) {
        count += is_used[i];
    }
    return count;
}

/** The entry `index` of the table at `frame`. */
static uint64_t entry_at(uint64_t frame, unsigned index) {
    uint64_t entry;
    memcpy(&entry, memory[(frame - MEMORY_AT) >> 12] + 8 * index, sizeof entry);
    return entry;
}

/** The last page of the upper half, the last of the lower one, and one page beyond it. */
static void spaces_have_57_bits(void) {
    const axaddr_gpa_t top = axaddr_gpa(UINT64_C(0xfffffffffffff000));
    struct wide space;
    axaddr_hpa_t hpa;
    uint64_t table;

    CHECK_EQ(wide_init(&space, 0, axaddr_gpa(UINT64_C(0xff00000000000000)), UINT64_C(1) << 56),
             AXADDR_OK);
    CHECK_EQ(wide_map_linear(&space, top, axaddr_hpa(0x7654321000), 0x1000, R | W | G), AXADDR_OK);
    CHECK_EQ(wide_translate(&space, axaddr_gpa(UINT64_MAX), &hpa), AXADDR_OK);
    CHECK_EQ(hpa.raw, 0x7654321fff);
    CHECK_EQ(wide_translate(&space, axaddr_gpa(UINT64_C(0x00fffffffffff000)), &hpa),
             AXADDR_INVALID);
    table = entry_at(wide_root(&space).raw, 511);
    CHECK_EQ(table & 0xfff, 7);
    table = entry_at(entry_at(entry_at(table & ALL_BITS, 511) & ALL_BITS, 511) & ALL_BITS, 511);
    CHECK_EQ(entry_at(table & ALL_BITS, 511), UINT64_C(0x8000007654321103));
    wide_destroy(&space);
    CHECK_EQ(wide_init(&space, 0, axaddr_gpa(0), UINT64_C(1) << 56), AXADDR_OK);
    CHECK_EQ(
        wide_map_linear(&space, axaddr_gpa(UINT64_C(0x00fffffffffff000)), axaddr_hpa(0), 0x2000, R),
        AXADDR_INVALID);
    wide_destroy(&space);
    CHECK_EQ(frames_in_use(), 0);
}

/** All EPT options with five levels: faults by mode, and bit 63 in whatever stands in a table. */
static void faults_are_told_the_mode(void) {
    const axaddr_gpa_t page = axaddr_gpa(UINT64_C(0x01fffffffffff000));
    struct deep space;
    struct axaddr_mapping mapping;
    unsigned frame;
    unsigned i;

    CHECK_EQ(deep_init(&space, 0, axaddr_gpa(0), UINT64_C(1) << 57), AXADDR_OK);
    CHECK_EQ(deep_map_alloc(&space, page, 0x1000, R | XU, AXADDR_LAZY), AXADDR_OK);
    CHECK_EQ(deep_handle_fault(&space, page, XK), AXADDR_FAULT_DENIED);
    CHECK_EQ(deep_handle_fault(&space, page, X), AXADDR_FAULT_DENIED);
    CHECK_EQ(deep_handle_fault(&space, page, XU), AXADDR_FAULT_RESOLVED);
    CHECK_EQ(deep_handle_fault(&space, page, XU), AXADDR_FAULT_SPURIOUS);
    CHECK_EQ(deep_handle_fault(&space, page, XK), AXADDR_FAULT_DENIED);
    CHECK_EQ(deep_protect(&space, page, 0x1000, R | X), AXADDR_OK);
    CHECK_EQ(deep_handle_fault(&space, page, XK), AXADDR_FAULT_SPURIOUS);
    CHECK_EQ(deep_query(&space, page, &mapping), AXADDR_OK);
    CHECK_EQ(mapping.flags, R | X);
    CHECK_EQ(deep_map_device(&space, axaddr_gpa(0), 0x200000, 3), AXADDR_OK);
    CHECK_EQ(deep_handle_fault(&space, axaddr_gpa(0x1000), W), AXADDR_FAULT_DEVICE);
    for (frame = 0; frame < FRAME_COUNT; frame++) {
        if (is_used[frame] && MEMORY_AT + 4096 * (uint64_t)frame != mapping.hpa.raw) {
            for (i = 0; i < 512; i++) {
                CHECK_EQ(entry_at(MEMORY_AT + 4096 * (uint64_t)frame, i) >> 63, 1);
            }
        }
    }
    deep_destroy(&space);
    CHECK_EQ(frames_in_use(), 0);
}

/** Frames stop below the encryption bit; large leaves keep it when they are split and collapsed. */
static void encrypted_spaces(void) {
    struct secret space;
    axaddr_hpa_t hpa;

    CHECK_EQ(secret_init(&space, 0, axaddr_gpa(0), UINT64_C(1) << 40), AXADDR_OK);
    CHECK_EQ(secret_map_linear(&space, axaddr_gpa(0), axaddr_hpa(C47 - 0x200000), 0x200000, R | W),
             AXADDR_OK);
    CHECK_EQ(secret_map_linear(&space, axaddr_gpa(0x200000), axaddr_hpa(C47), 0x1000, R),
             AXADDR_INVALID);
    CHECK_EQ(secret_translate(&space, axaddr_gpa(0x1fffff), &hpa), AXADDR_OK);
    CHECK_EQ(hpa.raw, C47 - 1);
    CHECK_EQ(secret_split(&space, axaddr_gpa(0), 0x200000), AXADDR_OK);
    CHECK_EQ(secret_translate(&space, axaddr_gpa(0x1ff000), &hpa), AXADDR_OK);
    CHECK_EQ(hpa.raw, C47 - 0x1000);
    CHECK_EQ(secret_collapse(&space, axaddr_gpa(0), 0x200000), AXADDR_OK);
    CHECK_EQ(secret_protect(&space, axaddr_gpa(0), 0x200000, R | D), AXADDR_OK);
    CHECK_EQ(secret_translate(&space, axaddr_gpa(0x1ff000), &hpa), AXADDR_OK);
    CHECK_EQ(hpa.raw, C47 - 0x1000);
    CHECK_EQ(secret_unmap(&space, axaddr_gpa(0), 0x200000), AXADDR_OK);
    secret_destroy(&space);
    CHECK_EQ(frames_in_use(), 0);
}

/** Four GiB; the last page of all; and a fault on what is there already asks for a flush. */
static void narrow_spaces(void) {
    const axaddr_gpa_t page = axaddr_gpa(0xfffff000);
    struct narrow space;
    axaddr_hpa_t hpa;
    unsigned before;

    CHECK_EQ(narrow_init(&space, 0, axaddr_gpa(0), UINT64_C(1) << 33), AXADDR_INVALID);
    CHECK_EQ(narrow_init(&space, 0, axaddr_gpa(0), UINT64_C(1) << 32), AXADDR_OK);
    CHECK_EQ(narrow_map_linear(&space, page, axaddr_hpa(0xf7654321000), 0x1000, R | W | U),
             AXADDR_OK);
    CHECK_EQ(narrow_map_linear(&space, page, axaddr_hpa(0), 0x2000, R), AXADDR_INVALID);
    CHECK_EQ(narrow_translate(&space, axaddr_gpa(0xffffffff), &hpa), AXADDR_OK);
    CHECK_EQ(hpa.raw, 0xf7654321fff);
    CHECK_EQ(narrow_translate(&space, axaddr_gpa(0x1fffff000), &hpa), AXADDR_INVALID);
    CHECK_EQ(entry_at(narrow_root(&space).raw, 0), 0);
    CHECK_EQ(entry_at(narrow_root(&space).raw, 3) & ~ALL_BITS, 1);
    before = flush_count;
    CHECK_EQ(narrow_handle_fault(&space, page, W | U), AXADDR_FAULT_SPURIOUS);
    CHECK_EQ(flush_count, before + 1);
    CHECK_EQ(narrow_map_alloc(&space, axaddr_gpa(0), UINT64_C(1) << 30, R | W, AXADDR_LAZY),
             AXADDR_OK);
    CHECK_EQ(narrow_handle_fault(&space, axaddr_gpa(0x3fffffff), W), AXADDR_FAULT_RESOLVED);
    narrow_destroy(&space);
    CHECK_EQ(frames_in_use(), 0);
}

#define FOR_EACH_FORMAT(function)                                                                  \
    do {                                                                                           \
        unsigned format_index;                                                                     \
        for (format_index = 0; format_index < SUBJECT_COUNT; format_index++) {                     \
            subject = &subjects[format_index];                                                     \
            snprintf(check_context, sizeof check_context, "%s", subject->name);                    \
            CASE(function);                                                                        \
        }                                                                                          \
        check_context[0] = '\0';                                                                   \
    } while (0)

int main(void) {
    printf("test_format_x86_variants: seed 0x%" PRIx64 "\n", SEED);
    FOR_EACH_FORMAT(has_the_geometry);
    FOR_EACH_FORMAT(encodes_every_combination_or_refuses_it);
    FOR_EACH_FORMAT(steps_changes_and_splits);
    FOR_EACH_FORMAT(notes_are_where_they_were);
    FOR_EACH_FORMAT(makes_tables);
    FOR_EACH_FORMAT(classifies_any_entry);
    FOR_EACH_FORMAT(keeps_reservations_in_absent_entries);
    CASE(fetches_are_told_by_mode);
    CASE(writes_eptps_that_the_processor_has);
    CASE(writes_cr3);
    CASE(knows_canonical_addresses);
    CASE(decodes_fetches_by_mode);
    CASE(global_and_wide_tables_are_forgotten);
    CASE(pae_loads_its_registers);
    CASE(spaces_have_57_bits);
    CASE(faults_are_told_the_mode);
    CASE(encrypted_spaces);
    CASE(narrow_spaces);
    return check_report("test_format_x86_variants");
}
