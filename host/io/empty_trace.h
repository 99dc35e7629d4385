/// A run in which nothing happens, for questions that need no trace: what takes memory before anything runs.
#ifndef RAMLENS_EMPTY_TRACE_H
#define RAMLENS_EMPTY_TRACE_H

#include "arena.h"
#include "conf.h"
#include "err.h"
#include "trace.h"

#include <stdbool.h>

/// Opens a trace of a device that did nothing, with a checkpoint for each line `free NAME ...` of the observed figures, else (NULL, or none there) one
/// called "start". False with a message when there is no room for a temporary file, which is gone when the trace is closed.
bool empty_trace_open(
        struct arena *a, const struct conf *observed, struct trace *out, struct err *err);

#endif
