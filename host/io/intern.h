/// One copy of every string: equal strings have equal pointers.
///
/// Symbol names and source paths repeat thousands of times; interned, they are stored once, can be
/// compared by pointer, and may serve as keys of caches (component_map.h does that).
#ifndef RAMLENS_INTERN_H
#define RAMLENS_INTERN_H

#include "arena.h"
#include "map64.h"
#include "str.h"

struct interned; // Private.

/// Start with `{ .arena = a }`.
struct interner {
    struct arena *arena;
    struct map64
            index; ///< Hash of a string to the newest entry that has it, + 1; private, as is all below.
    struct {
        struct interned *at;
        size_t len, room;
    } entries;
};

/// The one copy of `s`, terminated, as long-lived as the arena. The empty string is always `""` at
/// the same address. Cost: linear in the length.
struct str intern(struct interner *in, struct str s);

#endif
