/// The growing half of the array macro.
#include "vec.h"

#include <string.h>

void *vec_grow(struct arena *a, const void *at, size_t len, size_t *room, size_t size) {
    size_t wider = *room ? *room * 2 : 8; // Cannot wrap: arena_take() has refused long before.
    void *copy = arena_take(a, wider, size, alignof(max_align_t));
    if (len) {
        memcpy(copy, at, len * size);
    }
    *room = wider;
    return copy;
}
