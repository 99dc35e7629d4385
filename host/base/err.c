/// Filling and formatting of `struct err`. Knows nothing of who prints it.
#include "err.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/// Copies as much of `text` as fits; NULL gives "".
static void copy_cut(char *out, size_t out_size, const char *text) {
    size_t len = text ? strnlen(text, out_size - 1) : 0;
    memmove(out, text ? text : "", len);
    out[len] = '\0';
}

/// The text is made apart and copied last: an argument may point into the `err` that is being
/// filled, as in `fail(err, err->file, 0, "%s; try --partial", err->text)`.
static bool fill(struct err *err, const char *file, uint64_t offset, uint32_t line,
        const char *format, va_list args) __attribute__((format(printf, 5, 0)));

static bool fill(struct err *err, const char *file, uint64_t offset, uint32_t line,
        const char *format, va_list args) {
    char text[sizeof(err->text)];
    if (!err) {
        return false;
    }
    if (vsnprintf(text, sizeof(text), format, args) < 0) {
        copy_cut(text, sizeof(text), format);
    }
    copy_cut(err->file, sizeof(err->file), file);
    copy_cut(err->text, sizeof(err->text), text);
    err->offset = offset;
    err->line = line;
    return false;
}

bool fail(struct err *err, const char *file, uint64_t offset, const char *format, ...) {
    va_list args;
    va_start(args, format);
    fill(err, file, offset, 0, format, args);
    va_end(args);
    return false;
}

bool fail_line(struct err *err, const char *file, uint32_t line, const char *format, ...) {
    va_list args;
    va_start(args, format);
    fill(err, file, ERR_NO_OFFSET, line, format, args);
    va_end(args);
    return false;
}

void err_format(const struct err *err, char *out, uint32_t out_size) {
    if (out_size == 0) {
        return;
    }
    if (err->file[0] == '\0') {
        (void)snprintf(out, out_size, "%s", err->text);
    } else if (err->line != 0) {
        (void)snprintf(out, out_size, "%s:%" PRIu32 ": %s", err->file, err->line, err->text);
    } else if (err->offset != ERR_NO_OFFSET) {
        (void)snprintf(
                out, out_size, "%s (byte %" PRIu64 "): %s", err->file, err->offset, err->text);
    } else {
        (void)snprintf(out, out_size, "%s: %s", err->file, err->text);
    }
}
