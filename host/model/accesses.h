/// How often memory is read and written, from a DHAT run (dhat.h) of the same program, brought to the lots of a recorded run.
///
/// The two runs know each other's places by file, line and function: the innermost frame of DHAT's that is a site is the place. What counts
/// is accesses to a byte: the runs need not be equally long.
#ifndef RAMLENS_ACCESSES_H
#define RAMLENS_ACCESSES_H

#include "dhat.h"
#include "lots.h"

#include <stdbool.h>
#include <stdint.h>

struct accesses {
    uint64_t bytes, joined_bytes; ///< Of the DHAT run: given in all, by places that are sites.
    uint64_t accesses, joined_accesses; ///< Likewise.
    uint64_t lot_bytes,
            known_bytes; ///< Of the recorded run: requested in all, by lots that are known.
    double mean;         ///< Accesses to a byte, of what is known: what the others are taken for.
    uint32_t *
            weights; ///< By stack * 2 + is_new: accesses to a byte, in parts of 1 << TRIAL_WEIGHT_SHIFT (trial.h).
};

/// Fills accesses and has_accesses of the lots. False with a message when DHAT's program is another one than that of `image`, or none of its
/// places is a site. `path` names the file.
bool accesses_join(struct arena *a, const char *path, const struct dhat *d,
        const struct trace_image *image, struct lots *l, struct accesses *out, struct err *err);

#endif
