/// Private to cmd_import.c and import_*.c: what an import found, to be shown.
#ifndef RAMLENS_IMPORT_PARTS_H
#define RAMLENS_IMPORT_PARTS_H

#include "cmd.h"
#include "device_blocks.h"
#include "device_fit.h"
#include "device_log.h"
#include "device_text.h"
#include "serial_text.h"

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
    uint32_t boot; ///< Index of the start that files are written of; UINT32_MAX: there is none.
    bool has_fit;  ///< There is a target.
    struct device_fit fit; ///< Of that start.
    bool shows_unknown;
};

/// Name of the log that a start is in.
const char *import_path(const struct import_found *f, uint32_t input);

/// Blocks of that start; NULL when it printed none.
const struct device_blocks *import_blocks_of(const struct import_found *f, uint32_t boot);

void import_text(struct cmd_context *ctx, const struct import_found *f);
void import_json(struct cmd_context *ctx, const struct import_found *f);

#endif
