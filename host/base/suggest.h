/// "Did you mean …?": the nearest of several names.
#ifndef RAMLENS_SUGGEST_H
#define RAMLENS_SUGGEST_H

#include "str.h"

#include <stdint.h>

/// A search in progress. Start with `{ .word = what the user typed }`, offer every name there is,
/// then read `best`.
struct suggest {
    struct str word;
    const char *best;  ///< Nearest name so far; NULL while none is near enough to be meant.
    uint32_t distance; ///< Edits between `word` and `best`; meaningless while `best` is NULL.
};

/// Considers `name`, which must outlive `s`. Near enough is: at most one edit (a letter inserted,
/// dropped or changed, two neighbours swapped) per three letters of `word`, at least one; or `word`
/// is the beginning of `name`. The earlier of two equally near names stays. Cost: the product of
/// the lengths; words beyond 64 bytes are never near.
void suggest_offer(struct suggest *s, const char *name);

#endif
