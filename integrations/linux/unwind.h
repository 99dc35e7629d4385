/// Call stacks of the running thread, complete without frame pointers, at a few nanoseconds a frame.
///
/// Two layers. *Rules*: for a return address, how to find the caller's frame, made lazily from the
/// module's `.eh_frame` and kept in an insert-only table. *Remembered walks*: each thread keeps its
/// walks as a tree of frames; a walk whose memory cells all still hold what they held is the same walk,
/// exactly, because the next state of an unwinder depends only on its state and on the cells it read.
///
/// Nothing here calls malloc, takes a lock of libc's, or touches errno. Memory comes from unwind_port.
#ifndef RAMLENS_UNWIND_H
#define RAMLENS_UNWIND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/// What the unwinder asks of its surroundings; set once before the first walk.
struct unwind_port {
    /// `size` zeroed bytes, page aligned, never given back; NULL when there are none (the walk is then cut and counted).
    void *(*map)(size_t size);
    /// Number of the stack whose innermost frame is `return_address` and whose outer frames are stack `outer` (0: none).
    /// Thread safe. 0 means "could not be numbered".
    uint32_t (*intern)(uint32_t outer, uintptr_t return_address);
};

/// Why walks were cut or took the slow way; monotone, summed over threads by unwind_count().
struct unwind_counts {
    uint64_t walks;    ///< Calls of unwind_stack().
    uint64_t hits;     ///< Walks served whole from memory: every cell compared, none walked.
    uint64_t branches; ///< How often a walk from memory had to change to another remembered path.
    uint64_t frames_walked;  ///< Frames found by rules.
    uint64_t frames_matched; ///< Frames served by comparing remembered cells.
    uint64_t expressions;    ///< Frames whose rule needed a DWARF expression.
    uint64_t signal_frames;  ///< Signal frames crossed.
    uint64_t no_rule;        ///< Walks cut because an address had no usable rule.
    uint64_t too_deep;       ///< Walks cut at UNWIND_MAX_FRAMES, their outer frames missing.
    uint64_t restarts;       ///< How often a thread's memory was full and begun afresh.
    uint64_t mismatches;     ///< unwind_verify(): walks that differed from the reference.
    uint64_t verified;       ///< unwind_verify(): walks compared.
};

enum { UNWIND_MAX_FRAMES = 256 };

/// One thread's memory of walks; opaque, from unwind_thread_new().
struct unwind_thread;

void unwind_init(const struct unwind_port *port);

/// Memory of walks for the calling thread. `stack_high`: an address that tells its stack from others, such as the
/// outer end; not 0. A thread on the recycled stack of an ended one gets what that one remembered. The thread may run on any
/// other stack too (coroutines, alternate signal stacks): what is remembered is compared in full, wherever it lies.
/// NULL when no memory is left: pass NULL on, every walk then goes by rules.
/// Maps about 80 KiB, of which some 50 are touched, and up to 2 MiB (1 on i386) as walks of many kinds come.
struct unwind_thread *unwind_thread_new(uintptr_t stack_high);
/// Keeps an ended thread's memory for the next unwind_thread_new().
void unwind_thread_release(struct unwind_thread *self);

/// The stack that called the caller: `ra_slot` is the address of the cell that holds the innermost
/// return address, `bp` the frame pointer register's value in that caller (in an entry point
/// compiled with a frame pointer: `(uintptr_t *)__builtin_frame_address(0) + 1` and `*(uintptr_t *)__builtin_frame_address(0)`).
/// Returns the number from port.intern. Async-signal-safe as long as `self` is not in use further out on this thread (the
/// caller guards that). Cost: about a nanosecond a frame when remembered.
uint32_t unwind_stack(struct unwind_thread *self, uintptr_t ra_slot, uintptr_t bp);

/// The same by rules alone, without memory: fills `out` with up to `max` return addresses, innermost first; returns how many.
size_t unwind_full(uintptr_t ra_slot, uintptr_t bp, uintptr_t *out, size_t max);

/// Forgets rules and walks through code in [low, high): call after a module was unloaded, with port.intern already forgetful of it.
/// Threads drop their memory at their next walk.
void unwind_forget(uintptr_t low, uintptr_t high);

/// Compares `number`, from unwind_stack() with the same two arguments in the same function, with a full walk; counts
/// the outcome (`verified`, `mismatches`). Costs two microseconds or so; for tests and spot checks.
bool unwind_verify(uintptr_t ra_slot, uintptr_t bp, uint32_t number);

/// In the child of a fork, before its first walk: undoes what other threads of the parent were in the middle of.
void unwind_after_fork(void);

/// Adds up the counters of all threads, ended ones included.
void unwind_count(struct unwind_counts *out);

#endif
