/// Growing arrays over an arena.
///
///     VEC(struct block) blocks = { 0 };
///     vec_push(a, &blocks)->size_bytes = 12;
///     for (size_t i = 0; i < blocks.len; i++) { use(&blocks.at[i]); }
#ifndef RAMLENS_VEC_H
#define RAMLENS_VEC_H

#include "arena.h"

#include <stdalign.h>
#include <stddef.h>

/// An array type. Zeroed it is empty.
#define VEC(type)                                                                                  \
    struct {                                                                                       \
        type *at;                                                                                  \
        size_t len, room;                                                                          \
    }

/// Adds a zeroed element and gives its address, valid until the next push. Constant time on
/// average; growing doubles the room and leaves the old copy in the arena, so the waste is at most
/// the array once more. `v` is evaluated several times.
#define vec_push(arena, v)                                                                         \
    ((v)->len < (v)->room ? (void)0                                                                \
                          : (void)((v)->at = vec_grow((arena), (v)->at, (v)->len, &(v)->room,      \
                                           VEC_ELEMENT_BYTES(v))),                                 \
            &(v)->at[(v)->len++])

/// Private to vec_push(). The remark: elements may well be pointers.
#define VEC_ELEMENT_BYTES(v) sizeof(*(v)->at) /* NOLINT(bugprone-sizeof-expression) */

/// Private to vec_push(): a copy of the `len` elements of `size` bytes at `at` with twice the room.
void *vec_grow(struct arena *a, const void *at, size_t len, size_t *room, size_t size);

#endif
