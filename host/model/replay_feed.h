/// A trace as what it asked of its heap: requests in order, with blocks known by small numbers instead of addresses.
///
/// A replay cares for what was asked and in which order, not for the addresses that the host gave. The feed resolves these once, for
/// all plans that are replayed together: it orders what two threads did at one address, joins the halves of a realloc, leaves out what only a
/// host has, finds the kernel objects that nobody destroyed.
#ifndef RAMLENS_REPLAY_FEED_H
#define RAMLENS_REPLAY_FEED_H

#include "arena.h"
#include "kernel_table.h"
#include "map64.h"
#include "owners.h"
#include "ramlens_heaps.h"
#include "trace.h"
#include "vec.h"

#include <stdbool.h>
#include <stdint.h>

enum replay_what {
    REPLAY_GIVE,    ///< A block is asked for.
    REPLAY_END,     ///< It is freed.
    REPLAY_RESIZE,  ///< It is reallocated; keeps its number.
    REPLAY_KERNEL,  ///< A kernel object is created.
    REPLAY_RUN_END, ///< A thread's function has returned: what lives only while it runs is freed.
    REPLAY_KERNEL_END, ///< The object is destroyed; a thread: joined, or the idle task has come by.
    REPLAY_CHECKPOINT, ///< `id`: index into the feed's checkpoints.
    REPLAY_REFUSED,    ///< In exact mode: nothing served this request. No `id`.
    REPLAY_HEAPS,      ///< A placed run's own figures; `id`: index into the feed's.
};

/// One request. `id` of blocks and of kernel objects count from 0, each for itself, and are used again.
struct replay_op {
    uint8_t what;      ///< enum replay_what.
    uint8_t is_new;    ///< Of GIVE and RESIZE: by operator new.
    uint8_t alignment; ///< Its logarithm; 0: none asked for.
    uint8_t object; ///< Of KERNEL: enum kernel_object. Of GIVE and REFUSED: 1 for a block behind a kernel object.
    uint32_t id;
    uint32_t size;  ///< Beyond 32 bits: UINT32_MAX, which no heap serves.
    uint32_t stack; ///< Call stack.
    uint64_t time;  ///< As trace_event.time.
    uint32_t asks;  ///< Index + 1 into the feed's capabilities: what was asked for then; 0: malloc.
    union {
        uint32_t heap;   ///< In exact mode: the heap that gave it then, by the trace's number;
        uint32_t thread; ///< else the thread that asked.
    };
    uint64_t at; ///< In exact mode, and of a device's trace: the address that was given.
};

struct replay_checkpoint {
    struct str name;
    uint32_t cycle;
    uint64_t time; ///< As trace_event.time.
};

/// What a placed run said of its heaps at a checkpoint.
struct replay_said {
    uint32_t checkpoint; ///< Index + 1 of the checkpoint before; 0 none.
    struct trace_heap *heaps;
    uint32_t count;
};

/// Counts of what was left out or could not be made sense of.
struct replay_feed_counts {
    uint64_t events;    ///< Read from the trace.
    uint64_t ops;       ///< Given out.
    uint64_t host_only; ///< Blocks that only the host has.
    uint64_t host_only_bytes;
    uint64_t failures;  ///< Requests that had failed on the host.
    uint64_t conflicts; ///< Blocks given where one lived, ends of unknown ones.
    uint64_t abandoned; ///< Kernel objects whose memory went without them.
};

struct replay_feed {
    struct arena *a;
    struct trace *trace;
    const struct trace_image *image;
    struct owners *owners;
    const bool *host_only; ///< By component.
    bool exact; ///< A placed run is replayed as it was: its own tries, its kernel blocks as blocks.
    bool is_of_device; ///< Its blocks lie where a device had them, which says more than their sizes.
    bool told_reclaimed; ///< The trace says when a thread's memory is given back.
    struct trace_cursor *cursor;
    struct map64
            blocks; ///< Address to size << 32 | id; sizes clamped. Host-only ones have id HOST.
    uint32_t block_count; ///< Numbers given so far: every id is below.
    VEC(uint32_t) spare_blocks;
    struct kernel_table kernel;
    uint32_t kernel_count;
    VEC(uint32_t) spare_kernel;
    struct map64 moving; ///< By thread: id + 1 of a block between the halves of a realloc.
    struct map64
            ending; ///< By thread number: id + 1 of a thread object that ended and was not reclaimed.
    uint8_t *stack_state; ///< By stack: 0 not asked yet, 1 host only, 2 the chip's.
    VEC(struct replay_checkpoint) checkpoints;
    VEC(struct replay_said) said;
    VEC(uint32_t) capabilities; ///< Capability bits: [asks - 1].
    struct replay_feed_counts counts;
};

/// Starts at the beginning of `image`. Everything must outlive the feed.
void replay_feed_init(struct replay_feed *f, struct arena *a, struct trace *t,
        const struct trace_image *image, struct owners *owners, const bool *host_only, bool exact);

/// The next requests, at most `room` (at least 8), in `out`, up to a checkpoint and it, which is then the last; 0 at the end. Constant time each.
uint32_t replay_feed_read(struct replay_feed *f, struct replay_op *out, uint32_t room);

/// Whether what `stack` asks for is the host's alone.
bool replay_feed_is_host(struct replay_feed *f, uint32_t stack);

#endif
