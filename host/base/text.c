/// A growing string in an arena.
#include "text.h"

#include <assert.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>

/// Makes room for `more` bytes and the terminator.
static void reserve(struct text *t, size_t more) {
    assert(t->arena);
    assert(more < SIZE_MAX / 4 - t->len);
    if (t->len + more + 1 <= t->room) {
        return;
    }
    size_t room = t->room ? t->room : 128;
    while (room < t->len + more + 1) {
        room *= 2;
    }
    char *wider = arena_take(t->arena, room, 1, 1);
    if (t->len) {
        memcpy(wider, t->at, t->len);
    }
    t->at = wider;
    t->room = room;
}

void text_printf(struct text *t, const char *format, ...) {
    va_list args;
    reserve(t, 0);
    va_start(args, format);
    int len = vsnprintf(t->at + t->len, t->room - t->len, format, args);
    va_end(args);
    assert(len >= 0);
    if ((size_t)len >= t->room - t->len) {
        reserve(t, (size_t)len);
        va_start(args, format);
        (void)vsnprintf(t->at + t->len, t->room - t->len, format, args);
        va_end(args);
    }
    t->len += (size_t)len;
}

void text_add(struct text *t, struct str s) {
    reserve(t, s.len);
    if (s.len) {
        memcpy(t->at + t->len, s.at, s.len);
    }
    t->len += s.len;
    t->at[t->len] = '\0';
}

void text_add_char(struct text *t, char c) {
    text_add(t, (struct str){ &c, 1 });
}

void text_fill(struct text *t, char c, size_t count) {
    reserve(t, count);
    memset(t->at + t->len, c, count);
    t->len += count;
    t->at[t->len] = '\0';
}

/// Cuts the part of `*rest` before the first `c` off; all of it when there is none.
static struct str take_until(struct str *rest, char c) {
    const char *end = rest->len ? memchr(rest->at, c, rest->len) : NULL;
    size_t len = end ? (size_t)(end - rest->at) : rest->len;
    struct str part = { rest->at, len };
    rest->at += end ? len + 1 : len;
    rest->len -= end ? len + 1 : len;
    return part;
}

/// Wraps one paragraph, which holds no line end.
static void wrap_paragraph(struct text *t, struct str paragraph, unsigned indent, unsigned width) {
    size_t column = 0; // 0: nothing on the line yet.
    while (paragraph.len) {
        struct str word = take_until(&paragraph, ' ');
        if (column && column + 1 + word.len > width) {
            text_add_char(t, '\n');
            column = 0;
        }
        text_fill(t, ' ', column ? 1 : indent);
        column += column ? 1 : indent;
        text_add(t, word);
        column += word.len;
    }
    text_add_char(t, '\n');
}

void text_wrap(struct text *t, struct str s, unsigned indent, unsigned width) {
    while (s.len) {
        struct str line = take_until(&s, '\n');
        if (line.len && line.at[0] == ' ') {
            text_fill(t, ' ', indent);
            text_add(t, line);
            text_add_char(t, '\n');
        } else {
            wrap_paragraph(t, line, indent, width);
        }
    }
}

struct str text_str(const struct text *t) {
    return (struct str){ t->at ? t->at : "", t->len };
}
