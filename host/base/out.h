/// Standard output, written so that no failure goes unseen.
#ifndef RAMLENS_OUT_H
#define RAMLENS_OUT_H

#include "err.h"
#include "str.h"

#include <stdbool.h>
#include <stddef.h>

/// A buffered writer to an open file. Once a write has failed the rest is swallowed, so a command
/// needs no checks of its own: out_close() tells.
struct out {
    int fd;
    int reason; ///< errno of the first failure; 0 while there is none. Private, as is all below.
    size_t len; ///< Bytes waiting.
    char buffer[32768];
};

/// Starts writing to `fd`, which stays the caller's.
void out_open(struct out *o, int fd);

void out_add(struct out *o, struct str s);

/// Writes what waits. Call it before another process writes to the same file.
void out_flush(struct out *o);

/// Flushes; false with a message when any byte could not be written. A reader that has closed its
/// end of a pipe has seen enough: that counts as success.
bool out_close(struct out *o, struct err *err);

#endif
