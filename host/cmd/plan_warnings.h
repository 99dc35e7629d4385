/// What is said of a plan that does not fit what it is used with: nothing is refused, since a plan for another build may well be tried.
#ifndef RAMLENS_PLAN_WARNINGS_H
#define RAMLENS_PLAN_WARNINGS_H

#include "cmd.h"
#include "owners.h"
#include "plan.h"

/// Warns when the head of `plan` names another target, other options, or another program than the one of `image`, which ran in `trace`; then of
/// rules that name nothing of this run, with the nearest name. To be called after the run.
void plan_warn(struct cmd_context *ctx, struct plan *plan, const char *trace,
        const struct trace_image *image, struct owners *owners);

#endif
