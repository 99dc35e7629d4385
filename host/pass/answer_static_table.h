/// The static rows of the first region taken apart: each variable, and what of each object has no name.
#ifndef RAMLENS_ANSWER_STATIC_TABLE_H
#define RAMLENS_ANSWER_STATIC_TABLE_H

#include "answer.h"
#include "footprint.h"
#include "str.h"
#include "vec.h"

#include <stdint.h>

struct static_line {
    uint64_t bytes;
    uint32_t component;
    enum footprint_kind kind;
    enum static_origin origin;
    struct str
            symbol; ///< As the linker sees it; "" for what has none: then all of its kind in the object.
    struct str name;            ///< The same for people.
    struct str archive, object; ///< Path, and member; "" when not known. Of the first of several.
    uint32_t
            objects; ///< That have one of that name, declared in that place: what a header defines is in each.
    struct str source; ///< File that declares it, by debug information; "" when not known.
    uint32_t line;     ///< 0: not known.
};

struct static_table {
    struct static_line *at; ///< Most bytes first.
    size_t len, room;
};

/// Makes it, as the state ANSWER_STATE has it: its lines add up to that account's rows, less what only a device's log tells. Needs the target. Reads debug
/// information of all files. Cost: linear in that, and n log n in the lines. In `w->a`.
void static_table_make(struct answer *w, struct static_table *out);

#endif
