/* SPDX-License-Identifier: MIT
 *
 * make_guest_corpus.c: candidates for the corpus of fuzz_guest.c: pseudo-random operations in its
 * format, of which the first ones map something. Of these and of what a fuzzer found, fuzz/minimise
 * takes those that reach most:
 *
 *     cc -std=c11 -O2 fuzz/make_guest_corpus.c -o build/make_guest_corpus
 *     build/make_guest_corpus build/more/guest 30
 *     MORE=build/more fuzz/minimise build/fuzz guest
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#define MAP_COUNT  12u
#define STEP_COUNT 60u

static uint64_t random_state;
static FILE *file;

static unsigned next_random(void) {
    random_state = random_state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (unsigned)(random_state >> 33);
}

static void put(unsigned byte) {
    fputc((int)(byte & 255), file);
}

static void put_map(unsigned i) {
    put(0);
    put(i * 3 + next_random() % 3);
    put(next_random() % 4);
    put(next_random() | (next_random() % 4 != 0)); /* mostly writable */
}

/** An access: an address near the end of a page as often as not, a size, and its choices. */
static void put_access(void) {
    unsigned operation = 1 + next_random() % 6;
    unsigned offset = next_random() % 2 != 0 ? 4096 - next_random() % 20 : next_random();

    if (next_random() % 12 == 0) {
        put(operation | 0x80);
        put(next_random());
    } else {
        put(operation);
    }
    put(next_random() % 10 == 0 ? next_random() : next_random() % 40);
    put(offset >> 8);
    put(operation == 5 ? offset & 0xf8 : offset);
    if (next_random() % 2 != 0) {
        put(next_random() % 256);
    } else {
        put(128 + next_random() % 96);
        put(next_random() % 16);
        put(next_random());
    }
    put(next_random());
    put(next_random());
    put(next_random());
}

int main(int argument_count, char **arguments) {
    unsigned count = argument_count == 3 ? (unsigned)strtoul(arguments[2], 0, 10) : 0;
    unsigned i;
    unsigned step;

    if (count == 0) {
        printf("usage: make_guest_corpus DIRECTORY COUNT\n");
        return 1;
    }
    for (i = 0; i < count; i++) {
        char path[512];

        random_state = i + 1;
        snprintf(path, sizeof path, "%s/seed-%02u", arguments[1], i);
        file = fopen(path, "wb");
        if (file == 0) {
            printf("%s: cannot be written\n", path);
            return 1;
        }
        put(i);
        for (step = 0; step < MAP_COUNT; step++) {
            put_map(step);
        }
        for (step = 0; step < STEP_COUNT; step++) {
            put_access();
        }
        if (fclose(file) != 0) {
            return 1;
        }
    }
    return 0;
}
