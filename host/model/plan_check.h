/// Whether a plan fits what it is used with: the target and trace that its head names, and the names in its rules.
#ifndef RAMLENS_PLAN_CHECK_H
#define RAMLENS_PLAN_CHECK_H

#include "plan.h"
#include "plan_places.h"

/// False with one message when the head of `p` names another target than it was read for, another choice of options, or a program of another
/// identity (plan_trace_identity(); "" is not compared) than the one that ran in the trace at `trace`. True without such lines.
bool plan_check_made_for(
        const struct plan *p, const char *trace, struct str identity, struct err *err);

/// A line of the plan that is probably not meant so.
struct plan_doubt {
    uint32_t line;
    const char *
            text; ///< "no function of this run is in class 'rtc::Trakc', did you mean 'rtc::Track'?"
};

struct plan_doubts {
    struct plan_doubt *list; ///< By line.
    uint32_t count;
};

/// Rules that name nothing that asked for memory in this run, with the nearest name that did; rules that match, but decide nothing since
/// stronger or later ones do for all of it. To be called after the run. Cost: stacks times rules.
void plan_check_names(
        struct arena *a, struct plan *p, struct plan_places *places, struct plan_doubts *out);

#endif
