/* SPDX-License-Identifier: MIT
 *
 * cpu_limit.h: an end for what might not end, in processor time: a busy machine takes longer, but
 * not that.
 */
#ifndef AXADDR_TESTS_CPU_LIMIT_H
#define AXADDR_TESTS_CPU_LIMIT_H

#include <sys/time.h>

/** SIGPROF, which ends the program, after so many more seconds of its processor time; 0: never. */
static inline void cpu_limit(long seconds) {
    struct itimerval limit = {{0, 0}, {0, 0}};

    limit.it_value.tv_sec = seconds;
    (void)setitimer(ITIMER_PROF, &limit, 0);
}

#endif /* AXADDR_TESTS_CPU_LIMIT_H */
