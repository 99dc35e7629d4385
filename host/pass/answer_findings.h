/// What a region's table leads to: what is largest and could lie elsewhere, and which choice of the configuration leaves most free.
#ifndef RAMLENS_ANSWER_FINDINGS_H
#define RAMLENS_ANSWER_FINDINGS_H

#include "answer.h"
#include "answer_option_table.h"
#include "answer_static_moves.h"

#include <stdbool.h>
#include <stdint.h>

/// Blocks of one site that could lie in PSRAM: the largest at a checkpoint.
struct finding_site {
    bool found;
    uint32_t site;
    int64_t bytes;
};

struct findings {
    const struct static_move *largest; ///< Of static data; NULL: nothing could lie elsewhere.
    struct finding_site site;
    const struct option_line *option; ///< NULL: no choice leaves more.
};

/// Looks at the first region: at the static data of the device's program, else of its archives, and at what lives at checkpoint `base`. Cost: linear in
/// items and sites. In `w->a`.
void findings_make(const struct answer *w, uint32_t base, const struct option_table *options,
        struct findings *out);

#endif
