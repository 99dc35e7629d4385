/// The calls of a recorded run as `ramlens emit` needs them: who asked, by what code, for how much.
#ifndef RAMLENS_EMIT_CALLS_H
#define RAMLENS_EMIT_CALLS_H

#include "answer.h"
#include "emit.h"

/// Goes through the events of `w`, which is open, and fills `out` with what `plan` says of each call; `with_insisted` as in emit_options. `link_map`: the program's, for whose code it was; may be NULL. False with
/// a message when the trace is of another build than `elf` (NULL: any).
bool emit_calls_read(struct answer *w, struct plan *plan, bool with_insisted,
        const struct elf_file *elf, const struct ldmap *link_map, struct emit_run_calls *out,
        struct err *err);

#endif
