/* SPDX-License-Identifier: MIT
 *
 * replay.c: runs a fuzz target over files, as an ordinary program (no fuzzer, any compiler):
 *
 *     fuzz_replay fuzz/corpus/seed-01 fuzz/corpus/seed-02
 *
 * Ends with the line of tests/check.h. A file that makes the target abort ends the program, which
 * tells its name; sanitizers have to be told to abort (replay.sh).
 */
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define INPUT_MAX (1 << 20)

static const char *replayed_file;
static int passed;
static int failed;

static void report(void) {
    printf("fuzz_replay: %d passed, %d failed\n", passed, failed);
    fflush(stdout);
}

/** The target is not in the middle of printing when it aborts. */
static void on_abort(int number) {
    (void)number;
    failed++;
    printf("aborted by: %s\n", replayed_file);
    report();
    _exit(1);
}

int main(int argument_count, char **arguments) {
    static uint8_t data[INPUT_MAX];
    int i;

    signal(SIGABRT, on_abort);
    for (i = 1; i < argument_count; i++) {
        FILE *file = fopen(arguments[i], "rb");
        uint8_t *copy;
        size_t size;
        if (file == 0) {
            printf("%s: cannot be read\n", arguments[i]);
            failed++;
            continue;
        }
        size = fread(data, 1, sizeof(data), file);
        fclose(file);
        replayed_file = arguments[i];
        /* A copy of just this size: a sanitizer sees reads beyond it. */
        copy = (uint8_t *)malloc(size > 0 ? size : 1);
        if (copy == 0) {
            return 2;
        }
        memcpy(copy, data, size);
        LLVMFuzzerTestOneInput(copy, size);
        free(copy);
        passed++;
    }
    report();
    return failed != 0 || passed == 0;
}
