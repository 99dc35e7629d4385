/// What a placed run did, from its trace: free memory by region at each checkpoint, what failed, what stayed outside.
#ifndef RAMLENS_RUN_TEXT_H
#define RAMLENS_RUN_TEXT_H

#include "cmd.h"
#include "placed_run.h"
#include "text.h"
#include "trace.h"

/// Adds it to `out`. Owners of failed requests are worked out by `run`'s map and symbolizer.
void run_text(
        struct cmd_context *ctx, struct placed_run *run, struct trace *trace, struct text *out);

#endif
