/// Starting a program under the recorder.
#ifndef RAMLENS_LAUNCH_H
#define RAMLENS_LAUNCH_H

#include "arena.h"
#include "err.h"

#include <stdbool.h>

struct launch {
    char *const *argv; ///< Program and arguments, NULL-terminated; the program is searched on PATH.
    const char *trace; ///< Absolute path of the trace, which exists.
    bool children;     ///< Forked children record, too, into TRACE.PID.
    int status;        ///< Result: as from waitpid().
    const char *
            place; ///< Value of RAMLENS_PLACE: what a placed run shares with the program; NULL: none.
    /// Called again and again while the program runs, with `self`; returns after a moment, or when a signal comes. NULL: not.
    void (*serve)(void *self);
    void *self;
};

/// Folder with the preload libraries of all word sizes: beside the running ramlens, or where it was installed. NULL with a
/// message when there is none.
const char *launch_preload_folder(struct arena *a, struct err *err);

/// Finds the file that `program` means, as execvp() does; NULL with a message when there is none.
const char *launch_find(struct arena *a, const char *program, struct err *err);

/// Whether the recorder can be loaded into the file `program`, or into the interpreter that its first line names. False with a message that says
/// why not and what would help. What cannot be told beforehand is believed.
bool launch_check(struct arena *a, const char *program, struct err *err);

/// Starts the program and waits for its end. Its output and its environment stay its own but for LD_PRELOAD and the variables
/// RAMLENS_TRACE, RAMLENS_PID, RAMLENS_CHILDREN, RAMLENS_PLACE. SIGINT and SIGQUIT from the terminal are left to it, SIGTERM and SIGHUP are passed on. False when
/// it could not be started.
bool launch_run(struct arena *a, struct launch *l, struct err *err);

#endif
