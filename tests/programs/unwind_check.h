/// Checks the unwinder at events: each walk three ways, which must agree.
///
/// An event walks the stack with memory (unwind_stack), by rules alone (unwind_full) and by an
/// independent unwinder (_Unwind_Backtrace of libgcc). The program defines malloc and its family,
/// so that every allocation, wherever it comes from, is an event as well. Numbers of stacks come
/// from a table of the program's own. Used by the unwind_* programs of this folder, in C and C++.
#ifndef RAMLENS_UNWIND_CHECK_H
#define RAMLENS_UNWIND_CHECK_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/// Sets the unwinder up and warms the reference. Call it first in main.
void check_begin(void);

/// An event at this place.
void check_event(void);

/// Tells the unwinder that the code in [low, high) is gone.
void check_forget(uintptr_t low, uintptr_t high);

/// What is expected at the end.
struct check_aims {
    double hit_percent;     ///< At least this share of the walks was served from memory.
    unsigned events;        ///< At least so many.
    unsigned signal_frames; ///< At least so many were crossed.
    unsigned cut_per_mille; ///< At most this share of the walks was cut for want of a rule.
    unsigned too_deep;      ///< At least so many were cut at the greatest depth.
};

/// How many walks disagreed so far.
unsigned check_wrong(void);

/// Prints a summary; returns 0 if all walks agreed and the aims are met, else 1.
int check_end(const char *name, const struct check_aims *aims);

/// A small generator of pseudo-random numbers (xorshift, Marsaglia 2003), one state per caller.
static inline uint32_t check_random(uint32_t *state) {
    *state ^= *state << 13;
    *state ^= *state >> 17;
    *state ^= *state << 5;
    return *state;
}

#ifdef __cplusplus
}
#endif
#endif
