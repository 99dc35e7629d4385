/// A growing string: what commands and writers compose their output in.
#ifndef RAMLENS_TEXT_H
#define RAMLENS_TEXT_H

#include "arena.h"
#include "str.h"

#include <stddef.h>

/// Start with `{ .arena = a }`. The bytes are terminated once anything was added. Growing doubles
/// the room in the arena and leaves the old copy there, so the waste is at most the text once more.
struct text {
    struct arena *arena;
    char *at;   ///< NULL while empty.
    size_t len; ///< Terminator excluded.
    size_t room;
};

/// Appends as printf does. Cost: formats twice only when the room has to grow.
void text_printf(struct text *t, const char *format, ...) __attribute__((format(printf, 2, 3)));

void text_add(struct text *t, struct str s);
void text_add_char(struct text *t, char c);
/// Appends `count` times `c`; for padding and rules.
void text_fill(struct text *t, char c, size_t count);

/// Appends `s` broken at spaces so that no line is longer than `width` columns, each line beginning
/// with `indent` spaces and ending in a line end. A word longer than that keeps a line to itself.
/// A line end in `s` stays; one that is followed by a space starts a line that is not wrapped (an
/// example, say).
void text_wrap(struct text *t, struct str s, unsigned indent, unsigned width);

/// The text so far as a slice; valid until the next append.
struct str text_str(const struct text *t);

#endif
