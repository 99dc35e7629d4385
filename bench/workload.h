/// A recorded run as a list of steps that one thread can repeat: what bench/workload.c makes of a
/// trace and bench/replay.c plays.
///
/// The file is a struct workload_header and `step_count` words of 32 bits. A step's low four bits
/// are an enum workload_step, the rest is its argument. Blocks are known by *slots*: a slot is free
/// again when its block has been freed. The machine that writes the file reads it.
#ifndef RAMLENS_BENCH_WORKLOAD_H
#define RAMLENS_BENCH_WORKLOAD_H

#include <stdint.h>

enum workload_step {
    WORKLOAD_RETURN,       ///< From the innermost function.
    WORKLOAD_CALL,         ///< Function number (argument).
    WORKLOAD_FREE,         ///< Of the block in slot (argument), as are the two below.
    WORKLOAD_DELETE,       ///< A word more: the size told, 0 none.
    WORKLOAD_DELETE_ARRAY, ///< The same.
    WORKLOAD_MALLOC,       ///< Into slot (argument); a word more: the size, as are all below.
    WORKLOAD_CALLOC,
    WORKLOAD_REALLOC, ///< The block of the slot; it may move.
    WORKLOAD_NEW,
    WORKLOAD_NEW_ARRAY,
    WORKLOAD_MEMALIGN, ///< Two words more: size and alignment.
    WORKLOAD_END,      ///< The list is over; all functions have returned.
};

enum {
    WORKLOAD_STEP_BITS = 4,
    /// Functions there are to be called; more return addresses than that share some.
    WORKLOAD_FUNCTIONS = 4096,
    /// Outermost frames that are left out: the player's own stand for them.
    WORKLOAD_OUTER_FRAMES = 4,
    WORKLOAD_MAGIC = 0x31574c52,
};

struct workload_header {
    uint32_t magic;
    uint32_t step_count;
    uint32_t event_count; ///< Calls of allocation functions in the list.
    uint32_t slot_count;
    uint32_t functions; ///< Different return addresses that were recorded.
    uint32_t stacks;    ///< Different stacks of the events.
    double mean_depth;  ///< Frames an event as recorded.
    double mean_calls;  ///< Calls from one event to the next.
};

#endif
