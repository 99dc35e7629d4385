/// Writing a trace on the host: from what a device said, or any other source of events.
///
/// The caller gives events in the order in which they happened. Definitions are made when first needed and written at once, each block as FORMAT.md wants it:
/// no block opened later begins earlier. The whole trace is kept in the arena until trace_writer_finish(), which writes the file.
#ifndef RAMLENS_TRACE_WRITE_H
#define RAMLENS_TRACE_WRITE_H

#include "arena.h"
#include "err.h"
#include "ramlens_wire.h"
#include "str.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/// What the trace is of.
struct trace_writer_image {
    struct str
            path; ///< Of the program; its module has the number 1 and is given with trace_writer_module().
    struct str platform; ///< "esp-idf".
    uint8_t pointer_bytes;
    uint64_t ticks_per_second; ///< Of the times given, which are in ticks.
};

struct trace_writer; ///< Private.

/// A writer whose trace begins with `image`. Everything lives in `a`.
struct trace_writer *trace_writer_new(struct arena *a, const struct trace_writer_image *image);

/// Code at [low, low + bytes), loaded `base` bytes from its addresses in the file (0 for firmware). `build_id` may be of length 0.
/// An empty path is the program's own module.
void trace_writer_module(struct trace_writer *w, uint64_t base, uint64_t low, uint64_t bytes,
        struct str path, const uint8_t *build_id, size_t build_id_bytes);

/// The number of thread `name`, made if it is new.
uint32_t trace_writer_thread(struct trace_writer *w, struct str name);

/// The number of the call stack whose return addresses are `callers`, the innermost first; 0 for none. At most 256 frames count.
uint32_t trace_writer_stack(struct trace_writer *w, const uint64_t *callers, size_t count);

/// A memory event of `thread` at `tick`, not before the latest one given.
void trace_writer_event(struct trace_writer *w, uint32_t thread, uint64_t tick, uint64_t address,
        const struct ramlens_wire_request *request);

/// A named moment, in thread `thread`.
void trace_writer_checkpoint(
        struct trace_writer *w, uint32_t thread, uint64_t tick, struct str name, uint32_t cycle);

/// Events of `thread` that are known to be missing: counted in the trace as lost. The thread must have an event or a checkpoint, before or after.
void trace_writer_lost(
        struct trace_writer *w, uint32_t thread, uint32_t allocations, uint32_t frees);

/// Ends the trace and writes it to `path`; with `replace` false an existing file is an error. The writer is done either way.
bool trace_writer_finish(struct trace_writer *w, const char *path, bool replace, struct err *err);

#endif
