/// What logs of a device tell, whole: read, one start chosen, compared with a target.
#ifndef RAMLENS_IMPORT_LOG_H
#define RAMLENS_IMPORT_LOG_H

#include "arena.h"
#include "device_blocks.h"
#include "device_fit.h"
#include "device_log.h"
#include "device_text.h"
#include "err.h"
#include "serial_text.h"
#include "vec.h"

#include <stdbool.h>
#include <stdint.h>

/// One log, as it was read.
struct import_input {
    const char *path;
    struct serial_counts serial;
    struct device_counts counts;
};

/// Blocks of one start.
struct import_blocks {
    uint32_t boot;
    struct device_blocks blocks;
};

struct import_found {
    struct device_log log;
    VEC(struct import_input) inputs;
    VEC(struct import_blocks *) blocks;
    uint32_t
            boot; ///< Index of the start that is told of: the last one, unless the caller chooses; UINT32_MAX: there is none.
    bool has_fit; ///< There is a target.
    struct device_fit fit; ///< Of that start.
    bool shows_unknown;
};

/// Reads the logs at `paths` in order; "-" is standard input. `patterns` say what the application's own lines tell (device_pattern.h); `keeps_all` as for
/// device_log_init(). False with a message for a file that cannot be read, or a pattern that is none. Cost: linear in the logs; memory in what is
/// found in them. In `a`.
bool import_log_read(struct arena *a, const char *const *paths, uint32_t path_count,
        const char *const *patterns, uint32_t pattern_count, bool keeps_all,
        struct import_found *out, struct err *err);

/// The chip that the start names; "" when it does not. With a start.
const char *import_chip(const struct import_found *f);

/// Compares the start with the target (device_fit.h). False when that cannot be loaded.
bool import_log_fit(struct arena *a, const struct device_fit_source *target, struct import_found *f,
        struct err *err);

/// Name of the log that a start is in.
const char *import_path(const struct import_found *f, uint32_t input);

/// Blocks of that start; NULL when it printed none.
const struct device_blocks *import_blocks_of(const struct import_found *f, uint32_t boot);

#endif
