/// Files of the house that tell what a log told: observed figures (observed.h) and a target's parameters (settings.h), each line with the line of the log.
#ifndef RAMLENS_IMPORT_FILES_H
#define RAMLENS_IMPORT_FILES_H

#include "arena.h"
#include "device_fit.h"
#include "device_log.h"
#include "str.h"

#include <stdint.h>

struct import_source {
    const char *path; ///< Of the log, for comments.
    const struct device_log *log;
    const struct device_fit *fit;
    uint32_t boot; ///< Index of the start that is told.
};

/// The capability by which a figure goes into observed figures: `capability` of a pattern if the target has it, else the one that says the same as the query for
/// `caps`; empty when no single word does.
struct str import_capability(const struct target *t, struct str capability, uint64_t caps);

/// The file of observed figures; `*figures` of them. What has no single capability stays as a comment.
struct str import_observed(struct arena *a, const struct import_source *s, uint32_t *figures);

/// The file of settings. What the log leaves open stays as a comment.
struct str import_settings(struct arena *a, const struct import_source *s);

#endif
