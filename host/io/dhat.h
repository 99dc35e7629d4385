/// What valgrind's DHAT wrote of a run (--dhat-out-file): for each place that asked for memory, blocks, and bytes read from and written to them.
///
/// The format is that of its viewer, dhat/dh_view.js: JSON, `dhatFileVersion` 2.
#ifndef RAMLENS_DHAT_H
#define RAMLENS_DHAT_H

#include "arena.h"
#include "err.h"
#include "str.h"

#include <stdbool.h>
#include <stdint.h>

struct dhat_frame {
    struct str function; ///< With parameters; "" unknown.
    struct str file;     ///< Base name, or a path if DHAT was told so; "" unknown.
    uint32_t line;
};

struct dhat_place {
    uint64_t bytes, blocks; ///< Given in the whole run.
    uint64_t accesses;      ///< Bytes read and written, in the whole run.
    uint32_t *frames;       ///< Indices, innermost first.
    uint32_t frame_count;
};

struct dhat {
    struct str command; ///< As it was started: program and arguments.
    struct dhat_frame *frames;
    uint32_t frame_count;
    struct dhat_place *places;
    uint32_t place_count;
};

/// Reads the file at `path`. False with a message when it is none of DHAT's, of another version, or has no accesses (--mode other than heap).
bool dhat_read(struct arena *a, const char *path, struct dhat *out, struct err *err);

#endif
