/// The head of a plan file: what the plan was made for, and what it promises. Every line is optional.
///
///     trace app.rlt 3f2a8c0e…                    # path, and the identity of the program (plan_trace_identity())
///     target esp32p4 cache=256K                  # name and options
///     goal --free internal=350K@connected        # in the user's words
///     predicted connected internal free 358400 largest 98304
#ifndef RAMLENS_PLAN_HEADER_H
#define RAMLENS_PLAN_HEADER_H

#include "arena.h"
#include "conf.h"
#include "err.h"
#include "str.h"
#include "target.h"
#include "trace.h"
#include "vec.h"

#include <stdbool.h>
#include <stdint.h>

/// What a plan promises for one region at one checkpoint.
struct plan_prediction {
    struct str checkpoint;
    struct str region;
    uint64_t free_bytes;
    uint64_t largest_bytes; ///< Largest free block.
    uint32_t line;
};

struct plan_header {
    struct str trace;    ///< Path; "" without the line.
    struct str identity; ///< Of the program that ran.
    uint32_t trace_line;
    struct str target;   ///< Name; "" without the line.
    struct str *options; ///< "cache=256K" ...
    uint32_t option_count;
    uint32_t target_line;
    struct str goal; ///< "" without the line.
    VEC(struct plan_prediction) predicted;
};

/// Reads the header's lines among the lines of `c`. False with file and line.
bool plan_header_read(
        struct arena *a, const struct conf *c, struct plan_header *out, struct err *err);

/// What tells one build of a program from another: the build id in hexadecimal, else "path-" and a hash of the program's path. "" for an
/// image without a program.
struct str plan_trace_identity(struct arena *a, const struct trace_image *image);

#endif
