/// Choosing what goes to the other memory: candidate plans, each tried by replay, the best of them cut down and put in order.
///
/// The baseline is what no plan at all can do: every value of malloc's threshold. A plan is **dominated** when some threshold leaves more
/// internal memory free at the worst moment and sends no more requests (with accesses: no more accesses) to the other memory.
#ifndef RAMLENS_CHOOSE_H
#define RAMLENS_CHOOSE_H

#include "candidates.h"
#include "lots.h"
#include "trial.h"

#include <stdbool.h>
#include <stdint.h>

enum choose_goal {
    CHOOSE_KNEE,       ///< As much as is won cheaply.
    CHOOSE_EVERYTHING, ///< All that may move.
    CHOOSE_FREE,       ///< So many bytes free at a checkpoint.
};

enum { CHOOSE_CURVE_MAX = 24, CHOOSE_NONE = UINT32_MAX };

struct choose_point {
    uint32_t up_to;
    bool is_default;
    struct trial_result result;
};

/// One line of the plan, with the exceptions from it.
struct choose_step {
    const struct lot_rule *rules; ///< The first is the line.
    uint32_t count;
    uint32_t *lots; ///< That move by it.
    uint32_t lot_count;
    double gain;               ///< By sums, for the order alone.
    struct trial_result after; ///< With all steps up to this one.
};

struct choose {
    struct arena *a;
    enum choose_goal goal;
    uint64_t wanted; ///< Of CHOOSE_FREE: bytes.
    struct trial_bench *bench;
    struct plan *base;  ///< The plan to begin with: what lines of the user's say, stacks included.
    struct plan *stock; ///< For the curve.
    bool by_accesses;
    struct candidates candidates;
    struct choose_point curve[CHOOSE_CURVE_MAX];
    uint32_t curve_count;
    struct trial_result before; ///< Of `base` alone.
    struct trial_result all;    ///< Everything that may move, moved.
    struct choose_step *steps;
    uint32_t step_count;
    struct lot_rule *rules; ///< Of all steps, in order.
    uint32_t rule_count;
    uint8_t *labels; ///< By lot.
    struct trial_result result;
    bool met;              ///< Of CHOOSE_FREE; else true.
    uint32_t dominated_by; ///< Index of a point of the curve; CHOOSE_NONE: it holds.
};

/// Fills all below `by_accesses` from what is above. False with a message. Cost: some hundred trials.
bool choose_run(struct choose *c, struct err *err);

/// What a result costs: requests, or accesses, outside of internal memory.
uint64_t choose_cost(const struct choose *c, const struct trial_result *r);

#endif
