/// Files as wholes: map one, read a small one, write one so that nobody ever sees half of it.
#ifndef RAMLENS_FILE_H
#define RAMLENS_FILE_H

#include "arena.h"
#include "err.h"
#include "str.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/// A file mapped read-only. A zeroed struct is closed.
struct file_map {
    const uint8_t *bytes; ///< Not NULL once open, even when there are none.
    size_t size_bytes;    ///< Size when it was opened; later growth is not seen.
    void *mapping;        ///< The same address as the system gave it; private.
};

/// Maps all of the regular file at `path`; one of 0 bytes is fine. False with a message that tells
/// a directory, a pipe and a device apart. The file must not shrink while it is mapped: reading
/// what has gone raises SIGBUS, as with every mapping.
bool file_map(const char *path, struct file_map *out, struct err *err);

/// Closes what file_map() opened; harmless on a zeroed struct.
void file_unmap(struct file_map *map);

/// Reads all of `path` into the arena, terminated (`.len` excludes the terminator). False when it
/// cannot be read or holds more than `most_bytes`. Pipes and devices are read to their end, so
/// `-` meaning stdin is "/dev/stdin" to the caller.
bool file_read(
        struct arena *a, const char *path, size_t most_bytes, struct str *out, struct err *err);

/// A file being written. The bytes go to a new file beside `path`, which takes the name only in
/// file_commit(): whoever looks sees the old file or the whole new one, and a full disk or Ctrl-C
/// cannot destroy what was there. A symbolic link is followed first. What is no regular file (a
/// terminal, a pipe, /dev/null) is written directly.
struct file_writer {
    FILE *stream;    ///< NULL when not open. May be printed to; file_commit() sees its errors.
    char *path;      ///< Final name, links resolved; private.
    char *temporary; ///< Name until then; NULL when written directly; private.
    int reason;      ///< errno of the first file_put() that failed; private.
    bool replace;    ///< May take the place of an existing file; private.
};

/// Opens the file beside `path`. With `replace` false an existing file is an error, here and
/// (should it appear meanwhile) in file_commit(). An existing file's permissions are kept. `w` must
/// not be open. Follow with exactly one file_commit() or file_abandon().
bool file_create(struct file_writer *w, const char *path, bool replace, struct err *err);

/// Writes `bytes`. Failures are kept for file_commit(), with a better reason than the stream knows.
void file_put(struct file_writer *w, struct str bytes);

/// Flushes, syncs to the disk and renames. On failure nothing of the new file is left. `w` is
/// closed either way.
bool file_commit(struct file_writer *w, struct err *err);

/// Closes and removes what was written so far; harmless when not open.
void file_abandon(struct file_writer *w);

/// The three above for content that is at hand.
bool file_write(const char *path, struct str content, bool replace, struct err *err);

#endif
