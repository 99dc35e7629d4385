/// Reading a trace: its definitions at once, its events as one stream in the order in which they
/// happened.
///
/// The file is hostile input: damaged blocks are skipped, counted and located; nothing is believed
/// that was not checked. Memory grows with definitions and with the number of threads whose blocks
/// overlap, not with the length of the trace.
#ifndef RAMLENS_TRACE_H
#define RAMLENS_TRACE_H

#include "arena.h"
#include "err.h"
#include "ramlens_wire.h"
#include "str.h"

#include <stdbool.h>
#include <stdint.h>

/// A call stack: the frame at `address` (a return address), called from stack `outer` (0:
/// outermost).
struct trace_stack {
    uint64_t address;
    uint32_t outer;
    uint32_t module; ///< Index + 1 in trace_image.modules of the code at `address` when the
                     ///< stack was defined; 0 none. Valid if `known`.
    bool known;      ///< False: the definition was lost.
};

/// Code that was mapped for a time.
struct trace_module {
    uint32_t number;
    uint64_t base; ///< Load address; subtract it to get an address in the file.
    uint64_t low;
    uint64_t size;
    struct str path; ///< "" for the program itself until the image's path is put in its place.
    const uint8_t *build_id;
    size_t build_id_bytes;
    bool loaded; ///< Still mapped at the end.
};

struct trace_thread {
    uint32_t number; ///< From 1.
    uint32_t system_id;
    struct str name; ///< Latest; "" when unknown.
};

/// What the recorder said of itself at the end; all 0 when the program was killed.
struct trace_counters {
    bool present;
    uint64_t lost_allocs, lost_frees;
    uint64_t map_bytes; ///< Memory of the recorder.
    uint64_t walks, hits, frames_walked, frames_matched, expressions, signal_frames, no_rule,
            too_deep;
};

/// The platform of a trace that was made from what a device printed.
#define TRACE_OF_DEVICE "esp-idf"

enum { TRACE_REGIONS_MAX = 64 };

/// A heap of the target in which a placed run's blocks lie.
struct trace_region {
    bool present;
    struct str name;
    uint64_t address; ///< Of its first byte, in the process that ran.
    uint64_t bytes;
    uint64_t target_address; ///< 0: no fixed one.
};

/// By which rules the image's blocks were placed; `present` false: it is no placed run.
struct trace_placed {
    bool present;
    struct str target;
    struct str settings;     ///< "NAME=VALUE NAME=VALUE".
    struct str plan;         ///< As it was given; empty for none.
    uint64_t occupied_bytes; ///< Of internal memory, beforehand.
};

/// One process image: a program from its start to its end or its exec.
struct trace_image {
    uint32_t mark;             ///< In each of its blocks.
    uint8_t pointer_bytes;     ///< 4 or 8; 0 when its record was lost.
    uint8_t minor;             ///< Minor version of the format in its first block.
    uint64_t ticks_per_second; ///< Nominal.
    uint64_t process;
    struct str path;
    struct str platform;
    struct trace_stack *stacks; ///< By number; [0] is the empty stack.
    uint32_t stack_count;       ///< Entries in `stacks`: highest number + 1.
    struct trace_module *modules;
    uint32_t module_count;
    struct trace_thread *threads;
    uint32_t thread_count;
    uint64_t first_offset; ///< Byte in the file where the image begins.
    uint64_t end_offset;   ///< Byte after its last block.
    uint64_t clock_ticks[2],
            clock_nanoseconds[2]; ///< Earliest and latest clock record; times in parts.
    uint32_t clock_count;
    struct trace_counters counters;
    bool ended;           ///< Its end was recorded: the program left in order.
    uint64_t blocks_told; ///< Blocks that it had then; 0: not said.
    struct trace_placed placed;
    struct trace_region *regions; ///< By number, TRACE_REGIONS_MAX; NULL when there are none.
};

/// Whether a device told the image's events: addresses are the target's, and what a host's libraries would hold for themselves is not in them.
bool trace_is_of_device(const struct trace_image *image);

/// What is wrong with the file, if anything.
struct trace_damage {
    uint32_t blocks;       ///< Skipped because checksum or contents were wrong.
    uint64_t first_offset; ///< Of the first such block.
    uint64_t bytes;        ///< Skipped bytes.
    uint32_t missing;      ///< Blocks whose absence the sequence numbers or the image's end show.
    uint32_t open_blocks;  ///< Never closed: the writer was killed or still runs. They were read to
                           ///< their last whole event.
    bool cut;              ///< The file ends inside a block.
};

struct trace {
    const char *path;
    uint64_t file_bytes;
    struct trace_image *images; ///< At least one.
    uint32_t image_count;
    struct trace_damage damage;
    uint64_t lost_allocs, lost_frees; ///< What the recorders could not record, by their own count.
    int fd;
    uint64_t broken_end; ///< Private: trace_note_broken() has seen the blocks below this offset.
};

/// Opens `path` and reads all definitions. False with a message that names the byte when it is no
/// trace, of a newer version, or without any readable image. Cost: one pass over the file.
/// Definitions live in `a`.
bool trace_open(struct arena *a, const char *path, struct trace *out, struct err *err);
void trace_close(struct trace *t);

/// Nanoseconds since the image began, for a time in parts of its ticks.
uint64_t trace_nanoseconds(const struct trace_image *image, uint64_t time);

enum trace_event_type {
    TRACE_MEMORY,
    TRACE_KERNEL,
    TRACE_CHECKPOINT,
    TRACE_KERNEL_BLOCK, ///< As TRACE_MEMORY, of a block behind a kernel object, in a placed run.
    TRACE_HEAPS,        ///< What a placed run's heaps had free at the checkpoint before.
};

/// One heap at a checkpoint, as it said itself.
struct trace_heap {
    uint32_t region;
    uint64_t free_bytes;
    uint64_t largest;
    uint64_t minimum;
};

struct trace_event {
    uint8_t type;     ///< enum trace_event_type.
    uint32_t thread;  ///< Number.
    uint64_t time;    ///< In parts of a tick.
    uint64_t address; ///< Of a memory event; of a kernel object (a thread's or key's number).
    struct ramlens_wire_request
            request;   ///< Of a memory event; `stack` and `size` also of a kernel event.
    uint8_t operation; ///< Of a kernel event: 0 create, 1 destroy, 2 first use.
    uint8_t object;    ///< Of a kernel event, as in FORMAT.md.
    uint32_t cycle;    ///< Of a checkpoint; 0: none.
    struct str name;   ///< Of a checkpoint; valid until the next call.
    const struct trace_heap *heaps; ///< Of TRACE_HEAPS; valid until the next call.
    uint32_t heap_count;
};

/// A position in the merged events of one image.
struct trace_cursor;

/// Starts at the beginning of `image`. Memory from `a`: about 20 KiB a thread.
struct trace_cursor *trace_cursor_new(
        struct arena *a, struct trace *t, const struct trace_image *image);

/// The next event, in the order of its stamps; of equal stamps, in the order of the file. NULL at
/// the end. The pointer is valid until the next call. Does not advance.
const struct trace_event *trace_peek(struct trace_cursor *c);

/// Advances past the event last peeked.
void trace_advance(struct trace_cursor *c);

/// Bytes of the file read so far, for progress.
uint64_t trace_position(const struct trace_cursor *c);

/// Puts off the event last peeked, because another thread's must come first: it gives a block where
/// one lives, or ends one that does not. Stamps order the events at an address as they happened but
/// for what a processor's clock is read too early, so the other must follow within a quarter of a
/// tick. Its thread waits until an event of another has been passed. False when no other thread has
/// such an event so near, or when all wait for each other: then it cannot be helped, and the event
/// stands.
bool trace_defer(struct trace_cursor *c);

/// Notes that the block at `offset` makes no sense although its checksum is right; `bytes` of it
/// were skipped. Once for each block, whoever reads it again.
void trace_note_broken(struct trace *t, uint64_t offset, uint64_t bytes);

#endif
