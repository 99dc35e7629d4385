/// What a program was built from, as its build wrote it down: a file PROGRAM.versions beside it.
///
///     libdatachannel 0.23.2 crate datachannel-sys 0.23.0+0.23.2
///
/// In the grammar of conf.h: component, version, and in any words where it came from.
#ifndef RAMLENS_VERSIONS_H
#define RAMLENS_VERSIONS_H

#include "arena.h"
#include "err.h"
#include "str.h"

#include <stdbool.h>
#include <stdint.h>

/// Strings live in the arena.
struct version {
    struct str component;
    struct str version;
    struct str origin; ///< May be empty.
};

struct versions {
    struct version *list; ///< As in the file.
    uint32_t count;
};

/// Reads the file at `path`. False with file and line when a version is missing or a line is no
/// statement.
bool versions_read(struct arena *a, const char *path, struct versions *out, struct err *err);

#endif
