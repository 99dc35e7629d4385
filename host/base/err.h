/// Errors that the user can mend. Used by every layer of the host tool.
#ifndef RAMLENS_ERR_H
#define RAMLENS_ERR_H

#include <stdbool.h>
#include <stdint.h>

/// No one byte, or no one line, is to blame.
#define ERR_NO_OFFSET UINT64_MAX

/// One clear message: what is wrong, where, what would help. Filled by the layer that noticed,
/// printed once by `main`. A zeroed struct is a valid empty one.
struct err {
    char file[512];  ///< Input at fault, or "" when no file is.
    uint64_t offset; ///< Byte in `file`; ERR_NO_OFFSET when no one byte is to blame.
    uint32_t line;   ///< Line in a text file, from 1; 0 when `file` is binary.
    char text[400];  ///< What is wrong, then what would help. Lower case, no full stop.
};

/// Fills `err` for byte `offset` of the binary `file` (NULL: no file). Always returns false, so
/// that a failing reader can write `return fail(err, ...)`. Long texts are cut, never overrun.
/// Arguments may point into `err` itself. A NULL `err` is for callers who only want to know
/// whether.
bool fail(struct err *err, const char *file, uint64_t offset, const char *format, ...)
        __attribute__((format(printf, 4, 5)));

/// The same for line `line` (from 1) of the text file `file`.
bool fail_line(struct err *err, const char *file, uint32_t line, const char *format, ...)
        __attribute__((format(printf, 4, 5)));

/// Writes "FILE:LINE: TEXT", "FILE (byte N): TEXT", "FILE: TEXT" or "TEXT" into `out`, cut to
/// `out_size` and always terminated.
void err_format(const struct err *err, char *out, uint32_t out_size);

#endif
