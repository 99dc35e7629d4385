/// One line on standard error that says how far a long piece of work is.
///
/// It appears only on a terminal, only after a second, a few times a second, and is erased at the
/// end, so short runs and pipes never see it. Progress is not output: nothing depends on it.
#ifndef RAMLENS_PROGRESS_H
#define RAMLENS_PROGRESS_H

#include "term.h"

#include <stdbool.h>
#include <stdint.h>

struct progress {
    int fd;
    const char *label; ///< What is being done: "reading app.rlt".
    uint64_t total;    ///< Bytes in all; 0 when not known.
    uint64_t start_us; ///< Clock at the start.
    uint64_t next_us;  ///< Clock from which on it may draw again.
    unsigned columns;
    bool is_enabled;
    bool is_drawn;
};

enum {
    PROGRESS_DELAY_US = 1000000, ///< Nothing shows before.
    PROGRESS_STEP_US = 200000,   ///< Between two drawings.
};

/// Begins. `label` must outlive the work. TERM_ALWAYS draws at once and wherever `fd` leads, for
/// tests.
void progress_start(
        struct progress *p, int fd, enum term_when when, const char *label, uint64_t total_bytes);

/// Says that `done` bytes are done. Cheap (one clock read) but not free: once a block, not once an
/// event.
void progress_update(struct progress *p, uint64_t done_bytes);

/// Erases the line; harmless when nothing was drawn or on a zeroed struct. Call it before anything
/// else is written to the terminal.
void progress_finish(struct progress *p);

#endif
