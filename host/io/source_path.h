/// Source paths in one form.
#ifndef RAMLENS_SOURCE_PATH_H
#define RAMLENS_SOURCE_PATH_H

#include "arena.h"
#include "str.h"

/// `path` without `//`, `/./`, and `name/../`: "/a/b/../c//d.h" is "/a/c/d.h". Only the text is looked
/// at, because the folders may be on another machine. A ".." at the beginning of a relative path
/// stays. Linear in the length.
struct str source_path(struct arena *a, struct str path);

#endif
