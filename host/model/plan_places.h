/// All places of a run that ask for memory, each with what a plan keeps of it (plan_site.h), found by function.
///
/// A **place** is what one site is: a call, in a function, perhaps inlined somewhere. What a function asks for at one source line in one way is
/// one place of the source, however many calls and sites the compiler made of it; plan_site.asks_rank counts those.
#ifndef RAMLENS_PLAN_PLACES_H
#define RAMLENS_PLAN_PLACES_H

#include "arena.h"
#include "owners.h"
#include "plan_site.h"

#include <stdbool.h>
#include <stdint.h>

struct plan_place {
    bool known; ///< False for a site of which no stack is known.
    uint32_t first_stack;
    struct plan_site about; ///< With the callers of `first_stack`, without `through`.
};

struct plan_places {
    struct arena *a;
    struct owners *o;
    struct plan_place *list; ///< By site number.
    uint32_t count;
    uint32_t *next_stack;    ///< By stack: the next one of the same site; 0 at the end.
    uint32_t *by_function;   ///< Known places, by linkage name, file, what they ask, line.
    uint32_t function_count; ///< Entries of by_function.
};

/// Looks at every stack that `o` was asked for, so to be called after the run. Cost: the stacks' frames.
void plan_places_of(struct arena *a, struct owners *o, struct plan_places *out);

/// Places of the function with that linkage name: entries `*first` to `*first + result - 1` of by_function.
uint32_t plan_places_in(const struct plan_places *p, struct str linkage, uint32_t *first);

/// What to keep of `site`, with the callers of `stack`, one of its stacks: that which asked for most, say.
struct plan_site plan_places_describe(struct plan_places *p, uint32_t site, uint32_t stack);

#endif
