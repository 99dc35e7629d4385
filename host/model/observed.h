/// What a device reported: free bytes of one capability at moments of a run. A text file that
/// people write from a log, beside the subject it belongs to:
///
///     free networking internal about 400K   # where it was read
///     free connected 156123                 # internal unless said otherwise
///     free wifi internal unknown            # measured there, but the figure was not written down
///
/// Moments are checkpoints by name. Those that a host run does not have (a file system, a radio)
/// stay as figures of their own; observed_match() tells them apart.
///
/// A device's free figure covers every heap that offers the capability: for `internal` on an
/// ESP32-P4 also scratch-pad and low-power RAM, which lie outside the 768 KB. observed_counts()
/// says which.
#ifndef RAMLENS_OBSERVED_H
#define RAMLENS_OBSERVED_H

#include "arena.h"
#include "conf.h"
#include "err.h"
#include "str.h"
#include "target.h"

#include <stdbool.h>
#include <stdint.h>

/// One line of the file.
struct observed_figure {
    struct str checkpoint;
    struct str capability; ///< As written; `internal` by default.
    struct str source;     ///< The line's comment; may be empty.
    uint32_t asks;         ///< Capability bits.
    uint32_t line;         ///< In the file.
    bool known;            ///< False: `unknown`, and `free_bytes` means nothing.
    bool about;            ///< A rounded figure.
    bool in_run;           ///< Set by observed_match(): the run has this checkpoint.
    uint64_t free_bytes;
};

struct observed {
    const char *path;
    struct observed_figure
            *figures; ///< In file order, which is meant to be the order of the moments.
    uint32_t count;
};

/// Reads what `file` says. False with file and line for a word, capability or figure that makes no
/// sense, and for a moment that is there twice with one capability. Everything lives as long as the
/// arena and the file's. Linear in the file, but for the square of the number of figures.
bool observed_read(struct arena *a, const struct conf *file, const struct target *target,
        struct observed *out, struct err *err);

/// Sets `in_run` of every figure by the names of the run's checkpoints.
void observed_match(struct observed *o, const struct str *checkpoints, uint32_t count);

/// The known figure for `checkpoint`, of the capability bits `asks`; NULL when there is none.
const struct observed_figure *observed_find(
        const struct observed *o, struct str checkpoint, uint32_t asks);

/// Whether the device counted `region` in this figure: a heap of it offers all that was asked for.
bool observed_counts(const struct target *t, const struct observed_figure *figure, uint32_t region);

#endif
