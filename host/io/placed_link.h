/// The shared memory between `ramlens run` and the recorder in the program that it started (heap/ramlens_placed.h).
#ifndef RAMLENS_PLACED_LINK_H
#define RAMLENS_PLACED_LINK_H

#include "arena.h"
#include "err.h"
#include "ramlens_placed.h"

#include <stdbool.h>

struct placed_link {
    struct ramlens_placed *shared;
    const char *path; ///< By which another process of this user opens it while this one lives.
    int fd;
};

/// Makes it, all zero but for its head. False with a message.
bool placed_link_open(struct arena *a, struct placed_link *link, struct err *err);

/// Waits for a question, at most `milliseconds` or until a signal comes. Whether one stands.
bool placed_link_wait(struct placed_link *link, unsigned milliseconds);

/// The question is answered: who asked goes on.
void placed_link_answered(struct placed_link *link);

/// Who asks from now on is told that nobody answers.
void placed_link_close(struct placed_link *link);

#endif
