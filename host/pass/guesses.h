/// Estimates (estimates.h) judged by a recorded run.
#ifndef RAMLENS_GUESSES_H
#define RAMLENS_GUESSES_H

#include "arena.h"
#include "component_map.h"
#include "estimates.h"
#include "placement.h"
#include "run.h"
#include "static_data.h"

#include <stdbool.h>
#include <stdint.h>

enum guess_verdict {
    GUESS_RIGHT,
    GUESS_WRONG,
    GUESS_ANSWERED, ///< It was a question: the figure is the answer.
    GUESS_OPEN,     ///< The run cannot say: `evidence` tells why.
};
extern const char *const guess_verdict_names[]; ///< "right", "wrong", "answered", "cannot say".

/// What became of one estimate. Strings live in the arena.
struct guess {
    const struct estimate *estimate;
    int64_t measured;
    bool is_count; ///< `measured` counts things; else bytes.
    enum guess_verdict verdict;
    struct str evidence; ///< One line: what was counted, or why it cannot be said.
};

struct guess_list {
    const char *path;      ///< Of the estimates.
    struct guess *guesses; ///< In their order.
    uint32_t count;
};

/// What a judgement may look at. `placement` and `statics` may be NULL: then what needs them stays
/// open.
struct guess_input {
    const struct run *run;
    const struct component_map *map;
    const struct trace_image *image;
    const struct placement *placement;
    const struct static_data *statics;
};

/// Judges all of them; `estimates` must outlive `out`. A checkpoint, component or symbol that the run
/// does not have leaves its estimate open. Cost: linear in estimates times components, threads and
/// static items.
void guesses_judge(struct arena *a, const struct estimates *estimates, const struct guess_input *in,
        struct guess_list *out);

#endif
