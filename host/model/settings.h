/// Parameters of a target, kept in a file: what `ramlens import` learnt of a device, or what people write instead of many --set.
///
///     target esp32p4            # optional: the target it is for
///     set cache 256K            # as --set cache=256K
#ifndef RAMLENS_SETTINGS_H
#define RAMLENS_SETTINGS_H

#include "arena.h"
#include "err.h"
#include "str.h"

#include <stdbool.h>
#include <stdint.h>

struct settings {
    struct str target;    ///< Empty when the file names none.
    const char **options; ///< "cache=256K", in file order, as target_load() takes them.
    uint32_t count;
};

/// Reads the file at `path`. False with file and line for another word, a value that is missing, or a second target. Whether a target has these
/// parameters is target_load()'s question.
bool settings_read(struct arena *a, const char *path, struct settings *out, struct err *err);

#endif
