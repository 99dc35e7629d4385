/// One pass over the events of an image: counts, what lives at each checkpoint, a list for people.
#ifndef RAMLENS_INFO_EVENTS_H
#define RAMLENS_INFO_EVENTS_H

#include "cmd.h"
#include "live_total.h"
#include "trace.h"
#include "vec.h"

#include <stdint.h>

/// The image at a moment.
struct info_moment {
    struct str name; ///< Of the checkpoint; "end" behind the last event.
    uint32_t cycle;
    uint64_t time_us;
    uint64_t bytes, blocks;
    struct live_kernel kernel;
};

/// What a pass counts.
struct info_totals {
    uint64_t memory_events; ///< A moving realloc is one.
    uint64_t kernel_events, failures, checkpoints;
    uint64_t last_ticks;
    struct live_total live; ///< At the end.
    VEC(struct info_moment)
    moments; ///< The checkpoints, then the end.
};

/// Reads the events in their order; with `list` prints each on a line to `ctx->out` while it goes.
struct info_totals info_read_events(
        struct cmd_context *ctx, struct trace *trace, const struct trace_image *image, bool list);

#endif
