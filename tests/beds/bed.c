/* SPDX-License-Identifier: MIT
 *
 * bed.c: frames and printing for all beds, and the functions that a compiler takes for granted.
 */
#include "bed.h"

/* ---- what compilers call without being asked (bed.h has the fourth) ---- */

void *memset(void *to, int byte, size_t size);
void *memmove(void *to, const void *from, size_t size);
int memcmp(const void *a, const void *b, size_t size);

void *memset(void *to, int byte, size_t size) {
    volatile unsigned char *at = to;

    while (size-- > 0) {
        *at++ = (unsigned char)byte;
    }
    return to;
}

void *memcpy(void *to, const void *from, size_t size) {
    volatile unsigned char *at = to;
    const unsigned char *source = from;

    while (size-- > 0) {
        *at++ = *source++;
    }
    return to;
}

void *memmove(void *to, const void *from, size_t size) {
    volatile unsigned char *at = to;
    const unsigned char *source = from;

    if ((uintptr_t)to <= (uintptr_t)from) {
        return memcpy(to, from, size);
    }
    while (size-- > 0) {
        at[size] = source[size];
    }
    return to;
}

int memcmp(const void *a, const void *b, size_t size) {
    const unsigned char *left = a;
    const unsigned char *right = b;

    for (; size > 0; size--, left++, right++) {
        if (*left != *right) {
            return *left < *right ? -1 : 1;
        }
    }
    return 0;
}

/* ---- printing ---- */

void bed_print(const char *text) {
    for (; *text != 0; text++) {
        machine_put(*text);
    }
}

void bed_print_hex(uint64_t value) {
    unsigned shift = 60;

    while (shift > 0 && value >> shift == 0) {
        shift -= 4;
    }
    bed_print("0x");
    for (;; shift -= 4) {
        machine_put("0123456789abcdef"[value >> shift & 0xf]);
        if (shift == 0) {
            return;
        }
    }
}

void bed_stop(const char *what, uint64_t value) {
    bed_print("bed stopped: ");
    bed_print(what);
    bed_print(" ");
    bed_print_hex(value);
    bed_print("\n");
    machine_exit(2);
}

/* ---- frames ---- */

static uint64_t pool_first;
static unsigned pool_used;
static bool is_used[BED_POOL_FRAMES];

void bed_pool_init(uint64_t first) {
    pool_first = first;
}

unsigned bed_pool_used(void) {
    return pool_used;
}

static bool is_block_free(unsigned index, unsigned count) {
    unsigned i;

    for (i = 0; i < count; i++) {
        if (is_used[index + i]) {
            return false;
        }
    }
    return true;
}

static void mark(unsigned index, unsigned count, bool used) {
    unsigned i;

    for (i = 0; i < count; i++) {
        if (is_used[index + i] == used) {
            bed_stop("a frame is freed twice", pool_first + index * BED_FRAME_SIZE);
        }
        is_used[index + i] = used;
    }
}

/** Frames come with a pattern in them, larger ones here and there: what has to be zeroed shows. */
bool bed_take(unsigned order, uint64_t *frame) {
    unsigned count = 1u << order;
    uint64_t step = BED_FRAME_SIZE / BED_PAGE_SIZE;
    uint64_t word;
    unsigned index;

    for (index = 0; index + count <= BED_POOL_FRAMES; index += count) {
        if (is_block_free(index, count)) {
            uint64_t *words;

            *frame = pool_first + index * BED_FRAME_SIZE;
            words = bed_at(*frame);
            for (word = 0; word < count * BED_FRAME_SIZE / 8; word += step) {
                words[word] = UINT64_C(0xbad0bad0bad0bad7);
            }
            mark(index, count, true);
            pool_used += count;
            return true;
        }
    }
    return false;
}

void bed_give(unsigned order, uint64_t frame) {
    unsigned count = 1u << order;

    if (frame < pool_first || frame - pool_first >= BED_POOL_FRAMES * BED_FRAME_SIZE) {
        bed_stop("a frame is freed that was never taken", frame);
    }
    mark((unsigned)((frame - pool_first) >> BED_FORMAT.shift[0]), count, false);
    pool_used -= count;
}
