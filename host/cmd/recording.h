/// What commands share that run a program under the recorder.
#ifndef RAMLENS_RECORDING_H
#define RAMLENS_RECORDING_H

#include "cmd.h"
#include "launch.h"

/// Makes the empty trace at `path`, so that an unwritable place is said before the program runs; an existing one is replaced if the option `force`
/// is given. Gives its absolute path; NULL with a message.
const char *recording_make_file(struct cmd_context *ctx, const char *path);

/// The program has run, and there is no trace: says why.
void recording_warn_empty(struct cmd_context *ctx, const struct launch *l);

/// Ends as the program ended: with its exit code, which is returned, or by its signal. `status` as from waitpid().
int recording_end_as(int status);

#endif
