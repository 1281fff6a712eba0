/* SPDX-License-Identifier: MIT
 *
 * require.h: a HAL function that is missing is an error at the line that instantiates. The macros
 * below generate a function there that calls, for each function that the HAL lacks, one that the
 * compiler is told never to let through; for a complete HAL nothing of it is left. This needs an
 * optimising compiler. Without one the checks at run time answer AXADDR_UNSUPPORTED.
 */
#ifndef AXADDR_CORE_REQUIRE_H
#define AXADDR_CORE_REQUIRE_H

#include "hal.h"

#if defined(__OPTIMIZE__) && defined(__has_attribute)
#if __has_attribute(error)
#define AXADDR_MISUSE_(message) __attribute__((error(message)))
#endif
#endif
#ifndef AXADDR_MISUSE_
#define AXADDR_MISUSE_(message) /* clang before 14: the linker reports the missing function */
#endif

#ifdef __cplusplus
extern "C" {
#endif
void axaddr_hal_lacks_alloc_frame(void) AXADDR_MISUSE_("this HAL lacks .alloc_frame");
void axaddr_hal_lacks_free_frame(void) AXADDR_MISUSE_("this HAL lacks .free_frame");
void axaddr_hal_lacks_frame_at(void) AXADDR_MISUSE_("this HAL lacks .frame_at");
void axaddr_hal_lacks_flush_tlb(void) AXADDR_MISUSE_("this HAL lacks .flush_tlb");
void axaddr_hal_lacks_alloc_block(void)
    AXADDR_MISUSE_("this HAL lacks .alloc_block and .free_block, which the format's root needs");
void axaddr_hal_lacks_lock_or_unlock(void)
    AXADDR_MISUSE_("this HAL has one of .lock and .unlock: it needs both or neither");
void axaddr_hal_lacks_enter_or_leave(void)
    AXADDR_MISUSE_("this HAL has one of .enter_walk and .leave_walk: it needs both or neither");
void axaddr_hal_lacks_supply_or_return(void)
    AXADDR_MISUSE_("this HAL has one of .supply_frame and .return_frame: it needs both or neither");
void axaddr_hal_lacks_alloc_or_free_at(void)
    AXADDR_MISUSE_("this HAL has one of .alloc_at and .free_at: it needs both or neither");
void axaddr_hal_locks_without_atomics(void)
    AXADDR_MISUSE_("with .lock, entries of 64 bits need a 64-bit compare-and-swap");
#ifdef __cplusplus
}
#endif

#ifdef __GCC_HAVE_SYNC_COMPARE_AND_SWAP_8
#define AXADDR_CAN_SWAP_(format) true
#else
#define AXADDR_CAN_SWAP_(format) ((format).entry_shift < 3 || UINTPTR_MAX > UINT32_MAX)
#endif

#ifdef __OPTIMIZE__

/* name##_require_: for what uses frames only, and for what uses all. */
#define AXADDR_REQUIRE_FRAMES_(name, hal)                                                          \
    AXADDR_UNUSED AXADDR_NOINLINE static void name##_require_(void) {                              \
        (hal).alloc_frame != 0 ? (void)0 : axaddr_hal_lacks_alloc_frame();                         \
        (hal).free_frame != 0 ? (void)0 : axaddr_hal_lacks_free_frame();                           \
        (hal).frame_at != 0 ? (void)0 : axaddr_hal_lacks_frame_at();                               \
    }
#define AXADDR_REQUIRE_ALL_(name, format, hal)                                                     \
    AXADDR_UNUSED AXADDR_NOINLINE static void name##_require_(void) {                              \
        (hal).alloc_frame != 0 ? (void)0 : axaddr_hal_lacks_alloc_frame();                         \
        (hal).free_frame != 0 ? (void)0 : axaddr_hal_lacks_free_frame();                           \
        (hal).frame_at != 0 ? (void)0 : axaddr_hal_lacks_frame_at();                               \
        (hal).flush_tlb != 0 ? (void)0 : axaddr_hal_lacks_flush_tlb();                             \
        (format).root_order == 0 || ((hal).alloc_block != 0 && (hal).free_block != 0)              \
            ? (void)0                                                                              \
            : axaddr_hal_lacks_alloc_block();                                                      \
        ((hal).lock != 0) == ((hal).unlock != 0) ? (void)0 : axaddr_hal_lacks_lock_or_unlock();    \
        ((hal).enter_walk != 0) == ((hal).leave_walk != 0) ? (void)0                               \
                                                           : axaddr_hal_lacks_enter_or_leave();    \
        ((hal).supply_frame != 0) == ((hal).return_frame != 0)                                     \
            ? (void)0                                                                              \
            : axaddr_hal_lacks_supply_or_return();                                                 \
        ((hal).alloc_at != 0) == ((hal).free_at != 0) ? (void)0                                    \
                                                      : axaddr_hal_lacks_alloc_or_free_at();       \
        (hal).lock == 0 || AXADDR_CAN_SWAP_(format) ? (void)0                                      \
                                                    : axaddr_hal_locks_without_atomics();          \
    }
#define AXADDR_REQUIRED_(name) name##_require_()

#else

#define AXADDR_REQUIRE_FRAMES_(name, hal)
#define AXADDR_REQUIRE_ALL_(name, format, hal)
#define AXADDR_REQUIRED_(name) (void)0

#endif

#endif /* AXADDR_CORE_REQUIRE_H */
