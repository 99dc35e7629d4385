/// Call stacks of the running thread, complete without frame pointers, at a few nanoseconds a
/// frame.
///
/// Two layers. *Rules*: for a return address, how to find the caller's frame, made lazily from the
/// module's `.eh_frame` and kept in an insert-only table. *Remembered walks*: each thread keeps its
/// walks; a walk whose memory cells all still hold what they held is the same walk, exactly,
/// because the next state of an unwinder depends only on its state and on the cells it read.
///
/// Nothing here calls malloc, takes a lock of libc's, or touches errno. Memory comes from the port.
/// Files: unwind_dwarf (call frame information), unwind_rules (compact rules and their table),
/// unwind_walk and unwind_slow with unwind_expression (steps by rules), unwind_paths (what a thread
/// keeps), unwind_remember (walks with memory), unwind_threads (the rest of this interface).
#ifndef RAMLENS_UNWIND_H
#define RAMLENS_UNWIND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/// What the unwinder asks of its surroundings; both functions may be called on any thread.
struct unwind_port {
    /// `size` zeroed bytes, page aligned, never given back; NULL when there are none (then rules
    /// are made again and again, and walks are not remembered).
    void *(*map)(size_t size);
    /// Number of the stack whose innermost frame is `return_address` and whose outer frames are
    /// stack `outer` (0: none). The same pair has the same number always. 0 means "could not be
    /// numbered".
    uint32_t (*intern)(uint32_t outer, uintptr_t return_address);
};

/// Why walks were cut or took the slow way; monotone, summed over threads by unwind_count().
struct unwind_counts {
    uint64_t walks;          ///< Calls of unwind_stack().
    uint64_t hits;           ///< Walks served whole from memory: every cell compared, none walked.
    uint64_t branches;       ///< How often a comparison had to change to another remembered walk.
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

/// Call once, before anything else here. `port` is copied.
void unwind_init(const struct unwind_port *port);

/// Memory of walks for the calling thread. `stack_high`: an address that tells its stack from
/// others, such as the outer end; not 0. A thread on the recycled stack of an ended one gets what
/// that one remembered. It may run on other stacks too (coroutines, alternate signal stacks): what
/// is remembered is compared in full, wherever it lies. NULL when no memory is left: pass NULL on,
/// every walk then goes by rules. Maps about 90 KiB and, as walks of many kinds come, up to 5 MiB
/// (half on i386); then the memory is emptied and begun afresh.
struct unwind_thread *unwind_thread_new(uintptr_t stack_high);

/// Keeps an ended thread's memory for the next unwind_thread_new(). NULL is ignored.
void unwind_thread_release(struct unwind_thread *self);

/// The stack that called the caller: `ra_slot` is the address of the cell that holds the innermost
/// return address, `bp` the frame pointer register's value in the frame that it returns to. In an
/// entry point with a frame pointer, where `frame` is `(uintptr_t *)__builtin_frame_address(0)`:
/// `frame + 1` and `frame[0]`. The entry point must not end by jumping here (see to it with an
/// empty asm behind the call).
///
/// Returns the number from port.intern, of at most UNWIND_MAX_FRAMES frames; 0 if there is none. In
/// a frame that a signal interrupted the address is that of the next instruction, else a return
/// address. Async-signal-safe as long as `self` is not in use further out on this thread (the
/// caller guards that; NULL walks by rules and may nest at will). Cost at 2.6 GHz: eight
/// nanoseconds and 1.3 a frame when remembered, eleven a frame by rules, and most of a microsecond
/// for a new walk, which is then remembered (bench/RESULTS.md).
uint32_t unwind_stack(struct unwind_thread *self, uintptr_t ra_slot, uintptr_t bp);

/// The same by rules alone, without memory and without counting: fills `out` with up to `max`
/// return addresses, innermost first; returns how many.
size_t unwind_full(uintptr_t ra_slot, uintptr_t bp, uintptr_t *out, size_t max);

/// Forgets rules and walks through code in [low, high): call when a module was unloaded, before
/// another can come to its place, with port.intern already forgetful of it. Threads drop their
/// memory at their next walk. Any thread, not a signal handler.
void unwind_forget(uintptr_t low, uintptr_t high);

/// Compares `number`, from unwind_stack() with the same two arguments in the same function, with a
/// full walk; counts the outcome (`verified`, `mismatches`). As costly as a walk by rules and its
/// numbering.
bool unwind_verify(uintptr_t ra_slot, uintptr_t bp, uint32_t number);

/// In the child of a fork, before its first walk: undoes what other threads of the parent were in
/// the middle of.
void unwind_after_fork(void);

/// Adds up the counters of all threads, ended ones included.
void unwind_count(struct unwind_counts *out);

#endif
