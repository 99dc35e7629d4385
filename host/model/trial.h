/// Trials: the same run under many candidate placements at once, each by the target's own heaps.
#ifndef RAMLENS_TRIAL_H
#define RAMLENS_TRIAL_H

#include "arena.h"
#include "err.h"
#include "heaps_rules.h"
#include "lots.h"
#include "owners.h"
#include "plan.h"
#include "replay.h"
#include "target.h"
#include "trace.h"

#include <stdbool.h>
#include <stdint.h>

enum {
    TRIAL_AT_ONCE = 32,      ///< States of one replay.
    TRIAL_WEIGHT_SHIFT = 10, ///< trial_bench.weights are in parts of 1 << this.
};

/// What a placement leaves and costs.
struct trial_result {
    struct replay_group goal;         ///< Of the group asked about, at the checkpoint asked about.
    struct replay_worst worst;        ///< Of what the target counts as internal,
    struct replay_group goal_counted; ///< also at the checkpoint.
    uint64_t events;                  ///< Blocks given outside of internal memory.
    uint64_t accesses;                ///< To them: bytes read and written; 0 when not known.
    uint64_t failures;
};

struct trial {
    struct plan *plan;
    uint32_t up_to;        ///< Threshold of malloc's rule; UINT32_MAX: the target's.
    const uint8_t *labels; ///< By lot: enum lot_label; NULL: as the plan says.
    struct trial_result result;
};

/// All that does not change from trial to trial.
struct trial_bench {
    struct trace *trace;
    const struct trace_image *image;
    const struct target *target;
    struct owners *owners;
    const bool *host_only;
    uint32_t component_count;
    const struct heaps_options *heaps;
    const struct lots *lots;
    uint32_t move;           ///< Index of the target's request for the other memory.
    uint32_t group;          ///< Of replay_state, that the goal speaks of.
    uint32_t checkpoint;     ///< Index; lots.checkpoint_count: the end.
    const uint32_t *weights; ///< See replay.weights: accesses to a byte; NULL: none are known.
    uint32_t tried;          ///< Trials so far,
    uint32_t passes;         ///< and passes through the trace.
};

/// Runs all of them. False with a message when heaps cannot be made. Cost: a pass through the trace for each TRIAL_AT_ONCE.
bool trial_run(struct trial_bench *b, struct trial *trials, uint32_t count, struct err *err);

#endif
