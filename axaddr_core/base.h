/* SPDX-License-Identifier: MIT
 *
 * base.h: what every other header stands on: compiler attributes, the status that calls return, and
 * the few bit helpers that more than one file needs. No types of the library's domain are in here.
 */
#ifndef AXADDR_CORE_BASE_H
#define AXADDR_CORE_BASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* ---- the compiler: C11 or C++20 with GNU attributes, gcc >= 9 or clang >= 11 ---- */

#ifdef __cplusplus
#define AXADDR_STATIC_ASSERT(condition, why) static_assert(condition, why)
#else
#define AXADDR_STATIC_ASSERT(condition, why) _Static_assert(condition, why)
#endif

/* A C++ user may leave members that have this out of a list of designated initialisers. */
#ifdef __cplusplus
#define AXADDR_OPTIONAL_                                                                           \
    {}
#else
#define AXADDR_OPTIONAL_
#endif

/** For algorithms: copied into each instance, so that its constant descriptors fold away. */
#define AXADDR_ALWAYS_INLINE static inline __attribute__((always_inline))
/** For the paths of an instance that are shared or cold: one copy, out of the hot paths' way. */
#define AXADDR_NOINLINE      __attribute__((noinline))
/** For generated functions: an instance is not obliged to use all of them. */
#define AXADDR_UNUSED        __attribute__((unused))
/** For every function whose status must not be dropped. */
#define AXADDR_MUST_CHECK    __attribute__((warn_unused_result))

#define AXADDR_LIKELY(condition)   __builtin_expect(!!(condition), 1)
#define AXADDR_UNLIKELY(condition) __builtin_expect(!!(condition), 0)

/** Before a loop over entries: four in a round, as its overhead is half of what it does. */
#define AXADDR_UNROLL _Pragma("GCC unroll 4")

/** Bytes that CPUs contend for as one; define it before, if yours are larger. */
#ifndef AXADDR_CACHE_LINE_SIZE
#define AXADDR_CACHE_LINE_SIZE 64
#endif

/* ---- status ---- */

/** What a call came to. Unless it says AXADDR_OK, the call has changed nothing. */
enum axaddr_status {
    AXADDR_OK = 0,  /**< done */
    AXADDR_INVALID, /**< an argument is empty, unaligned, overflowing, unknown or out of bounds */
    AXADDR_EXISTS,  /**< part of the range is mapped, reserved or trapped already */
    AXADDR_NOT_MAPPED,  /**< part of the range is not mapped (for a translation: not yet) */
    AXADDR_NO_MEMORY,   /**< the HAL, or a fixed capacity, had no room left */
    AXADDR_DENIED,      /**< what is there does not permit the operation */
    AXADDR_BUSY,        /**< somebody else is changing it: try again */
    AXADDR_UNSUPPORTED, /**< this format or HAL cannot express what was asked */
};

/** The name of a status without its prefix, for messages: "OK", "NO_MEMORY". */
static inline const char *axaddr_status_name(enum axaddr_status status) {
    switch (status) {
    case AXADDR_OK:
        return "OK";
    case AXADDR_INVALID:
        return "INVALID";
    case AXADDR_EXISTS:
        return "EXISTS";
    case AXADDR_NOT_MAPPED:
        return "NOT_MAPPED";
    case AXADDR_NO_MEMORY:
        return "NO_MEMORY";
    case AXADDR_DENIED:
        return "DENIED";
    case AXADDR_BUSY:
        return "BUSY";
    case AXADDR_UNSUPPORTED:
        return "UNSUPPORTED";
    }
    return "?";
}

/* ---- what macros generate ----
 *
 * Names of parameters are the ordinary words, which a user's own globals may be, too: that is no
 * shadowing that anybody could have avoided.
 */
#define AXADDR_BEGIN_GENERATED_                                                                    \
    _Pragma("GCC diagnostic push") _Pragma("GCC diagnostic ignored \"-Wshadow\"")
#define AXADDR_END_GENERATED_ _Pragma("GCC diagnostic pop")

/* ---- bits ---- */

/** A number whose lowest `count` bits are set; count is 0 to 64. */
AXADDR_ALWAYS_INLINE uint64_t axaddr_low_bits(unsigned count) {
    return count >= 64 ? ~UINT64_C(0) : (UINT64_C(1) << count) - 1;
}

/** Whether `value` is a power of two (zero is not). */
AXADDR_ALWAYS_INLINE bool axaddr_is_power_of_two(uint64_t value) {
    return value != 0 && (value & (value - 1)) == 0;
}

#endif /* AXADDR_CORE_BASE_H */
