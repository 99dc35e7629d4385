/// Who refers to the functions of alloc_symbols.h: relocations of an object or of the members of an archive, before they are linked.
#ifndef RAMLENS_OBJECT_REFS_H
#define RAMLENS_OBJECT_REFS_H

#include "alloc_symbols.h"
#include "arena.h"
#include "err.h"
#include "str.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/// References from one section to one symbol.
struct object_ref {
    struct str member;  ///< Of the archive; "" of an object by itself.
    struct str section; ///< ".text._ZN3rtc..."
    struct str
            function; ///< Linkage name of the function with the first of them; "" when none is known.
    uint32_t symbol; ///< Number in alloc_symbols[].
    uint32_t count;  ///< Relocations; one reference each.
    bool is_shared;  ///< In a COMDAT group: of the same section in several objects one is kept.
};

struct object_refs {
    struct object_ref *list;
    size_t count;
    uint32_t members;
    bool defines[64]; ///< By number in alloc_symbols[]: a member has a definition of its own.
};

/// Reads the object or archive at `path`; names live in the arena. False with a message when it is neither, or a thin archive. The file
/// is hostile input: what makes no sense is left out. Cost: linear in sections and relocations.
bool object_refs_read(struct arena *a, const char *path, struct object_refs *out, struct err *err);

#endif
