/// Putting a finished recording in order.
#ifndef RAMLENS_TRACE_SEAL_H
#define RAMLENS_TRACE_SEAL_H

#include "err.h"

#include <stdbool.h>

/// Closes the blocks that the recorder left open in `path` (of threads that were running at the
/// end, or all of a killed program's) and cuts the unused rest of the file off. The program must
/// have ended. False when the file cannot be read or written; what was recorded stays readable
/// then, too.
bool trace_seal(const char *path, struct err *err);

#endif
