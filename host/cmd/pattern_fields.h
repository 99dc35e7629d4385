/// Fields of the patterns of --free that say nothing to the target.
#ifndef RAMLENS_PATTERN_FIELDS_H
#define RAMLENS_PATTERN_FIELDS_H

#include "cmd.h"
#include "import_log.h"

/// Warns of each capability that a pattern takes figures of and that the target of `f->fit` does not know, with the nearest that it knows. Says nothing where
/// no target was fitted. False with a message when a pattern is none.
bool pattern_fields_check(struct cmd_context *ctx, const struct import_found *f);

#endif
