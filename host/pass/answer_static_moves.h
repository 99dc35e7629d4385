/// Static data of the first region that a linker could put elsewhere: zero data into external RAM, constants into flash, as far as the target has a
/// memory that holds them and their authors did not ask for internal RAM. Code is not proposed: a line of the user's own moves it.
#ifndef RAMLENS_ANSWER_STATIC_MOVES_H
#define RAMLENS_ANSWER_STATIC_MOVES_H

#include "answer.h"
#include "footprint.h"
#include "str.h"
#include "vec.h"

#include <stdint.h>

/// All of one kind that an archive (or an object that is in none) has there.
struct static_move {
    struct str archive; ///< Base name, as a line of a plan has it.
    uint32_t component; ///< Of the first item.
    enum footprint_kind kind;
    uint64_t bytes;
    uint32_t items;
    struct str largest; ///< Symbol of its largest item; "" without a name.
    uint64_t largest_bytes;
    struct str memory; ///< Where it could lie.
    struct str price;  ///< What that costs; "" not known.
};

struct static_moves {
    struct static_move *at; ///< Most bytes first, then by name.
    size_t len, room;
};

/// Looks at the device's program, else at its archives; nothing without either. What lies elsewhere by a line of `lines` (NULL: none) is left out. Linear in items. In `w->a`.
void static_moves_make(
        const struct answer *w, const struct plan_statics *lines, struct static_moves *out);

#endif
