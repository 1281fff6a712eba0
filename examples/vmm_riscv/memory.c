/* SPDX-License-Identifier: MIT
 *
 * memory.c: the functions that compilers call by themselves, also where there is no libc.
 */
#include <stddef.h>

void *memcpy(void *to, const void *from, size_t size);
void *memset(void *to, int byte, size_t size);

void *memcpy(void *to, const void *from, size_t size) {
    char *destination = to;
    const char *source = from;

    while (size-- > 0) {
        *destination++ = *source++;
    }
    return to;
}

void *memset(void *to, int byte, size_t size) {
    char *destination = to;

    while (size-- > 0) {
        *destination++ = (char)byte;
    }
    return to;
}
