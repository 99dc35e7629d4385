/// Memory of a command: taken piece by piece, given back all at once.
#ifndef RAMLENS_ARENA_H
#define RAMLENS_ARENA_H

#include "str.h"

#include <stdalign.h>
#include <stddef.h>

/// A growing arena (a chain of chunks). A zeroed struct is a valid empty arena. Not thread safe.
/// Pass `struct arena *` to a function whose results outlive the call.
struct arena {
    char *at;                  ///< Next free byte of the newest chunk.
    char *end;                 ///< Its end.
    struct arena_chunk *chunk; ///< Newest chunk; private.
    size_t taken_bytes;        ///< Bytes handed out so far, alignment gaps included.
};

/// `count` zeroed objects of `size` bytes, aligned to `align` (a power of two). Never returns NULL:
/// running out of memory, or a product that overflows, prints one line and exits with status 2 (the
/// one place of the host that does).
void *arena_take(struct arena *a, size_t count, size_t size, size_t align);

#define NEW(a, type)          ((type *)arena_take((a), 1, sizeof(type), alignof(type)))
#define NEW_ARRAY(a, type, n) ((type *)arena_take((a), (n), sizeof(type), alignof(type)))

/// A terminated copy of `s` that lives as long as the arena; `.len` excludes the terminator.
struct str arena_copy(struct arena *a, struct str s);

/// printf into the arena; the result is terminated.
char *arena_printf(struct arena *a, const char *format, ...) __attribute__((format(printf, 2, 3)));

/// Gives every chunk back; the arena is empty and usable again.
void arena_clear(struct arena *a);

#endif
